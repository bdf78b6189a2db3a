//! Definitions from `get_instruments` and `get_instrument`.
//!
//! Sizes are `amount`, of which one contract is `contract_size`: US dollars where the contract is on a coin against the
//! dollar, the coin otherwise. So the multiplier is 1, as Nautilus's adapter has it, and the least amount is the step.

use serde::Deserialize;
use serde_json::Value;

use super::symbols;
use crate::decimal;
use crate::feed::Market;
use crate::instrument::{Definition, InstrumentClass, OptionKind};
use crate::json::{JsonError, Kind};
use crate::venue::definitions::{self, Defined, Made, expiry, increment};

#[derive(Deserialize)]
struct Answer {
    result: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Symbol {
    instrument_name: String,
    kind: String,
    base_currency: String,
    quote_currency: String,
    settlement_currency: Option<String>,
    settlement_period: Option<String>,
    instrument_type: Option<String>,
    future_type: Option<String>,
    tick_size: Value,
    min_trade_amount: Value,
    creation_timestamp: Option<u64>,
    expiration_timestamp: Option<u64>,
    strike: Value,
    option_type: Option<String>,
    is_active: Option<bool>,
    state: Option<String>,
}

/// Reads an answer received at `ts_ns`.
pub(super) fn read(body: &[u8], ts_ns: u64, market: &mut Market) -> Result<Defined, JsonError> {
    let answer: Answer = definitions::answer(body)?;
    let symbols = match answer.result {
        Value::Array(symbols) => symbols,
        symbol => vec![symbol],
    };
    Ok(definitions::define(body, symbols, market, |symbol: Symbol, market| definition(symbol, ts_ns, market)))
}

/// The text of a number as it was sent.
fn number(value: &Value) -> Option<String> {
    if let Value::Number(number) = value { Some(number.to_string()) } else { None }
}

fn definition(symbol: Symbol, ts_ns: u64, market: &Market) -> Made {
    let name = symbol.instrument_name;
    let (base, mut quote) = (symbol.base_currency, symbol.quote_currency);
    if !crate::symbol::is_safe(&name) || base.is_empty() || quote.is_empty() {
        return Err(Kind::Value);
    }
    let class = match &*symbol.kind {
        "spot" => InstrumentClass::CurrencyPair,
        "future" if symbol.settlement_period.as_deref() == Some("perpetual") => {
            InstrumentClass::CryptoPerpetual
        }
        "future" => InstrumentClass::CryptoFuture,
        "option" => InstrumentClass::CryptoOption,
        "future_combo" => InstrumentClass::CryptoFuturesSpread,
        "option_combo" => InstrumentClass::CryptoOptionSpread,
        _ => return Err(Kind::Value),
    };
    let is_spot = class == InstrumentClass::CurrencyPair;
    let is_option = class == InstrumentClass::CryptoOption;
    // Before 2022 neither was sent: all were settled in the coin. Options are priced in it too; those of 2020
    // said USD.
    let is_inverse = match symbol.instrument_type.as_deref().or(symbol.future_type.as_deref()) {
        _ if is_spot => false,
        Some(kind) => kind == "reversed",
        None if is_option => {
            quote.clone_from(&base);
            true
        }
        None => quote == "USD",
    };
    let settlement = match symbol.settlement_currency {
        Some(currency) => currency,
        None if is_inverse => base.clone(),
        None => quote.clone(),
    };
    let (option_kind, strike) = if is_option {
        let kind = match symbol.option_type.as_deref() {
            Some("call") => OptionKind::Call,
            Some("put") => OptionKind::Put,
            _ => return Err(Kind::Value),
        };
        let strike = number(&symbol.strike).ok_or(Kind::Missing("strike"))?;
        (Some(kind), Some(decimal::canonical(strike.as_bytes()).map_err(Kind::Decimal)?))
    } else {
        (None, None)
    };
    let expires = !is_spot && class != InstrumentClass::CryptoPerpetual;
    let (price_increment, price_precision) = increment(number(&symbol.tick_size).as_ref())?;
    let (size_increment, size_precision) = increment(number(&symbol.min_trade_amount).as_ref())?;
    let ns = |ms: Option<u64>| ms.and_then(crate::time::from_epoch);
    let end_ns = ns(symbol.expiration_timestamp);
    // A combo ends with its legs, whether or not it says when.
    let is_combo =
        matches!(class, InstrumentClass::CryptoFuturesSpread | InstrumentClass::CryptoOptionSpread);
    let state = match (symbol.state, symbol.is_active) {
        (Some(state), _) => state,
        (None, Some(false)) => "inactive".to_owned(),
        (None, _) => "open".to_owned(),
    };
    Ok(Some(Definition {
        class,
        instrument_id: market.instrument_id(&name),
        is_inverse,
        price_precision,
        size_precision,
        price_increment,
        min_quantity: Some(size_increment.clone()),
        size_increment,
        multiplier: "1".to_owned(),
        min_price: None,
        max_price: None,
        max_quantity: None,
        min_notional: None,
        max_notional: None,
        activation_ns: ns(symbol.creation_timestamp),
        expiration_ns: if is_combo { end_ns } else { expiry(expires, end_ns)? },
        underlying: expires.then(|| base.clone()),
        option_kind,
        strike,
        strategy: symbols::strategy(&name).map(str::to_owned),
        margin_init: None,
        margin_maint: None,
        status: state,
        raw_symbol: name,
        settlement,
        base,
        quote,
        ts_ns,
    }))
}
