"""OKX: every row, every end, every gap and every book equal what the slow reference gives, on real frames and on ours."""

import io
import json
import os
import random
import tarfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import okx
from tests.parity import venues
from tests.parity.support import CONNECTIONS, SHARED, batch_rows, catalog_rows
from tests.parity.venues import Frames, Tables, ends, equal, holes, kinds, proven, shaped
from tests.property.test_wire_forms import parse, spell
from tests.reference.captures import read
from tests.reference.okx import Okx

SINGLE = SHARED / "frames/single/okx"
needs_frames = pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
TS = 1_780_000_000_000_000_000

# Arrays and objects that no socket and no endpoint sends as they stand.
ODD = {"common_optional_string_to_u64", "ws_opt_summary", "http_transaction_detail"}
# Real files: rows by type, ends of items.
COUNTS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "common_optional_string_to_u64": ({}, {"rejected": 1}),
    "ws_opt_summary": ({}, {"rejected": 1}),
    "http_transaction_detail": ({}, {"control": 1}),
    # The URL would tell the length of candles.
    "http_get_candlesticks": ({}, {"control": 1}),
    "http_get_candlesticks_full": ({}, {"control": 1}),
    "http_get_funding_rate_history": ({"funding_rate": 2}, {"rows": 2}),
    "http_get_index_price": ({"index_price": 1}, {"rows": 1}),
    "http_get_instruments_futures": ({}, {"control": 1}),
    "http_get_instruments_option": ({}, {"control": 1}),
    "http_get_instruments_spot": ({}, {"control": 1}),
    "http_get_instruments_swap": ({}, {"control": 1}),
    "http_get_mark_price": ({"mark_price": 1}, {"rows": 1}),
    "http_get_option_summary": ({}, {"control": 4}),
    "http_get_spread_trades": ({}, {"control": 1}),
    "http_get_spreads": ({}, {"control": 1}),
    "http_get_trades": ({"trade": 2}, {"rows": 2}),
    "ws_bbo_tbt": ({"quote": 1}, {"rows": 1}),
    # A few levels of a longer book under the longer one's checksum.
    "ws_books_snapshot": ({}, {"withheld": 1}),
    "ws_books_update": ({}, {"withheld": 1}),
    "ws_candle": ({"bar": 1}, {"rows": 1}),
    "ws_funding_rate": ({"funding_rate": 1}, {"rows": 1}),
    "ws_instruments": ({"status": 1}, {"rows": 1}),
    "ws_tickers": ({"quote": 1}, {"rows": 1}),
    "ws_trades": ({"trade": 1}, {"rows": 1}),
}

# Connections recorded in 2021 to 2023 (cryptofeed's sample data and its history, where they are at hand): rows by type,
# ends of frames. The venue sent a book twice where it was subscribed to twice.
# Of cryptofeed's sample_data, whose files are not ours to keep here.
RECORDINGS = Path(os.environ.get("TICKWRIGHT_RECORDINGS", CONNECTIONS))
RECORDED: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "OKCOIN.ws.1.0.gz": ({"quote": 5, "trade": 4, "delta": 724, "bar": 4}, {"control": 57, "rows": 17}),
    "OKEX.ws.1.0.gz": ({"trade": 36, "quote": 29, "delta": 5621}, {"control": 64, "rows": 1553}),
    "OKEX.ws.2.0.gz": ({"trade": 36, "quote": 30, "delta": 5526}, {"control": 62, "rows": 1498}),
    "OKX-2022-02.0.gz": ({}, {"control": 5}),
    "OKX-2022-02.ws.1.0.gz": ({"trade": 19, "quote": 13, "delta": 13960}, {"control": 80, "rows": 3700}),
    "OKX.0.gz": ({}, {"control": 25}),
    "OKX.ws.1.0.gz": ({"quote": 7, "trade": 74, "delta": 8267}, {"control": 42, "rows": 371}),
}


def decode(frames: Frames, **options: Any) -> tuple[Tables, dict[str, Any]]:
    return venues.decode("okx", frames, **options)


def reference(frames: Frames) -> Okx:
    return venues.reference(Okx(), frames)


def same(frames: Frames) -> Okx:
    return venues.same("okx", Okx(), frames)


