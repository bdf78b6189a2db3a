//! Chance from a seed: the same numbers on every machine.
//!
//! Integers only, but for rates: a rate is compared with 53 random bits as a fraction, which IEEE arithmetic gives
//! exactly. No logarithm of the platform is asked, since platforms differ in the last bit.

/// A generator of xoshiro256++ (Blackman and Vigna), seeded by splitmix64.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u64; 4],
}

const fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The generator of one purpose: streams of one seed do not follow each other.
    #[must_use]
    pub const fn new(seed: u64, stream: u64) -> Self {
        let mut state = seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self {
            state: [splitmix(&mut state), splitmix(&mut state), splitmix(&mut state), splitmix(&mut state)],
        }
    }

    /// 64 random bits.
    pub const fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        let (b2, a2) = (b ^ c, a ^ d);
        self.state = [a2, b2, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// An integer below `bound`, which is at least 1.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.bits() as u128 * bound as u128) >> 64) as u64
    }

    /// An integer of `low..=high`.
    pub const fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low) as u64 + 1) as i64
    }

    /// `true` in about `rate` of the cases (0 to 1).
    pub fn chance(&mut self, rate: f64) -> bool {
        // 2^53 values: the conversion and the product are exact.
        rate > 0.0 && ((self.bits() >> 11) as f64) < rate * 9_007_199_254_740_992.0
    }

    /// 0 with probability 1/2, 1 with 1/4, … at most `limit`.
    pub const fn geometric(&mut self, limit: u32) -> u32 {
        let zeros = self.bits().trailing_zeros();
        if zeros < limit { zeros } else { limit }
    }

    /// A waiting time (or a size) whose mean is about `mean`: exponential, its logarithm taken piece by piece.
    pub const fn exponential(&mut self, mean: u64) -> u64 {
        let bits = self.bits() | 1;
        let zeros = bits.leading_zeros();
        let mantissa = (bits << zeros) << 1;
        // -log2 in 1/65536: the zeros in front, and the rest taken as a line.
        let log2 = ((zeros as u64) << 16) + (0xffff - (mantissa >> 48));
        // Times ln 2.
        ((log2 as u128 * 45_426 * mean as u128) >> 32) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        let mut random = Random::new(7, 0);
        // Written down: a change of the generator changes every capture ever made from a seed.
        let first: Vec<u64> = (0..3).map(|_| random.below(1_000_000)).collect();
        let mut again = Random::new(7, 0);
        assert_eq!(first, (0..3).map(|_| again.below(1_000_000)).collect::<Vec<_>>());
        assert_ne!(Random::new(7, 1).bits(), Random::new(7, 0).bits());
        assert_ne!(Random::new(8, 0).bits(), Random::new(7, 0).bits());
    }

    #[test]
    fn means_are_about_right() {
        let mut random = Random::new(1, 0);
        let mean = (0..100_000).map(|_| random.exponential(1_000)).sum::<u64>() / 100_000;
        assert!((950..1_100).contains(&mean), "{mean}");
        let hits = (0..100_000).filter(|_| random.chance(0.1)).count();
        assert!((9_500..10_500).contains(&hits), "{hits}");
        assert!((0..1_000).all(|_| (3..=5).contains(&random.between(3, 5))));
    }
}
