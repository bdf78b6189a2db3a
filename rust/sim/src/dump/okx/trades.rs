//! `trades` and `aggtrades`.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::{Setting, Table};
use super::{AHEAD, MILLI, instrument_id, sheet, symbol};
use crate::market::{Body, Event, Instrument, Level, Market, Side, Trade};
use crate::rows;
use crate::truth::RowType;

const HEADER: &str = "instrument_name,trade_id,side,price,size,created_time,source";

/// What both kinds say of a trade.
struct Said {
    id: String,
    symbol: String,
    instrument: Instrument,
}

impl Said {
    fn of(setting: &Setting<'_>) -> Self {
        let instrument = setting.instrument.clone();
        Self { id: instrument_id(&instrument), symbol: symbol(&instrument), instrument }
    }

    fn tell(&self, at: u64, number: u64, level: Level, taker: Side, out: &mut Out<'_>) -> io::Result<()> {
        let (of, at) = (&self.instrument, at / MILLI * MILLI);
        out.line(at + AHEAD, |text| {
            text.raw(&self.symbol).raw(",").int(number);
            text.raw(if taker == Side::Buy { ",buy," } else { ",sell," });
            text.own(of.price(level.price)).raw(",").shortest(of.size(level.size));
            text.raw(",").int(at / MILLI).raw(",0");
        })?;
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, taker, &number.to_string()))
    }
}

struct Raw(Said);

pub(super) fn raw(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let said = Said::of(setting);
    Some((sheet(said.symbol.clone(), "trades", HEADER), Box::new(Raw(said))))
}

impl Table for Raw {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let level = Level { price: trade.price, size: trade.size };
        self.0.tell(event.at, trade.id, level, trade.taker, out)
    }
}

struct Aggregate {
    said: Said,
    /// Fills of one order at one price: the last of them, the size of all, the time.
    fills: Option<(Trade, i64, u64)>,
}

pub(super) fn aggregate(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let said = Said::of(setting);
    Some((sheet(said.symbol.clone(), "aggtrades", HEADER), Box::new(Aggregate { said, fills: None })))
}

impl Aggregate {
    fn tell(&mut self, out: &mut Out<'_>) -> io::Result<()> {
        let Some((last, size, at)) = self.fills.take() else { return Ok(()) };
        self.said.tell(at, last.id, Level { price: last.price, size }, last.taker, out)
    }
}

impl Table for Aggregate {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        match event.body {
            Body::Trade(trade) => match &mut self.fills {
                Some((last, size, _)) if (last.price, last.order) == (trade.price, trade.order) => {
                    (*last, *size) = (trade, *size + trade.size);
                }
                _ => {
                    self.tell(out)?;
                    self.fills = Some((trade, trade.size, event.at));
                }
            },
            Body::Settled(_) => self.tell(out)?,
            _ => {}
        }
        Ok(())
    }
}
