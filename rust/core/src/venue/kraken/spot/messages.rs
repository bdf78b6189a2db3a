//! Messages of protocol v2: the keys of each in the order sent, and what is read of them.

use super::sequence::Digits;
use crate::book::{OrderAction, OrderChange};
use crate::data::{AggressorSide, Decimals, Side};
use crate::decimal::Decimal;
use crate::feed::Candle;
use crate::feed::fnv1a;
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, Written, keys};
use crate::time::Day;
use crate::venue::values::{
    BelowZero, Item, Levels, Text, items, moment, moment_or_none, name, price, price_or_zero, require, size,
    size_or_zero, word,
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
                self.taker =
                    word(cursor, &[(b"buy", AggressorSide::Buyer), (b"sell", AggressorSide::Seller)])?
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
        self.levels.read_spelt_priced::<Digits>(side, BelowZero::Refused, cursor, self.order, self.unknown)
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
    pub level: Order,
    pub day: Day,
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
            5 => self.candle.progress = cursor.u64()?.into(),
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
            0 => cursor.string_into(&mut self.channel)?,
            1 => self.depth = Some(cursor.u64()?),
            3 => cursor.string_into(&mut self.symbol)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// One order of `level3`: of a snapshot without `event`.
#[derive(Debug)]
struct Order3<'a> {
    action: OrderAction,
    id: Text<'a>,
    price: Decimal,
    size: Decimal,
    ts: u64,
}

impl Order3<'_> {
    /// A size is not needed of an order that is gone.
    const NEEDED: &'static [usize] = &[1, 2];
    const HAS_SIZE: u64 = 1 << 3;
}

impl<'a> Message<'a> for Order3<'a> {
    const KEYS: &'static [Key] = keys!["event", "order_id", "limit_price", "order_qty", "timestamp"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => {
                cursor.peek();
                let at = cursor.offset();
                self.action = match &*cursor.string()? {
                    b"add" => OrderAction::Add,
                    b"modify" => OrderAction::Modify,
                    b"delete" => OrderAction::Delete,
                    _ => return Err(JsonError { kind: Kind::Value, at }),
                };
            }
            1 => self.id = name(cursor)?,
            2 => self.price = price(cursor)?,
            3 => self.size = size_or_zero(cursor)?,
            _ => self.ts = moment(cursor)?,
        }
        Ok(())
    }
}

/// One item of `level3`, without its orders.
#[derive(Debug, Default)]
pub(super) struct OrdersHead<'a> {
    pub symbol: Text<'a>,
    pub checksum: u32,
    /// That of the message, else the latest of an order; 0: none.
    pub ts: u64,
    pub decimals: Decimals,
    /// Prices of the longer side: how deep a whole book is.
    pub levels: usize,
}

/// The same with its orders, which are added to `orders`.
struct Orders<'a, 'o> {
    head: &'o mut OrdersHead<'a>,
    /// Bids, and asks, which come after them whatever the order of the keys.
    orders: &'o mut Vec<OrderChange>,
    asks: Vec<OrderChange>,
    /// The latest time of an order.
    latest: u64,
    order: &'o mut Order,
    unknown: &'o mut UnknownKeys,
}

impl<'a> Orders<'a, '_> {
    fn side(&mut self, side: Side, cursor: &mut Cursor<'a>) -> Read {
        let (mut levels, mut last) = (0, None);
        cursor.array(|cursor| {
            cursor.peek();
            let start = cursor.offset();
            let mut order = Order3 {
                action: OrderAction::Add,
                id: Text::default(),
                price: Decimal::default(),
                size: Decimal::default(),
                ts: 0,
            };
            let seen = cursor.object(&mut order, self.order, self.unknown)?;
            require(seen, Order3::KEYS, Order3::NEEDED, start)?;
            let Order3 { action, id, price, size, ts } = order;
            if action != OrderAction::Delete {
                require(seen, Order3::KEYS, &[3], start)?;
                if size.value == 0 {
                    return Err(JsonError { kind: Kind::Size, at: start });
                }
            }
            // Texts of what is gone say nothing of the book's.
            if action != OrderAction::Delete || seen & Order3::HAS_SIZE != 0 {
                let sent = Decimals { price: price.significant, size: size.significant };
                self.head.decimals = self.head.decimals.max(sent);
            }
            self.latest = self.latest.max(ts);
            levels += usize::from(last.replace(price.value) != Some(price.value));
            let orders = if side == Side::Sell { &mut self.asks } else { &mut *self.orders };
            orders.push(OrderChange {
                action,
                side,
                id: fnv1a(&id),
                price: price.value,
                size: size.value,
                written: Written::of(price, size),
                whole: Written::of(price, size),
            });
            Ok(())
        })?;
        self.head.levels = self.head.levels.max(levels);
        Ok(())
    }
}

impl<'a> Message<'a> for Orders<'a, '_> {
    const KEYS: &'static [Key] = keys!["symbol", "checksum", "bids", "asks", "timestamp"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.head.symbol = name(cursor)?,
            1 => self.head.checksum = checksum(cursor)?,
            2 => self.side(Side::Buy, cursor)?,
            3 => self.side(Side::Sell, cursor)?,
            _ => self.head.ts = moment(cursor)?,
        }
        Ok(())
    }
}

/// Reads the items of a message of `level3`; their orders go to `into`.
pub(super) fn orders<'a>(
    cursor: &mut Cursor<'a>,
    into: &mut Vec<OrderChange>,
    order: &mut BookOrder,
    unknown: &mut UnknownKeys,
) -> Result<Vec<Item<OrdersHead<'a>>>, JsonError> {
    let mut strangers = UnknownKeys::default();
    into.clear();
    let found = items(cursor, |cursor, start| {
        let mut head = OrdersHead::default();
        let mut message = Orders {
            head: &mut head,
            orders: &mut *into,
            asks: Vec::new(),
            latest: 0,
            order: &mut order.level,
            unknown: &mut strangers,
        };
        let seen = cursor.object(&mut message, &mut order.head, unknown)?;
        require(seen, Orders::KEYS, &[0, 1], start)?;
        let Orders { latest, asks, .. } = message;
        into.extend(asks);
        if head.ts == 0 {
            head.ts = latest;
        }
        Ok(head)
    });
    unknown.merge(&strangers);
    found
}
