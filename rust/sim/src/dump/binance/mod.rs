//! Binance's public data: one CSV per archive, a checksum beside each.
//!
//! Layout (data.binance.vision, read 2026-08): paths as `tickwright download binance` keeps them. Spot files have no
//! header, pad numbers to eight decimals, spell `True`, and are in microseconds from 2025 on; those of futures have
//! a header, spell `true`, and stay in milliseconds.

mod book;
mod candles;
mod reports;
mod trades;

use super::Published::{Both, ByDay, ByMonth};
use super::archive::Packing;
use super::files::{Period, Sheet};
use super::{Make, Published, Target};
use crate::decimal::Decimal;
use crate::market::{Instrument, Product};
use crate::wire::Text;
use crate::wire::binance::{instrument_id, symbol};

const fn target(name: &'static str, product: Product, published: Published, make: Make) -> Target {
    Target { name, product, published, id: instrument_id, make }
}

const fn spot(name: &'static str, make: Make) -> Target {
    target(name, Product::Spot, Both, make)
}

const fn um(name: &'static str, published: Published, make: Make) -> Target {
    target(name, Product::Linear, published, make)
}

const fn cm(name: &'static str, published: Published, make: Make) -> Target {
    target(name, Product::Inverse, published, make)
}

/// An index has its own id, that of no contract.
const fn index(target: Target) -> Target {
    Target { id: candles::index_id, ..target }
}

pub(super) static TARGETS: &[Target] = &[
    spot("binance-spot-trades", trades::raw),
    spot("binance-spot-agg-trades", trades::aggregate),
    spot("binance-spot-klines", candles::traded),
    um("binance-um-trades", Both, trades::raw),
    um("binance-um-agg-trades", Both, trades::aggregate),
    um("binance-um-klines", Both, candles::traded),
    um("binance-um-mark-price-klines", Both, candles::mark),
    index(um("binance-um-index-price-klines", Both, candles::index)),
    um("binance-um-premium-index-klines", Both, candles::premium),
    um("binance-um-book-ticker", Both, book::ticker),
    um("binance-um-book-depth", ByDay, book::depth),
    um("binance-um-funding-rate", ByMonth, reports::funding),
    um("binance-um-metrics", ByDay, reports::metrics),
    um("binance-um-liquidation-snapshot", ByDay, reports::liquidations),
    cm("binance-cm-trades", Both, trades::raw),
    cm("binance-cm-agg-trades", Both, trades::aggregate),
    cm("binance-cm-klines", Both, candles::traded),
    cm("binance-cm-mark-price-klines", Both, candles::mark),
    index(cm("binance-cm-index-price-klines", Both, candles::index)),
    cm("binance-cm-premium-index-klines", Both, candles::premium),
    cm("binance-cm-book-ticker", Both, book::ticker),
    cm("binance-cm-book-depth", ByDay, book::depth),
    cm("binance-cm-funding-rate", ByMonth, reports::funding),
    cm("binance-cm-metrics", ByDay, reports::metrics),
    cm("binance-cm-liquidation-snapshot", ByDay, reports::liquidations),
];

/// Files of a type, `name` being the instrument's in their paths; klines have an interval.
fn named(
    product: Product,
    name: String,
    kind: &'static str,
    interval: Option<&'static str>,
    header: &str,
) -> Sheet {
    let folder = match product {
        Product::Spot => "spot",
        Product::Linear => "futures/um",
        Product::Inverse => "futures/cm",
    };
    let inner = interval.map(|interval| format!("{interval}/")).unwrap_or_default();
    let path = move |period, date: crate::calendar::Date| {
        let (files, stamp) = match period {
            Period::Day => ("daily", date.to_day()),
            // Quarters are Kraken's.
            Period::Month | Period::Quarter => ("monthly", date.to_month()),
        };
        let called = interval.unwrap_or(kind);
        format!("data/{folder}/{files}/{kind}/{name}/{inner}{name}-{called}-{stamp}.zip")
    };
    Sheet {
        header: (product != Product::Spot).then(|| header.to_owned()),
        path: Box::new(path),
        packing: Packing::Zip { inside: "csv", checksum: true },
    }
}

/// Files of a type of one instrument.
fn sheet(instrument: &Instrument, kind: &'static str, header: &str) -> Sheet {
    named(instrument.product, symbol(instrument), kind, None, header)
}

/// 2025-01-01: spot files are in microseconds from here on.
const MICROS_FROM: u64 = 1_735_689_600_000_000_000;

/// The unit of the times of a file, ns.
const fn unit(product: Product, at: u64) -> u64 {
    if matches!(product, Product::Spot) && at >= MICROS_FROM { 1_000 } else { 1_000_000 }
}

/// How numbers and truth values are spelled.
#[derive(Debug, Clone, Copy)]
struct Spelling {
    spot: bool,
}

impl Spelling {
    const fn of(instrument: &Instrument) -> Self {
        Self { spot: matches!(instrument.product, Product::Spot) }
    }

    fn number(self, text: &mut Text, value: Decimal) {
        text.raw(",").decimal(value, if self.spot { 8 } else { 0 });
    }

    fn bool(self, text: &mut Text, value: bool) {
        match (self.spot, value) {
            (true, true) => text.raw(",True"),
            (true, false) => text.raw(",False"),
            (false, value) => text.raw(",").bool(value),
        };
    }
}

/// What a fill is worth: in the quote currency, of COIN-M contracts in the base currency.
fn worth(instrument: &Instrument, price: i64, size: i64) -> Decimal {
    let (price, size) = (instrument.price(price), instrument.size(size));
    if instrument.product != Product::Inverse {
        return Decimal::new(price.units * size.units, price.places + size.places);
    }
    let quote = size.units * i128::from(instrument.contract_size) * 10_i128.pow(8 + u32::from(price.places));
    Decimal::new(quote / price.units, 8)
}
