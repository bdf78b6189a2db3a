"""OKX frames written by hand from the documented layouts; every channel."""

import json
import zlib
from typing import Any

T0 = 1_780_000_000_000  # ms, 2026-05
NS = 1_000_000
SWAP, SPOT, OPTION = "BTC-USDT-SWAP", "BTC-USDT", "BTC-USD-260925-92000-C"

type Sides = tuple[list[list[str]], list[list[str]]]


def wire(message: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode()


def push(channel: str, *data: Any, instrument: str = SWAP, **more: Any) -> bytes:
    """A message of a channel."""
    return wire({"arg": {"channel": channel, "instId": instrument}, **more, "data": list(data)})


def levels(*pairs: tuple[str, str]) -> list[list[str]]:
    """Levels as sent: price, size, liquidated orders, orders."""
    return [[price, size, "0", "0" if float(size) == 0 else "3"] for price, size in pairs]


def crc(bids: list[list[str]], asks: list[list[str]]) -> int:
    """The venue's checksum of a book whose sides come best first."""
    parts = []
    for place in range(25):
        for side in (bids, asks):
            if place < len(side):
                parts += side[place][:2]
    value = zlib.crc32(":".join(parts).encode())
    return value - 2**32 if value >= 2**31 else value


def book(
    action: str,
    seq: int | None,
    previous: int | None,
    bids: list[list[str]],
    asks: list[list[str]],
    *,
    checksum: int = 0,
    channel: str = "books",
    instrument: str = SWAP,
    time: int = T0,
) -> bytes:
    """A message of a book channel; without numbers, as those of 2022, where they are None."""
    item: dict[str, Any] = {"asks": asks, "bids": bids, "ts": str(time), "checksum": checksum}
    if seq is not None:
        item |= {"seqId": seq, "prevSeqId": previous}
    return push(channel, item, instrument=instrument, action=action)


def top(channel: str, seq: int | None, bids: list[list[str]], asks: list[list[str]], *, time: int = T0) -> bytes:
    """A message of `books5` or `bbo-tbt`."""
    item: dict[str, Any] = {"asks": asks, "bids": bids, "ts": str(time)}
    if channel == "books5":
        item = {"asks": asks, "bids": bids, "instId": SWAP, "ts": str(time)}
    return push(channel, item | ({} if seq is None else {"seqId": seq}))


def trade(number: int, *, instrument: str = SWAP, time: int = T0, **more: Any) -> dict[str, Any]:
    """One fill, as `trades-all` and the answers have it."""
    item = {
        "instId": instrument, "tradeId": str(number), "px": "63913.40", "sz": "34.95",
        "side": "buy" if number % 2 else "sell", "ts": str(time),
    }  # fmt: skip
    return item | more


def ticker(*, bid: str = "63913.3", bid_size: str = "12", time: int = T0, instrument: str = SWAP) -> bytes:
    """A message of `tickers`."""
    item = {
        "instType": "SWAP", "instId": instrument, "last": "63913.4", "lastSz": "0.1", "askPx": "63913.4",
        "askSz": "845.1", "bidPx": bid, "bidSz": bid_size, "open24h": "1", "high24h": "2", "low24h": "1",
        "sodUtc0": "1", "sodUtc8": "1", "volCcy24h": "2222", "vol24h": "2222", "ts": str(time),
    }  # fmt: skip
    return push("tickers", item, instrument=instrument)


def candle(start: int, *, confirm: str | None = "1", bar: str = "1m", instrument: str = SWAP) -> bytes:
    """A message of `candle…`; without `confirm` as before 2022."""
    row = [str(start), "64040.2", "64050", "64025.7", "64033.5", "2.16787395", "138825.265446816"]
    return push(f"candle{bar}", row + ([] if confirm is None else ["138825.2", confirm]), instrument=instrument)


def funding(rate: str, *, time: int = T0, **more: Any) -> bytes:
    """A message of `funding-rate`."""
    item = {
        "formulaType": "withRate", "fundingRate": rate, "fundingTime": str(T0 + 3_600_000), "impactValue": "20000",
        "instId": SWAP, "instType": "SWAP", "interestRate": "0.0001", "maxFundingRate": "0.00375",
        "method": "current_period", "minFundingRate": "-0.00375", "nextFundingRate": "",
        "nextFundingTime": str(T0 + 32_400_000), "premium": "0.0001233824646391",
        "prevFundingTime": str(T0 - 25_200_000), "settFundingRate": "0.0001233824646391", "settState": "settled",
        "ts": str(time),
    }  # fmt: skip
    return push("funding-rate", {key: value for key, value in (item | more).items() if value is not None})


def liquidations(*orders: dict[str, Any], instrument: str = "XRP-USD-260925") -> bytes:
    """A message of `liquidation-orders`."""
    item = {"details": list(orders), "instFamily": "XRP-USD", "instId": instrument, "instType": "FUTURES"}
    return wire({"arg": {"channel": "liquidation-orders", "instType": "FUTURES"}, "data": [item | {"uly": "XRP-USD"}]})


def forced(price: str, size: str, side: str = "buy", *, time: int = T0) -> dict[str, Any]:
    """One forced order."""
    position = "short" if side == "buy" else "long"
    return {"bkLoss": "0", "bkPx": price, "ccy": "", "posSide": position, "side": side, "sz": size, "ts": str(time)}


def greeks(*, instrument: str = OPTION, time: int = T0, **more: str) -> bytes:
    """A message of `opt-summary`."""
    item = {
        "instType": "OPTION", "instId": instrument, "uly": "BTC-USD", "delta": "0.7494223636", "gamma": "-0.6765419039",
        "vega": "0.0001", "theta": "-0.0000809873", "lever": "10.2", "markVol": "0.7872", "bidVol": "",
        "askVol": "0.86", "realVol": "", "deltaBS": "0.7494223636", "gammaBS": "0.0000226332", "thetaBS": "-28.2649858387",
        "vegaBS": "0.0000018", "ts": str(time), "volLv": "0.78", "fwdPx": "61234.5",
    }  # fmt: skip
    return wire({"arg": {"channel": "opt-summary", "instFamily": "BTC-USD"}, "data": [item | more]})


def definition(**more: str) -> dict[str, Any]:
    """One object of `instruments`: a linear swap."""
    item: dict[str, Any] = {
        "alias": "", "auctionEndTime": "", "baseCcy": "", "category": "1", "contTdSwTime": "", "ctMult": "1",
        "ctType": "linear", "ctVal": "0.01", "ctValCcy": "BTC", "expTime": "", "futureSettlement": False,
        "instFamily": "BTC-USDT", "instId": SWAP, "instIdCode": 10459, "instType": "SWAP", "lever": "100",
        "listTime": "1573557408000", "lotSz": "0.01", "maxIcebergSz": "100000000.0000000000000000",
        "maxLmtAmt": "20000000", "maxLmtSz": "100000000", "maxMktAmt": "", "maxMktSz": "35000", "minSz": "0.01",
        "optType": "", "quoteCcy": "", "ruleType": "normal", "settleCcy": "USDT", "state": "live", "stk": "",
        "tickSz": "0.1", "uly": "BTC-USDT",
    }  # fmt: skip
    return item | more


def instruments(*items: dict[str, Any], kind: str = "SWAP") -> bytes:
    """A message of `instruments`."""
    return wire({"arg": {"channel": "instruments", "instType": kind}, "data": list(items)})


def _stamped(*messages: bytes) -> list[tuple[bytes, int]]:
    return [(message, (T0 + 10_000_000 + 10 * index) * NS) for index, message in enumerate(messages)]


BIDS = levels(("63913.30", "1.5"), ("63913.2", "2"))
ASKS = levels(("63913.4", "0.250"), ("63914", "3"))


def session() -> list[tuple[bytes, int]]:
    """A session of a swap and an option: each message, a hole, a reset, quiet times, repeats."""
    start = T0 - T0 % 60_000
    return _stamped(
        wire({"event": "subscribe", "arg": {"channel": "books", "instId": SWAP}, "connId": "503b4b32"}),
        book("update", 95, 90, BIDS, [], time=T0 - 20),  # before any snapshot
        book("snapshot", 100, -1, BIDS, ASKS, time=T0),
        book("update", 107, 100, levels(("63913.30", "0"), ("63913.1", "7")), [], time=T0 + 10),
        book("update", 107, 100, levels(("63913.30", "0"), ("63913.1", "7")), [], time=T0 + 10),  # again
        book("update", 107, 107, [], [], time=T0 + 60_010),  # nothing for a minute
        book("update", 119, 107, levels(("63913.2", "2.5")), levels(("63914", "0"), ("63914.50", "1")), time=T0 + 60_020),
        book("update", 3, 119, levels(("63913.0", "1")), [], time=T0 + 60_030),  # numbers begin anew
        book("update", 5, 3, levels(("63913.0", "0.0")), [], time=T0 + 60_040),
        book("update", 12, 9, levels(("63913.2", "3")), [], time=T0 + 60_060),  # 9 is lost
        book("update", 14, 12, levels(("63913.2", "4")), [], time=T0 + 60_070),
        book("snapshot", 14, -1, BIDS, ASKS, time=T0 + 60_075),
        book("update", 15, 14, [], levels(("63913.4", "9")), time=T0 + 60_080),
        book("snapshot", 8, -1, BIDS, ASKS, time=T0 + 60_050),  # late: older than what stands
        book("snapshot", 2, -1, BIDS[:1], [], time=T0 + 60_200),  # after maintenance
        book("update", 4, 2, [], ASKS, channel="books50-l2-tbt", time=T0 + 60_200),  # another book of it
        push("trades", trade(130, count="3", source="0", seqId=333), trade(131, count="1", source="1", seqId=333)),
        push("trades", trade(131, count="1", source="1", seqId=333)),
        push("trades-all", trade(128), trade(129, px="0.00000009461", sz="12345678901.5"), instrument=SWAP),
        push("trades", trade(140, count="5")),  # fills are told singly by now
        push("trades-all", trade(2**64 + 5, side="sell"), trade(7, tradeId="007")),
        push("trades", trade(10, instrument=SPOT), instrument=SPOT),  # of 2022: not counted
        ticker(),
        ticker(time=T0 + 100),  # the same
        ticker(bid="", bid_size="", time=T0 + 200),
        ticker(bid="63913.2", time=T0 + 300),
        top("bbo-tbt", 501, BIDS[:1], ASKS[:1], time=T0),
        top("bbo-tbt", 501, BIDS[:1], ASKS[:1], time=T0 + 60_000),  # nothing for a minute
        top("bbo-tbt", 502, BIDS[1:], ASKS[:1], time=T0 + 60_010),
        top("bbo-tbt", 499, BIDS[1:], ASKS[:1], time=T0 + 10),  # late
        top("bbo-tbt", 2, BIDS[1:], ASKS[1:], time=T0 + 60_020),  # numbers begin anew
        top("bbo-tbt", 3, [], ASKS[1:], time=T0 + 60_030),
        ticker(bid="63913.1", time=T0 + 400),  # quotes come by bbo-tbt now
        top("books5", 601, BIDS, ASKS, time=T0),
        top("books5", 601, BIDS, ASKS, time=T0),
        top("books5", 620, BIDS[:1], [], time=T0 + 100),
        top("books5", None, BIDS, ASKS, time=T0 + 200),
        candle(start, confirm="0"),
        candle(start),
        candle(start),
        candle(start, confirm=None),
        candle(start, bar="4H"),
        candle(T0 - T0 % 86_400_000, bar="1Dutc"),
        candle(T0 - T0 % 86_400_000 + 57_600_000, bar="1D"),  # the other clock's
        candle(1_777_564_800_000, bar="1M", instrument=SPOT),  # May of 2026 in Hong Kong
        push("mark-price", {"instId": SWAP, "instType": "SWAP", "markPx": "63913.1", "ts": str(T0)}),
        push("mark-price", {"instType": "OPTION", "instId": OPTION, "markPx": "3.80057642189044085", "ts": str(T0)}, instrument=OPTION),
        push("mark-price", {"instType": "OPTION", "instId": OPTION, "markPx": "", "ts": str(T0 + 1)}, instrument=OPTION),
        push(
            "index-tickers",
            {"instId": SPOT, "idxPx": "63920.5", "open24h": "1", "high24h": "2", "low24h": "1", "sodUtc0": "1",
             "sodUtc8": "1", "ts": str(T0)},
            instrument=SPOT,
        ),
        funding("0.0001233824646391"),
        funding("", time=T0 + 1),
        funding("-0.00002", time=T0 + 2, nextFundingTime=None),
        funding("0.00003", ts=None),  # of 2021
        liquidations(forced("0.55205", "39"), forced("0.55205", "39"), forced("0.6", "1.5", "sell")),
        liquidations(),
        push("open-interest", {"instId": SWAP, "instType": "SWAP", "oi": "5000.10", "oiCcy": "555.55", "oiUsd": "50000", "ts": str(T0)}),
        greeks(),
        greeks(deltaBS="", time=T0 + 1),
        instruments(definition()),
        instruments(definition()),
        instruments(definition(state="suspend")),
        push("price-limit", {"buyLmt": "1", "instId": SWAP, "sellLmt": "2", "ts": str(T0), "enabled": True}),
        wire({"arg": {"channel": "status"}, "data": [{"title": "upgrade", "state": "scheduled", "ts": str(T0)}]}),
        push("mark-price-candle1m", [str(start), "1", "2", "1", "2", "1"]),
        push("great-news", {"instId": SWAP}),
        wire({"event": "error", "code": "60012", "msg": "Invalid request", "connId": "a4d3ae55"}),
        wire({"event": "channel-conn-count", "channel": "orders", "connCount": "2", "connId": "abcd1234"}),
        wire({"event": "notice", "code": "64008", "msg": "upgrade", "connId": "a4d3ae55"}),
        wire({"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"}),
        wire({"id": "1512", "op": "order", "code": "1", "msg": "", "data": [{"sCode": "51000"}]}),
        b"pong",
        wire({"code": "0", "msg": "", "data": [trade(201, instrument=SPOT), trade(200, instrument=SPOT, time=T0 - 1)]}),
        wire({"code": "50011", "msg": "Too Many Requests", "data": []}),
    )  # fmt: skip


def proven() -> list[tuple[bytes, int]]:
    """Books of 2022: no numbers, a checksum over the texts as sent; one that is wrong, then a new snapshot."""
    bids, asks = levels(("100.10", "1.50"), ("100", "2")), levels(("100.2", "0.250"), ("101.0", "3"))
    fewer = [bids[0], ["99.5", "7", "0", "1"]]
    return _stamped(
        book("update", None, None, bids, [], checksum=1, instrument=SPOT, time=T0 - 5),  # before any snapshot
        book("snapshot", None, None, bids, asks, checksum=crc(bids, asks), instrument=SPOT, time=T0),
        book("update", None, None, levels(("100", "0"), ("99.5", "7")), [], checksum=crc(fewer, asks), instrument=SPOT, time=T0 + 1),
        book("update", None, None, [], [], checksum=crc(fewer, asks), instrument=SPOT, time=T0 + 2),
        book("update", None, None, levels(("99", "1")), [], instrument=SPOT, time=T0 + 3),  # not said: taken
        book("update", None, None, levels(("98", "1")), [], checksum=crc(fewer, asks), instrument=SPOT, time=T0 + 4),
        book("update", None, None, levels(("99", "0")), [], checksum=crc(fewer, asks), instrument=SPOT, time=T0 + 5),
        book("snapshot", None, None, bids, asks, checksum=crc(asks, bids), instrument=SPOT, time=T0 + 6),  # wrong too
        book("snapshot", None, None, bids, asks, checksum=crc(bids, asks), instrument=SPOT, time=T0 + 7),
        book("update", None, None, levels(("100", "2.0")), [], checksum=crc([bids[0], ["100", "2.0"]], asks), instrument=SPOT, time=T0 + 8),
        book("snapshot", 100, -1, bids, asks, checksum=crc(bids, asks)),
        book("update", 102, 100, levels(("100", "0")), [], checksum=crc(bids[:1], asks), time=T0 + 1),
        book("update", 105, 102, levels(("100.0", "5")), [], checksum=7, time=T0 + 2),
        book("update", 106, 105, levels(("100.0", "6")), [], checksum=crc([bids[0], ["100.0", "6"]], asks), time=T0 + 3),
        book("snapshot", 105, -1, bids, asks, checksum=crc(bids, asks), time=T0 + 2),
        book("update", 107, 106, [], asks[:1], checksum=0, time=T0 + 4),
        push("trades", trade(1, instrument=SPOT), instrument=SPOT),
    )  # fmt: skip


SESSIONS = {"session": session, "proven": proven}
