//! Numbers that follow one another, as runs: which came, and when.

/// Numbers without a hole between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: u64,
    last: u64,
    /// Receive time of the first and of the last, ns UTC.
    first_ns: u64,
    last_ns: u64,
}

/// A hole in numbers that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The last number before it.
    pub from_sequence: u64,
    /// The first number after it.
    pub to_sequence: u64,
    /// Receive time of the row before it, ns UTC.
    pub from_ns: u64,
    /// Receive time of the row after it, ns UTC.
    pub to_ns: u64,
}

/// A set of numbers, kept as runs that grow together. Bounded: when there are too many holes the older ones are
/// forgotten, so that a number inside them counts as seen; whoever asks then looks at the rows.
#[derive(Debug, Default, Clone)]
pub struct IdRuns {
    /// Disjoint and ascending, except after [`Self::join`].
    runs: Vec<Run>,
}

const MAX_RUNS: usize = 1 << 18;

impl IdRuns {
    /// `true` when `id` is new.
    #[inline]
    pub fn insert(&mut self, id: u64, ns: u64) -> bool {
        match self.runs.last_mut() {
            Some(run) if run.last.checked_add(1) == Some(id) => {
                run.last = id;
                run.last_ns = ns;
                return true;
            }
            Some(run) if id <= run.last => return self.insert_behind(id, ns),
            _ => {}
        }
        self.runs.push(Run { first: id, last: id, first_ns: ns, last_ns: ns });
        if self.runs.len() > MAX_RUNS {
            let middle = self.runs[MAX_RUNS / 2];
            self.runs[0].last = middle.last;
            self.runs[0].last_ns = middle.last_ns;
            self.runs.drain(1..=MAX_RUNS / 2);
        }
        true
    }

    #[cold]
    fn insert_behind(&mut self, id: u64, ns: u64) -> bool {
        let at = self.runs.partition_point(|run| run.last < id);
        if self.runs.get(at).is_some_and(|run| run.first <= id) {
            return false;
        }
        let joins_before = at > 0 && self.runs[at - 1].last.checked_add(1) == Some(id);
        let joins_after = self.runs.get(at).is_some_and(|run| id.checked_add(1) == Some(run.first));
        match (joins_before, joins_after) {
            (true, true) => {
                self.runs[at - 1].last = self.runs[at].last;
                self.runs[at - 1].last_ns = self.runs[at].last_ns;
                self.runs.remove(at);
            }
            (true, false) => (self.runs[at - 1].last, self.runs[at - 1].last_ns) = (id, ns),
            (false, true) => (self.runs[at].first, self.runs[at].first_ns) = (id, ns),
            (false, false) => self.runs.insert(at, Run { first: id, last: id, first_ns: ns, last_ns: ns }),
        }
        true
    }

    /// Adds the runs of `other`, which may overlap these.
    pub fn join(&mut self, other: Self) {
        self.runs.extend(other.runs);
    }

    /// The holes, and numbers that are in two runs.
    #[must_use]
    pub fn holes(mut self) -> (Vec<Hole>, Vec<u64>) {
        self.runs.sort_by_key(|run| (run.first, run.last));
        let (mut holes, mut twice) = (Vec::new(), Vec::new());
        let mut runs = self.runs.into_iter();
        let Some(mut reach) = runs.next() else { return (holes, twice) };
        for run in runs {
            if run.first <= reach.last {
                twice.push(run.first);
            } else if reach.last.checked_add(1) != Some(run.first) {
                holes.push(Hole {
                    from_sequence: reach.last,
                    to_sequence: run.first,
                    from_ns: reach.last_ns,
                    to_ns: run.first_ns,
                });
            }
            if run.last > reach.last {
                reach = run;
            }
        }
        (holes, twice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Runs over parts say what a set of all numbers says.
        #[test]
        fn equals_a_set(parts in prop::collection::vec(prop::collection::vec(0_u64..200, 0..100), 0..4)) {
            let mut all: BTreeSet<u64> = BTreeSet::new();
            let mut joined = IdRuns::default();
            let mut again: BTreeSet<u64> = BTreeSet::new();
            for part in parts {
                let (mut runs, mut set) = (IdRuns::default(), BTreeSet::new());
                for id in part {
                    prop_assert_eq!(runs.insert(id, id), set.insert(id));
                }
                again.extend(set.intersection(&all));
                all.extend(set);
                joined.join(runs);
            }
            let (holes, twice) = joined.holes();
            prop_assert!(twice.iter().all(|id| again.contains(id)));
            prop_assert_eq!(twice.is_empty(), again.is_empty());
            let sorted: Vec<u64> = all.into_iter().collect();
            let want: Vec<(u64, u64)> =
                sorted.windows(2).filter(|w| w[0] + 1 < w[1]).map(|w| (w[0], w[1])).collect();
            let got: Vec<(u64, u64)> = holes.iter().map(|h| (h.from_sequence, h.to_sequence)).collect();
            prop_assert_eq!(got, want);
            prop_assert!(holes.iter().all(|h| (h.from_ns, h.to_ns) == (h.from_sequence, h.to_sequence)));
        }
    }
}