@needs_frames
def test_every_real_file_is_in_the_table() -> None:
    assert {path.stem for path in SINGLE.iterdir()} == COUNTS.keys()


@needs_frames
@pytest.mark.parametrize("name", COUNTS)
def test_real_frames(name: str) -> None:
    rows, items = COUNTS[name]
    frames = [((SINGLE / f"{name}.json").read_bytes(), TS)]
    same(frames)
    got, report = decode(frames)
    assert kinds(got) == rows
    assert ends(report["accounting"]["items"]) == items
    if name not in ODD:
        assert (report["rejects"], report["unknown_keys"]) == ([], {})


@pytest.mark.parametrize("name", RECORDED)
def test_real_recordings(name: str) -> None:
    """Whole connections, row by row; thousands of checksums over texts as the venue sent them."""
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"{name} is one of cryptofeed's sample_data: name its folder in TICKWRIGHT_RECORDINGS")
    slow = Okx()
    rows, report, checked = proven(path, "okx", slow, b'"checksum"')
    counts, of_frames = RECORDED[name]
    assert kinds(rows) == counts
    assert ends(report["accounting"]["frames"]) == of_frames
    # Every book frame was proven by a checksum of its own: none is withheld, none is a gap.
    assert checked == sum(1 for parts in slow.frames for part in parts if not isinstance(part, str))


@pytest.mark.parametrize("name", okx.SESSIONS)
def test_sessions(name: str) -> None:
    slow = same(okx.SESSIONS[name]())
    assert slow.rows and slow.gaps


@pytest.mark.parametrize("how", [{"shuffle"}, {"space"}, {"escape"}, {"shuffle", "space", "escape", "unknown"}])
@pytest.mark.parametrize("name", okx.SESSIONS)
def test_forms_of_frames_read_alike(name: str, how: set[str]) -> None:
    frames = okx.SESSIONS[name]()
    wanted = decode(frames)[0]
    for seed in range(5):
        chance = random.Random(seed)
        spelled = [
            (frame if frame == b"pong" else spell(parse(frame), chance, frozenset(how)).encode(), ts)
            for frame, ts in frames
        ]
        rows, report = decode(spelled)
        assert rows == wanted, seed
        assert bool(report["unknown_keys"]) == ("unknown" in how)


