"""Every benchmark, in one run: ``uv run --group bench python benches/run.py``.

Writes ``benches/results/<date>.json`` and ``benches/results/README.md``. Figures are ratios of works that alternate in
one process (or, for whole commands, in one loop), best of several rounds each; bare times only explain them. The input
is made by ``tickwright simulate``, so that anyone can make the same bytes.
"""

import argparse
import datetime
import gzip
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jiter
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import tickwright

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def best(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Seconds of each work, the best of `rounds`; works alternate."""
    seconds = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def lines(capture: Path) -> tuple[list[bytes], list[int]]:
    """Frames and receive times of a capture in lines."""
    frames, times = [], []
    with gzip.open(capture, "rb") as file:
        for line in file:
            stamp, frame = line.rstrip(b"\n").split(b" ", 1)
            frames.append(frame)
            times.append(int(stamp))
    return frames, times


def frames_of(capture: Path) -> dict[str, tuple[list[bytes], list[int]]]:
    """Frames and times by kind of message; snapshots go with the diffs."""
    both = list(zip(*lines(capture), strict=True))
    found = {}
    for kind in ("depth", "aggTrade", "bookTicker"):
        mark = f"@{kind}".encode()
        of_kind = [(f, t) for f, t in both if mark in f[:80] or (kind == "depth" and b"lastUpdateId" in f[:200])]
        found[kind] = ([f for f, _ in of_kind], [t for _, t in of_kind])
    return found


# --- decoding ---------------------------------------------------------------------------------------------------------


def peers(rounds: int) -> list[dict[str, Any]]:
    """The Rust program: decoders beside JSON parsers in one process."""
    command = ["cargo", "run", "--release", "--quiet", "--manifest-path", str(HERE / "peers" / "Cargo.toml")]
    out = subprocess.run([*command, "--", str(rounds)], check=True, capture_output=True).stdout
    ours = "tickwright (sequence and ladder)"
    rows = []
    for result in json.loads(out)["results"]:
        speeds = result["bytes_per_second"]
        for name in [ours, "tickwright (decode alone)"]:
            if name in speeds:
                ratios = {peer: speeds[name] / s for peer, s in speeds.items() if not peer.startswith("tickwright")}
                rows.append(
                    {
                        "feed": result["feed"],
                        "frames": result["frames"],
                        "reader": name,
                        "bytes_per_second": speeds[name],
                        **ratios,
                    }
                )
    return rows


def from_python(frames: list[bytes], times: list[int], rounds: int) -> dict[str, float]:
    """`push_many` and `flush` of one feed's frames, beside two parsers called from Python."""

    def ours() -> None:
        decoder = tickwright.Decoder("binance-usdm")
        decoder.push_many(frames, times)
        decoder.flush()

    works = {
        "tickwright": ours,
        "orjson": lambda: [orjson.loads(frame) for frame in frames],
        "jiter": lambda: [jiter.from_json(frame) for frame in frames],
    }
    seconds = best(works, rounds)
    return {name: seconds[name] / seconds["tickwright"] for name in works if name != "tickwright"} | {
        "bytes_per_second": sum(map(len, frames)) / seconds["tickwright"]
    }


def quantiles(work: Callable[[bytes, int], Any], frames: list[bytes], times: list[int]) -> dict[str, float]:
    """Nanoseconds of one call: p50, p99 and p99.9."""
    took = []
    for frame, ts in zip(frames, times, strict=True):
        start = time.perf_counter_ns()
        work(frame, ts)
        took.append(time.perf_counter_ns() - start)
    took.sort()
    return {name: took[int(len(took) * share)] for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))}


