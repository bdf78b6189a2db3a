"""Converters killed at any instant: what is there is whole, and the next run ends where an undisturbed one does.

`TICKWRIGHT_KILLS` is the number of kills of each kind of run, `TICKWRIGHT_SEED` another seed. Without the first there
are 20, or as many as there is time for in 45 seconds: how many, and what they hit, is printed and kept as a property.
Half of the kills come at any time of a run, half when it is known to be staging or committing, where most is at stake.
"""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tests.processes import COMMAND, consistent, convert, data, log, sane, text, whole

KILLS = int(os.environ.get("TICKWRIGHT_KILLS", "20"))
SECONDS = None if "TICKWRIGHT_KILLS" in os.environ else 45.0
SEED = int(os.environ.get("TICKWRIGHT_SEED", "7"))
DAY = 86_400_000
START = 1_699_920_000_000  # 2023-11-14T00:00:00Z, ms
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")

DEFINITION = (
    '{"symbol":"%s","contractType":"PERPETUAL","status":"TRADING","baseAsset":"%s","quoteAsset":"USDT",'
    '"marginAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":"0.1"},'
    '{"filterType":"LOT_SIZE","stepSize":"0.001"}]}'
)


def recording(first_day: int, days: int, *, size: str = "0.25", per_day: int = 400) -> list[tuple[int, bytes]]:
    """Trades, quotes and books of three instruments over several days."""
    frames: list[tuple[int, bytes]] = []
    for day in range(first_day, first_day + days):
        for symbol in SYMBOLS:
            lower, number = symbol.lower(), day * 1_000_000
            now = START + day * DAY
            book = f'"lastUpdateId":{number},"E":{now},"T":{now},"bids":[["99.5","1"]],"asks":[["100.5","1"]]'
            snapshot = f'{{"stream":"{lower}@depthSnapshot","generated":true,"data":{{{book}}}}}'
            frames.append((now * 1_000_000, snapshot.encode()))
            for n in range(1, per_day + 1):
                now, last = START + day * DAY + n * 100, number + n
                price = f"{100 + (n * 7) % 13 / 10:.1f}"
                messages = (
                    f'{{"stream":"{lower}@aggTrade","data":{{"e":"aggTrade","E":{now},"a":{last},"s":"{symbol}",'
                    f'"p":"{price}","q":"{size}","f":{last},"l":{last},"T":{now},"m":true}}}}',
                    f'{{"stream":"{lower}@bookTicker","data":{{"e":"bookTicker","u":{last},"s":"{symbol}","b":"99.5",'
                    f'"B":"{size}","a":"{price}","A":"{size}","T":{now},"E":{now}}}}}',
                    f'{{"stream":"{lower}@depth@100ms","data":{{"e":"depthUpdate","E":{now},"T":{now},"s":"{symbol}",'
                    f'"U":{last},"u":{last},"pu":{last - 1},"b":[["{price}","{size}"]],"a":[["100.5","2"]]}}}}',
                )
                frames += [(now * 1_000_000, message.encode()) for message in messages]
    frames.sort(key=lambda frame: frame[0])
    return frames


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two days; the two with other sizes, as long in bytes; days two and three; definitions."""
    folder = tmp_path_factory.mktemp("sources")
    out = {}
    for name, frames in {
        "base": recording(0, 2),
        "changed": recording(0, 2, size="0.75"),
        "next": recording(1, 2),
    }.items():
        out[name] = folder / f"{name}.ndjson"
        out[name].write_bytes(text(frames))
    out["definitions"] = folder / "exchangeInfo.json"
    listed = ",".join(DEFINITION % (symbol, symbol[:3]) for symbol in SYMBOLS)
    out["definitions"].write_text(f'{{"symbols":[{listed}]}}')
    return out


def arguments(sources: dict[str, Path], name: str, *more: str) -> list[str]:
    return [str(sources[name]), "--feed", "binance-usdm", *more]


def busy(catalog: Path, versions: int) -> Callable[[], bool]:
    """Whether a run has staged files, or has written its log entry."""

    def look() -> bool:
        staged = (catalog / "_tickwright/staging").glob("*/*.parquet")
        return any(staged) or len(list((catalog / "_tickwright/log").glob("*.json"))) > versions

    return look


def run_and_kill(catalog: Path, args: list[str], chance: random.Random, length: float) -> str:
    """Starts a conversion and kills it at a random instant; what it was doing then."""
    versions = len(list((catalog / "_tickwright/log").glob("*.json")))
    marks = len(list((catalog / "_tickwright/applied").glob("*")))
    late = chance.random() < 0.5
    wait = chance.uniform(0.0, 0.06) if late else chance.uniform(0.02, length)
    command = [*COMMAND, "convert", *args, "-o", str(catalog), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        if late:
            look = busy(catalog, versions)
            while process.poll() is None and not look():
                time.sleep(0.0005)
        deadline = time.monotonic() + wait
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.0005)
        process.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    if process.returncode != -signal.SIGKILL:
        sane(process.returncode, err.decode())
        assert process.returncode == 0, err
        return "done"
    committed = len(list((catalog / "_tickwright/log").glob("*.json"))) > versions
    applied = len(list((catalog / "_tickwright/applied").glob("*"))) > marks
    if committed:
        return "applied" if applied else "committed"
    return "staging" if any((catalog / "_tickwright/staging").glob("*/*.parquet")) else "before"


def survive(
    tmp_path: Path,
    base: Path | None,
    calm: Path,
    args: list[str],
    seed: int,
    notes: Callable[[str], None],
    kills: int = KILLS,
) -> None:
    """`kills` runs killed, each from the same start, each finished by one more run."""
    begun = data(base) if base else {}
    wanted = data(calm)
    trial = tmp_path / "trial"
    length = undisturbed(tmp_path, base, args)
    seen: dict[str, int] = {}
    started = time.monotonic()
    for number in range(kills):
        if SECONDS is not None and time.monotonic() - started > SECONDS:
            break
        chance = random.Random(f"{SEED} {seed} {number}")
        if base:
            shutil.copytree(base, trial)
        doing = run_and_kill(trial, args, chance, length)
        seen[doing] = seen.get(doing, 0) + 1
        whole(trial)
        if doing in ("before", "staging"):
            assert data(trial) == begun, f"kill {number}: nothing of a run is in data/ before its commit"
        done = convert(*args, into=trial)
        assert done.code == 0, (number, doing, done)
        found = data(trial)
        assert found.keys() == wanted.keys(), (number, doing)
        assert found == wanted, (number, doing)
        consistent(trial)
        assert 1 <= len(log(trial)) <= (len(log(base)) if base else 0) + 2
        shutil.rmtree(trial)
    total = sum(seen.values())
    notes(f"{total} kills: {seen}")
    assert total >= min(kills, 5), "too slow a machine to say anything"
    assert total < 10 or len(seen) > 1, seen


def undisturbed(tmp_path: Path, base: Path | None, args: list[str]) -> float:
    place = tmp_path / "timed"
    if base:
        shutil.copytree(base, place)
    start = time.monotonic()
    assert convert(*args, into=place).code == 0
    length = time.monotonic() - start
    shutil.rmtree(place)
    return length


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be: a killed process loses no page of a disk's cache either, and syncing takes long."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="tickwright-kills-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def notes(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Tells what the kills hit, in the test's output and in its properties."""

    def note(line: str) -> None:
        record_property("kills", line)
        print(line)

    return note


