//! Reads a dump from its first byte to its last: blocks of lines, a decoder for their rows, a place for every byte.

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;

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

/// Blocks that are inflated ahead: as much text as gives a row group, so that whoever reads rows while another encodes them
/// finds some.
const AHEAD: usize = 32;
/// Bytes before a block, where the rest of the one before it goes.
const HEADROOM: usize = 4 << 10;

/// Inflated bytes, with room on both sides. Its memory is used again.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    /// Where they begin and end.
    start: usize,
    end: usize,
}

impl Block {
    /// Takes up to `want` bytes; none at the end.
    fn fill(&mut self, inflate: &mut Inflate, want: usize) -> Result<(), CaptureError> {
        self.bytes.resize(HEADROOM + want + PADDING, 0);
        self.start = HEADROOM;
        let mut filled = 0;
        let result = inflate.fill(&mut self.bytes[HEADROOM..HEADROOM + want], &mut filled);
        self.end = HEADROOM + filled;
        result
    }

    /// Puts what is left of the block before in front.
    fn prepend(&mut self, rest: &[u8]) {
        let Some(start) = self.start.checked_sub(rest.len()) else {
            let mut bytes = Vec::with_capacity(rest.len() + self.bytes.len());
            bytes.extend_from_slice(rest);
            bytes.extend_from_slice(&self.bytes[self.start..self.end]);
            (self.start, self.end) = (0, bytes.len());
            bytes.resize(self.end + PADDING, 0);
            self.bytes = bytes;
            return;
        };
        self.bytes[start..self.start].copy_from_slice(rest);
        self.start = start;
    }

    /// None, at the end of the input.
    fn empty() -> Self {
        Self { bytes: vec![0; HEADROOM + PADDING], start: HEADROOM, end: HEADROOM }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Ends it at `end`, what follows are zeros.
    fn cut(&mut self, end: usize) {
        self.end = end;
        self.bytes[end..end + PADDING].fill(0);
    }
}

enum Input {
    Here(Box<Inflate>),
    Ahead(Ahead),
    Over(bool),
}

/// A thread that inflates.
struct Ahead {
    blocks: Receiver<Result<Block, CaptureError>>,
    /// Blocks that were read.
    spare: Sender<Block>,
    thread: JoinHandle<bool>,
}

impl Input {
    /// Takes the next block in place of `block`; `false` at the end.
    fn read(&mut self, block: &mut Block, want: usize) -> Result<bool, CaptureError> {
        match self {
            Self::Here(inflate) => {
                block.fill(inflate, want)?;
                let more = block.end > block.start;
                if !more {
                    *self = Self::Over(inflate.truncated());
                }
                Ok(more)
            }
            Self::Ahead(ahead) => match ahead.blocks.recv() {
                Ok(Ok(next)) => {
                    // The other side may have ended.
                    let _ = ahead.spare.send(std::mem::replace(block, next));
                    Ok(true)
                }
                Ok(Err(error)) => Err(error),
                Err(_) => {
                    if let Self::Ahead(ahead) = std::mem::replace(self, Self::Over(false)) {
                        let truncated = ahead.thread.join();
                        // It has not come to the end: what it would have given must not be taken for nothing.
                        *self = Self::Over(truncated.map_err(|what| CaptureError::panicked(&*what))?);
                    }
                    Ok(false)
                }
            },
            Self::Over(_) => Ok(false),
        }
    }
}

fn ahead(mut inflate: Box<Inflate>, want: usize) -> Ahead {
    let (send, blocks) = sync_channel(AHEAD);
    let (spare, spares) = channel::<Block>();
    let thread = std::thread::spawn(move || {
        loop {
            let mut block = spares.try_recv().unwrap_or_default();
            let result = block.fill(&mut inflate, want);
            let is_empty = block.text().is_empty();
            // The receiver may be gone, here and below.
            if !is_empty && send.send(Ok(block)).is_err() {
                break;
            }
            if let Err(error) = result {
                let _ = send.send(Err(error));
                break;
            }
            if is_empty {
                break;
            }
        }
        inflate.truncated()
    });
    Ahead { blocks, spare, thread }
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
    block: Block,
    /// What is left of it: the beginning of a line.
    rest: Vec<u8>,
    limit: Limit,
    max_line: usize,
    block_bytes: usize,
    name: String,
    /// Bytes before those of the block.
    offset: u64,
    /// Lines before the block.
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
            reader.input = Input::Ahead(ahead(inflate, options.block_bytes.max(1)));
        }
        Ok(reader)
    }

    /// Over an input that a thread of its own inflates.
    #[cfg(test)]
    pub(super) fn ahead_of(probe: &Probe, input: Inflate, options: &DumpOptions) -> Result<Self, DumpError> {
        let (_, limit) = probe.input(options)?;
        let mut reader = Self::over(probe, Inflate::plain(Vec::new()), limit, options)?;
        reader.input = Input::Ahead(ahead(Box::new(input), options.block_bytes.max(1)));
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
            block: Block::default(),
            rest: Vec::new(),
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
        self.ended = !self.input.read(&mut self.block, self.block_bytes)?;
        if self.ended {
            self.block = Block::empty();
        }
        self.block.prepend(&self.rest);
        let text = self.block.text();
        let mut whole = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
        if self.ended {
            // A cut file ends in half a line, which says nothing.
            if !self.truncated() {
                whole = text.len();
            }
            out.accounting.container_bytes += (text.len() - whole) as u64;
        }
        self.limit.check(self.offset + text.len() as u64, &self.name)?;
        let (lines, rest) = text.split_at(whole);
        if rest.len() > self.max_line {
            return Err(self.too_long(memchr::memchr_iter(b'\n', lines).count()));
        }
        self.rest.clear();
        self.rest.extend_from_slice(rest);
        self.block.cut(self.block.start + whole);
        let result = self.lines(out);
        self.offset += whole as u64;
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

    fn lines(&mut self, out: &mut Output) -> Result<(), DumpError> {
        let (mut rows, mut bytes) = (0, 0);
        let result = self.each_line(out, &mut rows, &mut bytes);
        out.end(End::Rows, rows, bytes);
        result
    }

    /// Decodes every line; those that gave rows, which most do, are counted in `rows` and `bytes`.
    fn each_line(&mut self, out: &mut Output, rows: &mut u64, bytes: &mut u64) -> Result<(), DumpError> {
        let Block { start: first, end, .. } = self.block;
        let mut start = first;
        if self.offset == 0 && self.block.text().starts_with(b"\xEF\xBB\xBF") {
            start += 3;
            out.accounting.container_bytes += 3;
        }
        while start < end {
            let block = &self.block.bytes[..end + PADDING];
            let line = self.splitter.next(block, start, end);
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
            let row = self.splitter.row(block, start, line, self.found.fields, &self.found.map);
            match row.and_then(|row| self.decoder.row(&row, out)) {
                Ok(End::Rows) => {
                    *rows += 1;
                    *bytes += length as u64;
                }
                Ok(end) => out.end(end, 1, length as u64),
                Err(fault) => {
                    out.end(End::Reject, 1, length as u64);
                    let (offset, number) = (self.offset + (start - first) as u64, self.lines);
                    let text = &block[start..line.text];
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
    let column = fault.column.map(usize::from);
    let field = column.map(|column| usize::from(found.map[column]));
    let at =
        field.filter(|field| *field > 0).and_then(|field| memchr::memchr_iter(b',', text).nth(field - 1));
    let at = at.map_or(0, |comma| comma + 1);
    let place = match column {
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
