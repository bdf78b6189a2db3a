//! What Deribit's messages tell the market.

use super::bars::{Chart, resolution};
use super::channels::{Channel, FUNDING, REST_BOOK, Topic};
use super::frames::{Data, DeribitDecoder};
use super::levels::Sides;
use super::messages::{BookHead, Index, Interest, Mark, Quote, State, Trade, Volatility};
use super::sequence;
use super::symbols::{is_in_dollars, is_spread};
use crate::accounting::End;
use crate::book::Proof;
use crate::data::{AggressorSide, DataType, LiquidationRow};
use crate::decimal::{self, Decimal};
use crate::feed::{BookMessage, Frame, Market, Place, TradeFields, TradeId, TradeKind};
use crate::json::{JsonError, Kind};
use crate::symbol::SlotId;
use crate::time::MINUTE;
use crate::venue::each::tell_each;
use crate::venue::values::{Item, text};

impl DeribitDecoder {
    /// Tells the market what a notification says.
    pub(super) fn tell(
        &mut self,
        frame: &Frame<'_>,
        topic: Topic<'_>,
        data: Data<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        match data {
            Data::Trades(found) => {
                each(
                    found,
                    frame,
                    market,
                    |trade, market| self.tell_trade(trade, market),
                    |trade| &trade.symbol,
                );
            }
            Data::Book(head) => self.tell_book(topic, &head, market)?,
            Data::Ticker(ticker) => self.tell_ticker(frame, Some(topic), &ticker, market)?,
            Data::Quote(quote) => self.tell_quote(frame, topic, &quote, market)?,
            Data::Interest(interest) => self.tell_interest(topic, &interest, market)?,
            Data::Chart(chart) => self.tell_chart(topic, &chart, market)?,
            Data::Index(index) => tell_index(topic, &index, market)?,
            Data::Volatility(index) => tell_volatility(topic, &index, market)?,
            Data::Marks(found) => {
                each(found, frame, market, |mark, market| self.tell_mark(mark, market), |mark| &mark.symbol);
            }
            Data::State(state) => self.tell_state(&state, market)?,
            Data::None => market.item(End::Control),
        }
        Ok(())
    }

    /// The slot of an instrument; where the channel names it too, both are the same.
    pub(super) fn slot(
        &self,
        symbol: &str,
        topic: Option<Topic<'_>>,
        market: &mut Market,
    ) -> Result<SlotId, Kind> {
        if topic.is_some_and(|topic| !topic.symbol.is_empty() && topic.symbol != symbol) {
            return Err(Kind::Value);
        }
        let slot = market.slot(symbol.as_bytes())?;
        if is_spread(symbol) {
            market.allow_any_price(slot);
        }
        Ok(slot)
    }

    pub(super) fn tell_trade(&self, trade: &Trade<'_>, market: &mut Market) -> Result<(), Kind> {
        let slot = self.slot(text(&trade.symbol), None, market)?;
        market.check_price_of(slot, trade.price)?;
        market.check_size(trade.size)?;
        let Some(taker) = trade.taker else { return Err(Kind::Missing("direction")) };
        let id = text(&trade.id);
        // Numbers of all instruments of a currency, with its name before them where it is not BTC.
        let number = id.parse().ok().filter(|_| id == "0" || !id.starts_with(['0', '+']));
        let fields = TradeFields {
            price: trade.price,
            size: trade.size,
            aggressor_side: taker,
            id: number.map_or(TradeId::Text(id), TradeId::Number),
            ts_event: trade.ts,
        };
        if !market.trade_is_new(slot, TradeKind::Raw, &fields) {
            return Ok(());
        }
        let (taken, made) = if taker == AggressorSide::Buyer { ("BUY", "SELL") } else { ("SELL", "BUY") };
        for (is_liquidated, side) in [(trade.liquidated.taker, taken), (trade.liquidated.maker, made)] {
            if is_liquidated {
                let row = LiquidationRow {
                    side,
                    price: &decimal::text(trade.price.value),
                    average_price: "",
                    size: &decimal::text(trade.size.value),
                    trade_id: id,
                    ts_event: trade.ts,
                    ts_init: 0,
                };
                market.liquidation(slot, &row);
            }
        }
        Ok(())
    }

