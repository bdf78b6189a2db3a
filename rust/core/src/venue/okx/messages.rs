//! OKX's messages: the keys of each in the order sent, and what is read of them.
//!
//! One struct per message; its `KEYS` are the union of what the channels, the REST answers and the years send
//! (`README.md` has the table). Keys whose values are not needed are read past, checked.

use super::sequence::AsSent;
use crate::data::Decimals;
use crate::decimal::Decimal;
use crate::feed;
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::values::{
    Item, Levels, Text, computed_price_or_none, epoch_text, float_or_none, items, name, needed_epoch,
    number_text, positive_text, price, price_or_empty, require, size, size_or_empty, size_or_zero, word,
};

type Read = Result<(), JsonError>;

/// A message and the keys it cannot be without.
pub(super) trait Whole<'a>: Message<'a> + Default {
    const NEEDED: &'static [usize];
}

/// Reads one object, all its keys there.
pub(super) fn one<'a, M: Whole<'a>>(
    cursor: &mut Cursor<'a>,
    start: usize,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<M, JsonError> {
    let mut message = M::default();
    let seen = cursor.object(&mut message, order, unknown)?;
    require(seen, M::KEYS, M::NEEDED, start)?;
    Ok(message)
}

/// Reads an array of objects, each alone.
pub(super) fn each<'a, M: Whole<'a>>(
    cursor: &mut Cursor<'a>,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<Vec<Item<M>>, JsonError> {
    items(cursor, |cursor, start| one(cursor, start, order, unknown))
}

/// `buy` or `sell`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Side {
    #[default]
    Buy,
    Sell,
}

fn side(cursor: &mut Cursor<'_>) -> Result<Side, JsonError> {
    word(cursor, &[(b"buy", Side::Buy), (b"sell", Side::Sell)])
}

/// `arg`: what was subscribed to.
#[derive(Debug, Default)]
pub(super) struct Arg<'a> {
    pub channel: Text<'a>,
    pub symbol: Text<'a>,
}

impl<'a> Message<'a> for Arg<'a> {
    const KEYS: &'static [Key] = keys![
        "channel",
        "instId",
        "instType",
        "instFamily",
        "uly",
        "sprdId",
        "ccy",
        "uid",
        "extraParams",
        "generated"
    ];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => cursor.string_into(&mut self.channel)?,
            1 => cursor.string_into(&mut self.symbol)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// One item of `trades`, `trades-all` and REST `trades`.
#[derive(Debug, Default)]
pub(super) struct Trade<'a> {
    pub symbol: Text<'a>,
    pub id: Text<'a>,
    pub price: Decimal,
    pub size: Decimal,
    pub taker: Side,
    pub ts_event: u64,
    /// Whether it says how many fills it is: one, or several together.
    pub is_counted: bool,
}

impl<'a> Message<'a> for Trade<'a> {
    const KEYS: &'static [Key] =
        keys!["instId", "tradeId", "px", "sz", "side", "ts", "count", "source", "seqId"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            1 => self.id = name(cursor)?,
            2 => self.price = price(cursor)?,
            3 => self.size = size(cursor)?,
            4 => self.taker = side(cursor)?,
            5 => self.ts_event = needed_epoch(cursor)?,
            6 => {
                cursor.skip()?;
                self.is_counted = true;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Trade<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 5];
}

/// One item of a book channel, without its levels.
#[derive(Debug, Default)]
pub(super) struct BookHead<'a> {
    /// Empty: not sent, `arg` has it.
    pub symbol: Text<'a>,
    pub ts: u64,
    /// 0: none.
    pub checksum: i32,
    pub seq: Option<u64>,
    /// `None`: not sent, or -1.
    pub previous: Option<u64>,
    /// Where its levels end, and those of the item before it: bids, asks.
    pub ends: [usize; 2],
    pub starts: [usize; 2],
    pub decimals: Decimals,
}

/// The same with its levels.
#[derive(Debug)]
pub(super) struct Book<'a, 'l> {
    pub head: &'l mut BookHead<'a>,
    pub levels: &'l mut Levels,
}

impl<'a> Message<'a> for Book<'a, '_> {
    const KEYS: &'static [Key] =
        keys!["asks", "bids", "ts", "checksum", "seqId", "prevSeqId", "instId", "instType", "action"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.levels.read_spelt_asks::<AsSent>(cursor)?,
            1 => self.levels.read_spelt_bids::<AsSent>(cursor)?,
            2 => self.head.ts = needed_epoch(cursor)?,
            3 => self.head.checksum = checksum(cursor)?,
            4 => self.head.seq = Some(cursor.u64()?),
            5 => self.head.previous = u64::try_from(cursor.i64()?).ok(),
            6 => cursor.string_into(&mut self.head.symbol)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Book<'_, '_> {
    const NEEDED: &'static [usize] = &[0, 1, 2];

    /// Reads the items of a book's message; their levels are added to `levels`, one item's after the other's.
    pub(super) fn each<'a>(
        cursor: &mut Cursor<'a>,
        levels: &mut Levels,
        order: &mut Order,
        unknown: &mut UnknownKeys,
    ) -> Result<Vec<Item<BookHead<'a>>>, JsonError> {
        items(cursor, |cursor, _| Self::one(cursor, levels, order, unknown))
    }

