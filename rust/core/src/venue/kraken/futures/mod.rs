//! Kraken Futures: protocol v1 of the socket, REST answers. Wire format, continuity and symbology: `README.md` beside this
//! file.

mod frames;
mod instruments;
mod messages;
mod recognise;
mod rest;
mod sequence;
mod tell;

use crate::data::DataType;
use crate::venue::FeedSpec;
use frames::FuturesDecoder;

/// The channel of the socket's books.
const BOOK: &str = "book";
/// The channel of books from REST answers.
const REST_BOOK: &str = "snapshot";
/// The channel of a ticker's quotes.
const TICKER: &str = "ticker";

/// Kraken Futures.
pub static FUTURES: FeedSpec = FeedSpec {
    name: "kraken-futures",
    venue: "KRAKEN",
    title: "Kraken Futures, perpetual and dated",
    channels: &["trade", "book", "ticker"],
    rows: &[
        DataType::Trade,
        DataType::Quote,
        DataType::Delta,
        DataType::Bar,
        DataType::MarkPrice,
        DataType::IndexPrice,
        DataType::FundingRate,
        DataType::Liquidation,
        DataType::OpenInterest,
        DataType::Status,
    ],
    continuity: "seq follows seq",
    decoder: || Box::new(FuturesDecoder::default()),
    instrument: str::to_owned,
    is_symbol: crate::symbol::is_safe,
    book_rank: |channel| match channel {
        "" => 0,
        BOOK => 1,
        REST_BOOK => 2,
        TICKER => 3,
        _ => 4,
    },
    recognise_url: recognise::url,
    recognise_frame: recognise::frame,
};
