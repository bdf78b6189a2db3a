"""Bybit: every row, every end and every book equal what the slow reference gives, on real frames and on ours."""

import json
import random
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
import tickwright

from tests import bybit
from tests.frames import SHARED
from tests.parity import venues
from tests.parity.support import batch_rows
from tests.parity.venues import decode, ends, equal
from tests.property.test_wire_forms import parse, spell
from tests.reference.bybit import Bybit
from tests.reference.wire import plain

SINGLE = SHARED / "frames/single/bybit"
DUMP = SHARED / "dumps/2024-12-01_XRPUSDT_ob500.data.zip"
needs_frames = pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
TS = 1_780_000_000_000_000_000

# Real files: feed, rows by type, ends of items.
COUNTS: dict[str, tuple[str, dict[str, int], dict[str, int]]] = {
    "http_get_funding_history": ("linear", {"funding_rate": 2}, {"rows": 2}),
    "http_get_instruments_inverse": ("inverse", {}, {"control": 1}),
    "http_get_instruments_inverse_symbol_type": ("inverse", {}, {"control": 1}),
    "http_get_instruments_linear": ("linear", {}, {"control": 1}),
    "http_get_instruments_linear_symbol_type": ("linear", {}, {"control": 1}),
    "http_get_instruments_option": ("option", {}, {"control": 1}),
    "http_get_instruments_option_symbol_id": ("option", {}, {"control": 1}),
    "http_get_instruments_spot": ("spot", {}, {"control": 1}),
    "http_get_instruments_spot_xstocks": ("spot", {}, {"control": 1}),
    "http_get_klines_linear": ("linear", {}, {"control": 1}),  # the URL would tell the interval
    "http_get_orderbook": ("linear", {"delta": 7}, {"rows": 1}),
    "http_get_trades_recent": ("linear", {"trade": 1}, {"rows": 1}),
    "ws_auth_failure": ("linear", {}, {"control": 1}),
    "ws_auth_success": ("linear", {}, {"control": 1}),
    "ws_kline": ("linear", {}, {"control": 1}),
    # At level 1 a change without a snapshot before it tells one side.
    "ws_orderbook_delta": ("linear", {}, {"control": 1}),
    "ws_orderbook_snapshot": ("linear", {"quote": 1}, {"rows": 1}),
    # `trade.linear.BTCUSDT` is no topic of the venue.
    "ws_public_trade": ("linear", {}, {"control": 1}),
    "ws_subscription_ack": ("linear", {}, {"control": 1}),
    "ws_subscription_failure": ("linear", {}, {"control": 1}),
    "ws_ticker_linear": (
        "linear",
        {"mark_price": 1, "index_price": 1, "funding_rate": 1, "open_interest": 1, "quote": 1},
        {"rows": 5},
    ),
    "ws_ticker_option": (
        "option",
        {"mark_price": 1, "index_price": 1, "option_greeks": 1, "open_interest": 1},
        {"rows": 4, "control": 1},
    ),
}


def reference(feed: str, frames: list[tuple[bytes, int]]) -> Bybit:
    return venues.reference(Bybit(feed), frames)


def same(feed: str, frames: list[tuple[bytes, int]]) -> Bybit:
    rows, report = decode(feed, frames)
    slow = reference(feed, frames)
    equal(rows, report, slow)
    assert report["accounting"]["bytes"]["total"] == sum(len(frame) for frame, _ in frames)
    holes = [(gap["instrument_id"], gap["from_sequence"], gap["to_sequence"]) for gap in report["gaps"]]
    assert [hole for hole in holes if hole[1]] == slow.gaps
    return slow


@needs_frames
def test_every_real_file_is_in_the_table() -> None:
    assert {path.stem for path in SINGLE.iterdir()} == COUNTS.keys()


@needs_frames
@pytest.mark.parametrize("name", COUNTS)
def test_real_frames(name: str) -> None:
    product, rows, items = COUNTS[name]
    frames = [((SINGLE / f"{name}.json").read_bytes(), TS)]
    same(f"bybit-{product}", frames)
    got, report = decode(f"bybit-{product}", frames)
    assert {kind: len(table) for (kind, _), table in got.items()} == rows
    assert ends(report["accounting"]["items"]) == items
    assert (report["rejects"], report["unknown_keys"]) == ([], {})


def dump() -> list[tuple[bytes, int]]:
    archive = zipfile.ZipFile(DUMP)
    lines = archive.read(archive.namelist()[0]).splitlines()
    return [(line, json.loads(line)["ts"] * 10**6 + 5_000_000) for line in lines]


