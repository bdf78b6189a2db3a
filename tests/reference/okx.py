"""OKX v5 to rows: one obvious reader.

Comes in: frames in the order of arrival on one connection, with receive times. Goes out: rows (dicts with the field names
of Nautilus, prices and sizes as ``Decimal``), the end of every item and frame, gaps, books. Refused, by ``Reject``: what
``wire.py`` refuses. The venue's page and the catalog's rules are the source; the Rust code is not.
"""

import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.reference import wire
from tests.reference.reader import UNSHAPED, Reader, Row, first_that_tells
from tests.reference.wire import Obj, Reject

BOOKS = ("books", "books-l2-tbt", "books50-l2-tbt")
QUIET = {
    "status", "price-limit", "estimated-price", "adl-warning", "economic-calendar", "block-tickers",
    "public-block-trades", "public-struc-block-trades", "option-trades", "call-auction-details", "books-elp",
    "books-sbe-tbt", "sprd-bbo-tbt", "sprd-books5", "sprd-books-l2-tbt", "sprd-public-trades", "sprd-tickers",
}  # fmt: skip
SECONDS = {"s": 1, "m": 60, "H": 3_600, "D": 86_400, "W": 7 * 86_400}
UNITS = {"s": "SECOND", "m": "MINUTE", "H": "HOUR", "D": "DAY", "W": "WEEK", "M": "MONTH", "Y": "YEAR"}
BARS = set("1s 1m 3m 5m 15m 30m 1H 2H 4H 6H 12H 1D 2D 3D 5D 1W 1M 3M 6M 1Y".split())
STATES = {"live": "TRADING", "suspend": "SUSPEND", "preopen": "PRE_OPEN", "post_only": "QUOTING"}


@dataclass
class Level:
    """A level: numbers, and the texts as sent."""

    price: Decimal
    size: Decimal
    texts: tuple[str, str]


@dataclass
class Held:
    """A book's message and the end it found."""

    whole: bool
    seq: int | None
    previous: int | None
    checksum: int
    bids: list[Level]
    asks: list[Level]
    ts_event: int
    ts: int
    end: str = "withheld"


@dataclass
class Book:
    """A dict per side, and what the last message said."""

    bids: dict[Decimal, Level] = field(default_factory=dict)
    asks: dict[Decimal, Level] = field(default_factory=dict)
    id: int | None = None
    base: int = 0
    time: int = 0
    stands: bool = False
    # Whether every level came with the snapshot of a book that has checksums.
    checked: bool = False
    waiting: list[Held] = field(default_factory=list)
    open: str = ""
    emitted: int = 0

    def best_first(self) -> tuple[list[Level], list[Level]]:
        """Both sides."""
        return (
            [self.bids[price] for price in sorted(self.bids, reverse=True)],
            [self.asks[price] for price in sorted(self.asks)],
        )

    def crc(self) -> int:
        """The venue's checksum, as a signed integer of 32 bits."""
        bids, asks = self.best_first()
        parts: list[str] = []
        for place in range(25):
            for side in (bids, asks):
                if place < len(side):
                    parts += side[place].texts
        value = zlib.crc32(":".join(parts).encode())
        return value - 2**32 if value >= 2**31 else value


