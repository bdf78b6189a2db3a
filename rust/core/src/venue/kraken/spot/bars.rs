//! Candles: which one is over.
//!
//! Kraken sends the running candle with every trade and never says that it is over: it is when the next one opens.
//! Intervals without trades are not sent. So the last candle of each interval is kept until a later one comes; what is
//! told of one that is over already falls by its time.

use std::collections::HashMap;

use crate::decimal::Decimal;
use crate::symbol::SlotId;

/// One candle as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Candle {
    /// When it opened, ns UTC.
    pub begin: u64,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    pub volume: Decimal,
    /// Trades in it.
    pub count: u64,
}

/// The running candle of each pair and interval, in minutes.
#[derive(Debug, Default)]
pub(super) struct Running {
    held: HashMap<(SlotId, u16), Candle, foldhash::fast::RandomState>,
}

impl Running {
    /// Takes a candle; answers the one that is over now, if one is.
    pub(super) fn take(&mut self, slot: SlotId, minutes: u16, candle: Candle) -> Option<Candle> {
        let Some(held) = self.held.get_mut(&(slot, minutes)) else {
            self.held.insert((slot, minutes), candle);
            return None;
        };
        if candle.begin > held.begin {
            return Some(std::mem::replace(held, candle));
        }
        if candle.begin < held.begin {
            // Of the past, where it has an end: the venue tells it again, or it was missed.
            return Some(candle);
        }
        // What another connection brings late has fewer trades.
        if candle.count >= held.count {
            *held = candle;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_candle_is_over_when_the_next_one_opens() {
        let mut running = Running::default();
        let at = |begin, count| Candle { begin, count, ..Candle::default() };
        for (candle, over) in [
            (at(60, 1), None),
            (at(60, 3), None),
            (at(60, 2), None),
            (at(180, 1), Some(at(60, 3))),
            (at(60, 3), Some(at(60, 3))),
            (at(180, 1), None),
            (at(240, 0), Some(at(180, 1))),
        ] {
            assert_eq!(running.take(1, 1, candle), over);
        }
        assert_eq!(running.take(1, 5, at(0, 1)), None);
        assert_eq!(running.take(2, 1, at(0, 1)), None);
    }
}
