"""Resources run out: descriptors, memory, a clock that jumps, inputs that change or fail while they are read."""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import tickwright

from tests.faulty import faulty
from tests.processes import COMMAND, Done, consistent, convert, data, log, sane, text, trade, trades, whole

USDM = ("--feed", "binance-usdm")
# Beside what --memory bounds, as address space: the interpreter, its libraries and the extension as they are mapped
# (most of it never touched), a stack and an arena of each thread, blocks read ahead.
ADDRESS_SPACE = 1_536 << 20


def limited(limit: Callable[[], None], *arguments: object) -> Done:
    """A conversion in a process with a limit."""
    command = [*COMMAND, *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300, preexec_fn=limit)
    err = done.stderr.decode()
    sane(done.returncode, err)
    return Done(done.returncode, json.loads(done.stdout), err)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.ndjson"
    path.write_bytes(text(trades(2_000)))
    return path


def test_descriptors_run_out(tmp_path: Path, source: Path) -> None:
    """At every number of descriptors: done, or an error that names the file; never half a catalog."""
    calm = tmp_path / "calm"
    assert convert(source, *USDM, into=calm).code == 0
    codes = set()
    for number in (24, 20, 16, 14, 13, 12, 11, 10, 9, 8):
        catalog = tmp_path / str(number)
        code = (
            "import resource, sys\nfrom tickwright.cli.app import run\nimport tickwright._core\n"
            f"resource.setrlimit(resource.RLIMIT_NOFILE, ({number}, {number}))\nsys.exit(run(sys.argv[1:]))"
        )
        command = [sys.executable, "-c", code, "convert", str(source), *USDM, "-o", str(catalog), "--json"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        if done.returncode not in (0, 3, 4):
            # Python itself could not open what it needs to import.
            assert b"Too many open files" in done.stderr + done.stdout, done
            continue
        sane(done.returncode, done.stderr.decode())
        codes.add(done.returncode)
        if done.returncode == 0:
            assert data(catalog) == data(calm)
            continue
        body = json.loads(done.stdout)
        assert "Too many open files" in body["error"]["message"], body
        assert convert(source, *USDM, into=catalog).code == 0
        assert data(catalog) == data(calm)
        consistent(catalog)
    assert 0 in codes, "24 are enough"


def test_memory_limit(tmp_path: Path) -> None:
    """An address space of --memory and a documented overhead is enough for as much input as one likes."""
    path = tmp_path / "in.ndjson"
    path.write_bytes(b"".join(text(trades(20_000, symbol=f"X{number}USDT")) for number in range(20)))
    limit = (128 << 20) + ADDRESS_SPACE
    done = limited(
        lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        *("convert", path, *USDM, "-o", tmp_path / "catalog", "--memory", "128MiB", "--jobs", "2"),
    )
    assert done.code == 0, done
    assert sum(table["rows"] for table in done.body["tables"]) == 400_000
    whole(tmp_path / "catalog")


def test_a_clock_that_jumps_back(tmp_path: Path) -> None:
    """Times of files and of commits come from a clock that may be wrong: nothing is decided by them."""
    catalog = tmp_path / "catalog"
    for number, now in enumerate((1_700_000_000, 1_000_000_000, 4_000_000_000, 1)):
        path = tmp_path / f"{number}.ndjson"
        path.write_bytes(text(trades(100, first=1 + 200 * number)))
        os.utime(path, (now, now))
        assert convert(path, *USDM, into=catalog).code == 0
        for folder, _, names in os.walk(catalog):
            for name in [folder, *(os.path.join(folder, name) for name in names)]:
                os.utime(name, (now, now))
    consistent(catalog)
    # A writer's staging folder without its lock, from a future that the clock has left again.
    left = catalog / "_tickwright/staging/left"
    left.mkdir()
    later = time.time() + 10 * 86_400
    os.utime(left, (later, later))
    path = tmp_path / "last.ndjson"
    path.write_bytes(text(trades(100, first=5_000)))
    assert convert(path, *USDM, into=catalog).code == 0
    assert left.is_dir(), "it may be a writer's who has just begun"
    consistent(catalog)


@pytest.mark.parametrize("clock", [{"clock_s": -3_000_000_000}, {"clock_s": 86_400_000}, {"clock_back_s": 86_400}])
def test_commits_do_not_go_by_the_clock(tmp_path: Path, source: Path, clock: dict[str, int]) -> None:
    """The same bytes in data/ whenever it is done, by a clock that goes back a day each time it is looked at too."""
    for name, faults in (("calm", {}), ("wrong", clock)):
        catalog = tmp_path / name
        for number in range(2):
            path = tmp_path / f"{number}.ndjson"
            path.write_bytes(text(trades(100, first=1 + 200 * number)))
            command = [*COMMAND, "convert", str(path), *USDM, "-o", str(catalog), "--json"]
            done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=faulty(tmp_path, **faults))
            assert done.returncode == 0, done.stderr
        consistent(catalog)
    assert data(tmp_path / "calm") == data(tmp_path / "wrong")
    created = [entry["created_ns"] for entry in log(tmp_path / "wrong")]
    assert abs(created[0] - time.time_ns()) > 3_600 * 10**9, "it did see the wrong clock"


