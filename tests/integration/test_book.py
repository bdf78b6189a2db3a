"""`tickwright book`: books at a time equal those of readers that keep them in dictionaries; what cannot be told is said."""

import bisect
import csv
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests.frames import SHARED, at, capture, usdm
from tests.parity.support import CONNECTIONS, batch_rows, catalog_rows, needs_frames, recording
from tests.reference.captures import merge, ordered, read
from tests.reference.decode import decode_items, feed_of
from tests.reference.kraken import Kraken

type Levels = list[tuple[Decimal, Decimal]]
type Row = dict[str, Any]
INSTRUMENT = "BTCUSDT-PERP.BINANCE"


def moments(times: list[int], n: int = 9) -> Iterator[int]:
    """Times spread over a recording, at and just before events."""
    for step in range(1, n + 1):
        ts = times[(len(times) - 1) * step // n]
        yield from (ts - 1, ts)


def sides(bids: dict[Decimal, Decimal], asks: dict[Decimal, Decimal]) -> tuple[Levels, Levels]:
    return sorted(bids.items(), reverse=True), sorted(asks.items())


def fold(rows: list[Row], until: int) -> tuple[Levels, Levels, Row | None]:
    """The book of delta rows up to a time, and the last of them."""
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    last = None
    for row in rows:
        if row["ts_init"] > until:
            break
        side = bids if row["side"] in ("BUY", "bid") else asks
        if row["action"] == "CLEAR":
            bids, asks = {}, {}
        elif row["action"] == "DELETE":
            side.pop(row["price"], None)
        else:
            side[row["price"]] = row["size"]
        last = row
    return *sides(bids, asks), last


def same(book: tickwright.BookAt, bids: Levels, asks: Levels, last: Row) -> None:
    assert (book.bids, book.asks) == (bids, asks)
    assert (book.bid_levels, book.ask_levels) == (len(bids), len(asks))
    assert (book.ts_event, book.ts_init, book.sequence) == (last["ts_event"], last["ts_init"], last["sequence"])


@needs_frames
@pytest.mark.parametrize("name", ["BINANCE", "BINANCE_DELIVERY"])
def test_books_of_real_recordings(name: str) -> None:
    paths = recording(name)
    sources = ordered([read(path) for path in paths])
    items = list(merge(sources))
    feed = feed_of(sources)
    assert feed is not None
    compared = 0
    for until in moments([item.ts for item in items if item.kind == "received"]):
        session = decode_items([item for item in items if item.ts <= until], feed)
        told = {(row["instrument_id"]): row for row in session.rows if row["type"] == "delta"}
        if not told:
            with pytest.raises(tickwright.InputError, match="no book stands at"):
                tickwright.book(paths, until)
            continue
        found = {book.instrument_id: book for book in tickwright.book(paths, until, depth=0)}
        assert {name for name, book in found.items() if book.standing != "waiting"} == set(told)
        for id_, last in told.items():
            (slow,) = (book for (name, _), book in session.books.items() if name == id_)
            same(found[id_], *sides(slow.bids, slow.asks), last)
            assert found[id_].standing == ("gap" if slow.id is None else "proven")
            compared += len(slow.bids)
    assert compared > 1_000


@needs_frames
def test_books_of_a_real_connection_that_checksums_prove() -> None:
    path = CONNECTIONS / "KRAKEN.ws.50.0.gz"
    slow = Kraken()
    for item in read(path).items:
        if item.kind == "received":
            slow.push(item.body, item.ts)
    tables = {name: rows for (kind, name), rows in slow.tables().items() if kind == "delta"}
    times = sorted(row["ts_init"] for rows in tables.values() for row in rows)
    for until in moments(times):
        wanted = {name: fold(rows, until) for name, rows in tables.items()}
        wanted = {name: book for name, book in wanted.items() if book[2]}
        if not wanted:
            with pytest.raises(tickwright.InputError, match="no book was received up to then"):
                tickwright.book(path, until)
            continue
        books = {book.instrument_id: book for book in tickwright.book(path, until, depth=0)}
        assert books.keys() == wanted.keys()
        for name, (bids, asks, last) in wanted.items():
            assert last is not None
            same(books[name], bids, asks, last)
            assert books[name].standing == "proven"


@needs_frames
def test_books_of_a_published_file_without_receive_times() -> None:
    path = SHARED / "dumps/2024-12-01_XRPUSDT_ob500.data.zip"
    with zipfile.ZipFile(path) as archive:
        frames = [json.loads(line) for line in archive.read(archive.namelist()[0]).splitlines()]
    times = [frame["cts"] * 1_000_000 for frame in frames]
    for until in [*moments(times), times[-1] + 10**9]:
        books: list[dict[Decimal, Decimal]] = [{}, {}]
        upto = bisect.bisect_right(times, until)
        for frame in frames[:upto]:
            if frame["type"] == "snapshot":
                books = [{}, {}]
            for held, levels in zip(books, (frame["data"]["b"], frame["data"]["a"]), strict=True):
                for price, size in levels:
                    held[Decimal(price)] = Decimal(size)
                    if held[Decimal(price)] == 0:
                        del held[Decimal(price)]
        if not upto:
            with pytest.raises(tickwright.InputError):
                tickwright.book(path, until)
            continue
        (book,) = tickwright.book(path, until, depth=0)
        assert (book.bids, book.asks) == sides(*books), until
        assert (book.standing, book.sequence) == ("proven", frames[upto - 1]["data"]["u"])


@needs_frames
def test_books_of_order_book_dumps() -> None:
    path = SHARED / "dumps/tardis_deltas_with_snapshot.csv"
    with path.open() as file:
        lines = list(csv.DictReader(file))
    times = [int(line["local_timestamp"]) * 1_000 for line in lines]
    for until in moments(times, 4):
        books: list[dict[Decimal, Decimal]] = [{}, {}]
        before = "false"
        for line, ts in zip(lines, times, strict=True):
            if ts > until:
                break
            if line["is_snapshot"] == "true" and before == "false":
                books = [{}, {}]
            before = line["is_snapshot"]
            held = books[line["side"] == "ask"]
            held[Decimal(line["price"])] = Decimal(line["amount"])
            if held[Decimal(line["price"])] == 0:
                del held[Decimal(line["price"])]
        if not any(books):
            continue
        (book,) = tickwright.book(path, until, depth=0)
        assert (book.bids, book.asks) == sides(*books), until
        assert book.standing == "published"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from tickwright.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=120)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return capture(tmp_path / "c.ndjson", usdm())


