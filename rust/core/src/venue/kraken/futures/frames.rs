//! Kraken Futures' frames: which message one is.
//!
//! In: one frame, a flat object with `feed`, one with `event`, or a REST answer. Every frame is read to its last byte before
//! the market hears of any item of it; then each is told, and stands or falls alone (`tell.rs`).
//!
//! `feed` says what the other keys are and may stand anywhere among them. Where it stands is guessed from the first bytes;
//! a guess that fails costs one look through the object, and then the same readers are used.

use super::messages::{Change, Lengths, Ticker, Trade, Whole, WholeBook};
use super::rest::{self, Answer};
use super::{instruments, sequence};
use crate::accounting::End;
use crate::feed::{Frame, Market};
use crate::json::{Cursor, JsonError, Key, Message, Order, UnknownKeys, keys};
use crate::venue::values::{Item, Levels, Text, items, or_syntax, require, text};
use crate::venue::{Defined, VenueDecoder};

/// What is kept from frame to frame: buffers and predictions.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub levels: Levels,
    pub unknown: UnknownKeys,
    pub orders: Orders,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    change: Order,
    whole: Order,
    level: Order,
    trade: Order,
    history: Order,
    ticker: Order,
    pub answer: Order,
    pub answered: Order,
    pub execution: [Order; 2],
}

/// Reads Kraken Futures' frames.
#[derive(Debug, Default)]
pub(super) struct FuturesDecoder {
    pub(super) scratch: Scratch,
    lengths: Lengths,
}

/// What a feed's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    Change,
    Whole,
    Trade,
    History,
    Ticker,
    /// Known, without a type of ours.
    Other,
    Unknown,
}

fn feed_named(name: &[u8]) -> Feed {
    match name {
        b"book" => Feed::Change,
        b"book_snapshot" => Feed::Whole,
        b"trade" => Feed::Trade,
        b"trade_snapshot" => Feed::History,
        b"ticker" => Feed::Ticker,
        // A quote without sizes and without a time; what an account is told.
        b"ticker_lite"
        | b"heartbeat"
        | b"open_orders"
        | b"open_orders_snapshot"
        | b"open_orders_verbose"
        | b"open_orders_verbose_snapshot"
        | b"fills"
        | b"fills_snapshot"
        | b"open_positions"
        | b"balances"
        | b"balances_snapshot"
        | b"account_log"
        | b"account_log_snapshot"
        | b"notifications_auth"
        | b"account_balances_and_margins"
        | b"deposits_withdrawals" => Feed::Other,
        _ => Feed::Unknown,
    }
}

/// The name of the feed by the first bytes; `None` where they do not tell.
fn guess(frame: &[u8]) -> Option<&[u8]> {
    let (name, rest) = if let Some(rest) = frame.strip_prefix(b"{\"feed\":\"") {
        rest.split_at_checked(rest.iter().take(20).position(|b| *b == b'"')?)?
    } else {
        let rest = frame.strip_prefix(b"{\"product_id\":\"")?;
        let rest = &rest[rest.iter().take(40).position(|b| *b == b'"')?..];
        let rest = rest.strip_prefix(b"\",\"feed\":\"")?;
        return rest.get(..rest.iter().take(20).position(|b| *b == b'"')?);
    };
    // What is said of a subscription has the feed's name too, but of several products.
    rest.starts_with(b"\",\"product_id\":").then_some(name)
}

/// The name of the feed wherever it stands; `None`: it is no message of a feed.
fn look<'a>(frame: &'a [u8]) -> Result<Option<Text<'a>>, JsonError> {
    let mut cursor = Cursor::new(frame);
    let (mut feed, mut has_product, mut has_event) = (None, false, false);
    if cursor.peek() != b'{' {
        return Ok(None);
    }
    cursor.expect(b'{')?;
    while cursor.peek() != b'}' {
        let key = cursor.string()?;
        cursor.expect(b':')?;
        cursor.peek();
        match &*key {
            b"feed" => feed = Some(cursor.string()?),
            key => {
                has_product |= key == b"product_id";
                has_event |= key == b"event";
                cursor.skip()?;
            }
        }
        if cursor.peek() != b'}' {
            cursor.expect(b',')?;
        }
    }
    Ok(feed.filter(|_| has_product || !has_event))
}

impl VenueDecoder for FuturesDecoder {
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        self.read(frame, market).map_err(|error| or_syntax(frame.body, error))
    }

    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError> {
        instruments::read(body, 0, market)
    }

    fn opened(&mut self, _: &Frame<'_>) {}

    fn snapshot_context(&self, symbol: &str) -> String {
        format!("/derivatives/api/v3/orderbook?symbol={symbol}")
    }

    fn unknown_keys(&self) -> UnknownKeys {
        self.scratch.unknown.clone()
    }
}

