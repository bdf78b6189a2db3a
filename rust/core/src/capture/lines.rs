//! Lines of a text capture, in blocks.
//!
//! [`Lines`] owns the splitting: it reads about a block, cuts it at the last new line and keeps the rest for
//! the next one. What a line means is a container's [`LineFormat`]. Every byte of a line is either a frame's or
//! overhead, which is what the format has to say.

use memchr::memchr;

use super::inflate::Inflate;
use super::{Capture, CaptureError, CaptureOptions};
use crate::frame::{Block, FrameKind, FrameMeta, MalformedReason};

/// One line, without its line end.
pub(super) struct Line<'a> {
    /// Its bytes.
    pub text: &'a [u8],
    /// Where they stand in the block's data.
    pub start: u32,
    /// Byte offset in the decompressed source.
    pub offset: u64,
    /// 1-based.
    pub number: u64,
}

impl Line<'_> {
    /// Whether nothing is on it.
    pub fn is_blank(&self) -> bool {
        self.text.iter().all(u8::is_ascii_whitespace)
    }

    /// A frame from byte `from` of the line to its end.
    pub fn frame(&self, from: usize, kind: FrameKind, ts: u64, conn: u32) -> FrameMeta {
        self.part(from, self.text.len(), kind, ts, conn)
    }

    /// A frame of bytes `from..to` of the line.
    pub fn part(&self, from: usize, to: usize, kind: FrameKind, ts: u64, conn: u32) -> FrameMeta {
        FrameMeta {
            start: self.start + from as u32,
            end: self.start + to as u32,
            context: (0, 0),
            ts,
            kind,
            conn,
            len: (to - from) as u64,
            offset: self.offset + from as u64,
            line: self.number,
        }
    }

    /// Gives a frame of the line, whose message begins at byte `from`, the symbol that the file is named after: a REST book does
    /// not say its own.
    pub fn name_book(
        &self,
        frame: &mut FrameMeta,
        from: usize,
        symbol: &[u8],
        extra: &mut Vec<u8>,
        base: u32,
    ) {
        if !symbol.is_empty() && is_rest_book(&self.text[from..]) {
            frame.context = context(extra, base, symbol);
        }
    }

    /// The whole line as a reject.
    pub fn malformed(&self, reason: MalformedReason) -> FrameMeta {
        self.frame(0, FrameKind::Malformed(reason), 0, 0)
    }
}

/// What the lines of a container mean.
pub(super) trait LineFormat: Send {
    /// Adds the frames of a line to `out`. Bytes of the line that are in no frame are overhead: the caller
    /// works that out. `extra` are bytes after the block's data that frames may point into as well (unescaped
    /// text): `base` is where they start.
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, extra: &mut Vec<u8>, base: u32);
}

/// A capture of lines.
pub(super) struct Lines<F> {
    input: Inflate,
    format: F,
    rest: Vec<u8>,
    offset: u64,
    number: u64,
    started: bool,
    ended: bool,
    /// Bytes of an overlong line passed so far, 0 when not in one.
    skipping: u64,
    options: CaptureOptions,
}

impl<F: LineFormat> Lines<F> {
    pub fn new(input: Inflate, format: F, options: &CaptureOptions) -> Self {
        Self {
            input,
            format,
            rest: Vec::new(),
            offset: 0,
            number: 0,
            started: false,
            ended: false,
            skipping: 0,
            options: options.clone(),
        }
    }

    fn take_line(&mut self, block: &mut Block, extra: &mut Vec<u8>, base: u32, start: usize, end: usize) {
        let raw = &block.data[start..end];
        let mut text = raw;
        let mut lead = 0;
        if !self.started {
            self.started = true;
            if text.starts_with(b"\xEF\xBB\xBF") {
                text = &text[3..];
                lead = 3;
            }
        }
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        self.number += 1;
        let before = block.frames.len();
        let line = Line {
            text,
            start: (start + lead) as u32,
            offset: self.offset + lead as u64,
            number: self.number,
        };
        self.format.line(&line, &mut block.frames, extra, base);
        let framed: u64 = block.frames[before..].iter().map(|f| f.len).sum();
        block.overhead += (end - start) as u64 - framed;
        self.offset += (end - start) as u64;
    }
}

