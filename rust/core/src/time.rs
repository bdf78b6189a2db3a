//! Times: integers of nanoseconds UTC from the first digit.

use crate::lanes;

/// 2009-01-01T00:00:00Z, ns: no exchange is older.
pub const FIRST: u64 = 1_230_768_000 * SECOND;
/// 2100-01-01T00:00:00Z, ns.
pub const LAST: u64 = 4_102_444_800 * SECOND;
/// One second, ns.
pub const SECOND: u64 = 1_000_000_000;
/// One minute, ns.
pub const MINUTE: u64 = 60 * SECOND;
/// One hour, ns.
pub const HOUR: u64 = 60 * MINUTE;
/// One day, ns.
pub const DAY: u64 = 24 * HOUR;

/// Whether `ns` lies in 2009 to 2100.
#[must_use]
pub const fn is_plausible(ns: u64) -> bool {
    ns >= FIRST && ns < LAST
}

/// A venue's epoch in milliseconds, or microseconds where it has as many digits, as ns.
#[inline]
#[must_use]
pub const fn from_epoch(value: u64) -> Option<u64> {
    let ns = value.saturating_mul(if value < 100_000_000_000_000 { 1_000_000 } else { 1_000 });
    if is_plausible(ns) { Some(ns) } else { None }
}

/// Text of epoch seconds with a fraction, as ns; digits beyond the ninth decimal are dropped.
#[must_use]
pub fn from_seconds(text: &[u8]) -> Option<u64> {
    let (whole, fraction) = match text.iter().position(|b| *b == b'.') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() || whole.len() > 11 || fraction.len() > 32 {
        return None;
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
    };
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(9)];
    let nanos = number(kept)? * 10_u64.pow(9 - kept.len() as u32);
    let ns = number(whole)?.checked_mul(SECOND)?.checked_add(nanos)?;
    is_plausible(ns).then_some(ns)
}

/// `2024-01-31 23:55` or `2024-01-31 23:55:00`, UTC, as ns; `mark` stands between year, month and day.
#[must_use]
pub fn from_words(text: &[u8], mark: u8) -> Option<u64> {
    let number = |at: usize, length: usize| -> Option<u64> {
        let digits = text.get(at..at + length)?;
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
    };
    let marks = [(4, mark), (7, mark), (10, b' '), (13, b':'), (16, b':')];
    let marked = marks.iter().all(|(at, mark)| text.get(*at).is_none_or(|byte| byte == mark));
    if !marked || !matches!(text.len(), 16 | 19) {
        return None;
    }
    let second = if text.len() == 19 { number(17, 2)? } else { 0 };
    let date = [number(0, 4)?, number(5, 2)?, number(8, 2)?];
    let ns = from_civil(date, [number(11, 2)?, number(14, 2)?, second, 0])?;
    is_plausible(ns).then_some(ns)
}

/// An integer epoch in s, ms, us or ns by its number of digits (10, 13, 16, 19), as ns.
#[must_use]
pub fn from_digits(text: &[u8]) -> Option<u64> {
    let factor = match text.len() {
        10 => SECOND,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    let value = text
        .iter()
        .try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n.wrapping_mul(10) + u64::from(b - b'0')))?;
    let ns = value.checked_mul(factor)?;
    is_plausible(ns).then_some(ns)
}

/// Days since 1970-01-01 to (year, month, day) in the proleptic Gregorian calendar (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
#[must_use]
pub const fn civil(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + (month <= 2) as i64;
    (year, month as u32, day)
}

/// The inverse of [`civil`].
#[must_use]
pub const fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = year - (month <= 2) as i64;
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let m = month as i64;
    let doy = (153 * (m + if m > 2 { -3 } else { 9 }) + 2) / 5 + day as i64 - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// A moment of the calendar, UTC, as ns: year, month, day; hour, minute, second (60 is a leap second), nanosecond.