@pytest.fixture(scope="module")
def base(sources: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    catalog = tmp_path_factory.mktemp("base") / "catalog"
    assert convert(*arguments(sources, "base"), into=catalog).code == 0
    return catalog


def test_killed_in_a_first_conversion(tmp_path: Path, sources: dict[str, Path], base: Path, notes) -> None:
    survive(tmp_path, None, base, arguments(sources, "base"), 1, notes)


def test_killed_while_spilling(tmp_path: Path, notes) -> None:
    """Several threads, and more rows than the memory allows: the same files as with one thread and all the memory."""
    source = tmp_path / "many.ndjson"
    # Days of fewer rows than a row group is encoded ahead for: those give their memory back at once.
    source.write_bytes(text(recording(0, 6, per_day=7_500)))
    args = [str(source), "--feed", "binance-usdm"]
    assert convert(*args, "--jobs", "1", into=tmp_path / "calm").code == 0
    args += ["--memory", "32MiB", "--jobs", "3"]
    command = [*COMMAND, "convert", *args, "-o", str(tmp_path / "watched")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        spilled = False
        while process.poll() is None:
            spilled = spilled or any((tmp_path / "watched/_tickwright/staging").glob("*/spill"))
    assert spilled, "or this shows nothing"
    survive(tmp_path, None, tmp_path / "calm", args, 2, notes, kills=max(KILLS // 2, 3))


def test_killed_while_replacing(tmp_path: Path, sources: dict[str, Path], base: Path, notes) -> None:
    """New values of equal length: files of the same names and sizes, so that only their bytes tell old from new."""
    args = arguments(sources, "changed", "--replace")
    calm = tmp_path / "calm"
    shutil.copytree(base, calm)
    convert(*args, into=calm)
    before, after = data(base), data(calm)
    assert before.keys() == after.keys()
    changed = [name for name in before if before[name] != after[name]]
    assert len(changed) == len(before), "every file has another size of trade, quote or level"
    survive(tmp_path, base, calm, args, 3, notes)


def test_killed_while_appending(tmp_path: Path, sources: dict[str, Path], base: Path, notes) -> None:
    args = arguments(sources, "next", "--append-after")
    calm = tmp_path / "calm"
    shutil.copytree(base, calm)
    convert(*args, into=calm)
    assert len(data(calm)) == len(data(base)) * 3 // 2
    survive(tmp_path, base, calm, args, 4, notes)


def test_killed_while_writing_instruments(tmp_path: Path, sources: dict[str, Path], notes) -> None:
    """Instruments are written after the commit: a kill in between must not lose them for ever."""
    args = arguments(sources, "base", "--instruments", str(sources["definitions"]))
    calm = tmp_path / "calm"
    assert convert(*args, into=calm).body["instruments_written"] == 3
    assert len(list((calm / "data/crypto_perpetual").glob("*/*.parquet"))) == 3
    trial = tmp_path / "trial"
    for number in range(max(KILLS // 5, 3)):
        chance = random.Random(f"{SEED} 5 {number}")
        command = [*COMMAND, "convert", *args, "-o", str(trial), "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while process.poll() is None and not list((trial / "_tickwright/applied").glob("*1")):
                time.sleep(0.001)
            # Between the commit and the last of them: that is soon over.
            time.sleep(chance.uniform(0, 0.005))
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        whole(trial)
        done = convert(*args, into=trial)
        assert (done.code, done.body["status"]) == (0, "nothing_new")
        assert data(trial) == data(calm), number
        again = convert(*args, into=trial)
        assert again.body["instruments_written"] == 0
        shutil.rmtree(trial)


def test_a_lister_never_sees_a_torn_or_overlapping_file(tmp_path: Path, sources: dict[str, Path]) -> None:
    """A reader that lists and opens all the time, while one converter after another writes, replaces, appends."""
    catalog, looks, stop = tmp_path / "catalog", 0, threading.Event()
    failures: list[BaseException] = []

    def look() -> None:
        nonlocal looks
        while not stop.is_set():
            try:
                whole(catalog)
                looks += 1
            except FileNotFoundError:
                continue  # listed, then replaced: a reader lists again
            except (AssertionError, pa.ArrowException, OSError) as error:
                failures.append(error)
                return

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for args in (
            arguments(sources, "base"),
            arguments(sources, "changed", "--replace"),
            arguments(sources, "next", "--append-after"),
            arguments(sources, "base", "--replace"),
        ):
            assert convert(*args, into=catalog).code == 0
    finally:
        stop.set()
        reader.join()
    assert not failures, failures
    assert looks > 10
    consistent(catalog)
