//! The commit protocol, stopped at every point it has.
//!
//! Every step that changes the storage is a point: the process is killed there, or the power goes and takes what was
//! not synced (see [`memory`]). Another opener recovers, or recovers and commits, and is stopped at each of its points
//! as well. Two writers, or a writer and an opener, take turns at pairs of steps. And each step fails once.
//!
//! What must hold, always: whoever lists `data/` sees whole files that do not meet in time. After recovery: the data is
//! byte for byte that of the last version in the log; versions are 1, 2, 3, …; what was told to be committed is;
//! nothing is left in staging; foreign files are there.

mod instruments;
mod memory;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use memory::{Memory, World};

use super::files::write_new;
use super::log::{CatalogState, Entry};
use super::paths::{Layout, parse_file_name};
use super::{Catalog, CommitRequest, FileWriter, Mode, NewFile, SidecarKind, Storage, StoreError};
use crate::data::{AggressorSide, AnyColumns, DataType, TradeColumns, TradeRow};
use crate::schema::{Flavour, Label};
use crate::time;

const ROOT: &str = "/c";
const FOREIGN: &str =
    "data/trade_tick/A.X/1999-01-01T00-00-00-000000000Z_1999-01-01T00-00-00-000000001Z.parquet";

type Files = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// A file of trades: instrument, hours of its rows, price of the first, decimals.
type Told = (&'static str, &'static [u64], i128, u8);

/// One commit: mode and files.
type Step = (Mode, &'static [Told]);

/// A Parquet file and its SHA-256.
fn parquet(&(id, hours, price, decimals): &Told) -> (Vec<u8>, String) {
    type Made = BTreeMap<(&'static str, &'static [u64], i128, u8), (Vec<u8>, String)>;
    static MADE: LazyLock<Mutex<Made>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().expect("no panic");
    let make = || {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file.parquet");
        let label = Label {
            data_type: DataType::Trade,
            flavour: Flavour::V1High,
            instrument_id: id,
            bar_type: None,
            price_precision: decimals,
            size_precision: 0,
        };
        let mut trades = TradeColumns::default();
        for (at, hour) in hours.iter().enumerate() {
            let ts = time::FIRST + hour * time::HOUR;
            let row = TradeRow {
                price: price + at as i128,
                size: 1,
                aggressor_side: AggressorSide::Buyer,
                trade_id: "",
                ts_event: ts,
                ts_init: ts,
            };
            trades.push_numbered(&row, at as u64);
        }
        let mut writer = FileWriter::create(&path, &label).expect("a file");
        writer.write_row_group(AnyColumns::Trade(trades), &label).expect("rows");
        let (summary, _) = writer.finish(&label).expect("a file");
        (std::fs::read(path).expect("a file"), summary.sha256)
    };
    made.entry((id, hours, price, decimals)).or_insert_with(make).clone()
}

fn open(memory: &Memory) -> Result<Catalog<Memory>, StoreError> {
    Catalog::open_in(memory.clone(), Path::new(ROOT), Flavour::V1High, Layout::L1231)
}

/// Opens, stages, commits.
fn commit(memory: &Memory, name: &str, (mode, files): Step) -> Result<u64, StoreError> {
    let mut catalog = open(memory)?;
    let staging = catalog.staging(name)?;
    let mut request = CommitRequest { mode, decoder: "test".to_owned(), ..CommitRequest::default() };
    for (number, file) in files.iter().enumerate() {
        let (bytes, sha256) = parquet(file);
        let path = staging.path().join(format!("{number}.parquet"));
        write_new(memory, &path, &bytes)?;
        let &(id, hours, _, price_precision) = file;
        let at = |hour: Option<&u64>| time::FIRST + hour.copied().unwrap_or_default() * time::HOUR;
        request.files.push(NewFile {
            path,
            data_type: DataType::Trade,
            id: id.to_owned(),
            instrument_id: id.to_owned(),
            start_ns: at(hours.first()),
            end_ns: at(hours.last()),
            rows: hours.len() as u64,
            bytes: bytes.len() as u64,
            sha256,
            price_precision,
            size_precision: 0,
        });
    }
    let state = staging.path().join("state.json.zst");
    write_new(memory, &state, name.as_bytes())?;
    request.sidecars.push((SidecarKind::State, state, "json.zst"));
    catalog.commit(staging, request, |_, _| Ok(()))
}

/// A world in which these were committed, one after another, beside a foreign file.
fn world_of(steps: &[Step], foreign: bool) -> World {
    let memory = Memory::alone(World::new());
    if foreign {
        let path = Path::new(ROOT).join(FOREIGN);
        super::files::create_dirs(&memory, path.parent().expect("a folder")).expect("folders");
        let (bytes, _) = parquet(&("A.X", &[1], 9, 0));
        write_new(&memory, &path, &bytes).expect("a file");
        memory.sync_dir(path.parent().expect("a folder")).expect("a folder");
    }
    for (number, step) in steps.iter().enumerate() {
        commit(&memory, &format!("base{number}"), *step).expect("a commit");
    }
    memory.world().all_lost()
}

fn data(world: &World) -> Files {
    world.files(&Path::new(ROOT).join("data"))
}

/// Whoever lists sees whole files that do not meet.
fn check_reader(world: &World) {
    let mut spans: BTreeMap<PathBuf, Vec<(u64, u64)>> = BTreeMap::new();
    for (path, bytes) in data(world) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let span = parse_file_name(name).unwrap_or_else(|| panic!("{} is read as data", path.display()));
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1") && bytes.len() > 8, "{name} is torn");
        spans.entry(path.parent().map(Path::to_owned).unwrap_or_default()).or_default().push(span);
    }
    for (folder, mut spans) in spans {
        spans.sort_unstable();
        let met = spans.windows(2).find(|pair| pair[0].1 >= pair[1].0);
        assert!(met.is_none(), "files of {} meet: {met:?}", folder.display());
    }
}

