//! Numbers that follow one another, as runs: which came, and when.

use std::ops::RangeInclusive;

use crate::feed::NumberRun as Run;

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

impl Hole {
    const fn between(before: &Run, after: &Run) -> Self {
        Self {
            from_sequence: before.last,
            to_sequence: after.first,
            from_ns: before.last_ns,
            to_ns: after.first_ns,
        }
    }
}

/// Spans that are kept of a stream; beyond that the two oldest become one.
const MAX_SPANS: usize = 4_096;

/// Adds the span of a conversion to those of the conversions before it, which are disjoint and ascending. Answers
/// the holes between it and its neighbours: holes inside a span are known already.
pub fn follow(held: &mut Vec<Run>, span: Run) -> Vec<Hole> {
    let mut holes = Vec::new();
    let from = held.partition_point(|run| run.last < span.first);
    let to = held.partition_point(|run| run.first <= span.last);
    let mut joined = span;
    for run in &held[from..to.max(from)] {
        if run.first < joined.first {
            (joined.first, joined.first_ns) = (run.first, run.first_ns);
        }
        if run.last > joined.last {
            (joined.last, joined.last_ns) = (run.last, run.last_ns);
        }
    }
    let (mut from, mut to) = (from, to.max(from));
    let before = from.checked_sub(1).map(|at| held[at]);
    match before.filter(|_| joined.first == span.first) {
        Some(before) if before.last.checked_add(1) == Some(span.first) => {
            (joined.first, joined.first_ns) = (before.first, before.first_ns);
            from -= 1;
        }
        Some(before) => holes.push(Hole::between(&before, &span)),
        None => {}
    }
    match held.get(to).copied().filter(|_| joined.last == span.last) {
        Some(after) if span.last.checked_add(1) == Some(after.first) => {
            (joined.last, joined.last_ns) = (after.last, after.last_ns);
            to += 1;
        }
        Some(after) => holes.push(Hole::between(&span, &after)),
        None => {}
    }
    held.splice(from..to, [joined]);
    if held.len() > MAX_SPANS {
        (held[0].last, held[0].last_ns) = (held[1].last, held[1].last_ns);
        held.remove(1);
    }
    holes
}

/// Takes out what lay between two rows that a replacement left, as number and receive time; `None`: there is no row on
/// that side.
pub fn cut(held: &mut Vec<Run>, before: Option<(u64, u64)>, after: Option<(u64, u64)>) {
    let left = |run: &Run| {
        let (id, ns) = before.filter(|(id, _)| *id >= run.first)?;
        Some(if id < run.last { Run { last: id, last_ns: ns, ..*run } } else { *run })
    };
    let right = |run: &Run| {
        let (id, ns) = after.filter(|(id, _)| *id <= run.last)?;
        Some(if id > run.first { Run { first: id, first_ns: ns, ..*run } } else { *run })
    };
    *held = held
        .iter()
        .flat_map(|run| match (left(run), right(run)) {
            // It is whole on one side.
            (Some(whole), _) | (_, Some(whole)) if whole == *run => [Some(whole), None],
            parts => [parts.0, parts.1],
        })
        .flatten()
        .collect();
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

    /// From the first number to the last.
    #[must_use]
    pub fn span(&self) -> Option<Run> {
        let first = self.runs.iter().min_by_key(|run| run.first)?;
        let last = self.runs.iter().max_by_key(|run| run.last)?;
        Some(Run { last: last.last, last_ns: last.last_ns, ..*first })
    }

    /// The holes, and numbers that are in two runs.
    #[must_use]
    pub fn holes(mut self) -> (Vec<Hole>, Vec<RangeInclusive<u64>>) {
        self.runs.sort_by_key(|run| (run.first, run.last));
        let (mut holes, mut twice) = (Vec::new(), Vec::new());
        let mut runs = self.runs.into_iter();
        let Some(mut reach) = runs.next() else { return (holes, twice) };
        for run in runs {
            if run.first <= reach.last {
                twice.push(run.first..=run.last.min(reach.last));
            } else if reach.last.checked_add(1) != Some(run.first) {
                holes.push(Hole::between(&reach, &run));
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
            prop_assert!(again.iter().all(|id| twice.iter().any(|span| span.contains(id))));
            prop_assert_eq!(twice.is_empty(), again.is_empty());
            prop_assert!(twice.iter().all(|span| again.contains(span.start())));
            let sorted: Vec<u64> = all.into_iter().collect();
            let want: Vec<(u64, u64)> =
                sorted.windows(2).filter(|w| w[0] + 1 < w[1]).map(|w| (w[0], w[1])).collect();
            let got: Vec<(u64, u64)> = holes.iter().map(|h| (h.from_sequence, h.to_sequence)).collect();
            prop_assert_eq!(got, want);
            prop_assert!(holes.iter().all(|h| (h.from_ns, h.to_ns) == (h.from_sequence, h.to_sequence)));
        }
    }

    #[test]
    fn a_replacement_leaves_what_is_outside() {
        let run = |first, last| Run { first, last, first_ns: first * 10, last_ns: last * 10 };
        let row = |id: u64| Some((id, id * 10));
        for (before, after, want) in [
            (row(14), row(17), vec![(10, 14), (17, 19), (30, 39)]),
            (row(14), row(30), vec![(10, 14), (30, 39)]),
            (row(14), row(35), vec![(10, 14), (35, 39)]),
            (row(19), row(30), vec![(10, 19), (30, 39)]),
            (row(14), None, vec![(10, 14)]),
            (None, row(39), vec![(39, 39)]),
            (None, None, vec![]),
        ] {
            let mut held = vec![run(10, 19), run(30, 39)];
            cut(&mut held, before, after);
            assert_eq!(held, want.iter().map(|(first, last)| run(*first, *last)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn conversions_follow_one_another() {
        let run = |first, last| Run { first, last, first_ns: first * 10, last_ns: last * 10 };
        let mut held = Vec::new();
        let mut told = |first, last| {
            let holes = follow(&mut held, run(first, last));
            let holes: Vec<(u64, u64)> = holes.iter().map(|h| (h.from_sequence, h.to_sequence)).collect();
            (holes, held.iter().map(|run| (run.first, run.last)).collect::<Vec<_>>())
        };
        assert_eq!(told(10, 19), (vec![], vec![(10, 19)]));
        assert_eq!(told(20, 29), (vec![], vec![(10, 29)]));
        assert_eq!(told(40, 49), (vec![(29, 40)], vec![(10, 29), (40, 49)]));
        // What was missing comes, and not all of it.
        assert_eq!(told(31, 35), (vec![(29, 31), (35, 40)], vec![(10, 29), (31, 35), (40, 49)]));
        assert_eq!(told(30, 30), (vec![], vec![(10, 35), (40, 49)]));
        assert_eq!(told(36, 39), (vec![], vec![(10, 49)]));
        // A part made again says nothing new; one that reaches beyond does.
        assert_eq!(told(12, 18), (vec![], vec![(10, 49)]));
        assert_eq!(told(45, 60), (vec![], vec![(10, 60)]));
        assert_eq!(told(1, 5), (vec![(5, 10)], vec![(1, 5), (10, 60)]));
        assert_eq!(told(3, 70), (vec![], vec![(1, 70)]));
    }
}
