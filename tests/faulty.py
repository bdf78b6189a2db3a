"""Processes whose disk is slow, whose reads fail or whose clock is wrong: a library in front of libc.

The names of the faults are those of the environment in ``faulty.c``.
"""

import os
import subprocess
from pathlib import Path


def faulty(folder: Path, **faults: object) -> dict[str, str]:
    """The environment of a process with faults, such as ``disk_us=500`` for half a millisecond a step of the disk."""
    library = folder / "faulty.so"
    if not library.exists():
        source = Path(__file__).with_name("faulty.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True)
    named = {f"FAULTY_{name.upper()}": str(value) for name, value in faults.items()}
    return {**os.environ, "LD_PRELOAD": str(library), **named}
