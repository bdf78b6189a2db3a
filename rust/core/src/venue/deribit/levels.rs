//! Levels: `["new",76914.0,1.0002e6]` of a book and its changes, `[89532.5,254900.0]` where the best are whole.
//!
//! Prices may have any sign here: whose they are is said elsewhere in the message.

use crate::data::Decimals;
use crate::decimal::{self, Decimal, DecimalError};
use crate::json::{Cursor, JsonError, Kind, Level, LevelReader};
use crate::lanes::Eights;

/// Whether levels say what is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `new`, `change` or `delete` comes first.
    Told,
    /// Price and amount alone.
    Plain,
}

/// Levels of one message; kept and reused.
#[derive(Debug, Default)]
pub(super) struct Sides {
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    pub decimals: Decimals,
    /// The lowest price of both; 0 where there is none.
    pub lowest: i128,
}

impl Sides {
    pub(super) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        (self.decimals, self.lowest) = (Decimals::default(), i128::MAX);
    }

    /// Reads an array of bids.
    pub(super) fn read_bids(&mut self, form: Form, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let Self { bids, decimals, lowest, .. } = self;
        read(form, cursor, bids, decimals, lowest)
    }

    /// Reads an array of asks.
    pub(super) fn read_asks(&mut self, form: Form, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let Self { asks, decimals, lowest, .. } = self;
        read(form, cursor, asks, decimals, lowest)
    }
}

fn read(
    form: Form,
    cursor: &mut Cursor<'_>,
    levels: &mut Vec<Level>,
    decimals: &mut Decimals,
    lowest: &mut i128,
) -> Result<(), JsonError> {
    let mut reader = Reader { form, levels, decimals: *decimals, lowest: *lowest };
    cursor.each_level(&mut reader)?;
    (*decimals, *lowest) = (reader.decimals, reader.lowest);
    Ok(())
}

struct Reader<'l> {
    form: Form,
    levels: &'l mut Vec<Level>,
    decimals: Decimals,
    lowest: i128,
}

impl LevelReader for Reader<'_> {
    #[inline(always)]
    fn level(&mut self, cursor: &mut Cursor<'_>, eights: impl Eights) -> Result<(), JsonError> {
        let (price, size) = match short_level(self.form, cursor, eights) {
            Some(level) => level,
            None => level(self.form, cursor)?,
        };
        self.decimals.price = self.decimals.price.max(price.significant);
        self.decimals.size = self.decimals.size.max(size.significant);
        self.lowest = price.value.min(self.lowest);
        self.levels.push(Level::of(price, size));
        Ok(())
    }
}

/// What is to be done with a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Set,
    Delete,
}

impl Action {
    /// Whether a level of this size may be told so.
    #[inline(always)]
    const fn takes(self, size: i128) -> bool {
        match self {
            Self::Set => size > 0,
            Self::Delete => size == 0,
        }
    }
}

/// The beginning of a level that says what is to be done, as it is nearly always spelt: its length, and what it says.
#[inline(always)]
fn start(text: &[u8]) -> Option<(usize, Action)> {
    const NEW: u64 = u64::from_le_bytes(*b"[\"new\",\0");
    const CHANGE: u64 = u64::from_le_bytes(*b"[\"change");
    const DELETE: u64 = u64::from_le_bytes(*b"[\"delete");
    // Which it is cannot be foreseen, so nothing branches on it.
    let (head, behind) = text.split_first_chunk()?;
    let head = u64::from_le_bytes(*head);
    let is_new = head & (u64::MAX >> 8) == NEW;
    let is_delete = head == DELETE;
    let is_longer = (head == CHANGE) | is_delete;
    let ends = behind.first_chunk() == Some(b"\",");
    let length = if is_new { 7 } else { 10 };
    let action = if is_delete { Action::Delete } else { Action::Set };
    (is_new | is_longer & ends).then_some((length, action))
}

/// The next level as it is nearly always spelt, its numbers short; nothing is taken when it is anything else, wrong ones
/// among them.
#[inline(always)]
fn short_level(form: Form, cursor: &mut Cursor<'_>, eights: impl Eights) -> Option<(Decimal, Decimal)> {
    let back = cursor.offset();
    let (length, action) = start(cursor.rest()).filter(|_| form == Form::Told)?;
    cursor.seek(back + length);
    // Eight digits before the dot are within every bound.
    let level = cursor.short_rest_of_level(eights).filter(|(_, size)| action.takes(size.value));
    if level.is_none() {
        cursor.seek(back);
    }
    level
}

