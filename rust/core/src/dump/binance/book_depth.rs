//! `bookDepth`: what lies within some percent of the middle, every half minute. It is no book; Nautilus has no type
//! for it.

use crate::dump::{Column, DumpSpec, Holds};

/// Binance's `bookDepth`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-book-depth",
    title: "Binance public data, bookDepth (um, cm)",
    types: &[],
    columns: &[
        Column::needed(&["timestamp"], Holds::Text),
        Column::needed(&["percentage"], Holds::Decimal),
        Column::needed(&["depth"], Holds::Decimal),
        Column::needed(&["notional"], Holds::Decimal),
    ],
    bare: &[],
    called: &["bookDepth"],
    by_name_only: false,
    fits: |_| true,
    feed: |_| Ok(String::new()),
    decoder: |_| Ok(Box::new(crate::dump::Nothing)),
};
