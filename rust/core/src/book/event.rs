//! Events of a book, what becomes of their frames, and what a book says beside rows.

use super::{Checksum, Derived, Gap, OrderChange, Proof, Spelt, Update};
use crate::accounting::End;
use crate::data::{ColumnSet, Decimals, DeltaColumns};
use crate::json::Level;

/// The frame an event came in: what its accounting needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PendingFrame {
    /// Number of the source.
    pub source: u32,
    /// Bytes of the frame.
    pub bytes: u64,
}

/// What a venue's decoder says of a book message, levels in the order sent.
#[derive(Debug, Clone, Copy)]
pub struct BookMessage<'a> {
    /// Bids.
    pub bids: &'a [Level],
    /// Asks.
    pub asks: &'a [Level],
    /// Of a book by order: the orders, in place of levels.
    pub orders: Option<&'a [OrderChange]>,
    /// What proves the book once it is applied.
    pub proof: Proof<'a>,
    /// Most decimals in them.
    pub decimals: Decimals,
    /// Event time, ns UTC; 0 where the message has none: the receive time.
    pub ts_event: u64,
}

impl BookMessage<'_> {
    /// Whether it says nothing.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty() && self.orders.is_none_or(<[_]>::is_empty)
    }
}

/// One update or snapshot: a message, and what is known of it beside. The message is borrowed: its parts were written a moment
/// ago, and copied they would be waited for.
#[derive(Debug, Clone, Copy)]
pub struct BookEvent<'a> {
    /// What it says.
    pub message: &'a BookMessage<'a>,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
    /// The frame.
    pub frame: PendingFrame,
}

/// A frame that had waited and now has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The frame.
    pub frame: PendingFrame,
    /// Its end.
    pub end: End,
}

/// What a book says beside rows.
#[derive(Debug, Default)]
pub struct BookNews {
    /// Most decimals in the rows.
    pub decimals: Decimals,
    /// Frames that had waited and now have an end.
    pub settled: Vec<Settled>,
    /// Holes that are over, or were never closed.
    pub gaps: Vec<Gap>,
    /// Holes just found.
    pub opened: Vec<Gap>,
    /// Events emitted later than received, to keep the book's order.
    pub clamped: u64,
    /// DELETEs of levels that were not held.
    pub unheld_deletes: u64,
}

/// Where rows and news go.
#[derive(Debug)]
pub struct BookOutput<'o> {
    /// Rows are appended here.
    pub rows: &'o mut DeltaColumns,
    /// The rest.
    pub news: &'o mut BookNews,
    /// What is derived from the book, where something is.
    pub derived: Option<&'o mut Derived>,
}

/// An event that waits, its levels copied.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) update: Update,
    pub(super) levels: Vec<Level>,
    orders: Option<Vec<OrderChange>>,
    written: Vec<Spelt>,
    checksum: Option<Checksum>,
    depth: usize,
    bids: usize,
    decimals: Decimals,
    ts_event: u64,
    pub(super) ts_init: u64,
    pub(super) frame: PendingFrame,
}

impl Kept {
    pub(super) fn new(update: Update, event: &BookEvent<'_>) -> Self {
        let &BookMessage { bids, asks, orders, proof, decimals, .. } = event.message;
        Self {
            update,
            levels: [bids, asks].concat(),
            orders: orders.map(<[_]>::to_vec),
            written: [proof.bids, proof.asks].concat(),
            checksum: proof.checksum,
            depth: proof.depth,
            bids: bids.len(),
            decimals,
            ts_event: event.ts_event,
            ts_init: event.ts_init,
            frame: event.frame,
        }
    }

    pub(super) fn message(&self) -> BookMessage<'_> {
        let (bids, asks) = self.levels.split_at(self.bids);
        let (bids_written, asks_written) = self.written.split_at(self.bids.min(self.written.len()));
        let (checksum, depth) = (self.checksum, self.depth);
        BookMessage {
            bids,
            asks,
            orders: self.orders.as_deref(),
            proof: Proof { bids: bids_written, asks: asks_written, checksum, depth },
            decimals: self.decimals,
            ts_event: self.ts_event,
        }
    }

    /// The event whose message is [its own](Self::message).
    pub(super) const fn event<'a>(&self, message: &'a BookMessage<'a>) -> BookEvent<'a> {
        BookEvent { message, ts_event: self.ts_event, ts_init: self.ts_init, frame: self.frame }
    }
}

/// A level of size 0 in a snapshot says nothing: the book is empty there already.
#[cold]
pub(super) fn without_empty(levels: &[Level], written: &[Spelt]) -> (Vec<Level>, Vec<Spelt>) {
    let is_held = |level: &&Level| level.size != 0;
    let texts = levels.iter().zip(written).filter(|(level, _)| is_held(level)).map(|(_, text)| *text);
    (levels.iter().filter(is_held).copied().collect(), texts.collect())
}

/// Where rows and news stood before an event, which its checksum may yet take back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Undo {
    rows: usize,
    decimals: Decimals,
    clamped: u64,
    unheld_deletes: u64,
}

impl Undo {
    #[inline(always)]
    pub(super) const fn to(out: &BookOutput<'_>) -> Self {
        let BookNews { decimals, clamped, unheld_deletes, .. } = *out.news;
        Self { rows: out.rows.action.len(), decimals, clamped, unheld_deletes }
    }

    pub(super) fn run(self, out: &mut BookOutput<'_>) {
        out.rows.truncate(self.rows);
        let Self { decimals, clamped, unheld_deletes, .. } = self;
        (out.news.decimals, out.news.clamped, out.news.unheld_deletes) = (decimals, clamped, unheld_deletes);
    }
}
