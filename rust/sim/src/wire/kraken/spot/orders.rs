//! `level3`: the orders that the levels of the book are made of.
//!
//! A level that grows has a new order behind the others, or one of its orders grows; one that shrinks is filled from its oldest
//! order on, or loses its youngest. A message has what changed since the last one at the best prices: orders that came
//! to them because others went are sent as new, with the times they have.

use std::collections::BTreeMap;

use super::messages::{PLACES, checksum, moment};
use super::{CHECKED, Kraken, micros};
use crate::market::{Book, Instrument, Level, Market, Side};
use crate::wire::{ByOrder, Carrier, Content, Message, OrderChange, OrderEvent};

/// The depths that books by order are subscribed to with, in turn.
const DEPTHS: [usize; 3] = [10, 1_000, 100];
const SIDES: [Side; 2] = [Side::Buy, Side::Sell];

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    number: u64,
    size: i64,
    /// When it came or changed, ns UTC.
    at: u64,
}

/// Orders by price, oldest first: bids, asks.
type Queues = [BTreeMap<i64, Vec<Order>>; 2];

/// The best prices of a side with their orders, best first.
fn best(queues: &Queues, side: Side, count: usize) -> Vec<(i64, &Vec<Order>)> {
    let of = |(price, orders): (&i64, _)| (*price, orders);
    let queues = &queues[side as usize];
    match side {
        Side::Buy => queues.iter().rev().map(of).take(count).collect(),
        Side::Sell => queues.iter().map(of).take(count).collect(),
    }
}

/// All orders of an instrument, and what the channel told of them.
#[derive(Debug)]
pub(super) struct Orders {
    instrument: usize,
    last: u64,
    standing: Queues,
    /// The best prices as the channel told them last.
    told: Queues,
    changed_ns: u64,
    changed: bool,
}

impl Orders {
    pub(super) fn new(book: &Book, instrument: usize, start: u64) -> Self {
        let mut orders = Self {
            instrument,
            last: 0,
            standing: Default::default(),
            told: Default::default(),
            changed_ns: micros(start),
            changed: false,
        };
        for side in SIDES {
            for level in book.levels(side) {
                // Two orders where the size can be divided.
                let first = level.size / 3;
                for size in [first, level.size] {
                    orders.follow(side, Level { price: level.price, size }, micros(start));
                }
            }
        }
        orders.note();
        orders.changed = false;
        orders
    }

    /// Prices of a side that the channel has.
    pub(super) const fn depth(&self) -> usize {
        DEPTHS[self.instrument % DEPTHS.len()]
    }

    fn id(&self, number: u64) -> String {
        format!("O{:05X}-{:05}-{:06}", self.instrument, number % 100_000, number * 7_919 % 1_000_000)
    }

    /// A level has a new size.
    pub(super) fn follow(&mut self, side: Side, level: Level, at: u64) {
        (self.changed, self.changed_ns) = (true, at);
        let queue = self.standing[side as usize].entry(level.price).or_default();
        let held: i64 = queue.iter().map(|order| order.size).sum();
        let more = level.size - held;
        if more > 0 {
            self.last += 1;
            let number = self.last;
            match queue.first_mut().filter(|_| number.is_multiple_of(4)) {
                Some(order) => (order.size, order.at) = (order.size + more, at),
                None => queue.push(Order { number, size: more, at }),
            }
        }
        let mut less = -more;
        if less > 0 && self.last.is_multiple_of(3) && queue.last().is_some_and(|order| order.size <= less) {
            less -= queue.pop().map_or(0, |order| order.size);
        }
        while less > 0 {
            let Some(order) = queue.first_mut() else { break };
            if order.size > less {
                (order.size, order.at) = (order.size - less, at);
                break;
            }
            less -= order.size;
            queue.remove(0);
        }
        if queue.is_empty() {
            self.standing[side as usize].remove(&level.price);
        }
    }

    /// What stands at the best prices is told.
    fn note(&mut self) {
        for side in SIDES {
            let standing = best(&self.standing, side, self.depth()).into_iter();
            self.told[side as usize] = standing.map(|(price, orders)| (price, orders.clone())).collect();
        }
    }

    fn change(&self, event: OrderEvent, side: Side, price: i64, order: &Order) -> OrderChange {
        let level = Level { price, size: order.size };
        OrderChange { event, side, id: self.id(order.number), level, at: order.at }
    }

