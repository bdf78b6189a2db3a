//! Rows of a dump to columns on one core, beside csv-core with the same decimals.
//!
//! `rows FILE ROUNDS` prints one JSON object: seconds of each, the best of the rounds, which alternate. `FILE` is a plain
//! `incremental_book_L2`; what other libraries take for it is measured by `benches/run.py`.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use tickwright_core::data::{BookAction, DeltaColumns, DeltaRow, Side};
use tickwright_core::decimal;
use tickwright_core::dump::{self, DumpOptions, DumpReader, Inflating, Output, OutputOptions, ProbeOptions};

fn tickwright(path: &Path) -> usize {
    let probe = dump::probe(path, None, &ProbeOptions::default()).expect("a file").expect("a dump");
    let mut reader = DumpReader::open(&probe, &DumpOptions::default(), Inflating::Here).expect("a file");
    let mut output = Output::new(probe.spec.name, OutputOptions::default());
    let mut rows = 0;
    loop {
        let more = reader.read(&mut output).expect("lines");
        if output.held() > 16_384 || !more {
            let drained: Result<(), ()> = output.drain(|_, _, held| {
                rows += held.rows();
                Ok(())
            });
            drained.expect("memory");
        }
        if !more {
            return rows;
        }
    }
}

fn csv_core(path: &Path) -> usize {
    let text = std::fs::read(path).expect("a file");
    let mut reader = csv_core::Reader::new();
    let (mut fields, mut ends) = ([0; 4_096], [0; 64]);
    let mut columns = DeltaColumns::default();
    let (mut at, mut is_header, mut rows) = (0, true, 0);
    loop {
        let (result, read, _, found) = reader.read_record(&text[at..], &mut fields, &mut ends);
        at += read;
        match result {
            csv_core::ReadRecordResult::Record => {}
            csv_core::ReadRecordResult::End => return rows,
            _ => continue,
        }
        if std::mem::take(&mut is_header) {
            continue;
        }
        let field = |number: usize| &fields[if number == 0 { 0 } else { ends[number - 1] }..ends[number]];
        let whole = |number: usize| {
            std::str::from_utf8(field(number)).ok().and_then(|text| text.parse::<u64>().ok()).expect("digits")
        };
        assert!(found == 8);
        let size = decimal::parse(field(7)).expect("a decimal").value;
        columns.push(&DeltaRow {
            action: if size == 0 { BookAction::Delete } else { BookAction::Update },
            side: if field(5) == b"bid" { Side::Buy } else { Side::Sell },
            price: decimal::parse(field(6)).expect("a decimal").value,
            size,
            order_id: 0,
            flags: u8::from(field(4) == b"true"),
            sequence: 0,
            ts_event: whole(2) * 1_000,
            ts_init: whole(3) * 1_000,
        });
        rows += 1;
        if columns.price.len() == 16_384 {
            black_box(&columns);
            columns = DeltaColumns::default();
        }
    }
}

/// Reads a file; its rows.
type Work = fn(&Path) -> usize;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, file, rounds] = &words[..] else { panic!("rows FILE ROUNDS") };
    let works: [(&str, Work); 2] = [("tickwright", tickwright), ("csv-core", csv_core)];
    let mut best = [f64::INFINITY; 2];
    let mut rows = [0; 2];
    for _ in 0..rounds.parse().expect("a number") {
        for (at, (_, work)) in works.iter().enumerate() {
            let start = Instant::now();
            rows[at] = black_box(work(Path::new(file)));
            best[at] = best[at].min(start.elapsed().as_secs_f64());
        }
    }
    // The first snapshot has a row more: the book goes before it comes.
    assert!(rows[0].abs_diff(rows[1]) <= 1, "{rows:?}");
    println!("{}", serde_json::json!({"tickwright": best[0], "csv-core": best[1], "rows": rows[1]}));
}
