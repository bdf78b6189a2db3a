//! Kraken's downloadable history of spot: time and sales, before 2026 and since, and OHLCVT of one minute.
//!
//! Layout (read 2026-10): a file a pair, which are packed together in an archive a quarter; here they are unpacked.
//! Times are seconds: whole ones, or to seven decimals. The header of the newer files names six of seven columns.

use std::io;

use super::Published::ByQuarter;
use super::archive::Packing;
use super::files::{Out, Sheet};
use super::made_id::MadeIds;
use super::minutes::Minutes;
use super::{Make, Setting, Table, Target};
use crate::calendar::Date;
use crate::decimal::Decimal;
use crate::market::{Body, Event, Instrument, Level, Market, Product, SECOND, Side};
use crate::rows;
use crate::truth::RowType;

const fn target(name: &'static str, make: Make) -> Target {
    Target { name, product: Product::Spot, published: ByQuarter, id: instrument_id, make }
}

pub(super) static TARGETS: &[Target] = &[
    target("kraken-spot-trades", trades),
    target("kraken-spot-time-and-sales", time_and_sales),
    target("kraken-spot-ohlcvt", ohlcvt),
];

fn pair(of: &Instrument) -> String {
    format!("{}/{}", of.base, of.quote)
}

fn instrument_id(of: &Instrument) -> String {
    format!("{}.KRAKEN", pair(of))
}

/// Bitcoin and Dogecoin have their old names.
fn file_name(of: &Instrument) -> String {
    let base = match &*of.base {
        "BTC" => "XBT",
        "DOGE" => "XDG",
        base => base,
    };
    format!("{base}{}", of.quote)
}

/// Unpacked files of a quarter.
fn sheet(header: &str, folder: &'static str, name: String) -> Sheet {
    let header = (!header.is_empty()).then(|| header.to_owned());
    let path = move |_, date: Date| {
        let quarter = (date.month - 1) / 3 + 1;
        format!("{folder}_Q{quarter}_{}/{name}.csv", date.year)
    };
    Sheet { header, path: Box::new(path), packing: Packing::Plain }
}

struct Trades {
    id: String,
    instrument: Instrument,
}

fn trades(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let header = "Price,Volume,Timestamp,Type,OrderType,Misc";
    let sheet = sheet(header, "Kraken_Trading_History", file_name(&instrument));
    Some((sheet, Box::new(Trades { id: instrument_id(&instrument), instrument })))
}

impl Table for Trades {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let (of, at) = (&self.instrument, event.at / 100 * 100);
        let (price, size) = (of.price(trade.price), of.size(trade.size));
        out.line(at, |text| {
            text.decimal(price, 5).raw(",").decimal(size, 8).raw(",");
            text.shortest(Decimal::new((at / 100).into(), 7));
            text.raw(if trade.taker == Side::Buy { ",b" } else { ",s" });
            text.raw(if trade.id.is_multiple_of(3) { ",m,," } else { ",l,," }).int(trade.id);
        })?;
        let level = Level { price: trade.price, size: trade.size };
        out.row(RowType::Trade, &self.id, at, rows::trade(of, level, trade.taker, &trade.id.to_string()))
    }
}

struct TimeAndSales {
    id: String,
    pair: String,
    instrument: Instrument,
    ids: MadeIds,
}

fn time_and_sales(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let instrument = setting.instrument.clone();
    let (id, pair) = (instrument_id(&instrument), pair(&instrument));
    let sheet = sheet("", "TimeAndSales", file_name(&instrument));
    Some((sheet, Box::new(TimeAndSales { id, pair, instrument, ids: MadeIds::default() })))
}

impl Table for TimeAndSales {
    fn event(&mut self, _: &Market, event: &Event, out: &mut Out<'_>) -> io::Result<()> {
        let Body::Trade(trade) = event.body else { return Ok(()) };
        let (of, at) = (&self.instrument, event.at / SECOND * SECOND);
        let (price, size) = (of.price(trade.price), of.size(trade.size));
        out.line(at, |text| {
            text.int(at / SECOND).raw(",").own(price).raw(",").decimal(size, 8);
        })?;
        let id = self.ids.make(&self.pair, at, (price, size), None);
        let level = Level { price: trade.price, size: trade.size };
        out.row(RowType::Trade, &self.id, at, rows::trade_without_side(of, level, &id))
    }
}

struct Ohlcvt {
    minutes: Minutes,
}

fn ohlcvt(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let sheet = sheet("", "Kraken_OHLCVT", format!("{}_1", file_name(setting.instrument)));
    let minutes = Minutes::new(setting, instrument_id(setting.instrument));
    Some((sheet, Box::new(Ohlcvt { minutes })))
}

impl Table for Ohlcvt {
    fn advance(&mut self, _: &Market, to: u64, out: &mut Out<'_>) -> io::Result<()> {
        while let Some(bar) = self.minutes.over(to) {
            let candle = &bar.candle;
            // Minutes without a trade are not there.
            if candle.count == 0 {
                continue;
            }
            out.line(candle.open_ns, |text| {
                text.int(candle.open_ns / SECOND);
                for number in bar.prices.into_iter().chain([bar.volume]) {
                    text.raw(",").shortest(number);
                }
                text.raw(",").int(candle.count);
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
