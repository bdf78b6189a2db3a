//! Minutes of trades and of values, each told when it is over.

use crate::market::{Candle, Trade};

/// Candles of one minute.
pub(crate) struct Minutes {
    candle: Candle,
}

impl Minutes {
    /// Begins in the minute of `start`, ns UTC, at a price.
    pub const fn new(start: u64, price: i64) -> Self {
        Self { candle: Candle::empty(start, price) }
    }

    /// Adds a trade of the minute at hand.
    pub fn add(&mut self, trade: &Trade) {
        self.candle.add(trade);
    }

    /// The next candle that is over at `to`.
    pub fn over(&mut self, to: u64) -> Option<Candle> {
        let next = self.candle.next(self.candle.open_ns + Candle::LENGTH)?;
        (next.open_ns <= to).then(|| std::mem::replace(&mut self.candle, next))
    }
}

/// Open, high, low and close of what is valued time and again.
pub(crate) struct Valued {
    open_ns: u64,
    prices: Option<([i128; 4], u64)>,
}

/// One minute of values.
pub(crate) struct Minute {
    /// When it began, ns UTC.
    pub open_ns: u64,
    /// When it is over, ns UTC.
    pub close_ns: u64,
    /// Open, high, low, close.
    pub prices: [i128; 4],
    /// How many values.
    pub count: u64,
}

impl Valued {
    /// Begins in the minute of `start`, ns UTC.
    pub const fn new(start: u64) -> Self {
        Self { open_ns: start / Candle::LENGTH * Candle::LENGTH, prices: None }
    }

    /// Adds a value of the minute at hand.
    pub fn add(&mut self, value: i128) {
        let ([_, high, low, close], count) = self.prices.get_or_insert(([value; 4], 0));
        (*high, *low, *close) = ((*high).max(value), (*low).min(value), value);
        *count += 1;
    }

    /// The next minute with values that is over at `to`.
    pub fn over(&mut self, to: u64) -> Option<Minute> {
        while self.open_ns + Candle::LENGTH <= to {
            let open_ns = self.open_ns;
            self.open_ns += Candle::LENGTH;
            if let Some((prices, count)) = self.prices.take() {
                return Some(Minute { open_ns, close_ns: self.open_ns, prices, count });
            }
        }
        None
    }
}
