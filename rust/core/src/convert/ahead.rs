//! Row groups that are encoded while rows still come, by threads that have nothing else to do.
//!
//! A stream whose rows come in order will most likely be written as it stands: each full row group of a part, counted from
//! the part's first row in its partition, is encoded as soon as it is there, and kept in a file of the staging
//! folder under the number of its first row. When the stream is written ([`super::encode`]), a group of just those
//! rows, one after another and none left out, is taken from there; any other is encoded then, as though nothing had
//! been done ahead. So nothing that is written depends on what was done here, on threads, or on time.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::data::{DataType, Rows};
use crate::schema::{Flavour, Label};
use crate::store::{EncodedGroup, GroupEncoder, SavedGroup, Scratch, StoreError};

/// Groups that wait for a thread, at most; where there are more, they are left for later.
const WAITING: usize = 4;
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

/// A group to encode.
struct Job {
    data_type: DataType,
    part: usize,
    start: u64,
    pieces: Vec<(Arc<Rows>, Range<usize>)>,
}

/// What is encoded: by part and the number of the first row in it.
type Done = HashMap<(usize, u64), SavedGroup>;

/// What threads share.
struct Shared {
    flavour: Flavour,
    path: PathBuf,
    file: File,
    end: AtomicU64,
    done: Mutex<Done>,
}

/// The rows of one part that are to be its next group.
#[derive(Debug)]
struct Track {
    data_type: DataType,
    by_key: bool,
    /// It came in another order than it will be written in, or is not to be encoded ahead at all.
    is_dead: bool,
    /// Time and key of the last row.
    last: (u64, u64),
    partition: Option<u64>,
    /// Number of the group's first row, and how many there are.
    start: u64,
    rows: usize,
    /// The rows, unless some of them were let go.
    pieces: Option<Vec<(Arc<Rows>, Range<usize>)>>,
}

/// Encodes groups ahead.
pub(super) struct Ahead {
    cut: Cut,
    tracks: Vec<Track>,
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    waiting: Arc<Mutex<Receiver<Job>>>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("cut", &self.cut).field("tracks", &self.tracks).finish_non_exhaustive()
    }
}

/// The groups that were encoded ahead.
pub(super) struct Groups(Option<Arc<Shared>>);

/// Whether the pages of a type say nothing of its label.
const fn is_unlabelled(data_type: DataType) -> bool {
    matches!(
        data_type,
        DataType::Trade
            | DataType::Quote
            | DataType::Delta
            | DataType::Depth10
            | DataType::Bar
            | DataType::MarkPrice
            | DataType::IndexPrice
    )
}

impl Shared {
    fn encode(&self, job: &Job, scratch: &mut Scratch) -> Result<(), StoreError> {
        let label = Label {
            data_type: job.data_type,
            flavour: self.flavour,
            instrument_id: "",
            bar_type: None,
            price_precision: 0,
            size_precision: 0,
        };
        // A type with columns that cannot be kept is left.
        let Some(encoder) = GroupEncoder::apart(&self.path, &label)? else { return Ok(()) };
        let pieces: Vec<_> = job.pieces.iter().map(|(rows, range)| (&rows.columns, range.clone())).collect();
        let group = encoder.encode(&pieces, &label, scratch)?;
        let at = self.end.fetch_add(group.bytes() as u64, Ordering::Relaxed);
        let saved = group.save(&self.file, at).map_err(StoreError::io(&self.path))?;
        self.done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(saved.map(|g| ((job.part, job.start), g)));
        Ok(())
    }

