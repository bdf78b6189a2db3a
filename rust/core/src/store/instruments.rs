//! Instruments in a catalog: one file each, named as NautilusTrader names it, beside those that are there.
//!
//! A definition equal to the instrument that is there gives no file: of several files of one id the newest counts, whoever
//! wrote it. A file that is not tickwright's is never touched, and one that cannot be understood is no instrument: where
//! such a file has the name of a new one, that is left out and told.
//!
//! Every file is put in place on its own, whole and durable. Whoever is stopped in between writes the others later: see
//! [`super::Catalog::definitions_due`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use ::parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};

use super::files::{
    create_dirs, make_dirs, put_if_absent_unsynced, read, refuse_links, sync_dirs, write_new,
};
use super::parquet::{failure, guarded};
use super::paths::{class_folder, file_name, id_folder};
use super::{Layout, LocalStorage, OURS, Staging, Storage, StoreError, chunk};
use crate::instrument::Definition;
use crate::schema::{Instrument, InstrumentValue};

/// How a file of ours says who wrote it, before the version.
const CREATED_BY: &str = "tickwright ";

/// What became of definitions.
#[derive(Debug, Default)]
pub struct InstrumentsWritten {
    /// Files that are new.
    pub written: usize,
    /// Definitions that are no file.
    pub left: Vec<InstrumentLeft>,
}

/// A definition that was not written.
#[derive(Debug)]
pub struct InstrumentLeft {
    /// Instrument id.
    pub id: String,
    /// Why.
    pub why: LeftWhy,
}

/// Why a definition was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftWhy {
    /// NautilusTrader has no class for it.
    NoClass,
    /// NautilusTrader takes none such, or its id cannot name a folder.
    Refused(String),
    /// A file of somebody else has its name; relative to the catalog.
    Taken(String),
}

/// A definition that is an instrument.
struct Planned {
    instrument: Instrument,
    /// Its folder, relative to the catalog.
    folder: String,
    /// Its file, where one equal to it is not there.
    staged: Option<Staged>,
}

