//! Kraken Futures' REST answers: which one it is, a key of it tells; the instrument of some, the URL alone.

use super::frames::Scratch;
use super::messages::{AnsweredTicker, Ticker, Trade, product};
use super::tell::{self, in_order};
use super::{REST_BOOK, instruments, sequence};
use crate::accounting::End;
use crate::data::DataType;
use crate::decimal::Decimal;
use crate::feed::{Frame, Market};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::time::{DAY, HOUR, MINUTE};
use crate::venue::each::tell_each;
use crate::venue::shape;
use crate::venue::url;
use crate::venue::values::{
    Item, Levels, epoch, items, moment, name, needed_number_text, pass, price, require, size, size_or_zero,
    text,
};

type Read = Result<(), JsonError>;
type Place = (usize, u32);

/// An answer, or what the socket says of itself: what it holds is read once its end is known.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// ns UTC; 0: not sent.
    server_time: u64,
    /// Where the value of each of [`DATA`] starts.
    places: [Option<Place>; DATA.len()],
}

/// What an answer may hold, by the key of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Book,
    Tickers,
    Ticker,
    Trades,
    Executions,
    Candles,
    Funding,
    Instruments,
}

/// In the order of the keys in [`Answer::KEYS`], after the first.
const DATA: [Data; 8] = [
    Data::Book,
    Data::Tickers,
    Data::Ticker,
    Data::Trades,
    Data::Executions,
    Data::Candles,
    Data::Funding,
    Data::Instruments,
];

/// `error`, `errors`, `instrumentStatus`; `event`, `feed`: what may hold none of [`DATA`].
const HAS_OTHER: u64 = 0b111 << 10 | 1 << 16 | 1 << 18;

impl<'a> Message<'a> for Answer {
    const KEYS: &'static [Key] = keys![
        "serverTime",
        "orderBook",
        "tickers",
        "ticker",
        "history",
        "elements",
        "candles",
        "rates",
        "instruments",
        "result",
        "error",
        "errors",
        "instrumentStatus",
        "more_candles",
        "len",
        "continuationToken",
        "event",
        "version",
        "feed",
        "product_ids",
        "message"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.server_time = moment(cursor)?,
            key if key <= DATA.len() => self.places[key - 1] = Some(pass(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// A cursor at a value that was passed over.
fn at<'a>(frame: &Frame<'a>, (start, depth): Place) -> Result<Cursor<'a>, JsonError> {
    let mut cursor = Cursor::new(frame.body);
    cursor.pass_over(start, depth)?;
    cursor.seek(start);
    Ok(cursor)
}

/// Tells what an answer holds; `seen` are the keys it has.
pub(super) fn tell(
    answer: &Answer,
    seen: u64,
    scratch: &mut Scratch,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let mut told = false;
    for (data, place) in DATA.into_iter().zip(answer.places) {
        let Some(place) = place else { continue };
        let mut cursor = at(frame, place)?;
        told = true;
        match data {
            Data::Book => book(answer, scratch, &mut cursor, frame, market)?,
            Data::Tickers => {
                let found = items(&mut cursor, |cursor, start| ticker(scratch, cursor, start))?;
                tickers(answer, found, frame, market);
            }
            Data::Ticker => {
                let found = ticker(scratch, &mut cursor, place.0)?;
                tickers(answer, vec![Ok(found)], frame, market);
            }
            Data::Trades => trades(scratch, &mut cursor, frame, market)?,
            Data::Executions => executions(scratch, &mut cursor, frame, market)?,
            Data::Candles => candles(scratch, &mut cursor, frame, market)?,
            Data::Funding => funding(scratch, &mut cursor, frame, market)?,
            Data::Instruments => instruments::read(frame.body, frame.ts, market)?.tell(frame, market),
        }
    }
    if !told && seen == 0 {
        market.unknown_topic("(no feed)");
    } else if !told && seen & HAS_OTHER == 0 {
        market.unknown_topic(shape::UNKNOWN);
    } else if !told {
        market.item(End::Control);
    }
    Ok(())
}

/// The symbol asked for, as sockets name it.
fn asked(frame: &Frame<'_>) -> Result<String, Kind> {
    let path = frame.context.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').skip_while(|part| !matches!(*part, "charts" | "market"));
    let in_path = match parts.next() {
        // …/charts/v1/trade/PI_XBTUSD/1m
        Some("charts") => parts.nth(2),
        // …/market/PI_XBTUSD/executions
        Some(_) => parts.next(),
        None => None,
    };
    let symbol = url::query(frame.context, "symbol").or(in_path.map(url::unescaped));
    symbol
        .filter(|symbol| !symbol.is_empty())
        .map(|symbol| symbol.to_uppercase())
        .ok_or(Kind::Missing("symbol"))
}

/// `orderBook`.
struct Book<'l>(&'l mut Levels);

