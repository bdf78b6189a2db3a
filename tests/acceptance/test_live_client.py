"""The example client in a real TradingNode: gaps are healed, and the engine's book is the venue's."""

import json
import subprocess
import sys
from pathlib import Path

import tickwright


def test_book_is_right_after_gaps_and_a_dropped_connection(tmp_path: Path) -> None:
    report = tickwright.simulate("binance-usdm", tmp_path / "capture.gz", seed=5, minutes=1, symbols=2, truth=False)
    tickwright.convert(report.output, tmp_path / "catalog")
    node = Path(__file__).with_name("live_node.py")
    run = subprocess.run(
        [sys.executable, node, report.output, tmp_path / "catalog", "BTCUSDT-PERP.BINANCE", "BTCUSDT"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["equal"], found
    assert found["sequence"][0] == found["sequence"][1]
    assert found["levels"] > 100
    assert found["reconnects"] == 1
    assert found["lost"] > 2
    # The stream began without a book, and each loss made a hole; every one was told, and fetched for.
    assert found["gaps"][0] == "no_snapshot"
    assert found["gaps"].count("sequence") >= 2
    assert found["fetches"] >= len(set(found["gaps"]))
    assert found["without_end"] == 0
    assert {"deltas", "quote", "trade"} <= found["got"].keys()