/// A staged file.
struct Staged {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Writes definitions as instruments into the catalog at `root`; `staging` is a name that no other writer uses.
///
/// # Errors
/// What the file system gives.
pub fn write_instruments(
    root: &Path,
    layout: Layout,
    definitions: &[Definition],
    staging: &str,
) -> Result<InstrumentsWritten, StoreError> {
    let storage = LocalStorage;
    create_dirs(&storage, &root.join(OURS).join("staging"))?;
    let staging = Staging::create(storage, root, staging)?;
    write(&storage, root, layout, definitions, &staging)
}

pub(super) fn write<S: Storage>(
    storage: &S,
    root: &Path,
    layout: Layout,
    definitions: &[Definition],
    staging: &Staging<S>,
) -> Result<InstrumentsWritten, StoreError> {
    let mut done = InstrumentsWritten::default();
    let left = |id: &str, why| InstrumentLeft { id: id.to_owned(), why };
    let mut planned = Vec::new();
    for definition in definitions {
        match plan(layout, definition) {
            Ok(plan) => planned.push(plan),
            Err(why) => done.left.push(left(&definition.instrument_id, why)),
        }
    }
    for (number, plan) in planned.iter_mut().enumerate() {
        stage(storage, root, plan, &staging.path().join(number.to_string()))?;
    }
    // Folders of files that are there too: whoever put them there may have been stopped before that was durable.
    let mut changed = BTreeSet::new();
    for plan in &planned {
        let folder = root.join(&plan.folder);
        if let Some(staged) = &plan.staged {
            make_dirs(storage, &folder)?;
            let name = file_name(plan.instrument.ts_ns(), plan.instrument.ts_ns());
            match place(storage, &folder.join(&name), &plan.instrument, staged)? {
                Placed::New => done.written += 1,
                Placed::There => {}
                Placed::Taken => {
                    let why = LeftWhy::Taken(format!("{}/{name}", plan.folder));
                    done.left.push(left(plan.instrument.id(), why));
                }
            }
        }
        let inside = folder.ancestors().take_while(|path| path.starts_with(root));
        changed.extend(inside.map(Path::to_owned));
    }
    sync_dirs(storage, &changed.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    Ok(done)
}

/// What a definition is to be.
fn plan(layout: Layout, definition: &Definition) -> Result<Planned, LeftWhy> {
    if !layout.has(definition.class) {
        return Err(LeftWhy::NoClass);
    }
    let instrument = Instrument::try_from(definition).map_err(|e| LeftWhy::Refused(e.to_string()))?;
    let folder = id_folder(instrument.id()).map_err(|e| LeftWhy::Refused(e.to_string()))?;
    let folder = format!("data/{}/{folder}", class_folder(instrument.class()));
    Ok(Planned { instrument, folder, staged: None })
}

/// Stages the file of an instrument unless an equal one is there.
fn stage<S: Storage>(storage: &S, root: &Path, plan: &mut Planned, path: &Path) -> Result<(), StoreError> {
    refuse_links(storage, root, &plan.folder)?;
    if is_held(storage, &root.join(&plan.folder), &plan.instrument) {
        return Ok(());
    }
    let refused = |reason| StoreError::Parquet { path: path.to_owned(), reason };
    let bytes = encode(&plan.instrument).map_err(refused)?;
    write_new(storage, path, &bytes)?;
    plan.staged = Some(Staged { path: path.to_owned(), bytes });
    Ok(())
}

/// What became of a staged file.
enum Placed {
    New,
    There,
    Taken,
}

/// Gives a staged file its name; a file of ours that has it is replaced.
fn place<S: Storage>(
    storage: &S,
    target: &Path,
    instrument: &Instrument,
    staged: &Staged,
) -> Result<Placed, StoreError> {
    if put_if_absent_unsynced(storage, &staged.path, target)? {
        return Ok(Placed::New);
    }
    if !is_ours(storage, target, instrument) {
        return Ok(Placed::Taken);
    }
    if read(storage, target)? == staged.bytes {
        return Ok(Placed::There);
    }
    storage.rename(&staged.path, target).map_err(StoreError::io(target))?;
    Ok(Placed::New)
}

/// The bytes of an instrument's file.
fn encode(instrument: &Instrument) -> Result<Vec<u8>, String> {
    let batch = instrument.batch().map_err(|e| e.to_string())?;
    let (key, class) = instrument.metadata();
    let level = ZstdLevel::try_new(chunk::LEVEL).unwrap_or_default();
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(format!("{CREATED_BY}{}", env!("CARGO_PKG_VERSION")))
        .set_key_value_metadata(Some(vec![KeyValue::new(key.to_owned(), class.to_owned())]))
        .build();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).map_err(|e| e.to_string())?;
    writer.write(&batch).and_then(|()| writer.into_inner()).map_err(|e| e.to_string())
}

/// Whether the newest of an instrument in its folder says the same, whenever that was: the last row of the last file, by
/// name, that has one. A file that is as new and cannot be understood says nothing.
fn is_held<S: Storage>(storage: &S, folder: &Path, instrument: &Instrument) -> bool {
    let names = storage.list(folder).unwrap_or_default();
    let mut names: Vec<String> = names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.ends_with(".parquet"));
    names.sort();
    let said = names.iter().rev().find_map(|name| {
        let path = folder.join(name);
        let said = || opened(storage, &path).map_or(Ok(Some(false)), |file| says(&file, instrument));
        guarded(&path, || said().map_err(|e| failure(&path, e))).unwrap_or(Some(false))
    });
    said.unwrap_or(false)
}

/// Whether a file is one of ours, of this instrument: two ids may have one folder.
fn is_ours<S: Storage>(storage: &S, path: &Path, instrument: &Instrument) -> bool {
    let is_ours = || {
        opened(storage, path).is_some_and(|file| {
            let created_by = file.metadata().file_metadata().created_by();
            created_by.is_some_and(|by| by.starts_with(CREATED_BY))
                && says(&file, instrument).is_ok_and(|said| said.is_some())
        })
    };
    guarded(path, || Ok(is_ours())).unwrap_or(false)
}