def damaged() -> list[tuple[bytes, str]]:
    """A frame, the code of its reject."""
    good = okx.push("trades", okx.trade(1, count="1"))
    swap = [
        (b'"side":"buy"', b'"side":"Buy"', "unknown_value"),
        (b'"px":"63913.40"', b'"px":"0"', "price_not_positive"),
        (b'"px":"63913.40"', b'"px":"-1"', "price_not_positive"),
        (b'"px":"63913.40"', b'"px":"1.00000000000000001"', "decimal_scale"),
        (b'"px":"63913.40"', b'"px":""', "decimal_syntax"),
        (b'"px":"63913.40"', b'"px":null', "wrong_type"),
        (b'"sz":"34.95"', b'"sz":"0"', "size_not_positive"),
        (b'"ts":"1780000000000"', b'"ts":"17"', "time_out_of_range"),
        (b'"ts":"1780000000000"', b'"ts":"x"', "integer_range"),
        (b'"ts":"1780000000000"', b'"ts":""', "time_out_of_range"),
        (b'"tradeId"', b'"tradeNo"', "missing_key"),
        (b'"tradeId":"1"', b'"tradeId":""', "unknown_value"),
        (b'"count":"1"', b'"px":"1"', "duplicate_key"),
        (b'"data":[', b'"data":[[', "json_syntax"),
        (b'"data":[', b'"dates":[', "missing_key"),
        (b'"instId":"BTC-USDT-SWAP","tradeId"', b'"instId":"../BTC","tradeId"', "unknown_value"),
        (b'"instId":"BTC-USDT-SWAP","tradeId"', b'"instId":"","tradeId"', "unknown_value"),
        (b'"instId":"BTC-USDT-SWAP","tradeId"', b'"instId":"\xff","tradeId"', "invalid_utf8"),
        (b'{"channel":"trades","instId":"BTC-USDT-SWAP"}', b'"trades"', "wrong_type"),
        (b'"channel":"trades"', b'"kind":"trades"', "missing_key"),
    ]
    cases = [(good.replace(old, new), code) for old, new, code in swap]
    assert all(frame != good for frame, _ in cases)
    snapshot = okx.book("snapshot", 5, -1, okx.BIDS, [])
    start = okx.T0 - okx.T0 % 60_000
    return cases + [
        (snapshot.replace(b'"action":"snapshot"', b'"action":"partial"'), "unknown_value"),
        (snapshot.replace(b'"action":"snapshot",', b""), "missing_key"),
        (snapshot.replace(b',"instId":"BTC-USDT-SWAP"', b""), "missing_key"),
        (snapshot.replace(b'"seqId":5', b'"seqId":"5"'), "wrong_type"),
        (snapshot.replace(b'"seqId":5', b'"seqId":-5'), "integer_range"),
        (snapshot.replace(b'"checksum":0', b'"checksum":4294967296'), "integer_range"),
        (snapshot.replace(b'"1.5"', b'"-1.5"'), "size_not_positive"),
        (snapshot.replace(b'"0","3"]', b'"0",3,x]', 1), "json_syntax"),
        (snapshot.replace(b'["63913.2","2","0","3"]', b'["63913.2"]'), "wrong_type"),
        (snapshot.replace(b'"data":[{', b'"data":[{"asks":[],"bids":[],"ts":"1780000000000","seqId":1},{'), "unknown_value"),
        (snapshot[:-1], "json_syntax"),
        (snapshot + b"x", "json_syntax"),
        (okx.top("books5", 5, okx.BIDS, []).replace(b'"instId":"BTC-USDT-SWAP","ts"', b'"instId":"X","ts"'), "unknown_value"),
        (okx.candle(start).replace(b'"1"]]', b'"2"]]'), "unknown_value"),
        (okx.candle(start).replace(b'"64050"', b'"0"'), "price_not_positive"),
        (okx.push("candle1m", ["1780000000000", "1", "2"]), "missing_key"),
        (okx.funding("x"), "decimal_syntax"),
        (okx.liquidations(okx.forced("0", "1")), "price_not_positive"),
        (okx.liquidations(okx.forced("1", "1", "both")), "unknown_value"),
        (okx.greeks(deltaBS="inf"), "decimal_syntax"),
        (b"pong ", "json_syntax"),
        (b"[]", "wrong_type"),
        (b"", "json_syntax"),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(damaged())))
def test_damage_is_a_reject_with_its_reason(number: int) -> None:
    frame, code = damaged()[number]
    rows, report = decode([(frame, TS)])
    assert rows == {}
    assert [reject["code"] for reject in report["rejects"]] == [code], frame
    assert ends(report["accounting"]["frames"]) == {"rejected": 1}
    assert reference([(frame, TS)]).ends()[0] == {"rejected": 1}


def test_items_stand_or_fall_alone() -> None:
    frames = [(okx.push("trades-all", okx.trade(1), okx.trade(2, px="0"), okx.trade(3)), TS)]
    rows, report = decode(frames)
    assert [len(table) for table in rows.values()] == [2]
    assert ends(report["accounting"]["items"]) == {"rows": 2, "rejected": 1}
    same(frames)


@pytest.mark.parametrize("name", okx.SESSIONS)
def test_any_byte_lost_or_changed_is_counted(name: str) -> None:
    chance = random.Random(7)
    for frame, ts in okx.SESSIONS[name]():
        for _ in range(20):
            at = chance.randrange(len(frame))
            changed = frame[:at] + bytes([chance.randrange(256)]) * chance.randrange(3) + frame[at + 1 :]
            _, report = decode([(changed, ts)])
            counts = report["accounting"]["frames"]
            assert sum(ends(counts).values()) == 1
            if changed in (b"ping", b"pong"):
                continue
            try:
                json.loads(changed.decode())
            except (ValueError, UnicodeDecodeError):
                assert ends(counts) == {"rejected": 1}, changed


def test_a_book_of_2022_is_proven_by_its_checksum_alone() -> None:
    rows, report = decode(okx.proven())
    causes = [(gap["instrument_id"], gap["cause"], gap["resolution"], gap["withheld"]) for gap in report["gaps"]]
    assert causes == [
        ("BTC-USDT.OKX", "no_snapshot", "snapshot", 1),
        ("BTC-USDT.OKX", "checksum", "snapshot", 3),
        ("BTC-USDT-SWAP.OKX", "checksum", "snapshot", 1),
    ]
    assert {row["sequence"] for row in rows[("delta", "BTC-USDT.OKX")]} == {0}
    assert [row["price"] for row in rows[("delta", "BTC-USDT.OKX")] if row["action"] == "CLEAR"] == [Decimal(0)] * 2


