//! Ids made of what a trade says, where a vendor gives none that holds beyond one file: 16 hexadecimal digits of
//! FNV-1a 64 over symbol, event time, price, size, side and the trade's ordinal among equals of one message.

use crate::data::AggressorSide;
use crate::decimal::Decimal;

/// Makes ids of the trades of one instrument.
#[derive(Debug, Default)]
pub(super) struct MadeIds {
    /// The message at hand, by its receive time.
    message: u64,
    /// What its trades say.
    seen: Vec<u64>,
}

fn fnv(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().copied().chain([0x1f]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl MadeIds {
    /// The id of a trade of a message that was received at `ts_init`.
    pub fn make(
        &mut self,
        symbol: &[u8],
        (ts_event, ts_init): (u64, u64),
        (price, size): (Decimal, Decimal),
        side: AggressorSide,
    ) -> String {
        if self.message != ts_init {
            self.message = ts_init;
            self.seen.clear();
        }
        let [time, price, size] =
            [&ts_event.to_le_bytes()[..], &price.value.to_le_bytes(), &size.value.to_le_bytes()];
        let side = [side as u8];
        let equals = fnv(&[symbol, time, price, size, &side]);
        let ordinal = self.seen.iter().filter(|other| **other == equals).count() as u32;
        self.seen.push(equals);
        format!("{:016x}", fnv(&[symbol, time, price, size, &side, &ordinal.to_le_bytes()]))
    }
}

/// A hash of a text that tells rows of one time apart.
#[inline]
pub(super) fn hash(value: impl std::hash::Hash) -> u64 {
    use std::hash::BuildHasher;
    foldhash::fast::FixedState::with_seed(0).hash_one(value)
}
