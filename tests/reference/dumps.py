"""Dumps to rows, slowly: the csv module and ``Decimal``, one function a format.

Comes in: the text of one file or of several of one format, in the order of their first receive times. Goes out: rows
by (type, Nautilus id) in the order a catalog has them, repeats left out. Refused, by ``Reject``: a row that cannot be
read; ``Conflict`` where two rows of one number differ.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tests.reference.wire import FIRST_NS, LAST_NS, MAX_PRICE, MAX_SIZE, Reject

Row = dict[str, Any]
Rows = dict[tuple[str, str], list[Row]]
Line = dict[str, str]


class Conflict(Exception):
    """Two rows of one number that differ."""


def lines(text: str, names: list[list[str]]) -> Iterator[Line]:
    """The rows of a table by column name; ``names`` are the layouts of files without a header, by width."""
    text = text.removeprefix("\ufeff")
    table = [row for row in csv.reader(io.StringIO(text)) if row]
    if not table:
        return
    if table[0][0][:1].isdigit():
        header = next(layout for layout in names if len(layout) == len(table[0]))
    else:
        header = table.pop(0)
    for row in table:
        if len(row) != len(header):
            raise Reject("fields", row)
        yield dict(zip(header, row, strict=True))


def pick(line: Line, *names: str) -> str:
    """The value of the first of these columns that the file has."""
    return next((line[name] for name in names if name in line), "")


def decimal(text: str) -> Decimal:
    """A finite decimal."""
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise Reject("number", text) from error
    if not value.is_finite() or text != text.strip() or "_" in text:
        raise Reject("number", text)
    return value


def price(text: str) -> Decimal:
    """A positive price."""
    value = decimal(text)
    if not 0 < value <= MAX_PRICE:
        raise Reject("price", text)
    return value


def size(text: str, *, zero: bool = False) -> Decimal:
    """A size."""
    value = decimal(text)
    if value < 0 or value > MAX_SIZE or (value == 0 and not zero):
        raise Reject("size", text)
    return value


def plausible(ns: int) -> int:
    """A time in 2009 to 2100."""
    if not FIRST_NS <= ns < LAST_NS:
        raise Reject("time", ns)
    return ns


def integer(text: str) -> int:
    """A whole number without a sign."""
    if not (text.isascii() and text.isdigit()):
        raise Reject("integer", text)
    return int(text)


def epoch(text: str) -> int:
    """Milliseconds, or microseconds where the number is as large, in ns."""
    value = integer(text)
    return plausible(value * (1_000 if value >= 10**14 else 1_000_000))


def boolean(text: str) -> bool:
    """A truth value."""
    if text.lower() not in ("true", "false", "1", "0"):
        raise Reject("boolean", text)
    return text.lower() in ("true", "1")


def numbered(rows: Iterable[tuple[int, Row]], *, elsewhere: bool) -> list[Row]:
    """Rows by (time, number), each number once; ``elsewhere``: it may not come at another time either."""
    kept: dict[Any, Row] = {}
    for number, row in rows:
        key = number if elsewhere else (number, row["ts_init"])
        if kept.setdefault(key, row) != row:
            raise Conflict(number)
    order = sorted(kept.items(), key=lambda item: (item[1]["ts_init"], item[0] if elsewhere else item[0][0]))
    return [row for _, row in order]


# --- Binance public data ------------------------------------------------------------------------------------------

TRADES = [
    ["id", "price", "qty", "quote_qty", "time", "is_buyer_maker", "is_best_match"],
    ["id", "price", "qty", "quote_qty", "time", "is_buyer_maker"],
]
AGG_TRADES = [
    ["agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker", "best"],
    ["agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"],
]
KLINES = [
    [
        "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
        "taker_buy_volume", "taker_buy_quote_volume", "ignore",
    ]
]  # fmt: skip
INTERVALS = {
    1: "1-SECOND", 60: "1-MINUTE", 180: "3-MINUTE", 300: "5-MINUTE", 900: "15-MINUTE", 1800: "30-MINUTE",
    3600: "1-HOUR", 7200: "2-HOUR", 14400: "4-HOUR", 21600: "6-HOUR", 28800: "8-HOUR", 43200: "12-HOUR",
    86400: "1-DAY", 259200: "3-DAY", 604800: "1-WEEK",
}  # fmt: skip


def instrument(product: str, symbol: str) -> str:
    """Nautilus's id of a Binance symbol."""
    if product == "spot":
        return f"{symbol}.BINANCE"
    if symbol.endswith("_PERP"):
        return f"{symbol[:-5]}-PERP.BINANCE"
    return f"{symbol}.BINANCE" if symbol[-1].isdigit() else f"{symbol}-PERP.BINANCE"


