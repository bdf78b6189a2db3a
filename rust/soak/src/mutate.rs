//! Damage: what a disk, a network, a recorder or a venue's next release may do to a frame.
//!
//! Half of it knows JSON: values become other types and odd numbers, members are doubled, taken out or changed with
//! others, values go down a hundred levels. The other half knows bytes.

use tickwright_sim::Random;

/// Values that are put in place of others: odd, huge, of another type, or not JSON at all.
const VALUES: [&str; 48] = [
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "[[]]",
    "[{}]",
    "[null]",
    "0",
    "-0",
    "-1",
    "1",
    "1.5",
    "1e5",
    "1E+400",
    "1e-400",
    "00",
    "01",
    "1.",
    ".5",
    "+1",
    "--1",
    "0x1f",
    "NaN",
    "Infinity",
    "\"\"",
    "\"0\"",
    "\"-1\"",
    "\"1e5\"",
    "\"NaN\"",
    "\"0.00000000000000001\"",
    "\"17014118346046.9\"",
    "\"170141183460469231731687303715884105728\"",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1700000000000",
    "-1700000000000",
    "4102444800000",
    "[[\"1\",\"2\"]]",
    "[[\"1\"]]",
    "[[\"1\",\"2\",\"3\"]]",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"../../x\"",
    "\"\u{661}\u{ff11}\"",
    "\"BTCUSDT\"",
];

/// Keys that decoders know, which may come where nobody expects them.
const KEYS: [&str; 12] = ["e", "E", "s", "p", "q", "b", "a", "u", "U", "stream", "data", "\\u0065"];

/// A frame and where its tokens stand.
pub struct Sample {
    bytes: Vec<u8>,
    /// Strings, numbers, words: start, end.
    tokens: Vec<(u32, u32)>,
}

impl Sample {
    /// Finds the tokens of a frame.
    pub fn new(bytes: Vec<u8>) -> Self {
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'"' => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at = (at + 1).min(bytes.len());
                    tokens.push((start as u32, at as u32));
                }
                byte if byte.is_ascii_alphanumeric() || byte == b'-' => {
                    let other = |b: &u8| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.'));
                    at = bytes[at..].iter().position(other).map_or(bytes.len(), |length| at + length);
                    tokens.push((start as u32, at as u32));
                }
                _ => at += 1,
            }
        }
        Self { bytes, tokens }
    }

    /// The frame as it was.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn token(&self, random: &mut Random) -> Option<(usize, usize)> {
        let (start, end) = *pick(random, &self.tokens)?;
        Some((start as usize, end as usize))
    }

    /// The member (key, colon, value) that a token is the key of.
    fn member(&self, random: &mut Random) -> Option<(usize, usize)> {
        let (start, end) = self.token(random)?;
        (self.bytes.get(end) == Some(&b':')).then_some(())?;
        let (mut depth, mut quoted, mut at) = (0, false, end + 1);
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' | b',' if !quoted && depth == 0 => break,
                b'}' | b']' if !quoted => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        Some((start, at.min(self.bytes.len())))
    }
}

fn pick<'a, T>(random: &mut Random, of: &'a [T]) -> Option<&'a T> {
    (!of.is_empty()).then(|| &of[random.below(of.len() as u64) as usize])
}

/// Writes `sample`, damaged, into `out`; pieces of `other` may come into it.
pub fn damage(random: &mut Random, sample: &Sample, other: &Sample, out: &mut Vec<u8>) {
    out.clear();
    let structured = random.chance(0.6) && structure(random, sample, other, out).is_some();
    if !structured {
        out.clear();
        out.extend_from_slice(&sample.bytes);
    }
    let more = if structured { random.geometric(2) } else { 1 + random.geometric(3) };
    for _ in 0..more {
        bytes(random, other, out);
    }
}

