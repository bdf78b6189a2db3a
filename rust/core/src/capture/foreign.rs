//! Files that hold market data and no frames that could be read: what each is, and what to do instead.

use super::CaptureError;
use crate::json::{Cursor, JsonError, Key, Message, Order, UnknownKeys, keys};

/// Compressions that are not read, by their first bytes.
const COMPRESSIONS: [(&[u8], &str, &str); 4] = [
    (b"\xFD7zXZ\x00", "xz", "xz -dc"),
    (b"BZh", "bzip2", "bzip2 -dc"),
    (b"\x04\x22\x4D\x18", "lz4", "lz4 -dc"),
    (b"7z\xBC\xAF\x27\x1C", "7z", "7z x -so"),
];

/// Says which compression the first bytes of a file are of, where it is one that is not read.
pub(super) fn compression(head: &[u8]) -> Option<CaptureError> {
    let (_, name, command) = COMPRESSIONS.iter().find(|(magic, ..)| head.starts_with(magic))?;
    Some(CaptureError::Compression { name, command })
}

/// Says whether a first line is of a vendor's own messages, made from the venue's.
pub(super) fn messages(head: &[u8]) -> Option<CaptureError> {
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    let mut names = Normalized::default();
    let mut cursor = Cursor::new(line);
    cursor.object(&mut names, &mut Order::default(), &mut UnknownKeys::default()).ok()?;
    (names.is_known && names.keys == 2).then_some(CaptureError::Normalized)
}

/// A message of tardis-machine and tardis-node: its type, and its times beside the exchange's name.
///
/// Source: docs.tardis.dev, "normalized data types" (read 2026-11).
#[derive(Default)]
struct Normalized {
    is_known: bool,
    keys: u32,
}

const TYPES: [&[u8]; 10] = [
    b"trade",
    b"book_change",
    b"book_snapshot",
    b"derivative_ticker",
    b"option_summary",
    b"liquidation",
    b"book_ticker",
    b"quote",
    b"trade_bar",
    b"disconnect",
];

impl<'a> Message<'a> for Normalized {
    const KEYS: &'static [Key] = keys!["type", "exchange", "localTimestamp"];

    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        if cursor.peek() != b'"' {
            return cursor.skip();
        }
        let text = cursor.string()?;
        if key == 0 {
            self.is_known = TYPES.contains(&&*text);
        } else {
            self.keys += 1;
        }
        Ok(())
    }
}
