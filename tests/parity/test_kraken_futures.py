"""Kraken Futures: every row, every end, every gap and every book equal what the slow reference gives, on real frames and on ours."""

import json
import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import kraken_futures as futures
from tests.kraken import Number, wire
from tests.parity import venues
from tests.parity.support import CONNECTIONS, SHARED, catalog_rows
from tests.parity.venues import Tables, ends, equal, holes, kinds, proven, shaped
from tests.property.test_wire_forms import parse, spell
from tests.reference.kraken_futures import KrakenFutures

SINGLE = SHARED / "frames/single/kraken"
needs_frames = pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
TS = 1_780_000_010_000_000_000

type Told = list[tuple[bytes, int, str]]

# Real files: the URL of an answer, rows by type, ends of items.
COUNTS: dict[str, tuple[str, dict[str, int], dict[str, int]]] = {
    "http_futures_candles_mark": (f"{futures.CHARTS}/mark/PI_XBTUSD/1h", {"bar": 3}, {"rows": 3}),
    "http_futures_candles_spot": (f"{futures.CHARTS}/spot/PI_XBTUSD/1h", {"index_price": 3}, {"rows": 3}),
    "http_futures_candles_trade": (f"{futures.CHARTS}/trade/PI_XBTUSD/1h", {"bar": 3}, {"rows": 3}),
    "http_futures_historical_funding_rates": (
        f"{futures.API}/derivatives/api/v4/historicalfundingrates?symbol=PF_XBTUSD", {"funding_rate": 3}, {"rows": 3},
    ),
    "http_futures_instruments": (f"{futures.V3}/instruments", {}, {"control": 1}),
    "http_futures_orderbook": (f"{futures.V3}/orderbook?symbol=PF_XBTUSD", {"delta": 7}, {"rows": 1}),
    "http_futures_tickers": (
        f"{futures.V3}/tickers",
        {"mark_price": 2, "index_price": 2, "open_interest": 2, "status": 2, "quote": 2},
        {"rows": 10},
    ),
    "ws_futures_book_delta": ("", {}, {"withheld": 1}),
    "ws_futures_book_snapshot": ("", {"delta": 5}, {"rows": 1}),
    "ws_futures_book_snapshot_with_zero_qty": ("", {"delta": 4}, {"rows": 1}),
    "ws_futures_ticker": (
        "",
        {"mark_price": 1, "index_price": 1, "funding_rate": 1, "open_interest": 1, "status": 1, "quote": 1},
        {"rows": 6},
    ),
    "ws_futures_trade": ("", {"trade": 1}, {"rows": 1}),
    "ws_futures_trade_snapshot": ("", {"trade": 2}, {"rows": 2}),
}  # fmt: skip

# Connections of ten products recorded in 2021, among cryptofeed's sample data and not in ../shared: rows by type, ends of frames.
RECORDINGS = Path(os.environ.get("TICKWRIGHT_RECORDINGS", CONNECTIONS))
RECORDED: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "KRAKEN_FUTURES.0.gz": ({}, {"control": 1}),
    "KRAKEN_FUTURES.ws.1.0.gz": ({"delta": 8595, "trade": 1003}, {"control": 141, "rows": 7037}),
}


def decode(told: Told) -> tuple[Tables, dict[str, Any]]:
    return venues.decode("kraken-futures", [(frame, ts) for frame, ts, _ in told])


def reference(told: Told) -> KrakenFutures:
    slow = KrakenFutures()
    for frame, ts, url in told:
        slow.push(frame, ts, url)
    return slow


def recorded(path: Path, told: Told) -> Path:
    """A cryptofeed file: answers under their URLs, frames of one connection."""
    lines = [f"{futures.URL} <-> {told[0][1] / 1e9:.3f}".encode()]
    for frame, ts, url in told:
        time = f"{ts // 10**9}.{ts % 10**9:09}"
        lines.append((f"{url} -> {time}: " if url else f"{time}: ").encode() + frame)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def same(told: Told, folder: Path) -> KrakenFutures:
    """Equal from a file, where answers have URLs, and without answers from a decoder too."""
    slow = reference(told)
    batches, report = tickwright.decode_file(recorded(folder / "c.txt", told), feed="kraken-futures")
    equal(shaped(batches), report, slow)
    assert holes(report) == sorted(slow.gaps)
    assert report["unknown_keys"] == {}
    if not any(url for _, _, url in told):
        rows, report = decode(told)
        equal(rows, report, slow)
        assert report["accounting"]["bytes"]["total"] == sum(len(frame) for frame, _, _ in told)
    return slow


