//! OKX's published files (static.okx.com): trades, aggregate trades, candles, funding rates.
//!
//! Rows name their instrument in a column; files of before 2024 do not, and the name of the file does. Headers of those
//! have a second, Chinese name behind a slash, in UTF-8 or GBK; those of 2021 have no header at all. Times are milliseconds; a
//! file's day is that of UTC+8.

pub(super) mod agg_trades;
pub(super) mod candlesticks;
pub(super) mod funding_rates;
pub(super) mod trades;

use std::sync::Arc;

use super::columns::is_named;
use super::rows::{Row, fault};
use super::symbols::Symbols;
use super::{DumpError, Fault, FaultKind, Sample, Setting};
use crate::symbol;
use crate::venue::okx::OKX;

/// The column of instruments.
const INSTRUMENT_NAME: &str = "instrument_name";

/// An instrument's id, and its stream once it has rows.
type Instrument = (Arc<str>, Option<usize>);

/// The instruments of a file: of a column, or the one that its name says.
struct Instruments {
    column: usize,
    only: Option<Instrument>,
    symbols: Symbols<Instrument>,
}

impl Instruments {
    /// `column` is theirs; `words` stand behind the symbol in the names of files without one.
    fn new(setting: &Setting<'_>, column: usize, words: &[&str]) -> Result<Self, DumpError> {
        let Sample { header, first } = setting.sample;
        let has_column = match header {
            Some(names) => names.iter().any(|name| is_named(name, INSTRUMENT_NAME)),
            // Rows without a header have the columns of their layout.
            None => {
                let of_width = |layout: &&&[usize]| layout.len() == first.len();
                setting.spec.bare.iter().find(of_width).is_some_and(|layout| layout.contains(&column))
            }
        };
        let only = if has_column { None } else { Some((OKX.instrument_id(&named(setting, words)?), None)) };
        Ok(Self { column, only, symbols: Symbols::default() })
    }

    /// The instrument of a row.
    #[inline]
    fn of(&mut self, row: &Row<'_>) -> Result<&mut Instrument, Fault> {
        let found = match &mut self.only {
            Some(only) => Some(only),
            None => self.symbols.of(row, self.column, |symbol| Some((OKX.instrument_id(symbol), None))),
        };
        found.ok_or(fault(FaultKind::Value, self.column))
    }
}

/// The feed: OKX has one. Another that the user named is refused.
fn feed(setting: &Setting<'_>) -> Result<String, DumpError> {
    match setting.hint.feed {
        Some(feed) if feed.name != OKX.name => Err(DumpError::Product { known: OKX.name.to_owned() }),
        _ => Ok(OKX.name.to_owned()),
    }
}

/// The symbol that the user named, or that a file's name begins with: `BTC-USDT-SWAP-trades-2023-01-31`.
fn named(setting: &Setting<'_>, words: &[&str]) -> Result<String, DumpError> {
    let given = setting.hint.symbol.as_deref();
    let begins = |stem: &String| words.iter().find_map(|word| Some(stem[..stem.rfind(word)?].to_owned()));
    let symbol = given.map(str::to_owned).or_else(|| setting.hint.stems.iter().find_map(begins));
    symbol.filter(|symbol| symbol::is_safe(symbol)).ok_or(DumpError::Symbol)
}
