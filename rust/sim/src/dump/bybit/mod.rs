//! Bybit's public files (public.bybit.com, quote-saver.bycsi.com): trades, bars, the index, order books.
//!
//! Layout (read 2026-08): paths as `tickwright download bybit` keeps them. Times of contracts' trades are seconds to
//! the tenth of a millisecond, of spot's milliseconds; bars have a clock of UTC+3, by which their files are cut, too.

mod book;
mod candles;
mod trades;

use super::Published::{Both, ByDay, ByMonth};
use super::archive::Packing;
use super::files::{Period, Sheet};
use super::{Make, Published, Target};
use crate::calendar::Date;
use crate::market::Product;
use crate::wire::bybit::{instrument_id, symbol};

const fn target(name: &'static str, product: Product, published: Published, make: Make) -> Target {
    Target { name, product, published, id: instrument_id, make }
}

pub(super) static TARGETS: &[Target] = &[
    target("bybit-spot-trades", Product::Spot, Both, trades::spot),
    target("bybit-spot-order-book", Product::Spot, ByDay, book::frames),
    target("bybit-linear-trades", Product::Linear, ByDay, trades::contract),
    target("bybit-linear-klines", Product::Linear, ByMonth, candles::traded),
    target("bybit-linear-order-book", Product::Linear, ByDay, book::frames),
    target("bybit-inverse-trades", Product::Inverse, ByDay, trades::contract),
    target("bybit-inverse-klines", Product::Inverse, ByMonth, candles::traded),
    target("bybit-inverse-order-book", Product::Inverse, ByDay, book::frames),
    target("bybit-inverse-spot-index", Product::Inverse, ByDay, candles::index),
    target("bybit-inverse-premium-index", Product::Inverse, ByDay, candles::premium),
];

/// Files packed by gzip.
fn gzip(header: &str, path: impl Fn(Period, Date) -> String + 'static) -> Sheet {
    let header = (!header.is_empty()).then(|| header.to_owned());
    Sheet { header, path: Box::new(path), packing: Packing::Gzip }
}
