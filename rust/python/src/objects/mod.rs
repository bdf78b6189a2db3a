//! `ObjectDecoder`: frames in, objects of NautilusTrader out, for live adapters.
//!
//! Which NautilusTrader it is, Python says: the makers are its constructors, called with integers at scale 16. Ids
//! are made once. The types that come by the million are made from [`memory`] where the NautilusTrader at hand allows
//! it. The lock is taken with the GIL let go, since makers may run any Python code.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyList};
use tickwright_core::data::{
    AnyColumns, BarColumns, DataType, Decimals, DeltaColumns, Depth10Columns, F_LAST, PriceUpdateColumns,
    QuoteColumns, TradeColumns,
};
use tickwright_core::decimal::narrow;
use tickwright_core::decoder::FrameDecoder;
use tickwright_core::feed::{GapRecord, Stream};
use tickwright_core::schema::structs::{InstrumentId, SAMPLE_DECIMALS, Struct};

use crate::decoder::DecoderOptions;
use crate::errors::{convert_error, usage};

mod memory;

use memory::{Memory, Pile};

macro_rules! makers {
    ($($name:ident),+ $(,)?) => {
        /// What makes objects, by name.
        struct Makers { $($name: Py<PyAny>,)+ }

        impl Makers {
            fn new(given: &Bound<'_, PyDict>) -> PyResult<Self> {
                let get = |name: &str| match given.get_item(name)? {
                    Some(maker) => Ok(maker.unbind()),
                    None => Err(pyo3::exceptions::PyKeyError::new_err(name.to_owned())),
                };
                Ok(Self { $($name: get(stringify!($name))?,)+ })
            }
        }
    };
}
makers!(
    instrument_id,
    bar_type,
    trade_id,
    trade,
    quote,
    delta,
    deltas,
    level,
    depth10,
    bar,
    mark_price,
    index_price,
    funding_rate,
    status,
    option_greeks,
    liquidation,
    open_interest,
    volatility_index,
    gap,
);

/// What is known of a stream.
struct Known {
    /// Its instrument id, or bar type.
    id: Py<PyAny>,
    data_type: DataType,
    /// The instrument's id in memory, where objects of the stream can be made from it.
    instrument: Option<InstrumentId>,
    defined: Option<Decimals>,
}

struct Inner {
    decoder: FrameDecoder,
    /// Decimals of prices and sizes of the instruments given.
    given: HashMap<String, Decimals>,
    streams: Vec<Known>,
    memory: Memory,
    /// How many definitions there were when the streams were looked up.
    definitions: usize,
}

/// Decodes frames of one feed into objects.
#[pyclass(module = "tickwright._core", frozen)]
pub(crate) struct ObjectDecoder {
    inner: Mutex<Inner>,
    makers: Makers,
    /// 10^8: a raw of at most eight decimals is a small integer times this.
    unit: Py<PyAny>,
}

#[pymethods]
impl ObjectDecoder {
    #[new]
    fn new(
        py: Python<'_>,
        feed: &str,
        definitions: Option<&[u8]>,
        precisions: HashMap<String, (u8, u8)>,
        options: &str,
        makers: &Bound<'_, PyDict>,
        classes: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let options: DecoderOptions =
            serde_json::from_str(options).map_err(|e| usage(py, format!("options: {e}")))?;
        let options = tickwright_core::decoder::Options { tell_openings: true, ..options.into() };
        let mut decoder = FrameDecoder::new(feed, &options).map_err(|e| convert_error(py, &e))?;
        if let Some(body) = definitions {
            decoder.define(body).map_err(|e| convert_error(py, &e))?;
        }
        let given = precisions.into_iter().map(|(id, (price, size))| (id, Decimals { price, size }));
        let inner = Inner {
            decoder,
            given: given.collect(),
            streams: Vec::new(),
            memory: Memory::new(classes)?,
            definitions: 0,
        };
        Ok(Self {
            inner: Mutex::new(inner),
            makers: Makers::new(makers)?,
            unit: 100_000_000_i64.into_pyobject(py)?.into_any().unbind(),
        })
    }

