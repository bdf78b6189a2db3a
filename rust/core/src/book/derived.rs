//! Rows derived from a book: its ten best levels and its best bid and ask, whenever an event changed them.

use super::{Ladder, Payload};
use crate::data::{Depth10Columns, Depth10Row, QuoteColumns, QuoteRow, Side};

/// What is derived from one book, and what was told last.
#[derive(Debug, Default)]
pub struct Derived {
    /// Ten-level rows since they were last taken, where they are wanted.
    pub depths: Option<Depth10Columns>,
    /// Quotes since they were last taken, where they are wanted.
    pub quotes: Option<QuoteColumns>,
    last_depth: Option<Box<Depth10Row>>,
    last_quote: Option<QuoteRow>,
}

impl Derived {
    /// What is wanted, nothing told yet. `None`: nothing is wanted.
    #[must_use]
    pub fn new(depths: bool, quotes: bool) -> Option<Box<Self>> {
        let wanted = Self {
            depths: depths.then(Depth10Columns::default),
            quotes: quotes.then(QuoteColumns::default),
            ..Self::default()
        };
        (depths || quotes).then(|| Box::new(wanted))
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
        if let Some(rows) = &mut self.depths
            && !ladder.is_empty()
        {
            let row = ladder.depth10(sequence, ts_event, ts_init);
            let same = |last: &Depth10Row| (last.bids, last.asks) == (row.bids, row.asks);
            if !self.last_depth.as_deref().is_some_and(same) {
                rows.push(&row);
                self.last_depth = Some(Box::new(row));
            }
        }
        if let Some(rows) = &mut self.quotes
            && let (Some((bid_price, bid_size)), Some((ask_price, ask_size))) =
                (ladder.best(Side::Buy), ladder.best(Side::Sell))
        {
            let row = QuoteRow { bid_price, ask_price, bid_size, ask_size, ts_event, ts_init };
            let same = |last: QuoteRow| QuoteRow { ts_event, ts_init, ..last } == row;
            if !self.last_quote.is_some_and(same) {
                rows.push(&row);
                self.last_quote = Some(row);
            }
        }
    }

    /// Forgets the rows and what was told: the next event tells the whole top.
    pub fn restart(&mut self) {
        self.clear();
        self.last_depth = None;
        self.last_quote = None;
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        use crate::data::ColumnSet;
        self.depths.iter_mut().for_each(ColumnSet::clear);
        self.quotes.iter_mut().for_each(ColumnSet::clear);
    }
}
