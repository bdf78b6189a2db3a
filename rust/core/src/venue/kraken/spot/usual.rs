//! Books of protocol v2 as Kraken writes them today, read in a straight line.
//!
//! In: `{"channel":"book","type":"update","data":[{"symbol":…,"bids":[…],"asks":[…],"checksum":…,"timestamp":…}]}`. What is
//! written otherwise, and all that is to be refused, is left to [`frames`](super::frames), which reads any form with the same
//! readers of values.

use super::messages::{BookHead, BookOrder};
use super::sequence::Digits;
use crate::data::Side;
use crate::json::{Cursor, UnknownKeys};
use crate::venue::values::{BelowZero, Levels, Text, moment};

/// A book's message without its levels.
#[derive(Debug)]
pub(super) struct UsualBook<'a> {
    pub is_snapshot: bool,
    pub head: BookHead<'a>,
}

impl<'a> UsualBook<'a> {
    /// Reads a frame to its end, levels into `levels`; `None` where it is any other.
    #[inline]
    pub(super) fn read(frame: &'a [u8], levels: &mut Levels, order: &mut BookOrder) -> Option<Self> {
        let mut cursor = Cursor::new(frame);
        cursor.takes(b"{\"channel\":\"book\",\"type\":\"")?;
        let is_snapshot = match cursor.takes(b"update\"") {
            Some(()) => false,
            None => cursor.takes(b"snapshot\"").map(|()| true)?,
        };
        cursor.takes(b",\"data\":[{\"symbol\":")?;
        let symbol = cursor.short_string().filter(|symbol| !symbol.is_empty())?;
        levels.clear();
        // Keys that are not known are counted where any form is read.
        let mut strangers = UnknownKeys::default();
        let mut side = |side, cursor: &mut Cursor<'a>| {
            let (level, strangers) = (&mut order.level, &mut strangers);
            levels.read_spelt_priced::<Digits>(side, BelowZero::Refused, cursor, level, strangers).ok()
        };
        cursor.takes(b",\"bids\":")?;
        side(Side::Buy, &mut cursor)?;
        cursor.takes(b",\"asks\":")?;
        side(Side::Sell, &mut cursor)?;
        cursor.takes(b",\"checksum\":")?;
        let checksum = Some(u32::try_from(cursor.short_integer()?).ok()?);
        cursor.takes(b",\"timestamp\":")?;
        let start = cursor.offset();
        let ts = match cursor.quoted().and_then(|text| order.day.moment(text)) {
            Some(ts) => ts,
            None => {
                cursor.seek(start);
                moment(&mut cursor).ok()?
            }
        };
        cursor.takes(b"}]}")?;
        cursor.finish().ok()?;
        if strangers.iter().next().is_some() {
            return None;
        }
        let (ends, decimals) = ([levels.bids.len(), levels.asks.len()], levels.decimals);
        let symbol = Text::Borrowed(symbol);
        Some(Self { is_snapshot, head: BookHead { symbol, ts, checksum, ends, starts: [0; 2], decimals } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::forms::hold_edited;

    const WHOLE: &str = r#"{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015}],"asks":[{"price":45285.2,"qty":0.00100000}],"checksum":3310070434,"timestamp":"2023-11-14T22:13:20.000001Z"}]}"#;
    const UPDATE: &str = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":45283.4,"qty":0.00000000}],"asks":[{"price":45286.4,"qty":1.54571953}],"checksum":2439117997,"timestamp":"2023-11-14T22:13:20.100001Z"}]}"#;

    #[test]
    fn the_usual_form_is_what_any_form_is() {
        let edits: [(&str, &str); 26] = [
            ("", ""),
            ("book", "level3"),
            ("book", "ticker"),
            ("book", "other"),
            ("update", "snapshot"),
            ("update", "other"),
            ("BTC/USD", ""),
            ("BTC/USD", "B\u{e9}/USD"),
            ("BTC/USD", "BTC\\u002fUSD"),
            ("BTC/USD", "MOGMOGMOGMOG/USDTUSDT"),
            (r#""symbol":"BTC/USD","#, ""),
            (r#""checksum":2439117997"#, r#""checksum":0"#),
            (r#""checksum":2439117997"#, r#""checksum":24391179970"#),
            (r#""checksum":2439117997"#, r#""checksum":-1"#),
            (r#""checksum":2439117997"#, r#""checksum":"1""#),
            (r#""checksum":2439117997,"#, ""),
            ("2023-11-14T22:13:20.100001Z", "2023-11-14"),
            ("2023-11-14T22:13:20.100001Z", "2023-11-14T22:13:20Z"),
            (r#","timestamp":"2023-11-14T22:13:20.100001Z""#, ""),
            (r#""timestamp":"2023-11-14T22:13:20.100001Z""#, r#""timestamp":null"#),
            (r#"1Z""#, r#"1Z","new":[1]"#),
            (r#"45283.4,"qty""#, r#"45283.4,"new":1,"qty""#),
            (r#""price":45283.4,"#, ""),
            ("45283.4", "-45283.4"),
            ("45283.4", "45283.4e400"),
            (r#"}]}"#, r#"},{"symbol":"BTC/USD","bids":[],"asks":[],"checksum":1}]}"#),
        ];
        hold_edited("kraken-spot", "wss://ws.kraken.com/v2", [WHOLE, UPDATE], &edits);
    }

    #[test]
    fn frames_of_today_are_usual() {
        for frame in [WHOLE, UPDATE] {
            let (mut levels, mut order) = (Levels::default(), BookOrder::default());
            assert!(UsualBook::read(frame.as_bytes(), &mut levels, &mut order).is_some(), "{frame}");
        }
    }
}
