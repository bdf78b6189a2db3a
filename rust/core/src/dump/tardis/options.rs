//! `options_chain`: greeks of options. Best prices, mark and last price of the same rows are not kept: the other datasets have
//! them as they were sent.
//!
//! Values are the venue's, as Tardis's own mappers pass them on (tardis-node, `src/mappers`, read 2026-11): volatilities in
//! percent of Deribit and Huobi, fractions of all others; ours are fractions. What is zero they leave out, of all but Deribit, and
//! rho, which no other venue sends: it is 0, as in the rows of those venues' frames.

use super::{EXCHANGE, Instruments, columns, moments};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, OptionGreeksRow};
use crate::decimal::DecimalError;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::StreamKey;

const OPEN_INTEREST: usize = 7;
const BID_IV: usize = 11;
const ASK_IV: usize = 14;
const MARK_IV: usize = 16;
const UNDERLYING_PRICE: usize = 18;
const DELTA: usize = 19;

const COLUMNS: &[Column] = columns![
    Column::known(&["type"], Holds::Text),
    Column::needed(&["strike_price"], Holds::Decimal),
    Column::known(&["expiration"], Holds::Integer),
    Column::needed(&["open_interest"], Holds::Text),
    Column::known(&["last_price"], Holds::Text),
    Column::known(&["bid_price"], Holds::Text),
    Column::known(&["bid_amount"], Holds::Text),
    Column::needed(&["bid_iv"], Holds::Text),
    Column::known(&["ask_price"], Holds::Text),
    Column::known(&["ask_amount"], Holds::Text),
    Column::needed(&["ask_iv"], Holds::Text),
    Column::known(&["mark_price"], Holds::Text),
    Column::needed(&["mark_iv"], Holds::Text),
    Column::known(&["underlying_index"], Holds::Text),
    Column::needed(&["underlying_price"], Holds::Text),
    Column::needed(&["delta"], Holds::Text),
    Column::needed(&["gamma"], Holds::Text),
    Column::needed(&["vega"], Holds::Text),
    Column::needed(&["theta"], Holds::Text),
    Column::needed(&["rho"], Holds::Text),
];

/// Tardis's `options_chain`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-options-chain",
    title: "Tardis CSV, options_chain: greeks",
    types: &[DataType::OptionGreeks],
    columns: COLUMNS,
    bare: &[],
    called: &["options_chain"],
    by_name_only: false,
    fits: |_| true,
    feed: super::feed,
    decoder: |_| Ok(Box::new(Options::default())),
};

#[derive(Default)]
struct Options {
    instruments: Instruments<Option<usize>>,
}

/// A double, where there is one; a hundredth of it where it `is_percent`, correctly rounded.
fn double(row: &Row<'_>, column: usize, is_percent: bool) -> Result<Option<f64>, Fault> {
    let text = row.text(column)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || fault(FaultKind::Decimal(DecimalError::Syntax), column);
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    if !is_number {
        return Err(wrong());
    }
    let value = match text.split_once(['e', 'E']) {
        _ if !is_percent => text.parse(),
        None => format!("{text}e-2").parse(),
        Some((digits, power)) => {
            let power: i32 = power.parse().map_err(|_| wrong())?;
            format!("{digits}e{}", power.saturating_sub(2)).parse()
        }
    };
    value.map(Some).map_err(|_| wrong())
}

impl DumpDecoder for Options {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_init) = moments(row)?;
        let mut greeks = [None; 5];
        for (at, greek) in greeks.iter_mut().enumerate() {
            *greek = double(row, DELTA + at, false)?;
        }
        let is_percent = matches!(row.bytes(EXCHANGE), b"deribit" | b"huobi-dm-options");
        let mut iv = [None; 3];
        for (to, column) in iv.iter_mut().zip([MARK_IV, BID_IV, ASK_IV]) {
            *to = double(row, column, is_percent)?;
        }
        let underlying_price = double(row, UNDERLYING_PRICE, false)?;
        let open_interest = double(row, OPEN_INTEREST, false)?;
        let instrument = self.instruments.of(row)?;
        if greeks.iter().all(Option::is_none) {
            // Greeks are not known.
            return Ok(End::Control);
        }
        if !out.wants(DataType::OptionGreeks, ts_init) {
            return Ok(End::Unselected);
        }
        let stream = *instrument.state.get_or_insert_with(|| {
            let key = StreamKey {
                data_type: DataType::OptionGreeks,
                id: instrument.id.clone(),
                variant: "".into(),
            };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Turns)
        });
        out.count_later(ts_event, ts_init);
        if let AnyColumns::OptionGreeks(columns) = out.row(stream, 0, Decimals::default()) {
            let greeks = greeks.map(Option::unwrap_or_default);
            columns.push(&OptionGreeksRow { greeks, iv, underlying_price, open_interest, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
