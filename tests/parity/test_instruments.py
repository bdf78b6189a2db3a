"""Instruments against NautilusTrader: the files that its own writer makes of `build(definition)`, value by value."""

import json
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nautilus_trader.model import currencies
from nautilus_trader.model.currencies import Currency
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.serialization.arrow.implementations.instruments import serialize
from tickwright import _core
from tickwright.nautilus.instruments import build

from tests import deribit, kraken, okx
from tests.frames import ROOT
from tests.integration.test_simulator import FEEDS
from tests.property.test_refused_definitions import ANSWERS

type Definition = dict[str, Any]

SPREADS = {"CryptoFuturesSpread", "CryptoOptionSpread"}
TS = 1_788_782_400_005_000_000


def converted(inputs: Path, folder: Path) -> list[Definition]:
    """The definitions of a capture."""
    report = tickwright.convert(inputs, folder / "converted", write_instruments=False)
    assert report.instruments_written == 0
    return report.instruments


def pushed(feed: str, *frames: tuple[bytes, int]) -> list[Definition]:
    """The definitions of frames, of instruments without rows too."""
    decoder = tickwright.Decoder(feed)
    for frame, ts in frames:
        decoder.push(frame, ts)
    found: list[Definition] = decoder.report()["instruments"]
    return found


def simulated(feed: str) -> Callable[[Path], list[Definition]]:
    def made(folder: Path) -> list[Definition]:
        tickwright.simulate(feed, folder / "capture.gz", seed=7, minutes=0.05, symbols=8)
        return converted(folder / "capture.gz", folder)

    return made


def answered(name: str) -> Callable[[Path], list[Definition]]:
    feed, answer, _ = ANSWERS[name]
    return lambda _: pushed(feed, (answer({}), TS))


SOURCES: dict[str, Callable[[Path], list[Definition]]] = {
    "the example": lambda folder: converted(ROOT / "examples/binance-usdm", folder),
    "all kinds of deribit": lambda _: pushed("deribit", (deribit.answer(deribit.DEFINITIONS), TS)),
    "session of okx": lambda _: pushed("okx", *okx.session()),
    "session of kraken": lambda _: pushed("kraken-spot", *kraken.session()),
    **{f"answer of {name}": answered(name) for name in ANSWERS},
    **{f"simulated {feed}": simulated(feed) for feed in FEEDS},
}


def write(catalog: Path, definitions: list[Definition], layout: str = "1.231") -> tuple[int, list[str]]:
    return _core.write_instruments(str(catalog), json.dumps(definitions), layout)


def files(catalog: Path) -> dict[str, Path]:
    return {str(path.relative_to(catalog)): path for path in sorted((catalog / "data").rglob("*.parquet"))}


def same_file(ours: Path, wanted: Path) -> None:
    one, other = pq.ParquetFile(ours), pq.ParquetFile(wanted)
    assert one.schema_arrow.equals(other.schema_arrow, check_metadata=True), (one.schema_arrow, other.schema_arrow)
    assert one.metadata.metadata.keys() == other.metadata.metadata.keys()
    assert one.schema.to_arrow_schema().equals(other.schema.to_arrow_schema(), check_metadata=True)
    for number in range(len(one.schema)):
        mine, theirs = one.schema.column(number), other.schema.column(number)
        what = "name physical_type logical_type max_definition_level max_repetition_level".split()
        assert [str(getattr(mine, n)) for n in what] == [str(getattr(theirs, n)) for n in what]
    assert one.read().equals(other.read())
    assert one.read().to_pylist() == other.read().to_pylist()


def built(definitions: list[Definition]) -> dict[str, dict[str, Any]]:
    return {one.id.value: type(one).to_dict(one) for one in map(build, definitions)}


def facts(catalog: Path) -> dict[str, dict[str, Any]]:
    return {one.id.value: type(one).to_dict(one) for one in ParquetDataCatalog(str(catalog)).instruments()}