#[inline(never)]
fn level(form: Form, cursor: &mut Cursor<'_>) -> Result<(Decimal, Decimal), JsonError> {
    if cursor.peek() != b'[' {
        return Err(cursor.other_type());
    }
    cursor.expect(b'[')?;
    let action = match form {
        Form::Plain => None,
        Form::Told => Some(action(cursor)?),
    };
    cursor.peek();
    let at = cursor.offset();
    let price = cursor.decimal()?;
    if price.value.abs() > decimal::PRICE_MAX {
        return Err(JsonError { kind: Kind::Decimal(DecimalError::Range), at });
    }
    comma(cursor)?;
    cursor.peek();
    let at = cursor.offset();
    let size = cursor.decimal()?;
    if size.value > decimal::SIZE_MAX {
        return Err(JsonError { kind: Kind::Decimal(DecimalError::Range), at });
    }
    let fits = action.map_or(size.value >= 0, |action| action.takes(size.value));
    if !fits {
        return Err(JsonError { kind: Kind::Size, at });
    }
    while cursor.peek() == b',' {
        cursor.expect(b',')?;
        cursor.peek();
        cursor.skip()?;
    }
    cursor.expect(b']')?;
    Ok((price, size))
}

/// Another member must follow.
fn comma(cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
    if cursor.peek() == b']' { Err(cursor.error(Kind::Type)) } else { cursor.expect(b',') }
}

fn action(cursor: &mut Cursor<'_>) -> Result<Action, JsonError> {
    cursor.peek();
    let at = cursor.offset();
    let action = match &*cursor.string()? {
        b"new" | b"change" => Action::Set,
        b"delete" => Action::Delete,
        _ => return Err(JsonError { kind: Kind::Value, at }),
    };
    comma(cursor)?;
    Ok(action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        let unit = 10_i128.pow(16);
        for (text, form, want) in [
            (r#"[["change",76914.0,1.0002e6]]"#, Form::Told, Ok((76_914 * unit, 1_000_200 * unit))),
            (r#" [ [ "new" , -5 , 3.0e-1 ] ] "#, Form::Told, Ok((-5 * unit, 3 * unit / 10))),
            (r#"[["d\u0065lete",0.0,0.0]]"#, Form::Told, Ok((0, 0))),
            ("[[89532.5,254900.0]]", Form::Plain, Ok((895_325 * unit / 10, 254_900 * unit))),
            ("[[1,0]]", Form::Plain, Ok((unit, 0))),
            (r#"[["new",76914.5,10.0]]"#, Form::Told, Ok((769_145 * unit / 10, 10 * unit))),
            (r#"[["delete",76914.5,0.0]]"#, Form::Told, Ok((769_145 * unit / 10, 0))),
            (r#"[["change",0.0015,2.8e-4]]"#, Form::Told, Ok((15 * unit / 10_000, 28 * unit / 100_000))),
            (r#"[["new",1.,1]]"#, Form::Told, Err(Kind::Syntax)),
            (r#"[["new",01,1]]"#, Form::Told, Err(Kind::Syntax)),
            (r#"[["new",1,0]]"#, Form::Told, Err(Kind::Size)),
            (r#"[["delete",1,2]]"#, Form::Told, Err(Kind::Size)),
            (r#"[["move",1,2]]"#, Form::Told, Err(Kind::Value)),
            (r#"[["new",1,-2]]"#, Form::Told, Err(Kind::Size)),
            (r#"[["new",1,2,"x"]]"#, Form::Told, Ok((unit, 2 * unit))),
            (r#"[["new",1]]"#, Form::Told, Err(Kind::Type)),
            (r#"[["new"]]"#, Form::Told, Err(Kind::Type)),
            (r#"[["new",1,2 3]]"#, Form::Told, Err(Kind::Syntax)),
            (r#"[["new",true,1]]"#, Form::Told, Err(Kind::Type)),
            ("[[1,2]]", Form::Told, Err(Kind::Type)),
            (r#"[["new",1,2]]"#, Form::Plain, Err(Kind::Decimal(DecimalError::Syntax))),
            ("[7]", Form::Plain, Err(Kind::Type)),
            ("[[1e14,1]]", Form::Plain, Err(Kind::Decimal(DecimalError::Range))),
        ] {
            let mut sides = Sides::default();
            sides.clear();
            // With room behind it a level is read at once.
            for text in [text.to_owned(), format!("{text}{}", " ".repeat(64))] {
                sides.clear();
                let read =
                    sides.read_bids(form, &mut Cursor::new(text.as_bytes())).map_err(|error| error.kind);
                assert_eq!(read.map(|()| (sides.bids[0].price, sides.bids[0].size)), want, "{text}");
            }
        }
    }
}
