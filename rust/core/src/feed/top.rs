//! The best bid and ask of a channel that tells what changes of them.

use serde::{Deserialize, Serialize};

use super::market::Market;
use crate::decimal::{self, Decimal};
use crate::symbol::SlotId;

/// The best bid and ask as they stand.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// Number of the last message.
    pub last: u64,
    /// Price and size of bid and ask; `None`: not known, or empty.
    pub sides: [Option<(Decimal, Decimal)>; 2],
}

/// The same in an end state: numbers are decimal text.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopState {
    /// Number of the last message.
    last: u64,
    /// Price and size of bid and ask.
    sides: [Option<(String, String)>; 2],
}

impl Top {
    pub(super) fn end_state(self) -> Option<TopState> {
        let text = |value: Decimal| decimal::text(value.value);
        let side = |side: Option<(Decimal, Decimal)>| side.map(|(price, size)| (text(price), text(size)));
        (self.last > 0).then(|| TopState { last: self.last, sides: self.sides.map(side) })
    }

    pub(super) fn resume(state: &TopState) -> Self {
        let side = |side: &Option<(String, String)>| {
            let (price, size) = side.as_ref()?;
            Some((decimal::parse(price.as_bytes()).ok()?, decimal::parse(size.as_bytes()).ok()?))
        };
        Self { last: state.last, sides: state.sides.each_ref().map(side) }
    }
}

impl Market {
    /// The best bid and ask of an instrument.
    pub fn top_mut(&mut self, slot: SlotId) -> &mut Top {
        &mut self.slots[slot as usize].top
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_outlives_its_recording() {
        let decimal = |text: &str| decimal::parse(text.as_bytes()).unwrap_or_default();
        let top = Top { last: 7, sides: [Some((decimal("63113.2"), decimal("0.001"))), None] };
        assert_eq!(top.end_state().map(|state| Top::resume(&state)), Some(top));
        assert_eq!(Top::default().end_state(), None);
    }
}
