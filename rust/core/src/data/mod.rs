//! The data types: one file each, holding the row and the columns of it.
//!
//! A *row* is one Nautilus record, a *column set* the growing buffers of one (instrument, type). Prices and
//! sizes are `i128` at scale 16 from the first byte, times are nanoseconds UTC; which Nautilus schema they
//! become is [`crate::schema`]'s business alone.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::decimal::Decimal;

mod append;
mod bar;
mod delta;
mod depth10;
mod funding_rate;
mod liquidation;
mod open_interest;
mod option_greeks;
mod physical;
mod price_update;
mod quote;
mod rows;
mod status;
mod trade;
mod volatility_index;

pub(crate) use append::{append_both, repeat};
pub use bar::{BarColumns, BarRow};
pub use delta::{BookAction, DeltaColumns, DeltaRow, F_LAST, F_SNAPSHOT, Side};
pub use depth10::{Depth10Columns, Depth10Row, DepthLevel};
pub use funding_rate::{FundingRateColumns, FundingRateRow};
pub use liquidation::{LiquidationColumns, LiquidationRow};
pub use open_interest::{OpenInterestColumns, OpenInterestRow};
pub use option_greeks::{OptionGreeksColumns, OptionGreeksRow};
pub use physical::{ColumnRef, Physical, TextColumn};
pub use price_update::{PriceUpdateColumns, PriceUpdateRow};
pub use quote::{QuoteColumns, QuoteRow};
#[cfg(test)]
pub(crate) use rows::sample;
pub use rows::{Identity, Rows};
pub use status::{StatusColumns, StatusRow};
pub use trade::{AggressorSide, TradeColumns, TradeRow};
pub use volatility_index::{VolatilityIndexColumns, VolatilityIndexRow};

/// A type of row. The names are those of `--types`, of the API and of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DataType {
    /// A trade, or an aggregate of trades.
    Trade,
    /// The best bid and ask.
    Quote,
    /// One change of an order book.
    Delta,
    /// The ten best levels of each side.
    Depth10,
    /// A closed bar.
    Bar,
    /// The venue's mark price.
    MarkPrice,
    /// The venue's index price.
    IndexPrice,
    /// A funding rate.
    FundingRate,
    /// The trading status of an instrument.
    Status,
    /// A liquidation order.
    Liquidation,
    /// Open interest.
    OpenInterest,
    /// Greeks of an option.
    OptionGreeks,
    /// The value of a volatility index.
    VolatilityIndex,
}

impl DataType {
    /// Every type, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Trade,
        Self::Quote,
        Self::Delta,
        Self::Depth10,
        Self::Bar,
        Self::MarkPrice,
        Self::IndexPrice,
        Self::FundingRate,
        Self::Status,
        Self::Liquidation,
        Self::OpenInterest,
        Self::OptionGreeks,
        Self::VolatilityIndex,
    ];

    /// The name in options, the API and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Quote => "quote",
            Self::Delta => "delta",
            Self::Depth10 => "depth10",
            Self::Bar => "bar",
            Self::MarkPrice => "mark_price",
            Self::IndexPrice => "index_price",
            Self::FundingRate => "funding_rate",
            Self::Status => "status",
            Self::Liquidation => "liquidation",
            Self::OpenInterest => "open_interest",
            Self::OptionGreeks => "option_greeks",
            Self::VolatilityIndex => "volatility_index",
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DataType {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|t| t.name() == name).ok_or(())
    }
}

/// How many decimals the values of a column set need, trailing zeros not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decimals {
    /// Of prices (and of mark, index and bar prices).
    pub price: u8,
    /// Of sizes and volumes.
    pub size: u8,
}

impl Decimals {
    /// What these prices and sizes need.
    #[inline]
    #[must_use]
    pub fn of(prices: &[Decimal], sizes: &[Decimal]) -> Self {
        let most = |values: &[Decimal]| values.iter().fold(0, |most, value| most.max(value.significant));
        Self { price: most(prices), size: most(sizes) }
    }

