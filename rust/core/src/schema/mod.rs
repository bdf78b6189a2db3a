//! Columns and a flavour to Arrow: the only place that knows Nautilus's layouts.
//!
//! In: the columns of one type, as bytes already in their final width. Out: a [`RecordBatch`] whose buffers are
//! the columns' own: prices become `FixedSizeBinary(16)` (v1) or `Decimal128(38, 16)` (v2) and times `UInt64` or
//! `Timestamp(ns, UTC)` without a copy. Only `v1-standard` narrows, which reads every value.
//!
//! The layouts are those that nautilus_trader 1.231.0 and 2.0.0rc7 report and write; tests compare with the
//! installed packages.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType as Arrow, Field, Schema, TimeUnit};
use thiserror::Error;

use crate::data::{AnyColumns, DataType};
use crate::decimal;

mod arrays;
mod currencies;
mod instruments;
mod restore;
pub mod structs;

pub(crate) use arrays::{code_names, narrow};
pub use instruments::{Instrument, InstrumentError, InstrumentValue};
pub(crate) use restore::restore_rows;

/// Which Nautilus schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// v1, 16-byte raws at scale 16.
    #[default]
    V1High,
    /// v1, 8-byte raws at scale 9.
    V1Standard,
    /// v2, `Decimal128(38, 16)`.
    V2,
}

impl Flavour {
    /// The name in options and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1High => "v1-high",
            Self::V1Standard => "v1-standard",
            Self::V2 => "v2",
        }
    }

    /// Decimals that its prices and sizes have.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        match self {
            Self::V1High | Self::V2 => 16,
            Self::V1Standard => 9,
        }
    }
}

impl FromStr for Flavour {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::V1High, Self::V1Standard, Self::V2].into_iter().find(|f| f.name() == name).ok_or(())
    }
}

/// What a value of `v1-standard` cannot be.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaError {
    /// More than nine decimals, or beyond 64 bits.
    #[error("{data_type} row {row}: {value} does not fit v1-standard (nine decimals, 64 bits)")]
    Narrow {
        /// Type of the row.
        data_type: DataType,
        /// Its number.
        row: usize,
        /// The value, canonical text.
        value: String,
    },
    /// Arrow refuses the arrays.
    #[error("columns do not fit their schema: {0}")]
    Arrow(String),
}

impl SchemaError {
    /// Row `row` has a value that does not fit.
    #[cold]
    pub(crate) fn narrow(data_type: DataType, row: usize, value: i128) -> Self {
        Self::Narrow { data_type, row, value: decimal::text(value) }
    }
}

/// What a batch or a file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label<'a> {
    /// Type of the rows.
    pub data_type: DataType,
    /// Schema.
    pub flavour: Flavour,
    /// Instrument id.
    pub instrument_id: &'a str,
    /// Bar type, for bars.
    pub bar_type: Option<&'a str>,
    /// Decimals of prices.
    pub price_precision: u8,
    /// Decimals of sizes.
    pub size_precision: u8,
}

impl Label<'_> {
    /// The metadata of the schema (and of the file).
    #[must_use]
    pub fn metadata(&self) -> Vec<(String, String)> {
        let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let (price, size) = (self.price_precision.to_string(), self.size_precision.to_string());
        let v2 = self.flavour == Flavour::V2;
        let mut all = Vec::new();
        match self.data_type {
            DataType::Trade | DataType::Quote | DataType::Delta | DataType::Depth10 | DataType::Bar => {
                if let Some(bar_type) = self.bar_type {
                    all.push(own("bar_type", bar_type));
                }
                all.push(own("instrument_id", self.instrument_id));
                all.push(own("price_precision", &price));
                all.push(own("size_precision", &size));
            }
            DataType::MarkPrice | DataType::IndexPrice => {
                all.push(own("instrument_id", self.instrument_id));
                all.push(own("price_precision", &price));
            }
            DataType::FundingRate => all.push(own("instrument_id", self.instrument_id)),
            DataType::Status if v2 => all.push(own("instrument_id", self.instrument_id)),
            DataType::Status => all.push(own("type", "InstrumentStatus")),
            DataType::OptionGreeks => {
                all.push(own("instrument_id", self.instrument_id));
                if !v2 {
                    all.push(own("type", "OptionGreeks"));
                }
            }
            DataType::Liquidation | DataType::OpenInterest | DataType::VolatilityIndex => {}
        }
        let is_custom = matches!(
            self.data_type,
            DataType::Liquidation | DataType::OpenInterest | DataType::VolatilityIndex
        );
        if v2 && !is_custom {
            all.push(own("type_name", type_name(self.data_type, self.flavour)));
        }
        all
    }
}

