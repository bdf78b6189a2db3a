//! SHA-256 of inputs: what they are known by.
//!
//! Whoever asks first computes it, others wait. Most conversions need it only when they end: it is computed on threads of
//! their own ([`Hashing`]) while the inputs are read.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::plan::Plan;
use super::{ConvertError, Progress};
use crate::store::{self, StoreError};

/// That of one file, which several inputs may be in.
///
/// Of the bytes that the file had when it was planned, which all are read: one that is still written to is never known by
/// bytes that came too late to be read.
#[derive(Debug, Clone)]
pub struct FileHash {
    bytes: u64,
    digest: Arc<OnceLock<Result<String, Unhashed>>>,
}

/// Why there is none.
#[derive(Debug)]
enum Unhashed {
    Stopped,
    /// Reading the file failed: the system's number, where it gave one, and what it said.
    Failed(Option<i32>, io::ErrorKind, String),
}

impl Unhashed {
    fn of(error: StoreError) -> Self {
        match error {
            StoreError::Io { source, .. } => {
                Self::Failed(source.raw_os_error(), source.kind(), source.to_string())
            }
            other => Self::Failed(None, io::ErrorKind::Other, other.to_string()),
        }
    }

    fn error(&self, path: &Path) -> ConvertError {
        let source = match self {
            Self::Stopped => return ConvertError::Cancelled,
            Self::Failed(Some(number), ..) => io::Error::from_raw_os_error(*number),
            Self::Failed(None, kind, text) => io::Error::new(*kind, text.clone()),
        };
        ConvertError::Input { path: path.to_string_lossy().into_owned(), source: source.into() }
    }
}

impl FileHash {
    /// Of a file's first `bytes`, not computed yet.
    pub fn of(bytes: u64) -> Self {
        Self { bytes, digest: Arc::default() }
    }

    /// Of the file at `path`, hexadecimal; computing it stops when `go_on` says no.
    ///
    /// # Errors
    /// A file that cannot be read; [`ConvertError::Cancelled`].
    pub fn get(&self, path: &Path, go_on: &dyn Fn() -> bool) -> Result<&str, ConvertError> {
        let compute = || match store::sha256_file_while(path, self.bytes, go_on) {
            Ok(Some(digest)) => Ok(digest),
            Ok(None) => Err(Unhashed::Stopped),
            Err(error) => Err(Unhashed::of(error)),
        };
        match self.digest.get_or_init(compute) {
            Ok(digest) => Ok(digest),
            Err(unhashed) => Err(unhashed.error(path)),
        }
    }
}

/// The files of a plan, hashed one after another by as many threads as work on it.
pub(super) struct Hashing {
    files: Vec<(PathBuf, FileHash)>,
    next: AtomicUsize,
    is_over: AtomicBool,
}

/// Stops those that still compute when it goes.
pub(super) struct Over<'h>(&'h Hashing);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

impl Hashing {
    /// Of every file of a plan; inputs that are in one share its hash from now on.
    pub fn of(plan: &mut Plan) -> Self {
        let mut held: HashMap<PathBuf, FileHash> = HashMap::new();
        let mut files = Vec::new();
        let inputs = plan.sources.iter_mut().map(|s| &mut s.input);
        for input in inputs.chain(plan.dumps.iter_mut().map(|d| &mut d.input)) {
            if let Some(hash) = held.get(&input.path) {
                input.hash = hash.clone();
                continue;
            }
            held.insert(input.path.clone(), input.hash.clone());
            files.push((input.path.clone(), input.hash.clone()));
        }
        Self { files, next: AtomicUsize::new(0), is_over: AtomicBool::new(false) }
    }

