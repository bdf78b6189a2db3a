//! Rows derived from a book: its ten best levels and its best bid and ask, whenever an event changed them or at the ends
//! of intervals.
//!
//! An interval ends at a multiple of its length since 1970. Its row is the top as it stood then, the event received at
//! that very time included, and is told by the first event that comes later: nothing here has a clock. A top that did
//! not change has no row, so a silent hour costs none; the interval in which the input ends has none yet, since what goes
//! on from there may still change it. So what was told last and what is held are left in a recording's end state.

use serde::{Deserialize, Serialize};

use super::{Ladder, Payload};
use crate::data::{Depth10Row, QuoteRow, Side};

/// A row of the top of a book.
trait Top: Copy {
    /// Whether it says the same of the book.
    fn is_same(&self, other: &Self) -> bool;
    fn ts_init(&self) -> u64;
    fn at(self, ts_init: u64) -> Self;
}

impl Top for Depth10Row {
    fn is_same(&self, other: &Self) -> bool {
        (self.bids, self.asks) == (other.bids, other.asks)
    }

    fn ts_init(&self) -> u64 {
        self.ts_init
    }

    fn at(self, ts_init: u64) -> Self {
        Self { ts_init, ..self }
    }
}

impl Top for QuoteRow {
    fn is_same(&self, other: &Self) -> bool {
        Self { ts_event: other.ts_event, ts_init: other.ts_init, ..*self } == *other
    }

    fn ts_init(&self) -> u64 {
        self.ts_init
    }

    fn at(self, ts_init: u64) -> Self {
        Self { ts_init, ..self }
    }
}

/// Rows of one type, and what was told last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told<T> {
    #[serde(skip, default = "Vec::new")]
    rows: Vec<T>,
    last: Option<Box<T>>,
    /// The top since the last event, and the end of the interval of that event, ns UTC.
    held: Option<(u64, Box<T>)>,
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), last: None, held: None }
    }
}

impl<T: Top> Told<T> {
    fn tell(&mut self, row: T) {
        if !self.last.as_deref().is_some_and(|last| last.is_same(&row)) {
            self.rows.push(row);
            self.last = Some(Box::new(row));
        }
    }

    /// An event is received at `ts_init`: intervals that ended before it have their row.
    fn pass(&mut self, ts_init: u64) {
        if let Some((end, row)) = self.held.take_if(|(end, _)| *end < ts_init) {
            self.tell(row.at(end));
        }
    }

    /// The top after an event.
    fn take(&mut self, row: T, every: u64) {
        if every == 0 {
            return self.tell(row);
        }
        let end = row.ts_init().div_ceil(every).saturating_mul(every);
        match &mut self.held {
            Some((_, held)) => **held = row,
            None => self.held = Some((end, Box::new(row))),
        }
    }

    fn resume(&mut self, left: Self, goes_on: bool) {
        self.last = left.last;
        self.held = left.held.filter(|_| goes_on);
    }

    fn end_state(&self) -> Option<Self> {
        let is_any = self.last.is_some() || self.held.is_some();
        is_any.then(|| Self { rows: Vec::new(), last: self.last.clone(), held: self.held.clone() })
    }

    /// Forgets what was told and what is held; rows stay whose time is `kept`.
    fn restart(&mut self, kept: impl Fn(u64) -> bool) {
        self.rows.retain(|row| kept(row.ts_init()));
        (self.last, self.held) = (None, None);
    }
}

/// What is derived from one book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derived {
    /// Length of the intervals, ns; 0: whenever the top changes.
    every: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depths: Option<Told<Depth10Row>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quotes: Option<Told<QuoteRow>>,
}

impl Derived {
    /// What is wanted, nothing told yet. `None`: nothing is wanted.
    #[must_use]
    pub fn new(wants_depths: bool, wants_quotes: bool, every: u64) -> Option<Box<Self>> {
        let (depths, quotes) = (wants_depths.then(Told::default), wants_quotes.then(Told::default));
        (wants_depths || wants_quotes).then(|| Box::new(Self { every, depths, quotes }))
    }

    /// Goes on from what an earlier recording `left` of the same book: its top is not told again, and the interval that it
    /// ended in has its row, where intervals are as long as they were.
    pub fn resume(&mut self, left: Self) {
        let goes_on = left.every == self.every;
        if let Some((depths, left)) = self.depths.as_mut().zip(left.depths) {
            depths.resume(left, goes_on);
        }
        if let Some((quotes, left)) = self.quotes.as_mut().zip(left.quotes) {
            quotes.resume(left, goes_on);
        }
    }