def binance_trades(texts: list[str], product: str, symbol: str, layouts: list[list[str]] = TRADES) -> Rows:
    """``trades``, and ``aggTrades`` with their layouts."""

    def rows() -> Iterator[tuple[int, Row]]:
        for text in texts:
            for line in lines(text, layouts):
                number = integer(pick(line, "id", "agg_trade_id"))
                ts = epoch(pick(line, "time", "transact_time"))
                maker = boolean(pick(line, "is_buyer_maker"))
                yield (
                    number,
                    {
                        "price": price(line["price"]),
                        "size": size(pick(line, "qty", "quantity")),
                        "aggressor_side": "SELLER" if maker else "BUYER",
                        "trade_id": str(number),
                        "ts_event": ts,
                        "ts_init": ts,
                    },
                )

    return {("trade", instrument(product, symbol)): numbered(rows(), elsewhere=True)}


def _close(line: Line) -> tuple[str, int]:
    """A kline's interval and the exact end of it."""
    unit = 1_000 if integer(line["close_time"]) >= 10**14 else 1_000_000
    start, end = epoch(line["open_time"]), epoch(line["close_time"]) + unit
    length = (end - start) // 10**9
    return INTERVALS.get(length, "1-MONTH"), end


def binance_klines(texts: list[str], product: str, symbol: str, price_type: str = "LAST") -> Rows:
    """``klines``, and ``markPriceKlines`` with the price type MARK."""
    id_ = instrument(product, symbol)
    rows: list[tuple[int, Row]] = []
    interval = ""
    for text in texts:
        for line in lines(text, KLINES):
            interval, end = _close(line)
            row: Row = {name: price(line[name]) for name in ("open", "high", "low", "close")}
            row |= {"volume": size(line["volume"], zero=True), "ts_event": end, "ts_init": end}
            rows.append((end, row))
    return {("bar", f"{id_}-{interval}-{price_type}-EXTERNAL"): numbered(rows, elsewhere=False)}


def binance_index_klines(texts: list[str], symbol: str) -> Rows:
    """``indexPriceKlines``: the close, when it is known."""
    rows: list[tuple[int, Row]] = []
    for text in texts:
        for line in lines(text, KLINES):
            _, end = _close(line)
            rows.append((end, {"value": decimal(line["close"]), "ts_event": end, "ts_init": end}))
    return {("index_price", f"{symbol}.BINANCE"): numbered(rows, elsewhere=False)}


def binance_book_ticker(texts: list[str], product: str, symbol: str) -> Rows:
    """``bookTicker``: no row where a side is empty."""
    rows: list[tuple[int, Row]] = []
    for text in texts:
        for line in lines(text, []):
            ts = epoch(line["transaction_time"])
            row: Row = {
                "bid_price": size(line["best_bid_price"], zero=True),
                "ask_price": size(line["best_ask_price"], zero=True),
                "bid_size": size(line["best_bid_qty"], zero=True),
                "ask_size": size(line["best_ask_qty"], zero=True),
                "ts_event": ts,
                "ts_init": ts,
            }
            if all(row.values()):
                rows.append((integer(line["update_id"]), row))
    return {("quote", instrument(product, symbol)): numbered(rows, elsewhere=False)}


def binance_funding_rate(texts: list[str], product: str, symbol: str) -> Rows:
    """``fundingRate``."""
    rows: list[tuple[int, Row]] = []
    for text in texts:
        for line in lines(text, []):
            ts = epoch(line["calc_time"])
            row = {
                "rate": decimal(line["last_funding_rate"]),
                "interval": 60 * integer(line["funding_interval_hours"]),
                "next_funding_ns": None,
                "ts_event": ts,
                "ts_init": ts,
            }
            rows.append((ts, row))
    return {("funding_rate", instrument(product, symbol)): numbered(rows, elsewhere=False)}


