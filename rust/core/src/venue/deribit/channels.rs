//! Channels: `book.BTC-PERPETUAL.100ms`, what the messages of each are and whose.

use std::borrow::Cow;

/// What a channel's messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Channel {
    /// `book.NAME.INTERVAL`: a snapshot and its changes.
    Book,
    /// `book.NAME.GROUP.DEPTH.INTERVAL`: the best levels, whole each time.
    Grouped,
    /// `trades.NAME.INTERVAL`, `trades.KIND.CURRENCY.INTERVAL`.
    Trades,
    /// `ticker.NAME.INTERVAL`, `incremental_ticker.NAME`.
    Ticker,
    /// `quote.NAME`.
    Quote,
    /// `perpetual.NAME.INTERVAL`.
    Perpetual,
    /// `chart.trades.NAME.RESOLUTION`.
    Chart,
    /// `deribit_price_index.INDEX`.
    PriceIndex,
    /// `deribit_volatility_index.INDEX`.
    VolatilityIndex,
    /// `markprice.options.INDEX`.
    Marks,
    /// `instrument.state.KIND.CURRENCY`.
    State,
    /// Known, without a type of ours.
    Other,
    /// Not known.
    #[default]
    Unknown,
}

/// Families of channels without a type of ours: those of an account among them, and block trades, which do not meet the
/// book and are in `trades` too.
const OTHER: [&str; 10] = [
    "announcements",
    "block_rfq",
    "block_trade_confirmations",
    "deribit_price_ranking",
    "deribit_price_statistics",
    "estimated_expiration_price",
    "instrument.creation",
    "platform_state",
    "rfq",
    "user",
];

/// A channel's name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Topic<'a> {
    pub channel: Channel,
    /// The instrument or index it is of; empty where its messages name their own.
    pub symbol: &'a str,
    /// What comes after it: `100ms`, `none.10.100ms`.
    pub rest: &'a str,
}

impl<'a> Topic<'a> {
    pub(super) fn of(name: &'a str) -> Self {
        let (family, rest) = name.split_once('.').unwrap_or((name, ""));
        let (symbol, after) = rest.split_once('.').unwrap_or((rest, ""));
        let count = if rest.is_empty() { 0 } else { 1 + rest.bytes().filter(|b| *b == b'.').count() };
        let of = |channel| Self { channel, symbol, rest: after };
        let unnamed = |channel| Self { channel, ..Self::default() };
        match (family, count) {
            ("book", 2) => of(Channel::Book),
            ("book", 4) => of(Channel::Grouped),
            ("trades", 2) => of(Channel::Trades),
            ("trades", 3) => unnamed(Channel::Trades),
            ("ticker", 2) | ("incremental_ticker", 1) => of(Channel::Ticker),
            ("quote", 1) => of(Channel::Quote),
            ("perpetual", 2) => of(Channel::Perpetual),
            ("chart", 3) if symbol == "trades" => {
                let (symbol, rest) = after.split_once('.').unwrap_or_default();
                Self { channel: Channel::Chart, symbol, rest }
            }
            ("deribit_price_index", 1) => of(Channel::PriceIndex),
            ("deribit_volatility_index", 1) => of(Channel::VolatilityIndex),
            ("markprice", 2) if symbol == "options" => unnamed(Channel::Marks),
            ("instrument", 3) if symbol == "state" => unnamed(Channel::State),
            ("instrument", 3) if symbol == "creation" => unnamed(Channel::Other),
            _ if OTHER.contains(&family) => unnamed(Channel::Other),
            _ => Self::default(),
        }
    }

    /// The same of `book.NAME.INTERVAL` alone; `None` for every other.
    #[inline]
    pub(super) fn of_book(name: &'a str) -> Option<Self> {
        let named = name.strip_prefix("book.")?;
        let dot = named.bytes().position(|byte| byte == b'.')?;
        let (symbol, rest) = (&named[..dot], &named[dot + 1..]);
        let is_one = !rest.bytes().any(|byte| byte == b'.');
        is_one.then_some(Self { channel: Channel::Book, symbol, rest })
    }

