//! Rows as the C structs that objects of NautilusTrader 1.x hold, and the places where it keeps such structs.
//!
//! In: columns. Out: structs laid out as in its `core/includes/model.h` (16-byte raws), and reads of those that it made.
//! Its classes copy objects out of a capsule that holds a [`Place`] (`TradeTick.list_from_capsule`), and put objects into
//! one (`capsule_from_list`). Whoever lends it structs has first to find out, from an object that its own constructor
//! made of [`Struct::sample`], that they are those of the NautilusTrader at hand.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use crate::data::{
    AggressorSide, BookAction, Decimals, DeltaColumns, DeltaRow, Depth10Columns, Depth10Row, DepthLevel,
    QuoteColumns, QuoteRow, Side, TradeColumns, TradeRow,
};

/// Whatever holds integers alone: any bytes make one.
mod integers {
    pub trait Integers: Copy {}
}
use integers::Integers;

impl Integers for InstrumentId {}
impl Integers for Trade {}
impl Integers for Quote {}
impl Integers for Delta {}
impl Integers for Depth10 {}

/// An instrument's id as structs hold it: two pointers to texts that NautilusTrader never frees, which are not followed
/// here.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InstrumentId([usize; 2]);

/// `Price_t`, and `Quantity_t` for what is not negative.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Number {
    raw: i128,
    precision: u8,
}

/// `TradeTick_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trade {
    instrument: InstrumentId,
    price: Number,
    size: Number,
    aggressor_side: u32,
    trade_id: [u8; MAX_TRADE_ID + 1],
    trade_id_length: u8,
    ts_event: u64,
    ts_init: u64,
}

/// Longest id of a trade (`STACKSTR_CAPACITY`); a zero follows it.
const MAX_TRADE_ID: usize = 36;

/// `QuoteTick_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote {
    instrument: InstrumentId,
    bid_price: Number,
    ask_price: Number,
    bid_size: Number,
    ask_size: Number,
    ts_event: u64,
    ts_init: u64,
}

/// `BookOrder_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Level {
    side: u32,
    price: Number,
    size: Number,
    order_id: u64,
}

/// `OrderBookDelta_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delta {
    instrument: InstrumentId,
    action: u32,
    level: Level,
    flags: u8,
    sequence: u64,
    ts_event: u64,
    ts_init: u64,
}

/// `OrderBookDepth10_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Depth10 {
    instrument: InstrumentId,
    bids: [Level; 10],
    asks: [Level; 10],
    bid_counts: [u32; 10],
    ask_counts: [u32; 10],
    flags: u8,
    sequence: u64,
    ts_event: u64,
    ts_init: u64,
}

/// A struct of NautilusTrader's.
pub trait Struct: Integers + PartialEq {
    /// Rows of its type.
    type Columns;

    /// One row, of values that no memory holds by chance, and with [`SAMPLE_DECIMALS`].
    fn sample() -> Self::Columns;

    /// Of a row; `None` where it cannot be one, and a constructor has to say why.
    fn of(instrument: InstrumentId, rows: &Self::Columns, row: usize, decimals: Decimals) -> Option<Self>;
}

/// Decimals of [`Struct::sample`].
pub const SAMPLE_DECIMALS: Decimals = Decimals { price: 2, size: 3 };
const SAMPLE_PRICE: i128 = 6_311_345 * 10_i128.pow(14);
const SAMPLE_SIZE: i128 = 1_234_567 * 10_i128.pow(13);
const SAMPLE_TIMES: [u64; 2] = [1_700_000_000_123_456_789, 1_711_111_111_987_654_321];
const SAMPLE_SEQUENCE: u64 = 0x0123_4567_89AB_CDEF;

impl Number {
    fn price(raw: i128, decimals: Decimals) -> Self {
        Self { raw, precision: decimals.price }
    }

    fn size(raw: i128, decimals: Decimals) -> Self {
        Self { raw, precision: decimals.size }
    }
}

impl Struct for Trade {
    type Columns = TradeColumns;

    fn sample() -> TradeColumns {
        let mut rows = TradeColumns::default();
        rows.push(&TradeRow {
            price: SAMPLE_PRICE,
            size: SAMPLE_SIZE,
            aggressor_side: AggressorSide::Seller,
            trade_id: "0123456789-abcdefghijklmnopqrstuvwxy",
            ts_event: SAMPLE_TIMES[0],
            ts_init: SAMPLE_TIMES[1],
        });
        rows
    }

