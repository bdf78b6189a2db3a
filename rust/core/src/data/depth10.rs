//! The ten best levels of each side of a book, as one row.

use serde::{Deserialize, Serialize};

use super::{ColumnSet, Physical};

/// One level of a [`Depth10Row`]; all zero where the side has fewer levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthLevel {
    /// Price, scale 16.
    pub price: i128,
    /// Size, scale 16.
    pub size: i128,
    /// Orders in it; 1 where the venue does not say, 0 for no level.
    pub count: u32,
}

/// The ten best levels of each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth10Row {
    /// Bids, best first.
    pub bids: [DepthLevel; 10],
    /// Asks, best first.
    pub asks: [DepthLevel; 10],
    /// Flags, as of deltas.
    pub flags: u8,
    /// The venue's sequence.
    pub sequence: u64,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

/// Columns of ten-level depths: one per side, level and value.
#[derive(Debug, Clone, Default)]
pub struct Depth10Columns {
    /// Bid prices by level, scale 16.
    pub bid_price: [Vec<i128>; 10],
    /// Ask prices by level, scale 16.
    pub ask_price: [Vec<i128>; 10],
    /// Bid sizes by level, scale 16.
    pub bid_size: [Vec<i128>; 10],
    /// Ask sizes by level, scale 16.
    pub ask_size: [Vec<i128>; 10],
    /// Bid order counts by level.
    pub bid_count: [Vec<u32>; 10],
    /// Ask order counts by level.
    pub ask_count: [Vec<u32>; 10],
    /// Flags.
    pub flags: Vec<u8>,
    /// The venue's sequences.
    pub sequence: Vec<u64>,
    /// Event times, ns UTC.
    pub ts_event: Vec<u64>,
    /// Receive times, ns UTC.
    pub ts_init: Vec<u64>,
}

impl Depth10Columns {
    /// Appends one row.
    pub fn push(&mut self, row: &Depth10Row) {
        for level in 0..10 {
            self.bid_price[level].push(row.bids[level].price);
            self.ask_price[level].push(row.asks[level].price);
            self.bid_size[level].push(row.bids[level].size);
            self.ask_size[level].push(row.asks[level].size);
            self.bid_count[level].push(row.bids[level].count);
            self.ask_count[level].push(row.asks[level].count);
        }
        self.flags.push(row.flags);
        self.sequence.push(row.sequence);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}

impl ColumnSet for Depth10Columns {
    fn physical(&self) -> Vec<&dyn Physical> {
        let mut all: Vec<&dyn Physical> = Vec::with_capacity(64);
        for side in [&self.bid_price, &self.ask_price, &self.bid_size, &self.ask_size] {
            all.extend(side.iter().map(|c| c as &dyn Physical));
        }
        for side in [&self.bid_count, &self.ask_count] {
            all.extend(side.iter().map(|c| c as &dyn Physical));
        }
        all.extend([&self.flags as &dyn Physical, &self.sequence, &self.ts_event, &self.ts_init]);
        all
    }

    fn physical_mut(&mut self) -> Vec<&mut dyn Physical> {
        let mut all: Vec<&mut dyn Physical> = Vec::with_capacity(64);
        for side in [&mut self.bid_price, &mut self.ask_price, &mut self.bid_size, &mut self.ask_size] {
            all.extend(side.iter_mut().map(|c| c as &mut dyn Physical));
        }
        for side in [&mut self.bid_count, &mut self.ask_count] {
            all.extend(side.iter_mut().map(|c| c as &mut dyn Physical));
        }
        all.push(&mut self.flags);
        all.push(&mut self.sequence);
        all.push(&mut self.ts_event);
        all.push(&mut self.ts_init);
        all
    }

    fn names(&self) -> Vec<&'static str> {
        let sides = ["bid_price", "ask_price", "bid_size", "ask_size", "bid_count", "ask_count"];
        let levels = sides.into_iter().flat_map(|name| [name; 10]);
        levels.chain(["flags", "sequence", "ts_event", "ts_init"]).collect()
    }

    fn ts_init(&self) -> &[u64] {
        &self.ts_init
    }

    fn truncate(&mut self, rows: usize) {
        self.physical_mut().into_iter().for_each(|column| column.truncate(rows));
    }
}
