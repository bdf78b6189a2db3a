//! Rows to files: the parts of a stream merged by time, what came twice left out, one file per partition.
//!
//! Files are written side by side, a file being one partition of one stream. Inside a partition a sweep takes the
//! pieces (spilled chunks, slices of what is in memory) in the order of their first times and holds only those
//! that overlap where it stands, so that neither a long stream nor one source inside another takes memory. Rows
//! of one receive time are never apart when they are judged: who is a repeat is told by [`Identity`].

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ConvertError;
use super::conflicts::{Conflicts, Differing, Excluded};
use super::ids::{Hole, IdRuns};
use super::rowstore::{Chunk, Held, RowStore};
use crate::accounting::{End, RowCounts};
use crate::data::{DataType, Identity, Rows};
use crate::feed::NumberRun;
use crate::schema::{Flavour, Label};
use crate::store::{FileWriter, NewFile, StoreError};
use crate::time;

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

/// How rows become files.
#[derive(Debug, Clone, Copy)]
pub struct EncodeOptions {
    /// Schema.
    pub flavour: Flavour,
    /// How files are cut.
    pub partition: Partition,
    /// Threads.
    pub threads: usize,
    /// What to do about rows of one number that differ.
    pub conflicts: Conflicts,
}

/// A part of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its number in the row store.
    pub number: usize,
    /// Number of the source, for dumps.
    pub source: u32,
    /// Rows up to this receive time came from sources before it.
    pub given: Option<u64>,
}

/// What a stream's files are to be.
#[derive(Debug, Clone)]
pub struct StreamPlan {
    /// Its parts, in the order of the sources.
    pub parts: Vec<Part>,
    /// How repeats are told.
    pub identity: Identity,
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
    /// Where it comes from, for messages.
    pub origin: String,
}

/// What became of the rows.
#[derive(Debug, Default)]
pub struct Encoded {
    /// Files, in the order of the plans and, within one, of time.
    pub files: Vec<NewFile>,
    /// Rows left out, by source and end.
    pub dropped: BTreeMap<(u32, End), RowCounts>,
    /// Holes in numbers that follow one another, and the plan they are in.
    pub holes: Vec<(usize, Hole)>,
    /// From the first of those numbers to the last, and the plan they are in.
    pub spans: Vec<(usize, NumberRun)>,
    /// Rows that differ from the first of their number, and the plan they are in.
    pub differing: Vec<(usize, Differing)>,
}

#[derive(Debug, Clone)]
enum Place {
    Spilled(Chunk),
    /// Number of the batch.
    Memory(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Its place in the order of arrival: equal rows are in it.
    pub arrival: u32,
    part: usize,
    place: Place,
    first: u64,
    last: u64,
}

/// A stream ready to be written.
pub(super) struct Prepared<'a> {
    store: &'a RowStore,
    pub plan: &'a StreamPlan,
    held: Vec<Held>,
    /// By first time.
    pub pieces: Vec<Piece>,
    /// Part of each piece, by arrival.
    part_of: Vec<usize>,
}

#[derive(Default)]
struct Written {
    file: Option<NewFile>,
    dropped: BTreeMap<(u32, End), RowCounts>,
    runs: IdRuns,
    /// Numbers that came at another time before.
    again: Vec<u64>,
    differing: Vec<Differing>,
}

/// Where one result goes: none until it is there, and nothing in it where the work was to stop.
type Slot<T> = Mutex<Option<Result<Option<T>, ConvertError>>>;

/// Does `work` for each of `0..count` on `threads` threads until one fails; results in order.
fn side_by_side<T: Send>(
    count: usize,
    threads: usize,
    work: &(dyn Fn(usize) -> Result<Option<T>, ConvertError> + Sync),
) -> Result<Vec<T>, ConvertError> {
    let next = AtomicUsize::new(0);
    let slots: Vec<Slot<T>> = (0..count).map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    let result = work(at);
                    if !matches!(result, Ok(Some(_))) {
                        // The others stop as well: there will be no commit.
                        next.store(count, Ordering::Relaxed);
                    }
                    if let Ok(mut slot) = slots[at].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    let mut results = Vec::with_capacity(count);
    for slot in slots {
        // A thread that panicked has told already; what was not reached has no result.
        if let Ok(Some(result)) = slot.into_inner() {
            results.extend(result?);
        }
    }
    Ok(results)
}