@pytest.mark.skipif(not DUMP.is_file(), reason="needs ../shared/dumps")
def test_the_book_of_a_published_file_after_every_update() -> None:
    """Twenty frames of 500 levels: our rows, replayed, are the reference's book after each, and a dict's."""
    frames = dump()
    rows, report = decode("bybit-linear", frames)
    assert ends(report["accounting"]["frames"]) == {"rows": 20}
    assert (report["gaps"], report["unheld_deletes"] if "unheld_deletes" in report else 0) == ([], 0)
    (deltas,) = rows.values()
    slow, plain_book = Bybit("bybit-linear"), ({}, {})
    ours: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    events = iter(deltas)
    for frame, ts in frames:
        slow.push(frame, ts)
        message = json.loads(frame)
        if message["type"] == "snapshot":
            plain_book = ({}, {})
        for book, levels in zip(plain_book, (message["data"]["b"], message["data"]["a"]), strict=True):
            for price, size in levels:
                book[Decimal(price)] = Decimal(size)
                if not Decimal(size):
                    del book[Decimal(price)]
        for row in events:
            if row["action"] == "CLEAR":
                ours = ({}, {})
            else:
                side = ours[row["side"] == "SELL"]
                assert (row["price"] in side) == (row["action"] != "ADD")
                side[row["price"]] = row["size"]
                if row["action"] == "DELETE":
                    del side[row["price"]]
            assert row["sequence"] == message["data"]["u"]
            assert row["ts_event"] == message["cts"] * 10**6
            if row["flags"] & 128:
                break
        assert ours == plain_book
        assert slow.books["XRPUSDT"].levels() == (sorted(ours[0].items(), reverse=True), sorted(ours[1].items()))
        # The venue says which levels leave a book of fixed depth: nothing is left to prune.
        assert len(ours[0]) == len(ours[1]) == 500
    assert next(events, None) is None
    same("bybit-linear", frames)


@pytest.mark.parametrize("feed", bybit.SESSIONS)
def test_sessions(feed: str) -> None:
    slow = same(feed, bybit.SESSIONS[feed]())
    assert slow.rows


@pytest.mark.parametrize("how", [{"shuffle"}, {"space"}, {"escape"}, {"shuffle", "space", "escape", "unknown"}])
@pytest.mark.parametrize("feed", bybit.SESSIONS)
def test_forms_of_frames_read_alike(feed: str, how: set[str]) -> None:
    frames = bybit.SESSIONS[feed]()
    wanted = reference(feed, frames).tables()
    for seed in range(5):
        chance = random.Random(seed)
        spelled = [(spell(parse(frame), chance, frozenset(how)).encode(), ts) for frame, ts in frames]
        rows, report = decode(feed, spelled)
        assert rows == wanted, seed
        assert bool(report["unknown_keys"]) == ("unknown" in how)


def damaged() -> list[tuple[str, bytes, str]]:
    """Feed's product, a frame, the code of its reject."""
    good = bybit.trades(bybit.trade(1))
    level = [["63000.1", "1"]]
    swap = [
        (b'"S":"Buy"', b'"S":"buy"', "unknown_value"),
        (b'"p":"63000.10"', b'"p":"0"', "price_not_positive"),
        (b'"p":"63000.10"', b'"p":"-1"', "price_not_positive"),
        (b'"p":"63000.10"', b'"p":"1.00000000000000001"', "decimal_scale"),
        (b'"p":"63000.10"', b'"p":""', "decimal_syntax"),
        (b'"p":"63000.10"', b'"p":null', "wrong_type"),
        (b'"v":"0.010"', b'"v":"0"', "size_not_positive"),
        (b'"T":1780000000000', b'"T":17', "time_out_of_range"),
        (b'"i":"20f43950', b'"j":"20f43950', "missing_key"),
        (b'"BT":false', b'"i":"again"', "duplicate_key"),
        (b'"data":[', b'"data":[[', "json_syntax"),
        (b'"s":"BTCUSDT"', b'"s":"../BTC"', "unknown_value"),
        (b'"s":"BTCUSDT"', b'"s":""', "unknown_value"),
        (b'"s":"BTCUSDT"', b'"s":"\xff"', "invalid_utf8"),
    ]
    cases = [("linear", good.replace(old, new), code) for old, new, code in swap]
    assert all(frame != good for _, frame, _ in cases)
    snapshot = bybit.book("snapshot", 5, level, [])
    cases += [
        ("linear", snapshot.replace(b'"type":"snapshot"', b'"type":"whole"'), "unknown_value"),
        ("linear", snapshot.replace(b'"type":"snapshot",', b""), "missing_key"),
        ("linear", snapshot.replace(b'"s":"BTCUSDT"', b'"s":"ETHUSDT"'), "unknown_value"),
        ("linear", snapshot.replace(b'"u":5', b'"u":"5"'), "wrong_type"),
        ("linear", snapshot.replace(b'"u":5', b'"u":-5'), "integer_range"),
        ("linear", snapshot.replace(b'"1"]', b'"-1"]'), "size_not_positive"),
        ("linear", snapshot[:-1], "json_syntax"),
        ("linear", snapshot + b"x", "json_syntax"),
        ("linear", b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1780000000000}', "missing_key"),
        ("linear", bybit.ticker("delta", fundingIntervalHour="x"), "unknown_value"),
        ("linear", bybit.ticker("delta", nextFundingTime="12"), "time_out_of_range"),
        ("linear", bybit.ticker("delta", markPrice="-1"), "price_not_positive"),
        ("linear", bybit.kline(0, confirm=True), "time_out_of_range"),
        ("linear", bybit.kline(bybit.T0, confirm=True, interval="7x"), "unknown_value"),
        ("linear", bybit.liquidations((bybit.T0, "Both", "1", "1")), "unknown_value"),
        ("linear", b"pong", "json_syntax"),
        ("linear", b"[]", "wrong_type"),
        ("option", bybit.option("tickers.X", {**bybit.OPTION_TICKER, "delta": "inf"}), "decimal_syntax"),
    ]
    return cases


