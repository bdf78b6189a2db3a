"""Inputs, the same everywhere: simulated captures, and dumps of any number of rows, written as they are made."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import tickwright

#: Rows that are made at once; they are the same whatever is asked for.
BLOCK = 500_000
type Text = Iterator[bytes]
Columns = dict[str, "np.ndarray | list[str]"]
Make = Callable[[np.random.Generator, np.ndarray, int], tuple[Columns, int]]


def tardis_book(chance: np.random.Generator, at: np.ndarray, price: int) -> tuple[Columns, int]:
    """`incremental_book_L2`: eight rows a message, a message each 25 ms, one level of four is deleted."""
    steps = np.cumsum(chance.integers(-3, 4, len(at))) + price
    stamps = 1_700_000_000_000_000 + at // 8 * 25_000
    is_bid = at % 2 == 1
    ticks = steps + np.where(is_bid, -1, 1) * chance.integers(1, 400, len(at))
    is_snapshot = at < 8
    is_gone = (chance.random(len(at)) < 0.25) & ~is_snapshot
    amounts = np.where(is_gone, 0, chance.integers(1, 900_000, len(at)))
    columns: Columns = {
        "exchange": ["deribit"] * len(at),
        "symbol": ["BTC-PERPETUAL"] * len(at),
        "timestamp": stamps,
        "local_timestamp": stamps + 1_300,
        "is_snapshot": is_snapshot,
        "side": np.where(is_bid, "bid", "ask"),
        "price": ticks / 10,
        "amount": amounts / 1_000,
    }
    return columns, int(steps[-1])


def _traded(chance: np.random.Generator, at: np.ndarray, price: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    prices = np.cumsum(chance.integers(-9, 10, len(at))) + price
    return prices, chance.integers(1, 90_000, len(at)), chance.random(len(at)) < 0.5


def trades(chance: np.random.Generator, at: np.ndarray, price: int) -> tuple[Columns, int]:
    """Binance's trades of USD-M, one each 8 ms."""
    prices, sizes, makers = _traded(chance, at, price)
    columns: Columns = {
        "id": 4_500_000_000 + at,
        "price": prices / 100,
        "qty": sizes / 1_000,
        "quote_qty": prices * sizes / 100_000,
        "time": 1_704_067_200_000 + at * 8,
        "is_buyer_maker": makers,
    }
    return columns, int(prices[-1])


def agg_trades(chance: np.random.Generator, at: np.ndarray, price: int) -> tuple[Columns, int]:
    """Binance's aggTrades of USD-M, of three trades each."""
    prices, sizes, makers = _traded(chance, at, price)
    columns: Columns = {
        "agg_trade_id": 1_900_000_000 + at,
        "price": prices / 100,
        "quantity": sizes / 1_000,
        "first_trade_id": 4_500_000_000 + at * 3,
        "last_trade_id": 4_500_000_002 + at * 3,
        "transact_time": 1_704_067_200_000 + at * 8,
        "is_buyer_maker": makers,
    }
    return columns, int(prices[-1])


def klines(chance: np.random.Generator, at: np.ndarray, price: int) -> tuple[Columns, int]:
    """Binance's klines of a second, of spot."""
    closes = np.cumsum(chance.integers(-90, 91, len(at))) + price
    opens = np.concatenate(([price], closes[:-1]))
    wicks = chance.integers(0, 60, (2, len(at)))
    stamps = 1_704_067_200_000 + at * 1_000
    volumes = chance.integers(1, 9_000_000, len(at))
    columns: Columns = {
        "open_time": stamps,
        "open": opens / 100,
        "high": (np.maximum(opens, closes) + wicks[0]) / 100,
        "low": (np.minimum(opens, closes) - wicks[1]) / 100,
        "close": closes / 100,
        "volume": volumes / 100_000,
        "close_time": stamps + 999,
        "quote_volume": volumes * closes // 100 / 100_000,
        "count": chance.integers(1, 900, len(at)),
        "taker_buy_volume": volumes // 2 / 100_000,
        "taker_buy_quote_volume": volumes // 2 * closes // 100 / 100_000,
        "ignore": np.zeros(len(at), dtype=np.int64),
    }
    return columns, int(closes[-1])


