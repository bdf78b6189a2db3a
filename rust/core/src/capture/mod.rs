//! Captures: files of frames with receive times. One file per container, one registry line each.
//!
//! In: bytes, compressed or not. Out: [`Block`]s of frames; over a source the frames' lengths and the blocks'
//! overhead add up to the decompressed bytes. Refused: what no container claims ([`probe`] answers `None`),
//! and compression that is cut or damaged, unless a cut is allowed.

use std::io::Read;

use thiserror::Error;

use crate::frame::Block;

mod cryptofeed;
mod csv;
mod envelope;
mod foreign;
mod hftbacktest;
mod inflate;
mod json;
mod lines;
mod ndjson;
mod tardis;
mod tickwright;

pub use inflate::{Compression, Inflate};
pub use tickwright::{Header, Writer, seek_time};

/// What can be wrong with a capture.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// Reading failed.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// The compressed stream, or the last block, ends early.
    #[error(
        "is cut short after {offset} decompressed bytes; --allow-truncated keeps what came before the cut"
    )]
    Truncated {
        /// Decompressed bytes before the cut.
        offset: u64,
    },
    /// The compressed stream is damaged.
    #[error("is damaged after {offset} decompressed bytes: {reason}")]
    Corrupt {
        /// Decompressed bytes before the damage.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// Whoever inflated it has panicked.
    #[error("could not be read to its end, by a defect of ours that should be reported: {what}")]
    Panicked {
        /// What it said.
        what: String,
    },
    /// A compression that is not read.
    #[error(
        "is compressed with {name}, which is not read; unpack it, or pipe it: `{command} FILE | tickwright convert -`"
    )]
    Compression {
        /// Its name.
        name: &'static str,
        /// What unpacks it to standard output.
        command: &'static str,
    },
    /// Messages that a vendor made of the venue's.
    #[error(
        "holds normalized messages of Tardis (tardis-machine, tardis-node), whose numbers are no longer as the exchange \
         wrote them; fetch the raw messages (`/replay`, `replay()`) or Tardis's CSV files instead"
    )]
    Normalized,
}

impl CaptureError {
    /// What a thread that inflated has said when it panicked.
    pub(crate) fn panicked(what: &(dyn std::any::Any + Send)) -> Self {
        let said = what.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let what = said.or_else(|| what.downcast_ref::<String>().cloned());
        Self::Panicked { what: what.unwrap_or_else(|| "a thread panicked".to_owned()) }
    }

    /// A stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "unreadable",
            Self::Empty => "empty",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::Panicked { .. } => "panicked",
            Self::Compression { .. } => "compression",
            Self::Normalized => "normalized",
        }
    }
}

/// How to read captures.
#[derive(Debug, Clone)]
pub struct CaptureOptions {
    /// Longest line; a longer one is a reject.
    pub max_line: usize,
    /// Whether a cut compressed stream ends the input instead of failing it.
    pub allow_truncated: bool,
    /// About how much a block holds.
    pub block_bytes: usize,
}

impl Default for CaptureOptions {
    fn default() -> Self {
        Self { max_line: 64 << 20, allow_truncated: false, block_bytes: 256 << 10 }
    }
}

/// Reads a capture block by block.
pub trait Capture: Send {
    /// Fills `block` (cleared first). `false` at the end.
    ///
    /// # Errors
    /// See [`CaptureError`]; what came before stays valid.
    fn next_block(&mut self, block: &mut Block) -> Result<bool, CaptureError>;

    /// Whether the input was cut (and that was allowed).
    fn truncated(&self) -> bool;
}

/// What an input is.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Name of the container.
    pub container: &'static str,
    /// Its compression.
    pub compression: Compression,
    /// The first receive time, ns UTC; 0 where there is none.
    pub first_ts: u64,
    /// The feed the container names, if it does.
    pub feed: Option<String>,
    /// URLs met near the start.
    pub urls: Vec<String>,
    /// The first frames, of long ones the start and the end.
    pub head: Vec<Vec<u8>>,
}

type Open = fn(Inflate, &str, &CaptureOptions) -> Box<dyn Capture>;

struct Container {
    name: &'static str,
    /// Whether the first line (white space and byte order mark left out) is this container's.
    claims: fn(&[u8]) -> bool,
    open: Open,
}

