//! The book: integer prices in order, tuned for changes near the top.
//!
//! Each side is three parallel vectors (keys, sizes, payloads) with the best level *last*, so that adding or
//! removing near the top moves few bytes. Asks are kept by negated price: one code serves both sides. A level
//! is looked for from the best downwards first, since nine of ten changes are there, then by bisection.
//!
//! The payload is what a venue needs to remember of a level beyond its size: nothing, the text as sent (for
//! checksums), or the queue of orders (level 3).

use crate::data::{BookAction, Side};

/// What a level carries beyond its size.
pub trait Payload: Default + Clone + std::fmt::Debug + Send {}
impl<T: Default + Clone + std::fmt::Debug + Send> Payload for T {}

#[derive(Debug, Clone, Default)]
struct HalfLadder<P> {
    keys: Vec<i128>,
    sizes: Vec<i128>,
    payloads: Vec<P>,
}

/// Levels looked at one by one from the best before bisecting.
const NEAR: usize = 8;

impl<P: Payload> HalfLadder<P> {
    /// `Ok(i)` where the key is at `i`, `Err(i)` where it would go.
    #[inline]
    fn find(&self, key: i128) -> Result<usize, usize> {
        let mut at = self.keys.len();
        let floor = at.saturating_sub(NEAR);
        while at > floor {
            let here = self.keys[at - 1];
            if here <= key {
                return if here == key { Ok(at - 1) } else { Err(at) };
            }
            at -= 1;
        }
        self.keys[..floor].binary_search(&key)
    }

    #[inline]
    fn set(&mut self, key: i128, size: i128, payload: P) -> BookAction {
        match self.find(key) {
            Ok(at) if size == 0 => {
                self.keys.remove(at);
                self.sizes.remove(at);
                self.payloads.remove(at);
                BookAction::Delete
            }
            Ok(at) => {
                self.sizes[at] = size;
                self.payloads[at] = payload;
                BookAction::Update
            }
            Err(_) if size == 0 => BookAction::Delete,
            Err(at) => {
                self.keys.insert(at, key);
                self.sizes.insert(at, size);
                self.payloads.insert(at, payload);
                BookAction::Add
            }
        }
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.sizes.clear();
        self.payloads.clear();
    }
}

/// An order book by price level.
#[derive(Debug, Clone, Default)]
pub struct Ladder<P: Payload = ()> {
    bids: HalfLadder<P>,
    asks: HalfLadder<P>,
}

impl<P: Payload> Ladder<P> {
    #[inline]
    fn half(&mut self, side: Side) -> (&mut HalfLadder<P>, i128) {
        if side == Side::Sell { (&mut self.asks, -1) } else { (&mut self.bids, 1) }
    }

    #[inline]
    const fn half_ref(&self, side: Side) -> (&HalfLadder<P>, i128) {
        if matches!(side, Side::Sell) { (&self.asks, -1) } else { (&self.bids, 1) }
    }

    /// Gives the level at `price` (scale 16) the new `size`; 0 takes it away. Answers what that was.
    #[inline]
    pub fn set(&mut self, side: Side, price: i128, size: i128, payload: P) -> BookAction {
        let (half, sign) = self.half(side);
        half.set(sign * price, size, payload)
    }

    /// The size at `price`, if the level is held.
    #[must_use]
    pub fn size_at(&self, side: Side, price: i128) -> Option<i128> {
        let (half, sign) = self.half_ref(side);
        half.find(sign * price).ok().map(|at| half.sizes[at])
    }

    /// The payload at `price`, to change, if the level is held.
    pub fn payload_mut(&mut self, side: Side, price: i128) -> Option<&mut P> {
        let (half, sign) = self.half(side);
        half.find(sign * price).ok().map(|at| &mut half.payloads[at])
    }

    /// Levels of `side`, best first: price, size, payload.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (i128, i128, &P)> {
        let (half, sign) = self.half_ref(side);
        let values = half.sizes.iter().zip(&half.payloads);
        half.keys.iter().zip(values).rev().map(move |(key, (size, payload))| (sign * key, *size, payload))
    }

    /// The best level of `side`: price and size.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<(i128, i128)> {
        self.levels(side).next().map(|(price, size, _)| (price, size))
    }

    /// Number of levels of `side`.
    #[must_use]
    pub const fn len(&self, side: Side) -> usize {
        self.half_ref(side).0.keys.len()
    }

    /// Whether both sides are empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bids.keys.is_empty() && self.asks.keys.is_empty()
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
        let Some(beyond) = half.keys.len().checked_sub(depth).filter(|n| *n > 0) else { return };
        for key in half.keys[..beyond].iter().rev() {
            dropped(sign * key);
        }
        half.keys.drain(..beyond);
        half.sizes.drain(..beyond);
        half.payloads.drain(..beyond);
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
            changes in prop::collection::vec((any::<bool>(), 1_i128..60, 0_i128..5, any::<u8>()), 0..400),
            depth in 1_usize..20,
        ) {
            let mut ladder: Ladder<u8> = Ladder::default();
            let mut maps: [BTreeMap<i128, (i128, u8)>; 2] = Default::default();
            for (buy, price, size, payload) in changes {
                let side = if buy { Side::Buy } else { Side::Sell };
                let map = &mut maps[usize::from(buy)];
                let held = map.contains_key(&price);
                if size == 0 { map.remove(&price); } else { map.insert(price, (size, payload)); }
                let want = match (size, held) {
                    (0, _) => BookAction::Delete,
                    (_, true) => BookAction::Update,
                    _ => BookAction::Add,
                };
                prop_assert_eq!(ladder.set(side, price, size, payload), want);
                prop_assert_eq!(ladder.size_at(side, price), map.get(&price).map(|v| v.0));
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
            prop_assert_eq!(bids(&ladder), want_bids);
            prop_assert_eq!(dropped, cut.into_iter().map(|l| l.0).collect::<Vec<_>>());
        }
    }
}
