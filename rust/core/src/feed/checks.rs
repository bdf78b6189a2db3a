//! Whether values can be: what decoders ask the [`Market`] before they tell them.

use super::market::Market;
use crate::decimal::{self, Decimal};
use crate::json::Kind;
use crate::symbol::SlotId;

impl Market {
    /// Checks a price that must be positive and fit.
    ///
    /// # Errors
    /// [`Kind::Price`] or [`Kind::Decimal`].
    #[inline]
    pub fn check_price(&self, price: Decimal) -> Result<(), Kind> {
        if price.value <= 0 {
            Err(Kind::Price)
        } else if price.value > decimal::PRICE_MAX {
            Err(Kind::Decimal(decimal::DecimalError::Range))
        } else if !self.options.limits.price(price.value) {
            Err(Kind::Decimal(decimal::DecimalError::Scale))
        } else {
            Ok(())
        }
    }

    /// Checks a price of an instrument: as [`Self::check_price`], unless any sign is allowed.
    ///
    /// # Errors
    /// As [`Self::check_price`].
    #[inline]
    pub fn check_price_of(&self, slot: SlotId, price: Decimal) -> Result<(), Kind> {
        if price.value <= 0 && self.slots[slot as usize].any_price {
            let magnitude = Decimal { value: -price.value, ..price };
            return if price.value == 0 { Ok(()) } else { self.check_price(magnitude) };
        }
        self.check_price(price)
    }

    /// Checks a size that must not be negative and fit.
    ///
    /// # Errors
    /// [`Kind::Size`] or [`Kind::Decimal`].
    #[inline]
    pub fn check_size(&self, size: Decimal) -> Result<(), Kind> {
        if size.value < 0 {
            Err(Kind::Size)
        } else if size.value > decimal::SIZE_MAX {
            Err(Kind::Decimal(decimal::DecimalError::Range))
        } else if !self.options.limits.size(size.value) {
            Err(Kind::Decimal(decimal::DecimalError::Scale))
        } else {
            Ok(())
        }
    }

    /// Checks the best bid and ask; a price of zero is a side that is empty.
    ///
    /// # Errors
    /// As [`Self::check_price`] and [`Self::check_size`].
    pub fn check_quote(&self, prices: [Decimal; 2], sizes: [Decimal; 2]) -> Result<(), Kind> {
        for (price, size) in prices.into_iter().zip(sizes) {
            if price.value > 0 {
                self.check_price(price)?;
            }
            self.check_size(size)?;
        }
        Ok(())
    }

    /// The same of an instrument whose prices may have any sign: a size of zero is a side that is empty.
    ///
    /// # Errors
    /// As [`Self::check_price_of`] and [`Self::check_size`].
    pub fn check_quote_of(
        &self,
        slot: SlotId,
        prices: [Decimal; 2],
        sizes: [Decimal; 2],
    ) -> Result<(), Kind> {
        for (price, size) in prices.into_iter().zip(sizes) {
            if price.value != 0 {
                self.check_price_of(slot, price)?;
            }
            self.check_size(size)?;
        }
        Ok(())
    }

    /// Whether a side is empty: there is no quote to speak of.
    pub(super) fn has_empty_side(&self, slot: SlotId, prices: [Decimal; 2], sizes: [Decimal; 2]) -> bool {
        let is_none = |values: [Decimal; 2]| values.iter().any(|value| value.value == 0);
        is_none(sizes) || is_none(prices) && !self.slots[slot as usize].any_price
    }
}