    #[inline]
    fn of(instrument: InstrumentId, rows: &TradeColumns, row: usize, decimals: Decimals) -> Option<Self> {
        let id = rows.trade_id.get(row).as_bytes();
        let mut trade_id = [0; MAX_TRADE_ID + 1];
        let is_id = matches!(id.len(), 1..=MAX_TRADE_ID) && id.iter().all(u8::is_ascii_graphic);
        if !is_id || rows.size[row] <= 0 {
            return None;
        }
        trade_id[..id.len()].copy_from_slice(id);
        Some(Self {
            instrument,
            price: Number::price(rows.price[row], decimals),
            size: Number::size(rows.size[row], decimals),
            aggressor_side: rows.aggressor_side[row].into(),
            trade_id,
            trade_id_length: id.len() as u8,
            ts_event: rows.ts_event[row],
            ts_init: rows.ts_init[row],
        })
    }
}

impl Struct for Quote {
    type Columns = QuoteColumns;

    fn sample() -> QuoteColumns {
        let mut rows = QuoteColumns::default();
        rows.push(&QuoteRow {
            bid_price: SAMPLE_PRICE,
            ask_price: 2 * SAMPLE_PRICE,
            bid_size: SAMPLE_SIZE,
            ask_size: 2 * SAMPLE_SIZE,
            ts_event: SAMPLE_TIMES[0],
            ts_init: SAMPLE_TIMES[1],
        });
        rows
    }

    #[inline]
    fn of(instrument: InstrumentId, rows: &QuoteColumns, row: usize, decimals: Decimals) -> Option<Self> {
        Some(Self {
            instrument,
            bid_price: Number::price(rows.bid_price[row], decimals),
            ask_price: Number::price(rows.ask_price[row], decimals),
            bid_size: Number::size(rows.bid_size[row], decimals),
            ask_size: Number::size(rows.ask_size[row], decimals),
            ts_event: rows.ts_event[row],
            ts_init: rows.ts_init[row],
        })
    }
}

impl Struct for Delta {
    type Columns = DeltaColumns;

    fn sample() -> DeltaColumns {
        let mut rows = DeltaColumns::default();
        rows.push(&DeltaRow {
            action: BookAction::Update,
            side: Side::Sell,
            price: SAMPLE_PRICE,
            size: SAMPLE_SIZE,
            order_id: !SAMPLE_SEQUENCE,
            flags: 0xA5,
            sequence: SAMPLE_SEQUENCE,
            ts_event: SAMPLE_TIMES[0],
            ts_init: SAMPLE_TIMES[1],
        });
        rows
    }

    #[inline]
    fn of(instrument: InstrumentId, rows: &DeltaColumns, row: usize, decimals: Decimals) -> Option<Self> {
        Some(Self {
            instrument,
            action: rows.action[row].into(),
            level: Level {
                side: rows.side[row].into(),
                price: Number::price(rows.price[row], decimals),
                size: Number::size(rows.size[row], decimals),
                order_id: rows.order_id[row],
            },
            flags: rows.flags[row],
            sequence: rows.sequence[row],
            ts_event: rows.ts_event[row],
            ts_init: rows.ts_init[row],
        })
    }
}

impl Struct for Depth10 {
    type Columns = Depth10Columns;

    fn sample() -> Depth10Columns {
        let level = |at: i128, sign: i128| DepthLevel {
            price: SAMPLE_PRICE + sign * at * 10_i128.pow(14),
            size: SAMPLE_SIZE + at * 10_i128.pow(13),
            count: 7 + at as u32,
        };
        let mut rows = Depth10Columns::default();
        // The last level of a side may be none.
        let side = |sign| {
            std::array::from_fn(|at| if at == 9 { DepthLevel::default() } else { level(at as i128, sign) })
        };
        rows.push(&Depth10Row {
            bids: side(-1),
            asks: side(1),
            flags: 0xA5,
            sequence: SAMPLE_SEQUENCE,
            ts_event: SAMPLE_TIMES[0],
            ts_init: SAMPLE_TIMES[1],
        });
        rows
    }