/// Writes the files of the streams planned. `source` names a source in messages; `done` is told of rows written and
/// answers whether to go on.
///
/// # Errors
/// [`ConvertError::Conflict`], a value that the flavour cannot hold, or what writing gives.
pub fn encode(
    mut store: RowStore,
    plans: &[StreamPlan],
    options: EncodeOptions,
    source: &(dyn Fn(u32) -> String + Sync),
    done: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Encoded, ConvertError> {
    let EncodeOptions { partition, threads, .. } = options;
    let taken: Vec<Mutex<Vec<Held>>> = plans
        .iter()
        .map(|plan| Mutex::new(plan.parts.iter().map(|part| store.take(part.number)).collect()))
        .collect();
    store.forget();
    let store = &store;
    let prepare = |at: usize| {
        let held = taken[at].lock().map(|mut held| std::mem::take(&mut *held)).unwrap_or_default();
        Ok(Some(Prepared::new(store, &plans[at], held)))
    };
    let streams = side_by_side(plans.len(), threads, &prepare)?;
    let mut jobs: Vec<(usize, u64)> = Vec::new();
    for (at, stream) in streams.iter().enumerate() {
        jobs.extend(stream.partitions(partition.length()).into_iter().map(|number| (at, number)));
    }
    let nothing = Excluded::new();
    let write = |(stream, number): (usize, u64), excluded: &Excluded, again: &str| {
        let length = partition.length();
        let span = number * length..(number + 1).saturating_mul(length);
        let path = store.dir.join(format!("{stream}-{number}{again}.parquet"));
        let work = Work { span, path, options, excluded, source, done };
        let written = streams[stream].write(work)?;
        let rows = written.file.as_ref().map_or(0, |f| f.rows);
        Ok(done(rows).then_some(written))
    };
    let mut results = side_by_side(jobs.len(), threads, &|at| write(jobs[at], &nothing, ""))?;
    let mut encoded = Encoded::default();
    if results.len() < jobs.len() {
        // It was to stop.
        return Ok(encoded);
    }
    let mut of_stream: Vec<Vec<usize>> = vec![Vec::new(); plans.len()];
    for (job, (stream, _)) in jobs.iter().enumerate() {
        of_stream[*stream].push(job);
    }
    for (at, of) in of_stream.iter().enumerate() {
        let (mut runs, mut again) = (IdRuns::default(), Vec::new());
        for job in of {
            runs.join(std::mem::take(&mut results[*job].runs));
            again.extend(results[*job].again.drain(..).map(|id| id..=id));
        }
        let span = runs.span();
        let (holes, twice) = runs.holes();
        encoded.holes.extend(holes.into_iter().map(|hole| (at, hole)));
        encoded.spans.extend(span.map(|span| (at, span)));
        again.extend(twice);
        if again.is_empty() {
            continue;
        }
        let (excluded, differing) = streams[at].differing(&again, options.conflicts, source)?;
        encoded.differing.extend(differing.into_iter().map(|differing| (at, differing)));
        if options.conflicts != Conflicts::First {
            continue;
        }
        for job in of {
            let number = jobs[*job].1;
            if excluded.iter().any(|(_, ts)| ts / partition.length() == number) {
                let Some(written) = write(jobs[*job], &excluded, "-again")? else { return Ok(encoded) };
                results[*job] = written;
            }
        }
    }
    for (written, (stream, _)) in results.into_iter().zip(&jobs) {
        encoded.files.extend(written.file);
        encoded.differing.extend(written.differing.into_iter().map(|differing| (*stream, differing)));
        for (key, counts) in written.dropped {
            encoded.dropped.entry(key).or_default().add(&counts);
        }
    }
    Ok(encoded)
}

/// One partition of a stream to be written.
struct Work<'a> {
    /// Its receive times.
    span: Range<u64>,
    path: PathBuf,
    options: EncodeOptions,
    /// Rows to be left out.
    excluded: &'a Excluded,
    source: &'a (dyn Fn(u32) -> String + Sync),
    /// Whether to go on; where not, what was written is not used.
    done: &'a (dyn Fn(u64) -> bool + Sync),
}

