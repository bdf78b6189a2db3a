//! A catalog and its commits: a redo log.
//!
//! 1. Everything is staged under `_tickwright/staging/<id>/`, synced and hashed.
//! 2. `_tickwright/log/<version>.json` is put if absent. **That put is the commit.**
//! 3. Applying is a redo under a lock: files are renamed into place in time order, folders exchanged; what is
//!    done already is passed over. All of it is synced, then a marker put. Any opener finishes what another began.
//!
//! What a commit names is never rolled back, and nothing is in `data/` before its commit. Files in `data/`
//! that the log does not know are foreign: they count in the overlap check and are never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::files::{
    create_dirs, make_dirs, put_if_absent, read, refuse_links, sha256, sync_dir, sync_dirs, sync_tree,
    write_new,
};
use super::instruments::{self, InstrumentsWritten};
use super::log::{Bindings, CatalogState, Entry, FileEntry, FolderEntry, Sidecar, SourceEntry};
use super::parquet::{copy_span, flavour_of, guarded, relabel, trades_beside};
use super::paths::{Layout, file_name, folder, id_folder, parse_file_name};
use super::staging::{Staging, is_orphan};
use super::storage::{LocalStorage, Storage};
use super::{OURS, StoreError};
use crate::data::DataType;
use crate::instrument::Definition;
use crate::schema::{Flavour, Label};
use crate::time;

/// What to do where new rows meet old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Refuse.
    #[default]
    Add,
    /// Put the new rows in place of the old ones.
    Replace,
    /// Keep only rows after the old ones (the caller has left the others out).
    AppendAfter,
}

/// A staged data file, for a commit.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Where it is staged.
    pub path: PathBuf,
    /// Type of the rows.
    pub data_type: DataType,
    /// Instrument id, or bar type.
    pub id: String,
    /// Instrument id.
    pub instrument_id: String,
    /// First receive time, ns UTC.
    pub start_ns: u64,
    /// Last receive time, ns UTC.
    pub end_ns: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
    /// Decimals of prices.
    pub price_precision: u8,
    /// Decimals of sizes.
    pub size_precision: u8,
}

/// What to commit.
#[derive(Debug, Default)]
pub struct CommitRequest {
    /// Version of the decoder.
    pub decoder: String,
    /// When, ns UTC.
    pub created_ns: u64,
    /// What to do about old rows.
    pub mode: Mode,
    /// Data files.
    pub files: Vec<NewFile>,
    /// Files beside the data: kind, staged path, file name extension.
    pub sidecars: Vec<(super::SidecarKind, PathBuf, &'static str)>,
    /// Sources.
    pub sources: Vec<SourceEntry>,
    /// Bindings.
    pub bindings: BTreeMap<String, Bindings>,
    /// Gaps found.
    pub gaps: u64,
    /// Rejects.
    pub rejects: u64,
}

/// What reading the log does about commits that are not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redo {
    /// Apply them; needs the lock.
    Apply,
    /// Leave them.
    Leave,
}

/// Folders of [`OURS`].
const OUR_FOLDERS: [&str; 7] = ["log", "applied", "staging", "gaps", "rejects", "state", "definitions"];

/// An opened catalog.
#[derive(Debug)]
pub struct Catalog<S: Storage = LocalStorage> {
    storage: S,
    root: PathBuf,
    flavour: Flavour,
    layout: Layout,
    state: CatalogState,
}

impl Catalog {
    /// Opens (or begins) the catalog at `root`, finishing what others began.
    ///
    /// # Errors
    /// A folder that is something else, another flavour, or what the file system gives.
    pub fn open(root: &Path, flavour: Flavour, layout: Layout) -> Result<Self, StoreError> {
        Self::open_in(LocalStorage, root, flavour, layout)
    }
}

