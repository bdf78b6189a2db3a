//! The messages, key by key in the venue's order.

use super::{Kraken, MILLI, micros};
use crate::decimal::Decimal;
use crate::market::{Candle, Instrument, Level, Market, Side, Top, Trade};
use crate::wire::crc32::crc32;
use crate::wire::{Carrier, Channel, Content, Message, Proven, Text};

/// Decimals of every quantity.
pub(super) const PLACES: u8 = 8;

/// Appends the digits of a number as the checksum has them: those of an integer.
pub(super) fn digits(all: &mut Vec<u8>, value: Decimal, places: u8) {
    let mut text = Text::default();
    text.decimal(value, places);
    let digits: Vec<u8> = text.done().into_iter().filter(u8::is_ascii_digit).collect();
    let lead = digits.iter().take_while(|digit| **digit == b'0').count();
    all.extend_from_slice(&digits[lead..]);
}

/// RFC 3339 text with six decimals, nine where `nanos` says so.
pub(super) fn moment(text: &mut Text, ns: u64, nanos: bool) {
    let (day, second) = (ns / 86_400_000_000_000, ns / 1_000_000_000 % 86_400);
    // Days of the civil calendar in eras of 400 years that begin in March.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let clock = format!(
        "{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{:06}",
        second / 3_600,
        second / 60 % 60,
        second % 60,
        ns / 1_000 % 1_000_000
    );
    text.raw("\"").raw(&clock).raw(if nanos { "000Z\"" } else { "Z\"" });
}

fn levels(text: &mut Text, of: &Instrument, all: &[Level]) {
    text.raw("[");
    for (at, level) in all.iter().enumerate() {
        text.raw(if at == 0 { "{\"price\":" } else { ",{\"price\":" }).decimal(of.price(level.price), 0);
        text.raw(",\"qty\":").decimal(of.size(level.size), PLACES).raw("}");
    }
    text.raw("]");
}

/// The checksum of the best levels: asks, then bids, digits alone.
pub(super) fn checksum(of: &Instrument, [bids, asks]: &[Vec<Level>; 2]) -> u32 {
    let mut all = Vec::new();
    for level in asks.iter().chain(bids) {
        digits(&mut all, of.price(level.price), 0);
        digits(&mut all, of.size(level.size), PLACES);
    }
    crc32(&all)
}

impl Kraken {
    /// What is subscribed to, and each acknowledgement: one a pair.
    pub(super) fn subscriptions(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let time = "\"time_in\":\"2026-08-16T23:37:04.849274Z\",\"time_out\":\"2026-08-16T23:37:04.849308Z\"";
        let all = [
            (Channel::Trade, "trade"),
            (Channel::Book, "book"),
            (Channel::Quote, "ticker"),
            (Channel::Bar, "ohlc"),
            (Channel::Orders, "level3"),
        ];
        let by_order = self.channels.has(Channel::Orders);
        let mut out = Vec::new();
        for (channel, name) in all.into_iter().filter(|(channel, _)| self.channels.has(*channel)) {
            if by_order && channel == Channel::Book {
                continue;
            }
            for stream in &self.streams {
                let depth = stream.depth.to_string();
                let (asked, told) = match channel {
                    Channel::Book => {
                        (format!(",\"depth\":{depth}"), format!("\"channel\":\"book\",\"depth\":{depth},"))
                    }
                    Channel::Orders => {
                        let depth = stream.orders.depth();
                        (format!(",\"depth\":{depth}"), format!("\"channel\":\"level3\",\"depth\":{depth},"))
                    }
                    Channel::Bar => {
                        (",\"interval\":1".to_owned(), "\"channel\":\"ohlc\",\"interval\":1,".to_owned())
                    }
                    _ => (String::new(), format!("\"channel\":\"{name}\",")),
                };
                let symbol = &stream.symbol;
                let sent = format!(
                    "{{\"method\":\"subscribe\",\"params\":{{\"channel\":\"{name}\",\"symbol\":[\"{symbol}\"]{asked}}}}}"
                );
                let answer = format!(
                    "{{\"method\":\"subscribe\",\"result\":{{{told}\"snapshot\":true,\"symbol\":\"{symbol}\"}},\
                     \"success\":true,{time}}}"
                );
                out.push((sent.into_bytes(), answer.into_bytes()));
            }
        }
        out
    }

    pub(super) fn begin(channel: &str, kind: &str, room: usize) -> Text {
        let mut text = Text::with_room(room);
        text.raw("{\"channel\":\"").raw(channel).raw("\",\"type\":\"").raw(kind).raw("\"");
        text
    }

