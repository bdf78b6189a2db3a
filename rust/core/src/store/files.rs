//! Small file operations that are durable when they return.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use ::parquet::file::reader::ChunkReader;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::storage::{Output, Storage};

/// Makes a folder's entries durable.
pub(super) fn sync_dir<S: Storage>(storage: &S, path: &Path) -> Result<(), StoreError> {
    storage.sync_dir(path).map_err(StoreError::io(path))
}

/// Makes the entries of many folders durable.
pub(super) fn sync_dirs<S: Storage>(storage: &S, paths: &[&Path]) -> Result<(), StoreError> {
    storage.sync_dirs(paths).map_err(|(path, error)| StoreError::io(path)(error))
}

/// Makes the entries of a folder, and of every folder in it, durable.
pub(super) fn sync_tree<S: Storage>(storage: &S, path: &Path) -> Result<(), StoreError> {
    for name in storage.list(path).map_err(StoreError::io(path))? {
        let inner = path.join(name);
        if storage.is_dir(&inner) {
            sync_tree(storage, &inner)?;
        }
    }
    sync_dir(storage, path)
}

/// Creates a folder and its parents, each made durable in its own parent.
pub(super) fn create_dirs<S: Storage>(storage: &S, path: &Path) -> Result<(), StoreError> {
    each_missing(storage, path, &|parent| sync_dir(storage, parent))
}

/// Creates a folder and its parents; the caller makes their entries durable.
pub(super) fn make_dirs<S: Storage>(storage: &S, path: &Path) -> Result<(), StoreError> {
    each_missing(storage, path, &|_| Ok(()))
}

fn each_missing<S: Storage>(
    storage: &S,
    path: &Path,
    made: &dyn Fn(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if storage.is_dir(path) {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    each_missing(storage, parent, made)?;
    match storage.create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StoreError::io(path)(error)),
        _ => made(parent),
    }
}

/// Writes a new file and syncs it.
pub(super) fn write_new<S: Storage>(storage: &S, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = storage.create(path).map_err(StoreError::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync()).map_err(StoreError::io(path))
}

/// Puts a file at `path` unless something is there: the one primitive that local file systems and object
/// stores share. `false` when something is. A reader never sees a part of it: the bytes are synced under
/// another name first, and a hard link is made or not made.
pub(super) fn put_if_absent<S: Storage>(storage: &S, staged: &Path, path: &Path) -> Result<bool, StoreError> {
    let is_put = put_if_absent_unsynced(storage, staged, path)?;
    if is_put {
        sync_dir(storage, path.parent().unwrap_or(path))?;
    }
    Ok(is_put)
}

/// The same; the caller makes the folder's entries durable.
pub(super) fn put_if_absent_unsynced<S: Storage>(
    storage: &S,
    staged: &Path,
    path: &Path,
) -> Result<bool, StoreError> {
    match storage.link(staged, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::io(path)(error)),
    }
}

/// Refuses a path of the catalog at `root` that leads out of it by a link.
pub(super) fn refuse_links<S: Storage>(storage: &S, root: &Path, relative: &str) -> Result<(), StoreError> {
    let mut path = root.to_owned();
    for part in relative.split('/') {
        path.push(part);
        if storage.is_link(&path) {
            return Err(StoreError::Link { path });
        }
    }
    Ok(())
}

/// All bytes of a file.
pub(super) fn read<S: Storage>(storage: &S, path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    input(storage, path)?.read_to_end(&mut bytes).map_err(StoreError::io(path))?;
    Ok(bytes)
}

/// SHA-256 of a file of the catalog, hexadecimal.
pub(super) fn sha256<S: Storage>(storage: &S, path: &Path) -> Result<String, StoreError> {
    digest(input(storage, path)?, path, &|| true).map(Option::unwrap_or_default)
}

fn input<S: Storage>(storage: &S, path: &Path) -> Result<impl Read + use<S>, StoreError> {
    let file = storage.open(path).map_err(StoreError::io(path))?;
    file.get_read(0).map_err(|e| super::parquet::failure(path, e))
}

/// SHA-256 of a file's first `bytes`, hexadecimal; `None` when `go_on` said no before their end.
///
/// # Errors
/// What reading it gives.
pub fn sha256_file_while(
    path: &Path,
    bytes: u64,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<String>, StoreError> {
    digest(File::open(path).map_err(StoreError::io(path))?.take(bytes), path, go_on)
}

fn digest(mut file: impl Read, path: &Path, go_on: &dyn Fn() -> bool) -> Result<Option<String>, StoreError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        if !go_on() {
            return Ok(None);
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some(hex(&hasher.finalize()))),
            Ok(n) => hasher.update(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StoreError::io(path)(error)),
        }
    }
}

/// SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
