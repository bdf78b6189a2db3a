//! Channels: what the messages of each are.

use super::bars;

/// What a channel's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Channel {
    /// `trades`: fills of one taker at one price together, where they are counted; `trades-all`: every fill.
    Trades,
    /// `books`, `books-l2-tbt`, `books50-l2-tbt`: a snapshot and its changes.
    Book,
    /// `books5`: the best five levels, whole each time.
    Partial,
    /// `bbo-tbt`: the best bid and ask.
    Best,
    /// `tickers`.
    Ticker,
    /// `candle1m` and its like.
    Candles,
    /// `mark-price`.
    Mark,
    /// `index-tickers`.
    Index,
    /// `funding-rate`.
    Funding,
    /// `liquidation-orders`.
    Liquidations,
    /// `liquidations`: what a recorder (Tardis) made of REST answers until the venue had a channel.
    Forced,
    /// `open-interest`.
    OpenInterest,
    /// `opt-summary`.
    Greeks,
    /// `instruments`.
    Instruments,
    /// Known, without a type of ours.
    Other,
    /// Not known.
    #[default]
    Unknown,
}

/// Channels without a type of ours. The books of `books-elp` have orders among them that not every taker meets; spreads
/// have prices below zero.
const OTHER: [&str; 17] = [
    "status",
    "price-limit",
    "estimated-price",
    "adl-warning",
    "economic-calendar",
    "block-tickers",
    "public-block-trades",
    "public-struc-block-trades",
    "option-trades",
    "call-auction-details",
    "books-elp",
    "books-sbe-tbt",
    "sprd-bbo-tbt",
    "sprd-books5",
    "sprd-books-l2-tbt",
    "sprd-public-trades",
    "sprd-tickers",
];

/// Whose candles are not of trades.
const OTHER_CANDLES: [&str; 3] = ["mark-price-candle", "index-candle", "sprd-candle"];

impl Channel {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "trades" | "trades-all" => Self::Trades,
            "books" | "books-l2-tbt" | "books50-l2-tbt" => Self::Book,
            "books5" => Self::Partial,
            "bbo-tbt" => Self::Best,
            "tickers" => Self::Ticker,
            "mark-price" => Self::Mark,
            "index-tickers" => Self::Index,
            "funding-rate" => Self::Funding,
            "liquidation-orders" => Self::Liquidations,
            "liquidations" => Self::Forced,
            "open-interest" => Self::OpenInterest,
            "opt-summary" => Self::Greeks,
            "instruments" => Self::Instruments,
            _ if OTHER.contains(&name) => Self::Other,
            _ => {
                let length = |prefix: &&str| name.strip_prefix(*prefix).and_then(bars::named);
                if length(&"candle").is_some() {
                    Self::Candles
                } else if OTHER_CANDLES.iter().find_map(length).is_some() {
                    Self::Other
                } else {
                    Self::Unknown
                }
            }
        }
    }
}

/// The channel of books from REST answers.
pub(super) const REST_BOOK: &str = "snapshot";

/// The channel of books from published files.
pub(super) const FILE_BOOK: &str = "L2orderbook";

/// Channels of books and quotes from best to worst: the deepest and fastest first, then REST answers, then the five
/// levels that are whole each time; a ticker's quotes last.
pub(super) fn book_rank(channel: &str) -> u32 {
    match channel {
        "" => 0,
        "books-l2-tbt" => 1,
        "books" => 2,
        "books50-l2-tbt" => 3,
        FILE_BOOK => 5,
        REST_BOOK => 10,
        "books5" => 20,
        "bbo-tbt" => 30,
        "tickers" => 40,
        _ => 90,
    }
}

/// A number of each channel of books and quotes.
pub(super) fn number(channel: &str) -> u8 {
    u8::try_from(book_rank(channel)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, want) in [
            ("trades-all", Channel::Trades),
            ("books50-l2-tbt", Channel::Book),
            ("books5", Channel::Partial),
            ("candle1m", Channel::Candles),
            ("candle1Dutc", Channel::Candles),
            ("candle7m", Channel::Unknown),
            ("candle", Channel::Unknown),
            ("mark-price-candle1H", Channel::Other),
            ("sprd-candle1m", Channel::Other),
            ("books-elp", Channel::Other),
            ("books-new", Channel::Unknown),
            ("", Channel::Unknown),
        ] {
            assert_eq!(Channel::named(name), want, "{name}");
        }
        let order =
            ["", "books-l2-tbt", "books", "books50-l2-tbt", "snapshot", "books5", "bbo-tbt", "tickers", "x"];
        assert!(order.windows(2).all(|pair| book_rank(pair[0]) < book_rank(pair[1])));
    }
}
