//! A writer's staging folder: on the same file system as the catalog, locked while its writer lives.

use std::path::{Path, PathBuf};

use super::files::create_dirs;
use super::{LocalStorage, OURS, Storage, StoreError};

/// A staging folder. Dropped without a commit, it is removed.
#[derive(Debug)]
pub struct Staging<S: Storage = LocalStorage> {
    storage: S,
    path: PathBuf,
    relative: String,
    _lock: S::Lock,
    keep: bool,
}

impl<S: Storage> Staging<S> {
    /// A new one in the catalog at `root`; `name` must be new (a random id).
    ///
    /// # Errors
    /// What creating it gives.
    pub fn create(storage: S, root: &Path, name: &str) -> Result<Self, StoreError> {
        let relative = format!("{OURS}/staging/{name}");
        let path = root.join(&relative);
        create_dirs(&storage, &path)?;
        // Held before it has its name: nobody finds it free while its writer lives.
        let (unnamed, lock_path) = (path.join("lock.new"), path.join("lock"));
        let lock = storage.lock_new(&unnamed).map_err(StoreError::io(&unnamed))?;
        storage.rename(&unnamed, &lock_path).map_err(StoreError::io(&lock_path))?;
        Ok(Self { storage, path, relative, _lock: lock, keep: false })
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

    /// Whether a commit may name it: it is then removed by applying the commit, or by an opener, not by its writer.
    pub(super) const fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }
}

impl<S: Storage> Drop for Staging<S> {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed now is removed by the next opener, who finds the lock free.
            let _ = self.storage.remove_tree(&self.path);
        }
    }
}

/// Whether the writer of a staging folder is gone.
pub(super) fn is_orphan<S: Storage>(storage: &S, path: &Path) -> bool {
    // Between the folder and its lock there is an instant; a folder of no lock and no age is left alone.
    storage.is_free(&path.join("lock")).unwrap_or_else(|_| storage.is_old(path))
}
