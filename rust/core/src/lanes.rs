//! Several bytes at a time: where bytes of interest stand, and digits to numbers.
//!
//! Masks have one bit per byte, the first byte lowest. On x86-64 they come from SSE2, which every such processor
//! has; elsewhere from arithmetic on words. Both are held to the obvious loop by the tests.

#[cfg(target_arch = "x86_64")]
use std::sync::LazyLock;

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "SSE2 intrinsics; the loops they stand for were measured at half their speed")]
mod masks {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_movemask_epi8,
        _mm_or_si128, _mm_set1_epi8,
    };

    /// Bytes equal to `byte`.
    #[inline(always)]
    pub fn equal(bytes: &[u8; 16], byte: u8) -> u32 {
        // SAFETY: every x86-64 processor has SSE2, and the pointer is to sixteen bytes that are borrowed.
        unsafe {
            let all = _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>());
            _mm_movemask_epi8(_mm_cmpeq_epi8(all, _mm_set1_epi8(byte as i8))) as u32
        }
    }

    /// Bytes that are no ASCII digit.
    #[inline(always)]
    pub fn not_digit(bytes: &[u8; 16]) -> u32 {
        // SAFETY: as in `equal`. Compared as signed: bytes above 0x7F are below '0'.
        unsafe {
            let all = _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>());
            let below = _mm_cmplt_epi8(all, _mm_set1_epi8(b'0' as i8));
            let above = _mm_cmpgt_epi8(all, _mm_set1_epi8(b'9' as i8));
            _mm_movemask_epi8(_mm_or_si128(below, above)) as u32
        }
    }

    /// Bytes that a JSON string cannot hold as they are, and those that are not ASCII.
    #[inline(always)]
    pub fn odd(bytes: &[u8; 16]) -> u32 {
        // SAFETY: as in `equal`. Compared as signed: bytes above 0x7F are below a space.
        unsafe {
            let all = _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>());
            let below = _mm_cmplt_epi8(all, _mm_set1_epi8(0x20));
            let escape = _mm_cmpeq_epi8(all, _mm_set1_epi8(b'\\' as i8));
            _mm_movemask_epi8(_mm_or_si128(below, escape)) as u32
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod masks {
    use super::obvious::{equal as equal_, mask, not_digit as not_digit_, odd as odd_};

    /// Bytes equal to `byte`.
    #[inline(always)]
    pub fn equal(bytes: &[u8; 16], byte: u8) -> u32 {
        mask(bytes, equal_(byte))
    }

    /// Bytes that are no ASCII digit.
    #[inline(always)]
    pub fn not_digit(bytes: &[u8; 16]) -> u32 {
        mask(bytes, not_digit_)
    }

    /// Bytes that a JSON string cannot hold as they are, and those that are not ASCII.
    #[inline(always)]
    pub fn odd(bytes: &[u8; 16]) -> u32 {
        mask(bytes, odd_)
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
mod obvious {
    /// The loop; compilers make vectors of it.
    #[inline(always)]
    pub fn mask(bytes: &[u8; 16], is: impl Fn(u8) -> bool) -> u32 {
        bytes.iter().enumerate().fold(0, |mask, (at, byte)| mask | u32::from(is(*byte)) << at)
    }

    pub fn equal(byte: u8) -> impl Fn(u8) -> bool {
        move |b| b == byte
    }

    pub fn not_digit(b: u8) -> bool {
        !b.is_ascii_digit()
    }

    pub fn odd(b: u8) -> bool {
        !(0x20..0x80).contains(&b) || b == b'\\'
    }
}

pub use masks::{not_digit, odd};

/// Whether the processor has AVX2, and the bit instructions that come with it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[must_use]
pub fn has_avx2() -> bool {
    static HAS_ALL: LazyLock<bool> = LazyLock::new(|| {
        std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("bmi1")
            && std::is_x86_feature_detected!("bmi2")
            && std::is_x86_feature_detected!("lzcnt")
            && std::is_x86_feature_detected!("popcnt")
    });
    *HAS_ALL
}

/// Bytes of sixteen equal to `byte`.
#[inline(always)]
#[must_use]
pub fn equal16(bytes: &[u8; 16], byte: u8) -> u32 {
    masks::equal(bytes, byte)
}

/// Bytes of thirty-two equal to `byte`.
#[inline(always)]
#[must_use]
pub fn equal32(bytes: &[u8; 32], byte: u8) -> u64 {
    let (halves, _) = bytes.as_chunks::<16>();
    u64::from(masks::equal(&halves[0], byte) | masks::equal(&halves[1], byte) << 16)
}

const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// Eight bytes from `at` on as a word of digit values (the first byte lowest); what is no digit has a value
/// above 9. `None` beyond the end.
#[inline(always)]
#[must_use]
pub fn digit_word(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*chunk) ^ ZEROS)
}

/// Whether two texts are the same; for names, which are short: those of two to 32 bytes are compared as words.
#[inline(always)]
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(text: &[u8]) -> Option<([u8; N], [u8; N])> {
        Some((*text.first_chunk()?, *text.last_chunk()?))
    }
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        17..=32 => ends::<16>(a) == ends(b),
        8..=16 => ends::<8>(a) == ends(b),
        4..8 => ends::<4>(a) == ends(b),
        2..4 => ends::<2>(a) == ends(b),
        _ => a == b,
    }
}

