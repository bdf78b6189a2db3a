//! Kraken spot, protocol v2: trades, books, tickers and candles of a public connection, and the answer that defines pairs.
//!
//! Layouts: the exchange's documentation as of 2026-10 and frames captured in 2026. A book has no number: each message has
//! the checksum of its best ten levels a side, texts with all decimals of the pair. One of another depth for every
//! instrument in turn; levels that leave it are never told to be gone.

mod messages;
mod orders;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use orders::Orders;

use crate::market::{Body, Candle, Event, Instrument, Level, Market, Product, Side, Trade};
use crate::wire::Carrier;
use crate::wire::{Channel, Channels, Content, Feed, MILLI, Message, Proven, Rounds, Wire};

/// Kraken spot.
pub(in crate::wire) const SPOT: Feed = Feed { name: "kraken-spot", product: Product::Spot, wire: make };

/// The depths that books are subscribed to with, in turn.
const DEPTHS: [usize; 4] = [100, 10, 25, 500];
/// Levels of a side that a checksum is made of.
const CHECKED: usize = 10;

fn make(market: &Market, _: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    Box::new(Kraken::new(market, channels, start))
}

/// A time as the venue has it: to the microsecond.
const fn micros(ns: u64) -> u64 {
    ns / 1_000 * 1_000
}

/// What the venue keeps of one instrument.
#[derive(Debug)]
struct Stream {
    symbol: String,
    depth: usize,
    /// What the book's channel told: sizes by price.
    told: [BTreeMap<i64, i64>; 2],
    /// Time of the last change of the book, ns UTC, and whether it was told; that of what was told.
    changed_ns: u64,
    changed: bool,
    told_ns: u64,
    candle: Candle,
    orders: Orders,
}

/// The venue.
#[derive(Debug)]
struct Kraken {
    channels: Channels,
    streams: Vec<Stream>,
    books: Rounds,
}

fn symbol(instrument: &Instrument) -> String {
    format!("{}/{}", instrument.base, instrument.quote)
}

impl Kraken {
    fn new(market: &Market, channels: Channels, start: u64) -> Self {
        let streams: Vec<Stream> = market
            .instruments()
            .iter()
            .enumerate()
            .map(|(at, instrument)| {
                let depth = DEPTHS[at % DEPTHS.len()];
                let told =
                    |side| market.book(at).levels(side).take(depth).map(|l| (l.price, l.size)).collect();
                Stream {
                    symbol: symbol(instrument),
                    depth,
                    told: [told(Side::Buy), told(Side::Sell)],
                    changed_ns: start,
                    changed: false,
                    told_ns: start,
                    candle: Candle::empty(start, market.last_price(at)),
                    orders: Orders::new(market.book(at), at, start),
                }
            })
            .collect();
        let count = streams.len();
        Self { channels, streams, books: Rounds::new(start, 100 * MILLI, count) }
    }

    fn push(&self, at: u64, instrument: usize, body: Vec<u8>, content: Content, out: &mut Vec<Message>) {
        out.push(Message { at, instrument, body, content, carrier: Carrier::Stream });
    }

    fn trade(&mut self, market: &Market, at: u64, instrument: usize, trade: Trade, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        if let Some(next) = stream.candle.next(at) {
            stream.candle = next;
        }
        stream.candle.add(&trade);
        if self.channels.has(Channel::Trade) {
            let body = self.write_trade(market, at, instrument, &trade);
            let content = Content::Trade {
                aggregate: false,
                id: trade.id,
                name: trade.id.to_string(),
                level: Level { price: trade.price, size: trade.size },
                taker: trade.taker,
                ts_event: micros(at),
            };
            self.push(at, instrument, body, content, out);
        }
        if self.channels.has(Channel::Bar) {
            let body = self.write_candle(market, at, instrument);
            let candle = self.streams[instrument].candle;
            self.push(at, instrument, body, Content::Running { spec: "1-MINUTE-LAST-EXTERNAL", candle }, out);
        }
    }

