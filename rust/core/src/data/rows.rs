//! Rows with what tells them apart, for sources whose rows may come twice: dumps.

use std::ops::Range;

use super::{AnyColumns, DataType, Physical};

/// How rows of a stream that came twice are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Identity {
    /// They are not: the feed's decoder has left them out.
    #[default]
    Arrival,
    /// Rows have no identity; where sources overlap, the earlier one is taken until it ends, then the next.
    Turns,
    /// The key is a hash of the venue's id: rows of one time and key must be equal, and are one.
    Text,
    /// The key is a number of the venue's that orders rows of one time, too.
    Number,
    /// The same, and the numbers follow one another: one missing is a gap, one at two times an error.
    Sequence,
}

impl Identity {
    /// Whether the key orders rows of one receive time.
    #[must_use]
    pub const fn orders(self) -> bool {
        matches!(self, Self::Number | Self::Sequence)
    }
}

/// Rows and, for those of dumps, what tells them apart and what they cost.
#[derive(Debug)]
pub struct Rows {
    /// The rows.
    pub columns: AnyColumns,
    /// By row: the number or the hash that tells it from others (see [`Identity`]). Empty where
    /// rows stand as they came.
    pub keys: Vec<u64>,
    /// By row: the bytes of its line in the source; 0 for a row that shares its line with the one before it.
    pub costs: Vec<u32>,
}

impl Rows {
    /// No rows of `data_type`.
    #[must_use]
    pub fn new(data_type: DataType) -> Self {
        Self { columns: AnyColumns::new(data_type), keys: Vec::new(), costs: Vec::new() }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.rows()
    }

    /// Whether rows have keys and costs.
    #[must_use]
    pub const fn is_marked(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Bytes of memory held, for rows and for more of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.columns.bytes() + self.keys.bytes() + self.costs.bytes()
    }

    /// Drops all rows, keeping the memory.
    pub fn clear(&mut self) {
        self.columns.clear();
        self.keys.clear();
        self.costs.clear();
    }

    /// Makes room for `rows` more rows, with keys and costs where `marked`.
    pub(crate) fn reserve(&mut self, rows: usize, marked: bool) {
        for column in self.columns.physical_mut() {
            column.reserve(rows);
        }
        if marked {
            self.keys.reserve(rows);
            self.costs.reserve(rows);
        }
    }

    /// Takes the rows out, leaving none.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self {
            columns: self.columns.take(),
            keys: std::mem::take(&mut self.keys),
            costs: std::mem::take(&mut self.costs),
        }
    }

    /// Appends rows `range` of `other`.
    pub fn extend_range(&mut self, other: &Self, range: Range<usize>) {
        if other.is_marked() {
            self.keys.extend_from_slice(&other.keys[range.clone()]);
            self.costs.extend_from_slice(&other.costs[range.clone()]);
        }
        self.columns.extend_range(&other.columns, range);
    }

    /// Takes the rows from `at` on out.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let mut rest = Self::new(self.columns.data_type());
        rest.extend_range(self, at..self.rows());
        self.columns.physical_mut().into_iter().for_each(|column| column.truncate(at));
        self.keys.truncate(at);
        self.costs.truncate(at);
        rest
    }

    /// Sorts by receive time, then key where `by_key`, keeping the order of equal ones.
    pub(crate) fn sort(&mut self, by_key: bool) {
        let times = self.columns.ts_init();
        let in_order = if by_key && self.is_marked() {
            (1..times.len()).all(|i| (times[i - 1], self.keys[i - 1]) <= (times[i], self.keys[i]))
        } else {
            times.is_sorted()
        };
        if in_order {
            return;
        }
        let mut order: Vec<u32> = (0..times.len() as u32).collect();
        if by_key && self.is_marked() {
            order.sort_by_key(|&row| (times[row as usize], self.keys[row as usize]));
        } else {
            order.sort_by_key(|&row| times[row as usize]);
        }
        self.gather(&order);
    }

    /// Reorders the rows; see [`Physical::gather`].
    pub(crate) fn gather(&mut self, order: &[u32]) {
        self.columns.gather(order);
        if self.is_marked() {
            Physical::gather(&mut self.keys, order);
            Physical::gather(&mut self.costs, order);
        }
    }

    pub(crate) fn write_range(&self, range: Range<usize>, out: &mut Vec<u8>) {
        if self.is_marked() {
            self.keys.write_range(range.clone(), out);
            self.costs.write_range(range.clone(), out);
        }
        self.columns.write_range(range, out);
    }

    pub(crate) fn read_rows<'b>(
        &mut self,
        rows: usize,
        marked: bool,
        mut bytes: &'b [u8],
    ) -> Option<&'b [u8]> {
        if marked {
            bytes = Physical::read_rows(&mut self.keys, rows, bytes)?;
            bytes = Physical::read_rows(&mut self.costs, rows, bytes)?;
        }
        self.columns.read_rows(rows, bytes)
    }
}

impl From<AnyColumns> for Rows {
    /// Rows that stand as they came.
    fn from(columns: AnyColumns) -> Self {
        Self { columns, keys: Vec::new(), costs: Vec::new() }
    }
}

/// Rows of `data_type` that every flavour can hold, marked, in order.
#[cfg(test)]
pub(crate) fn sample(data_type: DataType, rows: usize) -> Rows {
    use super::ColumnRef;
    let mut sample = Rows::new(data_type);
    let numbers = || (0..rows as u64).map(|row| row * row % 97);
    let mut bytes = Vec::new();
    for column in sample.columns.physical_mut() {
        bytes.clear();
        match column.view() {
            ColumnRef::I128(_) => {
                bytes.extend(numbers().flat_map(|n| (i128::from(n) * 10_i128.pow(14)).to_le_bytes()));
            }
            ColumnRef::U64(_) => bytes.extend((0..rows as u64).flat_map(|row| (row << 30).to_le_bytes())),
            ColumnRef::U32(_) => bytes.extend(numbers().flat_map(|n| (n as u32).to_le_bytes())),
            ColumnRef::U8(_) => bytes.extend(numbers().map(|n| 1 + (n % 2) as u8)),
            ColumnRef::Text(_) => {
                bytes.extend(numbers().flat_map(|n| (n.to_string().len() as u32).to_le_bytes()));
                bytes.extend(numbers().flat_map(|n| n.to_string().into_bytes()));
            }
            _ => continue,
        }
        column.read_rows(rows, &bytes);
    }
    sample.keys = numbers().collect();
    sample.costs = numbers().map(|n| n as u32).collect();
    sample
}
