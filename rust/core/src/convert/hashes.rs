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
#[derive(Debug, Clone, Default)]
pub struct FileHash(Arc<OnceLock<Result<String, Unhashed>>>);

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
    /// Of the file at `path`, hexadecimal; computing it stops when `go_on` says no.
    ///
    /// # Errors
    /// A file that cannot be read; [`ConvertError::Cancelled`].
    pub fn get(&self, path: &Path, go_on: &dyn Fn() -> bool) -> Result<&str, ConvertError> {
        let compute = || match store::sha256_file_while(path, go_on) {
            Ok(Some(digest)) => Ok(digest),
            Ok(None) => Err(Unhashed::Stopped),
            Err(error) => Err(Unhashed::of(error)),
        };
        match self.0.get_or_init(compute) {
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
