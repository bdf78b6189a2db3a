//! Rows on their way to files: kept in memory while they fit, spilled as sorted runs when they do not.
//!
//! In: columns in arrival order, nearly but not always in the order of their receive times. Out: one staged
//! file per stream and partition, in the order (receive time, arrival), whose bytes depend on the rows alone:
//! not on how often [`RowStore::append`] was called, nor on what was spilled, nor on threads.
//!
//! A spill writes every stream's rows, sorted, as chunks of at most [`CHUNK_ROWS`] into one file. At the end a
//! stream's chunks are taken in the order of their first times; chunks whose spans meet are loaded together and
//! sorted as one, which for a clock that runs forward is one chunk at a time.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::data::{AnyColumns, DataType, Decimals};
use crate::schema::{Flavour, Label};
use crate::store::{FileWriter, NewFile, ROW_GROUP_ROWS, StoreError};
use crate::time;

const CHUNK_ROWS: usize = 16_384;

/// How files are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partition {
    /// One file per UTC day.
    #[default]
    Day,
    /// One file per UTC hour.
    Hour,
}

impl Partition {
    const fn length(self) -> u64 {
        match self {
            Self::Day => time::DAY,
            Self::Hour => time::HOUR,
        }
    }
}

type Written = Result<Vec<NewFile>, StoreError>;

#[derive(Debug, Clone, Copy)]
struct Chunk {
    offset: u64,
    bytes: u64,
    rows: usize,
    first: u64,
    last: u64,
}

#[derive(Debug)]
struct Held {
    columns: AnyColumns,
    chunks: Vec<Chunk>,
    decimals: Decimals,
    rows: u64,
}

/// Rows by stream, under a bound of memory.
#[derive(Debug)]
pub struct RowStore {
    dir: PathBuf,
    budget: usize,
    held: Vec<Held>,
    bytes: usize,
    spill: Option<(File, u64)>,
    row_group_rows: usize,
}

