//! `trades`: every trade. Spot has no header and a last column `isBestMatch`, the futures' recent files a header.

use std::sync::Arc;

use super::{by_best_match, symbol};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::rows::decimals;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, Holds, Output, Row, Setting};
use crate::feed::{StreamKey, TradeKind};
use crate::venue::FeedSpec;

const ID: usize = 0;
const PRICE: usize = 1;
const SIZE: usize = 2;
const QUOTE_SIZE: usize = 3;
const TIME: usize = 4;
const IS_BUYER_MAKER: usize = 5;
const IS_BEST_MATCH: usize = 6;

/// Binance's `trades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-trades",
    title: "Binance public data, trades (spot, um, cm)",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["id", "trade_id"], Holds::Integer),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["qty", "quantity"], Holds::Decimal),
        Column::known(&["quote_qty", "quoteQty", "base_qty", "baseQty"], Holds::Decimal),
        Column::needed(&["time"], Holds::Epoch),
        Column::needed(&["is_buyer_maker", "isBuyerMaker"], Holds::Boolean),
        Column::known(&["is_best_match", "isBestMatch"], Holds::Boolean),
    ],
    bare: &[
        &[ID, PRICE, SIZE, QUOTE_SIZE, TIME, IS_BUYER_MAKER, IS_BEST_MATCH],
        &[ID, PRICE, SIZE, QUOTE_SIZE, TIME, IS_BUYER_MAKER],
    ],
    called: &["trades"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| by_best_match(setting, IS_BEST_MATCH).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let feed = by_best_match(setting, IS_BEST_MATCH)?;
        let columns = [ID, PRICE, SIZE, TIME, IS_BUYER_MAKER];
        Ok(Box::new(trades(setting, feed, TradeKind::Raw, columns)?))
    },
};

/// A decoder of trades of one instrument. `columns` are id, price, size, time and the buyer's being the maker in
/// the format's table.
pub(super) fn trades(
    setting: &Setting<'_>,
    feed: &FeedSpec,
    kind: TradeKind,
    columns: [usize; 5],
) -> Result<Trades, DumpError> {
    let instrument_id = feed.instrument_id(&symbol(setting)?);
    Ok(Trades { instrument_id, kind: kind.name(), stream: None, columns })
}

/// Reads trades, raw ones or aggregates.
pub(super) struct Trades {
    instrument_id: Arc<str>,
    kind: &'static str,
    stream: Option<usize>,
    columns: [usize; 5],
}

impl Trades {
    #[cold]
    fn open(&mut self, out: &mut Output) -> usize {
        let id = self.instrument_id.clone();
        let key = StreamKey { data_type: DataType::Trade, id: id.clone(), variant: self.kind.into() };
        *self.stream.insert(out.open(key, id, Identity::Sequence))
    }
}

impl DumpDecoder for Trades {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let [id, price, size, time, is_buyer_maker] = self.columns;
        let (digits, id) = (row.bytes(id), row.integer(id)?);
        let price = out.price(row, price)?;
        let size = out.traded_size(row, size)?;
        let ts_event = row.epoch(time)?;
        let aggressor_side =
            if row.boolean(is_buyer_maker)? { AggressorSide::Seller } else { AggressorSide::Buyer };
        if !out.wants_trades(self.kind, ts_event) {
            return Ok(End::Unselected);
        }
        let stream = match self.stream {
            Some(stream) => stream,
            None => self.open(out),
        };
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Trade(columns) = out.row(stream, id, decimals) {
            let row = TradeRow { price, size, aggressor_side, trade_id: "", ts_event, ts_init: ts_event };
            columns.push_digits(&row, id, digits);
        }
        Ok(End::Rows)
    }
}