class Okx(Reader):
    """The state of one recording."""

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[str, Book] = {}
        self.bound: dict[str, str] = {}
        self.partials: dict[tuple[str, str], tuple[int, int]] = {}
        self.partial_emitted: dict[tuple[str, str], int] = {}
        self.partial_bound: dict[str, str] = {}
        self.quotes: dict[str, tuple[int, int]] = {}
        self.ticker_quotes: dict[str, tuple[int, list[Decimal]]] = {}
        self.last: dict[tuple[str, str], int] = {}
        self.trades: set[tuple[str, bool, str]] = set()
        self.raw: set[str] = set()
        self.clocks: dict[tuple[str, str], bool] = {}
        self.running: dict[tuple[str, str], tuple[int, int, dict[str, Any]]] = {}
        self.forced: set[tuple[Any, ...]] = set()
        self.states: dict[str, str] = {}
        self.definitions: dict[str, Row] = {}
        self.gaps: list[tuple[str, str, int, int]] = []

    # --- frames -------------------------------------------------------------------------------------------------

    def push(self, body: bytes, ts: int, url: str = "") -> None:
        """Takes the next frame; ``url`` of an answer."""
        self.ts = ts
        self.begin()
        if body in (b"ping", b"pong"):
            self.parts.append("control")
            return
        try:
            self._frame(wire.checked(wire.parse(body)), url)
        except Reject:
            self.parts[:] = ["rejected"]

    def id(self, symbol: str) -> str:
        """Nautilus's id of a symbol, which becomes the name of a folder."""
        bad = set(symbol) & set('/\\<>:"|?*%') or symbol.startswith(".") or symbol != symbol.strip()
        if not symbol or bad:
            raise Reject("symbol", symbol)
        return f"{symbol}.OKX"

    def _once(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        """A row of a type without ids: one that is not after the last is a duplicate."""
        if ts_event <= self.last.get((kind, name), 0):
            self.parts.append("duplicate")
            return
        self.last[(kind, name)] = ts_event
        self._row(kind, name, ts_event, **values)

    def _frame(self, frame: Obj, url: str) -> None:
        if "event" in frame:
            self.parts.append("control")
        elif "arg" in frame:
            arg = wire.checked(frame["arg"])
            channel = wire.text(arg, "channel")
            self._channel(frame, channel, arg.get("instId", ""))
        elif {"instId", "action", "asks", "bids"} <= frame.keys():
            if frame["action"] not in ("snapshot", "update"):
                raise Reject("action", frame["action"])
            self._book(frame, "L2orderbook", "", whole=frame["action"] == "snapshot")
        elif "code" in frame and "op" not in frame and "data" in frame:
            if not isinstance(frame["data"], list):
                raise Reject("type", "data")
            self._answer(frame["data"], url)
        elif "code" in frame or "op" in frame:
            self.parts.append("control")
        else:
            self.parts.append("control")
            self.unknown[frame.get("table", "(no arg)")] += 1

    def _channel(self, frame: Obj, channel: str, symbol: str) -> None:
        bar = channel.removeprefix("candle").removesuffix("utc")
        other = channel
        for prefix in ("mark-price-candle", "index-candle", "sprd-candle"):
            other = other.removeprefix(prefix)
        readers = {
            "trades": self._trade,
            "trades-all": self._trade,
            "tickers": self._ticker,
            "mark-price": lambda item: self._price(item, "mark_price", "markPx"),
            "index-tickers": lambda item: self._price(item, "index_price", "idxPx"),
            "funding-rate": self._funding,
            "liquidation-orders": self._liquidations,
            "open-interest": self._interest,
            "opt-summary": self._greeks,
        }
        data = frame.get("data", wire.MISSING)
        if channel in QUIET or (other != channel and other.removesuffix("utc") in BARS):
            self.parts.append("control")
            return
        if channel.startswith("candle") and bar in BARS:
            self._each(data, lambda row: self._candle(row, symbol, channel.removeprefix("candle")))
        elif channel in BOOKS:
            action = wire.text(frame, "action")
            if action not in ("snapshot", "update"):
                raise Reject("action", action)
            self._one(data)
            self._each(data, lambda item: self._book(item, channel, symbol, action == "snapshot"))
        elif channel in ("books5", "bbo-tbt"):
            self._each(data, lambda item: self._top(item, channel, symbol))
        elif channel == "instruments":
            self._instruments(data)
        elif channel == "liquidations":
            self._each(data, lambda item: self._forced(wire.checked(item), symbol))
        elif channel in readers:
            self._each(data, lambda item: readers[channel](wire.checked(item)))
        else:
            self.parts.append("control")
            self.unknown[channel] += 1

    def _one(self, items: Any) -> None:
        """A book's message holds one event."""
        if isinstance(items, list) and len(items) > 1:
            raise Reject("several", len(items))

    # --- trades, bars, liquidations -----------------------------------------------------------------------------

    def _trade(self, item: Obj) -> None:
        symbol, number, side = (wire.text(item, key) for key in ("instId", "tradeId", "side"))
        if side not in ("buy", "sell"):
            raise Reject("side", side)
        row = {
            "price": wire.price(wire.need(item, "px")),
            "size": wire.traded(wire.need(item, "sz")),
            "aggressor_side": "BUYER" if side == "buy" else "SELLER",
            "trade_id": number,
        }
        ts_event, name, counted = _time(item, "ts"), self.id(symbol), "count" in item
        if (symbol, counted, number) in self.trades:
            self.parts.append("duplicate")
            return
        self.trades.add((symbol, counted, number))
        if not counted:
            self.raw.add(symbol)
        if counted and symbol in self.raw:
            self.parts.append("unselected")
            return
        self._row("trade", name, ts_event, **row)

    def _candle(self, row: Any, symbol: str, bar: str) -> None:
        if not isinstance(row, list) or len(row) < 6:
            raise Reject("type", "candle")
        start = _epoch(row[0])
        values = dict(zip(("open", "high", "low", "close"), map(wire.price, row[1:5]), strict=True))
        values["volume"] = wire.size(row[5])
        closed = row[8] if len(row) > 8 else None
        if closed not in ("0", "1", None):
            raise Reject("confirm", closed)
        if closed == "0":
            self.parts.append("control")
            return
        utc, name = bar.endswith("utc"), bar.removesuffix("utc")
        step, unit = int(name[:-1]), name[-1]
        spec = f"{step}-{UNITS[unit]}-LAST-EXTERNAL"
        # From six hours on a bar opens on the clock of Hong Kong, unless its name says otherwise.
        utc = utc or unit in "sm" or (unit == "H" and step < 6)
        if unit in SECONDS:
            end = start + step * SECONDS[unit] * 10**9
        else:
            clock = datetime.fromtimestamp(start // 10**9, UTC) + timedelta(hours=0 if utc else 8)
            months = clock.year * 12 + clock.month - 1 + step * (12 if unit == "Y" else 1)
            over = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC) - timedelta(hours=0 if utc else 8)
            end = int(over.timestamp()) * 10**9
        if self.clocks.setdefault((symbol, spec), utc) != utc:
            self.parts.append("unselected")
            return
        if closed is None:
            # Until 2022 nothing said which are over: one is when a later one comes. Of months that is not followed.
            held = self.running.get((symbol, spec))
            kept = (start, end, values)
            over = None
            if unit not in SECONDS:
                pass
            elif held is None or start > held[0]:
                over = held
                self.running[symbol, spec] = kept
            elif start < held[0]:
                over = kept
            elif values["volume"] >= held[2]["volume"]:
                self.running[symbol, spec] = kept
            if over is None:
                self.parts.append("control")
                return
            _, end, values = over
        self._of_the_past("bar", f"{self.id(symbol)}-{spec}", end, **values)

    def _liquidations(self, item: Obj) -> None:
        symbol, orders = wire.text(item, "instId"), wire.need(item, "details")
        self._each(orders, lambda order: self._forced(wire.checked(order), symbol))

    def _forced(self, item: Obj, symbol: str) -> None:
        side = wire.text(item, "side")
        if side not in ("buy", "sell"):
            raise Reject("side", side)
        ts_event = _time(item, "ts")
        row = {
            "side": side.upper(),
            "price": wire.price(wire.need(item, "bkPx")),
            "average_price": "",
            "size": wire.traded(wire.need(item, "sz")),
            "trade_id": "",
        }
        key = (symbol, ts_event, row["side"], row["price"], row["size"])
        if key in self.forced:
            self.parts.append("duplicate")
            return
        self.forced.add(key)
        self._row("liquidation", self.id(symbol), ts_event, **row)

    # --- books --------------------------------------------------------------------------------------------------

    def _held(self, item: Obj, whole: bool) -> Held:
        sides = []
        for key in ("asks", "bids"):
            found = wire.need(item, key)
            if not isinstance(found, list):
                raise Reject("type", key)
            side = []
            for level in found:
                if not isinstance(level, list) or len(level) < 2:
                    raise Reject("type", "level")
                side.append(Level(wire.price(level[0]), wire.size(level[1]), (str(level[0]), str(level[1]))))
            sides.append(side)
        seq = wire.unsigned(item, "seqId") if "seqId" in item else None
        previous = wire.integer(item, "prevSeqId") if "prevSeqId" in item else -1
        checksum = wire.integer(item, "checksum") if "checksum" in item else 0
        if not -(2**31) <= checksum < 2**31:
            raise Reject("range", checksum)
        asks, bids = sides
        ts_event = _time(item, "ts")
        return Held(whole, seq, previous if previous >= 0 else None, checksum, bids, asks, ts_event, self.ts)

    def _symbol(self, item: Obj, symbol: str) -> str:
        again = item.get("instId", "")
        if symbol and again and symbol != again:
            raise Reject("symbol", again)
        if not symbol and not again:
            raise Reject("missing", "instId")
        return symbol or again

    def _book(self, item: Any, channel: str, symbol: str, whole: bool) -> None:
        held = self._held(wire.checked(item), whole)
        symbol = self._symbol(item, symbol)
        self._take(symbol, channel, held)

    def _take(self, symbol: str, channel: str, held: Held) -> None:
        self.id(symbol)
        if self.bound.setdefault(symbol, channel) != channel:
            self.parts.append("unselected")
            return
        self.parts.append(held)
        book = self.books.setdefault(symbol, Book())
        verdict = self._verdict(book, held)
        if verdict == "replace":
            self._replace(symbol, book, held)
        elif verdict == "apply":
            late = not book.stands
            book.stands = True
            self._apply(symbol, book, held)
            if late:
                self._drain(symbol, book)
        elif verdict == "gap":
            self._gap(symbol, book, held)
        else:
            held.end = verdict

    def _verdict(self, book: Book, held: Held) -> str:
        if book.id is None:
            return "replace" if held.whole else "gap"
        if held.seq is None:
            return "replace" if held.whole else ("apply" if book.id == 0 else "gap")
        older = held.ts_event < book.time or (held.ts_event == book.time and held.seq < book.id)
        if held.whole:
            if held.seq == book.id:
                return "duplicate"
            return "stale" if held.seq < book.id and older else "replace"
        if held.previous == book.id:
            return "apply"
        if held.seq == book.id or older:
            return "stale" if held.seq <= book.base else "duplicate"
        return "gap"

    def _gap(self, symbol: str, book: Book, held: Held) -> None:
        if not book.open:
            book.open = "sequence" if book.stands else "no_snapshot"
            if book.stands:
                self.gaps.append((self.id(symbol), "sequence", book.id or 0, held.seq or 0))
        book.stands = False
        if held.seq is None:
            return  # nothing will ever say where it belongs
        same = [(kept.seq, kept.previous, kept.ts_event) for kept in book.waiting]
        if (held.seq, held.previous, held.ts_event) in same:
            held.end = "duplicate"
        else:
            book.waiting.append(held)

    def _drain(self, symbol: str, book: Book) -> None:
        while book.stands and book.waiting:
            verdicts = [self._verdict(book, kept) for kept in book.waiting]
            at = next((at for at, verdict in enumerate(verdicts) if verdict != "gap"), None)
            if at is None:
                book.stands = False
                return
            kept = book.waiting.pop(at)
            if verdicts[at] == "apply":
                self._apply(symbol, book, kept)
            else:
                kept.end = verdicts[at]
        if book.stands:
            book.open = ""

    def _replace(self, symbol: str, book: Book, held: Held) -> None:
        was_empty = book.stands and not (book.bids or book.asks or held.bids or held.asks)
        if was_empty:
            book.id, book.base, book.time = held.seq or 0, held.seq or 0, held.ts_event
            held.end = "control"
            return
        book.bids, book.asks, book.checked = {}, {}, held.checksum != 0
        rows = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))]
        for side, levels, into in (("BUY", held.bids, book.bids), ("SELL", held.asks, book.asks)):
            for level in levels:
                if level.size:
                    into[level.price] = level
                    rows.append(("ADD", side, level.price, level.size))
        if not self._proven(symbol, book, held):
            return
        book.id, book.base, book.time, book.stands = held.seq or 0, held.seq or 0, held.ts_event, True
        self._deltas(symbol, book, held, rows, 32)
        waiting, book.waiting = book.waiting, []
        while True:
            nexts = [kept for kept in waiting if self._verdict(book, kept) == "apply"]
            if not nexts:
                break
            waiting.remove(nexts[0])
            self._apply(symbol, book, nexts[0])
        for kept in waiting:
            verdict = self._verdict(book, kept)
            kept.end = "withheld" if verdict == "gap" else verdict
        if book.stands:
            book.open = ""

    def _apply(self, symbol: str, book: Book, held: Held) -> None:
        rows = []
        for side, levels, into in (("BUY", held.bids, book.bids), ("SELL", held.asks, book.asks)):
            for level in levels:
                action = "UPDATE" if level.price in into else "ADD"
                if level.size:
                    into[level.price] = level
                else:
                    action = "DELETE"
                    into.pop(level.price, None)
                rows.append((action, side, level.price, level.size))
        if not self._proven(symbol, book, held):
            return
        book.id, book.time = held.seq or 0, held.ts_event
        if rows:
            self._deltas(symbol, book, held, rows, 0)
        else:
            held.end = "control"

    def _proven(self, symbol: str, book: Book, held: Held) -> bool:
        """Whether the book is what its checksum says; one that is not falls."""
        if held.checksum == 0 or not book.checked or book.crc() == held.checksum:
            return True
        if not book.open:
            book.open = "checksum"
            self.gaps.append((self.id(symbol), "checksum", book.id or 0, held.seq or 0))
        book.id, book.stands, book.bids, book.asks = None, False, {}, {}
        return False

    def _deltas(self, symbol: str, book: Book, held: Held, rows: list[tuple[Any, ...]], flags: int) -> None:
        book.emitted = max(book.emitted, held.ts)
        for number, (action, side, price, size) in enumerate(rows):
            row = {"action": action, "side": side, "price": price, "size": size, "order_id": 0}
            row |= {"flags": flags | (128 if number == len(rows) - 1 else 0), "sequence": held.seq or 0}
            row |= {"ts_event": held.ts_event, "ts_init": book.emitted}
            self.rows.append(("delta", self.id(symbol), row))
        held.end = "rows"

    def _top(self, item: Any, channel: str, symbol: str) -> None:
        """`books5`: ten levels and, where there is no other book, a snapshot; `bbo-tbt`: a quote."""
        held = self._held(wire.checked(item), whole=True)
        symbol = self._symbol(item, symbol)
        name = self.id(symbol)
        bids = sorted(((level.price, level.size) for level in held.bids if level.size), reverse=True)
        asks = sorted((level.price, level.size) for level in held.asks if level.size)
        if channel == "bbo-tbt" and not (bids and asks):
            self.parts.append("control")
            return
        places = self.quotes if channel == "bbo-tbt" else self.partials
        key: Any = name if channel == "bbo-tbt" else (name, channel)
        if held.seq is None:
            places[key] = (0, 0)
        else:
            place, last = (held.ts_event, held.seq), places.get(key, (-1, -1))
            if place == last or (held.seq and held.seq == last[1]):
                self.parts.append("duplicate")
                return
            if place < last:
                self.parts.append("stale")
                return
            places[key] = place
        if channel == "bbo-tbt":
            self._quote(name, held.ts_event, [bids[0][0], asks[0][0], bids[0][1], asks[0][1]])
            return
        emitted = self.partial_emitted[key] = max(self.partial_emitted.get(key, 0), held.ts)
        times = {"ts_event": held.ts_event, "ts_init": emitted}
        row: Row = {"bids": bids, "asks": asks, "flags": 160, "sequence": held.seq or 0, **times}
        row |= {
            f"{side}_counts": [1] * len(row[f"{side}s"]) + [0] * (10 - len(row[f"{side}s"])) for side in ("bid", "ask")
        }
        self.rows.append(("depth10", name, row))
        self.parts.append("rows")
        if symbol not in self.bound and (bids or asks):
            rows = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))]
            for side, levels in (("BUY", held.bids), ("SELL", held.asks)):
                rows += [("ADD", side, level.price, level.size) for level in levels if level.size]
            for number, (action, side, price, size) in enumerate(rows):
                flags = 32 | (128 if number == len(rows) - 1 else 0)
                delta = {"action": action, "side": side, "price": price, "size": size, "order_id": 0}
                self.rows.append(("delta", name, delta | {"flags": flags, "sequence": held.seq or 0, **times}))

    def _quote(self, name: str, ts_event: int, values: list[Decimal]) -> None:
        keys = ("bid_price", "ask_price", "bid_size", "ask_size")
        self._row("quote", name, ts_event, **dict(zip(keys, values, strict=True)))

    # --- values -------------------------------------------------------------------------------------------------

    def _ticker(self, item: Obj) -> None:
        name, ts = self.id(wire.text(item, "instId")), _time(item, "ts")
        values = [wire.side_price(item.get(key, "")) for key in ("bidPx", "askPx")]
        values += [wire.side_size(item.get(key, "")) for key in ("bidSz", "askSz")]
        if min(values) == 0:
            self.parts.append("control")
            return
        last_ts, last = self.ticker_quotes.get(name, (0, []))
        if ts <= last_ts:
            self.parts.append("duplicate")
            return
        self.ticker_quotes[name] = (ts, values)
        if values == last:
            self.parts.append("control")
        elif name in self.quotes:
            self.parts.append("unselected")
        else:
            self._quote(name, ts, values)

    def _price(self, item: Obj, kind: str, key: str) -> None:
        name, ts = self.id(wire.text(item, "instId")), _time(item, "ts")
        value = wire.need(item, key)
        if value == "" or wire.decimal(value) == 0:
            self.parts.append("control")
            return
        self._once(kind, name, ts, value=wire.mark(value))

    def _funding(self, item: Obj) -> None:
        name, rate = self.id(wire.text(item, "instId")), item.get("fundingRate", "")
        funding, following = _maybe(wire.need(item, "fundingTime")), _maybe(item.get("nextFundingTime", ""))
        if funding is not None and item.get("realizedRate", "") != "":
            row = {"rate": wire.decimal(item["realizedRate"]), "interval": None, "next_funding_ns": None}
            self._of_the_past("funding_rate", name, funding, **row)
            return
        number = None if rate == "" else wire.decimal(rate)
        ts = _time(item, "ts") if "ts" in item else self.ts
        if number is None:
            self.parts.append("control")
            return
        if not ts:
            raise Reject("missing", "ts")
        minutes = None
        if funding is not None and following is not None and following > funding:
            minutes = (following - funding) // (60 * 10**9)
            minutes = minutes if 0 < minutes < 65_536 else None
        self._once("funding_rate", name, ts, rate=number, interval=minutes, next_funding_ns=funding)

    def _interest(self, item: Obj) -> None:
        name, ts, value = self.id(wire.text(item, "instId")), _time(item, "ts"), wire.need(item, "oi")
        if value == "":
            self.parts.append("control")
            return
        self._once("open_interest", name, ts, value=wire.decimal(value), unit="contracts", value_quote="")

    def _greeks(self, item: Obj) -> None:
        name, ts = self.id(wire.text(item, "instId")), _time(item, "ts")
        found = {key: _float(item.get(f"{key}BS", "")) for key in ("delta", "gamma", "vega", "theta")}
        vols = {f"{key}_iv": _float(item.get(f"{key}Vol", "")) for key in ("mark", "bid", "ask")}
        forward = _float(item.get("fwdPx", ""))
        if None in found.values():
            self.parts.append("control")
            return
        vols = {key: value if value and value > 0 else None for key, value in vols.items()}
        more = {"underlying_price": forward if forward and forward > 0 else None, "open_interest": None}
        self._once("option_greeks", name, ts, **found, rho=0.0, **vols, **more)

    def _instruments(self, data: Any, *, pushed: bool = True) -> None:
        changed = []
        for item in data:
            made = _definition(item)
            if made is None:
                continue
            self.definitions[self.id(item["instId"])] = made
            if self.states.get(item["instId"]) != item["state"]:
                changed.append((item["instId"], item["state"]))
        if not changed or not self.ts or not pushed:
            self.parts.append("control")
            return
        for symbol, state in changed:
            self.states[symbol] = state
            row = {
                "action": STATES.get(state, "NOT_AVAILABLE_FOR_TRADING"),
                "reason": state,
                "is_trading": state == "live",
            }
            self._once("status", self.id(symbol), self.ts, **row)

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, data: list[Any], url: str) -> None:
        path, _, query = url.partition("?")
        asked = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if not url:
            keys = {
                "": {"sprdId", "fillVol"}, "books": {"asks", "bids"}, "trades": {"tradeId", "px"},
                "tickers": {"bidPx", "askPx", "lastSz"}, "mark-price": {"markPx"}, "index-tickers": {"idxPx"},
                "open-interest": {"oi", "oiCcy"}, "funding-rate": {"fundingTime", "fundingRate"},
                "opt-summary": {"markVol", "volLv", "deltaBS"}, "instruments": {"tickSz", "lotSz", "ctType"},
            }  # fmt: skip
            told = first_that_tells(data, keys)
            self.unknown[UNSHAPED] += told is None
            name = told or ""
        newest_first = {
            "trades": "ts", "history-trades": "ts", "funding-rate": "fundingTime", "funding-rate-history": "fundingTime",
        }  # fmt: skip
        if name in newest_first:
            data = sorted(reversed(data), key=lambda item: int(item[newest_first[name]]))
        readers = {
            "trades": self._trade,
            "history-trades": self._trade,
            "tickers": self._ticker,
            "ticker": self._ticker,
            "mark-price": lambda item: self._price(item, "mark_price", "markPx"),
            "index-tickers": lambda item: self._price(item, "index_price", "idxPx"),
            "funding-rate": self._funding,
            "funding-rate-history": self._funding,
            "open-interest": self._interest,
            "opt-summary": self._greeks,
        }
        if name == "books":
            self._one(data)
            self._each(data, lambda item: self._book(item, "snapshot", asked.get("instId", ""), whole=True))
        elif name in ("candles", "history-candles"):
            rows = sorted(reversed(data), key=lambda row: int(row[0]))
            self._each(rows, lambda row: self._candle(row, asked["instId"], asked.get("bar", "1m")))
        elif name == "instruments":
            self._instruments(data, pushed=False)
        elif name in readers:
            self._each(data, lambda item: readers[name](wire.checked(item)))
        else:
            self.parts.append("control")


