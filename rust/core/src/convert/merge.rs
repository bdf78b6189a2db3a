//! The sources of a recording, merged by receive time.
//!
//! A source is opened when the merge reaches its first receive time, so that a thousand rotated files need few
//! descriptors. A few sources at a time are read ahead on threads of their own; where very many overlap they
//! are read in place, in small blocks.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::plan::Source;
use crate::capture::{Capture, CaptureError, CaptureOptions};
use crate::frame::{Block, FrameMeta};

/// Sources read ahead on threads at the same time.
const MAX_THREADS: usize = 8;
const SMALL_BLOCK: usize = 32 << 10;
/// Memory of a block that is not kept for the next: a line was very long.
const LARGE_BLOCK: usize = 1 << 20;
/// Blocks read ahead of one source.
const AHEAD: usize = 4;

enum Reader {
    Ahead {
        blocks: Receiver<Result<Block, CaptureError>>,
        /// Blocks that were used, for their memory.
        used: SyncSender<Block>,
        thread: Option<JoinHandle<bool>>,
    },
    InPlace(Box<dyn Capture>),
}

/// A source that is open.
pub struct Open {
    reader: Reader,
    /// Number of the source.
    pub source: u32,
    /// The block at hand.
    pub block: Block,
    /// The next frame in it.
    next: usize,
    /// Its place in the merge: receive times, never going back.
    key: u64,
}

/// Merges sources.
pub struct Merge<'a> {
    sources: &'a [(u32, &'a Source)],
    unopened: usize,
    open: Vec<Open>,
    options: CaptureOptions,
    /// Sources found to be cut.
    pub truncated: Vec<u32>,
    /// Bytes that belong to no frame, by source, since last asked.
    pub overhead: Vec<(u32, u64)>,
}

fn start(source: &Source, options: &CaptureOptions, ahead: bool) -> Result<Reader, CaptureError> {
    if !ahead {
        let options = CaptureOptions { block_bytes: SMALL_BLOCK, ..options.clone() };
        return source.open(&options).map(Reader::InPlace);
    }
    let mut reader = source.open(options)?;
    let (send, blocks) = sync_channel(AHEAD);
    let (used, free) = sync_channel::<Block>(AHEAD);
    let thread = std::thread::spawn(move || {
        loop {
            let mut block = free.try_recv().unwrap_or_default();
            match reader.next_block(&mut block) {
                Ok(true) => {
                    if send.send(Ok(block)).is_err() {
                        break;
                    }
                }
                Ok(false) => break,
                Err(error) => {
                    // The receiver may be gone already.
                    let _ = send.send(Err(error));
                    break;
                }
            }
        }
        reader.truncated()
    });
    Ok(Reader::Ahead { blocks, used, thread: Some(thread) })
}

impl<'a> Merge<'a> {
    /// A merge of `sources`, which are in the order of their first receive times.
    #[must_use]
    pub const fn new(sources: &'a [(u32, &'a Source)], options: CaptureOptions) -> Self {
        Self { sources, unopened: 0, open: Vec::new(), options, truncated: Vec::new(), overhead: Vec::new() }
    }

    /// The source that is next.
    #[must_use]
    pub fn current(&self) -> Option<u32> {
        self.open.iter().map(|o| (o.key, o.source)).min().map(|(_, source)| source)
    }

    /// Gets the next block of an open source; `false` at its end.
    fn refill(&mut self, at: usize) -> Result<bool, (u32, CaptureError)> {
        let open = &mut self.open[at];
        loop {
            let more = match &mut open.reader {
                Reader::InPlace(capture) => {
                    let more = capture.next_block(&mut open.block).map_err(|e| (open.source, e))?;
                    if !more && capture.truncated() {
                        self.truncated.push(open.source);
                    }
                    more
                }
                Reader::Ahead { blocks, used, thread } => match blocks.recv() {
                    Ok(Ok(block)) => {
                        let old = std::mem::replace(&mut open.block, block);
                        if old.data.capacity() <= LARGE_BLOCK {
                            // Where none is waited for, it is dropped.
                            let _ = used.try_send(old);
                        }
                        true
                    }
                    Ok(Err(error)) => return Err((open.source, error)),
                    Err(_) => {
                        let ended = thread.take().map_or(Ok(false), JoinHandle::join);
                        // One that panicked has not come to the end.
                        if ended.map_err(|what| (open.source, CaptureError::panicked(&*what)))? {
                            self.truncated.push(open.source);
                        }
                        false
                    }
                },
            };
            if !more {
                return Ok(false);
            }
            open.next = 0;
            self.overhead.push((open.source, open.block.overhead));
            if let Some(first) = open.block.frames.first() {
                open.key = open.key.max(first.ts);
                return Ok(true);
            }
        }
    }

    /// The next run of frames of one source: those before any other source's. `None` at the end. `take` is
    /// called for each; when it answers `false` the merge stops.
    ///
    /// # Errors
    /// What reading a source gives, and its number.
    pub fn run(
        &mut self,
        mut take: impl FnMut(u32, &Block, &FrameMeta) -> bool,
    ) -> Result<bool, (u32, CaptureError)> {
        let lowest = |open: &[Open]| open.iter().map(|o| (o.key, o.source)).min();
        // Whatever starts before the first open source's frame has to be open as well.
        while let Some((number, source)) = self.sources.get(self.unopened) {
            let due = lowest(&self.open).is_none_or(|(key, _)| source.probe.first_ts <= key);
            if !due {
                break;
            }
            self.unopened += 1;
            let ahead = self.open.len() < MAX_THREADS;
            let reader = start(source, &self.options, ahead).map_err(|e| (*number, e))?;
            self.open.push(Open { reader, source: *number, block: Block::default(), next: 0, key: 0 });
            let at = self.open.len() - 1;
            if !self.refill(at)? {
                self.open.remove(at);
            }
        }
        let Some(first) = lowest(&self.open) else { return Ok(false) };
        let Some(at) = self.open.iter().position(|o| (o.key, o.source) == first) else { return Ok(false) };
        let others =
            self.open.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, o)| (o.key, o.source)).min();
        let waiting = self.sources.get(self.unopened).map(|(number, s)| (s.probe.first_ts, *number));
        let limit = [others, waiting].into_iter().flatten().min();
        let open = &mut self.open[at];
        while let Some(meta) = open.block.frames.get(open.next) {
            open.key = open.key.max(meta.ts);
            if limit.is_some_and(|limit| (open.key, open.source) > limit) {
                return Ok(true);
            }
            open.next += 1;
            if !take(open.source, &open.block, meta) {
                return Ok(false);
            }
        }
        if !self.refill(at)? {
            self.open.remove(at);
        }
        Ok(true)
    }
}
