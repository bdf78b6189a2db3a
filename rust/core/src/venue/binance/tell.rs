//! What Binance's messages tell the market.

use super::Product;
use super::frames::Parsed;
use super::messages::{BookTicker, Candle, Trade};
use super::{sequence, streams};
use crate::accounting::End;
use crate::book::Update;
use crate::data::{AggressorSide, DataType, LiquidationRow};
use crate::feed::{Frame, Market, Place, TradeFields, TradeId, TradeKind};
use crate::json::{JsonError, Kind};
use crate::symbol::SlotId;
use crate::time;
use crate::venue::values::{Levels, text};

/// Tells the market what a message says. Levels are those of the last message read.
#[inline]
pub(super) fn tell(
    product: Product,
    levels: &Levels,
    frame: &Frame<'_>,
    stream: &[u8],
    item: &Parsed<'_>,
    market: &mut Market,
) {
    if let Err(error) = try_tell(product, levels, frame, stream, item, market) {
        refuse(frame, item.symbol(), error, market);
    }
}

/// A message that gives no row: a reject, but where it is of an option.
#[cold]
pub(super) fn refuse(frame: &Frame<'_>, symbol: &[u8], error: JsonError, market: &mut Market) {
    let symbol = String::from_utf8_lossy(symbol);
    if streams::is_option(&symbol) {
        market.unknown_topic("(option)");
    } else {
        market.reject_item(frame, &symbol, error);
    }
}

/// Tells a trade.
#[inline]
pub(super) fn trade(kind: TradeKind, message: &Trade<'_>, market: &mut Market) -> Result<(), JsonError> {
    if message.off_book {
        market.item(End::Control);
        return Ok(());
    }
    if let Some(error) = message.refused {
        return Err(error);
    }
    market.check_price(message.price)?;
    market.check_size(message.size)?;
    let slot = market.slot(&message.symbol)?;
    market.trade(slot, kind, &trade_fields(message)?);
    Ok(())
}

/// Tells the best bid and ask.
#[inline]
pub(super) fn book_ticker(
    frame: &Frame<'_>,
    message: &BookTicker<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    market.check_quote(message.prices, message.sizes)?;
    let ts_event = [message.transaction, message.event, frame.ts].into_iter().find(|ts| *ts > 0);
    let ts_event = ts_event.ok_or(Kind::Missing("receive time"))?;
    let slot = market.slot(&message.symbol)?;
    let place = Some(Place::number(message.update_id));
    market.quote(slot, place, message.prices, message.sizes, ts_event);
    Ok(())
}

/// Tells changes of a book, or its top by the stream's name.
#[inline]
pub(super) fn depth(
    product: Product,
    levels: &Levels,
    stream: &[u8],
    symbol: &[u8],
    (update, ts_event): (Update, u64),
    market: &mut Market,
) -> Result<(), JsonError> {
    let slot = market.slot(symbol)?;
    let message = levels.message(ts_event);
    let channel = match streams::channel(text(stream)) {
        "" => "depth",
        channel => channel,
    };
    if streams::partial_depth(channel).is_some() {
        market.partial_book(slot, channel, Some(Place::number(update.last)), &message)?;
    } else {
        let judge = if product == Product::Spot { sequence::spot } else { sequence::futures };
        market.book_update(slot, channel, judge, update, &message)?;
    }
    Ok(())
}

