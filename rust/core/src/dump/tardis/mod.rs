//! Tardis's CSV datasets: any exchange, one or many symbols in a file, times in microseconds.
//!
//! Every file begins with `exchange,symbol,timestamp,local_timestamp`; a row's receive time is Tardis's own
//! (`local_timestamp`). Instrument ids are those of NautilusTrader's loader: the symbol in upper case, the venue by
//! [`venue`]. What differs from that loader, and why: `docs/dumps.md`.

pub(super) mod book;
pub(super) mod liquidations;
pub(super) mod options;
pub(super) mod quotes;
pub(super) mod snapshots;
pub(super) mod ticker;
pub(super) mod trades;

use std::collections::HashMap;
use std::sync::Arc;

use super::rows::fault;
use super::{Column, DumpError, Fault, FaultKind, Holds, Row, Setting};
use crate::venue::deribit;
use crate::{lanes, symbol, time};

pub(super) const EXCHANGE: usize = 0;
pub(super) const SYMBOL: usize = 1;
pub(super) const TIMESTAMP: usize = 2;
pub(super) const LOCAL_TIMESTAMP: usize = 3;

/// The first four columns of every dataset.
const COMMON: [Column; 4] = [
    Column::needed(&["exchange"], Holds::Text),
    Column::needed(&["symbol"], Holds::Text),
    Column::needed(&["timestamp"], Holds::Integer),
    Column::needed(&["local_timestamp"], Holds::Integer),
];

/// The columns of a dataset: the common ones, then its own.
macro_rules! columns {
    ($($own:expr),+ $(,)?) => {{
        let [exchange, symbol, timestamp, local_timestamp] = super::COMMON;
        &[exchange, symbol, timestamp, local_timestamp, $($own),+]
    }};
}
use columns;

/// What all datasets belong to.
#[expect(clippy::unnecessary_wraps, reason = "other formats have to look")]
fn feed(_: &Setting<'_>) -> Result<String, DumpError> {
    Ok("tardis".to_owned())
}

/// Nautilus's venue of a Tardis exchange (its `TardisExchange::as_venue`): one venue where it joins several, else
/// the name in upper case. An exchange it does not know is named by the same rule.
fn venue(exchange: &str) -> String {
    match exchange {
        "binance-dex"
        | "binance-european-options"
        | "binance-futures"
        | "binance-jersey"
        | "binance-options" => "BINANCE",
        "bitfinex-derivatives" => "BITFINEX",
        "bitget-futures" => "BITGET",
        "bybit-options" | "bybit-spot" => "BYBIT",
        "coinbase-international" => "COINBASE_INTX",
        "crypto-com-derivatives" => "CRYPTO_COM",
        "ftx-us" => "FTX",
        "gate-io-futures" => "GATE_IO",
        "huobi-dm" | "huobi-dm-linear-swap" | "huobi-dm-options" => "HUOBI",
        "huobi-dm-swap" => "HUOBI_DELIVERY",
        "kucoin-futures" => "KUCOIN",
        "mexc-futures" => "MEXC",
        "okex-futures" | "okex-options" | "okex-spreads" | "okex-swap" => "OKEX",
        other => return other.to_ascii_uppercase().replace('-', "_"),
    }
    .to_owned()
}

/// Whether an instrument is several traded as one, whose prices may be zero and below.
fn is_spread(exchange: &str, symbol: &str) -> bool {
    match exchange {
        "okex-spreads" => true,
        "deribit" => deribit::is_spread(symbol),
        _ => false,
    }
}

/// An exchange and a symbol as the file has them.
type Name = (Box<[u8]>, Box<[u8]>);

/// Instruments of a file, and what a decoder keeps of each.
struct Instruments<T> {
    slots: Vec<Instrument<T>>,
    table: HashMap<Name, usize, foldhash::fast::FixedState>,
    last: usize,
}

