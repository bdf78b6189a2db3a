//! `trades` and `aggTrades`.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::{Setting, Table};
use super::{Spelling, instrument_id, sheet, unit, worth};
use crate::market::{Body, Event, Instrument, Level, Market, Product, Side, Trade};
use crate::random::Random;
use crate::rows;
use crate::truth::RowType;

struct Raw {
    id: String,
    instrument: Instrument,
}

pub(super) fn raw(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let size = if instrument.product == Product::Inverse { "base_qty" } else { "quote_qty" };
    let sheet = sheet(&instrument, "trades", &format!("id,price,qty,{size},time,is_buyer_maker"));
    Some((sheet, Box::new(Raw { id: instrument_id(&instrument), instrument })))
}

impl Table for Raw {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let (of, spelling) = (&self.instrument, Spelling::of(&self.instrument));
        let unit = unit(of.product, event.at);
        let at = event.at / unit * unit;
        out.line(at, |text| {
            text.int(trade.id);
            spelling.number(text, of.price(trade.price));
            spelling.number(text, of.size(trade.size));
            spelling.number(text, worth(of, trade.price, trade.size));
            text.raw(",").int(at / unit);
            spelling.bool(text, trade.taker == Side::Sell);
            if spelling.spot {
                text.raw(",True");
            }
        })?;
        let level = Level { price: trade.price, size: trade.size };
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, trade.taker, &trade.id.to_string()))
    }
}

/// Fills of one taker at one price.
#[derive(Debug, Clone, Copy)]
struct Fills {
    first: Trade,
    last: u64,
    size: i64,
    at: u64,
}

struct Aggregate {
    id: String,
    instrument: Instrument,
    /// Number of the last one.
    number: u64,
    fills: Option<Fills>,
}

pub(super) fn aggregate(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker";
    let sheet = sheet(&instrument, "aggTrades", header);
    let number = 1_000 + Random::new(setting.seed, 10_000 + setting.number as u64).below(3_000_000_000);
    Some((sheet, Box::new(Aggregate { id: instrument_id(&instrument), instrument, number, fills: None })))
}

impl Aggregate {
    fn tell(&mut self, out: &mut Out<'_>) -> io::Result<()> {
        let Some(fills) = self.fills.take() else { return Ok(()) };
        self.number += 1;
        let (of, spelling, id) = (&self.instrument, Spelling::of(&self.instrument), self.number);
        let unit = unit(of.product, fills.at);
        let (at, taker) = (fills.at / unit * unit, fills.first.taker);
        out.line(at, |text| {
            text.int(id);
            spelling.number(text, of.price(fills.first.price));
            spelling.number(text, of.size(fills.size));
            text.raw(",").int(fills.first.id).raw(",").int(fills.last).raw(",").int(at / unit);
            spelling.bool(text, taker == Side::Sell);
            if spelling.spot {
                text.raw(",True");
            }
        })?;
        let level = Level { price: fills.first.price, size: fills.size };
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, taker, &id.to_string()))
    }
}

impl Table for Aggregate {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        match event.body {
            Body::Trade(trade) => match &mut self.fills {
                Some(fills) if (fills.first.price, fills.first.order) == (trade.price, trade.order) => {
                    fills.last = trade.id;
                    fills.size += trade.size;
                }
                _ => {
                    self.tell(out)?;
                    self.fills = Some(Fills { first: trade, last: trade.id, size: trade.size, at: event.at });
                }
            },
            Body::Settled(_) => self.tell(out)?,
            _ => {}
        }
        Ok(())
    }
}