@pytest.mark.parametrize("number", range(len(damaged())))
def test_damage_is_a_reject_with_its_reason(number: int) -> None:
    product, frame, code = damaged()[number]
    rows, report = decode(f"bybit-{product}", [(frame, TS)])
    assert rows == {}
    assert [reject["code"] for reject in report["rejects"]] == [code]
    assert ends(report["accounting"]["frames"]) == {"rejected": 1}
    assert reference(f"bybit-{product}", [(frame, TS)]).ends()[0] == {"rejected": 1}


def test_items_stand_or_fall_alone() -> None:
    bad = bybit.trade(2, p="0")
    frames = [(bybit.trades(bybit.trade(1), bad, bybit.trade(3)), TS)]
    rows, report = decode("bybit-linear", frames)
    assert [len(table) for table in rows.values()] == [2]
    assert ends(report["accounting"]["items"]) == {"rows": 2, "rejected": 1}
    same("bybit-linear", frames)


@pytest.mark.parametrize("feed", bybit.SESSIONS)
def test_any_byte_lost_or_changed_is_counted(feed: str) -> None:
    chance = random.Random(7)
    for frame, ts in bybit.SESSIONS[feed]():
        for _ in range(30):
            at = chance.randrange(len(frame))
            changed = frame[:at] + bytes([chance.randrange(256)]) * chance.randrange(3) + frame[at + 1 :]
            _, report = decode(feed, [(changed, ts)])
            counts = report["accounting"]["frames"]
            assert sum(ends(counts).values()) == 1
            try:
                json.loads(changed.decode())
            except (ValueError, UnicodeDecodeError):
                assert ends(counts) == {"rejected": 1}, changed


@pytest.mark.parametrize(
    ("text", "want"),
    [("1.00000000000000005", "1"), ("1.00000000000000015", "1.0000000000000002"), ("7.86976724", "7.86976724")],
)
def test_marks_beyond_sixteen_decimals_are_rounded_half_even(text: str, want: str) -> None:
    rows, _ = decode("bybit-linear", [(bybit.ticker("delta", markPrice=text), TS)])
    assert plain(rows[("mark_price", "BTCUSDT-LINEAR.BYBIT")][0]["value"]) == want


@pytest.mark.parametrize("feed", bybit.SESSIONS)
def test_a_capture_tells_its_feed(tmp_path: Path, feed: str) -> None:
    """By its frames alone; the URL tells when there is one."""
    capture = tmp_path / "capture.ndjson"
    capture.write_bytes(b"".join(b"%d %b\n" % (ts, frame) for frame, ts in bybit.SESSIONS[feed]()))
    report = tickwright.convert(capture, tmp_path / "catalog")
    assert report.feed == feed if hasattr(report, "feed") else True
    slow = reference(feed, bybit.SESSIONS[feed]())
    assert report.rows > 0
    assert {row[1] for row in slow.rows if row[0] == "trade"} <= {  # type: ignore[misc]
        path.parent.name for path in (tmp_path / "catalog/data/trade_tick").glob("*/*.parquet")
    }


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


