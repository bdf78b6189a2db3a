//! `orderbook`: the frames of a topic of 200 levels, a snapshot at the head of every file.

use std::io;

use super::super::archive::Packing;
use super::super::files::{Out, Sheet};
use super::super::told::Told;
use super::super::{Setting, Table};
use super::{instrument_id, symbol};
use crate::calendar::{DAY, Date};
use crate::market::{Event, Market, Product};
use crate::wire::bybit::with_depth;
use crate::wire::{Channel, Channels, Content, Message, Wire};

const DEPTH: usize = 200;

struct Frames {
    told: Told,
    wire: Box<dyn Wire>,
    messages: Vec<Message>,
    /// The day of the file at hand; `None` before the first.
    day: Option<u64>,
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
    let told = Told::new(instrument_id(&instrument), instrument);
    Some((sheet, Box::new(Frames { told, wire, messages: Vec::new(), day: None })))
}

fn write(message: &Message, out: &mut Out<'_>) -> io::Result<()> {
    out.line(message.at, |text| {
        text.buffer().extend_from_slice(&message.body);
        // Lines end as in the files published.
        text.raw("\r");
    })
}

impl Frames {
    /// The head of a file. Where a book stands already it says nothing new: it is the book as it was told last.
    fn begin(&mut self, market: &Market, at: u64, out: &mut Out<'_>) -> io::Result<()> {
        let is_first = self.day.replace(at / DAY).is_none();
        let message = self.wire.snapshot(market, 0, at);
        write(&message, out)?;
        match &message.content {
            Content::Snapshot(snapshot) if is_first => {
                let at = snapshot.ts_event.unwrap_or_default();
                self.told.whole(at, snapshot.id, [&snapshot.bids, &snapshot.asks], out)
            }
            _ => Ok(()),
        }
    }

    fn deliver(&mut self, out: &mut Out<'_>) -> io::Result<()> {
        for message in std::mem::take(&mut self.messages) {
            if let Content::Diff(diff) = &message.content {
                write(&message, out)?;
                self.told.change(diff.ts_event, diff.id, [&diff.bids, &diff.asks], out)?;
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
