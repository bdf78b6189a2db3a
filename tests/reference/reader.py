"""What the readers of venues have in common: items and frames with their ends, and rows by table.

Comes in: what a venue's reader finds in each frame. Goes out: rows, the end of every item and frame, names of topics that
are not known. Binance's reader is on ``session.py``, which takes whole recordings.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Protocol

from tests.reference import wire
from tests.reference.session import ENDS
from tests.reference.wire import Obj, Reject

Row = dict[str, Any]
UNSHAPED = "(answer of no known shape)"


class Waiting(Protocol):
    """A book's message, whose end is found later."""

    end: str


def first_that_tells(items: list[Any], keys: dict[str, set[str]]) -> str | None:
    """What the first item is that has one of the ``keys``; ``""``: there is no item, ``None``: none tells."""
    bad: Reject | None = None
    for item in items:
        if not isinstance(item, Obj):
            continue
        try:
            have = wire.checked(item).keys()
        except Reject as error:
            bad = bad or error
            continue
        for name, some in keys.items():
            if some & have:
                return name
    if bad:
        raise bad
    return None if items else ""


class Reader:
    """The state of one feed."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, Row]] = []
        # Of each frame the end of each item.
        self.frames: list[list[str | Waiting]] = []
        self.parts: list[str | Waiting] = []
        # Topics that are not known, by name; `UNSHAPED` for answers of which nothing tells what they are.
        self.unknown: Counter[str] = Counter()
        # Receive time of the frame at hand.
        self.ts = 0
        # Types, ids and times of what answers about the past have told.
        self.past: set[tuple[str, str, int]] = set()

    def begin(self) -> None:
        """The next frame; its items go to ``parts``."""
        self.parts = []
        self.frames.append(self.parts)

    def ends(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many frames and items found each end."""
        frames: Counter[str] = Counter()
        items: Counter[str] = Counter()
        for parts in self.frames:
            found = [part if isinstance(part, str) else part.end for part in parts]
            items.update(found)
            frames[min(found, key=ENDS.index)] += 1
        return dict(frames), dict(items)

    def tables(self) -> dict[tuple[str, str], list[Row]]:
        """Rows by (type, id)."""
        out: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for kind, name, row in self.rows:
            out[(kind, name)].append(row)
        return dict(out)

    def _row(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        self.rows.append((kind, name, {**values, "ts_event": ts_event, "ts_init": self.ts}))
        self.parts.append("rows")

    def _of_the_past(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        """A row of a type that answers list, in any order: one of a time that was told is a duplicate."""
        if (kind, name, ts_event) in self.past:
            self.parts.append("duplicate")
            return
        self.past.add((kind, name, ts_event))
        self._row(kind, name, ts_event, **values)

    def _each(self, items: Any, read: Callable[[Any], None]) -> None:
        """Items that stand or fall alone."""
        if not isinstance(items, list):
            raise Reject("type", "not an array")
        if not items:
            self.parts.append("control")
        for item in items:
            try:
                read(item)
            except Reject:
                self.parts.append("rejected")
