//! Books that the venue sends a checksum of: the text of their levels, and the proof of an update.
//!
//! A checksum is made of the best levels *as they were sent*: `"0.10"` keeps its zero. So a book that is proven by one
//! remembers of each level how many decimals its price and its size were written with ([`Written`]), which with the
//! values is their text. A book that is not has no such payload and pays nothing.
//!
//! A venue's rule is a function of the ladder, in `venue/<name>/sequence.rs`, with its source.

use super::orders::Orders;
use super::{Ladder, Queue, Spelt, Texts};
use crate::data::Side;
use crate::json::{Level, Written};

/// What a venue says the checksum of its book is, and how it is made.
#[derive(Debug, Clone, Copy)]
pub struct Checksum {
    /// As sent; `None`: this message has none, those that follow do.
    pub expected: Option<u32>,
    /// The checksum of a book.
    pub of: Rule,
}

/// How a checksum is made.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Of levels.
    Levels(fn(&mut Ladder<Spelt>, &mut Texts) -> u32),
    /// Of orders: whether it is theirs, whose prices and sizes have at most so many decimals.
    Orders(fn(&Ladder<Queue>, Written, u32) -> bool),
}

/// What is kept of a book's levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Their sizes.
    Sizes,
    /// Their texts too.
    Texts,
    /// Their orders.
    Orders,
}

/// What a message says of a book beyond its levels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proof<'a> {
    /// Of each bid, how it was written; empty where no checksum needs it.
    pub bids: &'a [Spelt],
    /// The same of asks.
    pub asks: &'a [Spelt],
    /// The book's checksum once the message is applied, where the venue sends one.
    pub checksum: Option<Checksum>,
    /// Levels of a side that the venue keeps; 0: all. It never says that those beyond went.
    pub depth: usize,
}

/// The levels of a book, with their texts where a checksum needs them, or with their orders.
#[derive(Debug, Clone)]
pub(super) enum Held {
    Plain(Ladder),
    Written(Ladder<Spelt>, Texts),
    Orders(Orders),
}

impl Default for Held {
    fn default() -> Self {
        Self::Plain(Ladder::default())
    }
}

impl Held {
    /// Drops all levels, and says what is kept of those that follow.
    pub(super) fn restart(&mut self, keeping: Keeping) {
        match (&mut *self, keeping) {
            (Self::Plain(ladder), Keeping::Sizes) => ladder.clear(),
            (Self::Written(ladder, _), Keeping::Texts) => ladder.clear(),
            (Self::Orders(orders), Keeping::Orders) => orders.clear(),
            (_, Keeping::Sizes) => *self = Self::Plain(Ladder::default()),
            (_, Keeping::Texts) => *self = Self::Written(Ladder::default(), Texts::default()),
            (_, Keeping::Orders) => *self = Self::Orders(Orders::default()),
        }
    }

    /// What is kept.
    pub(super) const fn keeping(&self) -> Keeping {
        match self {
            Self::Plain(_) => Keeping::Sizes,
            Self::Written(..) => Keeping::Texts,
            Self::Orders(_) => Keeping::Orders,
        }
    }

    /// Makes the changes of one side and tells what each was; `written` is read only where texts are kept. Levels without
    /// texts end the keeping of them: what is made of some of a book's proves nothing.
    #[inline(always)]
    pub(super) fn apply(
        &mut self,
        side: Side,
        levels: &[Level],
        written: &[Spelt],
        told: impl FnMut(super::Change),
    ) {
        if matches!(self, Self::Written(..)) && written.len() < levels.len() {
            self.forget_texts();
        }
        match self {
            Self::Plain(ladder) => {
                ladder.apply_few(side, levels.iter().map(|level| (level.price, level.size, ())), told);
            }
            Self::Written(ladder, _) => {
                let changes = levels.iter().zip(written);
                ladder.apply(side, changes.map(|(level, written)| (level.price, level.size, *written)), told);
            }
            // Events of such a book are of orders.
            Self::Orders(_) => {}
        }
    }