def objects(frames: dict[str, tuple[list[bytes], list[int]]]) -> dict[str, dict[str, float]]:
    """`ObjectDecoder.push` beside NautilusTrader's own Binance adapter (Python), frame by frame."""
    import msgspec
    from nautilus_trader.adapters.binance.common.schemas import market as common
    from nautilus_trader.model.identifiers import InstrumentId
    from tickwright.nautilus import ObjectDecoder

    # The adapter decodes the wrapper for the stream, then the message by its type, and looks the instrument up.
    kinds = {
        "depth": common.BinanceOrderBookMsg,
        "aggTrade": common.BinanceAggregatedTradeMsg,
        "bookTicker": common.BinanceQuoteMsg,
    }
    wrapper = msgspec.json.Decoder(common.BinanceDataMsgWrapper)
    ids: dict[str, InstrumentId] = {}
    found = {}
    for kind, (of_kind, times) in frames.items():
        decoder = msgspec.json.Decoder(kinds[kind])
        # Snapshots are not its messages, and it makes no object of an update without levels.
        empty = b'"b":[],"a":[]'
        both = zip(of_kind, times, strict=True)
        updates = [(f, t) for f, t in both if b"lastUpdateId" not in f[:200] and empty not in f]

        def theirs(frame: bytes, ts: int, kind: str = kind, decoder: Any = decoder) -> Any:
            wrapper.decode(frame)
            data = decoder.decode(frame).data
            instrument_id = ids.get(data.s) or ids.setdefault(data.s, InstrumentId.from_str(f"{data.s}-PERP.BINANCE"))
            if kind == "depth":
                return data.parse_to_order_book_deltas(instrument_id=instrument_id, ts_init=ts)
            if kind == "aggTrade":
                return data.parse_to_trade_tick(instrument_id=instrument_id, ts_init=ts)
            return data.parse_to_quote_tick(instrument_id=instrument_id, ts_init=ts)

        ours = ObjectDecoder("binance-usdm", on_gap="continue")
        mine = quantiles(ours.push, *map(list, zip(*updates, strict=True)))
        other = quantiles(theirs, *map(list, zip(*updates, strict=True)))
        found[kind] = {f"ns {name}": mine[name] for name in mine}
        found[kind] |= {f"adapter / ours {name}": other[name] / mine[name] for name in mine}
    return found


# --- whole commands ---------------------------------------------------------------------------------------------------


PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def command(*arguments: str | Path, memory: bool = False) -> float:
    """Runs the command line; its seconds, or its peak memory in MiB."""
    # Bytecode is kept as in any installation, whatever this process was told.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = ["tickwright", *map(str, arguments)]
    if memory:
        # A child starts with the high water mark of who forked it: a small process stands between.
        out = subprocess.run([sys.executable, "-c", PEAK, *words], stdout=subprocess.PIPE, check=True, env=env).stdout
        return int(out) / 1024
    start = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True, env=env)
    return time.perf_counter() - start


def inflate(path: Path) -> None:
    """The capture's bytes, inflated and dropped."""
    engine = zlib.decompressobj(31)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            engine.decompress(block)


def convert(folder: Path, minutes: float, rounds: int) -> dict[str, float]:
    """The whole command beside each of its stages alone. Definitions are left out: NautilusTrader writes those."""
    capture = folder / "long.gz"
    tickwright.simulate("binance-usdm", capture, seed=1, minutes=minutes, symbols=20, truth=False)
    frames, times = lines(capture)
    capture = folder / "frames.gz"
    with gzip.open(capture, "wb", compresslevel=6) as out:
        for frame, ts in zip(frames, times, strict=True):
            if not frame.startswith(b'{"timezone"'):
                out.write(b"%d %s\n" % (ts, frame))
    tables: list[pa.Table] = []

    def decode() -> None:
        decoder = tickwright.Decoder("binance-usdm")
        decoder.push_many(frames, times)
        batches = decoder.flush()
        tables[:] = [pa.Table.from_batches([pa.record_batch(batch)]) for batch in batches.values()]

    def encode() -> None:
        for table in tables:
            sink = pa.BufferOutputStream()
            pq.write_table(table, sink, compression="zstd", use_dictionary=False, write_statistics=False)

    rounds_done = iter(range(1_000))

    def whole() -> None:
        # A folder of its own each time: ext4 looks for names past what was just deleted.
        command("convert", capture, "-o", folder / f"catalog-{next(rounds_done)}", "--json")

    decode()
    seconds = best({"whole": whole, "inflate": lambda: inflate(capture), "decode": decode, "encode": encode}, rounds)
    start_up = command("feeds", "--json")
    slowest = max(("inflate", "decode", "encode"), key=seconds.__getitem__)
    return {
        "whole_s": seconds["whole"],
        "start_up_s": start_up,
        **{f"whole/{stage}": seconds["whole"] / seconds[stage] for stage in ("inflate", "decode", "encode")},
        f"whole/slowest ({slowest})": seconds["whole"] / seconds[slowest],
        "bytes_per_second": sum(map(len, frames)) / seconds["whole"],
    }


