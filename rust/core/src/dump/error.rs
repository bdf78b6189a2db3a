//! What can stop the reading of a dump, and what spoils one of its rows.

use thiserror::Error;

use crate::capture::CaptureError;
use crate::decimal::DecimalError;

/// Why a dump cannot be read. Every text follows the file's name.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DumpError {
    /// The file, or its compression.
    #[error(transparent)]
    Input(#[from] CaptureError),
    /// The archive's own structure.
    #[error("is no whole zip archive: {reason}")]
    Archive {
        /// What is wrong.
        reason: &'static str,
    },
    /// A tar archive's own structure.
    #[error("is no whole tar archive: {reason}")]
    Tar {
        /// What is wrong.
        reason: &'static str,
    },
    /// No member, or several where one is wanted.
    #[error(
        "holds {count} files ({listed}); a conversion takes archives of several, none takes an empty one"
    )]
    Members {
        /// How many.
        count: usize,
        /// The first of them.
        listed: String,
    },
    /// A member that is encrypted.
    #[error("{member} in it is encrypted")]
    Encrypted {
        /// The member.
        member: String,
    },
    /// A member whose name leads elsewhere.
    #[error("{member:?} in it is no plain file name")]
    UnsafeName {
        /// The member.
        member: String,
    },
    /// A member that is an archive.
    #[error("{member} in it is an archive itself; unpack it first")]
    Nested {
        /// The member.
        member: String,
    },
    /// A method other than stored and deflate.
    #[error("{member} in it is compressed by method {method}; only deflate is read")]
    Method {
        /// The member.
        member: String,
        /// The method's number.
        method: u16,
    },
    /// A member that is too large.
    #[error("{member} in it has more than {limit} bytes; --max-member allows more")]
    TooLarge {
        /// The member.
        member: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// A member that inflates to too much.
    #[error("{member} in it inflates to more than {limit} times its size; --max-ratio allows more")]
    TooDense {
        /// The member.
        member: String,
        /// Times allowed.
        limit: u64,
    },
    /// A line that is too long.
    #[error("line {line} of {member} has more than {limit} bytes")]
    LineTooLong {
        /// Its number.
        line: u64,
        /// The member.
        member: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// A header that lacks columns of the format.
    #[error(
        "has no column {missing} of {format} in its header ({found}); --format names another format, {known}"
    )]
    Columns {
        /// The format.
        format: &'static str,
        /// Columns it lacks.
        missing: String,
        /// Columns it has.
        found: String,
        /// Formats there are.
        known: String,
    },
    /// Two columns of one name.
    #[error("has two columns {name}")]
    TwoColumns {
        /// The name.
        name: String,
    },
    /// Formats that share these columns.
    #[error("may be {formats}: the columns are the same; say it with --format")]
    Ambiguous {
        /// The formats.
        formats: String,
    },
    /// A file whose name does not name its instrument.
    #[error("does not say which instrument it is of; say it with --symbol, or name it SYMBOL-…")]
    Symbol,
    /// A file that may be of several products.
    #[error("does not say which product it is of; say it with --feed ({known})")]
    Product {
        /// Feeds there are.
        known: String,
    },
    /// A klines file whose interval is none of the venue's.
    #[error("has bars of {seconds} seconds, which is no interval of the venue")]
    Interval {
        /// Seconds between open and close.
        seconds: u64,
    },
    /// A file of bars whose name does not say how long they are.
    #[error(
        "does not say how long its bars are; name it as the venue does, such as SYMBOL-15m-2021-07 (Binance) or \
         SYMBOL_15_2021-07-01_2021-07-31 (Bybit) for 15 minutes"
    )]
    NoInterval,
    /// The hash in the file beside it is another.
    #[error("has the SHA-256 {found}, and {beside} says {wanted}: it is damaged, or older than that file")]
    Checksum {
        /// Name of the file beside it.
        beside: String,
        /// What that says.
        wanted: String,
        /// What was found.
        found: String,
    },
}

impl DumpError {
    /// A stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Input(error) => error.code(),
            Self::Archive { .. } | Self::Tar { .. } => "archive",
            Self::Members { .. } => "archive_members",
            Self::Encrypted { .. } => "encrypted",
            Self::UnsafeName { .. } => "unsafe_member",
            Self::Nested { .. } => "nested_archive",
            Self::Method { .. } => "compression_method",
            Self::TooLarge { .. } => "max_member",
            Self::TooDense { .. } => "max_ratio",
            Self::LineTooLong { .. } => "line_too_long",
            Self::Columns { .. } => "columns",
            Self::TwoColumns { .. } => "two_columns",
            Self::Ambiguous { .. } => "ambiguous_format",
            Self::Symbol => "unknown_symbol",
            Self::Product { .. } => "unknown_feed",
            Self::Interval { .. } | Self::NoInterval => "interval",
            Self::Checksum { .. } => "checksum",
        }
    }
}

impl From<std::io::Error> for DumpError {
    fn from(error: std::io::Error) -> Self {
        Self::Input(error.into())
    }
}

/// What is wrong with one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// More or fewer fields than the header has columns.
    Fields,
    /// Quotes that do not close, or close inside a field.
    Quotes,
    /// Bytes that are not UTF-8.
    Utf8,
    /// Not a decimal that can be taken.
    Decimal(DecimalError),
    /// Not a whole number, or too large.
    Integer,
    /// A time outside 2009 to 2100, or of no unit that is known.
    Time,
    /// A price of zero or less where none can be.
    Price,
    /// A negative size, or zero where none can be.
    Size,
    /// Not a truth value.
    Boolean,
    /// A text the column does not allow.
    Value,
    /// Nothing where there must be something.
    Empty,
}

impl FaultKind {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fields => "field_count",
            Self::Quotes => "quotes",
            Self::Utf8 => "invalid_utf8",
            Self::Decimal(error) => error.code(),
            Self::Integer => "integer_range",
            Self::Time => "time_out_of_range",
            Self::Price => "price_not_positive",
            Self::Size => "size_not_positive",
            Self::Boolean => "not_boolean",
            Self::Value => "unknown_value",
            Self::Empty => "empty_field",
        }
    }
}

/// What is wrong with one row, and in which of the format's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Number of the column in the format's table; none for a fault of the whole line.
    pub column: Option<u8>,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, column: None }
    }
}
