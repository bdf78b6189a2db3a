//! What a chunk is encoded from: the values of one column, in one slice or in several.

use std::borrow::Cow;
use std::ops::Range;

use ::parquet::errors::{ParquetError, Result};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Int8Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, StringArray};
use arrow_schema::{DataType as Arrow, TimeUnit};

use super::Layout;
use crate::data::{ColumnRef, TextColumn};
use crate::schema::narrow;

/// The values of a column, slice after slice.
#[derive(Debug, Clone)]
pub(super) struct Slices<'a, T: Clone> {
    slices: Vec<Cow<'a, [T]>>,
    rows: usize,
}

impl<'a, T: Clone> Slices<'a, T> {
    fn new(slices: impl Iterator<Item = &'a [T]>) -> Self {
        let slices: Vec<Cow<'a, [T]>> = slices.map(Cow::Borrowed).collect();
        Self { rows: slices.iter().map(|slice| slice.len()).sum(), slices }
    }

    pub fn owned(values: Vec<T>) -> Self {
        Self { rows: values.len(), slices: vec![Cow::Owned(values)] }
    }

    /// How many there are.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// All slices.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.slices.iter().map(Cow::as_ref)
    }

    /// The slices of some rows.
    pub fn range(&self, rows: Range<usize>) -> impl Iterator<Item = &[T]> {
        let mut end = 0;
        self.iter().filter_map(move |slice| {
            let start = end;
            end += slice.len();
            let (from, to) = (rows.start.max(start), rows.end.min(end));
            (from < to).then(|| &slice[from - start..to - start])
        })
    }

    /// One value.
    pub fn get(&self, row: usize) -> Option<&T> {
        self.range(row..row + 1).next()?.first()
    }
}

/// A number of up to 128 bits.
pub(super) trait Wide: Copy {
    /// Its bits, a negative one's in two's complement.
    fn bits(self) -> u128;
}

impl Wide for i128 {
    #[inline(always)]
    fn bits(self) -> u128 {
        self as u128
    }
}

impl Wide for u128 {
    #[inline(always)]
    fn bits(self) -> u128 {
        self
    }
}

impl Wide for u32 {
    #[inline(always)]
    fn bits(self) -> u128 {
        self.into()
    }
}

/// Texts, piece after piece.
#[derive(Debug, Clone)]
pub(super) enum Texts<'a> {
    Array(&'a StringArray),
    Columns(Vec<(&'a TextColumn, Range<usize>)>),
}

impl Texts<'_> {
    /// How many there are.
    pub fn rows(&self) -> usize {
        match self {
            Self::Array(array) => array.len(),
            Self::Columns(pieces) => pieces.iter().map(|(_, rows)| rows.len()).sum(),
        }
    }

    /// Takes the texts of some rows.
    pub fn each(&self, rows: Range<usize>, mut take: impl FnMut(&[u8])) {
        match self {
            Self::Array(array) => rows.for_each(|row| take(array.value(row).as_bytes())),
            Self::Columns(pieces) => {
                let mut end = 0;
                for (column, range) in pieces {
                    let start = end;
                    end += range.len();
                    let (from, to) = (rows.start.max(start), rows.end.min(end));
                    if from < to {
                        let first = range.start + (from - start);
                        column.each_bytes(first..first + (to - from), &mut take);
                    }
                }
            }
        }
    }
}

/// The values of one column.
#[derive(Debug, Clone)]
pub(in crate::store) struct Values<'a>(pub(super) Kind<'a>);

