//! Bybit spot, linear, inverse and option: the topics of a public connection and the instrument endpoint.
//!
//! Layouts: the exchange's v5 documentation as of 2026-08 and frames captured in 2024 to 2026. A book topic shows
//! the best levels of a side: what leaves that window is taken away by a change, what enters it comes by one. `u`
//! counts the frames of a topic; `seq` grows over everything. A book's snapshot comes by the stream itself, after a
//! subscription.

mod definitions;
mod messages;
mod options;

use std::collections::BTreeMap;

use super::{
    Carrier, Channel, Channels, Content, Diff, EndsAtIt, Feed, Index, MILLI, Message, Rounds, Snapshot, Wire,
    millis, uuid,
};
use crate::market::{
    Body, Candle, Event, Instrument, Level, Liquidation, Mark, Market, Product, SECOND, Side, Term, Trade,
};
use crate::random::Random;

/// Bybit spot.
pub(super) const SPOT: Feed = Feed { name: "bybit-spot", product: Product::Spot, wire: make };
/// Bybit linear contracts.
pub(super) const LINEAR: Feed = Feed { name: "bybit-linear", product: Product::Linear, wire: make };
/// Bybit inverse contracts.
pub(super) const INVERSE: Feed = Feed { name: "bybit-inverse", product: Product::Inverse, wire: make };
/// Bybit options: one on each of the linear contracts, which are what it is worth.
pub(super) const OPTION: Feed = Feed { name: "bybit-option", product: Product::Linear, wire: options::make };

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Spot,
    Linear,
    Inverse,
    Option,
}

impl Kind {
    fn of(market: &Market) -> Self {
        match market.instruments().first().map_or(Product::Spot, |i| i.product) {
            Product::Spot => Self::Spot,
            Product::Linear => Self::Linear,
            Product::Inverse => Self::Inverse,
        }
    }

    /// The name in paths and answers.
    const fn category(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Linear => "linear",
            Self::Inverse => "inverse",
            Self::Option => "option",
        }
    }

    /// Levels of a side that the book topic shows.
    const fn depth(self) -> usize {
        match self {
            Self::Spot => 200,
            Self::Linear | Self::Inverse => 50,
            Self::Option => 100,
        }
    }

    /// How often the book topic tells changes, ns.
    const fn every(self) -> u64 {
        match self {
            Self::Spot | Self::Option => 100 * MILLI,
            Self::Linear | Self::Inverse => 20 * MILLI,
        }
    }

    /// The venue's symbol of an instrument.
    fn symbol(self, instrument: &Instrument) -> String {
        if self == Self::Option { options::symbol(instrument) } else { symbol(instrument) }
    }
}

fn make(market: &Market, seed: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    with_depth(market, seed, channels, start, Kind::of(market).depth())
}

/// A wire whose book topic shows `depth` levels of a side.
pub(crate) fn with_depth(
    market: &Market,
    seed: u64,
    channels: Channels,
    start: u64,
    depth: usize,
) -> Box<dyn Wire> {
    Box::new(Bybit::new(Kind::of(market), market, seed, channels, start, depth))
}

/// What the venue keeps of one instrument.
#[derive(Debug)]
struct Stream {
    symbol: String,
    /// Number of the last frame of the book topic, and what it told: sizes by price.
    u: u64,
    seq: u64,
    told: [BTreeMap<i64, i64>; 2],
    /// Time of the last change of the book, ns UTC, and whether the book topic has told it.
    changed_ns: u64,
    changed: bool,
    /// Number of the last frame at level 1.
    top: u64,
    candle: Candle,
    candle_changed: bool,
    tickers: u64,
}

/// The venue.
#[derive(Debug)]
struct Bybit {
    kind: Kind,
    /// Levels of a side that the book topic shows.
    depth: usize,
    channels: Channels,
    streams: Vec<Stream>,
    /// The last `seq` given.
    seq: u64,
    random: Random,
    diffs: Rounds,
    candles: Rounds,
}

/// The venue's symbol of an instrument.
pub(crate) fn symbol(instrument: &Instrument) -> String {
    let Instrument { base, quote, product, term, .. } = instrument;
    match (term, product) {
        (Term::Until(_), Product::Inverse) => format!("{base}{quote}Z26"),
        (Term::Until(_), _) => format!("{base}{quote}-25DEC26"),
        (Term::Perpetual, _) => format!("{base}{quote}"),
    }
}

/// Nautilus's id of an instrument.
pub(crate) fn instrument_id(instrument: &Instrument) -> String {
    let product = match instrument.product {
        Product::Spot => "SPOT",
        Product::Linear => "LINEAR",
        Product::Inverse => "INVERSE",
    };
    format!("{}-{product}.BYBIT", symbol(instrument))
}

