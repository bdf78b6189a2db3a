//! `aggtrades`: fills of one taker order at one price together, as the channel `trades` has them. The columns are those of
//! `trades`, so that only the name tells.

use super::feed;
use super::trades::{BARE, COLUMNS, Trades, has_header_or_is_called};
use crate::data::DataType;
use crate::dump::DumpSpec;
use crate::feed::TradeKind;

/// OKX's `aggtrades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "okx-agg-trades",
    title: "OKX published files, aggtrades",
    types: &[DataType::Trade],
    columns: COLUMNS,
    bare: BARE,
    called: &["-aggtrades-"],
    by_name_only: true,
    fits: |setting| has_header_or_is_called(setting, "-aggtrades-"),
    feed,
    decoder: |setting| Ok(Box::new(Trades::new(setting, TradeKind::Aggregate, "-aggtrades-")?)),
};
