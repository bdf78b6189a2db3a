//! How deep books are: their messages of protocol v2 do not say, but where levels fall out depends on it.

use std::collections::HashMap;

use super::channels::{DEFAULT_DEPTH, depth_named};
use crate::feed::{Connection, Market};
use crate::symbol::SlotId;

/// The depths that the last connections subscribed to, the newest last.
#[derive(Debug, Default)]
struct Recent(Vec<(Connection, u16)>);

impl Recent {
    /// Connections that are remembered: more than a recorder has at a time.
    const MAX: usize = 16;

    fn set(&mut self, connection: Connection, depth: u16) {
        if let Some(held) = self.0.iter_mut().find(|(held, _)| *held == connection) {
            held.1 = depth;
            return;
        }
        if self.0.len() == Self::MAX {
            self.0.remove(0);
        }
        self.0.push((connection, depth));
    }

    fn get(&self, connection: Connection) -> Option<u16> {
        self.0.iter().rev().find(|(held, _)| *held == connection).map(|(_, depth)| *depth)
    }

    fn last(&self) -> Option<u16> {
        self.0.last().map(|(_, depth)| *depth)
    }
}

/// The depths of all pairs.
#[derive(Debug, Default)]
pub(super) struct Depths {
    acknowledged: HashMap<Box<[u8]>, Recent>,
    /// Of those that a snapshot came of.
    shown: HashMap<SlotId, Recent, foldhash::fast::RandomState>,
}

impl Depths {
    /// A subscription was acknowledged.
    pub(super) fn acknowledge(&mut self, connection: Connection, symbol: &[u8], depth: Option<u64>) {
        let depth = depth.and_then(|depth| u16::try_from(depth).ok()).filter(|depth| *depth > 0);
        if !self.acknowledged.contains_key(symbol) {
            self.acknowledged.insert(symbol.into(), Recent::default());
        }
        if let Some(recent) = self.acknowledged.get_mut(symbol) {
            recent.set(connection, depth.unwrap_or(DEFAULT_DEPTH));
        }
    }

    /// The depth of a book whose snapshot is of a connection: as acknowledged, else `least`, the least that is as deep.
    pub(super) fn of_snapshot(
        &mut self,
        connection: Connection,
        (slot, symbol): (SlotId, &[u8]),
        least: u16,
    ) -> u16 {
        let acknowledged = self.acknowledged.get(symbol).and_then(|recent| recent.get(connection));
        let depth = acknowledged.unwrap_or(least);
        self.shown.entry(slot).or_default().set(connection, depth);
        depth
    }

    /// The depth of a book that changes: that of its snapshot, else as acknowledged. Of a connection that is known by neither
    /// (its recording goes on from one before it) that of the pair's newest book, else of the one that was left, `left`;
    /// else the venue's default.
    pub(super) fn of_update(
        &mut self,
        connection: Connection,
        (slot, symbol): (SlotId, &[u8]),
        left: impl FnOnce() -> Option<u16>,
    ) -> u16 {
        let shown = self.shown.get(&slot);
        let acknowledged = || self.acknowledged.get(symbol)?.get(connection);
        let newest = || shown.and_then(Recent::last);
        if let Some(depth) = shown.and_then(|recent| recent.get(connection)).or_else(acknowledged) {
            return depth;
        }
        match newest().or_else(left) {
            Some(depth) => {
                self.shown.entry(slot).or_default().set(connection, depth);
                depth
            }
            None => DEFAULT_DEPTH,
        }
    }
}

/// The depth of the deepest book of `slot` that an earlier recording left.
pub(super) fn left(market: &Market, slot: SlotId) -> Option<u16> {
    market.left(slot).filter_map(|(channel, _)| depth_named(channel)).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_a_depth() {
        let mut depths = Depths::default();
        let (one, other, pair) = ((0, 1), (0, 2), (7, &b"BTC/USD"[..]));
        let none = || None;
        assert_eq!(depths.of_update(one, pair, none), 10);
        depths.acknowledge(one, pair.1, Some(500));
        assert_eq!(depths.of_update(one, pair, none), 500);
        assert_eq!(depths.of_update(other, pair, none), 10);
        assert_eq!(depths.of_snapshot(one, pair, 25), 500);
        assert_eq!(depths.of_snapshot(other, pair, 25), 25);
        assert_eq!((depths.of_update(one, pair, none), depths.of_update(other, pair, none)), (500, 25));
        depths.acknowledge(one, pair.1, None);
        depths.acknowledge(other, pair.1, Some(u64::MAX));
        assert_eq!(depths.of_snapshot(one, pair, 25), 10);
        (10..1_000).for_each(|number| depths.acknowledge((0, number), pair.1, Some(25)));
        assert_eq!(depths.of_update((1, 0), pair, none), 25, "a file that goes on: as the pair's newest");
        let eth = (8, &b"ETH/USD"[..]);
        assert_eq!(depths.of_update((1, 0), eth, none), 10);
        assert_eq!(depths.of_update((1, 0), eth, || Some(500)), 500, "as the book that was left");
        assert_eq!(depths.of_update((1, 0), eth, none), 500, "which is said once");
        assert_eq!(depths.acknowledged[pair.1].0.len(), Recent::MAX);
    }
}