def text(make: Make, rows: range) -> Text:
    """The lines of a file, those of `rows`, under a header; the same row is the same text in any file."""
    price = 631_132 if make is tardis_book else 6_311_320
    for first in range(0, rows.stop, BLOCK):
        chance = np.random.default_rng([7, first])
        columns, price = make(chance, np.arange(first, first + BLOCK), price)
        here = slice(max(rows.start - first, 0), min(rows.stop - first, BLOCK))
        if here.start >= BLOCK:
            continue
        table = pa.table(columns).slice(here.start, here.stop - here.start)
        sink = io.BytesIO()
        options = csv.WriteOptions(include_header=first + here.start == rows.start, quoting_style="none")
        csv.write_csv(table, sink, options)
        yield sink.getvalue()


def plain(path: Path, blocks: Text) -> Path:
    """The text as it is."""
    with path.open("wb") as out:
        out.writelines(blocks)
    return path


def packed(path: Path, blocks: Text) -> Path:
    """The text in a gzip or in a zip archive, by the path's suffix."""
    if path.suffix == ".gz":
        with gzip.open(path, "wb", compresslevel=5) as out:
            for block in blocks:
                out.write(block)
        return path
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{path.stem}.csv", "w", force_zip64=True) as out,
    ):
        for block in blocks:
            out.write(block)
    return path


def capture(path: Path, *, seed: int, minutes: float, symbols: int) -> Path:
    """A capture of Binance USD-M, in lines."""
    tickwright.simulate("binance-usdm", path, seed=seed, minutes=minutes, symbols=symbols, truth=False)
    return path


def lines(path: Path) -> tuple[list[bytes], list[int]]:
    """Frames and receive times of a capture in lines."""
    frames, times = [], []
    with gzip.open(path, "rb") as file:
        for line in file:
            stamp, frame = line.rstrip(b"\n").split(b" ", 1)
            frames.append(frame)
            times.append(int(stamp))
    return frames, times


def depth_updates(count: int, levels: int) -> tuple[list[bytes], list[int]]:
    """Diffs of a book of Binance USD-M, each of so many levels near the top, and their receive times."""
    chance = np.random.default_rng(7)
    frames, times = [], []
    middle = 6_311_320
    for update in range(1, count + 1):
        middle += int(chance.integers(-20, 21))
        ticks = np.sort(chance.choice(400, size=levels // 2, replace=False))
        sizes = chance.integers(0, 90_000, size=(2, levels // 2)) * (chance.random((2, levels // 2)) < 0.8)
        bids, asks = (
            [
                [f"{(middle + sign * (tick + 1) * 10) / 100:.2f}", f"{size / 1000:.3f}"]
                for tick, size in zip(ticks, row, strict=True)
            ]
            for sign, row in zip((-1, 1), sizes, strict=True)
        )
        at = 1_700_000_000_000 + 100 * update
        data = {"e": "depthUpdate", "E": at, "T": at - 3, "s": "BTCUSDT", "U": 10 * update + 1, "u": 10 * update + 10}
        body = {"stream": "btcusdt@depth@100ms", "data": {**data, "pu": 10 * update, "b": bids, "a": asks}}
        frames.append(json.dumps(body, separators=(",", ":")).encode())
        times.append((at + 5) * 1_000_000)
    return frames, times


def by_kind(path: Path) -> dict[str, tuple[list[bytes], list[int]]]:
    """Frames and times of a capture by kind of message; snapshots go with the diffs."""
    both = list(zip(*lines(path), strict=True))
    found = {}
    for kind in ("depth", "aggTrade", "bookTicker"):
        mark = f"@{kind}".encode()
        of_kind = [(f, t) for f, t in both if mark in f[:80] or (kind == "depth" and b"lastUpdateId" in f[:200])]
        found[kind] = ([f for f, _ in of_kind], [t for _, t in of_kind])
    return found
