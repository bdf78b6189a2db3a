//! Damaged frames by the million through every feed's decoder.
//!
//! `cargo run --release -p tickwright-soak -- --count 1000000 --seed 1 [--threads 2] [--feed NAME]` prints what was
//! pushed, at what rate, and every frame that broke a promise; it exits with 1 where there is one. With
//! `CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true` overflows and broken assertions count as panics.

mod mutate;
mod soak;

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

struct Arguments {
    count: u64,
    seed: u64,
    threads: usize,
    feed: Option<String>,
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments { count: 1_000_000, seed: 1, threads: 1, feed: None };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.replace('_', "").parse::<u64>().map_err(|e| format!("{name} {value}: {e}"));
        match name.as_str() {
            "--count" => found.count = number()?,
            "--seed" => found.seed = number()?,
            "--threads" => found.threads = number()? as usize,
            "--feed" => found.feed = Some(value),
            _ => return Err(format!("{name}: --count, --seed, --threads or --feed")),
        }
    }
    Ok(found)
}

/// The most memory the process had, MiB; 0 where the system does not tell.
fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() -> std::io::Result<ExitCode> {
    let mut out = stdout().lock();
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(text) => {
            writeln!(stderr(), "{text}")?;
            return Ok(ExitCode::from(2));
        }
    };
    let (corpora, without) = soak::corpora(arguments.seed, arguments.feed.as_deref());
    if corpora.is_empty() {
        writeln!(stderr(), "no feed of that name that can be simulated")?;
        return Ok(ExitCode::from(2));
    }
    if !without.is_empty() {
        writeln!(out, "cannot be simulated: {}", without.join(", "))?;
    }
    // Where a panic was is told once, by the hook; the frame is told at the end.
    let (begun, last) = (Instant::now(), AtomicU64::new(0));
    let told = |frames: u64| {
        let seconds = begun.elapsed().as_secs();
        if seconds >= last.load(Ordering::Relaxed) + 30 {
            last.store(seconds, Ordering::Relaxed);
            let _ = writeln!(stderr(), "{frames} frames, {seconds} s, {} MiB", high_water());
        }
    };
    let outcome = soak::run(&corpora, arguments.seed, arguments.count, arguments.threads, &told);
    let seconds = begun.elapsed().as_secs_f64();
    writeln!(
        out,
        "seed {}: {} frames ({:.1} MB) in {seconds:.1} s, {:.0} frames/s; {} refused by the other parser, {} rows out; \
         at most {} MiB",
        arguments.seed,
        outcome.frames,
        outcome.bytes as f64 / 1e6,
        outcome.frames as f64 / seconds,
        outcome.refused,
        outcome.rows,
        high_water(),
    )?;
    writeln!(out, "ends: {:?}", outcome.ends)?;
    writeln!(out, "rejects kept, by code: {:?}", outcome.rejects)?;
    for finding in outcome.findings.iter().take(100) {
        let frame: String = String::from_utf8_lossy(&finding.frame).escape_debug().take(2_000).collect();
        writeln!(out, "FOUND {} at {:?} of {}: {frame}", finding.what, finding.at, finding.feed)?;
    }
    writeln!(out, "found: {}", outcome.findings.len())?;
    Ok(if outcome.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::soak;

    #[test]
    fn two_hundred_thousand_damaged_frames() {
        let (corpora, without) = soak::corpora(7, None);
        assert_eq!(without, Vec::<&str>::new(), "every venue can be simulated");
        let outcome = soak::run(&corpora, 7, 200_000, 2, &|_| ());
        let told =
            |f: &soak::Finding| format!("{} of {}: {}", f.what, f.feed, String::from_utf8_lossy(&f.frame));
        assert_eq!(outcome.findings.iter().map(told).collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(outcome.ends.total, outcome.frames);
        let ends = outcome.ends;
        assert!(outcome.refused > ends.total / 4 && ends.rejected > ends.total / 4, "{outcome:?}");
        assert!(ends.rows > ends.total / 20, "{ends:?}");
        assert!(outcome.rejects.len() > 10, "{:?}", outcome.rejects);
        assert!(outcome.held < 64 << 20);
    }

    #[test]
    fn a_round_is_its_seed() {
        let (corpora, _) = soak::corpora(7, Some("binance-usdm"));
        let run = |threads| soak::run(&corpora, 3, 40_000, threads, &|_| ());
        let (one, other) = (run(1), run(2));
        assert_eq!((one.ends, one.bytes, one.rows), (other.ends, other.bytes, other.rows));
    }
}