    /// Whoever works on it stops when what this gives is gone.
    pub const fn over(&self) -> Over<'_> {
        Over(self)
    }

    /// Computes those that nobody has begun.
    pub fn work(&self, progress: &Progress) {
        let go_on = || !progress.is_cancelled() && !self.is_over.load(Ordering::Relaxed);
        while let Some((path, hash)) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            // What fails is told to whoever asks.
            let _ = hash.get(path, &go_on);
        }
    }

    /// Computes all of them, with so many threads.
    pub fn all(&self, threads: usize, progress: &Progress) {
        std::thread::scope(|scope| {
            for _ in 0..threads.min(self.files.len()) {
                scope.spawn(|| self.work(progress));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;

    /// A plan of such files in `dir`: one trade of Kraken's each.
    fn planned(dir: &Path, names: &[&str]) -> Plan {
        let paths: Vec<String> = names
            .iter()
            .map(|name| {
                let path = dir.join(name);
                std::fs::write(&path, format!("1700000000,42000.5,{}.5\n", name.len())).expect("a file");
                path.to_string_lossy().into_owned()
            })
            .collect();
        super::super::plan::plan(&paths, &super::super::plan::Wanted::default(), None).expect("a plan")
    }

    #[test]
    fn a_file_is_known_by_what_it_was_when_it_was_planned() {
        let dir = tempfile::tempdir().expect("a folder");
        let plan = planned(dir.path(), &["XBTUSD.csv"]);
        let input = &plan.dumps[0].input;
        let before = std::fs::read(&input.path).expect("a file");
        // What comes while it is read may come too late to be read.
        let mut file = File::options().append(true).open(&input.path).expect("a file");
        file.write_all(b"1700000001,42000.5,1\n").expect("written");
        assert_eq!(input.sha256(), store::sha256_of(&before));
        assert_eq!(input.bytes_file, before.len() as u64);
    }

    #[test]
    fn a_file_that_is_gone_is_told_to_whoever_asks() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut plan = planned(dir.path(), &["XBTUSD.csv", "ETHUSD.csv"]);
        std::fs::remove_file(&plan.dumps[0].input.path).expect("removed");
        let hashing = Hashing::of(&mut plan);
        hashing.all(4, &Progress::default());
        for _ in 0..2 {
            let error = plan.dumps[0].input.file_sha256(&Progress::default()).expect_err("it is gone");
            assert_eq!(error.code(), "unreadable");
            assert!(error.to_string().contains("XBTUSD.csv"), "{error}");
        }
        assert_eq!(plan.dumps[0].input.sha256(), "");
        assert_eq!(plan.dumps[1].input.sha256().len(), 64);
        assert_eq!(plan.hashed(&Progress::default()).expect_err("one is gone").code(), "unreadable");
    }

    #[test]
    fn what_was_stopped_is_cancelled_and_waits_for_nobody() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut plan = planned(dir.path(), &["XBTUSD.csv", "ETHUSD.csv", "SOLUSD.csv"]);
        let hashing = Hashing::of(&mut plan);
        drop(hashing.over());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| hashing.work(&Progress::default()));
            }
        });
        for input in plan.inputs() {
            assert_eq!(input.file_sha256(&Progress::default()).expect_err("stopped").code(), "cancelled");
        }
    }

    #[test]
    fn what_begins_at_one_time_is_put_in_order_unless_that_is_stopped() {
        let dir = tempfile::tempdir().expect("a folder");
        // Both begin at one time: only their hashes tell which comes first.
        let plan = planned(dir.path(), &["XBTUSD.csv", "ETHXBT.csv"]);
        let stopped = Progress::default();
        stopped.cancel();
        assert_eq!(plan.ordered(&stopped).expect_err("stopped").code(), "cancelled");
        let plan = planned(dir.path(), &["XBTUSD.csv", "ETHXBT.csv"]);
        plan.ordered(&Progress::default()).expect("hashed");
        // One alone needs none.
        planned(dir.path(), &["XBTUSD.csv"]).ordered(&stopped).expect("nothing to do");
    }

    #[test]
    fn inputs_of_one_file_are_hashed_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut plan = planned(dir.path(), &["XBTUSD.csv", "XBTUSD.csv"]);
        let hashing = Hashing::of(&mut plan);
        assert_eq!(hashing.files.len(), 1);
        hashing.all(2, &Progress::default());
        let [one, two] =
            [0, 1].map(|at| plan.dumps[at].input.file_sha256(&Progress::default()).expect("hashed").as_ptr());
        assert_eq!(one, two);
    }
}
