"""Deribit to rows: one obvious reader.

Comes in: frames in the order of arrival on one connection, with receive times. Goes out: rows (dicts with the field names
of Nautilus, prices and sizes as ``Decimal``), the end of every item and frame, gaps, books, definitions. Refused, by
``Reject``: what ``wire.py`` refuses. The venue's page and the catalog's rules are the source; the Rust code is not.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from tests.reference import wire
from tests.reference.reader import Reader, Row
from tests.reference.wire import Obj, Reject

MINUTE = 60 * 10**9
NO_TYPE = {
    "announcements", "block_rfq", "block_trade_confirmations", "deribit_price_ranking", "deribit_price_statistics",
    "estimated_expiration_price", "platform_state", "rfq", "user",
}  # fmt: skip
RESOLUTIONS = {
    "1": "1-MINUTE", "3": "3-MINUTE", "5": "5-MINUTE", "10": "10-MINUTE", "15": "15-MINUTE", "30": "30-MINUTE",
    "60": "1-HOUR", "120": "2-HOUR", "180": "3-HOUR", "360": "6-HOUR", "720": "12-HOUR", "1D": "1-DAY",
}  # fmt: skip
STATES = {
    "open": "TRADING", "started": "TRADING", "created": "PRE_OPEN", "settlement": "PAUSE", "settled": "CLOSE",
    "closed": "CLOSE", "delivered": "CLOSE", "locked": "HALT", "halted": "HALT",
}  # fmt: skip
CLASSES = {
    "spot": "CurrencyPair", "future": "CryptoFuture", "option": "CryptoOption", "future_combo": "CryptoFuturesSpread",
    "option_combo": "CryptoOptionSpread",
}  # fmt: skip

GREEKS = ("delta", "gamma", "vega", "theta", "rho")

type Levels = list[tuple[Decimal, Decimal]]


@dataclass
class Held:
    """A book's message and the end it found."""

    whole: bool
    number: int
    previous: int | None
    bids: Levels
    asks: Levels
    ts_event: int
    ts: int
    end: str = "withheld"


