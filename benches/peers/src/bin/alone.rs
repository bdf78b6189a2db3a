//! Each stage of a conversion alone, on one core, over a whole input.
//!
//! `alone FILE PLAIN FOLDER` prints one JSON object. `FILE` is a capture or a dump, `PLAIN` the same text uncompressed;
//! what is written goes into `FOLDER`. Seconds of: `scan`, the line ends of the text in memory; `inflate`, `FILE` to its text;
//! `rows`, `PLAIN` to columns; `pages`, those columns to Parquet (encoding, zstd, hash, files that are not made durable);
//! `disk`, the bytes of those files written again and made durable. Each runs when the one before is over, or is clocked
//! apart from it. `text_bytes`, `packed_bytes`, `page_bytes`, `count` (of rows) say what went through.

use std::collections::HashMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tickwright_core::capture::{self, CaptureOptions, Inflate};
use tickwright_core::data::{AnyColumns, DataType};
use tickwright_core::dump::{self, DumpOptions, DumpReader, Inflating, Output, OutputOptions, ProbeOptions};
use tickwright_core::feed::{Feed, FeedOptions, Frame, StreamKey};
use tickwright_core::frame::Block;
use tickwright_core::schema::{Flavour, Label};
use tickwright_core::store::{FileWriter, ROW_GROUP_ROWS, Scratch};
use tickwright_core::venue;

/// Rows that are taken from a decoder at once.
const HELD: usize = 16_384;

/// The file of one stream.
struct Pages {
    columns: AnyColumns,
    writer: FileWriter,
    instrument_id: String,
    bar_type: Option<String>,
}

impl Pages {
    fn write(&mut self, scratch: &mut Scratch) {
        let label = label(self.columns.data_type(), &self.instrument_id, self.bar_type.as_deref());
        let pieces = [(&self.columns, 0..self.columns.rows())];
        let encoder = self.writer.encoder().expect("a schema");
        let group = encoder.encode(&pieces, &label, scratch).expect("pages");
        self.writer.append(group).expect("space");
        self.columns.clear();
    }
}

/// The type and flavour of a file settle its schema; names and decimals are in its footer alone.
fn label<'a>(data_type: DataType, instrument_id: &'a str, bar_type: Option<&'a str>) -> Label<'a> {
    Label {
        data_type,
        flavour: Flavour::V1High,
        instrument_id,
        bar_type,
        price_precision: 2,
        size_precision: 3,
    }
}

/// Takes rows as they come and encodes them, on its own clock.
struct Encoding {
    folder: PathBuf,
    files: HashMap<StreamKey, Pages>,
    scratch: Scratch,
    took: Duration,
    rows: usize,
}

impl Encoding {
    fn take(&mut self, key: &StreamKey, instrument_id: &str, rows: &AnyColumns) {
        let start = Instant::now();
        self.rows += rows.rows();
        if !self.files.contains_key(key) {
            let bar_type = (key.data_type == DataType::Bar).then(|| key.id.to_string());
            let path = self.folder.join(format!("{}.parquet", self.files.len()));
            let label = label(key.data_type, instrument_id, bar_type.as_deref());
            let writer = FileWriter::create(&path, &label).expect("a file");
            let columns = AnyColumns::new(key.data_type);
            let pages = Pages { columns, writer, instrument_id: instrument_id.to_owned(), bar_type };
            self.files.insert(key.clone(), pages);
        }
        let pages = self.files.get_mut(key).expect("it was put in above");
        pages.columns.extend_range(rows, 0..rows.rows());
        if pages.columns.rows() > ROW_GROUP_ROWS - HELD {
            pages.write(&mut self.scratch);
        }
        self.took += start.elapsed();
    }

    /// Ends the files; their bytes.
    fn finish(&mut self) -> u64 {
        let start = Instant::now();
        let mut bytes = 0;
        for (_, mut pages) in self.files.drain() {
            if pages.columns.rows() > 0 {
                pages.write(&mut self.scratch);
            }
            let label = label(pages.columns.data_type(), &pages.instrument_id, pages.bar_type.as_deref());
            let (summary, unsynced) = pages.writer.finish(&label).expect("a footer");
            drop(unsynced);
            bytes += summary.bytes;
        }
        self.took += start.elapsed();
        bytes
    }
}