@pytest.mark.parametrize(("on_gap", "withheld"), [("withhold", 4), ("rebuild", 0), ("continue", 0)])
def test_what_is_done_about_a_wrong_checksum(on_gap: str, withheld: int) -> None:
    frames = okx.proven()[:10]
    rows, report = decode(frames, on_gap=on_gap)
    assert report["accounting"]["frames"]["withheld"] == withheld
    (gap,) = [gap for gap in report["gaps"] if gap["cause"] == "checksum"][:1]
    assert gap["resolution"] == ("snapshot" if on_gap == "withhold" else on_gap)
    clears = sum(row["action"] == "CLEAR" for row in rows[("delta", "BTC-USDT.OKX")])
    assert clears == {"withhold": 2, "rebuild": 5, "continue": 3}[on_gap]


def recorded(path: Path, *parts: tuple[str, list[bytes]]) -> Path:
    """A cryptofeed file: connections and answers under their URLs, frames received."""
    lines, second = [], 1_780_000_100
    for url, frames in parts:
        if url.startswith("wss:"):
            lines.append(f"{url} <-> {second}.5".encode())
        for frame in frames:
            second += 1
            head = f"{url} -> {second}.25: " if url.startswith("https:") else f"{second}.25: "
            lines.append(head.encode() + frame)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_two_connections_without_numbers_are_one_book(tmp_path: Path) -> None:
    """Told apart by the venue's times: what the other connection brought is a duplicate, what it alone brought is not."""
    bids, asks = okx.levels(("100", "2"), ("99", "1")), okx.levels(("101", "1"))
    updates = [
        okx.book(
            "update", None, None, okx.levels(("100", str(size))), [], time=okx.T0 + size,
            checksum=okx.crc([["100", str(size)], bids[1]], asks),
        )
        for size in range(3, 9)
    ]  # fmt: skip
    snapshot = okx.book("snapshot", None, None, bids, asks, checksum=okx.crc(bids, asks))
    url = "wss://ws.okx.com:8443/ws/v5/public"
    one = recorded(tmp_path / "one.txt", (url, [snapshot, *updates[:4]]))
    # The first connection is ahead by 50 ms, and ends early.
    first = recorded(tmp_path / "first.txt", (url, [snapshot, *updates[:2]]))
    first.write_bytes(first.read_bytes().replace(b".25:", b".20:").replace(b".5\n", b".4\n"))
    report = tickwright.convert([one, first], tmp_path / "catalog", feed="okx")
    assert (report.gaps, report.rejects, report.rows) == (0, 0, 4 + 4)
    assert report.accounting.frames.duplicate == 3


@pytest.mark.parametrize("numbered", [True, False])
def test_a_later_recording_goes_on_with_the_book(tmp_path: Path, numbered: bool) -> None:
    """By the number, or where there is none by the checksum: over levels whose texts the catalog's log has kept."""
    bids, asks = okx.levels(("100.10", "2.0"), ("99", "1")), okx.levels(("101", "1"))
    url = "wss://ws.okx.com:8443/ws/v5/public"

    def update(number: int, size: str, right: str) -> bytes:
        checksum = okx.crc([["100.10", "2.0"], ["99", right]], asks)
        seq, previous = (number, number - 1) if numbered else (None, None)
        return okx.book("update", seq, previous, okx.levels(("99", size)), [], checksum=checksum, time=okx.T0 + number)

    seq, previous = (1, -1) if numbered else (None, None)
    snapshot = okx.book("snapshot", seq, previous, bids, asks, checksum=okx.crc(bids, asks))
    parts = [[snapshot, update(2, "3", "3")], [update(3, "4.00", "4.00")], [update(4, "5", "6")]]
    for number, (frames, rows, gaps) in enumerate(zip(parts, (5, 1, 0), (0, 0, 1), strict=True)):
        path = recorded(tmp_path / f"{number}.txt", (url, frames))
        path.write_bytes(path.read_bytes().replace(b"17800001", b"1780%04d" % (1 + number)))
        report = tickwright.convert(path, tmp_path / "catalog")
        assert (report.rows, report.gaps) == (rows, gaps), number


