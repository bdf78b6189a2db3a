"""NautilusTrader's own Binance adapter, fed the same frames, makes objects equal to ours.

Its msgspec schemas decode the frame and its `parse_to_…` makes the object; ours come out of a catalog by
`ParquetDataCatalog.query`. Where the two differ on purpose the difference is in `DIFFERENCES` with its reason: each
is undone by name, must really occur, and everything else must be equal.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tickwright
from nautilus_trader.adapters.binance.common.schemas.market import (
    BinanceAggregatedTradeData,
    BinanceCandlestickData,
    BinanceDepth,
    BinanceOrderBookData,
    BinanceQuoteData,
)
from nautilus_trader.adapters.binance.futures.enums import BinanceFuturesEnumParser
from nautilus_trader.adapters.binance.futures.schemas.market import BinanceFuturesMarkPriceData, BinanceFuturesTradeData
from nautilus_trader.adapters.binance.spot.schemas.market import (
    BinanceSpotOrderBookPartialDepthData,
    BinanceSpotTradeData,
)
from nautilus_trader.model.data import Bar, MarkPriceUpdate, OrderBookDelta, QuoteTick, TradeTick
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests.frames import SHARED, at, capture, ms, usdm
from tests.reference import captures

DIFFERENCES = {
    "time-through-float": "The adapter takes milliseconds through a double (`millis_to_nanos`): up to 128 ns off. Ours are exact.",
    "add-or-update": "The adapter knows no book and calls every size above 0 UPDATE; we say ADD where the level was not held.",
    "snapshot-flags": "The adapter's REST snapshot has flags 0 and no F_LAST, so Nautilus buffers it for ever; ours has F_SNAPSHOT, F_LAST at the end.",
    "snapshot-time": "The adapter stamps a REST snapshot with the clock even where it has `T`; ours has `T` as ts_event.",
    "clear-flags": "The CLEAR of a partial book has flags 0 in the adapter though its levels say F_SNAPSHOT; ours has it on all.",
    "partial-clear-sequence": "The CLEAR of a partial book has sequence 0 in the adapter; ours has the book's, as all its rows.",
    "partial-add": "Levels of a partial book are UPDATE after CLEAR in the adapter; ours are ADD, since the book is empty then.",
    "bar-close": "The adapter's bar ends 1 ms early (`T`); ours at open + interval, so that a backtest cannot see it too early.",
}

Row = dict[str, Any]


def plain(obj: Any) -> Row:
    """An object of Nautilus as plain values; prices and sizes without their precision."""
    row = dict(type(obj).to_dict(obj))
    if isinstance(obj, OrderBookDelta):
        order = row.pop("order")
        row |= {
            f"order_{k}": v
            for k, v in (order or {"side": "NO_ORDER_SIDE", "price": "0", "size": "0", "order_id": 0}).items()
        }
    for name in ("price", "size", "bid_price", "ask_price", "bid_size", "ask_size", "value", "order_price", "order_size",
                 "open", "high", "low", "close", "volume"):  # fmt: skip
        if name in row:
            row[name] = Decimal(row[name])
    return row


class Compared:
    """Rows of the adapter made equal to ours by named differences only."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def undo(self, name: str, row: Row, changes: Row) -> None:
        assert name in DIFFERENCES
        if any(row[key] != value for key, value in changes.items()):
            self.seen.add(name)
            row.update(changes)

    def times(self, row: Row, ours: Row) -> None:
        """A time of the adapter within the reach of a double is the whole millisecond nearest to it."""
        theirs = row["ts_event"]
        if theirs == ours["ts_event"]:
            return
        exact = (theirs + 500_000) // 1_000_000 * 1_000_000
        assert abs(exact - theirs) <= 128, (theirs, ours)
        self.undo("time-through-float", row, {"ts_event": exact})

    def same(self, theirs: list[Row], ours: list[Row], what: object = "") -> None:
        for number, (left, right) in enumerate(zip(theirs, ours, strict=False)):
            self.times(left, right)
            assert left == right, (what, number)
        assert len(theirs) == len(ours), what


