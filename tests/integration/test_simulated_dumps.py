"""Simulated dumps against the truth beside them: every row of every format, however the files are cut."""

import gzip
import hashlib
import json
import random
import re
import tarfile
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests.integration.test_convert import files
from tests.integration.test_dumps import converted, rows_of
from tests.integration.test_simulator import same_tables, truth

TARGETS: list[str] = tickwright._core.simulated()[1]
#: Nautilus has no type for them.
WITHOUT_ROWS = [name for name in TARGETS if name.endswith(("premium-index-klines", "book-depth", "premium-index"))]
WITH_ROWS = [name for name in TARGETS if name not in WITHOUT_ROWS]
#: The vendor publishes days as well as months.
BOTH = [
    f"binance-{product}-{kind}"
    for product in ("spot", "um", "cm")
    for kind in ("trades", "agg-trades", "klines", "mark-price-klines", "index-price-klines", "book-ticker")
    if f"binance-{product}-{kind}" in WITH_ROWS
]
BOTH += ["bybit-spot-trades", "okx-linear-trades", "okx-linear-agg-trades", "okx-linear-candlesticks"]
#: Archives of frames: captures, not tables.
FRAMES = [name for name in TARGETS if name.endswith("order-book")]
MIDNIGHT = datetime(2026, 9, 30)


def dump(folder: Path, target: str, seed: int, **options: Any) -> tickwright.SimulateReport:
    """Some minutes around the end of a month, a funding among it; the sixth symbol is a dated contract."""
    options = {"days": 0.015, "symbols": 6, "rate": 3, "start": datetime(2026, 9, 30, 23, 45), **options}
    return tickwright.simulate_dump(target, folder, seed=seed, **options)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("target", WITH_ROWS)
def test_every_row_is_the_truth(tmp_path: Path, target: str, seed: int) -> None:
    made = dump(tmp_path / "in", target, seed)
    report = converted(tmp_path / "in", tmp_path / "catalog")
    wanted, summary = truth(str(made.truth))
    # Folders are named without the slash of a pair.
    of_folders = {(kind, name.replace("/", "")): rows for (kind, name), rows in wanted.items()}
    same_tables(rows_of(tmp_path / "catalog"), of_folders, (target, seed))
    assert summary["rows"] == made.rows
    assert report.rows == sum(made.rows.values()) == sum(len(table) for table in wanted.values())
    assert {table.instrument_id.split("-1-MINUTE")[0] for table in report.tables} <= set(made.instruments)
    assert (report.rejects, report.gaps, report.unknown_keys, report.headline) == (0, 0, {}, None)
    assert report.accounting.items.total == made.frames
    assert len(report.sources) == sum(not name.endswith(".CHECKSUM") for name in made.files)


@pytest.mark.parametrize("target", WITHOUT_ROWS)
def test_what_has_no_type_is_written_and_skipped_by_name(tmp_path: Path, target: str) -> None:
    made = dump(tmp_path, target, 1)
    assert made.frames > 0 and made.rows == {}
    kind = {"klines": "premiumIndexKlines", "depth": "bookDepth", "index": "premium_index"}[target.split("-")[-1]]
    with pytest.raises(tickwright.InputError, match=f"{kind}.*no type"):
        tickwright.convert(tmp_path, tmp_path / "catalog")


def test_every_format_can_be_simulated() -> None:
    # There are no options in this market, and OKX has the fundings of all swaps in one file; a book ticker is a quote.
    formats = {dump["name"] for dump in tickwright.dumps()} - {"tardis-options-chain", "okx-funding-rates"}
    found = set()
    for name in TARGETS:
        venue, product, *rest = name.removesuffix("-5").removesuffix("-25").split("-")
        whole, bare = "-".join([venue, product, *rest]), "-".join([venue, *rest])
        found.add(whole if whole in formats else bare)
    assert found - formats == {"bybit-order-book", "okx-order-book", "tardis-ticker"}
    assert found >= formats


