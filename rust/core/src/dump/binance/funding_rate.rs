//! `fundingRate`: each funding as it was settled, monthly files.

use std::sync::Arc;

use super::{by_symbol, symbol};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, FundingRateRow, Identity};
use crate::decimal;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::venue::FeedSpec;

const TIME: usize = 0;
const INTERVAL_HOURS: usize = 1;
const RATE: usize = 2;

/// Binance's `fundingRate`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-funding-rate",
    title: "Binance public data, fundingRate (um, cm)",
    types: &[DataType::FundingRate],
    columns: &[
        Column::needed(&["calc_time"], Holds::Epoch),
        Column::known(&["funding_interval_hours"], Holds::Integer),
        Column::needed(&["last_funding_rate"], Holds::Decimal),
    ],
    bare: &[&[TIME, INTERVAL_HOURS, RATE]],
    called: &["fundingRate"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let instrument_id = feed(setting)?.instrument_id(&symbol(setting)?);
        Ok(Box::new(FundingRates { instrument_id, stream: None }))
    },
};

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    by_symbol(setting, &symbol(setting)?)
}

struct FundingRates {
    instrument_id: Arc<str>,
    stream: Option<usize>,
}

impl DumpDecoder for FundingRates {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = row.epoch(TIME)?;
        let rate = row.bytes(RATE);
        let rate = decimal::canonical(rate).map_err(|e| fault(FaultKind::Decimal(e), RATE))?;
        let interval = match row.bytes(INTERVAL_HOURS) {
            b"" => None,
            _ => {
                let minutes = row.integer(INTERVAL_HOURS)?.checked_mul(60).and_then(|m| m.try_into().ok());
                Some(minutes.ok_or(fault(FaultKind::Integer, INTERVAL_HOURS))?)
            }
        };
        if !out.wants(DataType::FundingRate, ts_event) {
            return Ok(End::Unselected);
        }
        let id = &self.instrument_id;
        let stream =
            *self.stream.get_or_insert_with(|| out.open_plain(DataType::FundingRate, id, Identity::Number));
        if let AnyColumns::FundingRate(columns) = out.row(stream, ts_event, Decimals::default()) {
            let (rate, ts_init) = (rate.as_str(), ts_event);
            columns.push(&FundingRateRow { rate, interval, next_funding_ns: None, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
