//! Kraken spot: protocol v2, captures of protocol v1, REST answers. Wire format, continuity and symbology: `README.md`
//! beside this file.

mod channels;
mod depths;
mod frames;
mod instruments;
mod messages;
mod recognise;
mod rest;
mod sequence;
mod symbols;
mod tell;
mod usual;
mod v1;

use crate::data::DataType;
use crate::venue::FeedSpec;
use frames::KrakenDecoder;

/// The pair, as protocol v2 names it, of a name that has no slash; `None` where it names none.
pub(crate) fn pair(name: &str) -> Option<String> {
    symbols::Keys::default().pair(name)
}

/// Kraken spot.
pub static SPOT: FeedSpec = FeedSpec {
    name: "kraken-spot",
    venue: "KRAKEN",
    title: "Kraken spot, protocols v2 and v1",
    channels: &["trade", "book", "ticker", "ohlc", "instrument", "spread", "level3"],
    rows: &[DataType::Trade, DataType::Quote, DataType::Delta, DataType::Bar, DataType::Status],
    continuity: "the checksum of the ten best levels",
    decoder: || Box::new(KrakenDecoder::default()),
    instrument: str::to_owned,
    is_symbol: crate::symbol::is_safe_pair,
    book_rank: channels::book_rank,
    recognise_url: recognise::url,
    recognise_frame: recognise::frame,
};
