"""Binance messages to rows: spot, USD-M and COIN-M, streams and REST answers.

Comes in: a frame of a session. Goes out: parts of that frame; rows go to the session. Refused, by ``Reject``: what
``wire.py`` refuses, and a frame that is no object or array. The venue's page is the source of every rule here.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.reference import wire
from tests.reference.book import Event
from tests.reference.instruments import bar_type, close_ns, definitions, instrument_id
from tests.reference.session import Frame, Part, Session
from tests.reference.wire import MISSING, Obj, Reject

IGNORED = {"24hrTicker", "24hrMiniTicker", "1hTicker", "4hTicker", "1dTicker", "avgPrice", "referencePrice"}
IGNORED |= {
    "serverShutdown",
    "contractInfo",
    "assetIndexUpdate",
    "compositeIndex",
    "continuous_kline",
    "blockTrade",
}
PARTIAL = re.compile(r"@depth(5|10|20)(@|$)")


def read_frame(session: Session, frame: Frame) -> None:
    """Reads one frame and adds its parts."""
    item = frame.item
    document = wire.parse(item.body)
    url = item.url if item.kind == "rest" else ""
    if item.kind == "rest" and isinstance(document, (Obj, list)):
        frame.parts.extend(_rest(session, frame, document, url))
    else:
        frame.parts.extend(_stream(session, frame, document))


def _stream(session: Session, frame: Frame, document: Any) -> list[Part]:
    channel = ""
    if isinstance(document, Obj) and "stream" in document and "data" in document:
        wrapper = wire.checked(document)
        channel, document = wire.text(wrapper, "stream"), wrapper["data"]
    if isinstance(document, list):
        return [_guarded(session, frame, entry, channel) for entry in document]
    if not isinstance(document, Obj):
        raise Reject("type", "not an object")
    return [_guarded(session, frame, document, channel)]


def _guarded(session: Session, frame: Frame, entry: Any, channel: str) -> Part:
    """One independent item: a row, or a reject of its own."""
    try:
        return _message(session, frame, wire.checked(entry), channel)
    except Reject as reject:
        return Part("rejected", reason=str(reject))


def _message(session: Session, frame: Frame, obj: Obj, channel: str) -> Part:
    ts, feed = frame.item.ts, session.feed
    if "e" not in obj:
        return _untyped(session, frame, obj, channel)
    kind = wire.text(obj, "e")
    if kind in ("trade", "aggTrade"):
        return _trade(session, obj, ts, kind)
    if kind == "bookTicker":
        return _quote(session, obj, ts)
    if kind == "depthUpdate":
        instrument = instrument_id(feed, wire.text(obj, "s"))
        event = _event(obj, "b", "a", wire.unsigned(obj, "u"), ts)
        if PARTIAL.search(channel):
            return session.partial(instrument, _depth_channel(channel), event, _depth10(instrument, event))
        event.first = wire.unsigned(obj, "U")
        previous = -1 if feed == "binance-spot" else wire.integer(obj, "pu")
        event.previous = previous if previous >= 0 else None
        return session.book_event(instrument, _depth_channel(channel), event, snapshot=False)
    if kind == "kline":
        return _kline(session, obj, ts, channel)
    if kind == "markPriceUpdate":
        return _mark(session, obj, ts)
    if kind == "indexPriceUpdate":
        index = f"{wire.text(obj, 'i')}.BINANCE"
        row = _value("index_price", index, wire.mark(wire.need(obj, "p")), wire.event_ns(obj, "E"), ts)
        return session.emit("index_price", [row], ("index_price", index), row["ts_event"])
    if kind == "forceOrder":
        return _liquidation(session, wire.checked(wire.need(obj, "o")), ts)
    if kind not in IGNORED:
        session.unknown[kind] += 1
    return Part("control")


def _untyped(session: Session, frame: Frame, obj: Obj, channel: str) -> Part:
    """A message without ``e``: told by its keys."""
    ts = frame.item.ts
    if "lastUpdateId" in obj:
        symbol = channel.split("@")[0] or frame.item.symbol or str(obj.get("symbol", ""))
        if PARTIAL.search(channel):
            instrument = instrument_id(session.feed, symbol)
            event = _event(obj, "bids", "asks", wire.unsigned(obj, "lastUpdateId"), ts)
            return session.partial(instrument, _depth_channel(channel), event, _depth10(instrument, event))
        return _snapshot(session, obj, symbol, ts)
    if {"u", "s", "b", "a"} <= set(obj):
        return _quote(session, obj, ts)
    if isinstance(obj.get("symbols"), list):
        return _definitions(session, obj, ts)
    if "openInterest" in obj:
        return _open_interest(session, obj, ts)
    if "lastFundingRate" in obj:
        names = {
            "symbol": "s",
            "markPrice": "p",
            "indexPrice": "i",
            "lastFundingRate": "r",
            "nextFundingTime": "T",
            "time": "E",
        }
        return _mark(session, Obj({names[key]: value for key, value in obj.items() if key in names}), ts)
    if "fundingRate" in obj:
        return _paid(session, obj, ts)
    # Answers of the API over a socket have a status, and do not say what they are of.
    acknowledges = {"result", "id"} <= set(obj) and not ("status" in obj and isinstance(obj["result"], (Obj, list)))
    if not (acknowledges or "code" in obj or "error" in obj):
        session.unknown[channel.partition("@")[2] or "?"] += 1
    return Part("control")


def _rest(session: Session, frame: Frame, document: Any, url: str) -> list[Part]:
    """An answer whose URL names the endpoint, the symbol, the interval."""
    split = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(split.query).items()}
    endpoint, ts = split.path.rsplit("/", 1)[-1], frame.item.ts
    symbol = query.get("symbol", "") or frame.item.symbol
    if isinstance(document, Obj):
        if "lastUpdateId" in document:
            snapshot = wire.checked(document)
            return [_snapshot(session, snapshot, symbol or str(snapshot.get("symbol", "")), ts)]
        return [_guarded(session, frame, document, "")]
    if endpoint in ("premiumIndex", "fundingRate"):
        return [_guarded(session, frame, wire.checked(entry), "") for entry in document]
    readers = {"trades": _rest_trade, "historicalTrades": _rest_trade, "aggTrades": _rest_aggregate}
    if endpoint not in readers and endpoint != "klines":
        session.unknown[endpoint] += 1
        return [Part("control")]
    parts = []
    for entry in document:
        try:
            if not symbol:
                raise Reject("missing", "symbol")
            if endpoint == "klines":
                parts.append(_rest_kline(session, entry, symbol, query.get("interval", ""), ts))
            else:
                parts.append(readers[endpoint](session, wire.checked(entry), symbol, ts))
        except Reject as reject:
            parts.append(Part("rejected", reason=str(reject)))
    return parts


# --- trades -----------------------------------------------------------------------------------------------------------


def _trade(session: Session, obj: Obj, ts: int, kind: str) -> Part:
    raw = kind == "trade"
    if raw and "X" in obj and wire.text(obj, "X") in ("INSURANCE_FUND", "ADL", "NA"):
        return Part("control")  # met no order of the book
    # The earliest USD-M aggregates had no number of their own: the last fill's stands for it.
    key = "t" if raw else "a" if "a" in obj or session.feed != "binance-usdm" else "l"
    given = str(wire.unsigned(obj, key))
    row = _trade_row(session, obj, wire.text(obj, "s"), given, ("p", "q", "m"), ("T", "E"), ts)
    return session.trade("raw" if raw else "aggregate", row)


def _rest_trade(session: Session, obj: Obj, symbol: str, ts: int) -> Part:
    given = str(wire.unsigned(obj, "id"))
    return session.trade(
        "raw", _trade_row(session, obj, symbol, given, ("price", "qty", "isBuyerMaker"), ("time",), ts)
    )


def _rest_aggregate(session: Session, obj: Obj, symbol: str, ts: int) -> Part:
    given = str(wire.unsigned(obj, "a"))
    return session.trade("aggregate", _trade_row(session, obj, symbol, given, ("p", "q", "m"), ("T",), ts))


def _trade_row(
    session: Session,
    obj: Obj,
    symbol: str,
    given: str | None,
    keys: tuple[str, str, str],
    times: tuple[str, ...],
    ts: int,
) -> dict[str, Any]:
    price, size, maker = keys
    ts_event = wire.event_ns(obj, *times)
    return {
        "type": "trade",
        "instrument_id": instrument_id(session.feed, symbol),
        "price": wire.price(wire.need(obj, price)),
        "size": wire.traded(wire.need(obj, size)),
        "aggressor_side": "SELLER" if wire.boolean(obj, maker) else "BUYER",
        "trade_id": given,
        "ts_event": ts_event,
        "ts_init": ts or ts_event,
    }


# --- quotes and books -------------------------------------------------------------------------------------------------


def _quote(session: Session, obj: Obj, ts: int) -> Part:
    update = wire.unsigned(obj, "u")
    ts_event = wire.event_ns(obj, "T", "E", otherwise=ts)
    row = {
        "type": "quote",
        "instrument_id": instrument_id(session.feed, wire.text(obj, "s")),
        "bid_price": wire.side_price(wire.need(obj, "b")),
        "ask_price": wire.side_price(wire.need(obj, "a")),
        "bid_size": wire.side_size(wire.need(obj, "B")),
        "ask_size": wire.side_size(wire.need(obj, "A")),
        "ts_event": ts_event,
        "ts_init": ts or ts_event,
    }
    return session.quote(row, update)


def _levels(value: Any) -> list[tuple[Any, Any]]:
    if not isinstance(value, list):
        raise Reject("type", "levels")
    out = []
    for entry in value:
        if not isinstance(entry, list) or len(entry) < 2:
            raise Reject("type", "level")
        out.append((wire.price(entry[0]), wire.size(entry[1])))
    return out


def _event(obj: Obj, bids: str, asks: str, last: int, ts: int) -> Event:
    ts_event = wire.event_ns(obj, "T", "E", otherwise=ts)
    return Event(last, last, None, _levels(wire.need(obj, bids)), _levels(wire.need(obj, asks)), ts_event, ts)


def _snapshot(session: Session, obj: Obj, symbol: str, ts: int) -> Part:
    if not symbol:
        raise Reject("missing", "symbol")
    last = wire.integer(obj, "lastUpdateId")
    if last < 0:
        return Part("control")  # a book just listed: nothing stands in it yet
    event = _event(obj, "bids", "asks", last, ts)
    return session.book_event(instrument_id(session.feed, symbol), "rest", event, snapshot=True)


def _depth_channel(channel: str) -> str:
    return channel.partition("@")[2] or "depth"


def _depth10(instrument: str, event: Event) -> dict[str, Any]:
    bids = sorted(event.bids, reverse=True)[:10]
    asks = sorted(event.asks)[:10]
    return {
        "type": "depth10",
        "instrument_id": instrument,
        "bids": bids,
        "asks": asks,
        "bid_counts": [1] * len(bids) + [0] * (10 - len(bids)),
        "ask_counts": [1] * len(asks) + [0] * (10 - len(asks)),
        "flags": 160,
        "sequence": event.last,
        "ts_event": event.ts_event,
        "ts_init": event.ts or event.ts_event,
    }


# --- bars -------------------------------------------------------------------------------------------------------------


def _kline(session: Session, obj: Obj, ts: int, channel: str) -> Part:
    bar = wire.checked(wire.need(obj, "k"))
    if not wire.boolean(bar, "x"):
        return Part("control")  # open still
    symbol, interval = wire.text(obj, "s"), wire.text(bar, "i")
    values = [wire.need(bar, key) for key in "ohlcv"]
    zone = channel.split("@")[2] if channel.count("@") > 1 else ""
    return _bar(session, symbol, interval, wire.time_ns(wire.need(bar, "t")), values, ts, zone)


def _rest_kline(session: Session, entry: Any, symbol: str, interval: str, ts: int) -> Part:
    if not isinstance(entry, list) or len(entry) < 6:
        raise Reject("type", "kline")
    opened = wire.time_ns(entry[0])
    bar_type("", interval)
    if ts and close_ns(opened, interval) > ts:
        return Part("control")  # the last of an answer is open still
    return _bar(session, symbol, interval, opened, entry[1:6], ts)


def _bar(session: Session, symbol: str, interval: str, opened: int, values: list[Any], ts: int, zone: str = "") -> Part:
    kind = bar_type(instrument_id(session.feed, symbol), interval)
    # Of eight hours ahead (the one that streams have) shorter bars are the same: the bar type cannot tell the others.
    clock = zone if interval in ("6h", "12h", "1d", "3d", "1w", "1M") else ""
    if session.clocks.setdefault(kind, clock) != clock:
        return Part("unselected")
    ts_event = close_ns(opened, interval)
    row = {
        "type": "bar",
        "instrument_id": instrument_id(session.feed, symbol),
        "bar_type": kind,
        **{name: wire.price(value) for name, value in zip(("open", "high", "low", "close"), values, strict=False)},
        "volume": wire.size(values[4]),
        "ts_event": ts_event,
        "ts_init": ts or ts_event,
    }
    if not row["low"] <= min(row["open"], row["close"]) <= max(row["open"], row["close"]) <= row["high"]:
        raise Reject("bar", "high and low do not hold open and close")
    return session.emit("bar", [row], ("bar", kind), ts_event)


# --- the rest ---------------------------------------------------------------------------------------------------------


def _value(kind: str, instrument: str, value: Any, ts_event: int, ts: int) -> dict[str, Any]:
    return {
        "type": kind,
        "instrument_id": instrument,
        "value": value,
        "ts_event": ts_event,
        "ts_init": ts or ts_event,
    }


def _mark(session: Session, obj: Obj, ts: int) -> Part:
    instrument, ts_event = instrument_id(session.feed, wire.text(obj, "s")), wire.event_ns(obj, "E")
    rows = [_value("mark_price", instrument, wire.mark(wire.need(obj, "p")), ts_event, ts)]
    if "i" in obj:
        rows.append(_value("index_price", instrument, wire.mark(obj["i"]), ts_event, ts))
    rate, following = obj.get("r", MISSING), obj.get("T", 0)
    if rate is not MISSING and rate != "" and following != 0:
        row = _value("funding_rate", instrument, None, ts_event, ts)
        del row["value"]
        row |= {"rate": wire.decimal(rate), "interval": None, "next_funding_ns": wire.time_ns(following)}
        rows.append(row)
    return session.emit("mark_price", rows, ("mark", instrument), ts_event)


def _paid(session: Session, obj: Obj, ts: int) -> Part:
    """A rate of an answer of `fundingRate`."""
    instrument, ts_event = instrument_id(session.feed, wire.text(obj, "symbol")), wire.event_ns(obj, "fundingTime")
    row = _value("funding_rate", instrument, None, ts_event, ts)
    del row["value"]
    row |= {"rate": wire.decimal(wire.need(obj, "fundingRate")), "interval": None, "next_funding_ns": None}
    return session.emit("funding_rate", [row], ("paid", instrument), ts_event)


def _liquidation(session: Session, order: Obj, ts: int) -> Part:
    side = wire.text(order, "S")
    if side not in ("BUY", "SELL"):
        raise Reject("side", side)
    ts_event = wire.event_ns(order, "T")
    row = {
        "type": "liquidation",
        "instrument_id": instrument_id(session.feed, wire.text(order, "s")),
        "side": side,
        "price": wire.plain(wire.price(wire.need(order, "p"))),
        "average_price": wire.plain(wire.size(order["ap"])) if "ap" in order else "",
        "size": wire.plain(wire.size(order["z"] if "z" in order else wire.need(order, "q"))),
        "trade_id": "",
        "ts_event": ts_event,
        "ts_init": ts or ts_event,
    }
    value = (ts_event, side, row["price"], row["size"])
    return session.emit("liquidation", [row], ("liquidation", row["instrument_id"]), value)


def _open_interest(session: Session, obj: Obj, ts: int) -> Part:
    instrument = instrument_id(session.feed, wire.text(obj, "symbol"))
    ts_event = wire.event_ns(obj, "time", otherwise=ts)
    row = _value("open_interest", instrument, wire.plain(wire.size(wire.need(obj, "openInterest"))), ts_event, ts)
    row |= {"unit": "contracts" if session.feed == "binance-coinm" else "base", "value_quote": ""}
    return session.emit("open_interest", [row], ("open_interest", instrument), ts_event)


def _definitions(session: Session, obj: Obj, ts: int) -> Part:
    for made in definitions(session.feed, obj, ts):
        session.definitions[made["instrument_id"]] = made
    return Part("control")