    /// Reads one of them.
    pub(super) fn one<'a>(
        cursor: &mut Cursor<'a>,
        levels: &mut Levels,
        order: &mut Order,
        unknown: &mut UnknownKeys,
    ) -> Result<BookHead<'a>, JsonError> {
        cursor.peek();
        let start = cursor.offset();
        levels.decimals = Decimals::default();
        let mut head = BookHead { starts: [levels.bids.len(), levels.asks.len()], ..BookHead::default() };
        let seen = cursor.object(&mut Book { head: &mut head, levels }, order, unknown)?;
        require(seen, Book::KEYS, Self::NEEDED, start)?;
        head.ends = [levels.bids.len(), levels.asks.len()];
        head.decimals = levels.decimals;
        Ok(head)
    }
}

fn checksum(cursor: &mut Cursor<'_>) -> Result<i32, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    i32::try_from(cursor.i64()?).map_err(|_| JsonError { kind: Kind::Integer, at })
}

/// One item of `tickers`.
#[derive(Debug, Default)]
pub(super) struct Ticker<'a> {
    pub symbol: Text<'a>,
    /// Bid and ask; 0: that side is empty.
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
    pub ts: u64,
}

impl<'a> Message<'a> for Ticker<'a> {
    const KEYS: &'static [Key] = keys![
        "instType",
        "instId",
        "last",
        "lastSz",
        "askPx",
        "askSz",
        "bidPx",
        "bidSz",
        "open24h",
        "high24h",
        "low24h",
        "sodUtc0",
        "sodUtc8",
        "volCcy24h",
        "vol24h",
        "ts",
        "source"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.symbol = name(cursor)?,
            4 => self.prices[1] = price_or_empty(cursor)?,
            5 => self.sizes[1] = size_or_empty(cursor)?,
            6 => self.prices[0] = price_or_empty(cursor)?,
            7 => self.sizes[0] = size_or_empty(cursor)?,
            15 => self.ts = needed_epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Ticker<'a> {
    const NEEDED: &'static [usize] = &[1, 15];
}

/// One candle: `[ts, open, high, low, close, volume, …, confirm]`.
#[derive(Debug, Default)]
pub(super) struct Candle {
    pub start: u64,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    pub volume: Decimal,
    /// `None`: not said, as before 2022.
    pub is_closed: Option<bool>,
}

impl Candle {
    /// As one that may run still: its volume only grows.
    pub(super) const fn running(&self) -> feed::Candle {
        let Self { start, prices, volume, .. } = *self;
        feed::Candle { begin: start, prices, volume, progress: volume.value }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, JsonError> {
        let (mut candle, mut at) = (Self::default(), 0);
        cursor.array(|cursor| {
            match at {
                0 => candle.start = needed_epoch(cursor)?,
                1..=4 => candle.prices[at - 1] = price(cursor)?,
                5 => candle.volume = size_or_zero(cursor)?,
                8 => {
                    cursor.peek();
                    let at = cursor.offset();
                    candle.is_closed = match &*cursor.string()? {
                        b"0" => Some(false),
                        b"1" => Some(true),
                        _ => return Err(JsonError { kind: Kind::Value, at }),
                    };
                }
                _ => cursor.skip()?,
            }
            at += 1;
            Ok(())
        })?;
        if at < 6 { Err(cursor.error(Kind::Missing("vol"))) } else { Ok(candle) }
    }
}

/// A mark or index price, and whether it was rounded.
type Computed = Option<(Decimal, bool)>;

/// One item of `mark-price`.
#[derive(Debug, Default)]
pub(super) struct Mark<'a> {
    pub symbol: Text<'a>,
    pub price: Computed,
    pub ts: u64,
}

impl<'a> Message<'a> for Mark<'a> {
    const KEYS: &'static [Key] = keys!["instId", "instType", "markPx", "ts"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            2 => self.price = computed_price_or_none(cursor)?,
            3 => self.ts = needed_epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Mark<'a> {
    const NEEDED: &'static [usize] = &[0, 2, 3];
}

/// One item of `index-tickers`.
#[derive(Debug, Default)]
pub(super) struct Index<'a>(pub Mark<'a>);

impl<'a> Message<'a> for Index<'a> {
    const KEYS: &'static [Key] =
        keys!["instId", "idxPx", "open24h", "high24h", "low24h", "sodUtc0", "sodUtc8", "ts"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.0.symbol = name(cursor)?,
            1 => self.0.price = computed_price_or_none(cursor)?,
            7 => self.0.ts = needed_epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Index<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 7];
}

