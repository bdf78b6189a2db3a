//! One order book in integer ticks and steps.

/// A side of the book, or of a taker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Bids; a buyer.
    Buy,
    /// Asks; a seller.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// +1 where a higher price is better, else -1.
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }
}

/// A price in ticks and the size that stands there in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Ticks.
    pub price: i64,
    /// Steps; 0 = none.
    pub size: i64,
}

/// Levels of both sides, the best of each last: what changes most is cheapest to reach.
#[derive(Debug, Clone, Default)]
pub struct Book {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Book {
    fn side_mut(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn side(&self, side: Side) -> &[Level] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// How many levels a side has.
    #[must_use]
    pub fn len(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// Whether nothing stands on either side.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    /// The level `depth` places behind the best.
    #[must_use]
    pub fn level(&self, side: Side, depth: usize) -> Option<Level> {
        let levels = self.side(side);
        levels.len().checked_sub(depth + 1).map(|at| levels[at])
    }

    /// The best price of a side.
    #[must_use]
    pub fn best(&self, side: Side) -> Option<Level> {
        self.side(side).last().copied()
    }

    /// The worst price of a side.
    #[must_use]
    pub fn deepest(&self, side: Side) -> Option<Level> {
        self.side(side).first().copied()
    }

    /// Levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> {
        self.side(side).iter().rev().copied()
    }

    /// The size at a price; 0 = none.
    #[must_use]
    pub fn size(&self, side: Side, price: i64) -> i64 {
        match self.find(side, price) {
            Ok(at) => self.side(side)[at].size,
            Err(_) => 0,
        }
    }

    /// Where a price stands, or would: looked for from the best price on.
    fn find(&self, side: Side, price: i64) -> Result<usize, usize> {
        let (levels, sign) = (self.side(side), side.sign());
        for (at, level) in levels.iter().enumerate().rev() {
            if level.price == price {
                return Ok(at);
            }
            if level.price * sign < price * sign {
                return Err(at + 1);
            }
        }
        Err(0)
    }

    /// Sets the size at a price; 0 removes the level.
    pub fn set(&mut self, side: Side, price: i64, size: i64) {
        match (self.find(side, price), size) {
            (Ok(at), 0) => {
                self.side_mut(side).remove(at);
            }
            (Ok(at), size) => self.side_mut(side)[at].size = size,
            (Err(_), 0) => {}
            (Err(at), size) => self.side_mut(side).insert(at, Level { price, size }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_is_last_and_levels_are_found() {
        let mut book = Book::default();
        for price in [10, 8, 9, 7] {
            book.set(Side::Buy, price, price * 2);
            book.set(Side::Sell, price + 10, 1);
        }
        assert_eq!(book.levels(Side::Buy).map(|l| l.price).collect::<Vec<_>>(), [10, 9, 8, 7]);
        assert_eq!(book.levels(Side::Sell).map(|l| l.price).collect::<Vec<_>>(), [17, 18, 19, 20]);
        book.set(Side::Buy, 9, 0);
        book.set(Side::Buy, 3, 0);
        assert_eq!(book.size(Side::Buy, 8), 16);
        assert_eq!(book.size(Side::Buy, 9), 0);
        assert_eq!(book.level(Side::Buy, 1), Some(Level { price: 8, size: 16 }));
        assert_eq!(book.deepest(Side::Sell).map(|l| l.price), Some(20));
    }
}
