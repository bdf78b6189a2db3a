//! The texts that a checksum is made of, kept from one to the next.
//!
//! A checksum is made of the best levels of a book, of which an update changes few. Making a level's texts costs more than
//! all the rest of a checksum, so those made last stay here, each with what it was made of: the number and its decimals. That
//! is all a text depends on, so nothing that happens to the book makes one wrong, and nothing has to be told here.
//!
//! The texts of a level have one place, by its price, and give it up to the next that need it: what is kept of a book is
//! [`PLACES`] pairs at most (24 KiB), and nothing before its first checksum. Texts that do not fit into a register are not
//! kept.

use super::Ladder;
use crate::data::Side;
use crate::decimal;
use crate::json::Written;
use crate::lanes;

/// Five times the levels that the longest checksum is made of (25 a side): not every tick has a level, and few share a place.
const PLACES: usize = 256;

/// A text in a register, its first byte lowest, and its length.
pub(crate) type Short = (u128, usize);

/// A level, and how it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WrittenLevel {
    /// Scale 16.
    pub price: i128,
    /// Scale 16.
    pub size: i128,
    /// Decimals of both.
    pub written: Written,
}

/// Up to `N` best levels of a side, best first: the first so many of the array.
#[inline]
pub(crate) fn best<const N: usize>(ladder: &Ladder<Written>, side: Side) -> ([WrittenLevel; N], usize) {
    let (mut levels, mut n) = ([WrittenLevel::default(); N], 0);
    // Not a loop: all the ladder's parts are run through from the inside.
    ladder.levels(side).take(N).for_each(|(price, size, written)| {
        levels[n] = WrittenLevel { price, size, written: *written };
        n += 1;
    });
    (levels, n)
}

/// How a venue writes the prices and sizes that its checksum is made of, with what stands behind each: numbers at scale 16,
/// with so many decimals.
pub(crate) trait Spelling {
    /// The text of a number, where it fits into a register.
    fn short(number: i128, decimals: u8) -> Option<Short>;
    /// Appends the text of any number.
    fn append(out: &mut Vec<u8>, number: i128, decimals: u8);
}

/// A text, and what it was made of.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    number: i128,
    text: u128,
    decimals: u8,
    /// 0: nothing is kept.
    length: u8,
}

impl Kept {
    /// Appends the text of a number, made anew where it is another than that of before.
    #[inline(always)]
    fn append<S: Spelling>(&mut self, out: &mut Vec<u8>, number: i128, decimals: u8) {
        if (self.number != number) | (self.decimals != decimals) | (self.length == 0) {
            let Some((text, length)) = S::short(number, decimals) else {
                return S::append(out, number, decimals);
            };
            *self = Self { number, text, decimals, length: length as u8 };
        }
        lanes::push_text(out, self.text, usize::from(self.length));
    }
}

/// Texts of levels, as the last checksums took them, and the text of the one in the making.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// Of prices and of sizes.
    kept: Option<Box<[[Kept; 2]; PLACES]>>,
    all: Vec<u8>,
}

impl Texts {
    /// Starts a checksum.
    pub(crate) fn start(&mut self) {
        self.all.clear();
    }

    /// Appends the text of a level; those of one book have one spelling.
    #[inline(always)]
    pub(crate) fn append<S: Spelling>(&mut self, level: &WrittenLevel) {
        let WrittenLevel { price, size, written } = *level;
        let kept = self.kept.get_or_insert_with(|| Box::new([[Kept::default(); 2]; PLACES]));
        let [of_price, of_size] = &mut kept[place(price, written.price)];
        of_price.append::<S>(&mut self.all, price, written.price);
        of_size.append::<S>(&mut self.all, size, written.size);
    }

    /// The text so far.
    pub(crate) fn text(&self) -> &[u8] {
        &self.all
    }
}

/// Where the texts of a level of this price have their place: prices that follow one another have one each.
#[inline(always)]
fn place(price: i128, decimals: u8) -> usize {
    decimal::units(price, decimals) as usize % PLACES
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
    }

    proptest! {
        /// Of few prices, sizes and decimals, so that each comes again, changed or not, and places are fought for; some
        /// texts are too long to be kept.
        #[test]
        fn texts_are_those_made_anew(
            levels in prop::collection::vec((0_i128..400, 0_i128..4, 0_u8..2, 0_u8..2, 0_u8..9), 0..3_000),
            tick in prop::sample::select(vec![1_i128, 10_i128.pow(10), 1 << 60]),
            chunk in 1_usize..60,
        ) {
            let mut texts = Texts::default();
            for levels in levels.chunks(chunk) {
                let mut anew = Vec::new();
                texts.start();
                for (price, size, of_price, of_size, long) in levels {
                    let size = if *long == 0 { 10_i128.pow(30) + size } else { *size };
                    let written = Written { price: *of_price, size: *of_size };
                    let level = WrittenLevel { price: price * tick, size, written };
                    Plain::append(&mut anew, level.price, written.price);
                    Plain::append(&mut anew, size, written.size);
                    texts.append::<Plain>(&level);
                }
                prop_assert_eq!(texts.text(), &anew[..]);
            }
        }

        /// Of a book that changes, is cut and begins anew, so that levels go out of the best and come in again, as they were
        /// or not.
        #[test]
        fn texts_of_a_book_are_those_made_anew(
            changes in prop::collection::vec((any::<bool>(), 0_i128..60, 0_i128..3, 0_u8..3, 0_u8..60), 1..1_500),
            tick in prop::sample::select(vec![1_i128, 10_i128.pow(10), 10_i128.pow(15)]),
        ) {
            let (mut ladder, mut texts) = (Ladder::default(), Texts::default());
            for (is_bid, price, size, decimals, what) in changes {
                let side = if is_bid { Side::Buy } else { Side::Sell };
                match what {
                    0 => ladder.clear(),
                    1 => ladder.truncate(side, 8, |_| ()),
                    _ => _ = ladder.set(side, price * tick, size, Written { price: decimals, size: what % 2 }),
                }
                let mut anew = Texts::default();
                for texts in [&mut texts, &mut anew] {
                    texts.start();
                    for side in [Side::Buy, Side::Sell] {
                        let (levels, n) = best::<10>(&ladder, side);
                        levels[..n].iter().for_each(|level| texts.append::<Plain>(level));
                    }
                }
                prop_assert_eq!(texts.text(), anew.text());
            }
        }
    }
}
