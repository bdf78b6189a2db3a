//! Levels of books.

use super::{Cursor, JsonError, Kind, WINDOW, out_of_range};
use crate::data::Decimals;
use crate::decimal::{self, Decimal};
use crate::lanes::{self, Eights, Shape};

/// One price level of a book as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Price, scale 16.
    pub price: i128,
    /// Size, scale 16; 0 takes the level away.
    pub size: i128,
}

impl Level {
    /// That of two decimals.
    #[inline(always)]
    #[must_use]
    pub const fn of(price: Decimal, size: Decimal) -> Self {
        Self { price: price.value, size: size.value }
    }
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

    /// Takes the next one, whose text is short.
    fn push_short(&mut self, level: Level, written: Written, sent: &Sent<'_>);

    /// How many it has.
    fn count(&self) -> usize;

    /// Drops those behind the first `count`.
    fn truncate(&mut self, count: usize);
}

/// A short number in the text of its level: its first byte, its dot or end, and its end.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Offset of its first digit.
    pub start: usize,
    /// The others.
    pub ends: decimal::Ends,
}

/// The text of a short level as sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'w> {
    window: &'w [u8; WINDOW],
    /// Its price.
    pub price: Part,
    /// Its size.
    pub size: Part,
}

impl<'w> Sent<'w> {
    /// `N` bytes from `at` on, whatever they are.
    #[inline(always)]
    #[must_use]
    pub fn bytes<const N: usize>(&self, at: usize) -> Option<&'w [u8; N]> {
        self.window.get(at..)?.first_chunk()
    }

    /// Two numbers, bare, with `head` in front of them, `between` them a text that starts with a comma, and `end` behind them;
    /// `None` where it is anything else.
    #[inline(always)]
    fn find_bare<const HEAD: usize, const BETWEEN: usize>(
        window: &'w [u8; WINDOW],
        head: &[u8; HEAD],
        between: &[u8; BETWEEN],
        end: u8,
    ) -> Option<Self> {
        const { assert!(HEAD + 32 <= WINDOW) };
        if !lanes::same(window.first_chunk::<HEAD>()?, head) {
            return None;
        }
        let text: &[u8; 32] = window.get(HEAD..)?.first_chunk()?;
        let (commas, dots, ends) =
            (lanes::equal32(text, b','), lanes::equal32(text, b'.'), lanes::equal32(text, end));
        let price_end = commas.trailing_zeros() as usize + HEAD;
        if !lanes::same(window.get(price_end..)?.first_chunk::<BETWEEN>()?, between) {
            return None;
        }
        let size_start = price_end + BETWEEN;
        let [dots_behind, ends] = [dots, ends].map(|places| places >> (size_start - HEAD));
        let size_end = ends.trailing_zeros() as usize + size_start;
        let price_dot = (dots | commas).trailing_zeros() as usize + HEAD;
        let size_dot = (dots_behind | ends).trailing_zeros() as usize + size_start;
        let sent = Self {
            window,
            price: Part { start: HEAD, ends: decimal::Ends { dot: price_dot, end: price_end } },
            size: Part { start: size_start, ends: decimal::Ends { dot: size_dot, end: size_end } },
        };
        (is_bare(window, sent.price) && is_bare(window, sent.size)).then_some(sent)
    }

    /// Both numbers' places and shapes.
    #[inline(always)]
    fn placed(&self) -> Option<[(&'w [u8; 16], Shape); 2]> {
        let place = |part: Part| decimal::placed(self.window, part.start, part.ends);
        Some([place(self.price)?, place(self.size)?])
    }

    /// Both numbers; `None` where one is not as short as it looked.
    #[inline(always)]
    fn read(&self, eights: impl Eights) -> Option<(Decimal, Decimal)> {
        let parts = [self.price, self.size].map(|part| (part.start, part.ends));
        decimal::short_pair(self.window, parts, eights)
    }
}

/// How levels are written.
pub trait Form {
    /// Both numbers of the level that the window starts with; `None` where it is written otherwise.
    fn find(window: &[u8; WINDOW]) -> Option<Sent<'_>>;

