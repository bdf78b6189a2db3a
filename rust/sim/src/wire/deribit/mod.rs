//! Deribit perpetuals and futures: the channels of a connection and the answer that defines instruments.
//!
//! Layouts: the exchange's documentation as of 2026-10 and frames captured in 2021 to 2026. One `change_id` counts what
//! happens to an instrument; a book's message names its own and that of the channel's message before it. Numbers are
//! written as Erlang writes doubles: `10.0`, `1.0002e6`, `2.8e-4`. Every third instrument is on a coin against the dollar,
//! where amounts are dollars; the others are in their coin.

mod messages;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{
    Carrier, Channel, Channels, Content, Diff, EndsAtIt, Feed, Index, MILLI, Message, Rounds, Snapshot,
    Valued, Wire, millis,
};
use crate::decimal::Decimal;
use crate::market::{
    Body, Candle, Event, Instrument, Level, Mark, Market, Product, SECOND, Side, Term, Top, Trade,
};
use crate::random::Random;

/// Deribit.
pub(super) const DERIBIT: Feed = Feed { name: "deribit", product: Product::Linear, wire: make };

/// Levels of a side that the best levels are.
const FEW: usize = 10;

fn make(market: &Market, seed: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    Box::new(Deribit::new(market, seed, channels, start))
}

/// Who of a fill was liquidated, as the venue writes it.
const LIQUIDATED: [&str; 3] = ["M", "T", "MT"];

/// What the venue keeps of one instrument.
#[derive(Debug)]
struct Stream {
    name: String,
    /// Name of the index it is on.
    index: String,
    /// Amounts are dollars.
    in_dollars: bool,
    /// Whether its funding has a channel of its own.
    has_funding: bool,
    /// The last `change_id` given, and that of the last message of the book.
    id: u64,
    told_id: u64,
    /// What the book's channel told: sizes by price.
    told: [BTreeMap<i64, i64>; 2],
    /// Time of the last change of the book, ns UTC; whether the book and the best levels have told it.
    changed_ns: u64,
    changed: bool,
    few_changed: bool,
    /// Time of what the book last told, ns UTC.
    told_ns: u64,
    /// Time of the last quote, ns UTC.
    quoted_ns: u64,
    candle: Candle,
    trades: u64,
}

/// The venue.
#[derive(Debug)]
struct Deribit {
    channels: Channels,
    streams: Vec<Stream>,
    random: Random,
    books: Rounds,
}

impl Stream {
    fn new(market: &Market, at: usize, id: u64, start: u64) -> Self {
        let Instrument { base, quote, term, .. } = &market.instruments()[at];
        let in_dollars = at % 3 == 1;
        let pair = if in_dollars { base.clone() } else { format!("{base}_{quote}") };
        let until = match term {
            Term::Until(_) => "25DEC26",
            Term::Perpetual => "PERPETUAL",
        };
        let told = |side| market.book(at).levels(side).map(|l| (l.price, l.size)).collect();
        let money = if in_dollars { "usd".to_owned() } else { quote.to_lowercase() };
        Self {
            name: format!("{pair}-{until}"),
            index: format!("{}_{money}", base.to_lowercase()),
            in_dollars,
            has_funding: at.is_multiple_of(2),
            id,
            told_id: id,
            told: [told(Side::Buy), told(Side::Sell)],
            changed_ns: start,
            changed: false,
            few_changed: false,
            told_ns: start,
            quoted_ns: 0,
            candle: Candle::empty(start, market.last_price(at)),
            trades: 0,
        }
    }

    /// The venue's id of a trade: a number, with the currency's name before it where that is not BTC.
    fn trade_id(&self, id: u64) -> String {
        match self.name.split('-').next() {
            Some("BTC") | None => id.to_string(),
            Some(currency) => format!("{currency}-{id}"),
        }
    }
}

impl Deribit {
    fn new(market: &Market, seed: u64, channels: Channels, start: u64) -> Self {
        let mut random = Random::new(seed, 5);
        let streams: Vec<Stream> = (0..market.instruments().len())
            .map(|at| Stream::new(market, at, 100_000_000_000 + random.below(50_000_000_000), start))
            .collect();
        let count = streams.len();
        Self { channels, streams, random, books: Rounds::new(start, 100 * MILLI, count) }
    }

