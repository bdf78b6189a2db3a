//! The messages, key by key in the venue's order.

use super::{FUNDING, MILLI, Okx, Together, index};
use crate::decimal::Decimal;
use crate::market::{Candle, Instrument, Level, Liquidation, Mark, Market, Side, Term};
use crate::wire::crc32::crc32;
use crate::wire::{Channel, Diff, Snapshot, Text};

/// Levels of a side that a checksum is made of.
const CHECKED: usize = 25;

/// A level's texts: those of a checksum, and of the message.
fn level(text: &mut Text, of: &Instrument, level: Level, between: &str) {
    text.decimal(of.price(level.price), 0).raw(between).decimal(of.size(level.size), 0);
}

fn levels(text: &mut Text, of: &Instrument, all: &[Level]) {
    text.raw("[");
    for (at, each) in all.iter().enumerate() {
        text.raw(if at == 0 { "[\"" } else { ",[\"" });
        level(text, of, *each, "\",\"");
        let orders = if each.size == 0 { 0 } else { 1 + each.size.unsigned_abs() % 40 };
        text.raw("\",\"0\",\"").int(orders).raw("\"]");
    }
    text.raw("]");
}

impl Okx {
    /// What an instrument is subscribed to.
    pub(super) fn arguments(&self, symbol: &str) -> Vec<String> {
        let swap = symbol.strip_suffix("-SWAP");
        let all = [
            (Channel::Trade, "trades-all", Some(symbol)),
            (Channel::Aggregate, "trades", Some(symbol)),
            (Channel::Quote, "bbo-tbt", Some(symbol)),
            (Channel::Book, "books", Some(symbol)),
            (Channel::Partial, "books5", Some(symbol)),
            (Channel::Bar, "candle1m", Some(symbol)),
            (Channel::Mark, "mark-price", Some(symbol)),
            (Channel::Mark, "index-tickers", swap),
            (Channel::Mark, "funding-rate", swap.map(|_| symbol)),
        ];
        let wanted = all.into_iter().filter(|(channel, ..)| self.channels.has(*channel));
        wanted
            .filter_map(|(_, name, of)| Some(format!("{{\"channel\":\"{name}\",\"instId\":\"{}\"}}", of?)))
            .collect()
    }

    /// `{"arg":{…},"data":[`.
    fn begin(channel: &str, of: &str, action: Option<&str>, room: usize) -> Text {
        let mut text = Text::with_room(room);
        text.raw("{\"arg\":{\"channel\":\"").raw(channel).raw("\",\"instId\":\"").raw(of).raw("\"}");
        if let Some(action) = action {
            text.raw(",\"action\":\"").raw(action).raw("\"");
        }
        text.raw(",\"data\":[");
        text
    }

    /// With `seq` fills are counted, as in `trades`.
    pub(super) fn write_trade(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        fills: &Together,
        seq: Option<u64>,
    ) -> Vec<u8> {
        let (of, symbol) = (&market.instruments()[instrument], &self.streams[instrument].symbol);
        let channel = if seq.is_some() { "trades" } else { "trades-all" };
        let mut text = Self::begin(channel, symbol, None, 260);
        text.raw("{\"instId\":\"").raw(symbol).raw("\",\"tradeId\":\"").int(fills.last.id);
        text.raw("\",\"px\":\"").decimal(of.price(fills.last.price), 0);
        text.raw("\",\"sz\":\"").decimal(of.size(fills.size), 0);
        text.raw("\",\"side\":\"").raw(if fills.last.taker == Side::Buy { "buy" } else { "sell" });
        text.raw("\",\"ts\":\"").int(at / MILLI).raw("\"");
        if let Some(seq) = seq {
            text.raw(",\"count\":\"").int(fills.count).raw("\",\"source\":\"0\",\"seqId\":").int(seq);
        } else {
            text.raw(",\"source\":\"0\"");
        }
        text.raw("}]}");
        text.done()
    }

    /// A change after the message `previous`, or the whole book.
    pub(super) fn write_book(
        &self,
        market: &Market,
        instrument: usize,
        previous: Option<u64>,
        diff: &Diff,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let action = if previous.is_some() { "update" } else { "snapshot" };
        let room = 240 + (diff.bids.len() + diff.asks.len()) * 36;
        let mut text = Self::begin("books", &stream.symbol, Some(action), room);
        text.raw("{\"asks\":");
        levels(&mut text, of, &diff.asks);
        text.raw(",\"bids\":");
        levels(&mut text, of, &diff.bids);
        let checksum = if stream.has_checksum { self.checksum(of, instrument) } else { 0 };
        text.raw(",\"ts\":\"").int(diff.ts_event / MILLI);
        text.raw("\",\"checksum\":").signed(checksum.into()).raw(",\"seqId\":").int(diff.id);
        text.raw(",\"prevSeqId\":");
        match previous {
            Some(previous) => text.int(previous),
            None => text.raw("-1"),
        };
        text.raw("}]}");
        text.done()
    }

    /// Of the book as `books` has told it.
    fn checksum(&self, of: &Instrument, instrument: usize) -> i32 {
        let [bids, asks] = &self.streams[instrument].told;
        let best = |side: &mut dyn Iterator<Item = (&i64, &i64)>| -> Vec<Level> {
            side.take(CHECKED).map(|(price, size)| Level { price: *price, size: *size }).collect()
        };
        let (bids, asks) = (best(&mut bids.iter().rev()), best(&mut asks.iter()));
        let mut text = Text::with_room(1_600);
        let mut first = true;
        for place in 0..CHECKED {
            for each in [bids.get(place), asks.get(place)].into_iter().flatten() {
                text.raw(if std::mem::take(&mut first) { "" } else { ":" });
                level(&mut text, of, *each, ":");
            }
        }
        crc32(&text.done()).cast_signed()
    }

