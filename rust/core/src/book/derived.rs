//! Rows derived from a book: its ten best levels and its best bid and ask, whenever an event changed them.

use super::{Ladder, Payload};
use crate::data::{Depth10Row, QuoteRow, Side};

/// What is derived from one book, and what was told last.
#[derive(Debug, Default)]
pub struct Derived {
    wants_depths: bool,
    wants_quotes: bool,
    /// Ten-level rows since they were last taken.
    pub depths: Vec<Depth10Row>,
    /// Quotes since they were last taken.
    pub quotes: Vec<QuoteRow>,
    last_depth: Option<Box<Depth10Row>>,
    last_quote: Option<QuoteRow>,
}

impl Derived {
    /// What is wanted, nothing told yet. `None`: nothing is wanted.
    #[must_use]
    pub fn new(wants_depths: bool, wants_quotes: bool) -> Option<Box<Self>> {
        let wanted = Self { wants_depths, wants_quotes, ..Self::default() };
        (wants_depths || wants_quotes).then(|| Box::new(wanted))
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
        if self.wants_depths && !ladder.is_empty() {
            let row = ladder.depth10(sequence, ts_event, ts_init);
            let same = |last: &Depth10Row| (last.bids, last.asks) == (row.bids, row.asks);
            if !self.last_depth.as_deref().is_some_and(same) {
                self.depths.push(row);
                self.last_depth = Some(Box::new(row));
            }
        }
        if self.wants_quotes
            && let (Some((bid_price, bid_size)), Some((ask_price, ask_size))) =
                (ladder.best(Side::Buy), ladder.best(Side::Sell))
        {
            let row = QuoteRow { bid_price, ask_price, bid_size, ask_size, ts_event, ts_init };
            let same = |last: QuoteRow| QuoteRow { ts_event, ts_init, ..last } == row;
            if !self.last_quote.is_some_and(same) {
                self.quotes.push(row);
                self.last_quote = Some(row);
            }
        }
    }

    /// Forgets the rows and what was told: the next event tells the whole top.
    pub fn restart(&mut self) {
        *self = Self { wants_depths: self.wants_depths, wants_quotes: self.wants_quotes, ..Self::default() };
    }
}
