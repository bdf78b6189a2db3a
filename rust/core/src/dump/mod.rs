//! Dumps: historical files that an exchange or a vendor publishes. One file per format, one registry line each.
//!
//! In: separated text, plain, gzip, zstd, or a member of a zip archive, streamed. Out: rows in columns, told
//! apart by the venue's numbers ([`Identity`](crate::data::Identity)), and the accounting of every byte: a line is
//! a frame. Refused: files that are no table of a format's columns, archives that are not what they seem.
//!
//! A format is a table of columns and a decoder of one row. Which column is where is settled once, by the header
//! or, in files without one, by what the first row holds. The file's name is a hint: of the instrument, where no
//! column says it, and of which format it is where several share their columns.

mod bars;
mod binance;
mod bybit;
mod columns;
mod error;
mod interval;
mod kraken;
mod made_id;
mod okx;
mod output;
mod probe;
mod reader;
mod rows;
mod symbols;
mod tar;
mod tardis;
mod zip;

pub use columns::{Column, Holds};
pub use error::{DumpError, Fault, FaultKind};
pub use output::{Output, OutputOptions, OutputStream};
pub use probe::{Archive, Hint, Probe, ProbeOptions, Sample, members, open_archive, probe};
pub use reader::{DumpOptions, DumpReader, Inflating};
pub use rows::{ColumnMap, Row, Splitter};
pub use zip::Member;

use crate::accounting::End;
use crate::data::DataType;

/// Reads the rows of one file.
pub trait DumpDecoder: Send {
    /// Takes one row and tells `out` what it says; answers how it ended. Nothing may be told before the whole row
    /// is known to be good.
    ///
    /// # Errors
    /// What is wrong with it: the row is a reject.
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault>;

    /// The file is over.
    fn finish(&mut self, _out: &mut Output) {}
}

/// A decoder of formats that give no rows.
struct Nothing;

impl DumpDecoder for Nothing {
    fn row(&mut self, _row: &Row<'_>, _out: &mut Output) -> Result<End, Fault> {
        Ok(End::Control)
    }
}

/// A dump format.
#[derive(Debug)]
pub struct DumpSpec {
    /// Its name: `binance-trades`.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// Rows it gives; none where Nautilus has no type for it, which is then said.
    pub types: &'static [DataType],
    /// Its columns. What a file has beyond them is counted by name.
    pub columns: &'static [Column],
    /// Columns by position, in files without a header.
    pub bare: &'static [&'static [usize]],
    /// What its files or their folders are called.
    pub called: &'static [&'static str],
    /// Whether it shares its columns with others, so that only its name can tell.
    pub by_name_only: bool,
    /// Whether the first lines, in a file of that name, may be its.
    pub fits: fn(&Setting<'_>) -> bool,
    /// The feed a file belongs to: the venue's product, or the vendor's name.
    pub feed: fn(&Setting<'_>) -> Result<String, DumpError>,
    /// Makes a decoder.
    pub decoder: fn(&Setting<'_>) -> Result<Box<dyn DumpDecoder>, DumpError>,
}

/// What a decoder is told of its file.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The format.
    pub spec: &'static DumpSpec,
    /// The first lines.
    pub sample: &'a Sample,
    /// What the file's name says, and what the user said.
    pub hint: &'a Hint,
}

/// Every format, in the order of the table of feeds; of several with the same columns the first is meant unless
/// the name says another.
pub static REGISTRY: [&DumpSpec; 30] = [
    &binance::trades::SPEC,
    &binance::agg_trades::SPEC,
    &binance::klines::SPEC,
    &binance::mark_klines::SPEC,
    &binance::index_klines::SPEC,
    &binance::premium_klines::SPEC,
    &binance::book_ticker::SPEC,
    &binance::book_depth::SPEC,
    &binance::funding_rate::SPEC,
    &binance::metrics::SPEC,
    &binance::liquidations::SPEC,
    &tardis::trades::SPEC,
    &tardis::book::SPEC,
    &tardis::snapshots::SPEC,
    &tardis::quotes::SPEC,
    &tardis::ticker::SPEC,
    &tardis::liquidations::SPEC,
    &tardis::options::SPEC,
    &bybit::trades::SPEC,
    &bybit::spot_trades::SPEC,
    &bybit::klines::SPEC,
    &bybit::index::INDEX,
    &bybit::index::PREMIUM,
    &kraken::trades::SPEC,
    &kraken::time_and_sales::SPEC,
    &kraken::ohlcvt::SPEC,
    &okx::trades::SPEC,
    &okx::agg_trades::SPEC,
    &okx::candlesticks::SPEC,
    &okx::funding_rates::SPEC,
];

/// The format called `name`.
#[must_use]
pub fn format(name: &str) -> Option<&'static DumpSpec> {
    REGISTRY.iter().copied().find(|spec| spec.name == name)
}

/// Names of all formats, for messages.
#[must_use]
pub fn names() -> String {
    REGISTRY.map(|spec| spec.name).join(", ")
}

/// Channels of books and depths from best to worst, for dumps of vendors.
#[must_use]
pub fn book_rank(channel: &str) -> u32 {
    match channel {
        "incremental_book_L2" | "book_ticker" => 0,
        "book_snapshot_25" => 1,
        "book_snapshot_5" => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests;
