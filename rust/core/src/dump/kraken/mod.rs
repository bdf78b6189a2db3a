//! Kraken's downloadable history of spot (support.kraken.com, articles 360047543791 and 360047124832): time and sales, and
//! bars that it calls OHLCVT. One file a pair, named by its old name without a slash (`XBTUSD.csv`, `XDGEUR_60.csv`); the archives
//! hold those of all pairs. Times are seconds.

pub(super) mod ohlcvt;
pub(super) mod time_and_sales;
pub(super) mod trades;

use std::sync::Arc;

use super::rows::{Row, fault};
use super::{DumpError, Fault, FaultKind, Sample, Setting};
use crate::venue::kraken;
use crate::{symbol, time};

/// The pair of a file: as the user named it, or by the name of the file, of which `cut` gives the part that is the pair's.
fn pair(setting: &Setting<'_>, cut: fn(&str) -> Option<&str>) -> Result<String, DumpError> {
    let known = |name: &str| kraken::pair(name).filter(|pair| symbol::is_safe_pair(pair));
    match &setting.hint.symbol {
        Some(symbol) => known(symbol),
        None => setting.hint.stems.iter().find_map(|stem| known(cut(stem)?)),
    }
    .ok_or(DumpError::Symbol)
}

/// Its Nautilus id.
fn instrument_id(pair: &str) -> Arc<str> {
    kraken::SPOT.instrument_id(pair)
}

/// The feed of every file.
fn feed(setting: &Setting<'_>) -> Result<String, DumpError> {
    match setting.hint.feed {
        Some(feed) if feed.name != kraken::SPOT.name => {
            Err(DumpError::Product { known: kraken::SPOT.name.to_owned() })
        }
        _ => Ok(kraken::SPOT.name.to_owned()),
    }
}

/// Seconds with a fraction, or without, ns UTC.
#[inline]
fn seconds(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    time::from_seconds(row.bytes(column)).ok_or(fault(FaultKind::Time, column))
}

/// Whether a field of the first row is a time in seconds.
fn is_seconds(sample: &Sample, field: usize) -> bool {
    sample.first.get(field).is_some_and(|text| time::from_seconds(text.as_bytes()).is_some())
}
