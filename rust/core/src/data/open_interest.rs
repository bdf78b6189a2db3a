//! Open interest (`tickwright.nautilus.OpenInterest`); numbers are canonical decimal text, `""` = not sent.

use super::{TextColumn, columns};

/// One value of open interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenInterestRow<'a> {
    /// The value.
    pub value: &'a str,
    /// Its unit: `base`, `contracts` or `quote`.
    pub unit: &'a str,
    /// The value in quote currency.
    pub value_quote: &'a str,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of open interest.
    OpenInterestColumns {
        /// Values.
        value: TextColumn,
        /// Units.
        unit: TextColumn,
        /// Values in quote currency.
        value_quote: TextColumn,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl OpenInterestColumns {
    /// Appends one value.
    pub fn push(&mut self, row: &OpenInterestRow<'_>) {
        self.value.push(row.value);
        self.unit.push(row.unit);
        self.value_quote.push(row.value_quote);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
