//! Row groups that are encoded while rows still come, by threads that have nothing else to do.
//!
//! A stream whose rows come in order will be written as it stands: each full row group of a part, counted from the part's
//! first row in its partition, is encoded as soon as it is there, and kept in a file of the staging folder in place of
//! its rows ([`Group`]), whose memory is used again. When the stream is written ([`super::encode`]), a group that
//! nothing comes in between is taken as it is; of any other the rows are read back from its pages. So nothing that is
//! written depends on what was done here, on threads, or on time.
//!
//! A group in which a row comes twice is not encoded ahead: which of them stays is judged when the stream is written.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::ids::IdRuns;
use crate::data::{DataType, Identity, Rows};
use crate::schema::{Flavour, Label};
use crate::store::{EncodedGroup, GroupEncoder, SavedGroup, Scratch, StoreError};

/// Groups that wait for a thread, at most; where there are more, whoever brings the next one encodes it.
const WAITING: usize = 2;

/// How groups are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub flavour: Flavour,
    /// Length of a partition, ns.
    pub partition: u64,
    pub row_group_rows: usize,
    /// A partition's last group is encoded ahead where it has so many rows.
    pub worth: usize,
    /// Threads.
    pub threads: usize,
}

/// Rows that came in order and are no repeats: which they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Span {
    /// Number of the first in the part.
    pub start: u64,
    pub rows: usize,
    /// Receive times of the first and of the last.
    pub first: u64,
    pub last: u64,
    /// Their numbers, where they follow one another.
    pub runs: IdRuns,
}

/// A group that was encoded, in place of its rows.
pub(super) struct Group {
    pub span: Span,
    saved: SavedGroup,
}

/// A group to encode.
struct Job {
    data_type: DataType,
    part: usize,
    span: Span,
    pieces: Vec<Arc<Rows>>,
}

/// The file of groups, and those in it that nobody has asked for yet, each with its part.
pub(super) struct Pages {
    flavour: Flavour,
    path: PathBuf,
    file: File,
    end: AtomicU64,
    done: Mutex<Vec<(usize, Group)>>,
}

/// The rows of one part that are to be its next group.
#[derive(Debug)]
struct Track {
    data_type: DataType,
    identity: Identity,
    /// Rows came in the order in which they will be written, and none at the beginning of a group repeats one of the group
    /// before.
    in_order: bool,
    /// It is not to be encoded ahead, or not any more.
    is_dead: bool,
    /// Receive time and key of the last row.
    last: Option<(u64, u64)>,
    partition: Option<u64>,
    span: Span,
    /// No row of it is a repeat.
    is_plain: bool,
    /// The rows, unless some of them were let go.
    pieces: Option<Vec<Arc<Rows>>>,
}

/// Encodes groups ahead.
pub(super) struct Ahead {
    cut: Cut,
    tracks: Vec<Track>,
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    waiting: Arc<Mutex<Receiver<Job>>>,
    pages: Arc<Pages>,
    scratch: Scratch,
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("cut", &self.cut).field("tracks", &self.tracks).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("path", &self.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Group").field("span", &self.span).finish_non_exhaustive()
    }
}

/// A label of the type and flavour: pages say nothing of the rest.
const fn label(data_type: DataType, flavour: Flavour) -> Label<'static> {
    Label { data_type, flavour, instrument_id: "", bar_type: None, price_precision: 0, size_precision: 0 }
}

impl Pages {
    fn encode(&self, job: Job, scratch: &mut Scratch) -> Result<(), StoreError> {
        let Job { data_type, part, span, pieces } = job;
        let label = label(data_type, self.flavour);
        let Some(encoder) = GroupEncoder::apart(&self.path, &label)? else { return Ok(()) };
        let rows: Vec<&Rows> = pieces.iter().map(Arc::as_ref).collect();
        let group = encoder.encode_rows(&rows, &label, scratch)?;
        let at = self.end.fetch_add(group.bytes() as u64, Ordering::Relaxed);
        let saved = group.save(&self.file, at).map_err(StoreError::io(&self.path))?;
        // Their memory is free before it is told that they are done.
        drop(pieces);
        self.done().extend(saved.map(|saved| (part, Group { span, saved })));
        Ok(())
    }

    fn done(&self) -> std::sync::MutexGuard<'_, Vec<(usize, Group)>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, waiting: &Mutex<Receiver<Job>>) {
        let mut scratch = Scratch::default();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { break };
            // What fails here fails again, and is told, when the stream is written.
            let _ = self.encode(job, &mut scratch);
        }
    }

    /// A group as it was encoded.
    pub fn load(&self, group: &Group) -> Result<EncodedGroup, StoreError> {
        group.saved.load(&self.file).map_err(StoreError::io(&self.path))
    }

    /// Appends the rows of a group.
    pub fn restore(&self, group: &Group, into: &mut Rows) -> Result<(), StoreError> {
        let label = label(into.columns.data_type(), self.flavour);
        group.saved.restore(&self.file, &self.path, &label, into)
    }
}

