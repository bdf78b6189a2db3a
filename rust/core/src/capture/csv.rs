//! CSV with a frame in a quoted field: `received_ns,stream,payload_json`, or without a header a time first and the frame
//! last, `1633998512063,"{""e"":""trade""}"`. Where a header has none of our names, the time and the frame are what is one, in
//! the row below it.
//!
//! Out: the frame, its quotes undone; with a column `stream` of Binance's streams as its combined ones. Refused: a row
//! that ends inside quotes or lacks fields.

use super::envelope::{Framed, combined, is_of_time, is_stream, moment, ranks};
use super::inflate::Inflate;
use super::lines::{Line, LineFormat, Lines};
use super::{Capture, CaptureOptions};
use crate::frame::{FrameKind, FrameMeta, MalformedReason};
use crate::quoted::unquote;

/// A header that names a time and a frame, or a first row that is both.
pub(super) fn claims(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = fields(lines.next().unwrap_or_default()).unwrap_or_default();
    if Columns::of_row(&first).are_in(&first) {
        return true;
    }
    let row = fields(lines.next().unwrap_or_default()).unwrap_or_default();
    Columns::named(&first)
        .or_else(|| Columns::below(&first, &row))
        .is_some_and(|columns| columns.are_in(&row))
}

pub(super) fn open(input: Inflate, _: &str, options: &CaptureOptions) -> Box<dyn Capture> {
    Box::new(Lines::new(input, Csv::default(), options))
}

/// One field of a row.
struct Field {
    /// Where it stands in the line, with its quotes.
    at: (usize, usize),
    /// What it says.
    text: Vec<u8>,
    is_quoted: bool,
}

impl Field {
    fn is_time(&self) -> bool {
        moment(&self.text) != Err(MalformedReason::BadTimestamp)
    }

    fn is_frame(&self) -> bool {
        self.is_quoted && matches!(self.text.first(), Some(b'{' | b'['))
    }
}

/// The fields of a line; `None` where quotes do not match.
fn fields(line: &[u8]) -> Option<Vec<Field>> {
    let (mut out, mut start) = (Vec::new(), 0);
    loop {
        let rest = &line[start..];
        let is_quoted = rest.first() == Some(&b'"');
        let (mut text, mut at) = (Vec::new(), start);
        if is_quoted {
            at = unquote(line, at + 1, &mut text)?;
        } else {
            at += memchr::memchr(b',', rest).unwrap_or(rest.len());
            text.extend_from_slice(&line[start..at]);
        }
        out.push(Field { at: (start, at), text, is_quoted });
        match line.get(at) {
            None => return Some(out),
            Some(b',') => start = at + 1,
            Some(_) => return None,
        }
    }
}

/// Where the fields of a frame are.
#[derive(Clone, Copy)]
struct Columns {
    time: usize,
    stream: Option<usize>,
    frame: usize,
}

impl Columns {
    /// As a header names them.
    fn named(header: &[Field]) -> Option<Self> {
        let ranks = || header.iter().map(|field| ranks(field.text.trim_ascii())).enumerate();
        let time = ranks().filter_map(|(at, (time, _))| Some((time?, at))).min()?.1;
        let frame = ranks().filter_map(|(at, (_, frame))| Some((frame?, at))).min()?.1;
        let stream = header.iter().position(|field| field.text.trim_ascii() == b"stream");
        Some(Self { time, stream, frame })
    }

    /// Of rows without a header.
    const fn of_row(row: &[Field]) -> Self {
        Self { time: 0, stream: None, frame: row.len().saturating_sub(1) }
    }

    /// As a row tells them, below a header of other names: what is a time by its name and itself, and what is a frame.
    fn below(header: &[Field], row: &[Field]) -> Option<Self> {
        let only = |mut columns: Vec<usize>| columns.pop().filter(|_| columns.is_empty());
        let columns = |is_it: &dyn Fn(&Field, &Field) -> bool| {
            only(
                header
                    .iter()
                    .zip(row)
                    .enumerate()
                    .filter(|(_, (name, field))| is_it(name, field))
                    .map(|(at, _)| at)
                    .collect(),
            )
        };
        let time = columns(&|name, field| is_of_time(name.text.trim_ascii()) && field.is_time())?;
        let frame = columns(&|_, field| field.is_frame())?;
        let stream = header.iter().position(|field| field.text.trim_ascii() == b"stream");
        Some(Self { time, stream, frame })
    }

    /// Whether a row has a time and a frame there.
    fn are_in(&self, row: &[Field]) -> bool {
        self.of(row).is_some_and(|(time, _, frame)| time.is_time() && frame.is_frame())
    }

    fn of<'f>(&self, row: &'f [Field]) -> Option<(&'f Field, Option<&'f Field>, &'f Field)> {
        let (time, frame) = (row.get(self.time)?, row.get(self.frame)?);
        (self.time != self.frame).then(|| (time, self.stream.and_then(|at| row.get(at)), frame))
    }
}

#[derive(Default)]
struct Csv {
    columns: Option<Columns>,
    /// A header with none of our names.
    header: Vec<Field>,
}

impl LineFormat for Csv {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<FrameMeta>, extra: &mut Vec<u8>, base: u32) {
        if line.is_blank() {
            return;
        }
        let Some(row) = fields(line.text) else {
            out.push(line.malformed(MalformedReason::BadEnvelope));
            return;
        };
        if self.columns.is_none() && self.header.is_empty() {
            let by_row = Some(Columns::of_row(&row)).filter(|columns| columns.are_in(&row));
            self.columns = by_row.or_else(|| Columns::named(&row));
            if by_row.is_none() {
                self.header = row;
                return;
            }
        } else if self.columns.is_none() {
            self.columns = Columns::below(&self.header, &row);
        }
        let Some((time, stream, frame)) = self.columns.and_then(|columns| columns.of(&row)) else {
            out.push(line.malformed(MalformedReason::BadEnvelope));
            return;
        };
        let (time, at, mut len) = (moment(time.text.trim_ascii()), frame.at, frame.at.1 - frame.at.0);
        let body = match stream.filter(|stream| is_stream(&stream.text)) {
            Some(stream) => {
                len += stream.at.1 - stream.at.0;
                combined(&[b"\"", &stream.text[..], b"\""].concat(), &frame.text)
            }
            None => frame.text.clone(),
        };
        let framed = Framed { time, at, body: Some(body), len, symbol: Vec::new() };
        out.push(framed.of(line.frame(0, FrameKind::Received, 0, 0), extra, base));
    }
}
