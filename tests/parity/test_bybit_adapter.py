"""NautilusTrader's own Bybit client, fed the same frames over a loopback socket, makes objects equal to ours.

Theirs come out of `BybitWebSocketClient`'s callback; ours are the rows of a `Decoder`. Where the two differ on purpose
the difference is in `DIFFERENCES` with its reason: each is undone by name, must really occur, and everything else must
be equal. Receive times are not compared: theirs are the clock of the moment.
"""

from decimal import Decimal
from typing import Any

import pytest
import tickwright
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import Bar, OrderBookDeltas, QuoteTick, TradeTick

from tests import bybit
from tests.bybit import T0
from tests.parity.adapter_socket import objects
from tests.parity.support import batch_rows

DIFFERENCES = {
    "book-time": "The adapter stamps books with `ts`, when the gateway made the frame; ours have `cts`, the engine's time.",
    "book-numbers": "The adapter's sequence is `seq`, which has holes by nature, and `u` hides in order_id; ours is `u`, which proves that nothing is missing.",
    "mbp-flag": "The adapter sets F_MBP on every level and leaves F_SNAPSHOT off the levels of a snapshot; ours have F_SNAPSHOT on all of a snapshot, nothing on changes.",
    "add-or-update": "The adapter knows no book and calls every size above 0 UPDATE; we say ADD where the level was not held.",
    "index-precision": "The adapter rounds marks and indices to the precision of traded prices; ours keep the decimals sent.",
    "funding-memory": "A key that is not in a delta is as it was; the adapter forgets interval and time of the next funding.",
    "top-time": "The adapter stamps level 1 with `ts`; ours has `cts`.",
}  # fmt: skip

ID = "BTCUSDT-LINEAR.BYBIT"


def instrument() -> Any:
    coin, money = (nautilus_pyo3.Currency.from_str(code) for code in ("BTC", "USDT"))
    return nautilus_pyo3.CryptoPerpetual(
        nautilus_pyo3.InstrumentId.from_str(ID), nautilus_pyo3.Symbol("BTCUSDT"), coin, money, money, False, 2, 3,
        nautilus_pyo3.Price.from_str("0.01"), nautilus_pyo3.Quantity.from_str("0.001"), 0, 0,
    )  # fmt: skip


