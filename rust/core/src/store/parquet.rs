//! Parquet files: which encodings, and a writer that knows its label only when it closes.
//!
//! Columns of the hot kinds are encoded in [`super::chunk`], the others by parquet-rs. Every row group has the same
//! number of rows, and so have its pages, so that the bytes depend on the rows alone. Only `ts_init` has statistics by
//! page: range reads skip by it.
//!
//! Precision is a label that is bound when the file closes: the label's key-values are appended then, and
//! there is no `ARROW:schema`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::ops::{Range, RangeInclusive};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use ::parquet::arrow::{ArrowSchemaConverter, ProjectionMask};
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use ::parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::SchemaDescPtr;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType, UInt64Type};
use arrow_schema::{DataType as Arrow, Field, Fields, Schema};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::chunk::{self, Chunk, Values, ValuesError};
use super::files::hex;
use super::storage::{LocalStorage, Output, Storage};
use crate::data::{AnyColumns, Physical, Rows};
use crate::schema::{Label, SchemaError, arrow_schema, code_names, is_columnar, record_batch, restore_rows};

/// Rows of a row group.
pub const ROW_GROUP_ROWS: usize = 131_072;
/// Rows of a page.
pub(super) const PAGE_ROWS: usize = 16_384;

/// The column whose pages have statistics.
const TS_INIT: &str = "ts_init";

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

struct Hashing<W: Output> {
    file: io::BufWriter<W>,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Output> Hashing<W> {
    fn create<S: Storage<Output = W>>(storage: &S, path: &Path) -> Result<Self, StoreError> {
        let file = storage.create(path).map_err(StoreError::io(path))?;
        let file = io::BufWriter::with_capacity(1 << 20, file);
        Ok(Self { file, hasher: Sha256::new(), bytes: 0 })
    }

    /// Hands everything to the system, not yet to the disk.
    fn close(self, path: &Path, rows: u64) -> Result<(FileSummary, W), StoreError> {
        let file = self.file.into_inner().map_err(|e| StoreError::io(path)(e.into_error()))?;
        Ok((FileSummary { bytes: self.bytes, rows, sha256: hex(&self.hasher.finalize()) }, file))
    }

    /// Makes the file durable.
    fn finish(self, path: &Path, rows: u64) -> Result<FileSummary, StoreError> {
        let (summary, mut file) = self.close(path, rows)?;
        file.sync().map_err(StoreError::io(path))?;
        Ok(summary)
    }
}

impl<W: Output> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// How parquet-rs encodes the columns that are left to it.
fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(chunk::LEVEL).unwrap_or_default();
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_data_page_size_limit(8 << 20)
        .set_created_by(format!("tickwright {}", env!("CARGO_PKG_VERSION")))
        .set_statistics_enabled(EnabledStatistics::None)
        .build()
}

/// An error of writing a file, with its cause where that is the disk's.
pub(super) fn failure(path: &Path, error: ParquetError) -> StoreError {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => StoreError::io(path)(*error),
            Err(other) => StoreError::Parquet { path: path.to_owned(), reason: other.to_string() },
        },
        error => StoreError::Parquet { path: path.to_owned(), reason: error.to_string() },
    }
}

/// Writes one file, row group by row group.
///
/// Groups may be encoded apart, on any thread, and are added in their order: [`Self::encoder`],
/// [`GroupEncoder::encode`], [`Self::append`].
pub struct FileWriter<W: Output = File> {
    path: Arc<Path>,
    writer: SerializedFileWriter<Hashing<W>>,
    schema: SchemaDescPtr,
    /// For the columns that [`chunk`] does not take.
    others: Option<ArrowRowGroupWriterFactory>,
    rows: u64,
}

/// Memory that encoding uses again: one for each thread.
#[derive(Default)]
pub struct Scratch(chunk::Encoder);

/// Encodes one row group of a file.
pub struct GroupEncoder {
    path: Arc<Path>,
    schema: SchemaDescPtr,
    /// By leaf; empty where [`chunk`] takes all columns.
    others: Vec<ArrowColumnWriter>,
}

/// A file that is written and not durable yet.
#[must_use = "what is not synced can be lost"]
pub struct Unsynced<W: Output = File> {
    path: Arc<Path>,
    file: W,
}

