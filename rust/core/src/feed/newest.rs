//! Streams without numbers: what several connections bring is taken once.

use std::collections::BTreeMap;

use super::Frame;
use super::market::Market;
use crate::symbol::SlotId;

/// Number of a connection: source and number in it.
pub type Connection = (u32, u32);

/// A connection of a recording before this one.
const EARLIER: Connection = (u32::MAX, u32::MAX);

/// Of each stream of an instrument, who brought its newest message, and the venue's time of it.
///
/// A connection's own messages are in order. One of another connection is taken where it is newer than all before it:
/// then it was missed, or the other connection has ended.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// Channels, as their venue numbers them.
    last: Vec<(u8, Connection, u64)>,
}

impl Newest {
    fn takes(&mut self, channel: u8, connection: Connection, ts: u64) -> bool {
        let Some((_, of, last)) = self.last.iter_mut().find(|(held, ..)| *held == channel) else {
            self.last.push((channel, connection, ts));
            return true;
        };
        let takes = *of == connection || ts > *last;
        if takes {
            (*of, *last) = (connection, ts);
        }
        takes
    }

    pub(super) fn end_state(&self) -> BTreeMap<u8, u64> {
        // What has no time cannot be told from what comes after it.
        self.last.iter().filter(|(.., ts)| *ts > 0).map(|(channel, _, ts)| (*channel, *ts)).collect()
    }

    pub(super) fn resume(last: BTreeMap<u8, u64>) -> Self {
        Self { last: last.into_iter().map(|(channel, ts)| (channel, EARLIER, ts)).collect() }
    }
}

impl Market {
    /// Whether a message of `channel` (the venue's number of it) of an instrument, of the venue's time `ts`, is one more
    /// of its stream.
    pub fn takes_newest(&mut self, slot: SlotId, channel: u8, frame: &Frame<'_>, ts: u64) -> bool {
        self.slots[slot as usize].newest.takes(channel, (frame.source, frame.conn), ts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_and_what_it_missed() {
        let mut newest = Newest::default();
        for (conn, ts, takes) in [
            (1, 10, true),
            (2, 10, false),
            (1, 10, true),
            (2, 10, false),
            (2, 11, true),
            (1, 11, false),
            // The first is silent from here on.
            (2, 11, true),
            (2, 9, true),
        ] {
            assert_eq!(newest.takes(0, (0, conn), ts), takes, "{conn} {ts}");
        }
        assert!(newest.takes(1, (0, 1), 1));
        // Whoever goes on is another connection.
        let mut again = Newest::resume(newest.end_state());
        assert!(!again.takes(0, (0, 2), 9) && again.takes(0, (0, 2), 10) && again.takes(0, (0, 2), 10));
    }
}
