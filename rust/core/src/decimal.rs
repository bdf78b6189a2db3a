//! ASCII decimal text to an integer at scale 16, exactly.
//!
//! In: the digits of a price or a size as a venue wrote them: sign, leading zeros, no leading digit (`.5`),
//! exponents. Out: [`Decimal`]: the value x 10^16, the decimals written (some venues hash the text) and how
//! many of those matter. Refused: what is not a number ([`DecimalError::Syntax`]), non-zero digits beyond the
//! 16th decimal ([`DecimalError::Scale`]) and what leaves `i128` ([`DecimalError::Range`]). No float, ever.
//!
//! Two readers, one meaning: [`parse`] takes any text, digit by digit; [`short`] takes up to eight digits on
//! each side of the dot, which nearly every price is, all at once in two registers. The second answers `None`
//! where it is not sure and the first decides, so there is one place that says what a number is. A property
//! test holds them to each other.

use thiserror::Error;

use crate::lanes::{self, Eights, Shape};

/// Decimals kept: prices and sizes are integers of 10^-16.
pub const SCALE: u32 = 16;
/// The largest price NautilusTrader's 16-byte build takes (`PRICE_MAX`), scale 16.
pub const PRICE_MAX: i128 = 17_014_118_346_046 * 10_i128.pow(SCALE);
/// The largest quantity it takes (`QUANTITY_MAX`), scale 16.
pub const SIZE_MAX: i128 = 34_028_236_692_093 * 10_i128.pow(SCALE);

/// Powers of ten.
pub(crate) const POW10: [u64; 17] = {
    let mut table = [1_u64; 17];
    let mut i = 1;
    while i < 17 {
        table[i] = table[i - 1] * 10;
        i += 1;
    }
    table
};

/// A number read from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decimal {
    /// The value x 10^16.
    pub value: i128,
    /// Decimals written, trailing zeros included.
    pub written: u8,
    /// Decimals written, trailing zeros left out.
    pub significant: u8,
}

impl Decimal {
    /// Nothing, as an array of defaults is not: that is put together in memory, padding and all, and read back.
    pub(crate) const ZERO: Self = Self { value: 0, written: 0, significant: 0 };
}

/// What a call answered, put together anew of its parts. An answer lies in memory, padding and all; where a usual way
/// of reading and a call meet, the values of both would be put there, and read back before the processor has them.
#[inline(always)]
pub(crate) fn anew<E>(answer: Result<Decimal, E>) -> Result<Decimal, E> {
    let Decimal { value, written, significant } = answer?;
    Ok(Decimal { value, written, significant })
}

/// Why a text is not a [`Decimal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not a decimal number.
    #[error("not a decimal number")]
    Syntax,
    /// Digits beyond the 16th decimal that are not zero.
    #[error("more than 16 decimals")]
    Scale,
    /// Too large.
    #[error("too large")]
    Range,
}

impl DecimalError {
    /// A stable name of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "decimal_syntax",
            Self::Scale => "decimal_scale",
            Self::Range => "decimal_range",
        }
    }
}

/// Reads a whole text as a decimal.
///
/// # Errors
/// See [`DecimalError`].
pub fn parse(text: &[u8]) -> Result<Decimal, DecimalError> {
    let (negative, body) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match body.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&body[..at], parse_exponent(&body[at + 1..])?),
        None => (body, 0),
    };
    let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DecimalError::Syntax);
    }
    let digits = || whole.iter().chain(fraction);
    if !digits().all(u8::is_ascii_digit) {
        return Err(DecimalError::Syntax);
    }
    // The value is `digits` x 10^(exponent - fraction digits); `power` is what is missing to scale 16.
    let mut power = i64::from(SCALE) + exponent - fraction.len() as i64;
    let mut value: i128 = 0;
    let trailing = digits().rev().take_while(|d| **d == b'0').count();
    let count = whole.len() + fraction.len();
    power += trailing as i64;
    for digit in digits().take(count - trailing) {
        value =
            value.checked_mul(10).and_then(|v| v.checked_add(i128::from(digit - b'0'))).ok_or_else(|| {
                // Too many digits: is the number too large, or only too fine?
                let leading = digits().take_while(|d| **d == b'0').count();
                let kept = (count - trailing - leading) as i64 + power;
                if power < 0 && kept <= 38 { DecimalError::Scale } else { DecimalError::Range }
            })?;
    }
    let significant = (i64::from(SCALE) - power).clamp(0, i64::from(SCALE)) as u8;
    if value == 0 {
        power = 0;
    }
    if power < 0 {
        // The last digit taken is not zero, so something would be lost.
        return Err(DecimalError::Scale);
    }
    for _ in 0..power {
        value = value.checked_mul(10).ok_or(DecimalError::Range)?;
    }
    let written = (fraction.len() as i64 - exponent).clamp(0, 255) as u8;
    Ok(Decimal {
        value: if negative { -value } else { value },
        written,
        significant: if value == 0 { 0 } else { significant },
    })
}

