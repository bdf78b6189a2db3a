//! `bookTicker`, every change of the best bid and ask, and `bookDepth`, what stands within some percent of the middle.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::{Setting, Table};
use super::{instrument_id, sheet};
use crate::calendar::write_moment;
use crate::decimal::Decimal;
use crate::market::{Body, Event, Instrument, Market, SECOND, Side};
use crate::random::Random;
use crate::rows;
use crate::truth::RowType;

const MILLI: u64 = 1_000_000;

struct Ticker {
    id: String,
    instrument: Instrument,
    random: Random,
    update: u64,
}

pub(super) fn ticker(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let header =
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time";
    let sheet = sheet(&instrument, "bookTicker", header);
    let mut random = Random::new(setting.seed, 20_000 + setting.number as u64);
    let update = 11_000_000_000_000 + random.below(1_000_000_000_000);
    Some((sheet, Box::new(Ticker { id: instrument_id(&instrument), instrument, random, update })))
}

impl Table for Ticker {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Settled(Some(top)) = event.body else { return Ok(()) };
        // Ids are shared by all books of the venue.
        self.update += 1 + self.random.below(300);
        let (of, update, late) = (&self.instrument, self.update, self.random.below(6));
        let at = event.at / MILLI * MILLI;
        out.line(at, |text| {
            text.int(update);
            for level in [top.bid, top.ask] {
                text.raw(",").own(of.price(level.price)).raw(",").own(of.size(level.size));
            }
            text.raw(",").int(at / MILLI).raw(",").int(at / MILLI + late);
        })?;
        out.row(RowType::Quote, &self.id, at, rows::quote(of, top.bid, top.ask))
    }
}

struct Depth {
    instrument: Instrument,
    next: u64,
}

const EVERY: u64 = 30 * SECOND;
const BANDS: [i64; 10] = [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5];

pub(super) fn depth(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let sheet = sheet(&instrument, "bookDepth", "timestamp,percentage,depth,notional");
    Some((sheet, Box::new(Depth { instrument, next: setting.start.next_multiple_of(EVERY) })))
}

impl Table for Depth {
    fn event(&mut self, market: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        // Every second all is valued: no time is missed.
        if !matches!(event.body, Body::Mark(_)) || event.at < self.next {
            return Ok(());
        }
        let (at, book, of) = (self.next, market.book(0), &self.instrument);
        self.next += EVERY;
        let Some((bid, ask)) = book.best(Side::Buy).zip(book.best(Side::Sell)) else { return Ok(()) };
        // Twice the middle, in hundredths.
        let middle = (bid.price + ask.price) * 100;
        for band in BANDS {
            let side = if band < 0 { Side::Buy } else { Side::Sell };
            let bound = middle + middle / 100 * band;
            let inside = book.levels(side).take_while(|level| (bound - level.price * 200) * side.sign() <= 0);
            let (mut size, mut notional) = (0_i128, 0_i128);
            for level in inside {
                size += i128::from(level.size);
                notional += i128::from(level.size) * of.price(level.price).units;
            }
            out.line(at, |text| {
                write_moment(text.buffer(), at);
                text.raw(",").signed(band).raw(",").own(Decimal::new(size, of.size_places));
                text.raw(",").own(Decimal::new(notional, of.size_places + of.price_places));
            })?;
        }
        Ok(())
    }
}