/// What an opened catalog is, once nobody is at it; its version.
fn check_recovered(world: &World, promised: u64) -> u64 {
    use sha2::Digest;
    check_reader(world);
    let ours = world.files(&Path::new(ROOT).join("_tickwright"));
    let mut state = CatalogState::default();
    let sha256 = |bytes: &[u8]| super::files::hex(&sha2::Sha256::digest(bytes));
    for (path, text) in ours.iter().filter(|(path, _)| path.starts_with("log")) {
        let entry: Entry = serde_json::from_slice(text).expect("a log entry that is whole");
        assert_eq!(entry.version, state.version + 1);
        assert_eq!(path.to_str(), Some(format!("log/{:020}.json", entry.version).as_str()));
        assert!(ours.contains_key(Path::new(&format!("applied/{:020}", entry.version))), "no marker");
        for sidecar in &entry.sidecars {
            let place = Path::new(&sidecar.target).strip_prefix("_tickwright").expect("ours");
            assert_eq!(ours.get(place).map(|bytes| sha256(bytes)), Some(sidecar.sha256.clone()));
        }
        state.apply(&entry);
    }
    assert!(state.version >= promised, "version {promised} was told and is {}", state.version);
    let staged: Vec<_> = ours.keys().filter(|path| path.starts_with("staging")).collect();
    assert!(staged.is_empty(), "left behind: {staged:?}");
    let name = |path: &Path| path.to_str().map(|p| format!("data/{p}")).unwrap_or_default();
    let mut found: BTreeMap<String, String> =
        data(world).iter().map(|(path, bytes)| (name(path), sha256(bytes))).collect();
    if let Some(foreign) = found.remove(FOREIGN) {
        assert_eq!(foreign, parquet(&("A.X", &[1], 9, 0)).1);
    }
    let held: BTreeMap<String, String> =
        state.files.into_iter().map(|(target, file)| (target, file.sha256)).collect();
    assert_eq!(found, held);
    state.version
}

