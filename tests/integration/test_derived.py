"""Depths and quotes derived from books: against a book kept in two dictionaries."""

import gzip
import itertools
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import tickwright

from tests.frames import lines
from tests.integration.test_sessions import tables
from tests.integration.test_simulator import same_tables

DELETE, CLEAR = 3, 4
F_LAST = 128

type Level = tuple[int, int]


def raws(batch: pa.RecordBatch, name: str) -> list[int]:
    """A column of 16-byte raws as integers."""
    return [int.from_bytes(value, "little", signed=True) for value in batch.column(name).to_pylist()]


def tops(deltas: pa.RecordBatch) -> list[tuple[int, int, list[Level], list[Level]]]:
    """After each event: times, and the levels of both sides, best first."""
    prices, sizes = raws(deltas, "price"), raws(deltas, "size")
    columns = [deltas.column(name).to_pylist() for name in ("action", "side", "flags", "ts_event", "ts_init")]
    books: list[dict[int, int]] = [{}, {}]
    events = []
    for price, size, action, side, flags, ts_event, ts_init in zip(prices, sizes, *columns, strict=True):
        if action == CLEAR:
            books = [{}, {}]
        elif action == DELETE:
            books[side - 1].pop(price, None)
        else:
            books[side - 1][price] = size
        if flags & F_LAST:
            bids = sorted(books[0].items(), reverse=True)[:10]
            asks = sorted(books[1].items())[:10]
            events.append((ts_event, ts_init, bids, asks))
    return events


def depth_levels(batch: pa.RecordBatch, side: str) -> list[list[Level]]:
    """The levels of every depth row that hold something."""
    columns = [(raws(batch, f"{side}_price_{i}"), raws(batch, f"{side}_size_{i}")) for i in range(10)]
    rows = []
    for row in range(batch.num_rows):
        levels = [(prices[row], sizes[row]) for prices, sizes in columns]
        rows.append([level for level in levels if level != (0, 0)])
    return rows


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("derived") / "capture.gz"
    tickwright.simulate("binance-usdm", path, seed=11, minutes=1, symbols=2)
    return path


def test_depths_and_quotes_follow_the_book(capture: Path) -> None:
    types = ["delta", "depth10", "quote"]
    # Only the diffs: the venue's own tickers and partial books would be kept instead.
    decoder = tickwright.Decoder("binance-usdm", types=types, book="depth@100ms")
    of_books = [(f, t) for f, t in zip(*lines(capture), strict=True) if b"@depth@" in f or b"lastUpdateId" in f]
    frames, times = zip(*of_books, strict=True)
    decoder.push_many(frames, times)
    batches = {key: pa.record_batch(batch) for key, batch in decoder.flush().items()}
    ids = {instrument for kind, instrument in batches if kind == "delta"}
    assert ids
    for instrument in ids:
        events = tops(batches["delta", instrument])
        depths, last = [], None
        for ts_event, ts_init, bids, asks in events:
            if (bids or asks) and (bids, asks) != last:
                depths.append((ts_event, ts_init, bids, asks))
                last = (bids, asks)
        derived = batches["depth10", instrument]
        got = zip(
            derived.column("ts_event").to_pylist(),
            derived.column("ts_init").to_pylist(),
            depth_levels(derived, "bid"),
            depth_levels(derived, "ask"),
            strict=True,
        )
        assert list(got) == depths
        quotes, best = [], None
        for ts_event, ts_init, bids, asks in events:
            if bids and asks and (bids[0], asks[0]) != best:
                best = (bids[0], asks[0])
                quotes.append((ts_event, ts_init, *bids[0], *asks[0]))
        derived = batches["quote", instrument]
        got = zip(
            derived.column("ts_event").to_pylist(),
            derived.column("ts_init").to_pylist(),
            *(raws(derived, name) for name in ("bid_price", "bid_size", "ask_price", "ask_size")),
            strict=True,
        )
        assert list(got) == quotes
        assert 1 < len(quotes) <= len(depths) <= len(events)


def test_what_is_received_is_kept_and_nothing_is_derived_unasked(capture: Path, tmp_path: Path) -> None:
    received = tickwright.convert(capture, tmp_path / "received", write_instruments=False)
    asked = tickwright.convert(capture, tmp_path / "asked", types=["quote", "depth10"], write_instruments=False)

    def rows(report: tickwright.ConvertReport, kind: str) -> dict[str, int]:
        return {table.instrument_id: table.rows for table in report.tables if table.type == kind}

    assert rows(asked, "quote") == rows(received, "quote")
    assert rows(asked, "depth10") == rows(received, "depth10")
    assert not rows(asked, "delta")


def test_derived_without_deltas(capture: Path, tmp_path: Path) -> None:
    diffs = tmp_path / "diffs.txt"
    with gzip.open(capture, "rb") as source:
        diffs.write_bytes(b"".join(line for line in source if b"@depth@" in line or b"lastUpdateId" in line))
    both = tickwright.convert(diffs, tmp_path / "both", types=["delta", "quote", "depth10"], write_instruments=False)
    alone = tickwright.convert(diffs, tmp_path / "alone", types=["quote", "depth10"], write_instruments=False)

    def rows(report: tickwright.ConvertReport) -> dict[tuple[str, str], int]:
        return {(t.type, t.instrument_id): t.rows for t in report.tables if t.type != "delta"}

    assert rows(alone) == rows(both)
    assert rows(alone)
    for report in (both, alone):
        total = report.accounting
        assert total.frames.total == sum(
            getattr(total.frames, end)
            for end in ("rows", "control", "duplicate", "stale", "withheld", "unselected", "rejected")
        )


