//! Kraken Futures, linear: trades, books and tickers of a public connection, and the answer that defines products.
//!
//! Layouts: the exchange's documentation as of 2026-10 and frames captured in 2021 to 2026. A message of the book is one level,
//! numbered from product to product; the whole book comes by the stream, after a subscription. A trade says whether its taker was
//! liquidated. Once a second a ticker has the best bid and ask, valuations, funding, what is open and whether it trades. Prices
//! and sizes are numbers: `64401.0`, small ones with an exponent, `5.494e-6`. Every other product's trades are written as in
//! 2021.

mod messages;
#[cfg(test)]
mod tests;

use crate::market::{Body, Event, Instrument, Level, Mark, Market, Product, Side, Term, Top, Trade};
use crate::random::Random;
use crate::wire::{
    Carrier, Channel, Channels, Content, Diff, EndsAtIt, Feed, Index, Message, Snapshot, Wire, millis, uuid,
};

/// Kraken Futures.
pub(in crate::wire) const FUTURES: Feed =
    Feed { name: "kraken-futures", product: Product::Linear, wire: make };

fn make(market: &Market, seed: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    Box::new(Futures::new(market, seed, channels, start))
}

/// What a ticker says of trading: the venue's flags, Nautilus's action and the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Trading,
    PostOnly,
    Suspended,
}

impl State {
    const fn content(self, ts_event: u64) -> Content {
        let (action, reason) = match self {
            Self::Trading => ("TRADING", "trading"),
            Self::PostOnly => ("PAUSE", "post_only"),
            Self::Suspended => ("SUSPEND", "suspended"),
        };
        Content::Status { action, reason, is_trading: matches!(self, Self::Trading), ts_event }
    }
}

/// What the venue keeps of one product.
#[derive(Debug)]
struct Stream {
    symbol: String,
    /// Number of the last message of the book, and of the last trade.
    seq: u64,
    trade: u64,
    /// Time of the last change of the book, ns UTC.
    changed_ns: u64,
    /// Fills of the order at hand: whether it was forced is known at its end.
    fills: Vec<Trade>,
    /// Steps that are open.
    open: i64,
    state: State,
}

/// The venue.
#[derive(Debug)]
struct Futures {
    channels: Channels,
    streams: Vec<Stream>,
    random: Random,
}

/// Bitcoin has its old name.
fn symbol(instrument: &Instrument) -> String {
    let base = if instrument.base == "BTC" { "XBT" } else { &instrument.base };
    match instrument.term {
        Term::Until(_) => format!("FF_{base}USD_261225"),
        Term::Perpetual => format!("PF_{base}USD"),
    }
}

impl Futures {
    fn new(market: &Market, seed: u64, channels: Channels, start: u64) -> Self {
        let mut random = Random::new(seed, 5);
        let stream = |instrument: &Instrument| Stream {
            symbol: symbol(instrument),
            seq: 1 + random.below(90_000_000),
            trade: 1 + random.below(900_000),
            changed_ns: start,
            fills: Vec::new(),
            open: 1_000_000 + random.below(9_000_000) as i64,
            state: State::Trading,
        };
        let streams = market.instruments().iter().map(stream).collect();
        Self { channels, streams, random }
    }

    fn push(&self, at: u64, instrument: usize, body: Vec<u8>, content: Content, out: &mut Vec<Message>) {
        out.push(Message { at, instrument, body, content, carrier: Carrier::Stream });
    }

    /// One level of the book has changed.
    fn tell_level(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        (side, level): (Side, Level),
        out: &mut Vec<Message>,
    ) {
        let stream = &mut self.streams[instrument];
        stream.seq += 1;
        stream.changed_ns = at;
        let (bids, asks) = if side == Side::Buy { (vec![level], vec![]) } else { (vec![], vec![level]) };
        let diff = Diff { after: stream.seq - 1, id: stream.seq, bids, asks, ts_event: millis(at) };
        let body = self.write_level(market, instrument, side, level, &diff);
        self.push(at, instrument, body, Content::Diff(diff), out);
    }

