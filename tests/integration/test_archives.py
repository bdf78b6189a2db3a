"""Archives of several files where one file is asked for: `decode_file`, and the definitions of `--instruments`."""

import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import dumps, okx
from tests.integration.test_odd_captures import FEED, recorded
from tests.parity.support import batch_rows, reference_rows, same_rows
from tests.processes import text, trades
from tests.reference.decode import decode_files

type Packing = Callable[[Path, dict[str, bytes]], Path]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """A zip archive of files by their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in files.items():
            made.writestr(name, body)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    """A compressed tar archive of files by their names."""
    with tarfile.open(path, "w:gz") as made:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            made.addfile(entry, io.BytesIO(body))
    return path


PACKINGS: list[Packing] = [zipped, tarred]


def parts(count: int) -> dict[str, bytes]:
    """A recording in files of frames of any time: a book's answers in one, its changes in another."""
    chance = random.Random(3)
    files: list[list[tuple[int, bytes]]] = [[] for _ in range(count)]
    for frame in recorded(11):
        files[chance.randrange(count)].append(frame)
    return {f"connection.{number}.ndjson": text(frames) for number, frames in enumerate(files)}


@pytest.mark.parametrize("count", [2, 9])
def test_several_captures_are_one_recording(tmp_path: Path, count: int) -> None:
    files = parts(count)
    path = zipped(tmp_path / "recording.zip", files | {"readme.txt": b"how it was recorded\n"})
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    wanted = decode_files([tmp_path / name for name in files], FEED).rows
    batches, report = tickwright.decode_file(path, feed=FEED)
    assert {key: batch.num_rows for key, batch in batches.items()} == {key: len(rows) for key, rows in wanted.items()}
    for key, rows in wanted.items():
        same_rows(batch_rows(batches[key]), reference_rows(rows), key)
    accounting = report["accounting"]
    assert accounting["bytes"]["total"] + accounting["container_bytes"] == sum(map(len, files.values()))
    assert [entry["path"] for entry in report["skipped"]] == [f"{path}/readme.txt"]


def test_rejects_say_which_file_they_are_of(tmp_path: Path) -> None:
    files = {f"{n}.ndjson": text(trades(3, first=1 + 10 * n)) + b'1700000001000000000 {"e":\n' for n in range(3)}
    path = zipped(tmp_path / "c.zip", files)
    rejects = tickwright.decode_file(path, feed=FEED)[1]["rejects"]
    assert sorted(reject["source"] for reject in rejects) == [f"{path}/{name}" for name in files]
    plain = tmp_path / "one.ndjson"
    plain.write_bytes(files["0.ndjson"])
    (reject,) = tickwright.decode_file(plain, feed=FEED)[1]["rejects"]
    assert reject["source"] == str(plain)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    def refused(code: str, files: dict[str, bytes]) -> str:
        path = zipped(tmp_path / "c.zip", files)
        with pytest.raises(tickwright.InputError) as caught:
            tickwright.decode_file(path)
        assert caught.value.code == code, caught.value
        return str(caught.value).removeprefix(str(path))

    usdm, swap = text(trades(3)), text([(okx.T0 * okx.NS, okx.push("trades-all", okx.trade(1)))])
    said = refused("several_feeds", {"a.ndjson": usdm, "b.ndjson": swap})
    assert "binance-usdm" in said and "okx" in said and "feed=" in said
    said = refused("only_captures", {"a.ndjson": usdm, "BTCUSDT-trades-2024-01.csv": dumps.trades("um").encode()})
    assert said.startswith("/BTCUSDT-trades-2024-01.csv is a dump (binance-trades)")
    said = refused("no_input", {"a.txt": b"one", "b.txt": b"two"})
    assert "/a.txt" in said and "/b.txt" in said


@pytest.mark.parametrize("pack", PACKINGS)
@pytest.mark.parametrize("form", ["answers", "captures", "dump"])
def test_definitions_of_every_file(tmp_path: Path, pack: Packing, form: str) -> None:
    swap, spot = okx.definition(), okx.definition(instId="BTC-USDT", instType="SPOT", baseCcy="BTC", quoteCcy="USDT")
    # Broken over lines where it is a file of its own.
    indent = None if form == "captures" else 1
    answers = {"swap.json": answer(swap, indent=indent), "spot.json": answer(spot, indent=indent)}
    if form == "captures":
        answers = {name: text([(okx.T0 * okx.NS, body)]) for name, body in answers.items()}
    definitions = pack(tmp_path / "definitions", answers | {"notes.txt": b"Downloaded on a Sunday.\n"})
    if form == "dump":
        source = dumps.write(tmp_path, "BTC-USDT-SWAP-trades-2024-01-01", dumps.okx_trades("BTC-USDT-SWAP"))
        ids = {"BTC-USDT-SWAP.OKX"}
    else:
        source = tmp_path / "c.ndjson"
        told = [okx.push("trades-all", okx.trade(n, instrument=name), instrument=name) for n, name in NAMED]
        source.write_bytes(text([(okx.T0 * okx.NS, frame) for frame in told]))
        ids = {"BTC-USDT-SWAP.OKX", "BTC-USDT.OKX"}
    report = tickwright.convert(source, tmp_path / "catalog", instruments=[definitions], write_instruments=False)
    assert {table.instrument_id for table in report.tables} == ids
    assert {each["instrument_id"] for each in report.instruments} == ids
    assert report.undefined_symbols == []
    assert not [note for note in report.notes if "defines no instrument" in note]


NAMED = [(1, "BTC-USDT-SWAP"), (2, "BTC-USDT")]


def answer(*items: dict[str, Any], indent: int | None = None) -> bytes:
    """What the venue answers."""
    return json.dumps({"code": "0", "msg": "", "data": list(items)}, indent=indent).encode()


@pytest.mark.parametrize("pack", PACKINGS)
def test_an_archive_that_defines_nothing_is_noted(tmp_path: Path, pack: Packing) -> None:
    definitions = pack(tmp_path / "definitions", {"a.txt": b"one\n", "b.txt": b"two\n"})
    source = tmp_path / "c.ndjson"
    source.write_bytes(text(trades(3)))
    options: dict[str, Any] = {"feed": FEED, "instruments": [definitions], "write_instruments": False}
    report = tickwright.convert(source, tmp_path / "catalog", **options)
    assert [note for note in report.notes if "defines no instrument" in note]
    cut = tmp_path / "cut"
    cut.write_bytes(definitions.read_bytes()[:-30])
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.convert(source, tmp_path / "other", **(options | {"instruments": [cut]}))
    assert caught.value.path == str(cut)
