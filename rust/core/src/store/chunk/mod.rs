//! Column chunks of the kinds that hot columns are made of, encoded from the arrays' own buffers.
//!
//! In: an array without nulls. Out: the pages of one column of a row group, compressed, and what the file's
//! footer says of them. Pages have the same number of rows whatever the values, so that the bytes depend on the rows
//! alone.
//!
//! Which encoding a kind gets was measured (`docs/design/encodings.md`). Other arrays (nullable, nested, doubles,
//! long texts) are left to parquet-rs, whose writer takes each value through several layers: for these it took three quarters
//! of the time of a conversion.

use ::parquet::basic::{BoundaryOrder, Compression, Encoding};
use ::parquet::column::page::{CompressedPage, Page, PageWriter as _};
use ::parquet::column::writer::ColumnCloseResult;
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use ::parquet::file::page_index::column_index::ColumnIndexMetaData;
use ::parquet::file::statistics::{Statistics, ValueStatistics};
use ::parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use ::parquet::schema::types::ColumnDescPtr;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Int8Type, Int64Type, TimestampNanosecondType, UInt8Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, StringArray};
use arrow_schema::{DataType as Arrow, TimeUnit};
use bytes::Bytes;

use super::parquet::PAGE_ROWS;
use dictionary::Dictionary;

mod dictionary;
mod packed;

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
    fn put(self, values: impl Iterator<Item = u128>, out: &mut Vec<u8>) {
        match self {
            Self::Little(16) => values.for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
            Self::Little(width) => {
                values.for_each(|value| out.extend_from_slice(&value.to_le_bytes()[..width]));
            }
            Self::Big => values.for_each(|value| out.extend_from_slice(&value.to_be_bytes())),
            Self::Int32 => values.for_each(|value| out.extend_from_slice(&value.to_le_bytes()[..4])),
        }
    }
}

/// Encodes columns, one after another.
pub(super) struct Encoder {
    zstd: zstd::bulk::Compressor<'static>,
    dictionary: Dictionary,
    page: Vec<u8>,
}

impl Encoder {
    pub fn new() -> Result<Self> {
        let zstd = zstd::bulk::Compressor::new(LEVEL)?;
        Ok(Self { zstd, dictionary: Dictionary::default(), page: Vec::new() })
    }

    /// The chunk of an array of a type that [`takes`] names, without nulls; `ordered` where it rises, which gives it
    /// statistics by page.
    pub fn encode(&mut self, array: &dyn Array, descr: &ColumnDescPtr, ordered: bool) -> Result<Chunk> {
        let column = Column::new(descr, array.len(), &mut self.zstd, &mut self.page);
        let dictionary = &mut self.dictionary;
        match array.data_type() {
            Arrow::FixedSizeBinary(width @ (8 | 16)) => {
                let bytes = array.as_fixed_size_binary().value_data();
                if *width == 16 {
                    let values = bytes.as_chunks::<16>().0.iter().map(|raw| u128::from_le_bytes(*raw));
                    column.numbers(values, Layout::Little(16), dictionary)
                } else {
                    let values = bytes.as_chunks::<8>().0.iter().map(|raw| u64::from_le_bytes(*raw).into());
                    column.numbers(values, Layout::Little(8), dictionary)
                }
            }
            Arrow::Decimal128(..) => {
                let values = array.as_primitive::<Decimal128Type>().values().iter();
                column.numbers(values.map(|value| *value as u128), Layout::Big, dictionary)
            }
            Arrow::UInt32 => {
                let values = array.as_primitive::<UInt32Type>().values().iter();
                column.numbers(values.map(|value| u128::from(*value)), Layout::Int32, dictionary)
            }
            Arrow::UInt8 => column.codes(array.as_primitive::<UInt8Type>().values()),
            Arrow::Dictionary(..) => {
                let array = array.as_dictionary::<Int8Type>();
                column.names(array.keys().values(), array.values().as_string())
            }
            Arrow::UInt64 => {
                let values = array.as_primitive::<UInt64Type>().values();
                column.differences(values.len(), |row| values[row] as i64, ordered)
            }
            Arrow::Int64 => {
                let values = array.as_primitive::<Int64Type>().values();
                column.differences(values.len(), |row| values[row], ordered)
            }
            Arrow::Timestamp(TimeUnit::Nanosecond, _) => {
                let values = array.as_primitive::<TimestampNanosecondType>().values();
                column.differences(values.len(), |row| values[row], ordered)
            }
            Arrow::Utf8 => column.texts(array.as_string()),
            other => Err(ParquetError::NYI(format!("chunks of {other}"))),
        }
    }
}

