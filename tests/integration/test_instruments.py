"""Instruments in a catalog: written last, beside what is there, whoever wrote it; without NautilusTrader."""

import json
import random
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import tickwright
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from tickwright import _core
from tickwright.nautilus.instruments import build, write

from tests.damage import FILE_KINDS
from tests.frames import ROOT

EXAMPLE = ROOT / "examples/binance-usdm"
TS = 1_788_782_400_005_000_000
ID = "BTCUSDT-PERP.BINANCE"
FOLDER = f"data/crypto_perpetual/{ID}"
DAY = 86_400 * 10**9

type Definition = dict[str, Any]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> list[Definition]:
    folder = tmp_path_factory.mktemp("definitions")
    return tickwright.convert(EXAMPLE, folder / "catalog", types=["mark_price"], write_instruments=False).instruments


@pytest.fixture
def bitcoin(definitions: list[Definition]) -> Definition:
    (found,) = [each for each in definitions if each["instrument_id"] == ID]
    return found


def files(catalog: Path) -> dict[str, bytes]:
    found = sorted((catalog / "data/crypto_perpetual").rglob("*"))
    return {str(path.relative_to(catalog)): path.read_bytes() for path in found if path.is_file()}


def put(catalog: Path, *definitions: Definition) -> None:
    """As NautilusTrader writes them, one file each."""
    for definition in definitions:
        ParquetDataCatalog(str(catalog)).write_data([build(definition)])


