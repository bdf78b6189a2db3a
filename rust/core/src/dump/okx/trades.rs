//! `trades`: every trade; ids are those of the channel `trades-all`.

use std::sync::Arc;

use super::{feed, named};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::rows::{decimals, fault};
use crate::dump::symbols::Symbols;
use crate::dump::{Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Setting};
use crate::feed::{StreamKey, TradeKind};
use crate::venue::okx::OKX;

const INSTRUMENT: usize = 0;
const ID: usize = 1;
const SIDE: usize = 2;
const PRICE: usize = 3;
const SIZE: usize = 4;
const TIME: usize = 5;

/// The columns of both kinds of trades.
pub(super) const COLUMNS: &[Column] = &[
    Column::known(&["instrument_name"], Holds::Text),
    Column::needed(&["trade_id"], Holds::Integer),
    Column::needed(&["side"], Holds::Text),
    Column::needed(&["price"], Holds::Decimal),
    Column::needed(&["size"], Holds::Decimal),
    Column::needed(&["created_time"], Holds::Epoch),
    Column::known(&["source"], Holds::Text),
];

/// OKX's `trades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "okx-trades",
    title: "OKX published files, trades",
    types: &[DataType::Trade],
    columns: COLUMNS,
    bare: &[],
    called: &["-trades-"],
    by_name_only: false,
    fits: |_| true,
    feed,
    decoder: |setting| Ok(Box::new(Trades::new(setting, TradeKind::Raw, "-trades-")?)),
};

/// Reads trades, raw ones or aggregates.
pub(super) struct Trades {
    kind: &'static str,
    /// The instrument of a file without a column of it.
    only: Option<(Arc<str>, Option<usize>)>,
    /// Instrument and stream of each symbol.
    symbols: Symbols<(Arc<str>, Option<usize>)>,
}

impl Trades {
    /// `word` stands behind the symbol in the names of files.
    pub(super) fn new(setting: &Setting<'_>, kind: TradeKind, word: &str) -> Result<Self, DumpError> {
        let names_it = setting.sample.header.iter().flatten().any(|name| name.trim() == "instrument_name");
        let only = if names_it { None } else { Some((OKX.instrument_id(&named(setting, word)?), None)) };
        Ok(Self { kind: kind.name(), only, symbols: Symbols::default() })
    }
}

impl DumpDecoder for Trades {
    #[inline]
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (digits, id) = (row.bytes(ID), row.integer(ID)?);
        let aggressor_side = match row.bytes(SIDE) {
            b"buy" | b"BUY" => AggressorSide::Buyer,
            b"sell" | b"SELL" => AggressorSide::Seller,
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let (price, size) = (out.price(row, PRICE)?, out.traded_size(row, SIZE)?);
        let ts_event = row.epoch(TIME)?;
        let made = match &mut self.only {
            Some(only) => Some(only),
            None => self.symbols.of(row, INSTRUMENT, |symbol| Some((OKX.instrument_id(symbol), None))),
        };
        let (instrument_id, stream) = made.ok_or(fault(FaultKind::Value, INSTRUMENT))?;
        if !out.wants_trades(self.kind, ts_event) {
            return Ok(End::Unselected);
        }
        let stream = *stream.get_or_insert_with(|| {
            let key = StreamKey {
                data_type: DataType::Trade,
                id: instrument_id.clone(),
                variant: self.kind.into(),
            };
            // Ids grow; that none is left out of a file is nowhere said.
            out.open(key, instrument_id.clone(), Identity::Number)
        });
        let (price, size, decimals) = (price.value, size.value, decimals(price, size));
        if let AnyColumns::Trade(columns) = out.row(stream, id, decimals) {
            let row = TradeRow { price, size, aggressor_side, trade_id: "", ts_event, ts_init: ts_event };
            columns.push_digits(&row, id, digits);
        }
        Ok(End::Rows)
    }
}