/// Takes the empty folders away again of a catalog that was begun at `root` and got nothing.
pub fn unmake(root: &Path) {
    // Whoever has begun to write here meanwhile has a folder that is not empty.
    let ours = root.join(OURS);
    for folder in OUR_FOLDERS.map(|name| ours.join(name)).iter().chain([&ours, &root.to_owned()]) {
        let _ = std::fs::remove_dir(folder);
    }
}

impl<S: Storage> Catalog<S> {
    /// Opens (or begins) the catalog at `root` of a storage, finishing what others began.
    ///
    /// # Errors
    /// As [`Catalog::open`].
    pub fn open_in(storage: S, root: &Path, flavour: Flavour, layout: Layout) -> Result<Self, StoreError> {
        match storage.list(root) {
            Ok(names) => {
                let known = storage.is_dir(&root.join("data")) || storage.is_dir(&root.join(OURS));
                if !known && !names.is_empty() {
                    return Err(StoreError::NotACatalog { path: root.to_owned() });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => create_dirs(&storage, root)?,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(StoreError::NotACatalog { path: root.to_owned() });
            }
            Err(error) => return Err(StoreError::io(root)(error)),
        }
        let state = CatalogState::default();
        let mut catalog = Self { storage, root: root.to_owned(), flavour, layout, state };
        let ours = OUR_FOLDERS.map(|name| format!("{OURS}/{name}"));
        ours.iter().try_for_each(|folder| catalog.check_links(folder))?;
        if !catalog.refresh(Redo::Leave)? {
            // Someone began what is not finished, and may be at it now: one at a time.
            let _lock = catalog.lock()?;
            catalog.refresh(Redo::Apply)?;
        }
        catalog.check_format()?;
        ours.iter().try_for_each(|folder| create_dirs(&catalog.storage, &root.join(folder)))?;
        catalog.sweep()?;
        Ok(catalog)
    }

    /// What the log says.
    #[must_use]
    pub const fn state(&self) -> &CatalogState {
        &self.state
    }

    /// Definitions that commits brought and that nobody has written as instruments yet, oldest first: whoever
    /// writes instruments does it after the commit, and may have been stopped before.
    #[must_use]
    pub fn definitions_due(&self) -> Vec<PathBuf> {
        let paths = self.state.definitions.values().map(|target| self.root.join(target));
        paths.filter(|path| !self.storage.exists(&path.with_extension("written"))).collect()
    }

    /// Writes definitions as instruments, through a staging folder of the name given.
    ///
    /// # Errors
    /// What the file system gives.
    pub fn write_instruments(
        &self,
        definitions: &[Definition],
        staging: &str,
    ) -> Result<InstrumentsWritten, StoreError> {
        let staging = self.staging(staging)?;
        instruments::write(&self.storage, &self.root, self.layout, definitions, &staging)
    }

    /// Marks the definitions that are due as written.
    ///
    /// # Errors
    /// What the file system gives.
    pub fn mark_definitions(&self) -> Result<(), StoreError> {
        for held in self.definitions_due() {
            match write_new(&self.storage, &held.with_extension("written"), b"") {
                Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads the log and, where `redo` says so, applies what is not applied yet: for that the caller holds the
    /// lock. Whether all of it is applied.
    fn refresh(&mut self, redo: Redo) -> Result<bool, StoreError> {
        let log = self.root.join(OURS).join("log");
        let mut names: Vec<String> = match self.storage.list(&log) {
            Ok(names) => names.into_iter().filter_map(|name| name.into_string().ok()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(StoreError::io(log)(error)),
        };
        names.retain(|name| name.ends_with(".json"));
        names.sort();
        if redo == Redo::Apply {
            self.settle()?;
        }
        let mut state = CatalogState::default();
        for name in names {
            let path = log.join(&name);
            let text = read(&self.storage, &path)?;
            let entry: Entry = serde_json::from_slice(&text)
                .map_err(|e| StoreError::Damaged { path: path.clone(), reason: e.to_string() })?;
            if entry.version != state.version + 1 {
                let reason = format!("version {} follows {}", entry.version, state.version);
                return Err(StoreError::Damaged { path, reason });
            }
            if !self.storage.exists(&self.marker(entry.version)) {
                match redo {
                    Redo::Apply => self.apply(&entry)?,
                    Redo::Leave => return Ok(false),
                }
            }
            state.apply(&entry);
        }
        self.state = state;
        Ok(true)
    }

    /// Makes the log, the markers and the folders above them durable: whoever wrote an entry that is there may have
    /// been stopped before that, and what is about to be done builds on it.
    fn settle(&self) -> Result<(), StoreError> {
        let ours = self.root.join(OURS);
        for folder in [ours.join("log"), ours.join("applied"), ours, self.root.clone()] {
            if self.storage.is_dir(&folder) {
                sync_dir(&self.storage, &folder)?;
            }
        }
        // A folder that may be somebody else's, which not everyone may read.
        if let Some(above) = self.root.parent() {
            let _ = self.storage.sync_dir(above);
        }
        Ok(())
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let asked = (self.flavour.name().to_owned(), self.layout.name().to_owned());
        let describe = |f: &(String, String)| format!("{} in the layout of {}", f.0, f.1);
        let refuse = |held: String| StoreError::OtherFlavour {
            path: self.root.clone(),
            held,
            asked: describe(&asked),
        };
        match &self.state.format {
            Some(held) if *held != asked => Err(refuse(describe(held))),
            Some(_) => Ok(()),
            None => match foreign_flavour(&self.storage, &self.root.join("data")) {
                Some(held) if held != self.flavour => Err(refuse(held.name().to_owned())),
                _ => Ok(()),
            },
        }
    }

    fn marker(&self, version: u64) -> PathBuf {
        self.root.join(OURS).join("applied").join(format!("{version:020}"))
    }

    /// Removes staging folders whose writer is gone and that no commit is waiting for.
    fn sweep(&mut self) -> Result<(), StoreError> {
        let staging = self.root.join(OURS).join("staging");
        let names = self.storage.list(&staging).map_err(StoreError::io(&staging))?;
        let paths = names.into_iter().map(|name| staging.join(name));
        let orphans: Vec<PathBuf> = paths.filter(|path| is_orphan(&self.storage, path)).collect();
        if orphans.is_empty() {
            return Ok(());
        }
        // A writer may have committed and died since the log was read: its files are still staged. Nobody commits
        // while we hold the lock, and applying leaves nothing staged that a commit names.
        let _lock = self.lock()?;
        self.refresh(Redo::Apply)?;
        for path in orphans {
            let _ = self.storage.remove_tree(&path);
        }
        Ok(())
    }

    /// Refuses a path of the catalog that leads out of it by a link.
    fn check_links(&self, relative: &str) -> Result<(), StoreError> {
        refuse_links(&self.storage, &self.root, relative)
    }

    /// A staging folder of the name given.
    ///
    /// # Errors
    /// What creating it gives.
    pub fn staging(&self, name: &str) -> Result<Staging<S>, StoreError> {
        Staging::create(self.storage.clone(), &self.root, name)
    }

    fn lock(&self) -> Result<S::Lock, StoreError> {
        let path = self.root.join(OURS).join("lock");
        if self.storage.is_link(&path) {
            return Err(StoreError::Link { path });
        }
        self.storage.lock(&path).map_err(StoreError::io(&path))
    }

    /// The folder of a type and id, relative to the catalog.
    ///
    /// # Errors
    /// An id that cannot name a folder.
    pub fn data_folder(&self, data_type: DataType, id: &str) -> Result<String, StoreError> {
        Ok(format!("data/{}/{}", folder(data_type, self.flavour, self.layout), id_folder(id)?))
    }

    /// Files on disk in a folder: name and span, by name.
    fn listed(&self, relative: &str) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let path = self.root.join(relative);
        let names = match self.storage.list(&path) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io(path)(error)),
        };
        let names = names.into_iter().filter_map(|name| name.into_string().ok());
        let mut files: Vec<_> =
            names.filter_map(|name| parse_file_name(&name).map(|(start, end)| (name, start, end))).collect();
        files.sort();
        Ok(files)
    }

    /// The last receive time held of a type and id; rows up to it are left out by `--append-after`.
    ///
    /// # Errors
    /// What the file system gives.
    pub fn last_ts(&self, data_type: DataType, id: &str) -> Result<Option<u64>, StoreError> {
        let files = self.listed(&self.data_folder(data_type, id)?)?;
        Ok(files.into_iter().map(|(_, _, end)| end).max())
    }

    /// The numbers and receive times of the last trade held before a span of receive times, and of the first one after
    /// it: what a replacement of that span leaves on its sides. Trades whose ids are no numbers have none.
    ///
    /// # Errors
    /// What reading the files gives.
    pub fn trades_beside(
        &self,
        id: &str,
        span: RangeInclusive<u64>,
    ) -> Result<[Option<(u64, u64)>; 2], StoreError> {
        let relative = self.data_folder(DataType::Trade, id)?;
        let files = self.listed(&relative)?;
        let beside = |file: Option<&(String, u64, u64)>| match file {
            Some((name, ..)) => {
                let path = self.root.join(&relative).join(name);
                guarded(&path, || trades_beside(&self.storage, &path, &span))
            }
            None => Ok([None; 2]),
        };
        // Files do not meet in time.
        let [before, _] = beside(files.iter().rfind(|(_, first, _)| first < span.start()))?;
        let [_, after] = beside(files.iter().find(|(.., last)| last > span.end()))?;
        Ok([before, after])
    }

    /// Two ids that differ must not share a folder.
    fn check_ids(&self, files: &[NewFile]) -> Result<(), StoreError> {
        let mut folders: BTreeMap<String, String> = BTreeMap::new();
        let held = self.state.files.values().map(|f| (f.target.as_str(), f.id.clone()));
        for (target, id) in held {
            let folder = target.rsplit_once('/').map_or(target, |(folder, _)| folder);
            folders.insert(folder.to_owned(), id);
        }
        for file in files {
            let folder = self.data_folder(file.data_type, &file.id)?;
            match folders.get(&folder) {
                Some(first) if *first != file.id => {
                    let (first, second) = (first.clone(), file.id.clone());
                    return Err(StoreError::Collision { first, second, folder });
                }
                _ => folders.insert(folder, file.id.clone()),
            };
        }
        Ok(())
    }

    fn check_overlap(&self, file: &NewFile, relative: &str, mode: Mode) -> Result<(), StoreError> {
        for (name, start, end) in self.listed(relative)? {
            // Ours are replaced where that is asked for; foreign ones are never touched.
            let replaced =
                mode == Mode::Replace && self.state.files.contains_key(&format!("{relative}/{name}"));
            if replaced || file.start_ns > end || start > file.end_ns {
                continue;
            }
            let (data_type, instrument_id) = (file.data_type.to_string(), file.id.clone());
            let path = format!("{relative}/{name}");
            return Err(if self.state.files.contains_key(&path) {
                let (start, end) = (time::iso(file.start_ns), time::iso(file.end_ns));
                StoreError::Overlap { data_type, instrument_id, start, end, file: path }
            } else {
                StoreError::ForeignOverlap { data_type, instrument_id, file: path }
            });
        }
        Ok(())
    }

    /// Checks that files could be committed, without doing it.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub fn check(&self, files: &[NewFile], mode: Mode) -> Result<(), StoreError> {
        self.check_ids(files)?;
        files.iter().try_for_each(|file| {
            let folder = self.data_folder(file.data_type, &file.id)?;
            self.check_links(&folder)?;
            self.check_overlap(file, &folder, mode)
        })
    }

    /// Commits staged files as the next version, and applies it. Where others committed since the catalog was
    /// opened, `rebase` makes the request fit what the log says now, or refuses.
    ///
    /// # Errors
    /// [`StoreError::Overlap`], [`StoreError::Collision`], or what the file system gives. Before the log entry
    /// is there nothing of the catalog has changed.
    pub fn commit(
        &mut self,
        mut staging: Staging<S>,
        mut request: CommitRequest,
        mut rebase: impl FnMut(&Self, &mut CommitRequest) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        for _ in 0..100 {
            let lock = self.lock()?;
            let began = self.state.version;
            self.refresh(Redo::Apply)?;
            self.check_format()?;
            if self.state.version != began {
                rebase(self, &mut request)?;
            }
            self.check(&request.files, request.mode)?;
            let entry = self.entry(&staging, &request)?;
            let text = serde_json::to_vec_pretty(&entry)
                .map_err(|e| StoreError::Damaged { path: self.root.clone(), reason: e.to_string() })?;
            let staged = staging.path().join(format!("log-{}.json", entry.version));
            write_new(&self.storage, &staged, &text)?;
            sync_tree(&self.storage, staging.path())?;
            let path = self.root.join(OURS).join("log").join(format!("{:020}.json", entry.version));
            // From here on the entry may be there, even where putting it fails.
            staging.keep(true);
            if !put_if_absent(&self.storage, &staged, &path)? {
                // Another writer, without our lock (another host): look again.
                staging.keep(false);
                drop(lock);
                continue;
            }
            self.apply(&entry)?;
            self.state.apply(&entry);
            return Ok(entry.version);
        }
        Err(StoreError::Busy { path: self.root.clone(), what: "again and again".to_owned() })
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn entry(&self, staging: &Staging<S>, request: &CommitRequest) -> Result<Entry, StoreError> {
        let version = self.state.version + 1;
        let mut files = Vec::new();
        for file in &request.files {
            let folder = self.data_folder(file.data_type, &file.id)?;
            files.push(FileEntry {
                staged: self.relative(&file.path),
                target: format!("{folder}/{}", file_name(file.start_ns, file.end_ns)),
                sha256: file.sha256.clone(),
                bytes: file.bytes,
                rows: file.rows,
                data_type: file.data_type.name().to_owned(),
                id: file.id.clone(),
                start_ns: file.start_ns,
                end_ns: file.end_ns,
                price_precision: file.price_precision,
                size_precision: file.size_precision,
            });
        }
        // In time order, so that one who only lists sees a prefix of the truth.
        files.sort_by(|a, b| (a.start_ns, &a.target).cmp(&(b.start_ns, &b.target)));
        let mut sidecars = Vec::new();
        for (kind, path, extension) in &request.sidecars {
            let name = match kind {
                super::SidecarKind::Gaps => "gaps",
                super::SidecarKind::Rejects => "rejects",
                super::SidecarKind::State => "state",
                super::SidecarKind::Definitions => "definitions",
            };
            sidecars.push(Sidecar {
                kind: *kind,
                staged: self.relative(path),
                target: format!("{OURS}/{name}/{version:020}.{extension}"),
                sha256: sha256(&self.storage, path)?,
            });
        }
        let mut entry = Entry {
            version,
            decoder: request.decoder.clone(),
            created_ns: request.created_ns,
            flavour: self.flavour.name().to_owned(),
            layout: self.layout.name().to_owned(),
            staging: staging.relative().to_owned(),
            files,
            removed: Vec::new(),
            folders: Vec::new(),
            sidecars,
            sources: request.sources.clone(),
            bindings: request.bindings.clone(),
            gaps: request.gaps,
            rejects: request.rejects,
        };
        self.plan_folders(staging, request, &mut entry)?;
        Ok(entry)
    }

    /// Folders that cannot just be added to: rows replaced, or a wider precision for all files.
    fn plan_folders(
        &self,
        staging: &Staging<S>,
        request: &CommitRequest,
        entry: &mut Entry,
    ) -> Result<(), StoreError> {
        let mut by_folder: BTreeMap<String, Vec<&NewFile>> = BTreeMap::new();
        for file in &request.files {
            by_folder.entry(self.data_folder(file.data_type, &file.id)?).or_default().push(file);
        }
        for (number, (relative, news)) in by_folder.into_iter().enumerate() {
            let held: Vec<FileEntry> = self
                .state
                .files
                .values()
                .filter(|f| f.target.rsplit_once('/').is_some_and(|(folder, _)| folder == relative))
                .cloned()
                .collect();
            let overlaps =
                |f: &FileEntry| news.iter().any(|n| n.start_ns <= f.end_ns && f.start_ns <= n.end_ns);
            let (price, size) = (news[0].price_precision, news[0].size_precision);
            let narrower = |f: &FileEntry| f.price_precision != price || f.size_precision != size;
            let replaced = request.mode == Mode::Replace && held.iter().any(overlaps);
            if !replaced && !held.iter().any(narrower) {
                continue;
            }
            let folder = staging.path().join("folders").join(number.to_string());
            create_dirs(&self.storage, &folder)?;
            let mut listed: Vec<(String, u64)> = Vec::new();
            for old in &held {
                if request.mode == Mode::Replace && overlaps(old) {
                    entry.removed.push(old.target.clone());
                    self.keep_outside(old, &news, &folder, entry, &mut listed)?;
                    continue;
                }
                let name = old.target.rsplit_once('/').map_or("", |(_, name)| name);
                let (source, target) = (self.root.join(&old.target), folder.join(name));
                if narrower(old) {
                    let label = self.label(news[0], price, size);
                    let summary = guarded(&source, || relabel(&self.storage, &source, &target, &label))?;
                    entry.removed.push(old.target.clone());
                    entry.files.push(FileEntry {
                        staged: self.relative(&target),
                        sha256: summary.sha256,
                        bytes: summary.bytes,
                        price_precision: price,
                        size_precision: size,
                        ..old.clone()
                    });
                    listed.push((name.to_owned(), summary.bytes));
                } else {
                    self.storage.link(&source, &target).map_err(StoreError::io(&target))?;
                    listed.push((name.to_owned(), old.bytes));
                }
            }
            for new in &news {
                let name = file_name(new.start_ns, new.end_ns);
                self.storage.link(&new.path, &folder.join(&name)).map_err(StoreError::io(&folder))?;
                listed.push((name, new.bytes));
            }
            // Foreign files stay.
            for (name, ..) in self.listed(&relative)? {
                if !held.iter().any(|f| f.target.ends_with(&format!("/{name}"))) {
                    let (source, target) = (self.root.join(&relative).join(&name), folder.join(&name));
                    self.storage.link(&source, &target).map_err(StoreError::io(&target))?;
                    let bytes = self.storage.find(&target).map_err(StoreError::io(&target))?.bytes;
                    listed.push((name, bytes));
                }
            }
            listed.sort();
            entry.folders.push(FolderEntry {
                staged: self.relative(&folder),
                target: relative,
                files: listed,
            });
        }
        Ok(())
    }

    fn label<'a>(&self, file: &'a NewFile, price: u8, size: u8) -> Label<'a> {
        Label {
            data_type: file.data_type,
            flavour: self.flavour,
            instrument_id: &file.instrument_id,
            bar_type: (file.data_type == DataType::Bar).then_some(&file.id),
            price_precision: price,
            size_precision: size,
        }
    }

