//! Binance's frames: which message one is, and its reading.
//!
//! What it tells the market is [`tell`]'s business.
//!
//! In: one frame (raw, combined, or a REST answer under its URL). Every frame is read to its last byte into
//! [`Parsed`] values before the market hears of any of them; then each is told, and stands or falls alone.
//!
//! The kind of a message is its `e`, which is nearly always its first key; spot's `bookTicker` has none and
//! starts with `u`. Both are guessed from the first bytes. A guess that fails (keys in another order) costs one
//! look through the message ([`event_of`]), and then the same readers are used.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Product;
use super::messages::{
    AggTrade, BookTicker, ContractInfo, Depth, ForceOrder, FundingRate, IndexPrice, Kline, MarkPrice,
    OpenInterest, RestMark, Snapshot, Trade,
};
use super::tell::tell;
use super::usual::Taken;
use super::{instruments, rest, streams};
use crate::book::Update;
use crate::feed::{Frame, Market, TradeKind, is_item_error};
use crate::frame::FrameKind;
use crate::json::{Cursor, JsonError, Key, Kind, Message, Order, UnknownKeys, keys};
use crate::venue::values::{Levels, require};
use crate::venue::{Defined, VenueDecoder};

/// What a message says, read to its end.
#[derive(Debug)]
pub(super) enum Parsed<'a> {
    Trade(TradeKind, Trade<'a>),
    BookTicker(BookTicker<'a>),
    /// Levels are in the decoder's scratch.
    Depth {
        symbol: Cow<'a, [u8]>,
        update: Update,
        ts_event: u64,
    },
    /// A spot partial book or a REST answer; levels are in the scratch.
    Snapshot {
        symbol: Cow<'a, [u8]>,
        last: i64,
        transaction: u64,
    },
    Kline(Box<Kline<'a>>),
    Mark(MarkPrice<'a>),
    Index(IndexPrice<'a>),
    ForceOrder(Box<ForceOrder<'a>>),
    Contract(ContractInfo<'a>),
    OpenInterest(OpenInterest<'a>),
    Funding(FundingRate<'a>),
    Control,
    Unknown(String),
    Bad(JsonError),
}

/// Puts an empty message of a kind into a [`Parsed`] and gives access to it: what is read never moves.
macro_rules! begin {
    ($parsed:expr, $variant:ident($($first:expr)?)) => {{
        *$parsed = Parsed::$variant($($first,)? Default::default());
        match $parsed {
            begin!(@pattern message $variant $($first)?) => message,
            _ => unreachable!("set above"),
        }
    }};
    (@pattern $message:ident $variant:ident $first:expr) => { Parsed::$variant(_, $message) };
    (@pattern $message:ident $variant:ident) => { Parsed::$variant($message) };
}

impl Parsed<'_> {
    /// The symbol it names, for the error.
    pub(super) fn symbol(&self) -> &[u8] {
        match self {
            Self::Trade(_, m) => &m.symbol,
            Self::BookTicker(m) => &m.symbol,
            Self::Depth { symbol, .. } | Self::Snapshot { symbol, .. } => symbol,
            _ => b"",
        }
    }
}

/// Kinds of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Trade,
    AggTrade,
    BookTicker,
    Depth,
    Snapshot,
    Kline,
    Mark,
    Index,
    ForceOrder,
    Contract,
    OpenInterest,
    RestMark,
    Funding,
    Definitions,
    Control,
    Unknown,
}

fn event_named(name: &[u8]) -> Event {
    match name {
        b"trade" => Event::Trade,
        b"aggTrade" => Event::AggTrade,
        b"bookTicker" => Event::BookTicker,
        b"depthUpdate" => Event::Depth,
        b"kline" => Event::Kline,
        b"markPriceUpdate" => Event::Mark,
        b"indexPriceUpdate" => Event::Index,
        b"forceOrder" => Event::ForceOrder,
        b"contractInfo" => Event::Contract,
        b"24hrTicker" | b"24hrMiniTicker" | b"1hTicker" | b"4hTicker" | b"1dTicker" | b"avgPrice"
        | b"referencePrice" | b"blockTrade" | b"continuous_kline" | b"indexPrice_kline"
        | b"markPrice_kline" | b"assetIndexUpdate" | b"compositeIndex" | b"serverShutdown" => Event::Control,
        _ => Event::Unknown,
    }
}

/// Streams of each connection, from the URL it was opened under.
pub(super) type Connections = HashMap<(u32, u32), Vec<String>, foldhash::fast::RandomState>;

/// Reads Binance's frames.
#[derive(Debug)]
pub(super) struct BinanceDecoder {
    pub(super) product: Product,
    pub(super) scratch: Scratch,
    /// Prediction and strangers of the wrapper around messages.
    pub(super) wrapper: (Order, UnknownKeys),
    pub(super) connections: Connections,
}

/// What is kept from frame to frame: buffers and predictions.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub levels: Levels,
    pub unknown: UnknownKeys,
    pub orders: Orders,
}

#[derive(Debug, Default)]
pub(super) struct Orders {
    pub trade: Order,
    pub agg_trade: Order,
    pub book_ticker: Order,
    pub depth: Order,
    snapshot: Order,
    kline: Order,
    candle: Order,
    mark: Order,
    rare: Order,
    pub rest: Order,
}

impl BinanceDecoder {
    pub(super) fn new(product: Product) -> Self {
        Self {
            product,
            scratch: Scratch::default(),
            wrapper: Default::default(),
            connections: HashMap::default(),
        }
    }

    pub(super) const fn product(&self) -> Product {
        self.product
    }

    /// Reads a frame that is one message.
    pub(super) fn read_one<'a>(&mut self, frame: &Frame<'a>) -> Result<Parsed<'a>, JsonError> {
        let mut cursor = Cursor::new(frame.body);
        let mut item = Parsed::Control;
        read_item(self.product, &mut self.scratch, &mut cursor, &mut item)?;
        cursor.finish()?;
        Ok(item)
    }
}

/// Keys of the wrapper around messages.
pub(super) const WRAPPER_KEYS: &[Key] = keys!["stream", "data", "generated"];

/// `{"stream":…,"data":…}`.
struct Wrapper<'a, 's> {
    product: Product,
    scratch: &'s mut Scratch,
    stream: Cow<'a, [u8]>,
    /// The message, where `data` is one.
    item: Parsed<'a>,
    has_item: bool,
    /// The messages, where it is an array.
    items: Vec<Parsed<'a>>,
}

impl<'a, 's> Wrapper<'a, 's> {
    const fn new(product: Product, scratch: &'s mut Scratch) -> Self {
        Self {
            product,
            scratch,
            stream: Cow::Borrowed(b""),
            item: Parsed::Control,
            has_item: false,
            items: Vec::new(),
        }
    }

    #[inline]
    fn read_item(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        self.has_item = true;
        read_item(self.product, self.scratch, cursor, &mut self.item)
    }

    /// Reads an array of messages, each alone.
    fn read_array(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.array(|cursor| {
            let at = cursor.offset();
            let mut item = Parsed::Control;
            read_item(self.product, self.scratch, cursor, &mut item)?;
            if matches!(item, Parsed::Depth { .. } | Parsed::Snapshot { .. }) {
                // There is one scratch for levels, and no venue stream that sends several books at once.
                item = Parsed::Bad(JsonError { kind: Kind::Value, at });
            }
            self.items.push(item);
            Ok(())
        })
    }
}

impl<'a> Message<'a> for Wrapper<'a, '_> {
    const KEYS: &'static [Key] = WRAPPER_KEYS;

    #[inline(always)]
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        match key {
            0 => self.stream = cursor.string()?,
            1 if cursor.peek() == b'[' => self.read_array(cursor)?,
            1 => self.read_item(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    }
}

/// Reads one message; what is wrong inside it alone becomes [`Parsed::Bad`].
#[inline]
fn read_item<'a>(
    product: Product,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
    item: &mut Parsed<'a>,
) -> Result<(), JsonError> {
    cursor.peek();
    let (start, depth) = (cursor.offset(), cursor.depth());
    let guess = guess(cursor);
    let result = match guess {
        Some(event) => read_event(event, product, scratch, cursor, item),
        None => Err(cursor.error(Kind::OtherEvent)),
    };
    match result {
        Ok(()) => Ok(()),
        Err(error) => read_again(error, guess, (start, depth), product, scratch, cursor, item),
    }
}

/// The message at `start` could not be read as what it was guessed to be.
#[cold]
fn read_again<'a>(
    error: JsonError,
    guess: Option<Event>,
    (start, depth): (usize, u32),
    product: Product,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
    item: &mut Parsed<'a>,
) -> Result<(), JsonError> {
    let mut result = Err(error);
    if error.kind.is_syntax() {
        return result;
    }
    cursor.pass_over(start, depth)?;
    let end = cursor.offset();
    cursor.seek(start);
    let (event, name) = event_of(cursor)?;
    if guess != Some(event) {
        cursor.pass_over(start, depth)?;
        cursor.seek(start);
        result = match event {
            Event::Unknown => {
                cursor.skip()?;
                *item = Parsed::Unknown(String::from_utf8_lossy(&name).into_owned());
                Ok(())
            }
            event => read_event(event, product, scratch, cursor, item),
        };
    }
    if result.is_err() {
        cursor.pass_over(start, depth)?;
    }
    cursor.seek(end);
    match result {
        Err(error) if is_item_error(&error) => {
            *item = Parsed::Bad(error);
            Ok(())
        }
        other => other,
    }
}

/// The kind of message by its first bytes; `None` when they do not tell.
#[inline(always)]
pub(super) fn guess(cursor: &Cursor<'_>) -> Option<Event> {
    let rest = cursor.rest();
    if let Some(name) = rest.strip_prefix(b"{\"e\":\"") {
        // With the quote behind it a name is whole.
        for (usual, event) in [
            (&b"depthUpdate\""[..], Event::Depth),
            (b"aggTrade\"", Event::AggTrade),
            (b"bookTicker\"", Event::BookTicker),
            (b"trade\"", Event::Trade),
        ] {
            if name.starts_with(usual) {
                return Some(event);
            }
        }
        let end = name.iter().take(20).position(|b| *b == b'"')?;
        return Some(event_named(&name[..end])).filter(|event| *event != Event::Unknown);
    }
    if rest.starts_with(b"{\"u\":") {
        return Some(Event::BookTicker);
    }
    if rest.starts_with(b"{\"lastUpdateId\":") {
        return Some(Event::Snapshot);
    }
    None
}

/// The kind of message by its keys, wherever they stand.
#[cold]
fn event_of<'a>(cursor: &mut Cursor<'a>) -> Result<(Event, Cow<'a, [u8]>), JsonError> {
    struct Look<'a> {
        name: Option<Cow<'a, [u8]>>,
        has_result: bool,
    }
    impl<'a> Message<'a> for Look<'a> {
        const KEYS: &'static [Key] = keys![
            "e",
            "lastUpdateId",
            "result",
            "error",
            "code",
            "method",
            "u",
            "B",
            "A",
            "symbols",
            "openInterest",
            "lastFundingRate",
            "fundingRate",
            "status"
        ];
        fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
            match (key, cursor.peek()) {
                (0, b'"') => {
                    self.name = Some(cursor.string()?);
                    return Ok(());
                }
                (2, first) => self.has_result = matches!(first, b'{' | b'['),
                _ => {}
            }
            cursor.skip()
        }
    }
    let mut look = Look { name: None, has_result: false };
    let mut others = UnknownKeys::default();
    let seen = cursor.object(&mut look, &mut Order::default(), &mut others)?;
    let has = |key: usize| seen & (1 << key) != 0;
    let is_empty = seen == 0 && others.iter().next().is_none();
    if let Some(name) = look.name {
        return Ok((event_named(&name), name));
    }
    let event = if has(1) {
        Event::Snapshot
    } else if has(6) && has(7) && has(8) {
        Event::BookTicker
    } else if has(9) {
        Event::Definitions
    } else if has(10) {
        Event::OpenInterest
    } else if has(11) {
        Event::RestMark
    } else if has(12) {
        Event::Funding
    } else if has(13) && look.has_result {
        // Of the API over a socket, whose answers do not say what they are of.
        return Ok((Event::Unknown, Cow::Borrowed(b"(answer over the socket)")));
    } else if is_empty || has(2) || has(3) || has(4) || has(5) {
        Event::Control
    } else {
        Event::Unknown
    };
    Ok((event, Cow::Borrowed(b"(no event name)")))
}

