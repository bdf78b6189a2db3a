//! One side of a book: a [`Window`] of its best levels, and the blocks of those below.

use super::Payload;
use super::half::{Change, Half};
use super::window::{Window, places_for};
use crate::decimal::narrow;

/// Changes that miss the window before one is made, or made where the best levels are now.
const PATIENCE: u32 = 1_024;

/// What a key at scale 8 is multiplied with.
pub(super) const NARROW: i128 = 10_i128.pow(8);

/// Levels in blocks, by keys of 8 bytes (prices at scale 8) as long as every price of the side has at most eight
/// decimals and fits; the first one that does not turns the side's keys into 16 bytes.
#[derive(Debug, Clone)]
enum Far<P> {
    Narrow(Half<i64, P>),
    Wide(Half<i128, P>),
}

impl<P> Default for Far<P> {
    fn default() -> Self {
        Self::Narrow(Half::default())
    }
}

impl<P: Payload> Far<P> {
    #[inline(always)]
    fn set(&mut self, key: i128, size: i128, payload: P) -> Change {
        match self {
            Self::Narrow(half) => match narrow(key) {
                Some(key) => half.set(key, size, payload),
                None => self.widen().set(key, size, payload),
            },
            Self::Wide(half) => half.set(key, size, payload),
        }
    }

    #[cold]
    fn widen(&mut self) -> &mut Half<i128, P> {
        if let Self::Narrow(half) = self {
            let mut wide = Half::default();
            for (key, size, payload) in half.descending() {
                wide.set(i128::from(key) * NARROW, size, payload.clone());
            }
            *self = Self::Wide(wide);
        }
        match self {
            Self::Wide(half) => half,
            Self::Narrow(_) => unreachable!("made wide above"),
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Narrow(half) => half.len(),
            Self::Wide(half) => half.len(),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Narrow(half) => half.clear(),
            Self::Wide(half) => half.clear(),
        }
    }

    /// Takes out the level of the highest key.
    fn pop(&mut self) -> Option<(i128, i128, P)> {
        match self {
            Self::Narrow(half) => {
                half.pop().map(|(key, size, payload)| (i128::from(key) * NARROW, size, payload))
            }
            Self::Wide(half) => half.pop(),
        }
    }

    fn size_at(&self, key: i128) -> Option<i128> {
        match self {
            Self::Narrow(half) => half.size_at(narrow(key)?),
            Self::Wide(half) => half.size_at(key),
        }
    }

    fn payload_mut(&mut self, key: i128) -> Option<&mut P> {
        match self {
            Self::Narrow(half) => half.payload_mut(narrow(key)?),
            Self::Wide(half) => half.payload_mut(key),
        }
    }

    fn best_mut(&mut self, n: usize, mut give: impl FnMut(i128, i128, &mut P)) {
        match self {
            Self::Narrow(half) => {
                half.best_mut(n, |key, size, payload| give(i128::from(key) * NARROW, size, payload));
            }
            Self::Wide(half) => half.best_mut(n, give),
        }
    }

    fn truncate(&mut self, depth: usize) {
        match self {
            Self::Narrow(half) => half.truncate(depth),
            Self::Wide(half) => half.truncate(depth),
        }
    }

    fn descending(&self) -> impl Iterator<Item = (i128, i128, &P)> {
        let (narrow, wide) = match self {
            Self::Narrow(half) => (Some(half), None),
            Self::Wide(half) => (None, Some(half)),
        };
        let narrow = narrow.into_iter().flat_map(Half::descending);
        let narrow = narrow.map(|(key, size, payload)| (i128::from(key) * NARROW, size, payload));
        narrow.chain(wide.into_iter().flat_map(Half::descending))
    }
}

/// The levels of a side by ascending key.
#[derive(Debug, Clone)]
pub(super) struct Levels<P> {
    /// What it covers is all in it: of `far` every key is below its base.
    window: Option<Window<P>>,
    missed: u32,
    far: Far<P>,
}

impl<P> Default for Levels<P> {
    fn default() -> Self {
        Self { window: None, missed: 0, far: Far::default() }
    }
}

impl<P: Payload> Levels<P> {
    /// Gives the level at `key` the new `size`, 0 takes it away, where it has a place in the window.
    #[inline(always)]
    pub(super) fn set_near(&mut self, key: i128, size: i128, payload: &P) -> Option<Change> {
        let window = self.window.as_mut()?;
        let at = window.place(key)?;
        Some(window.set(at, narrow(size)?, payload.clone()))
    }

