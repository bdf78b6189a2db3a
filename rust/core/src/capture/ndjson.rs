//! Frames line by line: bare, behind a time (`<time><TAB, space or comma><frame>`), or with one beside it in JSON, as
//! `envelope.rs` tells. A time is an epoch or ISO 8601 with its zone.
//!
//! The collectors before hftbacktest's own write REST books without their symbol, too, to files named after it
//! (nkaz001/collect-binancefutures, `collect/main.py`, read 2026-11).

use super::envelope::{Envelopes, moment};
use super::inflate::Inflate;
use super::lines::{Line, LineFormat, Lines};
use super::{Capture, CaptureOptions};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::json::Cursor;

/// A first line that is a whole JSON value, or a time and one.
pub(super) fn claims(head: &[u8]) -> bool {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    match prefix(line) {
        Some((_, at)) => is_value(&line[at..]),
        // A single pretty-printed message, or one on a line of its own, is `json`'s when nothing follows.
        None => is_value(line) && head.len() > line.len() + 2,
    }
}

fn is_value(text: &[u8]) -> bool {
    let mut cursor = Cursor::new(text);
    matches!(text.first(), Some(b'{' | b'[')) && cursor.skip().and_then(|()| cursor.finish()).is_ok()
}

pub(super) fn open(input: Inflate, name: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    let format = Ndjson { envelopes: Envelopes::default(), symbol: super::lines::symbol_of(name).to_vec() };
    Box::new(Lines::new(input, format, options))
}

struct Ndjson {
    envelopes: Envelopes,
    /// That the file is named after.
    symbol: Vec<u8>,
}

/// A receive time in front of a frame: its ns, and where the frame starts.
fn prefix(line: &[u8]) -> Option<(Result<u64, MalformedReason>, usize)> {
    let is_apart = |b: &u8| matches!(b, b'\t' | b' ' | b',');
    let is_dated = line.get(4) == Some(&b'-') && matches!(line.get(10), Some(b'T' | b' '));
    let end = if is_dated {
        let end = 11 + line[11..].iter().position(is_apart)?;
        let is_utc = line[end..].starts_with(b" UTC") && line.get(end + 4).is_some_and(is_apart);
        end + if is_utc { 4 } else { 0 }
    } else {
        line.iter().position(|b| !b.is_ascii_digit() && *b != b'.')?
    };
    if end == 0 || !is_apart(&line[end]) {
        return None;
    }
    let skip = line[end..].iter().take_while(|b| is_apart(b)).count();
    Some((moment(&line[..end]), end + skip))
}

impl LineFormat for Ndjson {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, extra: &mut Vec<u8>, base: u32) {
        if line.is_blank() {
            return;
        }
        if let Some((time, at)) = prefix(line.text) {
            let mut frame = match time {
                Ok(ts) => line.frame(at, FrameKind::Received, ts, 0),
                Err(reason) => line.malformed(reason),
            };
            line.name_book(&mut frame, at, &self.symbol, extra, base);
            out.push(frame);
            return;
        }
        let whole = line.frame(0, FrameKind::Received, 0, 0);
        out.push(match self.envelopes.read(line.text) {
            Some(framed) => framed.of(whole, extra, base),
            None => whole,
        });
    }
}
