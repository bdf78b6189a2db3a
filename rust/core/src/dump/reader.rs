//! Reads a dump from its first byte to its last: blocks of lines, a decoder for their rows, a place for every byte.

use std::sync::mpsc::{Receiver, sync_channel};

use super::columns::Found;
use super::error::Fault;
use super::output::Output;
use super::probe::{Limit, Probe};
use super::rows::{PADDING, Splitter};
use super::{DumpDecoder, DumpError, DumpSpec};
use crate::accounting::End;
use crate::capture::{CaptureError, Inflate};
use crate::feed::{Reject, excerpt};

/// How to read dumps.
#[derive(Debug, Clone)]
pub struct DumpOptions {
    /// Longest line.
    pub max_line: usize,
    /// Most bytes that a file may inflate to.
    pub max_member: u64,
    /// How many times its size a file may inflate to.
    pub max_ratio: u64,
    /// Whether a cut input ends there instead of failing.
    pub allow_truncated: bool,
    /// About how much is read at once.
    pub block_bytes: usize,
}

impl Default for DumpOptions {
    fn default() -> Self {
        Self {
            max_line: 1 << 20,
            max_member: 1 << 40,
            max_ratio: 500,
            allow_truncated: false,
            block_bytes: 256 << 10,
        }
    }
}

/// Blocks that are inflated ahead.
const AHEAD: usize = 8;

enum Input {
    Here(Box<Inflate>),
    Ahead(Receiver<Result<Vec<u8>, CaptureError>>, std::thread::JoinHandle<bool>),
    Over(bool),
}

impl Input {
    /// Appends some bytes; `false` at the end.
    fn read(&mut self, out: &mut Vec<u8>, want: usize) -> Result<bool, CaptureError> {
        match self {
            Self::Here(inflate) => {
                let read = inflate.read_some(out, want)?;
                if read == 0 {
                    *self = Self::Over(inflate.truncated());
                }
                Ok(read > 0)
            }
            Self::Ahead(blocks, _) => match blocks.recv() {
                Ok(Ok(block)) => {
                    out.extend_from_slice(&block);
                    Ok(true)
                }
                Ok(Err(error)) => Err(error),
                Err(_) => {
                    if let Self::Ahead(_, thread) = std::mem::replace(self, Self::Over(false)) {
                        *self = Self::Over(thread.join().unwrap_or(false));
                    }
                    Ok(false)
                }
            },
            Self::Over(_) => Ok(false),
        }
    }
}

fn ahead(mut inflate: Box<Inflate>, want: usize) -> Input {
    let (send, blocks) = sync_channel(AHEAD);
    let thread = std::thread::spawn(move || {
        loop {
            let mut block = Vec::new();
            match inflate.read_some(&mut block, want) {
                Ok(0) => break,
                Ok(_) => {
                    if send.send(Ok(block)).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    if !block.is_empty() {
                        // The receiver may be gone already, here and below.
                        let _ = send.send(Ok(block));
                    }
                    let _ = send.send(Err(error));
                    break;
                }
            }
        }
        inflate.truncated()
    });
    Input::Ahead(blocks, thread)
}

/// Whether a thread of its own inflates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inflating {
    /// No: it is done where rows are read.
    Here,
    /// Yes.
    Ahead,
}

/// Reads one dump.
pub struct DumpReader {
    input: Input,
    decoder: Box<dyn DumpDecoder>,
    spec: &'static DumpSpec,
    found: Found,
    splitter: Splitter,
    buffer: Vec<u8>,
    limit: Limit,
    max_line: usize,
    block_bytes: usize,
    name: String,
    /// Bytes before the buffer.
    offset: u64,
    /// Lines before the buffer.
    lines: u64,
    has_header: bool,
    ended: bool,
}

impl DumpReader {
    /// Opens a file that was probed.
    ///
    /// # Errors
    /// See [`DumpError`].
    pub fn open(probe: &Probe, options: &DumpOptions, inflating: Inflating) -> Result<Self, DumpError> {
        let (inflate, limit) = probe.input(options)?;
        let mut reader = Self::over(probe, inflate, limit, options)?;
        if inflating == Inflating::Ahead
            && let Input::Here(inflate) = reader.input
        {
            reader.input = ahead(inflate, options.block_bytes.max(1));
        }
        Ok(reader)
    }

    /// Over bytes that are at hand.
    pub(super) fn over(
        probe: &Probe,
        input: Inflate,
        limit: Limit,
        options: &DumpOptions,
    ) -> Result<Self, DumpError> {
        Ok(Self {
            input: Input::Here(Box::new(input)),
            decoder: probe.decoder()?,
            spec: probe.spec,
            found: probe.found.clone(),
            splitter: Splitter::default(),
            buffer: Vec::new(),
            limit,
            max_line: options.max_line,
            block_bytes: options.block_bytes.max(1),
            name: probe.member_name().to_owned(),
            offset: 0,
            lines: 0,
            has_header: probe.sample.header.is_some(),
            ended: false,
        })
    }

