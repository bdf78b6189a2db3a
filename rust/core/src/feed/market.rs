//! The market a feed speaks of: instruments and, for each, its columns, book and what was seen already.
//!
//! Venue decoders call the methods here with values read from one frame; each method answers nothing and
//! counts the item. A frame whose syntax is broken must be refused before the first call: decoders parse to
//! the last byte into their scratch, then tell.

use std::hash::Hash;
use std::sync::Arc;

use super::book::{BookSet, GapRecord};
use super::moments::Moments;
use super::newest::Newest;
use super::reject::{Reject, excerpt};
use super::running::Running;
use super::told::{LastStatus, LastTold, Liquidations};
use super::top::Top;
use super::{FeedOptions, Frame, Place, Stream, StreamKey, TradeKind, TradeMode};
use crate::accounting::{Accounting, End};
use crate::book::{BookNews, PendingFrame};
use crate::data::{
    AggressorSide, AnyColumns, BarRow, DataType, Decimals, FundingRateRow, LiquidationRow, OpenInterestRow,
    OptionGreeksRow, PriceUpdateRow, QuoteRow, StatusRow, TradeRow, VolatilityIndexRow,
};
use crate::decimal::{self, Decimal};
use crate::instrument::Definition;
use crate::json::{JsonError, Kind};
use crate::symbol::{self, SlotId, SymbolTable};
use crate::time;
use crate::venue::FeedSpec;

const NONE: u32 = u32::MAX;
/// Bytes of frames that rejects hold until they are taken; further rejects tell place and reason alone.
const KEPT_REJECTS: usize = 64 << 20;

/// What the market needs to know of the frame at hand.
///
/// In this order: side by side, two of these would be copied in one piece out of a frame whose parts were written a moment
/// ago, and the processor would wait for them.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Context {
    /// Receive time, ns UTC; 0 where there is none.
    pub ts: u64,
    /// Number of the source.
    pub source: u32,
    /// Bytes of the frame.
    pub bytes: u64,
}

impl Context {
    /// The receive time of a row: the frame's, or the event's where the capture has none.
    #[inline]
    #[must_use]
    pub const fn ts_init(&self, ts_event: u64) -> u64 {
        if self.ts == 0 { ts_event } else { self.ts }
    }
}

/// The venue's id of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeId<'a> {
    /// A number; those of one instrument grow.
    Number(u64),
    /// Any text: a UUID, digits too many for a number.
    Text(&'a str),
}

/// The values of one trade.
#[derive(Debug, Clone, Copy)]
pub struct TradeFields<'a> {
    /// Price.
    pub price: Decimal,
    /// Size.
    pub size: Decimal,
    /// Who took liquidity.
    pub aggressor_side: AggressorSide,
    /// The venue's id.
    pub id: TradeId<'a>,
    /// Event time, ns UTC.
    pub ts_event: u64,
}

/// One instrument.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: Arc<str>,
    /// The venue's symbol.
    pub(super) symbol: Arc<str>,
    pub(super) defined: bool,
    /// Whether its prices may be zero and below, as those of spreads.
    any_price: bool,
    streams: [u32; DataType::ALL.len()],
    trades: [TradeState; 2],
    pub(super) last_quote: Option<Place>,
    ticker_quotes: TickerQuotes,
    last_told: LastTold,
    pub(super) last_status: LastStatus,
    bars: Vec<Bars>,
    pub(super) running: Running,
    pub(super) top: Top,
    pub(super) newest: Newest,
    pub(super) moments: Moments,
    liquidations: Liquidations,
    /// What came in several ways and is taken in one.
    pub(super) bound: Vec<(Box<str>, Box<str>)>,
    pub(super) books: BookSet,
}

#[derive(Debug)]
struct TradeState {
    stream: u32,
    seen: super::seen::SeenIds,
    seen_texts: super::seen::SeenTexts,
}

/// The bars of one specification.
#[derive(Debug)]
struct Bars {
    spec: Arc<str>,
    stream: u32,
    /// When the last one closed.
    last: u64,
    /// Which were told, counted by their length: answers about the past may come newest first.
    seen: super::seen::SeenIds,
    length: u64,
}

impl Bars {
    fn new(spec: &str) -> Self {
        Self { spec: spec.into(), stream: NONE, last: 0, seen: Default::default(), length: length_of(spec) }
    }

    fn resume(spec: &str, last: u64, ranges: Option<&Vec<(u64, u64)>>) -> Self {
        let bars = Self { last, ..Self::new(spec) };
        // An older version did not say which: all up to the last.
        let ranges = ranges.cloned().unwrap_or_else(|| vec![(0, last / bars.length)]);
        Self { seen: super::seen::SeenIds::from_ranges(ranges), ..bars }
    }

    /// Whether a bar was not told before.
    fn takes(&mut self, close: u64) -> bool {
        let is_new = self.seen.insert(close / self.length) || close > self.last;
        self.last = self.last.max(close);
        is_new
    }
}

/// How long the bars of a specification are, ns; of months the shortest.
fn length_of(spec: &str) -> u64 {
    let mut parts = spec.split('-');
    let count = parts.next().and_then(|count| count.parse().ok()).filter(|n| *n > 0).unwrap_or(1);
    let unit = match parts.next() {
        Some("MINUTE") => time::MINUTE,
        Some("HOUR") => time::HOUR,
        Some("DAY") => time::DAY,
        Some("WEEK") => 7 * time::DAY,
        Some("MONTH") => 28 * time::DAY,
        Some("YEAR") => 365 * time::DAY,
        _ => time::SECOND,
    };
    unit * count
}

