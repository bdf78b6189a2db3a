"""`tickwright download bybit` against a server on loopback: which files, whole ones, and into a catalog."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tickwright
from tickwright.download import bybit

from tests import dumps
from tests.integration.test_download import FAST, Server, server
from tests.integration.test_dumps import bybit_book

__all__ = ["server"]

TRADES = "trading/BTCUSDT/BTCUSDT{day}.csv.gz"


def packed(key: str) -> bytes:
    if key.endswith(".zip"):
        return dumps.archive(key.rsplit("/", 1)[-1].removesuffix(".zip"), bybit_book(0, symbol="BTCUSDT").encode())
    return gzip.compress(dumps.bybit_trades("BTCUSDT", seed=len(key) + sum(key.encode())).encode())


def publish(server: Server, *keys: str) -> None:
    for key in keys:
        server.files[key] = packed(key)


def get(server: Server, folder: Path, start: str, end: str, **more: Any) -> Any:
    options: dict[str, Any] = {"market": "linear", "types": ["trades"], "symbols": ["BTCUSDT"], "settings": FAST} | more
    return bybit(folder, start=start, end=end, base_url=server.url, book_url=f"{server.url}/book", **options)


def keys(server: Server, report: Any) -> list[str]:
    return [file.url.removeprefix(f"{server.url}/") for file in report.files]


def test_days_of_trades(server: Server, tmp_path: Path) -> None:
    there = [TRADES.format(day=f"2024-01-{day:02}") for day in (1, 2, 4)]
    publish(server, *there, TRADES.format(day="2024-02-01"))
    report = get(server, tmp_path, "2024-01-01", "2024-01-05")
    assert keys(server, report) == there
    assert {(file.status, file.checked) for file in report.files} == {("fetched", True)}
    assert server.asked["trading/BTCUSDT/"] == 1
    for key in there:
        assert (tmp_path / key).read_bytes() == server.files[key]
    assert {file.status for file in get(server, tmp_path, "2024-01-01", "2024-01-05").files} == {"present"}
    assert not [key for key in server.asked if key.endswith(".CHECKSUM")]


def test_without_a_listing_every_day_is_asked_for(server: Server, tmp_path: Path) -> None:
    publish(server, TRADES.format(day="2024-01-01"))
    report = get(server, tmp_path, "2024-01-01", "2024-01-02", listing=False)
    assert [file.status for file in report.files] == ["fetched", "missing"]
    assert not [key for key in server.asked if key.endswith("/")]


@pytest.mark.parametrize("faults", [["cut"], ["503", "cut"], ["spoilt"], ["slow"]])
def test_what_breaks_goes_on_and_what_is_spoilt_is_fetched_again(
    server: Server, tmp_path: Path, faults: list[str]
) -> None:
    key = TRADES.format(day="2024-01-01")
    publish(server, key)
    server.faults[key] = list(faults)
    (file,) = get(server, tmp_path, "2024-01-01", "2024-01-01").files
    assert (file.status, (tmp_path / key).read_bytes()) == ("fetched", server.files[key])
    assert not list(tmp_path.rglob("*.part*"))


def test_what_is_damaged_is_told_and_not_kept(server: Server, tmp_path: Path) -> None:
    key = TRADES.format(day="2024-01-01")
    publish(server, key)
    server.files[key] = server.files[key][:-9]
    (file,) = get(server, tmp_path, "2024-01-01", "2024-01-01").files
    assert file.status == "failed" and "compression is damaged" in (file.error or "")
    assert not (tmp_path / key).exists()
    # What was spoilt on the disk is fetched again.
    publish(server, key)
    (tmp_path / key).write_bytes(server.files[key][:-1])
    assert get(server, tmp_path, "2024-01-01", "2024-01-01").files[0].status == "fetched"


def test_spot_takes_months_where_there_are_some(server: Server, tmp_path: Path) -> None:
    month, days = "spot/BTCUSDT/BTCUSDT-2024-01.csv.gz", [f"spot/BTCUSDT/BTCUSDT_2024-0{m}-02.csv.gz" for m in (1, 2)]
    publish(server, month, *days)

    def found(start: str, end: str, **more: Any) -> list[str]:
        return keys(server, get(server, tmp_path, start, end, market="spot", dry_run=True, **more))

    assert found("2024-01", "2024-02") == [month, days[1]]
    assert found("2024-01-02", "2024-02") == days
    assert found("2024-01", "2024-02", period="daily") == days
    assert found("2024-01", "2024-02", period="monthly") == [month]
    assert found("2024-03", "2024-03") == []


def test_order_books_of_either_depth_and_klines_by_month(server: Server, tmp_path: Path) -> None:
    book = "book/orderbook/linear/BTCUSDT/{}_BTCUSDT_ob{}.data.zip"
    books = [book.format("2025-08-20", 500), book.format("2025-08-21", 200), book.format("2025-08-22", 500)]
    bars = [f"kline_for_metatrader4/BTCUSDT/2024/BTCUSDT_15_2024-{m:02}-01_2024-{m:02}-{d}.csv.gz" for m, d in
            [(1, 31), (2, 29)]]  # fmt: skip
    publish(server, *books, *bars)
    report = get(server, tmp_path, "2025-08-20", "2025-08-22", types=["orderbook"])
    assert keys(server, report) == books and {file.status for file in report.files} == {"fetched"}
    guessed = get(server, tmp_path, "2025-08-20", "2025-08-21", types=["orderbook"], listing=False, dry_run=True)
    assert keys(server, guessed) == books[:2]
    report = get(server, tmp_path, "2024-01-10", "2024-03", types=["klines"], interval="15")
    assert keys(server, report) == bars
    assert get(server, tmp_path, "2024-01-10", "2024-03", types=["klines"]).notes == [
        "klines of BTCUSDT: nothing is published from 2024-01-10 to 2024-03"
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"market": "um"}, "linear, inverse, spot"),
        ({"types": ["klines"], "market": "spot"}, "orderbook, trades"),
        ({"types": []}, "at least one"),
        ({"symbols": ["../BTC"]}, "upper case"),
        ({"interval": "7"}, "15, 30, 60"),
        ({"period": "hourly"}, "auto, daily or monthly"),
        ({"start": "soon"}, "2024-01-31"),
        ({"start": "2024-03", "end": "2024-02"}, "before the start"),
    ],
)
def test_what_cannot_be_is_said(server: Server, tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(tickwright.UsageError, match=said):
        get(server, tmp_path, **({"start": "2024-01", "end": "2024-01"} | wrong))
    assert not server.asked


def test_the_command_into_a_catalog(server: Server, tmp_path: Path) -> None:
    publish(server, TRADES.format(day="2024-01-01"), "book/orderbook/linear/BTCUSDT/2024-01-01_BTCUSDT_ob500.data.zip")
    command = [str(Path(sys.executable).with_name("tickwright")), "download", "bybit", "--market", "linear"]
    command += ["--type", "trades,orderbook", "--symbols", "BTCUSDT", "--from", "2024-01-01", "--to", "2024-01-01"]
    command += ["-o", str(tmp_path / "in"), "--base-url", server.url, "--book-url", f"{server.url}/book", "--json"]
    done = subprocess.run([*command, "--convert", str(tmp_path / "catalog")], capture_output=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [file["status"] for file in report["files"]] == ["fetched", "fetched"]
    tables = {(table["type"], table["instrument_id"]) for table in report["convert"]["tables"]}
    assert tables == {("trade", "BTCUSDT-LINEAR.BYBIT"), ("delta", "BTCUSDT-LINEAR.BYBIT")}
    none = subprocess.run([*command[:-7], "-o", str(tmp_path / "x"), "--base-url", f"{server.url}/no", "--book-url",
                           f"{server.url}/no"], capture_output=True)  # fmt: skip
    assert none.returncode == 3