fn opened<S: Storage>(storage: &S, path: &Path) -> Option<SerializedFileReader<S::Input>> {
    SerializedFileReader::new(storage.open(path).ok()?).ok()
}

/// Whether the last row of an instrument in a file says the same as it; `None` where the file has no row of it.
fn says(file: &impl FileReader, instrument: &Instrument) -> Result<Option<bool>, ParquetError> {
    for number in (0..file.num_row_groups()).rev() {
        let group = file.get_row_group(number)?;
        let id = Cell::Bytes(instrument.id().as_bytes().to_vec());
        let Some(row) = column(&*group, "id")?.iter().rposition(|held| held.as_ref() == Some(&id)) else {
            continue;
        };
        for (name, value) in instrument.facts() {
            if column(&*group, name)?.get(row) != Some(&cell(value)) {
                return Ok(Some(false));
            }
        }
        return Ok(Some(true));
    }
    Ok(None)
}

/// A value as Parquet has it.
#[derive(Debug, PartialEq, Eq)]
enum Cell {
    Bytes(Vec<u8>),
    Number(i64),
    Bool(bool),
}

fn cell(value: &InstrumentValue) -> Option<Cell> {
    let bytes = |text: &str| Cell::Bytes(text.as_bytes().to_vec());
    match value {
        InstrumentValue::Key8(text) | InstrumentValue::Key16(text) | InstrumentValue::Key64(text) => {
            text.as_deref().map(bytes)
        }
        InstrumentValue::Text(text) => Some(bytes(text)),
        InstrumentValue::Json(text) => Some(Cell::Bytes(text.clone())),
        InstrumentValue::U8(value) => Some(Cell::Number(i64::from(*value))),
        // Parquet keeps unsigned numbers as signed ones of the same bits.
        InstrumentValue::U64(value) => Some(Cell::Number(value.cast_signed())),
        InstrumentValue::Bool(value) => Some(Cell::Bool(*value)),
    }
}

/// A column of a row group, a cell a row.
fn column(group: &dyn RowGroupReader, name: &str) -> Result<Vec<Option<Cell>>, ParquetError> {
    let refused = |what: &str| ParquetError::General(format!("column {name} {what}"));
    let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| refused("has no number of rows"))?;
    let columns = group.metadata().schema_descr().columns();
    let number = columns.iter().position(|column| column.path().parts() == [name]);
    let number = number.ok_or_else(|| refused("is missing"))?;
    let levels = (columns[number].max_def_level(), columns[number].max_rep_level());
    if levels.0 > 1 || levels.1 > 0 {
        return Err(refused("is nested"));
    }
    let is_nullable = levels.0 == 1;
    match group.get_column_reader(number)? {
        ColumnReader::ByteArrayColumnReader(reader) => {
            cells(reader, rows, is_nullable, |value| Cell::Bytes(value.data().to_vec()))
        }
        ColumnReader::Int32ColumnReader(reader) => {
            cells(reader, rows, is_nullable, |value| Cell::Number(i64::from(*value)))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            cells(reader, rows, is_nullable, |value| Cell::Number(*value))
        }
        ColumnReader::BoolColumnReader(reader) => {
            cells(reader, rows, is_nullable, |value| Cell::Bool(*value))
        }
        _ => Err(refused("has another type")),
    }
}

fn cells<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    is_nullable: bool,
    cell: impl Fn(&T::T) -> Cell,
) -> Result<Vec<Option<Cell>>, ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    loop {
        let levels = is_nullable.then_some(&mut levels);
        if reader.read_records(rows, levels, None, &mut values)?.0 == 0 {
            break;
        }
    }
    let mut values = values.iter().map(cell);
    Ok(if is_nullable {
        levels.iter().map(|level| if *level == 0 { None } else { values.next() }).collect()
    } else {
        values.map(Some).collect()
    })
}