fn inflate(path: &Path) -> Duration {
    let start = Instant::now();
    let archive = dump::open_archive(path, None, &DumpOptions::default()).expect("an archive");
    let mut input = match archive {
        Some(archive) => Inflate::member(archive.files, false),
        None => Inflate::new(Box::new(File::open(path).expect("a file")), false).expect("gzip"),
    };
    let mut block = Vec::new();
    while input.read_some(&mut block, DumpOptions::default().block_bytes).expect("whole") > 0 {
        black_box(&block);
        block.clear();
    }
    start.elapsed()
}

/// Decodes a dump, and says whether it was one.
fn dump_rows(path: &Path, encoding: &mut Encoding) -> bool {
    let Some(probe) = dump::probe(path, None, &ProbeOptions::default()).ok().flatten() else { return false };
    let mut reader = DumpReader::open(&probe, &DumpOptions::default(), Inflating::Here).expect("a file");
    let mut output = Output::new(probe.spec.name, OutputOptions::default());
    loop {
        let more = reader.read(&mut output).expect("lines");
        if output.held() > HELD || !more {
            let drained: Result<(), ()> = output.drain(|_, stream, rows| {
                encoding.take(&stream.key, &stream.instrument_id, &rows.columns);
                Ok(())
            });
            drained.expect("memory");
        }
        if !more {
            return true;
        }
    }
}

fn capture_rows(path: &Path, encoding: &mut Encoding) {
    let name = path.to_string_lossy();
    let open = || Box::new(BufReader::new(File::open(path).expect("a file")));
    let probe = capture::probe(open(), &name).expect("a file").expect("a capture or a dump");
    let urls = probe.urls.iter().map(String::as_str);
    let feeds = venue::candidates(urls, probe.head.iter().map(Vec::as_slice));
    let [spec] = feeds[..] else { panic!("frames of one feed, not of {}", feeds.len()) };
    let mut feed = Feed::new(spec, FeedOptions::default());
    let mut capture = capture::open(open(), &name, &probe, &CaptureOptions::default()).expect("a capture");
    let mut block = Block::default();
    let mut drain = |feed: &mut Feed| {
        feed.market_mut().drain(|_, stream| {
            encoding.take(&stream.key, &stream.instrument_id, &stream.columns);
            stream.columns.clear();
        });
    };
    while capture.next_block(&mut block).expect("lines") {
        for meta in &block.frames {
            feed.push(&Frame::of(&block, meta, 0));
        }
        if feed.market().buffered_bytes() > 4 << 20 {
            drain(&mut feed);
        }
    }
    drain(&mut feed);
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, packed, plain, folder] = &words[..] else { panic!("alone FILE PLAIN FOLDER") };
    let (packed, plain, folder) = (Path::new(packed), Path::new(plain), Path::new(folder));

    let mut text = Vec::new();
    File::open(plain).and_then(|mut file| file.read_to_end(&mut text)).expect("a file");
    // The first scan also brings the text to where the others find it.
    let scans = [(); 3].map(|()| {
        let start = Instant::now();
        black_box(memchr::memchr_iter(b'\n', black_box(&text)).count());
        start.elapsed()
    });
    let scan = scans.into_iter().min().unwrap_or_default();
    let text_bytes = text.len();
    drop(text);

    let inflate = inflate(packed);

    let mut encoding = Encoding {
        folder: folder.to_owned(),
        files: HashMap::new(),
        scratch: Scratch::default(),
        took: Duration::ZERO,
        rows: 0,
    };
    let start = Instant::now();
    if !dump_rows(plain, &mut encoding) {
        capture_rows(plain, &mut encoding);
    }
    let rows = start.elapsed() - encoding.took;
    let page_bytes = encoding.finish();

    let made = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let pages: Vec<Vec<u8>> = made.map(|path| std::fs::read(path).expect("a file")).collect();
    let start = Instant::now();
    for (number, bytes) in pages.iter().enumerate() {
        let mut file = File::create(folder.join(format!("{number}.again"))).expect("a file");
        file.write_all(bytes).and_then(|()| file.sync_all()).expect("space");
    }
    let disk = start.elapsed();

    println!(
        "{}",
        serde_json::json!({
            "scan": scan.as_secs_f64(),
            "inflate": inflate.as_secs_f64(),
            "rows": rows.as_secs_f64(),
            "pages": encoding.took.as_secs_f64(),
            "disk": disk.as_secs_f64(),
            "text_bytes": text_bytes,
            "packed_bytes": packed.metadata().expect("a file").len(),
            "page_bytes": page_bytes,
            "count": encoding.rows,
        })
    );
}