impl<'a> Prepared<'a> {
    fn new(store: &'a RowStore, plan: &'a StreamPlan, mut held: Vec<Held>) -> Self {
        let mut pieces = Vec::new();
        let mut part_of = Vec::new();
        for (part, held) in held.iter_mut().enumerate() {
            held.sort();
            let spilled = held.chunks.iter().map(|c| (Place::Spilled(*c), c.first, c.last));
            // The rows in memory came last.
            let memory = held.batches.iter().enumerate().filter_map(|(batch, rows)| {
                let times = rows.columns.ts_init();
                Some((Place::Memory(batch), *times.first()?, *times.last()?))
            });
            for (place, first, last) in spilled.chain(memory) {
                pieces.push(Piece { arrival: part_of.len() as u32, part, place, first, last });
                part_of.push(part);
            }
        }
        pieces.sort_by_key(|piece| (piece.first, piece.arrival));
        Self { store, plan, held, pieces, part_of }
    }

    /// Numbers of the partitions that may have rows.
    fn partitions(&self, length: u64) -> Vec<u64> {
        let mut numbers = std::collections::BTreeSet::new();
        for piece in &self.pieces {
            match &piece.place {
                Place::Spilled(_) => numbers.extend(piece.first / length..=piece.last / length),
                Place::Memory(batch) => {
                    let times = self.held[piece.part].batches[*batch].columns.ts_init();
                    let mut at = 0;
                    while at < times.len() {
                        let number = times[at] / length;
                        numbers.insert(number);
                        at += times[at..].partition_point(|ts| ts / length == number);
                    }
                }
            }
        }
        numbers.into_iter().collect()
    }

    /// The rows of a piece: where they are, and which of them.
    pub(super) fn fetch<'r>(
        &'r self,
        piece: &Piece,
        scratch: &'r mut Rows,
    ) -> Result<(&'r Rows, Range<usize>), StoreError> {
        match &piece.place {
            Place::Memory(batch) => {
                let rows = &self.held[piece.part].batches[*batch];
                Ok((rows, 0..rows.rows()))
            }
            Place::Spilled(chunk) => {
                scratch.clear();
                self.store.load(chunk, scratch)?;
                Ok((scratch, 0..chunk.rows))
            }
        }
    }

    /// Calls `look` with the rows of each piece: its arrival, and which of the rows are its.
    pub(super) fn each_piece(
        &self,
        mut look: impl FnMut(u32, &Rows, Range<usize>),
    ) -> Result<(), StoreError> {
        let mut scratch = Rows::new(self.plan.data_type);
        for piece in &self.pieces {
            let (rows, range) = self.fetch(piece, &mut scratch)?;
            look(piece.arrival, rows, range);
        }
        Ok(())
    }

    fn write(&self, work: Work<'_>) -> Result<Written, ConvertError> {
        let (span, done) = (work.span.clone(), work.done);
        let plan = self.plan;
        let label = Label {
            data_type: plan.data_type,
            flavour: work.options.flavour,
            instrument_id: &plan.instrument_id,
            bar_type: (plan.data_type == DataType::Bar).then_some(&plan.id),
            price_precision: plan.precision.0,
            size_precision: plan.precision.1,
        };
        let mut out = PartitionFile {
            stream: self,
            work,
            label,
            group: Rows::new(plan.data_type),
            open: None,
            written: Written::default(),
        };
        let inside = |piece: &&Piece| piece.last >= span.start && piece.first < span.end;
        let mut pieces = self.pieces.iter().filter(inside).peekable();
        let mut pending = Pending { rows: Rows::new(plan.data_type), order: Vec::new() };
        let mut scratch = Rows::new(plan.data_type);
        while let Some(piece) = pieces.next() {
            if !done(0) {
                break;
            }
            let (rows, range) = self.fetch(piece, &mut scratch)?;
            let times = &rows.columns.ts_init()[range.clone()];
            let mut start = range.start + times.partition_point(|ts| *ts < span.start);
            let end = range.start + times.partition_point(|ts| *ts < span.end);
            if let Some(given) = plan.parts[piece.part].given {
                let from = range.start + times.partition_point(|ts| *ts <= given);
                let from = from.clamp(start, end.max(start));
                out.drop_rows(rows, start..from, &Origin::One(piece.arrival), End::Duplicate);
                start = from;
            }
            // What comes before every piece not yet taken can go.
            let next = pieces.peek().map_or(u64::MAX, |piece| piece.first);
            if pending.rows.rows() == 0 {
                let cut =
                    start + rows.columns.ts_init()[start..end.max(start)].partition_point(|ts| *ts < next);
                out.take(rows, start..cut, &Origin::One(piece.arrival))?;
                pending.add(rows, cut..end.max(cut), piece.arrival);
            } else {
                pending.add(rows, start..end.max(start), piece.arrival);
                pending.sort(plan.identity.orders());
                let cut = pending.rows.columns.ts_init().partition_point(|ts| *ts < next);
                out.take(&pending.rows, 0..cut, &Origin::Each(&pending.order))?;
                pending.remove(cut);
            }
        }
        out.finish()
    }

    pub(super) fn source_of(&self, arrival: u32) -> u32 {
        self.plan.parts[self.part_of[arrival as usize]].source
    }
}