@pytest.mark.parametrize("layout", ["1.231", "1.220"])
@pytest.mark.parametrize("name", SOURCES)
def test_files_are_those_of_nautilus_trader(tmp_path: Path, name: str, layout: str) -> None:
    definitions = SOURCES[name](tmp_path)
    assert definitions
    ours, wanted = tmp_path / "ours", tmp_path / "wanted"
    held = [each for each in definitions if layout == "1.231" or each["class"] not in SPREADS]
    for definition in held:
        ParquetDataCatalog(str(wanted)).write_data([build(definition)])
    written, notes = write(ours, definitions, layout)
    assert written == len(held)
    spreads = [each["instrument_id"] for each in definitions if each not in held]
    left = f"{len(spreads)} instruments were not written, {{}} among them: nautilus_trader has no class for them"
    assert notes == [left.format(first) for first in spreads[:1]]
    assert files(ours).keys() == files(wanted).keys()
    for relative, path in files(ours).items():
        same_file(path, wanted / relative)
    loaded = facts(ours)
    assert loaded == facts(wanted)
    assert loaded == built(held)
    assert write(ours, definitions, layout) == (0, notes)


def test_the_sources_have_all_classes(tmp_path: Path) -> None:
    found = {each["class"] for each in SOURCES["all kinds of deribit"](tmp_path)}
    assert found == {"CurrencyPair", "CryptoPerpetual", "CryptoFuture", "CryptoOption"} | SPREADS


def definition(**more: Any) -> Definition:
    return {
        "class": "CryptoPerpetual", "instrument_id": "BTCUSDT-PERP.BINANCE", "raw_symbol": "BTCUSDT", "base": "BTC",
        "quote": "USDT", "settlement": "USDT", "is_inverse": False, "price_precision": 1, "size_precision": 3,
        "price_increment": "0.1", "size_increment": "0.001", "multiplier": "1", "min_price": "0.1",
        "max_price": "1000000", "min_quantity": "0.001", "max_quantity": "1000", "min_notional": "5",
        "max_notional": None, "activation_ns": None, "expiration_ns": None, "underlying": None, "option_kind": None,
        "strike": None, "strategy": None, "margin_init": "0.05", "margin_maint": "0.025", "status": "TRADING",
        "ts_ns": TS, **more,
    }  # fmt: skip


def known_currencies() -> list[Currency]:
    found = [value for value in vars(currencies).values() if isinstance(value, Currency)]
    assert len(found) > 70
    return found


def test_amounts_have_the_decimals_of_their_currencies(tmp_path: Path) -> None:
    """Every currency that NautilusTrader knows, and some that it does not."""
    codes = [currency.code for currency in known_currencies()] + ["NOPE", "usd", "币", "1000CHEEMS"]
    definitions = [
        definition(instrument_id=f"I{number}.X", quote=code, min_notional="1.0123456789")
        for number, code in enumerate(codes)
    ]
    assert write(tmp_path, definitions) == (len(codes), [])
    tables = {path.parent.name: pq.read_table(path).to_pylist()[0] for path in files(tmp_path).values()}
    for number, (code, each) in enumerate(zip(codes, definitions, strict=True)):
        known = Currency.from_internal_map(code)
        precision = 8 if known is None else known.precision
        rounded = round(Decimal("1.0123456789"), precision) if precision else Decimal(1)
        assert tables[f"I{number}.X"]["min_notional"] == f"{rounded:.{precision}f} {code}"
        assert tables[f"I{number}.X"]["min_notional"] == str(build(each).min_notional)
    # Codes that are not known load as they do from a file of NautilusTrader's.
    assert facts(tmp_path) == built(definitions)


