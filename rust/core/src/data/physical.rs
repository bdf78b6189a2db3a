//! The physical column kinds every data type is made of, and the few operations that work on all of them.
//!
//! In: values pushed one by one by decoders. Out: slices for [`crate::schema`], bytes for spilled runs.
//! A kind knows how to copy ranges, to reorder itself and to go to bytes and back; nothing above this file
//! names a type's columns to sort, spill or merge them.

use std::ops::Range;

/// A read-only view of one column, by kind.
#[derive(Debug, Clone, Copy)]
pub enum ColumnRef<'a> {
    /// Prices and sizes: value x 10^16.
    I128(&'a [i128]),
    /// Nanoseconds, sequences and ids.
    U64(&'a [u64]),
    /// Counts.
    U32(&'a [u32]),
    /// Enum codes and flags.
    U8(&'a [u8]),
    /// Doubles (greeks only).
    F64(&'a [f64]),
    /// UTF-8 text.
    Text(&'a TextColumn),
    /// `u64` that may be absent.
    OptU64(&'a [Option<u64>]),
    /// `u16` that may be absent.
    OptU16(&'a [Option<u16>]),
    /// `f64` that may be absent.
    OptF64(&'a [Option<f64>]),
    /// `bool` that may be absent.
    OptBool(&'a [Option<bool>]),
}

/// What sorting, spilling and merging need of a column.
pub trait Physical: std::fmt::Debug + Send {
    /// Rows held.
    fn rows(&self) -> usize;
    /// A typed view.
    fn view(&self) -> ColumnRef<'_>;
    /// Appends rows `range` of `other`, which is of the same kind.
    fn extend_range(&mut self, other: ColumnRef<'_>, range: Range<usize>);
    /// Reorders the rows: row `i` of the result is row `order[i]` of now. Rows may be left out.
    fn gather(&mut self, order: &[u32]);
    /// Whether rows `a` and `b` have the same value.
    fn same(&self, a: usize, b: usize) -> bool;
    /// The value of a row, for messages; prices and sizes as decimals.
    fn show(&self, row: usize) -> String;
    /// Drops the rows from `rows` on, keeping the memory.
    fn truncate(&mut self, rows: usize);
    /// Makes room for `rows` more rows.
    fn reserve(&mut self, rows: usize);
    /// Bytes of memory held, for rows and for more of them.
    fn bytes(&self) -> usize;
    /// Appends rows `range` as bytes, little-endian.
    fn write_range(&self, range: Range<usize>, out: &mut Vec<u8>);
    /// Appends `rows` rows read from `bytes`; the rest of `bytes`, or `None` when they are too few.
    fn read_rows<'b>(&mut self, rows: usize, bytes: &'b [u8]) -> Option<&'b [u8]>;
}

macro_rules! fixed {
    ($t:ty, $kind:ident, $n:expr, $show:expr) => {
        impl Physical for Vec<$t> {
            fn rows(&self) -> usize {
                self.len()
            }
            fn view(&self) -> ColumnRef<'_> {
                ColumnRef::$kind(self)
            }
            fn extend_range(&mut self, other: ColumnRef<'_>, range: Range<usize>) {
                if let ColumnRef::$kind(values) = other {
                    self.extend_from_slice(&values[range]);
                } else {
                    debug_assert!(false, "columns of one type have one kind");
                }
            }
            fn gather(&mut self, order: &[u32]) {
                *self = order.iter().map(|&i| self[i as usize]).collect();
            }
            fn same(&self, a: usize, b: usize) -> bool {
                self[a] == self[b]
            }
            fn show(&self, row: usize) -> String {
                let show: fn(&$t) -> String = $show;
                show(&self[row])
            }
            fn truncate(&mut self, rows: usize) {
                Vec::truncate(self, rows);
            }
            fn reserve(&mut self, rows: usize) {
                Vec::reserve(self, rows);
            }
            fn bytes(&self) -> usize {
                self.capacity() * size_of::<$t>()
            }
            fn write_range(&self, range: Range<usize>, out: &mut Vec<u8>) {
                out.reserve(range.len() * $n);
                for value in &self[range] {
                    out.extend_from_slice(&value.to_le_bytes());
                }
            }
            fn read_rows<'b>(&mut self, rows: usize, bytes: &'b [u8]) -> Option<&'b [u8]> {
                let (mine, rest) = bytes.split_at_checked(rows.checked_mul($n)?)?;
                let (chunks, _) = mine.as_chunks::<$n>();
                self.extend(chunks.iter().map(|chunk| <$t>::from_le_bytes(*chunk)));
                Some(rest)
            }
        }
    };
}

fixed!(i128, I128, 16, |value| crate::decimal::text(*value));
fixed!(u64, U64, 8, u64::to_string);
fixed!(u32, U32, 4, u32::to_string);
fixed!(u8, U8, 1, u8::to_string);
fixed!(f64, F64, 8, f64::to_string);

macro_rules! optional {
    ($t:ty, $kind:ident, $n:expr, $to:expr, $from:expr) => {
        impl Physical for Vec<Option<$t>> {
            fn rows(&self) -> usize {
                self.len()
            }
            fn view(&self) -> ColumnRef<'_> {
                ColumnRef::$kind(self)
            }
            fn extend_range(&mut self, other: ColumnRef<'_>, range: Range<usize>) {
                if let ColumnRef::$kind(values) = other {
                    self.extend_from_slice(&values[range]);
                } else {
                    debug_assert!(false, "columns of one type have one kind");
                }
            }
            fn gather(&mut self, order: &[u32]) {
                *self = order.iter().map(|&i| self[i as usize]).collect();
            }
            fn same(&self, a: usize, b: usize) -> bool {
                self[a] == self[b]
            }
            fn show(&self, row: usize) -> String {
                self[row].map_or_else(String::new, |value| value.to_string())
            }
            fn truncate(&mut self, rows: usize) {
                Vec::truncate(self, rows);
            }
            fn reserve(&mut self, rows: usize) {
                Vec::reserve(self, rows);
            }
            fn bytes(&self) -> usize {
                self.capacity() * size_of::<Option<$t>>()
            }
            fn write_range(&self, range: Range<usize>, out: &mut Vec<u8>) {
                let to: fn($t) -> [u8; $n] = $to;
                for value in &self[range] {
                    out.push(u8::from(value.is_some()));
                    out.extend_from_slice(&to(value.unwrap_or_default()));
                }
            }
            fn read_rows<'b>(&mut self, rows: usize, bytes: &'b [u8]) -> Option<&'b [u8]> {
                let from: fn([u8; $n]) -> $t = $from;
                let (mine, rest) = bytes.split_at_checked(rows.checked_mul($n + 1)?)?;
                let (chunks, _) = mine.as_chunks::<{ $n + 1 }>();
                for chunk in chunks {
                    let mut raw = [0; $n];
                    raw.copy_from_slice(&chunk[1..]);
                    self.push((chunk[0] != 0).then(|| from(raw)));
                }
                Some(rest)
            }
        }
    };
}

optional!(u64, OptU64, 8, u64::to_le_bytes, u64::from_le_bytes);
optional!(u16, OptU16, 2, u16::to_le_bytes, u16::from_le_bytes);
optional!(f64, OptF64, 8, f64::to_le_bytes, f64::from_le_bytes);
optional!(bool, OptBool, 1, |b| [u8::from(b)], |b| b[0] != 0);

/// A column of UTF-8 texts: one byte buffer and the end of each text in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextColumn {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl TextColumn {
    /// Appends one text.
    #[inline]
    pub fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len() as u32);
    }

    /// Appends a text of digits.
    #[inline]
    pub(crate) fn push_digits(&mut self, digits: &[u8]) {
        debug_assert!(digits.iter().all(u8::is_ascii_digit), "{digits:?}");
        self.bytes.extend_from_slice(digits);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Appends a decimal integer.
    #[inline]
    pub fn push_u64(&mut self, value: u64) {
        if value < 10_u64.pow(16) {
            let (digits, zeros) = crate::lanes::sixteen_digits(value);
            let zeros = zeros.min(15);
            crate::lanes::push_text(&mut self.bytes, digits >> (8 * zeros), 16 - zeros);
        } else {
            self.bytes.extend_from_slice(value.to_string().as_bytes());
        }
        self.ends.push(self.bytes.len() as u32);
    }

    /// The text of row `row`.
    #[must_use]
    pub fn get(&self, row: usize) -> &str {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        std::str::from_utf8(&self.bytes[start as usize..self.ends[row] as usize]).unwrap_or_default()
    }

    /// Takes the bytes of the texts of some rows.
    pub(crate) fn each_bytes(&self, rows: Range<usize>, mut take: impl FnMut(&[u8])) {
        let mut start = rows.start.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        for end in &self.ends[rows] {
            take(&self.bytes[start..*end as usize]);
            start = *end as usize;
        }
    }

    /// The texts' bytes and ends, taken out.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Vec<u32>) {
        (self.bytes, self.ends)
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts one after another.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each text ends in [`Self::data`].
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|row| self.get(row))
    }
}

