//! Column chunks of the kinds that hot columns are made of, encoded from where the values are.
//!
//! In: a column in pieces, or an array, without nulls. Out: the pages of one column of a row group, compressed, and what the file's
//! footer says of them. Pages have the same number of rows whatever the values, so that the bytes depend on the rows
//! alone.
//!
//! Which encoding a kind gets was measured (`docs/design/encodings.md`). Other arrays (nullable, nested, doubles,
//! long texts) are left to parquet-rs, whose writer takes each value through several layers: for these it took three quarters
//! of the time of a conversion.

use std::ops::Range;

use ::parquet::basic::{BoundaryOrder, Compression, Encoding};
use ::parquet::column::page::{CompressedPage, Page, PageWriter as _};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::Result;
use ::parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use ::parquet::file::page_index::column_index::ColumnIndexMetaData;
use ::parquet::file::statistics::{Statistics, ValueStatistics};
use ::parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use ::parquet::schema::types::ColumnDescPtr;
use arrow_schema::{DataType as Arrow, TimeUnit};
use bytes::Bytes;

use super::parquet::PAGE_ROWS;
use dictionary::Dictionary;
use values::{Kind, Slices, Texts, Wide};
pub(super) use values::{Values, ValuesError};

mod dictionary;
mod packed;
mod values;

/// zstd level of pages.
pub(super) const LEVEL: i32 = 1;
/// A dictionary of so few values is not compared with the values themselves.
const FEW: usize = 256;

/// A column of a row group, encoded.
#[derive(Clone)]
pub(super) struct Chunk {
    pub bytes: Bytes,
    pub close: ColumnCloseResult,
}

impl Chunk {
    /// Adds it to the row group.
    pub fn append<W: std::io::Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<()> {
        debug_assert_eq!(self.bytes.len() as u64, self.close.bytes_written);
        group.append_column(&self.bytes, self.close)
    }
}

/// Whether an array of a type is encoded here, if it has no nulls.
pub(super) fn takes(data_type: &Arrow) -> bool {
    match data_type {
        Arrow::FixedSizeBinary(8 | 16) | Arrow::Decimal128(..) => true,
        Arrow::UInt64 | Arrow::Int64 | Arrow::UInt32 | Arrow::UInt8 | Arrow::Utf8 => true,
        Arrow::Timestamp(TimeUnit::Nanosecond, _) => true,
        Arrow::Dictionary(key, value) => **key == Arrow::Int8 && **value == Arrow::Utf8,
        _ => false,
    }
}

/// How 128 bits are written.
#[derive(Debug, Clone, Copy)]
enum Layout {
    /// FIXED_LEN_BYTE_ARRAY, least byte first, that many bytes.
    Little(usize),
    /// DECIMAL in FIXED_LEN_BYTE_ARRAY(16).
    Big,
    /// INT32.
    Int32,
}

impl Layout {
    fn put<T: Wide>(self, values: &[T], out: &mut Vec<u8>) {
        match self {
            Self::Little(16) => put(values, |value| value.to_le_bytes(), out),
            Self::Little(width) => {
                values.iter().for_each(|value| out.extend_from_slice(&value.bits().to_le_bytes()[..width]));
            }
            Self::Big => put(values, |value| value.to_be_bytes(), out),
            Self::Int32 => put(values, |value| (value as u32).to_le_bytes(), out),
        }
    }
}

/// Appends values as so many bytes each.
fn put<T: Wide, const N: usize>(values: &[T], bytes: fn(u128) -> [u8; N], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + values.len() * N, 0);
    let slots = out[start..].as_chunks_mut::<N>().0;
    slots.iter_mut().zip(values).for_each(|(slot, value)| *slot = bytes(value.bits()));
}

/// Encodes columns, one after another, with memory that it uses again.
#[derive(Default)]
pub(super) struct Encoder {
    zstd: Option<zstd::bulk::Compressor<'static>>,
    dictionary: Dictionary,
    texts: Sharing,
    pages: Pages,
}

/// Memory of pages.
#[derive(Default)]
struct Pages {
    /// The page at hand, before compression.
    page: Vec<u8>,
    /// And after it.
    packed: Vec<u8>,
    /// The pages that are done.
    done: Vec<u8>,
}

