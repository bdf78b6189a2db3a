//! Binance spot, USD-M and COIN-M: the streams of a combined connection, the book and the instrument endpoints.
//!
//! Layouts: the exchange's documentation as of 2026-08 and frames captured in 2021 and 2026. Update ids are one
//! for each change of a book on spot; on futures they are shared by all books of the venue, and only `pu` says what
//! an update follows.

mod definitions;
mod messages;

use super::{
    Carrier, Channel, Channels, Content, Diff, EndsAtIt, Feed, Index, MILLI, Message, Rounds, Snapshot, Wire,
    millis,
};
use crate::market::{
    Body, Candle, Event, Instrument, Level, Liquidation, Market, Product, SECOND, Side, Term, Trade,
};
use crate::random::Random;

/// Binance spot.
pub(super) const SPOT: Feed = Feed { name: "binance-spot", product: Product::Spot, wire: make };
/// Binance USD-M futures.
pub(crate) const USDM: Feed = Feed { name: "binance-usdm", product: Product::Linear, wire: make };
/// Binance COIN-M futures.
pub(super) const COINM: Feed = Feed { name: "binance-coinm", product: Product::Inverse, wire: make };

/// Levels of a side in a partial book.
const PARTIAL_LEVELS: usize = 20;

fn make(market: &Market, seed: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    Box::new(Binance::new(market, seed, channels, start))
}

/// Fills of one taker (spot) or one price and side within 100 ms (futures), until they are told.
#[derive(Debug, Clone, Copy)]
struct Aggregate {
    first: Trade,
    last: u64,
    size: i64,
    at: u64,
}

/// What the venue keeps of one instrument.
#[derive(Debug)]
struct Stream {
    symbol: String,
    /// Lower-case symbol: the head of stream names.
    name: String,
    pair: String,
    /// Id of the last change of the book.
    id: u64,
    /// Time of it, ns UTC.
    changed_ns: u64,
    /// Id of the first change that no diff has told yet.
    first: Option<u64>,
    /// Prices touched since.
    touched: Vec<(Side, i64)>,
    /// Id of the last diff: `u`, the next one's `pu`.
    told: u64,
    /// Id of the last partial book.
    partial: u64,
    candle: Candle,
    candle_changed: bool,
    aggregates: u64,
    aggregate: Option<Aggregate>,
    /// The latest forced order of this second, and when the last one was told.
    forced: Option<(Liquidation, u64)>,
    forced_at: u64,
}

/// The venue.
#[derive(Debug)]
struct Binance {
    product: Product,
    channels: Channels,
    streams: Vec<Stream>,
    /// The last id given on futures.
    id: u64,
    hidden: Random,
    diffs: Rounds,
    partials: Rounds,
    candles: Rounds,
}

/// The venue's symbol of an instrument.
pub(crate) fn symbol(instrument: &Instrument) -> String {
    let Instrument { base, quote, product, term, .. } = instrument;
    match (term, product) {
        (Term::Until(_), _) => format!("{base}{quote}_261225"),
        (Term::Perpetual, Product::Inverse) => format!("{base}{quote}_PERP"),
        (Term::Perpetual, _) => format!("{base}{quote}"),
    }
}

/// Nautilus's id of an instrument.
pub(crate) fn instrument_id(instrument: &Instrument) -> String {
    let Instrument { base, quote, product, term, .. } = instrument;
    match (term, product) {
        (Term::Until(_), _) => format!("{base}{quote}_261225.BINANCE"),
        (_, Product::Spot) => format!("{base}{quote}.BINANCE"),
        _ => format!("{base}{quote}-PERP.BINANCE"),
    }
}