def test_the_event_received_at_the_time_is_in_the_book(source: Path) -> None:
    (before,) = tickwright.book(source, at(3) - 1)
    (then,) = tickwright.book(source, at(3))
    texts = [(str(price), str(size)) for price, size in before.bids]
    assert texts == [("100.1", "2.5"), ("100.0", "1.0")], "as many decimals on each level"
    assert (before.sequence, then.sequence) == (103, 115)
    assert [str(price) for price, _ in then.bids] == ["100.1"]
    assert tickwright.book(source, at(3), depth=1) == tickwright.book([source], at(3), instrument=INSTRUMENT, depth=1)


def test_before_the_snapshot_there_is_no_book(source: Path) -> None:
    done = run("book", source, "--at", str(at(1)), "--json")
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "no_book"
    assert "2 updates of BTCUSDT-PERP.BINANCE (depth@100ms) wait for a whole book since" in error["message"]
    assert "2023-11-14T22:13:20.001000000Z" in error["message"]
    done = run("book", source, "--at", str(at(-5)))
    assert done.returncode == 3
    assert b"the inputs begin at 2023-11-14T22:13:20.000000000Z; give a later --at" in done.stderr


def test_what_is_asked_wrongly_is_said(source: Path, tmp_path: Path) -> None:
    done = run("book", source, "--at", str(at(5)), "--instrument", "ETHUSDT-PERP.BINANCE")
    assert done.returncode == 2
    assert b"there are BTCUSDT-PERP.BINANCE" in done.stderr
    assert run("book", source, "--at", "noon").returncode == 2
    assert run("book", source).returncode == 2
    assert run("book", tmp_path / "absent", "--at", "1").returncode == 3
    trades = tmp_path / "BTCUSDT-trades-2024-01-01.csv"
    trades.write_text("id,price,qty,quote_qty,time,is_buyer_maker\n1,1.5,2,3,1704067200000,true\n")
    done = run("book", trades, "--feed", "binance-usdm", "--at", "2024-01-02T00:00:00")
    assert done.returncode == 3
    assert b"has books" in done.stderr