/// Reads a decimal as [`parse`] does, but rounds half to even what has more than 16 decimals; tells whether it did.
///
/// # Errors
/// See [`DecimalError`]; never [`DecimalError::Scale`].
pub fn parse_rounded(text: &[u8]) -> Result<(Decimal, bool), DecimalError> {
    match parse(text) {
        Err(DecimalError::Scale) => {}
        exact => return exact.map(|decimal| (decimal, false)),
    }
    // Canonical text has a fraction, and its last digit is not zero: it is beyond the 16th.
    let canonical = canonical(text)?;
    let dot = canonical.find('.').ok_or(DecimalError::Syntax)?;
    let (kept, lost) = canonical.split_at_checked(dot + 1 + SCALE as usize).ok_or(DecimalError::Syntax)?;
    let mut decimal = parse(kept.as_bytes())?;
    let is_odd = decimal.value % 2 != 0;
    let up = match lost.as_bytes() {
        [b'5'] => is_odd,
        [first, ..] => *first >= b'5',
        [] => false,
    };
    if up {
        decimal.value += if canonical.starts_with('-') { -1 } else { 1 };
    }
    let zeros = (0..SCALE).take_while(|zeros| decimal.value % 10_i128.pow(zeros + 1) == 0).count();
    decimal.significant = if decimal.value == 0 { 0 } else { SCALE as u8 - zeros as u8 };
    Ok((decimal, true))
}

fn parse_exponent(text: &[u8]) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::Syntax);
    }
    // Beyond a few hundred the answer is zero, Scale or Range whatever the digits are.
    let value = digits.iter().fold(0_i64, |v, d| (v * 10 + i64::from(d - b'0')).min(100_000));
    Ok(if negative { -value } else { value })
}

/// Where a number's dot and its end are: what [`short`] has to be told.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Offset of the dot, or of the end where there is none.
    pub dot: usize,
    /// Offset of the end.
    pub end: usize,
}

/// Reads the digits `bytes[start..]` up to `ends` (offsets in `bytes`), at most eight on each side of the dot.
/// `None` where [`parse`] has to decide: longer, signed, exponent, malformed, or too near the end of `bytes`.
#[inline(always)]
#[must_use]
pub fn short(bytes: &[u8], start: usize, ends: Ends) -> Option<Decimal> {
    let digits = Digits::of(bytes, start, ends)?;
    if !lanes::are_digits(digits.above, digits.below) {
        return None;
    }
    Some(digits.decimal(lanes::eight_digits(digits.above), lanes::eight_digits(digits.below)))
}

/// A number's place in `bytes`, and its shape; `None` where it is too long or too near the end.
#[inline(always)]
#[must_use]
pub fn placed(bytes: &[u8], start: usize, ends: Ends) -> Option<(&[u8; 16], Shape)> {
    let shape = Shape::new(ends.dot.wrapping_sub(start), ends.end.wrapping_sub(ends.dot))?;
    Some((bytes.get(start..)?.first_chunk()?, shape))
}

/// A number at scale 8, at scale 16.
#[inline(always)]
#[must_use]
pub fn widened(number: u64) -> i128 {
    (u128::from(number) * u128::from(POW10[8])) as i128
}

/// Reads two numbers as [`short`] reads one, of at most sixteen bytes each.
#[inline(always)]
#[must_use]
pub fn short_pair(
    bytes: &[u8],
    parts: [(usize, Ends); 2],
    eights: impl Eights,
) -> Option<(Decimal, Decimal)> {
    let [(first, first_ends), (second, second_ends)] = parts;
    let (first, of_first) = placed(bytes, first, first_ends)?;
    let (second, of_second) = placed(bytes, second, second_ends)?;
    let mut seen = eights.none();
    let numbers = eights.read([first, second], [of_first, of_second], &mut seen);
    let significant = eights.significant(seen)?;
    let decimal = |at: usize, shape: Shape| Decimal {
        value: widened(numbers[at]),
        written: shape.decimals(),
        significant: significant[at],
    };
    Some((decimal(0, of_first), decimal(1, of_second)))
}

