"""Dumps into catalogs: every format against a slow reader, bad input, and the same bytes however they come."""

import hashlib
import io
import json
import random
import shutil
import struct
import tarfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright
from nautilus_trader.adapters.tardis.loaders import TardisCSVDataLoader
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests import dumps
from tests.damage import FILE_KINDS
from tests.dumps import DAY_MS, FORMATS, START_MS, archive, checksum, write
from tests.integration.test_convert import files
from tests.parity.support import FOLDERS, SHARED, Row, batch_rows, same_rows
from tests.reference import dumps as reference

MORE = FOLDERS | {"option_greeks": "option_greeks"}


def rows_of(catalog: Path) -> dict[tuple[str, str], list[Row]]:
    """Every row of a catalog, by (type, id)."""
    names = {folder: kind for kind, folder in MORE.items()}
    out: dict[tuple[str, str], list[Row]] = {}
    for file in sorted((catalog / "data").rglob("*.parquet")):
        rows = batch_rows(pq.ParquetFile(file).read())
        for row in rows:
            for name in ("instrument_id", "convention"):
                row.pop(name, None)
        out.setdefault((names[file.parent.parent.name], file.parent.name), []).extend(rows)
    return out


def converted(inputs: Any, catalog: Path, **options: Any) -> tickwright.ConvertReport:
    """Converts, and looks whether everything adds up."""
    report = tickwright.convert(inputs, catalog, **options)
    for source in report.sources:
        accounting = source.accounting
        for ends in (accounting.bytes, accounting.frames, accounting.items):
            parts = ("rows", "control", "duplicate", "stale", "withheld", "unselected", "rejected")
            assert ends.total == sum(getattr(ends, part) for part in parts)
        assert source.bytes == accounting.bytes.total + accounting.container_bytes
    return report


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "csv.zst", "zip"])
@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_those_of_the_reference(tmp_path: Path, name: str, kind: str) -> None:
    stem, text, read = FORMATS[name]
    report = converted(write(tmp_path / "in", stem, text, kind), tmp_path / "catalog")
    # Folders are named without the slash of a pair.
    wanted = {(type_, id_.replace("/", "")): rows for (type_, id_), rows in read([text]).items() if rows}
    got = rows_of(tmp_path / "catalog")
    assert got.keys() == wanted.keys()
    for key, rows in got.items():
        same_rows(rows, wanted[key], (name, key))
    (source,) = report.sources
    assert source.bytes == len(text.encode())
    assert report.rejects == 0
    assert report.unknown_keys == {}


def test_every_format_has_a_fixture_and_a_line_in_the_docs(tmp_path: Path) -> None:
    inputs = [write(tmp_path / str(n), stem, text) for n, (stem, text, _) in enumerate(FORMATS.values())]
    seen = {found["container"] for source in inputs for found in tickwright.inspect(source)}
    page = (Path(__file__).parents[2] / "docs" / "dumps.md").read_text()
    for dump in tickwright.dumps():
        assert (dump["name"] in seen) == bool(dump["types"]), dump["name"]
        assert f"`{dump['name']}`" in page