fn try_tell(
    product: Product,
    levels: &Levels,
    frame: &Frame<'_>,
    stream: &[u8],
    item: &Parsed<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    match item {
        Parsed::Trade(kind, message) => trade(*kind, message, market)?,
        Parsed::BookTicker(message) => book_ticker(frame, message, market)?,
        Parsed::Depth { symbol, update, ts_event } => {
            depth(product, levels, stream, symbol, (*update, *ts_event), market)?;
        }
        Parsed::Snapshot { symbol, last, transaction } => {
            tell_snapshot(levels, frame, stream, symbol, *last, *transaction, market)?;
        }
        Parsed::Kline(message) => {
            let candle = &message.candle;
            if candle.closed {
                let slot = market.slot(&message.symbol)?;
                let zone = streams::channel(text(stream)).split_once('@').map_or("", |(_, zone)| zone);
                tell_bar(slot, text(&candle.interval), zone, candle, market)?;
            } else {
                market.item(End::Control);
            }
        }
        Parsed::Mark(message) => {
            market.check_price(message.mark.0)?;
            let slot = market.slot(&message.symbol)?;
            market.price_update(slot, DataType::MarkPrice, message.mark, message.event);
            if let Some(index) = message.index {
                market.check_price(index.0)?;
                market.price_update(slot, DataType::IndexPrice, index, message.event);
            }
            if !message.rate.is_empty() && message.next_funding > 0 {
                market.funding_rate(slot, &message.rate, None, Some(message.next_funding), message.event);
            }
        }
        Parsed::Index(message) => {
            let pair = String::from_utf8_lossy(&message.pair);
            let slot = market.index_slot(&pair)?;
            market.price_update(slot, DataType::IndexPrice, message.value, message.event);
        }
        Parsed::ForceOrder(message) => {
            let order = &message.order;
            let slot = market.slot(&order.symbol)?;
            let filled = if order.filled.is_empty() { &order.quantity } else { &order.filled };
            market.liquidation(
                slot,
                &LiquidationRow {
                    side: if *order.side == *b"BUY" { "BUY" } else { "SELL" },
                    price: &order.price,
                    average_price: &order.average_price,
                    size: filled,
                    trade_id: "",
                    ts_event: order.ts_event,
                    ts_init: 0,
                },
            );
        }
        Parsed::Contract(message) => {
            let slot = market.slot(&message.symbol)?;
            let word = String::from_utf8_lossy(&message.status);
            let (action, trading) = status_action(&word);
            market.status(slot, action, &word, trading, message.event);
        }
        Parsed::OpenInterest(message) => {
            let slot = market.slot(&message.symbol)?;
            let unit = if product == Product::Coinm { "contracts" } else { "base" };
            let ts_event = [message.ts_event, frame.ts].into_iter().find(|ts| *ts > 0);
            let ts_event = ts_event.ok_or(Kind::Missing("time"))?;
            market.open_interest(slot, &message.value, unit, "", ts_event);
        }
        Parsed::Funding(message) => {
            let slot = market.slot(&message.symbol)?;
            market.paid_funding_rate(slot, &message.rate, message.ts_event);
        }
        Parsed::Control => market.item(End::Control),
        Parsed::Unknown(name) => market.unknown_topic(name),
        Parsed::Bad(error) => return Err(*error),
    }
    Ok(())
}

/// A message with `lastUpdateId`: a spot partial book by its stream, else a snapshot.
pub(super) fn tell_snapshot(
    levels: &Levels,
    frame: &Frame<'_>,
    stream: &[u8],
    symbol: &[u8],
    last: i64,
    transaction: u64,
    market: &mut Market,
) -> Result<(), JsonError> {
    let stream = text(stream);
    let named = streams::symbol(stream);
    // A bare symbol as the context is a file named after it (REST answers written among frames).
    let hinted = frame.context.to_uppercase();
    let symbol: &[u8] = if !symbol.is_empty() {
        symbol
    } else if !named.is_empty() {
        named.as_bytes()
    } else if !frame.context.is_empty() && !frame.context.contains(['/', '?', ':']) {
        hinted.as_bytes()
    } else {
        return Err(Kind::Missing("symbol").into());
    };
    let Ok(last) = u64::try_from(last) else {
        // -1: the book of a symbol just listed, empty.
        market.item(End::Control);
        return Ok(());
    };
    let slot = market.slot(symbol)?;
    let message = levels.message(transaction);
    let channel = streams::channel(stream);
    if streams::partial_depth(channel).is_some() {
        market.partial_book(slot, channel, Some(Place::number(last)), &message)?;
    } else {
        market.book_snapshot(slot, last, &message)?;
    }
    Ok(())
}

