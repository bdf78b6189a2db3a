"""NautilusTrader's own Deribit client, fed the same frames over a loopback socket, makes objects equal to ours.

Theirs come out of `DeribitWebSocketClient`'s callback, definitions out of `DeribitHttpClient`; ours are the rows of a
`Decoder`. Where the two differ on purpose the difference is in `DIFFERENCES` with its reason: each is undone by name, must
really occur, and everything else must be equal. Receive times are not compared: theirs are the clock of the moment.
"""

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import Bar, OrderBookDeltas, QuoteTick, TradeTick

from tests import deribit
from tests.deribit import OPTION, PERPETUAL, SPREAD, T0, Plain, bid
from tests.parity.adapter_socket import deribit_objects
from tests.parity.support import CONNECTIONS, SHARED, batch_rows, needs_frames
from tests.reference.captures import read

DIFFERENCES = {
    "order-id": "The adapter numbers the levels of a message; a level of a book by price has no order.",
    "zero-levels": "The adapter drops levels at zero and below; spreads trade there.",
    "prefix": "The adapter writes BLK-, RFQ- and COMBO- before the ids of such trades; ours are the venue's.",
    "needs-mark": "The adapter has no trade without a mark or index price; those of before 2020 have none.",
    "empty-side": "The adapter makes a quote of price 0 of an empty side; there is none to speak of.",
    "rounded": "The adapter rounds marks and indices to the instrument's precision; ours keep the decimals sent.",
    "percent": "The adapter has volatilities in percent; ours are fractions on all venues.",
    "no-volatility": "0.0 is no volatility: nothing is quoted.",
    "reason": "The adapter leaves the venue's word for a state out.",
    "new-states": "The adapter knows the states of before; the documentation of 2026 has others.",
    "fees": "Our definitions have no fees.",
}


def code(name: str) -> Any:
    return nautilus_pyo3.Currency.from_str(name)


def instruments() -> dict[str, Any]:
    """As the adapter would make them of the venue's definitions."""
    n, end = nautilus_pyo3, 1_798_185_600_000_000_000
    btc, usd = code("BTC"), code("USD")

    def of(name: str) -> tuple[Any, Any]:
        return n.InstrumentId.from_str(f"{name}.DERIBIT"), n.Symbol(name)

    price, size = n.Price.from_str, n.Quantity.from_str
    return {
        PERPETUAL: n.CryptoPerpetual(*of(PERPETUAL), btc, usd, btc, True, 1, 0, price("0.5"), size("10"), 0, 0),
        OPTION: n.CryptoOption(
            *of(OPTION), btc, btc, btc, True, n.OptionKind.CALL, price("100000.0"), 0, end, 4, 1, price("0.0001"), size("0.1"), 0, 0
        ),
        SPREAD: n.CryptoFuturesSpread(*of(SPREAD), btc, usd, btc, True, "FS", 0, end, 1, 0, price("0.5"), size("10"), 0, 0),
    }  # fmt: skip


def theirs(frames: list[bytes], topics: list[str], wanted: int, name: str = PERPETUAL) -> list[Any]:
    found = deribit_objects([instruments()[name]], frames, topics, wanted)
    assert len(found) >= wanted
    return found