/// Quotes from a ticker's fields, which count until the venue's channel of quotes has brought one.
#[derive(Debug)]
struct TickerQuotes {
    stream: u32,
    /// Values of the last one, and its event time.
    last: Option<([i128; 4], u64)>,
}

impl Slot {
    fn new(id: Arc<str>, symbol: Arc<str>) -> Self {
        let state = || TradeState { stream: NONE, seen: Default::default(), seen_texts: Default::default() };
        Self {
            id,
            symbol,
            defined: false,
            any_price: false,
            streams: [NONE; DataType::ALL.len()],
            trades: [state(), state()],
            last_quote: None,
            ticker_quotes: TickerQuotes { stream: NONE, last: None },
            last_told: LastTold::default(),
            last_status: LastStatus::default(),
            bars: Vec::new(),
            running: Running::default(),
            top: Top::default(),
            newest: Newest::default(),
            moments: Moments::default(),
            liquidations: Liquidations::default(),
            bound: Vec::new(),
            books: BookSet::default(),
        }
    }

    pub(super) fn end_state(&self) -> super::InstrumentState {
        let (last_times, last_said, past) = self.last_told.end_state();
        super::InstrumentState {
            raw_trades: self.trades[TradeKind::Raw as usize].seen.ranges().to_vec(),
            aggregate_trades: self.trades[TradeKind::Aggregate as usize].seen.ranges().to_vec(),
            text_trades: self.trades[TradeKind::Raw as usize].seen_texts.hashes(),
            last_quote: self.last_quote.map(|place| place.number),
            last_quote_ns: self.last_quote.map_or(0, |place| place.time),
            last_ticker_quote: self.ticker_quotes.last,
            last_times,
            last_said,
            past,
            last_status_ns: self.last_status.ts,
            last_status: self.last_status.state.clone(),
            bars: self.bars.iter().map(|bars| (bars.spec.to_string(), bars.last)).collect(),
            bar_ranges: self
                .bars
                .iter()
                .map(|bars| (bars.spec.to_string(), bars.seen.newest_ranges()))
                .collect(),
            open_bars: self.running.end_state(),
            top: self.top.end_state(),
            newest: self.newest.end_state(),
            moments: self.moments.end_state(),
            liquidations: self.liquidations.end_state(),
            bound: self.bound.iter().map(|(what, to)| (what.to_string(), to.to_string())).collect(),
            books: self.books.end_states(),
            derived: self.books.derived_states(),
            partial_books: self.books.partial_states(),
            numbers: Vec::new(),
        }
    }

    fn resume(&mut self, state: super::InstrumentState) {
        let seen = super::seen::SeenIds::from_ranges;
        self.trades[TradeKind::Raw as usize].seen = seen(state.raw_trades);
        self.trades[TradeKind::Aggregate as usize].seen = seen(state.aggregate_trades);
        let texts = super::seen::SeenTexts::from_hashes(state.text_trades);
        self.trades[TradeKind::Raw as usize].seen_texts = texts;
        let time = state.last_quote_ns;
        self.last_quote = state.last_quote.map(|number| Place { time, number });
        self.ticker_quotes.last = state.last_ticker_quote;
        self.last_told = LastTold::resume((state.last_times, state.last_said, state.past));
        self.last_status = LastStatus { ts: state.last_status_ns, state: state.last_status };
        let ranges = &state.bar_ranges;
        self.bars =
            state.bars.iter().map(|(spec, last)| Bars::resume(spec, *last, ranges.get(spec))).collect();
        self.running = Running::resume(&state.open_bars);
        self.top = state.top.as_ref().map(Top::resume).unwrap_or_default();
        self.newest = Newest::resume(state.newest);
        self.moments = Moments::resume(state.moments);
        self.liquidations = Liquidations::resume(state.liquidations);
        self.bound = state.bound.into_iter().map(|(what, to)| (what.into(), to.into())).collect();
        self.books.resume(state.books, state.derived, state.partial_books);
    }
}

/// Instruments, columns, accounting.
#[derive(Debug)]
pub struct Market {
    pub(super) spec: &'static FeedSpec,
    pub(super) options: FeedOptions,
    symbols: SymbolTable,
    pub(super) slots: Vec<Slot>,
    pub(super) streams: Vec<Stream>,
    pub(super) dirty: Vec<u32>,
    pub(super) buffered: usize,
    definitions: Vec<Definition>,
    definitions_given: bool,
    pub(super) refused_definitions: Vec<(String, JsonError)>,
    undefined: Vec<String>,
    pub(super) accounts: Vec<Accounting>,
    rejects: Vec<Reject>,
    /// Bytes of frames that `rejects` hold.
    rejects_bytes: usize,
    rejected: u64,
    pub(super) gaps: Vec<GapRecord>,
    pub(super) opened: Vec<GapRecord>,
    /// What the book at hand says; empty between events.
    pub(super) news: BookNews,
    unknown_topics: std::collections::BTreeMap<String, u64>,
    pub(super) other_books: std::collections::BTreeMap<String, u64>,
    pub(super) context: Context,
    worst: Option<End>,
    pub(super) pending: bool,
    /// The stream the frame's rows went to, when it may yet be dropped, and its items there.
    pub(super) tentative: Option<(u32, u64)>,
    /// Items of the frame at hand that gave rows, in any stream.
    rows_of_frame: u64,
    pub(super) clamped: u64,
    pub(super) unheld_deletes: u64,
    later_than_received: u64,
    rounded: std::collections::BTreeMap<(Arc<str>, DataType), u64>,
    frame: u64,
    /// End states of an earlier recording, by instrument id, until the instrument comes up.
    pub(super) resumed: std::collections::BTreeMap<String, super::InstrumentState>,
}

