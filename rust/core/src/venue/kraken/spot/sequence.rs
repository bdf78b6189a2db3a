//! Continuity of Kraken's spot books: there is no number, the checksum is the proof.
//!
//! Source: "Guide: Spot Websockets (v2) Book Checksum", docs.kraken.com, read 2026-10. CRC-32 (IEEE) over the best ten asks
//! from the lowest, then the best ten bids from the highest; of each the text of its price and of its size, the dot and
//! leading zeros removed. Of protocol v1 the same, in `c` of updates only. Both are made of texts with all decimals of the
//! pair, trailing zeros too: 4,269 of 4,269 updates recorded in 2021 have it so.
//!
//! Of `level3` the same, but each of the best ten levels is its orders, oldest first: "Guide: Spot Websockets (v2) L3 Checksum",
//! docs.kraken.com, read 2026-10.
//!
//! A level that leaves the depth subscribed to is never told to be gone: both sides are cut before the checksum is made.

use crate::book::{
    Checksum, KEPT, Ladder, Position, Queue, Resting, Rule, Short, Spelling, Spelt, Texts, Update, Verdict,
};
use crate::data::Side;
use crate::decimal::{self, Ends, POW10};
use crate::json::{Part, Sent, Written};
use crate::lanes;

/// Levels of a side that the checksum is made of.
const CHECKED: usize = 10;

/// What a message is: a book, or changes of it.
pub(super) const fn update(is_snapshot: bool) -> Update {
    Update { whole: is_snapshot, ..Update::unnumbered() }
}

/// The rule. Connections are told apart before; a hole is told by the checksum.
pub(super) const fn judge(_: &Position, update: &Update) -> Verdict {
    if update.whole { Verdict::Replace } else { Verdict::Apply }
}

/// The checksum a message says its book has.
pub(super) const fn checksum(expected: Option<u32>) -> Option<Checksum> {
    Some(Checksum { expected, of: Rule::Levels(of) })
}

/// The same of a book by order.
pub(super) const fn orders_checksum(expected: u32) -> Option<Checksum> {
    Some(Checksum { expected: Some(expected), of: Rule::Orders(is_of_orders) })
}

/// The guide's example is made of texts as sent, some with fewer decimals than others. What a recorder wrote anew has lost zeros:
/// it is proven by texts with all of them.
fn is_of_orders(ladder: &Ladder<Queue>, whole: Written, expected: u32) -> bool {
    of_orders(ladder, |order| order.written) == expected || of_orders(ladder, |_| whole) == expected
}

fn of_orders(ladder: &Ladder<Queue>, written: impl Fn(&Resting) -> Written) -> u32 {
    let mut text = Vec::with_capacity(1_024);
    for side in [Side::Sell, Side::Buy] {
        for (price, _, queue) in ladder.levels(side).take(CHECKED) {
            for order in queue.iter() {
                let Written { price: of_price, size: of_size } = written(order);
                append_digits(&mut text, price, of_price);
                append_digits(&mut text, order.size, of_size);
            }
        }
    }
    crc32fast::hash(&text)
}

/// A number's digits alone.
pub(super) struct Digits;

impl Spelling for Digits {
    #[inline]
    fn short(number: i128, decimals: u8) -> Option<Short> {
        short_digits(number, decimals)
    }

    #[cold]
    fn append(out: &mut Vec<u8>, number: i128, decimals: u8) {
        append_digits(out, number, decimals);
    }

    /// Of a number that has no zero in front of others.
    #[inline(always)]
    fn copy(sent: &Sent<'_>, part: Part, text: &mut [u8; KEPT], at: usize) -> Option<usize> {
        let Part { start, ends: Ends { dot, end } } = part;
        let whole = sent.bytes::<8>(start)?;
        let decimals = end.saturating_sub(dot + 1);
        let is_fraction = whole[0] == b'0';
        if is_fraction && dot > start + 1 {
            return None;
        }
        let fraction = sent.bytes::<8>(dot + 1)?;
        // Of a fraction its leading zeros go, too.
        let zeros =
            (u64::from_le_bytes(*fraction) ^ u64::from_ne_bytes([b'0'; 8])).trailing_zeros() as usize / 8;
        let (whole_length, zeros) = if is_fraction { (0, zeros.min(decimals)) } else { (dot - start, 0) };
        *text.get_mut(at..)?.first_chunk_mut()? = *whole;
        let middle = at + whole_length;
        *text.get_mut(middle..)?.first_chunk_mut()? = *sent.bytes::<8>(dot + 1 + zeros)?;
        Some(middle + decimals - zeros)
    }
}

