//! The texts that a checksum is made of, kept from one to the next.
//!
//! A checksum is made of the best levels of a book, of which an update changes few. Making a level's text costs more than
//! all the rest of a checksum, so the one made last stays with the level: it is what the ladder carries beyond a size. A
//! change of a level puts another [`Spelt`] in its place, so none is ever stale. What was read of a frame brings its text with
//! it, copied from there; another has none until a checksum asks for it.
//!
//! Where a level's text is too long to be kept, those of all levels are made anew.

use std::marker::PhantomData;

use super::Ladder;
use crate::data::Side;
use crate::decimal::Decimal;
use crate::json::{Level, LevelSink, Part, Sent, Written};
use crate::lanes;

/// Bytes of a text that is kept: with how it was written, a level carries 32.
pub(crate) const KEPT: usize = 29;

/// A text in a register, its first byte lowest, and its length.
pub(crate) type Short = (u128, usize);

/// How a venue writes the prices and sizes that its checksum is made of, with what stands behind each: numbers at scale 16,
/// with so many decimals. A book has one spelling.
pub(crate) trait Spelling {
    /// The text of a number, where it fits into a register.
    fn short(number: i128, decimals: u8) -> Option<Short>;
    /// Appends the text of any number.
    fn append(out: &mut Vec<u8>, number: i128, decimals: u8);
    /// Copies the text of a number from that of its level in a frame to `at`: where it ends; `None` where it is not as simple
    /// as nearly all are.
    fn copy(sent: &Sent<'_>, part: Part, text: &mut [u8; KEPT], at: usize) -> Option<usize>;
}

/// How a level was written, and the text of it that a checksum is made of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spelt {
    /// Decimals of price and size.
    pub written: Written,
    /// 0: no text was made yet, or it is too long.
    length: u8,
    text: [u8; KEPT],
}

impl From<Written> for Spelt {
    #[inline(always)]
    fn from(written: Written) -> Self {
        Self { written, ..Self::default() }
    }
}

impl Spelt {
    /// Makes the text of the level, which has this price and size; says whether it is one that is kept.
    #[inline(always)]
    fn spell<S: Spelling>(&mut self, price: i128, size: i128) -> bool {
        let short = (S::short(price, self.written.price), S::short(size, self.written.size));
        let (Some((price, middle)), Some((size, length))) = short else { return false };
        if middle + length > KEPT {
            return false;
        }
        let bits = 8 * middle as u32;
        let low = price | size.checked_shl(bits).unwrap_or(0);
        let high = size.checked_shr(128 - bits).unwrap_or(0);
        self.text[..16].copy_from_slice(&low.to_le_bytes());
        self.text[16..].copy_from_slice(&high.to_le_bytes()[..KEPT - 16]);
        self.length = (middle + length) as u8;
        true
    }

    #[inline(always)]
    fn append(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.length);
        // A copy of a fixed size is a few instructions, one of another a call.
        out.extend_from_slice(&self.text);
        out.truncate(end);
    }
}

/// Takes levels and their texts, in the spelling of their book.
#[derive(Debug)]
pub(crate) struct SpeltLevels<'l, S> {
    levels: &'l mut Vec<Level>,
    spelt: &'l mut Vec<Spelt>,
    spelling: PhantomData<S>,
}

impl<'l, S> SpeltLevels<'l, S> {
    pub(crate) const fn new(levels: &'l mut Vec<Level>, spelt: &'l mut Vec<Spelt>) -> Self {
        Self { levels, spelt, spelling: PhantomData }
    }
}

impl<S: Spelling> LevelSink for SpeltLevels<'_, S> {
    #[inline(always)]
    fn push(&mut self, price: Decimal, size: Decimal) {
        self.levels.push(Level::of(price, size));
        self.spelt.push(Written::of(price, size).into());
    }

    #[inline(always)]
    fn push_short(&mut self, level: Level, written: Written, sent: &Sent<'_>) {
        self.levels.push(level);
        self.spelt.push(written.into());
        // In place: copied, it would be read before the processor has it.
        if let Some(spelt) = self.spelt.last_mut() {
            let length = S::copy(sent, sent.price, &mut spelt.text, 0)
                .and_then(|middle| S::copy(sent, sent.size, &mut spelt.text, middle));
            spelt.length = length.unwrap_or(0) as u8;
        }
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.levels.len()
    }

    #[inline(always)]
    fn truncate(&mut self, count: usize) {
        self.levels.truncate(count);
        self.spelt.truncate(count);
    }
}

/// The text of the checksum in the making.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    all: Vec<u8>,
    sides: [Vec<Spelt>; 2],
}

impl Texts {
    /// The text of the best `depth` levels of one side, then of the other.
    #[inline]
    pub(crate) fn in_turn<S: Spelling>(
        &mut self,
        ladder: &mut Ladder<Spelt>,
        sides: [Side; 2],
        depth: usize,
    ) -> &[u8] {
        let has_all = self.kept_in_turn(ladder, sides, depth);
        if !has_all && spell::<S>(ladder, sides, depth) {
            self.kept_in_turn(ladder, sides, depth);
        } else if !has_all {
            self.all.clear();
            let levels = sides.into_iter().flat_map(|side| ladder.levels(side).take(depth));
            levels.for_each(|level| append_anew::<S>(&mut self.all, level));
        }
        &self.all
    }

    /// The same of texts that are kept; says whether all are.
    #[inline(always)]
    fn kept_in_turn(&mut self, ladder: &Ladder<Spelt>, sides: [Side; 2], depth: usize) -> bool {
        self.all.clear();
        let mut has_all = true;
        for side in sides {
            ladder.best_payloads(side, depth, |spelt| {
                has_all &= spelt.length > 0;
                spelt.append(&mut self.all);
            });
        }
        has_all
    }

