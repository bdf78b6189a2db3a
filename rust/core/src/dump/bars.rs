//! Bars of dumps: what every format of them reads and tells in the same way. A bar is received when it closes.

use std::sync::Arc;

use super::{Fault, Output, Row};
use crate::accounting::End;
use crate::data::{AnyColumns, BarRow, DataType, Decimals, Identity};
use crate::decimal::Decimal;
use crate::feed::StreamKey;

/// Prices and volume of a row.
pub(super) struct Bar {
    /// Open, high, low, close.
    prices: [Decimal; 4],
    volume: Decimal,
}

impl Bar {
    /// Reads a row whose prices stand in columns one after another, `open` the first.
    ///
    /// # Errors
    /// A price that is not positive, a volume below zero, what cannot be read or does not fit.
    #[inline(always)]
    pub fn read(row: &Row<'_>, out: &Output, open: usize, volume: usize) -> Result<Self, Fault> {
        let mut prices = [Decimal::default(); 4];
        for (at, price) in prices.iter_mut().enumerate() {
            *price = out.price(row, open + at)?;
        }
        Ok(Self { prices, volume: out.size(row, volume)? })
    }

    /// Tells it, if bars that close at `ts_event` are wanted. `stream` is its stream, opened by the first bar: of `id`, called
    /// what `spec` says, such as `1-MINUTE-LAST`.
    #[inline(always)]
    pub fn tell(
        &self,
        ts_event: u64,
        stream: &mut Option<usize>,
        id: &Arc<str>,
        spec: impl FnOnce() -> String,
        out: &mut Output,
    ) -> End {
        if !out.wants(DataType::Bar, ts_event) {
            return End::Unselected;
        }
        let stream = *stream.get_or_insert_with(|| {
            let name = format!("{id}-{}-EXTERNAL", spec()).into();
            let key = StreamKey { data_type: DataType::Bar, id: name, variant: "".into() };
            out.open(key, id.clone(), Identity::Number)
        });
        let decimals = Decimals::of(&self.prices, &[self.volume]);
        if let AnyColumns::Bar(columns) = out.row(stream, ts_event, decimals) {
            let [open, high, low, close] = self.prices.map(|price| price.value);
            let (volume, ts_init) = (self.volume.value, ts_event);
            columns.push(&BarRow { open, high, low, close, volume, ts_event, ts_init });
        }
        End::Rows
    }
}
