//! OKX's frames: which message one is.
//!
//! In: one frame, an object with `arg` and `data`, an answer to a command (`event`), a REST answer (`code`), or the text
//! `pong`. Every frame is read to its last byte before the market hears of any item of it; then each is told, and
//! stands or falls alone (`tell.rs`).
//!
//! `arg` says what `data` is and nearly always comes before it. Where it does not, `data` is passed over and read once
//! the object's end is reached, by the same readers.

use std::collections::HashMap;

use super::channels::{Channel, FILE_BOOK};
use super::messages::{
    Arg, Book, BookHead, Candle, Forced, Funding, Greeks, Index, Liquidations, Mark, OpenInterest, Ticker,
    Trade, each,
};
use super::tell::Told;
use super::usual::UsualBook;
use super::{instruments, rest};
use crate::accounting::End;
use crate::feed::{Frame, Market};
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::shape;
use crate::venue::values::{Item, Levels, Text, items, or_syntax, pass, text};
use crate::venue::{Defined, VenueDecoder};

/// What `data` says, read to its end. Levels of books are in the scratch.
#[derive(Debug, Default)]
pub(super) enum Data<'a> {
    #[default]
    None,
    Trades(Vec<Item<Trade<'a>>>),
    Books(Vec<Item<BookHead<'a>>>),
    Tickers(Vec<Item<Ticker<'a>>>),
    Candles(Vec<Item<Candle>>),
    Marks(Vec<Item<Mark<'a>>>),
    Indices(Vec<Item<Index<'a>>>),
    Funding(Vec<Item<Funding<'a>>>),
    Liquidations(Vec<Item<Liquidations<'a>>>),
    /// The same, of the instrument that `arg` names.
    Forced(Vec<Item<Forced>>),
    OpenInterest(Vec<Item<OpenInterest<'a>>>),
    Greeks(Vec<Item<Greeks<'a>>>),
    /// Read again from the frame's bytes.
    Instruments,
}

/// What is kept from frame to frame: buffers and predictions.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub levels: Levels,
    pub unknown: UnknownKeys,
    arg: Order,
    /// By channel: two message types never share one.
    items: HashMap<u8, Order, foldhash::fast::RandomState>,
    book: Order,
    line: Order,
}

/// Reads OKX's frames.
#[derive(Debug, Default)]
pub(super) struct OkxDecoder {
    pub(super) scratch: Scratch,
    /// Prediction and strangers of the envelope.
    envelope: (Order, UnknownKeys),
    /// Whether a book had a checksum.
    with_texts: bool,
}

/// The object around everything.
struct Envelope<'a, 's> {
    scratch: &'s mut Scratch,
    arg: Arg<'a>,
    channel: Channel,
    action: Text<'a>,
    data: Data<'a>,
    /// Where `data` starts, when it came before `arg`.
    data_at: Option<(usize, u32)>,
    table: Text<'a>,
}

const HAS_ARG: u64 = 1;
const HAS_DATA: u64 = 1 << 2;
const HAS_EVENT: u64 = 1 << 3;
const HAS_CODE: u64 = 1 << 4;
const HAS_OP: u64 = 1 << 8;
const HAS_TABLE: u64 = 1 << 12;
/// `action`, `instId`, `asks`, `bids`: a line of a published file of books.
const IS_LINE: u64 = 1 << 1 | 1 << 15 | 1 << 16 | 1 << 17;

impl<'a> Message<'a> for Envelope<'a, '_> {
    const KEYS: &'static [Key] = keys![
        "arg",
        "action",
        "data",
        "event",
        "code",
        "msg",
        "connId",
        "id",
        "op",
        "args",
        "channel",
        "connCount",
        "table",
        "inTime",
        "outTime",
        "instId",
        "asks",
        "bids",
        "ts"
    ];

    #[inline]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => {
                let Scratch { arg, unknown, .. } = &mut *self.scratch;
                cursor.object(&mut self.arg, arg, unknown)?;
                self.channel = Channel::named(text(&self.arg.channel));
            }
            1 => cursor.string_into(&mut self.action)?,
            2 if self.arg.channel.is_empty() => self.data_at = Some(pass(cursor)?),
            2 => self.data = read_data(self.channel, self.scratch, cursor)?,
            12 => cursor.string_into(&mut self.table)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// Reads what a channel's `data` holds.
pub(super) fn read_data<'a>(
    channel: Channel,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
) -> Result<Data<'a>, JsonError> {
    let Scratch { levels, unknown, items: orders, book, .. } = scratch;
    if matches!(channel, Channel::Book | Channel::Partial | Channel::Best) {
        levels.clear();
        let found = Book::each(cursor, levels, book, unknown)?;
        // One event a message, as the venue sends them: what waits for a snapshot is accounted for frame by frame.
        return if channel == Channel::Book && found.len() > 1 {
            Err(cursor.error(Kind::Value))
        } else {
            Ok(Data::Books(found))
        };
    }
    let order = orders.entry(channel as u8).or_default();
    Ok(match channel {
        Channel::Trades => Data::Trades(each(cursor, order, unknown)?),
        Channel::Ticker => Data::Tickers(each(cursor, order, unknown)?),
        Channel::Candles => Data::Candles(items(cursor, |cursor, _| Candle::read(cursor))?),
        Channel::Mark => Data::Marks(each(cursor, order, unknown)?),
        Channel::Index => Data::Indices(each(cursor, order, unknown)?),
        Channel::Funding => Data::Funding(each(cursor, order, unknown)?),
        Channel::Forced => Data::Forced(each(cursor, order, unknown)?),
        Channel::OpenInterest => Data::OpenInterest(each(cursor, order, unknown)?),
        Channel::Greeks => Data::Greeks(each(cursor, order, unknown)?),
        Channel::Liquidations => {
            let read: Vec<Item<Liquidations<'a>>> = each(cursor, order, unknown)?;
            read.iter().flatten().for_each(|item| unknown.merge(item.unknown()));
            Data::Liquidations(read)
        }
        Channel::Instruments => {
            cursor.skip()?;
            Data::Instruments
        }
        Channel::Book | Channel::Partial | Channel::Best | Channel::Other | Channel::Unknown => {
            cursor.skip()?;
            Data::None
        }
    })
}

impl VenueDecoder for OkxDecoder {
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        self.read(frame, market).map_err(|error| or_syntax(frame.body, error))
    }

    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError> {
        Ok(instruments::read(body, 0, market)?.0)
    }

    fn opened(&mut self, _: &Frame<'_>) {}

    fn snapshot_context(&self, symbol: &str) -> String {
        format!("/api/v5/market/books?instId={symbol}&sz=400")
    }

    fn unknown_keys(&self) -> UnknownKeys {
        let mut all = self.scratch.unknown.clone();
        all.merge(&self.envelope.1);
        all
    }
}

impl OkxDecoder {
    fn read(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        if matches!(frame.body, b"pong" | b"ping") {
            // Keep-alives are text, not JSON.
            market.item(End::Control);
            return Ok(());
        }
        if let Some(UsualBook { name, symbol, is_snapshot, head }) =
            UsualBook::read(frame.body, &mut self.scratch.levels, &mut self.with_texts)
        {
            let told = Told { channel: Channel::Book, name, symbol, is_snapshot };
            self.tell_books((frame, &told), [Ok(head)], market);
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.body);
        let mut envelope = Envelope {
            scratch: &mut self.scratch,
            arg: Arg::default(),
            channel: Channel::default(),
            action: Text::default(),
            data: Data::None,
            data_at: None,
            table: Text::default(),
        };
        let (order, unknown) = &mut self.envelope;
        let seen = cursor.object(&mut envelope, order, unknown)?;
        cursor.finish()?;
        if seen & HAS_EVENT != 0 {
            market.item(End::Control);
            return Ok(());
        }
        if seen & (HAS_ARG | IS_LINE) == IS_LINE {
            let is_snapshot = is_snapshot(&envelope.action)?;
            return self.read_line(is_snapshot, frame, market);
        }
        if seen & HAS_ARG == 0 {
            let answer = envelope.data_at.filter(|_| seen & HAS_CODE != 0);
            let table = envelope.table;
            match answer {
                Some(place) if seen & HAS_OP == 0 => return self.read_answer(place, frame, market),
                _ if seen & (HAS_OP | HAS_CODE) != 0 => market.item(End::Control),
                _ if seen & HAS_TABLE != 0 => market.unknown_topic(text(&table)),
                _ => market.unknown_topic("(no arg)"),
            }
            return Ok(());
        }
        if envelope.arg.channel.is_empty() {
            return Err(Kind::Missing("channel").into());
        }
        if let Some(place) = envelope.data_at {
            let mut cursor = at(frame, place)?;
            envelope.data = read_data(envelope.channel, envelope.scratch, &mut cursor)?;
        }
        let Envelope { arg, channel, action, data, .. } = envelope;
        match channel {
            Channel::Unknown => market.unknown_topic(text(&arg.channel)),
            Channel::Other => market.item(End::Control),
            _ if seen & HAS_DATA == 0 => return Err(Kind::Missing("data").into()),
            _ => {
                let is_snapshot = if channel == Channel::Book { is_snapshot(&action)? } else { true };
                let (name, symbol) = (text(&arg.channel), text(&arg.symbol));
                self.tell(frame, &Told { channel, name, symbol, is_snapshot }, data, market)?;
            }
        }
        Ok(())
    }

    /// A line of a published file of books: an item of a book's message, with what the message would say of it.
    fn read_line(
        &mut self,
        is_snapshot: bool,
        frame: &Frame<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let Scratch { levels, unknown, line, .. } = &mut self.scratch;
        levels.clear();
        let data = Data::Books(vec![Ok(Book::one(&mut Cursor::new(frame.body), levels, line, unknown)?)]);
        let told = Told { channel: Channel::Book, name: FILE_BOOK, symbol: "", is_snapshot };
        self.tell(frame, &told, data, market)
    }

    fn read_answer(
        &mut self,
        place: (usize, u32),
        frame: &Frame<'_>,
        market: &mut Market,
    ) -> Result<(), JsonError> {
        let mut cursor = at(frame, place)?;
        let (channel, name) = rest::channel(frame.context, &mut cursor)?;
        if channel == Channel::Unknown {
            market.unknown_topic(shape::UNKNOWN);
            return Ok(());
        }
        let mut data = read_data(channel, &mut self.scratch, &mut cursor)?;
        rest::oldest_first(&mut data);
        let symbol = rest::symbol(frame.context);
        let told = Told { channel, name: &name, symbol: &symbol, is_snapshot: true };
        self.tell(frame, &told, data, market)
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
fn is_snapshot(action: &[u8]) -> Result<bool, JsonError> {
    match action {
        b"snapshot" => Ok(true),
        b"update" => Ok(false),
        b"" => Err(Kind::Missing("action").into()),
        _ => Err(Kind::Value.into()),
    }
}
