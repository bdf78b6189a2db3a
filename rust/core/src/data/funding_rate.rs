//! Funding rates: canonical decimal text, since venues send more digits than scale 16 holds.

use super::{TextColumn, columns};

/// One funding rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingRateRow<'a> {
    /// The rate as a fraction, canonical decimal text.
    pub rate: &'a str,
    /// Minutes between fundings, where the venue says.
    pub interval: Option<u16>,
    /// The next funding, ns UTC.
    pub next_funding_ns: Option<u64>,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of funding rates.
    FundingRateColumns {
        /// Rates, canonical decimal text.
        rate: TextColumn,
        /// Minutes between fundings.
        interval: Vec<Option<u16>>,
        /// Next fundings, ns UTC.
        next_funding_ns: Vec<Option<u64>>,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl FundingRateColumns {
    /// Appends one rate.
    pub fn push(&mut self, row: &FundingRateRow<'_>) {
        self.rate.push(row.rate);
        self.interval.push(row.interval);
        self.next_funding_ns.push(row.next_funding_ns);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
