//! The cursor that decoders read a frame with, and its key prediction.
//!
//! A decoder declares a message's keys once, in the order the venue sends them ([`Message`]). The object
//! reader guesses the next key and compares bytes; a right guess costs a few instructions. A wrong one reads
//! the key, looks it up, and remembers which key followed which ([`Order`]), so that the next frame is guessed
//! right whatever order the venue has taken to. Any order, spacing, escape or unknown key goes through this
//! one reader; there is no second one to keep in step.
//!
//! In: bytes. Out: values in the decoder's scratch. Refused: anything RFC 8259 refuses, up to the last byte
//! ([`Cursor::finish`]), nesting beyond [`MAX_DEPTH`], a key that comes twice, a value of another type.
//! Errors are a kind and a byte offset; text is made when someone prints them. [`Kind::is_syntax`] tells what
//! spoils a whole frame from what spoils one item of it.
//!
//! UTF-8 is checked once per frame and only when a byte above 0x7F was met: everything else that is read is
//! compared with ASCII.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::decimal::{self, Decimal, DecimalError};
use crate::lanes;

/// How deep values may nest.
pub const MAX_DEPTH: u32 = 64;

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A byte that JSON does not allow there, or the end of the frame.
    Syntax,
    /// Nesting beyond [`MAX_DEPTH`].
    Depth,
    /// Bytes that are not UTF-8.
    Utf8,
    /// A key that comes twice in one object.
    DuplicateKey,
    /// A value of another JSON type than the message has there.
    Type,
    /// An integer out of its range.
    Integer,
    /// A decimal that cannot be taken.
    Decimal(DecimalError),
    /// A price of zero or less where none can be.
    Price,
    /// A negative size, or zero where none can be.
    Size,
    /// A time outside 2009 to 2100 in the venue's unit.
    Time,
    /// A key the message cannot be read without.
    Missing(&'static str),
    /// Text that the message does not allow there.
    Value,
    /// The event named in the message is not the one it was read as (internal: the reader tries again).
    OtherEvent,
}

impl Kind {
    /// Whether it spoils the whole frame, not just the item it is in.
    #[must_use]
    pub const fn is_syntax(self) -> bool {
        matches!(self, Self::Syntax | Self::Depth | Self::Utf8)
    }

    /// A stable name of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "json_syntax",
            Self::Depth => "json_depth",
            Self::Utf8 => "invalid_utf8",
            Self::DuplicateKey => "duplicate_key",
            Self::Type => "wrong_type",
            Self::Integer => "integer_range",
            Self::Decimal(error) => error.code(),
            Self::Price => "price_not_positive",
            Self::Size => "size_not_positive",
            Self::Time => "time_out_of_range",
            Self::Missing(_) => "missing_key",
            Self::Value => "unknown_value",
            Self::OtherEvent => "other_event",
        }
    }
}

/// Where and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub kind: Kind,
    /// Byte offset in the frame.
    pub at: usize,
}

/// A key, quoted and with its colon, ready to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    text: &'static str,
    word: u64,
    mask: u64,
}

impl Key {
    /// From `"name":` as text; use [`keys!`](crate::json::keys).
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let (mut word, mut mask, mut i) = (0_u64, 0_u64, 0);
        while i < 8 && i < bytes.len() {
            word |= (bytes[i] as u64) << (8 * i);
            mask |= 0xFF << (8 * i);
            i += 1;
        }
        Self { text, word, mask }
    }

    /// The bare name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        &self.text[1..self.text.len() - 2]
    }
}

/// Makes the keys of a message from their names.
macro_rules! keys {
    ($($name:literal),+ $(,)?) => {
        &[$($crate::json::Key::new(concat!("\"", $name, "\":")),)+]
    };
}
pub(crate) use keys;

/// Most keys a message may declare.
pub const MAX_KEYS: usize = 48;

/// Which key followed which, last time: the prediction of a message's keys.
#[derive(Debug, Clone)]
pub struct Order {
    after: [u8; MAX_KEYS + 1],
}

impl Default for Order {
    fn default() -> Self {
        // Entry 0 is the first key, entry i + 1 what follows key i.
        Self { after: std::array::from_fn(|i| i as u8) }
    }
}

/// A message (or a part of one) and its keys in the venue's order.
pub trait Message<'a> {
    /// The keys, at most [`MAX_KEYS`].
    const KEYS: &'static [Key];

    /// Reads the value of key number `key`, the cursor standing on it.
    ///
    /// # Errors
    /// Whatever the value readers of [`Cursor`] give.
    fn value(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError>;
}

