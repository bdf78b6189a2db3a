"""The corpus of damage over every feed in every container: all bytes are accounted for, nothing broken gives a row.

Feeds come from `tickwright.feeds`, their frames from the simulator: a later feed is in here by being there. The oracle
is `json`, and the slow reader of `tests/reference` for the feeds that it knows.
"""

import gzip
import json
import random
import subprocess
import sys
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tickwright

from tests import bybit, deribit, kraken, kraken_futures, okx
from tests.containers import CONTAINERS
from tests.damage import FILE_KINDS, KINDS, corpus, some
from tests.processes import adds_up
from tests.reference.captures import Item
from tests.reference.decode import HOSTS, decode_items

VENUES = {feed["name"]: feed["venue"] for feed in tickwright.feeds()}
FEEDS = list(VENUES)
# Messages that the simulator does not write; what is no JSON is no frame to damage.
BY_HAND = {
    "bybit-option": bybit.options,
    "okx": okx.session,
    "kraken-spot": lambda: kraken.session() + kraken.legacy() + kraken.by_order(),
    "kraken-futures": lambda: [(frame, ts) for frame, ts, _ in kraken_futures.session() + kraken_futures.named()],
    "deribit": lambda: deribit.session() + deribit.books(),
}
# An input that cannot be read is an error of its own, never anything else.
REFUSED = {"truncated", "corrupt", "empty", "unknown_container", "unknown_feed", "no_input", "unreadable"}

type Frames = list[tuple[int, bytes]]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Frames]:
    """A short recording of each feed, with rows of every type it has.

    Some have frames by hand too; a feed that cannot be simulated has those of another of its venue.
    """

    def simulated(feed: str) -> Frames | None:
        path = tmp_path_factory.mktemp(feed) / "capture.ndjson"
        try:
            tickwright.simulate(feed, path, seed=11, minutes=1.1, symbols=2, rate=4, truth=False)
        except tickwright.UsageError:
            return None
        return [(int(line[:19]), line[20:]) for line in path.read_bytes().splitlines()]

    out = {}
    for feed in FEEDS:
        frames = simulated(feed)
        if frames is None:
            others = [simulated(other) for other in FEEDS if VENUES[other] == VENUES[feed]]
            frames = next(other for other in others if other)
        if feed in BY_HAND:
            frames = [(ts, frame) for frame, ts in BY_HAND[feed]() if frame != b"pong"] + frames
        assert len(frames) > 200
        out[feed] = frames
    return out


def shapes(frames: Frames, each: int = 3) -> Frames:
    """Some frames of every shape: those with the same keys are one."""
    seen: Counter[str] = Counter()
    out = []
    for ts, frame in frames:
        value = json.loads(frame)
        inner = value.get("params", value) if isinstance(value, dict) else value
        inner = inner.get("data", inner) if isinstance(inner, dict) else inner
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            inner = inner[0]
        shape = str(sorted(inner)) if isinstance(inner, dict) else type(inner).__name__
        seen[shape] += 1
        if seen[shape] <= each:
            out.append((ts, frame))
    assert len(seen) >= 3
    return out


def is_json(frame: bytes) -> bool:
    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        # Not as bytes: json would guess UTF-16.
        json.loads(frame.decode(), parse_constant=refuse, parse_int=str, parse_float=str)
    except RecursionError:
        # Not refused, but not told to be good either: the decoder may go as deep as it likes.
        return True
    except ValueError:
        return False
    return True


def refused_by_reference(feed: str, ts: int, frame: bytes) -> bool:
    """Whether the slow reader, which knows the venue, makes nothing of the frame."""
    if feed not in HOSTS:
        return False
    item = Item("received", ts, 1, "", frame, "", 1, len(frame))
    try:
        session = decode_items([item], feed, decoder=True)
    except (RecursionError, KeyError, TypeError, AttributeError):
        return False  # too deep, or a definition that it does not check: it has no opinion
    return session.frames[0].end == "rejected" and not session.rows


