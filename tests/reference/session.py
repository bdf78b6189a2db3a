"""Items of one recording and feed to rows, with the end of every frame.

Comes in: ``captures.Item`` in the order of arrival. Goes out: rows, accounting by frame, item and byte, definitions,
gaps, books. ``binance.py`` reads the messages and calls the methods ``trade`` to ``book_event`` here.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.reference.book import Book, Event
from tests.reference.captures import Item
from tests.reference.wire import Reject

ENDS = ("rejected", "rows", "withheld", "duplicate", "stale", "unselected", "control")  # worst first
Row = dict[str, Any]


class Part:
    """One item inside a frame: its end, or the book event that will tell it later."""

    def __init__(self, end: str = "control", event: Event | None = None, reason: str = "") -> None:
        self.fixed, self.event, self.reason = end, event, reason

    @property
    def end(self) -> str:
        return self.event.end if self.event is not None else self.fixed


@dataclass
class Frame:
    """A frame that was read, and its parts."""

    item: Item
    parts: list[Part] = field(default_factory=list)

    @property
    def end(self) -> str:
        """The worst end of its parts; a frame without parts is control."""
        return min((part.end for part in self.parts), key=ENDS.index, default="control")


@dataclass
class Session:
    """The state of one feed. ``raw_trades``: the instruments whose aggregates are not wanted; None = decide as
    frames come (aggregates until the first raw trade). ``diffs``: the instruments that have a diff stream; None =
    not known."""

    feed: str
    types: set[str] | None = None
    trades: str = "auto"  # raw, aggregate, auto
    raw_trades: set[str] | None = None
    diffs: dict[str, str] | None = None
    rows: list[Row] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    books: dict[tuple[str, str], Book] = field(default_factory=dict)
    definitions: dict[str, Row] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    seen: dict[tuple[str, ...], set[Any]] = field(default_factory=lambda: defaultdict(set))
    quotes: dict[str, int] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    clocks: dict[str, str] = field(default_factory=dict)
    raw_seen: set[str] = field(default_factory=set)
    offered: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    # --- frames -------------------------------------------------------------------------------------------------

    def push(self, item: Item) -> None:
        """Takes the next item of the recording."""
        from tests.reference import binance  # the two modules know each other

        frame = Frame(item)
        self.frames.append(frame)
        if item.kind in ("opened", "closed", "sent"):
            return
        if item.kind == "malformed":
            frame.parts.append(Part("rejected", reason="malformed"))
            return
        try:
            binance.read_frame(self, frame)
        except Reject as reject:
            frame.parts.append(Part("rejected", reason=str(reject)))

    def wanted(self, kind: str) -> bool:
        """Whether rows of this type were asked for."""
        return self.types is None or kind in self.types

    # --- what a message may give --------------------------------------------------------------------------------

    def emit(self, kind: str, rows: list[Row], key: tuple[str, ...] = (), value: Any = None) -> Part:
        """Rows of one independent item, unless ``value`` was seen under ``key``."""
        if not any(self.wanted(row["type"]) for row in rows):
            return Part("unselected")
        if key:
            if value in self.seen[key]:
                return Part("duplicate")
            self.seen[key].add(value)
        self.rows.extend(row for row in rows if self.wanted(row["type"]))
        return Part("rows")

    def trade(self, kind: str, row: Row) -> Part:
        """A raw or an aggregate trade."""
        instrument = row["instrument_id"]
        self.offered[kind][instrument] += 1
        if kind == "raw":
            self.raw_seen.add(instrument)
        raw = self.raw_seen if self.raw_trades is None else self.raw_trades
        use = self.trades if self.trades != "auto" else ("raw" if instrument in raw else "aggregate")
        if kind != use:
            return Part("unselected")
        value = row["trade_id"] or (row["ts_event"], row["price"], row["size"], row["aggressor_side"])
        return self.emit("trade", [row], ("trade", instrument, kind), value)

    def quote(self, row: Row, update: int) -> Part:
        """A best bid and ask; one whose update id is not above the last is a duplicate."""
        if not self.wanted("quote"):
            return Part("unselected")
        instrument = row["instrument_id"]
        if update <= self.quotes.get(instrument, -1):
            return Part("duplicate")
        self.quotes[instrument] = update
        if min(row["bid_size"], row["ask_size"], row["bid_price"], row["ask_price"]) <= 0:
            return Part("control")  # a side is empty: no quote
        return self.emit("quote", [row])

    def book_event(self, instrument: str, channel: str, event: Event, snapshot: bool) -> Part:
        """A diff, or a REST snapshot (``channel`` ``rest``), for the one book stream of the instrument."""
        if not self.wanted("delta"):
            return Part("unselected")
        if not snapshot:
            self.offered["diff " + channel][instrument] += 1
            mine = self.diffs.get(instrument) if self.diffs is not None else self.bound.get(instrument)
            mine = mine or self.bound.setdefault(instrument, channel)
            if "rpi" in channel.lower() or mine != channel:
                return Part("unselected")
        book = self.book(instrument)
        book.rows = self.rows  # deltas in the order of all rows
        if snapshot:
            book.snapshot(event)
        else:
            book.diff(event)
        return Part(event=event)

    def book(self, instrument: str, channel: str = "diff") -> Book:
        """The book of an instrument, made when first asked for."""
        rule = "spot" if self.feed == "binance-spot" else "futures"
        return self.books.setdefault((instrument, channel), Book(instrument, rule))

    def partial(self, instrument: str, channel: str, event: Event, depth: Row) -> Part:
        """A self-contained top of the book: Depth10, and snapshot deltas where there is no diff stream."""
        if event.last in self.seen[("partial", instrument, channel)]:
            return Part("duplicate")
        self.seen[("partial", instrument, channel)].add(event.last)
        part = self.emit("depth10", [depth])
        if instrument in (self.diffs or {}) or self.bound.get(instrument, channel) != channel:
            return part
        if self.wanted("delta"):
            self.bound[instrument] = channel
            book = self.book(instrument, channel)
            book.rows = self.rows
            book._replace(event)
            return Part(event=event)
        return part

    # --- the account --------------------------------------------------------------------------------------------

    def account(self, source: str | None = None) -> dict[str, dict[str, int]]:
        """Bytes, frames and items by their end, of one source or of all."""
        out: dict[str, dict[str, int]] = {
            what: {"total": 0, **dict.fromkeys(sorted(ENDS), 0)} for what in ("bytes", "frames", "items")
        }
        for frame in self.frames:
            if source is not None and frame.item.source != source:
                continue
            for what, amount in (("bytes", frame.item.size), ("frames", 1)):
                if what == "frames" and frame.item.kind in ("opened", "closed"):
                    continue
                out[what]["total"] += amount
                out[what][frame.end] += amount
            for part in frame.parts:
                out["items"]["total"] += 1
                out["items"][part.end] += 1
        return out

    def sorted_rows(self) -> dict[tuple[str, str], list[Row]]:
        """Rows by (type, id) in the catalog's order: ts_init, then arrival."""
        out: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            out[(row["type"], row.get("bar_type") or row["instrument_id"])].append(row)
        for rows in out.values():
            rows.sort(key=lambda row: row["ts_init"])  # stable
        return dict(out)
