//! What OKX's messages tell the market.

use super::bars;
use super::channels::{self, Channel};
use super::frames::{Data, OkxDecoder};
use super::messages::{
    BookHead, Candle, Forced, Funding, Greeks, Index, Liquidations, Mark, OpenInterest, Side, Ticker, Trade,
};
use super::{instruments, sequence};
use crate::accounting::End;
use crate::book::Proof;
use crate::data::{AggressorSide, DataType, LiquidationRow, OptionGreeksRow};
use crate::decimal::Decimal;
use crate::feed::{BookMessage, Frame, Market, Place, TradeFields, TradeId, TradeKind};
use crate::json::{JsonError, Kind, Level};
use crate::symbol::SlotId;
use crate::time::MINUTE;
use crate::venue::each::tell_each;
use crate::venue::values::{Item, Levels, text};

/// What is known of `data` from around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub channel: Channel,
    /// The channel's name.
    pub name: &'a str,
    /// The instrument, where the message names it once for all items.
    pub symbol: &'a str,
    /// Whether books are whole.
    pub is_snapshot: bool,
}

/// Tells every item, each alone: they are all of one instrument.
fn each<T>(
    found: impl IntoIterator<Item = Item<T>, IntoIter: ExactSizeIterator>,
    (frame, told): (&Frame<'_>, &Told<'_>),
    market: &mut Market,
    tell: impl FnMut(&T, &mut Market) -> Result<(), Kind>,
) {
    tell_each(found, frame, market, (|_: &T| told.symbol.to_owned(), told.symbol), tell);
}

impl OkxDecoder {
    /// Tells the market what `data` says.
    pub(super) fn tell(
        &mut self,
        frame: &Frame<'_>,
        told: &Told<'_>,
        data: Data<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let of = (frame, told);
        match data {
            Data::Trades(found) => each(found, of, market, tell_trade),
            Data::Books(found) => self.tell_books(of, found, market),
            Data::Tickers(found) => each(found, of, market, tell_ticker),
            Data::Candles(found) => {
                each(found, of, market, |candle, market| self.tell_candle(told, candle, market))
            }
            Data::Marks(found) => each(found, of, market, tell_mark),
            Data::Indices(found) => each(found, of, market, tell_index),
            Data::Funding(found) => each(found, of, market, |rate, market| tell_funding(frame, rate, market)),
            Data::Liquidations(found) => each(found, of, market, |item, market| {
                tell_liquidations(frame, item, market);
                Ok(())
            }),
            Data::Forced(found) => each(found, of, market, |order, market| {
                tell_forced(market.slot(told.symbol.as_bytes())?, order, market);
                Ok(())
            }),
            Data::OpenInterest(found) => each(found, of, market, tell_open_interest),
            Data::Greeks(found) => each(found, of, market, tell_greeks),
            Data::Instruments => self.tell_instruments(frame, told, market)?,
            Data::None => market.item(End::Control),
        }
        Ok(())
    }