    fn work(&self, waiting: &Mutex<Receiver<Job>>) {
        let mut scratch = Scratch::default();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { break };
            // What fails here fails again, and is told, when the stream is written.
            let _ = self.encode(&job, &mut scratch);
        }
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
        let shared = Arc::new(Shared { flavour: cut.flavour, path, file, end, done });
        let thread = |_| {
            let (shared, waiting) = (shared.clone(), waiting.clone());
            std::thread::spawn(move || shared.work(&waiting))
        };
        let threads = (0..cut.threads).map(thread).collect();
        Ok(Self { cut, tracks: Vec::new(), jobs: Some(jobs), threads, waiting, shared })
    }

    /// The next part, numbered as they come; not encoded ahead unless it is `likely` to be written.
    pub fn open(&mut self, data_type: DataType, by_key: bool, likely: bool) {
        self.tracks.push(Track {
            data_type,
            by_key,
            is_dead: !likely || !is_unlabelled(data_type),
            last: (0, 0),
            partition: None,
            start: 0,
            rows: 0,
            pieces: Some(Vec::new()),
        });
    }

    /// Takes sorted rows of a part; `base` is the number of the first.
    pub fn take(&mut self, part: usize, rows: &Arc<Rows>, base: u64) {
        let Self { cut: Cut { partition: length, row_group_rows, worth, .. }, tracks, jobs, .. } = self;
        let track = &mut tracks[part];
        let times = rows.columns.ts_init();
        let key = |row: usize| if track.by_key && rows.is_marked() { rows.keys[row] } else { 0 };
        if track.is_dead || times.is_empty() {
            return;
        }
        let last = times.len() - 1;
        if (times[0], key(0)) < track.last {
            (track.is_dead, track.pieces) = (true, None);
            return;
        }
        track.last = (times[last], key(last));
        let give = |job: Option<Job>| {
            if let (Some(job), Some(jobs)) = (job, jobs.as_ref()) {
                // Where none will come to it soon it is left for later.
                let _ = jobs.try_send(job);
            }
        };
        let mut at = 0;
        while at < times.len() {
            let number = times[at] / *length;
            if track.partition != Some(number) {
                let is_worth = track.rows >= *worth;
                give(track.seal(part, base + at as u64).filter(|_| is_worth));
                track.partition = Some(number);
            }
            let end = at + times[at..].partition_point(|ts| ts / *length == number);
            let to = end.min(at + *row_group_rows - track.rows);
            if let Some(pieces) = &mut track.pieces {
                pieces.push((rows.clone(), at..to));
            }
            track.rows += to - at;
            at = to;
            if track.rows == *row_group_rows {
                give(track.seal(part, base + at as u64));
            }
        }
    }

    /// Lets go of rows that wait for their group to be full.
    pub fn forget(&mut self) {
        for track in self.tracks.iter_mut().filter(|track| track.rows > 0) {
            track.pieces = None;
        }
    }

    /// Encodes what waits, and ends.
    pub fn finish(mut self) -> Groups {
        self.jobs = None;
        self.shared.work(&self.waiting);
        for thread in self.threads.drain(..) {
            // One that panicked has told already; its group is encoded later.
            let _ = thread.join();
        }
        Groups(Some(self.shared.clone()))
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
    /// Ends the group at hand; the next begins with the row numbered `next`.
    fn seal(&mut self, part: usize, next: u64) -> Option<Job> {
        let (start, rows) = (self.start, self.rows);
        (self.start, self.rows) = (next, 0);
        let pieces = self.pieces.replace(Vec::new()).filter(|_| rows > 0)?;
        Some(Job { data_type: self.data_type, part, start, pieces })
    }
}

impl Groups {
    /// None.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Rows of the group that begins with a row of a part.
    pub fn rows(&self, part: usize, start: u64) -> Option<usize> {
        let done = self.0.as_ref()?.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.get(&(part, start)).map(SavedGroup::rows)
    }

    /// That group.
    pub fn load(&self, part: usize, start: u64) -> Result<Option<EncodedGroup>, StoreError> {
        let Some(shared) = &self.0 else { return Ok(None) };
        let saved = shared.done.lock().unwrap_or_else(PoisonError::into_inner).get(&(part, start)).cloned();
        let load = |saved: SavedGroup| saved.load(&shared.file).map_err(StoreError::io(&shared.path));
        saved.map(load).transpose()
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
        ahead.open(DataType::Trade, false, likely);
        let mut base = 0;
        for batch in batches {
            ahead.take(0, &rows(batch), base);
            base += batch.len() as u64;
        }
        let groups = ahead.finish();
        (0..base).filter_map(|start| Some((start, groups.rows(0, start)?))).collect()
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
        ahead.open(DataType::Trade, false, true);
        let batch = rows(&[0, 1]);
        ahead.take(0, &batch, 0);
        let found = ahead.finish().load(0, 0).expect("a file").expect("a group");
        let label = Label {
            data_type: DataType::Trade,
            flavour,
            instrument_id: "A.B",
            bar_type: None,
            price_precision: 2,
            size_precision: 3,
        };
        let encoder = GroupEncoder::apart(dir.path(), &label).expect("a schema").expect("hot columns");
        let pieces = [(&batch.columns, 0..2)];
        let anew = encoder.encode(&pieces, &label, &mut Scratch::default()).expect("a group");
        assert_eq!(found.bytes(), anew.bytes());
    }
}
