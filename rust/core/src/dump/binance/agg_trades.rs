//! `aggTrades`: the venue's aggregates of trades of one taker order at one price.

use super::by_best_match;
use super::trades::trades;
use crate::data::DataType;
use crate::dump::{Column, DumpSpec, Holds};
use crate::feed::TradeKind;

const ID: usize = 0;
const PRICE: usize = 1;
const SIZE: usize = 2;
const FIRST_ID: usize = 3;
const LAST_ID: usize = 4;
const TIME: usize = 5;
const IS_BUYER_MAKER: usize = 6;
const IS_BEST_MATCH: usize = 7;

/// Binance's `aggTrades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-agg-trades",
    title: "Binance public data, aggTrades (spot, um, cm)",
    types: &[DataType::Trade],
    columns: &[
        Column::needed(&["agg_trade_id", "aggTradeId"], Holds::Integer),
        Column::needed(&["price"], Holds::Decimal),
        Column::needed(&["quantity", "qty"], Holds::Decimal),
        Column::known(&["first_trade_id", "firstTradeId"], Holds::Integer),
        Column::known(&["last_trade_id", "lastTradeId"], Holds::Integer),
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
        Ok(Box::new(trades(setting, feed, TradeKind::Aggregate, columns)?))
    },
};
