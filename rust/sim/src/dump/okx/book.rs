//! `L2orderbook`: the 400 best levels of a side, whole every quarter of an hour, between that what changed. A line names its
//! instrument; a level is price, size and how many orders there are. Nothing numbers the lines.

use std::collections::BTreeMap;
use std::io;

use super::super::archive::Packing;
use super::super::files::{Out, Sheet};
use super::super::told::Told;
use super::super::{Setting, Table};
use super::{MILLI, instrument_id, symbol};
use crate::calendar::Date;
use crate::market::{Body, Event, Instrument, Level, Market, Side};
use crate::wire::Text;

const DEPTH: usize = 400;
/// Between two looks at the book.
const STEP: u64 = 100 * MILLI;
/// Between two whole books.
const WHOLE: u64 = 900_000 * MILLI;

struct Lines {
    symbol: String,
    instrument: Instrument,
    told: Told,
    /// Sizes by price as they were told, by side.
    last: [BTreeMap<i64, i64>; 2],
    changed: bool,
    /// When the book is looked at next, and when it is told whole, ns UTC.
    next: u64,
    whole: u64,
}

pub(super) fn lines(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, symbol) = (instrument_id(&instrument), symbol(&instrument));
    let name = symbol.clone();
    let path = move |_, date: Date| {
        let day = date.to_day();
        // The files moved.
        let place = if day.as_str() < "2026-07-01" { "L2" } else { "pro/L2" };
        let folder = day.replace('-', "");
        format!("match/orderbook/{place}/{DEPTH}lv/daily/{folder}/{name}-L2orderbook-{DEPTH}lv-{day}.tar.gz")
    };
    let sheet = Sheet { header: None, path: Box::new(path), packing: Packing::Tar };
    let (next, whole) = (setting.start.next_multiple_of(MILLI), setting.start);
    let told = Told::new(id, instrument.clone());
    let last = [BTreeMap::new(), BTreeMap::new()];
    Some((sheet, Box::new(Lines { symbol, instrument, told, last, changed: false, next, whole })))
}

/// Bids and asks, best first.
type Sides = [Vec<Level>; 2];

impl Lines {
    fn write(&self, at: u64, action: &str, sides: &Sides, out: &mut Out<'_>) -> io::Result<()> {
        let [bids, asks] = sides;
        out.line(at, |text| {
            text.raw("{\"instId\":\"").raw(&self.symbol).raw("\",\"action\":\"").raw(action);
            text.raw("\",\"ts\":\"").int(at / MILLI).raw("\",\"asks\":");
            self.write_side(text, asks);
            text.raw(",\"bids\":");
            self.write_side(text, bids);
            text.raw("}");
        })
    }

    fn write_side(&self, text: &mut Text, levels: &[Level]) {
        text.raw("[");
        for (at, level) in levels.iter().enumerate() {
            text.raw(if at == 0 { "[\"" } else { ",[\"" });
            text.decimal(self.instrument.price(level.price), 0).raw("\",\"");
            let orders = if level.size == 0 { 0 } else { 1 + level.size.unsigned_abs() % 9 };
            text.decimal(self.instrument.size(level.size), 0).raw("\",\"").int(orders).raw("\"]");
        }
        text.raw("]");
    }

    /// Takes the book as it is; answers it, whole or what changed in it.
    fn look(&mut self, market: &Market, is_whole: bool) -> Sides {
        [Side::Buy, Side::Sell].map(|side| {
            let now: BTreeMap<i64, i64> =
                market.book(0).levels(side).take(DEPTH).map(|level| (level.price, level.size)).collect();
            let last = std::mem::replace(&mut self.last[side as usize], now);
            let now = &self.last[side as usize];
            let gone = last.keys().filter(|price| !is_whole && !now.contains_key(price));
            let set = now.iter().filter(|(price, size)| is_whole || last.get(price) != Some(size));
            let gone = gone.map(|price| Level { price: *price, size: 0 });
            let set = set.map(|(price, size)| Level { price: *price, size: *size });
            let mut levels: Vec<Level> = gone.chain(set).collect();
            levels.sort_unstable_by_key(|level| -side.sign() * level.price);
            levels
        })
    }

    fn tell(&mut self, market: &Market, at: u64, out: &mut Out<'_>) -> io::Result<()> {
        let is_whole = at >= self.whole;
        if !is_whole && !self.changed {
            return Ok(());
        }
        self.changed = false;
        let sides = self.look(market, is_whole);
        let [bids, asks] = &sides;
        if is_whole {
            self.whole = (at / WHOLE + 1) * WHOLE;
            self.write(at, "snapshot", &sides, out)?;
            return self.told.whole(at, 0, [bids, asks], out);
        }
        // What changed and changed back, or below what is shown, is nothing.
        if bids.is_empty() && asks.is_empty() {
            return Ok(());
        }
        self.write(at, "update", &sides, out)?;
        self.told.change(at, 0, [bids, asks], out)
    }
}

impl Table for Lines {
    fn advance(&mut self, market: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while self.next < to {
            self.tell(market, self.next, out)?;
            self.next += STEP;
        }
        Ok(())
    }

    fn event(&mut self, _: &Market, event: &Event, _: &mut Out<'_>) -> io::Result<()> {
        self.changed |= matches!(event.body, Body::Level(..) | Body::Hidden);
        Ok(())
    }
}
