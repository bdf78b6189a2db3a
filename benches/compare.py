"""What became slower: ``uv run --group bench python benches/compare.py [OLD.json] [NEW.json]``.

Without names, the two newest results of ``benches/results``. Figures are compared where both have them; those of one
run are ratios, so that two machines can be compared, if with more noise than two runs of one. Exit code 1 where a
figure is worse by more than ``--worse`` (a share, 0.15 unless given).
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
# Times, memory, sizes, and parts of a whole: less is better.
LESS = re.compile(r"\bns\b|_s$|MiB|bytes per row|whole/|share|RSS")
# What a figure was measured on, not how well it went.
GIVEN = re.compile(r"MiB of input|rows in the file|^machine|^measured|^quick")


def figures(results: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every figure, by its path."""
    if isinstance(results, dict):
        for name, inner in results.items():
            yield from figures(inner, f"{path} {name}".strip())
    elif isinstance(results, list):
        for row in results:
            name = " ".join(str(value) for value in row.values() if isinstance(value, str))
            yield from figures({k: v for k, v in row.items() if not isinstance(v, str)}, f"{path} {name}")
    elif isinstance(results, int | float) and not GIVEN.search(path):
        yield path, float(results)


def gain(name: str, old: float, new: float) -> float:
    """How many times better the new figure is."""
    return old / new if LESS.search(name) else new / old


def newest(folder: Path, count: int) -> list[Path]:
    """The newest results of a folder, the last one last."""

    def when(file: Path) -> tuple[str, str, str]:
        machine = json.loads(file.read_text())["machine"]
        return machine["date"], machine.get("time", ""), file.stem

    return sorted(folder.glob("*.json"), key=when)[-count:]


def show(before: Path, after: Path, share: float = 0.15) -> int:
    """Prints how two results differ; how many figures are worse by more than a share."""
    old, new = (dict(figures(json.loads(file.read_text()))) for file in (before, after))
    worse = 0
    print(f"{before.name} -> {after.name}: times better, worst first")
    both = [(gain(name, old[name], new[name]), name) for name in old.keys() & new.keys() if old[name] and new[name]]
    for times, name in sorted(both):
        is_worse = times < 1 - share
        worse += is_worse
        print(f"{'!' if is_worse else ' '} {times:6.2f}  {name}  {old[name]:.4g} -> {new[name]:.4g}")
    for title, names in (("only before", old.keys() - new.keys()), ("only now", new.keys() - old.keys())):
        for name in sorted(names):
            print(f"  {title}: {name}")
    return worse


def main() -> int:
    """Compares."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="an earlier result and a later one")
    parser.add_argument("--worse", type=float, default=0.15, help="share by which a figure may be worse")
    options = parser.parse_args()
    files = options.files or newest(RESULTS, 2)
    if len(files) != 2:
        parser.error(f"two results are compared; there are {len(files)} in {RESULTS}")
    return int(show(*files, options.worse) > 0)


if __name__ == "__main__":
    sys.exit(main())