def deltas(compared: Compared, found: Any, held: set[tuple[str, Decimal]], kind: str, ts_event: int) -> list[Row]:
    """Rows of the adapter's deltas with the differences of books undone; `held` are the levels before and after."""
    rows = [plain(delta) for delta in found.deltas]
    for number, row in enumerate(rows):
        last = number == len(rows) - 1
        if row["action"] == "CLEAR":
            held.clear()
        level = (row["order_side"], row["order_price"])
        if kind == "rest":
            compared.undo("snapshot-flags", row, {"flags": 160 if last else 32})
            compared.undo("snapshot-time", row, {"ts_event": ts_event})
        elif kind == "partial":
            compared.undo("partial-clear-sequence", row, {"sequence": rows[-1]["sequence"]})
            if row["action"] == "CLEAR":
                compared.undo("clear-flags", row, {"flags": 32})
            if row["action"] == "UPDATE":
                compared.undo("partial-add", row, {"action": "ADD"})
        elif row["action"] == "UPDATE" and level not in held:
            compared.undo("add-or-update", row, {"action": "ADD"})
        if row["action"] == "DELETE":
            held.discard(level)
        elif row["action"] != "CLEAR":
            held.add(level)
    return rows


def catalog_of(folder: Path, source: Path | list[Path], **options: Any) -> ParquetDataCatalog:
    report = tickwright.convert(source, folder / "catalog", write_instruments=False, **options)
    assert report.gaps == 0
    return ParquetDataCatalog(str(folder / "catalog"))


def data(frame: bytes) -> bytes:
    """The message of a combined frame, as its bytes."""
    found = msgspec.json.decode(frame, type=dict[str, msgspec.Raw])
    return bytes(found["data"]) if "data" in found else frame


def decode(cls: type, body: bytes) -> Any:
    return msgspec.json.decode(body, type=cls)


USDM = InstrumentId.from_str("BTCUSDT-PERP.BINANCE")
SPOT = InstrumentId.from_str("BTCUSDT.BINANCE")


def usdm_trades() -> list[tuple[int, bytes]]:
    text = (
        '{{"stream":"btcusdt@trade","data":{{"e":"trade","E":{t},"T":{t},"s":"BTCUSDT","t":{n},"p":"{p}","q":"{q}",'
        '"X":"MARKET","m":{m}}}}}'
    )
    values = [("63113.20", "0.001"), ("1", "1000000.5"), ("0.00000001", "123.456789"), ("9007199254740993", "3")]
    return [
        (at(100 + n), text.format(t=ms(95 + n), n=n, p=p, q=q, m="true" if n % 2 else "false").encode())
        for n, (p, q) in enumerate(values)
    ]


def test_trades(tmp_path: Path) -> None:
    frames = usdm_trades()
    # Beyond what the 16-byte build holds for both alike.
    frames = [f for f in frames if b"9007199254740993" not in f[1]]
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", frames), feed="binance-usdm")
    compared = Compared()
    theirs = [plain(decode(BinanceFuturesTradeData, data(f)).parse_to_trade_tick(USDM, ts)) for ts, f in frames]
    compared.same(theirs, [plain(row) for row in catalog.query(TradeTick)])
    assert compared.seen == {"time-through-float"}


def test_what_the_adapter_cannot_hold_is_a_reject_with_us() -> None:
    ts, frame = usdm_trades()[-1]
    with pytest.raises(ValueError):
        decode(BinanceFuturesTradeData, data(frame)).parse_to_trade_tick(USDM, ts)
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(frame, ts)
    assert [r["code"] for r in decoder.report()["rejects"]] == ["decimal_range"]


