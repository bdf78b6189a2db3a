"""How works are clocked: alternating, best of several rounds; commands as processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BENCHES = Path(__file__).resolve().parents[1]
PEERS = BENCHES / "peers" / "Cargo.toml"

PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def best(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Seconds of each work, the best of `rounds`; works alternate. A work that clocks itself gives its seconds."""
    seconds = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            own = work()
            took = own if isinstance(own, float) else time.perf_counter() - start
            seconds[name] = min(seconds[name], took)
    return seconds


def environment() -> dict[str, str]:
    """The variables of this process; bytecode is kept as in any installation, whatever this process was told."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(*arguments: str | Path) -> float:
    """Runs the command line; its seconds."""
    start = time.perf_counter()
    subprocess.run(["tickwright", *map(str, arguments)], stdout=subprocess.DEVNULL, check=True, env=environment())
    return time.perf_counter() - start


def peak(*arguments: str | Path) -> float:
    """Runs the command line; most MiB that were resident."""
    # A child starts with the high water mark of who forked it: a small process stands between.
    words = [sys.executable, "-c", PEAK, "tickwright", *map(str, arguments)]
    return int(subprocess.run(words, stdout=subprocess.PIPE, check=True, env=environment()).stdout) / 1024


class Fresh:
    """Names of folders that were never there: ext4 looks for names past what was just deleted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given = 0

    def __call__(self) -> Path:
        """The next one."""
        self.given += 1
        return self.folder / f"catalog-{self.given}"


def child(script: str, *arguments: str | Path, one_core: bool = False, **variables: str) -> Any:
    """What a script of this folder prints, read as JSON."""
    words = [sys.executable, BENCHES / "suite" / script, *arguments]
    return _json(words, one_core, environment() | variables)


def rust(program: str, *arguments: str | Path, one_core: bool = False) -> Any:
    """What a program of `benches/peers` prints, read as JSON. It is built first where it is not."""
    build = ["cargo", "build", "--release", "--quiet", "--manifest-path", PEERS, "--bin", program]
    subprocess.run(build, check=True)
    return _json([target() / "release" / program, *arguments], one_core, environment())


def target() -> Path:
    """Where cargo builds `benches/peers`."""
    words = ["cargo", "metadata", "--format-version", "1", "--no-deps", "--manifest-path", PEERS]
    told = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    return Path(told["target_directory"])


def _json(words: list[str | Path], one_core: bool, env: dict[str, str]) -> Any:
    def bind() -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    found = subprocess.run(
        list(map(str, words)), check=True, stdout=subprocess.PIPE, env=env, preexec_fn=bind if one_core else None
    )
    return json.loads(found.stdout)
