//! Instrument definitions as NautilusTrader's instruments: rows of the schemas that 1.231.0 writes, which 1.220.0 reads too.
//!
//! In: a [`Definition`]. Out: an [`Instrument`], the fields that NautilusTrader's class of it has once its constructor
//! has filled in what it fills in, as text where `to_dict` gives text; and a batch of them. Refused: what that constructor
//! refuses. Its limits are those of the 16-byte build; what a venue allows beyond them is no limit to us.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{ArrowDictionaryKeyType, Int8Type, Int16Type, Int64Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, DictionaryArray, RecordBatch, StringArray, UInt8Array, UInt64Array,
};
use arrow_schema::{Field, Schema};
use thiserror::Error;

use super::{SchemaError, currencies};
use crate::decimal;
use crate::instrument::{Definition, InstrumentClass, OptionKind};

/// Greatest price, and greatest amount.
const PRICE_MAX: i128 = 17_014_118_346_046;
/// Greatest size.
const QUANTITY_MAX: i128 = 34_028_236_692_093;
/// Most decimals of a price or a size.
const PRECISION_MAX: usize = 16;
/// NautilusTrader reads numbers with Python's decimals, which calculate to so many digits.
const DIGITS_MAX: u32 = 28;

/// A definition that is no instrument to NautilusTrader.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} {value:?} {reason}")]
pub struct InstrumentError {
    /// Which of its fields.
    pub field: &'static str,
    /// What it says.
    pub value: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn refuse(field: &'static str, value: &str, reason: &'static str) -> InstrumentError {
    InstrumentError { field, value: value.to_owned(), reason }
}

/// The value of a field, and so the type of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstrumentValue {
    /// Text in a dictionary with keys of one byte.
    Key8(Option<String>),
    /// Text in a dictionary with keys of two bytes.
    Key16(Option<String>),
    /// Text in a dictionary with keys of eight bytes.
    Key64(Option<String>),
    /// Text.
    Text(String),
    /// A small number.
    U8(u8),
    /// A time, ns UTC.
    U64(u64),
    /// Yes or no.
    Bool(bool),
    /// A JSON text.
    Json(Vec<u8>),
}

use InstrumentValue::{Bool, Json, Key8, Key16, Key64, Text, U8, U64};

/// One instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    class: InstrumentClass,
    id: Arc<str>,
    ts_ns: u64,
    /// Its columns, in their order.
    fields: Vec<(&'static str, InstrumentValue)>,
}

impl TryFrom<&Definition> for Instrument {
    type Error = InstrumentError;

