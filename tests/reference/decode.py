"""Files to a finished ``Decoded``: recognise the feed, merge, decode as ``convert`` does.

Comes in: paths. Goes out: rows, sources, definitions and books of one feed. Refused (``ValueError``): files of which
no URL, name or frame tells the feed, when none is given.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.reference.captures import Item, Source, merge, ordered, read
from tests.reference.session import Row, Session

HOSTS = {
    "binance-usdm": re.compile(r"//(fstream|fapi)\."),
    "binance-coinm": re.compile(r"//(dstream|dapi)\."),
    "binance-spot": re.compile(r"//(stream|data-stream|api\d?)\.binance\."),
}
SPEED = ("depth@0ms", "depth@100ms", "depth", "depth@500ms")


@dataclass
class Decoded:
    """The outcome: ``rows`` by (type, id), the session with everything else, the sources in their order."""

    rows: dict[tuple[str, str], list[Row]]
    session: Session
    sources: list[Source]


def feed_of(sources: Iterable[Source]) -> str | None:
    """The feed that a URL, or the shape of the frames, tells."""
    body = b""
    for source in sources:
        for item in source.items[:64]:
            for feed, pattern in HOSTS.items():
                if pattern.search(item.url):
                    return feed
            body += item.body
    if re.search(rb'"s":\s*"\w+USD_(PERP|\d{6})"', body):
        return "binance-coinm"
    if re.search(rb'"pu":|"e":\s*"(markPriceUpdate|forceOrder|bookTicker)"', body):
        return "binance-usdm"
    return "binance-spot" if b'"u":' in body or b'"M":' in body else None


def decode_items(
    items: list[Item],
    feed: str,
    types: set[str] | None = None,
    trades: str = "auto",
    *,
    decoder: bool = False,
) -> Session:
    """Decodes items in order. ``decoder``: choose channels as frames come, like ``tickwright.Decoder``."""
    session = Session(feed, types, trades)
    if not decoder:
        # A first reading tells which instruments have raw trades and which diff channels there are.
        first = Session(feed, None, "raw")
        for item in items:
            first.push(item)
        session.raw_trades = {row["instrument_id"] for row in first.rows if row["type"] == "trade"}
        session.diffs = {}
        for channel in reversed(SPEED):
            for instrument in first.offered["diff " + channel]:
                session.diffs[instrument] = channel
    for item in items:
        session.push(item)
    return session


def decode_files(
    paths: Iterable[Path], feed: str | None = None, types: set[str] | None = None, trades: str = "auto"
) -> Decoded:
    """Decodes the files of one recording and feed, merged by receive time."""
    sources = ordered([read(Path(path)) for path in paths])
    feed = feed or feed_of(sources)
    if feed is None:
        raise ValueError("no URL and no frame tells the feed: give feed=")
    session = decode_items(list(merge(sources)), feed, types, trades)
    return Decoded(session.sorted_rows(), session, sources)