def query(capture: Path, folder: Path, rounds: int) -> dict[str, float]:
    """`catalog.query` on our files, beside the same on the files that Nautilus writes of the same data."""
    from nautilus_trader.model.data import OrderBookDelta, QuoteTick, TradeTick
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    command("convert", capture, "-o", folder / "ours", "--json")
    ours, theirs = ParquetDataCatalog(folder / "ours"), ParquetDataCatalog(folder / "theirs")
    found = {}
    for kind in (TradeTick, QuoteTick, OrderBookDelta):
        by_id: dict[str, list[Any]] = {}
        for item in ours.query(kind):
            by_id.setdefault(item.instrument_id.value, []).append(item)
        for items in by_id.values():
            theirs.write_data(items)
        seconds = best({"ours": lambda k=kind: ours.query(k), "theirs": lambda k=kind: theirs.query(k)}, rounds)
        found[f"{kind.__name__} whole"] = seconds["theirs"] / seconds["ours"]
        first = next(iter(by_id))
        stamps = [item.ts_init for item in by_id[first]]
        middle = stamps[len(stamps) // 2]
        span = {"identifiers": [first], "start": middle, "end": middle + 1_000_000_000}
        works = {
            "ours": lambda k=kind, s=span: ours.query(k, **s),
            "theirs": lambda k=kind, s=span: theirs.query(k, **s),
        }
        seconds = best(works, rounds)
        found[f"{kind.__name__} one second of one instrument"] = seconds["theirs"] / seconds["ours"]
    bytes_of = {
        side: sum(file.stat().st_size for file in (folder / side / "data").rglob("*.parquet"))
        for side in ("ours", "theirs")
    }
    found["bytes on disk, theirs / ours"] = bytes_of["theirs"] / bytes_of["ours"]
    return found


def dumps(folder: Path, rows: int) -> dict[str, float]:
    """Published dumps to a catalog: the command beside NautilusTrader's own loader or wrangler and `write_data`."""
    import random
    import zipfile

    import pandas as pd
    import polars as pl
    from nautilus_trader.adapters.tardis.loaders import TardisCSVDataLoader
    from nautilus_trader.persistence.catalog import ParquetDataCatalog
    from nautilus_trader.persistence.wranglers import TradeTickDataWrangler
    from nautilus_trader.test_kit.providers import TestInstrumentProvider

    chance = random.Random(7)
    found = {}

    def timed(work: Callable[[], Any]) -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    book = folder / "tardis.csv.gz"
    with gzip.open(book, "wt", compresslevel=5) as out:
        out.write("exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n")
        price = 631_132
        for row in range(rows):
            stamp = 1_700_000_000_000_000 + row // 8 * 25_000
            price += chance.randrange(-3, 4)
            side, sign = ("bid", -1) if row % 2 else ("ask", 1)
            level = (price + sign * chance.randrange(1, 400)) / 10
            amount = 0 if chance.random() < 0.25 else chance.randrange(1, 900_000) / 1_000
            snapshot = "true" if row < 8 else "false"
            out.write(f"deribit,BTC-PERPETUAL,{stamp},{stamp + 1_300},{snapshot},{side},{level},{amount}\n")

    def tardis() -> None:
        loader = TardisCSVDataLoader(price_precision=1, size_precision=3)
        ParquetDataCatalog(folder / "tardis-theirs").write_data(loader.load_deltas(book, as_legacy_cython=True))

    ours = best({"ours": lambda: fresh(folder / "tardis-ours", book)}, 3)["ours"]
    found["Tardis incremental_book_L2: loader + write_data / ours"] = timed(tardis) / ours
    found["Tardis incremental_book_L2: polars.read_csv alone / ours"] = timed(lambda: pl.read_csv(book)) / ours
    found["Tardis incremental_book_L2: rows per second, ours"] = rows / ours

    trades = folder / "BTCUSDT-trades-2024-01-01.zip"
    lines_ = ["id,price,qty,quote_qty,time,is_buyer_maker"]
    price = 6_311_320
    for row in range(rows):
        price += chance.randrange(-9, 10)
        size = chance.randrange(1, 90_000)
        maker = "true" if chance.random() < 0.5 else "false"
        quote = price * size / 100_000
        lines_.append(
            f"{4_500_000_000 + row},{price / 100:.2f},{size / 1000:.3f},{quote},{1_704_067_200_000 + row * 8},{maker}"
        )
    with zipfile.ZipFile(trades, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-trades-2024-01-01.csv", "\n".join(lines_) + "\n")
    instrument = TestInstrumentProvider.btcusdt_perp_binance()

    def wrangle() -> None:
        frame = pd.read_csv(trades)
        frame["timestamp"] = pd.to_datetime(frame.pop("time"), unit="ms", utc=True)
        frame = frame.rename(columns={"qty": "quantity", "id": "trade_id", "is_buyer_maker": "buyer_maker"})
        ticks = TradeTickDataWrangler(instrument).process(frame.set_index("timestamp"))
        ParquetDataCatalog(folder / "trades-theirs").write_data(ticks)

    ours = best({"ours": lambda: fresh(folder / "trades-ours", trades, "--feed", "binance-usdm")}, 3)["ours"]
    found["Binance trades: pandas + wrangler + write_data / ours"] = timed(wrangle) / ours
    found["Binance trades: rows per second, ours"] = rows / ours
    size = sum(file.stat().st_size for file in (folder / "trades-ours" / "data").rglob("*.parquet"))
    found["Binance trades: bytes per row, ours"] = size / rows
    return found


def fresh(catalog: Path, *arguments: str | Path) -> None:
    """Converts into a catalog that is not there yet."""
    shutil.rmtree(catalog, ignore_errors=True)
    command("convert", *arguments, "-o", catalog, "--json")


def memory(folder: Path, symbols: int) -> dict[str, float]:
    """Peak memory of the command over an input, and over one ten times as long."""
    found = {}
    for name, minutes in (("1x", 0.2), ("10x", 2.0)):
        capture = folder / f"memory-{name}.gz"
        tickwright.simulate("binance-usdm", capture, seed=3, minutes=minutes, symbols=symbols, truth=False)
        found[f"{name} MiB of input"] = capture.stat().st_size / (1 << 20)
        found[f"{name} peak MiB"] = command("convert", capture, "-o", folder / f"memory-{name}", "--json", memory=True)
    return found


# --- the page ---------------------------------------------------------------------------------------------------------


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout
    packages = {name: version(name) for name in ("tickwright", "nautilus_trader", "pyarrow", "orjson", "jiter")}
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "commit": commit.strip(),
        "processor": f"{len(names)} x {names[0] if names else platform.processor()}",
        "python": platform.python_version(),
        **packages,
    }


def page(results: dict[str, Any]) -> str:
    """The results as Markdown."""
    out = [
        "# Results",
        "",
        "Made by `benches/run.py`; see [the method](../README.md). Ratios above 1 are in our favour",
        "",
    ]
    out[2] += " unless the line says otherwise."
    out += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in results["machine"].items()), ""]
    out += ["## Frames to columns, in Rust", ""]
    columns = list(dict.fromkeys(name for row in results["peers"] for name in row))
    out += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in results["peers"]:
        out.append("| " + " | ".join(cell(row.get(name, "")) for name in columns) + " |")
    titles = {
        "python": "Frames to record batches, from Python: `push_many` against",
        "objects": "Frames to NautilusTrader objects: `ObjectDecoder.push` beside its own Binance adapter",
        "convert": "The whole command against its stages (lower is better)",
        "query": "`catalog.query` on our files against Nautilus's own",
        "dumps": "Published dumps, whole commands",
        "memory": "Peak memory of the command (1,000 instruments, definitions written)",
    }
    for key, title in titles.items():
        out += ["", f"## {title}", "", "| | |", "|---|---|"]
        for name, value in results[key].items():
            values = value.items() if isinstance(value, dict) else [("", value)]
            out += [f"| {' '.join(filter(None, (name, inner)))} | {cell(v)} |" for inner, v in values]
    return "\n".join(out) + "\n"


