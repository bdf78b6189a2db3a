"""The command as real processes, what each must keep to, and catalogs looked at from outside.

Nothing here imports tickwright: a catalog is what its files and its log say.
"""

import gzip
import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

COMMAND = [sys.executable, "-c", "from tickwright.cli import main; main()"]
ENDS = ("rows", "control", "duplicate", "stale", "withheld", "unselected", "rejected")


@dataclass
class Done:
    """A command that ended: exit code, report or error from ``--json``, text of stderr."""

    code: int
    body: dict[str, Any]
    stderr: str

    @property
    def error(self) -> tuple[int, str]:
        """Exit code and the code of the error."""
        assert "error" in self.body, self.body
        return self.code, self.body["error"]["code"]

    @property
    def message(self) -> str:
        """The sentence of the error, which stderr has as well."""
        text: str = self.body["error"]["message"]
        return text


def sane(code: int, stderr: str) -> None:
    """No panic, no abort, no traceback, an exit code that is documented, nothing for the terminal."""
    assert code in (0, 1, 2, 3, 4, 130), (code, stderr)
    for word in ("panicked", "Traceback", "please report", "\x1b"):
        assert word not in stderr, stderr


def tickwright(*arguments: object, cwd: Path | None = None) -> Done:
    """Runs a command with ``--json``."""
    command = [*COMMAND, *(a if isinstance(a, bytes) else str(a) for a in arguments), "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300, cwd=cwd)
    stderr = done.stderr.decode()
    sane(done.returncode, stderr)
    body = json.loads(done.stdout)
    if done.returncode > 1:
        assert body["exit_code"] == done.returncode
        assert stderr.startswith("error: ")
    return Done(done.returncode, body, stderr)


def convert(*arguments: object, into: Path, **more: Any) -> Done:
    """``tickwright convert``; the accounting of what it reports adds up."""
    done = tickwright("convert", *arguments, "-o", into, **more)
    if done.code < 2:
        adds_up(done.body)
    return done


def adds_up(report: dict[str, Any]) -> None:
    """Every part of every source makes its sum, and the sources make the whole."""
    counts = [source["accounting"] for source in report["sources"]] + [report["accounting"]]
    for accounting in counts:
        for what in ("bytes", "frames", "items"):
            ends = accounting[what]
            assert ends["total"] == sum(ends[end] for end in ENDS), (what, ends)
    for source in report["sources"]:
        accounting = source["accounting"]
        assert source["bytes"] == accounting["bytes"]["total"] + accounting["container_bytes"], source
    for what in ("bytes", "frames", "items"):
        assert report["accounting"][what]["total"] == sum(a[what]["total"] for a in counts[:-1])


def rejects(catalog: Path, report: dict[str, Any]) -> list[dict[str, Any]]:
    """The rejects a commit kept."""
    if report["rejects_file"] is None:
        return []
    with pa.input_stream(str(catalog / report["rejects_file"]), compression="zstd") as stream:
        return [json.loads(line) for line in stream.read().splitlines()]


def data(catalog: Path) -> dict[str, bytes]:
    """Every file under ``data/`` with its bytes."""
    found = sorted(p for p in (catalog / "data").rglob("*") if p.is_file())
    return {str(p.relative_to(catalog)): p.read_bytes() for p in found}


def log(catalog: Path) -> list[dict[str, Any]]:
    """The entries of the commit log, whose versions are 1, 2, 3, …"""
    names = sorted((catalog / "_tickwright/log").glob("*.json"))
    entries = [json.loads(path.read_text()) for path in names]
    assert [e["version"] for e in entries] == list(range(1, len(entries) + 1))
    assert [path.name for path in names] == [f"{e['version']:020}.json" for e in entries]
    return entries


def whole(catalog: Path) -> None:
    """At any instant: every file that a lister finds opens, and no two of a folder meet in time."""
    for folder in sorted((catalog / "data").glob("*/*")):
        spans = []
        for path in sorted(folder.iterdir()):
            assert path.suffix == ".parquet", path
            times = pq.read_table(path, columns=["ts_init"])["ts_init"].cast(pa.int64()).to_pylist()
            assert times == sorted(times), path
            spans.append((times[0], times[-1], path.name))
        spans.sort()
        for (_, end, before), (start, _, after) in zip(spans, spans[1:], strict=False):
            assert end < start, (before, after)


def consistent(catalog: Path) -> None:
    """At rest: ``data/`` is what the log says, byte for byte, and nothing waits in staging."""
    whole(catalog)
    held: dict[str, str] = {}
    for entry in log(catalog):
        for target in entry["removed"]:
            held.pop(target, None)
        held.update({f["target"]: f["sha256"] for f in entry["files"]})
        for sidecar in entry["sidecars"]:
            assert hashlib.sha256((catalog / sidecar["target"]).read_bytes()).hexdigest() == sidecar["sha256"]
    found = {n: hashlib.sha256(b).hexdigest() for n, b in data(catalog).items() if n.split("/")[1] in FOLDERS}
    assert found == held
    staging = catalog / "_tickwright/staging"
    # One that was killed before it had named its lock is left alone for an hour.
    assert [p.name for p in staging.glob("*/lock")] == []


# Folders whose files a commit names; instruments are written beside them by NautilusTrader.
FOLDERS = (
    "trade_tick quote_tick order_book_deltas order_book_depths bar mark_price_update index_price_update "
    "funding_rate_update instrument_status custom_liquidation custom_open_interest option_greeks "
    "custom_volatility_index"
).split()


def trade(number: int, *, symbol: str = "BTCUSDT", ms: int = 1_700_000_000_000, price: str = "100.5") -> bytes:
    """A USD-M aggTrade."""
    text = (
        f'{{"e":"aggTrade","E":{ms},"a":{number},"s":"{symbol}","p":"{price}","q":"0.25","f":{number},"l":{number},'
        f'"T":{ms},"m":true}}'
    )
    return text.encode()


def trades(count: int, first: int = 1, symbol: str = "BTCUSDT") -> list[tuple[int, bytes]]:
    """Trades a millisecond apart, with receive times."""
    start = 1_700_000_000_000
    numbers = range(first, first + count)
    return [((start + n) * 1_000_000, trade(n, symbol=symbol, ms=start + n)) for n in numbers]


def text(frames: list[tuple[int, bytes]]) -> bytes:
    """Frames as lines behind their receive times."""
    return b"".join(b"%d %s\n" % frame for frame in frames)


def zstd(raw: bytes) -> bytes:
    """One zstd frame."""
    packed: bytes = pa.Codec("zstd").compress(raw, asbytes=True)
    return packed


def gz(raw: bytes) -> bytes:
    """One gzip member, always the same."""
    return gzip.compress(raw, mtime=0)


def trade_ids(catalog: Path, id_: str = "BTCUSDT-PERP.BINANCE") -> list[str]:
    """The ids of the trades of an instrument, in order."""
    files = sorted((catalog / "data/trade_tick" / id_).glob("*.parquet"))
    return [value for path in files for value in pq.read_table(path)["trade_id"].to_pylist()]
