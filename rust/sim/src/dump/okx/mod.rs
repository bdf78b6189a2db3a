//! OKX's published files (static.okx.com): trades, aggregate trades, candles and books of swaps and futures.
//!
//! Layout (measured by those who fetched them, 2026): paths as `tickwright download okx` keeps them, one CSV per zip archive, no
//! checksums; a file's day is that of UTC+8. Books are lines of JSON in a tar archive, days of UTC. Fundings of all swaps are in one file a day, so they are not simulated:
//! instruments are written one after another.

mod book;
mod candles;
mod trades;

use super::Published::{Both, ByDay};
use super::archive::Packing;
use super::files::{Period, Sheet};
use super::{Make, Published, Target};
use crate::calendar::Date;
use crate::market::Product;
use crate::wire::okx::{instrument_id, symbol};

const fn target(name: &'static str, published: Published, make: Make) -> Target {
    Target { name, product: Product::Linear, published, id: instrument_id, make }
}

pub(super) static TARGETS: &[Target] = &[
    target("okx-linear-trades", Both, trades::raw),
    target("okx-linear-agg-trades", Both, trades::aggregate),
    target("okx-linear-candlesticks", Both, candles::traded),
    target("okx-linear-order-book", ByDay, book::lines),
];

const MILLI: u64 = 1_000_000;
/// How far the clock of files is ahead of UTC, ns.
const AHEAD: u64 = 8 * 3_600_000_000_000;

/// Files of a kind of one instrument.
fn sheet(symbol: String, kind: &'static str, header: &str) -> Sheet {
    let path = move |period, date: Date| {
        let (files, stamp) = match period {
            Period::Day => ("daily", date.to_day()),
            // Quarters are Kraken's.
            Period::Month | Period::Quarter => ("monthly", date.to_month()),
        };
        let folder = stamp.replace('-', "");
        format!("traderecords/{kind}/{files}/{folder}/{symbol}-{kind}-{stamp}.zip")
    };
    Sheet {
        header: Some(header.to_owned()),
        path: Box::new(path),
        packing: Packing::Zip { inside: "csv", checksum: false },
    }
}
