"""Deribit's definitions and rows, written into a catalog and read back by NautilusTrader: spreads, prices below zero."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright
from nautilus_trader.core.nautilus_pyo3 import OptionGreeks
from nautilus_trader.model.data import Bar, OrderBookDelta, OrderBookDepth10, QuoteTick, TradeTick
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests import deribit
from tests.deribit import OPTION, PERPETUAL, SPREAD, STRADDLE, T0


def captured(folder: Path) -> Path:
    """Definitions, then both hand-made sessions."""
    frames = [(deribit.answer(deribit.DEFINITIONS), T0 * 10**6), *deribit.session()]
    later = [(frame, ts + 10**9) for frame, ts in deribit.books()]
    path = folder / "capture.ndjson"
    path.write_bytes(b"".join(b"%d %b\n" % (ts, frame) for frame, ts in frames + later))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ParquetDataCatalog, tickwright.ConvertReport]:
    folder = tmp_path_factory.mktemp("deribit")
    report = tickwright.convert(captured(folder), folder / "catalog")
    assert report.rejects == 0
    return ParquetDataCatalog(str(folder / "catalog")), report


WANTED: dict[str, dict[str, Any]] = {
    PERPETUAL: {"type": "CryptoPerpetual", "is_inverse": True, "settlement_currency": "BTC", "multiplier": "1"},
    "SOL_USDC-PERPETUAL": {"type": "CryptoPerpetual", "is_inverse": False, "settlement_currency": "USDC"},
    OPTION: {"type": "CryptoOption", "underlying": "BTC", "quote_currency": "BTC", "is_inverse": True},
    "BTC_USDC": {"type": "CurrencyPair", "base_currency": "BTC", "quote_currency": "USDC"},
    SPREAD: {"type": "CryptoFuturesSpread", "strategy_type": "FS", "settlement_currency": "BTC"},
    STRADDLE: {"type": "CryptoOptionSpread", "strategy_type": "STRD", "quote_currency": "BTC"},
}


def test_definitions(made: tuple[ParquetDataCatalog, tickwright.ConvertReport]) -> None:
    catalog, report = made
    found = {instrument.id.value: instrument for instrument in catalog.instruments()}
    assert report.instruments_written == len(found) == 7
    for name, fields in WANTED.items():
        instrument = found[f"{name}.DERIBIT"]
        assert fields.items() <= type(instrument).to_dict(instrument).items(), name
    spread = found[f"{SPREAD}.DERIBIT"]
    assert spread.expiration_ns == 1_798_185_600_000_000_000


def test_prices_of_spreads(made: tuple[ParquetDataCatalog, tickwright.ConvertReport]) -> None:
    """Zero and below, in trades, quotes, deltas, depths and bars."""
    catalog, _ = made
    name = f"{SPREAD}.DERIBIT"
    trades = catalog.query(TradeTick, identifiers=[name])
    assert [trade.price.as_decimal() for trade in trades] == [Decimal("-12.5"), 0]
    deltas = [delta for delta in catalog.query(OrderBookDelta, identifiers=[name]) if delta.order]
    prices = [delta.order.price.as_decimal() for delta in deltas if delta.action.name != "CLEAR"]
    assert prices == [Decimal(text) for text in ("-15.5", "-20", "0", "3.5", "0", "-2.5")]
    (quote,) = catalog.query(QuoteTick, identifiers=[name])
    assert (quote.bid_price.as_decimal(), quote.ask_price.as_decimal()) == (0, 0)
    (depth,) = catalog.query(OrderBookDepth10, identifiers=[name])
    assert depth.bids[0].price.as_decimal() == Decimal("-5.5")
    (bar,) = catalog.query(Bar, identifiers=[f"{name}-1-MINUTE-LAST-EXTERNAL"])
    assert (bar.open.as_decimal(), bar.low.as_decimal()) == (0, -5)


def test_values(made: tuple[ParquetDataCatalog, tickwright.ConvertReport]) -> None:
    from tickwright.nautilus import Liquidation, OpenInterest, VolatilityIndex

    catalog, _ = made
    rows = [wrapped.data for wrapped in catalog.query(VolatilityIndex)]
    assert {(row.instrument_id.value, row.value) for row in rows} == {
        ("btc_usd.DERIBIT", "129.36"),
        ("eth_usd.DERIBIT", "70.5"),
    }
    (row,) = [wrapped.data for wrapped in catalog.query(VolatilityIndex, identifiers=["eth_usd.DERIBIT"])]
    assert row.ts_event == T0 * 10**6
    forced = [wrapped.data for wrapped in catalog.query(Liquidation, identifiers=[f"{PERPETUAL}.DERIBIT"])]
    assert [(row.side, row.trade_id) for row in forced] == [("SELL", "8"), ("SELL", "9"), ("SELL", "10"), ("BUY", "10")]
    interest = [wrapped.data for wrapped in catalog.query(OpenInterest, identifiers=[f"{PERPETUAL}.DERIBIT"])]
    assert {(row.value, row.unit, row.value_quote) for row in interest} == {("1000200000", "quote", "1000200000")}
    greeks = catalog.query(OptionGreeks, identifiers=[f"{OPTION}.DERIBIT"])
    assert (greeks[0].delta, greeks[0].gamma, greeks[0].mark_iv) == (0.47736, 0.00028, 0.312)
    assert greeks[0].underlying_price == 76904.4


def test_narrow_integers(tmp_path: Path) -> None:
    """Prices below zero in the 8-byte flavour."""
    tickwright.convert(captured(tmp_path), tmp_path / "catalog", flavour="v1-standard", write_instruments=False)
    (file,) = (tmp_path / f"catalog/data/trade_tick/{SPREAD}.DERIBIT").iterdir()
    prices = [
        int.from_bytes(value, "little", signed=True) for value in pa.table(pq.read_table(file))["price"].to_pylist()
    ]
    assert prices == [-12_500_000_000, 0]
