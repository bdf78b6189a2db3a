//! Minutes of trades and of values, each told when it is over.

use std::io;

use super::Setting;
use super::files::Out;
use crate::decimal::Decimal;
use crate::market::{Body, Candle, Event, Instrument};
use crate::rows;
use crate::truth::RowType;

/// Bars of one minute of an instrument.
pub(crate) struct Minutes {
    id: String,
    /// The instrument.
    pub instrument: Instrument,
    candle: Candle,
}

/// A minute of trades that is over.
pub(crate) struct Bar {
    /// What was traded in it.
    pub candle: Candle,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    /// How much was traded.
    pub volume: Decimal,
}

impl Minutes {
    /// Begins in the minute that the files begin in; `id` is Nautilus's of the instrument.
    pub fn new(setting: &Setting<'_>, id: String) -> Self {
        let candle = Candle::empty(setting.start, setting.market.last_price(0));
        Self { id, instrument: setting.instrument.clone(), candle }
    }

    /// Takes what happens: trades belong to the minute at hand.
    pub fn add(&mut self, event: &Event) {
        if let Body::Trade(trade) = &event.body {
            self.candle.add(trade);
        }
    }

    /// The next bar that is over at `to`.
    pub fn over(&mut self, to: u64) -> Option<Bar> {
        let next =
            self.candle.next(self.candle.open_ns + Candle::LENGTH).filter(|next| next.open_ns <= to)?;
        let (candle, of) = (std::mem::replace(&mut self.candle, next), &self.instrument);
        let prices = [candle.open, candle.high, candle.low, candle.close].map(|price| of.price(price));
        Some(Bar { prices, volume: of.size(candle.volume), candle })
    }

    /// The row of a bar.
    pub fn tell(&self, bar: &Bar, out: &mut Out<'_>) -> io::Result<()> {
        let row = rows::bar(&self.id, "1-MINUTE-LAST-EXTERNAL", (bar.prices, bar.volume));
        out.row(RowType::Bar, &self.id, bar.candle.open_ns + Candle::LENGTH, row)
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
