//! Definitions from the answer `instruments`.
//!
//! What a symbol starts with says what it is: `PI_XBTUSD` perpetual and inverse, `PF_XBTUSD` perpetual and linear (settled in
//! many currencies, valued in the quote), `FI_XBTUSD_230929` and `FF_XBTUSD_240628` the same with an end, `PV_` and `FV_` of the
//! years before. Until 2022 symbols of answers were in lower case and named no currencies.

use serde::Deserialize;
use serde_json::Value;

use crate::feed::Market;
use crate::instrument::{Definition, InstrumentClass};
use crate::json::{JsonError, Kind};
use crate::time;
use crate::venue::definitions::{self, Defined, Made, expiry, increment, limit};

/// What the sizes of a product are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Contracts of one unit of the quote currency.
    Quote,
    /// The base currency.
    Base,
    /// Contracts whose worth its definition says.
    Contracts,
}

impl Unit {
    /// Of the product of a symbol.
    pub(super) fn of(symbol: &str) -> Self {
        match symbol.get(..3) {
            Some("PI_" | "FI_") => Self::Quote,
            Some("PF_" | "FF_") => Self::Base,
            _ => Self::Contracts,
        }
    }
}

/// Whether a symbol (in upper case) is an index's: `IN_` of one exchange or several, `RR_` a reference rate.
pub(super) fn is_index(symbol: &str) -> bool {
    symbol.starts_with("IN_") || symbol.starts_with("RR_")
}

#[derive(Deserialize)]
struct Answer {
    instruments: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Product {
    symbol: String,
    #[serde(rename = "type")]
    kind: String,
    tick_size: Value,
    contract_size: Value,
    contract_value_trade_precision: i32,
    base: String,
    quote: String,
    opening_date: String,
    last_trading_time: String,
    tradeable: bool,
    post_only: bool,
    margin_levels: Vec<Margin>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Margin {
    initial_margin: Value,
    maintenance_margin: Value,
}

/// Reads an answer received at `ts_ns`.
pub(super) fn read(body: &[u8], ts_ns: u64, market: &mut Market) -> Result<Defined, JsonError> {
    let answer: Answer = definitions::answer(body)?;
    Ok(definitions::define(body, answer.instruments, market, |product, market| {
        definition(product, ts_ns, market)
    }))
}

/// A number's text.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The base and the quote currency of `PI_XBTUSD` or `FI_XBTUSD_230929`, where no key says them.
fn currencies(symbol: &str) -> Option<(String, String)> {
    let pair = symbol.split('_').nth(1)?;
    let quote =
        ["USDT", "USDC", "USD", "EUR", "GBP", "XBT"].into_iter().find(|quote| pair.ends_with(quote))?;
    let base = pair.strip_suffix(quote).filter(|base| !base.is_empty())?;
    Some((base.to_owned(), quote.to_owned()))
}

/// A currency under the name that is used elsewhere, in frames of spot too: answers have had both.
fn named(currency: String) -> String {
    match currency.as_str() {
        "XBT" => "BTC".to_owned(),
        "XDG" => "DOGE".to_owned(),
        _ => currency,
    }
}

/// A step of `10^-places`, and its decimals.
fn step(places: i32) -> Result<(String, u8), Kind> {
    increment(Some(&format!("1e{}", places.checked_neg().ok_or(Kind::Value)?)))
}

fn definition(product: Product, ts_ns: u64, market: &Market) -> Made {
    let symbol = product.symbol.to_uppercase();
    if !crate::symbol::is_safe(&symbol) {
        return Err(Kind::Value);
    }
    if is_index(&symbol) {
        return Ok(None);
    }
    let class = match symbol.get(..3) {
        Some("PI_" | "PF_" | "PV_") => InstrumentClass::CryptoPerpetual,
        Some("FI_" | "FF_" | "FV_") => InstrumentClass::CryptoFuture,
        _ => return Err(Kind::Value),
    };
    let expires = class == InstrumentClass::CryptoFuture;
    let (base, quote) = if product.base.is_empty() || product.quote.is_empty() {
        currencies(&symbol).ok_or(Kind::Value)?
    } else {
        (product.base, product.quote)
    };
    let (base, quote) = (named(base), named(quote));
    let is_inverse = product.kind == "futures_inverse";
    let (price_increment, price_precision) = increment(number(&product.tick_size).as_ref())?;
    let (size_increment, size_precision) = step(product.contract_value_trade_precision)?;
    let moment = |text: &str| time::from_rfc3339(text.as_bytes());
    let margin = |of: fn(&Margin) -> &Value| limit(number(of(product.margin_levels.first()?)).as_ref());
    let status = match (product.tradeable, product.post_only) {
        (false, _) => "not_tradeable",
        (true, true) => "post_only",
        (true, false) => "tradeable",
    };
    Ok(Some(Definition {
        class,
        instrument_id: market.instrument_id(&symbol),
        settlement: if is_inverse { &base } else { &quote }.clone(),
        is_inverse,
        price_precision,
        size_precision,
        price_increment,
        size_increment,
        multiplier: limit(number(&product.contract_size).as_ref()).unwrap_or_else(|| "1".to_owned()),
        min_price: None,
        max_price: None,
        min_quantity: None,
        max_quantity: None,
        min_notional: None,
        max_notional: None,
        activation_ns: moment(&product.opening_date),
        expiration_ns: expiry(expires, moment(&product.last_trading_time))?,
        underlying: expires.then(|| base.clone()),
        option_kind: None,
        strike: None,
        strategy: None,
        margin_init: margin(|level| &level.initial_margin),
        margin_maint: margin(|level| &level.maintenance_margin),
        status: status.to_owned(),
        raw_symbol: symbol,
        base,
        quote,
        ts_ns,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols() {
        let pair = |base: &str, quote: &str| Some((base.to_owned(), quote.to_owned()));
        for (symbol, want) in [
            ("PI_XBTUSD", pair("XBT", "USD")),
            ("FI_BCHUSD_210730", pair("BCH", "USD")),
            ("FV_XRPXBT_210730", pair("XRP", "XBT")),
            ("PF_USDTUSD", pair("USDT", "USD")),
            ("PI_USD", None),
            ("XBTUSD", None),
        ] {
            assert_eq!(currencies(symbol), want, "{symbol}");
        }
        assert_eq!(
            ["PI_A", "FF_A", "PV_A", "é"].map(Unit::of),
            [Unit::Quote, Unit::Base, Unit::Contracts, Unit::Contracts]
        );
        assert!(is_index("IN_XBTUSD") && is_index("RR_XBTUSD") && !is_index("PI_XBTUSD"));
        for (places, want) in [(3, ("0.001", 3)), (0, ("1", 0)), (-3, ("1000", 0))] {
            assert_eq!(step(places), Ok((want.0.to_owned(), want.1)));
        }
        assert_eq!([step(17), step(i32::MIN)], [Err(Kind::Value), Err(Kind::Value)]);
    }
}
