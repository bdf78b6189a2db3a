//! Strings.

use std::borrow::Cow;

use super::{Cursor, JsonError, Kind};
use crate::lanes;

impl<'a> Cursor<'a> {
    pub(super) fn syntax_string(&mut self) -> Result<Cow<'a, [u8]>, JsonError> {
        if self.peek() == b'"' { self.string() } else { Err(self.error(Kind::Syntax)) }
    }

    /// Reads a string; escapes are resolved.
    ///
    /// # Errors
    /// Syntax, or [`Kind::Type`] for another value.
    #[inline(always)]
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, JsonError> {
        match self.short_string() {
            Some(text) => Ok(Cow::Borrowed(text)),
            // As in `decimal::anew`: the usual way's answer stays out of memory.
            None => match self.long_string() {
                Ok(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text)),
                Ok(Cow::Owned(text)) => Ok(Cow::Owned(text)),
                Err(error) => Err(error),
            },
        }
    }

    /// Reads a string into `out`, as [`Self::string`] does.
    ///
    /// An answer would be put together in memory and read back before it is there; this goes where it stays.
    ///
    /// # Errors
    /// As [`Self::string`].
    #[inline(always)]
    pub fn string_into(&mut self, out: &mut Cow<'a, [u8]>) -> Result<(), JsonError> {
        match self.short_string() {
            Some(text) => *out = Cow::Borrowed(text),
            None => *out = self.long_string()?,
        }
        Ok(())
    }

    /// The string that stands here, of fewer than sixteen plain bytes; nothing is taken when it is anything else.
    #[inline(always)]
    pub(crate) fn short_string(&mut self) -> Option<&'a [u8]> {
        let (quote, rest) = self.bytes.get(self.at..)?.split_first()?;
        let text = rest.first_chunk::<16>()?;
        let ends = lanes::equal16(text, b'"') | lanes::odd(text);
        let length = ends.trailing_zeros() as usize;
        if *quote != b'"' || *text.get(length)? != b'"' {
            return None;
        }
        self.at += length + 2;
        rest.get(..length)
    }

    /// The string that stands here, of fewer than thirty-two plain bytes; nothing is taken when it is anything else.
    #[inline(always)]
    pub(crate) fn plain_string(&mut self) -> Option<&'a [u8]> {
        let (quote, rest) = self.bytes.get(self.at..)?.split_first()?;
        let (low, more) = rest.split_first_chunk::<16>()?;
        let high = more.first_chunk::<16>()?;
        let ends = |half| lanes::equal16(half, b'"') | lanes::odd(half);
        let length = (ends(low) | ends(high) << 16).trailing_zeros() as usize;
        if *quote != b'"' || *rest.get(length)? != b'"' || length == 32 {
            return None;
        }
        self.at += length + 2;
        rest.get(..length)
    }

    /// The `N` bytes that stand here between quotes, whatever they are; nothing is taken when there are no quotes around as many.
    #[inline(always)]
    pub fn quoted<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (b"\"", rest) = self.bytes.get(self.at..)?.split_first_chunk()? else { return None };
        let (text, [b'"', ..]) = rest.split_first_chunk()? else { return None };
        self.at += N + 2;
        Some(text)
    }

    #[inline(never)]
    fn long_string(&mut self) -> Result<Cow<'a, [u8]>, JsonError> {
        if self.peek() != b'"' {
            return Err(self.other_type());
        }
        let start = self.at + 1;
        let mut at = start;
        // Sixteen at a time while they are plain.
        while let Some(chunk) = self.bytes.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
            let quotes = lanes::equal16(chunk, b'"');
            let odd = lanes::odd(chunk);
            let plain = quotes.trailing_zeros() as usize;
            if odd != 0 && odd.trailing_zeros() < quotes.trailing_zeros() {
                break;
            }
            if quotes != 0 {
                self.at = at + plain + 1;
                return Ok(Cow::Borrowed(&self.bytes[start..at + plain]));
            }
            at += 16;
        }
        loop {
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Cow::Borrowed(&self.bytes[start..at]));
                }
                Some(b'\\') => return self.escaped_string(start, at).map(Cow::Owned),
                Some(byte) if *byte < 0x20 => {
                    self.at = at;
                    return Err(self.error(Kind::Syntax));
                }
                Some(byte) => {
                    self.non_ascii |= *byte >= 0x80;
                    at += 1;
                }
                None => {
                    self.at = at;
                    return Err(self.error(Kind::Syntax));
                }
            }
        }
    }

    #[cold]
    fn escaped_string(&mut self, start: usize, first: usize) -> Result<Vec<u8>, JsonError> {
        let mut out = self.bytes[start..first].to_vec();
        self.at = first;
        loop {
            let byte = self.byte();
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(out);
                }
                b'\\' => {
                    self.at += 1;
                    let code = self.byte();
                    let plain = match code {
                        b'"' | b'\\' | b'/' => code,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'u' => {
                            self.at += 1;
                            let c = self.unicode_escape()?;
                            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                            continue;
                        }
                        _ => return Err(self.error(Kind::Syntax)),
                    };
                    out.push(plain);
                    self.at += 1;
                }
                0..0x20 => return Err(self.error(Kind::Syntax)),
                _ => {
                    self.non_ascii |= byte >= 0x80;
                    out.push(byte);
                    self.at += 1;
                }
            }
        }
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.four_hex()?;
        if (0xD800..0xDC00).contains(&first) && self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        // A lone surrogate is valid JSON without being a character.
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_hex(&mut self) -> Result<u32, JsonError> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()).to_digit(16).ok_or_else(|| self.error(Kind::Syntax))?;
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}
