//! A receive time beside a frame, in one JSON value: what recorders other than ours write.
//!
//! | form | what is the frame |
//! |---|---|
//! | `{"recv_ts":…,"msg":{…}}`, `{"received_at":…,"json":"<escaped>"}` | the value under [`FRAMES`], or the text in it |
//! | `{"recv_ns":…,"stream":"btcusdt@depth20","data":{…}}` | `{"stream":…,"data":…}`, as Binance's combined streams |
//! | `{"topic":…,"type":…,"data":{…},"local_ts":…}` | the object without its receive time |
//! | `[<time>,<frame>]` | the second item |
//!
//! A name of [`RECEIVED`] is no venue's: it always is the receive time. One of [`SAID`] is also a key of venues for times
//! of theirs, so it counts only where what is beside it cannot be a message of a venue. `data` is such a key too: it holds
//! a frame where what is in it names itself, or where nothing beside it does.
//!
//! Recorders have other names for it. Where a message that names itself stands in an object that does not, a time beside it is
//! its receive time, whatever that is called ([`beside`]), and stays so for what follows.
//!
//! Refused: a time that cannot be read, one whose zone is not told, several times of other names. What has no time is handed
//! on bare.

use std::ops::Range;

use super::lines::{context, is_rest_book};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::json::{Cursor, JsonError, Key, Message, Order, UnknownKeys, keys};
use crate::time;

/// Names of the time at which a recorder received a frame; the earlier of two counts.
const RECEIVED: Range<usize> = 0..22;
/// Names of times that may be the venue's.
const SAID: Range<usize> = 22..24;
/// Names that a frame is under; the earlier of two counts.
const FRAMES: Range<usize> = 24..32;
const DATA: usize = 32;
const STREAM: usize = 33;
const SYMBOL: usize = 34;
/// What a venue's messages are named by, beside their `data`.
const NAMES: Range<usize> = 35..38;

/// Where a value starts and ends.
type Span = (usize, usize);

/// A frame that was found in a text.
pub(super) struct Framed {
    /// Its receive time, ns UTC.
    pub time: Result<u64, MalformedReason>,
    /// Where it stands in the text.
    pub at: Span,
    /// Its bytes, where the text does not hold them as they are.
    pub body: Option<Vec<u8>>,
    /// How many bytes of the text are its.
    pub len: usize,
    /// The symbol that was written beside it, where it is a REST book.
    pub symbol: Vec<u8>,
}

impl Framed {
    /// It as a frame; `whole` is the text that it was found in. What the text does not hold goes to `extra`, which stands in the
    /// block from `base` on.
    pub fn of(self, mut whole: FrameMeta, extra: &mut Vec<u8>, base: u32) -> FrameMeta {
        match self.time {
            Ok(ts) => whole.ts = ts,
            Err(reason) => {
                whole.kind = FrameKind::Malformed(reason);
                return whole;
            }
        }
        let (from, to) = self.at;
        (whole.start, whole.end) = match self.body {
            Some(body) => context(extra, base, &body),
            None => (whole.start + from as u32, whole.start + to as u32),
        };
        whole.offset += from as u64;
        whole.len = self.len as u64;
        if !self.symbol.is_empty() {
            whole.context = context(extra, base, &self.symbol);
        }
        whole
    }
}

/// Whether a name is one of Binance's streams, not a recorder's word for one.
pub(super) fn is_stream(name: &[u8]) -> bool {
    name.iter().any(|b| matches!(b, b'@' | b'!'))
}

/// Binance's frame of a combined stream: its name as JSON has it, and what it brought.
pub(super) fn combined(stream: &[u8], data: &[u8]) -> Vec<u8> {
    [b"{\"stream\":", stream, b",\"data\":", data, b"}"].concat()
}

/// Tells texts that hold a receive time from bare frames.
#[derive(Default)]
pub(super) struct Envelopes {
    /// Texts tried in vain.
    bare: u32,
    /// Whether one was found.
    found: bool,
    /// How the keys of the last one stood.
    order: Order,
    /// What a receive time is called that has none of our names.
    called: Option<Vec<u8>>,
}

/// How many texts are read as if they held a receive time whatever they begin with.
const TRIES: u32 = 64;

impl Envelopes {
    /// The frame in a text and its time; `None`: the text is a bare frame.
    pub fn read(&mut self, text: &[u8]) -> Option<Framed> {
        if text.trim_ascii_start().starts_with(b"[") {
            return if begins_with_time(text) { read_pair(text) } else { None };
        }
        let is_sure = is_name(first_key(text), 0..SAID.end);
        if !is_sure && !self.found && self.bare >= TRIES {
            return None;
        }
        let framed = Envelope::read(text, &mut self.order).and_then(|envelope| {
            if envelope.holds_a_message(text, self.called.is_some()) {
                envelope.framed_beside(text, &mut self.called)
            } else {
                envelope.framed(text)
            }
        });
        self.found |= framed.is_some();
        self.bare += u32::from(framed.is_none());
        framed
    }
}

