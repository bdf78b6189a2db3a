//! Definitions from Binance's `exchangeInfo`.
//!
//! Ticks and steps are the filters' (`PRICE_FILTER`, `LOT_SIZE`), never `pricePrecision` and
//! `quantityPrecision`, which are digits to display. Trailing zeros do not count: spot pads every tick to eight
//! decimals. A limit of zero is a rule that is off.

use serde::Deserialize;

use super::Product;
use crate::decimal;
use crate::feed::Market;
use crate::instrument::{Definition, InstrumentClass};
use crate::json::{JsonError, Kind};
use crate::venue::definitions::{self, Defined, Made, expiry, increment, limit};

#[derive(Deserialize)]
struct Answer {
    symbols: Option<Vec<serde_json::Value>>,
    /// Of the API over a socket: `{"id":…,"status":200,"result":{…}}`.
    result: Option<Box<Self>>,
}

/// The symbols of an answer.
fn symbols(body: &[u8]) -> Result<Vec<serde_json::Value>, JsonError> {
    let answer: Answer = definitions::answer(body)?;
    let result = answer.result.and_then(|result| result.symbols);
    answer.symbols.or(result).ok_or_else(|| Kind::Type.into())
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Symbol {
    symbol: String,
    status: String,
    contract_status: String,
    base_asset: String,
    quote_asset: String,
    margin_asset: String,
    contract_type: Option<String>,
    contract_size: Option<u64>,
    onboard_date: Option<u64>,
    delivery_date: Option<u64>,
    required_margin_percent: Option<String>,
    maint_margin_percent: Option<String>,
    filters: Vec<Filter>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    filter_type: String,
    tick_size: Option<String>,
    min_price: Option<String>,
    max_price: Option<String>,
    step_size: Option<String>,
    min_qty: Option<String>,
    max_qty: Option<String>,
    min_notional: Option<String>,
    max_notional: Option<String>,
    notional: Option<String>,
}

/// Whether an answer has symbols with filters.
pub(super) fn are_in(body: &[u8]) -> bool {
    let filtered = |symbol: &serde_json::Value| symbol.get("filters").is_some();
    symbols(body).is_ok_and(|symbols| symbols.iter().any(filtered))
}

/// Reads an answer of `exchangeInfo` received at `ts_ns`.
pub(super) fn read(
    product: Product,
    body: &[u8],
    ts_ns: u64,
    market: &mut Market,
) -> Result<Defined, JsonError> {
    Ok(definitions::define(body, symbols(body)?, market, |symbol, market| {
        definition(product, symbol, ts_ns, market)
    }))
}

/// A percentage as a fraction.
fn fraction(percent: Option<&String>) -> Option<String> {
    let value = decimal::parse(percent?.as_bytes()).ok()?.value;
    (value % 100 == 0).then(|| decimal::text(value / 100))
}

fn class(product: Product, symbol: &Symbol) -> Result<Option<InstrumentClass>, Kind> {
    if product == Product::Spot {
        return Ok(Some(InstrumentClass::CurrencyPair));
    }
    // Until 2020 USD-M had perpetuals alone, and the key was not sent.
    let unsaid = if product == Product::Usdm { "PERPETUAL" } else { "" };
    match symbol.contract_type.as_deref().unwrap_or(unsaid) {
        "PERPETUAL" | "TRADIFI_PERPETUAL" | "PERPETUAL_DELIVERING" | "PERPETUAL DELIVERING" => {
            Ok(Some(InstrumentClass::CryptoPerpetual))
        }
        other if other.contains("MONTH") || other.contains("QUARTER") => {
            Ok(Some(InstrumentClass::CryptoFuture))
        }
        // Listed, and not yet anything.
        "" => Ok(None),
        _ => Err(Kind::Value),
    }
}

fn definition(product: Product, symbol: Symbol, ts_ns: u64, market: &Market) -> Made {
    if !crate::symbol::is_safe(&symbol.symbol) {
        return Err(Kind::Value);
    }
    if symbol.base_asset.is_empty() || symbol.quote_asset.is_empty() {
        return Err(Kind::Missing("baseAsset or quoteAsset"));
    }
    let Some(class) = class(product, &symbol)? else { return Ok(None) };
    let filter = |kinds: &[&str]| symbol.filters.iter().find(|f| kinds.contains(&f.filter_type.as_str()));
    let price = filter(&["PRICE_FILTER"]).ok_or(Kind::Missing("PRICE_FILTER"))?;
    let lot = filter(&["LOT_SIZE"]).ok_or(Kind::Missing("LOT_SIZE"))?;
    let notional = filter(&["NOTIONAL", "MIN_NOTIONAL"]);
    let (price_increment, price_precision) = increment(price.tick_size.as_ref())?;
    let (size_increment, size_precision) = increment(lot.step_size.as_ref())?;
    let is_future = class == InstrumentClass::CryptoFuture;
    let settlement = if symbol.margin_asset.is_empty() { &symbol.quote_asset } else { &symbol.margin_asset };
    let ns = |ms: Option<u64>| ms.and_then(crate::time::from_epoch);
    Ok(Some(Definition {
        class,
        instrument_id: market.instrument_id(&symbol.symbol),
        settlement: settlement.clone(),
        is_inverse: product == Product::Coinm,
        price_precision,
        size_precision,
        price_increment,
        size_increment,
        multiplier: symbol.contract_size.unwrap_or(1).to_string(),
        min_price: limit(price.min_price.as_ref()),
        max_price: limit(price.max_price.as_ref()),
        min_quantity: limit(lot.min_qty.as_ref()),
        max_quantity: limit(lot.max_qty.as_ref()),
        min_notional: notional.and_then(|f| limit(f.min_notional.as_ref().or(f.notional.as_ref()))),
        max_notional: notional.and_then(|f| limit(f.max_notional.as_ref())),
        activation_ns: ns(symbol.onboard_date),
        expiration_ns: expiry(is_future, ns(symbol.delivery_date))?,
        underlying: is_future.then(|| symbol.base_asset.clone()),
        option_kind: None,
        strike: None,
        strategy: None,
        margin_init: fraction(symbol.required_margin_percent.as_ref()),
        margin_maint: fraction(symbol.maint_margin_percent.as_ref()),
        status: if symbol.status.is_empty() { symbol.contract_status.clone() } else { symbol.status.clone() },
        raw_symbol: symbol.symbol,
        base: symbol.base_asset,
        quote: symbol.quote_asset,
        ts_ns,
    }))
}
