//! What one who receives the frames can know, in the order they arrive: the model that the truth is written by.
//!
//! It never sees a byte of a frame, nor the first ids by which a decoder has to guess at holes: it is told by the
//! market which diff is before each ([`Diff::after`]), also where the wire is silent about that. So it is independent
//! of every rule by which a decoder finds the same out.
//!
//! The rules are the catalog's: a book stands after a snapshot and each diff that follows it without a hole; after a
//! hole diffs wait until a snapshot joins them or, from another connection, what was missing comes; what is past is
//! dropped. A snapshot that comes while the book stands is kept aside and joins if the next diff does not. Receive
//! times of one book never go back. Trades fall by id, quotes by the id of their book, bars and marks by their time.

mod by_order;
mod proven;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::rc::Rc;

use crate::decimal::Decimal;
use crate::market::{Candle, Instrument, Level, Side};
use crate::rows::{self, F_SNAPSHOT, last_of};
use crate::truth::{Arrival, RowType, Truth};
use crate::wire::{Carrier, Channel, Channels, Content, Diff, EndsAtIt, Message, Snapshot, Valued};

/// A hole in a book's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Nautilus id.
    pub instrument_id: String,
    /// The venue's id of the last thing before it; 0: there was nothing.
    pub from_sequence: u64,
    /// Receive time of the first diff after it, ns UTC.
    pub to_ns: u64,
    /// Receive time of what ended it, ns UTC; 0: nothing did.
    pub resolved_ns: u64,
    /// `snapshot`, `late_update`, or `` while it is open.
    pub resolution: &'static str,
}

/// Whether a new snapshot is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Snapshot,
}

struct Received {
    message: Rc<Message>,
    ts: u64,
}

impl Received {
    fn diff(&self) -> Option<&Diff> {
        match &self.message.content {
            Content::Diff(diff) => Some(diff),
            _ => None,
        }
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        match &self.message.content {
            Content::Snapshot(snapshot) => Some(snapshot),
            _ => None,
        }
    }
}

/// Where a diff stands, seen from a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Past,
    Next,
    Beyond,
}

/// Where a book stands.
#[derive(Debug, Clone, Copy)]
struct Standing {
    /// The venue's id of the last thing applied.
    id: u64,
    /// Whether a diff of that very id may be applied still.
    again: bool,
}

impl Standing {
    fn at(snapshot: &Snapshot) -> Self {
        Self { id: snapshot.id, again: snapshot.ends_at_it == EndsAtIt::Applied }
    }

    const fn place(self, after: u64, id: u64) -> Place {
        if id < self.id || id == self.id && !self.again {
            Place::Past
        } else if after <= self.id {
            Place::Next
        } else {
            Place::Beyond
        }
    }
}

#[derive(Default)]
struct BookState {
    /// `None` before the first snapshot.
    place: Option<Standing>,
    /// Whether nothing is missing since.
    stands: bool,
    /// By id.
    waiting: Vec<Received>,
    aside: Option<Received>,
    /// Receive time of the last event emitted.
    emitted: u64,
    /// Prices held by side.
    held: [HashSet<i64>; 2],
    gap: Option<Gap>,
    /// What stands where no number orders messages.
    proven: proven::Book,
    /// The same by order.
    by_order: by_order::Book,
    /// A snapshot was received, and no diff since.
    silent: bool,
}

impl BookState {
    fn held(&mut self, side: Side) -> &mut HashSet<i64> {
        &mut self.held[side as usize]
    }
}

/// Ids seen, the oldest forgotten: what is older than all that are kept counts as seen.
#[derive(Default)]
struct Seen {
    recent: BTreeSet<u64>,
    floor: u64,
}

impl Seen {
    fn insert(&mut self, id: u64) -> bool {
        if id < self.floor || !self.recent.insert(id) {
            return false;
        }
        if self.recent.len() > 4_096
            && let Some(oldest) = self.recent.pop_first()
        {
            self.floor = oldest + 1;
        }
        true
    }
}

