//! Objects and the prediction of their keys.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{Cursor, JsonError, Kind};

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

impl<'a> Cursor<'a> {
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

    /// Reads an object whose keys are data (names of instruments), calling `member` at each of its values.
    ///
    /// # Errors
    /// Syntax, a duplicated key, or what `member` gives.
    pub fn members(
        &mut self,
        mut member: impl FnMut(&[u8], &mut Self) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        if self.peek() != b'{' {
            return Err(self.other_type());
        }
        self.at += 1;
        self.enter()?;
        let mut keys: HashSet<Cow<'a, [u8]>> = HashSet::new();
        if self.peek() != b'}' {
            loop {
                let key = self.syntax_string()?;
                self.expect(b':')?;
                if keys.contains(&key) {
                    return Err(self.error(Kind::DuplicateKey));
                }
                self.peek();
                member(&key, self)?;
                keys.insert(key);
                if self.peek() == b'}' {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
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
}