@dataclass
class Book:
    """A dict per side, and what the last message said."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)
    number: int | None = None
    base: int = 0
    time: int = 0
    stands: bool = False
    open: bool = False
    waiting: list[Held] = field(default_factory=list)
    emitted: int = 0

    def best_first(self) -> tuple[Levels, Levels]:
        """Both sides."""
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


@dataclass
class Said:
    """What an incremental ticker has said so far."""

    prices: dict[str, Decimal] = field(default_factory=dict)
    greeks: dict[str, float] = field(default_factory=dict)
    ivs: dict[str, float] = field(default_factory=dict)
    underlying: float | None = None
    interest: Decimal | None = None


@dataclass
class Tick:
    """A ticker as read: what it says of what changes, and the rest."""

    ts_event: int
    kind: str | None
    mark: Decimal | None
    index: Decimal | None
    rate: Decimal | None
    greeks: bool
    said: Said


def is_spread(name: str) -> bool:
    """``BTC-FS-25DEC26_PERP``: a code where other names have a date."""
    return re.fullmatch(r"[^-]+-[A-Z][^-]*-.+", name) is not None


def in_dollars(name: str) -> bool:
    """Contracts on a coin against the dollar, other than options."""
    option = name.endswith(("-C", "-P")) or (is_spread(name) and name.split("-")[1] != "FS")
    return "-" in name and "_" not in name.split("-")[0] and not option


def signed(value: Any) -> Decimal:
    """A price of any sign that Nautilus can hold."""
    number = wire.decimal(value)
    if abs(number) > wire.MAX_PRICE or wire.places(number) > wire.SCALE:
        raise Reject("range", number)
    return number


def computed(value: Any) -> Decimal:
    """The same of a price that the venue computes: rounded half-even beyond 16 decimals."""
    number = wire.decimal(value)
    if wire.places(number) > wire.SCALE:
        number = number.quantize(Decimal(1).scaleb(-wire.SCALE), ROUND_HALF_EVEN, wire.WIDE)
    return signed(number)


def of_name(name: str, price: Decimal) -> Decimal:
    """A price that the instrument can have."""
    if price <= 0 and not is_spread(name):
        raise Reject("price", price)
    return price


def number(value: Any) -> float:
    """A double that is finite."""
    found = float(wire.decimal(value))
    if not math.isfinite(found):
        raise Reject("range", value)
    return found


class Deribit(Reader):
    """The state of one recording."""

    def __init__(self) -> None:
        super().__init__()
        self.ts = 0
        self.books: dict[str, Book] = {}
        self.bound: dict[str, str] = {}
        self.partials: dict[tuple[str, str], tuple[int, int]] = {}
        self.partial_bound: dict[str, str] = {}
        self.partial_emitted: dict[tuple[str, str], int] = {}
        self.quoted: set[str] = set()
        # Of each the last quote: when, and what it said.
        self.quotes: dict[str, tuple[int, dict[str, Decimal]]] = {}
        self.ticker_quotes: dict[str, tuple[int, list[Decimal]]] = {}
        self.last: dict[tuple[str, str], tuple[int, Row]] = {}
        self.bars: set[tuple[str, int]] = set()
        self.running: dict[tuple[str, str], tuple[int, Row]] = {}
        self.trades: set[tuple[str, str]] = set()
        self.said: dict[str, Said] = {}
        self.funded: set[str] = set()
        self.definitions: dict[str, Row] = {}
        self.gaps: list[tuple[str, str, int, int]] = []

    # --- frames -------------------------------------------------------------------------------------------------

    def push(self, body: bytes, ts: int, url: str = "") -> None:
        """Takes the next frame; ``url`` of an answer."""
        self.ts = ts
        self.begin()
        try:
            self._frame(wire.checked(wire.parse(body)), url)
        except Reject:
            self.parts[:] = ["rejected"]

    def id(self, symbol: str) -> str:
        """Nautilus's id of a symbol, which becomes the name of a folder."""
        bad = set(symbol) & set('/\\<>:"|?*%') or symbol.startswith(".") or symbol != symbol.strip()
        if not symbol or bad or len(symbol.encode()) > 128:
            raise Reject("symbol", symbol)
        return f"{symbol}.DERIBIT"

    def _once(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        """A row of a type without ids: one of before the last, or that says the same at its time, is a duplicate."""
        last, said = self.last.get((kind, name), (0, {}))
        if ts_event < last or (ts_event == last and values == said):
            self.parts.append("duplicate")
            return
        self.last[(kind, name)] = (ts_event, values)
        self._row(kind, name, ts_event, **values)

    def _frame(self, frame: Obj, url: str) -> None:
        if "method" in frame:
            if not isinstance(frame["method"], str):
                raise Reject("type", "method")
            if frame["method"] != "subscription":
                self.parts.append("control")
                return
            params = wire.checked(wire.need(frame, "params"))
            self._notification(params, wire.text(params, "channel"))
        elif "result" in frame:
            answered = wire.unsigned(frame, "usOut") if "usOut" in frame else 0
            self._answer(frame["result"], url, answered)
        else:
            self.parts.append("control")
            if "error" not in frame:
                self.unknown["(no method)"] += 1

    def _notification(self, params: Obj, channel: str) -> None:
        family, *rest = channel.split(".")
        of: Callable[[Any], None] | None = None
        match family, rest:
            case "book", [symbol, interval]:
                of = lambda data: self._book(data, symbol, f"book.{interval}")  # noqa: E731
            case "book", [symbol, *group, _]:
                if len(group) == 2:
                    of = lambda data: self._grouped(data, symbol, f"book.{'.'.join(rest[1:])}")  # noqa: E731
            case "trades", [_, _] | [_, _, _]:
                of = lambda data: self._each(data, lambda item: self._trade(wire.checked(item)))  # noqa: E731
            case ("ticker", [symbol, _]) | ("incremental_ticker", [symbol]):
                of = lambda data: self._ticker(data, symbol)  # noqa: E731
            case "quote", [symbol]:
                of = lambda data: self._quote(data, symbol)  # noqa: E731
            case "perpetual", [symbol, _]:
                of = lambda data: self._perpetual(data, symbol)  # noqa: E731
            case "chart", ["trades", symbol, resolution]:
                of = lambda data: self._chart(data, symbol, resolution)  # noqa: E731
            case "deribit_price_index", [name]:
                of = lambda data: self._index(data, name)  # noqa: E731
            case "deribit_volatility_index", [name]:
                of = lambda data: self._volatility(data, name)  # noqa: E731
            case "markprice", ["options", _]:
                of = lambda data: self._each(data, lambda item: self._mark(wire.checked(item)))  # noqa: E731
            case "instrument", ["state", _, _]:
                of = self._state
            case "instrument", ["creation", _, _]:
                self.parts.append("control")
                return
            case _ if family in NO_TYPE:
                self.parts.append("control")
                return
        if of is None:
            self.parts.append("control")
            self.unknown[family[:64]] += 1
            return
        of(wire.need(params, "data"))

    # --- trades -------------------------------------------------------------------------------------------------

    def _trade(self, item: Obj) -> None:
        symbol, trade_id, direction = (wire.text(item, key) for key in ("instrument_name", "trade_id", "direction"))
        if direction not in ("buy", "sell"):
            raise Reject("direction", direction)
        liquidated = item.get("liquidation")
        if liquidated not in (None, "M", "T", "MT"):
            raise Reject("liquidation", liquidated)
        if item.get("trade_seq") is not None:
            wire.unsigned(item, "trade_seq")
        price, size = of_name(symbol, signed(wire.need(item, "price"))), wire.traded(wire.need(item, "amount"))
        ts_event, name = wire.time_ns(wire.need(item, "timestamp")), self.id(symbol)
        if (symbol, trade_id) in self.trades:
            self.parts.append("duplicate")
            return
        self.trades.add((symbol, trade_id))
        buyer = direction == "buy"
        row = {"price": price, "size": size, "aggressor_side": "BUYER" if buyer else "SELLER", "trade_id": trade_id}
        self._row("trade", name, ts_event, **row)
        for who, bought in (("T", buyer), ("M", not buyer)):
            if who in (liquidated or ""):
                order = {"side": "BUY" if bought else "SELL", "price": price, "average_price": "", "size": size}
                self._row("liquidation", name, ts_event, **order, trade_id=trade_id)

    # --- books --------------------------------------------------------------------------------------------------

    def _levels(self, item: Obj, key: str, *, told: bool) -> Levels:
        found = wire.need(item, key)
        if not isinstance(found, list):
            raise Reject("type", key)
        levels = []
        for level in found:
            if not isinstance(level, list) or len(level) < (3 if told else 2):
                raise Reject("type", "level")
            price, size = level[told : told + 2]
            amount = wire.size(size)
            if told:
                if not isinstance(level[0], str) or level[0] not in ("new", "change", "delete"):
                    raise Reject("action", level[0])
                if (level[0] == "delete") != (amount == 0):
                    raise Reject("size", amount)
            levels.append((signed(price), amount))
        return levels

    def _named(self, item: Obj, symbol: str) -> str:
        name = wire.text(item, "instrument_name")
        if name != symbol:
            raise Reject("symbol", name)
        return name

    def _book(self, data: Any, symbol: str, channel: str) -> None:
        item = wire.checked(data)
        bids, asks = (self._levels(item, key, told=True) for key in ("bids", "asks"))
        number = wire.unsigned(item, "change_id")
        previous = wire.unsigned(item, "prev_change_id") if item.get("prev_change_id") is not None else None
        ts_event = wire.time_ns(wire.need(item, "timestamp"))
        kind = item.get("type", wire.MISSING)
        if kind not in ("snapshot", "change", wire.MISSING):
            raise Reject("type", kind)
        whole = kind == "snapshot" or previous == 0 or (kind is wire.MISSING and previous is None)
        for price, _ in bids + asks:
            of_name(symbol, price)
        self.id(self._named(item, symbol))
        self._take(symbol, channel, Held(whole, number, previous, bids, asks, ts_event, self.ts))

    def _take(self, symbol: str, channel: str, held: Held) -> None:
        if self.bound.setdefault(symbol, channel) != channel:
            self.parts.append("unselected")
            return
        self.parts.append(held)
        book = self.books.setdefault(symbol, Book())
        verdict = self._verdict(book, held)
        if verdict == "replace":
            self._replace(symbol, book, held)
        elif verdict == "apply":
            late, book.stands = not book.stands, True
            self._apply(symbol, book, held)
            if late:
                self._drain(symbol, book)
        elif verdict == "gap":
            self._gap(symbol, book, held)
        else:
            held.end = verdict

    def _verdict(self, book: Book, held: Held) -> str:
        if book.number is None:
            return "replace" if held.whole else "gap"
        if held.whole:
            if held.number == book.number:
                return "duplicate"
            return "stale" if held.number < book.number and held.ts_event <= book.time else "replace"
        if held.previous == book.number:
            return "apply"
        if held.number <= book.number:
            return "stale" if held.number <= book.base else "duplicate"
        # All that changed after `previous` is told: the book may stand further on.
        return "apply" if held.previous is not None and held.previous < book.number else "gap"

    def _gap(self, symbol: str, book: Book, held: Held) -> None:
        if book.stands and not book.open:
            self.gaps.append((self.id(symbol), "sequence", book.number or 0, held.number))
        book.open, book.stands = True, False
        same = [(kept.number, kept.previous, kept.ts_event) for kept in book.waiting]
        if (held.number, held.previous, held.ts_event) in same:
            held.end = "duplicate"
        else:
            book.waiting.append(held)

    def _drain(self, symbol: str, book: Book) -> None:
        while book.waiting:
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
        book.open = False

    def _replace(self, symbol: str, book: Book, held: Held) -> None:
        was_empty = book.stands and not (book.bids or book.asks or held.bids or held.asks)
        book.number, book.base, book.time = held.number, held.number, held.ts_event
        if was_empty:
            held.end = "control"
            return
        book.bids, book.asks, book.stands = {}, {}, True
        rows = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))]
        for side, levels, into in (("BUY", held.bids, book.bids), ("SELL", held.asks, book.asks)):
            for price, size in levels:
                if size:
                    rows.append(("UPDATE" if price in into else "ADD", side, price, size))
                    into[price] = size
        self._deltas(symbol, book, held, rows, 32)
        waiting, book.waiting = book.waiting, []
        while nexts := [kept for kept in waiting if self._verdict(book, kept) == "apply"]:
            waiting.remove(nexts[0])
            self._apply(symbol, book, nexts[0])
        for kept in waiting:
            verdict = self._verdict(book, kept)
            kept.end = "withheld" if verdict == "gap" else verdict
        book.open = False

    def _apply(self, symbol: str, book: Book, held: Held) -> None:
        rows = []
        for side, levels, into in (("BUY", held.bids, book.bids), ("SELL", held.asks, book.asks)):
            for price, size in levels:
                action = "UPDATE" if price in into else "ADD"
                if size:
                    into[price] = size
                else:
                    action = "DELETE"
                    into.pop(price, None)
                rows.append((action, side, price, size))
        book.number, book.time = held.number, held.ts_event
        if rows:
            self._deltas(symbol, book, held, rows, 0)
        else:
            held.end = "control"

    def _deltas(self, symbol: str, book: Book, held: Held, rows: list[tuple[Any, ...]], flags: int) -> None:
        book.emitted = max(book.emitted, held.ts)
        times = {"sequence": held.number, "ts_event": held.ts_event, "ts_init": book.emitted}
        self._levels_as_rows(self.id(symbol), rows, flags, times)
        held.end = "rows"

    def _levels_as_rows(self, name: str, rows: list[tuple[Any, ...]], flags: int, more: Row) -> None:
        for place, (action, side, price, size) in enumerate(rows):
            row = {"action": action, "side": side, "price": price, "size": size, "order_id": 0}
            row["flags"] = flags | (128 if place == len(rows) - 1 else 0)
            self.rows.append(("delta", name, row | more))

    def _grouped(self, data: Any, symbol: str, channel: str) -> None:
        """The best levels, whole each time: a depth and, where there is no other book, a snapshot."""
        item = wire.checked(data)
        bids, asks = (self._levels(item, key, told=False) for key in ("bids", "asks"))
        number = wire.unsigned(item, "change_id")
        ts_event = wire.time_ns(item["timestamp"]) if item.get("timestamp") is not None else 0
        for price, _ in bids + asks:
            of_name(symbol, price)
        name = self.id(self._named(item, symbol))
        if not channel.startswith("book.none."):
            self.parts.append("unselected")
            return
        key, place = (name, channel), (ts_event, number)
        self.partial_bound.setdefault(name, channel)
        last = self.partials.get(key, (-1, -1))
        if number == last[1]:
            self.parts.append("duplicate")
            return
        if place < last:
            self.parts.append("stale")
            return
        self.partials[key] = place
        emitted = self.partial_emitted[key] = max(self.partial_emitted.get(key, 0), self.ts)
        more: Row = {"sequence": number, "ts_event": ts_event or self.ts, "ts_init": emitted}
        best = {
            "bids": sorted(((price, size) for price, size in bids if size), reverse=True)[:10],
            "asks": sorted((price, size) for price, size in asks if size)[:10],
        }
        counts = {f"{side[:-1]}_counts": [1] * len(best[side]) + [0] * (10 - len(best[side])) for side in best}
        self.rows.append(("depth10", name, {**best, **counts, "flags": 160, **more}))
        self.parts.append("rows")
        if symbol not in self.bound and self.partial_bound[name] == channel and (bids or asks):
            rows: list[tuple[Any, ...]] = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))]
            for side, levels in (("BUY", bids), ("SELL", asks)):
                rows += [("ADD", side, price, size) for price, size in levels if size]
            self._levels_as_rows(name, rows, 32, more)

    # --- values -------------------------------------------------------------------------------------------------

    def _sides(self, item: Obj) -> dict[str, Decimal]:
        """Prices and sizes of the best bid and ask that are sent; null is none, as 0 is."""
        found = {}
        for key in ("best_bid_price", "best_ask_price", "best_bid_amount", "best_ask_amount"):
            if key in item:
                value = item[key]
                read = signed if key.endswith("price") else wire.size
                found[key] = Decimal(0) if value is None else read(value)
        return found

    def _four(self, symbol: str, sides: dict[str, Decimal]) -> list[Decimal] | None:
        """Bid, ask and their sizes; ``None``: a side is empty."""
        bid, ask, bid_size, ask_size = (
            sides[key] for key in ("best_bid_price", "best_ask_price", "best_bid_amount", "best_ask_amount")
        )
        for price in (bid, ask):
            if price != 0:
                of_name(symbol, price)
        empty = not (bid_size and ask_size) or (not (bid and ask) and not is_spread(symbol))
        return None if empty else [bid, ask, bid_size, ask_size]

    def _quote_row(self, name: str, ts_event: int, values: list[Decimal]) -> None:
        keys = ("bid_price", "ask_price", "bid_size", "ask_size")
        self._row("quote", name, ts_event, **dict(zip(keys, values, strict=True)))

    def _quote(self, data: Any, symbol: str) -> None:
        item = wire.checked(data)
        ts_event, sides = wire.time_ns(wire.need(item, "timestamp")), self._sides(item)
        if len(sides) < 4:
            raise Reject("missing", "side")
        name, values = self.id(self._named(item, symbol)), self._four(symbol, sides)
        last_ts, said = self.quotes.get(name, (0, {}))
        if ts_event < last_ts or (ts_event == last_ts and sides == said):
            self.parts.append("duplicate")
            return
        self.quotes[name] = (ts_event, sides)
        if values is None:
            self.parts.append("control")
            return
        self.quoted.add(name)
        self._quote_row(name, ts_event, values)

    def _ticker(self, data: Any, symbol: str) -> None:
        item = wire.checked(data)
        self._tick(self._read_tick(item), self._named(item, symbol))

    def _read_tick(self, item: Obj) -> Tick:
        kind = item.get("type", wire.MISSING)
        if kind not in ("snapshot", "change", wire.MISSING):
            raise Reject("type", kind)
        mark, index = (
            computed(item[key]) if item.get(key) is not None else None for key in ("mark_price", "index_price")
        )
        interest, rate = (
            wire.decimal(item[key]) if item.get(key) not in (None, "") else None
            for key in ("open_interest", "current_funding")
        )
        greeks = wire.checked(item["greeks"]) if item.get("greeks") is not None else None
        told = {key: number(greeks[key]) for key in GREEKS if greeks.get(key) is not None} if greeks is not None else {}
        ivs = {
            key: number(wire.decimal(item[key] if item[key] is not None else 0).scaleb(-2, wire.WIDE))
            for key in ("mark_iv", "bid_iv", "ask_iv")
            if key in item
        }
        underlying = number(item["underlying_price"]) if item.get("underlying_price") is not None else None
        ts_event, said = (
            wire.time_ns(wire.need(item, "timestamp")),
            Said(self._sides(item), told, ivs, underlying, interest),
        )
        return Tick(ts_event, None if kind is wire.MISSING else kind, mark, index, rate, greeks is not None, said)

    def _tick(self, tick: Tick, symbol: str) -> None:
        name, ts_event, new = self.id(symbol), tick.ts_event, tick.said
        mark = None if tick.mark == 0 and not is_spread(symbol) else tick.mark
        if mark is not None:
            of_name(symbol, mark)
        index = None if tick.index == 0 else tick.index
        if index is not None and index < 0:
            raise Reject("price", index)
        old = self.said.get(symbol, Said()) if tick.kind == "change" else Said()
        said = Said(
            old.prices | new.prices,
            old.greeks | new.greeks,
            old.ivs | new.ivs,
            old.underlying if new.underlying is None else new.underlying,
            old.interest if new.interest is None else new.interest,
        )
        quote, quoted = None, bool(new.prices) and len(said.prices) == 4
        if quoted:
            quote = self._four(symbol, said.prices)
        if tick.kind is not None:
            self.said[symbol] = said
        before = len(self.parts)
        if mark is not None:
            self._once("mark_price", name, ts_event, value=mark)
        if index is not None:
            self._once("index_price", name, ts_event, value=index)
        if tick.rate is not None and name in self.funded:
            self.parts.append("unselected")
        elif tick.rate is not None:
            self._once("funding_rate", name, ts_event, rate=tick.rate, interval=None, next_funding_ns=None)
        if new.interest is not None:
            unit, dollars = ("quote", new.interest) if in_dollars(symbol) else ("base", "")
            self._once("open_interest", name, ts_event, value=new.interest, unit=unit, value_quote=dollars)
        if len(said.greeks) == len(GREEKS) and (tick.greeks or new.ivs or new.underlying is not None):
            row: Row = {key: said.greeks[key] for key in GREEKS}
            row |= {key: said.ivs.get(key) or None for key in ("mark_iv", "bid_iv", "ask_iv")}
            row["underlying_price"] = said.underlying if said.underlying and said.underlying > 0 else None
            row["open_interest"] = None if said.interest is None else float(said.interest)
            self._once("option_greeks", name, ts_event, **row)
        if quoted:
            self._ticker_quote(name, ts_event, quote)
        if len(self.parts) == before:
            self.parts.append("control")

    def _ticker_quote(self, name: str, ts_event: int, values: list[Decimal] | None) -> None:
        if values is None:
            self.parts.append("control")
            return
        last_ts, last = self.ticker_quotes.get(name, (0, []))
        if ts_event < last_ts or (ts_event == last_ts and values == last):
            self.parts.append("duplicate")
            return
        self.ticker_quotes[name] = (ts_event, values)
        if values == last:
            self.parts.append("control")
        elif name in self.quoted:
            self.parts.append("unselected")
        else:
            self._quote_row(name, ts_event, values)

    def _perpetual(self, data: Any, symbol: str) -> None:
        item = wire.checked(data)
        ts_event, rate = wire.time_ns(wire.need(item, "timestamp")), wire.need(item, "interest")
        name, value = self.id(symbol), None if rate == "" else wire.decimal(rate)
        if value is None:
            self.parts.append("control")
            return
        self.funded.add(name)
        self._once("funding_rate", name, ts_event, rate=value, interval=None, next_funding_ns=None)

    def _index(self, data: Any, name: str) -> None:
        item = wire.checked(data)
        ts_event, value = wire.time_ns(wire.need(item, "timestamp")), computed(wire.need(item, "price"))
        if wire.text(item, "index_name") != name:
            raise Reject("symbol", name)
        if value <= 0:
            raise Reject("price", value)
        self._once("index_price", self.id(name), ts_event, value=value)

    def _volatility(self, data: Any, name: str) -> None:
        item = wire.checked(data)
        ts_event, value = wire.time_ns(wire.need(item, "timestamp")), wire.need(item, "volatility")
        if wire.text(item, "index_name") != name:
            raise Reject("symbol", name)
        found = None if value == "" else wire.kept(value)
        if found is None:
            self.parts.append("control")
        else:
            self._once("volatility_index", self.id(name), ts_event, value=found)

    def _mark(self, item: Obj) -> None:
        ts_event, symbol = wire.time_ns(wire.need(item, "timestamp")), wire.text(item, "instrument_name")
        value = computed(wire.need(item, "mark_price"))
        if value <= 0:
            raise Reject("price", value)
        self._once("mark_price", self.id(symbol), ts_event, value=value)

    def _state(self, data: Any) -> None:
        item = wire.checked(data)
        ts_event = wire.time_ns(wire.need(item, "timestamp"))
        symbol, state = wire.text(item, "instrument_name"), wire.text(item, "state")
        row = {"action": STATES.get(state, "NOT_AVAILABLE_FOR_TRADING"), "reason": state}
        self._once("status", self.id(symbol), ts_event, **row, is_trading=state in ("open", "started"))

    # --- bars ---------------------------------------------------------------------------------------------------

    def _candle(self, tick: Any, prices: list[Any], volume: Any, cost: Any, symbol: str) -> tuple[int, Row]:
        row: Row = dict(zip(("open", "high", "low", "close"), map(signed, prices), strict=True))
        amounts = wire.size(volume), wire.size(cost)
        return wire.time_ns(tick), row | {"volume": amounts[in_dollars(symbol)]}

    def _bar(self, symbol: str, resolution: str, start: int, row: Row) -> None:
        name = f"{self.id(symbol)}-{RESOLUTIONS[resolution]}-LAST-EXTERNAL"
        end = start + (1_440 if resolution == "1D" else int(resolution)) * MINUTE
        if (name, end) in self.bars:
            self.parts.append("duplicate")
            return
        self.bars.add((name, end))
        self._row("bar", name, end, **row)

    def _chart(self, data: Any, symbol: str, resolution: str) -> None:
        item = wire.checked(data)
        values = [wire.need(item, key) for key in ("tick", "open", "high", "low", "close", "volume", "cost")]
        start, row = self._candle(values[0], values[1:5], values[5], values[6], symbol)
        if resolution not in RESOLUTIONS:
            raise Reject("resolution", resolution)
        self.id(symbol)
        for key in ("open", "high", "low", "close"):
            of_name(symbol, row[key])
        key = (symbol, resolution)
        held = self.running.get(key)
        if held is None or start > held[0]:
            self.running[key] = (start, row)
            if held is None:
                self.parts.append("control")
            else:
                self._bar(symbol, resolution, *held)
        elif start < held[0]:
            self._bar(symbol, resolution, start, row)
        else:
            if row["volume"] >= held[1]["volume"]:
                self.running[key] = (start, row)
            self.parts.append("control")

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, result: Any, url: str, answered: int) -> None:
        first = result[0] if isinstance(result, list) and result else result
        keys = wire.checked(first).keys() if isinstance(first, dict) else set()
        if {"instrument_name", "kind", "tick_size"} <= keys:
            for item in result if isinstance(result, list) else [result]:
                made = definition(item)
                if made is not None:
                    self.definitions[self.id(item["instrument_name"])] = made
            self.parts.append("control")
        elif isinstance(result, list):
            self.parts.append("control")
        elif "trades" in keys:
            self._last_trades(result)
        elif {"ticks", "open", "close"} <= keys:
            self._charts(wire.checked(result), url, answered)
        elif {"instrument_name", "timestamp", "best_bid_price"} <= keys:
            self._order_book(wire.checked(result))
        else:
            self.parts.append("control")

    def _last_trades(self, result: Obj) -> None:
        trades = wire.checked(result)["trades"]
        if not isinstance(trades, list):
            raise Reject("type", "trades")
        good = [trade for trade in trades if isinstance(trade, dict) and isinstance(trade.get("timestamp"), int)]
        bad = [trade for trade in trades if trade not in good]
        good.sort(key=lambda trade: (trade["timestamp"], trade.get("trade_seq") or 0))
        self._each(bad + good, lambda item: self._trade(wire.checked(item)))

    def _charts(self, result: Obj, url: str, answered: int) -> None:
        asked = dict(pair.split("=", 1) for pair in url.partition("?")[2].split("&") if "=" in pair)
        columns = [wire.need(result, key) for key in ("ticks", "open", "high", "low", "close", "volume", "cost")]
        if any(not isinstance(column, list) for column in columns) or len({len(column) for column in columns}) > 1:
            raise Reject("type", "charts")
        if "instrument_name" not in asked or asked.get("resolution") not in RESOLUTIONS:
            raise Reject("missing", "what it is of")
        symbol, resolution = asked["instrument_name"], asked["resolution"]
        candles = sorted(
            (
                self._candle(tick, prices, volume, cost, symbol)
                for tick, *prices, volume, cost in zip(*columns, strict=True)
            ),
            key=lambda candle: candle[0],
        )
        if not candles:
            self.parts.append("control")
        for start, row in candles:
            for key in ("open", "high", "low", "close"):
                of_name(symbol, row[key])
            if start + (1_440 if resolution == "1D" else int(resolution)) * MINUTE > answered * 1_000:
                self.parts.append("control")
            else:
                self._bar(symbol, resolution, start, row)

    def _order_book(self, item: Obj) -> None:
        """A ticker; with levels, also a book of its own."""
        symbol, tick = wire.text(item, "instrument_name"), self._read_tick(item)
        tells: list[Callable[[], None]] = [lambda: self._tick(tick, symbol)]
        if "change_id" in item:
            change = wire.unsigned(item, "change_id")
        if {"bids", "asks", "change_id"} <= item.keys():
            bids, asks = (self._levels(item, key, told=False) for key in ("bids", "asks"))
            held = Held(True, change, None, bids, asks, tick.ts_event, self.ts)
            tells.insert(0, lambda: self._answered(symbol, held))
        for tell in tells:
            try:
                tell()
            except Reject:
                self.parts.append("rejected")

    def _answered(self, symbol: str, held: Held) -> None:
        for price, _ in held.bids + held.asks:
            of_name(symbol, price)
        self.id(symbol)
        self._take(symbol, "snapshot", held)