@needs_frames
def test_every_real_file_is_in_the_table() -> None:
    assert {path.stem for path in SINGLE.iterdir() if "futures" in path.stem} == COUNTS.keys()


@needs_frames
@pytest.mark.parametrize("name", COUNTS)
def test_real_frames(name: str, tmp_path: Path) -> None:
    url, rows, items = COUNTS[name]
    frame = b" ".join((SINGLE / f"{name}.json").read_bytes().split())
    same([(frame, TS, url)], tmp_path)
    batches, report = tickwright.decode_file(recorded(tmp_path / "d.txt", [(frame, TS, url)]), feed="kraken-futures")
    assert kinds(shaped(batches)) == rows
    assert ends(report["accounting"]["items"]) == items
    assert (report["rejects"], report["unknown_keys"]) == ([], {})


@pytest.mark.parametrize("name", RECORDED)
def test_real_recordings(name: str) -> None:
    """Whole connections, row by row; every update is the next of its product."""
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"{name} is one of cryptofeed's sample_data: name its folder in TICKWRIGHT_RECORDINGS")
    rows, report, updates = proven(path, "kraken-futures", KrakenFutures(), b'"feed":"book",')
    counts, of_frames = RECORDED[name]
    assert kinds(rows) == counts
    assert ends(report["accounting"]["frames"]) == of_frames
    # Ten acknowledgements name the feed too.
    assert updates in (0, 7_014 + 10)


@pytest.mark.parametrize("name", futures.SESSIONS)
def test_products_in_lower_case_are_the_same_products(name: str, tmp_path: Path) -> None:
    """`pi_xbtusd` and `PI_XBTUSD` by turns, on the socket, in answers and in URLs: nothing changes."""
    told = futures.SESSIONS[name]()
    products = re.compile(rb"\b(PI|PF|FI|FF|PV|FV)_[A-Z0-9_]+")

    def lower(turn: int, text: bytes) -> bytes:
        return text if turn % 2 else products.sub(lambda found: found[0].lower(), text)

    turned = [(lower(n, frame), ts, lower(n, (url or "").encode()).decode()) for n, (frame, ts, url) in enumerate(told)]
    assert [frame for frame, *_ in turned] != [frame for frame, *_ in told]
    batches, report = tickwright.decode_file(recorded(tmp_path / "a.txt", told), feed="kraken-futures")
    others, again = tickwright.decode_file(recorded(tmp_path / "b.txt", turned), feed="kraken-futures")
    assert shaped(others) == shaped(batches)
    assert again["accounting"]["items"] == report["accounting"]["items"]
    same(turned, tmp_path)


@pytest.mark.parametrize("name", futures.SESSIONS)
def test_sessions(name: str, tmp_path: Path) -> None:
    slow = same(futures.SESSIONS[name](), tmp_path)
    kinds_of = {kind for kind, _, _ in slow.rows}
    assert kinds_of >= {"trade", "delta", "quote", "mark_price", "index_price", "funding_rate", "open_interest"}
    assert kinds_of >= {"status", "liquidation"}
    assert bool(slow.gaps) == (name == "session")


@pytest.mark.parametrize("how", [{"shuffle"}, {"space"}, {"escape"}, {"shuffle", "space", "escape", "unknown"}])
@pytest.mark.parametrize("name", futures.SESSIONS)
def test_forms_of_frames_read_alike(name: str, how: set[str], tmp_path: Path) -> None:
    told = futures.SESSIONS[name]()

    def read_all(told: Told) -> tuple[Tables, dict[str, Any]]:
        batches, report = tickwright.decode_file(recorded(tmp_path / "c.txt", told), feed="kraken-futures")
        return shaped(batches), report

    wanted = read_all(told)[0]
    for seed in range(5):
        chance = random.Random(seed)
        spelled = [(spell(parse(frame), chance, frozenset(how)), ts, url) for frame, ts, url in told]
        # A line of the file is a frame: space is anything but its end.
        oneline = [(text.replace("\n", " ").replace("\r", " ").encode(), ts, url) for text, ts, url in spelled]
        rows, report = read_all(oneline)
        assert rows == wanted, seed
        assert bool(report["unknown_keys"]) == ("unknown" in how)


