"""Books by hand: what joins what, in which order, and that each frame has an end."""

from typing import Any

import tickwright

from tests.frames import at, ms
from tests.parity.support import batch_rows


def diff(first: int, last: int) -> bytes:
    return (
        b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,"s":"BTCUSDT","U":%d,"u":%d,'
        b'"b":[["100.00","%d"]],"a":[]}}' % (ms(0), first, last, last)
    )


def snapshot(last: int) -> bytes:
    return (
        b'{"stream":"btcusdt@depthSnapshot","generated":true,"data":{"lastUpdateId":%d,'
        b'"bids":[["99.00","1"]],"asks":[["101.00","1"]]}}' % last
    )


def book(*frames: bytes, feed: str = "binance-spot") -> tuple[list[int], dict[str, Any]]:
    """The sequence of each event that gave rows, and the report."""
    decoder = tickwright.Decoder(feed)
    for offset, frame in enumerate(frames):
        decoder.push(frame, at(offset))
    decoder.finish()
    rows = [row for batch in decoder.flush().values() for row in batch_rows(batch)]
    report = decoder.report()
    assert report["accounting"]["frames"]["total"] == len(frames)
    assert report["accounting"]["bytes"]["total"] == sum(map(len, frames))
    return [row["sequence"] for row in rows if row["flags"] & 128], report


def test_a_book_kept_aside_is_counted_when_it_joins_after_a_hole() -> None:
    events, report = book(snapshot(100), diff(101, 102), snapshot(110), diff(111, 112))
    assert events == [100, 102, 110, 112]
    assert report["accounting"]["frames"]["rows"] == 4
    assert [(gap["from_sequence"], gap["resolution"]) for gap in report["gaps"]] == [(102, "snapshot")]


def test_what_waited_is_applied_in_the_order_of_the_stream() -> None:
    """Two connections: what one had lost the other brought after what follows it, all before the snapshot."""
    events, report = book(diff(101, 102), diff(105, 106), diff(103, 104), diff(105, 106), snapshot(100))
    assert events == [100, 102, 104, 106]
    assert report["gaps"] == []
    assert report["accounting"]["frames"]["duplicate"] == 1


def test_a_snapshot_joins_what_came_in_another_order() -> None:
    events, report = book(snapshot(100), diff(105, 106), diff(103, 104), snapshot(102))
    assert events == [100, 102, 104, 106]
    assert [gap["resolution"] for gap in report["gaps"]] == ["snapshot"]


def test_right_after_a_snapshot_the_lower_id_is_next() -> None:
    """On futures both the update that ends at the snapshot and the one after it may be the first."""

    def futures(first: int, last: int, previous: int) -> bytes:
        return diff(first, last).replace(b'"s":', b'"T":%d,"s":' % ms(0)).replace(b'"b":', b'"pu":%d,"b":' % previous)

    whole = snapshot(104).replace(b'"bids"', b'"E":%d,"T":%d,"bids"' % (ms(0), ms(0)))
    events, report = book(futures(105, 106, 104), futures(103, 104, 102), whole, feed="binance-usdm")
    assert events == [104, 104, 106]
    assert report["gaps"] == []
