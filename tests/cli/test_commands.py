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


def test_wrong_use_is_told_as_json_too(tmp_path: Path, source: str) -> None:
    catalog = str(tmp_path / "catalog")
    for wrong in (
        ["convert", "--json"],
        ["convert", source, "--json"],
        ["nothing", "--json"],
        ["convert", source, "-o", catalog, "--jobs", "many", "--json"],
        ["convert", source, "-o", catalog, "--types", ",", "--json"],
        ["convert", source, "-o", catalog, "--types", "", "--json"],
        ["convert", source, "-o", catalog, "--memory", "9" * 400, "--json"],
        ["convert", source, "-o", catalog, "--memory", "99999999T", "--json"],
        ["convert", source, "-o", catalog, "--memory", "0", "--json"],
        ["convert", source, "-o", catalog, "--from", "²", "--json"],
        ["convert", source, "-o", catalog, "--from", "1969-12-31", "--json"],
        ["convert", source, "-o", catalog, "--to", "9999-01-01", "--json"],
    ):
        done = run(*wrong)
        assert done.returncode == 2, wrong
        assert json.loads(done.stdout)["error"]["code"] == "usage", wrong
        assert done.stderr.startswith(b"error: "), wrong
        assert b"Traceback" not in done.stderr
    help_ = run()
    assert (help_.returncode, help_.stderr.count(b"\n") > 10) == (2, True), "as lines"
    assert not Path(catalog).exists()


@pytest.mark.parametrize(
    "moment",
    [
        "2023-11-14T22:13:20.006Z",
        "2023-11-14T23:13:20.006+01:00",
        "2023-11-14 22:13:20,006",
        "20231114T221320.006",
        "1700000000006000000",
        "1700000000006000",
        "1700000000006",
    ],
)
def test_forms_of_a_time(tmp_path: Path, source: str, moment: str) -> None:
    """Digits say their unit; none is taken for ns of 1970."""
    done = run("convert", source, "-o", str(tmp_path / "catalog"), "--from", moment, "--json")
    exact = run("convert", source, "-o", str(tmp_path / "exact"), "--from", str(at(6)), "--json")
    rows, wanted = (json.loads(each.stdout)["accounting"]["frames"] for each in (done, exact))
    assert rows == wanted
    whole = json.loads(run("convert", source, "-o", str(tmp_path / "whole"), "--json").stdout)["accounting"]["frames"]
    assert 0 < wanted["rows"] < whole["rows"]


def test_days_and_seconds() -> None:
    from tickwright.cli.inputs import time_ns

    assert time_ns("20231114", "--from") == time_ns("2023-11-14", "--from") == 1_699_920_000 * 10**9
    assert time_ns("1700000000", "--from") == 1_700_000_000 * 10**9


def test_a_dry_run_leaves_nothing(tmp_path: Path, source: str) -> None:
    done = run("convert", source, "-o", str(tmp_path / "a/catalog"), "--dry-run", "--json")
    assert json.loads(done.stdout)["status"] == "dry_run"
    assert not (tmp_path / "a/catalog").exists()


def test_more_threads_than_there_can_be(tmp_path: Path, source: str) -> None:
    done = run("convert", source, "-o", str(tmp_path / "catalog"), "--jobs", "1000000", "--json")
    assert json.loads(done.stdout)["status"] == "committed", done.stderr