    /// Tells the market of books, each alone.
    pub(super) fn tell_books<'a>(
        &mut self,
        of: (&Frame<'_>, &Told<'_>),
        found: impl IntoIterator<Item = Item<BookHead<'a>>, IntoIter: ExactSizeIterator>,
        market: &mut Market,
    ) {
        each(found, of, market, |head, market| self.tell_book(of, head, market));
    }

    fn tell_book(
        &mut self,
        (frame, told): (&Frame<'_>, &Told<'_>),
        head: &BookHead<'_>,
        market: &mut Market,
    ) -> Result<(), Kind> {
        let symbol = match (told.symbol, text(&head.symbol)) {
            ("", "") => return Err(Kind::Missing("instId")),
            ("", symbol) | (symbol, "") => symbol,
            (symbol, again) if symbol == again => symbol,
            _ => return Err(Kind::Value),
        };
        let slot = market.slot(symbol.as_bytes())?;
        let message = message(&self.scratch.levels, head);
        if head.seq.is_none() && !market.takes_newest(slot, channels::number(told.name), frame, head.ts) {
            market.item(End::Duplicate);
            return Ok(());
        }
        let place = head.seq.map(|number| Place { time: head.ts, number });
        match told.channel {
            Channel::Partial => market.partial_book(slot, told.name, place, &message),
            Channel::Best => {
                let (prices, sizes) = best(&message);
                market.check_quote(prices, sizes)?;
                market.quote(slot, place, prices, sizes, head.ts);
                Ok(())
            }
            _ => {
                let update = sequence::update(told.is_snapshot, head);
                market.book_update(slot, told.name, sequence::judge, update, &message)
            }
        }
    }

    fn tell_candle(&mut self, told: &Told<'_>, candle: &Candle, market: &mut Market) -> Result<(), Kind> {
        let name = told.name.strip_prefix("candle").unwrap_or(told.name);
        let bars = bars::named(name).ok_or(Kind::Value)?;
        let is_said = candle.is_closed.is_some();
        if candle.is_closed == Some(false) {
            market.item(End::Control);
            return Ok(());
        }
        let slot = market.slot(told.symbol.as_bytes())?;
        // A day of Hong Kong and one of UTC have the same specification.
        if !market.bind(slot, bars.spec, bars.clock.name()) {
            market.item(End::Unselected);
            return Ok(());
        }
        let mut candle = candle.running();
        if !is_said {
            // Until 2022 it was not said which are over: those before the newest.
            for price in candle.prices {
                market.check_price(price)?;
            }
            let over = bars.minutes().and_then(|minutes| market.running_bar(slot, minutes, candle));
            let Some(over) = over else {
                market.item(End::Control);
                return Ok(());
            };
            candle = over;
        }
        let close = bars.close(candle.begin).ok_or(Kind::Time)?;
        market.bar(slot, bars.spec, candle.prices, candle.volume, close)
    }

    /// Definitions, and of the channel the statuses that are new.
    fn tell_instruments(
        &mut self,
        frame: &Frame<'_>,
        told: &Told<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let (defined, states) = instruments::read(frame.body, frame.ts, market)?;
        defined.tell_refused(frame, market);
        let mut changes = Vec::new();
        let pushed = if told.name.is_empty() { Vec::new() } else { states };
        for (symbol, state) in pushed {
            let slot = market.slot(symbol.as_bytes())?;
            if frame.ts > 0 && market.status_changes(slot, &state, frame.ts) {
                changes.push((slot, state));
            }
        }
        if changes.is_empty() {
            market.item(End::Control);
            return Ok(());
        }
        for (slot, state) in changes {
            let (action, is_trading) = status_action(&state);
            market.status(slot, action, &state, is_trading, frame.ts);
        }
        Ok(())
    }
}

/// A book's message as the market takes it.
fn message<'l>(levels: &'l Levels, head: &BookHead<'_>) -> BookMessage<'l> {
    let [bids, asks] = [0, 1].map(|side| head.starts[side]..head.ends[side]);
    BookMessage {
        bids: &levels.bids[bids.clone()],
        asks: &levels.asks[asks.clone()],
        orders: None,
        proof: Proof {
            bids: levels.bids_written.get(bids).unwrap_or_default(),
            asks: levels.asks_written.get(asks).unwrap_or_default(),
            checksum: sequence::checksum(head.checksum),
            depth: 0,
        },
        decimals: head.decimals,
        ts_event: head.ts,
    }
}

/// Price and size of the best bid and ask; 0: that side is empty.
fn best(message: &BookMessage<'_>) -> ([Decimal; 2], [Decimal; 2]) {
    // The order inside arrays is never taken for granted.
    let there =
        |levels: &'_ [Level]| levels.iter().copied().filter(|level| level.size > 0).collect::<Vec<_>>();
    let bid = there(message.bids).into_iter().max_by_key(|level| level.price).unwrap_or_default();
    let ask = there(message.asks).into_iter().min_by_key(|level| level.price).unwrap_or_default();
    let decimal = |value, significant| Decimal { value, significant, written: significant };
    let (price, size) = (message.decimals.price, message.decimals.size);
    (
        [decimal(bid.price, price), decimal(ask.price, price)],
        [decimal(bid.size, size), decimal(ask.size, size)],
    )
}

fn tell_trade(trade: &Trade<'_>, market: &mut Market) -> Result<(), Kind> {
    market.check_price(trade.price)?;
    market.check_size(trade.size)?;
    let slot = market.slot(&trade.symbol)?;
    let id = text(&trade.id);
    // Ids are numbers of each instrument; digits that a number would spell otherwise stay text.
    let number = id.parse().ok().filter(|_| id == "0" || !id.starts_with(['0', '+']));
    let fields = TradeFields {
        price: trade.price,
        size: trade.size,
        aggressor_side: match trade.taker {
            Side::Buy => AggressorSide::Buyer,
            Side::Sell => AggressorSide::Seller,
        },
        id: number.map_or(TradeId::Text(id), TradeId::Number),
        ts_event: trade.ts_event,
    };
    let kind = if trade.is_counted { TradeKind::Aggregate } else { TradeKind::Raw };
    market.trade(slot, kind, &fields);
    Ok(())
}

