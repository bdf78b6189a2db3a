//! What can go wrong with a catalog; every text says what, where, and what to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An error of the store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("{}: {source}{}", path.display(), advice(source))]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The output exists and is something else.
    #[error("{} is neither empty nor a Nautilus catalog; give a new folder, or one with `data/` in it", path.display())]
    NotACatalog {
        /// The folder.
        path: PathBuf,
    },
    /// The catalog has another flavour or layout.
    #[error(
        "{} holds {held}, and {asked} was asked for; use --flavour and --layout as the catalog has them, or another folder",
        path.display()
    )]
    OtherFlavour {
        /// The catalog.
        path: PathBuf,
        /// What it holds.
        held: String,
        /// What was asked for.
        asked: String,
    },
    /// New rows overlap rows that are there.
    #[error(
        "{data_type} of {instrument_id} from {start} to {end} overlaps {file}; --replace puts the new rows in place of the old ones, --append-after keeps only rows after them"
    )]
    Overlap {
        /// Type of the rows.
        data_type: String,
        /// Instrument id.
        instrument_id: String,
        /// First new receive time, ISO 8601.
        start: String,
        /// Last new receive time, ISO 8601.
        end: String,
        /// A file it overlaps.
        file: String,
    },
    /// New rows overlap rows that somebody else put there.
    #[error(
        "{data_type} of {instrument_id} overlaps {file}, which is not tickwright's and is never touched; --append-after keeps only rows after it"
    )]
    ForeignOverlap {
        /// Type of the rows.
        data_type: String,
        /// Instrument id.
        instrument_id: String,
        /// A file it overlaps.
        file: String,
    },
    /// Two ids share a folder.
    #[error("{first} and {second} would share the folder {folder}; convert one of them into another catalog")]
    Collision {
        /// One id.
        first: String,
        /// The other.
        second: String,
        /// The folder.
        folder: String,
    },
    /// A part of the catalog is a link.
    #[error(
        "{} is a link, which may lead out of the catalog; put a folder in its place, or give what it leads to as the catalog",
        path.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// An id that cannot name a folder.
    #[error("`{id}` cannot name a folder")]
    UnsafeName {
        /// The id, escaped.
        id: String,
    },
    /// A file of ours is damaged.
    #[error("{}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another writer committed first, again and again.
    #[error("{}: another conversion committed to it meanwhile, {what}; run the same command again", path.display())]
    Busy {
        /// The catalog.
        path: PathBuf,
        /// Why this one cannot follow.
        what: String,
    },
    /// A Parquet file cannot be written or read.
    #[error("{}: {reason}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// What to do about an I/O error, where that is known.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; the catalog is as of its last commit: make room and run the same command again"
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; give a catalog in a folder that can be written"
        }
        _ => "",
    }
}

impl StoreError {
    /// A stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                "no_space"
            }
            Self::Io { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => "read_only",
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => "read_only",
            Self::Io { .. } => "io",
            Self::NotACatalog { .. } => "not_a_catalog",
            Self::OtherFlavour { .. } => "other_flavour",
            Self::Overlap { .. } | Self::ForeignOverlap { .. } => "overlap",
            Self::Collision { .. } => "id_collision",
            Self::UnsafeName { .. } => "unsafe_name",
            Self::Link { .. } => "link",
            Self::Damaged { .. } => "damaged",
            Self::Busy { .. } => "busy",
            Self::Parquet { .. } => "parquet",
        }
    }

    /// Wraps an I/O error with its path.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
