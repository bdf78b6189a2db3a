//! Whether a URL or a frame is OKX's.

use memchr::memmem;

/// How sure `url` makes one; OKCoin spoke the same protocol.
pub(super) fn url(url: &str) -> u32 {
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_host = ["okx.com", "okex.com", "okcoin.com"]
        .iter()
        .any(|name| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')));
    u32::from(is_host && (url.contains("/ws/v5/") || url.contains("/api/v5/")))
}

/// How sure `frame` makes one.
pub(super) fn frame(frame: &[u8]) -> u32 {
    // Single messages may be spaced out; what is looked for stands near the start of any frame.
    let head: Vec<u8> =
        frame.iter().take(4_096).copied().filter(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')).collect();
    let has = |needle: &str| memmem::find(&head, needle.as_bytes()).is_some();
    let is_message = has("\"arg\":{\"channel\":\"") && (has("\"data\":[") || has("\"event\":\""));
    let is_answer = has("\"code\":\"0\"") && has("\"data\":[") && has("\"instId\":\"");
    // A line of a published file of books.
    let is_line = ["\"instId\":\"", "\"action\":\"", "\"asks\":["].into_iter().all(has) && !has("\"arg\":");
    let is_line = is_line && !has_micros(&head);
    if is_message || is_answer || is_line { 10 } else { 0 }
}

/// Whether a line of books says microseconds: HTX publishes files of the same keys since 2026-05 (lv400 of spot, lv150 of
/// contracts), in microseconds and with levels of two numbers; OKX's are milliseconds.
fn has_micros(head: &[u8]) -> bool {
    let ts = memmem::find(head, b"\"ts\":").map_or(&[][..], |at| &head[at + 5..]);
    let ts = ts.strip_prefix(b"\"").unwrap_or(ts);
    ts.iter().take_while(|byte| byte.is_ascii_digit()).count() == 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_its_own() {
        for (text, want) in [
            ("wss://ws.okx.com:8443/ws/v5/public", 1),
            ("wss://wseea.okx.com:8443/ws/v5/business", 1),
            ("wss://real.okcoin.com:8443/ws/v5/public", 1),
            ("https://www.okx.com/api/v5/public/instruments?instType=SPOT", 1),
            ("wss://ws.okex.com:8443/ws/v5/public", 1),
            ("wss://real.okex.com:8443/ws/v3", 0),
            ("wss://notokx.com/ws/v5/public", 0),
            ("wss://stream.bybit.com/v5/public/linear", 0),
        ] {
            assert_eq!(url(text), want, "{text}");
        }
        for (body, want) in [
            (r#"{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[]}"#, 10),
            (r#"{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a"}"#, 10),
            (r#"{"code":"0","msg":"","data":[{"instId":"BTC-USDT"}]}"#, 10),
            (r#"{"action":"snapshot","arg":{"instType":"sp","channel":"books15"},"data":[]}"#, 0),
            (r#"{"topic":"orderbook.50.BTCUSDT"}"#, 0),
            (r#"{"instId":"BTC-USDT","action":"snapshot","ts":"1","asks":[],"bids":[]}"#, 10),
            (r#"{"instId":"BTC-USDT","action":"update","ts":"1705248000179","asks":[],"bids":[]}"#, 10),
            (r#"{"instId":"A8-USDT","action":"update","ts":"1788566401000000","asks":[],"bids":[]}"#, 0),
            (r#"{"instId":"A8-USDT", "action":"snapshot", "ts": 1788566400000000, "asks":[], "bids":[]}"#, 0),
            ("pong", 0),
        ] {
            assert_eq!(frame(body.as_bytes()), want, "{body}");
        }
    }
}