def damaged() -> list[tuple[bytes, str]]:
    """A frame, the code of its reject."""
    trade, book = wire(futures.trade(1)), futures.book(1, "buy", "62807.0", "1.0")
    whole, tick = futures.snapshot(1), futures.ticker()
    swaps = [
        (trade, b'"side":"buy"', b'"side":"long"', "unknown_value"),
        (trade, b'"price":64401.5', b'"price":0.0', "price_not_positive"),
        (trade, b'"price":64401.5', b'"price":-1', "price_not_positive"),
        (trade, b'"price":64401.5', b'"price":1e-17', "decimal_scale"),
        (trade, b'"price":64401.5', b'"price":null', "wrong_type"),
        (trade, b'"price":64401.5', b'"price":064401.5', "json_syntax"),
        (trade, b'"qty":320.0', b'"qty":0.0', "size_not_positive"),
        (trade, b'"qty":320.0', b'"qty":-1', "size_not_positive"),
        (trade, b'"time":', b'"at":', "missing_key"),
        (trade, b'"time":1', b'"time":99', "time_out_of_range"),
        (trade, b'"product_id":"PI_XBTUSD"', b'"product_id":""', "unknown_value"),
        (trade, b'"product_id":"PI_XBTUSD"', b'"product_id":"../x"', "unknown_value"),
        (trade, b'"product_id":"PI_XBTUSD"', b'"product_id":"\xff"', "invalid_utf8"),
        (trade, b'"type":"fill"', b'"price":1', "duplicate_key"),
        (trade, b'"type":"fill"', b'"feed":"trade"', "duplicate_key"),
        (trade, b'"feed":"trade"', b'"feed":7', "wrong_type"),
        (book, b'"side":"buy"', b'"side":"bid"', "unknown_value"),
        (book, b'"seq":1', b'"seq":"1"', "wrong_type"),
        (book, b'"seq":1', b'"seq":-1', "integer_range"),
        (book, b'"seq":1,', b"", "missing_key"),
        (book, b'"price":62807.0', b'"price":62807.', "json_syntax"),
        (book, b'"qty":1.0', b'"qty":1e30', "decimal_range"),
        (whole, b'"bids":', b'"buys":', "missing_key"),
        (whole, b'"qty":1500.0', b'"amount":1500.0', "missing_key"),
        (whole, b'"price":62807.0', b'"price":0', "price_not_positive"),
        (whole, b'"bids":[', b'"bids":[[', "json_syntax"),
        (whole, b'"bids":[', b'"bids":[7,', "wrong_type"),
        (tick, b'"markPrice":62806', b'"markPrice":-62806', "price_not_positive"),
        (tick, b'"bid_size":2536.0', b'"bid_size":-2536.0', "size_not_positive"),
        (tick, b'"openInterest":30072580.0', b'"openInterest":-1', "size_not_positive"),
        (tick, b'"suspended":false', b'"suspended":0', "wrong_type"),
        (tick, b'"time":1', b'"time":9', "time_out_of_range"),
        (tick, b'"index":62806.54', b'"index":62806.54.1', "json_syntax"),
    ]  # fmt: skip
    cases = [(good.replace(old, new, 1), code) for good, old, new, code in swaps]
    assert all(frame != good for (frame, _), (good, *_) in zip(cases, swaps, strict=True))
    anonymous = {key: value for key, value in futures.trade(1).items() if key not in ("uid", "seq")}
    return (
        cases
        + [
            (wire(anonymous), "missing_key"),
            (futures.history(futures.trade(1))[:-1], "json_syntax"),
            (wire({"feed": "trade_snapshot", "product_id": "PI_XBTUSD"}), "missing_key"),
            (futures.answer(orderBook={"bids": [], "asks": []}), "missing_key"),  # of what, the URL would say
            (book[:-1], "json_syntax"),
            (book + b"x", "json_syntax"),
            (b"[]", "wrong_type"),
            (b"7", "wrong_type"),
            (b"", "json_syntax"),
        ]
    )


@pytest.mark.parametrize("number", range(len(damaged())))
def test_damage_is_a_reject_with_its_reason(number: int) -> None:
    frame, code = damaged()[number]
    rows, report = decode([(frame, TS, "")])
    assert rows == {}
    assert [reject["code"] for reject in report["rejects"]] == [code], frame
    assert ends(report["accounting"]["frames"]) == {"rejected": 1}
    assert reference([(frame, TS, "")]).ends()[0] == {"rejected": 1}


@pytest.mark.parametrize("name", futures.SESSIONS)
def test_any_byte_lost_or_changed_is_counted(name: str) -> None:
    chance = random.Random(7)
    for frame, ts, url in futures.SESSIONS[name]():
        for _ in range(20):
            at = chance.randrange(len(frame))
            changed = frame[:at] + bytes([chance.randrange(256)]) * chance.randrange(3) + frame[at + 1 :]
            _, report = decode([(changed, ts, url)])
            counts = report["accounting"]["frames"]
            assert sum(ends(counts).values()) == 1
            try:
                json.loads(changed.decode())
            except (ValueError, UnicodeDecodeError):
                assert ends(counts) == {"rejected": 1}, changed


