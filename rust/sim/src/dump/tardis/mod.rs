//! Tardis's CSV datasets of `binance-futures`: what a recorder made of the messages of the venue.
//!
//! Layout (Tardis's documentation, read 2026-08): `<exchange>/<dataset>/YYYY/MM/DD/<SYMBOL>.csv.gz`, a day being one
//! of receive times. The messages are those that captures of `binance-usdm` are written from; a recorder's clock, and
//! the book it keeps, are added here. There are no options in this market, so there is no `options_chain`.

mod book;
mod events;

use std::io;

use super::archive::Packing;
use super::files::{Out, Sheet};
use super::{Make, Published, Setting, Table, Target};
use crate::calendar::Date;
use crate::market::{Event, Instrument, Market, Product};
use crate::random::Random;
use crate::wire::binance::{USDM, symbol};
use crate::wire::{Channel, Channels, Message, Text, Wire};

const EXCHANGE: &str = "binance-futures";
const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;

/// Nautilus's id of an instrument, as its loader of Tardis files has it.
fn instrument_id(instrument: &Instrument) -> String {
    format!("{}.BINANCE", symbol(instrument))
}

const fn target(name: &'static str, make: Make) -> Target {
    Target { name, product: Product::Linear, published: Published::ByDay, id: instrument_id, make }
}

pub(super) static TARGETS: &[Target] = &[
    target("tardis-trades", events::trades),
    target("tardis-incremental-book-l2", book::incremental),
    target("tardis-book-snapshot-5", book::snapshots_of_5),
    target("tardis-book-snapshot-25", book::snapshots_of_25),
    target("tardis-quotes", book::quotes),
    target("tardis-book-ticker", events::book_ticker),
    target("tardis-derivative-ticker", events::ticker),
    target("tardis-liquidations", events::liquidations),
];

/// What a recorder makes of messages.
trait Recorder {
    /// Recording begins.
    fn begin(&mut self, _market: &Market, _line: &mut Line<'_, '_>) -> io::Result<()> {
        Ok(())
    }

    /// A message was received, at the time of `line`.
    fn take(&mut self, market: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()>;
}

/// Lines of one message.
struct Line<'l, 'o> {
    instrument: &'l Instrument,
    id: &'l str,
    symbol: &'l str,
    /// Receive time, ns UTC.
    local: u64,
    out: &'l mut Out<'o>,
}

impl Line<'_, '_> {
    /// Adds a line: the four common columns, then what `write` writes, each field after a comma.
    fn add(&mut self, ts_event: u64, write: impl Fn(&mut Text)) -> io::Result<()> {
        let (symbol, local) = (self.symbol, self.local);
        self.out.line(local, |text| {
            text.raw(EXCHANGE).raw(",").raw(symbol).raw(",").int(ts_event / MICRO);
            text.raw(",").int(local / MICRO);
            write(text);
        })
    }
}

/// A recorder at the end of a line to the venue.
struct Dataset {
    wire: Box<dyn Wire>,
    recorder: Box<dyn Recorder>,
    instrument: Instrument,
    id: String,
    symbol: String,
    random: Random,
    /// Receive time of the last message, ns UTC; 0 before the first.
    last: u64,
    messages: Vec<Message>,
}

/// The files of a dataset; `columns` are those after the common ones.
fn dataset(
    setting: &Setting<'_>,
    name: &'static str,
    columns: &str,
    channel: Channel,
    recorder: Box<dyn Recorder>,
) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, symbol) = (instrument_id(&instrument), symbol(&instrument));
    let file = symbol.clone();
    let path = move |_, Date { year, month, day }: Date| {
        format!("{EXCHANGE}/{name}/{year}/{month:02}/{day:02}/{file}.csv.gz")
    };
    let sheet = Sheet {
        header: Some(format!("exchange,symbol,timestamp,local_timestamp,{columns}")),
        path: Box::new(path),
        packing: Packing::Gzip,
    };
    let channels = Channels::of(channel);
    let wire = (USDM.wire)(setting.market, setting.seed, channels, setting.start);
    let random = Random::new(setting.seed, 50_000 + setting.number as u64);
    let (last, messages) = (0, Vec::new());
    Some((sheet, Box::new(Dataset { wire, recorder, instrument, id, symbol, random, last, messages })))
}

impl Dataset {
    fn line<'l, 'o>(&'l mut self, out: &'l mut Out<'o>) -> (&'l mut dyn Recorder, Line<'l, 'o>) {
        let Self { instrument, id, symbol, last, .. } = self;
        (&mut *self.recorder, Line { instrument, id, symbol, local: *last, out })
    }

    fn deliver(&mut self, market: &Market, out: &mut Out<'_>) -> io::Result<()> {
        for message in std::mem::take(&mut self.messages) {
            let arrival = message.at + 2 * MILLI + self.random.exponential(2 * MILLI);
            // One line, so no message overtakes another; no two are received at once.
            self.last = (arrival / MICRO * MICRO).max(self.last + MICRO);
            let (recorder, mut line) = self.line(out);
            recorder.take(market, &message, &mut line)?;
        }
        Ok(())
    }
}

impl Table for Dataset {
    fn advance(&mut self, market: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        if self.last == 0 {
            self.last = self.wire.next_at().min(to) / MICRO * MICRO;
            let (recorder, mut line) = self.line(out);
            recorder.begin(market, &mut line)?;
        }
        while self.wire.next_at() < to {
            self.wire.tick(market, &mut self.messages);
            self.deliver(market, out)?;
        }
        Ok(())
    }

    fn event(&mut self, market: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        self.wire.event(market, event, &mut self.messages);
        self.deliver(market, out)
    }
}
