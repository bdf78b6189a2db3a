//! Levels of books.

use super::{Cursor, JsonError, Kind, WINDOW, out_of_range};
use crate::data::Decimals;
use crate::decimal::{self, Decimal};
use crate::lanes;

/// One price level of a book as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Price, scale 16.
    pub price: i128,
    /// Size, scale 16; 0 takes the level away.
    pub size: i128,
}

/// How many decimals the price and the size of a level were written with: with the values, their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Of the price.
    pub price: u8,
    /// Of the size.
    pub size: u8,
}

impl Written {
    /// Those of two decimals.
    #[inline(always)]
    #[must_use]
    pub const fn of(price: Decimal, size: Decimal) -> Self {
        Self { price: price.written, size: size.written }
    }
}

/// Whether a level's size is its last member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Yes,
    No,
}

/// Where levels go as they are read.
pub trait LevelSink {
    /// Takes the next one.
    fn push(&mut self, price: Decimal, size: Decimal);
}

impl LevelSink for Vec<Level> {
    #[inline(always)]
    fn push(&mut self, price: Decimal, size: Decimal) {
        Self::push(self, Level { price: price.value, size: size.value });
    }
}

/// Levels and how they were written.
impl LevelSink for (&mut Vec<Level>, &mut Vec<Written>) {
    #[inline(always)]
    fn push(&mut self, price: Decimal, size: Decimal) {
        self.0.push(Level { price: price.value, size: size.value });
        self.1.push(Written::of(price, size));
    }
}