impl<W: Output> Unsynced<W> {
    /// Makes it durable.
    ///
    /// # Errors
    /// What the file system gives: also an error of having written it earlier.
    pub fn sync(mut self) -> Result<(), StoreError> {
        self.file.sync().map_err(StoreError::io(&*self.path))
    }
}

/// A row group that was encoded.
pub struct EncodedGroup {
    columns: Vec<EncodedColumn>,
    /// Keys and costs of the rows, which no file gets.
    marks: Vec<Chunk>,
    rows: usize,
}

enum EncodedColumn {
    Chunk(Chunk),
    Other(ArrowColumnChunk),
}

/// A row group whose bytes are in a file.
pub struct SavedGroup {
    offset: u64,
    /// Each with its length and without its bytes.
    columns: Vec<(usize, Chunk)>,
    marks: Vec<(usize, Chunk)>,
    rows: usize,
}

impl SavedGroup {
    fn read(&self, file: &File, chunks: &[&[(usize, Chunk)]]) -> io::Result<Vec<Chunk>> {
        let all = || chunks.iter().copied().flatten();
        let mut bytes = vec![0; all().map(|(length, _)| length).sum()];
        file.read_exact_at(&mut bytes, self.offset)?;
        let mut bytes = Bytes::from(bytes);
        Ok(all().map(|(length, chunk)| Chunk { bytes: bytes.split_to(*length), ..chunk.clone() }).collect())
    }

    /// Reads it back, without keys and costs.
    ///
    /// # Errors
    /// What reading gives.
    pub fn load(&self, file: &File) -> io::Result<EncodedGroup> {
        let columns = self.read(file, &[&self.columns])?.into_iter().map(EncodedColumn::Chunk).collect();
        Ok(EncodedGroup { columns, marks: Vec::new(), rows: self.rows })
    }

    /// Appends the rows that were encoded, with their keys and costs. `path` is that of `file`, for messages; of `label` type
    /// and flavour count.
    ///
    /// # Errors
    /// What reading gives.
    pub fn restore(
        &self,
        file: &File,
        path: &Path,
        label: &Label<'_>,
        into: &mut Rows,
    ) -> Result<(), StoreError> {
        let chunks = self.read(file, &[&self.columns, &self.marks]).map_err(StoreError::io(path))?;
        let decode = || -> ::parquet::errors::Result<RecordBatch> {
            let schema =
                ArrowSchemaConverter::new().convert(&marked_schema(label, !self.marks.is_empty()))?;
            let mut bytes = Vec::new();
            let mut writer =
                SerializedFileWriter::new(&mut bytes, schema.root_schema_ptr(), Arc::new(properties()))?;
            let mut group = writer.next_row_group()?;
            chunks.into_iter().try_for_each(|chunk| chunk.append(&mut group))?;
            group.close()?;
            writer.close()?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))?;
            let batch = reader.with_batch_size(self.rows).build()?.next();
            Ok(batch.ok_or(ParquetError::EOF("a group has no rows".to_owned()))??)
        };
        let batch = decode().map_err(|e| failure(path, e))?;
        restore_rows(&batch, into).ok_or_else(|| StoreError::Damaged {
            path: path.to_owned(),
            reason: "a group that was encoded ahead is damaged".to_owned(),
        })
    }
}

impl EncodedGroup {
    /// Bytes of it that are kept in memory here.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let length = |column: &EncodedColumn| match column {
            EncodedColumn::Chunk(chunk) => chunk.bytes.len(),
            EncodedColumn::Other(_) => 0,
        };
        let marks = self.marks.iter().map(|chunk| chunk.bytes.len());
        self.columns.iter().map(length).chain(marks).sum()
    }

    /// Writes it to a file, from `offset` on; `None` where it has columns that cannot be kept.
    ///
    /// # Errors
    /// What writing gives.
    pub fn save(self, file: &File, offset: u64) -> io::Result<Option<SavedGroup>> {
        let mut at = offset;
        let mut write = |chunk: Chunk| {
            let length = chunk.bytes.len();
            file.write_all_at(&chunk.bytes, at)?;
            at += length as u64;
            Ok((length, Chunk { bytes: Bytes::new(), ..chunk }))
        };
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in self.columns {
            let EncodedColumn::Chunk(chunk) = column else { return Ok(None) };
            columns.push(write(chunk)?);
        }
        let marks = self.marks.into_iter().map(write).collect::<io::Result<_>>()?;
        Ok(Some(SavedGroup { offset, columns, marks, rows: self.rows }))
    }
}

