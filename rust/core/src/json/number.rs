//! Integers and decimals.

use std::borrow::Cow;

use super::{Cursor, JsonError, Kind};
use crate::decimal::{self, Decimal};
use crate::lanes;

impl<'a> Cursor<'a> {
    /// Reads a JSON integer that is not negative.
    ///
    /// # Errors
    /// Syntax, [`Kind::Type`] for another value (fractions too), [`Kind::Integer`] beyond `u64` or negative.
    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, JsonError> {
        match self.short_integer() {
            Some(value) => Ok(value),
            None => self.u64_slowly(),
        }
    }

    /// The integer of at most sixteen digits that stands here; nothing is taken when it is anything else.
    #[inline(always)]
    pub fn short_integer(&mut self) -> Option<u64> {
        match self.bytes.get(self.at..)?.first_chunk() {
            Some(window) => self.short_integer_in(window),
            None => self.short_integer_at_end(),
        }
    }

    #[inline(never)]
    fn short_integer_at_end(&mut self) -> Option<u64> {
        let mut pad = [0; 17];
        let window = *self.window(&mut pad);
        self.short_integer_in(&window)
    }

    #[inline(always)]
    fn short_integer_in(&mut self, window: &[u8; 17]) -> Option<u64> {
        let (value, digits) = short_integer(window)?;
        if window[0] == b'0' && digits > 1 || matches!(window[digits], b'.' | b'0'..=b'9' | b'e' | b'E') {
            return None;
        }
        self.at += digits;
        Some(value)
    }

    /// The integer of at most sixteen digits that stands here, and the brace behind it that ends the frame; nothing is taken
    /// when it is anything else.
    #[inline(always)]
    pub fn last_integer(&mut self) -> Option<u64> {
        let digits = self.bytes.len().checked_sub(self.at + 1)?;
        let (text, [b'}']) = self.bytes.last_chunk::<17>()?.split_first_chunk::<16>()? else { return None };
        if digits.wrapping_sub(1) >= 16 || digits > 1 && text[16 - digits] == b'0' {
            return None;
        }
        // What is in front of it counts as zeros.
        let before = 8 * (16 - digits) as u32;
        let all = (u128::from_le_bytes(*text) ^ u128::from_ne_bytes([b'0'; 16])) >> before << before;
        let [high, low] = [all as u64, (all >> 64) as u64];
        if !lanes::are_digits(high, low) {
            return None;
        }
        self.at = self.bytes.len();
        Some(lanes::eight_digits(high) * decimal::POW10[8] + lanes::eight_digits(low))
    }

    /// The thirteen digits that stand here, as times in milliseconds have, and no more of them; what follows is the caller's to
    /// check. Nothing is taken when it is anything else.
    #[inline(always)]
    pub fn thirteen_digits(&mut self) -> Option<u64> {
        let (text, next) = self.bytes.get(self.at..)?.split_first_chunk()?;
        let value = thirteen_digits(text)?;
        if next.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        self.at += 13;
        Some(value)
    }

    /// The thirteen digits that stand here, and the brace behind them that ends the frame; nothing is taken when it is anything
    /// else.
    #[inline(always)]
    pub fn last_thirteen_digits(&mut self) -> Option<u64> {
        let (text, b"}") = self.bytes.get(self.at..)?.split_first_chunk()? else { return None };
        let value = thirteen_digits(text)?;
        self.at = self.bytes.len();
        Some(value)
    }