/// The digits of a short number, as values.
struct Digits {
    /// The last of the whole part in the highest byte.
    above: u64,
    /// The first decimal in the lowest.
    below: u64,
    decimals: usize,
}

impl Digits {
    #[inline(always)]
    fn of(bytes: &[u8], start: usize, ends: Ends) -> Option<Self> {
        let whole = ends.dot.wrapping_sub(start);
        let decimals = ends.end.wrapping_sub(ends.dot).saturating_sub(1);
        if whole.wrapping_sub(1) >= 8 || decimals > 8 {
            return None;
        }
        let above = lanes::digit_word(bytes, start)? << (64 - 8 * whole);
        let kept = ((1_u64 << (4 * decimals)) << (4 * decimals)).wrapping_sub(1);
        let below = lanes::digit_word(bytes, ends.dot + 1)? & kept;
        Some(Self { above, below, decimals })
    }

    /// The number, where these are the numbers that both parts spell.
    #[inline(always)]
    fn decimal(&self, above: u64, below: u64) -> Decimal {
        let units = u128::from(above) * u128::from(POW10[16]);
        Decimal {
            value: (units + u128::from(below * POW10[8])) as i128,
            written: self.decimals as u8,
            significant: (8 - self.below.leading_zeros() / 8) as u8,
        }
    }
}

/// Reads a number that ends at a `"`, from the start of `bytes`: the number and the length of its text. `None`
/// where [`parse`] has to decide.
#[inline(always)]
#[must_use]
pub fn quoted(bytes: &[u8; 32]) -> Option<(Decimal, usize)> {
    let quotes = lanes::equal32(bytes, b'"');
    let dots = lanes::equal32(bytes, b'.');
    let end = quotes.trailing_zeros() as usize;
    let dot = (dots | quotes).trailing_zeros() as usize;
    Some((short(bytes, 0, Ends { dot, end })?, end))
}

/// Reads a JSON number, from the start of `bytes`: the number and the length of its text. `None` where [`parse`] has to
/// decide, exponents among them.
#[inline(always)]
#[must_use]
pub fn bare(bytes: &[u8; 32]) -> Option<(Decimal, usize)> {
    let (low, high) = bytes.split_first_chunk::<16>()?;
    let others = lanes::not_digit(low) | lanes::not_digit(high.first_chunk()?) << 16;
    let dot = others.trailing_zeros() as usize;
    let has_dot = *bytes.get(dot)? == b'.';
    let end = if has_dot { (others & (others - 1)).trailing_zeros() as usize } else { dot };
    let ends_well = !matches!(*bytes.get(end)?, b'.' | b'e' | b'E') && (!has_dot || dot + 1 < end);
    let starts_well = bytes[0] != b'0' || dot == 1;
    if starts_well && ends_well { Some((short(bytes, 0, Ends { dot, end })?, end)) } else { None }
}

/// The inverses of the powers of 5 modulo 2^64: dividing by one, where nothing remains, is one multiplication.
const INVERSES_OF_5: [u64; 17] = {
    let (mut inverses, mut power, mut five) = ([0; 17], 0, 1_u64);
    while power < 17 {
        // Newton's iteration doubles the correct bits: 3, 6, … 96.
        let (mut inverse, mut i) = (five, 0);
        while i < 5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(five.wrapping_mul(inverse)));
            i += 1;
        }
        inverses[power] = inverse;
        (five, power) = (five.wrapping_mul(5), power + 1);
    }
    inverses
};

/// A value at scale 16 as one at scale 8, where that is exact and fits.
#[inline(always)]
#[must_use]
pub fn narrow(value: i128) -> Option<i64> {
    // 10^8 = 2^8 x 5^8.
    let narrow = ((value >> 8) as u64).wrapping_mul(INVERSES_OF_5[8]) as i64;
    (i128::from(narrow) * i128::from(POW10[8]) == value).then_some(narrow)
}