impl Cursor<'_> {
    /// Reads `[["price","size"],…]` into `out` (not cleared). Answers the most decimals met.
    ///
    /// A level may have more members (OKX: liquidated orders, number of orders); they are read past, checked.
    ///
    /// # Errors
    /// Syntax, types, decimals; [`Kind::Price`] unless prices are positive and within Nautilus's range,
    /// [`Kind::Size`] for a negative size.
    #[inline]
    pub fn levels(&mut self, out: &mut impl LevelSink) -> Result<Decimals, JsonError> {
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
    fn levels_avx2(&mut self, out: &mut impl LevelSink) -> Result<Decimals, JsonError> {
        self.levels_in_lanes(out)
    }

    #[inline(always)]
    fn levels_in_lanes(&mut self, out: &mut impl LevelSink) -> Result<Decimals, JsonError> {
        let mut decimals = Decimals::default();
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

    /// The next level as `["price","size"]`, both short, or its first two members where there are more; nothing is
    /// taken when it is anything else.
    #[inline(always)]
    fn short_level(&mut self) -> Option<(Decimal, Decimal, Last)> {
        match self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(window) => self.short_level_in(window),
            None => self.last_short_level(),
        }
    }

    #[inline(never)]
    fn last_short_level(&mut self) -> Option<(Decimal, Decimal, Last)> {
        let mut pad = [0; WINDOW];
        self.last_window(&mut pad);
        self.short_level_in(&pad)
    }

    #[inline(always)]
    fn short_level_in(&mut self, window: &[u8; WINDOW]) -> Option<(Decimal, Decimal, Last)> {
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
            && matches!(*window.get(size_end + 1)?, b']' | b',');
        if !framed {
            return None;
        }
        let is_last = *window.get(size_end + 1)? == b']';
        let price_dot = (dots | quotes).trailing_zeros() as usize + 2;
        let size_dot = ((dots | last) >> (size_start - 2)).trailing_zeros() as usize + size_start;
        let price = decimal::short(window, 2, decimal::Ends { dot: price_dot, end: price_end })?;
        let size = decimal::short(window, size_start, decimal::Ends { dot: size_dot, end: size_end })?;
        self.at += size_end + 1 + usize::from(is_last);
        Some((price, size, if is_last { Last::Yes } else { Last::No }))
    }

    /// The next level as `{"price":1.50,"qty":2}`, numbers bare and short; nothing is taken when it is anything else.
    #[inline(always)]
    pub fn short_priced_level(&mut self) -> Option<(Decimal, Decimal)> {
        self.short_bare_pair(b"{\"price\":", b",\"qty\":", b'}')
    }

    /// The rest of a level whose price comes next, `1.50,2]`, numbers bare and short; nothing is taken when it is anything
    /// else.
    #[inline(always)]
    pub fn short_rest_of_level(&mut self) -> Option<(Decimal, Decimal)> {
        self.short_bare_pair(b"", b",", b']')
    }

    /// Two numbers, bare and short, with `head` in front of them, `between` them a text that starts with a comma, and `end`
    /// behind them; nothing is taken when it is anything else.
    #[inline(always)]
    pub fn short_bare_pair<const HEAD: usize, const BETWEEN: usize>(
        &mut self,
        head: &[u8; HEAD],
        between: &[u8; BETWEEN],
        end: u8,
    ) -> Option<(Decimal, Decimal)> {
        const { assert!(HEAD + 32 <= WINDOW) };
        let mut pad = [0; WINDOW];
        let window = self.window(&mut pad);
        if window.first_chunk() != Some(head) {
            return None;
        }
        let text: &[u8; 32] = window.get(HEAD..)?.first_chunk()?;
        let (commas, dots, ends) =
            (lanes::equal32(text, b','), lanes::equal32(text, b'.'), lanes::equal32(text, end));
        let price_end = commas.trailing_zeros() as usize + HEAD;
        if window.get(price_end..)?.first_chunk() != Some(between) {
            return None;
        }
        let size_start = price_end + BETWEEN;
        let size_end = ends.trailing_zeros() as usize + HEAD;
        let price_dot = (dots | commas).trailing_zeros() as usize + HEAD;
        let size_dot = ((dots | ends) >> (size_start - HEAD)).trailing_zeros() as usize + size_start;
        let price = short_bare(window, HEAD, decimal::Ends { dot: price_dot, end: price_end })?;
        let size = short_bare(window, size_start, decimal::Ends { dot: size_dot, end: size_end })?;
        self.at += size_end + 1;
        Some((price, size))
    }

    #[inline(always)]
    fn level(&mut self, out: &mut impl LevelSink, decimals: &mut Decimals) -> Result<(), JsonError> {
        match self.short_level() {
            // Eight digits before the dot are within every bound.
            Some((price, size, last)) if price.value > 0 => {
                decimals.price = decimals.price.max(price.significant);
                decimals.size = decimals.size.max(size.significant);
                out.push(price, size);
                if last == Last::Yes || self.two_counts() { Ok(()) } else { self.more_members() }
            }
            Some((price, ..)) => Err(out_of_range(Kind::Price, price.value, self.at)),
            None => self.level_slowly(out, decimals),
        }
    }

    #[inline(never)]
    fn level_slowly(&mut self, out: &mut impl LevelSink, decimals: &mut Decimals) -> Result<(), JsonError> {
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
        out.push(price, size);
        if self.byte() == b']' {
            self.at += 1;
            return Ok(());
        }
        self.more_members()
    }

    /// Members of a level after its size, and its end: counts of orders (OKX), an empty array (early Binance).
    #[inline]
    fn more_members(&mut self) -> Result<(), JsonError> {
        while self.byte() == b',' || self.peek() == b',' {
            self.at += 1;
            if !self.short_integer_text() {
                self.peek();
                self.skip()?;
            }
        }
        self.expect(b']')
    }

    /// Takes `,"0","12"]`, the rest of a level: two texts of digits that are short (OKX: liquidated orders, number of
    /// orders). Nothing is taken when it is anything else.
    #[inline(always)]
    fn two_counts(&mut self) -> bool {
        let Some(window) = self.rest().first_chunk::<16>() else { return false };
        // Places of the four quotes; those behind the window stand for quotes that are not in it.
        let mut quotes = u64::from(lanes::equal16(window, b'"')) | 0xF << 16;
        let mut next = || {
            let at = quotes.trailing_zeros() as usize;
            quotes &= quotes - 1;
            at
        };
        let (_, first_end, _, last_end) = (next(), next(), next(), next());
        if last_end > 14 {
            return false;
        }
        let framed = window[0] == b',' && window[first_end + 1] == b',' && window[last_end + 1] == b']';
        let text = u64::from(lanes::not_digit(window)) & ((4 << last_end) - 1);
        let is_rest = framed && text == 0b11 | 0b111 << first_end | 0b11 << last_end;
        self.at += if is_rest { last_end + 2 } else { 0 };
        is_rest
    }

    /// Passes over digits in quotes, at most fourteen; nothing is taken when it is anything else.
    #[inline(always)]
    fn short_integer_text(&mut self) -> bool {
        let Some(window) = self.rest().first_chunk::<17>() else { return false };
        let Some(text) = window[1..].first_chunk() else { return false };
        let digits = lanes::not_digit(text).trailing_zeros() as usize;
        let is_one = window[0] == b'"' && window.get(1 + digits) == Some(&b'"');
        self.at += if is_one { digits + 2 } else { 0 };
        is_one
    }
}

