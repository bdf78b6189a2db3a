//! `liquidations`: the columns of trades; the file's name tells them apart. The side is that of the order.

use super::trades::COLUMNS;
use super::{Instruments, moments};
use crate::accounting::End;
use crate::data::{AnyColumns, DataType, Decimals, Identity, LiquidationRow};
use crate::decimal;
use crate::dump::made_id::hash;
use crate::dump::rows::fault;
use crate::dump::{DumpDecoder, DumpSpec, Fault, FaultKind, Output, Row};
use crate::feed::StreamKey;

const ID: usize = 4;
const SIDE: usize = 5;
const PRICE: usize = 6;
const AMOUNT: usize = 7;

/// Tardis's `liquidations`.
pub static SPEC: DumpSpec = DumpSpec {
    name: "tardis-liquidations",
    title: "Tardis CSV, liquidations",
    types: &[DataType::Liquidation],
    columns: COLUMNS,
    bare: &[],
    called: &["liquidations"],
    by_name_only: true,
    fits: |_| true,
    feed: super::feed,
    decoder: |_| Ok(Box::new(Liquidations::default())),
};

#[derive(Default)]
struct Liquidations {
    instruments: Instruments<Option<usize>>,
}

impl DumpDecoder for Liquidations {
    fn row(&mut self, row: &Row<'_>, out: &mut Output) -> Result<End, Fault> {
        let (ts_event, ts_init) = moments(row)?;
        let side = match row.bytes(SIDE) {
            b"buy" => "BUY",
            b"sell" => "SELL",
            _ => return Err(fault(FaultKind::Value, SIDE)),
        };
        let trade_id = row.text(ID)?;
        let number = |column| match row.bytes(column) {
            b"" => Ok(String::new()),
            text => decimal::canonical(text).map_err(|e| fault(FaultKind::Decimal(e), column)),
        };
        let (price, size) = (number(PRICE)?, number(AMOUNT)?);
        let instrument = self.instruments.of(row)?;
        if !out.wants(DataType::Liquidation, ts_init) {
            return Ok(End::Unselected);
        }
        let stream = *instrument.state.get_or_insert_with(|| {
            let key =
                StreamKey { data_type: DataType::Liquidation, id: instrument.id.clone(), variant: "".into() };
            out.open_of(&instrument.origin, key, instrument.id.clone(), Identity::Text)
        });
        out.count_later(ts_event, ts_init);
        let key = hash((side, &price, &size, trade_id, ts_event));
        if let AnyColumns::Liquidation(columns) = out.row(stream, key, Decimals::default()) {
            let (price, size, average_price) = (price.as_str(), size.as_str(), "");
            columns.push(&LiquidationRow { side, price, average_price, size, trade_id, ts_event, ts_init });
        }
        Ok(End::Rows)
    }
}
