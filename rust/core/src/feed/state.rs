//! End states: what a recording leaves behind for the one that goes on from it.
//!
//! A book's last id and levels, the trade ids seen, the last quote, the last bar of each type, the last time of
//! the streams without ids. A recording that starts later is decoded from there, so that a book goes on without
//! a snapshot where the sequence proves it, and what both recordings hold counts once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::market::Market;
use super::moments::Moment;
use super::running::OpenBar;
use super::top::TopState;
use crate::book::{BookMessage, Derived, Judge, LiveBook, OnGap, OrderAction, OrderChange, Proof, Spelt};
use crate::data::{Decimals, Side};
use crate::decimal;
use crate::json::{Level, Written};

/// End states of one feed, by venue symbol's instrument id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// Last receive time of the recording, ns UTC.
    pub last_ns: u64,
    /// By instrument id.
    pub instruments: BTreeMap<String, InstrumentState>,
}

impl FeedState {
    /// The last time that any instrument knows of, ns UTC: of a recording without receive times its end.
    #[must_use]
    pub fn last_event_ns(&self) -> u64 {
        self.instruments.values().map(InstrumentState::last_ns).max().unwrap_or_default()
    }

    /// The instruments of which nothing is known at `ns` and later, and the others, those among them that have ids alone.
    #[must_use]
    pub fn split_at(self, ns: u64) -> (Self, Self) {
        let is_over = |(_, state): &(String, InstrumentState)| (1..ns).contains(&state.last_ns());
        let (ended, others) = self.instruments.into_iter().partition(is_over);
        (Self { last_ns: 0, instruments: ended }, Self { last_ns: self.last_ns, instruments: others })
    }

    /// Of two recordings of which neither went on from the other, what the next one goes on from: the newer state of
    /// each instrument, `other`'s where both end at the same time.
    #[must_use]
    pub fn newest(self, other: Self) -> Self {
        let (mut newer, older) = if self.last_ns > other.last_ns { (self, other) } else { (other, self) };
        for (id, state) in older.instruments {
            let held = newer.instruments.entry(id).or_default();
            if *held == InstrumentState::default() || (held.last_ns() > 0 && state.last_ns() > held.last_ns())
            {
                *held = state;
            }
        }
        newer
    }
}

/// End state of one instrument.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentState {
    /// Ranges of raw trade ids seen.
    #[serde(default)]
    pub raw_trades: Vec<(u64, u64)>,
    /// Ranges of aggregate trade ids seen.
    #[serde(default)]
    pub aggregate_trades: Vec<(u64, u64)>,
    /// Trade ids that are text, as hashes (FNV-1a), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text_trades: Vec<u64>,
    /// Update id of the last quote.
    #[serde(default)]
    pub last_quote: Option<u64>,
    /// Its time, where numbers may begin anew; 0 elsewhere.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_quote_ns: u64,
    /// Prices and sizes, at scale 16, and the time of the last quote of a ticker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ticker_quote: Option<([i128; 4], u64)>,
    /// Last event times by type.
    #[serde(default)]
    pub last_times: BTreeMap<u8, u64>,
    /// What was said then, as hashes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub last_said: BTreeMap<u8, u64>,
    /// What answers about the past told, by type, in steps of time since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub past: BTreeMap<u8, Vec<(u64, u64)>>,
    /// When the venue last said what state the instrument is in; 0: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub last_status_ns: u64,
    /// That state, as the venue calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_status: String,
    /// Last close by bar specification.
    #[serde(default)]
    pub bars: BTreeMap<String, u64>,
    /// Closes of those that were told, by bar specification, in lengths of a bar since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bar_ranges: BTreeMap<String, Vec<(u64, u64)>>,
    /// Candles that were running, by minutes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub open_bars: BTreeMap<u16, OpenBar>,
    /// The best bid and ask of a channel of changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<TopState>,
    /// Times of the newest messages of streams without numbers, by the venue's number of the channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub newest: BTreeMap<u8, u64>,
    /// The newest messages of books without numbers, by depth.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moments: BTreeMap<u16, Moment>,
    /// The last liquidation orders, as hashes, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub liquidations: Vec<u64>,
    /// What came in several ways, and the one that is taken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bound: BTreeMap<String, String>,
    /// Books by channel.
    #[serde(default)]
    pub books: BTreeMap<String, BookState>,
    /// What was derived from them, by channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub derived: BTreeMap<String, Derived>,
    /// The last partial book by channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partial_books: BTreeMap<String, PartialState>,
    /// Numbers that follow one another, of dumps: from the first to the last of each conversion, those that join
    /// being one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberRun>,
}

