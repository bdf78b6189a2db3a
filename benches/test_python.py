"""What a Python program meets, call by call: ``uv run --group bench pytest benches``.

Frames are simulated, the same each time. `benches/run.py` runs this too and sets the figures beside one another.
"""

import gzip
from typing import Any

import jiter
import orjson
import pytest
import tickwright
from pytest_benchmark.fixture import BenchmarkFixture
from tickwright.nautilus import ObjectDecoder

KINDS = ("depth", "aggTrade", "bookTicker")
type Frames = dict[str, tuple[list[bytes], list[int]]]


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """Frames and receive times by kind of message; snapshots go with the diffs."""
    capture = tmp_path_factory.mktemp("frames") / "capture.gz"
    tickwright.simulate("binance-usdm", capture, seed=1, minutes=1, symbols=20, truth=False)
    found: Frames = {kind: ([], []) for kind in KINDS}
    with gzip.open(capture, "rb") as file:
        for line in file:
            stamp, frame = line.rstrip(b"\n").split(b" ", 1)
            for kind, (of_kind, times) in found.items():
                if f"@{kind}".encode() in frame[:80] or (kind == "depth" and b"lastUpdateId" in frame[:200]):
                    of_kind.append(frame)
                    times.append(int(stamp))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.benchmark(group="push_many")
def test_push_many(benchmark: BenchmarkFixture, frames: Frames, kind: str) -> None:
    def work() -> dict[Any, Any]:
        decoder = tickwright.Decoder("binance-usdm")
        decoder.push_many(*frames[kind])
        return decoder.flush()

    assert benchmark(work)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parse", [orjson.loads, jiter.from_json], ids=["orjson", "jiter"])
@pytest.mark.benchmark(group="push_many")
def test_parse(benchmark: BenchmarkFixture, frames: Frames, kind: str, parse: Any) -> None:
    assert benchmark(lambda: [parse(frame) for frame in frames[kind][0]])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.benchmark(group="objects")
def test_objects(benchmark: BenchmarkFixture, frames: Frames, kind: str) -> None:
    def work() -> int:
        decoder = ObjectDecoder("binance-usdm", on_gap="continue")
        return sum(len(decoder.push(frame, ts)) for frame, ts in zip(*frames[kind], strict=True))

    assert benchmark(work)
