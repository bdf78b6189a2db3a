//! Rows on their way to files: kept in memory while they fit, spilled as sorted runs when they do not.
//!
//! In: columns in arrival order, nearly but not always in the order of their receive times, a *part* per stream
//! and, for dumps, source. Out ([`super::encode`]): one staged file per stream and partition, whose bytes depend
//! on the rows alone: not on how often [`RowStore::append`] was called, nor on what was spilled, nor on threads.
//!
//! Rows are kept in batches as they came, so that none is copied to make room. A batch that is full is sorted and does
//! not change any more; the rows of its last receive time go to the next one, so that batches of a stream in order do not
//! overlap. Meanwhile [`Ahead`] encodes what will probably be written as it stands: batches end where its groups do,
//! and a group that is done takes the place of its batches, whose memory is used again. A spill writes every batch
//! that is not being encoded as chunks of about [`CHUNK_ROWS`] into one file.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ahead::{Ahead, Cut, Group, Pages};
use super::encode::Partition;
use crate::data::{AnyColumns, DataType, Decimals, Identity, Rows};
use crate::schema::Flavour;
use crate::store::{EncodedGroup, ROW_GROUP_ROWS, StoreError};

/// Rows of a spilled chunk, at most.
const CHUNK_ROWS: usize = 16_384;
/// A batch takes on rows until it has this many: then the next is begun.
const BATCH_ROWS: usize = 8_192;
/// Batches whose memory waits to be used again, at most.
const SPARE: usize = 32;

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
    /// It is being encoded: a group will take its place.
    is_lent: bool,
}

/// The rows of one part: groups that were encoded, chunks that were spilled, batches, and rows that are no batch yet.
#[derive(Debug)]
pub(super) struct Held {
    data_type: DataType,
    pub batches: Vec<Batch>,
    open: Option<Rows>,
    pub chunks: Vec<Chunk>,
    pub groups: Vec<Group>,
    /// All of it stands in the order in which it will be written (see [`Ahead::in_order`]).
    pub in_order: bool,
    identity: Identity,
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
    /// Those of `ahead`, which is over.
    pages: Option<Arc<Pages>>,
    spare: Vec<Rows>,
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
            pages: None,
            spare: Vec::new(),
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

    /// Nothing comes any more, nor is encoded ahead.
    pub(super) fn settle(&mut self) {
        for part in 0..self.held.len() {
            self.seal(part, true);
        }
        let Some(mut ahead) = self.ahead.take() else { return };
        self.pages = Some(ahead.finish());
        self.release(&ahead);
        self.spare.clear();
        for (part, held) in self.held.iter_mut().enumerate() {
            held.in_order = ahead.in_order(part);
        }
    }

    /// A new part, whose repeats are told as `identity` says, and which will be written if all goes as is `likely`;
    /// its number.
    pub fn open(&mut self, data_type: DataType, identity: Identity, likely: bool) -> usize {
        self.held.push(Held::new(data_type, identity));
        if let Some(ahead) = &mut self.ahead {
            ahead.open(data_type, identity, likely);
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
        let spilled = held.chunks.iter().map(|c| c.last).chain(held.groups.iter().map(|g| g.span.last));
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
            if let Some(spare) = self.spare(rows.columns.data_type()) {
                *rows = spare;
            }
        } else {
            self.bytes += held.copy(&rows.columns, (&rows.keys, &rows.costs));
            rows.clear();
        }
        self.end_batch(part)
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
        let spare = if self.held[part].begins_batch() { self.spare(columns.data_type()) } else { None };
        let held = &mut self.held[part];
        held.count(columns.rows(), decimals);
        if let Some(spare) = spare {
            self.bytes += spare.bytes();
            held.open = Some(spare);
        }
        self.bytes += held.copy(columns, (&[], &[]));
        columns.clear();
        self.end_batch(part)
    }

    /// Ends the batch at hand if it is full, and spills if there is too much.
    fn end_batch(&mut self, part: usize) -> Result<(), StoreError> {
        if self.held[part].open.as_ref().is_some_and(|open| open.rows() >= self.batch_rows) {
            self.seal(part, false);
            if let Some(ahead) = self.ahead.take() {
                self.release(&ahead);
                self.ahead = Some(ahead);
            }
        }
        if self.bytes > self.budget { self.spill() } else { Ok(()) }
    }

