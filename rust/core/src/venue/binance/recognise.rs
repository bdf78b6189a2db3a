//! Which of Binance's products a URL or a frame speaks of.

use memchr::memmem;

use super::Product;

/// How sure `url` makes one.
pub(super) fn url(product: Product, url: &str) -> u32 {
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':', '?']).next().unwrap_or_default();
    let found = if !host.contains("binance") {
        None
    } else if host.starts_with("fapi")
        || host.contains("fstream")
        || host.contains("binancefuture") && !host.starts_with('d')
    {
        Some(Product::Usdm)
    } else if host.starts_with("dapi") || host.contains("dstream") {
        Some(Product::Coinm)
    } else if host.starts_with("api") || host.contains("stream") || host.starts_with("data-api") {
        Some(Product::Spot)
    } else {
        None
    };
    u32::from(found == Some(product))
}

/// How sure `frame` makes one: what is on the wire of one product and not of the others.
pub(super) fn frame(product: Product, frame: &[u8]) -> u32 {
    // Single messages may be spaced out; what is looked for stands near the start of any frame.
    let head: Vec<u8> =
        frame.iter().take(4_096).copied().filter(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')).collect();
    let has = |needle: &str| memmem::find(&head, needle.as_bytes()).is_some();
    if has("\"channel\":") || is_foreign(&head) {
        return 0;
    }
    let futures_symbol = || if has("USD_") || has("\"st\":2") { Product::Coinm } else { Product::Usdm };
    let found = if has("\"depthUpdate\"") {
        if has("\"pu\":") { futures_symbol() } else { Product::Spot }
    } else if has("\"aggTrade\"") || has("\"e\":\"trade\"") {
        if has("\"M\":") { Product::Spot } else { futures_symbol() }
    } else if has("\"bookTicker\"") || has("@bookTicker\"") {
        if has("\"e\":") { futures_symbol() } else { Product::Spot }
    } else if has("\"markPriceUpdate\"") || has("\"forceOrder\"") || has("\"contractInfo\"") {
        futures_symbol()
    } else if has("\"indexPriceUpdate\"") {
        Product::Coinm
    } else if has("\"u\":") && has("\"B\":") && has("\"A\":") && !has("\"e\":") {
        Product::Spot
    } else if has("\"24hrTicker\"") {
        // Spot's has the best bid and ask.
        if has("\"A\":") { Product::Spot } else { futures_symbol() }
    } else if has("\"kline\"") {
        if has("USD_") || has("\"st\":") {
            futures_symbol()
        } else {
            // The same on spot and USD-M, under other ids: alone it tells neither.
            return u32::from(product != Product::Coinm);
        }
    } else if has("\"lastUpdateId\"") {
        if has("\"pair\":") {
            Product::Coinm
        } else if has("\"T\":") {
            Product::Usdm
        } else {
            Product::Spot
        }
    } else if is_open_interest(&head) {
        if has("\"pair\":") { Product::Coinm } else { Product::Usdm }
    } else if has("\"symbol\":\"") && (has("\"fundingTime\":") || has("\"lastFundingRate\":")) {
        futures_symbol()
    } else if has("\"symbols\":[") && has("\"rateLimits\"") {
        if has("\"contractSize\"") {
            Product::Coinm
        } else if has("\"marginAsset\"") || has("\"maintMarginPercent\"") {
            Product::Usdm
        } else {
            Product::Spot
        }
    } else {
        return 0;
    };
    if found == product { 10 } else { 0 }
}

/// Whether the symbol is none of these products: that of an option, or in lower case (Gemini's), which Binance's never are in a
/// message. Gate and MEXC have the same keys under a channel.
fn is_foreign(head: &[u8]) -> bool {
    let key = b"\"s\":\"";
    let Some(start) = memmem::find(head, key).map(|at| at + key.len()) else { return false };
    let symbol = head[start..].split(|byte| *byte == b'"').next().unwrap_or_default();
    symbol.iter().any(|byte| *byte == b'-' || byte.is_ascii_lowercase())
}

/// Whether this is an answer of `openInterest`. Others have the key too, in the items of something longer.
fn is_open_interest(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memmem::find(head, needle).is_some();
    has(b"\"openInterest\":\"") && has(b"\"symbol\":\"") && memmem::find_iter(head, b"{").count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames() {
        let found = |body: &str| {
            let sure = |product: &Product| frame(*product, body.as_bytes()) == 10;
            [Product::Spot, Product::Usdm, Product::Coinm].into_iter().filter(sure).collect::<Vec<_>>()
        };
        for (body, want) in [
            (r#"{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}"#, Some(Product::Spot)),
            (r#"{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[],"a":[]}"#, Some(Product::Usdm)),
            (
                r#"{"e":"depthUpdate","s":"BTCUSD_PERP","U":1,"u":2,"pu":0,"b":[],"a":[]}"#,
                Some(Product::Coinm),
            ),
            (r#"{"e":"indexPriceUpdate","E":1,"i":"BTCUSD","p":"9429.39675000"}"#, Some(Product::Coinm)),
            (
                r#"{"e":"24hrTicker","s":"BTCUSDT","c":"1","Q":"2","b":"1","B":"2","a":"2","A":"3"}"#,
                Some(Product::Spot),
            ),
            (r#"{"e":"24hrTicker","s":"BTCUSDT","c":"1","Q":"2","o":"1"}"#, Some(Product::Usdm)),
            (r#"{"e":"kline","s":"BTCUSDT","k":{"t":1,"T":2,"s":"BTCUSDT","B":"0"}}"#, None),
            (r#"{"e":"kline","s":"BTCUSDT","k":{"t":1,"T":2,"s":"BTCUSDT"},"st":1}"#, Some(Product::Usdm)),
            (r#"{"e":"kline","s":"BTCUSD_PERP","k":{"t":1,"T":2,"s":"BTCUSD_PERP"}}"#, Some(Product::Coinm)),
            (
                r#"{"e":"contractInfo","E":1,"s":"BTCUSDT","ps":"BTCUSDT","cs":"TRADING"}"#,
                Some(Product::Usdm),
            ),
            (r#"{"symbol":"BTCUSDT","openInterest":"81","time":1}"#, Some(Product::Usdm)),
            (r#"{"openInterest":"7","symbol":"BTCUSD_PERP","pair":"BTCUSD","time":1}"#, Some(Product::Coinm)),
            (r#"{"topic":"tickers.BTCUSDT","data":{"symbol":"BTCUSDT","openInterest":"8"}}"#, None),
            (r#"[{"symbol":"BTCUSDT","fundingTime":1,"fundingRate":"0.0001"}]"#, Some(Product::Usdm)),
            (r#"[{"symbol":"BTCUSD_PERP","markPrice":"1","lastFundingRate":"0"}]"#, Some(Product::Coinm)),
            (r#"{"code":"0","data":[{"instId":"A","fundingRate":"0","fundingTime":"1"}]}"#, None),
            // Of options, and of other exchanges.
            (r#"{"e":"trade","s":"BTC-251219-89000-C","t":2,"p":"1420.000","q":"1.5","X":"MARKET"}"#, None),
            (r#"{"e":"depthUpdate","s":"ETH-251219-3100-C","U":1,"u":2,"pu":0,"b":[],"a":[]}"#, None),
            (r#"{"e":"depthUpdate","E":1783981139947514400,"s":"wifusd","U":1,"u":2,"b":[],"a":[]}"#, None),
            (
                r#"{"channel":"spot.book_ticker","result":{"u":5,"s":"ETC_ETH","b":"1","B":"2","a":"3","A":"4"}}"#,
                None,
            ),
            (
                r#"{"channel":"spot@public.aggre.depth@10ms@BTCUSDT","publicAggreDepths":{"lastUpdateId":1}}"#,
                None,
            ),
            // Of 2019.
            (
                r#"{"rateLimits":[],"symbols":[{"symbol":"BTCUSDT","maintMarginPercent":"2.5"}]}"#,
                Some(Product::Usdm),
            ),
            (r#"{"rateLimits":[],"symbols":[{"symbol":"BTCUSDT","baseAsset":"BTC"}]}"#, Some(Product::Spot)),
        ] {
            assert_eq!(found(body), Vec::from_iter(want), "{body}");
        }
        let kline = br#"{"e":"kline","s":"BTCUSDT","k":{}}"#;
        assert_eq!(
            [Product::Spot, Product::Usdm, Product::Coinm].map(|product| frame(product, kline)),
            [1, 1, 0]
        );
    }
}