/// A trade's values for the market.
pub(super) fn trade_fields(message: &Trade<'_>) -> Result<TradeFields<'static>, JsonError> {
    Ok(TradeFields {
        price: message.price,
        size: message.size,
        aggressor_side: if message.buyer_is_maker { AggressorSide::Seller } else { AggressorSide::Buyer },
        id: TradeId::Number(message.id.ok_or(Kind::Missing("a"))?),
        ts_event: message.ts_event,
    })
}

const MILLISECOND: u64 = time::SECOND / 1_000;

/// Tells a closed candle; `zone` is the one that it opens by, as the stream or the request names it.
pub(super) fn tell_bar(
    slot: SlotId,
    interval: &str,
    zone: &str,
    candle: &Candle<'_>,
    market: &mut Market,
) -> Result<(), Kind> {
    let (spec, length) = bar_spec(interval).ok_or(Kind::Value)?;
    // Months differ in length; their close time says where they end: the last millisecond or microsecond before it.
    let end = (candle.close_time / MILLISECOND + 1) * MILLISECOND;
    let close = length.map_or(end, |length| candle.open_time + length);
    // The same bars on another clock have the same type: the first that come are taken.
    let ahead = minutes_ahead(zone).unwrap_or(0);
    let ahead = length.map_or(ahead, |length| ahead.rem_euclid((length / time::MINUTE).max(1) as i64));
    if !market.bind(slot, &spec, &ahead.to_string()) {
        market.item(End::Unselected);
        return Ok(());
    }
    market.bar(slot, &spec, candle.prices, candle.volume, close)
}

/// How far the clock of a time zone (`+08:00`, `-1:30`, `8`) is ahead of UTC, in minutes.
fn minutes_ahead(zone: &str) -> Option<i64> {
    let size = zone.trim_start_matches(['+', '-', ' ']);
    let (hours, minutes) = size.split_once(':').unwrap_or((size, "0"));
    let ahead = i64::from(hours.parse::<u8>().ok()?) * 60 + i64::from(minutes.parse::<u8>().ok()?);
    Some(if zone.starts_with('-') { -ahead } else { ahead })
}

/// Nautilus's bar specification of a kline interval, and its length in ns where that is fixed.
fn bar_spec(interval: &str) -> Option<(String, Option<u64>)> {
    let unit = interval.chars().last()?;
    let count: u64 =
        interval[..interval.len() - unit.len_utf8()].parse().ok().filter(|n| *n > 0 && *n < 1_000)?;
    let (name, length) = match unit {
        's' => ("SECOND", Some(time::SECOND)),
        'm' => ("MINUTE", Some(time::MINUTE)),
        'h' => ("HOUR", Some(time::HOUR)),
        'd' => ("DAY", Some(time::DAY)),
        'w' => ("WEEK", Some(7 * time::DAY)),
        'M' => ("MONTH", None),
        _ => return None,
    };
    Some((format!("{count}-{name}-LAST-EXTERNAL"), length.map(|l| l * count)))
}

/// Nautilus's `MarketStatusAction` of a venue's word, and whether it trades.
fn status_action(word: &str) -> (&'static str, bool) {
    match word {
        "TRADING" => ("TRADING", true),
        "PENDING_TRADING" => ("PRE_OPEN", false),
        "PRE_DELIVERING" | "PRE_SETTLE" => ("PRE_CLOSE", false),
        "BREAK" | "HALT" | "CANCEL_ONLY" => ("HALT", false),
        "CLOSE" | "DELIVERING" | "DELIVERED" | "SETTLING" | "END_OF_DAY" => ("CLOSE", false),
        _ => ("NONE", false),
    }
}
