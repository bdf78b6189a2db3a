//! A book that is kept in step with its venue: ladder, continuity and what waits for a snapshot.
//!
//! In: updates and snapshots in arrival order. Out: delta rows for exactly the events whose place in the
//! stream is proven, holes as [`Gap`]s, and how each frame ended. Nothing here knows a venue: the rule is a
//! [`Judge`].
//!
//! The states are three. *Waiting*: no proven book; updates are kept until a snapshot joins them. *In step*:
//! each update is next, or was seen, or shows a hole. After a hole the old position is remembered while the
//! book waits, because a second connection may still bring what is missing.
//!
//! A frame that waits has no end yet ([`Settled`] brings it later), so the accounting of its source stays
//! open until a snapshot takes it, passes it, or the input ends.

use std::collections::VecDeque;
use std::mem;

use super::{Change, Derived, Judge, Ladder, Position, Update, Verdict};
use crate::accounting::End;
use crate::data::{BookAction, Decimals, DeltaColumns, DeltaRow, F_SNAPSHOT, Side};
use crate::json::Level;

/// What to do about a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnGap {
    /// Keep updates back until a snapshot joins.
    #[default]
    Withhold,
    /// CLEAR, then what comes: incomplete, never stale.
    Rebuild,
    /// Go on as if nothing were missing; the gap is recorded.
    Continue,
}

/// The frame an event came in: what its accounting needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PendingFrame {
    /// Number of the source.
    pub source: u32,
    /// Bytes of the frame.
    pub bytes: u64,
}

/// One update or snapshot, levels in the order sent.
#[derive(Debug, Clone, Copy)]
pub struct BookEvent<'a> {
    /// Bids.
    pub bids: &'a [Level],
    /// Asks.
    pub asks: &'a [Level],
    /// Most decimals in them.
    pub decimals: Decimals,
    /// Event time, ns UTC.
    pub ts_event: u64,
    /// Receive time, ns UTC.
    pub ts_init: u64,
    /// The frame.
    pub frame: PendingFrame,
}

/// A frame that had waited and now has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The frame.
    pub frame: PendingFrame,
    /// Its end.
    pub end: End,
}

/// Why there is a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapCause {
    /// The ids do not join.
    Sequence,
    /// No snapshot ever joined the stream.
    NoSnapshot,
    /// Rows of a dump are numbered one after another, and some are not there.
    MissingRows,
}

impl GapCause {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::NoSnapshot => "no_snapshot",
            Self::MissingRows => "missing_rows",
        }
    }
}

/// A hole in a book's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Why.
    pub cause: GapCause,
    /// The last id before it; 0 when there was none.
    pub from_sequence: u64,
    /// The first id after it.
    pub to_sequence: u64,
    /// Receive time of the last event before it, ns UTC; 0 when there was none.
    pub from_ns: u64,
    /// Receive time of the first event after it, ns UTC.
    pub to_ns: u64,
    /// Receive time of what ended it, ns UTC; 0 while it is open.
    pub resolved_ns: u64,
    /// What ended it: `snapshot`, `late_update`, `rebuild`, `continue`, or `` while it is open.
    pub resolution: &'static str,
    /// Events withheld because of it.
    pub withheld: u64,
}

/// What a book says beside rows.
#[derive(Debug, Default)]
pub struct BookNews {
    /// Most decimals in the rows.
    pub decimals: Decimals,
    /// Frames that had waited and now have an end.
    pub settled: Vec<Settled>,
    /// Holes that are over, or were never closed.
    pub gaps: Vec<Gap>,
    /// Holes just found.
    pub opened: Vec<Gap>,
    /// Events emitted later than received, to keep the book's order.
    pub clamped: u64,
    /// DELETEs of levels that were not held.
    pub unheld_deletes: u64,
}

