//! Bybit's messages: the keys of each in the order sent, and what is read of them.
//!
//! One struct per message; its `KEYS` are the union of what the products and the years send (`README.md` has
//! the table). Keys whose values are not needed are read past, checked.

use crate::data::Decimals;
use crate::decimal::{Decimal, SIZE_MAX};
use crate::json::{Cursor, JsonError, Key, Kind, Level, Message, keys, out_of_range};
use crate::venue::values::{
    Levels, Text, computed_price_or_none, epoch, epoch_text, float_or_none, name, needed_epoch, number_text,
    positive_text, price, price_or_empty, size, size_or_empty, size_or_zero, word,
};

type Read = Result<(), JsonError>;

/// `Buy` or `Sell`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Side {
    #[default]
    Buy,
    Sell,
}

fn side(cursor: &mut Cursor<'_>) -> Result<Side, JsonError> {
    word(cursor, &[(b"Buy", Side::Buy), (b"Sell", Side::Sell)])
}

/// One item of `publicTrade`.
#[derive(Debug, Default)]
pub(super) struct Trade<'a> {
    pub symbol: Text<'a>,
    pub id: Text<'a>,
    pub price: Decimal,
    pub size: Decimal,
    pub taker: Side,
    pub ts_event: u64,
}

impl<'a> Message<'a> for Trade<'a> {
    const KEYS: &'static [Key] =
        keys!["T", "s", "S", "v", "p", "L", "i", "BT", "RPI", "seq", "mP", "iP", "mIv", "iv"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts_event = epoch(cursor)?,
            1 => self.symbol = name(cursor)?,
            2 => self.taker = side(cursor)?,
            3 => self.size = size(cursor)?,
            4 => self.price = price(cursor)?,
            6 => self.id = name(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Trade<'_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 6];
}

/// One item of a REST answer of `recent-trade`.
#[derive(Debug)]
pub(super) struct RestTrade<'a, 't>(pub &'t mut Trade<'a>);

impl<'a> Message<'a> for RestTrade<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "execId",
        "symbol",
        "price",
        "size",
        "side",
        "time",
        "isBlockTrade",
        "isRPITrade",
        "seq",
        "mP",
        "iP",
        "mIv",
        "iv"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.0.id = name(cursor)?,
            1 => self.0.symbol = name(cursor)?,
            2 => self.0.price = price(cursor)?,
            3 => self.0.size = size(cursor)?,
            4 => self.0.taker = side(cursor)?,
            5 => self.0.ts_event = needed_epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl RestTrade<'_, '_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 5];
}

/// The numbers of a book's frame.
#[derive(Debug, Default)]
pub(super) struct BookHead<'a> {
    pub symbol: Text<'a>,
    pub u: u64,
    /// 0: not sent (options of 2023).
    pub seq: u64,
}

/// `data` of `orderbook`.
#[derive(Debug)]
pub(super) struct Book<'a, 'l> {
    pub head: &'l mut BookHead<'a>,
    pub levels: &'l mut Levels,
}

impl<'a> Message<'a> for Book<'a, '_> {
    const KEYS: &'static [Key] = keys!["s", "b", "a", "u", "seq"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.head.symbol = name(cursor)?,
            1 => self.levels.read_bids(cursor)?,
            2 => self.levels.read_asks(cursor)?,
            3 => self.head.u = cursor.u64()?,
            _ => self.head.seq = cursor.u64()?,
        }
        Ok(())
    }
}

impl Book<'_, '_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2, 3];
}

/// `data` of `orderbook.rpi`: its levels have two sizes.
#[derive(Debug)]
pub(super) struct RpiBook<'a, 'l>(pub Book<'a, 'l>);

impl<'a> Message<'a> for RpiBook<'a, '_> {
    const KEYS: &'static [Key] = Book::KEYS;

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => read_rpi(&mut self.0.levels.bids, &mut self.0.levels.decimals, cursor),
            2 => read_rpi(&mut self.0.levels.asks, &mut self.0.levels.decimals, cursor),
            _ => self.0.value(key, cursor),
        }
    }
}