    /// What to leave behind; `None`: nothing was told or is held.
    #[must_use]
    pub fn end_state(&self) -> Option<Self> {
        let depths = self.depths.as_ref().and_then(Told::end_state);
        let quotes = self.quotes.as_ref().and_then(Told::end_state);
        (depths.is_some() || quotes.is_some()).then_some(Self { every: self.every, depths, quotes })
    }

    /// An event is over: tells what of the top it changed. An empty book has no depth, a book with an empty side
    /// no quote.
    pub fn event_ended<P: Payload>(
        &mut self,
        ladder: &Ladder<P>,
        sequence: u64,
        ts_event: u64,
        ts_init: u64,
    ) {
        if let Some(depths) = &mut self.depths {
            depths.pass(ts_init);
            if !ladder.is_empty() {
                depths.take(ladder.depth10(sequence, ts_event, ts_init), self.every);
            }
        }
        if let Some(quotes) = &mut self.quotes {
            quotes.pass(ts_init);
            if let (Some((bid_price, bid_size)), Some((ask_price, ask_size))) =
                (ladder.best(Side::Buy), ladder.best(Side::Sell))
            {
                let row = QuoteRow { bid_price, ask_price, bid_size, ask_size, ts_event, ts_init };
                quotes.take(row, self.every);
            }
        }
    }

    /// Ten-level rows and quotes since they were last taken.
    #[must_use]
    pub fn take_rows(&mut self) -> (Vec<Depth10Row>, Vec<QuoteRow>) {
        let depths = self.depths.as_mut().map(|told| std::mem::take(&mut told.rows));
        let quotes = self.quotes.as_mut().map(|told| std::mem::take(&mut told.rows));
        (depths.unwrap_or_default(), quotes.unwrap_or_default())
    }

    /// Forgets what was told: the next event tells the whole top. Of the rows those stay whose time is `kept`.
    pub fn restart(&mut self, kept: impl Fn(u64) -> bool) {
        if let Some(depths) = &mut self.depths {
            depths.restart(&kept);
        }
        if let Some(quotes) = &mut self.quotes {
            quotes.restart(&kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: i128 = 10_i128.pow(16);

    /// Rows of the events of several recordings, one after the other.
    fn sessions(every: u64, sessions: &[&[(u64, i128)]]) -> Vec<(u64, u64, i128)> {
        let mut ladder: Ladder = Ladder::default();
        ladder.set(Side::Sell, 100 * UNIT, UNIT, ());
        let (mut rows, mut left) = (Vec::new(), None::<String>);
        for events in sessions {
            let mut derived = Derived::new(true, true, every).expect("depths and quotes");
            if let Some(left) = &left {
                derived.resume(serde_json::from_str(left).expect("an end state"));
            }
            for (ts, size) in *events {
                ladder.set(Side::Buy, 99 * UNIT, *size, ());
                derived.event_ended(&ladder, 0, ts - 1, *ts);
            }
            left = derived.end_state().map(|state| serde_json::to_string(&state).expect("JSON"));
            rows.extend(derived.take_rows().1);
        }
        rows.iter().map(|row| (row.ts_event, row.ts_init, row.bid_size)).collect()
    }

    fn quotes(every: u64, events: &[(u64, i128)]) -> Vec<(u64, u64, i128)> {
        sessions(every, &[events])
    }

    #[test]
    fn on_change() {
        assert_eq!(quotes(0, &[(11, 1), (12, 1), (13, 2)]), [(10, 11, 1), (12, 13, 2)]);
    }

    #[test]
    fn at_the_ends_of_intervals() {
        // The last event of an interval counts, one at its very end among them; a silent interval has no row.
        let events = [(11, 1), (19, 2), (20, 3), (21, 4), (52, 5), (61, 6)];
        assert_eq!(quotes(10, &events), [(19, 20, 3), (20, 30, 4), (51, 60, 5)]);
        // What is as it was is not told again, and the last interval is not over.
        assert_eq!(quotes(10, &[(1, 1), (11, 2), (12, 1), (29, 1), (31, 9)]), [(0, 10, 1)]);
    }

    #[test]
    fn recordings_that_go_on_from_one_another_are_one() {
        let events = [(11, 1), (19, 2), (20, 3), (21, 4), (22, 4), (52, 5), (61, 5), (75, 5), (81, 6)];
        for every in [0, 10] {
            for at in 0..events.len() {
                let (first, second) = events.split_at(at);
                assert_eq!(sessions(every, &[first, second]), quotes(every, &events), "{every} {at}");
            }
        }
    }

    #[test]
    fn a_side_that_empties_keeps_the_quote_of_before() {
        assert_eq!(quotes(10, &[(1, 1), (4, 0), (11, 2), (21, 3)]), [(0, 10, 1), (10, 20, 2)]);
    }
}