def test_a_capture_tells_its_feed(tmp_path: Path) -> None:
    """By its frames alone."""
    capture = tmp_path / "capture.ndjson"
    capture.write_bytes(b"".join(b"%d %b\n" % (ts, frame) for frame, ts in okx.session() if frame != b"pong"))
    report = tickwright.convert(capture, tmp_path / "catalog")
    assert report.rows > 40
    assert (tmp_path / "catalog/data/trade_tick/BTC-USDT-SWAP.OKX").is_dir()


def test_answers_under_their_urls(tmp_path: Path) -> None:
    api, minute = "https://www.okx.com/api/v5", 60_000
    start = 1_780_000_080_000
    candles = [[str(start + at * minute), "10", "12", "9", "11", "5.5", "60", "61", confirm] for at, confirm in
               ((0, "0"), (-1, "1"), (-2, "1"))]  # fmt: skip
    whole = {"asks": okx.ASKS, "bids": okx.BIDS, "ts": str(okx.T0), "seqId": 8}
    trades = [okx.trade(9, instrument=okx.SPOT), okx.trade(8, instrument=okx.SPOT, time=okx.T0 - 1)]
    paid = [
        {"instType": "SWAP", "instId": okx.SWAP, "fundingRate": "0.0002", "realizedRate": "0.0001", "fundingTime": str(start - ago)}
        for ago in (0, 28_800_000)
    ]  # fmt: skip

    def answer(*data: Any) -> bytes:
        return okx.wire({"code": "0", "msg": "", "data": list(data)})

    path = recorded(
        tmp_path / "answers.txt",
        (f"{api}/market/candles?instId={okx.SWAP}&bar=1m&limit=3", [answer(*candles)]),
        (f"{api}/market/index-candles?instId={okx.SPOT}&bar=1m", [answer(["1", "2"])]),
        (f"{api}/market/books?instId={okx.SWAP}&sz=400", [answer(whole), answer(whole)]),
        (f"{api}/market/trades?instId={okx.SPOT}", [answer(*trades)]),
        (f"{api}/public/funding-rate-history?instId={okx.SWAP}", [answer(*paid)]),
        (f"{api}/public/instruments?instType=SWAP", [answer(okx.definition())]),
        (f"{api}/public/time", [answer({"ts": "1780000000000"})]),
    )
    batches, report = tickwright.decode_file(path)
    tables = {kind: batch_rows(batch) for (kind, _), batch in batches.items()}
    assert [row["ts_event"] for row in tables["bar"]] == [(start - minute) * 10**6, start * 10**6]
    assert [row["sequence"] for row in tables["delta"]] == [8] * 5
    assert [row["trade_id"] for row in tables["trade"]] == ["8", "9"]
    assert [row["rate"] for row in tables["funding_rate"]] == [Decimal("0.0001")] * 2
    assert report["rejects"] == []
    assert ends(report["accounting"]["items"]) == {"rows": 7, "control": 4, "duplicate": 1}
    slow = Okx()
    for item in read(path).items:
        slow.push(item.body, item.ts, item.url)
    equal(shaped(batches), report, slow)
    assert holes(report) == sorted(slow.gaps)