/// What a stream's files are to be.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// Number of the stream in the store.
    pub stream: usize,
    /// Type of the rows.
    pub data_type: DataType,
    /// Instrument id, or bar type.
    pub id: String,
    /// Instrument id.
    pub instrument_id: String,
    /// Decimals to label with: price and size.
    pub precision: (u8, u8),
    /// Rows up to this receive time are left out.
    pub after: Option<u64>,
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

    /// A new stream; its number.
    pub fn open(&mut self, data_type: DataType) -> usize {
        let columns = AnyColumns::new(data_type);
        self.held.push(Held { columns, chunks: Vec::new(), decimals: Decimals::default(), rows: 0 });
        self.held.len() - 1
    }

    /// Rows of a stream so far.
    #[must_use]
    pub fn rows(&self, stream: usize) -> u64 {
        self.held[stream].rows
    }

    /// Decimals of a stream so far.
    #[must_use]
    pub fn decimals(&self, stream: usize) -> Decimals {
        self.held[stream].decimals
    }

    /// Takes the rows of `columns`, which is left empty.
    ///
    /// # Errors
    /// What spilling gives.
    pub fn append(
        &mut self,
        stream: usize,
        columns: &mut AnyColumns,
        decimals: Decimals,
    ) -> Result<(), StoreError> {
        let rows = columns.rows();
        let held = &mut self.held[stream];
        held.rows += rows as u64;
        held.decimals = held.decimals.max(decimals);
        self.bytes += columns.bytes();
        if held.columns.rows() == 0 {
            held.columns = columns.take();
        } else {
            held.columns.extend_range(columns, 0..rows);
            columns.clear();
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
        for held in &mut self.held {
            if held.columns.rows() == 0 {
                continue;
            }
            let mut columns = held.columns.take();
            columns.sort();
            let rows = columns.rows();
            for start in (0..rows).step_by(CHUNK_ROWS) {
                let stop = (start + CHUNK_ROWS).min(rows);
                buffer.clear();
                columns.write_range(start..stop, &mut buffer);
                file.write_all(&buffer).map_err(failed)?;
                let times = columns.ts_init();
                held.chunks.push(Chunk {
                    offset: *end,
                    bytes: buffer.len() as u64,
                    rows: stop - start,
                    first: times[start],
                    last: times[stop - 1],
                });
                *end += buffer.len() as u64;
            }
        }
        self.bytes = 0;
        Ok(())
    }

    /// Writes the files of the streams planned, on `threads` threads. The order of the answer is that of the
    /// plan and, within a stream, of time.
    ///
    /// # Errors
    /// A value that the flavour cannot hold, or what writing gives.
    pub fn finish(
        mut self,
        plans: &[StreamPlan],
        flavour: Flavour,
        partition: Partition,
        threads: usize,
        done: &(dyn Fn(u64) -> bool + Sync),
    ) -> Result<Vec<NewFile>, StoreError> {
        use std::sync::Mutex;
        use std::sync::atomic::{AtomicUsize, Ordering};

        let mut parts: Vec<Mutex<Option<Held>>> = Vec::with_capacity(plans.len());
        for plan in plans {
            let empty = Held {
                columns: AnyColumns::new(plan.data_type),
                chunks: Vec::new(),
                decimals: Decimals::default(),
                rows: 0,
            };
            parts.push(Mutex::new(Some(std::mem::replace(&mut self.held[plan.stream], empty))));
        }
        // What is not planned goes at once.
        self.held.clear();
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Written>>> = plans.iter().map(|_| Mutex::new(None)).collect();
        let store = &self;
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(plan) = plans.get(at) else { break };
                        let held = parts[at].lock().ok().and_then(|mut part| part.take());
                        let Some(held) = held else { continue };
                        let rows = held.rows;
                        let written = store.write_stream(at, plan, held, flavour, partition, done);
                        let failed = written.is_err();
                        if let Ok(mut slot) = results[at].lock() {
                            *slot = Some(written);
                        }
                        if failed || !done(rows) {
                            // The others stop as well: there will be no commit.
                            next.store(plans.len(), Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let mut files = Vec::new();
        for slot in results {
            // A thread that panicked has told already; a stream that was not reached has no files.
            if let Ok(Some(written)) = slot.into_inner() {
                files.extend(written?);
            }
        }
        if self.spill.is_some() {
            let _ = std::fs::remove_file(self.spill_path());
        }
        Ok(files)
    }

    fn load(&self, chunk: &Chunk, into: &mut AnyColumns) -> Result<(), StoreError> {
        let path = self.spill_path();
        let Some((file, _)) = &self.spill else { return Ok(()) };
        let mut bytes = vec![0; chunk.bytes as usize];
        file.read_exact_at(&mut bytes, chunk.offset)
            .map_err(|source| StoreError::Io { path: path.clone(), source })?;
        match into.read_rows(chunk.rows, &bytes) {
            Some([]) => Ok(()),
            _ => Err(StoreError::Damaged { path, reason: "a spilled run is damaged".to_owned() }),
        }
    }

    fn write_stream(
        &self,
        number: usize,
        plan: &StreamPlan,
        mut held: Held,
        flavour: Flavour,
        partition: Partition,
        done: &dyn Fn(u64) -> bool,
    ) -> Result<Vec<NewFile>, StoreError> {
        let mut out = StreamFiles {
            done,
            dir: &self.dir,
            number,
            plan,
            label: Label {
                data_type: plan.data_type,
                flavour,
                instrument_id: &plan.instrument_id,
                bar_type: (plan.data_type == DataType::Bar).then_some(&plan.id),
                price_precision: plan.precision.0,
                size_precision: plan.precision.1,
            },
            length: partition.length(),
            group: AnyColumns::new(plan.data_type),
            row_group_rows: self.row_group_rows,
            open: None,
            files: Vec::new(),
        };
        held.columns.sort();
        if held.chunks.is_empty() {
            out.take(&held.columns)?;
            return out.finish();
        }
        // The rows in memory came last: they are one more chunk.
        let tail = std::mem::replace(&mut held.columns, AnyColumns::new(plan.data_type));
        let mut chunks: Vec<(usize, Option<Chunk>, u64, u64)> =
            held.chunks.iter().enumerate().map(|(i, c)| (i, Some(*c), c.first, c.last)).collect();
        if let (Some(first), Some(last)) = (tail.ts_init().first(), tail.ts_init().last()) {
            chunks.push((chunks.len(), None, *first, *last));
        }
        chunks.sort_by_key(|(arrival, _, first, _)| (*first, *arrival));
        let mut at = 0;
        while at < chunks.len() {
            let mut reach = chunks[at].3;
            let mut end = at + 1;
            while end < chunks.len() && chunks[end].2 <= reach {
                reach = reach.max(chunks[end].3);
                end += 1;
            }
            // Equal times are in the order of arrival: the sort is stable.
            let mut group: Vec<_> = chunks[at..end].to_vec();
            group.sort_by_key(|(arrival, ..)| *arrival);
            let mut rows = AnyColumns::new(plan.data_type);
            for (_, chunk, ..) in &group {
                match chunk {
                    Some(chunk) => self.load(chunk, &mut rows)?,
                    None => rows.extend_range(&tail, 0..tail.rows()),
                }
            }
            rows.sort();
            out.take(&rows)?;
            if !done(0) {
                break;
            }
            at = end;
        }
        out.finish()
    }
}

struct StreamFiles<'a> {
    /// Whether to go on; where not, what was written is not used.
    done: &'a dyn Fn(u64) -> bool,
    dir: &'a Path,
    number: usize,
    plan: &'a StreamPlan,
    label: Label<'a>,
    length: u64,
    group: AnyColumns,
    row_group_rows: usize,
    open: Option<(FileWriter, PathBuf, u64, u64)>,
    files: Vec<NewFile>,
}

impl StreamFiles<'_> {
    /// Takes sorted rows, none before those taken already.
    fn take(&mut self, rows: &AnyColumns) -> Result<(), StoreError> {
        let times = rows.ts_init();
        let mut start = self.plan.after.map_or(0, |after| times.partition_point(|ts| *ts <= after));
        while start < times.len() {
            let day = times[start] / self.length;
            let end = start + times[start..].partition_point(|ts| ts / self.length == day);
            if self.open.as_ref().is_some_and(|(_, _, first, _)| first / self.length != day) {
                self.close()?;
            }
            if self.open.is_none() {
                let path = self.dir.join(format!("{}-{}.parquet", self.number, self.files.len()));
                self.open = Some((FileWriter::create(&path, &self.label)?, path, times[start], 0));
            }
            let mut from = start;
            while from < end {
                let room = self.row_group_rows - self.group.rows();
                let to = (from + room).min(end);
                self.group.extend_range(rows, from..to);
                if self.group.rows() == self.row_group_rows {
                    self.flush()?;
                    if !(self.done)(0) {
                        return Ok(());
                    }
                }
                from = to;
            }
            if let Some((_, _, _, last)) = &mut self.open {
                *last = times[end - 1];
            }
            start = end;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.group.rows() == 0 {
            return Ok(());
        }
        let group = self.group.take();
        match &mut self.open {
            Some((writer, ..)) => writer.write_row_group(group, &self.label),
            None => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        let Some((writer, path, start_ns, end_ns)) = self.open.take() else { return Ok(()) };
        let summary = writer.finish(&self.label)?;
        self.files.push(NewFile {
            path,
            data_type: self.plan.data_type,
            id: self.plan.id.clone(),
            instrument_id: self.plan.instrument_id.clone(),
            start_ns,
            end_ns,
            rows: summary.rows,
            bytes: summary.bytes,
            sha256: summary.sha256,
            price_precision: self.plan.precision.0,
            size_precision: self.plan.precision.1,
        });
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<NewFile>, StoreError> {
        self.close()?;
        Ok(self.files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{AggressorSide, TradeColumns, TradeRow};
    use proptest::prelude::*;

    fn store(times: &[u64], cut: usize, budget: usize, group: usize) -> Vec<NewFile> {
        let dir = tempfile::tempdir().expect("a folder");
        let mut store = RowStore::new(dir.path(), budget);
        store.row_group_rows = group;
        let stream = store.open(DataType::Trade);
        for (number, part) in times.chunks(cut).enumerate() {
            let mut trades = TradeColumns::default();
            for (at, ts) in part.iter().enumerate() {
                trades.push_numbered(
                    &TradeRow {
                        price: i128::from(*ts),
                        size: 1,
                        aggressor_side: AggressorSide::Buyer,
                        trade_id: "",
                        ts_event: *ts,
                        ts_init: time::FIRST + *ts * time::HOUR,
                    },
                    (number * cut + at) as u64,
                );
            }
            store.append(stream, &mut AnyColumns::Trade(trades), Decimals::default()).expect("memory");
        }
        let plan = StreamPlan {
            stream,
            data_type: DataType::Trade,
            id: "A.B".into(),
            instrument_id: "A.B".into(),
            precision: (2, 3),
            after: None,
        };
        let mut files = store.finish(&[plan], Flavour::V1High, Partition::Day, 2, &|_| true).expect("files");
        for file in &mut files {
            file.path = PathBuf::new();
        }
        files
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Files depend on the rows alone: not on spills, nor on how they came.
        #[test]
        fn bytes_depend_on_rows_alone(times in prop::collection::vec(0_u64..100, 1..200), cut in 1_usize..50, budget in 1_usize..5_000) {
            let show = |files: Vec<NewFile>| files.into_iter().map(|f| (f.sha256, f.rows, f.start_ns, f.end_ns)).collect::<Vec<_>>();
            let whole = show(store(&times, times.len(), usize::MAX, 16));
            prop_assert_eq!(&whole, &show(store(&times, cut, budget, 16)));
            prop_assert_eq!(whole.iter().map(|f| f.1).sum::<u64>(), times.len() as u64);
            prop_assert!(whole.windows(2).all(|w| w[0].3 < w[1].2));
        }
    }
}
