//! Symbols: from the bytes in a frame to an instrument's slot, and from a venue's name to Nautilus's.

use std::collections::HashMap;

use crate::lanes;

/// The number of an instrument inside a feed.
pub type SlotId = u32;

/// Why a symbol cannot name an instrument: it would not be safe as a folder name or an instrument id.
#[must_use]
pub fn is_safe(symbol: &str) -> bool {
    !symbol.is_empty()
        && symbol.len() <= 128
        && symbol.trim() == symbol
        && !symbol.starts_with('.')
        && !symbol.chars().any(|c| {
            c.is_control()
                || matches!(c, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        })
}

/// The same of the names of pairs that are written `BASE/QUOTE`: both legs must be safe. The folder is named without the
/// slash, as Nautilus names it.
#[must_use]
pub fn is_safe_pair(symbol: &str) -> bool {
    symbol.split_once('/').is_some_and(|(base, quote)| is_safe(base) && is_safe(quote))
}

/// The folder of an instrument id or bar type: itself without `/`, as Nautilus names it; `None` for what could leave its place
/// or cannot be a folder everywhere. A colon stays: Bitfinex's symbols have one.
#[must_use]
pub fn folder_of(id: &str) -> Option<String> {
    let name: String = id.chars().filter(|c| *c != '/').collect();
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let reserved = ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str())
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    let bad = name.is_empty()
        || name.len() > 255
        || name.starts_with('.')
        || name.ends_with(['.', ' '])
        || reserved
        || name.chars().any(|c| c.is_control() || matches!(c, '\\' | '<' | '>' | '"' | '|' | '?' | '*'));
    (!bad).then_some(name)
}

/// Symbol bytes to slots.
#[derive(Debug, Default)]
pub struct SymbolTable {
    /// Where each symbol stands among the names.
    places: HashMap<Box<[u8]>, usize, foldhash::fast::RandomState>,
    names: Vec<(Box<[u8]>, SlotId)>,
    /// The place of the last one asked for: the next one often is the same.
    last: usize,
}

impl SymbolTable {
    /// The slot of `symbol`, if it was met before.
    #[inline(always)]
    #[must_use]
    pub fn get(&mut self, symbol: &[u8]) -> Option<SlotId> {
        match self.names.get(self.last) {
            Some((name, slot)) if lanes::same(name, symbol) => Some(*slot),
            _ => self.find(symbol),
        }
    }

    #[inline(never)]
    fn find(&mut self, symbol: &[u8]) -> Option<SlotId> {
        self.last = *self.places.get(symbol)?;
        Some(self.names.get(self.last)?.1)
    }

    /// Binds `symbol` to `slot`.
    pub fn bind(&mut self, symbol: &[u8], slot: SlotId) {
        let place = *self.places.entry(symbol.into()).or_insert(self.names.len());
        match self.names.get_mut(place) {
            Some((_, bound)) => *bound = slot,
            None => self.names.push((symbol.into(), slot)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_found_whichever_was_last() {
        let mut table = SymbolTable::default();
        assert_eq!(table.get(b""), None);
        let symbols = ["BTCUSDT", "BTCUSDC", "", "A", "BTC-27JUN25-100000-C", "BTC-27JUN25-100000-P"];
        for (slot, symbol) in symbols.into_iter().enumerate() {
            assert_eq!(table.get(symbol.as_bytes()), None);
            table.bind(symbol.as_bytes(), slot as SlotId);
        }
        for first in symbols {
            for (slot, symbol) in symbols.into_iter().enumerate() {
                assert!(table.get(first.as_bytes()).is_some());
                assert_eq!(table.get(symbol.as_bytes()), Some(slot as SlotId), "{symbol} after {first}");
                assert_eq!(table.get(b"ETHUSDT"), None);
            }
        }
        table.bind(b"A", 9);
        assert_eq!((table.get(b"A"), table.get(b"A"), table.get(b"BTCUSDT")), (Some(9), Some(9), Some(0)));
    }
}
