//! Bybit's REST answers: what one is, its URL tells, or the shape of its `result`.

use super::frames::{Scratch, tell_bar, tell_trade};
use super::messages::{BookHead, Candle, RestTrade, Trade, read_rpi};
use super::{Product, frames, instruments, sequence, topics};
use crate::accounting::End;
use crate::feed::{Frame, Market};
use crate::json::{Cursor, JsonError, Key, Kind, Message, keys};
use crate::venue::shape::{self, Shape};
use crate::venue::url;
use crate::venue::values::{
    Item, Levels, Text, epoch, epoch_text, items, needed_epoch, number_text, oldest_first, pass, require,
    text,
};

/// `result`.
struct Answer<'a, 'l> {
    category: Text<'a>,
    symbol: Text<'a>,
    list: Option<(usize, u32)>,
    head: BookHead<'a>,
    levels: &'l mut Levels,
    /// Whether levels have two sizes.
    is_rpi: bool,
    ts: u64,
    cts: u64,
}

/// The keys that only a book has, and those it cannot be without.
const BOOK: u64 = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 10;
const BOOK_NEEDED: &[usize] = &[4, 5, 6, 8];

impl<'a> Message<'a> for Answer<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "category",
        "symbol",
        "list",
        "nextPageCursor",
        "s",
        "b",
        "a",
        "ts",
        "u",
        "seq",
        "cts",
        "updatedTime"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => cursor.string_into(&mut self.category)?,
            1 => cursor.string_into(&mut self.symbol)?,
            2 => self.list = Some(pass(cursor)?),
            4 => cursor.string_into(&mut self.head.symbol)?,
            5 if self.is_rpi => read_rpi(&mut self.levels.bids, &mut self.levels.decimals, cursor)?,
            6 if self.is_rpi => read_rpi(&mut self.levels.asks, &mut self.levels.decimals, cursor)?,
            5 => self.levels.read_bids(cursor)?,
            6 => self.levels.read_asks(cursor)?,
            7 => self.ts = epoch_text(cursor)?.unwrap_or(0),
            8 => self.head.u = cursor.u64()?,
            9 => self.head.seq = cursor.u64()?,
            10 => self.cts = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// The book of `orderbook.rpi`.
const RPI_ENDPOINT: &str = "rpi_orderbook";
/// The book of `orderbook.full`.
const FULL_ENDPOINT: &str = "full_orderbook";

/// The endpoint whose answers count the ids of a channel's books, and how many levels to ask for.
pub(super) fn base_of(channel: &str) -> Option<(&'static str, &'static str)> {
    match channel {
        topics::FULL => Some((FULL_ENDPOINT, "")),
        topics::RPI => Some((RPI_ENDPOINT, "&limit=50")),
        topics::DEEPEST => Some(("orderbook", "&limit=1000")),
        _ => None,
    }
}

/// What a `list` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Trades,
    Candles,
    OpenInterest,
    Funding,
    Definitions,
    Other,
}

/// One value of `open-interest` or `funding/history`.
#[derive(Debug, Default)]
struct Value<'a> {
    symbol: Text<'a>,
    value: String,
    ts: u64,
}

impl<'a> Message<'a> for Value<'a> {
    const KEYS: &'static [Key] =
        keys!["symbol", "openInterest", "timestamp", "fundingRate", "fundingRateTimestamp"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => cursor.string_into(&mut self.symbol)?,
            1 | 3 => self.value = number_text(cursor)?,
            _ => self.ts = needed_epoch(cursor)?,
        }
        Ok(())
    }
}

