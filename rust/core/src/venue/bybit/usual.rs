//! Messages of books as Bybit writes them today, read in a straight line.
//!
//! In: `{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":…,"data":{"s":…,"b":[…],"a":[…],"u":…,"seq":…},"cts":…}` of
//! contracts, the same with `ts` before `type` of spot, with `id` first and `type` last of options. What is written otherwise,
//! and all that is to be refused, is left to [`frames`](super::frames), which reads any form with the same readers of values.

use super::topics;
use crate::json::Cursor;
use crate::venue::values::{Levels, Text, last_epoch, usual_epoch};

/// A book's message without its levels.
#[derive(Debug)]
pub(super) struct UsualBook<'a> {
    /// The channel's name, of a depth that books have today (`orderbook.50`).
    pub name: &'static str,
    /// The symbol: no spread's.
    pub symbol: &'a [u8],
    pub is_snapshot: bool,
    pub u: u64,
    pub seq: u64,
    pub ts: u64,
    /// 0: not sent.
    pub cts: u64,
}

/// A text without escapes.
#[inline(always)]
fn plain<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    if let Some(text) = cursor.plain_string() {
        return Some(text);
    }
    match cursor.string() {
        Ok(Text::Borrowed(text)) => Some(text),
        _ => None,
    }
}

/// Whether the book is whole, where `type` comes next.
#[inline(always)]
fn is_snapshot(cursor: &mut Cursor<'_>) -> Option<bool> {
    match cursor.takes(b",\"type\":\"delta\"") {
        Some(()) => Some(false),
        None => cursor.takes(b",\"type\":\"snapshot\"").map(|()| true),
    }
}

#[inline(always)]
fn ts(cursor: &mut Cursor<'_>) -> Option<u64> {
    cursor.takes(b",\"ts\":")?;
    usual_epoch(cursor)
}

impl<'a> UsualBook<'a> {
    /// Reads a frame to its end, levels into `levels`; `None` where it is any other.
    #[inline]
    pub(super) fn read(frame: &'a [u8], levels: &mut Levels) -> Option<Self> {
        let mut cursor = Cursor::new(frame);
        match cursor.takes(b"{\"topic\":") {
            Some(()) => {}
            None => {
                cursor.takes(b"{\"id\":")?;
                cursor.string().ok()?;
                cursor.takes(b",\"topic\":")?;
            }
        }
        // Others are taken apart where they are read.
        let (name, symbol) = topics::usual_book(plain(&mut cursor)?)?;
        let before = is_snapshot(&mut cursor);
        let ts = ts(&mut cursor)?;
        let before = before.or_else(|| is_snapshot(&mut cursor));
        cursor.takes(b",\"data\":{\"s\":\"")?;
        cursor.takes_text(symbol)?;
        levels.clear();
        cursor.takes(b"\",\"b\":")?;
        levels.read_bids(&mut cursor).ok()?;
        cursor.takes(b",\"a\":")?;
        levels.read_asks(&mut cursor).ok()?;
        cursor.takes(b",\"u\":")?;
        let u = cursor.short_integer()?;
        cursor.takes(b",\"seq\":")?;
        let seq = cursor.short_integer()?;
        cursor.takes(b"}")?;
        let (is_snapshot, cts) = match before {
            Some(is_snapshot) => {
                cursor.takes(b",\"cts\":")?;
                (is_snapshot, last_epoch(&mut cursor)?)
            }
            None => {
                let is_snapshot = is_snapshot(&mut cursor)?;
                cursor.takes(b"}")?;
                (is_snapshot, 0)
            }
        };
        // A name may have bytes that are to be checked.
        cursor.finish().ok()?;
        Some(Self { name, symbol, is_snapshot, u, seq, ts, cts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::forms::hold;

    const WHOLE: &str = r#"{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1700000000000,"data":{"s":"BTCUSDT","b":[["63113.2","1"]],"a":[["63113.3","2"]],"u":6,"seq":70},"cts":1699999999999}"#;
    const CONTRACT: &str = r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1700000000010,"data":{"s":"BTCUSDT","b":[["63113.2","0"],["63113.1","0.5"]],"a":[],"u":7,"seq":75},"cts":1700000000009}"#;
    const SPOT: &str = r#"{"topic":"orderbook.50.BTCUSDT","ts":1700000000010,"type":"delta","data":{"s":"BTCUSDT","b":[["63113.2","0"],["63113.1","0.5"]],"a":[],"u":7,"seq":75},"cts":1700000000009}"#;
    const OPTION: &str = r#"{"id":"orderbook.50.BTCUSDT-75-1700000000010","topic":"orderbook.50.BTCUSDT","ts":1700000000010,"data":{"s":"BTCUSDT","b":[["63113.2","0"],["63113.1","0.5"]],"a":[],"u":7,"seq":75},"type":"delta"}"#;

    #[test]
    fn the_usual_form_is_what_any_form_is() {
        let edits: [(&str, &str); 26] = [
            ("", ""),
            ("50.BTCUSDT", "1.BTCUSDT"),
            ("50.BTCUSDT", "rpi.BTCUSDT"),
            ("50.BTCUSDT", "x.BTCUSDT"),
            ("50.BTCUSDT", "50.BTC_USDT"),
            ("50.BTCUSDT", "50.ETHUSDT"),
            ("50.BTCUSDT", "50.BTC\\u0055SDT"),
            ("50.BTCUSDT", "50.B\u{e9}"),
            (r#""s":"BTCUSDT""#, r#""s":"ETHUSDT""#),
            (r#""s":"BTCUSDT""#, r#""s":7"#),
            ("delta", "other"),
            ("delta", "snapshot"),
            ("1700000000010,", "17000,"),
            (r#""ts":1700000000010,"#, ""),
            (r#","cts":1700000000009"#, ""),
            (r#""cts":1700000000009"#, r#""cts":01700000000009"#),
            (r#""cts":1700000000009"#, r#""cts":1.7e12"#),
            (r#""cts":1700000000009}"#, r#""cts":1700000000009,"new":1}"#),
            (r#""u":7,"#, r#""u":9,"#),
            (r#""u":7,"#, r#""u":-7,"#),
            (r#""u":7,"#, ""),
            (r#","seq":75"#, ""),
            (r#""seq":75"#, r#""seq":75,"u":7"#),
            (r#""63113.1""#, r#""-63113.1""#),
            (r#""63113.1""#, r#""1234567890123456789012345678901234567890""#),
            (r#""a":[]"#, r#""a":[["63113.3","0"]]"#),
        ];
        for (feed, path) in [("bybit-linear", "linear"), ("bybit-spot", "spot"), ("bybit-option", "option")] {
            for opened in [path, "inverse"] {
                let opened = format!("wss://stream.bybit.com/v5/public/{opened}");
                for message in [CONTRACT, SPOT, OPTION] {
                    for (from, to) in edits {
                        hold(feed, &opened, &[WHOLE], &message.replacen(from, to, 1));
                    }
                }
            }
        }
    }

    #[test]
    fn frames_of_today_are_usual() {
        for frame in [WHOLE, CONTRACT, SPOT, OPTION] {
            assert!(UsualBook::read(frame.as_bytes(), &mut Levels::default()).is_some(), "{frame}");
        }
    }
}