    /// `books5` and `bbo-tbt`.
    pub(super) fn write_top(
        &self,
        market: &Market,
        instrument: usize,
        channel: &str,
        top: &Snapshot,
    ) -> Vec<u8> {
        let (of, symbol) = (&market.instruments()[instrument], &self.streams[instrument].symbol);
        let mut text = Self::begin(channel, symbol, None, 640);
        text.raw("{\"asks\":");
        levels(&mut text, of, &top.asks);
        text.raw(",\"bids\":");
        levels(&mut text, of, &top.bids);
        if channel == "books5" {
            text.raw(",\"instId\":\"").raw(symbol).raw("\"");
        }
        text.raw(",\"ts\":\"")
            .int(top.ts_event.unwrap_or(0) / MILLI)
            .raw("\",\"seqId\":")
            .int(top.id)
            .raw("}]}");
        text.done()
    }

    pub(super) fn write_candle(&self, market: &Market, instrument: usize, closed: bool) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let candle: &Candle = &stream.candle;
        let mut text = Self::begin("candle1m", &stream.symbol, None, 240);
        text.raw("[\"").int(candle.open_ns / MILLI);
        for price in [candle.open, candle.high, candle.low, candle.close] {
            text.raw("\",\"").decimal(of.price(price), 0);
        }
        let volume = of.size(candle.volume);
        let turnover = Decimal::new(candle.turnover * i128::from(of.tick), of.price_places + of.size_places);
        text.raw("\",\"").decimal(volume, 0).raw("\",\"").decimal(volume, 0);
        text.raw("\",\"").decimal(turnover, 0).raw("\",\"").int(closed.into()).raw("\"]]}");
        text.done()
    }

    pub(super) fn write_mark(&self, market: &Market, at: u64, instrument: usize, mark: &Mark) -> Vec<u8> {
        let dated = market.instruments()[instrument].term != Term::Perpetual;
        let symbol = &self.streams[instrument].symbol;
        let mut text = Self::begin("mark-price", symbol, None, 200);
        text.raw("{\"instId\":\"").raw(symbol).raw("\",\"instType\":\"");
        text.raw(if dated { "FUTURES" } else { "SWAP" }).raw("\",\"markPx\":\"").decimal(mark.mark, 0);
        text.raw("\",\"ts\":\"").int(at / MILLI).raw("\"}]}");
        text.done()
    }

    pub(super) fn write_index(&self, market: &Market, at: u64, instrument: usize, mark: &Mark) -> Vec<u8> {
        let name = index(&market.instruments()[instrument]);
        let mut text = Self::begin("index-tickers", &name, None, 300);
        text.raw("{\"instId\":\"").raw(&name).raw("\",\"idxPx\":\"").decimal(mark.index, 0);
        for key in ["open24h", "high24h", "low24h", "sodUtc0", "sodUtc8"] {
            text.raw("\",\"").raw(key).raw("\":\"").decimal(mark.average, 0);
        }
        text.raw("\",\"ts\":\"").int(at / MILLI).raw("\"}]}");
        text.done()
    }

    pub(super) fn write_funding(&self, at: u64, instrument: usize, mark: &Mark) -> Vec<u8> {
        let symbol = &self.streams[instrument].symbol;
        let mut text = Self::begin("funding-rate", symbol, None, 560);
        text.raw("{\"formulaType\":\"withRate\",\"fundingRate\":\"").decimal(mark.funding, 0);
        text.raw("\",\"fundingTime\":\"").int(mark.next_funding_ns / MILLI);
        text.raw("\",\"impactValue\":\"20000\",\"instId\":\"").raw(symbol).raw("\",\"instType\":\"SWAP\"");
        text.raw(",\"interestRate\":\"0.0001\",\"maxFundingRate\":\"0.00375\",\"method\":\"current_period\"");
        text.raw(",\"minFundingRate\":\"-0.00375\",\"nextFundingRate\":\"\",\"nextFundingTime\":\"");
        text.int((mark.next_funding_ns + FUNDING) / MILLI).raw("\",\"premium\":\"").decimal(mark.funding, 0);
        text.raw("\",\"prevFundingTime\":\"").int((mark.next_funding_ns - FUNDING) / MILLI);
        text.raw("\",\"settFundingRate\":\"0.0001\",\"settState\":\"settled\",\"ts\":\"").int(at / MILLI);
        text.raw("\"}]}");
        text.done()
    }

    pub(super) fn write_forced(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        order: &Liquidation,
    ) -> Vec<u8> {
        let (of, symbol) = (&market.instruments()[instrument], &self.streams[instrument].symbol);
        let kind = if of.term == Term::Perpetual { "SWAP" } else { "FUTURES" };
        let (side, position) = if order.side == Side::Buy { ("buy", "short") } else { ("sell", "long") };
        let family = index(of);
        let mut text = Text::with_room(360);
        text.raw("{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"").raw(kind);
        text.raw("\"},\"data\":[{\"details\":[{\"bkLoss\":\"0\",\"bkPx\":\"")
            .decimal(of.price(order.price), 0);
        text.raw("\",\"ccy\":\"\",\"posSide\":\"").raw(position).raw("\",\"side\":\"").raw(side);
        text.raw("\",\"sz\":\"").decimal(of.size(order.size), 0).raw("\",\"ts\":\"").int(at / MILLI);
        text.raw("\"}],\"instFamily\":\"").raw(&family).raw("\",\"instId\":\"").raw(symbol);
        text.raw("\",\"instType\":\"").raw(kind).raw("\",\"uly\":\"").raw(&family).raw("\"}]}");
        text.done()
    }
}
