//! Kraken's REST answers: `result` has a value for each pair asked for; what it is, its shape tells.

use super::frames::Data;
use super::messages::{Bar, BookHead};
use super::v1;
use crate::feed::Candle;
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::time::MINUTE;
use crate::venue::url;
use crate::venue::values::{Item, Levels, items, require};

/// What a value of `result` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Trades,
    Candles,
    Book,
    Pair,
    Other,
}

/// The values of `result`, each with its key, or what is wrong with it; pairs' definitions are one, whose key is empty.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    context: &str,
    levels: &mut Levels,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<Vec<(String, Item<Data<'a>>)>, JsonError> {
    if cursor.null() {
        return Ok(vec![(String::new(), Ok(Data::None))]);
    }
    let mut found: Vec<(String, Item<Data<'a>>)> = Vec::new();
    cursor.members(|key, cursor| {
        cursor.peek();
        let (start, depth) = (cursor.offset(), cursor.depth());
        let name = || String::from_utf8_lossy(key).into_owned();
        let shape = match shape(cursor) {
            _ if key == b"last" => Shape::Other,
            Ok(shape) => shape,
            Err(error) if error.kind.is_syntax() => return Err(error),
            Err(error) => {
                found.push((name(), Err(error)));
                return cursor.pass_over(start, depth);
            }
        };
        cursor.seek(start);
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
                let seen = v1::book(cursor, levels, &mut head, order, unknown)?;
                require(seen, v1::Book::KEYS, v1::ANSWERED, start)?;
                Data::Books(vec![Ok(head)])
            }
            Shape::Pair => {
                cursor.skip()?;
                if !found.iter().any(|(_, data)| matches!(data, Ok(Data::Instruments))) {
                    found.push((String::new(), Ok(Data::Instruments)));
                }
                return Ok(());
            }
            Shape::Other => return cursor.skip(),
        };
        found.push((name(), Ok(data)));
        Ok(())
    })?;
    if found.is_empty() {
        found.push((String::new(), Ok(Data::None)));
    }
    Ok(found)
}

/// By the keys of an object, by the first item of an array that tells.
///
/// # Errors
/// What is wrong with an object; [`Kind::Value`] for an array of which no item is one of ours.
fn shape(cursor: &mut Cursor<'_>) -> Result<Shape, JsonError> {
    let first = cursor.peek();
    let start = cursor.offset();
    Ok(match first {
        b'{' => {
            let seen = cursor.object(&mut Look, &mut Order::default(), &mut UnknownKeys::default())?;
            match seen {
                seen if seen & 0b11 != 0 => Shape::Book,
                seen if seen & 0b11100 != 0 => Shape::Pair,
                _ => Shape::Other,
            }
        }
        b'[' => {
            let (mut found, mut is_empty) = (None, true);
            cursor.array(|cursor| {
                is_empty = false;
                let item = item(cursor)?;
                found = found.or(item);
                Ok(())
            })?;
            match found {
                Some(shape) => shape,
                None if is_empty => Shape::Other,
                None => return Err(JsonError { kind: Kind::Value, at: start }),
            }
        }
        _ => {
            cursor.skip()?;
            Shape::Other
        }
    })
}

/// Of what an array is that has this item: of trades `[price, volume, time, …]`, of candles of eight members, of spreads
/// of three.
fn item(cursor: &mut Cursor<'_>) -> Result<Option<Shape>, JsonError> {
    if cursor.peek() != b'[' {
        return cursor.skip().map(|()| None);
    }
    let (mut count, mut is_text) = (0, false);
    cursor.array(|cursor| {
        is_text |= count == 0 && cursor.peek() == b'"';
        count += 1;
        cursor.skip()
    })?;
    Ok(match (is_text, count) {
        (true, 6..) => Some(Shape::Trades),
        (false, 8) => Some(Shape::Candles),
        (false, 3) => Some(Shape::Other),
        _ => None,
    })
}

struct Look;

impl<'a> Message<'a> for Look {
    const KEYS: &'static [Key] = keys!["asks", "bids", "pair_decimals", "lot_decimals", "wsname"];

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
        let of = |value: &str| shape(&mut Cursor::new(value.as_bytes())).map_err(|error| error.kind);
        for (value, want) in [
            (r#"[["1","2",3.5,"b","l",""]]"#, Ok(Shape::Trades)),
            (r#"[["1","2",3.5,"b","l","",7]]"#, Ok(Shape::Trades)),
            (r#"[7,["1"],["1","2",3.5,"b","l","",7]]"#, Ok(Shape::Trades)),
            (r#"[[1,"1","2","3","4","5","6",7]]"#, Ok(Shape::Candles)),
            (r#"[[1,"1","2"]]"#, Ok(Shape::Other)),
            (r#"[[1,"1"]]"#, Err(Kind::Value)),
            ("[7]", Err(Kind::Value)),
            ("[]", Ok(Shape::Other)),
            (r#"{"asks":[],"bids":[]}"#, Ok(Shape::Book)),
            (r#"{"asks":[]}"#, Ok(Shape::Book)),
            (r#"{"altname":"A","pair_decimals":1}"#, Ok(Shape::Pair)),
            (r#"{"altname":"A","decimals":1}"#, Ok(Shape::Other)),
            (r#"{"a":["1"]}"#, Ok(Shape::Other)),
            (r#"{"asks":[],"asks":[]}"#, Err(Kind::DuplicateKey)),
            (r#"{"asks":[}"#, Err(Kind::Syntax)),
            ("7", Ok(Shape::Other)),
        ] {
            assert_eq!(of(value), want, "{value}");
        }
        let at = |begin| Ok(Candle { begin, ..Candle::default() });
        assert_eq!(minutes("/0/public/OHLC?pair=A&interval=240", &[at(0)]), 240);
        assert_eq!(minutes("/0/public/OHLC?pair=A", &[at(0)]), 1);
        assert_eq!(minutes("", &[at(MINUTE), at(6 * MINUTE)]), 5);
        assert_eq!(minutes("", &[at(MINUTE)]), 0);
    }
}