    /// The next `change_id` of an instrument: what other channels tell takes some too.
    fn next_id(&mut self, instrument: usize) -> u64 {
        let step = 3 + self.random.below(900);
        let stream = &mut self.streams[instrument];
        stream.id += step;
        stream.id
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
        stream.trades += 1;
        if self.channels.has(Channel::Trade) {
            let liquidated = if self.channels.has(Channel::Liquidation) && self.random.chance(0.03) {
                Some(LIQUIDATED[self.random.below(3) as usize])
            } else {
                None
            };
            let body = self.write_trade(market, at, instrument, &trade, liquidated);
            let fill = Content::Trade {
                aggregate: false,
                id: trade.id,
                name: self.streams[instrument].trade_id(trade.id),
                level: Level { price: trade.price, size: trade.size },
                taker: trade.taker,
                ts_event: millis(at),
            };
            let content = match liquidated {
                Some(who) => Content::Forced { fill: Box::new(fill), sides: forced(who, trade.taker) },
                None => fill,
            };
            self.push(at, instrument, body, content, out);
        }
        if self.channels.has(Channel::Bar) {
            let body = self.write_candle(market, instrument);
            let candle = self.streams[instrument].candle;
            self.push(at, instrument, body, Content::Running { spec: "1-MINUTE-LAST-EXTERNAL", candle }, out);
        }
    }

    /// Tells how the book changed since the last message; now and then that it did not after all.
    fn tell_diff(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        if !std::mem::take(&mut stream.changed) {
            return;
        }
        let book = market.book(instrument);
        let [bids, asks] = [Side::Buy, Side::Sell].map(|side| {
            let now: BTreeMap<i64, i64> = book.levels(side).map(|l| (l.price, l.size)).collect();
            let told = &mut stream.told[side as usize];
            let gone = told.keys().filter(|price| !now.contains_key(price)).map(|price| (*price, 0));
            let set = now.iter().filter(|(price, size)| told.get(price) != Some(size));
            let changes: Vec<(i64, i64)> = gone.chain(set.map(|(price, size)| (*price, *size))).collect();
            let held = std::mem::replace(told, now);
            changes
                .into_iter()
                .map(|(price, size)| (Level { price, size }, held.contains_key(&price)))
                .collect()
        });
        let changes: [Vec<(Level, bool)>; 2] = [bids, asks];
        if changes.iter().all(Vec::is_empty) && self.random.chance(0.8) {
            return;
        }
        let id = self.next_id(instrument);
        let stream = &mut self.streams[instrument];
        stream.told_ns = stream.changed_ns;
        let after = std::mem::replace(&mut stream.told_id, id);
        let ts_event = millis(stream.told_ns);
        let body = self.write_change(market, instrument, [id, after], &changes);
        let [bids, asks] = changes.map(|side| side.into_iter().map(|(level, _)| level).collect());
        self.push(at, instrument, body, Content::Diff(Diff { after, id, bids, asks, ts_event }), out);
    }

    /// Tells the best levels.
    fn tell_few(&mut self, market: &Market, at: u64, instrument: usize, out: &mut Vec<Message>) {
        if !std::mem::take(&mut self.streams[instrument].few_changed) {
            return;
        }
        let id = self.next_id(instrument);
        let levels = |side| market.book(instrument).levels(side).take(FEW).collect();
        let few = Snapshot {
            id,
            ends_at_it: EndsAtIt::Contained,
            bids: levels(Side::Buy),
            asks: levels(Side::Sell),
            ts_event: Some(millis(self.streams[instrument].changed_ns)),
        };
        let body = self.write_few(market, instrument, &few);
        self.push(at, instrument, body, Content::Partial(few), out);
    }

    /// Tells the best bid and ask; no two of an instrument have one time.
    fn tell_quote(&mut self, market: &Market, at: u64, instrument: usize, top: Top, out: &mut Vec<Message>) {
        let stream = &mut self.streams[instrument];
        stream.quoted_ns = millis(at).max(stream.quoted_ns + MILLI);
        let ts_event = stream.quoted_ns;
        let body = self.write_quote(market, instrument, top);
        let content = Content::Quote { id: ts_event, bid: top.bid, ask: top.ask, ts_event: Some(ts_event) };
        self.push(at, instrument, body, content, out);
    }

