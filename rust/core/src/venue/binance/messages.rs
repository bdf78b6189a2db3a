//! Binance's messages: the keys of each in the order sent, and what is read of them.
//!
//! One struct per message; its `KEYS` are the union of what the products and the years send (`README.md` has
//! the table). Keys whose values are not needed are read past, checked.

use std::borrow::Cow;

use super::Product;
use crate::book::Update;
use crate::decimal::Decimal;
use crate::json::{Cursor, JsonError, Key, Kind, Message, keys};
use crate::venue::values::{
    Levels, computed_price, computed_price_or_none, epoch, epoch_or_none, needed_number_text, number_text,
    price, price_or_zero, size, size_or_zero, usual_epoch,
};

type Text<'a> = Cow<'a, [u8]>;
type Read = Result<(), JsonError>;

/// `trade`: one execution.
#[derive(Debug, Default)]
pub(super) struct Trade<'a> {
    pub symbol: Text<'a>,
    pub id: Option<u64>,
    pub price: Decimal,
    pub size: Decimal,
    pub ts_event: u64,
    pub buyer_is_maker: bool,
    /// Not of the book (futures): what the insurance fund took over, what was deleveraged, what has no origin.
    pub off_book: bool,
    /// Why it is no trade of the book: some that are off it have a price and a size of 0.
    pub refused: Option<JsonError>,
}

/// Origins of trades that no order of the book met.
const OFF_BOOK: [&[u8]; 3] = [b"INSURANCE_FUND", b"ADL", b"NA"];

impl<'a> Message<'a> for Trade<'a> {
    const KEYS: &'static [Key] =
        keys!["e", "E", "T", "s", "t", "p", "q", "X", "m", "M", "st", "b", "a", "ps"];

    #[inline(always)]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            2 => self.ts_event = epoch(cursor)?,
            3 => cursor.string_into(&mut self.symbol)?,
            4 => self.id = Some(cursor.u64()?),
            5 => self.price = self.unless_refused(price(cursor))?,
            6 => self.size = self.unless_refused(size(cursor))?,
            7 => self.off_book = OFF_BOOK.contains(&&*cursor.string()?),
            8 => self.buyer_is_maker = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Trade<'_> {
    pub const NEEDED: &'static [usize] = &[2, 3, 4, 5, 6, 8];

    /// A price or a size; one of 0 or below is kept as the reason to refuse the trade.
    #[inline(always)]
    fn unless_refused(&mut self, value: Result<Decimal, JsonError>) -> Result<Decimal, JsonError> {
        match value {
            Err(error) if matches!(error.kind, Kind::Price | Kind::Size) => {
                self.refused = self.refused.or(Some(error));
                Ok(Decimal::default())
            }
            other => other,
        }
    }
}

/// `aggTrade`: fills of one taker at one price.
///
/// Those of USD-M's first months have no number of their own: the last fill's stands for it, where [`Self::needed`] lets it.
#[derive(Debug)]
pub(super) struct AggTrade<'a, 't>(pub &'t mut Trade<'a>);

impl<'a> Message<'a> for AggTrade<'a, '_> {
    const KEYS: &'static [Key] =
        keys!["e", "E", "a", "s", "p", "q", "nq", "f", "l", "T", "m", "M", "st", "ps"];

    #[inline(always)]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            2 => self.0.id = Some(cursor.u64()?),
            3 => cursor.string_into(&mut self.0.symbol)?,
            4 => self.0.price = price(cursor)?,
            5 => self.0.size = size(cursor)?,
            8 if self.0.id.is_none() => match cursor.short_integer() {
                last @ Some(_) => self.0.id = last,
                None => cursor.skip()?,
            },
            9 => self.0.ts_event = epoch(cursor)?,
            10 => self.0.buyer_is_maker = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl AggTrade<'_, '_> {
    pub const NEEDED: &'static [usize] = &[2, 3, 4, 5, 9, 10];
    /// In a REST answer the URL names the symbol.
    pub const NEEDED_REST: &'static [usize] = &[2, 4, 5, 9, 10];

    /// What a frame needs. Of USD-M the number may also be the last fill's; where there is neither, `trade_fields` tells.
    pub const fn needed(product: Product) -> &'static [usize] {
        match product {
            Product::Usdm => &[3, 4, 5, 9, 10],
            Product::Spot | Product::Coinm => Self::NEEDED,
        }
    }
}

