"""The books of captures and dumps as they stood at a time."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Self

from tickwright import _core
from tickwright._options import packed


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole in the stream of a book; times are ns UTC, 0 where there is none.

    `resolved_ns` is 0 and `resolution` is empty while nothing has closed it, by the time asked for.
    """

    cause: str
    from_sequence: int
    to_sequence: int
    from_ns: int
    to_ns: int
    resolved_ns: int
    resolution: str
    withheld: int


@dataclass(frozen=True, slots=True)
class BookAt:
    """A book at a time; times are ns UTC, levels are (price, size), best first, `Decimal`.

    `standing` is "proven" (a whole book, and every update since by the venue's rule), "whole" (each message is a whole
    top of the book), "published" (as a file has it), "gap" (the book of before a hole: `missing` says which) or
    "waiting" (no whole book has joined yet: there are no levels).
    """

    instrument_id: str
    feed: str
    channel: str
    other_channels: list[str]
    at: int
    standing: str
    missing: Hole | None
    holes: list[Hole]
    ts_event: int
    ts_init: int
    sequence: int
    recorded_to: int
    bid_levels: int
    ask_levels: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Self:
        """Read it from the core's JSON object."""
        value = {name: item for name, item in value.items() if name in {f.name for f in fields(cls)}}
        for side in ("bids", "asks"):
            value[side] = [(Decimal(price), Decimal(size)) for price, size in value[side]]
        value["missing"] = None if value["missing"] is None else Hole(**value["missing"])
        value["holes"] = [Hole(**hole) for hole in value["holes"]]
        return cls(**value)

    def to_json(self) -> str:
        """The book as JSON text; numbers of levels are exact decimal text."""
        return json.dumps(asdict(self), default=str)


def book(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    at_ns: int,
    *,
    instrument: str | None = None,
    depth: int = 10,
    feed: str | None = None,
    format: str | None = None,
    symbol: str | None = None,
    channel: str | None = None,
    allow_truncated: bool = False,
) -> list[BookAt]:
    """Read the book of each instrument as it stood at a time: what was received up to `at_ns` (ns UTC) is in it.

    Captures of one feed are one recording; of order-book dumps each file stands for itself. Reading stops ten seconds
    after the time: clocks step back.

    Parameters
    ----------
    inputs
        Files, folders (looked through) or patterns, as of `convert`.
    at_ns
        The time, ns UTC.
    instrument
        Only the book of this id.
    depth
        Levels of a side; 0 is all.
    feed, format, symbol
        As of `convert`.
    channel
        Channel of books; the venue's preference without.
    allow_truncated
        Take what came before the cut of an input.

    Raises
    ------
    UsageError
        An instrument without a book; the text lists those that have one.
    InputError
        No book stands at that time, or an input cannot be read.

    Examples
    --------
    >>> import tickwright
    >>> capture = "examples/binance-usdm/capture.ndjson.gz"
    >>> [span] = tickwright.inspect(capture)
    >>> [book] = tickwright.book(capture, span["end_ns"], instrument="BTCUSDT-PERP.BINANCE", depth=1)
    >>> book.standing, len(book.bids), book.bids[0] < book.asks[0]
    ('proven', 1, True)

    """
    paths = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    options = {
        "inputs": [os.fspath(path) for path in paths],
        "at": at_ns,
        "instrument": instrument,
        "depth": depth,
        "feed": feed,
        "format": format,
        "symbol": symbol,
        "book": channel,
        "allow_truncated": allow_truncated,
    }
    return [BookAt.from_dict(value) for value in json.loads(_core.books(packed(options)))]
