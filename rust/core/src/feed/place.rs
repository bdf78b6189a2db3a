//! Where a quote or a partial book stands among those of its instrument: what two connections bring is told once.

use crate::accounting::End;

/// What orders the messages of one channel of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Event time, ns UTC, where the numbers may begin anew; 0 where they only grow.
    pub time: u64,
    /// The venue's number; 0 where it has none.
    pub number: u64,
}

impl Place {
    /// By a number that only grows.
    #[must_use]
    pub const fn number(number: u64) -> Self {
        Self { time: 0, number }
    }

    /// What becomes of a message that stands here, after what `last` was taken; `None`: it is the next. One without a
    /// place is always next.
    pub(super) fn end_after(this: Option<Self>, last: &mut Option<Self>) -> Option<End> {
        if let (Some(this), Some(last)) = (this, *last) {
            if this == last || this.number > 0 && this.number == last.number {
                return Some(End::Duplicate);
            }
            if this < last {
                return Some(End::Stale);
            }
        }
        *last = Some(this.unwrap_or_default());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule() {
        let mut last = None;
        let at = |time, number| Some(Place { time, number });
        for (place, want) in [
            (at(0, 7), None),
            (at(0, 7), Some(End::Duplicate)),
            (at(0, 6), Some(End::Stale)),
            (at(5, 9), None),
            (at(6, 9), Some(End::Duplicate)),
            (at(4, 10), Some(End::Stale)),
            // The numbers began anew.
            (at(6, 3), None),
            (at(6, 4), None),
            (None, None),
            (None, None),
        ] {
            assert_eq!(Place::end_after(place, &mut last), want, "{place:?}");
        }
    }
}