def at_ends(events: list[tuple[int, int, list[Level], list[Level]]], every: int) -> list[tuple]:
    """The top at the end of every interval that has ended, where it is not what was told before."""
    found, last = [], None
    ends = sorted({-(-ts_init // every) * every for _, ts_init, _, _ in events})
    for end in ends:
        upto = [event for event in events if event[1] <= end]
        if upto == events and events[-1][1] != end:
            break  # more may come before it ends
        ts_event, _, bids, asks = upto[-1]
        if (bids or asks) and (bids, asks) != last and any(event[1] > end for event in events):
            last = (bids, asks)
            found.append((ts_event, end, bids, asks))
    return found


@pytest.mark.parametrize("feed", ["binance-usdm", "bybit-linear", "okx", "kraken-spot"])
def test_intervals(feed: str, tmp_path: Path) -> None:
    path, every = tmp_path / "capture.gz", 700_000_000
    # The book alone: what the venue sends of the top itself would be kept instead.
    tickwright.simulate(feed, path, seed=4, minutes=0.5, symbols=2, lost=0.005, channels=["book"])
    batches, _ = tickwright.decode_file(path, types=["delta"])
    derived, _ = tickwright.decode_file(path, types=["delta", "depth10"], derive_every_ns=every)
    compared = 0
    for (kind, instrument), deltas in batches.items():
        events = tops(pa.record_batch(deltas))
        batch = pa.record_batch(derived["depth10", instrument])
        got = zip(
            batch.column("ts_event").to_pylist(),
            batch.column("ts_init").to_pylist(),
            depth_levels(batch, "bid"),
            depth_levels(batch, "ask"),
            strict=True,
        )
        wanted = at_ends(events, every)
        assert list(got) == wanted, (kind, instrument)
        compared += len(wanted)
    assert compared > 20


def test_intervals_by_parts_are_those_of_the_whole(capture: Path, tmp_path: Path) -> None:
    options = {"types": ["quote"], "book": "depth@100ms", "derive_every_ns": 1_000_000_000, "write_instruments": False}
    diffs = tmp_path / "diffs.txt"
    with gzip.open(capture, "rb") as source:
        diffs.write_bytes(b"".join(line for line in source if b"@depth@" in line or b"lastUpdateId" in line))
    (span,) = tickwright.inspect(diffs)
    middle = (span["start_ns"] + span["end_ns"]) // 2 // 1_000_000_000 * 1_000_000_000 + 1
    whole = tickwright.convert(diffs, tmp_path / "whole", **options)
    first = tickwright.convert(diffs, tmp_path / "first", to_ns=middle, **options)
    second = tickwright.convert(diffs, tmp_path / "second", from_ns=middle, **options)
    assert whole.rows > 40
    read = [
        {path.parent.name: pa.parquet.read_table(path).to_pylist() for path in (tmp_path / part).rglob("*.parquet")}
        for part in ("whole", "first", "second")
    ]
    for instrument, rows in read[0].items():
        parts = read[1][instrument] + read[2][instrument]
        assert [row for row in parts if row in rows] == rows, "an end inside a part has its row there"
        # A part begins with the book as it stands: at most one row more, of a top that was told before.
        assert len(parts) - len(rows) <= 1
    assert first.rows + second.rows >= whole.rows


@pytest.mark.parametrize("every", [0, 700_000_000])
@pytest.mark.parametrize("feed", ["binance-usdm", "bybit-option", "kraken-futures"])
def test_recordings_that_go_on_from_one_another_are_one(feed: str, every: int, tmp_path: Path) -> None:
    """No top is told again where a file ends, and the interval that it ends in has its row."""
    path = tmp_path / "whole.ndjson.gz"
    tickwright.simulate(feed, path, seed=4, minutes=0.5, symbols=2, lost=0.005, channels=["book"])
    frames = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    options = {"feed": feed, "types": ["depth10", "quote"], "derive_every_ns": every, "write_instruments": False}
    tickwright.convert(path, tmp_path / "at once", **options)
    cuts = [0, len(frames)]
    for part in range(1, 7):
        at = len(frames) * part // 7
        while frames[at - 1].split(b" ")[0] == frames[at].split(b" ")[0]:  # one receive time is never in two files
            at += 1
        cuts.append(at)
    for first, end in itertools.pairwise(sorted(cuts)):
        piece = tmp_path / f"{first}.ndjson"
        piece.write_bytes(b"".join(frames[first:end]))
        tickwright.convert(piece, tmp_path / "apart", **options)
    wanted = tables(tmp_path / "at once")
    assert {kind for kind, _ in wanted} == {"depth10", "quote"}
    same_tables(tables(tmp_path / "apart"), wanted, feed)


def test_a_duration_is_read_or_refused() -> None:
    from tickwright.cli.inputs import duration_ns

    assert [duration_ns(text, "") for text in ("1ns", "100ms", "1s", "5m", "24h", None)] == [
        1,
        100_000_000,
        1_000_000_000,
        300_000_000_000,
        86_400_000_000_000,
        0,
    ]
    for text in ("", "0s", "100", "1.5s", "-1s", "25h", "1d"):
        with pytest.raises(tickwright.UsageError, match="--derive-every"):
            duration_ns(text, "--derive-every")