/// Whether all bytes of two words of digit values are at most 9.
#[inline(always)]
#[must_use]
pub const fn are_digits(a: u64, b: u64) -> bool {
    const LIMIT: u64 = u64::from_ne_bytes([0x76; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    // A byte above 0x7F shows itself; it may spoil its neighbour's sum, but not the answer.
    ((a.wrapping_add(LIMIT) | a | b.wrapping_add(LIMIT) | b) & HIGHS) == 0
}

/// The number that eight digit values spell, the first byte being the highest digit.
#[inline(always)]
#[must_use]
pub const fn eight_digits(word: u64) -> u64 {
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8);
    let low = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    low.wrapping_add(high) >> 32
}

/// How four words of digit values become the numbers they spell.
pub trait Eights: Copy {
    /// The numbers, of each word the first byte being the highest digit; `None` where a byte is no digit.
    fn spelt(self, words: [u64; 4]) -> Option<[u64; 4]>;
}

/// One after another, anywhere.
#[derive(Debug, Clone, Copy)]
pub struct InTurn;

impl Eights for InTurn {
    #[inline(always)]
    fn spelt(self, words: [u64; 4]) -> Option<[u64; 4]> {
        let [a, b, c, d] = words;
        (are_digits(a, b) && are_digits(c, d)).then(|| words.map(eight_digits))
    }
}

#[cfg(target_arch = "x86_64")]
pub use at_once::AtOnce;

#[cfg(target_arch = "x86_64")]
mod at_once {
    use core::arch::x86_64::{
        _mm_cvtsi128_si64, _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_extracti128_si256,
        _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_epu8, _mm256_movemask_epi8, _mm256_packus_epi32,
        _mm256_set_epi64x, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    };

    use super::{Eights, has_avx2};

    /// All at once, on processors with AVX2: one of these is the proof that this is one.
    #[derive(Debug, Clone, Copy)]
    pub struct AtOnce(());

    impl AtOnce {
        /// `None` on other processors.
        #[inline(always)]
        #[must_use]
        pub fn new() -> Option<Self> {
            has_avx2().then_some(Self(()))
        }
    }

    impl Eights for AtOnce {
        #[inline(always)]
        fn spelt(self, words: [u64; 4]) -> Option<[u64; 4]> {
            // SAFETY: there is a value of this type, so the processor has what the function is compiled for.
            #[allow(unsafe_code, reason = "four words cost what one does")]
            unsafe {
                spelt(words)
            }
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn spelt(words: [u64; 4]) -> Option<[u64; 4]> {
        let [a, b, c, d] = words.map(u64::cast_signed);
        let digits = _mm256_set_epi64x(d, c, b, a);
        let nines = _mm256_set1_epi8(9);
        if _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(digits, nines), nines)) != -1 {
            return None;
        }
        // Each pair's first number times 10, 100, then 10,000, and its second.
        let twos = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
        let fours = _mm256_madd_epi16(twos, _mm256_set1_epi32(0x0001_0064));
        let fours = _mm256_packus_epi32(fours, fours);
        let eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(0x0001_2710));
        let halves = [_mm256_castsi256_si128(eights), _mm256_extracti128_si256::<1>(eights)];
        let [low, high] = halves.map(|half| _mm_cvtsi128_si64(half).cast_unsigned());
        Some([low & 0xFFFF_FFFF, low >> 32, high & 0xFFFF_FFFF, high >> 32])
    }
}

