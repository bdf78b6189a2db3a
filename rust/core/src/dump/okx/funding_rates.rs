//! `fundingrates`: the fundings of a day of all swaps, of a month of one; `swaprate` before.
//!
//! Files of `swaprate` (2021 to 2026) have two rates a row: `funding_rate` is what was expected of the period after,
//! `real_funding_rate` what was paid at `funding_time`, as `realizedRate` of the REST history. The one that was paid counts.
//! Those of 2021 have no header: their name and the shape of their rows tell them.

use super::{INSTRUMENT_NAME, Instruments, feed};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, FundingRateRow, Identity};
use crate::decimal;
use crate::dump::columns::is_named;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};

const INSTRUMENT: usize = 0;
const RATE: usize = 1;
const TIME: usize = 2;
const PAID: usize = 3;
const CONTRACT: usize = 4;
const PAID_NAME: &str = "real_funding_rate";

/// OKX's `fundingrates` and `swaprate`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "okx-funding-rates",
    title: "OKX published files, swaprates",
    types: &[DataType::FundingRate],
    columns: &[
        Column::known(&[INSTRUMENT_NAME], Holds::Text),
        Column::needed(&["funding_rate"], Holds::Decimal),
        Column::needed(&["funding_time"], Holds::Epoch),
        Column::known(&[PAID_NAME], Holds::Decimal),
        Column::known(&["contract_type"], Holds::Text),
    ],
    bare: &[&[INSTRUMENT, CONTRACT, RATE, PAID, TIME]],
    called: &["-fundingrates-", "-swaprate-", "swaprates"],
    by_name_only: false,
    fits: |setting| setting.sample.header.is_some() || is_swap_rates(setting),
    feed,
    decoder: |setting| {
        let instruments = Instruments::new(setting, INSTRUMENT, &["-fundingrates-", "-swaprate-"])?;
        let header = &setting.sample.header;
        let has_paid = header.as_ref().is_none_or(|names| names.iter().any(|name| is_named(name, PAID_NAME)));
        Ok(Box::new(FundingRates { instruments, rate: if has_paid { PAID } else { RATE } }))
    },
};

/// Whether rows without a header are of swaps, in a file called so.
fn is_swap_rates(setting: &Setting<'_>) -> bool {
    let first = |column: usize| setting.sample.first.get(column).map(String::as_str);
    setting.hint.path.contains("-swaprate-")
        && first(0).is_some_and(|name| name.ends_with("-SWAP"))
        && first(1) == Some("SWAP")
}

struct FundingRates {
    instruments: Instruments,
    /// The column of the rate that was paid.
    rate: usize,
}

impl DumpDecoder for FundingRates {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = row.epoch(TIME)?;
        let rate = decimal::canonical(row.bytes(self.rate))
            .map_err(|error| fault(FaultKind::Decimal(error), self.rate))?;
        let (id, stream) = self.instruments.of(row)?;
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
