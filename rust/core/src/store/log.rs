//! The commit log: one immutable JSON object a version, and what all of them together say of a catalog.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::accounting::Accounting;

/// A data file that a commit adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Where it was staged, relative to the catalog.
    pub staged: String,
    /// Where it goes, relative to the catalog.
    pub target: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Type of the rows, by name.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Instrument id, or bar type.
    pub id: String,
    /// First receive time, ns UTC.
    pub start_ns: u64,
    /// Last receive time, ns UTC.
    pub end_ns: u64,
    /// Decimals of prices.
    pub price_precision: u8,
    /// Decimals of sizes.
    pub size_precision: u8,
}

/// What a file beside the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SidecarKind {
    /// Gaps, Parquet.
    Gaps,
    /// Rejects, NDJSON, zstd.
    Rejects,
    /// End states of books and streams, JSON, zstd.
    State,
    /// Instrument definitions, JSON.
    Definitions,
}

/// A file beside the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// What it is.
    pub kind: SidecarKind,
    /// Where it was staged, relative to the catalog.
    pub staged: String,
    /// Where it goes, relative to the catalog.
    pub target: String,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// A folder that a commit puts in place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderEntry {
    /// Where it was staged, relative to the catalog.
    pub staged: String,
    /// Where it goes, relative to the catalog.
    pub target: String,
    /// Every file in it: name and bytes.
    pub files: Vec<(String, u64)>,
}

/// A source that a commit took rows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Its name.
    pub name: String,
    /// Bytes of the file.
    pub bytes_file: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Feed.
    pub feed: String,
    /// Container.
    pub container: String,
    /// Whether it was cut short.
    pub truncated: bool,
    /// Its accounting.
    pub accounting: Accounting,
}

/// What is bound for an instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings {
    /// Kind of trades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trades: Option<String>,
    /// Channel of the book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book: Option<String>,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its version.
    pub version: u64,
    /// Version of the decoder.
    pub decoder: String,
    /// When, ns UTC.
    pub created_ns: u64,
    /// Flavour of the catalog.
    pub flavour: String,
    /// Layout of the catalog.
    pub layout: String,
    /// Folder of the staged files, relative to the catalog.
    pub staging: String,
    /// Files added.
    pub files: Vec<FileEntry>,
    /// Targets of files that were there and are not any more (or have another footer now).
    #[serde(default)]
    pub removed: Vec<String>,
    /// Folders replaced as a whole.
    #[serde(default)]
    pub folders: Vec<FolderEntry>,
    /// Files beside the data.
    #[serde(default)]
    pub sidecars: Vec<Sidecar>,
    /// Sources.
    #[serde(default)]
    pub sources: Vec<SourceEntry>,
    /// Bindings of instruments.
    #[serde(default)]
    pub bindings: BTreeMap<String, Bindings>,
    /// Gaps found.
    #[serde(default)]
    pub gaps: u64,
    /// Rejects.
    #[serde(default)]
    pub rejects: u64,
}

/// What the log says of a catalog.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogState {
    /// The last version; 0 before the first.
    pub version: u64,
    /// Flavour and layout, once there is a commit.
    pub format: Option<(String, String)>,
    /// Files by target.
    pub files: BTreeMap<String, FileEntry>,
    /// Version that brought each source, by SHA-256.
    pub sources: BTreeMap<String, u64>,
    /// Bytes of each source's file.
    pub source_bytes: BTreeSet<u64>,
    /// Bindings by instrument id.
    pub bindings: BTreeMap<String, Bindings>,
    /// The newest end states, relative to the catalog.
    pub state: Option<String>,
    /// Instrument definitions, relative to the catalog, by version.
    pub definitions: BTreeMap<u64, String>,
}

impl CatalogState {
    /// Takes the next entry.
    pub fn apply(&mut self, entry: &Entry) {
        self.version = entry.version;
        self.format = Some((entry.flavour.clone(), entry.layout.clone()));
        for target in &entry.removed {
            self.files.remove(target);
        }
        for file in &entry.files {
            self.files.insert(file.target.clone(), file.clone());
        }
        for source in &entry.sources {
            self.sources.insert(source.sha256.clone(), entry.version);
            self.source_bytes.insert(source.bytes_file);
        }
        for (id, bound) in &entry.bindings {
            let held = self.bindings.entry(id.clone()).or_default();
            held.trades = bound.trades.clone().or_else(|| held.trades.take());
            held.book = bound.book.clone().or_else(|| held.book.take());
        }
        if let Some(state) = entry.sidecars.iter().find(|s| s.kind == SidecarKind::State) {
            self.state = Some(state.target.clone());
        }
        if let Some(sidecar) = entry.sidecars.iter().find(|s| s.kind == SidecarKind::Definitions) {
            self.definitions.insert(entry.version, sidecar.target.clone());
        }
    }

    /// Precision held of a type's files of an id: price and size.
    #[must_use]
    pub fn precision(&self, data_type: &str, id: &str) -> Option<(u8, u8)> {
        let of = |f: &&FileEntry| f.data_type == data_type && f.id == id;
        self.files.values().find(of).map(|f| (f.price_precision, f.size_precision))
    }
}