def test_aggregate_trades_quotes_marks_bars(tmp_path: Path) -> None:
    frames = usdm()
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", frames))
    compared = Compared()
    ts, frame = frames[5]
    theirs = [plain(decode(BinanceAggregatedTradeData, data(frame)).parse_to_trade_tick(USDM, ts))]
    compared.same(theirs, [plain(row) for row in catalog.query(TradeTick)])
    ts, frame = frames[6]
    theirs = [plain(decode(BinanceQuoteData, data(frame)).parse_to_quote_tick(USDM, ts))]
    compared.same(theirs, [plain(row) for row in catalog.query(QuoteTick)])
    ts, frame = frames[7]
    update = decode(list[BinanceFuturesMarkPriceData], data(frame))[0].parse_to_binance_futures_mark_price_update(
        USDM, ts
    )
    theirs = [plain(MarkPriceUpdate(update.instrument_id, update.mark, update.ts_event, update.ts_init))]
    compared.same(theirs, [plain(row) for row in catalog.query(MarkPriceUpdate)])
    # The adapter has index and funding in a type of its own; ours stand in files of their own.
    from nautilus_trader.model.data import FundingRateUpdate

    (funding,) = catalog.query(FundingRateUpdate, identifiers=[USDM.value])
    assert (Decimal(str(funding.rate)), funding.next_funding_ns) == (update.funding_rate, update.next_funding_ns)
    ts, frame = frames[9]
    bar = decode(BinanceCandlestickData, data(frame)).k.parse_to_binance_bar(USDM, BinanceFuturesEnumParser(), ts)
    theirs = plain(bar)
    for name in ("quote_volume", "count", "taker_buy_base_volume", "taker_buy_quote_volume", "taker_sell_base_volume",
                 "taker_sell_quote_volume"):  # fmt: skip
        theirs.pop(name, None)
    theirs["type"] = "Bar"
    compared.undo("bar-close", theirs, {"ts_event": (1_699_999_980_000 + 60_000) * 1_000_000})
    compared.same([theirs], [plain(row) for row in catalog.query(Bar)])
    assert "bar-close" in compared.seen
    assert compared.seen <= {"bar-close", "time-through-float"}


def test_books(tmp_path: Path) -> None:
    frames = usdm()
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", frames))
    compared, held, theirs = Compared(), set(), []
    # The snapshot, the update that bridges it (received before), the next one; the first is stale, one is a duplicate.
    snapshot = decode(BinanceDepth, data(frames[2][1]))
    theirs += deltas(compared, snapshot.parse_to_order_book_snapshot(USDM, at(2)), held, "rest", at(2))
    for number, ts in ((1, at(2)), (3, at(3))):
        update = decode(BinanceOrderBookData, data(frames[number][1])).parse_to_order_book_deltas(USDM, ts)
        theirs += deltas(compared, update, held, "diff", 0)
    compared.same(theirs, [plain(row) for row in catalog.query(OrderBookDelta)])
    assert compared.seen - {"time-through-float"} == {"add-or-update", "snapshot-flags"}


def test_snapshot_time(tmp_path: Path) -> None:
    """A REST answer received later than its `T`."""
    ts, frame = usdm()[2]
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", [(ts + 7_000_000, frame)]), feed="binance-usdm")
    compared = Compared()
    snapshot = decode(BinanceDepth, data(frame)).parse_to_order_book_snapshot(USDM, ts + 7_000_000)
    theirs = deltas(compared, snapshot, set(), "rest", at(2))
    compared.same(theirs, [plain(row) for row in catalog.query(OrderBookDelta)])
    assert compared.seen == {"snapshot-flags", "snapshot-time"}


