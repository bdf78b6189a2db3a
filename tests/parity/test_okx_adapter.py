"""NautilusTrader's own OKX client, fed the same frames over a loopback socket, makes objects equal to ours.

Theirs come out of `OKXWebSocketClient`'s callback; ours are the rows of a `Decoder`. Where the two differ on purpose the
difference is in `DIFFERENCES` with its reason: each is undone by name, must really occur, and everything else must be
equal. Receive times are not compared: theirs are the clock of the moment.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
import tickwright
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import Bar, OrderBookDeltas, OrderBookDepth10, QuoteTick, TradeTick

from tests import okx
from tests.okx import ASKS, BIDS, SPOT, SWAP, T0, book, levels
from tests.parity.adapter_socket import okx_objects
from tests.parity.support import batch_rows

DIFFERENCES = {
    "no-clear": "A snapshot replaces the book; without a CLEAR before it the levels that are gone stay.",
    "no-last": "Consumers that wait for F_LAST would wait for ever; ours is on the last delta of each event.",
    "add-or-update": "The adapter knows no book and calls every size above 0 UPDATE; we say ADD where the level was not held.",
    "bar-time": "The adapter stamps a bar with the time it opened; ours with its exact close.",
    "rounded": "The adapter rounds marks, indices and volumes to the instrument's precision; ours keep the decimals sent.",
    "index-id": "The adapter stamps an index with the subscribed instrument's id; an index is its own.",
    "counts": "The adapter copies the number of orders; ours is 1 for every level on all venues.",
    "depth-last": "Our depths have F_LAST too: each is an event of its own.",
}

ID = f"{SWAP}.OKX"


def instrument() -> Any:
    coin, money = (nautilus_pyo3.Currency.from_str(code) for code in ("BTC", "USDT"))
    return nautilus_pyo3.CryptoPerpetual(
        nautilus_pyo3.InstrumentId.from_str(ID), nautilus_pyo3.Symbol(SWAP), coin, money, money, False, 1, 2,
        nautilus_pyo3.Price.from_str("0.1"), nautilus_pyo3.Quantity.from_str("0.01"), 0, 0,
    )  # fmt: skip


def theirs(frames: list[bytes], topic: str, wanted: int) -> list[Any]:
    found = okx_objects([instrument()], frames, [topic], wanted)
    assert len(found) >= wanted
    return found


def ours(frames: list[bytes]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    decoder = tickwright.Decoder("okx")
    for number, frame in enumerate(frames):
        decoder.push(frame, (T0 + 100_000 + number) * 10**6)
    tables = {key: batch_rows(batch) for key, batch in decoder.flush().items()}
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
    """A snapshot, a change, a quiet minute, a change, another snapshot."""
    frames = [
        book("snapshot", 100, -1, BIDS, ASKS, time=T0),
        book("update", 107, 100, levels(("63913.30", "0"), ("63913.1", "7")), [], time=T0 + 10),
        book("update", 107, 107, [], [], time=T0 + 60_010),
        book(
            "update", 119, 107, levels(("63913.2", "2.5")), levels(("63914", "0"), ("63914.5", "1")), time=T0 + 60_020
        ),
        book("snapshot", 200, -1, BIDS, ASKS, time=T0 + 70_000),
    ]
    found = [item for item in theirs(frames, "book", 4) if isinstance(item, OrderBookDeltas)]
    assert len(found) == 4
    mine = iter(ours(frames)[("delta", ID)])
    compared, held = Compared(), set()
    for deltas in found:
        whole = deltas.deltas[0].flags == 32
        if whole:
            # Theirs has none: it is ours alone.
            clear = next(mine)
            assert (clear["action"], clear["flags"]) == ("CLEAR", 32)
            assert all(delta.action.name == "ADD" for delta in deltas.deltas)
            compared.seen.add("no-clear")
            held.clear()
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
            level = (row["side"], row["price"])
            if row["action"] == "UPDATE" and level not in held:
                compared.undo("add-or-update", row, action="ADD")
            (held.discard if row["action"] == "DELETE" else held.add)(level)
            if place == len(deltas.deltas) - 1:
                compared.undo("no-last", row, flags=row["flags"] | 128)
            assert row == next(mine)
    assert next(mine, None) is None
    assert compared.seen == {"no-clear", "no-last", "add-or-update"}


def test_trades() -> None:
    frames = [
        okx.push("trades", okx.trade(130, count="3", source="0", seqId=333), okx.trade(131, count="1", seqId=333)),
        okx.push("trades", okx.trade(132, px="63913", sz="0.01", count="1", source="1", seqId=340)),
    ]
    found = [item for item in theirs(frames, "trades", 3) if isinstance(item, TradeTick)]
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
    assert rows == ours(frames)[("trade", ID)]


def test_bars() -> None:
    start = T0 - T0 % 60_000
    frames = [okx.candle(start, confirm="0"), okx.candle(start)]
    found = [item for item in theirs(frames, "bars", 1) if isinstance(item, Bar)]
    fields = ("open", "high", "low", "close", "volume")
    rows = [{name: getattr(item, name).as_decimal() for name in fields} | {"ts_event": item.ts_event} for item in found]
    (mine,) = ours(frames)[("bar", f"{ID}-1-MINUTE-LAST-EXTERNAL")]
    (row,) = rows
    compared = Compared()
    assert mine["ts_event"] - row["ts_event"] == 60 * 10**9
    compared.undo("bar-time", row, ts_event=mine["ts_event"])
    assert row["volume"] == mine["volume"].quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    compared.undo("rounded", row, volume=mine["volume"])
    assert row == mine
    assert compared.seen == {"bar-time", "rounded"}


def test_quotes() -> None:
    frames = [
        okx.top("bbo-tbt", 501, BIDS[:1], ASKS[:1], time=T0),
        okx.top("bbo-tbt", 502, BIDS[1:], ASKS[:1], time=T0 + 10),
    ]
    found = [item for item in theirs(frames, "quotes", 2) if isinstance(item, QuoteTick)]
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    rows = [{name: getattr(item, name).as_decimal() for name in names} | {"ts_event": item.ts_event} for item in found]
    assert rows == ours(frames)[("quote", ID)]


def test_depths() -> None:
    frames = [okx.top("books5", 601, BIDS, ASKS, time=T0)]
    (found,) = [item for item in theirs(frames, "book_depth5", 1) if isinstance(item, OrderBookDepth10)]
    row: dict[str, Any] = {"flags": found.flags, "sequence": found.sequence, "ts_event": found.ts_event}
    for side, orders, counts in (("bid", found.bids, found.bid_counts), ("ask", found.asks, found.ask_counts)):
        levels = [(order.price.as_decimal(), order.size.as_decimal()) for order in orders]
        row[f"{side}s"], row[f"{side}_counts"] = [level for level in levels if level[1]], list(counts)
    (mine,) = ours(frames)[("depth10", ID)]
    compared = Compared()
    compared.undo("counts", row, bid_counts=[1, 1] + [0] * 8, ask_counts=[1, 1] + [0] * 8)
    compared.undo("depth-last", row, flags=160)
    assert row == mine
    assert compared.seen == {"counts", "depth-last"}


def test_prices_and_funding() -> None:
    item = {"instId": SPOT, "idxPx": "63920.57", "open24h": "1", "high24h": "2", "low24h": "1", "sodUtc0": "1"}
    index = okx.push("index-tickers", item | {"sodUtc8": "1", "ts": str(T0)}, instrument=SPOT)
    mark = okx.push("mark-price", {"instId": SWAP, "instType": "SWAP", "markPx": "63913.12", "ts": str(T0)})
    compared = Compared()
    for topic, frame, kind, name in (
        ("mark_prices", mark, "mark_price", ID),
        ("index_prices", index, "index_price", f"{SPOT}.OKX"),
    ):
        (found,) = theirs([frame], topic, 1)
        (row,) = ours([frame])[(kind, name)]
        made = {"id": str(found.instrument_id), "value": Decimal(str(found.value)), "ts_event": found.ts_event}
        assert abs(made["value"] - row["value"]) <= Decimal("0.05")
        compared.undo("rounded", made, value=row["value"])
        compared.undo("index-id", made, id=name)
        assert made == row | {"id": name}
    (found,) = theirs([okx.funding("0.0001233824646391")], "funding_rates", 1)
    (row,) = ours([okx.funding("0.0001233824646391")])[("funding_rate", ID)]
    made = {"rate": Decimal(str(found.rate)), "interval": found.interval, "next_funding_ns": found.next_funding_ns}
    assert made | {"ts_event": found.ts_event} == row
    assert compared.seen == {"rounded", "index-id"}


def test_a_checksum_is_nothing_to_the_adapter() -> None:
    """Why the books differ in captures from before 2026-06-23: ours are proven by it."""
    frames = [book("snapshot", 100, -1, BIDS, ASKS, checksum=7)]
    assert [item for item in theirs(frames, "book", 1) if isinstance(item, OrderBookDeltas)]
    decoder = tickwright.Decoder("okx")
    decoder.push(frames[0], T0 * 10**6)
    assert decoder.flush() == {}
    decoder.finish()
    (gap,) = decoder.report()["gaps"]
    assert (gap["cause"], gap["withheld"]) == ("checksum", 1)


@pytest.mark.parametrize("symbol", [SPOT, SWAP, "BTC-USD-SWAP", "BTC-USDT-261225", okx.OPTION])
def test_ids_are_the_adapters(symbol: str) -> None:
    decoder = tickwright.Decoder("okx")
    decoder.push(okx.push("trades", okx.trade(1, instrument=symbol)), T0 * 10**6)
    ((_, name),) = decoder.flush()
    assert name == f"{symbol}.{nautilus_pyo3.OKX_VENUE}"
