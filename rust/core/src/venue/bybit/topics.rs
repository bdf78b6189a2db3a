//! Topics: `orderbook.50.BTCUSDT`, `kline.5.BTCUSDT`, `tickers.BTCUSDT`.

use crate::lanes;
use crate::venue::values::{Text, text};

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

/// A topic, taken apart once.
#[derive(Debug, Clone)]
pub(super) struct Topic<'a> {
    text: Text<'a>,
    pub(super) channel: Channel,
    /// Where the channel's name ends (`orderbook.50`).
    name_end: usize,
    /// Where the symbol starts.
    symbol_start: usize,
}

impl Default for Topic<'_> {
    fn default() -> Self {
        Self { text: Text::default(), channel: Channel::Unknown, name_end: 0, symbol_start: 0 }
    }
}

/// Whether a symbol is a spread's, of two legs (`SOLUSDT_SOL/USDT`): no product of ours, with the topics of all others and prices
/// below zero.
#[inline(always)]
pub(super) fn is_spread(symbol: &[u8]) -> bool {
    lanes::contains(symbol, b'_')
}

/// The channel and the symbol of the topic of a book, of a depth that one has today; `None`: it is any other.
#[inline(always)]
pub(super) fn usual_book(topic: &[u8]) -> Option<(&'static str, &[u8])> {
    let depth = topic.strip_prefix(b"orderbook.")?.first_chunk::<5>()?;
    let name = match depth {
        [b'5', b'0', b'.', ..] => "orderbook.50",
        [b'2', b'0', b'0', b'.', _] => "orderbook.200",
        [b'5', b'0', b'0', b'.', _] => "orderbook.500",
        [b'1', b'0', b'0', b'.', _] => "orderbook.100",
        [b'2', b'5', b'.', ..] => "orderbook.25",
        [b'1', b'0', b'0', b'0', b'.'] => "orderbook.1000",
        _ => return None,
    };
    let symbol = topic.get(name.len() + 1..)?;
    (!is_spread(symbol)).then_some((name, symbol))
}

/// Where the dot is, or the end, and where what follows it starts.
fn dot(topic: &[u8]) -> (usize, usize) {
    let end = topic.iter().position(|byte| *byte == b'.').unwrap_or(topic.len());
    (end, (end + 1).min(topic.len()))
}

impl<'a> Topic<'a> {
    pub(super) fn new(text: Text<'a>) -> Self {
        let (end, start) = if text.starts_with(b"orderbook.") { (9, 10) } else { dot(&text) };
        let with_parameter = || {
            let (length, next) = dot(&text[start..]);
            (start + length, start + next)
        };
        let (channel, (name_end, symbol_start)) = match &text[..end] {
            b"orderbook" => {
                let places = with_parameter();
                let channel = match &text[start..places.0] {
                    b"1" => Channel::Top,
                    b"rpi" => Channel::Rpi,
                    b"full" => Channel::Full,
                    depth if is_number(depth) => Channel::Book,
                    _ => Channel::Unknown,
                };
                (channel, places)
            }
            b"kline" => (Channel::Kline, with_parameter()),
            b"publicTrade" => (Channel::Trades, (end, start)),
            b"tickers" => (Channel::Ticker, (end, start)),
            b"allLiquidation" => (Channel::Liquidations, (end, start)),
            b"liquidation" => (Channel::Liquidation, (end, start)),
            b"priceLimit" | b"insurance" | b"adlAlert" | b"system" => (Channel::Other, (end, start)),
            _ => (Channel::Unknown, (text.len(), text.len())),
        };
        let channel = if is_spread(&text[symbol_start..]) { Channel::Other } else { channel };
        Self { text, channel, name_end, symbol_start }
    }

    /// The text as sent.
    pub(super) fn text(&self) -> &str {
        text(&self.text)
    }

    /// The channel's name (`orderbook.50`).
    pub(super) fn name(&self) -> &str {
        text(&self.text[..self.name_end])
    }

    /// The symbol.
    pub(super) fn symbol(&self) -> &[u8] {
        &self.text[self.symbol_start..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// Whether it is a depth.
fn is_number(depth: &[u8]) -> bool {
    matches!(depth.len(), 1..=9) && depth.iter().all(u8::is_ascii_digit)
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
            ("orderbook.25.SOLUSDT_SOL/USDT", (Channel::Other, "orderbook.25", "SOLUSDT_SOL/USDT")),
            ("tickers.BTCUSDT-27MAR26_BTCUSDT", (Channel::Other, "tickers", "BTCUSDT-27MAR26_BTCUSDT")),
        ] {
            let read = Topic::new(topic.as_bytes().into());
            assert_eq!((read.channel, read.name(), text(read.symbol())), want);
            if let Some((name, symbol)) = usual_book(topic.as_bytes()) {
                assert_eq!((Channel::Book, name, text(symbol)), want);
            }
            assert_eq!(read.text(), topic);
        }
        for depth in [25, 50, 100, 200, 500, 1_000] {
            let (name, topic) = (format!("orderbook.{depth}"), format!("orderbook.{depth}.BTCUSDT"));
            assert_eq!(usual_book(topic.as_bytes()), Some((&*name, &b"BTCUSDT"[..])));
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
