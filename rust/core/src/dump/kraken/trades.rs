//! Time and sales since 2026: every trade with its side and its id, as the answer `Trades` has them. The header names six of
//! the seven columns: the id's is without a name.

use std::sync::Arc;

use super::{feed, instrument_id, is_seconds, pair, seconds};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::rows::{decimals, fault};
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::{StreamKey, TradeKind};

const PRICE: usize = 0;
const SIZE: usize = 1;
const TIME: usize = 2;
const SIDE: usize = 3;
const ORDER: usize = 4;
const MISC: usize = 5;
const ID: usize = 6;

/// Kraken's time and sales of seven columns.
pub static SPEC: DumpSpec = DumpSpec {
    name: "kraken-trades",
    title: "Kraken history, time and sales since 2026: trades (spot)",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["volume"], Holds::Decimal),
        Column::needed(&["timestamp", "time"], Holds::Decimal),
        Column::needed(&["type"], Holds::Text),
        Column::known(&["ordertype", "order_type"], Holds::Text),
        Column::known(&["misc", "miscellaneous"], Holds::Text),
        Column::needed(&["tradeid", "trade_id"], Holds::Integer),
    ],
    bare: &[&[PRICE, SIZE, TIME, SIDE, ORDER, MISC, ID]],
    called: &["Trading_History"],
    by_name_only: false,
    fits: |setting| {
        let sample = setting.sample;
        let side = |field: Option<&String>| field.is_some_and(|text| matches!(&**text, "b" | "s"));
        sample.header.is_some() || is_seconds(sample, TIME) && side(sample.first.get(SIDE))
    },
    feed,
    decoder: |setting| {
        let instrument_id = instrument_id(&pair(setting, |stem| Some(stem))?);
        Ok(Box::new(Trades { instrument_id, stream: None }))
    },
};

struct Trades {
    instrument_id: Arc<str>,
    stream: Option<usize>,
}

impl DumpDecoder for Trades {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (digits, number) = (row.bytes(ID), row.integer(ID)?);
        let ts_event = seconds(row, TIME)?;
        let (price, size) = (out.price(row, PRICE)?, out.traded_size(row, SIZE)?);
        let aggressor_side = match row.bytes(SIDE) {
            b"b" => AggressorSide::Buyer,
            b"s" => AggressorSide::Seller,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        if !out.wants_trades(TradeKind::Raw.name(), ts_event) {
            return Ok(End::Unselected);
        }
        let id = &self.instrument_id;
        let stream = *self.stream.get_or_insert_with(|| {
            let variant = TradeKind::Raw.name().into();
            let key = StreamKey { data_type: DataType::Trade, id: id.clone(), variant };
            out.open(key, id.clone(), Identity::Sequence)
        });
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Trade(columns) = out.row(stream, number, decimals) {
            let row = TradeRow { price, size, aggressor_side, trade_id: "", ts_event, ts_init: ts_event };
            columns.push_digits(&row, number, digits);
        }
        Ok(End::Rows)
    }
}