def ours(frames: list[bytes]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    decoder = tickwright.Decoder("deribit")
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


def deltas_of(found: list[Any], compared: Compared) -> list[dict[str, Any]]:
    rows = []
    for item in found:
        if not isinstance(item, OrderBookDeltas):
            continue
        for delta in item.deltas:
            order = delta.order
            row = {
                "action": delta.action.name, "side": order.side.name if order else "NO_ORDER_SIDE",
                "price": order.price.as_decimal() if order else Decimal(0),
                "size": order.size.as_decimal() if order else Decimal(0), "order_id": order.order_id if order else 0,
                "flags": delta.flags, "sequence": delta.sequence, "ts_event": delta.ts_event,
            }  # fmt: skip
            compared.undo("order-id", row, order_id=0)
            rows.append(row)
    return rows


def test_books() -> None:
    """A snapshot and what follows it, a change that changes nothing, a snapshot of nothing."""
    frames = [frame for frame, _ in deribit.books()[1:4]] + [
        deribit.book("change", 110, 107, [bid(76899.5, 0.0, "delete")], [bid(77027.5, 5.0, "change")], time=T0 + 3),
        deribit.book("snapshot", 130, None, deribit.BIDS, deribit.ASKS[:1], time=T0 + 4),
        deribit.book("change", 133, 130, [bid(76914.0, Plain("2.5e6"), "change")], [], time=T0 + 5),
    ]
    del frames[2]  # the change again, which is a hole to the adapter
    compared = Compared()
    mine = ours(frames)[("delta", f"{PERPETUAL}.DERIBIT")]
    found = theirs(frames, ["book"], 5)
    assert deltas_of(found, compared) == mine
    assert compared.seen == {"order-id"}


def test_best_levels() -> None:
    frames = [deribit.grouped(501, *deribit.TOP), deribit.grouped(505, *deribit.TOP, time=T0 + 100)]
    compared = Compared()
    assert deltas_of(theirs(frames, ["grouped"], 2), compared) == ours(frames)[("delta", f"{PERPETUAL}.DERIBIT")]
    assert compared.seen == {"order-id"}


@needs_frames
def test_a_real_connection() -> None:
    """Every book and every ticker of an option recorded in 2021."""
    name, compared = "ETH-30JUL21-2800-C", Compared()
    n = nautilus_pyo3
    eth = code("ETH")
    instrument = n.CryptoOption(
        n.InstrumentId.from_str(f"{name}.DERIBIT"), n.Symbol(name), eth, eth, eth, True, n.OptionKind.CALL,
        n.Price.from_str("2800.0"), 0, 1_627_632_000_000_000_000, 4, 0, n.Price.from_str("0.0005"), n.Quantity.from_str("1"), 0, 0,
    )  # fmt: skip
    recorded = [item.body for item in read(CONNECTIONS / "DERIBIT.ws.1.0.gz").items if item.kind == "received"]
    frames = [body.replace(b".raw", b".100ms") for body in recorded if name.encode() in body]
    tables = ours(frames)
    found = deribit_objects([instrument], frames[1:], ["book", "option_greeks", "mark_prices"], 30)
    assert deltas_of(found, compared) == tables[("delta", f"{name}.DERIBIT")]
    greeks = [item for item in found if isinstance(item, n.OptionGreeks)]
    mine = tables[("option_greeks", f"{name}.DERIBIT")]
    assert len(greeks) == len(mine) > 5
    for item, row in zip(greeks, mine, strict=True):
        assert greeks_of(item, compared, row) == row
    marks = [item for item in found if type(item).__name__ == "MarkPriceUpdate"]
    assert [item.ts_event for item in marks] == [row["ts_event"] for row in tables[("mark_price", f"{name}.DERIBIT")]]
    assert compared.seen == {"order-id", "percent", "no-volatility"} or compared.seen == {"order-id", "percent"}


def greeks_of(item: Any, compared: Compared, row: dict[str, Any]) -> dict[str, Any]:
    """The adapter's greeks in the shape of a row."""
    keys = (
        "delta",
        "gamma",
        "vega",
        "theta",
        "rho",
        "mark_iv",
        "bid_iv",
        "ask_iv",
        "underlying_price",
        "open_interest",
    )
    made = {key: getattr(item, key) for key in keys}
    for key in ("mark_iv", "bid_iv", "ask_iv"):
        if row[key] is None:
            assert made[key] == 0
            compared.undo("no-volatility", made, **{key: None})
        else:
            assert made[key] == pytest.approx(row[key] * 100, rel=1e-15)
            compared.undo("percent", made, **{key: row[key]})
    more = {"convention": "BLACK_SCHOLES", "instrument_id": str(item.instrument_id), "ts_event": item.ts_event}
    return made | {key: more[key] for key in more if key in row}


def test_spreads() -> None:
    """Prices at zero and below."""
    book = deribit.book("snapshot", 3, None, [bid(-15.5, 10.0)], [bid(0.0, 20.0), bid(3.5, 10.0)], name=SPREAD)
    trade = deribit.trades(deribit.trade(1, name=SPREAD, price=-12.5), channel=f"trades.{SPREAD}.100ms")
    compared = Compared()
    rows = deltas_of(theirs([book], ["book"], 1, SPREAD), compared)
    mine = ours([book])[("delta", f"{SPREAD}.DERIBIT")]
    assert rows == [mine[0], mine[3]] and [row["price"] for row in mine[1:3]] == [Decimal("-15.5"), 0]
    found = theirs([trade], ["trades"], 1, SPREAD)
    (row,) = ours([trade])[("trade", f"{SPREAD}.DERIBIT")]
    assert found[0].price.as_decimal() == row["price"] == Decimal("-12.5")


def test_trades() -> None:
    frames = [
        deribit.trades(deribit.trade(1), deribit.trade(2, block_trade_id="BLOCK-7", liquidation="T")),
        deribit.trades(deribit.trade(3, mark_price=None)),
        deribit.trades(deribit.trade(4, combo_id=SPREAD), deribit.trade(5, block_rfq_id=9, price=Plain("7.69175e4"))),
    ]
    compared, rows = Compared(), []
    mine = ours(frames)[("trade", f"{PERPETUAL}.DERIBIT")]
    for item in theirs(frames, ["trades"], 4):
        assert isinstance(item, TradeTick)
        row = {
            "price": item.price.as_decimal(), "size": item.size.as_decimal(), "aggressor_side": item.aggressor_side.name,
            "trade_id": item.trade_id.value, "ts_event": item.ts_event,
        }  # fmt: skip
        compared.undo("prefix", row, trade_id=row["trade_id"].rsplit("-", 1)[-1])
        rows.append(row)
    assert [row["trade_id"] for row in mine] == ["1", "2", "3", "4", "5"]  # "needs-mark": theirs has no third
    assert rows == [row for row in mine if row["trade_id"] != "3"]
    assert compared.seen == {"prefix"}


def test_quotes() -> None:
    frames = [
        deribit.quote((76917.0, 30.0), (76917.5, 10.0)),
        deribit.quote((76916.5, 30.0), (76917.5, Plain("1.0e6"))),
        deribit.quote((0.0, 0.0), (76917.5, 10.0), time=T0 + 1),
    ]
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    found = [item for item in theirs(frames, ["quotes"], 3) if isinstance(item, QuoteTick)]
    rows = [{name: getattr(item, name).as_decimal() for name in names} | {"ts_event": item.ts_event} for item in found]
    assert rows[2]["bid_price"] == 0  # "empty-side"
    assert rows[:2] == ours(frames)[("quote", f"{PERPETUAL}.DERIBIT")]


def test_marks_indices_and_funding() -> None:
    ticker = deribit.ticker(deribit.tick())
    funding = deribit.push(
        f"perpetual.{PERPETUAL}.100ms", {"timestamp": T0 + 5, "interest": Plain("-5.0e-6"), "index_price": 76900.1}
    )
    tables, compared = ours([funding, ticker]), Compared()
    for item in theirs([ticker], ["mark_prices", "index_prices"], 2):
        kind = "mark_price" if type(item).__name__ == "MarkPriceUpdate" else "index_price"
        (row,) = tables[(kind, f"{PERPETUAL}.DERIBIT")]
        made = {"value": Decimal(str(item.value)), "ts_event": item.ts_event}
        assert abs(made["value"] - row["value"]) <= Decimal("0.05")
        compared.undo("rounded", made, value=row["value"])
        assert made == row
    (found,) = theirs([funding], ["perpetual_interest_rates"], 1)
    (row,) = tables[("funding_rate", f"{PERPETUAL}.DERIBIT")]
    made = {"rate": Decimal(str(found.rate)), "interval": found.interval, "next_funding_ns": found.next_funding_ns}
    assert made | {"ts_event": found.ts_event} == row
    assert compared.seen == {"rounded"}


def test_greeks() -> None:
    frames = [deribit.ticker(deribit.option()), deribit.ticker(deribit.option(time=T0 + 1, bid_iv=0.0))]
    compared = Compared()
    rows = ours(frames)[("option_greeks", f"{OPTION}.DERIBIT")]
    found = theirs(frames, ["option_greeks"], 2, OPTION)
    assert [greeks_of(item, compared, row) for item, row in zip(found, rows, strict=True)] == rows
    assert compared.seen == {"percent", "no-volatility"}


def test_bars() -> None:
    start = T0 - T0 % 60_000
    frames = [deribit.chart(start, 0.5), deribit.chart(start, 0.75, cost=57690.0), deribit.chart(start + 60_000, 0.5)]
    (bar,) = [item for item in theirs(frames, ["bars"], 1) if isinstance(item, Bar)]
    names = ("open", "high", "low", "close", "volume")
    row = {name: getattr(bar, name).as_decimal() for name in names} | {"ts_event": bar.ts_event}
    assert [row] == ours(frames)[("bar", f"{PERPETUAL}.DERIBIT-1-MINUTE-LAST-EXTERNAL")]


def test_states() -> None:
    frames = [
        deribit.push("instrument.state.option.BTC", {"timestamp": T0 + at, "state": state, "instrument_name": OPTION})
        for at, state in enumerate(("created", "started", "settled", "closed", "terminated", "halted"))
    ]
    compared, rows = Compared(), []
    mine = ours(frames)[("status", f"{OPTION}.DERIBIT")]
    for item, ours_ in zip(theirs(frames, ["instrument_status"], 5, OPTION), mine, strict=False):
        row = {
            "action": item.action.name,
            "reason": item.reason,
            "is_trading": item.is_trading,
            "ts_event": item.ts_event,
        }
        compared.undo("reason", row, reason=ours_["reason"])
        rows.append(row)
    assert rows == [{key: row[key] for key in rows[0]} for row in mine[:5]]
    assert len(mine) == 6 and mine[5]["action"] == "HALT"  # "new-states": theirs has no sixth
    assert compared.seen == {"reason"}


def test_volatility_index() -> None:
    data = {"timestamp": T0, "volatility": 129.36, "index_name": "btc_usd"}
    frame = deribit.push("deribit_volatility_index.btc_usd", data)
    (found,) = theirs([frame], ["volatility"], 1)
    (row,) = ours([frame])[("volatility_index", "btc_usd.DERIBIT")]
    assert (Decimal(str(found.data.volatility)), found.data.ts_event) == (row["value"], row["ts_event"])


def adapter_definitions(body: bytes) -> list[Any]:
    """What the adapter's HTTP client makes of an answer of `get_instruments`, over the loopback."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        asked = json.loads(await reader.readexactly(length)) if length else {"id": 1}
        told = json.dumps(json.loads(body) | {"id": asked["id"]}).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(told) + told
        )
        await writer.drain()
        writer.close()

    async def ask() -> list[Any]:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        client = nautilus_pyo3.DeribitHttpClient(
            base_url=f"http://127.0.0.1:{port}", environment=nautilus_pyo3.DeribitEnvironment.MAINNET
        )
        found: list[Any] = await client.request_instruments(nautilus_pyo3.DeribitCurrency.ANY)
        listener.close()
        return found

    return asyncio.run(ask())


def plain(value: Any) -> Any:
    """Numbers without their spelling."""
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return str(value)


SINGLE = SHARED / "frames/single/deribit"


@pytest.mark.parametrize(
    "source", ["ours", "http_get_instruments", "http_get_instruments_future_combo", "http_get_instruments_option_combo"]
)
def test_definitions(tmp_path: Path, source: str) -> None:
    """Classes and fields, but for what older answers leave out, which the adapter does not read."""
    if source == "ours":
        body = deribit.answer(deribit.DEFINITIONS[:8])
    elif SINGLE.is_dir():
        body = (SINGLE / f"{source}.json").read_bytes()
    else:
        pytest.skip("needs ../shared/frames")
    from tickwright.nautilus.instruments import build

    found = {str(item.id): item for item in adapter_definitions(body)}
    trades = [
        deribit.trades(
            deribit.trade(
                1,
                name=str(item.raw_symbol),
                price=Plain(str(item.price_increment)),
                amount=Plain(str(item.size_increment)),
            ),
            channel=f"trades.{item.raw_symbol}.raw",
        )
        for item in found.values()
    ]
    capture = tmp_path / "capture.ndjson"
    frames = [b" ".join(body.split()), *trades]
    capture.write_bytes(b"".join(b"%d %b\n" % ((T0 + at) * 10**6, frame) for at, frame in enumerate(frames)))
    report = tickwright.convert(capture, tmp_path / "catalog", feed="deribit", write_instruments=False)
    made = {item["instrument_id"]: item for item in report.instruments}
    assert made.keys() == found.keys() and len(made) >= 2
    for name, item in made.items():
        mine, held = build(item), found[name].to_dict()
        ours_ = type(mine).to_dict(mine)
        assert type(mine).__name__ == type(found[name]).__name__, name
        assert (ours_["maker_fee"], ours_["taker_fee"]) == ("0", "0")  # "fees"
        # The adapter's lot is the step too; the class of 1.231's Python side has one of its own.
        left = {"ts_event", "ts_init", "info", "maker_fee", "taker_fee", "type", "lot_size", "tick_scheme_name"}
        for key in ours_.keys() & held.keys() - left:
            assert plain(ours_[key]) == plain(held[key]), (name, key)
