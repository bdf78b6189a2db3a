//! Streams: the columns of one (type, instrument), apart by kind of trade and by book channel until it is known
//! which of them the catalog keeps.

use std::sync::Arc;

use crate::accounting::RowCounts;
use crate::data::{AnyColumns, DataType, Decimals};

/// Raw trades, or the venue's aggregates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TradeKind {
    /// Every trade.
    Raw,
    /// Aggregates.
    Aggregate,
}

impl TradeKind {
    /// The name in options and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Aggregate => "aggregate",
        }
    }
}

/// What a stream holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    /// Type of the rows.
    pub data_type: DataType,
    /// The instrument id, or the bar type of bars.
    pub id: Arc<str>,
    /// Kind of trades, or channel of a book; empty where there is one stream only.
    pub variant: Arc<str>,
}

impl StreamKey {
    /// What the variant of a stream that is derived from a book begins with; the book's channel follows.
    pub const DERIVED: &'static str = "derived:";

    /// Whether the rows are derived, and the channel they came from.
    #[must_use]
    pub fn channel(&self) -> (bool, &str) {
        match self.variant.strip_prefix(Self::DERIVED) {
            Some(channel) => (true, channel),
            None => (false, &self.variant),
        }
    }
}

/// The growing columns of a stream.
#[derive(Debug)]
pub struct Stream {
    /// What it holds.
    pub key: StreamKey,
    /// The instrument's id (that of `key`, except for bars).
    pub instrument_id: Arc<str>,
    /// The rows since the last drain.
    pub columns: AnyColumns,
    /// Most decimals of all rows so far.
    pub decimals: Decimals,
    /// Rows so far.
    pub rows: u64,
    /// Frames, bytes and items that ended as rows here, by source: they are withdrawn if the stream is dropped.
    pub counts: Vec<(u32, RowCounts)>,
    /// Whether it is in the list of those with rows.
    pub(super) dirty: bool,
    /// Whether its rows are counted alone.
    pub(super) is_let_go: bool,
}

impl Stream {
    pub(super) fn new(key: StreamKey, instrument_id: Arc<str>) -> Self {
        let columns = AnyColumns::new(key.data_type);
        Self {
            key,
            instrument_id,
            columns,
            decimals: Decimals::default(),
            rows: 0,
            counts: Vec::new(),
            dirty: false,
            is_let_go: false,
        }
    }

    /// Lets go of its rows, those still to come as well: they are counted alone from now on.
    pub fn let_go(&mut self) {
        self.columns.clear();
        self.is_let_go = true;
    }

    #[inline]
    pub(super) fn count(&mut self, source: u32, frames: u64, bytes: u64, items: u64) {
        if self.counts.last().is_none_or(|(last, _)| *last != source) {
            self.counts.push((source, RowCounts::default()));
        }
        if let Some((_, counts)) = self.counts.last_mut() {
            counts.frames += frames;
            counts.bytes += bytes;
            counts.items += items;
        }
    }
}
