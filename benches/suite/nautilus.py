"""NautilusTrader's way from a dump to a catalog, by its loader or wrangler and `write_data`; prints its seconds.

``nautilus.py KIND FILE CATALOG ROWS`` converts the first ROWS of a file, in a process of its own: what it imports is
not clocked, what it keeps in memory does not slow what is measured next.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from nautilus_trader.adapters.tardis.loaders import TardisCSVDataLoader
from nautilus_trader.model.data import BarType
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.persistence.wranglers import BarDataWrangler, TradeTickDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider


def tardis_book(file: Path, rows: int) -> list[Any]:
    """Deltas by the loader, as it gives them."""
    return TardisCSVDataLoader(price_precision=1, size_precision=3).load_deltas(file, limit=rows)


def tardis_book_pyo3(file: Path, rows: int) -> list[Any]:
    """Deltas by the loader, as its page says for those who pass them on to a catalog."""
    loader = TardisCSVDataLoader(price_precision=1, size_precision=3)
    return loader.load_deltas(file, as_legacy_cython=False, limit=rows)


def _ticks(file: Path, rows: int, names: dict[str, str]) -> list[Any]:
    frame = pd.read_csv(file, nrows=rows).rename(columns=names)
    frame.index = pd.to_datetime(frame.pop("timestamp"), unit="ms", utc=True)
    return TradeTickDataWrangler(TestInstrumentProvider.btcusdt_perp_binance()).process(frame)


def trades(file: Path, rows: int) -> list[Any]:
    """Trades by pandas and the wrangler."""
    names = {"time": "timestamp", "qty": "quantity", "id": "trade_id", "is_buyer_maker": "buyer_maker"}
    return _ticks(file, rows, names)


def agg_trades(file: Path, rows: int) -> list[Any]:
    """Aggregate trades by pandas and the wrangler."""
    names = {"transact_time": "timestamp", "agg_trade_id": "trade_id", "is_buyer_maker": "buyer_maker"}
    return _ticks(file, rows, names)


def klines(file: Path, rows: int) -> list[Any]:
    """Bars by pandas and the wrangler."""
    names = ["timestamp", "open", "high", "low", "close", "volume"]
    frame = pd.read_csv(file, nrows=rows, names=names, usecols=range(6), header=None)
    frame.index = pd.to_datetime(frame.pop("timestamp"), unit="ms", utc=True)
    instrument = TestInstrumentProvider.btcusdt_binance()
    bar_type = BarType.from_str(f"{instrument.id}-1-SECOND-LAST-EXTERNAL")
    return BarDataWrangler(bar_type, instrument).process(frame)


def main() -> None:
    """Converts, clocked."""
    kind, file, catalog, rows = sys.argv[1:]
    load: Callable[[Path, int], list[Any]] = globals()[kind]
    start = time.perf_counter()
    items = load(Path(file), int(rows))
    ParquetDataCatalog(catalog).write_data(items)
    took = time.perf_counter() - start
    if len(items) != int(rows):
        raise SystemExit(f"{file}: {len(items)} of {rows} rows")
    print(json.dumps(took))


if __name__ == "__main__":
    main()