    /// Tells funding where it has a channel of its own, the ticker, and of perpetuals the indices.
    fn tell_mark(&self, market: &Market, at: u64, instrument: usize, mark: &Mark, out: &mut Vec<Message>) {
        let stream = &self.streams[instrument];
        let of = &market.instruments()[instrument];
        let is_perpetual = of.term == Term::Perpetual;
        let ts_event = millis(at);
        if is_perpetual && stream.has_funding {
            let body = self.write_perpetual(at, instrument, mark);
            let content = Valued { rate: Some(mark.funding), ts_event, ..Valued::default() };
            self.push(at, instrument, body, Content::Valued(content), out);
        }
        let interest = self.interest(of, instrument);
        let body = self.write_ticker(market, at, instrument, mark, interest);
        let content = Valued {
            mark: Some(mark.mark),
            index: Some(Index { value: mark.index, id: None }),
            // Where funding has a channel, what a ticker says of it does not count.
            rate: (is_perpetual && !stream.has_funding).then_some(mark.funding),
            interest: Some((interest, stream.in_dollars)),
            ts_event,
            ..Valued::default()
        };
        self.push(at, instrument, body, Content::Valued(content), out);
        if !is_perpetual {
            return;
        }
        let id = format!("{}.DERIBIT", stream.index);
        let body = self.write_index(at, instrument, mark);
        let index = Some(Index { value: mark.index, id: Some(id.clone()) });
        let content = Valued { index, ts_event, ..Valued::default() };
        self.push(at, instrument, body, Content::Valued(content), out);
        let volatility = Decimal::new(4_000 + i128::from(at / SECOND % 4_001), 2);
        let body = self.write_volatility(at, instrument, volatility);
        let content = Valued { volatility: Some((id, volatility)), ts_event, ..Valued::default() };
        self.push(at, instrument, body, Content::Valued(content), out);
    }

    /// What is open: it grows with every trade.
    fn interest(&self, of: &Instrument, instrument: usize) -> Decimal {
        let open = of.usual * 7_919 + self.streams[instrument].trades as i64 * 3;
        of.size(open)
    }
}

/// Sides of the orders that were liquidated.
fn forced(who: &str, taker: Side) -> Vec<Side> {
    let maker = if taker == Side::Buy { Side::Sell } else { Side::Buy };
    match who {
        "T" => vec![taker],
        "M" => vec![maker],
        _ => vec![taker, maker],
    }
}

impl Wire for Deribit {
    fn instrument_id(&self, instrument: &Instrument) -> String {
        let is = |stream: &&Stream| {
            let (base, is_dated) = (stream.index.split('_').next(), stream.name.ends_with("25DEC26"));
            base == Some(&*instrument.base.to_lowercase()) && is_dated == (instrument.term != Term::Perpetual)
        };
        let name = self.streams.iter().find(is).map_or("", |stream| &stream.name);
        format!("{name}.DERIBIT")
    }

    fn url(&self) -> &'static str {
        "wss://www.deribit.com/ws/api/v2"
    }

    fn subscribe(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.subscriptions()
    }

    fn definitions(&self, market: &Market, at: u64) -> Message {
        self.write_definitions(market, at)
    }

    fn snapshot(&self, market: &Market, instrument: usize, at: u64) -> Message {
        let stream = &self.streams[instrument];
        let level = |(price, size): (&i64, &i64)| Level { price: *price, size: *size };
        let snapshot = Snapshot {
            id: stream.told_id,
            ends_at_it: EndsAtIt::Contained,
            bids: stream.told[0].iter().rev().map(level).collect(),
            asks: stream.told[1].iter().map(level).collect(),
            ts_event: Some(millis(stream.told_ns)),
        };
        let body = self.write_snapshot(market, instrument, &snapshot);
        Message { at, instrument, body, content: Content::Snapshot(snapshot), carrier: Carrier::Stream }
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Vec<Message>) {
        let Event { at, instrument, body } = *event;
        match body {
            Body::Level(..) => {
                let stream = &mut self.streams[instrument];
                (stream.changed, stream.few_changed, stream.changed_ns) = (true, true, at);
            }
            Body::Trade(trade) => self.trade(market, at, instrument, trade, out),
            Body::Settled(Some(top)) if self.channels.has(Channel::Quote) => {
                self.tell_quote(market, at, instrument, top, out);
            }
            Body::Mark(mark) if self.channels.has(Channel::Mark) => {
                self.tell_mark(market, at, instrument, &mark, out);
            }
            // Forced orders are told by the fills.
            Body::Settled(_) | Body::Hidden | Body::Mark(_) | Body::Liquidation(_) => {}
        }
    }

    fn next_at(&self) -> u64 {
        self.books.next_at()
    }

    fn tick(&mut self, market: &Market, out: &mut Vec<Message>) {
        let at = self.next_at();
        let instrument = self.books.take();
        if self.channels.has(Channel::Book) {
            self.tell_diff(market, at, instrument, out);
        }
        if self.channels.has(Channel::Partial) {
            self.tell_few(market, at, instrument, out);
        }
    }
}
