//! Messages of Kraken Futures: the keys of each in the order sent, and what is read of them.
//!
//! Every message is one flat object; numbers are bare, exponents among them. A negative quantity in a book says what 0 does:
//! nothing stands there (met in recordings of the time before 2022).

use crate::book::Proof;
use crate::data::{AggressorSide, Decimals, Side};
use crate::decimal::Decimal;
use crate::feed::BookMessage;
use crate::json::{Cursor, JsonError, Key, Kind, Level, Message, Order, UnknownKeys, keys};
use crate::venue::values::{
    BelowZero, Levels, Text, anew, bare_book_size, bare_price, computed_price_or_none, epoch, epoch_or_none,
    last_epoch, moment, name, number_text, price, price_or_zero, size, size_or_zero, word,
};

type Read = Result<(), JsonError>;

/// A value, where there is one.
fn unless_null<'a, T: Default>(
    cursor: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Result<T, JsonError>,
) -> Result<T, JsonError> {
    if cursor.null() { Ok(T::default()) } else { read(cursor) }
}

/// `buy` or `sell`.
pub(super) fn taker(cursor: &mut Cursor<'_>) -> Result<AggressorSide, JsonError> {
    use AggressorSide::{Buyer, Seller};
    word(cursor, &[(b"buy", Buyer), (b"sell", Seller), (b"Buy", Buyer), (b"Sell", Seller)])
}

/// Whether it is the name of a product as it is kept: without small letters.
#[inline(always)]
fn is_name(name: &[u8]) -> bool {
    // Of all that names are made of, small letters alone have both of these bits.
    let may_be_small = |word: u64| word & word << 1 & u64::from_ne_bytes([0x40; 8]) != 0;
    match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) if name.len() <= 16 => {
            let [first, last] = [first, last].map(|chunk| u64::from_le_bytes(*chunk));
            !may_be_small(first) && !may_be_small(last) || has_no_small(name)
        }
        _ => !name.is_empty() && has_no_small(name),
    }
}

#[inline(never)]
fn has_no_small(name: &[u8]) -> bool {
    !name.iter().any(u8::is_ascii_lowercase)
}

/// The name of a product. The venue takes it in lower case, too, and wrote answers so until 2022: it is one product.
#[inline(always)]
pub(super) fn product<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let start = cursor.offset();
    match cursor.short_string() {
        Some(name) if is_name(name) => Ok(Text::Borrowed(name)),
        _ => {
            cursor.seek(start);
            anew(any_product(cursor))
        }
    }
}

#[inline(never)]
fn any_product<'a>(cursor: &mut Cursor<'a>) -> Result<Text<'a>, JsonError> {
    let mut found = name(cursor)?;
    if found.iter().any(u8::is_ascii_lowercase) {
        found.to_mut().make_ascii_uppercase();
    }
    Ok(found)
}

/// One level of a `book` message.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub product: Text<'a>,
    pub seq: u64,
    /// 0: none.
    pub ts: u64,
    side: Side,
    price: Decimal,
    size: Decimal,
}

impl Default for Change<'_> {
    fn default() -> Self {
        Self {
            product: Text::default(),
            seq: 0,
            ts: 0,
            side: Side::None,
            price: Decimal::default(),
            size: Decimal::default(),
        }
    }
}

/// How long the product's name and the number of a change were in the frame before: those of the next nearly always are.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Lengths {
    product: usize,
    seq: usize,
}

impl<'a> Change<'a> {
    pub(super) const NEEDED: &'static [usize] = &[1, 2, 3, 4, 5];