#[derive(Default)]
struct State {
    book: BookState,
    trades: Seen,
    quote: u64,
    partial: u64,
    partial_emitted: u64,
    bar: u64,
    running: Option<Candle>,
    /// Of the last mark price, index price, funding rate, open interest.
    marks: [u64; 4],
    /// The last best bid and ask of a ticker.
    top: Option<(u64, Level, Level)>,
    status: (u64, &'static str),
    forced: VecDeque<(u64, Side, i64, i64)>,
}

/// The model.
pub(crate) struct Consumer<'a> {
    instruments: Vec<Instrument>,
    ids: Vec<String>,
    states: Vec<State>,
    /// Of valuations the last time by type and id.
    valued: HashMap<(u8, String), u64>,
    channels: Channels,
    truth: Truth<'a>,
    gaps: Vec<Gap>,
}

impl<'a> Consumer<'a> {
    pub(crate) fn new(
        instruments: &[Instrument],
        ids: Vec<String>,
        channels: Channels,
        truth: Truth<'a>,
    ) -> Self {
        let states = instruments.iter().map(|_| State::default()).collect();
        Self {
            instruments: instruments.to_vec(),
            ids,
            states,
            valued: HashMap::new(),
            channels,
            truth,
            gaps: Vec::new(),
        }
    }

    /// Whether a snapshot was received and no diff since: another would say nothing.
    pub(crate) fn is_silent(&self, instrument: usize) -> bool {
        self.states[instrument].book.silent
    }

    /// Takes a message received at `ts` ns UTC.
    pub(crate) fn take(&mut self, message: &Rc<Message>, ts: u64) -> io::Result<Needs> {
        let at = message.instrument;
        let received = Received { message: message.clone(), ts };
        match &message.content {
            Content::Diff(_) => {
                self.states[at].book.silent = false;
                self.diff(at, received)?;
                if !self.states[at].book.stands {
                    return Ok(Needs::Snapshot);
                }
            }
            Content::Snapshot(_) => {
                self.states[at].book.silent = true;
                match message.carrier {
                    Carrier::Stream => self.restart(at, &received)?,
                    Carrier::Answer { .. } => self.snapshot(at, received)?,
                }
            }
            Content::Proven(message) => {
                self.states[at].book.silent = message.whole;
                self.proven(at, message, ts)?;
                if !self.states[at].book.stands {
                    return Ok(Needs::Snapshot);
                }
            }
            Content::ByOrder(message) => {
                self.states[at].book.silent = message.whole;
                self.by_order(at, message, ts)?;
                if !self.states[at].book.stands {
                    return Ok(Needs::Snapshot);
                }
            }
            Content::Partial(partial) => self.partial(at, partial, ts)?,
            content => self.apart(at, content, ts)?,
        }
        Ok(Needs::Nothing)
    }

    /// What is apart from books.
    fn apart(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        match content {
            Content::Trade { aggregate, .. } => {
                // Fills where there are any, else what was added up of them; never both.
                if *aggregate != self.channels.has(Channel::Trade) {
                    self.trade(at, content, ts)?;
                }
                Ok(())
            }
            Content::Valued(valued) => self.valued(at, valued, ts),
            Content::Forced { fill, sides } => self.fill(at, fill, sides, ts),
            Content::Several(all) => all.iter().try_for_each(|one| self.apart(at, one, ts)),
            Content::Quote { .. } => self.quote(at, content, ts),
            Content::Top { bid, ask, ts_event } => self.top(at, (*bid, *ask), *ts_event, ts),
            Content::Running { spec, candle } => self.running(at, spec, *candle, ts),
            Content::Bar { .. } => self.bar(at, content, ts),
            Content::Mark { .. } => self.mark(at, content, ts),
            Content::OpenInterest { value, unit, ts_event } => {
                self.open_interest(at, (*value, unit), *ts_event, ts)
            }
            Content::Status { .. } => self.status(at, content, ts),
            Content::Liquidation { .. } => self.forced(at, content, ts),
            Content::Control
            | Content::Diff(_)
            | Content::Snapshot(_)
            | Content::Partial(_)
            | Content::ByOrder(_)
            | Content::Proven(_) => Ok(()),
        }
    }

    /// The input is over: holes that are open stay open.
    pub(crate) fn finish(mut self) -> (Truth<'a>, Vec<Gap>) {
        for (state, id) in self.states.iter_mut().zip(&self.ids) {
            let book = &mut state.book;
            match book.gap.take() {
                Some(gap) => self.gaps.push(gap),
                None if book.place.is_none() && !book.waiting.is_empty() => self.gaps.push(Gap {
                    instrument_id: id.clone(),
                    from_sequence: 0,
                    to_ns: book.waiting[0].ts,
                    resolved_ns: 0,
                    resolution: "",
                }),
                None => {}
            }
        }
        (self.truth, self.gaps)
    }

