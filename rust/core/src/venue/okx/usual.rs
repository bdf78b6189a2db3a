//! Messages of books as OKX writes them today, read in a straight line.
//!
//! In: `{"arg":{"channel":"books","instId":…},"action":"update","data":[{"asks":[…],"bids":[…],"ts":…,"checksum":…,
//! "seqId":…,"prevSeqId":…}]}`. What is written otherwise, and all that is to be refused, is left to
//! [`frames`](super::frames), which reads any form with the same readers of values.

use super::channels::Channel;
use super::messages::BookHead;
use super::sequence::AsSent;
use crate::json::Cursor;
use crate::time;
use crate::venue::values::{Levels, Text, text};

/// A book's message without its levels.
#[derive(Debug)]
pub(super) struct UsualBook<'a> {
    pub name: &'a str,
    pub symbol: &'a str,
    pub is_snapshot: bool,
    pub head: BookHead<'a>,
}

/// A number of either sign.
#[inline(always)]
fn signed(cursor: &mut Cursor<'_>) -> Option<i64> {
    let is_negative = cursor.takes(b"-").is_some();
    let value = cursor.short_integer()?.cast_signed();
    Some(if is_negative { -value } else { value })
}

impl<'a> UsualBook<'a> {
    /// Reads a frame to its end, levels into `levels`; `None` where it is any other. The levels' texts, which cost as much as
    /// their values, are read once a book had a checksum: of today's none has one.
    #[inline]
    pub(super) fn read(frame: &'a [u8], levels: &mut Levels, with_texts: &mut bool) -> Option<Self> {
        let book = Self::read_once(frame, levels, *with_texts)?;
        if book.head.checksum == 0 || *with_texts {
            return Some(book);
        }
        *with_texts = true;
        Self::read_once(frame, levels, true)
    }

    #[inline(always)]
    fn read_once(frame: &'a [u8], levels: &mut Levels, with_texts: bool) -> Option<Self> {
        let mut cursor = Cursor::new(frame);
        cursor.takes(b"{\"arg\":{\"channel\":")?;
        let name = text(cursor.short_string()?);
        cursor.takes(b",\"instId\":")?;
        let Ok(Text::Borrowed(symbol)) = cursor.string() else { return None };
        cursor.takes(b"},\"action\":\"")?;
        let is_snapshot = match cursor.takes(b"update\"") {
            Some(()) => false,
            None => cursor.takes(b"snapshot\"").map(|()| true)?,
        };
        cursor.takes(b",\"data\":[{\"asks\":")?;
        if Channel::named(name) != Channel::Book || symbol.is_empty() {
            return None;
        }
        levels.clear();
        if with_texts {
            levels.read_spelt_asks::<AsSent>(&mut cursor).ok()?;
            cursor.takes(b",\"bids\":")?;
            levels.read_spelt_bids::<AsSent>(&mut cursor).ok()?;
        } else {
            levels.read_asks(&mut cursor).ok()?;
            cursor.takes(b",\"bids\":")?;
            levels.read_bids(&mut cursor).ok()?;
        }
        cursor.takes(b",\"ts\":")?;
        let ts = time::from_epoch(cursor.short_quoted()?)?;
        cursor.takes(b",\"checksum\":")?;
        let checksum = i32::try_from(signed(&mut cursor)?).ok()?;
        cursor.takes(b",\"seqId\":")?;
        let seq = Some(cursor.short_integer()?);
        cursor.takes(b",\"prevSeqId\":")?;
        let previous = u64::try_from(signed(&mut cursor)?).ok();
        cursor.takes(b"}]}")?;
        // A name may have bytes that are to be checked.
        cursor.finish().ok()?;
        let ends = [levels.bids.len(), levels.asks.len()];
        let decimals = levels.decimals;
        let starts = [0, 0];
        let head = BookHead { symbol: Text::default(), ts, checksum, seq, previous, ends, starts, decimals };
        Some(Self { name, symbol: text(symbol), is_snapshot, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::forms::hold_edited;

    const WHOLE: &str = r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["8476.98","415","0","13"]],"bids":[["8476.97","256","0","12"]],"ts":"1700000000000","checksum":0,"seqId":12,"prevSeqId":-1}]}"#;
    const UPDATE: &str = r#"{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["8476.98","0","0","0"]],"bids":[["8476.96","1.50","0","2"]],"ts":"1700000000100","checksum":-1404728636,"seqId":15,"prevSeqId":12}]}"#;

    #[test]
    fn the_usual_form_is_what_any_form_is() {
        let edits: [(&str, &str); 29] = [
            ("", ""),
            (r#""checksum":-1404728636"#, r#""checksum":0"#),
            (r#""checksum":-1404728636"#, r#""checksum":-14047286360"#),
            (r#""checksum":-1404728636"#, r#""checksum":--1"#),
            (r#""checksum":-1404728636"#, r#""checksum":"1""#),
            (r#""checksum":-1404728636,"#, ""),
            ("books", "books-l2-tbt"),
            ("books", "books5"),
            ("books", "bbo-tbt"),
            ("books", "trades"),
            ("books", "other"),
            ("BTC-USDT", ""),
            ("BTC-USDT", "B\u{e9}-USDT"),
            ("BTC-USDT", "BTC\\u002dUSDT"),
            ("BTC-USDT", "BTC-USD-280929-100000-C-AND-MORE-OF-IT"),
            ("update", "other"),
            ("update", "snapshot"),
            ("1700000000100", "17"),
            (r#""ts":"1700000000100","#, ""),
            (r#""seqId":15"#, r#""seqId":-15"#),
            (r#""seqId":15"#, r#""seqId":12"#),
            (r#""seqId":15,"#, ""),
            (r#""prevSeqId":12"#, r#""prevSeqId":13"#),
            (r#""prevSeqId":12"#, r#""prevSeqId":-1"#),
            (r#","prevSeqId":12"#, ""),
            (r#""prevSeqId":12"#, r#""prevSeqId":12,"new":[1]"#),
            (
                r#"}]}"#,
                r#"},{"asks":[],"bids":[],"ts":"1700000000100","checksum":0,"seqId":16,"prevSeqId":15}]}"#,
            ),
            (r#""8476.96""#, r#""-8476.96""#),
            (r#""8476.96""#, r#""8476.96e400""#),
        ];
        hold_edited("okx", "wss://ws.okx.com:8443/ws/v5/public", [WHOLE, UPDATE], &edits);
    }

    #[test]
    fn frames_of_today_are_usual() {
        for frame in [WHOLE, UPDATE] {
            for texts in [false, true] {
                let (mut levels, mut with_texts) = (Levels::default(), texts);
                let book = UsualBook::read(frame.as_bytes(), &mut levels, &mut with_texts).expect("usual");
                assert_eq!(with_texts, texts || book.head.checksum != 0, "{frame}");
                assert_eq!(levels.bids_written.len(), usize::from(with_texts), "{frame}");
            }
        }
    }
}