/// The time of a text: an epoch in s, ms, us or ns by its digits, or ISO 8601.
pub(super) fn moment(text: &[u8]) -> Result<u64, MalformedReason> {
    if text.get(4) != Some(&b'-') {
        return epoch(text).ok_or(MalformedReason::BadTimestamp);
    }
    match time::from_iso8601(text) {
        Some((ns, true)) => Ok(ns),
        Some((_, false)) => Err(MalformedReason::NoZone),
        None => Err(MalformedReason::BadTimestamp),
    }
}

/// An epoch by its digits, perhaps with a fraction. Digits beyond the nanosecond are dropped.
fn epoch(text: &[u8]) -> Option<u64> {
    let whole = text.iter().position(|b| *b == b'.').unwrap_or(text.len());
    match whole {
        10 => time::from_seconds(text),
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

/// The first key of an object, as it is written.
fn first_key(text: &[u8]) -> &[u8] {
    let Some(inner) = text.trim_ascii_start().strip_prefix(b"{") else { return &[] };
    let Some(key) = inner.trim_ascii_start().strip_prefix(b"\"") else { return &[] };
    &key[..memchr::memchr(b'"', key).unwrap_or(0)]
}

/// Whether a name is one of those in `range`.
fn is_name(name: &[u8], range: Range<usize>) -> bool {
    Envelope::KEYS[range].iter().any(|key| key.name().as_bytes() == name)
}

/// Which of several names of times counts, and which of frames: the lowest.
pub(super) fn ranks(name: &[u8]) -> (Option<usize>, Option<usize>) {
    let rank =
        |range: Range<usize>| range.into_iter().find(|key| Envelope::KEYS[*key].name().as_bytes() == name);
    (rank(0..SAID.end), rank(FRAMES.start..DATA + 1))
}

/// Whether a name may be one of a time.
pub(super) fn is_of_time(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    name == b"t"
        || [&b"time"[..], b"recv", b"receiv"].iter().any(|part| memchr::memmem::find(&name, part).is_some())
        || [&b"ts"[..], b"at", b"ns", b"us", b"ms"].iter().any(|end| name.ends_with(end))
}

/// The time in an object by its name and place, whatever that is `called`, if there is one: of several the one that says of itself
/// that it is received or local, else none counts.
fn beside(text: &[u8], called: Option<&[u8]>) -> Result<Option<(Vec<u8>, Span)>, MalformedReason> {
    let mut times = Vec::new();
    let read = Cursor::new(text).members(|name, cursor| {
        let at = span(cursor)?;
        let is_wanted = called.map_or_else(|| is_of_time(name), |called| called == name);
        if is_wanted && moment(unquoted(text, at)) != Err(MalformedReason::BadTimestamp) {
            times.push((name.to_vec(), at));
        }
        Ok(())
    });
    read.map_err(|_| MalformedReason::BadEnvelope)?;
    if times.len() > 1 {
        let is_ours = |name: &[u8]| {
            let name = name.to_ascii_lowercase();
            [&b"rec"[..], b"local"].iter().any(|part| memchr::memmem::find(&name, part).is_some())
        };
        times.retain(|(name, _)| is_ours(name));
        if times.len() != 1 {
            return Err(MalformedReason::BadEnvelope);
        }
    }
    Ok(times.pop())
}

/// Whether an array begins with a time: no venue's does.
fn begins_with_time(text: &[u8]) -> bool {
    let Some(inner) = text.trim_ascii_start().strip_prefix(b"[") else { return false };
    let inner = inner.trim_ascii_start();
    let inner = inner.strip_prefix(b"\"").unwrap_or(inner);
    let end = inner.iter().position(|b| matches!(b, b'"' | b',')).unwrap_or(0);
    moment(inner[..end].trim_ascii_end()) != Err(MalformedReason::BadTimestamp)
}

/// `[time, frame]`; of another length it is none.
fn read_pair(text: &[u8]) -> Option<Framed> {
    let (mut cursor, mut time, mut value, mut at) = (Cursor::new(text), None, None, 0);
    let read = cursor.array(|cursor| {
        at += 1;
        match at {
            1 => time = Some(span(cursor)?),
            2 => value = Some(Value::read(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    });
    read.and_then(|()| cursor.finish()).ok()?;
    let value = value.filter(|_| at == 2)?;
    Some(value.framed(text, time?, Vec::new()))
}

fn span(cursor: &mut Cursor<'_>) -> Result<Span, JsonError> {
    cursor.peek();
    let start = cursor.offset();
    cursor.skip()?;
    Ok((start, cursor.offset()))
}

/// The text of a value, without the quotes around it.
fn unquoted(text: &[u8], at: Span) -> &[u8] {
    let value = &text[at.0..at.1];
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    value.strip_suffix(b"\"").unwrap_or(value)
}

/// A value that is a frame, or the text of one.
struct Value {
    at: Span,
    text: Option<Vec<u8>>,
}

impl Value {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
        let is_text = cursor.peek() == b'"';
        let start = cursor.offset();
        let text = if is_text {
            Some(cursor.string()?.into_owned())
        } else {
            cursor.skip()?;
            None
        };
        Ok(Self { at: (start, cursor.offset()), text })
    }

    fn bytes<'a>(&'a self, text: &'a [u8]) -> &'a [u8] {
        self.text.as_deref().unwrap_or(&text[self.at.0..self.at.1])
    }

    fn framed(self, text: &[u8], time: Span, mut symbol: Vec<u8>) -> Framed {
        let time = moment(unquoted(text, time));
        if !is_rest_book(self.bytes(text)) {
            symbol.clear();
        }
        Framed { time, at: self.at, body: self.text, len: self.at.1 - self.at.0, symbol }
    }
}

#[derive(Default)]
struct Envelope {
    /// The receive time, and the place of its name.
    received: Option<(usize, Span)>,
    said: Option<(usize, Span)>,
    /// What is under a name of [`FRAMES`].
    frame: Option<(usize, Value)>,
    data: Option<Value>,
    stream: Option<Span>,
    symbol: Vec<u8>,
    is_named: bool,
}

impl Envelope {
    fn read(text: &[u8], order: &mut Order) -> Option<Self> {
        let (mut cursor, mut envelope) = (Cursor::new(text), Self::default());
        cursor.object(&mut envelope, order, &mut UnknownKeys::default()).ok()?;
        cursor.finish().ok()?;
        Some(envelope)
    }

    /// Whether there is a message and no time of our names: by what it says, or where others were found so (`is_known`).
    fn holds_a_message(&self, text: &[u8], is_known: bool) -> bool {
        let value = self.frame.as_ref().map(|(_, value)| value).or(self.data.as_ref());
        let is_timed = self.received.is_some() || self.said.is_some();
        !is_timed
            && !self.is_named
            && self.stream.is_none()
            && value.is_some_and(|value| is_known || names_itself(value.bytes(text), true))
    }

    /// The message, with the time beside it that has none of our names; without one where it names itself.
    fn framed_beside(self, text: &[u8], called: &mut Option<Vec<u8>>) -> Option<Framed> {
        let value = self.frame.map(|(_, value)| value).or(self.data)?;
        let (time, at) = match beside(text, called.as_deref()) {
            Ok(Some((name, at))) => {
                *called = Some(name);
                (None, at)
            }
            Ok(None) if names_itself(value.bytes(text), true) => (Some(Ok(0)), Span::default()),
            Ok(None) => return None,
            Err(reason) => (Some(Err(reason)), Span::default()),
        };
        let mut framed = value.framed(text, at, self.symbol);
        framed.time = time.unwrap_or(framed.time);
        Some(framed)
    }

    fn framed(mut self, text: &[u8]) -> Option<Framed> {
        let received = self.received.map(|(_, at)| at);
        let time = received.or(self.said.map(|(_, at)| at));
        let stream = self.stream.filter(|at| is_stream(&text[at.0..at.1]));
        let is_data = self.frame.is_none();
        let Some(value) = self.frame.take().map(|(_, value)| value).or_else(|| self.data.take()) else {
            return received.map(|at| stamped(text, at));
        };
        let bytes = value.bytes(text);
        let is_first = is_name(first_key(text), SAID);
        // Looked at only where it decides.
        let is_open = stream.is_some() || is_data && (self.is_named || received.is_none() && !is_first);
        let is_whole = is_open && names_itself(bytes, stream.is_none());
        if let Some(stream) = stream
            && !is_whole
            && matches!(bytes.first(), Some(b'{' | b'['))
        {
            let body = combined(&text[stream.0..stream.1], bytes);
            let mut framed = value.framed(text, time?, Vec::new());
            framed.len += stream.1 - stream.0;
            framed.body = Some(body);
            return Some(framed);
        }
        if !is_data {
            return Some(value.framed(text, time?, self.symbol));
        }
        if self.is_named && !is_whole {
            return received.map(|at| stamped(text, at));
        }
        let is_sure = received.is_some() || is_whole || is_first;
        is_sure.then_some(()).and(time).map(|at| value.framed(text, at, self.symbol))
    }
}

/// A message that a recorder put its receive time into: the frame is what is left without it.
fn stamped(text: &[u8], value: Span) -> Framed {
    let blank = |b: &u8| b.is_ascii_whitespace();
    let back = |at: usize| text[..at].iter().rposition(|b| !blank(b)).map_or(0, |last| last + 1);
    // The key ends before the colon; its name has no quote in it.
    let key_end = back(back(value.0).saturating_sub(1)).saturating_sub(1);
    let mut start = memchr::memrchr(b'"', &text[..key_end]).unwrap_or(0);
    let mut end = value.1 + text[value.1..].iter().take_while(|b| blank(b)).count();
    if text.get(end) == Some(&b',') {
        end += 1;
    } else {
        end = value.1;
        let before = back(start);
        if text[..before].last() == Some(&b',') {
            start = before - 1;
        }
    }
    let body = [&text[..start], &text[end..]].concat();
    let (time, len) = (moment(unquoted(text, value)), body.len());
    Framed { time, at: (0, text.len()), body: Some(body), len, symbol: Vec::new() }
}

/// Whether a value says of itself which message it is (an item of it, if it is an array); by its event alone only
/// `with_event`, as Binance's streams of a few levels call themselves what those of changes do.
fn names_itself(text: &[u8], with_event: bool) -> bool {
    let items = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    if items.is_some_and(|items| items.first().is_some_and(u8::is_ascii_digit)) {
        return true;
    }
    let mut names = Names::default();
    let mut cursor = Cursor::new(items.unwrap_or(text));
    cursor.object(&mut names, &mut Order::default(), &mut UnknownKeys::default()).is_ok()
        && (names.is_whole || with_event && names.has_event)
}

#[derive(Default)]
struct Names {
    is_whole: bool,
    has_event: bool,
}

impl<'a> Message<'a> for Names {
    const KEYS: &'static [Key] =
        keys!["stream", "topic", "channel", "arg", "feed", "jsonrpc", "e", "event", "lastUpdateId"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        self.is_whole |= key < 6;
        self.has_event |= key >= 6;
        cursor.skip()
    }
}

impl<'a> Message<'a> for Envelope {
    const KEYS: &'static [Key] = keys![
        "recv_ts",
        "local_ts",
        "receive_ts",
        "recv_time",
        "local_timestamp",
        "localTimestamp",
        "received_at",
        "receive_time",
        "recv_ns",
        "recv_us",
        "recv_ms",
        "recv_ts_ns",
        "recv_ts_us",
        "recv_ts_ms",
        "recv_wall_ns",
        "local_recv_ts",
        "local_recv_ns",
        "local_ts_ns",
        "ts_recv_ns",
        "received_ns",
        "received_at_ns",
        "received_ts",
        "ts",
        "timestamp",
        "raw",
        "raw_json",
        "json",
        "frame",
        "message",
        "msg",
        "payload",
        "payload_json",
        "data",
        "stream",
        "symbol",
        "topic",
        "channel",
        "arg"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        let is_earlier = |last: Option<usize>| last.is_none_or(|last| key < last);
        if RECEIVED.contains(&key) {
            let at = span(cursor)?;
            if is_earlier(self.received.map(|(last, _)| last)) {
                self.received = Some((key, at));
            }
        } else if SAID.contains(&key) {
            let at = span(cursor)?;
            if is_earlier(self.said.map(|(last, _)| last)) {
                self.said = Some((key, at));
            }
        } else if FRAMES.contains(&key) {
            let value = Value::read(cursor)?;
            if is_earlier(self.frame.as_ref().map(|(last, _)| *last)) {
                self.frame = Some((key, value));
            }
        } else if key == DATA {
            self.data = Some(Value::read(cursor)?);
        } else if key == STREAM {
            self.stream = Some(span(cursor)?);
        } else if key == SYMBOL && cursor.peek() == b'"' {
            self.symbol = cursor.string()?.into_owned();
        } else {
            self.is_named |= NAMES.contains(&key);
            cursor.skip()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_they_are_said_to() {
        let at = |name: &str| Envelope::KEYS.iter().position(|key| key.name() == name).expect("a name");
        assert_eq!((at("recv_ts"), at("received_ts")), (RECEIVED.start, RECEIVED.end - 1));
        assert_eq!((at("ts"), at("timestamp")), (SAID.start, SAID.end - 1));
        assert_eq!((at("raw"), at("payload_json")), (FRAMES.start, FRAMES.end - 1));
        assert_eq!((at("data"), at("stream"), at("symbol")), (DATA, STREAM, SYMBOL));
        assert_eq!((at("topic"), at("arg")), (NAMES.start, NAMES.end - 1));
        assert_eq!(Envelope::KEYS.len(), NAMES.end);
    }
}
