//! Values of a volatility index (`tickwright.nautilus.VolatilityIndex`); canonical decimal text, percent a year.

use super::{TextColumn, columns};

/// One value of a volatility index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolatilityIndexRow<'a> {
    /// The value.
    pub value: &'a str,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of a volatility index.
    VolatilityIndexColumns {
        /// Values.
        value: TextColumn,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl VolatilityIndexColumns {
    /// Appends one value.
    pub fn push(&mut self, row: &VolatilityIndexRow<'_>) {
        self.value.push(row.value);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
