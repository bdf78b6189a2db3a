//! Which trade ids were seen: ranges, since ids mostly follow one another; of ids that are text the last ones.

use std::collections::{HashSet, VecDeque};
use std::hash::Hasher;

/// A set of ids, kept as ranges that grow together. Bounded: when there are too many holes the oldest ranges
/// are taken to be one, so that an id in an old hole counts as seen rather than memory growing for ever.
#[derive(Debug, Default, Clone)]
pub(super) struct SeenIds {
    /// Disjoint, ascending, inclusive.
    ranges: Vec<(u64, u64)>,
}

const MAX_RANGES: usize = 1_024;

/// How many ranges of times an end state keeps.
const MAX_KEPT: usize = 64;

/// Which ids that are text were seen: the last of them, by their hashes.
#[derive(Debug, Default, Clone)]
pub(super) struct SeenTexts {
    order: VecDeque<u64>,
    held: HashSet<u64, foldhash::fast::RandomState>,
}

/// More than a venue replays, or one connection is behind another.
const MAX_TEXTS: usize = 4_096;

impl SeenTexts {
    /// `true` when `id` is new.
    #[inline]
    pub(super) fn insert(&mut self, id: &str) -> bool {
        self.insert_hash(fnv1a(id.as_bytes()))
    }

    fn insert_hash(&mut self, hash: u64) -> bool {
        if !self.held.insert(hash) {
            return false;
        }
        if self.order.len() == MAX_TEXTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.held.remove(&oldest);
        }
        self.order.push_back(hash);
        true
    }

    /// The hashes, oldest first.
    pub(super) fn hashes(&self) -> Vec<u64> {
        self.order.iter().copied().collect()
    }

    /// From hashes as [`Self::hashes`] gave them.
    pub(super) fn from_hashes(hashes: Vec<u64>) -> Self {
        let mut seen = Self::default();
        for hash in hashes {
            seen.insert_hash(hash);
        }
        seen
    }
}

/// FNV-1a of 64 bits: the same in every build, since end states and rows keep it.
#[derive(Debug)]
pub(super) struct Fnv1a(u64);

impl Default for Fnv1a {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv1a {
    fn write(&mut self, bytes: &[u8]) {
        self.0 =
            bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// FNV-1a of some bytes.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hasher = Fnv1a::default();
    hasher.write(bytes);
    hasher.finish()
}

impl SeenIds {
    /// `true` when `id` is new.
    #[inline]
    pub(super) fn insert(&mut self, id: u64) -> bool {
        match self.ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => {
                *last = id;
                return true;
            }
            Some((first, last)) if id <= *last && id >= *first => return false,
            Some((_, last)) if id > *last => {}
            None => {}
            Some(_) => return self.insert_behind(id),
        }
        self.ranges.push((id, id));
        self.bound();
        true
    }

    fn bound(&mut self) {
        if self.ranges.len() > MAX_RANGES {
            let merged = (self.ranges[0].0, self.ranges[MAX_RANGES / 2].1);
            self.ranges.drain(..MAX_RANGES / 2);
            self.ranges[0] = merged;
        }
    }

    #[cold]
    fn insert_behind(&mut self, id: u64) -> bool {
        let at = self.ranges.partition_point(|(_, last)| *last < id);
        if self.ranges.get(at).is_some_and(|(first, _)| *first <= id) {
            return false;
        }
        let joins_before = at > 0 && self.ranges[at - 1].1.checked_add(1) == Some(id);
        let joins_after = self.ranges.get(at).is_some_and(|(first, _)| id.checked_add(1) == Some(*first));
        match (joins_before, joins_after) {
            (true, true) => {
                self.ranges[at - 1].1 = self.ranges[at].1;
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at - 1].1 = id,
            (false, true) => self.ranges[at].0 = id,
            (false, false) => {
                self.ranges.insert(at, (id, id));
                self.bound();
            }
        }
        true
    }

    /// The ranges.
    pub(super) fn ranges(&self) -> &[(u64, u64)] {
        &self.ranges
    }

    /// The newest of the ranges, what is before them as one: times of bars and of the past have many holes.
    pub(super) fn newest_ranges(&self) -> Vec<(u64, u64)> {
        let newest = self.ranges.len().saturating_sub(MAX_KEPT);
        let before = self.ranges[..newest].last().map(|(_, last)| (self.ranges[0].0, *last));
        before.into_iter().chain(self.ranges[newest..].iter().copied()).collect()
    }

    /// From ranges as [`Self::ranges`] gave them.
    pub(super) fn from_ranges(ranges: Vec<(u64, u64)>) -> Self {
        Self { ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn texts() {
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_F739_67E8);
        let mut seen = SeenTexts::default();
        assert!(seen.insert("a") && seen.insert("b") && !seen.insert("a"));
        let mut again = SeenTexts::from_hashes(seen.hashes());
        assert!(!again.insert("b") && again.insert("c"));
        (0..MAX_TEXTS).for_each(|n| assert!(seen.insert(&n.to_string())));
        assert!(seen.insert("a"), "the oldest is forgotten");
        assert_eq!((seen.order.len(), seen.held.len()), (MAX_TEXTS, MAX_TEXTS));
    }

    #[test]
    fn the_last_id_of_all_is_one_like_others() {
        let mut seen = SeenIds::default();
        for id in [u64::MAX, 0, 5, u64::MAX - 1, 1] {
            assert!(seen.insert(id), "{id}");
            assert!(!seen.insert(id), "{id}");
        }
        assert_eq!(seen.ranges(), [(0, 1), (5, 5), (u64::MAX - 1, u64::MAX)]);
    }

    #[test]
    fn ids_that_go_back_are_bounded_too() {
        let mut seen = SeenIds::default();
        for id in (0..100_000_u64).rev() {
            seen.insert(2 * id);
            assert!(seen.ranges.len() <= MAX_RANGES);
        }
    }

    #[test]
    fn the_newest_ranges() {
        let mut seen = SeenIds::default();
        (0..100).for_each(|id| assert!(seen.insert(2 * id)));
        let kept = seen.newest_ranges();
        assert_eq!((kept.len(), kept[0], kept[1], kept[64]), (65, (0, 70), (72, 72), (198, 198)));
        let mut again = SeenIds::from_ranges(kept);
        assert!(!again.insert(198) && again.insert(197) && !again.insert(1));
    }

    proptest! {
        #[test]
        fn equals_a_set(ids in prop::collection::vec(0_u64..300, 0..600)) {
            let mut seen = SeenIds::default();
            let mut set = HashSet::new();
            for id in ids {
                prop_assert_eq!(seen.insert(id), set.insert(id));
                prop_assert!(seen.ranges.windows(2).all(|w| w[0].1 + 1 < w[1].0));
            }
        }
    }
}