/// The worlds after every step that changed one, while `act` ran; the last is that after it.
fn points(world: &World, act: impl FnOnce(&Memory)) -> Vec<World> {
    let memory = Memory::alone(world.clone());
    let points = Arc::new(Mutex::new(vec![world.clone()]));
    let watched = Arc::clone(&points);
    memory.watch(move |world| watched.lock().expect("no panic").push(world.clone()));
    act(&memory);
    points.lock().expect("no panic").push(memory.world());
    std::mem::take(&mut points.lock().expect("no panic"))
}

struct Explorer {
    /// Recoveries tried: from where, how deep.
    tried: HashSet<(u64, u64, bool)>,
    /// What every version's data may be: one thing.
    versions: BTreeMap<u64, Files>,
    has_foreign: bool,
    /// What is committed after a first recovery.
    then: Step,
}

/// What is left after a stop at a point: killed, or without power.
fn stops(run: &[World]) -> impl Iterator<Item = World> {
    run.iter().flat_map(|world| std::iter::once(world.killed()).chain(world.power_losses()))
}

impl Explorer {
    /// Recovers from every stop of `run`, `deeper` with a second stop in each recovery.
    fn explore(&mut self, run: &[World], promised: u64, deeper: bool) {
        for stopped in stops(run) {
            if !self.tried.insert((stopped.fingerprint(), promised, deeper)) {
                continue;
            }
            check_reader(&stopped);
            let recovery = points_of_opening(&stopped);
            let recovered = recovery.last().expect("a last one");
            let version = check_recovered(recovered, promised);
            let found = data(recovered);
            assert_eq!(
                found.contains_key(Path::new(FOREIGN).strip_prefix("data").expect("data")),
                self.has_foreign
            );
            assert_eq!(
                self.versions.entry(version).or_insert_with(|| found.clone()),
                &found,
                "version {version}"
            );
            if !deeper {
                continue;
            }
            recovery.iter().for_each(check_reader);
            self.explore(&recovery, promised, false);
            self.explore(&recovery[recovery.len() - 1..], version, false);
            // Killed, the next one recovers and commits, and then the power goes.
            let mut committed = 0;
            let then = self.then;
            let next = points(&stopped, |memory| committed = commit(memory, "then", then).expect("a commit"));
            assert_eq!(committed, version + 1);
            // Of another history: what a version holds is another thing.
            let versions = std::mem::take(&mut self.versions);
            next.iter().for_each(check_reader);
            self.explore(&next, promised, false);
            self.explore(&next[next.len() - 1..], committed, false);
            self.versions = versions;
        }
    }
}

fn points_of_opening(world: &World) -> Vec<World> {
    points(world, |memory| drop(open(memory).expect("an opener recovers")))
}

const DAY_ONE: Step = (Mode::Add, &[("A.X", &[1, 5, 9], 1, 1), ("B.X", &[1, 2], 1, 1)]);
const DAY_TWO: Step = (Mode::Add, &[("A.X", &[24, 30], 1, 1), ("A.X", &[48], 2, 1)]);
const NEXT: Step = (Mode::Add, &[("A.X", &[100], 1, 1)]);
/// Other values of the same span: files of the same names.
const SAME_NAMES: Step = (Mode::Replace, &[("A.X", &[1, 5, 9], 7, 1), ("B.X", &[1, 2], 7, 1)]);
/// The middle of what is there: rows before and after stay, in files of their own.
const MIDDLE: Step = (Mode::Replace, &[("A.X", &[4, 5, 6], 7, 1)]);
/// More decimals than those that are there.
const WIDER: Step = (Mode::Add, &[("A.X", &[30], 1, 3)]);

/// Stops `step`, after `base`, at every point.
fn stop_everywhere(base: &[Step], step: Step, foreign: bool, exchanges: bool, then: Step) {
    let mut start = world_of(base, foreign);
    start.exchanges = exchanges;
    let mut version = 0;
    let run = points(&start, |memory| version = commit(memory, "run", step).expect("a commit"));
    assert_eq!(version, base.len() as u64 + 1);
    run.iter().for_each(check_reader);
    let mut explorer =
        Explorer { tried: HashSet::new(), versions: BTreeMap::new(), has_foreign: foreign, then };
    explorer.explore(&run[run.len() - 1..], version, true);
    explorer.explore(&run, version - 1, true);
    let seen: BTreeSet<u64> = explorer.versions.keys().copied().collect();
    assert_eq!(seen, [version - 1, version].into());
    assert_ne!(explorer.versions[&version], explorer.versions[&(version - 1)]);
    assert!(explorer.tried.len() > 100, "{} recoveries say nothing", explorer.tried.len());
    eprintln!("{} points, {} different recoveries", run.len(), explorer.tried.len());
}

