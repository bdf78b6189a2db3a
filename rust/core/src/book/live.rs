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

use super::checksum::{Held, Keeping};
use super::event::{Kept, Undo, without_empty};
use super::{
    BookEvent, BookMessage, BookOutput, Change, Gap, GapCause, Judge, OnGap, OrderChange, PendingFrame,
    Position, Proof, Settled, Spelt, Update, Verdict,
};
use crate::accounting::End;
use crate::data::{BookAction, Decimals, DeltaColumns, DeltaRow, F_SNAPSHOT, Side, append_both, repeat};
use crate::json::{Level, Written};

/// One instrument's book from one channel.
#[derive(Debug)]
pub struct LiveBook {
    judge: Judge,
    on_gap: OnGap,
    held: Held,
    /// Where the book stands; kept through a hole, since a late update may still join.
    position: Option<Position>,
    /// Whether rows may be emitted.
    in_step: bool,
    /// Whether an update has been applied since the book began.
    moved: bool,
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
            held: Held::default(),
            position: None,
            in_step: false,
            moved: false,
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

    /// A book as an earlier recording left it: its last id, with what orders all of the engine, its levels, as they were sent or
    /// not, and the receive time of its last event, ns UTC.
    #[must_use]
    pub fn resume(
        judge: Judge,
        on_gap: OnGap,
        (id, cross): (u64, u64),
        (message, last_ns): (&BookMessage<'_>, u64),
        as_sent: bool,
    ) -> Self {
        let mut held = Held::default();
        held.restart(match message.orders {
            Some(_) => Keeping::Orders,
            None if as_sent => Keeping::Texts,
            None => Keeping::Sizes,
        });
        if let (Held::Orders(held), Some(orders)) = (&mut held, message.orders) {
            let mut rows = DeltaColumns::default();
            for order in orders {
                held.apply(order, &mut rows);
            }
        }
        held.apply(Side::Buy, message.bids, message.proof.bids, |_| ());
        held.apply(Side::Sell, message.asks, message.proof.asks, |_| ());
        Self {
            decimals: message.decimals,
            position: Some(Position { id, snapshot: id, fresh: false, cross }),
            in_step: true,
            moved: true,
            held,
            last_ts: last_ns,
            last_seen_ns: last_ns,
            ..Self::new(judge, on_gap)
        }
    }

    /// The same of a book that snapshots alone make: each that is newer stands.
    #[must_use]
    pub fn of_snapshots(self) -> Self {
        Self { moved: false, ..self }
    }

    /// Levels of a side, best first, and how they were written where a checksum needs that.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Level, Option<Written>)> {
        self.held.levels(side)
    }

    /// Whether it is known how every level was written.
    #[must_use]
    pub const fn keeps_texts(&self) -> bool {
        matches!(self.held, Held::Written(..))
    }

    /// The orders of a book that is by order: bids, then asks, best first, oldest first.
    #[must_use]
    pub fn orders(&self) -> Option<Vec<OrderChange>> {
        match &self.held {
            Held::Orders(orders) => Some(orders.standing()),
            Held::Plain(_) | Held::Written(..) => None,
        }
    }