impl Market {
    pub(super) fn new(spec: &'static FeedSpec, options: FeedOptions) -> Self {
        Self {
            spec,
            options,
            symbols: SymbolTable::default(),
            slots: Vec::new(),
            streams: Vec::new(),
            dirty: Vec::new(),
            buffered: 0,
            definitions: Vec::new(),
            definitions_given: false,
            refused_definitions: Vec::new(),
            undefined: Vec::new(),
            accounts: Vec::new(),
            rejects: Vec::new(),
            rejects_bytes: 0,
            rejected: 0,
            gaps: Vec::new(),
            opened: Vec::new(),
            news: BookNews::default(),
            unknown_topics: std::collections::BTreeMap::new(),
            other_books: std::collections::BTreeMap::new(),
            context: Context::default(),
            worst: None,
            pending: false,
            tentative: None,
            rows_of_frame: 0,
            clamped: 0,
            unheld_deletes: 0,
            later_than_received: 0,
            rounded: std::collections::BTreeMap::new(),
            frame: 0,
            resumed: std::collections::BTreeMap::new(),
        }
    }

    // --- frames -----------------------------------------------------------------------------------------

    pub(super) fn begin(&mut self, frame: &Frame<'_>) {
        self.context = Context { ts: frame.ts, source: frame.source, bytes: frame.bytes };
        self.worst = None;
        self.pending = false;
        self.tentative = None;
        self.rows_of_frame = 0;
    }

    pub(super) const fn frame_end(&self) -> Option<End> {
        match self.worst {
            None if self.pending => None,
            None => Some(End::Control),
            worst => worst,
        }
    }

    pub(super) fn account(&mut self, frame: &Frame<'_>, end: Option<End>, _number: u64) {
        self.frame += 1;
        let Some(end) = end else { return };
        if end == End::Rows
            && let Some((stream, items)) = self.tentative
        {
            // A frame with rows elsewhere too keeps its end if this stream is dropped.
            let frames = u64::from(items == self.rows_of_frame);
            self.streams[stream as usize].count(frame.source, frames, frames * frame.bytes, items);
        }
        self.account_of(frame.source).frame(end, frame.bytes);
    }

    pub(super) fn account_of(&mut self, source: u32) -> &mut Accounting {
        let index = source as usize;
        if self.accounts.len() <= index {
            self.accounts.resize(index + 1, Accounting::default());
        }
        &mut self.accounts[index]
    }

    /// Counts bytes of a source's container that belong to no frame.
    pub fn add_overhead(&mut self, source: u32, bytes: u64) {
        self.account_of(source).container_bytes += bytes;
    }

    /// Counts one item of the frame.
    pub fn item(&mut self, end: End) {
        self.items(end, 1);
    }

    pub(super) fn items(&mut self, end: End, n: u64) {
        self.worst = Some(self.worst.map_or(end, |worst| worst.max(end)));
        self.rows_of_frame += if matches!(end, End::Rows) { n } else { 0 };
        let source = self.context.source;
        self.account_of(source).items.add(end, n);
    }

    /// An item of a valid frame that cannot be taken: the others of it stand.
    pub fn reject_item(&mut self, frame: &Frame<'_>, symbol: &str, error: JsonError) {
        self.item(End::Reject);
        self.keep_reject(frame, self.frame, symbol, error.kind.code(), error.at);
    }

    pub(super) fn reject(&mut self, frame: &Frame<'_>, number: u64, error: JsonError) {
        self.account_of(frame.source).items.add(End::Reject, 1);
        self.keep_reject(frame, number, "", error.kind.code(), error.at);
    }

    pub(super) fn malformed(&mut self, frame: &Frame<'_>, number: u64, code: &str) {
        self.account_of(frame.source).items.add(End::Reject, 1);
        self.keep_reject(frame, number, "", code, 0);
    }

    fn keep_reject(&mut self, frame: &Frame<'_>, number: u64, symbol: &str, code: &str, at: usize) {
        self.rejected += 1;
        if self.rejects.len() >= self.options.max_kept_rejects {
            return;
        }
        let near = excerpt(frame.body, at);
        // Each bad item of a frame has the frame beside it: a long array of them must not fill the memory.
        let body = if self.rejects_bytes == 0 || self.rejects_bytes + frame.body.len() <= KEPT_REJECTS {
            frame.body
        } else {
            &[]
        };
        self.rejects_bytes += body.len();
        self.rejects.push(Reject {
            source: frame.source,
            frame: number,
            line: frame.line,
            offset: frame.offset,
            at: at as u64,
            ts: frame.ts,
            code: code.to_owned(),
            reason: format!("{} at byte {at}: {}, near `{near}`", self.spec.name, code.replace('_', " ")),
            symbol: symbol.to_owned(),
            body: body.to_vec(),
        });
    }

