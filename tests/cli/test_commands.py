"""The command line as a user runs it: real processes, exit codes, JSON, signals."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tickwright

from tests.frames import at, capture, usdm

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", "from tickwright.cli import main; main()", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=120)


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(capture(tmp_path / "c.ndjson", usdm()))


def test_convert_json(tmp_path: Path, source: str) -> None:
    done = run("convert", source, "-o", str(tmp_path / "catalog"), "--json")
    assert done.returncode == 0, done.stderr
    report = tickwright.ConvertReport.from_json(done.stdout.decode())
    assert (report.status, report.rejects, report.rows) == ("committed", 2, 17)
    assert done.stderr == b""


def test_convert_text_says_what_to_do_next(tmp_path: Path, source: str) -> None:
    done = run("convert", source, "-o", str(tmp_path / "catalog"))
    text = done.stdout.decode()
    assert "Every byte" in text
    assert "2 rejects: _tickwright/rejects/" in text
    snippet = text.split("Next:\n")[1]
    program = "\n".join(line.strip() for line in snippet.splitlines())
    read = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, check=False)
    assert read.returncode == 0, read.stderr
    assert "\x1b" not in text


def test_exit_codes(tmp_path: Path, source: str) -> None:
    catalog = str(tmp_path / "catalog")
    assert run("convert", source, "-o", catalog, "--max-rejects", "1").returncode == 1
    assert run("convert", source, "-o", catalog, "--max-rejects", "1").returncode == 0, "nothing new, no rejects"
    assert run("convert", source, "-o", catalog, "--flavour", "v3").returncode == 2
    assert run("convert", source).returncode == 2
    assert run("convert", source, "-o", catalog, "--replace", "--append-after").returncode == 2
    assert run("convert", str(tmp_path / "absent"), "-o", catalog).returncode == 3
    assert run("convert", source, "-o", catalog, "--flavour", "v2").returncode == 4
    failed = run("convert", str(tmp_path / "absent"), "-o", catalog, "--json")
    assert json.loads(failed.stdout)["exit_code"] == 3
    assert failed.stderr.startswith(b"error: ")


def test_standard_input_and_folders(tmp_path: Path, source: str) -> None:
    done = run("convert", "-", "-o", str(tmp_path / "one"), "--json", stdin=Path(source).read_bytes())
    assert json.loads(done.stdout)["status"] == "committed", done.stderr
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "empty").write_bytes(b"")
    (folder / "notes.txt").write_text("hello, world\nnot a capture\n")
    capture(folder / "deep/c.ndjson", usdm())
    done = run("convert", str(folder), "-o", str(folder / "catalog"), "--json")
    report = json.loads(done.stdout)
    assert report["status"] == "committed"
    assert sorted(Path(s["path"]).name for s in report["skipped"]) == ["empty", "notes.txt"]
    again = json.loads(run("convert", str(folder), "-o", str(folder / "catalog"), "--json").stdout)
    assert again["status"] == "nothing_new", "a catalog is never input"


def test_inspect_and_feeds(source: str) -> None:
    (found,) = json.loads(run("inspect", source, "--json").stdout)
    assert (found["container"], found["feed"], found["frames"], found["rejected"]) == (
        "hftbacktest",
        "binance-usdm",
        12,
        2,
    )
    assert found["channels"]["delta (depth@100ms)"] == 10
    assert (found["start_ns"], found["end_ns"]) == (at(0), at(11))
    assert b"binance-coinm" in run("feeds").stdout
    listed = json.loads(run("feeds", "--json").stdout)
    names = [feed["name"] for feed in listed["feeds"]]
    assert len(set(names)) == len(names)
    assert {"binance-spot", "bybit-option", "okx"} <= set(names)
    assert "tardis-options-chain" in [dump["name"] for dump in listed["dumps"]]


def test_hostile_names_do_not_speak_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "evil\x1b[31m.ndjson"
    capture(path, usdm())
    for command in (["inspect", str(path)], ["convert", str(path), "-o", str(tmp_path / "catalog")]):
        done = run(*command)
        assert b"\x1b" not in done.stdout + done.stderr


def test_sigint_leaves_the_catalog_as_it_was(tmp_path: Path) -> None:
    trade = b'{"e":"aggTrade","E":1700000000000,"a":%d,"s":"BTCUSDT","p":"1.5","q":"1","f":1,"l":1,"T":1700000000000,"m":true}'
    big = tmp_path / "big.ndjson"
    with big.open("wb") as out:
        chunk = b"".join(b"%d %s\n" % (at(0), trade % 7) for _ in range(10_000))
        for _ in range(300):
            out.write(chunk)
    command = [sys.executable, "-c", "from tickwright.cli import main; main()"]
    command += ["convert", str(big), "-o", str(tmp_path / "catalog")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "catalog" / "_tickwright").is_dir() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130
    assert not list((tmp_path / "catalog").glob("data/**/*.parquet"))


def test_readme_commands_are_those_of_ci() -> None:
    """Each command of the README that installs and runs is one that the gate runs, word for word."""
    readme = (ROOT / "README.md").read_text()
    ci = (ROOT / ".ci/run").read_text().replace("pip install --quiet uv", "pip install uv").splitlines()
    commands = [line.split(" && ") for line in readme.splitlines() if line.startswith("pip install")]
    assert commands == [
        ["pip install uv", "uv run tickwright convert examples/binance-usdm -o catalog"],
        ["pip install uv", "uv run pytest"],
    ]
    for install, command in commands:
        # The gate may add what changes only what is shown.
        ran = [line for line in ci if re.fullmatch(re.escape(command) + r"( -rs \| tee [\w.-]+)?", line)]
        assert len(ran) == 1, command
        assert ci.index(install) < ci.index(ran[0])
    assert "set -euo pipefail" in ci, "a command that fails fails the gate"
