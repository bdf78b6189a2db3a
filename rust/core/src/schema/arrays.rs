//! Columns to arrays: moves where the bytes are right already, builds where a layout wants something else.

use std::sync::Arc;

use arrow_array::types::{Int8Type, TimestampNanosecondType};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, DictionaryArray, FixedSizeBinaryArray,
    Float64Array, Int8Array, Int64Array, ListArray, PrimitiveArray, StringArray, StructArray, UInt8Array,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType as Arrow, Field, Fields};

use super::{Flavour, Label, SchemaError};
use crate::data::{AnyColumns, DataType, Depth10Columns, TextColumn};

/// Fields of one level of a v2 depth.
pub(super) fn level_fields() -> Fields {
    Fields::from(vec![
        Field::new("price", Arrow::Decimal128(38, 16), false),
        Field::new("size", Arrow::Decimal128(38, 16), false),
        Field::new("count", Arrow::UInt32, false),
        Field::new("order_id", Arrow::UInt64, false),
    ])
}

struct Build<'l> {
    label: &'l Label<'l>,
    arrays: Vec<ArrayRef>,
}

const ACTIONS: [&str; 5] = ["", "ADD", "UPDATE", "DELETE", "CLEAR"];
const SIDES: [&str; 3] = ["NO_ORDER_SIDE", "BUY", "SELL"];
const AGGRESSORS: [&str; 3] = ["NO_AGGRESSOR", "BUY", "SELL"];

fn arrow_error(error: impl std::fmt::Display) -> SchemaError {
    SchemaError::Arrow(error.to_string())
}

/// What the codes of a column stand for in v2; nothing for a column of other values.
pub(crate) fn code_names(column: &str) -> &'static [&'static str] {
    match column {
        "action" => &ACTIONS,
        "side" => &SIDES,
        "aggressor_side" => &AGGRESSORS,
        _ => &[],
    }
}