    fn tell_book(&mut self, topic: Topic<'_>, head: &BookHead<'_>, market: &mut Market) -> Result<(), Kind> {
        let slot = self.slot(text(&head.symbol), Some(topic), market)?;
        self.check_levels(slot, market)?;
        let message = message(&self.scratch.sides, head.ts);
        let name = topic.book();
        if topic.channel == Channel::Book {
            return market.book_update(slot, &name, sequence::judge, sequence::update(head), &message);
        }
        if topic.is_coarse() && !market.wants_book(&name) {
            market.other_book(&name);
            return Ok(());
        }
        market.partial_book(slot, &name, Some(Place { time: head.ts, number: head.id }), &message)
    }

    /// The book of an answer: one of its own, which each answer replaces. As many levels as were asked for.
    pub(super) fn tell_answered_book(&self, head: &BookHead<'_>, market: &mut Market) -> Result<(), Kind> {
        let slot = self.slot(text(&head.symbol), None, market)?;
        self.check_levels(slot, market)?;
        let message = message(&self.scratch.sides, head.ts);
        market.book_update(slot, REST_BOOK, sequence::judge, sequence::update(head), &message)
    }

    fn check_levels(&self, slot: SlotId, market: &Market) -> Result<(), Kind> {
        let Sides { lowest, .. } = self.scratch.sides;
        if lowest > 0 {
            return Ok(());
        }
        market.check_price_of(slot, Decimal { value: lowest, ..Decimal::default() })
    }

    fn tell_quote(
        &mut self,
        frame: &Frame<'_>,
        topic: Topic<'_>,
        quote: &Quote<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let slot = self.slot(text(&quote.symbol), Some(topic), market)?;
        market.check_quote_of(slot, quote.prices, quote.sizes)?;
        let says = [quote.prices, quote.sizes];
        let takes = market.takes_newest(slot, topic.number(), frame, quote.ts);
        match takes.then(|| self.quotes.place(slot, quote.ts, says)).flatten() {
            Some(place) => market.quote(slot, Some(place), quote.prices, quote.sizes, quote.ts),
            None => market.item(End::Duplicate),
        }
        Ok(())
    }

    fn tell_interest(
        &mut self,
        topic: Topic<'_>,
        interest: &Interest,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let slot = self.slot(topic.symbol, None, market)?;
        if interest.rate.is_empty() {
            market.item(End::Control);
            return Ok(());
        }
        market.bind(slot, FUNDING, "perpetual");
        market.funding_rate(slot, &interest.rate, None, None, interest.ts);
        Ok(())
    }

    /// The candle that is over since this one runs.
    fn tell_chart(&mut self, topic: Topic<'_>, chart: &Chart, market: &mut Market) -> Result<(), Kind> {
        let (minutes, spec) = resolution(topic.rest).ok_or(Kind::Value)?;
        let slot = self.slot(topic.symbol, None, market)?;
        let mut candle = chart.candle;
        candle.volume = volume(topic.symbol, chart);
        candle.progress = candle.volume.value;
        for price in candle.prices {
            market.check_price_of(slot, price)?;
        }
        let Some(over) = market.running_bar(slot, minutes, candle) else {
            market.item(End::Control);
            return Ok(());
        };
        market.bar(slot, spec, over.prices, over.volume, over.begin + u64::from(minutes) * MINUTE)
    }

