//! Candles of venues that send the running one and never say that it is over (Kraken, Deribit): it is when the next one
//! opens.
//!
//! The last candle of each interval is kept until a later one comes, in the end state too; what is told of one that is
//! over already falls by its time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::market::Market;
use crate::decimal::{self, Decimal};
use crate::symbol::SlotId;

/// One candle as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Candle {
    /// When it opened, ns UTC.
    pub begin: u64,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    /// Volume.
    pub volume: Decimal,
    /// What only grows while it runs: the number of its trades, or its volume.
    pub progress: i128,
}

/// A candle in an end state: numbers are decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenBar {
    /// When it opened, ns UTC.
    begin: u64,
    /// Open, high, low, close.
    prices: [String; 4],
    volume: String,
    progress: String,
}

impl From<&Candle> for OpenBar {
    fn from(candle: &Candle) -> Self {
        let text = |value: Decimal| decimal::text(value.value);
        Self {
            begin: candle.begin,
            prices: candle.prices.map(text),
            volume: text(candle.volume),
            progress: candle.progress.to_string(),
        }
    }
}

impl OpenBar {
    /// The candle; `None`: a number is none.
    fn candle(&self) -> Option<Candle> {
        let decimal = |text: &String| decimal::parse(text.as_bytes()).ok();
        let [open, high, low, close] = self.prices.each_ref().map(decimal);
        Some(Candle {
            begin: self.begin,
            prices: [open?, high?, low?, close?],
            volume: decimal(&self.volume)?,
            progress: self.progress.parse().ok()?,
        })
    }
}

/// The running candle of each interval of an instrument, in minutes.
#[derive(Debug, Default)]
pub(super) struct Running {
    held: Vec<(u16, Candle)>,
}

impl Running {
    /// Takes a candle; answers the one that is over now, if one is.
    pub(super) fn take(&mut self, minutes: u16, candle: Candle) -> Option<Candle> {
        let Some((_, held)) = self.held.iter_mut().find(|(held, _)| *held == minutes) else {
            self.held.push((minutes, candle));
            return None;
        };
        if candle.begin > held.begin {
            return Some(std::mem::replace(held, candle));
        }
        if candle.begin < held.begin {
            // Of the past, where it has an end: the venue tells it again, or it was missed.
            return Some(candle);
        }
        // What another connection brings late is not as far.
        if candle.progress >= held.progress {
            *held = candle;
        }
        None
    }

    pub(super) fn end_state(&self) -> BTreeMap<u16, OpenBar> {
        self.held.iter().map(|(minutes, candle)| (*minutes, candle.into())).collect()
    }

    pub(super) fn resume(bars: &BTreeMap<u16, OpenBar>) -> Self {
        Self { held: bars.iter().filter_map(|(minutes, bar)| Some((*minutes, bar.candle()?))).collect() }
    }
}

impl Market {
    /// Takes the running candle of `minutes` of an instrument; answers the one that is over now, if one is.
    pub fn running_bar(&mut self, slot: SlotId, minutes: u16, candle: Candle) -> Option<Candle> {
        self.slots[slot as usize].running.take(minutes, candle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candle_is_over_when_the_next_one_opens() {
        let mut running = Running::default();
        let at = |begin, progress| Candle { begin, progress, ..Candle::default() };
        for (candle, over) in [
            (at(60, 1), None),
            (at(60, 3), None),
            (at(60, 2), None),
            (at(180, 1), Some(at(60, 3))),
            (at(60, 3), Some(at(60, 3))),
            (at(180, 1), None),
            (at(240, 0), Some(at(180, 1))),
        ] {
            assert_eq!(running.take(1, candle), over);
        }
        assert_eq!(running.take(5, at(0, 1)), None);
    }

    #[test]
    fn a_candle_outlives_its_recording() {
        let decimal = |text: &str| decimal::parse(text.as_bytes()).unwrap_or_default();
        let candle = Candle {
            begin: 60,
            prices: ["-0.1", "2", "0", "1.5"].map(decimal),
            volume: decimal("0.0012"),
            progress: i128::MAX,
        };
        let mut running = Running::default();
        running.take(1, candle);
        let mut again = Running::resume(&running.end_state());
        assert_eq!(again.take(1, Candle { begin: 120, ..Candle::default() }), Some(candle));
    }
}
