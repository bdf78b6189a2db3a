//! How every byte is accounted for.
//!
//! A frame is counted once, under its worst end; the items inside it (299 marks and one reject in an array)
//! are counted apart. Both add up, per source: see `catalog.md`, "Accounting".

use serde::{Deserialize, Serialize};

/// How a frame, or an item of one, ended. The order is that of precedence, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum End {
    /// Acks, pongs, open bars, definitions, events without a row type.
    Control,
    /// Of a type or channel that was not asked for.
    Unselected,
    /// The book was already past it.
    Stale,
    /// Seen before.
    Duplicate,
    /// No snapshot joins it.
    Withheld,
    /// It gave rows.
    Rows,
    /// It could not be taken.
    Reject,
}

/// One count per end, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// All of them.
    pub total: u64,
    /// Gave rows.
    pub rows: u64,
    /// Control.
    pub control: u64,
    /// Seen before.
    pub duplicate: u64,
    /// The book was past it.
    pub stale: u64,
    /// No snapshot joined it.
    pub withheld: u64,
    /// Not asked for.
    pub unselected: u64,
    /// Could not be taken.
    pub rejected: u64,
}

impl Ends {
    #[inline]
    fn slot(&mut self, end: End) -> &mut u64 {
        match end {
            End::Control => &mut self.control,
            End::Unselected => &mut self.unselected,
            End::Stale => &mut self.stale,
            End::Duplicate => &mut self.duplicate,
            End::Withheld => &mut self.withheld,
            End::Rows => &mut self.rows,
            End::Reject => &mut self.rejected,
        }
    }

    /// Counts `n` under `end`.
    #[inline]
    pub fn add(&mut self, end: End, n: u64) {
        *self.slot(end) += n;
        self.total += n;
    }

    fn shift(&mut self, from: End, to: End, n: u64) {
        *self.slot(from) -= n;
        *self.slot(to) += n;
    }

    fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.rows += other.rows;
        self.control += other.control;
        self.duplicate += other.duplicate;
        self.stale += other.stale;
        self.withheld += other.withheld;
        self.unselected += other.unselected;
        self.rejected += other.rejected;
    }

    /// Whether the parts make the sum.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.total
            == self.rows
                + self.control
                + self.duplicate
                + self.stale
                + self.withheld
                + self.unselected
                + self.rejected
    }
}

/// The accounting of one source, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounting {
    /// Bytes of frames, by the end of the frame.
    pub bytes: Ends,
    /// Frames.
    pub frames: Ends,
    /// Items inside frames.
    pub items: Ends,
    /// Bytes of the container around the frames: times, new lines, headers.
    pub container_bytes: u64,
}

impl Accounting {
    /// Counts one frame of `bytes` bytes.
    #[inline]
    pub fn frame(&mut self, end: End, bytes: u64) {
        self.bytes.add(end, bytes);
        self.frames.add(end, 1);
    }

    /// Moves frames, bytes and items that were counted as rows to `to`.
    pub fn withdraw(&mut self, counts: &RowCounts, to: End) {
        self.bytes.shift(End::Rows, to, counts.bytes);
        self.frames.shift(End::Rows, to, counts.frames);
        self.items.shift(End::Rows, to, counts.items);
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.bytes.merge(&other.bytes);
        self.frames.merge(&other.frames);
        self.items.merge(&other.items);
        self.container_bytes += other.container_bytes;
    }

    /// Whether every part adds up.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.bytes.adds_up() && self.frames.adds_up() && self.items.adds_up()
    }
}

/// What a stream that may yet be dropped took from one source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Items.
    pub items: u64,
}

impl RowCounts {
    /// Adds `other`.
    pub const fn add(&mut self, other: &Self) {
        self.frames += other.frames;
        self.bytes += other.bytes;
        self.items += other.items;
    }
}