    /// Ends the batch at hand, `all` of it or but for the rows of its last receive time, which may have company; cut where
    /// groups end.
    fn seal(&mut self, part: usize, all: bool) {
        let held = &mut self.held[part];
        let Some(mut rows) = held.sorted(all) else { return };
        self.bytes += held.open.as_ref().map_or(0, Rows::bytes);
        while rows.rows() > 0 {
            let room = self.ahead.as_ref().map_or(rows.rows(), |ahead| ahead.room(part, &rows));
            let rest = if room < rows.rows() { rows.split_off(room) } else { Rows::new(held.data_type) };
            self.bytes += rest.bytes();
            let (base, rows_now) = (held.numbered, Arc::new(rows));
            held.numbered += rows_now.rows() as u64;
            held.batches.push(Batch { base, rows: rows_now.clone(), is_lent: false });
            let lent = self.ahead.as_mut().map(|ahead| ahead.take(part, &rows_now, base));
            for numbers in lent.into_iter().flatten().flatten() {
                let lent = held.batches.iter_mut().rev().skip_while(|batch| batch.base >= numbers.end);
                lent.take_while(|batch| batch.base >= numbers.start).for_each(|batch| batch.is_lent = true);
            }
            rows = rest;
        }
    }

    /// Puts groups that are done in the place of their batches.
    fn release(&mut self, ahead: &Ahead) {
        for (part, group) in ahead.done() {
            let held = &mut self.held[part];
            let from = held.batches.partition_point(|batch| batch.base < group.span.start);
            let end = group.span.start + group.span.rows as u64;
            let to = held.batches.partition_point(|batch| batch.base < end);
            for batch in held.batches.drain(from..to) {
                self.bytes = self.bytes.saturating_sub(batch.rows.bytes());
                if self.spare.len() < SPARE
                    && let Some(mut rows) = Arc::into_inner(batch.rows)
                {
                    rows.clear();
                    self.spare.push(rows);
                }
            }
            held.groups.push(group);
        }
    }

    /// Memory of rows that are gone, for others of the same type.
    fn spare(&mut self, data_type: DataType) -> Option<Rows> {
        let at = self.spare.iter().rposition(|rows| rows.columns.data_type() == data_type)?;
        Some(self.spare.swap_remove(at))
    }

    fn spill_path(&self) -> PathBuf {
        self.dir.join("spill")
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        self.spare.clear();
        for part in 0..self.held.len() {
            self.seal(part, true);
        }
        // Rows that wait for their group to be full will not be encoded ahead; those that are being encoded stay.
        if let Some(ahead) = &mut self.ahead {
            ahead.forget();
        }
        let path = self.spill_path();
        let failed = |error: io::Error| StoreError::Io { path: path.clone(), source: error };
        if self.spill.is_none() {
            let file = File::options().create_new(true).read(true).write(true).open(&path).map_err(failed)?;
            self.spill = Some((file, 0));
        }
        let Some((file, end)) = &mut self.spill else { return Ok(()) };
        let mut buffer = Vec::new();
        self.bytes = 0;
        for held in &mut self.held {
            let (spilled, stay) =
                std::mem::take(&mut held.batches).into_iter().partition::<Vec<_>, _>(|batch| !batch.is_lent);
            self.bytes += stay.iter().map(|batch| batch.rows.bytes()).sum::<usize>();
            held.batches = stay;
            for Batch { base, rows, .. } in spilled {
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
        Ok(())
    }

    /// Takes a part's rows out.
    pub(super) fn take(&mut self, part: usize) -> Held {
        let empty = Held::new(self.held[part].data_type, self.held[part].identity);
        std::mem::replace(&mut self.held[part], empty)
    }

    /// Drops what was not taken.
    pub(super) fn forget(&mut self) {
        self.held.clear();
    }

    /// A group as it was encoded; nothing where nothing was.
    pub(super) fn load_group(&self, group: &Group) -> Result<Option<EncodedGroup>, StoreError> {
        self.pages.as_ref().map(|pages| pages.load(group)).transpose()
    }

    /// Appends the rows of a group to `into`.
    pub(super) fn restore(&self, group: &Group, into: &mut Rows) -> Result<(), StoreError> {
        self.pages.as_ref().map_or(Ok(()), |pages| pages.restore(group, into))
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
    const fn new(data_type: DataType, identity: Identity) -> Self {
        Self {
            data_type,
            batches: Vec::new(),
            open: None,
            chunks: Vec::new(),
            groups: Vec::new(),
            in_order: false,
            identity,
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

    /// Whether the next row begins a batch, of a stream that has filled one.
    fn begins_batch(&self) -> bool {
        self.numbered > 0 && self.open.as_ref().is_none_or(|open| open.rows() == 0)
    }

    /// Takes out the batch at hand, sorted; `all` of it, or but for the rows of its last receive time.
    fn sorted(&mut self, all: bool) -> Option<Rows> {
        let mut rows = self.open.take().filter(|rows| rows.rows() > 0)?;
        rows.sort(self.identity.orders());
        let times = rows.columns.ts_init();
        let stop = if all { times.len() } else { cut(times, times.len() - 1) };
        if stop < times.len() {
            self.open = Some(rows.split_off(stop));
        }
        Some(rows)
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
