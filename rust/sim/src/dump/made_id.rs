//! Ids of trades that the vendor gave none (`docs/dumps.md`): sixteen digits of FNV-1a 64 over symbol, time, price, size, side and
//! ordinal among equals of one time, each with a 0x1f behind it.

use crate::decimal::Decimal;
use crate::market::Side;

/// Price, size and side.
type Said = (Decimal, Decimal, Option<Side>);

/// Makes ids of the trades of one instrument.
#[derive(Debug, Default)]
pub(crate) struct MadeIds {
    /// The time at hand, ns UTC, and what its trades say.
    at: u64,
    said: Vec<Said>,
}

impl MadeIds {
    /// The id of a trade at a time, ns UTC; the side is `None` where the vendor does not say it.
    pub fn make(
        &mut self,
        symbol: &str,
        at: u64,
        (price, size): (Decimal, Decimal),
        side: Option<Side>,
    ) -> String {
        if at != self.at {
            self.at = at;
            self.said.clear();
        }
        let said = (price, size, side);
        let ordinal = self.said.iter().filter(|other| **other == said).count() as u32;
        self.said.push(said);
        // Numbers at sixteen decimals.
        let raw = |value: Decimal| (value.units * 10_i128.pow(16 - u32::from(value.places))).to_le_bytes();
        let side = match side {
            None => 0,
            Some(Side::Buy) => 1,
            Some(Side::Sell) => 2,
        };
        let fields: [&[u8]; 6] =
            [symbol.as_bytes(), &at.to_le_bytes(), &raw(price), &raw(size), &[side], &ordinal.to_le_bytes()];
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in fields.iter().flat_map(|field| field.iter().chain(&[0x1f])) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        format!("{hash:016x}")
    }
}
