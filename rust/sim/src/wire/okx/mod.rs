//! OKX linear swaps and futures: the channels of a public connection and the instrument endpoint.
//!
//! Layouts: the exchange's v5 documentation as of 2026-08 and frames captured in 2021 to 2026. One `seqId` counts what
//! happens to an instrument; a book's message names its own and the one before it of that channel. Sizes are contracts.
//! Until 2026-06-23 a book's message had a checksum over the texts of its best 25 levels, since then it is 0: every third
//! instrument is of the later time.

mod definitions;
mod messages;

use std::collections::BTreeMap;

use super::{
    Carrier, Channel, Channels, Content, Diff, EndsAtIt, Feed, Index, MILLI, Message, Rounds, Snapshot, Wire,
    millis,
};
use crate::market::{
    Body, Candle, Event, Instrument, Level, Liquidation, Mark, Market, Product, SECOND, Side, Term, Trade,
};
use crate::random::Random;

/// OKX.
pub(super) const OKX: Feed = Feed { name: "okx", product: Product::Linear, wire: make };

/// Levels of a side that `books` shows.
const DEPTH: usize = 400;
/// Levels of a side that `books5` shows.
const FEW: usize = 5;
/// After so long without a change a book's message says that there is none. The venue waits for a minute; a short capture
/// of a busy market shall have some too.
const QUIET: u64 = 300 * MILLI;
/// Between two fundings, ns.
const FUNDING: u64 = 8 * 3_600 * SECOND;

fn make(market: &Market, seed: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    Box::new(Okx::new(market, seed, channels, start))
}

/// Fills of one order at one price.
#[derive(Debug, Clone, Copy)]
struct Together {
    last: Trade,
    size: i64,
    count: u64,
}

/// What the venue keeps of one instrument.
#[derive(Debug)]
struct Stream {
    symbol: String,
    /// The last `seqId` given, and that of the last message of `books`.
    seq: u64,
    told_seq: u64,
    /// What `books` told: sizes by price.
    told: [BTreeMap<i64, i64>; 2],
    /// Time of the last change of the book, ns UTC; whether `books` and `books5` have told it.
    changed_ns: u64,
    changed: bool,
    few_changed: bool,
    /// When `books` last said something, ns UTC.
    said_at: u64,
    has_checksum: bool,
    together: Option<Together>,
    candle: Candle,
    candle_changed: bool,
}

/// The venue.
#[derive(Debug)]
struct Okx {
    channels: Channels,
    streams: Vec<Stream>,
    random: Random,
    books: Rounds,
    candles: Rounds,
}

/// The venue's name of an instrument.
pub(crate) fn symbol(instrument: &Instrument) -> String {
    let Instrument { base, quote, term, .. } = instrument;
    match term {
        Term::Until(_) => format!("{base}-{quote}-261225"),
        Term::Perpetual => format!("{base}-{quote}-SWAP"),
    }
}

/// Nautilus's id of an instrument.
pub(crate) fn instrument_id(instrument: &Instrument) -> String {
    format!("{}.OKX", symbol(instrument))
}

fn index(instrument: &Instrument) -> String {
    format!("{}-{}", instrument.base, instrument.quote)
}

impl Okx {
    fn new(market: &Market, seed: u64, channels: Channels, start: u64) -> Self {
        let mut random = Random::new(seed, 4);
        let streams: Vec<Stream> = market
            .instruments()
            .iter()
            .enumerate()
            .map(|(at, instrument)| {
                let told =
                    |side| market.book(at).levels(side).take(DEPTH).map(|l| (l.price, l.size)).collect();
                let seq = 1_000_000 + random.below(300_000_000_000);
                Stream {
                    symbol: symbol(instrument),
                    seq,
                    told_seq: seq,
                    told: [told(Side::Buy), told(Side::Sell)],
                    changed_ns: start,
                    changed: false,
                    few_changed: false,
                    said_at: start,
                    has_checksum: at % 3 != 2,
                    together: None,
                    candle: Candle::empty(start, market.last_price(at)),
                    candle_changed: false,
                }
            })
            .collect();
        let count = streams.len();
        Self {
            channels,
            streams,
            random,
            books: Rounds::new(start, 100 * MILLI, count),
            candles: Rounds::new(start, SECOND, count),
        }
    }