def test_a_read_error_half_way(tmp_path: Path, source: Path) -> None:
    """A file whose later bytes cannot be read: an error that names it, and the catalog as it was."""
    catalog = tmp_path / "catalog"
    assert convert(source, *USDM, into=catalog).code == 0
    before, versions = data(catalog), len(log(catalog))
    bad = tmp_path / "bad.ndjson"
    bad.write_bytes(text(trades(60_000, first=5_000)))
    size = bad.stat().st_size
    for start in (0, 100, 70_000, size // 2, size - 1):
        env = faulty(tmp_path, file=bad.resolve(), **{"from": start})
        command = [*COMMAND, "convert", str(bad), *USDM, "-o", str(catalog), "--json"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=env)
        assert done.returncode == 3, (start, done)
        assert json.loads(done.stdout)["error"]["path"] == str(bad)
        assert data(catalog) == before and len(log(catalog)) == versions
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.decode_file("/proc/self/mem", feed="binance-usdm")
    assert caught.value.code == "unreadable"


def test_a_slow_file_system(tmp_path: Path) -> None:
    """Each step of the disk takes milliseconds: whoever looks meanwhile sees whole files only, a second writer waits or
    is told, and what is there in the end is what a fast disk has."""
    paths = []
    for number in range(2):
        paths.append(tmp_path / f"{number}.ndjson")
        paths[-1].write_bytes(text(trades(5_000, symbol=f"X{number}USDT")))
        assert convert(paths[-1], *USDM, into=tmp_path / "calm").code == 0
    slow = tmp_path / "slow"
    env = faulty(tmp_path, disk_us=20_000)
    commands = [[*COMMAND, "convert", str(path), *USDM, "-o", str(slow), "--json"] for path in paths]
    writers = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) for c in commands]
    looks = 0
    while any(writer.poll() is None for writer in writers):
        whole(slow)
        looks += 1
    for writer in writers:
        out, err = writer.communicate()
        sane(writer.returncode, err.decode())
        assert writer.returncode in (0, 4), out
    assert looks > 10
    for path in paths:
        assert convert(path, *USDM, into=slow).code == 0
    consistent(slow)
    assert data(slow) == data(tmp_path / "calm")


def test_inputs_that_are_cut_or_grow_while_they_are_read(tmp_path: Path) -> None:
    """A recorder is still at it, or a rotation empties the file: whatever is read is accounted for."""
    whole_text = text(trades(60_000))
    for number, change in enumerate(("cut", "emptied", "grown", "removed")):
        path = tmp_path / f"{change}.ndjson"
        path.write_bytes(whole_text)
        catalog = tmp_path / f"catalog-{change}"

        def disturb(path: Path = path, change: str = change, wait: float = 0.02 * number) -> None:
            time.sleep(0.15 + wait)
            if change == "cut":
                os.truncate(path, len(whole_text) // 2)
            elif change == "emptied":
                os.truncate(path, 0)
            elif change == "grown":
                with path.open("ab") as out:
                    out.write(text(trades(5_000, first=70_000)))
            else:
                path.unlink()

        thread = threading.Thread(target=disturb)
        thread.start()
        done = convert(path, *USDM, into=catalog)
        thread.join()
        assert done.code in (0, 1, 3), (change, done)
        if done.code < 2:
            # `convert` has checked that everything that was read adds up.
            consistent(catalog)


def test_ten_thousand_symbols(tmp_path: Path) -> None:
    """One capture of more instruments than any venue has, in the memory that is allowed."""
    frames = []
    for number in range(10_000):
        now = 1_700_000_000_000 + number
        frames.append((now * 1_000_000, trade(number + 1, symbol=f"C{number}USDT", ms=now)))
    path = tmp_path / "many.ndjson"
    path.write_bytes(text(frames))
    done = convert(path, *USDM, "--memory", "64MiB", into=tmp_path / "catalog")
    assert done.code == 0, done
    assert len(done.body["tables"]) == 10_000
    assert len(list((tmp_path / "catalog/data/trade_tick").iterdir())) == 10_000
    again = convert(path, *USDM, into=tmp_path / "catalog")
    assert again.body["status"] == "nothing_new"


def test_a_symbol_of_every_length(tmp_path: Path) -> None:
    """Names that are too long for a folder are rejects, not errors."""
    frames = [
        ((1_700_000_000_000 + n) * 1_000_000, trade(n, symbol="X" * n, ms=1_700_000_000_000 + n))
        for n in (1, 100, 200, 240, 250, 255, 256, 1_000, 70_000)
    ]
    path = tmp_path / "long.ndjson"
    path.write_bytes(text(frames))
    done = convert(path, *USDM, into=tmp_path / "catalog")
    assert done.code in (0, 1), done
    assert done.body["rejects"] >= 3
    consistent(tmp_path / "catalog")
