//! `indexPriceKlines`: of an index, by pair. Nautilus has no bars of an index; it has its price: the close of each
//! bar, at the time it is known.

use std::sync::Arc;

use super::klines::{BARE, CLOSE, COLUMNS, Interval, futures_feed};
use super::symbol;
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, PriceUpdateRow};
use crate::dump::{DumpDecoder, DumpSpec, Fault, Output, Row};

/// Binance's `indexPriceKlines`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-index-price-klines",
    title: "Binance public data, indexPriceKlines (um, cm): the index at each close",
    types: &[DataType::IndexPrice],
    columns: COLUMNS,
    bare: BARE,
    called: &["indexPriceKlines"],
    by_name_only: true,
    fits: |_| true,
    feed: |setting| futures_feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let venue = futures_feed(setting)?.venue;
        // An index has its own id, that of no contract.
        let instrument_id = format!("{}.{venue}", symbol(setting)?).into();
        Ok(Box::new(Index { instrument_id, interval: Interval::of(setting)?, stream: None }))
    },
};

struct Index {
    instrument_id: Arc<str>,
    interval: Interval,
    stream: Option<usize>,
}

impl DumpDecoder for Index {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = self.interval.close(row)?;
        let value = out.reference_price(row, CLOSE)?;
        if !out.wants(DataType::IndexPrice, ts_event) {
            return Ok(End::Unselected);
        }
        let id = &self.instrument_id;
        let stream =
            *self.stream.get_or_insert_with(|| out.open_plain(DataType::IndexPrice, id, Identity::Number));
        let decimals = Decimals { price: value.significant, size: 0 };
        if let AnyColumns::IndexPrice(columns) = out.row(stream, ts_event, decimals) {
            columns.push(&PriceUpdateRow { value: value.value, ts_event, ts_init: ts_event });
        }
        Ok(End::Rows)
    }
}