#[derive(Debug, Clone)]
pub(super) enum Kind<'a> {
    /// Prices and sizes.
    Wide(Slices<'a, i128>, Layout),
    /// Counts.
    Counts(Slices<'a, u32>),
    /// Times, sequences and ids.
    Longs(Slices<'a, u64>),
    /// Enum codes and flags.
    Codes(Slices<'a, u8>),
    /// Enum codes that are written as names.
    Names(Slices<'a, u8>, Vec<&'a str>),
    Texts(Texts<'a>),
}

/// Why there are no [`Values`].
#[derive(Debug)]
pub(in crate::store) enum ValuesError {
    /// A row's value does not fit `v1-standard`.
    Narrow(usize, i128),
    /// The column is not of the kind that the field wants.
    Kind,
}

/// Takes one kind of column out of pieces of it.
macro_rules! slices {
    ($pieces:expr, $kind:ident) => {{
        let slice = |(column, rows): &(ColumnRef<'a>, Range<usize>)| match column {
            ColumnRef::$kind(values) => values.get(rows.clone()).ok_or(ValuesError::Kind),
            _ => Err(ValuesError::Kind),
        };
        let slices: Vec<_> = $pieces.iter().map(slice).collect::<std::result::Result<_, _>>()?;
        Slices::new(slices.into_iter())
    }};
}

impl<'a> Values<'a> {
    /// Those of rows of a column, piece after piece, for a field of type `arrow`; `names` are those of its codes, for a type that
    /// has names.
    pub fn of_columns(
        pieces: &[(ColumnRef<'a>, Range<usize>)],
        arrow: &Arrow,
        names: &[&'a str],
    ) -> std::result::Result<Self, ValuesError> {
        Ok(Self(match arrow {
            Arrow::FixedSizeBinary(16) => Kind::Wide(slices!(pieces, I128), Layout::Little(16)),
            Arrow::FixedSizeBinary(8) => Kind::Wide(narrowed(&slices!(pieces, I128))?, Layout::Little(8)),
            Arrow::Decimal128(..) => Kind::Wide(slices!(pieces, I128), Layout::Big),
            Arrow::UInt32 => Kind::Counts(slices!(pieces, U32)),
            Arrow::UInt64 | Arrow::Timestamp(..) => Kind::Longs(slices!(pieces, U64)),
            Arrow::UInt8 => Kind::Codes(slices!(pieces, U8)),
            Arrow::Dictionary(..) => Kind::Names(slices!(pieces, U8), names.to_vec()),
            Arrow::Utf8 => {
                let texts = |(column, rows): &(ColumnRef<'a>, Range<usize>)| match column {
                    ColumnRef::Text(texts) => Ok((*texts, rows.clone())),
                    _ => Err(ValuesError::Kind),
                };
                Kind::Texts(Texts::Columns(pieces.iter().map(texts).collect::<std::result::Result<_, _>>()?))
            }
            _ => return Err(ValuesError::Kind),
        }))
    }

    /// Times, sequences or ids.
    pub fn of_longs(slices: impl Iterator<Item = &'a [u64]>) -> Self {
        Self(Kind::Longs(Slices::new(slices)))
    }

    /// Counts.
    pub fn of_counts(slices: impl Iterator<Item = &'a [u32]>) -> Self {
        Self(Kind::Counts(Slices::new(slices)))
    }

    /// Those of an array of a type that [`super::takes`] names, without nulls.
    pub fn of_array(array: &'a dyn Array) -> Result<Self> {
        let one = |values: &'a [u64]| Slices::new(std::iter::once(values));
        let of_longs = |values: &[i64]| Slices::owned(values.iter().map(|value| *value as u64).collect());
        Ok(Self(match array.data_type() {
            Arrow::FixedSizeBinary(16) => {
                let raws = array.as_fixed_size_binary().value_data().as_chunks::<16>().0;
                let values = raws.iter().map(|raw| i128::from_le_bytes(*raw)).collect();
                Kind::Wide(Slices::owned(values), Layout::Little(16))
            }
            Arrow::FixedSizeBinary(8) => {
                let raws = array.as_fixed_size_binary().value_data().as_chunks::<8>().0;
                let values = raws.iter().map(|raw| i64::from_le_bytes(*raw).into()).collect();
                Kind::Wide(Slices::owned(values), Layout::Little(8))
            }
            Arrow::Decimal128(..) => {
                let values: &[i128] = array.as_primitive::<Decimal128Type>().values();
                Kind::Wide(Slices::new(std::iter::once(values)), Layout::Big)
            }
            Arrow::UInt32 => {
                let values: &[u32] = array.as_primitive::<UInt32Type>().values();
                Kind::Counts(Slices::new(std::iter::once(values)))
            }
            Arrow::UInt64 => Kind::Longs(one(array.as_primitive::<UInt64Type>().values())),
            Arrow::Int64 => Kind::Longs(of_longs(array.as_primitive::<Int64Type>().values())),
            Arrow::Timestamp(TimeUnit::Nanosecond, _) => {
                Kind::Longs(of_longs(array.as_primitive::<TimestampNanosecondType>().values()))
            }
            Arrow::UInt8 => {
                let values: &[u8] = array.as_primitive::<UInt8Type>().values();
                Kind::Codes(Slices::new(std::iter::once(values)))
            }
            Arrow::Dictionary(..) => {
                let array = array.as_dictionary::<Int8Type>();
                let codes = array.keys().values().iter().map(|code| *code as u8).collect();
                let names: &StringArray = array.values().as_string();
                Kind::Names(Slices::owned(codes), names.iter().map(Option::unwrap_or_default).collect())
            }
            Arrow::Utf8 => Kind::Texts(Texts::Array(array.as_string())),
            other => return Err(ParquetError::NYI(format!("chunks of {other}"))),
        }))
    }
}

/// Values at nine decimals, in 64 bits.
fn narrowed(values: &Slices<'_, i128>) -> std::result::Result<Slices<'static, i128>, ValuesError> {
    let all = values.iter().flatten().enumerate();
    let fitting =
        |(row, value): (usize, &i128)| narrow(*value).map(i128::from).ok_or(ValuesError::Narrow(row, *value));
    Ok(Slices::owned(all.map(fitting).collect::<std::result::Result<_, _>>()?))
}