#[test]
fn a_first_commit_stopped_everywhere() {
    stop_everywhere(&[], DAY_ONE, false, true, NEXT);
}

#[test]
fn an_added_day_stopped_everywhere() {
    stop_everywhere(&[DAY_ONE], DAY_TWO, true, true, NEXT);
}

#[test]
fn a_replacement_of_the_same_names_stopped_everywhere() {
    stop_everywhere(&[DAY_ONE], SAME_NAMES, true, true, MIDDLE);
}

#[test]
fn a_replacement_in_the_middle_stopped_everywhere() {
    stop_everywhere(&[DAY_ONE], MIDDLE, true, true, NEXT);
}

#[test]
fn a_wider_precision_stopped_everywhere() {
    stop_everywhere(&[DAY_ONE], WIDER, true, true, (Mode::Add, &[("A.X", &[100], 1, 3)]));
}

#[test]
fn a_replacement_without_exchange_stopped_everywhere() {
    stop_everywhere(&[DAY_ONE], MIDDLE, true, false, NEXT);
}

#[test]
fn every_step_fails_once() {
    for (base, step) in
        [(&[][..], DAY_ONE), (&[DAY_ONE], DAY_TWO), (&[DAY_ONE], SAME_NAMES), (&[DAY_ONE], MIDDLE)]
    {
        let start = world_of(base, !base.is_empty());
        let calm = Memory::alone(start.clone());
        commit(&calm, "run", step).expect("a commit");
        for number in 1..=calm.steps() {
            let memory = Memory::alone(start.clone());
            memory.watch(check_reader);
            memory.fail_at(number);
            let done = commit(&memory, "run", step);
            let mut world = memory.world();
            world.old = true;
            let recovered = points_of_opening(&world).pop().expect("a last one");
            let version = check_recovered(&recovered, base.len() as u64);
            assert!(version == base.len() as u64 + 1 || done.is_err(), "step {number}: {done:?}");
        }
    }
}

/// A foreign file that comes at any step of a replacement, which may then be killed at any later one, is kept.
#[test]
fn foreign_files_that_come_in_between_are_kept() {
    const LATE: &str =
        "/c/data/trade_tick/A.X/1998-01-01T00-00-00-000000000Z_1998-01-01T00-00-00-000000001Z.parquet";
    let bytes = parquet(&("A.X", &[1], 8, 0)).0;
    let is_kept = |world: &World| {
        let late = Path::new(LATE).strip_prefix("/c/data").expect("data");
        assert_eq!(data(world).get(late).map(|held| held.as_slice()), Some(bytes.as_slice()));
    };
    for exchanges in [true, false] {
        let mut start = world_of(&[DAY_ONE], true);
        start.exchanges = exchanges;
        let calm = Memory::alone(start.clone());
        commit(&calm, "run", MIDDLE).expect("a commit");
        for number in 1..=calm.steps() {
            let came = Arc::new(Mutex::new(false));
            let memory = Memory::alone(start.clone());
            let (told, late) = (Arc::clone(&came), bytes.clone());
            memory.meanwhile(number, move |world| {
                *told.lock().expect("no panic") = world.put(Path::new(LATE), &late)
            });
            let points = Arc::new(Mutex::new(Vec::new()));
            let (watched, told) = (Arc::clone(&points), Arc::clone(&came));
            memory.watch(move |world| {
                if *told.lock().expect("no panic") {
                    watched.lock().expect("no panic").push(world.killed());
                }
            });
            commit(&memory, "run", MIDDLE).expect("a commit");
            if !*came.lock().expect("no panic") {
                assert!(!exchanges, "the folder is always there");
                continue;
            }
            is_kept(&memory.world());
            let killed = std::mem::take(&mut *points.lock().expect("no panic"));
            let mut tried = HashSet::new();
            for world in killed.into_iter().filter(|world| tried.insert(world.fingerprint())) {
                is_kept(points_of_opening(&world).last().expect("a last one"));
            }
        }
        // And one that comes after the kill, before the next opener.
        for mut world in points(&start, |memory| drop(commit(memory, "run", MIDDLE))) {
            world = world.killed();
            if world.put(Path::new(LATE), &bytes) {
                is_kept(points_of_opening(&world).last().expect("a last one"));
            }
        }
    }
}