@pytest.mark.parametrize("part", ["usdm", "spot"])
def test_partial_books(tmp_path: Path, part: str) -> None:
    levels = '[["100.0","1"],["99.5","2"]]', '[["100.5","3"]]'
    texts = {
        "usdm": '{{"stream":"btcusdt@depth5@100ms","data":{{"e":"depthUpdate","E":{e},"T":{t},"s":"BTCUSDT","U":{u},"u":{u},"pu":1,"b":{b},"a":{a}}}}}',
        "spot": '{{"stream":"btcusdt@depth5","data":{{"lastUpdateId":{u},"bids":{b},"asks":{a}}}}}',
    }
    frames = [
        (at(n), texts[part].format(e=ms(n), t=ms(n) - 3, u=160 + n, b=levels[0], a=levels[1]).encode())
        for n in range(3)
    ]
    id_, cls = (USDM, BinanceOrderBookData) if part == "usdm" else (SPOT, BinanceSpotOrderBookPartialDepthData)
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", frames), feed=f"binance-{part}")
    compared, theirs = Compared(), []
    for ts, frame in frames:
        message = decode(cls, data(frame))
        if part == "usdm":
            found = message.parse_to_order_book_deltas(id_, ts, snapshot=True)
        else:
            found = message.parse_to_order_book_snapshot(id_, ts)
        rows = deltas(compared, found, set(), "partial", 0)
        if part == "spot":
            for number, row in enumerate(rows):
                compared.undo("snapshot-flags", row, {"flags": 160 if number == len(rows) - 1 else 32})
        theirs += rows
    compared.same(theirs, [plain(row) for row in catalog.query(OrderBookDelta)])
    wanted = {"clear-flags", "partial-clear-sequence", "partial-add"} | (
        {"snapshot-flags"} if part == "spot" else set()
    )
    assert compared.seen - {"time-through-float"} == wanted


def test_spot_trades_and_quotes(tmp_path: Path) -> None:
    frames = [
        (
            at(n),
            b'{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"s":"BTCUSDT","t":%d,"p":"100.1%d","q":"0.5","T":%d,'
            b'"m":%s,"M":true}}' % (ms(n), n + 1, n, ms(n) - 1, b"true" if n % 2 else b"false"),
        )
        for n in range(10)
    ]
    quotes = [
        (
            at(20 + n),
            b'{"stream":"btcusdt@bookTicker","data":{"u":%d,"s":"BTCUSDT","b":"25.3519%d","B":"31.21","a":"25.50000","A":"%d.00"}}'
            % (n, n, n % 3),
        )
        for n in range(1, 7)
    ]
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", frames + quotes), feed="binance-spot")
    compared = Compared()
    theirs = [plain(decode(BinanceSpotTradeData, data(f)).parse_to_trade_tick(SPOT, ts)) for ts, f in frames]
    compared.same(theirs, [plain(row) for row in catalog.query(TradeTick)])
    theirs = [plain(decode(BinanceQuoteData, data(f)).parse_to_quote_tick(SPOT, ts)) for ts, f in quotes]
    theirs = [row for row in theirs if row["ask_size"]]
    assert len(theirs) == 4
    compared.same(theirs, [plain(row) for row in catalog.query(QuoteTick)], "a side of zero is no quote")


def test_sides_of_unequal_decimals(tmp_path: Path) -> None:
    """The adapter takes the wire's decimals for precision and raises where the sides differ; ours is a quote."""
    frame = (
        b'{"stream":"btcusdt@bookTicker","data":{"u":1,"s":"BTCUSDT","b":"25.35190","B":"31.21","a":"25.5","A":"1"}}'
    )
    with pytest.raises(ValueError, match="precision"):
        decode(BinanceQuoteData, data(frame)).parse_to_quote_tick(SPOT, at(0))
    catalog = catalog_of(tmp_path, capture(tmp_path / "c", [(at(0), frame)]), feed="binance-spot")
    (quote,) = catalog.query(QuoteTick)
    assert [str(quote.bid_price), str(quote.ask_price), str(quote.bid_size), str(quote.ask_size)] == [
        "25.3519",
        "25.5000",
        "31.21",
        "1.00",
    ]


# --- Real recordings


def real(prefix: str) -> Iterator[tuple[int, bytes]]:
    for path in sorted((SHARED / "frames/connections").glob(f"{prefix}.ws.*")):
        for item in captures.read(path).items:
            if item.kind == "received":
                yield item.ts, item.body


