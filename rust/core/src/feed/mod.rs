//! A feed: the decoder of one recording of one venue product.
//!
//! In: frames in arrival order. Out: rows in per-instrument columns, gaps, rejects, and the accounting of every
//! byte. [`Feed`] is the state machine; the venue's folder reads frames ([`VenueDecoder`]) and tells the
//! [`Market`] what they say; the market owns instruments, books, de-duplication and columns. No I/O, no clock:
//! conversion, the live clients and the tests drive the same code.

mod book;
mod checks;
mod market;
mod moments;
mod newest;
mod options;
mod place;
mod reject;
mod rows;
mod running;
mod seen;
mod slot;
mod state;
mod stream;
mod told;
mod top;

pub use crate::book::{BookMessage, OnGap};
pub use book::GapRecord;
pub use market::{Context, Market};
pub use moments::{Moment, Role};
pub use newest::Connection;
pub use options::{FeedOptions, Limits, TradeMode, TypeSet};
pub use place::Place;
pub use reject::Reject;
pub(crate) use reject::excerpt;
pub use rows::{TradeFields, TradeId};
pub use running::{Candle, OpenBar};
pub(crate) use seen::fnv1a;
pub use state::{BookState, FeedState, InstrumentState, NumberRun, PartialState};
pub use stream::{Stream, StreamKey, TradeKind};
pub use top::{Top, TopState};

use crate::accounting::End;
use crate::frame::{Block, FrameKind, FrameMeta};
use crate::json::{JsonError, Kind};
use crate::venue::{FeedSpec, VenueDecoder};

/// One frame as a capture (or a socket) gives it.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The message.
    pub body: &'a [u8],
    /// Receive time, ns UTC; 0 where there is none.
    pub ts: u64,
    /// What it is.
    pub kind: FrameKind,
    /// Connection inside the source.
    pub conn: u32,
    /// URL of a REST answer or of the connection, or a hint of the symbol; empty where there is none.
    pub context: &'a str,
    /// Number of the source.
    pub source: u32,
    /// Bytes it counts for (more than `body` where the container kept only a part).
    pub bytes: u64,
    /// Byte offset in the decompressed source.
    pub offset: u64,
    /// Line in the source, 1-based; 0 where there are none.
    pub line: u64,
}

impl<'a> Frame<'a> {
    /// A frame received at `ts`, alone.
    #[must_use]
    pub const fn received(body: &'a [u8], ts: u64) -> Self {
        Self {
            body,
            ts,
            kind: FrameKind::Received,
            conn: 0,
            context: "",
            source: 0,
            bytes: body.len() as u64,
            offset: 0,
            line: 0,
        }
    }

    /// A frame of a block of the source numbered `source`.
    #[inline]
    #[must_use]
    pub fn of(block: &'a Block, meta: &FrameMeta, source: u32) -> Self {
        Self {
            body: block.body(meta),
            ts: meta.ts,
            kind: meta.kind,
            conn: meta.conn,
            context: block.context(meta),
            source,
            bytes: meta.len,
            offset: meta.offset,
            line: meta.line,
        }
    }
}

/// Decoder of one recording.
#[derive(Debug)]
pub struct Feed {
    spec: &'static FeedSpec,
    venue: Box<dyn VenueDecoder>,
    market: Market,
    frames: u64,
}

impl Feed {
    /// A decoder of `spec`.
    #[must_use]
    pub fn new(spec: &'static FeedSpec, options: FeedOptions) -> Self {
        Self { spec, venue: (spec.decoder)(), market: Market::new(spec, options), frames: 0 }
    }

    /// What it decodes.
    #[must_use]
    pub const fn spec(&self) -> &'static FeedSpec {
        self.spec
    }

    /// Instruments, columns, accounting.
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// The same, to take things out.
    pub const fn market_mut(&mut self) -> &mut Market {
        &mut self.market
    }

    /// Keys that no message declares, by name.
    #[must_use]
    pub fn unknown_keys(&self) -> crate::json::UnknownKeys {
        self.venue.unknown_keys()
    }

    /// Gives an answer of the venue's instrument endpoint that was not part of the recording; answers how many instruments
    /// it defines.
    ///
    /// # Errors
    /// What is wrong with it as a whole.
    pub fn define(&mut self, body: &[u8]) -> Result<usize, JsonError> {
        let defined = self.venue.define(body, &mut self.market)?;
        // One that defines nothing is another feed's.
        if defined.taken > 0 {
            self.market.refused_definitions.extend(defined.refused);
        }
        Ok(defined.taken)
    }

    /// Decodes one frame. A bad one never fails: it is a reject, and counted.
    pub fn push(&mut self, frame: &Frame<'_>) -> Option<End> {
        let number = self.frames;
        self.frames += 1;
        self.market.begin(frame);
        let end = match frame.kind {
            FrameKind::Received | FrameKind::Rest => match self.venue.decode(frame, &mut self.market) {
                Ok(()) => self.market.frame_end(),
                Err(error) => {
                    self.market.reject(frame, number, error);
                    Some(End::Reject)
                }
            },
            FrameKind::Malformed(reason) => {
                self.market.malformed(frame, number, reason.as_str());
                Some(End::Reject)
            }
            // Marks of the capture, no messages: they have no bytes to account for.
            FrameKind::Opened => {
                self.venue.opened(frame);
                return Some(End::Control);
            }
            FrameKind::Closed => return Some(End::Control),
            FrameKind::Sent => {
                self.market.item(End::Control);
                Some(End::Control)
            }
        };
        self.market.account(frame, end, number);
        end
    }

    /// The path and query, from the venue's REST root, of the request whose answer can be the base of a book; `None` where
    /// only the stream brings one, to those who subscribe anew.
    #[must_use]
    pub fn fetch(&self, symbol: &str, channel: &str) -> Option<String> {
        self.venue.fetch(symbol, channel)
    }

    /// A REST book answer of `symbol`, received at `ts`: of the book that was asked for, where that has answers of its own.
    pub fn snapshot(&mut self, symbol: &str, body: &[u8], ts: u64) -> Option<End> {
        let named = self.market.options.book.as_deref();
        let context = named
            .and_then(|channel| self.venue.fetch(symbol, channel))
            .unwrap_or_else(|| self.venue.snapshot_context(symbol));
        self.push(&Frame { kind: FrameKind::Rest, context: &context, ..Frame::received(body, ts) })
    }

    /// The input is over: books say what never joined.
    pub fn finish(&mut self) {
        self.market.finish();
    }
}

/// Whether an error inside a valid frame spoils only the item it is in.
#[must_use]
pub const fn is_item_error(error: &JsonError) -> bool {
    !error.kind.is_syntax() && !matches!(error.kind, Kind::OtherEvent)
}
