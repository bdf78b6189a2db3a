//! Whole simulations: one seed is one capture, and its numbers join as the venue says.

use std::collections::HashMap;

use super::*;

fn run(options: &Options) -> (String, String, Report) {
    let (mut lines, mut truth) = (Lines::new(Vec::new()), Vec::new());
    let report =
        simulate(options, &mut lines, Some(&mut truth), &mut |_| Verdict::Continue).expect("in memory");
    let text = |bytes| String::from_utf8(bytes).expect("ASCII");
    (text(lines.into_inner()), text(truth), report)
}

fn short(feed: &str, seed: u64, faults: Faults) -> Options {
    Options { symbols: 4, duration_ns: 20_000_000_000, faults, ..Options::of(feed, seed) }
}

const BINANCE: [&str; 3] = ["binance-spot", "binance-usdm", "binance-coinm"];
const FEEDS: [&str; 6] =
    ["binance-spot", "binance-usdm", "binance-coinm", "bybit-spot", "bybit-linear", "bybit-inverse"];

/// The integer behind a key.
fn number(frame: &str, key: &str) -> Option<u64> {
    let key = format!("\"{key}\":");
    let rest = &frame[frame.find(&key)? + key.len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

fn text<'a>(frame: &'a str, key: &str) -> Option<&'a str> {
    let key = format!("\"{key}\":\"");
    let rest = &frame[frame.find(&key)? + key.len()..];
    Some(&rest[..rest.find('"')?])
}

#[test]
fn one_seed_is_one_capture() {
    for feed in FEEDS {
        let options = short(feed, 7, Faults::MANY);
        let (capture, truth, report) = run(&options);
        assert_eq!((capture.clone(), truth, report), run(&options), "{feed}");
        assert_ne!(capture, run(&short(feed, 8, Faults::MANY)).0, "{feed}");
    }
}

#[test]
fn without_faults_ids_join_and_times_go_up() {
    for feed in BINANCE {
        let (capture, _, report) = run(&short(feed, 3, Faults::NONE));
        let mut last: HashMap<&str, u64> = HashMap::new();
        let mut diffs = 0;
        let mut before = "";
        for line in capture.lines() {
            let (ts, frame) = line.split_at(19);
            assert!(before <= ts);
            before = ts;
            if !frame.contains("@depth@100ms\"") {
                continue;
            }
            diffs += 1;
            let (symbol, first, id) = (text(frame, "s"), number(frame, "U"), number(frame, "u"));
            let (symbol, first, id) =
                symbol.zip(first).zip(id).map(|((s, f), i)| (s, f, i)).expect("a depth update");
            assert!(first <= id);
            if let Some(previous) = last.insert(symbol, id) {
                if feed == "binance-spot" {
                    assert_eq!(first, previous + 1);
                } else {
                    assert_eq!(number(frame, "pu"), Some(previous));
                    assert!(first > previous);
                }
            }
        }
        assert!(diffs > 100, "{feed}: {diffs}");
        assert!(report.gaps.is_empty() && report.lost == 0 && report.reconnects == 0);
    }
}

#[test]
fn every_fault_happens() {
    for feed in FEEDS {
        let faults = Faults { reconnect_ns: 4_000_000_000, ..Faults::MANY };
        let (capture, truth, report) = run(&short(feed, 5, faults));
        assert!(report.lost > 0 && report.reconnects > 0, "{feed}: {report:?}");
        let times: Vec<&str> = capture.lines().map(|line| &line[..19]).collect();
        assert!(times.windows(2).any(|w| w[0] == w[1]));
        assert!(times.windows(2).any(|w| w[0] > w[1]));
        assert!(truth.lines().last().is_some_and(|line| line.starts_with("{\"type\":\"summary\"")));
        let rows: u64 = report.rows.iter().map(|(_, count)| count).sum();
        assert_eq!(truth.lines().count() as u64, rows + 1);
    }
}

#[test]
fn options_that_cannot_be_are_refused() {
    let mut sink = Lines::new(Vec::new());
    for options in [
        Options::of("nowhere", 1),
        Options { symbols: 0, ..Options::of("binance-spot", 1) },
        Options { duration_ns: 0, ..Options::of("binance-spot", 1) },
        Options { faults: Faults { lost: 1.5, ..Faults::NONE }, ..Options::of("binance-spot", 1) },
        Options { faults: Faults { connections: 0, ..Faults::NONE }, ..Options::of("binance-spot", 1) },
    ] {
        let refused = simulate(&options, &mut sink, None, &mut |_| Verdict::Continue);
        assert!(matches!(refused, Err(SimulateError::UnknownFeed(_) | SimulateError::Option { .. })));
    }
    let stopped = simulate(&Options::of("binance-spot", 1), &mut sink, None, &mut |_| Verdict::Stop);
    assert!(matches!(stopped, Err(SimulateError::Stopped)));
}
