//! Objects made from memory: trades, quotes, deltas and depths as C structs, handed over by the list.
//!
//! In: rows. Out: lists of objects, without an integer, an id or an argument of Python made on the way. NautilusTrader
//! 1.x's classes of these hold one C struct each, as in its `core/includes/model.h`, and take many of them in a capsule
//! (`TradeTick.list_from_capsule`), from which they are copied. Whether the structs here are those of the NautilusTrader
//! at hand is found out for every stream, from an object that its own constructor made ([`Pile::probe`]): where a single
//! field is not where it is expected, constructors are used as everywhere else.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};
use tickwright_core::data::{
    AggressorSide, BookAction, Decimals, DeltaColumns, DeltaRow, Depth10Columns, Depth10Row, DepthLevel,
    QuoteColumns, QuoteRow, Side, TradeColumns, TradeRow,
};

/// An instrument's id as structs hold it: two pointers to texts that NautilusTrader never frees, which are not followed
/// here.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Instrument([usize; 2]);

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
pub(super) struct Trade {
    instrument: Instrument,
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
pub(super) struct Quote {
    instrument: Instrument,
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
pub(super) struct Delta {
    instrument: Instrument,
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
pub(super) struct Depth10 {
    instrument: Instrument,
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
pub(super) trait Struct: Copy + PartialEq {
    /// Rows of its type.
    type Columns;

    /// One row, of values that no memory holds by chance, and with [`SAMPLE_DECIMALS`].
    fn sample() -> Self::Columns;

    /// Of a row; `None` where it cannot be one, and a constructor has to say why.
    fn of(instrument: Instrument, rows: &Self::Columns, row: usize, decimals: Decimals) -> Option<Self>;

