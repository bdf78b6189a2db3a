"""Tardis dumps: our rows beside the objects of NautilusTrader's own loader, and every difference with its reason.

Prices, sizes, ids and times are the same. Different, and told here by the test that shows each:

- deltas: the loader's F_LAST ends rows of one exchange time, and F_SNAPSHOT is on the CLEAR alone; ours ends messages
  and is on every row of a snapshot, as all our books are;
- sizes of zero: the loader leaves such trades out with a log line, ours are rejects;
- trades without an id: the loader hashes doubles, ours hashes decimals and counts equals of one message;
- greeks that are empty: the loader makes zeros of them, ours gives no row;
- volatilities: the loader keeps percent, ours are fractions;
- quotes of an options chain: the loader makes them of every row, ours leaves them to the dataset of quotes.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import tickwright
from nautilus_trader.core import nautilus_pyo3

from tests import dumps
from tests.dumps import write
from tests.integration.test_dumps import rows_of
from tests.parity.support import SHARED, Row

SAMPLES = SHARED / "dumps"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs ../shared/dumps")


def rows(source: Path, catalog: Path) -> list[Row]:
    tickwright.convert(source, catalog)
    (found,) = rows_of(catalog).values()
    return found


def test_venues_are_those_of_the_loader(tmp_path: Path) -> None:
    for exchange in nautilus_pyo3.tardis_exchanges():
        source = write(tmp_path / exchange, "trades", dumps.tardis_trades(exchange=exchange, count=1))
        (trade,) = nautilus_pyo3.load_tardis_trades(str(source))
        report = tickwright.convert(source, tmp_path / exchange / "catalog")
        assert [t.instrument_id for t in report.tables] == [str(trade.instrument_id)], exchange


def trade_row(trade: Any) -> Row:
    return {
        "price": Decimal(str(trade.price)),
        "size": Decimal(str(trade.size)),
        "aggressor_side": trade.aggressor_side.name,
        "trade_id": str(trade.trade_id),
        "ts_event": trade.ts_event,
        "ts_init": trade.ts_init,
    }


@needs_samples
def test_trades_of_a_sample(tmp_path: Path) -> None:
    source = SAMPLES / "tardis_bitmex_trades_XBTUSD.csv"
    loaded = [trade_row(trade) for trade in nautilus_pyo3.load_tardis_trades(str(source))]
    assert rows(source, tmp_path / "catalog") == loaded


def test_trades(tmp_path: Path) -> None:
    source = write(tmp_path, "trades", dumps.tardis_trades())
    loaded = [trade_row(trade) for trade in nautilus_pyo3.load_tardis_trades(str(source))]
    assert rows(source, tmp_path / "catalog") == loaded


def test_trades_without_ids_have_other_ids(tmp_path: Path) -> None:
    source = write(tmp_path, "trades", dumps.tardis_trades(ids=False))
    loaded = [trade_row(trade) for trade in nautilus_pyo3.load_tardis_trades(str(source))]
    ours = rows(source, tmp_path / "catalog")
    without = [{**row, "trade_id": ""} for row in ours]
    assert without == [{**row, "trade_id": ""} for row in loaded]
    assert all(len(row["trade_id"]) == 16 for row in ours)
    # Equals of one message are told apart, which the loader's ids do not do.
    told = {(row["ts_init"], row["trade_id"]) for row in ours}
    assert len(told) == len(ours)
    assert len({(row["ts_init"], row["trade_id"]) for row in loaded}) < len(loaded)


def test_a_trade_of_nothing_is_a_reject(tmp_path: Path) -> None:
    text = dumps.tardis_trades(count=3) + dumps.tardis_trades(count=1).splitlines()[1].rsplit(",", 1)[0] + ",0\n"
    source = write(tmp_path, "trades", text)
    assert len(nautilus_pyo3.load_tardis_trades(str(source))) == 3
    report = tickwright.convert(source, tmp_path / "catalog")
    assert (report.rows, report.rejects) == (3, 1)


def delta_row(delta: Any) -> Row:
    value = delta.to_dict()
    order = value["order"]
    return {
        "action": value["action"],
        "side": order["side"],
        "price": Decimal(order["price"]),
        "size": Decimal(order["size"]),
        "ts_event": value["ts_event"],
        "ts_init": value["ts_init"],
        "flags": value["flags"],
    }


@needs_samples
@pytest.mark.parametrize(
    "name", ["tardis_deltas_with_snapshot.csv", "tardis_deribit_incremental_book_L2_BTC-PERPETUAL.csv"]
)
def test_deltas_of_a_sample(tmp_path: Path, name: str) -> None:
    source = SAMPLES / name
    loaded = [delta_row(delta) for delta in nautilus_pyo3.load_tardis_deltas(str(source))]
    ours = [{name: row[name] for name in loaded[0]} for row in rows(source, tmp_path / "catalog")]

    def bare(found: list[Row]) -> list[Row]:
        return [{key: value for key, value in row.items() if key != "flags"} for row in found]

    assert bare(ours) == bare(loaded)
    # Both end the same events here; ours says of every row of a snapshot that it is one.
    assert [row["flags"] & 128 for row in ours] == [row["flags"] & 128 for row in loaded]
    adds = [
        (mine["flags"] & 32, theirs["flags"] & 32)
        for mine, theirs in zip(ours, loaded, strict=True)
        if mine["action"] == "ADD"
    ]
    assert adds and all(pair == (32, 0) for pair in adds)


def test_messages_of_one_exchange_time_are_events_of_their_own(tmp_path: Path) -> None:
    lines = [
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount",
        "deribit,X,1700000000000000,1700000000000100,true,bid,10,1",
        "deribit,X,1700000000000500,1700000000000600,false,bid,9,1",
        "deribit,X,1700000000000500,1700000000000900,false,bid,8,1",
    ]
    source = write(tmp_path, "book", "\n".join(lines) + "\n")
    loaded = [delta.flags for delta in nautilus_pyo3.load_tardis_deltas(str(source))]
    ours = [row["flags"] for row in rows(source, tmp_path / "catalog")]
    assert loaded == [32, 128, 0, 128]
    assert ours == [32, 160, 128, 128]


def test_quotes(tmp_path: Path) -> None:
    text = dumps.tardis_quotes()
    whole = "\n".join(line for line in text.splitlines() if ",," not in line) + "\n"
    source = write(tmp_path, "quotes", whole)
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    loaded = [
        {name: Decimal(str(getattr(quote, name))) for name in names}
        | {"ts_event": quote.ts_event, "ts_init": quote.ts_init}
        for quote in nautilus_pyo3.load_tardis_quotes(str(source))
    ]
    assert rows(source, tmp_path / "catalog") == loaded


@pytest.mark.parametrize("levels", [5, 25])
def test_snapshots(tmp_path: Path, levels: int) -> None:
    source = write(tmp_path, f"book_snapshot_{levels}", dumps.tardis_snapshots(levels))
    load = getattr(nautilus_pyo3, f"load_tardis_depth10_from_snapshot{levels}")
    ours = rows(source, tmp_path / "catalog")
    loaded = load(str(source))
    assert len(ours) == len(loaded)
    for mine, theirs in zip(ours, loaded, strict=True):
        assert (mine["ts_event"], mine["ts_init"]) == (theirs.ts_event, theirs.ts_init)
        for side in ("bid", "ask"):
            counts = list(getattr(theirs, f"{side}_counts"))
            orders = getattr(theirs, f"{side}s")
            levels_ = [(Decimal(str(o.price)), Decimal(str(o.size))) for o, n in zip(orders, counts, strict=True) if n]
            assert mine[f"{side}s"] == levels_
            assert mine[f"{side}_counts"] == counts


@needs_samples
def test_funding_rates_of_a_sample(tmp_path: Path) -> None:
    source = SAMPLES / "tardis_derivative_ticker_1.csv"
    tickwright.convert(source, tmp_path / "catalog", types=["funding_rate"])
    (ours,) = rows_of(tmp_path / "catalog").values()
    loaded = [
        {
            "rate": Decimal(str(rate.rate)),
            "interval": rate.interval,
            "next_funding_ns": rate.next_funding_ns,
            "ts_event": rate.ts_event,
            "ts_init": rate.ts_init,
        }
        for rate in nautilus_pyo3.load_tardis_funding_rates(str(source))
    ]
    assert ours == loaded


@needs_samples
def test_greeks_of_a_sample(tmp_path: Path) -> None:
    source = SAMPLES / "tardis_options_chain.csv"
    tickwright.convert(source, tmp_path / "catalog")
    ours = [
        row
        for file in sorted((tmp_path / "catalog/data/option_greeks").rglob("*.parquet"))
        for row in pq.ParquetFile(file).read().to_pylist()
    ]
    names = ("delta", "gamma", "vega", "theta", "rho")
    everything = [
        greeks
        for greeks in nautilus_pyo3.load_tardis_options_chain(str(source))
        if isinstance(greeks, nautilus_pyo3.OptionGreeks)
    ]
    loaded = [greeks for greeks in everything if any(getattr(greeks, name) for name in names)]
    assert len(everything) == len(loaded) + 1
    assert len(ours) == len(loaded) > 0
    key = "instrument_id"
    ours.sort(key=lambda row: (row["ts_init"], row[key]))
    loaded.sort(key=lambda greeks: (greeks.ts_init, str(greeks.instrument_id)))
    for mine, theirs in zip(ours, loaded, strict=True):
        assert mine[key] == str(theirs.instrument_id)
        for name in names:
            assert mine[name] == getattr(theirs, name)
        for name in ("mark_iv", "bid_iv", "ask_iv"):
            percent = getattr(theirs, name)
            assert mine[name] == (None if percent is None else pytest.approx(percent / 100, rel=1e-15))