fn read_event<'a>(
    event: Event,
    product: Product,
    scratch: &mut Scratch,
    cursor: &mut Cursor<'a>,
    item: &mut Parsed<'a>,
) -> Result<(), JsonError> {
    let Scratch { levels, unknown, orders } = scratch;
    let start = cursor.offset();
    match event {
        Event::Depth => {
            let mut message = Depth::new(levels);
            let seen = cursor.object(&mut message, &mut orders.depth, unknown)?;
            require(seen, Depth::KEYS, Depth::needed(product), start)?;
            *item = Parsed::Depth {
                update: message.update(),
                ts_event: message.ts_event(product),
                symbol: message.symbol,
            };
        }
        Event::BookTicker => {
            let message = begin!(item, BookTicker());
            let seen = cursor.object(message, &mut orders.book_ticker, unknown)?;
            require(seen, BookTicker::KEYS, BookTicker::NEEDED, start)?;
        }
        Event::AggTrade => {
            let mut message = AggTrade(begin!(item, Trade(TradeKind::Aggregate)));
            let seen = cursor.object(&mut message, &mut orders.agg_trade, unknown)?;
            require(seen, AggTrade::KEYS, AggTrade::needed(product), start)?;
        }
        Event::Trade => {
            let message = begin!(item, Trade(TradeKind::Raw));
            let seen = cursor.object(message, &mut orders.trade, unknown)?;
            require(seen, Trade::KEYS, Trade::NEEDED, start)?;
        }
        Event::Snapshot => {
            levels.clear();
            let mut message = Snapshot { symbol: Cow::default(), last: 0, transaction: 0, levels };
            let seen = cursor.object(&mut message, &mut orders.snapshot, unknown)?;
            require(seen, Snapshot::KEYS, Snapshot::NEEDED, start)?;
            let (last, transaction) = (message.last, message.transaction);
            *item = Parsed::Snapshot { symbol: message.symbol, last, transaction };
        }
        Event::Kline => {
            let order = std::mem::take(&mut orders.candle);
            let names = std::mem::take(unknown);
            let mut message = Box::new(Kline { order, unknown: names, ..Kline::default() });
            let mut outer = UnknownKeys::default();
            let seen = cursor.object(&mut *message, &mut orders.kline, &mut outer);
            orders.candle = message.order.clone();
            *unknown = std::mem::take(&mut message.unknown);
            unknown.merge(&outer);
            require(seen?, Kline::KEYS, Kline::NEEDED, start)?;
            require(
                message.candle_keys,
                super::messages::Candle::KEYS,
                super::messages::Candle::NEEDED,
                start,
            )?;
            *item = Parsed::Kline(message);
        }
        Event::Mark => {
            let message = begin!(item, Mark());
            let seen = cursor.object(message, &mut orders.mark, unknown)?;
            require(seen, MarkPrice::KEYS, MarkPrice::NEEDED, start)?;
        }
        Event::Index => {
            let message = begin!(item, Index());
            let seen = cursor.object(message, &mut orders.rare, unknown)?;
            require(seen, IndexPrice::KEYS, IndexPrice::NEEDED, start)?;
        }
        Event::ForceOrder => {
            let mut message = Box::new(ForceOrder::default());
            let seen = cursor.object(&mut *message, &mut orders.rare, unknown);
            unknown.merge(&message.unknown);
            require(seen?, ForceOrder::KEYS, ForceOrder::NEEDED, start)?;
            require(
                message.order_keys,
                super::messages::ForcedOrder::KEYS,
                super::messages::ForcedOrder::NEEDED,
                start,
            )?;
            *item = Parsed::ForceOrder(message);
        }
        Event::Contract => {
            let message = begin!(item, Contract());
            let seen = cursor.object(message, &mut orders.rare, unknown)?;
            require(seen, ContractInfo::KEYS, ContractInfo::NEEDED, start)?;
        }
        Event::OpenInterest => {
            let message = begin!(item, OpenInterest());
            let seen = cursor.object(message, &mut orders.rare, unknown)?;
            require(seen, OpenInterest::KEYS, OpenInterest::NEEDED, start)?;
        }
        Event::RestMark => {
            let message = begin!(item, Mark());
            let seen = cursor.object(&mut RestMark(message), &mut orders.rare, unknown)?;
            require(seen, RestMark::KEYS, RestMark::NEEDED, start)?;
        }
        Event::Funding => {
            let message = begin!(item, Funding());
            let seen = cursor.object(message, &mut orders.rare, unknown)?;
            require(seen, FundingRate::KEYS, FundingRate::NEEDED, start)?;
        }
        Event::Control | Event::Definitions | Event::Unknown => {
            cursor.skip()?;
            *item = Parsed::Control;
        }
    }
    Ok(())
}