@pytest.mark.parametrize("target", BOTH)
def test_days_months_and_both_give_the_same_bytes(tmp_path: Path, target: str) -> None:
    start = datetime(2026, 9, 29, 23, 45)  # two days of one month
    made = [dump(tmp_path / period, target, 4, period=period, start=start) for period in ("daily", "monthly", "both")]
    assert made[0].rows == made[1].rows == made[2].rows
    assert len(made[2].files) == len(made[0].files) + len(made[1].files)
    reports = [
        converted(tmp_path / period, tmp_path / f"{period}-{jobs}", precision=(8, 8), jobs=jobs)
        for period in ("daily", "monthly", "both")
        for jobs in (1, 4)
    ]
    first, *others = [files(tmp_path / f"{p}-{jobs}") for p in ("daily", "monthly", "both") for jobs in (1, 4)]
    assert all(other == first for other in others)
    assert reports[4].accounting.items.duplicate == sum(made[0].rows.values())


@pytest.mark.parametrize("target", [name for name in WITH_ROWS if name.startswith(("tardis", "bybit", "okx"))])
def test_vendor_days_give_the_same_bytes_whatever_the_threads(tmp_path: Path, target: str) -> None:
    made = dump(tmp_path / "in", target, 4)
    wanted, _ = truth(str(made.truth))
    for name, options in {"one": {"jobs": 1}, "four": {"jobs": 4}, "little": {"memory": 32 << 20}}.items():
        converted(tmp_path / "in", tmp_path / name, **options)
    assert files(tmp_path / "one") == files(tmp_path / "four") == files(tmp_path / "little")
    days: dict[str, list[str]] = {}
    for name in made.files:
        (day,) = re.findall(r"2026-\d\d-\d\d", name.replace("/", "-"))[:1]
        days.setdefault(day, []).append(name)
    for day in sorted(days):
        tickwright.convert(days[day], tmp_path / "increments")
    same_tables(rows_of(tmp_path / "increments"), wanted, target)


def unpacked(path: Path) -> list[list[str]]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            body = archive.read(archive.namelist()[0])
    else:
        body = path.read_bytes() if path.suffix == ".csv" else gzip.decompress(path.read_bytes())
    return [line.split(",") for line in body.decode().splitlines()]


@pytest.mark.parametrize("target", [name for name in WITH_ROWS if name not in FRAMES])
def test_tables_that_say_the_same_give_the_same_bytes(tmp_path: Path, target: str) -> None:
    """A byte order mark, quotes, CRLF, blank lines and, where a header tells them, columns in another order and more."""
    made = dump(tmp_path / "in", target, 7, symbols=2)
    chance = random.Random(7)
    for name in made.files:
        path = Path(name)
        if path.suffix == ".CHECKSUM":
            continue
        table = unpacked(path)
        if not table[0][0][:1].isdigit() and len(table[0]) == len(table[1]):
            order = chance.sample(range(len(table[0])), len(table[0]))
            table = [[row[at] for at in order] + ["flag" if row is table[0] else "x"] for row in table]
        lines = [",".join(f'"{field}"' if chance.random() < 0.3 else field for field in row) for row in table]
        lines = [line + "\r\n" * chance.choice([1, 1, 1, 2]) for line in lines]
        other = tmp_path / "other" / path.relative_to(tmp_path / "in").with_suffix("").with_suffix(".csv")
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text("\ufeff" + "".join(lines), newline="")
    plain = converted(tmp_path / "in", tmp_path / "plain")
    report = converted(tmp_path / "other", tmp_path / "catalog")
    assert files(tmp_path / "catalog") == files(tmp_path / "plain")
    assert (report.rows, report.rejects, report.gaps) == (plain.rows, 0, 0)
    assert report.unknown_keys in ({}, {"flag": made.frames})