def binance_metrics(texts: list[str], product: str) -> Rows:
    """``metrics``: open interest; COIN-M's value is in base currency, so there is none in quote."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for text in texts:
        for line in lines(text, []):
            moment = datetime.strptime(line["create_time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            ts = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 10**9
            row = {
                "value": decimal(line["sum_open_interest"]),
                "unit": "contracts" if product == "cm" else "base",
                "value_quote": "" if product == "cm" else decimal(line["sum_open_interest_value"]),
                "ts_event": ts,
                "ts_init": ts,
            }
            found.setdefault(instrument(product, line["symbol"]), []).append((ts, row))
    return {("open_interest", id_): numbered(rows, elsewhere=False) for id_, rows in found.items()}


def binance_liquidations(texts: list[str], product: str, symbol: str) -> Rows:
    """``liquidationSnapshot``: the size filled, or what was ordered where nothing was."""
    rows: list[Row] = []
    for text in texts:
        for line in lines(text, []):
            ts = epoch(line["time"])
            filled = decimal(line["accumulated_fill_quantity"] or "0")
            row = {
                "side": line["side"],
                "price": decimal(line["price"]),
                "average_price": decimal(line["average_price"]),
                "size": filled or decimal(line["original_quantity"]),
                "trade_id": "",
                "ts_event": ts,
                "ts_init": ts,
            }
            if row not in rows:
                rows.append(row)
    return {("liquidation", instrument(product, symbol)): sorted(rows, key=lambda row: int(row["ts_init"]))}


# --- Bybit public files -------------------------------------------------------------------------------------------


def bybit_contract(symbol: str) -> str:
    """Nautilus's id of a contract: inverse where the quote is USD, a quarter's letter and year behind it or not."""
    plain = symbol[:-3] if symbol[-2:].isdigit() else symbol
    inverse = "-" not in symbol and plain.endswith("USD")
    return f"{symbol}-{'INVERSE' if inverse else 'LINEAR'}.BYBIT"


def seconds(text: str) -> int:
    """Seconds with a fraction, in ns."""
    if not text.replace(".", "", 1).isdigit():
        raise Reject("time", text)
    return plausible(int(Decimal(text).scaleb(9)))


def bybit_trades(texts: list[str]) -> Rows:
    """``trading``: rows of one time and id are one."""
    out: Rows = {}
    for text in texts:
        for line in lines(text, []):
            ts = seconds(line["timestamp"])
            row: Row = {
                "price": price(line["price"]),
                "size": size(line["size"]),
                "aggressor_side": {"Buy": "BUYER", "Sell": "SELLER"}[line["side"]],
                "trade_id": line["trdMatchID"],
                "ts_event": ts,
                "ts_init": ts,
            }
            held = out.setdefault(("trade", bybit_contract(line["symbol"])), [])
            if row not in held:
                held.append(row)
    return {key: sorted(rows, key=lambda row: int(row["ts_init"])) for key, rows in out.items()}


def bybit_spot_trades(texts: list[str], symbol: str) -> Rows:
    """``spot``: ids are made of what a trade says; each file is taken until it ends."""
    rows: list[Row] = []
    for text in texts:
        reach = max((int(row["ts_init"]) for row in rows), default=0)
        equals: dict[bytes, int] = {}
        message = 0
        for line in lines(text, []):
            ts = epoch(line["timestamp"])
            if ts != message:
                equals, message = {}, ts
            side = {"buy": 1, "sell": 2}[line["side"]]
            row: Row = {"price": price(line["price"]), "size": size(line["volume"]), "ts_event": ts, "ts_init": ts}
            row["aggressor_side"] = ["NO_AGGRESSOR", "BUYER", "SELLER"][side]
            row["trade_id"] = _made_id({"symbol": symbol}, row, side, equals)
            if ts > reach:
                rows.append(row)
    return {("trade", f"{symbol}-SPOT.BYBIT"): sorted(rows, key=lambda row: int(row["ts_init"]))}


def bybit_klines(texts: list[str], symbol: str, minutes: int) -> Rows:
    """``kline_for_metatrader4``: the open by a clock of UTC+3."""
    rows: list[tuple[int, Row]] = []
    for text in texts:
        for line in csv.reader(io.StringIO(text)):
            opened = datetime.strptime(line[0], "%Y.%m.%d %H:%M").replace(tzinfo=timezone(timedelta(hours=3)))
            end = int(opened.timestamp() + minutes * 60) * 10**9
            row: Row = dict(zip(("open", "high", "low", "close"), map(price, line[1:5]), strict=True))
            row |= {"volume": size(line[5], zero=True), "ts_event": end, "ts_init": end}
            rows.append((end, row))
    bar_type = f"{bybit_contract(symbol)}-{INTERVALS[minutes * 60]}-LAST-EXTERNAL"
    return {("bar", bar_type): numbered(rows, elsewhere=False)}


def bybit_spot_index(texts: list[str]) -> Rows:
    """``spot_index``: the close, when it is known, of the contract."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for text in texts:
        for line in lines(text, []):
            end = seconds(line["start_at"]) + integer(line["period"]) * 60 * 10**9
            row = {"value": decimal(line["close"]), "ts_event": end, "ts_init": end}
            found.setdefault(bybit_contract(line["symbol"]), []).append((end, row))
    return {("index_price", id_): numbered(rows, elsewhere=False) for id_, rows in found.items()}


