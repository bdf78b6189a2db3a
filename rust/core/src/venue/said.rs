//! What the messages of an instrument have said so far on each connection, where each tells only what changed.

use std::collections::HashMap;

use crate::feed::Connection;
use crate::symbol::SlotId;

/// Connections of which an instrument's state is remembered.
const MAX_CONNECTIONS: usize = 8;

/// States by instrument and connection.
#[derive(Debug)]
pub(super) struct Said<T> {
    states: HashMap<SlotId, Vec<(Connection, T)>, foldhash::fast::RandomState>,
}

impl<T> Default for Said<T> {
    fn default() -> Self {
        Self { states: HashMap::default() }
    }
}

impl<T: Default> Said<T> {
    /// What was said of `slot` on a connection; nothing, where it begins `anew`.
    pub(super) fn of(&mut self, slot: SlotId, connection: Connection, anew: bool) -> &mut T {
        let states = self.states.entry(slot).or_default();
        let at = states.iter().position(|(of, _)| *of == connection).unwrap_or_else(|| {
            if states.len() == MAX_CONNECTIONS {
                states.remove(0);
            }
            states.push((connection, T::default()));
            states.len() - 1
        });
        let (_, state) = &mut states[at];
        if anew {
            *state = T::default();
        }
        state
    }

    /// Forgets what was said on a connection.
    pub(super) fn forget(&mut self, connection: Connection) {
        for states in self.states.values_mut() {
            states.retain(|(of, _)| *of != connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_has_its_own() {
        let mut said = Said::<u32>::default();
        *said.of(1, (0, 1), false) = 7;
        assert_eq!(
            (*said.of(1, (0, 1), false), *said.of(1, (0, 2), false), *said.of(2, (0, 1), false)),
            (7, 0, 0)
        );
        assert_eq!(*said.of(1, (0, 1), true), 0);
        *said.of(1, (0, 1), false) = 8;
        said.forget((0, 2));
        assert_eq!(*said.of(1, (0, 1), false), 8);
        (2..40).for_each(|conn| *said.of(1, (0, conn), false) += 1);
        assert_eq!((*said.of(1, (0, 39), false), *said.of(1, (0, 1), false)), (1, 0));
    }
}
