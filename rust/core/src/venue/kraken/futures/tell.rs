//! What Kraken Futures' messages tell the market.

use super::instruments::Unit;
use super::messages::{AnsweredTicker, Ticker, Trade};
use crate::accounting::End;
use crate::data::{AggressorSide, DataType, LiquidationRow};
use crate::decimal;
use crate::feed::{Frame, Market, TradeFields, TradeId, TradeKind};
use crate::json::{JsonError, Kind};
use crate::venue::each::tell_each;
use crate::venue::values::{Item, oldest_first, text};

/// Lists are newest first, or oldest first where they were asked for so; told they are oldest first.
pub(super) fn in_order<T>(found: &mut [Item<T>], ts: impl Fn(&T) -> u64 + Copy) {
    let mut times = found.iter().flatten().map(ts);
    let first = times.next();
    if times.next_back().zip(first).is_none_or(|(last, first)| first >= last) {
        oldest_first(found, ts);
    }
}

/// Trades of one message.
pub(super) fn trades(mut found: Vec<Item<Trade<'_>>>, frame: &Frame<'_>, market: &mut Market) {
    in_order(&mut found, |trade| trade.ts);
    let symbol = |trade: &Trade<'_>| text(&trade.product).to_owned();
    tell_each(found, frame, market, (symbol, ""), trade);
}

/// A trade, and the order that was forced where it is one.
pub(super) fn trade(trade: &Trade<'_>, market: &mut Market) -> Result<(), JsonError> {
    market.check_price(trade.price)?;
    market.check_size(trade.size)?;
    let id = match (text(&trade.uid), trade.seq) {
        ("", None) => return Err(Kind::Missing("uid").into()),
        ("", Some(seq)) => TradeId::Number(seq),
        (uid, _) => TradeId::Text(uid),
    };
    let slot = market.slot(&trade.product)?;
    let fields = TradeFields {
        price: trade.price,
        size: trade.size,
        aggressor_side: trade.taker,
        id,
        ts_event: trade.ts,
    };
    let is_new = market.trade_is_new(slot, TradeKind::Raw, &fields);
    if is_new && trade.is_liquidation {
        let trade_id = match id {
            TradeId::Number(seq) => seq.to_string(),
            TradeId::Text(uid) => uid.to_owned(),
        };
        let row = LiquidationRow {
            side: if trade.taker == AggressorSide::Seller { "SELL" } else { "BUY" },
            price: &decimal::text(trade.price.value),
            average_price: "",
            size: &decimal::text(trade.size.value),
            trade_id: &trade_id,
            ts_event: trade.ts,
            ts_init: 0,
        };
        market.liquidation(slot, &row);
    }
    Ok(())
}

/// Mark and index price, funding, open interest, the state and the best bid and ask: as many rows as it has of them.
pub(super) fn ticker(ticker: &Ticker<'_>, market: &mut Market) -> Result<(), JsonError> {
    let ts = ticker.ts;
    let slot = market.slot(&ticker.product)?;
    market.check_quote(ticker.prices, ticker.sizes)?;
    for price in [ticker.mark, ticker.index].into_iter().flatten() {
        market.check_price(price.0)?;
    }
    if let Some(mark) = ticker.mark {
        market.price_update(slot, DataType::MarkPrice, mark, ts);
    }
    if let Some(index) = ticker.index {
        market.price_update(slot, DataType::IndexPrice, index, ts);
    }
    let rate = match (&*ticker.relative_rate, ticker.next_funding) {
        // A rate of zero is left out, and so is the one per contract then.
        ("", Some(_)) if ticker.absolute_rate.is_empty() => "0",
        (rate, _) => rate,
    };
    if !rate.is_empty() {
        market.funding_rate(slot, rate, None, ticker.next_funding, ts);
    }
    if !ticker.open_interest.is_empty() {
        let value = &*ticker.open_interest;
        match Unit::of(text(&ticker.product)) {
            // Contracts of one USD each: their number is the value in the quote currency.
            Unit::Quote => market.open_interest(slot, value, "quote", value, ts),
            Unit::Base => market.open_interest(slot, value, "base", "", ts),
            Unit::Contracts => market.open_interest(slot, value, "contracts", "", ts),
        }
    }
    if let Some(suspended) = ticker.suspended {
        let (state, action, is_trading) = match (suspended, ticker.post_only) {
            (true, _) => ("suspended", "SUSPEND", false),
            (false, true) => ("post_only", "PAUSE", false),
            (false, false) => ("trading", "TRADING", true),
        };
        if market.status_changes(slot, state, ts) {
            market.status(slot, action, state, is_trading, ts);
        }
    }
    // Where a side is empty, or where it says what the last one said, it is control.
    market.ticker_quote(slot, super::TICKER, ticker.prices, ticker.sizes, ts);
    Ok(())
}

/// An index among the tickers of an answer: it has an id of its own.
pub(super) fn index(name: &str, ticker: &AnsweredTicker<'_>, market: &mut Market) -> Result<(), JsonError> {
    let (Some(value), true) = (ticker.last, ticker.last_ts > 0) else {
        market.item(End::Control);
        return Ok(());
    };
    market.check_price(value.0)?;
    let slot = market.index_slot(name)?;
    market.price_update(slot, DataType::IndexPrice, value, ticker.last_ts);
    Ok(())
}