def test_after_a_gap_the_book_before_it_is_shown(tmp_path: Path) -> None:
    frames = usdm()[:4]
    lost = frames[3][1].replace(b'"U":110,"u":115,"pu":103', b'"U":140,"u":150,"pu":139')
    path = capture(tmp_path / "gap.ndjson", [*frames, (at(20), lost)])
    (book,) = tickwright.book(path, at(30))
    assert (book.standing, book.sequence, book.ts_init) == ("gap", 115, at(3))
    missing = book.missing
    assert missing is not None
    assert (missing.cause, missing.from_sequence, missing.to_sequence, missing.to_ns) == ("sequence", 115, 140, at(20))
    assert (missing.withheld, missing.resolved_ns) == (1, 0)
    assert tickwright.book(path, at(19))[0].standing == "proven"
    text = run("book", path, "--at", str(at(30))).stdout.decode()
    assert "after a gap: this is the book of before it" in text
    assert "the updates between 115 and 140 are missing" in text
    snapshot = frames[2][1].replace(b'"lastUpdateId":100', b'"lastUpdateId":150')
    later = capture(tmp_path / "closed.ndjson", [*frames, (at(20), lost), (at(40), snapshot)])
    (book,) = tickwright.book(later, at(40))
    assert (book.standing, [hole.resolution for hole in book.holes]) == ("proven", ["snapshot"])
    assert tickwright.book(later, at(39))[0].standing == "gap"


def test_text(source: Path) -> None:
    done = run("book", source, "--at", "2023-11-14T22:13:20.004Z")
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in text
    assert text.splitlines()[:3] == [
        "BTCUSDT-PERP.BINANCE at 2023-11-14T22:13:20.004000000Z (binance-usdm, depth@100ms)",
        "last event 2023-11-14T22:13:20.003000000Z, received 2023-11-14T22:13:20.003000000Z, sequence 115",
        "proven: a whole book, and every update since by the venue's rule",
    ]
    assert "1 bids, 1 asks in the book" in text


def test_files_of_one_recording_are_merged(tmp_path: Path) -> None:
    frames = usdm()
    capture(tmp_path / "a.ndjson", frames[:2] + frames[3:])
    capture(tmp_path / "b.ndjson", frames[2:3])
    (whole,) = tickwright.book(capture(tmp_path / "whole.ndjson", frames), at(4))
    (merged,) = tickwright.book([tmp_path / "b.ndjson", tmp_path / "a.ndjson"], at(4), feed="binance-usdm")
    assert merged == whole


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "capture.gz"
    tickwright.simulate("okx", path, seed=5, minutes=2, symbols=3)
    return path


def test_reading_stops_at_the_time(simulated: Path, tmp_path: Path) -> None:
    (span,) = tickwright.inspect(simulated)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(simulated.read_bytes()[:-2_000])
    early = span["start_ns"] + (span["end_ns"] - span["start_ns"]) // 10
    assert tickwright.book(cut, early) == tickwright.book(simulated, early)
    with pytest.raises(tickwright.InputError):
        tickwright.book(cut, span["end_ns"])
    assert tickwright.book(cut, span["end_ns"], allow_truncated=True)