/// A chunk on its way.
struct Column<'e> {
    descr: &'e ColumnDescPtr,
    rows: usize,
    zstd: &'e mut zstd::bulk::Compressor<'static>,
    /// The page at hand, before compression.
    page: &'e mut Vec<u8>,
    sink: TrackedWrite<Vec<u8>>,
    uncompressed: usize,
    has_dictionary: bool,
    data_offset: usize,
    encodings: Vec<PageEncodingStats>,
    places: OffsetIndexBuilder,
}

impl<'e> Column<'e> {
    fn new(
        descr: &'e ColumnDescPtr,
        rows: usize,
        zstd: &'e mut zstd::bulk::Compressor<'static>,
        page: &'e mut Vec<u8>,
    ) -> Self {
        page.clear();
        let sink = TrackedWrite::new(Vec::new());
        let (encodings, places) = (Vec::new(), OffsetIndexBuilder::new());
        Self {
            descr,
            rows,
            zstd,
            page,
            sink,
            uncompressed: 0,
            has_dictionary: false,
            data_offset: 0,
            encodings,
            places,
        }
    }

    /// Begins anew.
    fn restart(&mut self) {
        self.sink = TrackedWrite::new(Vec::new());
        (self.uncompressed, self.has_dictionary, self.data_offset) = (0, false, 0);
        self.encodings.clear();
        self.places = OffsetIndexBuilder::new();
    }

