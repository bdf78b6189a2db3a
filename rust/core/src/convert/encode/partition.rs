//! One file on its way: what comes in order is judged, cut into row groups and written.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use super::super::ConvertError;
use super::super::ahead::Group;
use super::workers::{GroupTask, Workers};
use super::{Conflicts, Differing, Prepared, Work, Written};
use crate::accounting::End;
use crate::data::{DataType, Identity, Rows};
use crate::schema::Label;
use crate::store::{EncodedGroup, FileWriter, NewFile, Scratch, StoreError};

/// Rows that may yet have company: sorted, with the arrival of each.
#[derive(Debug)]
pub(super) struct Pending {
    pub rows: Rows,
    pub order: Vec<u64>,
}

impl Pending {
    pub fn new(data_type: DataType) -> Self {
        Self { rows: Rows::new(data_type), order: Vec::new() }
    }

    pub fn add(&mut self, rows: &Rows, range: Range<usize>, arrival: u32) {
        self.order.extend(range.clone().map(|row| u64::from(arrival) << 32 | row as u64));
        self.rows.extend_range(rows, range);
    }

    pub fn sort(&mut self, by_key: bool) {
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

    pub fn remove(&mut self, count: usize) {
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
pub(super) enum Origin<'a> {
    One(u32),
    Each(&'a [u64]),
}

impl Origin<'_> {
    pub fn arrival(&self, row: usize) -> u32 {
        match self {
            Self::One(arrival) => *arrival,
            Self::Each(order) => (order[row] >> 32) as u32,
        }
    }
}

/// A file being written, or none while it has no rows.
pub(super) struct PartitionFile<'w, 'p, 'e> {
    stream: &'w Prepared<'p>,
    workers: &'w Workers<'p>,
    scratch: &'w mut Scratch,
    work: Work<'e>,
    label: Label<'p>,
    group: Rows,
    open: Option<Open>,
    written: Written,
}

struct Open {
    writer: FileWriter,
    first: u64,
    last: u64,
    /// Groups that are not in the file yet, in order.
    groups: VecDeque<RowGroup>,
}

/// A row group: encoded here, or by another thread.
enum RowGroup {
    Done(EncodedGroup),
    Lent(Receiver<Result<EncodedGroup, StoreError>>),
}

impl Open {
    /// Adds the groups that are encoded, and waits for those that are more than `most`.
    fn settle(&mut self, most: usize, path: &Path) -> Result<(), StoreError> {
        while let Some(group) = self.groups.pop_front() {
            let encoded = match group {
                RowGroup::Done(encoded) => encoded,
                RowGroup::Lent(answer) => match answer.try_recv() {
                    Ok(encoded) => encoded?,
                    Err(TryRecvError::Empty) if self.groups.len() < most => {
                        self.groups.push_front(RowGroup::Lent(answer));
                        return Ok(());
                    }
                    // A thread that panicked has told already.
                    Err(_) => answer.recv().map_err(|_| StoreError::Parquet {
                        path: path.to_owned(),
                        reason: "a thread that encoded a part of it was stopped".to_owned(),
                    })??,
                },
            };
            self.writer.append(encoded)?;
        }
        Ok(())
    }
}

impl<'w, 'p, 'e> PartitionFile<'w, 'p, 'e> {
    pub fn new(
        stream: &'w Prepared<'p>,
        workers: &'w Workers<'p>,
        scratch: &'w mut Scratch,
        work: Work<'e>,
        label: Label<'p>,
    ) -> Self {
        let (group, written) = (Rows::new(stream.plan.data_type), Written::default());
        Self { stream, workers, scratch, work, label, group, open: None, written }
    }

    /// Takes sorted rows, none before those taken already, all of one receive time together.
    pub fn take(
        &mut self,
        rows: &Rows,
        range: Range<usize>,
        origin: &Origin<'_>,
    ) -> Result<(), ConvertError> {
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
    fn repeat(
        &mut self,
        rows: &Rows,
        [first, second]: [usize; 2],
        origin: &Origin<'_>,
    ) -> Result<Verdict, ConvertError> {
        if rows.columns.same(first, second) {
            self.drop_rows(rows, second..second + 1, origin, End::Duplicate);
            return Ok(Verdict::LeftOut);
        }
        let shown = |row| self.stream.shown(rows, row, origin.arrival(row), self.workers.source);
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

    pub fn drop_rows(&mut self, rows: &Rows, range: Range<usize>, origin: &Origin<'_>, end: End) {
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
        self.open(times[range.start], times[range.end - 1])?;
        let row_group_rows = self.stream.store.row_group_rows;
        let mut from = range.start;
        while from < range.end {
            let to = (from + row_group_rows - self.group.rows()).min(range.end);
            self.group.columns.extend_range(&rows.columns, from..to);
            from = to;
            if self.group.rows() == row_group_rows {
                self.flush()?;
                if !self.workers.goes_on(0) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Rows of these receive times come: the file is begun where there is none.
    fn open(&mut self, first: u64, last: u64) -> Result<(), StoreError> {
        if let Some(open) = &mut self.open {
            open.last = last;
            return Ok(());
        }
        let writer = FileWriter::create(&self.work.path, &self.label)?;
        self.open = Some(Open { writer, first, last, groups: VecDeque::new() });
        Ok(())
    }

    /// Whether some rows are left out for their numbers.
    pub fn excludes(&self) -> bool {
        !self.work.excluded.is_empty()
    }

    /// Takes a group that was encoded ahead, whose rows come next and all stay, and says whether it did: not where the file's
    /// groups are cut elsewhere. `is_last` where nothing comes after it.
    pub fn take_group(&mut self, group: &Group, is_last: bool) -> Result<bool, StoreError> {
        let is_full = group.span.rows == self.stream.store.row_group_rows;
        if self.group.rows() > 0 || !(is_full || is_last) {
            return Ok(false);
        }
        let Some(encoded) = self.stream.store.load_group(group)? else { return Ok(false) };
        self.open(group.span.first, group.span.last)?;
        self.written.taken.push(group.span.runs.clone());
        self.append(RowGroup::Done(encoded))?;
        Ok(true)
    }

    /// Adds a row group, and those before it that are done.
    fn append(&mut self, group: RowGroup) -> Result<(), StoreError> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.groups.push_back(group);
        open.settle(self.workers.threads, &self.work.path)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let Some(open) = self.open.as_ref().filter(|_| self.group.rows() > 0) else { return Ok(()) };
        let encoder = open.writer.encoder()?;
        let columns = self.group.columns.take();
        if columns.rows() == self.stream.store.row_group_rows {
            // Another as long may follow: its memory at once, which costs no page that is not used.
            self.group.reserve(columns.rows(), false);
        }
        let (answer, lent) = sync_channel(1);
        let task = GroupTask { encoder, columns, label: self.label, answer };
        let group = match self.workers.lend(task) {
            None => RowGroup::Lent(lent),
            Some(task) => RowGroup::Done(task.encode(self.scratch)?),
        };
        self.append(group)
    }

    pub fn finish(mut self) -> Result<Written, ConvertError> {
        self.flush()?;
        if let Some(mut open) = self.open.take() {
            open.settle(0, &self.work.path)?;
            let (summary, unsynced) = open.writer.finish(&self.label)?;
            self.workers.syncs.sync(unsynced)?;
            let plan = self.stream.plan;
            self.written.file = Some(NewFile {
                path: self.work.path,
                data_type: plan.data_type,
                id: plan.id.clone(),
                instrument_id: plan.instrument_id.clone(),
                start_ns: open.first,
                end_ns: open.last,
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
