//! `orderbook`: the frames of a topic of 200 levels, a snapshot at the head of every file.

use std::collections::HashSet;
use std::io;

use super::super::archive::Packing;
use super::super::files::{Out, Sheet};
use super::super::{Setting, Table};
use super::{instrument_id, symbol};
use crate::calendar::{DAY, Date};
use crate::market::{Event, Instrument, Level, Market, Product, Side};
use crate::rows::{self, F_SNAPSHOT, last_of};
use crate::truth::RowType;
use crate::wire::bybit::with_depth;
use crate::wire::{Channel, Channels, Content, Diff, Message, Snapshot, Wire};

const DEPTH: usize = 200;

struct Frames {
    id: String,
    instrument: Instrument,
    wire: Box<dyn Wire>,
    messages: Vec<Message>,
    /// The day of the file at hand; `None` before the first.
    day: Option<u64>,
    /// Prices that a level stands at, by side.
    held: [HashSet<i64>; 2],
}

pub(super) fn frames(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let market = match instrument.product {
        Product::Spot => "spot",
        Product::Linear => "linear",
        Product::Inverse => "inverse",
    };
    let name = symbol(&instrument);
    let path =
        move |_, date: Date| format!("orderbook/{market}/{name}/{}_{name}_ob{DEPTH}.data.zip", date.to_day());
    let packing = Packing::Zip { inside: "", checksum: false };
    let sheet = Sheet { header: None, path: Box::new(path), packing };
    let channels = Channels::of(Channel::Book);
    let wire = with_depth(setting.market, setting.seed, channels, setting.start, DEPTH);
    let id = instrument_id(&instrument);
    let held = [HashSet::new(), HashSet::new()];
    Some((sheet, Box::new(Frames { id, instrument, wire, messages: Vec::new(), day: None, held })))
}

fn write(message: &Message, out: &mut Out<'_>) -> io::Result<()> {
    out.line(message.at, |text| {
        text.buffer().extend_from_slice(&message.body);
        // Lines end as in the files published.
        text.raw("\r");
    })
}

impl Frames {
    fn whole(&mut self, snapshot: &Snapshot, out: &mut Out<'_>) -> io::Result<()> {
        let (id, of, sequence) = (&self.id, &self.instrument, snapshot.id);
        let at = snapshot.ts_event.unwrap_or_default();
        let mut left = snapshot.bids.len() + snapshot.asks.len();
        let flags = F_SNAPSHOT | last_of(left);
        out.row(
            RowType::Delta,
            id,
            at,
            rows::delta("CLEAR", "NO_ORDER_SIDE", of, Level::default(), flags, sequence),
        )?;
        for (side, name, levels) in [(Side::Buy, "BUY", &snapshot.bids), (Side::Sell, "SELL", &snapshot.asks)]
        {
            for level in levels {
                left -= 1;
                self.held[side as usize].insert(level.price);
                let row = rows::delta("ADD", name, of, *level, F_SNAPSHOT | last_of(left), sequence);
                out.row(RowType::Delta, id, at, row)?;
            }
        }
        Ok(())
    }

    fn change(&mut self, diff: &Diff, out: &mut Out<'_>) -> io::Result<()> {
        let mut left = diff.bids.len() + diff.asks.len();
        for (side, name, levels) in [(Side::Buy, "BUY", &diff.bids), (Side::Sell, "SELL", &diff.asks)] {
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
                let row = rows::delta(action, name, &self.instrument, *level, last_of(left), diff.id);
                out.row(RowType::Delta, &self.id, diff.ts_event, row)?;
            }
        }
        Ok(())
    }

    /// The head of a file. Where a book stands already it says nothing new: it is the book as it was told last.
    fn begin(&mut self, market: &Market, at: u64, out: &mut Out<'_>) -> io::Result<()> {
        let is_first = self.day.replace(at / DAY).is_none();
        let message = self.wire.snapshot(market, 0, at);
        write(&message, out)?;
        match &message.content {
            Content::Snapshot(snapshot) if is_first => self.whole(snapshot, out),
            _ => Ok(()),
        }
    }

    fn deliver(&mut self, out: &mut Out<'_>) -> io::Result<()> {
        for message in std::mem::take(&mut self.messages) {
            if let Content::Diff(diff) = &message.content {
                write(&message, out)?;
                self.change(diff, out)?;
            }
        }
        Ok(())
    }
}

impl Table for Frames {
    fn advance(&mut self, market: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while self.wire.next_at() < to {
            let at = self.wire.next_at();
            if self.day != Some(at / DAY) {
                self.begin(market, at, out)?;
            }
            self.wire.tick(market, &mut self.messages);
            self.deliver(out)?;
        }
        Ok(())
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        self.wire.event(market, event, &mut self.messages);
        self.deliver(out)
    }
}