    /// The fills of an order, all of them forced or none.
    fn tell_fills(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        is_forced: bool,
        out: &mut Vec<Message>,
    ) {
        for trade in std::mem::take(&mut self.streams[instrument].fills) {
            let stream = &mut self.streams[instrument];
            stream.trade += 1;
            stream.open = (stream.open + trade.size * if trade.id.is_multiple_of(3) { -1 } else { 1 }).max(1);
            if !self.channels.has(Channel::Trade) {
                continue;
            }
            let name = uuid(instrument, trade.id);
            let body = self.write_trade(market, at, instrument, &trade, &name, is_forced);
            let level = Level { price: trade.price, size: trade.size };
            let (id, taker, ts_event) = (trade.id, trade.taker, millis(at));
            let fill = Content::Trade { aggregate: false, id, name, level, taker, ts_event };
            let content = match is_forced {
                true => Content::Forced { fill: Box::new(fill), sides: vec![taker] },
                false => fill,
            };
            self.push(at, instrument, body, content, out);
        }
    }

    fn tell_ticker(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        mark: &Mark,
        out: &mut Vec<Message>,
    ) {
        // Now and then trading stops for some seconds.
        self.streams[instrument].state = match (self.streams[instrument].state, self.random.below(40)) {
            (State::Trading, 0) => State::PostOnly,
            (State::Trading, 1) => State::Suspended,
            (_, 0..10) => State::Trading,
            (state, _) => state,
        };
        let of = &market.instruments()[instrument];
        let (stream, book) = (&self.streams[instrument], market.book(instrument));
        let top = book.best(Side::Buy).zip(book.best(Side::Sell)).map(|(bid, ask)| Top { bid, ask });
        let body = self.write_ticker(market, at, instrument, mark, top);
        let ts_event = millis(at);
        let funding = (mark.funding, mark.next_funding_ns, None);
        let mut all = vec![
            Content::Mark {
                mark: Some(mark.mark),
                index: Some(Index { value: mark.index, id: None }),
                funding: (of.term == Term::Perpetual).then_some(funding),
                ts_event,
            },
            Content::OpenInterest { value: of.size(stream.open), unit: "base", ts_event },
            stream.state.content(ts_event),
        ];
        all.extend(top.map(|top| Content::Top { bid: top.bid, ask: top.ask, ts_event }));
        self.push(at, instrument, body, Content::Several(all), out);
    }
}

impl Wire for Futures {
    fn instrument_id(&self, instrument: &Instrument) -> String {
        format!("{}.KRAKEN", symbol(instrument))
    }

    fn url(&self) -> &'static str {
        "wss://futures.kraken.com/ws/v1"
    }

    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.subscriptions()
    }

    fn definitions(&self, market: &Market, at: u64) -> Message {
        self.write_definitions(market, at)
    }

    fn snapshot(&self, market: &Market, instrument: usize, at: u64) -> Message {
        let (stream, book) = (&self.streams[instrument], market.book(instrument));
        let whole = Snapshot {
            id: stream.seq,
            ends_at_it: EndsAtIt::Contained,
            bids: book.levels(Side::Buy).collect(),
            asks: book.levels(Side::Sell).collect(),
            ts_event: Some(millis(stream.changed_ns)),
        };
        let body = self.write_snapshot(market, instrument, &whole);
        Message { at, instrument, body, content: Content::Snapshot(whole), carrier: Carrier::Stream }
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Vec<Message>) {
        let Event { at, instrument, body } = *event;
        match body {
            Body::Level(side, level) if self.channels.has(Channel::Book) => {
                self.tell_level(market, at, instrument, (side, level), out);
            }
            Body::Trade(trade) => self.streams[instrument].fills.push(trade),
            Body::Liquidation(_) => self.tell_fills(market, at, instrument, true, out),
            Body::Settled(_) => self.tell_fills(market, at, instrument, false, out),
            Body::Mark(mark) if self.channels.has(Channel::Mark) => {
                self.tell_ticker(market, at, instrument, &mark, out);
            }
            Body::Level(..) | Body::Hidden | Body::Mark(_) => {}
        }
    }

    fn next_at(&self) -> u64 {
        u64::MAX
    }

    fn tick(&mut self, _: &Market, _: &mut Vec<Message>) {}
}
