//! What an answer holds, where neither its URL nor a channel says it: the keys of its items tell.

use super::values::items;
use crate::json::{Cursor, JsonError, Message, Order, UnknownKeys};

/// The topic under which answers are counted that nothing tells the shape of.
pub(super) const UNKNOWN: &str = "(answer of no known shape)";

/// What the items of an array say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape<T> {
    /// An item tells.
    Told(T),
    /// There are none.
    Empty,
    /// None tells.
    Unknown,
}

/// By the keys of the first item that tells. `told` gets those an item has, a bit each as in the keys of `L`: one that
/// nothing else has should be enough for it, so that an item that lost another is a reject and not something else. The
/// cursor stays where it is.
///
/// # Errors
/// For anything but an array, its type is wrong; where no item tells and one cannot be read, what is wrong with that one.
pub(super) fn of_items<'a, L: Message<'a> + Default, T: Copy + PartialEq>(
    cursor: &mut Cursor<'a>,
    told: impl Fn(u64) -> Option<T>,
) -> Result<Shape<T>, JsonError> {
    cursor.peek();
    let start = cursor.offset();
    let mut shape = Shape::Empty;
    let (mut order, mut unknown) = (Order::default(), UnknownKeys::default());
    let read = items(cursor, |cursor, _| {
        if matches!(shape, Shape::Told(_)) || cursor.peek() != b'{' {
            cursor.skip()?;
        } else if let Some(what) = told(cursor.object(&mut L::default(), &mut order, &mut unknown)?) {
            shape = Shape::Told(what);
        }
        if shape == Shape::Empty {
            shape = Shape::Unknown;
        }
        Ok(())
    });
    cursor.seek(start);
    let bad = read?.into_iter().find_map(Result::err);
    match bad {
        Some(error) if !matches!(shape, Shape::Told(_)) => Err(error),
        _ => Ok(shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Key, Kind, keys};

    #[derive(Default)]
    struct Look;

    impl<'a> Message<'a> for Look {
        const KEYS: &'static [Key] = keys!["a", "b"];

        fn value(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
            cursor.skip()
        }
    }

    #[test]
    fn the_first_item_that_tells() {
        let told = |seen: u64| if seen & 1 != 0 { Some('a') } else { (seen & 2 != 0).then_some('b') };
        for (value, want) in [
            ("[]", Ok(Shape::Empty)),
            ("[7,[],{}]", Ok(Shape::Unknown)),
            (r#"[{"c":1},{"b":1},{"a":1}]"#, Ok(Shape::Told('b'))),
            (r#"[{"b":1,"b":1},{"a":1}]"#, Ok(Shape::Told('a'))),
            (r#"[{"b":1,"b":1},{"c":1}]"#, Err(Kind::DuplicateKey)),
            ("7", Err(Kind::Type)),
            (r#"[{"a":}]"#, Err(Kind::Syntax)),
        ] {
            let mut cursor = Cursor::new(value.as_bytes());
            assert_eq!(of_items::<Look, _>(&mut cursor, told).map_err(|error| error.kind), want, "{value}");
            assert!(want.is_err() || cursor.offset() == 0, "{value}");
        }
    }
}