/// Nautilus's name of a type.
#[must_use]
pub const fn type_name(data_type: DataType, flavour: Flavour) -> &'static str {
    match data_type {
        DataType::Trade => "TradeTick",
        DataType::Quote => "QuoteTick",
        DataType::Delta => "OrderBookDelta",
        DataType::Depth10 => match flavour {
            Flavour::V2 => "OrderBookDepth",
            _ => "OrderBookDepth10",
        },
        DataType::Bar => "Bar",
        DataType::MarkPrice => "MarkPriceUpdate",
        DataType::IndexPrice => "IndexPriceUpdate",
        DataType::FundingRate => "FundingRateUpdate",
        DataType::Status => "InstrumentStatus",
        DataType::Liquidation => "Liquidation",
        DataType::OpenInterest => "OpenInterest",
        DataType::OptionGreeks => "OptionGreeks",
        DataType::VolatilityIndex => "VolatilityIndex",
    }
}

/// Arrow type of prices and sizes.
fn price_type(flavour: Flavour) -> Arrow {
    match flavour {
        Flavour::V1High => Arrow::FixedSizeBinary(16),
        Flavour::V1Standard => Arrow::FixedSizeBinary(8),
        Flavour::V2 => Arrow::Decimal128(38, 16),
    }
}

/// Arrow type of times.
fn time_type(flavour: Flavour) -> Arrow {
    match flavour {
        Flavour::V2 => Arrow::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        _ => Arrow::UInt64,
    }
}

/// Arrow type of an enum in v2.
fn name_type() -> Arrow {
    Arrow::Dictionary(Box::new(Arrow::Int8), Box::new(Arrow::Utf8))
}

