//! The messages, key by key.

use super::{Aggregate, Binance, MILLI};
use crate::decimal::Decimal;
use crate::market::{
    Candle, INVERSE_SCALE, Instrument, Level, Liquidation, Mark, Market, Product, Side, Term, Top, Trade,
};
use crate::wire::{Channel, Diff, Snapshot, Text};

impl Binance {
    /// Stream names after `symbol@`, of the channels wanted.
    pub(super) fn suffixes(&self) -> Vec<&'static str> {
        let spot = self.is_spot();
        let named = [
            (Channel::Trade, "trade"),
            (Channel::Aggregate, "aggTrade"),
            (Channel::Quote, "bookTicker"),
            (Channel::Book, "depth@100ms"),
            (Channel::Partial, self.partial_channel()),
            (Channel::Bar, "kline_1m"),
            (Channel::Mark, "markPrice@1s"),
            (Channel::Liquidation, "forceOrder"),
        ];
        let there = |channel| !spot || !matches!(channel, Channel::Mark | Channel::Liquidation);
        let wanted = named.into_iter().filter(|(channel, _)| self.channels.has(*channel) && there(*channel));
        wanted.map(|(_, suffix)| suffix).collect()
    }

    const fn partial_channel(&self) -> &'static str {
        if self.is_spot() { "depth20" } else { "depth20@500ms" }
    }

    /// Decimals that numbers are padded to: eight on spot, their own on futures.
    const fn padding(&self) -> u8 {
        if self.is_spot() { 8 } else { 0 }
    }

    /// The key that tells the two futures venues apart since 2026-06.
    const fn venue(&self) -> &'static str {
        match self.product {
            Product::Spot => "",
            Product::Linear => "1",
            Product::Inverse => "2",
        }
    }

    /// `{"stream":"…@channel","data":{"e":"event","E":…`
    fn begin(&self, instrument: usize, channel: &str, event: &str, at: u64, room: usize) -> Text {
        let mut text = Text::with_room(room);
        text.raw("{\"stream\":\"").raw(&self.streams[instrument].name).raw("@").raw(channel);
        text.raw("\",\"data\":{\"e\":\"").raw(event).raw("\",\"E\":").int(at / MILLI);
        text
    }

    pub(super) fn write_trade(&self, market: &Market, at: u64, instrument: usize, trade: &Trade) -> Vec<u8> {
        let (of, pad) = (&market.instruments()[instrument], self.padding());
        let mut text = self.begin(instrument, "trade", "trade", at, 220);
        if !self.is_spot() {
            text.raw(",\"T\":").int(at / MILLI);
        }
        text.raw(",\"s\":\"").raw(&self.streams[instrument].symbol);
        text.raw("\",\"t\":").int(trade.id).raw(",\"p\":\"").decimal(of.price(trade.price), pad);
        text.raw("\",\"q\":\"").decimal(of.size(trade.size), pad);
        let maker = trade.taker == Side::Sell;
        if self.is_spot() {
            text.raw("\",\"T\":").int(at / MILLI).raw(",\"m\":").bool(maker).raw(",\"M\":true}}");
        } else {
            text.raw("\",\"X\":\"MARKET\",\"m\":").bool(maker).raw(",\"st\":").raw(self.venue()).raw("}}");
        }
        text.done()
    }

    pub(super) fn write_aggregate(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        id: u64,
        aggregate: &Aggregate,
    ) -> Vec<u8> {
        let (of, pad) = (&market.instruments()[instrument], self.padding());
        let symbol = &self.streams[instrument].symbol;
        let mut text = self.begin(instrument, "aggTrade", "aggTrade", at, 240);
        if self.is_spot() {
            text.raw(",\"s\":\"").raw(symbol).raw("\",\"a\":").int(id);
        } else {
            text.raw(",\"a\":").int(id).raw(",\"s\":\"").raw(symbol).raw("\"");
        }
        let size = of.size(aggregate.size);
        text.raw(",\"p\":\"").decimal(of.price(aggregate.first.price), pad);
        text.raw("\",\"q\":\"").decimal(size, pad).raw("\"");
        if self.product == Product::Linear {
            text.raw(",\"nq\":\"").decimal(size, pad).raw("\"");
        }
        text.raw(",\"f\":").int(aggregate.first.id).raw(",\"l\":").int(aggregate.last);
        text.raw(",\"T\":")
            .int(aggregate.at / MILLI)
            .raw(",\"m\":")
            .bool(aggregate.first.taker == Side::Sell);
        if self.is_spot() {
            text.raw(",\"M\":true}}");
        } else {
            text.raw(",\"st\":").raw(self.venue()).raw("}}");
        }
        text.done()
    }

    pub(super) fn write_quote(&self, market: &Market, at: u64, instrument: usize, top: &Top) -> Vec<u8> {
        let (of, pad) = (&market.instruments()[instrument], self.padding());
        let stream = &self.streams[instrument];
        let mut text = Text::with_room(240);
        text.raw("{\"stream\":\"").raw(&stream.name).raw("@bookTicker\",\"data\":{");
        if !self.is_spot() {
            text.raw("\"e\":\"bookTicker\",");
        }
        text.raw("\"u\":").int(stream.id).raw(",\"s\":\"").raw(&stream.symbol);
        if !self.is_spot() {
            text.raw("\",\"ps\":\"").raw(&stream.pair);
        }
        text.raw("\",\"b\":\"").decimal(of.price(top.bid.price), pad);
        text.raw("\",\"B\":\"").decimal(of.size(top.bid.size), pad);
        text.raw("\",\"a\":\"").decimal(of.price(top.ask.price), pad);
        text.raw("\",\"A\":\"").decimal(of.size(top.ask.size), pad).raw("\"");
        if !self.is_spot() {
            text.raw(",\"T\":")
                .int(at / MILLI)
                .raw(",\"E\":")
                .int(at / MILLI)
                .raw(",\"st\":")
                .raw(self.venue());
        }
        text.raw("}}");
        text.done()
    }

    fn levels(&self, text: &mut Text, of: &Instrument, levels: &[Level]) {
        let pad = self.padding();
        text.raw("[");
        for (at, level) in levels.iter().enumerate() {
            text.raw(if at == 0 { "[\"" } else { ",[\"" });
            text.decimal(of.price(level.price), pad)
                .raw("\",\"")
                .decimal(of.size(level.size), pad)
                .raw("\"]");
        }
        text.raw("]");
    }

    /// The head that diffs and futures' partial books share.
    fn begin_depth(&self, at: u64, instrument: usize, channel: &str, ids: [u64; 3], levels: usize) -> Text {
        let stream = &self.streams[instrument];
        let mut text = self.begin(instrument, channel, "depthUpdate", at, 220 + levels * 34);
        if !self.is_spot() {
            text.raw(",\"T\":").int(stream.changed_ns / MILLI);
        }
        text.raw(",\"s\":\"").raw(&stream.symbol);
        if !self.is_spot() {
            text.raw("\",\"ps\":\"").raw(&stream.pair).raw("\",\"st\":").raw(self.venue());
        } else {
            text.raw("\"");
        }
        let [first, last, previous] = ids;
        text.raw(",\"U\":").int(first).raw(",\"u\":").int(last);
        if !self.is_spot() {
            text.raw(",\"pu\":").int(previous);
        }
        text
    }

    pub(super) fn write_diff(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        first: u64,
        diff: &Diff,
    ) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let levels = diff.bids.len() + diff.asks.len();
        let ids = [first, diff.id, diff.after];
        let mut text = self.begin_depth(at, instrument, "depth@100ms", ids, levels);
        text.raw(",\"b\":");
        self.levels(&mut text, of, &diff.bids);
        text.raw(",\"a\":");
        self.levels(&mut text, of, &diff.asks);
        text.raw("}}");
        text.done()
    }

    pub(super) fn write_partial(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        previous: u64,
        partial: &Snapshot,
    ) -> Vec<u8> {
        let of = &market.instruments()[instrument];
        let (channel, stream) = (self.partial_channel(), &self.streams[instrument]);
        let count = partial.bids.len() + partial.asks.len();
        let (mut text, [bids, asks]) = if self.is_spot() {
            let mut text = Text::with_room(100 + count * 34);
            text.raw("{\"stream\":\"").raw(&stream.name).raw("@").raw(channel);
            text.raw("\",\"data\":{\"lastUpdateId\":").int(partial.id);
            (text, ["bids", "asks"])
        } else {
            let ids = [partial.id, partial.id, previous];
            (self.begin_depth(at, instrument, channel, ids, count), ["b", "a"])
        };
        text.raw(",\"").raw(bids).raw("\":");
        self.levels(&mut text, of, &partial.bids);
        text.raw(",\"").raw(asks).raw("\":");
        self.levels(&mut text, of, &partial.asks);
        text.raw("}}");
        text.done()
    }

    pub(super) fn write_snapshot(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        snapshot: &Snapshot,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let mut text = Text::with_room(100 + (snapshot.bids.len() + snapshot.asks.len()) * 34);
        text.raw("{\"lastUpdateId\":").int(snapshot.id);
        if !self.is_spot() {
            text.raw(",\"E\":").int(at / MILLI).raw(",\"T\":").int(stream.changed_ns / MILLI);
        }
        if self.product == Product::Inverse {
            text.raw(",\"symbol\":\"").raw(&stream.symbol).raw("\",\"pair\":\"").raw(&stream.pair).raw("\"");
        }
        text.raw(",\"bids\":");
        self.levels(&mut text, of, &snapshot.bids);
        text.raw(",\"asks\":");
        self.levels(&mut text, of, &snapshot.asks);
        text.raw("}");
        text.done()
    }

    /// Turnover of a candle: quote currency; of inverse contracts the base currency.
    fn turnover(&self, of: &Instrument, turnover: i128, inverse: i128) -> Decimal {
        if self.product == Product::Inverse {
            let scale = 10_i128.pow(u32::from(of.price_places) + 8) * i128::from(of.contract_size);
            return Decimal::new(
                inverse / 1_000_000 * scale / (INVERSE_SCALE / 1_000_000 * i128::from(of.tick)),
                8,
            );
        }
        Decimal::new(turnover * i128::from(of.tick), of.price_places + of.size_places)
    }

    pub(super) fn write_candle(&self, market: &Market, at: u64, instrument: usize, closed: bool) -> Vec<u8> {
        let (of, pad) = (&market.instruments()[instrument], self.padding());
        let stream = &self.streams[instrument];
        let candle: &Candle = &stream.candle;
        let mut text = self.begin(instrument, "kline_1m", "kline", at, 400);
        let (first, last) = candle.ids.map_or((-1, -1), |(first, last)| (first as i64, last as i64));
        text.raw(",\"s\":\"").raw(&stream.symbol).raw("\",\"k\":{\"t\":").int(candle.open_ns / MILLI);
        text.raw(",\"T\":").int((candle.open_ns + Candle::LENGTH) / MILLI - 1);
        text.raw(",\"s\":\"").raw(&stream.symbol).raw("\",\"i\":\"1m\",\"f\":").signed(first);
        text.raw(",\"L\":").signed(last);
        let prices = [("o", candle.open), ("c", candle.close), ("h", candle.high), ("l", candle.low)];
        for (key, price) in prices {
            text.raw(",\"").raw(key).raw("\":\"").decimal(of.price(price), pad).raw("\"");
        }
        text.raw(",\"v\":\"").decimal(of.size(candle.volume), pad);
        text.raw("\",\"n\":").int(candle.count).raw(",\"x\":").bool(closed);
        text.raw(",\"q\":\"").decimal(self.turnover(of, candle.turnover, candle.inverse), pad);
        text.raw("\",\"V\":\"").decimal(of.size(candle.taker_volume), pad);
        text.raw("\",\"Q\":\"").decimal(self.turnover(of, candle.taker_turnover, candle.taker_inverse), pad);
        text.raw("\",\"B\":\"0\"}}}");
        text.done()
    }

    pub(super) fn write_mark(&self, market: &Market, at: u64, instrument: usize, mark: &Mark) -> Vec<u8> {
        let dated = market.instruments()[instrument].term != Term::Perpetual;
        let mut text = self.begin(instrument, "markPrice@1s", "markPriceUpdate", at, 320);
        text.raw(",\"s\":\"").raw(&self.streams[instrument].symbol);
        text.raw("\",\"p\":\"").decimal(mark.mark, 8);
        if self.product == Product::Linear {
            text.raw("\",\"ap\":\"").decimal(mark.average, 8);
        }
        text.raw("\",\"P\":\"").decimal(mark.settlement, 8).raw("\",\"i\":\"").decimal(mark.index, 8);
        text.raw("\",\"r\":\"");
        match (dated, self.product) {
            (false, _) => text.decimal(mark.funding, 8),
            (true, Product::Inverse) => &mut text,
            (true, _) => text.raw("0.00000000"),
        };
        text.raw("\",\"T\":").int(if dated { 0 } else { mark.next_funding_ns / MILLI });
        text.raw(",\"st\":").raw(self.venue()).raw("}}");
        text.done()
    }

    pub(super) fn write_forced(
        &self,
        market: &Market,
        at: u64,
        instrument: usize,
        order: &Liquidation,
        filled_at: u64,
    ) -> Vec<u8> {
        let (of, stream) = (&market.instruments()[instrument], &self.streams[instrument]);
        let inverse = self.product == Product::Inverse;
        let mut text = self.begin(instrument, "forceOrder", "forceOrder", at, 360);
        text.raw(",\"o\":{\"s\":\"").raw(&stream.symbol);
        if inverse {
            text.raw("\",\"ps\":\"").raw(&stream.pair);
        }
        text.raw("\",\"S\":\"").raw(if order.side == Side::Buy { "BUY" } else { "SELL" });
        text.raw("\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"").decimal(of.size(order.size), 0);
        text.raw("\",\"p\":\"").decimal(of.price(order.price), 0);
        text.raw("\",\"ap\":\"").decimal(order.average, 0);
        let state = if order.filled == order.size { "FILLED" } else { "PARTIALLY_FILLED" };
        text.raw("\",\"X\":\"").raw(state).raw("\",\"l\":\"").decimal(of.size(order.last), 0);
        text.raw("\",\"z\":\"").decimal(of.size(order.filled), 0).raw("\",\"T\":").int(filled_at / MILLI);
        if !inverse {
            text.raw(",\"ps\":\"").raw(&stream.pair).raw("\"");
        }
        text.raw(",\"st\":").raw(self.venue()).raw("}}}");
        text.done()
    }
}