    /// Names a topic without a type of ours.
    pub fn unknown_topic(&mut self, topic: &str) {
        self.item(End::Control);
        if self.unknown_topics.len() < 1_000 || self.unknown_topics.contains_key(topic) {
            *self.unknown_topics.entry(topic.chars().take(64).collect()).or_default() += 1;
        }
    }

    // --- instruments ------------------------------------------------------------------------------------

    /// The slot of a venue symbol.
    ///
    /// # Errors
    /// [`Kind::Value`] for a symbol that cannot name an instrument.
    #[inline]
    pub fn slot(&mut self, symbol: &[u8]) -> Result<SlotId, Kind> {
        match self.symbols.get(symbol) {
            Some(slot) => Ok(slot),
            None => self.new_slot(symbol),
        }
    }

    #[cold]
    fn new_slot(&mut self, symbol: &[u8]) -> Result<SlotId, Kind> {
        let text = std::str::from_utf8(symbol).map_err(|_| Kind::Utf8)?;
        if !self.can_name(text) {
            return Err(Kind::Value);
        }
        let slot = self.slot_of(text);
        if self.definitions_given && !self.slots[slot as usize].defined && self.undefined.len() < 10_000 {
            self.undefined.push(text.to_owned());
        }
        Ok(slot)
    }

    /// Whether a symbol may name an instrument, whose id names a folder.
    fn can_name(&self, symbol: &str) -> bool {
        (self.spec.is_symbol)(symbol) && symbol::folder_of(&self.spec.instrument_id(symbol)).is_some()
    }

    fn slot_of(&mut self, symbol: &str) -> SlotId {
        let id = self.spec.instrument_id(symbol);
        if let Some(slot) = self.symbols.get(&index_key(symbol))
            && self.slots[slot as usize].id == id
        {
            // An index has the instrument's id (OKX): they are one.
            self.symbols.bind(symbol.as_bytes(), slot);
            return slot;
        }
        let slot = self.slots.len() as SlotId;
        let resumed = self.resumed.remove(&*id);
        self.slots.push(Slot::new(id, symbol.into()));
        if let Some(state) = resumed {
            self.slots[slot as usize].resume(state);
        }
        self.symbols.bind(symbol.as_bytes(), slot);
        slot
    }

    /// The slot of an id that is not a symbol's (an index).
    ///
    /// # Errors
    /// As [`Self::slot`].
    pub fn index_slot(&mut self, name: &str) -> Result<SlotId, Kind> {
        let key = index_key(name);
        if let Some(slot) = self.symbols.get(&key) {
            return Ok(slot);
        }
        let id: Arc<str> = format!("{name}.{}", self.spec.venue).into();
        if !symbol::is_safe(name) || symbol::folder_of(&id).is_none() {
            return Err(Kind::Value);
        }
        let instrument = self.symbols.get(name.as_bytes());
        let slot = match instrument.filter(|slot| self.slots[*slot as usize].id == id) {
            Some(slot) => slot,
            None => {
                let resumed = self.resumed.remove(&*id);
                self.slots.push(Slot::new(id, name.into()));
                let slot = (self.slots.len() - 1) as SlotId;
                if let Some(state) = resumed {
                    self.slots[slot as usize].resume(state);
                }
                slot
            }
        };
        self.symbols.bind(&key, slot);
        Ok(slot)
    }

    /// Takes prices of any sign of an instrument: those of spreads may be zero and below.
    pub fn allow_any_price(&mut self, slot: SlotId) {
        self.slots[slot as usize].any_price = true;
    }

    /// The instrument id of a venue symbol.
    #[must_use]
    pub fn instrument_id(&self, symbol: &str) -> Arc<str> {
        self.spec.instrument_id(symbol)
    }

    /// Takes a definition; the newest of an instrument holds.
    ///
    /// # Errors
    /// Its symbol can name none: what speaks of it is a reject, too.
    pub fn define(&mut self, definition: Definition) -> Result<(), Kind> {
        self.definitions_given = true;
        let symbol = definition.raw_symbol.clone();
        if !self.can_name(&symbol) {
            return Err(Kind::Value);
        }
        let slot = match self.symbols.get(symbol.as_bytes()) {
            Some(slot) => slot,
            None => self.slot_of(&symbol),
        };
        self.slots[slot as usize].defined = true;
        self.undefined.retain(|s| *s != symbol);
        match self.definitions.iter_mut().find(|d| d.instrument_id == definition.instrument_id) {
            Some(held) => *held = definition,
            None => self.definitions.push(definition),
        }
        Ok(())
    }

    /// The definitions taken so far.
    #[must_use]
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Symbols whose definitions were given beside the recording and cannot be taken, and why.
    #[must_use]
    pub fn refused_definitions(&self) -> &[(String, JsonError)] {
        &self.refused_definitions
    }

    /// Symbols that gave rows without a definition, though some were given.
    #[must_use]
    pub fn undefined_symbols(&self) -> &[String] {
        &self.undefined
    }

    // --- streams ----------------------------------------------------------------------------------------

    pub(super) fn open_stream(&mut self, key: StreamKey, instrument_id: Arc<str>) -> u32 {
        self.streams.push(Stream::new(key, instrument_id));
        (self.streams.len() - 1) as u32
    }