impl Ahead {
    /// Begins, with a file in `dir`.
    ///
    /// # Errors
    /// What making the file gives.
    pub fn start(dir: &Path, cut: Cut) -> Result<Self, StoreError> {
        let path = dir.join("ahead");
        let file = File::options().create_new(true).read(true).write(true).open(&path);
        let file = file.map_err(StoreError::io(&path))?;
        // It goes with whoever has it open.
        std::fs::remove_file(&path).map_err(StoreError::io(&path))?;
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let (end, done) = (AtomicU64::new(0), Mutex::default());
        let pages = Arc::new(Pages { flavour: cut.flavour, path, file, end, done });
        let thread = |_| {
            let (pages, waiting) = (pages.clone(), waiting.clone());
            std::thread::spawn(move || pages.work(&waiting))
        };
        let threads: Vec<JoinHandle<()>> = (0..cut.threads).map(thread).collect();
        let jobs = (!threads.is_empty()).then_some(jobs);
        Ok(Self { cut, tracks: Vec::new(), jobs, threads, waiting, pages, scratch: Scratch::default() })
    }

    /// The next part, numbered as they come; not encoded ahead unless it is `likely` to be written.
    pub fn open(&mut self, data_type: DataType, identity: Identity, likely: bool) {
        let label = label(data_type, self.cut.flavour);
        self.tracks.push(Track {
            data_type,
            identity,
            in_order: true,
            is_dead: !likely || !GroupEncoder::is_apart(&label),
            last: None,
            partition: None,
            span: Span::default(),
            is_plain: true,
            pieces: Some(Vec::new()),
        });
    }

    /// How many of some sorted rows of a part, which come next, may go into one group.
    pub fn room(&self, part: usize, rows: &Rows) -> usize {
        let (track, times) = (&self.tracks[part], rows.columns.ts_init());
        let Some(number) = times.first().map(|ts| ts / self.cut.partition).filter(|_| !track.is_dead) else {
            return times.len();
        };
        let held = if track.partition == Some(number) { track.span.rows } else { 0 };
        let end = times.partition_point(|ts| ts / self.cut.partition == number);
        end.min(self.cut.row_group_rows - held)
    }

    /// Takes sorted rows of a part, as many as there is [`Self::room`] for; `base` is the number of the first. The numbers of
    /// rows that are being encoded from now on: the group before, and the one that these rows fill.
    pub fn take(&mut self, part: usize, rows: &Arc<Rows>, base: u64) -> [Option<Range<u64>>; 2] {
        let Cut { partition: length, row_group_rows, worth, .. } = self.cut;
        let track = &mut self.tracks[part];
        let times = rows.columns.ts_init();
        let Some(first) = times.first().filter(|_| !track.is_dead) else { return [None, None] };
        let number = first / length;
        let mut full = None;
        if track.partition != Some(number) {
            let is_worth = track.span.rows >= worth;
            full = track.seal(part, base).filter(|_| is_worth);
            track.partition = Some(number);
        }
        track.add(rows);
        let is_full = track.span.rows == row_group_rows;
        let last = is_full.then(|| track.seal(part, base + times.len() as u64)).flatten();
        [full, last].map(|job| {
            let job = job?;
            let numbers = job.span.start..job.span.start + job.span.rows as u64;
            self.give(job);
            Some(numbers)
        })
    }