    /// Bytes read so far.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the input was cut (and that was allowed).
    #[must_use]
    pub const fn truncated(&self) -> bool {
        matches!(self.input, Input::Over(true))
    }

    /// Reads some lines into `out`; `false` at the end.
    ///
    /// # Errors
    /// See [`DumpError`]; what came before stays valid.
    pub fn read(&mut self, out: &mut Output) -> Result<bool, DumpError> {
        if self.ended {
            return Ok(false);
        }
        self.ended = !self.input.read(&mut self.buffer, self.block_bytes)?;
        let whole = memchr::memrchr(b'\n', &self.buffer).map_or(0, |at| at + 1);
        let mut end = whole;
        if self.ended {
            // A cut file ends in half a line, which says nothing.
            if !self.truncated() {
                end = self.buffer.len();
            }
            out.accounting.container_bytes += (self.buffer.len() - end) as u64;
        }
        self.limit.check(self.offset + self.buffer.len() as u64, &self.name)?;
        let rest = self.buffer[end..].to_vec();
        if rest.len() > self.max_line {
            return Err(self.too_long(self.buffer[..end].iter().filter(|b| **b == b'\n').count()));
        }
        self.buffer.truncate(end);
        self.buffer.resize(end + PADDING, 0);
        let result = self.lines(end, out);
        self.offset += end as u64;
        self.buffer.clear();
        self.buffer.extend_from_slice(&rest);
        result?;
        if self.ended {
            self.decoder.finish(out);
        }
        Ok(!self.ended)
    }

    /// Nothing more is wanted: what was read is told as at the end of the file.
    pub fn stop(&mut self, out: &mut Output) {
        if !self.ended {
            self.ended = true;
            self.decoder.finish(out);
        }
    }

    fn too_long(&self, before: usize) -> DumpError {
        let line = self.lines + before as u64 + 1;
        DumpError::LineTooLong { line, member: self.name.clone(), limit: self.max_line }
    }

    fn lines(&mut self, end: usize, out: &mut Output) -> Result<(), DumpError> {
        let (mut rows, mut bytes) = (0, 0);
        let result = self.each_line(end, out, &mut rows, &mut bytes);
        out.end(End::Rows, rows, bytes);
        result
    }

    /// Decodes every line; those that gave rows, which most do, are counted in `rows` and `bytes`.
    fn each_line(
        &mut self,
        end: usize,
        out: &mut Output,
        rows: &mut u64,
        bytes: &mut u64,
    ) -> Result<(), DumpError> {
        let mut start = 0;
        if self.offset == 0 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
            start = 3;
            out.accounting.container_bytes += 3;
        }
        while start < end {
            let line = self.splitter.next(&self.buffer, start, end);
            self.lines += 1;
            let length = line.text - start;
            if length > self.max_line {
                self.lines -= 1;
                return Err(self.too_long(0));
            }
            out.accounting.container_bytes += (line.next - line.text) as u64;
            if length == 0 {
                start = line.next;
                continue;
            }
            if self.has_header {
                self.has_header = false;
                out.accounting.container_bytes += length as u64;
                start = line.next;
                continue;
            }
            out.begin(length);
            let row = self.splitter.row(&self.buffer, start, line, self.found.fields, &self.found.map);
            match row.and_then(|row| self.decoder.row(&row, out)) {
                Ok(End::Rows) => {
                    *rows += 1;
                    *bytes += length as u64;
                }
                Ok(end) => out.end(end, 1, length as u64),
                Err(fault) => {
                    out.end(End::Reject, 1, length as u64);
                    let (offset, number) = (self.offset + start as u64, self.lines);
                    let text = &self.buffer[start..line.text];
                    out.reject(|| reject(self.spec, &self.found, fault, text, offset, number));
                }
            }
            start = line.next;
        }
        Ok(())
    }
}

#[cold]
fn reject(spec: &DumpSpec, found: &Found, fault: Fault, text: &[u8], offset: u64, line: u64) -> Reject {
    let code = fault.kind.code();
    // Where the field is: commas inside quotes may lead a little astray, the text beside it tells.
    let field = fault.column.map(|column| usize::from(found.map[column]));
    let at =
        field.filter(|field| *field > 0).and_then(|field| memchr::memchr_iter(b',', text).nth(field - 1));
    let at = at.map_or(0, |comma| comma + 1);
    let place = match fault.column {
        Some(column) => spec.columns[column].names.first().copied().unwrap_or_default().to_owned(),
        None => format!("{} columns", found.fields),
    };
    Reject {
        source: 0,
        frame: line - 1,
        line,
        offset,
        at: at as u64,
        ts: 0,
        code: code.to_owned(),
        reason: format!(
            "{} line {line}, {place}, byte {at}: {}, near `{}`",
            spec.name,
            code.replace('_', " "),
            excerpt(text, at)
        ),
        symbol: String::new(),
        body: text.to_vec(),
    }
}
