//! `trading` of contracts, `spot`.

use std::io;

use super::super::files::{Out, Period, Sheet};
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
    /// The millisecond at hand, and what its trades say.
    at: u64,
    said: Vec<Trade>,
}

pub(super) fn spot(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, symbol) = (instrument_id(&instrument), symbol(&instrument));
    let name = symbol.clone();
    let sheet = gzip("id,timestamp,price,volume,side,rpi", move |period, date: Date| match period {
        Period::Day => format!("spot/{name}/{name}_{}.csv.gz", date.to_day()),
        Period::Month => format!("spot/{name}/{name}-{}.csv.gz", date.to_month()),
    });
    Some((sheet, Box::new(Spot { id, symbol, instrument, at: 0, said: Vec::new() })))
}

/// Sixteen digits of FNV-1a 64 over the fields, each with a 0x1f behind it (`docs/dumps.md`).
fn made_id(fields: [&[u8]; 6]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in fields.iter().flat_map(|field| field.iter().chain(&[0x1f])) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

impl Table for Spot {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let (of, at) = (&self.instrument, event.at / MILLI * MILLI);
        if at != self.at {
            self.at = at;
            self.said.clear();
        }
        let alike =
            |other: &&Trade| (other.price, other.size, other.taker) == (trade.price, trade.size, trade.taker);
        let ordinal = self.said.iter().filter(alike).count() as u32;
        self.said.push(trade);
        // Numbers at sixteen decimals.
        let raw = |value: Decimal| (value.units * 10_i128.pow(16 - u32::from(value.places))).to_le_bytes();
        let (price, size) = (of.price(trade.price), of.size(trade.size));
        let side = if trade.taker == Side::Buy { 1 } else { 2 };
        let symbol = self.symbol.as_bytes();
        let fields: [&[u8]; 6] =
            [symbol, &at.to_le_bytes(), &raw(price), &raw(size), &[side], &ordinal.to_le_bytes()];
        let id = made_id(fields);
        out.numbered(at, |text, number| {
            text.int(number).raw(",").int(at / MILLI).raw(",").own(price).raw(",").own(size);
            text.raw(if trade.taker == Side::Buy { ",buy,0" } else { ",sell,0" });
        })?;
        let level = Level { price: trade.price, size: trade.size };
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, trade.taker, &id))
    }
}