/// One item of `funding-rate`, and of REST `funding-rate-history`.
#[derive(Debug, Default)]
pub(super) struct Funding<'a> {
    pub symbol: Text<'a>,
    /// Canonical text; empty: none.
    pub rate: String,
    /// What was paid; empty: it is not of the past.
    pub realized: String,
    /// When it is paid.
    pub funding: Option<u64>,
    /// When the one after it is.
    pub next: Option<u64>,
    /// 0: not sent (2021).
    pub ts: u64,
}

impl<'a> Message<'a> for Funding<'a> {
    const KEYS: &'static [Key] = keys![
        "formulaType",
        "fundingRate",
        "fundingTime",
        "impactValue",
        "instId",
        "instType",
        "interestRate",
        "maxFundingRate",
        "method",
        "minFundingRate",
        "nextFundingRate",
        "nextFundingTime",
        "premium",
        "prevFundingTime",
        "settFundingRate",
        "settState",
        "ts",
        "realizedRate"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.rate = number_text(cursor)?,
            2 => self.funding = epoch_text(cursor)?,
            4 => self.symbol = name(cursor)?,
            11 => self.next = epoch_text(cursor)?,
            16 => self.ts = needed_epoch(cursor)?,
            17 => self.realized = number_text(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Funding<'a> {
    const NEEDED: &'static [usize] = &[2, 4];
}

/// One order of `liquidation-orders`.
#[derive(Debug, Default)]
pub(super) struct Forced {
    pub side: Side,
    /// Bankruptcy price, canonical text.
    pub price: String,
    pub size: String,
    pub ts: u64,
}

impl<'a> Message<'a> for Forced {
    const KEYS: &'static [Key] = keys!["bkLoss", "bkPx", "ccy", "posSide", "side", "sz", "ts"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.price = positive_text(cursor, Kind::Price)?,
            4 => self.side = side(cursor)?,
            5 => self.size = positive_text(cursor, Kind::Size)?,
            6 => self.ts = needed_epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Whole<'_> for Forced {
    const NEEDED: &'static [usize] = &[1, 4, 5, 6];
}

/// One item of `liquidation-orders`: an instrument's orders.
#[derive(Debug, Default)]
pub(super) struct Liquidations<'a> {
    pub symbol: Text<'a>,
    pub orders: Vec<Item<Forced>>,
    order: Order,
    unknown: UnknownKeys,
}

impl Liquidations<'_> {
    /// Keys of its orders that are not declared.
    pub(super) const fn unknown(&self) -> &UnknownKeys {
        &self.unknown
    }
}

impl<'a> Message<'a> for Liquidations<'a> {
    const KEYS: &'static [Key] = keys!["details", "instFamily", "instId", "instType", "uly"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.orders = each(cursor, &mut self.order, &mut self.unknown)?,
            2 => self.symbol = name(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Liquidations<'a> {
    const NEEDED: &'static [usize] = &[0, 2];
}

/// One item of `open-interest`.
#[derive(Debug, Default)]
pub(super) struct OpenInterest<'a> {
    pub symbol: Text<'a>,
    /// Contracts, canonical text.
    pub contracts: String,
    pub ts: u64,
}

impl<'a> Message<'a> for OpenInterest<'a> {
    const KEYS: &'static [Key] = keys!["instId", "instType", "oi", "oiCcy", "oiUsd", "ts"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            2 => self.contracts = number_text(cursor)?,
            5 => self.ts = needed_epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for OpenInterest<'a> {
    const NEEDED: &'static [usize] = &[0, 2, 5];
}

/// One item of `opt-summary`.
#[derive(Debug, Default)]
pub(super) struct Greeks<'a> {
    pub symbol: Text<'a>,
    /// Of Black and Scholes: delta, gamma, vega, theta.
    pub greeks: [Option<f64>; 4],
    /// Mark, bid, ask.
    pub iv: [Option<f64>; 3],
    pub forward: Option<f64>,
    pub ts: u64,
}

impl<'a> Message<'a> for Greeks<'a> {
    const KEYS: &'static [Key] = keys![
        "instType", "instId", "uly", "delta", "gamma", "vega", "theta", "lever", "markVol", "bidVol",
        "askVol", "realVol", "deltaBS", "gammaBS", "thetaBS", "vegaBS", "ts", "volLv", "fwdPx", "buyApr",
        "sellApr", "distance"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        let positive = |value: Option<f64>| value.filter(|value| *value > 0.0);
        match key {
            1 => self.symbol = name(cursor)?,
            8 => self.iv[0] = positive(float_or_none(cursor)?),
            9 => self.iv[1] = positive(float_or_none(cursor)?),
            10 => self.iv[2] = positive(float_or_none(cursor)?),
            12 => self.greeks[0] = float_or_none(cursor)?,
            13 => self.greeks[1] = float_or_none(cursor)?,
            14 => self.greeks[3] = float_or_none(cursor)?,
            15 => self.greeks[2] = float_or_none(cursor)?,
            16 => self.ts = needed_epoch(cursor)?,
            18 => self.forward = positive(float_or_none(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Greeks<'a> {
    const NEEDED: &'static [usize] = &[1, 16];
}
