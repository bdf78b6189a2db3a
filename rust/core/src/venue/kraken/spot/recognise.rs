//! Whether a URL or a frame is Kraken's.

use memchr::memmem;

/// How sure `url` makes one.
pub(super) fn url(url: &str) -> u32 {
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let name = host.strip_suffix(".kraken.com");
    let is_socket = name.is_some_and(|name| {
        matches!(name, "ws" | "ws-auth" | "ws-l3" | "beta-ws" | "beta-ws-auth" | "beta-ws-l3")
    });
    u32::from(is_socket || name == Some("api") && url.contains("/0/"))
}

/// How sure `frame` makes one.
pub(super) fn frame(frame: &[u8]) -> u32 {
    // Single messages may be spaced out; what is looked for stands near the start, or the end, of any frame.
    let squeezed = |part: &[u8]| -> Vec<u8> {
        part.iter().copied().filter(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')).collect()
    };
    let head = squeezed(&frame[..frame.len().min(4_096)]);
    let tail = squeezed(&frame[frame.len().saturating_sub(256)..]);
    let has = |needle: &str| memmem::find(&head, needle.as_bytes()).is_some();
    let names = ["book", "trade", "ticker", "ohlc", "level3", "instrument", "status"];
    let is_v2 = names.iter().any(|name| has(&format!("\"channel\":\"{name}\"")))
        && (has("\"type\":\"snapshot\"") || has("\"type\":\"update\"") || has("\"method\":\""))
        // OKX's, Crypto.com's, FTX's.
        && !["arg", "code", "market"].iter().any(|key| has(&format!("\"{key}\":")));
    let is_v1 = head.starts_with(b"[") && tail.ends_with(b"\"]") && {
        let last = String::from_utf8_lossy(&tail);
        let mut parts = last.trim_end_matches("\"]").rsplit('"');
        let pair = parts.next().unwrap_or_default().replace("\\/", "/");
        let name = parts.nth(1).unwrap_or_default();
        pair.split_once('/').is_some()
            && (["trade", "spread", "ticker"].contains(&name)
                || name.starts_with("book-")
                || name.starts_with("ohlc-"))
    };
    let is_event = has("\"event\":\"systemStatus\"") || has("\"event\":\"subscriptionStatus\"");
    let is_answer = head.starts_with(b"{\"error\":[]") && has("\"result\":{");
    if is_v2 || is_v1 || is_event || is_answer { 10 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_its_own() {
        for (text, want) in [
            ("wss://ws.kraken.com/v2", 1),
            ("wss://ws.kraken.com", 1),
            ("wss://ws-l3.kraken.com/v2", 1),
            ("https://api.kraken.com/0/public/AssetPairs", 1),
            ("wss://futures.kraken.com/ws/v1", 0),
            ("https://futures.kraken.com/derivatives/api/v3/instruments", 0),
            ("wss://ws.notkraken.com/v2", 0),
        ] {
            assert_eq!(url(text), want, "{text}");
        }
        for (body, want) in [
            (r#"{"channel":"book","type":"update","data":[]}"#, 10),
            (r#"{"method":"subscribe","result":{"channel":"book","depth":25,"symbol":"A/B"}}"#, 10),
            (r#"[992,{"b":[["1","2","3"]],"c":"1"},"book-1000","XMR/USD"]"#, 10),
            (r#"[992, [["1","2","3","s","l",""]], "trade", "XMR\/USD"]"#, 10),
            (r#"{"connectionID":1,"event":"systemStatus","status":"online","version":"1.8.3"}"#, 10),
            (r#"{"error":[],"result":{"XXBTZUSD":{}}}"#, 10),
            (r#"{"arg":{"channel":"trade","instId":"BTC-USDT"},"action":"snapshot"}"#, 0),
            (
                r#"{"code":0,"method":"subscribe","result":{"channel":"trade","instrument_name":"A_B","data":[]}}"#,
                0,
            ),
            (r#"{"channel":"ticker","market":"BTC-PERP","type":"update","data":{"bid":1,"ask":2}}"#, 0),
            (r#"{"feed":"book","product_id":"PI_XBTUSD"}"#, 0),
            (r#"["a","b"]"#, 0),
            ("[]", 0),
            ("", 0),
        ] {
            assert_eq!(frame(body.as_bytes()), want, "{body}");
        }
    }
}
