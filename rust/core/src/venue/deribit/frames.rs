//! Deribit's frames: which message one is.
//!
//! In: one JSON-RPC object: a notification (`method` is `subscription`, with a channel and its data), a heartbeat, or an
//! answer (`result` or `error`). Every frame is read to its last byte before the market hears of any item of it; then each
//! is told, and stands or falls alone (`tell.rs`).
//!
//! `method` comes before `params`, and the channel before its data. Where they do not, what follows is passed over and
//! read once the object's end is reached, by the same readers.

use std::collections::HashMap;

use super::bars::Chart;
use super::channels::{Channel, Topic};
use super::levels::{Form, Sides};
use super::messages::{
    Book, BookHead, Index, Interest, Mark, Quote, State, Ticker, Trade, Volatility, each, one,
};
use super::quotes::Quotes;
use super::rest;
use super::ticker::TickerState;
use super::usual::UsualBook;
use crate::accounting::End;
use crate::feed::{Connection, Frame, Market};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::said::Said;
use crate::venue::values::{Item, Text, or_syntax, pass, text};
use crate::venue::{Defined, VenueDecoder};

/// What `data` says, read to its end. Levels of books are in the scratch.
#[derive(Debug, Default)]
pub(super) enum Data<'a> {
    #[default]
    None,
    Trades(Vec<Item<Trade<'a>>>),
    Book(BookHead<'a>),
    Ticker(Box<Ticker<'a>>),
    Quote(Quote<'a>),
    Interest(Interest),
    Chart(Chart),
    Index(Index<'a>),
    Volatility(Volatility<'a>),
    Marks(Vec<Item<Mark<'a>>>),
    State(State<'a>),
}

/// What is kept from frame to frame: buffers and predictions.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub sides: Sides,
    pub unknown: UnknownKeys,
    /// Of books, and of what carries levels in an answer.
    pub book: Order,
    /// By channel: two message types never share one.
    pub orders: HashMap<u8, Order, foldhash::fast::RandomState>,
}

/// Reads Deribit's frames.
#[derive(Debug, Default)]
pub(super) struct DeribitDecoder {
    pub(super) scratch: Scratch,
    /// Predictions of the object around everything and of `params`; strangers among their keys.
    envelope: (Order, UnknownKeys),
    params: (Order, UnknownKeys),
    pub(super) quotes: Quotes,
    pub(super) tickers: Said<TickerState>,
}

/// The object around everything.
struct Envelope<'a, 's> {
    scratch: &'s mut Scratch,
    keys: &'s mut (Order, UnknownKeys),
    is_notification: bool,
    params: Option<Params<'a>>,
    /// Where `params` starts, when it came before `method`.
    params_at: Option<(usize, u32)>,
    result_at: Option<(usize, u32)>,
    /// When the venue answered, µs.
    answered_us: u64,
}

const HAS_METHOD: u64 = 1 << 1;
const HAS_RESULT: u64 = 1 << 4;
const HAS_ERROR: u64 = 1 << 5;

impl<'a> Message<'a> for Envelope<'a, '_> {
    const KEYS: &'static [Key] =
        keys!["jsonrpc", "method", "params", "id", "result", "error", "usIn", "usOut", "usDiff", "testnet"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            1 => self.is_notification = &*cursor.string()? == b"subscription",
            2 if self.is_notification => self.params = Some(Params::read(cursor, self.scratch, self.keys)?),
            2 => self.params_at = Some(pass(cursor)?),
            4 => self.result_at = Some(pass(cursor)?),
            7 => self.answered_us = cursor.u64()?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// `params` of a notification.
#[derive(Debug, Default)]
struct Params<'a> {
    channel: Text<'a>,
    data: Data<'a>,
    /// Where `data` starts, when it came before `channel`.
    data_at: Option<(usize, u32)>,
    has_data: bool,
}

/// The same in the making.
struct Reading<'a, 's> {
    scratch: &'s mut Scratch,
    params: Params<'a>,
}

impl<'a> Message<'a> for Reading<'a, '_> {
    const KEYS: &'static [Key] = keys!["channel", "data", "label"];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        let params = &mut self.params;
        match key {
            0 => cursor.string_into(&mut params.channel)?,
            1 => {
                params.has_data = true;
                if params.channel.is_empty() {
                    params.data_at = Some(pass(cursor)?);
                } else {
                    let channel = Topic::of(text(&params.channel)).channel;
                    params.data = read_data(channel, self.scratch, cursor)?;
                }
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

impl<'a> Params<'a> {
    fn read(
        cursor: &mut Cursor<'a>,
        scratch: &mut Scratch,
        (order, unknown): &mut (Order, UnknownKeys),
    ) -> Result<Self, JsonError> {
        let mut reading = Reading { scratch, params: Self::default() };
        cursor.object(&mut reading, order, unknown)?;
        Ok(reading.params)
    }
}

/// Reads what a channel's `data` holds.
fn read_data<'a>(
    channel: Channel,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
) -> Result<Data<'a>, JsonError> {
    let Scratch { sides, unknown, book, orders } = scratch;
    if channel == Channel::Book {
        return Ok(Data::Book(Book::read(cursor, Form::Told, sides, book, unknown)?));
    }
    let order = orders.entry(channel as u8).or_default();
    Ok(match channel {
        Channel::Grouped => Data::Book(Book::read(cursor, Form::Plain, sides, order, unknown)?),
        Channel::Trades => Data::Trades(each(cursor, order, unknown)?),
        Channel::Ticker => Data::Ticker(Box::new(ticker(cursor, order, unknown)?)),
        Channel::Quote => Data::Quote(one(cursor, order, unknown)?),
        Channel::Perpetual => Data::Interest(one(cursor, order, unknown)?),
        Channel::Chart => Data::Chart(one(cursor, order, unknown)?),
        Channel::PriceIndex => Data::Index(one(cursor, order, unknown)?),
        Channel::VolatilityIndex => Data::Volatility(one(cursor, order, unknown)?),
        Channel::Marks => Data::Marks(each(cursor, order, unknown)?),
        Channel::State => Data::State(one(cursor, order, unknown)?),
        Channel::Book | Channel::Other | Channel::Unknown => {
            cursor.skip()?;
            Data::None
        }
    })
}

/// Reads a ticker, of a channel or of an answer.
pub(super) fn ticker<'a>(
    cursor: &mut Cursor<'a>,
    order: &mut Order,
    unknown: &mut UnknownKeys,
) -> Result<Ticker<'a>, JsonError> {
    let ticker: Ticker<'a> = one(cursor, order, unknown)?;
    unknown.merge(ticker.unknown());
    Ok(ticker)
}

impl VenueDecoder for DeribitDecoder {
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        self.read(frame, market).map_err(|error| or_syntax(frame.body, error))
    }

    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError> {
        super::instruments::read(body, 0, market)
    }

    fn opened(&mut self, frame: &Frame<'_>) {
        self.tickers.forget(connection(frame));
    }

    fn snapshot_context(&self, symbol: &str) -> String {
        format!("/api/v2/public/get_order_book?instrument_name={symbol}&depth=10000")
    }

    fn unknown_keys(&self) -> UnknownKeys {
        let mut all = self.scratch.unknown.clone();
        all.merge(&self.envelope.1);
        all.merge(&self.params.1);
        all
    }
}

/// Which connection brought a frame.
pub(super) const fn connection(frame: &Frame<'_>) -> Connection {
    (frame.source, frame.conn)
}

impl DeribitDecoder {
    fn read(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        if let Some(UsualBook { topic, head }) = UsualBook::read(frame.body, &mut self.scratch.sides) {
            return self.tell(frame, topic, Data::Book(head), market);
        }
        let mut cursor = Cursor::new(frame.body);
        let mut envelope = Envelope {
            scratch: &mut self.scratch,
            keys: &mut self.params,
            is_notification: false,
            params: None,
            params_at: None,
            result_at: None,
            answered_us: 0,
        };
        let (order, unknown) = &mut self.envelope;
        let seen = cursor.object(&mut envelope, order, unknown)?;
        cursor.finish()?;
        let Envelope { is_notification, params, params_at, result_at, answered_us, .. } = envelope;
        if is_notification {
            let params = match (params, params_at) {
                (Some(params), _) => params,
                (None, Some(place)) => {
                    Params::read(&mut at(frame, place)?, &mut self.scratch, &mut self.params)?
                }
                (None, None) => return Err(Kind::Missing("params").into()),
            };
            return self.read_notification(params, frame, market);
        }
        match result_at {
            Some(place) if seen & HAS_METHOD == 0 => rest::read(self, place, answered_us, frame, market),
            _ if seen & (HAS_METHOD | HAS_RESULT | HAS_ERROR) != 0 => {
                market.item(End::Control);
                Ok(())
            }
            _ => {
                market.unknown_topic("(no method)");
                Ok(())
            }
        }
    }

    fn read_notification(
        &mut self,
        params: Params<'_>,
        frame: &Frame<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let Params { channel: name, mut data, data_at, has_data } = params;
        if name.is_empty() {
            return Err(Kind::Missing("channel").into());
        }
        let name = text(&name);
        let topic = Topic::of(name);
        match topic.channel {
            // By its family: there is one of each instrument.
            Channel::Unknown => market.unknown_topic(name.split('.').next().unwrap_or(name)),
            Channel::Other => market.item(End::Control),
            _ if !has_data => return Err(Kind::Missing("data").into()),
            channel => {
                if let Some(place) = data_at {
                    data = read_data(channel, &mut self.scratch, &mut at(frame, place)?)?;
                }
                self.tell(frame, topic, data, market)?;
            }
        }
        Ok(())
    }
}

/// A cursor at a value that was passed over.
pub(super) fn at<'a>(frame: &Frame<'a>, (start, depth): (usize, u32)) -> Result<Cursor<'a>, JsonError> {
    let mut cursor = Cursor::new(frame.body);
    cursor.pass_over(start, depth)?;
    cursor.seek(start);
    Ok(cursor)
}