    /// Writes the page at hand: a dictionary where it has no rows.
    fn write(&mut self, encoding: Encoding, values: usize, rows: Option<usize>) -> Result<()> {
        let length = self.page.len();
        let packed = self.zstd.compress(self.page)?;
        // A dictionary is compressed in any case: its header has no word for that.
        let is_compressed = rows.is_none() || packed.len() < length;
        let buf = if is_compressed { Bytes::from(packed) } else { Bytes::copy_from_slice(self.page) };
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
                self.places.append_row_count(rows as i64);
                self.places.append_offset_and_size(written.offset as i64, written.compressed_size as i32);
            }
        }
        self.page.clear();
        Ok(())
    }

    /// The pages of a column, each filled by `fill`.
    fn pages(
        &mut self,
        encoding: Encoding,
        mut fill: impl FnMut(std::ops::Range<usize>, &mut Vec<u8>),
    ) -> Result<()> {
        for start in (0..self.rows).step_by(PAGE_ROWS) {
            let stop = (start + PAGE_ROWS).min(self.rows);
            fill(start..stop, self.page);
            self.write(encoding, stop - start, Some(stop - start))?;
        }
        Ok(())
    }

    /// The pages of a column whose dictionary of `count` values was written.
    fn indices(&mut self, indices: &[u32], count: usize) -> Result<()> {
        let width = packed::width(count.saturating_sub(1) as u64);
        self.pages(Encoding::RLE_DICTIONARY, |rows, page| {
            page.push(width as u8);
            packed::hybrid(&indices[rows], width, page);
        })
    }

    /// Numbers: by a dictionary, unless most of them are different or compression alone does much better.
    fn numbers(
        mut self,
        values: impl ExactSizeIterator<Item = u128> + Clone,
        layout: Layout,
        dictionary: &mut Dictionary,
    ) -> Result<Chunk> {
        if dictionary.fill(values.clone(), (self.rows * 3 / 4).max(FEW)) {
            layout.put(dictionary.values.iter().copied(), self.page);
            self.write(Encoding::PLAIN, dictionary.values.len(), None)?;
            self.indices(&dictionary.indices, dictionary.values.len())?;
            let coded = self.sink.bytes_written();
            if dictionary.values.len() <= FEW || coded <= self.plain_bytes(values.clone(), layout)? {
                return self.finish(None);
            }
            self.restart();
        }
        let mut values = values;
        self.pages(Encoding::PLAIN, |rows, page| layout.put(values.by_ref().take(rows.len()), page))?;
        self.finish(None)
    }

    /// About how many bytes the numbers take as they are, and an eighth more, since they take longer: told by the first
    /// page, which is all of a short column.
    fn plain_bytes(&mut self, values: impl Iterator<Item = u128>, layout: Layout) -> Result<usize> {
        layout.put(values.take(PAGE_ROWS), self.page);
        let page = self.zstd.compress(self.page)?.len();
        self.page.clear();
        let bytes = page * self.rows.div_ceil(PAGE_ROWS);
        Ok(bytes + bytes / 8)
    }

    /// Codes of a byte, by a dictionary of those that there are.
    fn codes(mut self, codes: &[u8]) -> Result<Chunk> {
        let (used, indices) = ranks(codes.iter().copied());
        Layout::Int32.put(used.iter().map(|code| u128::from(*code)), self.page);
        self.write(Encoding::PLAIN, used.len(), None)?;
        self.indices(&indices, used.len())?;
        self.finish(None)
    }

    /// Codes that stand for names.
    fn names(mut self, codes: &[i8], names: &StringArray) -> Result<Chunk> {
        let (used, indices) = ranks(codes.iter().map(|code| *code as u8));
        for code in &used {
            let name = names.value(usize::from(*code));
            self.page.extend_from_slice(&(name.len() as u32).to_le_bytes());
            self.page.extend_from_slice(name.as_bytes());
        }
        self.write(Encoding::PLAIN, used.len(), None)?;
        self.indices(&indices, used.len())?;
        self.finish(None)
    }

    /// Times and sequences, by their differences.
    fn differences(mut self, rows: usize, value: impl Fn(usize) -> i64, ordered: bool) -> Result<Chunk> {
        self.pages(Encoding::DELTA_BINARY_PACKED, |rows, page| packed::differences(rows.map(&value), page))?;
        if !ordered || rows == 0 {
            return self.finish(None);
        }
        let mut index = ColumnIndexBuilder::new(self.descr.physical_type());
        for start in (0..rows).step_by(PAGE_ROWS) {
            let bytes = |row: usize| value(row).to_le_bytes().to_vec();
            index.append(false, bytes(start), bytes((start + PAGE_ROWS).min(rows) - 1), 0);
        }
        index.set_boundary_order(BoundaryOrder::ASCENDING);
        let signed = self.descr.sort_order().is_signed();
        let statistics =
            ValueStatistics::<i64>::new(Some(value(0)), Some(value(rows - 1)), None, Some(0), false)
                .with_backwards_compatible_min_max(signed);
        self.finish(Some((statistics.into(), index.build()?)))
    }

    /// Texts, by what each shares with the one before it.
    fn texts(mut self, texts: &StringArray) -> Result<Chunk> {
        let (mut prefixes, mut suffixes) = (Vec::new(), Vec::new());
        let mut ends = Vec::new();
        self.pages(Encoding::DELTA_BYTE_ARRAY, |rows, page| {
            prefixes.clear();
            suffixes.clear();
            ends.clear();
            let mut last: &[u8] = &[];
            for row in rows {
                let text = texts.value(row).as_bytes();
                let shared = shared_prefix(last, text);
                prefixes.push(shared as i64);
                ends.push((text.len() - shared) as i64);
                suffixes.extend_from_slice(&text[shared..]);
                last = text;
            }
            packed::differences(prefixes.iter().copied(), page);
            packed::differences(ends.iter().copied(), page);
            page.extend_from_slice(&suffixes);
        })?;
        self.finish(None)
    }

    fn finish(self, ordered: Option<(Statistics, ColumnIndexMetaData)>) -> Result<Chunk> {
        let bytes = self.sink.into_inner()?;
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
        Ok(Chunk { bytes: bytes.into(), close })
    }
}

/// The codes that there are, as they came first, and for each row which it is.
fn ranks(codes: impl ExactSizeIterator<Item = u8>) -> (Vec<u8>, Vec<u32>) {
    let mut rank = [u32::MAX; 256];
    let mut used = Vec::new();
    let mut indices = Vec::with_capacity(codes.len());
    for code in codes {
        let place = &mut rank[usize::from(code)];
        if *place == u32::MAX {
            *place = used.len() as u32;
            used.push(code);
        }
        indices.push(*place);
    }
    (used, indices)
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
