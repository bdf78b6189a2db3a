"""Frames that the parity tests write themselves, in the layouts of the venue's page.

Every function gives the JSON text of a message as a dict in wire order; ``wire`` makes bytes of it.
"""

import json
from typing import Any

T0 = 1_780_000_000_000  # ms, 2026-05
NS = 1_000_000
INSTRUMENT = "BTCUSDT-PERP.BINANCE"


def wire(message: Any, stream: str = "") -> bytes:
    """Compact JSON, in the combined wrapper when a stream is named."""
    whole = {"stream": stream, "data": message} if stream else message
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def agg_trade(
    number: int, price: str = "63000.10", size: str = "0.010", *, time: int = T0, **more: Any
) -> dict[str, Any]:
    """A USD-M aggTrade."""
    head = {"e": "aggTrade", "E": time + 3, "a": number, "s": "BTCUSDT", "p": price, "q": size}
    return {**head, "nq": size, "f": number, "l": number, "T": time, "m": number % 2 == 0, "st": 1, **more}


def trade(number: int, price: str = "63000.10", size: str = "0.010", *, time: int = T0, **more: Any) -> dict[str, Any]:
    """A USD-M trade."""
    head = {"e": "trade", "E": time + 3, "T": time, "s": "BTCUSDT", "t": number, "p": price, "q": size}
    return {**head, "X": "MARKET", "m": number % 2 == 0, "st": 1, **more}


def book_ticker(update: int, bid: str = "63000.10", ask: str = "63000.20", *, time: int = T0) -> dict[str, Any]:
    """A USD-M bookTicker."""
    return {
        "e": "bookTicker", "u": update, "s": "BTCUSDT", "ps": "BTCUSDT", "b": bid, "B": "1.500", "a": ask, "A": "0.250",
        "T": time, "E": time + 2, "st": 1,
    }  # fmt: skip


def depth(
    first: int, last: int, previous: int, bids: list[list[str]], asks: list[list[str]], *, time: int = T0
) -> dict[str, Any]:
    """A USD-M diff."""
    return {
        "e": "depthUpdate", "E": time + 4, "T": time, "s": "BTCUSDT", "ps": "BTCUSDT", "st": 1, "U": first, "u": last,
        "pu": previous, "b": bids, "a": asks,
    }  # fmt: skip


def snapshot(last: int, bids: list[list[str]], asks: list[list[str]], *, time: int = T0) -> dict[str, Any]:
    """A USD-M REST depth answer."""
    return {"lastUpdateId": last, "E": time + 1, "T": time, "bids": bids, "asks": asks}


def kline(opened: int, *, closed: bool = True, interval: str = "1m", step: int = 60_000) -> dict[str, Any]:
    """A USD-M kline."""
    k = {
        "t": opened, "T": opened + step - 1, "s": "BTCUSDT", "i": interval, "f": 100, "L": 200, "o": "63000.10",
        "c": "63010.00", "h": "63020.00", "l": "62990.00", "v": "12.345", "n": 101, "x": closed, "q": "777777.7",
        "V": "6.1", "Q": "388888.8", "B": "0",
    }  # fmt: skip
    return {"e": "kline", "E": opened + step, "s": "BTCUSDT", "k": k}


def mark(time: int = T0, *, rate: str = "0.00005301", funding: int = T0 + 28_800_000) -> dict[str, Any]:
    """A USD-M mark price."""
    return {
        "e": "markPriceUpdate", "E": time, "s": "BTCUSDT", "p": "64346.70000000", "ap": "64346.70000000",
        "P": "64335.31235580", "i": "64399.61608696", "r": rate, "T": funding, "st": 1,
    }  # fmt: skip


def force_order(time: int = T0) -> dict[str, Any]:
    """A USD-M liquidation."""
    order = {
        "s": "BTCUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "62910.00", "ap": "62915.50",
        "X": "FILLED", "l": "0.010", "z": "0.014", "T": time,
    }  # fmt: skip
    return {"e": "forceOrder", "E": time + 1, "o": order}


def open_interest(time: int = T0) -> dict[str, Any]:
    """A USD-M open interest answer."""
    return {"openInterest": "80123.456", "symbol": "BTCUSDT", "time": time}


def session() -> list[tuple[bytes, int]]:
    """One frame or more of every USD-M type, with receive times: 5 ms after the event."""
    bids, asks = [["63000.10", "1.500"], ["62999.90", "2"]], [["63000.20", "0.250"], ["63001.00", "3.000"]]
    messages = [
        wire(depth(101, 110, 95, [["62999.90", "2"]], [], time=T0), "btcusdt@depth@100ms"),
        wire(
            {
                "stream": "btcusdt@depthSnapshot",
                "generated": True,
                "data": snapshot(105, bids, asks, time=T0 + 10),
            },
        ),
        wire(
            depth(120, 130, 110, [["63000.10", "0"]], [["63000.20", "1"]], time=T0 + 20),
            "btcusdt@depth@100ms",
        ),
        wire(depth(140, 150, 130, [["63000.00", "7"]], [], time=T0 + 30), "btcusdt@depth@100ms"),
        wire(agg_trade(1, time=T0 + 40), "btcusdt@aggTrade"),
        wire(agg_trade(2, "63000.2", "3", time=T0 + 50), "btcusdt@aggTrade"),
        wire(book_ticker(151, time=T0 + 60), "btcusdt@bookTicker"),
        wire(book_ticker(152, "63000.15", time=T0 + 70), "btcusdt@bookTicker"),
        wire(kline(T0 - T0 % 60_000), "btcusdt@kline_1m"),
        wire([mark(T0 + 80)], "!markPrice@arr@1s"),
        wire(force_order(T0 + 90), "!forceOrder@arr"),
        wire(open_interest(T0 + 100), "btcusdt@openInterest"),
        wire(depth(160, 170, 150, bids, asks, time=T0 + 110), "btcusdt@depth10@100ms"),
    ]
    return [(message, (T0 + 10 * index + 70_000) * NS) for index, message in enumerate(messages)]