def _definition(item: Any) -> Row | None:
    """The definition an object of `instruments` makes."""
    kind = item["instType"]
    classes = {"SPOT": "CurrencyPair", "MARGIN": "CurrencyPair", "SWAP": "CryptoPerpetual", "FUTURES": "CryptoFuture"}
    classes["OPTION"] = "CryptoOption"
    if kind not in classes or not item["tickSz"] or not item["lotSz"]:
        return None
    spot = classes[kind] == "CurrencyPair"
    base, quote = item["baseCcy"], item["quoteCcy"]
    if not spot:
        base, quote = item["uly"].split("-")[0], item["uly"].split("-")[1].split("_")[0]
    multiplier = Decimal(1) if spot else Decimal(item["ctVal"]) * Decimal(item["ctMult"] or 1)
    made = {
        "class": classes[kind], "raw_symbol": item["instId"], "base": base, "quote": quote,
        "settlement": item["settleCcy"] or quote, "multiplier": wire.plain(multiplier),
        "price_increment": wire.plain(Decimal(item["tickSz"])), "size_increment": wire.plain(Decimal(item["lotSz"])),
        "min_quantity": wire.plain(Decimal(item["minSz"])), "max_quantity": wire.plain(Decimal(item.get("maxLmtSz", 0))),
    }  # fmt: skip
    inverse = item["settleCcy"] == base if kind == "OPTION" else item["ctType"] == "inverse"
    return made | {"is_inverse": inverse and not spot}


def _time(item: Obj, key: str) -> int:
    return _epoch(wire.need(item, key))


def _epoch(value: Any) -> int:
    found = _maybe(value)
    if found is None:
        raise Reject("time", value)
    return found


def _maybe(value: Any) -> int | None:
    if value in ("", "0", 0):
        return None
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise Reject("range", value)
    return wire.time_ns(int(value))


def _float(value: Any) -> float | None:
    return None if value == "" else float(wire.decimal(value))
