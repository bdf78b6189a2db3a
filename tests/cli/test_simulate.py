"""`tickwright simulate` as a user runs it."""

import gzip
import json
from pathlib import Path

import tickwright

from tests.cli.test_commands import run


def test_json(tmp_path: Path) -> None:
    output = tmp_path / "capture.gz"
    arguments = ["binance-usdm", "--seed", "7", "--minutes", "0.1", "--symbols", "2", "-o", str(output)]
    done = run("simulate", *arguments, "--faults", "some", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    report = tickwright.SimulateReport.from_json(done.stdout.decode())
    assert report.instruments == ["BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"]
    assert report.truth == str(tmp_path / "capture.truth.ndjson.gz")
    assert len(gzip.decompress(output.read_bytes()).splitlines()) == report.frames

    again = run("simulate", *arguments, "--json")
    assert again.returncode == 2
    assert json.loads(again.stdout)["error"]["code"] == "usage"
    assert b"force" in again.stderr
    assert run("simulate", *arguments, "--force").returncode == 0


def test_text_says_what_to_do_next(tmp_path: Path) -> None:
    output = str(tmp_path / "c.tkw")
    done = run("simulate", "binance-spot", "--seed", "1", "--minutes", "0.1", "--faults", "many", "-o", output)
    text = done.stdout.decode()
    assert done.returncode == 0
    assert text.splitlines()[-1].strip() == f"tickwright convert {output} -o catalog"
    assert "gaps to be seen" in text and "\x1b" not in text
    assert run("convert", output, "-o", str(tmp_path / "catalog")).returncode == 0


def test_exit_codes(tmp_path: Path) -> None:
    there = ["-o", str(tmp_path / "x.gz")]
    assert run("simulate", "nowhere", "--seed", "1", *there).returncode == 2
    assert run("simulate", "binance-spot", *there).returncode == 2, "no seed"
    assert run("simulate", "binance-spot", "--seed", "1", "--faults", "all", *there).returncode == 2
    assert run("simulate", "binance-spot", "--seed", "1", "--start", "soon", *there).returncode == 2
    absent = run("simulate", "binance-spot", "--seed", "1", "-o", str(tmp_path / "absent" / "x.gz"))
    assert absent.returncode == 3
    assert str(tmp_path / "absent").encode() in absent.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_truth(tmp_path: Path) -> None:
    arguments = ["binance-coinm", "--seed", "1", "--minutes", "0.05", "--no-truth", "-o", str(tmp_path / "c.zst")]
    assert run("simulate", *arguments).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["c.zst"]


def test_dumps(tmp_path: Path) -> None:
    folder = str(tmp_path / "in")
    arguments = ["--seed", "7", "--minutes", "5", "--symbols", "2", "--period", "both", "-o", folder]
    done = run("simulate", "binance-um-trades", *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert "lines" in text and text.splitlines()[-1].strip() == f"tickwright convert {folder} -o catalog"
    assert run("convert", folder, "-o", str(tmp_path / "catalog")).returncode == 0
    again = run("simulate", "binance-um-trades", *arguments)
    assert again.returncode == 2 and b"force" in again.stderr
    done = run("simulate", "tardis-quotes", "--seed", "7", "--days", "0.01", "-o", folder, "--json")
    report = tickwright.SimulateReport.from_json(done.stdout.decode())
    assert len(report.files) == len(report.instruments) == 3
    for wrong, said in [
        (["binance-um-trades", "--faults", "some"], b"--faults: binance-um-trades is a dump"),
        (["binance-um-trades", "--reconnect", "3"], b"--reconnect: "),
        (["binance-usdm", "--period", "daily"], b"--period: binance-usdm is a capture"),
        (["binance-usdm", "--minutes", "1", "--days", "1"], b"give one of them"),
        (["binance-trades"], b"binance-um-trades"),
    ]:
        done = run("simulate", *wrong, "--seed", "1", "-o", str(tmp_path / "x"))
        assert done.returncode == 2 and said in done.stderr, done.stderr