impl Physical for TextColumn {
    fn rows(&self) -> usize {
        self.ends.len()
    }
    fn view(&self) -> ColumnRef<'_> {
        ColumnRef::Text(self)
    }
    fn extend_range(&mut self, other: ColumnRef<'_>, range: Range<usize>) {
        let ColumnRef::Text(other) = other else {
            debug_assert!(false, "columns of one type have one kind");
            return;
        };
        if range.is_empty() {
            return;
        }
        let start = if range.start == 0 { 0 } else { other.ends[range.start - 1] };
        let end = other.ends[range.end - 1];
        let base = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&other.bytes[start as usize..end as usize]);
        self.ends.extend(other.ends[range].iter().map(|e| e - start + base));
    }
    fn gather(&mut self, order: &[u32]) {
        let mut sorted = Self::default();
        for &row in order {
            sorted.push(self.get(row as usize));
        }
        *self = sorted;
    }
    fn same(&self, a: usize, b: usize) -> bool {
        self.get(a) == self.get(b)
    }
    fn show(&self, row: usize) -> String {
        self.get(row).to_owned()
    }
    fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }
    fn reserve(&mut self, rows: usize) {
        let mean = self.bytes.len().checked_div(self.ends.len()).unwrap_or(16);
        self.bytes.reserve(rows * (mean + 1));
        self.ends.reserve(rows);
    }
    fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4
    }
    fn write_range(&self, range: Range<usize>, out: &mut Vec<u8>) {
        for row in range.clone() {
            out.extend_from_slice(&(self.get(row).len() as u32).to_le_bytes());
        }
        for row in range {
            out.extend_from_slice(self.get(row).as_bytes());
        }
    }
    fn read_rows<'b>(&mut self, rows: usize, bytes: &'b [u8]) -> Option<&'b [u8]> {
        let (lengths, rest) = bytes.split_at_checked(rows.checked_mul(4)?)?;
        let (lengths, _) = lengths.as_chunks::<4>();
        let total: usize = lengths.iter().map(|l| u32::from_le_bytes(*l) as usize).sum();
        let (text, rest) = rest.split_at_checked(total)?;
        std::str::from_utf8(text).ok()?;
        let mut end = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text);
        for length in lengths {
            end += u32::from_le_bytes(*length);
            self.ends.push(end);
        }
        Some(rest)
    }
}
