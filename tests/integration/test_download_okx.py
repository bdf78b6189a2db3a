"""`tickwright download okx` against a server on loopback: which files, whole ones, and into a catalog."""

import io
import json
import os
import subprocess
import sys
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import tickwright
from tickwright.download import okx

from tests import dumps
from tests.integration.test_download import FAST, Server, server

__all__ = ["server"]

TRADES = "traderecords/trades/daily/202401{0:02}/BTC-USDT-SWAP-trades-2024-01-{0:02}.zip"
BOOKS = "match/orderbook/{0}L2/{1}lv/daily/{2:%Y%m%d}/{3}-L2orderbook-{1}lv-{2}.tar.gz"
FUNDINGS = "traderecords/swaprates/daily/202401{0:02}/allswap-fundingrates-2024-01-{0:02}.zip"


def publish(server: Server, *keys: str) -> None:
    for key in keys:
        name = key.rsplit("/", 1)[-1].removesuffix(".zip")
        text = dumps.OKX_FUNDING_RATES if "funding" in key else dumps.okx_trades("BTC-USDT-SWAP")
        server.files[key] = dumps.archive(f"{name}.csv", text.encode())


def get(server: Server, folder: Path, start: str, end: str, **more: Any) -> Any:
    options: dict[str, Any] = {"types": ["trades"], "symbols": ["BTC-USDT-SWAP"], "settings": FAST} | more
    return okx(folder, start=start, end=end, base_url=server.url, book_url=f"{server.url}/book", **options)


def books(day: date, *, depth: int = 400, symbol: str = "BTC-USDT-SWAP", pro: str = "") -> str:
    return "book/" + BOOKS.format(pro, depth, day, symbol)


def book(day: date) -> bytes:
    """A published file of a book: a snapshot and a change."""
    begin = int(datetime.combine(day, datetime.min.time(), UTC).timestamp() * 1_000)
    lines = [
        f'{{"instId":"BTC-USDT-SWAP","action":"{action}","ts":"{begin + at}","asks":[["63913.4","{size}","7"]],"bids":[]}}'
        for action, at, size in (("snapshot", 1, 20), ("update", 11, 0))
    ]
    body = "".join(line + "\n" for line in lines).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"BTC-USDT-SWAP-L2orderbook-400lv-{day}.data")
        entry.size = len(body)
        archive.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


def keys(server: Server, report: Any) -> list[str]:
    return [file.url.removeprefix(f"{server.url}/") for file in report.files]


def test_days_of_trades_and_the_day_after(server: Server, tmp_path: Path) -> None:
    there = [TRADES.format(day) for day in (1, 2, 3)]
    publish(server, *there)
    report = get(server, tmp_path, "2024-01-01", "2024-01-03")
    assert keys(server, report) == [*there, TRADES.format(4)]
    assert [file.status for file in report.files] == ["fetched"] * 3 + ["missing"]
    assert all(file.checked for file in report.files[:3])
    for key in there:
        assert (tmp_path / key).read_bytes() == server.files[key]
    assert [file.status for file in get(server, tmp_path, "2024-01-01", "2024-01-02").files] == ["present"] * 3


def test_books_have_days_of_utc_and_a_new_place(server: Server, tmp_path: Path) -> None:
    """No file of the day after; under `pro` since July 2026."""

    def planned(start: str, end: str, **more: Any) -> list[str]:
        return keys(server, get(server, tmp_path, start, end, types=["orderbook"], dry_run=True, **more))

    june, july = date(2026, 6, 30), date(2026, 7, 1)
    assert planned("2026-06-30", "2026-07-01") == [books(june), books(july, pro="pro/")]
    assert planned("2026-06-30", "2026-06-30", depth=5000) == [books(june, depth=5000)]
    assert planned("2026-06-30", "2026-06-30", period="monthly") == [books(june)]
    chains = ["BTC-USD-futureschain", "AAVE-USD_UM_XPERP-futureschain"]
    assert planned("2026-06-30", "2026-06-30", symbols=chains) == [books(june, symbol=chain) for chain in chains]
    assert not server.asked


def test_books_are_fetched_whole(server: Server, tmp_path: Path) -> None:
    june = date(2026, 6, 30)
    key = books(june)
    server.files[key] = book(june)
    server.faults[key] = ["cut"]
    (file,) = get(server, tmp_path, "2026-06-30", "2026-06-30", types=["orderbook"]).files
    assert (file.status, file.checked) == ("fetched", True)
    assert Path(file.path) == tmp_path / key.removeprefix("book/")
    assert Path(file.path).read_bytes() == server.files[key]
    damaged = books(date(2026, 6, 29))
    server.files[damaged] = server.files[key][:-9]
    (file,) = get(server, tmp_path, "2026-06-29", "2026-06-29", types=["orderbook"]).files
    assert file.status == "failed" and not Path(file.path).exists()


