//! Continuity of Bybit's order book topics.
//!
//! Sources: "Orderbook", bybit-exchange.github.io/docs/v5/websocket/public/orderbook, read 2026-08. A topic sends
//! a snapshot after the subscription and changes after it; "if you receive a new snapshot message, you will have
//! to reset your local orderbook", and `u` = 1 "is a snapshot data due to the restart of the service". That `u`
//! grows by one from frame to frame is promised for the REST book's stream only; it was measured on
//! `orderbook.500` (20 of 20 lines of a published file). `seq` orders all that one engine does: "smaller seq =
//! older". So a snapshot of which both `u` and `seq` are behind the book comes late, from another connection.

use crate::book::{Position, Update, Verdict};

/// The numbers of a frame: `is_snapshot` by its `type`.
pub(super) const fn update(is_snapshot: bool, u: u64, seq: u64) -> Update {
    Update { whole: is_snapshot || u == 1, cross: seq, ..Update::changes(u, u) }
}

/// Changes: `u` is the last one's and 1. A whole book replaces, unless it was there before or is older.
pub(super) fn judge(position: &Position, update: &Update) -> Verdict {
    if update.whole {
        return if update.cross == 0 || position.cross == 0 {
            Verdict::Replace
        } else if (update.last, update.cross) == (position.id, position.cross) {
            Verdict::Duplicate
        } else if update.last <= position.id && update.cross < position.cross {
            Verdict::Stale
        } else {
            Verdict::Replace
        };
    }
    if update.last <= position.id {
        if update.last <= position.snapshot { Verdict::Stale } else { Verdict::Duplicate }
    } else if update.last == position.id + 1 {
        Verdict::Apply
    } else {
        Verdict::Gap
    }
}

/// The numbers of a frame of `orderbook.full`, or of the answer that is its base.
pub(super) const fn update_of_full(is_snapshot: bool, u: u64, seq: u64) -> Update {
    Update { whole: is_snapshot, cross: seq, ..Update::changes(u, u) }
}

/// Changes of the whole book: the stream has changes only, its base is an answer that counts the same `u`. After `u` = 1 the
/// book is another (a restart, an auction, a new tick), and only the next answer says which: "Full Orderbook",
/// bybit-exchange.github.io/docs/v5/websocket/public/full-ob, read 2026-11.
pub(super) fn judge_full(position: &Position, update: &Update) -> Verdict {
    if update.whole {
        judge(position, update)
    } else if update.last == position.id + 1 && update.last > 1 {
        Verdict::Apply
    } else if update.cross > position.cross || update.last > position.id {
        Verdict::Gap
    } else if update.last <= position.snapshot {
        Verdict::Stale
    } else {
        Verdict::Duplicate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Apply, Duplicate, Gap, Replace, Stale};

    #[test]
    fn rule_of_the_whole_book() {
        let at = Position { id: 110, snapshot: 100, fresh: false, cross: 9_000 };
        for (is_snapshot, u, seq, want) in [
            (false, 111, 9_001, Apply),
            (false, 112, 9_005, Gap),
            (false, 110, 9_000, Duplicate),
            (false, 100, 7_900, Stale),
            // It starts anew: nothing that follows joins before an answer does.
            (false, 1, 9_010, Gap),
            (false, 2, 9_011, Gap),
            (true, 3, 9_012, Replace),
            (true, 109, 8_990, Stale),
        ] {
            assert_eq!(
                judge_full(&at, &update_of_full(is_snapshot, u, seq)),
                want,
                "{is_snapshot} {u} {seq}"
            );
        }
    }

    #[test]
    fn rule() {
        let at = Position { id: 110, snapshot: 100, fresh: false, cross: 9_000 };
        for (is_snapshot, u, seq, want) in [
            (false, 111, 9_001, Apply),
            (false, 112, 9_001, Gap),
            (false, 110, 9_000, Duplicate),
            (false, 101, 8_000, Duplicate),
            (false, 100, 7_900, Stale),
            (false, 90, 7_000, Stale),
            (true, 112, 9_002, Replace),
            (true, 111, 9_001, Replace),
            (true, 110, 9_000, Duplicate),
            (true, 109, 8_999, Stale),
            // Ids start again: the service did.
            (true, 50, 9_005, Replace),
            (true, 1, 9_005, Replace),
            (false, 1, 9_005, Replace),
            (true, 50, 0, Replace),
        ] {
            assert_eq!(judge(&at, &update(is_snapshot, u, seq)), want, "{is_snapshot} {u} {seq}");
        }
    }
}