    /// The rows of a replaced file that are outside the new span, as files of their own.
    fn keep_outside(
        &self,
        old: &FileEntry,
        news: &[&NewFile],
        folder: &Path,
        entry: &mut Entry,
        listed: &mut Vec<(String, u64)>,
    ) -> Result<(), StoreError> {
        let first = news.iter().map(|n| n.start_ns).min().unwrap_or(0);
        let last = news.iter().map(|n| n.end_ns).max().unwrap_or(u64::MAX);
        let (price, size) = (news[0].price_precision, news[0].size_precision);
        let label = self.label(news[0], price, size);
        for (from, to) in [(0, first), (last + 1, u64::MAX)] {
            if old.end_ns < from || old.start_ns >= to {
                continue;
            }
            let staged = folder.join(format!("part-{from}.tmp"));
            let source = self.root.join(&old.target);
            let copied = guarded(&source, || copy_span(&self.storage, &source, &staged, &label, from, to))?;
            let Some(part) = copied else {
                continue;
            };
            let name = file_name(part.start_ns, part.end_ns);
            let target = folder.join(&name);
            self.storage.rename(&staged, &target).map_err(StoreError::io(&target))?;
            let folder_target = old.target.rsplit_once('/').map_or("", |(folder, _)| folder);
            entry.files.push(FileEntry {
                staged: self.relative(&target),
                target: format!("{folder_target}/{name}"),
                sha256: part.summary.sha256.clone(),
                bytes: part.summary.bytes,
                rows: part.summary.rows,
                start_ns: part.start_ns,
                end_ns: part.end_ns,
                price_precision: price,
                size_precision: size,
                ..old.clone()
            });
            listed.push((name, part.summary.bytes));
        }
        Ok(())
    }

