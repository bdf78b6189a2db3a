//! Rows of separated text, read where they lie in the inflated bytes.
//!
//! In: a block of whole lines. Out: [`Row`]s, whose fields are spans of the block: no allocation, no copy, and
//! numbers read sixteen bytes at a time. [`Splitter::next`] finds a line's separators thirty-two bytes at a time.
//! A line with a quote in it goes another way: its fields are unquoted into a scratch, and the same `Row` points
//! there. A field holds no new line: dumps have none, and a line that ends inside quotes is a reject, so that a
//! stray quote cannot swallow a file.

use memchr::memchr;

use super::error::{Fault, FaultKind};
use crate::data::Decimals;
use crate::decimal::{self, Decimal};
use crate::quoted::unquote;
use crate::{lanes, time};

/// Fields of a line that are told apart; more are a fault.
pub(super) const MAX_FIELDS: usize = 128;
/// Bytes after the lines of a block, so that numbers at its end are read as others are.
pub(super) const PADDING: usize = 32;
/// A column that the file does not have.
pub(super) const ABSENT: u8 = u8::MAX;

/// Where each of the format's columns is in the file: the field's number, or [`ABSENT`].
pub type ColumnMap = [u8; MAX_FIELDS];

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    bytes: &'a [u8],
    start: u32,
    /// Where each field ends.
    ends: &'a [u32],
    map: &'a ColumnMap,
}

/// Lines of a block, one after another.
#[derive(Debug)]
pub struct Splitter {
    ends: Box<[u32; MAX_FIELDS]>,
    scratch: Vec<u8>,
}

/// A line as [`Splitter::next`] found it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Where its text ends; the line end is not part of it.
    pub text: usize,
    /// Where the next line starts.
    pub next: usize,
    fields: usize,
    quoted: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self { ends: Box::new([0; MAX_FIELDS]), scratch: Vec::new() }
    }
}

impl Splitter {
    /// The line at `start` of `block`, whose lines end at `end`. Fields beyond [`MAX_FIELDS`] are not told apart.
    #[inline]
    pub(super) fn next(&mut self, block: &[u8], start: usize, end: usize) -> Line {
        let (mut base, mut fields, mut quotes) = (start, 0, 0_u64);
        let newline = loop {
            let Some(chunk) = block.get(base..).and_then(|rest| rest.first_chunk::<32>()) else {
                // The last line, without a new line and without padding.
                for (at, byte) in block[base..end].iter().enumerate() {
                    quotes |= u64::from(*byte == b'"');
                    if *byte == b'\n' {
                        break;
                    }
                    if *byte == b',' {
                        self.ends[fields & (MAX_FIELDS - 1)] = (base + at) as u32;
                        fields += 1;
                    }
                }
                break memchr(b'\n', &block[base..end]).map_or(end, |at| base + at);
            };
            let newlines = lanes::equal32(chunk, b'\n');
            // The bits before the new line; all of them where there is none.
            let before = newlines.wrapping_sub(1) & !newlines;
            let mut commas = lanes::equal32(chunk, b',') & before;
            quotes |= lanes::equal32(chunk, b'"') & before;
            while commas != 0 {
                self.ends[fields & (MAX_FIELDS - 1)] = (base + commas.trailing_zeros() as usize) as u32;
                fields += 1;
                commas &= commas - 1;
            }
            if newlines != 0 {
                break base + newlines.trailing_zeros() as usize;
            }
            base += 32;
            if base >= end {
                break end;
            }
        };
        // Padding is no part of the last line.
        let newline = newline.min(end);
        let text = if newline > start && block[newline - 1] == b'\r' { newline - 1 } else { newline };
        self.ends[fields & (MAX_FIELDS - 1)] = text as u32;
        Line { text, next: (newline + 1).min(end), fields: fields + 1, quoted: quotes != 0 }
    }

    /// The row of a line that starts at `start`.
    ///
    /// # Errors
    /// [`FaultKind::Fields`] unless it has `fields` fields, [`FaultKind::Quotes`].
    #[inline]
    pub(super) fn row<'a>(
        &'a mut self,
        block: &'a [u8],
        start: usize,
        line: Line,
        fields: usize,
        map: &'a ColumnMap,
    ) -> Result<Row<'a>, Fault> {
        if line.quoted {
            return self.unquoted(&block[start..line.text], fields, map);
        }
        if line.fields != fields {
            return Err(FaultKind::Fields.into());
        }
        Ok(Row { bytes: block, start: start as u32, ends: &self.ends[..fields], map })
    }

    #[cold]
    fn unquoted<'a>(&'a mut self, text: &[u8], fields: usize, map: &'a ColumnMap) -> Result<Row<'a>, Fault> {
        self.scratch.clear();
        let mut found = 0;
        let mut at = 0;
        loop {
            if text.get(at) == Some(&b'"') {
                at = unquote(text, at + 1, &mut self.scratch).ok_or(FaultKind::Quotes)?;
            } else {
                let end = memchr(b',', &text[at..]).map_or(text.len(), |end| at + end);
                self.scratch.extend_from_slice(&text[at..end]);
                at = end;
            }
            if found == MAX_FIELDS {
                return Err(FaultKind::Fields.into());
            }
            self.ends[found] = self.scratch.len() as u32;
            found += 1;
            match text.get(at) {
                None => break,
                Some(b',') => at += 1,
                Some(_) => return Err(FaultKind::Quotes.into()),
            }
            self.scratch.push(b',');
        }
        if found != fields {
            return Err(FaultKind::Fields.into());
        }
        self.scratch.extend_from_slice(&[0; PADDING]);
        Ok(Row { bytes: &self.scratch, start: 0, ends: &self.ends[..fields], map })
    }
}