@pytest.mark.parametrize("name", ["um trades", "tardis book", "um klines", "tardis derivative ticker"])
@pytest.mark.parametrize("options", [{"jobs": 1}, {"jobs": 5}, {"memory": 32 << 20}])
def test_the_same_bytes_whatever_the_threads_and_memory(tmp_path: Path, name: str, options: dict[str, int]) -> None:
    stem, text, _ = FORMATS[name]
    source = write(tmp_path / "in", stem, text, "zip")
    converted(source, tmp_path / "one")
    converted(source, tmp_path / "two", **options)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def days(text: str, length_ms: int = 2_000) -> list[str]:
    """A table of trades cut by time, each part with the header."""
    header, *lines = text.splitlines()
    parts: dict[int, list[str]] = {}
    for line in lines:
        parts.setdefault(int(line.split(",")[4]) // length_ms, []).append(line)
    return ["\n".join([header, *part]) + "\n" for _, part in sorted(parts.items())]


def test_the_same_bytes_in_days_in_months_and_in_both(tmp_path: Path) -> None:
    text = dumps.trades("um", header=True, count=2_000)
    month = write(tmp_path / "month", "BTCUSDT-trades-2024-01", text, "zip")
    parts = [
        write(tmp_path / "days", f"BTCUSDT-trades-2024-01-{n:02}", part, "zip") for n, part in enumerate(days(text))
    ]
    assert len(parts) > 3
    whole = converted(month, tmp_path / "whole", precision=(1, 3))
    converted(parts, tmp_path / "parts", precision=(1, 3))
    random.Random(1).shuffle(parts)
    both = converted([*parts[:3], month, *parts[3:]], tmp_path / "both", precision=(1, 3), jobs=3)
    for version in range(len(parts)):
        converted(sorted(parts)[version], tmp_path / "increments", precision=(1, 3))
    assert files(tmp_path / "whole") == files(tmp_path / "parts") == files(tmp_path / "both")
    assert both.accounting.items.rows == whole.accounting.items.rows == 2_000
    assert both.accounting.items.duplicate == 2_000
    assert both.gaps == whole.gaps > 0
    assert whole.gaps_file is not None
    got = [row for rows in rows_of(tmp_path / "increments").values() for row in rows]
    assert got == next(iter(rows_of(tmp_path / "whole").values()))


def test_repeated_and_unsorted_rows(tmp_path: Path) -> None:
    header, *lines = dumps.trades("um", header=True).splitlines()
    chance = random.Random(3)
    again = [*lines, *chance.choices(lines, k=50)]
    chance.shuffle(again)
    plain = write(tmp_path / "a", "BTCUSDT-trades-2024-01", "\n".join([header, *lines]) + "\n")
    mixed = write(tmp_path / "b", "BTCUSDT-trades-2024-01", "\n".join([header, *again]) + "\n")
    converted(plain, tmp_path / "one")
    report = converted(mixed, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert report.accounting.items.duplicate == 50
    duplicate = report.accounting.bytes.duplicate
    assert duplicate == sum(len(line) for line in again) - sum(len(line) for line in lines)


def test_rows_out_of_time_order_across_files(tmp_path: Path) -> None:
    """Every file reaches from the first moment to the last, and none is sorted."""
    header, *lines = dumps.trades("um", header=True, count=1_000, step=500_000).splitlines()
    whole = write(tmp_path, "BTCUSDT-trades-2024-01", "\n".join([header, *lines]) + "\n")
    chance = random.Random(8)
    hands: list[list[str]] = [[], [], []]
    for line in lines:
        chance.choice(hands).append(line)
    for hand in hands:
        chance.shuffle(hand)
    parts = [
        write(tmp_path / str(n), "BTCUSDT-trades-2024-01", "\n".join([header, *hand]) + "\n", "zip")
        for n, hand in enumerate(hands)
    ]
    converted(whole, tmp_path / "one")
    for number, options in enumerate([{"jobs": 1}, {"jobs": 4}, {"memory": 32 << 20}]):
        converted(parts[::-1] if number else parts, tmp_path / f"parts-{number}", **options)
        assert files(tmp_path / "one") == files(tmp_path / f"parts-{number}")


@pytest.mark.parametrize("elsewhere", [0, 86_400_000])
def test_rows_of_one_id_that_differ_are_shown(tmp_path: Path, elsewhere: int) -> None:
    header, first, *lines = dumps.trades("um", header=True).splitlines()
    id_, price, *rest = first.split(",")
    rest[2] = str(int(rest[2]) + elsewhere)
    wrong = ",".join([id_, price if elsewhere else f"{price}5", *rest])
    a = write(tmp_path, "BTCUSDT-trades-2024-01", "\n".join([header, first, *lines]) + "\n")
    b = write(tmp_path, "BTCUSDT-trades-2024-01-01", "\n".join([header, wrong]) + "\n")
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.convert([a, b], tmp_path / "catalog")
    assert caught.value.code == "conflict"
    text = str(caught.value)
    assert a.name in text and b.name in text and text.count(f"trade_id {id_}") == 2
    assert not (tmp_path / "catalog" / "data").exists()


#: Binance's own: an aggregate of the last moment of a day, and another of the same id in the next day's file.
BOUNDARY = ["77,0.00000371,100,5,6,1614556799990,true,true", "77,0.00000372,250,7,8,1614556800010,false,true"]


def boundary(folder: Path) -> list[Path]:
    days = [("2021-02-28", ["76,0.00000371,9,3,4,1614556799000,true,true", BOUNDARY[0]])]
    days.append(("2021-03-01", [BOUNDARY[1], "78,0.00000373,1,9,9,1614556801000,true,true"]))
    return [write(folder, f"ZILBTC-aggTrades-{day}", "\n".join(rows) + "\n", "zip") for day, rows in days]


def test_a_conflict_names_the_option_that_takes_it(tmp_path: Path) -> None:
    inputs = boundary(tmp_path)
    with pytest.raises(tickwright.InputError, match="trade_id 77.*trade_id 77.*--conflicts first.*keep") as caught:
        tickwright.convert(inputs, tmp_path / "catalog")
    assert caught.value.code == "conflict"
    with pytest.raises(tickwright.UsageError, match="error, first or keep"):
        tickwright.convert(inputs, tmp_path / "catalog", conflicts="all")


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_of_conflicting_rows_stays_and_the_other_is_a_reject(tmp_path: Path, order: int) -> None:
    inputs = boundary(tmp_path)
    report = converted(inputs[::order], tmp_path / "catalog", conflicts="first", max_rejects=0)
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert [(row["trade_id"], str(row["size"].normalize())) for row in rows] == [
        ("76", "9"),
        ("77", "1E+2"),
        ("78", "1"),
    ]
    assert (report.rejects, report.too_many_rejects, report.gaps) == (1, True, 0)
    rejected = {Path(source.path).name: source.accounting.bytes.rejected for source in report.sources}
    assert rejected == {inputs[0].name: 0, inputs[1].name: len(BOUNDARY[1])}
    with pa.input_stream(str(tmp_path / "catalog" / str(report.rejects_file)), compression="zstd") as stream:
        (reject,) = [json.loads(line) for line in stream.read().splitlines()]
    assert (reject["code"], reject["ts"], reject["symbol"]) == ("conflict", 1614556800010 * 10**6, "ZILBTC.BINANCE")
    assert Path(reject["source"]).name == inputs[1].name and inputs[0].name in reject["reason"]
    assert "0.00000372" in reject["body"] and "0.00000371" in reject["reason"]
    assert "1 rows differ" in "".join(report.notes)


def test_conflicting_rows_can_be_kept(tmp_path: Path) -> None:
    report = converted(boundary(tmp_path), tmp_path / "catalog", conflicts="keep")
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert [row["trade_id"] for row in rows] == ["76", "77", "77", "78"]
    assert (report.rejects, report.accounting.items.rows, report.accounting.items.duplicate) == (0, 4, 0)
    assert "1 rows differ from the first of their id and were kept" in "".join(report.notes)


@pytest.mark.parametrize("conflicts", ["first", "keep"])
@pytest.mark.parametrize("jobs", [1, 4])
def test_many_conflicts_add_up_and_give_the_same_bytes(tmp_path: Path, conflicts: str, jobs: int) -> None:
    header, *lines = dumps.trades("um", header=True, step=400_000).splitlines()
    chance = random.Random(5)
    wrong = []
    for line in chance.sample(lines, 40):
        fields = line.split(",")
        fields[4] = str(int(fields[4]) + chance.choice([0, 0, 5, 86_400_000]))
        fields[2] = "0.777"
        wrong.append(",".join(fields))
    a = write(tmp_path / "a", "BTCUSDT-trades-2024-01", "\n".join([header, *lines, lines[0]]) + "\n")
    b = write(tmp_path / "b", "BTCUSDT-trades-2024-01", "\n".join([header, *wrong]) + "\n")
    report = converted([a, b], tmp_path / "one", conflicts=conflicts, jobs=jobs, precision=(2, 3))
    items = report.accounting.items
    kept = 40 if conflicts == "keep" else 0
    assert (items.total, items.rows, items.rejected, items.duplicate) == (541, 500 + kept, 40 - kept, 1)
    (rows,) = rows_of(tmp_path / "one").values()
    assert len(rows) == 500 + kept
    if conflicts == "first":
        converted(a, tmp_path / "plain", precision=(2, 3))
        assert files(tmp_path / "one") == files(tmp_path / "plain")


def gaps_of(catalog: Path, report: tickwright.ConvertReport) -> list[tuple[int, int]]:
    if report.gaps_file is None:
        return []
    gaps = pq.read_table(catalog / report.gaps_file).to_pylist()
    assert {gap["cause"] for gap in gaps} == {"missing_rows"}
    assert all(gap["from_ns"] < gap["to_ns"] for gap in gaps)
    return [(gap["from_sequence"], gap["to_sequence"]) for gap in gaps]


def test_holes_between_two_conversions_are_gaps(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"

    def day(number: int, ids: range, symbol: str = "BTCUSDT", kind: str = "trades") -> list[tuple[int, int]]:
        begin = START_MS + number * dumps.DAY_MS
        more = "1,1," if kind == "aggTrades" else "3,"
        lines = [f"{id_},1.5,2,{more}{begin + id_},true" for id_ in ids]
        source = write(tmp_path / f"{number}-{len(ids)}", f"{symbol}-{kind}-2024-01-{number + 1:02}", "\n".join(lines))
        return gaps_of(catalog, converted(source, catalog))

    assert day(0, range(100, 110)) == []
    assert day(1, range(110, 120)) == []  # goes on
    assert day(2, range(123, 130)) == [(119, 123)]
    assert day(5, range(160, 170)) == [(129, 160)]
    assert day(6, range(170, 175)) == []
    assert day(4, range(150, 158)) == [(129, 150), (157, 160)]  # what comes late, and what of it is missing
    assert day(3, range(130, 150)) == []
    # Other instruments and kinds have numbers of their own.
    assert day(1, range(7, 9), "ETHUSDT", "aggTrades") == []
    assert day(2, range(10, 12), "ETHUSDT", "aggTrades") == [(8, 10)]


def test_a_hole_between_conversions_is_seen_whatever_the_mode(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"

    def text(ids: range) -> str:
        return "".join(f"{id_},1.5,2,3,{START_MS + id_},true\n" for id_ in ids)

    converted(write(tmp_path / "a", "BTCUSDT-trades-2024-01", text(range(10, 20))), catalog)
    overlapping = write(tmp_path / "b", "BTCUSDT-trades-2024-01", text(range(15, 30)))
    report = converted(overlapping, catalog, mode="append-after")
    assert (report.rows, report.gaps) == (10, 0)
    dry = converted(write(tmp_path / "c", "BTCUSDT-trades-2024-01", text(range(40, 50))), catalog, dry_run=True)
    assert (dry.status, dry.gaps) == ("dry_run", 1)
    later = converted(write(tmp_path / "d", "BTCUSDT-trades-2024-01", text(range(30, 35))), catalog)
    assert later.gaps == 0


def test_what_is_in_the_catalog_is_not_compared_but_refused(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"

    def text(ids: range, size: int) -> str:
        return "".join(f"{id_},1.5,{size},3,{START_MS + id_},true\n" for id_ in ids)

    def sizes() -> list[tuple[str, int]]:
        (rows,) = rows_of(catalog).values()
        return [(row["trade_id"], int(row["size"])) for row in rows]

    converted(write(tmp_path / "a", "BTCUSDT-trades-2024-01", text(range(10, 20), 2)), catalog)
    before = sizes()
    other = write(tmp_path / "b", "BTCUSDT-trades-2024-01", text(range(15, 25), 7))
    with pytest.raises(tickwright.CatalogError, match="--replace") as caught:
        converted(other, catalog)
    assert caught.value.code == "overlap"
    assert sizes() == before
    converted(other, catalog, mode="replace")
    assert [size == before[0][1] for _, size in sizes()] == [True] * 5 + [False] * 10
    # A replacement that ends earlier takes away what it spans and no more: nothing is missing.
    report = converted(write(tmp_path / "c", "BTCUSDT-trades-2024-01", text(range(15, 18), 9)), catalog, mode="replace")
    assert [trade_id for trade_id, _ in sizes()] == [str(id_) for id_ in range(10, 25)]
    assert report.gaps == 0


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_a_damaged_file_of_the_catalog_is_an_error_or_read_and_never_a_panic(tmp_path: Path, kind: str) -> None:
    """Replacing part of it copies the rest, and so do finer prices; what it cannot copy leaves the catalog as it was."""

    def text(ids: range, price: str) -> str:
        return "".join(f"{id_},{price},2,3,{START_MS + id_},true\n" for id_ in ids)

    catalog = tmp_path / "catalog"
    converted(write(tmp_path / "a", "BTCUSDT-trades-2024-01", text(range(10, 60), "1.5")), catalog)
    others = {
        "replace": write(tmp_path / "b", "BTCUSDT-trades-2024-01", text(range(30, 40), "1.5")),
        "add": write(tmp_path / "c", "BTCUSDT-trades-2024-01", text(range(60, 70), "1.25")),
    }
    chance = random.Random(kind)
    for number in range(60):
        for mode, other in others.items():
            work = tmp_path / f"{number}{mode}"
            shutil.copytree(catalog, work)
            (path,) = (work / "data").rglob("*.parquet")
            path.write_bytes(FILE_KINDS[kind](path.read_bytes(), chance))
            before = files(work)
            try:
                converted(other, work, mode=mode)
            except tickwright.CatalogError:
                assert files(work) == before
            shutil.rmtree(work)


def test_a_replacement_that_spans_more_than_it_brings_leaves_a_hole_that_is_told(tmp_path: Path) -> None:
    """Two trades a millisecond: those beside the first and the last of the new ones go with them."""
    catalog = tmp_path / "catalog"

    def text(ids: range) -> str:
        return "".join(f"{id_},1.5,2,3,{START_MS + id_ // 2},true\n" for id_ in ids)

    def ids() -> list[int]:
        (rows,) = rows_of(catalog).values()
        return [int(row["trade_id"]) for row in rows]

    converted(write(tmp_path / "a", "BTCUSDT-trades-2024-01", text(range(10, 30))), catalog)
    report = converted(write(tmp_path / "b", "BTCUSDT-trades-2024-01", text(range(15, 19))), catalog, mode="replace")
    assert ids() == [*range(10, 14), *range(15, 19), *range(20, 30)]
    holes = pq.read_table(catalog / report.gaps_file).to_pylist()
    assert sorted((hole["from_sequence"], hole["to_sequence"]) for hole in holes) == [(13, 15), (18, 20)]
    # What is there now is what is gone on from.
    report = converted(write(tmp_path / "c", "BTCUSDT-trades-2024-01", text(range(14, 20))), catalog, mode="replace")
    assert (ids(), report.gaps) == (list(range(10, 30)), 0)


@pytest.mark.parametrize("kind", ["csv.gz", "zip"])
def test_parts_of_a_day_of_a_book_go_on_from_one_another(tmp_path: Path, kind: str) -> None:
    header = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"

    def part(number: int) -> Path:
        rows = [
            f"deribit,BTC-PERPETUAL,{stamp},{stamp},{str(event == 0).lower()},{side},{price + number},{event + 1}\n"
            for event in range(5)
            for stamp in [START_MS * 1_000 + number * 3_600_000_000 + event]
            for side, price in (("bid", 100), ("ask", 200))
        ]
        return write(tmp_path / str(number), f"deribit_incremental_book_L2_{number}", header + "".join(rows), kind)

    parts = [part(number) for number in range(2)]
    converted(parts, tmp_path / "together", precision=(0, 0))
    for source in parts:
        converted(source, tmp_path / "apart", precision=(0, 0))
    assert rows_of(tmp_path / "apart") == rows_of(tmp_path / "together")
    # The later part first: the earlier one goes before it.
    for source in reversed(parts):
        converted(source, tmp_path / "backwards", precision=(0, 0))
    assert rows_of(tmp_path / "backwards") == rows_of(tmp_path / "together")


def test_a_dump_is_no_capture(tmp_path: Path) -> None:
    source = write(tmp_path, "BTCUSDT-trades-2024-01", GOOD, "zip")
    with pytest.raises(tickwright.InputError, match=r"binance-trades.*tickwright\.convert") as caught:
        tickwright.decode_file(source)
    assert caught.value.code == "only_captures"


def test_holes_in_ids_are_gaps(tmp_path: Path) -> None:
    lines = [f"{id_},1.5,2,3,{START_MS + id_},true" for id_ in (5, 6, 9, 10, 20)]
    report = converted(write(tmp_path, "BTCUSDT-trades-2024-01", "\n".join(lines) + "\n"), tmp_path / "catalog")
    assert report.gaps == 2
    gaps = pq.read_table(tmp_path / "catalog" / str(report.gaps_file)).to_pylist()
    assert [(g["from_sequence"], g["to_sequence"], g["cause"]) for g in gaps] == [
        (6, 9, "missing_rows"),
        (10, 20, "missing_rows"),
    ]
    assert gaps[0]["from_ns"] == (START_MS + 6) * 10**6


# --- tables that are not quite what they should be -----------------------------------------------------------------

GOOD = "id,price,qty,quote_qty,time,is_buyer_maker\n" + "".join(
    f"{n},1.{n},2.5,3,{START_MS + n},true\n" for n in range(10, 20)
)


def refused(tmp_path: Path, source: Path, code: str, **options: Any) -> str:
    with pytest.raises(tickwright.TickwrightError) as caught:
        tickwright.convert(source, tmp_path / "catalog", **options)
    assert caught.value.code == code, str(caught.value)
    assert source.name in str(caught.value)
    return str(caught.value)


def same_as_good(tmp_path: Path, text: str | bytes) -> tickwright.ConvertReport:
    good = write(tmp_path / "good", "BTCUSDT-trades-2024-01", GOOD)
    other = write(tmp_path / "other", "BTCUSDT-trades-2024-01", text)
    converted(good, tmp_path / "one")
    report = converted(other, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    return report


def columns(text: str, order: list[int]) -> str:
    return "".join(",".join(line.split(",")[n] for n in order) + "\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\n\n"),
        GOOD.rstrip("\n"),
        "".join(",".join(f'"{field}"' for field in line.split(",")) + "\n" for line in GOOD.splitlines()),
        columns(GOOD, [5, 4, 3, 2, 1, 0]),
        columns(GOOD, [0, 1, 2, 4, 5]),
        GOOD.replace("true", "True"),
        GOOD.replace("2.5,", "25e-1,"),
    ],
    ids=["crlf", "bom", "blank", "no-end", "quoted", "reordered", "without-known", "spelling", "exponent"],
)
def test_tables_that_say_the_same(tmp_path: Path, text: str) -> None:
    report = same_as_good(tmp_path, text)
    assert report.sources[0].bytes == len(text.encode())


def test_a_column_more_is_named(tmp_path: Path) -> None:
    text = "".join(line + (",flag" if n == 0 else ",x") + "\n" for n, line in enumerate(GOOD.splitlines()))
    assert same_as_good(tmp_path, text).unknown_keys == {"flag": 10}


@pytest.mark.parametrize(
    "text", [columns(GOOD, [0, 1, 2, 3, 5]), GOOD.replace("time", "when")], ids=["less", "renamed"]
)
def test_a_column_less_is_an_error(tmp_path: Path, text: str) -> None:
    message = refused(tmp_path, write(tmp_path, "BTCUSDT-trades-2024-01", text), "columns")
    assert "column time of binance-trades" in message


BAD = {
    "10,NaN,2,3,{ts},true": ("decimal_syntax", 3),
    "10,1,nan,3,{ts},true": ("decimal_syntax", 5),
    "10,-Infinity,2,3,{ts},true": ("decimal_syntax", 3),
    "10,-1,2,3,{ts},true": ("price_not_positive", 3),
    "10,1,0,3,{ts},true": ("size_not_positive", 5),
    "10,1,2,3,17,true": ("time_out_of_range", 9),
    "10,1,2,3,{ts},yes": ("not_boolean", 23),
    "10,1,2,3,{ts}": ("field_count", 0),
    "10,1,2,3,{ts},true,4": ("field_count", 0),
    "x,1,2,3,{ts},true": ("integer_range", 0),
    '10,"1,2,3,{ts},true': ("quotes", 0),
    "10,,2,3,{ts},true": ("empty_field", 3),
    "10,0.00000000000000001,2,3,{ts},true": ("decimal_scale", 3),
}


@pytest.mark.parametrize("line", BAD)
def test_rows_that_cannot_be_read_are_kept_with_their_place(tmp_path: Path, line: str) -> None:
    code, at = BAD[line]
    bad = line.format(ts=START_MS)
    text = GOOD + bad + "\n" + GOOD.splitlines()[1].replace("10,", "99,", 1) + "\n"
    report = converted(write(tmp_path, "BTCUSDT-trades-2024-01", text, "zip"), tmp_path / "catalog")
    assert (report.rejects, report.accounting.items.rows) == (1, 11)
    assert report.accounting.bytes.rejected == len(bad)
    with pa.input_stream(str(tmp_path / "catalog" / str(report.rejects_file)), compression="zstd") as stream:
        (reject,) = [json.loads(line) for line in stream.read().splitlines()]
    assert (reject["code"], reject["line"], reject["offset"], reject["at"]) == (code, 12, len(GOOD), at)
    assert reject["body"] == bad


@pytest.mark.parametrize("name", ["timestamp", "ignore", "local_timestamp"])
def test_a_column_more_may_be_called_as_that_of_another_format(tmp_path: Path, name: str) -> None:
    """A table of another format may have two names for what this one calls ``time`` and has ``timestamp`` beside."""
    text = "".join(line + (f",{name}" if n == 0 else ",5") + "\n" for n, line in enumerate(GOOD.splitlines()))
    assert same_as_good(tmp_path, text).unknown_keys == {name: 10}


def test_a_column_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    text = columns(GOOD, [0, 1, 2, 3, 4, 5, 4])
    message = refused(tmp_path, write(tmp_path, "BTCUSDT-trades-2024-01", text), "two_columns")
    assert "two columns time" in message
    refused(tmp_path, write(tmp_path, "BTCUSDT-trades-2024-02", text), "two_columns", format="binance-trades")


def test_tables_of_nobody_are_passed_over(tmp_path: Path) -> None:
    """In a folder, whatever columns they have; of names that some format has for one column, too."""
    write(tmp_path / "in", "BTCUSDT-trades-2024-01", GOOD)
    write(tmp_path / "in", "orders", "order,time,timestamp,note\na,2024-01-01,1704067200000,x\n")
    report = converted(tmp_path / "in", tmp_path / "catalog")
    assert (report.rows, [Path(skipped["path"]).name for skipped in report.skipped]) == (10, ["orders.csv"])


def test_times_of_tardis_that_are_none(tmp_path: Path) -> None:
    """Of as many digits as neither microseconds nor nanoseconds have: they are not cut to fit."""
    header, *lines = dumps.tardis_trades(count=3).splitlines()
    at = START_MS * 1_000
    # 2**64 times more microseconds than nanoseconds of 2024: as a wrapped product they would be of 2024.
    wrapped = at + 18_446_744_073_709_552
    bad = [
        f"deribit,X,{wrapped},{at},a,buy,1,1",
        f"deribit,X,{at},{wrapped},b,buy,1,1",
        f"deribit,X,{at},99999999999999999,c,buy,1,1",
        f"deribit,X,{at},18446744073709551615,d,buy,1,1",
        f"deribit,X,{at},18446744073709551616,e,buy,1,1",
        f"deribit,X,,{at},f,buy,1,1",
    ]
    text = "\n".join([header, *lines, *bad]) + "\n"
    report = converted(write(tmp_path, "trades_X", text), tmp_path / "catalog")
    assert (report.rejects, report.accounting.items.rows) == (len(bad), len(lines))


@pytest.mark.parametrize(
    ("exchange", "symbol", "id_"),
    [
        # Bitfinex's are of a colon where a leg has more than three letters.
        ("bitfinex-derivatives", "BTCF0:USTF0", "BTCF0:USTF0.BITFINEX"),
        ("bitfinex", "DUSK:USD", "DUSK:USD.BITFINEX"),
        ("ftx", "BTC/USD", "BTC/USD.FTX"),
        ("ftx", "BTC-MOVE-2022Q1", "BTC-MOVE-2022Q1.FTX"),
        ("hyperliquid", "@107", "@107.HYPERLIQUID"),
        ("hyperliquid", "kPEPE", "KPEPE.HYPERLIQUID"),
        ("okex-spreads", "BTC-USDT_BTC-USDT-SWAP", "BTC-USDT_BTC-USDT-SWAP.OKEX"),
        ("deribit", "XRP_USDC-25APR25-2d15-C", "XRP_USDC-25APR25-2D15-C.DERIBIT"),
    ],
)
def test_symbols_of_any_exchange_of_tardis(tmp_path: Path, exchange: str, symbol: str, id_: str) -> None:
    at = START_MS * 1_000
    header = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    row = f"{exchange},{symbol},{at},{at + 5},a,buy,1.5,2"
    source = write(tmp_path / "in", "trades", f"{header}\n{row}\n")
    (trade,) = TardisCSVDataLoader().load_trades(source)
    assert str(trade.instrument_id) == id_
    converted(source, tmp_path / "catalog")
    read = ParquetDataCatalog(tmp_path / "catalog").trade_ticks([id_])
    assert [tick.to_dict(tick) for tick in read] == [trade.to_dict(trade)]


@pytest.mark.parametrize(
    ("exchange", "symbol", "is_spread"),
    [
        ("okex-spreads", "BTC-USDT_BTC-USDT-SWAP", True),
        ("deribit", "BTC-FS-27DEC24_PERP", True),
        ("deribit", "BTC-CS-19MAY26-70000_75000", True),
        ("deribit", "BTC-PERPETUAL", False),
        ("deribit", "BTC-27JUN25-100000-C", False),
        ("okex-swap", "BTC-USDT-SWAP", False),
    ],
)
def test_spreads_of_tardis_trade_below_zero(tmp_path: Path, exchange: str, symbol: str, is_spread: bool) -> None:
    """What trades as one of several has the difference of their prices: NautilusTrader's loader takes it, too. A price of
    anything else is above zero."""
    at = START_MS * 1_000
    header = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    rows = [f"{exchange},{symbol},{at + n},{at + n + 5},{n},sell,{price},2" for n, price in enumerate(["-4.5", "0.0"])]
    source = write(tmp_path / "in", "trades", "\n".join([header, *rows]) + "\n")
    report = converted(source, tmp_path / "catalog")
    assert (report.rows, report.rejects) == ((2, 0) if is_spread else (0, 2))
    if is_spread:
        trades = TardisCSVDataLoader(price_precision=1).load_trades(source)
        read = ParquetDataCatalog(tmp_path / "catalog").trade_ticks([str(trades[0].instrument_id)])
        assert [tick.to_dict(tick) for tick in read] == [trade.to_dict(trade) for trade in trades]


@pytest.mark.parametrize("symbol", ["..", ":", "a\\b", "a*b", "CON", "\u202ex", ""])
def test_symbols_of_tardis_that_cannot_be_a_folder(tmp_path: Path, symbol: str) -> None:
    at = START_MS * 1_000
    header = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    source = write(tmp_path / "in", "trades", f"{header}\nx,{symbol},{at},{at},a,buy,1,2\nx,GOOD,{at},{at},a,buy,1,2\n")
    report = converted(source, tmp_path / "catalog")
    assert (report.rejects, report.rows) == (1, 1)


def test_milliseconds_and_microseconds_in_one_file(tmp_path: Path) -> None:
    lines = [f"1,1.5,2,3,{START_MS},true", f"2,1.5,2,3,{START_MS + 1}000,true"]
    converted(write(tmp_path, "BTCUSDT-trades-2024-01", "\n".join(lines) + "\n"), tmp_path / "catalog")
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert [row["ts_event"] for row in rows] == [START_MS * 10**6, (START_MS + 1) * 10**6]


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_nothing_in_it(tmp_path: Path, text: str) -> None:
    refused(tmp_path, write(tmp_path, "BTCUSDT-trades-2024-01", text, "zip"), "empty")


def test_a_header_alone_gives_no_rows(tmp_path: Path) -> None:
    source = write(tmp_path, "BTCUSDT-trades-2024-01", GOOD.splitlines()[0] + "\n")
    report = converted(source, tmp_path / "catalog", feed="binance-usdm")
    assert (report.status, report.rows) == ("committed", 0)


# --- names and choices ---------------------------------------------------------------------------------------------


def test_the_name_is_a_hint_and_options_override(tmp_path: Path) -> None:
    source = write(tmp_path, "download", GOOD)
    refused(tmp_path, source, "unknown_symbol")
    report = converted(source, tmp_path / "one", symbol="ETHUSDT")
    assert [t.instrument_id for t in report.tables] == ["ETHUSDT-PERP.BINANCE"]
    report = converted(source, tmp_path / "two", symbol="ETHUSDT", feed="binance-spot")
    assert [t.instrument_id for t in report.tables] == ["ETHUSDT.BINANCE"]
    refused(tmp_path, source, "columns", symbol="ETHUSDT", format="binance-klines")
    with pytest.raises(tickwright.UsageError, match="binance-trades"):
        tickwright.convert(source, tmp_path / "three", format="nonsense")


def test_klines_that_may_be_of_several_formats(tmp_path: Path) -> None:
    text = dumps.klines(60_000, header=True, dead=True)
    source = write(tmp_path, "BTCUSDT-1m-2024-01-01", text)
    assert "--format" in refused(tmp_path, source, "ambiguous_format")
    report = converted(source, tmp_path / "one", format="binance-mark-price-klines")
    assert [t.instrument_id for t in report.tables] == ["BTCUSDT-PERP.BINANCE-1-MINUTE-MARK-EXTERNAL"]
    plain = write(tmp_path, "BTCUSDT-5m-2024-01-01", dumps.klines(300_000))
    assert "--feed" in refused(tmp_path, plain, "unknown_feed")
    converted(plain, tmp_path / "two", feed="binance-coinm")


@pytest.mark.parametrize(
    ("interval", "length_ms", "name"),
    [("1d", DAY_MS, "1-DAY"), ("1h", 3_600_000, "1-HOUR"), ("4h", 4 * 3_600_000, "4-HOUR"), ("1m", 60_000, "1-MINUTE")],
)
def test_a_first_bar_that_was_cut_short(tmp_path: Path, interval: str, length_ms: int, name: str) -> None:
    """Spot's files of 2018-02-08, where trading stopped at 00:28:14.788 and the close sent is that moment: of a day as
    Binance publishes it, and of shorter ones whose first bar it is. The monthly file has the close of the whole bar, and
    what both say is one bar."""
    opened = 1_518_048_000_000
    cut = opened + min(length_ms // 2 - 1, 1_694_788)
    tail = "1521.53731800,{},11770168.04386595,12417,844.25881300,6532638.63751892,0"
    bar = f"{opened},7599.00000000,7844.00000000,7572.09000000,7784.02000000,{tail}\n"
    day = write(tmp_path, f"spot/BTCUSDT-{interval}-2018-02-08", bar.format(cut), "zip")
    before = bar.replace(str(opened), str(opened - length_ms)).format(opened - 1)
    month = write(tmp_path, f"spot/BTCUSDT-{interval}-2018-02", before + bar.format(opened + length_ms - 1), "zip")
    report = converted([day, month], tmp_path / "catalog")
    assert [table.instrument_id for table in report.tables] == [f"BTCUSDT.BINANCE-{name}-LAST-EXTERNAL"]
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert [row["ts_event"] for row in rows] == [opened * 10**6, (opened + length_ms) * 10**6]
    assert report.accounting.items.duplicate == 1
    refused(
        tmp_path, write(tmp_path, "spot/klines/BTCUSDT-5q-2018-02-08", bar.format(cut)), "interval", symbol="BTCUSDT"
    )


def test_a_first_bar_that_says_nothing_does_not_make_minutes_of_hours(tmp_path: Path) -> None:
    """A damaged first row: the name tells the interval; without one the file is refused rather than read as minutes."""
    header, *rows = dumps.klines(3_600_000, header=True, count=5).splitlines()
    for n, first in enumerate(["?" + rows[0][1:], rows[0].rsplit(",", 8)[0], "x"]):
        text = "\n".join([header, first, *rows[1:]]) + "\n"
        report = converted(write(tmp_path, f"um/BTCUSDT-1h-2024-01-0{n + 1}", text), tmp_path / f"catalog{n}")
        (table,) = report.tables
        assert (table.instrument_id, table.rows) == ("BTCUSDT-PERP.BINANCE-1-HOUR-LAST-EXTERNAL", 4)
        assert report.rejects == 1
        other = write(tmp_path, f"um/klines/{n}", text)
        refused(tmp_path, other, "interval", symbol="BTCUSDT")


def test_bars_of_several_intervals_in_one_file(tmp_path: Path) -> None:
    """A bar of an hour among those of a minute is none of them; one that was cut short is."""
    header, *minutes = dumps.klines(60_000, header=True, count=5).splitlines()
    hour = f"{START_MS + 3_600_000},1,2,0.5,1.5,3,{START_MS + 7_200_000 - 1},0,3,0,0,0"
    short = f"{START_MS + 300_000},1,2,0.5,1.5,3,{START_MS + 314_838},0,3,0,0,0"
    text = "\n".join([header, *minutes, short, hour]) + "\n"
    report = converted(write(tmp_path, "um/BTCUSDT-1m-2024-01-01", text), tmp_path / "catalog")
    assert (report.rows, report.rejects) == (6, 1)
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert [row["ts_event"] for row in rows] == [(START_MS + 60_000 * n) * 10**6 for n in range(1, 7)]


def test_names_of_columns_in_capitals(tmp_path: Path) -> None:
    """They settle what the first row tells, too: the interval, and that the trades are of spot."""

    def shouted(text: str) -> str:
        header, rows = text.split("\n", 1)
        return header.upper() + "\n" + rows

    bars = write(tmp_path, "um/klines/BTCUSDT-4h-2024-01", shouted(dumps.klines(4 * 3_600_000, header=True)))
    (table,) = converted(bars, tmp_path / "bars").tables
    assert table.instrument_id == "BTCUSDT-PERP.BINANCE-4-HOUR-LAST-EXTERNAL"
    renamed = bars.rename(bars.with_name("bars.csv"))
    (table,) = converted(renamed, tmp_path / "renamed", symbol="BTCUSDT").tables
    assert table.instrument_id == "BTCUSDT-PERP.BINANCE-4-HOUR-LAST-EXTERNAL"
    header = "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n"
    spot = write(tmp_path, "BTCUSDT-trades-2024-01", shouted(header + dumps.trades("spot")))
    assert [t.instrument_id for t in converted(spot, tmp_path / "spot").tables] == ["BTCUSDT.BINANCE"]


def test_a_first_row_that_is_a_reject_does_not_tell_the_product(tmp_path: Path) -> None:
    """Of a file whose first row is damaged the rest is what it is: spot, COIN-M, inverse."""
    header = "id,price,qty,quote_qty,time,is_buyer_maker,is_best_match\n"
    spot = write(tmp_path, "BTCUSDT-trades-2024-01", header + "1,2,3\n" + dumps.trades("spot", count=3))
    first, *rest = dumps.METRICS.format(symbol="BTCUSD_PERP").splitlines()
    metrics = write(tmp_path, "BTCUSD_PERP-metrics-2024-01-01", "\n".join([first, "x", *rest]) + "\n")
    names, *trades = dumps.bybit_trades("BTCUSD", count=3).splitlines()
    bad = trades[0].replace("BTCUSD", "")
    inverse = write(
        tmp_path, "BTCUSD2024-01-01", "\n".join([names, bad, *trades, trades[0].replace("USD", "USDT")]) + "\n"
    )
    for source, ids in [
        (spot, ["BTCUSDT.BINANCE"]),
        (metrics, ["BTCUSD-PERP.BINANCE"]),
        (inverse, ["BTCUSD-INVERSE.BYBIT", "BTCUSDT-LINEAR.BYBIT"]),
    ]:
        report = converted(source, tmp_path / source.stem)
        assert (sorted(table.instrument_id for table in report.tables), report.rejects) == (ids, 1)


@pytest.mark.parametrize("first", [True, False], ids=["first row", "between"])
def test_aggregates_of_no_trades(tmp_path: Path, first: bool) -> None:
    """Spot's files rewritten in 2022 have numbers whose trades were taken out: 1195416 and 1195417 of BTCUSDT, 2017-12."""
    at = 1_512_378_360_000
    good = [
        f"1195415,11500.0,0.1,1195415,1195415,{at - 5},True,True",
        f"1195418,11501.5,0.2,1195418,1195418,{at},False,True",
    ]
    none = [f"119541{n},0.00000000,0.00000000,-1,-1,{at},True,True" for n in (6, 7)]
    bad = [f"1195419,0.00000000,1.00000000,-1,-1,{at},True,True", f"1195420,0.0,0.0,1195418,1195418,{at},True,True"]
    lines = none + good + bad if first else good[:1] + none + good[1:] + bad
    report = converted(
        write(tmp_path, "BTCUSDT-aggTrades-2017-12", "\n".join(lines) + "\n", "zip"), tmp_path / "catalog"
    )
    items = report.accounting.items
    assert (items.rows, items.control, items.rejected) == (2, 2, 2)
    assert [table.instrument_id for table in report.tables] == ["BTCUSDT.BINANCE"]


def test_metrics_without_open_interest(tmp_path: Path) -> None:
    """Fields that were not measured are empty, quoted or not: of the ratios in files of 2022 and of COIN-M, seldom of the
    open interest, of which such a row says nothing."""
    header, first, *_ = dumps.METRICS.format(symbol="BTCUSD_PERP").splitlines()
    assert first.startswith("2024-01-01 00:05:00,BTCUSD_PERP,74123.1230000000000000,")
    rows = [
        first,
        '2024-01-01 00:10:00,BTCUSD_PERP,5578700.00000000,18265.00911826,"","","",0.00855776',
        "2024-01-01 00:15:00,BTCUSD_PERP,,,1.1,1.2,1.3,0.9",
        '2024-01-01 00:20:00,BTCUSD_PERP,"","",,,,',
        "2024-01-01 00:25:00,BTCUSD_PERP,x,,1.1,1.2,1.3,0.9",
    ]
    source = write(tmp_path, "BTCUSD_PERP-metrics-2024-01-01", "\n".join([header, *rows]) + "\n", "zip")
    items = converted(source, tmp_path / "catalog").accounting.items
    assert (items.rows, items.control, items.rejected) == (2, 2, 1)


def test_what_has_no_type_is_skipped_by_name(tmp_path: Path) -> None:
    write(tmp_path / "in/premiumIndexKlines", "BTCUSDT-1m-2024-01-01", dumps.klines(60_000, header=True), "zip")
    write(tmp_path / "in", "BTCUSDT-bookDepth-2024-01-01", dumps.BOOK_DEPTH, "zip")
    good = write(tmp_path / "in", "BTCUSDT-trades-2024-01", GOOD, "zip")
    checksum(good)
    report = converted(tmp_path / "in", tmp_path / "catalog")
    reasons = sorted(skipped["reason"] for skipped in report.skipped)
    assert ["premiumIndexKlines" in r or "bookDepth" in r or "checksum" in r for r in reasons] == [True] * 3
    alone = tmp_path / "in" / "BTCUSDT-bookDepth-2024-01-01.zip"
    with pytest.raises(tickwright.InputError, match="no type"):
        tickwright.convert(alone, tmp_path / "other")
    with pytest.raises(tickwright.InputError, match="bookDepth.*no type"):
        tickwright.inspect(alone)


def test_types_span_kind_and_partition(tmp_path: Path) -> None:
    raw = write(tmp_path, "BTCUSDT-trades-2024-01", dumps.trades("um", header=True), "zip")
    aggregates = write(tmp_path, "BTCUSDT-aggTrades-2024-01", dumps.agg_trades("um", header=True), "zip")
    ticker = write(tmp_path, "derivative_ticker", dumps.tardis_ticker(), "csv.gz")
    both = converted([raw, aggregates], tmp_path / "both")
    assert [(t.type, t.rows) for t in both.tables] == [("trade", 500)]
    assert both.accounting.items.unselected == 300
    kept = converted([raw, aggregates], tmp_path / "aggregate", trades="aggregate")
    assert [(t.type, t.rows) for t in kept.tables] == [("trade", 300)]
    marks = converted(ticker, tmp_path / "marks", types=["mark_price"])
    assert [t.type for t in marks.tables] == ["mark_price"]
    middle = START_MS * 10**6 + 10**9
    parts = [converted(raw, tmp_path / "low", to_ns=middle), converted(raw, tmp_path / "high", from_ns=middle)]
    assert sum(report.rows for report in parts) == 500
    assert all(report.accounting.items.unselected for report in parts)
    hours = write(tmp_path, "ETHUSDT-trades-2024-01", dumps.trades("um", step=600_000), "zip")
    report = converted(hours, tmp_path / "hours", partition="hour")
    assert report.tables[0].files > 5
    for flavour in ("v1-standard", "v2"):
        assert converted(raw, tmp_path / flavour, flavour=flavour).rows == 500
    old = converted(write(tmp_path, "incremental_book_L2", dumps.tardis_book()), tmp_path / "old", layout="1.220")
    assert old.rows and (tmp_path / "old/data/order_book_delta").is_dir()


def test_a_book_before_its_snapshot(tmp_path: Path) -> None:
    lines = [
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
        f"deribit,X,{START_MS}000,{START_MS}001,false,bid,10,1",
        f"deribit,X,{START_MS}000,{START_MS}002,true,bid,10,1",
        f"deribit,X,{START_MS}000,{START_MS}002,false,bid,9,1",
        f"deribit,X,{START_MS}000,{START_MS}001,false,bid,8,0",
    ]
    source = write(tmp_path, "book", "\n".join(lines) + "\n")
    withheld = converted(source, tmp_path / "withhold")
    assert (withheld.accounting.items.withheld, withheld.gaps) == (1, 1)
    assert withheld.headline is not None
    (rows,) = rows_of(tmp_path / "withhold").values()
    assert [(r["action"], r["flags"]) for r in rows] == [
        ("CLEAR", 32),
        ("ADD", 160),
        ("UPDATE", 128),
        ("DELETE", 128),
    ]
    assert [r["ts_init"] % 10**6 for r in rows] == [2_000, 2_000, 2_000, 2_000]
    assert "raised" in "".join(withheld.notes)
    converted(source, tmp_path / "rebuild", on_gap="rebuild")
    (rows,) = rows_of(tmp_path / "rebuild").values()
    assert [r["action"] for r in rows[:3]] == ["CLEAR", "UPDATE", "CLEAR"]
    converted(source, tmp_path / "continue", on_gap="continue")
    (rows,) = rows_of(tmp_path / "continue").values()
    assert [r["action"] for r in rows[:2]] == ["UPDATE", "CLEAR"]


def test_a_span_begins_with_the_book_as_it_stands(tmp_path: Path) -> None:
    def line(at: int, snapshot: str, side: str, price: str, amount: str) -> str:
        return f"deribit,X,{START_MS}000,{START_MS}{at:03},{snapshot},{side},{price},{amount}"

    lines = [
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
        line(1, "true", "bid", "7", "1"),
        line(2, "false", "bid", "7", "0"),
        line(3, "true", "bid", "10", "1"),
        line(3, "true", "ask", "11", "4.25"),
        line(4, "false", "bid", "9", "2"),
        line(4, "false", "bid", "10", "0"),
        line(5, "false", "ask", "12", "3"),
        line(6, "false", "ask", "11", "0"),
    ]
    source = write(tmp_path, "book", "\n".join(lines) + "\n")
    begin = (START_MS * 1_000 + 5) * 1_000
    report = converted(source, tmp_path / "catalog", from_ns=begin)
    (rows,) = rows_of(tmp_path / "catalog").values()
    shown = [
        (r["action"], r["side"], str(r["price"].normalize()), str(r["size"].normalize()), r["flags"]) for r in rows
    ]
    assert shown == [
        ("CLEAR", "NO_ORDER_SIDE", "0", "0", 32),
        ("ADD", "BUY", "9", "2", 32),
        ("ADD", "SELL", "11", "4.25", 160),
        ("UPDATE", "SELL", "12", "3", 128),
        ("DELETE", "SELL", "11", "0", 128),
    ]
    assert {r["ts_init"] for r in rows[:4]} == {begin}
    assert (report.accounting.items.unselected, report.accounting.items.rows, report.gaps) == (6, 2, 0)


def test_ids_that_fall_together_are_refused(tmp_path: Path) -> None:
    a = write(tmp_path / "a", "trades", dumps.tardis_trades(exchange="binance"))
    b = write(tmp_path / "b", "trades", dumps.tardis_trades(exchange="binance-futures", seed=9))
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.convert([a, b], tmp_path / "catalog")
    assert caught.value.code == "same_stream"
    assert "tardis binance-futures" in str(caught.value)


def test_a_vendor_file_twice_gives_its_rows_once(tmp_path: Path) -> None:
    for name in ("tardis book", "tardis quotes", "tardis derivative ticker", "tardis trades without ids"):
        stem, text, _ = FORMATS[name]
        folder = tmp_path / stem
        once = write(folder / "a", stem, text, "csv")
        again = write(folder / "b", stem, text, "csv.gz")
        one = converted(once, folder / "one")
        two = converted([once, again], folder / "two")
        assert files(folder / "one") == files(folder / "two")
        assert two.accounting.items.duplicate == one.accounting.items.rows
        assert two.accounting.items.rows == one.accounting.items.rows


TICKER = (
    "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,"
    "last_price,index_price,mark_price\n"
)


def silent_rows(name: str, at: int, count: int) -> str:
    """Lines of a day that give no row: of a book before its snapshot, of a ticker that knows the last price alone."""
    times = (f"{at + n},{at + n}" for n in range(count))
    if name == "book":
        return "".join(f"deribit,X,{time},false,bid,10.5,1\n" for time in times)
    return "".join(f"binance-futures,X,{time},,,,,9364.51,,\n" for time in times)


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("silent", [0, 3, 3_000])
@pytest.mark.parametrize("name", ["book", "ticker"])
def test_days_that_begin_with_lines_of_no_row_are_in_order(tmp_path: Path, name: str, silent: int, end: str) -> None:
    """A file is ordered by its first row, however far it is from the beginning, and whether or not its line ends."""
    days = []
    for day in range(3):
        at = START_MS * 1_000 + day * dumps.DAY_MS * 1_000
        header = (
            TICKER if name == "ticker" else "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
        )
        row = f"deribit,X,{at + 9_000},{at + 9_000},true,bid,10.5,{day + 1}"
        if name == "ticker":
            row = f"binance-futures,X,{at + 9_000},{at + 9_000},,,,,9364.51,,{9_360 + day}"
        # Only one of them is silent at first.
        text = header + silent_rows(name, at, silent if day == 1 else 0) + row + end
        days.append(write(tmp_path / str(day), "day", text, "csv.gz"))
    report = converted(days, tmp_path / "catalog", on_gap="withhold")
    ends = report.accounting.items
    assert ends.duplicate == 0
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert ends.rows == 3
    assert len(rows) == (6 if name == "book" else 3)


def test_bybit_spot_days_and_their_month_give_the_same_bytes(tmp_path: Path) -> None:
    header, *lines = dumps.bybit_spot_trades(count=600).splitlines()
    days: dict[int, list[str]] = {}
    for line in lines:
        days.setdefault(int(line.split(",")[1]) // 60_000, []).append(line)
    assert len(days) > 1
    month = write(tmp_path, "BTCUSDT-2024-01", "\n".join([header, *lines]) + "\n", "csv.gz")
    parts = []
    for n, day in enumerate(days.values(), 1):
        # Every file counts from 1.
        own = [",".join([str(at), *line.split(",")[1:]]) for at, line in enumerate(day, 1)]
        parts.append(write(tmp_path, f"BTCUSDT_2024-01-{n:02}", "\n".join([header, *own]) + "\n", "csv.gz"))
    whole = converted(month, tmp_path / "whole")
    converted(parts[::-1], tmp_path / "days", jobs=3)
    both = converted([*parts, month], tmp_path / "both")
    assert files(tmp_path / "whole") == files(tmp_path / "days") == files(tmp_path / "both")
    assert whole.rows == 600 and both.accounting.items.duplicate == 600
    (rows,) = rows_of(tmp_path / "whole").values()
    assert len({row["trade_id"] for row in rows}) == 600


def test_bybit_files_say_what_they_lack(tmp_path: Path) -> None:
    bars = write(tmp_path, "BTCUSDT", dumps.bybit_klines(15))
    assert "--symbol" in refused(tmp_path, bars, "unknown_symbol")
    assert "SYMBOL_15" in refused(tmp_path, bars, "interval", symbol="BTCUSDT")
    odd = write(tmp_path, "BTCUSDT_17_2021-07-01_2021-07-31", dumps.bybit_klines(17))
    refused(tmp_path, odd, "interval")
    spot = write(tmp_path, "spot", dumps.bybit_spot_trades())
    refused(tmp_path, spot, "unknown_symbol")
    assert "bybit-spot" in refused(tmp_path, spot, "unknown_feed", symbol="BTCUSDT", feed="bybit-linear")
    index = write(tmp_path, "BTCUSD2020-01-01", dumps.BYBIT_INDEX)
    assert "bybit-spot-index or bybit-premium-index" in refused(tmp_path, index, "ambiguous_format")
    premium = write(tmp_path, "BTCUSD2020-01-01_premium_index", dumps.BYBIT_INDEX)
    with pytest.raises(tickwright.InputError, match="premium_index.*no type"):
        tickwright.convert(premium, tmp_path / "catalog")
    bitmex = dumps.bybit_trades("XBTUSD").splitlines()
    words = "\n".join([bitmex[0], *(f"2020-01-01D00:00:00.5,{line.split(',', 1)[1]}" for line in bitmex[1:])])
    source = write(tmp_path, "20200101", words + "\n")
    with pytest.raises(tickwright.InputError):
        tickwright.convert(source, tmp_path / "catalog")


@pytest.mark.parametrize(
    ("line", "code", "at"),
    [
        ("1704067200.5,BTCUSDT,buy,1,2,PlusTick,a,1e+2,1,2", "unknown_value", 21),
        ("1704067200.5,BTCUSDT,Buy,0,2,PlusTick,a,1e+2,1,2", "size_not_positive", 25),
        ("1704067200.5,BTCUSDT,Buy,1,2,PlusTick,,1e+2,1,2", "empty_field", 38),
        ("170406720.5,BTCUSDT,Buy,1,2,PlusTick,a,1e+2,1,2", "time_out_of_range", 0),
        ("1704067200.5,BTC/../X,Buy,1,2,PlusTick,a,1e+2,1,2", "unknown_value", 13),
    ],
)
def test_bybit_rows_that_cannot_be_read(tmp_path: Path, line: str, code: str, at: int) -> None:
    text = dumps.bybit_trades("BTCUSDT") + line + "\n"
    report = converted(write(tmp_path, "BTCUSDT2024-01-01", text), tmp_path / "catalog")
    assert (report.rejects, report.rows) == (1, 300)
    with pa.input_stream(str(tmp_path / "catalog" / str(report.rejects_file)), compression="zstd") as stream:
        (reject,) = [json.loads(row) for row in stream.read().splitlines()]
    assert (reject["code"], reject["at"], reject["body"]) == (code, at, line)


def test_okx_headers_in_gbk_and_trades_that_are_there_twice(tmp_path: Path) -> None:
    text = dumps.okx_trades("BTC-USDT", old=True)
    utf8 = dumps.write(tmp_path / "utf8", "BTC-USDT-trades-2023-01-01", text, "zip")
    gbk = dumps.write(tmp_path / "gbk", "BTC-USDT-trades-2023-01-01", text.encode("gbk"), "zip")
    converted(utf8, tmp_path / "first")
    report = converted(gbk, tmp_path / "second")
    assert report.unknown_keys == {}
    assert rows_of(tmp_path / "first") == rows_of(tmp_path / "second")
    nameless = dumps.write(tmp_path / "none", "dump", text)
    with pytest.raises(tickwright.InputError, match="--symbol"):
        tickwright.convert(nameless, tmp_path / "third")
    # Of 2021, without a header: a name tells them, or the user.
    bare = dumps.write(tmp_path / "bare", "BTC-USDT-trades-2021-10-05", text.split("\n", 1)[1], "zip")
    converted(bare, tmp_path / "bare-catalog")
    assert rows_of(tmp_path / "bare-catalog") == rows_of(tmp_path / "first")
    other = dumps.write(tmp_path / "bare", "dump", text.split("\n", 1)[1])
    refused(tmp_path, other, "unknown_container")
    assert converted(other, tmp_path / "said", symbol="BTC-USDT", format="okx-trades").rows == report.rows
    named = converted(nameless, tmp_path / "fourth", symbol="BTC-USDT", format="okx-trades")
    assert [table.instrument_id for table in named.tables] == ["BTC-USDT.OKX"]
    # 2021-10: bought and sold, under one id.
    line = "750000009,{},3,42000.1,1704067200000\n"
    twice = text.splitlines()[0] + "\n" + line.format("BUY") + line.format("SELL")
    path = dumps.write(tmp_path / "twice", "BTC-USDT-trades-2021-10-01", twice)
    with pytest.raises(tickwright.InputError, match="--conflicts first"):
        tickwright.convert(path, tmp_path / "fifth")
    report = converted(path, tmp_path / "sixth", conflicts="first")
    assert (report.rows, report.rejects) == (1, 1)


@pytest.mark.parametrize(
    ("end", "code"),
    [("1704067200000,2", "unknown_value"), ("1704067200000,", None), ("1704067200001,1", "time_out_of_range")],
)
def test_okx_candles_that_are_not_over_or_not_minutes(tmp_path: Path, end: str, code: str | None) -> None:
    header, *lines = dumps.okx_candlesticks("BTC-USDT").splitlines()
    start = "BTC-USDT,1,2,0.5,1.5,3,None,None,"
    lines = [line for line in lines if ",1704067200000," not in line]
    text = "\n".join([header, start + "1704066900000,0", start + end, *lines]) + "\n"
    report = converted(write(tmp_path, "BTC-USDT-candlesticks-2024-01-01", text), tmp_path / "catalog")
    items = report.accounting.items
    assert (items.control, items.rejected, items.rows) == (1, int(code is not None), len(lines) + int(code is None))
    if code:
        with pa.input_stream(str(tmp_path / "catalog" / str(report.rejects_file)), compression="zstd") as stream:
            (reject,) = [json.loads(row) for row in stream.read().splitlines()]
        assert reject["code"] == code


def test_okx_rates_without_a_header_are_told_by_name_and_shape(tmp_path: Path) -> None:
    text = dumps.okx_swap_rates(header=False)
    name = "allswaprate-swaprate-2021-12-01"
    assert converted(write(tmp_path, name, text), tmp_path / "catalog").rows == 6
    odd = {
        "rates-2021-12-01": text,
        name.replace("2021", "2022"): text.replace(",SWAP,", ",buy,"),
        name.replace("2021", "2023"): text.replace("-SWAP,", "-PERP,"),
    }
    for stem, body in odd.items():
        with pytest.raises(tickwright.InputError) as caught:
            tickwright.convert(write(tmp_path, stem, body), tmp_path / "other")
        assert caught.value.code == "unknown_container", stem
    said = write(tmp_path, "rates-2021-12-01", text)
    assert converted(said, tmp_path / "third", format="okx-funding-rates").rows == 6


@pytest.mark.parametrize("line", ["BTC-USDT-SWAP,1,hold,1,1,1704067200000,0", "../x,1,buy,1,1,1704067200000,0"])
def test_okx_rows_that_cannot_be_read(tmp_path: Path, line: str) -> None:
    text = dumps.okx_trades("BTC-USDT-SWAP", count=3) + line + "\n"
    path = dumps.write(tmp_path, "BTC-USDT-SWAP-trades-2024-01-01", text)
    report = converted(path, tmp_path / "catalog")
    assert (report.rows, report.rejects) == (3, 1)


def test_inspect_and_feeds(tmp_path: Path) -> None:
    source = write(tmp_path, "BTCUSDT-trades-2024-01", GOOD, "zip")
    (found,) = tickwright.inspect(source)
    assert (found["container"], found["compression"], found["feed"]) == ("binance-trades", "zip", "binance-usdm")
    assert found["channels"] == {"trade (raw)": 10}
    assert found["instruments"] == ["BTCUSDT-PERP.BINANCE"]
    assert (found["start_ns"], found["end_ns"]) == ((START_MS + 10) * 10**6, (START_MS + 19) * 10**6)
    names = {dump["name"] for dump in tickwright.dumps()}
    assert {"binance-klines", "tardis-incremental-book-l2"} <= names


# --- archives ------------------------------------------------------------------------------------------------------

NAME = "BTCUSDT-trades-2024-01.csv"


def place(tmp_path: Path, body: bytes, name: str = "BTCUSDT-trades-2024-01.zip") -> Path:
    path = tmp_path / name
    path.write_bytes(body)
    return path


def flagged(body: bytes, flag: int, method: int | None = None) -> bytes:
    """An archive whose headers have another flag or method."""
    out = bytearray(body)
    central = body.rindex(b"PK\x01\x02")
    for at in (6, central + 8):
        out[at : at + 2] = struct.pack("<H", flag)
        if method is not None:
            out[at + 2 : at + 4] = struct.pack("<H", method)
    return bytes(out)


def test_archives_that_are_refused(tmp_path: Path) -> None:
    good = archive(NAME, GOOD.encode())
    for code, body in {
        "archive": good[:-30],
        "encrypted": flagged(good, 1),
        "compression_method": flagged(good, 0, 12),
        "nested_archive": archive("inside.zip", good),
        "unsafe_member": archive("../../" + NAME, GOOD.encode()),
    }.items():
        message = refused(tmp_path, place(tmp_path, body), code)
        assert "Traceback" not in message
    for name in ("/etc/" + NAME, "..\\..\\" + NAME, "C:\\" + NAME, "a/../../" + NAME):
        assert NAME in refused(tmp_path, place(tmp_path, archive(name, GOOD.encode())), "unsafe_member")
    for name in ("inside.csv.gz", "inside.tar", "inside.7z"):
        refused(tmp_path, place(tmp_path, archive(name, b"x")), "nested_archive")
    # What its name hides, its bytes tell.
    refused(tmp_path, place(tmp_path, archive("inside.csv", good)), "nested_archive")
    refused(tmp_path, several(tmp_path / "none-trades.zip", {}), "archive_members")
    # One bad file spoils an archive of several.
    for name, code in (("../b.csv", "unsafe_member"), ("b.zip", "nested_archive")):
        refused(tmp_path, several(tmp_path / "several.zip", {NAME: GOOD, name: GOOD}), code)


def several(path: Path, texts: dict[str, str]) -> Path:
    """An archive of files by their names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in texts.items():
            made.writestr(name, text)
    return path


def unpacked(folder: Path, texts: dict[str, str]) -> Path:
    """The same files in a folder."""
    for name, text in texts.items():
        if not name.endswith("/"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, newline="")
    return folder


ARCHIVES: dict[str, dict[str, str]] = {
    "Kraken_Trading_History_Q1_2026.zip": {
        "Kraken_Trading_History_Q1_2026/": "",
        "Kraken_Trading_History_Q1_2026/XBTEUR.csv": dumps.kraken_trades(),
        "Kraken_Trading_History_Q1_2026/XDGUSD.csv": dumps.kraken_trades(header=False),
        "Kraken_Trading_History_Q1_2026/README.txt": "Times are seconds.",
        "Kraken_Trading_History_Q1_2026/ETHUSD.csv": "",
        "__MACOSX/._XBTEUR.csv": "x",
    },
    "Kraken_OHLCVT.zip": {f"XBTUSD_{minutes}.csv": dumps.kraken_ohlcvt(minutes) for minutes in (5, 60)}
    | {"SOLEUR_720.csv": dumps.kraken_ohlcvt(720)},
    "bybit.zip": {"BTCUSDT-2024-01.csv": dumps.bybit_spot_trades(rpi=False)}
    | {"BTCUSDT_15_2021-07-01_2021-07-31.csv": dumps.bybit_klines(15)},
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_several_is_its_files(tmp_path: Path, name: str) -> None:
    texts = ARCHIVES[name]
    path = several(tmp_path / name, texts)
    report = converted(path, tmp_path / "one", jobs=3)
    beside = converted(unpacked(tmp_path / "unpacked", texts), tmp_path / "two", jobs=1)
    assert rows_of(tmp_path / "one") == rows_of(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert report.accounting == beside.accounting
    assert [source.compression for source in report.sources] == ["zip"] * len(beside.sources)
    assert len({source.sha256 for source in report.sources}) == len(report.sources)
    names = {source.path for source in report.sources} | {entry["path"] for entry in report.skipped}
    whole = {f"{path}/{name}" for name in texts if not name.endswith("/") and "MACOSX" not in name}
    assert names == whole
    # It is known as a whole, and named once where it comes twice.
    again = converted(path, tmp_path / "one")
    assert (again.rows, [source.known for source in again.sources]) == (0, [True] * len(report.sources))
    assert converted([path, path], tmp_path / "three").rows == report.rows
    found = tickwright.inspect(path)
    assert {entry["path"] for entry in found} == {source.path for source in report.sources}


def test_an_archive_is_not_given_up_for_one_name(tmp_path: Path) -> None:
    """Kraken's archives hold the pairs of all currencies it ever had, AED among them: one of a currency that is not known
    is passed over by name, and the hundreds beside it are read. Of a file alone it is an error, since it can be told."""
    text = dumps.kraken_time_and_sales()
    names = {"XBTAED": "BTC/AED", "USDAED": "USD/AED", "XBTUSD": "BTC/USD", "XBTXYZ": ""}
    path = several(
        tmp_path / "Kraken_Trading_History.zip", {f"TimeAndSales_Combined/{name}.csv": text for name in names}
    )
    report = converted(path, tmp_path / "catalog")
    want = {f"{pair}.KRAKEN" for pair in names.values() if pair}
    assert {table.instrument_id for table in report.tables} == want
    (skipped,) = report.skipped
    assert skipped["path"] == f"{path}/TimeAndSales_Combined/XBTXYZ.csv" and "--symbol" in skipped["reason"]
    alone = write(tmp_path, "XBTXYZ", text)
    refused(tmp_path, alone, "unknown_symbol")
    assert converted(alone, tmp_path / "told", symbol="BTC/XYZ").rows


def test_an_archive_of_nothing_that_is_known(tmp_path: Path) -> None:
    path = several(tmp_path / "other.zip", {"a.txt": "one", "b.txt": "two"})
    with pytest.raises(tickwright.TickwrightError):
        converted(path, tmp_path / "catalog")
    good = write(tmp_path, "BTCUSDT-trades-2024-01", GOOD, "zip")
    report = converted([path, good], tmp_path / "catalog")
    assert [entry["path"] for entry in report.skipped] == [f"{path}/a.txt", f"{path}/b.txt"]


def test_a_checksum_of_an_archive_of_several(tmp_path: Path) -> None:
    path = several(tmp_path / "Kraken.zip", ARCHIVES["Kraken_OHLCVT.zip"])
    beside = checksum(path)
    converted(path, tmp_path / "catalog")
    beside.write_text("0" * 64)
    refused(tmp_path / "other", path, "checksum")


def test_a_damaged_archive_commits_nothing(tmp_path: Path) -> None:
    good = bytearray(archive(NAME, dumps.trades("um", count=20_000).encode(), method=zipfile.ZIP_STORED))
    good[200_000] ^= 1
    refused(tmp_path, place(tmp_path, bytes(good)), "corrupt")
    assert not (tmp_path / "catalog" / "data").exists()


def test_every_flipped_byte_is_told_or_harmless(tmp_path: Path) -> None:
    body = archive(NAME, GOOD.encode())
    wanted = None
    for at in range(0, len(body), 3):
        flipped = bytearray(body)
        flipped[at] ^= 0x55
        try:
            report = tickwright.convert(place(tmp_path, bytes(flipped)), tmp_path / f"c{at}", feed="binance-usdm")
        except tickwright.TickwrightError:
            continue
        # What can be flipped without a word is no data: times, versions, names.
        rows = rows_of(tmp_path / f"c{at}")
        wanted = wanted or [row for rows_ in reference.binance_trades([GOOD], "um", "X").values() for row in rows_]
        assert [row for rows_ in rows.values() for row in rows_] == wanted, at
        assert report.rejects == 0


def test_bombs(tmp_path: Path) -> None:
    bomb = archive(NAME, GOOD.encode() + b"0" * (64 << 20))
    assert "--max-ratio" in refused(tmp_path, place(tmp_path, bomb), "max_ratio", max_ratio=100)
    assert "--max-member" in refused(tmp_path, place(tmp_path, bomb), "max_member", max_member=1 << 20)
    refused(tmp_path, place(tmp_path, bomb), "line_too_long", max_ratio=10**6)
    gz = write(tmp_path, "BTCUSDT-trades-2024-02", GOOD.encode() + b"\n" * (64 << 20), "csv.gz")
    refused(tmp_path, gz, "max_ratio", max_ratio=100)


def test_cut_compression(tmp_path: Path) -> None:
    text = dumps.trades("um", count=5_000)
    whole = write(tmp_path, "BTCUSDT-trades-2024-01", text, "csv.gz").read_bytes()
    cut = place(tmp_path, whole[: len(whole) // 2], "BTCUSDT-trades-2024-01.csv.gz")
    assert "allow-truncated" in refused(tmp_path, cut, "truncated")
    report = converted(cut, tmp_path / "kept", allow_truncated=True)
    assert report.sources[0].truncated
    assert 1_000 < report.rows < 4_000
    assert report.rejects == 0


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    header, *lines = GOOD.splitlines(keepends=True)
    good = header + "".join(lines[:5])
    for text in (good + "9" * (2 << 20), good + "9" * (2 << 20) + "\n" + lines[5]):
        for kind in ("csv", "csv.gz", "zip"):
            refused(tmp_path, write(tmp_path, "BTCUSDT-trades-2024-01", text, kind), "line_too_long", max_ratio=10**6)


def test_checksums(tmp_path: Path) -> None:
    source = place(tmp_path, archive(NAME, GOOD.encode()))
    beside = checksum(source)
    converted(source, tmp_path / "one")
    beside.write_text("0" * 64 + f"  {source.name}\n")
    assert beside.name in refused(tmp_path, source, "checksum")


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_a_checksum_says_more_than_the_damage_in_a_file(tmp_path: Path, jobs: int) -> None:
    whole = archive(NAME, dumps.trades("um", count=20_000).encode())
    damaged = bytearray(whole)
    # Behind what is looked at to tell what it is.
    damaged[len(damaged) - 2_000] ^= 0xFF
    source = place(tmp_path, bytes(damaged))
    refused(tmp_path, source, "corrupt", jobs=jobs)
    beside = checksum(source)
    refused(tmp_path, source, "corrupt", jobs=jobs)
    beside.write_text(f"{hashlib.sha256(whole).hexdigest()}  {source.name}\n")
    assert beside.name in refused(tmp_path, source, "checksum", jobs=jobs)


# --- archives of frames --------------------------------------------------------------------------------------------


def bybit_book(day: int, *, symbol: str = "XRPUSDT", updates: int = 30, first: int = 100) -> str:
    """Frames of a day as Bybit publishes them: a snapshot, then changes, no receive times, CRLF."""
    chance = random.Random(day)
    at, lines = START_MS + day * dumps.DAY_MS + 400, []
    for u in range(first, first + updates):
        kind = "snapshot" if u == first else "delta"
        levels = 20 if u == first else 3
        bids = ",".join(f'["{chance.randint(1, 99) / 100:.4f}","{chance.randint(1, 900)}"]' for _ in range(levels))
        asks = ",".join(f'["{chance.randint(101, 199) / 100:.4f}","{chance.randint(1, 900)}"]' for _ in range(levels))
        lines.append(
            f'{{"topic":"orderbook.200.{symbol}","type":"{kind}","ts":{at},"data":{{"s":"{symbol}",'
            f'"b":[{bids}],"a":[{asks}],"u":{u},"seq":{u * 7}}},"cts":{at - 9}}}\r\n'
        )
        at += 100
    return "".join(lines)


def frames(folder: Path, day: int, **options: Any) -> Path:
    stem = f"2024-01-{day + 1:02}_{options.get('symbol', 'XRPUSDT')}_ob200.data"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.zip"
    path.write_bytes(archive(stem, bybit_book(day, **options).encode()))
    return path


@pytest.mark.parametrize("quoted", [True, False])
def test_books_of_htx_are_none_of_okx(tmp_path: Path, quoted: bool) -> None:
    """HTX publishes archives of the same name and of lines of the same keys (since 2026-05): they differ in microseconds and
    levels of two numbers. They are of no feed here, not of OKX."""

    def body(instrument: str, unit: int, level: list[str]) -> bytes:
        lines = []
        for n, action in enumerate(["snapshot", "update"]):
            ts = (START_MS + n) * unit
            told = {"instId": instrument, "action": action, "ts": str(ts) if quoted or unit == 1 else ts}
            lines.append(json.dumps(told | {"asks": [["2", *level]], "bids": [["1", *level]]}))
        return "\n".join(lines).encode() + b"\n"

    def archived(name: str, inside: bytes) -> Path:
        with tarfile.open(tmp_path / f"{name}.tar.gz", "w:gz") as made:
            entry = tarfile.TarInfo(f"{name}.data")
            entry.size = len(inside)
            made.addfile(entry, io.BytesIO(inside))
        return tmp_path / f"{name}.tar.gz"

    htx = archived("A8-USDT-l2orderbook-400lv-2024-01-01", body("A8-USDT", 1_000, ["3"]))
    okx = archived("BTC-USDT-L2orderbook-400lv-2024-01-01", body("BTC-USDT", 1, ["3", "1"]))
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.convert(htx, tmp_path / "catalog")
    assert caught.value.code == "unknown_feed"
    assert [table.instrument_id for table in converted(okx, tmp_path / "catalog").tables] == ["BTC-USDT.OKX"]


def test_frames_in_an_archive_are_a_capture(tmp_path: Path) -> None:
    source = frames(tmp_path, 0)
    (found,) = tickwright.inspect(source)
    assert (found["container"], found["compression"], found["feed"]) == ("ndjson", "zip", "bybit-linear")
    assert found["channels"].keys() == {"delta (orderbook.200)"}
    plain = tmp_path / "plain.data"
    plain.write_text(bybit_book(0), newline="")
    report = converted(source, tmp_path / "one")
    converted(plain, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert (report.sources[0].compression, report.rejects, report.gaps) == ("zip", 0, 0)
    assert report.sources[0].bytes == plain.stat().st_size
    batches, decoded = tickwright.decode_file(source)
    assert sum(batch.num_rows for batch in batches.values()) == report.rows
    assert decoded["rejects"] == []
    spot = converted(source, tmp_path / "spot", feed="bybit-spot")
    assert [table.instrument_id for table in spot.tables] == ["XRPUSDT-SPOT.BYBIT"]


def test_days_of_frames_follow_one_another_however_they_come(tmp_path: Path) -> None:
    days = [frames(tmp_path / "in", day, first=100 + 1_000 * day) for day in range(4)]
    days += [frames(tmp_path / "in", 1, symbol="BTCUSD", first=9)]
    whole = converted(tmp_path / "in", tmp_path / "whole", precision=(4, 0))
    assert (whole.gaps, whole.accounting.items.rows) == (0, 150)
    converted(days[::-1], tmp_path / "reversed", precision=(4, 0), jobs=3)
    assert files(tmp_path / "whole") == files(tmp_path / "reversed")
    for name, order in {"forward": days, "backward": days[::-1]}.items():
        for source in order:
            assert converted(source, tmp_path / name, precision=(4, 0)).gaps == 0
        assert rows_of(tmp_path / name) == rows_of(tmp_path / "whole"), name


def test_days_of_frames_in_one_archive(tmp_path: Path) -> None:
    texts = {f"2024-01-{day + 1:02}_XRPUSDT_ob200.data": bybit_book(day, first=100 + 1_000 * day) for day in range(3)}
    texts["2024-01-01_BTCUSD_ob500.data"] = bybit_book(0, symbol="BTCUSD", first=9)
    report = converted(several(tmp_path / "books.zip", texts), tmp_path / "one")
    converted(unpacked(tmp_path / "unpacked", texts), tmp_path / "two")
    assert (report.gaps, report.rejects, report.accounting.items.rows) == (0, 0, 120)
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("parts", [2, 5])
def test_hours_of_a_day_of_frames_converted_apart(tmp_path: Path, parts: int) -> None:
    """Only the first has a snapshot: what follows goes on from where the one before it ended."""
    lines = bybit_book(0, updates=100).splitlines(keepends=True)
    size = len(lines) // parts
    hours = []
    for part in range(parts):
        text = "".join(lines[part * size : (part + 1) * size])
        name = f"2024-01-01_{part:02}_XRPUSDT_ob200.data"
        (tmp_path / f"{part}").mkdir()
        hours.append(place(tmp_path / f"{part}", archive(name, text.encode()), f"{name}.zip"))
    whole = place(tmp_path, archive("whole.data", "".join(lines).encode()), "whole.data.zip")
    converted(whole, tmp_path / "whole", precision=(4, 0))
    converted(hours, tmp_path / "once", precision=(4, 0))
    for hour in hours:
        assert (report := converted(hour, tmp_path / "apart", precision=(4, 0))).gaps == 0 and report.rows
    assert rows_of(tmp_path / "whole") == rows_of(tmp_path / "once") == rows_of(tmp_path / "apart")


def test_archives_of_frames_that_are_refused(tmp_path: Path) -> None:
    body = bybit_book(0, updates=900).encode()
    name = "2024-01-01_XRPUSDT_ob200.data"
    good = archive(name, body)

    def damaged(code: str, made: bytes, **options: Any) -> None:
        refused(tmp_path, place(tmp_path, made, f"{name}.zip"), code, **options)

    damaged("archive", good[:-30])
    damaged("encrypted", flagged(good, 1))
    damaged("unsafe_member", archive(f"../{name}", body))
    damaged("nested_archive", archive(f"{name}.gz", body))
    damaged("max_member", good, max_member=1_000)
    damaged("max_ratio", archive(name, body + b" " * (64 << 20)), max_ratio=100)
    flipped = bytearray(archive(name, body, method=zipfile.ZIP_STORED))
    flipped[2_000] ^= 1
    damaged("corrupt", bytes(flipped))
    assert not (tmp_path / "catalog" / "data").exists()


# --- real samples --------------------------------------------------------------------------------------------------

SAMPLES: dict[str, Any] = {
    "tardis_bitmex_trades_XBTUSD.csv": reference.tardis_trades,
    "tardis_trades_1.csv": reference.tardis_trades,
    "tardis_deltas_1.csv": reference.tardis_book,
    "tardis_deltas_with_snapshot.csv": reference.tardis_book,
    "tardis_deribit_incremental_book_L2_BTC-PERPETUAL.csv": reference.tardis_book,
    "tardis_derivative_ticker_1.csv": reference.tardis_ticker,
    "tardis_options_chain.csv": reference.tardis_options,
}


@pytest.mark.skipif(not (SHARED / "dumps").is_dir(), reason="needs ../shared/dumps")
def test_the_sample_of_an_order_book(tmp_path: Path) -> None:
    source = SHARED / "dumps" / "2024-12-01_XRPUSDT_ob500.data.zip"
    report = converted(source, tmp_path / "catalog")
    with zipfile.ZipFile(source) as opened:
        lines = opened.read(opened.namelist()[0]).splitlines()
    wanted: list[Row] = []
    for frame in map(json.loads, lines):
        whole = frame["type"] == "snapshot"
        levels = [(side, level) for side in ("b", "a") for level in frame["data"][side]]
        wanted += [{"action": "CLEAR"}] if whole else []
        wanted += [
            {"side": "BUY" if side == "b" else "SELL", "price": Decimal(price), "size": Decimal(size)}
            for side, (price, size) in levels
        ]
    (rows,) = rows_of(tmp_path / "catalog").values()
    assert (report.rejects, report.gaps, len(rows)) == (0, 0, len(wanted))
    for row, want in zip(rows, wanted, strict=True):
        assert {name: row[name] for name in want} == want
    assert {row["sequence"] for row in rows} == {frame["data"]["u"] for frame in map(json.loads, lines)}


@pytest.mark.skipif(not (SHARED / "dumps").is_dir(), reason="needs ../shared/dumps")
@pytest.mark.parametrize("name", SAMPLES)
def test_samples(tmp_path: Path, name: str) -> None:
    source = SHARED / "dumps" / name
    report = converted(source, tmp_path / "catalog")
    wanted = SAMPLES[name]([source.read_text()])
    got = rows_of(tmp_path / "catalog")
    assert got.keys() == wanted.keys()
    for key, rows in got.items():
        same_rows(rows, wanted[key], (name, key))
    assert report.rejects == 0
    assert report.sources[0].bytes == source.stat().st_size