@pytest.mark.skipif(not (SHARED / "frames").is_dir(), reason="needs ../shared/frames")
@pytest.mark.parametrize("prefix", ["BINANCE", "BINANCE_DELIVERY"])
def test_real_recordings(tmp_path: Path, prefix: str) -> None:
    inputs = sorted((SHARED / "frames/connections").glob(f"{prefix}.*"))
    catalog = catalog_of(tmp_path, inputs)
    compared = Compared()
    theirs: dict[type, dict[str, list[Row]]] = {TradeTick: {}, QuoteTick: {}, MarkPriceUpdate: {}}
    updates: dict[str, dict[int, tuple[int, Any]]] = {}
    for ts, frame in real(prefix):
        found = msgspec.json.decode(frame)
        if not isinstance(found, dict) or "stream" not in found:
            continue
        body, message = data(frame), found["data"]
        symbol = message["s"] if isinstance(message, dict) else ""
        id_ = InstrumentId.from_str(our_id(symbol, prefix) + ".BINANCE") if symbol else None
        channel = found["stream"].partition("@")[2]
        if channel == "aggTrade":
            obj = decode(BinanceAggregatedTradeData, body).parse_to_trade_tick(id_, ts)
        elif channel == "trade":
            obj = decode(BinanceSpotTradeData, body).parse_to_trade_tick(id_, ts)
        elif channel == "bookTicker":
            obj = decode(BinanceQuoteData, body).parse_to_quote_tick(id_, ts)
        elif channel.startswith("depth@") or channel == "depth":
            book = decode(BinanceOrderBookData, body)
            if book.b or book.a:
                updates.setdefault(id_.value, {})[book.u] = (ts, book.parse_to_order_book_deltas(id_, ts))
            continue
        elif channel.startswith("markPrice"):
            # COIN-M frames of 2021 have no index price, which the adapter's schema wants.
            filled = msgspec.json.encode({"i": "0", **message})
            mark = decode(BinanceFuturesMarkPriceData, filled)
            obj = MarkPriceUpdate(id_, mark_price(mark.p), ms_exact(mark.E), ts)
        else:
            continue
        theirs[type(obj)].setdefault(id_.value, []).append(plain(obj))
    assert theirs[QuoteTick] or theirs[TradeTick]
    for cls, by_id in theirs.items():
        for name, rows in by_id.items():
            compared.same(rows, [plain(row) for row in catalog.query(cls, identifiers=[name])], (cls.__name__, name))
    # Books: every update of ours is one of the adapter's, level by level; snapshots are checked elsewhere.
    assert updates
    compared_updates = 0
    for name, known in updates.items():
        held: set[tuple[str, Decimal]] = set()
        latest = 0
        ours = [plain(row) for row in catalog.query(OrderBookDelta, identifiers=[name])]
        events: list[list[Row]] = [[]]
        for row in ours:
            events[-1].append(row)
            if row["flags"] & 128:
                events.append([])
        assert events.pop() == []
        for event in events:
            if event[0]["action"] == "CLEAR":
                held = {(row["order_side"], row["order_price"]) for row in event[1:]}
                latest = event[0]["ts_init"]
                continue
            ts, update = known.pop(event[0]["sequence"])
            latest = max(latest, ts)
            rows = deltas(compared, update, held, "diff", 0)
            for row in rows:
                row["ts_init"] = latest
            compared.same(rows, event, name)
            compared_updates += 1
        # What is left was before the snapshot.
        assert all(u <= events[0][0]["sequence"] for u in known), name
    assert compared_updates > 50
    assert {"add-or-update", "time-through-float"} <= compared.seen <= DIFFERENCES.keys()


def our_id(symbol: str, prefix: str) -> str:
    if prefix == "BINANCE":
        return symbol
    return re.sub("_PERP$", "-PERP", symbol)


def mark_price(text: str) -> Any:
    from nautilus_trader.model.objects import Price

    return Price.from_str(text)


def ms_exact(value: int) -> int:
    return value * 1_000_000


def test_the_table_has_reasons() -> None:
    assert all(reason.endswith(".") and len(reason) > 40 for reason in DIFFERENCES.values())
