"""Kraken spot frames written by hand from the documented layouts; every channel of both protocols."""

import json
import zlib
from datetime import UTC, datetime
from typing import Any

T0 = 1_780_000_000_000_000  # µs, 2026-05
NS = 1_000
PAIR, OTHER, OLD = "BTC/USD", "ETH/EUR", "XBT/USD"


class Number(float):
    """A number with its text."""

    def __new__(cls, text: str) -> "Number":
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text


def wire(message: Any) -> bytes:
    """Compact JSON; numbers as they were written."""

    def write(value: Any) -> str:
        if isinstance(value, Number):
            return value.text
        if isinstance(value, dict):
            return "{" + ",".join(f"{json.dumps(key)}:{write(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(write, value)) + "]"
        return json.dumps(value, ensure_ascii=False)

    return write(message).encode()


def moment(us: int, decimals: int = 6) -> str:
    """RFC 3339 text of a time in µs."""
    whole = datetime.fromtimestamp(us // 10**6, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{us % 10**6:06}{'0' * (decimals - 6)}Z"


def seconds(us: int) -> str:
    """Seconds with six decimals, as protocol v1 has them."""
    return f"{us // 10**6}.{us % 10**6:06}"


def push(channel: str, kind: str, *data: Any, **more: Any) -> bytes:
    """A message of a channel of protocol v2."""
    return wire({"channel": channel, "type": kind, **more, "data": list(data)})


type Side = list[tuple[str, str]]


def crc(bids: Side, asks: Side) -> int:
    """The venue's checksum of a book whose sides come best first."""
    texts = [text.replace(".", "").lstrip("0") for level in asks[:10] + bids[:10] for text in level]
    return zlib.crc32("".join(texts).encode())


def book(
    kind: str, bids: Side, asks: Side, checksum: int, *, time: int | None = T0, pair: str = PAIR, **more: Any
) -> bytes:
    """A message of `book`."""

    def side(levels: Side) -> list[Any]:
        return [{"price": Number(price), "qty": Number(size)} for price, size in levels]

    item = {"symbol": pair, "bids": side(bids), "asks": side(asks), "checksum": checksum}
    return push("book", kind, item | ({} if time is None else {"timestamp": moment(time)}) | more)


def acknowledged(depth: int | None, pair: str = PAIR) -> bytes:
    """The answer to a subscription of `book`."""
    result = {"channel": "book", "depth": depth, "snapshot": True, "symbol": pair}
    if depth is None:
        del result["depth"]
    return wire(
        {"method": "subscribe", "result": result, "success": True, "time_in": moment(T0), "time_out": moment(T0)}
    )


type Queue = list[tuple[str, str, str]]


def order_crc(bids: Queue, asks: Queue) -> int:
    """The venue's checksum of a book by order: orders (id, price, size) best first, oldest first."""
    parts = []
    for side in (asks, bids):
        best = list(dict.fromkeys(price for _, price, _ in side))[:10]
        parts += [text.replace(".", "").lstrip("0") for _, *texts in side if texts[0] in best for text in texts]
    return zlib.crc32("".join(parts).encode())


def orders(
    kind: str, bids: list[Any], asks: list[Any], checksum: int, *, time: int | None = T0, pair: str = PAIR
) -> bytes:
    """A message of `level3`: of a snapshot (id, price, size), of an update (event, id, price, size or None)."""

    def side(entries: list[Any]) -> list[Any]:
        out = []
        for at, entry in enumerate(entries):
            event, (order, price, size) = (entry[:1], entry[1:]) if len(entry) == 4 else ((), entry)
            made = {"event": event[0]} if event else {}
            made |= {"order_id": order, "limit_price": Number(price)}
            made |= {} if size is None else {"order_qty": Number(size)}
            out.append(made | ({} if time is None else {"timestamp": moment(time - at, 9)}))
        return out

    item = {"checksum": checksum, "symbol": pair, "bids": side(bids), "asks": side(asks)}
    return push("level3", kind, item)


def trade(number: int, *, pair: str = PAIR, time: int = T0, **more: Any) -> dict[str, Any]:
    """One trade."""
    item = {
        "symbol": pair, "side": "buy" if number % 2 else "sell", "price": Number("78568.6"), "qty": Number("0.04244195"),
        "ord_type": "limit", "trade_id": number, "timestamp": moment(time),
    }  # fmt: skip
    return item | more


def ticker(*, bid: str = "78568.5", time: int | None = T0, pair: str = PAIR, **more: Any) -> bytes:
    """A message of `ticker`."""
    item = {
        "symbol": pair, "bid": Number(bid), "bid_qty": Number("2.50000000"), "ask": Number("78568.6"),
        "ask_qty": Number("0.1"), "last": Number("78568.6"), "volume": Number("163.28908096"), "vwap": Number("78000.1"),
        "low": Number("77000.0"), "high": Number("79000.0"), "change": Number("-250.0"), "change_pct": Number("-0.24"),
    }  # fmt: skip
    return push("ticker", "update", item | ({} if time is None else {"timestamp": moment(time)}) | more)


def candle(begin: int, trades: int, *, interval: int = 1, pair: str = PAIR, **more: Any) -> dict[str, Any]:
    """One candle of `ohlc`; `begin` in µs."""
    item = {
        "symbol": pair, "open": Number("77400.0"), "high": Number("77445.8"), "low": Number("77400.0"),
        "close": Number(f"774{10 + trades}.3"), "trades": trades, "volume": Number(f"0.{trades:08}"),
        "vwap": Number("77416.2"), "interval_begin": moment(begin, 9), "interval": interval,
        "timestamp": moment(begin + interval * 60_000_000),
    }  # fmt: skip
    return item | more


def definition(**more: Any) -> dict[str, Any]:
    """One pair of `instrument`."""
    item = {
        "symbol": PAIR, "base": "BTC", "quote": "USD", "status": "online", "qty_precision": 8,
        "qty_increment": Number("1e-08"), "price_precision": 1, "cost_precision": 5, "ws_display_price_precision": 1,
        "marginable": True, "has_index": True, "cost_min": Number("0.50"), "margin_initial": Number("0.20"),
        "position_limit_long": 250, "position_limit_short": 200, "tick_size": Number("0.1"),
        "price_increment": Number("0.1"), "qty_min": Number("5e-05"),
    }  # fmt: skip
    return item | more


def instruments(*pairs: dict[str, Any], kind: str = "update") -> bytes:
    """A message of `instrument`."""
    return wire({"channel": "instrument", "type": kind, "data": {"assets": [{"id": "BTC"}], "pairs": list(pairs)}})


def array(channel: str, *payloads: Any, pair: str = OLD, number: int = 992) -> bytes:
    """A message of protocol v1."""
    return wire([number, *payloads, channel, pair])


def levels(*pairs: tuple[str, ...], time: int = T0) -> list[list[str]]:
    """Levels of protocol v1."""
    return [[price, size, seconds(time), *more] for price, size, *more in pairs]


def _stamped(*messages: bytes) -> list[tuple[bytes, int]]:
    return [(message, (T0 + 10_000_000 + 10_000 * index) * NS) for index, message in enumerate(messages)]


BIDS: Side = [("62807.0", "1.50000000"), ("62806.9", "0.10000000")]
ASKS: Side = [("62807.1", "0.25000000"), ("62810.0", "3.00000000")]


def deep(levels: int, side: int) -> Side:
    """So many levels of a side: -1 bids, 1 asks."""
    return [(f"{62_807 + side * (at + 1)}.0", f"0.{at + 1:08}") for at in range(levels)]


def session() -> list[tuple[bytes, int]]:
    """A session of protocol v2: every channel, levels that fall out of the depth, a wrong checksum, a new snapshot."""
    start = T0 - T0 % 60_000_000
    bids, asks = deep(10, -1), deep(10, 1)
    better = [("62806.5", "1.00000000"), *bids[:9]]
    return _stamped(
        wire({"channel": "status", "type": "update", "data": [{"version": "2.0.10", "system": "online", "api_version": "v2", "connection_id": 15113583034416118705}]}),
        acknowledged(10),
        acknowledged(None, OTHER),
        wire({"error": "Currency pair not supported XBT/USDT", "method": "subscribe", "success": False, "symbol": "XBT/USDT", "time_in": moment(T0), "time_out": moment(T0)}),
        wire({"Error": "Exceeded msg rate"}),
        wire({"channel": "heartbeat"}),
        wire({"method": "pong", "req_id": 42, "time_in": moment(T0), "time_out": moment(T0)}),
        book("update", BIDS, [], 1),  # before any snapshot
        book("snapshot", bids, asks, crc(bids, asks), time=T0 + 1),
        book("update", better[:1], [], crc(better, asks), time=T0 + 2),  # the tenth bid falls out
        book("update", [("62806.5", "0.00000000")], [], crc(better[1:], asks), time=T0 + 3),
        book("update", [("62806.5", "2.00000000"), ("62806.5", "1.00000000")], [], crc(better, asks), time=T0 + 4),  # twice
        book("update", [], [], crc(better, asks), time=T0 + 5),
        book("update", [], [], crc(better, asks), time=T0 + 5),  # again
        book("update", [("62806.5", "0.00000000")], [], crc(better[1:], asks), time=T0 + 3),  # late
        book("snapshot", bids, asks, crc(bids, asks), time=T0 + 1),
        book("update", [], [("63000.0", "1.00000000")], crc(better, asks), time=T0 + 6),  # beyond the depth at once
        book("update", [("1.0", "0.00000000")], [], crc(better, asks), time=T0 + 7),  # not held
        book("update", [], [(asks[0][0], "0.1")], crc(better, [(asks[0][0], "0.10000000"), *asks[1:]]), time=T0 + 8),  # short
        book("update", [], asks[:1], 7, time=T0 + 9),  # wrong
        book("update", [], asks[:1], crc(better, asks), time=T0 + 10),
        book("snapshot", bids, asks[:3], 8, time=T0 + 11),  # wrong too
        book("snapshot", bids, asks[:3], crc(bids, asks[:3]), time=T0 + 12),
        book("update", [], [("5e4", "1e-05")], crc(bids, [("50000.0", "0.00001000"), *asks[:3]]), time=T0 + 13),
        book("snapshot", bids, [], crc(bids, []), time=None),
        book("snapshot", BIDS, ASKS, crc(BIDS, ASKS), pair=OTHER),
        book("update", [], [("62810.0", "0.00000000")], crc(BIDS, ASKS[:1]), pair=OTHER, time=T0 + 1),
        push("trade", "snapshot"),
        push("trade", "snapshot", trade(1), trade(2)),
        push("trade", "update", trade(2), trade(3, price=Number("0.000000009461"), qty=Number("12345678901.5"))),
        push("trade", "update", trade(4, pair=OTHER)),
        ticker(),
        ticker(),
        ticker(time=T0 - 1),
        ticker(bid="0.0", time=T0 + 1),
        ticker(bid="78568.4", time=T0 + 2, pair=OTHER),
        ticker(bid="78568.3", time=None),  # as before it had a time
        ticker(bid="78568.3", time=None, pair="SOL/USD"),
        ticker(bid="78568.3", time=None, pair="SOL/USD"),
        ticker(bid="78568.2", time=None, pair="SOL/USD", timestamp="1970-01-01T00:00:00Z"),
        push("ohlc", "snapshot", candle(start - 180_000_000, 3), candle(start - 60_000_000, 5), candle(start, 1), timestamp=moment(T0, 9)),
        push("ohlc", "update", candle(start, 2), timestamp=moment(T0, 9)),
        push("ohlc", "update", candle(start, 1), timestamp=moment(T0, 9)),  # late
        push("ohlc", "update", candle(start + 120_000_000, 1), timestamp=moment(T0, 9)),  # a minute without trades
        push("ohlc", "update", candle(start - 60_000_000, 5), timestamp=moment(T0, 9)),  # again
        push("ohlc", "update", candle(start, 9, interval=15), timestamp=moment(T0, 9)),
        push("ohlc", "update", candle(start + 900_000_000, 1, interval=15), timestamp=moment(T0, 9)),
        instruments(definition(), definition(symbol=OTHER, base="ETH", quote="EUR", price_increment=Number("0.01")), kind="snapshot"),
        instruments(definition()),
        instruments(definition(status="cancel_only", cost_min="0.50")),
        wire({"channel": "instrument", "type": "update", "data": {"assets": []}}),
        push("level3", "snapshot", {"symbol": PAIR, "checksum": 0, "bids": [], "asks": []}),
        push("great-news", "update", {"symbol": PAIR}),
        wire({"timestamp": moment(T0)}),
    )  # fmt: skip


def legacy() -> list[tuple[bytes, int]]:
    """A session of protocol v1, then answers."""
    bids, asks = [("354.15000000", "5.00000000"), ("354.1", "2.00000000")], [("354.20000000", "0.50000000")]
    bids[1] = ("354.10000000", "2.00000000")
    start = T0 - T0 % 60_000_000
    spread = ["43770.20000", "43770.30000", seconds(T0), "0.00917717", "0.31670440"]
    top = {"a": ["56218.30000", 0, "0.13690578"], "b": ["56119.10000", 0, "0.03333108"], "c": ["1", "2"], "t": [1, 2]}
    candle = [seconds(T0), seconds(start + 60_000_000), "1.0", "3.0", "0.5", "2.0", "1.5", "3.23539643", 42]
    sold = ["354.11000000", "0.89594024", seconds(T0), "s", "l", ""]
    return _stamped(
        wire({"connectionID": 18239578009413566319, "event": "systemStatus", "status": "online", "version": "1.8.3"}),
        wire({"channelID": 992, "channelName": "book-10", "event": "subscriptionStatus", "pair": OLD, "status": "subscribed", "subscription": {"depth": 10, "name": "book"}}),
        wire({"errorMessage": "Currency pair not supported", "event": "subscriptionStatus", "pair": "A/B", "status": "error", "subscription": {"name": "book"}}),
        wire({"event": "heartbeat"}),
        array("book-10", {"a": levels(*asks), "c": "1"}),  # before any snapshot
        array("book-10", {"as": levels(*asks), "bs": levels(*bids)}),
        array("book-10", {"b": levels(("354.10000000", "0.00000000"), time=T0 + 5), "c": str(crc(bids[:1], asks))}),
        array("book-10", {"a": levels(("354.30000000", "1.00000000", "r"), time=T0 + 6)}, {"b": levels(bids[1]), "c": str(crc(bids, [*asks, ("354.30000000", "1.00000000")]))}),
        array("book-10", {"a": levels(("354.30000000", "2.00000000"), time=T0 + 7), "c": "5"}),  # wrong
        array("book-10", {"b": levels(bids[1], time=T0 + 8), "c": str(crc(bids, asks))}),
        array("book-10", {"as": levels(*asks), "bs": []}),
        array("book-10", {"b": levels(bids[1], time=T0 + 9), "c": str(crc(bids[1:], asks))}),
        array("book-10", {"b": levels(bids[1], time=T0 + 9), "c": str(crc(bids[1:], asks))}),  # again
        array("book-10", {"b": levels(bids[1], time=T0 + 4), "c": "1"}),  # late
        array("book-10", {"as": levels(*asks), "bs": []}),  # late too
        array("book-25", {"as": levels(*asks), "bs": levels(*bids)}),  # another book of it
        array("trade", [sold, sold, ["5.5", "1.25", seconds(T0 + 1), "b", "m", ""]]),
        array("trade", [sold]),
        array("trade", [sold], pair="XDG/XBT"),
        array("ticker", top),
        array("ticker", top),
        array("spread", spread),
        array("spread", spread),
        array("spread", ["0.0", *spread[1:]]),
        array("ticker", top | {"a": ["56219.30000", 0, "0.1"]}),  # quotes come by spread now
        array("ohlc-1", candle),
        array("ohlc-1", [seconds(T0), seconds(start + 180_000_000), *candle[2:]]),
        array("great-news", [1]),
        array("ohlc-7", candle),
        wire([[sold], "trade", "LTC/USD"]),  # without a number in front
        wire({"error": [], "result": {"XXBTZUSD": [["105433.60000", "0.00027625", Number("1779999433.9717445"), "b", "l", "", 10218208]], "last": "1762820035982277754"}}),
        wire({"error": [], "result": {"XETHZEUR": [["105.60000", "0.1", Number("1379999433.97"), "b", "l", ""]], "last": "1"}}),
        wire({"error": [], "result": {"SOLUSDT": [[start // 10**6 + at, "1.0", "2.0", "0.5", "1.5", "0.0", "3.5", 4] for at in (0, 300, 600)], "last": 7}}),
        wire({"error": [], "result": {"DOTUSD": {"asks": [["30384.1", "2.05", 1779999440]], "bids": [["30297.0", "1.11", 1779999441]]}}}),
        wire({"error": [], "result": {"XXBTZUSD": {"a": ["1", "1", "1"], "b": ["1", "1", "1"]}}}),
        wire({"error": [], "result": {"unixtime": 1616336594, "rfc1123": "Sun, 21 Mar 21 14:23:14 +0000"}}),
        wire({"error": ["EGeneral:Too many requests"]}),
        wire({"error": [], "result": {"ADAXBT": {"altname": "ADAXBT", "wsname": "ADA/XBT", "base": "ADA", "quote": "XXBT", "pair_decimals": 8, "lot_decimals": 8, "ordermin": "5"}}}),
    )  # fmt: skip


def by_order() -> list[tuple[bytes, int]]:
    """`level3`: queues, prices that change, orders that leave the depth and come back, a wrong checksum."""
    bids: Queue = [("A", "100.0", "1.00000000"), ("B", "100.0", "2.00000000"), ("C", "99.9", "0.50000000")]
    asks: Queue = [("X", "100.1", "0.25000000"), ("Y", "100.2", "3.00000000")]
    grown: Queue = [("A", "100.0", "1.00000000"), ("B", "100.0", "1.50000000"), *bids[2:]]
    moved: Queue = [grown[1], ("C", "99.9", "0.50000000"), ("A", "99.9", "1.00000000")]
    ten: Queue = [(f"T{at}", f"{200 + at}.5", "1.00000000") for at in range(10)]
    low: Queue = [("N", "50.0", "1.00000000")]
    better = ("S", "199.5", "0.00001000")
    acknowledgement = {"channel": "level3", "depth": 10, "snapshot": True, "symbol": OTHER}
    return _stamped(
        wire({"method": "subscribe", "result": acknowledgement, "success": True, "time_in": moment(T0), "time_out": moment(T0)}),
        orders("update", [("add", "A", "1.0", "1.0")], [], 1),  # before any snapshot
        orders("snapshot", bids, asks, order_crc(bids, asks)),
        orders("update", [("modify", "B", "100.0", "1.50000000")], [], order_crc(grown, asks), time=T0 + 1),
        orders("update", [("modify", "A", "99.9", "1.0")], [], order_crc(moved, asks), time=T0 + 2),  # short, and last there
        orders("update", [("add", "B", "99.9", "1.0")], [], 7, time=T0 + 3),  # there already: something was lost
        orders("snapshot", moved, asks, order_crc(moved, asks), time=T0 + 3),
        orders("update", [], [("delete", "Y", "100.2", None), ("add", "Z", "100.1", "1.0")], order_crc(moved, [asks[0], ("Z", "100.1", "1.00000000")]), time=T0 + 4),
        orders("update", [("delete", "Q", "90.0", "0.0")], [], order_crc(moved, [asks[0], ("Z", "100.1", "1.00000000")]), time=T0 + 5),  # not held
        orders("update", [], [], order_crc(moved, [asks[0], ("Z", "100.1", "1.00000000")]), time=None),
        book("snapshot", BIDS, ASKS, crc(BIDS, ASKS)),
        orders("update", [("delete", "A", "99.9", "1.0")], [], 7, time=T0 + 6),  # wrong
        orders("update", [("delete", "B", "100.0", "1.0")], [], 7, time=T0 + 7),
        orders("snapshot", [], asks, order_crc([], asks), time=T0 + 8),
        orders("snapshot", low, ten, order_crc(low, ten), pair=OTHER),
        orders("update", [], [("add", *better[:2], "1e-05"), ("modify", "T9", "209.5", "2.00000000")], order_crc(low, [better, *ten[:9]]), pair=OTHER, time=T0 + 1),  # the tenth falls out
        orders("update", [], [("delete", *better[:2], None), ("add", *ten[9])], order_crc(low, ten), pair=OTHER, time=T0 - 50),  # and is back
        orders("update", [("modify", "N", "50.0", "1.5")], [], order_crc([("N", "50.0", "1.5")], ten), pair=OTHER, time=T0 + 1),  # made of what was sent
        orders("update", [("add", "M", "51.0", "1.0"), ("add", "M", "52.0", "1.0")], [], 1, pair=OTHER),  # two of one id
        orders("update", [("add", "N", "51.0", "1.0"), ("delete", "N", "51.0", None)], [], 1, pair=OTHER),  # held
        orders("snapshot", [("N", "50.0", "1.5")], ten, order_crc([("N", "50.0", "1.5")], ten), pair=OTHER, time=T0 + 2),
        orders("update", [("delete", "N", "50.0", None), ("add", "N", "51.0", "1.0")], [], order_crc([("N", "51.0", "1.00000000")], ten), pair=OTHER, time=T0 + 2),
    )  # fmt: skip


SESSIONS = {"session": session, "legacy": legacy}
