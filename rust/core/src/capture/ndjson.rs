//! Frames line by line: bare, behind a time (`<time><TAB, space or comma><frame>`), in an envelope
//! (`{"ts":…,"msg":{…}}`, `{"recv_ts":…,"data":…}`, `{"local_ts":…,"raw":"<escaped>"}`), or beside a time
//! (`[<time>,<frame>]`). A time is an epoch or RFC 3339.

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
    let is_dated = line.get(4) == Some(&b'-') && line.get(10) == Some(&b'T');
    let is_of_time =
        |b: &u8| b.is_ascii_digit() || *b == b'.' || is_dated && matches!(b, b'-' | b':' | b'T' | b'Z');
    let end = line.iter().position(|b| !is_of_time(b))?;
    if end == 0 || !matches!(line[end], b'\t' | b' ' | b',') {
        return None;
    }
    let text = &line[..end];
    let skip = line[end..].iter().take_while(|b| matches!(b, b'\t' | b' ' | b',')).count();
    Some((moment(text), end + skip))
}

/// A time as an epoch or as text.
fn moment(text: &[u8]) -> Option<u64> {
    if text.contains(&b'T') { time::from_rfc3339(text) } else { epoch(text) }
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

/// The places of `msg`, the first of those that a frame is under, and of `data` among [`Envelope`]'s keys.
const FRAME: usize = 10;
const DATA: usize = 11;

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
        if cursor.peek() == b'[' {
            envelope.read_pair(&mut cursor).ok()?;
        } else {
            cursor.object(&mut envelope, &mut Order::default(), &mut UnknownKeys::default()).ok()?;
        }
        cursor.finish().ok()?;
        let (ts, frame) = (envelope.ts?, envelope.frame?);
        Some((envelope, ts, frame))
    }

    /// `[time, frame]`; of another length it is none.
    fn read_pair(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let mut at = 0;
        cursor.array(|cursor| {
            at += 1;
            match at {
                1 => self.read_time(cursor),
                2 => self.read_frame(cursor),
                _ => cursor.skip(),
            }
        })?;
        if at != 2 {
            self.frame = None;
        }
        Ok(())
    }

    fn read_time(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        cursor.peek();
        let start = cursor.offset();
        cursor.skip()?;
        self.ts = Some((start, cursor.offset()));
        Ok(())
    }

    /// A frame, or the text of one.
    fn read_frame(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let is_text = cursor.peek() == b'"';
        let start = cursor.offset();
        if is_text {
            self.raw = Some(cursor.string()?.into_owned());
        } else {
            cursor.skip()?;
        }
        self.frame = Some((start, cursor.offset()));
        Ok(())
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
        "local_timestamp",
        "localTimestamp",
        "received_at",
        "receive_time",
        "msg",
        "data",
        "frame",
        "raw",
        "message",
        "payload",
        "json"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        self.is_data |= key == DATA;
        if key < FRAME { self.read_time(cursor) } else { self.read_frame(cursor) }
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
        let is_sure = looks_enveloped(text) || looks_paired(text);
        let may_be = self.in_any_order != Some(false) && !text.trim_ascii_start().starts_with(b"[");
        let found = if is_sure || may_be { Envelope::read(text) } else { None };
        // `data` is also a venue's key, beside times of its own.
        let found = found.filter(|(envelope, ..)| is_sure || !envelope.is_data);
        self.in_any_order.get_or_insert(found.is_some());
        let Some((envelope, ts, frame)) = found else {
            out.push(line.frame(0, FrameKind::Received, 0, 0));
            return;
        };
        let stamp = text[ts.0..ts.1].strip_prefix(b"\"").unwrap_or(&text[ts.0..ts.1]);
        let stamp = stamp.strip_suffix(b"\"").unwrap_or(stamp);
        let Some(ns) = moment(stamp) else {
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

/// Whether a line is `[time, frame]` if it can be: no venue's array begins with a time.
fn looks_paired(text: &[u8]) -> bool {
    let Some(inner) = text.trim_ascii_start().strip_prefix(b"[") else { return false };
    let inner = inner.trim_ascii_start();
    let inner = inner.strip_prefix(b"\"").unwrap_or(inner);
    let end = inner.iter().position(|b| matches!(b, b'"' | b',')).unwrap_or(0);
    moment(inner[..end].trim_ascii_end()).is_some()
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
        b"{\"local_timestamp\":",
        b"{\"localTimestamp\":",
        b"{\"received_at\":",
        b"{\"receive_time\":",
    ]
    .iter()
    .any(|key| {
        let mut spaced = head.iter().filter(|b| !b.is_ascii_whitespace());
        key.iter().all(|k| spaced.next() == Some(k))
    })
}