    fn try_from(definition: &Definition) -> Result<Self, InstrumentError> {
        use InstrumentClass as Class;
        let Definition { class, instrument_id, price_precision: price, size_precision: size, .. } =
            definition;
        let mut fields = vec![
            ("id", Key64(Some(id(instrument_id)?))),
            ("raw_symbol", Text(name("raw_symbol", &definition.raw_symbol)?)),
        ];
        let is_spot = *class == Class::CurrencyPair;
        let quote = ("quote_currency", Key16(Some(name("quote", &definition.quote)?)));
        match class {
            Class::CurrencyPair | Class::CryptoPerpetual => {
                fields.push(("base_currency", Key16(Some(name("base", &definition.base)?))));
            }
            _ => {
                let underlying = definition.underlying.as_ref().filter(|code| !code.is_empty());
                let code = name("underlying", underlying.unwrap_or(&definition.base))?;
                fields.push(("underlying", Key16(Some(code))));
            }
        }
        fields.push(quote);
        if !is_spot {
            let code = name("settlement", &definition.settlement)?;
            fields.push(("settlement_currency", Key16(Some(code))));
            fields.push(("is_inverse", Bool(definition.is_inverse)));
        }
        match class {
            Class::CurrencyPair | Class::CryptoPerpetual | Class::CryptoFuture => {}
            Class::CryptoOption => {
                let kind = match definition.option_kind {
                    Some(OptionKind::Call) => "CALL",
                    Some(OptionKind::Put) => "PUT",
                    None => return Err(refuse("option_kind", "", "is missing")),
                };
                fields.push(("option_kind", Key8(Some(kind.to_owned()))));
                fields.push(("strike_price", Text(strike(definition)?)));
            }
            Class::CryptoFuturesSpread | Class::CryptoOptionSpread => {
                let strategy = definition.strategy.as_deref().filter(|word| !word.is_empty());
                let strategy = name("strategy", strategy.unwrap_or("SPREAD"))?;
                fields.push(("strategy_type", Key16(Some(strategy))));
            }
        }
        if !matches!(class, Class::CurrencyPair | Class::CryptoPerpetual) {
            fields.push(("activation_ns", U64(definition.activation_ns.unwrap_or(0))));
            fields.push(("expiration_ns", U64(definition.expiration_ns.unwrap_or(0))));
        }
        let limit = |field, text: &Option<String>, kind, precision| match text {
            Some(text) => kind_limit(field, text, kind, precision),
            None => Ok(None),
        };
        let one = || Some("1".to_owned());
        let multiplier = if is_spot { one() } else { Some(multiplier(&definition.multiplier)?) };
        let notional = definition.min_notional.as_ref().filter(|_| !definition.is_inverse);
        let notional = notional.map(|text| amount("min_notional", text, &definition.quote)).transpose()?;
        let zero = || Text("0".to_owned());
        fields.extend([
            ("price_precision", U8(*price)),
            ("size_precision", U8(*size)),
            (
                "price_increment",
                Key16(Some(step("price_increment", &definition.price_increment, PRICE, *price)?)),
            ),
            ("size_increment", Key16(Some(step("size_increment", &definition.size_increment, SIZE, *size)?))),
            ("multiplier", Key16(multiplier)),
            ("lot_size", Key16(if is_spot { None } else { one() })),
            ("max_quantity", Key16(limit("max_quantity", &definition.max_quantity, SIZE.positive(), *size)?)),
            ("min_quantity", Key16(limit("min_quantity", &definition.min_quantity, SIZE, *size)?)),
            ("max_notional", Key16(None)),
            ("min_notional", Key16(notional)),
            ("max_price", Key16(limit("max_price", &definition.max_price, PRICE.positive(), *price)?)),
            ("min_price", Key16(limit("min_price", &definition.min_price, PRICE, *price)?)),
            ("margin_init", Text(margin("margin_init", definition.margin_init.as_ref())?)),
            ("margin_maint", Text(margin("margin_maint", definition.margin_maint.as_ref())?)),
            ("maker_fee", zero()),
            ("taker_fee", zero()),
            ("info", Json(serde_json::json!({ "status": definition.status }).to_string().into_bytes())),
            ("ts_event", U64(definition.ts_ns)),
            ("ts_init", U64(definition.ts_ns)),
        ]);
        Ok(Self { class: *class, id: Arc::clone(instrument_id), ts_ns: definition.ts_ns, fields })
    }
}