/// Keys that no message declares, by name: schema drift is news.
#[derive(Debug, Default, Clone)]
pub struct UnknownKeys {
    counts: HashMap<Box<str>, u64, foldhash::fast::RandomState>,
    other: u64,
}

impl UnknownKeys {
    const MAX_NAMES: usize = 1_000;

    fn count(&mut self, key: &[u8]) {
        let name = String::from_utf8_lossy(&key[..key.len().min(64)]);
        if let Some(count) = self.counts.get_mut(name.as_ref()) {
            *count += 1;
        } else if self.counts.len() < Self::MAX_NAMES {
            self.counts.insert(name.into(), 1);
        } else {
            self.other += 1;
        }
    }

    /// Names and counts; names beyond the first thousand are together under `…`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let other = (self.other > 0).then_some(("…", self.other));
        self.counts.iter().map(|(k, v)| (&**k, *v)).chain(other)
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (name, count) in &other.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
        self.other += other.other;
    }
}

/// Bytes looked at to read a level: what `["12345678.12345678","12345678.12345678"]` takes, and a little more.
const LEVEL_WINDOW: usize = 48;

/// One price level of a book as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Price, scale 16.
    pub price: i128,
    /// Size, scale 16; 0 takes the level away.
    pub size: i128,
}

/// Reads one frame.
#[derive(Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
    non_ascii: bool,
}

