//! What a conversion is asked for, and what it answers: both cross to Python as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::accounting::Accounting;
use crate::instrument::Definition;

/// Options of a conversion.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvertOptions {
    /// Files, folders or `-`.
    pub inputs: Vec<String>,
    /// A file of what came through standard input, which is the input `-`.
    #[serde(default)]
    pub stdin: Option<PathBuf>,
    /// The catalog.
    pub output: String,
    /// Feed of all inputs, instead of recognising it.
    #[serde(default)]
    pub feed: Option<String>,
    /// Dump format of all inputs, instead of recognising it.
    #[serde(default)]
    pub format: Option<String>,
    /// The venue's symbol of all dumps, instead of taking it from their names.
    #[serde(default)]
    pub symbol: Option<String>,
    /// Files with instrument definitions.
    #[serde(default)]
    pub instruments: Vec<String>,
    /// Schema.
    #[serde(default = "default_flavour")]
    pub flavour: String,
    /// Folder names.
    #[serde(default = "default_layout")]
    pub layout: String,
    /// Types wanted; all received without.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// Kind of trades.
    #[serde(default)]
    pub trades: Option<String>,
    /// Channel of books.
    #[serde(default)]
    pub book: Option<String>,
    /// What to do about holes.
    #[serde(default = "default_on_gap")]
    pub on_gap: String,
    /// What to do about rows of one number that differ.
    #[serde(default = "default_conflicts")]
    pub conflicts: String,
    /// Depths and quotes that are derived from books: at the ends of intervals of so many ns; 0: whenever they change.
    #[serde(default)]
    pub derive_every: u64,
    /// How files are cut.
    #[serde(default = "default_partition")]
    pub partition: String,
    /// First receive time wanted, ns UTC.
    #[serde(default)]
    pub from: Option<u64>,
    /// First receive time no longer wanted, ns UTC.
    #[serde(default)]
    pub to: Option<u64>,
    /// `add`, `replace` or `append-after`.
    #[serde(default = "default_mode")]
    pub mode: String,
    /// Whether a cut input gives what came before the cut.
    #[serde(default)]
    pub allow_truncated: bool,
    /// Threads; 0 = as many as there are cores.
    #[serde(default)]
    pub jobs: usize,
    /// Bytes of memory for rows and buffers.
    #[serde(default = "default_memory")]
    pub memory: u64,
    /// More rejects than this are told by the exit code.
    #[serde(default)]
    pub max_rejects: Option<u64>,
    /// Everything but the commit.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether definitions are written as instruments, after the commit.
    #[serde(default = "default_write_instruments")]
    pub write_instruments: bool,
    /// The time, ns UTC: the core has no clock.
    #[serde(default)]
    pub now_ns: u64,
    /// Decimals of prices and sizes where there is no definition.
    #[serde(default)]
    pub precision: Option<(u8, u8)>,
    /// Longest line of a text capture, bytes.
    #[serde(default = "default_max_line")]
    pub max_line: usize,
    /// Most bytes that a dump may inflate to.
    #[serde(default = "default_max_member")]
    pub max_member: u64,
    /// How many times its size a dump may inflate to.
    #[serde(default = "default_max_ratio")]
    pub max_ratio: u64,
}

fn default_flavour() -> String {
    "v1-high".to_owned()
}
fn default_layout() -> String {
    "1.231".to_owned()
}
fn default_on_gap() -> String {
    "withhold".to_owned()
}
fn default_conflicts() -> String {
    "error".to_owned()
}
fn default_partition() -> String {
    "day".to_owned()
}
fn default_mode() -> String {
    "add".to_owned()
}
const fn default_write_instruments() -> bool {
    true
}
const fn default_memory() -> u64 {
    512 << 20
}
const fn default_max_line() -> usize {
    64 << 20
}
const fn default_max_member() -> u64 {
    1 << 40
}
const fn default_max_ratio() -> u64 {
    500
}

/// One source of a report.
#[derive(Debug, Clone, Serialize)]
pub struct SourceReport {
    /// Its path.
    pub path: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Container.
    pub container: String,
    /// Compression.
    pub compression: String,
    /// Feed.
    pub feed: String,
    /// Whether the catalog had it already.
    pub known: bool,
    /// Whether it was cut short.
    pub truncated: bool,
    /// Bytes of the file.
    pub bytes_file: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
    /// Its accounting.
    pub accounting: Accounting,
}

/// One stream of a report.
#[derive(Debug, Clone, Serialize)]
pub struct TableReport {
    /// Type of the rows.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Instrument id, or bar type.
    pub instrument_id: String,
    /// Rows.
    pub rows: u64,
    /// First receive time, ns UTC.
    pub start_ns: u64,
    /// Last receive time, ns UTC.
    pub end_ns: u64,
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Decimals of prices.
    pub price_precision: u8,
    /// Decimals of sizes.
    pub size_precision: u8,
}

/// An input that was passed over.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What a conversion did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConvertReport {
    /// `committed`, `nothing_new` or `dry_run`.
    pub status: String,
    /// The catalog.
    pub catalog: String,
    /// The version committed.
    pub version: Option<u64>,
    /// Schema.
    pub flavour: String,
    /// Folder names.
    pub layout: String,
    /// The first line of a summary where anything was withheld.
    pub headline: Option<String>,
    /// Sources.
    pub sources: Vec<SourceReport>,
    /// Inputs that were passed over.
    pub skipped: Vec<Skipped>,
    /// Streams.
    pub tables: Vec<TableReport>,
    /// All sources together.
    pub accounting: Accounting,
    /// Gaps found.
    pub gaps: u64,
    /// Rejects.
    pub rejects: u64,
    /// More rejects than this were not wanted.
    pub max_rejects: Option<u64>,
    /// What a user should know.
    pub notes: Vec<String>,
    /// Keys that no message declares.
    pub unknown_keys: BTreeMap<String, u64>,
    /// Topics without a type of ours.
    pub unknown_topics: BTreeMap<String, u64>,
    /// Symbols without a definition, though some were given.
    pub undefined_symbols: Vec<String>,
    /// Definitions.
    pub instruments: Vec<Definition>,
    /// Files of instruments that are new.
    pub instruments_written: usize,
    /// Where rejects are, relative to the catalog.
    pub rejects_file: Option<String>,
    /// Where gaps are, relative to the catalog.
    pub gaps_file: Option<String>,
}