    /// Redoes a commit: whatever of it is done already is passed over, but made durable, since whoever did it may
    /// have been stopped before that. Only then the marker.
    fn apply(&self, entry: &Entry) -> Result<(), StoreError> {
        let folders: BTreeSet<&str> = entry.folders.iter().map(|f| f.target.as_str()).collect();
        let files = entry.files.iter().map(|file| (&file.staged, &file.target));
        let sidecars = entry.sidecars.iter().map(|sidecar| (&sidecar.staged, &sidecar.target));
        let moved: Vec<_> =
            files.chain(sidecars).filter(|(_, target)| !folders.contains(parent_of(target))).collect();
        // Folders whose entries change: durable themselves before anything moves into them.
        let into =
            folders.iter().copied().chain(moved.iter().map(|(_, target)| target.as_str())).map(parent_of);
        let changed: BTreeSet<PathBuf> = into.map(|folder| self.root.join(folder)).collect();
        changed.iter().try_for_each(|folder| make_dirs(&self.storage, folder))?;
        let above: BTreeSet<&Path> = changed
            .iter()
            .flat_map(|folder| folder.ancestors().skip(1).take_while(|path| path.starts_with(&self.root)))
            .collect();
        sync_dirs(&self.storage, &above.into_iter().collect::<Vec<_>>())?;
        entry.folders.iter().try_for_each(|folder| self.apply_folder(folder, entry))?;
        moved.iter().try_for_each(|(staged, target)| self.put_in_place(staged, target))?;
        let exchanged: Vec<PathBuf> = folders.iter().map(|folder| self.root.join(folder)).collect();
        let changed = changed.iter().chain(&exchanged).map(PathBuf::as_path);
        sync_dirs(&self.storage, &changed.collect::<Vec<_>>())?;
        let marker = self.marker(entry.version);
        if !self.storage.exists(&marker) {
            create_dirs(&self.storage, marker.parent().unwrap_or(&self.root))?;
            match write_new(&self.storage, &marker, b"") {
                Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                other => other?,
            }
            sync_dir(&self.storage, marker.parent().unwrap_or(&self.root))?;
        }
        let _ = self.storage.remove_tree(&self.root.join(&entry.staging));
        Ok(())
    }

