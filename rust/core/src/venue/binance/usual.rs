//! Frames of the four busiest messages, alone in a frame and in the usual form: read and told without a stop between.
//!
//! In: `{"stream":"…","data":{"e":"aggTrade",…}}` or the message bare. What begins otherwise is left to
//! [`frames`](super::frames), which reads any form with the same readers; nothing is taken of it here. As there, the
//! market hears of a message when its frame was read to the last byte.

use super::frames::{BinanceDecoder, Event, Scratch, guess, stream_of};
use super::messages::{AggTrade, BookTicker, Depth, Trade};
use super::tell;
use crate::feed::{Frame, Market, TradeKind, is_item_error};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys};
use crate::venue::values::require;

/// Whether a frame was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    /// It has another form: nothing was told of it.
    No,
}

/// The wrapper's keys behind the message: none of them says anything.
struct Behind;

impl<'a> Message<'a> for Behind {
    const KEYS: &'static [Key] = super::frames::WRAPPER_KEYS;

    fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.skip()
    }
}

/// A message and what is around it in its frame.
struct Alone<'a, 's> {
    cursor: Cursor<'a>,
    is_wrapped: bool,
    wrapper: &'s mut (Order, UnknownKeys),
}

impl<'a> Alone<'a, '_> {
    /// Reads the message, which must have the keys `needed`, and the frame to its end. An error inside is the frame's,
    /// one as the value is the message's own.
    #[inline(always)]
    fn read<M: Message<'a>>(
        &mut self,
        message: &mut M,
        order: &mut Order,
        unknown: &mut UnknownKeys,
        needed: &[usize],
    ) -> Result<Result<(), JsonError>, JsonError> {
        let cursor = &mut self.cursor;
        let (start, depth) = (cursor.offset(), cursor.depth());
        let read = match cursor.object(message, order, unknown) {
            Ok(seen) => require(seen, M::KEYS, needed, start),
            Err(error) if is_item_error(&error) => cursor.pass_over(start, depth).map(|()| Err(error))?,
            Err(error) => return Err(error),
        };
        self.end()?;
        Ok(read)
    }

    /// Reads the frame to its end, where the message was read.
    #[inline(always)]
    fn end(&mut self) -> Result<(), JsonError> {
        if self.is_wrapped && !self.cursor.ends_object() {
            let (order, unknown) = &mut *self.wrapper;
            self.cursor.rest_of_object(&mut Behind, order, unknown, 2)?;
        }
        self.cursor.finish()
    }
}

