//! Instruments, which come after the commit, stopped at every point: what is marked as written is there, and whoever
//! comes next ends where an undisturbed one does.

use std::collections::HashSet;
use std::path::Path;

use super::memory::{Memory, World};
use super::{ROOT, check_reader, data, open, points, stops};
use crate::instrument::{Definition, InstrumentClass};
use crate::store::files::{create_dirs, read, write_new};
use crate::store::{CommitRequest, SidecarKind, Storage};
use crate::time;

fn definition(id: &str, day: u64) -> Definition {
    Definition {
        class: InstrumentClass::CurrencyPair,
        instrument_id: id.into(),
        raw_symbol: id.to_owned(),
        base: "BTC".to_owned(),
        quote: "USD".to_owned(),
        settlement: "USD".to_owned(),
        is_inverse: false,
        price_precision: 1,
        size_precision: 0,
        price_increment: "0.1".to_owned(),
        size_increment: "1".to_owned(),
        multiplier: "1".to_owned(),
        min_price: None,
        max_price: None,
        min_quantity: None,
        max_quantity: None,
        min_notional: None,
        max_notional: None,
        activation_ns: None,
        expiration_ns: None,
        underlying: None,
        option_kind: None,
        strike: None,
        strategy: None,
        margin_init: None,
        margin_maint: None,
        status: "TRADING".to_owned(),
        ts_ns: time::FIRST + day * 24 * time::HOUR,
    }
}

/// Commits definitions and writes no instruments.
fn commit(memory: &Memory, name: &str, definitions: &[Definition]) {
    let mut catalog = open(memory).expect("a catalog");
    let staging = catalog.staging(name).expect("a folder");
    let path = staging.path().join("definitions.json");
    let text = serde_json::to_vec(definitions).expect("a text");
    write_new(memory, &path, &text).expect("a file");
    let sidecars = vec![(SidecarKind::Definitions, path, "json")];
    let request = CommitRequest { decoder: "test".to_owned(), sidecars, ..CommitRequest::default() };
    catalog.commit(staging, request, |_, _| Ok(())).expect("a commit");
}

/// Writes what is due, as a conversion does after its commit; how many.
fn write(memory: &Memory, name: &str) -> usize {
    let catalog = open(memory).expect("a catalog");
    let mut written = 0;
    for path in catalog.definitions_due() {
        let text = read(memory, &path).expect("a file");
        let definitions: Vec<Definition> = serde_json::from_slice(&text).expect("definitions");
        written += catalog.write_instruments(&definitions, name).expect("instruments").written;
    }
    catalog.mark_definitions().expect("a mark");
    written
}

fn wrote(world: &World, name: &str) -> Vec<World> {
    points(world, |memory| {
        write(memory, name);
    })
}

/// Stops the writing of what is due everywhere, the next one's too, and compares.
fn stop_everywhere(start: &World, wanted: usize) {
    let run = wrote(start, "run");
    let whole = data(&run[run.len() - 1]);
    assert_eq!(whole.len(), wanted);
    let mut tried = HashSet::new();
    for stopped in stops(&run) {
        if !tried.insert(stopped.fingerprint()) {
            continue;
        }
        check_reader(&stopped);
        let second = wrote(&stopped, "second");
        second.iter().for_each(check_reader);
        // Whatever is not on the disk now was promised to nobody.
        for stopped in second.iter().map(World::killed).chain(second.iter().map(World::all_lost)) {
            if tried.insert(stopped.fingerprint()) {
                let last = wrote(&stopped, "last").pop().expect("a world");
                assert_eq!(data(&last), whole);
            }
        }
        assert_eq!(data(&second[second.len() - 1]), whole);
    }
    assert!(tried.len() > 100, "{} recoveries say nothing", tried.len());
    eprintln!("{} points, {} different recoveries", run.len(), tried.len());
}

#[test]
fn the_first_instruments_stopped_everywhere() {
    let memory = Memory::alone(World::new());
    commit(&memory, "base", &[definition("A.X", 1), definition("B.X", 1)]);
    stop_everywhere(&memory.world().all_lost(), 2);
}

#[test]
fn one_that_changed_of_another_time_and_one_of_the_same_stopped_everywhere() {
    let memory = Memory::alone(World::new());
    commit(&memory, "base", &[definition("A.X", 1), definition("B.X", 1), definition("C.X", 1)]);
    assert_eq!(write(&memory, "first"), 3);
    let finer = |id, day| Definition {
        price_precision: 2,
        price_increment: "0.01".to_owned(),
        ..definition(id, day)
    };
    commit(&memory, "next", &[finer("A.X", 2), finer("B.X", 1), definition("C.X", 2)]);
    stop_everywhere(&memory.world().all_lost(), 4);
}

#[test]
fn a_file_of_others_that_comes_meanwhile_is_left_alone() {
    let memory = Memory::alone(World::new());
    commit(&memory, "base", &[definition("A.X", 1)]);
    let name = "data/currency_pair/A.X/2009-01-02T00-00-00-000000000Z_2009-01-02T00-00-00-000000000Z.parquet";
    let path = Path::new(ROOT).join(name);
    create_dirs(&memory, path.parent().expect("a folder")).expect("folders");
    let start = memory.world();
    let steps = wrote(&start, "count").len();
    for step in 0..steps {
        let memory = Memory::alone(start.clone());
        let foreign = path.clone();
        memory.meanwhile(step, move |world| {
            world.put(&foreign, b"of others");
        });
        let written = write(&memory, "run");
        let held = read(&memory, &path).expect("a file");
        assert_eq!(held == b"of others", written == 0, "at {step}");
        assert!(memory.exists(&path));
    }
}