    /// Reads a frame as the venue writes it, in a straight line; `None` where it is any other, or one to refuse. Lengths are
    /// those of the frame before, and become those of this one.
    #[inline(always)]
    pub(super) fn usual(frame: &'a [u8], lengths: &mut Lengths) -> Option<Self> {
        loop {
            let foreseen = *lengths;
            let mut cursor = Cursor::new(frame);
            cursor.takes(b"{\"feed\":\"book\",\"product_id\":")?;
            let start = cursor.offset();
            let product = cursor.short_string().filter(|name| is_name(name))?;
            // Branches: where what follows stands is known without waiting for the end of what is before it.
            if product.len() != foreseen.product {
                lengths.product = product.len();
                continue;
            }
            cursor.seek(start + foreseen.product + 2);
            cursor.takes(b",\"side\":\"")?;
            let side = match cursor.takes(b"buy\"") {
                Some(()) => Side::Buy,
                None => cursor.takes(b"sell\"").map(|()| Side::Sell)?,
            };
            cursor.takes(b",\"seq\":")?;
            let start = cursor.offset();
            let seq = cursor.short_integer()?;
            if cursor.offset() - start != foreseen.seq {
                lengths.seq = cursor.offset() - start;
                continue;
            }
            cursor.seek(start + foreseen.seq);
            let (price, size) = cursor.short_bare_pair(b",\"price\":", b",\"qty\":", b',')?;
            cursor.takes(b"\"timestamp\":")?;
            let ts = last_epoch(&mut cursor)?;
            let product = Text::Borrowed(product);
            return (price.value > 0).then_some(Self { product, seq, ts, side, price, size });
        }
    }

    /// Its level.
    pub(super) const fn level(&self) -> Level {
        Level { price: self.price.value, size: self.size.value }
    }

    /// As the market takes it; `level` is its own.
    #[inline]
    pub(super) fn message<'l>(&self, level: &'l [Level]) -> BookMessage<'l> {
        let (bids, asks): (&[Level], &[Level]) =
            if self.side == Side::Sell { (&[], level) } else { (level, &[]) };
        BookMessage {
            bids,
            asks,
            orders: None,
            proof: Proof::default(),
            decimals: Decimals { price: self.price.significant, size: self.size.significant },
            ts_event: self.ts,
        }
    }
}

impl<'a> Message<'a> for Change<'a> {
    const KEYS: &'static [Key] = keys!["feed", "product_id", "side", "seq", "price", "qty", "timestamp"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.product = product(cursor)?,
            2 => {
                self.side = if taker(cursor)? == AggressorSide::Buyer { Side::Buy } else { Side::Sell };
            }
            3 => self.seq = cursor.u64()?,
            4 => self.price = bare_price(cursor)?,
            5 => self.size = bare_book_size(cursor, BelowZero::None)?,
            6 => self.ts = epoch(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// `book_snapshot`, without its levels.
#[derive(Debug, Default)]
pub(super) struct Whole<'a> {
    pub product: Text<'a>,
    pub seq: u64,
    /// 0: none.
    pub ts: u64,
}

/// The same with its levels.
pub(super) struct WholeBook<'a, 'l> {
    pub head: &'l mut Whole<'a>,
    pub levels: &'l mut Levels,
    pub order: &'l mut Order,
    pub unknown: &'l mut UnknownKeys,
}

impl WholeBook<'_, '_> {
    pub(super) const NEEDED: &'static [usize] = &[1, 3, 5, 6];
}

impl<'a> Message<'a> for WholeBook<'a, '_> {
    const KEYS: &'static [Key] = keys!["feed", "product_id", "timestamp", "seq", "tickSize", "bids", "asks"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            1 => self.head.product = product(cursor)?,
            2 => self.head.ts = epoch(cursor)?,
            3 => self.head.seq = cursor.u64()?,
            5 | 6 => {
                let side = if key == 5 { Side::Buy } else { Side::Sell };
                self.levels.read_priced(side, BelowZero::None, cursor, self.order, self.unknown)?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// A trade, of `trade`, of `trade_snapshot` and of answers.
#[derive(Debug)]
pub(super) struct Trade<'a> {
    pub product: Text<'a>,
    pub uid: Text<'a>,
    /// Its number, where it has no `uid`.
    pub seq: Option<u64>,
    pub taker: AggressorSide,
    /// Whether the taker was liquidated.
    pub is_liquidation: bool,
    pub price: Decimal,
    pub size: Decimal,
    pub ts: u64,
}

impl Default for Trade<'_> {
    fn default() -> Self {
        Self {
            product: Text::default(),
            uid: Text::default(),
            seq: None,
            taker: AggressorSide::Buyer,
            is_liquidation: false,
            price: Decimal::default(),
            size: Decimal::default(),
            ts: 0,
        }
    }
}