def check(report: dict[str, Any], frames: list[bytes]) -> None:
    accounting = report["accounting"]
    for name in ("frames", "bytes", "items"):
        ends = dict(accounting[name])
        assert ends.pop("total") == sum(ends.values()), name
    assert accounting["frames"]["total"] == len(frames)
    assert accounting["bytes"]["total"] == sum(map(len, frames))


@pytest.mark.parametrize("feed", FEEDS)
def test_each_damage_alone(recordings: dict[str, Frames], feed: str) -> None:
    """What json or the slow reader refuses gives no row, whatever the damage."""
    refused, seen = Counter[str](), Counter[str]()
    for number, (ts, frame) in enumerate(shapes(recordings[feed])):
        for kind, bad in corpus([frame], seed=number, times=3):
            decoder = tickwright.Decoder(feed)
            decoder.push(bad, ts)
            decoder.finish()
            check(decoder.report(), [bad])
            batches = decoder.flush()
            for batch in batches.values():
                pa.table(batch).validate(full=True)
            seen[kind] += 1
            if not is_json(bad) or refused_by_reference(feed, ts, bad):
                refused[kind] += 1
                assert batches == {}, (kind, bad[:2_000])
    assert seen.keys() == KINDS.keys()
    # A long text is JSON: only a reader who knows the venue refuses it.
    may_be_good = {"swap_values", "lose_member"} | (set() if feed in HOSTS else {"long_text"})
    assert refused.keys() >= KINDS.keys() - may_be_good, refused
    assert sum(refused.values()) > sum(seen.values()) / 4


@pytest.mark.parametrize("feed", FEEDS)
def test_damage_in_a_recording(recordings: dict[str, Frames], feed: str) -> None:
    """A third of the frames damaged, while books are in step: accounted for, and the others give rows."""
    for seed in range(5):
        frames = some(recordings[feed], seed)
        decoder = tickwright.Decoder(feed)
        decoder.push_many([frame for _, frame in frames], [ts for ts, _ in frames])
        decoder.finish()
        report = decoder.report()
        check(report, [frame for _, frame in frames])
        broken = sum(not is_json(frame) for _, frame in frames)
        assert report["accounting"]["frames"]["rejected"] >= broken > 10
        assert report["accounting"]["frames"]["rows"] > 10
        for batch in decoder.flush().values():
            pa.table(batch).validate(full=True)


def read(path: Path, feed: str) -> dict[str, Any] | None:
    """The report of a file; `None` where it is refused, which has a code."""
    try:
        _, report = tickwright.decode_file(path, feed=feed)
    except tickwright.InputError as error:
        assert error.code in REFUSED, error
        return None
    return report


def complete(report: dict[str, Any], raw: bytes, container: str) -> None:
    accounting = report["accounting"]
    for name in ("frames", "bytes", "items"):
        ends = dict(accounting[name])
        assert ends.pop("total") == sum(ends.values()), name
    # Our own container is compressed inside: it counts what its blocks say.
    if container != "tickwright":
        assert accounting["bytes"]["total"] + accounting["container_bytes"] == len(raw)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("feed", FEEDS)
def test_damaged_frames_in_every_container(
    tmp_path: Path, recordings: dict[str, Frames], feed: str, container: str
) -> None:
    path = tmp_path / f"{feed.split('-')[0]}_btcusdt.txt"
    whole = CONTAINERS[container](recordings[feed], feed)
    path.write_bytes(whole)
    [found] = tickwright.inspect(path, feed=feed)
    assert found["container"] == container
    calm = read(path, feed)
    assert calm is not None
    complete(calm, whole, container)
    if container != "json":  # which has no receive times, and a spot quote has no time of its own
        assert calm["accounting"]["frames"]["rejected"] == 0
    for seed in range(3):
        raw = CONTAINERS[container](some(recordings[feed], seed), feed)
        path.write_bytes(raw)
        report = read(path, feed)
        assert report is not None
        complete(report, raw, container)
        # Documents have no lines to start anew at: a broken one takes others with it.
        assert report["accounting"]["frames"]["rejected"] > (0 if container == "json" else 10)


