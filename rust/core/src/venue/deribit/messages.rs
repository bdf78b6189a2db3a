//! Deribit's messages: the keys of each in the order sent, and what is read of them.
//!
//! One struct per message; its `KEYS` are the union of what the channels, the answers and the years send (`README.md` has
//! the table). Keys whose values are not needed are read past, checked.

use super::levels::{Form, Sides};
use crate::data::AggressorSide;
use crate::decimal::{self, Decimal};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::values::{
    Item, Text, epoch, items, name, number_text, pass, require, size, size_or_zero, word,
};

type Read = Result<(), JsonError>;

/// A message and the keys it cannot be without.
pub(super) trait Whole<'a>: Message<'a> + Default {
    const NEEDED: &'static [usize];
}

/// Reads one object, all its keys there.
pub(super) fn one<'a, M: Whole<'a>>(
    cursor: &mut Cursor<'a>,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<M, JsonError> {
    cursor.peek();
    let start = cursor.offset();
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
    items(cursor, |cursor, _| one(cursor, order, unknown))
}

/// A number, or `null`: none.
fn or_none<'a, T>(
    cursor: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Result<T, JsonError>,
) -> Result<Option<T>, JsonError> {
    if cursor.null() { Ok(None) } else { read(cursor).map(Some) }
}

/// A price of any sign.
pub(super) fn any_price(cursor: &mut Cursor<'_>) -> Result<Decimal, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    in_range(cursor.decimal()?, at)
}

fn in_range(price: Decimal, at: usize) -> Result<Decimal, JsonError> {
    if price.value.abs() <= decimal::PRICE_MAX {
        Ok(price)
    } else {
        Err(JsonError { kind: Kind::Decimal(decimal::DecimalError::Range), at })
    }
}

/// A price that the venue computes, of any sign, and whether it was rounded.
fn computed(cursor: &mut Cursor<'_>) -> Result<(Decimal, bool), JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let (price, rounded) = cursor.rounded_decimal()?;
    Ok((in_range(price, at)?, rounded))
}

/// What a double is divided by: the digits are, before it is made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    One,
    /// Percents become fractions.
    Percent,
}

/// A number that is a double in Nautilus too.
fn float(cursor: &mut Cursor<'_>, unit: Unit) -> Result<f64, JsonError> {
    let is_bare = cursor.peek() != b'"';
    let (text, at) = cursor.decimal_text()?;
    let read = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    let value = if is_bare && unit == Unit::One && text.len() <= 32 {
        read(&text)
    } else {
        // The decimal's rules say what a number is; `f64` alone would take "inf" and more.
        let mut plain =
            decimal::canonical(&text).map_err(|error| JsonError { kind: Kind::Decimal(error), at })?;
        plain.push_str(if unit == Unit::Percent { "e-2" } else { "" });
        read(plain.as_bytes())
    };
    value.filter(|value| value.is_finite()).ok_or(JsonError { kind: Kind::Value, at })
}

/// `buy` or `sell`.
fn direction(cursor: &mut Cursor<'_>) -> Result<AggressorSide, JsonError> {
    word(cursor, &[(b"buy", AggressorSide::Buyer), (b"sell", AggressorSide::Seller)])
}

/// Who of a trade's two sides was liquidated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Liquidated {
    pub maker: bool,
    pub taker: bool,
}

fn liquidated(cursor: &mut Cursor<'_>) -> Result<Liquidated, JsonError> {
    let of = |maker, taker| Liquidated { maker, taker };
    word(cursor, &[(b"M", of(true, false)), (b"T", of(false, true)), (b"MT", of(true, true))])
}

/// One trade, of the channels and of the answers.
#[derive(Debug, Default)]
pub(super) struct Trade<'a> {
    pub symbol: Text<'a>,
    pub id: Text<'a>,
    pub price: Decimal,
    pub size: Decimal,
    pub taker: Option<AggressorSide>,
    pub liquidated: Liquidated,
    pub ts: u64,
    /// Grows by one with each trade of the instrument; 0: not sent.
    pub sequence: u64,
}

impl<'a> Message<'a> for Trade<'a> {
    const KEYS: &'static [Key] = keys![
        "timestamp",
        "price",
        "amount",
        "direction",
        "index_price",
        "instrument_name",
        "trade_seq",
        "mark_price",
        "tick_direction",
        "starbase_match_id",
        "trade_id",
        "contracts",
        "starbase_timestamp",
        "iv",
        "liquidation",
        "combo_id",
        "combo_trade_id",
        "legs",
        "block_trade_id",
        "block_trade_leg_count",
        "block_rfq_id"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.price = any_price(cursor)?,
            2 => self.size = size(cursor)?,
            3 => self.taker = Some(direction(cursor)?),
            5 => self.symbol = name(cursor)?,
            6 => self.sequence = or_none(cursor, Cursor::u64)?.unwrap_or(0),
            10 => self.id = name(cursor)?,
            14 => self.liquidated = or_none(cursor, liquidated)?.unwrap_or_default(),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Trade<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 5, 10];
}

