//! Mark and index prices: one value at a time.

use super::columns;

/// One mark or index price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceUpdateRow {
    /// The price, scale 16.
    pub value: i128,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of mark or index prices.
    PriceUpdateColumns {
        /// Prices, scale 16.
        value: Vec<i128>,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl PriceUpdateColumns {
    /// Appends one price.
    pub fn push(&mut self, row: &PriceUpdateRow) {
        self.value.push(row.value);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
