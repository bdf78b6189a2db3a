//! `fundingRate`, `metrics` and `liquidationSnapshot`.

use std::io;

use super::super::files::{Out, Sheet};
use super::super::{Setting, Table};
use super::{instrument_id, sheet, symbol};
use crate::calendar::write_moment;
use crate::decimal::Decimal;
use crate::market::{Body, Event, Instrument, Liquidation, Market, Product, SECOND, Side, Term};
use crate::random::Random;
use crate::rows;
use crate::truth::RowType;

const MILLI: u64 = 1_000_000;

struct Funding {
    id: String,
    random: Random,
    /// The rate as last valued, and when it is paid.
    due: Option<(Decimal, u64)>,
}

/// What has an end pays no funding.
pub(super) fn funding(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument;
    if instrument.term != Term::Perpetual {
        return None;
    }
    let sheet = sheet(instrument, "fundingRate", "calc_time,funding_interval_hours,last_funding_rate");
    let random = Random::new(setting.seed, 30_000 + setting.number as u64);
    Some((sheet, Box::new(Funding { id: instrument_id(instrument), random, due: None })))
}

impl Table for Funding {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Mark(mark) = event.body else { return Ok(()) };
        let Some((rate, paid)) = self.due.replace((mark.funding, mark.next_funding_ns)) else {
            return Ok(());
        };
        if paid == mark.next_funding_ns {
            return Ok(());
        }
        // It is counted a few milliseconds after the hour.
        let at = paid + self.random.below(6) * MILLI;
        out.line(at, |text| {
            text.int(at / MILLI).raw(",8,").own(rate);
        })?;
        out.row(RowType::FundingRate, &self.id, at, |row| {
            row.decimal("rate", rate).int("interval", 480).key("next_funding_ns").raw("null");
        })
    }
}

struct Metrics {
    id: String,
    instrument: Instrument,
    random: Random,
    /// Steps that are open.
    open: i64,
    next: u64,
}

const EVERY: u64 = 300 * SECOND;

pub(super) fn metrics(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let header = "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,\
                  sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio";
    let sheet = sheet(&instrument, "metrics", header);
    let random = Random::new(setting.seed, 40_000 + setting.number as u64);
    let (open, next) = (instrument.usual * 10_000, setting.start.next_multiple_of(EVERY));
    Some((sheet, Box::new(Metrics { id: instrument_id(&instrument), instrument, random, open, next })))
}

impl Table for Metrics {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let mark = match event.body {
            Body::Trade(trade) => {
                // One in three closes what was open.
                let change = if trade.id.is_multiple_of(3) { -trade.size } else { trade.size / 2 };
                self.open = (self.open + change).max(1);
                return Ok(());
            }
            // Every second all is valued: no time is missed.
            Body::Mark(mark) if event.at >= self.next => mark.mark,
            _ => return Ok(()),
        };
        let (at, of) = (self.next, &self.instrument);
        self.next += EVERY;
        let (open, inverse) = (of.size(self.open), of.product == Product::Inverse);
        // Of COIN-M it is in the base currency.
        let value = if inverse {
            let quote = open.units * i128::from(of.contract_size) * 10_i128.pow(8 + u32::from(mark.places));
            Decimal::new(quote / mark.units, 8)
        } else {
            Decimal::new(open.units * mark.units, open.places + mark.places)
        };
        let ratios: Vec<Decimal> =
            (0..4).map(|_| Decimal::new(self.random.between(20_000_000, 500_000_000).into(), 8)).collect();
        out.line(at, |text| {
            write_moment(text.buffer(), at);
            text.raw(",").raw(&symbol(of)).raw(",").decimal(open, 16).raw(",").decimal(value, 16);
            for ratio in &ratios {
                text.raw(",").own(*ratio);
            }
        })?;
        out.row(RowType::OpenInterest, &self.id, at, |row| {
            row.decimal("value", open).text("unit", if inverse { "contracts" } else { "base" });
            if inverse {
                row.text("value_quote", "");
            } else {
                row.decimal("value_quote", value);
            }
        })
    }
}

struct Forced {
    id: String,
    instrument: Instrument,
    /// The last one: equal ones of one time are one.
    last: Option<(u64, Liquidation)>,
}

pub(super) fn liquidations(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let header = "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,\
                  last_fill_quantity,accumulated_fill_quantity";
    let sheet = sheet(&instrument, "liquidationSnapshot", header);
    Some((sheet, Box::new(Forced { id: instrument_id(&instrument), instrument, last: None })))
}

impl Table for Forced {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Liquidation(order) = event.body else { return Ok(()) };
        let (at, of) = (event.at / MILLI * MILLI, &self.instrument);
        out.line(at, |text| {
            text.int(at / MILLI).raw(if order.side == Side::Buy { ",BUY" } else { ",SELL" });
            text.raw(",LIMIT,IOC,").own(of.size(order.size)).raw(",").own(of.price(order.price));
            text.raw(",").own(order.average).raw(",FILLED,").own(of.size(order.last));
            text.raw(",").own(of.size(order.filled));
        })?;
        if self.last.replace((at, order)) == Some((at, order)) {
            return Ok(());
        }
        let row = rows::liquidation(
            order.side,
            of.price(order.price),
            Some(order.average),
            of.size(order.filled),
            "",
        );
        out.row(RowType::Liquidation, &self.id, at, row)
    }
}
