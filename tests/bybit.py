"""Bybit frames written by hand from the documented layouts; every product, every message."""

import json
from typing import Any

T0 = 1_780_000_000_000  # ms, 2026-05
NS = 1_000_000


def wire(message: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def book(
    kind: str,
    u: int,
    bids: list[list[str]],
    asks: list[list[str]],
    *,
    depth: object = 50,
    symbol: str = "BTCUSDT",
    seq: int | None = None,
    time: int = T0,
) -> bytes:
    """An `orderbook` frame of contracts."""
    data = {"s": symbol, "b": bids, "a": asks, "u": u, "seq": 9_000_000 + 10 * u if seq is None else seq}
    head = {"topic": f"orderbook.{depth}.{symbol}", "type": kind, "ts": time + 2}
    return wire({**head, "data": data, "cts": time})


def rpi(kind: str, u: int, bids: list[list[str]], asks: list[list[str]], *, seq: int = 79_683_241_099) -> bytes:
    """A frame of `orderbook.rpi`: price, size, size of retail price improvement."""
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": u, "seq": seq}
    return wire({"topic": "orderbook.rpi.BTCUSDT", "ts": T0 + 75, "type": kind, "data": data, "cts": T0 + 70})


def full(u: int, bids: list[list[str]], asks: list[list[str]], *, seq: int = 79_683_241_099) -> bytes:
    """A frame of `orderbook.full`: changes of the whole book."""
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": u, "seq": seq}
    return wire({"topic": "orderbook.full.BTCUSDT", "ts": T0 + 75, "type": "delta", "data": data, "cts": T0 + 70})


def spot_book(kind: str, u: int, bids: list[list[str]], asks: list[list[str]], *, time: int = T0) -> bytes:
    """An `orderbook` frame of spot: the time comes before the type."""
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": u, "seq": 5_000 + u}
    return wire(
        {"topic": "orderbook.200.BTCUSDT", "ts": time + 2, "type": kind, "data": data, "cts": time},
    )


def trades(*items: dict[str, Any], symbol: str = "BTCUSDT", time: int = T0) -> bytes:
    """A `publicTrade` frame of contracts."""
    return wire({"topic": f"publicTrade.{symbol}", "type": "snapshot", "ts": time + 1, "data": list(items)})


def trade(number: int, *, symbol: str = "BTCUSDT", time: int = T0, **more: Any) -> dict[str, Any]:
    """One trade of contracts."""
    item = {
        "T": time, "s": symbol, "S": "Buy" if number % 2 else "Sell", "v": "0.010", "p": "63000.10", "L": "PlusTick",
        "i": f"20f43950-d8dd-5b31-9112-a178eb60{number:04x}", "BT": False, "RPI": False, "seq": 77_000 + number,
    }  # fmt: skip
    return item | more


def ticker(kind: str, *, symbol: str = "BTCUSDT", time: int = T0, **data: str) -> bytes:
    """A `tickers` frame of contracts."""
    body = {"topic": f"tickers.{symbol}", "type": kind, "data": {"symbol": symbol, **data}, "cs": 24_987_956_059}
    return wire({**body, "ts": time})


WHOLE_TICKER = {
    "tickDirection": "PlusTick", "price24hPcnt": "0.017103", "lastPrice": "17216.00", "prevPrice24h": "16926.50",
    "highPrice24h": "17281.50", "lowPrice24h": "16915.00", "prevPrice1h": "17238.00", "markPrice": "17217.33",
    "indexPrice": "17227.36789012", "openInterest": "68744.761", "openInterestValue": "1183601235.91",
    "turnover24h": "1570383121.943499", "volume24h": "91705.276", "fundingIntervalHour": "8", "fundingCap": "0.005",
    "singleOpenInterest": "34372.38", "singleOpenInterestValue": "591800617.9", "nextFundingTime": "1780012800000",
    "fundingRate": "-0.000212", "bid1Price": "17215.50", "bid1Size": "84.489", "ask1Price": "17216.00",
    "ask1Size": "83.020", "preOpenPrice": "", "preQty": "", "curPreListingPhase": "",
}  # fmt: skip


def kline(start: int, *, confirm: bool, interval: str = "1", step: int = 60_000) -> bytes:
    """A `kline` frame."""
    item = {
        "start": start, "end": start + step - 1, "interval": interval, "open": "16649.5", "close": "16677",
        "high": "16677.5", "low": "16608", "volume": "2.081", "turnover": "34666.4005", "confirm": confirm,
        "timestamp": start + step - 1_000,
    }  # fmt: skip
    return wire({"topic": f"kline.{interval}.BTCUSDT", "data": [item], "ts": start + step, "type": "snapshot"})


def liquidations(*items: tuple[int, str, str, str], symbol: str = "ROSEUSDT") -> bytes:
    """An `allLiquidation` frame: time, side of the position, size, price."""
    data = [{"T": time, "s": symbol, "S": side, "v": size, "p": price} for time, side, size, price in items]
    return wire({"topic": f"allLiquidation.{symbol}", "type": "snapshot", "ts": T0 + 500, "data": data})


OPTION = "BTC-27MAR26-70000-P-USDT"
OPTION_TICKER = {
    "symbol": OPTION, "bidPrice": "5", "bidSize": "2.1", "bidIv": "0.5012", "askPrice": "10", "askSize": "5.1",
    "askIv": "0.514", "lastPrice": "10", "highPrice24h": "25", "lowPrice24h": "5", "markPrice": "7.86976724",
    "indexPrice": "16823.73", "markPriceIv": "0.4896", "underlyingPrice": "16815.1", "openInterest": "49.85",
    "turnover24h": "446802.8473", "volume24h": "26.55", "totalVolume": "86", "totalTurnover": "1437431",
    "delta": "-0.047831", "gamma": "0.00021453", "vega": "0.81351067", "theta": "-19.9115368",
    "predictedDeliveryPrice": "0", "change24h": "-0.33333334",
}  # fmt: skip


def option(topic: str, data: Any, kind: str = "snapshot", time: int = T0) -> bytes:
    """A frame of the option socket."""
    return wire({"id": f"{topic}-{time}", "topic": topic, "ts": time, "data": data, "type": kind})


def _stamped(*messages: bytes) -> list[tuple[bytes, int]]:
    return [(message, (T0 + 10_000_000 + 10 * index) * NS) for index, message in enumerate(messages)]


def linear() -> list[tuple[bytes, int]]:
    """A session of linear contracts: each message, changes of a ticker, a hole, a reset, repeats."""
    bids, asks = [["63000.10", "1.500"], ["62999.90", "2"]], [["63000.20", "0.250"], ["63001.00", "3.000"]]
    start = T0 - T0 % 60_000
    return _stamped(
        wire({"success": True, "ret_msg": "", "conn_id": "c-1", "req_id": "1", "op": "subscribe"}),
        book("delta", 99, bids, asks, time=T0),  # before any snapshot
        book("snapshot", 100, bids, asks, time=T0 + 20),
        book("delta", 101, [["63000.10", "0"], ["63000.00", "7"]], [], time=T0 + 40),
        book("delta", 101, [["63000.10", "0"], ["63000.00", "7"]], [], time=T0 + 40),  # again
        book("delta", 102, [], [], time=T0 + 60),
        book("delta", 103, [["62999.90", "2.5"]], [["63001.00", "0"], ["63001.50", "1"]], time=T0 + 80),
        book("delta", 105, [["62999.90", "3"]], [], time=T0 + 120),  # 104 is lost
        book("delta", 106, [["62999.90", "4"]], [], time=T0 + 140),
        book("snapshot", 108, bids, asks, time=T0 + 180),
        book("delta", 109, [["62999.90", "0"]], [["63000.20", "9"]], time=T0 + 200),
        book("snapshot", 90, bids, asks, time=T0 - 100),  # late: older than what stands
        book("delta", 1, bids, [["63000.30", "5"]], seq=9_900_000, time=T0 + 300),  # the service restarted
        book("delta", 2, [["63000.10", "1"]], [], seq=9_900_010, time=T0 + 320),
        book("snapshot", 1, asks[:0], asks, seq=9_950_000, time=T0 + 400),
        trades(trade(1), trade(2, p="0.00000009461", v="12345678901.5"), time=T0),
        trades(trade(2), trade(3, RPI=True, BT=True)),
        ticker("snapshot", **WHOLE_TICKER, time=T0 + 100),
        ticker("delta", indexPrice="17228.36", time=T0 + 200),
        ticker("delta", fundingRate="-0.000213", time=T0 + 300),
        ticker("delta", bid1Price="17215.60", time=T0 + 400),
        ticker("delta", bid1Size="0", time=T0 + 500),
        ticker("delta", openInterestValue="1183601236", lastPrice="1", time=T0 + 600),
        ticker("delta", lastPrice="17216.50", time=T0 + 700),
        ticker("delta", markPrice="17217.34", time=T0 + 700),
        ticker("delta", markPrice="17217.34", time=T0 + 700),  # again
        ticker("delta", symbol="ETHUSDT", ask1Price="1200.5", ask1Size="3", time=T0 + 700),  # no snapshot yet
        ticker("delta", symbol="ETHUSDT", bid1Price="1200.4", bid1Size="3", time=T0 + 800),
        ticker(
            "snapshot", symbol="BTC-26DEC25", markPrice="63100", fundingRate="", nextFundingTime="",
            deliveryTime="2025-12-26T08:00:00Z", basis="", time=T0 + 900,
        ),  # fmt: skip
        book("snapshot", 7, [["63000.1", "1"]], [["63000.2", "2"]], depth=1, time=T0 + 1_000),
        book("delta", 8, [["63000.1", "0"], ["63000.0", "4"]], [], depth=1, time=T0 + 1_010),
        book("delta", 9, [], [["63000.2", "0"]], depth=1, time=T0 + 1_020),
        book("delta", 10, [], [["63000.3", "1"]], depth=1, time=T0 + 1_030),
        book("delta", 12, [["63000.2", "1"]], [], depth=1, time=T0 + 1_050),  # 11 is lost: the ask is not known
        book("snapshot", 13, [["63000.1", "1"]], [["63000.2", "2"]], depth=1, time=T0 + 1_060),
        book("snapshot", 13, [["63000.1", "1"]], [["63000.2", "2"]], depth=1, time=T0 + 1_060),  # nothing for 3 s
        ticker("delta", bid1Price="17215.70", bid1Size="3", time=T0 + 1_100),  # quotes come by orderbook.1 now
        kline(start, confirm=False),
        kline(start, confirm=True),
        kline(start, confirm=True, interval="60", step=3_600_000),
        kline(1_777_593_600_000, confirm=True, interval="M", step=31 * 86_400_000),
        liquidations((T0, "Buy", "20000", "0.04499"), (T0, "Sell", "1", "0.045"), (T0, "Buy", "20000", "0.04499")),
        wire(
            {
                "topic": "liquidation.BTCUSDT", "type": "snapshot", "ts": T0,
                "data": {"updatedTime": T0, "symbol": "BTCUSDT", "side": "Sell", "size": "0.003", "price": "63500.5"},
            },
        ),  # fmt: skip
        wire({"topic": "priceLimit.BTCUSDT", "data": {"symbol": "BTCUSDT", "buyLmt": "1", "sellLmt": "2"}, "ts": T0}),
        rpi("delta", 2_258_980, [["121975.1", "0.114259", "0"]], []),  # only where it is asked for
        full(7, [["121975.1", "0.114259"]], []),
        wire({"topic": "greatNews.BTCUSDT", "ts": T0, "data": {}}),
        wire({"success": True, "ret_msg": "pong", "conn_id": "c-1", "req_id": "", "op": "ping"}),
    )  # fmt: skip


def inverse() -> list[tuple[bytes, int]]:
    """A short session of inverse contracts."""
    symbol = "BTCUSDU23"
    return _stamped(
        book("snapshot", 5, [["63000.5", "1500"]], [["63001", "2"]], symbol=symbol),
        book("delta", 6, [["63000.5", "1501"]], [], symbol=symbol, time=T0 + 20),
        trades(trade(1, symbol=symbol, v="12000"), symbol=symbol),
        ticker(
            "snapshot", symbol="BTCUSD", openInterest="812345678", openInterestValue="12894.23", fundingRate="0.0001"
        ),
        ticker("delta", symbol="BTCUSD", openInterest="812345679", time=T0 + 100),
    )


def spot() -> list[tuple[bytes, int]]:
    """A short session of spot."""
    fill = {"i": "2290000001162605275", "T": T0, "p": "63311.4", "v": "0.000001", "S": "Buy", "seq": 1, "s": "BTCUSDT"}
    head = {"topic": "publicTrade.BTCUSDT", "ts": T0 + 1, "type": "snapshot"}
    ticker = {"symbol": "BTCUSDT", "lastPrice": "21109.77", "volume24h": "6780.8", "usdIndexPrice": "21120.2400136"}
    return _stamped(
        spot_book("snapshot", 1, [["63311.40", "0.5"]], [["63311.50", "0.25"]]),
        spot_book("delta", 2, [["63311.40", "0"]], [], time=T0 + 100),
        wire({**head, "data": [{**fill, "BT": False, "RPI": False}]}),
        wire({**head, "data": [{**fill, "i": "99999999999999999999", "S": "Sell"}]}),
        wire({"topic": "tickers.BTCUSDT", "ts": T0, "type": "snapshot", "cs": 2_588_407_389, "data": ticker}),
        wire({"success": True, "ret_msg": "pong", "conn_id": "c", "op": "ping"}),
    )


def options() -> list[tuple[bytes, int]]:
    """A short session of options."""
    levels = {"s": OPTION, "b": [["5", "2.1"]], "a": [["10", "5.1"]], "u": 3, "seq": 41}
    fill = {
        "p": "7.5",
        "v": "0.1",
        "i": "0cdb9a3e-4a52-5b31-9112-a178eb6023af",
        "T": T0,
        "BT": False,
        "s": OPTION,
        "S": "Sell",
    }
    more = {"mP": "7.86", "iP": "16823.7", "mIv": "0.48", "iv": "0.5"}
    return _stamped(
        wire(
            {
                "success": True,
                "conn_id": "c",
                "data": {"failTopics": [], "successTopics": ["x"]},
                "type": "COMMAND_RESP",
            }
        ),
        option(f"orderbook.25.{OPTION}", levels),
        option(f"orderbook.25.{OPTION}", {**levels, "b": [], "a": [["10", "0"]], "u": 4, "seq": 42}, "delta", T0 + 20),
        option(f"orderbook.25.{OPTION}", {"s": OPTION, "b": [], "a": [], "u": 0}, "snapshot", T0 + 40),
        option(f"orderbook.25.{OPTION}", {"s": OPTION, "b": [], "a": [], "u": 0}, "snapshot", T0 + 60),
        option("publicTrade.BTC", [{**fill, **more}, {**fill, "s": "BTC-27MAR26-80000-C", "i": "x2"}]),
        option(f"tickers.{OPTION}", OPTION_TICKER),
        option(f"tickers.{OPTION}", {**OPTION_TICKER, "bidPrice": "0", "bidSize": "0", "bidIv": "0"}, time=T0 + 100),
        wire({"args": ["1672916271846"], "op": "pong"}),
    )


SESSIONS = {"bybit-linear": linear, "bybit-inverse": inverse, "bybit-spot": spot, "bybit-option": options}
