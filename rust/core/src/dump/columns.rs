//! Which of a format's columns is where in a file.

use super::DumpSpec;
use super::rows::{ABSENT, ColumnMap, MAX_FIELDS};
use crate::{decimal, time};

/// What a column holds: by this a file without a header is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// Milliseconds or microseconds since 1970.
    Epoch,
    /// A truth value.
    Boolean,
    /// Anything.
    Text,
}

impl Holds {
    fn fits(self, text: &str) -> bool {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::Integer => digits,
            Self::Decimal => decimal::parse(text.as_bytes()).is_ok(),
            Self::Epoch => digits && text.parse().ok().and_then(time::from_epoch).is_some(),
            Self::Boolean => matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE"),
            Self::Text => true,
        }
    }
}

/// One column of a format.
#[derive(Debug)]
pub struct Column {
    /// Its name in a header, and other names it has had.
    pub names: &'static [&'static str],
    /// What it holds.
    pub holds: Holds,
    /// Whether rows cannot be read without it.
    pub needed: bool,
}

impl Column {
    /// A column that rows cannot be read without.
    #[must_use]
    pub const fn needed(names: &'static [&'static str], holds: Holds) -> Self {
        Self { names, holds, needed: true }
    }

    /// A column that is known and may be absent.
    #[must_use]
    pub const fn known(names: &'static [&'static str], holds: Holds) -> Self {
        Self { names, holds, needed: false }
    }
}

/// Where the columns of a format are in a file.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub map: ColumnMap,
    /// Fields of a line.
    pub fields: usize,
    /// How many columns of the format there are.
    pub matched: usize,
    /// Columns that the format does not know.
    pub unknown: Vec<String>,
    /// Columns that the format needs and the file lacks.
    pub missing: Vec<&'static str>,
    /// A name of a column that another has been before it.
    pub twice: Option<String>,
}

impl Found {
    /// Whether rows can be read by it: every column that is needed is there, and none is there twice.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty() && self.twice.is_none()
    }
}

/// The name of a column: OKX has had a translation of it behind a slash, not always in UTF-8.
fn name_of(field: &str) -> &str {
    field.split('/').next().unwrap_or_default().trim()
}

/// Whether a field of a header names a column so.
pub(super) fn is_named(field: &str, name: &str) -> bool {
    name_of(field).eq_ignore_ascii_case(name)
}

/// Finds the columns of a format in a header.
pub(super) fn by_header(spec: &DumpSpec, header: &[String]) -> Found {
    let mut map = [ABSENT; MAX_FIELDS];
    let (mut unknown, mut twice) = (Vec::new(), None);
    let mut matched = 0;
    for (field, name) in header.iter().enumerate().take(MAX_FIELDS) {
        let name = name_of(name);
        let same = |known: &&str| known.eq_ignore_ascii_case(name);
        match spec.columns.iter().position(|column| column.names.iter().any(&same)) {
            Some(column) if map[column] == ABSENT => {
                map[column] = field as u8;
                matched += 1;
            }
            Some(_) => twice = twice.or_else(|| Some(name.to_owned())),
            None => unknown.push(name.to_owned()),
        }
    }
    let lacks = |(at, column): (usize, &Column)| {
        (column.needed && map[at] == ABSENT).then(|| column.names.first().copied()).flatten()
    };
    let missing = spec.columns.iter().enumerate().filter_map(lacks).collect();
    Found { map, fields: header.len(), matched, unknown, missing, twice }
}

/// Finds the columns of a format in a file without a header, by its first row.
pub(super) fn by_position(spec: &DumpSpec, first: &[String]) -> Option<Found> {
    let layout = spec.bare.iter().find(|layout| {
        layout.len() == first.len()
            && layout.iter().zip(first).all(|(column, text)| spec.columns[*column].holds.fits(text))
    })?;
    let mut map = [ABSENT; MAX_FIELDS];
    for (field, column) in layout.iter().enumerate() {
        map[*column] = field as u8;
    }
    let (unknown, missing) = (Vec::new(), Vec::new());
    Some(Found { map, fields: first.len(), matched: first.len(), unknown, missing, twice: None })
}
