//! The symbols of a file that names them in a column: seldom more than one.

use super::rows::Row;
use crate::symbol;

/// What is kept of each symbol.
#[derive(Debug, Default)]
pub(super) struct Symbols<T> {
    held: Vec<(Box<[u8]>, T)>,
}

impl<T> Symbols<T> {
    /// What is kept of the symbol in `column`; `make` makes it, `None` where the symbol cannot be one.
    #[inline]
    pub fn of(
        &mut self,
        row: &Row<'_>,
        column: usize,
        make: impl FnOnce(&str) -> Option<T>,
    ) -> Option<&mut T> {
        let name = row.bytes(column);
        let at = match self.held.iter().position(|(held, _)| **held == *name) {
            Some(at) => at,
            None => {
                let text = std::str::from_utf8(name).ok().filter(|text| symbol::is_safe(text))?;
                self.held.push((name.into(), make(text)?));
                self.held.len() - 1
            }
        };
        self.held.get_mut(at).map(|(_, kept)| kept)
    }
}
