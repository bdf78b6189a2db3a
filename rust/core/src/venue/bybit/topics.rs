//! Topics: `orderbook.50.BTCUSDT`, `kline.5.BTCUSDT`, `tickers.BTCUSDT`.

/// What a topic's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    /// `publicTrade`.
    Trades,
    /// `orderbook.1`: the best bid and ask.
    Top,
    /// `orderbook.N`.
    Book,
    /// `orderbook.rpi`: with the orders that only retail takers meet.
    Rpi,
    /// `orderbook.full`: changes of the whole book.
    Full,
    /// `tickers`.
    Ticker,
    /// `kline.N`.
    Kline,
    /// `allLiquidation`: all of them.
    Liquidations,
    /// `liquidation`: at most one a second, until 2025-02.
    Liquidation,
    /// Known, without a type of ours.
    Other,
    /// Not known.
    Unknown,
}

/// A topic's channel, the name of it (`orderbook.50`), and what follows: the symbol.
pub(super) fn split(topic: &str) -> (Channel, &str, &str) {
    let (name, rest) = topic.split_once('.').unwrap_or((topic, ""));
    let with_parameter = || {
        let (parameter, symbol) = rest.split_once('.').unwrap_or((rest, ""));
        (topic.get(..name.len() + 1 + parameter.len()).unwrap_or(name), parameter, symbol)
    };
    match name {
        "orderbook" => {
            let (channel, depth, symbol) = with_parameter();
            let kind = match depth {
                "1" => Channel::Top,
                "rpi" => Channel::Rpi,
                "full" => Channel::Full,
                depth if depth.parse::<u32>().is_ok() => Channel::Book,
                _ => Channel::Unknown,
            };
            (kind, channel, symbol)
        }
        "kline" => {
            let (channel, _, symbol) = with_parameter();
            (Channel::Kline, channel, symbol)
        }
        "publicTrade" => (Channel::Trades, name, rest),
        "tickers" => (Channel::Ticker, name, rest),
        "allLiquidation" => (Channel::Liquidations, name, rest),
        "liquidation" => (Channel::Liquidation, name, rest),
        "priceLimit" | "insurance" | "adlAlert" | "system" => (Channel::Other, name, rest),
        _ => (Channel::Unknown, topic, ""),
    }
}

/// The channel of books from REST answers.
pub(super) const REST_BOOK: &str = "snapshot";

/// The deepest book that the streams bring; REST answers of as many levels count its ids.
pub(super) const DEEPEST: &str = "orderbook.1000";

/// Books that are only taken where they are named: with orders that not every taker meets, and without a base of its own.
pub(super) const RPI: &str = "orderbook.rpi";
/// The whole book, whose base REST answers bring.
pub(super) const FULL: &str = "orderbook.full";

/// Channels of books and quotes from best to worst: the deepest stream first, then REST answers; the best bid
/// and ask as a book only when asked for; a ticker's quotes last.
pub(super) fn book_rank(channel: &str) -> u32 {
    match channel {
        "" => 0,
        REST_BOOK => 3_000,
        "orderbook.1" => 4_000,
        "tickers" => 5_000,
        _ => match channel.strip_prefix("orderbook.").and_then(|depth| depth.parse::<u32>().ok()) {
            Some(depth) => 2_000 - depth.min(1_000),
            None => 9_000,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (topic, want) in [
            ("orderbook.50.BTCUSDT", (Channel::Book, "orderbook.50", "BTCUSDT")),
            ("orderbook.1.BTC-26DEC25", (Channel::Top, "orderbook.1", "BTC-26DEC25")),
            ("orderbook.rpi.BTCUSDT", (Channel::Rpi, "orderbook.rpi", "BTCUSDT")),
            ("orderbook.full.BTCUSDT", (Channel::Full, "orderbook.full", "BTCUSDT")),
            ("kline.D.BTCUSDT", (Channel::Kline, "kline.D", "BTCUSDT")),
            ("publicTrade.BTC", (Channel::Trades, "publicTrade", "BTC")),
            ("tickers.BTC-6JAN23-17500-C", (Channel::Ticker, "tickers", "BTC-6JAN23-17500-C")),
            ("trade.linear.BTCUSDT", (Channel::Unknown, "trade.linear.BTCUSDT", "")),
            ("", (Channel::Unknown, "", "")),
            ("orderbook", (Channel::Unknown, "orderbook", "")),
            ("orderbook.", (Channel::Unknown, "orderbook.", "")),
            ("orderbook.50", (Channel::Book, "orderbook.50", "")),
            ("kline", (Channel::Kline, "kline", "")),
        ] {
            assert_eq!(split(topic), want);
        }
        let order = [
            "",
            "orderbook.1000",
            "orderbook.500",
            "orderbook.50",
            "snapshot",
            "orderbook.1",
            "tickers",
            "x",
        ];
        assert!(order.windows(2).all(|pair| book_rank(pair[0]) < book_rank(pair[1])));
    }
}