# --- Tardis -------------------------------------------------------------------------------------------------------

JOINED = {
    "binance-dex": "BINANCE", "binance-european-options": "BINANCE", "binance-futures": "BINANCE",
    "binance-jersey": "BINANCE", "binance-options": "BINANCE", "bitfinex-derivatives": "BITFINEX",
    "bitget-futures": "BITGET", "bybit-options": "BYBIT", "bybit-spot": "BYBIT",
    "coinbase-international": "COINBASE_INTX", "ftx-us": "FTX", "gate-io-futures": "GATE_IO", "huobi-dm": "HUOBI",
    "huobi-dm-linear-swap": "HUOBI", "huobi-dm-options": "HUOBI", "huobi-dm-swap": "HUOBI_DELIVERY",
    "kucoin-futures": "KUCOIN", "okex-futures": "OKEX", "okex-options": "OKEX", "okex-spreads": "OKEX",
    "okex-swap": "OKEX",
}  # fmt: skip


def tardis_id(line: Line) -> str:
    """Nautilus's id of a row."""
    exchange = line["exchange"]
    return f"{line['symbol'].upper()}.{JOINED.get(exchange, exchange.upper().replace('-', '_'))}"


def micros(text: str) -> int:
    """Microseconds, or nanoseconds where the number is as large, in ns."""
    value = integer(text)
    return plausible(value if value >= 10**17 else value * 1_000)


def tardis(texts: list[str], read: Callable[[Iterator[Line]], Iterator[tuple[str, str, Row]]]) -> Rows:
    """Files read one after another, where each is taken until it ends, then the next."""
    out: Rows = {}
    reach: dict[str, int] = {}
    for text in texts:
        before = dict(reach)
        for kind, id_, row in read(lines(text, [])):
            reach[id_] = max(reach.get(id_, 0), row["ts_init"])
            if row["ts_init"] > before.get(id_, 0):
                out.setdefault((kind, id_), []).append(row)
    return {key: sorted(rows, key=lambda row: int(row["ts_init"])) for key, rows in out.items()}


def _times(line: Line) -> Row:
    return {"ts_event": micros(line["timestamp"]), "ts_init": micros(line["local_timestamp"])}


