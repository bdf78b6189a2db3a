//! Quotes: the best bid and ask of an instrument.

use serde::{Deserialize, Serialize};

use super::columns;
use crate::decimal::Decimal;

/// One quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteRow {
    /// Best bid price, scale 16.
    pub bid_price: i128,
    /// Best ask price, scale 16.
    pub ask_price: i128,
    /// Size at the best bid, scale 16.
    pub bid_size: i128,
    /// Size at the best ask, scale 16.
    pub ask_size: i128,
    /// When the venue says it was so, ns UTC.
    pub ts_event: u64,
    /// When it was received, ns UTC.
    pub ts_init: u64,
}

impl QuoteRow {
    /// Of the best bid and ask.
    #[inline(always)]
    #[must_use]
    pub const fn of(prices: [Decimal; 2], sizes: [Decimal; 2], ts_event: u64, ts_init: u64) -> Self {
        let ([bid, ask], [bid_size, ask_size]) = (prices, sizes);
        Self {
            bid_price: bid.value,
            ask_price: ask.value,
            bid_size: bid_size.value,
            ask_size: ask_size.value,
            ts_event,
            ts_init,
        }
    }
}

columns! {
    /// Columns of quotes.
    QuoteColumns {
        /// Best bid prices, scale 16.
        bid_price: Vec<i128>,
        /// Best ask prices, scale 16.
        ask_price: Vec<i128>,
        /// Sizes at the best bid, scale 16.
        bid_size: Vec<i128>,
        /// Sizes at the best ask, scale 16.
        ask_size: Vec<i128>,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl QuoteColumns {
    /// Appends one quote.
    #[inline]
    pub fn push(&mut self, row: &QuoteRow) {
        self.bid_price.push(row.bid_price);
        self.ask_price.push(row.ask_price);
        self.bid_size.push(row.bid_size);
        self.ask_size.push(row.ask_size);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
