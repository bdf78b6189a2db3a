//! The book: prices in order, tuned for changes near the top.
//!
//! Each side is [`Levels`]; asks are kept by negated price, so that one code serves both and the best level is
//! always the one with the highest key.
//!
//! The payload is what a venue needs to remember of a level beyond its size: nothing, the text as sent (for
//! checksums), or the queue of orders (level 3).

use super::half::Change;
use super::levels::Levels;
use crate::data::Side;
#[cfg(target_arch = "x86_64")]
use crate::lanes;

/// So many changes of a side are few.
const FEW: usize = 4;

/// What a level carries beyond its size.
pub trait Payload: Default + Clone + std::fmt::Debug + Send {}
impl<T: Default + Clone + std::fmt::Debug + Send> Payload for T {}

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
    #[inline(never)]
    pub fn set(&mut self, side: Side, price: i128, size: i128, payload: P) -> Change {
        let mut what = Change::Absent;
        self.apply(side, std::iter::once((price, size, payload)), |change| what = change);
        what
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

    /// The same, by nearest way where they are few and among the best levels: a call takes longer than a change.
    #[inline(always)]
    pub fn apply_few(
        &mut self,
        side: Side,
        changes: impl ExactSizeIterator<Item = (i128, i128, P)>,
        mut told: impl FnMut(Change),
    ) {
        if changes.len() > FEW {
            return self.apply(side, changes, told);
        }
        for (price, size, payload) in changes {
            let near = match side {
                Side::Sell => self.asks.set_near(-price, size, &payload),
                Side::Buy | Side::None => self.bids.set_near(price, size, &payload),
            };
            told(near.unwrap_or_else(|| self.set(side, price, size, payload)));
        }
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
        half.size_at(sign * price)
    }

    /// The payload at `price`, to change, if the level is held.
    pub fn payload_mut(&mut self, side: Side, price: i128) -> Option<&mut P> {
        let (half, sign) = self.half(side);
        half.payload_mut(sign * price)
    }

    /// Levels of `side`, best first: price, size, payload.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (i128, i128, &P)> {
        let (half, sign) = self.half_ref(side);
        half.descending().map(move |(key, size, payload)| (sign * key, size, payload))
    }

    /// Gives the payloads of up to `n` levels of `side`, best first.
    #[inline(always)]
    pub fn best_payloads(&self, side: Side, n: usize, give: impl FnMut(&P)) {
        self.half_ref(side).0.best_payloads(n, give);
    }

    /// Gives up to `n` levels of `side`, best first: price, size, and the payload, to change.
    pub fn best_mut(&mut self, side: Side, n: usize, mut give: impl FnMut(i128, i128, &mut P)) {
        let (half, sign) = self.half(side);
        half.best_mut(n, |key, size, payload| give(sign * key, size, payload));
    }

    /// The best level of `side`: price and size.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<(i128, i128)> {
        self.levels(side).next().map(|(price, size, _)| (price, size))
    }

    /// Number of levels of `side`.
    #[must_use]
    pub fn len(&self, side: Side) -> usize {
        self.half_ref(side).0.len()
    }

    /// Whether both sides are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
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
        half.truncate(depth, |key| dropped(sign * key));
    }
}

#[cfg(test)]
mod tests {
    use super::super::levels::NARROW;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Few changes or many, they are what setting them one by one makes of a book, before it has a window and after.
    #[test]
    fn changes_applied_are_changes_set() {
        let (mut applied, mut set) = (Ladder::<u8>::default(), Ladder::<u8>::default());
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for round in 0..2_000 {
            let side = if next(2) == 0 { Side::Buy } else { Side::Sell };
            let middle = 100 + i128::from(round / 8);
            let changes: Vec<(i128, i128, u8)> = (0..next(12))
                .map(|_| {
                    let away = i128::from(next(60));
                    let price = if side == Side::Buy { middle - away } else { middle + away };
                    (price * NARROW, i128::from(next(4)) * NARROW, next(256) as u8)
                })
                .collect();
            let mut told = Vec::new();
            applied.apply_few(side, changes.iter().copied(), |change| told.push(change));
            let want: Vec<_> = changes.iter().map(|(p, s, x)| set.set(side, *p, *s, *x)).collect();
            assert_eq!(told, want);
        }
        for side in [Side::Buy, Side::Sell] {
            assert!(set.len(side) > 20, "a book to speak of");
            assert!(applied.levels(side).eq(set.levels(side)));
        }
    }

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
                let size = size * NARROW;
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

        /// The same of a market that walks, far enough that the window over the best levels is made, slides, is
        /// given up and made again: prices of another tick come, some far away, sizes that no place holds, and sides
        /// lose all they have.
        #[test]
        fn equals_a_map_while_the_market_walks(
            seed in any::<u64>(),
            tick in prop::sample::select(vec![1_i128, 5, 40, 1_000_000_007]),
            reach in prop::sample::select(vec![8_u64, 300, 3_000]),
            stride in 0_u64..40,
            odd in prop::sample::select(vec![0_u64, 2_000, 50]),
            away in prop::sample::select(vec![0_u64, 1_000, 20]),
            long in prop::sample::select(vec![0_u64, 3_000, 50]),
        ) {
            let mut state = seed | 1;
            let mut below = |n: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % n
            };
            let mut ladder: Ladder<u8> = Ladder::default();
            let mut map: BTreeMap<i128, (i128, u8)> = BTreeMap::new();
            let mut middle = 1_000_000_i128;
            for at in 0..12_000_u32 {
                middle += i128::from(below(2 * stride + 1)) - i128::from(stride);
                let mut price = (middle - i128::from(below(reach))) * tick;
                price += i128::from(odd > 0 && below(odd) == 0);
                if away > 0 && below(away) == 0 {
                    price = [i128::MAX / 4, 1, price * 3, -price][below(4) as usize];
                }
                let mut size = i128::from(below(3) * below(100)) * NARROW;
                if long > 0 && below(long) == 0 {
                    size = [1, NARROW + 1, i128::from(u64::MAX) * NARROW][below(3) as usize];
                }
                let payload = below(256) as u8;
                let held = map.contains_key(&price);
                if size == 0 { map.remove(&price); } else { map.insert(price, (size, payload)); }
                prop_assert_eq!(ladder.set(Side::Buy, price, size, payload), Change::between(held, size != 0));
                prop_assert_eq!(ladder.len(Side::Buy), map.len());
                let asked = (middle - i128::from(below(reach))) * tick;
                prop_assert_eq!(ladder.size_at(Side::Buy, asked), map.get(&asked).map(|v| v.0));
                prop_assert_eq!(ladder.payload_mut(Side::Buy, asked).copied(), map.get(&asked).map(|v| v.1));
                if at % 500 == 499 {
                    let all: Vec<_> = ladder.levels(Side::Buy).map(|(p, s, x)| (p, (s, *x))).collect();
                    let want: Vec<_> = map.iter().rev().map(|(price, values)| (*price, *values)).collect();
                    prop_assert_eq!(all, want);
                }
                match below(3_000) {
                    0 => (ladder.clear(), map.clear()).1,
                    1 => {
                        let depth = below(400) as usize;
                        let mut dropped = Vec::new();
                        ladder.truncate(Side::Buy, depth, |price| dropped.push(price));
                        let gone: Vec<_> = map.keys().rev().skip(depth).copied().collect();
                        gone.iter().for_each(|price| _ = map.remove(price));
                        prop_assert_eq!(dropped, gone);
                    }
                    _ => {}
                }
            }
        }
    }
}
