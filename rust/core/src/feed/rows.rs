//! The rows a feed gives: what decoders tell the [`Market`] of one frame.

use std::hash::Hash;

use super::market::Market;
use super::slot::{Bars, NONE};
use super::{Place, StreamKey, TradeKind, TradeMode};
use crate::accounting::End;
use crate::data::{
    AggressorSide, AnyColumns, BarRow, DataType, Decimals, FundingRateRow, LiquidationRow, OpenInterestRow,
    OptionGreeksRow, PriceUpdateRow, QuoteRow, StatusRow, TradeRow, VolatilityIndexRow,
};
use crate::decimal::Decimal;
use crate::json::Kind;
use crate::symbol::SlotId;
use crate::time;

/// The venue's id of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeId<'a> {
    /// A number; those of one instrument grow.
    Number(u64),
    /// Any text: a UUID, digits too many for a number.
    Text(&'a str),
}

/// The values of one trade.
#[derive(Debug, Clone, Copy)]
pub struct TradeFields<'a> {
    /// Price.
    pub price: Decimal,
    /// Size.
    pub size: Decimal,
    /// Who took liquidity.
    pub aggressor_side: AggressorSide,
    /// The venue's id.
    pub id: TradeId<'a>,
    /// Event time, ns UTC.
    pub ts_event: u64,
}

impl Market {
    /// A trade.
    pub fn trade(&mut self, slot: SlotId, kind: TradeKind, trade: &TradeFields<'_>) {
        self.trade_is_new(slot, kind, trade);
    }

    /// A trade; answers whether it was not seen before, wanted or not: what it says beside itself is to be told once.
    pub fn trade_is_new(&mut self, slot: SlotId, kind: TradeKind, trade: &TradeFields<'_>) -> bool {
        let ts_init = self.context.ts_init(trade.ts_event);
        let (raw, this) = (TradeKind::Raw as usize, kind as usize);
        let state = &mut self.slots[slot as usize].trades[this];
        let is_new = match trade.id {
            TradeId::Number(id) => state.seen.insert(id),
            TradeId::Text(id) => state.seen_texts.insert(id),
        };
        if !is_new {
            self.item(End::Duplicate);
            return false;
        }
        let wanted = match self.options.trades {
            TradeMode::Both => true,
            TradeMode::Raw => kind == TradeKind::Raw,
            TradeMode::Aggregate => kind == TradeKind::Aggregate,
            TradeMode::Auto => kind == TradeKind::Raw || self.slots[slot as usize].trades[raw].stream == NONE,
        };
        if !wanted || !self.options.types.has(DataType::Trade) || !self.in_span(ts_init) {
            self.item(End::Unselected);
            return true;
        }
        let mut stream = self.slots[slot as usize].trades[this].stream;
        if stream == NONE {
            let id = self.slots[slot as usize].id.clone();
            let key = StreamKey { data_type: DataType::Trade, id: id.clone(), variant: kind.name().into() };
            stream = self.open_stream(key, id);
            self.slots[slot as usize].trades[this].stream = stream;
        }
        let ts_init = self.row(trade.ts_event);
        self.tentative = Some((stream, self.tentative.map_or(0, |t| t.1) + 1));
        let decimals = Decimals { price: trade.price.significant, size: trade.size.significant };
        if let Some(AnyColumns::Trade(columns)) = self.columns(stream, 1, 70, decimals) {
            let row = TradeRow {
                price: trade.price.value,
                size: trade.size.value,
                aggressor_side: trade.aggressor_side,
                trade_id: if let TradeId::Text(id) = trade.id { id } else { "" },
                ts_event: trade.ts_event,
                ts_init,
            };
            match trade.id {
                TradeId::Number(id) => columns.push_numbered(&row, id),
                TradeId::Text(_) => columns.push(&row),
            }
        }
        true
    }