@pytest.mark.parametrize("faults", [["cut"], ["503", "cut"], ["slow"]])
def test_what_breaks_goes_on(server: Server, tmp_path: Path, faults: list[str]) -> None:
    key = TRADES.format(1)
    publish(server, key)
    server.faults[key] = list(faults)
    first, _ = get(server, tmp_path, "2024-01-01", "2024-01-01").files
    assert (first.status, (tmp_path / key).read_bytes()) == ("fetched", server.files[key])
    assert not list(tmp_path.rglob("*.part*"))


def test_what_is_damaged_is_told_and_not_kept(server: Server, tmp_path: Path) -> None:
    key = TRADES.format(1)
    publish(server, key)
    server.files[key] = server.files[key][:-9]
    first, _ = get(server, tmp_path, "2024-01-01", "2024-01-01").files
    assert first.status == "failed"
    assert not (tmp_path / key).exists()


def test_months_chains_and_fundings(server: Server, tmp_path: Path) -> None:
    def planned(**more: Any) -> list[str]:
        return keys(server, get(server, tmp_path, "2024-01-31", "2024-02-01", dry_run=True, **more))

    assert planned(period="monthly", types=["aggtrades"]) == [
        f"traderecords/aggtrades/monthly/2024{month:02}/BTC-USDT-SWAP-aggtrades-2024-{month:02}.zip" for month in (1, 2)
    ]
    candles = planned(types=["candlesticks"])
    assert [name.rsplit("-candlesticks-")[-1] for name in candles] == [
        f"2024-0{at}.zip" for at in ("1-31", "2-01", "2-02")
    ]
    assert candles[0] == "traderecords/candlesticks/daily/20240131/BTC-USDT-SWAP-candlesticks-2024-01-31.zip"
    chain = planned(symbols=["BTC-USD-futureschain"])
    assert chain[0] == "traderecords/trades/daily/20240131/BTC-USD-futureschain-trades-2024-01-31.zip"
    fundings = planned(types=["fundingrates"], symbols=["BTC-USDT-SWAP", "ETH-USDT-SWAP"], period="monthly")
    assert fundings == planned(types=["fundingrates"], symbols=[])
    assert fundings[0] == FUNDINGS.format(31)
    assert len(fundings) == 3
    assert not server.asked


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"types": ["klines"]}, "aggtrades, candlesticks, fundingrates, orderbook, trades"),
        ({"types": ["orderbook"], "symbols": []}, "at least one"),
        ({"types": ["orderbook"], "depth": 50}, "400 or 5000"),
        ({"types": []}, "at least one"),
        ({"symbols": []}, "at least one"),
        ({"symbols": ["../BTC"]}, "as OKX names it"),
        ({"symbols": ["btc-usdt"]}, "as OKX names it"),
        ({"period": "auto"}, "daily or monthly"),
        ({"start": "soon"}, "2024-01-31"),
        ({"start": "2024-03", "end": "2024-02"}, "before the start"),
    ],
)
def test_what_cannot_be_is_said(server: Server, tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(tickwright.UsageError, match=said):
        get(server, tmp_path, **({"start": "2024-01", "end": "2024-01"} | wrong))
    assert not server.asked


def test_the_command_into_a_catalog(server: Server, tmp_path: Path) -> None:
    publish(server, TRADES.format(1), FUNDINGS.format(1))
    server.files[books(date(2024, 1, 1))] = book(date(2024, 1, 1))
    command = [str(Path(sys.executable).with_name("tickwright")), "download", "okx"]
    command += ["--type", "trades,fundingrates,orderbook", "--book-url", f"{server.url}/book"]
    command += ["--symbols", "BTC-USDT-SWAP", "--from", "2024-01-01", "--to", "2024-01-01", "--json"]
    command += ["--base-url", server.url, "-o", str(tmp_path / "in"), "--convert", str(tmp_path / "catalog")]
    done = subprocess.run(command, capture_output=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [file["status"] for file in report["files"]] == ["fetched", "missing"] * 2 + ["fetched"]
    tables = {(table["type"], table["instrument_id"]) for table in report["convert"]["tables"]}
    assert ("trade", "BTC-USDT-SWAP.OKX") in tables
    assert ("funding_rate", "ETH-USDT-SWAP.OKX") in tables
    assert ("delta", "BTC-USDT-SWAP.OKX") in tables
    none = subprocess.run(
        [*command[:-6], "--base-url", f"{server.url}/no", "--book-url", f"{server.url}/no", "-o", str(tmp_path / "x")],
        capture_output=True,
    )
    assert none.returncode == 3