    /// Candles of an answer: those that were over when the venue answered (µs) are bars.
    pub(super) fn tell_charts(
        &mut self,
        (symbol, minutes): (&str, &str),
        charts: &[Chart],
        answered_us: u64,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let (minutes, spec) = resolution(minutes).ok_or(Kind::Missing("resolution"))?;
        let slot = self.slot(symbol, None, market)?;
        for price in charts.iter().flat_map(|chart| chart.candle.prices) {
            market.check_price_of(slot, price)?;
        }
        if charts.is_empty() {
            market.item(End::Control);
        }
        for chart in charts {
            let close = chart.candle.begin + u64::from(minutes) * MINUTE;
            if close > answered_us.saturating_mul(1_000) {
                market.item(End::Control);
            } else {
                market.bar(slot, spec, chart.candle.prices, volume(symbol, chart), close)?;
            }
        }
        Ok(())
    }

    fn tell_mark(&self, mark: &Mark<'_>, market: &mut Market) -> Result<(), Kind> {
        let slot = self.slot(text(&mark.symbol), None, market)?;
        tell_price(slot, DataType::MarkPrice, mark.price, mark.ts, market)
    }

    fn tell_state(&self, state: &State<'_>, market: &mut Market) -> Result<(), Kind> {
        let slot = self.slot(text(&state.symbol), None, market)?;
        let name = text(&state.state);
        let (action, is_trading) = status_action(name);
        market.status(slot, action, name, is_trading, state.ts);
        Ok(())
    }
}

/// Tells every item, each alone.
pub(super) fn each<T>(
    found: Vec<Item<T>>,
    frame: &Frame<'_>,
    market: &mut Market,
    tell: impl FnMut(&T, &mut Market) -> Result<(), Kind>,
    symbol: impl Fn(&T) -> &[u8],
) {
    tell_each(found, frame, market, (|item: &T| text(symbol(item)).to_owned(), ""), tell);
}

/// A book's message as the market takes it.
fn message(sides: &Sides, ts_event: u64) -> BookMessage<'_> {
    let Sides { bids, asks, decimals, .. } = sides;
    BookMessage { bids, asks, orders: None, proof: Proof::default(), decimals: *decimals, ts_event }
}

/// An index has an id of its own, its name's.
fn tell_index(topic: Topic<'_>, index: &Index<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = index_slot(topic, &index.name, market)?;
    tell_price(slot, DataType::IndexPrice, index.price, index.ts, market)
}

fn tell_volatility(topic: Topic<'_>, index: &Volatility<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = index_slot(topic, &index.name, market)?;
    if index.value.is_empty() {
        market.item(End::Control);
    } else {
        market.volatility_index(slot, &index.value, index.ts);
    }
    Ok(())
}

fn index_slot(topic: Topic<'_>, name: &[u8], market: &mut Market) -> Result<SlotId, Kind> {
    if topic.symbol.as_bytes() != name {
        return Err(Kind::Value);
    }
    market.index_slot(topic.symbol)
}

fn tell_price(
    slot: SlotId,
    data_type: DataType,
    price: (Decimal, bool),
    ts_event: u64,
    market: &mut Market,
) -> Result<(), Kind> {
    market.check_price(price.0)?;
    market.price_update(slot, data_type, price, ts_event);
    Ok(())
}

/// The volume of a candle in the unit of the instrument's trades.
fn volume(symbol: &str, chart: &Chart) -> Decimal {
    if is_in_dollars(symbol) { chart.cost } else { chart.candle.volume }
}

/// Nautilus's `MarketStatusAction` of an instrument's state, and whether it trades. Until about 2025 the states were
/// created, started, settled, closed, terminated; the documentation of 2026 has others.
fn status_action(state: &str) -> (&'static str, bool) {
    match state {
        "open" | "started" => ("TRADING", true),
        "created" => ("PRE_OPEN", false),
        "settlement" => ("PAUSE", false),
        "settled" | "closed" | "delivered" => ("CLOSE", false),
        "locked" | "halted" => ("HALT", false),
        _ => ("NOT_AVAILABLE_FOR_TRADING", false),
    }
}