impl Build<'_> {
    fn v2(&self) -> bool {
        self.label.flavour == Flavour::V2
    }

    fn push(&mut self, array: impl arrow_array::Array + 'static) {
        self.arrays.push(Arc::new(array));
    }

    /// Prices or sizes.
    fn decimals(&mut self, values: Vec<i128>) -> Result<(), SchemaError> {
        match self.label.flavour {
            Flavour::V2 => {
                let array = Decimal128Array::new(ScalarBuffer::from(values), None);
                self.push(array.with_precision_and_scale(38, 16).map_err(arrow_error)?);
            }
            Flavour::V1High => {
                let buffer = Buffer::from_vec(values);
                self.push(FixedSizeBinaryArray::try_new(16, buffer, None).map_err(arrow_error)?);
            }
            Flavour::V1Standard => {
                let data_type = self.label.data_type;
                let narrow = |(row, value): (usize, &i128)| {
                    narrow(*value).ok_or_else(|| SchemaError::narrow(data_type, row, *value))
                };
                let narrowed: Vec<i64> = values.iter().enumerate().map(narrow).collect::<Result<_, _>>()?;
                let buffer = Buffer::from_vec(narrowed);
                self.push(FixedSizeBinaryArray::try_new(8, buffer, None).map_err(arrow_error)?);
            }
        }
        Ok(())
    }

    fn u64s(&mut self, values: Vec<u64>) {
        self.push(UInt64Array::new(ScalarBuffer::from(values), None));
    }

    fn u8s(&mut self, values: Vec<u8>) {
        self.push(UInt8Array::new(ScalarBuffer::from(values), None));
    }

    fn time(&mut self, values: Vec<u64>) {
        if self.v2() {
            let rows = values.len();
            self.time_of(ScalarBuffer::new(Buffer::from_vec(values), 0, rows));
        } else {
            self.u64s(values);
        }
    }

    fn time_of(&mut self, values: ScalarBuffer<i64>) {
        let array: PrimitiveArray<TimestampNanosecondType> = PrimitiveArray::new(values, None);
        self.push(array.with_timezone("UTC"));
    }

    /// Times of custom data.
    fn custom_time(&mut self, values: Vec<u64>) {
        let rows = values.len();
        let values: ScalarBuffer<i64> = ScalarBuffer::new(Buffer::from_vec(values), 0, rows);
        if self.v2() {
            self.time_of(values);
        } else {
            self.push(Int64Array::new(values, None));
        }
    }

    fn times(&mut self, ts_event: Vec<u64>, ts_init: Vec<u64>) {
        self.time(ts_event);
        self.time(ts_init);
    }

    /// Enum codes, as codes in v1 and as names in v2.
    fn codes(&mut self, values: Vec<u8>, names: &[&str]) -> Result<(), SchemaError> {
        if !self.v2() {
            self.u8s(values);
            return Ok(());
        }
        let keys = Int8Array::from_iter_values(values.into_iter().map(|code| code as i8));
        let names = StringArray::from(names.to_vec());
        let array = DictionaryArray::<Int8Type>::try_new(keys, Arc::new(names)).map_err(arrow_error)?;
        self.push(array);
        Ok(())
    }

    fn names(&mut self, column: &TextColumn) {
        let array: DictionaryArray<Int8Type> = column.iter().collect();
        self.push(array);
    }

    fn text(&mut self, column: TextColumn) -> Result<(), SchemaError> {
        let (bytes, ends) = column.into_parts();
        i32::try_from(bytes.len()).map_err(|_| arrow_error("more than 2 GiB of text in one batch"))?;
        let offsets = std::iter::once(0).chain(ends.into_iter().map(|end| end as i32)).collect::<Vec<_>>();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        self.push(StringArray::try_new(offsets, Buffer::from_vec(bytes), None).map_err(arrow_error)?);
        Ok(())
    }

    fn constant(&mut self, text: &str, rows: usize) {
        self.push(StringArray::from(vec![text; rows]));
    }

    fn nothing(&mut self, rows: usize) {
        self.push(StringArray::from(vec![None::<&str>; rows]));
    }

    fn depth_v2(&mut self, columns: Depth10Columns) -> Result<(), SchemaError> {
        let rows = columns.ts_init.len();
        for (prices, sizes, counts) in [
            (&columns.bid_price, &columns.bid_size, &columns.bid_count),
            (&columns.ask_price, &columns.ask_size, &columns.ask_count),
        ] {
            let (mut price, mut size, mut count) = (Vec::new(), Vec::new(), Vec::new());
            let mut lengths = Vec::with_capacity(rows);
            for row in 0..rows {
                let levels = (0..10).take_while(|level| counts[*level][row] > 0).count();
                for level in 0..levels {
                    price.push(prices[level][row]);
                    size.push(sizes[level][row]);
                    count.push(counts[level][row]);
                }
                lengths.push(levels);
            }
            let decimals = |values: Vec<i128>| {
                Decimal128Array::from(values).with_precision_and_scale(38, 16).map_err(arrow_error)
            };
            let order_id = UInt64Array::from(vec![0; price.len()]);
            let levels = StructArray::try_new(
                level_fields(),
                vec![
                    Arc::new(decimals(price)?) as ArrayRef,
                    Arc::new(decimals(size)?),
                    Arc::new(UInt32Array::from(count)),
                    Arc::new(order_id),
                ],
                None,
            )
            .map_err(arrow_error)?;
            let field = Arc::new(Field::new("item", Arrow::Struct(level_fields()), true));
            let offsets = OffsetBuffer::from_lengths(lengths);
            self.push(ListArray::try_new(field, offsets, Arc::new(levels), None).map_err(arrow_error)?);
        }
        self.u8s(columns.flags);
        self.u64s(columns.sequence);
        self.times(columns.ts_event, columns.ts_init);
        Ok(())
    }
}

/// A value as `v1-standard` has it: nine decimals, 64 bits.
pub(crate) fn narrow(value: i128) -> Option<i64> {
    const STEP: i128 = 10_i128.pow(7);
    // Sizes are unsigned there: the full 64 bits, kept as their bits.
    if value % STEP != 0 {
        return None;
    }
    let narrowed = value / STEP;
    i64::try_from(narrowed).ok().or_else(|| u64::try_from(narrowed).ok().map(|bits| bits as i64))
}