/// Reads an answer whose `result` starts at `place`; `time` is when the venue made it, ns UTC.
pub(super) fn read(
    product: Product,
    scratch: &mut Scratch,
    (place, time): ((usize, u32), u64),
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(frame.body);
    cursor.pass_over(place.0, place.1)?;
    cursor.seek(place.0);
    if cursor.null() || is_elsewhere(frame.context) {
        market.item(End::Control);
        return Ok(());
    }
    // Answers of before v5 have their items there.
    if cursor.peek() == b'[' {
        market.unknown_topic(shape::UNKNOWN);
        return Ok(());
    }
    let Scratch { levels, unknown, orders } = scratch;
    levels.clear();
    let mut answer = Answer {
        category: Text::default(),
        symbol: Text::default(),
        list: None,
        head: BookHead::default(),
        levels,
        is_rpi: url::endpoint(frame.context) == RPI_ENDPOINT,
        ts: 0,
        cts: 0,
    };
    let seen = cursor.object(&mut answer, &mut orders.rest, unknown)?;
    let category = match text(&answer.category) {
        "" => url::query(frame.context, "category").unwrap_or_default(),
        category => category.into(),
    };
    if Product::named(&category).is_some_and(|named| named != product) {
        market.item(End::Unselected);
        return Ok(());
    }
    let Answer { symbol, list, head, ts, cts, .. } = answer;
    if seen & BOOK != 0 {
        require(seen, Answer::KEYS, BOOK_NEEDED, place.0)?;
        let ts_event = [cts, ts, time].into_iter().find(|ts| *ts > 0).unwrap_or(0);
        if let Err(kind) = book(scratch, &head, frame, ts_event, market) {
            market.reject_item(frame, text(&head.symbol), kind.into());
        }
        return Ok(());
    }
    let Some((start, depth)) = list else {
        // Times and the like have none of its keys.
        if seen == 0 {
            market.item(End::Control);
        } else {
            market.unknown_topic(shape::UNKNOWN);
        }
        return Ok(());
    };
    cursor.pass_over(start, depth)?;
    cursor.seek(start);
    let kind = match of_url(frame.context) {
        Some(kind) => kind,
        None => match shape::of_items::<Look, _>(&mut cursor, told)? {
            Shape::Told(kind) => kind,
            Shape::Empty => List::Other,
            // Rows of candles are among them: they do not say what interval they are of.
            Shape::Unknown => {
                market.unknown_topic(shape::UNKNOWN);
                return Ok(());
            }
        },
    };
    match kind {
        List::Trades => trades(scratch, &mut cursor, frame, market)?,
        List::Candles => candles(&mut cursor, text(&symbol), time, frame, market)?,
        List::OpenInterest | List::Funding => {
            values(product, kind, scratch, &mut cursor, text(&symbol), frame, market)?;
        }
        List::Definitions => {
            instruments::read(product, frame.body, frame.ts, market)?.tell(frame, market);
        }
        List::Other => market.item(End::Control),
    }
    Ok(())
}

/// Whether a URL is one of another part of the interface, which has answers of the same shapes: spreads, accounts.
fn is_elsewhere(context: &str) -> bool {
    context.contains("/v5/") && !context.contains("/v5/market/")
}

fn of_url(context: &str) -> Option<List> {
    match url::endpoint(context) {
        "recent-trade" => Some(List::Trades),
        "kline" => Some(List::Candles),
        "open-interest" => Some(List::OpenInterest),
        "history" if context.contains("/funding/") => Some(List::Funding),
        "instruments-info" => Some(List::Definitions),
        name if context.contains("/v5/") && !name.is_empty() => Some(List::Other),
        _ => None,
    }
}

/// Keys by which an item is told.
#[derive(Default)]
struct Look;

impl<'a> Message<'a> for Look {
    const KEYS: &'static [Key] = keys![
        "execId",
        "isBlockTrade",
        "lotSizeFilter",
        "priceFilter",
        "fundingRateTimestamp",
        "bid1Price",
        "lastPrice",
        "openInterest",
        "fundingRate"
    ];

    fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.skip()
    }
}

/// What an item is that has some of the keys of [`Look`].
fn told(seen: u64) -> Option<List> {
    [
        (&[0, 1][..], List::Trades),
        (&[2, 3], List::Definitions),
        (&[4], List::Funding),
        // Tickers, which have much of the others.
        (&[5, 6], List::Other),
        (&[7], List::OpenInterest),
        (&[8], List::Funding),
    ]
    .into_iter()
    .find_map(|(keys, list)| keys.iter().any(|key: &u32| seen & 1 << key != 0).then_some(list))
}

/// A book. The whole one and the one with orders of retail takers have streams of their own, whose ids they count. The ids of
/// any other are those of the deepest stream, so it may stand in for that one's snapshot where it is as
/// deep. Anywhere else it is a book of its own.
fn book(
    scratch: &Scratch,
    head: &BookHead<'_>,
    frame: &Frame<'_>,
    ts_event: u64,
    market: &mut Market,
) -> Result<(), Kind> {
    if head.symbol.is_empty() {
        return Err(Kind::Value);
    }
    if topics::is_spread(&head.symbol) {
        market.item(End::Control);
        return Ok(());
    }
    let slot = market.slot(&head.symbol)?;
    let message = scratch.levels.message(ts_event);
    let asked = match url::endpoint(frame.context) {
        RPI_ENDPOINT => Some(topics::RPI),
        FULL_ENDPOINT => Some(topics::FULL),
        _ => None,
    };
    if let Some(channel) = asked {
        if !market.wants_book(channel) {
            market.other_book(channel);
            return Ok(());
        }
        let (u, seq) = (head.u, head.seq);
        return if channel == topics::FULL {
            market.book_update(
                slot,
                channel,
                sequence::judge_full,
                sequence::update_of_full(true, u, seq),
                &message,
            )
        } else {
            market.book_update(slot, channel, sequence::judge, sequence::update(true, u, seq), &message)
        };
    }
    let is_deep = url::query(frame.context, "limit").is_some_and(|limit| limit == "1000");
    let channel =
        if is_deep && market.has_book(slot, topics::DEEPEST) { topics::DEEPEST } else { topics::REST_BOOK };
    market.book_update(slot, channel, sequence::judge, sequence::update(true, head.u, head.seq), &message)
}

