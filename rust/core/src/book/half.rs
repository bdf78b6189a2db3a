//! One side of a book: levels by ascending key, in blocks.
//!
//! A block holds up to [`BLOCK`] levels, its keys, sizes and payloads apart. The best level is the last of the
//! last block, so a change near the top touches one block and moves few bytes; a change anywhere else costs a
//! bisection over the blocks' first keys and at most one block's bytes, however deep the book is.

use std::fmt::Debug;

use super::Payload;
use crate::data::BookAction;

/// Levels in a block: eight vectors of keys to look through, and at most 768 bytes moved by an insertion.
const BLOCK: usize = 32;

/// Blocks from the best that are looked through before those beyond are bisected.
const NEAR: usize = 32;

/// What levels are ordered by.
pub(super) trait Key: Copy + Ord + Debug + Send {
    /// Beyond every key of a level: what unused places hold.
    const BEYOND: Self;
}

impl Key for i64 {
    const BEYOND: Self = Self::MAX;
}

impl Key for i128 {
    const BEYOND: Self = Self::MAX;
}

/// How many of `keys` are so, four at a time.
#[inline(always)]
fn count<K: Key>(keys: &[K], is: impl Fn(K) -> bool) -> usize {
    let (fours, rest) = keys.as_chunks::<4>();
    let mut counts = [0_u64; 4];
    for four in fours {
        for (count, key) in counts.iter_mut().zip(four) {
            *count += u64::from(is(*key));
        }
    }
    let rest = rest.iter().map(|key| u64::from(is(*key)));
    (counts.iter().sum::<u64>() + rest.sum::<u64>()) as usize
}

#[derive(Debug, Clone)]
struct Block<K, P> {
    len: usize,
    /// Ascending; [`Key::BEYOND`] from `len` on.
    keys: [K; BLOCK],
    sizes: [i128; BLOCK],
    payloads: Vec<P>,
}

impl<K: Key, P: Payload> Block<K, P> {
    fn new() -> Box<Self> {
        Box::new(Self { len: 0, keys: [K::BEYOND; BLOCK], sizes: [0; BLOCK], payloads: Vec::new() })
    }

    /// How many keys are below `key`: where it is, or would go. All are compared, since a bisection waits for
    /// each of its loads and a count for none.
    #[inline(always)]
    fn below(&self, key: K) -> usize {
        count(&self.keys, |held| held < key)
    }

    #[inline]
    fn insert(&mut self, at: usize, key: K, size: i128, payload: P) {
        self.keys.copy_within(at..self.len, at + 1);
        self.sizes.copy_within(at..self.len, at + 1);
        self.keys[at] = key;
        self.sizes[at] = size;
        self.payloads.insert(at, payload);
        self.len += 1;
    }

    #[inline]
    fn remove(&mut self, at: usize) {
        self.keys.copy_within(at + 1..self.len, at);
        self.sizes.copy_within(at + 1..self.len, at);
        self.payloads.remove(at);
        self.len -= 1;
        self.keys[self.len] = K::BEYOND;
    }

    /// Takes the levels from `at` on into a block of their own.
    fn split_off(&mut self, at: usize) -> Box<Self> {
        let mut upper = Self::new();
        let n = self.len - at;
        upper.keys[..n].copy_from_slice(&self.keys[at..self.len]);
        upper.sizes[..n].copy_from_slice(&self.sizes[at..self.len]);
        upper.payloads = self.payloads.split_off(at);
        upper.len = n;
        self.keys[at..].fill(K::BEYOND);
        self.len = at;
        upper
    }

    /// Appends the levels of `upper`, all beyond the ones here.
    fn append(&mut self, upper: &mut Self) {
        let end = self.len + upper.len;
        self.keys[self.len..end].copy_from_slice(&upper.keys[..upper.len]);
        self.sizes[self.len..end].copy_from_slice(&upper.sizes[..upper.len]);
        self.payloads.append(&mut upper.payloads);
        self.len = end;
    }
}

