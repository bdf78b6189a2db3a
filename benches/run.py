"""Every benchmark, in one run: ``uv run --group bench python benches/run.py``.

Writes ``benches/results/<date>-<commit>.json``, a plot of the same name, and the page ``benches/results/README.md``,
and ends with what became slower since the result before. Figures are ratios of works that alternate in one process
(or, for whole commands, in one loop), best of several rounds each; bare times only explain them. Inputs are made here,
so that anyone can make the same bytes: captures by ``tickwright simulate``, dumps by ``benches/suite/inputs.py``.
"""

import argparse
import datetime
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import compare
from suite import commands, frames, inputs, page, plot

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("tickwright", "nautilus_trader", "pyarrow", "pandas", "polars", "numpy", "orjson", "jiter", "msgspec")
CRATES = ("jiter", "simd-json", "sonic-rs", "serde_json", "memchr", "csv-core", "criterion")


def _told(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=RESULTS.parent).stdout.strip()


def machine() -> dict[str, str]:
    """What the figures are measured on."""
    cpu = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    lock = (RESULTS.parent / "peers" / "Cargo.lock").read_text()
    now = datetime.datetime.now(datetime.UTC)
    changed = _told("git", "status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/benches/results")
    return {
        "date": now.strftime("%Y-%m-%d"),
        "time": now.strftime("%H:%M:%S UTC"),
        "commit": _told("git", "rev-parse", "--short=7", "HEAD") + ("-dirty" if changed else ""),
        "processor": f"{len(cpu)} x {cpu[0] if cpu else platform.processor()}",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "rust": _told("rustc", "--version").removeprefix("rustc "),
        **{name: version(name) for name in PACKAGES},
        **{f"{name} (Rust)": found[1] for name in CRATES if (found := re.search(f'"{name}"\nversion = "(.*)"', lock))},
    }


def name_of(folder: Path, told: dict[str, str]) -> str:
    """A name that no result has."""
    stem = f"{told['date']}-{told['commit']}"
    taken = {path.stem for path in folder.glob("*.json")}
    return next(name for n in range(1, 1_000) if (name := stem if n == 1 else f"{stem}-{n}") not in taken)


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rounds", type=int, default=7, help="works that alternate do so this often (whole commands: half)"
    )
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the dumps (10,000,000)")
    parser.add_argument("--symbols", type=int, default=1_000, help="instruments of the memory benchmark (1,000)")
    parser.add_argument(
        "--long",
        action="store_true",
        help="peers measured on all rows, memory on ten times as many; hours, and 20 GB of disk",
    )
    parser.add_argument(
        "--only", nargs="+", choices=page.TITLES, help="parts to measure; the others are those of the result before"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small inputs: whether it runs, not how fast; nothing is kept"
    )
    parser.add_argument("--output", type=Path, help="folder of the results (benches/results; none with --quick)")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quick: bool = options.quick
    output: Path | None = options.output or (None if quick else RESULTS)
    before = compare.newest(output or RESULTS, 1)
    rounds = 1 if quick else options.rounds
    half = max(1, rounds // 2)
    rows = min(options.rows, 50_000) if quick else options.rows
    minutes = 0.2 if quick else 10.0
    told = machine()
    results: dict[str, Any] = json.loads(before[0].read_text()) if options.only and before else {}
    earlier = results.get("machine", {})
    results["measured"] = {
        part: results.get("measured", {}).get(part, {name: earlier.get(name, "") for name in ("date", "commit")})
        for part in page.TITLES
        if part in results
    }
    results["machine"] = told
    results["quick"] = quick

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        capture = inputs.capture(folder / "capture.gz", seed=1, minutes=minutes, symbols=20)
        by_kind = inputs.by_kind(capture)
        counts = [rows // 10, rows, *([rows * 10] if options.long else [])]
        works: dict[str, Callable[[], Any]] = {
            "peers": lambda: frames.peers(1 if quick else 15),
            "python": lambda: frames.python(by_kind, rounds),
            "objects": lambda: frames.objects(by_kind),
            "dumps": lambda: commands.dumps(folder, rows, half, options.long),
            "rows": lambda: commands.rows(folder, min(rows, 2_000_000), rounds),
            "convert": lambda: commands.convert(folder, 4 * minutes, rows, half),
            "threads": lambda: commands.threads(folder, rows, half),
            "query": lambda: commands.query(capture, folder, half),
            "memory": lambda: commands.memory(folder, 50 if quick else options.symbols),
            "dump_memory": lambda: commands.dump_memory(folder, counts),
            "stages": lambda: frames.stages(quick),
            "calls": lambda: frames.calls(quick),
        }
        for part, work in works.items():
            if not options.only or part in options.only:
                print(f"{part}: {page.TITLES[part]}", file=sys.stderr, flush=True)
                results[part] = work()
                results["measured"][part] = {name: told[name] for name in ("date", "commit")}

    if output is None:
        print(page.page(results, None))
        return
    output.mkdir(parents=True, exist_ok=True)
    stem = name_of(output, told)
    result = output / f"{stem}.json"
    result.write_text(json.dumps(results, indent=1) + "\n")
    earlier_picture = before[0].with_suffix(".svg") if before else None
    picture = earlier_picture.name if earlier_picture and earlier_picture.exists() else None
    if results["measured"].get("convert", {}).get("commit") == told["commit"]:
        picture = f"{stem}.svg"
        where = f"{told['processor']}, {told['date']}, commit {told['commit']}"
        caption = f"{where}; bytes of inflated text per second, log scale"
        (output / picture).write_text(plot.svg(results["convert"], caption))
    (output / "README.md").write_text(page.page(results, picture))
    print(f"{output / 'README.md'} tells of {result.name}")
    if before:
        compare.show(before[0], result)


if __name__ == "__main__":
    sys.exit(main())
