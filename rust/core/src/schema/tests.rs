use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, TimestampNanosecondType, UInt64Type};

use super::*;
use crate::data::{AggressorSide, TradeColumns, TradeRow};

fn trades() -> TradeColumns {
    let mut columns = TradeColumns::default();
    for i in 0..3_u64 {
        columns.push_numbered(
            &TradeRow {
                price: 11_000_000_000_000_000 * (i as i128 + 1),
                size: 25_000_000_000_000_000,
                aggressor_side: AggressorSide::Seller,
                trade_id: "",
                ts_event: i,
                ts_init: i + 1,
            },
            i,
        );
    }
    columns
}

fn label(flavour: Flavour) -> Label<'static> {
    Label {
        data_type: DataType::Trade,
        flavour,
        instrument_id: "BTCUSDT.BINANCE",
        bar_type: None,
        price_precision: 1,
        size_precision: 1,
    }
}

#[test]
fn the_columns_buffers_are_the_batchs() {
    let columns = trades();
    let (price, ts) = (columns.price.as_ptr() as usize, columns.ts_init.as_ptr() as usize);
    let batch = record_batch(AnyColumns::Trade(columns), &label(Flavour::V1High)).expect("fits");
    assert_eq!(batch.column(0).as_fixed_size_binary().values().as_ptr() as usize, price);
    assert_eq!(batch.column(5).as_primitive::<UInt64Type>().values().as_ptr() as usize, ts);

    let columns = trades();
    let (price, ts) = (columns.price.as_ptr() as usize, columns.ts_init.as_ptr() as usize);
    let batch = record_batch(AnyColumns::Trade(columns), &label(Flavour::V2)).expect("fits");
    assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().values().as_ptr() as usize, price);
    assert_eq!(batch.column(5).as_primitive::<TimestampNanosecondType>().values().as_ptr() as usize, ts);
}

#[test]
fn standard_narrows_or_refuses() {
    let batch = record_batch(AnyColumns::Trade(trades()), &label(Flavour::V1Standard)).expect("fits");
    assert_eq!(batch.column(0).as_fixed_size_binary().value(1), 2_200_000_000_i64.to_le_bytes());
    let mut columns = trades();
    columns.price[1] = 1;
    let error = record_batch(AnyColumns::Trade(columns), &label(Flavour::V1Standard));
    let value = "0.0000000000000001".to_owned();
    assert_eq!(error.err(), Some(SchemaError::Narrow { data_type: DataType::Trade, row: 1, value }));
}

#[test]
fn every_type_has_arrays_for_its_fields() {
    for data_type in DataType::ALL {
        for flavour in [Flavour::V1High, Flavour::V1Standard, Flavour::V2] {
            let bar_type = (data_type == DataType::Bar).then_some("BTCUSDT.BINANCE-1-MINUTE-LAST-EXTERNAL");
            let label = Label { data_type, bar_type, ..label(flavour) };
            let batch = record_batch(AnyColumns::new(data_type), &label).expect("an empty batch");
            assert_eq!(batch.num_columns(), arrow_schema(&label).fields().len());
        }
    }
}
