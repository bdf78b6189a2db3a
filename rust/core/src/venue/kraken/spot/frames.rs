//! Kraken's frames: which message one is.
//!
//! In: one frame, an object with `channel` and `data` or with `method` (protocol v2), an array or an object with `event`
//! (protocol v1), or a REST answer (`error` and `result`). Every frame is read to its last byte before the market hears of
//! any item of it; then each is told, and stands or falls alone (`tell.rs`).
//!
//! `channel` says what `data` is and comes before it. Where it does not, `data` is passed over and read once the object's
//! end is reached, by the same readers. The names of protocol v1 are always last, so its payloads are passed over first.

use std::collections::HashMap;

use super::channels::{Channel, book_name};
use super::depths::Depths;
use super::messages::{self, Bar, BookHead, BookOrder, OrdersHead, Subscribed, Ticker, Trade, books, each};
use super::symbols::{Keys, canonical};
use super::tell::Told;
use super::usual::UsualBook;
use super::{instruments, rest, v1};
use crate::accounting::End;
use crate::book::OrderChange;
use crate::feed::{Connection, Frame, Market};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::symbol::SlotId;
use crate::venue::values::{Item, Levels, Text, items, or_syntax, pass, text};
use crate::venue::{Defined, VenueDecoder};

/// What `data` says, read to its end. Levels of books are in the scratch.
#[derive(Debug, Default)]
pub(super) enum Data<'a> {
    #[default]
    None,
    Trades(Vec<Item<Trade<'a>>>),
    Books(Vec<Item<BookHead<'a>>>),
    /// Orders are in the scratch.
    Orders(Vec<Item<OrdersHead<'a>>>),
    Tickers(Vec<Item<Ticker<'a>>>),
    Bars(Vec<Item<Bar<'a>>>),
    /// Best bid and ask of protocol v1.
    Spread(v1::Spread),
    /// The same of its ticker, which has no time.
    Top(v1::Ticker),
    /// Read again from the frame's bytes.
    Instruments,
}

/// What is kept from frame to frame: buffers and predictions.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub levels: Levels,
    pub orders: Vec<OrderChange>,
    pub unknown: UnknownKeys,
    book: BookOrder,
    order: BookOrder,
    /// By channel: two message types never share one.
    items: [Order; 3],
    subscribed: Order,
    payload: Order,
}

/// Reads Kraken's frames.
#[derive(Debug, Default)]
pub(super) struct KrakenDecoder {
    pub(super) scratch: Scratch,
    /// Prediction and strangers of the envelope.
    envelope: (Order, UnknownKeys),
    pub(super) depths: Depths,
    /// The same of books by order.
    pub(super) order_depths: Depths,
    /// Whose snapshot a book by order stands on.
    pub(super) owners: HashMap<SlotId, Connection, foldhash::fast::RandomState>,
    /// Decimals that prices and sizes of a book are written with.
    pub(super) places: HashMap<SlotId, [u8; 2], foldhash::fast::RandomState>,
    pub(super) keys: Keys,
}

/// The object around everything.
struct Envelope<'a, 's> {
    scratch: &'s mut Scratch,
    name: Text<'a>,
    channel: Channel,
    kind: Text<'a>,
    data: Data<'a>,
    /// Where `data` starts, when it came before `channel`.
    data_at: Option<(usize, u32)>,
    method: Text<'a>,
    result_at: Option<(usize, u32)>,
}

const HAS_CHANNEL: u64 = 1;
const HAS_DATA: u64 = 1 << 2;
const HAS_METHOD: u64 = 1 << 4;
const HAS_ERROR: u64 = 1 << 7;
const HAS_EVENT: u64 = 1 << 12;
const HAS_RATE_ERROR: u64 = 1 << 13;

impl<'a> Message<'a> for Envelope<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "channel",
        "type",
        "data",
        "timestamp",
        "method",
        "result",
        "success",
        "error",
        "time_in",
        "time_out",
        "req_id",
        "symbol",
        "event",
        "Error",
        "channelID",
        "channelName",
        "pair",
        "status",
        "subscription",
        "connectionID",
        "version",
        "errorMessage",
        "reqid"
    ];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => {
                cursor.string_into(&mut self.name)?;
                self.channel = Channel::named(text(&self.name));
            }
            1 => cursor.string_into(&mut self.kind)?,
            2 if self.name.is_empty() => self.data_at = Some(pass(cursor)?),
            2 => self.data = read_data(self.channel, self.scratch, cursor)?,
            4 => cursor.string_into(&mut self.method)?,
            5 => self.result_at = Some(pass(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// Reads what the `data` of a channel of protocol v2 holds.
fn read_data<'a>(
    channel: Channel,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
) -> Result<Data<'a>, JsonError> {
    let Scratch { levels, orders, unknown, book, order, items: [trades, tickers, bars], .. } = scratch;
    Ok(match channel {
        Channel::Book => {
            levels.clear();
            let found = books(cursor, levels, book, unknown)?;
            // One event a message, as the venue sends them: what waits for a snapshot is accounted for frame by frame.
            if found.len() > 1 {
                return Err(cursor.error(Kind::Value));
            }
            Data::Books(found)
        }
        Channel::Orders => {
            let found = messages::orders(cursor, orders, order, unknown)?;
            if found.len() > 1 {
                return Err(cursor.error(Kind::Value));
            }
            Data::Orders(found)
        }
        Channel::Trade => Data::Trades(each(cursor, trades, unknown)?),
        Channel::Ticker => Data::Tickers(each(cursor, tickers, unknown)?),
        Channel::Candles => Data::Bars(each(cursor, bars, unknown)?),
        Channel::Instrument => {
            cursor.skip()?;
            Data::Instruments
        }
        Channel::Spread | Channel::Other | Channel::Unknown => {
            cursor.skip()?;
            Data::None
        }
    })
}

impl VenueDecoder for KrakenDecoder {
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        self.read(frame, market).map_err(|error| or_syntax(frame.body, error))
    }

    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError> {
        instruments::read_answer(body, 0, &mut self.keys, market)
            .or_else(|_| Ok(instruments::read_pushed(body, 0, market)?.0))
    }

    fn opened(&mut self, _: &Frame<'_>) {}

    fn snapshot_context(&self, symbol: &str) -> String {
        format!("/0/public/Depth?pair={symbol}&count=500")
    }

    fn unknown_keys(&self) -> UnknownKeys {
        let mut all = self.scratch.unknown.clone();
        all.merge(&self.envelope.1);
        all
    }
}

impl KrakenDecoder {
    fn read(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let mut cursor = Cursor::new(frame.body);
        if cursor.peek() == b'[' {
            return self.read_v1(frame, market);
        }
        let Scratch { levels, book, .. } = &mut self.scratch;
        if let Some(UsualBook { is_snapshot, head }) = UsualBook::read(frame.body, levels, book) {
            self.tell_books(frame, &Told { is_snapshot, ..Told::default() }, [Ok(head)], market);
            return Ok(());
        }
        let mut envelope = Envelope {
            scratch: &mut self.scratch,
            name: Text::default(),
            channel: Channel::default(),
            kind: Text::default(),
            data: Data::None,
            data_at: None,
            method: Text::default(),
            result_at: None,
        };
        let (order, unknown) = &mut self.envelope;
        let seen = cursor.object(&mut envelope, order, unknown)?;
        cursor.finish()?;
        let Envelope { name, channel, kind, mut data, data_at, method, result_at, .. } = envelope;
        if seen & HAS_CHANNEL == 0 {
            match result_at {
                Some(place) if seen & HAS_METHOD != 0 => self.acknowledge(frame, &method, place)?,
                Some(place) if seen & HAS_ERROR != 0 => return self.read_answer(place, frame, market),
                _ if seen & (HAS_METHOD | HAS_EVENT | HAS_ERROR | HAS_RATE_ERROR) != 0 => {}
                _ => {
                    market.unknown_topic("(no channel)");
                    return Ok(());
                }
            }
            market.item(End::Control);
            return Ok(());
        }
        if let Some(place) = data_at {
            data = read_data(channel, &mut self.scratch, &mut at(frame, place)?)?;
        }
        let told = match channel {
            Channel::Unknown => {
                market.unknown_topic(text(&name));
                return Ok(());
            }
            Channel::Other => {
                market.item(End::Control);
                return Ok(());
            }
            _ if seen & HAS_DATA == 0 => return Err(Kind::Missing("data").into()),
            Channel::Book | Channel::Orders => Told { is_snapshot: is_snapshot(&kind)?, ..Told::default() },
            _ => Told::default(),
        };
        self.tell(frame, &told, data, market)
    }

    /// Remembers how deep a book is that was subscribed to: its messages do not say.
    fn acknowledge(
        &mut self,
        frame: &Frame<'_>,
        method: &[u8],
        place: (usize, u32),
    ) -> Result<(), JsonError> {
        let mut cursor = at(frame, place)?;
        if method != b"subscribe" || cursor.peek() != b'{' {
            return Ok(());
        }
        let mut told = Subscribed::default();
        let Scratch { subscribed, unknown, .. } = &mut self.scratch;
        cursor.object(&mut told, subscribed, unknown)?;
        let depths = match &*told.channel {
            b"book" => &mut self.depths,
            b"level3" => &mut self.order_depths,
            _ => return Ok(()),
        };
        depths.acknowledge((frame.source, frame.conn), &told.symbol, told.depth);
        Ok(())
    }

    fn read_v1(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        let parts = v1::Parts::read(&mut Cursor::new(frame.body))?;
        let (channel, number) = Channel::named_v1(text(&parts.channel));
        let pair = canonical(text(&parts.pair));
        let first = parts.payloads.first().copied();
        let payload = || at(frame, first.ok_or(Kind::Missing("payload"))?);
        let mut told = Told { symbol: &pair, ..Told::default() };
        let Scratch { levels, unknown, payload: order, .. } = &mut self.scratch;
        let data = match channel {
            Channel::Trade => Data::Trades(items(&mut payload()?, |cursor, _| v1::trade(cursor))?),
            Channel::Spread => Data::Spread(v1::Spread::read(&mut payload()?)?),
            Channel::Ticker => {
                let mut top = v1::Ticker::default();
                payload()?.object(&mut top, order, unknown)?;
                Data::Top(top)
            }
            Channel::Candles => {
                let candle = v1::candle(&mut payload()?, number)?;
                Data::Bars(vec![Ok(Bar { candle, minutes: number, ..Bar::default() })])
            }
            Channel::Book => {
                levels.clear();
                let (mut head, mut seen) = (BookHead::default(), 0);
                payload()?;
                for place in &parts.payloads {
                    // Both sides of an update may come as an object each.
                    let keys = v1::book(&mut at(frame, *place)?, levels, &mut head, order, unknown)?;
                    if seen & keys != 0 {
                        return Err(Kind::DuplicateKey.into());
                    }
                    seen |= keys;
                }
                told.is_snapshot = seen & v1::WHOLE != 0;
                told.depth = Some(number);
                if seen == 0 || told.is_snapshot && seen & !v1::WHOLE & !v1::CHECKSUM != 0 {
                    return Err(Kind::Missing("as").into());
                }
                Data::Books(vec![Ok(head)])
            }
            Channel::Other => {
                market.item(End::Control);
                return Ok(());
            }
            Channel::Orders | Channel::Instrument | Channel::Unknown => {
                market.unknown_topic(text(&parts.channel));
                return Ok(());
            }
        };
        let name = book_name(number);
        told.name = &name;
        self.tell(frame, &told, data, market)
    }

    fn read_answer(
        &mut self,
        place: (usize, u32),
        frame: &Frame<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let mut cursor = at(frame, place)?;
        let Scratch { levels, unknown, payload, .. } = &mut self.scratch;
        levels.clear();
        for answer in rest::read(&mut cursor, frame.context, levels, payload, unknown)? {
            let (key, data) = answer;
            let data = match data {
                Ok(data) => data,
                Err(error) => {
                    market.reject_item(frame, &key, error);
                    continue;
                }
            };
            if matches!(data, Data::Instruments) {
                instruments::read_answer(frame.body, frame.ts, &mut self.keys, market)?.tell(frame, market);
                continue;
            }
            if matches!(data, Data::None) {
                market.item(End::Control);
                continue;
            }
            let Some(symbol) = self.keys.pair(&key) else {
                market.reject_item(frame, &key, Kind::Value.into());
                continue;
            };
            let told = Told { symbol: &symbol, ..Told::answer() };
            self.tell(frame, &told, data, market)?;
        }
        Ok(())
    }
}

/// A cursor at a value that was passed over.
fn at<'a>(frame: &Frame<'a>, (start, depth): (usize, u32)) -> Result<Cursor<'a>, JsonError> {
    let mut cursor = Cursor::new(frame.body);
    cursor.pass_over(start, depth)?;
    cursor.seek(start);
    Ok(cursor)
}

/// Whether a book's message is whole.
fn is_snapshot(kind: &[u8]) -> Result<bool, JsonError> {
    match kind {
        b"snapshot" => Ok(true),
        b"update" => Ok(false),
        b"" => Err(Kind::Missing("type").into()),
        _ => Err(Kind::Value.into()),
    }
}