    fn give(&mut self, job: Job) {
        let left = match &self.jobs {
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) => return,
                Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => job,
            },
            None => job,
        };
        // As of other threads: what fails here fails again.
        let _ = self.pages.encode(left, &mut self.scratch);
    }

    /// Groups that are done and were not asked for yet, each with its part.
    pub fn done(&self) -> Vec<(usize, Group)> {
        std::mem::take(&mut *self.pages.done())
    }

    /// Lets go of rows that wait for their group to be full.
    pub fn forget(&mut self) {
        for track in self.tracks.iter_mut().filter(|track| track.span.rows > 0) {
            track.pieces = None;
        }
    }

    /// Whether the rows of a part came in the order in which they will be written.
    pub fn in_order(&self, part: usize) -> bool {
        self.tracks[part].in_order
    }

    /// Encodes what waits.
    pub fn finish(&mut self) -> Arc<Pages> {
        self.jobs = None;
        self.pages.work(&self.waiting);
        for thread in self.threads.drain(..) {
            // One that panicked has told already; the rows of its group are there.
            let _ = thread.join();
        }
        self.pages.clone()
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Track {
    /// Adds rows to the group at hand.
    fn add(&mut self, rows: &Arc<Rows>) {
        let times = rows.columns.ts_init();
        let key = |row: usize| if self.identity.orders() && rows.is_marked() { rows.keys[row] } else { 0 };
        let (first, last) = (times[0], times.len() - 1);
        if self.last.is_some_and(|before| (first, key(0)) < before) {
            (self.in_order, self.is_dead, self.pieces) = (false, true, None);
            return;
        }
        let before = self.last.replace((times[last], key(last)));
        if rows.is_marked() {
            match self.identity {
                Identity::Arrival | Identity::Turns => {}
                Identity::Number => self.judge_numbers(rows, before, |_, _, _| true),
                Identity::Sequence => self.judge_numbers(rows, before, IdRuns::insert),
                Identity::Text => self.judge_texts(rows, before.map(|(ts, _)| ts)),
            }
        }
        if self.span.rows == 0 {
            self.span.first = first;
        }
        self.span.last = times[last];
        self.span.rows += times.len();
        if let Some(pieces) = &mut self.pieces {
            pieces.push(rows.clone());
        }
    }

    /// Looks for numbers that come again: beside one another at one time, or, as `is_new` tells, at another.
    fn judge_numbers(
        &mut self,
        rows: &Rows,
        before: Option<(u64, u64)>,
        is_new: impl Fn(&mut IdRuns, u64, u64) -> bool,
    ) {
        if before == Some((rows.columns.ts_init()[0], rows.keys[0])) {
            self.meets_before();
        }
        let mut last = None;
        for (ts, key) in rows.columns.ts_init().iter().zip(&rows.keys) {
            self.is_plain &= is_new(&mut self.span.runs, *key, *ts) && last != Some((ts, key));
            last = Some((ts, key));
        }
    }

    /// Looks for keys that come twice at one time.
    fn judge_texts(&mut self, rows: &Rows, before: Option<u64>) {
        let times = rows.columns.ts_init();
        if before == Some(times[0]) {
            self.meets_before();
        }
        let mut start = 0;
        while start < times.len() {
            let end = start + times[start..].partition_point(|ts| *ts == times[start]);
            if end - start > 1 {
                let mut keys = rows.keys[start..end].to_vec();
                keys.sort_unstable();
                self.is_plain &= keys.windows(2).all(|pair| pair[0] != pair[1]);
            }
            start = end;
        }
    }

    /// The next row may be a repeat of one before it.
    fn meets_before(&mut self) {
        if self.span.rows == 0 {
            // That one is in the group before.
            self.in_order = false;
        } else {
            self.is_plain = false;
        }
    }

    /// Ends the group at hand; the next begins with the row numbered `next`.
    fn seal(&mut self, part: usize, next: u64) -> Option<Job> {
        let span = std::mem::replace(&mut self.span, Span { start: next, ..Span::default() });
        let is_plain = std::mem::replace(&mut self.is_plain, true);
        let pieces = self.pieces.replace(Vec::new()).filter(|_| is_plain && span.rows > 0)?;
        Some(Job { data_type: self.data_type, part, span, pieces })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{AggressorSide, AnyColumns, TradeColumns, TradeRow};
    use crate::time;

    fn rows(hours: &[u64]) -> Arc<Rows> {
        let mut trades = TradeColumns::default();
        for hour in hours {
            let ts = time::FIRST + hour * time::HOUR;
            let (price, size, aggressor_side) = (1, 1, AggressorSide::Buyer);
            let row = TradeRow { price, size, aggressor_side, trade_id: "", ts_event: ts, ts_init: ts };
            trades.push_numbered(&row, *hour);
        }
        Arc::new(AnyColumns::Trade(trades).into())
    }

    fn groups(batches: &[&[u64]], likely: bool) -> Vec<(u64, usize)> {
        let dir = tempfile::tempdir().expect("a folder");
        let (flavour, partition) = (Flavour::V1High, time::DAY);
        let cut = Cut { flavour, partition, row_group_rows: 4, worth: 2, threads: 0 };
        let mut ahead = Ahead::start(dir.path(), cut).expect("a folder");
        ahead.open(DataType::Trade, Identity::Arrival, likely);
        let mut base = 0;
        for batch in batches {
            let mut left = &batch[..];
            while !left.is_empty() {
                let (now, rest) = left.split_at(ahead.room(0, &rows(left)));
                ahead.take(0, &rows(now), base);
                (left, base) = (rest, base + now.len() as u64);
            }
        }
        ahead.finish();
        ahead.done().iter().map(|(_, group)| (group.span.start, group.span.rows)).collect()
    }

    #[test]
    fn groups_are_cut_as_files_are() {
        // The first day has a group of four and one of two; the second day's is not full yet.
        assert_eq!(groups(&[&[0, 1, 2], &[3, 4, 5, 24]], true), [(0, 4), (4, 2)]);
        // Times that go back: nothing is known of what follows.
        assert_eq!(groups(&[&[0, 1, 2, 3], &[2, 3, 4, 5, 6, 7]], true), [(0, 4)]);
        assert_eq!(groups(&[&[0, 1, 2, 3, 4]], false), []);
    }

    #[test]
    fn a_group_is_read_as_it_was_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let (flavour, partition) = (Flavour::V2, time::DAY);
        let cut = Cut { flavour, partition, row_group_rows: 2, worth: 1, threads: 0 };
        let mut ahead = Ahead::start(dir.path(), cut).expect("a folder");
        ahead.open(DataType::Trade, Identity::Arrival, true);
        let batch = rows(&[0, 1]);
        ahead.take(0, &batch, 0);
        let pages = ahead.finish();
        let (_, group) = ahead.done().pop().expect("a group");
        let found = pages.load(&group).expect("a file");
        let label = Label { instrument_id: "A.B", price_precision: 2, ..label(DataType::Trade, flavour) };
        let encoder = GroupEncoder::apart(dir.path(), &label).expect("a schema").expect("hot columns");
        let pieces = [(&batch.columns, 0..2)];
        let anew = encoder.encode(&pieces, &label, &mut Scratch::default()).expect("a group");
        assert_eq!(found.bytes(), anew.bytes());
    }

    #[test]
    fn repeats_are_not_encoded_ahead() {
        let dir = tempfile::tempdir().expect("a folder");
        let marked = |keys: &[u64]| {
            let mut rows = Arc::into_inner(rows(&vec![7; keys.len()])).expect("the only one");
            (rows.keys, rows.costs) = (keys.to_vec(), vec![10; keys.len()]);
            Arc::new(rows)
        };
        let found = |identity, batches: [&[u64]; 2]| {
            let (flavour, partition) = (Flavour::V1High, time::DAY);
            let cut = Cut { flavour, partition, row_group_rows: 2, worth: 1, threads: 0 };
            let mut ahead = Ahead::start(dir.path(), cut).expect("a folder");
            ahead.open(DataType::Trade, identity, true);
            ahead.take(0, &marked(batches[0]), 0);
            ahead.take(0, &marked(batches[1]), 2);
            (ahead.done().len(), ahead.in_order(0))
        };
        for identity in [Identity::Number, Identity::Sequence] {
            assert_eq!(found(identity, [&[1, 2], &[3, 4]]), (2, true));
            assert_eq!(found(identity, [&[1, 1], &[2, 3]]), (1, true));
            assert_eq!(found(identity, [&[1, 2], &[2, 3]]), (2, false), "the repeat is in another group");
            assert_eq!(found(identity, [&[3, 4], &[1, 2]]), (1, false), "they go back");
        }
        assert_eq!(found(Identity::Text, [&[9, 2], &[9, 9]]), (1, false));
        assert_eq!(found(Identity::Turns, [&[1, 1], &[1, 1]]), (2, true));
    }

    /// Whatever the flavour, pages give the rows back.
    #[test]
    fn rows_are_read_back() {
        let dir = tempfile::tempdir().expect("a folder");
        for flavour in [Flavour::V1High, Flavour::V1Standard, Flavour::V2] {
            for data_type in DataType::ALL {
                let label = label(data_type, flavour);
                let Some(encoder) = GroupEncoder::apart(dir.path(), &label).expect("a schema") else {
                    continue;
                };
                let rows = crate::data::sample(data_type, 300);
                let group = encoder.encode_rows(&[&rows], &label, &mut Scratch::default()).expect("a group");
                let path = dir.path().join("group");
                let file = File::options().create(true).truncate(true).read(true).write(true).open(&path);
                let file = file.expect("a file");
                let saved = group.save(&file, 7).expect("space").expect("no other columns");
                let mut back = Rows::new(data_type);
                saved.restore(&file, &path, &label, &mut back).expect("pages");
                let bytes = |rows: &Rows| {
                    let mut bytes = Vec::new();
                    rows.write_range(0..300, &mut bytes);
                    bytes
                };
                assert!(bytes(&rows) == bytes(&back), "{data_type} {flavour:?}");
            }
        }
    }
}