impl<'a> Message<'a> for Book<'_> {
    const KEYS: &'static [Key] = keys!["bids", "asks"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        if key == 0 { self.0.read_bids(cursor) } else { self.0.read_asks(cursor) }
    }
}

/// A book without a number: its time is the answer's.
fn book(
    answer: &Answer,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'_>,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Read {
    let Scratch { levels, unknown, orders } = scratch;
    levels.clear();
    let seen = cursor.object(&mut Book(&mut *levels), &mut orders.answered, unknown)?;
    require(seen, Book::KEYS, &[0, 1], 0)?;
    let slot = market.slot(asked(frame)?.as_bytes())?;
    let (ts, message) = (answer.server_time, levels.message(answer.server_time));
    Ok(market.book_update(slot, REST_BOOK, sequence::judge, sequence::update(true, 0, ts), &message)?)
}

fn ticker<'a>(
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
    start: usize,
) -> Result<AnsweredTicker<'a>, JsonError> {
    let mut ticker = AnsweredTicker::default();
    let seen = cursor.object(&mut ticker, &mut scratch.orders.answered, &mut scratch.unknown)?;
    require(seen, AnsweredTicker::KEYS, AnsweredTicker::NEEDED, start)?;
    Ok(ticker)
}

fn tickers(answer: &Answer, found: Vec<Item<AnsweredTicker<'_>>>, frame: &Frame<'_>, market: &mut Market) {
    let symbol = |ticker: &AnsweredTicker<'_>| text(&ticker.ticker.product).to_owned();
    tell_each(found, frame, market, (symbol, ""), |answered, market| {
        let name = text(&answered.ticker.product);
        if instruments::is_index(name) {
            return tell::index(name, answered, market);
        }
        let ts = if answer.server_time > 0 { answer.server_time } else { frame.ts };
        if ts == 0 {
            return Err(Kind::Missing("serverTime").into());
        }
        let ticker = Ticker { ts, ..answered.ticker.clone() };
        tell::ticker(&ticker, market)
    });
}

/// A trade of `history`, which does not say what of.
struct Answered<'a, 't>(&'t mut Trade<'a>);

impl<'a> Message<'a> for Answered<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "time",
        "trade_id",
        "price",
        "size",
        "side",
        "type",
        "uid",
        "instrument_identification_type",
        "isin",
        "execution_venue",
        "price_notation",
        "price_currency",
        "notional_amount",
        "notional_currency",
        "publication_time",
        "publication_venue",
        "transaction_identification_code",
        "to_be_cleared"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.0.ts = moment(cursor)?,
            2 => self.0.price = price(cursor)?,
            3 => self.0.size = size(cursor)?,
            4 => self.0.taker = super::messages::taker(cursor)?,
            5 => self.0.is_liquidation = &*cursor.string()? == b"liquidation",
            6 => self.0.uid = name(cursor)?,
            // `trade_id` counts down from 100 in each answer.
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// The last trades of a product.
fn trades(scratch: &mut Scratch, cursor: &mut Cursor<'_>, frame: &Frame<'_>, market: &mut Market) -> Read {
    let symbol = asked(frame)?;
    let mut found = items(cursor, |cursor, start| {
        let mut trade = Trade::default();
        let mut message = Answered(&mut trade);
        let seen = cursor.object(&mut message, &mut scratch.orders.answered, &mut scratch.unknown)?;
        require(seen, Answered::KEYS, &[0, 2, 3, 4, 6], start)?;
        Ok(trade)
    })?;
    found.iter_mut().flatten().for_each(|trade| trade.product = symbol.clone().into_bytes().into());
    tell::trades(found, frame, market);
    Ok(())
}