/// `None` where there is no such moment, or where it does not fit 64 bits.
#[must_use]
pub fn from_civil([year, month, day]: [u64; 3], [hour, minute, second, nanos]: [u64; 4]) -> Option<u64> {
    let is_moment = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    if !is_moment || second > 60 || nanos >= SECOND {
        return None;
    }
    let days =
        days_from_civil(i64::try_from(year).ok().filter(|year| *year < 10_000)?, month as u32, day as u32);
    let date = u64::try_from(days).ok()?.checked_mul(DAY)?;
    date.checked_add(hour * HOUR + minute * MINUTE + second * SECOND + nanos)
}

/// RFC 3339 text in UTC, `2026-08-26T11:34:06.075373Z`, as ns; at most nine decimals. `None` where it is none, or before
/// 1970.
#[must_use]
pub fn from_rfc3339(text: &[u8]) -> Option<u64> {
    let text = text.strip_suffix(b"Z")?;
    let (moment, fraction) = text.split_at_checked(19)?;
    let is_framed = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
        .into_iter()
        .all(|(at, byte)| moment[at] == byte);
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
    };
    let nanos = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            number(digits)? * 10_u64.pow(9 - digits.len() as u32)
        }
        _ => return None,
    };
    if !is_framed {
        return None;
    }
    let date = [number(&moment[..4])?, number(&moment[5..7])?, number(&moment[8..10])?];
    let clock = [number(&moment[11..13])?, number(&moment[14..16])?, number(&moment[17..19])?, nanos];
    from_civil(date, clock)
}

/// The day of the moment read last: that of the next nearly always is the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Day {
    /// `2026-08-26T`.
    text: [u8; 11],
    midnight: u64,
}

impl Day {
    /// RFC 3339 text in UTC with microseconds, `2026-08-26T11:34:06.075373Z`, as ns; `None` where it is any other, or not in
    /// 2009 to 2100.
    #[inline(always)]
    pub fn moment(&mut self, text: &[u8; 27]) -> Option<u64> {
        let (date, clock) = text.split_first_chunk()?;
        let since_midnight = micros_of_day(clock.first_chunk()?, clock.last_chunk()?)? * 1_000;
        if *date != self.text {
            *self = Self::of(date)?;
        }
        Some(self.midnight + since_midnight)
    }

    #[cold]
    #[inline(never)]
    fn of(text: &[u8; 11]) -> Option<Self> {
        let midnight = from_rfc3339(&[&text[..], b"00:00:00Z"].concat()).filter(|ns| is_plausible(*ns))?;
        Some(Self { text: *text, midnight })
    }
}

