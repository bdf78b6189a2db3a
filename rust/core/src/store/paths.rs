//! Where Nautilus looks for data: folders per type and id, file names of first and last receive time.

use std::str::FromStr;

use super::StoreError;
use crate::data::DataType;
use crate::instrument::InstrumentClass;
use crate::schema::Flavour;
use crate::{symbol, time};

/// Which release's folder names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// nautilus_trader 1.231.
    #[default]
    L1231,
    /// nautilus_trader 1.220.
    L1220,
}

impl Layout {
    /// The name in options and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::L1231 => "1.231",
            Self::L1220 => "1.220",
        }
    }
}

impl Layout {
    /// Whether the release has the class of an instrument: 1.220 has no spreads of crypto contracts.
    #[must_use]
    pub const fn has(self, class: InstrumentClass) -> bool {
        let is_spread =
            matches!(class, InstrumentClass::CryptoFuturesSpread | InstrumentClass::CryptoOptionSpread);
        !(is_spread && matches!(self, Self::L1220))
    }
}

impl FromStr for Layout {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::L1231, Self::L1220].into_iter().find(|l| l.name() == name).ok_or(())
    }
}

/// The folder of a type under `data/`.
#[must_use]
pub const fn folder(data_type: DataType, flavour: Flavour, layout: Layout) -> &'static str {
    let v2 = matches!(flavour, Flavour::V2);
    let old = matches!(layout, Layout::L1220);
    match data_type {
        DataType::Trade if v2 => "trades",
        DataType::Trade => "trade_tick",
        DataType::Quote if v2 => "quotes",
        DataType::Quote => "quote_tick",
        DataType::Delta if old && !v2 => "order_book_delta",
        DataType::Delta => "order_book_deltas",
        DataType::Depth10 if old && !v2 => "order_book_depth10",
        DataType::Depth10 => "order_book_depths",
        DataType::Bar if v2 => "bars",
        DataType::Bar => "bar",
        DataType::MarkPrice if v2 => "mark_prices",
        DataType::MarkPrice => "mark_price_update",
        DataType::IndexPrice if v2 => "index_prices",
        DataType::IndexPrice => "index_price_update",
        DataType::FundingRate if v2 => "funding_rates",
        DataType::FundingRate => "funding_rate_update",
        DataType::Status => "instrument_status",
        DataType::Liquidation => "custom_liquidation",
        DataType::OpenInterest => "custom_open_interest",
        DataType::OptionGreeks => "option_greeks",
        DataType::VolatilityIndex => "custom_volatility_index",
    }
}

/// The folder of a class of instruments under `data/`.
#[must_use]
pub const fn class_folder(class: InstrumentClass) -> &'static str {
    match class {
        InstrumentClass::CurrencyPair => "currency_pair",
        InstrumentClass::CryptoPerpetual => "crypto_perpetual",
        InstrumentClass::CryptoFuture => "crypto_future",
        InstrumentClass::CryptoOption => "crypto_option",
        InstrumentClass::CryptoFuturesSpread => "crypto_futures_spread",
        InstrumentClass::CryptoOptionSpread => "crypto_option_spread",
    }
}

/// The folder of an instrument id or bar type: itself without `/`.
///
/// # Errors
/// [`StoreError::UnsafeName`] for what could leave the catalog or cannot be a folder everywhere.
pub fn id_folder(id: &str) -> Result<String, StoreError> {
    symbol::folder_of(id).ok_or_else(|| StoreError::UnsafeName { id: id.escape_debug().to_string() })
}

fn stamp(ns: u64) -> String {
    time::iso(ns).replace([':', '.'], "-")
}

/// Nautilus's name of a file with rows from `start` to `end` (receive times, ns UTC).
#[must_use]
pub fn file_name(start: u64, end: u64) -> String {
    format!("{}_{}.parquet", stamp(start), stamp(end))
}

fn parse_stamp(text: &str) -> Option<u64> {
    // 2023-11-14T22-13-20-001121119Z
    let text = text.strip_suffix('Z')?;
    let (date, clock) = text.split_once('T')?;
    let numbers = |part: &str| part.split('-').map(|n| n.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let (date, clock) = (numbers(date)?, numbers(clock)?);
    time::from_civil(date.try_into().ok()?, clock.try_into().ok()?)
}

/// First and last receive time of a file's name; `None` when it is not of that form.
#[must_use]
pub fn parse_file_name(name: &str) -> Option<(u64, u64)> {
    let (start, end) = name.strip_suffix(".parquet")?.split_once('_')?;
    Some((parse_stamp(start)?, parse_stamp(end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_nautilus_names() {
        let name = file_name(1_700_000_000_001_121_119, 1_700_000_000_001_121_120);
        assert_eq!(name, "2023-11-14T22-13-20-001121119Z_2023-11-14T22-13-20-001121120Z.parquet");
        assert_eq!(parse_file_name(&name), Some((1_700_000_000_001_121_119, 1_700_000_000_001_121_120)));
        assert_eq!(parse_file_name("part-0.parquet"), None);
        assert_eq!(parse_file_name(&name.replace("2023", "9999")), None);
        assert_eq!(id_folder("BTC/USD.KRAKEN").ok().as_deref(), Some("BTCUSD.KRAKEN"));
        for bad in ["", "..", "../x", "a\0b", "CON.X", "x\\y", "COM1.B", "a.", ".hidden", &"x".repeat(300)] {
            assert!(id_folder(bad).is_err(), "{bad:?}");
        }
    }
}
