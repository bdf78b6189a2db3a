//! Changes of books as Deribit writes them today, read in a straight line.
//!
//! In: `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.NAME.INTERVAL","data":{"timestamp":…,
//! "type":"change","change_id":…,"instrument_name":…,"bids":[…],"asks":[…],"prev_change_id":…}}}`. What is written otherwise
//! (snapshots, and all of before 2026), and what is to be refused, is left to [`frames`](super::frames), which reads any
//! form with the same readers of values.

use super::channels::Topic;
use super::levels::{Form, Sides};
use super::messages::BookHead;
use crate::json::Cursor;
use crate::venue::values::{Text, text, usual_epoch};

/// A change of a book without its levels.
#[derive(Debug)]
pub(super) struct UsualBook<'a> {
    pub topic: Topic<'a>,
    pub head: BookHead<'a>,
}

impl<'a> UsualBook<'a> {
    /// Reads a frame to its end, levels into `sides`; `None` where it is any other.
    #[inline]
    pub(super) fn read(frame: &'a [u8], sides: &mut Sides) -> Option<Self> {
        let mut cursor = Cursor::new(frame);
        cursor.takes(b"{\"jsonrpc\":\"2.0\",\"method\":\"subscription\",\"params\":{\"channel\":")?;
        let topic = Topic::of_book(text(cursor.plain_string()?))?;
        cursor.takes(b",\"data\":{\"timestamp\":")?;
        let ts = usual_epoch(&mut cursor)?;
        cursor.takes(b",\"type\":\"change\",\"change_id\":")?;
        let id = cursor.short_integer()?;
        cursor.takes(b",\"instrument_name\":")?;
        let symbol = cursor.plain_string().filter(|symbol| !symbol.is_empty())?;
        cursor.takes(b",\"bids\":")?;
        sides.clear();
        sides.read_bids(Form::Told, &mut cursor).ok()?;
        cursor.takes(b",\"asks\":")?;
        sides.read_asks(Form::Told, &mut cursor).ok()?;
        cursor.takes(b",\"prev_change_id\":")?;
        let previous = Some(cursor.short_integer()?);
        cursor.takes(b"}}}")?;
        cursor.finish().ok()?;
        let head = BookHead { symbol: Text::Borrowed(symbol), ts, id, previous, whole: Some(false) };
        Some(Self { topic, head })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::forms::hold_edited;

    const WHOLE: &str = r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"timestamp":1700000000000,"type":"snapshot","change_id":12,"instrument_name":"BTC-PERPETUAL","bids":[["new",76899.0,10.0],["new",76893.0,3.0e6]],"asks":[["new",77023.0,10.0]]}}}"#;
    const CHANGE: &str = r#"{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"timestamp":1700000000100,"type":"change","change_id":15,"instrument_name":"BTC-PERPETUAL","bids":[["change",76899.0,1.5],["delete",76893.0,0.0]],"asks":[["new",77027.5,1.0002e6]],"prev_change_id":12}}}"#;

    #[test]
    fn the_usual_form_is_what_any_form_is() {
        let edits: [(&str, &str); 30] = [
            ("", ""),
            ("100ms", "raw"),
            ("100ms", "agg2"),
            ("100ms", "none.10.100ms"),
            ("100ms", "100ms.more"),
            (".100ms", ""),
            ("book.BTC-PERPETUAL", "book."),
            ("book.", "books."),
            ("book.", "ticker."),
            ("book.BTC-PERPETUAL", "book.ETH-PERPETUAL"),
            (r#""instrument_name":"BTC-PERPETUAL""#, r#""instrument_name":"ETH-PERPETUAL""#),
            (r#""instrument_name":"BTC-PERPETUAL""#, r#""instrument_name":"""#),
            (r#""instrument_name":"BTC-PERPETUAL""#, r#""instrument_name":"BTC\u002dPERPETUAL""#),
            (r#""instrument_name":"BTC-PERPETUAL""#, r#""instrument_name":7"#),
            ("BTC-PERPETUAL", "BTC-28SEP29-100000-C-AND-MORE-OF-IT"),
            ("subscription", "heartbeat"),
            ("2.0", "1.0"),
            ("1700000000100", "0"),
            ("1700000000100", "null"),
            ("1700000000100", "17"),
            ("change", "snapshot"),
            ("change", "other"),
            (r#""change_id":15"#, r#""change_id":-15"#),
            (r#""change_id":15"#, r#""change_id":12"#),
            (r#""prev_change_id":12"#, r#""prev_change_id":11"#),
            (r#""prev_change_id":12"#, r#""prev_change_id":0"#),
            (r#""prev_change_id":12"#, r#""prev_change_id":null"#),
            (r#","prev_change_id":12"#, ""),
            (r#""prev_change_id":12"#, r#""prev_change_id":12,"new":[1]"#),
            ("76899.0", "-76899.0"),
        ];
        hold_edited("deribit", "wss://www.deribit.com/ws/api/v2", [WHOLE, CHANGE], &edits);
    }

    #[test]
    fn changes_of_today_are_usual() {
        assert!(UsualBook::read(CHANGE.as_bytes(), &mut Sides::default()).is_some());
        assert!(UsualBook::read(WHOLE.as_bytes(), &mut Sides::default()).is_none());
    }
}