    /// The same wherever it is.
    #[inline(always)]
    pub(super) fn set(&mut self, key: i128, size: i128, payload: P) -> Change {
        if let Some(change) = self.set_near(key, size, &payload) {
            return change;
        }
        if let Some(window) = &self.window
            && key >= window.base()
        {
            return if size == 0 { Change::Absent } else { self.set_above(key, size, payload) };
        }
        self.missed += 1;
        if self.missed >= PATIENCE {
            self.look_again();
            return self.set_above(key, size, payload);
        }
        self.far.set(key, size, payload)
    }

    /// The same of a key that may be above the window's places, or between two of them.
    #[cold]
    #[inline(never)]
    fn set_above(&mut self, key: i128, size: i128, payload: P) -> Change {
        if let Some(window) = &mut self.window
            && key >= window.base()
        {
            let far = &mut self.far;
            let out = |key, size, payload| _ = far.set(key, size, payload);
            if let Some(size) = narrow(size)
                && let Some(at) = window.place(key).or_else(|| window.rise_to(key, out))
            {
                return window.set(at, size, payload);
            }
            self.close();
        }
        self.far.set(key, size, payload)
    }

    /// Makes a window where the best levels are, unless there is one.
    #[cold]
    #[inline(never)]
    fn look_again(&mut self) {
        self.missed = 0;
        let places = places_for::<P>(self.len());
        if self.window.as_ref().is_some_and(|window| !window.is_low() && window.places() >= places) {
            return;
        }
        self.close();
        let keys = self.far.descending().map(|(key, ..)| key);
        let Some(mut window) = Window::over(keys, places) else { return };
        while let Some((key, size, payload)) = self.far.pop() {
            let place = window.place(key);
            if let Some(at) = place
                && let Some(size) = narrow(size)
            {
                window.set(at, size, payload);
                continue;
            }
            self.far.set(key, size, payload);
            if place.is_some() {
                // A size that no place holds.
                window.empty(|key, size, payload| _ = self.far.set(key, size, payload));
                return;
            }
            break;
        }
        self.window = Some(window);
    }

    /// Gives up the window.
    fn close(&mut self) {
        if let Some(mut window) = self.window.take() {
            window.empty(|key, size, payload| _ = self.far.set(key, size, payload));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.window.as_ref().map_or(0, |window| window.len()) + self.far.len()
    }

    pub(super) fn clear(&mut self) {
        (self.window, self.missed) = (None, 0);
        self.far.clear();
    }

    pub(super) fn size_at(&self, key: i128) -> Option<i128> {
        match &self.window {
            Some(window) if key >= window.base() => window.size_at(window.place(key)?),
            _ => self.far.size_at(key),
        }
    }

    pub(super) fn payload_mut(&mut self, key: i128) -> Option<&mut P> {
        match &mut self.window {
            Some(window) if key >= window.base() => window.payload_mut(window.place(key)?),
            _ => self.far.payload_mut(key),
        }
    }

    /// Levels from the highest key down: key, size, payload.
    pub(super) fn descending(&self) -> impl Iterator<Item = (i128, i128, &P)> {
        self.window.iter().flat_map(|window| window.levels()).chain(self.far.descending())
    }

    /// Gives the payloads of up to `n` levels from the highest key down.
    #[inline(always)]
    pub(super) fn best_payloads(&self, n: usize, mut give: impl FnMut(&P)) {
        let near = self.window.as_ref().map_or(0, |window| window.best_payloads(n, &mut give));
        if near < n && self.far.len() > 0 {
            self.far.descending().take(n - near).for_each(|(_, _, payload)| give(payload));
        }
    }

    /// Gives up to `n` levels from the highest key down: key, size, and the payload, to change.
    pub(super) fn best_mut(&mut self, n: usize, mut give: impl FnMut(i128, i128, &mut P)) {
        let near = self.window.as_mut().map_or(0, |window| window.best_mut(n, &mut give));
        if near < n {
            self.far.best_mut(n - near, give);
        }
    }

    /// Drops the levels below the highest `depth`, giving the key of each, the highest first.
    pub(super) fn truncate(&mut self, depth: usize, mut dropped: impl FnMut(i128)) {
        let near = self.window.as_mut().map_or(0, |window| {
            window.keep(depth, &mut dropped);
            window.len()
        });
        if self.far.len() > depth - near {
            self.far.descending().skip(depth - near).for_each(|(key, ..)| dropped(key));
            self.far.truncate(depth - near);
        }
    }
}
