//! Each stage of the data path alone, on one core, beside what bounds it: a scan of the same bytes.
//!
//! `cargo bench --manifest-path benches/peers/Cargo.toml`; the dump's text is made here, the same every time.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use tickwright_core::capture::Inflate;
use tickwright_core::data::{AnyColumns, DataType};
use tickwright_core::dump::{self, DumpOptions, DumpReader, Inflating, Output, OutputOptions, ProbeOptions};
use tickwright_core::schema::{Flavour, Label};
use tickwright_core::store::{GroupEncoder, ROW_GROUP_ROWS, Scratch};

/// `incremental_book_L2` as Tardis ships it: eight rows a message.
fn book(rows: u64) -> String {
    let mut text = String::from("exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n");
    let mut state = 7_u64;
    let mut chance = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut price = 631_132;
    for row in 0..rows {
        let stamp = 1_700_000_000_000_000 + row / 8 * 25_000;
        price = price + chance(7) - 3;
        let (side, level) = match row % 2 {
            0 => ("ask", price + 1 + chance(400)),
            _ => ("bid", price - 1 - chance(400)),
        };
        let amount = if chance(4) == 0 { 0 } else { 1 + chance(900_000) };
        let _ = writeln!(
            text,
            "deribit,BTC-PERPETUAL,{stamp},{},{},{side},{}.{},{}.{:03}",
            stamp + 1_300,
            row < 8,
            level / 10,
            level % 10,
            amount / 1_000,
            amount % 1_000
        );
    }
    text
}

/// The columns of a dump.
fn read(path: &Path) -> AnyColumns {
    let probe = dump::probe(path, None, &ProbeOptions::default()).expect("a file").expect("a dump");
    let mut reader = DumpReader::open(&probe, &DumpOptions::default(), Inflating::Here).expect("a file");
    let mut output = Output::new(probe.spec.name, OutputOptions::default());
    let mut all = AnyColumns::new(DataType::Delta);
    loop {
        let more = reader.read(&mut output).expect("lines");
        let drained: Result<(), ()> = output.drain(|_, _, rows| {
            all.extend_range(&rows.columns, 0..rows.rows());
            Ok(())
        });
        drained.expect("memory");
        if !more {
            return all;
        }
    }
}

fn stages(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = book(ROW_GROUP_ROWS as u64);
    let path = folder.path().join("book.csv");
    std::fs::write(&path, &text).expect("a file");
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(5));
    packed.write_all(text.as_bytes()).expect("memory");
    let packed = packed.finish().expect("memory");
    let columns = read(&path);
    let label = Label {
        data_type: DataType::Delta,
        flavour: Flavour::V1High,
        instrument_id: "BTC-PERPETUAL.DERIBIT",
        bar_type: None,
        price_precision: 1,
        size_precision: 3,
    };

    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("scan", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(text.as_bytes())).count())
    });
    group.bench_function("inflate", |b| {
        b.iter(|| {
            let input = Box::new(std::io::Cursor::new(packed.clone()));
            let mut inflate = Inflate::new(input, false).expect("gzip");
            let mut block = Vec::new();
            while inflate.read_some(&mut block, 256 << 10).expect("gzip") > 0 {
                black_box(&block);
                block.clear();
            }
        });
    });
    group.bench_function("rows", |b| b.iter(|| black_box(read(&path))));
    let mut scratch = Scratch::default();
    group.bench_function("pages", |b| {
        b.iter_batched(
            || {
                let mut copy = AnyColumns::new(DataType::Delta);
                copy.extend_range(&columns, 0..ROW_GROUP_ROWS.min(columns.rows()));
                copy
            },
            |columns| {
                let encoder = GroupEncoder::apart(&path, &label).expect("a schema").expect("hot columns");
                let pieces = [(&columns, 0..columns.rows())];
                black_box(encoder.encode(&pieces, &label, &mut scratch).expect("pages").bytes())
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
