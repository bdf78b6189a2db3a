//! `candlesticks`: minutes, those without a trade too.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::minutes::Minutes;
use super::super::{Setting, Table};
use super::{AHEAD, instrument_id, sheet, symbol};
use crate::decimal::Decimal;
use crate::market::{Body, Candle, Event, Instrument, Market};
use crate::rows;
use crate::truth::RowType;

const MILLI: u64 = 1_000_000;
const HEADER: &str = "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm";

struct Traded {
    id: String,
    symbol: String,
    instrument: Instrument,
    minutes: Minutes,
}

pub(super) fn traded(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, symbol) = (instrument_id(&instrument), symbol(&instrument));
    let minutes = Minutes::new(setting.start, setting.market.last_price(0));
    let sheet = sheet(symbol.clone(), "candlesticks", HEADER);
    Some((sheet, Box::new(Traded { id, symbol, instrument, minutes })))
}

impl Table for Traded {
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(candle) = self.minutes.over(to) {
            let of = &self.instrument;
            let prices = [candle.open, candle.high, candle.low, candle.close].map(|price| of.price(price));
            let volume = of.size(candle.volume);
            let turnover =
                Decimal::new(candle.turnover * i128::from(of.tick), of.price_places + of.size_places);
            out.line(candle.open_ns + AHEAD, |text| {
                text.raw(&self.symbol);
                for number in prices.into_iter().chain([volume, volume, turnover]) {
                    text.raw(",").shortest(number);
                }
                text.raw(",").int(candle.open_ns / MILLI).raw(",1");
            })?;
            let row = rows::bar(&self.id, "1-MINUTE-LAST-EXTERNAL", (prices, volume));
            out.row(RowType::Bar, &self.id, candle.open_ns + Candle::LENGTH, row)?;
        }
        Ok(())
    }

    fn event(&mut self, _: &Market, event: &Event, _: &mut Out<'_>) -> io::Result<()> {
        if let Body::Trade(trade) = &event.body {
            self.minutes.add(trade);
        }
        Ok(())
    }
}