/// Where the partial books of a channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartialState {
    /// Event time of the last one, ns UTC, where that orders them.
    pub time: u64,
    /// Its number.
    pub number: u64,
    /// Its receive time, ns UTC.
    pub last_ns: u64,
}

/// Numbers that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberRun {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Receive time of the first, ns UTC.
    pub first_ns: u64,
    /// Receive time of the last, ns UTC.
    pub last_ns: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl InstrumentState {
    /// The last time that it knows of, ns UTC; 0 where it has ids alone.
    fn last_ns(&self) -> u64 {
        let books = self.books.values().map(|book| book.last_ns);
        books.chain(self.last_times.values().copied()).max().unwrap_or(0)
    }
}

/// End state of one book that was in step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookState {
    /// Last id.
    pub id: u64,
    /// What orders all that one engine does, where the venue says it; 0 elsewhere.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cross: u64,
    /// Receive time of the last event, ns UTC.
    pub last_ns: u64,
    /// Decimals of its levels: price and size.
    pub decimals: (u8, u8),
    /// Bids, best first: price and size, decimal text.
    pub bids: Vec<(String, String)>,
    /// Asks, best first.
    pub asks: Vec<(String, String)>,
    /// Whether prices and sizes stand as the venue sent them, trailing zeros included: a checksum is made of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_sent: bool,
    /// Of a book by order: side (`B`, `S`), id, price and size as sent, and how many decimals the venue has of both; bids, then
    /// asks, best first, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<Vec<OrderState>>,
}

/// Side, id, price, size, decimals of prices and of sizes.
type OrderState = (char, u64, String, String, u8, u8);

impl BookState {
    pub(super) fn of(book: &LiveBook) -> Option<Self> {
        let id = book.id().filter(|_| !book.is_incomplete())?;
        let levels = |side| {
            let text = |(level, written): (Level, Option<Written>)| match written {
                None => (decimal::text(level.price), decimal::text(level.size)),
                Some(written) => (
                    decimal::text_as_written(level.price, written.price),
                    decimal::text_as_written(level.size, written.size),
                ),
            };
            book.levels(side).map(text).collect()
        };
        let order = |order: OrderChange| {
            let side = if order.side == Side::Sell { 'S' } else { 'B' };
            let price = decimal::text_as_written(order.price, order.written.price);
            let size = decimal::text_as_written(order.size, order.written.size);
            (side, order.id, price, size, order.whole.price, order.whole.size)
        };
        let orders: Option<Vec<_>> = book.orders().map(|orders| orders.into_iter().map(order).collect());
        let levels = |side| if orders.is_some() { Vec::new() } else { levels(side) };
        let Decimals { price, size } = book.decimals();
        Some(Self {
            id,
            cross: book.cross(),
            last_ns: book.last_ts(),
            decimals: (price, size),
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            as_sent: book.keeps_texts(),
            orders,
        })
    }

    /// The most decimals that prices and sizes of its levels were written with, where they stand as sent.
    #[must_use]
    pub fn most_written(&self) -> Option<Written> {
        let places = |text: &str| text.split_once('.').map_or(0, |(_, places)| places.len() as u8);
        let of = |most: Written, (price, size): &(String, String)| Written {
            price: most.price.max(places(price)),
            size: most.size.max(places(size)),
        };
        self.as_sent.then(|| self.bids.iter().chain(&self.asks).fold(Written::default(), of))
    }

    /// Its levels, of the side that has more of them.
    #[must_use]
    pub fn levels(&self) -> usize {
        let of = |side: char| {
            let mut prices: Vec<_> =
                self.orders.iter().flatten().filter(|order| order.0 == side).map(|order| &order.2).collect();
            prices.dedup();
            prices.len()
        };
        [self.bids.len(), self.asks.len(), of('B'), of('S')].into_iter().max().unwrap_or(0)
    }