/// Where rows and news go.
#[derive(Debug)]
pub struct BookOutput<'o> {
    /// Rows are appended here.
    pub rows: &'o mut DeltaColumns,
    /// The rest.
    pub news: &'o mut BookNews,
    /// What is derived from the book, where something is.
    pub derived: Option<&'o mut Derived>,
}

#[derive(Debug, Clone)]
struct Kept {
    update: Update,
    levels: Vec<Level>,
    bids: usize,
    decimals: Decimals,
    ts_event: u64,
    ts_init: u64,
    frame: PendingFrame,
}

impl Kept {
    fn new(update: Update, event: &BookEvent<'_>) -> Self {
        let mut levels = Vec::with_capacity(event.bids.len() + event.asks.len());
        levels.extend_from_slice(event.bids);
        levels.extend_from_slice(event.asks);
        Self {
            update,
            levels,
            bids: event.bids.len(),
            decimals: event.decimals,
            ts_event: event.ts_event,
            ts_init: event.ts_init,
            frame: event.frame,
        }
    }

    fn event(&self) -> BookEvent<'_> {
        let (bids, asks) = self.levels.split_at(self.bids);
        BookEvent {
            bids,
            asks,
            decimals: self.decimals,
            ts_event: self.ts_event,
            ts_init: self.ts_init,
            frame: self.frame,
        }
    }
}

/// One instrument's book from one channel.
#[derive(Debug)]
pub struct LiveBook {
    judge: Judge,
    on_gap: OnGap,
    ladder: Ladder,
    /// Where the book stands; kept through a hole, since a late update may still join.
    position: Option<Position>,
    /// Whether rows may be emitted.
    in_step: bool,
    /// Whether levels are missing (after [`OnGap::Rebuild`] or [`OnGap::Continue`]).
    incomplete: bool,
    waiting: VecDeque<Kept>,
    waiting_levels: usize,
    /// A snapshot that came while in step: it joins if the next update does not.
    spare: Option<Kept>,
    gap: Option<Gap>,
    last_ts: u64,
    last_seen_ns: u64,
    /// Most decimals of any level so far.
    decimals: Decimals,
}

/// Updates and levels kept for one book that waits.
const MAX_WAITING: usize = 4_096;
const MAX_WAITING_LEVELS: usize = 65_536;

impl LiveBook {
    /// An empty book.
    #[must_use]
    pub fn new(judge: Judge, on_gap: OnGap) -> Self {
        Self {
            judge,
            on_gap,
            ladder: Ladder::default(),
            position: None,
            in_step: false,
            incomplete: false,
            waiting: VecDeque::new(),
            waiting_levels: 0,
            spare: None,
            gap: None,
            last_ts: 0,
            last_seen_ns: 0,
            decimals: Decimals::default(),
        }
    }

    /// A book as an earlier recording left it: its last id, with what orders all of the engine, and levels.
    #[must_use]
    pub fn resume(
        judge: Judge,
        on_gap: OnGap,
        (id, cross): (u64, u64),
        last_ts: u64,
        decimals: Decimals,
        ladder: Ladder,
    ) -> Self {
        Self {
            decimals,
            position: Some(Position { id, snapshot: id, fresh: false, cross }),
            in_step: true,
            ladder,
            last_ts,
            last_seen_ns: last_ts,
            ..Self::new(judge, on_gap)
        }
    }

