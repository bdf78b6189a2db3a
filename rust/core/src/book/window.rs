//! The best levels of a side in an array by price: one place a tick, so that a change looks nothing up and moves
//! nothing.
//!
//! A window covers some places a level (see [`places_for`]), from its base up. The tick is what all prices in it are
//! multiples of, seen from the best: nobody has to know the instrument. All other levels of the side are below the base
//! and are kept elsewhere ([`Half`](super::half::Half)); a level above the last place slides the window up, and what falls
//! out below goes there. A window is made when enough changes missed one, so an idle book has none, and what making costs
//! is spread over them.
//!
//! Sizes are held in 8 bytes, at scale 8: a level whose size does not fit has no place.

use super::Payload;
use super::half::Change;
use super::levels::NARROW;

/// The fewest and the most bytes of a window: a processor's second cache holds several of the largest.
const BYTES: [usize; 2] = [40 << 10, 256 << 10];

/// Places for each level of the side: what a level takes in memory is bounded, however far its neighbours are.
const PLACES_A_LEVEL: usize = 8;

/// How many places a window over a side of `levels` has: a power of two.
pub(super) fn places_for<P>(levels: usize) -> usize {
    let [fewest, most] = BYTES.map(|bytes| bytes / (size_of::<i64>() + size_of::<P>()));
    1 << (levels * PLACES_A_LEVEL).clamp(fewest, most).ilog2()
}

/// The best levels of a side.
#[derive(Debug, Clone)]
pub(super) struct Window<P> {
    /// The key of the first place.
    base: i128,
    /// Between one place and the next.
    tick: Tick,
    len: usize,
    /// Which places hold a level, as bits.
    filled: Box<[u64]>,
    /// At scale 8.
    sizes: Box<[i64]>,
    payloads: Box<[P]>,
}

/// Where the best level is put: what comes above it has a quarter of the places.
const fn top(places: usize) -> usize {
    places / 4 * 3
}

/// A tick, and what divides by it.
#[derive(Debug, Clone, Copy)]
struct Tick {
    value: u64,
    /// Its factors of two.
    shift: u32,
    /// What multiplies with the rest of it to one, modulo 2^64.
    inverse: u64,
}