    /// The next `seqId` of an instrument: what nobody is told of takes some too.
    fn next_seq(&mut self, instrument: usize) -> u64 {
        let step = 1 + self.random.below(20);
        let stream = &mut self.streams[instrument];
        stream.seq += step;
        stream.seq
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
            let fill = Together { last: trade, size: trade.size, count: 1 };
            self.tell_trade(market, at, instrument, &fill, false, out);
        }
        if self.channels.has(Channel::Aggregate) {
            let held = &mut self.streams[instrument].together;
            match held {
                Some(held) if (held.last.order, held.last.price) == (trade.order, trade.price) => {
                    *held = Together { last: trade, size: held.size + trade.size, count: held.count + 1 };
                }
                _ => {
                    self.tell_together(market, at, instrument, out);
                    let fill = Together { last: trade, size: trade.size, count: 1 };
                    self.streams[instrument].together = Some(fill);
                }
            }
        }
    }

    /// Tells the fills of one order at one price.
    fn tell_together(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        if let Some(fills) = self.streams[instrument].together.take() {
            self.tell_trade(market, at, instrument, &fills, true, out);
        }
    }

    fn tell_trade(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        fills: &Together,
        aggregate: bool,
        out: &mut Vec<Message>,
    ) {
        let seq = self.next_seq(instrument);
        let body = self.write_trade(market, at, instrument, fills, aggregate.then_some(seq));
        let content = Content::Trade {
            aggregate,
            id: fills.last.id,
            name: fills.last.id.to_string(),
            level: Level { price: fills.last.price, size: fills.size },
            taker: fills.last.taker,
            ts_event: millis(at),
        };
        self.push(at, instrument, body, content, out);
    }

    /// Tells the candle when its minute is over, and begins the next.
    fn close_candle(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let candle = self.streams[instrument].candle;
        let Some(next) = candle.next(at) else { return };
        if self.channels.has(Channel::Bar) {
            let body = self.write_candle(market, instrument, true);
            self.push(at, instrument, body, Content::bar(&candle), out);
        }
        let stream = &mut self.streams[instrument];
        stream.candle = next;
        stream.candle_changed = false;
    }

    /// Tells how the book changed since the last message, or after a while that it did not.
    fn tell_diff(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        if !std::mem::take(&mut stream.changed) {
            if at >= stream.said_at + QUIET {
                stream.said_at = at;
                let seq = stream.told_seq;
                let nothing =
                    Diff { after: seq, id: seq, bids: Vec::new(), asks: Vec::new(), ts_event: millis(at) };
                let body = self.write_book(market, instrument, Some(seq), &nothing);
                self.push(at, instrument, body, Content::Diff(nothing), out);
            }
            return;
        }
        let book = market.book(instrument);
        let mut changes = [Vec::new(), Vec::new()];
        for (side, changes) in [Side::Buy, Side::Sell].into_iter().zip(&mut changes) {
            let now: BTreeMap<i64, i64> = book.levels(side).take(DEPTH).map(|l| (l.price, l.size)).collect();
            let told = &mut stream.told[side as usize];
            let gone = told.keys().filter(|price| !now.contains_key(price)).map(|price| (*price, 0));
            let set = now.iter().filter(|(price, size)| told.get(price) != Some(size));
            changes.extend(gone.chain(set.map(|(price, size)| (*price, *size))));
            changes.sort_unstable_by_key(|(price, _)| -side.sign() * price);
            *told = now;
        }
        stream.said_at = at;
        let ts_event = millis(stream.changed_ns);
        let id = self.next_seq(instrument);
        let after = std::mem::replace(&mut self.streams[instrument].told_seq, id);
        let [bids, asks] =
            changes.map(|levels| levels.into_iter().map(|(price, size)| Level { price, size }).collect());
        let diff = Diff { after, id, bids, asks, ts_event };
        let body = self.write_book(market, instrument, Some(after), &diff);
        self.push(at, instrument, body, Content::Diff(diff), out);
    }

    /// Tells the best five levels.
    fn tell_few(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        if !std::mem::take(&mut self.streams[instrument].few_changed) {
            return;
        }
        let id = self.next_seq(instrument);
        let levels = |side| market.book(instrument).levels(side).take(FEW).collect();
        let few = Snapshot {
            id,
            ends_at_it: EndsAtIt::Contained,
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            ts_event: Some(millis(self.streams[instrument].changed_ns)),
        };
        let body = self.write_top(market, instrument, "books5", &few);
        self.push(at, instrument, body, Content::Partial(few), out);
    }

    fn tell_mark(&self, market: &Market, at: u64, instrument: usize, mark: &Mark, out: &mut Vec<Message>) {
        let of = &market.instruments()[instrument];
        let ts_event = millis(at);
        let body = self.write_mark(market, at, instrument, mark);
        let content = Content::Mark { mark: Some(mark.mark), index: None, funding: None, ts_event };
        self.push(at, instrument, body, content, out);
        if of.term != Term::Perpetual {
            return;
        }
        // An index is its own; the swap's subscriber asks for it.
        let body = self.write_index(market, at, instrument, mark);
        let own = Index { value: mark.index, id: Some(format!("{}.OKX", index(of))) };
        let content = Content::Mark { mark: None, index: Some(own), funding: None, ts_event };
        self.push(at, instrument, body, content, out);
        let body = self.write_funding(at, instrument, mark);
        let funding = Some((mark.funding, mark.next_funding_ns, Some(FUNDING)));
        let content = Content::Mark { mark: None, index: None, funding, ts_event };
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

impl Wire for Okx {
    fn instrument_id(&self, instrument: &Instrument) -> String {
        instrument_id(instrument)
    }

    fn url(&self) -> &'static str {
        "wss://ws.okx.com:8443/ws/v5/public"
    }

    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut args = Vec::new();
        for stream in &self.streams {
            args.extend(self.arguments(&stream.symbol));
        }
        if self.channels.has(Channel::Liquidation) {
            args.extend(
                ["SWAP", "FUTURES"]
                    .map(|kind| format!("{{\"channel\":\"liquidation-orders\",\"instType\":\"{kind}\"}}")),
            );
        }
        let pair = |arg: String| {
            let sent = format!("{{\"op\":\"subscribe\",\"args\":[{arg}]}}");
            let answer = format!("{{\"event\":\"subscribe\",\"arg\":{arg},\"connId\":\"503b4b32\"}}");
            (sent.into_bytes(), answer.into_bytes())
        };
        args.into_iter().map(pair).collect()
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
        let ts_event = millis(stream.said_at);
        let (bids, asks) = (levels(Side::Buy), levels(Side::Sell));
        let whole = Diff { after: stream.told_seq, id: stream.told_seq, bids, asks, ts_event };
        let body = self.write_book(market, instrument, None, &whole);
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
                (stream.changed, stream.few_changed, stream.changed_ns) = (true, true, at);
            }
            Body::Trade(trade) => self.trade(market, at, instrument, trade, out),
            Body::Settled(top) => {
                self.tell_together(market, at, instrument, out);
                if let Some(top) = top.filter(|_| self.channels.has(Channel::Quote)) {
                    let id = self.next_seq(instrument);
                    let best = Snapshot {
                        id,
                        ends_at_it: EndsAtIt::Contained,
                        bids: vec![top.bid],
                        asks: vec![top.ask],
                        ts_event: Some(millis(at)),
                    };
                    let body = self.write_top(market, instrument, "bbo-tbt", &best);
                    let content = Content::Quote { id, bid: top.bid, ask: top.ask, ts_event: best.ts_event };
                    self.push(at, instrument, body, content, out);
                }
            }
            Body::Mark(mark) if self.channels.has(Channel::Mark) => {
                self.tell_mark(market, at, instrument, &mark, out);
            }
            Body::Liquidation(order) if self.channels.has(Channel::Liquidation) => {
                self.tell_forced(market, at, instrument, &order, out);
            }
            Body::Mark(_) | Body::Liquidation(_) => {}
        }
    }

    fn next_at(&self) -> u64 {
        self.books.next_at().min(self.candles.next_at())
    }

    fn tick(&mut self, market: &Market, out: &mut Vec<Message>) {
        let at = self.next_at();
        if self.books.next_at() == at {
            let instrument = self.books.take();
            if self.channels.has(Channel::Book) {
                self.tell_diff(market, at, instrument, out);
            }
            if self.channels.has(Channel::Partial) {
                self.tell_few(market, at, instrument, out);
            }
        } else {
            let instrument = self.candles.take();
            self.close_candle(market, at, instrument, out);
            if self.channels.has(Channel::Bar) && self.streams[instrument].candle_changed {
                self.streams[instrument].candle_changed = false;
                let body = self.write_candle(market, instrument, false);
                self.push(at, instrument, body, Content::Control, out);
            }
        }
    }
}

#[cfg(test)]
mod tests;