/// The arrays of a label's schema.
pub(super) fn build(columns: AnyColumns, label: &Label<'_>) -> Result<Vec<ArrayRef>, SchemaError> {
    let mut build = Build { label, arrays: Vec::with_capacity(16) };
    let rows = columns.rows();
    let v2 = build.v2();
    match columns {
        AnyColumns::Trade(c) => {
            build.decimals(c.price)?;
            build.decimals(c.size)?;
            build.codes(c.aggressor_side, &AGGRESSORS)?;
            build.text(c.trade_id)?;
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::Quote(c) => {
            for values in [c.bid_price, c.ask_price, c.bid_size, c.ask_size] {
                build.decimals(values)?;
            }
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::Delta(c) => {
            build.codes(c.action, &ACTIONS)?;
            build.codes(c.side, &SIDES)?;
            build.decimals(c.price)?;
            build.decimals(c.size)?;
            build.u64s(c.order_id);
            build.u8s(c.flags);
            build.u64s(c.sequence);
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::Depth10(c) if v2 => build.depth_v2(c)?,
        AnyColumns::Depth10(c) => {
            for side in [c.bid_price, c.ask_price, c.bid_size, c.ask_size] {
                for values in side {
                    build.decimals(values)?;
                }
            }
            for side in [c.bid_count, c.ask_count] {
                for values in side {
                    build.push(UInt32Array::new(ScalarBuffer::from(values), None));
                }
            }
            build.u8s(c.flags);
            build.u64s(c.sequence);
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::Bar(c) => {
            for values in [c.open, c.high, c.low, c.close, c.volume] {
                build.decimals(values)?;
            }
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::MarkPrice(c) | AnyColumns::IndexPrice(c) => {
            build.decimals(c.value)?;
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::FundingRate(c) => {
            if v2 {
                build.text(c.rate)?;
                let interval = c.interval.iter().map(|v| v.map(u64::from));
                build.push(interval.collect::<UInt64Array>());
                let next = c.next_funding_ns.iter().map(|v| v.map(|ns| ns as i64));
                let next: PrimitiveArray<TimestampNanosecondType> = next.collect();
                build.push(next.with_timezone("UTC"));
            } else {
                // v1 keeps the rate as the JSON text of a string, quotes included.
                let rates: Vec<Vec<u8>> =
                    c.rate.iter().map(|rate| format!("\"{rate}\"").into_bytes()).collect();
                build.push(BinaryArray::from_iter_values(rates));
                build.push(UInt16Array::from(c.interval));
                build.push(UInt64Array::from(c.next_funding_ns));
            }
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::Status(c) => {
            if v2 {
                build.names(&c.action);
            } else {
                build.constant(label.instrument_id, rows);
                build.text(c.action)?;
            }
            build.text(c.reason)?;
            build.nothing(rows);
            build.push(BooleanArray::from(c.is_trading));
            build.push(BooleanArray::from(vec![None; rows]));
            build.push(BooleanArray::from(vec![None; rows]));
            build.times(c.ts_event, c.ts_init);
        }
        AnyColumns::Liquidation(c) => {
            build.constant(label.instrument_id, rows);
            for column in [c.side, c.price, c.average_price, c.size, c.trade_id] {
                build.text(column)?;
            }
            build.constant(super::type_name(DataType::Liquidation, label.flavour), rows);
            build.custom_time(c.ts_event);
            build.custom_time(c.ts_init);
        }
        AnyColumns::OpenInterest(c) => {
            build.constant(label.instrument_id, rows);
            for column in [c.value, c.unit, c.value_quote] {
                build.text(column)?;
            }
            build.constant(super::type_name(DataType::OpenInterest, label.flavour), rows);
            build.custom_time(c.ts_event);
            build.custom_time(c.ts_init);
        }
        AnyColumns::VolatilityIndex(c) => {
            build.constant(label.instrument_id, rows);
            build.text(c.value)?;
            build.constant(super::type_name(DataType::VolatilityIndex, label.flavour), rows);
            build.custom_time(c.ts_event);
            build.custom_time(c.ts_init);
        }
        AnyColumns::OptionGreeks(c) => {
            if v2 {
                let convention: DictionaryArray<Int8Type> = vec!["BLACK_SCHOLES"; rows].into_iter().collect();
                build.push(convention);
            } else {
                build.constant(label.instrument_id, rows);
            }
            for values in [c.delta, c.gamma, c.vega, c.theta, c.rho] {
                build.push(Float64Array::from(values));
            }
            for values in [c.mark_iv, c.bid_iv, c.ask_iv, c.underlying_price, c.open_interest] {
                build.push(Float64Array::from(values));
            }
            build.times(c.ts_event, c.ts_init);
            if !v2 {
                build.constant("BLACK_SCHOLES", rows);
            }
        }
    }
    Ok(build.arrays)
}
