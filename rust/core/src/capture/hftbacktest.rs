//! hftbacktest's collector: `<19 digits of ns> <message>`; the file is named after the symbol and the day.
//!
//! REST books are written among the messages, without their symbol: the file's name is their context.

use super::inflate::Inflate;
use super::lines::{Line, LineFormat, Lines};
use super::{Capture, CaptureOptions};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::time;

pub(super) fn claims(head: &[u8]) -> bool {
    head.len() > 20
        && head[19] == b' '
        && matches!(head[20], b'{' | b'[')
        && time::from_digits(&head[..19]).is_some()
}

pub(super) fn open(input: Inflate, name: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    let symbol = super::lines::symbol_of(name).to_vec();
    Box::new(Lines::new(input.allow_stale(), Hftbacktest { symbol }, options))
}

struct Hftbacktest {
    symbol: Vec<u8>,
}

impl LineFormat for Hftbacktest {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, extra: &mut Vec<u8>, base: u32) {
        if line.is_blank() {
            return;
        }
        if line.text.get(19) != Some(&b' ') {
            out.push(line.malformed(MalformedReason::NoPrefix));
            return;
        }
        let Some(ts) = time::from_digits(&line.text[..19]) else {
            out.push(line.malformed(MalformedReason::BadTimestamp));
            return;
        };
        let mut frame = line.frame(20, FrameKind::Received, ts, 0);
        line.name_book(&mut frame, 20, &self.symbol, extra, base);
        out.push(frame);
    }
}
