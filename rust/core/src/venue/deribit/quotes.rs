//! Where a quote stands among those of its instrument: times are in milliseconds and there is no number.
//!
//! Several quotes of one time are as many quotes, in the order they come. What says the same at the same time is a repeat,
//! and so is what comes after one of a later time, or from another connection of a time that was told already
//! (`feed/newest.rs`).

use std::collections::HashMap;

use crate::decimal::Decimal;
use crate::feed::Place;
use crate::symbol::SlotId;

/// The last quote of each instrument: its time, what it said, and how many of its time there were before it.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    last: HashMap<SlotId, (u64, [i128; 4], u64), foldhash::fast::RandomState>,
}

impl Quotes {
    /// The place of a quote of `ts` ns UTC; `None`: it was told.
    pub(super) fn place(
        &mut self,
        slot: SlotId,
        ts: u64,
        [prices, sizes]: [[Decimal; 2]; 2],
    ) -> Option<Place> {
        let says = [prices[0].value, prices[1].value, sizes[0].value, sizes[1].value];
        let number = match self.last.get(&slot) {
            Some((last, said, _)) if *last == ts && *said == says => return None,
            Some((last, _, number)) if *last == ts => number + 1,
            Some((last, ..)) if *last > ts => return None,
            _ => 0,
        };
        self.last.insert(slot, (ts, says, number));
        Some(Place { time: ts, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_one_time() {
        let mut quotes = Quotes::default();
        let mut at = |ts, size: i128| {
            let size = Decimal { value: size, ..Decimal::default() };
            quotes.place(1, ts, [[size; 2]; 2]).map(|place| (place.time, place.number))
        };
        for (ts, size, want) in [
            (5, 1, Some((5, 0))),
            (5, 1, None),
            (5, 2, Some((5, 1))),
            (5, 1, Some((5, 2))),
            (6, 1, Some((6, 0))),
            (7, 1, Some((7, 0))),
            (7, 2, Some((7, 1))),
            (6, 9, None),
            (7, 2, None),
        ] {
            assert_eq!(at(ts, size), want, "{ts} {size}");
        }
    }
}