/// `[["price","size","RPI size"],…]`: what a retail taker meets at a price is both sizes together.
pub(super) fn read_rpi(levels: &mut Vec<Level>, decimals: &mut Decimals, cursor: &mut Cursor<'_>) -> Read {
    cursor.array(|cursor| {
        cursor.peek();
        let start = cursor.offset();
        let (mut found, mut at) = ([Decimal::default(); 3], 0);
        cursor.array(|cursor| {
            match at {
                0 => found[0] = price(cursor)?,
                1 | 2 => found[at] = size_or_zero(cursor)?,
                _ => cursor.skip()?,
            }
            at += 1;
            Ok(())
        })?;
        if at < found.len() {
            return Err(JsonError { kind: Kind::Missing("RPI size"), at: start });
        }
        let [price, size, rpi] = found;
        let both = size.value + rpi.value;
        if both > SIZE_MAX {
            return Err(out_of_range(Kind::Size, both, start));
        }
        let written = Decimals { price: price.significant, size: size.significant.max(rpi.significant) };
        *decimals = (*decimals).max(written);
        levels.push(Level { price: price.value, size: both });
        Ok(())
    })
}

/// A mark or index price, and whether it was rounded.
type Computed = Option<(Decimal, bool)>;

/// `data` of `tickers`, contracts. What is `None` was not sent: it is as it was.
#[derive(Debug, Default)]
pub(super) struct Ticker<'a> {
    pub symbol: Text<'a>,
    pub mark: Computed,
    pub index: Computed,
    /// Canonical text; empty: the contract has none.
    pub rate: Option<String>,
    pub next_funding: Option<Option<u64>>,
    /// Hours.
    pub interval: Option<Option<u16>>,
    pub open_interest: Option<String>,
    pub open_interest_value: Option<String>,
    /// Bid and ask; 0: that side is empty.
    pub prices: [Option<Decimal>; 2],
    pub sizes: [Option<Decimal>; 2],
}

impl<'a> Message<'a> for Ticker<'a> {
    const KEYS: &'static [Key] = keys![
        "symbol",
        "tickDirection",
        "price24hPcnt",
        "lastPrice",
        "prevPrice24h",
        "highPrice24h",
        "lowPrice24h",
        "prevPrice1h",
        "markPrice",
        "indexPrice",
        "openInterest",
        "openInterestValue",
        "turnover24h",
        "volume24h",
        "fundingIntervalHour",
        "fundingCap",
        "singleOpenInterest",
        "singleOpenInterestValue",
        "nextFundingTime",
        "fundingRate",
        "bid1Price",
        "bid1Size",
        "ask1Price",
        "ask1Size",
        "preOpenPrice",
        "preQty",
        "curPreListingPhase",
        "deliveryTime",
        "basisRate",
        "deliveryFeeRate",
        "predictedDeliveryPrice",
        "basis",
        "basisRateYear",
        "usdIndexPrice"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.symbol = name(cursor)?,
            8 => self.mark = computed_price_or_none(cursor)?,
            9 => self.index = computed_price_or_none(cursor)?,
            10 => self.open_interest = Some(number_text(cursor)?),
            11 => self.open_interest_value = Some(number_text(cursor)?),
            14 => self.interval = Some(hours(cursor)?),
            18 => self.next_funding = Some(epoch_text(cursor)?),
            19 => self.rate = Some(number_text(cursor)?),
            20 => self.prices[0] = Some(price_or_empty(cursor)?),
            21 => self.sizes[0] = Some(size_or_empty(cursor)?),
            22 => self.prices[1] = Some(price_or_empty(cursor)?),
            23 => self.sizes[1] = Some(size_or_empty(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Ticker<'_> {
    pub const NEEDED: &'static [usize] = &[0];
}

/// Hours between fundings; `""` is none.
fn hours(cursor: &mut Cursor<'_>) -> Result<Option<u16>, JsonError> {
    let (text, at) = cursor.decimal_text()?;
    if text.is_empty() {
        return Ok(None);
    }
    let hours = std::str::from_utf8(&text).ok().and_then(|t| t.parse::<u16>().ok());
    // Minutes are what is stored, in 16 bits.
    hours.filter(|h| (1..=1_000).contains(h)).map(Some).ok_or(JsonError { kind: Kind::Value, at })
}

/// `data` of `tickers`, options: always complete. `0` in prices, sizes and volatilities is none.
#[derive(Debug, Default)]
pub(super) struct OptionTicker<'a> {
    pub symbol: Text<'a>,
    /// Bid and ask.
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
    pub mark: Computed,
    pub index: Computed,
    /// Mark, bid, ask.
    pub iv: [Option<f64>; 3],
    pub underlying: Option<f64>,
    /// Canonical text.
    pub open_interest: String,
    /// Delta, gamma, vega, theta.
    pub greeks: [Option<f64>; 4],
}

