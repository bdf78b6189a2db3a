//! Small file operations that are durable when they return.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::StoreError;

/// Makes a folder's entries durable.
///
/// # Errors
/// What opening or syncing it gives.
pub fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(StoreError::io(path))
}

/// Creates a folder and its parents, each made durable in its own parent.
pub(super) fn create_dirs(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        create_dirs(parent)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StoreError::io(path)(error)),
            _ => sync_dir(parent),
        }
    } else {
        fs::create_dir_all(path).map_err(StoreError::io(path))
    }
}

/// Writes a new file and syncs it.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = File::create_new(path).map_err(StoreError::io(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(StoreError::io(path))
}

/// Puts a file at `path` unless something is there: the one primitive that local file systems and object
/// stores share. `false` when something is. A reader never sees a part of it: the bytes are synced under
/// another name first, and a hard link is made or not made.
pub(super) fn put_if_absent(staged: &Path, path: &Path) -> Result<bool, StoreError> {
    match fs::hard_link(staged, path) {
        Ok(()) => {
            sync_dir(path.parent().unwrap_or(path))?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::io(path)(error)),
    }
}

/// SHA-256 of a file, hexadecimal.
///
/// # Errors
/// What reading it gives.
pub fn sha256_file(path: &Path) -> Result<String, StoreError> {
    sha256_file_while(path, &|| true).map(Option::unwrap_or_default)
}

/// SHA-256 of a file, hexadecimal; `None` when `go_on` said no before its end.
///
/// # Errors
/// What reading it gives.
pub fn sha256_file_while(path: &Path, go_on: &dyn Fn() -> bool) -> Result<Option<String>, StoreError> {
    let mut file = File::open(path).map_err(StoreError::io(path))?;
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

/// Bytes as hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