    /// A quote of the venue's best-bid-and-ask channel; `place` orders quotes of one instrument.
    pub fn quote(
        &mut self,
        slot: SlotId,
        place: Option<Place>,
        prices: [Decimal; 2],
        sizes: [Decimal; 2],
        ts_event: u64,
    ) {
        if self.has_empty_side(slot, prices, sizes) {
            return self.item(End::Control);
        }
        if let Some(end) = Place::end_after(place, &mut self.slots[slot as usize].last_quote) {
            return self.item(end);
        }
        let ts_init = self.context.ts_init(ts_event);
        if !self.selected(DataType::Quote, ts_init) {
            return;
        }
        let stream = self.stream_of(slot, DataType::Quote);
        self.quote_row(stream, prices, sizes, ts_event);
    }

    /// A quote from the fields of a ticker: taken until the venue's channel of quotes has brought one; where all
    /// channels are kept, in a stream of its own named after `channel`. Equal to the last one, it says nothing.
    pub fn ticker_quote(
        &mut self,
        slot: SlotId,
        channel: &str,
        prices: [Decimal; 2],
        sizes: [Decimal; 2],
        ts_event: u64,
    ) {
        if self.has_empty_side(slot, prices, sizes) {
            return self.item(End::Control);
        }
        let held = &mut self.slots[slot as usize];
        let is_preferred_there = held.last_quote.is_some() && !self.options.all_channels;
        let values = [prices[0].value, prices[1].value, sizes[0].value, sizes[1].value];
        let last = held.ticker_quotes.last;
        if last.is_some_and(|(last, ts)| ts_event < ts || ts_event == ts && last == values) {
            return self.item(End::Duplicate);
        }
        held.ticker_quotes.last = Some((values, ts_event));
        if last.is_some_and(|(last, _)| last == values) {
            return self.item(End::Control);
        }
        if is_preferred_there {
            return self.item(End::Unselected);
        }
        if !self.selected(DataType::Quote, self.context.ts_init(ts_event)) {
            return;
        }
        let mut stream = self.slots[slot as usize].ticker_quotes.stream;
        if stream == NONE {
            let id = self.slots[slot as usize].id.clone();
            let key = StreamKey { data_type: DataType::Quote, id: id.clone(), variant: channel.into() };
            stream = self.open_stream(key, id);
            self.slots[slot as usize].ticker_quotes.stream = stream;
        }
        self.quote_row(stream, prices, sizes, ts_event);
        self.tentative = Some((stream, 1));
    }

    fn quote_row(&mut self, stream: u32, prices: [Decimal; 2], sizes: [Decimal; 2], ts_event: u64) {
        let ts_init = self.row(ts_event);
        let decimals = Decimals::of(&prices, &sizes);
        if let Some(AnyColumns::Quote(columns)) = self.columns(stream, 1, super::book::QUOTE_BYTES, decimals)
        {
            columns.push(&QuoteRow::of(prices, sizes, ts_event, ts_init));
        }
    }

    /// A closed bar: open, high, low, close and volume, and when exactly it closed, ns UTC. `spec` is Nautilus's bar
    /// specification, such as `1-MINUTE-LAST-EXTERNAL`.
    ///
    /// # Errors
    /// A price or a volume that does not fit.
    pub fn bar(
        &mut self,
        slot: SlotId,
        spec: &str,
        prices: [Decimal; 4],
        volume: Decimal,
        ts_event: u64,
    ) -> Result<(), Kind> {
        for price in prices {
            self.check_price_of(slot, price)?;
        }
        self.check_size(volume)?;
        let found = self.slots[slot as usize].bars.iter().position(|held| &*held.spec == spec);
        let at = found.unwrap_or_else(|| {
            let bars = &mut self.slots[slot as usize].bars;
            bars.push(Bars::new(spec));
            bars.len() - 1
        });
        let held = &mut self.slots[slot as usize].bars[at];
        if !held.takes(ts_event) {
            self.item(End::Duplicate);
            return Ok(());
        }
        let mut stream = held.stream;
        if !self.selected(DataType::Bar, self.context.ts_init(ts_event)) {
            return Ok(());
        }
        if stream == NONE {
            let instrument_id = self.slots[slot as usize].id.clone();
            let id = format!("{instrument_id}-{spec}").into();
            let key = StreamKey { data_type: DataType::Bar, id, variant: "".into() };
            stream = self.open_stream(key, instrument_id);
            self.slots[slot as usize].bars[at].stream = stream;
        }
        let ts_init = self.row(ts_event);
        if let Some(AnyColumns::Bar(columns)) = self.columns(stream, 1, 96, Decimals::of(&prices, &[volume]))
        {
            let ([open, high, low, close], volume) = (prices.map(|price| price.value), volume.value);
            columns.push(&BarRow { open, high, low, close, volume, ts_event, ts_init });
        }
        Ok(())
    }