def test_items_stand_or_fall_alone(tmp_path: Path) -> None:
    odd = futures.execution(2) | {"event": {"Execution": {"execution": {"uid": "x"}}}}
    told: Told = [
        (futures.history(futures.trade(3), futures.trade(2, side="both"), futures.trade(1)), TS, ""),
        (futures.answer(tickers=[{"symbol": "PI_XBTUSD", "markPrice": -1}, {"symbol": "PI_XBTUSD", "markPrice": 1}]), TS + 1, ""),
        (futures.elements(odd, futures.execution(4)), TS + 2, ""),
    ]  # fmt: skip
    rows, report = decode(told)
    assert kinds(rows) == {"trade": 3, "mark_price": 1}
    assert ends(report["accounting"]["items"]) == {"rows": 4, "rejected": 3, "control": 1}
    same(told, tmp_path)


def test_liquidations_told_again_are_duplicates() -> None:
    """After a new subscription the last hundred trades come again, many of them forced."""
    forced = [futures.trade(number, time=futures.T0 + number, type="liquidation") for number in range(100, 0, -1)]
    rows, report = decode([(futures.history(*forced), TS + at, "") for at in range(2)])
    assert kinds(rows) == {"trade": 100, "liquidation": 100}
    assert ends(report["accounting"]["items"]) == {"rows": 200, "duplicate": 100}


def test_two_connections_bring_one_stream(tmp_path: Path) -> None:
    """The second one's snapshot is late; what the first lost the second brings."""
    path = tmp_path / "c.txt"
    head = f"{futures.URL} <-> 1780000011.0\n".encode()
    parts: list[list[bytes]] = [
        [
            futures.snapshot(10), futures.book(11, "buy", "1.5", "1.0", time=futures.T0 + 1),
            futures.book(13, "buy", "1.5", "3.0", time=futures.T0 + 3), wire(futures.trade(1)), futures.ticker(),
        ],
        [
            futures.snapshot(10), futures.book(11, "buy", "1.5", "1.0", time=futures.T0 + 1),
            futures.book(12, "buy", "1.5", "2.0", time=futures.T0 + 2), wire(futures.trade(1)), futures.ticker(),
        ],
    ]  # fmt: skip
    paths = []
    for number, frames in enumerate(parts):
        lines = [f"178000001{at + 2}.{number}: ".encode() + frame for at, frame in enumerate(frames)]
        paths.append(path.with_name(f"{number}.txt"))
        paths[-1].write_bytes(head + b"\n".join(lines) + b"\n")
    report = tickwright.convert(paths, tmp_path / "catalog", feed="kraken-futures")
    assert (report.rejects, report.gaps) == (0, 1)
    rows = {
        kind: catalog_rows(tmp_path / "catalog", kind, "PI_XBTUSD.KRAKEN") for kind in ("trade", "delta", "mark_price")
    }
    assert (len(rows["trade"]), len(rows["mark_price"])) == (1, 1)
    assert [row["sequence"] for row in rows["delta"]] == [10] * 5 + [11, 12, 13]


def test_definitions(tmp_path: Path) -> None:
    """The reference makes the same of every product; of those with rows there are instruments."""
    products = [
        futures.definition(), futures.definition("PF_ETHUSD", tickSize=Number("1e-10"), contractValueTradePrecision=-3, base="ETH"),
        futures.definition("fi_xbtusd_261225", lastTradingTime="2026-12-25T15:00:00.000Z", base="", quote=""),
        futures.definition("FF_XBTUSD_261225", lastTradingTime="2026-12-25T15:00:00.000Z", contractValueTradePrecision=4),
        futures.definition("PV_XRPXBT", base="XRP", quote="BTC", contractSize=Number("10.0")),
        {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False},
    ]  # fmt: skip
    told: Told = [(futures.answer(instruments=products), TS, f"{futures.V3}/instruments")]
    symbols = [product["symbol"].upper() for product in products[:5]]
    told += [(wire(futures.trade(1, product=symbol)), TS + at, "") for at, symbol in enumerate(symbols)]
    report = tickwright.convert(recorded(tmp_path / "c.txt", told), tmp_path / "catalog")
    slow = reference(told)
    found = {item["instrument_id"]: item for item in report.instruments}
    assert found.keys() == slow.definitions.keys() and len(found) == 5
    for name, wanted in slow.definitions.items():
        got = found[name]
        renamed = {"class": "type"} if "class" not in got else {}
        for key, value in wanted.items():
            assert got[renamed.get(key, key)] == value, (name, key)
