//! Tardis raw slices: `YYYY-MM-DDTHH:MM:SS.fffffffZ <message>`; empty lines say that the connection was lost.
//!
//! Source: Tardis documentation, "raw data format" (docs.tardis.dev, read 2026-08). Seven digits of a second:
//! 100 ns.

use super::inflate::Inflate;
use super::lines::{Line, LineFormat, Lines};
use super::{Capture, CaptureOptions};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::time;

pub(super) fn claims(head: &[u8]) -> bool {
    head.len() > 29 && receive_time(head).is_some()
}

pub(super) fn open(input: Inflate, _: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    Box::new(Lines::new(input, Tardis { conn: 0, lost: false }, options))
}

struct Tardis {
    conn: u32,
    lost: bool,
}

fn receive_time(text: &[u8]) -> Option<u64> {
    let text = text.get(..29)?;
    let marks =
        [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (27, b'Z'), (28, b' ')];
    if marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
    };
    let date = [number(0, 4)?, number(5, 7)?, number(8, 10)?];
    let clock = [number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 27)? * 100];
    let ns = time::from_civil(date, clock)?;
    time::is_plausible(ns).then_some(ns)
}

impl LineFormat for Tardis {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, _: &mut Vec<u8>, _: u32) {
        if line.is_blank() {
            if !self.lost {
                self.lost = true;
                out.push(line.frame(0, FrameKind::Closed, 0, self.conn));
            }
            return;
        }
        let Some(ts) = receive_time(line.text) else {
            let reason = if line.text.first().is_some_and(u8::is_ascii_digit) && line.text.len() > 28 {
                MalformedReason::BadTimestamp
            } else {
                MalformedReason::NoPrefix
            };
            out.push(line.malformed(reason));
            return;
        };
        if self.lost {
            self.lost = false;
            self.conn += 1;
            out.push(line.part(29, 29, FrameKind::Opened, ts, self.conn));
        }
        out.push(line.frame(29, FrameKind::Received, ts, self.conn));
    }
}
