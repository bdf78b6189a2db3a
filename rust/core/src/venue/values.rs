//! Readers of the values that venues' messages have in common: times, prices, sizes, numbers kept as text.

use std::borrow::Cow;

use crate::book::{Proof, Spelling, Spelt, SpeltLevels};
use crate::data::{Decimals, Side};
use crate::decimal::Decimal;
use crate::feed::BookMessage;
use crate::json::{
    AsObject, Cursor, JsonError, Key, Kind, Level, LevelReader, LevelSink, Message, Order, UnknownKeys, keys,
    out_of_range,
};
use crate::lanes::{self, Eights};
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

/// Text of a frame, unescaped.
pub(super) type Text<'a> = Cow<'a, [u8]>;

/// Text that was read from a frame: UTF-8 was checked over all of it.
pub(super) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A text that is one of a few words.
pub(super) fn word<T: Copy>(cursor: &mut Cursor<'_>, words: &[(&[u8], T)]) -> Result<T, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = cursor.string()?;
    let found = words.iter().find(|(word, _)| lanes::same(word, &text));
    found.map(|(_, value)| *value).ok_or(JsonError { kind: Kind::Value, at })
}

/// What a size below zero in a book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BelowZero {
    /// Not a size.
    Refused,
    /// Nothing stands there, as 0 says.
    None,
}

/// A level that is an object.
#[derive(Debug)]
struct Priced {
    price: Decimal,
    size: Decimal,
    below_zero: BelowZero,
}

impl<'a> Message<'a> for Priced {
    const KEYS: &'static [Key] = keys!["price", "qty"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => self.price = price(cursor)?,
            _ => self.size = book_size(cursor, self.below_zero)?,
        }
        Ok(())
    }
}

/// Levels as objects, and the most decimals met.
struct PricedLevels<'l, S> {
    out: &'l mut S,
    decimals: &'l mut Decimals,
    below_zero: BelowZero,
    order: &'l mut Order,
    unknown: &'l mut UnknownKeys,
    /// Whether levels were met that are to be read one by one.
    one_by_one: bool,
}

impl<S: LevelSink> LevelReader for PricedLevels<'_, S> {
    #[inline(always)]
    fn level(&mut self, cursor: &mut Cursor<'_>, eights: impl Eights) -> Result<(), JsonError> {
        if !self.one_by_one {
            if let Some(decimals) = cursor.usual_levels::<AsObject>(self.out, eights) {
                *self.decimals = self.decimals.max(decimals);
                return Ok(());
            }
            self.one_by_one = true;
        }
        match cursor.short_priced_level(self.out, eights) {
            Some((price, size)) if price.value > 0 => {
                self.decimals.price = self.decimals.price.max(price.significant);
                self.decimals.size = self.decimals.size.max(size.significant);
                Ok(())
            }
            Some((price, _)) => Err(out_of_range(Kind::Price, price.value, cursor.offset())),
            None => self.level_slowly(cursor),
        }
    }
}

impl<S: LevelSink> PricedLevels<'_, S> {
    #[inline(never)]
    fn level_slowly(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        cursor.peek();
        let start = cursor.offset();
        let zero = Decimal::default();
        let mut level = Priced { price: zero, size: zero, below_zero: self.below_zero };
        let seen = cursor.object(&mut level, self.order, self.unknown)?;
        require(seen, Priced::KEYS, &[0, 1], start)?;
        let (price, size) = (level.price, level.size);
        *self.decimals = self.decimals.max(Decimals { price: price.significant, size: size.significant });
        self.out.push(price, size);
        Ok(())
    }
}

/// Levels of one message; kept and reused.
#[derive(Debug, Default)]
pub(super) struct Levels {
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    pub decimals: Decimals,
    /// How they were written, where they were read so.
    pub bids_written: Vec<Spelt>,
    pub asks_written: Vec<Spelt>,
}