@pytest.mark.parametrize("backward", [0, 0.2])
@pytest.mark.parametrize("feed", ["okx", "bybit-linear", "kraken-spot", "binance-spot"])
def test_books_are_those_of_the_catalog(tmp_path: Path, feed: str, backward: float) -> None:
    """Where the clock goes back, too: what was received up to the time may stand after what was received later."""
    path = tmp_path / "c.gz"
    tickwright.simulate(feed, path, seed=8, minutes=0.5, symbols=2, lost=0.02, backward=backward)
    batches, _ = tickwright.decode_file(path, types=["delta"])
    assert batches
    tables = {name: batch_rows(batch) for (_, name), batch in batches.items()}
    for until in moments(sorted(row["ts_init"] for rows in tables.values() for row in rows), 9):
        books = {book.instrument_id: book for book in tickwright.book(path, until, depth=0)}
        for name, rows in tables.items():
            bids, asks, last = fold(rows, until)
            if last is None:
                assert name not in books or books[name].standing == "waiting"
            else:
                same(books[name], bids, asks, last)


def test_a_clock_that_went_ahead_for_a_moment_ends_nothing(source: Path, tmp_path: Path) -> None:
    frames = usdm()
    spike = (at(3) + 9 * 10**9, b'{"result":null,"id":1}')
    assert tickwright.book(capture(tmp_path / "spike.ndjson", [*frames[:3], spike, *frames[3:]]), at(4)) == (
        tickwright.book(source, at(4))
    )


def test_levels_of_a_book_by_order_are_the_sums_of_its_orders(tmp_path: Path) -> None:
    path = tmp_path / "c.gz"
    tickwright.simulate("kraken-spot", path, seed=8, minutes=0.5, symbols=2, channels=["level3"], lost=0.01)
    batches, _ = tickwright.decode_file(path, types=["delta"], book="level3")
    tables = {name: batch_rows(batch) for (_, name), batch in batches.items()}
    for until in moments(sorted(row["ts_init"] for rows in tables.values() for row in rows), 5):
        for book in tickwright.book(path, until, depth=0, channel="level3"):
            orders: dict[int, Row] = {}
            for row in tables[book.instrument_id]:
                if row["ts_init"] > until:
                    break
                if row["action"] == "CLEAR":
                    orders = {}
                elif row["action"] == "DELETE":
                    orders.pop(row["order_id"], None)
                else:
                    orders[row["order_id"]] = row
            assert len(orders) > len(book.bids) + len(book.asks) > 0
            levels: dict[str, dict[Decimal, Decimal]] = {"BUY": {}, "SELL": {}}
            for row in orders.values():
                side = levels[row["side"]]
                side[row["price"]] = side.get(row["price"], Decimal(0)) + row["size"]
            assert (book.bids, book.asks) == sides(levels["BUY"], levels["SELL"])


def test_what_waits_for_an_update_received_before_the_time_is_not_in_the_book(tmp_path: Path) -> None:
    frames = usdm()[:4]

    def diff(ids: bytes) -> bytes:
        return frames[3][1].replace(b'"U":110,"u":115,"pu":103', ids)

    late = [(at(20), diff(b'"U":121,"u":125,"pu":120')), (at(10), diff(b'"U":116,"u":120,"pu":115'))]
    path = capture(tmp_path / "late.ndjson", [*frames, *late])
    assert [tickwright.book(path, at(t))[0].sequence for t in (9, 10, 19, 20)] == [115, 120, 120, 125]
    tickwright.convert(path, tmp_path / "catalog", types=["delta"], to_ns=at(20))
    assert catalog_rows(tmp_path / "catalog", "delta", INSTRUMENT)[-1]["sequence"] == 120
