//! The market a feed speaks of: instruments and, for each, its columns, book and what was seen already.
//!
//! Venue decoders call the methods here with values read from one frame; each method answers nothing and
//! counts the item. A frame whose syntax is broken must be refused before the first call: decoders parse to
//! the last byte into their scratch, then tell.

use std::sync::Arc;

use super::book::GapRecord;
use super::reject::{Reject, excerpt};
use super::slot::{NONE, Slot};
use super::{FeedOptions, Frame, Stream, StreamKey};
use crate::accounting::{Accounting, End};
use crate::book::{BookNews, PendingFrame};
use crate::data::{AnyColumns, DataType, Decimals};
use crate::instrument::Definition;
use crate::json::{JsonError, Kind};
use crate::symbol::{self, SlotId, SymbolTable};
use crate::venue::FeedSpec;

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
    pub(super) rounded: std::collections::BTreeMap<(Arc<str>, DataType), u64>,
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

    #[inline(always)]
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

    #[inline(always)]
    pub(super) fn account(&mut self, frame: &Frame<'_>, end: Option<End>, _number: u64) {
        self.frame += 1;
        match end {
            // Nearly every one: which of all ends it is, is known there.
            Some(End::Rows) => {
                if let Some((stream, items)) = self.tentative {
                    // A frame with rows elsewhere too keeps its end if this stream is dropped.
                    let frames = u64::from(items == self.rows_of_frame);
                    self.streams[stream as usize].count(frame.source, frames, frames * frame.bytes, items);
                }
                self.account_of(frame.source).frame(End::Rows, frame.bytes);
            }
            Some(end) => self.account_of(frame.source).frame(end, frame.bytes),
            None => {}
        }
    }

    #[inline(always)]
    pub(super) fn account_of(&mut self, source: u32) -> &mut Accounting {
        let index = source as usize;
        if self.accounts.len() <= index {
            self.new_account(index);
        }
        &mut self.accounts[index]
    }

    #[cold]
    #[inline(never)]
    fn new_account(&mut self, index: usize) {
        self.accounts.resize(index + 1, Accounting::default());
    }

    /// Counts bytes of a source's container that belong to no frame.
    pub fn add_overhead(&mut self, source: u32, bytes: u64) {
        self.account_of(source).container_bytes += bytes;
    }

    /// Counts one item of the frame.
    #[inline]
    pub fn item(&mut self, end: End) {
        self.items(end, 1);
    }

    #[inline(always)]
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

    pub(super) fn stream_of(&mut self, slot: SlotId, data_type: DataType) -> u32 {
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

    pub(super) fn selected(&mut self, data_type: DataType, ts_init: u64) -> bool {
        let wanted = self.options.types.has(data_type) && self.in_span(ts_init);
        if !wanted {
            self.item(End::Unselected);
        }
        wanted
    }

    pub(super) fn row(&mut self, ts_event: u64) -> u64 {
        let ts_init = self.context.ts_init(ts_event);
        self.later_than_received += u64::from(ts_event > ts_init);
        self.item(End::Rows);
        ts_init
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
