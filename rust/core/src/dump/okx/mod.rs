//! OKX's published files (static.okx.com): trades, aggregate trades, funding rates.
//!
//! Rows name their instrument in a column; files of before 2024 do not, and the name of the file does. Headers of those
//! have a second, Chinese name behind a slash, in UTF-8 or GBK. Times are milliseconds; a file's day is that of UTC+8.

pub(super) mod agg_trades;
pub(super) mod funding_rates;
pub(super) mod trades;

use super::{DumpError, Setting};
use crate::symbol;
use crate::venue::okx::OKX;

/// The feed: OKX has one. Another that the user named is refused.
fn feed(setting: &Setting<'_>) -> Result<String, DumpError> {
    match setting.hint.feed {
        Some(feed) if feed.name != OKX.name => Err(DumpError::Product { known: OKX.name.to_owned() }),
        _ => Ok(OKX.name.to_owned()),
    }
}

/// The symbol that the user named, or that a file's name begins with: `BTC-USDT-SWAP-trades-2023-01-31`.
fn named(setting: &Setting<'_>, kind: &str) -> Result<String, DumpError> {
    let given = setting.hint.symbol.as_deref();
    let begins = |stem: &String| stem.rfind(kind).map(|at| stem[..at].to_owned());
    let symbol = given.map(str::to_owned).or_else(|| setting.hint.stems.iter().find_map(begins));
    symbol.filter(|symbol| symbol::is_safe(symbol)).ok_or(DumpError::Symbol)
}