    fn of(instrument: InstrumentId, rows: &Depth10Columns, row: usize, decimals: Decimals) -> Option<Self> {
        let counts =
            |counts: &[Vec<u32>; 10]| -> [u32; 10] { std::array::from_fn(|level| counts[level][row]) };
        let (bid_counts, ask_counts) = (counts(&rows.bid_count), counts(&rows.ask_count));
        let side = |side: Side, prices: &[Vec<i128>; 10], sizes: &[Vec<i128>; 10], counts: &[u32; 10]| {
            std::array::from_fn(|level| Level {
                side: if counts[level] == 0 { Side::None } else { side } as u32,
                price: Number::price(prices[level][row], decimals),
                size: Number::size(sizes[level][row], decimals),
                order_id: 0,
            })
        };
        Some(Self {
            instrument,
            bids: side(Side::Buy, &rows.bid_price, &rows.bid_size, &bid_counts),
            asks: side(Side::Sell, &rows.ask_price, &rows.ask_size, &ask_counts),
            bid_counts,
            ask_counts,
            flags: rows.flags[row],
            sequence: rows.sequence[row],
            ts_event: rows.ts_event[row],
            ts_init: rows.ts_init[row],
        })
    }
}

/// `CVec`: where structs lie, and how many they are.
///
/// Atomic, since Python's threads share it; whoever owns it orders what is written and read.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Place {
    first: AtomicPtr<c_void>,
    length: AtomicUsize,
    capacity: AtomicUsize,
}

/// How many structs [`Place::first`] wants: what it reads lies inside even where they are a quarter of those here.
pub const PROBED: usize = 4;

impl Place {
    /// The place that a pointer out of a capsule points to.
    ///
    /// # Safety
    ///
    /// There has to be a `Place` or a `CVec` of NautilusTrader's (a pointer and two lengths), aligned and initialised,
    /// for as long as `'a`, written to by nobody but through this type.
    #[must_use]
    #[allow(unsafe_code, reason = "NautilusTrader hands structs over in no other way")]
    pub unsafe fn at<'a>(pointer: NonNull<c_void>) -> &'a Self {
        // SAFETY: the caller's promise; atomics are laid out as what they hold.
        unsafe { pointer.cast().as_ref() }
    }

    /// Points to structs, which have to stay where they are until [`Place::clear`].
    pub fn set<T: Struct>(&self, structs: &[T]) {
        self.first.store(structs.as_ptr().cast_mut().cast(), Ordering::Relaxed);
        self.length.store(structs.len(), Ordering::Relaxed);
        self.capacity.store(structs.len(), Ordering::Relaxed);
    }

    /// Points to nothing.
    pub fn clear(&self) {
        self.first.store(ptr::null_mut(), Ordering::Relaxed);
        self.length.store(0, Ordering::Relaxed);
        self.capacity.store(0, Ordering::Relaxed);
    }

