//! Continuity of Deribit's books.
//!
//! Sources: "Notifications" and "book.{instrument_name}.{interval}", docs.deribit.com, read 2026-10: "each notification has
//! a change_id, and prev_change_id of the notification before it; if they are not equal, a notification is missing"; 36 of
//! 36 changes recorded in 2021 have it so, the first after the snapshot's id. Ids are those of changes of the instrument,
//! one count for all channels: `raw`, `100ms` and `agg2` tell the same changes in other parcels. So what a message says
//! is the levels that changed after `prev_change_id` and up to `change_id`, with the amounts they have then: it may be
//! applied to a book that stands anywhere between, which one of another connection's parcels may.
//!
//! A change with `prev_change_id` 0 starts a book anew (recorded by Tardis in 2021); until 2019 nothing but the absence
//! of `prev_change_id` told a snapshot.

use super::messages::BookHead;
use crate::book::{Position, Update, Verdict};

/// The numbers of a message; the venue's time tells a count that began anew from one that is late.
pub(super) const fn update(head: &BookHead<'_>) -> Update {
    let whole = match head.whole {
        Some(whole) => whole || matches!(head.previous, Some(0)),
        None => matches!(head.previous, None | Some(0)),
    };
    Update { previous: head.previous, cross: head.ts, whole, ..Update::changes(head.id, head.id) }
}

/// The rule; [`Update::cross`] is the venue's time.
pub(super) fn judge(position: &Position, update: &Update) -> Verdict {
    let Update { previous, last, cross, whole, .. } = *update;
    if whole {
        return if last == position.id {
            Verdict::Duplicate
        } else if last < position.id && (cross <= position.cross || position.cross == 0) {
            Verdict::Stale
        } else {
            Verdict::Replace
        };
    }
    if previous == Some(position.id) {
        Verdict::Apply
    } else if last <= position.id {
        if last <= position.snapshot { Verdict::Stale } else { Verdict::Duplicate }
    } else if previous.is_some_and(|previous| previous < position.id) {
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
        let at = Position { id: 15, snapshot: 10, fresh: false, cross: 1_000 };
        for (whole, previous, id, ts, want) in [
            (Some(false), Some(15), 20, 1_001, Apply),
            (Some(false), Some(16), 20, 1_001, Gap),
            (Some(false), None, 20, 1_001, Gap),
            // In parcels of another connection.
            (Some(false), Some(13), 20, 1_001, Apply),
            (Some(false), Some(12), 15, 1_000, Duplicate),
            (Some(false), Some(12), 13, 1_000, Duplicate),
            (Some(false), Some(7), 10, 990, Stale),
            (Some(true), None, 15, 1_000, Duplicate),
            (Some(true), None, 12, 999, Stale),
            (Some(true), None, 12, 1_000, Stale),
            (Some(true), Some(20), 22, 1_001, Replace),
            // The count began anew.
            (Some(true), None, 3, 1_001, Replace),
            (Some(false), Some(0), 20, 1_001, Replace),
            (Some(false), Some(0), 15, 1_001, Duplicate),
            // Of 2019.
            (None, None, 20, 1_001, Replace),
            (None, Some(0), 20, 1_001, Replace),
            (None, Some(15), 20, 1_001, Apply),
        ] {
            let head = BookHead { whole, previous, id, ts, ..BookHead::default() };
            assert_eq!(judge(&at, &update(&head)), want, "{whole:?} {previous:?} {id} {ts}");
        }
    }
}