    fn stream_of(&mut self, slot: SlotId, data_type: DataType) -> u32 {
        let held = self.slots[slot as usize].streams[data_type as usize];
        if held != NONE {
            return held;
        }
        let id = self.slots[slot as usize].id.clone();
        let stream = self.open_stream(StreamKey { data_type, id: id.clone(), variant: "".into() }, id);
        self.slots[slot as usize].streams[data_type as usize] = stream;
        stream
    }

    /// The columns of a stream, which is marked as having rows; `None` where it was let go.
    #[inline(always)]
    pub(super) fn columns(
        &mut self,
        stream: u32,
        rows: u64,
        bytes: usize,
        decimals: Decimals,
    ) -> Option<&mut AnyColumns> {
        let held = &mut self.streams[stream as usize];
        held.rows += rows;
        held.decimals = held.decimals.max(decimals);
        if held.is_let_go {
            return None;
        }
        if !held.dirty {
            held.dirty = true;
            self.dirty.push(stream);
        }
        self.buffered += bytes;
        Some(&mut held.columns)
    }

    #[inline]
    pub(super) const fn in_span(&self, ts_init: u64) -> bool {
        ts_init >= self.options.from && ts_init < self.options.to
    }

    fn selected(&mut self, data_type: DataType, ts_init: u64) -> bool {
        let wanted = self.options.types.has(data_type) && self.in_span(ts_init);
        if !wanted {
            self.item(End::Unselected);
        }
        wanted
    }

    fn row(&mut self, ts_event: u64) -> u64 {
        let ts_init = self.context.ts_init(ts_event);
        self.later_than_received += u64::from(ts_event > ts_init);
        self.item(End::Rows);
        ts_init
    }

    // --- items ------------------------------------------------------------------------------------------

    /// A trade.
    pub fn trade(&mut self, slot: SlotId, kind: TradeKind, trade: &TradeFields<'_>) {
        self.trade_is_new(slot, kind, trade);
    }

    /// A trade; answers whether it was not seen before, wanted or not: what it says beside itself is to be told once.
    pub fn trade_is_new(&mut self, slot: SlotId, kind: TradeKind, trade: &TradeFields<'_>) -> bool {
        let ts_init = self.context.ts_init(trade.ts_event);
        let (raw, this) = (TradeKind::Raw as usize, kind as usize);
        let state = &mut self.slots[slot as usize].trades[this];
        let is_new = match trade.id {
            TradeId::Number(id) => state.seen.insert(id),
            TradeId::Text(id) => state.seen_texts.insert(id),
        };
        if !is_new {
            self.item(End::Duplicate);
            return false;
        }
        let wanted = match self.options.trades {
            TradeMode::Both => true,
            TradeMode::Raw => kind == TradeKind::Raw,
            TradeMode::Aggregate => kind == TradeKind::Aggregate,
            TradeMode::Auto => kind == TradeKind::Raw || self.slots[slot as usize].trades[raw].stream == NONE,
        };
        if !wanted || !self.options.types.has(DataType::Trade) || !self.in_span(ts_init) {
            self.item(End::Unselected);
            return true;
        }
        let mut stream = self.slots[slot as usize].trades[this].stream;
        if stream == NONE {
            let id = self.slots[slot as usize].id.clone();
            let key = StreamKey { data_type: DataType::Trade, id: id.clone(), variant: kind.name().into() };
            stream = self.open_stream(key, id);
            self.slots[slot as usize].trades[this].stream = stream;
        }
        let ts_init = self.row(trade.ts_event);
        self.tentative = Some((stream, self.tentative.map_or(0, |t| t.1) + 1));
        let decimals = Decimals { price: trade.price.significant, size: trade.size.significant };
        if let Some(AnyColumns::Trade(columns)) = self.columns(stream, 1, 70, decimals) {
            let row = TradeRow {
                price: trade.price.value,
                size: trade.size.value,
                aggressor_side: trade.aggressor_side,
                trade_id: if let TradeId::Text(id) = trade.id { id } else { "" },
                ts_event: trade.ts_event,
                ts_init,
            };
            match trade.id {
                TradeId::Number(id) => columns.push_numbered(&row, id),
                TradeId::Text(_) => columns.push(&row),
            }
        }
        true
    }

    /// A quote of the venue's best-bid-and-ask channel; `place` orders quotes of one instrument.
    pub fn quote(
        &mut self,
        slot: SlotId,
        place: Option<Place>,
        prices: [Decimal; 2],
        sizes: [Decimal; 2],
        ts_event: u64,
    ) {
        if self.has_empty_side(slot, prices, sizes) {
            return self.item(End::Control);
        }
        if let Some(end) = Place::end_after(place, &mut self.slots[slot as usize].last_quote) {
            return self.item(end);
        }
        let ts_init = self.context.ts_init(ts_event);
        if !self.selected(DataType::Quote, ts_init) {
            return;
        }
        let stream = self.stream_of(slot, DataType::Quote);
        self.quote_row(stream, prices, sizes, ts_event);
    }

