"""Depths and quotes derived from books: against a book kept in two dictionaries."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
import tickwright

from tests.frames import lines

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
