"""Simulated captures against the truth beside them: every row, field by field, whatever goes wrong on the way."""

import gzip
import json
import math
import random
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests.parity.support import Row, catalog_rows, catalog_tables, same_rows
from tests.parity.venues import shaped
from tests.property.test_wire_forms import parse, spell

BINANCE = ["binance-spot", "binance-usdm", "binance-coinm"]
KRAKEN = ["kraken-spot", "kraken-futures"]
FEEDS = [*BINANCE, "bybit-spot", "bybit-linear", "bybit-inverse", "bybit-option", "okx", *KRAKEN, "deribit"]
FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
    "some": {"faults": "some"},
    "many": {"faults": "many"},
    "lost": {"lost": 0.1},
    "reconnects": {"reconnect_s": 4},
    "two connections": {"connections": 2, "lost": 0.05, "reconnect_s": 8},
    "three connections": {"connections": 3, "lost": 0.2, "reconnect_s": 6, "late": 0.3},
    "equal times": {"equal": 0.7},
    "times that go back": {"backward": 0.3, "equal": 0.2},
    "snapshots after their updates": {"late": 1.0, "lost": 0.02},
}
NUMBERS = {"price", "size", "value", "value_quote", "rate", "average_price", "volume", "open", "high", "low", "close"}
NUMBERS |= {f"{side}_{what}" for side in ("bid", "ask") for what in ("price", "size")}

type Tables = dict[tuple[str, str], list[Row]]


def capture(folder: Path, feed: str, seed: int, name: str = "capture.gz", **options: Any) -> tickwright.SimulateReport:
    options = {"minutes": 0.4, "symbols": 6, **options}
    return tickwright.simulate(feed, folder / name, seed=seed, **options)


