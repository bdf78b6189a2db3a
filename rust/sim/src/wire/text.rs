//! Writing messages: literal text, integers and decimals, one after another.

use crate::decimal::{self, Decimal};

/// Bytes of a message in the making.
#[derive(Debug, Default)]
pub struct Text {
    bytes: Vec<u8>,
}

impl Text {
    /// Room for a message of about `size` bytes.
    #[must_use]
    pub fn with_room(size: usize) -> Self {
        Self { bytes: Vec::with_capacity(size) }
    }

    /// Adds text as it is.
    pub fn raw(&mut self, text: &str) -> &mut Self {
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// Adds an integer.
    pub fn int(&mut self, value: u64) -> &mut Self {
        decimal::integer(&mut self.bytes, value);
        self
    }

    /// Adds an integer that may be negative.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        decimal::signed(&mut self.bytes, value);
        self
    }

    /// Adds a decimal with at least `places` decimals.
    pub fn decimal(&mut self, value: Decimal, places: u8) -> &mut Self {
        value.write_padded(&mut self.bytes, places);
        self
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.raw(if value { "true" } else { "false" })
    }

    /// Adds a decimal with the decimals it has.
    pub fn own(&mut self, value: Decimal) -> &mut Self {
        value.write_own(&mut self.bytes);
        self
    }

    /// Adds a decimal without trailing zeros.
    pub fn shortest(&mut self, value: Decimal) -> &mut Self {
        value.write_shortest(&mut self.bytes);
        self
    }

    /// Empties it, keeping the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// What was written so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, to be written to.
    pub(crate) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The bytes.
    #[must_use]
    pub fn done(self) -> Vec<u8> {
        self.bytes
    }
}

/// The id of a trade where venues have UUIDs: another for each number of each instrument.
pub(crate) fn uuid(instrument: usize, id: u64) -> String {
    let mixed = id.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ instrument as u64;
    let [a, b] = [(mixed >> 32) as u32, mixed as u32];
    format!(
        "{a:08x}-{:04x}-5{:03x}-9{:03x}-{:012x}",
        b >> 16,
        b & 0xFFF,
        instrument & 0xFFF,
        id & 0xFFFF_FFFF_FFFF
    )
}
