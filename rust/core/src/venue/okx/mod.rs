//! OKX v5: spot, margin, swaps, futures, options. Wire format, sequence rule and symbology: `README.md` beside this
//! file.

mod bars;
mod channels;
mod frames;
mod instruments;
mod messages;
mod recognise;
mod rest;
mod sequence;
mod tell;
mod usual;

use super::FeedSpec;
use crate::data::DataType;
use frames::OkxDecoder;

/// OKX, all instruments: every frame names its own, so one feed has them all.
pub static OKX: FeedSpec = FeedSpec {
    name: "okx",
    venue: "OKX",
    title: "OKX spot, swaps, futures, options",
    channels: &[
        "trades",
        "trades-all",
        "books",
        "books-l2-tbt",
        "books50-l2-tbt",
        "books5",
        "bbo-tbt",
        "tickers",
        "candle*",
        "mark-price",
        "index-tickers",
        "funding-rate",
        "liquidation-orders",
        "open-interest",
        "opt-summary",
        "instruments",
    ],
    rows: &[
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
        DataType::OptionGreeks,
        DataType::Status,
    ],
    continuity: "prevSeqId is the last seqId; the checksum where there is one",
    decoder: || Box::new(OkxDecoder::default()),
    instrument: str::to_owned,
    is_symbol: crate::symbol::is_safe,
    book_rank: channels::book_rank,
    recognise_url: recognise::url,
    recognise_frame: recognise::frame,
};
