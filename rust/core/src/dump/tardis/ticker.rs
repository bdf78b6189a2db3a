//! `derivative_ticker`: mark and index price, funding rate, open interest. A row says all that is known then, so
//! each value that is there is a row. The last price and the predicted rate have no Nautilus type.

use std::sync::Arc;

use super::{Instruments, columns, moment, moments};
use crate::accounting::End;
use crate::data::{
    AnyColumns, DataType, Decimals, FundingRateRow, Identity, OpenInterestRow, PriceUpdateRow,
};
use crate::decimal;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::StreamKey;

const FUNDING_TIMESTAMP: usize = 4;
const FUNDING_RATE: usize = 5;
const OPEN_INTEREST: usize = 7;
const INDEX_PRICE: usize = 9;
const MARK_PRICE: usize = 10;

const COLUMNS: &[Column] = columns![
    Column::needed(&["funding_timestamp"], Holds::Text),
    Column::needed(&["funding_rate"], Holds::Text),
    Column::known(&["predicted_funding_rate"], Holds::Text),
    Column::needed(&["open_interest"], Holds::Text),
    Column::known(&["last_price"], Holds::Text),
    Column::needed(&["index_price"], Holds::Text),
    Column::needed(&["mark_price"], Holds::Text),
];

/// Tardis's `derivative_ticker`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-derivative-ticker",
    title: "Tardis CSV, derivative_ticker",
    types: &[DataType::MarkPrice, DataType::IndexPrice, DataType::FundingRate, DataType::OpenInterest],
    columns: COLUMNS,
    bare: &[],
    called: &["derivative_ticker"],
    by_name_only: false,
    fits: |_| true,
    feed: super::feed,
    decoder: |_| Ok(Box::new(Tickers::default())),
};

#[derive(Default)]
struct State {
    mark: Option<usize>,
    index: Option<usize>,
    funding: Option<usize>,
    interest: Option<usize>,
}

#[derive(Default)]
struct Tickers {
    instruments: Instruments<State>,
}

/// Canonical text of a number, where there is one.
fn number(row: &Row<'_>, column: usize) -> Result<Option<String>, Fault> {
    match row.bytes(column) {
        b"" => Ok(None),
        text => decimal::canonical(text).map(Some).map_err(|e| fault(FaultKind::Decimal(e), column)),
    }
}

impl DumpDecoder for Tickers {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_init) = moments(row)?;
        let mut price = |column| match row.bytes(column) {
            b"" => Ok(None),
            _ => out.reference_price(row, column).map(Some),
        };
        let (mark, index) = (price(MARK_PRICE)?, price(INDEX_PRICE)?);
        let (rate, interest) = (number(row, FUNDING_RATE)?, number(row, OPEN_INTEREST)?);
        let next_funding_ns = match row.bytes(FUNDING_TIMESTAMP) {
            b"" => None,
            _ => Some(moment(row, FUNDING_TIMESTAMP)?),
        };
        let instrument = self.instruments.of(row)?;
        let (id, origin) = (&instrument.id, &instrument.origin);
        let stream = |held: &mut Option<usize>, data_type, out: &mut Output| {
            *held.get_or_insert_with(|| {
                let key = StreamKey { data_type, id: Arc::clone(id), variant: "".into() };
                out.open_of(origin, key, Arc::clone(id), Identity::Turns)
            })
        };
        let wanted = |data_type| out.wants(data_type, ts_init);
        let said = [mark.is_some(), index.is_some(), rate.is_some(), interest.is_some()];
        let asked = SPEC.types.iter().map(|data_type| wanted(*data_type));
        let gives: Vec<bool> = said.iter().zip(asked).map(|(said, asked)| *said && asked).collect();
        if !gives.contains(&true) {
            return Ok(if said.contains(&true) { End::Unselected } else { End::Control });
        }
        out.count_later(ts_event, ts_init);
        let state = &mut instrument.state;
        for (value, data_type, held, given) in [
            (mark, DataType::MarkPrice, &mut state.mark, gives[0]),
            (index, DataType::IndexPrice, &mut state.index, gives[1]),
        ] {
            let Some(value) = value.filter(|_| given) else { continue };
            let stream = stream(held, data_type, out);
            let decimals = Decimals { price: value.significant, size: 0 };
            if let AnyColumns::MarkPrice(columns) | AnyColumns::IndexPrice(columns) =
                out.row(stream, 0, decimals)
            {
                columns.push(&PriceUpdateRow { value: value.value, ts_event, ts_init });
            }
        }
        if let Some(rate) = rate.filter(|_| gives[2]) {
            let stream = stream(&mut state.funding, DataType::FundingRate, out);
            if let AnyColumns::FundingRate(columns) = out.row(stream, 0, Decimals::default()) {
                let (rate, interval) = (rate.as_str(), None);
                columns.push(&FundingRateRow { rate, interval, next_funding_ns, ts_event, ts_init });
            }
        }
        if let Some(value) = interest.filter(|_| gives[3]) {
            let stream = stream(&mut state.interest, DataType::OpenInterest, out);
            if let AnyColumns::OpenInterest(columns) = out.row(stream, 0, Decimals::default()) {
                // The venue's unit, which Tardis does not say.
                let (value, unit, value_quote) = (value.as_str(), "", "");
                columns.push(&OpenInterestRow { value, unit, value_quote, ts_event, ts_init });
            }
        }
        Ok(End::Rows)
    }
}
