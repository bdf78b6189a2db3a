//! Objects made from memory: trades, quotes, deltas and depths as C structs, handed over by the list.
//!
//! In: rows. Out: lists of objects, without an integer, an id or an argument of Python made on the way. What the structs
//! are, [`tickwright_core::schema::structs`] says. Whether they are those of the NautilusTrader at hand is found out for
//! every stream, from an object that its own constructor made ([`Pile::probe`]): where a single field is not where it is
//! expected, constructors are used as everywhere else.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};
use tickwright_core::data::Decimals;
use tickwright_core::schema::structs::{
    Delta, Depth10, InstrumentId, PROBED, Place, Quote, SAMPLE_DECIMALS, Struct, Trade,
};

/// Structs that are to become objects of a class.
pub(super) struct Pile<T> {
    structs: Vec<T>,
    /// Holds the [`Place`] of the structs while the class takes them.
    capsule: Py<PyCapsule>,
    list_from_capsule: Py<PyAny>,
    capsule_from_list: Py<PyAny>,
}

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
    pub(super) fn probe(&mut self, object: &Bound<'_, PyAny>) -> PyResult<Option<InstrumentId>> {
        let py = object.py();
        let objects = PyList::new(py, [object; PROBED])?;
        let capsule = self.capsule_from_list.bind(py).call1((objects,))?.cast_into::<PyCapsule>()?;
        let place = place_in(&capsule)?;
        #[allow(unsafe_code, reason = "as for `place_in`")]
        // SAFETY: `capsule_from_list` put the structs of `PROBED` objects there, which live as the capsule does. Where
        // they are not those of the header, no build of NautilusTrader has some of less than a quarter.
        let (instrument, held) = unsafe { (place.first(), place.first::<T>()) };
        let Some(instrument) = instrument else { return Ok(None) };
        let sample = T::of(instrument, &T::sample(), 0, SAMPLE_DECIMALS);
        if sample != held {
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
        instrument: InstrumentId,
        rows: &T::Columns,
        range: Range<usize>,
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
        place.set(&self.structs);
        let made = self.list_from_capsule.bind(py).call1((capsule,));
        // Nothing points to the structs when they change or go.
        place.clear();
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
    let pointer = capsule.pointer_checked(None)?;
    // SAFETY: capsules come here from `Pile::new`, which put a `Place` into its own, and from `capsule_from_list`, which
    // puts a `CVec` into one. Both are alive while the capsule is, and nobody else writes to them.
    Ok(unsafe { Place::at(pointer) })
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