struct Instrument<T> {
    exchange: Box<[u8]>,
    symbol: Box<[u8]>,
    /// The exchange as text: where the rows come from.
    origin: Arc<str>,
    id: Arc<str>,
    is_spread: bool,
    state: T,
}

impl<T> Default for Instruments<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), table: HashMap::default(), last: 0 }
    }
}

impl<T: Default> Instruments<T> {
    /// The instrument of a row. Most rows are of the one before them.
    #[inline(always)]
    fn of(&mut self, row: &Row<'_>) -> Result<&mut Instrument<T>, Fault> {
        let (exchange, symbol) = (row.bytes(EXCHANGE), row.bytes(SYMBOL));
        let is_last = self
            .slots
            .get(self.last)
            .is_some_and(|slot| lanes::same(&slot.symbol, symbol) && lanes::same(&slot.exchange, exchange));
        if !is_last {
            self.find(exchange, symbol)?;
        }
        Ok(&mut self.slots[self.last])
    }

    #[cold]
    fn find(&mut self, exchange: &[u8], symbol: &[u8]) -> Result<(), Fault> {
        let key = (exchange.into(), symbol.into());
        if let Some(slot) = self.table.get(&key) {
            self.last = *slot;
            return Ok(());
        }
        let text = |bytes, column| std::str::from_utf8(bytes).map_err(|_| fault(FaultKind::Utf8, column));
        let (exchange, name) = (text(exchange, EXCHANGE)?, text(symbol, SYMBOL)?);
        if !symbol::is_safe(exchange) {
            return Err(fault(FaultKind::Value, EXCHANGE));
        }
        // Nautilus keeps the stroke of a pair in the id and leaves it out of the folder; the colon of Bitfinex's
        // (`BTCF0:USTF0`, `DUSK:USD`) it keeps in both.
        if !symbol::is_safe(&name.replace(['/', ':'], "")) {
            return Err(fault(FaultKind::Value, SYMBOL));
        }
        let id = format!("{}.{}", name.to_uppercase(), venue(exchange));
        if symbol::folder_of(&id).is_none() {
            return Err(fault(FaultKind::Value, SYMBOL));
        }
        self.last = self.slots.len();
        self.slots.push(Instrument {
            exchange: exchange.as_bytes().into(),
            symbol: symbol.into(),
            origin: format!("tardis {exchange}").into(),
            id: id.into(),
            is_spread: is_spread(exchange, name),
            state: T::default(),
        });
        self.table.insert(key, self.last);
        Ok(())
    }
}

/// A time of a row in ns: microseconds, or nanoseconds where it has as many digits.
#[inline]
fn moment(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    let value = row.integer(column)?;
    let ns = if value < 100_000_000_000_000_000 { value.saturating_mul(1_000) } else { value };
    if time::is_plausible(ns) { Ok(ns) } else { Err(fault(FaultKind::Time, column)) }
}

/// Event time and receive time of a row.
#[inline]
fn moments(row: &Row<'_>) -> Result<(u64, u64), Fault> {
    Ok((moment(row, TIMESTAMP)?, moment(row, LOCAL_TIMESTAMP)?))
}

/// Times of the row before, as microseconds are written: rows of one message have the same.
#[derive(Default)]
struct Moments {
    texts: (u128, u128),
    times: (u64, u64),
}

impl Moments {
    /// Event time and receive time of a row.
    #[inline(always)]
    fn of(&mut self, row: &Row<'_>) -> Result<(u64, u64), Fault> {
        let text = |column: usize| <[u8; 16]>::try_from(row.bytes(column)).map(u128::from_ne_bytes);
        let (Ok(event), Ok(local)) = (text(TIMESTAMP), text(LOCAL_TIMESTAMP)) else { return moments(row) };
        let is_first = self.times.1 == 0;
        if is_first || (event, local) != self.texts {
            (self.times, self.texts) = (moments(row)?, (event, local));
        }
        Ok(self.times)
    }
}
