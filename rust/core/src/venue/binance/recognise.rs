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
    let futures_symbol = || if has("USD_") || has("\"st\":2") { Product::Coinm } else { Product::Usdm };
    let found = if has("\"depthUpdate\"") {
        if has("\"pu\":") { futures_symbol() } else { Product::Spot }
    } else if has("\"aggTrade\"") || has("\"e\":\"trade\"") {
        if has("\"M\":") { Product::Spot } else { futures_symbol() }
    } else if has("\"bookTicker\"") || has("@bookTicker\"") {
        if has("\"e\":") { futures_symbol() } else { Product::Spot }
    } else if has("\"markPriceUpdate\"") || has("\"forceOrder\"") || has("\"indexPriceUpdate\"") {
        futures_symbol()
    } else if has("\"u\":") && has("\"B\":") && has("\"A\":") && !has("\"e\":") {
        Product::Spot
    } else if has("\"kline\"") || has("\"24hrTicker\"") {
        // The same on every product: weak.
        if has("USD_") { Product::Coinm } else { return u32::from(product == Product::Spot) }
    } else if has("\"lastUpdateId\"") {
        if has("\"pair\":") {
            Product::Coinm
        } else if has("\"T\":") {
            Product::Usdm
        } else {
            Product::Spot
        }
    } else if has("\"symbols\":[") && has("\"rateLimits\"") {
        if has("\"contractSize\"") {
            Product::Coinm
        } else if has("\"marginAsset\"") {
            Product::Usdm
        } else {
            Product::Spot
        }
    } else {
        return 0;
    };
    if found == product { 10 } else { 0 }
}
