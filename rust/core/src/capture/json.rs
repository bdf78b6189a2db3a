//! JSON values one after another, over as many lines as they take: single messages kept as files. An array of objects
//! is its objects, each a frame: venues that send such arrays say the same in each alone. A value with a receive time in
//! it, as `envelope.rs` tells, is the frame that it holds.

use super::envelope::Envelopes;
use super::inflate::Inflate;
use super::{Capture, CaptureError, CaptureOptions};
use crate::frame::{Block, FrameKind, FrameMeta, MalformedReason};

pub(super) fn claims(head: &[u8]) -> bool {
    match head.first() {
        Some(b'{') => {
            let next = head[1..].iter().find(|b| !b.is_ascii_whitespace());
            matches!(next, Some(b'"' | b'}'))
        }
        Some(b'[') => {
            let next = head[1..].iter().find(|b| !b.is_ascii_whitespace());
            matches!(next, Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9'))
        }
        _ => false,
    }
}

pub(super) fn open(input: Inflate, _: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    let (data, options) = (Vec::new(), options.clone());
    let envelopes = Envelopes::default();
    Box::new(Json { input, data, offset: 0, ended: false, in_array: false, envelopes, options })
}

struct Json {
    input: Inflate,
    data: Vec<u8>,
    offset: u64,
    ended: bool,
    /// Inside an array whose objects are frames.
    in_array: bool,
    envelopes: Envelopes,
    options: CaptureOptions,
}

/// How much stands before the next frame, and whether that is in an array: blanks, marks of the byte order, and what
/// is around the objects of an array.
fn between(bytes: &[u8], mut in_array: bool) -> (usize, bool) {
    let is_blank = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0xEF | 0xBB | 0xBF);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' if !in_array && bytes[at + 1..].iter().find(|b| !is_blank(b)) == Some(&b'{') => {
                in_array = true
            }
            b']' if in_array => in_array = false,
            b',' if in_array => {}
            byte if is_blank(byte) => {}
            _ => break,
        }
        at += 1;
    }
    (at, in_array)
}

/// The end of the value that starts at `bytes[0]`: brace depth, strings passed over. `None` when it goes on.
fn value_end(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'\n' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

impl Json {
    /// The frame of the value that is in `block`.
    fn frame(&mut self, block: &mut Block, too_long: bool) -> FrameMeta {
        let end = block.data.len();
        let mut frame = FrameMeta {
            start: 0,
            end: end as u32,
            context: (0, 0),
            ts: 0,
            kind: FrameKind::Received,
            conn: 0,
            len: end as u64,
            offset: self.offset,
            line: 0,
        };
        if too_long {
            frame.kind = FrameKind::Malformed(MalformedReason::LineTooLong);
            return frame;
        }
        match self.envelopes.read(&block.data) {
            Some(framed) => framed.of(frame, &mut block.data, 0),
            None => frame,
        }
    }
}

impl Capture for Json {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        block.clear();
        loop {
            let (between, in_array) = between(&self.data, self.in_array);
            self.in_array = in_array;
            block.overhead += between as u64;
            self.offset += between as u64;
            self.data.drain(..between);
            let end = if self.data.is_empty() { None } else { value_end(&self.data) };
            let too_long = self.data.len() > self.options.max_line;
            if end.is_none() && !self.ended && !too_long {
                let want = self.options.block_bytes.max(self.data.len()).max(1);
                if self.input.read_some(&mut self.data, want)? == 0 {
                    self.ended = true;
                }
                continue;
            }
            if self.data.is_empty() {
                return Ok(block.overhead > 0);
            }
            let end = end.unwrap_or(self.data.len());
            block.data.extend(self.data.drain(..end));
            let frame = self.frame(block, too_long);
            block.overhead += end as u64 - frame.len;
            block.frames.push(frame);
            self.offset += end as u64;
            return Ok(true);
        }
    }

    fn truncated(&self) -> bool {
        self.input.truncated()
    }
}
