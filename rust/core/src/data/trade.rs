//! Trades: one execution, or the venue's aggregate of several.

use super::{TextColumn, columns};

/// Who took liquidity. The codes are Nautilus's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum AggressorSide {
    /// Not known.
    None = 0,
    /// The buyer.
    Buyer = 1,
    /// The seller.
    Seller = 2,
}

/// One trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRow<'a> {
    /// Price, scale 16.
    pub price: i128,
    /// Size, scale 16.
    pub size: i128,
    /// Who took liquidity.
    pub aggressor_side: AggressorSide,
    /// The venue's id, as text.
    pub trade_id: &'a str,
    /// When the venue says it happened, ns UTC.
    pub ts_event: u64,
    /// When it was received, ns UTC.
    pub ts_init: u64,
}

columns! {
    /// Columns of trades.
    TradeColumns {
        /// Prices, scale 16.
        price: Vec<i128>,
        /// Sizes, scale 16.
        size: Vec<i128>,
        /// [`AggressorSide`] codes.
        aggressor_side: Vec<u8>,
        /// The venue's ids.
        trade_id: TextColumn,
        /// Event times, ns UTC.
        ts_event: Vec<u64>,
        /// Receive times, ns UTC.
        ts_init: Vec<u64>,
    }
}

impl TradeColumns {
    /// Appends one trade.
    #[inline]
    pub fn push(&mut self, row: &TradeRow<'_>) {
        self.price.push(row.price);
        self.size.push(row.size);
        self.aggressor_side.push(row.aggressor_side as u8);
        self.trade_id.push(row.trade_id);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }

    /// Appends one trade whose id is the number `id`, whose digits are at hand.
    #[inline]
    pub(crate) fn push_digits(&mut self, row: &TradeRow<'_>, id: u64, digits: &[u8]) {
        if digits.len() > 1 && digits[0] == b'0' {
            // With a zero in front the text is not the number's.
            return self.push_numbered(row, id);
        }
        self.price.push(row.price);
        self.size.push(row.size);
        self.aggressor_side.push(row.aggressor_side as u8);
        self.trade_id.push_digits(digits);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }

    /// Appends one trade whose id is a number (`row.trade_id` is not looked at).
    #[inline]
    pub fn push_numbered(&mut self, row: &TradeRow<'_>, id: u64) {
        self.price.push(row.price);
        self.size.push(row.size);
        self.aggressor_side.push(row.aggressor_side as u8);
        self.trade_id.push_u64(id);
        self.ts_event.push(row.ts_event);
        self.ts_init.push(row.ts_init);
    }
}
