//! Options: what their connection sends that others do not.
//!
//! Frames have an `id` before the topic and their type last, books no time of their own. Trades come by coin, whatever
//! the contract. A ticker is always whole: prices, greeks, open interest; `0` in prices, sizes and volatilities says
//! that there is none. There are no candles, no liquidations and no topic of the best levels.

use std::fmt::Write;

use super::definitions::{LISTED, text};
use super::messages::COMPUTED;
use super::{Bybit, Kind, Stream};
use crate::decimal::Decimal;
use crate::market::{Instrument, Level, Mark, Market, Side, Term, Trade};
use crate::wire::{
    Channel, Channels, Content, Diff, Greeks, Index, MILLI, Message, Text, Valued, Wire, millis,
};

/// When they expire, ms UTC: 2026-12-25 08:00.
const EXPIRY: u64 = 1_798_185_600_000;

pub(super) fn make(market: &Market, seed: u64, channels: Channels, start: u64) -> Box<dyn Wire> {
    let none = [Channel::Bar, Channel::Liquidation, Channel::Quote];
    let channels = none.into_iter().fold(channels, Channels::without);
    Box::new(Bybit::new(Kind::Option, market, seed, channels, start, Kind::Option.depth()))
}

/// A call where the market has a perpetual, a put where it has a contract with an end; settled in USDT and USDC.
pub(super) fn symbol(instrument: &Instrument) -> String {
    let Instrument { base, start, .. } = instrument;
    match instrument.term {
        Term::Perpetual => format!("{base}-25DEC26-{start}-C-USDT"),
        Term::Until(_) => format!("{base}-25DEC26-{start}-P"),
    }
}

/// Nautilus's id of the option on an instrument.
pub(super) fn instrument_id(instrument: &Instrument) -> String {
    format!("{}-OPTION.BYBIT", symbol(instrument))
}

/// The answer to a subscription.
pub(super) fn acknowledgement(names: &str) -> String {
    format!(
        "{{\"success\":true,\"conn_id\":\"2b1a\",\"data\":{{\"failTopics\":[],\"successTopics\":[{names}]}},\
         \"type\":\"COMMAND_RESP\"}}"
    )
}

/// One object of `instruments-info`.
pub(super) fn define(body: &mut String, of: &Instrument, symbol: &str) {
    let (tick, step) = (text(of.price(1)), text(of.size(1)));
    let Instrument { base, quote, .. } = of;
    let (kind, settle) = match of.term {
        Term::Perpetual => ("Call", &**quote),
        Term::Until(_) => ("Put", "USDC"),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        body,
        "{{\"symbol\":\"{symbol}\",\"status\":\"Trading\",\"baseCoin\":\"{base}\",\"quoteCoin\":\"{settle}\",\
         \"settleCoin\":\"{settle}\",\"optionsType\":\"{kind}\",\"launchTime\":\"{LISTED}\",\
         \"deliveryTime\":\"{EXPIRY}\",\"deliveryFeeRate\":\"0.0002\",\"priceFilter\":{{\"minPrice\":\"{tick}\",\
         \"maxPrice\":\"1110000\",\"tickSize\":\"{tick}\"}},\"lotSizeFilter\":{{\"maxOrderQty\":\"90000000\",\
         \"minOrderQty\":\"{step}\",\"qtyStep\":\"{step}\"}}}}"
    );
}

/// What a ticker says.
struct Said {
    bid: Option<Level>,
    ask: Level,
    greeks: Greeks,
    interest: Decimal,
}

