//! `kline_for_metatrader4`: bars of a contract. No header; the open in words, by a clock of UTC+3; the interval is in
//! the name, in minutes.

use std::sync::Arc;

use super::{contracts, named};
use crate::accounting::End;
use crate::data::{AnyColumns, BarRow, DataType, Decimals, Identity};
use crate::decimal::Decimal;
use crate::dump::interval;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::feed::StreamKey;
use crate::time;

const OPEN_TIME: usize = 0;
const OPEN: usize = 1;
const VOLUME: usize = 5;
/// How far the clock of these files is before UTC.
const AHEAD: u64 = 3 * time::HOUR;

/// Bybit's `kline_for_metatrader4`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "bybit-klines",
    title: "Bybit public files, kline_for_metatrader4 (linear, inverse)",
    types: &[DataType::Bar],
    columns: &[
        Column::needed(&["time"], Holds::Text),
        Column::needed(&["open"], Holds::Decimal),
        Column::needed(&["high"], Holds::Decimal),
        Column::needed(&["low"], Holds::Decimal),
        Column::needed(&["close"], Holds::Decimal),
        Column::needed(&["volume"], Holds::Decimal),
    ],
    bare: &[&[0, 1, 2, 3, 4, 5]],
    called: &["kline_for_metatrader4"],
    by_name_only: false,
    fits: |setting| setting.sample.first.first().is_some_and(|text| opened(text.as_bytes()).is_some()),
    feed: |setting| contracts(setting, &named(setting)?).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let symbol = named(setting)?;
        let instrument_id = contracts(setting, &symbol)?.instrument_id(&symbol);
        let (length, interval) = length(setting)?;
        Ok(Box::new(Bars { instrument_id, length, interval, stream: None }))
    },
};

/// `2021.07.01 00:15` of UTC+3 as ns UTC.
fn opened(text: &[u8]) -> Option<u64> {
    if text.len() != 16 {
        return None;
    }
    time::from_words(text, b'.')?.checked_sub(AHEAD)
}

/// The length of the bars, ns, and Nautilus's name of it: the number behind the symbol, in minutes.
fn length(setting: &Setting<'_>) -> Result<(u64, String), DumpError> {
    let minutes = |stem: &String| stem.split('_').nth(1)?.parse::<u64>().ok().filter(|n| *n < 100_000);
    let minutes = setting.hint.stems.iter().find_map(minutes).ok_or(DumpError::NoInterval)?;
    let name = interval::named(minutes * 60).ok_or(DumpError::Interval { seconds: minutes * 60 })?.0;
    Ok((minutes * time::MINUTE, name))
}

struct Bars {
    instrument_id: Arc<str>,
    length: u64,
    interval: String,
    stream: Option<usize>,
}

impl DumpDecoder for Bars {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = opened(row.bytes(OPEN_TIME)).ok_or(fault(FaultKind::Time, OPEN_TIME))? + self.length;
        let mut prices = [Decimal::default(); 4];
        for (at, price) in prices.iter_mut().enumerate() {
            *price = out.price(row, OPEN + at)?;
        }
        let volume = out.size(row, VOLUME)?;
        if !out.wants(DataType::Bar, ts_event) {
            return Ok(End::Unselected);
        }
        let (id, interval) = (&self.instrument_id, &self.interval);
        let stream = *self.stream.get_or_insert_with(|| {
            let name = format!("{id}-{interval}-LAST-EXTERNAL").into();
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