    /// A quote from the fields of a ticker: taken until the venue's channel of quotes has brought one; where all
    /// channels are kept, in a stream of its own named after `channel`. Equal to the last one, it says nothing.
    pub fn ticker_quote(
        &mut self,
        slot: SlotId,
        channel: &str,
        prices: [Decimal; 2],
        sizes: [Decimal; 2],
        ts_event: u64,
    ) {
        if self.has_empty_side(slot, prices, sizes) {
            return self.item(End::Control);
        }
        let held = &mut self.slots[slot as usize];
        let is_preferred_there = held.last_quote.is_some() && !self.options.all_channels;
        let values = [prices[0].value, prices[1].value, sizes[0].value, sizes[1].value];
        let last = held.ticker_quotes.last;
        if last.is_some_and(|(last, ts)| ts_event < ts || ts_event == ts && last == values) {
            return self.item(End::Duplicate);
        }
        held.ticker_quotes.last = Some((values, ts_event));
        if last.is_some_and(|(last, _)| last == values) {
            return self.item(End::Control);
        }
        if is_preferred_there {
            return self.item(End::Unselected);
        }
        if !self.selected(DataType::Quote, self.context.ts_init(ts_event)) {
            return;
        }
        let mut stream = self.slots[slot as usize].ticker_quotes.stream;
        if stream == NONE {
            let id = self.slots[slot as usize].id.clone();
            let key = StreamKey { data_type: DataType::Quote, id: id.clone(), variant: channel.into() };
            stream = self.open_stream(key, id);
            self.slots[slot as usize].ticker_quotes.stream = stream;
        }
        self.quote_row(stream, prices, sizes, ts_event);
        self.tentative = Some((stream, 1));
    }

    fn quote_row(&mut self, stream: u32, prices: [Decimal; 2], sizes: [Decimal; 2], ts_event: u64) {
        let ts_init = self.row(ts_event);
        let decimals = Decimals::of(&prices, &sizes);
        if let Some(AnyColumns::Quote(columns)) = self.columns(stream, 1, super::book::QUOTE_BYTES, decimals)
        {
            columns.push(&QuoteRow {
                bid_price: prices[0].value,
                ask_price: prices[1].value,
                bid_size: sizes[0].value,
                ask_size: sizes[1].value,
                ts_event,
                ts_init,
            });
        }
    }

    /// A closed bar: open, high, low, close and volume, and when exactly it closed, ns UTC. `spec` is Nautilus's bar
    /// specification, such as `1-MINUTE-LAST-EXTERNAL`.
    ///
    /// # Errors
    /// A price or a volume that does not fit.
    pub fn bar(
        &mut self,
        slot: SlotId,
        spec: &str,
        prices: [Decimal; 4],
        volume: Decimal,
        ts_event: u64,
    ) -> Result<(), Kind> {
        for price in prices {
            self.check_price_of(slot, price)?;
        }
        self.check_size(volume)?;
        let found = self.slots[slot as usize].bars.iter().position(|held| &*held.spec == spec);
        let at = found.unwrap_or_else(|| {
            let bars = &mut self.slots[slot as usize].bars;
            bars.push(Bars::new(spec));
            bars.len() - 1
        });
        let held = &mut self.slots[slot as usize].bars[at];
        if !held.takes(ts_event) {
            self.item(End::Duplicate);
            return Ok(());
        }
        let mut stream = held.stream;
        if !self.selected(DataType::Bar, self.context.ts_init(ts_event)) {
            return Ok(());
        }
        if stream == NONE {
            let instrument_id = self.slots[slot as usize].id.clone();
            let id = format!("{instrument_id}-{spec}").into();
            let key = StreamKey { data_type: DataType::Bar, id, variant: "".into() };
            stream = self.open_stream(key, instrument_id);
            self.slots[slot as usize].bars[at].stream = stream;
        }
        let ts_init = self.row(ts_event);
        if let Some(AnyColumns::Bar(columns)) = self.columns(stream, 1, 96, Decimals::of(&prices, &[volume]))
        {
            let ([open, high, low, close], volume) = (prices.map(|price| price.value), volume.value);
            columns.push(&BarRow { open, high, low, close, volume, ts_event, ts_init });
        }
        Ok(())
    }

    /// Where a row goes, and its receive time; `None` where it was not asked for.
    fn place(&mut self, slot: SlotId, data_type: DataType, ts_event: u64) -> Option<(u32, u64)> {
        if !self.selected(data_type, self.context.ts_init(ts_event)) {
            return None;
        }
        Some((self.stream_of(slot, data_type), self.row(ts_event)))
    }

    /// The same for a value of a stream without ids: one whose time is before the last one's was seen before, and so
    /// was one of the same time that says the same.
    fn timed(
        &mut self,
        slot: SlotId,
        data_type: DataType,
        ts_event: u64,
        says: impl Hash,
    ) -> Option<(u32, u64)> {
        if !self.slots[slot as usize].last_told.takes(data_type, ts_event, says) {
            self.item(End::Duplicate);
            return None;
        }
        self.place(slot, data_type, ts_event)
    }

    /// The same for a value of an answer about the past, which has one each `step` ns at most.
    fn past(&mut self, slot: SlotId, data_type: DataType, ts_event: u64, step: u64) -> Option<(u32, u64)> {
        if !self.slots[slot as usize].last_told.takes_past(data_type, ts_event, step) {
            self.item(End::Duplicate);
            return None;
        }
        self.place(slot, data_type, ts_event)
    }

    /// A mark or index price, and whether it was rounded to 16 decimals.
    pub fn price_update(
        &mut self,
        slot: SlotId,
        data_type: DataType,
        (value, rounded): (Decimal, bool),
        ts_event: u64,
    ) {
        let Some((stream, ts_init)) = self.timed(slot, data_type, ts_event, value.value) else { return };
        if rounded {
            let key = (self.slots[slot as usize].id.clone(), data_type);
            *self.rounded.entry(key).or_default() += 1;
        }
        let decimals = Decimals { price: value.significant, size: 0 };
        if let Some(AnyColumns::MarkPrice(columns) | AnyColumns::IndexPrice(columns)) =
            self.columns(stream, 1, 32, decimals)
        {
            columns.push(&PriceUpdateRow { value: value.value, ts_event, ts_init });
        }
    }