/// One trade of a REST answer.
#[derive(Debug)]
pub(super) struct RestTrade<'a, 't>(pub &'t mut Trade<'a>);

impl<'a> Message<'a> for RestTrade<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "id",
        "price",
        "qty",
        "quoteQty",
        "baseQty",
        "time",
        "isBuyerMaker",
        "isBestMatch",
        "isRPITrade"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.0.id = Some(cursor.u64()?),
            1 => self.0.price = price(cursor)?,
            2 => self.0.size = size(cursor)?,
            5 => self.0.ts_event = epoch(cursor)?,
            6 => self.0.buyer_is_maker = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl RestTrade<'_, '_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2, 5, 6];
}

/// `bookTicker`: best bid and ask. Spot sends neither event name nor time.
#[derive(Debug)]
pub(super) struct BookTicker<'a> {
    pub symbol: Text<'a>,
    pub update_id: u64,
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
    pub transaction: u64,
    pub event: u64,
}

impl Default for BookTicker<'_> {
    #[inline(always)]
    fn default() -> Self {
        Self {
            symbol: Text::default(),
            update_id: 0,
            prices: [Decimal::ZERO; 2],
            sizes: [Decimal::ZERO; 2],
            transaction: 0,
            event: 0,
        }
    }
}

impl<'a> Message<'a> for BookTicker<'a> {
    const KEYS: &'static [Key] = keys!["e", "u", "s", "ps", "b", "B", "a", "A", "T", "E", "st"];

    #[inline(always)]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => {
                if *cursor.string()? != *b"bookTicker" {
                    return Err(cursor.error(Kind::OtherEvent));
                }
            }
            1 => self.update_id = cursor.u64()?,
            2 => cursor.string_into(&mut self.symbol)?,
            4 => self.prices[0] = price_or_zero(cursor)?,
            5 => self.sizes[0] = size_or_zero(cursor)?,
            6 => self.prices[1] = price_or_zero(cursor)?,
            7 => self.sizes[1] = size_or_zero(cursor)?,
            8 => self.transaction = epoch(cursor)?,
            9 => self.event = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl BookTicker<'_> {
    pub const NEEDED: &'static [usize] = &[1, 2, 4, 5, 6, 7];
}

/// `depthUpdate`: a diff of the book, or (by the stream's name) its top.
#[derive(Debug)]
pub(super) struct Depth<'a, 'l> {
    pub symbol: Text<'a>,
    pub event: u64,
    pub transaction: u64,
    pub first: u64,
    pub last: u64,
    pub previous: Option<u64>,
    pub levels: &'l mut Levels,
}

impl<'a> Message<'a> for Depth<'a, '_> {
    const KEYS: &'static [Key] = keys!["e", "E", "T", "s", "ps", "st", "U", "u", "pu", "b", "a"];

