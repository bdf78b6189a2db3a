//! The messages, key by key in the venue's order of 2026.

use super::{Deribit, MILLI};
use crate::decimal::Decimal;
use crate::market::{Candle, Instrument, Level, Mark, Market, Side, Term, Top, Trade};
use crate::wire::{Carrier, Channel, Content, Message, Snapshot, Text};

/// A double as Erlang writes it: the shorter of the plain spelling and the one with an exponent.
fn number(text: &mut Text, value: Decimal) {
    let (mut units, mut places) = (value.units, i32::from(value.places));
    while units != 0 && units % 10 == 0 {
        units /= 10;
        places -= 1;
    }
    if units == 0 {
        text.raw("0.0");
        return;
    }
    let digits = units.unsigned_abs().to_string();
    let sign = if units < 0 { "-" } else { "" };
    let count = digits.len() as i32;
    // The value is 0.DIGITS times ten to this power.
    let point = count - places;
    let plain = if places <= 0 {
        format!("{digits}{}.0", "0".repeat((-places) as usize))
    } else if point <= 0 {
        format!("0.{}{digits}", "0".repeat((-point) as usize))
    } else {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    };
    let fraction = if count == 1 { "0" } else { &digits[1..] };
    let short = format!("{}.{fraction}e{}", &digits[..1], point - 1);
    text.raw(sign).raw(if short.len() < plain.len() { &short } else { &plain });
}

fn levels(text: &mut Text, of: &Instrument, all: impl Iterator<Item = (Level, Option<&'static str>)>) {
    text.raw("[");
    for (place, (level, action)) in all.enumerate() {
        text.raw(if place == 0 { "[" } else { ",[" });
        if let Some(action) = action {
            text.raw("\"").raw(action).raw("\",");
        }
        number(text, of.price(level.price));
        text.raw(",");
        number(text, of.size(level.size));
        text.raw("]");
    }
    text.raw("]");
}

/// `{…,"params":{"channel":"…","data":`.
fn begin(channel: &str, of: &str, rest: &str, room: usize) -> Text {
    let mut text = Text::with_room(room);
    text.raw("{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":\"");
    text.raw(channel).raw(".").raw(of).raw(rest).raw("\",\"data\":");
    text
}

/// Whether a level is new, changed or gone.
const fn action(level: Level, held: bool) -> &'static str {
    match (level.size, held) {
        (0, _) => "delete",
        (_, true) => "change",
        (_, false) => "new",
    }
}