impl Bybit {
    /// What stands after a topic's dot: of trades of options the coin.
    pub(super) fn named<'s>(&self, topic: &str, stream: &'s Stream) -> &'s str {
        let coin = stream.symbol.split('-').next().unwrap_or_default();
        if self.is_option() && topic == "publicTrade" { coin } else { &stream.symbol }
    }

    fn begin_option(&self, instrument: usize, topic: &str, (at, number): (u64, u64), room: usize) -> Text {
        let name = self.named(topic, &self.streams[instrument]);
        let mut text = Text::with_room(room);
        text.raw("{\"id\":\"").raw(topic).raw(".").raw(name).raw("-").int(number).raw("-").int(at / MILLI);
        text.raw("\",\"topic\":\"").raw(topic).raw(".").raw(name).raw("\",\"ts\":").int(at / MILLI);
        text
    }

    pub(super) fn write_option_trade(
        &self,
        at: u64,
        instrument: usize,
        (of, trade): (&Instrument, &Trade),
        (name, side): (&str, &str),
        seq: u64,
    ) -> Vec<u8> {
        let mut text = self.begin_option(instrument, "publicTrade", (at, seq), 420);
        text.raw(",\"data\":[{\"p\":\"").decimal(of.price(trade.price), 0);
        text.raw("\",\"v\":\"").decimal(of.size(trade.size), 0);
        text.raw("\",\"i\":\"").raw(name).raw("\",\"T\":").int(at / MILLI).raw(",\"BT\":false,\"s\":\"");
        text.raw(&self.streams[instrument].symbol).raw("\",\"S\":\"").raw(side);
        text.raw("\",\"mP\":\"").decimal(of.price(trade.price), COMPUTED);
        text.raw("\",\"iP\":\"").decimal(of.price(of.start), 0);
        text.raw("\",\"mIv\":\"0.4896\",\"iv\":\"0.514\"}],\"type\":\"snapshot\"}");
        text.done()
    }

    pub(super) fn write_option_book(
        &self,
        of: &Instrument,
        at: u64,
        instrument: usize,
        kind: &str,
        diff: &Diff,
    ) -> Vec<u8> {
        let stream = &self.streams[instrument];
        let room = 260 + (diff.bids.len() + diff.asks.len()) * 30;
        let topic = format!("orderbook.{}", self.depth);
        let mut text = self.begin_option(instrument, &topic, (at, stream.seq), room);
        text.raw(",\"data\":{\"s\":\"").raw(&stream.symbol).raw("\",\"b\":");
        Self::levels(&mut text, of, &diff.bids, of.price_places);
        text.raw(",\"a\":");
        Self::levels(&mut text, of, &diff.asks, of.price_places);
        text.raw(",\"u\":").int(diff.id).raw(",\"seq\":").int(stream.seq);
        text.raw("},\"type\":\"").raw(kind).raw("\"}");
        text.done()
    }

    /// Tells the ticker: now and then nobody bids.
    pub(super) fn tell_option(
        &mut self,
        market: &Market,
        at: u64,
        instrument: usize,
        mark: &Mark,
        out: &mut Vec<Message>,
    ) {
        let of = &market.instruments()[instrument];
        let best = |side| market.book(instrument).levels(side).next();
        let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) else { return };
        let mut part = |least: i64, most: i64, places| {
            Decimal::new(i128::from(self.random.between(least, most)), places)
        };
        let greeks = [
            part(-1_000_000, 1_000_000, 6),
            part(0, 99_999, 8),
            part(0, 900_000_000, 8),
            part(-90_000_000, 0, 7),
        ];
        let volatility = part(1, 20_000, 4);
        let is_bid = self.random.below(6) > 0;
        let opened = of.usual * 7_919 + self.streams[instrument].tickers as i64;
        let said = Said {
            bid: is_bid.then_some(bid),
            ask,
            greeks: Greeks {
                greeks,
                iv: [Some(volatility), is_bid.then_some(volatility), Some(volatility)],
                underlying: of.price(of.start),
            },
            interest: of.size(opened),
        };
        let seq = self.next_seq();
        let body = self.write_option_ticker(of, (at, seq), instrument, mark, &said);
        self.streams[instrument].tickers += 1;
        let ts_event = millis(at);
        let valued = Valued {
            mark: Some(mark.mark),
            index: Some(Index { value: mark.index, id: None }),
            interest: Some((said.interest, false)),
            greeks: Some(Box::new(said.greeks)),
            ts_event,
            ..Valued::default()
        };
        let top = said.bid.map(|bid| Content::Top { bid, ask, ts_event });
        let all = std::iter::once(Content::Valued(valued)).chain(top).collect();
        self.push(at, instrument, body, Content::Several(all), out);
    }

    fn write_option_ticker(
        &self,
        of: &Instrument,
        (at, seq): (u64, u64),
        instrument: usize,
        mark: &Mark,
        said: &Said,
    ) -> Vec<u8> {
        let none = Decimal::new(0, 0);
        let Said { bid, ask, greeks: Greeks { greeks, iv, underlying }, interest } = said;
        let (price, size) = bid.map_or((none, none), |bid| (of.price(bid.price), of.size(bid.size)));
        let [mark_iv, bid_iv, ask_iv] = iv.map(|iv| iv.unwrap_or(none));
        let mut text = self.begin_option(instrument, "tickers", (at, seq), 900);
        text.raw(",\"data\":{\"symbol\":\"").raw(&self.streams[instrument].symbol);
        for (key, value, places) in [
            ("bidPrice", price, 0),
            ("bidSize", size, 0),
            ("bidIv", bid_iv, 0),
            ("askPrice", of.price(ask.price), 0),
            ("askSize", of.size(ask.size), 0),
            ("askIv", ask_iv, 0),
            ("lastPrice", of.price(of.start), 0),
            ("highPrice24h", of.price(of.start), 0),
            ("lowPrice24h", of.price(of.start), 0),
            ("markPrice", mark.mark, COMPUTED),
            ("indexPrice", mark.index, COMPUTED),
            ("markPriceIv", mark_iv, 0),
            ("underlyingPrice", *underlying, 0),
            ("openInterest", *interest, 0),
            ("turnover24h", none, 0),
            ("volume24h", none, 0),
            ("totalVolume", none, 0),
            ("totalTurnover", none, 0),
            ("delta", greeks[0], 0),
            ("gamma", greeks[1], 0),
            ("vega", greeks[2], 0),
            ("theta", greeks[3], 0),
            ("predictedDeliveryPrice", none, 0),
            ("change24h", none, 0),
        ] {
            text.raw("\",\"").raw(key).raw("\":\"").decimal(value, places);
        }
        text.raw("\"},\"type\":\"snapshot\"}");
        text.done()
    }
}
