//! `trading` of contracts, `spot`.

use std::io;

use super::super::files::{Out, Period, Sheet};
use super::super::made_id::MadeIds;
use super::super::{Setting, Table};
use super::{gzip, instrument_id, symbol};
use crate::calendar::Date;
use crate::decimal::Decimal;
use crate::market::{Body, Event, Instrument, Level, Market, Product, Side, Trade};
use crate::rows;
use crate::truth::RowType;
use crate::wire::Text;
use crate::wire::uuid;

const MILLI: u64 = 1_000_000;
/// A tenth of a millisecond.
const TENTH: u64 = 100_000;

struct Contract {
    id: String,
    symbol: String,
    instrument: Instrument,
    number: usize,
}

pub(super) fn contract(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, symbol) = (instrument_id(&instrument), symbol(&instrument));
    let header = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional,RPI";
    let name = symbol.clone();
    let sheet = gzip(header, move |_, date: Date| format!("trading/{name}/{name}{}.csv.gz", date.to_day()));
    Some((sheet, Box::new(Contract { id, symbol, instrument, number: setting.number })))
}

/// A number with one digit before the point and an exponent: `2.4725004e+11`.
fn write_scientific(text: &mut Text, value: i128) {
    let digits = value.to_string();
    let (head, tail) = digits.split_at(1);
    let tail = tail.trim_end_matches('0');
    text.raw(head).raw(if tail.is_empty() { "" } else { "." }).raw(tail);
    text.raw(&format!("e+{:02}", digits.len() - 1));
}

/// What a fill is in the base and in the quote currency.
fn notionals(of: &Instrument, trade: &Trade) -> (Decimal, Decimal) {
    let (price, size) = (of.price(trade.price), of.size(trade.size));
    if of.product == Product::Inverse {
        let base = size.units * 10_i128.pow(8 + u32::from(price.places)) / price.units;
        return (Decimal::new(base, 8), size);
    }
    (size, Decimal::new(price.units * size.units, price.places + size.places))
}

impl Table for Contract {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let (of, at) = (&self.instrument, event.at / TENTH * TENTH);
        let id = uuid(self.number, trade.id);
        let (home, foreign) = notionals(of, &trade);
        let gross = foreign.units * 100_000_000 / 10_i128.pow(foreign.places.into());
        out.line(at, |text| {
            text.shortest(Decimal::new((at / TENTH).into(), 4)).raw(",").raw(&self.symbol);
            text.raw(if trade.taker == Side::Buy { ",Buy," } else { ",Sell," }).shortest(of.size(trade.size));
            text.raw(",").own(of.price(trade.price)).raw(",ZeroPlusTick,").raw(&id).raw(",");
            write_scientific(text, gross);
            text.raw(",").shortest(home).raw(",").shortest(foreign);
            text.raw(if trade.id.is_multiple_of(7) { ",1" } else { ",0" });
        })?;
        let level = Level { price: trade.price, size: trade.size };
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, trade.taker, &id))
    }
}

struct Spot {
    id: String,
    symbol: String,
    instrument: Instrument,
    ids: MadeIds,
}

pub(super) fn spot(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, symbol) = (instrument_id(&instrument), symbol(&instrument));
    let name = symbol.clone();
    let sheet = gzip("id,timestamp,price,volume,side,rpi", move |period, date: Date| match period {
        Period::Day => format!("spot/{name}/{name}_{}.csv.gz", date.to_day()),
        // Quarters are Kraken's.
        Period::Month | Period::Quarter => format!("spot/{name}/{name}-{}.csv.gz", date.to_month()),
    });
    Some((sheet, Box::new(Spot { id, symbol, instrument, ids: MadeIds::default() })))
}

impl Table for Spot {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let (of, at) = (&self.instrument, event.at / MILLI * MILLI);
        let (price, size) = (of.price(trade.price), of.size(trade.size));
        let id = self.ids.make(&self.symbol, at, (price, size), Some(trade.taker));
        out.numbered(at, |text, number| {
            text.int(number).raw(",").int(at / MILLI).raw(",").own(price).raw(",").own(size);
            text.raw(if trade.taker == Side::Buy { ",buy,0" } else { ",sell,0" });
        })?;
        let level = Level { price: trade.price, size: trade.size };
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, trade.taker, &id))
    }
}
