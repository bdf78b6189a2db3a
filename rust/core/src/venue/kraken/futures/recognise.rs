//! Whether a URL or a frame is Kraken Futures'.

use memchr::memmem;

/// How sure `url` makes one. Until 2022 the house was called Crypto Facilities.
pub(super) fn url(url: &str) -> u32 {
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', ':']).next().unwrap_or_default();
    u32::from(matches!(
        host,
        "futures.kraken.com"
            | "demo-futures.kraken.com"
            | "www.cryptofacilities.com"
            | "conformance.cryptofacilities.com"
    ))
}

/// How sure `frame` makes one.
pub(super) fn frame(frame: &[u8]) -> u32 {
    // Single messages may be spaced out; what is looked for stands near the start of any frame.
    let head: Vec<u8> = frame[..frame.len().min(4_096)]
        .iter()
        .copied()
        .filter(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t'))
        .collect();
    let has = |needle: &str| memmem::find(&head, needle.as_bytes()).is_some();
    let feeds = ["book", "book_snapshot", "trade", "trade_snapshot", "ticker", "ticker_lite"];
    let is_feed = feeds.iter().any(|name| has(&format!("\"feed\":\"{name}\""))) && has("\"product_id");
    let answers = ["\"orderBook\":", "\"tickers\":", "\"instruments\":", "\"history\":", "\"rates\":"];
    let is_answer = has("\"result\":\"success\"") && answers.iter().any(|key| has(key));
    let is_history = has("\"elements\":[") && has("\"Execution\":{");
    if is_feed || is_answer || is_history { 10 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_its_own() {
        for (text, want) in [
            ("wss://futures.kraken.com/ws/v1", 1),
            ("wss://www.cryptofacilities.com/ws/v1", 1),
            ("https://futures.kraken.com/derivatives/api/v3/instruments", 1),
            ("https://futures.kraken.com:443/api/charts/v1/trade/PI_XBTUSD/1m", 1),
            ("wss://ws.kraken.com/v2", 0),
            ("wss://futures.notkraken.com/ws/v1", 0),
        ] {
            assert_eq!(url(text), want, "{text}");
        }
        for (body, want) in [
            (r#"{"feed":"book","product_id":"PI_XBTUSD"}"#, 10),
            (r#"{"time":1, "product_id":"PF_XBTUSD", "feed": "ticker"}"#, 10),
            (r#"{"event":"subscribed","feed":"trade","product_ids":["PI_XBTUSD"]}"#, 10),
            (r#"{"result":"success","instruments":[]}"#, 10),
            (r#"{"elements":[{"uid":"1","event":{"Execution":{}}}]}"#, 10),
            (r#"{"channel":"book","type":"update","data":[]}"#, 0),
            (r#"{"event":"info","version":1}"#, 0),
            ("", 0),
        ] {
            assert_eq!(frame(body.as_bytes()), want, "{body}");
        }
    }
}