/// A trade of `executions`: of the taker's order the side and, where it was none of its own, the reason.
struct Execution<'a, 's> {
    trade: &'s mut Trade<'a>,
    order: &'s mut Order,
    unknown: &'s mut UnknownKeys,
}

impl<'a> Message<'a> for Execution<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "uid",
        "makerOrder",
        "takerOrder",
        "timestamp",
        "quantity",
        "price",
        "markPrice",
        "limitFilled",
        "usdValue",
        "oldTakerOrder"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.trade.uid = name(cursor)?,
            2 => {
                let start = cursor.offset();
                let mut taker = TakerOrder(&mut *self.trade);
                let seen = cursor.object(&mut taker, self.order, self.unknown)?;
                require(seen, TakerOrder::KEYS, &[1, 2], start)?;
            }
            3 => self.trade.ts = epoch(cursor)?,
            4 => self.trade.size = size(cursor)?,
            5 => self.trade.price = price(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// The order of the taker.
struct TakerOrder<'a, 't>(&'t mut Trade<'a>);

impl<'a> Message<'a> for TakerOrder<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "uid",
        "tradeable",
        "direction",
        "quantity",
        "timestamp",
        "limitPrice",
        "orderType",
        "reduceOnly",
        "lastUpdateTimestamp",
        "clientId",
        "accountUid",
        "filled"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.0.product = product(cursor)?,
            2 => self.0.taker = super::messages::taker(cursor)?,
            6 => self.0.is_liquidation = cursor.string()?.ends_with(b"Liquidation"),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// Reads an element of `executions`: the execution lies three objects deep. `false`: it is something else.
fn execution<'a>(
    cursor: &mut Cursor<'a>,
    trade: &mut Trade<'a>,
    orders: &mut [Order; 2],
    unknown: &mut UnknownKeys,
) -> Result<bool, JsonError> {
    let mut found = false;
    cursor.members(|key, cursor| {
        match key {
            b"event" | b"Execution" => found |= execution(cursor, trade, orders, unknown)?,
            b"execution" => {
                let start = cursor.offset();
                let ([order, taker], mut strangers) = (&mut *orders, UnknownKeys::default());
                let mut message = Execution { trade, order: taker, unknown: &mut strangers };
                let seen = cursor.object(&mut message, order, unknown)?;
                require(seen, Execution::KEYS, &[0, 2, 3, 4, 5], start)?;
                unknown.merge(&strangers);
                found = true;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}

/// Trades of the market's history.
fn executions(
    scratch: &mut Scratch,
    cursor: &mut Cursor<'_>,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Read {
    let Scratch { unknown, orders, .. } = scratch;
    let mut others = 0;
    let found = items(cursor, |cursor, _| {
        let mut trade = Trade::default();
        let is_one = execution(cursor, &mut trade, &mut orders.execution, unknown)?;
        others += u64::from(!is_one);
        Ok(is_one.then_some(trade))
    })?;
    (0..others).for_each(|_| market.unknown_topic(shape::UNKNOWN));
    let trades: Vec<_> = found.into_iter().filter_map(Item::transpose).collect();
    if !trades.is_empty() || others == 0 {
        tell::trades(trades, frame, market);
    }
    Ok(())
}

/// A candle of `candles`.
#[derive(Debug, Default)]
struct Candle {
    begin: u64,
    prices: [Decimal; 4],
    volume: Decimal,
}

impl<'a> Message<'a> for Candle {
    const KEYS: &'static [Key] = keys!["time", "open", "high", "low", "close", "volume"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.begin = epoch(cursor)?,
            1..=4 => self.prices[key - 1] = price(cursor)?,
            _ => self.volume = size_or_zero(cursor)?,
        }
        Ok(())
    }
}

/// How long the candles of a resolution are, and Nautilus's name of it.
fn resolution(name: &str) -> Option<(u64, &'static str)> {
    Some(match name {
        "1m" => (MINUTE, "1-MINUTE"),
        "5m" => (5 * MINUTE, "5-MINUTE"),
        "15m" => (15 * MINUTE, "15-MINUTE"),
        "30m" => (30 * MINUTE, "30-MINUTE"),
        "1h" => (HOUR, "1-HOUR"),
        "4h" => (4 * HOUR, "4-HOUR"),
        "12h" => (12 * HOUR, "12-HOUR"),
        "1d" => (DAY, "1-DAY"),
        "1w" => (7 * DAY, "1-WEEK"),
        _ => return None,
    })
}

/// Candles: of trades and of the mark price bars, of the spot price the index at each close, since Nautilus has no bars of an
/// index. The path says of what: `/api/charts/v1/mark/PI_XBTUSD/1h`.
fn candles(scratch: &mut Scratch, cursor: &mut Cursor<'_>, frame: &Frame<'_>, market: &mut Market) -> Read {
    let symbol = asked(frame)?;
    let path = frame.context.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let (length, name) = parts.next().and_then(resolution).ok_or(Kind::Missing("resolution"))?;
    let kind = parts.nth(1).unwrap_or_default();
    let price_type = match kind {
        "trade" => "LAST",
        "mark" => "MARK",
        "spot" => "",
        _ => return Err(Kind::Missing("tick type").into()),
    };
    let spec = format!("{name}-{price_type}-EXTERNAL");
    let mut found = items(cursor, |cursor, start| {
        let mut candle = Candle::default();
        let seen = cursor.object(&mut candle, &mut scratch.orders.answered, &mut scratch.unknown)?;
        require(seen, Candle::KEYS, &[0, 1, 2, 3, 4, 5], start)?;
        Ok(candle)
    })?;
    in_order(&mut found, |candle| candle.begin);
    // The last one may run still; without a receive time nobody knows.
    let last = found.iter().flatten().map(|candle| candle.begin).max().unwrap_or(0);
    let now = if frame.ts > 0 { frame.ts } else { last };
    tell_each(found, frame, market, (|_: &_| symbol.clone(), ""), |candle, market| {
        let end = candle.begin + length;
        if end > now {
            market.item(End::Control);
            return Ok(());
        }
        let slot = market.slot(symbol.as_bytes())?;
        if price_type.is_empty() {
            market.check_price(candle.prices[3])?;
            market.price_update(slot, DataType::IndexPrice, (candle.prices[3], false), end);
            return Ok(());
        }
        market.bar(slot, &spec, candle.prices, candle.volume, end)
    });
    Ok(())
}

/// A rate of `rates`.
#[derive(Debug, Default)]
struct Funding {
    rate: String,
    ts: u64,
}

impl<'a> Message<'a> for Funding {
    const KEYS: &'static [Key] = keys!["timestamp", "fundingRate", "relativeFundingRate"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = moment(cursor)?,
            2 => self.rate = needed_number_text(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// Rates of the past, each at the time it came into force.
fn funding(scratch: &mut Scratch, cursor: &mut Cursor<'_>, frame: &Frame<'_>, market: &mut Market) -> Read {
    let symbol = asked(frame)?;
    let mut found = items(cursor, |cursor, start| {
        let mut funding = Funding::default();
        let seen = cursor.object(&mut funding, &mut scratch.orders.answered, &mut scratch.unknown)?;
        require(seen, Funding::KEYS, &[0, 2], start)?;
        Ok(funding)
    })?;
    in_order(&mut found, |funding| funding.ts);
    tell_each(found, frame, market, (|_: &_| symbol.clone(), ""), |funding, market| -> Read {
        let slot = market.slot(symbol.as_bytes())?;
        market.paid_funding_rate(slot, &funding.rate, funding.ts);
        Ok(())
    });
    Ok(())
}