impl Instrument {
    /// Its class.
    #[must_use]
    pub const fn class(&self) -> InstrumentClass {
        self.class
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When it was received, ns UTC.
    #[must_use]
    pub const fn ts_ns(&self) -> u64 {
        self.ts_ns
    }

    /// All of it but when it was received, and what the venue said of its status then.
    pub fn facts(&self) -> impl Iterator<Item = (&'static str, &InstrumentValue)> {
        let fields = self.fields.iter().map(|(name, value)| (*name, value));
        fields.filter(|(name, _)| !matches!(*name, "ts_event" | "ts_init" | "info"))
    }

    /// The metadata of its schema: by it NautilusTrader knows the class.
    #[must_use]
    pub const fn metadata(&self) -> (&'static str, &'static str) {
        ("class", class_name(self.class))
    }

    /// A batch of it alone.
    ///
    /// # Errors
    /// Arrow refuses the arrays.
    pub fn batch(&self) -> Result<RecordBatch, SchemaError> {
        let (columns, arrays): (Vec<Field>, Vec<ArrayRef>) = self
            .fields
            .iter()
            .map(|(name, value)| {
                let array = value.array();
                (Field::new(*name, array.data_type().clone(), true), array)
            })
            .unzip();
        let (key, class) = self.metadata();
        let metadata = HashMap::from([(key.to_owned(), class.to_owned())]);
        let schema = Schema::new_with_metadata(columns, metadata);
        RecordBatch::try_new(Arc::new(schema), arrays).map_err(|e| SchemaError::Arrow(e.to_string()))
    }
}

impl InstrumentValue {
    /// An array of it alone.
    fn array(&self) -> ArrayRef {
        fn keyed<K: ArrowDictionaryKeyType>(text: Option<&str>) -> ArrayRef {
            Arc::new([text].into_iter().collect::<DictionaryArray<K>>())
        }
        match self {
            Key8(text) => keyed::<Int8Type>(text.as_deref()),
            Key16(text) => keyed::<Int16Type>(text.as_deref()),
            Key64(text) => keyed::<Int64Type>(text.as_deref()),
            Text(text) => Arc::new(StringArray::from_iter_values([text])),
            U8(value) => Arc::new(UInt8Array::from_iter_values([*value])),
            U64(value) => Arc::new(UInt64Array::from_iter_values([*value])),
            Bool(value) => Arc::new([Some(*value)].into_iter().collect::<BooleanArray>()),
            Json(text) => Arc::new(BinaryArray::from_iter_values([text])),
        }
    }
}

/// NautilusTrader's name of a class.
const fn class_name(class: InstrumentClass) -> &'static str {
    match class {
        InstrumentClass::CurrencyPair => "CurrencyPair",
        InstrumentClass::CryptoPerpetual => "CryptoPerpetual",
        InstrumentClass::CryptoFuture => "CryptoFuture",
        InstrumentClass::CryptoOption => "CryptoOption",
        InstrumentClass::CryptoFuturesSpread => "CryptoFuturesSpread",
        InstrumentClass::CryptoOptionSpread => "CryptoOptionSpread",
    }
}

/// A name that is none where it is blank.
fn name(field: &'static str, text: &str) -> Result<String, InstrumentError> {
    if text.trim().is_empty() || text.contains('\0') {
        return Err(refuse(field, text, "is no name"));
    }
    Ok(text.to_owned())
}

/// An id: a symbol and a venue.
fn id(text: &str) -> Result<String, InstrumentError> {
    let is_one = text.rsplit_once('.').is_some_and(|(symbol, venue)| {
        name("", symbol).is_ok() && name("", venue).is_ok() && venue.is_ascii()
    });
    if is_one { Ok(text.to_owned()) } else { Err(refuse("instrument_id", text, "is not SYMBOL.VENUE")) }
}

/// A decimal taken apart: digits and a point.
struct Digits<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Digits<'a> {
    fn of(field: &'static str, text: &'a str) -> Result<Self, InstrumentError> {
        let (is_negative, body) = text.strip_prefix('-').map_or((false, text), |body| (true, body));
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        let is_number = !whole.is_empty() && [whole, fraction].concat().bytes().all(|b| b.is_ascii_digit());
        if is_number {
            Ok(Self { is_negative, whole, fraction })
        } else {
            Err(refuse(field, text, "is not a plain decimal"))
        }
    }

    /// Its value at a scale, half to even; `None` beyond 38 digits.
    fn at(&self, precision: usize) -> Option<i128> {
        let kept = &self.fraction[..precision.min(self.fraction.len())];
        let digits = format!("{}{kept:0<precision$}", self.whole);
        let digits = digits.trim_start_matches('0');
        if digits.len() > 38 {
            return None;
        }
        let mut value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        let rest = &self.fraction.as_bytes()[kept.len()..];
        let is_up = match rest.first() {
            Some(b'5') => value % 2 == 1 || rest[1..].iter().any(|b| *b != b'0'),
            Some(digit) => *digit > b'5',
            None => false,
        };
        value += i128::from(is_up);
        Some(if self.is_negative { -value } else { value })
    }

    /// Whether it is more than a whole number.
    fn exceeds(&self, limit: i128) -> bool {
        let beyond =
            |whole: i128| whole > limit || (whole == limit && self.fraction.bytes().any(|b| b != b'0'));
        !self.is_negative && Digits { fraction: "", ..*self }.at(0).is_none_or(beyond)
    }
}