    /// Whether an update can be the next of a book by order.
    #[inline(always)]
    fn follows(&self, event: &BookEvent<'_>) -> bool {
        match (&self.held, event.message.orders) {
            (Held::Orders(held), Some(orders)) => held.follows(orders),
            _ => true,
        }
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

    /// Receive time of the last event met, whatever became of it, ns UTC.
    #[must_use]
    pub const fn last_seen_ns(&self) -> u64 {
        self.last_seen_ns
    }

    /// Takes an update. `None`: the frame waits and will be [`Settled`].
    #[inline(always)]
    pub fn update(
        &mut self,
        update: &Update,
        event: &BookEvent<'_>,
        out: &mut BookOutput<'_>,
    ) -> Option<End> {
        let verdict = self.verdict(update);
        let end = match verdict {
            Verdict::Apply if self.in_step => Some(self.apply_next(update, event, out)),
            _ if self.in_step => self.update_in_step(*update, event, verdict, out),
            _ => self.update_waiting(*update, event, verdict, out),
        };
        self.last_seen_ns = event.ts_init;
        end
    }

    /// The venue's rule; without a position only a whole book says anything.
    #[inline]
    fn verdict(&self, update: &Update) -> Verdict {
        match &self.position {
            Some(position) => (self.judge)(position, update),
            None if update.whole => Verdict::Replace,
            None => Verdict::Gap,
        }
    }

    /// Applies what is next. Nearly every update of a recording is, so this is one piece of code with what calls it.
    #[inline(always)]
    fn apply_next(&mut self, update: &Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        let end = self.apply_here(update, event, out);
        if self.spare.is_some() {
            self.drop_spare(update.last, out);
        }
        end
    }

    #[inline(never)]
    fn update_in_step(
        &mut self,
        update: Update,
        event: &BookEvent<'_>,
        verdict: Verdict,
        out: &mut BookOutput<'_>,
    ) -> Option<End> {
        match verdict {
            Verdict::Apply => {
                let end = self.apply(&update, event, out);
                self.drop_spare(update.last, out);
                Some(end)
            }
            Verdict::Stale => Some(End::Stale),
            Verdict::Duplicate => Some(End::Duplicate),
            Verdict::Replace => Some(self.replace(update, event, out)),
            Verdict::Gap => {
                self.open_gap(update, event.ts_init, GapCause::Sequence, out);
                if let Some(spare) = self.spare.take() {
                    let position = Position::fresh(spare.update);
                    let joins = matches!((self.judge)(&position, &update), Verdict::Apply | Verdict::Stale);
                    let end = if joins {
                        self.stand_at(spare.update, &spare.event(&spare.message()), out)
                    } else {
                        End::Duplicate
                    };
                    out.news.settled.push(Settled { frame: spare.frame, end });
                    if end == End::Rows {
                        self.close_gap(spare.ts_init, "snapshot", out);
                        return self.update_again(update, event, out);
                    }
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
                        Some(self.apply(&update, event, out))
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
        match self.verdict(&update) {
            Verdict::Apply => Some(self.apply(&update, event, out)),
            _ => Some(End::Stale),
        }
    }

    #[inline(never)]
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
                let end = self.apply(&update, event, out);
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
                Some(self.apply(&update, event, out))
            }
        }
    }

    fn rebuild(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        self.close_gap(event.ts_init, "rebuild", out);
        self.emit_clear(update.last, event, out);
        self.in_step = true;
        self.incomplete = true;
        self.apply(&update, event, out);
        // A CLEAR alone is an event too.
        out.rows.mark_last();
        End::Rows
    }

    /// Takes a snapshot whose id is `id`. `None`: the frame waits and will be [`Settled`].
    pub fn snapshot(&mut self, id: u64, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> Option<End> {
        let update = Update { whole: true, ..Update::changes(id, id) };
        let kept = Kept::new(update, event);
        self.last_seen_ns = event.ts_init;
        if self.in_step && !self.incomplete && self.position.is_some_and(|p| id <= p.id) {
            return Some(End::Duplicate);
        }
        // Of a book that no update has moved yet the newer one is the better start.
        if self.in_step && !self.incomplete && self.moved {
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
        let mut verdicts = self.waiting.iter().map(|kept| (self.judge)(&position, &kept.update));
        let joins = verdicts.clone().all(|verdict| verdict == Verdict::Stale)
            || verdicts.any(|verdict| verdict == Verdict::Apply);
        if !joins {
            return Some(End::Stale);
        }
        let end = self.stand_at(update, event, out);
        if end == End::Rows {
            self.close_gap(event.ts_init, "snapshot", out);
            self.drain(out);
        }
        Some(end)
    }

    /// Emits CLEAR and the levels of a whole book; the book stands at it afterwards, unless its checksum says that
    /// it is another.
    fn stand_at(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        let (id, undo) = (update.last, Undo::to(out));
        self.emit_clear(id, event, out);
        self.emit_book(id, event, out);
        self.incomplete = false;
        if !self.held.proves(event.message.proof.checksum) {
            if self.on_gap == OnGap::Withhold {
                return self.disproven(update, event, GapCause::Checksum, undo, out);
            }
            self.go_on(update, event, GapCause::Checksum, out);
        }
        self.event_ended(id, event.ts_event, out);
        self.position = Some(Position::fresh(update));
        self.in_step = true;
        End::Rows
    }

    /// The book is not what the venue says it is: nothing of the event is told, and nothing stands until a whole
    /// book comes.
    #[cold]
    fn disproven(
        &mut self,
        update: Update,
        event: &BookEvent<'_>,
        cause: GapCause,
        undo: Undo,
        out: &mut BookOutput<'_>,
    ) -> End {
        undo.run(out);
        self.open_gap(update, event.ts_init, cause, out);
        if let Some(gap) = &mut self.gap {
            gap.withheld += 1;
        }
        self.held.restart(Keeping::Sizes);
        self.position = None;
        self.in_step = false;
        End::Withheld
    }

    /// The same where the caller would rather have what comes: from here on nothing is proven.
    #[cold]
    fn go_on(&mut self, update: Update, event: &BookEvent<'_>, cause: GapCause, out: &mut BookOutput<'_>) {
        self.open_gap(update, event.ts_init, cause, out);
        let how = if self.on_gap == OnGap::Rebuild { "rebuild" } else { "continue" };
        self.close_gap(event.ts_init, how, out);
        self.incomplete = true;
    }

    /// Starts anew from a whole book that the stream brought. What waited goes on from it, or it was before: then
    /// it was passed, or nothing will ever join it.
    fn replace(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        if self.in_step && self.held.is_empty() && event.message.is_empty() {
            // The book was empty and is.
            self.position = Some(Position::fresh(update));
            return End::Control;
        }
        let end = self.stand_at(update, event, out);
        if end != End::Rows {
            return end;
        }
        self.drop_spare(u64::MAX, out);
        let mut waiting = mem::take(&mut self.waiting);
        self.waiting_levels = 0;
        while let Some(at) = waiting.iter().position(|kept| self.verdict(&kept.update) == Verdict::Apply) {
            let Some(kept) = waiting.remove(at) else { break };
            let end = self.apply(&kept.update, &kept.event(&kept.message()), out);
            out.news.settled.push(Settled { frame: kept.frame, end });
        }
        for kept in waiting {
            match self.verdict(&kept.update) {
                Verdict::Stale => out.news.settled.push(Settled { frame: kept.frame, end: End::Stale }),
                Verdict::Duplicate => {
                    out.news.settled.push(Settled { frame: kept.frame, end: End::Duplicate })
                }
                _ => self.withhold(&kept, out),
            }
        }
        if self.in_step {
            self.close_gap(event.ts_init, "snapshot", out);
        }
        End::Rows
    }

    /// A snapshot of the book as it stands, as rows of one event at `ts_init`: what a catalog that starts in the
    /// middle of a stream begins with.
    pub fn emit_standing(&mut self, ts_event: u64, ts_init: u64, out: &mut BookOutput<'_>) {
        let Some(id) = self.id() else { return };
        let read = |side| -> (Vec<Level>, Vec<Spelt>) {
            let levels = self.held.levels(side);
            levels.map(|(level, written)| (level, Spelt::from(written.unwrap_or_default()))).unzip()
        };
        let orders = self.orders();
        let ((bids, bids_written), (asks, asks_written)) = match orders {
            Some(_) => Default::default(),
            None => (read(Side::Buy), read(Side::Sell)),
        };
        let message = BookMessage {
            bids: &bids,
            asks: &asks,
            orders: orders.as_deref(),
            proof: Proof { bids: &bids_written, asks: &asks_written, ..Proof::default() },
            decimals: self.decimals,
            ts_event,
        };
        let event = BookEvent { message: &message, ts_event, ts_init, frame: PendingFrame::default() };
        self.emit_clear_keeping(self.held.keeping(), id, &event, out);
        self.emit_book(id, &event, out);
        self.event_ended(id, ts_event, out);
    }

    #[inline(always)]
    fn event_ended(&self, sequence: u64, ts_event: u64, out: &mut BookOutput<'_>) {
        out.rows.mark_last();
        if out.derived.is_some() {
            self.derive(sequence, ts_event, out);
        }
    }

    #[inline(never)]
    fn derive(&self, sequence: u64, ts_event: u64, out: &mut BookOutput<'_>) {
        if let Some(derived) = &mut out.derived {
            match &self.held {
                Held::Plain(ladder) => derived.event_ended(ladder, sequence, ts_event, self.last_ts),
                Held::Written(ladder, _) => derived.event_ended(ladder, sequence, ts_event, self.last_ts),
                Held::Orders(orders) => {
                    derived.event_ended(orders.ladder(), sequence, ts_event, self.last_ts);
                }
            }
        }
    }

    /// Keeps an update until a snapshot joins; the oldest goes when there are too many. One without a number could
    /// never be told from what the snapshot has already.
    fn keep(&mut self, update: Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) {
        let kept = Kept::new(update, event);
        if !update.is_numbered() {
            return self.withhold(&kept, out);
        }
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
            let verdict = |kept: &Kept| position.as_ref().map_or(Verdict::Gap, |p| judge(p, &kept.update));
            // What is next may have come after what follows it, on another connection. Right after a snapshot
            // more than one may be next (Binance futures): the lowest id is.
            let mut joining = (0..waiting.len()).filter(|at| verdict(&waiting[*at]) != Verdict::Gap);
            let at = if position.is_some_and(|p| p.fresh) {
                joining.min_by_key(|at| waiting[*at].update.last)
            } else {
                joining.next()
            };
            let Some(kept) = waiting.remove(at.unwrap_or(0)) else { break };
            let end = self.update_in_step(kept.update, &kept.event(&kept.message()), verdict(&kept), out);
            if let Some(end) = end {
                out.news.settled.push(Settled { frame: kept.frame, end });
            }
        }
        for kept in waiting {
            self.keep(kept.update, &kept.event(&kept.message()), out);
        }
    }

    /// Drops the snapshot that is kept beside the book where it is of an id up to `last`.
    #[cold]
    #[inline(never)]
    fn drop_spare(&mut self, last: u64, out: &mut BookOutput<'_>) {
        if let Some(spare) = self.spare.take_if(|spare| spare.update.last <= last) {
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
        self.drop_spare(u64::MAX, out);
        for kept in mem::take(&mut self.waiting) {
            self.withhold(&kept, out);
        }
        self.waiting_levels = 0;
        if let Some(gap) = self.gap.take() {
            out.news.gaps.push(gap);
        }
    }

    #[inline(always)]
    fn clamp(&mut self, ts_init: u64, out: &mut BookOutput<'_>) -> u64 {
        if ts_init < self.last_ts {
            out.news.clamped += 1;
            self.last_ts
        } else {
            self.last_ts = ts_init;
            ts_init
        }
    }

    fn emit_clear(&mut self, sequence: u64, event: &BookEvent<'_>, out: &mut BookOutput<'_>) {
        let keeping = match (event.message.orders, event.message.proof.checksum) {
            (Some(_), _) => Keeping::Orders,
            (None, Some(_)) => Keeping::Texts,
            (None, None) => Keeping::Sizes,
        };
        self.emit_clear_keeping(keeping, sequence, event, out);
    }

    fn emit_clear_keeping(
        &mut self,
        keeping: Keeping,
        sequence: u64,
        event: &BookEvent<'_>,
        out: &mut BookOutput<'_>,
    ) {
        self.held.restart(keeping);
        out.rows.push(&DeltaRow {
            action: BookAction::Clear,
            side: Side::None,
            price: 0,
            size: 0,
            order_id: 0,
            flags: F_SNAPSHOT,
            sequence,
            ts_event: event.ts_event,
            ts_init: event.ts_init.max(self.last_ts),
        });
    }

    #[inline(never)]
    fn apply(&mut self, update: &Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        self.apply_here(update, event, out)
    }

    #[inline(always)]
    fn apply_here(&mut self, update: &Update, event: &BookEvent<'_>, out: &mut BookOutput<'_>) -> End {
        let undo = Undo::to(out);
        let is_empty = event.message.is_empty();
        let follows = self.incomplete || self.follows(event);
        if !is_empty {
            self.emit_levels(update.last, event, 0, out);
        }
        let disproof = if !follows {
            Some(GapCause::Sequence)
        } else if self.incomplete || self.held.proves(event.message.proof.checksum) {
            None
        } else {
            Some(GapCause::Checksum)
        };
        if let Some(cause) = disproof
            && let Some(end) = self.contradicted(cause, *update, event, undo, out)
        {
            return end;
        }
        let snapshot = self.position.map_or(update.last, |p| p.snapshot);
        self.position = Some(Position { id: update.last, snapshot, fresh: false, cross: update.cross });
        self.moved = true;
        if is_empty {
            return End::Control;
        }
        self.event_ended(update.last, event.ts_event, out);
        End::Rows
    }

    /// An event that cannot be, or leads to another book than the venue's: answers how it ends, unless it is taken as it is.
    #[cold]
    #[inline(never)]
    fn contradicted(
        &mut self,
        cause: GapCause,
        update: Update,
        event: &BookEvent<'_>,
        undo: Undo,
        out: &mut BookOutput<'_>,
    ) -> Option<End> {
        match self.on_gap {
            OnGap::Withhold => Some(self.disproven(update, event, cause, undo, out)),
            OnGap::Rebuild => {
                undo.run(out);
                self.open_gap(update, event.ts_init, cause, out);
                Some(self.rebuild(update, event, out))
            }
            OnGap::Continue => {
                self.go_on(update, event, cause, out);
                None
            }
        }
    }

    /// What fell out of the depth that the venue keeps is gone: DELETEs of the same event, bids first, best first.
    #[inline(never)]
    fn drop_beyond(&mut self, depth: usize, rows: &mut DeltaColumns) {
        for side in [Side::Buy, Side::Sell] {
            if let Held::Orders(orders) = &mut self.held {
                orders.truncate(side, depth, rows);
            }
            self.held.truncate(side, depth, |price| {
                rows.price.push(price);
                rows.size.push(0);
                rows.action.push(BookAction::Delete as u8);
            });
            rows.side.resize(rows.action.len(), side as u8);
        }
    }

    /// Emits the levels of a whole book.
    #[inline(never)]
    fn emit_book(&mut self, sequence: u64, event: &BookEvent<'_>, out: &mut BookOutput<'_>) {
        let is_empty = |level: &Level| level.size == 0;
        if !event.message.bids.iter().chain(event.message.asks).any(is_empty) {
            return self.emit_levels(sequence, event, F_SNAPSHOT, out);
        }
        let (bids, bids_written) = without_empty(event.message.bids, event.message.proof.bids);
        let (asks, asks_written) = without_empty(event.message.asks, event.message.proof.asks);
        let proof = Proof { bids: &bids_written, asks: &asks_written, ..event.message.proof };
        let message = BookMessage { bids: &bids, asks: &asks, proof, ..*event.message };
        self.emit_levels(sequence, &BookEvent { message: &message, ..*event }, F_SNAPSHOT, out);
    }

    #[inline(always)]
    fn emit_levels(&mut self, sequence: u64, event: &BookEvent<'_>, flags: u8, out: &mut BookOutput<'_>) {
        let message = event.message;
        let ts_init = self.clamp(event.ts_init, out);
        self.decimals = self.decimals.max(message.decimals);
        out.news.decimals = out.news.decimals.max(message.decimals);
        let proof = &message.proof;
        if !message.bids.is_empty() {
            self.emit_side(Side::Buy, message.bids, proof.bids, out);
        }
        if !message.asks.is_empty() {
            self.emit_side(Side::Sell, message.asks, proof.asks, out);
        }
        let rows = &mut *out.rows;
        if let (Held::Orders(held), Some(orders)) = (&mut self.held, message.orders) {
            let unheld = orders.iter().filter(|order| held.apply(order, rows)).count();
            out.news.unheld_deletes += unheld as u64;
        }
        if proof.depth > 0 {
            self.drop_beyond(proof.depth, rows);
        }
        let n = rows.action.len();
        repeat(&mut rows.order_id, n, 0);
        repeat(&mut rows.flags, n, flags);
        repeat(&mut rows.sequence, n, sequence);
        repeat(&mut rows.ts_event, n, event.ts_event);
        repeat(&mut rows.ts_init, n, ts_init);
    }

    /// Changes the levels of one side; the columns of what is the same for all rows of an event are the caller's.
    #[inline(always)]
    fn emit_side(&mut self, side: Side, levels: &[Level], written: &[Spelt], out: &mut BookOutput<'_>) {
        let rows = &mut *out.rows;
        let start = rows.action.len();
        let n = start + levels.len();
        append_both(&mut rows.price, &mut rows.size, levels, |level| (level.price, level.size));
        repeat(&mut rows.side, n, side as u8);
        repeat(&mut rows.action, n, BookAction::Add as u8);
        let mut actions = rows.action[start..].iter_mut();
        let mut unheld = 0;
        self.held.apply(side, levels, written, |change| {
            unheld += u64::from(change == Change::Absent);
            if let Some(action) = actions.next() {
                *action = change.action() as u8;
            }
        });
        out.news.unheld_deletes += unheld;
    }
}
