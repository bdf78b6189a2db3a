//! Threads that wait for the disk, so that those who encode do not: a file system makes many files durable together
//! in little more time than one.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::store::{StoreError, Unsynced};

const THREADS: usize = 8;
/// Files that wait, beside those at work; who brings more waits as well.
const WAITING: usize = 16;

/// Where files go that are to be made durable.
pub(super) struct Syncs {
    files: SyncSender<Unsynced>,
    threads: Vec<JoinHandle<Result<(), StoreError>>>,
}

impl Syncs {
    pub fn start() -> Self {
        let (files, waiting) = sync_channel::<Unsynced>(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let work = || {
            let waiting = waiting.clone();
            move || {
                let mut result = Ok(());
                loop {
                    // The lock is held while waiting: whoever gets a file lets the next one wait.
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(file) = next else { return result };
                    result = result.and(file.sync());
                }
            }
        };
        let threads = (0..THREADS).map(|_| std::thread::spawn(work())).collect();
        Self { files, threads }
    }

    /// Takes a file; what comes of it, [`Self::finish`] tells.
    pub fn sync(&self, file: Unsynced) -> Result<(), StoreError> {
        // Where the threads have gone, it is done here.
        self.files.send(file).or_else(|unsent| unsent.0.sync())
    }

    /// Waits until every file is durable.
    ///
    /// # Errors
    /// An error that one of them had.
    pub fn finish(self) -> Result<(), StoreError> {
        drop(self.files);
        self.threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    }
}