impl Binance {
    fn new(market: &Market, seed: u64, channels: Channels, start: u64) -> Self {
        let mut random = Random::new(seed, 2);
        let product = market.instruments().first().map_or(Product::Spot, |i| i.product);
        let id = 11_000_000_000_000 + random.below(1_000_000_000_000);
        let streams: Vec<Stream> = market
            .instruments()
            .iter()
            .enumerate()
            .map(|(at, instrument)| {
                let symbol = symbol(instrument);
                let id = if product == Product::Spot { 1_000_000 + random.below(90_000_000_000) } else { id };
                Stream {
                    name: symbol.to_lowercase(),
                    symbol,
                    pair: format!("{}{}", instrument.base, instrument.quote),
                    id,
                    changed_ns: start,
                    first: None,
                    touched: Vec::new(),
                    told: id,
                    partial: 0,
                    candle: Candle::empty(start, market.last_price(at)),
                    candle_changed: false,
                    aggregates: 1_000 + random.below(3_000_000_000),
                    aggregate: None,
                    forced: None,
                    forced_at: 0,
                }
            })
            .collect();
        let count = streams.len();
        let spot = product == Product::Spot;
        Self {
            product,
            channels,
            streams,
            id,
            hidden: random,
            diffs: Rounds::new(start, 100 * MILLI, count),
            partials: Rounds::new(start, if spot { SECOND } else { SECOND / 2 }, count),
            candles: Rounds::new(start, if spot { 2 * SECOND } else { SECOND / 4 }, count),
        }
    }

    const fn is_spot(&self) -> bool {
        matches!(self.product, Product::Spot)
    }

    /// Gives a change of a book its id.
    fn number(&mut self, at: u64, instrument: usize) {
        let spot = self.is_spot();
        if !spot {
            // Other books of the venue, those that nobody listens to among them, take ids too.
            self.id += 1 + self.hidden.below(3);
        }
        let stream = &mut self.streams[instrument];
        stream.id = if spot { stream.id + 1 } else { self.id };
        stream.changed_ns = at;
        stream.first.get_or_insert(stream.id);
    }

    fn push(&self, at: u64, instrument: usize, body: Vec<u8>, content: Content, out: &mut Vec<Message>) {
        out.push(Message { at, instrument, body, content, carrier: Carrier::Stream });
    }

    fn trade(&mut self, market: &Market, at: u64, instrument: usize, trade: Trade, out: &mut Vec<Message>) {
        self.close_candle(market, at, instrument, out);
        let stream = &mut self.streams[instrument];
        stream.candle.add(&trade);
        stream.candle_changed = true;
        if self.channels.has(Channel::Trade) {
            let body = self.write_trade(market, at, instrument, &trade);
            let content = Content::Trade {
                aggregate: false,
                id: trade.id,
                name: trade.id.to_string(),
                level: Level { price: trade.price, size: trade.size },
                taker: trade.taker,
                ts_event: millis(at),
            };
            self.push(at, instrument, body, content, out);
        }
        if self.channels.has(Channel::Aggregate) {
            let spot = self.is_spot();
            let held = &mut self.streams[instrument].aggregate;
            let joins = held.is_some_and(|held| {
                held.first.price == trade.price
                    && held.first.taker == trade.taker
                    && (!spot || held.first.order == trade.order)
            });
            match held {
                Some(held) if joins => {
                    held.last = trade.id;
                    held.size += trade.size;
                }
                _ => {
                    self.tell_aggregate(market, at, instrument, out);
                    self.streams[instrument].aggregate =
                        Some(Aggregate { first: trade, last: trade.id, size: trade.size, at });
                }
            }
        }
    }

    fn tell_aggregate(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        let Some(aggregate) = stream.aggregate.take() else { return };
        stream.aggregates += 1;
        let id = stream.aggregates;
        let body = self.write_aggregate(market, at, instrument, id, &aggregate);
        let content = Content::Trade {
            aggregate: true,
            id,
            name: id.to_string(),
            level: Level { price: aggregate.first.price, size: aggregate.size },
            taker: aggregate.first.taker,
            ts_event: millis(aggregate.at),
        };
        self.push(at, instrument, body, content, out);
    }