impl Encoder {
    /// The chunk of a column; `ordered` where it rises, which gives it statistics by page.
    pub fn encode(&mut self, values: &Values<'_>, descr: &ColumnDescPtr, ordered: bool) -> Result<Chunk> {
        let Self { zstd, dictionary, texts, pages } = self;
        let zstd = match zstd {
            Some(zstd) => zstd,
            None => zstd.insert(zstd::bulk::Compressor::new(LEVEL)?),
        };
        let column = Column::new(descr, zstd, pages);
        match &values.0 {
            Kind::Wide(values, layout) => column.numbers(values, *layout, dictionary),
            Kind::Counts(values) => column.numbers(values, Layout::Int32, dictionary),
            Kind::Longs(values) => column.differences(values, ordered),
            Kind::Codes(codes) => column.codes(codes, &mut dictionary.indices),
            Kind::Names(codes, names) => column.names(codes, names, &mut dictionary.indices),
            Kind::Texts(values) => column.texts(values, texts),
        }
    }
}

/// A chunk on its way.
struct Column<'e> {
    descr: &'e ColumnDescPtr,
    zstd: &'e mut zstd::bulk::Compressor<'static>,
    page: &'e mut Vec<u8>,
    packed: &'e mut Vec<u8>,
    /// Where `sink` goes when it is done.
    done: &'e mut Vec<u8>,
    sink: TrackedWrite<Vec<u8>>,
    rows: usize,
    uncompressed: usize,
    has_dictionary: bool,
    data_offset: usize,
    encodings: Vec<PageEncodingStats>,
    places: OffsetIndexBuilder,
}

impl<'e> Column<'e> {
    fn new(
        descr: &'e ColumnDescPtr,
        zstd: &'e mut zstd::bulk::Compressor<'static>,
        Pages { page, packed, done }: &'e mut Pages,
    ) -> Self {
        page.clear();
        done.clear();
        let sink = TrackedWrite::new(std::mem::take(done));
        let (encodings, places) = (Vec::new(), OffsetIndexBuilder::new());
        Self {
            descr,
            zstd,
            page,
            packed,
            done,
            sink,
            rows: 0,
            uncompressed: 0,
            has_dictionary: false,
            data_offset: 0,
            encodings,
            places,
        }
    }

    /// Begins anew.
    fn restart(&mut self) -> Result<()> {
        let mut sink = std::mem::replace(&mut self.sink, TrackedWrite::new(Vec::new())).into_inner()?;
        sink.clear();
        self.sink = TrackedWrite::new(sink);
        (self.rows, self.uncompressed, self.has_dictionary, self.data_offset) = (0, 0, false, 0);
        self.encodings.clear();
        self.places = OffsetIndexBuilder::new();
        Ok(())
    }

