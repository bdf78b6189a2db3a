//! Symbols: from the bytes in a frame to an instrument's slot, and from a venue's name to Nautilus's.

use std::collections::HashMap;

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
    slots: HashMap<Box<[u8]>, SlotId, foldhash::fast::RandomState>,
}

impl SymbolTable {
    /// The slot of `symbol`, if it was met before.
    #[inline]
    #[must_use]
    pub fn get(&self, symbol: &[u8]) -> Option<SlotId> {
        self.slots.get(symbol).copied()
    }

    /// Binds `symbol` to `slot`.
    pub fn bind(&mut self, symbol: &[u8], slot: SlotId) {
        self.slots.insert(symbol.into(), slot);
    }
}
