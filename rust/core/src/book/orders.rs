//! Books order by order (level 3): the queue of orders at each price, and where each order stands.
//!
//! In: changes of single orders ([`OrderChange`]) in the order sent. Out: a delta row for each, under the order's id, and levels as
//! any book has them: a [`Ladder`] whose payload is the queue, so that checksums, depths and quotes are made as elsewhere.
//!
//! An order that is added stands last at its price; one whose size changes keeps its place; one whose price changes loses it, and is
//! two rows, DELETE and ADD. What is changed or taken away and was not held (it stood beyond the depth) is an ADD or a DELETE all
//! the same. A message that adds two orders of one id cannot be taken ([`are_distinct`]); one that adds an order which is held
//! does not follow the book: what took that order away was lost ([`Orders::follows`]).

use std::collections::{HashMap, HashSet};

use super::Ladder;
use crate::data::{BookAction, DeltaColumns, Side};
use crate::json::Written;

/// What becomes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderAction {
    /// It is new.
    Add,
    /// It has another size, or another price.
    Modify,
    /// It is gone.
    Delete,
}

/// A change of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderChange {
    /// What becomes of it.
    pub action: OrderAction,
    /// Its side.
    pub side: Side,
    /// Its id: FNV-1a 64 of the venue's text.
    pub id: u64,
    /// Its price, scale 16.
    pub price: i128,
    /// Its size, scale 16; without meaning where it is gone.
    pub size: i128,
    /// How both were written.
    pub written: Written,
    /// How many decimals the venue has of both, as far as this says: at least those.
    pub whole: Written,
}

/// An order in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resting {
    /// Its id.
    pub id: u64,
    /// Its size, scale 16.
    pub size: i128,
    /// How price and size were written.
    pub written: Written,
}

/// The orders at one price, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue(Vec<Resting>);

impl Queue {
    /// The orders, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Resting> {
        self.0.iter()
    }

    fn total(&self) -> i128 {
        self.0.iter().map(|order| order.size).sum()
    }
}

/// A book by order.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders {
    ladder: Ladder<Queue>,
    places: HashMap<u64, (Side, i128), foldhash::fast::RandomState>,
    /// The most decimals of any order since the book began.
    whole: Written,
}

impl Orders {
    /// The levels, each with its queue.
    pub(super) const fn ladder(&self) -> &Ladder<Queue> {
        &self.ladder
    }

    /// The most decimals of any order since the book began.
    pub(super) const fn whole(&self) -> Written {
        self.whole
    }

    pub(super) fn clear(&mut self) {
        self.whole = Written::default();
        self.ladder.clear();
        self.places.clear();
    }

    /// Whether no order is added that is held.
    pub(super) fn follows(&self, changes: &[OrderChange]) -> bool {
        let mut gone = HashSet::new();
        changes.iter().all(|change| {
            let is_held = self.places.contains_key(&change.id) && !gone.contains(&change.id);
            if change.action == OrderAction::Delete {
                gone.insert(change.id);
            }
            change.action != OrderAction::Add || !is_held
        })
    }

    /// Makes a change; its rows are told to `rows`, without what all rows of an event share. Answers whether an order
    /// was to go that was not held.
    pub(super) fn apply(&mut self, change: &OrderChange, rows: &mut DeltaColumns) -> bool {
        let held = self.places.get(&change.id).copied();
        if change.action != OrderAction::Delete {
            let Written { price, size } = change.whole;
            self.whole = Written { price: price.max(self.whole.price), size: size.max(self.whole.size) };
        }
        match (change.action, held) {
            (OrderAction::Delete, None) => {
                tell(rows, BookAction::Delete, change.side, change.price, 0, change.id);
                return true;
            }
            (OrderAction::Delete, Some(place)) => self.take(place, change.id, rows),
            (OrderAction::Modify, Some(place)) if place == (change.side, change.price) => {
                self.resize(change, rows);
            }
            (OrderAction::Modify | OrderAction::Add, Some(place)) => {
                self.take(place, change.id, rows);
                self.add(change, rows);
            }
            (OrderAction::Modify | OrderAction::Add, None) => self.add(change, rows),
        }
        false
    }

    fn add(&mut self, change: &OrderChange, rows: &mut DeltaColumns) {
        let OrderChange { side, id, price, size, written, .. } = *change;
        self.edit(side, price, |queue| queue.0.push(Resting { id, size, written }));
        self.places.insert(id, (side, price));
        tell(rows, BookAction::Add, side, price, size, id);
    }