impl<'a> Cursor<'a> {
    /// At the first byte of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0, non_ascii: false }
    }

    /// The offset of the next byte.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The bytes from here on.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at.min(self.bytes.len())..]
    }

    /// Goes back (or on) to an offset taken before.
    pub const fn seek(&mut self, offset: usize) {
        self.at = offset;
    }

    /// An error at the current byte.
    #[cold]
    #[must_use]
    pub const fn error(&self, kind: Kind) -> JsonError {
        JsonError { kind, at: self.at }
    }

    #[inline(always)]
    fn byte(&self) -> u8 {
        // NUL is allowed nowhere in JSON, so it can stand for the end.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// The next `N` bytes; NULs stand for what is beyond the end.
    #[inline(always)]
    fn window<'w, const N: usize>(&self, pad: &'w mut [u8; N]) -> &'w [u8; N]
    where
        'a: 'w,
    {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(window) => window,
            None => self.last_window(pad),
        }
    }

    #[inline(never)]
    fn last_window<'w, const N: usize>(&self, pad: &'w mut [u8; N]) -> &'w [u8; N] {
        const { assert!(N <= LEVEL_WINDOW) };
        if let Some(tail) = self.bytes.last_chunk::<LEVEL_WINDOW>() {
            // Copies of fixed sizes are a few instructions, others are calls.
            let mut padded = [0; 2 * LEVEL_WINDOW];
            padded[..LEVEL_WINDOW].copy_from_slice(tail);
            let gone = LEVEL_WINDOW - self.rest().len();
            if let Some(window) = padded.get(gone..).and_then(|rest| rest.first_chunk()) {
                *pad = *window;
            }
        } else {
            let rest = self.rest();
            pad[..rest.len()].copy_from_slice(rest);
        }
        pad
    }

    /// The next byte that is not white space, without taking it; 0 at the end.
    #[inline(always)]
    pub fn peek(&mut self) -> u8 {
        let mut byte = self.byte();
        while matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
            byte = self.byte();
        }
        byte
    }

    /// Takes `want`, after white space.
    ///
    /// # Errors
    /// [`Kind::Syntax`] for anything else.
    #[inline(always)]
    pub fn expect(&mut self, want: u8) -> Result<(), JsonError> {
        if self.peek() == want {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error(Kind::Syntax))
        }
    }

    /// Says what is wrong where a value of another type stands: a broken one is a syntax error.
    #[cold]
    fn other_type(&mut self) -> JsonError {
        let at = self.at;
        match self.skip() {
            Ok(()) => JsonError { kind: Kind::Type, at },
            Err(error) => error,
        }
    }

    /// The end of the frame: nothing but white space may follow, and all of it must be UTF-8.
    ///
    /// # Errors
    /// [`Kind::Syntax`] or [`Kind::Utf8`].
    #[inline]
    pub fn finish(&mut self) -> Result<(), JsonError> {
        self.peek();
        if self.at != self.bytes.len() {
            return Err(self.error(Kind::Syntax));
        }
        if self.non_ascii
            && let Err(error) = std::str::from_utf8(self.bytes)
        {
            return Err(JsonError { kind: Kind::Utf8, at: error.valid_up_to() });
        }
        Ok(())
    }

    #[inline(always)]
    fn at_key(&self, key: &Key) -> bool {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) if (u64::from_le_bytes(*chunk) ^ key.word) & key.mask == 0 => {
                key.text.len() <= 8 || self.bytes[self.at..].starts_with(key.text.as_bytes())
            }
            Some(_) => false,
            None => self.bytes[self.at.min(self.bytes.len())..].starts_with(key.text.as_bytes()),
        }
    }

    /// Reads an object into `message`; answers which keys were there, as bits.
    ///
    /// # Errors
    /// Syntax, a duplicated key, or what the message's values give.
    #[inline]
    pub fn object<M: Message<'a>>(
        &mut self,
        message: &mut M,
        order: &mut Order,
        unknown: &mut UnknownKeys,
    ) -> Result<u64, JsonError> {
        if self.peek() != b'{' {
            return Err(self.other_type());
        }
        self.at += 1;
        self.enter()?;
        let mut seen = 0_u64;
        let mut last = 0;
        if self.peek() == b'}' {
            self.at += 1;
            self.depth -= 1;
            return Ok(0);
        }
        let mut strangers: Vec<Cow<'a, [u8]>> = Vec::new();
        loop {
            let guess = order.after[last] as usize;
            let index = if guess < M::KEYS.len() && self.at_key(&M::KEYS[guess]) {
                self.at += M::KEYS[guess].text.len();
                Some(guess)
            } else {
                self.key_slowly(M::KEYS, last, order, &mut strangers, unknown)?
            };
            if let Some(index) = index {
                let bit = 1 << index;
                if seen & bit != 0 {
                    return Err(self.error(Kind::DuplicateKey));
                }
                seen |= bit;
                last = index + 1;
                message.value(index, self)?;
            } else {
                self.skip()?;
            }
            match self.byte() {
                b',' => {
                    self.at += 1;
                    if self.byte() != b'"' {
                        self.peek();
                    }
                }
                b'}' => break,
                _ => {
                    if self.peek() == b'}' {
                        break;
                    }
                    self.expect(b',')?;
                    self.peek();
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(seen)
    }

    #[cold]
    #[inline(never)]
    fn key_slowly(
        &mut self,
        keys: &'static [Key],
        last: usize,
        order: &mut Order,
        strangers: &mut Vec<Cow<'a, [u8]>>,
        unknown: &mut UnknownKeys,
    ) -> Result<Option<usize>, JsonError> {
        let key = self.syntax_string()?;
        self.expect(b':')?;
        let found = keys.iter().position(|k| k.name().as_bytes() == &*key);
        if let Some(index) = found {
            order.after[last] = index as u8;
        } else {
            if strangers.contains(&key) {
                return Err(self.error(Kind::DuplicateKey));
            }
            unknown.count(&key);
            if strangers.len() < 64 {
                strangers.push(key);
            }
        }
        Ok(found)
    }

    /// Reads an array, calling `item` at each of its values.
    ///
    /// # Errors
    /// Syntax, or what `item` gives.
    #[inline]
    pub fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.peek() != b'[' {
            return Err(self.other_type());
        }
        self.at += 1;
        self.enter()?;
        if self.peek() == b']' {
            self.at += 1;
            self.depth -= 1;
            return Ok(());
        }
        loop {
            item(self)?;
            if self.peek() == b']' {
                self.at += 1;
                self.depth -= 1;
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    #[inline]
    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.error(Kind::Depth)) } else { Ok(()) }
    }

    fn syntax_string(&mut self) -> Result<Cow<'a, [u8]>, JsonError> {
        if self.peek() == b'"' { self.string() } else { Err(self.error(Kind::Syntax)) }
    }

    /// Reads a string; escapes are resolved.
    ///
    /// # Errors
    /// Syntax, or [`Kind::Type`] for another value.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, JsonError> {
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

    /// Reads a JSON integer that is not negative.
    ///
    /// # Errors
    /// Syntax, [`Kind::Type`] for another value (fractions too), [`Kind::Integer`] beyond `u64` or negative.
    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, JsonError> {
        if !self.byte().is_ascii_digit() {
            self.peek();
        }
        let mut pad = [0; 17];
        let window = self.window(&mut pad);
        if let Some((value, digits)) = short_integer(window)
            && (digits == 1 || window[0] != b'0')
            && !matches!(window[digits], b'.' | b'e' | b'E')
        {
            self.at += digits;
            return Ok(value);
        }
        self.u64_slowly()
    }

    #[cold]
    #[inline(never)]
    fn u64_slowly(&mut self) -> Result<u64, JsonError> {
        let start = self.at;
        if !matches!(self.byte(), b'-' | b'0'..=b'9') {
            return Err(self.other_type());
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

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// Syntax, or [`Kind::Type`] for another value.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, JsonError> {
        self.peek();
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"true") {
            self.at += 4;
            Ok(true)
        } else if rest.starts_with(b"false") {
            self.at += 5;
            Ok(false)
        } else {
            Err(self.other_type())
        }
    }

    /// Takes `null` if it stands there.
    pub fn null(&mut self) -> bool {
        self.peek();
        let is = self.bytes[self.at..].starts_with(b"null");
        if is {
            self.at += 4;
        }
        is
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
        self.decimal_slowly()
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

    fn number(&mut self) -> Result<&'a [u8], JsonError> {
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

    /// Passes over one value of any type, checking all of it.
    ///
    /// # Errors
    /// Syntax or [`Kind::Depth`].
    #[inline]
    pub fn skip(&mut self) -> Result<(), JsonError> {
        match self.byte() {
            b'"' => self.string().map(drop),
            b'1'..=b'9' => self.number().map(drop),
            _ => self.skip_any(),
        }
    }

    fn skip_any(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            b'[' => self.array(Self::skip),
            b'{' => {
                self.at += 1;
                self.enter()?;
                if self.peek() == b'}' {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                loop {
                    self.syntax_string()?;
                    self.expect(b':')?;
                    self.skip()?;
                    if self.peek() == b'}' {
                        self.at += 1;
                        self.depth -= 1;
                        return Ok(());
                    }
                    self.expect(b',')?;
                    self.peek();
                }
            }
            _ => {
                let rest = &self.bytes[self.at.min(self.bytes.len())..];
                for literal in [&b"true"[..], b"false", b"null"] {
                    if rest.starts_with(literal) {
                        self.at += literal.len();
                        return Ok(());
                    }
                }
                Err(self.error(Kind::Syntax))
            }
        }
    }

    /// Passes over one value and gives its bytes.
    ///
    /// # Errors
    /// As [`Self::skip`].
    pub fn raw(&mut self) -> Result<&'a [u8], JsonError> {
        self.peek();
        let start = self.at;
        self.skip()?;
        Ok(&self.bytes[start..self.at])
    }

    /// The rest of a value whose reading failed with an error of an item: goes back to `start` and passes over
    /// it, so that a broken syntax further on still shows.
    ///
    /// # Errors
    /// As [`Self::skip`].
    pub fn pass_over(&mut self, start: usize, depth: u32) -> Result<(), JsonError> {
        self.at = start;
        self.depth = depth;
        self.skip()
    }

    /// How deep the cursor stands.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// Reads `[["price","size"],…]` into `out` (not cleared). Answers the most decimals met.
    ///
    /// # Errors
    /// Syntax, types, decimals; [`Kind::Price`] unless prices are positive and within Nautilus's range,
    /// [`Kind::Size`] for a negative size.
    #[inline]
    pub fn levels(&mut self, out: &mut Vec<Level>) -> Result<crate::data::Decimals, JsonError> {
        #[cfg(target_arch = "x86_64")]
        if lanes::has_avx2() {
            // SAFETY: the processor has what the function is compiled for.
            #[allow(unsafe_code, reason = "a third faster than the baseline's instructions")]
            return unsafe { self.levels_avx2(out) };
        }
        self.levels_in_lanes(out)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn levels_avx2(&mut self, out: &mut Vec<Level>) -> Result<crate::data::Decimals, JsonError> {
        self.levels_in_lanes(out)
    }

    #[inline(always)]
    fn levels_in_lanes(&mut self, out: &mut Vec<Level>) -> Result<crate::data::Decimals, JsonError> {
        let mut decimals = crate::data::Decimals::default();
        if self.byte() != b'[' && self.peek() != b'[' {
            return Err(self.other_type());
        }
        self.at += 1;
        self.enter()?;
        if self.peek() == b']' {
            self.at += 1;
            self.depth -= 1;
            return Ok(decimals);
        }
        loop {
            self.level(out, &mut decimals)?;
            // The usual `],[` and `]]` were taken up to the byte after the level.
            match self.byte() {
                b',' => self.at += 1,
                b']' => break,
                _ => {
                    if self.peek() == b']' {
                        break;
                    }
                    self.expect(b',')?;
                }
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(decimals)
    }

    /// The next level as `["price","size"]`, both short; nothing is taken when it is anything else.
    #[inline(always)]
    fn short_level(&mut self) -> Option<(Decimal, Decimal)> {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(window) => self.short_level_in(window),
            None => self.last_short_level(),
        }
    }

    #[inline(never)]
    fn last_short_level(&mut self) -> Option<(Decimal, Decimal)> {
        let mut pad = [0; LEVEL_WINDOW];
        self.last_window(&mut pad);
        self.short_level_in(&pad)
    }

    #[inline(always)]
    fn short_level_in(&mut self, window: &[u8; LEVEL_WINDOW]) -> Option<(Decimal, Decimal)> {
        let text: &[u8; 32] = window[2..].first_chunk()?;
        let quotes = lanes::equal32(text, b'"');
        let dots = lanes::equal32(text, b'.');
        // The first quote ends the price, the second starts the size, the third ends it.
        let price_end = quotes.trailing_zeros() as usize + 2;
        let last = quotes & quotes.wrapping_sub(1);
        let last = last & last.wrapping_sub(1);
        let size_end = last.trailing_zeros() as usize + 2;
        let size_start = price_end + 3;
        let between = window.get(price_end..)?.first_chunk::<4>()?;
        let framed = window[..2] == *b"[\""
            && u32::from_le_bytes(*between) & 0xFF_FFFF == u32::from_le_bytes(*b"\",\"\0")
            && *window.get(size_end + 1)? == b']';
        if !framed {
            return None;
        }
        let price_dot = (dots | quotes).trailing_zeros() as usize + 2;
        let size_dot = ((dots | last) >> (size_start - 2)).trailing_zeros() as usize + size_start;
        let price = decimal::short(window, 2, decimal::Ends { dot: price_dot, end: price_end })?;
        let size = decimal::short(window, size_start, decimal::Ends { dot: size_dot, end: size_end })?;
        self.at += size_end + 2;
        Some((price, size))
    }

    #[inline(always)]
    fn level(&mut self, out: &mut Vec<Level>, decimals: &mut crate::data::Decimals) -> Result<(), JsonError> {
        match self.short_level() {
            // Eight digits before the dot are within every bound.
            Some((price, size)) if price.value > 0 => {
                decimals.price = decimals.price.max(price.significant);
                decimals.size = decimals.size.max(size.significant);
                out.push(Level { price: price.value, size: size.value });
                Ok(())
            }
            Some((price, _)) => Err(out_of_range(Kind::Price, price.value, self.at)),
            None => self.level_slowly(out, decimals),
        }
    }

    #[inline(never)]
    fn level_slowly(
        &mut self,
        out: &mut Vec<Level>,
        decimals: &mut crate::data::Decimals,
    ) -> Result<(), JsonError> {
        if self.byte() != b'[' && self.peek() != b'[' {
            return Err(self.other_type());
        }
        self.at += 1;
        let at = self.at;
        let price = self.decimal()?;
        if self.byte() == b',' {
            self.at += 1;
        } else if self.peek() == b']' {
            return Err(self.error(Kind::Type));
        } else {
            self.expect(b',')?;
        }
        let size = self.decimal()?;
        if price.value <= 0 || price.value > decimal::PRICE_MAX {
            return Err(out_of_range(Kind::Price, price.value, at));
        }
        if size.value < 0 || size.value > decimal::SIZE_MAX {
            return Err(out_of_range(Kind::Size, size.value, at));
        }
        decimals.price = decimals.price.max(price.significant);
        decimals.size = decimals.size.max(size.significant);
        out.push(Level { price: price.value, size: size.value });
        if self.byte() == b']' {
            self.at += 1;
            return Ok(());
        }
        // Early captures carry a third, empty member.
        while self.peek() == b',' {
            self.at += 1;
            self.skip()?;
        }
        self.expect(b']')
    }
}

/// The integer that up to sixteen digits at the start of `window` spell, and how many there are.
#[inline(always)]
fn short_integer(window: &[u8; 17]) -> Option<(u64, usize)> {
    let digits = lanes::not_digit(window.first_chunk()?).trailing_zeros() as usize;
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

/// A value outside its bounds: too large is the decimal's fault, the rest the message's.
#[cold]
#[must_use]
pub fn out_of_range(kind: Kind, value: i128, at: usize) -> JsonError {
    let kind = if value > 0 { Kind::Decimal(DecimalError::Range) } else { kind };
    JsonError { kind, at }
}