def test_definitions(tmp_path: Path) -> None:
    """Each class, from what the venue sends; the reference makes the same of every object."""
    items = [
        okx.definition(),
        okx.definition(instId="BTC-USD-SWAP", ctType="inverse", ctVal="100", uly="BTC-USD", settleCcy="BTC", lotSz="1"),
        okx.definition(instId="BTC-USD_UM-SWAP", ctVal="0.0001", uly="BTC-USD_UM", settleCcy="USD", ctType="linear"),
        okx.definition(instId="BTC-USD_UM_XPERP-310404", instType="FUTURES", uly="BTC-USD", expTime="1933056000000"),
        okx.definition(
            instId=okx.OPTION, instType="OPTION", ctVal="1", ctMult="0.01", uly="BTC-USD", settleCcy="BTC", ctType="",
            stk="92000", optType="C", expTime="1790323200000", tickSz="0.0001", lotSz="1",
        ),
        okx.definition(
            instId=okx.SPOT, instType="SPOT", ctVal="", ctMult="", uly="", baseCcy="BTC", quoteCcy="USDT", settleCcy="",
            ctType="", lotSz="0.00000001",
        ),
        okx.definition(instId="BTC-ABOVE-DAILY-260224-1600-65000", instType="EVENTS"),
        okx.definition(instId="NEW-USDT-SWAP", state="preopen", tickSz="", lotSz=""),
    ]  # fmt: skip
    path = recorded(
        tmp_path / "definitions.txt",
        (
            "https://www.okx.com/api/v5/public/instruments?instType=X",
            [okx.wire({"code": "0", "data": items, "msg": ""})],
        ),
        (
            "wss://ws.okx.com:8443/ws/v5/public",
            [okx.push("trades", *(okx.trade(1, instrument=i["instId"], px="64000", sz="35") for i in items))],
        ),
    )
    report = tickwright.convert(path, tmp_path / "catalog")
    slow = Okx()
    slow.ts = 0
    slow.parts = []
    slow._instruments(items)
    found = {item["instrument_id"]: item for item in report.instruments}
    assert found.keys() == slow.definitions.keys() and len(found) == 6
    for name, wanted in slow.definitions.items():
        got = found[name]
        renamed = {"class": "type"} if "class" not in got else {}
        for key, value in wanted.items():
            held = got[renamed.get(key, key)]
            assert held == value, (name, key)


