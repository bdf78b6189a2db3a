//! Books whose messages have no numbers: what proves them is what they are after each message.
//!
//! What came before is told by the venue's time, whoever brings it. A change is made, what falls out of the depth goes, and
//! the best levels must be those that the message speaks of: otherwise the book falls, and nothing is told until a whole
//! one comes.

use std::collections::BTreeMap;
use std::io;

use super::Consumer;
use crate::market::{Level, Side};
use crate::rows::{F_SNAPSHOT, delta, last_of};
use crate::truth::{Arrival, RowType};
use crate::wire::Proven;

/// What stands.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Sizes by price: bids, asks.
    sides: [BTreeMap<i64, i64>; 2],
    /// Venue's time of the newest message, ns UTC.
    newest: u64,
}

impl Book {
    /// Levels of a side, best first.
    fn best(&self, side: Side) -> Vec<Level> {
        let level = |(price, size): (&i64, &i64)| Level { price: *price, size: *size };
        let levels = &self.sides[side as usize];
        match side {
            Side::Buy => levels.iter().rev().map(level).collect(),
            Side::Sell => levels.iter().map(level).collect(),
        }
    }

    /// Makes the changes; answers what each was, those that fell out of the depth last.
    fn apply(&mut self, message: &Proven) -> Vec<(&'static str, Side, Level)> {
        let mut told = Vec::new();
        for (side, levels) in [(Side::Buy, &message.bids), (Side::Sell, &message.asks)] {
            for level in levels {
                let held = &mut self.sides[side as usize];
                let action = if level.size == 0 {
                    held.remove(&level.price);
                    "DELETE"
                } else if held.insert(level.price, level.size).is_some() {
                    "UPDATE"
                } else {
                    "ADD"
                };
                told.push((action, side, *level));
            }
        }
        for side in [Side::Buy, Side::Sell] {
            for level in self.best(side).into_iter().skip(message.depth) {
                self.sides[side as usize].remove(&level.price);
                told.push(("DELETE", side, Level { price: level.price, size: 0 }));
            }
        }
        told
    }

    /// Whether its best levels are those of the message.
    fn is(&self, message: &Proven) -> bool {
        [Side::Buy, Side::Sell].into_iter().all(|side| {
            let want = &message.best[side as usize];
            self.best(side).iter().take(10).eq(want)
        })
    }
}

impl Consumer<'_> {
    pub(super) fn proven(&mut self, at: usize, message: &Proven, ts: u64) -> io::Result<()> {
        let book = &mut self.states[at].book;
        let starts = message.whole && !book.stands;
        if !starts && message.ts_event <= book.proven.newest {
            return Ok(());
        }
        book.proven.newest = message.ts_event;
        if !message.whole && !book.stands {
            self.open_gap(at, ts);
            return Ok(());
        }
        if message.whole {
            book.proven.sides = Default::default();
        }
        let rows = book.proven.apply(message);
        if !book.proven.is(message) {
            book.stands = false;
            self.open_gap(at, ts);
            return Ok(());
        }
        book.stands = true;
        self.close_gap(at, ts, "snapshot");
        if rows.is_empty() && !message.whole {
            return Ok(());
        }
        let book = &mut self.states[at].book;
        book.emitted = book.emitted.max(ts);
        let times = (message.ts_event, book.emitted);
        let (instrument, id) = (&self.instruments[at], &self.ids[at]);
        let flag = if message.whole { F_SNAPSHOT } else { 0 };
        let mut left = rows.len();
        let flags = |left: usize| flag | last_of(left);
        if message.whole {
            let clear = delta("CLEAR", "NO_ORDER_SIDE", instrument, Level::default(), flags(left), 0);
            self.truth.row(RowType::Delta, id, times, Arrival::InOrder, clear)?;
        }
        for (action, side, level) in rows {
            left -= 1;
            let side = if side == Side::Buy { "BUY" } else { "SELL" };
            let row = delta(action, side, instrument, level, flags(left), 0);
            self.truth.row(RowType::Delta, id, times, Arrival::InOrder, row)?;
        }
        Ok(())
    }
}
