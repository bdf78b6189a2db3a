//! Binance's public data: one CSV per archive, spot, USD-M and COIN-M.
//!
//! What tells the product: only spot's trades say which were best matches, and only spot has microseconds; COIN-M
//! symbols have an underscore; else a folder of the path, or the user. Spot files have no header, the futures'
//! recent ones do; truth values are spelled in several ways; spot's times are microseconds from 2025 on.

pub(super) mod agg_trades;
pub(super) mod book_depth;
pub(super) mod book_ticker;
pub(super) mod funding_rate;
pub(super) mod index_klines;
pub(super) mod klines;
pub(super) mod liquidations;
pub(super) mod mark_klines;
pub(super) mod metrics;
pub(super) mod premium_klines;
pub(super) mod trades;

use super::columns::is_named;
use super::{DumpError, Setting};
use crate::symbol;
use crate::venue::{FeedSpec, binance};

/// The products, as Binance's paths name them.
const PRODUCTS: [(&str, &FeedSpec); 3] =
    [("spot", &binance::SPOT), ("um", &binance::USDM), ("cm", &binance::COINM)];

/// The symbol that a file's name says: `BTCUSDT-trades-2024-01`, `BTCUSDT-1m-2024-01-01`.
fn symbol(setting: &Setting<'_>) -> Result<String, DumpError> {
    if let Some(symbol) = &setting.hint.symbol {
        return if symbol::is_safe(symbol) { Ok(symbol.clone()) } else { Err(DumpError::Symbol) };
    }
    let named = |stem: &String| {
        let (symbol, rest) = stem.split_once('-')?;
        let kind = rest.split('-').next().unwrap_or_default();
        let is_interval = kind.starts_with(|c: char| c.is_ascii_digit());
        let is_named = setting.spec.called.contains(&kind) || (is_interval && kind.len() <= 4);
        (is_named && symbol::is_safe(symbol)).then(|| symbol.to_owned())
    };
    setting.hint.stems.iter().find_map(named).ok_or(DumpError::Symbol)
}

/// The product a file is of. `told` is what its columns say, if they do.
fn product(setting: &Setting<'_>, told: Option<&'static FeedSpec>) -> Result<&'static FeedSpec, DumpError> {
    let known = || PRODUCTS.map(|(_, spec)| spec.name).join(", ");
    if let Some(feed) = setting.hint.feed {
        let is_ours = PRODUCTS.iter().any(|(_, spec)| spec.name == feed.name);
        return if is_ours { Ok(feed) } else { Err(DumpError::Product { known: known() }) };
    }
    if let Some(told) = told {
        return Ok(told);
    }
    let folder = setting.hint.path.split('/').rev().find_map(|part| {
        PRODUCTS.iter().find(|(folder, spec)| part == *folder || part == spec.name).map(|(_, spec)| *spec)
    });
    folder.ok_or_else(|| DumpError::Product { known: known() })
}

/// The product of a file of trades: only spot says which were best matches.
fn by_best_match(setting: &Setting<'_>, best_match: usize) -> Result<&'static FeedSpec, DumpError> {
    if place(setting, best_match).is_some() {
        return product(setting, Some(&binance::SPOT));
    }
    by_symbol(setting, &symbol(setting)?)
}

/// The product of a file that tells it by its symbol alone: COIN-M, else what the path says, else USD-M.
fn by_symbol(setting: &Setting<'_>, symbol: &str) -> Result<&'static FeedSpec, DumpError> {
    if symbol.contains("USD_") {
        return product(setting, Some(&binance::COINM));
    }
    product(setting, None).or_else(|_| product(setting, Some(&binance::USDM)))
}

/// Which field of a row a column is.
fn place(setting: &Setting<'_>, column: usize) -> Option<usize> {
    let names = setting.spec.columns[column].names;
    match &setting.sample.header {
        Some(header) => header.iter().position(|field| names.iter().any(|name| is_named(field, name))),
        None => {
            let width = setting.sample.first.len();
            let layout = setting.spec.bare.iter().find(|layout| layout.len() == width)?;
            layout.iter().position(|other| *other == column)
        }
    }
}

/// The field of a column in the first row.
fn first<'a>(setting: &'a Setting<'_>, column: usize) -> Option<&'a String> {
    setting.sample.first.get(place(setting, column)?)
}
