"""Real recordings: every row equals what the slow reference decoder gives."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright

from tests.frames import SHARED

SCALE = 10**16
ROOT = Path(__file__).resolve().parents[2]
ACTIONS = {1: "ADD", 2: "UPDATE", 3: "DELETE", 4: "CLEAR"}
SIDES = {0: "NO_ORDER_SIDE", 1: "BUY", 2: "SELL"}
AGGRESSORS = {0: "NO_AGGRESSOR", 1: "BUYER", 2: "SELLER"}


def raw(value: bytes) -> int:
    return int.from_bytes(value, "little", signed=True)


def exact(text: str) -> int:
    from decimal import Decimal

    scaled = Decimal(text).scaleb(16)
    assert scaled == int(scaled)
    return int(scaled)


@pytest.mark.skipif(not (SHARED / "frames").is_dir(), reason="needs ../shared/frames")
@pytest.mark.parametrize("prefix", ["BINANCE.", "BINANCE_DELIVERY."])
def test_rows_equal_the_reference(tmp_path: Path, prefix: str) -> None:
    inputs = sorted((SHARED / "frames/connections").glob(f"{prefix}*"))
    tickwright.convert(inputs, tmp_path / "catalog", write_instruments=False)
    done = subprocess.run(
        [sys.executable, "-m", "tests.reference", *map(str, inputs)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    wanted: dict[tuple[str, str], list[tuple]] = {}
    for line in done.stdout.splitlines():
        if not line.startswith('{"'):
            continue
        row = json.loads(line)
        kind = row.get("type")
        if kind == "delta":
            value = (row["action"], row["side"], exact(row["price"]), exact(row["size"]), row["flags"], row["sequence"])
        elif kind == "quote":
            value = tuple(exact(row[k]) for k in ("bid_price", "ask_price", "bid_size", "ask_size"))
        elif kind == "trade":
            side = row.get("aggressor_side", row.get("aggressor"))
            value = (exact(row["price"]), exact(row["size"]), side, str(row["trade_id"]))
        else:
            continue
        wanted.setdefault((kind, row["instrument_id"]), []).append((*value, row["ts_event"], row["ts_init"]))
    assert wanted, done.stdout[:500] + done.stderr[-500:]
    folders = {"delta": "order_book_deltas", "quote": "quote_tick", "trade": "trade_tick"}
    for (kind, id_), rows in wanted.items():
        (path,) = (tmp_path / "catalog/data" / folders[kind] / id_).iterdir()
        got = []
        for row in pa.table(pq.read_table(path)).to_pylist():
            if kind == "delta":
                value = (
                    ACTIONS[row["action"]],
                    SIDES[row["side"]],
                    raw(row["price"]),
                    raw(row["size"]),
                    row["flags"],
                    row["sequence"],
                )
            elif kind == "quote":
                value = tuple(raw(row[k]) for k in ("bid_price", "ask_price", "bid_size", "ask_size"))
            else:
                value = (raw(row["price"]), raw(row["size"]), AGGRESSORS[row["aggressor_side"]], row["trade_id"])
            got.append((*value, row["ts_event"], row["ts_init"]))
        assert got == rows, (kind, id_)