def inflated(raw: bytes, container: str) -> bytes:
    """What gzip makes of bytes; the collector of hftbacktest may leave the end of an older file behind a whole member."""
    if container != "hftbacktest":
        return gzip.decompress(raw)
    whole = b""
    while raw.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(wbits=31)
        whole += member.decompress(raw)
        assert member.eof
        raw = member.unused_data
    return whole


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("feed", FEEDS)
def test_damaged_files(tmp_path: Path, recordings: dict[str, Frames], feed: str, container: str) -> None:
    """Any byte of a file, plain or compressed: read and accounted for, or refused with a code."""
    path = tmp_path / "capture.txt"
    whole = CONTAINERS[container](recordings[feed][:150], feed)
    taken = 0
    for kind, damage in FILE_KINDS.items():
        for number in range(8):
            raw = damage(whole, random.Random(f"{feed} {container} {kind} {number}"))
            path.write_bytes(raw)
            report = read(path, feed)
            if report is not None:
                taken += 1
                complete(report, raw, container)
            path.write_bytes(damage(gzip.compress(whole, mtime=0), random.Random(number)))
            report = read(path, feed)
            if report is not None:
                complete(report, inflated(path.read_bytes(), container), container)
    assert taken > 10 or container == "tickwright"


@pytest.mark.parametrize("feed", FEEDS)
def test_a_damaged_capture_is_converted(tmp_path: Path, recordings: dict[str, Frames], feed: str) -> None:
    """The whole way: what a catalog is told of every byte."""
    path = tmp_path / "capture.txt"
    for container in CONTAINERS:
        if container == "json":
            continue  # no receive times: nothing that a catalog could order
        path.write_bytes(CONTAINERS[container](some(recordings[feed], 3), feed))
        report = tickwright.convert(path, tmp_path / container, feed=feed)
        body = json.loads(report.to_json())
        adds_up(body)
        assert body["rejects"] > 10
        assert body["accounting"]["frames"]["rows"] > 10


CHILD = """
import sys, tickwright
decoder = tickwright.Decoder(sys.argv[1])
frames = [bytes.fromhex(line) for line in open(sys.argv[2])]
for _ in range(int(sys.argv[3])):
    for frame in frames:
        decoder.push(frame, 1_788_782_400_000_000_000)
decoder.finish()
decoder.flush()
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


@pytest.mark.parametrize("feed", FEEDS)
def test_memory_is_bounded(tmp_path: Path, recordings: dict[str, Frames], feed: str) -> None:
    """The deepest and longest of the corpus, again and again: rejects hold 64 MiB of it, and nothing else does."""
    frames = [frame for _, frame in shapes(recordings[feed], each=1)]
    big = [bad for kind, bad in corpus(frames, 1, times=3) if kind in ("nest", "long_text")]
    path = tmp_path / "big.hex"
    path.write_text("\n".join(bad.hex() for bad in big))
    times = (80 << 20) // sum(map(len, big)) + 1
    peaks = []
    # Not all of it is refused: three times as much fills what rejects may hold.
    for count in (1, 3 * times, 6 * times):
        command = [sys.executable, "-c", CHILD, feed, str(path), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        peaks.append(int(done.stdout) * 1024)
    assert peaks[1] < peaks[0] + (96 << 20), peaks
    assert peaks[2] < peaks[1] + (8 << 20), peaks


def test_one_frame_of_many_bad_items_is_kept_a_few_times() -> None:
    """A long array of bad marks: each is a reject, and not each holds the whole array."""
    item = '{"e":"markPriceUpdate","E":1700000000007,"s":"BTCUSDT","p":"x","i":"1","P":"1","r":"","T":0}'
    frame = ('{"stream":"!markPrice@arr","data":[' + ",".join([item] * 9_000) + "]}").encode()
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(frame, 1_700_000_000_000_000_000)
    report = decoder.report()
    check(report, [frame])
    assert report["accounting"]["items"]["rejected"] >= 9_000
    assert len(report["rejects"]) >= 9_000
    assert report["rejects"][0]["body"] == frame.decode()
    assert sum(len(reject["body"]) for reject in report["rejects"]) < 65 << 20
    assert all(reject["code"] and reject["at"] for reject in report["rejects"])