    pub(super) fn write_trade(&self, market: &Market, at: u64, instrument: usize, trade: &Trade) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let mut text = Self::begin("trade", "update", 240);
        text.raw(",\"data\":[{\"symbol\":\"").raw(&self.streams[instrument].symbol);
        text.raw("\",\"side\":\"").raw(if trade.taker == Side::Buy { "buy" } else { "sell" });
        text.raw("\",\"price\":").decimal(of.price(trade.price), 0);
        text.raw(",\"qty\":").decimal(of.size(trade.size), PLACES);
        text.raw(",\"ord_type\":\"limit\",\"trade_id\":").int(trade.id).raw(",\"timestamp\":");
        moment(&mut text, at, false);
        text.raw("}]}");
        text.done()
    }

    pub(super) fn write_book(&self, market: &Market, instrument: usize, message: &Proven) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let kind = if message.whole { "snapshot" } else { "update" };
        let room = 200 + (message.bids.len() + message.asks.len()) * 40;
        let mut text = Self::begin("book", kind, room);
        text.raw(",\"data\":[{\"symbol\":\"").raw(&self.streams[instrument].symbol).raw("\",\"bids\":");
        levels(&mut text, of, &message.bids);
        text.raw(",\"asks\":");
        levels(&mut text, of, &message.asks);
        text.raw(",\"checksum\":").int(checksum(of, &message.best).into()).raw(",\"timestamp\":");
        moment(&mut text, message.ts_event, false);
        text.raw("}]}");
        text.done()
    }

    pub(super) fn write_ticker(&self, market: &Market, at: u64, instrument: usize, top: Top) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let last = of.price(market.last_price(instrument));
        let mut text = Self::begin("ticker", "update", 320);
        text.raw(",\"data\":[{\"symbol\":\"").raw(&self.streams[instrument].symbol);
        for (name, level) in [("bid", top.bid), ("ask", top.ask)] {
            text.raw(if name == "bid" { "\",\"bid\":" } else { ",\"ask\":" })
                .decimal(of.price(level.price), 0);
            text.raw(",\"").raw(name).raw("_qty\":").decimal(of.size(level.size), PLACES);
        }
        text.raw(",\"last\":").decimal(last, 0).raw(",\"volume\":12.50000000,\"vwap\":").decimal(last, 0);
        text.raw(",\"low\":").decimal(last, 0).raw(",\"high\":").decimal(last, 0);
        text.raw(",\"change\":-0.5,\"change_pct\":-0.02,\"timestamp\":");
        moment(&mut text, at, false);
        text.raw("}]}");
        text.done()
    }

    pub(super) fn write_candle(&self, market: &Market, at: u64, instrument: usize) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let candle: &Candle = &stream.candle;
        let mut text = Self::begin("ohlc", "update", 360);
        text.raw(",\"timestamp\":");
        moment(&mut text, at, true);
        text.raw(",\"data\":[{\"symbol\":\"").raw(&stream.symbol).raw("\"");
        let prices =
            [("open", candle.open), ("high", candle.high), ("low", candle.low), ("close", candle.close)];
        for (name, price) in prices {
            text.raw(",\"").raw(name).raw("\":").decimal(of.price(price), 0);
        }
        text.raw(",\"trades\":")
            .int(candle.count)
            .raw(",\"volume\":")
            .decimal(of.size(candle.volume), PLACES);
        text.raw(",\"vwap\":").decimal(of.price(candle.close), 0).raw(",\"interval_begin\":");
        moment(&mut text, candle.open_ns, true);
        text.raw(",\"interval\":1,\"timestamp\":");
        moment(&mut text, candle.open_ns + Candle::LENGTH, false);
        text.raw("}]}");
        text.done()
    }

    /// The answer `AssetPairs`: Bitcoin and Dogecoin have their old names there.
    pub(super) fn write_definitions(&self, market: &Market, at: u64) -> Message {
        let mut text = Text::with_room(400 * self.streams.len());
        text.raw("{\"error\":[],\"result\":{");
        for (number, of) in market.instruments().iter().enumerate() {
            let base = match &*of.base {
                "BTC" => "XBT",
                "DOGE" => "XDG",
                base => base,
            };
            let name = format!("{base}{}", of.quote);
            text.raw(if number == 0 { "\"" } else { ",\"" }).raw(&name).raw("\":{\"altname\":\"").raw(&name);
            text.raw("\",\"wsname\":\"")
                .raw(base)
                .raw("/")
                .raw(&of.quote)
                .raw("\",\"aclass_base\":\"currency\"");
            text.raw(",\"base\":\"")
                .raw(base)
                .raw("\",\"aclass_quote\":\"currency\",\"quote\":\"")
                .raw(&of.quote);
            text.raw("\",\"lot\":\"unit\",\"cost_decimals\":5,\"pair_decimals\":")
                .int(of.price_places.into());
            text.raw(",\"lot_decimals\":8,\"lot_multiplier\":1,\"fees\":[[0,0.4]],\"fees_maker\":[[0,0.25]]");
            text.raw(",\"ordermin\":\"").decimal(Decimal::new(1, of.size_places), 0);
            text.raw("\",\"costmin\":\"0.5\",\"tick_size\":\"").decimal(of.price(1), 0);
            text.raw("\",\"status\":\"online\"}");
        }
        text.raw("}}");
        let url = "https://api.kraken.com/0/public/AssetPairs".to_owned();
        let carrier = Carrier::Answer { url, stream: None };
        let at = micros(at / MILLI * MILLI);
        Message { at, instrument: 0, body: text.done(), content: Content::Control, carrier }
    }
}