    /// What changed since it was told.
    fn changes(&self) -> Vec<OrderChange> {
        let mut changes = Vec::new();
        for side in SIDES {
            let mut told = BTreeMap::new();
            for (price, orders) in &self.told[side as usize] {
                let queue = self.standing[side as usize].get(price);
                for order in orders {
                    told.insert(order.number, order.size);
                    if !queue.is_some_and(|queue| queue.iter().any(|held| held.number == order.number)) {
                        let gone = Order { at: self.changed_ns, ..*order };
                        changes.push(self.change(OrderEvent::Delete, side, *price, &gone));
                    }
                }
            }
            for (price, orders) in best(&self.standing, side, self.depth()) {
                for order in orders {
                    let event = match told.get(&order.number) {
                        Some(size) if *size == order.size => continue,
                        Some(_) => OrderEvent::Modify,
                        None => OrderEvent::Add,
                    };
                    changes.push(self.change(event, side, price, order));
                }
            }
        }
        changes
    }

    /// The book as it was told last.
    fn all(&self) -> Vec<OrderChange> {
        let of_side = |side: Side| {
            let told = best(&self.told, side, self.depth()).into_iter();
            told.flat_map(move |(price, orders)| {
                orders.iter().map(move |order| self.change(OrderEvent::Add, side, price, order))
            })
        };
        SIDES.into_iter().flat_map(of_side).collect()
    }

    /// The message of some changes, which were noted.
    fn message(&self, whole: bool, changes: Vec<OrderChange>) -> ByOrder {
        let best = SIDES.map(|side| {
            let best = best(&self.told, side, CHECKED).into_iter();
            best.flat_map(|(price, orders)| orders.iter().map(move |order| Level { price, size: order.size }))
                .collect()
        });
        let ts_event = changes.iter().map(|change| change.at).max().unwrap_or(self.changed_ns);
        ByOrder { whole, changes, best, depth: self.depth(), ts_event }
    }
}

impl Kraken {
    /// Tells what changed since the last message.
    pub(super) fn tell_orders(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        out: &mut Vec<Message>,
    ) {
        let orders = &mut self.streams[instrument].orders;
        if !std::mem::take(&mut orders.changed) {
            return;
        }
        let changes = orders.changes();
        if changes.is_empty() {
            return;
        }
        orders.note();
        let message = orders.message(false, changes);
        let body = self.write_orders(&market.instruments()[instrument], instrument, &message);
        self.push(at, instrument, body, Content::ByOrder(message), out);
    }

    /// The book as the channel told it last: what has changed since is told to everyone by the next message.
    pub(super) fn all_orders(&self, market: &Market, instrument: usize, at: u64) -> Message {
        let orders = &self.streams[instrument].orders;
        let message = orders.message(true, orders.all());
        let body = self.write_orders(&market.instruments()[instrument], instrument, &message);
        Message { at, instrument, body, content: Content::ByOrder(message), carrier: Carrier::Stream }
    }

    fn write_orders(&self, of: &Instrument, instrument: usize, message: &ByOrder) -> Vec<u8> {
        let kind = if message.whole { "snapshot" } else { "update" };
        let mut text = Self::begin("level3", kind, 200 + message.changes.len() * 150);
        text.raw(",\"data\":[{\"checksum\":").int(checksum(of, &message.best).into());
        text.raw(",\"symbol\":\"").raw(&self.streams[instrument].symbol).raw("\"");
        for side in SIDES {
            text.raw(if side == Side::Buy { ",\"bids\":[" } else { ",\"asks\":[" });
            for (at, change) in message.changes.iter().filter(|change| change.side == side).enumerate() {
                text.raw(if at == 0 { "{" } else { ",{" });
                if !message.whole {
                    text.raw(match change.event {
                        OrderEvent::Add => "\"event\":\"add\",",
                        OrderEvent::Modify => "\"event\":\"modify\",",
                        OrderEvent::Delete => "\"event\":\"delete\",",
                    });
                }
                text.raw("\"order_id\":\"").raw(&change.id).raw("\",\"limit_price\":");
                text.decimal(of.price(change.level.price), 0).raw(",\"order_qty\":");
                text.decimal(of.size(change.level.size), PLACES).raw(",\"timestamp\":");
                moment(&mut text, change.at, true);
                text.raw("}");
            }
            text.raw("]");
        }
        text.raw("}]}");
        text.done()
    }
}
