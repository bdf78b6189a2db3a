//! Deribit: futures, perpetuals, options, spot, and spreads of them. Wire format, continuity and symbology: `README.md`
//! beside this file.

mod bars;
mod channels;
mod frames;
mod instruments;
mod levels;
mod messages;
mod quotes;
mod recognise;
mod rest;
mod sequence;
mod symbols;
mod tell;
mod ticker;
mod usual;

use super::FeedSpec;
use crate::data::DataType;
use frames::DeribitDecoder;
pub(crate) use symbols::is_spread;

/// Deribit, all instruments: every frame names its own, so one feed has them all.
pub static DERIBIT: FeedSpec = FeedSpec {
    name: "deribit",
    venue: "DERIBIT",
    title: "Deribit futures, options, spot, spreads",
    channels: &[
        "book",
        "trades",
        "ticker",
        "incremental_ticker",
        "quote",
        "perpetual",
        "chart.trades",
        "deribit_price_index",
        "deribit_volatility_index",
        "markprice.options",
        "instrument.state",
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
        DataType::VolatilityIndex,
        DataType::Status,
    ],
    continuity: "prev_change_id is the last change_id",
    decoder: || Box::new(DeribitDecoder::default()),
    instrument: str::to_owned,
    is_symbol: crate::symbol::is_safe,
    book_rank: channels::book_rank,
    recognise_url: recognise::url,
    recognise_frame: recognise::frame,
};