    /// Passes over an integer of fewer than sixteen digits; nothing is taken when anything else stands here.
    #[inline(always)]
    pub(super) fn pass_short_integer(&mut self) -> bool {
        let Some(window) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<16>()) else {
            return false;
        };
        let digits = lanes::not_digit(window).trailing_zeros() as usize;
        let Some(end) = window.get(digits) else { return false };
        let is_one = (digits == 1 || digits > 1 && window[0] != b'0') && !matches!(end, b'.' | b'e' | b'E');
        self.at += if is_one { digits } else { 0 };
        is_one
    }

    #[cold]
    #[inline(never)]
    fn u64_slowly(&mut self) -> Result<u64, JsonError> {
        if !matches!(self.peek(), b'-' | b'0'..=b'9') {
            return Err(self.other_type());
        }
        let start = self.at;
        if let Some(value) = self.short_integer() {
            return Ok(value);
        }
        let text = self.number()?;
        if text.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
            return Err(JsonError { kind: Kind::Type, at: start });
        }
        std::str::from_utf8(text)
            .ok()
            .and_then(|t| t.parse().ok())
            .ok_or(JsonError { kind: Kind::Integer, at: start })
    }

    /// The integer above 0 that stands here in quotes, of at most sixteen digits and nothing else; nothing is taken
    /// otherwise.
    #[inline(always)]
    pub fn short_quoted(&mut self) -> Option<u64> {
        let mut pad = [0; 19];
        let window = self.window(&mut pad);
        let (value, digits) = short_integer(window[1..].first_chunk()?)?;
        let is_one = window[0] == b'"' && window[1 + digits] == b'"' && value > 0;
        self.at += if is_one { digits + 2 } else { 0 };
        is_one.then_some(value)
    }

    /// Reads a JSON integer of either sign.
    ///
    /// # Errors
    /// As [`Self::u64`].
    pub fn i64(&mut self) -> Result<i64, JsonError> {
        if self.peek() == b'-' {
            let start = self.at;
            let text = self.number()?;
            let parsed = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            return parsed.ok_or(JsonError { kind: Kind::Integer, at: start });
        }
        let start = self.at;
        i64::try_from(self.u64()?).map_err(|_| JsonError { kind: Kind::Integer, at: start })
    }

    /// Reads a decimal, quoted as venues send it or bare.
    ///
    /// # Errors
    /// Syntax, [`Kind::Type`], or [`Kind::Decimal`].
    #[inline(always)]
    pub fn decimal(&mut self) -> Result<Decimal, JsonError> {
        let mut pad = [0; 33];
        let window = self.window(&mut pad);
        if window[0] == b'"'
            && let Some(text) = window[1..].first_chunk()
            && let Some((decimal, length)) = decimal::quoted(text)
        {
            self.at += length + 2;
            return Ok(decimal);
        }
        if window[0].is_ascii_digit()
            && let Some(text) = window.first_chunk()
            && let Some((decimal, length)) = decimal::bare(text)
        {
            self.at += length;
            return Ok(decimal);
        }
        decimal::anew(self.decimal_slowly())
    }

    /// The decimal that stands here in quotes, short as nearly every one is: not negative, and within every bound that
    /// [`decimal`] has. Nothing is taken when it is anything else.
    #[inline(always)]
    pub fn short_quoted_decimal(&mut self) -> Option<Decimal> {
        let mut pad = [0; 33];
        let window = self.window(&mut pad);
        let (decimal, length) = decimal::quoted(window[1..].first_chunk()?)?;
        if window[0] != b'"' {
            return None;
        }
        self.at += length + 2;
        Some(decimal)
    }

    /// The same where it is bare.
    #[inline(always)]
    pub fn short_bare_decimal(&mut self) -> Option<Decimal> {
        let mut pad = [0; 32];
        let (decimal, length) = decimal::bare(self.window(&mut pad))?;
        self.at += length;
        Some(decimal)
    }

    #[cold]
    #[inline(never)]
    fn decimal_slowly(&mut self) -> Result<Decimal, JsonError> {
        let (text, at) = self.decimal_text()?;
        decimal::parse(&text).map_err(|error| JsonError { kind: Kind::Decimal(error), at })
    }

    /// Reads a decimal of the venue's own making (a mark, an index): what has more than 16 decimals is rounded
    /// half to even, and told.
    ///
    /// # Errors
    /// As [`Self::decimal`].
    #[inline]
    pub fn rounded_decimal(&mut self) -> Result<(Decimal, bool), JsonError> {
        let mut pad = [0; 32];
        let window = self.window(&mut pad);
        if window[0].is_ascii_digit()
            && let Some((decimal, length)) = decimal::bare(window)
        {
            self.at += length;
            return Ok((decimal, false));
        }
        let (text, at) = self.decimal_text()?;
        decimal::parse_rounded(&text).map_err(|error| JsonError { kind: Kind::Decimal(error), at })
    }

    /// The text of a decimal, quoted or bare, and where it stands.
    ///
    /// # Errors
    /// Syntax, or [`Kind::Type`].
    pub fn decimal_text(&mut self) -> Result<(Cow<'a, [u8]>, usize), JsonError> {
        match self.peek() {
            b'"' => {
                let at = self.at + 1;
                Ok((self.string()?, at))
            }
            b'-' | b'0'..=b'9' => {
                let at = self.at;
                Ok((Cow::Borrowed(self.number()?), at))
            }
            _ => Err(self.other_type()),
        }
    }

    pub(super) fn number(&mut self) -> Result<&'a [u8], JsonError> {
        let start = self.at;
        if self.byte() == b'-' {
            self.at += 1;
        }
        match self.byte() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits()?,
            _ => return Err(self.error(Kind::Syntax)),
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.byte(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.bytes[start..self.at])
    }

    #[inline]
    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(chunk) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<16>()) {
            let digits = (lanes::not_digit(chunk) | 1 << 16).trailing_zeros();
            self.at += digits as usize;
            if digits < 16 {
                break;
            }
        }
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(self.error(Kind::Syntax)) } else { Ok(()) }
    }
}

