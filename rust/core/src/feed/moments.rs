//! Which messages of a book are new: they have no numbers, and several connections bring the same ones.
//!
//! The venue's times of a book do not go back (4,269 updates recorded in 2021: each is later than the one before). So one
//! that is older than the newest was brought before, and one of the same time is told apart by its checksum: together they
//! name what the book was changed to. That needs no knowledge of connections, which many captures do not keep.
//!
//! A whole book is welcome whenever the book at hand does not stand, whatever its time: of a quiet book it is that of the
//! last change, of protocol v1 that of the newest level still there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::market::Market;
use crate::accounting::End;
use crate::symbol::SlotId;

/// Messages of one time that are told apart.
const MAX_EQUALS: usize = 64;

/// The newest messages of one book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// ns UTC; 0: none had a time so far.
    ts: u64,
    checksums: Vec<Option<u32>>,
}

/// The newest messages of each book of an instrument, by depth.
#[derive(Debug, Default)]
pub(super) struct Moments {
    held: BTreeMap<u16, Moment>,
}

/// What a message is to the book at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Changes.
    Update,
    /// The whole book, while it stands.
    Again,
    /// The whole book, while it does not.
    Start,
}

impl Moments {
    /// What becomes of a message of `ts` (0: it has no time) and `checksum`; `None`: it is new.
    fn end(&mut self, depth: u16, role: Role, ts: u64, checksum: Option<u32>) -> Option<End> {
        let held = self.held.entry(depth).or_default();
        if role != Role::Start && ts > 0 {
            if ts < held.ts {
                return Some(if role == Role::Again { End::Stale } else { End::Duplicate });
            }
            if ts == held.ts && held.checksums.contains(&checksum) {
                return Some(End::Duplicate);
            }
        }
        if ts != held.ts && (ts > 0 || role != Role::Update) {
            *held = Moment { ts, checksums: std::mem::take(&mut held.checksums) };
            held.checksums.clear();
        }
        if held.checksums.len() < MAX_EQUALS {
            held.checksums.push(checksum);
        }
        None
    }

    pub(super) fn end_state(&self) -> BTreeMap<u16, Moment> {
        self.held.clone()
    }

    pub(super) const fn resume(held: BTreeMap<u16, Moment>) -> Self {
        Self { held }
    }
}

impl Market {
    /// What becomes of a message of the book of `depth` of an instrument, of `ts` (0: it has no time) and `checksum`;
    /// `None`: it is new.
    pub fn moment(
        &mut self,
        slot: SlotId,
        depth: u16,
        role: Role,
        ts: u64,
        checksum: Option<u32>,
    ) -> Option<End> {
        self.slots[slot as usize].moments.end(depth, role, ts, checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Role::{Again, Start, Update};

    #[test]
    fn rule() {
        let mut moments = Moments::default();
        for (role, ts, checksum, want) in [
            (Start, 10, 1, None),
            (Update, 10, 1, Some(End::Duplicate)),
            (Update, 10, 2, None),
            (Update, 11, 3, None),
            (Update, 10, 2, Some(End::Duplicate)),
            (Update, 11, 3, Some(End::Duplicate)),
            (Again, 11, 3, Some(End::Duplicate)),
            (Again, 9, 1, Some(End::Stale)),
            (Again, 12, 4, None),
            (Start, 12, 4, None),
            (Start, 5, 5, None),
            (Update, 6, 6, None),
            // Of before books had times.
            (Again, 0, 7, None),
            (Update, 3, 8, None),
        ] {
            assert_eq!(moments.end(10, role, ts, Some(checksum)), want, "{role:?} {ts} {checksum}");
        }
        assert_eq!(moments.end(25, Update, 1, None), None);
        (0..1_000).for_each(|n| assert_eq!(moments.end(100, Update, 1, Some(n)), None));
        assert_eq!(moments.held[&100].checksums.len(), MAX_EQUALS);
    }
}
