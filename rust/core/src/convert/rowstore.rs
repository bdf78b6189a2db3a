//! Rows on their way to files: kept in memory while they fit, spilled as sorted runs when they do not.
//!
//! In: columns in arrival order, nearly but not always in the order of their receive times, a *part* per stream
//! and, for dumps, source. Out ([`super::encode`]): one staged file per stream and partition, whose bytes depend
//! on the rows alone: not on how often [`RowStore::append`] was called, nor on what was spilled, nor on threads.
//!
//! Rows are kept in batches as they came, so that none is copied to make room. A spill writes every batch, sorted,
//! as chunks of at most [`CHUNK_ROWS`] into one file.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::data::{AnyColumns, DataType, Decimals, Rows};
use crate::store::{ROW_GROUP_ROWS, StoreError};

/// Rows of a spilled chunk, at most.
const CHUNK_ROWS: usize = 16_384;
/// A batch takes on rows until it has this many: then the next is begun.
const BATCH_ROWS: usize = 8_192;

/// Sorted rows of a part that were spilled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    offset: u64,
    bytes: u64,
    pub rows: usize,
    marked: bool,
    pub first: u64,
    pub last: u64,
}

/// The rows of one part: chunks that were spilled, and batches after them.
#[derive(Debug)]
pub(super) struct Held {
    data_type: DataType,
    pub batches: Vec<Rows>,
    pub chunks: Vec<Chunk>,
    by_key: bool,
    decimals: Decimals,
    total: u64,
}

/// Rows by part, under a bound of memory.
#[derive(Debug)]
pub struct RowStore {
    pub(super) dir: PathBuf,
    budget: usize,
    held: Vec<Held>,
    bytes: usize,
    spill: Option<(File, u64)>,
    pub(super) row_group_rows: usize,
}

impl RowStore {
    /// An empty store that stages in `dir` and keeps at most about `budget` bytes in memory.
    #[must_use]
    pub fn new(dir: &Path, budget: usize) -> Self {
        Self {
            dir: dir.to_owned(),
            budget,
            held: Vec::new(),
            bytes: 0,
            spill: None,
            row_group_rows: ROW_GROUP_ROWS,
        }
    }

    /// A new part; its number.
    pub fn open(&mut self, data_type: DataType) -> usize {
        self.open_ordered(data_type, false)
    }

    /// The same, whose rows of one receive time are in the order of their keys where `by_key`.
    pub(super) fn open_ordered(&mut self, data_type: DataType, by_key: bool) -> usize {
        self.held.push(Held::new(data_type, by_key));
        self.held.len() - 1
    }

    /// Rows of a part so far.
    #[must_use]
    pub fn rows(&self, part: usize) -> u64 {
        self.held[part].total
    }

    /// Decimals of a part so far.
    #[must_use]
    pub fn decimals(&self, part: usize) -> Decimals {
        self.held[part].decimals
    }

    /// Last receive time of a part so far; `None` before its first row.
    pub(super) fn last_ts(&self, part: usize) -> Option<u64> {
        let held = &self.held[part];
        let spilled = held.chunks.iter().map(|c| c.last);
        let kept = held.batches.iter().filter_map(|rows| rows.columns.ts_init().iter().copied().max());
        spilled.chain(kept).max()
    }

