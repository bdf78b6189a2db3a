"""A venue's frames through ``tickwright`` and through its slow reader, side by side."""

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import tickwright

from tests.parity.support import batch_rows, trimmed
from tests.reference.captures import read
from tests.reference.reader import Reader

type Frames = list[tuple[bytes, int]]
type Tables = dict[tuple[str, str], list[Any]]


def shaped(batches: Any) -> Tables:
    """Batches in the shape of the reference; columns of the schemas that no venue sends are left out."""
    return {(kind, name): trimmed(kind, name, batch_rows(batch)) for (kind, name), batch in batches.items()}


def decode(feed: str, frames: Frames, **options: Any) -> tuple[Tables, dict[str, Any]]:
    """Rows and report of frames."""
    decoder = tickwright.Decoder(feed, **options)
    for frame, ts in frames:
        decoder.push(frame, ts)
    decoder.finish()
    return shaped(decoder.flush()), decoder.report()


def ends(counts: dict[str, int]) -> dict[str, int]:
    """Ends that were met; they make up the total."""
    assert counts["total"] == sum(n for end, n in counts.items() if end != "total")
    return {end: n for end, n in counts.items() if n and end != "total"}


def kinds(tables: Tables) -> dict[str, int]:
    """Rows by type."""
    return dict(Counter(kind for (kind, _), table in tables.items() for _ in table))


def equal(rows: Tables, report: dict[str, Any], slow: Reader) -> None:
    """Every row and every end as the reader has them."""
    wanted = slow.tables()
    assert rows.keys() == wanted.keys()
    for key, table in wanted.items():
        for number, (ours, theirs) in enumerate(zip(rows[key], table, strict=False)):
            assert ours == theirs, (key, number)
        assert len(rows[key]) == len(table), key
    of_frames, of_items = slow.ends()
    assert ends(report["accounting"]["frames"]) == of_frames
    assert ends(report["accounting"]["items"]) == of_items
    ends(report["accounting"]["bytes"])
    assert report["unknown_topics"] == dict(+slow.unknown)


def reference[R: Reader](slow: R, frames: Frames) -> R:
    """The reader, after the frames."""
    for frame, ts in frames:
        slow.push(frame, ts)
    return slow


def same[R: Reader](feed: str, slow: R, frames: Frames) -> R:
    """The reader, after frames of which it and ``tickwright`` have the same rows, ends and holes."""
    rows, report = decode(feed, frames)
    equal(rows, report, reference(slow, frames))
    assert holes(report) == sorted(slow.gaps)
    assert report["accounting"]["bytes"]["total"] == sum(len(frame) for frame, _ in frames)
    return slow


def holes(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Gaps but those of books that had no snapshot yet: instrument, cause, from and to."""
    fields = ("instrument_id", "cause", "from_sequence", "to_sequence")
    found = [tuple(gap[field] for field in fields) for gap in report["gaps"] if gap["cause"] != "no_snapshot"]
    return sorted(found)


def proven(path: Path, feed: str, slow: Any, mark: bytes) -> tuple[Tables, dict[str, Any], int]:
    """A recorded connection, equal row by row: its rows, the report, and how many messages hold ``mark``."""
    batches, report = tickwright.decode_file(path, feed=feed)
    rows = shaped(batches)
    marked = 0
    for item in read(path).items:
        if item.kind == "received":
            slow.push(item.body, item.ts)
            marked += mark in item.body
        elif item.kind == "rest":
            slow.push(item.body, item.ts, item.url)
        elif item.kind == "sent":
            slow.frames.append(["control"])
    equal(rows, report, slow)
    assert holes(report) == sorted(slow.gaps)
    assert (report["rejects"], report["gaps"], report["unknown_keys"]) == ([], [], {})
    total = report["accounting"]["bytes"]["total"] + report["accounting"]["container_bytes"]
    assert total == len(gzip.decompress(path.read_bytes()))
    return rows, report, marked
