//! Files, compressed by their extension on a thread of their own.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Bytes handed to the thread at a time.
const CHUNK: usize = 256 << 10;

/// A file that is written and compressed in the background. [`Self::finish`] says whether all of it was written.
#[derive(Debug)]
pub struct Output {
    chunk: Vec<u8>,
    chunks: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Output {
    /// Creates a file: gzip where its name ends in `.gz`, zstd in `.zst`, else plain.
    ///
    /// # Errors
    /// What creating it gives.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_owned();
        let (chunks, received) = sync_channel::<Vec<u8>>(4);
        let thread = std::thread::spawn(move || {
            let file = BufWriter::new(file);
            match &*extension {
                "gz" => {
                    // The header holds no time: the same frames are the same file.
                    let mut encoder = GzEncoder::new(file, Compression::new(4));
                    received.iter().try_for_each(|chunk| encoder.write_all(&chunk))?;
                    encoder.finish()?.flush()
                }
                "zst" => {
                    let mut encoder = zstd::Encoder::new(file, 3)?;
                    received.iter().try_for_each(|chunk| encoder.write_all(&chunk))?;
                    encoder.finish()?.flush()
                }
                _ => {
                    let mut file = file;
                    received.iter().try_for_each(|chunk| file.write_all(&chunk))?;
                    file.flush()
                }
            }
        });
        Ok(Self { chunk: Vec::with_capacity(CHUNK), chunks: Some(chunks), thread: Some(thread) })
    }

    fn send(&mut self) -> io::Result<()> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK));
        match &self.chunks {
            Some(chunks) if chunks.send(chunk).is_ok() => Ok(()),
            // The thread ended: what it failed of is the news.
            _ => self.join(),
        }
    }

    fn join(&mut self) -> io::Result<()> {
        self.chunks = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(io::Error::other("the thread that writes is gone")),
        }
    }

    /// Writes what is left and closes the file.
    ///
    /// # Errors
    /// The first failure of all the writing.
    pub fn finish(mut self) -> io::Result<()> {
        self.send()?;
        self.join()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
