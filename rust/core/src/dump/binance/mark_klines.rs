//! `markPriceKlines`: bars of the mark price, whose Nautilus price type is MARK.

use super::klines::{BARE, Bars, COLUMNS, futures_feed};
use crate::data::DataType;
use crate::dump::DumpSpec;

/// Binance's `markPriceKlines`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-mark-price-klines",
    title: "Binance public data, markPriceKlines (um, cm): bars of price type MARK",
    types: &[DataType::Bar],
    columns: COLUMNS,
    bare: BARE,
    called: &["markPriceKlines"],
    by_name_only: true,
    fits: |_| true,
    feed: |setting| futures_feed(setting).map(|feed| feed.name.to_owned()),
    decoder: |setting| Ok(Box::new(Bars::new(setting, futures_feed(setting)?, "MARK")?)),
};
