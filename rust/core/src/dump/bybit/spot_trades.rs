//! `spot`: every trade. Its ids count from 1 in each file, so that a day and its month say different ones: the id of a
//! row is made of what it says instead ([`MadeIds`]), and what overlaps is taken from the file that begins first.

use std::sync::Arc;

use super::{named, product};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::made_id::MadeIds;
use crate::dump::rows::{decimals, fault};
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::feed::{StreamKey, TradeKind};
use crate::venue::{FeedSpec, bybit};

const ID: usize = 0;
const TIME: usize = 1;
const PRICE: usize = 2;
const SIZE: usize = 3;
const SIDE: usize = 4;

/// Bybit's `spot`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "bybit-spot-trades",
    title: "Bybit public files, spot: trades",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["id"], Holds::Integer),
        Column::needed(&["timestamp"], Holds::Epoch),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["volume"], Holds::Decimal),
        Column::needed(&["side"], Holds::Text),
        Column::known(&["rpi"], Holds::Text),
    ],
    bare: &[],
    called: &["spot"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let symbol = named(setting)?;
        let instrument_id = feed(setting)?.instrument_id(&symbol);
        Ok(Box::new(Trades { symbol, instrument_id, stream: None, ids: MadeIds::default() }))
    },
};

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    product(setting, &[&bybit::SPOT], &bybit::SPOT)
}

struct Trades {
    symbol: String,
    instrument_id: Arc<str>,
    stream: Option<usize>,
    ids: MadeIds,
}

impl DumpDecoder for Trades {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        row.integer(ID)?;
        let ts_event = row.epoch(TIME)?;
        let aggressor_side = match row.bytes(SIDE) {
            b"buy" => AggressorSide::Buyer,
            b"sell" => AggressorSide::Seller,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let (price, size) = (out.price(row, PRICE)?, out.traded_size(row, SIZE)?);
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
