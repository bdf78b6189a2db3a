//! Holes in a book's stream: why there is one, where, and what is to be done about it.

/// What to do about a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnGap {
    /// Keep updates back until a snapshot joins.
    #[default]
    Withhold,
    /// CLEAR, then what comes: incomplete, never stale.
    Rebuild,
    /// Go on as if nothing were missing; the gap is recorded.
    Continue,
}

/// Why there is a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapCause {
    /// The ids do not join.
    Sequence,
    /// The book is not what the venue's checksum says.
    Checksum,
    /// No snapshot ever joined the stream.
    NoSnapshot,
    /// Rows of a dump are numbered one after another, and some are not there.
    MissingRows,
}

impl GapCause {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Checksum => "checksum",
            Self::NoSnapshot => "no_snapshot",
            Self::MissingRows => "missing_rows",
        }
    }
}

/// A hole in a book's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Why.
    pub cause: GapCause,
    /// The last id before it; 0 when there was none.
    pub from_sequence: u64,
    /// The first id after it.
    pub to_sequence: u64,
    /// Receive time of the last event before it, ns UTC; 0 when there was none.
    pub from_ns: u64,
    /// Receive time of the first event after it, ns UTC.
    pub to_ns: u64,
    /// Receive time of what ended it, ns UTC; 0 while it is open.
    pub resolved_ns: u64,
    /// What ended it: `snapshot`, `late_update`, `rebuild`, `continue`, or `` while it is open.
    pub resolution: &'static str,
    /// Events withheld because of it.
    pub withheld: u64,
}
