//! Answers: what one is, the keys of its result tell. They come over the socket too, where no URL is.

use super::bars::Charts;
use super::frames::{DeribitDecoder, Scratch, at, ticker};
use super::levels::Form;
use super::messages::{Book, Trade, each as each_of, one};
use super::{instruments, tell};
use crate::accounting::End;
use crate::feed::{Frame, Market};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::url;
use crate::venue::values::Item;

/// What a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One or more definitions.
    Instruments,
    Trades,
    Charts,
    /// A ticker, with the levels of the book or without.
    Ticker,
    Other,
}

/// Numbers of predictions beside those of channels.
const TRADES: u8 = 200;
const CHARTS: u8 = 201;
const TICKER: u8 = 202;

/// Reads a result and tells what it says.
pub(super) fn read(
    decoder: &mut DeribitDecoder,
    place: (usize, u32),
    answered_us: u64,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let mut cursor = at(frame, place)?;
    match shape(cursor.rest())? {
        Shape::Instruments => instruments::read(frame.body, frame.ts, market)?.tell(frame, market),
        Shape::Trades => {
            let found = trades(&mut cursor, &mut decoder.scratch)?;
            let told = |trade: &Trade<'_>, market: &mut Market| decoder.tell_trade(trade, market);
            tell::each(found, frame, market, told, |trade| &trade.symbol);
        }
        Shape::Charts => {
            let Scratch { orders, unknown, .. } = &mut decoder.scratch;
            let charts: Charts = one(&mut cursor, orders.entry(CHARTS).or_default(), unknown)?;
            // It does not say what it is of: the URL does.
            let asked = |name| url::query(frame.context, name);
            let symbol = asked("instrument_name").ok_or(Kind::Missing("instrument_name"))?;
            let resolution = asked("resolution").unwrap_or_default();
            decoder.tell_charts((&symbol, &resolution), &charts.candles()?, answered_us, market)?;
        }
        Shape::Ticker => read_ticker(decoder, &mut cursor, frame, market)?,
        Shape::Other => market.item(End::Control),
    }
    Ok(())
}

/// `get_last_trades_…`, oldest first.
fn trades<'a>(cursor: &mut Cursor<'a>, scratch: &mut Scratch) -> Result<Vec<Item<Trade<'a>>>, JsonError> {
    struct Answer<'a, 's> {
        found: Vec<Item<Trade<'a>>>,
        scratch: &'s mut Scratch,
    }
    impl<'a> Message<'a> for Answer<'a, '_> {
        const KEYS: &'static [Key] = keys!["trades", "has_more"];
        fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
            if key > 0 {
                return cursor.skip();
            }
            let Scratch { orders, unknown, .. } = &mut *self.scratch;
            self.found = each_of(cursor, orders.entry(TRADES).or_default(), unknown)?;
            Ok(())
        }
    }
    let mut unknown = UnknownKeys::default();
    let mut answer = Answer { found: Vec::new(), scratch };
    cursor.object(&mut answer, &mut Order::default(), &mut unknown)?;
    let Answer { mut found, scratch } = answer;
    scratch.unknown.merge(&unknown);
    // In the order asked for, the oldest or the newest first; blocks of the history in none.
    found.sort_by_key(|trade| trade.as_ref().map_or((0, 0), |trade| (trade.ts, trade.sequence)));
    Ok(found)
}

/// `ticker` and `get_order_book`: the levels of the second are a book.
fn read_ticker(
    decoder: &mut DeribitDecoder,
    cursor: &mut Cursor<'_>,
    frame: &Frame<'_>,
    market: &mut Market,
) -> Result<(), JsonError> {
    let Scratch { orders, unknown, sides, .. } = &mut decoder.scratch;
    let ticker = ticker(cursor, orders.entry(TICKER).or_default(), unknown)?;
    let head = match (ticker.sides_at, ticker.change_id) {
        ([Some(bids), Some(asks)], Some(id)) => {
            sides.clear();
            sides.read_bids(Form::Plain, &mut at(frame, bids)?)?;
            sides.read_asks(Form::Plain, &mut at(frame, asks)?)?;
            Some(Book::answered(ticker.symbol.clone(), ticker.ts, id))
        }
        _ => None,
    };
    let symbol = ticker.symbol.clone();
    let told = |result: Result<(), Kind>, market: &mut Market| {
        if let Err(error) = result {
            market.reject_item(frame, &String::from_utf8_lossy(&symbol), error.into());
        }
    };
    if let Some(head) = head {
        let result = decoder.tell_answered_book(&head, market);
        told(result, market);
    }
    let result = decoder.tell_ticker(frame, None, &ticker, market);
    told(result, market);
    Ok(())
}

/// By the keys of the object, or of a list's first.
fn shape(result: &[u8]) -> Result<Shape, JsonError> {
    let mut look = Cursor::new(result);
    if look.peek() == b'[' {
        look.expect(b'[')?;
        let found = if look.peek() == b'{' { shape(look.rest())? } else { Shape::Other };
        return Ok(if found == Shape::Instruments { found } else { Shape::Other });
    }
    if look.peek() != b'{' {
        return Ok(Shape::Other);
    }
    let seen = look.object(&mut Look, &mut Order::default(), &mut UnknownKeys::default())?;
    let has = |keys: &[u32]| keys.iter().all(|key| seen & 1 << key != 0);
    let shapes = [
        (&[0, 1, 2][..], Shape::Instruments),
        (&[3], Shape::Trades),
        (&[4, 5, 6], Shape::Charts),
        (&[0, 7, 8], Shape::Ticker),
    ];
    let found = shapes.into_iter().find_map(|(keys, shape)| has(keys).then_some(shape));
    Ok(found.unwrap_or(Shape::Other))
}

struct Look;

impl<'a> Message<'a> for Look {
    const KEYS: &'static [Key] = keys![
        "instrument_name",
        "kind",
        "tick_size",
        "trades",
        "ticks",
        "open",
        "close",
        "timestamp",
        "best_bid_price"
    ];

    fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.skip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (result, want) in [
            (r#"[{"tick_size":0.5,"kind":"future","instrument_name":"BTC-PERPETUAL"}]"#, Shape::Instruments),
            (r#"{"kind":"future","instrument_name":"BTC-PERPETUAL","tick_size":0.5}"#, Shape::Instruments),
            (r#"{"trades":[],"has_more":false}"#, Shape::Trades),
            (r#"{"ticks":[],"open":[],"close":[]}"#, Shape::Charts),
            (r#"{"timestamp":1,"instrument_name":"A","best_bid_price":null,"bids":[]}"#, Shape::Ticker),
            (r#"["trades.BTC-PERPETUAL.raw"]"#, Shape::Other),
            (r#"[{"trades":[]}]"#, Shape::Other),
            (r#"{"version":"1.2.26"}"#, Shape::Other),
            ("\"ok\"", Shape::Other),
            ("1733338800000", Shape::Other),
            ("[]", Shape::Other),
        ] {
            assert_eq!(shape(result.as_bytes()), Ok(want), "{result}");
        }
        let twice = shape(br#"{"timestamp":1,"instrument_name":"A","timestamp":1}"#);
        assert_eq!(twice.map_err(|error| error.kind), Err(Kind::DuplicateKey));
    }
}