fn tell_ticker(ticker: &Ticker<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&ticker.symbol)?;
    market.check_quote(ticker.prices, ticker.sizes)?;
    market.ticker_quote(slot, "tickers", ticker.prices, ticker.sizes, ticker.ts);
    Ok(())
}

fn tell_mark(mark: &Mark<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&mark.symbol)?;
    tell_price(slot, DataType::MarkPrice, mark, market)
}

/// An index has the id of the spot pair of its name.
fn tell_index(index: &Index<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.index_slot(text(&index.0.symbol))?;
    tell_price(slot, DataType::IndexPrice, &index.0, market)
}

fn tell_price(slot: SlotId, data_type: DataType, price: &Mark<'_>, market: &mut Market) -> Result<(), Kind> {
    let Some(value) = price.price else {
        market.item(End::Control);
        return Ok(());
    };
    market.check_price(value.0)?;
    market.price_update(slot, data_type, value, price.ts);
    Ok(())
}

fn tell_funding(frame: &Frame<'_>, funding: &Funding<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&funding.symbol)?;
    if let Some(paid) = funding.funding.filter(|_| !funding.realized.is_empty()) {
        // Of the past: what was paid, when it was.
        market.paid_funding_rate(slot, &funding.realized, paid);
        return Ok(());
    }
    if funding.rate.is_empty() {
        market.item(End::Control);
        return Ok(());
    }
    // Frames of 2021 have no time of their own.
    let ts = [funding.ts, frame.ts].into_iter().find(|ts| *ts > 0).ok_or(Kind::Missing("ts"))?;
    let minutes = match (funding.funding, funding.next) {
        (Some(this), Some(next)) => next.checked_sub(this).and_then(|ns| u16::try_from(ns / MINUTE).ok()),
        _ => None,
    };
    market.funding_rate(slot, &funding.rate, minutes.filter(|n| *n > 0), funding.funding, ts);
    Ok(())
}

fn tell_open_interest(interest: &OpenInterest<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&interest.symbol)?;
    if interest.contracts.is_empty() {
        market.item(End::Control);
    } else {
        // `oiUsd` is in US dollars whatever the quote currency is.
        market.open_interest(slot, &interest.contracts, "contracts", "", interest.ts);
    }
    Ok(())
}

fn tell_liquidations(frame: &Frame<'_>, item: &Liquidations<'_>, market: &mut Market) {
    if item.orders.is_empty() {
        market.item(End::Control);
    }
    for order in &item.orders {
        let told = order.as_ref().map_err(|error| *error).and_then(|order| {
            let slot = market.slot(&item.symbol)?;
            tell_forced(slot, order, market);
            Ok(())
        });
        if let Err(error) = told {
            market.reject_item(frame, text(&item.symbol), error);
        }
    }
}

fn tell_forced(slot: SlotId, order: &Forced, market: &mut Market) {
    market.liquidation(
        slot,
        &LiquidationRow {
            side: if order.side == Side::Buy { "BUY" } else { "SELL" },
            price: &order.price,
            average_price: "",
            size: &order.size,
            trade_id: "",
            ts_event: order.ts,
            ts_init: 0,
        },
    );
}

fn tell_greeks(greeks: &Greeks<'_>, market: &mut Market) -> Result<(), Kind> {
    let slot = market.slot(&greeks.symbol)?;
    let [Some(delta), Some(gamma), Some(vega), Some(theta)] = greeks.greeks else {
        market.item(End::Control);
        return Ok(());
    };
    let row = OptionGreeksRow {
        // OKX sends no rho.
        greeks: [delta, gamma, vega, theta, 0.0],
        iv: greeks.iv,
        underlying_price: greeks.forward,
        open_interest: None,
        ts_event: greeks.ts,
        ts_init: 0,
    };
    market.option_greeks(slot, &row);
    Ok(())
}

/// Nautilus's `MarketStatusAction` of an instrument's state, and whether it trades.
fn status_action(state: &str) -> (&'static str, bool) {
    match state {
        "live" => ("TRADING", true),
        "suspend" => ("SUSPEND", false),
        "preopen" => ("PRE_OPEN", false),
        "post_only" => ("QUOTING", false),
        _ => ("NOT_AVAILABLE_FOR_TRADING", false),
    }
}
