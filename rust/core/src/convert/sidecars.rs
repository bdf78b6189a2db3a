//! Files beside the data: rejects, gaps, end states.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType as Arrow, Field, Schema};
use serde_json::json;

use crate::feed::{FeedState, GapRecord, Reject};
use crate::instrument::Definition;
use crate::store::{Catalog, StoreError};

/// Rejects as they come: one JSON object a line, zstd.
pub(super) struct RejectsFile {
    path: PathBuf,
    writer: Option<zstd::stream::write::Encoder<'static, BufWriter<File>>>,
}

impl RejectsFile {
    pub fn new(dir: &Path) -> Self {
        Self { path: dir.join("rejects.jsonl.zst"), writer: None }
    }

    pub fn write(
        &mut self,
        rejects: Vec<Reject>,
        name: impl Fn(u32) -> (String, String),
    ) -> Result<(), StoreError> {
        if rejects.is_empty() {
            return Ok(());
        }
        let failed = |source| StoreError::Io { path: self.path.clone(), source };
        if self.writer.is_none() {
            let file = File::create_new(&self.path).map_err(failed)?;
            self.writer = Some(zstd::stream::write::Encoder::new(BufWriter::new(file), 3).map_err(failed)?);
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        for reject in rejects {
            let (source, sha256) = name(reject.source);
            // Bytes that are text are kept as text; others as hexadecimal, so that nothing is lost.
            let (body, encoding) = match String::from_utf8(reject.body) {
                Ok(text) => (text, "utf-8"),
                Err(error) => (error.as_bytes().iter().map(|b| format!("{b:02x}")).collect(), "hex"),
            };
            let line = json!({
                "source": source, "sha256": sha256, "frame": reject.frame, "line": reject.line,
                "offset": reject.offset, "at": reject.at, "ts": reject.ts, "code": reject.code,
                "reason": reject.reason, "symbol": reject.symbol, "encoding": encoding, "body": body,
            });
            writeln!(writer, "{line}").map_err(failed)?;
        }
        Ok(())
    }

    pub fn finish(self) -> Result<Option<PathBuf>, StoreError> {
        let Some(writer) = self.writer else { return Ok(None) };
        let path = self.path;
        let failed = |source| StoreError::Io { path: path.clone(), source };
        let buffer = writer.finish().map_err(failed)?;
        let file = buffer.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(Some(path))
    }
}

/// Gaps as Parquet that a user can query.
pub(super) fn write_gaps(dir: &Path, gaps: &[GapRecord]) -> Result<Option<PathBuf>, StoreError> {
    if gaps.is_empty() {
        return Ok(None);
    }
    let path = dir.join("gaps.parquet");
    let refused = |reason: String| StoreError::Parquet { path: path.clone(), reason };
    let texts =
        |of: &dyn Fn(&GapRecord) -> String| -> StringArray { gaps.iter().map(|g| Some(of(g))).collect() };
    let numbers = |of: &dyn Fn(&GapRecord) -> u64| UInt64Array::from_iter_values(gaps.iter().map(of));
    let text = |name: &str| Field::new(name, Arrow::Utf8, false);
    let number = |name: &str| Field::new(name, Arrow::UInt64, false);
    let schema = Schema::new(vec![
        text("instrument_id"),
        text("channel"),
        text("cause"),
        number("from_sequence"),
        number("to_sequence"),
        number("from_ns"),
        number("to_ns"),
        number("resolved_ns"),
        text("resolution"),
        number("withheld"),
    ]);
    let batch = RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(texts(&|g| g.instrument_id.to_string())),
            Arc::new(texts(&|g| g.channel.to_string())),
            Arc::new(texts(&|g| g.gap.cause.name().to_owned())),
            Arc::new(numbers(&|g| g.gap.from_sequence)),
            Arc::new(numbers(&|g| g.gap.to_sequence)),
            Arc::new(numbers(&|g| g.gap.from_ns)),
            Arc::new(numbers(&|g| g.gap.to_ns)),
            Arc::new(numbers(&|g| g.gap.resolved_ns)),
            Arc::new(texts(&|g| g.gap.resolution.to_owned())),
            Arc::new(numbers(&|g| g.gap.withheld)),
        ],
    )
    .map_err(|e| refused(e.to_string()))?;
    let file = File::create_new(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None)
        .map_err(|e| refused(e.to_string()))?;
    writer.write(&batch).map_err(|e| refused(e.to_string()))?;
    let file = writer.into_inner().map_err(|e| refused(e.to_string()))?;
    file.sync_all().map_err(|source| StoreError::Io { path: path.clone(), source })?;
    Ok(Some(path))
}

/// Writes the end states of every feed.
pub(super) fn write_states(dir: &Path, states: &BTreeMap<String, FeedState>) -> Result<PathBuf, StoreError> {
    let path = dir.join("state.json.zst");
    let failed = |source| StoreError::Io { path: path.clone(), source };
    let text = serde_json::to_vec(states).map_err(|e| failed(e.into()))?;
    let packed = zstd::bulk::compress(&text, 3).map_err(failed)?;
    let mut file = File::create_new(&path).map_err(failed)?;
    file.write_all(&packed).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(path)
}

/// Writes instrument definitions.
pub(super) fn write_definitions(
    dir: &Path,
    definitions: &[Definition],
) -> Result<Option<PathBuf>, StoreError> {
    if definitions.is_empty() {
        return Ok(None);
    }
    let path = dir.join("definitions.json");
    let failed = |source| StoreError::Io { path: path.clone(), source };
    let text = serde_json::to_vec(definitions).map_err(|e| failed(e.into()))?;
    let mut file = File::create_new(&path).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(Some(path))
}

/// Definitions of a catalog's commits that are not written as instruments yet; of an instrument the newest.
pub(super) fn due_definitions(catalog: &Catalog) -> Result<Vec<Definition>, StoreError> {
    let mut due: BTreeMap<String, Definition> = BTreeMap::new();
    for path in catalog.definitions_due() {
        let text = std::fs::read(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
        let read: Vec<Definition> = serde_json::from_slice(&text)
            .map_err(|e| StoreError::Damaged { path: path.clone(), reason: e.to_string() })?;
        due.extend(read.into_iter().map(|definition| (definition.instrument_id.to_string(), definition)));
    }
    Ok(due.into_values().collect())
}

/// Reads the newest end states of a catalog.
pub(super) fn read_states(catalog: &Catalog) -> Result<BTreeMap<String, FeedState>, StoreError> {
    let Some(relative) = &catalog.state().state else { return Ok(BTreeMap::new()) };
    let path = catalog.root().join(relative);
    let damaged = |reason: String| StoreError::Damaged { path: path.clone(), reason };
    let packed = std::fs::read(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
    let text = zstd::stream::decode_all(packed.as_slice()).map_err(|e| damaged(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))
}
