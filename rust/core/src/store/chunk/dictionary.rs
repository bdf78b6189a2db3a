//! Which values a column has, in the order in which they come first.

use super::super::parquet::PAGE_ROWS;
use super::values::{Slices, Wide};

/// No value.
const FREE: u32 = u32::MAX;

/// The values of a column and, for each row, which it is.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    /// Values as they came first.
    pub values: Vec<u128>,
    /// By row: the place of its value.
    pub indices: Vec<u32>,
    /// Places by hash, a power of two of them, at most half taken.
    table: Vec<u32>,
}

/// Where the search for a value begins in a table of `1 << bits`.
fn slot(value: u128, bits: u32) -> usize {
    // Prices and sizes are multiples of a power of ten: the product's high bits depend on all of theirs.
    let folded = (value as u64) ^ (value >> 64) as u64;
    (folded.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - bits)) as usize
}

/// Whether a column will bring new values at the same rate: five in eight rows of its second page are, hardly fewer than in the
/// first. Then they take less as they are.
const fn is_endless(new_in_first: usize, new_in_second: usize) -> bool {
    new_in_second * 8 >= PAGE_ROWS * 5 && new_in_second * 16 >= new_in_first * 15
}

impl Dictionary {
    /// Fills it from a column, and says whether it did: not where there are more than `most` values, or where the first two of
    /// many pages tell that most rows bring a new one, and will go on to.
    pub fn fill<T: Wide>(&mut self, column: &Slices<'_, T>, most: usize) -> bool {
        let is_long = column.rows() >= 4 * PAGE_ROWS;
        let mut new_in_first = 0;
        self.values.clear();
        self.indices.clear();
        self.indices.reserve(column.rows());
        self.table.clear();
        self.table.resize(1 << 8, FREE);
        let mut bits = 8;
        let (mut last, mut last_index) = (None, 0);
        for value in column.iter().flatten().map(|value| value.bits()) {
            if is_long && self.indices.len().is_multiple_of(PAGE_ROWS) {
                match self.indices.len() / PAGE_ROWS {
                    1 => new_in_first = self.values.len(),
                    2 if is_endless(new_in_first, self.values.len() - new_in_first) => return false,
                    _ => {}
                }
            }
            if last == Some(value) {
                self.indices.push(last_index);
                continue;
            }
            let mut at = slot(value, bits);
            let index = loop {
                match self.table[at] {
                    FREE => {
                        if self.values.len() == most {
                            return false;
                        }
                        let index = self.values.len() as u32;
                        self.table[at] = index;
                        self.values.push(value);
                        if self.values.len() * 2 > self.table.len() {
                            bits += 1;
                            self.grow(bits);
                        }
                        break index;
                    }
                    index if self.values[index as usize] == value => break index,
                    _ => at = (at + 1) & (self.table.len() - 1),
                }
            };
            self.indices.push(index);
            (last, last_index) = (Some(value), index);
        }
        true
    }

    #[cold]
    fn grow(&mut self, bits: u32) {
        self.table.clear();
        self.table.resize(1 << bits, FREE);
        for (index, value) in self.values.iter().enumerate() {
            let mut at = slot(*value, bits);
            while self.table[at] != FREE {
                at = (at + 1) & (self.table.len() - 1);
            }
            self.table[at] = index as u32;
        }
    }
}