    /// Takes rows, which are left empty.
    ///
    /// # Errors
    /// What spilling gives.
    pub fn append(&mut self, part: usize, rows: &mut Rows, decimals: Decimals) -> Result<(), StoreError> {
        let held = &mut self.held[part];
        held.count(rows.rows(), decimals);
        if rows.rows() >= BATCH_ROWS {
            self.bytes += rows.bytes();
            held.batches.push(rows.take());
        } else {
            self.bytes += held.copy(&rows.columns, (&rows.keys, &rows.costs));
            rows.clear();
        }
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    /// Takes the rows of `columns`, which stand as they came and are left empty.
    ///
    /// # Errors
    /// What spilling gives.
    pub fn append_columns(
        &mut self,
        part: usize,
        columns: &mut AnyColumns,
        decimals: Decimals,
    ) -> Result<(), StoreError> {
        let held = &mut self.held[part];
        held.count(columns.rows(), decimals);
        self.bytes += held.copy(columns, (&[], &[]));
        columns.clear();
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    fn spill_path(&self) -> PathBuf {
        self.dir.join("spill")
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        let path = self.spill_path();
        let failed = |error: io::Error| StoreError::Io { path: path.clone(), source: error };
        if self.spill.is_none() {
            let file = File::options().create_new(true).read(true).write(true).open(&path).map_err(failed)?;
            self.spill = Some((file, 0));
        }
        let Some((file, end)) = &mut self.spill else { return Ok(()) };
        let mut buffer = Vec::new();
        for held in &mut self.held {
            for mut rows in std::mem::take(&mut held.batches) {
                rows.sort(held.by_key);
                let number = rows.rows();
                for start in (0..number).step_by(CHUNK_ROWS) {
                    let stop = (start + CHUNK_ROWS).min(number);
                    buffer.clear();
                    rows.write_range(start..stop, &mut buffer);
                    file.write_all(&buffer).map_err(failed)?;
                    let times = rows.columns.ts_init();
                    held.chunks.push(Chunk {
                        offset: *end,
                        bytes: buffer.len() as u64,
                        rows: stop - start,
                        marked: rows.is_marked(),
                        first: times[start],
                        last: times[stop - 1],
                    });
                    *end += buffer.len() as u64;
                }
            }
        }
        self.bytes = 0;
        Ok(())
    }

    /// Takes a part's rows out.
    pub(super) fn take(&mut self, part: usize) -> Held {
        let empty = Held::new(self.held[part].data_type, self.held[part].by_key);
        std::mem::replace(&mut self.held[part], empty)
    }

    /// Drops what was not taken.
    pub(super) fn forget(&mut self) {
        self.held.clear();
    }

    /// Reads a chunk and appends it to `into`.
    pub(super) fn load(&self, chunk: &Chunk, into: &mut Rows) -> Result<(), StoreError> {
        let path = self.spill_path();
        let Some((file, _)) = &self.spill else { return Ok(()) };
        let mut bytes = vec![0; chunk.bytes as usize];
        file.read_exact_at(&mut bytes, chunk.offset)
            .map_err(|source| StoreError::Io { path: path.clone(), source })?;
        match into.read_rows(chunk.rows, chunk.marked, &bytes) {
            Some([]) => Ok(()),
            _ => Err(StoreError::Damaged { path, reason: "a spilled run is damaged".to_owned() }),
        }
    }
}

impl Drop for RowStore {
    fn drop(&mut self) {
        if self.spill.is_some() {
            // It is in the staging folder, which goes as well.
            let _ = std::fs::remove_file(self.spill_path());
        }
    }
}

impl Held {
    const fn new(data_type: DataType, by_key: bool) -> Self {
        let decimals = Decimals { price: 0, size: 0 };
        Self { data_type, batches: Vec::new(), chunks: Vec::new(), by_key, decimals, total: 0 }
    }

    fn count(&mut self, rows: usize, decimals: Decimals) {
        self.total += rows as u64;
        self.decimals = self.decimals.max(decimals);
    }

    /// Adds rows to the last batch, or begins one. A stream that has filled a batch will fill the next: that gets
    /// its memory at once, the first one grows, since most streams of a thousand instruments stay small. The bytes
    /// of memory that this took.
    fn copy(&mut self, columns: &AnyColumns, (keys, costs): (&[u64], &[u32])) -> usize {
        let full = self.batches.last().map(|batch| batch.rows() >= BATCH_ROWS);
        if full != Some(false) {
            let mut batch = Rows::new(self.data_type);
            if full.is_some() {
                batch.reserve(BATCH_ROWS, !keys.is_empty());
            }
            self.batches.push(batch);
        }
        let Some(batch) = self.batches.last_mut() else { return 0 };
        let before = if full == Some(false) { batch.bytes() } else { 0 };
        batch.keys.extend_from_slice(keys);
        batch.costs.extend_from_slice(costs);
        batch.columns.extend_range(columns, 0..columns.rows());
        batch.bytes() - before
    }

    /// Sorts each batch.
    pub(super) fn sort(&mut self) {
        for rows in &mut self.batches {
            rows.sort(self.by_key);
        }
    }
}