    fn resize(&mut self, change: &OrderChange, rows: &mut DeltaColumns) {
        let OrderChange { side, id, price, size, written, .. } = *change;
        self.edit(side, price, |queue| {
            if let Some(order) = queue.0.iter_mut().find(|order| order.id == id) {
                *order = Resting { id, size, written };
            }
        });
        tell(rows, BookAction::Update, side, price, size, id);
    }

    fn take(&mut self, (side, price): (Side, i128), id: u64, rows: &mut DeltaColumns) {
        self.edit(side, price, |queue| queue.0.retain(|order| order.id != id));
        self.places.remove(&id);
        tell(rows, BookAction::Delete, side, price, 0, id);
    }

    /// Changes the queue at a price; the level is there as long as it has orders.
    fn edit(&mut self, side: Side, price: i128, edit: impl FnOnce(&mut Queue)) {
        let mut queue = self.ladder.payload_mut(side, price).map(std::mem::take).unwrap_or_default();
        edit(&mut queue);
        self.ladder.set(side, price, queue.total(), queue);
    }

    /// Drops the orders of `side` beyond the best `depth` prices: DELETEs, best first, oldest first.
    pub(super) fn truncate(&mut self, side: Side, depth: usize, rows: &mut DeltaColumns) {
        if self.ladder.len(side) <= depth {
            return;
        }
        for (price, _, queue) in self.ladder.levels(side).skip(depth) {
            for order in queue.iter() {
                self.places.remove(&order.id);
                tell(rows, BookAction::Delete, side, price, 0, order.id);
            }
        }
        self.ladder.truncate(side, depth, |_| ());
    }

    /// The book as it stands: bids, then asks, best first, oldest first.
    pub(super) fn standing(&self) -> Vec<OrderChange> {
        let (action, whole) = (OrderAction::Add, self.whole);
        let of_side = |side: Side| {
            self.ladder.levels(side).flat_map(move |(price, _, queue)| {
                queue.iter().map(move |order| {
                    let Resting { id, size, written } = *order;
                    OrderChange { action, side, id, price, size, written, whole }
                })
            })
        };
        of_side(Side::Buy).chain(of_side(Side::Sell)).collect()
    }
}

/// Whether no two orders of one id are added, unless the first of them is gone again.
pub(crate) fn are_distinct(changes: &[OrderChange]) -> bool {
    let mut added = HashSet::new();
    changes.iter().all(|change| match change.action {
        OrderAction::Add => added.insert(change.id),
        OrderAction::Modify => true,
        OrderAction::Delete => {
            added.remove(&change.id);
            true
        }
    })
}

