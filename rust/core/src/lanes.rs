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

/// Whether a text has a byte; for names, as [`same`].
#[inline(always)]
#[must_use]
pub fn contains(text: &[u8], byte: u8) -> bool {
    if let (Some(first), Some(last), ..=32) = (text.first_chunk(), text.last_chunk(), text.len()) {
        return equal16(first, byte) | equal16(last, byte) != 0;
    }
    if let (Some(first), Some(last), ..=16) = (text.first_chunk(), text.last_chunk(), text.len()) {
        return has_byte(u64::from_le_bytes(*first), byte) || has_byte(u64::from_le_bytes(*last), byte);
    }
    if let (Some(first), Some(last), ..=8) = (text.first_chunk(), text.last_chunk(), text.len()) {
        return has_byte(
            u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)),
            byte,
        );
    }
    text.contains(&byte)
}

/// Whether a word has a byte.
#[inline(always)]
const fn has_byte(word: u64, byte: u8) -> bool {
    let zero_where_equal = word ^ u64::from_ne_bytes([byte; 8]);
    zero_where_equal.wrapping_sub(u64::from_ne_bytes([1; 8]))
        & !zero_where_equal
        & u64::from_ne_bytes([0x80; 8])
        != 0
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

/// The shape of a short number that starts its sixteen bytes: digits before the dot, and bytes from the dot to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape(u8);

impl Shape {
    /// `None` where it does not end within sixteen bytes. Whether it has eight digits at most on each side of the dot is seen
    /// where it is read.
    #[inline(always)]
    #[must_use]
    pub const fn new(whole: usize, rest: usize) -> Option<Self> {
        if whole | rest < 16 { Some(Self((whole << 4 | rest) as u8)) } else { None }
    }

    const fn parts(self) -> (usize, usize) {
        (self.0 as usize >> 4, self.0 as usize & 15)
    }

    /// Whether it has a digit before the dot, and eight at most on each side.
    const fn is_short(self) -> bool {
        let (whole, rest) = self.parts();
        whole >= 1 && whole <= 8 && rest <= 9 && whole + rest <= 16
    }

    /// How many decimals it is written with.
    #[inline(always)]
    #[must_use]
    pub const fn decimals(self) -> u8 {
        (self.parts().1 as u8).saturating_sub(1)
    }
}

/// How numbers of at most eight digits on each side of their dot are read, two at a time.
pub trait Eights: Copy {
    /// What is known of all the digits that were read.
    type Seen: Copy;

    /// Of none.
    fn none(self) -> Self::Seen;

    /// Both numbers at scale 8; anything where a byte is no digit, which `seen` then tells.
    fn read(self, texts: [&[u8; 16]; 2], shapes: [Shape; 2], seen: &mut Self::Seen) -> [u64; 2];

    /// Of all that were read, the most decimals of the first numbers and of the second without the zeros that end them; `None`
    /// where a byte was no digit, or a number longer.
    fn significant(self, seen: Self::Seen) -> Option<[u8; 2]>;
}

/// How many of eight decimals, the first in the lowest byte, come before nothing but zeros.
#[inline(always)]
const fn places(decimals: u64) -> u8 {
    (8 - decimals.leading_zeros() / 8) as u8
}

/// A short number at scale 8, and its decimals, the first in the lowest byte.
#[inline(always)]
fn number(text: &[u8; 16], shape: Shape) -> Option<(u64, u64)> {
    let (whole, _) = shape.parts();
    if !shape.is_short() {
        return None;
    }
    let above = digit_word(text, 0)? << (64 - 8 * whole);
    // Behind eight digits the last eight bytes start with the dot.
    let start = (whole + 1).min(8);
    let half = 4 * u32::from(shape.decimals());
    let kept = ((1_u64 << half) << half).wrapping_sub(1);
    let below = digit_word(text, start)? >> (8 * (whole + 1 - start)) & kept;
    if !are_digits(above, below) {
        return None;
    }
    Some((eight_digits(above) * 100_000_000 + eight_digits(below), below))
}

/// One after another, anywhere.
#[derive(Debug, Clone, Copy)]
pub struct InTurn;

impl Eights for InTurn {
    /// Decimals of the first numbers and of the second, none of them zero where one was not; nothing where a byte was no digit.
    type Seen = Option<[u64; 2]>;

    #[inline(always)]
    fn none(self) -> Self::Seen {
        Some([0; 2])
    }

    #[inline(always)]
    fn read(self, texts: [&[u8; 16]; 2], shapes: [Shape; 2], seen: &mut Self::Seen) -> [u64; 2] {
        let ([first, second], [of_first, of_second]) = (texts, shapes);
        match (number(first, of_first), number(second, of_second)) {
            (Some((first, of_first)), Some((second, of_second))) => {
                *seen = seen.map(|[first, second]| [first | of_first, second | of_second]);
                [first, second]
            }
            _ => {
                *seen = None;
                [0; 2]
            }
        }
    }

    #[inline(always)]
    fn significant(self, seen: Self::Seen) -> Option<[u8; 2]> {
        seen.map(|decimals| decimals.map(places))
    }
}

#[cfg(target_arch = "x86_64")]
pub use at_once::AtOnce;

#[cfg(target_arch = "x86_64")]
mod at_once {
    use core::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi64, _mm256_cmpeq_epi8, _mm256_extract_epi64,
        _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_epu8, _mm256_movemask_epi8, _mm256_mul_epu32,
        _mm256_packus_epi32, _mm256_set_m128i, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
        _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi64, _mm256_xor_si256,
    };

    use super::{Eights, Shape, has_avx2, places};

    /// Where the digits of a number of each shape go: the last before the dot into the eighth byte, the first after it into the
    /// ninth, 0 around them. What is not short has its dot, or what is behind its end, in all.
    static PLACES: [[u8; 16]; 256] = {
        const ZERO: u8 = 0x80;
        let mut all = [[0; 16]; 256];
        let mut at = 0;
        while at < 256 {
            let shape = Shape(at as u8);
            let (whole, rest) = shape.parts();
            let mut place = 0;
            while place < 16 {
                all[at][place] = if !shape.is_short() {
                    whole as u8
                } else if place < 8 {
                    if place + whole >= 8 { (place + whole - 8) as u8 } else { ZERO }
                } else if place - 8 + 1 < rest {
                    (whole + 1 + place - 8) as u8
                } else {
                    ZERO
                };
                place += 1;
            }
            at += 1;
        }
        all
    };

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

    #[allow(unsafe_code, reason = "two numbers cost what one does")]
    impl Eights for AtOnce {
        /// The greatest digit of each place.
        type Seen = __m256i;

        #[inline(always)]
        fn none(self) -> __m256i {
            // SAFETY: there is a value of this type, so the processor has what the function is compiled for.
            unsafe { _mm256_setzero_si256() }
        }

        #[inline(always)]
        fn read(self, texts: [&[u8; 16]; 2], shapes: [Shape; 2], seen: &mut __m256i) -> [u64; 2] {
            // SAFETY: as in `none`.
            unsafe { read(texts, shapes, seen) }
        }

        #[inline(always)]
        fn significant(self, seen: __m256i) -> Option<[u8; 2]> {
            // SAFETY: as in `none`.
            unsafe { significant(seen) }
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn both([first, second]: [&[u8; 16]; 2]) -> __m256i {
        #[allow(unsafe_code, reason = "loads of sixteen bytes")]
        // SAFETY: each pointer is to sixteen bytes that are borrowed.
        let load = |bytes: &[u8; 16]| unsafe { _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>()) };
        _mm256_set_m128i(load(second), load(first))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn read(texts: [&[u8; 16]; 2], shapes: [Shape; 2], seen: &mut __m256i) -> [u64; 2] {
        let values = _mm256_xor_si256(both(texts), _mm256_set1_epi8(b'0' as i8));
        let places = both(shapes.map(|shape| &PLACES[shape.0 as usize]));
        let digits = _mm256_shuffle_epi8(values, places);
        *seen = _mm256_max_epu8(*seen, digits);
        // Each pair's first number times 10, 100, then 10,000, and its second.
        let twos = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
        let fours = _mm256_madd_epi16(twos, _mm256_set1_epi32(0x0001_0064));
        let fours = _mm256_packus_epi32(fours, fours);
        let eights = _mm256_madd_epi16(fours, _mm256_set1_epi32(0x0001_2710));
        let above = _mm256_mul_epu32(eights, _mm256_set1_epi64x(100_000_000));
        let numbers = _mm256_add_epi64(above, _mm256_srli_epi64::<32>(eights));
        [_mm256_extract_epi64::<0>(numbers), _mm256_extract_epi64::<2>(numbers)].map(i64::cast_unsigned)
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn significant(seen: __m256i) -> Option<[u8; 2]> {
        let nines = _mm256_set1_epi8(9);
        if _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(seen, nines), nines)) != -1 {
            return None;
        }
        let decimals = [_mm256_extract_epi64::<1>(seen), _mm256_extract_epi64::<3>(seen)];
        Some(decimals.map(|decimals| places(decimals.cast_unsigned())))
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
        fn names_contain_what_they_contain(text in prop::collection::vec(any::<u8>(), 0..40), byte in any::<u8>()) {
            for byte in text.iter().copied().chain([byte]) {
                prop_assert_eq!(contains(&text, byte), text.contains(&byte));
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
        fn two_numbers_are_read(
            texts in prop::collection::vec(("[0-9]{0,9}", prop::option::of("[0-9]{0,9}"), "[\",}\\]]"), 2..8),
            other in prop::option::of((0_usize..8, 0_usize..16, any::<u8>())),
        ) {
            let (mut wanted, mut decimals) = (Some(Vec::new()), [0; 2]);
            let (mut in_turn, mut read) = (InTurn.none(), Vec::new());
            #[cfg(target_arch = "x86_64")]
            let mut at_once = AtOnce::new().map(|digits| (digits, digits.none(), Vec::new()));
            let numbers = texts.chunks_exact(2).enumerate();
            for (pair, numbers) in numbers {
                let mut bytes = [[b'~'; 16]; 2];
                let mut shapes = [Shape(0); 2];
                for (which, (whole, rest, end)) in numbers.iter().enumerate() {
                    let dotted = rest.as_ref().map(|rest| format!(".{rest}")).unwrap_or_default();
                    let text = format!("{whole}{dotted}{end}");
                    let kept = text.len().min(16);
                    bytes[which][..kept].copy_from_slice(&text.as_bytes()[..kept]);
                    shapes[which] = Shape::new(whole.len(), dotted.len()).expect("fifteen at most");
                    let mut is_number = (1..=8).contains(&whole.len())
                        && dotted.len() <= 9
                        && whole.len() + dotted.len() <= 16;
                    if let Some((at, place, byte)) = other && at == 2 * pair + which {
                        let is_read = place < whole.len() || place > whole.len() && place < whole.len() + dotted.len();
                        if is_read {
                            bytes[which][place] = byte;
                        }
                        is_number &= !is_read || byte.is_ascii_digit();
                    }
                    let length = whole.len() + dotted.len();
                    let number = is_number.then(|| std::str::from_utf8(&bytes[which][..length]).expect("digits"));
                    wanted = wanted.zip(number).map(|(mut all, text)| {
                        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
                        decimals[which] = decimals[which].max(rest.trim_end_matches('0').len() as u8);
                        all.push(format!("{whole}{rest:0<8}").parse::<u64>().expect("sixteen digits"));
                        all
                    });
                }
                read.extend(InTurn.read(bytes.each_ref(), shapes, &mut in_turn));
                #[cfg(target_arch = "x86_64")]
                if let Some((digits, seen, read)) = &mut at_once {
                    read.extend(digits.read(bytes.each_ref(), shapes, seen));
                }
            }
            let wanted = wanted.map(|numbers| (numbers, decimals));
            prop_assert_eq!(InTurn.significant(in_turn).map(|decimals| (read, decimals)), wanted.clone());
            #[cfg(target_arch = "x86_64")]
            if let Some((digits, seen, read)) = at_once {
                prop_assert_eq!(digits.significant(seen).map(|decimals| (read, decimals)), wanted);
            }
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
