"""One order book: a dict per side, the continuity rule of its feed, and the delta rows it gives.

Comes in: diffs and snapshots in the order of arrival. Goes out: delta rows, the end of each event, gaps.
Rules: the venue page, section 4; CLEAR, flags and clamping as the catalog's page says.

States: *waiting* (no snapshot joins: diffs are kept back) and *live*. A snapshot joins when the first diff kept back
that it does not contain continues it, or when none is kept back. A live book whose next diff does not continue it is
a gap: that diff and the following are kept back until a snapshot joins.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

F_LAST, F_SNAPSHOT = 128, 32
Level = tuple[Decimal, Decimal]
ZERO = Decimal(0)


@dataclass
class Event:
    """A diff or a snapshot, and the end it found."""

    first: int  # U; of a snapshot: lastUpdateId
    last: int  # u; of a snapshot: lastUpdateId
    previous: int | None  # pu, futures
    bids: list[Level]
    asks: list[Level]
    ts_event: int
    ts: int  # receive time
    end: str = "withheld"


@dataclass
class Book:
    """The book of one instrument. ``rule`` is ``spot`` or ``futures``."""

    instrument_id: str
    rule: str
    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)
    id: int | None = None  # None: waiting
    snapshot_id: int = 0
    bridged: bool = False
    waiting: list[Event] = field(default_factory=list)
    ahead: Event | None = None
    emitted: int = 0
    clamped: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)

    # --- events -------------------------------------------------------------------------------------------------

    def diff(self, event: Event) -> None:
        """Takes the next diff."""
        if self.id is None:
            self.waiting.append(event)
            return
        verdict = self._judge(event)
        if verdict == "old":
            # Past the snapshot: it was applied already. Before it: the snapshot contains it.
            event.end = "duplicate" if self.bridged and event.last > self.snapshot_id else "stale"
        elif verdict == "next":
            self._apply(event)
        else:
            self.gaps.append(
                {
                    "instrument_id": self.instrument_id,
                    "from_sequence": self.id,
                    "to_sequence": event.first,
                    "to_ns": event.ts,
                    "cause": "sequence",
                }
            )
            self.id, self.waiting = None, [event]
            if self.ahead is not None:
                snapshot, self.ahead = self.ahead, None
                self.snapshot(snapshot)

    def snapshot(self, event: Event) -> None:
        """Takes a REST snapshot."""
        if self.id is not None:
            if not self.bridged and event.last > self.id:
                self._replace(event)  # nothing was applied yet: the newer snapshot is the better start
            elif event.last > self.id:
                # In step so far, and the snapshot is ahead: of use only if a gap opens before it is reached.
                self.ahead, event.end = event, "duplicate"
            else:
                event.end = "duplicate" if self.bridged or event.last == self.id else "stale"
            return
        kept = [diff for diff in self.waiting if not self._contained(diff, event.last)]
        if kept and not self._joins(kept[0], event.last):
            event.end = "stale"
            return
        for diff in self.waiting:
            if diff not in kept:
                diff.end = "stale"
        self.waiting = []
        self._replace(event)
        for diff in kept:
            self.diff(diff)

    # --- the rule -----------------------------------------------------------------------------------------------

    def _contained(self, diff: Event, last_update_id: int) -> bool:
        return diff.last <= last_update_id if self.rule == "spot" else diff.last < last_update_id

    def _joins(self, diff: Event, last_update_id: int) -> bool:
        if self.rule == "spot":
            return diff.first <= last_update_id + 1 <= diff.last
        return diff.first <= last_update_id <= diff.last or diff.previous == last_update_id

    def _judge(self, diff: Event) -> str:
        assert self.id is not None
        if not self.bridged:
            if self._contained(diff, self.id):
                return "old"
            return "next" if self._joins(diff, self.id) else "gap"
        if diff.last <= self.id:
            return "old"
        continues = diff.first <= self.id + 1 if self.rule == "spot" else diff.previous == self.id
        return "next" if continues else "gap"

    # --- rows ---------------------------------------------------------------------------------------------------

    def _replace(self, event: Event) -> None:
        self.bids, self.asks = {}, {}
        self.id = self.snapshot_id = event.last
        self.bridged, self.ahead = False, None
        rows = [self._row("CLEAR", "NO_ORDER_SIDE", ZERO, ZERO, event)]
        for side, book, levels in (("BUY", self.bids, event.bids), ("SELL", self.asks, event.asks)):
            for price, size in levels:
                if size == 0:
                    continue  # nothing stands there
                book[price] = size
                rows.append(self._row("ADD", side, price, size, event))
        for row in rows:
            row["flags"] = F_SNAPSHOT
        self._emit(rows, event)

    def _apply(self, event: Event) -> None:
        self.id, self.bridged = event.last, True
        if self.ahead is not None and self.ahead.last <= event.last:
            self.ahead = None
        rows = []
        for side, book, levels in (("BUY", self.bids, event.bids), ("SELL", self.asks, event.asks)):
            for price, size in levels:
                if size == 0:
                    action = "DELETE"
                    book.pop(price, None)
                else:
                    action = "UPDATE" if price in book else "ADD"
                    book[price] = size
                rows.append(self._row(action, side, price, size, event))
        self._emit(rows, event)

    def _emit(self, rows: list[dict[str, Any]], event: Event) -> None:
        if not rows:
            event.end = "control"  # an empty update: it only advanced the sequence
            return
        rows[-1]["flags"] |= F_LAST
        ts_init = max(event.ts or event.ts_event, self.emitted)
        self.clamped += ts_init > (event.ts or event.ts_event)
        self.emitted = ts_init
        for row in rows:
            row["ts_init"] = ts_init
        self.rows.extend(rows)
        event.end = "rows"

    def _row(self, action: str, side: str, price: Decimal, size: Decimal, event: Event) -> dict[str, Any]:
        return {
            "type": "delta",
            "instrument_id": self.instrument_id,
            "action": action,
            "side": side,
            "price": price,
            "size": size,
            "order_id": 0,
            "flags": 0,
            "sequence": event.last,
            "ts_event": event.ts_event,
            "ts_init": 0,
        }

    def top(self, depth: int = 1) -> tuple[list[Level], list[Level]]:
        """The best ``depth`` levels of both sides."""
        bids = sorted(self.bids.items(), reverse=True)[:depth]
        asks = sorted(self.asks.items())[:depth]
        return bids, asks
