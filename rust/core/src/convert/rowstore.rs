//! Rows on their way to files: kept in memory while they fit, spilled as sorted runs when they do not.
//!
//! In: columns in arrival order, nearly but not always in the order of their receive times, a *part* per stream
//! and, for dumps, source. Out ([`super::encode`]): one staged file per stream and partition, whose bytes depend
//! on the rows alone: not on how often [`RowStore::append`] was called, nor on what was spilled, nor on threads.
//!
//! Rows are kept in batches as they came, so that none is copied to make room. A batch that is full is sorted and does
//! not change any more; the rows of its last receive time go to the next one, so that batches of a stream in order do not
//! overlap. A spill writes every batch as chunks of about [`CHUNK_ROWS`] into one file. Meanwhile [`Ahead`] encodes
//! what will probably be written as it stands.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ahead::{Ahead, Cut, Groups};
use super::encode::Partition;
use crate::data::{AnyColumns, DataType, Decimals, Rows};
use crate::schema::Flavour;
use crate::store::{ROW_GROUP_ROWS, StoreError};

/// Rows of a spilled chunk, at most.
const CHUNK_ROWS: usize = 16_384;
/// A batch takes on rows until it has this many: then the next is begun.
const BATCH_ROWS: usize = 8_192;

/// Sorted rows of a part that were spilled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    /// Number of its first row in the part.
    pub base: u64,
    offset: u64,
    bytes: u64,
    pub rows: usize,
    marked: bool,
    pub first: u64,
    pub last: u64,
}

/// A batch that is full: sorted.
#[derive(Debug)]
pub(super) struct Batch {
    /// Number of its first row in the part.
    pub base: u64,
    pub rows: Arc<Rows>,
}

/// The rows of one part: chunks that were spilled, batches after them, and rows that are no batch yet.
#[derive(Debug)]
pub(super) struct Held {
    data_type: DataType,
    pub batches: Vec<Batch>,
    open: Option<Rows>,
    pub chunks: Vec<Chunk>,
    by_key: bool,
    decimals: Decimals,
    total: u64,
    /// Rows in batches so far, spilled ones too.
    numbered: u64,
}

