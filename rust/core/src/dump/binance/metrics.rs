//! `metrics`: open interest every five minutes, and ratios that Nautilus has no type for.

use std::sync::Arc;

use super::{by_symbol, first, symbol as named};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, OpenInterestRow};
use crate::decimal;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::symbol;
use crate::time;
use crate::venue::{FeedSpec, binance};

const TIME: usize = 0;
const SYMBOL: usize = 1;
const OPEN_INTEREST: usize = 2;
const OPEN_INTEREST_VALUE: usize = 3;

/// Binance's `metrics`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-metrics",
    title: "Binance public data, metrics (um, cm): open interest",
    types: &[DataType::OpenInterest],
    columns: &[
        Column::needed(&["create_time"], Holds::Text),
        Column::needed(&["symbol"], Holds::Text),
        Column::needed(&["sum_open_interest"], Holds::Decimal),
        Column::known(&["sum_open_interest_value"], Holds::Decimal),
        Column::known(&["count_toptrader_long_short_ratio"], Holds::Decimal),
        Column::known(&["sum_toptrader_long_short_ratio"], Holds::Decimal),
        Column::known(&["count_long_short_ratio"], Holds::Decimal),
        Column::known(&["sum_taker_long_short_vol_ratio"], Holds::Decimal),
    ],
    bare: &[],
    called: &["metrics"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| Ok(Box::new(Metrics { feed: feed(setting)?, streams: Vec::new() })),
};

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    // A first row that is a reject does not say it; the name may.
    let of_rows = first(setting, SYMBOL).filter(|symbol| symbol::is_safe(symbol)).cloned();
    by_symbol(setting, &of_rows.or_else(|| named(setting).ok()).unwrap_or_default())
}

/// `2024-01-31 23:55:00`, UTC, as ns.
fn moment(text: &[u8]) -> Option<u64> {
    if text.len() == 19 { time::from_words(text, b'-') } else { None }
}

struct Metrics {
    feed: &'static FeedSpec,
    streams: Vec<(Box<[u8]>, usize)>,
}

impl Metrics {
    fn stream(&mut self, symbol: &[u8], out: &mut Output) -> Option<usize> {
        if let Some((_, stream)) = self.streams.iter().find(|(held, _)| **held == *symbol) {
            return Some(*stream);
        }
        let text = std::str::from_utf8(symbol).ok().filter(|text| symbol::is_safe(text))?;
        let id: Arc<str> = self.feed.instrument_id(text);
        let stream = out.open_plain(DataType::OpenInterest, &id, Identity::Number);
        self.streams.push((symbol.into(), stream));
        Some(stream)
    }
}

impl DumpDecoder for Metrics {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = moment(row.bytes(TIME)).ok_or(fault(FaultKind::Time, TIME))?;
        let text = |column| {
            let text = row.bytes(column);
            decimal::canonical(text).map_err(|e| fault(FaultKind::Decimal(e), column))
        };
        if row.bytes(OPEN_INTEREST).is_empty() {
            // It was not measured: there is nothing to tell.
            return Ok(End::Control);
        }
        let value = text(OPEN_INTEREST)?;
        // COIN-M counts contracts, and what it calls the value is in base currency.
        let is_coinm = self.feed.name == binance::COINM.name;
        let value_quote = match row.bytes(OPEN_INTEREST_VALUE) {
            b"" => String::new(),
            _ if is_coinm => String::new(),
            _ => text(OPEN_INTEREST_VALUE)?,
        };
        if !out.wants(DataType::OpenInterest, ts_event) {
            return Ok(End::Unselected);
        }
        let stream = self.stream(row.bytes(SYMBOL), out).ok_or(fault(FaultKind::Value, SYMBOL))?;
        if let AnyColumns::OpenInterest(columns) = out.row(stream, ts_event, Decimals::default()) {
            columns.push(&OpenInterestRow {
                value: &value,
                unit: if is_coinm { "contracts" } else { "base" },
                value_quote: &value_quote,
                ts_event,
                ts_init: ts_event,
            });
        }
        Ok(End::Rows)
    }
}