def theirs(frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    found = objects(nautilus_pyo3.BybitProductType.LINEAR, [instrument()], frames, topics, wanted)
    assert len(found) >= wanted
    return found


def ours(frames: list[bytes]) -> dict[str, list[dict[str, Any]]]:
    decoder = tickwright.Decoder("bybit-linear")
    for number, frame in enumerate(frames):
        decoder.push(frame, (T0 + 10_000 + number) * 10**6)
    tables = {kind: batch_rows(batch) for (kind, _), batch in decoder.flush().items()}
    for rows in tables.values():
        for row in rows:
            del row["ts_init"]
    return tables


class Compared:
    """Rows of the adapter made equal to ours by named differences only."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def undo(self, name: str, row: dict[str, Any], **changes: Any) -> None:
        assert name in DIFFERENCES
        if any(row[key] != value for key, value in changes.items()):
            self.seen.add(name)
            row.update(changes)


def test_books() -> None:
    bids, asks = [["63000.10", "1.500"], ["62999.90", "2"]], [["63000.20", "0.250"], ["63001.00", "3.000"]]
    frames = [
        bybit.book("snapshot", 100, bids, asks, time=T0 + 20),
        bybit.book("delta", 101, [["63000.10", "0"], ["63000.00", "7"]], [], time=T0 + 40),
        bybit.book("delta", 102, [["62999.90", "2.5"]], [["63001.00", "0"], ["63001.50", "1"]], time=T0 + 60),
        bybit.book("snapshot", 200, bids, asks, time=T0 + 80),
    ]
    found = [item for item in theirs(frames, ["book"], 4) if isinstance(item, OrderBookDeltas)]
    mine = iter(ours(frames)["delta"])
    compared, held = Compared(), set()
    assert len(found) == len(frames)
    for number, deltas in enumerate(found):
        for place, delta in enumerate(deltas.deltas):
            order = delta.order
            row = {
                "action": delta.action.name,
                "side": order.side.name,
                "price": order.price.as_decimal(),
                "size": order.size.as_decimal(),
                "order_id": order.order_id,
                "flags": delta.flags,
                "sequence": delta.sequence,
                "ts_event": delta.ts_event,
            }
            u = (100, 101, 102, 200)[number]
            level = (row["side"], row["price"])
            if row["action"] == "CLEAR":
                held.clear()
            elif row["action"] == "UPDATE" and level not in held:
                compared.undo("add-or-update", row, action="ADD")
            (held.discard if row["action"] == "DELETE" else held.add)(level)
            last = 128 if place == len(deltas.deltas) - 1 else 0
            compared.undo("mbp-flag", row, flags=last | (32 if number in (0, 3) else 0))
            compared.undo("book-numbers", row, sequence=u, order_id=0)
            compared.undo("book-time", row, ts_event=(T0 + 20 * (number + 1)) * 10**6)
            assert row == next(mine), (number, place)
    assert next(mine, None) is None
    # A snapshot's levels are ADD there too, and a price of CLEAR is 0 in both.
    assert compared.seen == {"add-or-update", "mbp-flag", "book-numbers", "book-time"}


def test_trades() -> None:
    frames = [
        bybit.trades(bybit.trade(1), bybit.trade(2, p="63000.20", v="12.001")),
        bybit.trades(bybit.trade(3, BT=True)),
    ]
    found = [item for item in theirs(frames, ["trade"], 3) if isinstance(item, TradeTick)]
    rows = [
        {
            "price": item.price.as_decimal(),
            "size": item.size.as_decimal(),
            "aggressor_side": item.aggressor_side.name,
            "trade_id": item.trade_id.value,
            "ts_event": item.ts_event,
        }
        for item in found
    ]
    assert rows == ours(frames)["trade"]


def test_bars() -> None:
    start = T0 - T0 % 60_000
    frames = [bybit.kline(start, confirm=False), bybit.kline(start, confirm=True)]
    found = [item for item in theirs(frames, ["bar"], 1) if isinstance(item, Bar)]
    fields = ("open", "high", "low", "close", "volume")
    rows = [{name: getattr(item, name).as_decimal() for name in fields} | {"ts_event": item.ts_event} for item in found]
    assert rows == ours(frames)["bar"]


def test_the_top() -> None:
    frames = [
        bybit.book("snapshot", 7, [["63000.1", "1"]], [["63000.2", "2"]], depth=1, time=T0),
        bybit.book("snapshot", 8, [["63000.0", "4"]], [["63000.2", "1"]], depth=1, time=T0 + 10),
    ]
    found = [item for item in theirs(frames, ["quote"], 2) if isinstance(item, QuoteTick)]
    compared, mine = Compared(), ours(frames)["quote"]
    assert len(found) == len(mine)
    for item, row in zip(found, mine, strict=True):
        made = {name: getattr(item, name).as_decimal() for name in ("bid_price", "ask_price", "bid_size", "ask_size")}
        made["ts_event"] = item.ts_event
        compared.undo("top-time", made, ts_event=row["ts_event"])
        assert item.ts_event - row["ts_event"] == 2_000_000
        assert made == row
    assert compared.seen == {"top-time"}


def test_tickers() -> None:
    frames = [
        bybit.ticker("snapshot", **bybit.WHOLE_TICKER, time=T0 + 100),
        bybit.ticker("delta", indexPrice="17228.36", time=T0 + 200),
        bybit.ticker("delta", fundingRate="-0.000213", time=T0 + 300),
        bybit.ticker("delta", markPrice="17217.34", time=T0 + 400),
    ]
    found, mine, compared = theirs(frames, ["ticker"], 7), ours(frames), Compared()

    def named(name: str) -> list[Any]:
        return [item for item in found if type(item).__name__ == name]

    for kind, name in (("mark_price", "MarkPriceUpdate"), ("index_price", "IndexPriceUpdate")):
        items = named(name)
        assert len(items) == len(mine[kind]) == 2
        for item, row in zip(items, mine[kind], strict=True):
            made = {"value": Decimal(str(item.value)), "ts_event": item.ts_event}
            if kind == "index_price":
                assert abs(made["value"] - row["value"]) <= Decimal("0.005")
                compared.undo("index-precision", made, value=row["value"])
            assert made == row
    rates = named("FundingRateUpdate")
    assert len(rates) == len(mine["funding_rate"]) == 2
    for item, row in zip(rates, mine["funding_rate"], strict=True):
        made = {"rate": Decimal(str(item.rate)), "interval": item.interval, "next_funding_ns": item.next_funding_ns}
        made["ts_event"] = item.ts_event
        compared.undo("funding-memory", made, interval=480, next_funding_ns=1_780_012_800_000_000_000)
        assert made == row
    (quote,) = [item for item in named("QuoteTick") if item.ts_event == (T0 + 100) * 10**6]
    (row,) = mine["quote"]
    fields = ("bid_price", "ask_price", "bid_size", "ask_size")
    assert {name: getattr(quote, name).as_decimal() for name in fields} == {name: row[name] for name in fields}
    assert compared.seen == {"index-precision", "funding-memory"}


def test_a_hole_is_no_event_to_the_adapter() -> None:
    """Why the books differ where a frame is lost: the adapter goes on, ours waits for a snapshot."""
    frames = [
        bybit.book("snapshot", 100, [["63000.10", "1"]], [["63000.20", "1"]]),
        bybit.book("delta", 105, [["63000.10", "2"]], []),
    ]
    assert len([item for item in theirs(frames, ["book"], 2) if isinstance(item, OrderBookDeltas)]) == 2
    decoder = tickwright.Decoder("bybit-linear")
    for frame in frames:
        decoder.push(frame, T0 * 10**6)
    decoder.finish()
    (batch,) = decoder.flush().values()
    assert batch.num_rows == 3
    (gap,) = decoder.report()["gaps"]
    assert (gap["from_sequence"], gap["to_sequence"], gap["withheld"]) == (100, 105, 1)


@pytest.mark.parametrize(
    ("feed", "symbol", "product"),
    [
        ("bybit-spot", "BTCUSDT", "SPOT"),
        ("bybit-linear", "BTC-26DEC25", "LINEAR"),
        ("bybit-inverse", "BTCUSDU23", "INVERSE"),
        ("bybit-option", "BTC-27MAR26-70000-P-USDT", "OPTION"),
    ],
)
def test_ids_are_the_adapters(feed: str, symbol: str, product: str) -> None:
    decoder = tickwright.Decoder(feed)
    decoder.push(bybit.trades(bybit.trade(1, symbol=symbol)), T0 * 10**6)
    ((_, name),) = decoder.flush()
    text = name.removesuffix(".BYBIT")
    assert nautilus_pyo3.bybit_extract_raw_symbol(text) == symbol
    assert nautilus_pyo3.bybit_product_type_from_symbol(text).name.upper() == product