/// Rows by part, under a bound of memory.
#[derive(Debug)]
pub struct RowStore {
    pub(super) dir: PathBuf,
    budget: usize,
    held: Vec<Held>,
    bytes: usize,
    spill: Option<(File, u64)>,
    ahead: Option<Ahead>,
    pub(super) row_group_rows: usize,
    pub(super) batch_rows: usize,
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
            ahead: None,
            row_group_rows: ROW_GROUP_ROWS,
            batch_rows: BATCH_ROWS,
        }
    }

    /// Has `threads` threads encode row groups while rows come. Before the first part is opened.
    pub(super) fn encode_ahead(
        &mut self,
        flavour: Flavour,
        partition: Partition,
        threads: usize,
    ) -> Result<(), StoreError> {
        debug_assert!(self.held.is_empty(), "parts are numbered alike");
        let (partition, row_group_rows, worth) = (partition.length(), self.row_group_rows, self.batch_rows);
        let cut = Cut { flavour, partition, row_group_rows, worth, threads };
        self.ahead = Some(Ahead::start(&self.dir, cut)?);
        Ok(())
    }

    /// What was encoded ahead; nothing is any more.
    pub(super) fn ahead(&mut self) -> Groups {
        self.ahead.take().map_or(Groups::none(), Ahead::finish)
    }

    /// A new part, whose rows of one receive time are in the order of their keys where `by_key`, and which will be
    /// written if all goes as is `likely`; its number.
    pub fn open(&mut self, data_type: DataType, by_key: bool, likely: bool) -> usize {
        self.held.push(Held::new(data_type, by_key));
        if let Some(ahead) = &mut self.ahead {
            ahead.open(data_type, by_key, likely);
        }
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
        let kept = held.batches.iter().filter_map(|batch| batch.rows.columns.ts_init().last().copied());
        let open = held.open.iter().flat_map(|rows| rows.columns.ts_init().iter().copied());
        spilled.chain(kept).chain(open).max()
    }

    /// Takes rows, which are left empty.
    ///
    /// # Errors
    /// What spilling gives.
    pub fn append(&mut self, part: usize, rows: &mut Rows, decimals: Decimals) -> Result<(), StoreError> {
        let held = &mut self.held[part];
        held.count(rows.rows(), decimals);
        if rows.rows() >= self.batch_rows && held.open.as_ref().is_none_or(|open| open.rows() == 0) {
            self.bytes += rows.bytes();
            held.open = Some(rows.take());
        } else {
            self.bytes += held.copy(&rows.columns, (&rows.keys, &rows.costs));
            rows.clear();
        }
        self.settle(part)
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
        self.settle(part)
    }

    /// Ends the batch at hand if it is full, and spills if there is too much.
    fn settle(&mut self, part: usize) -> Result<(), StoreError> {
        let held = &mut self.held[part];
        let is_full = held.open.as_ref().is_some_and(|open| open.rows() >= self.batch_rows);
        if is_full && let Some(batch) = held.seal(false) {
            if let Some(ahead) = &mut self.ahead {
                ahead.take(part, &batch.rows, batch.base);
            }
            self.bytes += held.open.as_ref().map_or(0, Rows::bytes);
        }
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
        for (part, held) in self.held.iter_mut().enumerate() {
            if let (Some(batch), Some(ahead)) = (held.seal(true), &mut self.ahead) {
                ahead.take(part, &batch.rows, batch.base);
            }
            for Batch { base, rows } in std::mem::take(&mut held.batches) {
                let times = rows.columns.ts_init();
                let mut start = 0;
                while start < times.len() {
                    let stop = start + cut(&times[start..], CHUNK_ROWS);
                    buffer.clear();
                    rows.write_range(start..stop, &mut buffer);
                    file.write_all(&buffer).map_err(failed)?;
                    held.chunks.push(Chunk {
                        base: base + start as u64,
                        offset: *end,
                        bytes: buffer.len() as u64,
                        rows: stop - start,
                        marked: rows.is_marked(),
                        first: times[start],
                        last: times[stop - 1],
                    });
                    *end += buffer.len() as u64;
                    start = stop;
                }
            }
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.forget();
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
        Self {
            data_type,
            batches: Vec::new(),
            open: None,
            chunks: Vec::new(),
            by_key,
            decimals: Decimals { price: 0, size: 0 },
            total: 0,
            numbered: 0,
        }
    }

    fn count(&mut self, rows: usize, decimals: Decimals) {
        self.total += rows as u64;
        self.decimals = self.decimals.max(decimals);
    }

    /// Adds rows to the batch at hand. A stream that has filled a batch will fill the next: that gets its memory at
    /// once, the first one grows, since most streams of a thousand instruments stay small. The bytes of memory that
    /// this took.
    fn copy(&mut self, columns: &AnyColumns, (keys, costs): (&[u64], &[u32])) -> usize {
        let follows = self.numbered > 0;
        let before = self.open.as_ref().map_or(0, Rows::bytes);
        let batch = self.open.get_or_insert_with(|| Rows::new(self.data_type));
        if follows && batch.rows() == 0 {
            batch.reserve(BATCH_ROWS, !keys.is_empty());
        }
        batch.keys.extend_from_slice(keys);
        batch.costs.extend_from_slice(costs);
        batch.columns.extend_range(columns, 0..columns.rows());
        batch.bytes() - before
    }

    /// Ends the batch at hand; `all` of it, or but for the rows of its last receive time, which may have company.
    pub(super) fn seal(&mut self, all: bool) -> Option<&Batch> {
        let mut rows = self.open.take().filter(|rows| rows.rows() > 0)?;
        rows.sort(self.by_key);
        let times = rows.columns.ts_init();
        let stop = if all { times.len() } else { cut(times, times.len() - 1) };
        if stop < times.len() {
            self.open = Some(rows.split_off(stop));
        }
        let base = self.numbered;
        self.numbered += rows.rows() as u64;
        self.batches.push(Batch { base, rows: Arc::new(rows) });
        self.batches.last()
    }
}

/// The most rows, about `most`, that do not part rows of one receive time: more where as many have the same.
fn cut(times: &[u64], most: usize) -> usize {
    if times.len() <= most {
        return times.len();
    }
    match times[..most].partition_point(|ts| *ts < times[most]) {
        0 => times.partition_point(|ts| *ts <= times[most]),
        stop => stop,
    }
}