def _fnv(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def _made_id(line: Line, row: Row, side: int, equals: dict[bytes, int]) -> str:
    def raw(value: Decimal) -> bytes:
        return int(value.scaleb(16)).to_bytes(16, "little")

    parts = [line["symbol"].encode(), row["ts_event"].to_bytes(8, "little"), raw(row["price"]), raw(row["size"])]
    said = b"".join(part + b"\x1f" for part in [*parts, bytes([side])])
    ordinal = equals.get(said, 0)
    equals[said] = ordinal + 1
    return f"{_fnv(said + ordinal.to_bytes(4, 'little') + bytes([0x1F])):016x}"


def tardis_trades(texts: list[str]) -> Rows:
    """``trades``: rows of one time and id are one."""
    out: Rows = {}
    for text in texts:
        equals: dict[tuple[str, int], dict[bytes, int]] = {}
        for line in lines(text, []):
            row: Row = {"price": price(line["price"]), "size": size(line["amount"])} | _times(line)
            side = {"buy": 1, "sell": 2, "unknown": 0, "": 0}[line["side"]]
            id_ = tardis_id(line)
            row["aggressor_side"] = ["NO_AGGRESSOR", "BUYER", "SELLER"][side]
            message = equals.setdefault((id_, row["ts_init"]), {})
            row["trade_id"] = line["id"] or _made_id(line, row, side, message)
            held = out.setdefault(("trade", id_), [])
            same = [r for r in held if (r["ts_init"], r["trade_id"]) == (row["ts_init"], row["trade_id"])]
            if same and same[0] != row:
                raise Conflict(row["trade_id"])
            if not same:
                held.append(row)
    return {key: sorted(rows, key=lambda row: int(row["ts_init"])) for key, rows in out.items()}


def tardis_book(texts: list[str]) -> Rows:
    """``incremental_book_L2``, row by row: events of one message, CLEAR before a snapshot."""

    def read(table: Iterator[Line]) -> Iterator[tuple[str, str, Row]]:
        events: dict[str, list[Row]] = {}
        message: dict[str, tuple[int, int, bool]] = {}
        done: list[tuple[str, str, Row]] = []
        last: dict[str, int] = {}

        def close(id_: str) -> None:
            rows = events.pop(id_, [])
            if rows:
                rows[-1]["flags"] |= 128
            done.extend(("delta", id_, row) for row in rows)

        for line in table:
            id_, times = tardis_id(line), _times(line)
            snapshot = boolean(line["is_snapshot"])
            amount = size(line["amount"], zero=True)
            this = (times["ts_init"], times["ts_event"] if snapshot else 0, snapshot)
            if message.get(id_) != this:
                if not snapshot and id_ not in message:
                    continue  # withheld: no snapshot yet
                close(id_)
                message[id_] = this
                last[id_] = max(last.get(id_, 0), times["ts_init"])
                events[id_] = []
                if snapshot:
                    events[id_].append(_delta("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0), 32, times, last[id_]))
            if snapshot and not amount:
                continue
            action = "ADD" if snapshot else "UPDATE" if amount else "DELETE"
            side = {"bid": "BUY", "ask": "SELL"}[line["side"]]
            flags = 32 if snapshot else 0
            events[id_].append(_delta(action, side, decimal(line["price"]), amount, flags, times, last[id_]))
        for id_ in list(events):
            close(id_)
        yield from done

    return tardis(texts, read)


def _delta(action: str, side: str, at: Decimal, amount: Decimal, flags: int, times: Row, ts_init: int) -> Row:
    row = {"action": action, "side": side, "price": at, "size": amount, "order_id": 0, "flags": flags, "sequence": 0}
    return row | {"ts_event": times["ts_event"], "ts_init": ts_init}


def tardis_snapshots(texts: list[str]) -> Rows:
    """``book_snapshot_5`` and ``_25``: the ten best."""

    def read(table: Iterator[Line]) -> Iterator[tuple[str, str, Row]]:
        for line in table:
            row: Row = {"flags": 160, "sequence": 0} | _times(line)
            for side in ("bid", "ask"):
                kept = []
                for level in range(10):
                    at = line.get(f"{side}s[{level}].price", "")
                    if at:
                        kept.append((decimal(at), decimal(line[f"{side}s[{level}].amount"])))
                row[f"{side}s"] = kept
                row[f"{side}_counts"] = [1] * len(kept) + [0] * (10 - len(kept))
            yield "depth10", tardis_id(line), row

    return tardis(texts, read)


def tardis_quotes(texts: list[str]) -> Rows:
    """``quotes`` and ``book_ticker``: no row where a side is empty."""

    def read(table: Iterator[Line]) -> Iterator[tuple[str, str, Row]]:
        for line in table:
            values = {
                f"{s}_{c}": line[f"{s}_{n}"]
                for s in ("bid", "ask")
                for c, n in (("price", "price"), ("size", "amount"))
            }
            if all(values.values()) and decimal(values["bid_size"]) and decimal(values["ask_size"]):
                yield "quote", tardis_id(line), {name: decimal(text) for name, text in values.items()} | _times(line)

    return tardis(texts, read)


def tardis_ticker(texts: list[str]) -> Rows:
    """``derivative_ticker``: every value that is there."""

    def read(table: Iterator[Line]) -> Iterator[tuple[str, str, Row]]:
        for line in table:
            id_, times = tardis_id(line), _times(line)
            for kind, name in (("mark_price", "mark_price"), ("index_price", "index_price")):
                if line[name]:
                    yield kind, id_, {"value": price(line[name])} | times
            if line["funding_rate"]:
                next_ns = micros(line["funding_timestamp"]) if line["funding_timestamp"] else None
                rate = {"rate": decimal(line["funding_rate"]), "interval": None, "next_funding_ns": next_ns}
                yield "funding_rate", id_, rate | times
            if line["open_interest"]:
                value = {"value": decimal(line["open_interest"]), "unit": "", "value_quote": ""}
                yield "open_interest", id_, value | times

    return tardis(texts, read)


def tardis_liquidations(texts: list[str]) -> Rows:
    """``liquidations``: equal rows are one."""

    def read(table: Iterator[Line]) -> Iterator[tuple[str, str, Row]]:
        seen: list[tuple[str, Row]] = []
        for line in table:
            row: Row = {
                "side": {"buy": "BUY", "sell": "SELL"}[line["side"]],
                "price": decimal(line["price"]),
                "average_price": "",
                "size": decimal(line["amount"]),
                "trade_id": line["id"],
            } | _times(line)
            if (tardis_id(line), row) not in seen:
                seen.append((tardis_id(line), row))
                yield "liquidation", tardis_id(line), row

    return tardis(texts, read)


def tardis_options(texts: list[str]) -> Rows:
    """``options_chain``: greeks, those that are not there as zeros; volatilities as fractions, which two venues' are not."""

    def read(table: Iterator[Line]) -> Iterator[tuple[str, str, Row]]:
        for line in table:
            names = ("delta", "gamma", "vega", "theta", "rho")
            if not any(line[name] for name in names):
                continue
            row: Row = {name: float(line[name] or 0) for name in names}
            decimals = 2 if line["exchange"] in ("deribit", "huobi-dm-options") else 0
            for name in ("mark_iv", "bid_iv", "ask_iv"):
                row[name] = float(Decimal(line[name]).scaleb(-decimals)) if line[name] else None
            for name in ("underlying_price", "open_interest"):
                row[name] = float(line[name]) if line[name] else None
            yield "option_greeks", tardis_id(line), row | _times(line)

    return tardis(texts, read)


# --- Kraken's history of spot --------------------------------------------------------------------------------------


def kraken_trades(texts: list[str], pair: str) -> Rows:
    """Time and sales of seven columns, of which the header names six; each id once."""
    found: list[tuple[int, Row]] = []
    for text in texts:
        table = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if row]
        for line in table if table[0][0][:1].isdigit() else table[1:]:
            value, volume, time, side, _, _, number = line
            ts = seconds(time)
            row: Row = {
                "price": price(value),
                "size": size(volume),
                "aggressor_side": {"b": "BUYER", "s": "SELLER"}[side],
                "trade_id": str(integer(number)),
                "ts_event": ts,
                "ts_init": ts,
            }
            found.append((integer(number), row))
    return {("trade", f"{pair}.KRAKEN"): numbered(found, elsewhere=True)}


def kraken_time_and_sales(texts: list[str], pair: str) -> Rows:
    """Time, price and volume: no side, ids made of what a trade says; each file is taken until it ends."""
    rows: list[Row] = []
    for text in texts:
        reach = max((int(row["ts_init"]) for row in rows), default=0)
        equals: dict[bytes, int] = {}
        message = 0
        for time, value, volume in csv.reader(io.StringIO(text)):
            ts = seconds(time)
            if ts != message:
                equals, message = {}, ts
            row: Row = {"price": price(value), "size": size(volume), "ts_event": ts, "ts_init": ts}
            row["aggressor_side"] = "NO_AGGRESSOR"
            row["trade_id"] = _made_id({"symbol": pair}, row, 0, equals)
            if ts > reach:
                rows.append(row)
    return {("trade", f"{pair}.KRAKEN"): sorted(rows, key=lambda row: int(row["ts_init"]))}


def kraken_ohlcvt(texts: list[str], pair: str, minutes: int) -> Rows:
    """Bars by their opens; intervals without a trade are not there."""
    rows: list[tuple[int, Row]] = []
    for text in texts:
        for line in csv.reader(io.StringIO(text)):
            end = seconds(line[0]) + minutes * 60 * 10**9
            integer(line[6])
            row: Row = dict(zip(("open", "high", "low", "close"), map(price, line[1:5]), strict=True))
            row |= {"volume": size(line[5], zero=True), "ts_event": end, "ts_init": end}
            rows.append((end, row))
    return {("bar", f"{pair}.KRAKEN-{INTERVALS[minutes * 60]}-LAST-EXTERNAL"): numbered(rows, elsewhere=False)}


def _okx_name(line: Line, name: str) -> str:
    """A column, whose name may have a translation behind a slash."""
    return next((value for key, value in line.items() if key.split("/")[0] == name), "")


OKX_BARE = [["trade_id", "side", "size", "price", "created_time"]]


def okx_trades(texts: list[str], symbol: str = "") -> Rows:
    """``trades`` and ``aggtrades``: rows of one id are one, and ordered by it."""
    found: dict[tuple[str, int], Row] = {}
    for text in texts:
        for line in lines(text, OKX_BARE):
            ts = epoch(_okx_name(line, "created_time"))
            id_ = f"{_okx_name(line, 'instrument_name') or symbol}.OKX"
            number = _okx_name(line, "trade_id")
            row: Row = {
                "price": price(_okx_name(line, "price")),
                "size": size(_okx_name(line, "size")),
                "aggressor_side": {"buy": "BUYER", "sell": "SELLER"}[_okx_name(line, "side").lower()],
                "trade_id": number,
                "ts_event": ts,
                "ts_init": ts,
            }
            if found.setdefault((id_, int(number)), row) != row:
                raise Conflict(number)
    out: Rows = {}
    for (id_, _), row in sorted(found.items(), key=lambda item: (item[1]["ts_init"], item[0][1])):
        out.setdefault(("trade", id_), []).append(row)
    return out


def okx_candlesticks(texts: list[str]) -> Rows:
    """``candlesticks``: minutes that are over."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for text in texts:
        for line in lines(text, []):
            end = epoch(line["open_time"]) + 60 * 10**9
            row: Row = {name: price(line[name]) for name in ("open", "high", "low", "close")}
            row |= {"volume": size(line["vol"], zero=True), "ts_event": end, "ts_init": end}
            if line.get("confirm", "1") == "1":
                found.setdefault(line["instrument_name"], []).append((end, row))
    return {
        ("bar", f"{name}.OKX-1-MINUTE-LAST-EXTERNAL"): numbered(rows, elsewhere=False) for name, rows in found.items()
    }


OKX_SWAP_RATES = ["instrument_name", "contract_type", "funding_rate", "real_funding_rate", "funding_time"]


def okx_funding_rates(texts: list[str], symbol: str = "") -> Rows:
    """``fundingrates`` and ``swaprate``: what was paid at each time."""
    out: Rows = {}
    for text in texts:
        # A header holds no time.
        if text.splitlines()[0].split(",")[-1].isdigit():
            text = ",".join(OKX_SWAP_RATES) + "\n" + text
        for line in lines(text, []):
            ts = epoch(_okx_name(line, "funding_time"))
            paid = _okx_name(line, "real_funding_rate") or _okx_name(line, "funding_rate")
            row: Row = {"rate": decimal(paid), "interval": None, "next_funding_ns": None}
            row |= {"ts_event": ts, "ts_init": ts}
            held = out.setdefault(("funding_rate", f"{_okx_name(line, 'instrument_name') or symbol}.OKX"), [])
            if row not in held:
                held.append(row)
    return {key: sorted(rows, key=lambda row: int(row["ts_init"])) for key, rows in out.items()}