def definition(item: Any) -> Row | None:
    """The definition that an object of `get_instruments` makes."""
    kind = CLASSES.get(item["kind"])
    if kind is None:
        return None
    if item["kind"] == "future" and item.get("settlement_period") == "perpetual":
        kind = "CryptoPerpetual"
    base, quote = item["base_currency"], item["quote_currency"]
    form = item.get("instrument_type") or item.get("future_type")
    if not form and kind == "CryptoOption":
        quote = base  # in 2020 they said USD, and were priced and settled in the coin
    inverse = form == "reversed" if form else quote == (base if kind == "CryptoOption" else "USD")
    made: Row = {
        "class": kind, "raw_symbol": item["instrument_name"], "base": base, "quote": quote, "multiplier": "1",
        "is_inverse": inverse and kind != "CurrencyPair",
        "price_increment": wire.plain(wire.decimal(item["tick_size"])),
        "size_increment": wire.plain(wire.decimal(item["min_trade_amount"])),
        "activation_ns": item["creation_timestamp"] * 10**6,
    }  # fmt: skip
    made["settlement"] = item.get("settlement_currency") or (base if made["is_inverse"] else quote)
    if kind not in ("CurrencyPair", "CryptoPerpetual"):
        made["expiration_ns"] = item["expiration_timestamp"] * 10**6 if "expiration_timestamp" in item else None
    if kind == "CryptoOption":
        made |= {"option_kind": item["option_type"].upper(), "strike": wire.plain(wire.decimal(item["strike"]))}
    if kind.endswith("Spread"):
        made["strategy"] = item["instrument_name"].split("-")[1]
    return made
