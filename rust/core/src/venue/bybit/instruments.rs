//! Definitions from Bybit's `instruments-info`.
//!
//! Ticks and steps are `tickSize`, `qtyStep` and spot's `basePrecision`, never `priceScale`. A limit of zero is a
//! rule that is off. A perpetual's `deliveryTime` is the time of its delisting: no expiry.

use serde::Deserialize;

use super::Product;
use crate::decimal;
use crate::feed::Market;
use crate::instrument::{Definition, InstrumentClass, OptionKind};
use crate::json::{JsonError, Kind};
use crate::venue::definitions::{self, Defined, Made, expiry, increment, limit};

#[derive(Deserialize)]
struct Answer {
    result: List,
}

#[derive(Deserialize)]
struct List {
    list: Vec<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Symbol {
    symbol: String,
    status: String,
    base_coin: String,
    quote_coin: String,
    settle_coin: String,
    contract_type: String,
    options_type: String,
    launch_time: String,
    delivery_time: String,
    price_filter: PriceFilter,
    lot_size_filter: LotFilter,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PriceFilter {
    tick_size: Option<String>,
    min_price: Option<String>,
    max_price: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LotFilter {
    qty_step: Option<String>,
    base_precision: Option<String>,
    min_order_qty: Option<String>,
    max_order_qty: Option<String>,
    max_limit_order_qty: Option<String>,
    min_order_amt: Option<String>,
    max_order_amt: Option<String>,
    min_notional_value: Option<String>,
}

/// Reads an answer of `instruments-info` received at `ts_ns`.
pub(super) fn read(
    product: Product,
    body: &[u8],
    ts_ns: u64,
    market: &mut Market,
) -> Result<Defined, JsonError> {
    let answer: Answer = definitions::answer(body)?;
    Ok(definitions::define(body, answer.result.list, market, |symbol, market| {
        definition(product, symbol, ts_ns, market)
    }))
}

fn definition(product: Product, symbol: Symbol, ts_ns: u64, market: &Market) -> Made {
    if !crate::symbol::is_safe(&symbol.symbol) {
        return Err(Kind::Value);
    }
    if symbol.base_coin.is_empty() || symbol.quote_coin.is_empty() {
        return Err(Kind::Missing("baseCoin or quoteCoin"));
    }
    let class = match (product, &*symbol.contract_type) {
        (Product::Spot, _) => InstrumentClass::CurrencyPair,
        (Product::Option, _) => InstrumentClass::CryptoOption,
        (Product::Linear, "LinearPerpetual") | (Product::Inverse, "InversePerpetual") => {
            InstrumentClass::CryptoPerpetual
        }
        (Product::Linear, "LinearFutures") | (Product::Inverse, "InverseFutures") => {
            InstrumentClass::CryptoFuture
        }
        // An answer of the other product's.
        (_, "LinearPerpetual" | "LinearFutures" | "InversePerpetual" | "InverseFutures") => return Ok(None),
        _ => return Err(Kind::Value),
    };
    let expires = matches!(class, InstrumentClass::CryptoFuture | InstrumentClass::CryptoOption);
    let (option_kind, strike) = match (class, &*symbol.options_type) {
        (InstrumentClass::CryptoOption, kind) => {
            let kind = match kind {
                "Call" => OptionKind::Call,
                "Put" => OptionKind::Put,
                _ => return Err(Kind::Value),
            };
            // BTC-27MAR26-70000-P-USDT
            let strike = symbol.symbol.split('-').nth(2).ok_or(Kind::Value)?;
            (Some(kind), Some(decimal::canonical(strike.as_bytes()).map_err(Kind::Decimal)?))
        }
        _ => (None, None),
    };
    let lot = &symbol.lot_size_filter;
    let (price_increment, price_precision) = increment(symbol.price_filter.tick_size.as_ref())?;
    let (size_increment, size_precision) = increment(lot.qty_step.as_ref().or(lot.base_precision.as_ref()))?;
    let ns = |ms: &str| ms.parse().ok().and_then(crate::time::from_epoch);
    let settlement = if symbol.settle_coin.is_empty() { &symbol.quote_coin } else { &symbol.settle_coin };
    Ok(Some(Definition {
        class,
        instrument_id: market.instrument_id(&symbol.symbol),
        settlement: settlement.clone(),
        is_inverse: product == Product::Inverse,
        price_precision,
        size_precision,
        price_increment,
        size_increment,
        multiplier: "1".to_owned(),
        min_price: limit(symbol.price_filter.min_price.as_ref()),
        max_price: limit(symbol.price_filter.max_price.as_ref()),
        min_quantity: limit(lot.min_order_qty.as_ref()),
        max_quantity: limit(lot.max_order_qty.as_ref().or(lot.max_limit_order_qty.as_ref())),
        min_notional: limit(lot.min_notional_value.as_ref().or(lot.min_order_amt.as_ref())),
        max_notional: limit(lot.max_order_amt.as_ref()),
        activation_ns: ns(&symbol.launch_time),
        expiration_ns: expiry(expires, ns(&symbol.delivery_time))?,
        underlying: expires.then(|| symbol.base_coin.clone()),
        option_kind,
        strike,
        strategy: None,
        margin_init: None,
        margin_maint: None,
        status: symbol.status,
        raw_symbol: symbol.symbol,
        base: symbol.base_coin,
        quote: symbol.quote_coin,
        ts_ns,
    }))
}