    /// Gets to behind the level, of whose window `behind` is the byte after its size; whether it did.
    fn pass(cursor: &mut Cursor<'_>, window: &[u8; WINDOW], behind: usize) -> bool;
}

/// `["price","size"]`, or two counts behind the size.
#[derive(Debug)]
pub struct InQuotes;

impl Form for InQuotes {
    #[inline(always)]
    fn find(window: &[u8; WINDOW]) -> Option<Sent<'_>> {
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
            && u32::from_le_bytes(*between) & 0xFF_FFFF == u32::from_le_bytes(*b"\",\"\0");
        if !framed {
            return None;
        }
        let price_dot = (dots | quotes).trailing_zeros() as usize + 2;
        let size_dot = ((dots | last) >> (size_start - 2)).trailing_zeros() as usize + size_start;
        Some(Sent {
            window,
            price: Part { start: 2, ends: decimal::Ends { dot: price_dot, end: price_end } },
            size: Part { start: size_start, ends: decimal::Ends { dot: size_dot, end: size_end } },
        })
    }

    #[inline(always)]
    fn pass(cursor: &mut Cursor<'_>, window: &[u8; WINDOW], behind: usize) -> bool {
        let is_end = window.get(behind) == Some(&b']');
        cursor.at += behind + usize::from(is_end);
        is_end || cursor.two_counts()
    }
}

/// `{"price":1.50,"qty":2}`.
#[derive(Debug)]
pub struct AsObject;

impl Form for AsObject {
    #[inline(always)]
    fn find(window: &[u8; WINDOW]) -> Option<Sent<'_>> {
        Sent::find_bare(window, b"{\"price\":", b",\"qty\":", b'}')
    }

    #[inline(always)]
    fn pass(cursor: &mut Cursor<'_>, _: &[u8; WINDOW], behind: usize) -> bool {
        cursor.at += behind;
        true
    }
}

/// Reads the levels of an array, each in its form.
pub trait LevelReader {
    /// Reads the next one, or several.
    ///
    /// # Errors
    /// What is wrong with it.
    fn level(&mut self, cursor: &mut Cursor<'_>, eights: impl Eights) -> Result<(), JsonError>;
}

/// Levels as `["price","size"]`, and the most decimals met.
struct Pairs<'o, S> {
    out: &'o mut S,
    decimals: Decimals,
    /// Whether levels were met that are to be read one by one.
    one_by_one: bool,
}

impl<'o, S> Pairs<'o, S> {
    fn into(out: &'o mut S) -> Self {
        Self { out, decimals: Decimals::default(), one_by_one: false }
    }
}

impl<S: LevelSink> LevelReader for Pairs<'_, S> {
    #[inline(always)]
    fn level(&mut self, cursor: &mut Cursor<'_>, eights: impl Eights) -> Result<(), JsonError> {
        if !self.one_by_one {
            if let Some(decimals) = cursor.usual_levels::<InQuotes>(self.out, eights) {
                self.decimals = self.decimals.max(decimals);
                return Ok(());
            }
            self.one_by_one = true;
        }
        cursor.pair(self.out, &mut self.decimals, eights)
    }
}

impl LevelSink for Vec<Level> {
    #[inline(always)]
    fn push(&mut self, price: Decimal, size: Decimal) {
        Self::push(self, Level::of(price, size));
    }

    #[inline(always)]
    fn push_short(&mut self, level: Level, _: Written, _: &Sent<'_>) {
        Self::push(self, level);
    }

    #[inline(always)]
    fn count(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn truncate(&mut self, count: usize) {
        Self::truncate(self, count);
    }
}

/// The next [`WINDOW`] bytes; near the end of the frame they are put into `$end`, NULs behind them.
macro_rules! window_of {
    ($cursor:expr, $end:ident) => {
        match $cursor.rest().first_chunk() {
            Some(window) => window,
            None => {
                $end = $cursor.end_of_frame();
                // In place: copied, it would be read before the processor has it.
                match $end.get(WINDOW - $cursor.rest().len()..).and_then(|rest| rest.first_chunk()) {
                    Some(window) => window,
                    None => unreachable!("it is twice a window"),
                }
            }
        }
    };
}

impl Cursor<'_> {
    /// Reads `[["price","size"],…]` into `out` (not cleared). Answers the most decimals met.
    ///
    /// A level may have more members (OKX: liquidated orders, number of orders); they are read past, checked.
    ///
    /// # Errors
    /// Syntax, types, decimals; [`Kind::Price`] unless prices are positive and within Nautilus's range,
    /// [`Kind::Size`] for a negative size.
    #[inline(always)]
    pub fn levels(&mut self, out: &mut impl LevelSink) -> Result<Decimals, JsonError> {
        let mut pairs = Pairs::into(out);
        self.each_level(&mut pairs)?;
        Ok(pairs.decimals)
    }