def truth(path: str | Path) -> tuple[Tables, dict[str, Any]]:
    """The truth's rows by (type, id) in the shape of a decoded row, and its summary."""
    tables: Tables = defaultdict(list)
    with gzip.open(path, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    summary = rows.pop()
    for row in rows:
        kind, name = row.pop("type"), row.pop("instrument_id")
        key = (kind, row.pop("bar_type", name))
        row |= {field: Decimal(row[field]) for field in NUMBERS & row.keys() if row[field] != ""}
        if kind == "depth10":
            for side in ("bid", "ask"):
                row[f"{side}s"] = [(Decimal(price), Decimal(size)) for price, size in row[f"{side}s"]]
                row[f"{side}_counts"] = [1] * len(row[f"{side}s"]) + [0] * (10 - len(row[f"{side}s"]))
        if kind == "funding_rate":
            row.setdefault("interval", None)
            row.setdefault("next_funding_ns", None)
        tables[key].append(row)
    assert summary["type"] == "summary"
    return dict(tables), summary


def same_tables(ours: Tables, wanted: Tables, what: object) -> None:
    assert ours.keys() == wanted.keys(), what
    for key in sorted(wanted):
        same_rows(ours[key], wanted[key], (what, key))


def decoded(path: str, **options: Any) -> tuple[Tables, dict[str, Any]]:
    batches, report = tickwright.decode_file(path, **options)
    return shaped(batches), report


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("feed", FEEDS)
def test_every_row_is_the_truth(tmp_path: Path, feed: str, faults: str, seed: int) -> None:
    made = capture(tmp_path, feed, seed, **FAULTS[faults])
    wanted, summary = truth(str(made.truth))
    rows, report = decoded(made.output, trades="raw")
    same_tables(rows, wanted, (feed, faults, seed))

    assert sum(made.rows.values()) == sum(len(table) for table in wanted.values()) > 1_000
    assert summary["rows"] == made.rows
    assert report["rejects"] == []
    assert (report["unknown_keys"], report["unknown_topics"], report["undefined_symbols"]) == ({}, {}, [])
    accounting = report["accounting"]
    for ends in (accounting["frames"], accounting["bytes"], accounting["items"]):
        assert sum(count for end, count in ends.items() if end != "total") == ends["total"]
    assert accounting["frames"]["total"] == made.frames
    size = len(gzip.decompress(Path(made.output).read_bytes()))
    assert accounting["bytes"]["total"] + accounting["container_bytes"] == size

    def holes(gaps: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        fields = ("instrument_id", "from_sequence", "to_ns", "resolved_ns", "resolution")
        return sorted(tuple(gap[field] for field in fields) for gap in gaps)

    assert holes(report["gaps"]) == holes(made.gaps)


@pytest.mark.parametrize("feed", FEEDS)
def test_the_faults_are_what_they_say(tmp_path: Path, feed: str) -> None:
    """Without this the tests above might say nothing."""

    def times(made: tickwright.SimulateReport) -> list[int]:
        return [int(line[:19]) for line in gzip.decompress(Path(made.output).read_bytes()).splitlines()]

    def made(name: str) -> tickwright.SimulateReport:
        return capture(tmp_path, feed, 4, f"{name.replace(' ', '')}.gz", **FAULTS[name])

    clean = made("none")
    assert (clean.lost, clean.reconnects, clean.gaps) == (0, 0, [])
    assert times(clean) == sorted(times(clean))
    lost = made("lost")
    assert lost.lost > 20 and {gap["resolution"] for gap in lost.gaps} >= {"snapshot"}
    assert made("reconnects").reconnects > 1
    two = made("three connections")
    if feed != "kraken-spot":  # whose books have no numbers: what comes late joins nothing
        assert "late_update" in {gap["resolution"] for gap in two.gaps}
    assert two.frames > 1.5 * clean.frames
    equal = times(made("equal times"))
    assert sum(a == b for a, b in zip(equal, equal[1:], strict=False)) > len(equal) / 2
    back = times(made("times that go back"))
    assert sum(a > b for a, b in zip(back, back[1:], strict=False)) > len(back) / 10
    if feed not in BINANCE:
        return  # snapshots come by the stream, in its order
    # A snapshot that arrives late stands among updates that are beyond it.
    late = made("snapshots after their updates")
    rows, _ = truth(str(late.truth))
    waited = [
        name
        for (kind, name), table in rows.items()
        if kind == "delta" and len({row["ts_init"] for row in table}) < len({row["sequence"] for row in table})
    ]
    assert len(waited) == 6


@pytest.mark.parametrize("seed", [5, 6])
@pytest.mark.parametrize("feed", FEEDS)
def test_the_catalog_is_the_truth(tmp_path: Path, feed: str, seed: int) -> None:
    made = capture(tmp_path, feed, seed, faults="many")
    report = tickwright.convert(made.output, tmp_path / "catalog")
    wanted, _ = truth(str(made.truth))
    catalog = tmp_path / "catalog"
    # Folders are named without the slash of a pair.
    assert catalog_tables(catalog) == {(kind, name.replace("/", "")) for kind, name in wanted}
    same_tables({(kind, name): catalog_rows(catalog, kind, name) for kind, name in wanted}, wanted, feed)
    assert (report.rejects, report.gaps) == (0, len(made.gaps))
    assert report.rows == sum(made.rows.values())
    assert {d["instrument_id"] for d in report.instruments} == set(made.instruments)
    # Every value fits the definitions of the same capture.
    assert not [note for note in report.notes if "more decimals" in note or "inferred" in note]


def test_a_folder_is_converted_without_its_truth(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    made = capture(tmp_path / "in", "binance-usdm", 1)
    report = tickwright.convert(tmp_path / "in", tmp_path / "catalog")
    assert report.rows == sum(made.rows.values())
    assert [Path(skipped["path"]).name for skipped in report.skipped] == ["capture.truth.ndjson.gz"]


@pytest.mark.parametrize("feed", BINANCE)
def test_channels(tmp_path: Path, feed: str) -> None:
    """Aggregates where there are no fills; the partial book where nothing tells its changes."""
    made = capture(tmp_path, feed, 8, channels=["aggregate", "partial", "bar"], minutes=1.3, faults="many")
    wanted, _ = truth(str(made.truth))
    assert {kind for kind, _ in wanted} == {"trade", "depth10", "delta", "bar"}
    same_tables(decoded(made.output)[0], wanted, feed)


#: Faults of one line: messages by order have nothing by which those of several could be told apart.
ONE_LINE = [name for name, faults in FAULTS.items() if "connections" not in faults and faults.get("faults") != "many"]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("faults", ONE_LINE)
def test_every_order_is_the_truth(tmp_path: Path, faults: str, seed: int) -> None:
    """Kraken's level 3: ids, queues, what falls out of a depth, and what a hole leaves."""
    made = capture(tmp_path, "kraken-spot", seed, channels=["trade", "level3"], **FAULTS[faults])
    wanted, _ = truth(str(made.truth))
    rows, report = decoded(made.output, book="level3")
    same_tables(rows, wanted, (faults, seed))
    deltas = [row for (kind, _), table in wanted.items() if kind == "delta" for row in table]
    assert len(deltas) > 5_000
    assert {row["action"] for row in deltas} == {"ADD", "UPDATE", "DELETE", "CLEAR"}
    assert len({row["order_id"] for row in deltas}) > 1_000
    # After a loss an order may come that is held already: a reject, and the hole shows by the checksum.
    assert {reject["code"] for reject in report["rejects"]} <= (
        {"unknown_value"} if made.lost + made.reconnects else set()
    )
    fields = ("instrument_id", "to_ns", "resolved_ns", "resolution")
    found, gaps = (sorted(tuple(gap[name] for name in fields) for gap in gaps) for gaps in (report["gaps"], made.gaps))
    assert found == gaps
    assert (made.lost > 20) <= (len(gaps) > 5)
    # Only where it is asked for.
    others, report = decoded(made.output)
    assert {kind for kind, _ in others} == {"trade"}
    assert report["accounting"]["frames"]["unselected"] > 500


def test_a_catalog_of_orders_is_the_truth(tmp_path: Path) -> None:
    made = capture(tmp_path, "kraken-spot", 5, channels=["level3"], reconnect_s=5)
    wanted, _ = truth(str(made.truth))
    report = tickwright.convert(made.output, tmp_path / "catalog", book="level3")
    same_tables(
        {(kind, name): catalog_rows(tmp_path / "catalog", kind, name) for kind, name in wanted}, wanted, "orders"
    )
    assert (report.rejects, report.gaps) == (0, len(made.gaps))


def test_shuffled_orders_show_by_the_checksum(tmp_path: Path) -> None:
    """Messages that change places: no row of a book that the venue never had."""
    made = capture(tmp_path, "kraken-spot", 6, "c.ndjson", channels=["level3"], symbols=2)
    frames = [(int(line[:19]), line[20:]) for line in Path(made.output).read_bytes().splitlines()]
    chance = random.Random(6)
    swapped = chance.sample(range(100, len(frames) - 1), 20)
    first = frames[min(swapped)][0]
    for at in swapped:
        frames[at], frames[at + 1] = (frames[at][0], frames[at + 1][1]), (frames[at + 1][0], frames[at][1])
    decoder = tickwright.Decoder("kraken-spot", book="level3")
    decoder.push_many([frame for _, frame in frames], [ts for ts, _ in frames])
    decoder.finish()
    report = decoder.report()
    ends = report["accounting"]["frames"]
    assert ends["total"] == len(frames) == sum(count for end, count in ends.items() if end != "total")
    assert {gap["cause"] for gap in report["gaps"]} == {"checksum"}
    wanted, _ = truth(str(made.truth))
    for key, rows in shaped(decoder.flush()).items():
        before = [row for row in rows if row["ts_init"] < first]
        assert before == [row for row in wanted[key] if row["ts_init"] < first] != []


@pytest.mark.parametrize("feed", FEEDS)
def test_containers_hold_the_same_rows(tmp_path: Path, feed: str) -> None:
    first = capture(tmp_path, feed, 9, "c.ndjson", faults="many")
    wanted, _ = truth(str(first.truth))
    for number, name in enumerate(["c.gz", "c.ndjson.zst", "c.tkw"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = capture(folder, feed, 9, name, faults="many")
        assert (made.rows, made.gaps) == (first.rows, first.gaps)
        assert truth(str(made.truth))[0] == wanted
        rows, report = decoded(made.output, trades="raw")
        same_tables(rows, wanted, name)
        assert report["accounting"]["frames"]["total"] == made.frames


@pytest.mark.parametrize("how", [{"shuffle"}, {"space"}, {"escape"}, {"shuffle", "space", "escape", "unknown"}])
@pytest.mark.parametrize("feed", FEEDS)
def test_forms_of_frames_give_the_same_rows(tmp_path: Path, feed: str, how: set[str]) -> None:
    made = capture(tmp_path, feed, 10, "c.ndjson", minutes=0.1, symbols=3, faults="many")
    chance = random.Random(10)
    decoder = tickwright.Decoder(feed, trades="raw")
    for line in Path(made.output).read_bytes().splitlines():
        decoder.push(spell(parse(line[20:]), chance, frozenset(how)).encode(), int(line[:19]))
    decoder.finish()
    same_tables(shaped(decoder.flush()), truth(str(made.truth))[0], how)


def test_one_seed_is_one_capture(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        capture(tmp_path / name, "binance-usdm", 11, faults="many")
    for name in ("capture.gz", "capture.truth.ndjson.gz"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    other = capture(tmp_path, "binance-usdm", 12, faults="many")
    assert gzip.decompress(Path(other.output).read_bytes()) != gzip.decompress(
        (tmp_path / "a" / "capture.gz").read_bytes()
    )


def test_refusals(tmp_path: Path) -> None:
    made = capture(tmp_path, "binance-spot", 1, minutes=0.02)
    before = Path(made.output).read_bytes()
    with pytest.raises(tickwright.UsageError, match="force"):
        capture(tmp_path, "binance-spot", 2, minutes=0.02)
    assert Path(made.output).read_bytes() == before
    Path(made.output).unlink()
    with pytest.raises(tickwright.UsageError, match="truth"):
        capture(tmp_path, "binance-spot", 2, minutes=0.02)
    capture(tmp_path, "binance-spot", 2, minutes=0.02, force=True)
    for wrong, said in [
        ({"faults": "all"}, "none, some or many"),
        ({"lost": 2.0}, "0 to 1"),
        ({"symbols": 0}, "1 to 2,000"),
        ({"minutes": -1}, "minutes"),
        ({"seed": -1}, "2\\^64"),
        ({"channels": ["depth"]}, "aggregate"),
        ({"channels": []}, "at least one"),
        ({"connections": 9}, "1 to 8"),
        ({"rate": 0}, "changes a second"),
        ({"minutes": math.nan}, "minutes"),
        ({"minutes": math.inf}, "minutes"),
        ({"reconnect_s": math.nan}, "reconnect_s"),
        ({"backward": math.nan}, "0 to 1"),
        ({"start": datetime(1900, 1, 1)}, "2010 to 2090"),
    ]:
        with pytest.raises(tickwright.UsageError, match=said):
            tickwright.simulate("binance-spot", tmp_path / "x.gz", **{"seed": 1, **wrong})
    with pytest.raises(tickwright.UsageError, match="binance-coinm"):
        tickwright.simulate("nowhere", tmp_path / "x.gz", seed=1)
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.simulate("binance-spot", tmp_path / "absent" / "x.gz", seed=1)
    assert caught.value.path == str(tmp_path / "absent" / "x.gz")
    assert not list(tmp_path.glob(".part*")) and not (tmp_path / "x.gz").exists()


def test_what_the_watcher_raises_stops_it(tmp_path: Path) -> None:
    seen = []

    def watch(now: dict[str, Any]) -> None:
        seen.append(now)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tickwright.simulate("binance-usdm", tmp_path / "x.gz", seed=1, minutes=10_000, on_progress=watch)
    assert len(seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_example_is_what_its_maker_makes(tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[2] / "examples" / "binance-usdm"
    made = capture(tmp_path, "binance-usdm", 7, "capture.ndjson.gz", minutes=1.25, symbols=4, rate=8)
    for name in ("capture.ndjson.gz", "capture.truth.ndjson.gz"):
        assert gzip.decompress((folder / name).read_bytes()) == gzip.decompress((tmp_path / name).read_bytes())
    assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000
    assert sum(made.rows.values()) > 5_000
