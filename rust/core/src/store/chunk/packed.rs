//! Integers in few bits: the bit-packed pieces that Parquet's encodings are made of.
//!
//! Source: the Parquet format, "Encodings" (RLE/bit-packing hybrid, DELTA_BINARY_PACKED).

/// Values of a block of differences, and of one of its four miniblocks.
const BLOCK: usize = 256;
const MINIBLOCK: usize = 64;
/// Groups of eight values in one bit-packed run, at most: its header is one byte.
const RUN_GROUPS: usize = 63;
/// Equal values from which on a run of them is told by its length.
const LONG_RUN: usize = 16;

/// Bits that `value` needs.
pub(super) const fn width(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_zigzag(value: i64, out: &mut Vec<u8>) {
    put_varint(((value << 1) ^ (value >> 63)) as u64, out);
}

/// Appends values of `width` bits each, least significant bits first; the last byte is filled with zeros. Values come by
/// fours: as many as fit a word go into it at once.
fn pack<T: Copy + Into<u64>>(values: &[T], width: u32, out: &mut Vec<u8>) {
    let (fours, rest) = values.as_chunks::<4>();
    debug_assert!(rest.is_empty(), "{} values", values.len());
    let mut bits = Bits { word: 0, filled: 0, out };
    match width {
        0 => return,
        1..=16 => fours.iter().for_each(|[a, b, c, d]| {
            let (low, high) = ((*a).into() | (*b).into() << width, (*c).into() | (*d).into() << width);
            bits.put(low | high << (2 * width), 4 * width);
        }),
        17..=32 => fours.as_flattened().as_chunks::<2>().0.iter().for_each(|[a, b]| {
            bits.put((*a).into() | (*b).into() << width, 2 * width);
        }),
        _ => fours.as_flattened().iter().for_each(|value| bits.put((*value).into(), width)),
    }
    bits.finish();
}

/// Bits on their way to bytes.
struct Bits<'o> {
    word: u64,
    filled: u32,
    out: &'o mut Vec<u8>,
}

impl Bits<'_> {
    /// Appends `width` bits: at least one.
    #[inline(always)]
    fn put(&mut self, value: u64, width: u32) {
        self.word |= value << self.filled;
        self.filled += width;
        if self.filled >= u64::BITS {
            self.out.extend_from_slice(&self.word.to_le_bytes());
            self.filled -= u64::BITS;
            // What did not fit; all of it did where nothing is left over.
            self.word = value.checked_shr(width - self.filled).unwrap_or(0);
        }
    }

    fn finish(self) {
        self.out.extend_from_slice(&self.word.to_le_bytes()[..self.filled.div_ceil(8) as usize]);
    }
}

/// Appends `values` as DELTA_BINARY_PACKED. Differences wrap.
pub(super) fn differences(values: &[i64], out: &mut Vec<u8>) {
    for number in [BLOCK, BLOCK / MINIBLOCK, values.len()] {
        put_varint(number as u64, out);
    }
    put_zigzag(values.first().copied().unwrap_or(0), out);
    let mut block = [0_u64; BLOCK];
    let (before, after) = (values, values.get(1..).unwrap_or_default());
    for (before, after) in before.chunks(BLOCK).zip(after.chunks(BLOCK)) {
        let count = after.len();
        let mut least = i64::MAX;
        for ((slot, last), value) in block.iter_mut().zip(before).zip(after) {
            let difference = value.wrapping_sub(*last);
            least = least.min(difference);
            *slot = difference as u64;
        }
        let all = &mut block[..count];
        all.iter_mut().for_each(|difference| *difference = difference.wrapping_sub(least as u64));
        put_zigzag(least, out);
        let widths = out.len();
        out.extend_from_slice(&[0; BLOCK / MINIBLOCK]);
        // The last miniblock is as long as any; those after it are not there.
        block[count..].fill(0);
        for (at, miniblock) in block.chunks(MINIBLOCK).take(count.div_ceil(MINIBLOCK)).enumerate() {
            let bits = width(miniblock.iter().fold(0, |all, value| all | value));
            out[widths + at] = bits as u8;
            pack(miniblock, bits, out);
        }
    }
}

/// Appends `values`, none of more than `width` bits, as the RLE/bit-packing hybrid without its length.
pub(super) fn hybrid(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let packed = |values: &[u32], out: &mut Vec<u8>| {
        for run in values.chunks(8 * RUN_GROUPS) {
            put_varint((run.len().div_ceil(8) << 1 | 1) as u64, out);
            let (whole, rest) = run.split_at(run.len() / 8 * 8);
            pack(whole, width, out);
            if !rest.is_empty() {
                let mut last = [0; 8];
                last[..rest.len()].copy_from_slice(rest);
                pack(&last, width, out);
            }
        }
    };
    // Values from `start` on are not written; those before `at` are to be packed.
    let (mut start, mut at) = (0, 0);
    while at < values.len() {
        let run = values[at..].iter().take_while(|value| **value == values[at]).count();
        // Packed runs before the last hold whole groups: what they lack is taken from this one.
        let lent = (start..at).len().next_multiple_of(8) - (start..at).len();
        if run < LONG_RUN + lent {
            at += run;
            continue;
        }
        packed(&values[start..at + lent], out);
        put_varint(((run - lent) << 1) as u64, out);
        out.extend_from_slice(&values[at].to_le_bytes()[..width.div_ceil(8) as usize]);
        at += run;
        start = at;
    }
    packed(&values[start..], out);
}