impl Levels {
    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.bids_written.clear();
        self.asks_written.clear();
        self.decimals = Decimals::default();
    }

    #[inline]
    pub(super) fn read_bids(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        self.decimals = self.decimals.max(cursor.levels(&mut self.bids)?);
        Ok(())
    }

    #[inline]
    pub(super) fn read_asks(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        self.decimals = self.decimals.max(cursor.levels(&mut self.asks)?);
        Ok(())
    }

    /// Bids whose checksum is made of their text.
    pub(super) fn read_spelt_bids<S: Spelling>(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let mut out = SpeltLevels::<S>::new(&mut self.bids, &mut self.bids_written);
        self.decimals = self.decimals.max(cursor.levels(&mut out)?);
        Ok(())
    }

    /// The same of asks.
    pub(super) fn read_spelt_asks<S: Spelling>(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let mut out = SpeltLevels::<S>::new(&mut self.asks, &mut self.asks_written);
        self.decimals = self.decimals.max(cursor.levels(&mut out)?);
        Ok(())
    }

    /// Both sides' levels as objects, `{"price":1.50,"qty":2}`: `side` is the one to read.
    pub(super) fn read_priced(
        &mut self,
        side: Side,
        below_zero: BelowZero,
        cursor: &mut Cursor<'_>,
        order: &mut Order,
        unknown: &mut UnknownKeys,
    ) -> Result<(), JsonError> {
        let out = if side == Side::Sell { &mut self.asks } else { &mut self.bids };
        let decimals = &mut self.decimals;
        let mut reader = PricedLevels { out, decimals, below_zero, order, unknown, one_by_one: false };
        cursor.each_level(&mut reader)
    }

    /// The same where a checksum is made of their text.
    pub(super) fn read_spelt_priced<S: Spelling>(
        &mut self,
        side: Side,
        below_zero: BelowZero,
        cursor: &mut Cursor<'_>,
        order: &mut Order,
        unknown: &mut UnknownKeys,
    ) -> Result<(), JsonError> {
        let (levels, spelt) = match side {
            Side::Sell => (&mut self.asks, &mut self.asks_written),
            Side::Buy | Side::None => (&mut self.bids, &mut self.bids_written),
        };
        let out = &mut SpeltLevels::<S>::new(levels, spelt);
        let decimals = &mut self.decimals;
        let mut reader = PricedLevels { out, decimals, below_zero, order, unknown, one_by_one: false };
        cursor.each_level(&mut reader)
    }

    /// As the market takes them; `ts_event` 0: the receive time.
    pub(super) fn message(&self, ts_event: u64) -> BookMessage<'_> {
        let proof = Proof::default();
        BookMessage {
            bids: &self.bids,
            asks: &self.asks,
            orders: None,
            proof,
            decimals: self.decimals,
            ts_event,
        }
    }
}

/// A time as nearly every one is written, in milliseconds of thirteen digits (or in microseconds), ns UTC; `None` where it is
/// anything else. What follows it is the caller's to check.
#[inline(always)]
pub(super) fn usual_epoch(cursor: &mut Cursor<'_>) -> Option<u64> {
    match cursor.thirteen_digits().and_then(time::from_epoch) {
        Some(ns) => Some(ns),
        None => time::from_epoch(cursor.short_integer()?),
    }
}

/// The same with the brace behind it that ends the frame.
#[inline(always)]
pub(super) fn last_epoch(cursor: &mut Cursor<'_>) -> Option<u64> {
    match cursor.last_thirteen_digits() {
        Some(value) => time::from_epoch(value),
        None => time::from_epoch(cursor.last_integer()?),
    }
}

/// A time in the venue's milliseconds (or microseconds), ns UTC.
#[inline(always)]
pub(super) fn epoch(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let at = cursor.offset();
    match cursor.short_integer() {
        Some(value) => time::from_epoch(value).ok_or(JsonError { kind: Kind::Time, at }),
        None => any_epoch(cursor),
    }
}

