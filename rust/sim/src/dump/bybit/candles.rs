//! `kline_for_metatrader4` of one minute, `spot_index` and `premium_index`.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::minutes::{Minutes, Valued};
use super::super::{Setting, Table};
use super::{gzip, instrument_id, symbol};
use crate::calendar::{Date, write_moment};
use crate::decimal::Decimal;
use crate::market::{Body, Event, Mark, Market, SECOND, Term};
use crate::rows;
use crate::truth::RowType;
use crate::wire::Text;

/// How far the clock of bars is before UTC.
const AHEAD: u64 = 3 * 3_600 * SECOND;

struct Traded {
    minutes: Minutes,
}

pub(super) fn traded(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let name = symbol(setting.instrument);
    let sheet = gzip("", move |_, date: Date| {
        let (year, month) = (date.year, date.to_month());
        let last = date.month_days();
        format!("kline_for_metatrader4/{name}/{year}/{name}_1_{month}-01_{month}-{last}.csv.gz")
    });
    let minutes = Minutes::new(setting, instrument_id(setting.instrument));
    Some((sheet, Box::new(Traded { minutes })))
}

/// `2026.09.07 23:55`.
fn write_minute(text: &mut Text, at: u64) {
    let mut words = Vec::new();
    write_moment(&mut words, at);
    words.truncate(16);
    (words[4], words[7]) = (b'.', b'.');
    text.buffer().extend_from_slice(&words);
}

impl Table for Traded {
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(bar) = self.minutes.over(to) {
            let at = bar.candle.open_ns + AHEAD;
            out.line(at, |text| {
                write_minute(text, at);
                for number in bar.prices.into_iter().chain([bar.volume]) {
                    text.raw(",").own(number);
                }
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

/// Eight decimals, as marks have.
const PLACES: u8 = 8;

struct Values {
    id: String,
    symbol: String,
    value: fn(&Mark) -> i128,
    /// Whether Nautilus has a type for it.
    has_type: bool,
    minutes: Valued,
}

fn valued(
    setting: &Setting<'_>,
    folder: &'static str,
    called: &'static str,
    value: fn(&Mark) -> i128,
    has_type: bool,
) -> Option<(Sheet, Box<dyn Table>)> {
    if setting.instrument.term != Term::Perpetual {
        return None;
    }
    let (id, symbol) = (instrument_id(setting.instrument), symbol(setting.instrument));
    let name = symbol.clone();
    let sheet = gzip("start_at,symbol,period,open,high,low,close", move |_, date: Date| {
        format!("{folder}/{name}/{name}{}_{called}.csv.gz", date.to_day())
    });
    let minutes = Valued::new(setting.start);
    Some((sheet, Box::new(Values { id, symbol, value, has_type, minutes })))
}

pub(super) fn index(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    valued(setting, "spot_index", "index_price", |mark| mark.index.units, true)
}

pub(super) fn premium(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let share =
        |mark: &Mark| (mark.mark.units - mark.index.units) * 10_i128.pow(PLACES.into()) / mark.index.units;
    valued(setting, "premium_index", "premium_index", share, false)
}

impl Table for Values {
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(minute) = self.minutes.over(to) {
            let prices = minute.prices.map(|units| Decimal::new(units, PLACES));
            out.line(minute.open_ns, |text| {
                text.int(minute.open_ns / SECOND).raw(",").raw(&self.symbol).raw(",1");
                for price in prices {
                    text.raw(",").own(price);
                }
            })?;
            if self.has_type {
                out.row(RowType::IndexPrice, &self.id, minute.close_ns, rows::price(prices[3]))?;
            }
        }
        Ok(())
    }

    fn event(&mut self, _: &Market, event: &Event, _: &mut Out<'_>) -> io::Result<()> {
        if let Body::Mark(mark) = &event.body {
            self.minutes.add((self.value)(mark));
        }
        Ok(())
    }
}