def test_a_conversion_needs_neither_nautilus_trader_nor_pyarrow(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        for name in ("nautilus_trader", "pyarrow", "pandas", "numpy"):
            sys.modules[name] = None
        from tickwright.cli import main
        main()
        """
    )
    command = [sys.executable, "-c", program, "convert", str(EXAMPLE), "-o", str(tmp_path / "catalog"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2_000:]
    report = json.loads(done.stdout)
    assert report["instruments_written"] == len(report["instruments"]) == 4
    found = {
        one.id.value: type(one).to_dict(one) for one in ParquetDataCatalog(str(tmp_path / "catalog")).instruments()
    }
    wanted = {one.id.value: type(one).to_dict(one) for one in map(build, report["instruments"])}
    assert found == wanted


@pytest.mark.parametrize("flavour", ["v1-high", "v1-standard", "v2"])
def test_the_bytes_do_not_depend_on_threads_or_flavour(tmp_path: Path, flavour: str) -> None:
    plain, other = tmp_path / "plain", tmp_path / "other"
    tickwright.convert(EXAMPLE, plain, jobs=1)
    tickwright.convert(EXAMPLE, other, jobs=4, memory=32 << 20, flavour=flavour)
    assert files(plain) == files(other)
    assert len(files(plain)) == 4


def test_what_a_stopped_conversion_left_is_written_by_the_next(tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert tickwright.convert(EXAMPLE, whole).instruments_written == 4
    report = tickwright.convert(EXAMPLE, stopped, write_instruments=False)
    assert (report.status, report.instruments_written, files(stopped)) == ("committed", 0, {})
    assert len(report.instruments) == 4
    # Stopped before the first, after some, before they were marked.
    for held in range(5):
        shutil.rmtree(tmp_path / "trial", ignore_errors=True)
        shutil.copytree(stopped, tmp_path / "trial")
        for relative in list(files(whole))[:held]:
            (tmp_path / "trial" / relative).parent.mkdir(parents=True)
            shutil.copy(whole / relative, tmp_path / "trial" / relative)
        again = tickwright.convert(EXAMPLE, tmp_path / "trial")
        assert (again.status, again.instruments_written) == ("nothing_new", 4 - held)
        assert len(again.instruments) == 4
        assert files(tmp_path / "trial") == files(whole)
        done = tickwright.convert(EXAMPLE, tmp_path / "trial")
        assert (done.instruments_written, done.instruments) == (0, [])
    assert list((tmp_path / "trial/_tickwright/staging").iterdir()) == []


def test_a_dry_run_writes_none(tmp_path: Path) -> None:
    report = tickwright.convert(EXAMPLE, tmp_path / "catalog", dry_run=True)
    assert (report.status, report.instruments_written) == ("dry_run", 0)
    assert not (tmp_path / "catalog").exists()


def test_an_equal_one_is_passed_over_whoever_wrote_it(tmp_path: Path, bitcoin: Definition) -> None:
    put(tmp_path, bitcoin)
    before = files(tmp_path)
    later = bitcoin | {"ts_ns": TS + DAY, "status": "BREAK"}
    assert write(tmp_path, [bitcoin]) == 0
    assert write(tmp_path, [later]) == 0
    assert files(tmp_path) == before


def test_the_newest_counts(tmp_path: Path, bitcoin: Definition) -> None:
    """Two files of NautilusTrader's, and what its catalog gives last of them."""
    coarse = bitcoin | {"ts_ns": TS + DAY, "price_precision": 0, "price_increment": "1"}
    put(tmp_path, bitcoin, coarse)
    assert ParquetDataCatalog(str(tmp_path)).instruments()[-1].price_precision == 0
    assert write(tmp_path, [coarse | {"ts_ns": TS + 2 * DAY}]) == 0
    assert write(tmp_path, [bitcoin | {"ts_ns": TS + 2 * DAY}]) == 1
    assert len(files(tmp_path)) == 3
    assert write(tmp_path, [bitcoin | {"ts_ns": TS + 3 * DAY}]) == 0
    # Of several rows of one file, as a consolidation leaves them, the last.
    ParquetDataCatalog(str(tmp_path)).consolidate_catalog(ensure_contiguous_files=False)
    assert len(files(tmp_path)) == 1
    assert write(tmp_path, [bitcoin | {"ts_ns": TS + 4 * DAY}]) == 0
    assert write(tmp_path, [coarse | {"ts_ns": TS + 4 * DAY}]) == 1
    assert ParquetDataCatalog(str(tmp_path)).instruments()[-1].price_precision == 0


@pytest.mark.parametrize("foreign", ["torn", "empty", "another class of file", "other columns"])
def test_what_is_no_instrument_is_left_alone(tmp_path: Path, bitcoin: Definition, foreign: str) -> None:
    """Under another name it is beside the instrument, under its name it stands, and that is told."""
    put(tmp_path / "made", bitcoin)
    ((relative, bytes_made),) = files(tmp_path / "made").items()
    table = pq.read_table(tmp_path / "made" / relative)
    for name, written in ((relative, 0), (relative.replace("2026", "2027"), 1)):
        catalog = tmp_path / f"{written}"
        path = catalog / name
        path.parent.mkdir(parents=True)
        if foreign == "other columns":
            pq.write_table(table.drop_columns(["price_precision"]), path)
        else:
            path.write_bytes({"torn": bytes_made[:-100], "empty": b"", "another class of file": b"text"}[foreign])
        before = path.read_bytes()
        found = _core.write_instruments(str(catalog), json.dumps([bitcoin]), "1.231")
        taken = f"1 instruments were not written, {ID} among them: {relative} is there, which is not tickwright's and is never touched"  # noqa: E501
        assert found == (written, [taken] * (1 - written))
        assert path.read_bytes() == before
        # Once more: ours is there.
        assert _core.write_instruments(str(catalog), json.dumps([bitcoin]), "1.231") == (0, [taken] * (1 - written))
        assert len(files(catalog)) == 1 + written


def test_damage_of_a_file_that_is_there_is_never_a_panic(tmp_path: Path, bitcoin: Definition) -> None:
    write(tmp_path, [bitcoin])
    ((relative, whole),) = files(tmp_path).items()
    path = tmp_path / relative
    chance = random.Random(3)
    for _ in range(150):
        for kind, damage in FILE_KINDS.items():
            path.write_bytes(damaged := damage(whole, chance))
            written, notes = _core.write_instruments(str(tmp_path), json.dumps([bitcoin]), "1.231")
            assert written + len(notes) <= 1, kind
            # Ours, with another price in it, may be mended; what cannot be understood stands.
            assert path.read_bytes() == (whole if written else damaged), kind


def test_a_conversion_tells_what_was_not_written(tmp_path: Path) -> None:
    calm, catalog = tmp_path / "calm", tmp_path / "catalog"
    tickwright.convert(EXAMPLE, calm)
    (relative,) = [name for name in files(calm) if ID in name]
    (catalog / relative).parent.mkdir(parents=True)
    (catalog / relative).write_bytes(b"mine")
    report = tickwright.convert(EXAMPLE, catalog)
    assert (report.status, report.instruments_written) == ("committed", 3)
    assert f"1 instruments were not written, {ID} among them: {relative} is there" in report.notes[-1]
    assert files(catalog)[relative] == b"mine"
    assert tickwright.convert(EXAMPLE, catalog).instruments == []


def test_ours_of_the_same_time_is_replaced(tmp_path: Path, bitcoin: Definition) -> None:
    """Rows of another source may need more decimals of a definition that is known."""
    assert write(tmp_path, [bitcoin]) == 1
    assert write(tmp_path, [bitcoin | {"price_precision": 4, "price_increment": "0.0001"}]) == 1
    (found,) = ParquetDataCatalog(str(tmp_path)).instruments()
    assert (len(files(tmp_path)), found.price_precision) == (1, 4)


def test_two_ids_of_one_folder(tmp_path: Path, bitcoin: Definition) -> None:
    one = bitcoin | {"instrument_id": "BTC/USD.X", "raw_symbol": "BTC/USD"}
    other = bitcoin | {"instrument_id": "BTCUSD.X", "raw_symbol": "BTCUSD"}
    written, notes = _core.write_instruments(str(tmp_path), json.dumps([one, other]), "1.231")
    assert (written, len(notes)) == (1, 1)
    (found,) = ParquetDataCatalog(str(tmp_path)).instruments()
    assert found.id.value == "BTC/USD.X"
    assert write(tmp_path, [other | {"ts_ns": TS + DAY}]) == 1
    assert write(tmp_path, [one, other | {"ts_ns": TS + 2 * DAY}]) == 0


def test_an_id_that_is_no_folder_is_told(tmp_path: Path, bitcoin: Definition) -> None:
    bad = bitcoin | {"instrument_id": "CON.X"}
    written, notes = _core.write_instruments(str(tmp_path), json.dumps([bad, bitcoin]), "1.231")
    assert (written, notes) == (1, ["1 instruments were not written, CON.X among them: `CON.X` cannot name a folder"])


def test_a_link_is_not_followed(tmp_path: Path, bitcoin: Definition) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "catalog/data").mkdir(parents=True)
    (tmp_path / "catalog/data/crypto_perpetual").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(tickwright.CatalogError, match="is a link") as caught:
        write(tmp_path / "catalog", [bitcoin])
    assert caught.value.code == "link"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_is_no_definition(tmp_path: Path) -> None:
    with pytest.raises(tickwright.UsageError, match="missing field"):
        write(tmp_path, [{"class": "CurrencyPair"}])
    with pytest.raises(tickwright.UsageError, match=r"1\.231 or 1\.220"):
        write(tmp_path, [], layout="2")
