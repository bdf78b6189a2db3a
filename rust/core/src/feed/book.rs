//! Books in the market: one per (instrument, channel), and where their rows and news go.

use std::collections::BTreeMap;
use std::mem;
use std::sync::Arc;

use super::market::Market;
use super::slot::Slot;
use super::{PartialState, Place, Stream, StreamKey};
use crate::accounting::End;
use crate::book::{
    BookEvent, BookMessage, BookOutput, Derived, Gap, Judge, LiveBook, PendingFrame, Proof, Update,
    are_distinct, depth10,
};
use crate::data::{
    AnyColumns, BookAction, ColumnSet, DataType, Decimals, DeltaColumns, DeltaRow, F_SNAPSHOT, Side,
};
use crate::json::{Kind, Level};
use crate::lanes;
use crate::symbol::SlotId;

/// A hole, and in which book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapRecord {
    /// Nautilus id.
    pub instrument_id: Arc<str>,
    /// The venue's symbol.
    pub symbol: Arc<str>,
    /// Channel of the book.
    pub channel: Arc<str>,
    /// The hole.
    pub gap: Gap,
}

impl Slot {
    fn gap_record(&self, book: &DiffBook, gap: Gap) -> GapRecord {
        let (instrument_id, symbol) = (self.id.clone(), self.symbol.clone());
        GapRecord { instrument_id, symbol, channel: book.channel.clone(), gap }
    }
}

/// The books of one instrument.
#[derive(Debug, Default)]
pub(super) struct BookSet {
    diffs: Vec<DiffBook>,
    partials: Vec<PartialBook>,
    /// REST snapshots that came before the first diff opened a book.
    early: Vec<Early>,
    /// Books as an earlier recording left them, by channel, until the channel comes up.
    resumed: BTreeMap<String, super::BookState>,
    /// The same of what was derived from them.
    resumed_derived: BTreeMap<String, Derived>,
}

impl BookSet {
    pub(super) fn end_states(&self) -> BTreeMap<String, super::BookState> {
        let mut states = self.resumed.clone();
        for book in &self.diffs {
            match super::BookState::of(&book.book) {
                Some(state) => states.insert(book.channel.to_string(), state),
                None => states.remove(&*book.channel),
            };
        }
        states
    }

    /// What was derived from the book of each channel, as far as it was told.
    pub(super) fn derived_states(&self) -> BTreeMap<String, Derived> {
        let mut states = self.resumed_derived.clone();
        let derived = |book: &DiffBook| Some((book.channel.to_string(), book.derived.as_ref()?.end_state()?));
        states.extend(self.diffs.iter().filter_map(derived));
        states
    }

    /// Where the channels of partial books ended.
    pub(super) fn partial_states(&self) -> BTreeMap<String, PartialState> {
        let ended = |book: &PartialBook| {
            let Place { time, number } = book.last?;
            Some((book.channel.to_string(), PartialState { time, number, last_ns: book.last_ts }))
        };
        self.partials.iter().filter_map(ended).collect()
    }

    pub(super) fn resume(
        &mut self,
        books: BTreeMap<String, super::BookState>,
        derived: BTreeMap<String, Derived>,
        partials: BTreeMap<String, PartialState>,
    ) {
        (self.resumed, self.resumed_derived) = (books, derived);
        let partial = |(channel, PartialState { time, number, last_ns }): (String, PartialState)| {
            PartialBook { last: Some(Place { time, number }), last_ts: last_ns, ..PartialBook::new(&channel) }
        };
        self.partials = partials.into_iter().map(partial).collect();
    }
}

#[derive(Debug)]
struct DiffBook {
    channel: Arc<str>,
    stream: u32,
    book: LiveBook,
    derived: Option<Box<Derived>>,
    /// Streams of the depths and quotes derived.
    derived_streams: [u32; 2],
    /// Rows of before the span asked for were left out: the next event starts with the standing book.
    muted: bool,
}

#[derive(Debug)]
struct PartialBook {
    channel: Arc<str>,
    depth_stream: u32,
    delta_stream: u32,
    last: Option<Place>,
    last_ts: u64,
}