def decimals(*, is_signed: bool = False) -> st.SearchStrategy[str]:
    """Canonical texts: any length, huge and tiny ones, the limits of NautilusTrader and their neighbours."""
    digits = st.tuples(st.integers(0, 10**30), st.integers(0, 30))
    canonical = digits.map(lambda pair: f"{Decimal(pair[0]).scaleb(-pair[1]):f}")
    limits = [17_014_118_346_046, 34_028_236_692_093]
    beside = st.tuples(st.sampled_from(limits), st.sampled_from(["-1", "-0.0000000000000001", "0", "0.1", "1"])).map(
        lambda pair: f"{Decimal(pair[0]) + Decimal(pair[1]):f}"
    )
    usual = st.sampled_from(["0", "0.1", "0.05", "0.005", "0.015", "0.25", "2.5", "0.000001", "0.0000001", "1", "1000"])
    texts = (usual | canonical | beside).map(lambda text: text.rstrip("0").rstrip(".") if "." in text else text)
    texts = texts.map(lambda text: text or "0")
    return st.tuples(st.sampled_from(["", "-"]), texts).map("".join) if is_signed else texts


NAMES = st.text(st.characters(exclude_categories=["C"]), min_size=0, max_size=12)
CODES = st.sampled_from([each.code for each in known_currencies()]) | NAMES
SYMBOLS = st.text(st.characters(categories=["L", "N"], include_characters="-_"), min_size=1, max_size=12)
WHEN = st.none() | st.integers(0, 2**63 - 1)


@settings(max_examples=400, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "class": st.sampled_from(
                ["CurrencyPair", "CryptoPerpetual", "CryptoFuture", "CryptoOption", *sorted(SPREADS)]
            ),
            "instrument_id": SYMBOLS.map(lambda symbol: f"X{symbol}.VENUE"),
            "price_precision": st.integers(0, 17),
            "size_precision": st.integers(0, 17),
            "is_inverse": st.booleans(),
            "option_kind": st.sampled_from(["CALL", "PUT", "CALL", None]),
            "strike": decimals(is_signed=True) | st.just("0.625") | st.none(),
        },
        optional={
            "raw_symbol": NAMES,
            "base": CODES,
            "quote": CODES,
            "settlement": CODES,
            "underlying": CODES | st.none(),
            "price_increment": decimals(),
            "size_increment": decimals(),
            "multiplier": decimals(),
            "min_price": decimals(is_signed=True) | st.none(),
            "max_price": decimals() | st.none(),
            "min_quantity": decimals() | st.none(),
            "max_quantity": decimals() | st.none(),
            "min_notional": decimals() | st.none(),
            "max_notional": decimals() | st.none(),
            "margin_init": decimals() | st.none(),
            "margin_maint": decimals() | st.none(),
            "activation_ns": WHEN,
            "expiration_ns": WHEN,
            "strategy": NAMES | st.none(),
            "status": st.text(max_size=12).filter(lambda text: text.isprintable() or "\n" in text),
        },
    )
)
@example({"class": "CryptoOption", "strike": "100000", "option_kind": "PUT", "price_precision": 4})
@example({"max_price": "17014118346045.1234567890123456", "price_precision": 16, "price_increment": "0.1"})
@example({"max_price": "17014118346046", "max_quantity": "34028236692093"})
@example({"max_price": "17014118346046.000000001", "max_quantity": "34028236692093.5"})
@example({"max_price": "0.04", "max_quantity": "0.0004"})
@example({"min_notional": "17014118346046", "margin_init": "0.0000001"})
@example({"min_notional": "0.000000005", "margin_init": "0.00000123"})
@example({"status": 'half "open"\\\n\u0001\x7f é币'})
def test_any_definition(odd: Definition) -> None:
    """What NautilusTrader takes is written as it would; what it refuses is left out and told."""
    each = definition(**odd)
    try:
        wanted = serialize(build(each))
    except (ValueError, TypeError, KeyError, AttributeError):
        wanted = None
    with tempfile.TemporaryDirectory() as folder:
        written, notes = write(Path(folder), [each])
        if wanted is None:
            assert (written, len(notes)) == (0, 1)
            assert notes[0].startswith(f"1 instruments were not written, {each['instrument_id']} among them: ")
            assert files(Path(folder)) == {}
            return
        assert (written, notes) == (1, [])
        (path,) = files(Path(folder)).values()
        ours = pq.read_table(path)
        assert ours.schema.equals(wanted.schema, check_metadata=True)
        assert ours.to_pylist() == pa.Table.from_batches([wanted]).to_pylist()
        assert write(Path(folder), [each]) == (0, [])
