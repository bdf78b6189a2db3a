//! Continuity of Binance's diff depth streams.
//!
//! Sources: spot, "How to manage a local order book correctly" (developers.binance.com, read 2026-08); futures,
//! the same page of USD-M and COIN-M. On futures the ids are shared by all instruments of the venue, so `U` is
//! not the previous `u` + 1 and only `pu` proves continuity. `pu` equal to the snapshot's id continues it
//! exactly (seen on the wire, not in the documentation).

use crate::book::{Position, Update, Verdict};

/// Seen before: by the snapshot, or by an update applied since.
fn passed(position: &Position, last: u64) -> Verdict {
    if last <= position.snapshot { Verdict::Stale } else { Verdict::Duplicate }
}

/// Spot: `u` beyond the book's id, and `U` at most one beyond it.
pub fn spot(position: &Position, update: &Update) -> Verdict {
    if update.last <= position.id {
        passed(position, update.last)
    } else if update.first <= position.id + 1 {
        Verdict::Apply
    } else {
        Verdict::Gap
    }
}

/// USD-M and COIN-M: the first update after a snapshot has `U` <= id <= `u` or `pu` = id; later ones `pu` = id.
pub fn futures(position: &Position, update: &Update) -> Verdict {
    let id = position.id;
    if update.previous == Some(id) && update.last >= id {
        return Verdict::Apply;
    }
    if position.fresh {
        return if update.last < id {
            Verdict::Stale
        } else if update.first <= id {
            Verdict::Apply
        } else {
            Verdict::Gap
        };
    }
    if update.last <= id { passed(position, update.last) } else { Verdict::Gap }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Apply, Duplicate, Gap, Stale};

    fn at(id: u64, snapshot: u64) -> Position {
        Position { id, snapshot, fresh: id == snapshot, cross: 0 }
    }

    #[test]
    fn spot_rule() {
        for (first, last, want) in
            [(90, 99, Stale), (95, 100, Stale), (95, 101, Apply), (101, 101, Apply), (102, 103, Gap)]
        {
            assert_eq!(spot(&at(100, 100), &Update::changes(first, last)), want, "{first} {last}");
        }
        assert_eq!(spot(&at(110, 100), &Update::changes(105, 109)), Duplicate);
        assert_eq!(spot(&at(110, 100), &Update::changes(96, 100)), Stale);
    }

    #[test]
    fn futures_rule() {
        for (first, last, previous, want) in [
            (90, 99, 80, Stale),
            (90, 100, 80, Apply),
            (90, 120, 80, Apply),
            (105, 120, 100, Apply),
            (105, 120, 101, Gap),
        ] {
            let update = Update { previous: Some(previous), ..Update::changes(first, last) };
            assert_eq!(futures(&at(100, 100), &update), want, "{first} {last} {previous}");
        }
        for (first, last, previous, want) in [
            (130, 140, 120, Apply),
            (130, 140, 125, Gap),
            (110, 120, 100, Duplicate),
            (90, 99, 80, Stale),
            // Ids interleave across the venue: U below the book's id proves nothing here.
            (119, 140, 121, Gap),
        ] {
            let update = Update { previous: Some(previous), ..Update::changes(first, last) };
            assert_eq!(futures(&at(120, 100), &update), want, "{first} {last} {previous}");
        }
    }
}