    /// The name that `--book` knows its books by.
    pub(super) fn book(self) -> Cow<'static, str> {
        match self.rest {
            "raw" => "book.raw".into(),
            "100ms" => "book.100ms".into(),
            "agg2" => "book.agg2".into(),
            "none.10.100ms" => "book.none.10.100ms".into(),
            "none.20.100ms" => "book.none.20.100ms".into(),
            rest => format!("book.{rest}").into(),
        }
    }

    /// A number of each channel that an instrument may have beside others.
    pub(super) fn number(self) -> u8 {
        let interval = match self.rest {
            "raw" => 0,
            "100ms" => 1,
            "agg2" => 2,
            _ => 3,
        };
        4 * self.channel as u8 + interval
    }

    /// Whether levels of several prices are told as one.
    pub(super) fn is_coarse(self) -> bool {
        !self.rest.starts_with("none.")
    }
}

/// The channel of books from REST answers.
pub(super) const REST_BOOK: &str = "snapshot";
/// The channel of quotes from tickers.
pub(super) const TICKER: &str = "ticker";
/// Funding, which comes by the channel `perpetual` and by tickers.
pub(super) const FUNDING: &str = "funding";

/// Channels of books and quotes from best to worst: the fastest whole book first, then REST answers, then the best
/// levels, which are whole each time; a ticker's quotes last.
pub(super) fn book_rank(channel: &str) -> u32 {
    match channel {
        "" => 0,
        "book.raw" => 1,
        "book.100ms" => 2,
        "book.agg2" => 3,
        REST_BOOK => 10,
        "book.none.20.100ms" => 20,
        "book.none.20.agg2" => 21,
        "book.none.10.100ms" => 22,
        "book.none.10.agg2" => 23,
        "book.none.1.100ms" => 24,
        "book.none.1.agg2" => 25,
        TICKER => 40,
        _ => 90,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, channel, symbol, rest) in [
            ("book.BTC-PERPETUAL.100ms", Channel::Book, "BTC-PERPETUAL", "100ms"),
            ("book.ETH-PERPETUAL.none.10.100ms", Channel::Grouped, "ETH-PERPETUAL", "none.10.100ms"),
            ("trades.XRP_USDC-30JUN23-0d625-C.raw", Channel::Trades, "XRP_USDC-30JUN23-0d625-C", "raw"),
            ("trades.option.BTC.100ms", Channel::Trades, "", ""),
            ("ticker.BTC-PERPETUAL.agg2", Channel::Ticker, "BTC-PERPETUAL", "agg2"),
            ("incremental_ticker.BTC-PERPETUAL", Channel::Ticker, "BTC-PERPETUAL", ""),
            ("quote.BTC_USDC", Channel::Quote, "BTC_USDC", ""),
            ("perpetual.BTC-PERPETUAL.raw", Channel::Perpetual, "BTC-PERPETUAL", "raw"),
            ("chart.trades.BTC-PERPETUAL.1D", Channel::Chart, "BTC-PERPETUAL", "1D"),
            ("deribit_price_index.btc_usd", Channel::PriceIndex, "btc_usd", ""),
            ("deribit_volatility_index.eth_usd", Channel::VolatilityIndex, "eth_usd", ""),
            ("markprice.options.btc_usd", Channel::Marks, "", ""),
            ("instrument.state.any.any", Channel::State, "", ""),
            ("instrument.creation.any.any", Channel::Other, "", ""),
            ("user.orders.BTC-PERPETUAL.raw", Channel::Other, "", ""),
            ("platform_state", Channel::Other, "", ""),
            ("platform_state.public_methods_state", Channel::Other, "", ""),
            ("book.BTC-PERPETUAL", Channel::Unknown, "", ""),
            ("chart.orders.BTC-PERPETUAL.1", Channel::Unknown, "", ""),
            ("news.BTC", Channel::Unknown, "", ""),
            ("", Channel::Unknown, "", ""),
        ] {
            let topic = Topic { channel, symbol, rest };
            assert_eq!(Topic::of(name), topic, "{name}");
            assert_eq!(Topic::of_book(name), (channel == Channel::Book).then_some(topic), "{name}");
        }
        let rank = |name: &str| book_rank(&Topic::of(name).book());
        let order =
            ["book.A.raw", "book.A.100ms", "book.A.agg2", "book.A.none.20.100ms", "book.A.none.1.agg2"];
        assert!(order.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert!(rank("book.A.5.10.100ms") > book_rank(TICKER) && Topic::of("book.A.5.10.100ms").is_coarse());
    }
}