    #[inline(always)]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.event = epoch(cursor)?,
            2 => self.transaction = epoch(cursor)?,
            3 => cursor.string_into(&mut self.symbol)?,
            6 => self.first = cursor.u64()?,
            7 => self.last = cursor.u64()?,
            // -1: there was none before it.
            8 => {
                self.previous = match cursor.short_integer() {
                    Some(previous) => Some(previous),
                    None => u64::try_from(cursor.i64()?).ok(),
                }
            }
            9 => self.levels.read_bids(cursor)?,
            10 => self.levels.read_asks(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a, 'l> Depth<'a, 'l> {
    /// One of which nothing was read; its levels go to `levels`, which are cleared.
    pub fn new(levels: &'l mut Levels) -> Self {
        levels.clear();
        Self { symbol: Text::default(), event: 0, transaction: 0, first: 0, last: 0, previous: None, levels }
    }

    /// Reads a message in the form written today, in a straight line; `None` where it is any other, of which anything may
    /// have been taken.
    #[inline(always)]
    pub fn read_usual(product: Product, cursor: &mut Cursor<'a>, levels: &'l mut Levels) -> Option<Self> {
        let mut depth = Self::new(levels);
        let is_future = product != Product::Spot;
        cursor.takes(b"{\"e\":\"depthUpdate\",\"E\":")?;
        depth.event = usual_epoch(cursor)?;
        if is_future {
            cursor.takes(b",\"T\":")?;
            depth.transaction = usual_epoch(cursor)?;
        }
        cursor.takes(b",\"s\":")?;
        depth.symbol = Text::Borrowed(cursor.plain_string()?);
        if cursor.takes(b",\"ps\":").is_some() {
            cursor.plain_string()?;
        }
        if cursor.takes(b",\"st\":").is_some() {
            cursor.short_integer()?;
        }
        cursor.takes(b",\"U\":")?;
        depth.first = cursor.short_integer()?;
        cursor.takes(b",\"u\":")?;
        depth.last = cursor.short_integer()?;
        if is_future {
            cursor.takes(b",\"pu\":")?;
            depth.previous = Some(cursor.short_integer()?);
        }
        cursor.takes(b",\"b\":")?;
        depth.levels.read_bids(cursor).ok()?;
        cursor.takes(b",\"a\":")?;
        depth.levels.read_asks(cursor).ok()?;
        cursor.takes(b"}")?;
        Some(depth)
    }

    /// The keys that cannot be missing.
    #[inline(always)]
    pub const fn needed(product: Product) -> &'static [usize] {
        match product {
            Product::Spot => &[1, 3, 6, 7, 9, 10],
            Product::Usdm | Product::Coinm => &[2, 3, 6, 7, 8, 9, 10],
        }
    }

    /// Its numbers.
    pub const fn update(&self) -> Update {
        Update { previous: self.previous, ..Update::changes(self.first, self.last) }
    }

    /// When it happened, ns UTC: spot has but the time of the event.
    pub const fn ts_event(&self, product: Product) -> u64 {
        match product {
            Product::Spot => self.event,
            Product::Usdm | Product::Coinm => self.transaction,
        }
    }
}

/// A book as a REST answer, or a spot partial book.
#[derive(Debug)]
pub(super) struct Snapshot<'a, 'l> {
    pub symbol: Text<'a>,
    pub last: i64,
    pub transaction: u64,
    pub levels: &'l mut Levels,
}

impl<'a> Message<'a> for Snapshot<'a, '_> {
    const KEYS: &'static [Key] = keys!["lastUpdateId", "E", "T", "symbol", "pair", "bids", "asks"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.last = cursor.i64()?,
            2 => self.transaction = epoch(cursor)?,
            3 => cursor.string_into(&mut self.symbol)?,
            5 => self.levels.read_bids(cursor)?,
            6 => self.levels.read_asks(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Snapshot<'_, '_> {
    pub const NEEDED: &'static [usize] = &[0, 5, 6];
}

/// The candle of a `kline`.
#[derive(Debug, Default)]
pub(super) struct Candle<'a> {
    pub open_time: u64,
    pub close_time: u64,
    pub interval: Text<'a>,
    /// Open, high, low, close.
    pub prices: [Decimal; 4],
    pub volume: Decimal,
    pub closed: bool,
}

impl<'a> Message<'a> for Candle<'a> {
    const KEYS: &'static [Key] =
        keys!["t", "T", "s", "i", "f", "L", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q", "B"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.open_time = epoch(cursor)?,
            1 => self.close_time = epoch(cursor)?,
            3 => cursor.string_into(&mut self.interval)?,
            6 => self.prices[0] = price(cursor)?,
            7 => self.prices[3] = price(cursor)?,
            8 => self.prices[1] = price(cursor)?,
            9 => self.prices[2] = price(cursor)?,
            10 => self.volume = size_or_zero(cursor)?,
            12 => self.closed = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Candle<'_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 3, 6, 7, 8, 9, 10, 12];

    /// One candle of a REST answer: an array of twelve.
    pub fn read_row(&mut self, cursor: &mut Cursor<'_>) -> Read {
        let mut at = 0;
        cursor.array(|cursor| {
            match at {
                0 => self.open_time = epoch(cursor)?,
                1..=4 => self.prices[at - 1] = price(cursor)?,
                5 => self.volume = size_or_zero(cursor)?,
                6 => self.close_time = epoch(cursor)?,
                _ => cursor.skip()?,
            }
            at += 1;
            Ok(())
        })?;
        if at < 7 { Err(cursor.error(Kind::Missing("close time"))) } else { Ok(()) }
    }
}

/// `kline`.
#[derive(Debug, Default)]
pub(super) struct Kline<'a> {
    pub symbol: Text<'a>,
    pub candle: Candle<'a>,
    pub candle_keys: u64,
    pub order: crate::json::Order,
    pub unknown: crate::json::UnknownKeys,
}