    /// Levels that the channel told, best first.
    fn told(&self, instrument: usize, side: Side) -> Vec<Level> {
        let level = |(price, size): (&i64, &i64)| Level { price: *price, size: *size };
        let told = &self.streams[instrument].told[side as usize];
        match side {
            Side::Buy => told.iter().rev().map(level).collect(),
            Side::Sell => told.iter().map(level).collect(),
        }
    }

    /// A message of the book: changes of what was told, or all of it.
    fn book(
        &self,
        market: &Market,
        instrument: usize,
        whole: bool,
        [bids, asks]: [Vec<Level>; 2],
    ) -> (Vec<u8>, Content) {
        let best = [Side::Buy, Side::Sell].map(|side| {
            let mut best = self.told(instrument, side);
            best.truncate(CHECKED);
            best
        });
        let stream = &self.streams[instrument];
        let (depth, ts_event) = (stream.depth, micros(stream.told_ns));
        let proven = Proven { whole, bids, asks, best, depth, ts_event };
        (self.write_book(market, instrument, &proven), Content::Proven(proven))
    }

    /// Tells how the book changed since the last message. Levels that left the depth are not told, those that came into it
    /// are.
    fn tell_diff(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        if !std::mem::take(&mut stream.changed) {
            return;
        }
        stream.told_ns = stream.changed_ns;
        let book = market.book(instrument);
        let changes = [Side::Buy, Side::Sell].map(|side| {
            let now: BTreeMap<i64, i64> =
                book.levels(side).take(stream.depth).map(|l| (l.price, l.size)).collect();
            let told = &mut stream.told[side as usize];
            // What still stands beyond the depth left it; the rest is gone.
            let gone = told.keys().filter(|price| book.size(side, **price) == 0).map(|price| (*price, 0));
            let set = now.iter().filter(|(price, size)| told.get(price) != Some(size));
            let changes: Vec<Level> = gone
                .chain(set.map(|(price, size)| (*price, *size)))
                .map(|(price, size)| Level { price, size })
                .collect();
            *told = now;
            changes
        });
        let (body, content) = self.book(market, instrument, false, changes);
        self.push(at, instrument, body, content, out);
    }
}

impl Wire for Kraken {
    fn instrument_id(&self, instrument: &Instrument) -> String {
        format!("{}.KRAKEN", symbol(instrument))
    }

    fn url(&self) -> &'static str {
        "wss://ws.kraken.com/v2"
    }

    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.subscriptions()
    }

    fn definitions(&self, market: &Market, at: u64) -> Message {
        self.write_definitions(market, at)
    }

    fn snapshot(&self, market: &Market, instrument: usize, at: u64) -> Message {
        if self.channels.has(Channel::Orders) {
            return self.all_orders(market, instrument, at);
        }
        let sides = [Side::Buy, Side::Sell].map(|side| self.told(instrument, side));
        let (body, content) = self.book(market, instrument, true, sides);
        Message { at, instrument, body, content, carrier: Carrier::Stream }
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Vec<Message>) {
        let Event { at, instrument, body } = *event;
        match body {
            Body::Level(side, level) => {
                let stream = &mut self.streams[instrument];
                stream.orders.follow(side, level, micros(at));
                (stream.changed, stream.changed_ns) = (true, at);
            }
            Body::Trade(trade) => self.trade(market, at, instrument, trade, out),
            Body::Settled(Some(top)) if self.channels.has(Channel::Quote) => {
                let body = self.write_ticker(market, at, instrument, top);
                let ts_event = micros(at);
                let content =
                    Content::Quote { id: ts_event, bid: top.bid, ask: top.ask, ts_event: Some(ts_event) };
                self.push(at, instrument, body, content, out);
            }
            Body::Settled(_) | Body::Hidden | Body::Mark(_) | Body::Liquidation(_) => {}
        }
    }

    fn next_at(&self) -> u64 {
        self.books.next_at()
    }

    fn tick(&mut self, market: &Market, out: &mut Vec<Message>) {
        let at = self.next_at();
        let instrument = self.books.take();
        if self.channels.has(Channel::Orders) {
            self.tell_orders(market, at, instrument, out);
        } else if self.channels.has(Channel::Book) {
            self.tell_diff(market, at, instrument, out);
        }
    }
}
