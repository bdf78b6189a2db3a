//! `kline_for_metatrader4`: bars of a contract. No header; the open in words, by a clock of UTC+3; the interval is in
//! the name, in minutes.

use std::sync::Arc;

use super::{contracts, named};
use crate::accounting::End;
use crate::data::DataType;
use crate::dump::bars::Bar;
use crate::dump::interval;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
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
        let bar = Bar::read(row, out, OPEN, VOLUME)?;
        let Self { instrument_id, interval, stream, .. } = self;
        Ok(bar.tell(ts_event, stream, instrument_id, || format!("{interval}-LAST"), out))
    }
}