/// A short number as JSON has it bare: no zero before other digits, a digit after the dot.
#[inline(always)]
fn short_bare(window: &[u8; WINDOW], start: usize, ends: decimal::Ends) -> Option<Decimal> {
    let starts_well = *window.get(start)? != b'0' || ends.dot == start + 1;
    let ends_well = ends.dot == ends.end || ends.dot + 1 < ends.end;
    if starts_well && ends_well { decimal::short(window, start, ends) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A number's text and its value at scale 16: `digits` with the dot before the last `decimals` of them.
    fn text_and_value(digits: u64, decimals: usize) -> (String, i128) {
        let padded = format!("{digits:0>width$}", width = decimals + 1);
        let (whole, rest) = padded.split_at(padded.len() - decimals);
        let dot = if rest.is_empty() { "" } else { "." };
        let scale = u32::try_from(16 - decimals).expect("at most sixteen");
        (format!("{whole}{dot}{rest}"), i128::from(digits) * 10_i128.pow(scale))
    }

    proptest! {
        #[test]
        fn levels_are_the_numbers_they_were_made_of(
            numbers in prop::collection::vec(
                ((1_u64..10_000_000_000, 0_usize..=10), (0_u64..10_000_000_000, 0_usize..=12)), 0..30),
            more in prop::sample::select(vec!["", r#","0","3""#, ",[]", r#" , "x""#]),
            space in prop::sample::select(vec!["", "", " "]),
        ) {
            let (mut texts, mut wanted, mut decimals) = (Vec::new(), Vec::new(), Decimals::default());
            for ((price, price_decimals), (size, size_decimals)) in numbers {
                let (price_text, price) = text_and_value(price, price_decimals);
                let (size_text, size) = text_and_value(size, size_decimals);
                texts.push(format!(r#"{space}["{price_text}",{space}"{size_text}"{more}]"#));
                wanted.push(Level { price, size });
                let significant = |text: &str| {
                    text.split_once('.').map_or(0, |(_, rest)| rest.trim_end_matches('0').len() as u8)
                };
                decimals = decimals.max(Decimals { price: significant(&price_text), size: significant(&size_text) });
            }
            let text = format!("[{}]{space}", texts.join(","));
            // As the processor at hand reads it, and as one without AVX2 does.
            let (mut usual, mut baseline) = (Vec::new(), Vec::new());
            let mut cursor = Cursor::new(text.as_bytes());
            prop_assert_eq!(cursor.levels(&mut usual), Ok(decimals), "{}", text);
            prop_assert_eq!(cursor.offset(), text.trim_end().len());
            let mut cursor = Cursor::new(text.as_bytes());
            prop_assert_eq!(cursor.levels_in_lanes(&mut baseline), Ok(decimals));
            prop_assert_eq!((&usual, &baseline), (&wanted, &wanted));
        }
    }

    #[test]
    fn two_counts_are_passed_over() {
        for (text, taken) in [
            (r#","0","1"]"#, true),
            (r#","0","12"]]"#, true),
            (r#","1234","123"],["#, true),
            (r#","","7"]"#, true),
            (r#","0","12345678"]"#, true),
            (r#","0","123456789"]"#, false),
            (r#","0",  "1"]"#, false),
            (r#","0","1" ]"#, false),
            (r#","0","1","2"]"#, false),
            (r#","0","a"]"#, false),
            (r#","0",1]"#, false),
            (r#","0","1","#, false),
            (r#","0"]"#, false),
            (r#" ,"0","1"]"#, false),
            (r#","0":"1"]"#, false),
            (r#","\"","1"]"#, false),
        ] {
            let padded = format!("{text}{}", " ".repeat(WINDOW));
            let mut cursor = Cursor::new(padded.as_bytes());
            assert_eq!(cursor.two_counts(), taken, "{text}");
            let length = text.find(']').map_or(0, |at| at + 1);
            assert_eq!(cursor.offset(), if taken { length } else { 0 }, "{text}");
            let mut cursor = Cursor::new(&text.as_bytes()[..text.len().min(15)]);
            assert!(!cursor.two_counts(), "{text}: a level is never the last of a frame");
        }
    }

    #[test]
    fn priced_levels_that_are_short() {
        let pad = " ".repeat(WINDOW);
        for (text, taken) in [
            (r#"{"price":62807.0,"qty":0.00000000}"#, true),
            (r#"{"price":5,"qty":12}"#, true),
            (r#"{"price":0.5,"qty":0}"#, true),
            (r#"{"price":00.5,"qty":1}"#, false),
            (r#"{"price":1.,"qty":1}"#, false),
            (r#"{"price":1,"qty":1.}"#, false),
            (r#"{"price":1,"qty":01}"#, false),
            (r#"{"price":-1,"qty":1}"#, false),
            (r#"{"price":1e5,"qty":1}"#, false),
            (r#"{"price":123456789,"qty":1}"#, false),
            (r#"{"price":"1","qty":"1"}"#, false),
            (r#"{"qty":1,"price":1}"#, false),
            (r#"{"price":1,"qty":1,"x":1}"#, false),
            (r#"{"price":1}"#, false),
            (r#"{"price":,"qty":}"#, false),
        ] {
            let padded = format!("{text}{pad}");
            let mut cursor = Cursor::new(padded.as_bytes());
            let level = cursor.short_priced_level();
            assert_eq!(level.is_some(), taken, "{text}");
            assert_eq!(cursor.offset(), if taken { text.len() } else { 0 }, "{text}");
            if let Some((price, size)) = level {
                let parts: Vec<&str> = text.split(&[':', ',', '}'][..]).collect();
                assert_eq!(Ok(price), decimal::parse(parts[1].as_bytes()));
                assert_eq!(Ok(size), decimal::parse(parts[3].as_bytes()));
            }
        }
    }
}