    /// Where a row goes, and its receive time; `None` where it was not asked for.
    fn place(&mut self, slot: SlotId, data_type: DataType, ts_event: u64) -> Option<(u32, u64)> {
        if !self.selected(data_type, self.context.ts_init(ts_event)) {
            return None;
        }
        Some((self.stream_of(slot, data_type), self.row(ts_event)))
    }

    /// The same for a value of a stream without ids: one whose time is before the last one's was seen before, and so
    /// was one of the same time that says the same.
    fn timed(
        &mut self,
        slot: SlotId,
        data_type: DataType,
        ts_event: u64,
        says: impl Hash,
    ) -> Option<(u32, u64)> {
        if !self.slots[slot as usize].last_told.takes(data_type, ts_event, says) {
            self.item(End::Duplicate);
            return None;
        }
        self.place(slot, data_type, ts_event)
    }

    /// The same for a value of an answer about the past, which has one each `step` ns at most.
    fn past(&mut self, slot: SlotId, data_type: DataType, ts_event: u64, step: u64) -> Option<(u32, u64)> {
        if !self.slots[slot as usize].last_told.takes_past(data_type, ts_event, step) {
            self.item(End::Duplicate);
            return None;
        }
        self.place(slot, data_type, ts_event)
    }

    /// A mark or index price, and whether it was rounded to 16 decimals.
    pub fn price_update(
        &mut self,
        slot: SlotId,
        data_type: DataType,
        (value, rounded): (Decimal, bool),
        ts_event: u64,
    ) {
        let Some((stream, ts_init)) = self.timed(slot, data_type, ts_event, value.value) else { return };
        if rounded {
            let key = (self.slots[slot as usize].id.clone(), data_type);
            *self.rounded.entry(key).or_default() += 1;
        }
        let decimals = Decimals { price: value.significant, size: 0 };
        if let Some(AnyColumns::MarkPrice(columns) | AnyColumns::IndexPrice(columns)) =
            self.columns(stream, 1, 32, decimals)
        {
            columns.push(&PriceUpdateRow { value: value.value, ts_event, ts_init });
        }
    }

    /// A funding rate; `interval` are the minutes between fundings.
    pub fn funding_rate(
        &mut self,
        slot: SlotId,
        rate: &str,
        interval: Option<u16>,
        next_funding_ns: Option<u64>,
        ts_event: u64,
    ) {
        let says = (rate, interval, next_funding_ns);
        if let Some(place) = self.timed(slot, DataType::FundingRate, ts_event, says) {
            self.funding_row(place, rate, interval, next_funding_ns, ts_event);
        }
    }

    /// A funding rate that was paid, of an answer about the past.
    pub fn paid_funding_rate(&mut self, slot: SlotId, rate: &str, ts_event: u64) {
        if let Some(place) = self.past(slot, DataType::FundingRate, ts_event, time::HOUR) {
            self.funding_row(place, rate, None, None, ts_event);
        }
    }