/// What a change of one level was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The level is new.
    Added,
    /// It was held and has the new size.
    Updated,
    /// It was held and is gone.
    Removed,
    /// It was to go and was not held.
    Absent,
}

impl Change {
    /// Of a level that was held or not, and is afterwards or not.
    #[inline(always)]
    pub(super) const fn between(was: bool, is: bool) -> Self {
        match (was, is) {
            (false, true) => Self::Added,
            (true, true) => Self::Updated,
            (true, false) => Self::Removed,
            (false, false) => Self::Absent,
        }
    }

    /// The delta that says it.
    #[inline]
    #[must_use]
    pub const fn action(self) -> BookAction {
        match self {
            Self::Added => BookAction::Add,
            Self::Updated => BookAction::Update,
            Self::Removed | Self::Absent => BookAction::Delete,
        }
    }
}

/// Levels by ascending key.
#[derive(Debug, Clone)]
pub(super) struct Half<K, P> {
    /// The first key of each block.
    firsts: Vec<K>,
    blocks: Vec<Box<Block<K, P>>>,
    len: usize,
}

impl<K, P> Default for Half<K, P> {
    fn default() -> Self {
        Self { firsts: Vec::new(), blocks: Vec::new(), len: 0 }
    }
}

impl<K: Key, P: Payload> Half<K, P> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn clear(&mut self) {
        self.firsts.clear();
        self.blocks.clear();
        self.len = 0;
    }

    /// The block `key` is in, or would go to.
    #[inline(always)]
    fn block_of(&self, key: K) -> usize {
        let Some((last, below)) = self.firsts.split_last() else { return 0 };
        if *last <= key {
            return below.len();
        }
        let (far, near) = below.split_at(below.len().saturating_sub(NEAR));
        match count(near, |first| first <= key) {
            0 => far.partition_point(|first| *first <= key).saturating_sub(1),
            n => far.len() + n - 1,
        }
    }

    /// Block and place of `key`, if it is held.
    fn find(&self, key: K) -> Option<(usize, usize)> {
        let block = self.block_of(key);
        let held = self.blocks.get(block)?;
        let at = held.below(key);
        (at < held.len && held.keys[at] == key).then_some((block, at))
    }

    /// Gives the level at `key` the new `size`; 0 takes it away.
    #[inline(always)]
    pub(super) fn set(&mut self, key: K, size: i128, payload: P) -> Change {
        let block = self.block_of(key);
        let Some(held) = self.blocks.get_mut(block) else {
            return if size == 0 { Change::Absent } else { self.first_level(key, size, payload) };
        };
        let at = held.below(key);
        let is_held = at < held.len && held.keys[at] == key;
        match (is_held, size == 0) {
            (true, false) => {
                held.sizes[at] = size;
                held.payloads[at] = payload;
                Change::Updated
            }
            (true, true) => {
                held.remove(at);
                self.len -= 1;
                if held.len < BLOCK / 4 || at == 0 {
                    self.shrunk(block);
                }
                Change::Removed
            }
            (false, true) => Change::Absent,
            (false, false) => {
                if held.len == BLOCK {
                    let block = self.split(block, key);
                    return self.add(block, key, size, payload);
                }
                held.insert(at, key, size, payload);
                self.len += 1;
                if at == 0 {
                    self.firsts[block] = key;
                }
                Change::Added
            }
        }
    }

    #[cold]
    fn first_level(&mut self, key: K, size: i128, payload: P) -> Change {
        let mut block = Block::new();
        block.insert(0, key, size, payload);
        self.blocks.push(block);
        self.firsts.push(key);
        self.len = 1;
        Change::Added
    }

    /// Halves a block; answers which half `key` belongs to.
    #[cold]
    fn split(&mut self, block: usize, key: K) -> usize {
        let upper = self.blocks[block].split_off(BLOCK / 2);
        let first = upper.keys[0];
        self.firsts.insert(block + 1, first);
        self.blocks.insert(block + 1, upper);
        block + usize::from(key >= first)
    }

    /// Adds a level that is not held to a block with room.
    #[cold]
    fn add(&mut self, block: usize, key: K, size: i128, payload: P) -> Change {
        let held = &mut self.blocks[block];
        let at = held.below(key);
        held.insert(at, key, size, payload);
        self.firsts[block] = held.keys[0];
        self.len += 1;
        Change::Added
    }

    /// A block lost a level: its first key may be another, it may be empty, or fit into a neighbour.
    fn shrunk(&mut self, block: usize) {
        let held = &self.blocks[block];
        if held.len == 0 {
            self.blocks.remove(block);
            self.firsts.remove(block);
            return;
        }
        self.firsts[block] = held.keys[0];
        if held.len >= BLOCK / 4 {
            return;
        }
        let lower = if block > 0 { block - 1 } else { block };
        let fits = |upper: &Block<K, P>| self.blocks[lower].len + upper.len <= BLOCK / 2;
        if self.blocks.get(lower + 1).map(AsRef::as_ref).is_some_and(fits) {
            let mut upper = self.blocks.remove(lower + 1);
            self.firsts.remove(lower + 1);
            self.blocks[lower].append(&mut upper);
        }
    }

    /// Takes out the level of the highest key.
    pub(super) fn pop(&mut self) -> Option<(K, i128, P)> {
        let block = self.blocks.len().checked_sub(1)?;
        let held = &mut self.blocks[block];
        let at = held.len - 1;
        let (key, size) = (held.keys[at], held.sizes[at]);
        let payload = std::mem::take(&mut held.payloads[at]);
        held.remove(at);
        self.len -= 1;
        if held.len == 0 {
            self.shrunk(block);
        }
        Some((key, size, payload))
    }

    pub(super) fn size_at(&self, key: K) -> Option<i128> {
        self.find(key).map(|(block, at)| self.blocks[block].sizes[at])
    }

    pub(super) fn payload_mut(&mut self, key: K) -> Option<&mut P> {
        let (block, at) = self.find(key)?;
        self.blocks[block].payloads.get_mut(at)
    }

    /// Levels from the highest key down: key, size, payload.
    pub(super) fn descending(&self) -> impl Iterator<Item = (K, i128, &P)> {
        self.blocks.iter().rev().flat_map(|block| {
            let values = block.sizes[..block.len].iter().zip(&block.payloads);
            block.keys.iter().zip(values).rev().map(|(key, (size, payload))| (*key, *size, payload))
        })
    }

    /// Gives up to `n` levels from the highest key down: key, size, and the payload, to change.
    pub(super) fn best_mut(&mut self, n: usize, mut give: impl FnMut(K, i128, &mut P)) {
        let mut left = n;
        for block in self.blocks.iter_mut().rev() {
            let values = block.sizes[..block.len].iter().zip(&mut block.payloads);
            for (key, (size, payload)) in block.keys.iter().zip(values).rev().take(left) {
                give(*key, *size, payload);
            }
            left -= block.len.min(left);
            if left == 0 {
                break;
            }
        }
    }

    /// Drops the levels below the highest `depth`.
    pub(super) fn truncate(&mut self, depth: usize) {
        let mut beyond = self.len.saturating_sub(depth);
        self.len -= beyond;
        let whole = self.blocks.iter().take_while(|block| {
            let all = block.len <= beyond;
            beyond -= if all { block.len } else { 0 };
            all
        });
        let whole = whole.count();
        self.blocks.drain(..whole);
        self.firsts.drain(..whole);
        if beyond > 0 {
            let upper = self.blocks[0].split_off(beyond);
            self.firsts[0] = upper.keys[0];
            self.blocks[0] = upper;
        }
    }
}
