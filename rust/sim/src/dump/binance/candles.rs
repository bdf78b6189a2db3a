//! `klines` of one minute, and those of mark price, index price and premium index.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::minutes::{Bar, Minute, Minutes, Valued};
use super::super::{Setting, Table};
use super::{Spelling, instrument_id, named, symbol, unit};
use crate::decimal::Decimal;
use crate::market::{Body, Candle, Event, INVERSE_SCALE, Instrument, Mark, Market, Product, Term};
use crate::rows;
use crate::truth::RowType;

const HEADER: &str = "open_time,open,high,low,close,volume,close_time,quote_volume,count,\
                      taker_buy_volume,taker_buy_quote_volume,ignore";

struct Traded {
    minutes: Minutes,
}

pub(super) fn traded(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let of = setting.instrument;
    let sheet = named(of.product, symbol(of), "klines", Some("1m"), HEADER);
    Some((sheet, Box::new(Traded { minutes: Minutes::new(setting, instrument_id(of)) })))
}

impl Traded {
    fn tell(&self, bar: &Bar, out: &mut Out<'_>) -> io::Result<()> {
        let (candle, of) = (&bar.candle, &self.minutes.instrument);
        let spelling = Spelling::of(of);
        let unit = unit(of.product, candle.open_ns);
        let close = candle.open_ns + Candle::LENGTH;
        out.line(candle.open_ns, |text| {
            text.int(candle.open_ns / unit);
            for number in bar.prices.into_iter().chain([bar.volume]) {
                spelling.number(text, number);
            }
            text.raw(",").int(close / unit - 1);
            spelling.number(text, self.turnover(candle.turnover, candle.inverse));
            text.raw(",").int(candle.count);
            spelling.number(text, of.size(candle.taker_volume));
            spelling.number(text, self.turnover(candle.taker_turnover, candle.taker_inverse));
            text.raw(",0");
        })?;
        self.minutes.tell(bar, out)
    }

    /// Volume in the quote currency, of COIN-M contracts in the base currency.
    fn turnover(&self, turnover: i128, inverse: i128) -> Decimal {
        let of = &self.minutes.instrument;
        if of.product != Product::Inverse {
            return Decimal::new(turnover * i128::from(of.tick), of.price_places + of.size_places);
        }
        let scale = INVERSE_SCALE / 10_i128.pow(8 + u32::from(of.price_places));
        Decimal::new(inverse * i128::from(of.contract_size) / i128::from(of.tick) / scale, 8)
    }
}

impl Table for Traded {
    fn event(&mut self, _: &Market, event: &Event, _: &mut Out<'_>) -> io::Result<()> {
        self.minutes.add(event);
        Ok(())
    }

    /// Tells every minute that is over.
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(bar) = self.minutes.over(to) {
            self.tell(&bar, out)?;
        }
        Ok(())
    }
}

/// What is valued every second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Mark,
    Index,
    /// The mark's distance from the index, as a share of it. Nautilus has no type for it.
    Premium,
}

/// Eight decimals, as marks have.
const PLACES: u8 = 8;

impl Value {
    fn of(self, mark: &Mark) -> i128 {
        match self {
            Self::Mark => mark.mark.units,
            Self::Index => mark.index.units,
            Self::Premium => {
                (mark.mark.units - mark.index.units) * 10_i128.pow(PLACES.into()) / mark.index.units
            }
        }
    }
}

struct Values {
    id: String,
    value: Value,
    minutes: Valued,
}

fn valued(
    setting: &Setting<'_>,
    value: Value,
    kind: &'static str,
    name: String,
    id: String,
) -> (Sheet, Box<dyn Table>) {
    let sheet = named(setting.instrument.product, name, kind, Some("1m"), HEADER);
    (sheet, Box::new(Values { id, value, minutes: Valued::new(setting.start) }))
}

pub(super) fn mark(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let (name, id) = (symbol(setting.instrument), instrument_id(setting.instrument));
    Some(valued(setting, Value::Mark, "markPriceKlines", name, id))
}

pub(super) fn premium(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let (name, id) = (symbol(setting.instrument), instrument_id(setting.instrument));
    Some(valued(setting, Value::Premium, "premiumIndexKlines", name, id))
}

fn pair(instrument: &Instrument) -> String {
    format!("{}{}", instrument.base, instrument.quote)
}

/// Nautilus's id of an index: that of its pair.
pub(super) fn index_id(instrument: &Instrument) -> String {
    format!("{}.BINANCE", pair(instrument))
}

/// Contracts of a pair have one index.
pub(super) fn index(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    if setting.instrument.term != Term::Perpetual {
        return None;
    }
    let (name, id) = (pair(setting.instrument), index_id(setting.instrument));
    Some(valued(setting, Value::Index, "indexPriceKlines", name, id))
}

impl Values {
    fn tell(&self, minute: &Minute, out: &mut Out<'_>) -> io::Result<()> {
        let Minute { open_ns, close_ns: close, prices, count } = *minute;
        let prices = prices.map(|units| Decimal::new(units, PLACES));
        out.line(open_ns, |text| {
            text.int(open_ns / 1_000_000);
            for price in prices {
                text.raw(",").own(price);
            }
            text.raw(",0,").int(close / 1_000_000 - 1).raw(",0,").int(count).raw(",0,0,0");
        })?;
        match self.value {
            Value::Mark => {
                let row = rows::bar(&self.id, "1-MINUTE-MARK-EXTERNAL", (prices, Decimal::default()));
                out.row(RowType::Bar, &self.id, close, row)
            }
            Value::Index => out.row(RowType::IndexPrice, &self.id, close, rows::price(prices[3])),
            Value::Premium => Ok(()),
        }
    }
}

impl Table for Values {
    fn event(&mut self, _: &Market, event: &Event, _: &mut Out<'_>) -> io::Result<()> {
        let Body::Mark(mark) = &event.body else { return Ok(()) };
        self.minutes.add(self.value.of(mark));
        Ok(())
    }

    /// Tells every minute that is over.
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(minute) = self.minutes.over(to) {
            self.tell(&minute, out)?;
        }
        Ok(())
    }
}