impl PartialBook {
    fn new(channel: &str) -> Self {
        Self { channel: channel.into(), depth_stream: NONE, delta_stream: NONE, last: None, last_ts: 0 }
    }
}

#[derive(Debug)]
struct Early {
    id: u64,
    levels: Vec<Level>,
    bids: usize,
    decimals: Decimals,
    ts_event: u64,
    ts_init: u64,
    frame: PendingFrame,
}

const NONE: u32 = u32::MAX;
/// Snapshots that wait for a first diff; of more it is not expected any longer.
const MAX_EARLY: usize = 64;
/// The channel of a snapshot that no diff came to.
const SNAPSHOT: &str = "snapshot";
// Memory of a row, about.
const DELTA_BYTES: usize = 70;
const DEPTH_BYTES: usize = 760;
pub(super) const QUOTE_BYTES: usize = 80;

/// The rows of a book's stream.
#[inline(always)]
fn deltas(stream: &mut Stream) -> &mut DeltaColumns {
    match &mut stream.columns {
        AnyColumns::Delta(rows) => rows,
        _ => unreachable!("a book's stream is opened for deltas"),
    }
}

impl Market {
    #[inline(always)]
    fn check_levels(&self, message: &BookMessage<'_>) -> Result<(), Kind> {
        if self.options.limits == super::Limits::High {
            // The reader of levels has checked these bounds already.
            return Ok(());
        }
        let orders = message.orders.unwrap_or_default().iter();
        let orders = orders.map(|order| Level { price: order.price, size: order.size });
        for level in message.bids.iter().chain(message.asks).copied().chain(orders) {
            if !self.options.limits.price(level.price) || !self.options.limits.size(level.size) {
                return Err(Kind::Decimal(crate::decimal::DecimalError::Scale));
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn book_event<'a>(&self, message: &'a BookMessage<'a>) -> Result<BookEvent<'a>, Kind> {
        self.check_levels(message)?;
        let ts_event = if message.ts_event == 0 { self.context.ts } else { message.ts_event };
        let ts_init = self.context.ts_init(ts_event);
        if ts_init == 0 {
            return Err(Kind::Missing("receive time"));
        }
        Ok(BookEvent { message, ts_event, ts_init, frame: self.pending_frame() })
    }

    /// A diff of the book `channel` of `slot`.
    ///
    /// # Errors
    /// A level that does not fit, or no time at all.
    pub fn book_update(
        &mut self,
        slot: SlotId,
        channel: &str,
        judge: Judge,
        update: Update,
        message: &BookMessage<'_>,
    ) -> Result<(), Kind> {
        let event = self.book_event(message)?;
        if update.first > update.last || !message.orders.is_none_or(are_distinct) {
            return Err(Kind::Value);
        }
        if !self.keeps_books() {
            self.item(End::Unselected);
            return Ok(());
        }
        let at = match self.kept_book(slot, channel) {
            Some(at) => at,
            None if self.takes_channel(slot, channel) => self.open_book(slot, channel, judge),
            None => {
                self.other_book(channel);
                return Ok(());
            }
        };
        let (book, mut out) = self.book_at(slot, at);
        let start = out.rows.action.len();
        let end = book.update(&update, &event, &mut out);
        self.finish_event(slot, at, end, start, event.ts_event, event.ts_init);
        Ok(())
    }

    /// A snapshot of the book of `slot`, for every diff book of it.
    ///
    /// # Errors
    /// As [`Self::book_update`].
    pub fn book_snapshot(&mut self, slot: SlotId, id: u64, message: &BookMessage<'_>) -> Result<(), Kind> {
        let event = self.book_event(message)?;
        if !self.keeps_books() {
            self.item(End::Unselected);
            return Ok(());
        }
        if self.slots[slot as usize].books.diffs.is_empty() {
            let mut levels = message.bids.to_vec();
            levels.extend_from_slice(message.asks);
            let early = Early {
                id,
                levels,
                bids: message.bids.len(),
                decimals: message.decimals,
                ts_event: event.ts_event,
                ts_init: event.ts_init,
                frame: event.frame,
            };
            self.slots[slot as usize].books.early.push(early);
            self.pending = true;
            if self.slots[slot as usize].books.early.len() > MAX_EARLY {
                self.take_snapshots_alone(slot);
            }
            return Ok(());
        }
        for at in 0..self.slots[slot as usize].books.diffs.len() {
            // Only the first book accounts for the frame; the others take it as it is.
            let event =
                BookEvent { frame: if at == 0 { event.frame } else { PendingFrame::default() }, ..event };
            let (book, mut out) = self.book_at(slot, at);
            let start = out.rows.action.len();
            let end = book.snapshot(id, &event, &mut out);
            let end = if at == 0 { end } else { None };
            self.finish_event(slot, at, end, start, event.ts_event, event.ts_init);
        }
        Ok(())
    }

    /// A self-contained top of the book: a depth row and, where the instrument has no diff stream, its levels
    /// as a snapshot. The number of its `place` is the sequence of the rows.
    ///
    /// # Errors
    /// As [`Self::book_update`].
    pub fn partial_book(
        &mut self,
        slot: SlotId,
        channel: &str,
        place: Option<Place>,
        message: &BookMessage<'_>,
    ) -> Result<(), Kind> {
        let event = self.book_event(message)?;
        let at = self.partial(slot, channel);
        let state = &mut self.slots[slot as usize].books.partials[at];
        if let Some(end) = Place::end_after(place, &mut state.last) {
            self.item(end);
            return Ok(());
        }
        let id = place.map_or(0, |place| place.number);
        let ts_init = event.ts_init.max(state.last_ts);
        state.last_ts = ts_init;
        let (mut depth_stream, mut delta_stream) = (state.depth_stream, state.delta_stream);
        let key = |data_type, id: &Arc<str>| StreamKey { data_type, id: id.clone(), variant: channel.into() };
        let id_text = self.slots[slot as usize].id.clone();
        let in_span = self.in_span(ts_init);
        let (with_depth, with_deltas) = (
            in_span && self.options.types.has(DataType::Depth10),
            in_span
                && self.options.types.has(DataType::Delta)
                && self.takes_partial(slot, channel)
                && !(message.bids.is_empty() && message.asks.is_empty()),
        );
        if with_depth {
            if depth_stream == NONE {
                depth_stream = self.open_stream(key(DataType::Depth10, &id_text), id_text.clone());
            }
            let row = depth10(message.bids, message.asks, id, event.ts_event, ts_init);
            if let Some(AnyColumns::Depth10(columns)) =
                self.columns(depth_stream, 1, DEPTH_BYTES, message.decimals)
            {
                columns.push(&row);
            }
        }
        if with_deltas {
            if delta_stream == NONE {
                delta_stream = self.open_stream(key(DataType::Delta, &id_text), id_text);
            }
            self.partial_deltas(delta_stream, id, ts_init, &event);
        }
        let state = &mut self.slots[slot as usize].books.partials[at];
        (state.depth_stream, state.delta_stream) = (depth_stream, delta_stream);
        match (with_depth, with_deltas) {
            (false, false) if in_span && self.keeps_books() => self.other_book(channel),
            (false, false) => self.item(End::Unselected),
            (true, _) => self.item(End::Rows),
            (false, true) => {
                self.item(End::Rows);
                self.tentative = Some((delta_stream, 1));
            }
        }
        Ok(())
    }

    fn partial_deltas(&mut self, stream: u32, sequence: u64, ts_init: u64, event: &BookEvent<'_>) {
        let BookMessage { bids, asks, decimals, .. } = *event.message;
        let n = 1 + bids.len() + asks.len();
        let columns = self.columns(stream, n as u64, n * DELTA_BYTES, decimals);
        let Some(AnyColumns::Delta(rows)) = columns else { return };
        let mut row = DeltaRow {
            action: BookAction::Clear,
            side: Side::None,
            price: 0,
            size: 0,
            order_id: 0,
            flags: F_SNAPSHOT,
            sequence,
            ts_event: event.ts_event,
            ts_init,
        };
        rows.push(&row);
        row.action = BookAction::Add;
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            row.side = side;
            for level in levels.iter().filter(|l| l.size > 0) {
                (row.price, row.size) = (level.price, level.size);
                rows.push(&row);
            }
        }
        rows.mark_last();
    }

    /// Whether books are needed: for their deltas, or for what is derived from them.
    const fn keeps_books(&self) -> bool {
        let types = self.options.types;
        types.has(DataType::Delta) || types.derives(DataType::Depth10) || types.derives(DataType::Quote)
    }

    /// The place of a book that a stream brought and whose rows are kept; what brought one is taken from then on.
    #[inline(always)]
    fn kept_book(&self, slot: SlotId, channel: &str) -> Option<usize> {
        let channel = channel.as_bytes();
        let mut diffs = self.slots[slot as usize].books.diffs.iter();
        let at = diffs.position(|book| lanes::same(book.channel.as_bytes(), channel))?;
        // One of answers alone is no reason to take more of them beside a stream.
        (channel != SNAPSHOT.as_bytes()).then_some(at)
    }

    /// Opens a book, where there is none, and gives it the snapshots that came before; answers its place.
    #[cold]
    #[inline(never)]
    fn open_book(&mut self, slot: SlotId, channel: &str, judge: Judge) -> usize {
        let (at, early) = self.diff_book(slot, channel, judge);
        early.iter().for_each(|early| self.take_early(slot, at, early));
        at
    }

    /// Whether rows of a book channel are kept: the one asked for, or all of them, or (one by one) the best so
    /// far of the venue's preference.
    fn takes_channel(&self, slot: SlotId, channel: &str) -> bool {
        if self.options.all_channels {
            return true;
        }
        if let Some(book) = &self.options.book {
            return **book == *channel;
        }
        let mut diffs = self.slots[slot as usize].books.diffs.iter().filter(|b| *b.channel != *SNAPSHOT);
        diffs.next().is_none_or(|first| *first.channel == *channel || diffs.any(|b| *b.channel == *channel))
    }

    /// Whether `channel`, which is only a book when asked for, was asked for.
    #[must_use]
    pub fn wants_book(&self, channel: &str) -> bool {
        self.options.book.as_deref() == Some(channel)
    }

    /// A message of a book that is not kept: its channel is named.
    pub fn other_book(&mut self, channel: &str) {
        self.item(End::Unselected);
        self.name_other_book(channel);
    }

    fn name_other_book(&mut self, channel: &str) {
        if let Some(count) = self.other_books.get_mut(channel) {
            *count += 1;
        } else if self.other_books.len() < 1_000 {
            self.other_books.insert(channel.to_owned(), 1);
        }
    }

    /// Messages of books that are not kept, by channel.
    #[must_use]
    pub const fn other_books(&self) -> &BTreeMap<String, u64> {
        &self.other_books
    }

    /// Whether `channel` has brought a book of `slot`.
    #[must_use]
    pub fn has_book(&self, slot: SlotId, channel: &str) -> bool {
        self.slots[slot as usize].books.diffs.iter().any(|book| *book.channel == *channel)
    }

    /// Whether the book of `channel` is in step.
    #[must_use]
    pub fn stands(&self, slot: SlotId, channel: &str) -> bool {
        let mut books = self.slots[slot as usize].books.diffs.iter();
        books.any(|book| *book.channel == *channel && book.book.id().is_some())
    }

    /// The books of `slot` that an earlier recording left and of which no message has come yet, by channel.
    pub fn left(&self, slot: SlotId) -> impl Iterator<Item = (&str, &super::BookState)> {
        self.slots[slot as usize].books.resumed.iter().map(|(channel, book)| (&**channel, book))
    }

    fn takes_partial(&self, slot: SlotId, channel: &str) -> bool {
        if self.options.all_channels {
            return true;
        }
        if let Some(book) = &self.options.book {
            return **book == *channel;
        }
        let books = &self.slots[slot as usize].books;
        books.diffs.is_empty() && books.partials.first().is_some_and(|first| *first.channel == *channel)
    }

    fn partial(&mut self, slot: SlotId, channel: &str) -> usize {
        let partials = &mut self.slots[slot as usize].books.partials;
        if let Some(at) = partials.iter().position(|p| *p.channel == *channel) {
            return at;
        }
        partials.push(PartialBook::new(channel));
        partials.len() - 1
    }

    fn diff_book(&mut self, slot: SlotId, channel: &str, judge: Judge) -> (usize, Vec<Early>) {
        let diffs = &self.slots[slot as usize].books.diffs;
        if let Some(at) = diffs.iter().position(|b| *b.channel == *channel) {
            return (at, Vec::new());
        }
        let id = self.slots[slot as usize].id.clone();
        let key = StreamKey { data_type: DataType::Delta, id: id.clone(), variant: channel.into() };
        let stream = self.open_stream(key, id);
        let on_gap = self.options.on_gap;
        let book = match self.slots[slot as usize].books.resumed.remove(channel) {
            Some(state) if channel == SNAPSHOT => state.live_book(judge, on_gap).of_snapshots(),
            Some(state) => state.live_book(judge, on_gap),
            None => LiveBook::new(judge, on_gap),
        };
        let muted = self.options.from > 0;
        let types = self.options.types;
        let mut derived = Derived::new(
            types.derives(DataType::Depth10),
            types.derives(DataType::Quote),
            self.options.derive_every,
        );
        let books = &mut self.slots[slot as usize].books;
        let left = books.resumed_derived.remove(channel);
        if let Some((derived, left)) = derived.as_mut().zip(left) {
            derived.resume(left);
        }
        books.diffs.push(DiffBook {
            channel: channel.into(),
            stream,
            book,
            derived,
            derived_streams: [NONE; 2],
            muted,
        });
        (books.diffs.len() - 1, mem::take(&mut books.early))
    }

    fn take_early(&mut self, slot: SlotId, at: usize, early: &Early) {
        let (bids, asks) = early.levels.split_at(early.bids);
        let &Early { decimals, ts_event, ts_init, frame, .. } = early;
        let proof = Proof::default();
        let message = BookMessage { bids, asks, orders: None, proof, decimals, ts_event };
        let event = BookEvent { message: &message, ts_event, ts_init, frame };
        let (book, mut out) = self.book_at(slot, at);
        let start = out.rows.action.len();
        let end = book.snapshot(early.id, &event, &mut out);
        if let Some(end) = end {
            self.news.settled.push(crate::book::Settled { frame, end });
        }
        self.absorb(slot, at, start, ts_event, ts_init);
    }

    /// A book, and where what it says goes: its own columns first.
    #[inline(always)]
    fn book_at(&mut self, slot: SlotId, at: usize) -> (&mut LiveBook, BookOutput<'_>) {
        let held = &mut self.slots[slot as usize].books.diffs[at];
        let rows = deltas(&mut self.streams[held.stream as usize]);
        let derived = held.derived.as_deref_mut();
        (&mut held.book, BookOutput { rows, news: &mut self.news, derived })
    }

    /// The rows of a book's stream.
    #[inline(always)]
    fn deltas(&mut self, stream: u32) -> &mut DeltaColumns {
        deltas(&mut self.streams[stream as usize])
    }

    #[inline(always)]
    fn finish_event(
        &mut self,
        slot: SlotId,
        at: usize,
        end: Option<End>,
        start: usize,
        ts_event: u64,
        ts_init: u64,
    ) {
        let emitted = self.absorb(slot, at, start, ts_event, ts_init);
        match end {
            Some(End::Rows) => match emitted {
                Some(stream) => {
                    self.items(End::Rows, 1);
                    self.tentative = Some((stream, 1));
                }
                None => self.item(End::Unselected),
            },
            Some(end) => self.item(end),
            None => self.pending = true,
        }
    }

    /// Takes what a book gave since it had `start` rows. Answers the stream that its frame counts for; `None`:
    /// rows were outside the span asked for, or of no type asked for, and were left out.
    #[inline(always)]
    fn absorb(&mut self, slot: SlotId, at: usize, start: usize, ts_event: u64, ts_init: u64) -> Option<u32> {
        let held = &self.slots[slot as usize].books.diffs[at];
        let (stream, muted, derives) = (held.stream, held.muted, held.derived.is_some());
        // Rows may be later than their frame: where the clock went back, and where they had waited for it.
        let ts_init = ts_init.max(held.book.last_ts());
        let in_span = self.in_span(ts_init);
        if !in_span || muted {
            self.mute(slot, at, start, in_span, ts_event, ts_init);
        }
        let decimals = self.news.decimals;
        let is_told = in_span || self.deltas(stream).action.len() > start;
        let mut emitted = is_told.then_some(stream);
        if derives {
            emitted = self.take_derived(slot, at, start).filter(|_| is_told);
        }
        let added = self.deltas(stream).action.len() - start;
        if added > 0 && self.columns(stream, added as u64, added * DELTA_BYTES, decimals).is_none() {
            self.streams[stream as usize].columns.clear();
        }
        if !(self.news.settled.is_empty() && self.news.gaps.is_empty() && self.news.opened.is_empty()) {
            self.take_news(slot, at, emitted);
        }
        self.clamped += mem::take(&mut self.news.clamped);
        self.unheld_deletes += mem::take(&mut self.news.unheld_deletes);
        self.news.decimals = Decimals::default();
        emitted
    }

    /// Rows outside the span asked for are left out; where it begins, the book as it stands is the first event.
    #[cold]
    fn mute(&mut self, slot: SlotId, at: usize, start: usize, in_span: bool, ts_event: u64, ts_init: u64) {
        let span = self.options.from..self.options.to;
        let held = &mut self.slots[slot as usize].books.diffs[at];
        let rows = deltas(&mut self.streams[held.stream as usize]);
        if rows.action.len() == start {
            return;
        }
        if !in_span {
            let kept = if held.muted {
                0
            } else {
                rows.ts_init[start..].iter().take_while(|&ts| span.contains(ts)).count()
            };
            rows.truncate(start + kept);
            held.muted = true;
        } else {
            rows.truncate(start);
            held.muted = false;
        }
        if let Some(derived) = &mut held.derived {
            if !in_span {
                // An interval that ended inside the span is told by what comes after it.
                derived.restart(|ts| span.contains(&ts));
            } else {
                derived.restart(|_| false);
            }
        }
        if in_span {
            let (book, mut out) = self.book_at(slot, at);
            book.emit_standing(ts_event, ts_init, &mut out);
        }
    }

    /// Moves derived rows to their streams, and drops deltas that are only derived from. Answers the stream that
    /// the frame counts for.
    #[inline(never)]
    fn take_derived(&mut self, slot: SlotId, at: usize, start: usize) -> Option<u32> {
        let held = &mut self.slots[slot as usize];
        // What the venue sends itself wins, from its first row on.
        let received = |is_received: bool| is_received && !self.options.all_channels;
        let has_depths = received(!held.books.partials.is_empty());
        let has_quotes = received(held.last_quote.is_some());
        let book = &mut held.books.diffs[at];
        // The top may hold levels of any event so far.
        let (delta_stream, decimals) = (book.stream, book.book.decimals());
        let derived = book.derived.as_mut()?;
        let (depths, quotes) = derived.take_rows();
        let with_deltas = self.options.types.has(DataType::Delta);
        let mut main = with_deltas.then_some(delta_stream);
        if !depths.is_empty() && !has_depths {
            let stream = self.derived_stream(slot, at, DataType::Depth10);
            let (rows, bytes) = (depths.len() as u64, depths.len() * DEPTH_BYTES);
            if let Some(AnyColumns::Depth10(columns)) = self.columns(stream, rows, bytes, decimals) {
                depths.iter().for_each(|row| columns.push(row));
            }
            main = main.or(Some(stream));
        }
        if !quotes.is_empty() && !has_quotes {
            let stream = self.derived_stream(slot, at, DataType::Quote);
            let (rows, bytes) = (quotes.len() as u64, quotes.len() * QUOTE_BYTES);
            if let Some(AnyColumns::Quote(columns)) = self.columns(stream, rows, bytes, decimals) {
                quotes.iter().for_each(|row| columns.push(row));
            }
            main = main.or(Some(stream));
        }
        if !with_deltas {
            self.deltas(delta_stream).truncate(start);
        }
        main
    }

    /// The stream of what is derived from a book, opened at its first row.
    fn derived_stream(&mut self, slot: SlotId, at: usize, data_type: DataType) -> u32 {
        let (kind, held) = (usize::from(data_type == DataType::Quote), &self.slots[slot as usize]);
        let (book, id) = (&held.books.diffs[at], held.id.clone());
        if book.derived_streams[kind] != NONE {
            return book.derived_streams[kind];
        }
        let variant = format!("{}{}", StreamKey::DERIVED, book.channel).into();
        let stream = self.open_stream(StreamKey { data_type, id: id.clone(), variant }, id);
        self.slots[slot as usize].books.diffs[at].derived_streams[kind] = stream;
        stream
    }

    #[cold]
    fn take_news(&mut self, slot: SlotId, at: usize, emitted: Option<u32>) {
        let held = &self.slots[slot as usize];
        let book = &held.books.diffs[at];
        let record = |gap| held.gap_record(book, gap);
        self.gaps.extend(self.news.gaps.drain(..).map(record));
        let opened = self.news.opened.drain(..).filter(|_| self.options.tell_openings);
        self.opened.extend(opened.map(record));
        for settled in mem::take(&mut self.news.settled) {
            let end = settled.end;
            let end = if end == End::Rows && emitted.is_none() { End::Unselected } else { end };
            self.settle(settled.frame, end, emitted);
        }
    }

    /// Counts a frame that had waited for its end.
    fn settle(&mut self, frame: PendingFrame, end: End, stream: Option<u32>) {
        if frame.bytes == 0 {
            return;
        }
        let account = self.account_of(frame.source);
        account.frame(end, frame.bytes);
        account.items.add(end, 1);
        if let (End::Rows, Some(stream)) = (end, stream) {
            self.streams[stream as usize].count(frame.source, 1, frame.bytes, 1);
        }
    }

    /// The input is over: what waits is withheld, open holes are told.
    pub(super) fn finish(&mut self) {
        for slot in 0..self.slots.len() as SlotId {
            for at in 0..self.slots[slot as usize].books.diffs.len() {
                let (book, mut out) = self.book_at(slot, at);
                let start = out.rows.action.len();
                book.finish(&mut out);
                self.absorb(slot, at, start, 0, self.options.from);
            }
            self.take_snapshots_alone(slot);
        }
    }

    /// Snapshots without a stream: they are the book at their times all the same.
    fn take_snapshots_alone(&mut self, slot: SlotId) {
        let early = mem::take(&mut self.slots[slot as usize].books.early);
        if early.is_empty() {
            return;
        }
        if self.options.book.as_deref().is_some_and(|book| book != SNAPSHOT) {
            for early in &early {
                self.settle(early.frame, End::Unselected, None);
                self.name_other_book(SNAPSHOT);
            }
            return;
        }
        let (at, _) = self.diff_book(slot, SNAPSHOT, |_, _| crate::book::Verdict::Gap);
        early.iter().for_each(|early| self.take_early(slot, at, early));
    }

    /// Holes found since this was last asked, in the order of the stream; only where the options say so.
    pub fn take_opened(&mut self) -> Vec<GapRecord> {
        mem::take(&mut self.opened)
    }

    /// The holes that books of a venue symbol wait behind.
    #[must_use]
    pub fn open_gaps(&self, symbol: &str) -> Vec<GapRecord> {
        let slot = self.slots.iter().filter(|slot| *slot.symbol == *symbol);
        let waiting = |slot: &'_ Slot, book: &DiffBook| Some(slot.gap_record(book, book.book.gap()?.clone()));
        slot.flat_map(|slot| slot.books.diffs.iter().filter_map(move |book| waiting(slot, book))).collect()
    }

    /// The books that are in step, for the end state: instrument id, channel and book.
    pub fn books(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, &LiveBook)> {
        self.slots.iter().flat_map(|slot| slot.books.diffs.iter().map(|b| (&slot.id, &b.channel, &b.book)))
    }
}
