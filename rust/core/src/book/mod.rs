//! Order books: the ladder of levels, the continuity of updates, and the two together.

pub(crate) mod checksum;
mod depth;
mod derived;
mod event;
mod gap;
mod half;
mod ladder;
mod levels;
mod live;
mod orders;
mod sequence;
mod texts;
mod window;

pub use checksum::{Checksum, Proof, Rule};
pub use depth::depth10;
pub use derived::Derived;
pub use event::{BookEvent, BookMessage, BookNews, BookOutput, PendingFrame, Settled};
pub use gap::{Gap, GapCause, OnGap};
pub use half::Change;
pub use ladder::{Ladder, Payload};
pub use live::LiveBook;
pub(crate) use orders::are_distinct;
pub use orders::{OrderAction, OrderChange, Queue, Resting};
pub use sequence::{Judge, Position, Update, Verdict};
pub(crate) use texts::{KEPT, Short, Spelling, SpeltLevels};
pub use texts::{Spelt, Texts};
