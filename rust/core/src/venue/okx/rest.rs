//! OKX's REST answers: what one is, its URL tells, or the keys of its first item. Items are those of the channels.

use std::borrow::Cow;

use super::channels::{Channel, REST_BOOK};
use super::frames::Data;
use crate::json::{Cursor, JsonError, Key, Message, keys};
use crate::venue::shape::{self, Shape};
use crate::venue::url;
use crate::venue::values;

/// The channel whose items `data` has, and its name: of a book the channel of the rows, of candles their length; that of
/// an answer without a type of ours is [`Channel::Other`].
///
/// # Errors
/// Where its items must tell: what is wrong with them.
pub(super) fn channel<'u>(
    context: &'u str,
    data: &mut Cursor<'_>,
) -> Result<(Channel, Cow<'u, str>), JsonError> {
    let channel = match url::endpoint(context) {
        "books" | "books-full" => Channel::Book,
        "trades" | "history-trades" => Channel::Trades,
        "candles" | "history-candles" => Channel::Candles,
        "tickers" | "ticker" => Channel::Ticker,
        "mark-price" => Channel::Mark,
        "index-tickers" => Channel::Index,
        "open-interest" => Channel::OpenInterest,
        "funding-rate" | "funding-rate-history" => Channel::Funding,
        "opt-summary" => Channel::Greeks,
        "instruments" => Channel::Instruments,
        name if context.contains("/api/v5/") && !name.is_empty() => Channel::Other,
        _ => match shape::of_items::<Look, _>(data, told)? {
            Shape::Told(channel) => channel,
            Shape::Empty => Channel::Other,
            // Candles are among them: they do not say what they are of.
            Shape::Unknown => Channel::Unknown,
        },
    };
    Ok(match channel {
        Channel::Book => (channel, REST_BOOK.into()),
        Channel::Candles => (channel, url::query(context, "bar").unwrap_or("1m".into())),
        _ => (channel, "".into()),
    })
}

/// Keys by which an item is told.
#[derive(Default)]
struct Look;

impl<'a> Message<'a> for Look {
    const KEYS: &'static [Key] = keys![
        "sprdId",
        "fillVol",
        "asks",
        "bids",
        "tradeId",
        "px",
        "bidPx",
        "askPx",
        "lastSz",
        "markPx",
        "idxPx",
        "oi",
        "oiCcy",
        "fundingTime",
        "fundingRate",
        "markVol",
        "volLv",
        "deltaBS",
        "tickSz",
        "lotSz",
        "ctType"
    ];

    fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.skip()
    }
}

/// The channel of an item that has some of the keys of [`Look`].
fn told(seen: u64) -> Option<Channel> {
    [
        // Of spreads, and trades of options and blocks.
        (&[0, 1][..], Channel::Other),
        (&[2, 3], Channel::Book),
        (&[4, 5], Channel::Trades),
        (&[6, 7, 8], Channel::Ticker),
        (&[9], Channel::Mark),
        (&[10], Channel::Index),
        (&[11, 12], Channel::OpenInterest),
        (&[13, 14], Channel::Funding),
        (&[15, 16, 17], Channel::Greeks),
        (&[18, 19, 20], Channel::Instruments),
    ]
    .into_iter()
    .find_map(|(keys, channel)| keys.iter().any(|key: &u32| seen & 1 << key != 0).then_some(channel))
}

/// The instrument that was asked for.
pub(super) fn symbol(context: &str) -> Cow<'_, str> {
    url::query(context, "instId").unwrap_or_default()
}

/// Lists of the past are newest first.
pub(super) fn oldest_first(data: &mut Data<'_>) {
    match data {
        Data::Trades(items) => values::oldest_first(items, |trade| trade.ts_event),
        Data::Candles(items) => values::oldest_first(items, |candle| candle.start),
        Data::Funding(items) => values::oldest_first(items, |rate| rate.funding.unwrap_or(0)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Kind;

    #[test]
    fn what_an_answer_is() {
        let of = |context, data: &'static str| channel(context, &mut Cursor::new(data.as_bytes()));
        for (context, data, want) in [
            ("https://www.okx.com/api/v5/market/candles?instId=A&bar=4H", "[]", (Channel::Candles, "4H")),
            ("/api/v5/market/books?instId=A&sz=400", "[]", (Channel::Book, REST_BOOK)),
            ("/api/v5/market/index-candles?instId=A", "[]", (Channel::Other, "")),
            ("", r#"[{"asks":[],"bids":[],"ts":"1"}]"#, (Channel::Book, REST_BOOK)),
            ("", r#"[{"instId":"A","tradeId":"1","px":"1"}]"#, (Channel::Trades, "")),
            ("", r#"[{"px":"1"},{"instId":"A","tradeId":"1","px":"1"}]"#, (Channel::Trades, "")),
            ("", r#"[{"sprdId":"A","tradeId":"1","fillPx":"1"}]"#, (Channel::Other, "")),
            ("", r#"[{"ts":"1"}]"#, (Channel::Unknown, "")),
            ("", r#"[["1","2"]]"#, (Channel::Unknown, "")),
            ("", "[]", (Channel::Other, "")),
        ] {
            let want = (want.0, want.1.into());
            assert_eq!(of(context, data), Ok(want), "{context} {data}");
        }
        assert_eq!(of("", "7").map_err(|error| error.kind), Err(Kind::Type));
        let twice = of("", r#"[{"instId":"A","instId":"A","px":"1","px":"1"}]"#);
        assert_eq!(twice.map_err(|error| error.kind), Err(Kind::DuplicateKey));
        assert_eq!(symbol("/api/v5/market/books?instId=BTC-USDT&sz=400"), "BTC-USDT");
    }
}