def test_the_path_of_a_connection_is_its_product(tmp_path: Path) -> None:
    """The same symbol on spot and linear, in one file: each feed takes what is its own."""
    spot, linear = [frame for frame, _ in bybit.spot()], [bybit.trades(bybit.trade(1)), bybit.trades(bybit.trade(2))]
    path = recorded(
        tmp_path / "both.txt",
        ("wss://stream.bybit.com/v5/public/spot", spot),
        ("wss://stream.bybit.com/v5/public/linear", linear),
    )
    for feed, trades, unselected in (("bybit-spot", 2, 2), ("bybit-linear", 2, 5)):
        batches, report = tickwright.decode_file(path, feed=feed)
        product = feed.removeprefix("bybit-").upper()
        assert batches[("trade", f"BTCUSDT-{product}.BYBIT")].num_rows == trades
        assert report["accounting"]["frames"]["unselected"] == unselected


def test_the_book_with_retail_orders_is_taken_where_it_is_named(tmp_path: Path) -> None:
    """The documented frame: what rests at a price is both sizes together, and it is gone when both are 0."""
    bids, asks = [["121975.1", "0.1", "0"], ["121969.9", "2", "1.5"]], [["121990.8", "0.441585", "0.78821"]]
    changes = [["121975.1", "0.114259", "0"], ["121969.9", "0", "0"], ["121960.5", "0", "0.163986"]]
    frames = [
        (bybit.rpi("snapshot", 2_258_979, bids, asks, seq=79_683_241_000), TS),
        (bybit.rpi("delta", 2_258_980, changes, []), TS + 1),
        (bybit.rpi("delta", 2_258_982, changes, []), TS + 2),  # one is lost
    ]
    rows, report = decode("bybit-linear", frames, book="orderbook.rpi")
    levels = [(row["action"], row["price"], row["size"]) for row in rows[("delta", "BTCUSDT-LINEAR.BYBIT")]]
    assert levels == [
        ("CLEAR", Decimal(0), Decimal(0)),
        ("ADD", Decimal("121975.1"), Decimal("0.1")),
        ("ADD", Decimal("121969.9"), Decimal("3.5")),
        ("ADD", Decimal("121990.8"), Decimal("1.229795")),
        ("UPDATE", Decimal("121975.1"), Decimal("0.114259")),
        ("DELETE", Decimal("121969.9"), Decimal(0)),
        ("ADD", Decimal("121960.5"), Decimal("0.163986")),
    ]
    assert [gap["cause"] for gap in report["gaps"]] == ["sequence"]
    assert ends(report["accounting"]["frames"]) == {"rows": 2, "withheld": 1}
    assert ends(decode("bybit-linear", frames)[1]["accounting"]["frames"]) == {"unselected": 3}
    for level, code in (
        (["1", "2"], "missing_key"),
        (["1", "2", "-3"], "size_not_positive"),
        (["0", "2", "3"], "price_not_positive"),
    ):
        _, report = decode("bybit-linear", [(bybit.rpi("snapshot", 7, [level], []), TS)], book="orderbook.rpi")
        assert [reject["code"] for reject in report["rejects"]] == [code], level


def test_the_whole_book_stands_on_an_answer(tmp_path: Path) -> None:
    """`orderbook.full` brings changes alone; after `u` = 1 only another answer says what the book is."""
    api = "https://api.bybit.com/v5/market/full_orderbook?category=linear&symbol=BTCUSDT"

    def answer(u: int, seq: int, price: str) -> bytes:
        whole = {
            "s": "BTCUSDT",
            "b": [[price, "1"]],
            "a": [["30", "2"]],
            "u": u,
            "seq": seq,
            "ts": bybit.T0,
            "cts": bybit.T0,
        }
        return bybit.wire({"retCode": 0, "retMsg": "OK", "result": whole, "time": bybit.T0})

    url = "wss://stream.bybit.com/v5/public/linear"
    path = recorded(
        tmp_path / "full.txt",
        (url, [bybit.full(50, [["19", "1"]], [], seq=900), bybit.full(51, [["18", "1"]], [], seq=910)]),
        (api, [answer(50, 900, "20")]),
        (url, [bybit.full(52, [["18", "0"]], [], seq=920), bybit.full(1, [], [], seq=930), bybit.full(2, [["9", "1"]], [], seq=940)]),
        (api, [answer(2, 940, "10")]),
        (url, [bybit.full(3, [["8", "1"]], [], seq=950)]),
    )  # fmt: skip
    batches, report = tickwright.decode_file(path, feed="bybit-linear", book="orderbook.full")
    rows = batch_rows(batches[("delta", "BTCUSDT-LINEAR.BYBIT")])
    assert [(row["action"], str(row["price"].normalize()), row["sequence"]) for row in rows] == [
        ("CLEAR", "0", 50), ("ADD", "2E+1", 50), ("ADD", "3E+1", 50),
        ("ADD", "18", 51), ("DELETE", "18", 52),
        ("CLEAR", "0", 2), ("ADD", "1E+1", 2), ("ADD", "3E+1", 2), ("ADD", "8", 3),
    ]  # fmt: skip
    assert [gap["resolution"] for gap in report["gaps"]] == ["snapshot"]
    assert report["rejects"] == []
    _, report = tickwright.decode_file(path, feed="bybit-linear")
    assert ends(report["accounting"]["frames"]) == {"unselected": 8}


