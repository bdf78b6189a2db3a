//! `trades`: every trade; ids are those of the channel `trades-all`.

use super::{INSTRUMENT_NAME, Instruments, feed};
use crate::accounting::End;
use crate::data::{AggressorSide, AnyColumns, DataType, Identity, TradeRow};
use crate::dump::rows::{decimals, fault};
use crate::dump::{
    Column, DumpDecoder, DumpError, DumpSpec, Fault, FaultKind, Holds, Output, Row, Sample, Setting,
};
use crate::feed::{StreamKey, TradeKind};

const INSTRUMENT: usize = 0;
const ID: usize = 1;
const SIDE: usize = 2;
const PRICE: usize = 3;
const SIZE: usize = 4;
const TIME: usize = 5;

/// The columns of both kinds of trades.
pub(super) const COLUMNS: &[Column] = &[
    Column::known(&[INSTRUMENT_NAME], Holds::Text),
    Column::needed(&["trade_id"], Holds::Integer),
    Column::needed(&["side"], Holds::Text),
    Column::needed(&["price"], Holds::Decimal),
    Column::needed(&["size"], Holds::Decimal),
    Column::needed(&["created_time"], Holds::Epoch),
    Column::known(&["source"], Holds::Text),
];

/// Their order in files of 2021, which have no header.
pub(super) const BARE: &[&[usize]] = &[&[ID, SIDE, SIZE, PRICE, TIME]];

/// Whether a file has a header, or rows like those of trades and `word` in its name.
pub(super) fn has_header_or_is_called(setting: &Setting<'_>, word: &str) -> bool {
    let Sample { header, first } = setting.sample;
    let has_side = first.get(1).is_some_and(|side| matches!(&*side.to_ascii_lowercase(), "buy" | "sell"));
    header.is_some() || has_side && setting.hint.path.contains(word)
}

/// OKX's `trades`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "okx-trades",
    title: "OKX published files, trades",
    types: &[DataType::Trade],
    columns: COLUMNS,
    bare: BARE,
    called: &["-trades-"],
    by_name_only: false,
    fits: |setting| has_header_or_is_called(setting, "-trades-"),
    feed,
    decoder: |setting| Ok(Box::new(Trades::new(setting, TradeKind::Raw, "-trades-")?)),
};

/// Reads trades, raw ones or aggregates.
pub(super) struct Trades {
    kind: &'static str,
    instruments: Instruments,
}

impl Trades {
    /// `word` stands behind the symbol in the names of files.
    pub(super) fn new(setting: &Setting<'_>, kind: TradeKind, word: &str) -> Result<Self, DumpError> {
        Ok(Self { kind: kind.name(), instruments: Instruments::new(setting, INSTRUMENT, &[word])? })
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
        let (instrument_id, stream) = self.instruments.of(row)?;
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