impl Deribit {
    /// What is subscribed to and what the venue accepts: all in one.
    pub(super) fn subscriptions(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut names = Vec::new();
        for stream in &self.streams {
            let name = &stream.name;
            let funding = stream.has_funding && name.ends_with("PERPETUAL");
            let all = [
                (Channel::Trade, format!("trades.{name}.raw"), true),
                (Channel::Quote, format!("quote.{name}"), true),
                (Channel::Book, format!("book.{name}.100ms"), true),
                (Channel::Partial, format!("book.{name}.none.10.100ms"), true),
                (Channel::Bar, format!("chart.trades.{name}.1"), true),
                (Channel::Mark, format!("ticker.{name}.100ms"), true),
                (Channel::Mark, format!("perpetual.{name}.100ms"), funding),
            ];
            let wanted = all.into_iter().filter(|(channel, _, there)| *there && self.channels.has(*channel));
            names.extend(wanted.map(|(_, name, _)| format!("\"{name}\"")));
        }
        let asked = names.join(",");
        names.sort();
        let told = names.join(",");
        let sent = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/subscribe\",\"params\":{{\"channels\":[{asked}]}}}}"
        );
        let answer = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[{told}],\"usIn\":1789344931000000,\"usOut\":1789344931000420,\
             \"usDiff\":420,\"testnet\":false}}"
        );
        vec![(sent.into_bytes(), answer.into_bytes())]
    }

    pub(super) fn write_trade(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        trade: &Trade,
        liquidated: Option<&str>,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let mut text = begin("trades", &stream.name, ".raw", 480);
        text.raw("[{\"timestamp\":").int(at / MILLI).raw(",\"price\":");
        number(&mut text, of.price(trade.price));
        text.raw(",\"amount\":");
        number(&mut text, of.size(trade.size));
        text.raw(",\"direction\":\"").raw(if trade.taker == Side::Buy { "buy" } else { "sell" });
        text.raw("\",\"index_price\":");
        number(&mut text, of.price(trade.price));
        text.raw(",\"instrument_name\":\"").raw(&stream.name).raw("\",\"trade_seq\":").int(trade.id);
        text.raw(",\"mark_price\":");
        number(&mut text, of.price(trade.price));
        if let Some(who) = liquidated {
            text.raw(",\"liquidation\":\"").raw(who).raw("\"");
        }
        text.raw(",\"tick_direction\":").int(trade.id % 4).raw(",\"starbase_match_id\":");
        text.int(225_046_781_992_378_368 + trade.order)
            .raw(",\"trade_id\":\"")
            .raw(&stream.trade_id(trade.id));
        text.raw("\",\"contracts\":");
        number(&mut text, of.size(trade.size));
        text.raw(",\"starbase_timestamp\":").int(at).raw("}]}}");
        text.done()
    }

    /// A change of the book: its id and the one before it, levels and whether each was held.
    pub(super) fn write_change(
        &self,
        market: &Market,
        instrument: usize,
        [id, after]: [u64; 2],
        changes: &[Vec<(Level, bool)>; 2],
    ) -> Vec<u8> {
        let room = 260 + (changes[0].len() + changes[1].len()) * 32;
        let mut text = self.begin_book(instrument, "change", id, room);
        for (key, side) in ["\",\"bids\":", ",\"asks\":"].into_iter().zip(changes) {
            let told = side.iter().map(|(level, held)| (*level, Some(action(*level, *held))));
            levels(text.raw(key), &market.instruments()[instrument], told);
        }
        text.raw(",\"prev_change_id\":").int(after).raw("}}}");
        text.done()
    }

    pub(super) fn write_snapshot(&self, market: &Market, instrument: usize, whole: &Snapshot) -> Vec<u8> {
        let room = 260 + (whole.bids.len() + whole.asks.len()) * 32;
        let mut text = self.begin_book(instrument, "snapshot", whole.id, room);
        for (key, side) in ["\",\"bids\":", ",\"asks\":"].into_iter().zip([&whole.bids, &whole.asks]) {
            let told = side.iter().map(|level| (*level, Some("new")));
            levels(text.raw(key), &market.instruments()[instrument], told);
        }
        text.raw("}}}");
        text.done()
    }

    fn begin_book(&self, instrument: usize, kind: &str, id: u64, room: usize) -> Text {
        let stream = &self.streams[instrument];
        let mut text = begin("book", &stream.name, ".100ms", room);
        text.raw("{\"timestamp\":").int(stream.told_ns / MILLI).raw(",\"type\":\"").raw(kind);
        text.raw("\",\"change_id\":").int(id).raw(",\"instrument_name\":\"").raw(&stream.name);
        text
    }

    pub(super) fn write_few(&self, market: &Market, instrument: usize, few: &Snapshot) -> Vec<u8> {
        let stream = &self.streams[instrument];
        let mut text = begin("book", &stream.name, ".none.10.100ms", 760);
        text.raw("{\"instrument_name\":\"").raw(&stream.name).raw("\",\"timestamp\":");
        text.int(few.ts_event.unwrap_or(0) / MILLI).raw(",\"change_id\":").int(few.id);
        for (key, side) in [",\"bids\":", ",\"asks\":"].into_iter().zip([&few.bids, &few.asks]) {
            let plain = side.iter().map(|level| (*level, None));
            levels(text.raw(key), &market.instruments()[instrument], plain);
        }
        text.raw("}}}");
        text.done()
    }

    pub(super) fn write_quote(&self, market: &Market, instrument: usize, top: Top) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let mut text = begin("quote", &stream.name, "", 320);
        text.raw("{\"timestamp\":").int(stream.quoted_ns / MILLI).raw(",\"instrument_name\":\"");
        text.raw(&stream.name).raw("\"");
        let values = [
            ("ask_price", of.price(top.ask.price)),
            ("bid_price", of.price(top.bid.price)),
            ("ask_amount", of.size(top.ask.size)),
            ("bid_amount", of.size(top.bid.size)),
        ];
        for (key, value) in values {
            number(text.raw(",\"best_").raw(key).raw("\":"), value);
        }
        text.raw("}}}");
        text.done()
    }

    /// The running candle. The volume is the coin's, the cost the money's: of each trades are told in one.
    pub(super) fn write_candle(&self, market: &Market, instrument: usize) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let candle: &Candle = &stream.candle;
        let mut text = begin("chart.trades", &stream.name, ".1", 320);
        text.raw("{\"tick\":").int(candle.open_ns / MILLI);
        let prices =
            [("open", candle.open), ("high", candle.high), ("low", candle.low), ("close", candle.close)];
        for (name, price) in prices {
            number(text.raw(",\"").raw(name).raw("\":"), of.price(price));
        }
        let (told, other) = (of.size(candle.volume), of.size(candle.volume * 3));
        let (volume, cost) = if stream.in_dollars { (other, told) } else { (told, other) };
        number(text.raw(",\"volume\":"), volume);
        number(text.raw(",\"cost\":"), cost);
        text.raw("}}}");
        text.done()
    }

    pub(super) fn write_perpetual(&self, at: u64, instrument: usize, mark: &Mark) -> Vec<u8> {
        let mut text = begin("perpetual", &self.streams[instrument].name, ".100ms", 260);
        text.raw("{\"timestamp\":").int(at / MILLI).raw(",\"interest\":");
        number(&mut text, mark.funding);
        text.raw(",\"index_price\":");
        number(&mut text, mark.index);
        text.raw("}}}");
        text.done()
    }

    /// Its sides are empty, as those of quiet options are: quotes come by their own channel.
    pub(super) fn write_ticker(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        mark: &Mark,
        interest: Decimal,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let last = of.price(market.last_price(instrument));
        let mut text = begin("ticker", &stream.name, ".100ms", 900);
        text.raw("{\"timestamp\":").int(at / MILLI).raw(",\"state\":\"open\",\"stats\":{\"high\":");
        number(&mut text, last);
        text.raw(",\"low\":null,\"price_change\":-0.5,\"volume\":4000.0,\"volume_usd\":3.0e8}");
        let values = [
            ("index_price", mark.index),
            ("last_price", last),
            ("settlement_price", mark.settlement),
            ("min_price", of.price(1)),
            ("max_price", mark.average),
            ("open_interest", interest),
            ("mark_price", mark.mark),
        ];
        for (at, (key, value)) in values.into_iter().enumerate() {
            if at == 1 {
                text.raw(",\"instrument_name\":\"").raw(&stream.name).raw("\"");
            }
            number(text.raw(",\"").raw(key).raw("\":"), value);
        }
        text.raw(",\"best_ask_price\":0.0,\"best_bid_price\":0.0,\"estimated_delivery_price\":");
        number(&mut text, mark.index);
        text.raw(",\"best_ask_amount\":0.0,\"best_bid_amount\":0.0");
        if of.term == Term::Perpetual {
            text.raw(",\"current_funding\":");
            number(&mut text, mark.funding);
            text.raw(",\"funding_8h\":1.742e-5");
        }
        text.raw("}}}");
        text.done()
    }

    pub(super) fn write_index(&self, at: u64, instrument: usize, mark: &Mark) -> Vec<u8> {
        let index = &self.streams[instrument].index;
        let mut text = begin("deribit_price_index", index, "", 220);
        text.raw("{\"timestamp\":").int(at / MILLI).raw(",\"price\":");
        number(&mut text, mark.index);
        text.raw(",\"index_name\":\"").raw(index).raw("\"}}}");
        text.done()
    }

    pub(super) fn write_volatility(&self, at: u64, instrument: usize, value: Decimal) -> Vec<u8> {
        let index = &self.streams[instrument].index;
        let mut text = begin("deribit_volatility_index", index, "", 220);
        text.raw("{\"timestamp\":").int(at / MILLI).raw(",\"volatility\":");
        number(&mut text, value);
        text.raw(",\"index_name\":\"").raw(index).raw("\"}}}");
        text.done()
    }

    /// The answer `get_instruments`.
    pub(super) fn write_definitions(&self, market: &Market, at: u64) -> Message {
        let mut text = Text::with_room(800 * self.streams.len());
        text.raw("{\"jsonrpc\":\"2.0\",\"result\":[");
        for (place, (of, stream)) in market.instruments().iter().zip(&self.streams).enumerate() {
            let base = &*of.base;
            let (money, kind) = if stream.in_dollars { ("USD", "reversed") } else { (&*of.quote, "linear") };
            let (period, expires) = match of.term {
                Term::Perpetual => ("perpetual", 32_503_708_800_000),
                Term::Until(end) => ("month", end / MILLI),
            };
            text.raw(if place == 0 { "{" } else { ",{" });
            text.raw("\"price_index\":\"")
                .raw(&stream.index)
                .raw("\",\"kind\":\"future\",\"instrument_name\":\"");
            text.raw(&stream.name)
                .raw("\",\"max_leverage\":50,\"maker_commission\":0.0,\"taker_commission\":5.0e-4");
            text.raw(",\"instrument_type\":\"").raw(kind).raw("\",\"expiration_timestamp\":").int(expires);
            text.raw(",\"creation_timestamp\":1534167754000,\"is_active\":true,\"tick_size\":");
            number(&mut text, of.price(1));
            text.raw(",\"contract_size\":");
            number(&mut text, of.size(1));
            text.raw(",\"instrument_id\":").int(124_972 + place as u64).raw(",\"min_trade_amount\":");
            number(&mut text, of.size(1));
            text.raw(",\"future_type\":\"").raw(kind).raw("\",\"settlement_currency\":\"");
            text.raw(if stream.in_dollars { base } else { money })
                .raw("\",\"settlement_period\":\"")
                .raw(period);
            text.raw("\",\"base_currency\":\"").raw(base).raw("\",\"counter_currency\":\"").raw(money);
            text.raw("\",\"quote_currency\":\"").raw(money).raw("\",\"tick_size_steps\":[]}");
        }
        let micros = at / 1_000;
        text.raw("],\"usIn\":").int(micros - 200).raw(",\"usOut\":").int(micros);
        text.raw(",\"usDiff\":200,\"testnet\":false}");
        let url = "https://www.deribit.com/api/v2/public/get_instruments?currency=any&kind=future".to_owned();
        let carrier = Carrier::Answer { url, stream: None };
        Message { at, instrument: 0, body: text.done(), content: Content::Control, carrier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (units, places, want) in [
            (0, 3, "0.0"),
            (100, 1, "10.0"),
            (769_140, 1, "76914.0"),
            (10_002_000, 1, "1.0002e6"),
            (3_000_000, 0, "3.0e6"),
            (28, 5, "2.8e-4"),
            (5, 6, "5.0e-6"),
            (-1_742, 8, "-1.742e-5"),
            (47_736, 5, "0.47736"),
            (1, 1, "0.1"),
            (123_456_789_012, 0, "123456789012.0"),
        ] {
            let mut text = Text::default();
            number(&mut text, Decimal::new(units, places));
            assert_eq!(String::from_utf8(text.done()).as_deref(), Ok(want));
        }
    }
}
