"""Capture files to items: (kind, receive time, connection, URL, body), and several files merged.

Comes in: paths of cryptofeed, Tardis raw, hftbacktest and NDJSON files, or single JSON documents, plain or gzip.
Goes out: ``Item``s in the order of the file, or of several files by receive time. Not read here: zstd.
"""

import gzip
import hashlib
import heapq
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

CRYPTOFEED = re.compile(r"^(wss?://|https?://)\S+ (<->|<-|->) |^configuration: \{|^\d{9,10}(\.\d+)?: ")
TARDIS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ")
HFT = re.compile(r"^\d{19} \{")
PREFIXED = re.compile(r"^(\d{10}|\d{13}|\d{16}|\d{19})[\t ,](?=[{\[])")
EPOCH_LINE = re.compile(r"^(\d{9,10}(?:\.\d+)?): ")
URL_LINE = re.compile(r"^(\S+://\S+) (<->|<-|->) (\d{9,10}(?:\.\d+)?)(?:: )?")
ENVELOPE_TIMES = ("ts", "recv_ts", "local_ts")
ENVELOPE_BODIES = ("msg", "data", "raw")


@dataclass
class Item:
    """One thing of a capture. ``size`` is the bytes of its body in the decompressed file."""

    kind: str  # received, rest, sent, opened, closed, malformed
    ts: int  # receive time, ns UTC, 0 = none
    conn: int
    url: str
    body: bytes
    source: str
    line: int
    size: int
    symbol: str = ""  # from the file name, lower case


@dataclass
class Source:
    """A file that was read: its items and how many bytes belong to none of them."""

    path: Path
    sha256: str
    container: str
    total: int
    items: list[Item] = field(default_factory=list)

    @property
    def container_bytes(self) -> int:
        """Decompressed bytes that belong to no frame: prefixes, URLs, newlines."""
        return self.total - sum(item.size for item in self.items)

    @property
    def first_ts(self) -> int:
        """The first receive time, 0 where the file has none."""
        return next((item.ts for item in self.items if item.ts), 0)


def seconds_ns(text: str) -> int:
    """Decimal epoch seconds as ns, exactly."""
    return int(Decimal(text) * 10**9)


def unit_ns(number: str) -> int:
    """An integer epoch as ns, its unit told by the number of digits: 10 s, 13 ms, 16 µs, 19 ns."""
    return int(number) * 10 ** (19 - len(number))


