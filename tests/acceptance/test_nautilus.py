"""NautilusTrader 1.231 reads what is written, every way that works there, and backtests on it."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import tickwright
from nautilus_trader.model.data import (
    Bar,
    FundingRateUpdate,
    MarkPriceUpdate,
    OrderBookDelta,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests.frames import SHARED, at, capture, usdm

ID = "BTCUSDT-PERP.BINANCE"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> ParquetDataCatalog:
    folder = tmp_path_factory.mktemp("catalog")
    tickwright.convert(capture(folder / "c.ndjson", usdm()), folder / "catalog")
    return ParquetDataCatalog(str(folder / "catalog"))


def test_query(catalog: ParquetDataCatalog) -> None:
    (trade,) = catalog.query(TradeTick, identifiers=[ID])
    assert TradeTick.to_dict(trade) == {
        "type": "TradeTick",
        "instrument_id": ID,
        "price": "100.1",
        "size": "0.001",
        "aggressor_side": "SELLER",
        "trade_id": "7",
        "ts_event": at(4),
        "ts_init": at(5),
    }
    (quote,) = catalog.query(QuoteTick, identifiers=[ID])
    assert (str(quote.bid_price), str(quote.ask_size), quote.ts_event) == ("100.1", "4.5", at(5))
    deltas = catalog.query(OrderBookDelta, identifiers=[ID])
    assert [d.flags for d in deltas] == [32, 32, 32, 160, 0, 0, 128, 0, 0, 128]
    (bar,) = catalog.query(Bar, identifiers=[f"{ID}-1-MINUTE-LAST-EXTERNAL"])
    assert (str(bar.open), str(bar.volume), bar.ts_event) == ("100.0", "12.345", 1_700_000_040_000_000_000)
    (mark,) = catalog.query(MarkPriceUpdate, identifiers=[ID])
    assert str(mark.value) == "100.12345678"
    (funding,) = catalog.query(FundingRateUpdate, identifiers=[ID])
    assert (str(funding.rate), funding.next_funding_ns) == ("0.0001", 1_700_006_400_000_000_000)


def test_custom_data(catalog: ParquetDataCatalog) -> None:
    from tickwright.nautilus import Liquidation

    (wrapped,) = catalog.query(Liquidation, identifiers=[ID])
    row = wrapped.data
    assert (row.side, row.price, row.average_price, row.size) == ("SELL", "99.5", "99.75", "0.014")
    assert (row.ts_event, row.ts_init) == (at(7), at(8))


@pytest.mark.parametrize("cls", [TradeTick, QuoteTick, OrderBookDelta, MarkPriceUpdate])
def test_backend_session(catalog: ParquetDataCatalog, cls: type) -> None:
    from nautilus_trader.core.nautilus_pyo3 import DataBackendSession
    from nautilus_trader.model.data import capsule_to_list

    session = catalog.backend_session(data_cls=cls, identifiers=[ID], session=DataBackendSession())
    rows = [row for chunk in session.to_query_result() for row in capsule_to_list(chunk)]
    assert len(rows) == len(catalog.query(cls, identifiers=[ID]))


@pytest.mark.skipif(not (SHARED / "frames").is_dir(), reason="needs ../shared/frames")
def test_backtest_on_real_recordings(tmp_path: Path) -> None:
    inputs = sorted((SHARED / "frames/connections").glob("BINANCE.*"))
    report = tickwright.convert(inputs, tmp_path / "catalog")
    assert report.instruments_written >= 1
    program = textwrap.dedent(
        """
        import sys
        from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
        from nautilus_trader.config import LoggingConfig
        from nautilus_trader.model.currencies import USDT
        from nautilus_trader.model.data import OrderBookDelta, QuoteTick, TradeTick
        from nautilus_trader.model.enums import AccountType, BookType, OmsType
        from nautilus_trader.model.identifiers import Venue
        from nautilus_trader.model.objects import Money
        from nautilus_trader.persistence.catalog import ParquetDataCatalog
        from nautilus_trader.trading.strategy import Strategy

        catalog = ParquetDataCatalog(sys.argv[1])
        ID = "NKNUSDT.BINANCE"
        (instrument,) = [i for i in catalog.instruments() if i.id.value == ID]
        engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(log_level="ERROR")))
        engine.add_venue(Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USDT)],
                         book_type=BookType.L2_MBP)
        engine.add_instrument(instrument)

        class Watch(Strategy):
            seen = 0
            def on_start(self):
                self.subscribe_order_book_deltas(instrument.id, book_type=BookType.L2_MBP)
                self.subscribe_quote_ticks(instrument.id)
                self.subscribe_trade_ticks(instrument.id)
            def on_order_book_deltas(self, deltas):
                Watch.seen += len(deltas.deltas)
            def on_quote_tick(self, tick):
                Watch.seen += 1
            def on_trade_tick(self, tick):
                Watch.seen += 1

        engine.add_strategy(Watch())
        for cls in (OrderBookDelta, QuoteTick, TradeTick):
            engine.add_data(catalog.query(cls, identifiers=[ID]))
        engine.run()
        book = engine.cache.order_book(instrument.id)
        print(Watch.seen, book.best_bid_price(), book.best_ask_price(), len(book.bids()), len(book.asks()))
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "catalog")],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    # 1,986 deltas, 74 quotes, 1 trade; the book is the one that the slow reference rebuilds.
    assert done.stdout.split() == ["2061", "0.35270", "0.35310", "614", "994"]