def test_standard_input_is_called_by_its_name(tmp_path: Path, source: str) -> None:
    """What is kept of it is the same each time, wherever it was meanwhile."""
    raw = Path(source).read_bytes()
    kept = []
    for name in ("one", "two"):
        done = run("convert", "-", "-o", str(tmp_path / name), "--json", stdin=raw)
        report = json.loads(done.stdout)
        assert [entry["path"] for entry in report["sources"]] == ["-"]
        kept.append((tmp_path / name / report["rejects_file"]).read_bytes())
    assert kept[0] == kept[1]
    (found,) = json.loads(run("inspect", "-", "--json", stdin=raw).stdout)
    assert (found["path"], found["frames"]) == ("-", 12)
    empty = run("convert", "-", "-o", str(tmp_path / "three"), "--json", stdin=b"")
    assert (empty.returncode, json.loads(empty.stdout)["error"]["path"]) == (3, "-")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_waiting_for_standard_input(tmp_path: Path, number: signal.Signals) -> None:
    command = [
        sys.executable,
        "-c",
        "from tickwright.cli import main; main()",
        "convert",
        "-",
        "-o",
        str(tmp_path / "c"),
    ]
    where = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=where
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("tickwright-stdin-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in err) == (130, False), err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["| head -1", ">&-", ">&- 2>&-"])
def test_nobody_listens(output: str) -> None:
    shell = f"'{sys.executable}' -c 'from tickwright.cli import main; main()' feeds {output}"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", shell], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_that_cannot_be_written() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", "from tickwright.cli import main; main()", "feeds"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, b"Traceback" in done.stderr) == (3, False)


def test_patterns_reach_into_folders(tmp_path: Path) -> None:
    for folder in ("a", "a/b/c", ".hidden"):
        (tmp_path / folder).mkdir(parents=True)
        capture(tmp_path / folder / "c.ndjson", usdm())
    found = json.loads(run("inspect", str(tmp_path / "**/*.ndjson"), "--json").stdout)
    assert sorted(Path(each["path"]).parent.name for each in found) == ["a", "c"]


def test_a_book_that_is_not_there_names_those_that_are(tmp_path: Path, source: str) -> None:
    report = json.loads(run("convert", source, "-o", str(tmp_path / "c"), "--book", "depth@1h", "--json").stdout)
    assert [note.split(" of the ")[1].split(" are ")[0] for note in report["notes"] if "unselected" in note] == [
        "book depth@100ms",
        "book snapshot",
    ]
    assert "delta" not in {table["type"] for table in report["tables"]}


def test_names_inside_archives_do_not_speak_to_the_terminal(tmp_path: Path) -> None:
    import zipfile

    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in/two.zip", "w") as archive:
        archive.writestr("a\x1b[31m.csv", "x")
        archive.writestr("b\x1b]0;title\x07.csv", "y")
    capture(tmp_path / "in/c.ndjson", usdm())
    for command in (["convert", str(tmp_path / "in"), "-o", str(tmp_path / "c")], ["inspect", str(tmp_path / "in")]):
        done = run(*command)
        assert done.returncode == 0
        assert b"\x1b" not in done.stdout + done.stderr
        assert b"\x07" not in done.stdout + done.stderr


def test_a_terminal_without_the_sign(tmp_path: Path) -> None:
    """It is shown its number; JSON is ASCII anyway."""
    (tmp_path / "é").mkdir()
    source = capture(tmp_path / "é/c.ndjson", usdm())
    command = [sys.executable, "-c", "from tickwright.cli import main; main()", "inspect", str(source)]
    where = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=where)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\xe9" in done.stdout


@pytest.mark.parametrize("command", [["inspect"], ["convert", "-o", "catalog"], ["book", "--at", "1"]])
def test_a_name_that_is_no_text(tmp_path: Path, command: list[str]) -> None:
    """Paths cross to the core as text: one that is none is refused in words, its folder is taken."""
    (tmp_path / "in").mkdir()
    path = os.path.join(os.fsencode(tmp_path), b"in", b"c\xff.ndjson")
    with open(path, "wb") as out:
        out.write(capture(tmp_path / "plain.ndjson", usdm()).read_bytes())
    name, *options = command
    asked = [sys.executable, "-c", "from tickwright.cli import main; main()", name, path, *options, "--json"]
    done = subprocess.run(asked, capture_output=True, check=False, timeout=60, cwd=tmp_path)
    assert done.returncode == 2
    assert "not UTF-8" in json.loads(done.stdout)["error"]["message"]
    assert run("inspect", str(tmp_path / "in"), "--json").returncode == 0
