"""Schemas and column bytes of our batches equal what the installed NautilusTrader's own serializer gives.

One batch of each type is decoded, its rows are made into Nautilus objects, those are serialized by the package, and
the two tables are compared field by field: type, nullability, metadata, values.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
import tickwright
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model import data as model
from nautilus_trader.model.enums import AggressorSide, BookAction, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.serialization.arrow.schema import NAUTILUS_ARROW_SCHEMA
from nautilus_trader.serialization.arrow.serializer import ArrowSerializer

from tests import binance as frames
from tests.parity.support import Row, batch_rows, table_key

ID = InstrumentId.from_str(frames.INSTRUMENT)
TYPES = ["trade", "quote", "delta", "depth10", "bar", "mark_price", "index_price", "funding_rate"]
CLASSES = {
    "trade": model.TradeTick,
    "quote": model.QuoteTick,
    "delta": model.OrderBookDelta,
    "depth10": model.OrderBookDepth10,
    "bar": model.Bar,
    "mark_price": model.MarkPriceUpdate,
    "index_price": model.IndexPriceUpdate,
    "funding_rate": model.FundingRateUpdate,
}


@pytest.fixture(scope="module")
def batches() -> dict[str, pa.RecordBatch]:
    """One batch of every type."""
    decoder = tickwright.Decoder("binance-usdm")
    for frame, ts_init in frames.session():
        decoder.push(frame, ts_init)
    return {key[0]: pa.record_batch(batch) for key, batch in decoder.flush().items()}


def precisions(batch: pa.RecordBatch) -> tuple[int, int]:
    """The labels of the batch; 0 where the type has none."""
    metadata = batch.schema.metadata or {}
    return int(metadata.get(b"price_precision", 0)), int(metadata.get(b"size_precision", 0))


def nautilus_object(kind: str, row: Row, price: Callable[[Decimal], Price], size: Callable[[Decimal], Quantity]) -> Any:
    """A Nautilus object of a row."""
    times = (row["ts_event"], row["ts_init"])
    if kind == "trade":
        side = AggressorSide[row["aggressor_side"]]
        return model.TradeTick(ID, price(row["price"]), size(row["size"]), side, TradeId(row["trade_id"]), *times)
    if kind == "quote":
        prices = (price(row["bid_price"]), price(row["ask_price"]))
        return model.QuoteTick(ID, *prices, size(row["bid_size"]), size(row["ask_size"]), *times)
    if kind == "delta":
        order = model.BookOrder(OrderSide[row["side"]], price(row["price"]), size(row["size"]), row["order_id"])
        action = BookAction[row["action"]]
        return model.OrderBookDelta(ID, action, order, row["flags"], row["sequence"], *times)
    if kind == "bar":
        values = [price(row[name]) for name in ("open", "high", "low", "close")]
        bar_type = model.BarType.from_str(f"{ID}-1-MINUTE-LAST-EXTERNAL")
        return model.Bar(bar_type, *values, size(row["volume"]), *times)
    if kind == "mark_price":
        return model.MarkPriceUpdate(ID, price(row["value"]), *times)
    if kind == "index_price":
        return model.IndexPriceUpdate(ID, price(row["value"]), *times)
    if kind == "funding_rate":
        return model.FundingRateUpdate(ID, row["rate"], *times, next_funding_ns=row["next_funding_ns"])
    sides = []
    for side, name in ((OrderSide.BUY, "bids"), (OrderSide.SELL, "asks")):
        levels = [model.BookOrder(side, price(p), size(s), 0) for p, s in row[name]]
        empty = model.BookOrder(OrderSide.NO_ORDER_SIDE, price(Decimal(0)), size(Decimal(0)), 0)
        sides.append(levels + [empty] * (10 - len(levels)))
    counts = (row["bid_counts"], row["ask_counts"])
    return model.OrderBookDepth10(ID, *sides, *counts, row["flags"], row["sequence"], *times)


@pytest.mark.parametrize("kind", TYPES)
def test_equals_the_packages_own_serializer(kind: str, batches: dict[str, pa.RecordBatch]) -> None:
    batch = batches[kind]
    price_places, size_places = precisions(batch)

    def price(value: Decimal) -> Price:
        return Price.from_str(f"{value:.{price_places}f}")

    def size(value: Decimal) -> Quantity:
        return Quantity.from_str(f"{value:.{size_places}f}")

    objects = [nautilus_object(kind, row, price, size) for row in batch_rows(batch)]
    theirs = ArrowSerializer.serialize_batch(objects, CLASSES[kind])
    assert [(f.name, f.type, f.nullable) for f in batch.schema] == [(f.name, f.type, f.nullable) for f in theirs.schema]
    assert batch.schema.metadata == theirs.schema.metadata
    ours = pa.table(batch).to_pydict()
    for name, column in theirs.to_pydict().items():
        if name == "rate":
            # Theirs writes the decimal as given, ours canonical: the JSON text is a number's, equal as decimals.
            assert [Decimal(json.loads(v)) for v in ours[name]] == [Decimal(json.loads(v)) for v in column]
            assert all(v.startswith(b'"') and v.endswith(b'"') for v in ours[name])
        else:
            assert ours[name] == column, name


@pytest.mark.parametrize("kind", TYPES)
def test_equals_the_declared_schema(kind: str, batches: dict[str, pa.RecordBatch]) -> None:
    schema = batches[kind].schema
    declared = NAUTILUS_ARROW_SCHEMA[CLASSES[kind]]
    assert schema.names == declared.names
    for field in declared:
        assert schema.field(field.name).type == field.type, field.name
        assert schema.field(field.name).nullable == field.nullable, field.name
    if kind == "funding_rate":
        return  # the Rust side of the package declares none
    arrow = nautilus_pyo3.get_arrow_schema_map(getattr(nautilus_pyo3, CLASSES[kind].__name__))
    short = {
        "fixed_size_binary[16]": "FixedSizeBinary(16)",
        "uint8": "UInt8",
        "uint32": "UInt32",
        "uint64": "UInt64",
    }
    short["string"] = "Utf8"
    assert {field.name: short[str(field.type)] for field in schema} == arrow


@pytest.mark.parametrize(("kind", "name"), [("liquidation", "Liquidation"), ("open_interest", "OpenInterest")])
def test_custom_classes(kind: str, name: str, batches: dict[str, pa.RecordBatch]) -> None:
    from tickwright import nautilus

    cls = getattr(nautilus, name)
    batch = batches[kind]
    wanted = cls._schema
    assert batch.schema.names == wanted.names
    assert [field.type for field in batch.schema] == [field.type for field in wanted]
    objects = [cls.from_dict(row) for row in pa.table(batch).to_pylist()]
    assert [obj.to_dict() for obj in objects] == [{**row, "type": name} for row in pa.table(batch).to_pylist()]


def test_standard_flavour_narrows(batches: dict[str, pa.RecordBatch]) -> None:
    decoder = tickwright.Decoder("binance-usdm", flavour="v1-standard")
    for frame, ts_init in frames.session():
        decoder.push(frame, ts_init)
    seen = 0
    for key, batch in decoder.flush().items():
        wide = pa.table(batches[table_key(key)[0]]).to_pydict()
        for name, values in pa.table(pa.record_batch(batch)).to_pydict().items():
            if pa.types.is_fixed_size_binary(batches[key[0]].schema.field(name).type):
                seen += 1
                assert pa.record_batch(batch).schema.field(name).type == pa.binary(8)
                for narrow, full in zip(values, wide[name], strict=True):
                    raw = int.from_bytes(full, "little", signed=True)
                    assert int.from_bytes(narrow, "little", signed=True) * 10**7 == raw
            else:
                assert values == wide[name]
    assert seen > 40


def test_depth_folds_back(batches: dict[str, pa.RecordBatch]) -> None:
    (row,) = batch_rows(batches["depth10"])
    assert row["bids"] == [(Decimal("63000.1"), Decimal("1.5")), (Decimal("62999.9"), Decimal(2))]
    assert row["bid_counts"] == [1, 1] + [0] * 8