    /// Compresses the page at hand.
    fn compress(&mut self) -> Result<()> {
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.page.len()));
        self.zstd.compress_to_buffer(self.page, self.packed)?;
        Ok(())
    }

    /// Writes the page at hand: a dictionary where it has no rows.
    fn write(&mut self, encoding: Encoding, values: usize, rows: Option<usize>) -> Result<()> {
        let length = self.page.len();
        self.compress()?;
        // A dictionary is compressed in any case: its header has no word for that.
        let is_compressed = rows.is_none() || self.packed.len() < length;
        let buf = Bytes::copy_from_slice(if is_compressed { self.packed } else { self.page });
        let num_values = values as u32;
        let page = match rows {
            None => Page::DictionaryPage { buf, num_values, encoding, is_sorted: false },
            Some(rows) => Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls: 0,
                num_rows: rows as u32,
                def_levels_byte_len: 0,
                rep_levels_byte_len: 0,
                is_compressed,
                statistics: None,
            },
        };
        let page_type = page.page_type();
        let written =
            SerializedPageWriter::new(&mut self.sink).write_page(CompressedPage::new(page, length))?;
        self.uncompressed += written.uncompressed_size;
        match self.encodings.last_mut() {
            Some(last) if last.page_type == page_type && last.encoding == encoding => last.count += 1,
            _ => self.encodings.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
        match rows {
            None => {
                self.has_dictionary = true;
                self.data_offset = self.sink.bytes_written();
            }
            Some(rows) => {
                self.rows += rows;
                self.places.append_row_count(rows as i64);
                self.places.append_offset_and_size(written.offset as i64, written.compressed_size as i32);
            }
        }
        self.page.clear();
        Ok(())
    }

    /// The pages of a column of `rows` rows, each filled by `fill`.
    fn pages(
        &mut self,
        rows: usize,
        encoding: Encoding,
        mut fill: impl FnMut(Range<usize>, &mut Vec<u8>),
    ) -> Result<()> {
        for start in (0..rows).step_by(PAGE_ROWS) {
            let stop = (start + PAGE_ROWS).min(rows);
            fill(start..stop, self.page);
            self.write(encoding, stop - start, Some(stop - start))?;
        }
        Ok(())
    }

    /// The pages of a column whose dictionary of `count` values was written.
    fn indices(&mut self, indices: &[u32], count: usize) -> Result<()> {
        let width = packed::width(count.saturating_sub(1) as u64);
        self.pages(indices.len(), Encoding::RLE_DICTIONARY, |rows, page| {
            page.push(width as u8);
            packed::hybrid(&indices[rows], width, page);
        })
    }

    /// Numbers: by a dictionary, unless most of them are different or compression alone does much better.
    fn numbers<T: Wide>(
        mut self,
        values: &Slices<'_, T>,
        layout: Layout,
        dictionary: &mut Dictionary,
    ) -> Result<Chunk> {
        let rows = values.rows();
        if dictionary.fill(values, (rows * 3 / 4).max(FEW)) {
            layout.put(&dictionary.values, self.page);
            self.write(Encoding::PLAIN, dictionary.values.len(), None)?;
            self.indices(&dictionary.indices, dictionary.values.len())?;
            let coded = self.sink.bytes_written();
            if dictionary.values.len() <= FEW || coded <= self.plain_bytes(values, layout)? {
                return self.finish(None);
            }
            self.restart()?;
        }
        let fill = |rows, page: &mut Vec<u8>| values.range(rows).for_each(|slice| layout.put(slice, page));
        self.pages(rows, Encoding::PLAIN, fill)?;
        self.finish(None)
    }

    /// About how many bytes the numbers take as they are, and an eighth more, since they take longer: told by the first
    /// page, which is all of a short column.
    fn plain_bytes<T: Wide>(&mut self, values: &Slices<'_, T>, layout: Layout) -> Result<usize> {
        values.range(0..PAGE_ROWS).for_each(|slice| layout.put(slice, self.page));
        self.compress()?;
        self.page.clear();
        let bytes = self.packed.len() * values.rows().div_ceil(PAGE_ROWS);
        Ok(bytes + bytes / 8)
    }

    /// Codes of a byte, by a dictionary of those that there are.
    fn codes(mut self, codes: &Slices<'_, u8>, indices: &mut Vec<u32>) -> Result<Chunk> {
        let used = ranks(codes, indices);
        Layout::Int32.put(&used.iter().map(|code| u32::from(*code)).collect::<Vec<_>>(), self.page);
        self.write(Encoding::PLAIN, used.len(), None)?;
        self.indices(indices, used.len())?;
        self.finish(None)
    }

    /// Codes that stand for names.
    fn names(mut self, codes: &Slices<'_, u8>, names: &[&str], indices: &mut Vec<u32>) -> Result<Chunk> {
        let used = ranks(codes, indices);
        for code in &used {
            let name = names.get(usize::from(*code)).copied().unwrap_or_default();
            self.page.extend_from_slice(&(name.len() as u32).to_le_bytes());
            self.page.extend_from_slice(name.as_bytes());
        }
        self.write(Encoding::PLAIN, used.len(), None)?;
        self.indices(indices, used.len())?;
        self.finish(None)
    }

    /// Times and sequences, by their differences.
    fn differences(mut self, values: &Slices<'_, u64>, ordered: bool) -> Result<Chunk> {
        let rows = values.rows();
        let mut longs = Vec::with_capacity(rows.min(PAGE_ROWS));
        self.pages(rows, Encoding::DELTA_BINARY_PACKED, |rows, page| {
            longs.clear();
            values.range(rows).for_each(|slice| longs.extend(slice.iter().map(|value| *value as i64)));
            packed::differences(&longs, page);
        })?;
        let value = |row: usize| values.get(row).map(|value| *value as i64);
        let (true, Some(first), Some(last)) = (ordered, value(0), value(rows.saturating_sub(1))) else {
            return self.finish(None);
        };
        let mut index = ColumnIndexBuilder::new(self.descr.physical_type());
        for start in (0..rows).step_by(PAGE_ROWS) {
            let bytes = |row: usize| value(row).unwrap_or_default().to_le_bytes().to_vec();
            index.append(false, bytes(start), bytes((start + PAGE_ROWS).min(rows) - 1), 0);
        }
        index.set_boundary_order(BoundaryOrder::ASCENDING);
        let signed = self.descr.sort_order().is_signed();
        let statistics = ValueStatistics::<i64>::new(Some(first), Some(last), None, Some(0), false)
            .with_backwards_compatible_min_max(signed);
        self.finish(Some((statistics.into(), index.build()?)))
    }

    /// Texts, by what each shares with the one before it.
    fn texts(mut self, texts: &Texts<'_>, sharing: &mut Sharing) -> Result<Chunk> {
        self.pages(texts.rows(), Encoding::DELTA_BYTE_ARRAY, |rows, page| {
            sharing.clear();
            texts.each(rows, |text| sharing.add(text));
            packed::differences(&sharing.shared, page);
            packed::differences(&sharing.lengths, page);
            page.extend_from_slice(&sharing.rests);
        })?;
        self.finish(None)
    }

    fn finish(self, ordered: Option<(Statistics, ColumnIndexMetaData)>) -> Result<Chunk> {
        let done = self.sink.into_inner()?;
        let bytes = Bytes::copy_from_slice(&done);
        *self.done = done;
        let mut encodings: Vec<Encoding> = self.encodings.iter().map(|stats| stats.encoding).collect();
        // Of levels, in the words of the format.
        encodings.push(Encoding::RLE);
        let mut metadata = ColumnChunkMetaData::builder(self.descr.clone())
            .set_compression(Compression::ZSTD(Default::default()))
            .set_encodings(encodings)
            .set_page_encoding_stats(self.encodings)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(self.rows as i64)
            .set_data_page_offset(self.data_offset as i64)
            .set_dictionary_page_offset(self.has_dictionary.then_some(0));
        let (statistics, column_index) = ordered.unzip();
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index,
            offset_index: Some(self.places.build()),
        };
        Ok(Chunk { bytes, close })
    }
}

