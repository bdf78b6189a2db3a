//! The messages, key by key in the venue's order.

use super::{Futures, State};
use crate::decimal::Decimal;
use crate::market::{Instrument, Level, Mark, Market, Side, Term, Top, Trade};
use crate::wire::{Carrier, Channel, Content, Diff, MILLI, Message, Snapshot, Text};

/// End of the quarter contracts, ms UTC: 2026-12-25 08:00.
const QUARTER: u64 = 1_798_185_600_000;

/// A number as the venue prints it: whole ones with `.0`, those below a thousandth with an exponent.
fn number(text: &mut Text, value: Decimal) {
    let mut shortest = Vec::new();
    value.write_shortest(&mut shortest);
    let shown = String::from_utf8_lossy(&shortest);
    let (sign, magnitude) = shown.strip_prefix('-').map_or(("", &*shown), |rest| ("-", rest));
    match magnitude.strip_prefix("0.000") {
        Some(small) => {
            let digits = small.trim_start_matches('0');
            let exponent = 4 + small.len() - digits.len();
            let (first, rest) = digits.split_at(1);
            let rest = if rest.is_empty() { "0" } else { rest };
            text.raw(&format!("{sign}{first}.{rest}e-{exponent}"));
        }
        None if magnitude.contains('.') => {
            text.raw(&shown);
        }
        None => {
            text.raw(&shown).raw(".0");
        }
    }
}

fn named(text: &mut Text, key: &str, value: Decimal) {
    text.raw(",\"").raw(key).raw("\":");
    number(text, value);
}

const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

impl Futures {
    /// What is subscribed to, and each acknowledgement: one a product.
    pub(super) fn subscriptions(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let all = [(Channel::Book, "book"), (Channel::Trade, "trade"), (Channel::Mark, "ticker")];
        let wanted = all.into_iter().filter(|(channel, _)| self.channels.has(*channel));
        let pair = |feed: &str, symbol: &str| {
            let frame = |event: &str| {
                format!("{{\"event\":\"{event}\",\"feed\":\"{feed}\",\"product_ids\":[\"{symbol}\"]}}")
                    .into_bytes()
            };
            (frame("subscribe"), frame("subscribed"))
        };
        wanted
            .flat_map(|(_, feed)| self.streams.iter().map(move |stream| pair(feed, &stream.symbol)))
            .collect()
    }

