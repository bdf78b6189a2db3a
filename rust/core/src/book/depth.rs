//! Ten-level views of a book.

use super::Ladder;
use crate::data::{Depth10Row, DepthLevel, F_LAST, F_SNAPSHOT, Side};
use crate::json::Level;

/// A row of the ten best of each side; levels come best first.
fn row(
    bids: impl Iterator<Item = Level>,
    asks: impl Iterator<Item = Level>,
    sequence: u64,
    ts_event: u64,
    ts_init: u64,
) -> Depth10Row {
    let mut row = Depth10Row {
        bids: [DepthLevel::default(); 10],
        asks: [DepthLevel::default(); 10],
        flags: F_SNAPSHOT | F_LAST,
        sequence,
        ts_event,
        ts_init,
    };
    let fill = |to: &mut [DepthLevel; 10], from: &mut dyn Iterator<Item = Level>| {
        for (to, level) in to.iter_mut().zip(from) {
            *to = DepthLevel { price: level.price, size: level.size, count: 1 };
        }
    };
    fill(&mut row.bids, &mut { bids });
    fill(&mut row.asks, &mut { asks });
    row
}

impl<P: super::Payload> Ladder<P> {
    /// The ten best levels of each side as a row.
    #[must_use]
    pub fn depth10(&self, sequence: u64, ts_event: u64, ts_init: u64) -> Depth10Row {
        let side = |side| self.levels(side).map(|(price, size, _)| Level { price, size });
        row(side(Side::Buy), side(Side::Sell), sequence, ts_event, ts_init)
    }
}

/// The ten best of levels as sent (in any order) as a row; levels of size 0 do not count.
#[must_use]
pub fn depth10(bids: &[Level], asks: &[Level], sequence: u64, ts_event: u64, ts_init: u64) -> Depth10Row {
    let mut bids: Vec<Level> = bids.iter().copied().filter(|l| l.size > 0).collect();
    let mut asks: Vec<Level> = asks.iter().copied().filter(|l| l.size > 0).collect();
    // The order inside arrays differs from venue to venue: never infer the best from the place.
    bids.sort_by_key(|l| -l.price);
    asks.sort_by_key(|l| l.price);
    row(bids.into_iter(), asks.into_iter(), sequence, ts_event, ts_init)
}
