//! Binance's REST answers: what they are is told by their URL.

use super::frames::{BinanceDecoder, Parsed, Scratch};
use super::instruments;
use super::messages::{AggTrade, Candle, RestTrade, Trade};
use super::tell::{tell, tell_bar, tell_snapshot, trade_fields};
use crate::accounting::End;
use crate::feed::{Frame, Market, TradeFields, TradeId, TradeKind};
use crate::json::{Cursor, JsonError, Kind, Message};
use crate::venue::url;
use crate::venue::values::{items, require};

/// Decodes a REST answer under its URL. `false`: its bytes say what it is, as those of any frame.
pub(super) fn decode(
    decoder: &mut BinanceDecoder,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<bool, JsonError> {
    let symbol = url::query(frame.context, "symbol").unwrap_or_default().to_uppercase();
    let endpoint = url::endpoint(frame.context);
    if is_refusal(frame.body) {
        pass_over(frame, market)?;
        return Ok(true);
    }
    match endpoint {
        "exchangeInfo" => {
            instruments::read(decoder.product(), frame.body, frame.ts, market)?.tell(frame, market);
            Ok(true)
        }
        "depth" => {
            let parsed = decoder.read_one(frame)?;
            let levels = &decoder.scratch.levels;
            match &parsed {
                Parsed::Snapshot { symbol: named, last, transaction } => {
                    let symbol = if symbol.is_empty() { &**named } else { symbol.as_bytes() };
                    let told = tell_snapshot(levels, frame, b"", symbol, *last, *transaction, market);
                    if let Err(error) = told {
                        market.reject_item(frame, &String::from_utf8_lossy(symbol), error);
                    }
                }
                Parsed::Control | Parsed::Unknown(_) => return Err(Kind::Missing("lastUpdateId").into()),
                other => tell(decoder.product(), levels, frame, b"", other, market),
            }
            Ok(true)
        }
        "trades" | "historicalTrades" => {
            let read = |cursor: &mut Cursor<'_>, scratch: &mut Scratch, start| {
                let mut trade = Trade::default();
                let mut message = RestTrade(&mut trade);
                let seen = cursor.object(&mut message, &mut scratch.orders.rest, &mut scratch.unknown)?;
                require(seen, RestTrade::KEYS, RestTrade::NEEDED, start)?;
                trade_fields(&trade)
            };
            trades(decoder, frame, &symbol, TradeKind::Raw, market, read)?;
            Ok(true)
        }
        "aggTrades" => {
            let read = |cursor: &mut Cursor<'_>, scratch: &mut Scratch, start| {
                let mut trade = Trade::default();
                let mut message = AggTrade(&mut trade);
                let seen = cursor.object(&mut message, &mut scratch.orders.rest, &mut scratch.unknown)?;
                require(seen, AggTrade::KEYS, AggTrade::NEEDED_REST, start)?;
                trade_fields(&trade)
            };
            trades(decoder, frame, &symbol, TradeKind::Aggregate, market, read)?;
            Ok(true)
        }
        "klines" => {
            klines(frame, &symbol, market)?;
            Ok(true)
        }
        "openInterest" | "premiumIndex" | "fundingRate" => Ok(false),
        _ => {
            // Times, tickers, pings: valid JSON without a type of ours.
            pass_over(frame, market)?;
            Ok(true)
        }
    }
}

/// Whether bytes are the answer to a request that was refused: `{"code":-1121,"msg":"Invalid symbol."}`.
fn is_refusal(body: &[u8]) -> bool {
    let within = body.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    within.is_some_and(|keys| keys.starts_with(b"\"code\"") || keys.starts_with(b"\"msg\""))
}

/// An answer that is valid JSON, whatever it says.
fn pass_over(frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(frame.body);
    cursor.skip()?;
    cursor.finish()?;
    market.item(End::Control);
    Ok(())
}

/// Whether bytes are an answer of `exchangeInfo`, whose keys may be written with escapes.
pub(super) fn is_definitions(body: &[u8]) -> bool {
    let has = |key: &[u8]| memchr::memmem::find(body, key).is_some();
    (has(b"\"symbols\"") && has(b"\"filters\"")) || (has(b"\\") && instruments::are_in(body))
}

fn trades(
    decoder: &mut BinanceDecoder,
    frame: &Frame<'_>,
    symbol: &str,
    kind: TradeKind,
    market: &mut Market,
    read: impl Fn(&mut Cursor<'_>, &mut Scratch, usize) -> Result<TradeFields<'static>, JsonError>,
) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(frame.body);
    let scratch = &mut decoder.scratch;
    let mut items = items(&mut cursor, |cursor, start| read(cursor, scratch, start))?;
    cursor.finish()?;
    let slot = named(symbol, market)?;
    // Oldest first, whatever the answer's order.
    items.sort_by_key(|item| match item.as_ref().map(|trade| trade.id) {
        Ok(TradeId::Number(id)) => id,
        _ => 0,
    });
    for item in items {
        let checked = item.and_then(|trade| {
            market.check_price(trade.price)?;
            market.check_size(trade.size)?;
            Ok(trade)
        });
        match checked {
            Ok(trade) => market.trade(slot, kind, &trade),
            Err(error) => market.reject_item(frame, symbol, error),
        }
    }
    Ok(())
}

fn klines(frame: &Frame<'_>, symbol: &str, market: &mut Market) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(frame.body);
    let items = items(&mut cursor, |cursor, _| {
        let mut candle = Candle::default();
        candle.read_row(cursor)?;
        Ok(candle)
    })?;
    cursor.finish()?;
    let interval = url::query(frame.context, "interval").unwrap_or_default();
    let zone = url::query(frame.context, "timeZone").unwrap_or_default();
    let slot = named(symbol, market)?;
    let last = items.len().saturating_sub(1);
    for (at, item) in items.into_iter().enumerate() {
        let told = item.and_then(|candle| {
            // The newest candle is open until its close time has passed.
            let open = if frame.ts == 0 { at == last } else { candle.close_time >= frame.ts };
            if open {
                market.item(End::Control);
                return Ok(());
            }
            Ok(tell_bar(slot, &interval, &zone, &candle, market)?)
        });
        if let Err(error) = told {
            market.reject_item(frame, symbol, error);
        }
    }
    Ok(())
}

fn named(symbol: &str, market: &mut Market) -> Result<crate::symbol::SlotId, JsonError> {
    if symbol.is_empty() {
        return Err(Kind::Missing("symbol").into());
    }
    Ok(market.slot(symbol.as_bytes())?)
}
