//! `candlesticks`: bars of one minute, as the channel `candle1m` has them: sizes of contracts are contracts.
//!
//! Days and months of one instrument, of a chain all expiries in one file. Files of some years have `None` for the turnover.
//! Columns: measured by several who fetched them, 2026.

use std::sync::Arc;

use super::{INSTRUMENT_NAME, Instruments, feed};
use crate::accounting::End;
use crate::data::{AnyColumns, BarRow, DataType, Decimals, Identity};
use crate::decimal::Decimal;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::StreamKey;
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
        let mut prices = [Decimal::default(); 4];
        for (at, price) in prices.iter_mut().enumerate() {
            *price = out.price(row, OPEN + at)?;
        }
        let volume = out.size(row, VOLUME)?;
        let is_over = match row.bytes(CONFIRM) {
            b"1" | b"" => true,
            b"0" => false,
            _ => return Err(fault(FaultKind::Value, CONFIRM)),
        };
        let (id, stream) = self.instruments.of(row)?;
        if !is_over {
            return Ok(End::Control);
        }
        if !out.wants(DataType::Bar, ts_event) {
            return Ok(End::Unselected);
        }
        let stream = *stream.get_or_insert_with(|| {
            let name: Arc<str> = format!("{id}-1-MINUTE-LAST-EXTERNAL").into();
            let key = StreamKey { data_type: DataType::Bar, id: name, variant: "".into() };
            out.open(key, id.clone(), Identity::Number)
        });
        let decimals = Decimals::of(&prices, &[volume]);
        if let AnyColumns::Bar(columns) = out.row(stream, ts_event, decimals) {
            let [open, high, low, close] = prices.map(|p| p.value);
            let (volume, ts_init) = (volume.value, ts_event);
            columns.push(&BarRow { open, high, low, close, volume, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