impl<'a> Row<'a> {
    #[inline(always)]
    fn span(&self, column: usize) -> (usize, usize) {
        let field = usize::from(self.map[column]);
        let Some(end) = self.ends.get(field) else { return (0, 0) };
        let start = if field == 0 { self.start } else { self.ends[field - 1] + 1 };
        (start as usize, *end as usize)
    }

    /// The text of a column; empty where the file does not have it.
    #[inline(always)]
    #[must_use]
    pub fn bytes(&self, column: usize) -> &'a [u8] {
        let (start, end) = self.span(column);
        &self.bytes[start..end]
    }

    /// The same as text.
    ///
    /// # Errors
    /// [`FaultKind::Utf8`].
    #[inline]
    pub fn text(&self, column: usize) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.bytes(column)).map_err(|_| fault(FaultKind::Utf8, column))
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`FaultKind::Integer`].
    #[inline(always)]
    pub fn integer(&self, column: usize) -> Result<u64, Fault> {
        let (start, end) = self.span(column);
        integer(self.bytes, start, end).ok_or(fault(FaultKind::Integer, column))
    }

    /// A decimal number.
    ///
    /// # Errors
    /// [`FaultKind::Decimal`], [`FaultKind::Empty`].
    #[inline(always)]
    pub fn decimal(&self, column: usize) -> Result<Decimal, Fault> {
        let (start, end) = self.span(column);
        if let Some(chunk) = self.bytes.get(start..).and_then(|rest| rest.first_chunk::<16>()) {
            let dot = (lanes::equal16(chunk, b'.') | 1 << 16).trailing_zeros() as usize;
            let dot = (start + dot).min(end);
            if let Some(decimal) = decimal::short(self.bytes, start, decimal::Ends { dot, end }) {
                return Ok(decimal);
            }
        }
        decimal::anew(slow_decimal(&self.bytes[start..end], column))
    }

    /// A price that must be positive.
    ///
    /// # Errors
    /// [`FaultKind::Price`] and those of [`Self::decimal`].
    #[inline(always)]
    pub fn price(&self, column: usize) -> Result<Decimal, Fault> {
        let price = self.decimal(column)?;
        if price.value <= 0 { Err(fault(FaultKind::Price, column)) } else { Ok(price) }
    }

    /// A size that may be zero.
    ///
    /// # Errors
    /// [`FaultKind::Size`] and those of [`Self::decimal`].
    #[inline(always)]
    pub fn size(&self, column: usize) -> Result<Decimal, Fault> {
        let size = self.decimal(column)?;
        if size.value < 0 { Err(fault(FaultKind::Size, column)) } else { Ok(size) }
    }

    /// Milliseconds or microseconds since 1970, by magnitude, as ns.
    ///
    /// # Errors
    /// [`FaultKind::Time`], [`FaultKind::Integer`].
    #[inline(always)]
    pub fn epoch(&self, column: usize) -> Result<u64, Fault> {
        time::from_epoch(self.integer(column)?).ok_or(fault(FaultKind::Time, column))
    }

    /// A truth value in any of its spellings.
    ///
    /// # Errors
    /// [`FaultKind::Boolean`].
    #[inline(always)]
    pub fn boolean(&self, column: usize) -> Result<bool, Fault> {
        match self.bytes(column) {
            b"true" | b"True" | b"TRUE" | b"1" => Ok(true),
            b"false" | b"False" | b"FALSE" | b"0" => Ok(false),
            _ => Err(fault(FaultKind::Boolean, column)),
        }
    }
}

/// A fault in a column.
#[must_use]
pub(super) const fn fault(kind: FaultKind, column: usize) -> Fault {
    Fault { kind, column: Some(column as u8) }
}

/// The decimals of a price and a size.
#[must_use]
pub(super) const fn decimals(price: Decimal, size: Decimal) -> Decimals {
    Decimals { price: price.significant, size: size.significant }
}

#[cold]
fn slow_decimal(text: &[u8], column: usize) -> Result<Decimal, Fault> {
    if text.is_empty() {
        return Err(fault(FaultKind::Empty, column));
    }
    decimal::parse(text).map_err(|error| fault(FaultKind::Decimal(error), column))
}

/// The number that the digits `bytes[start..end]` spell.
#[inline(always)]
fn integer(bytes: &[u8], start: usize, end: usize) -> Option<u64> {
    let length = end - start;
    if length.wrapping_sub(1) < 16 {
        let (head, tail) = if length > 8 { (length - 8, 8) } else { (0, length) };
        if let Some(below) = lanes::digit_word(bytes, end - tail) {
            let below = below << (64 - 8 * tail);
            // At least eight bytes of digits and padding follow.
            let above = if head == 0 { 0 } else { lanes::digit_word(bytes, start)? << (64 - 8 * head) };
            return lanes::are_digits(above, below)
                .then(|| lanes::eight_digits(above) * 100_000_000 + lanes::eight_digits(below));
        }
    }
    slow_integer(&bytes[start..end])
}

#[cold]
fn slow_integer(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests;
