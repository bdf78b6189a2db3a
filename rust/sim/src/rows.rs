//! Rows of the truth, field by field, as every maker of them writes them.

use crate::decimal::Decimal;
use crate::market::{Instrument, Level, Side};
use crate::truth::Row;
use crate::wire::Greeks;

pub(crate) const F_LAST: u64 = 128;
pub(crate) const F_SNAPSHOT: u64 = 32;

/// Flags of a row of a book event of which `left` rows follow.
pub(crate) const fn last_of(left: usize) -> u64 {
    if left == 0 { F_LAST } else { 0 }
}

/// Open, high, low and close, and the volume.
pub(crate) type Ohlcv = ([Decimal; 4], Decimal);

pub(crate) fn trade<'r>(
    instrument: &'r Instrument,
    level: Level,
    taker: Side,
    id: &'r str,
) -> impl FnOnce(&mut Row<'_>) + 'r {
    move |row| {
        row.decimal("price", instrument.price(level.price)).decimal("size", instrument.size(level.size));
        row.text("aggressor_side", if taker == Side::Buy { "BUYER" } else { "SELLER" });
        row.text("trade_id", id);
    }
}

/// The same where nobody says who took.
pub(crate) fn trade_without_side<'r>(
    instrument: &'r Instrument,
    level: Level,
    id: &'r str,
) -> impl FnOnce(&mut Row<'_>) + 'r {
    move |row| {
        row.decimal("price", instrument.price(level.price)).decimal("size", instrument.size(level.size));
        row.text("aggressor_side", "NO_AGGRESSOR").text("trade_id", id);
    }
}

pub(crate) fn quote(instrument: &Instrument, bid: Level, ask: Level) -> impl FnOnce(&mut Row<'_>) {
    move |row| {
        row.decimal("bid_price", instrument.price(bid.price));
        row.decimal("ask_price", instrument.price(ask.price));
        row.decimal("bid_size", instrument.size(bid.size));
        row.decimal("ask_size", instrument.size(ask.size));
    }
}

/// `spec` is Nautilus's specification, such as `1-MINUTE-LAST-EXTERNAL`.
pub(crate) fn bar<'r>(id: &'r str, spec: &'r str, (prices, volume): Ohlcv) -> impl FnOnce(&mut Row<'_>) + 'r {
    move |row| {
        row.key("bar_type").quoted(&format!("{id}-{spec}"));
        for (name, price) in ["open", "high", "low", "close"].into_iter().zip(prices) {
            row.decimal(name, price);
        }
        row.decimal("volume", volume);
    }
}

/// A mark or index price.
pub(crate) fn price(value: Decimal) -> impl FnOnce(&mut Row<'_>) {
    move |row| {
        row.decimal("value", value);
    }
}

/// `interest`: what is open.
pub(crate) fn greeks(greeks: Greeks, interest: Option<Decimal>) -> impl FnOnce(&mut Row<'_>) {
    move |row| {
        let Greeks { greeks, iv, underlying } = greeks;
        for (name, value) in ["delta", "gamma", "vega", "theta"].into_iter().zip(greeks) {
            row.double(name, Some(value));
        }
        row.double("rho", Some(Decimal::new(0, 0)));
        for (name, value) in ["mark_iv", "bid_iv", "ask_iv"].into_iter().zip(iv) {
            row.double(name, value);
        }
        row.double("underlying_price", Some(underlying)).double("open_interest", interest);
    }
}

pub(crate) fn liquidation(
    side: Side,
    price: Decimal,
    average: Option<Decimal>,
    size: Decimal,
    trade_id: &str,
) -> impl FnOnce(&mut Row<'_>) {
    move |row| {
        row.text("side", if side == Side::Buy { "BUY" } else { "SELL" }).decimal("price", price);
        match average {
            Some(average) => row.decimal("average_price", average),
            None => row.text("average_price", ""),
        };
        row.decimal("size", size).text("trade_id", trade_id);
    }
}

pub(crate) fn delta<'r>(
    action: &'r str,
    side: &'r str,
    instrument: &'r Instrument,
    level: Level,
    flags: u64,
    sequence: u64,
) -> impl FnOnce(&mut Row<'_>) + 'r {
    move |row| {
        row.text("action", action).text("side", side);
        row.decimal("price", instrument.price(level.price)).decimal("size", instrument.size(level.size));
        row.int("order_id", 0).int("flags", flags).int("sequence", sequence);
    }
}

/// A change of one order.
pub(crate) fn order<'r>(
    action: &'r str,
    side: Side,
    instrument: &'r Instrument,
    level: Level,
    (order_id, flags): (u64, u64),
) -> impl FnOnce(&mut Row<'_>) + 'r {
    move |row| {
        row.text("action", action).text("side", if side == Side::Buy { "BUY" } else { "SELL" });
        row.decimal("price", instrument.price(level.price)).decimal("size", instrument.size(level.size));
        row.int("order_id", order_id).int("flags", flags).int("sequence", 0);
    }
}

/// The ten best levels of each side.
pub(crate) fn depth10<'r>(
    instrument: &'r Instrument,
    bids: &'r [Level],
    asks: &'r [Level],
    sequence: u64,
) -> impl FnOnce(&mut Row<'_>) + 'r {
    move |row| {
        for (key, levels) in [("bids", bids), ("asks", asks)] {
            row.key(key).raw("[");
            for (place, level) in levels.iter().take(10).enumerate() {
                row.raw(if place == 0 { "[" } else { ",[" }).number(instrument.price(level.price));
                row.raw(",").number(instrument.size(level.size)).raw("]");
            }
            row.raw("]");
        }
        row.int("flags", F_SNAPSHOT | F_LAST).int("sequence", sequence);
    }
}