/// The eight digits of a number below 10^8, as digit values, the first in the lowest byte.
#[inline(always)]
const fn spelt(number: u64) -> u64 {
    // Halves, then quarters, then digits, each pair side by side in a word; the products stand for divisions by 100
    // and by 10 that are exact so far.
    let halves = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = (halves * 10_486) >> 20 & 0x0000_007F_0000_007F;
    let quarters = hundreds | (halves - 100 * hundreds) << 16;
    let tens = (quarters * 103) >> 10 & 0x000F_000F_000F_000F;
    tens | (quarters - 10 * tens) << 8
}

/// The text of a number below 10^16, sixteen digits with zeros in front, the first in the lowest byte, and how many those
/// zeros are (sixteen of 0).
#[inline(always)]
#[must_use]
pub const fn sixteen_digits(number: u64) -> (u128, usize) {
    let high = spelt(number / 100_000_000);
    let low = spelt(number % 100_000_000);
    let values = high as u128 | (low as u128) << 64;
    let zeros = values.trailing_zeros() as usize / 8;
    (values | u128::from_ne_bytes([b'0'; 16]), zeros)
}

/// Appends the first `length` bytes of a text in a register, its first byte lowest; at most sixteen.
#[inline(always)]
pub fn push_text(out: &mut Vec<u8>, text: u128, length: usize) {
    let end = out.len() + length;
    // A copy of a fixed size is two instructions, one of another a call.
    out.extend_from_slice(&text.to_le_bytes());
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn masks_equal_the_loop(bytes in any::<[u8; 32]>(), byte in any::<u8>(), text in "[0-9\"\\\\ .]{32}") {
            let mut ascii = [0; 32];
            ascii.copy_from_slice(text.as_bytes());
            for bytes in [bytes, ascii] {
                let (halves, _) = bytes.as_chunks::<16>();
                let each = halves.iter().map(|half| obvious::mask(half, obvious::equal(byte)));
                prop_assert_eq!(equal32(&bytes, byte), each.rev().fold(0, |all, half| all << 16 | u64::from(half)));
                for half in halves {
                    prop_assert_eq!(equal16(half, byte), obvious::mask(half, obvious::equal(byte)));
                    prop_assert_eq!(not_digit(half), obvious::mask(half, obvious::not_digit));
                    prop_assert_eq!(odd(half), obvious::mask(half, obvious::odd));
                }
            }
        }

        #[test]
        fn numbers_are_spelt(number in 0..10_u64.pow(16), shift in 0..60_u32) {
            for number in [number, number >> shift, 0, 10_u64.pow(16) - 1] {
                let (text, zeros) = sixteen_digits(number);
                let want = format!("{number:016}");
                prop_assert_eq!(&text.to_le_bytes()[..], want.as_bytes());
                prop_assert_eq!(zeros, want.bytes().take_while(|digit| *digit == b'0').count());
            }
        }

        #[test]
        fn four_words_spell_numbers(
            texts in prop::array::uniform4("[0-9]{8}"),
            other in prop::option::of((0_usize..4, any::<u64>())),
            nines in any::<bool>(),
        ) {
            let mut words = texts.each_ref().map(|text| digit_word(text.as_bytes(), 0).unwrap_or_default());
            if nines {
                words[0] = u64::from_ne_bytes([9; 8]);
            }
            if let Some((at, other)) = other {
                words[at] = other;
            }
            let are_digits = words.iter().all(|word| word.to_le_bytes().iter().all(|digit| *digit <= 9));
            let want = are_digits.then(|| words.map(eight_digits));
            prop_assert_eq!(InTurn.spelt(words), want);
            #[cfg(target_arch = "x86_64")]
            prop_assert!(AtOnce::new().is_none_or(|at_once| at_once.spelt(words) == want));
        }

        #[test]
        fn digits_spell_numbers(text in "[0-9]{8}", other in any::<[u8; 8]>()) {
            let word = digit_word(text.as_bytes(), 0).unwrap_or_default();
            prop_assert!(are_digits(word, 0) && are_digits(0, word));
            prop_assert_eq!(Ok(eight_digits(word)), text.parse());
            let word = digit_word(&other, 0).unwrap_or_default();
            prop_assert_eq!(are_digits(word, 0), other.iter().all(u8::is_ascii_digit));
            prop_assert_eq!(are_digits(0, word), other.iter().all(u8::is_ascii_digit));
        }
    }
}
