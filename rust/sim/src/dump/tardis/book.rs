//! Datasets of the book that the vendor keeps: `incremental_book_L2`, `book_snapshot_5`, `book_snapshot_25`, `quotes`.

use std::io;

use super::super::files::Sheet;
use super::super::{Setting, Table};
use super::{Line, Recorder, dataset};
use crate::calendar::DAY;
use crate::market::{Book, Level, Market, Side};
use crate::rows::{self, F_SNAPSHOT, last_of};
use crate::truth::RowType;
use crate::wire::{Channel, Content, Diff, Message};

const SIDES: [(Side, &str, &str); 2] = [(Side::Buy, "bid", "BUY"), (Side::Sell, "ask", "SELL")];

fn apply(book: &mut Book, diff: &Diff) {
    for (side, levels) in [(Side::Buy, &diff.bids), (Side::Sell, &diff.asks)] {
        levels.iter().for_each(|level| book.set(side, level.price, level.size));
    }
}

/// `incremental_book_L2`: every file begins with the whole book.
#[derive(Default)]
struct Incremental {
    book: Book,
    /// The day of the file at hand.
    day: u64,
}

pub(super) fn incremental(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let columns = "is_snapshot,side,price,amount";
    dataset(setting, "incremental_book_L2", columns, Channel::Book, Box::<Incremental>::default())
}

impl Incremental {
    fn level(
        line: &mut Line<'_, '_>,
        ts_event: u64,
        is_snapshot: bool,
        side: &str,
        level: Level,
    ) -> io::Result<()> {
        let instrument = line.instrument;
        line.add(ts_event, |text| {
            text.raw(",").bool(is_snapshot).raw(",").raw(side).raw(",").own(instrument.price(level.price));
            text.raw(",").own(instrument.size(level.size));
        })
    }

    fn whole(&mut self, line: &mut Line<'_, '_>) -> io::Result<()> {
        let (local, id, instrument) = (line.local, line.id, line.instrument);
        self.day = local / DAY;
        let mut left = self.book.len(Side::Buy) + self.book.len(Side::Sell);
        let times = (local, local);
        let clear = rows::delta(
            "CLEAR",
            "NO_ORDER_SIDE",
            instrument,
            Level::default(),
            F_SNAPSHOT | last_of(left),
            0,
        );
        line.out.row_received(RowType::Delta, id, times, clear)?;
        for (side, called, name) in SIDES {
            for level in self.book.levels(side) {
                left -= 1;
                Self::level(line, local, true, called, level)?;
                let row = rows::delta("ADD", name, instrument, level, F_SNAPSHOT | last_of(left), 0);
                line.out.row_received(RowType::Delta, id, times, row)?;
            }
        }
        Ok(())
    }
}

impl Recorder for Incremental {
    fn begin(&mut self, market: &Market, line: &mut Line<'_, '_>) -> io::Result<()> {
        self.book = market.book(0).clone();
        self.whole(line)
    }

    fn take(&mut self, _: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Diff(diff) = &message.content else { return Ok(()) };
        if line.local / DAY != self.day {
            let mut first = Line { local: line.local / DAY * DAY, out: &mut *line.out, ..*line };
            self.whole(&mut first)?;
        }
        let (id, instrument, times) = (line.id, line.instrument, (diff.ts_event, line.local));
        let mut left = diff.bids.len() + diff.asks.len();
        for ((_, called, name), levels) in SIDES.into_iter().zip([&diff.bids, &diff.asks]) {
            for level in levels {
                left -= 1;
                Self::level(line, diff.ts_event, false, called, *level)?;
                let action = if level.size == 0 { "DELETE" } else { "UPDATE" };
                let row = rows::delta(action, name, instrument, *level, last_of(left), 0);
                line.out.row_received(RowType::Delta, id, times, row)?;
            }
        }
        apply(&mut self.book, diff);
        Ok(())
    }
}

/// `book_snapshot_N`: the best levels whenever one of them changed.
struct Snapshots {
    levels: usize,
    book: Book,
    told: [Vec<Level>; 2],
}

fn snapshots(setting: &Setting<'_>, name: &'static str, levels: usize) -> Option<(Sheet, Box<dyn Table>)> {
    let column =
        |at| ["asks", "bids"].map(|side| format!("{side}[{at}].price,{side}[{at}].amount")).join(",");
    let columns: Vec<String> = (0..levels).map(column).collect();
    let recorder = Snapshots { levels, book: Book::default(), told: [const { Vec::new() }; 2] };
    dataset(setting, name, &columns.join(","), Channel::Book, Box::new(recorder))
}

pub(super) fn snapshots_of_5(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    snapshots(setting, "book_snapshot_5", 5)
}

pub(super) fn snapshots_of_25(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    snapshots(setting, "book_snapshot_25", 25)
}

impl Recorder for Snapshots {
    fn begin(&mut self, market: &Market, _: &mut Line<'_, '_>) -> io::Result<()> {
        self.book = market.book(0).clone();
        Ok(())
    }

    fn take(&mut self, _: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Diff(diff) = &message.content else { return Ok(()) };
        apply(&mut self.book, diff);
        let now = [Side::Buy, Side::Sell].map(|side| self.book.levels(side).take(self.levels).collect());
        if now == self.told {
            return Ok(());
        }
        self.told = now;
        let ([bids, asks], instrument) = (&self.told, line.instrument);
        let count = self.levels;
        line.add(diff.ts_event, |text| {
            for at in 0..count {
                for side in [asks, bids] {
                    match side.get(at) {
                        Some(level) => text
                            .raw(",")
                            .own(instrument.price(level.price))
                            .raw(",")
                            .own(instrument.size(level.size)),
                        None => text.raw(",,"),
                    };
                }
            }
        })?;
        let row = rows::depth10(instrument, bids, asks, 0);
        line.out.row_received(RowType::Depth10, line.id, (diff.ts_event, line.local), row)
    }
}

/// `quotes`: the best bid and ask whenever one of them changed.
#[derive(Default)]
struct Quotes {
    book: Book,
    told: Option<(Level, Level)>,
}

/// Columns of quotes, and of the venue's own best bid and ask.
pub(super) const QUOTES: &str = "ask_amount,ask_price,bid_price,bid_amount";

pub(super) fn quotes(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    dataset(setting, "quotes", QUOTES, Channel::Book, Box::<Quotes>::default())
}

/// Writes a line of quotes.
pub(super) fn quote(line: &mut Line<'_, '_>, ts_event: u64, bid: Level, ask: Level) -> io::Result<()> {
    let instrument = line.instrument;
    line.add(ts_event, |text| {
        text.raw(",").own(instrument.size(ask.size)).raw(",").own(instrument.price(ask.price));
        text.raw(",").own(instrument.price(bid.price)).raw(",").own(instrument.size(bid.size));
    })?;
    line.out.row_received(RowType::Quote, line.id, (ts_event, line.local), rows::quote(instrument, bid, ask))
}

impl Recorder for Quotes {
    fn begin(&mut self, market: &Market, _: &mut Line<'_, '_>) -> io::Result<()> {
        self.book = market.book(0).clone();
        Ok(())
    }

    fn take(&mut self, _: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Diff(diff) = &message.content else { return Ok(()) };
        apply(&mut self.book, diff);
        let best = self.book.best(Side::Buy).zip(self.book.best(Side::Sell));
        match best.filter(|_| best != self.told) {
            Some((bid, ask)) => {
                self.told = best;
                quote(line, diff.ts_event, bid, ask)
            }
            None => Ok(()),
        }
    }
}
