//! `spot_index` and `premium_index`: a minute each, of 2019-10 to 2020-03. Nautilus has no bars of an index; it has its
//! price: the close of each, at the time it is known, of the contract that it is the index of. Of a premium it has
//! nothing.

use super::{Contracts, contracts, first, named};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, PriceUpdateRow};
use crate::dump::rows::fault;
use crate::dump::{
    Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Nothing, Output, Row, Setting,
};
use crate::time;
use crate::venue::FeedSpec;

const START: usize = 0;
const SYMBOL: usize = 1;
const PERIOD: usize = 2;
const CLOSE: usize = 6;

const COLUMNS: &[Column] = &[
    Column::needed(&["start_at"], Holds::Integer),
    Column::needed(&["symbol"], Holds::Text),
    Column::needed(&["period"], Holds::Text),
    Column::known(&["open"], Holds::Decimal),
    Column::known(&["high"], Holds::Decimal),
    Column::known(&["low"], Holds::Decimal),
    Column::needed(&["close"], Holds::Decimal),
];

/// Bybit's `spot_index`.
pub static INDEX: DumpSpec = DumpSpec {
    name: "bybit-spot-index",
    title: "Bybit public files, spot_index: the index at each close",
    types: &[DataType::IndexPrice],
    columns: COLUMNS,
    bare: &[],
    called: &["spot_index", "index_price"],
    by_name_only: true,
    fits: |_| true,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| feed(setting).map(|_| Box::new(Index { contracts: Contracts::new(setting) }) as _),
};

/// Bybit's `premium_index`.
pub static PREMIUM: DumpSpec = DumpSpec {
    name: "bybit-premium-index",
    title: "Bybit public files, premium_index",
    types: &[],
    called: &["premium_index"],
    decoder: |_| Ok(Box::new(Nothing)),
    ..INDEX
};

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    match first(setting, "symbol") {
        Some(symbol) => contracts(setting, symbol),
        None => contracts(setting, &named(setting).unwrap_or_default()),
    }
}

struct Index {
    contracts: Contracts,
}

impl DumpDecoder for Index {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let start = time::from_seconds(row.bytes(START)).ok_or(fault(FaultKind::Time, START))?;
        let minutes = row.integer(PERIOD)?;
        if minutes == 0 || minutes > 1_440 {
            return Err(fault(FaultKind::Value, PERIOD));
        }
        let ts_event = start + minutes * time::MINUTE;
        let value = out.reference_price(row, CLOSE)?;
        let (id, stream) = self.contracts.of(row, SYMBOL)?;
        if !out.wants(DataType::IndexPrice, ts_event) {
            return Ok(End::Unselected);
        }
        let stream =
            *stream.get_or_insert_with(|| out.open_plain(DataType::IndexPrice, id, Identity::Number));
        let decimals = Decimals { price: value.significant, size: 0 };
        if let AnyColumns::IndexPrice(columns) = out.row(stream, ts_event, decimals) {
            columns.push(&PriceUpdateRow { value: value.value, ts_event, ts_init: ts_event });
        }
        Ok(End::Rows)
    }
}