    /// Tells the candle when its minute is over, and begins the next.
    fn close_candle(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let candle = self.streams[instrument].candle;
        let Some(next) = candle.next(at) else { return };
        if self.channels.has(Channel::Bar) {
            let body = self.write_candle(market, at, instrument, true);
            self.push(at, instrument, body, Content::bar(&candle), out);
        }
        let stream = &mut self.streams[instrument];
        stream.candle = next;
        stream.candle_changed = false;
    }

    fn tell_diff(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        let Some(first) = stream.first.take() else { return };
        let mut touched = std::mem::take(&mut stream.touched);
        // Spot lists the best first, futures the lowest first.
        touched.sort_unstable_by_key(|(side, price)| {
            if self.product == Product::Spot { -side.sign() * price } else { *price }
        });
        let book = market.book(instrument);
        let levels = |wanted: Side| -> Vec<Level> {
            let of_side = touched.iter().filter(|(side, _)| *side == wanted);
            of_side.map(|(side, price)| Level { price: *price, size: book.size(*side, *price) }).collect()
        };
        let diff = Diff {
            after: std::mem::replace(&mut stream.told, stream.id),
            id: stream.id,
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            ts_event: millis(if self.product == Product::Spot { at } else { stream.changed_ns }),
        };
        touched.clear();
        stream.touched = touched;
        let body = self.write_diff(market, at, instrument, first, &diff);
        self.push(at, instrument, body, Content::Diff(diff), out);
    }

    fn tell_partial(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        if stream.partial == stream.id {
            return;
        }
        let previous = std::mem::replace(&mut stream.partial, stream.id);
        let book = market.book(instrument);
        let levels = |side| book.levels(side).take(PARTIAL_LEVELS).collect();
        let partial = Snapshot {
            id: stream.id,
            ends_at_it: EndsAtIt::Contained,
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            ts_event: if self.product == Product::Spot { None } else { Some(millis(stream.changed_ns)) },
        };
        let body = self.write_partial(market, at, instrument, previous, &partial);
        self.push(at, instrument, body, Content::Partial(partial), out);
    }

    /// Tells the latest forced order, at most one a second.
    fn tell_forced(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        if at < stream.forced_at + SECOND {
            return;
        }
        let Some((order, filled_at)) = stream.forced.take() else { return };
        stream.forced_at = at;
        let body = self.write_forced(market, at, instrument, &order, filled_at);
        let content = Content::Liquidation {
            side: order.side,
            price: order.price,
            average: Some(order.average),
            size: order.filled,
            ts_event: millis(filled_at),
        };
        self.push(at, instrument, body, content, out);
    }
}

impl Wire for Binance {
    fn instrument_id(&self, instrument: &Instrument) -> String {
        instrument_id(instrument)
    }

