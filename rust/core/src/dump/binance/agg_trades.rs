//! `aggTrades`: the venue's aggregates of trades of one taker order at one price.

use super::by_best_match;
use super::trades::{Trades, trades};
use crate::accounting::End;
use crate::data::DataType;
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, Holds, Output, Row};
use crate::feed::TradeKind;

const ID: usize = 0;
const PRICE: usize = 1;
const SIZE: usize = 2;
const FIRST_ID: usize = 3;
const LAST_ID: usize = 4;
const TIME: usize = 5;
const IS_BUYER_MAKER: usize = 6;
const IS_BEST_MATCH: usize = 7;

/// Reads aggregates.
struct Aggregates(Trades);

impl DumpDecoder for Aggregates {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        self.0.row(row, out).or_else(|fault| without_trades(row, fault))
    }
}

/// A number that Binance took the trades of, since they were none: price and size are zero, the trades are -1
/// (1195416 of BTCUSDT, 2017-12). It says that there is nothing.
#[cold]
fn without_trades(row: &Row<'_>, fault: Fault) -> Result<End, Fault> {
    let is_zero = |column| row.decimal(column).is_ok_and(|number| number.value == 0);
    let is_none = [FIRST_ID, LAST_ID].into_iter().all(|column| row.bytes(column) == b"-1");
    if is_none && is_zero(PRICE) && is_zero(SIZE) { Ok(End::Control) } else { Err(fault) }
}

/// Binance's `aggTrades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-agg-trades",
    title: "Binance public data, aggTrades (spot, um, cm)",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["agg_trade_id", "aggTradeId"], Holds::Integer),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["quantity", "qty"], Holds::Decimal),
        // -1 where there is no trade.
        Column::known(&["first_trade_id", "firstTradeId"], Holds::Decimal),
        Column::known(&["last_trade_id", "lastTradeId"], Holds::Decimal),
        Column::needed(&["transact_time", "time", "timestamp"], Holds::Epoch),
        Column::needed(&["is_buyer_maker", "isBuyerMaker"], Holds::Boolean),
        Column::known(&["is_best_match", "isBestMatch"], Holds::Boolean),
    ],
    bare: &[
        &[ID, PRICE, SIZE, FIRST_ID, LAST_ID, TIME, IS_BUYER_MAKER, IS_BEST_MATCH],
        &[ID, PRICE, SIZE, FIRST_ID, LAST_ID, TIME, IS_BUYER_MAKER],
    ],
    called: &["aggTrades"],
    by_name_only: false,
    fits: |_| true,
    feed: |setting| by_best_match(setting, IS_BEST_MATCH).map(|feed| feed.name.to_owned()),
    decoder: |setting| {
        let feed = by_best_match(setting, IS_BEST_MATCH)?;
        let columns = [ID, PRICE, SIZE, TIME, IS_BUYER_MAKER];
        Ok(Box::new(Aggregates(trades(setting, feed, TradeKind::Aggregate, columns)?)))
    },
};
