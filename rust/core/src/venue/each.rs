//! Messages of several items: each stands or falls alone.

use super::values::Item;
use crate::accounting::End;
use crate::feed::{Frame, Market};
use crate::json::JsonError;

/// Tells every item; what cannot be read or told is a reject of its own, and an empty list is control. A reject has the
/// symbol that `symbol` gives of its item, or `unread` where that could not be read.
pub(super) fn tell_each<T, E: Into<JsonError>>(
    found: impl IntoIterator<Item = Item<T>, IntoIter: ExactSizeIterator>,
    frame: &Frame<'_>,
    market: &mut Market,
    (symbol, unread): (impl Fn(&T) -> String, &str),
    mut tell: impl FnMut(&T, &mut Market) -> Result<(), E>,
) {
    let found = found.into_iter();
    if found.len() == 0 {
        market.item(End::Control);
    }
    for item in found {
        match item {
            Ok(item) => {
                if let Err(error) = tell(&item, market) {
                    market.reject_item(frame, &symbol(&item), error.into());
                }
            }
            Err(error) => market.reject_item(frame, unread, error),
        }
    }
}