/// The integer that thirteen digits spell.
#[inline(always)]
fn thirteen_digits(text: &[u8; 13]) -> Option<u64> {
    let first = lanes::digit_word(text, 0)?;
    // The last five, and in place of the three before them zeros.
    let last = lanes::digit_word(text, 5)? >> 24 << 24;
    let value = lanes::eight_digits(first) * decimal::POW10[5] + lanes::eight_digits(last);
    lanes::are_digits(first, last).then_some(value)
}

/// The integer that up to sixteen digits at the start of `window` spell, and how many there are.
#[inline(always)]
fn short_integer(window: &[u8; 17]) -> Option<(u64, usize)> {
    let digits = (lanes::not_digit(window.first_chunk()?) | 1 << 16).trailing_zeros() as usize;
    let first = lanes::digit_word(window, 0)?;
    if digits.wrapping_sub(1) < 8 {
        return Some((lanes::eight_digits(first << (64 - 8 * digits)), digits));
    }
    let more = digits.wrapping_sub(8);
    if more.wrapping_sub(1) >= 8 {
        return None;
    }
    let rest = lanes::digit_word(window, 8)? << (64 - 8 * more);
    Some((lanes::eight_digits(first) * decimal::POW10[more] + lanes::eight_digits(rest), digits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `how` reads at a place, and how many bytes it takes.
    fn read<'a>(
        frame: &'a [u8],
        at: usize,
        how: impl FnOnce(&mut Cursor<'a>) -> Option<u64>,
    ) -> (Option<u64>, usize) {
        let mut cursor = Cursor::new(frame);
        cursor.seek(at);
        (how(&mut cursor), cursor.offset() - at)
    }

    proptest! {
        /// What stands at one place of a frame, its end near or far, read the short ways.
        #[test]
        fn integers_read_in_short_are_integers(
            text in "[0-9]{1,18}|[0-9]{13}|[0-9]{12}[^0-9][0-9]|.{0,20}",
            before in "[a-z]{0,3}",
            behind in prop::sample::select(vec!["", "}", ",", "}}", ".5", "e1", ",\"some more of the frame\""]),
        ) {
            let frame = format!("{before}{text}{behind}");
            let digits = text.bytes().chain(behind.bytes()).take_while(u8::is_ascii_digit).count();
            let rest = &frame.as_bytes()[before.len() + digits..];
            let number = frame[before.len()..before.len() + digits].parse::<u64>().ok();
            let (frame, at) = (frame.as_bytes(), before.len());
            let is_bare = digits == 1 || frame.get(at) != Some(&b'0');
            let number = |is: bool, taken| number.filter(|_| is).map_or((None, 0), |number| (Some(number), taken));
            let is_short = (1..=16).contains(&digits) && is_bare;
            let is_whole = !matches!(rest.first(), Some(b'.' | b'e' | b'E'));
            prop_assert_eq!(read(frame, at, Cursor::short_integer), number(is_short && is_whole, digits));
            prop_assert_eq!(read(frame, at, Cursor::thirteen_digits), number(digits == 13, digits));
            let ends = rest == b"}";
            prop_assert_eq!(read(frame, at, Cursor::last_thirteen_digits), number(digits == 13 && ends, 14));
            let is_last = is_short && ends && frame.len() >= 17;
            prop_assert_eq!(read(frame, at, Cursor::last_integer), number(is_last, digits + 1));
        }
    }
}
