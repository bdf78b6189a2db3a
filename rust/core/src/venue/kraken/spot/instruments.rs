//! Definitions from the channel `instrument` and from the answer `AssetPairs`.
//!
//! The channel has increments as numbers, exponents among them; the answer has decimals, and ticks since about 2022. The
//! symbol of a definition is the pair's name of protocol v2 in both.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::symbols::{Keys, canonical};
use crate::feed::Market;
use crate::instrument::{Definition, InstrumentClass};
use crate::json::{JsonError, Kind};
use crate::venue::definitions::{self, Defined, increment, limit};

#[derive(Deserialize)]
struct Pushed {
    data: Pairs,
}

#[derive(Deserialize)]
struct Pairs {
    #[serde(default)]
    pairs: Vec<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Pair {
    symbol: String,
    base: String,
    quote: String,
    status: String,
    price_increment: Value,
    tick_size: Value,
    qty_increment: Value,
    qty_min: Value,
    cost_min: Value,
}

#[derive(Deserialize)]
struct Answer {
    result: BTreeMap<String, Value>,
}

/// A pair of an answer under its key.
#[derive(Deserialize)]
struct Keyed(String, Asset);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asset {
    altname: String,
    wsname: String,
    pair_decimals: u8,
    lot_decimals: u8,
    tick_size: Value,
    ordermin: Value,
    costmin: Value,
    status: String,
}

/// What both say of a pair.
struct Terms {
    symbol: String,
    base: String,
    quote: String,
    tick: Option<String>,
    step: Option<String>,
    min_quantity: Option<String>,
    min_notional: Option<String>,
    status: String,
}

/// A number, quoted or not.
fn number(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// A pair and its status.
type State = (String, String);

/// Reads a message received at `ts_ns`; answers the statuses beside the definitions.
pub(super) fn read_pushed(
    body: &[u8],
    ts_ns: u64,
    market: &mut Market,
) -> Result<(Defined, Vec<State>), JsonError> {
    let pushed: Pushed = definitions::answer(body)?;
    let mut states = Vec::new();
    let defined = definitions::define(body, pushed.data.pairs, market, |pair: Pair, market| {
        let tick = number(&pair.price_increment).or_else(|| number(&pair.tick_size));
        let terms = Terms {
            tick,
            step: number(&pair.qty_increment),
            min_quantity: number(&pair.qty_min),
            min_notional: number(&pair.cost_min),
            symbol: pair.symbol,
            base: pair.base,
            quote: pair.quote,
            status: pair.status,
        };
        let definition = definition(terms, ts_ns, market)?;
        states.push((definition.raw_symbol.clone(), definition.status.clone()));
        Ok(Some(definition))
    });
    Ok((defined, states))
}

/// Reads an answer received at `ts_ns`, and what its keys stand for.
pub(super) fn read_answer(
    body: &[u8],
    ts_ns: u64,
    keys: &mut Keys,
    market: &mut Market,
) -> Result<Defined, JsonError> {
    let answer: Answer = definitions::answer(body)?;
    let pairs = answer.result.into_iter().map(|(key, asset)| Value::from(vec![Value::from(key), asset]));
    Ok(definitions::define(body, pairs, market, |Keyed(key, asset): Keyed, market| {
        // Dark pools have no name that a socket takes.
        if asset.wsname.is_empty() {
            return Ok(None);
        }
        let pair = canonical(&asset.wsname).into_owned();
        let (base, quote) = pair.split_once('/').ok_or(Kind::Value)?;
        for name in [&key, &asset.altname] {
            keys.learn(name, &pair);
        }
        let decimals = |places: u8| format!("1e-{places}");
        let terms = Terms {
            tick: number(&asset.tick_size).or_else(|| Some(decimals(asset.pair_decimals))),
            step: Some(decimals(asset.lot_decimals)),
            min_quantity: number(&asset.ordermin),
            min_notional: number(&asset.costmin),
            base: base.to_owned(),
            quote: quote.to_owned(),
            status: asset.status,
            symbol: pair,
        };
        definition(terms, ts_ns, market).map(Some)
    }))
}

fn definition(terms: Terms, ts_ns: u64, market: &Market) -> Result<Definition, Kind> {
    if !crate::symbol::is_safe_pair(&terms.symbol) || terms.base.is_empty() || terms.quote.is_empty() {
        return Err(Kind::Value);
    }
    let (price_increment, price_precision) = increment(terms.tick.as_ref())?;
    let (size_increment, size_precision) = increment(terms.step.as_ref())?;
    Ok(Definition {
        class: InstrumentClass::CurrencyPair,
        instrument_id: market.instrument_id(&terms.symbol),
        is_inverse: false,
        price_precision,
        size_precision,
        price_increment,
        size_increment,
        multiplier: "1".to_owned(),
        min_price: None,
        max_price: None,
        min_quantity: limit(terms.min_quantity.as_ref()),
        max_quantity: None,
        min_notional: limit(terms.min_notional.as_ref()),
        max_notional: None,
        activation_ns: None,
        expiration_ns: None,
        underlying: None,
        option_kind: None,
        strike: None,
        strategy: None,
        margin_init: None,
        margin_maint: None,
        status: terms.status,
        raw_symbol: terms.symbol,
        settlement: terms.quote.clone(),
        base: terms.base,
        quote: terms.quote,
        ts_ns,
    })
}
