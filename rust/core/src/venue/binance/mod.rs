//! Binance: spot, USD-M and COIN-M futures. Wire format, sequence rule and symbology: `README.md` beside this
//! file.

#[cfg(feature = "bench")]
pub(crate) mod bench;
mod frames;
mod instruments;
mod messages;
mod recognise;
mod rest;
mod sequence;
mod streams;
mod tell;
mod usual;

use super::FeedSpec;
use crate::data::DataType;
use frames::BinanceDecoder;

/// The product: what differs on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Spot,
    Usdm,
    Coinm,
}

/// Binance spot (and Binance.US, which speaks the same).
pub static SPOT: FeedSpec = FeedSpec {
    name: "binance-spot",
    venue: "BINANCE",
    title: "Binance spot (and Binance.US)",
    channels: &["trade", "aggTrade", "bookTicker", "depth", "depth5/10/20", "kline"],
    rows: &[DataType::Trade, DataType::Quote, DataType::Delta, DataType::Depth10, DataType::Bar],
    continuity: "U follows u",
    decoder: || Box::new(BinanceDecoder::new(Product::Spot)),
    instrument: str::to_owned,
    is_symbol: streams::is_symbol,
    book_rank: streams::book_rank,
    recognise_url: |url| recognise::url(Product::Spot, url),
    recognise_frame: |frame| recognise::frame(Product::Spot, frame),
};

/// Binance USD-M futures.
pub static USDM: FeedSpec = FeedSpec {
    name: "binance-usdm",
    venue: "BINANCE",
    title: "Binance USD-M futures",
    channels: &[
        "trade",
        "aggTrade",
        "bookTicker",
        "depth",
        "rpiDepth",
        "depth5/10/20",
        "kline",
        "markPrice",
        "forceOrder",
        "contractInfo",
        "openInterest",
    ],
    rows: FUTURES_ROWS,
    continuity: FUTURES_CONTINUITY,
    decoder: || Box::new(BinanceDecoder::new(Product::Usdm)),
    instrument: streams::futures_id,
    is_symbol: streams::is_symbol,
    book_rank: streams::book_rank,
    recognise_url: |url| recognise::url(Product::Usdm, url),
    recognise_frame: |frame| recognise::frame(Product::Usdm, frame),
};

/// Binance COIN-M futures.
pub static COINM: FeedSpec = FeedSpec {
    name: "binance-coinm",
    title: "Binance COIN-M futures",
    channels: &[
        "trade",
        "aggTrade",
        "bookTicker",
        "depth",
        "depth5/10/20",
        "kline",
        "markPrice",
        "indexPrice",
        "forceOrder",
        "contractInfo",
        "openInterest",
    ],
    rows: FUTURES_ROWS,
    decoder: || Box::new(BinanceDecoder::new(Product::Coinm)),
    recognise_url: |url| recognise::url(Product::Coinm, url),
    recognise_frame: |frame| recognise::frame(Product::Coinm, frame),
    ..USDM_SHAPE
};

const FUTURES_ROWS: &[DataType] = &[
    DataType::Trade,
    DataType::Quote,
    DataType::Delta,
    DataType::Depth10,
    DataType::Bar,
    DataType::MarkPrice,
    DataType::IndexPrice,
    DataType::FundingRate,
    DataType::Liquidation,
    DataType::OpenInterest,
    DataType::Status,
];

const FUTURES_CONTINUITY: &str = "pu is the last u";

/// What COIN-M shares with USD-M.
const USDM_SHAPE: FeedSpec = FeedSpec {
    name: "",
    venue: "BINANCE",
    title: "",
    channels: &[],
    rows: &[],
    continuity: FUTURES_CONTINUITY,
    decoder: || Box::new(BinanceDecoder::new(Product::Usdm)),
    instrument: streams::futures_id,
    is_symbol: streams::is_symbol,
    book_rank: streams::book_rank,
    recognise_url: |_| 0,
    recognise_frame: |_| 0,
};
