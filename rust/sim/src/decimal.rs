//! Decimals as integers and places, and their spellings.

/// `units / 10^places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decimal {
    /// The digits.
    pub units: i128,
    /// How many of them stand behind the point.
    pub places: u8,
}

impl Decimal {
    /// `units / 10^places`.
    #[must_use]
    pub const fn new(units: i128, places: u8) -> Self {
        Self { units, places }
    }

    /// Writes exactly `places` decimals; those of the value must not be more.
    pub fn write_padded(self, out: &mut Vec<u8>, places: u8) {
        self.write_own(out);
        if places > self.places {
            if self.places == 0 {
                out.push(b'.');
            }
            out.resize(out.len() + usize::from(places - self.places), b'0');
        }
    }

    /// Writes the decimals the value has, trailing zeros among them.
    pub fn write_own(self, out: &mut Vec<u8>) {
        let negative = self.units < 0;
        if negative {
            out.push(b'-');
        }
        let magnitude = self.units.unsigned_abs();
        let places = usize::from(self.places);
        match u64::try_from(magnitude) {
            Ok(small) => digits(out, small, places),
            Err(_) => {
                // Twice the width: the upper part first, then 18 digits.
                const SPLIT: u128 = 1_000_000_000_000_000_000;
                let start = out.len();
                digits(out, (magnitude / SPLIT) as u64, 0);
                let at = out.len();
                digits(out, (magnitude % SPLIT) as u64, 0);
                let written = out.len() - at;
                out.splice(at..at, std::iter::repeat_n(b'0', 18 - written));
                let whole = out.len() - start;
                if places > 0 {
                    if whole <= places {
                        out.splice(start..start, std::iter::repeat_n(b'0', places + 1 - whole));
                    }
                    out.insert(out.len() - places, b'.');
                }
            }
        }
    }

    /// Writes the shortest spelling: no trailing zeros.
    pub fn write_shortest(self, out: &mut Vec<u8>) {
        let mut value = self;
        while value.places > 0 && value.units % 10 == 0 {
            value.units /= 10;
            value.places -= 1;
        }
        value.write_own(out);
    }
}

/// Writes an integer.
pub fn integer(out: &mut Vec<u8>, value: u64) {
    digits(out, value, 0);
}

/// Writes a signed integer.
pub fn signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    digits(out, value.unsigned_abs(), 0);
}

/// Writes digits with a point before the last `places`.
fn digits(out: &mut Vec<u8>, mut value: u64, places: usize) {
    let mut text = [b'0'; 40];
    let mut at = text.len();
    let mut left = places;
    loop {
        if places > 0 && left == 0 && at == text.len() - places {
            at -= 1;
            text[at] = b'.';
        }
        at -= 1;
        text[at] = b'0' + (value % 10) as u8;
        value /= 10;
        left = left.saturating_sub(1);
        let whole_written = places == 0 || at < text.len() - places;
        if value == 0 && whole_written {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn spellings() {
        for (units, places, own, padded, shortest) in [
            (0, 0, "0", "0.00000000", "0"),
            (0, 2, "0.00", "0.00000000", "0"),
            (5, 3, "0.005", "0.00500000", "0.005"),
            (12_300, 2, "123.00", "123.00000000", "123"),
            (12_345, 3, "12.345", "12.34500000", "12.345"),
            (-12_345, 4, "-1.2345", "-1.23450000", "-1.2345"),
            (100, 0, "100", "100.00000000", "100"),
        ] {
            let value = Decimal::new(units, places);
            assert_eq!(text(|out| value.write_own(out)), own);
            assert_eq!(text(|out| value.write_padded(out, 8)), padded);
            assert_eq!(text(|out| value.write_shortest(out)), shortest);
        }
        let wide = Decimal::new(123_456_789_000_000_000_000_000_001, 8);
        assert_eq!(text(|out| wide.write_own(out)), "1234567890000000000.00000001");
        assert_eq!(text(|out| signed(out, -1)), "-1");
    }
}
