//! Definitions from OKX's `instruments`, the channel and the REST answer.
//!
//! Sizes of derivatives are contracts; one is `ctVal` x `ctMult` of `ctValCcy`: the multiplier. What a contract is on is
//! named by `uly` alone (`BTC-USD`); `instFamily` may say more (`BTC-USD_UM`).

use serde::Deserialize;

use crate::decimal;
use crate::feed::Market;
use crate::instrument::{Definition, InstrumentClass, OptionKind};
use crate::json::{JsonError, Kind};
use crate::venue::definitions::{self, Defined, Made, expiry, increment, limit};

#[derive(Deserialize)]
struct Answer {
    data: Vec<serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Symbol {
    inst_id: String,
    inst_type: String,
    inst_family: String,
    uly: String,
    base_ccy: String,
    quote_ccy: String,
    settle_ccy: String,
    ct_type: String,
    ct_val: String,
    ct_mult: String,
    tick_sz: String,
    lot_sz: String,
    min_sz: String,
    max_lmt_sz: String,
    list_time: String,
    exp_time: String,
    stk: String,
    opt_type: String,
    state: String,
}

/// A symbol and its state.
type State = (String, String);

/// Reads an answer or a message received at `ts_ns`; answers the states beside the definitions.
pub(super) fn read(body: &[u8], ts_ns: u64, market: &mut Market) -> Result<(Defined, Vec<State>), JsonError> {
    let answer: Answer = definitions::answer(body)?;
    let mut states = Vec::new();
    let defined = definitions::define(body, answer.data, market, |symbol: Symbol, market| {
        let made = definition(symbol, ts_ns, market)?;
        states.extend(made.as_ref().map(|made| (made.raw_symbol.clone(), made.status.clone())));
        Ok(made)
    });
    Ok((defined, states))
}

fn definition(symbol: Symbol, ts_ns: u64, market: &Market) -> Made {
    if !crate::symbol::is_safe(&symbol.inst_id) {
        return Err(Kind::Value);
    }
    // Listed, and nothing said of it yet: it opens later.
    if symbol.state == "preopen" && symbol.tick_sz.is_empty() && symbol.lot_sz.is_empty() {
        return Ok(None);
    }
    let class = match &*symbol.inst_type {
        // What can be traded on margin is a spot pair too, under the same id.
        "SPOT" | "MARGIN" => InstrumentClass::CurrencyPair,
        "SWAP" => InstrumentClass::CryptoPerpetual,
        "FUTURES" => InstrumentClass::CryptoFuture,
        "OPTION" => InstrumentClass::CryptoOption,
        _ => return Err(Kind::Value),
    };
    let is_spot = class == InstrumentClass::CurrencyPair;
    let (base, quote) = if is_spot {
        (symbol.base_ccy, symbol.quote_ccy)
    } else {
        let pair = if symbol.uly.is_empty() { &symbol.inst_family } else { &symbol.uly };
        let (base, quote) = pair.split_once('-').ok_or(Kind::Value)?;
        (base.to_owned(), quote.split('_').next().unwrap_or_default().to_owned())
    };
    if base.is_empty() || quote.is_empty() {
        return Err(Kind::Value);
    }
    let settlement = if symbol.settle_ccy.is_empty() { quote.clone() } else { symbol.settle_ccy };
    let is_inverse = match class {
        InstrumentClass::CurrencyPair => false,
        InstrumentClass::CryptoOption => settlement == base,
        _ => symbol.ct_type == "inverse",
    };
    let (option_kind, strike) = match (class, &*symbol.opt_type) {
        (InstrumentClass::CryptoOption, kind) => {
            let kind = match kind {
                "C" => OptionKind::Call,
                "P" => OptionKind::Put,
                _ => return Err(Kind::Value),
            };
            (Some(kind), Some(decimal::canonical(symbol.stk.as_bytes()).map_err(Kind::Decimal)?))
        }
        _ => (None, None),
    };
    let expires = matches!(class, InstrumentClass::CryptoFuture | InstrumentClass::CryptoOption);
    let (price_increment, price_precision) = increment(Some(&symbol.tick_sz))?;
    let (size_increment, size_precision) = increment(Some(&symbol.lot_sz))?;
    let ns = |ms: &str| ms.parse().ok().and_then(crate::time::from_epoch);
    let multiplier =
        if is_spot { "1".to_owned() } else { product(&symbol.ct_val, &symbol.ct_mult).ok_or(Kind::Value)? };
    Ok(Some(Definition {
        class,
        instrument_id: market.instrument_id(&symbol.inst_id),
        is_inverse,
        price_precision,
        size_precision,
        price_increment,
        size_increment,
        multiplier,
        min_price: None,
        max_price: None,
        min_quantity: limit(Some(&symbol.min_sz)),
        max_quantity: limit(Some(&symbol.max_lmt_sz)),
        min_notional: None,
        max_notional: None,
        activation_ns: ns(&symbol.list_time),
        expiration_ns: expiry(expires, ns(&symbol.exp_time))?,
        underlying: expires.then(|| base.clone()),
        option_kind,
        strike,
        strategy: None,
        margin_init: None,
        margin_maint: None,
        status: symbol.state,
        raw_symbol: symbol.inst_id,
        settlement,
        base,
        quote,
        ts_ns,
    }))
}

/// The product of two decimals above zero, exact; `""` counts as 1.
fn product(a: &str, b: &str) -> Option<String> {
    let read =
        |text: &str| if text.is_empty() { decimal::parse(b"1") } else { decimal::parse(text.as_bytes()) };
    let unit = 10_i128.pow(decimal::SCALE);
    let (a, b) = (read(a).ok()?.value, read(b).ok()?.value);
    // Whole parts and fractions apart: their products fit where the values do.
    let (small, large) = (a.min(b), a.max(b));
    let whole = small.checked_mul(large / unit)?;
    let part = small.checked_mul(large % unit)?;
    let value = whole.checked_add(part / unit).filter(|_| part % unit == 0)?;
    (value > 0).then(|| decimal::text(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipliers() {
        for (a, b, want) in [
            ("100", "1", Some("100")),
            ("1", "0.01", Some("0.01")),
            ("0.0001", "0.1", Some("0.00001")),
            ("1000000", "1", Some("1000000")),
            ("", "", Some("1")),
            ("0", "1", None),
            ("-1", "1", None),
            ("x", "1", None),
            ("0.0000000001", "0.0000000001", None),
        ] {
            assert_eq!(product(a, b).as_deref(), want, "{a} {b}");
        }
    }
}
