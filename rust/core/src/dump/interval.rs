//! Names of the intervals of bars.

/// Nautilus's name of an interval, and whether its length is fixed; `None` where no venue has it.
#[must_use]
pub(super) fn named(seconds: u64) -> Option<(String, bool)> {
    let (count, name, fixed) = match seconds {
        1 => (1, "SECOND", true),
        60 | 180 | 300 | 900 | 1_800 => (seconds / 60, "MINUTE", true),
        3_600 | 7_200 | 14_400 | 21_600 | 28_800 | 43_200 => (seconds / 3_600, "HOUR", true),
        86_400 | 259_200 => (seconds / 86_400, "DAY", true),
        604_800 => (1, "WEEK", true),
        2_419_200 | 2_505_600 | 2_592_000 | 2_678_400 => (1, "MONTH", false),
        _ => return None,
    };
    Some((format!("{count}-{name}"), fixed))
}
