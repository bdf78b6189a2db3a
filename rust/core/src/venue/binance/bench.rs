//! The reader of book diffs on its own, for the benchmarks.

use super::Product;
use super::frames::BinanceDecoder;
use crate::data::{BookAction, DeltaColumns, F_LAST, Side};
use crate::feed::Frame;
use crate::json::Level;

const UPDATE: u8 = BookAction::Update as u8;
const DELETE: u8 = BookAction::Delete as u8;

/// Reads frames of book diffs into columns: no sequence check, no ladder.
#[derive(Debug)]
pub struct DepthReader {
    decoder: BinanceDecoder,
}

impl DepthReader {
    /// A reader of USD-M frames.
    #[must_use]
    pub fn usdm() -> Self {
        Self { decoder: BinanceDecoder::new(Product::Usdm) }
    }

    /// Reads one frame and appends its levels. `false`: it is no such frame.
    pub fn read(&mut self, body: &[u8], ts_init: u64, out: &mut DeltaColumns) -> bool {
        let Some((update, ts_event)) = self.decoder.read_depth(&Frame::received(body, ts_init)) else {
            return false;
        };
        let levels = &self.decoder.scratch.levels;
        for (side, levels) in [(Side::Buy, &levels.bids), (Side::Sell, &levels.asks)] {
            let delete = |level: &Level| u8::from(level.size == 0) * (DELETE - UPDATE);
            out.action.extend(levels.iter().map(|level| UPDATE + delete(level)));
            out.price.extend(levels.iter().map(|level| level.price));
            out.size.extend(levels.iter().map(|level| level.size));
            out.side.resize(out.action.len(), side as u8);
        }
        let n = out.action.len();
        out.order_id.resize(n, 0);
        out.flags.resize(n, 0);
        out.sequence.resize(n, update.last);
        out.ts_event.resize(n, ts_event);
        out.ts_init.resize(n, ts_init);
        if let Some(flags) = out.flags.last_mut() {
            *flags = F_LAST;
        }
        true
    }
}
