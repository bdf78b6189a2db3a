"""NautilusTrader's own Kraken Futures client, fed the same frames over a loopback socket, makes objects equal to ours.

Theirs come out of `KrakenFuturesWebSocketClient`'s callback; ours are the rows of a `Decoder`. Where the two differ on purpose
the difference is in `DIFFERENCES` with its reason: each is undone by name, must really occur, and everything else must be
equal. Receive times are not compared: theirs are the clock of the moment.
"""

from decimal import Decimal
from typing import Any

import tickwright
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import IndexPriceUpdate, MarkPriceUpdate, OrderBookDeltas, QuoteTick, TradeTick

from tests.kraken import wire
from tests.kraken_futures import INVERSE, T0, book, history, old_trade, snapshot, ticker, trade
from tests.parity.adapter_socket import kraken_futures_objects
from tests.parity.support import batch_rows

DIFFERENCES = {
    "own-sequence": "The adapter counts deltas over all instruments; ours is the venue's number.",
    "price-as-order": "The adapter makes an order id of the price; a level is no order, so ours is 0.",
    "no-flags": "The adapter flags the CLEAR alone; ours say of every delta whether it is of a snapshot and the last of its event.",
    "add-or-update": "The adapter calls every size above 0 UPDATE; we say ADD where the level was not held.",
    "hole": "The adapter does not look at the number; ours are withheld until a snapshot comes.",
    "history": "The adapter leaves out the trades told at the subscription; ours are rows, once.",
    "rounded": "The adapter rounds mark and index prices to the tick; ours are as sent.",
    "zero-rate": "The adapter has no rate where it is zero, and left out; ours is 0.",
    "quote-again": "The adapter makes a quote of every change of its book; ours are told where the best levels changed.",
    "quotes-from-books": "The adapter's quotes are its book's best levels at the receive time; ours are the ticker's, and the book's where derived.",
}
ID = f"{INVERSE}.KRAKEN"


def instrument() -> Any:
    coin, money = (nautilus_pyo3.Currency.from_str(code) for code in ("BTC", "USD"))
    return nautilus_pyo3.CryptoPerpetual(
        nautilus_pyo3.InstrumentId.from_str(ID), nautilus_pyo3.Symbol(INVERSE), coin, money, coin, True, 1, 0,
        nautilus_pyo3.Price.from_str("0.5"), nautilus_pyo3.Quantity.from_str("1"), 0, 0,
    )  # fmt: skip