impl Bybit {
    fn new(kind: Kind, market: &Market, seed: u64, channels: Channels, start: u64, depth: usize) -> Self {
        let mut random = Random::new(seed, 4);
        let seq = 100_000_000_000 + random.below(900_000_000_000);
        let streams: Vec<Stream> = market
            .instruments()
            .iter()
            .enumerate()
            .map(|(at, instrument)| {
                let told =
                    |side| market.book(at).levels(side).take(depth).map(|l| (l.price, l.size)).collect();
                Stream {
                    symbol: kind.symbol(instrument),
                    u: 2 + random.below(90_000_000),
                    seq: seq + at as u64,
                    told: [told(Side::Buy), told(Side::Sell)],
                    changed_ns: start,
                    changed: false,
                    top: 2 + random.below(90_000_000),
                    candle: Candle::empty(start, market.last_price(at)),
                    candle_changed: false,
                    tickers: 0,
                }
            })
            .collect();
        let count = streams.len();
        Self {
            kind,
            depth,
            channels,
            seq: seq + count as u64,
            streams,
            random,
            diffs: Rounds::new(start, kind.every(), count),
            candles: Rounds::new(start, SECOND, count),
        }
    }

    const fn is_spot(&self) -> bool {
        matches!(self.kind, Kind::Spot)
    }

    const fn is_option(&self) -> bool {
        matches!(self.kind, Kind::Option)
    }

    /// When a book changed, as its message says it: one of an option has the time of the message alone.
    fn changed(&self, instrument: usize, at: u64) -> u64 {
        millis(if self.is_option() { at } else { self.streams[instrument].changed_ns })
    }

    /// The next `seq`: other books of the engine take some too.
    fn next_seq(&mut self) -> u64 {
        self.seq += 1 + self.random.below(300);
        self.seq
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
            let (seq, name) = (self.next_seq(), self.trade_id(instrument, trade.id));
            let body = self.write_trade(market, at, instrument, &trade, &name, seq);
            let content = Content::Trade {
                aggregate: false,
                id: trade.id,
                name,
                level: Level { price: trade.price, size: trade.size },
                taker: trade.taker,
                ts_event: millis(at),
            };
            self.push(at, instrument, body, content, out);
        }
    }

    /// Digits on spot, a UUID elsewhere.
    fn trade_id(&self, instrument: usize, id: u64) -> String {
        if self.is_spot() {
            return format!("22900000{:012}", id % 1_000_000_000_000);
        }
        uuid(instrument, id)
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

    /// Tells how the best levels changed since the last frame.
    fn tell_diff(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        if !std::mem::take(&mut self.streams[instrument].changed) {
            return;
        }
        let depth = self.depth;
        let book = market.book(instrument);
        let mut changes = [Vec::new(), Vec::new()];
        for (side, changes) in [Side::Buy, Side::Sell].into_iter().zip(&mut changes) {
            let now: BTreeMap<i64, i64> = book.levels(side).take(depth).map(|l| (l.price, l.size)).collect();
            let told = &mut self.streams[instrument].told[side as usize];
            let gone = told.keys().filter(|price| !now.contains_key(price)).map(|price| (*price, 0));
            let set = now.iter().filter(|(price, size)| told.get(price) != Some(size));
            changes.extend(gone.chain(set.map(|(price, size)| (*price, *size))));
            changes.sort_unstable_by_key(|(price, _)| -side.sign() * price);
            *told = now;
        }
        let seq = self.next_seq();
        let [bids, asks] =
            changes.map(|levels| levels.into_iter().map(|(price, size)| Level { price, size }).collect());
        let ts_event = self.changed(instrument, at);
        let stream = &mut self.streams[instrument];
        stream.seq = seq;
        let diff = Diff { after: stream.u, id: stream.u + 1, bids, asks, ts_event };
        stream.u += 1;
        let body = self.write_book(market, at, instrument, "delta", &diff);
        self.push(at, instrument, body, Content::Diff(diff), out);
    }

    fn tell_mark(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        mark: &Mark,
        out: &mut Vec<Message>,
    ) {
        let (seq, dated) = (self.next_seq(), market.instruments()[instrument].term != Term::Perpetual);
        let body = self.write_ticker(market, at, instrument, mark, seq);
        self.streams[instrument].tickers += 1;
        let content = Content::Mark {
            mark: Some(mark.mark),
            index: Some(Index { value: mark.index, id: None }),
            funding: if dated { None } else { Some((mark.funding, mark.next_funding_ns, None)) },
            ts_event: millis(at),
        };
        self.push(at, instrument, body, content, out);
    }

    fn tell_forced(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        order: &Liquidation,
        out: &mut Vec<Message>,
    ) {
        let body = self.write_forced(market, at, instrument, order);
        let content = Content::Liquidation {
            side: order.side,
            price: order.price,
            average: None,
            size: order.size,
            ts_event: millis(at),
        };
        self.push(at, instrument, body, content, out);
    }
}

