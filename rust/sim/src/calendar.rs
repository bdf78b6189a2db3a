//! Days of the calendar, for names of files and times in words.

use crate::decimal;

/// One day, ns.
pub(crate) const DAY: u64 = 86_400_000_000_000;

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub year: u64,
    pub month: u64,
    pub day: u64,
}

impl Date {
    /// The day that a time is in, ns UTC.
    pub const fn of(ns: u64) -> Self {
        // Eras of 400 years that begin with March: Hinnant, "chrono-compatible low-level date algorithms".
        let days = ns / DAY + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year + era * 400 + (month <= 2) as u64;
        Self { year, month, day: of_year - (153 * shifted + 2) / 5 + 1 }
    }

    /// How many days its month has.
    pub const fn month_days(self) -> u64 {
        let is_leap =
            self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 => 28 + is_leap as u64,
            _ => 31,
        }
    }

    /// `2026-09`.
    pub fn to_month(self) -> String {
        format!("{}-{:02}", self.year, self.month)
    }

    /// `2026-09-07`.
    pub fn to_day(self) -> String {
        format!("{}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Writes `2026-09-07 23:55:00`.
pub(crate) fn write_moment(out: &mut Vec<u8>, ns: u64) {
    out.extend_from_slice(Date::of(ns).to_day().as_bytes());
    let seconds = ns % DAY / 1_000_000_000;
    for (mark, value) in [(b' ', seconds / 3_600), (b':', seconds / 60 % 60), (b':', seconds % 60)] {
        out.push(mark);
        if value < 10 {
            out.push(b'0');
        }
        decimal::integer(out, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_as_the_calendar_has_them() {
        for (days, text) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (19_723, "2024-01-01"), (20_703, "2026-09-07")]
        {
            assert_eq!(Date::of(days * DAY + 5).to_day(), text);
        }
        let of = |days| Date::of(days * DAY).month_days();
        assert_eq!([of(11_016), of(20_703), of(19_723), of(47_527)], [29, 30, 31, 28]);
        let mut out = Vec::new();
        write_moment(&mut out, 20_703 * DAY + 86_105_000_000_007);
        assert_eq!(out, b"2026-09-07 23:55:05");
    }
}