impl Tick {
    const fn new(value: u64) -> Self {
        let shift = value.trailing_zeros();
        let odd = value >> shift;
        // Newton: each step doubles the bits that are right; the first three of any odd number are.
        let (mut inverse, mut step) = (odd, 0);
        while step < 5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
            step += 1;
        }
        Self { value, shift, inverse }
    }

    /// How many ticks a distance is, if it is a whole number of fewer than `places`.
    #[inline(always)]
    fn places_in(self, distance: u128, places: usize) -> Option<usize> {
        let n = ((distance >> self.shift) as u64).wrapping_mul(self.inverse);
        (n < places as u64 && u128::from(n) * u128::from(self.value) == distance).then_some(n as usize)
    }
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl<P: Payload> Window<P> {
    /// An empty window of `places` for a side whose keys, from the best down, are these; `None` where they give no tick.
    pub(super) fn over(mut keys: impl Iterator<Item = i128>, places: usize) -> Option<Self> {
        let best = keys.next()?;
        let mut tick = 0;
        for key in keys {
            let distance = best.abs_diff(key);
            // What is beyond the places of this tick is beyond those of any finer one.
            if tick != 0 && distance / top(places) as u128 > tick {
                break;
            }
            tick = greatest_common_divisor(distance, tick);
        }
        let tick = u64::try_from(tick).ok().filter(|tick| *tick != 0)?;
        let base = best.checked_sub(i128::from(tick) * top(places) as i128)?;
        base.checked_add(i128::from(tick) * places as i128)?;
        Some(Self {
            base,
            tick: Tick::new(tick),
            len: 0,
            filled: vec![0; places / 64].into(),
            sizes: vec![0; places].into(),
            payloads: vec![P::default(); places].into(),
        })
    }

    /// How many ticks it covers.
    pub(super) fn places(&self) -> usize {
        self.sizes.len()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn base(&self) -> i128 {
        self.base
    }

    /// Whether too little of the window is below the best level.
    pub(super) fn is_low(&self) -> bool {
        self.descending().next().is_none_or(|(at, ..)| at < self.places() / 2)
    }

    /// The place of a key, if it has one.
    #[inline(always)]
    pub(super) fn place(&self, key: i128) -> Option<usize> {
        self.tick.places_in(key.wrapping_sub(self.base) as u128, self.places())
    }

    /// Gives the level in place `at` the new `size` (scale 8); 0 takes it away.
    #[inline(always)]
    pub(super) fn set(&mut self, at: usize, size: i64, payload: P) -> Change {
        let (word, bit) = (&mut self.filled[at / 64], at % 64);
        let (was, is) = (*word >> bit & 1, u64::from(size != 0));
        *word = *word & !(1 << bit) | is << bit;
        self.len = self.len + is as usize - was as usize;
        self.sizes[at] = size;
        self.payloads[at] = payload;
        Change::between(was != 0, is != 0)
    }

    fn holds(&self, at: usize) -> bool {
        self.filled[at / 64] >> (at % 64) & 1 != 0
    }

    /// The size in place `at`, if a level is there.
    pub(super) fn size_at(&self, at: usize) -> Option<i128> {
        self.holds(at).then(|| self.size(at))
    }

    /// The payload in place `at`, to change, if a level is there.
    pub(super) fn payload_mut(&mut self, at: usize) -> Option<&mut P> {
        self.holds(at).then(|| &mut self.payloads[at])
    }

    /// Levels from the best down: place, size, payload.
    fn descending(&self) -> impl Iterator<Item = (usize, i128, &P)> {
        let words = self.filled.iter().enumerate().rev();
        let places = words.flat_map(|(word, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let bit = bits.checked_ilog2()?;
                bits ^= 1 << bit;
                Some(word * 64 + bit as usize)
            })
        });
        places.map(|at| (at, self.size(at), &self.payloads[at]))
    }

    /// Levels from the best down: key, size, payload.
    pub(super) fn levels(&self) -> impl Iterator<Item = (i128, i128, &P)> {
        self.descending().map(|(at, size, payload)| (self.key(at), size, payload))
    }

    /// Gives the payloads of up to `n` levels from the best down; answers how many they were.
    #[inline(always)]
    pub(super) fn best_payloads(&self, n: usize, mut give: impl FnMut(&P)) -> usize {
        let mut left = n.min(self.len);
        let given = left;
        for (word, bits) in self.filled.iter().enumerate().rev() {
            let mut bits = *bits;
            while left > 0
                && let Some(bit) = bits.checked_ilog2()
            {
                bits ^= 1 << bit;
                give(&self.payloads[word * 64 + bit as usize]);
                left -= 1;
            }
            if left == 0 {
                break;
            }
        }
        given
    }

    /// Gives up to `n` levels from the best down: key, size, and the payload, to change; answers how many they were.
    pub(super) fn best_mut(&mut self, n: usize, mut give: impl FnMut(i128, i128, &mut P)) -> usize {
        let mut left = n;
        for (word, bits) in self.filled.iter().enumerate().rev() {
            let mut bits = *bits;
            while left > 0
                && let Some(bit) = bits.checked_ilog2()
            {
                bits ^= 1 << bit;
                let at = word * 64 + bit as usize;
                give(self.key(at), self.size(at), &mut self.payloads[at]);
                left -= 1;
            }
        }
        n - left
    }

    /// Scale 16, whether or not a level is there.
    #[inline(always)]
    fn size(&self, at: usize) -> i128 {
        i128::from(self.sizes[at]) * NARROW
    }

    #[inline(always)]
    const fn key(&self, at: usize) -> i128 {
        self.base + self.tick.value as i128 * at as i128
    }

    /// Moves up, so that `key`, which is above all places, has one, which it answers; gives each level that falls out,
    /// from the lowest up. Nothing moves where `key` would be between two places, or beyond all numbers.
    pub(super) fn rise_to(&mut self, key: i128, out: impl FnMut(i128, i128, P)) -> Option<usize> {
        let tick = i128::from(self.tick.value);
        let distance = key.checked_sub(self.base)?;
        key.checked_add(tick * self.places() as i128)?;
        if distance % tick != 0 {
            return None;
        }
        let top = top(self.places());
        let n = usize::try_from(distance / tick).ok()?.checked_sub(top)?;
        self.fall(n.min(self.places()), out);
        self.base = key - tick * top as i128;
        Some(top)
    }

    /// Gives all levels away, from the lowest up.
    pub(super) fn empty(&mut self, out: impl FnMut(i128, i128, P)) {
        self.fall(self.places(), out);
    }

    /// Gives away the levels of the lowest `n` places, from the lowest up; those above come down by as many.
    fn fall(&mut self, n: usize, mut out: impl FnMut(i128, i128, P)) {
        for at in 0..n {
            if self.holds(at) {
                out(self.key(at), self.size(at), std::mem::take(&mut self.payloads[at]));
                self.len -= 1;
            }
        }
        self.sizes.copy_within(n.., 0);
        self.payloads.rotate_left(n);
        let (words, bits) = (n / 64, n % 64);
        for word in 0..self.filled.len() {
            let word_of = |word: usize| u128::from(self.filled.get(word).copied().unwrap_or(0));
            let pair = word_of(words + word) | word_of(words + word + 1) << 64;
            self.filled[word] = (pair >> bits) as u64;
        }
    }

    /// Drops all but the best `n` levels, giving the key of each, the best first.
    pub(super) fn keep(&mut self, n: usize, mut dropped: impl FnMut(i128)) {
        let mut left = n.min(self.len);
        self.len = left;
        for word in (0..self.filled.len()).rev() {
            let mut beyond = self.filled[word];
            while left > 0 && beyond != 0 {
                beyond ^= 1 << beyond.ilog2();
                left -= 1;
            }
            self.filled[word] ^= beyond;
            while let Some(bit) = beyond.checked_ilog2() {
                beyond ^= 1 << bit;
                dropped(self.key(word * 64 + bit as usize));
            }
        }
    }
}
