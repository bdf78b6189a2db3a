//! A writer's staging folder: on the same file system as the catalog, locked while its writer lives.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::files::create_dirs;
use super::{OURS, StoreError};

/// A staging folder. Dropped without a commit, it is removed.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    relative: String,
    _lock: File,
    keep: bool,
}

impl Staging {
    /// A new one in the catalog at `root`; `name` must be new (a random id).
    ///
    /// # Errors
    /// What creating it gives.
    pub fn create(root: &Path, name: &str) -> Result<Self, StoreError> {
        let relative = format!("{OURS}/staging/{name}");
        let path = root.join(&relative);
        create_dirs(&path)?;
        // Held before it has its name: nobody finds it free while its writer lives.
        let (unnamed, lock_path) = (path.join("lock.new"), path.join("lock"));
        let lock = File::create_new(&unnamed).map_err(StoreError::io(&unnamed))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|e| StoreError::io(&unnamed)(e.into()))?;
        fs::rename(&unnamed, &lock_path).map_err(StoreError::io(&lock_path))?;
        Ok(Self { path, relative, _lock: lock, keep: false })
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its folder, relative to the catalog.
    #[must_use]
    pub fn relative(&self) -> &str {
        &self.relative
    }

    /// A commit names it: it is removed by applying the commit, not by its writer.
    pub(super) const fn committed(&mut self) {
        self.keep = true;
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed now is removed by the next opener, who finds the lock free.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Whether the writer of a staging folder is gone.
pub(super) fn is_orphan(path: &Path) -> bool {
    match File::open(path.join("lock")) {
        Ok(lock) => flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok(),
        // Between the folder and its lock there is an instant; a folder of no lock and no age is left alone.
        Err(_) => fs::metadata(path)
            .and_then(|m| m.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() > 3_600)),
    }
}
