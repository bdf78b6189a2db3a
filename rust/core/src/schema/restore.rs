//! Arrays back to rows: those of types whose fields are their columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, TimestampNanosecondType, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType as Arrow, Field};

use super::arrays::code_names;
use crate::data::{ColumnRef, Physical, Rows};

/// What `v1-standard` leaves out of a value.
const STEP: i128 = 10_i128.pow(7);

/// Appends the rows of a batch, which may have their keys and costs after the type's fields; `None` where it is not of the
/// type of `into`.
pub(crate) fn restore_rows(batch: &RecordBatch, into: &mut Rows) -> Option<()> {
    let Rows { columns, keys, costs } = into;
    let marks: [&mut dyn Physical; 2] = [keys, costs];
    let mut bytes = Vec::new();
    let columns = columns.physical_mut().into_iter().chain(marks);
    for ((column, field), array) in columns.zip(batch.schema_ref().fields()).zip(batch.columns()) {
        bytes.clear();
        put(field, array, matches!(column.view(), ColumnRef::U8(_)), &mut bytes)?;
        column.read_rows(array.len(), &bytes)?;
    }
    Some(())
}

/// Appends the values of an array as a column writes them.
fn put(field: &Field, array: &dyn Array, is_code: bool, out: &mut Vec<u8>) -> Option<()> {
    match array.data_type() {
        Arrow::FixedSizeBinary(16) => out.extend_from_slice(array.as_fixed_size_binary().value_data()),
        Arrow::FixedSizeBinary(8) => {
            // Sizes have all 64 bits.
            let is_size = field.name().contains("size") || field.name() == "volume";
            for raw in array.as_fixed_size_binary().value_data().as_chunks::<8>().0 {
                let (size, price) = (u64::from_le_bytes(*raw), i64::from_le_bytes(*raw));
                let value = if is_size { i128::from(size) } else { i128::from(price) };
                out.extend_from_slice(&(STEP * value).to_le_bytes());
            }
        }
        Arrow::Decimal128(..) => {
            let values = array.as_primitive::<Decimal128Type>().values();
            out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Arrow::UInt64 => {
            let values = array.as_primitive::<UInt64Type>().values();
            out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Arrow::Timestamp(..) => {
            let values = array.as_primitive_opt::<TimestampNanosecondType>()?.values();
            out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Arrow::UInt32 => {
            let values = array.as_primitive::<UInt32Type>().values();
            out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        Arrow::UInt8 => out.extend_from_slice(array.as_primitive::<UInt8Type>().values()),
        Arrow::Utf8 if is_code => {
            let names = code_names(field.name());
            for text in array.as_string::<i32>() {
                out.push(names.iter().position(|name| Some(*name) == text)? as u8);
            }
        }
        Arrow::Utf8 => {
            let texts = array.as_string::<i32>();
            let texts = || texts.iter().map(Option::unwrap_or_default);
            out.extend(texts().flat_map(|text| (text.len() as u32).to_le_bytes()));
            texts().for_each(|text| out.extend_from_slice(text.as_bytes()));
        }
        _ => return None,
    }
    Some(())
}
