//! cryptofeed's raw files: REST answers `<url> -> <time>: <body>`, connections `<url> <-> <time>`, frames sent
//! `<url> <- <time>: <text>` and received `<time>: <text>`; times are float seconds, read as text.
//!
//! A line without any of these begins continues the line before (a body with a new line in it); such a piece
//! cannot be joined across blocks without copying, so it is a reject of its own.

use memchr::memmem;

use super::inflate::Inflate;
use super::lines::{Line, LineFormat, Lines};
use super::{Capture, CaptureOptions};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::time;

pub(super) fn claims(head: &[u8]) -> bool {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    if line.starts_with(b"configuration: {") {
        return true;
    }
    if is_url(line) {
        return arrow(line).is_some();
    }
    stamp(line).is_some_and(|(text, _)| text.contains(&b'.') && time::from_seconds(text).is_some())
}

pub(super) fn open(input: Inflate, _: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    Box::new(Lines::new(input, Cryptofeed { conn: 0, open: false }, options))
}

struct Cryptofeed {
    conn: u32,
    open: bool,
}

fn is_url(line: &[u8]) -> bool {
    [&b"http://"[..], b"https://", b"ws://", b"wss://"].iter().any(|scheme| line.starts_with(scheme))
}

/// The first arrow of a line: where it stands, its text, what it means.
fn arrow(line: &[u8]) -> Option<(usize, usize, FrameKind)> {
    let space = memchr::memchr(b' ', line)?;
    let rest = &line[space..];
    for (text, kind) in
        [(&b" <-> "[..], FrameKind::Opened), (b" -> ", FrameKind::Rest), (b" <- ", FrameKind::Sent)]
    {
        if rest.starts_with(text) {
            return Some((space, text.len(), kind));
        }
    }
    None
}

/// The time before the first `: `, and where the text after it starts.
fn stamp(text: &[u8]) -> Option<(&[u8], usize)> {
    let head = &text[..text.len().min(40)];
    let at = memmem::find(head, b": ").or_else(|| head.strip_suffix(b":").map(<[u8]>::len))?;
    Some((&text[..at], (at + 2).min(text.len())))
}

impl LineFormat for Cryptofeed {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, _: &mut Vec<u8>, _: u32) {
        let text = line.text;
        if line.is_blank() || text.starts_with(b"configuration: ") {
            return;
        }
        if is_url(text) {
            let Some((url, length, kind)) = arrow(text) else {
                out.push(line.malformed(MalformedReason::NoPrefix));
                return;
            };
            let rest = url + length;
            let context = (line.start, line.start + url as u32);
            if kind == FrameKind::Opened {
                let Some(ts) = time::from_seconds(text[rest..].trim_ascii()) else {
                    out.push(line.malformed(MalformedReason::BadTimestamp));
                    return;
                };
                if self.open {
                    out.push(line.part(rest, rest, FrameKind::Closed, ts, self.conn));
                    self.conn += 1;
                }
                self.open = true;
                let mut frame = line.part(rest, rest, FrameKind::Opened, ts, self.conn);
                frame.context = context;
                out.push(frame);
                return;
            }
            let found = stamp(&text[rest..]).and_then(|(t, at)| Some((time::from_seconds(t)?, at)));
            let Some((ts, at)) = found else {
                out.push(line.malformed(MalformedReason::BadTimestamp));
                return;
            };
            // Headers recorded with the answer follow its body.
            let body = rest + at;
            let end = memmem::rfind(text, b" header: {").filter(|end| *end >= body).unwrap_or(text.len());
            let mut frame = line.part(body, end, kind, ts, self.conn);
            frame.context = context;
            out.push(frame);
            return;
        }
        match stamp(text) {
            Some((stamp, at)) if stamp.first().is_some_and(u8::is_ascii_digit) => {
                match time::from_seconds(stamp) {
                    Some(ts) => out.push(line.frame(at, FrameKind::Received, ts, self.conn)),
                    None => out.push(line.malformed(MalformedReason::BadTimestamp)),
                }
            }
            _ => out.push(line.malformed(MalformedReason::NoPrefix)),
        }
    }
}
