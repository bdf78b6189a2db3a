//! Channels: what the messages of each are, and the names of books.

use std::borrow::Cow;

use crate::time::{DAY, HOUR, MINUTE};

/// What a channel's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Channel {
    Trade,
    Book,
    /// v1: best bid and ask.
    Spread,
    Ticker,
    Candles,
    /// Orders one by one.
    Orders,
    /// Definitions and statuses of pairs.
    Instrument,
    /// Known, without a type of ours.
    Other,
    /// Not known.
    #[default]
    Unknown,
}

impl Channel {
    /// Of protocol v2.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "trade" => Self::Trade,
            "book" => Self::Book,
            "ticker" => Self::Ticker,
            "ohlc" => Self::Candles,
            "level3" => Self::Orders,
            "instrument" => Self::Instrument,
            "heartbeat" | "status" | "executions" | "balances" => Self::Other,
            _ => Self::Unknown,
        }
    }

    /// Of protocol v1, and the number in the name: levels of a book, minutes of a candle.
    pub(super) fn named_v1(name: &str) -> (Self, u16) {
        match name {
            "trade" => (Self::Trade, 0),
            "spread" => (Self::Spread, 0),
            "ticker" => (Self::Ticker, 0),
            "ownTrades" | "openOrders" => (Self::Other, 0),
            _ => {
                let numbered = |prefix| name.strip_prefix(prefix).and_then(number);
                match (numbered("book-"), numbered("ohlc-")) {
                    (Some(depth), _) => (Self::Book, depth),
                    (_, Some(minutes)) if spec(minutes).is_some() => (Self::Candles, minutes),
                    _ => (Self::Unknown, 0),
                }
            }
        }
    }
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|n| *n > 0 && !text.starts_with(['0', '+']))
}

/// The depths of books that may be subscribed to.
const DEPTHS: [(u16, &str); 5] =
    [(10, "book-10"), (25, "book-25"), (100, "book-100"), (500, "book-500"), (1_000, "book-1000")];

/// The depth where nobody asked for another.
pub(super) const DEFAULT_DEPTH: u16 = 10;

/// The depth of a book whose longer side has `levels` where it was not said: the least that is as deep.
pub(super) fn depth_of(levels: usize) -> u16 {
    DEPTHS.iter().find(|(depth, _)| levels <= usize::from(*depth)).map_or(1_000, |(depth, _)| *depth)
}

/// The same of a book by order.
pub(super) fn order_depth_of(levels: usize) -> u16 {
    [10, 100].into_iter().find(|depth| levels <= usize::from(*depth)).unwrap_or(1_000)
}

/// The name of a book of some depth; protocol v1 calls its channel so.
pub(super) fn book_name(depth: u16) -> Cow<'static, str> {
    match DEPTHS.iter().find(|(held, _)| *held == depth) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("book-{depth}")),
    }
}

/// The depth that a book's channel has in its name.
pub(super) fn depth_named(channel: &str) -> Option<u16> {
    channel.strip_prefix("book-").and_then(number)
}

/// The channel of books from REST answers.
pub(super) const REST_BOOK: &str = "snapshot";

/// The channel of orders: a book only where it is asked for.
pub(super) const ORDERS: &str = "level3";

/// Channels of books and quotes from best to worst: the deepest first, then REST answers; a ticker's quotes without a time
/// of their own last.
pub(super) fn book_rank(channel: &str) -> u32 {
    match channel {
        "" => 0,
        REST_BOOK => 5_000,
        "ticker" => 6_000,
        ORDERS => 9_000,
        _ => match depth_named(channel) {
            Some(depth) => 1_001_u32.saturating_sub(depth.into()).max(1),
            None => 8_000,
        },
    }
}

/// Nautilus's specification of candles of so many minutes, and how long they are, ns.
pub(super) fn spec(minutes: u16) -> Option<(&'static str, u64)> {
    Some(match minutes {
        1 => ("1-MINUTE-LAST-EXTERNAL", MINUTE),
        5 => ("5-MINUTE-LAST-EXTERNAL", 5 * MINUTE),
        15 => ("15-MINUTE-LAST-EXTERNAL", 15 * MINUTE),
        30 => ("30-MINUTE-LAST-EXTERNAL", 30 * MINUTE),
        60 => ("1-HOUR-LAST-EXTERNAL", HOUR),
        240 => ("4-HOUR-LAST-EXTERNAL", 4 * HOUR),
        1_440 => ("1-DAY-LAST-EXTERNAL", DAY),
        10_080 => ("1-WEEK-LAST-EXTERNAL", 7 * DAY),
        21_600 => ("15-DAY-LAST-EXTERNAL", 15 * DAY),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, want) in [
            ("book-10", (Channel::Book, 10)),
            ("book-1000", (Channel::Book, 1_000)),
            ("book-0", (Channel::Unknown, 0)),
            ("book-010", (Channel::Unknown, 0)),
            ("book-x", (Channel::Unknown, 0)),
            ("ohlc-5", (Channel::Candles, 5)),
            ("ohlc-7", (Channel::Unknown, 0)),
            ("spread", (Channel::Spread, 0)),
            ("what", (Channel::Unknown, 0)),
        ] {
            assert_eq!(Channel::named_v1(name), want, "{name}");
        }
        assert_eq!([0, 10, 11, 73, 1_000, 5_000].map(depth_of), [10, 10, 25, 100, 1_000, 1_000]);
        assert_eq!([10, 11, 101].map(order_depth_of), [10, 100, 1_000]);
        assert_eq!(book_name(25), "book-25");
        let order = ["", "book-1000", "book-500", "book-10", "snapshot", "ticker", "what", "level3"];
        assert!(order.windows(2).all(|pair| book_rank(pair[0]) < book_rank(pair[1])));
    }
}
