//! Liquidation orders (`tickwright.nautilus.Liquidation`); numbers are canonical decimal text, `""` = not sent.

use super::{TextColumn, columns};

/// One liquidation order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiquidationRow<'a> {
    /// Side of the liquidation *order*: `BUY` or `SELL`.
    pub side: &'a str,
    /// Price as ordered.
    pub price: &'a str,
    /// Average price of the fills.
    pub average_price: &'a str,
    /// Size filled where sent, else ordered.
    pub size: &'a str,
    /// The venue's trade id.
    pub trade_id: &'a str,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of liquidation orders.
    LiquidationColumns {
        /// Sides of the orders.
        side: TextColumn,
        /// Prices as ordered.
        price: TextColumn,
        /// Average prices.
        average_price: TextColumn,
        /// Sizes.
        size: TextColumn,
        /// The venue's trade ids.
        trade_id: TextColumn,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl LiquidationColumns {
    /// Appends one order.
    pub fn push(&mut self, row: &LiquidationRow<'_>) {
        self.side.push(row.side);
        self.price.push(row.price);
        self.average_price.push(row.average_price);
        self.size.push(row.size);
        self.trade_id.push(row.trade_id);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
