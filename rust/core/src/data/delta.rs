//! Order-book deltas: one change of one level (or order) of a book.

use super::columns;

/// Flag of the last delta of an event (Nautilus `RecordFlag.F_LAST`).
pub const F_LAST: u8 = 128;
/// Flag of every delta of a snapshot (Nautilus `RecordFlag.F_SNAPSHOT`).
pub const F_SNAPSHOT: u8 = 32;

/// What a delta does. The codes are Nautilus's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BookAction {
    /// A level that the book does not hold.
    Add = 1,
    /// A level that it holds, with a new size.
    Update = 2,
    /// The level goes.
    Delete = 3,
    /// The whole book goes.
    Clear = 4,
}

/// Side of a book. The codes are Nautilus's `OrderSide`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Side {
    /// Of a CLEAR.
    None = 0,
    /// Bids.
    Buy = 1,
    /// Asks.
    Sell = 2,
}

/// One delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaRow {
    /// What it does.
    pub action: BookAction,
    /// To which side.
    pub side: Side,
    /// Price of the level, scale 16.
    pub price: i128,
    /// New size of the level, scale 16; 0 in DELETE and CLEAR.
    pub size: i128,
    /// 0 for levels; the order's id in level 3.
    pub order_id: u64,
    /// [`F_SNAPSHOT`], [`F_LAST`].
    pub flags: u8,
    /// The venue's sequence.
    pub sequence: u64,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of deltas.
    DeltaColumns {
        /// [`BookAction`] codes.
        action: Vec<u8>,
        /// [`Side`] codes.
        side: Vec<u8>,
        /// Prices, scale 16.
        price: Vec<i128>,
        /// Sizes, scale 16.
        size: Vec<i128>,
        /// Order ids.
        order_id: Vec<u64>,
        /// Flags.
        flags: Vec<u8>,
        /// The venue's sequences.
        sequence: Vec<u64>,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl DeltaColumns {
    /// Appends one delta.
    #[inline(always)]
    pub fn push(&mut self, row: &DeltaRow) {
        self.action.push(row.action as u8);
        self.side.push(row.side as u8);
        self.price.push(row.price);
        self.size.push(row.size);
        self.order_id.push(row.order_id);
        self.flags.push(row.flags);
        self.sequence.push(row.sequence);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }

    /// Marks the last delta pushed as the end of its event.
    #[inline]
    pub fn mark_last(&mut self) {
        if let Some(flags) = self.flags.last_mut() {
            *flags |= F_LAST;
        }
    }
}
