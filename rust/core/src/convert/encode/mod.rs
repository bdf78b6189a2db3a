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

mod partition;
mod syncs;
mod workers;

use partition::{Origin, PartitionFile, Pending};
use syncs::Syncs;
use workers::Workers;

use super::ConvertError;
use super::ids::{Hole, IdRuns};
use super::rowstore::{Chunk, Held, RowStore};
use crate::accounting::{End, RowCounts};
use crate::data::{DataType, Identity, Rows};
use crate::schema::{Flavour, Label};
use crate::store::{NewFile, StoreError};
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
}

#[derive(Debug, Clone)]
enum Place {
    Spilled(Chunk),
    /// Number of the batch.
    Memory(usize),
}

#[derive(Debug, Clone)]
struct Piece {
    /// Its place in the order of arrival: equal rows are in it.
    arrival: u32,
    part: usize,
    place: Place,
    first: u64,
    last: u64,
}

/// A stream ready to be written.
struct Prepared<'a> {
    store: &'a RowStore,
    plan: &'a StreamPlan,
    held: Vec<Held>,
    /// By first time.
    pieces: Vec<Piece>,
    /// Part of each piece, by arrival.
    part_of: Vec<usize>,
}

#[derive(Default)]
struct Written {
    file: Option<NewFile>,
    dropped: BTreeMap<(u32, End), RowCounts>,
    runs: IdRuns,
}

/// Writes the files of the streams planned, on `threads` threads. `source` names a source in messages; `done`
/// is told of rows written and answers whether to go on.
///
/// # Errors
/// [`ConvertError::Conflict`], a value that the flavour cannot hold, or what writing gives.
pub fn encode(
    mut store: RowStore,
    plans: &[StreamPlan],
    flavour: Flavour,
    partition: Partition,
    threads: usize,
    source: &(dyn Fn(u32) -> String + Sync),
    done: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Encoded, ConvertError> {
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
    let syncs = Syncs::start();
    let workers = Workers::new(threads, source, done, &syncs);
    let streams = workers.run(plans.len(), &prepare)?;
    let mut jobs: Vec<(usize, u64)> = Vec::new();
    for (at, stream) in streams.iter().enumerate() {
        jobs.extend(stream.partitions(partition.length()).into_iter().map(|number| (at, number)));
    }
    let write = |at: usize| {
        let (stream, number) = jobs[at];
        let length = partition.length();
        let span = number * length..(number + 1).saturating_mul(length);
        let name = store.dir.join(format!("{stream}-{number}.parquet"));
        let written = streams[stream].write(span, name, flavour, &workers)?;
        let rows = written.file.as_ref().map_or(0, |f| f.rows);
        Ok(done(rows).then_some(written))
    };
    let results = workers.run(jobs.len(), &write)?;
    drop(workers);
    syncs.finish()?;
    let mut encoded = Encoded::default();
    let mut runs: Vec<IdRuns> = plans.iter().map(|_| IdRuns::default()).collect();
    for (written, (stream, _)) in results.into_iter().zip(&jobs) {
        encoded.files.extend(written.file);
        for (key, counts) in written.dropped {
            encoded.dropped.entry(key).or_default().add(&counts);
        }
        runs[*stream].join(written.runs);
    }
    for (at, runs) in runs.into_iter().enumerate() {
        let (holes, twice) = runs.holes();
        for id in twice {
            streams[at].verify(id, source)?;
        }
        encoded.holes.extend(holes.into_iter().map(|hole| (at, hole)));
    }
    Ok(encoded)
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
    fn fetch<'r>(
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

    fn write(
        &self,
        span: Range<u64>,
        path: PathBuf,
        flavour: Flavour,
        workers: &Workers<'a>,
    ) -> Result<Written, ConvertError> {
        let plan = self.plan;
        let label = Label {
            data_type: plan.data_type,
            flavour,
            instrument_id: &plan.instrument_id,
            bar_type: (plan.data_type == DataType::Bar).then_some(&plan.id),
            price_precision: plan.precision.0,
            size_precision: plan.precision.1,
        };
        let mut out = PartitionFile::new(self, workers, path, label);
        let inside = |piece: &&Piece| piece.last >= span.start && piece.first < span.end;
        let mut pieces = self.pieces.iter().filter(inside).peekable();
        let mut pending = Pending::new(plan.data_type);
        let mut scratch = Rows::new(plan.data_type);
        while let Some(piece) = pieces.next() {
            if !workers.goes_on(0) {
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

    fn source_of(&self, arrival: u32) -> u32 {
        self.plan.parts[self.part_of[arrival as usize]].source
    }

    /// Looks for rows of the key `id` that differ; there may be none, since old holes are forgotten.
    #[cold]
    fn verify(&self, id: u64, source: &(dyn Fn(u32) -> String + Sync)) -> Result<(), ConvertError> {
        let mut found: Option<(Rows, u32)> = None;
        let mut scratch = Rows::new(self.plan.data_type);
        for piece in &self.pieces {
            let (rows, range) = self.fetch(piece, &mut scratch)?;
            for row in range.filter(|row| rows.keys.get(*row) == Some(&id)) {
                match &mut found {
                    None => {
                        let mut first = Rows::new(self.plan.data_type);
                        first.extend_range(rows, row..row + 1);
                        found = Some((first, piece.arrival));
                    }
                    Some((first, arrival)) => {
                        first.extend_range(rows, row..row + 1);
                        if !first.columns.same(0, 1) {
                            return Err(self.conflict(first, [0, 1], [*arrival, piece.arrival], source));
                        }
                        let mut one = Rows::new(self.plan.data_type);
                        one.extend_range(first, 0..1);
                        *first = one;
                    }
                }
            }
        }
        Ok(())
    }

    #[cold]
    fn conflict(
        &self,
        rows: &Rows,
        at: [usize; 2],
        arrivals: [u32; 2],
        source: &(dyn Fn(u32) -> String + Sync),
    ) -> ConvertError {
        let show =
            |i: usize| format!("{} in {}", rows.columns.show(at[i]), source(self.source_of(arrivals[i])));
        ConvertError::Conflict {
            data_type: self.plan.data_type.to_string(),
            id: self.plan.id.clone(),
            first: show(0),
            second: show(1),
        }
    }
}

#[cfg(test)]
mod tests;