    fn put_in_place(&self, staged: &str, target: &str) -> Result<(), StoreError> {
        let (staged, target) = (self.root.join(staged), self.root.join(target));
        if !self.storage.exists(&staged) {
            // Done before: a rename leaves nothing behind.
            return if self.storage.exists(&target) { Ok(()) } else { Err(lost(target)) };
        }
        self.storage.rename(&staged, &target).map_err(StoreError::io(&target))
    }

    fn apply_folder(&self, folder: &FolderEntry, entry: &Entry) -> Result<(), StoreError> {
        let (staged, target) = (self.root.join(&folder.staged), self.root.join(&folder.target));
        let name = |path: &str| path.rsplit_once('/').map_or("", |(_, name)| name).to_owned();
        let files: BTreeMap<String, &str> = entry
            .files
            .iter()
            .filter(|file| parent_of(&file.target) == folder.target)
            .map(|file| (name(&file.target), file.sha256.as_str()))
            .collect();
        let removed = entry.removed.iter().filter(|old| parent_of(old) == folder.target).map(|old| name(old));
        let removed: BTreeSet<String> = removed.filter(|old| !files.contains_key(old)).collect();
        // New rows may make a file of the old name and size: only its bytes tell which it is. Foreign files come and go.
        let is_done = removed.iter().all(|old| !self.storage.exists(&target.join(old)))
            && files.iter().all(|(name, wanted)| {
                sha256(&self.storage, &target.join(name)).is_ok_and(|sha256| sha256 == *wanted)
            });
        if !is_done {
            if !self.storage.exists(&staged) {
                return Err(lost(target));
            }
            if self.storage.exists(&target) {
                self.exchange(&staged, &target)?;
            } else {
                self.storage.rename(&staged, &target).map_err(StoreError::io(&target))?;
            }
        }
        // Foreign files that came after the folder was staged are in the old one now.
        for old in [aside_of(&staged), staged] {
            for name in self.storage.list(&old).unwrap_or_default() {
                let known = name.to_str().is_some_and(|name| {
                    removed.contains(name) || folder.files.iter().any(|(listed, _)| listed == name)
                });
                let (from, to) = (old.join(&name), target.join(&name));
                if !known && !self.storage.exists(&to) {
                    self.storage.rename(&from, &to).map_err(StoreError::io(&to))?;
                }
            }
        }
        Ok(())
    }