def container_of(text: str) -> str:
    """The container's name by the first line that is not blank."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    if CRYPTOFEED.match(first):
        return "cryptofeed"
    if TARDIS.match(first):
        return "tardis-raw"
    if HFT.match(first):
        return "hftbacktest"
    if PREFIXED.match(first):
        return "ndjson"
    try:
        json.loads(first)
    except ValueError:
        return "json"
    return "ndjson"


def read(path: Path) -> Source:
    """All items of one file."""
    packed = path.read_bytes()
    data = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    # Bytes that are no UTF-8 come back unchanged from surrogateescape: the decoder refuses them, not the reader.
    text = data.decode("utf-8", "surrogateescape")
    source = Source(path, hashlib.sha256(packed).hexdigest(), container_of(text), len(data))
    readers = {
        "cryptofeed": _cryptofeed,
        "tardis-raw": _tardis,
        "hftbacktest": _hftbacktest,
        "ndjson": _ndjson,
        "json": _documents,
    }
    source.items.extend(readers[source.container](text, str(path)))
    return source


def _item(kind: str, ts: int, conn: int, url: str, text: str, path: str, line: int) -> Item:
    body = text.encode("utf-8", "surrogateescape")
    return Item(kind, ts, conn, url, body, path, line, len(body))


def _cryptofeed(text: str, path: str) -> Iterator[Item]:
    conn, url = 0, ""
    held: Item | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        known = URL_LINE.match(line) or EPOCH_LINE.match(line) or line.startswith("configuration: {")
        if not known:
            if line.strip() and held is not None and held.kind in ("received", "rest"):
                # A frame with a newline inside breaks over lines: this one goes on with it.
                more = ("\n" + line).encode("utf-8", "surrogateescape")
                held.body += more
                held.size += len(more)
            continue
        if held is not None:
            yield held
        held = None
        if match := URL_LINE.match(line):
            arrow, ts, rest = match[2], seconds_ns(match[3]), line[match.end() :]
            if arrow == "<->":
                conn, url = conn + 1, match[1]
                held = _item("opened", ts, conn, url, "", path, number)
            elif arrow == "<-":
                held = _item("sent", ts, conn, match[1], rest, path, number)
            else:
                held = _item("rest", ts, 0, match[1], rest.split(" header: {")[0], path, number)
        elif match := EPOCH_LINE.match(line):
            held = _item("received", seconds_ns(match[1]), conn, url, line[match.end() :], path, number)
    if held is not None:
        yield held


def _tardis(text: str, path: str) -> Iterator[Item]:
    conn, open_now, ts = 1, False, 0
    for number, line in enumerate(text.split("\n")[: -1 if text.endswith("\n") else None], start=1):
        if not line.strip():
            if open_now:
                yield _item("closed", ts, conn, "", "", path, number)
                conn, open_now = conn + 1, False
            continue
        if not TARDIS.match(line):
            yield _item("malformed", 0, conn, "", line, path, number)
            continue
        moment = datetime.strptime(line[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        ts, open_now = int(moment.timestamp()) * 10**9 + int(line[20:27]) * 100, True
        yield _item("received", ts, conn, "", line[29:], path, number)


def _hftbacktest(text: str, path: str) -> Iterator[Item]:
    symbol = Path(path).name.rsplit(".", 1)[0].rsplit("_", 1)[0].lower()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if not re.match(r"^\d{19} ", line):
            yield _item("malformed", 0, 1, "", line, path, number)
            continue
        item = _item("received", int(line[:19]), 1, "", line[20:], path, number)
        if line[20:].startswith('{"lastUpdateId"'):
            item.kind, item.symbol = "rest", symbol
        yield item


def _ndjson(text: str, path: str) -> Iterator[Item]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if match := PREFIXED.match(line):
            yield _item("received", unit_ns(match[1]), 1, "", line[match.end() :], path, number)
        else:
            yield _unwrap(_item("received", 0, 1, "", line.rstrip("\r"), path, number))


def _unwrap(item: Item) -> Item:
    """An envelope's time and frame; an item that is none stays as it is."""
    try:
        outer = json.loads(item.body)
    except ValueError:
        return item
    if not isinstance(outer, dict):
        return item
    time = next((key for key in ENVELOPE_TIMES if key in outer), None)
    body = next((key for key in ENVELOPE_BODIES if key in outer), None)
    if time is None or body is None or len(str(outer[time])) not in (10, 13, 16, 19):
        return item
    item.ts = unit_ns(str(outer[time]))
    inner = outer[body]
    if isinstance(inner, str):
        item.body = inner.encode()
    else:
        # Cut the value out of the text: writing it again would change its numbers.
        raw = item.body.decode()
        start = raw.index(f'"{body}"') + len(body) + 2
        start = raw.index(":", start) + 1
        start += len(raw[start:]) - len(raw[start:].lstrip())
        _, end = json.JSONDecoder().raw_decode(raw, start)
        item.body = raw[start:end].encode()
    item.size = len(item.body)
    return item


def _documents(text: str, path: str) -> Iterator[Item]:
    """JSON documents over many lines: each is a frame; text that is none is malformed to the end."""
    reader, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
            continue
        line = text.count("\n", 0, at) + 1
        try:
            _, end = reader.raw_decode(text, at)
        except ValueError:
            yield _item("malformed", 0, 1, "", text[at:], path, line)
            return
        yield _item("received", 0, 1, "", text[at:end], path, line)
        at = end


def ordered(sources: list[Source]) -> list[Source]:
    """Sources by their first receive time, then sha256: never by the order they were named in."""
    return sorted(sources, key=lambda source: (source.first_ts, source.sha256))


def merge(sources: list[Source]) -> Iterator[Item]:
    """Items of several files by receive time; equal times in the order of the sources, then of the file.

    An item without a time keeps its place: it counts as received with the one before it.
    """

    def keyed(source: Source, rank: int) -> Iterator[tuple[int, int, int, Item]]:
        last = 0
        for index, item in enumerate(source.items):
            last = item.ts or last
            yield last, rank, index, item

    streams = [keyed(source, rank) for rank, source in enumerate(ordered(sources))]
    # heapq.merge looks at the heads only: a file whose clock steps back keeps its own order.
    for *_, item in heapq.merge(*streams, key=lambda entry: entry[:2]):
        yield item