    /// A funding rate; `interval` are the minutes between fundings.
    pub fn funding_rate(
        &mut self,
        slot: SlotId,
        rate: &str,
        interval: Option<u16>,
        next_funding_ns: Option<u64>,
        ts_event: u64,
    ) {
        let says = (rate, interval, next_funding_ns);
        if let Some(place) = self.timed(slot, DataType::FundingRate, ts_event, says) {
            self.funding_row(place, rate, interval, next_funding_ns, ts_event);
        }
    }

    /// A funding rate that was paid, of an answer about the past.
    pub fn paid_funding_rate(&mut self, slot: SlotId, rate: &str, ts_event: u64) {
        if let Some(place) = self.past(slot, DataType::FundingRate, ts_event, time::HOUR) {
            self.funding_row(place, rate, None, None, ts_event);
        }
    }

    fn funding_row(
        &mut self,
        (stream, ts_init): (u32, u64),
        rate: &str,
        interval: Option<u16>,
        next_funding_ns: Option<u64>,
        ts_event: u64,
    ) {
        if let Some(AnyColumns::FundingRate(columns)) = self.columns(stream, 1, 64, Decimals::default()) {
            columns.push(&FundingRateRow { rate, interval, next_funding_ns, ts_event, ts_init });
        }
    }

    /// A liquidation order; numbers are canonical text.
    pub fn liquidation(&mut self, slot: SlotId, row: &LiquidationRow<'_>) {
        if !self.slots[slot as usize].liquidations.takes(row) {
            self.item(End::Duplicate);
            return;
        }
        let Some((stream, ts_init)) = self.place(slot, DataType::Liquidation, row.ts_event) else { return };
        if let Some(AnyColumns::Liquidation(columns)) = self.columns(stream, 1, 96, Decimals::default()) {
            columns.push(&LiquidationRow { ts_init, ..*row });
        }
    }

    /// Open interest; the value is canonical text.
    pub fn open_interest(&mut self, slot: SlotId, value: &str, unit: &str, value_quote: &str, ts_event: u64) {
        let says = (value, unit, value_quote);
        if let Some(place) = self.timed(slot, DataType::OpenInterest, ts_event, says) {
            self.interest_row(place, value, unit, value_quote, ts_event);
        }
    }

    /// Open interest of an answer about the past.
    pub fn past_open_interest(
        &mut self,
        slot: SlotId,
        value: &str,
        unit: &str,
        value_quote: &str,
        ts_event: u64,
    ) {
        if let Some(place) = self.past(slot, DataType::OpenInterest, ts_event, 5 * time::MINUTE) {
            self.interest_row(place, value, unit, value_quote, ts_event);
        }
    }

    fn interest_row(
        &mut self,
        (stream, ts_init): (u32, u64),
        value: &str,
        unit: &str,
        value_quote: &str,
        ts_event: u64,
    ) {
        if let Some(AnyColumns::OpenInterest(columns)) = self.columns(stream, 1, 64, Decimals::default()) {
            columns.push(&OpenInterestRow { value, unit, value_quote, ts_event, ts_init });
        }
    }

    /// Greeks of an option.
    pub fn option_greeks(&mut self, slot: SlotId, row: &OptionGreeksRow) {
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        let rest = [row.iv[0], row.iv[1], row.iv[2], row.underlying_price, row.open_interest].map(bits);
        let says = (row.greeks.map(f64::to_bits), rest);
        let Some((stream, ts_init)) = self.timed(slot, DataType::OptionGreeks, row.ts_event, says) else {
            return;
        };
        if let Some(AnyColumns::OptionGreeks(columns)) = self.columns(stream, 1, 140, Decimals::default()) {
            columns.push(&OptionGreeksRow { ts_init, ..*row });
        }
    }

    /// The value of a volatility index, canonical text.
    pub fn volatility_index(&mut self, slot: SlotId, value: &str, ts_event: u64) {
        let Some((stream, ts_init)) = self.timed(slot, DataType::VolatilityIndex, ts_event, value) else {
            return;
        };
        if let Some(AnyColumns::VolatilityIndex(columns)) = self.columns(stream, 1, 32, Decimals::default()) {
            columns.push(&VolatilityIndexRow { value, ts_event, ts_init });
        }
    }

    /// A trading status.
    pub fn status(&mut self, slot: SlotId, action: &str, reason: &str, is_trading: bool, ts_event: u64) {
        let says = (action, reason, is_trading);
        let Some((stream, ts_init)) = self.timed(slot, DataType::Status, ts_event, says) else { return };
        if let Some(AnyColumns::Status(columns)) = self.columns(stream, 1, 64, Decimals::default()) {
            let is_trading = Some(is_trading);
            columns.push(&StatusRow { action, reason, is_trading, ts_event, ts_init });
        }
    }

