"""The Rust tests, as one item."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_cargo_test() -> None:
    done = subprocess.run(
        ["cargo", "test", "--workspace", "--quiet"],
        cwd=ROOT,
        env={**os.environ, "PYO3_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-8_000:]