/// `11:34:06` and `.075373Z`, as microseconds since midnight.
#[inline(always)]
fn micros_of_day(clock: &[u8; 8], fraction: &[u8; 8]) -> Option<u64> {
    const BETWEEN: u64 = u64::from_le_bytes([0, 0, 0xFF, 0, 0, 0xFF, 0, 0]);
    const AROUND: u64 = u64::from_le_bytes([0xFF, 0, 0, 0, 0, 0, 0, 0xFF]);
    // What is no digit is 0 where it is what it is to be.
    let clock = u64::from_le_bytes(*clock) ^ u64::from_le_bytes(*b"00:00:00");
    let fraction = u64::from_le_bytes(*fraction) ^ u64::from_le_bytes(*b".000000Z");
    if clock & BETWEEN | fraction & AROUND != 0 || !lanes::are_digits(clock, fraction) {
        return None;
    }
    // Each byte the number of its digit and the next.
    let twos = clock * 10 + (clock >> 8);
    let [hour, minute, second] = [0, 24, 48].map(|at| twos >> at & 0xFF);
    let micros = lanes::eight_digits(fraction << 8);
    let is_moment = hour < 24 && minute < 60 && second < 60;
    is_moment.then_some(((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// A moment as recorders write it, ISO 8601 with `T` or a space between date and clock, as ns, and whether it says its zone:
/// `Z`, ` UTC` or an offset, `+05:30`, `+0530`, `+05`. Decimals beyond the ninth are dropped. `None` where it is none, or not
/// in 2009 to 2100.
#[must_use]
pub fn from_iso8601(text: &[u8]) -> Option<(u64, bool)> {
    let (moment, rest) = text.split_at_checked(19)?;
    let decimals = match rest.split_first() {
        Some((b'.', rest)) => rest.iter().take_while(|b| b.is_ascii_digit()).count() + 1,
        _ => 0,
    };
    let (fraction, zone) = rest.split_at(decimals);
    let (offset, is_zoned) = match zone {
        [] => (0, false),
        b"Z" | b"z" | b" UTC" => (0, true),
        _ => (offset(zone)?, true),
    };
    let fraction = &fraction[..fraction.len().min(10)];
    let mut utc = [moment, fraction, b"Z"].concat();
    match utc.get_mut(10) {
        Some(between) if matches!(between, b'T' | b' ') => *between = b'T',
        _ => return None,
    }
    let ns = from_rfc3339(&utc)?.checked_add_signed(-offset)?;
    is_plausible(ns).then_some((ns, is_zoned))
}

/// The offset of a zone from UTC, ns.
fn offset(zone: &[u8]) -> Option<i64> {
    let (hours, minutes) = match zone {
        [_, hours @ ..] if hours.len() == 2 => (hours, &b"00"[..]),
        [_, digits @ ..] if digits.len() == 4 => digits.split_at(2),
        [_, text @ ..] if text.len() == 5 && text[2] == b':' => (&text[..2], &text[3..]),
        _ => return None,
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ns = hours * HOUR as i64 + minutes * MINUTE as i64;
    match zone[0] {
        b'+' => Some(ns),
        b'-' => Some(-ns),
        _ => None,
    }
}

/// ISO 8601 text of `ns`: `2023-11-14T22:13:20.001121119Z`.
#[must_use]
pub fn iso(ns: u64) -> String {
    let (year, month, day) = civil((ns / DAY) as i64);
    let rest = ns % DAY;
    let (hour, minute, second) = (rest / HOUR, rest / MINUTE % 60, rest / SECOND % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:09}Z", rest % SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        assert_eq!(from_seconds(b"1633998512.0633569"), Some(1_633_998_512_063_356_900));
        assert_eq!(from_seconds(b"1626916407.62674"), Some(1_626_916_407_626_740_000));
        assert_eq!(from_seconds(b"1626916407"), Some(1_626_916_407_000_000_000));
        assert_eq!(from_seconds(b"1626916407."), Some(1_626_916_407_000_000_000));
        assert_eq!(from_seconds(b"1626916407.0123456789"), Some(1_626_916_407_012_345_678));
        assert_eq!(from_seconds(b"16.5"), None);
        assert_eq!(from_seconds(b""), None);
        assert_eq!(from_seconds(b"1626916407.x"), None);
    }

    #[test]
    fn moments() {
        let moment = from_civil([2023, 11, 14], [22, 13, 20, 1_121_119]);
        assert_eq!(moment, Some(1_700_000_000_001_121_119));
        assert_eq!(from_civil([1970, 1, 1], [0; 4]), Some(0));
        assert_eq!(from_civil([1969, 12, 31], [0; 4]), None);
        assert_eq!(from_civil([2554, 7, 21], [23, 0, 0, 0]), Some(18_446_742_000_000_000_000));
        for year in [2555, 9999, 10_000, u64::MAX] {
            assert_eq!(from_civil([year, 1, 1], [0; 4]), None, "{year}");
        }
        for (date, clock) in [([2024, 13, 1], [0; 4]), ([2024, 1, 0], [0; 4]), ([2024, 1, 1], [24, 0, 0, 0])]
        {
            assert_eq!(from_civil(date, clock), None);
        }
    }

    #[test]
    fn rfc3339() {
        for (text, want) in [
            ("2023-11-14T22:13:20.001121119Z", Some(1_700_000_000_001_121_119)),
            ("2023-11-14T22:13:20.5Z", Some(1_700_000_000_500_000_000)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000_000_000_000)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2023-11-14T22:13:20.Z", None),
            ("2023-11-14T22:13:20.0011211190Z", None),
            ("2023-11-14 22:13:20Z", None),
            ("2023-11-14T22:13:20+00:00", None),
            ("2023-11-14T22:13:20", None),
            ("2023-1-14T22:13:20.11Z", None),
            ("Z", None),
            ("", None),
        ] {
            assert_eq!(from_rfc3339(text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn moments_of_a_day_are_moments() {
        let mut day = Day::default();
        for text in
            ["2023-11-14T22:13:20.001121Z", "2023-11-14T00:00:00.000000Z", "2024-02-29T23:59:59.999999Z"]
        {
            for text in [text; 2] {
                let bytes = text.as_bytes().first_chunk().expect("27 bytes");
                assert_eq!(day.moment(bytes), from_rfc3339(text.as_bytes()), "{text}");
                for at in 0..27 {
                    for byte in
                        [0, b'0', b'1', b'2', b'3', b'6', b'9', b':', b'/', b'-', b'.', b'T', b'Z', 0xFF]
                    {
                        let mut changed = *bytes;
                        changed[at] = byte;
                        let want = from_rfc3339(&changed)
                            .filter(|ns| is_plausible(*ns) && &changed[17..19] != b"60");
                        assert_eq!(day.moment(&changed), want, "{}", String::from_utf8_lossy(&changed));
                    }
                }
            }
        }
    }

    #[test]
    fn iso8601() {
        let want = 1_700_000_000_001_121_000;
        for (text, found) in [
            ("2023-11-14T22:13:20.001121Z", Some((want, true))),
            ("2023-11-14 22:13:20.001121+00:00", Some((want, true))),
            ("2023-11-14 22:13:20.001121 UTC", Some((want, true))),
            ("2023-11-15T03:43:20.001121+05:30", Some((want, true))),
            ("2023-11-14T17:13:20.001121-0500", Some((want, true))),
            ("2023-11-14T14:13:20.001121-08", Some((want, true))),
            ("2023-11-14T22:13:20.0011210000009z", Some((want, true))),
            ("2023-11-14T22:13:20.001121", Some((want, false))),
            ("2023-11-14 22:13:20", Some((1_700_000_000_000_000_000, false))),
            ("2023-11-14T22:13:20.Z", None),
            ("2023-11-14T22:13:20+5:30", None),
            ("2023-11-14T22:13:20+24:00", None),
            ("2023-11-14T22:13:20+00:60", None),
            ("2023-11-14T22:13:20*00:00", None),
            ("2023-11-14T22:13:20 CET", None),
            ("2023-11-14_22:13:20Z", None),
            ("2023-13-14T22:13:20Z", None),
            ("2001-11-14T22:13:20Z", None),
            ("2023-11-14", None),
            ("", None),
        ] {
            assert_eq!(from_iso8601(text.as_bytes()), found, "{text}");
        }
    }

    #[test]
    fn calendar() {
        assert_eq!(iso(1_700_000_000_001_121_119), "2023-11-14T22:13:20.001121119Z");
        for days in (-100_000..100_000).step_by(17) {
            let (y, m, d) = civil(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
        assert_eq!(civil(19_782), (2024, 2, 29));
    }

    #[test]
    fn epochs() {
        assert_eq!(from_epoch(1_626_916_403_871), Some(1_626_916_403_871_000_000));
        assert_eq!(from_epoch(1_735_689_600_123_456), Some(1_735_689_600_123_456_000));
        assert_eq!(from_epoch(1_626_916_403), None);
        assert_eq!(from_epoch(1_626_916_403_871_000_000), None);
        assert_eq!(from_epoch(0), None);
        // Fourteen digits: beyond 64 bits as ns, which must not come round to another year.
        assert_eq!(from_epoch(19_788_782_407_636), None);
        assert_eq!(from_epoch(99_999_999_999_999), None);
        assert_eq!(from_epoch(u64::MAX), None);
        assert_eq!(from_digits(b"1626916403871"), Some(1_626_916_403_871_000_000));
    }
}
