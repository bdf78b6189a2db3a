//! Rows of one number that differ: what to do, and which they are.
//!
//! A number that comes at one time is judged while its rows are written. One that comes at two times, in one
//! partition or in two, is known only when all are written: such numbers are looked up in the rows, and where rows
//! are to be left out their partitions are written again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::ConvertError;
use super::encode::Prepared;
use crate::data::Rows;

/// What to do about rows of one number that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflicts {
    /// Stop, and show both.
    #[default]
    Error,
    /// Keep the earlier one, of one time that of the earlier source; the others are rejects.
    First,
    /// Keep all of them.
    Keep,
}

impl FromStr for Conflicts {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name {
            "error" => Ok(Self::Error),
            "first" => Ok(Self::First),
            "keep" => Ok(Self::Keep),
            _ => Err(()),
        }
    }
}

/// A row that is not the first of its number, and differs from that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Number of its source.
    pub source: u32,
    /// Its receive time, ns UTC.
    pub ts: u64,
    /// The first row of its number, and its source.
    pub first: String,
    /// The row.
    pub row: String,
}

/// Rows that came at a later time than the first of their number: key and receive time of each.
pub(super) type Excluded = BTreeSet<(u64, u64)>;

/// More of them are no accident.
const MOST: usize = 1 << 20;

/// One row of a number looked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    ts: u64,
    arrival: u32,
    row: u32,
}

impl Prepared<'_> {
    /// Looks for rows of the numbers in `spans` that came at several times; there may be none, since old holes are
    /// forgotten ([`super::ids::IdRuns`]).
    #[cold]
    pub(super) fn differing(
        &self,
        spans: &[RangeInclusive<u64>],
        conflicts: Conflicts,
        source: &(dyn Fn(u32) -> String + Sync),
    ) -> Result<(Excluded, Vec<Differing>), ConvertError> {
        let mut found: BTreeMap<u64, Vec<Found>> = BTreeMap::new();
        self.each_piece(|arrival, rows, range| {
            let times = rows.columns.ts_init();
            for row in range.filter(|row| self.plan.after.is_none_or(|after| times[*row] > after)) {
                let key = rows.keys[row];
                if spans.iter().any(|span| span.contains(&key)) {
                    found.entry(key).or_default().push(Found { ts: times[row], arrival, row: row as u32 });
                }
            }
        })?;
        for rows in found.values_mut() {
            rows.sort_unstable();
        }
        found.retain(|_, rows| rows[0].ts != rows[rows.len() - 1].ts);
        let (mut excluded, mut differing) = (Excluded::new(), Vec::new());
        for (key, rows) in found {
            let first = self.show(rows[0], source)?;
            for (before, other) in rows.iter().zip(&rows[1..]) {
                // Where rows are kept, one of a time that has one already was told when it was written.
                let is_told = conflicts == Conflicts::Keep && before.ts == other.ts;
                if other.ts == rows[0].ts || is_told {
                    continue;
                }
                let row = self.show(*other, source)?;
                if conflicts == Conflicts::Error || differing.len() == MOST {
                    return Err(self.conflict(first, row));
                }
                excluded.insert((key, other.ts));
                let number = self.source_of(other.arrival);
                differing.push(Differing { source: number, ts: other.ts, first: first.clone(), row });
            }
        }
        Ok((excluded, differing))
    }

    /// A row and its source, for people.
    fn show(&self, found: Found, source: &(dyn Fn(u32) -> String + Sync)) -> Result<String, ConvertError> {
        let mut scratch = Rows::new(self.plan.data_type);
        let piece = self.pieces.iter().find(|piece| piece.arrival == found.arrival);
        let Some(piece) = piece else { return Ok(String::new()) };
        let (rows, _) = self.fetch(piece, &mut scratch)?;
        Ok(self.shown(rows, found.row as usize, found.arrival, source))
    }

    /// The same of a row at hand.
    pub(super) fn shown(
        &self,
        rows: &Rows,
        row: usize,
        arrival: u32,
        source: &(dyn Fn(u32) -> String + Sync),
    ) -> String {
        format!("{} in {}", rows.columns.show(row), source(self.source_of(arrival)))
    }

    #[cold]
    pub(super) fn conflict(&self, first: String, second: String) -> ConvertError {
        let (data_type, id) = (self.plan.data_type.to_string(), self.plan.id.clone());
        ConvertError::Conflict { data_type, id, first, second }
    }
}
