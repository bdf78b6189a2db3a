//! What the commit protocol asks of a file system: few primitives, each of which either happens or does not.
//!
//! [`LocalStorage`] is the one in use. The tests have another, in memory, that loses at a crash what was not
//! synced, and try every point at which the protocol may stop.

use std::ffi::OsString;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use ::parquet::file::reader::ChunkReader;
use rustix::fs::{FlockOperation, RenameFlags, flock, renameat_with};

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Bytes of a file.
    pub bytes: u64,
}

/// A file being written.
pub trait Output: Write + Send {
    /// Makes what was written durable.
    ///
    /// # Errors
    /// What syncing gives.
    fn sync(&mut self) -> io::Result<()>;
}

/// The primitives. Paths are absolute or relative to the working folder, as the catalog was given.
#[allow(clippy::missing_errors_doc, reason = "each gives what the file system gives")]
pub trait Storage: Clone + Debug {
    /// A file to read.
    type Input: ChunkReader + 'static;
    /// A file to write.
    type Output: Output;
    /// A lock: free when dropped, and when its process ends.
    type Lock: Debug;

    /// What is at a path; links are followed.
    fn find(&self, path: &Path) -> io::Result<Found>;

    /// Whether a path is a link.
    fn is_link(&self, path: &Path) -> bool;

    /// Names in a folder.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;

    /// Opens a file.
    fn open(&self, path: &Path) -> io::Result<Self::Input>;

    /// Makes a file that is not there yet.
    fn create(&self, path: &Path) -> io::Result<Self::Output>;

    /// Makes a folder's entries durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// The same for many folders, in no order; which of them failed.
    fn sync_dirs<'p>(&self, paths: &[&'p Path]) -> Result<(), (&'p Path, io::Error)> {
        paths.iter().try_for_each(|path| self.sync_dir(path).map_err(|error| (*path, error)))
    }

    /// Makes a folder, whose parent is there.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Gives a file a second name, unless something has that name: put-if-absent.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file or folder another name; a file that has it is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Two folders change places in one step; [`io::ErrorKind::Unsupported`] where that cannot be.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;

    /// Removes a folder and everything in it.
    fn remove_tree(&self, path: &Path) -> io::Result<()>;

    /// Takes a lock, whose file is made where it is missing; waits for it.
    fn lock(&self, path: &Path) -> io::Result<Self::Lock>;

    /// Takes a lock whose file is not there yet.
    fn lock_new(&self, path: &Path) -> io::Result<Self::Lock>;

    /// Whether nobody holds a lock.
    fn is_free(&self, path: &Path) -> io::Result<bool>;

    /// Whether a folder has not changed for an hour, as far as the clock can be believed.
    fn is_old(&self, path: &Path) -> bool;

    /// Whether something is at a path; links are followed.
    fn exists(&self, path: &Path) -> bool {
        self.find(path).is_ok()
    }

    /// Whether a folder is at a path; links are followed.
    fn is_dir(&self, path: &Path) -> bool {
        self.find(path).is_ok_and(|found| found.is_dir)
    }
}

/// Folders made durable at the same time.
const SYNC_THREADS: usize = 8;

/// The file system of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalStorage;

impl Output for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Storage for LocalStorage {
    type Input = File;
    type Output = File;
    type Lock = File;

    fn find(&self, path: &Path) -> io::Result<Found> {
        fs::metadata(path).map(|m| Found { is_dir: m.is_dir(), bytes: m.len() })
    }

    fn is_link(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        Ok(fs::read_dir(path)?.flatten().map(|entry| entry.file_name()).collect())
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Side by side: the system makes what waits together durable together.
    fn sync_dirs<'p>(&self, paths: &[&'p Path]) -> Result<(), (&'p Path, io::Error)> {
        let sync = |path: &&'p Path| self.sync_dir(path).map_err(|error| (*path, error));
        let part = paths.len().div_ceil(SYNC_THREADS).max(1);
        std::thread::scope(|scope| {
            let parts = paths.chunks(part);
            let threads: Vec<_> =
                parts.map(|part| scope.spawn(move || part.iter().try_for_each(sync))).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        use rustix::io::Errno;
        let cwd = rustix::fs::CWD;
        match renameat_with(cwd, one, cwd, other, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS) => Err(io::ErrorKind::Unsupported.into()),
            done => done.map_err(io::Error::from),
        }
    }

    fn remove_tree(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn lock(&self, path: &Path) -> io::Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    }

    fn lock_new(&self, path: &Path) -> io::Result<File> {
        let file = File::create_new(path)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    }

    fn is_free(&self, path: &Path) -> io::Result<bool> {
        Ok(flock(&File::open(path)?, FlockOperation::NonBlockingLockExclusive).is_ok())
    }

    fn is_old(&self, path: &Path) -> bool {
        fs::metadata(path)
            .and_then(|m| m.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() > 3_600))
    }
}