/// The texts of a page, each without what it shares with the one before it.
#[derive(Default)]
struct Sharing {
    shared: Vec<i64>,
    /// Lengths of the rests.
    lengths: Vec<i64>,
    rests: Vec<u8>,
    last: Vec<u8>,
}

impl Sharing {
    fn clear(&mut self) {
        self.shared.clear();
        self.lengths.clear();
        self.rests.clear();
        self.last.clear();
    }

    fn add(&mut self, text: &[u8]) {
        let shared = shared_prefix(&self.last, text);
        let rest = &text[shared..];
        self.shared.push(shared as i64);
        self.lengths.push(rest.len() as i64);
        self.rests.extend_from_slice(rest);
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
    }
}

/// The codes that there are, as they came first; `indices` get, for each row, which it is.
fn ranks(codes: &Slices<'_, u8>, indices: &mut Vec<u32>) -> Vec<u8> {
    let mut rank = [u32::MAX; 256];
    let mut used = Vec::new();
    indices.clear();
    for code in codes.iter().flatten() {
        let place = &mut rank[usize::from(*code)];
        if *place == u32::MAX {
            *place = used.len() as u32;
            used.push(*code);
        }
        indices.push(*place);
    }
    used
}

/// How many bytes two texts share at their beginning.
fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let mut shared = 0;
    for (x, y) in words {
        let differing = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differing != 0 {
            return shared + differing.trailing_zeros() as usize / 8;
        }
        shared += 8;
    }
    shared + a[shared..].iter().zip(&b[shared..]).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests;