    pub(super) fn write_level(
        &self,
        market: &Market,
        instrument: usize,
        side: Side,
        level: Level,
        diff: &Diff,
    ) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let mut text = Text::with_room(200);
        text.raw("{\"feed\":\"book\",\"product_id\":\"").raw(&self.streams[instrument].symbol);
        text.raw("\",\"side\":\"").raw(side_name(side)).raw("\",\"seq\":").int(diff.id);
        named(&mut text, "price", of.price(level.price));
        named(&mut text, "qty", of.size(level.size));
        text.raw(",\"timestamp\":").int(diff.ts_event / MILLI).raw("}");
        text.done()
    }

    pub(super) fn write_snapshot(&self, market: &Market, instrument: usize, whole: &Snapshot) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let mut text = Text::with_room(200 + 40 * (whole.bids.len() + whole.asks.len()));
        text.raw("{\"feed\":\"book_snapshot\",\"product_id\":\"").raw(&self.streams[instrument].symbol);
        text.raw("\",\"timestamp\":").int(whole.ts_event.unwrap_or(0) / MILLI);
        text.raw(",\"seq\":").int(whole.id).raw(",\"tickSize\":null");
        for (key, levels) in [("bids", &whole.bids), ("asks", &whole.asks)] {
            text.raw(",\"").raw(key).raw("\":[");
            for (at, level) in levels.iter().enumerate() {
                text.raw(if at == 0 { "{\"price\":" } else { ",{\"price\":" });
                number(&mut text, of.price(level.price));
                named(&mut text, "qty", of.size(level.size));
                text.raw("}");
            }
            text.raw("]");
        }
        text.raw("}");
        text.done()
    }

    pub(super) fn write_trade(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        trade: &Trade,
        uid: &str,
        is_forced: bool,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let kind = if is_forced { "liquidation" } else { "fill" };
        let is_old = instrument % 2 == 1;
        let mut text = Text::with_room(240);
        if is_old {
            text.raw("{\"feed\":\"trade\",\"product_id\":\"").raw(&stream.symbol);
        } else {
            text.raw("{\"product_id\":\"").raw(&stream.symbol).raw("\",\"feed\":\"trade");
        }
        text.raw("\",\"uid\":\"").raw(uid).raw("\",\"side\":\"").raw(side_name(trade.taker));
        text.raw("\",\"type\":\"").raw(kind).raw("\"");
        if is_old {
            text.raw(",\"seq\":").int(stream.trade);
        }
        text.raw(",\"time\":").int(at / MILLI);
        named(&mut text, "qty", of.size(trade.size));
        named(&mut text, "price", of.price(trade.price));
        if !is_old {
            text.raw(",\"seq\":").int(stream.trade);
        }
        text.raw("}");
        text.done()
    }

    pub(super) fn write_ticker(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        mark: &Mark,
        top: Option<Top>,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let is_dated = of.term != Term::Perpetual;
        let mut text = Text::with_room(900);
        text.raw("{\"time\":").int(at / MILLI).raw(",\"product_id\":\"").raw(&stream.symbol).raw("\"");
        if !is_dated {
            // Zeros are left out.
            if mark.funding.units != 0 {
                let places = mark.funding.places + mark.index.places;
                let absolute = Decimal::new(mark.funding.units * mark.index.units, places);
                named(&mut text, "funding_rate", absolute);
                named(&mut text, "funding_rate_prediction", absolute);
                named(&mut text, "relative_funding_rate", mark.funding);
                named(&mut text, "relative_funding_rate_prediction", mark.funding);
            }
            text.raw(",\"next_funding_rate_time\":").int(mark.next_funding_ns / MILLI);
        }
        text.raw(",\"leverage\":\"50x\",\"premium\":-0.0,\"feed\":\"ticker\"");
        if let Some(Top { bid, ask }) = top {
            named(&mut text, "bid", of.price(bid.price));
            named(&mut text, "ask", of.price(ask.price));
            named(&mut text, "bid_size", of.size(bid.size));
            named(&mut text, "ask_size", of.size(ask.size));
        }
        named(&mut text, "volume", of.size(stream.open));
        text.raw(",\"dtm\":").int(if is_dated { 90 } else { 0 });
        named(&mut text, "index", mark.index);
        named(&mut text, "last", of.price(market.last_price(instrument)));
        text.raw(",\"change\":1.9974017538161748,\"suspended\":").bool(stream.state == State::Suspended);
        text.raw(",\"tag\":\"").raw(if is_dated { "quarter" } else { "perpetual" });
        text.raw("\",\"pair\":\"").raw(base(of)).raw(":USD\"");
        named(&mut text, "openInterest", of.size(stream.open));
        named(&mut text, "markPrice", mark.mark);
        text.raw(",\"maturityTime\":").int(if is_dated { QUARTER } else { 0 });
        text.raw(",\"post_only\":").bool(stream.state == State::PostOnly);
        named(&mut text, "volumeQuote", of.size(stream.open));
        let last = of.price(market.last_price(instrument));
        for key in ["open", "high", "low"] {
            named(&mut text, key, last);
        }
        text.raw("}");
        text.done()
    }

    /// The answer `instruments`.
    pub(super) fn write_definitions(&self, market: &Market, at: u64) -> Message {
        let mut text = Text::with_room(700 * self.streams.len());
        text.raw("{\"result\":\"success\",\"instruments\":[");
        for (number_of, (of, stream)) in market.instruments().iter().zip(&self.streams).enumerate() {
            text.raw(if number_of == 0 { "{\"symbol\":\"" } else { ",{\"symbol\":\"" }).raw(&stream.symbol);
            text.raw("\",\"type\":\"flexible_futures\"");
            if of.term != Term::Perpetual {
                text.raw(",\"lastTradingTime\":\"2026-12-25T08:00:00.000Z\"");
            }
            named(&mut text, "tickSize", of.price(1));
            text.raw(
                ",\"contractSize\":1,\"tradeable\":true,\"impactMidSize\":1.0,\"maxPositionSize\":1000000.0",
            );
            text.raw(
                ",\"openingDate\":\"2022-03-22T13:18:45Z\",\"marginLevels\":[{\"numNonContractUnits\":0.0",
            );
            text.raw(",\"initialMargin\":0.02,\"maintenanceMargin\":0.01}],\"fundingRateCoefficient\":24");
            text.raw(",\"maxRelativeFundingRate\":0.0025,\"contractValueTradePrecision\":")
                .int(of.size_places.into());
            text.raw(",\"postOnly\":false,\"mtf\":true,\"base\":\"").raw(&of.base);
            text.raw("\",\"quote\":\"USD\",\"pair\":\"").raw(&of.base).raw(":USD\"}");
        }
        text.raw("],\"serverTime\":\"2026-09-07T12:00:00.000Z\"}");
        let url = "https://futures.kraken.com/derivatives/api/v3/instruments".to_owned();
        let carrier = Carrier::Answer { url, stream: None };
        Message { at, instrument: 0, body: text.done(), content: Content::Control, carrier }
    }
}

fn base(of: &Instrument) -> &str {
    if of.base == "BTC" { "XBT" } else { &of.base }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (units, places, want) in [
            (320, 0, "320.0"),
            (644_015, 1, "64401.5"),
            (46, 4, "0.0046"),
            (5_494, 9, "5.494e-6"),
            (1, 4, "1.0e-4"),
            (-62_604_214, 18, "-6.2604214e-11"),
            (0, 3, "0.0"),
        ] {
            let mut text = Text::default();
            number(&mut text, Decimal::new(units, places));
            assert_eq!(String::from_utf8_lossy(&text.done()), want);
        }
    }
}