type Act = fn(&Memory, &str) -> Result<u64, StoreError>;

/// Two writers in turns of these lengths; what each said.
fn in_turns(start: &World, acts: [Act; 2], slices: &[usize]) -> ([Result<u64, StoreError>; 2], World) {
    struct Ended<'a>(&'a Memory);
    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.done();
        }
    }
    let mut start = start.clone();
    start.old = false;
    let (first, second) = Memory::two(start, slices);
    first.watch(check_reader);
    let run = |memory: &Memory, act: Act, name: &str| {
        let _ended = Ended(memory);
        act(memory, name)
    };
    let said = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(&second, acts[1], "second"));
        [run(&first, acts[0], "first"), other.join().expect("no panic")]
    });
    (said, first.world())
}

fn add_day_two(memory: &Memory, name: &str) -> Result<u64, StoreError> {
    commit(memory, name, DAY_TWO)
}

fn add_other(memory: &Memory, name: &str) -> Result<u64, StoreError> {
    commit(memory, name, (Mode::Add, &[("A.X", &[60, 61], 1, 1), ("C.X", &[1], 1, 1)]))
}

fn replace_middle(memory: &Memory, name: &str) -> Result<u64, StoreError> {
    commit(memory, name, MIDDLE)
}

fn only_open(memory: &Memory, _: &str) -> Result<u64, StoreError> {
    open(memory).map(|catalog| catalog.state().version)
}

/// Takes turns at pairs of steps: the first stops after i, the second after j, and each goes on to its end. Of the
/// second's steps one in `stride`, another one for each of the first's.
fn take_turns(acts: [Act; 2], stride: usize, check: impl Fn([Result<u64, StoreError>; 2])) {
    let start = world_of(&[DAY_ONE], true);
    let length = |act: Act| {
        let memory = Memory::alone(start.clone());
        act(&memory, "calm").expect("it works alone");
        memory.steps()
    };
    let lengths = acts.map(length);
    let mut runs = 0;
    for first in 0..=lengths[0] {
        for second in (0..=lengths[1]).step_by(stride).map(|at| at + first % stride) {
            let (said, world) = in_turns(&start, acts, &[first, second]);
            check(said);
            check_recovered(&world, 1);
            runs += 1;
        }
    }
    assert!(runs > 500);
}

#[test]
fn two_writers_of_different_rows_in_turns() {
    take_turns([add_day_two, add_other], 3, |said| {
        let mut versions = said.map(|said| said.expect("they do not meet"));
        versions.sort_unstable();
        assert_eq!(versions, [2, 3]);
    });
}

#[test]
fn two_writers_of_the_same_rows_in_turns() {
    take_turns([add_day_two, add_day_two], 3, |said| {
        let (done, refused): (Vec<_>, Vec<_>) = said.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        assert!(matches!(refused[0], Err(StoreError::Overlap { .. })), "{refused:?}");
    });
}

#[test]
fn a_writer_who_adds_and_one_who_replaces_in_turns() {
    take_turns([replace_middle, add_other], 8, |said| {
        let mut versions = said.map(|said| said.expect("they do not meet"));
        versions.sort_unstable();
        assert_eq!(versions, [2, 3]);
    });
}

#[test]
fn a_writer_and_an_opener_in_turns() {
    take_turns([replace_middle, only_open], 4, |said| {
        assert_eq!(said[0].as_ref().ok(), Some(&2));
        assert!(matches!(said[1], Ok(1 | 2)), "{said:?}");
    });
}