/// Rows that may yet have company: sorted, with the arrival of each.
struct Pending {
    rows: Rows,
    order: Vec<u64>,
}

impl Pending {
    fn add(&mut self, rows: &Rows, range: Range<usize>, arrival: u32) {
        self.order.extend(range.clone().map(|row| u64::from(arrival) << 32 | row as u64));
        self.rows.extend_range(rows, range);
    }

    fn sort(&mut self, by_key: bool) {
        let times = self.rows.columns.ts_init();
        let keys = &self.rows.keys;
        let key = |row: usize| (times[row], if by_key { keys[row] } else { 0 }, self.order[row]);
        if (1..times.len()).all(|row| key(row - 1) <= key(row)) {
            return;
        }
        let mut order: Vec<u32> = (0..times.len() as u32).collect();
        order.sort_by_key(|row| key(*row as usize));
        self.order = order.iter().map(|row| self.order[*row as usize]).collect();
        self.rows.gather(&order);
    }

    fn remove(&mut self, count: usize) {
        let mut rest = Rows::new(self.rows.columns.data_type());
        rest.extend_range(&self.rows, count..self.rows.rows());
        self.rows = rest;
        self.order.drain(..count);
    }
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Kept,
    LeftOut,
}

/// Where rows came from.
enum Origin<'a> {
    One(u32),
    Each(&'a [u64]),
}

impl Origin<'_> {
    fn arrival(&self, row: usize) -> u32 {
        match self {
            Self::One(arrival) => *arrival,
            Self::Each(order) => (order[row] >> 32) as u32,
        }
    }
}

struct PartitionFile<'a> {
    stream: &'a Prepared<'a>,
    work: Work<'a>,
    label: Label<'a>,
    group: Rows,
    open: Option<(FileWriter, u64, u64)>,
    written: Written,
}

