//! What the messages of a book say, as rows of the truth.

use std::collections::HashSet;
use std::io;

use super::files::Out;
use crate::market::{Instrument, Level, Side};
use crate::rows::{self, F_SNAPSHOT, last_of};
use crate::truth::RowType;

/// The book of an instrument as messages told it.
pub(crate) struct Told {
    id: String,
    instrument: Instrument,
    /// Prices that a level stands at, by side.
    held: [HashSet<i64>; 2],
}

/// Levels of bids and of asks.
type Sides<'a> = [&'a [Level]; 2];

const SIDES: [(Side, &str); 2] = [(Side::Buy, "BUY"), (Side::Sell, "SELL")];

impl Told {
    /// A book that nothing was told of.
    pub fn new(id: String, instrument: Instrument) -> Self {
        Self { id, instrument, held: [HashSet::new(), HashSet::new()] }
    }

    /// A message of the whole book, at `at` ns UTC.
    pub fn whole(&mut self, at: u64, sequence: u64, sides: Sides<'_>, out: &mut Out<'_>) -> io::Result<()> {
        let (id, of) = (&self.id, &self.instrument);
        let mut left = sides.iter().map(|levels| levels.len()).sum();
        let flags = F_SNAPSHOT | last_of(left);
        let clear = rows::delta("CLEAR", "NO_ORDER_SIDE", of, Level::default(), flags, sequence);
        out.row(RowType::Delta, id, at, clear)?;
        for ((side, name), levels) in SIDES.into_iter().zip(sides) {
            self.held[side as usize].clear();
            for level in levels {
                left -= 1;
                self.held[side as usize].insert(level.price);
                let row = rows::delta("ADD", name, of, *level, F_SNAPSHOT | last_of(left), sequence);
                out.row(RowType::Delta, id, at, row)?;
            }
        }
        Ok(())
    }

    /// A message of new sizes at prices, at `at` ns UTC.
    pub fn change(&mut self, at: u64, sequence: u64, sides: Sides<'_>, out: &mut Out<'_>) -> io::Result<()> {
        let mut left = sides.iter().map(|levels| levels.len()).sum::<usize>();
        for ((side, name), levels) in SIDES.into_iter().zip(sides) {
            for level in levels {
                left -= 1;
                let held = &mut self.held[side as usize];
                let action = match level.size {
                    0 => {
                        held.remove(&level.price);
                        "DELETE"
                    }
                    _ if held.insert(level.price) => "ADD",
                    _ => "UPDATE",
                };
                let row = rows::delta(action, name, &self.instrument, *level, last_of(left), sequence);
                out.row(RowType::Delta, &self.id, at, row)?;
            }
        }
        Ok(())
    }
}