/// Canonical text of a decimal of any length: no exponent, no leading or trailing zeros, no `+`, `0` for zero.
///
/// # Errors
/// [`DecimalError::Syntax`] for what is not a number, [`DecimalError::Range`] beyond 200 digits.
pub fn canonical(text: &[u8]) -> Result<String, DecimalError> {
    let (negative, body) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match body.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => (&body[..at], parse_exponent(&body[at + 1..])?),
        None => (body, 0),
    };
    let mut digits = Vec::with_capacity(mantissa.len());
    let mut point = None;
    for &byte in mantissa {
        match byte {
            b'0'..=b'9' => digits.push(byte),
            b'.' if point.is_none() => point = Some(digits.len()),
            _ => return Err(DecimalError::Syntax),
        }
    }
    if digits.is_empty() {
        return Err(DecimalError::Syntax);
    }
    let point = point.unwrap_or(digits.len()) as i64 + exponent;
    let first = digits.iter().position(|d| *d != b'0');
    let Some(first) = first else { return Ok("0".to_owned()) };
    let last = digits.iter().rposition(|d| *d != b'0').unwrap_or(first);
    if point.abs() > 200 || last - first > 200 {
        return Err(DecimalError::Range);
    }
    let digit = |i: i64| {
        if i < first as i64 || i > last as i64 { '0' } else { char::from(digits[i as usize]) }
    };
    let mut out = String::new();
    if negative {
        out.push('-');
    }
    if point <= first as i64 {
        out.push('0');
    }
    out.extend((first as i64..point).map(digit));
    if point <= last as i64 {
        out.push('.');
        out.extend((point..=last as i64).map(digit));
    }
    Ok(out)
}

/// Canonical text of a value at scale 16.
#[must_use]
pub fn text(value: i128) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let unit = 10_u128.pow(SCALE);
    let (whole, fraction) = (magnitude / unit, magnitude % unit);
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:016}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Text of a value at scale 16 that is not negative, with exactly `written` decimals; those of the value must not be
/// more.
#[must_use]
pub fn text_as_written(value: i128, written: u8) -> String {
    let mut out = Vec::new();
    append(&mut out, value, written);
    out.into_iter().map(char::from).collect()
}

/// A value at scale 16 as one of `decimals` decimals; without meaning where it has more of them, or does not fit.
#[inline(always)]
fn units(value: i128, decimals: u8) -> u64 {
    let power = (SCALE as usize).saturating_sub(usize::from(decimals));
    // 10^power = 2^power x 5^power.
    ((value >> power) as u64).wrapping_mul(INVERSES_OF_5[power])
}

/// A value at scale 16 that is not negative as one of `decimals` decimals, where that is exact and fits.
#[inline(always)]
pub(crate) fn mantissa(value: i128, decimals: u8) -> Option<u64> {
    let power = (SCALE as usize).checked_sub(usize::from(decimals))?;
    let mantissa = units(value, decimals);
    (u128::from(mantissa) * u128::from(POW10[power]) == value.unsigned_abs()).then_some(mantissa)
}

/// Appends the text of a value at scale 16 that is not negative, with exactly `written` decimals; those of the value
/// must not be more.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, value: i128, written: u8) {
    let Some((text, length)) = short_text(value, written) else { return append_slowly(out, value, written) };
    lanes::push_text(out, text, length);
}

/// The text of a value in a register, its first byte lowest, and its length; `None` where it is longer.
#[inline(always)]
pub(crate) fn short_text(value: i128, written: u8) -> Option<(u128, usize)> {
    let mantissa = mantissa(value, written).filter(|mantissa| *mantissa < POW10[15])?;
    let (digits, zeros) = lanes::sixteen_digits(mantissa);
    let decimals = usize::from(written);
    let count = (16 - zeros).max(decimals + 1);
    if count > 15 {
        return None;
    }
    let digits = digits >> (8 * (16 - count));
    if decimals == 0 {
        return Some((digits, count));
    }
    let dot = 8 * (count - decimals);
    let whole = digits & ((1 << dot) - 1);
    Some((whole | u128::from(b'.') << dot | (digits >> dot) << (dot + 8), count + 1))
}

