"""Symbols to Nautilus instrument ids, and exchangeInfo answers to instrument definitions.

Comes in: a venue symbol, a parsed exchangeInfo. Goes out: ``BTCUSDT-PERP.BINANCE`` and definition dicts whose decimals
are text without trailing zeros. Left out: symbols without a price or size filter, without a contract type yet.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.reference import wire
from tests.reference.wire import Obj, Reject

PERPETUAL = {"PERPETUAL", "TRADIFI_PERPETUAL", "PERPETUAL_DELIVERING", "PERPETUAL DELIVERING"}
UNITS = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY", "w": "WEEK", "M": "MONTH"}
NANOS = {"s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9, "w": 604_800 * 10**9}
INTERVALS = "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M".split()


def instrument_id(feed: str, symbol: str) -> str:
    """The id as Nautilus's Python adapter makes it."""
    symbol = symbol.upper()
    if feed == "binance-spot" or symbol[-1].isdigit():
        return f"{symbol}.BINANCE"
    if symbol.endswith("_PERP"):
        return f"{symbol.replace('_', '-')}.BINANCE"
    return f"{symbol}-PERP.BINANCE"


def bar_type(instrument: str, interval: str) -> str:
    """The bar type of a kline interval."""
    if interval not in INTERVALS:
        raise Reject("interval", interval)
    return f"{instrument}-{interval[:-1]}-{UNITS[interval[-1]]}-LAST-EXTERNAL"


def close_ns(open_ns: int, interval: str) -> int:
    """The exact close of a bar: open + interval, months by the calendar."""
    step, unit = int(interval[:-1]), interval[-1]
    if unit != "M":
        return open_ns + step * NANOS[unit]
    start = datetime.fromtimestamp(open_ns // 10**9, UTC)
    months = start.year * 12 + start.month - 1 + step
    end = start.replace(year=months // 12, month=months % 12 + 1)
    return int(end.timestamp()) * 10**9 + open_ns % 10**9


def definitions(feed: str, info: Obj, ts: int) -> list[dict[str, Any]]:
    """The definitions of all usable symbols of an exchangeInfo answer."""
    out = []
    for symbol in wire.need(info, "symbols"):
        made = _definition(feed, wire.checked(symbol), ts)
        if made is not None:
            out.append(made)
    return out


def _limit(value: Any) -> str | None:
    number = wire.decimal(value) if value is not None else Decimal(0)
    return wire.plain(number) if number > 0 else None  # zero: the rule is off


def _millis(value: Any) -> int | None:
    return int(value) * 1_000_000 if value else None


def _definition(feed: str, symbol: Obj, ts: int) -> dict[str, Any] | None:
    filters = {entry["filterType"]: entry for entry in symbol.get("filters", [])}
    prices, sizes = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    if prices is None or sizes is None:
        return None
    tick, step = wire.decimal(prices["tickSize"]), wire.decimal(sizes["stepSize"])
    if tick <= 0 or step <= 0:
        return None
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    # Of 2020 and before: USD-M had perpetuals alone, and did not say so.
    kind = symbol.get("contractType", "PERPETUAL" if feed == "binance-usdm" else "")
    if feed == "binance-spot":
        name = "CurrencyPair"
    elif not kind:
        return None
    else:
        name = "CryptoPerpetual" if kind in PERPETUAL else "CryptoFuture"
    spot, inverse = name == "CurrencyPair", feed == "binance-coinm"
    base, quote = symbol["baseAsset"], symbol["quoteAsset"]
    return {
        "class": name,
        "instrument_id": instrument_id(feed, symbol["symbol"]),
        "raw_symbol": symbol["symbol"],
        "base": base,
        "quote": quote,
        "settlement": None if spot else symbol.get("marginAsset", quote),
        "is_inverse": inverse,
        "price_precision": wire.places(tick),
        "size_precision": wire.places(step),
        "price_increment": wire.plain(tick),
        "size_increment": wire.plain(step),
        "multiplier": str(symbol["contractSize"]) if inverse else "1",
        "min_price": _limit(prices.get("minPrice")),
        "max_price": _limit(prices.get("maxPrice")),
        "min_quantity": _limit(sizes.get("minQty")),
        "max_quantity": _limit(sizes.get("maxQty")),
        "min_notional": _limit(notional.get("minNotional", notional.get("notional"))),
        "max_notional": _limit(notional.get("maxNotional")),
        "activation_ns": None if spot else _millis(symbol.get("onboardDate")),
        "expiration_ns": _millis(symbol.get("deliveryDate")) if name == "CryptoFuture" else None,
        "underlying": base if name == "CryptoFuture" else None,
        "ts_ns": ts,
    }