impl<'a> Message<'a> for OptionTicker<'a> {
    const KEYS: &'static [Key] = keys![
        "symbol",
        "bidPrice",
        "bidSize",
        "bidIv",
        "askPrice",
        "askSize",
        "askIv",
        "lastPrice",
        "highPrice24h",
        "lowPrice24h",
        "markPrice",
        "indexPrice",
        "markPriceIv",
        "underlyingPrice",
        "openInterest",
        "turnover24h",
        "volume24h",
        "totalVolume",
        "totalTurnover",
        "delta",
        "gamma",
        "vega",
        "theta",
        "predictedDeliveryPrice",
        "change24h"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        let positive = |value: Option<f64>| value.filter(|value| *value > 0.0);
        match key {
            0 => self.symbol = name(cursor)?,
            1 => self.prices[0] = price_or_empty(cursor)?,
            2 => self.sizes[0] = size_or_empty(cursor)?,
            3 => self.iv[1] = positive(float_or_none(cursor)?),
            4 => self.prices[1] = price_or_empty(cursor)?,
            5 => self.sizes[1] = size_or_empty(cursor)?,
            6 => self.iv[2] = positive(float_or_none(cursor)?),
            10 => self.mark = computed_price_or_none(cursor)?,
            11 => self.index = computed_price_or_none(cursor)?,
            12 => self.iv[0] = positive(float_or_none(cursor)?),
            13 => self.underlying = positive(float_or_none(cursor)?),
            14 => self.open_interest = number_text(cursor)?,
            19..=22 => self.greeks[key - 19] = float_or_none(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl OptionTicker<'_> {
    pub const NEEDED: &'static [usize] = &[0];
}

/// One candle of `kline`.
#[derive(Debug, Default)]
pub(super) struct Candle<'a> {
    pub start: u64,
    pub end: u64,
    pub interval: Text<'a>,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    pub volume: Decimal,
    pub confirmed: bool,
}

impl<'a> Message<'a> for Candle<'a> {
    const KEYS: &'static [Key] = keys![
        "start",
        "end",
        "interval",
        "open",
        "close",
        "high",
        "low",
        "volume",
        "turnover",
        "confirm",
        "timestamp"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.start = epoch(cursor)?,
            1 => self.end = epoch(cursor)?,
            2 => self.interval = name(cursor)?,
            3 => self.prices[0] = price(cursor)?,
            4 => self.prices[3] = price(cursor)?,
            5 => self.prices[1] = price(cursor)?,
            6 => self.prices[2] = price(cursor)?,
            7 => self.volume = size_or_zero(cursor)?,
            9 => self.confirmed = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Candle<'_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 5, 6, 7, 9];

    /// One candle of a REST answer: `[start, open, high, low, close, volume, turnover]`.
    pub(super) fn read_row(&mut self, cursor: &mut Cursor<'_>) -> Read {
        let mut at = 0;
        cursor.array(|cursor| {
            match at {
                0 => self.start = needed_epoch(cursor)?,
                1..=4 => self.prices[at - 1] = price(cursor)?,
                5 => self.volume = size_or_zero(cursor)?,
                _ => cursor.skip()?,
            }
            at += 1;
            Ok(())
        })?;
        if at < 6 { Err(cursor.error(Kind::Missing("volume"))) } else { Ok(()) }
    }
}

/// A liquidation, of either topic.
#[derive(Debug, Default)]
pub(super) struct Liquidation<'a> {
    pub symbol: Text<'a>,
    /// Of the position that was closed.
    pub position: Side,
    pub size: String,
    /// Bankruptcy price.
    pub price: String,
    pub ts_event: u64,
}

impl<'a> Message<'a> for Liquidation<'a> {
    const KEYS: &'static [Key] = keys!["T", "s", "S", "v", "p"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts_event = epoch(cursor)?,
            1 => self.symbol = name(cursor)?,
            2 => self.position = side(cursor)?,
            3 => self.size = positive_text(cursor, Kind::Size)?,
            _ => self.price = positive_text(cursor, Kind::Price)?,
        }
        Ok(())
    }
}

impl Liquidation<'_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4];
}

/// `data` of the old `liquidation`: the same under other names, and those of before v5 (until 2022).
#[derive(Debug)]
pub(super) struct OldLiquidation<'a, 'l>(pub &'l mut Liquidation<'a>);

impl<'a> Message<'a> for OldLiquidation<'a, '_> {
    const KEYS: &'static [Key] = keys!["updatedTime", "symbol", "side", "size", "price", "time", "qty", "id"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            5 => self.0.value(0, cursor),
            6 => self.0.value(3, cursor),
            7 => cursor.skip(),
            key => self.0.value(key, cursor),
        }
    }
}

impl OldLiquidation<'_, '_> {
    /// The keys that were seen, those of before v5 as the ones that took their place.
    pub const fn seen(keys: u64) -> u64 {
        keys | (keys >> 5 & 1) | (keys >> 6 & 1) << 3
    }
}
