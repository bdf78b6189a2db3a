//! Bybit's public files (public.bybit.com): trades of contracts and of spot, bars, and the index before 2020-03.
//! Its files of order books hold frames: they are captures.
//!
//! Contracts of one folder are linear or inverse by their symbols, as everywhere at Bybit. Times of contracts are
//! seconds with a fraction, of spot milliseconds; bars have a clock of UTC+3.

pub(super) mod index;
pub(super) mod klines;
pub(super) mod spot_trades;
pub(super) mod trades;

use std::sync::Arc;

use super::rows::{Row, fault};
use super::symbols::Symbols;
use super::{DumpError, Fault, FaultKind, Setting};
use crate::symbol;
use crate::venue::{FeedSpec, bybit};

/// The feed of a file of contracts, by the symbol of its first row or of its name.
fn contracts(setting: &Setting<'_>, symbol: &str) -> Result<&'static FeedSpec, DumpError> {
    product(setting, &[&bybit::LINEAR, &bybit::INVERSE], bybit::contract(symbol))
}

/// Instruments of rows that name their symbols: linear or inverse each by its own, but where the user named one.
#[derive(Debug)]
struct Contracts {
    given: Option<&'static FeedSpec>,
    symbols: Symbols<Instrument>,
}

/// An instrument's id, and its stream once it has rows.
type Instrument = (Arc<str>, Option<usize>);

impl Contracts {
    /// Of a file whose product is one of ours, which [`contracts`] looks at.
    fn new(setting: &Setting<'_>) -> Self {
        Self { given: setting.hint.feed, symbols: Symbols::default() }
    }

    /// The instrument of a row, whose symbol is in `column`.
    #[inline]
    fn of(&mut self, row: &Row<'_>, column: usize) -> Result<&mut Instrument, Fault> {
        let given = self.given;
        let id = |symbol: &str| given.unwrap_or_else(|| bybit::contract(symbol)).instrument_id(symbol);
        let made = self.symbols.of(row, column, |symbol| Some((id(symbol), None)));
        made.ok_or(fault(FaultKind::Value, column))
    }
}

/// The feed the user named where it is one of `ours`, or the one `told`.
fn product(
    setting: &Setting<'_>,
    ours: &[&'static FeedSpec],
    told: &'static FeedSpec,
) -> Result<&'static FeedSpec, DumpError> {
    match setting.hint.feed {
        Some(feed) if ours.iter().any(|spec| spec.name == feed.name) => Ok(feed),
        Some(_) => {
            let known = ours.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
            Err(DumpError::Product { known })
        }
        None => Ok(told),
    }
}

/// The field of a column in the first row, by its name.
fn first<'a>(setting: &'a Setting<'_>, name: &str) -> Option<&'a str> {
    let header = setting.sample.header.as_ref()?;
    let at = header.iter().position(|known| known.trim().eq_ignore_ascii_case(name))?;
    setting.sample.first.get(at).map(String::as_str)
}

/// The symbol that a file's name begins with: `BTCUSDT_2025-03-01`, `BTCUSDT-2025-03`, `BTCUSDT_15_2021-07-01_…`.
fn named(setting: &Setting<'_>) -> Result<String, DumpError> {
    if let Some(symbol) = &setting.hint.symbol {
        return if symbol::is_safe(symbol) { Ok(symbol.clone()) } else { Err(DumpError::Symbol) };
    }
    let is_number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let begins = |stem: &String| {
        let (symbol, rest) = match stem.split_once('_') {
            Some(parts) => parts,
            // A year behind a hyphen; symbols may have hyphens of their own.
            None => stem
                .match_indices('-')
                .map(|(at, _)| (&stem[..at], &stem[at + 1..]))
                .find(|(_, rest)| rest.len() == 7 && rest.as_bytes()[4] == b'-' && is_number(rest))?,
        };
        (is_number(rest) && symbol::is_safe(symbol)).then(|| symbol.to_owned())
    };
    setting.hint.stems.iter().find_map(begins).ok_or(DumpError::Symbol)
}