#[cold]
#[inline(never)]
fn append_slowly(out: &mut Vec<u8>, value: i128, written: u8) {
    let unit = 10_u128.pow(SCALE);
    let (whole, fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let mut digits = [b'0'; 40];
    let mut at = digits.len();
    let mut left = whole;
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
    if written == 0 {
        return;
    }
    out.push(b'.');
    let start = out.len();
    out.resize(start + usize::from(written), b'0');
    let mut left = fraction;
    for place in (0..SCALE as usize).rev() {
        if let Some(digit) = out.get_mut(start + place) {
            *digit = b'0' + (left % 10) as u8;
        }
        left /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_texts_are_the_long_ones(whole in 0..10_u64.pow(12), fraction in any::<u64>(), written in 0..=20_u8, shift in 0..64_u32) {
            let kept = 10_i128.pow(SCALE - u32::from(written).min(SCALE));
            for whole in [whole, whole >> shift, 0] {
                let value = unit(i128::from(whole)) + i128::from(fraction % POW10[16]);
                let value = value - value % kept;
                let (mut short, mut long) = (b"x".to_vec(), b"x".to_vec());
                append(&mut short, value, written);
                append_slowly(&mut long, value, written);
                prop_assert_eq!(short, long);
            }
        }
    }

    fn unit(value: i128) -> i128 {
        value * 10_i128.pow(SCALE)
    }

    macro_rules! cases {
        ($($name:ident: $text:expr => $want:expr;)+) => {
            $(#[test] fn $name() { assert_eq!(parse($text.as_bytes()).map(|d| (d.value, d.written, d.significant)), $want); })+
        };
    }

    cases! {
        plain: "63113.20" => Ok((unit(6_311_320) / 100, 2, 1));
        integer: "813" => Ok((unit(813), 0, 0));
        padded: "6195.00000000" => Ok((unit(6195), 8, 0));
        zero: "0.00000000" => Ok((0, 8, 0));
        negative: "-0.5" => Ok((-unit(1) / 2, 1, 1));
        plus: "+7" => Ok((unit(7), 0, 0));
        no_leading_digit: ".5" => Ok((unit(1) / 2, 1, 1));
        no_fraction_digit: "5." => Ok((unit(5), 0, 0));
        leading_zeros: "0007.10" => Ok((unit(71) / 10, 2, 1));
        sixteen_decimals: "0.0000000000000001" => Ok((1, 16, 16));
        seventeen_zero: "0.10000000000000000" => Ok((unit(1) / 10, 17, 1));
        seventeen: "0.00000000000000001" => Err(DecimalError::Scale);
        exponent_down: "1.5e-7" => Ok((1_500_000_000, 8, 8));
        exponent_up: "1E+3" => Ok((unit(1000), 0, 0));
        exponent_huge: "1e400" => Err(DecimalError::Range);
        exponent_of_zero: "0e400" => Ok((0, 0, 0));
        exponent_tiny: "1e-400" => Err(DecimalError::Scale);
        forty_digits: "1234567890123456789012345678901234567890" => Err(DecimalError::Range);
        forty_decimals: "0.1111111111111111111111111111111111111111" => Err(DecimalError::Scale);
        forty_decimals_far: "1234.0000000000000000000000000000000000000001" => Err(DecimalError::Scale);
        forty_both: "1111111111111111111111111111111111111111.1" => Err(DecimalError::Range);
        not_a_number: "NaN" => Err(DecimalError::Syntax);
        infinity: "Infinity" => Err(DecimalError::Syntax);
        empty: "" => Err(DecimalError::Syntax);
        dot: "." => Err(DecimalError::Syntax);
        two_dots: "1.2.3" => Err(DecimalError::Syntax);
        space: " 1" => Err(DecimalError::Syntax);
        bare_exponent: "1e" => Err(DecimalError::Syntax);
        sign_inside: "1-2" => Err(DecimalError::Syntax);
        largest: "17014118346046" => Ok((PRICE_MAX, 0, 0));
    }

    #[test]
    fn rounds_half_to_even() {
        for (text, want, rounded) in [
            ("1.5", 15 * 10_i128.pow(15), false),
            ("0.00000000000000015", 2, true),
            ("0.00000000000000025", 2, true),
            ("0.000000000000000250001", 3, true),
            ("-0.00000000000000035", -4, true),
            ("0.00000000000000004", 0, true),
            ("63113.1999999999999999999", unit(631_132) / 10, true),
            ("1e-30", 0, true),
        ] {
            let read = parse_rounded(text.as_bytes());
            assert_eq!(read.map(|(d, r)| (d.value, r)), Ok((want, rounded)), "{text}");
            assert_eq!(
                read.map(|(d, _)| d.significant),
                parse(super::text(want).as_bytes()).map(|d| d.significant)
            );
        }
        assert_eq!(parse_rounded(b"1e400"), Err(DecimalError::Range));
        assert_eq!(parse_rounded(b"x"), Err(DecimalError::Syntax));
    }

    #[test]
    fn narrow_is_exact_or_nothing() {
        const NARROW: i128 = 10_i128.pow(8);
        for price in [0, 1, NARROW, -NARROW, NARROW + 1, 631_132_000_000_000_000_000, 7 * NARROW / 2] {
            let want = (price % NARROW == 0).then_some((price / NARROW) as i64);
            assert_eq!(narrow(price), want, "{price}");
        }
        let beyond = (i128::from(i64::MAX) + 1) * NARROW;
        assert_eq!((narrow(beyond), narrow(-beyond)), (None, Some(i64::MIN)));
    }

    #[test]
    fn text_as_it_was_written() {
        for text in
            ["0", "0.10", "63113.20", "813", "6195.00000000", "0.0000000000000001", "17014118346046.0"]
        {
            let decimal = parse(text.as_bytes()).expect("a decimal");
            assert_eq!(text_as_written(decimal.value, decimal.written), text);
        }
    }

    fn bare_of(text: &str) -> Option<(Decimal, usize)> {
        let mut bytes = [b' '; 32];
        for (to, from) in bytes.iter_mut().zip(text.bytes().chain(*b",")) {
            *to = from;
        }
        bare(&bytes)
    }

    fn short_of(text: &str) -> Option<(Decimal, usize)> {
        let mut bytes = [b'x'; 32];
        for (to, from) in bytes.iter_mut().zip(text.bytes().chain(*b"\"")) {
            *to = from;
        }
        quoted(&bytes)
    }

    #[test]
    fn canonical_text() {
        for (from, want) in [
            ("0.00010000", "0.0001"),
            ("-0.0", "0"),
            ("1e-7", "0.0000001"),
            ("12e3", "12000"),
            ("00.50", "0.5"),
            ("-3.000000000000000001", "-3.000000000000000001"),
        ] {
            assert_eq!(canonical(from.as_bytes()).as_deref(), Ok(want));
        }
        assert_eq!(canonical(b"1.2.3"), Err(DecimalError::Syntax));
        assert_eq!(canonical(b""), Err(DecimalError::Syntax));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn narrow_equals_division(price in any::<i128>(), key in any::<i64>()) {
            const NARROW: i128 = 10_i128.pow(8);
            let want = (price % NARROW == 0).then(|| i64::try_from(price / NARROW).ok()).flatten();
            prop_assert_eq!(narrow(price), want);
            prop_assert_eq!(narrow(i128::from(key) * NARROW), Some(key));
        }

        #[test]
        fn short_agrees_with_parse(text in "[0-9]{0,9}\\.?[0-9]{0,9}") {
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            if let Some((decimal, length)) = short_of(&text) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(Ok(decimal), parse(text.as_bytes()));
            } else {
                prop_assert!(whole.is_empty() || whole.len() > 8 || part.len() > 8, "{} is short", text);
            }
        }

        #[test]
        fn short_takes_no_garbage(text in "[0-9.eE+\\- x]{1,18}") {
            if let Some((decimal, _)) = short_of(&text) {
                prop_assert_eq!(Ok(decimal), parse(text.as_bytes()));
            }
        }

        #[test]
        fn bare_agrees_with_parse(text in "(0|[1-9][0-9]{0,8})(\\.[0-9]{1,9})?") {
            let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
            match bare_of(&text) {
                Some((decimal, length)) => {
                    prop_assert_eq!(length, text.len());
                    prop_assert_eq!(Ok(decimal), parse(text.as_bytes()));
                }
                None => prop_assert!(whole.len() > 8 || part.len() > 8, "{} is short", text),
            }
        }

        #[test]
        fn bare_takes_what_json_has(text in "[0-9.eE+\\- x]{1,18}") {
            if let Some((decimal, length)) = bare_of(&text) {
                let mut cursor = crate::json::Cursor::new(text.as_bytes());
                prop_assert!(cursor.skip().is_ok());
                prop_assert_eq!(cursor.offset(), length);
                prop_assert_eq!(Ok(decimal), parse(&text.as_bytes()[..length]));
            }
        }

        #[test]
        fn text_reads_back(value in any::<i128>()) {
            let value = value / 10;
            let back = parse(text(value).as_bytes());
            prop_assert_eq!(back.map(|d| d.value), Ok(value));
            prop_assert_eq!(canonical(text(value).as_bytes()).ok(), Some(text(value)));
        }
    }
}