impl<'a> Message<'a> for Kline<'a> {
    const KEYS: &'static [Key] = keys!["e", "E", "s", "k", "ps", "st"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            2 => cursor.string_into(&mut self.symbol)?,
            3 => self.candle_keys = cursor.object(&mut self.candle, &mut self.order, &mut self.unknown)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Kline<'_> {
    pub const NEEDED: &'static [usize] = &[2, 3];
}

/// `markPriceUpdate`: mark, index and funding at once.
#[derive(Debug, Default)]
pub(super) struct MarkPrice<'a> {
    pub symbol: Text<'a>,
    pub event: u64,
    /// Mark, and whether it was rounded.
    pub mark: (Decimal, bool),
    pub index: Option<(Decimal, bool)>,
    /// Canonical text; empty where there is none.
    pub rate: String,
    pub next_funding: u64,
}

impl<'a> Message<'a> for MarkPrice<'a> {
    const KEYS: &'static [Key] = keys!["e", "E", "s", "p", "ap", "P", "i", "r", "T", "st", "ps"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.event = epoch(cursor)?,
            2 => cursor.string_into(&mut self.symbol)?,
            3 => self.mark = computed_price(cursor)?,
            6 => self.index = computed_price_or_none(cursor)?,
            7 => self.rate = number_text(cursor)?,
            8 => self.next_funding = epoch_or_none(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl MarkPrice<'_> {
    pub const NEEDED: &'static [usize] = &[1, 2, 3];
}

/// An answer of `premiumIndex`: what [`MarkPrice`] says, under other names.
#[derive(Debug)]
pub(super) struct RestMark<'a, 't>(pub &'t mut MarkPrice<'a>);

impl<'a> Message<'a> for RestMark<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "symbol",
        "pair",
        "markPrice",
        "indexPrice",
        "estimatedSettlePrice",
        "lastFundingRate",
        "interestRate",
        "nextFundingTime",
        "time"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        let mark = &mut *self.0;
        match key {
            0 => cursor.string_into(&mut mark.symbol)?,
            2 => mark.mark = computed_price(cursor)?,
            3 => mark.index = computed_price_or_none(cursor)?,
            5 => mark.rate = number_text(cursor)?,
            7 => mark.next_funding = epoch_or_none(cursor)?,
            8 => mark.event = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl RestMark<'_, '_> {
    pub const NEEDED: &'static [usize] = &[0, 2, 8];
}

/// One rate of an answer of `fundingRate`: what was paid.
#[derive(Debug, Default)]
pub(super) struct FundingRate<'a> {
    pub symbol: Text<'a>,
    pub rate: String,
    pub ts_event: u64,
}

impl<'a> Message<'a> for FundingRate<'a> {
    const KEYS: &'static [Key] = keys!["symbol", "fundingTime", "fundingRate", "markPrice"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => cursor.string_into(&mut self.symbol)?,
            1 => self.ts_event = epoch(cursor)?,
            2 => self.rate = needed_number_text(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl FundingRate<'_> {
    pub const NEEDED: &'static [usize] = &[0, 1, 2];
}

