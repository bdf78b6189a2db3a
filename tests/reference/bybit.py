"""Bybit v5 to rows: one obvious reader for spot, linear, inverse and option.

Comes in: frames in the order of arrival, with receive times. Goes out: rows (dicts with the field names of Nautilus,
prices and sizes as ``Decimal``), the end of every item and frame, gaps, books. Refused, by ``Reject``: what ``wire.py``
refuses. The venue's page and the catalog's rules are the source; the Rust code is not.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.reference import wire
from tests.reference.reader import UNSHAPED, Reader, Row, first_that_tells
from tests.reference.wire import Obj, Reject

Levels = dict[Decimal, Decimal]
QUIET = {"priceLimit", "insurance", "adlAlert", "system"}
MINUTE = 60 * 10**9
LENGTHS = {"D": 1_440, "W": 7 * 1_440}
NAMES = {"D": "1-DAY", "W": "1-WEEK", "M": "1-MONTH"}


@dataclass
class Book:
    """A dict per side, and the numbers of the last frame."""

    bids: Levels = field(default_factory=dict)
    asks: Levels = field(default_factory=dict)
    u: int | None = None
    seq: int = 0
    base: int = 0
    stands: bool = False
    waiting: list["Held"] = field(default_factory=list)
    emitted: int = 0

    def levels(self) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
        """Both sides, best first."""
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


@dataclass
class Held:
    """A book frame and the end it found."""

    u: int
    seq: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    ts_event: int
    ts: int
    end: str = "withheld"


class Bybit(Reader):
    """The state of one feed."""

    def __init__(self, feed: str) -> None:
        super().__init__()
        self.feed = feed
        self.product = feed.removeprefix("bybit-")
        self.books: dict[str, Book] = {}
        self.bound: dict[str, str] = {}
        self.tickers: dict[str, Row] = defaultdict(dict)
        self.tops: dict[str, Row] = {}
        self.quotes: dict[str, int] = {}
        self.ticker_quotes: dict[str, tuple[int, list[Decimal]]] = {}
        self.last: dict[tuple[str, str], int] = {}
        self.trades: set[tuple[str, str]] = set()
        self.forced: set[tuple[Any, ...]] = set()
        self.gaps: list[tuple[str, int, int]] = []

    # --- frames -------------------------------------------------------------------------------------------------

    def push(self, body: bytes, ts: int) -> None:
        """Takes the next frame."""
        self.ts = ts
        self.begin()
        try:
            self._frame(wire.checked(wire.parse(body)))
        except Reject:
            self.parts.append("rejected")

    def id(self, symbol: str) -> str:
        """Nautilus's id of a symbol, which becomes the name of a folder."""
        if set(symbol) & set('/\\<>:"|?*%') or symbol.startswith(".") or symbol != symbol.strip():
            raise Reject("symbol", symbol)
        return f"{symbol}-{self.product.upper()}.BYBIT"

    def _once(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        """A row of a type without ids: one that is not after the last is a duplicate."""
        if ts_event <= self.last.get((kind, name), 0):
            self.parts.append("duplicate")
            return
        self.last[(kind, name)] = ts_event
        self._row(kind, name, ts_event, **values)

    def _frame(self, frame: Obj) -> None:
        if "topic" not in frame:
            if frame.get("retCode") == 0 and "op" not in frame and frame.get("result") is not None:
                self._answer(frame)
            else:
                self.parts.append("control")
            return
        topic = wire.text(frame, "topic")
        name, _, rest = topic.partition(".")
        readers = {
            "publicTrade": self._trades,
            "kline": self._klines,
            "allLiquidation": self._liquidations,
            "liquidation": self._liquidation,
        }
        if "_" in topic and name in {*readers, "orderbook", "tickers"}:
            self.parts.append("control")  # of a spread
        elif name == "orderbook" and rest.split(".")[0].isdigit():
            self._book(frame, rest)
        elif name == "orderbook" and rest.split(".")[0] in ("rpi", "full"):
            self._unasked(frame, *rest.split(".", 1))
        elif name == "tickers":
            self._ticker(frame, rest)
        elif name in readers:
            readers[name](wire.need(frame, "data"), rest)
        else:
            self.parts.append("control")
            if name not in QUIET:
                self.unknown[topic] += 1

    # --- trades, bars, liquidations -----------------------------------------------------------------------------

    def _trades(self, data: Any, _: str) -> None:
        keys = {"id": "i", "symbol": "s", "price": "p", "size": "v", "side": "S", "ts": "T"}
        self._each(data, lambda item: self._trade(wire.checked(item), keys, wire.time_ns(wire.need(item, "T"))))

    def _trade(self, item: Obj, keys: dict[str, str], ts_event: int) -> None:
        side = wire.text(item, keys["side"])
        if side not in ("Buy", "Sell"):
            raise Reject("side", side)
        symbol, number = wire.text(item, keys["symbol"]), wire.text(item, keys["id"])
        row = {
            "price": wire.price(wire.need(item, keys["price"])),
            "size": wire.traded(wire.need(item, keys["size"])),
            "aggressor_side": "BUYER" if side == "Buy" else "SELLER",
            "trade_id": number,
        }
        name = self.id(symbol)
        if (symbol, number) in self.trades:
            self.parts.append("duplicate")
            return
        self.trades.add((symbol, number))
        self._row("trade", name, ts_event, **row)

    def _klines(self, data: Any, rest: str) -> None:
        symbol = rest.partition(".")[2]

        def read(item: Obj) -> None:
            start, end = wire.time_ns(wire.need(item, "start")), wire.time_ns(wire.need(item, "end"))
            interval, confirmed = wire.text(item, "interval"), wire.boolean(item, "confirm")
            row = {name: wire.price(wire.need(item, name)) for name in ("open", "high", "low", "close")}
            row["volume"] = wire.size(wire.need(item, "volume"))
            if not confirmed:
                self.parts.append("control")
                return
            self._bar(symbol, interval, start, end + 10**6, row)

        self._each(data, lambda item: read(wire.checked(item)))

    def _bar(self, symbol: str, interval: str, start: int, end: int, row: Row) -> None:
        if interval in NAMES:
            name = NAMES[interval]
        elif interval.isdigit() and 1 <= int(interval) <= 1_440:
            minutes = int(interval)
            name = f"{minutes}-MINUTE" if minutes % 60 else f"{minutes // 60}-HOUR"
        else:
            raise Reject("interval", interval)
        if interval != "M":
            end = start + MINUTE * (LENGTHS[interval] if interval in LENGTHS else int(interval))
        self._of_the_past("bar", f"{self.id(symbol)}-{name}-LAST-EXTERNAL", end, **row)

    def _liquidations(self, data: Any, _: str) -> None:
        self._each(data, lambda item: self._forced(wire.checked(item), ("T", "s", "S", "v", "p")))

    def _liquidation(self, data: Any, _: str) -> None:
        if isinstance(data, list):
            self._each(data, lambda item: self._liquidation(item, _))
            return
        item = wire.checked(data)
        names = ("updatedTime", "size") if "updatedTime" in item else ("time", "qty")  # before v5
        self._forced(item, (names[0], "symbol", "side", names[1], "price"))

    def _forced(self, item: Obj, keys: tuple[str, ...]) -> None:
        ts_event = wire.time_ns(wire.need(item, keys[0]))
        symbol, position = wire.text(item, keys[1]), wire.text(item, keys[2])
        if position not in ("Buy", "Sell"):
            raise Reject("side", position)
        row = {
            "side": "SELL" if position == "Buy" else "BUY",  # the order closes the position
            "price": wire.price(wire.need(item, keys[4])),
            "average_price": "",
            "size": wire.traded(wire.need(item, keys[3])),
            "trade_id": "",
        }
        key = (symbol, ts_event, row["side"], row["price"], row["size"])
        if key in self.forced:
            self.parts.append("duplicate")
            return
        self.forced.add(key)
        self._row("liquidation", self.id(symbol), ts_event, **row)

    # --- books --------------------------------------------------------------------------------------------------

    def _book(self, frame: Obj, rest: str) -> None:
        depth, _, symbol = rest.partition(".")
        data = wire.checked(wire.need(frame, "data"))
        ts = wire.time_ns(wire.need(frame, "ts"))
        held = self._held(data, wire.time_ns(frame["cts"]) if "cts" in frame else ts)
        kind = wire.text(frame, "type")
        if kind not in ("snapshot", "delta"):
            raise Reject("type", kind)
        if wire.text(data, "s") != symbol:
            raise Reject("symbol", symbol)
        whole = kind == "snapshot" or held.u == 1
        if depth == "1":
            self._top(symbol, held, whole)
        else:
            self._take(symbol, f"orderbook.{depth}", held, whole)

    def _unasked(self, frame: Obj, depth: str, symbol: str = "") -> None:
        """A book that is only taken where it is named: checked all the same."""
        data = wire.checked(wire.need(frame, "data"))
        wire.time_ns(wire.need(frame, "ts"))
        self._held(data, wire.time_ns(frame["cts"]) if "cts" in frame else 0)
        if wire.text(frame, "type") not in ("snapshot", "delta") or wire.text(data, "s") != symbol:
            raise Reject("value", symbol)
        for level in [*data["b"], *data["a"]] if depth == "rpi" else []:
            if len(level) < 3 or wire.size(level[1]) + wire.size(level[2]) > wire.MAX_SIZE:
                raise Reject("size", level)
        self.parts.append("unselected")

    def _held(self, data: Obj, ts_event: int) -> Held:
        sides = []
        for key in ("b", "a"):
            levels = wire.need(data, key)
            if not isinstance(levels, list):
                raise Reject("type", key)
            for level in levels:
                if not isinstance(level, list) or len(level) < 2:
                    raise Reject("type", "level")
            sides.append([(wire.price(level[0]), wire.size(level[1])) for level in levels])
        u, seq = wire.unsigned(data, "u"), wire.unsigned(data, "seq") if "seq" in data else 0
        return Held(u, seq, sides[0], sides[1], ts_event, self.ts)

    def _take(self, symbol: str, channel: str, held: Held, whole: bool) -> None:
        if self.bound.setdefault(symbol, channel) != channel:
            self.parts.append("unselected")
            return
        self.parts.append(held)
        book = self.books.setdefault(symbol, Book())
        if whole:
            if book.u is not None and held.seq and book.seq:
                if (held.u, held.seq) == (book.u, book.seq):
                    held.end = "duplicate"
                    return
                if held.u <= book.u and held.seq < book.seq:
                    held.end = "stale"
                    return
            self._replace(symbol, book, held)
            waiting, book.waiting = book.waiting, []
            for late in sorted(waiting, key=lambda late: late.u):
                if late.u == book.u + 1:  # type: ignore[operator]
                    self._apply(symbol, book, late)
                elif late.u <= book.u:  # type: ignore[operator]
                    late.end = "stale" if late.u <= book.base else "duplicate"
        elif book.u is None or held.u > book.u + 1:
            if book.u is not None and book.stands:
                self.gaps.append((self.id(symbol), book.u, held.u))
            book.stands = False
            book.waiting.append(held)
        elif held.u <= book.u:
            held.end = "stale" if held.u <= book.base else "duplicate"
        else:
            self._apply(symbol, book, held)
            book.stands = True

    def _replace(self, symbol: str, book: Book, held: Held) -> None:
        empty = not book.bids and not book.asks and not held.bids and not held.asks
        was = book.stands
        book.u, book.seq, book.base, book.stands = held.u, held.seq, held.u, True
        if empty and was:
            held.end = "control"
            return
        book.bids, book.asks = {}, {}
        rows = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))]
        for side, levels, into in (("BUY", held.bids, book.bids), ("SELL", held.asks, book.asks)):
            for price, size in levels:
                if size:
                    into[price] = size
                    rows.append(("ADD", side, price, size))
        self._deltas(symbol, book, held, rows, 32)

    def _apply(self, symbol: str, book: Book, held: Held) -> None:
        book.u, book.seq = held.u, held.seq
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
        if not rows:
            held.end = "control"
            return
        self._deltas(symbol, book, held, rows, 0)

    def _deltas(self, symbol: str, book: Book, held: Held, rows: list[tuple[Any, ...]], flags: int) -> None:
        book.emitted = max(book.emitted, held.ts)
        for number, (action, side, price, size) in enumerate(rows):
            row = {"action": action, "side": side, "price": price, "size": size, "order_id": 0}
            row |= {"flags": flags | (128 if number == len(rows) - 1 else 0), "sequence": held.u}
            row |= {"ts_event": held.ts_event, "ts_init": book.emitted}
            self.rows.append(("delta", self.id(symbol), row))  # type: ignore[arg-type]
        held.end = "rows"

    def _top(self, symbol: str, held: Held, whole: bool) -> None:
        """Level 1: a quote."""
        top = self.tops.setdefault(symbol, {"u": 0, "b": None, "a": None})
        if not whole and held.u <= top["u"]:
            self.parts.append("duplicate")
            return
        if whole or held.u != top["u"] + 1:
            top["b"] = top["a"] = None
        top["u"] = held.u
        for key, levels, best in (("b", held.bids, max), ("a", held.asks, min)):
            if any(size == 0 and top[key] is not None and top[key][0] == price for price, size in levels):
                top[key] = None
            there = [(price, size) for price, size in levels if size]
            if there:
                top[key] = best(there)
        if top["b"] is None or top["a"] is None:
            self.parts.append("control")
            return
        order, name = held.seq or held.u, self.id(symbol)
        last = self.quotes.get(name, -1)
        if order <= last:
            self.parts.append("duplicate" if order == last else "stale")
            return
        self.quotes[name] = order
        self._quote(name, held.ts_event, [top["b"][0], top["a"][0], top["b"][1], top["a"][1]])

    def _quote(self, name: str, ts_event: int, values: list[Decimal]) -> None:
        keys = ("bid_price", "ask_price", "bid_size", "ask_size")
        self._row("quote", name, ts_event, **dict(zip(keys, values, strict=True)))

    # --- tickers ------------------------------------------------------------------------------------------------

    def _ticker(self, frame: Obj, symbol: str) -> None:
        data = wire.checked(wire.need(frame, "data"))
        ts = wire.time_ns(wire.need(frame, "ts"))
        kind = wire.text(frame, "type")
        if kind not in ("snapshot", "delta"):
            raise Reject("type", kind)
        symbol = wire.text(data, "symbol")
        (self._option if self.product == "option" else self._contract)(self.id(symbol), data, ts, kind == "snapshot")

    def _contract(self, name: str, data: Obj, ts: int, whole: bool) -> None:
        keys: dict[str, Any] = {
            "markPrice": _computed,
            "indexPrice": _computed,
            "fundingRate": _number,
            "nextFundingTime": _epoch,
            "fundingIntervalHour": _hours,
            "openInterest": _number,
            "openInterestValue": _number,
            "bid1Price": wire.side_price,
            "bid1Size": wire.side_size,
            "ask1Price": wire.side_price,
            "ask1Size": wire.side_size,
        }
        sent = {key: read(data[key]) for key, read in keys.items() if key in data}
        state = self.tickers[name]
        if whole:
            state.clear()
        state.update(sent)
        before = len(self.parts)
        for key, kind in (("markPrice", "mark_price"), ("indexPrice", "index_price")):
            if sent.get(key) is not None:
                self._once(kind, name, ts, value=sent[key])
        if (
            sent.keys() & {"fundingRate", "nextFundingTime", "fundingIntervalHour"}
            and state.get("fundingRate") is not None
        ):
            hours = state.get("fundingIntervalHour")
            row = {"rate": state["fundingRate"], "interval": hours and hours * 60}
            self._once("funding_rate", name, ts, **row, next_funding_ns=state.get("nextFundingTime"))
        if sent.keys() & {"openInterest", "openInterestValue"} and state.get("openInterest") is not None:
            value = state["openInterest"]
            inverse = self.product == "inverse"
            quote = value if inverse else state.get("openInterestValue")
            row = {
                "value": value,
                "unit": "quote" if inverse else "base",
                "value_quote": "" if quote is None else quote,
            }
            self._once("open_interest", name, ts, **row)
        four = ("bid1Price", "ask1Price", "bid1Size", "ask1Size")
        if sent.keys() & set(four) and all(key in state for key in four):
            self._ticker_quote(name, ts, [state[key] for key in four])
        if len(self.parts) == before:
            self.parts.append("control")

    def _option(self, name: str, data: Obj, ts: int, _: bool) -> None:
        mark, index = (_computed(data.get(key, "")) for key in ("markPrice", "indexPrice"))
        four = [wire.side_price(data.get(key, "")) for key in ("bidPrice", "askPrice")]
        four += [wire.side_size(data.get(key, "")) for key in ("bidSize", "askSize")]
        greeks = {key: _float(data.get(key, "")) for key in ("delta", "gamma", "vega", "theta")}
        iv = {key: _float(data.get(wire_key, "")) for key, wire_key in
              (("mark_iv", "markPriceIv"), ("bid_iv", "bidIv"), ("ask_iv", "askIv"))}  # fmt: skip
        underlying, interest = _float(data.get("underlyingPrice", "")), _number(data.get("openInterest", ""))
        for kind, value in (("mark_price", mark), ("index_price", index)):
            if value is not None:
                self._once(kind, name, ts, value=value)
        if None not in greeks.values():
            row = {key: value or None for key, value in iv.items()} | {"underlying_price": underlying or None}
            row |= {"open_interest": None if interest is None else float(interest)}
            self._once("option_greeks", name, ts, **greeks, rho=0.0, **row)
        if interest is not None:
            self._once("open_interest", name, ts, value=interest, unit="base", value_quote="")
        self._ticker_quote(name, ts, four)

    def _ticker_quote(self, name: str, ts: int, values: list[Decimal]) -> None:
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

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, frame: Obj) -> None:
        if isinstance(frame["result"], list):  # of before v5
            self.unknown[UNSHAPED] += 1
            self.parts.append("control")
            return
        result = wire.checked(frame["result"])
        if result.get("category", self.product) != self.product:
            self.parts.append("unselected")
            return
        if {"s", "b", "a", "u", "cts"} & result.keys():
            for key in "sbau":
                wire.need(result, key)
            ts = wire.time_ns(result.get("cts") or result.get("ts") or wire.need(frame, "time"))
            self._take(wire.text(result, "s"), "snapshot", self._held(result, ts), whole=True)
            return
        if "list" not in result:
            known = {"category", "symbol", "nextPageCursor", "ts", "seq", "updatedTime"} & result.keys()
            self.unknown[UNSHAPED] += bool(known)
            self.parts.append("control")
            return
        items = result["list"]
        if not isinstance(items, list):
            raise Reject("type", "list")
        keys_of = {
            "trades": {"execId", "isBlockTrade"}, "definitions": {"lotSizeFilter", "priceFilter"},
            "funding": {"fundingRateTimestamp"}, "tickers": {"bid1Price", "lastPrice"}, "interest": {"openInterest"},
            "rates": {"fundingRate"},
        }  # fmt: skip
        shape = first_that_tells(items, keys_of)
        self.unknown[UNSHAPED] += shape is None
        if shape == "trades":
            keys = {"id": "execId", "symbol": "symbol", "price": "price", "size": "size", "side": "side"}
            ordered = sorted(reversed(items), key=lambda item: int(item["time"]))
            self._each(
                ordered, lambda item: self._trade(wire.checked(item), keys, _epoch(wire.need(item, "time")) or 0)
            )
        elif shape in ("funding", "rates"):
            for item in sorted(items, key=lambda item: int(item["fundingRateTimestamp"])):
                ts = _epoch(item["fundingRateTimestamp"]) or 0
                row = {"rate": wire.decimal(item["fundingRate"]), "interval": None, "next_funding_ns": None}
                self._of_the_past("funding_rate", self.id(item["symbol"]), ts, **row)
        else:
            self.parts.append("control")  # definitions, candles whose interval the URL would tell


def _computed(value: Any) -> Decimal | None:
    return None if value == "" or wire.decimal(value) == 0 else wire.mark(value)


def _number(value: Any) -> Decimal | None:
    return None if value == "" else wire.decimal(value)


def _float(value: Any) -> float | None:
    return None if value == "" else float(wire.decimal(value))


def _epoch(value: Any) -> int | None:
    if value in ("", "0", 0):
        return None
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise Reject("range", value)
    return wire.time_ns(int(value))


def _hours(value: Any) -> int | None:
    if value == "":
        return None
    if not str(value).isdigit() or not 1 <= int(value) <= 1_000:
        raise Reject("hours", value)
    return int(value)
