//! Appending to columns.
//!
//! Most events of a book are of a few rows: stores of a fixed number of values, of which what is too many does not count, take
//! less than a loop or a call.

use std::mem::MaybeUninit;

/// Values written at once.
const AT_ONCE: usize = 8;

/// Makes a column `to` long by repeating a value; nothing is taken from a longer one.
#[inline(always)]
pub fn repeat<T: Copy>(column: &mut Vec<T>, to: usize, value: T) {
    // Of a longer column more than any that has room.
    let more = to.wrapping_sub(column.len());
    match column.spare_capacity_mut().first_chunk_mut::<AT_ONCE>() {
        Some(room) if more <= AT_ONCE => {
            *room = [MaybeUninit::new(value); AT_ONCE];
            // SAFETY: it is at most `AT_ONCE` longer than before, for which there is room and which were written.
            #[allow(unsafe_code, reason = "a tenth of the instructions of a frame of one level")]
            unsafe {
                column.set_len(to);
            }
        }
        _ => repeat_many(column, to, value),
    }
}

#[inline(never)]
fn repeat_many<T: Copy>(column: &mut Vec<T>, to: usize, value: T) {
    let more = to.saturating_sub(column.len());
    let room = more.next_multiple_of(AT_ONCE);
    column.reserve(room);
    let (pieces, _) = column.spare_capacity_mut().as_chunks_mut::<AT_ONCE>();
    for piece in &mut pieces[..room / AT_ONCE] {
        *piece = [MaybeUninit::new(value); AT_ONCE];
    }
    // SAFETY: there is room for `room` more, which were written, and `more` are not more.
    #[allow(unsafe_code, reason = "as in `repeat`")]
    unsafe {
        column.set_len(column.len() + more);
    }
}

/// Appends both values of each of `from` to two columns.
#[inline(always)]
pub fn append_both<T: Copy, S>(
    first: &mut Vec<T>,
    second: &mut Vec<T>,
    from: &[S],
    both: impl Fn(&S) -> (T, T),
) {
    let ends = [first.len(), second.len()].map(|length| length + from.len());
    let rooms =
        (first.spare_capacity_mut().get_mut(..from.len()), second.spare_capacity_mut().get_mut(..from.len()));
    let (Some(firsts), Some(seconds)) = rooms else { return append_growing(first, second, from, both) };
    for ((first, second), from) in firsts.iter_mut().zip(seconds).zip(from) {
        let (one, other) = both(from);
        first.write(one);
        second.write(other);
    }
    // SAFETY: as many are written as they are longer, where there is room for them.
    #[allow(unsafe_code, reason = "as in `repeat`: one loop, nothing asked in it")]
    unsafe {
        first.set_len(ends[0]);
        second.set_len(ends[1]);
    }
}

#[cold]
#[inline(never)]
fn append_growing<T: Copy, S>(
    first: &mut Vec<T>,
    second: &mut Vec<T>,
    from: &[S],
    both: impl Fn(&S) -> (T, T),
) {
    first.extend(from.iter().map(|from| both(from).0));
    second.extend(from.iter().map(|from| both(from).1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repeating_is_resizing(
            steps in prop::collection::vec((0_usize..100, any::<u64>()), 0..40),
            room in 0_usize..200,
        ) {
            let (mut repeated, mut resized) = (Vec::with_capacity(room), Vec::new());
            for (more, value) in steps {
                let to = resized.len() + more;
                repeat(&mut repeated, to, value);
                resized.resize(to, value);
                prop_assert_eq!(&repeated, &resized);
                repeat(&mut repeated, to / 2, value);
                prop_assert_eq!(&repeated, &resized);
            }
        }

        #[test]
        fn appending_is_pushing(
            steps in prop::collection::vec(prop::collection::vec(any::<(i128, i128)>(), 0..20), 0..20),
            rooms in (0_usize..100, 0_usize..100),
        ) {
            let (mut first, mut second) = (Vec::with_capacity(rooms.0), Vec::with_capacity(rooms.1));
            for step in &steps {
                append_both(&mut first, &mut second, step, |both| *both);
            }
            let (firsts, seconds): (Vec<_>, Vec<_>) = steps.concat().into_iter().unzip();
            prop_assert_eq!((first, second), (firsts, seconds));
        }
    }
}