    /// Whose it is.
    fn instrument(&self) -> Instrument;
}

pub(super) const SAMPLE_DECIMALS: Decimals = Decimals { price: 2, size: 3 };
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
    fn of(instrument: Instrument, rows: &TradeColumns, row: usize, decimals: Decimals) -> Option<Self> {
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

    fn instrument(&self) -> Instrument {
        self.instrument
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
    fn of(instrument: Instrument, rows: &QuoteColumns, row: usize, decimals: Decimals) -> Option<Self> {
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

    fn instrument(&self) -> Instrument {
        self.instrument
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
    fn of(instrument: Instrument, rows: &DeltaColumns, row: usize, decimals: Decimals) -> Option<Self> {
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

    fn instrument(&self) -> Instrument {
        self.instrument
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

    fn of(instrument: Instrument, rows: &Depth10Columns, row: usize, decimals: Decimals) -> Option<Self> {
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

    fn instrument(&self) -> Instrument {
        self.instrument
    }
}

/// `CVec`: where structs lie, and how many they are. Atomic, since Python's threads share it; the decoder's lock orders
/// what is written and read.
#[repr(C)]
#[derive(Debug, Default)]
struct Place {
    first: AtomicPtr<c_void>,
    length: AtomicUsize,
    capacity: AtomicUsize,
}

impl Place {
    fn set(&self, first: *const c_void, length: usize) {
        self.first.store(first.cast_mut(), Ordering::Relaxed);
        self.length.store(length, Ordering::Relaxed);
        self.capacity.store(length, Ordering::Relaxed);
    }
}

/// Structs that are to become objects of a class.
pub(super) struct Pile<T> {
    structs: Vec<T>,
    /// Holds the [`Place`] of the structs while the class takes them.
    capsule: Py<PyCapsule>,
    list_from_capsule: Py<PyAny>,
    capsule_from_list: Py<PyAny>,
}

/// How many objects a probe's capsule has: what is read of it lies inside even where the structs are a quarter of those
/// here.
const PROBED: usize = 4;

impl<T: Struct> Pile<T> {
    /// Of the class called `name` in `classes`, where there is one.
    fn new(classes: &Bound<'_, PyDict>, name: &str) -> PyResult<Option<Self>> {
        let Some(class) = classes.get_item(name)? else { return Ok(None) };
        #[expect(deprecated, reason = "NautilusTrader's capsules have no name; this alone makes one without")]
        let capsule = PyCapsule::new(class.py(), Place::default(), None)?;
        Ok(Some(Self {
            structs: Vec::new(),
            capsule: capsule.unbind(),
            list_from_capsule: class.getattr("list_from_capsule")?.unbind(),
            capsule_from_list: class.getattr("capsule_from_list")?.unbind(),
        }))
    }

    /// The id of the instrument of an `object` that a constructor made of [`Struct::sample`]; `None` where the struct
    /// it holds is not the one here.
    pub(super) fn probe(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<Instrument>> {
        let py = object.py();
        let objects = PyList::new(py, [object; PROBED])?;
        let capsule = self.capsule_from_list.bind(py).call1((objects,))?.cast_into::<PyCapsule>()?;
        let Some(held) = first_of::<T>(&capsule)? else { return Ok(None) };
        let instrument = held.instrument();
        let sample = T::of(instrument, &T::sample(), 0, SAMPLE_DECIMALS);
        if sample != Some(held) {
            return Ok(None);
        }
        self.structs.extend(sample);
        let back = self.list(py)?;
        let is_same = back.len() == 1 && back.get_item(0)?.eq(object)?;
        Ok(is_same.then_some(instrument))
    }

    /// Objects of rows; `None` where one of them has to be made by a constructor.
    pub(super) fn make<'py>(
        &mut self,
        py: Python<'py>,
        instrument: Instrument,
        rows: &T::Columns,
        range: std::ops::Range<usize>,
        decimals: Decimals,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        self.structs.clear();
        for row in range {
            let Some(made) = T::of(instrument, rows, row, decimals) else { return Ok(None) };
            self.structs.push(made);
        }
        self.list(py).map(Some)
    }

    /// Makes objects of the structs.
    fn list<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let capsule = self.capsule.bind(py);
        let place = place_in(capsule)?;
        place.set(self.structs.as_ptr().cast(), self.structs.len());
        let made = self.list_from_capsule.bind(py).call1((capsule,));
        // Nothing points to the structs when they change or go.
        place.set(ptr::null(), 0);
        self.structs.clear();
        Ok(made?.cast_into()?)
    }
}

/// The place that a capsule without a name holds.
#[allow(
    unsafe_code,
    reason = "NautilusTrader takes structs in no other way; objects are made three times as fast"
)]
fn place_in<'a>(capsule: &'a Bound<'_, PyCapsule>) -> PyResult<&'a Place> {
    let place = capsule.pointer_checked(None)?.cast::<Place>();
    // SAFETY: capsules come here from `Pile::new`, which put a `Place` into its own, and from `capsule_from_list`, whose
    // `CVec` is three words as `Place` is, initialised, aligned, and alive while the capsule is. Nobody writes to it
    // but through the atomics.
    Ok(unsafe { place.as_ref() })
}

/// The first struct in a capsule of [`PROBED`] ones that NautilusTrader made, as far as it can be one of these.
#[allow(unsafe_code, reason = "as for `place_in`")]
fn first_of<T: Struct>(capsule: &Bound<'_, PyCapsule>) -> PyResult<Option<T>> {
    let place = place_in(capsule)?;
    let first = place.first.load(Ordering::Relaxed).cast::<T>();
    if first.is_null() || place.length.load(Ordering::Relaxed) != PROBED {
        return Ok(None);
    }
    // SAFETY: the memory holds PROBED structs of NautilusTrader's; where they are those of its header, the first is a
    // `T`, which any bytes make (its fields are integers). Where they are not, `T`'s bytes still lie inside, since no
    // build of it has structs of less than a quarter of these (that of 64-bit raws has half).
    Ok(Some(unsafe { first.read_unaligned() }))
}

/// Piles of all the classes that are made from memory.
pub(super) struct Memory {
    pub trades: Option<Pile<Trade>>,
    pub quotes: Option<Pile<Quote>>,
    pub deltas: Option<Pile<Delta>>,
    pub depths: Option<Pile<Depth10>>,
}

impl Memory {
    /// Of the classes that NautilusTrader has; none where there are no such.
    pub(super) fn new(classes: &Bound<'_, PyDict>) -> PyResult<Self> {
        Ok(Self {
            trades: Pile::new(classes, "trade")?,
            quotes: Pile::new(classes, "quote")?,
            deltas: Pile::new(classes, "delta")?,
            depths: Pile::new(classes, "depth10")?,
        })
    }
}