/// The schema of a type, with columns for keys and costs where `marked`.
fn marked_schema(label: &Label<'_>, marked: bool) -> Schema {
    let marks = [Field::new("key", Arrow::UInt64, false), Field::new("cost", Arrow::UInt32, false)];
    let fields = arrow_schema(label).fields;
    let marks = marks.into_iter().filter(|_| marked).map(Arc::new);
    Schema::new(fields.iter().cloned().chain(marks).collect::<Fields>())
}

/// Whether [`chunk`] encodes a column.
fn is_hot(field: &Field) -> bool {
    !field.is_nullable() && chunk::takes(field.data_type())
}

impl FileWriter {
    /// A new file at `path`; of `label` only type and flavour count here.
    ///
    /// # Errors
    /// What creating it gives.
    pub fn create(path: &Path, label: &Label<'_>) -> Result<Self, StoreError> {
        Self::create_in(&LocalStorage, path, &arrow_schema(label))
    }
}

impl<W: Output> FileWriter<W> {
    fn create_in<S: Storage<Output = W>>(
        storage: &S,
        path: &Path,
        schema: &Schema,
    ) -> Result<Self, StoreError> {
        let sink = Hashing::create(storage, path)?;
        let schema = Arc::new(schema.clone().with_metadata(HashMap::new()));
        let parquet = ArrowSchemaConverter::new().convert(&schema).map_err(|e| failure(path, e))?;
        let writer = SerializedFileWriter::new(sink, parquet.root_schema_ptr(), Arc::new(properties()))
            .map_err(|e| failure(path, e))?;
        let others = (!schema.fields().iter().all(|field| is_hot(field)))
            .then(|| ArrowRowGroupWriterFactory::new(&writer, schema));
        Ok(Self { path: path.into(), writer, schema: Arc::new(parquet), others, rows: 0 })
    }

    /// An encoder of a row group; all but the last have [`ROW_GROUP_ROWS`].
    ///
    /// # Errors
    /// What the format gives.
    pub fn encoder(&self) -> Result<GroupEncoder, StoreError> {
        let others = self.others.as_ref().map(|factory| factory.create_column_writers(0)).transpose();
        let others = others.map_err(|e| failure(&self.path, e))?.unwrap_or_default();
        Ok(GroupEncoder { path: self.path.clone(), schema: self.schema.clone(), others })
    }

    /// Adds the next row group.
    ///
    /// # Errors
    /// What writing gives.
    pub fn append(&mut self, group: EncodedGroup) -> Result<(), StoreError> {
        self.rows += group.rows as u64;
        let append = || {
            let mut writer = self.writer.next_row_group()?;
            group.columns.into_iter().try_for_each(|column| match column {
                EncodedColumn::Chunk(chunk) => chunk.append(&mut writer),
                EncodedColumn::Other(chunk) => chunk.append_to_row_group(&mut writer),
            })?;
            writer.close().map(drop)
        };
        append().map_err(|e| failure(&self.path, e))
    }

    /// Encodes and adds a row group.
    ///
    /// # Errors
    /// A value that the flavour cannot hold, or what writing gives.
    #[cfg(test)]
    pub fn write_row_group(&mut self, columns: AnyColumns, label: &Label<'_>) -> Result<(), StoreError> {
        let rows = 0..columns.rows();
        let group = self.encoder()?.encode(&[(&columns, rows)], label, &mut Scratch::default())?;
        self.append(group)
    }

    /// Rows so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Binds the label and ends the file, which is not durable yet.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self, label: &Label<'_>) -> Result<(FileSummary, Unsynced<W>), StoreError> {
        for (key, value) in label.metadata() {
            self.writer.append_key_value_metadata(KeyValue::new(key, value));
        }
        match self.writer.into_inner() {
            Ok(sink) => {
                let (summary, file) = sink.close(&self.path, self.rows)?;
                Ok((summary, Unsynced { path: self.path, file }))
            }
            Err(error) => Err(failure(&self.path, error)),
        }
    }
}

