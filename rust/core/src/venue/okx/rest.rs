//! OKX's REST answers: what one is, its URL tells, or the keys of its first item. Items are those of the channels.

use super::channels::{Channel, REST_BOOK};
use super::frames::Data;
use crate::json::{Cursor, JsonError, Key, Message, Order, UnknownKeys, keys};
use crate::venue::url;
use crate::venue::values;

/// The channel whose items `data` has, and its name: of a book the channel of the rows, of candles their length. `None`
/// where it has no type of ours.
pub(super) fn channel<'u>(context: &'u str, data: &Cursor<'_>) -> Option<(Channel, &'u str)> {
    let found = match url::endpoint(context) {
        "books" | "books-full" => Some(Channel::Book),
        "trades" | "history-trades" => Some(Channel::Trades),
        "candles" | "history-candles" => Some(Channel::Candles),
        "tickers" | "ticker" => Some(Channel::Ticker),
        "mark-price" => Some(Channel::Mark),
        "index-tickers" => Some(Channel::Index),
        "open-interest" => Some(Channel::OpenInterest),
        "funding-rate" | "funding-rate-history" => Some(Channel::Funding),
        "opt-summary" => Some(Channel::Greeks),
        "instruments" => Some(Channel::Instruments),
        name if context.contains("/api/v5/") && !name.is_empty() => None,
        _ => of_shape(data),
    };
    found.map(|channel| match channel {
        Channel::Book => (channel, REST_BOOK),
        Channel::Candles => (channel, url::query(context, "bar").unwrap_or("1m")),
        _ => (channel, ""),
    })
}

/// By the keys of the first item. Candles do not say what they are of.
fn of_shape(data: &Cursor<'_>) -> Option<Channel> {
    struct Look;
    impl<'a> Message<'a> for Look {
        const KEYS: &'static [Key] = keys![
            "instId",
            "asks",
            "bids",
            "tradeId",
            "px",
            "bidPx",
            "markPx",
            "idxPx",
            "oi",
            "fundingTime",
            "markVol",
            "tickSz"
        ];
        fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
            cursor.skip()
        }
    }
    let mut look = Cursor::new(data.rest());
    if look.expect(b'[').is_err() || look.peek() != b'{' {
        return None;
    }
    let seen = look.object(&mut Look, &mut Order::default(), &mut UnknownKeys::default()).unwrap_or(0);
    let has = |keys: &[u32]| keys.iter().all(|key| seen & 1 << key != 0);
    [
        (&[1, 2][..], Channel::Book),
        (&[0, 3, 4], Channel::Trades),
        (&[0, 5], Channel::Ticker),
        (&[0, 6], Channel::Mark),
        (&[0, 7], Channel::Index),
        (&[0, 8], Channel::OpenInterest),
        (&[0, 9], Channel::Funding),
        (&[0, 10], Channel::Greeks),
        (&[0, 11], Channel::Instruments),
    ]
    .into_iter()
    .find_map(|(keys, channel)| has(keys).then_some(channel))
}

/// The instrument that was asked for.
pub(super) fn symbol(context: &str) -> &str {
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

    #[test]
    fn what_an_answer_is() {
        let of = |context, data: &'static str| channel(context, &Cursor::new(data.as_bytes()));
        for (context, data, want) in [
            (
                "https://www.okx.com/api/v5/market/candles?instId=A&bar=4H",
                "[]",
                Some((Channel::Candles, "4H")),
            ),
            ("/api/v5/market/books?instId=A&sz=400", "[]", Some((Channel::Book, REST_BOOK))),
            ("/api/v5/market/index-candles?instId=A", "[]", None),
            ("", r#"[{"asks":[],"bids":[],"ts":"1"}]"#, Some((Channel::Book, REST_BOOK))),
            ("", r#"[{"instId":"A","tradeId":"1","px":"1"}]"#, Some((Channel::Trades, ""))),
            ("", r#"[{"sprdId":"A","tradeId":"1","fillPx":"1"}]"#, None),
            ("", r#"[["1","2"]]"#, None),
            ("", "7", None),
        ] {
            assert_eq!(of(context, data), want, "{context} {data}");
        }
        assert_eq!(symbol("/api/v5/market/books?instId=BTC-USDT&sz=400"), "BTC-USDT");
    }
}
