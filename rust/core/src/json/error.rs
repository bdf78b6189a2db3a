//! What is wrong with a frame.

use crate::decimal::DecimalError;

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A byte that JSON does not allow there, or the end of the frame.
    Syntax,
    /// Nesting beyond [`MAX_DEPTH`].
    Depth,
    /// Bytes that are not UTF-8.
    Utf8,
    /// A key that comes twice in one object.
    DuplicateKey,
    /// A value of another JSON type than the message has there.
    Type,
    /// An integer out of its range.
    Integer,
    /// A decimal that cannot be taken.
    Decimal(DecimalError),
    /// A price of zero or less where none can be.
    Price,
    /// A negative size, or zero where none can be.
    Size,
    /// A time outside 2009 to 2100 in the venue's unit.
    Time,
    /// A key the message cannot be read without.
    Missing(&'static str),
    /// Text that the message does not allow there.
    Value,
    /// The event named in the message is not the one it was read as (internal: the reader tries again).
    OtherEvent,
}

impl Kind {
    /// Whether it spoils the whole frame, not just the item it is in.
    #[must_use]
    pub const fn is_syntax(self) -> bool {
        matches!(self, Self::Syntax | Self::Depth | Self::Utf8)
    }

    /// A stable name of the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "json_syntax",
            Self::Depth => "json_depth",
            Self::Utf8 => "invalid_utf8",
            Self::DuplicateKey => "duplicate_key",
            Self::Type => "wrong_type",
            Self::Integer => "integer_range",
            Self::Decimal(error) => error.code(),
            Self::Price => "price_not_positive",
            Self::Size => "size_not_positive",
            Self::Time => "time_out_of_range",
            Self::Missing(_) => "missing_key",
            Self::Value => "unknown_value",
            Self::OtherEvent => "other_event",
        }
    }
}

/// Where and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub kind: Kind,
    /// Byte offset in the frame.
    pub at: usize,
}

/// What is wrong with a value that was read: it has no place of its own any longer.
impl From<Kind> for JsonError {
    fn from(kind: Kind) -> Self {
        Self { kind, at: 0 }
    }
}

/// A value outside its bounds: too large is the decimal's fault, the rest the message's.
#[cold]
#[must_use]
pub fn out_of_range(kind: Kind, value: i128, at: usize) -> JsonError {
    let kind = if value > 0 { Kind::Decimal(DecimalError::Range) } else { kind };
    JsonError { kind, at }
}
