//! `premiumIndexKlines`: a rate that is no price of anything; Nautilus has no type for it.

use super::klines::{BARE, COLUMNS};
use crate::dump::DumpSpec;

/// Binance's `premiumIndexKlines`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "binance-premium-index-klines",
    title: "Binance public data, premiumIndexKlines (um, cm)",
    types: &[],
    columns: COLUMNS,
    bare: BARE,
    called: &["premiumIndexKlines"],
    by_name_only: true,
    fits: |_| true,
    feed: |_| Ok(String::new()),
    decoder: |_| Ok(Box::new(crate::dump::Nothing)),
};
