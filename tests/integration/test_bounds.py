"""Memory does not grow with the input, and neither memory nor threads change a byte of what is written."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import convert, data, sane

MEMORY = 128 << 20
# Beside what --memory bounds: the interpreter and the extension (about 40 MiB), blocks read ahead and inflated, a
# writer of columns per thread, what is known of 240 instruments.
OVERHEAD = 64 << 20
SYMBOLS = [f"X{chr(65 + n // 26)}{chr(65 + n % 26)}USDT" for n in range(240)]
FRAMES = 2 * len(SYMBOLS)
START = 1_700_000_000_000


def generate(path: Path, ticks: int) -> int:
    """A trade and a quote of 240 instruments every 100 ms, as combined USD-M frames; the number of frames.

    Each tick is one text with fixed places for its number and time: a gigabyte takes seconds.
    """
    lines = []
    for number, symbol in enumerate(SYMBOLS):
        lower, price = symbol.lower(), f"{10 + number / 100:.2f}"
        lines.append(
            f'@TIME@000000 {{"stream":"{lower}@aggTrade","data":{{"e":"aggTrade","E":@TIME@,"a":@NUMBER@,"s":"{symbol}",'
            f'"p":"{price}","q":"1.@SIZE@","f":@NUMBER@,"l":@NUMBER@,"T":@TIME@,"m":true}}}}\n'
            f'@TIME@000000 {{"stream":"{lower}@bookTicker","data":{{"e":"bookTicker","u":@NUMBER@,"s":"{symbol}",'
            f'"b":"{price}","B":"2.@SIZE@","a":"{price}","A":"3","T":@TIME@,"E":@TIME@}}}}\n'
        )
    template = "".join(lines).encode()
    with path.open("wb") as out:
        for tick in range(ticks):
            text = template.replace(b"@TIME@", b"%d" % (START + tick * 100))
            text = text.replace(b"@NUMBER@", b"%d" % (1_000_000 + tick))
            out.write(text.replace(b"@SIZE@", b"%03d" % (tick * 7_919 % 1_000)))
    return ticks * FRAMES


CHILD = """
import sys
from tickwright.cli.app import run
code = run(sys.argv[1:])
sys.stdout.flush()
# Not getrusage: what it tells of a child is never less than what its parent had when it was started.
with open("/proc/self/status") as status:
    (line,) = [line for line in status if line.startswith("VmHWM:")]
sys.stderr.write("peak %d\\n" % (int(line.split()[1]) * 1024))
sys.exit(code)
"""


def peak(source: Path, catalog: Path, *options: str) -> tuple[dict, int]:
    """The report of a conversion in a process of its own, and the most memory it had."""
    command = [sys.executable, "-c", CHILD, "convert", str(source), "-o", str(catalog), "--json", *options]
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)
    err = done.stderr.decode()
    sane(done.returncode, err)
    assert done.returncode == 0, err
    return json.loads(done.stdout), int(err.split("peak ")[1])


def test_memory_is_flat(tmp_path: Path) -> None:
    """Ten times the input, over four times --memory as columns: the same memory."""
    small, large = tmp_path / "1x.ndjson", tmp_path / "10x.ndjson"
    frames = generate(small, 1_250)
    assert generate(large, 12_500) == 10 * frames
    rss = {}
    for name, source in (("1x", small), ("10x", large)):
        report, rss[name] = peak(source, tmp_path / name, "--memory", "128MiB", "--jobs", "2")
        assert report["accounting"]["frames"]["rows"] == report["accounting"]["frames"]["total"]
        assert len(report["tables"]) == FRAMES
    print({name: f"{value / (1 << 20):.0f} MiB" for name, value in rss.items()})
    assert rss["10x"] < 1.3 * rss["1x"], rss
    assert rss["10x"] < MEMORY + OVERHEAD, rss


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As columns more than three times the rows that 64MiB allows."""
    path = tmp_path_factory.mktemp("bounds") / "c.ndjson"
    generate(path, 1_500)
    return path


def test_the_same_bytes_over_threads_and_memory(tmp_path: Path, source: Path) -> None:
    wanted = None
    for jobs in ("1", "2"):
        for memory in ("64MiB", "512MiB"):
            catalog = tmp_path / f"{jobs}-{memory}"
            done = convert(source, "--jobs", jobs, "--memory", memory, into=catalog)
            assert (done.code, done.body["rejects"]) == (0, 0)
            found = data(catalog)
            wanted = wanted or found
            assert len(found) == FRAMES
            assert found == wanted, (jobs, memory)


def test_memory_that_is_too_little_is_refused(tmp_path: Path, source: Path) -> None:
    done = convert(source, "--memory", "1MiB", into=tmp_path / "catalog")
    assert done.error == (2, "usage")
    assert "32MiB" in done.message
    assert not (tmp_path / "catalog").exists()


def test_few_descriptors_are_enough(tmp_path: Path) -> None:
    """Sources open when the merge reaches them: 400 rotated files with 64 descriptors."""
    from tests.processes import text, trades

    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.ndjson").write_bytes(text(trades(20, first=1 + 20 * number)))
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # noqa: E731
    command = [sys.executable, "-c", CHILD, "convert", str(folder), "-o", str(tmp_path / "catalog"), "--json"]
    command += ["--feed", "binance-usdm"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120, preexec_fn=limit)
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    assert table["rows"] == 8_000
