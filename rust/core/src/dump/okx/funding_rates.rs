//! `fundingrates`: the fundings of a day, all swaps in one file.

use std::sync::Arc;

use super::feed;
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, FundingRateRow, Identity};
use crate::decimal;
use crate::dump::rows::fault;
use crate::dump::symbols::Symbols;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::venue::okx::OKX;

const INSTRUMENT: usize = 0;
const RATE: usize = 1;
const TIME: usize = 2;

/// OKX's `fundingrates`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "okx-funding-rates",
    title: "OKX published files, swaprates",
    types: &[DataType::FundingRate],
    columns: &[
        Column::needed(&["instrument_name"], Holds::Text),
        Column::needed(&["funding_rate"], Holds::Decimal),
        Column::needed(&["funding_time"], Holds::Epoch),
    ],
    bare: &[],
    called: &["-fundingrates-", "swaprates"],
    by_name_only: false,
    fits: |_| true,
    feed,
    decoder: |_| Ok(Box::new(FundingRates::default())),
};

#[derive(Default)]
struct FundingRates {
    /// Instrument and stream of each symbol.
    symbols: Symbols<(Arc<str>, Option<usize>)>,
}

impl DumpDecoder for FundingRates {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = row.epoch(TIME)?;
        let rate = decimal::canonical(row.bytes(RATE)).map_err(|e| fault(FaultKind::Decimal(e), RATE))?;
        let made = self.symbols.of(row, INSTRUMENT, |symbol| Some((OKX.instrument_id(symbol), None)));
        let (id, stream) = made.ok_or(fault(FaultKind::Value, INSTRUMENT))?;
        if !out.wants(DataType::FundingRate, ts_event) {
            return Ok(End::Unselected);
        }
        let stream =
            *stream.get_or_insert_with(|| out.open_plain(DataType::FundingRate, id, Identity::Number));
        if let AnyColumns::FundingRate(columns) = out.row(stream, ts_event, Decimals::default()) {
            let (rate, ts_init) = (rate.as_str(), ts_event);
            columns.push(&FundingRateRow { rate, interval: None, next_funding_ns: None, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
