//! A timer that comes round to every instrument, one after another, once a period.

/// Instruments in turn, spread evenly over the period.
#[derive(Debug, Clone)]
pub struct Rounds {
    start: u64,
    period: u64,
    count: u64,
    turn: u64,
}

impl Rounds {
    /// `count` instruments, the first one period after `start`; times in ns.
    #[must_use]
    pub const fn new(start: u64, period: u64, count: usize) -> Self {
        Self { start: start + period, period, count: if count == 0 { 1 } else { count as u64 }, turn: 0 }
    }

    /// When the next turn is, ns UTC.
    #[must_use]
    pub const fn next_at(&self) -> u64 {
        let (round, place) = (self.turn / self.count, self.turn % self.count);
        self.start + round * self.period + place * self.period / self.count
    }

    /// The instrument whose turn it is; the turn after it is next.
    pub const fn take(&mut self) -> usize {
        let place = self.turn % self.count;
        self.turn += 1;
        place as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instrument_once_a_period() {
        let mut rounds = Rounds::new(1_000, 100, 4);
        let turns: Vec<(u64, usize)> = (0..6).map(|_| (rounds.next_at(), rounds.take())).collect();
        assert_eq!(turns, [(1_100, 0), (1_125, 1), (1_150, 2), (1_175, 3), (1_200, 0), (1_225, 1)]);
    }
}