    /// The larger of each.
    #[inline]
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { price: self.price.max(other.price), size: self.size.max(other.size) }
    }
}

/// The columns of one type, whatever the type.
pub trait ColumnSet: Default + fmt::Debug + Send {
    /// The columns in the order of the type's file.
    fn physical(&self) -> Vec<&dyn Physical>;
    /// The same, to change.
    fn physical_mut(&mut self) -> Vec<&mut dyn Physical>;
    /// The names of the columns, in the same order.
    fn names(&self) -> Vec<&'static str>;
    /// Receive times, ns UTC: the key of the order of rows.
    fn ts_init(&self) -> &[u64];
    /// Drops the rows from `rows` on, keeping the memory.
    fn truncate(&mut self, rows: usize);
}

/// Declares a row's columns once: the struct, and the generic access to them.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $name { $($(#[$fdoc])* pub $field: $kind,)+ }

        impl $crate::data::ColumnSet for $name {
            fn physical(&self) -> Vec<&dyn $crate::data::Physical> {
                vec![$(&self.$field as &dyn $crate::data::Physical,)+]
            }
            fn physical_mut(&mut self) -> Vec<&mut dyn $crate::data::Physical> {
                vec![$(&mut self.$field as &mut dyn $crate::data::Physical,)+]
            }
            fn names(&self) -> Vec<&'static str> {
                vec![$(stringify!($field),)+]
            }
            fn ts_init(&self) -> &[u64] {
                &self.ts_init
            }
            fn truncate(&mut self, rows: usize) {
                $($crate::data::Physical::truncate(&mut self.$field, rows);)+
            }
        }
    };
}
pub(crate) use columns;

macro_rules! column_sets {
    ($($variant:ident($columns:ty)),+ $(,)?) => {
        /// The column set of any one type.
        #[derive(Debug)]
        #[allow(missing_docs, reason = "the variants are the types")]
        #[allow(clippy::large_enum_variant, reason = "one per stream: depth10 is rare, a box on every push is not")]
        pub enum AnyColumns { $($variant($columns),)+ }

        impl AnyColumns {
            /// Empty columns of `data_type`.
            #[must_use]
            pub fn new(data_type: DataType) -> Self {
                match data_type { $(DataType::$variant => Self::$variant(<$columns>::default()),)+ }
            }

            /// The type of the rows.
            #[must_use]
            pub fn data_type(&self) -> DataType {
                match self { $(Self::$variant(_) => DataType::$variant,)+ }
            }

            /// The columns in the order of the type's file.
            #[must_use]
            pub fn physical(&self) -> Vec<&dyn Physical> {
                match self { $(Self::$variant(c) => c.physical(),)+ }
            }

            /// The same, to change.
            pub fn physical_mut(&mut self) -> Vec<&mut dyn Physical> {
                match self { $(Self::$variant(c) => c.physical_mut(),)+ }
            }

            /// The names of the columns.
            #[must_use]
            pub fn names(&self) -> Vec<&'static str> {
                match self { $(Self::$variant(c) => c.names(),)+ }
            }

            /// Receive times, ns UTC.
            #[must_use]
            pub fn ts_init(&self) -> &[u64] {
                match self { $(Self::$variant(c) => c.ts_init(),)+ }
            }

            /// Drops all rows, keeping the memory.
            pub fn clear(&mut self) {
                match self { $(Self::$variant(c) => c.truncate(0),)+ }
            }
        }
    };
}

column_sets!(
    Trade(TradeColumns),
    Quote(QuoteColumns),
    Delta(DeltaColumns),
    Depth10(Depth10Columns),
    Bar(BarColumns),
    MarkPrice(PriceUpdateColumns),
    IndexPrice(PriceUpdateColumns),
    FundingRate(FundingRateColumns),
    Status(StatusColumns),
    Liquidation(LiquidationColumns),
    OpenInterest(OpenInterestColumns),
    OptionGreeks(OptionGreeksColumns),
    VolatilityIndex(VolatilityIndexColumns),
);