/// One change of a token or a member; `None` where the frame has none.
fn structure(random: &mut Random, sample: &Sample, other: &Sample, out: &mut Vec<u8>) -> Option<()> {
    let whole = &sample.bytes;
    let mut put = |(start, end): (usize, usize), parts: &[&[u8]]| {
        out.extend_from_slice(&whole[..start]);
        parts.iter().for_each(|part| out.extend_from_slice(part));
        out.extend_from_slice(&whole[end..]);
    };
    match random.below(12) {
        0..=2 => put(sample.token(random)?, &[pick(random, &VALUES)?.as_bytes()]),
        3 => {
            let (start, end) = other.token(random)?;
            put(sample.token(random)?, &[&other.bytes[start..end]]);
        }
        4 => {
            // Another number: digits more, a point, a sign.
            let (start, end) = sample.token(random)?;
            let at = start + random.below((end - start) as u64 + 1) as usize;
            let more: &[&[u8]] =
                &[b"0", b"9", b".", b"-", b"e", b"00000000000000000000", b"99999999999999999999"];
            put((at, at), &[pick(random, more)?]);
        }
        5 => put(sample.token(random)?, &[]),
        6 => {
            let (start, end) = sample.member(random)?;
            let member = &whole[start..end];
            put((start, end), &[member, b",", member]);
        }
        7 => {
            let (start, end) = sample.member(random)?;
            let comma = usize::from(whole.get(end) == Some(&b','));
            put((start, end + comma), &[]);
        }
        8 => {
            let (start, end) = sample.member(random)?;
            let key = pick(random, &KEYS)?.as_bytes();
            let value = pick(random, &VALUES)?.as_bytes();
            put((start, end), &[b"\"", key, b"\":", value, b",", &whole[start..end]]);
        }
        9 => {
            let (start, end) = sample.token(random)?;
            let deep = if random.chance(0.001) { 20_000 } else { 1 + random.below(150) as usize };
            let (open, close) = if random.chance(0.5) { ("[", "]") } else { ("{\"a\":", "}") };
            put(
                (start, end),
                &[open.repeat(deep).as_bytes(), &whole[start..end], close.repeat(deep).as_bytes()],
            );
        }
        10 => {
            // One letter, escaped.
            let (start, end) = sample.token(random)?;
            let at = start + 1 + random.below((end - start) as u64) as usize;
            let byte = *whole.get(at)?;
            put((at, at + 1), &[format!("\\u{byte:04x}").as_bytes()]);
        }
        _ => {
            let (start, end) = sample.token(random)?;
            let length = if random.chance(0.002) { 1 << 18 } else { 1 + random.below(300) as usize };
            let filling = pick(random, &["9", "x", "\u{20ac}", " ", "\\\\", "\u{1f600}"])?;
            put(
                (start + 1, end.max(start + 1)),
                &[filling.repeat(length).as_bytes(), &whole[start + 1..end.max(start + 1)]],
            );
        }
    }
    Some(())
}

/// One change of bytes.
fn bytes(random: &mut Random, other: &Sample, out: &mut Vec<u8>) {
    let length = out.len() as u64;
    let place = |random: &mut Random| random.below(length + 1) as usize;
    let range = |random: &mut Random| {
        let start = random.below(length + 1) as usize;
        let most = (out.len() - start).min(64) as u64;
        (start, start + random.below(most + 1) as usize)
    };
    match random.below(8) {
        0 if length > 0 => out[random.below(length) as usize] ^= 1 << random.below(8),
        1 if length > 0 => out[random.below(length) as usize] = random.bits() as u8,
        2 => out.truncate(random.below(length + 1) as usize),
        3 => {
            let at = place(random);
            out.insert(at, random.bits() as u8);
        }
        4 => {
            let (start, end) = range(random);
            out.drain(start..end);
        }
        5 => {
            let ((start, end), at) = (range(random), place(random));
            let piece = out[start..end].to_vec();
            out.splice(at..at, piece);
        }
        6 => {
            // The rest of another frame.
            let at = place(random);
            out.truncate(at);
            let from = random.below(other.bytes.len() as u64 + 1) as usize;
            out.extend_from_slice(&other.bytes[from..]);
        }
        _ => {
            let marks: &[u8] = b"\"\\{}[],:0-. \t\n\0\x7f\xc0\xff";
            let (at, byte) = (place(random), *pick(random, marks).unwrap_or(&b'"'));
            out.insert(at, byte);
        }
    }
}
