//! What an instrument told last of the types without ids, so that what is brought again is told once.
//!
//! All of it is part of the end state: what two recordings of a stream hold counts once, and what the first of them
//! told is known to the second.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use super::market::Market;
use super::seen::{Fnv1a, SeenIds};
use crate::data::{DataType, LiquidationRow};
use crate::symbol::SlotId;

/// The last time of each type, and what was said then.
#[derive(Debug, Default)]
pub(super) struct LastTold {
    times: [u64; DataType::ALL.len()],
    /// Hashes; 0: not known.
    said: [u64; DataType::ALL.len()],
    /// What answers about the past told, by type, counted in steps of time.
    past: BTreeMap<u8, SeenIds>,
}

/// Last times and hashes of what was said then, and ranges of the past, by type.
type Told = (BTreeMap<u8, u64>, BTreeMap<u8, u64>, BTreeMap<u8, Vec<(u64, u64)>>);

impl LastTold {
    /// Whether a value is one more of its type: one whose time is before the last one's was told before, and so was
    /// one of the same time that says the same.
    pub(super) fn takes(&mut self, data_type: DataType, ts_event: u64, says: impl Hash) -> bool {
        let (last, last_said) = (&mut self.times[data_type as usize], &mut self.said[data_type as usize]);
        let said = stable_hash(says);
        let is_again = ts_event == *last && (*last_said == said || *last_said == 0);
        if ts_event < *last || is_again {
            return false;
        }
        (*last, *last_said) = (ts_event, said);
        true
    }

    /// Whether a value of an answer about the past, which lists one each `step` ns or fewer, was not told by another. What
    /// is listed newest first, and after the stream has begun, is no less one more.
    pub(super) fn takes_past(&mut self, data_type: DataType, ts_event: u64, step: u64) -> bool {
        self.past.entry(data_type as u8).or_default().insert(ts_event / step)
    }

    /// Of the types that told anything.
    pub(super) fn end_state(&self) -> Told {
        let known = |values: &[u64]| {
            let known = values.iter().enumerate().filter(|(_, value)| **value > 0);
            known.map(|(at, value)| (at as u8, *value)).collect()
        };
        let past = self.past.iter().map(|(at, seen)| (*at, seen.newest_ranges())).collect();
        (known(&self.times), known(&self.said), past)
    }

    pub(super) fn resume((times, said, past): Told) -> Self {
        let past = past.into_iter().map(|(at, ranges)| (at, SeenIds::from_ranges(ranges))).collect();
        let mut told = Self { past, ..Self::default() };
        for (held, values) in [(&mut told.times, times), (&mut told.said, said)] {
            for (at, value) in values {
                if let Some(held) = held.get_mut(usize::from(at)) {
                    *held = value;
                }
            }
        }
        told
    }
}

/// The last liquidation orders, by hashes of what they say: their channels have no ids.
#[derive(Debug, Default)]
pub(super) struct Liquidations {
    /// Oldest first.
    recent: Vec<u64>,
}

impl Liquidations {
    const MAX: usize = 64;

    /// Whether an order was not told before.
    pub(super) fn takes(&mut self, row: &LiquidationRow<'_>) -> bool {
        let says = (row.side, row.price, row.average_price, row.size, row.trade_id, row.ts_event);
        let said = stable_hash(says);
        if self.recent.contains(&said) {
            return false;
        }
        if self.recent.len() == Self::MAX {
            self.recent.remove(0);
        }
        self.recent.push(said);
        true
    }

    pub(super) fn end_state(&self) -> Vec<u64> {
        self.recent.clone()
    }

    pub(super) fn resume(mut recent: Vec<u64>) -> Self {
        recent.drain(..recent.len().saturating_sub(Self::MAX));
        Self { recent }
    }
}

/// What an instrument's messages say of its state: whether it trades.
#[derive(Debug, Default)]
pub(super) struct LastStatus {
    /// When it was said last, ns UTC.
    pub(super) ts: u64,
    /// As the venue calls it.
    pub(super) state: String,
}

impl LastStatus {
    /// Whether the state said at `ts` is another than the last one; what is older says nothing of now.
    pub(super) fn changes(&mut self, state: &str, ts: u64) -> bool {
        if ts < self.ts {
            return false;
        }
        self.ts = ts;
        let changes = self.state != state;
        if changes {
            state.clone_into(&mut self.state);
        }
        changes
    }
}

impl Market {
    /// Whether the state that `slot` was said to be in at `ts` ns UTC, as the venue calls it, is another than the last.
    pub fn status_changes(&mut self, slot: SlotId, state: &str, ts: u64) -> bool {
        self.slots[slot as usize].last_status.changes(state, ts)
    }

    /// Binds `what` of an instrument, which may come in several ways, to the first that comes: whether it is `to`.
    pub fn bind(&mut self, slot: SlotId, what: &str, to: &str) -> bool {
        let bound = &mut self.slots[slot as usize].bound;
        match bound.iter().find(|(held, _)| **held == *what) {
            Some((_, held)) => **held == *to,
            None => {
                bound.push((what.into(), to.into()));
                true
            }
        }
    }

    /// Whether `what` of an instrument was bound.
    #[must_use]
    pub fn is_bound(&self, slot: SlotId, what: &str) -> bool {
        self.slots[slot as usize].bound.iter().any(|(held, _)| **held == *what)
    }
}

/// The same in every build: end states keep it.
fn stable_hash(value: impl Hash) -> u64 {
    let mut hasher = Fnv1a::default();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_time() {
        let mut told = LastTold::default();
        let mut takes = |ts, says: &str| told.takes(DataType::OpenInterest, ts, says);
        assert!(takes(5, "a"));
        assert!(!takes(5, "a") && takes(5, "b") && !takes(4, "c") && takes(6, "b"));
        let mut again = LastTold::resume(told.end_state());
        assert!(!again.takes(DataType::OpenInterest, 6, "b"));
        assert!(again.takes(DataType::OpenInterest, 6, "c") && again.takes(DataType::MarkPrice, 1, "b"));
        // As an older version left it: what was said is not known.
        let (times, ..) = told.end_state();
        let mut older = LastTold::resume((times, BTreeMap::new(), BTreeMap::new()));
        assert!(!older.takes(DataType::OpenInterest, 6, "c"));
    }

    #[test]
    fn the_past_may_come_newest_first() {
        let mut told = LastTold::default();
        assert!(told.takes(DataType::OpenInterest, 95, "a"));
        for (ts, want) in [(80, true), (90, true), (60, true), (70, true), (80, false), (95, false)] {
            assert_eq!(told.takes_past(DataType::OpenInterest, ts, 10), want, "{ts}");
        }
        let mut again = LastTold::resume(told.end_state());
        assert!(!again.takes_past(DataType::OpenInterest, 60, 10));
        assert!(again.takes_past(DataType::OpenInterest, 50, 10));
        assert!(again.takes_past(DataType::FundingRate, 60, 10));
    }

    #[test]
    fn states_that_change() {
        let mut last = LastStatus::default();
        for (state, ts, want) in [
            ("live", 5, true),
            ("live", 6, false),
            ("suspend", 4, false),
            ("suspend", 6, true),
            ("live", 7, true),
        ] {
            assert_eq!(last.changes(state, ts), want, "{state} {ts}");
        }
    }

    #[test]
    fn hashes_are_those_of_every_build() {
        assert_eq!(stable_hash(0x0061_u16.to_le_bytes()), stable_hash([0x61_u8, 0]));
        assert_eq!(stable_hash(1_u8), 0xAF63_BC4C_8601_B62C);
    }
}