impl Trade<'_> {
    pub(super) const NEEDED: &'static [usize] = &[0, 3, 5, 6, 7];
}

impl<'a> Message<'a> for Trade<'a> {
    const KEYS: &'static [Key] =
        keys!["product_id", "feed", "uid", "side", "type", "time", "qty", "price", "seq"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.product = product(cursor)?,
            2 => cursor.string_into(&mut self.uid)?,
            3 => self.taker = taker(cursor)?,
            4 => self.is_liquidation = &*cursor.string()? == b"liquidation",
            5 => self.ts = epoch(cursor)?,
            6 => self.size = size(cursor)?,
            7 => self.price = price(cursor)?,
            8 => self.seq = Some(cursor.u64()?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// `ticker`, and a ticker of an answer.
#[derive(Debug, Default, Clone)]
pub(super) struct Ticker<'a> {
    pub product: Text<'a>,
    pub ts: u64,
    pub mark: Option<(Decimal, bool)>,
    pub index: Option<(Decimal, bool)>,
    /// Of the notional, and per contract; `""`: not sent.
    pub relative_rate: String,
    pub absolute_rate: String,
    pub next_funding: Option<u64>,
    /// Bid and ask; 0: that side is empty.
    pub prices: [Decimal; 2],
    pub sizes: [Decimal; 2],
    /// `""`: not sent.
    pub open_interest: String,
    pub suspended: Option<bool>,
    pub post_only: bool,
}

impl Ticker<'_> {
    pub(super) const NEEDED: &'static [usize] = &[0, 1];
}

impl<'a> Message<'a> for Ticker<'a> {
    const KEYS: &'static [Key] = keys![
        "time",
        "product_id",
        "funding_rate",
        "funding_rate_prediction",
        "relative_funding_rate",
        "relative_funding_rate_prediction",
        "next_funding_rate_time",
        "leverage",
        "premium",
        "feed",
        "bid",
        "ask",
        "bid_size",
        "ask_size",
        "volume",
        "dtm",
        "index",
        "last",
        "change",
        "suspended",
        "tag",
        "pair",
        "openInterest",
        "markPrice",
        "maturityTime",
        "post_only",
        "volumeQuote",
        "open",
        "high",
        "low",
        "greeks"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        match key {
            0 => self.ts = epoch(cursor)?,
            1 => self.product = product(cursor)?,
            2 => self.absolute_rate = unless_null(cursor, number_text)?,
            4 => self.relative_rate = unless_null(cursor, number_text)?,
            6 => self.next_funding = Some(unless_null(cursor, epoch_or_none)?).filter(|ts| *ts > 0),
            10 | 11 => self.prices[key - 10] = unless_null(cursor, price_or_zero)?,
            12 | 13 => self.sizes[key - 12] = unless_null(cursor, size_or_zero)?,
            16 => self.index = unless_null(cursor, computed_price_or_none)?,
            19 => self.suspended = Some(cursor.bool()?),
            22 => self.open_interest = unless_null(cursor, open_interest)?,
            23 => self.mark = unless_null(cursor, computed_price_or_none)?,
            25 => self.post_only = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// Open interest as canonical text, which cannot be below 0.
pub(super) fn open_interest(cursor: &mut Cursor<'_>) -> Result<String, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let text = number_text(cursor)?;
    if text.starts_with('-') { Err(JsonError { kind: Kind::Size, at }) } else { Ok(text) }
}

/// A ticker of the answer `tickers`. Its funding rate is per contract, which is no rate of ours. One of an index has a last
/// value and its time alone.
#[derive(Debug, Default)]
pub(super) struct AnsweredTicker<'a> {
    pub ticker: Ticker<'a>,
    pub last: Option<(Decimal, bool)>,
    pub last_ts: u64,
}

impl AnsweredTicker<'_> {
    pub(super) const NEEDED: &'static [usize] = &[0];
}

