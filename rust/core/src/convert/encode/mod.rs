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
use super::ahead::Group;
use super::conflicts::{Conflicts, Differing, Excluded};
use super::ids::{Hole, IdRuns};
use super::rowstore::{Chunk, Held, RowStore};
use crate::accounting::{End, RowCounts};
use crate::data::{DataType, Identity, Rows};
use crate::feed::NumberRun;
use crate::schema::{Flavour, Label};
use crate::store::{NewFile, Scratch, StoreError};
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
    /// Its length, ns.
    pub(super) const fn length(self) -> u64 {
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
    /// Number of the group, whose rows are in its pages.
    Encoded(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Its place in the order of arrival: equal rows are in it.
    pub arrival: u32,
    part: usize,
    /// Number of its first row in the part.
    base: u64,
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
    places: Vec<usize>,
}

#[derive(Default)]
struct Written {
    file: Option<NewFile>,
    dropped: BTreeMap<(u32, End), RowCounts>,
    runs: IdRuns,
    /// Those of groups that were taken whole.
    taken: Vec<IdRuns>,
    /// Numbers that came at another time before.
    again: Vec<u64>,
    differing: Vec<Differing>,
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
    store.settle();
    let taken: Vec<Mutex<Vec<Held>>> = plans
        .iter()
        .map(|plan| Mutex::new(plan.parts.iter().map(|part| store.take(part.number)).collect()))
        .collect();
    store.forget();
    let store = &store;
    let prepare = |at: usize, _: &mut Scratch| {
        let held = taken[at].lock().map(|mut held| std::mem::take(&mut *held)).unwrap_or_default();
        Ok(Some(Prepared::new(store, &plans[at], held)))
    };
    let syncs = Syncs::start();
    let workers = Workers::new(options.threads, source, done, &syncs);
    let streams = workers.run(plans.len(), &prepare)?;
    let length = options.partition.length();
    let mut jobs: Vec<(usize, u64)> = Vec::new();
    for (at, stream) in streams.iter().enumerate() {
        jobs.extend(stream.partitions(length).into_iter().map(|number| (at, number)));
    }
    let nothing = Excluded::new();
    let write = |(stream, number): (usize, u64), excluded: &Excluded, again: &str, scratch: &mut Scratch| {
        let span = number * length..(number + 1).saturating_mul(length);
        let path = store.dir.join(format!("{stream}-{number}{again}.parquet"));
        let written = streams[stream].write(Work { span, path, options, excluded }, &workers, scratch)?;
        let rows = written.file.as_ref().map_or(0, |f| f.rows);
        Ok(done(rows).then_some(written))
    };
    let mut results = workers.run(jobs.len(), &|at, scratch| write(jobs[at], &nothing, "", scratch))?;
    let mut encoded = Encoded::default();
    if results.len() < jobs.len() {
        // It was to stop.
        return Ok(encoded);
    }
    let mut scratch = Scratch::default();
    let mut of_stream: Vec<Vec<usize>> = vec![Vec::new(); plans.len()];
    for (job, (stream, _)) in jobs.iter().enumerate() {
        of_stream[*stream].push(job);
    }
    for (at, of) in of_stream.iter().enumerate() {
        let (mut runs, mut again) = (IdRuns::default(), Vec::new());
        for job in of {
            let Written { runs: own, taken, .. } = &mut results[*job];
            std::iter::once(std::mem::take(own)).chain(taken.drain(..)).for_each(|more| runs.join(more));
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
            if excluded.iter().any(|(_, ts)| ts / length == jobs[*job].1) {
                let Some(written) = write(jobs[*job], &excluded, "-again", &mut scratch)? else {
                    return Ok(encoded);
                };
                results[*job] = written;
            }
        }
    }
    drop(workers);
    syncs.finish()?;
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
struct Work<'e> {
    /// Its receive times.
    span: Range<u64>,
    path: PathBuf,
    options: EncodeOptions,
    /// Rows to be left out.
    excluded: &'e Excluded,
}

impl<'a> Prepared<'a> {
    fn new(store: &'a RowStore, plan: &'a StreamPlan, held: Vec<Held>) -> Self {
        let mut pieces = Vec::new();
        for (part, held) in held.iter().enumerate() {
            let encoded = held.groups.iter().enumerate().map(|(number, group)| {
                let span = &group.span;
                (Place::Encoded(number), span.start, span.first, span.last)
            });
            let spilled = held.chunks.iter().map(|c| (Place::Spilled(*c), c.base, c.first, c.last));
            let memory = held.batches.iter().enumerate().filter_map(|(number, batch)| {
                let times = batch.rows.columns.ts_init();
                Some((Place::Memory(number), batch.base, *times.first()?, *times.last()?))
            });
            let piece = |(place, base, first, last)| Piece { arrival: 0, part, base, place, first, last };
            pieces.extend(encoded.chain(spilled).chain(memory).map(piece));
        }
        pieces.sort_by_key(|piece| (piece.part, piece.base));
        for (arrival, piece) in pieces.iter_mut().enumerate() {
            piece.arrival = arrival as u32;
        }
        let places = pieces.iter().map(|piece| piece.part).collect();
        pieces.sort_by_key(|piece| (piece.first, piece.arrival));
        Self { store, plan, held, pieces, places }
    }

    /// Numbers of the partitions that may have rows.
    fn partitions(&self, length: u64) -> Vec<u64> {
        let mut numbers = std::collections::BTreeSet::new();
        for piece in &self.pieces {
            match &piece.place {
                Place::Spilled(_) | Place::Encoded(_) => {
                    numbers.extend(piece.first / length..=piece.last / length)
                }
                Place::Memory(batch) => {
                    let times = self.held[piece.part].batches[*batch].rows.columns.ts_init();
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
                let rows = &*self.held[piece.part].batches[*batch].rows;
                Ok((rows, 0..rows.rows()))
            }
            Place::Spilled(chunk) => {
                scratch.clear();
                self.store.load(chunk, scratch)?;
                Ok((scratch, 0..chunk.rows))
            }
            Place::Encoded(number) => {
                scratch.clear();
                self.store.restore(&self.held[piece.part].groups[*number], scratch)?;
                let rows = 0..scratch.rows();
                Ok((scratch, rows))
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

    fn write(
        &self,
        work: Work<'_>,
        workers: &Workers<'a>,
        scratch: &mut Scratch,
    ) -> Result<Written, ConvertError> {
        let span = work.span.clone();
        let plan = self.plan;
        let label = Label {
            data_type: plan.data_type,
            flavour: work.options.flavour,
            instrument_id: &plan.instrument_id,
            bar_type: (plan.data_type == DataType::Bar).then_some(&plan.id),
            price_precision: plan.precision.0,
            size_precision: plan.precision.1,
        };
        let mut out = PartitionFile::new(self, workers, scratch, work, label);
        let inside = |piece: &&Piece| piece.last >= span.start && piece.first < span.end;
        let mut pieces = self.pieces.iter().filter(inside).peekable();
        let mut pending = Pending::new(plan.data_type);
        let mut loaded = Rows::new(plan.data_type);
        while let Some(piece) = pieces.next() {
            if !workers.goes_on(0) {
                break;
            }
            if pending.rows.rows() == 0
                && let Some(group) = self.alone(piece, pieces.clone(), out.excludes())
                && out.take_group(group, pieces.peek().is_none())?
            {
                continue;
            }
            let (rows, range) = self.fetch(piece, &mut loaded)?;
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

    /// The group that a piece is, if nothing comes in between and no row of it is to be left out. `later` are the pieces after
    /// it.
    fn alone<'p>(
        &self,
        piece: &Piece,
        later: impl Iterator<Item = &'p Piece>,
        excludes: bool,
    ) -> Option<&Group> {
        let Place::Encoded(number) = piece.place else { return None };
        let held = &self.held[piece.part];
        let after = self.plan.after.max(self.plan.parts[piece.part].given);
        let follows = |later: &Piece| later.part == piece.part && held.in_order;
        let is_alone = !excludes
            && after.is_none_or(|after| piece.first > after)
            && later.take_while(|later| later.first <= piece.last).all(follows);
        is_alone.then(|| &held.groups[number])
    }

    pub(super) fn source_of(&self, arrival: u32) -> u32 {
        self.plan.parts[self.places[arrival as usize]].source
    }
}

#[cfg(test)]
mod tests;