/// Trades, newest first in the answer: told oldest first.
fn trades(
    scratch: &mut Scratch,
    cursor: &mut Cursor<'_>,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let mut found = items(cursor, |cursor, start| {
        let mut trade = Trade::default();
        let mut message = RestTrade(&mut trade);
        let seen = cursor.object(&mut message, &mut scratch.orders.rest_item, &mut scratch.unknown)?;
        require(seen, RestTrade::KEYS, RestTrade::NEEDED, start)?;
        Ok(trade)
    })?;
    oldest_first(&mut found, |trade| trade.ts_event);
    tell_empty(&found, market);
    for trade in found {
        if trade.as_ref().is_ok_and(|trade| topics::is_spread(&trade.symbol)) {
            market.item(End::Control);
            continue;
        }
        let (symbol, result) = match &trade {
            Ok(trade) => (text(&trade.symbol), tell_trade(trade, market).map_err(JsonError::from)),
            Err(error) => ("", Err(*error)),
        };
        if let Err(error) = result {
            market.reject_item(frame, symbol, error);
        }
    }
    Ok(())
}

/// An empty list is control.
fn tell_empty<T>(items: &[Item<T>], market: &mut Market) {
    if items.is_empty() {
        market.item(End::Control);
    }
}

fn candles(
    cursor: &mut Cursor<'_>,
    symbol: &str,
    time: u64,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let mut found = items(cursor, |cursor, _| {
        let mut candle = Candle::default();
        candle.read_row(cursor)?;
        Ok(candle)
    })?;
    let interval = url::query(frame.context, "interval").unwrap_or_default();
    let Some((_, length)) = frames::bar_spec(&interval) else {
        market.item(End::Control);
        return Ok(());
    };
    tell_empty(&found, market);
    oldest_first(&mut found, |candle| candle.start);
    let now = if time > 0 { time } else { frame.ts };
    let starts: Vec<u64> = found.iter().map(|candle| candle.as_ref().map_or(0, |c| c.start)).collect();
    for (at, candle) in found.into_iter().enumerate() {
        let result = candle.and_then(|mut candle| {
            // A month ends where the next one starts.
            let next = starts.get(at + 1).copied();
            let end = length.map_or(next.unwrap_or(u64::MAX), |length| candle.start + length);
            if end > now {
                market.item(End::Control);
                return Ok(());
            }
            candle.end = end - 1_000_000;
            let slot = market.slot(symbol.as_bytes())?;
            Ok(tell_bar(slot, &interval, &candle, market)?)
        });
        if let Err(error) = result {
            market.reject_item(frame, symbol, error);
        }
    }
    Ok(())
}

fn values(
    product: Product,
    kind: List,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'_>,
    symbol: &str,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let needed: &[usize] = if kind == List::Funding { &[3, 4] } else { &[1, 2] };
    let mut found = items(cursor, |cursor, start| {
        let mut value = Value::default();
        let seen = cursor.object(&mut value, &mut scratch.orders.rest_item, &mut scratch.unknown)?;
        require(seen, Value::KEYS, needed, start)?;
        if value.value.is_empty() {
            return Err(JsonError { kind: Kind::Value, at: start });
        }
        Ok(value)
    })?;
    oldest_first(&mut found, |value| value.ts);
    tell_empty(&found, market);
    for value in found {
        let result = value.and_then(|value| {
            let named = if value.symbol.is_empty() { symbol } else { text(&value.symbol) };
            let slot = market.slot(named.as_bytes())?;
            match (kind, product) {
                (List::Funding, _) => market.paid_funding_rate(slot, &value.value, value.ts),
                (_, Product::Inverse) => {
                    market.past_open_interest(slot, &value.value, "quote", &value.value, value.ts);
                }
                _ => market.past_open_interest(slot, &value.value, "base", "", value.ts),
            }
            Ok(())
        });
        if let Err(error) = result {
            market.reject_item(frame, symbol, error);
        }
    }
    Ok(())
}