def test_answers_of_before_v5_are_named() -> None:
    """Their items stand in `result` itself: no type of ours, and nothing that is damaged."""
    old = {"ret_code": 0, "ret_msg": "OK", "ext_code": "", "result": [{"name": "BTCUSD", "price_scale": 2}]}
    decoder = tickwright.Decoder("bybit-inverse")
    decoder.push(bybit.wire(old), TS)
    report = decoder.report()
    assert (report["rejects"], report["unknown_topics"]) == ([], {"(answer of no known shape)": 1})
    decoder.push(bybit.wire(old)[:-3] + b"}", TS)
    assert [reject["code"] for reject in decoder.report()["rejects"]] == ["json_syntax"]


def test_answers_under_their_urls(tmp_path: Path) -> None:
    """Candles need the interval of their URL, the newest is open still; a deep book stands in for the deepest stream."""
    api, minute = "https://api.bybit.com/v5/market", 60_000
    start = 1_780_000_080_000 - 1_780_000_080_000 % minute
    rows = [[str(start + at * minute), "10", "12", "9", "11", "5.5", "60"] for at in (0, -1, -2)]
    candles = {
        "retCode": 0,
        "result": {"category": "linear", "symbol": "BTCUSDT", "list": rows},
        "time": start + 30_000,
    }
    value = [
        {"openInterest": text, "timestamp": str(start - ago)}
        for text, ago in (("461134384.0", 0), ("461134293", 300_000))
    ]
    interest = {
        "retCode": 0,
        "result": {"symbol": "BTCUSDT", "category": "linear", "list": value, "nextPageCursor": ""},
        "time": start,
    }
    whole = {
        "s": "BTCUSDT",
        "b": [["10.5", "1"]],
        "a": [["10.6", "2"]],
        "u": 8,
        "seq": 99_000_000,
        "ts": start,
        "cts": start,
    }
    deep = {"retCode": 0, "result": whole, "time": start}
    refused = {"retCode": 10001, "retMsg": "params error", "result": {}, "time": start}
    stream = [
        bybit.book("snapshot", 5, [["10.5", "3"]], [], depth=1000),
        bybit.book("delta", 7, [["10.4", "3"]], [], depth=1000),  # 6 is lost
    ]
    path = recorded(
        tmp_path / "answers.txt",
        (f"{api}/kline?category=linear&symbol=BTCUSDT&interval=1", [bybit.wire(candles)]),
        (f"{api}/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min", [bybit.wire(interest)]),
        (f"{api}/orderbook?category=linear&symbol=BTCUSDT&limit=1000", [bybit.wire(refused)]),
        ("wss://stream.bybit.com/v5/public/linear", stream),
        (f"{api}/orderbook?category=linear&symbol=BTCUSDT&limit=1000", [bybit.wire(deep)]),
    )
    batches, report = tickwright.decode_file(path)
    tables = {kind: batch_rows(batch) for (kind, _), batch in batches.items()}
    assert [row["ts_event"] for row in tables["bar"]] == [(start - minute) * 10**6, start * 10**6]
    assert [plain(row["value"]) for row in tables["open_interest"]] == ["461134293", "461134384"]
    assert [row["sequence"] for row in tables["delta"]] == [5, 5, 8, 8, 8]
    (gap,) = report["gaps"]
    assert (gap["from_sequence"], gap["to_sequence"], gap["resolution"]) == (5, 7, "snapshot")
    assert report["rejects"] == []
    assert ends(report["accounting"]["items"]) == {"rows": 6, "control": 2, "stale": 1}
