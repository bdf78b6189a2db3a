//! The catalog on disk: paths, Parquet files, and the redo log that makes a commit one step.

mod catalog;
mod chunk;
mod error;
#[cfg(test)]
mod explore;
mod files;
mod instruments;
mod log;
mod parquet;
mod paths;
mod staging;
mod storage;

pub use catalog::{Catalog, CommitRequest, Mode, NewFile, unmake};
pub use error::StoreError;
pub use files::{sha256_file_while, sha256_of};
pub use instruments::{InstrumentLeft, InstrumentsWritten, LeftWhy, write_instruments};
pub use log::{Bindings, CatalogState, Entry, FileEntry, Sidecar, SidecarKind, SourceEntry};
pub use parquet::{
    EncodedGroup, FileSummary, FileWriter, GroupEncoder, ROW_GROUP_ROWS, SavedGroup, Scratch, Unsynced,
};
pub use paths::{Layout, file_name, folder, id_folder, parse_file_name};
pub use staging::Staging;
pub use storage::{Found, LocalStorage, Output, Storage};

/// Folder of everything of ours in a catalog.
pub const OURS: &str = "_tickwright";