impl AnyColumns {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ts_init().len()
    }

    /// Bytes of memory held, for rows and for more of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.physical().iter().map(|c| c.bytes()).sum()
    }

    /// Whether rows `a` and `b` are equal in every column.
    #[must_use]
    pub fn same(&self, a: usize, b: usize) -> bool {
        self.physical().iter().all(|c| c.same(a, b))
    }

    /// A row in words.
    #[must_use]
    pub fn show(&self, row: usize) -> String {
        let values = self.names().into_iter().zip(self.physical());
        let shown: Vec<String> =
            values.map(|(name, column)| format!("{name} {}", column.show(row))).collect();
        format!("({})", shown.join(", "))
    }

    /// Reorders the rows: row `i` of the result is row `order[i]` of now. Rows may be left out.
    pub fn gather(&mut self, order: &[u32]) {
        for column in self.physical_mut() {
            column.gather(order);
        }
    }

    /// Appends rows `range` of `other`, which is of the same type.
    pub fn extend_range(&mut self, other: &Self, range: Range<usize>) {
        debug_assert_eq!(self.data_type(), other.data_type());
        for (mine, theirs) in self.physical_mut().into_iter().zip(other.physical()) {
            mine.extend_range(theirs.view(), range.clone());
        }
    }

    /// Takes the rows out, leaving none.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.data_type()))
    }

    /// Sorts the rows by receive time, keeping the order of equal ones. `false` when they were in order.
    pub fn sort(&mut self) -> bool {
        let times = self.ts_init();
        if times.is_sorted() {
            return false;
        }
        let mut order: Vec<u32> = (0..times.len() as u32).collect();
        order.sort_by_key(|&row| times[row as usize]);
        self.gather(&order);
        true
    }

    /// Appends rows `range` as bytes, column after column.
    pub fn write_range(&self, range: Range<usize>, out: &mut Vec<u8>) {
        for column in self.physical() {
            column.write_range(range.clone(), out);
        }
    }

    /// Appends `rows` rows that [`Self::write_range`] wrote; `None` when the bytes are too few or damaged.
    pub fn read_rows<'b>(&mut self, rows: usize, mut bytes: &'b [u8]) -> Option<&'b [u8]> {
        for column in self.physical_mut() {
            bytes = column.read_rows(rows, bytes)?;
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_survive_bytes_sort_and_ranges() {
        let mut trades = TradeColumns::default();
        for (i, ts) in [5_u64, 3, 3, 9].into_iter().enumerate() {
            trades.push(&TradeRow {
                price: i as i128 * 7 - 3,
                size: 1 << i,
                aggressor_side: AggressorSide::Buyer,
                trade_id: &format!("t{i}"),
                ts_event: ts,
                ts_init: ts,
            });
        }
        let mut all = AnyColumns::Trade(trades);
        assert!(all.sort());
        assert!(!all.sort());
        let mut bytes = Vec::new();
        all.write_range(1..4, &mut bytes);
        let mut back = AnyColumns::new(DataType::Trade);
        assert_eq!(back.read_rows(3, &bytes), Some(&[][..]));
        let AnyColumns::Trade(back) = back else { unreachable!() };
        assert_eq!(back.ts_init, [3, 5, 9]);
        assert_eq!(back.trade_id.iter().collect::<Vec<_>>(), ["t2", "t0", "t3"]);
        assert_eq!(back.price, [11, -3, 18]);
        assert!(AnyColumns::new(DataType::Trade).read_rows(3, &bytes[..bytes.len() - 1]).is_none());
    }

    #[test]
    fn names_round_trip() {
        for data_type in DataType::ALL {
            assert_eq!(data_type.name().parse(), Ok(data_type));
            assert_eq!(AnyColumns::new(data_type).data_type(), data_type);
        }
    }
}
