//! What can stop a conversion; every text says what, where, and what to do.

use thiserror::Error;

use crate::capture::CaptureError;
use crate::dump::DumpError;
use crate::store::StoreError;

/// An error of a conversion.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// Options that cannot be.
    #[error("{0}")]
    Usage(String),
    /// An input that cannot be read.
    #[error("{path} {source}")]
    Input {
        /// The input.
        path: String,
        /// Why.
        source: CaptureError,
    },
    /// A dump that cannot be read.
    #[error("{path} {source}")]
    Dump {
        /// The input.
        path: String,
        /// Why.
        source: DumpError,
    },
    /// An input that no container claims.
    #[error(
        "{path} is no capture that tickwright knows ({known}), and no dump; `tickwright feeds` lists both"
    )]
    UnknownContainer {
        /// The input.
        path: String,
        /// Containers there are.
        known: String,
    },
    /// A dump where only captures are read.
    #[error(
        "{path} is a dump ({format}); this reads captures: tickwright.convert or `tickwright convert` takes dumps"
    )]
    OnlyCaptures {
        /// The input.
        path: String,
        /// Format of the dump.
        format: &'static str,
    },
    /// An archive of captures of several feeds where one recording is read.
    #[error(
        "{path} holds captures of several feeds ({held}); this reads one recording: feed= reads all of them as one feed, \
         tickwright.convert converts each by its own"
    )]
    SeveralFeeds {
        /// The input.
        path: String,
        /// Its files, and the feed of each.
        held: String,
    },
    /// An input whose feed is not clear.
    #[error(
        "{path}: which feed this is cannot be told from its URLs or frames; say it with --feed ({known})"
    )]
    UnknownFeed {
        /// The input.
        path: String,
        /// Feeds there are.
        known: String,
    },
    /// Rows that differ where they must not.
    #[error(
        "{id}: {data_type} rows of one id differ: {first}, {second}; leave one of the files out, or \
         say --conflicts first (the earlier row stays, the others are rejects) or keep (all of them stay)"
    )]
    Conflict {
        /// Type of the rows.
        data_type: String,
        /// Instrument id, or bar type.
        id: String,
        /// One row, and its file.
        first: String,
        /// The other row, and its file.
        second: String,
    },
    /// One stream from two places that are not told apart.
    #[error("{first} and {second} both give {data_type} rows of {id}: convert them apart, or leave one out")]
    SameStream {
        /// Type of the rows.
        data_type: String,
        /// Instrument id, or bar type.
        id: String,
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// No book stood at a time.
    #[error("no book stands at {}: {reason}", crate::time::iso(*at))]
    NoBook {
        /// The time, ns UTC.
        at: u64,
        /// Why, and what to do.
        reason: String,
    },
    /// Nothing to convert.
    #[error("nothing to convert: {0}")]
    NoInput(String),
    /// The catalog refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was asked to stop.
    #[error("stopped; the catalog is as it was")]
    Cancelled,
}

impl ConvertError {
    /// A dump at `path` that cannot be read.
    pub(crate) fn of_dump(path: String, error: DumpError) -> Self {
        match error {
            DumpError::Input(source) => Self::Input { path, source },
            source => Self::Dump { path, source },
        }
    }

    /// A stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::Input { source, .. } => source.code(),
            Self::UnknownContainer { .. } => "unknown_container",
            Self::OnlyCaptures { .. } => "only_captures",
            Self::SeveralFeeds { .. } => "several_feeds",
            Self::UnknownFeed { .. } => "unknown_feed",
            Self::Dump { source, .. } => source.code(),
            Self::Conflict { .. } => "conflict",
            Self::SameStream { .. } => "same_stream",
            Self::NoBook { .. } => "no_book",
            Self::NoInput(_) => "no_input",
            Self::Store(error) => error.code(),
            Self::Cancelled => "cancelled",
        }
    }

    /// The exit code of the command: 2 usage, 3 input, 4 catalog, 130 stopped.
    #[must_use]
    pub const fn exit_code(&self) -> i32 {
        match self {
            Self::Usage(_) => 2,
            Self::Input { .. }
            | Self::Dump { .. }
            | Self::SameStream { .. }
            | Self::UnknownContainer { .. }
            | Self::OnlyCaptures { .. }
            | Self::SeveralFeeds { .. }
            | Self::UnknownFeed { .. }
            | Self::Conflict { .. }
            | Self::NoBook { .. }
            | Self::NoInput(_) => 3,
            Self::Store(_) => 4,
            Self::Cancelled => 130,
        }
    }
}
