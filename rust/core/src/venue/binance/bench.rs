//! The reader of book diffs on its own, for the benchmarks.

use super::Product;
use super::frames::BinanceDecoder;
use crate::data::{BookAction, DeltaColumns, F_LAST, Side};
use crate::feed::Frame;

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
            for level in levels {
                let action = if level.size == 0 { BookAction::Delete } else { BookAction::Update };
                out.action.push(action as u8);
                out.side.push(side as u8);
                out.price.push(level.price);
                out.size.push(level.size);
            }
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
