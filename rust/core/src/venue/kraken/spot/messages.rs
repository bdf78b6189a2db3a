//! Messages of protocol v2: the keys of each in the order sent, and what is read of them.

use super::bars::Candle;
use crate::data::{AggressorSide, Decimals, Side};
use crate::decimal::Decimal;
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::values::{
    BelowZero, Item, Levels, Text, items, moment, moment_or_none, name, price, price_or_zero, require, size,
    size_or_zero,
};

type Read = Result<(), JsonError>;

/// A message and the keys it cannot be without.
pub(super) trait Whole<'a>: Message<'a> + Default {
    const NEEDED: &'static [usize];
}

/// Reads an array of objects, each alone.
pub(super) fn each<'a, M: Whole<'a>>(
    cursor: &mut Cursor<'a>,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<Vec<Item<M>>, JsonError> {
    items(cursor, |cursor, start| {
        let mut message = M::default();
        let seen = cursor.object(&mut message, order, unknown)?;
        require(seen, M::KEYS, M::NEEDED, start)?;
        Ok(message)
    })
}

/// A checksum: an integer of 32 bits.
pub(super) fn checksum(cursor: &mut Cursor<'_>) -> Result<u32, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    u32::try_from(cursor.u64()?).map_err(|_| JsonError { kind: Kind::Integer, at })
}

/// One item of `trade`, of either protocol and of the REST answer.
#[derive(Debug)]
pub(super) struct Trade<'a> {
    /// Empty: the message names it once for all items.
    pub symbol: Text<'a>,
    pub price: Decimal,
    pub size: Decimal,
    pub taker: AggressorSide,
    /// `None`: protocol v1 has none, nor had old answers.
    pub id: Option<u64>,
    pub ts_event: u64,
}

impl Default for Trade<'_> {
    fn default() -> Self {
        Self {
            symbol: Text::default(),
            price: Decimal::default(),
            size: Decimal::default(),
            taker: AggressorSide::Buyer,
            id: None,
            ts_event: 0,
        }
    }
}

impl<'a> Message<'a> for Trade<'a> {
    const KEYS: &'static [Key] = keys!["symbol", "side", "price", "qty", "ord_type", "trade_id", "timestamp"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            1 => {
                cursor.peek();
                let at = cursor.offset();
                self.taker = match &*cursor.string()? {
                    b"buy" => AggressorSide::Buyer,
                    b"sell" => AggressorSide::Seller,
                    _ => return Err(JsonError { kind: Kind::Value, at }),
                };
            }
            2 => self.price = price(cursor)?,
            3 => self.size = size(cursor)?,
            5 => self.id = Some(cursor.u64()?),
            6 => self.ts_event = moment(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Trade<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 5, 6];
}

/// One item of `book`, of either protocol and of the REST answer, without its levels.
#[derive(Debug, Default)]
pub(super) struct BookHead<'a> {
    /// Empty: the message names it once for all items.
    pub symbol: Text<'a>,
    /// 0: none.
    pub ts: u64,
    pub checksum: Option<u32>,
    /// Where its levels end, and those of the item before it: bids, asks.
    pub ends: [usize; 2],
    pub starts: [usize; 2],
    pub decimals: Decimals,
}

/// The same with its levels.
struct Book<'a, 'l> {
    head: &'l mut BookHead<'a>,
    levels: &'l mut Levels,
    order: &'l mut Order,
    unknown: &'l mut UnknownKeys,
}

impl<'a> Book<'a, '_> {
    fn read_side(&mut self, side: Side, cursor: &mut Cursor<'a>) -> Read {
        self.levels.read_priced(side, BelowZero::Refused, cursor, self.order, self.unknown)
    }
}

impl<'a> Message<'a> for Book<'a, '_> {
    const KEYS: &'static [Key] = keys!["symbol", "bids", "asks", "checksum", "timestamp"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.head.symbol = name(cursor)?,
            1 => self.read_side(Side::Buy, cursor)?,
            2 => self.read_side(Side::Sell, cursor)?,
            3 => self.head.checksum = Some(checksum(cursor)?),
            _ => self.head.ts = moment(cursor)?,
        }
        Ok(())
    }
}

