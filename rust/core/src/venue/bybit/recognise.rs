//! Which of Bybit's products a URL or a frame speaks of.

use memchr::memmem;

use super::Product;

/// The product in a URL: the end of a public path, or the `category` of a REST request.
pub(super) fn product(url: &str) -> Option<Product> {
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    if !host.contains("bybit") && !host.contains("bytick") {
        return None;
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    match path.split_once("/v5/public/") {
        Some((_, name)) => Product::named(name.trim_end_matches('/')),
        None => Product::named(&crate::venue::url::query(url, "category")?),
    }
}

/// How sure `url` makes one.
pub(super) fn url(wanted: Product, url: &str) -> u32 {
    u32::from(product(url) == Some(wanted))
}

/// Topics, as they start.
const TOPICS: [&str; 7] =
    ["orderbook.", "publicTrade.", "tickers.", "kline.", "allLiquidation.", "liquidation.", "priceLimit."];

/// How sure `frame` makes one. Frames do not name their product; symbols, keys and their order do, somewhat.
pub(super) fn frame(wanted: Product, frame: &[u8]) -> u32 {
    // Single messages may be spaced out; what is looked for stands near the start of any frame.
    let head: Vec<u8> =
        frame.iter().take(4_096).copied().filter(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')).collect();
    let has = |needle: &str| memmem::find(&head, needle.as_bytes()).is_some();
    if has("\"retCode\":") && has("\"result\":") {
        let answers = |name: &str| has(&format!("\"category\":\"{name}\""));
        let found = if answers(wanted.name()) {
            true
        } else if has("\"lotSizeFilter\"") && !has("\"category\":") {
            match wanted {
                Product::Spot => has("\"basePrecision\""),
                Product::Linear => has("\"Linear"),
                Product::Inverse => has("\"Inverse"),
                Product::Option => has("\"optionsType\""),
            }
        } else {
            false
        };
        return if found { 10 } else { 0 };
    }
    let Some(topic) = topic(&head) else { return 0 };
    let Some(name) = TOPICS.into_iter().find(|name| topic.starts_with(name)) else { return 0 };
    let symbol = topic.rsplit('.').next().unwrap_or_default();
    let is_option = symbol.contains('-') && symbol.split('-').any(|part| part == "C" || part == "P");
    let is_inverse = is_inverse(symbol);
    let contract = || if is_inverse { Product::Inverse } else { Product::Linear };
    let (found, sure) = if is_option || head.starts_with(b"{\"id\":") {
        (Product::Option, 10)
    } else if is_inverse || symbol.contains('-') {
        (contract(), 10)
    } else {
        match name {
            "allLiquidation." | "liquidation." => (contract(), 10),
            "tickers." if has("\"usdIndexPrice\"") => (Product::Spot, 10),
            "tickers." => (contract(), 10),
            "publicTrade." if has("\"L\":") => (contract(), 10),
            "publicTrade." => (Product::Spot, 10),
            // Contracts name the type first, spot the time; at level 1 both do as spot.
            "orderbook." if !topic.starts_with("orderbook.1.") => {
                let at = |needle: &str| memmem::find(&head, needle.as_bytes()).unwrap_or(usize::MAX);
                (if at("\"ts\":") < at("\"type\":") { Product::Spot } else { contract() }, 5)
            }
            // Bars and the best prices are the same on spot and linear, under other ids: alone they tell neither.
            _ => return if matches!(wanted, Product::Spot | Product::Linear) { 1 } else { 0 },
        }
    };
    if found == wanted { sure } else { 0 }
}

/// Whether a contract is inverse: `BTCUSD`, and `BTCUSDU23` of a quarter.
pub(super) fn is_inverse(symbol: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let quarter = symbol.len() > 3 && symbol.get(symbol.len() - 2..).is_some_and(digits);
    !symbol.contains('-')
        && (symbol.ends_with("USD")
            || quarter && symbol.get(..symbol.len() - 3).is_some_and(|base| base.ends_with("USD")))
}

fn topic(head: &[u8]) -> Option<&str> {
    let start = memmem::find(head, b"\"topic\":\"")? + 9;
    let length = memchr::memchr(b'"', &head[start..])?;
    std::str::from_utf8(&head[start..start + length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, want) in [
            ("wss://stream.bybit.com/v5/public/linear", Some(Product::Linear)),
            ("wss://stream-testnet.bybit.com/v5/public/spot", Some(Product::Spot)),
            (
                "https://api.bybit.com/v5/market/orderbook?category=inverse&symbol=BTCUSD",
                Some(Product::Inverse),
            ),
            ("https://api.bybit.com/v5/market/time", None),
            ("wss://stream.binance.com/v5/public/linear", None),
        ] {
            assert_eq!(product(url), want, "{url}");
        }
    }

    #[test]
    fn frames() {
        let found = |body: &str| {
            let all = [Product::Spot, Product::Linear, Product::Inverse, Product::Option];
            let scores = all.map(|product| frame(product, body.as_bytes()));
            let best = scores.iter().max().copied().unwrap_or(0);
            let at: Vec<Product> =
                all.into_iter().zip(scores).filter(|(_, s)| *s == best && best > 0).map(|(p, _)| p).collect();
            if let [one] = at[..] { Some(one) } else { None }
        };
        for (body, want) in [
            (r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{}}"#, Some(Product::Linear)),
            (r#"{"topic":"orderbook.50.BTCUSDT","ts":1,"type":"delta","data":{}}"#, Some(Product::Spot)),
            (r#"{"topic":"orderbook.1.BTCUSDT","ts":1,"type":"snapshot","data":{}}"#, None),
            (r#"{"topic":"kline.5.BTCUSDT","data":[],"ts":1,"type":"snapshot"}"#, None),
            (r#"{"topic":"kline.5.BTCUSD","data":[],"ts":1,"type":"snapshot"}"#, Some(Product::Inverse)),
            (r#"{"topic":"orderbook.1.BTCUSDU23","ts":1,"data":{}}"#, Some(Product::Inverse)),
            (r#"{"topic":"tickers.BTC-26DEC25","type":"delta"}"#, Some(Product::Linear)),
            (r#"{"topic":"tickers.BTC-6JAN23-17500-C","ts":1}"#, Some(Product::Option)),
            (r#"{"retCode":0,"result":{"category":"spot","list":[]}}"#, Some(Product::Spot)),
            (r#"{"topic":"trade.BTCUSD"}"#, None),
            (r#"{"e":"trade","s":"BTCUSDT"}"#, None),
        ] {
            assert_eq!(found(body), want, "{body}");
        }
    }
}
