//! What to do when another conversion committed between opening a catalog and committing to it.
//!
//! Rows were decoded from the end states, and labelled with the precisions and bindings, of the version that was
//! opened. Where the newer version has changed none of those that these rows hang on, the end states of both are
//! joined and the commit follows; where it has, it is refused, and running the command again does it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::sidecars;
use crate::feed::FeedState;
use crate::store::{Catalog, CommitRequest, Mode, SidecarKind, StoreError};

type States = BTreeMap<String, FeedState>;

/// End states: those at the opening, and those to be left behind.
pub(super) struct Rebase {
    begun: States,
    ended: States,
    mode: Mode,
}

impl Rebase {
    pub fn new(begun: States, ended: States, mode: Mode) -> Self {
        Self { begun, ended, mode }
    }

    /// Makes a request fit the catalog as it is now.
    pub fn fit(&mut self, catalog: &Catalog, request: &mut CommitRequest) -> Result<(), StoreError> {
        let busy = |what: String| StoreError::Busy { path: catalog.root().to_owned(), what };
        let state = catalog.state();
        if self.mode != Mode::Replace
            && let Some(source) = request.sources.iter().find(|s| state.sources.contains_key(&s.sha256))
        {
            return Err(busy(format!("from the same source {}", source.name)));
        }
        for file in &request.files {
            let held = state.precision(file.data_type.name(), &file.id).unwrap_or_default();
            if held.0 > file.price_precision || held.1 > file.size_precision {
                return Err(busy(format!("with more decimals of {} {}", file.id, file.data_type)));
            }
        }
        for (id, asked) in &request.bindings {
            let Some(held) = state.bindings.get(id) else { continue };
            let other = |held: &Option<String>, asked: &Option<String>| {
                asked.is_some() && held.is_some() && held != asked
            };
            if other(&held.trades, &asked.trades) || other(&held.book, &asked.book) {
                return Err(busy(format!("with another kind of trades or channel of the book of {id}")));
            }
        }
        let now = sidecars::read_states(catalog)?;
        let joined =
            join(&self.begun, &now, &self.ended).map_err(|id| busy(format!("rows of {id} as well")))?;
        if let Some((_, path, _)) = request.sidecars.iter_mut().find(|(kind, ..)| *kind == SidecarKind::State)
        {
            let dir = path.parent().map_or_else(PathBuf::new, ToOwned::to_owned);
            std::fs::remove_file(&*path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
            *path = sidecars::write_states(&dir, &joined)?;
        }
        (self.begun, self.ended) = (now, joined);
        Ok(())
    }
}

/// What both left behind; the instrument that both changed, if there is one.
fn join(begun: &States, now: &States, ended: &States) -> Result<States, String> {
    let mut joined = now.clone();
    let none = FeedState::default();
    for (feed, ended) in ended {
        let (begun, now) = (begun.get(feed).unwrap_or(&none), now.get(feed).unwrap_or(&none));
        let into = joined.entry(feed.clone()).or_default();
        into.last_ns = into.last_ns.max(ended.last_ns);
        for (id, state) in &ended.instruments {
            if begun.instruments.get(id) == Some(state) {
                continue;
            }
            if begun.instruments.get(id) != now.instruments.get(id) {
                return Err(id.clone());
            }
            into.instruments.insert(id.clone(), state.clone());
        }
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::InstrumentState;

    fn states(last_ns: u64, quotes: &[(&str, u64)]) -> States {
        let of = |&(id, quote): &(&str, u64)| {
            (id.to_owned(), InstrumentState { last_quote: Some(quote), ..InstrumentState::default() })
        };
        let feed = FeedState { last_ns, instruments: quotes.iter().map(of).collect() };
        BTreeMap::from([("f".to_owned(), feed)])
    }

    #[test]
    fn end_states_of_two_writers() {
        let begun = states(5, &[("a", 1), ("b", 1)]);
        let other = states(9, &[("a", 1), ("b", 2), ("c", 3)]);
        assert_eq!(
            join(&begun, &other, &states(7, &[("a", 4), ("b", 1)])),
            Ok(states(9, &[("a", 4), ("b", 2), ("c", 3)]))
        );
        assert_eq!(
            join(&begun, &begun, &states(7, &[("a", 4), ("b", 1)])),
            Ok(states(7, &[("a", 4), ("b", 1)]))
        );
        assert_eq!(join(&begun, &other, &states(7, &[("b", 4)])), Err("b".to_owned()));
        assert_eq!(join(&States::new(), &other, &states(7, &[("c", 4)])), Err("c".to_owned()));
    }
}
