"""Shared by the parity tests: batches and files to plain rows, and the few calls into ``tickwright``.

Rows have the shape of ``tests.reference``: names of Nautilus, prices and sizes as ``Decimal``.
"""

import json
import os
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright

from tests.reference.wire import WIDE

Row = dict[str, Any]
SHARED = Path(os.environ.get("TICKWRIGHT_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CONNECTIONS = SHARED / "frames" / "connections"
SINGLE = SHARED / "frames" / "single" / "binance"
needs_frames = pytest.mark.skipif(
    not CONNECTIONS.is_dir(),
    reason=f"real frames are absent: no folder {CONNECTIONS.name} under shared/frames",
)

AGGRESSOR = ["NO_AGGRESSOR", "BUYER", "SELLER"]
SIDE = ["NO_ORDER_SIDE", "BUY", "SELL"]
ACTION = [None, "ADD", "UPDATE", "DELETE", "CLEAR"]
NAMES = {"aggressor_side": AGGRESSOR, "side": SIDE, "action": ACTION}
FOLDERS = {
    "trade": "trade_tick",
    "quote": "quote_tick",
    "delta": "order_book_deltas",
    "depth10": "order_book_depths",
    "bar": "bar",
    "mark_price": "mark_price_update",
    "index_price": "index_price_update",
    "funding_rate": "funding_rate_update",
    "liquidation": "custom_liquidation",
    "open_interest": "custom_open_interest",
    "volatility_index": "custom_volatility_index",
    "status": "instrument_status",
    "option_greeks": "option_greeks",
}
TEXT_NUMBERS = {"price", "average_price", "size", "value", "value_quote"}  # of the custom classes


def recording(name: str) -> list[Path]:
    """The files of one real recording: ``BINANCE`` or ``BINANCE_DELIVERY``."""
    return sorted(CONNECTIONS.glob(f"{name}.*.gz"))


def raw(value: bytes) -> Decimal:
    """A 16-byte little-endian raw at scale 16 as a Decimal."""
    return WIDE.scaleb(Decimal(int.from_bytes(value, "little", signed=True)), -16)


def batch_rows(batch: Any) -> list[Row]:
    """The rows of a batch of ours, or of a pyarrow table, in the shape of the reference."""
    table = batch if isinstance(batch, pa.Table) else pa.table(pa.record_batch(batch))
    kinds = {field.name: field.type for field in table.schema}
    return [_row(row, kinds) for row in table.to_pylist()]


def _row(row: Row, kinds: dict[str, pa.DataType]) -> Row:
    out: Row = {}
    for name, value in row.items():
        kind = kinds[name]
        if pa.types.is_fixed_size_binary(kind):
            value = raw(value)
        elif name == "rate" and isinstance(value, bytes):
            value = Decimal(json.loads(value))
        elif name in NAMES and isinstance(value, int):
            value = NAMES[name][value]
        elif name in TEXT_NUMBERS and isinstance(value, str) and value:
            value = Decimal(value)
        out[name] = value
    if "type" in out:
        del out["type"]
        out.pop("instrument_id", None)
    return fold_depth(out) if "bid_price_0" in out else out


def trimmed(kind: str, name: str, rows: list[Row]) -> list[Row]:
    """Rows without the columns of the schemas that no venue sends."""
    for row in rows if kind == "option_greeks" else []:
        assert (row.pop("convention"), row.pop("instrument_id")) == ("BLACK_SCHOLES", name)
    for row in rows if kind == "status" else []:
        assert row.pop("instrument_id") == name
        unsent = ("trading_event", "is_quoting", "is_short_sell_restricted")
        assert all(row.pop(left, None) is None for left in unsent)
    return rows


def fold_depth(row: Row) -> Row:
    """Forty columns of a Depth10 to two lists of levels."""
    out = {name: row[name] for name in ("flags", "sequence", "ts_event", "ts_init")}
    for side in ("bid", "ask"):
        counts = [row[f"{side}_count_{i}"] for i in range(10)]
        levels = [(row[f"{side}_price_{i}"], row[f"{side}_size_{i}"]) for i in range(10)]
        out[f"{side}s"] = [level for level, count in zip(levels, counts, strict=True) if count]
        out[f"{side}_counts"] = counts
    return out


def reference_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows of the reference without what a folder or the schema says for all of them."""
    out = []
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in ("type", "instrument_id", "bar_type")}
        if row["type"] in ("liquidation", "open_interest"):
            kept |= {name: Decimal(kept[name]) for name in TEXT_NUMBERS & kept.keys() if kept[name]}
        out.append(kept)
    return out


def same_rows(ours: list[Row], wanted: list[Row], what: object) -> None:
    """Equal row by row; the first difference is named."""
    for index, (left, right) in enumerate(zip(ours, wanted, strict=False)):
        assert left == right, f"{what}: row {index}"
    assert len(ours) == len(wanted), f"{what}: number of rows"


def table_key(key: tuple[str, str]) -> tuple[str, str]:
    """(type, id) with a bar type cut to its instrument: a flush may name a bar by either."""
    kind, name = key
    return (kind, name.split("-1-")[0] if kind == "bar" and name.endswith("-EXTERNAL") else name)


def flush_rows(decoder: Any) -> dict[tuple[str, str], list[Row]]:
    """All rows that a ``Decoder`` holds, by (type, id)."""
    return {key: batch_rows(batch) for key, batch in decoder.flush().items()}


def decode(feed: str, frames: Iterable[tuple[bytes, int]], **options: Any) -> dict[tuple[str, str], list[Row]]:
    """Rows of frames pushed into a new ``Decoder``."""
    decoder = tickwright.Decoder(feed, **options)
    for frame, ts_init in frames:
        decoder.push(frame, ts_init)
    return flush_rows(decoder)


def report(value: Any) -> dict[str, Any]:
    """A report as plain JSON values, whatever class carries it."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return dict(json.loads(value))
    for name in ("to_dict", "model_dump", "to_json", "as_dict"):
        if hasattr(value, name):
            return report(getattr(value, name)())
    raise TypeError(type(value))


def convert(inputs: Iterable[Path], output: Path, **options: Any) -> dict[str, Any]:
    """Runs ``tickwright.convert`` and gives its report as a dict."""
    return report(tickwright.convert([str(path) for path in inputs], str(output), **options))


def catalog_rows(catalog: Path, kind: str, name: str) -> list[Row]:
    """The rows of one table of a catalog, files in the order of their names."""
    folder = catalog / "data" / FOLDERS[kind] / name.replace("/", "")
    files = sorted(folder.glob("*.parquet"))
    assert files, f"no files in {FOLDERS[kind]}/{name}"
    return trimmed(kind, name, [row for file in files for row in batch_rows(pq.ParquetFile(file).read())])


def catalog_tables(catalog: Path) -> set[tuple[str, str]]:
    """The (type, id) of every folder with data."""
    names = {folder: kind for kind, folder in FOLDERS.items()}
    out = set()
    for file in (catalog / "data").glob("*/*/*.parquet"):
        if file.parent.parent.name in names:
            out.add((names[file.parent.parent.name], file.parent.name))
    return out