/// Predictions of books and of their levels.
#[derive(Debug, Default)]
pub(super) struct BookOrder {
    head: Order,
    level: Order,
}

/// Reads the items of a book's message; their levels are added to `levels`, one item's after the other's.
pub(super) fn books<'a>(
    cursor: &mut Cursor<'a>,
    levels: &mut Levels,
    order: &mut BookOrder,
    unknown: &mut UnknownKeys,
) -> Result<Vec<Item<BookHead<'a>>>, JsonError> {
    let mut strangers = UnknownKeys::default();
    let found = items(cursor, |cursor, start| {
        levels.decimals = Decimals::default();
        let mut head = BookHead { starts: [levels.bids.len(), levels.asks.len()], ..BookHead::default() };
        let mut book =
            Book { head: &mut head, levels: &mut *levels, order: &mut order.level, unknown: &mut strangers };
        let seen = cursor.object(&mut book, &mut order.head, unknown)?;
        require(seen, Book::KEYS, &[0, 3], start)?;
        head.ends = [levels.bids.len(), levels.asks.len()];
        head.decimals = levels.decimals;
        Ok(head)
    });
    unknown.merge(&strangers);
    found
}

/// One item of `ticker`.
#[derive(Debug, Default)]
pub(super) struct Ticker<'a> {
    pub symbol: Text<'a>,
    /// Bid and ask; 0: that side is empty.
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
    /// 0: none.
    pub ts: u64,
}

impl<'a> Message<'a> for Ticker<'a> {
    const KEYS: &'static [Key] = keys![
        "symbol",
        "bid",
        "bid_qty",
        "ask",
        "ask_qty",
        "last",
        "volume",
        "vwap",
        "low",
        "high",
        "change",
        "change_pct",
        "timestamp"
    ];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            1 => self.prices[0] = price_or_zero(cursor)?,
            2 => self.sizes[0] = size_or_zero(cursor)?,
            3 => self.prices[1] = price_or_zero(cursor)?,
            4 => self.sizes[1] = size_or_zero(cursor)?,
            12 => self.ts = moment_or_none(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Ticker<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4];
}

/// One item of `ohlc`.
#[derive(Debug, Default)]
pub(super) struct Bar<'a> {
    pub symbol: Text<'a>,
    pub candle: Candle,
    pub minutes: u16,
}

impl<'a> Message<'a> for Bar<'a> {
    const KEYS: &'static [Key] = keys![
        "symbol",
        "open",
        "high",
        "low",
        "close",
        "trades",
        "volume",
        "vwap",
        "interval_begin",
        "interval",
        "timestamp"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            1..=4 => self.candle.prices[key - 1] = price(cursor)?,
            5 => self.candle.count = cursor.u64()?,
            6 => self.candle.volume = size_or_zero(cursor)?,
            8 => self.candle.begin = moment(cursor)?,
            9 => {
                cursor.peek();
                let at = cursor.offset();
                self.minutes =
                    u16::try_from(cursor.u64()?).map_err(|_| JsonError { kind: Kind::Integer, at })?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Bar<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 6, 8, 9];
}

/// `result` of an acknowledgement: what was subscribed to.
#[derive(Debug, Default)]
pub(super) struct Subscribed<'a> {
    pub channel: Text<'a>,
    pub symbol: Text<'a>,
    pub depth: Option<u64>,
}

impl<'a> Message<'a> for Subscribed<'a> {
    const KEYS: &'static [Key] = keys![
        "channel",
        "depth",
        "snapshot",
        "symbol",
        "warnings",
        "interval",
        "event_trigger",
        "system",
        "api_version",
        "connection_id",
        "version",
        "include_tokenized_assets",
        "execution_venue"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.channel = cursor.string()?,
            1 => self.depth = Some(cursor.u64()?),
            3 => self.symbol = cursor.string()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}
