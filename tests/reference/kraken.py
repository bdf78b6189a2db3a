"""Kraken spot to rows: one obvious reader of protocol v2, protocol v1 and REST answers.

Comes in: frames in the order of arrival on one connection, with receive times. Goes out: rows (dicts with the field names
of Nautilus, prices and sizes as ``Decimal``), the end of every item and frame, gaps, books. Refused, by ``Reject``: what
``wire.py`` refuses. The venue's page and the catalog's rules are the source; the Rust code is not.
"""

import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.reference import wire
from tests.reference.reader import Reader, Row
from tests.reference.wire import Obj, Reject

QUIET = {"heartbeat", "status", "executions", "balances"}
OLD = {"XBT": "BTC", "XDG": "DOGE"}
MINUTE = 60 * 10**9
SPECS = {
    1: "1-MINUTE", 5: "5-MINUTE", 15: "15-MINUTE", 30: "30-MINUTE", 60: "1-HOUR", 240: "4-HOUR", 1440: "1-DAY",
    10080: "1-WEEK", 21600: "15-DAY",
}  # fmt: skip
STATES = {
    "online": "TRADING", "limit_only": "PAUSE", "reduce_only": "PAUSE", "post_only": "PAUSE", "cancel_only": "HALT",
    "maintenance": "HALT",
}  # fmt: skip
TRADES = {"online", "limit_only", "reduce_only"}
MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


def moment(value: Any, *, none: bool = False) -> int:
    """RFC 3339 text as ns; the beginning of the epoch where that says that there is none."""
    if not isinstance(value, str):
        raise Reject("type", value)
    found = MOMENT.fullmatch(value)
    if found is None:
        raise Reject("time", value)
    *parts, fraction = found.groups()
    numbers = [int(part) for part in parts]
    try:
        whole = int(datetime(*numbers[:5], min(numbers[5], 59), tzinfo=UTC).timestamp()) + numbers[5] // 60  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise Reject("time", value) from error
    ns = whole * 10**9 + int((fraction or "").ljust(9, "0"))
    if not (wire.FIRST_NS <= ns < wire.LAST_NS or (none and ns == 0)) or numbers[5] > 60:
        raise Reject("time", value)
    return ns


def seconds(value: Any) -> int:
    """Seconds, quoted or not, as ns."""
    text = str(value) if not isinstance(value, Decimal) else format(value, "f")
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,11}(\.\d{0,32})?", text, re.ASCII):
        raise Reject("time", value)
    whole, _, fraction = text.partition(".")
    ns = int(whole) * 10**9 + int(fraction[:9].ljust(9, "0"))
    if not wire.FIRST_NS <= ns < wire.LAST_NS:
        raise Reject("time", value)
    return ns


def hashed(text: str) -> str:
    """FNV-1a of 64 bits, 16 hex digits."""
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def listed(value: Any, least: int) -> list[Any]:
    """An array of at least so many members."""
    if not isinstance(value, list):
        raise Reject("type", value)
    if len(value) < least:
        raise Reject("missing", value)
    return value


def decimals(value: Any) -> int:
    """How many decimals a number was written with."""
    exponent = wire.decimal(value).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass
class Message:
    """A book's message and the end it found."""

    whole: bool
    crc: int | None
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    places: tuple[int, int]
    ts_event: int
    depth: int
    timed: bool = True
    end: str = "withheld"


@dataclass
class Book:
    """A dict per side."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)
    stands: bool = False
    open: str = ""
    places: tuple[int, int] = (0, 0)
    emitted: int = 0

    def crc(self) -> int:
        """The venue's checksum: ten asks, ten bids, all decimals written, no dots, no leading zeros."""
        parts = []
        for levels in (sorted(self.asks.items())[:10], sorted(self.bids.items(), reverse=True)[:10]):
            for level in levels:
                for number, places in zip(level, self.places, strict=True):
                    parts.append(format(number, f".{places}f").replace(".", "").lstrip("0"))
        return zlib.crc32("".join(parts).encode())