    /// Two folders change places in one step where the system can do that.
    fn exchange(&self, staged: &Path, target: &Path) -> Result<(), StoreError> {
        match self.storage.exchange(staged, target) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                self.storage.rename(target, &aside_of(staged)).map_err(StoreError::io(target))?;
                self.storage.rename(staged, target).map_err(StoreError::io(target))
            }
            done => done.map_err(StoreError::io(target)),
        }
    }
}

/// The folder of a path relative to the catalog.
fn parent_of(relative: &str) -> &str {
    relative.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Where an old folder goes that cannot change places with a new one.
fn aside_of(staged: &Path) -> PathBuf {
    staged.with_extension("old")
}

fn lost(path: PathBuf) -> StoreError {
    StoreError::Damaged { path, reason: "is named by the log and is neither staged nor in place".to_owned() }
}

/// The flavour of a catalog that others wrote, by the first file whose prices tell.
fn foreign_flavour<S: Storage>(storage: &S, data: &Path) -> Option<Flavour> {
    let inside = |path: &Path| -> Vec<PathBuf> {
        storage.list(path).unwrap_or_default().into_iter().map(|name| path.join(name)).collect()
    };
    let mut looked = 0;
    for kind in inside(data) {
        for id in inside(&kind) {
            for file in inside(&id) {
                looked += 1;
                if looked > 200 {
                    return None;
                }
                let flavour = guarded(&file, || Ok(storage.open(&file).ok().and_then(flavour_of)));
                if let Ok(Some(flavour)) = flavour {
                    return Some(flavour);
                }
            }
        }
    }
    None
}