    fn push<'py>(
        &self,
        py: Python<'py>,
        frame: &Bound<'py, PyBytes>,
        ts_init: u64,
    ) -> PyResult<Bound<'py, PyList>> {
        let objects = PyList::empty(py);
        let mut inner = self.lock(py);
        inner.decoder.push(frame.as_bytes(), ts_init);
        self.take(py, &mut inner, &objects)?;
        Ok(objects)
    }

    fn push_many<'py>(
        &self,
        py: Python<'py>,
        frames: Vec<Bound<'py, PyBytes>>,
        ts_inits: Vec<u64>,
    ) -> PyResult<Bound<'py, PyList>> {
        if frames.len() != ts_inits.len() {
            return Err(usage(py, format!("{} frames and {} times", frames.len(), ts_inits.len())));
        }
        let objects = PyList::empty(py);
        let mut inner = self.lock(py);
        for (number, (frame, ts)) in frames.iter().zip(ts_inits).enumerate() {
            inner.decoder.push(frame.as_bytes(), ts);
            self.take(py, &mut inner, &objects)?;
            if number % 1_024 == 0 {
                py.check_signals()?;
            }
        }
        Ok(objects)
    }

    fn snapshot<'py>(
        &self,
        py: Python<'py>,
        symbol: &str,
        body: &Bound<'py, PyBytes>,
        ts_init: u64,
    ) -> PyResult<Bound<'py, PyList>> {
        let objects = PyList::empty(py);
        let mut inner = self.lock(py);
        inner.decoder.snapshot(symbol, body.as_bytes(), ts_init);
        self.take(py, &mut inner, &objects)?;
        // One that did not join leaves the hole as it was: it is told again.
        let gaps = inner.decoder.feed_mut().market().open_gaps(symbol);
        for gap in gaps {
            objects.append(self.gap(py, &mut inner, &gap)?)?;
        }
        Ok(objects)
    }

    fn report(&self, py: Python<'_>) -> String {
        self.lock(py).decoder.report().to_string()
    }

    /// The types of the streams whose objects are made from memory.
    fn made_from_memory(&self, py: Python<'_>) -> Vec<&'static str> {
        let inner = self.lock(py);
        let from_memory = inner.streams.iter().filter(|stream| stream.instrument.is_some());
        from_memory.map(|stream| stream.data_type.name()).collect()
    }
}

impl ObjectDecoder {
    fn lock(&self, py: Python<'_>) -> std::sync::MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the decoder as it was before that frame.
        self.inner.lock_py_attached(py).unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Looks up what is not known yet of the feed's streams; all of it again when there are more definitions.
    fn learn(&self, py: Python<'_>, inner: &mut Inner) -> PyResult<()> {
        let Inner { decoder, given, streams, memory, definitions } = inner;
        let market = decoder.feed_mut().market();
        if *definitions != market.definitions().len() {
            *definitions = market.definitions().len();
            streams.clear();
        }
        for stream in &market.streams()[streams.len()..] {
            let is_bar = stream.key.data_type == DataType::Bar;
            let maker = if is_bar { &self.makers.bar_type } else { &self.makers.instrument_id };
            let own = matches!(stream.key.data_type, DataType::MarkPrice | DataType::IndexPrice);
            let defined = market.definitions().iter().find(|d| d.instrument_id == stream.instrument_id);
            let defined = defined.map(|d| Decimals { price: d.price_precision, size: d.size_precision });
            let defined = defined.or_else(|| given.get(&*stream.instrument_id).copied());
            let id = maker.call1(py, (&*stream.key.id,))?;
            let data_type = stream.key.data_type;
            let instrument = self.instrument_in_memory(id.bind(py), data_type, memory);
            streams.push(Known { id, data_type, instrument, defined: defined.filter(|_| !own) });
        }
        Ok(())
    }

    /// The id of an instrument as memory has it, where objects of a type can be made from memory.
    fn instrument_in_memory(
        &self,
        id: &Bound<'_, PyAny>,
        data_type: DataType,
        memory: &mut Memory,
    ) -> Option<InstrumentId> {
        fn probe<'py, T: Struct>(
            pile: &mut Option<Pile<T>>,
            make: impl FnOnce(&T::Columns) -> PyResult<Bound<'py, PyList>>,
        ) -> Option<InstrumentId> {
            // Whatever goes wrong, there are the constructors.
            let object = make(&T::sample()).and_then(|objects| objects.get_item(0)).ok()?;
            pile.as_mut()?.probe(&object).ok().flatten()
        }
        match data_type {
            DataType::Trade => probe(&mut memory.trades, |rows| self.trades(id, rows, SAMPLE_DECIMALS)),
            DataType::Quote => probe(&mut memory.quotes, |rows| self.quotes(id, rows, SAMPLE_DECIMALS)),
            DataType::Delta => probe(&mut memory.deltas, |rows| self.event(id, rows, 0..1, SAMPLE_DECIMALS)),
            DataType::Depth10 => probe(&mut memory.depths, |rows| self.depths(id, rows, SAMPLE_DECIMALS)),
            _ => None,
        }
    }

