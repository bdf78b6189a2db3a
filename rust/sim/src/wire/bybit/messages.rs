//! The messages, key by key in the venue's order.

use super::{Bybit, MILLI};
use crate::decimal::Decimal;
use crate::market::{Candle, Instrument, Level, Liquidation, Mark, Market, Side, Term, Top, Trade};
use crate::wire::{Channel, Diff, Text};

/// Decimals of what the venue computes.
pub(super) const COMPUTED: u8 = 8;

impl Bybit {
    /// The topics of the channels wanted, without the symbol.
    pub(super) fn topics(&self) -> Vec<String> {
        let all = [
            (Channel::Trade, "publicTrade".to_owned()),
            (Channel::Quote, "orderbook.1".to_owned()),
            (Channel::Book, format!("orderbook.{}", self.depth)),
            (Channel::Bar, "kline.1".to_owned()),
            (Channel::Mark, "tickers".to_owned()),
            (Channel::Liquidation, "allLiquidation".to_owned()),
        ];
        let spot = self.is_spot();
        let wanted = all.into_iter().filter(|(channel, _)| self.channels.has(*channel));
        let wanted =
            wanted.filter(|(channel, _)| !(spot && matches!(channel, Channel::Mark | Channel::Liquidation)));
        wanted.map(|(_, topic)| topic).collect()
    }

    pub(super) fn begin(&self, instrument: usize, topic: &str, room: usize) -> Text {
        let mut text = Text::with_room(room);
        text.raw("{\"topic\":\"").raw(topic).raw(".").raw(&self.streams[instrument].symbol).raw("\"");
        text
    }

    /// Spot names the time first, contracts the type; at level 1 both do as spot.
    fn envelope(&self, text: &mut Text, at: u64, kind: &str, time_first: bool) {
        if time_first {
            text.raw(",\"ts\":").int(at / MILLI).raw(",\"type\":\"").raw(kind).raw("\"");
        } else {
            text.raw(",\"type\":\"").raw(kind).raw("\",\"ts\":").int(at / MILLI);
        }
    }