/// `indexPriceUpdate` (COIN-M): the index of a pair.
#[derive(Debug, Default)]
pub(super) struct IndexPrice<'a> {
    pub pair: Text<'a>,
    pub event: u64,
    /// Index, and whether it was rounded.
    pub value: (Decimal, bool),
}

impl<'a> Message<'a> for IndexPrice<'a> {
    const KEYS: &'static [Key] = keys!["e", "E", "i", "p", "st"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.event = epoch(cursor)?,
            2 => cursor.string_into(&mut self.pair)?,
            3 => self.value = computed_price(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl IndexPrice<'_> {
    pub const NEEDED: &'static [usize] = &[1, 2, 3];
}

/// The order of a `forceOrder`.
#[derive(Debug, Default)]
pub(super) struct ForcedOrder<'a> {
    pub symbol: Text<'a>,
    pub side: Text<'a>,
    pub quantity: String,
    pub price: String,
    pub average_price: String,
    pub filled: String,
    pub ts_event: u64,
}

impl<'a> Message<'a> for ForcedOrder<'a> {
    const KEYS: &'static [Key] = keys!["s", "ps", "S", "o", "f", "q", "p", "ap", "X", "l", "z", "T", "st"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => cursor.string_into(&mut self.symbol)?,
            2 => {
                let at = cursor.offset();
                cursor.string_into(&mut self.side)?;
                if !matches!(&*self.side, b"BUY" | b"SELL") {
                    return Err(JsonError { kind: Kind::Value, at });
                }
            }
            5 => self.quantity = number_text(cursor)?,
            6 => self.price = number_text(cursor)?,
            7 => self.average_price = number_text(cursor)?,
            10 => self.filled = number_text(cursor)?,
            11 => self.ts_event = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl ForcedOrder<'_> {
    pub const NEEDED: &'static [usize] = &[0, 2, 5, 6, 11];
}

/// `forceOrder`.
#[derive(Debug, Default)]
pub(super) struct ForceOrder<'a> {
    pub order_keys: u64,
    pub order: ForcedOrder<'a>,
    pub keys_order: crate::json::Order,
    pub unknown: crate::json::UnknownKeys,
}

impl<'a> Message<'a> for ForceOrder<'a> {
    const KEYS: &'static [Key] = keys!["e", "E", "o", "st", "ps"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            2 => {
                self.order_keys = cursor.object(&mut self.order, &mut self.keys_order, &mut self.unknown)?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl ForceOrder<'_> {
    pub const NEEDED: &'static [usize] = &[2];
}

/// `contractInfo`: a contract's status.
#[derive(Debug, Default)]
pub(super) struct ContractInfo<'a> {
    pub symbol: Text<'a>,
    pub event: u64,
    pub status: Text<'a>,
}

impl<'a> Message<'a> for ContractInfo<'a> {
    const KEYS: &'static [Key] = keys!["e", "E", "s", "ps", "ct", "dt", "ot", "cs", "bks", "st"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.event = epoch(cursor)?,
            2 => cursor.string_into(&mut self.symbol)?,
            7 => cursor.string_into(&mut self.status)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl ContractInfo<'_> {
    pub const NEEDED: &'static [usize] = &[1, 2, 7];
}

/// Open interest as a REST answer.
#[derive(Debug, Default)]
pub(super) struct OpenInterest<'a> {
    pub symbol: Text<'a>,
    pub value: String,
    pub ts_event: u64,
}

impl<'a> Message<'a> for OpenInterest<'a> {
    const KEYS: &'static [Key] = keys!["symbol", "pair", "openInterest", "contractType", "time"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => cursor.string_into(&mut self.symbol)?,
            2 => {
                let at = cursor.offset();
                self.value = number_text(cursor)?;
                if self.value.is_empty() || self.value.starts_with('-') {
                    return Err(JsonError { kind: Kind::Size, at });
                }
            }
            4 => self.ts_event = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl OpenInterest<'_> {
    /// Without a time where a recorder made it (Tardis, in 2019): the receive time stands for it.
    pub const NEEDED: &'static [usize] = &[0, 2];
}
