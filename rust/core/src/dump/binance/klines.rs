//! `klines`: bars of every interval. Mark, index and premium index klines have the same columns and, in part, the
//! same file names: their folders tell them, and their volumes, which are zero though trades are counted.

use std::sync::Arc;

use super::{by_symbol, first, product, symbol};
use crate::accounting::End;
use crate::data::DataType;
use crate::decimal::Decimal;
use crate::dump::bars::Bar;
use crate::dump::interval;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::time;
use crate::venue::{FeedSpec, binance};

pub(super) const OPEN_TIME: usize = 0;
pub(super) const OPEN: usize = 1;
pub(super) const VOLUME: usize = 5;
pub(super) const CLOSE_TIME: usize = 6;
pub(super) const CLOSE: usize = 4;
const COUNT: usize = 8;

/// Columns of all klines.
pub(super) const COLUMNS: &[Column] = &[
    Column::needed(&["open_time"], Holds::Epoch),
    Column::needed(&["open"], Holds::Decimal),
    Column::needed(&["high"], Holds::Decimal),
    Column::needed(&["low"], Holds::Decimal),
    Column::needed(&["close"], Holds::Decimal),
    Column::needed(&["volume"], Holds::Decimal),
    Column::needed(&["close_time"], Holds::Epoch),
    Column::known(&["quote_volume", "quote_asset_volume", "base_asset_volume"], Holds::Decimal),
    Column::known(&["count", "number_of_trades"], Holds::Integer),
    Column::known(&["taker_buy_volume", "taker_buy_base_asset_volume"], Holds::Decimal),
    Column::known(&["taker_buy_quote_volume", "taker_buy_quote_asset_volume"], Holds::Decimal),
    Column::known(&["ignore"], Holds::Text),
];
/// Their order in files without a header.
pub(super) const BARE: &[&[usize]] = &[&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]];

/// Binance's `klines`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-klines",
    title: "Binance public data, klines of all intervals (spot, um, cm)",
    types: &[DataType::Bar],
    columns: COLUMNS,
    bare: BARE,
    called: &["klines"],
    by_name_only: false,
    fits: has_volume,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| Ok(Box::new(Bars::new(setting, feed(setting)?, "LAST")?)),
};

/// Whether a first row can be of trades: counted trades have a volume.
fn has_volume(setting: &Setting<'_>) -> bool {
    let field = |column| crate::decimal::parse(first(setting, column)?.as_bytes()).ok();
    let is_zero = |column| field(column).is_some_and(|d: Decimal| d.value == 0);
    !is_zero(VOLUME) || is_zero(COUNT) || field(COUNT).is_none()
}

/// Spot where times are microseconds; else COIN-M by its symbols; else what the path says.
fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    let is_micros = first(setting, OPEN_TIME).is_some_and(|text| text.len() >= 16);
    let is_coinm = symbol(setting)?.contains("USD_");
    let told: Option<&'static FeedSpec> = match (is_micros, is_coinm) {
        (true, _) => Some(&binance::SPOT),
        (_, true) => Some(&binance::COINM),
        _ => None,
    };
    product(setting, told)
}

/// The same for klines that only futures have.
pub(super) fn futures_feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    by_symbol(setting, &symbol(setting)?)
}

/// An interval: Nautilus's name of it, and its length in ns where that is fixed.
#[derive(Debug, Clone)]
pub(super) struct Interval {
    pub name: String,
    length: Option<u64>,
}

/// A time of a kline as sent, and one unit of it, in ns.
fn unit(raw: u64) -> u64 {
    if raw < 100_000_000_000_000 { 1_000_000 } else { 1_000 }
}

/// The interval that a file's name says, `BTCUSDT-4h-2018-02-08`; that of months is their own.
fn called(stem: &str) -> Option<Interval> {
    let text = stem.split('-').nth(1)?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count: u64 = text[..text.len() - unit.len()].parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        "mo" => 2_592_000,
        _ => return None,
    };
    Interval::named(count.checked_mul(seconds)?)
}

impl Interval {
    /// By the first row: from its open to one unit after the close sent; or as the file is called, where trading stopped inside
    /// that bar and its close is sent as the moment of it (2018-02-08T00:28:14.788 of a day, BTCUSDT-1d-2018-02-08).
    pub fn of(setting: &Setting<'_>) -> Result<Self, DumpError> {
        let raw = |column| first(setting, column).and_then(|text| text.parse::<u64>().ok());
        let is_called = || setting.hint.stems.iter().find_map(|stem| called(stem));
        let (Some(open), Some(close)) = (raw(OPEN_TIME), raw(CLOSE_TIME)) else {
            // A first row that is a reject does not say it; of no rows there is nothing to say.
            let of_nothing = || Self::named(60).filter(|_| setting.sample.first.is_empty());
            return is_called().or_else(of_nothing).ok_or(DumpError::NoInterval);
        };
        let ns = |raw| time::from_epoch(raw).unwrap_or_default();
        let length = (ns(close) + unit(close)).saturating_sub(ns(open));
        let seconds = length / time::SECOND;
        let of_rows = if length.is_multiple_of(time::SECOND) { Self::named(seconds) } else { None };
        of_rows.or_else(is_called).ok_or(DumpError::Interval { seconds })
    }

    fn named(seconds: u64) -> Option<Self> {
        let (name, is_fixed) = interval::named(seconds)?;
        Some(Self { name, length: is_fixed.then_some(seconds * time::SECOND) })
    }

    /// The exact close of a row's bar, ns.
    pub fn close(&self, row: &Row<'_>) -> Result<u64, Fault> {
        let open = row.epoch(OPEN_TIME)?;
        let raw = row.integer(CLOSE_TIME)?;
        let sent = time::from_epoch(raw).ok_or(fault(FaultKind::Time, CLOSE_TIME))?;
        if sent < open {
            return Err(fault(FaultKind::Time, CLOSE_TIME));
        }
        let end = sent + unit(raw);
        // Months differ in length; their close time says where they end. A bar that is longer than those before it is one of
        // another interval.
        match self.length {
            None => Ok(end),
            Some(length) if end - open <= length => Ok(open + length),
            Some(_) => Err(fault(FaultKind::Time, CLOSE_TIME)),
        }
    }
}

/// Reads klines as bars.
pub(super) struct Bars {
    instrument_id: Arc<str>,
    interval: Interval,
    price_type: &'static str,
    stream: Option<usize>,
}

impl Bars {
    /// Bars of the price type given.
    pub fn new(setting: &Setting<'_>, feed: &FeedSpec, price_type: &'static str) -> Result<Self, DumpError> {
        let instrument_id = feed.instrument_id(&symbol(setting)?);
        Ok(Self { instrument_id, interval: Interval::of(setting)?, price_type, stream: None })
    }
}

impl DumpDecoder for Bars {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = self.interval.close(row)?;
        let bar = Bar::read(row, out, OPEN, VOLUME)?;
        let Self { instrument_id, interval, price_type, stream } = self;
        Ok(bar.tell(ts_event, stream, instrument_id, || format!("{}-{price_type}", interval.name), out))
    }
}