    pub(super) fn write_trade(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        trade: &Trade,
        name: &str,
        seq: u64,
    ) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let side = if trade.taker == Side::Buy { "Buy" } else { "Sell" };
        if self.is_option() {
            return self.write_option_trade(at, instrument, (of, trade), (name, side), seq);
        }
        let symbol = &self.streams[instrument].symbol;
        let mut text = self.begin(instrument, "publicTrade", 320);
        self.envelope(&mut text, at, "snapshot", self.is_spot());
        if self.is_spot() {
            text.raw(",\"data\":[{\"i\":\"").raw(name).raw("\",\"T\":").int(at / MILLI);
            text.raw(",\"p\":\"").decimal(of.price(trade.price), 0);
            text.raw("\",\"v\":\"").decimal(of.size(trade.size), 0);
            text.raw("\",\"S\":\"").raw(side).raw("\",\"seq\":").int(seq).raw(",\"s\":\"").raw(symbol);
            text.raw("\",\"BT\":false,\"RPI\":false}]}");
        } else {
            text.raw(",\"data\":[{\"T\":").int(at / MILLI).raw(",\"s\":\"").raw(symbol);
            text.raw("\",\"S\":\"").raw(side).raw("\",\"v\":\"").decimal(of.size(trade.size), of.size_places);
            text.raw("\",\"p\":\"").decimal(of.price(trade.price), of.price_places);
            text.raw("\",\"L\":\"ZeroPlusTick\",\"i\":\"").raw(name);
            text.raw("\",\"BT\":false,\"RPI\":")
                .bool(trade.id.is_multiple_of(7))
                .raw(",\"seq\":")
                .int(seq)
                .raw("}]}");
        }
        text.done()
    }

    pub(super) fn levels(text: &mut Text, of: &Instrument, levels: &[Level], places: u8) {
        text.raw("[");
        for (at, level) in levels.iter().enumerate() {
            text.raw(if at == 0 { "[\"" } else { ",[\"" });
            text.decimal(of.price(level.price), places).raw("\",\"");
            text.decimal(of.size(level.size), 0).raw("\"]");
        }
        text.raw("]");
    }

    pub(super) fn write_book(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        kind: &str,
        diff: &Diff,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        if self.is_option() {
            return self.write_option_book(of, at, instrument, kind, diff);
        }
        let count = diff.bids.len() + diff.asks.len();
        let mut text = self.begin(instrument, &format!("orderbook.{}", self.depth), 200 + count * 30);
        self.envelope(&mut text, at, kind, self.is_spot());
        text.raw(",\"data\":{\"s\":\"").raw(&stream.symbol).raw("\",\"b\":");
        Self::levels(&mut text, of, &diff.bids, of.price_places);
        text.raw(",\"a\":");
        Self::levels(&mut text, of, &diff.asks, of.price_places);
        text.raw(",\"u\":").int(diff.id).raw(",\"seq\":").int(stream.seq);
        text.raw("},\"cts\":").int(diff.ts_event / MILLI).raw("}");
        text.done()
    }

    pub(super) fn write_top(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        top: &Top,
        seq: u64,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let mut text = self.begin(instrument, "orderbook.1", 240);
        self.envelope(&mut text, at + MILLI, "snapshot", true);
        text.raw(",\"data\":{\"s\":\"").raw(&stream.symbol).raw("\",\"b\":");
        Self::levels(&mut text, of, &[top.bid], 0);
        text.raw(",\"a\":");
        Self::levels(&mut text, of, &[top.ask], 0);
        text.raw(",\"u\":").int(stream.top).raw(",\"seq\":").int(seq);
        text.raw("},\"cts\":").int(at / MILLI).raw("}");
        text.done()
    }

    pub(super) fn write_candle(&self, market: &Market, at: u64, instrument: usize, closed: bool) -> Vec<u8> {
        let (of, candle) = (&market.instruments()[instrument], &self.streams[instrument].candle);
        let mut text = self.begin(instrument, "kline.1", 360);
        text.raw(",\"data\":[{\"start\":").int(candle.open_ns / MILLI);
        text.raw(",\"end\":").int((candle.open_ns + Candle::LENGTH) / MILLI - 1).raw(",\"interval\":\"1\"");
        let prices =
            [("open", candle.open), ("close", candle.close), ("high", candle.high), ("low", candle.low)];
        for (key, price) in prices {
            text.raw(",\"").raw(key).raw("\":\"").decimal(of.price(price), 0).raw("\"");
        }
        text.raw(",\"volume\":\"").decimal(of.size(candle.volume), 0);
        let turnover = Decimal::new(candle.turnover * i128::from(of.tick), of.price_places + of.size_places);
        text.raw("\",\"turnover\":\"").decimal(turnover, 0).raw("\",\"confirm\":").bool(closed);
        text.raw(",\"timestamp\":").int(at / MILLI).raw("}],\"ts\":").int(at / MILLI);
        text.raw(",\"type\":\"snapshot\"}");
        text.done()
    }

    pub(super) fn write_ticker(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        mark: &Mark,
        seq: u64,
    ) -> Vec<u8> {
        let dated = market.instruments()[instrument].term != Term::Perpetual;
        let stream = &self.streams[instrument];
        let whole = stream.tickers.is_multiple_of(10);
        let mut text = self.begin(instrument, "tickers", 420);
        text.raw(",\"type\":\"").raw(if whole { "snapshot" } else { "delta" });
        text.raw("\",\"data\":{\"symbol\":\"").raw(&stream.symbol).raw("\"");
        if whole {
            text.raw(",\"tickDirection\":\"PlusTick\",\"price24hPcnt\":\"0.017103\"");
        }
        text.raw(",\"markPrice\":\"").decimal(mark.mark, COMPUTED);
        text.raw("\",\"indexPrice\":\"").decimal(mark.index, COMPUTED);
        text.raw("\",\"nextFundingTime\":\"");
        if dated {
            text.raw("\",\"fundingRate\":\"\"");
        } else {
            text.int(mark.next_funding_ns / MILLI)
                .raw("\",\"fundingRate\":\"")
                .decimal(mark.funding, 0)
                .raw("\"");
        }
        if dated {
            text.raw(",\"deliveryTime\":\"2026-12-25T08:00:00Z\",\"basis\":\"\"");
        }
        text.raw("},\"cs\":").int(seq).raw(",\"ts\":").int(at / MILLI).raw("}");
        text.done()
    }

    pub(super) fn write_forced(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        order: &Liquidation,
    ) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        // The venue names the side of the position: an order that buys closes a short one.
        let position = if order.side == Side::Buy { "Sell" } else { "Buy" };
        let mut text = self.begin(instrument, "allLiquidation", 200);
        self.envelope(&mut text, at, "snapshot", false);
        text.raw(",\"data\":[{\"T\":").int(at / MILLI).raw(",\"s\":\"").raw(&self.streams[instrument].symbol);
        text.raw("\",\"S\":\"").raw(position).raw("\",\"v\":\"").decimal(of.size(order.size), 0);
        text.raw("\",\"p\":\"").decimal(of.price(order.price), 0).raw("\"}]}");
        text.done()
    }
}