/// A book's message without its levels.
#[derive(Debug, Default)]
pub(super) struct BookHead<'a> {
    pub symbol: Text<'a>,
    /// 0: not sent.
    pub ts: u64,
    pub id: u64,
    /// `None`: not sent, or null.
    pub previous: Option<u64>,
    /// Whether it says that it is a snapshot; `None`: it says nothing.
    pub whole: Option<bool>,
}

/// The same with its levels.
#[derive(Debug)]
pub(super) struct Book<'a, 's> {
    pub head: BookHead<'a>,
    form: Form,
    sides: &'s mut Sides,
}

impl<'a> Message<'a> for Book<'a, '_> {
    const KEYS: &'static [Key] =
        keys!["timestamp", "type", "change_id", "instrument_name", "bids", "asks", "prev_change_id"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.head.ts = or_none(cursor, epoch)?.unwrap_or(0),
            1 => self.head.whole = Some(is_snapshot(cursor)?),
            2 => self.head.id = cursor.u64()?,
            3 => self.head.symbol = name(cursor)?,
            4 => self.sides.read_bids(self.form, cursor)?,
            5 => self.sides.read_asks(self.form, cursor)?,
            _ => self.head.previous = or_none(cursor, Cursor::u64)?,
        }
        Ok(())
    }
}

impl<'a> Book<'a, '_> {
    /// The head of a whole book in an answer.
    pub(super) fn answered(symbol: Text<'a>, ts: u64, id: u64) -> BookHead<'a> {
        BookHead { symbol, ts, id, previous: None, whole: Some(true) }
    }

    /// Reads a message; its levels are in `sides`.
    pub(super) fn read(
        cursor: &mut Cursor<'a>,
        form: Form,
        sides: &mut Sides,
        order: &mut Order,
        unknown: &mut UnknownKeys,
    ) -> Result<BookHead<'a>, JsonError> {
        cursor.peek();
        let start = cursor.offset();
        sides.clear();
        let mut book = Book { head: BookHead::default(), form, sides };
        let seen = cursor.object(&mut book, order, unknown)?;
        // Only the best levels, which are whole each time, may come without a time.
        let needed: &[usize] = if form == Form::Told { &[0, 2, 3, 4, 5] } else { &[2, 3, 4, 5] };
        require(seen, Self::KEYS, needed, start)?;
        if form == Form::Told && book.head.ts == 0 {
            return Err(Kind::Missing("timestamp").into());
        }
        Ok(book.head)
    }
}

/// `snapshot` or `change`.
fn is_snapshot(cursor: &mut Cursor<'_>) -> Result<bool, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    match &*cursor.string()? {
        b"snapshot" => Ok(true),
        b"change" => Ok(false),
        _ => Err(JsonError { kind: Kind::Value, at }),
    }
}

/// `greeks` of a ticker; `None`: not sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Greeks {
    /// Delta, gamma, vega, theta, rho.
    pub values: [Option<f64>; 5],
}

impl<'a> Message<'a> for Greeks {
    const KEYS: &'static [Key] = keys!["delta", "gamma", "vega", "theta", "rho"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        self.values[key] = or_none(cursor, |cursor| float(cursor, Unit::One))?;
        Ok(())
    }
}

/// A ticker: of the channels, of the answer `ticker`, and beside the levels of the answer `get_order_book`. `None`: not
/// sent; a value that is `null` is none.
#[derive(Debug, Default)]
pub(super) struct Ticker<'a> {
    pub symbol: Text<'a>,
    pub ts: u64,
    /// Of `incremental_ticker`: whether all values are sent, or those that changed.
    pub whole: Option<bool>,
    /// Of any sign, and whether it was rounded.
    pub mark: Option<(Decimal, bool)>,
    pub index: Option<(Decimal, bool)>,
    /// Of bid and ask; 0: that side is empty.
    pub prices: [Option<Decimal>; 2],
    pub sizes: [Option<Decimal>; 2],
    /// Canonical text.
    pub open_interest: Option<String>,
    /// Canonical text.
    pub funding: Option<String>,
    pub greeks: Option<Greeks>,
    /// Of mark, bid and ask, fractions; 0: none.
    pub iv: [Option<f64>; 3],
    pub underlying: Option<f64>,
    /// Of an answer with levels: where they start, and the book's id.
    pub sides_at: [Option<(usize, u32)>; 2],
    pub change_id: Option<u64>,
    greeks_keys: (Order, UnknownKeys),
}

impl Ticker<'_> {
    /// Strangers among the keys of its greeks.
    pub(super) const fn unknown(&self) -> &UnknownKeys {
        &self.greeks_keys.1
    }
}