fn of(ladder: &mut Ladder<Spelt>, texts: &mut Texts) -> u32 {
    crc32fast::hash(texts.in_turn::<Digits>(ladder, [Side::Sell, Side::Buy], CHECKED))
}

/// Appends the text of `value` (scale 16) with `written` decimals, without its dot and leading zeros: those of an integer.
pub(super) fn append_digits(out: &mut Vec<u8>, value: i128, written: u8) {
    if let Some((text, length)) = short_digits(value, written) {
        return lanes::push_text(out, text, length);
    }
    let start = out.len();
    decimal::append(out, value, written);
    let mut leads = true;
    let mut kept = start;
    for at in start..out.len() {
        leads &= matches!(out[at], b'0' | b'.');
        if !leads && out[at] != b'.' {
            out[kept] = out[at];
            kept += 1;
        }
    }
    out.truncate(kept);
}

/// The same in a register, where it is not longer.
#[inline]
fn short_digits(value: i128, written: u8) -> Option<Short> {
    let integer = decimal::mantissa(value, written).filter(|integer| *integer < POW10[16])?;
    let (digits, zeros) = lanes::sixteen_digits(integer);
    Some((digits.checked_shr(8 * zeros as u32).unwrap_or(0), 16 - zeros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::End;
    use crate::book::{
        BookEvent, BookMessage, BookNews, BookOutput, LiveBook, OnGap, OrderAction, OrderChange,
        PendingFrame, Proof,
    };
    use crate::data::{Decimals, DeltaColumns};
    use crate::json::{Cursor, Order, UnknownKeys};
    use crate::venue::values::{BelowZero, Levels};
    use proptest::prelude::*;

    fn ladder(asks: &[(&str, &str)], bids: &[(&str, &str)]) -> Ladder<Spelt> {
        let mut ladder = Ladder::default();
        for (side, levels) in [(Side::Sell, asks), (Side::Buy, bids)] {
            for (price, size) in levels {
                let parse = |text: &str| decimal::parse(text.as_bytes()).expect("a number");
                let (price, size) = (parse(price), parse(size));
                ladder.set(side, price.value, size.value, Written::of(price, size).into());
            }
        }
        ladder
    }

    #[test]
    fn digits() {
        for (text, want) in [
            ("45285.2", "452852"),
            ("0.10000000", "10000000"),
            ("0.00000001", "1"),
            ("5", "5"),
            ("0.0500", "500"),
            ("3500.7766862600", "35007766862600"),
            ("0.0000000000012", "12"),
            ("123456789012.00000000", "12345678901200000000"),
        ] {
            let decimal = decimal::parse(text.as_bytes()).expect("a number");
            let mut out = Vec::new();
            append_digits(&mut out, decimal.value, decimal.written);
            assert_eq!(String::from_utf8_lossy(&out), want, "{text}");
        }
    }

    #[test]
    fn the_documented_checksum() {
        // The example of the guide.
        let asks = [
            ("45285.2", "0.00100000"),
            ("45286.4", "1.54571953"),
            ("45286.6", "1.54571109"),
            ("45289.6", "1.54560911"),
            ("45290.2", "0.15890660"),
            ("45291.8", "1.54553491"),
            ("45294.7", "0.04454749"),
            ("45296.1", "0.35380000"),
            ("45297.5", "0.09945542"),
            ("45299.5", "0.18772827"),
        ];
        let bids = [
            ("45283.5", "0.10000000"),
            ("45283.4", "1.54582015"),
            ("45282.1", "0.10000000"),
            ("45281.0", "0.10000000"),
            ("45280.3", "1.54592586"),
            ("45279.0", "0.07990000"),
            ("45277.6", "0.03310103"),
            ("45277.5", "0.30000000"),
            ("45277.3", "1.54602737"),
            ("45276.6", "0.15445238"),
        ];
        assert_eq!(of(&mut ladder(&asks, &bids), &mut Texts::default()), 3_310_070_434);
        assert_eq!(of(&mut ladder(&[], &[]), &mut Texts::default()), 0);
    }

    #[test]
    fn the_documented_checksum_of_orders() {
        // The example of the guide: sizes at each price, oldest first, some with fewer decimals than others.
        let asks: &[(&str, &[&str])] = &[
            ("44939.5", &["4.52308393", "0.00111261", "0.00100000", "0.01000000"]),
            ("44950.0", &["1.0334926"]),
            ("44953.0", &["0.64537"]),
            ("44955.0", &["0.250000"]),
            ("44959.6", &["0.35630000", "0.35630000"]),
            ("44960.1", &["3.38072"]),
            ("44960.2", &["0.88967575"]),
            ("44967.0", &["3.14392283"]),
            ("44978.5", &["0.6778960"]),
            ("44979.2", &["0.35630000"]),
        ];
        let bids: &[(&str, &[&str])] = &[
            (
                "44939.4",
                &[
                    "0.88968699",
                    "0.45210000",
                    "0.10000000",
                    "0.14296323",
                    "0.25000000",
                    "0.10292988",
                    "0.33880000",
                    "1.28140860",
                ],
            ),
            ("44937.1", &["0.3346877"]),
            ("44934.7", &["0.35630000"]),
            ("44930.2", &["0.22734299", "0.1000000", "0.5550000", "0.70000000", "0.15000000"]),
            ("44928.0", &["0.105240"]),
            ("44919.6", &["0.33870000"]),
            ("44919.5", &["0.7610000"]),
            ("44912.0", &["0.35630000"]),
            ("44909.7", &["0.6690000"]),
            ("44901.9", &["0.88982"]),
        ];
        let (mut rows, mut orders) = (DeltaColumns::default(), Vec::new());
        for (side, levels) in [(Side::Sell, asks), (Side::Buy, bids)] {
            for (price, sizes) in levels {
                for size in *sizes {
                    let parse = |text: &str| decimal::parse(text.as_bytes()).expect("a number");
                    let (price, size) = (parse(price), parse(size));
                    orders.push(OrderChange {
                        action: OrderAction::Add,
                        side,
                        id: orders.len() as u64,
                        price: price.value,
                        size: size.value,
                        written: Written::of(price, size),
                        whole: Written { price: 1, size: 8 },
                    });
                }
            }
        }
        let mut book = LiveBook::new(judge, OnGap::Withhold);
        let mut take = |expected: u32, orders: &[OrderChange]| {
            let message = BookMessage {
                bids: &[],
                asks: &[],
                orders: Some(orders),
                proof: Proof { checksum: orders_checksum(expected), ..Proof::default() },
                decimals: Decimals::default(),
                ts_event: 1,
            };
            let frame = PendingFrame::default();
            let event = BookEvent { message: &message, ts_event: 1, ts_init: 1, frame };
            let out = &mut BookOutput { rows: &mut rows, news: &mut BookNews::default(), derived: None };
            book.update(&update(true), &event, out)
        };
        assert_eq!(take(1_063_832_831, &orders), Some(End::Rows));
        assert_eq!(take(1_063_832_832, &orders), Some(End::Withheld));
        orders.swap(0, 1);
        assert_eq!(take(1_063_832_831, &orders), Some(End::Withheld), "queues have an order");
    }

    proptest! {
        /// The text that is copied from a frame, its end near or far.
        #[test]
        fn a_level_of_a_frame_is_its_digits(
            price in "(0|[1-9][0-9]{0,9})(\\.[0-9]{1,10})?",
            size in "(0|[1-9][0-9]{0,9})(\\.[0-9]{1,10})?",
            zeros in 0_usize..9,
            behind in 0_usize..60,
        ) {
            let price = price.replacen('.', &format!(".{}", "0".repeat(zeros)), 1);
            let mut levels = Levels::default();
            let frame = format!("[{{\"price\":{price},\"qty\":{size}}}]{}", " ".repeat(behind));
            let (order, unknown) = (&mut Order::default(), &mut UnknownKeys::default());
            let cursor = &mut Cursor::new(frame.as_bytes());
            let read = levels.read_spelt_priced::<Digits>(Side::Buy, BelowZero::Refused, cursor, order, unknown);
            prop_assume!(read.is_ok() && levels.bids[0].size > 0);
            let (mut ladder, mut texts) = (Ladder::default(), Texts::default());
            ladder.set(Side::Buy, levels.bids[0].price, levels.bids[0].size, levels.bids_written[0]);
            let text = texts.in_turn::<Digits>(&mut ladder, [Side::Buy, Side::Sell], 1);
            let digits = |text: &str| text.replace('.', "").trim_start_matches('0').to_owned();
            prop_assert_eq!(String::from_utf8_lossy(text), digits(&price) + &digits(&size));
        }
    }

    #[test]
    fn rule() {
        let at = Position { id: 0, snapshot: 0, fresh: false, cross: 0 };
        assert_eq!(judge(&at, &update(true)), Verdict::Replace);
        assert_eq!(judge(&at, &update(false)), Verdict::Apply);
    }
}