    /// The book as it was left.
    pub(super) fn live_book(&self, judge: Judge, on_gap: OnGap) -> LiveBook {
        let decimal = |text: &str| decimal::parse(text.as_bytes()).unwrap_or_default();
        let read = |levels: &[(String, String)]| -> (Vec<Level>, Vec<Spelt>) {
            let read = |(price, size): &(String, String)| {
                let (price, size) = (decimal(price), decimal(size));
                (Level::of(price, size), Spelt::from(Written::of(price, size)))
            };
            levels.iter().map(read).unzip()
        };
        let ((bids, bids_written), (asks, asks_written)) = (read(&self.bids), read(&self.asks));
        let order = |(side, id, price, size, of_price, of_size): &OrderState| {
            let (price, size) = (decimal(price), decimal(size));
            OrderChange {
                action: OrderAction::Add,
                side: if *side == 'S' { Side::Sell } else { Side::Buy },
                id: *id,
                price: price.value,
                size: size.value,
                written: Written::of(price, size),
                whole: Written { price: *of_price, size: *of_size },
            }
        };
        let orders: Option<Vec<_>> = self.orders.as_ref().map(|orders| orders.iter().map(order).collect());
        let message = BookMessage {
            bids: &bids,
            asks: &asks,
            orders: orders.as_deref(),
            proof: Proof { bids: &bids_written, asks: &asks_written, ..Proof::default() },
            decimals: Decimals { price: self.decimals.0, size: self.decimals.1 },
            ts_event: 0,
        };
        LiveBook::resume(judge, on_gap, (self.id, self.cross), (&message, self.last_ns), self.as_sent)
    }
}

impl Market {
    /// What to leave behind.
    #[must_use]
    pub fn end_state(&self, last_ns: u64) -> FeedState {
        let mut state = FeedState { last_ns, ..FeedState::default() };
        for slot in &self.slots {
            let instrument = slot.end_state();
            if instrument != InstrumentState::default() {
                state.instruments.insert(slot.id.to_string(), instrument);
            }
        }
        // What was resumed and did not come up again stays as it was.
        for (id, resumed) in &self.resumed {
            state.instruments.entry(id.clone()).or_insert_with(|| resumed.clone());
        }
        state
    }

    /// Goes on from what an earlier recording left behind.
    pub fn resume(&mut self, state: FeedState) {
        self.resumed = state.instruments;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_state_stays_in_force() {
        let state = |last_ns, instruments: &[(&str, u64)]| {
            let of = |&(id, at): &(&str, u64)| {
                let times = BTreeMap::from([(0, at)]);
                (id.to_owned(), InstrumentState { last_times: times, ..InstrumentState::default() })
            };
            FeedState { last_ns, instruments: instruments.iter().map(of).collect() }
        };
        let (old, new) = (state(5, &[("a", 5), ("b", 4)]), state(9, &[("a", 9), ("c", 8)]));
        let both = state(9, &[("a", 9), ("b", 4), ("c", 8)]);
        assert_eq!(old.clone().newest(new.clone()), both);
        assert_eq!(new.clone().newest(old), both);
        let ids = state(9, &[("a", 4), ("b", 5), ("c", 6), ("d", 0)]);
        assert_eq!(ids.split_at(5), (state(0, &[("a", 4)]), state(9, &[("b", 5), ("c", 6), ("d", 0)])));
        // One of few instruments goes on for longer than the feed's newest of that instrument.
        assert_eq!(
            state(7, &[("c", 7)]).newest(state(9, &[("c", 6), ("a", 9)])),
            state(9, &[("c", 7), ("a", 9)])
        );
        // Made again.
        assert_eq!(new.newest(state(9, &[("a", 3)])), state(9, &[("a", 9), ("c", 8)]));
        let ids = InstrumentState { last_quote: Some(1), ..InstrumentState::default() };
        let by_id = |id| FeedState {
            last_ns: 9,
            instruments: [("a".to_owned(), InstrumentState { last_quote: Some(id), ..ids.clone() })].into(),
        };
        assert_eq!(by_id(2).newest(by_id(1)), by_id(1));
    }
}