def theirs(frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    return kraken_futures_objects([instrument()], frames, topics, wanted)


def ours(frames: list[bytes], **options: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    decoder = tickwright.Decoder("kraken-futures", **options)
    for number, frame in enumerate(frames):
        decoder.push(frame, (T0 + 100_000 + number) * 1_000_000)
    tables = {key: batch_rows(batch) for key, batch in decoder.flush().items()}
    for rows in tables.values():
        for row in rows:
            del row["ts_init"]
    return tables


def test_books() -> None:
    """A snapshot, changes, a hole, and the snapshot that closes it."""
    frames = [
        snapshot(100), book(101, "buy", "62807.0", "1400.0", time=T0 + 1), book(102, "sell", "62807.5", "0.0", time=T0 + 2),
        book(103, "sell", "62808.0", "7.0", time=T0 + 3), book(105, "buy", "62806.0", "9.0", time=T0 + 4),
        snapshot(106, time=T0 + 5),
    ]  # fmt: skip
    numbers = [100, 101, 102, 103, 105, 106]
    found = [item for item in theirs(frames, ["book"], 6) if isinstance(item, OrderBookDeltas)]
    assert len(found) == len(frames)
    seen, held, count, rows = set(), set(), 0, []
    for number, deltas in zip(numbers, found, strict=True):
        if number == 105:
            seen.add("hole")
            count += len(deltas.deltas)
            continue
        is_whole = len(deltas.deltas) > 1
        for at, delta in enumerate(deltas.deltas):
            order = delta.order
            row = {
                "action": delta.action.name, "side": order.side.name, "price": order.price.as_decimal(),
                "size": order.size.as_decimal(), "order_id": order.order_id, "flags": delta.flags,
                "sequence": delta.sequence, "ts_event": delta.ts_event,
            }  # fmt: skip
            assert row["sequence"] == count
            count += 1
            seen.add("own-sequence")
            level = (row["side"], row["price"])
            if row["action"] == "CLEAR":
                held.clear()
                assert row["flags"] == 32
            else:
                assert row["flags"] == 0 and row["order_id"]
                seen |= {"no-flags", "price-as-order"}
                if row["action"] == "UPDATE" and level not in held:
                    seen.add("add-or-update")
                    row["action"] = "ADD"
                (held.discard if row["action"] == "DELETE" else held.add)(level)
            flags = (32 if is_whole else 0) | (128 if at == len(deltas.deltas) - 1 else 0)
            rows.append(row | {"flags": flags, "sequence": number, "order_id": 0})
    assert rows == ours(frames)[("delta", ID)]
    assert seen == {"own-sequence", "price-as-order", "no-flags", "add-or-update", "hole"}


def test_trades() -> None:
    frames = [wire(trade(1)), wire(old_trade(2)), wire(trade(3, type="liquidation")), history(trade(9, time=T0 + 1))]
    found = [item for item in theirs(frames, ["trades"], 3) if isinstance(item, TradeTick)]
    rows = [
        {
            "price": item.price.as_decimal(), "size": item.size.as_decimal(), "aggressor_side": item.aggressor_side.name,
            "trade_id": item.trade_id.value, "ts_event": item.ts_event,
        }
        for item in found
    ]  # fmt: skip
    told = ours(frames)[("trade", ID)]
    assert rows == told[:3]
    assert len(told) == 4, DIFFERENCES["history"]


def test_tickers() -> None:
    frames = [ticker(), ticker(T0 + 1, without="relative_funding_rate funding_rate")]
    found = theirs(frames, ["mark_price", "index_price", "funding_rate"], 5)
    told = ours(frames)
    for kind, made in (("mark_price", MarkPriceUpdate), ("index_price", IndexPriceUpdate)):
        rows = [(item.value.as_decimal(), item.ts_event) for item in found if isinstance(item, made)]
        mine = [(row["value"], row["ts_event"]) for row in told[(kind, ID)]]
        assert rows != mine, DIFFERENCES["rounded"]
        assert rows == [(value.quantize(Decimal("0.1")), ts_event) for value, ts_event in mine]
    rates = [item for item in found if type(item).__name__ == "FundingRateUpdate"]
    mine = told[("funding_rate", ID)]
    assert [row["rate"] for row in mine] == [Decimal("-0.000001380384722222"), 0], DIFFERENCES["zero-rate"]
    (rate,) = rates
    assert (Decimal(str(rate.rate)), rate.ts_event, rate.next_funding_ns) == (
        mine[0]["rate"], mine[0]["ts_event"], mine[0]["next_funding_ns"],
    )  # fmt: skip


def test_quotes() -> None:
    """Theirs are equal to those that we derive from the book, but for their time."""
    frames = [
        snapshot(100), book(101, "buy", "62807.0", "1400.0", time=T0 + 1), book(102, "sell", "62807.5", "0.0", time=T0 + 2),
        book(103, "buy", "62806.0", "9.0", time=T0 + 3), book(104, "sell", "62808.0", "7.0", time=T0 + 4),
    ]  # fmt: skip
    found = [item for item in theirs(frames, ["quotes"], 5) if isinstance(item, QuoteTick)]
    keys = ("bid_price", "ask_price", "bid_size", "ask_size")
    rows = [{key: getattr(item, key).as_decimal() for key in keys} for item in found]
    mine = ours(frames, types=["quote"])[("quote", ID)]
    assert all(item.ts_event == item.ts_init for item in found), DIFFERENCES["quotes-from-books"]
    changed = [row for at, row in enumerate(rows) if at == 0 or row != rows[at - 1]]
    assert len(changed) < len(rows), DIFFERENCES["quote-again"]
    assert changed == [{key: row[key] for key in keys} for row in mine]