    /// What the first struct begins with, as a `T`; `None` where there are not [`PROBED`] structs.
    ///
    /// # Safety
    ///
    /// The structs have to be there, made by NautilusTrader, and each at least a quarter of a `T` long: those of its
    /// builds with 8-byte raws are half.
    #[must_use]
    #[allow(unsafe_code, reason = "as for `at`")]
    pub unsafe fn first<T: Integers>(&self) -> Option<T> {
        let first = self.first.load(Ordering::Relaxed).cast::<T>();
        if first.is_null() || self.length.load(Ordering::Relaxed) != PROBED {
            return None;
        }
        // SAFETY: by the caller's promise `T`'s bytes lie inside the structs; any bytes make a `T` (the trait), and
        // they need not be aligned as it is.
        Some(unsafe { first.read_unaligned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INSTRUMENT: InstrumentId = InstrumentId([0x1234_5678_9ABC_DEF0, !0]);

    /// As NautilusTrader has it, and hands it over: a box that a pointer without a type points to.
    #[repr(C)]
    struct CVec {
        ptr: *mut c_void,
        len: usize,
        cap: usize,
    }

    /// What a place of these tests begins with; the pointer is to one that lives, with as many bytes as it says.
    fn first<T: Integers>(place: NonNull<c_void>) -> Option<T> {
        #[allow(unsafe_code, reason = "what is tested")]
        // SAFETY: every caller has the place and the bytes behind it on its own stack or heap.
        unsafe {
            Place::at(place).first()
        }
    }

    /// What is read of a place with these bytes in it, `length` structs by its own word.
    fn read<T: Integers>(bytes: &mut [u8], length: usize) -> Option<T> {
        let mut vector = CVec { ptr: bytes.as_mut_ptr().cast(), len: length, cap: length };
        first(NonNull::from(&mut vector).cast())
    }

    /// A struct of a sample, and of the same read back out of a place that points to four of them.
    fn holds<T: Struct + std::fmt::Debug>() {
        let made = T::of(INSTRUMENT, &T::sample(), 0, SAMPLE_DECIMALS).expect("a sample is one");
        let structs = vec![made; PROBED];
        let place = Box::new(Place::default());
        let pointer = NonNull::from(&*place).cast();
        place.set(&structs);
        assert_eq!((first::<T>(pointer), first(pointer)), (Some(made), Some(INSTRUMENT)));
        place.set(&structs[1..]);
        assert_eq!(first::<T>(pointer), None, "as many as wanted, or nothing");
        place.clear();
        assert_eq!(first::<T>(pointer), None);
    }

    #[test]
    fn structs_are_read_where_they_were_put() {
        holds::<Trade>();
        holds::<Quote>();
        holds::<Delta>();
        holds::<Depth10>();
    }

    #[test]
    fn structs_of_another_layout_are_told_from_these() {
        fn differs<T: Struct + std::fmt::Debug>() {
            let made = T::of(INSTRUMENT, &T::sample(), 0, SAMPLE_DECIMALS);
            // A quarter of the bytes each, at an address that is odd.
            let mut bytes = vec![0xA5; PROBED * size_of::<T>() / 4 + 1];
            let read = read::<T>(&mut bytes[1..], PROBED);
            assert!(read.is_some() && read != made);
        }
        differs::<Trade>();
        differs::<Quote>();
        differs::<Delta>();
        differs::<Depth10>();
    }

    #[test]
    fn sizes_are_those_of_the_header() {
        // `sizeof` of each in model.h with HIGH_PRECISION, 16-byte integers aligned to sixteen.
        assert_eq!([size_of::<Number>(), size_of::<Level>()], [32, 96]);
        assert_eq!([size_of::<Trade>(), size_of::<Quote>(), size_of::<Delta>()], [144, 160, 160]);
        assert_eq!(size_of::<Depth10>(), 16 + 20 * 96 + 20 * 4 + 32);
    }

    proptest! {
        #[test]
        fn every_value_of_a_trade_is_where_the_header_has_it(
            price in any::<i128>(),
            size in 1..i128::MAX,
            id in prop::collection::vec(b'!'..=b'~', 1..=36),
            (ts_event, ts_init) in any::<(u64, u64)>(),
        ) {
            let id = String::from_utf8(id).expect("ASCII");
            let mut rows = TradeColumns::default();
            rows.push(&TradeRow {
                price, size, aggressor_side: AggressorSide::Buyer, trade_id: &id, ts_event, ts_init,
            });
            let made = Trade::of(INSTRUMENT, &rows, 0, SAMPLE_DECIMALS).expect("a trade");
            prop_assert_eq!((made.price.raw, made.size.raw), (price, size));
            prop_assert_eq!(&made.trade_id[..made.trade_id_length as usize], id.as_bytes());
            prop_assert!(made.trade_id[made.trade_id_length as usize..].iter().all(|byte| *byte == 0));
            prop_assert_eq!((made.ts_event, made.ts_init), (ts_event, ts_init));
        }

        #[test]
        fn ids_that_are_not_plain_and_sizes_that_are_not_positive_make_no_trade(
            id in prop::collection::vec(prop_oneof![9 => prop::char::range('!', '~'), 1 => any::<char>()], 0..40),
            size in -1_i128..=1,
        ) {
            let id = String::from_iter(id);
            let mut rows = TradeColumns::default();
            rows.push(&TradeRow {
                price: 1, size, aggressor_side: AggressorSide::Buyer, trade_id: &id, ts_event: 1, ts_init: 1,
            });
            let is_plain = (1..=36).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
            let made = Trade::of(INSTRUMENT, &rows, 0, SAMPLE_DECIMALS);
            prop_assert_eq!(made.is_some(), is_plain && size > 0);
        }
    }
}
