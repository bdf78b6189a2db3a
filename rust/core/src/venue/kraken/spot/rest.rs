//! Kraken's REST answers: `result` has a value for each pair asked for; what it is, its shape tells.

use super::frames::Data;
use super::messages::{Bar, BookHead};
use super::v1;
use crate::json::{Cursor, JsonError, Key, Message, Order, UnknownKeys, keys};
use crate::time::MINUTE;
use crate::venue::running::Candle;
use crate::venue::url;
use crate::venue::values::{Item, Levels, items};

/// What a value of `result` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Trades,
    Candles,
    Book,
    Pair,
    Other,
}

/// The values of `result`, each with its key; pairs' definitions are one, whose key is empty.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    context: &str,
    levels: &mut Levels,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<Vec<(String, Data<'a>)>, JsonError> {
    if cursor.peek() != b'{' {
        return Ok(vec![(String::new(), Data::None)]);
    }
    let mut found: Vec<(String, Data<'a>)> = Vec::new();
    cursor.members(|key, cursor| {
        let shape = if key == b"last" { Shape::Other } else { shape(cursor.rest()) };
        let data = match shape {
            Shape::Trades => Data::Trades(items(cursor, |cursor, _| v1::trade(cursor))?),
            Shape::Candles => {
                let candles = items(cursor, |cursor, _| v1::answered_candle(cursor))?;
                let minutes = minutes(context, &candles);
                let bar = |candle: Item<_>| candle.map(|candle| Bar { candle, minutes, ..Bar::default() });
                Data::Bars(candles.into_iter().map(bar).collect())
            }
            Shape::Book => {
                let mut head =
                    BookHead { starts: [levels.bids.len(), levels.asks.len()], ..BookHead::default() };
                v1::book(cursor, levels, &mut head, order, unknown)?;
                Data::Books(vec![Ok(head)])
            }
            Shape::Pair => {
                cursor.skip()?;
                if !found.iter().any(|(_, data)| matches!(data, Data::Instruments)) {
                    found.push((String::new(), Data::Instruments));
                }
                return Ok(());
            }
            Shape::Other => return cursor.skip(),
        };
        found.push((String::from_utf8_lossy(key).into_owned(), data));
        Ok(())
    })?;
    if found.is_empty() {
        found.push((String::new(), Data::None));
    }
    Ok(found)
}

/// By what comes first: the keys of an object, the members of the first item of an array.
fn shape(value: &[u8]) -> Shape {
    let mut look = Cursor::new(value);
    match look.peek() {
        b'{' => {
            let seen =
                look.object(&mut Look, &mut Order::default(), &mut UnknownKeys::default()).unwrap_or(0);
            match seen {
                seen if seen & 0b11 == 0b11 => Shape::Book,
                seen if seen & 0b1100 == 0b1100 => Shape::Pair,
                _ => Shape::Other,
            }
        }
        b'[' => {
            let (mut count, mut is_text) = (0, false);
            let read = look.expect(b'[').is_ok()
                && look
                    .array(|look| {
                        is_text |= count == 0 && look.peek() == b'"';
                        count += 1;
                        look.skip()
                    })
                    .is_ok();
            match (read, is_text, count) {
                (true, true, 6..) => Shape::Trades,
                (true, false, 8) => Shape::Candles,
                _ => Shape::Other,
            }
        }
        _ => Shape::Other,
    }
}

struct Look;

impl<'a> Message<'a> for Look {
    const KEYS: &'static [Key] = keys!["asks", "bids", "altname", "pair_decimals"];

    fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.skip()
    }
}

/// How long the candles of an answer are: as asked for, else as far as the first two are apart. 0: nothing tells.
fn minutes(context: &str, candles: &[Item<Candle>]) -> u16 {
    if let Some(asked) = url::query(context, "interval") {
        return asked.parse().unwrap_or(0);
    }
    if url::endpoint(context) == "OHLC" {
        return 1;
    }
    let mut begins = candles.iter().flatten().map(|candle| candle.begin);
    let apart = begins.next().zip(begins.next()).map(|(first, next)| next.saturating_sub(first));
    apart.and_then(|ns| u16::try_from(ns / MINUTE).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (value, want) in [
            (r#"[["1","2",3.5,"b","l",""]]"#, Shape::Trades),
            (r#"[["1","2",3.5,"b","l","",7]]"#, Shape::Trades),
            (r#"[[1,"1","2","3","4","5","6",7]]"#, Shape::Candles),
            (r#"[[1,"1","2"]]"#, Shape::Other),
            ("[]", Shape::Other),
            (r#"{"asks":[],"bids":[]}"#, Shape::Book),
            (r#"{"altname":"A","pair_decimals":1}"#, Shape::Pair),
            (r#"{"a":["1"]}"#, Shape::Other),
            (r#"{"asks":[}"#, Shape::Other),
            ("7", Shape::Other),
            ("", Shape::Other),
        ] {
            assert_eq!(shape(value.as_bytes()), want, "{value}");
        }
        let at = |begin| Ok(Candle { begin, ..Candle::default() });
        assert_eq!(minutes("/0/public/OHLC?pair=A&interval=240", &[at(0)]), 240);
        assert_eq!(minutes("/0/public/OHLC?pair=A", &[at(0)]), 1);
        assert_eq!(minutes("", &[at(MINUTE), at(6 * MINUTE)]), 5);
        assert_eq!(minutes("", &[at(MINUTE)]), 0);
    }
}
