//! What the readers of venues' instrument endpoints have in common.

use serde::de::DeserializeOwned;

use crate::decimal;
use crate::feed::Market;
use crate::instrument::Definition;
use crate::json::{JsonError, Kind};

/// An answer as a whole.
pub(super) fn answer<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(body).map_err(|error| JsonError {
        kind: if error.is_data() { Kind::Type } else { Kind::Syntax },
        at: error.column().saturating_sub(1),
    })
}

/// Gives the market the definitions that `read` makes of the symbols; one of another shape defines nothing. Answers
/// how many there were.
pub(super) fn define<T: DeserializeOwned>(
    symbols: Vec<serde_json::Value>,
    market: &mut Market,
    mut read: impl FnMut(T, &Market) -> Option<Definition>,
) -> usize {
    let mut taken = 0;
    for value in symbols {
        let Ok(symbol) = serde_json::from_value(value) else { continue };
        if let Some(definition) = read(symbol, market) {
            market.define(definition);
            taken += 1;
        }
    }
    taken
}

/// Canonical text of a limit; `None` where it is zero or empty: the rule is off.
pub(super) fn limit(text: Option<&String>) -> Option<String> {
    decimal::canonical(text?.as_bytes()).ok().filter(|t| t != "0" && !t.starts_with('-'))
}

/// A tick or a step as canonical text, and its decimals; `None` where it is none, or finer than a price can be.
pub(super) fn increment(text: Option<&String>) -> Option<(String, u8)> {
    let increment = limit(text)?;
    let decimals = increment.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let decimals = u8::try_from(decimals).ok().filter(|decimals| u32::from(*decimals) <= decimal::SCALE)?;
    Some((increment, decimals))
}