    fn funding_row(
        &mut self,
        (stream, ts_init): (u32, u64),
        rate: &str,
        interval: Option<u16>,
        next_funding_ns: Option<u64>,
        ts_event: u64,
    ) {
        if let Some(AnyColumns::FundingRate(columns)) = self.columns(stream, 1, 64, Decimals::default()) {
            columns.push(&FundingRateRow { rate, interval, next_funding_ns, ts_event, ts_init });
        }
    }

    /// A liquidation order; numbers are canonical text.
    pub fn liquidation(&mut self, slot: SlotId, row: &LiquidationRow<'_>) {
        if !self.slots[slot as usize].liquidations.takes(row) {
            self.item(End::Duplicate);
            return;
        }
        let Some((stream, ts_init)) = self.place(slot, DataType::Liquidation, row.ts_event) else { return };
        if let Some(AnyColumns::Liquidation(columns)) = self.columns(stream, 1, 96, Decimals::default()) {
            columns.push(&LiquidationRow { ts_init, ..*row });
        }
    }

    /// Open interest; the value is canonical text.
    pub fn open_interest(&mut self, slot: SlotId, value: &str, unit: &str, value_quote: &str, ts_event: u64) {
        let says = (value, unit, value_quote);
        if let Some(place) = self.timed(slot, DataType::OpenInterest, ts_event, says) {
            self.interest_row(place, value, unit, value_quote, ts_event);
        }
    }

    /// Open interest of an answer about the past.
    pub fn past_open_interest(
        &mut self,
        slot: SlotId,
        value: &str,
        unit: &str,
        value_quote: &str,
        ts_event: u64,
    ) {
        if let Some(place) = self.past(slot, DataType::OpenInterest, ts_event, 5 * time::MINUTE) {
            self.interest_row(place, value, unit, value_quote, ts_event);
        }
    }

    fn interest_row(
        &mut self,
        (stream, ts_init): (u32, u64),
        value: &str,
        unit: &str,
        value_quote: &str,
        ts_event: u64,
    ) {
        if let Some(AnyColumns::OpenInterest(columns)) = self.columns(stream, 1, 64, Decimals::default()) {
            columns.push(&OpenInterestRow { value, unit, value_quote, ts_event, ts_init });
        }
    }

    /// Greeks of an option.
    pub fn option_greeks(&mut self, slot: SlotId, row: &OptionGreeksRow) {
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        let rest = [row.iv[0], row.iv[1], row.iv[2], row.underlying_price, row.open_interest].map(bits);
        let says = (row.greeks.map(f64::to_bits), rest);
        let Some((stream, ts_init)) = self.timed(slot, DataType::OptionGreeks, row.ts_event, says) else {
            return;
        };
        if let Some(AnyColumns::OptionGreeks(columns)) = self.columns(stream, 1, 140, Decimals::default()) {
            columns.push(&OptionGreeksRow { ts_init, ..*row });
        }
    }

    /// The value of a volatility index, canonical text.
    pub fn volatility_index(&mut self, slot: SlotId, value: &str, ts_event: u64) {
        let Some((stream, ts_init)) = self.timed(slot, DataType::VolatilityIndex, ts_event, value) else {
            return;
        };
        if let Some(AnyColumns::VolatilityIndex(columns)) = self.columns(stream, 1, 32, Decimals::default()) {
            columns.push(&VolatilityIndexRow { value, ts_event, ts_init });
        }
    }

    /// A trading status.
    pub fn status(&mut self, slot: SlotId, action: &str, reason: &str, is_trading: bool, ts_event: u64) {
        let says = (action, reason, is_trading);
        let Some((stream, ts_init)) = self.timed(slot, DataType::Status, ts_event, says) else { return };
        if let Some(AnyColumns::Status(columns)) = self.columns(stream, 1, 64, Decimals::default()) {
            let is_trading = Some(is_trading);
            columns.push(&StatusRow { action, reason, is_trading, ts_event, ts_init });
        }
    }
}
