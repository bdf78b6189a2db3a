"""Bybit's definitions and rows, written into a catalog and read back by NautilusTrader."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright
from nautilus_trader.model.data import IndexPriceUpdate, OrderBookDelta, QuoteTick, TradeTick
from nautilus_trader.model.enums import OptionKind
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests import bybit
from tests.frames import SHARED

SINGLE = SHARED / "frames/single/bybit"


def catalog_of(folder: Path, feed: str, *definitions: bytes) -> ParquetDataCatalog:
    frames = bybit.SESSIONS[feed]()
    first = frames[0][1] - 1_000_000
    lines = [b"%d %b\n" % (first, json.dumps(json.loads(body)).encode()) for body in definitions]
    lines += [b"%d %b\n" % (ts, frame) for frame, ts in frames]
    (folder / "capture.ndjson").write_bytes(b"".join(lines))
    report = tickwright.convert(folder / "capture.ndjson", folder / "catalog", feed=feed)
    assert report.rejects == 0
    return ParquetDataCatalog(str(folder / "catalog"))


# File: feed, and of each instrument the class and what matters of it.
EXPECTED: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "linear": (
        "bybit-linear",
        {
            "BTCUSDT-LINEAR.BYBIT": {"type": "CryptoPerpetual", "price_increment": "0.5", "size_increment": "0.001",
                                     "settlement_currency": "USDT", "is_inverse": False, "multiplier": "1"},
            "ETHUSDT-LINEAR.BYBIT": {"type": "CryptoPerpetual", "price_increment": "0.05", "size_increment": "0.01"},
        },
    ),
    "inverse": (
        "bybit-inverse",
        {
            "BTCUSD-INVERSE.BYBIT": {"type": "CryptoPerpetual", "price_increment": "0.5", "size_increment": "1",
                                     "settlement_currency": "BTC", "is_inverse": True, "multiplier": "1"},
        },
    ),
    "spot": (
        "bybit-spot",
        {
            "BTCUSDT-SPOT.BYBIT": {"type": "CurrencyPair", "base_currency": "BTC", "quote_currency": "USDT"},
            "ETHUSDT-SPOT.BYBIT": {"type": "CurrencyPair", "price_increment": "0.01", "size_increment": "0.00001"},
        },
    ),
    "option": (
        "bybit-option",
        {
            "ETH-26JUN26-16000-P-OPTION.BYBIT": {"type": "CryptoOption", "underlying": "ETH", "settlement_currency": "USDC",
                                                 "strike_price": "16000.0", "activation_ns": 1_700_005_000_000_000_000,
                                                 "expiration_ns": 1_780_005_000_000_000_000},
        },
    ),
}  # fmt: skip


@pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
@pytest.mark.parametrize("product", EXPECTED)
def test_definitions(tmp_path: Path, product: str) -> None:
    feed, wanted = EXPECTED[product]
    # Instruments are written where there are rows of them.
    symbols = [name.rsplit("-", 1)[0] for name in wanted]
    trades = [bybit.trades(bybit.trade(100 + at, symbol=symbol), symbol=symbol) for at, symbol in enumerate(symbols)]
    answer = (SINGLE / f"http_get_instruments_{product}.json").read_bytes()
    catalog = catalog_of(tmp_path, feed, answer, *trades)
    found = {instrument.id.value: instrument for instrument in catalog.instruments()}
    assert wanted.keys() == found.keys()
    for name, fields in wanted.items():
        facts = type(found[name]).to_dict(found[name])
        # Increments may have been widened to what the session sends, which is another market's.
        same = {key: value for key, value in fields.items() if not key.endswith("_increment") or product == "option"}
        assert same.items() <= facts.items(), name
        if product == "option":
            assert found[name].option_kind == OptionKind.PUT


@pytest.mark.parametrize("feed", bybit.SESSIONS)
def test_rows(tmp_path: Path, feed: str) -> None:
    catalog = catalog_of(tmp_path, feed)
    decoder = tickwright.Decoder(feed)
    for frame, ts in bybit.SESSIONS[feed]():
        decoder.push(frame, ts)
    counts = {key: batch.num_rows for key, batch in decoder.flush().items()}
    for kind, cls in (("trade", TradeTick), ("delta", OrderBookDelta), ("quote", QuoteTick)):
        for (found, name), rows in counts.items():
            if found == kind and not (kind == "quote" and name == "BTCUSDT-LINEAR.BYBIT"):
                assert len(catalog.query(cls, identifiers=[name])) == rows, (kind, name)
    assert IndexPriceUpdate  # written; 1.231 cannot query it


def test_quotes_are_of_one_channel(tmp_path: Path) -> None:
    """Tickers came first; the catalog keeps what `orderbook.1` brought, and says so."""
    catalog = catalog_of(tmp_path, "bybit-linear")
    quotes = catalog.query(QuoteTick, identifiers=["BTCUSDT-LINEAR.BYBIT"])
    assert {quote.bid_price.as_decimal() for quote in quotes} == {Decimal("63000.1"), Decimal("63000.0")}
    only_tickers = catalog.query(QuoteTick, identifiers=["ETHUSDT-LINEAR.BYBIT"])
    assert [quote.bid_price.as_decimal() for quote in only_tickers] == [Decimal("1200.4")]