    // --- books ------------------------------------------------------------------------------------------

    fn diff(&mut self, at: usize, received: Received) -> io::Result<()> {
        let Some(diff) = received.diff() else { return Ok(()) };
        let (after, id) = (diff.after, diff.id);
        let book = &mut self.states[at].book;
        match book.place.map_or(Place::Beyond, |standing| standing.place(after, id)) {
            Place::Past => {}
            Place::Next => {
                let was_standing = std::mem::replace(&mut book.stands, true);
                self.apply(at, &received)?;
                let book = &mut self.states[at].book;
                if book.aside.as_ref().and_then(Received::snapshot).is_some_and(|aside| aside.id <= id) {
                    book.aside = None;
                }
                if !was_standing {
                    // What was missing came late, on another connection.
                    self.drain(at)?;
                    self.close_gap(at, received.ts, "late_update");
                }
            }
            Place::Beyond => {
                if book.stands {
                    self.open_gap(at, received.ts);
                    let joins = |aside: &Received| aside.snapshot().is_some_and(|aside| after <= aside.id);
                    if let Some(aside) = self.states[at].book.aside.take().filter(joins) {
                        self.replace(at, &aside)?;
                        return self.diff(at, received);
                    }
                }
                let book = &mut self.states[at].book;
                book.stands = false;
                let ids = |held: &Received| held.diff().map_or(0, |diff| diff.id);
                let place = book.waiting.partition_point(|held| ids(held) < id);
                if book.waiting.get(place).is_none_or(|held| ids(held) != id) {
                    book.waiting.insert(place, received);
                }
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, at: usize, received: Received) -> io::Result<()> {
        let Some(snapshot) = received.snapshot() else { return Ok(()) };
        let book = &mut self.states[at].book;
        if book.stands {
            if book.place.is_some_and(|standing| snapshot.id > standing.id) {
                book.aside = Some(received);
            }
            return Ok(());
        }
        let standing = Standing::at(snapshot);
        let mut places =
            book.waiting.iter().filter_map(Received::diff).map(|d| standing.place(d.after, d.id));
        if places.find(|place| *place != Place::Past) == Some(Place::Beyond) {
            return Ok(());
        }
        self.replace(at, &received)?;
        self.drain(at)
    }

    /// A snapshot that the stream brings: the book starts anew from it, unless it is past it already. Of what
    /// waits only what follows without a hole is of use.
    fn restart(&mut self, at: usize, received: &Received) -> io::Result<()> {
        let Some(snapshot) = received.snapshot() else { return Ok(()) };
        let book = &mut self.states[at].book;
        if book.place.is_some_and(|standing| snapshot.id <= standing.id) {
            return Ok(());
        }
        let first = book.waiting.iter().map(|held| held.ts).min();
        let had_stood = book.place.is_some();
        let mut dropped = false;
        self.whole(at, received)?;
        for held in std::mem::take(&mut self.states[at].book.waiting) {
            let Some(diff) = held.diff() else { continue };
            let place = self.states[at].book.place.map_or(Place::Beyond, |s| s.place(diff.after, diff.id));
            match place {
                Place::Next => self.apply(at, &held)?,
                Place::Past => {}
                Place::Beyond => dropped = true,
            }
        }
        if let Some(to_ns) = first.filter(|_| dropped && !had_stood) {
            // What came before the first snapshot and will never join one.
            self.open_gap(at, to_ns);
            if let Some(gap) = &mut self.states[at].book.gap {
                gap.from_sequence = 0;
            }
        }
        self.close_gap(at, received.ts, "snapshot");
        Ok(())
    }

    /// Applies what waits, as far as it goes.
    fn drain(&mut self, at: usize) -> io::Result<()> {
        for received in std::mem::take(&mut self.states[at].book.waiting) {
            self.diff(at, received)?;
        }
        Ok(())
    }

    fn open_gap(&mut self, at: usize, ts: u64) {
        let book = &mut self.states[at].book;
        if book.gap.is_none() {
            book.gap = Some(Gap {
                instrument_id: self.ids[at].clone(),
                from_sequence: book.place.map_or(0, |standing| standing.id),
                to_ns: ts,
                resolved_ns: 0,
                resolution: "",
            });
        }
    }

    fn close_gap(&mut self, at: usize, ts: u64, resolution: &'static str) {
        let book = &mut self.states[at].book;
        if !book.stands {
            return;
        }
        if let Some(gap) = book.gap.take() {
            self.gaps.push(Gap { resolved_ns: ts, resolution, ..gap });
        }
    }

    /// CLEAR, then every level.
    fn replace(&mut self, at: usize, received: &Received) -> io::Result<()> {
        self.whole(at, received)?;
        self.close_gap(at, received.ts, "snapshot");
        Ok(())
    }

    /// Stands at a snapshot.
    fn whole(&mut self, at: usize, received: &Received) -> io::Result<()> {
        let Some(snapshot) = received.snapshot() else { return Ok(()) };
        let book = &mut self.states[at].book;
        (book.place, book.stands) = (Some(Standing::at(snapshot)), true);
        book.aside = None;
        book.emitted = book.emitted.max(received.ts);
        let times = (snapshot.ts_event.unwrap_or(received.ts), book.emitted);
        self.whole_book(at, snapshot, times)
    }

    fn whole_book(&mut self, at: usize, snapshot: &Snapshot, times: (u64, u64)) -> io::Result<()> {
        let state = &mut self.states[at];
        let (instrument, id) = (&self.instruments[at], &self.ids[at]);
        state.book.held.iter_mut().for_each(HashSet::clear);
        let count = snapshot.bids.len() + snapshot.asks.len();
        let mut left = count;
        let flags = |left: usize| F_SNAPSHOT | last_of(left);
        let clear =
            rows::delta("CLEAR", "NO_ORDER_SIDE", instrument, Level::default(), flags(left), snapshot.id);
        self.truth.row(RowType::Delta, id, times, Arrival::InOrder, clear)?;
        for (side, name, levels) in [(Side::Buy, "BUY", &snapshot.bids), (Side::Sell, "SELL", &snapshot.asks)]
        {
            for level in levels {
                left -= 1;
                state.book.held(side).insert(level.price);
                let row = rows::delta("ADD", name, instrument, *level, flags(left), snapshot.id);
                self.truth.row(RowType::Delta, id, times, Arrival::InOrder, row)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, at: usize, received: &Received) -> io::Result<()> {
        let Some(diff) = received.diff() else { return Ok(()) };
        let book = &mut self.states[at].book;
        book.place = Some(Standing { id: diff.id, again: false });
        let mut left = diff.bids.len() + diff.asks.len();
        if left == 0 {
            return Ok(());
        }
        book.emitted = book.emitted.max(received.ts);
        let times = (diff.ts_event, book.emitted);
        for (side, name, levels) in [(Side::Buy, "BUY", &diff.bids), (Side::Sell, "SELL", &diff.asks)] {
            for level in levels {
                left -= 1;
                let action = if level.size == 0 {
                    book.held(side).remove(&level.price);
                    "DELETE"
                } else if book.held(side).insert(level.price) {
                    "ADD"
                } else {
                    "UPDATE"
                };
                let row = rows::delta(action, name, &self.instruments[at], *level, last_of(left), diff.id);
                self.truth.row(RowType::Delta, &self.ids[at], times, Arrival::InOrder, row)?;
            }
        }
        Ok(())
    }

    /// Ten levels and, where nothing tells the changes of the book, the book as a snapshot.
    fn partial(&mut self, at: usize, partial: &Snapshot, ts: u64) -> io::Result<()> {
        let state = &mut self.states[at];
        if partial.id <= state.partial {
            return Ok(());
        }
        state.partial = partial.id;
        state.partial_emitted = state.partial_emitted.max(ts);
        let times = (partial.ts_event.unwrap_or(ts), state.partial_emitted);
        let instrument = &self.instruments[at];
        let row = rows::depth10(instrument, &partial.bids, &partial.asks, partial.id);
        self.truth.row(RowType::Depth10, &self.ids[at], times, Arrival::InOrder, row)?;
        if !self.channels.has(Channel::Book) {
            self.whole_book(at, partial, times)?;
        }
        Ok(())
    }

    // --- the rest ---------------------------------------------------------------------------------------

    fn trade(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        self.fill(at, content, &[], ts)
    }

    /// A trade, and the orders of it that were forced.
    fn fill(&mut self, at: usize, content: &Content, forced: &[Side], ts: u64) -> io::Result<()> {
        let Content::Trade { id, name, level, taker, ts_event, .. } = content else { return Ok(()) };
        if !self.states[at].trades.insert(*id) {
            return Ok(());
        }
        let (instrument, times) = (&self.instruments[at], (*ts_event, ts));
        let row = rows::trade(instrument, *level, *taker, name);
        self.truth.row(RowType::Trade, &self.ids[at], times, Arrival::Any, row)?;
        for side in forced {
            let (price, size) = (instrument.price(level.price), instrument.size(level.size));
            let row = rows::liquidation(*side, price, None, size, name);
            self.truth.row(RowType::Liquidation, &self.ids[at], times, Arrival::Any, row)?;
        }
        Ok(())
    }

    /// The fields of a ticker: of two that say the same the first counts.
    fn top(&mut self, at: usize, (bid, ask): (Level, Level), ts_event: u64, ts: u64) -> io::Result<()> {
        let held = &mut self.states[at].top;
        if held.is_some_and(|(last, ..)| ts_event <= last) {
            return Ok(());
        }
        let is_same = held.is_some_and(|(_, held_bid, held_ask)| (held_bid, held_ask) == (bid, ask));
        *held = Some((ts_event, bid, ask));
        if is_same {
            return Ok(());
        }
        let row = rows::quote(&self.instruments[at], bid, ask);
        self.truth.row(RowType::Quote, &self.ids[at], (ts_event, ts), Arrival::Any, row)
    }

    fn open_interest(
        &mut self,
        at: usize,
        (value, unit): (Decimal, &str),
        ts_event: u64,
        ts: u64,
    ) -> io::Result<()> {
        let last = &mut self.states[at].marks[3];
        if ts_event <= *last {
            return Ok(());
        }
        *last = ts_event;
        self.truth.row(RowType::OpenInterest, &self.ids[at], (ts_event, ts), Arrival::Any, |row| {
            row.decimal("value", value).text("unit", unit);
            match unit {
                "quote" => row.decimal("value_quote", value),
                _ => row.text("value_quote", ""),
            };
        })
    }

    fn status(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        let Content::Status { action, reason, is_trading, ts_event } = content else { return Ok(()) };
        let (newest, held) = &mut self.states[at].status;
        if ts_event <= newest {
            return Ok(());
        }
        *newest = *ts_event;
        if std::mem::replace(held, *reason) == *reason {
            return Ok(());
        }
        self.truth.row(RowType::Status, &self.ids[at], (*ts_event, ts), Arrival::Any, |row| {
            row.text("action", action).text("reason", reason);
            row.key("is_trading").raw(if *is_trading { "true" } else { "false" });
        })
    }

    fn quote(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        let Content::Quote { id, bid, ask, ts_event } = content else { return Ok(()) };
        let last = &mut self.states[at].quote;
        if *id <= *last {
            return Ok(());
        }
        *last = *id;
        let (instrument, times) = (&self.instruments[at], (ts_event.unwrap_or(ts), ts));
        self.truth.row(
            RowType::Quote,
            &self.ids[at],
            times,
            Arrival::Any,
            rows::quote(instrument, *bid, *ask),
        )
    }

    fn bar(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        let Content::Bar { spec, prices, volume, ts_event } = content else { return Ok(()) };
        let last = &mut self.states[at].bar;
        if *ts_event <= *last {
            return Ok(());
        }
        *last = *ts_event;
        let (instrument, id) = (&self.instruments[at], &self.ids[at]);
        let content = (prices.map(|price| instrument.price(price)), instrument.size(*volume));
        self.truth.row(RowType::Bar, id, (*ts_event, ts), Arrival::Any, rows::bar(id, spec, content))
    }

    /// The candle before it is over, once a later one comes.
    fn running(&mut self, at: usize, spec: &'static str, candle: Candle, ts: u64) -> io::Result<()> {
        let held = &mut self.states[at].running;
        let later = held.filter(|held| candle.open_ns > held.open_ns);
        if held.is_none_or(|held| (candle.open_ns, candle.count) >= (held.open_ns, held.count)) {
            *held = Some(candle);
        }
        let Some(over) = later else { return Ok(()) };
        let Content::Bar { prices, volume, ts_event, .. } = Content::bar(&over) else { return Ok(()) };
        self.bar(at, &Content::Bar { spec, prices, volume, ts_event }, ts)
    }

    fn mark(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        let Content::Mark { mark, index, funding, ts_event } = content else { return Ok(()) };
        let (id, times) = (&self.ids[at], (*ts_event, ts));
        let [last_mark, last_index, last_funding, _] = &mut self.states[at].marks;
        let is_next = |last: &mut u64| *ts_event > std::mem::replace(last, (*last).max(*ts_event));
        if let Some(mark) = mark
            && is_next(last_mark)
        {
            self.truth.row(RowType::MarkPrice, id, times, Arrival::Any, rows::price(*mark))?;
        }
        if let Some(index) = index
            && is_next(last_index)
        {
            let id = index.id.as_ref().unwrap_or(id);
            self.truth.row(RowType::IndexPrice, id, times, Arrival::Any, rows::price(index.value))?;
        }
        if let Some((rate, next_ns, interval_ns)) = funding
            && is_next(last_funding)
        {
            self.truth.row(RowType::FundingRate, id, times, Arrival::Any, |row| {
                row.decimal("rate", *rate).int("next_funding_ns", *next_ns);
                if let Some(interval_ns) = interval_ns {
                    row.int("interval", interval_ns / 60_000_000_000);
                }
            })?;
        }
        Ok(())
    }

    /// Each of what it says is told once for a time.
    fn valued(&mut self, at: usize, valued: &Valued, ts: u64) -> io::Result<()> {
        let (own, times) = (&self.ids[at], (valued.ts_event, ts));
        let mut is_next = |kind: RowType, id: &str| {
            let last = self.valued.entry((kind as u8, id.to_owned())).or_insert(0);
            valued.ts_event > std::mem::replace(last, (*last).max(valued.ts_event))
        };
        if let Some(mark) = valued.mark.filter(|_| is_next(RowType::MarkPrice, own)) {
            self.truth.row(RowType::MarkPrice, own, times, Arrival::Any, rows::price(mark))?;
        }
        if let Some(index) = &valued.index {
            let id = index.id.as_ref().unwrap_or(own);
            if is_next(RowType::IndexPrice, id) {
                self.truth.row(RowType::IndexPrice, id, times, Arrival::Any, rows::price(index.value))?;
            }
        }
        if let Some(rate) = valued.rate.filter(|_| is_next(RowType::FundingRate, own)) {
            self.truth.row(RowType::FundingRate, own, times, Arrival::Any, |row| {
                row.decimal("rate", rate);
            })?;
        }
        if let Some(greeks) = valued.greeks.as_deref().filter(|_| is_next(RowType::OptionGreeks, own)) {
            let interest = valued.interest.map(|(value, _)| value);
            self.truth.row(
                RowType::OptionGreeks,
                own,
                times,
                Arrival::Any,
                rows::greeks(*greeks, interest),
            )?;
        }
        if let Some((value, in_quote)) = valued.interest.filter(|_| is_next(RowType::OpenInterest, own)) {
            self.truth.row(RowType::OpenInterest, own, times, Arrival::Any, |row| {
                row.decimal("value", value).text("unit", if in_quote { "quote" } else { "base" });
                if in_quote {
                    row.decimal("value_quote", value);
                } else {
                    row.text("value_quote", "");
                }
            })?;
        }
        if let Some((id, value)) = &valued.volatility
            && is_next(RowType::VolatilityIndex, id)
        {
            self.truth.row(RowType::VolatilityIndex, id, times, Arrival::Any, rows::price(*value))?;
        }
        Ok(())
    }

    fn forced(&mut self, at: usize, content: &Content, ts: u64) -> io::Result<()> {
        let Content::Liquidation { side, price, average, size, ts_event } = content else { return Ok(()) };
        let (recent, order) = (&mut self.states[at].forced, (*ts_event, *side, *price, *size));
        if recent.contains(&order) {
            return Ok(());
        }
        recent.push_back(order);
        if recent.len() > 32 {
            recent.pop_front();
        }
        let instrument = &self.instruments[at];
        let (price, size) = (instrument.price(*price), instrument.size(*size));
        let row = rows::liquidation(*side, price, *average, size, "");
        self.truth.row(RowType::Liquidation, &self.ids[at], (*ts_event, ts), Arrival::Any, row)
    }
}
