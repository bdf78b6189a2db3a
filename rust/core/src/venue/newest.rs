//! Streams without numbers: what several connections bring is taken once.

use std::collections::HashMap;

use crate::feed::Frame;
use crate::symbol::SlotId;

/// Number of a connection: source and number in it.
pub(super) type Connection = (u32, u32);

/// Of each stream, who brought its newest message, and the venue's time of it.
///
/// A connection's own messages are in order. One of another connection is taken where it is newer than all before it:
/// then it was missed, or the other connection has ended.
#[derive(Debug, Default)]
pub(super) struct Newest {
    last: HashMap<(SlotId, u8), (Connection, u64), foldhash::fast::RandomState>,
}

impl Newest {
    /// Whether a message of `channel` of `slot`, of the venue's time `ts`, is one more of its stream.
    pub(super) fn takes(&mut self, slot: SlotId, channel: u8, frame: &Frame<'_>, ts: u64) -> bool {
        let connection = (frame.source, frame.conn);
        let last = self.last.entry((slot, channel)).or_insert((connection, 0));
        let takes = last.0 == connection || ts > last.1;
        if takes {
            *last = (connection, ts);
        }
        takes
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
            let frame = Frame { conn, ..Frame::received(b"", 1) };
            assert_eq!(newest.takes(7, 0, &frame, ts), takes, "{conn} {ts}");
        }
        assert!(
            newest.takes(7, 1, &Frame::received(b"", 1), 1)
                && newest.takes(8, 0, &Frame::received(b"", 1), 1)
        );
    }
}
