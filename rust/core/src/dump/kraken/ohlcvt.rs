//! OHLCVT: bars of trades. No header; the open in seconds; the interval is in the name, in minutes. Intervals without a trade are
//! not there.

use std::sync::Arc;

use super::{feed, instrument_id, is_seconds, pair, seconds};
use crate::accounting::End;
use crate::data::DataType;
use crate::dump::bars::Bar;
use crate::dump::interval;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, Holds, Output, Row, Setting};
use crate::time;

const OPEN_TIME: usize = 0;
const OPEN: usize = 1;
const VOLUME: usize = 5;
const TRADES: usize = 6;

/// Kraken's OHLCVT.
pub static SPEC: DumpSpec = DumpSpec {
    name: "kraken-ohlcvt",
    title: "Kraken history, OHLCVT: bars (spot)",
    types: &[DataType::Bar],
    columns: &[
        Column::needed(&["time"], Holds::Integer),
        Column::needed(&["open"], Holds::Decimal),
        Column::needed(&["high"], Holds::Decimal),
        Column::needed(&["low"], Holds::Decimal),
        Column::needed(&["close"], Holds::Decimal),
        Column::needed(&["volume"], Holds::Decimal),
        Column::needed(&["trades"], Holds::Integer),
    ],
    bare: &[&[0, 1, 2, 3, 4, 5, TRADES]],
    called: &["OHLCVT"],
    by_name_only: false,
    fits: |setting| setting.sample.header.is_none() && is_seconds(setting.sample, OPEN_TIME),
    feed,
    decoder: |setting| {
        let pair = pair(setting, |stem| stem.rsplit_once('_').map(|(pair, _)| pair))?;
        let (length, interval) = length(setting)?;
        let instrument_id = instrument_id(&pair);
        Ok(Box::new(Bars { instrument_id, length, interval, stream: None }))
    },
};

/// The length of the bars, ns, and Nautilus's name of it: the number behind the pair, in minutes.
fn length(setting: &Setting<'_>) -> Result<(u64, String), DumpError> {
    let minutes = |stem: &String| stem.rsplit_once('_')?.1.parse::<u64>().ok().filter(|n| *n < 100_000);
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
        let ts_event = seconds(row, OPEN_TIME)? + self.length;
        let bar = Bar::read(row, out, OPEN, VOLUME)?;
        row.integer(TRADES)?;
        let Self { instrument_id, interval, stream, .. } = self;
        Ok(bar.tell(ts_event, stream, instrument_id, || format!("{interval}-LAST"), out))
    }
}