fn tell(rows: &mut DeltaColumns, action: BookAction, side: Side, price: i128, size: i128, id: u64) {
    rows.action.push(action as u8);
    rows.side.push(side as u8);
    rows.price.push(price);
    rows.size.push(size);
    rows.order_id.push(id);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change(action: OrderAction, id: u64, price: i128, size: i128) -> OrderChange {
        let (written, whole) = Default::default();
        OrderChange { action, side: Side::Buy, id, price, size, written, whole }
    }

    /// Ids and sizes in the queue at a price.
    fn queue(orders: &Orders, price: i128) -> Vec<(u64, i128)> {
        let found = orders.ladder.levels(Side::Buy).find(|level| level.0 == price);
        found.map(|level| level.2.iter().map(|order| (order.id, order.size)).collect()).unwrap_or_default()
    }

    #[test]
    fn places_in_queues() {
        use OrderAction::{Add, Delete, Modify};
        let (mut orders, mut rows) = (Orders::default(), DeltaColumns::default());
        for (id, price, size) in [(1, 10, 5), (2, 10, 6), (3, 10, 7), (4, 9, 1)] {
            assert!(!orders.apply(&change(Add, id, price, size), &mut rows));
        }
        // A new size keeps the place, a new price does not.
        orders.apply(&change(Modify, 1, 10, 2), &mut rows);
        orders.apply(&change(Modify, 2, 9, 6), &mut rows);
        assert_eq!((queue(&orders, 10), queue(&orders, 9)), (vec![(1, 2), (3, 7)], vec![(4, 1), (2, 6)]));
        orders.apply(&change(Modify, 2, 10, 6), &mut rows);
        assert_eq!(queue(&orders, 10), [(1, 2), (3, 7), (2, 6)]);
        assert_eq!(orders.ladder.best(Side::Buy), Some((10, 15)));
        // What was not held.
        assert!(orders.apply(&change(Delete, 9, 8, 1), &mut rows));
        orders.apply(&change(Modify, 8, 8, 1), &mut rows);
        assert_eq!(queue(&orders, 8), [(8, 1)]);
        assert!(!orders.apply(&change(Delete, 8, 8, 1), &mut rows));
        let told: Vec<_> = rows.action.iter().zip(&rows.order_id).map(|(a, id)| (*a, *id)).collect();
        let (a, u, d) = (1, 2, 3);
        assert_eq!(
            told,
            [(a, 1), (a, 2), (a, 3), (a, 4), (u, 1), (d, 2), (a, 2), (d, 2), (a, 2), (d, 9), (a, 8), (d, 8)]
        );
        rows = DeltaColumns::default();
        orders.truncate(Side::Buy, 1, &mut rows);
        assert_eq!((rows.order_id, queue(&orders, 9)), (vec![4], vec![]));
        assert_eq!(orders.standing().iter().map(|order| order.id).collect::<Vec<_>>(), [1, 3, 2]);
        assert!(!orders.places.contains_key(&4));
        orders.clear();
        assert!(orders.standing().is_empty() && orders.ladder.is_empty());
    }

    #[test]
    fn an_id_is_one_orders() {
        use OrderAction::{Add, Delete, Modify};
        let mut orders = Orders::default();
        orders.apply(&change(Add, 1, 10, 5), &mut DeltaColumns::default());
        let of = |actions: &[(OrderAction, u64)]| -> Vec<OrderChange> {
            actions.iter().map(|(action, id)| change(*action, *id, 10, 1)).collect()
        };
        for (actions, distinct, follow) in [
            (&[(Add, 1)][..], true, false),
            (&[(Add, 2), (Add, 2)], false, true),
            (&[(Delete, 1), (Add, 1)], true, true),
            (&[(Add, 1), (Delete, 1)], true, false),
            (&[(Delete, 1), (Add, 1), (Add, 1)], false, true),
            (&[(Add, 2), (Delete, 2), (Add, 2)], true, true),
            (&[(Modify, 1), (Add, 2), (Modify, 2)], true, true),
        ] {
            let changes = of(actions);
            assert_eq!((are_distinct(&changes), orders.follows(&changes)), (distinct, follow), "{actions:?}");
        }
        // Where the caller goes on all the same, the order stands once, last at its price.
        let mut rows = DeltaColumns::default();
        orders.apply(&change(Add, 2, 10, 6), &mut rows);
        orders.apply(&change(Add, 1, 10, 7), &mut rows);
        assert_eq!(queue(&orders, 10), [(2, 6), (1, 7)]);
    }

    proptest! {
        /// Against the obvious book: a list of orders.
        #[test]
        fn equals_a_list(changes in prop::collection::vec((0_u8..3, 0_u64..40, 1_i128..9, 1_i128..5), 0..400)) {
            let mut orders = Orders::default();
            let mut list: Vec<(u64, i128, i128)> = Vec::new();
            for (kind, id, price, size) in changes {
                let held = list.iter().position(|order| order.0 == id);
                let action = match (kind, held) {
                    (0, None) => OrderAction::Add,
                    (0 | 1, _) => OrderAction::Modify,
                    _ => OrderAction::Delete,
                };
                orders.apply(&change(action, id, price, size), &mut DeltaColumns::default());
                match (action, held) {
                    (OrderAction::Delete, Some(at)) => drop(list.remove(at)),
                    (OrderAction::Delete, None) => {}
                    (_, Some(at)) if list[at].1 == price => list[at].2 = size,
                    (_, held) => {
                        held.map(|at| list.remove(at));
                        list.push((id, price, size));
                    }
                }
                for price in 1..9 {
                    let want: Vec<_> = list.iter().filter(|o| o.1 == price).map(|o| (o.0, o.2)).collect();
                    let total = want.iter().map(|order| order.1).sum::<i128>();
                    prop_assert_eq!(orders.ladder.size_at(Side::Buy, price).unwrap_or(0), total);
                    prop_assert_eq!(queue(&orders, price), want);
                }
                prop_assert_eq!(orders.places.len(), list.len());
            }
        }
    }
}