def lines_of(instrument: str, seed: int, count: int = 300) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Lines of a published file of books, and their rows as a plain dict a side makes them."""
    chance, lines, rows = random.Random(seed), [], []
    book: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
    for at in range(count):
        ts, whole = okx.T0 + at * 100, at % 100 == 0
        sides: dict[str, dict[Decimal, Decimal]] = {}
        for side, sign in (("asks", 1), ("bids", -1)):
            offsets = range(1, 21) if whole else chance.sample(range(1, 25), 3)
            prices = [Decimal(60_000) + sign * Decimal(n) / 10 for n in offsets]
            sides[side] = {price: Decimal(chance.randrange(0 if not whole else 1, 400)) / 100 for price in prices}
        message = {
            "instId": instrument, "action": "snapshot" if whole else "update", "ts": str(ts),
            **{side: [[str(price), str(size), "3"] for price, size in levels.items()] for side, levels in sides.items()},
        }  # fmt: skip
        lines.append(okx.wire(message))
        event = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))] if whole else []
        book = {"bids": {}, "asks": {}} if whole else book
        for side in ("bids", "asks"):
            for price, size in sides[side].items():
                name, held = ("BUY" if side == "bids" else "SELL"), book[side]
                action = "DELETE" if size == 0 else "UPDATE" if price in held else "ADD"
                held.pop(price, None) if size == 0 else held.update({price: size})
                event.append((action, name, price, size))
        for left, (action, name, price, size) in zip(range(len(event) - 1, -1, -1), event, strict=True):
            flags = (32 if whole else 0) | (0 if left else 128)
            rows.append({
                "action": action, "side": name, "price": price, "size": size, "order_id": 0, "flags": flags, "sequence": 0,
                "ts_event": ts * 10**6, "ts_init": ts * 10**6,
            })  # fmt: skip
    return lines, rows


def packed(path: Path, files: dict[str, bytes], mode: str = "w:gz", form: int = tarfile.USTAR_FORMAT) -> Path:
    with tarfile.open(path, mode, format=form) as archive:  # type: ignore[call-overload]
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_published_books_are_read_from_their_archive(tmp_path: Path, form: int, mode: str) -> None:
    """A file of a contract, two of a chain in one archive, days out of order; what a dict makes of the same lines."""
    wanted, files = {}, {}
    for seed, instrument in enumerate([okx.SWAP, "BTC-USD-260925"]):
        lines, rows = lines_of(instrument, seed)
        # The last line of a file may be without its end; a name may be longer than a header's field.
        files[f"{'chain' * 30 * seed}{instrument}-L2orderbook-400lv-2026-05-28.data"] = b"\n".join(lines)
        wanted[f"{instrument}.OKX"] = rows
    if form == tarfile.USTAR_FORMAT:
        files = {name[-90:]: body for name, body in files.items()}
    path = packed(tmp_path / "BTC-USD-futureschain-L2orderbook-400lv-2026-05-28.tar.gz", files, mode, form)
    report = tickwright.convert(path, tmp_path / "catalog", precision=(8, 8))
    assert (report.rejects, report.gaps, report.headline) == (0, 0, None)
    for name, rows in wanted.items():
        assert catalog_rows(tmp_path / "catalog", "delta", name) == rows
    assert report.accounting.frames.rows == 600
    [found] = tickwright.inspect(path)
    assert (found["compression"], found["container"], found["feeds"][0] if "feeds" in found else "okx") == (
        "tar",
        "ndjson",
        "okx",
    )


@pytest.mark.parametrize("cuts", [[200, 400], [250], [150, 330]])
def test_published_books_converted_apart(tmp_path: Path, cuts: list[int]) -> None:
    """Files of a day, cut at a snapshot or between two: at once or one after another, the rows are those of the whole."""
    lines, rows = lines_of(okx.SWAP, 5, 600)
    paths = []
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(lines)], strict=True)):
        name = f"BTC-USDT-SWAP-L2orderbook-400lv-2026-05-28-{number:02}"
        body = b"\n".join(lines[start:end]) + b"\n"
        paths.append(packed(tmp_path / f"{name}.tar.gz", {f"{name}.data": body}))
    for catalog, inputs in ((tmp_path / "once", [paths]), (tmp_path / "apart", [[path] for path in paths])):
        for part in inputs:
            report = tickwright.convert(part, catalog, precision=(8, 8))
            assert (report.rejects, report.gaps) == (0, 0)
        assert catalog_rows(catalog, "delta", f"{okx.SWAP}.OKX") == rows


def test_a_line_of_a_published_file_is_a_frame_like_others() -> None:
    """Spelt in any way, by the reference as by the decoder; damaged, it is a reject."""
    lines, _ = lines_of(okx.SWAP, 3)
    frames = [(line, TS + at) for at, line in enumerate(lines)]
    wanted, _ = venues.decode("okx", frames)
    venues.same("okx", Okx(), frames)
    chance = random.Random(3)
    spelled = [
        (spell(parse(frame), chance, frozenset({"shuffle", "space", "escape"})).encode(), ts) for frame, ts in frames
    ]
    assert venues.decode("okx", spelled)[0] == wanted
    for old, new, code in (
        (b'"action":"update"', b'"action":"partial"', "unknown_value"),
        (b'"ts":"', b'"ts":"9', "time"),
        (b'"instId"', b'"ts":"1780000000000","instId"', "duplicate_key"),
    ):
        _, report = venues.decode("okx", [(lines[1].replace(old, new, 1), TS)])
        assert len(report["rejects"]) == 1, code


@pytest.mark.parametrize("name", ["../x.data", "/x.data", "a/../../x.data", "x.zip", "inner.tar.gz"])
def test_an_archive_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    lines, _ = lines_of(okx.SWAP, 1, 3)
    for files in ({name: b"\n".join(lines)}, {"first.data": b"\n".join(lines) + b"\n", name: b"\n".join(lines)}):
        path = packed(tmp_path / "x.tar.gz", files)
        with pytest.raises(tickwright.InputError, match="file name|archive itself"):
            tickwright.convert(path, tmp_path / "catalog")


def test_an_archive_has_its_bounds(tmp_path: Path) -> None:
    lines, rows = lines_of(okx.SWAP, 1, 100)
    body = b"\n".join(lines * 3_000) + b"\n"
    path = packed(tmp_path / "x.tar.gz", {"x.data": lines[0] + b"\n", "y.data": body})
    with pytest.raises(tickwright.InputError, match="max-member"):
        tickwright.convert(path, tmp_path / "catalog", max_member=1_000_000)
    with pytest.raises(tickwright.InputError, match="max-ratio"):
        tickwright.convert(path, tmp_path / "catalog", max_ratio=2)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(tickwright.InputError) as caught:
        tickwright.convert(path, tmp_path / "catalog")
    assert caught.value.code == "truncated"
    link = tmp_path / "link.tar"
    with tarfile.open(link, "w", format=tarfile.USTAR_FORMAT) as archive:
        member = tarfile.TarInfo("x.data")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(tickwright.InputError, match="no plain file name"):
        tickwright.convert(link, tmp_path / "catalog")
