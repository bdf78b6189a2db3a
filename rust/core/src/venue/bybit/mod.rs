//! Bybit v5: spot, linear, inverse, options. Wire format, sequence rule and symbology: `README.md` beside this
//! file.

mod frames;
mod instruments;
mod messages;
mod recognise;
mod rest;
mod sequence;
mod ticker;
mod topics;
mod usual;

use super::FeedSpec;
use crate::data::DataType;
use frames::BybitDecoder;

/// The product: the last part of the path that a connection is opened under. No frame names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Spot,
    Linear,
    Inverse,
    Option,
}

impl Product {
    /// The venue's name of it: in paths, and as the `category` of REST requests and answers.
    const fn name(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Linear => "linear",
            Self::Inverse => "inverse",
            Self::Option => "option",
        }
    }

    /// The product of a name.
    fn named(name: &str) -> Option<Self> {
        [Self::Spot, Self::Linear, Self::Inverse, Self::Option].into_iter().find(|p| p.name() == name)
    }
}

/// Bybit spot.
pub static SPOT: FeedSpec = FeedSpec {
    name: "bybit-spot",
    title: "Bybit spot",
    channels: &["publicTrade", "orderbook.50/200/1000", "orderbook.1", "kline"],
    rows: &[DataType::Trade, DataType::Quote, DataType::Delta, DataType::Bar],
    decoder: || Box::new(BybitDecoder::new(Product::Spot)),
    instrument: |symbol| format!("{symbol}-SPOT"),
    recognise_url: |url| recognise::url(Product::Spot, url),
    recognise_frame: |frame| recognise::frame(Product::Spot, frame),
    ..SHAPE
};

/// Bybit linear contracts: settled in USDT or USDC.
pub static LINEAR: FeedSpec = FeedSpec {
    name: "bybit-linear",
    title: "Bybit linear contracts (USDT, USDC)",
    channels: CONTRACT_CHANNELS,
    rows: CONTRACT_ROWS,
    decoder: || Box::new(BybitDecoder::new(Product::Linear)),
    instrument: |symbol| format!("{symbol}-LINEAR"),
    recognise_url: |url| recognise::url(Product::Linear, url),
    recognise_frame: |frame| recognise::frame(Product::Linear, frame),
    ..SHAPE
};

/// Bybit inverse contracts: settled in the coin, sizes in USD.
pub static INVERSE: FeedSpec = FeedSpec {
    name: "bybit-inverse",
    title: "Bybit inverse contracts",
    channels: CONTRACT_CHANNELS,
    rows: CONTRACT_ROWS,
    decoder: || Box::new(BybitDecoder::new(Product::Inverse)),
    instrument: |symbol| format!("{symbol}-INVERSE"),
    recognise_url: |url| recognise::url(Product::Inverse, url),
    recognise_frame: |frame| recognise::frame(Product::Inverse, frame),
    ..SHAPE
};

/// Bybit options.
pub static OPTION: FeedSpec = FeedSpec {
    name: "bybit-option",
    title: "Bybit options",
    channels: &["publicTrade", "orderbook.25/100", "tickers"],
    rows: &[
        DataType::Trade,
        DataType::Quote,
        DataType::Delta,
        DataType::MarkPrice,
        DataType::IndexPrice,
        DataType::OptionGreeks,
        DataType::OpenInterest,
    ],
    decoder: || Box::new(BybitDecoder::new(Product::Option)),
    instrument: |symbol| format!("{symbol}-OPTION"),
    recognise_url: |url| recognise::url(Product::Option, url),
    recognise_frame: |frame| recognise::frame(Product::Option, frame),
    ..SHAPE
};

/// The feed of a contract's symbol.
#[must_use]
pub fn contract(symbol: &str) -> &'static FeedSpec {
    if recognise::is_inverse(symbol) { &INVERSE } else { &LINEAR }
}

const CONTRACT_ROWS: &[DataType] = &[
    DataType::Trade,
    DataType::Quote,
    DataType::Delta,
    DataType::Bar,
    DataType::MarkPrice,
    DataType::IndexPrice,
    DataType::FundingRate,
    DataType::Liquidation,
    DataType::OpenInterest,
];

const CONTRACT_CHANNELS: &[&str] = &[
    "publicTrade",
    "orderbook.50/200/500/1000",
    "orderbook.1",
    "tickers",
    "kline",
    "allLiquidation",
    "liquidation",
];

/// What the four share.
const SHAPE: FeedSpec = FeedSpec {
    name: "",
    venue: "BYBIT",
    title: "",
    channels: &[],
    rows: &[],
    continuity: "u follows u",
    decoder: || Box::new(BybitDecoder::new(Product::Spot)),
    instrument: str::to_owned,
    is_symbol: crate::symbol::is_safe,
    book_rank: topics::book_rank,
    recognise_url: |_| 0,
    recognise_frame: |_| 0,
};
