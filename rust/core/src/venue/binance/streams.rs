//! Stream names, symbols and URLs of Binance.

use crate::venue::url::{query, unescaped};

/// A stream name's channel: what follows the first `@`.
pub(super) fn channel(stream: &str) -> &str {
    stream.bytes().position(|byte| byte == b'@').map_or("", |at| &stream[at + 1..])
}

/// A stream name's symbol, in the upper case of frames; empty for `!…@arr`.
pub(super) fn symbol(stream: &str) -> String {
    let name = stream.split_once('@').map_or(stream, |(symbol, _)| symbol);
    if name.starts_with('!') { String::new() } else { name.to_uppercase() }
}

/// Whether a symbol may be one of ours.
pub(super) fn is_symbol(symbol: &str) -> bool {
    crate::symbol::is_safe(symbol) && !is_option(symbol)
}

/// Whether a symbol is an option's (`BTC-251219-89000-C`): no product of ours, though the hosts and the messages are those of
/// USD-M futures (since 2025-12).
pub(super) fn is_option(symbol: &str) -> bool {
    symbol.contains('-')
}

/// Levels of a partial-depth channel (`depth20@100ms`); `None` for any other.
pub(super) fn partial_depth(channel: &str) -> Option<u32> {
    let levels = channel.strip_prefix("depth").filter(|levels| !levels.starts_with('@'))?;
    levels.split('@').next().and_then(|levels| levels.parse().ok())
}

/// Book channels from best to worst: deepest plain diff, fastest first; then partial books; RPI last.
pub(super) fn book_rank(channel: &str) -> u32 {
    if let Some(levels) = partial_depth(channel) {
        return 200 - levels.min(100);
    }
    match channel {
        "depth@0ms" => 0,
        "depth@100ms" => 1,
        "depth@250ms" => 2,
        "depth" => 3,
        "depth@500ms" => 4,
        "depth@1000ms" => 5,
        "snapshot" => 300,
        other if other.starts_with("rpiDepth") => 1_000,
        _ => 500,
    }
}

/// Nautilus's name of a futures symbol: `_PERP` becomes `-PERP`, a delivery date stays, the rest gets `-PERP`.
pub(super) fn futures_id(symbol: &str) -> String {
    if let Some(pair) = symbol.strip_suffix("_PERP") {
        format!("{pair}-PERP")
    } else if symbol.ends_with(|c: char| c.is_ascii_digit()) {
        symbol.to_owned()
    } else {
        format!("{symbol}-PERP")
    }
}

/// The streams that a connection's URL names: `/ws/a@b` or `/stream?streams=a@b/c@d`.
pub(super) fn of_url(url: &str) -> Vec<String> {
    let names = match query(url, "streams") {
        Some(names) => names,
        None => unescaped(url.split_once("/ws/").map_or("", |(_, names)| names)),
    };
    names.split('/').filter(|name| name.contains('@')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (symbol, want) in [
            ("BTCUSDT", "BTCUSDT-PERP"),
            ("BTCUSDT_210924", "BTCUSDT_210924"),
            ("BTCUSD_PERP", "BTCUSD-PERP"),
            ("BTCUSD_210924", "BTCUSD_210924"),
            ("1000SHIBUSDT", "1000SHIBUSDT-PERP"),
        ] {
            assert_eq!(futures_id(symbol), want);
        }
        let is_one = |symbol| (is_symbol(symbol), is_option(symbol));
        assert_eq!(is_one("BTC-251219-89000-C"), (false, true));
        assert_eq!(is_one("BTCUSD_210924"), (true, false));
        assert_eq!(is_one("币安人生USDT"), (true, false));
        assert_eq!(is_one("BTC/USDT"), (false, false));
        assert_eq!(partial_depth("depth20@100ms"), Some(20));
        assert_eq!(partial_depth("depth@100ms"), None);
        assert_eq!(channel("btcusdt@depth@100ms"), "depth@100ms");
        assert_eq!(symbol("btcusd_perp@depth5"), "BTCUSD_PERP");
        assert_eq!(of_url("wss://x/stream?streams=a@b/c@d@100ms"), ["a@b", "c@d@100ms"]);
        assert_eq!(of_url("wss://x/ws/btcusdt@depth20"), ["btcusdt@depth20"]);
        assert_eq!(of_url("wss://x/stream?streams=a%40b%2Fc@d"), ["a@b", "c@d"]);
        assert_eq!(of_url("wss://x/ws/%E5%B8%81usdt%40depth20"), ["币usdt@depth20"]);
        assert!(book_rank("depth@100ms") < book_rank("depth20@100ms"));
        assert!(book_rank("depth20") < book_rank("depth5"));
        assert!(book_rank("depth5") < book_rank("rpiDepth@500ms"));
    }
}
