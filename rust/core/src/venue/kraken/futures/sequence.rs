//! Continuity of Kraken Futures' books: `seq` grows by one from message to message of a product.
//!
//! Source: "Book", docs.kraken.com/exchange/api-reference/futures-websocket/book, read 2026-10, which calls `seq` the
//! subscription's message sequence number. That it goes on by one from the snapshot was measured: 7,014 of 7,014 updates of ten
//! products recorded in 2021, whose `timestamp` never goes back either. So a snapshot of a smaller number is late where its time
//! is, and the first of a new count where it is later. Whole books that were asked for have no number: their time orders them.

use crate::book::{Position, Update, Verdict};

/// The numbers of a message; `ts` is its time, ns UTC, 0 where it has none.
pub(super) const fn update(is_whole: bool, seq: u64, ts: u64) -> Update {
    Update { whole: is_whole, cross: ts, ..Update::changes(seq, seq) }
}

/// Changes: `seq` is the last one's and 1. A whole book replaces, unless it was there before or is older.
pub(super) const fn judge(position: &Position, update: &Update) -> Verdict {
    if update.whole {
        let is_timed = update.cross > 0 && position.cross > 0;
        return if update.last == position.id
            && (update.last > 0 || is_timed && update.cross == position.cross)
        {
            Verdict::Duplicate
        } else if update.last <= position.id && is_timed && update.cross <= position.cross {
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

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Apply, Duplicate, Gap, Replace, Stale};

    #[test]
    fn rule() {
        let at = Position { id: 110, snapshot: 100, fresh: false, cross: 9_000 };
        for (is_whole, seq, ts, want) in [
            (false, 111, 9_001, Apply),
            (false, 112, 9_001, Gap),
            (false, 110, 9_000, Duplicate),
            (false, 101, 8_000, Duplicate),
            (false, 100, 7_900, Stale),
            (true, 111, 9_000, Replace),
            (true, 110, 9_000, Duplicate),
            (true, 110, 0, Duplicate),
            (true, 109, 9_000, Stale),
            (true, 50, 8_000, Stale),
            // The count began anew.
            (true, 50, 9_001, Replace),
            (true, 50, 0, Replace),
        ] {
            assert_eq!(judge(&at, &update(is_whole, seq, ts)), want, "{is_whole} {seq} {ts}");
        }
        let asked = Position { id: 0, snapshot: 0, fresh: true, cross: 9_000 };
        for (ts, want) in [(9_001, Replace), (9_000, Duplicate), (8_999, Stale), (0, Replace)] {
            assert_eq!(judge(&asked, &update(true, 0, ts)), want, "{ts}");
        }
    }
}