    fn url(&self) -> &'static str {
        match self.product {
            Product::Spot => "wss://stream.binance.com:9443/stream",
            Product::Linear => "wss://fstream.binance.com/public/stream",
            Product::Inverse => "wss://dstream.binance.com/stream",
        }
    }

    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let suffixes = self.suffixes();
        let names: Vec<String> = self
            .streams
            .iter()
            .flat_map(|stream| suffixes.iter().map(|suffix| format!("\"{}@{suffix}\"", stream.name)))
            .collect();
        let pair = |(at, names): (usize, &[String])| {
            let (names, id) = (names.join(","), at + 1);
            let sent = format!("{{\"method\":\"SUBSCRIBE\",\"params\":[{names}],\"id\":{id}}}");
            (sent.into_bytes(), format!("{{\"result\":null,\"id\":{id}}}").into_bytes())
        };
        names.chunks(200).enumerate().map(pair).collect()
    }

    fn definitions(&self, market: &Market, at: u64) -> Message {
        self.write_definitions(market, at)
    }

    fn snapshot(&self, market: &Market, instrument: usize, at: u64) -> Message {
        let stream = &self.streams[instrument];
        // Every third book is asked for with so few levels that deeper ones stay unknown.
        let limit = if instrument % 3 == 2 { 20 } else { 1_000 };
        let book = market.book(instrument);
        let levels = |side| book.levels(side).take(limit).collect();
        let spot = self.is_spot();
        let snapshot = Snapshot {
            id: stream.id,
            // Spot drops `u` <= the snapshot's id, futures only `u` < it.
            ends_at_it: if spot { EndsAtIt::Contained } else { EndsAtIt::Applied },
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            ts_event: if spot { None } else { Some(millis(stream.changed_ns)) },
        };
        let body = self.write_snapshot(market, at, instrument, &snapshot);
        let endpoint = match self.product {
            Product::Spot => "https://api.binance.com/api/v3/depth",
            Product::Linear => "https://fapi.binance.com/fapi/v1/depth",
            Product::Inverse => "https://dapi.binance.com/dapi/v1/depth",
        };
        let url = format!("{endpoint}?symbol={}&limit={limit}", stream.symbol);
        let carrier = Carrier::Answer { url, stream: Some(format!("{}@depthSnapshot", stream.name)) };
        Message { at, instrument, body, content: Content::Snapshot(snapshot), carrier }
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Vec<Message>) {
        let Event { at, instrument, body } = *event;
        match body {
            Body::Level(side, level) => {
                self.number(at, instrument);
                let touched = &mut self.streams[instrument].touched;
                if !touched.contains(&(side, level.price)) {
                    touched.push((side, level.price));
                }
            }
            Body::Hidden => self.number(at, instrument),
            Body::Trade(trade) => self.trade(market, at, instrument, trade, out),
            Body::Liquidation(order) if self.channels.has(Channel::Liquidation) => {
                self.streams[instrument].forced = Some((order, at));
                self.tell_forced(market, at, instrument, out);
            }
            Body::Settled(top) => {
                if self.is_spot() {
                    self.tell_aggregate(market, at, instrument, out);
                }
                if let Some(top) = top.filter(|_| self.channels.has(Channel::Quote)) {
                    let body = self.write_quote(market, at, instrument, &top);
                    let content = Content::Quote {
                        id: self.streams[instrument].id,
                        bid: top.bid,
                        ask: top.ask,
                        ts_event: if self.is_spot() { None } else { Some(millis(at)) },
                    };
                    self.push(at, instrument, body, content, out);
                }
            }
            Body::Mark(mark) if self.channels.has(Channel::Mark) => {
                let body = self.write_mark(market, at, instrument, &mark);
                let dated = market.instruments()[instrument].term != Term::Perpetual;
                let content = Content::Mark {
                    mark: Some(mark.mark),
                    index: Some(Index { value: mark.index, id: None }),
                    funding: if dated { None } else { Some((mark.funding, mark.next_funding_ns, None)) },
                    ts_event: millis(at),
                };
                self.push(at, instrument, body, content, out);
            }
            Body::Liquidation(_) | Body::Mark(_) => {}
        }
    }

    fn next_at(&self) -> u64 {
        self.diffs.next_at().min(self.partials.next_at()).min(self.candles.next_at())
    }

    fn tick(&mut self, market: &Market, out: &mut Vec<Message>) {
        let at = self.next_at();
        if self.diffs.next_at() == at {
            let instrument = self.diffs.take();
            self.tell_aggregate(market, at, instrument, out);
            self.tell_forced(market, at, instrument, out);
            if self.channels.has(Channel::Book) {
                self.tell_diff(market, at, instrument, out);
            }
        } else if self.partials.next_at() == at {
            let instrument = self.partials.take();
            if self.channels.has(Channel::Partial) {
                self.tell_partial(market, at, instrument, out);
            }
        } else {
            let instrument = self.candles.take();
            self.close_candle(market, at, instrument, out);
            if self.channels.has(Channel::Bar) && self.streams[instrument].candle_changed {
                self.streams[instrument].candle_changed = false;
                let body = self.write_candle(market, at, instrument, false);
                self.push(at, instrument, body, Content::Control, out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