impl<'a> Message<'a> for Ticker<'a> {
    const KEYS: &'static [Key] = keys![
        "timestamp",
        "type",
        "state",
        "stats",
        "greeks",
        "index_price",
        "instrument_name",
        "last_price",
        "settlement_price",
        "min_price",
        "max_price",
        "open_interest",
        "mark_price",
        "interest_rate",
        "interest_value",
        "best_ask_price",
        "best_bid_price",
        "mark_iv",
        "bid_iv",
        "ask_iv",
        "underlying_price",
        "underlying_index",
        "estimated_delivery_price",
        "best_ask_amount",
        "best_bid_amount",
        "current_funding",
        "funding_8h",
        "delivery_price",
        "combo_state",
        "implied_bid",
        "implied_ask",
        "change_id",
        "bids",
        "asks"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.whole = Some(is_snapshot(cursor)?),
            4 => {
                let mut greeks = Greeks::default();
                let (order, unknown) = &mut self.greeks_keys;
                if or_none(cursor, |cursor| cursor.object(&mut greeks, order, unknown))?.is_some() {
                    self.greeks = Some(greeks);
                }
            }
            5 => self.index = or_none(cursor, computed)?,
            6 => self.symbol = name(cursor)?,
            11 => self.open_interest = or_none(cursor, number_text)?,
            12 => self.mark = or_none(cursor, computed)?,
            15 => self.prices[1] = Some(or_none(cursor, any_price)?.unwrap_or_default()),
            16 => self.prices[0] = Some(or_none(cursor, any_price)?.unwrap_or_default()),
            17..=19 => {
                self.iv[key - 17] =
                    Some(or_none(cursor, |cursor| float(cursor, Unit::Percent))?.unwrap_or(0.0))
            }
            20 => self.underlying = or_none(cursor, |cursor| float(cursor, Unit::One))?,
            23 => self.sizes[1] = Some(or_none(cursor, size_or_zero)?.unwrap_or_default()),
            24 => self.sizes[0] = Some(or_none(cursor, size_or_zero)?.unwrap_or_default()),
            25 => self.funding = or_none(cursor, number_text)?,
            31 => self.change_id = Some(cursor.u64()?),
            32 | 33 => self.sides_at[key - 32] = Some(pass(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Ticker<'a> {
    const NEEDED: &'static [usize] = &[0, 6];
}

/// `quote`.
#[derive(Debug, Default)]
pub(super) struct Quote<'a> {
    pub symbol: Text<'a>,
    pub ts: u64,
    /// Of bid and ask; 0: that side is empty.
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
}

impl<'a> Message<'a> for Quote<'a> {
    const KEYS: &'static [Key] = keys![
        "timestamp",
        "instrument_name",
        "best_ask_price",
        "best_bid_price",
        "best_ask_amount",
        "best_bid_amount"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.symbol = name(cursor)?,
            2 => self.prices[1] = or_none(cursor, any_price)?.unwrap_or_default(),
            3 => self.prices[0] = or_none(cursor, any_price)?.unwrap_or_default(),
            4 => self.sizes[1] = or_none(cursor, size_or_zero)?.unwrap_or_default(),
            _ => self.sizes[0] = or_none(cursor, size_or_zero)?.unwrap_or_default(),
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Quote<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2, 3, 4, 5];
}

/// `perpetual`: the funding rate.
#[derive(Debug, Default)]
pub(super) struct Interest {
    pub ts: u64,
    /// Canonical text.
    pub rate: String,
}

impl<'a> Message<'a> for Interest {
    const KEYS: &'static [Key] = keys!["timestamp", "interest", "index_price"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.rate = number_text(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl Whole<'_> for Interest {
    const NEEDED: &'static [usize] = &[0, 1];
}

/// `deribit_price_index`.
#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    pub name: Text<'a>,
    pub ts: u64,
    pub price: (Decimal, bool),
}

impl<'a> Message<'a> for Index<'a> {
    const KEYS: &'static [Key] = keys!["timestamp", "price", "index_name"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.price = computed(cursor)?,
            _ => self.name = name(cursor)?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Index<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2];
}

/// `deribit_volatility_index`.
#[derive(Debug, Default)]
pub(super) struct Volatility<'a> {
    pub name: Text<'a>,
    pub ts: u64,
    /// Canonical text, percent a year.
    pub value: String,
}

impl<'a> Message<'a> for Volatility<'a> {
    const KEYS: &'static [Key] = keys!["timestamp", "volatility", "index_name", "estimated_delivery"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.value = number_text(cursor)?,
            2 => self.name = name(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Volatility<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2];
}

/// One item of `markprice.options`.
#[derive(Debug, Default)]
pub(super) struct Mark<'a> {
    pub symbol: Text<'a>,
    pub ts: u64,
    pub price: (Decimal, bool),
}

impl<'a> Message<'a> for Mark<'a> {
    const KEYS: &'static [Key] = keys!["timestamp", "iv", "instrument_name", "mark_price"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            2 => self.symbol = name(cursor)?,
            3 => self.price = computed(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for Mark<'a> {
    const NEEDED: &'static [usize] = &[0, 2, 3];
}

/// `instrument.state`.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    pub symbol: Text<'a>,
    pub ts: u64,
    pub state: Text<'a>,
}

impl<'a> Message<'a> for State<'a> {
    const KEYS: &'static [Key] = keys!["timestamp", "state", "instrument_name"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.state = name(cursor)?,
            _ => self.symbol = name(cursor)?,
        }
        Ok(())
    }
}

impl<'a> Whole<'a> for State<'a> {
    const NEEDED: &'static [usize] = &[0, 1, 2];
}
