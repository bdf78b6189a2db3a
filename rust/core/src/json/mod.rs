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

mod error;
mod level;
mod message;
mod number;
mod text;

pub use error::{JsonError, Kind, out_of_range};
pub use level::{AsObject, Form, Level, LevelReader, LevelSink, Part, Sent, Written};
pub(crate) use message::keys;
pub use message::{Key, MAX_KEYS, Message, Order, UnknownKeys};

use crate::lanes;

/// How deep values may nest.
pub const MAX_DEPTH: u32 = 64;

/// Most bytes looked at at once: those of a level, `["12345678.12345678","12345678.12345678"]`, and a few more.
const WINDOW: usize = 48;

/// Reads one frame.
#[derive(Debug, Clone)]
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
        const { assert!(N <= WINDOW) };
        let rest = self.rest();
        if let Some(last) = self.bytes.last_chunk() {
            // Sixteen at a time and through registers: what is read next comes from single stores.
            let last = u128::from_le_bytes(*last);
            for (at, piece) in pad.chunks_mut(16).enumerate() {
                let left = rest.len().saturating_sub(16 * at);
                let bytes = match rest.get(16 * at..).and_then(|rest| rest.first_chunk()) {
                    Some(bytes) => *bytes,
                    None => last.checked_shr(8 * (16 - left) as u32).unwrap_or(0).to_le_bytes(),
                };
                piece.copy_from_slice(&bytes[..piece.len()]);
            }
        } else {
            pad[..rest.len()].copy_from_slice(rest);
        }
        pad
    }

    /// The last [`WINDOW`] bytes of the frame, or all of a shorter one with NULs before them, and as many NULs behind.
    #[inline]
    fn end_of_frame(&self) -> [u8; 2 * WINDOW] {
        let mut padded = [0; 2 * WINDOW];
        if let Some(tail) = self.bytes.last_chunk::<WINDOW>() {
            // Copies of fixed sizes are a few instructions, others are calls.
            padded[..WINDOW].copy_from_slice(tail);
        } else {
            padded[WINDOW - self.bytes.len()..WINDOW].copy_from_slice(self.bytes);
        }
        padded
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

    /// Takes `text` if it stands here, as it is.
    #[inline(always)]
    pub fn takes<const N: usize>(&mut self, text: &[u8; N]) -> Option<()> {
        let window = self.bytes.get(self.at..)?.first_chunk::<N>()?;
        if !lanes::same(window, text) {
            return None;
        }
        self.at += N;
        Some(())
    }

    /// The same of a text whose length is not known before: a name, short.
    #[inline(always)]
    pub fn takes_text(&mut self, text: &[u8]) -> Option<()> {
        if !lanes::same(self.bytes.get(self.at..)?.get(..text.len())?, text) {
            return None;
        }
        self.at += text.len();
        Some(())
    }

    /// Says what is wrong where a value of another type stands: a broken one is a syntax error.
    #[cold]
    #[must_use]
    pub fn other_type(&mut self) -> JsonError {
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
    #[inline(always)]
    pub fn finish(&mut self) -> Result<(), JsonError> {
        if self.at == self.bytes.len() && !self.non_ascii { Ok(()) } else { self.finish_otherwise() }
    }

    #[inline(never)]
    fn finish_otherwise(&mut self) -> Result<(), JsonError> {
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

    /// Passes over one value of any type, checking all of it.
    ///
    /// # Errors
    /// Syntax or [`Kind::Depth`].
    #[inline(always)]
    pub fn skip(&mut self) -> Result<(), JsonError> {
        if self.short_string().is_some() || self.pass_short_integer() { Ok(()) } else { self.skip_any() }
    }

    #[inline(never)]
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
}