impl PartitionFile<'_> {
    /// Takes sorted rows, none before those taken already, all of one receive time together.
    fn take(&mut self, rows: &Rows, range: Range<usize>, origin: &Origin<'_>) -> Result<(), ConvertError> {
        let times = rows.columns.ts_init();
        let after = self.stream.plan.after;
        let start =
            range.start + after.map_or(0, |after| times[range.clone()].partition_point(|ts| *ts <= after));
        self.drop_rows(rows, range.start..start, origin, End::Stale);
        let range = start..range.end;
        if !rows.is_marked() {
            return Ok(self.put(rows, range)?);
        }
        match self.stream.plan.identity {
            Identity::Arrival | Identity::Turns => Ok(self.put(rows, range)?),
            Identity::Number | Identity::Sequence => self.take_numbered(rows, range, origin),
            Identity::Text => self.take_texts(rows, range, origin),
        }
    }

    fn take_numbered(
        &mut self,
        rows: &Rows,
        range: Range<usize>,
        origin: &Origin<'_>,
    ) -> Result<(), ConvertError> {
        let times = rows.columns.ts_init();
        let in_sequence = self.stream.plan.identity == Identity::Sequence;
        let (mut from, mut kept) = (range.start, range.start);
        for row in range.clone() {
            let key = rows.keys[row];
            if !self.work.excluded.is_empty() && self.work.excluded.contains(&(key, times[row])) {
                self.drop_rows(rows, row..row + 1, origin, End::Reject);
                self.put(rows, from..row)?;
                from = row + 1;
                continue;
            }
            if row > kept && key == rows.keys[kept] && times[row] == times[kept] {
                if self.repeat(rows, [kept, row], origin)? == Verdict::LeftOut {
                    self.put(rows, from..row)?;
                    from = row + 1;
                }
                continue;
            }
            kept = row;
            if in_sequence && !self.written.runs.insert(key, times[row]) {
                self.written.again.push(key);
            }
        }
        Ok(self.put(rows, from..range.end)?)
    }

    fn take_texts(
        &mut self,
        rows: &Rows,
        range: Range<usize>,
        origin: &Origin<'_>,
    ) -> Result<(), ConvertError> {
        let times = rows.columns.ts_init();
        let mut repeats: Vec<usize> = Vec::new();
        let mut start = range.start;
        let mut seen: Vec<(u64, usize)> = Vec::new();
        while start < range.end {
            let end = start + times[start..range.end].partition_point(|ts| *ts == times[start]);
            if end - start > 1 {
                seen.clear();
                seen.extend((start..end).map(|row| (rows.keys[row], row)));
                seen.sort_unstable();
                let mut kept = 0;
                for at in 1..seen.len() {
                    if seen[at].0 == seen[kept].0 {
                        if self.repeat(rows, [seen[kept].1, seen[at].1], origin)? == Verdict::LeftOut {
                            repeats.push(seen[at].1);
                        }
                    } else {
                        kept = at;
                    }
                }
            }
            start = end;
        }
        repeats.sort_unstable();
        let mut from = range.start;
        for row in repeats {
            self.put(rows, from..row)?;
            from = row + 1;
        }
        Ok(self.put(rows, from..range.end)?)
    }

    /// Judges a row whose number or text came before at the same time.
    #[cold]
    fn repeat(&mut self, rows: &Rows, at: [usize; 2], origin: &Origin<'_>) -> Result<Verdict, ConvertError> {
        let [first, second] = at;
        if rows.columns.same(first, second) {
            self.drop_rows(rows, second..second + 1, origin, End::Duplicate);
            return Ok(Verdict::LeftOut);
        }
        let shown = |row| self.stream.shown(rows, row, origin.arrival(row), self.work.source);
        let (first, row) = (shown(first), shown(second));
        if self.work.options.conflicts == Conflicts::Error {
            return Err(self.stream.conflict(first, row));
        }
        let (source, ts) = (self.stream.source_of(origin.arrival(second)), rows.columns.ts_init()[second]);
        self.written.differing.push(Differing { source, ts, first, row });
        if self.work.options.conflicts == Conflicts::Keep {
            return Ok(Verdict::Kept);
        }
        self.drop_rows(rows, second..second + 1, origin, End::Reject);
        Ok(Verdict::LeftOut)
    }

    fn drop_rows(&mut self, rows: &Rows, range: Range<usize>, origin: &Origin<'_>, end: End) {
        if !rows.is_marked() {
            return;
        }
        for row in range {
            let cost = u64::from(rows.costs[row]);
            let source = self.stream.source_of(origin.arrival(row));
            let counts = self.written.dropped.entry((source, end)).or_default();
            counts.bytes += cost;
            counts.frames += u64::from(cost > 0);
            counts.items += u64::from(cost > 0);
        }
    }

    fn put(&mut self, rows: &Rows, range: Range<usize>) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let times = rows.columns.ts_init();
        match &mut self.open {
            Some((_, _, last)) => *last = times[range.end - 1],
            None => {
                let writer = FileWriter::create(&self.work.path, &self.label)?;
                self.open = Some((writer, times[range.start], times[range.end - 1]));
            }
        }
        let row_group_rows = self.stream.store.row_group_rows;
        let mut from = range.start;
        while from < range.end {
            let room = row_group_rows - self.group.rows();
            let to = (from + room).min(range.end);
            self.group.columns.extend_range(&rows.columns, from..to);
            if self.group.rows() == row_group_rows {
                self.flush()?;
                if !(self.work.done)(0) {
                    return Ok(());
                }
            }
            from = to;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.group.rows() == 0 {
            return Ok(());
        }
        let group = self.group.columns.take();
        match &mut self.open {
            Some((writer, ..)) => writer.write_row_group(group, &self.label),
            None => Ok(()),
        }
    }

    fn finish(mut self) -> Result<Written, ConvertError> {
        self.flush()?;
        if let Some((writer, start_ns, end_ns)) = self.open.take() {
            let summary = writer.finish(&self.label)?;
            let plan = self.stream.plan;
            self.written.file = Some(NewFile {
                path: self.work.path,
                data_type: plan.data_type,
                id: plan.id.clone(),
                instrument_id: plan.instrument_id.clone(),
                start_ns,
                end_ns,
                rows: summary.rows,
                bytes: summary.bytes,
                sha256: summary.sha256,
                price_precision: plan.precision.0,
                size_precision: plan.precision.1,
            });
        }
        Ok(self.written)
    }
}

#[cfg(test)]
mod tests;
