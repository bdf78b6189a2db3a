"""Captures into catalogs: what is written, what is refused, what a second run does."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright

from tests.frames import SHARED, at, capture, usdm
from tests.integration.test_book import fold
from tests.parity.support import batch_rows, catalog_rows


def files(catalog: Path) -> dict[str, bytes]:
    return {str(p.relative_to(catalog)): p.read_bytes() for p in sorted((catalog / "data").rglob("*.parquet"))}


def test_files_are_where_nautilus_looks(tmp_path: Path) -> None:
    report = tickwright.convert(capture(tmp_path / "c.ndjson", usdm()), tmp_path / "catalog")
    assert report.status == "committed"
    assert report.version == 1
    assert report.rejects == 2
    assert sorted(files(tmp_path / "catalog")) == [
        "data/bar/BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL/2023-11-14T22-13-20-009000000Z_2023-11-14T22-13-20-009000000Z.parquet",
        "data/custom_liquidation/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-008000000Z_2023-11-14T22-13-20-008000000Z.parquet",
        "data/funding_rate_update/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-007000000Z_2023-11-14T22-13-20-007000000Z.parquet",
        "data/index_price_update/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-007000000Z_2023-11-14T22-13-20-007000000Z.parquet",
        "data/mark_price_update/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-007000000Z_2023-11-14T22-13-20-007000000Z.parquet",
        "data/order_book_deltas/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-002000000Z_2023-11-14T22-13-20-003000000Z.parquet",
        "data/quote_tick/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-006000000Z_2023-11-14T22-13-20-006000000Z.parquet",
        "data/trade_tick/BTCUSDT-PERP.BINANCE/2023-11-14T22-13-20-005000000Z_2023-11-14T22-13-20-005000000Z.parquet",
    ]
    (source,) = report.sources
    assert source.accounting.bytes.total + source.accounting.container_bytes == (tmp_path / "c.ndjson").stat().st_size


def test_the_same_source_again_is_a_no_op(tmp_path: Path) -> None:
    source = capture(tmp_path / "c.ndjson", usdm())
    tickwright.convert(source, tmp_path / "catalog")
    before = files(tmp_path / "catalog")
    again = tickwright.convert(source, tmp_path / "catalog")
    assert again.status == "nothing_new"
    assert again.sources[0].known
    assert files(tmp_path / "catalog") == before


def test_what_was_not_asked_for_of_a_source_comes_with_replace(tmp_path: Path) -> None:
    """Its bytes are known after a first conversion, which says what takes the rest."""
    source, whole, parts = capture(tmp_path / "c.ndjson", usdm()), tmp_path / "whole", tmp_path / "parts"
    first = tickwright.convert(source, whole)
    tickwright.convert(source, parts, types=["trade"])
    again = tickwright.convert(source, parts)
    assert again.status == "nothing_new"
    assert "--replace" in again.notes[-1]
    others = {table.type for table in first.tables} - {"trade"}
    assert others
    tickwright.convert(source, parts, types=others, mode="replace")
    assert files(parts) == files(whole)


@pytest.mark.parametrize("options", [{"jobs": 1}, {"jobs": 4}, {"memory": 32 << 20}])
def test_the_same_bytes_whatever_the_threads_and_memory(tmp_path: Path, options: dict[str, int]) -> None:
    source = capture(tmp_path / "c.ndjson", usdm())
    tickwright.convert(source, tmp_path / "one")
    tickwright.convert(source, tmp_path / "two", **options)  # type: ignore[arg-type]
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_overlap_is_refused_with_the_choices(tmp_path: Path) -> None:
    frames = usdm()
    tickwright.convert(capture(tmp_path / "a.ndjson", frames), tmp_path / "catalog")
    before = files(tmp_path / "catalog")
    other = capture(tmp_path / "b.ndjson", frames[:-1])
    with pytest.raises(tickwright.CatalogError, match="--replace") as caught:
        tickwright.convert(other, tmp_path / "catalog")
    assert caught.value.code == "overlap"
    assert files(tmp_path / "catalog") == before
    replaced = tickwright.convert(other, tmp_path / "catalog", mode="replace")
    assert replaced.status == "committed"
    assert files(tmp_path / "catalog") == before


def test_a_recording_goes_on_without_a_snapshot(tmp_path: Path) -> None:
    tickwright.convert(capture(tmp_path / "a.ndjson", usdm()), tmp_path / "catalog")
    tomorrow = (
        b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700086400000,"T":1700086400000,'
        b'"s":"BTCUSDT","U":120,"u":125,"pu":115,"b":[["100.10","0"],["100.05","7"]],"a":[]}}'
    )
    report = tickwright.convert(capture(tmp_path / "b.ndjson", [(at(86_400_000), tomorrow)]), tmp_path / "catalog")
    assert report.gaps == 0
    assert [(t.type, t.rows) for t in report.tables] == [("delta", 2)]
    newest = max((tmp_path / "catalog/data/order_book_deltas/BTCUSDT-PERP.BINANCE").iterdir())
    assert pq.read_table(newest)["action"].to_pylist() == [3, 1]


def test_a_wider_precision_relabels_the_older_files(tmp_path: Path) -> None:
    trade = (
        '{{"stream":"x@aggTrade","data":{{"e":"aggTrade","E":{t},"a":{a},"s":"BTCUSDT","p":"{p}","q":"1","f":1,'
        '"l":1,"T":{t},"m":true}}}}'
    )

    def line(offset: int, id_: int, price: str) -> tuple[int, bytes]:
        return at(offset), trade.format(t=1_700_000_000_000 + offset, a=id_, p=price).encode()

    catalog = tmp_path / "catalog"
    tickwright.convert(capture(tmp_path / "a.ndjson", [line(0, 1, "1.5")]), catalog, feed="binance-usdm")
    tickwright.convert(capture(tmp_path / "b.ndjson", [line(9, 2, "1.125")]), catalog, feed="binance-usdm")
    labels = [
        pq.read_metadata(p).metadata[b"price_precision"]
        for p in sorted((catalog / "data/trade_tick/BTCUSDT-PERP.BINANCE").iterdir())
    ]
    assert labels == [b"3", b"3"]
    prices = [
        int.from_bytes(pq.read_table(p)["price"][0].as_py(), "little")
        for p in sorted((catalog / "data/trade_tick/BTCUSDT-PERP.BINANCE").iterdir())
    ]
    assert prices == [15 * 10**15, 1125 * 10**13]


def test_rejects_are_kept_with_their_bytes(tmp_path: Path) -> None:
    report = tickwright.convert(capture(tmp_path / "c.ndjson", usdm()), tmp_path / "catalog")
    path = tmp_path / "catalog" / str(report.rejects_file)
    with pa.input_stream(str(path), compression="zstd") as stream:
        lines = [json.loads(line) for line in stream.read().splitlines()]
    assert [line["code"] for line in lines] == ["price_not_positive", "json_syntax"]
    assert lines[1]["body"] == usdm()[-1][1].decode()
    assert lines[1]["line"] == 12


def test_cut_input(tmp_path: Path) -> None:
    text = capture(tmp_path / "c.ndjson", usdm()).read_bytes()
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(text)[:-200])
    with pytest.raises(tickwright.InputError, match="allow-truncated") as caught:
        tickwright.convert(cut, tmp_path / "catalog")
    assert caught.value.code == "truncated"
    report = tickwright.convert(cut, tmp_path / "catalog", allow_truncated=True)
    assert report.sources[0].truncated


def test_refusals(tmp_path: Path) -> None:
    source = capture(tmp_path / "c.ndjson", usdm())
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "file").write_text("x")
    with pytest.raises(tickwright.CatalogError) as caught:
        tickwright.convert(source, strange)
    assert caught.value.code == "not_a_catalog"
    tickwright.convert(source, tmp_path / "catalog")
    with pytest.raises(tickwright.CatalogError) as caught:
        tickwright.convert(source, tmp_path / "catalog", flavour="v2")
    assert caught.value.code == "other_flavour"
    with pytest.raises(tickwright.InputError):
        tickwright.convert(tmp_path / "absent", tmp_path / "catalog")
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.convert(empty, tmp_path / "catalog")
    assert caught.value.code == "empty"


@pytest.mark.parametrize("feed", ["bybit-linear", "binance-spot"])
def test_spans_divide_a_recording_whose_clock_goes_back(tmp_path: Path, feed: str) -> None:
    """A row belongs to the span of its own time, whichever frame told it: a later one, or one that it waited for."""
    path = tmp_path / "c.gz"
    faults: dict[str, Any] = {"backward": 0.3, "connections": 2, "lost": 0.05}
    tickwright.simulate(feed, path, seed=8, minutes=0.3, symbols=1, channels=["book"], **faults)
    (whole,) = (batch_rows(batch) for batch in tickwright.decode_file(path, types=["delta"])[0].values())
    times = sorted({row["ts_init"] for row in whole})
    for middle in times[1 :: len(times) // 20]:
        parts = []
        for part, span in (("before", {"to_ns": middle}), ("after", {"from_ns": middle})):
            report = tickwright.convert(path, tmp_path / f"{middle}{part}", types=["delta"], **span)
            parts.append(catalog_rows(tmp_path / f"{middle}{part}", "delta", report.tables[0].instrument_id))
        before, after = parts
        assert before == [row for row in whole if row["ts_init"] < middle]
        standing = next(at for at, row in enumerate(after) if row["flags"] & 128) + 1
        rest = after[standing:]
        assert after[0]["ts_init"] >= middle
        assert 0 < len(rest) and rest == whole[-len(rest) :]
        begin = after[0]["ts_init"]
        assert fold(after[:standing], begin)[:2] == fold(whole[: -len(rest)], begin)[:2]


@pytest.mark.skipif(not (SHARED / "frames").is_dir(), reason="needs ../shared/frames")
def test_real_recordings(tmp_path: Path) -> None:
    inputs = sorted((SHARED / "frames/connections").glob("BINANCE*"))
    report = tickwright.convert(inputs, tmp_path / "catalog")
    assert report.rejects == 0
    assert report.gaps == 0
    frames = report.accounting.frames
    by_source = {Path(s.path).name: s.accounting.frames for s in report.sources}
    ws = by_source["BINANCE.ws.1.0.gz"]
    assert (ws.total, ws.control, ws.rows, ws.stale) == (265, 2, 258, 5)
    assert by_source["BINANCE.http.0.0.gz"].rows == 4
    tables = {(t.type, t.instrument_id): t.rows for t in report.tables}
    assert tables["delta", "BLZETH.BINANCE"] == 1186
    assert tables["delta", "NKNUSDT.BINANCE"] == 1986
    assert tables["quote", "NKNUSDT.BINANCE"] == 74
    assert frames.total == sum(s.accounting.frames.total for s in report.sources)
    for source in report.sources:
        size = len(gzip.decompress(Path(source.path).read_bytes()))
        assert source.accounting.bytes.total + source.accounting.container_bytes == size
    assert len({d["instrument_id"] for d in report.instruments}) > 10