    #[cold]
    fn forget_texts(&mut self) {
        let mut plain = Ladder::default();
        for side in [Side::Buy, Side::Sell] {
            for (level, _) in self.levels(side) {
                plain.set(side, level.price, level.size, ());
            }
        }
        *self = Self::Plain(plain);
    }

    /// Levels of `side`, best first, and how they were written where that is kept.
    pub(super) fn levels(&self, side: Side) -> impl Iterator<Item = (Level, Option<Written>)> {
        let (plain, written, orders) = match self {
            Self::Plain(ladder) => (Some(ladder), None, None),
            Self::Written(ladder, _) => (None, Some(ladder), None),
            Self::Orders(orders) => (None, None, Some(orders.ladder())),
        };
        let plain = plain.into_iter().flat_map(move |ladder| ladder.levels(side));
        let written = written.into_iter().flat_map(move |ladder| ladder.levels(side));
        let orders = orders.into_iter().flat_map(move |ladder| ladder.levels(side));
        plain
            .map(|(price, size, ())| (Level { price, size }, None))
            .chain(written.map(|(price, size, spelt)| (Level { price, size }, Some(spelt.written))))
            .chain(orders.map(|(price, size, _)| (Level { price, size }, None)))
    }

    /// Drops the levels of `side` beyond the best `depth`, giving each price dropped, best first.
    pub(super) fn truncate(&mut self, side: Side, depth: usize, dropped: impl FnMut(i128)) {
        match self {
            Self::Plain(ladder) if ladder.len(side) > depth => ladder.truncate(side, depth, dropped),
            Self::Written(ladder, _) if ladder.len(side) > depth => ladder.truncate(side, depth, dropped),
            Self::Plain(_) | Self::Written(..) | Self::Orders(_) => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Plain(ladder) => ladder.is_empty(),
            Self::Written(ladder, _) => ladder.is_empty(),
            Self::Orders(orders) => orders.ladder().is_empty(),
        }
    }

    /// Whether the book is what its venue says. Without the texts nothing can be said, so nothing is.
    #[inline(always)]
    pub(super) fn proves(&mut self, checksum: Option<Checksum>) -> bool {
        match (self, checksum) {
            (
                Self::Written(ladder, texts),
                Some(Checksum { expected: Some(expected), of: Rule::Levels(of) }),
            ) => of(ladder, texts) == expected,
            (Self::Orders(orders), Some(Checksum { expected: Some(expected), of: Rule::Orders(of) })) => {
                of(orders.ladder(), orders.whole(), expected)
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_where_they_are_needed() {
        let mut held = Held::default();
        let level = Level { price: 10_i128.pow(16), size: 5 };
        let written = Written { price: 1, size: 2 };
        let checksum = |expected| {
            Some(Checksum {
                expected: Some(expected),
                of: Rule::Levels(|ladder, _| {
                    ladder.levels(Side::Buy).map(|l| u32::from(l.2.written.size)).sum()
                }),
            })
        };
        held.apply(Side::Buy, &[level], &[written.into()], |_| ());
        assert!(held.proves(checksum(9)), "no texts, no proof");
        assert_eq!(held.levels(Side::Buy).collect::<Vec<_>>(), [(level, None)]);
        held.restart(Keeping::Texts);
        assert!(held.is_empty());
        held.apply(Side::Buy, &[level], &[written.into()], |_| ());
        assert!(held.proves(checksum(2)) && !held.proves(checksum(9)) && held.proves(None));
        assert_eq!(held.levels(Side::Buy).collect::<Vec<_>>(), [(level, Some(written))]);
        held.apply(Side::Buy, &[], &[], |_| ());
        assert!(!held.proves(checksum(9)), "nothing changed");
        let other = Level { price: 2 * level.price, size: 7 };
        held.apply(Side::Buy, &[other], &[], |change| assert_eq!(change, super::super::Change::Added));
        assert!(held.proves(checksum(9)), "of one level nothing is known");
        assert_eq!(held.levels(Side::Buy).collect::<Vec<_>>(), [(other, None), (level, None)]);
    }
}