impl GroupEncoder {
    /// Whether [`Self::apart`] has an encoder for a type and flavour.
    #[must_use]
    pub fn is_apart(label: &Label<'_>) -> bool {
        is_columnar(label.data_type, label.flavour)
            && arrow_schema(label).fields.iter().all(|field| is_hot(field))
    }

    /// An encoder for a file that is not there yet, `path` being named in errors; `None` for a type with columns that only its
    /// file can encode. Of `label` only type and flavour count here.
    ///
    /// # Errors
    /// What the format gives.
    pub fn apart(path: &Path, label: &Label<'_>) -> Result<Option<Self>, StoreError> {
        if !Self::is_apart(label) {
            return Ok(None);
        }
        let schema = ArrowSchemaConverter::new().convert(&marked_schema(label, true));
        let schema = schema.map_err(|e| failure(path, e))?;
        Ok(Some(Self { path: path.into(), schema: Arc::new(schema), others: Vec::new() }))
    }

    /// Encodes rows with their keys and costs; of an encoder that stands [`Self::apart`].
    ///
    /// # Errors
    /// A value that the flavour cannot hold.
    pub fn encode_rows(
        self,
        rows: &[&Rows],
        label: &Label<'_>,
        scratch: &mut Scratch,
    ) -> Result<EncodedGroup, StoreError> {
        let columns: Vec<_> = rows.iter().map(|rows| (&rows.columns, 0..rows.rows())).collect();
        let mut group = self.encode_columns(&columns, &arrow_schema(label).fields, scratch)?;
        if rows.iter().all(|rows| rows.is_marked()) {
            let keys = Values::of_longs(rows.iter().map(|rows| rows.keys.as_slice()));
            let costs = Values::of_counts(rows.iter().map(|rows| rows.costs.as_slice()));
            for values in [keys, costs] {
                let descr = self.schema.column(group.columns.len() + group.marks.len());
                let chunk = scratch.0.encode(&values, &descr, false);
                group.marks.push(chunk.map_err(|e| failure(&self.path, e))?);
            }
        }
        Ok(group)
    }

    /// Encodes the rows of the group, which come in pieces.
    ///
    /// # Errors
    /// A value that the flavour cannot hold.
    pub fn encode(
        self,
        pieces: &[(&AnyColumns, Range<usize>)],
        label: &Label<'_>,
        scratch: &mut Scratch,
    ) -> Result<EncodedGroup, StoreError> {
        if Self::is_apart(label) {
            return self.encode_columns(pieces, &arrow_schema(label).fields, scratch);
        }
        let mut columns = AnyColumns::new(label.data_type);
        for (piece, rows) in pieces {
            columns.extend_range(piece, rows.clone());
        }
        let batch = record_batch(columns, label).map_err(|e| self.refused(&e))?;
        self.encode_batch(&batch, scratch)
    }

    fn refused(&self, error: &SchemaError) -> StoreError {
        StoreError::Parquet { path: self.path.to_path_buf(), reason: error.to_string() }
    }

    /// Encodes columns from where they are.
    fn encode_columns(
        &self,
        pieces: &[(&AnyColumns, Range<usize>)],
        fields: &Fields,
        Scratch(encoder): &mut Scratch,
    ) -> Result<EncodedGroup, StoreError> {
        let physical: Vec<Vec<&dyn Physical>> = pieces.iter().map(|(piece, _)| piece.physical()).collect();
        let mut columns = Vec::with_capacity(fields.len());
        for (at, field) in fields.iter().enumerate() {
            let views: Vec<_> =
                physical.iter().zip(pieces).map(|(of, (_, rows))| (of[at].view(), rows.clone())).collect();
            let values = Values::of_columns(&views, field.data_type(), code_names(field.name()));
            let values = values.map_err(|error| {
                self.refused(&match error {
                    ValuesError::Narrow(row, value) => {
                        SchemaError::narrow(pieces[0].0.data_type(), row, value)
                    }
                    ValuesError::Kind => SchemaError::Arrow(format!("{} is of another kind", field.name())),
                })
            })?;
            let chunk = encoder.encode(&values, &self.schema.column(at), field.name() == TS_INIT);
            columns.push(EncodedColumn::Chunk(chunk.map_err(|e| failure(&self.path, e))?));
        }
        let rows = pieces.iter().map(|(_, rows)| rows.len()).sum();
        Ok(EncodedGroup { columns, marks: Vec::new(), rows })
    }