/// The fields of a type, in order.
fn fields(data_type: DataType, flavour: Flavour) -> Vec<Field> {
    let v2 = flavour == Flavour::V2;
    let field = |name: &str, arrow: Arrow| Field::new(name, arrow, false);
    let nullable = |name: &str, arrow: Arrow| Field::new(name, arrow, true);
    let price = |name: &str| Field::new(name, price_type(flavour), false);
    let times = || [field("ts_event", time_type(flavour)), field("ts_init", time_type(flavour))];
    let mut all = match data_type {
        DataType::Trade => vec![
            price("price"),
            price("size"),
            field("aggressor_side", if v2 { name_type() } else { Arrow::UInt8 }),
            field("trade_id", Arrow::Utf8),
        ],
        DataType::Quote => ["bid_price", "ask_price", "bid_size", "ask_size"].map(price).to_vec(),
        DataType::Delta => {
            let code = || if v2 { name_type() } else { Arrow::UInt8 };
            vec![
                field("action", code()),
                field("side", code()),
                Field::new("price", price_type(flavour), v2),
                Field::new("size", price_type(flavour), v2),
                field("order_id", Arrow::UInt64),
                field("flags", Arrow::UInt8),
                field("sequence", Arrow::UInt64),
            ]
        }
        DataType::Depth10 if v2 => {
            let level = Field::new("item", Arrow::Struct(arrays::level_fields()), true);
            let level = Arc::new(level);
            vec![
                field("bids", Arrow::List(level.clone())),
                field("asks", Arrow::List(level)),
                field("flags", Arrow::UInt8),
                field("sequence", Arrow::UInt64),
            ]
        }
        DataType::Depth10 => {
            let mut all = Vec::with_capacity(62);
            for name in ["bid_price", "ask_price", "bid_size", "ask_size"] {
                all.extend((0..10).map(|level| price(&format!("{name}_{level}"))));
            }
            for name in ["bid_count", "ask_count"] {
                all.extend((0..10).map(|level| field(&format!("{name}_{level}"), Arrow::UInt32)));
            }
            all.push(field("flags", Arrow::UInt8));
            all.push(field("sequence", Arrow::UInt64));
            all
        }
        DataType::Bar => ["open", "high", "low", "close", "volume"].map(price).to_vec(),
        DataType::MarkPrice | DataType::IndexPrice => vec![Field::new("value", price_type(flavour), v2)],
        DataType::FundingRate if v2 => vec![
            field("rate", Arrow::Utf8),
            nullable("interval", Arrow::UInt64),
            nullable("next_funding_ns", time_type(flavour)),
        ],
        DataType::FundingRate => vec![
            field("rate", Arrow::Binary),
            nullable("interval", Arrow::UInt16),
            nullable("next_funding_ns", Arrow::UInt64),
        ],
        DataType::Status => {
            let text = |name: &str| nullable(name, Arrow::Utf8);
            let flag = |name: &str| nullable(name, Arrow::Boolean);
            let mut all = if v2 {
                vec![field("action", name_type())]
            } else {
                vec![text("instrument_id"), text("action")]
            };
            all.extend([text("reason"), text("trading_event")]);
            all.extend(["is_trading", "is_quoting", "is_short_sell_restricted"].map(flag));
            if v2 {
                all.extend(times());
            } else {
                all.extend([nullable("ts_event", Arrow::UInt64), nullable("ts_init", Arrow::UInt64)]);
            }
            return all;
        }
        DataType::Liquidation | DataType::OpenInterest | DataType::VolatilityIndex => {
            let names: &[&str] = match data_type {
                DataType::Liquidation => {
                    &["instrument_id", "side", "price", "average_price", "size", "trade_id", "type"]
                }
                DataType::OpenInterest => &["instrument_id", "value", "unit", "value_quote", "type"],
                _ => &["instrument_id", "value", "type"],
            };
            let mut all: Vec<Field> = names.iter().map(|name| nullable(name, Arrow::Utf8)).collect();
            let time = if v2 { time_type(flavour) } else { Arrow::Int64 };
            all.extend(["ts_event", "ts_init"].map(|name| nullable(name, time.clone())));
            return all;
        }
        DataType::OptionGreeks => {
            // 2.0.0rc takes columns by their place: the convention comes first there, last in 1.231.
            let first =
                if v2 { field("convention", name_type()) } else { field("instrument_id", Arrow::Utf8) };
            let mut all = vec![first];
            all.extend(["delta", "gamma", "vega", "theta", "rho"].map(|name| field(name, Arrow::Float64)));
            let doubles = ["mark_iv", "bid_iv", "ask_iv", "underlying_price", "open_interest"];
            all.extend(doubles.map(|name| nullable(name, Arrow::Float64)));
            all.extend(times());
            if !v2 {
                all.push(field("convention", Arrow::Utf8));
            }
            return all;
        }
    };
    all.extend(times());
    all
}

/// Whether the fields of a type's schema are the columns of its rows, one by one.
pub(crate) const fn is_columnar(data_type: DataType, flavour: Flavour) -> bool {
    match data_type {
        DataType::Trade
        | DataType::Quote
        | DataType::Delta
        | DataType::Bar
        | DataType::MarkPrice
        | DataType::IndexPrice => true,
        DataType::Depth10 => !matches!(flavour, Flavour::V2),
        _ => false,
    }
}

/// The Arrow schema of a type, with its metadata.
#[must_use]
pub fn arrow_schema(label: &Label<'_>) -> Schema {
    let metadata: HashMap<String, String> = label.metadata().into_iter().collect();
    Schema::new_with_metadata(fields(label.data_type, label.flavour), metadata)
}

/// Columns as a batch of their label's schema; the columns' buffers become the batch's.
///
/// # Errors
/// [`SchemaError::Narrow`] under `v1-standard` for a value that does not fit it.
pub fn record_batch(columns: AnyColumns, label: &Label<'_>) -> Result<RecordBatch, SchemaError> {
    let arrays = arrays::build(columns, label)?;
    RecordBatch::try_new(Arc::new(arrow_schema(label)), arrays).map_err(|e| SchemaError::Arrow(e.to_string()))
}

/// A copy of rows `range` as a batch, the columns staying.
///
/// # Errors
/// As [`record_batch`].
pub fn record_batch_of(
    columns: &AnyColumns,
    range: std::ops::Range<usize>,
    label: &Label<'_>,
) -> Result<RecordBatch, SchemaError> {
    let mut part = AnyColumns::new(columns.data_type());
    part.extend_range(columns, range);
    record_batch(part, label)
}

#[cfg(test)]
mod tests;