    /// Reads an array of levels, each by `reader`.
    ///
    /// # Errors
    /// Syntax, or what `reader` gives.
    #[inline(always)]
    pub fn each_level(&mut self, reader: &mut impl LevelReader) -> Result<(), JsonError> {
        #[cfg(target_arch = "x86_64")]
        if let Some(at_once) = lanes::AtOnce::new() {
            // SAFETY: the processor has what the function is compiled for.
            #[allow(unsafe_code, reason = "a third faster than the baseline's instructions")]
            return unsafe { self.levels_avx2(reader, at_once) };
        }
        self.levels_in_lanes(reader, lanes::InTurn)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn levels_avx2(
        &mut self,
        reader: &mut impl LevelReader,
        at_once: lanes::AtOnce,
    ) -> Result<(), JsonError> {
        self.levels_in_lanes(reader, at_once)
    }

    #[inline(always)]
    fn levels_in_lanes(
        &mut self,
        reader: &mut impl LevelReader,
        eights: impl Eights,
    ) -> Result<(), JsonError> {
        if self.byte() != b'[' && self.peek() != b'[' {
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
            reader.level(self, eights)?;
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
        Ok(())
    }

    /// Reads levels as long as each is in the form, and all are short. Answers the most decimals met, at the end of the last
    /// one; `None` where it read none.
    #[inline(always)]
    pub fn usual_levels<F: Form>(
        &mut self,
        out: &mut impl LevelSink,
        eights: impl Eights,
    ) -> Option<Decimals> {
        let (start, before) = (self.at, out.count());
        let (mut end, mut seen) = (start, eights.none());
        while let Some(window) = self.rest().first_chunk()
            && let Some(sent) = F::find(window)
            && let Some([(price, of_price), (size, of_size)]) = sent.placed()
        {
            let [price, size] = eights.read([price, size], [of_price, of_size], &mut seen);
            // Branches, which are foreseen: where the next level begins is not waited for.
            if price == 0 || !F::pass(self, window, sent.size.ends.end + 1) {
                break;
            }
            let level = Level { price: decimal::widened(price), size: decimal::widened(size) };
            let written = Written { price: of_price.decimals(), size: of_size.decimals() };
            out.push_short(level, written, &sent);
            end = self.at;
            if self.byte() != b',' {
                break;
            }
            self.at += 1;
        }
        self.at = end;
        // Of all at once: what is no number is left to what reads one by one.
        match eights.significant(seen) {
            Some([price, size]) if end > start => Some(Decimals { price, size }),
            _ => {
                out.truncate(before);
                self.at = start;
                None
            }
        }
    }

    /// The next level as `["price","size"]`, both short, or its first two members where there are more; nothing is
    /// taken when it is anything else.
    #[inline(always)]
    fn short_level<'w>(
        &mut self,
        window: &'w [u8; WINDOW],
        eights: impl Eights,
    ) -> Option<(Decimal, Decimal, Last, Sent<'w>)> {
        let sent = InQuotes::find(window)?;
        let size_end = sent.size.ends.end;
        let is_last = match window.get(size_end + 1)? {
            b']' => true,
            b',' => false,
            _ => return None,
        };
        let (price, size) = sent.read(eights)?;
        self.at += size_end + 1 + usize::from(is_last);
        Some((price, size, if is_last { Last::Yes } else { Last::No }, sent))
    }

    /// Takes the next level as `{"price":1.50,"qty":2}`, numbers bare and short, into `out`, and answers both; nothing is
    /// taken when it is anything else.
    #[inline(always)]
    pub fn short_priced_level(
        &mut self,
        out: &mut impl LevelSink,
        eights: impl Eights,
    ) -> Option<(Decimal, Decimal)> {
        let end;
        let sent = AsObject::find(window_of!(self, end))?;
        let (price, size) = self.take_pair(&sent, eights)?;
        out.push_short(Level::of(price, size), Written::of(price, size), &sent);
        Some((price, size))
    }

    /// The rest of a level whose price comes next, `1.50,2]`, numbers bare and short; nothing is taken when it is anything
    /// else.
    #[inline(always)]
    pub fn short_rest_of_level(&mut self, eights: impl Eights) -> Option<(Decimal, Decimal)> {
        let end;
        let sent = Sent::find_bare(window_of!(self, end), b"", b",", b']')?;
        self.take_pair(&sent, eights)
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
        let end_of_frame;
        let sent = Sent::find_bare(window_of!(self, end_of_frame), head, between, end)?;
        self.take_pair(&sent, lanes::InTurn)
    }

    /// Both numbers, and the byte behind them; nothing is taken where one is not as short as it looked.
    #[inline(always)]
    fn take_pair(&mut self, sent: &Sent<'_>, eights: impl Eights) -> Option<(Decimal, Decimal)> {
        let pair = sent.read(eights)?;
        self.at += sent.size.ends.end + 1;
        Some(pair)
    }

    #[inline(always)]
    fn pair(
        &mut self,
        out: &mut impl LevelSink,
        decimals: &mut Decimals,
        eights: impl Eights,
    ) -> Result<(), JsonError> {
        let end;
        let window = window_of!(self, end);
        match self.short_level(window, eights) {
            // Eight digits before the dot are within every bound.
            Some((price, size, last, sent)) if price.value > 0 => {
                decimals.price = decimals.price.max(price.significant);
                decimals.size = decimals.size.max(size.significant);
                out.push_short(Level::of(price, size), Written::of(price, size), &sent);
                if last == Last::Yes || self.two_counts() { Ok(()) } else { self.more_members() }
            }
            Some((price, ..)) => Err(out_of_range(Kind::Price, price.value, self.at)),
            None => self.pair_slowly(out, decimals),
        }
    }

    #[inline(never)]
    fn pair_slowly(&mut self, out: &mut impl LevelSink, decimals: &mut Decimals) -> Result<(), JsonError> {
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

/// Whether a short number is as JSON has it bare: no zero before other digits, a digit after the dot.
#[inline(always)]
fn is_bare(window: &[u8; WINDOW], Part { start, ends }: Part) -> bool {
    let starts_well = window.get(start) != Some(&b'0') || ends.dot == start + 1;
    starts_well && (ends.dot == ends.end || ends.dot + 1 < ends.end)
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

    /// Decimals of a text without the zeros that end them.
    fn significant(text: &str) -> u8 {
        text.split_once('.').map_or(0, |(_, rest)| rest.trim_end_matches('0').len() as u8)
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
                decimals = decimals.max(Decimals { price: significant(&price_text), size: significant(&size_text) });
            }
            let text = format!("[{}]{space}", texts.join(","));
            // As the processor at hand reads it, and as one without AVX2 does.
            let (mut usual, mut baseline) = (Vec::new(), Vec::new());
            let mut cursor = Cursor::new(text.as_bytes());
            prop_assert_eq!(cursor.levels(&mut usual), Ok(decimals), "{}", text);
            prop_assert_eq!(cursor.offset(), text.trim_end().len());
            let mut cursor = Cursor::new(text.as_bytes());
            let mut pairs = Pairs::into(&mut baseline);
            prop_assert_eq!(cursor.levels_in_lanes(&mut pairs, lanes::InTurn), Ok(()));
            prop_assert_eq!(pairs.decimals, decimals);
            prop_assert_eq!((&usual, &baseline), (&wanted, &wanted));
        }
    }

    proptest! {
        #[test]
        fn objects_are_the_numbers_they_were_made_of(
            numbers in prop::collection::vec(
                ((1_u64..10_000_000_000, 0_usize..=10), (0_u64..10_000_000_000, 0_usize..=10)), 1..30),
        ) {
            let (mut texts, mut wanted, mut short) = (Vec::new(), Vec::new(), true);
            let mut decimals = Decimals::default();
            for ((price, price_decimals), (size, size_decimals)) in numbers {
                let (price_text, price) = text_and_value(price, price_decimals);
                let (size_text, size) = text_and_value(size, size_decimals);
                texts.push(format!(r#"{{"price":{price_text},"qty":{size_text}}}"#));
                let parts = |text: &str| text.split_once('.').map_or((text.len(), 0), |(a, b)| (a.len(), b.len()));
                short &= [&price_text, &size_text].iter().all(|text| {
                    let (whole, rest) = parts(text);
                    whole <= 8 && rest <= 8 && whole + rest + usize::from(rest > 0) <= 16
                });
                if short {
                    let of_level = Decimals { price: significant(&price_text), size: significant(&size_text) };
                    decimals = decimals.max(of_level);
                    wanted.push(Level { price, size });
                }
            }
            let text = format!("{}]{}", texts.join(","), " ".repeat(WINDOW));
            let mut read = Vec::new();
            let met = Cursor::new(text.as_bytes()).usual_levels::<AsObject>(&mut read, lanes::InTurn);
            // A number that is not short may be seen as it is read, or when all are: then none counts.
            if met.is_some() || short {
                prop_assert_eq!((met, &read), (Some(decimals), &wanted), "{}", text);
            } else {
                prop_assert!(read.is_empty());
            }
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
            let level = cursor.short_priced_level(&mut Vec::new(), lanes::InTurn);
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
