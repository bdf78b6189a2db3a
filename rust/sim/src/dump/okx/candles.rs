//! `candlesticks`: minutes, those without a trade too.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::minutes::{Bar, Minutes};
use super::super::{Setting, Table};
use super::{AHEAD, MILLI, instrument_id, sheet, symbol};
use crate::decimal::Decimal;
use crate::market::{Event, Market};

const HEADER: &str = "instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time,confirm";

struct Traded {
    symbol: String,
    minutes: Minutes,
}

pub(super) fn traded(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let symbol = symbol(setting.instrument);
    let minutes = Minutes::new(setting, instrument_id(setting.instrument));
    let sheet = sheet(symbol.clone(), "candlesticks", HEADER);
    Some((sheet, Box::new(Traded { symbol, minutes })))
}

impl Table for Traded {
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(bar) = self.minutes.over(to) {
            let (Bar { candle, prices, volume }, of) = (&bar, &self.minutes.instrument);
            let turnover =
                Decimal::new(candle.turnover * i128::from(of.tick), of.price_places + of.size_places);
            out.line(candle.open_ns + AHEAD, |text| {
                text.raw(&self.symbol);
                for number in prices.iter().chain([volume, volume, &turnover]) {
                    text.raw(",").shortest(*number);
                }
                text.raw(",").int(candle.open_ns / MILLI).raw(",1");
            })?;
            self.minutes.tell(&bar, out)?;
        }
        Ok(())
    }

    fn event(&mut self, _: &Market, event: &Event, _: &mut Out<'_>) -> io::Result<()> {
        self.minutes.add(event);
        Ok(())
    }
}
