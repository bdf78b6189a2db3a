//! `trades`. Where the venue gives no id, it is made of what the trade says: 16 hexadecimal digits of FNV-1a 64 over
//! symbol, event time, price, size, side and its ordinal among equals of one message.

use super::{Instruments, SYMBOL, columns, hash, moments};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::rows::{decimals, fault};
use crate::dump::{Column, DumpDecoder, DumpSpec, Fault, FaultKind, Holds, Output, Row};
use crate::feed::{StreamKey, TradeKind};

const ID: usize = 4;
const SIDE: usize = 5;
const PRICE: usize = 6;
const AMOUNT: usize = 7;

/// Columns of trades, and of liquidations.
pub(super) const COLUMNS: &[Column] = columns![
    Column::needed(&["id"], Holds::Text),
    Column::needed(&["side"], Holds::Text),
    Column::needed(&["price"], Holds::Decimal),
    Column::needed(&["amount"], Holds::Decimal),
];

/// Tardis's `trades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-trades",
    title: "Tardis CSV, trades",
    types: &[DataType::Trade],
    columns: COLUMNS,
    bare: &[],
    called: &["trades"],
    by_name_only: false,
    fits: |_| true,
    feed: super::feed,
    decoder: |_| Ok(Box::new(Trades::default())),
};

#[derive(Default)]
struct State {
    stream: Option<usize>,
    /// Trades without an id of the message at hand.
    message: u64,
    unnamed: Vec<u64>,
}

#[derive(Default)]
struct Trades {
    instruments: Instruments<State>,
}

fn fnv(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().copied().chain([0x1f]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl DumpDecoder for Trades {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_init) = moments(row)?;
        let id = row.text(ID)?;
        let aggressor_side = match row.bytes(SIDE) {
            b"buy" => AggressorSide::Buyer,
            b"sell" => AggressorSide::Seller,
            b"unknown" | b"" => AggressorSide::None,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let price = out.price(row, PRICE)?;
        let size = out.traded_size(row, AMOUNT)?;
        let instrument = self.instruments.of(row)?;
        if !out.wants_trades(TradeKind::Raw.name(), ts_init) {
            return Ok(End::Unselected);
        }
        let state = &mut instrument.state;
        let stream = *state.stream.get_or_insert_with(|| {
            let variant = TradeKind::Raw.name().into();
            let key = StreamKey { data_type: DataType::Trade, id: instrument.id.clone(), variant };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Text)
        });
        let made;
        let trade_id = if id.is_empty() {
            if state.message != ts_init {
                state.message = ts_init;
                state.unnamed.clear();
            }
            let [time, price, size] =
                [&ts_event.to_le_bytes()[..], &price.value.to_le_bytes(), &size.value.to_le_bytes()];
            let said = [row.bytes(SYMBOL), time, price, size, &[aggressor_side as u8]];
            let equals = fnv(&said);
            let ordinal = state.unnamed.iter().filter(|other| **other == equals).count() as u32;
            state.unnamed.push(equals);
            let [symbol, time, price, size, side] = said;
            made = format!("{:016x}", fnv(&[symbol, time, price, size, side, &ordinal.to_le_bytes()]));
            &made
        } else {
            id
        };
        out.count_later(ts_event, ts_init);
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Trade(columns) = out.row(stream, hash(trade_id), decimals) {
            columns.push(&TradeRow { price, size, aggressor_side, trade_id, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