def test_files_are_the_vendors(tmp_path: Path) -> None:
    made = dump(tmp_path, "binance-um-klines", 1, symbols=1)
    assert [Path(name).relative_to(tmp_path).as_posix() for name in made.files[::2]] == [
        "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-09-30.zip",
        "data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-10-01.zip",
    ]
    for archive, beside in zip(made.files[::2], made.files[1::2], strict=True):
        digest = hashlib.sha256(Path(archive).read_bytes()).hexdigest()
        assert Path(beside).read_text() == f"{digest}  {Path(archive).name}\n"
        with zipfile.ZipFile(archive) as opened:
            assert opened.testzip() is None
            assert opened.namelist() == [Path(archive).with_suffix(".csv").name]
            assert opened.read(opened.namelist()[0]).startswith(b"open_time,open,high,")
    tardis = dump(tmp_path, "tardis-trades", 1, symbols=1)
    assert [Path(name).relative_to(tmp_path).as_posix() for name in tardis.files] == [
        "binance-futures/trades/2026/09/30/BTCUSDT.csv.gz",
        "binance-futures/trades/2026/10/01/BTCUSDT.csv.gz",
    ]
    for target, wanted in {
        "bybit-linear-trades": ["trading/BTCUSDT/BTCUSDT2026-09-30.csv.gz", "trading/BTCUSDT/BTCUSDT2026-10-01.csv.gz"],
        "bybit-spot-trades": ["spot/BTCUSDT/BTCUSDT_2026-09-30.csv.gz", "spot/BTCUSDT/BTCUSDT_2026-10-01.csv.gz"],
        "bybit-inverse-klines": ["kline_for_metatrader4/BTCUSD/2026/BTCUSD_1_2026-10-01_2026-10-31.csv.gz"],
        "bybit-linear-order-book": [
            f"orderbook/linear/BTCUSDT/2026-{day}_BTCUSDT_ob200.data.zip" for day in ("09-30", "10-01")
        ],
    }.items():
        made = dump(tmp_path / "bybit", target, 1, symbols=1)
        assert [Path(name).relative_to(tmp_path / "bybit").as_posix() for name in made.files] == wanted
    with zipfile.ZipFile(made.files[0]) as opened:
        assert opened.namelist() == ["2026-09-30_BTCUSDT_ob200.data"]
        assert opened.read(opened.namelist()[0]).endswith(b"}\r\n")
    okx = dump(tmp_path / "okx", "okx-linear-order-book", 1, symbols=1)
    names = [f"BTC-USDT-SWAP-L2orderbook-400lv-2026-{day}" for day in ("09-30", "10-01")]
    assert [Path(name).relative_to(tmp_path / "okx").as_posix() for name in okx.files] == [
        f"match/orderbook/pro/L2/400lv/daily/{day}/{name}.tar.gz"
        for day, name in zip(("20260930", "20261001"), names, strict=True)
    ]
    for path, name in zip(okx.files, names, strict=True):
        with tarfile.open(path) as opened:
            (member,) = opened.getmembers()
            held = opened.extractfile(member)
            assert (member.name, held is not None) == (f"{name}.data", True)
            first, *rest = [json.loads(line) for line in held.read().splitlines()]
        assert list(first) == ["instId", "action", "ts", "asks", "bids"] and first["action"] == "snapshot"
        assert {len(level) for line in [first, *rest] for side in ("asks", "bids") for level in line[side]} == {3}
        assert {line["action"] for line in rest} == {"update"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "binance-futures",
        "binance-um-klines.truth.ndjson.gz",
        "bybit",
        "data",
        "okx",
        "tardis-trades.truth.ndjson.gz",
    ]


def test_spot_is_in_microseconds_from_2025_on(tmp_path: Path) -> None:
    made = dump(tmp_path, "binance-spot-trades", 1, symbols=1, start=datetime(2024, 12, 31, 23, 50))
    digits = []
    for archive in made.files[::2]:
        with zipfile.ZipFile(archive) as opened:
            lines = opened.read(opened.namelist()[0]).decode().splitlines()
        digits.append({len(line.split(",")[4]) for line in lines})
    assert digits == [{13}, {16}]