    /// The levels.
    #[must_use]
    pub const fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// The last id, when the book is in step.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.position.filter(|_| self.in_step).map(|p| p.id)
    }

    /// What orders all that the engine does, of the last thing applied; 0 where there is none.
    #[must_use]
    pub fn cross(&self) -> u64 {
        self.position.map_or(0, |p| p.cross)
    }

    /// The hole the book waits behind, if it does.
    #[must_use]
    pub const fn gap(&self) -> Option<&Gap> {
        self.gap.as_ref()
    }

    /// Whether levels may be missing.
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Most decimals of any level so far.
    #[must_use]
    pub const fn decimals(&self) -> Decimals {
        self.decimals
    }

    /// Receive time of the last event emitted, ns UTC.
    #[must_use]
    pub const fn last_ts(&self) -> u64 {
        self.last_ts
    }

    /// Takes an update. `None`: the frame waits and will be [`Settled`].
    pub fn update(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> Option<End> {
        let verdict = self.verdict(update);
        let end = if self.in_step {
            self.update_in_step(update, event, verdict, out)
        } else {
            self.update_waiting(update, event, verdict, out)
        };
        self.last_seen_ns = event.ts_init;
        end
    }

    /// The venue's rule; without a position only a whole book says anything.
    #[inline]
    fn verdict(&self, update: Update) -> Verdict {
        match self.position {
            Some(position) => (self.judge)(position, update),
            None if update.whole => Verdict::Replace,
            None => Verdict::Gap,
        }
    }

    fn update_in_step(
        &mut self,
        update: Update,
        event: &BookEvent<'_>,
        verdict: Verdict,
        out: &mut BookOutput<'_>,
    ) -> Option<End> {
        match verdict {
            Verdict::Apply => {
                let end = self.apply(update, event, out);
                if self.spare.as_ref().is_some_and(|s| s.update.last <= update.last) {
                    self.drop_spare(out);
                }
                Some(end)
            }
            Verdict::Stale => Some(End::Stale),
            Verdict::Duplicate => Some(End::Duplicate),
            Verdict::Replace => Some(self.replace(update, event, out)),
            Verdict::Gap => {
                self.open_gap(update, event.ts_init, GapCause::Sequence, out);
                if let Some(spare) = self.spare.take() {
                    let position = Position::fresh(spare.update);
                    if matches!((self.judge)(position, update), Verdict::Apply | Verdict::Stale) {
                        self.close_gap(spare.ts_init, "snapshot", out);
                        self.stand_at(spare.update, &spare.event(), out);
                        out.news.settled.push(Settled { frame: spare.frame, end: End::Rows });
                        return self.update_again(update, event, out);
                    }
                    out.news.settled.push(Settled { frame: spare.frame, end: End::Duplicate });
                }
                match self.on_gap {
                    OnGap::Withhold => {
                        self.in_step = false;
                        self.keep(update, event, out);
                        None
                    }
                    OnGap::Rebuild => Some(self.rebuild(update, event, out)),
                    OnGap::Continue => {
                        self.incomplete = true;
                        self.close_gap(event.ts_init, "continue", out);
                        Some(self.apply(update, event, out))
                    }
                }
            }
        }
    }

    fn update_again(
        &mut self,
        update: Update,
        event: &BookEvent<'_>,
        out: &mut BookOutput<'_>,
    ) -> Option<End> {
        match self.verdict(update) {
            Verdict::Apply => Some(self.apply(update, event, out)),
            _ => Some(End::Stale),
        }
    }

    fn update_waiting(
        &mut self,
        update: Update,
        event: &BookEvent<'_>,
        verdict: Verdict,
        out: &mut BookOutput<'_>,
    ) -> Option<End> {
        match verdict {
            Verdict::Replace => return Some(self.replace(update, event, out)),
            // What was missing came late, on another connection.
            Verdict::Apply => {
                self.in_step = true;
                let end = self.apply(update, event, out);
                self.drain(out);
                if self.in_step {
                    self.close_gap(event.ts_init, "late_update", out);
                }
                return Some(end);
            }
            Verdict::Stale if self.position.is_some() => return Some(End::Stale),
            Verdict::Duplicate => return Some(End::Duplicate),
            Verdict::Stale | Verdict::Gap => {}
        }
        if self.waiting.iter().rev().take(64).any(|kept| kept.update == update) {
            return Some(End::Duplicate);
        }
        match self.on_gap {
            OnGap::Withhold => {
                if self.gap.is_none() {
                    self.open_gap(update, event.ts_init, GapCause::NoSnapshot, out);
                }
                self.keep(update, event, out);
                None
            }
            OnGap::Rebuild => {
                self.open_gap(update, event.ts_init, GapCause::NoSnapshot, out);
                Some(self.rebuild(update, event, out))
            }
            OnGap::Continue => {
                self.open_gap(update, event.ts_init, GapCause::NoSnapshot, out);
                self.close_gap(event.ts_init, "continue", out);
                self.in_step = true;
                self.incomplete = true;
                Some(self.apply(update, event, out))
            }
        }
    }

    fn rebuild(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        self.close_gap(event.ts_init, "rebuild", out);
        self.emit_clear(update.last, event.ts_event, event.ts_init, out);
        self.in_step = true;
        self.incomplete = true;
        self.apply(update, event, out);
        // A CLEAR alone is an event too.
        out.rows.mark_last();
        End::Rows
    }

    /// Takes a snapshot whose id is `id`. `None`: the frame waits and will be [`Settled`].
    pub fn snapshot(&mut self, id: u64, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> Option<End> {
        let update = Update { whole: true, ..Update::changes(id, id) };
        let kept = Kept::new(update, event);
        self.last_seen_ns = event.ts_init;
        if self.in_step && !self.incomplete {
            if self.position.is_some_and(|p| id <= p.id) {
                return Some(End::Duplicate);
            }
            // Ahead of the stream: updates on their way will pass it, or it will join after a hole.
            if let Some(old) = self.spare.replace(kept) {
                out.news.settled.push(Settled { frame: old.frame, end: End::Duplicate });
            }
            return None;
        }
        if self.in_step && self.position.is_some_and(|p| id < p.id) {
            return Some(End::Stale);
        }
        let position = Position::fresh(update);
        let mut verdicts = self.waiting.iter().map(|kept| (self.judge)(position, kept.update));
        let joins = verdicts.clone().all(|verdict| verdict == Verdict::Stale)
            || verdicts.any(|verdict| verdict == Verdict::Apply);
        if !joins {
            return Some(End::Stale);
        }
        self.close_gap(event.ts_init, "snapshot", out);
        self.stand_at(update, event, out);
        self.drain(out);
        Some(End::Rows)
    }

    /// Emits CLEAR and the levels of a whole book; the book stands at it afterwards.
    fn stand_at(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) {
        let id = update.last;
        self.emit_clear(id, event.ts_event, event.ts_init, out);
        self.emit_levels(id, event, F_SNAPSHOT, out);
        self.event_ended(id, event.ts_event, out);
        self.position = Some(Position::fresh(update));
        self.in_step = true;
        self.incomplete = false;
    }

    /// Starts anew from a whole book that the stream brought. What waited goes on from it, or it was before: then
    /// it was passed, or nothing will ever join it.
    fn replace(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        if self.in_step && self.ladder.is_empty() && event.bids.is_empty() && event.asks.is_empty() {
            // The book was empty and is.
            self.position = Some(Position::fresh(update));
            return End::Control;
        }
        self.stand_at(update, event, out);
        self.drop_spare(out);
        let mut waiting = mem::take(&mut self.waiting);
        self.waiting_levels = 0;
        while let Some(at) = waiting.iter().position(|kept| self.verdict(kept.update) == Verdict::Apply) {
            let Some(kept) = waiting.remove(at) else { break };
            let end = self.apply(kept.update, &kept.event(), out);
            out.news.settled.push(Settled { frame: kept.frame, end });
        }
        for kept in waiting {
            match self.verdict(kept.update) {
                Verdict::Stale => out.news.settled.push(Settled { frame: kept.frame, end: End::Stale }),
                Verdict::Duplicate => {
                    out.news.settled.push(Settled { frame: kept.frame, end: End::Duplicate })
                }
                _ => self.withhold(&kept, out),
            }
        }
        self.close_gap(event.ts_init, "snapshot", out);
        End::Rows
    }

    /// A snapshot of the book as it stands, as rows of one event at `ts_init`: what a catalog that starts in the
    /// middle of a stream begins with.
    pub fn emit_standing(&mut self, ts_event: u64, ts_init: u64, out: &mut BookOutput<'_>) {
        let Some(id) = self.id() else { return };
        let mut levels: Vec<Level> = Vec::new();
        for side in [Side::Buy, Side::Sell] {
            levels.extend(self.ladder.levels(side).map(|(price, size, ())| Level { price, size }));
        }
        let (bids, asks) = levels.split_at(self.ladder.len(Side::Buy));
        let frame = PendingFrame::default();
        let event = BookEvent { bids, asks, decimals: self.decimals, ts_event, ts_init, frame };
        self.emit_clear(id, ts_event, ts_init, out);
        self.emit_levels(id, &event, F_SNAPSHOT, out);
        self.event_ended(id, ts_event, out);
    }

    fn event_ended(&self, sequence: u64, ts_event: u64, out: &mut BookOutput<'_>) {
        out.rows.mark_last();
        if let Some(derived) = &mut out.derived {
            derived.event_ended(&self.ladder, sequence, ts_event, self.last_ts);
        }
    }

    /// Keeps an update until a snapshot joins; the oldest goes when there are too many.
    fn keep(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) {
        let kept = Kept::new(update, event);
        self.waiting_levels += kept.levels.len();
        self.waiting.push_back(kept);
        while self.waiting.len() > MAX_WAITING || self.waiting_levels > MAX_WAITING_LEVELS {
            let Some(old) = self.waiting.pop_front() else { break };
            self.waiting_levels -= old.levels.len();
            self.withhold(&old, out);
        }
    }

    fn withhold(&mut self, kept: &Kept, out: &mut BookOutput<'_>) {
        if let Some(gap) = &mut self.gap {
            gap.withheld += 1;
        }
        out.news.settled.push(Settled { frame: kept.frame, end: End::Withheld });
    }

    /// Applies what waited, in the order of the stream, now that the book stands somewhere.
    fn drain(&mut self, out: &mut BookOutput<'_>) {
        let mut waiting = mem::take(&mut self.waiting);
        self.waiting_levels = 0;
        let judge = self.judge;
        while self.in_step && !waiting.is_empty() {
            let position = self.position;
            let verdict = |kept: &Kept| position.map_or(Verdict::Gap, |p| judge(p, kept.update));
            // What is next may have come after what follows it, on another connection. Right after a snapshot
            // more than one may be next (Binance futures): the lowest id is.
            let mut joining = (0..waiting.len()).filter(|at| verdict(&waiting[*at]) != Verdict::Gap);
            let at = if position.is_some_and(|p| p.fresh) {
                joining.min_by_key(|at| waiting[*at].update.last)
            } else {
                joining.next()
            };
            let Some(kept) = waiting.remove(at.unwrap_or(0)) else { break };
            let end = self.update_in_step(kept.update, &kept.event(), verdict(&kept), out);
            if let Some(end) = end {
                out.news.settled.push(Settled { frame: kept.frame, end });
            }
        }
        for kept in waiting {
            self.keep(kept.update, &kept.event(), out);
        }
    }

    fn drop_spare(&mut self, out: &mut BookOutput<'_>) {
        if let Some(spare) = self.spare.take() {
            out.news.settled.push(Settled { frame: spare.frame, end: End::Duplicate });
        }
    }

    fn open_gap(&mut self, update: Update, ts: u64, cause: GapCause, out: &mut BookOutput<'_>) {
        if self.gap.is_some() {
            return;
        }
        let gap = Gap {
            cause,
            from_sequence: self.position.map_or(0, |p| p.id),
            to_sequence: update.first,
            from_ns: if self.position.is_some() { self.last_seen_ns } else { 0 },
            to_ns: ts,
            resolved_ns: 0,
            resolution: "",
            withheld: 0,
        };
        out.news.opened.push(gap.clone());
        self.gap = Some(gap);
    }

    fn close_gap(&mut self, ts: u64, resolution: &'static str, out: &mut BookOutput<'_>) {
        let Some(mut gap) = self.gap.take() else { return };
        // A stream that starts before its snapshot is how every recording starts, not a hole.
        if gap.cause == GapCause::NoSnapshot && resolution == "snapshot" && gap.withheld == 0 {
            return;
        }
        gap.resolved_ns = ts;
        gap.resolution = resolution;
        out.news.gaps.push(gap);
    }

    /// The input is over: what waits is withheld, an open hole is told.
    pub fn finish(&mut self, out: &mut BookOutput<'_>) {
        self.drop_spare(out);
        for kept in mem::take(&mut self.waiting) {
            self.withhold(&kept, out);
        }
        self.waiting_levels = 0;
        if let Some(gap) = self.gap.take() {
            out.news.gaps.push(gap);
        }
    }

    fn clamp(&mut self, ts_init: u64, out: &mut BookOutput<'_>) -> u64 {
        if ts_init < self.last_ts {
            out.news.clamped += 1;
            self.last_ts
        } else {
            self.last_ts = ts_init;
            ts_init
        }
    }

    fn emit_clear(&mut self, sequence: u64, ts_event: u64, ts_init: u64, out: &mut BookOutput<'_>) {
        let ts_init = ts_init.max(self.last_ts);
        self.ladder.clear();
        out.rows.push(&DeltaRow {
            action: BookAction::Clear,
            side: Side::None,
            price: 0,
            size: 0,
            order_id: 0,
            flags: F_SNAPSHOT,
            sequence,
            ts_event,
            ts_init,
        });
    }

    fn apply(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        let snapshot = self.position.map_or(update.last, |p| p.snapshot);
        self.position = Some(Position { id: update.last, snapshot, fresh: false, cross: update.cross });
        if event.bids.is_empty() && event.asks.is_empty() {
            return End::Control;
        }
        self.emit_levels(update.last, event, 0, out);
        self.event_ended(update.last, event.ts_event, out);
        End::Rows
    }

    fn emit_levels(&mut self, sequence: u64, event: &BookEvent<'_>, flags: u8, out: &mut BookOutput<'_>) {
        let ts_init = self.clamp(event.ts_init, out);
        self.decimals = self.decimals.max(event.decimals);
        out.news.decimals = out.news.decimals.max(event.decimals);
        let rows = &mut *out.rows;
        for (side, levels) in [(Side::Buy, event.bids), (Side::Sell, event.asks)] {
            let without_empty: Vec<Level>;
            let levels = if flags & F_SNAPSHOT != 0 && levels.iter().any(|level| level.size == 0) {
                // A level of size 0 in a snapshot says nothing: the book is empty there already.
                without_empty = levels.iter().copied().filter(|level| level.size != 0).collect();
                &without_empty
            } else {
                levels
            };
            rows.price.extend(levels.iter().map(|level| level.price));
            rows.size.extend(levels.iter().map(|level| level.size));
            let changes = levels.iter().map(|level| (level.price, level.size, ()));
            let actions = &mut rows.action;
            actions.reserve(levels.len());
            let mut unheld = 0;
            self.ladder.apply(side, changes, |change| {
                unheld += u64::from(change == Change::Absent);
                actions.push(change.action() as u8);
            });
            out.news.unheld_deletes += unheld;
            rows.side.resize(rows.action.len(), side as u8);
        }
        let n = rows.action.len();
        rows.order_id.resize(n, 0);
        rows.flags.resize(n, flags);
        rows.sequence.resize(n, sequence);
        rows.ts_event.resize(n, event.ts_event);
        rows.ts_init.resize(n, ts_init);
    }
}
