//! The book: prices in order, tuned for changes near the top.
//!
//! Each side is a [`Half`]; asks are kept by negated price, so that one code serves both and the best level is
//! always the one with the highest key. Keys are 8 bytes, prices at scale 8, as long as every price of the side
//! has at most eight decimals and fits; the first one that does not turns the side's keys into 16 bytes.
//!
//! The payload is what a venue needs to remember of a level beyond its size: nothing, the text as sent (for
//! checksums), or the queue of orders (level 3).

use super::half::{Change, Half};
use crate::data::Side;
use crate::decimal::narrow;
#[cfg(target_arch = "x86_64")]
use crate::lanes;

/// What a level carries beyond its size.
pub trait Payload: Default + Clone + std::fmt::Debug + Send {}
impl<T: Default + Clone + std::fmt::Debug + Send> Payload for T {}

/// What a key at scale 8 is multiplied with.
const NARROW: i128 = 10_i128.pow(8);

#[derive(Debug, Clone)]
enum Levels<P> {
    Narrow(Half<i64, P>),
    Wide(Half<i128, P>),
}

impl<P> Default for Levels<P> {
    fn default() -> Self {
        Self::Narrow(Half::default())
    }
}

impl<P: Payload> Levels<P> {
    #[inline(always)]
    fn set(&mut self, key: i128, size: i128, payload: P) -> Change {
        match self {
            Self::Narrow(half) => match narrow(key) {
                Some(key) => half.set(key, size, payload),
                None => self.widen().set(key, size, payload),
            },
            Self::Wide(half) => half.set(key, size, payload),
        }
    }

    #[cold]
    fn widen(&mut self) -> &mut Half<i128, P> {
        if let Self::Narrow(half) = self {
            let mut wide = Half::default();
            for (key, size, payload) in half.descending() {
                wide.set(i128::from(key) * NARROW, size, payload.clone());
            }
            *self = Self::Wide(wide);
        }
        match self {
            Self::Wide(half) => half,
            Self::Narrow(_) => unreachable!("made wide above"),
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Narrow(half) => half.len(),
            Self::Wide(half) => half.len(),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Narrow(half) => half.clear(),
            Self::Wide(half) => half.clear(),
        }
    }

    fn descending(&self) -> impl Iterator<Item = (i128, i128, &P)> {
        let (narrow, wide) = match self {
            Self::Narrow(half) => (Some(half), None),
            Self::Wide(half) => (None, Some(half)),
        };
        let narrow = narrow.into_iter().flat_map(Half::descending);
        let narrow = narrow.map(|(key, size, payload)| (i128::from(key) * NARROW, size, payload));
        narrow.chain(wide.into_iter().flat_map(Half::descending))
    }
}

/// An order book by price level.
#[derive(Debug, Clone, Default)]
pub struct Ladder<P: Payload = ()> {
    bids: Levels<P>,
    asks: Levels<P>,
}

impl<P: Payload> Ladder<P> {
    #[inline]
    const fn half(&mut self, side: Side) -> (&mut Levels<P>, i128) {
        if matches!(side, Side::Sell) { (&mut self.asks, -1) } else { (&mut self.bids, 1) }
    }

    #[inline]
    const fn half_ref(&self, side: Side) -> (&Levels<P>, i128) {
        if matches!(side, Side::Sell) { (&self.asks, -1) } else { (&self.bids, 1) }
    }

    /// Gives the level at `price` (scale 16) the new `size`; 0 takes it away.
    #[inline]
    pub fn set(&mut self, side: Side, price: i128, size: i128, payload: P) -> Change {
        match side {
            Side::Sell => self.asks.set(-price, size, payload),
            Side::Buy | Side::None => self.bids.set(price, size, payload),
        }
    }