impl<F: LineFormat> Capture for Lines<F> {
    fn next_block(&mut self, block: &mut Block) -> Result<bool, CaptureError> {
        block.clear();
        std::mem::swap(&mut block.data, &mut self.rest);
        self.rest.clear();
        let mut failure = None;
        loop {
            if !self.ended {
                match self.input.read_some(&mut block.data, self.options.block_bytes.max(1)) {
                    Ok(0) => self.ended = true,
                    Ok(_) => {}
                    Err(error) => {
                        // What came before the damage is whole; the damage is told when it is reached.
                        self.ended = true;
                        failure = Some(error);
                    }
                }
            }
            if self.skipping > 0 {
                let end = memchr(b'\n', &block.data).map_or(block.data.len(), |at| at + 1);
                self.skipping += end as u64;
                let done = end < block.data.len() || block.data.last() == Some(&b'\n') || self.ended;
                // The frame itself was handed on with an earlier block: its bytes go on as overhead.
                block.overhead += end as u64;
                self.offset += end as u64;
                block.data.drain(..end);
                if done {
                    self.skipping = 0;
                    self.number += 1;
                } else {
                    continue;
                }
            }
            let complete = if self.ended {
                block.data.len()
            } else {
                memchr::memrchr(b'\n', &block.data).map_or(0, |at| at + 1)
            };
            if complete == 0 && !self.ended {
                if block.data.len() > self.options.max_line {
                    self.start_skipping(block);
                    return Ok(true);
                }
                continue;
            }
            if self.ended && self.input.truncated() && failure.is_none() {
                // A cut stream ends in half a line, which says nothing.
                let whole = memchr::memrchr(b'\n', &block.data).map_or(0, |at| at + 1);
                block.overhead += (block.data.len() - whole) as u64;
                block.data.truncate(whole);
            }
            let complete = complete.min(block.data.len());
            self.rest.extend_from_slice(&block.data[complete..]);
            block.data.truncate(complete);
            break;
        }
        let mut extra = Vec::new();
        let base = block.data.len() as u32;
        let mut start = 0;
        while start < base as usize {
            let end = memchr(b'\n', &block.data[start..]).map_or(base as usize, |at| start + at + 1);
            self.take_line(block, &mut extra, base, start, end);
            start = end;
        }
        block.data.extend_from_slice(&extra);
        match failure {
            Some(error) if block.frames.is_empty() => Err(error),
            Some(error) => {
                self.rest.clear();
                self.input = Inflate::failed_with(error);
                self.ended = false;
                Ok(true)
            }
            None => Ok(!block.frames.is_empty() || block.overhead > 0 || !self.ended),
        }
    }

    fn truncated(&self) -> bool {
        self.input.truncated()
    }
}

impl<F: LineFormat> Lines<F> {
    /// A line beyond the limit: its first bytes are kept as a reject, the rest is passed over.
    fn start_skipping(&mut self, block: &mut Block) {
        let length = block.data.len();
        block.data.truncate(256);
        block.frames.push(FrameMeta {
            start: 0,
            end: block.data.len() as u32,
            context: (0, 0),
            ts: 0,
            kind: FrameKind::Malformed(MalformedReason::LineTooLong),
            conn: 0,
            len: length as u64,
            offset: self.offset,
            line: self.number + 1,
        });
        self.started = true;
        self.offset += length as u64;
        self.skipping = length as u64;
    }
}

/// Adds a context to the bytes after a block's data; answers where it stands.
pub(super) fn context(extra: &mut Vec<u8>, base: u32, text: &[u8]) -> (u32, u32) {
    let start = base + extra.len() as u32;
    extra.extend_from_slice(text);
    (start, start + text.len() as u32)
}

/// Whether a frame is Binance's REST book, which does not say its symbol: that has to come from beside it.
pub(super) fn is_rest_book(body: &[u8]) -> bool {
    body.starts_with(b"{\"lastUpdateId\"")
}

/// The symbol that a file of a collector is named after, `dir/btcusdt_20220811.dat`; empty where it is named otherwise.
pub(super) fn symbol_of(name: &str) -> &[u8] {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    match stem.rsplit_once('_') {
        Some((symbol, day)) if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) => symbol.as_bytes(),
        _ => &[],
    }
}
