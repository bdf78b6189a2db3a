//! `candlesticks`: bars of one minute, as the channel `candle1m` has them: sizes of contracts are contracts.
//!
//! Days and months of one instrument, of a chain all expiries in one file. Files of some years have `None` for the turnover.
//! Columns: measured by several who fetched them, 2026.

use super::{INSTRUMENT_NAME, Instruments, feed};
use crate::accounting::End;
use crate::data::DataType;
use crate::dump::bars::Bar;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::time;

const INSTRUMENT: usize = 0;
const OPEN: usize = 1;
const VOLUME: usize = 5;
const OPEN_TIME: usize = 6;
const CONFIRM: usize = 7;

/// OKX's `candlesticks`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "okx-candlesticks",
    title: "OKX published files, candlesticks of one minute",
    types: &[DataType::Bar],
    columns: &[
        Column::known(&[INSTRUMENT_NAME], Holds::Text),
        Column::needed(&["open"], Holds::Decimal),
        Column::needed(&["high"], Holds::Decimal),
        Column::needed(&["low"], Holds::Decimal),
        Column::needed(&["close"], Holds::Decimal),
        Column::needed(&["vol"], Holds::Decimal),
        Column::needed(&["open_time"], Holds::Epoch),
        Column::known(&["confirm"], Holds::Integer),
        Column::known(&["vol_ccy"], Holds::Text),
        Column::known(&["vol_quote"], Holds::Text),
    ],
    bare: &[],
    called: &["-candlesticks-"],
    by_name_only: false,
    fits: |_| true,
    feed,
    decoder: |setting| {
        let instruments = Instruments::new(setting, INSTRUMENT, &["-candlesticks-"])?;
        Ok(Box::new(Candlesticks { instruments }))
    },
};

struct Candlesticks {
    instruments: Instruments,
}

impl DumpDecoder for Candlesticks {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let opened = row.epoch(OPEN_TIME)?;
        // A bar of another length would begin elsewhere.
        if !opened.is_multiple_of(time::MINUTE) {
            return Err(fault(FaultKind::Time, OPEN_TIME));
        }
        let ts_event = opened + time::MINUTE;
        let bar = Bar::read(row, out, OPEN, VOLUME)?;
        let is_over = match row.bytes(CONFIRM) {
            b"1" | b"" => true,
            b"0" => false,
            _ => return Err(fault(FaultKind::Value, CONFIRM)),
        };
        let (id, stream) = self.instruments.of(row)?;
        if !is_over {
            return Ok(End::Control);
        }
        Ok(bar.tell(ts_event, stream, id, || "1-MINUTE-LAST".to_owned(), out))
    }
}