impl FuturesDecoder {
    fn read(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        if let Some(change) = Change::usual(frame.body, &mut self.lengths) {
            return tell_change(&change, market);
        }
        let named;
        let name = match guess(frame.body) {
            Some(name) => name,
            None => match look(frame.body)? {
                Some(name) => {
                    named = name;
                    &*named
                }
                None => return self.read_answer(frame, market),
            },
        };
        match feed_named(name) {
            Feed::Change => self.read_change(frame, market),
            Feed::Whole => self.read_whole(frame, market),
            Feed::Trade => {
                let (order, unknown) = (&mut self.scratch.orders.trade, &mut self.scratch.unknown);
                let mut trade = Trade::default();
                whole_frame(frame, &mut trade, Trade::NEEDED, order, unknown)?;
                super::tell::trade(&trade, market)
            }
            Feed::History => self.read_history(frame, market),
            Feed::Ticker => {
                let (order, unknown) = (&mut self.scratch.orders.ticker, &mut self.scratch.unknown);
                let mut ticker = Ticker::default();
                whole_frame(frame, &mut ticker, Ticker::NEEDED, order, unknown)?;
                super::tell::ticker(&ticker, market)
            }
            feed => {
                let mut cursor = Cursor::new(frame.body);
                cursor.skip()?;
                cursor.finish()?;
                if feed == Feed::Other {
                    market.item(End::Control);
                } else {
                    market.unknown_topic(text(name));
                }
                Ok(())
            }
        }
    }

    fn read_change(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let Scratch { unknown, orders, .. } = &mut self.scratch;
        let mut change = Change::default();
        whole_frame(frame, &mut change, Change::NEEDED, &mut orders.change, unknown)?;
        tell_change(&change, market)
    }

    fn read_whole(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let Scratch { levels, unknown, orders } = &mut self.scratch;
        levels.clear();
        let (mut head, mut strangers) = (Whole::default(), UnknownKeys::default());
        let mut book = WholeBook {
            head: &mut head,
            levels: &mut *levels,
            order: &mut orders.level,
            unknown: &mut strangers,
        };
        let read = whole_frame(frame, &mut book, WholeBook::NEEDED, &mut orders.whole, unknown);
        unknown.merge(&strangers);
        read?;
        let slot = market.slot(&head.product)?;
        let update = sequence::update(true, head.seq, head.ts);
        Ok(market.book_update(slot, super::BOOK, sequence::judge, update, &levels.message(head.ts))?)
    }

    /// `trade_snapshot`: the last trades, newest first; told oldest first.
    fn read_history(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let Scratch { unknown, orders, .. } = &mut self.scratch;
        let (mut found, mut strangers) = (Vec::new(), UnknownKeys::default());
        let mut history = History { found: &mut found, order: &mut orders.trade, unknown: &mut strangers };
        let read = whole_frame(frame, &mut history, &[2], &mut orders.history, unknown);
        unknown.merge(&strangers);
        read?;
        super::tell::trades(found, frame, market);
        Ok(())
    }

    fn read_answer(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let Scratch { unknown, orders, .. } = &mut self.scratch;
        let mut cursor = Cursor::new(frame.body);
        let mut answer = Answer::default();
        let seen = cursor.object(&mut answer, &mut orders.answer, unknown)?;
        cursor.finish()?;
        rest::tell(&answer, seen, &mut self.scratch, frame, market)
    }
}

#[inline(always)]
fn tell_change(change: &Change<'_>, market: &mut Market) -> Result<(), JsonError> {
    let level = [change.level()];
    let slot = market.slot(&change.product)?;
    let update = sequence::update(false, change.seq, change.ts);
    Ok(market.book_update(slot, super::BOOK, sequence::judge, update, &change.message(&level))?)
}

