"""`tickwright.Decoder` on frames written by hand."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars
import pyarrow as pa
import pytest
import tickwright

from tests.frames import at, usdm

SCALE = 10**16


def decoded(frames: list[tuple[int, bytes]], **options: object) -> tuple[dict, dict]:
    decoder = tickwright.Decoder("binance-usdm", **options)  # type: ignore[arg-type]
    decoder.push_many([frame for _, frame in frames], [ts for ts, _ in frames])
    return decoder.flush(), decoder.report()


def rows(batch: object) -> list[dict]:
    table = pa.record_batch(batch)
    out = []
    for row in table.to_pylist():
        out.append({k: int.from_bytes(v, "little", signed=True) if isinstance(v, bytes) else v for k, v in row.items()})
    return out


def test_every_type_of_row() -> None:
    batches, report = decoded(usdm())
    assert {key: batch.num_rows for key, batch in batches.items()} == {
        ("delta", "BTCUSDT-PERP.BINANCE"): 10,
        ("trade", "BTCUSDT-PERP.BINANCE"): 1,
        ("quote", "BTCUSDT-PERP.BINANCE"): 1,
        ("mark_price", "BTCUSDT-PERP.BINANCE"): 1,
        ("index_price", "BTCUSDT-PERP.BINANCE"): 1,
        ("funding_rate", "BTCUSDT-PERP.BINANCE"): 1,
        ("liquidation", "BTCUSDT-PERP.BINANCE"): 1,
        ("bar", "BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL"): 1,
    }
    frames = report["accounting"]["frames"]
    assert frames == {
        "total": 12,
        # The mark-price array holds a reject, so its frame counts as one; its rows stand.
        "rows": 7,
        "control": 1,
        "duplicate": 1,
        "stale": 1,
        "withheld": 0,
        "unselected": 0,
        "rejected": 2,
    }
    assert report["accounting"]["bytes"]["total"] == sum(len(frame) for _, frame in usdm())
    assert {r["code"] for r in report["rejects"]} == {"price_not_positive", "json_syntax"}


def test_book_events() -> None:
    batches, _ = decoded(usdm())
    deltas = rows(batches["delta", "BTCUSDT-PERP.BINANCE"])
    got = [(d["action"], d["side"], d["price"] / SCALE, d["size"] / SCALE, d["flags"], d["sequence"]) for d in deltas]
    assert got == [
        (4, 0, 0, 0, 32, 100),
        (1, 1, 100.0, 1, 32, 100),
        (1, 1, 99.9, 3, 32, 100),
        (1, 2, 100.2, 4, 160, 100),
        (1, 1, 100.1, 2.5, 0, 103),
        (3, 1, 99.9, 0, 0, 103),
        (1, 2, 100.3, 1, 128, 103),
        (3, 1, 100.0, 0, 0, 115),
        (2, 2, 100.2, 4.5, 0, 115),
        (3, 2, 100.3, 0, 128, 115),
    ]
    # The update received before the snapshot that bridges it comes after it, with the snapshot's time.
    assert [d["ts_init"] for d in deltas] == [at(2)] * 7 + [at(3)] * 3


def test_exact_values_and_times() -> None:
    batches, _ = decoded(usdm())
    (mark,) = rows(batches["mark_price", "BTCUSDT-PERP.BINANCE"])
    assert mark == {"value": 1_001_234_567_800_000_000, "ts_event": at(7), "ts_init": at(7)}
    (bar,) = rows(batches["bar", "BTCUSDT-PERP.BINANCE-1-MINUTE-LAST-EXTERNAL"])
    assert bar["ts_event"] == 1_700_000_040_000_000_000, "the exact close, open + interval"
    funding = pa.record_batch(batches["funding_rate", "BTCUSDT-PERP.BINANCE"]).to_pylist()
    assert funding[0]["rate"] == b'"0.0001"'
    liquidation = pa.record_batch(batches["liquidation", "BTCUSDT-PERP.BINANCE"]).to_pylist()
    assert (liquidation[0]["side"], liquidation[0]["price"], liquidation[0]["size"]) == (
        "SELL",
        "99.5",
        "0.014",
    )


def test_a_hole_is_a_gap_and_nothing_is_stitched() -> None:
    frames = usdm()
    del frames[3:5]  # u = 115 is lost
    late = (
        b'{"e":"depthUpdate","E":1700000000020,"T":1700000000020,"s":"BTCUSDT","U":120,"u":125,"pu":115,'
        b'"b":[["1.00","1"]],"a":[]}'
    )
    stream = b'{"stream":"btcusdt@depth@100ms","data":%s}' % late
    decoder = tickwright.Decoder("binance-usdm")
    for ts, frame in [*frames, (at(20), stream)]:
        decoder.push(frame, ts)
    decoder.finish()
    assert decoder.flush()["delta", "BTCUSDT-PERP.BINANCE"].num_rows == 7
    report = decoder.report()
    (gap,) = report["gaps"]
    assert (gap["cause"], gap["from_sequence"], gap["to_sequence"], gap["withheld"]) == (
        "sequence",
        103,
        120,
        1,
    )
    assert report["accounting"]["frames"]["withheld"] == 1


@pytest.mark.parametrize("flavour", ["v1-high", "v1-standard", "v2"])
def test_batches_work_elsewhere(flavour: str) -> None:
    batches, _ = decoded(usdm(), flavour=flavour)
    batch = batches["trade", "BTCUSDT-PERP.BINANCE"]
    assert hasattr(batch, "__arrow_c_array__")
    assert pa.record_batch(batch).num_rows == 1
    assert polars.DataFrame(pa.table(batch)).height == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"e":"aggTrade","a":1,"s":"X","p":"NaN","q":"1","T":1700000000000,"m":true}', "decimal_syntax"),
        (b'{"e":"aggTrade","a":1,"s":"X","p":"1e400","q":"1","T":1700000000000,"m":true}', "decimal_range"),
        (b'{"e":"aggTrade","a":1,"s":"X","p":"0","q":"1","T":1700000000000,"m":true}', "price_not_positive"),
        (b'{"e":"aggTrade","a":1,"s":"X","p":"-1","q":"1","T":1700000000000,"m":true}', "price_not_positive"),
        (b'{"e":"aggTrade","a":1,"s":"X","p":true,"q":"1","T":1700000000000,"m":true}', "wrong_type"),
        (b'{"e":"aggTrade","a":1,"s":"X","q":"1","T":1700000000000,"m":true}', "missing_key"),
        (b'{"e":"aggTrade","a":1,"a":2,"s":"X","p":"1","q":"1","T":1700000000000,"m":true}', "duplicate_key"),
        (b'{"e":"aggTrade","a":1,"s":"X","p":"1","q":"1","T":1700000000,"m":true}', "time_out_of_range"),
        (b'{"e":"aggTrade","a":1,"s":"../x","p":"1","q":"1","T":1700000000000,"m":true}', "unknown_value"),
        (b'{"e":"aggTrade","a":1,"s":"X","p":"1","q":"1","T":1700000000000,"m":true', "json_syntax"),
        (b'{"e":"aggTrade","x":"\xff"}', "invalid_utf8"),
        (b"[" * 100, "json_depth"),
        (b"", "json_syntax"),
        (b"nonsense", "json_syntax"),
        (
            b'{"e":"aggTrade","a":1,"s":"X","p":"%s","q":"1","T":1700000000000,"m":true}' % (b"9" * 40),
            "decimal_range",
        ),
    ],
)
def test_bad_frames_are_rejects(text: bytes, code: str) -> None:
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(text, at(0))
    assert decoder.flush() == {}
    report = decoder.report()
    assert [r["code"] for r in report["rejects"]] == [code]
    assert report["accounting"]["frames"]["rejected"] == 1


def test_shuffled_and_respaced_frames_give_the_same_rows() -> None:
    frames = [(ts, frame) for ts, frame in usdm() if frame.endswith(b"}")]

    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in sorted(value, reverse=True)}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    other = [(ts, json.dumps(shuffled(json.loads(frame)), indent=1).encode()) for ts, frame in frames]
    first, second = decoded(frames)[0], decoded(other)[0]
    assert list(first) == list(second)
    for key, batch in first.items():
        assert rows(batch) == rows(second[key]), key


def test_unknown_feed_says_which_there_are() -> None:
    with pytest.raises(tickwright.UsageError, match="binance-usdm") as caught:
        tickwright.Decoder("nasdaq")
    assert caught.value.code == "usage"


def test_rows_are_in_the_order_of_receive_times() -> None:
    """As a catalog has them, though receive times went back; those of one time as they came."""
    trade = b'{"e":"aggTrade","E":1,"a":%d,"s":"BTCUSDT","p":"1.5","q":"1","f":1,"l":1,"T":1700000000000,"m":true}'
    decoder = tickwright.Decoder("binance-usdm")
    for number, ms in enumerate([5, 3, 3, 9, 3, 5]):
        decoder.push(trade % number, at(ms))
    got = pa.record_batch(decoder.flush()["trade", "BTCUSDT-PERP.BINANCE"]).to_pylist()
    assert [row["ts_init"] for row in got] == [at(ms) for ms in (3, 3, 3, 5, 5, 9)]
    assert [row["trade_id"] for row in got] == ["1", "2", "4", "0", "5", "3"]


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A capture that takes a while to read."""
    path = tmp_path / "big.ndjson"
    with path.open("wb") as out:
        for _ in range(3_000):
            out.write(b"".join(b"%d %s\n" % frame for frame in usdm()) * 50)
    return path