/// Every container, in the order they are asked.
static REGISTRY: [Container; 7] = [
    Container { name: "tickwright", claims: tickwright::claims, open: tickwright::open },
    Container { name: "tardis-raw", claims: tardis::claims, open: tardis::open },
    Container { name: "cryptofeed", claims: cryptofeed::claims, open: cryptofeed::open },
    Container { name: "hftbacktest", claims: hftbacktest::claims, open: hftbacktest::open },
    Container { name: "ndjson", claims: ndjson::claims, open: ndjson::open },
    Container { name: "csv", claims: csv::claims, open: csv::open },
    Container { name: "json", claims: json::claims, open: json::open },
];

/// Names of the containers.
pub fn containers() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|c| c.name)
}

/// Says what an input is; `None` when no container claims it.
///
/// # Errors
/// [`CaptureError::Empty`], or a reading error.
pub fn probe(input: Box<dyn Read + Send>, name: &str) -> Result<Option<Probe>, CaptureError> {
    let mut inflate = Inflate::new(input, true)?.allow_stale();
    let compression = inflate.compression();
    let mut head = Vec::new();
    let mut limit = 1 << 16;
    // Enough for a first line, however long a first REST answer is.
    loop {
        let before = head.len();
        inflate.read_some(&mut head, limit - before)?;
        let ended = head.len() == before;
        let start = head.iter().position(|b| !b.is_ascii_whitespace() && !matches!(b, 0xEF | 0xBB | 0xBF));
        let has_line = start.is_some_and(|s| memchr::memchr(b'\n', &head[s..]).is_some());
        if ended || (has_line && head.len() >= limit) || head.len() >= 32 << 20 {
            break;
        }
        if head.len() >= limit {
            limit *= 4;
        }
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head);
    let Some(start) = text.iter().position(|b| !b.is_ascii_whitespace()) else {
        let cut = inflate.truncated();
        return Err(if cut { CaptureError::Truncated { offset: 0 } } else { CaptureError::Empty });
    };
    let text = &text[start..];
    if let Some(foreign) = foreign::compression(&head).or_else(|| foreign::messages(text)) {
        return Err(foreign);
    }
    let Some(container) = REGISTRY.iter().find(|c| (c.claims)(text)) else { return Ok(None) };
    let mut probe = Probe {
        container: container.name,
        compression,
        first_ts: 0,
        feed: tickwright::feed_of(text),
        urls: Vec::new(),
        head: Vec::new(),
    };
    let options = CaptureOptions { allow_truncated: true, ..CaptureOptions::default() };
    let mut capture = (container.open)(Inflate::plain(head), name, &options);
    let mut block = Block::default();
    while probe.head.len() < 64 && matches!(capture.next_block(&mut block), Ok(true)) {
        for meta in &block.frames {
            if probe.first_ts == 0 {
                probe.first_ts = meta.ts;
            }
            let context = block.context(meta);
            if context.contains("://") && probe.urls.len() < 16 {
                probe.urls.push(context.to_owned());
            }
            if probe.head.len() < 64 && meta.end > meta.start {
                probe.head.push(ends(block.body(meta)));
            }
        }
    }
    Ok(Some(probe))
}

/// What a feed is told by: a frame, or the start and the end of a long one.
fn ends(body: &[u8]) -> Vec<u8> {
    const START: usize = 8_192;
    const END: usize = 256;
    let rest = body.get(START..).unwrap_or_default();
    [&body[..START.min(body.len())], &rest[rest.len().saturating_sub(END)..]].concat()
}

/// Opens an input that was probed.
///
/// # Errors
/// A reading error.
pub fn open(
    input: Box<dyn Read + Send>,
    name: &str,
    probe: &Probe,
    options: &CaptureOptions,
) -> Result<Box<dyn Capture>, CaptureError> {
    let inflate = if matches!(probe.compression, Compression::Zip | Compression::Tar) {
        Inflate::member(input, options.allow_truncated)
    } else {
        Inflate::new(input, options.allow_truncated)?
    };
    let container = REGISTRY.iter().find(|c| c.name == probe.container).ok_or(CaptureError::Empty)?;
    Ok((container.open)(inflate, name, options))
}

#[cfg(test)]
mod tests;