#[cfg(feature = "bench")]
impl BinanceDecoder {
    /// Reads a frame into the scratch and no further; `None` when it is no diff of a book.
    pub(super) fn read_depth(&mut self, frame: &Frame<'_>) -> Option<(Update, u64)> {
        let mut cursor = Cursor::new(frame.body);
        let mut wrapper = Wrapper::new(self.product, &mut self.scratch);
        let (order, unknown) = &mut self.wrapper;
        let result = cursor.object(&mut wrapper, order, unknown).and_then(|_| cursor.finish());
        match (result, &wrapper.item) {
            (Ok(()), Parsed::Depth { update, ts_event, .. }) => Some((*update, *ts_event)),
            _ => None,
        }
    }
}

impl VenueDecoder for BinanceDecoder {
    fn decode(&mut self, frame: &Frame<'_>, market: &mut Market) -> Result<(), JsonError> {
        if frame.kind == FrameKind::Rest && rest::decode(self, frame, market)? {
            return Ok(());
        }
        if self.take_usual(frame, market)? == Taken::Yes {
            return Ok(());
        }
        let mut cursor = Cursor::new(frame.body);
        let mut wrapper = Wrapper::new(self.product, &mut self.scratch);
        let mut is_definitions = false;
        match cursor.peek() {
            b'[' => wrapper.read_array(&mut cursor)?,
            b'{' if !looks_combined(&cursor) => {
                wrapper.read_item(&mut cursor)?;
                let is_answer = matches!(wrapper.item, Parsed::Control | Parsed::Unknown(_));
                is_definitions = is_answer && rest::is_definitions(frame.body);
            }
            b'{' => {
                let (order, unknown) = &mut self.wrapper;
                cursor.object(&mut wrapper, order, unknown)?;
            }
            _ => {
                cursor.skip()?;
                cursor.finish()?;
                return Err(JsonError { kind: Kind::Type, at: 0 });
            }
        }
        cursor.finish()?;
        if is_definitions {
            instruments::read(self.product, frame.body, frame.ts, market)?.tell(frame, market);
            return Ok(());
        }
        let Wrapper { stream, item, has_item, items, .. } = wrapper;
        let stream = stream_of(&self.connections, frame, &stream);
        for item in &items {
            tell(self.product, &self.scratch.levels, frame, stream, item, market);
        }
        if has_item {
            tell(self.product, &self.scratch.levels, frame, stream, &item, market);
        }
        Ok(())
    }

