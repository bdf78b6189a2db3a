//! What the readers of venues' instrument endpoints have in common.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::accounting::End;
use crate::decimal;
use crate::feed::{Frame, Market};
use crate::instrument::Definition;
use crate::json::{JsonError, Kind};

/// What an answer of an instrument endpoint gave.
#[derive(Debug, Default)]
pub struct Defined {
    /// How many instruments it defines.
    pub taken: usize,
    /// Symbols whose definitions cannot be taken, and what is wrong with each.
    pub refused: Vec<(String, JsonError)>,
}

impl Defined {
    /// Tells what was refused of a frame: each is a reject of its own.
    pub(super) fn tell_refused(&self, frame: &Frame<'_>, market: &mut Market) {
        for (symbol, error) in &self.refused {
            market.reject_item(frame, symbol, *error);
        }
    }

    /// Tells a frame that gives no rows beside its definitions.
    pub(super) fn tell(&self, frame: &Frame<'_>, market: &mut Market) {
        self.tell_refused(frame, market);
        market.item(End::Control);
    }
}

/// What a definition is read to: `None` where it is one of what is no instrument of ours, as an index is none.
pub(super) type Made = Result<Option<Definition>, Kind>;

/// An answer as a whole.
pub(super) fn answer<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(body).map_err(|error| JsonError {
        kind: if error.is_data() { Kind::Type } else { Kind::Syntax },
        at: error.column().saturating_sub(1),
    })
}

/// Keys under which venues name an instrument.
const NAMES: [&str; 3] = ["symbol", "instId", "instrument_name"];

/// The name of an instrument, which of Kraken's pairs stands before it.
fn name(value: &Value) -> &str {
    let named = |key: &&str| value.get(key).and_then(Value::as_str);
    NAMES.iter().find_map(named).or_else(|| value.get(0)?.as_str()).unwrap_or_default()
}

/// Gives the market the definitions that `read` makes of the symbols in `body`; one that cannot be read is refused, the
/// others stand.
pub(super) fn define<T: DeserializeOwned>(
    body: &[u8],
    symbols: impl IntoIterator<Item = Value>,
    market: &mut Market,
    mut read: impl FnMut(T, &Market) -> Made,
) -> Defined {
    let mut defined = Defined::default();
    for value in symbols {
        let named = name(&value).to_owned();
        let made =
            serde_json::from_value(value).map_err(|_| Kind::Type).and_then(|symbol| read(symbol, market));
        match made.and_then(|made| made.map(|definition| market.define(definition)).transpose()) {
            Ok(Some(())) => defined.taken += 1,
            Ok(None) => {}
            Err(kind) => {
                // Values have no place any longer: the name's is near it.
                let quoted = format!("\"{named}\"");
                let at = memchr::memmem::find(body, quoted.as_bytes()).unwrap_or_default();
                defined.refused.push((named, JsonError { kind, at }));
            }
        }
    }
    defined
}

/// Canonical text of a limit; `None` where it is zero or empty: the rule is off.
pub(super) fn limit(text: Option<&String>) -> Option<String> {
    decimal::canonical(text?.as_bytes()).ok().filter(|t| t != "0" && !t.starts_with('-'))
}

/// The end of an instrument that expires, ns UTC.
///
/// # Errors
/// It has none that can be read.
pub(super) fn expiry(expires: bool, end_ns: Option<u64>) -> Result<Option<u64>, Kind> {
    if expires && end_ns.is_none() {
        return Err(Kind::Time);
    }
    Ok(end_ns.filter(|_| expires))
}

/// A tick or a step as canonical text, and its decimals.
///
/// # Errors
/// It is none, or finer than a price can be.
pub(super) fn increment(text: Option<&String>) -> Result<(String, u8), Kind> {
    let increment = limit(text).ok_or(Kind::Value)?;
    let decimals = increment.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let decimals = u8::try_from(decimals).ok().filter(|decimals| u32::from(*decimals) <= decimal::SCALE);
    Ok((increment, decimals.ok_or(Kind::Value)?))
}
