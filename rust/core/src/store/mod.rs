//! The catalog on disk: paths, Parquet files, and the redo log that makes a commit one step.

mod catalog;
mod error;
mod files;
mod log;
mod parquet;
mod paths;
mod staging;

pub use catalog::{Catalog, CommitRequest, Mode, NewFile, mark_definitions, put_definitions};
pub use error::StoreError;
pub use files::{sha256_file, sha256_file_while, sync_dir};
pub use log::{Bindings, CatalogState, Entry, FileEntry, Sidecar, SidecarKind, SourceEntry};
pub use parquet::{FileSummary, FileWriter, ROW_GROUP_ROWS, relabel};
pub use paths::{Layout, file_name, folder, id_folder, parse_file_name};
pub use staging::Staging;

/// Folder of everything of ours in a catalog.
pub const OURS: &str = "_tickwright";