impl<'a> Message<'a> for AnsweredTicker<'a> {
    const KEYS: &'static [Key] = keys![
        "symbol",
        "last",
        "lastTime",
        "tag",
        "pair",
        "markPrice",
        "bid",
        "bidSize",
        "ask",
        "askSize",
        "vol24h",
        "volumeQuote",
        "openInterest",
        "open24h",
        "high24h",
        "low24h",
        "lastSize",
        "fundingRate",
        "fundingRatePrediction",
        "suspended",
        "indexPrice",
        "postOnly",
        "change24h",
        "extrinsicValue",
        "isUnderlyingMarketClosed",
        "greeks"
    ];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Read {
        let ticker = &mut self.ticker;
        match key {
            0 => ticker.product = product(cursor)?,
            1 => self.last = unless_null(cursor, computed_price_or_none)?,
            2 => self.last_ts = unless_null(cursor, moment)?,
            5 => ticker.mark = unless_null(cursor, computed_price_or_none)?,
            6 => ticker.prices[0] = unless_null(cursor, price_or_zero)?,
            7 => ticker.sizes[0] = unless_null(cursor, size_or_zero)?,
            8 => ticker.prices[1] = unless_null(cursor, price_or_zero)?,
            9 => ticker.sizes[1] = unless_null(cursor, size_or_zero)?,
            12 => ticker.open_interest = unless_null(cursor, open_interest)?,
            19 => ticker.suspended = Some(cursor.bool()?),
            20 => ticker.index = unless_null(cursor, computed_price_or_none)?,
            21 => ticker.post_only = cursor.bool()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::forms::hold;

    const WHOLE: &str = r#"{"feed":"book_snapshot","product_id":"PI_XBTUSD","timestamp":1700000000000,"seq":6,"tickSize":null,"bids":[{"price":34980.5,"qty":1.0}],"asks":[]}"#;
    const CHANGE: &str = r#"{"feed":"book","product_id":"PI_XBTUSD","side":"sell","seq":7,"price":34981.5,"qty":9864,"timestamp":1700000000817}"#;

    #[test]
    fn the_usual_form_of_a_change_is_what_any_form_is() {
        let edits: [(&str, &str); 30] = [
            ("", ""),
            (r#""sell""#, r#""buy""#),
            (r#""sell""#, r#""Sell""#),
            (r#""sell""#, r#""other""#),
            (r#""sell""#, "7"),
            ("PI_XBTUSD", "pi_xbtusd"),
            ("PI_XBTUSD", ""),
            ("PI_XBTUSD", "FI_XBTUSD_211231_OF"),
            ("PI_XBTUSD", "PI_\u{e9}"),
            ("PI_XBTUSD", "PI_\\u0058BTUSD"),
            (r#""seq":7"#, r#""seq":9"#),
            (r#""seq":7"#, r#""seq":-7"#),
            (r#""seq":7"#, r#""seq":07"#),
            (r#""seq":7"#, r#""seq":7.0"#),
            ("34981.5", "34980.5"),
            ("34981.5", "0"),
            ("34981.5", "0.0"),
            ("34981.5", "-1.5"),
            ("34981.5", "034981.5"),
            ("34981.5", "34981."),
            ("34981.5", "3.49815e4"),
            ("34981.5", "123456789.123456789"),
            ("9864", "0"),
            ("9864", "-5.0"),
            ("9864", "98640000000000"),
            ("1700000000817", "17"),
            ("1700000000817", "1.7e12"),
            ("1700000000817", "01700000000817"),
            (r#","timestamp":1700000000817"#, ""),
            (r#"817}"#, r#"817,"new":1}"#),
        ];
        for (from, to) in edits {
            hold("kraken-futures", "wss://futures.kraken.com/ws/v1", &[WHOLE], &CHANGE.replacen(from, to, 1));
        }
        let mut lengths = Lengths::default();
        assert!(Change::usual(CHANGE.as_bytes(), &mut lengths).is_some());
        assert_eq!((lengths.product, lengths.seq), (9, 1));
    }
}