@dataclass
class Orders:
    """A book by order: orders by id (side, price, size, decimals as sent), in the order of their queues."""

    held: dict[str, tuple[str, Decimal, Decimal, tuple[int, int]]] = field(default_factory=dict)
    stands: bool = False
    open: str = ""
    places: tuple[int, int] = (0, 0)
    emitted: int = 0

    def prices(self, side: str) -> list[Decimal]:
        """The prices of a side, best first."""
        return sorted({order[1] for order in self.held.values() if order[0] == side}, reverse=side == "BUY")

    def crcs(self) -> list[int]:
        """The venue's checksum: the orders of ten prices of asks, then of bids, as levels are in that of a book by level; of texts
        as sent, and with all decimals."""
        found = []
        for all_decimals in (False, True):
            parts = []
            for side in ("SELL", "BUY"):
                for price in self.prices(side)[:10]:
                    for order in self.held.values():
                        if order[:2] == (side, price):
                            for number, places in zip(
                                order[1:3], self.places if all_decimals else order[3], strict=True
                            ):
                                parts.append(format(number, f".{places}f").replace(".", "").lstrip("0"))
            found.append(zlib.crc32("".join(parts).encode()))
        return found


class Kraken(Reader):
    """The state of one recording; ``by_order``: the book is that of `level3`."""

    def __init__(self, *, by_order: bool = False) -> None:
        super().__init__()
        self.by_order = by_order
        self.orders: dict[str, Orders] = {}
        self.order_depths: dict[str, int] = {}
        self.order_acknowledged: dict[str, int] = {}
        self.books: dict[tuple[str, str], Book] = {}
        self.bound: dict[str, str] = {}
        self.moments: dict[tuple[str, str], tuple[int, list[int | None]]] = {}
        self.acknowledged: dict[str, int] = {}
        self.depths: dict[str, int] = {}
        self.quotes: dict[str, int] = {}
        self.ticker_quotes: dict[str, tuple[int, list[Decimal]]] = {}
        self.last: dict[tuple[str, str], int] = {}
        self.trades: set[tuple[str, str]] = set()
        self.running: dict[tuple[str, int], tuple[int, int, Row]] = {}
        self.states: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.definitions: dict[str, Row] = {}
        self.gaps: list[tuple[str, str, int, int]] = []

    # --- frames -------------------------------------------------------------------------------------------------

    def push(self, body: bytes, ts: int, url: str = "") -> None:
        """Takes the next frame; ``url`` of an answer."""
        self.ts = ts
        self.begin()
        try:
            frame = wire.parse(body)
            if isinstance(frame, list):
                self._array(frame)
            else:
                self._object(wire.checked(frame), url)
        except Reject:
            self.parts[:] = ["rejected"]

    def id(self, symbol: str) -> str:
        """Nautilus's id of a pair, which becomes the name of a folder."""
        legs = symbol.split("/", 1)
        for leg in legs:
            bad = set(leg) & set('/\\<>:"|?*%') or leg.startswith(".") or leg != leg.strip()
            if not leg or bad:
                raise Reject("symbol", symbol)
        if len(legs) != 2:
            raise Reject("symbol", symbol)
        return f"{symbol}.KRAKEN"

    def _once(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        if ts_event <= self.last.get((kind, name), 0):
            self.parts.append("duplicate")
            return
        self.last[(kind, name)] = ts_event
        self._row(kind, name, ts_event, **values)

    def _object(self, frame: Obj, url: str) -> None:
        if "channel" in frame:
            return self._channel(frame)
        if "result" in frame and "method" in frame:
            result = frame["result"]
            channel = result.get("channel") if frame["method"] == "subscribe" and isinstance(result, dict) else ""
            if channel in ("book", "level3"):
                depths = self.acknowledged if channel == "book" else self.order_acknowledged
                depths[result.get("symbol", "")] = result.get("depth", 10)
        elif "result" in frame and "error" in frame:
            return self._answer(frame["result"], url)
        elif not {"method", "event", "error", "Error"} & frame.keys():
            self.unknown["(no channel)"] += 1
        self.parts.append("control")
        return None

    def _channel(self, frame: Obj) -> None:
        channel = wire.text(frame, "channel")
        readers = {"trade": self._trade, "book": self._book, "ticker": self._ticker, "ohlc": self._candle}
        readers["level3"] = self._by_order
        if channel in QUIET:
            self.parts.append("control")
        elif channel == "instrument":
            self._instruments(wire.need(frame, "data"))
        elif channel in readers:
            data = wire.need(frame, "data")
            if channel in ("book", "level3"):
                kind = wire.text(frame, "type")
                if kind not in ("snapshot", "update"):
                    raise Reject("type", kind)
                if isinstance(data, list) and len(data) > 1:
                    raise Reject("several", len(data))
                take = self._book if channel == "book" else self._by_order
                self._each(data, lambda item: take(wire.checked(item), kind == "snapshot"))
            else:
                self._each(data, lambda item: readers[channel](wire.checked(item)))
        else:
            self.parts.append("control")
            self.unknown[channel] += 1

    def _array(self, frame: list[Any]) -> None:
        """Protocol v1: ``[id, payload, …, name, pair]``."""
        if len(frame) < 2:
            raise Reject("missing", "name")
        *payloads, channel, pair = frame
        if not isinstance(channel, str) or not isinstance(pair, str):
            raise Reject("type", channel)
        if payloads and isinstance(payloads[0], int):
            del payloads[0]
        payloads = [payload for payload in payloads if payload is not None]
        symbol = self._canonical(pair)
        name, _, number = channel.partition("-")
        if not re.fullmatch(r"[1-9]\d*", number, re.ASCII) or int(number) > 65_535:
            number = ""
        known = channel in ("trade", "spread", "ticker") or (name == "book" and number)
        if channel in ("ownTrades", "openOrders"):
            self.parts.append("control")
            return
        if not known and not (name == "ohlc" and number and int(number) in SPECS):
            self.parts.append("control")
            self.unknown[channel] += 1
            return
        payload = listed(payloads, 1)[0]
        if channel == "trade":
            counts: Counter[str] = Counter()
            self._each(payload, lambda item: self._listed_trade(item, symbol, counts))
        elif channel == "spread":
            bid, ask, time, bid_size, ask_size = listed(payload, 5)[:5]
            values = [_or_zero(bid), _or_zero(ask), wire.size(bid_size), wire.size(ask_size)]
            if wire.decimal(time) == 0:
                self._untimed(self.id(symbol), values)
            else:
                self._quote(self.id(symbol), seconds(time), values)
        elif channel == "ticker":
            sides = wire.checked(payload)
            values = []
            for place, read in ((0, _or_zero), (2, wire.size)):
                for key in ("b", "a"):
                    values.append(read(listed(sides[key], 3)[place]) if key in sides else Decimal(0))
            self._untimed(self.id(symbol), values)
        elif name == "ohlc":
            time, end, *prices, _, volume, count = listed(payload, 9)[:9]
            begin = seconds(end) - int(number) * MINUTE
            self._take_candle(symbol, int(number), begin, prices, volume, wire.unsigned(Obj(count=count), "count"))
        else:
            self._listed_book(payloads, symbol, channel, int(number))

    @staticmethod
    def _canonical(pair: str) -> str:
        legs = pair.split("/", 1)
        return "/".join(OLD.get(leg, leg) for leg in legs) if len(legs) == 2 else pair

    # --- trades and bars ----------------------------------------------------------------------------------------

    def _trade(self, item: Obj) -> None:
        symbol, side = wire.text(item, "symbol"), wire.text(item, "side")
        if side not in ("buy", "sell"):
            raise Reject("side", side)
        price, size = wire.price(wire.need(item, "price")), wire.traded(wire.need(item, "qty"))
        number = str(wire.unsigned(item, "trade_id"))
        self._take_trade(symbol, moment(wire.need(item, "timestamp")), price, size, side == "buy", number)

    def _listed_trade(self, item: Any, symbol: str, counts: Counter[str]) -> None:
        price, size, time, side = listed(item, 4)[:4]
        if side not in ("b", "s"):
            raise Reject("side", side)
        number = str(wire.unsigned(Obj(id=item[6]), "id")) if len(item) > 6 else None
        price, size, ts_event = wire.price(price), wire.traded(size), seconds(time)
        if number is None:
            self.id(symbol)
            said = f"{symbol}|{ts_event}|{wire.plain(price)}|{wire.plain(size)}|{side}"
            number = hashed(f"{said}|{counts[said]}")
            counts[said] += 1
        self._take_trade(symbol, ts_event, price, size, side == "b", number)

    def _take_trade(self, symbol: str, ts_event: int, price: Decimal, size: Decimal, buys: bool, number: str) -> None:
        name = self.id(symbol)
        if (name, number) in self.trades:
            self.parts.append("duplicate")
            return
        self.trades.add((name, number))
        side = "BUYER" if buys else "SELLER"
        self._row("trade", name, ts_event, price=price, size=size, aggressor_side=side, trade_id=number)

    def _candle(self, item: Obj) -> None:
        symbol, minutes = wire.text(item, "symbol"), wire.unsigned(item, "interval")
        prices = [wire.need(item, key) for key in ("open", "high", "low", "close")]
        count = wire.unsigned(item, "trades") if "trades" in item else 0
        begin = moment(wire.need(item, "interval_begin"))
        self._take_candle(symbol, minutes, begin, prices, wire.need(item, "volume"), count)

    def _take_candle(self, symbol: str, minutes: int, begin: int, prices: list[Any], volume: Any, count: int) -> None:
        row = dict(zip(("open", "high", "low", "close"), map(wire.price, prices), strict=True))
        row["volume"] = wire.size(volume)
        if minutes not in SPECS:
            raise Reject("interval", minutes)
        name = self.id(symbol)
        held = self.running.get((name, minutes))
        over = None
        if held is None or begin > held[0]:
            over = held
            self.running[(name, minutes)] = (begin, count, row)
        elif begin < held[0]:
            over = (begin, count, row)
        elif count >= held[1]:
            self.running[(name, minutes)] = (begin, count, row)
        if over is None:
            self.parts.append("control")
            return
        self._of_the_past("bar", f"{name}-{SPECS[minutes]}-LAST-EXTERNAL", over[0] + minutes * MINUTE, **over[2])

    # --- quotes -------------------------------------------------------------------------------------------------

    def _ticker(self, item: Obj) -> None:
        symbol = wire.text(item, "symbol")
        values = [_or_zero(wire.need(item, key)) for key in ("bid", "ask")]
        values += [wire.size(wire.need(item, key)) for key in ("bid_qty", "ask_qty")]
        ts_event = moment(item["timestamp"], none=True) if "timestamp" in item else 0
        name = self.id(symbol)
        if ts_event:
            self._quote(name, ts_event, values)
        else:
            self._untimed(name, values)

    def _quote(self, name: str, ts_event: int, values: list[Decimal]) -> None:
        if not all(values):
            self.parts.append("control")
            return
        last = self.quotes.get(name, -1)
        if ts_event <= last:
            self.parts.append("duplicate" if ts_event == last else "stale")
            return
        self.quotes[name] = ts_event
        self._told(name, ts_event, values)

    def _untimed(self, name: str, values: list[Decimal]) -> None:
        """A quote at its receive time: one that says nothing new is control, and so are all once others have times."""
        if not all(values):
            self.parts.append("control")
            return
        last = self.ticker_quotes.get(name)
        if last and self.ts <= last[0]:
            self.parts.append("duplicate")
            return
        self.ticker_quotes[name] = (self.ts, values)
        if last and last[1] == values:
            self.parts.append("control")
        elif name in self.quotes:
            self.parts.append("unselected")
        else:
            self._told(name, self.ts, values)

    def _told(self, name: str, ts_event: int, values: list[Decimal]) -> None:
        keys = ("bid_price", "ask_price", "bid_size", "ask_size")
        self._row("quote", name, ts_event, **dict(zip(keys, values, strict=True)))

    # --- books --------------------------------------------------------------------------------------------------

    def _book(self, item: Obj, whole: bool = False) -> None:
        symbol, crc = wire.text(item, "symbol"), wire.unsigned(item, "checksum")
        if crc >= 2**32:
            raise Reject("range", crc)
        sides, places = [], (0, 0)
        for key in ("bids", "asks"):
            side = []
            for level in listed(item.get(key, []), 0):
                price, size = wire.need(wire.checked(level), "price"), wire.need(level, "qty")
                side.append((wire.price(price), wire.size(size)))
                places = (max(places[0], decimals(price)), max(places[1], decimals(size)))
            sides.append(side)
        ts_event = moment(item["timestamp"]) if "timestamp" in item else self.ts
        self.id(symbol)
        if whole:
            longest = max(map(len, sides))
            shown = next((depth for depth in (10, 25, 100, 500, 1000) if longest <= depth), 1000)
            self.depths[symbol] = self.acknowledged.get(symbol, shown)
        depth = self.depths.get(symbol) or self.acknowledged.get(symbol, 10)
        timed = "timestamp" in item
        message = Message(whole, crc, sides[0], sides[1], places, ts_event, depth, timed)
        self._take(symbol, f"book-{depth}", message)

    def _listed_book(self, payloads: list[Any], symbol: str, channel: str, depth: int) -> None:
        keys: list[str] = []
        crc, latest = None, 0
        sides: dict[str, list[tuple[Decimal, Decimal]]] = {"b": [], "a": []}
        places = (0, 0)
        for payload in payloads:
            for key, value in wire.checked(payload).items():
                if key not in ("as", "bs", "a", "b", "c"):
                    continue
                if key in keys:
                    raise Reject("duplicate_key", key)
                keys.append(key)
                if key == "c":
                    if not re.fullmatch(r"\d+", str(value), re.ASCII) or int(value) >= 2**32:
                        raise Reject("range", value)
                    crc = int(value)
                    continue
                for level in listed(value, 0):
                    price, size, time = listed(level, 3)[:3]
                    latest = max(latest, seconds(time))
                    sides[key[0]].append((wire.price(price), wire.size(size)))
                    places = (max(places[0], decimals(price)), max(places[1], decimals(size)))
        whole = "as" in keys or "bs" in keys
        if not keys or (whole and ("a" in keys or "b" in keys)):
            raise Reject("missing", "as")
        self.id(symbol)
        message = Message(whole, crc, sides["b"], sides["a"], places, latest or self.ts, depth, latest > 0)
        self._take(symbol, channel, message)

    def _repeated(self, symbol: str, channel: str, message: Message) -> str:
        """How a message ends that another connection brought before; empty: it is new."""
        key = (symbol, channel)
        stands = key in self.books and self.books[key].stands
        last, crcs = self.moments.get(key, (0, []))
        ts = message.ts_event if message.timed else 0
        if message.timed and (stands or not message.whole):
            if ts < last:
                return "stale" if message.whole else "duplicate"
            if ts == last and message.crc in crcs:
                return "duplicate"
        if message.timed or message.whole:
            crcs = crcs if ts == last else []
            last = ts
        self.moments[key] = (last, [*crcs, message.crc])
        return ""

    def _take(self, symbol: str, channel: str, message: Message) -> None:
        end = "" if channel == "snapshot" else self._repeated(symbol, channel, message)
        if end:
            self.parts.append(end)
            return
        if self.by_order or self.bound.setdefault(symbol, channel) != channel:
            self.parts.append("unselected")
            return
        self.parts.append(message)
        name, book = self.id(symbol), self.books.setdefault((symbol, channel), Book())
        if not message.whole and not book.stands:
            book.open = book.open or "no_snapshot"
            return
        if message.whole:
            if book.stands and not (book.bids or book.asks or message.bids or message.asks):
                message.end = "control"
                return
            book.bids, book.asks, book.places = {}, {}, (0, 0)
        book.places = (max(book.places[0], message.places[0]), max(book.places[1], message.places[1]))
        rows = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))] if message.whole else []
        for side, levels, into in (("BUY", message.bids, book.bids), ("SELL", message.asks, book.asks)):
            for price, size in levels:
                if message.whole and not size:
                    continue
                action = "UPDATE" if price in into else "ADD"
                if size:
                    into[price] = size
                else:
                    action = "DELETE"
                    into.pop(price, None)
                rows.append((action, side, price, size))
        for side, into in (("BUY", book.bids), ("SELL", book.asks)):
            for price in sorted(into, reverse=side == "BUY")[message.depth :] if message.depth else []:
                del into[price]
                rows.append(("DELETE", side, price, Decimal(0)))
        if message.crc is not None and book.crc() != message.crc:
            if not book.open:
                self.gaps.append((name, "checksum", 0, 0))
                book.open = "checksum"
            book.stands, book.bids, book.asks = False, {}, {}
            return
        book.stands, book.open = True, ""
        message.end = "rows" if rows else "control"
        book.emitted = max(book.emitted, self.ts) if rows else book.emitted
        flags = 32 if message.whole else 0
        for number, (action, side, price, size) in enumerate(rows):
            row = {"action": action, "side": side, "price": price, "size": size, "order_id": 0}
            row |= {"flags": flags | (128 if number == len(rows) - 1 else 0), "sequence": 0}
            row |= {"ts_event": message.ts_event, "ts_init": book.emitted}
            self.rows.append(("delta", name, row))

    def _by_order(self, item: Obj, whole: bool = False) -> None:
        symbol, crc = wire.text(item, "symbol"), wire.unsigned(item, "checksum")
        if crc >= 2**32:
            raise Reject("range", crc)
        changes, places, times = [], (0, 0), [0]
        for key, side in (("bids", "BUY"), ("asks", "SELL")):
            for entry in listed(item.get(key, []), 0):
                entry = wire.checked(entry)
                action, order = entry.get("event", "add"), wire.text(entry, "order_id")
                price = wire.price(wire.need(entry, "limit_price"))
                if action not in ("add", "modify", "delete"):
                    raise Reject("event", action)
                written = (decimals(entry["limit_price"]), decimals(entry.get("order_qty", 0)))
                if action == "delete":
                    size = wire.size(entry.get("order_qty", 0))
                else:
                    size = wire.traded(wire.need(entry, "order_qty"))
                    places = (max(places[0], written[0]), max(places[1], written[1]))
                times.append(moment(entry["timestamp"]) if "timestamp" in entry else 0)
                changes.append((action, side, order, price, size, written))
        ts_event = moment(item["timestamp"]) if "timestamp" in item else max(times) or self.ts
        name = self.id(symbol)
        if not self.by_order:
            self.parts.append("unselected")
            return
        if whole and any(action != "add" for action, *_ in changes):
            raise Reject("event", changes)
        book = self.orders.setdefault(symbol, Orders())
        added: set[str] = set()
        for action, _, order, *_ in changes:
            if action == "add" and order in added:
                raise Reject("id", order)
            if action != "modify":
                (added.discard if action == "delete" else added.add)(order)
        if whole:
            longest = max(len({change[3] for change in changes if change[1] == side}) for side in ("BUY", "SELL"))
            shown = next((depth for depth in (10, 100) if longest <= depth), 1000)
            self.order_depths[symbol] = self.order_acknowledged.get(symbol, shown)
        depth = self.order_depths.get(symbol) or self.order_acknowledged.get(symbol, 10)
        message = Message(whole, crc, [], [], places, ts_event, depth)
        self.parts.append(message)
        if not whole and not book.stands:
            book.open = book.open or "no_snapshot"
            return
        rows = []
        if whole:
            if book.stands and not book.held and not changes:
                message.end = "control"
                return
            book.held, book.places = {}, (0, 0)
            rows.append(("CLEAR", "NO_ORDER_SIDE", "", Decimal(0), Decimal(0)))
        book.places = (max(book.places[0], places[0]), max(book.places[1], places[1]))
        lost, gone = False, set[str]()
        for action, _, order, *_ in changes:
            lost = lost or (action == "add" and order in book.held and order not in gone)
            if action == "delete":
                gone.add(order)
        for action, side, order, price, size, written in changes:
            held = book.held.get(order)
            if action == "delete":
                rows.append(("DELETE", side, order, held[1] if held else price, Decimal(0)))
                book.held.pop(order, None)
            elif action == "modify" and held and held[:2] == (side, price):
                rows.append(("UPDATE", side, order, price, size))
                book.held[order] = (side, price, size, written)
            else:
                if held:
                    rows.append(("DELETE", held[0], order, held[1], Decimal(0)))
                    del book.held[order]
                rows.append(("ADD", side, order, price, size))
                book.held[order] = (side, price, size, written)
        for side in ("BUY", "SELL"):
            for price in book.prices(side)[depth:]:
                for order in [id for id, held in book.held.items() if held[:2] == (side, price)]:
                    rows.append(("DELETE", side, order, price, Decimal(0)))
                    del book.held[order]
        if lost or crc not in book.crcs():
            if not book.open:
                book.open = "sequence" if lost else "checksum"
                self.gaps.append((name, book.open, 0, 0))
            book.stands, book.held = False, {}
            return
        book.stands, book.open = True, ""
        message.end = "rows" if rows else "control"
        book.emitted = max(book.emitted, self.ts) if rows else book.emitted
        flags = 32 if whole else 0
        for number, (action, side, order, price, size) in enumerate(rows):
            row = {"action": action, "side": side, "price": price, "size": size}
            row |= {"order_id": int(hashed(order), 16) if order else 0}
            row |= {"flags": flags | (128 if number == len(rows) - 1 else 0), "sequence": 0}
            row |= {"ts_event": ts_event, "ts_init": book.emitted}
            self.rows.append(("delta", name, row))

    # --- definitions and answers --------------------------------------------------------------------------------

    def _instruments(self, data: Any) -> None:
        changed = []
        for pair in wire.checked(data).get("pairs", []):
            made = self._definition(
                pair.get("symbol", ""), pair.get("base", ""), pair.get("quote", ""), pair.get("price_increment"),
                pair.get("qty_increment"), pair.get("qty_min"), pair.get("cost_min"),
            )  # fmt: skip
            if made and self.states.get(pair["symbol"]) != pair["status"]:
                changed.append((pair["symbol"], pair["status"]))
        for symbol, state in changed:
            self.states[symbol] = state
            action = STATES.get(state, "NOT_AVAILABLE_FOR_TRADING")
            self._once("status", self.id(symbol), self.ts, action=action, reason=state, is_trading=state in TRADES)
        if not changed:
            self.parts.append("control")

    def _definition(self, symbol: str, base: str, quote: str, tick: Any, step: Any, *least: Any) -> bool:
        try:
            name = self.id(symbol)
            price, size = wire.decimal(tick), wire.decimal(step)
        except Reject:
            return False
        if price <= 0 or size <= 0 or not base or not quote:
            return False
        quantity, cost = (wire.plain(wire.decimal(value)) if value is not None else None for value in least)
        self.definitions[name] = {
            "class": "CurrencyPair", "instrument_id": name, "raw_symbol": symbol, "base": base, "quote": quote,
            "is_inverse": False, "price_precision": wire.places(price), "size_precision": wire.places(size),
            "price_increment": wire.plain(price), "size_increment": wire.plain(size), "multiplier": "1",
            "min_quantity": quantity, "max_quantity": None, "min_notional": cost,
        }  # fmt: skip
        return True

    def _answer(self, result: Any, url: str) -> None:
        if not isinstance(result, dict):
            self.parts.append("control")
            return
        found = len(self.parts)
        defined = False
        for key, value in wire.checked(result).items():
            defines = isinstance(value, Obj) and not value.twice
            if defines and {"pair_decimals", "lot_decimals", "wsname"} & value.keys():
                defined = True
                symbol = self._canonical(value.get("wsname", ""))
                if "/" in symbol:
                    self.keys |= {key: symbol, value["altname"]: symbol}
                    tick = value.get("tick_size", Decimal(1).scaleb(-value["pair_decimals"]))
                    step = Decimal(1).scaleb(-value["lot_decimals"])
                    least = (value.get("ordermin"), value.get("costmin"))
                    self._definition(symbol, *symbol.split("/", 1), tick, step, *least)
            elif key != "last":
                try:
                    self._answered(key, value, url)
                except Shapeless:
                    self.parts.append("rejected")
        if defined or len(self.parts) == found:
            self.parts.append("control")

    def _answered(self, key: str, value: Any, url: str) -> None:
        shapes = [_listed(item) for item in value] if isinstance(value, list) else []
        shape = next((shape for shape in shapes if shape), "")
        if (shapes and not shape) or (isinstance(value, Obj) and value.twice):
            raise Shapeless
        is_book, is_trades = isinstance(value, Obj) and bool({"asks", "bids"} & value.keys()), shape == "trades"
        if not (is_book or is_trades or shape == "candles"):
            return
        symbol = self.keys.get(key) or _guess(key)
        if symbol is None:
            self.parts.append("rejected")
        elif is_trades:
            counts: Counter[str] = Counter()
            self._each(value, lambda item: self._listed_trade(item, symbol, counts))
        elif is_book:
            sides, latest = {}, 0
            for side in ("bids", "asks"):
                sides[side] = [(wire.price(price), wire.size(size)) for price, size, *_ in wire.need(value, side)]
                latest = max([latest, *(seconds(level[2]) for level in value[side])])
            message = Message(True, None, sides["bids"], sides["asks"], (0, 0), latest or self.ts, 0)
            self._take(symbol, "snapshot", message)
        else:
            asked = parse_qs(urlsplit(url).query).get("interval")
            apart = seconds(value[1][0]) - seconds(value[0][0]) if len(value) > 1 else 0
            minutes = int(asked[0]) if asked else 1 if "/OHLC" in url else apart // MINUTE
            for time, *prices, _, volume, count in value:
                self._take_candle(symbol, minutes, seconds(time), prices, volume, count)


def _or_zero(value: Any) -> Decimal:
    """A price, or 0: that side is empty."""
    return Decimal(0) if wire.decimal(value) == 0 else wire.price(value)


class Shapeless(Exception):
    """A value of an answer that is none of those it may be."""


def _listed(item: Any) -> str:
    """Of what an array is that has this item; of nothing known: empty."""
    if not isinstance(item, list) or not item:
        return ""
    if isinstance(item[0], str):
        return "trades" if len(item) >= 6 else ""
    return {8: "candles", 3: "spreads"}.get(len(item), "")


def _guess(key: str) -> str | None:
    """The pair of a key that no answer explained."""
    if "/" in key:
        return Kraken._canonical(key)
    old = re.fullmatch(r"(?:[XZ](\w{3})|(USDT))[XZ](USD|EUR|GBP|CAD|JPY|AUD|XBT|ETH)", key)
    if old:
        return Kraken._canonical("/".join(filter(None, old.groups())))
    for quote in ("USDT", "USDC", "USD", "EUR", "GBP", "XBT", "ETH"):
        if key.endswith(quote) and key != quote:
            return Kraken._canonical(f"{key.removesuffix(quote)}/{quote}")
    return None