#[inline(never)]
fn any_epoch(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
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

/// A time as RFC 3339 text, `2026-08-26T11:34:06.075373Z`, ns UTC.
pub(super) fn moment(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = cursor.string()?;
    time::from_rfc3339(&text).filter(|ns| time::is_plausible(*ns)).ok_or(JsonError { kind: Kind::Time, at })
}

/// The same where the beginning of the epoch says that there is none: 0.
pub(super) fn moment_or_none(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = cursor.string()?;
    let ns = time::from_rfc3339(&text).filter(|ns| *ns == 0 || time::is_plausible(*ns));
    ns.ok_or(JsonError { kind: Kind::Time, at })
}

/// A price that must be positive.
#[inline(always)]
pub(super) fn price(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    match cursor.short_quoted_decimal() {
        Some(price) if price.value > 0 => Ok(price),
        Some(price) => Err(out_of_range(Kind::Price, price.value, at)),
        None => decimal::anew(any_price(cursor)),
    }
}

#[inline(never)]
fn any_price(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let price = cursor.decimal()?;
    if price.value > 0 && price.value <= decimal::PRICE_MAX {
        Ok(price)
    } else {
        Err(out_of_range(Kind::Price, price.value, at))
    }
}

/// The same where it is bare, as a number.
#[inline(always)]
pub(super) fn bare_price(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    match cursor.short_bare_decimal() {
        Some(price) if price.value > 0 => Ok(price),
        Some(price) => Err(out_of_range(Kind::Price, price.value, at)),
        None => decimal::anew(any_price(cursor)),
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
#[inline]
pub(super) fn epoch_text(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonError> {
    let at = cursor.offset() + 1;
    if let Some(value) = cursor.short_quoted() {
        return time::from_epoch(value).map(Some).ok_or(JsonError { kind: Kind::Time, at });
    }
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
#[inline(always)]
pub(super) fn price_or_zero(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    cursor.short_quoted_decimal().map_or_else(|| decimal::anew(any_price_or_zero(cursor)), Ok)
}

#[inline(never)]
fn any_price_or_zero(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let price = cursor.decimal()?;
    if price.value >= 0 && price.value <= decimal::PRICE_MAX {
        Ok(price)
    } else {
        Err(out_of_range(Kind::Price, price.value, at))
    }
}

/// A size that may be zero.
#[inline(always)]
pub(super) fn size_or_zero(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    cursor.short_quoted_decimal().map_or_else(|| decimal::anew(any_size_or_zero(cursor)), Ok)
}

#[inline(never)]
fn any_size_or_zero(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let size = cursor.decimal()?;
    if size.value >= 0 && size.value <= decimal::SIZE_MAX {
        Ok(size)
    } else {
        Err(out_of_range(Kind::Size, size.value, at))
    }
}

/// The size of a level, bare.
#[inline(always)]
pub(super) fn bare_book_size(cursor: &mut Cursor<'_>, below_zero: BelowZero) -> Result<Decimal, JsonError> {
    cursor.short_bare_decimal().map_or_else(|| decimal::anew(book_size(cursor, below_zero)), Ok)
}

/// The size of a level.
#[inline(never)]
pub(super) fn book_size(cursor: &mut Cursor<'_>, below_zero: BelowZero) -> Result<Decimal, JsonError> {
    let at = cursor.offset();
    let size = cursor.decimal()?;
    match below_zero {
        BelowZero::None if size.value < 0 => Ok(Decimal::default()),
        _ if (0..=decimal::SIZE_MAX).contains(&size.value) => Ok(size),
        _ => Err(out_of_range(Kind::Size, size.value, at)),
    }
}

/// A size above zero.
#[inline(always)]
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

/// A number kept as canonical text, which must say something.
pub(super) fn needed_number_text(cursor: &mut Cursor<'_>) -> Result<String, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = number_text(cursor)?;
    if text.is_empty() { Err(JsonError { kind: Kind::Value, at }) } else { Ok(text) }
}

/// A price or 0; `""` is 0: that side is empty.
pub(super) fn price_or_empty(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    if is_empty_text(cursor) { cursor.string().map(|_| Decimal::default()) } else { price_or_zero(cursor) }
}

/// A size or 0; `""` is 0.
pub(super) fn size_or_empty(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    if is_empty_text(cursor) { cursor.string().map(|_| Decimal::default()) } else { size_or_zero(cursor) }
}

/// A text that must say something.
#[inline(always)]
pub(super) fn name<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let start = cursor.offset();
    match cursor.short_string() {
        Some(name) if !name.is_empty() => Ok(Text::Borrowed(name)),
        _ => {
            cursor.seek(start);
            anew(any_name(cursor))
        }
    }
}

/// As [`decimal::anew`], of a text.
#[inline(always)]
pub(super) fn anew(answer: Result<Text<'_>, JsonError>) -> Result<Text<'_>, JsonError> {
    match answer? {
        Text::Borrowed(text) => Ok(Text::Borrowed(text)),
        Text::Owned(text) => Ok(Text::Owned(text)),
    }
}

#[inline(never)]
fn any_name<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = cursor.string()?;
    if text.is_empty() { Err(JsonError { kind: Kind::Value, at }) } else { Ok(text) }
}

/// A time as text that must be there.
pub(super) fn needed_epoch(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    epoch_text(cursor)?.ok_or(JsonError { kind: Kind::Time, at })
}

/// A number above 0 as canonical text.
pub(super) fn positive_text(cursor: &mut Cursor<'_>, wrong: Kind) -> Result<String, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = number_text(cursor)?;
    if text.is_empty() || text == "0" || text.starts_with('-') {
        return Err(JsonError { kind: wrong, at });
    }
    Ok(text)
}

/// Passes over a value that is read later; answers where it starts.
pub(super) fn pass(cursor: &mut Cursor<'_>) -> Result<(usize, u32), JsonError> {
    cursor.peek();
    let place = (cursor.offset(), cursor.depth());
    cursor.skip()?;
    Ok(place)
}

/// Answers are newest first; equal times stay in the order of the stream.
pub(super) fn oldest_first<T>(items: &mut [Item<T>], ts: impl Fn(&T) -> u64) {
    items.reverse();
    items.sort_by_key(|item| item.as_ref().map_or(0, &ts));
}

/// What is wrong with a frame: one whose syntax is broken further on is a frame of broken syntax.
#[cold]
pub(super) fn or_syntax(body: &[u8], error: JsonError) -> JsonError {
    let mut cursor = Cursor::new(body);
    let syntax = cursor.skip().and_then(|()| cursor.finish());
    if error.kind.is_syntax() { error } else { syntax.err().unwrap_or(error) }
}

/// Keys that must have been there: a bit each, and the names for the error.
#[inline(always)]
pub(super) fn require(seen: u64, keys: &'static [Key], needed: &[usize], at: usize) -> Result<(), JsonError> {
    let all = needed.iter().fold(0, |all, key| all | 1 << *key);
    if seen & all == all { Ok(()) } else { Err(missing(seen, keys, needed, at)) }
}

#[cold]
fn missing(seen: u64, keys: &'static [Key], needed: &[usize], at: usize) -> JsonError {
    let first = needed.iter().find(|key| seen & (1 << **key) == 0);
    let name = first.map_or("", |key| keys[*key].name());
    JsonError { kind: Kind::Missing(name), at }
}
