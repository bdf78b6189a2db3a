//! Bars: open, high, low, close and volume of a closed interval.

use super::columns;

/// One closed bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarRow {
    /// First price, scale 16.
    pub open: i128,
    /// Highest price, scale 16.
    pub high: i128,
    /// Lowest price, scale 16.
    pub low: i128,
    /// Last price, scale 16.
    pub close: i128,
    /// Volume in the instrument's size unit, scale 16.
    pub volume: i128,
    /// The exact close, open + interval, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of bars.
    BarColumns {
        /// Opens, scale 16.
        open: Vec<i128>,
        /// Highs, scale 16.
        high: Vec<i128>,
        /// Lows, scale 16.
        low: Vec<i128>,
        /// Closes, scale 16.
        close: Vec<i128>,
        /// Volumes, scale 16.
        volume: Vec<i128>,
        /// Exact closes, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl BarColumns {
    /// Appends one bar.
    pub fn push(&mut self, row: &BarRow) {
        self.open.push(row.open);
        self.high.push(row.high);
        self.low.push(row.low);
        self.close.push(row.close);
        self.volume.push(row.volume);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
