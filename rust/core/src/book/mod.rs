//! Order books: the ladder of levels, the continuity of updates, and the two together.

mod depth;
mod derived;
mod half;
mod ladder;
mod live;
mod sequence;

pub use depth::depth10;
pub use derived::Derived;
pub use half::Change;
pub use ladder::{Ladder, Payload};
pub use live::{BookEvent, BookNews, BookOutput, Gap, GapCause, LiveBook, OnGap, PendingFrame, Settled};
pub use sequence::{Judge, Position, Update, Verdict};
