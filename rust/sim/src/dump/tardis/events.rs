//! Datasets of single messages: `trades`, `book_ticker`, `derivative_ticker`, `liquidations`.

use std::io;

use super::super::files::Sheet;
use super::super::{Setting, Table};
use super::book::{QUOTES, quote};
use super::{Line, MICRO, Recorder, dataset};
use crate::market::{Market, Side};
use crate::rows;
use crate::truth::RowType;
use crate::wire::{Channel, Content, Message};

const fn called(side: Side) -> &'static str {
    match side {
        Side::Buy => ",buy,",
        Side::Sell => ",sell,",
    }
}

struct Trades;

pub(super) fn trades(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    dataset(setting, "trades", "id,side,price,amount", Channel::Trade, Box::new(Trades))
}

impl Recorder for Trades {
    fn take(&mut self, _: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Trade { name, level, taker, ts_event, .. } = &message.content else { return Ok(()) };
        let instrument = line.instrument;
        line.add(*ts_event, |text| {
            text.raw(",").raw(name).raw(called(*taker)).own(instrument.price(level.price));
            text.raw(",").own(instrument.size(level.size));
        })?;
        let row = rows::trade(instrument, *level, *taker, name);
        line.out.row_received(RowType::Trade, line.id, (*ts_event, line.local), row)
    }
}

struct BookTicker;

pub(super) fn book_ticker(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    dataset(setting, "book_ticker", QUOTES, Channel::Quote, Box::new(BookTicker))
}

impl Recorder for BookTicker {
    fn take(&mut self, _: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Quote { bid, ask, ts_event, .. } = message.content else { return Ok(()) };
        quote(line, ts_event.unwrap_or(line.local), bid, ask)
    }
}

/// `derivative_ticker`; what a message does not say is empty.
#[derive(Default)]
struct Ticker {
    lines: u64,
}

pub(super) fn ticker(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    let columns = "funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,\
                   mark_price";
    dataset(setting, "derivative_ticker", columns, Channel::Mark, Box::<Ticker>::default())
}

impl Recorder for Ticker {
    fn take(&mut self, market: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Mark { mark, index, funding, ts_event } = &message.content else { return Ok(()) };
        let (Some(mark), Some(index)) = (*mark, index.as_ref().map(|index| index.value)) else {
            return Ok(());
        };
        let ts_event = *ts_event;
        self.lines += 1;
        let (instrument, id, times) = (line.instrument, line.id, (ts_event, line.local));
        // The vendor asks for it every now and then.
        let open =
            self.lines.is_multiple_of(10).then(|| instrument.size(instrument.usual + self.lines as i64));
        let last = instrument.price(market.last_price(0));
        line.add(ts_event, |text| {
            match funding {
                Some((rate, next_ns, _)) => text.raw(",").int(next_ns / MICRO).raw(",").own(*rate).raw(",,"),
                None => text.raw(",,,,"),
            };
            if let Some(open) = open {
                text.own(open);
            }
            text.raw(",").own(last).raw(",").own(index).raw(",").own(mark);
        })?;
        line.out.row_received(RowType::MarkPrice, id, times, rows::price(mark))?;
        line.out.row_received(RowType::IndexPrice, id, times, rows::price(index))?;
        if let Some((rate, next_ns, _)) = funding {
            line.out.row_received(RowType::FundingRate, id, times, |row| {
                row.decimal("rate", *rate).int("next_funding_ns", *next_ns);
            })?;
        }
        match open {
            Some(open) => line.out.row_received(RowType::OpenInterest, id, times, |row| {
                row.decimal("value", open).text("unit", "").text("value_quote", "");
            }),
            None => Ok(()),
        }
    }
}

struct Liquidations;

pub(super) fn liquidations(setting: &Setting<'_>) -> Option<(Sheet, Box<dyn Table>)> {
    dataset(setting, "liquidations", "id,side,price,amount", Channel::Liquidation, Box::new(Liquidations))
}

impl Recorder for Liquidations {
    fn take(&mut self, _: &Market, message: &Message, line: &mut Line<'_, '_>) -> io::Result<()> {
        let Content::Liquidation { side, price, size, ts_event, .. } = message.content else { return Ok(()) };
        let (price, size) = (line.instrument.price(price), line.instrument.size(size));
        line.add(ts_event, |text| {
            text.raw(",").raw(called(side)).own(price).raw(",").own(size);
        })?;
        let row = rows::liquidation(side, price, None, size, "");
        line.out.row_received(RowType::Liquidation, line.id, (ts_event, line.local), row)
    }
}