/// Reads a frame that is one message, to its last byte.
#[inline]
fn whole_frame<'a, M: Message<'a>>(
    frame: &Frame<'a>,
    message: &mut M,
    needed: &[usize],
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<(), JsonError> {
    let mut cursor = Cursor::new(frame.body);
    let seen = cursor.object(message, order, unknown)?;
    cursor.finish()?;
    require(seen, M::KEYS, needed, 0)
}

/// `trade_snapshot`.
struct History<'a, 's> {
    found: &'s mut Vec<Item<Trade<'a>>>,
    order: &'s mut Order,
    unknown: &'s mut UnknownKeys,
}

impl<'a> Message<'a> for History<'a, '_> {
    const KEYS: &'static [Key] = keys!["feed", "product_id", "trades"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        if key != 2 {
            return cursor.skip();
        }
        *self.found = items(cursor, |cursor, start| {
            let mut trade = Trade::default();
            let seen = cursor.object(&mut trade, self.order, self.unknown)?;
            require(seen, Trade::KEYS, Trade::NEEDED, start)?;
            Ok(trade)
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether what a reject stands at is told.
    #[derive(Clone, Copy)]
    enum Place {
        Yes,
        No,
    }

    /// What became of a frame behind a snapshot: its end, reject and rows.
    fn said(body: &str, place: Place) -> String {
        let feed = crate::venue::feed("kraken-futures").expect("a feed");
        let mut feed = crate::feed::Feed::new(feed, crate::feed::FeedOptions::default());
        let ts = 1_700_000_000_000_000_000;
        let first = br#"{"feed":"book_snapshot","product_id":"PI_XBTUSD","timestamp":1700000000000,"seq":6,"tickSize":null,"bids":[{"price":34980.5,"qty":1.0}],"asks":[]}"#;
        feed.push(&Frame::received(first, ts));
        let end = feed.push(&Frame::received(body.as_bytes(), ts));
        let market = feed.market_mut();
        let mut rows = String::new();
        market.drain(|_, stream| rows = format!("{rows}{:?} {:?};", stream.key, stream.columns));
        let near = |at: u64| match place {
            Place::Yes => body.get(at as usize..).unwrap_or_default(),
            Place::No => "",
        };
        let rejects: Vec<_> =
            market.take_rejects().into_iter().map(|reject| (reject.code, near(reject.at))).collect();
        format!("{end:?} {rejects:?} {rows}")
    }

    /// The usual form is read in a straight line, the same with a space in front of each value and key is not.
    #[test]
    fn the_usual_form_says_what_any_form_says() {
        let change = r#"{"feed":"book","product_id":"PI_XBTUSD","side":"sell","seq":7,"price":34981.0,"qty":15.0,"timestamp":1700000000001}"#;
        for (from, to) in [
            ("", ""),
            ("sell", "buy"),
            ("sell", "hold"),
            ("PI_XBTUSD", "pi_xbtusd"),
            ("PI_XBTUSD", ""),
            ("PI_XBTUSD", "A-NAME-OF-MORE-THAN-SIXTEEN-BYTES"),
            ("PI_XBTUSD", "PI\\u005fXBTUSD"),
            ("34981.0", "0.0"),
            ("34981.0", "-1"),
            ("34981.0", "3.4981e4"),
            ("34981.0", "034981"),
            ("34981.0", "\"34981.0\""),
            ("34981.0", "123456789012.5"),
            ("34981.0", "1e30"),
            ("34981.0", "34981."),
            ("34981.0", "null"),
            ("15.0", "0"),
            ("15.0", "-3"),
            ("15.0", "1.5e1"),
            ("15.0", "\"15.0\""),
            ("15.0", "true"),
        ] {
            let change = change.replacen(from, to, 1);
            let spaced = change.replace("\":", "\": ").replace(",\"", " , \"");
            let (usual, any) = (said(&change, Place::No), said(&spaced, Place::No));
            assert_eq!(usual, any, "{change}");
        }
        for wrong in ["0.0", "-1.5"] {
            let change = change.replacen("34981.0", wrong, 1);
            let told = said(&change, Place::Yes);
            assert!(told.contains("price") && told.contains(&format!("\"{wrong},")), "{told}");
        }
    }

    #[test]
    fn where_the_feed_is_named() {
        for (frame, guessed, found) in [
            (r#"{"feed":"book","product_id":"PI_XBTUSD","seq":1}"#, Some("book"), Some("book")),
            (r#"{"product_id":"PI_XBTUSD","feed":"trade","seq":1}"#, Some("trade"), Some("trade")),
            (r#"{"time":1,"product_id":"PI_XBTUSD","feed":"ticker"}"#, None, Some("ticker")),
            (r#"{"seq":1,"feed":"b\u006fok","product_id":"A"}"#, None, Some("book")),
            (r#"{"feed":"heartbeat","time":1}"#, None, Some("heartbeat")),
            (r#"{"event":"subscribed","feed":"book","product_ids":["A"]}"#, None, None),
            (r#"{"feed":"book","event":"subscribed","product_ids":["A"]}"#, None, None),
            (r#"{"event":"info","version":1}"#, None, None),
            (r#"{"result":"success"}"#, None, None),
            ("{}", None, None),
            ("[]", None, None),
            ("", None, None),
        ] {
            assert_eq!(guess(frame.as_bytes()), guessed.map(str::as_bytes), "{frame}");
            let looked = look(frame.as_bytes()).expect("an object");
            assert_eq!(looked.as_deref(), found.map(str::as_bytes), "{frame}");
        }
        assert!(look(b"{\"feed\":7}").is_err() && look(b"{\"feed\"}").is_err() && look(b"{1}").is_err());
    }
}