def test_one_seed_is_one_market_for_every_target(tmp_path: Path) -> None:
    names = ["trades", "agg-trades", "klines"]
    tables = [truth(str(dump(tmp_path, f"binance-um-{name}", 5, symbols=1).truth))[0] for name in names]
    (trades,), (aggregates,), (bars,) = (table.values() for table in tables)
    assert sum(row["size"] for row in trades) == sum(row["size"] for row in aggregates)
    for bar in bars:
        inside = [row for row in trades if 0 < bar["ts_event"] - row["ts_event"] <= 60 * 10**9]
        assert bar["volume"] == sum((row["size"] for row in inside), Decimal(0))
        if inside:
            prices = [row["price"] for row in inside]
            shown = [bar[name] for name in ("open", "high", "low", "close")]
            assert shown == [prices[0], max(prices), min(prices), prices[-1]]
    again = dump(tmp_path / "again", "binance-um-trades", 5, symbols=1)
    for name in again.files:
        other = tmp_path / Path(name).relative_to(tmp_path / "again")
        assert other.read_bytes() == Path(name).read_bytes()
    # A symbol lives the same life however many there are beside it.
    more, _ = truth(str(dump(tmp_path / "more", "binance-um-trades", 5, symbols=3).truth))
    assert more[("trade", "BTCUSDT-PERP.BINANCE")] == trades


def test_a_vendor_snapshot_begins_every_day(tmp_path: Path) -> None:
    made = dump(tmp_path, "tardis-incremental-book-l2", 6, symbols=1)
    assert len(made.files) == 2
    for name in made.files:
        first = gzip.decompress(Path(name).read_bytes()).decode().splitlines()[1].split(",")
        assert first[4] == "true"
    assert int(first[3]) == (MIDNIGHT + timedelta(days=1) - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def test_refusals(tmp_path: Path) -> None:
    made = dump(tmp_path, "binance-um-trades", 1, symbols=1)
    before = {name: Path(name).read_bytes() for name in made.files}
    with pytest.raises(tickwright.UsageError, match="is there already; force"):
        dump(tmp_path, "binance-um-trades", 2, symbols=1)
    assert {name: Path(name).read_bytes() for name in made.files} == before
    dump(tmp_path, "binance-um-trades", 2, symbols=1, force=True)
    assert {name: Path(name).read_bytes() for name in made.files} != before
    for wrong, said in [
        ({"target": "binance-trades"}, "binance-um-trades"),
        ({"target": "binance-usdm"}, "binance-um-trades"),
        ({"target": "binance-um-metrics", "period": "monthly"}, "auto or daily"),
        ({"target": "binance-um-funding-rate", "period": "daily"}, "auto or monthly"),
        ({"target": "tardis-trades", "period": "both"}, "auto or daily"),
        ({"period": "weekly"}, "auto, daily, monthly or both"),
        ({"symbols": 0}, "1 to 2,000"),
        ({"days": -1}, "days"),
        ({"days": 400}, "at most a year"),
    ]:
        options = {"target": "binance-um-trades", "seed": 1, **wrong}
        with pytest.raises(tickwright.UsageError, match=said):
            tickwright.simulate_dump(output=tmp_path / "x", **options)
    (tmp_path / "file").write_text("")
    with pytest.raises(tickwright.InputError) as caught:
        dump(tmp_path / "file", "binance-um-trades", 1)
    assert caught.value.path == str(tmp_path / "file")
    assert not list(tmp_path.rglob(".part*"))


def test_what_the_watcher_raises_stops_it(tmp_path: Path) -> None:
    def watch(_: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dump(tmp_path, "binance-um-trades", 1, days=300, on_progress=watch)
    assert list(tmp_path.iterdir()) == []
