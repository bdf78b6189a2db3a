//! The threads that write: each takes one file after another, and one that finds none left encodes row groups of
//! the others' files, so that a single long file takes all of them.

use std::collections::VecDeque;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::super::ConvertError;
use super::syncs::Syncs;
use crate::data::AnyColumns;
use crate::schema::Label;
use crate::store::{EncodedGroup, GroupEncoder, Scratch, StoreError};

/// A row group to encode.
pub(super) struct GroupTask<'a> {
    pub encoder: GroupEncoder,
    pub columns: AnyColumns,
    pub label: Label<'a>,
    pub answer: SyncSender<Result<EncodedGroup, StoreError>>,
}

impl GroupTask<'_> {
    pub fn encode(self, scratch: &mut Scratch) -> Result<EncodedGroup, StoreError> {
        let rows = 0..self.columns.rows();
        self.encoder.encode(&[(&self.columns, rows)], &self.label, scratch)
    }
}

/// What the threads share.
pub(super) struct Workers<'a> {
    /// How many there are.
    pub threads: usize,
    /// Names a source in messages.
    pub source: &'a (dyn Fn(u32) -> String + Sync),
    /// Is told of rows written and answers whether to go on; where not, what was written is not used.
    pub done: &'a (dyn Fn(u64) -> bool + Sync),
    /// Where files go that are written.
    pub syncs: &'a Syncs,
    state: Mutex<State<'a>>,
    wake: Condvar,
}

#[derive(Default)]
struct State<'a> {
    /// The next job, and how many are at work.
    next: usize,
    running: usize,
    /// Threads that wait.
    idle: usize,
    lent: VecDeque<Box<GroupTask<'a>>>,
}

enum Task<'a> {
    Job(usize),
    Group(Box<GroupTask<'a>>),
}

/// A job at work; when it ends, however, those that wait for its groups are woken.
struct Running<'w, 'a>(&'w Workers<'a>);

impl Drop for Running<'_, '_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.wake.notify_all();
    }
}

/// What is done for one job, with the thread's memory; nothing comes of it where the work was to stop.
type Work<'w, T> = &'w (dyn Fn(usize, &mut Scratch) -> Result<Option<T>, ConvertError> + Sync);

/// Where one result goes: none until it is there, and nothing in it where the work was to stop.
type Slot<T> = Mutex<Option<Result<Option<T>, ConvertError>>>;

impl<'a> Workers<'a> {
    pub fn new(
        threads: usize,
        source: &'a (dyn Fn(u32) -> String + Sync),
        done: &'a (dyn Fn(u64) -> bool + Sync),
        syncs: &'a Syncs,
    ) -> Self {
        Self { threads: threads.max(1), source, done, syncs, state: Mutex::default(), wake: Condvar::new() }
    }

    /// Tells of rows written; whether to go on.
    pub fn goes_on(&self, rows: u64) -> bool {
        (self.done)(rows)
    }

    /// Nothing that can panic is done under the lock.
    fn state(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a row group to a thread that has nothing to do; back where there is none.
    pub fn lend(&self, task: GroupTask<'a>) -> Option<GroupTask<'a>> {
        let mut state = self.state();
        if state.idle <= state.lent.len() {
            return Some(task);
        }
        state.lent.push_back(Box::new(task));
        drop(state);
        self.wake.notify_all();
        None
    }

    fn next_task(&self, jobs: usize) -> Option<Task<'a>> {
        let mut state = self.state();
        loop {
            if let Some(group) = state.lent.pop_front() {
                return Some(Task::Group(group));
            }
            if state.next < jobs {
                state.next += 1;
                state.running += 1;
                return Some(Task::Job(state.next - 1));
            }
            if state.running == 0 {
                return None;
            }
            state.idle += 1;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Does `work` for each of `0..jobs` until one fails or stops; results in order.
    ///
    /// # Errors
    /// The first that a job gave, in their order.
    pub fn run<T: Send>(&self, jobs: usize, work: Work<'_, T>) -> Result<Vec<T>, ConvertError> {
        *self.state() = State::default();
        let slots: Vec<Slot<T>> = (0..jobs).map(|_| Mutex::new(None)).collect();
        let worker = || {
            let mut scratch = Scratch::default();
            while let Some(task) = self.next_task(jobs) {
                match task {
                    Task::Group(group) => {
                        let answer = group.answer.clone();
                        // Nobody waits for it any more where the file's thread has failed.
                        let _ = answer.send(group.encode(&mut scratch));
                    }
                    Task::Job(at) => {
                        let running = Running(self);
                        let result = work(at, &mut scratch);
                        if !matches!(result, Ok(Some(_))) {
                            // The others stop as well: there will be no commit.
                            self.state().next = jobs;
                        }
                        if let Ok(mut slot) = slots[at].lock() {
                            *slot = Some(result);
                        }
                        drop(running);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(worker);
            }
        });
        let mut results = Vec::with_capacity(jobs);
        for slot in slots {
            // A thread that panicked has told already; what was not reached has no result.
            if let Ok(Some(result)) = slot.into_inner() {
                results.extend(result?);
            }
        }
        Ok(results)
    }
}