/// The digits that Python's decimals keep of a product: half to even.
fn in_context(value: i128) -> i128 {
    let digits = value.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    if digits <= DIGITS_MAX {
        return value;
    }
    let unit = 10_i128.pow(digits - DIGITS_MAX);
    let (kept, rest) = (value / unit, (value % unit).abs());
    let is_up = rest * 2 > unit || (rest * 2 == unit && kept % 2 != 0);
    (kept + i128::from(is_up) * value.signum()) * unit
}

/// Text of a value at a scale, with all of its decimals.
fn fixed(value: i128, precision: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = precision + 1);
    let (whole, fraction) = digits.split_at(digits.len() - precision);
    let point = if precision == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// What a number is, and so what it may be.
#[derive(Clone, Copy)]
struct NumberKind {
    least: i128,
    most: i128,
    is_positive: bool,
}

const PRICE: NumberKind = NumberKind { least: -PRICE_MAX, most: PRICE_MAX, is_positive: false };
const SIZE: NumberKind = NumberKind { least: 0, most: QUANTITY_MAX, is_positive: false };

impl NumberKind {
    const fn positive(self) -> Self {
        Self { is_positive: true, ..self }
    }
}

/// A price or a size as NautilusTrader writes it: at a precision.
fn number(
    field: &'static str,
    text: &str,
    kind: NumberKind,
    precision: usize,
) -> Result<String, InstrumentError> {
    if precision > PRECISION_MAX {
        return Err(refuse(field, text, "has more decimals than the 16 of NautilusTrader"));
    }
    let scale = 10_i128.pow(precision as u32);
    let in_range = |value: &i128| (kind.least * scale..=kind.most * scale).contains(value);
    let value = Digits::of(field, text)?.at(precision).map(in_context).filter(in_range);
    let value = value.ok_or_else(|| refuse(field, text, "is beyond the limits of NautilusTrader"))?;
    if kind.is_positive && value <= 0 {
        return Err(refuse(field, text, "is not more than zero at its precision"));
    }
    Ok(fixed(value, precision))
}

fn step(field: &'static str, text: &str, kind: NumberKind, precision: u8) -> Result<String, InstrumentError> {
    number(field, &plain(field, text)?, kind.positive(), usize::from(precision))
}

/// A limit, which is none where NautilusTrader cannot hold it.
fn kind_limit(
    field: &'static str,
    text: &str,
    kind: NumberKind,
    precision: u8,
) -> Result<Option<String>, InstrumentError> {
    let text = plain(field, text)?;
    if Digits::of(field, &text)?.exceeds(kind.most) {
        return Ok(None);
    }
    number(field, &text, kind, usize::from(precision)).map(Some)
}

/// Units in a contract: with the decimals it is written with.
fn multiplier(text: &str) -> Result<String, InstrumentError> {
    let precision = Digits::of("multiplier", text)?.fraction.len();
    number("multiplier", text, SIZE.positive(), precision)
}

/// The strike of an option: with its own decimals where they are more than a price's.
fn strike(definition: &Definition) -> Result<String, InstrumentError> {
    let text = definition.strike.as_ref().ok_or_else(|| refuse("strike", "", "is missing"))?;
    let decimals = Digits::of("strike", text)?.fraction.len();
    number("strike", text, PRICE, decimals.max(usize::from(definition.price_precision)))
}

