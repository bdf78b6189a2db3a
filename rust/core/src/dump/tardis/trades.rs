//! `trades`. Where the venue gives no id, it is made of what the trade says ([`MadeIds`]).

use super::{Instruments, SYMBOL, columns, moments};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::made_id::{MadeIds, hash};
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
    unnamed: MadeIds,
}

#[derive(Default)]
struct Trades {
    instruments: Instruments<State>,
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
        let instrument = self.instruments.of(row)?;
        let price = if instrument.is_spread { out.book_price(row, PRICE)? } else { out.price(row, PRICE)? };
        let size = out.traded_size(row, AMOUNT)?;
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
            let times = (ts_event, ts_init);
            made = state.unnamed.make(row.bytes(SYMBOL), times, (price, size), aggressor_side);
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