    /// Makes the changes (price, size, payload) of `side` one after another and tells what each was.
    #[inline]
    pub fn apply(
        &mut self,
        side: Side,
        changes: impl Iterator<Item = (i128, i128, P)>,
        told: impl FnMut(Change),
    ) {
        #[cfg(target_arch = "x86_64")]
        if lanes::has_avx2() {
            // SAFETY: the processor has what the function is compiled for.
            #[allow(unsafe_code, reason = "a block's keys are compared four at a time")]
            return unsafe { self.apply_avx2(side, changes, told) };
        }
        self.apply_in_lanes(side, changes, told);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn apply_avx2(
        &mut self,
        side: Side,
        changes: impl Iterator<Item = (i128, i128, P)>,
        told: impl FnMut(Change),
    ) {
        self.apply_in_lanes(side, changes, told);
    }

    #[inline(always)]
    fn apply_in_lanes(
        &mut self,
        side: Side,
        changes: impl Iterator<Item = (i128, i128, P)>,
        mut told: impl FnMut(Change),
    ) {
        let (half, is_ask) = match side {
            Side::Sell => (&mut self.asks, true),
            Side::Buy | Side::None => (&mut self.bids, false),
        };
        for (price, size, payload) in changes {
            let key = if is_ask { -price } else { price };
            told(half.set(key, size, payload));
        }
    }

    /// The size at `price`, if the level is held.
    #[must_use]
    pub fn size_at(&self, side: Side, price: i128) -> Option<i128> {
        let (half, sign) = self.half_ref(side);
        match half {
            Levels::Narrow(half) => half.size_at(narrow(sign * price)?),
            Levels::Wide(half) => half.size_at(sign * price),
        }
    }

    /// The payload at `price`, to change, if the level is held.
    pub fn payload_mut(&mut self, side: Side, price: i128) -> Option<&mut P> {
        let (half, sign) = self.half(side);
        match half {
            Levels::Narrow(half) => half.payload_mut(narrow(sign * price)?),
            Levels::Wide(half) => half.payload_mut(sign * price),
        }
    }

    /// Levels of `side`, best first: price, size, payload.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (i128, i128, &P)> {
        let (half, sign) = self.half_ref(side);
        half.descending().map(move |(key, size, payload)| (sign * key, size, payload))
    }

    /// The best level of `side`: price and size.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<(i128, i128)> {
        self.levels(side).next().map(|(price, size, _)| (price, size))
    }

    /// Number of levels of `side`.
    #[must_use]
    pub const fn len(&self, side: Side) -> usize {
        self.half_ref(side).0.len()
    }

    /// Whether both sides are empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bids.len() == 0 && self.asks.len() == 0
    }

    /// Drops all levels.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Drops the levels of `side` beyond the best `depth`, giving each price dropped, best first: a venue that
    /// sends a book of fixed depth never says that they went.
    pub fn truncate(&mut self, side: Side, depth: usize, mut dropped: impl FnMut(i128)) {
        let (half, sign) = self.half(side);
        for (key, _, _) in half.descending().skip(depth) {
            dropped(sign * key);
        }
        match half {
            Levels::Narrow(half) => half.truncate(depth),
            Levels::Wide(half) => half.truncate(depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Against the obvious book: two sorted maps.
        #[test]
        fn equals_a_map(
            span in prop::sample::select(vec![20_i128, 60, 600]),
            changes in prop::collection::vec((any::<bool>(), 0_i128..600, 0_i128..5, any::<u8>()), 0..3_000),
            odd in prop::option::of(0_usize..3_000),
            depth in 1_usize..100,
        ) {
            let mut ladder: Ladder<u8> = Ladder::default();
            let mut maps: [BTreeMap<i128, (i128, u8)>; 2] = Default::default();
            for (at, (buy, price, size, payload)) in changes.into_iter().enumerate() {
                // From `odd` on the prices have more decimals than a narrow key holds.
                let price = (1 + price % span) * NARROW + i128::from(odd.is_some_and(|odd| at >= odd));
                let side = if buy { Side::Buy } else { Side::Sell };
                let map = &mut maps[usize::from(buy)];
                let held = map.contains_key(&price);
                if size == 0 { map.remove(&price); } else { map.insert(price, (size, payload)); }
                let want = match (size, held) {
                    (0, true) => Change::Removed,
                    (0, false) => Change::Absent,
                    (_, true) => Change::Updated,
                    _ => Change::Added,
                };
                prop_assert_eq!(ladder.set(side, price, size, payload), want);
                prop_assert_eq!(ladder.size_at(side, price), map.get(&price).map(|v| v.0));
                prop_assert_eq!(ladder.payload_mut(side, price).copied(), map.get(&price).map(|v| v.1));
                prop_assert_eq!(ladder.len(side), map.len());
            }
            let bids = |l: &Ladder<u8>| l.levels(Side::Buy).map(|(p, s, x)| (p, (s, *x))).collect::<Vec<_>>();
            let asks = |l: &Ladder<u8>| l.levels(Side::Sell).map(|(p, s, x)| (p, (s, *x))).collect::<Vec<_>>();
            let mut want_bids: Vec<_> = maps[1].clone().into_iter().rev().collect();
            let want_asks: Vec<_> = maps[0].clone().into_iter().collect();
            prop_assert_eq!(bids(&ladder), want_bids.clone());
            prop_assert_eq!(asks(&ladder), want_asks);
            let mut dropped = Vec::new();
            ladder.truncate(Side::Buy, depth, |price| dropped.push(price));
            let cut = want_bids.split_off(depth.min(want_bids.len()));
            prop_assert_eq!(bids(&ladder), want_bids.clone());
            prop_assert_eq!(dropped, cut.into_iter().map(|l| l.0).collect::<Vec<_>>());
            for (price, (size, payload)) in want_bids {
                prop_assert_eq!(ladder.set(Side::Buy, price, size, payload), Change::Updated);
            }
        }
    }
}