/// An amount with its currency. NautilusTrader makes it of a double, at the currency's precision.
fn amount(field: &'static str, text: &str, currency: &str) -> Result<String, InstrumentError> {
    let precision = currencies::precision(currency);
    let value: f64 = plain(field, text)?.parse().map_err(|_| refuse(field, text, "is not a number"))?;
    if value.is_nan() || value > PRICE_MAX as f64 {
        return Err(refuse(field, text, "is beyond the limits of NautilusTrader"));
    }
    let value = (value * 10_f64.powi(i32::from(precision))).round() as i128;
    if value < 0 {
        return Err(refuse(field, text, "is less than zero"));
    }
    Ok(format!("{} {currency}", fixed(value, usize::from(precision))))
}

/// A margin: text of Python's decimals, which give small ones an exponent.
fn margin(field: &'static str, text: Option<&String>) -> Result<String, InstrumentError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok("0".to_owned()) };
    let text = plain(field, text)?;
    let Digits { is_negative, whole, fraction } = Digits::of(field, &text)?;
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok("0".to_owned());
    }
    if is_negative {
        return Err(refuse(field, &text, "is less than zero"));
    }
    // Digits before the point, counted below zero where zeros follow it.
    let before = digits.len() as i64 - fraction.len() as i64;
    if before > -6 {
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        return Ok(if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") });
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    Ok(format!("{first}{point}{rest}E{}", before - 1))
}

/// A number without an exponent; what is plain stays as it is.
fn plain(field: &'static str, text: &str) -> Result<String, InstrumentError> {
    if Digits::of(field, text).is_ok() {
        return Ok(text.to_owned());
    }
    decimal::canonical(text.as_bytes()).map_err(|_| refuse(field, text, "is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str, precision: usize) -> Option<String> {
        number("price", text, PRICE, precision).ok()
    }

    #[test]
    fn numbers_have_their_precision_half_to_even() {
        for (text, precision, wanted) in [
            ("0", 0, "0"),
            ("0.1", 3, "0.100"),
            ("2.5", 0, "2"),
            ("3.5", 0, "4"),
            ("2.5000001", 0, "3"),
            ("0.015", 2, "0.02"),
            ("0.025", 2, "0.02"),
            ("9.995", 2, "10.00"),
            ("-0.004", 2, "0.00"),
            ("-1.5", 0, "-2"),
            ("17014118346046", 16, "17014118346046.0000000000000000"),
            ("17014118346045.1234567890123456", 16, "17014118346045.1234567890123500"),
        ] {
            assert_eq!(price(text, precision).as_deref(), Some(wanted), "{text} at {precision}");
        }
        for (text, precision) in
            [("17014118346047", 0), ("-17014118346046.1", 1), ("1", 17), ("1e5", 0), ("", 0), (".5", 1)]
        {
            assert_eq!(price(text, precision), None, "{text} at {precision}");
        }
        assert_eq!(price(&"9".repeat(60), 2), None);
    }

    #[test]
    fn margins_are_written_as_pythons_decimals() {
        for (text, wanted) in [
            ("", "0"),
            ("0.000", "0"),
            ("0.05", "0.05"),
            ("0.050", "0.050"),
            ("12", "12"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            ("0.00000123", "0.00000123"),
            ("0.000000123", "1.23E-7"),
            ("1e-9", "1E-9"),
        ] {
            assert_eq!(margin("margin", Some(&text.to_owned())).as_deref(), Ok(wanted), "{text}");
        }
        assert!(margin("margin", Some(&"-0.1".to_owned())).is_err());
        assert_eq!(margin("margin", None).as_deref(), Ok("0"));
    }

    #[test]
    fn a_refusal_says_which_field_and_why() {
        let error = number("max_price", "0.04", PRICE.positive(), 1).map_err(|e| e.to_string());
        assert_eq!(error, Err("max_price \"0.04\" is not more than zero at its precision".to_owned()));
        let error = id("noten").map_err(|e| e.to_string());
        assert_eq!(error, Err("instrument_id \"noten\" is not SYMBOL.VENUE".to_owned()));
    }
}
