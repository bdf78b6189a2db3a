//! What goes wrong between a venue and a recorder.

/// Rates and flags of faults. Rates are shares of the frames they speak of, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Diffs of books that are lost: a hole in the sequence, then a snapshot to start anew from.
    pub lost: f64,
    /// Mean time between two restarts of a connection, ns; 0 = never.
    pub reconnect_ns: u64,
    /// Connections that carry the same streams: all but the first bring duplicates.
    pub connections: u32,
    /// Frames whose receive time is that of the frame before.
    pub equal: f64,
    /// Frames whose receive time goes back, by up to [`Self::MAX_BACK_NS`].
    pub backward: f64,
    /// Snapshots that arrive long after they were made: the diffs that join them are received before them.
    pub late: f64,
}

impl Faults {
    /// How far a receive time may go back, ns.
    pub const MAX_BACK_NS: u64 = 50_000_000;

    /// Nothing goes wrong.
    pub const NONE: Self =
        Self { lost: 0.0, reconnect_ns: 0, connections: 1, equal: 0.0, backward: 0.0, late: 0.0 };
    /// As on a good day.
    pub const SOME: Self = Self {
        lost: 0.001,
        reconnect_ns: 120_000_000_000,
        connections: 1,
        equal: 0.01,
        backward: 0.002,
        late: 0.2,
    };
    /// As on a bad one.
    pub const MANY: Self = Self {
        lost: 0.02,
        reconnect_ns: 20_000_000_000,
        connections: 2,
        equal: 0.1,
        backward: 0.05,
        late: 0.5,
    };

    /// The set of a name: `none`, `some` or `many`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::NONE),
            "some" => Some(Self::SOME),
            "many" => Some(Self::MANY),
            _ => None,
        }
    }
}
