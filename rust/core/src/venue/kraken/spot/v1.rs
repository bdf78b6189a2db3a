//! Protocol v1 and the REST answers, whose items are arrays: prices and sizes first, then the time in seconds.

use super::messages::{BookHead, Trade};
use super::sequence::Digits;
use crate::book::SpeltLevels;
use crate::data::{AggressorSide, Decimals};
use crate::decimal::Decimal;
use crate::feed::Candle;
use crate::json::{Cursor, JsonError, Key, Kind, LevelSink, Message, Order, UnknownKeys, keys};
use crate::time::{self, MINUTE};
use crate::venue::values::{Levels, Text, price, price_or_zero, size, size_or_zero};

/// A time in seconds, quoted or bare, ns UTC.
pub(super) fn seconds(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    time::from_seconds(&text).ok_or(JsonError { kind: Kind::Time, at })
}

/// The same where 0 says that there is none.
fn seconds_or_none(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    let is_zero = !text.is_empty() && text.iter().all(|b| matches!(b, b'0' | b'.'));
    let ns = if is_zero { Some(0) } else { time::from_seconds(&text) };
    ns.ok_or(JsonError { kind: Kind::Time, at })
}

/// Reads the members of an array by their place, at least `needed` of them.
fn members<'a>(
    cursor: &mut Cursor<'a>,
    needed: usize,
    missing: &'static str,
    mut read: impl FnMut(usize, &mut Cursor<'a>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    let mut at = 0;
    cursor.array(|cursor| {
        read(at, cursor)?;
        at += 1;
        Ok(())
    })?;
    if at < needed { Err(cursor.error(Kind::Missing(missing))) } else { Ok(()) }
}

