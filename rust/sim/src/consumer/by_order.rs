//! Books by order: queues at each price, whose messages have no numbers either.
//!
//! A message is made, what falls out of the depth goes, and the orders of the best prices must be those that the message speaks
//! of: otherwise the book falls, and nothing is told until a whole one comes. So it does where an order is added that is
//! held: what took it away was lost.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use super::Consumer;
use crate::market::{Level, Side};
use crate::rows::{self, F_SNAPSHOT, last_of};
use crate::truth::{Arrival, RowType};
use crate::wire::{ByOrder, OrderChange, OrderEvent};

/// Prices of a side whose orders are checked.
const CHECKED: usize = 10;

/// What stands.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Ids and sizes by price, oldest first: bids, asks.
    sides: [BTreeMap<i64, Vec<(String, i64)>>; 2],
    places: HashMap<String, (Side, i64)>,
}

/// A row: what, where, of which order.
type Told = (&'static str, Side, Level, String);

impl Book {
    /// Prices of a side, best first, with their orders.
    fn best(&self, side: Side) -> Vec<(i64, &Vec<(String, i64)>)> {
        let of = |(price, orders): (&i64, _)| (*price, orders);
        match side {
            Side::Buy => self.sides[0].iter().rev().map(of).collect(),
            Side::Sell => self.sides[1].iter().map(of).collect(),
        }
    }

    /// Whether an order is added that is held.
    fn contradicts(&self, message: &ByOrder) -> bool {
        let mut gone = HashSet::new();
        message.changes.iter().any(|change| match change.event {
            OrderEvent::Modify => false,
            OrderEvent::Delete => {
                gone.insert(&change.id);
                false
            }
            OrderEvent::Add => self.places.contains_key(&change.id) && !gone.contains(&change.id),
        })
    }

    fn remove(&mut self, id: &str) -> Option<(Side, i64)> {
        let (side, price) = self.places.remove(id)?;
        let orders = self.sides[side as usize].entry(price).or_default();
        orders.retain(|(held, _)| held != id);
        if orders.is_empty() {
            self.sides[side as usize].remove(&price);
        }
        Some((side, price))
    }

    fn change(&mut self, change: &OrderChange, told: &mut Vec<Told>) {
        let OrderChange { event, side, id, level, .. } = change;
        let none = |price| Level { price, size: 0 };
        let held = self.places.get(id).copied();
        match (event, held) {
            (OrderEvent::Delete, _) => {
                let (side, price) = self.remove(id).unwrap_or((*side, level.price));
                told.push(("DELETE", side, none(price), id.clone()));
            }
            (OrderEvent::Modify, Some(place)) if place == (*side, level.price) => {
                let orders = self.sides[*side as usize].entry(level.price).or_default();
                orders.iter_mut().filter(|(held, _)| held == id).for_each(|(_, size)| *size = level.size);
                told.push(("UPDATE", *side, *level, id.clone()));
            }
            _ => {
                if let Some((side, price)) = self.remove(id) {
                    told.push(("DELETE", side, none(price), id.clone()));
                }
                self.places.insert(id.clone(), (*side, level.price));
                let orders = self.sides[*side as usize].entry(level.price).or_default();
                orders.push((id.clone(), level.size));
                told.push(("ADD", *side, *level, id.clone()));
            }
        }
    }

    /// Makes the changes; answers what each was, those that fell out of the depth last.
    fn apply(&mut self, message: &ByOrder) -> Vec<Told> {
        let mut told = Vec::new();
        message.changes.iter().for_each(|change| self.change(change, &mut told));
        for side in [Side::Buy, Side::Sell] {
            let beyond: Vec<(i64, String)> = self
                .best(side)
                .into_iter()
                .skip(message.depth)
                .flat_map(|(price, orders)| orders.iter().map(move |(id, _)| (price, id.clone())))
                .collect();
            for (price, id) in beyond {
                self.remove(&id);
                told.push(("DELETE", side, Level { price, size: 0 }, id));
            }
        }
        told
    }

    /// Whether the orders of its best prices are those of the message.
    fn is(&self, message: &ByOrder) -> bool {
        [Side::Buy, Side::Sell].into_iter().all(|side| {
            let best = self.best(side).into_iter().take(CHECKED);
            let found = best
                .flat_map(|(price, orders)| orders.iter().map(move |(_, size)| Level { price, size: *size }));
            found.eq(message.best[side as usize].iter().copied())
        })
    }
}

/// FNV-1a of 64 bits: what Nautilus's number of an order is made by.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

impl Consumer<'_> {
    pub(super) fn by_order(&mut self, at: usize, message: &ByOrder, ts: u64) -> io::Result<()> {
        let book = &mut self.states[at].book;
        if !message.whole && !book.stands {
            self.open_gap(at, ts);
            return Ok(());
        }
        if message.whole {
            book.by_order = Book::default();
        }
        let contradicts = book.by_order.contradicts(message);
        let told = book.by_order.apply(message);
        if contradicts || !book.by_order.is(message) {
            book.stands = false;
            self.open_gap(at, ts);
            return Ok(());
        }
        book.stands = true;
        self.close_gap(at, ts, "snapshot");
        if told.is_empty() && !message.whole {
            return Ok(());
        }
        let book = &mut self.states[at].book;
        book.emitted = book.emitted.max(ts);
        let times = (message.ts_event, book.emitted);
        let (instrument, id) = (&self.instruments[at], &self.ids[at]);
        let flag = if message.whole { F_SNAPSHOT } else { 0 };
        let mut left = told.len();
        if message.whole {
            let flags = flag | last_of(left);
            let clear = rows::delta("CLEAR", "NO_ORDER_SIDE", instrument, Level::default(), flags, 0);
            self.truth.row(RowType::Delta, id, times, Arrival::InOrder, clear)?;
        }
        for (action, side, level, order) in told {
            left -= 1;
            let row = rows::order(action, side, instrument, level, (fnv1a(&order), flag | last_of(left)));
            self.truth.row(RowType::Delta, id, times, Arrival::InOrder, row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_published_hashes() {
        assert_eq!(super::fnv1a(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(super::fnv1a("foobar"), 0x8594_4171_F739_67E8);
    }
}
