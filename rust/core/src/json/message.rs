//! Objects and the prediction of their keys.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{Cursor, JsonError, Kind};

/// A key, quoted and with its colon, ready to be compared.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    text: &'static str,
    /// Its first eight bytes, the first lowest.
    word: u64,
    mask: u64,
    /// Its first seven behind a byte of zeros, and a mask of all eight: the byte in front of a key is known too.
    behind: u64,
    behind_mask: u64,
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
        Self { text, word, mask, behind: word << 8, behind_mask: mask << 8 | 0xFF }
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

    /// Whether `before` stands here and `key` behind it.
    #[inline(always)]
    fn at_key_behind(&self, before: u8, key: &Key) -> bool {
        let Some(rest) = self.bytes.get(self.at..) else { return false };
        let Some((chunk, rest)) = rest.split_first_chunk::<8>() else { return false };
        (u64::from_le_bytes(*chunk) ^ key.behind) & key.behind_mask == u64::from(before)
            && (key.text.len() <= 7 || rest.starts_with(&key.text.as_bytes()[7..]))
    }

    /// Reads an object into `message`; answers which keys were there, as bits.
    ///
    /// Keys in the declared order, some left out, without white space, are taken in a straight line, where each is a
    /// constant to compare with. What is met otherwise goes on in [`Self::object_in_any_order`].
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
        if self.byte() != b'{' && self.peek() != b'{' {
            return Err(self.other_type());
        }
        self.enter()?;
        let mut before = b'{';
        let mut seen = 0_u64;
        let mut last = 0;
        macro_rules! straight {
            ($($index:literal)*) => {$(
                if let Some(key) = M::KEYS.get($index)
                    && self.at_key_behind(before, key)
                {
                    self.at += 1 + key.text.len();
                    seen |= 1 << $index;
                    last = $index + 1;
                    before = b',';
                    message.value($index, self)?;
                }
            )*};
        }
        straight!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        if seen != 0 && self.byte() == b'}' {
            self.at += 1;
            self.depth -= 1;
            return Ok(seen);
        }
        self.object_in_any_order(message, order, unknown, (seen, last))
    }

    /// Takes the brace that ends an object, if it stands here.
    #[inline(always)]
    pub fn ends_object(&mut self) -> bool {
        let ends = self.byte() == b'}' && self.depth > 0;
        self.at += usize::from(ends);
        self.depth -= u32::from(ends);
        ends
    }

    /// Takes `before`, a string that is short and plain, and `behind`, when just these stand here, as the beginning of
    /// an object; answers the string. Nothing is taken when it is anything else.
    #[inline(always)]
    pub fn member_before(&mut self, before: &[u8], behind: &[u8]) -> Option<&'a [u8]> {
        let start = self.at;
        if self.rest().starts_with(before) {
            self.at += before.len();
            if let Some(text) = self.plain_string()
                && self.rest().starts_with(behind)
            {
                self.at += behind.len();
                self.depth += 1;
                return Some(text);
            }
        }
        self.at = start;
        None
    }

    /// Reads on the object whose first `taken` declared keys, and no others, were read.
    ///
    /// # Errors
    /// As [`Self::object`].
    pub fn rest_of_object<M: Message<'a>>(
        &mut self,
        message: &mut M,
        order: &mut Order,
        unknown: &mut UnknownKeys,
        taken: usize,
    ) -> Result<u64, JsonError> {
        self.object_in_any_order(message, order, unknown, ((1 << taken) - 1, taken))
    }

    /// Reads an object on, or from its brace if nothing of it was `seen` yet; `last` is the last key read, and one.
    #[inline(never)]
    fn object_in_any_order<M: Message<'a>>(
        &mut self,
        message: &mut M,
        order: &mut Order,
        unknown: &mut UnknownKeys,
        (mut seen, mut last): (u64, usize),
    ) -> Result<u64, JsonError> {
        let mut more = if seen == 0 {
            self.at += 1;
            self.peek() != b'}'
        } else {
            self.has_more()?
        };
        let mut strangers: Vec<Cow<'a, [u8]>> = Vec::new();
        while more {
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
            more = self.has_more()?;
        }
        self.at += 1;
        self.depth -= 1;
        Ok(seen)
    }

    /// Behind a member: whether another follows, to whose key it goes; it stays on the brace otherwise.
    #[inline(always)]
    fn has_more(&mut self) -> Result<bool, JsonError> {
        if self.byte() != b',' {
            if self.peek() == b'}' {
                return Ok(false);
            }
            self.expect(b',')?;
        } else {
            self.at += 1;
        }
        if self.byte() != b'"' {
            self.peek();
        }
        Ok(true)
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
