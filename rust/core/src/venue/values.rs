//! Readers of the values that venues' messages have in common: times, prices, sizes, numbers kept as text.

use crate::data::Decimals;
use crate::decimal::Decimal;
use crate::feed::BookMessage;
use crate::json::{Cursor, JsonError, Key, Kind, Level, out_of_range};
use crate::{decimal, time};

/// An item of an array: it stands or falls alone.
pub(super) type Item<T> = Result<T, JsonError>;

/// Reads an array of items, each alone; `read` also gets where the item starts.
pub(super) fn items<'a, T>(
    cursor: &mut Cursor<'a>,
    mut read: impl FnMut(&mut Cursor<'a>, usize) -> Result<T, JsonError>,
) -> Result<Vec<Item<T>>, JsonError> {
    let mut items = Vec::new();
    cursor.array(|cursor| {
        cursor.peek();
        let (start, depth) = (cursor.offset(), cursor.depth());
        let item = read(cursor, start);
        match &item {
            Err(error) if error.kind.is_syntax() => return Err(*error),
            Err(_) => cursor.pass_over(start, depth)?,
            Ok(_) => {}
        }
        items.push(item);
        Ok(())
    })?;
    Ok(items)
}

/// Text that was read from a frame: UTF-8 was checked over all of it.
pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Levels of one message; kept and reused.
#[derive(Debug, Default)]
pub(super) struct Levels {
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    pub decimals: Decimals,
}

impl Levels {
    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.decimals = Decimals::default();
    }

    pub(super) fn read_bids(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        self.decimals = self.decimals.max(cursor.levels(&mut self.bids)?);
        Ok(())
    }

    pub(super) fn read_asks(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        self.decimals = self.decimals.max(cursor.levels(&mut self.asks)?);
        Ok(())
    }

    /// As the market takes them; `ts_event` 0: the receive time.
    pub(super) fn message(&self, ts_event: u64) -> BookMessage<'_> {
        BookMessage { bids: &self.bids, asks: &self.asks, decimals: self.decimals, ts_event }
    }
}

/// A time in the venue's milliseconds (or microseconds), ns UTC.
pub(super) fn epoch(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    time::from_epoch(cursor.u64()?).ok_or(JsonError { kind: Kind::Time, at })
}

/// The same where 0 says that there is none.
pub(super) fn epoch_or_none(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    match cursor.u64()? {
        0 => Ok(0),
        value => time::from_epoch(value).ok_or(JsonError { kind: Kind::Time, at }),
    }
}

/// A price that must be positive.
pub(super) fn price(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let price = cursor.decimal()?;
    if price.value > 0 && price.value <= decimal::PRICE_MAX {
        Ok(price)
    } else {
        Err(out_of_range(Kind::Price, price.value, at))
    }
}

/// A price the venue computes: positive, rounded where it has more than 16 decimals.
pub(super) fn computed_price(cursor: &mut Cursor<'_>) -> Result<(Decimal, bool), JsonError> {
    let at = cursor.offset();
    let (price, rounded) = cursor.rounded_decimal()?;
    if price.value > 0 && price.value <= decimal::PRICE_MAX {
        Ok((price, rounded))
    } else {
        Err(out_of_range(Kind::Price, price.value, at))
    }
}

/// A price the venue computes, where it has one: `""` and 0 are none. With it, whether it was rounded.
pub(super) fn computed_price_or_none(cursor: &mut Cursor<'_>) -> Result<Option<(Decimal, bool)>, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    if text.is_empty() {
        return Ok(None);
    }
    let (price, rounded) =
        decimal::parse_rounded(&text).map_err(|error| JsonError { kind: Kind::Decimal(error), at })?;
    if price.value < 0 || price.value > decimal::PRICE_MAX {
        return Err(out_of_range(Kind::Price, price.value, at));
    }
    Ok((price.value > 0).then_some((price, rounded)))
}

/// Whether the value is `""`: the venue has none.
pub(super) fn is_empty_text(cursor: &mut Cursor<'_>) -> bool {
    cursor.peek() == b'"' && cursor.rest().starts_with(b"\"\"")
}

/// A time in milliseconds, as text or as a number; `""` and 0 are none.
pub(super) fn epoch_text(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    if text.is_empty() || *text == *b"0" {
        return Ok(None);
    }
    let value = std::str::from_utf8(&text).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    let value = value.and_then(|t| t.parse().ok()).ok_or(JsonError { kind: Kind::Integer, at })?;
    time::from_epoch(value).map(Some).ok_or(JsonError { kind: Kind::Time, at })
}

/// A number that is a double in Nautilus too (greeks, volatilities); `""` is none.
pub(super) fn float_or_none(cursor: &mut Cursor<'_>) -> Result<Option<f64>, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    if text.is_empty() {
        return Ok(None);
    }
    // The decimal's rules say what a number is; `f64` alone would take "inf" and more.
    decimal::canonical(&text).map_err(|error| JsonError { kind: Kind::Decimal(error), at })?;
    let value = std::str::from_utf8(&text).ok().and_then(|t| t.parse::<f64>().ok());
    value.filter(|v| v.is_finite()).map(Some).ok_or(JsonError { kind: Kind::Value, at })
}

/// A price that may be zero: an empty side, an index not yet known.
pub(super) fn price_or_zero(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let price = cursor.decimal()?;
    if price.value >= 0 && price.value <= decimal::PRICE_MAX {
        Ok(price)
    } else {
        Err(out_of_range(Kind::Price, price.value, at))
    }
}

/// A size that may be zero.
pub(super) fn size_or_zero(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let size = cursor.decimal()?;
    if size.value >= 0 && size.value <= decimal::SIZE_MAX {
        Ok(size)
    } else {
        Err(out_of_range(Kind::Size, size.value, at))
    }
}

/// A size above zero.
pub(super) fn size(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let size = size_or_zero(cursor)?;
    if size.value == 0 { Err(JsonError { kind: Kind::Size, at }) } else { Ok(size) }
}

/// A number kept as canonical text; `""` stays `""`.
pub(super) fn number_text(cursor: &mut Cursor<'_>) -> Result<String, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    if text.is_empty() {
        return Ok(String::new());
    }
    decimal::canonical(&text).map_err(|error| JsonError { kind: Kind::Decimal(error), at })
}

/// Keys that must have been there: a bit each, and the names for the error.
pub(super) fn require(seen: u64, keys: &'static [Key], needed: &[usize], at: usize) -> Result<(), JsonError> {
    match needed.iter().find(|key| seen & (1 << **key) == 0) {
        Some(missing) => Err(JsonError { kind: Kind::Missing(keys[*missing].name()), at }),
        None => Ok(()),
    }
}
