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

impl Cursor<'_> {
    /// Reads `[["price","size"],…]` into `out` (not cleared). Answers the most decimals met.
    ///
    /// # Errors
    /// Syntax, types, decimals; [`Kind::Price`] unless prices are positive and within Nautilus's range,
    /// [`Kind::Size`] for a negative size.
    #[inline]
    pub fn levels(&mut self, out: &mut Vec<Level>) -> Result<Decimals, JsonError> {
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
    fn levels_avx2(&mut self, out: &mut Vec<Level>) -> Result<Decimals, JsonError> {
        self.levels_in_lanes(out)
    }

    #[inline(always)]
    fn levels_in_lanes(&mut self, out: &mut Vec<Level>) -> Result<Decimals, JsonError> {
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
        let mut pad = [0; WINDOW];
        self.last_window(&mut pad);
        self.short_level_in(&pad)
    }

    #[inline(always)]
    fn short_level_in(&mut self, window: &[u8; WINDOW]) -> Option<(Decimal, Decimal)> {
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
    fn level(&mut self, out: &mut Vec<Level>, decimals: &mut Decimals) -> Result<(), JsonError> {
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
    fn level_slowly(&mut self, out: &mut Vec<Level>, decimals: &mut Decimals) -> Result<(), JsonError> {
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