    fn define(&mut self, body: &[u8], market: &mut Market) -> Result<Defined, JsonError> {
        instruments::read(self.product, body, 0, market)
    }

    fn opened(&mut self, frame: &Frame<'_>) {
        let streams = streams::of_url(frame.context);
        // A connection with very many streams cannot tell one of them.
        if self.connections.len() < 100_000 {
            self.connections.insert((frame.source, frame.conn), streams.into_iter().take(2).collect());
        }
    }

    fn fetch(&self, symbol: &str, _: &str) -> Option<String> {
        Some(self.snapshot_context(symbol))
    }

    fn snapshot_context(&self, symbol: &str) -> String {
        format!("/depth?symbol={}", symbol.to_uppercase())
    }

    fn unknown_keys(&self) -> UnknownKeys {
        let mut all = self.scratch.unknown.clone();
        all.merge(&self.wrapper.1);
        all
    }
}

/// Whether a frame is `{"stream":…,"data":…}`, in whatever order.
fn looks_combined(cursor: &Cursor<'_>) -> bool {
    let rest = cursor.rest();
    if rest.starts_with(b"{\"stream\":") {
        return true;
    }
    if rest.starts_with(b"{\"e\":") || rest.starts_with(b"{\"u\":") || rest.starts_with(b"{\"lastUpdateId\":")
    {
        return false;
    }
    struct Look;
    impl<'a> Message<'a> for Look {
        const KEYS: &'static [Key] = keys!["stream", "data"];
        fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
            cursor.skip()
        }
    }
    let mut look = Cursor::new(rest);
    look.object(&mut Look, &mut Order::default(), &mut UnknownKeys::default()).is_ok_and(|seen| seen == 3)
}

/// The stream a frame came by: named in it, or the only one of its connection.
#[inline]
pub(super) fn stream_of<'a>(connections: &'a Connections, frame: &Frame<'_>, named: &'a [u8]) -> &'a [u8] {
    if !named.is_empty() || connections.is_empty() {
        return named;
    }
    match connections.get(&(frame.source, frame.conn)).map(Vec::as_slice) {
        Some([only]) => only.as_bytes(),
        _ => b"",
    }
}