    fn encode_batch(self, batch: &RecordBatch, scratch: &mut Scratch) -> Result<EncodedGroup, StoreError> {
        let Self { path, schema, others } = self;
        let mut others: Vec<Option<ArrowColumnWriter>> = others.into_iter().map(Some).collect();
        let mut encode = || {
            let mut columns = Vec::with_capacity(schema.num_columns());
            for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                if is_hot(field) {
                    let (values, descr) = (Values::of_array(array)?, schema.column(columns.len()));
                    let chunk = scratch.0.encode(&values, &descr, field.name() == TS_INIT)?;
                    columns.push(EncodedColumn::Chunk(chunk));
                    continue;
                }
                for leaf in compute_leaves(field, array)? {
                    if let Some(mut writer) = others.get_mut(columns.len()).and_then(Option::take) {
                        writer.write(&leaf)?;
                        columns.push(EncodedColumn::Other(writer.close()?));
                    }
                }
            }
            Ok(columns)
        };
        let columns = encode().map_err(|e| failure(&path, e))?;
        Ok(EncodedGroup { columns, marks: Vec::new(), rows: batch.num_rows() })
    }
}

/// Runs what reads a file that somebody may have damaged: parquet-rs panics over some of what it is given.
///
/// # Errors
/// What `read` gives, and [`StoreError::Parquet`] for a panic.
pub(super) fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // What `read` had in its hands is given up with it: readers, and files that are staged.
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let reason = "it is damaged: its pages or its footer say what cannot be".to_owned();
        Err(StoreError::Parquet { path: path.to_owned(), reason })
    })
}

/// Copies a file with another label: the pages are copied as they are, only the footer is written anew.
///
/// # Errors
/// What reading and writing give.
pub(super) fn relabel<S: Storage>(
    storage: &S,
    source: &Path,
    target: &Path,
    label: &Label<'_>,
) -> Result<FileSummary, StoreError> {
    let parquet_error = |e: ParquetError| failure(source, e);
    let input = storage.open(source).map_err(StoreError::io(source))?;
    let options = ::parquet::file::serialized_reader::ReadOptionsBuilder::new().with_page_index().build();
    let reader = SerializedFileReader::new_with_options(input, options).map_err(parquet_error)?;
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let sink = Hashing::create(storage, target)?;
    let mut writer = SerializedFileWriter::new(sink, schema.root_schema_ptr(), Arc::new(properties()))
        .map_err(parquet_error)?;
    let pages = storage.open(source).map_err(StoreError::io(source))?;
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let mut out = writer.next_row_group().map_err(parquet_error)?;
        for (at, column) in group.columns().iter().enumerate() {
            let result = ::parquet::column::writer::ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: metadata.column_index().and_then(|index| index.get(number)?.get(at).cloned()),
                offset_index: metadata.offset_index().and_then(|index| index.get(number)?.get(at).cloned()),
            };
            out.append_column(&pages, result).map_err(parquet_error)?;
        }
        out.close().map_err(parquet_error)?;
    }
    for (key, value) in label.metadata() {
        writer.append_key_value_metadata(KeyValue::new(key, value));
    }
    let rows = metadata.file_metadata().num_rows() as u64;
    writer.into_inner().map_err(parquet_error)?.finish(target, rows)
}

/// Rows of a file that were copied.
pub(super) struct CopiedSpan {
    pub summary: FileSummary,
    pub start_ns: u64,
    pub end_ns: u64,
}