    /// The text of the best `depth` levels, of each rank the one side's before the other's.
    #[inline]
    pub(crate) fn in_pairs<S: Spelling>(
        &mut self,
        ladder: &mut Ladder<Spelt>,
        sides: [Side; 2],
        depth: usize,
    ) -> &[u8] {
        let has_all = self.kept_in_pairs(ladder, sides, depth);
        if !has_all && spell::<S>(ladder, sides, depth) {
            self.kept_in_pairs(ladder, sides, depth);
        } else if !has_all {
            self.all.clear();
            let [mut first, mut second] = sides.map(|side| ladder.levels(side).take(depth));
            for _ in 0..depth {
                let levels = [first.next(), second.next()];
                levels.into_iter().flatten().for_each(|level| append_anew::<S>(&mut self.all, level));
            }
        }
        &self.all
    }

    /// The same of texts that are kept; says whether all are.
    #[inline(always)]
    fn kept_in_pairs(&mut self, ladder: &Ladder<Spelt>, sides: [Side; 2], depth: usize) -> bool {
        self.all.clear();
        let mut has_all = true;
        for (side, texts) in sides.into_iter().zip(&mut self.sides) {
            texts.clear();
            ladder.best_payloads(side, depth, |spelt| {
                has_all &= spelt.length > 0;
                texts.push(*spelt);
            });
        }
        let [first, second] = &self.sides;
        let paired = first.len().min(second.len());
        for (first, second) in first.iter().zip(second) {
            first.append(&mut self.all);
            second.append(&mut self.all);
        }
        first[paired..].iter().chain(&second[paired..]).for_each(|spelt| spelt.append(&mut self.all));
        has_all
    }
}

/// Makes those texts of the best `depth` levels of both sides that are missing; says whether all are kept now.
#[cold]
#[inline(never)]
fn spell<S: Spelling>(ladder: &mut Ladder<Spelt>, sides: [Side; 2], depth: usize) -> bool {
    let mut are_kept = true;
    for side in sides {
        ladder.best_mut(side, depth, |price, size, spelt| {
            are_kept &= spelt.length > 0 || spelt.spell::<S>(price, size);
        });
    }
    are_kept
}

fn append_anew<S: Spelling>(out: &mut Vec<u8>, (price, size, spelt): (i128, i128, &Spelt)) {
    for (number, decimals) in [(price, spelt.written.price), (size, spelt.written.size)] {
        match S::short(number, decimals) {
            Some((text, length)) => lanes::push_text(out, text, length),
            None => S::append(out, number, decimals),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Decimals and the number.
    struct Plain;

    impl Spelling for Plain {
        fn short(number: i128, decimals: u8) -> Option<Short> {
            let (mut text, mut bytes) = (Vec::new(), [0; 16]);
            Self::append(&mut text, number, decimals);
            bytes.get_mut(..text.len())?.copy_from_slice(&text);
            Some((u128::from_le_bytes(bytes), text.len()))
        }

        fn append(out: &mut Vec<u8>, number: i128, decimals: u8) {
            out.extend_from_slice(format!("{decimals}.{number} ").as_bytes());
        }

        fn copy(_: &Sent<'_>, _: Part, _: &mut [u8; KEPT], _: usize) -> Option<usize> {
            None
        }
    }

    /// What the texts must be: each made of its level alone.
    fn anew(ladder: &Ladder<Spelt>, side: Side, depth: usize) -> Vec<String> {
        let levels = ladder.levels(side).take(depth);
        let text = |(price, size, spelt): (i128, i128, &Spelt)| {
            format!("{}.{price} {}.{size} ", spelt.written.price, spelt.written.size)
        };
        levels.map(text).collect()
    }

    proptest! {
        /// Of a book that changes, is cut and begins anew, so that levels go out of the best and come in again, as they were
        /// or not; some texts are too long to be kept.
        #[test]
        fn texts_of_a_book_are_those_made_anew(
            changes in prop::collection::vec((any::<bool>(), 0_i128..60, 0_i128..3, 0_u8..3, 0_u8..60), 1..1_500),
            tick in prop::sample::select(vec![1_i128, 10_i128.pow(10), 10_i128.pow(12), 10_i128.pow(15)]),
            long in prop::sample::select(vec![2_u8, 4, 60]),
            every in 1_usize..4,
        ) {
            let (mut ladder, mut texts) = (Ladder::default(), Texts::default());
            for (at, (is_bid, price, size, decimals, what)) in changes.into_iter().enumerate() {
                let side = if is_bid { Side::Buy } else { Side::Sell };
                let size = if what < long { size } else { size * 10_i128.pow(11 + u32::from(what % 4)) };
                match what {
                    0 => ladder.clear(),
                    1 => ladder.truncate(side, 8, |_| ()),
                    _ => {
                        let written = Written { price: decimals, size: what % 2 };
                        ladder.set(side, price * tick, size, written.into());
                    }
                }
                if at % every != 0 {
                    continue;
                }
                let [bids, asks] = [Side::Buy, Side::Sell].map(|side| anew(&ladder, side, 10));
                let turns = [&asks[..], &bids].concat().concat();
                let in_turn = texts.in_turn::<Plain>(&mut ladder, [Side::Sell, Side::Buy], 10);
                prop_assert_eq!(in_turn, turns.as_bytes());
                let pairs = (0..10).flat_map(|rank| [bids.get(rank), asks.get(rank)]);
                let pairs: String = pairs.flatten().map(String::as_str).collect();
                let in_pairs = texts.in_pairs::<Plain>(&mut ladder, [Side::Buy, Side::Sell], 10);
                prop_assert_eq!(in_pairs, pairs.as_bytes());
            }
        }
    }
}
