//! `trading`: every trade of a contract; ids are those of the stream. Newer files have a column RPI more.

use super::{Contracts, contracts, first, named};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::made_id::hash;
use crate::dump::rows::{decimals, fault};
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::feed::{StreamKey, TradeKind};
use crate::time;
use crate::venue::FeedSpec;

const TIME: usize = 0;
const SYMBOL: usize = 1;
const SIDE: usize = 2;
const SIZE: usize = 3;
const PRICE: usize = 4;
const ID: usize = 6;

/// Bybit's `trading`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "bybit-trades",
    title: "Bybit public files, trading (linear, inverse)",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["timestamp"], Holds::Decimal),
        Column::needed(&["symbol"], Holds::Text),
        Column::needed(&["side"], Holds::Text),
        Column::needed(&["size"], Holds::Decimal),
        Column::needed(&["price"], Holds::Decimal),
        Column::known(&["tickDirection"], Holds::Text),
        Column::needed(&["trdMatchID"], Holds::Text),
        Column::known(&["grossValue"], Holds::Decimal),
        Column::known(&["homeNotional"], Holds::Decimal),
        Column::known(&["foreignNotional"], Holds::Decimal),
        Column::known(&["RPI"], Holds::Text),
    ],
    bare: &[],
    called: &["trading"],
    by_name_only: false,
    fits: has_seconds,
    feed: |setting| feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| feed(setting).map(|_| Box::new(Trades { contracts: Contracts::new(setting) }) as _),
};

/// BitMEX has files of nearly the same columns; their times are words.
fn has_seconds(setting: &Setting<'_>) -> bool {
    let sample = setting.sample;
    let at = sample.header.iter().flatten().position(|name| name.trim().eq_ignore_ascii_case("timestamp"));
    let text = at.and_then(|at| sample.first.get(at));
    text.is_none_or(|text| time::from_seconds(text.as_bytes()).is_some())
}

fn feed(setting: &Setting<'_>) -> Result<&'static FeedSpec, DumpError> {
    match first(setting, "symbol") {
        Some(symbol) => contracts(setting, symbol),
        // No rows: the name has it, if anything.
        None => contracts(setting, &named(setting).unwrap_or_default()),
    }
}

struct Trades {
    contracts: Contracts,
}

impl DumpDecoder for Trades {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let ts_event = time::from_seconds(row.bytes(TIME)).ok_or(fault(FaultKind::Time, TIME))?;
        let aggressor_side = match row.bytes(SIDE) {
            b"Buy" => AggressorSide::Buyer,
            b"Sell" => AggressorSide::Seller,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let (price, size) = (out.price(row, PRICE)?, out.traded_size(row, SIZE)?);
        let trade_id = row.text(ID)?;
        if trade_id.is_empty() {
            return Err(fault(FaultKind::Empty, ID));
        }
        let (instrument_id, stream) = self.contracts.of(row, SYMBOL)?;
        if !out.wants_trades(TradeKind::Raw.name(), ts_event) {
            return Ok(End::Unselected);
        }
        let stream = *stream.get_or_insert_with(|| {
            let variant = TradeKind::Raw.name().into();
            let key = StreamKey { data_type: DataType::Trade, id: instrument_id.clone(), variant };
            out.open(key, instrument_id.clone(), Identity::Text)
        });
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Trade(columns) = out.row(stream, hash(trade_id), decimals) {
            columns.push(&TradeRow { price, size, aggressor_side, trade_id, ts_event, ts_init: ts_event });
        }
        Ok(End::Rows)
    }
}