impl Wire for Bybit {
    fn instrument_id(&self, instrument: &Instrument) -> String {
        if self.is_option() { options::instrument_id(instrument) } else { instrument_id(instrument) }
    }

    fn url(&self) -> &'static str {
        match self.kind {
            Kind::Spot => "wss://stream.bybit.com/v5/public/spot",
            Kind::Linear => "wss://stream.bybit.com/v5/public/linear",
            Kind::Inverse => "wss://stream.bybit.com/v5/public/inverse",
            Kind::Option => "wss://stream.bybit.com/v5/public/option",
        }
    }

    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let topics = self.topics();
        let mut names: Vec<String> = self
            .streams
            .iter()
            .flat_map(|stream| {
                topics.iter().map(|topic| format!("\"{topic}.{}\"", self.named(topic, stream)))
            })
            .collect();
        // Options of one coin have their trades in one topic.
        names.sort();
        names.dedup();
        let said = if self.is_spot() { "subscribe" } else { "" };
        let pair = |(at, names): (usize, &[String])| {
            let names = names.join(",");
            let sent = format!("{{\"req_id\":\"{at}\",\"op\":\"subscribe\",\"args\":[{names}]}}");
            if self.is_option() {
                return (sent.into_bytes(), options::acknowledgement(&names).into_bytes());
            }
            let answer = format!(
                "{{\"success\":true,\"ret_msg\":\"{said}\",\"conn_id\":\"2b1a\",\"req_id\":\"{at}\",\"op\":\"subscribe\"}}"
            );
            (sent.into_bytes(), answer.into_bytes())
        };
        names.chunks(10).enumerate().map(pair).collect()
    }

    fn definitions(&self, market: &Market, at: u64) -> Message {
        self.write_definitions(market, at)
    }

    fn snapshot(&self, market: &Market, instrument: usize, at: u64) -> Message {
        let stream = &self.streams[instrument];
        let levels = |side: Side| -> Vec<Level> {
            let mut levels: Vec<Level> = stream.told[side as usize]
                .iter()
                .map(|(price, size)| Level { price: *price, size: *size })
                .collect();
            levels.sort_unstable_by_key(|level| -side.sign() * level.price);
            levels
        };
        let ts_event = self.changed(instrument, at);
        let (bids, asks) = (levels(Side::Buy), levels(Side::Sell));
        let whole = Diff { after: stream.u, id: stream.u, bids, asks, ts_event };
        let body = self.write_book(market, at, instrument, "snapshot", &whole);
        let Diff { id, bids, asks, .. } = whole;
        let ends_at_it = EndsAtIt::Contained;
        let content = Content::Snapshot(Snapshot { id, ends_at_it, bids, asks, ts_event: Some(ts_event) });
        Message { at, instrument, body, content, carrier: Carrier::Stream }
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Vec<Message>) {
        let Event { at, instrument, body } = *event;
        match body {
            Body::Level(..) | Body::Hidden => {
                let stream = &mut self.streams[instrument];
                (stream.changed, stream.changed_ns) = (true, at);
            }
            Body::Trade(trade) => self.trade(market, at, instrument, trade, out),
            Body::Settled(Some(top)) if self.channels.has(Channel::Quote) => {
                let seq = self.next_seq();
                self.streams[instrument].top += 1;
                let body = self.write_top(market, at, instrument, &top, seq);
                let content =
                    Content::Quote { id: seq, bid: top.bid, ask: top.ask, ts_event: Some(millis(at)) };
                self.push(at, instrument, body, content, out);
            }
            Body::Mark(mark) if self.is_option() && self.channels.has(Channel::Mark) => {
                self.tell_option(market, at, instrument, &mark, out);
            }
            Body::Mark(mark) if self.channels.has(Channel::Mark) => {
                self.tell_mark(market, at, instrument, &mark, out);
            }
            Body::Liquidation(order) if self.channels.has(Channel::Liquidation) => {
                self.tell_forced(market, at, instrument, &order, out);
            }
            Body::Settled(_) | Body::Mark(_) | Body::Liquidation(_) => {}
        }
    }

    fn next_at(&self) -> u64 {
        self.diffs.next_at().min(self.candles.next_at())
    }

    fn tick(&mut self, market: &Market, out: &mut Vec<Message>) {
        let at = self.next_at();
        if self.diffs.next_at() == at {
            let instrument = self.diffs.take();
            if self.channels.has(Channel::Book) {
                self.tell_diff(market, at, instrument, out);
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
