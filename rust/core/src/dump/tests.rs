use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use super::*;
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