/// `[price, volume, time, side, order type, misc]`, and the number of the trade in answers since 2023.
pub(super) fn trade<'a>(cursor: &mut Cursor<'a>) -> Result<Trade<'a>, JsonError> {
    let mut trade = Trade::default();
    members(cursor, 4, "side", |at, cursor| {
        match at {
            0 => trade.price = price(cursor)?,
            1 => trade.size = size(cursor)?,
            2 => trade.ts_event = seconds(cursor)?,
            3 => {
                cursor.peek();
                let at = cursor.offset();
                trade.taker = match &*cursor.string()? {
                    b"b" => AggressorSide::Buyer,
                    b"s" => AggressorSide::Seller,
                    _ => return Err(JsonError { kind: Kind::Value, at }),
                };
            }
            6 => trade.id = Some(cursor.u64()?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(trade)
}

/// `[bid, ask, time, bid volume, ask volume]`.
#[derive(Debug, Default)]
pub(super) struct Spread {
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
    pub ts: u64,
}

impl Spread {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
        let mut spread = Self::default();
        members(cursor, 5, "askVolume", |at, cursor| {
            match at {
                0 | 1 => spread.prices[at] = price_or_zero(cursor)?,
                2 => spread.ts = seconds_or_none(cursor)?,
                3 | 4 => spread.sizes[at - 3] = size_or_zero(cursor)?,
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        Ok(spread)
    }
}

/// `ticker`: of both sides `[price, whole lots, lots]`.
#[derive(Debug, Default)]
pub(super) struct Ticker {
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
}

impl<'a> Message<'a> for Ticker {
    const KEYS: &'static [Key] = keys!["a", "b", "c", "v", "p", "t", "l", "h", "o"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        let side = match key {
            0 => 1,
            1 => 0,
            _ => return cursor.skip(),
        };
        members(cursor, 3, "lot volume", |at, cursor| {
            match at {
                0 => self.prices[side] = price_or_zero(cursor)?,
                2 => self.sizes[side] = size_or_zero(cursor)?,
                _ => cursor.skip()?,
            }
            Ok(())
        })
    }
}

/// `[time, end, open, high, low, close, vwap, volume, count]`: the times of the last change and of the end of the interval.
pub(super) fn candle(cursor: &mut Cursor<'_>, minutes: u16) -> Result<Candle, JsonError> {
    let mut candle = Candle::default();
    members(cursor, 9, "count", |at, cursor| {
        match at {
            1 => candle.begin = seconds(cursor)?.saturating_sub(u64::from(minutes) * MINUTE),
            2..=5 => candle.prices[at - 2] = price(cursor)?,
            7 => candle.volume = size_or_zero(cursor)?,
            8 => candle.progress = cursor.u64()?.into(),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(candle)
}

/// Of the REST answer: `[time, open, high, low, close, vwap, volume, count]`; the time is when it opened.
pub(super) fn answered_candle(cursor: &mut Cursor<'_>) -> Result<Candle, JsonError> {
    let mut candle = Candle::default();
    members(cursor, 8, "count", |at, cursor| {
        match at {
            0 => candle.begin = seconds(cursor)?,
            1..=4 => candle.prices[at - 1] = price(cursor)?,
            6 => candle.volume = size_or_zero(cursor)?,
            7 => candle.progress = cursor.u64()?.into(),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(candle)
}

/// What a payload of `book-N` (or the REST answer) is.
#[derive(Debug)]
pub(super) struct Book<'l> {
    pub levels: &'l mut Levels,
    /// The latest time of a level, ns UTC; 0: there was none.
    pub ts: u64,
    pub checksum: Option<u32>,
}

/// The keys of a whole book, as bits.
pub(super) const WHOLE: u64 = 0b11 | 0b11 << 5;
/// The keys that a book which was asked for cannot be without, by their place.
pub(super) const ANSWERED: &[usize] = &[5, 6];
/// The bit of `c`.
pub(super) const CHECKSUM: u64 = 1 << 4;

impl<'a> Message<'a> for Book<'_> {
    const KEYS: &'static [Key] = keys!["as", "bs", "a", "b", "c", "asks", "bids"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        let Levels { bids, asks, bids_written, asks_written, decimals, .. } = &mut *self.levels;
        match key {
            0 | 2 | 5 => {
                let mut out = SpeltLevels::<Digits>::new(asks, asks_written);
                levels(cursor, &mut out, decimals, &mut self.ts)
            }
            1 | 3 | 6 => {
                let mut out = SpeltLevels::<Digits>::new(bids, bids_written);
                levels(cursor, &mut out, decimals, &mut self.ts)
            }
            _ => {
                let (text, at) = cursor.decimal_text()?;
                let number =
                    std::str::from_utf8(&text).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
                self.checksum =
                    Some(number.and_then(|t| t.parse().ok()).ok_or(JsonError { kind: Kind::Integer, at })?);
                Ok(())
            }
        }
    }
}

/// `[[price, volume, time], …]`; a fourth member, `"r"`, says that the level is told again.
fn levels(
    cursor: &mut Cursor<'_>,
    out: &mut impl LevelSink,
    decimals: &mut Decimals,
    latest: &mut u64,
) -> Result<(), JsonError> {
    cursor.array(|cursor| {
        let (mut level, mut ts) = ([Decimal::default(); 2], 0);
        members(cursor, 3, "timestamp", |at, cursor| {
            match at {
                0 => level[0] = price(cursor)?,
                1 => level[1] = size_or_zero(cursor)?,
                2 => ts = seconds(cursor)?,
                _ => cursor.skip()?,
            }
            Ok(())
        })?;
        *latest = (*latest).max(ts);
        let [price, size] = level;
        *decimals = (*decimals).max(Decimals { price: price.significant, size: size.significant });
        out.push(price, size);
        Ok(())
    })
}

/// Reads a payload of a book; answers its keys as bits.
pub(super) fn book<'a>(
    cursor: &mut Cursor<'a>,
    levels: &mut Levels,
    head: &mut BookHead<'a>,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<u64, JsonError> {
    let mut book = Book { levels, ts: head.ts, checksum: head.checksum };
    let seen = cursor.object(&mut book, order, unknown)?;
    (head.ts, head.checksum) = (book.ts, book.checksum);
    head.ends = [levels.bids.len(), levels.asks.len()];
    head.decimals = levels.decimals;
    Ok(seen)
}

/// The parts of a frame of protocol v1, each at its place.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub payloads: Vec<(usize, u32)>,
    pub channel: Text<'a>,
    pub pair: Text<'a>,
}

impl<'a> Parts<'a> {
    /// Reads `[channelID, payload, …, channelName, pair]` to its end.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, JsonError> {
        let mut places = Vec::with_capacity(4);
        cursor.array(|cursor| {
            places.push(crate::venue::values::pass(cursor)?);
            Ok(())
        })?;
        cursor.finish()?;
        let end = cursor.offset();
        let (Some(pair), Some(channel)) = (places.pop(), places.pop()) else {
            return Err(Kind::Missing("channelName").into());
        };
        let mut text = |(start, _)| {
            cursor.seek(start);
            cursor.string()
        };
        let (channel, pair) = (text(channel)?, text(pair)?);
        cursor.seek(end);
        // Where the numbers of channels are left out one day, the names still are at the end.
        let is_number = |place: &(usize, u32)| {
            cursor.seek(place.0);
            cursor.peek().is_ascii_digit()
        };
        if places.first().is_some_and(is_number) {
            places.remove(0);
        }
        // In 2019 a snapshot had a second payload, which was null.
        places.retain(|place| {
            cursor.seek(place.0);
            cursor.peek() != b'n'
        });
        cursor.seek(end);
        Ok(Self { payloads: places, channel, pair })
    }
}