impl BinanceDecoder {
    /// Takes a frame of the usual form.
    ///
    /// # Errors
    /// What spoils the whole frame.
    #[inline]
    pub(super) fn take_usual(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<Taken, JsonError> {
        let mut cursor = Cursor::new(frame.body);
        let named = cursor.member_before(b"{\"stream\":", b",\"data\":");
        let is_wrapped = named.is_some();
        let Some(event) = guess(&cursor) else { return Ok(Taken::No) };
        let wrapper = &mut self.wrapper;
        let mut alone = Alone { cursor, is_wrapped, wrapper };
        let Scratch { levels, unknown, orders } = &mut self.scratch;
        let told = match event {
            Event::AggTrade => {
                let mut trade = Trade::default();
                let mut message = AggTrade(&mut trade);
                alone
                    .read(&mut message, &mut orders.agg_trade, unknown, AggTrade::needed(self.product))?
                    .and_then(|()| tell::trade(TradeKind::Aggregate, &trade, market))
                    .map_err(|error| (trade.symbol, error))
            }
            Event::Trade => {
                let mut trade = Trade::default();
                alone
                    .read(&mut trade, &mut orders.trade, unknown, Trade::NEEDED)?
                    .and_then(|()| tell::trade(TradeKind::Raw, &trade, market))
                    .map_err(|error| (trade.symbol, error))
            }
            Event::BookTicker => {
                let mut ticker = BookTicker::default();
                let is_named = alone.cursor.rest().starts_with(b"{\"e\":");
                let read = alone.read(&mut ticker, &mut orders.book_ticker, unknown, BookTicker::NEEDED);
                let is_other = matches!(read, Err(JsonError { kind: Kind::OtherEvent, .. }));
                // Without a name in front it was but a guess.
                if is_other || !is_named && matches!(read, Ok(Err(_))) {
                    return Ok(Taken::No);
                }
                read?
                    .and_then(|()| tell::book_ticker(frame, &ticker, market))
                    .map_err(|error| (ticker.symbol, error))
            }
            Event::Depth => {
                let product = self.product;
                let mut usual = alone.cursor.clone();
                let (depth, read) = match Depth::read_usual(product, &mut usual, &mut *levels) {
                    Some(depth) => {
                        alone.cursor = usual;
                        alone.end()?;
                        (depth, Ok(()))
                    }
                    None => {
                        let mut depth = Depth::new(levels);
                        let needed = Depth::needed(product);
                        let read = alone.read(&mut depth, &mut orders.depth, unknown, needed)?;
                        (depth, read)
                    }
                };
                let stream = stream_of(&self.connections, frame, named.unwrap_or_default());
                let (update, ts_event) = (depth.update(), depth.ts_event(product));
                let Depth { symbol, levels, .. } = depth;
                read.and_then(|()| tell::depth(product, levels, stream, &symbol, (update, ts_event), market))
                    .map_err(|error| (symbol, error))
            }
            _ => return Ok(Taken::No),
        };
        if let Err((symbol, error)) = told {
            tell::refuse(frame, &symbol, error, market);
        }
        Ok(Taken::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Product;
    use super::super::messages::Depth;
    use crate::json::Cursor;
    use crate::venue::forms::hold;
    use crate::venue::values::Levels;

    /// Frames that name no stream came by the only one of their connection.
    const OPENED: &str = "wss://fstream.binance.com/ws/btcusdt@depth20@100ms";

    /// As they are written today.
    const DEPTHS: [(Product, &str); 4] = [
        (
            Product::Spot,
            r#"{"e":"depthUpdate","E":1700000000001,"s":"BTCUSDT","U":1,"u":9,"b":[["63113.20000000","1.00000000"]],"a":[]}"#,
        ),
        (
            Product::Usdm,
            r#"{"e":"depthUpdate","E":1700000000001,"T":1700000000000,"s":"BTCUSDT","U":1,"u":9,"pu":0,"b":[["63113.2","1"]],"a":[]}"#,
        ),
        (
            Product::Coinm,
            r#"{"e":"depthUpdate","E":1700000000001,"T":1700000000000,"s":"BTCUSD_PERP","ps":"BTCUSD","st":2,"U":1,"u":9,"pu":0,"b":[["63113.2","1"]],"a":[]}"#,
        ),
        (
            Product::Coinm,
            r#"{"e":"depthUpdate","E":1700000000001,"T":1700000000000,"s":"BTCUSD_PERP","ps":"BTCUSD","U":1,"u":9,"pu":0,"b":[["63113.2","1"]],"a":[]}"#,
        ),
    ];

    #[test]
    fn diffs_of_today_are_usual() {
        for (product, message) in DEPTHS {
            let mut cursor = Cursor::new(message.as_bytes());
            let mut levels = Levels::default();
            let depth = Depth::read_usual(product, &mut cursor, &mut levels).expect("the form written today");
            let is_future = product != Product::Spot;
            assert_eq!((depth.first, depth.last, depth.previous), (1, 9, is_future.then_some(0)));
            assert_eq!(
                depth.ts_event(product),
                if is_future { 1_700_000_000_000_000_000 } else { 1_700_000_000_001_000_000 }
            );
            assert_eq!((depth.levels.bids.len(), depth.levels.asks.len()), (1, 0));
            assert_eq!(cursor.offset(), message.len());
        }
    }

    #[test]
    fn the_usual_form_says_what_any_form_says() {
        let trade = r#"{"e":"trade","E":1700000000001,"T":1700000000000,"s":"BTCUSDT","t":7,"p":"63113.20","q":"0.5","X":"MARKET","m":true}"#;
        let aggregate = r#"{"e":"aggTrade","E":1700000000001,"a":5,"s":"BTCUSDT","p":"63113.20","q":"0.5","nq":"0.5","f":1,"l":2,"T":1700000000000,"m":false}"#;
        let ticker = r#"{"e":"bookTicker","u":12,"s":"BTCUSDT","b":"63113.2","B":"1.5","a":"63113.3","A":"0.25","T":1700000000000,"E":1700000000001}"#;
        let [spot, usdm, coinm, _] = DEPTHS.map(|(_, message)| message);
        let edits: [(&str, &str); 22] = [
            ("", ""),
            (r#""s":"BTCUSDT""#, r#""s":"BTC/USDT""#),
            (r#""63113.2"#, r#""-63113.2"#),
            (r#""63113.2"#, r#""0.000"#),
            (r#""63113.2"#, r#""1234567890123456789012345678901234567890"#),
            (r#""0.5""#, r#""0""#),
            (r#""T":1700000000000"#, r#""T":1700"#),
            (r#""T":1700000000000,"#, ""),
            (r#","s":"BTCUSDT""#, r#","s":"BTCUSDT","s":"BTCUSDT""#),
            (r#","s":"BTCUSDT""#, r#","s":"BTCUSDT","new":{"x":[1,"2"]}"#),
            (r#","s":"BTCUSDT""#, r#","s":7"#),
            (r#"{"e":"#, r#"{"e":7,"f":"#),
            (r#"{"e":"bookTicker","#, "{"),
            (r#"{"e":"#, r#"{"u":3,"e":"#),
            (r#"{"e":""#, r#"{"e":"x"#),
            (r#"}"#, r#"]"#),
            (r#"{"e":"#, r#"{"new":1,"e":"#),
            (r#","T":1700000000000,"s":"BTCUSDT""#, r#","s":"BTCUSDT""#),
            (r#""pu":0"#, r#""pu":-1"#),
            (r#""U":1,"#, r#""U":01,"#),
            (r#""st":2"#, r#""st":2,"st":2"#),
            (r#""ps":"BTCUSD""#, r#""ps":"BTC\u0055SD""#),
        ];
        let wrappers = [
            ("", ""),
            (r#"{"stream":"","data":"#, "}"),
            (r#"{"stream":"btcusdt@depth@100ms","data":"#, "}"),
            (r#"{"stream":"btcusdt@depth20@100ms","data":"#, "}"),
            (r#"{"stream":"btcusdt@x","data":"#, r#","generated":1}"#),
            (r#"{"stream":"btcusdt@x","data":"#, r#","other":{"a":1}}"#),
            (r#"{"stream":"btcusdt@x","data":"#, r#","data":1}"#),
            (r#"{"stream":"btcusdt@x","data":"#, r#","stream":""}"#),
            (r#"{"stream":"a-name-that-is-longer-than-thirty-two-bytes@trade","data":"#, "}"),
            (r#"{"stream":"b\u0074c@x","data":"#, "}"),
            (r#"{"stream":"btcusdt@x","data":"#, "}}"),
            (r#"{"stream":"btcusdt@x","data":"#, ""),
            (r#"{"stream":"btcusdt@x","data":"#, "} "),
            (r#"{"stream":7,"data":"#, "}"),
        ];
        for feed in ["binance-usdm", "binance-spot", "binance-coinm"] {
            for message in [trade, aggregate, ticker, spot, usdm, coinm] {
                for (from, to) in edits {
                    let message = message.replacen(from, to, 1);
                    for (before, behind) in wrappers {
                        hold(feed, OPENED, &[], &format!("{before}{message}{behind}"));
                    }
                }
            }
        }
    }
}
