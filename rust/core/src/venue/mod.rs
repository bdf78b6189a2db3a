//! Venues: one folder per exchange, one registry line per feed.

use std::sync::Arc;

use crate::data::DataType;
use crate::feed::{Frame, Market};
use crate::json::{JsonError, UnknownKeys};

pub use definitions::Defined;

pub mod binance;
pub mod bybit;
mod definitions;
pub mod deribit;
mod each;
#[cfg(test)]
mod forms;
pub mod kraken;
pub mod okx;
mod said;
mod shape;
mod url;
mod values;

/// What a venue's folder provides: it reads frames and tells the market what they say.
pub trait VenueDecoder: std::fmt::Debug + Send {
    /// Reads one frame that was received (or a REST answer).
    ///
    /// # Errors
    /// What is wrong with the frame as a whole; items of it that are bad are told to the market.
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError>;

    /// Reads an answer of the venue's instrument endpoint.
    ///
    /// # Errors
    /// What is wrong with it as a whole.
    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError>;

    /// A connection was opened.
    fn opened(&mut self, frame: &Frame<'_>);

    /// The URL under which a REST book answer of `symbol` is asked for.
    fn snapshot_context(&self, symbol: &str) -> String;

    /// The path and query of the request whose answer can be the base of the book of `channel`; `None` where only the
    /// stream brings one, to those who subscribe anew.
    fn fetch(&self, _symbol: &str, _channel: &str) -> Option<String> {
        None
    }

    /// Keys that no message declares.
    fn unknown_keys(&self) -> UnknownKeys;
}

/// One feed: a venue's product with one wire protocol.
#[derive(Debug)]
pub struct FeedSpec {
    /// Its name: `binance-usdm`.
    pub name: &'static str,
    /// Nautilus's venue: `BINANCE`.
    pub venue: &'static str,
    /// In words.
    pub title: &'static str,
    /// Channels that give rows, for the table of feeds.
    pub channels: &'static [&'static str],
    /// Types of rows it gives, for the table of feeds.
    pub rows: &'static [DataType],
    /// What proves that no book update is missing, for the table of feeds.
    pub continuity: &'static str,
    /// Makes a decoder.
    pub decoder: fn() -> Box<dyn VenueDecoder>,
    /// The instrument id of a venue symbol, without the venue.
    pub instrument: fn(&str) -> String,
    /// Whether a text may be the symbol of an instrument: it becomes the name of a folder.
    pub is_symbol: fn(&str) -> bool,
    /// Book channels from best to worst: a lower number is preferred.
    pub book_rank: fn(&str) -> u32,
    /// How sure a URL or a frame makes one that it is this feed; 0 = not at all.
    pub recognise_url: fn(&str) -> u32,
    /// The same for a frame's bytes.
    pub recognise_frame: fn(&[u8]) -> u32,
}

impl FeedSpec {
    /// The Nautilus id of a venue symbol.
    #[must_use]
    pub fn instrument_id(&self, symbol: &str) -> Arc<str> {
        format!("{}.{}", (self.instrument)(symbol), self.venue).into()
    }
}

/// Every feed.
pub static REGISTRY: [&FeedSpec; 11] = [
    &binance::SPOT,
    &binance::USDM,
    &binance::COINM,
    &bybit::SPOT,
    &bybit::LINEAR,
    &bybit::INVERSE,
    &bybit::OPTION,
    &okx::OKX,
    &kraken::SPOT,
    &kraken::FUTURES,
    &deribit::DERIBIT,
];

/// The feed called `name`.
#[must_use]
pub fn feed(name: &str) -> Option<&'static FeedSpec> {
    REGISTRY.iter().copied().find(|spec| spec.name == name)
}

/// The feeds that URLs and first frames may speak of: one where they tell it, several where these send the same text,
/// none where nothing is known of it.
#[must_use]
pub fn candidates<'a>(
    urls: impl IntoIterator<Item = &'a str>,
    frames: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<&'static FeedSpec> {
    let mut scores = [0_u64; REGISTRY.len()];
    for url in urls {
        for (score, spec) in scores.iter_mut().zip(REGISTRY) {
            *score += u64::from((spec.recognise_url)(url)) * 1_000;
        }
    }
    for frame in frames {
        for (score, spec) in scores.iter_mut().zip(REGISTRY) {
            *score += u64::from((spec.recognise_frame)(frame));
        }
    }
    let best = scores.iter().copied().max().unwrap_or_default();
    let at_best = scores.iter().zip(REGISTRY).filter(|(score, _)| best > 0 && **score == best);
    at_best.map(|(_, spec)| spec).collect()
}