def cell(value: Any) -> str:
    """A figure of three digits."""
    return value if isinstance(value, str) else f"{value:.3g}" if value < 1e6 else f"{value / 1e6:.3g} M"


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--symbols", type=int, default=1_000, help="instruments of the memory benchmark")
    parser.add_argument("--only", nargs="*", help="parts to measure again; the others stay as they were today")
    parser.add_argument("--quick", action="store_true", help="small inputs: whether it runs, not how fast")
    options = parser.parse_args()
    rounds = 1 if options.quick else options.rounds
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    today = RESULTS / f"{machine()['date']}.json"
    results: dict[str, Any] = json.loads(today.read_text()) if options.only else {}
    results["machine"] = machine()

    def wanted(part: str) -> bool:
        return not options.only or part in options.only

    if wanted("peers"):
        results["peers"] = peers(rounds if options.quick else 15)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        capture = folder / "capture.gz"
        minutes = 0.2 if options.quick else 10.0
        tickwright.simulate("binance-usdm", capture, seed=1, minutes=minutes, symbols=20, truth=False)
        by_kind = frames_of(capture)
        if wanted("python"):
            results["python"] = {kind: from_python(*of_kind, rounds) for kind, of_kind in by_kind.items()}
        if wanted("objects"):
            results["objects"] = objects(by_kind)
        if wanted("convert"):
            results["convert"] = convert(folder, 4 * minutes, max(1, rounds // 2))
        if wanted("query"):
            results["query"] = query(capture, folder, max(1, rounds // 2))
        if wanted("dumps"):
            results["dumps"] = dumps(folder, 50_000 if options.quick else 2_000_000)
        if wanted("memory"):
            results["memory"] = memory(folder, 50 if options.quick else options.symbols)
    if options.quick:
        print(page(results))
        return
    RESULTS.mkdir(exist_ok=True)
    today.write_text(json.dumps(results, indent=1) + "\n")
    (RESULTS / "README.md").write_text(page(results))
    print(RESULTS / "README.md")


if __name__ == "__main__":
    sys.exit(main())