    /// Makes objects of the rows since the last time, and of the holes found.
    fn take(&self, py: Python<'_>, inner: &mut Inner, objects: &Bound<'_, PyList>) -> PyResult<()> {
        self.learn(py, inner)?;
        let Inner { decoder, streams, memory, .. } = &mut *inner;
        let market = decoder.feed_mut().market_mut();
        let mut result = Ok(());
        market.drain(|index, stream| {
            if result.is_ok() {
                result = self.objects(py, &streams[index as usize], stream, memory, objects);
            }
            stream.columns.clear();
        });
        result?;
        for gap in market.take_opened() {
            objects.append(self.gap(py, inner, &gap)?)?;
        }
        Ok(())
    }

    fn gap<'py>(
        &self,
        py: Python<'py>,
        inner: &mut Inner,
        record: &GapRecord,
    ) -> PyResult<Bound<'py, PyAny>> {
        let gap = &record.gap;
        self.makers.gap.bind(py).call1((
            &*record.instrument_id,
            &*record.symbol,
            &*record.channel,
            gap.cause.name(),
            gap.from_sequence,
            gap.to_sequence,
            gap.from_ns,
            gap.to_ns,
            inner.decoder.feed_mut().fetch(&record.symbol, &record.channel).unwrap_or_default(),
        ))
    }

    fn objects(
        &self,
        py: Python<'_>,
        known: &Known,
        stream: &Stream,
        memory: &mut Memory,
        objects: &Bound<'_, PyList>,
    ) -> PyResult<()> {
        let decimals = known.defined.unwrap_or_default().max(stream.decimals);
        let id = known.id.bind(py);
        let (makers, instrument) = (&self.makers, known.instrument);
        match &stream.columns {
            AnyColumns::Trade(rows) => {
                let all = 0..rows.ts_init.len();
                let constructor = || self.trades(id, rows, decimals);
                append(objects, &make(py, &mut memory.trades, instrument, rows, all, decimals, constructor)?)
            }
            AnyColumns::Quote(rows) => {
                let all = 0..rows.ts_init.len();
                let constructor = || self.quotes(id, rows, decimals);
                append(objects, &make(py, &mut memory.quotes, instrument, rows, all, decimals, constructor)?)
            }
            AnyColumns::Depth10(rows) => {
                let all = 0..rows.ts_init.len();
                let constructor = || self.depths(id, rows, decimals);
                append(objects, &make(py, &mut memory.depths, instrument, rows, all, decimals, constructor)?)
            }
            AnyColumns::Delta(rows) => events(rows).try_for_each(|event| {
                let constructor = || self.event(id, rows, event.clone(), decimals);
                let pile = &mut memory.deltas;
                let deltas = make(py, pile, instrument, rows, event.clone(), decimals, constructor)?;
                objects.append(makers.deltas.bind(py).call1((id, deltas))?)
            }),
            AnyColumns::Bar(rows) => self.bars(id, rows, decimals, objects),
            AnyColumns::MarkPrice(rows) => self.prices(&makers.mark_price, id, rows, decimals, objects),
            AnyColumns::IndexPrice(rows) => self.prices(&makers.index_price, id, rows, decimals, objects),
            AnyColumns::FundingRate(rows) => (0..rows.ts_init.len()).try_for_each(|row| {
                let (interval, next) = (rows.interval[row], rows.next_funding_ns[row]);
                let times = (rows.ts_event[row], rows.ts_init[row]);
                let made = makers.funding_rate.bind(py);
                objects.append(made.call1((id, rows.rate.get(row), interval, next, times.0, times.1))?)
            }),
            AnyColumns::Status(rows) => (0..rows.ts_init.len()).try_for_each(|row| {
                objects.append(makers.status.bind(py).call1((
                    id,
                    rows.action.get(row),
                    rows.reason.get(row),
                    rows.is_trading[row],
                    rows.ts_event[row],
                    rows.ts_init[row],
                ))?)
            }),
            AnyColumns::Liquidation(rows) => (0..rows.ts_init.len()).try_for_each(|row| {
                objects.append(makers.liquidation.bind(py).call1((
                    id,
                    rows.side.get(row),
                    rows.price.get(row),
                    rows.average_price.get(row),
                    rows.size.get(row),
                    rows.trade_id.get(row),
                    rows.ts_event[row],
                    rows.ts_init[row],
                ))?)
            }),
            AnyColumns::OpenInterest(rows) => (0..rows.ts_init.len()).try_for_each(|row| {
                objects.append(makers.open_interest.bind(py).call1((
                    id,
                    rows.value.get(row),
                    rows.unit.get(row),
                    rows.value_quote.get(row),
                    rows.ts_event[row],
                    rows.ts_init[row],
                ))?)
            }),
            AnyColumns::VolatilityIndex(rows) => (0..rows.ts_init.len()).try_for_each(|row| {
                objects.append(makers.volatility_index.bind(py).call1((
                    id,
                    rows.value.get(row),
                    rows.ts_event[row],
                    rows.ts_init[row],
                ))?)
            }),
            AnyColumns::OptionGreeks(rows) => (0..rows.ts_init.len()).try_for_each(|row| {
                let greeks = [&rows.delta, &rows.gamma, &rows.vega, &rows.theta, &rows.rho].map(|c| c[row]);
                let rest =
                    [&rows.mark_iv, &rows.bid_iv, &rows.ask_iv, &rows.underlying_price, &rows.open_interest];
                let (rest, times) = (rest.map(|c| c[row]), (rows.ts_event[row], rows.ts_init[row]));
                objects.append(makers.option_greeks.bind(py).call1((id, greeks, rest, times.0, times.1))?)
            }),
        }
    }

    /// An integer of Python of a raw at scale 16.
    #[inline]
    fn raw<'py>(&self, py: Python<'py>, value: i128) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(small) = i64::try_from(value) {
            return Ok(small.into_pyobject(py)?.into_any());
        }
        match narrow(value) {
            // Integers of more than 64 bits are slow to make; a product is not.
            Some(small) => small.into_pyobject(py)?.into_any().mul(self.unit.bind(py)),
            None => Ok(value.into_pyobject(py)?.into_any()),
        }
    }

    fn trades<'py>(
        &self,
        id: &Bound<'py, PyAny>,
        rows: &TradeColumns,
        decimals: Decimals,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = id.py();
        let objects = PyList::empty(py);
        let (maker, trade_id) = (self.makers.trade.bind(py), self.makers.trade_id.bind(py));
        for row in 0..rows.ts_init.len() {
            objects.append(maker.call1((
                id,
                self.raw(py, rows.price[row])?,
                decimals.price,
                self.raw(py, rows.size[row])?,
                decimals.size,
                rows.aggressor_side[row],
                trade_id.call1((rows.trade_id.get(row),))?,
                rows.ts_event[row],
                rows.ts_init[row],
            ))?)?;
        }
        Ok(objects)
    }

    fn quotes<'py>(
        &self,
        id: &Bound<'py, PyAny>,
        rows: &QuoteColumns,
        decimals: Decimals,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = id.py();
        let objects = PyList::empty(py);
        let maker = self.makers.quote.bind(py);
        for row in 0..rows.ts_init.len() {
            objects.append(maker.call1((
                id,
                self.raw(py, rows.bid_price[row])?,
                self.raw(py, rows.ask_price[row])?,
                decimals.price,
                decimals.price,
                self.raw(py, rows.bid_size[row])?,
                self.raw(py, rows.ask_size[row])?,
                decimals.size,
                decimals.size,
                rows.ts_event[row],
                rows.ts_init[row],
            ))?)?;
        }
        Ok(objects)
    }

    /// The deltas of one event.
    fn event<'py>(
        &self,
        id: &Bound<'py, PyAny>,
        rows: &DeltaColumns,
        event: Range<usize>,
        decimals: Decimals,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = id.py();
        let maker = self.makers.delta.bind(py);
        let deltas = PyList::empty(py);
        for row in event {
            deltas.append(maker.call1((
                id,
                rows.action[row],
                rows.side[row],
                self.raw(py, rows.price[row])?,
                decimals.price,
                self.raw(py, rows.size[row])?,
                decimals.size,
                rows.order_id[row],
                rows.flags[row],
                rows.sequence[row],
                rows.ts_event[row],
                rows.ts_init[row],
            ))?)?;
        }
        Ok(deltas)
    }

    fn depths<'py>(
        &self,
        id: &Bound<'py, PyAny>,
        rows: &Depth10Columns,
        decimals: Decimals,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = id.py();
        let objects = PyList::empty(py);
        let level = self.makers.level.bind(py);
        for row in 0..rows.ts_init.len() {
            let side = |code: u8,
                        prices: &[Vec<i128>; 10],
                        sizes: &[Vec<i128>; 10],
                        counts: &[Vec<u32>; 10]| {
                let (levels, orders) = (PyList::empty(py), PyList::empty(py));
                for ((price, size), count) in prices.iter().zip(sizes).zip(counts) {
                    let code = if count[row] == 0 { 0 } else { code };
                    let (price, size) = (self.raw(py, price[row])?, self.raw(py, size[row])?);
                    levels.append(level.call1((code, price, decimals.price, size, decimals.size, 0))?)?;
                    orders.append(count[row])?;
                }
                PyResult::Ok((levels, orders))
            };
            let (bids, bid_counts) = side(1, &rows.bid_price, &rows.bid_size, &rows.bid_count)?;
            let (asks, ask_counts) = side(2, &rows.ask_price, &rows.ask_size, &rows.ask_count)?;
            objects.append(self.makers.depth10.bind(py).call1((
                id,
                bids,
                asks,
                bid_counts,
                ask_counts,
                rows.flags[row],
                rows.sequence[row],
                rows.ts_event[row],
                rows.ts_init[row],
            ))?)?;
        }
        Ok(objects)
    }

    fn bars(
        &self,
        id: &Bound<'_, PyAny>,
        rows: &BarColumns,
        decimals: Decimals,
        objects: &Bound<'_, PyList>,
    ) -> PyResult<()> {
        let py = id.py();
        let maker = self.makers.bar.bind(py);
        for row in 0..rows.ts_init.len() {
            objects.append(maker.call1((
                id,
                self.raw(py, rows.open[row])?,
                self.raw(py, rows.high[row])?,
                self.raw(py, rows.low[row])?,
                self.raw(py, rows.close[row])?,
                decimals.price,
                self.raw(py, rows.volume[row])?,
                decimals.size,
                rows.ts_event[row],
                rows.ts_init[row],
            ))?)?;
        }
        Ok(())
    }

    fn prices(
        &self,
        maker: &Py<PyAny>,
        id: &Bound<'_, PyAny>,
        rows: &PriceUpdateColumns,
        decimals: Decimals,
        objects: &Bound<'_, PyList>,
    ) -> PyResult<()> {
        let py = id.py();
        for row in 0..rows.ts_init.len() {
            let value = self.raw(py, rows.value[row])?;
            let times = (rows.ts_event[row], rows.ts_init[row]);
            objects.append(maker.bind(py).call1((id, value, decimals.price, times.0, times.1))?)?;
        }
        Ok(())
    }
}

/// The rows of each event: up to one with F_LAST.
fn events(rows: &DeltaColumns) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = rows.flags.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.iter().position(|flags| flags & F_LAST != 0).map_or(rest.len(), |last| last + 1);
        start += length;
        Some(start - length..start)
    })
}

/// Objects of rows: from memory, or by a constructor where that cannot be.
fn make<'py, T: Struct>(
    py: Python<'py>,
    pile: &mut Option<Pile<T>>,
    instrument: Option<InstrumentId>,
    rows: &T::Columns,
    range: Range<usize>,
    decimals: Decimals,
    constructor: impl FnOnce() -> PyResult<Bound<'py, PyList>>,
) -> PyResult<Bound<'py, PyList>> {
    if let Some((pile, instrument)) = pile.as_mut().zip(instrument)
        && let Some(made) = pile.make(py, instrument, rows, range, decimals)?
    {
        return Ok(made);
    }
    constructor()
}

fn append(objects: &Bound<'_, PyList>, made: &Bound<'_, PyList>) -> PyResult<()> {
    match made.len() {
        1 => objects.append(made.get_item(0)?),
        _ => objects.set_slice(objects.len(), objects.len(), made),
    }
}
