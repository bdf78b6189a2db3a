use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::*;
use crate::capture::Inflate;
use proptest::prelude::*;

/// What is left of a file that was read: rows in words, by id, and the counts.
#[derive(Debug, PartialEq)]
struct Left {
    rows: BTreeMap<String, Vec<String>>,
    accounting: crate::accounting::Accounting,
    rejects: Vec<(u64, u64, u64, String)>,
}

fn read(text: &[u8], name: &str, block_bytes: usize, inflating: Inflating) -> Left {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join(name);
    std::fs::File::create(&path).and_then(|mut file| file.write_all(text)).expect("a file");
    let probe = probe(&path, None, &ProbeOptions::default()).expect("readable").expect("a dump");
    let options = DumpOptions { block_bytes, ..DumpOptions::default() };
    let mut reader = DumpReader::open(&probe, &options, inflating).expect("readable");
    let mut out = Output::new(probe.spec.name, OutputOptions::default());
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    loop {
        let more = reader.read(&mut out).expect("readable");
        out.drain(|_, stream, taken| {
            let shown = rows.entry(stream.key.id.to_string()).or_default();
            shown.extend((0..taken.rows()).map(|row| taken.columns.show(row)));
            Ok::<(), ()>(())
        })
        .expect("taken");
        if !more {
            break;
        }
    }
    let rejects = out.take_rejects().into_iter().map(|r| (r.line, r.offset, r.at, r.code)).collect();
    Left { rows, accounting: out.accounting, rejects }
}

const BOOK: &str = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Where blocks are cut cannot be seen, nor who inflates; every byte is accounted for.
    #[test]
    fn blocks_cannot_be_seen(
        lines in prop::collection::vec(
            prop_oneof![
                (0_u64..5, any::<bool>(), 0_u32..9).prop_map(|(step, snapshot, amount)| {
                    let at = 1_700_000_000_000_000 + step;
                    format!("deribit,X{},{at},{at},{snapshot},bid,10.5,{amount}", step % 2)
                }),
                Just(String::new()),
                "[a-z0-9,.\"]{0,60}",
            ],
            0..40,
        ),
        ends in prop::sample::select(vec!["\n", "\r\n"]),
        whole in any::<bool>(),
        block_bytes in 1_usize..200,
    ) {
        let mut text = format!("{BOOK}{}", lines.join(ends));
        if whole {
            text.push_str(ends);
        }
        let one = read(text.as_bytes(), "book.csv", 1 << 20, Inflating::Here);
        for inflating in [Inflating::Here, Inflating::Ahead] {
            prop_assert_eq!(&one, &read(text.as_bytes(), "book.csv", block_bytes, inflating));
        }
        prop_assert!(one.accounting.adds_up());
        let counted = one.accounting.bytes.total + one.accounting.container_bytes;
        prop_assert_eq!(counted, text.len() as u64);
        prop_assert_eq!(one.accounting.frames.rejected, one.rejects.len() as u64);
    }
}

#[test]
fn lines_longer_than_the_room_before_a_block() {
    // Lengths about the room that a block has for the line before it, and about the blocks themselves.
    let lengths = [1, 50, 4_000, 4_095, 4_096, 4_097, 4_128, 9_000, 70_000, 3];
    let mut text = BOOK.to_owned();
    for (at, length) in (0..).zip(lengths.into_iter().chain(lengths.into_iter().rev())) {
        let ts = 1_700_000_000_000_000_u64 + at;
        text.push_str(&format!("deribit,X,{ts},{ts},true,bid,10.5,{at}\n"));
        text.push_str(&"x".repeat(length));
        text.push('\n');
    }
    let one = read(text.as_bytes(), "book.csv", 1 << 20, Inflating::Here);
    assert_eq!((one.accounting.frames.rejected, one.rejects.len()), (20, 20));
    for block_bytes in [1, 7, 63, 4_095, 4_096, 4_097, 8_192, 8_193, 70_001] {
        for inflating in [Inflating::Here, Inflating::Ahead] {
            let cut = read(text.as_bytes(), "book.csv", block_bytes, inflating);
            assert_eq!(one, cut, "{block_bytes} {inflating:?}");
        }
    }
}

/// Gives some bytes, then panics.
struct Panics(&'static [u8]);

impl std::io::Read for Panics {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        assert!(!self.0.is_empty(), "no more of it");
        self.0.read(out)
    }
}

#[test]
fn a_thread_that_panics_does_not_end_a_file() {
    const TEXT: &str = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n\
                        deribit,X,1700000000000000,1700000000000000,true,bid,10.5,1\n";
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("book.csv");
    std::fs::write(&path, TEXT).expect("a file");
    let probe = probe(&path, None, &ProbeOptions::default()).expect("readable").expect("a dump");
    let input = Inflate::member(Box::new(Panics(TEXT.as_bytes())), false);
    let options = DumpOptions { block_bytes: TEXT.len(), ..DumpOptions::default() };
    let mut reader = DumpReader::ahead_of(&probe, input, &options).expect("readable");
    let mut out = Output::new(probe.spec.name, OutputOptions::default());
    assert!(reader.read(&mut out).expect("the first block"));
    let error = reader.read(&mut out).expect_err("what panicked is not at its end");
    assert_eq!(error.code(), "panicked");
    assert!(error.to_string().contains("no more of it"), "{error}");
}

#[test]
fn names_and_columns_are_told_apart() {
    let names: BTreeSet<&str> = REGISTRY.iter().map(|spec| spec.name).collect();
    assert_eq!(names.len(), REGISTRY.len());
    for spec in REGISTRY {
        assert_eq!(format(spec.name).map(|found| found.name), Some(spec.name));
        let columns: Vec<&&str> = spec.columns.iter().flat_map(|column| column.names).collect();
        let unique: BTreeSet<&&&str> = columns.iter().collect();
        assert_eq!(unique.len(), columns.len(), "{}", spec.name);
        for layout in spec.bare {
            assert!(layout.iter().all(|column| *column < spec.columns.len()), "{}", spec.name);
        }
    }
}
