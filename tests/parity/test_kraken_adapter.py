"""NautilusTrader's own Kraken client, fed the same frames over a loopback socket, makes objects equal to ours.

Theirs come out of `KrakenSpotWebSocketClient`'s callback; ours are the rows of a `Decoder`. Where the two differ on purpose
the difference is in `DIFFERENCES` with its reason: each is undone by name, must really occur, and everything else must be
equal. Receive times are not compared: theirs are the clock of the moment.
"""

from typing import Any

import tickwright
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import Bar, OrderBookDeltas, QuoteTick, TradeTick

from tests.kraken import PAIR, T0, Side, book, candle, crc, deep, push, ticker, trade
from tests.parity.adapter_socket import kraken_objects
from tests.parity.support import batch_rows

DIFFERENCES = {
    "mbp-flag": "The adapter sets F_MBP on every level; the folder says as much.",
    "own-sequence": "The adapter counts deltas over all instruments; the venue has no number, so ours is 0.",
    "price-as-order": "The adapter makes an order id of the price; a level is no order, so ours is 0.",
    "add-or-update": "The adapter calls every size above 0 UPDATE; we say ADD where the level was not held.",
    "dropped-size": "The adapter's DELETE of what fell out of the depth has the size that stood there; ours has 0 on every DELETE.",
    "empty-side": "The adapter makes a quote of price 0; nobody bids 0.",
    "running": "The client gives the running candle as a bar each time; ours comes when it is over.",
}
ID = f"{PAIR}.KRAKEN"


def instrument() -> Any:
    coin, money = (nautilus_pyo3.Currency.from_str(code) for code in ("BTC", "USD"))
    return nautilus_pyo3.CurrencyPair(
        nautilus_pyo3.InstrumentId.from_str(ID), nautilus_pyo3.Symbol(PAIR), coin, money, 1, 8,
        nautilus_pyo3.Price.from_str("0.1"), nautilus_pyo3.Quantity.from_str("0.00000001"), 0, 0,
    )  # fmt: skip


def ours(frames: list[bytes]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    decoder = tickwright.Decoder("kraken-spot")
    for number, frame in enumerate(frames):
        decoder.push(frame, (T0 + 100_000_000 + number) * 1_000)
    tables = {key: batch_rows(batch) for key, batch in decoder.flush().items()}
    for rows in tables.values():
        for row in rows:
            del row["ts_init"]
    return tables


def test_books() -> None:
    """A snapshot, a better level that another falls out for, and that level gone again."""
    bids, asks = deep(10, -1), deep(10, 1)
    better: Side = [("62806.5", "1.00000000"), *bids[:9]]
    frames = [
        book("snapshot", bids, asks, crc(bids, asks)),
        book("update", better[:1], [], crc(better, asks), time=T0 + 2),
        book("update", [("62806.5", "0.00000000")], [], crc(better[1:], asks), time=T0 + 3),
    ]
    found = [item for item in kraken_objects([instrument()], frames, ["book"], 3) if isinstance(item, OrderBookDeltas)]
    seen, held, count, rows = set(), set(), 0, []
    for deltas in found:
        for delta in deltas.deltas:
            order = delta.order
            row = {
                "action": delta.action.name, "side": order.side.name, "price": order.price.as_decimal(),
                "size": order.size.as_decimal(), "order_id": order.order_id, "flags": delta.flags,
                "sequence": delta.sequence, "ts_event": delta.ts_event,
            }  # fmt: skip
            level = (row["side"], row["price"])
            if row["action"] == "CLEAR":
                rows.append(row)
                continue
            if row["action"] == "UPDATE" and level not in held:
                seen.add("add-or-update")
                row["action"] = "ADD"
            if row["action"] == "DELETE" and row["size"]:
                seen.add("dropped-size")
                row["size"] -= row["size"]
            (held.discard if row["action"] == "DELETE" else held.add)(level)
            count += 1
            assert row["flags"] & 16 and row["sequence"] == count and row["order_id"]
            seen |= {"mbp-flag", "own-sequence", "price-as-order"}
            row |= {"flags": row["flags"] - 16, "sequence": 0, "order_id": 0}
            rows.append(row)
    assert rows == ours(frames)[("delta", ID)]
    assert seen == DIFFERENCES.keys() - {"empty-side", "running"}


def test_trades() -> None:
    frames = [push("trade", "update", trade(1), trade(2), trade(3, ord_type="market"))]
    found = [item for item in kraken_objects([instrument()], frames, ["trades"], 3) if isinstance(item, TradeTick)]
    rows = [
        {
            "price": item.price.as_decimal(), "size": item.size.as_decimal(), "aggressor_side": item.aggressor_side.name,
            "trade_id": item.trade_id.value, "ts_event": item.ts_event,
        }
        for item in found
    ]  # fmt: skip
    assert rows == ours(frames)[("trade", ID)]


def test_quotes() -> None:
    frames = [ticker(), ticker(bid="78568.4", time=T0 + 1), ticker(bid="0.0", time=T0 + 2), ticker(time=T0 + 3)]
    found = [item for item in kraken_objects([instrument()], frames, ["quotes"], 4) if isinstance(item, QuoteTick)]
    assert len(found) == 4
    rows = [
        {
            "bid_price": item.bid_price.as_decimal(), "ask_price": item.ask_price.as_decimal(),
            "bid_size": item.bid_size.as_decimal(), "ask_size": item.ask_size.as_decimal(), "ts_event": item.ts_event,
        }
        for item in found
    ]  # fmt: skip
    empty = [row for row in rows if not row["bid_price"]]
    assert len(empty) == 1, DIFFERENCES["empty-side"]
    assert [row for row in rows if row not in empty] == ours(frames)[("quote", ID)]


def test_bars() -> None:
    start = T0 - T0 % 60_000_000
    candles = [candle(start, 1), candle(start, 2), candle(start + 60_000_000, 1)]
    frames = [push("ohlc", "update", item) for item in candles]
    found = [item for item in kraken_objects([instrument()], frames, ["bars"], 3) if isinstance(item, Bar)]
    rows = [
        {key: getattr(item, key).as_decimal() for key in ("open", "high", "low", "close", "volume")}
        | {"ts_event": item.ts_event}
        for item in found
    ]
    assert len(rows) == 3, DIFFERENCES["running"]
    assert rows[1:2] == ours(frames)[("bar", f"{ID}-1-MINUTE-LAST-EXTERNAL")]
