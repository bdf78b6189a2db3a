//! `TimeAndSales_Combined`: every trade as time, price and volume. It has no side, and no id: that of a row is made of what it
//! says ([`MadeIds`]), and what overlaps is taken from the file that begins first.

use std::sync::Arc;

use super::{feed, instrument_id, is_seconds, pair, seconds};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::made_id::MadeIds;
use crate::dump::rows::decimals;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, Holds, Output, Row};
use crate::feed::{StreamKey, TradeKind};

const TIME: usize = 0;
const PRICE: usize = 1;
const SIZE: usize = 2;

/// Kraken's time and sales of three columns.
pub static SPEC: DumpSpec = DumpSpec {
    name: "kraken-time-and-sales",
    title: "Kraken history, time and sales: trades without a side (spot)",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["time"], Holds::Decimal),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["volume"], Holds::Decimal),
    ],
    bare: &[&[TIME, PRICE, SIZE]],
    called: &["TimeAndSales"],
    by_name_only: false,
    fits: |setting| setting.sample.header.is_none() && is_seconds(setting.sample, TIME),
    feed,
    decoder: |setting| {
        let symbol = pair(setting, |stem| Some(stem))?;
        let instrument_id = instrument_id(&symbol);
        Ok(Box::new(Trades { symbol, instrument_id, stream: None, ids: MadeIds::default() }))
    },
};

struct Trades {
    symbol: String,
    instrument_id: Arc<str>,
    stream: Option<usize>,
    ids: MadeIds,
}

impl DumpDecoder for Trades {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = seconds(row, TIME)?;
        let (price, size) = (out.price(row, PRICE)?, out.traded_size(row, SIZE)?);
        let aggressor_side = AggressorSide::None;
        let symbol = self.symbol.as_bytes();
        let trade_id = self.ids.make(symbol, (ts_event, ts_event), (price, size), aggressor_side);
        if !out.wants_trades(TradeKind::Raw.name(), ts_event) {
            return Ok(End::Unselected);
        }
        let id = &self.instrument_id;
        let stream = *self.stream.get_or_insert_with(|| {
            let variant = TradeKind::Raw.name().into();
            let key = StreamKey { data_type: DataType::Trade, id: id.clone(), variant };
            out.open(key, id.clone(), Identity::Turns)
        });
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Trade(columns) = out.row(stream, 0, decimals) {
            let trade_id = trade_id.as_str();
            columns.push(&TradeRow { price, size, aggressor_side, trade_id, ts_event, ts_init: ts_event });
        }
        Ok(End::Rows)
    }
}