def taken(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as in a terminal: what runs in the background of a shell ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("name", ["decode_file", "inspect", "push_many", "convert"])
def test_a_signal_stops_what_is_under_way(big: Path, tmp_path: Path, name: str) -> None:
    """Long before it would have ended, not when it has."""
    buffers, ts_inits = zip(*[(frame, ts) for ts, frame in usdm() * 100_000], strict=True)
    works: dict[str, Callable[[Path], object]] = {
        "decode_file": lambda _: tickwright.decode_file(big),
        "inspect": lambda _: tickwright.inspect(big),
        "push_many": lambda _: tickwright.Decoder("binance-usdm").push_many(buffers, ts_inits),
        "convert": lambda catalog: tickwright.convert(big, catalog),
    }
    alone = taken(lambda: works[name](tmp_path / "whole"))
    timer = threading.Timer(alone / 10, os.kill, [os.getpid(), signal.SIGINT])

    def stopped() -> None:
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            works[name](tmp_path / "stopped")

    assert taken(stopped) < alone / 2


def test_others_run_while_a_conversion_is_waited_for(big: Path, tmp_path: Path) -> None:
    asked = {"inputs": [str(big)], "output": str(tmp_path / "catalog"), "jobs": 1}
    job, over, count = tickwright._core.Conversion(json.dumps(asked)), threading.Event(), 0

    def run() -> None:
        nonlocal count
        while not over.is_set():
            count += 1

    other = threading.Thread(target=run)
    other.start()
    before = count
    is_done = job.done(0.2)
    passed = count - before
    over.set()
    other.join()
    job.cancel()
    assert not is_done, "it was waited for to the end of the time given"
    assert passed > 10_000


@pytest.mark.parametrize("flavour", ["v1-high", "v2"])
def test_a_receive_time_that_no_row_can_have_is_a_reject(flavour: str) -> None:
    trade = b'{"e":"aggTrade","E":1,"a":%d,"s":"BTCUSDT","p":"1.5","q":"1","f":1,"l":1,"T":1700000000000,"m":true}'
    decoder = tickwright.Decoder("binance-usdm", flavour=flavour)
    decoder.push_many([trade % 1, trade % 2, trade % 3], [at(1), 2**64 - 1, at(3)])
    decoder.snapshot("BTCUSDT", b'{"lastUpdateId":1,"bids":[],"asks":[]}', 2**63)
    assert decoder.flush()["trade", "BTCUSDT-PERP.BINANCE"].num_rows == 2
    assert [reject["code"] for reject in decoder.report()["rejects"]] == ["bad_receive_time"] * 2


def test_arguments_that_cannot_be_are_refused_and_nothing_is_taken() -> None:
    decoder = tickwright.Decoder("binance-usdm")
    for frames, times in (([b"{}"], [1, 2]), ([b"{}", b"{}"], [1])):
        with pytest.raises(tickwright.UsageError):
            decoder.push_many(frames, times)
    for frame, ts in ((b"{}", -1), (b"{}", 2**64), (b"{}", 1.5), ("{}", 1), (None, 1)):
        with pytest.raises((TypeError, OverflowError)):
            decoder.push(frame, ts)  # type: ignore[arg-type]
        with pytest.raises((TypeError, OverflowError)):
            decoder.push_many([b"{}", frame], [1, ts])  # type: ignore[list-item]
    assert decoder.report()["accounting"]["frames"]["total"] == 0


@pytest.mark.parametrize(("flavour", "most"), [("v1-high", (16, 16)), ("v1-standard", (9, 9)), ("v2", (16, 16))])
def test_a_precision_that_no_reader_takes_is_refused(tmp_path: Path, flavour: str, most: tuple[int, int]) -> None:
    capture = "examples/binance-usdm/capture.ndjson.gz"
    tickwright.Decoder("binance-usdm", flavour=flavour, precision=most)
    for wrong in ((most[0] + 1, 0), (0, most[1] + 1)):
        with pytest.raises(tickwright.UsageError, match="at most"):
            tickwright.Decoder("binance-usdm", flavour=flavour, precision=wrong)
        with pytest.raises(tickwright.UsageError, match="at most"):
            tickwright.decode_file(capture, flavour=flavour, precision=wrong)
        with pytest.raises(tickwright.UsageError, match="at most"):
            tickwright.convert(capture, tmp_path / "catalog", flavour=flavour, precision=wrong)
    assert not (tmp_path / "catalog").exists()
