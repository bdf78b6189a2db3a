"""The benchmarks' own parts: inputs that are the same in any cut, a page of any result, names never taken twice."""

import gzip
import importlib
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import tickwright

from tests.frames import ROOT


@pytest.fixture(scope="module")
def bench() -> dict[str, ModuleType]:
    sys.path.insert(0, str(ROOT / "benches"))
    try:
        names = ("compare", "suite.inputs", "suite.page", "suite.plot")
        return {name.split(".")[-1]: importlib.import_module(name) for name in names}
    finally:
        sys.path.remove(str(ROOT / "benches"))


@pytest.mark.parametrize("kind", ["tardis_book", "trades", "agg_trades", "klines"])
def test_rows_are_the_same_in_any_cut(bench: dict[str, ModuleType], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = bench["inputs"]
    monkeypatch.setattr(inputs, "BLOCK", 100)

    def rows(part: range) -> list[bytes]:
        return b"".join(inputs.text(getattr(inputs, kind), part)).split(b"\n")[1:-1]

    whole = rows(range(250))
    assert len(whole) == 250
    assert rows(range(130)) + rows(range(130, 250)) == whole


@pytest.mark.parametrize(
    ("kind", "name", "feed"),
    [
        ("tardis_book", "book.csv.gz", None),
        ("trades", "BTCUSDT-trades-2024-01.zip", "binance-usdm"),
        ("agg_trades", "BTCUSDT-aggTrades-2024-01.zip", "binance-usdm"),
        ("klines", "BTCUSDT-1s-2024-01.zip", "binance-spot"),
    ],
)
def test_every_row_of_a_made_dump_is_a_row(
    bench: dict[str, ModuleType], tmp_path: Path, kind: str, name: str, feed: str | None
) -> None:
    inputs = bench["inputs"]
    path = inputs.packed(tmp_path / name, inputs.text(getattr(inputs, kind), range(1_000)))
    with gzip.open(path) if name.endswith(".gz") else zipfile.ZipFile(path).open(f"{path.stem}.csv") as file:
        assert len(file.read().split(b"\n")) == 1_002
    report = tickwright.convert([path], tmp_path / "catalog", feed=feed)
    # A snapshot is led by a CLEAR.
    assert sum(table.rows for table in report.tables) == 1_000 + (kind == "tardis_book")
    assert report.accounting.items.rows == 1_000


def result(date: str, time: str, figure: float) -> dict[str, object]:
    machine = {"date": date, "time": time, "commit": "abc", "processor": "2 x"}
    speeds = {f"{stage} bytes_per_second": 1e8 for stage in ("scan", "inflate", "rows", "pages", "disk", "whole")}
    return {
        "machine": machine,
        "measured": {part: {"date": date, "commit": "abc"} for part in ("dumps", "convert")},
        "dumps": {"Binance trades: pandas + wrangler + write_data / ours": figure, "Binance trades: how": "scaled"},
        "convert": {"a <dump>": {"whole/slowest": 2.0} | speeds},
    }


def test_a_page_says_what_is_reached(bench: dict[str, ModuleType]) -> None:
    page = bench["page"].page
    assert "| 60 | >= 50: reached |" in page(result("2026-01-01", "", 60.0), None)
    assert "| 49 | >= 50: missed |" in page(result("2026-01-01", "", 49.0), None)
    assert "missed" not in page(result("2026-01-01", "", 49.0) | {"quick": True}, None)
    older = result("2026-01-02", "", 60.0)
    older["measured"] = {"dumps": {"date": "2026-01-01", "commit": "old"}, "convert": {"date": "", "commit": "abc"}}
    assert "Measured on 2026-01-01 at commit old." in page(older, None)


def test_a_plot_is_well_formed_in_both_schemes(bench: dict[str, ModuleType]) -> None:
    text = bench["plot"].svg(result("2026-01-01", "", 1.0)["convert"], "a & b")
    bars = [e for e in ElementTree.fromstring(text).iter() if e.tag.endswith("rect") and e.get("class") != "back"]
    assert len(bars) == 6
    assert "prefers-color-scheme: dark" in text


def test_the_newest_are_those_made_last(
    bench: dict[str, ModuleType], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = bench["compare"]
    for name, date, time, figure in (
        ("2026-01-02-aaa", "2026-01-02", "09:00:00", 30.0),
        ("2026-01-02-fff", "2026-01-02", "08:00:00", 60.0),
        ("2026-01-01-zzz", "2026-01-01", "23:00:00", 1.0),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(result(date, time, figure)))
    newest = compare.newest(tmp_path, 2)
    assert [file.stem for file in newest] == ["2026-01-02-fff", "2026-01-02-aaa"]
    assert compare.show(*newest) == 1
    assert "!   0.50  dumps Binance trades" in capsys.readouterr().out