/// Copies the rows with `from <= ts_init < to` into a new file; `None` when there are none.
pub(super) fn copy_span<S: Storage>(
    storage: &S,
    source: &Path,
    target: &Path,
    label: &Label<'_>,
    from: u64,
    to: u64,
) -> Result<Option<CopiedSpan>, StoreError> {
    let parquet_error = |reason: String| StoreError::Parquet { path: source.to_owned(), reason };
    let input = storage.open(source).map_err(StoreError::io(source))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(input).map_err(|e| parquet_error(e.to_string()))?;
    let reader = builder.with_batch_size(ROW_GROUP_ROWS).build().map_err(|e| parquet_error(e.to_string()))?;
    let mut out: Option<FileWriter<S::Output>> = None;
    let mut scratch = Scratch::default();
    let (mut start_ns, mut end_ns) = (0, 0);
    for batch in reader {
        let batch = batch.map_err(|e| parquet_error(e.to_string()))?;
        let times = receive_times(&batch).ok_or_else(|| parquet_error(NO_TIMES.to_owned()))?;
        let start = times.partition_point(|ts| *ts < from);
        let end = times.partition_point(|ts| *ts < to);
        if start >= end {
            continue;
        }
        let part = batch.slice(start, end - start);
        let writer = match &mut out {
            Some(writer) => writer,
            None => {
                start_ns = times[start];
                out.insert(FileWriter::create_in(storage, target, part.schema_ref())?)
            }
        };
        let group = writer.encoder()?.encode_batch(&part, &mut scratch)?;
        writer.append(group)?;
        end_ns = times[end - 1];
    }
    let Some(writer) = out else { return Ok(None) };
    let (summary, unsynced) = writer.finish(label)?;
    unsynced.sync()?;
    Ok(Some(CopiedSpan { summary, start_ns, end_ns }))
}

const NO_TIMES: &str = "ts_init is missing or of an unknown type";

/// The receive times of a batch, ns UTC.
fn receive_times(batch: &RecordBatch) -> Option<Vec<u64>> {
    let column = batch.column_by_name("ts_init")?;
    let signed = |values: &[i64]| values.iter().map(|v| *v as u64).collect();
    if let Some(c) = column.as_primitive_opt::<UInt64Type>() {
        return Some(c.values().to_vec());
    }
    let nanoseconds = || column.as_primitive_opt::<TimestampNanosecondType>().map(|c| signed(c.values()));
    column.as_primitive_opt::<Int64Type>().map(|c| signed(c.values())).or_else(nanoseconds)
}

/// Number and receive time of the last trade of a file before a span of receive times, and of the first one after it.
pub(super) fn trades_beside<S: Storage>(
    storage: &S,
    source: &Path,
    span: &RangeInclusive<u64>,
) -> Result<[Option<(u64, u64)>; 2], StoreError> {
    let parquet_error = |reason: String| StoreError::Parquet { path: source.to_owned(), reason };
    let input = storage.open(source).map_err(StoreError::io(source))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(input).map_err(|e| parquet_error(e.to_string()))?;
    let wanted = ProjectionMask::columns(builder.parquet_schema(), ["trade_id", "ts_init"]);
    let reader = builder.with_projection(wanted).build().map_err(|e| parquet_error(e.to_string()))?;
    let [mut before, mut after] = [None; 2];
    for batch in reader {
        let batch = batch.map_err(|e| parquet_error(e.to_string()))?;
        let times = receive_times(&batch).ok_or_else(|| parquet_error(NO_TIMES.to_owned()))?;
        let ids = batch.column_by_name("trade_id").and_then(|column| column.as_string_opt::<i32>());
        let row = |at: usize| Some((ids?.value(at).parse().ok()?, times[at]));
        let start = times.partition_point(|ts| ts < span.start());
        let end = times.partition_point(|ts| ts <= span.end());
        before = start.checked_sub(1).and_then(row).or(before);
        if end < times.len() {
            after = row(end);
            break;
        }
    }
    Ok([before, after])
}

/// The flavour that a file's prices tell.
pub(super) fn flavour_of(file: impl ChunkReader + 'static) -> Option<crate::schema::Flavour> {
    use crate::schema::Flavour;
    let reader = SerializedFileReader::new(file).ok()?;
    let schema = reader.metadata().file_metadata().schema_descr();
    schema.columns().iter().find_map(|column| {
        if column.physical_type() != ::parquet::basic::Type::FIXED_LEN_BYTE_ARRAY {
            return None;
        }
        Some(match (column.logical_type_ref().is_some(), column.type_length()) {
            (true, _) => Flavour::V2,
            (false, 8) => Flavour::V1Standard,
            _ => Flavour::V1High,
        })
    })
}