    /// Checks a price that must be positive and fit.
    ///
    /// # Errors
    /// [`Kind::Price`] or [`Kind::Decimal`].
    #[inline]
    pub fn check_price(&self, price: Decimal) -> Result<(), Kind> {
        if price.value <= 0 {
            Err(Kind::Price)
        } else if price.value > decimal::PRICE_MAX {
            Err(Kind::Decimal(decimal::DecimalError::Range))
        } else if !self.options.limits.price(price.value) {
            Err(Kind::Decimal(decimal::DecimalError::Scale))
        } else {
            Ok(())
        }
    }

    /// Checks a price of an instrument: as [`Self::check_price`], unless any sign is allowed.
    ///
    /// # Errors
    /// As [`Self::check_price`].
    #[inline]
    pub fn check_price_of(&self, slot: SlotId, price: Decimal) -> Result<(), Kind> {
        if price.value <= 0 && self.slots[slot as usize].any_price {
            let magnitude = Decimal { value: -price.value, ..price };
            return if price.value == 0 { Ok(()) } else { self.check_price(magnitude) };
        }
        self.check_price(price)
    }

    /// Checks a size that must not be negative and fit.
    ///
    /// # Errors
    /// [`Kind::Size`] or [`Kind::Decimal`].
    #[inline]
    pub fn check_size(&self, size: Decimal) -> Result<(), Kind> {
        if size.value < 0 {
            Err(Kind::Size)
        } else if size.value > decimal::SIZE_MAX {
            Err(Kind::Decimal(decimal::DecimalError::Range))
        } else if !self.options.limits.size(size.value) {
            Err(Kind::Decimal(decimal::DecimalError::Scale))
        } else {
            Ok(())
        }
    }

    /// Checks the best bid and ask; a price of zero is a side that is empty.
    ///
    /// # Errors
    /// As [`Self::check_price`] and [`Self::check_size`].
    pub fn check_quote(&self, prices: [Decimal; 2], sizes: [Decimal; 2]) -> Result<(), Kind> {
        for (price, size) in prices.into_iter().zip(sizes) {
            if price.value > 0 {
                self.check_price(price)?;
            }
            self.check_size(size)?;
        }
        Ok(())
    }

    /// The same of an instrument whose prices may have any sign: a size of zero is a side that is empty.
    ///
    /// # Errors
    /// As [`Self::check_price_of`] and [`Self::check_size`].
    pub fn check_quote_of(
        &self,
        slot: SlotId,
        prices: [Decimal; 2],
        sizes: [Decimal; 2],
    ) -> Result<(), Kind> {
        for (price, size) in prices.into_iter().zip(sizes) {
            if price.value != 0 {
                self.check_price_of(slot, price)?;
            }
            self.check_size(size)?;
        }
        Ok(())
    }

    /// Whether a side is empty: there is no quote to speak of.
    fn has_empty_side(&self, slot: SlotId, prices: [Decimal; 2], sizes: [Decimal; 2]) -> bool {
        let is_none = |values: [Decimal; 2]| values.iter().any(|value| value.value == 0);
        is_none(sizes) || is_none(prices) && !self.slots[slot as usize].any_price
    }

    pub(super) const fn pending_frame(&self) -> PendingFrame {
        PendingFrame { source: self.context.source, bytes: self.context.bytes }
    }

    // --- results ----------------------------------------------------------------------------------------

    /// Bytes of rows held in columns, about.
    #[must_use]
    pub const fn buffered_bytes(&self) -> usize {
        self.buffered
    }

    /// Calls `take` with each stream that has rows; `take` empties its columns.
    pub fn drain(&mut self, mut take: impl FnMut(u32, &mut Stream)) {
        for index in self.dirty.drain(..) {
            let stream = &mut self.streams[index as usize];
            stream.dirty = false;
            take(index, stream);
        }
        self.buffered = 0;
    }

    /// All streams opened so far.
    #[must_use]
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The accounting by source.
    #[must_use]
    pub fn accounts(&self) -> &[Accounting] {
        &self.accounts
    }

    /// A stream is dropped after all: what ended as rows in it is unselected.
    pub fn withdraw(&mut self, stream: u32) {
        for (source, counts) in std::mem::take(&mut self.streams[stream as usize].counts) {
            self.account_of(source).withdraw(&counts, End::Unselected);
        }
    }

    /// Rejects kept so far, taken out.
    pub fn take_rejects(&mut self) -> Vec<Reject> {
        self.rejects_bytes = 0;
        std::mem::take(&mut self.rejects)
    }

    /// Rejects so far, kept or not.
    #[must_use]
    pub const fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Gaps found so far.
    #[must_use]
    pub fn gaps(&self) -> &[GapRecord] {
        &self.gaps
    }

    /// Topics without a type of ours, by name.
    #[must_use]
    pub const fn unknown_topics(&self) -> &std::collections::BTreeMap<String, u64> {
        &self.unknown_topics
    }

    /// Values of more than 16 decimals that were rounded, by instrument and type.
    pub fn rounded(&self) -> impl Iterator<Item = (&str, DataType, u64)> {
        self.rounded.iter().map(|((id, data_type), n)| (&**id, *data_type, *n))
    }

    /// Book events emitted later than received to keep their order, deletes of levels not held, and rows whose
    /// event time is after their receive time.
    #[must_use]
    pub const fn oddities(&self) -> (u64, u64, u64) {
        (self.clamped, self.unheld_deletes, self.later_than_received)
    }
}

/// What an index is bound by: no symbol has a NUL.
fn index_key(name: &str) -> Vec<u8> {
    [b"\0index\0", name.as_bytes()].concat()
}
