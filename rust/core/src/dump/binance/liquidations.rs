//! `liquidationSnapshot`: liquidation orders as the stream `forceOrder` showed them.

use std::hash::BuildHasher;
use std::sync::Arc;

use super::{by_symbol, symbol};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, LiquidationRow};
use crate::decimal;
use crate::dump::rows::fault;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::venue::FeedSpec;

const TIME: usize = 0;
const SIDE: usize = 1;
const ORIGINAL_SIZE: usize = 4;
const PRICE: usize = 5;
const AVERAGE_PRICE: usize = 6;
const FILLED_SIZE: usize = 9;

/// Binance's `liquidationSnapshot`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-liquidation-snapshot",
    title: "Binance public data, liquidationSnapshot (um, cm)",
    types: &[DataType::Liquidation],
    columns: &[
        Column::needed(&["time"], Holds::Epoch),
        Column::needed(&["side"], Holds::Text),
        Column::known(&["order_type"], Holds::Text),
        Column::known(&["time_in_force"], Holds::Text),
        Column::needed(&["original_quantity"], Holds::Decimal),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["average_price"], Holds::Decimal),
        Column::known(&["order_status"], Holds::Text),
        Column::known(&["last_fill_quantity"], Holds::Decimal),
        Column::known(&["accumulated_fill_quantity"], Holds::Decimal),
        Column::known(&["symbol"], Holds::Text),
    ],
    bare: &[],
    called: &["liquidationSnapshot"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let instrument_id = feed(setting)?.instrument_id(&symbol(setting)?);
        Ok(Box::new(Liquidations { instrument_id, stream: None }))
    },
};

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    by_symbol(setting, &symbol(setting)?)
}

struct Liquidations {
    instrument_id: Arc<str>,
    stream: Option<usize>,
}

impl DumpDecoder for Liquidations {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = row.epoch(TIME)?;
        let side = match row.bytes(SIDE) {
            b"BUY" => "BUY",
            b"SELL" => "SELL",
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let number = |column| match row.bytes(column) {
            b"" => Ok(String::new()),
            text => decimal::canonical(text).map_err(|e| fault(FaultKind::Decimal(e), column)),
        };
        let (price, average_price) = (number(PRICE)?, number(AVERAGE_PRICE)?);
        let filled = number(FILLED_SIZE)?;
        let size = if matches!(filled.as_str(), "" | "0") { number(ORIGINAL_SIZE)? } else { filled };
        if !out.wants(DataType::Liquidation, ts_event) {
            return Ok(End::Unselected);
        }
        let id = &self.instrument_id;
        let stream =
            *self.stream.get_or_insert_with(|| out.open_plain(DataType::Liquidation, id, Identity::Text));
        let key = foldhash::fast::FixedState::with_seed(0).hash_one((side, &price, &average_price, &size));
        if let AnyColumns::Liquidation(columns) = out.row(stream, key, Decimals::default()) {
            columns.push(&LiquidationRow {
                side,
                price: &price,
                average_price: &average_price,
                size: &size,
                trade_id: "",
                ts_event,
                ts_init: ts_event,
            });
        }
        Ok(End::Rows)
    }
}
