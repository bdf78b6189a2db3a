//! Whether a URL or a frame is Deribit's.

use memchr::memmem;

/// How sure `url` makes one; the same protocol is spoken at one of Coinbase's hosts.
pub(super) fn url(url: &str) -> u32 {
    let host =
        url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_host = host == "deribit.com" || host.ends_with(".deribit.com") || host == "drb.coinbase.com";
    u32::from(is_host && url.contains("/api/v2"))
}

/// How sure `frame` makes one.
pub(super) fn frame(frame: &[u8]) -> u32 {
    // Single messages may be spaced out; what is looked for stands near the start, or the end, of any frame.
    let squeezed = |part: &[u8]| -> Vec<u8> {
        part.iter().copied().filter(|b| !matches!(b, b' ' | b'\n' | b'\r' | b'\t')).collect()
    };
    let head = squeezed(&frame[..frame.len().min(4_096)]);
    let tail = squeezed(&frame[frame.len().saturating_sub(256)..]);
    let has = |part: &[u8], needle: &str| memmem::find(part, needle.as_bytes()).is_some();
    let channels = [
        "book.",
        "trades.",
        "ticker.",
        "incremental_ticker.",
        "quote.",
        "perpetual.",
        "chart.trades.",
        "deribit_",
        "markprice.",
        "instrument.state.",
    ];
    let is_notification = has(&head, "\"method\":\"subscription\"")
        && channels.iter().any(|channel| has(&head, &format!("\"channel\":\"{channel}")));
    let is_answer = has(&head, "\"result\":") && (has(&head, "\"usIn\":") || has(&tail, "\"usIn\":"));
    if has(&head, "\"jsonrpc\":\"2.0\"") && (is_notification || is_answer) { 10 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_its_own() {
        for (text, want) in [
            ("wss://www.deribit.com/ws/api/v2", 1),
            ("wss://streams.deribit.com/ws/api/v2", 1),
            ("https://history.deribit.com/api/v2/public/get_last_trades_by_currency", 1),
            ("wss://drb.coinbase.com/ws/api/v2", 1),
            ("wss://www.deribit.com/den/ws", 0),
            ("wss://notderibit.com/ws/api/v2", 0),
        ] {
            assert_eq!(url(text), want, "{text}");
        }
        for (body, want) in [
            (r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.A.raw","data":{}}}"#, 10),
            (
                r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"incremental_ticker.A","data":{}}}"#,
                10,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"instrument.state.any.any"}}"#,
                10,
            ),
            (r#"{"jsonrpc": "2.0", "id": 1, "result": [], "usIn": 1}"#, 10),
            (r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"orders","data":{}}}"#, 0),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, 0),
            (r#"{"arg":{"channel":"trades"},"data":[]}"#, 0),
        ] {
            assert_eq!(frame(body.as_bytes()), want, "{body}");
        }
    }
}
