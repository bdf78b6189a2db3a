"""What a command imports: starting is quick as long as it imports neither pyarrow nor nautilus_trader.

No clock here: what is imported says it, and a busy machine does not.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.frames import ROOT, capture, usdm

HEAVY = {"pyarrow", "nautilus_trader", "numpy", "arro3", "pandas", "pydantic", "httpx"}


def imported(*arguments: str) -> set[str]:
    """Top-level packages that a command imports."""
    program = "from tickwright.cli import main; main()"
    command = [sys.executable, "-X", "importtime", "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2_000:]
    names = [line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    found = {name.split(".")[0] for name in names}
    assert "tickwright" in found and "typer" in found, "importtime says something"
    return found


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["feeds"], ["feeds", "--json"], ["convert", "--help"]]
)
def test_commands_start_without_heavy_packages(arguments: list[str]) -> None:
    assert imported(*arguments) & HEAVY == set()


def test_convert_and_inspect_import_none_of_them_either(tmp_path: Path) -> None:
    """With definitions too: the core writes the instruments."""
    source = str(capture(tmp_path / "c.ndjson", usdm()))
    assert imported("convert", source, "-o", str(tmp_path / "catalog")) & HEAVY == set()
    example = str(ROOT / "examples/binance-usdm")
    assert imported("convert", example, "-o", str(tmp_path / "instruments")) & HEAVY == set()
    assert list((tmp_path / "instruments/data/crypto_perpetual").glob("*/*.parquet"))
    assert imported("convert", source, "-o", str(tmp_path / "catalog"), "--json") & HEAVY == set()
    assert imported("inspect", source) & HEAVY == set()


def test_importing_the_package_imports_no_nautilus() -> None:
    program = "import sys, tickwright; print(sorted(n for n in sys.modules if n.split('.')[0] == 'nautilus_trader'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[]\n"
