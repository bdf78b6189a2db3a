"""Frames: to columns beside JSON parsers, to record batches from Python, to NautilusTrader's objects."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiter
import orjson
import tickwright

from suite import inputs
from suite.measure import BENCHES, PEERS, best, environment, rust, target

type ByKind = dict[str, tuple[list[bytes], list[int]]]


def peers(rounds: int) -> list[dict[str, Any]]:
    """The Rust program: decoders beside JSON parsers in one process."""
    rows = []
    for result in rust("tickwright-peers", str(rounds))["results"]:
        speeds = result["bytes_per_second"]
        for name in ("tickwright (sequence and ladder)", "tickwright (decode alone)"):
            if name in speeds:
                ratios = {peer: speeds[name] / s for peer, s in speeds.items() if not peer.startswith("tickwright")}
                row = {"feed": result["feed"], "frames": result["frames"], "reader": name}
                rows.append(row | {"bytes_per_second": speeds[name]} | ratios)
    return rows


def stages(quick: bool) -> dict[str, float]:
    """criterion: each stage of a dump of one row group, on one core; bytes of its text per second."""
    words = ["cargo", "bench", "--quiet", "--manifest-path", str(PEERS), "--bench", "stages", "--", "--noplot"]
    if quick:
        words += ["--sample-size", "10", "--warm-up-time", "0.1", "--measurement-time", "0.2"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    found = {}
    for name in ("scan", "inflate", "rows", "pages"):
        folder = target() / "criterion" / "stages" / name / "new"
        nanoseconds = json.loads((folder / "estimates.json").read_text())["median"]["point_estimate"]
        size = json.loads((folder / "benchmark.json").read_text())["throughput"]["Bytes"]
        found[f"{name} bytes_per_second"] = size / nanoseconds * 1e9
    return found


def calls(quick: bool) -> dict[str, float]:
    """pytest-benchmark: seconds of each call of `benches/test_python.py`, the best."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "calls.json"
        words = [sys.executable, "-m", "pytest", "-q", BENCHES / "test_python.py", "--benchmark-json", told]
        if quick:
            words += ["--benchmark-min-rounds=1", "--benchmark-max-time=0.05", "--benchmark-warmup=off"]
        subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL, env=environment())
        results = json.loads(told.read_text())["benchmarks"]
    return {f"{result['name'].removeprefix('test_')} best_s": result["stats"]["min"] for result in results}


def python(frames: ByKind, rounds: int) -> dict[str, dict[str, float]]:
    """`push_many` and `flush`, beside two parsers called from Python."""

    def ours(of_kind: list[bytes], times: list[int]) -> None:
        decoder = tickwright.Decoder("binance-usdm")
        decoder.push_many(of_kind, times)
        decoder.flush()

    found = {}
    for kind, (of_kind, times) in frames.items():
        works: dict[str, Callable[[], Any]] = {
            "tickwright": lambda f=of_kind, t=times: ours(f, t),
            "orjson": lambda f=of_kind: [orjson.loads(frame) for frame in f],
            "jiter": lambda f=of_kind: [jiter.from_json(frame) for frame in f],
        }
        seconds = best(works, rounds)
        found[kind] = {name: seconds[name] / seconds["tickwright"] for name in ("orjson", "jiter")}
        found[kind]["bytes_per_second"] = sum(map(len, of_kind)) / seconds["tickwright"]
    return found


def quantiles(work: Callable[[bytes, int], Any], frames: list[bytes], times: list[int]) -> dict[str, float]:
    """Nanoseconds of one call: p50, p99 and p99.9."""
    took = []
    for frame, ts in zip(frames, times, strict=True):
        start = time.perf_counter_ns()
        work(frame, ts)
        took.append(time.perf_counter_ns() - start)
    took.sort()
    return {name: took[int(len(took) * share)] for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))}


def objects(frames: ByKind) -> dict[str, dict[str, float]]:
    """`ObjectDecoder.push` beside NautilusTrader's own Binance adapter (Python), frame by frame; depth of 20 levels."""
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
    for kind, (of_kind, times) in {**frames, "depth": inputs.depth_updates(20_000, 20)}.items():
        decoder = msgspec.json.Decoder(kinds[kind])

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
        mine = quantiles(ours.push, of_kind, times)
        other = quantiles(theirs, of_kind, times)
        found[kind] = {f"ns {name}": mine[name] for name in mine}
        found[kind] |= {f"adapter / ours {name}": other[name] / mine[name] for name in mine}
    return found
