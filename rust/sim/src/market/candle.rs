//! Candles built from trades.

use super::book::Side;
use super::{SECOND, Trade};

/// Open, high, low, close and sums of one minute of trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// Start of the minute, ns UTC.
    pub open_ns: u64,
    /// First price, ticks; the last price before where there was no trade.
    pub open: i64,
    /// Highest price, ticks.
    pub high: i64,
    /// Lowest price, ticks.
    pub low: i64,
    /// Last price, ticks.
    pub close: i64,
    /// Sum of sizes, steps.
    pub volume: i64,
    /// Sum of size times price, steps times ticks.
    pub turnover: i128,
    /// What buyers took of the volume, steps.
    pub taker_volume: i64,
    /// What buyers took of the turnover.
    pub taker_turnover: i128,
    /// Ids of the first and the last trade.
    pub ids: Option<(u64, u64)>,
    /// Number of trades.
    pub count: u64,
    /// Sum of size divided by price, times [`INVERSE_SCALE`] (inverse contracts).
    pub inverse: i128,
    /// The part of it that buyers took.
    pub taker_inverse: i128,
}

/// Scale of [`Candle::inverse`].
pub const INVERSE_SCALE: i128 = 1_000_000_000_000_000_000;

impl Candle {
    /// How long one is, ns.
    pub const LENGTH: u64 = 60 * SECOND;

    /// A candle without trades, of the minute that `at` is in.
    #[must_use]
    pub const fn empty(at: u64, price: i64) -> Self {
        let open_ns = at / Self::LENGTH * Self::LENGTH;
        Self {
            open_ns,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            turnover: 0,
            taker_volume: 0,
            taker_turnover: 0,
            ids: None,
            count: 0,
            inverse: 0,
            taker_inverse: 0,
        }
    }

    /// The candle after it, once its minute is over at `at`.
    #[must_use]
    pub fn next(&self, at: u64) -> Option<Self> {
        let next = Self::empty(at, self.close);
        (next.open_ns != self.open_ns).then_some(next)
    }

    /// Adds a trade of its minute.
    pub fn add(&mut self, trade: &Trade) {
        if self.count == 0 {
            (self.open, self.high, self.low) = (trade.price, trade.price, trade.price);
        }
        self.high = self.high.max(trade.price);
        self.low = self.low.min(trade.price);
        self.close = trade.price;
        self.count += 1;
        self.ids = Some((self.ids.map_or(trade.id, |ids| ids.0), trade.id));
        let (turnover, inverse) = (
            i128::from(trade.size) * i128::from(trade.price),
            i128::from(trade.size) * INVERSE_SCALE / i128::from(trade.price),
        );
        self.volume += trade.size;
        self.turnover += turnover;
        self.inverse += inverse;
        if trade.taker == Side::Buy {
            self.taker_volume += trade.size;
            self.taker_turnover += turnover;
            self.taker_inverse += inverse;
        }
    }
}
