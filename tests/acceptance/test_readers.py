"""Every way NautilusTrader 1.231 reads a catalog, the ways that fail there pinned, and readers of Arrow and Parquet.

A pin tells when the installed package has begun to do what it could not: then the note in the docs is out of date.
"""

import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tickwright
from nautilus_trader.core.nautilus_pyo3 import DataBackendSession
from nautilus_trader.model.data import (
    Bar,
    FundingRateUpdate,
    IndexPriceUpdate,
    InstrumentStatus,
    MarkPriceUpdate,
    OrderBookDelta,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
    capsule_to_list,
)
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from tests.frames import at, capture, ms, usdm

ID = "BTCUSDT-PERP.BINANCE"
OTHER = "ETHUSDT-PERP.BINANCE"
BAR = f"{ID}-1-MINUTE-LAST-EXTERNAL"


def more() -> list[tuple[int, bytes]]:
    """What `usdm` has not: a second instrument, partial depth, open interest, a status."""
    levels = ",".join(f'["{100 - i}.0","{i + 1}"]' for i in range(10))
    asks = ",".join(f'["{101 + i}.5","{i + 2}"]' for i in range(10))
    return [
        (
            at(20),
            b'{"stream":"btcusdt@depth10@100ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"BTCUSDT","U":200,'
            b'"u":210,"pu":190,"b":[%s],"a":[%s]}}' % (ms(20), ms(19), levels.encode(), asks.encode()),
        ),
        (
            at(21),
            b'{"stream":"!markPrice@arr","data":[{"e":"markPriceUpdate","E":%d,"s":"ETHUSDT","p":"20.5","i":"20.25",'
            b'"P":"20.0","r":"-0.00025000","T":1700006400000}]}' % ms(21),
        ),
        (
            at(22),
            b'{"stream":"btcusdt@openInterest","data":{"openInterest":"80.5","symbol":"BTCUSDT","time":%d}}' % ms(22),
        ),
        (
            at(23),
            b'{"stream":"!contractInfo","data":{"e":"contractInfo","E":%d,"s":"BTCUSDT","ps":"BTCUSDT","ct":"PERPETUAL",'
            b'"dt":4133404800000,"ot":1569398400000,"cs":"SETTLING","bks":[]}}' % ms(23),
        ),
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    report = tickwright.convert(capture(folder / "c.ndjson", usdm() + more()), folder / "catalog", feed="binance-usdm")
    assert {(t.type, t.instrument_id): t.rows for t in report.tables} == {
        ("trade", ID): 1,
        ("quote", ID): 1,
        ("delta", ID): 10,
        ("depth10", ID): 1,
        ("bar", BAR): 1,
        ("mark_price", ID): 1,
        ("mark_price", OTHER): 1,
        ("index_price", ID): 1,
        ("index_price", OTHER): 1,
        ("funding_rate", ID): 1,
        ("funding_rate", OTHER): 1,
        ("liquidation", ID): 1,
        ("open_interest", ID): 1,
        ("status", ID): 1,
    }
    return folder / "catalog"


@pytest.fixture(scope="module")
def catalog(folder: Path) -> ParquetDataCatalog:
    return ParquetDataCatalog(str(folder))


# What each type is for Nautilus, made by hand from the frames.
WANTED = {
    OrderBookDepth10: [(ID, at(19), at(20))],
    Bar: [(BAR, 1_700_000_040_000_000_000, at(9))],
    MarkPriceUpdate: [(ID, at(7), at(7)), (OTHER, at(21), at(21))],
    InstrumentStatus: [(ID, at(23), at(23))],
    TradeTick: [(ID, at(4), at(5))],
    QuoteTick: [(ID, at(5), at(6))],
}


@pytest.mark.parametrize("cls", WANTED)
def test_query_without_identifiers(catalog: ParquetDataCatalog, cls: type) -> None:
    rows = catalog.query(cls)
    assert [
        (str(row.bar_type if cls is Bar else row.instrument_id), row.ts_event, row.ts_init) for row in rows
    ] == WANTED[cls]
    assert {type(row) for row in rows} == {cls}


def test_query_of_depth10(catalog: ParquetDataCatalog) -> None:
    (depth,) = catalog.query(OrderBookDepth10, identifiers=[ID])
    assert [(str(o.price), str(o.size)) for o in depth.bids] == [(f"{100 - i}.0", str(i + 1)) for i in range(10)]
    assert [(str(o.price), str(o.size)) for o in depth.asks] == [(f"{101 + i}.5", str(i + 2)) for i in range(10)]
    assert depth.sequence == 210


def test_query_of_status(catalog: ParquetDataCatalog) -> None:
    (status,) = catalog.query(InstrumentStatus, identifiers=[ID])
    assert status.action.name == "CLOSE"
    assert status.is_trading is False


def test_query_of_open_interest(catalog: ParquetDataCatalog) -> None:
    from tickwright.nautilus import OpenInterest

    (wrapped,) = catalog.query(OpenInterest, identifiers=[ID])
    row = wrapped.data
    assert (row.instrument_id, row.value, row.unit, row.value_quote) == (InstrumentId.from_str(ID), "80.5", "base", "")
    assert (row.ts_event, row.ts_init) == (at(22), at(22))


@pytest.mark.parametrize(("id_", "rate"), [(ID, "0.0001"), (OTHER, "-0.00025")])
def test_query_of_funding_of_one_instrument(catalog: ParquetDataCatalog, id_: str, rate: str) -> None:
    (row,) = catalog.query(FundingRateUpdate, identifiers=[id_])
    assert (str(row.instrument_id), Decimal(str(row.rate)), row.next_funding_ns) == (
        id_,
        Decimal(rate),
        1_700_006_400_000_000_000,
    )


def test_query_by_time(catalog: ParquetDataCatalog) -> None:
    def rows(start: int, end: int) -> list[int]:
        return [d.ts_init for d in catalog.query(OrderBookDelta, identifiers=[ID], start=start, end=end)]

    assert rows(at(0), at(2)) == [at(2)] * 7
    assert rows(at(3), at(9)) == [at(3)] * 3
    assert rows(at(4), at(9)) == []


# --- backend_session

WORKS = [TradeTick, QuoteTick, OrderBookDelta, OrderBookDepth10, Bar, MarkPriceUpdate]


@pytest.mark.parametrize("cls", WORKS)
def test_backend_session(catalog: ParquetDataCatalog, cls: type) -> None:
    asked = [BAR] if cls is Bar else [ID]
    session = catalog.backend_session(data_cls=cls, identifiers=asked, session=DataBackendSession())
    rows = [row for chunk in session.to_query_result() for row in capsule_to_list(chunk)]
    assert rows
    assert [cls.to_dict(row) for row in rows] == [cls.to_dict(row) for row in catalog.query(cls, identifiers=asked)]


def in_subprocess(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    head = """
        import sys
        from nautilus_trader.core.nautilus_pyo3 import DataBackendSession
        from nautilus_trader.model.data import *
        from nautilus_trader.persistence.catalog import ParquetDataCatalog
        catalog = ParquetDataCatalog(sys.argv[1])
    """
    program = textwrap.dedent(head) + textwrap.dedent(text)
    command = [sys.executable, "-W", "ignore", "-c", program, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


SESSION = """
    session = catalog.backend_session(data_cls={0}, identifiers=["BTCUSDT-PERP.BINANCE"], session=DataBackendSession())
    rows = [row for chunk in session.to_query_result() for row in capsule_to_list(chunk)]
    print("read", len(rows))
"""


def test_the_helper_program_works_where_nautilus_does(folder: Path) -> None:
    """Without this the pins below would also hold for a program that is wrong."""
    done = in_subprocess(folder, SESSION.format("MarkPriceUpdate"))
    assert (done.returncode, done.stdout) == (0, "read 1\n"), done.stderr


# --- Pins: what 1.231 cannot do


def test_pin_index_prices_are_not_queried(folder: Path, catalog: ParquetDataCatalog) -> None:
    with pytest.raises(NotImplementedError):
        catalog.query(IndexPriceUpdate, identifiers=[ID])
    # What was written can be made into the objects by hand.
    (path,) = (folder / "data/index_price_update" / ID).iterdir()
    table = pq.read_table(path)
    assert table.to_pylist() == [
        {"value": (10_011 * 10**14).to_bytes(16, "little"), "ts_event": at(7), "ts_init": at(7)}
    ]
    assert table.schema.metadata[b"instrument_id"] == ID.encode()


def test_pin_funding_of_two_instruments_gets_the_first_ones_id(catalog: ParquetDataCatalog) -> None:
    rows = catalog.query(FundingRateUpdate, identifiers=[ID, OTHER])
    assert sorted(Decimal(str(row.rate)) for row in rows) == [Decimal("-0.00025"), Decimal("0.0001")]
    assert len({str(row.instrument_id) for row in rows}) == 1, "mended: the docs need not warn any longer"


@pytest.mark.parametrize("cls", ["IndexPriceUpdate", "FundingRateUpdate"])
def test_pin_backend_session_fails(folder: Path, cls: str) -> None:
    done = in_subprocess(folder, SESSION.format(cls))
    assert done.returncode != 0, "mended: the docs need not warn any longer"
    assert "read" not in done.stdout
    assert cls in done.stderr or "RuntimeError" in done.stderr or "ValueError" in done.stderr, done.stderr[-2_000:]


def test_pin_backend_session_of_status_aborts(folder: Path) -> None:
    done = in_subprocess(folder, SESSION.format("InstrumentStatus"))
    assert done.returncode < 0, (done.returncode, done.stdout, done.stderr[-2_000:])
    assert "read" not in done.stdout


# --- Order: many rows of one time, in several files


def diff(offset: int, last: int, levels: list[tuple[str, str]]) -> tuple[int, bytes]:
    bids = ",".join(f'["{price}","{size}"]' for price, size in levels)
    text = (
        f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{ms(offset)},"T":{ms(offset)},"s":"BTCUSDT",'
        f'"U":{last},"u":{last},"pu":{last - 1},"b":[{bids}],"a":[]}}}}'
    )
    return at(offset), text.encode()


DAY = 86_400_000


def book_of_one_time(folder: Path) -> tuple[Path, list[tuple[int, int, str]]]:
    """Three commits over three days; in the middle 2,000 rows of one receive time. Also the rows wanted."""
    wanted: list[tuple[int, int, str]] = []
    snapshot = (
        at(0),
        b'{"stream":"btcusdt@depthSnapshot","generated":true,"data":{"lastUpdateId":1000,"E":%d,"T":%d,'
        b'"bids":[["1.0","1"]],"asks":[["9999.0","1"]]}}' % (ms(0), ms(0)),
    )
    wanted += [(at(0), 1000, "0"), (at(0), 1000, "1.0"), (at(0), 1000, "9999.0")]
    last = 1000

    def event(offset: int, rows: int) -> tuple[int, bytes]:
        nonlocal last
        last += 1
        levels = [(f"{10 + (last * 131 + i * 17) % 5_000 + i / 10:.1f}", f"{i + 1}") for i in range(rows)]
        wanted.extend((at(offset), last, price) for price, _ in levels)
        return diff(offset, last, levels)

    first = [snapshot, *(event(10 + i, 5) for i in range(200)), *(event(DAY + i, 7) for i in range(100))]
    # 400 events of 5 rows, all received in one instant, between neighbours 1 ms away.
    middle = [event(2 * DAY - 1, 3), *(event(2 * DAY, 5) for _ in range(400)), event(2 * DAY + 1, 3)]
    after = [event(2 * DAY + 2 + i, 4) for i in range(100)]
    for number, frames in enumerate((first, middle, after)):
        source = capture(folder / f"{number}.ndjson", frames)
        report = tickwright.convert(source, folder / "catalog", feed="binance-usdm", precision=(1, 0))
        assert (report.gaps, report.rejects) == (0, 0)
    return folder / "catalog", wanted


def test_two_thousand_rows_of_one_time_keep_their_order(tmp_path: Path) -> None:
    path, wanted = book_of_one_time(tmp_path)
    assert sum(ts == at(2 * DAY) for ts, _, _ in wanted) == 2_000
    files = sorted((path / "data/order_book_deltas" / ID).iterdir())
    assert len(files) == 4
    # Equal times never straddle two files.
    spans = [(c[0], c[-1]) for c in (pq.read_table(f)["ts_init"].to_pylist() for f in files)]
    assert all(before[1] < after[0] for before, after in zip(spans, spans[1:], strict=False))
    catalog = ParquetDataCatalog(str(path))
    rows = catalog.query(OrderBookDelta, identifiers=[ID])
    got = [(r.ts_init, r.sequence, str(r.order.price) if r.action.name != "CLEAR" else "0") for r in rows]
    assert got == wanted
    session = catalog.backend_session(data_cls=OrderBookDelta, identifiers=[ID], session=DataBackendSession())
    streamed = [row for chunk in session.to_query_result() for row in capsule_to_list(chunk)]
    assert [(r.ts_init, r.sequence) for r in streamed] == [(ts, sequence) for ts, sequence, _ in wanted]
    part = catalog.query(OrderBookDelta, identifiers=[ID], start=at(2 * DAY), end=at(2 * DAY))
    assert [(r.ts_init, r.sequence) for r in part] == [(t, s) for t, s, _ in wanted if t == at(2 * DAY)]


# --- Readers of Arrow and Parquet that know nothing of Nautilus


def batches(flavour: str = "v1-high") -> dict:
    decoder = tickwright.Decoder("binance-usdm", flavour=flavour)
    for ts, frame in usdm() + more():
        decoder.push(frame, ts)
    return decoder.flush()


@pytest.mark.parametrize("flavour", ["v1-high", "v1-standard", "v2"])
def test_arrow_capsules(flavour: str) -> None:
    found = batches(flavour)
    assert len(found) == 14
    for (kind, id_), batch in found.items():
        arrow = pa.table(batch)
        arrow.validate(full=True)
        plain = arrow.to_pylist()
        assert len(plain) == batch.num_rows > 0, (kind, id_)
        frame = polars.DataFrame(batch)
        assert frame.columns == arrow.column_names
        assert frame["ts_init"].cast(polars.Int64).to_list() == arrow["ts_init"].cast(pa.int64()).to_pylist()
        for name in arrow.column_names:
            if pa.types.is_integer(arrow[name].type) or pa.types.is_string(arrow[name].type):
                assert frame[name].to_list() == arrow[name].to_pylist(), (kind, name)
        relation = duckdb.arrow(arrow)
        assert relation.aggregate("count(*)").fetchall() == [(len(plain),)]
    assert duckdb.arrow(pa.table(found["trade", ID])).project("trade_id").fetchall() == [("7",)]


def test_decimals_of_v2_elsewhere() -> None:
    quote = batches("v2")["quote", ID]
    wanted = (Decimal("100.1"), Decimal("100.2"), Decimal("2.5"), Decimal("4.5"))
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    assert tuple(pa.table(quote)[n][0].as_py() for n in names) == wanted
    frame = polars.DataFrame(quote)
    assert tuple(frame[n][0] for n in names) == wanted
    assert duckdb.arrow(pa.table(quote)).project(", ".join(names)).fetchall() == [wanted]


def test_parquet_files_elsewhere(folder: Path) -> None:
    found = batches()
    files = sorted((folder / "data").rglob("*.parquet"))
    assert len(files) == 14
    for path in files:
        table = pq.read_table(path)
        table.validate(full=True)
        assert polars.read_parquet(path).height == table.num_rows
        name = str(path).replace("'", "''")
        assert duckdb.sql(f"select ts_init from '{name}'").fetchall() == [(ts,) for ts in table["ts_init"].to_pylist()]
    (deltas,) = (folder / "data/order_book_deltas" / ID).iterdir()
    columns = ["action", "side", "price", "size", "order_id", "flags", "sequence", "ts_event", "ts_init"]
    wanted = [tuple(row[c] for c in columns) for row in pa.table(found["delta", ID]).to_pylist()]
    assert duckdb.sql(f"select {', '.join(columns)} from '{deltas}'").fetchall() == wanted
    assert polars.read_parquet(deltas).rows() == wanted
