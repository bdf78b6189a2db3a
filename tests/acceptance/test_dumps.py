"""Catalogs made of dumps, read by NautilusTrader itself."""

from pathlib import Path
from typing import Any

import pytest
import tickwright
from nautilus_trader.model.data import (
    Bar,
    FundingRateUpdate,
    MarkPriceUpdate,
    OrderBookDelta,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests.dumps import FORMATS, write

READ: dict[str, tuple[Any, str]] = {
    "um trades": (TradeTick, "BTCUSDT-PERP.BINANCE"),
    "cm trades of a future": (TradeTick, "BTCUSD_240329.BINANCE"),
    "spot aggTrades": (TradeTick, "ETHUSDT.BINANCE"),
    "spot klines": (Bar, "BTCUSDT.BINANCE-1-MINUTE-LAST-EXTERNAL"),
    "um monthly klines": (Bar, "BTCUSDT-PERP.BINANCE-1-MONTH-LAST-EXTERNAL"),
    "mark price klines": (Bar, "BTCUSDT-PERP.BINANCE-1-MINUTE-MARK-EXTERNAL"),
    "bookTicker": (QuoteTick, "BTCUSDT-PERP.BINANCE"),
    "fundingRate": (FundingRateUpdate, "BTCUSDT-PERP.BINANCE"),
    "tardis trades without ids": (TradeTick, "BTCUSDT.BINANCE"),
    "tardis book": (OrderBookDelta, "BTC-PERPETUAL.DERIBIT"),
    "tardis snapshots of 5": (OrderBookDepth10, "BTC-USDT-SWAP.OKEX"),
    "tardis quotes": (QuoteTick, "XBTUSD.BITMEX"),
    "tardis derivative ticker": (MarkPriceUpdate, "XBTUSD.BITMEX"),
    "kraken trades": (TradeTick, "BTC/EUR.KRAKEN"),
    "kraken bars": (Bar, "BTC/USD.KRAKEN-5-MINUTE-LAST-EXTERNAL"),
}


@pytest.mark.parametrize("name", READ)
def test_nautilus_reads_what_was_written(tmp_path: Path, name: str) -> None:
    kind, id_ = READ[name]
    stem, text, _ = FORMATS[name]
    report = tickwright.convert(write(tmp_path / "in", stem, text, "zip"), tmp_path / "catalog")
    asked = {"bar_types": [id_]} if kind is Bar else {"identifiers": [id_]}
    rows = ParquetDataCatalog(str(tmp_path / "catalog")).query(kind, **asked)
    wanted = {
        TradeTick: "trade",
        Bar: "bar",
        QuoteTick: "quote",
        FundingRateUpdate: "funding_rate",
        OrderBookDelta: "delta",
        OrderBookDepth10: "depth10",
        MarkPriceUpdate: "mark_price",
    }[kind]
    (table,) = [t for t in report.tables if (t.type, t.instrument_id) == (wanted, id_)]
    assert len(rows) == table.rows > 0
    assert (rows[0].ts_init, rows[-1].ts_init) == (table.start_ns, table.end_ns)
    if kind is Bar:
        assert str(rows[0].bar_type) == id_


def test_a_book_stays_uncrossed_where_the_dump_is(tmp_path: Path) -> None:
    from nautilus_trader.model.book import OrderBook
    from nautilus_trader.model.enums import BookType
    from nautilus_trader.model.identifiers import InstrumentId

    lines = ["exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"]
    for n, middle in enumerate((100, 90, 110)):
        at = 1_700_000_000_000_000 + n * 1_000_000
        lines += [f"deribit,X,{at},{at + 5},true,{side},{middle + step},1" for side, step in (("bid", -1), ("ask", 1))]
        lines += [
            f"deribit,X,{at + 9},{at + 11},false,bid,{middle},2",
            f"deribit,X,{at + 9},{at + 11},false,bid,{middle - 1},0",
        ]
    source = write(tmp_path, "incremental_book_L2", "\n".join(lines) + "\n", "csv.gz")
    tickwright.convert(source, tmp_path / "catalog")
    deltas = ParquetDataCatalog(str(tmp_path / "catalog")).query(OrderBookDelta, identifiers=["X.DERIBIT"])
    book = OrderBook(InstrumentId.from_str("X.DERIBIT"), BookType.L2_MBP)
    tops = []
    for delta in deltas:
        book.apply_delta(delta)
        if delta.flags & 128:
            tops.append((float(book.best_bid_price()), float(book.best_ask_price())))
    assert tops == [(99, 101), (100, 101), (89, 91), (90, 91), (109, 111), (110, 111)]
