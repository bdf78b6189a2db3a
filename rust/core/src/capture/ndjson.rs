//! Frames line by line: bare, behind a number (`<time><TAB, space or comma><frame>`), or in an envelope
//! (`{"ts":…,"msg":{…}}`, `{"recv_ts":…,"data":…}`, `{"local_ts":…,"raw":"<escaped>"}`).

use super::inflate::Inflate;
use super::lines::{Line, LineFormat, Lines};
use super::{Capture, CaptureOptions};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::json::{Cursor, JsonError, Key, Message, Order, UnknownKeys, keys};
use crate::time;

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

pub(super) fn open(input: Inflate, _: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    Box::new(Lines::new(input, Ndjson::default(), options))
}

/// Whether lines are tried as envelopes whose keys are in any order: as the first one was one, or was not.
#[derive(Default)]
struct Ndjson {
    in_any_order: Option<bool>,
}

/// A receive time in front of a frame: its ns, and where the frame starts.
fn prefix(line: &[u8]) -> Option<(Option<u64>, usize)> {
    let end = line.iter().position(|b| !b.is_ascii_digit() && *b != b'.')?;
    if end == 0 || !matches!(line[end], b'\t' | b' ' | b',') {
        return None;
    }
    let text = &line[..end];
    let skip = line[end..].iter().take_while(|b| matches!(b, b'\t' | b' ' | b',')).count();
    Some((epoch(text), end + skip))
}

/// An epoch by its digits, or seconds with a fraction.
fn epoch(text: &[u8]) -> Option<u64> {
    let whole = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    match whole {
        10 => time::from_seconds(text),
        // Fractions of ms, us and ns are dropped beyond the nanosecond.
        13 | 16 | 19 if whole == text.len() => time::from_digits(text),
        13 => fraction(text, whole, 6),
        16 => fraction(text, whole, 3),
        19 => time::from_digits(&text[..whole]),
        _ => None,
    }
}

fn fraction(text: &[u8], whole: usize, digits: usize) -> Option<u64> {
    let base = time::from_digits(&text[..whole])?;
    let kept = &text[whole + 1..][..digits.min(text.len() - whole - 1)];
    let value =
        kept.iter().try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))?;
    Some(base + value * 10_u64.pow((digits - kept.len()) as u32))
}

/// The place of `data` among [`Envelope`]'s keys.
const DATA: usize = 7;

#[derive(Default)]
struct Envelope {
    ts: Option<Span>,
    frame: Option<Span>,
    raw: Option<Vec<u8>>,
    /// Whether the frame's key is `data`.
    is_data: bool,
}

/// Where a value starts and ends.
type Span = (usize, usize);

impl Envelope {
    /// An envelope, its time and its frame; `None`: the line is none.
    fn read(text: &[u8]) -> Option<(Self, Span, Span)> {
        let (mut cursor, mut envelope) = (Cursor::new(text), Self::default());
        cursor.object(&mut envelope, &mut Order::default(), &mut UnknownKeys::default()).ok()?;
        cursor.finish().ok()?;
        let (ts, frame) = (envelope.ts?, envelope.frame?);
        Some((envelope, ts, frame))
    }
}

impl<'a> Message<'a> for Envelope {
    const KEYS: &'static [Key] = keys![
        "ts",
        "recv_ts",
        "local_ts",
        "receive_ts",
        "recv_time",
        "timestamp",
        "msg",
        "data",
        "frame",
        "raw",
        "message"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        self.is_data |= key == DATA;
        if key >= 6 && cursor.peek() == b'"' {
            let start = cursor.offset();
            self.raw = Some(cursor.string()?.into_owned());
            self.frame = Some((start, cursor.offset()));
            return Ok(());
        }
        cursor.peek();
        let start = cursor.offset();
        cursor.skip()?;
        if key < 6 {
            self.ts = Some((start, cursor.offset()));
        } else {
            self.frame = Some((start, cursor.offset()));
        }
        Ok(())
    }
}

impl LineFormat for Ndjson {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, extra: &mut Vec<u8>, base: u32) {
        let text = line.text;
        if line.is_blank() {
            return;
        }
        if let Some((ts, at)) = prefix(text) {
            out.push(match ts {
                Some(ts) => line.frame(at, FrameKind::Received, ts, 0),
                None => line.malformed(MalformedReason::BadTimestamp),
            });
            return;
        }
        let is_sure = looks_enveloped(text);
        let found = if is_sure || self.in_any_order != Some(false) { Envelope::read(text) } else { None };
        // `data` is also a venue's key, beside times of its own.
        let found = found.filter(|(envelope, ..)| is_sure || !envelope.is_data);
        self.in_any_order.get_or_insert(found.is_some());
        let Some((envelope, ts, frame)) = found else {
            out.push(line.frame(0, FrameKind::Received, 0, 0));
            return;
        };
        let stamp = text[ts.0..ts.1].strip_prefix(b"\"").unwrap_or(&text[ts.0..ts.1]);
        let stamp = stamp.strip_suffix(b"\"").unwrap_or(stamp);
        let Some(ns) = epoch(stamp) else {
            out.push(line.malformed(MalformedReason::BadTimestamp));
            return;
        };
        let mut meta = line.part(frame.0, frame.1, FrameKind::Received, ns, 0);
        if let Some(raw) = envelope.raw {
            (meta.start, meta.end) = super::lines::context(extra, base, &raw);
        }
        out.push(meta);
    }
}

/// Whether a line is an envelope if it can be one: its first key is one of an envelope's, and no venue's.
fn looks_enveloped(text: &[u8]) -> bool {
    let head = text.trim_ascii_start();
    [
        &b"{\"ts\":"[..],
        b"{\"recv_ts\":",
        b"{\"local_ts\":",
        b"{\"receive_ts\":",
        b"{\"recv_time\":",
        b"{\"timestamp\":",
    ]
    .iter()
    .any(|key| {
        let mut spaced = head.iter().filter(|b| !b.is_ascii_whitespace());
        key.iter().all(|k| spaced.next() == Some(k))
    })
}
