"""Deribit: every row, every end, every gap and every book equal what the slow reference gives, on real frames and on ours."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import deribit
from tests.damage import corpus
from tests.deribit import LINEAR, OPTION, PERPETUAL, SPREAD, T0
from tests.parity import venues
from tests.parity.support import CONNECTIONS, SHARED, batch_rows
from tests.parity.venues import Frames, Tables, ends, equal, kinds, proven, shaped
from tests.property.test_wire_forms import parse, spell
from tests.reference.captures import read
from tests.reference.deribit import Deribit

SINGLE = SHARED / "frames/single/deribit"
needs_frames = pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
TS = 1_780_000_000_000_000_000

# Real files: rows by type, ends of items.
COUNTS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "http_get_combos": ({}, {"control": 1}),
    "http_get_expirations_any": ({}, {"control": 1}),
    "http_get_expirations_btc_option": ({}, {"control": 1}),
    "http_get_instrument": ({}, {"control": 1}),
    "http_get_instrument_option": ({}, {"control": 1}),
    "http_get_instruments": ({}, {"control": 1}),
    "http_get_instruments_future_combo": ({}, {"control": 1}),
    "http_get_instruments_option_combo": ({}, {"control": 1}),
    "http_get_last_trades": ({"trade": 10}, {"rows": 10}),
    "http_get_last_trades_future_combo": ({"trade": 3}, {"rows": 3}),
    "http_get_last_trades_historical_combo": ({"trade": 1}, {"rows": 1}),
    "http_get_last_trades_option_combo": ({"trade": 1}, {"rows": 1}),
    "http_get_last_trades_perpetual_with_combo_tags": ({"trade": 7}, {"rows": 7}),
    "http_get_time": ({}, {"control": 1}),
    # The URL tells whose candles they are.
    "http_get_tradingview_chart_data": ({}, {"rejected": 1}),
    "http_test": ({}, {"control": 1}),
    "ws_book_delta": ({}, {"withheld": 1}),
    "ws_book_grouped_snapshot": ({"depth10": 1, "delta": 21}, {"rows": 1}),
    "ws_book_snapshot": ({"delta": 11}, {"rows": 1}),
    "ws_chart": ({}, {"control": 1}),
    "ws_error": ({}, {"control": 1}),
    "ws_quote": ({"quote": 1}, {"rows": 1}),
    "ws_subscribe_response": ({}, {"control": 1}),
    "ws_test_request": ({}, {"control": 1}),
    "ws_ticker": (
        {"mark_price": 1, "index_price": 1, "funding_rate": 1, "open_interest": 1, "quote": 1},
        {"rows": 5},
    ),
    "ws_trades": ({"trade": 2}, {"rows": 2}),
    "ws_trades_option_combo": ({"trade": 1}, {"rows": 1}),
    "ws_volatility_index": ({"volatility_index": 1}, {"rows": 1}),
}

# A connection recorded in 2021, and answers of 2021 and 2022: rows by type, ends of frames, changes of books,
# definitions.
RECORDED: dict[str, tuple[dict[str, int], dict[str, int], int, int]] = {
    "DERIBIT.0.gz": ({}, {"control": 4}, 0, 1_017),
    "DERIBIT.ws.1.0.gz": (
        {"mark_price": 89, "index_price": 89, "open_interest": 89, "option_greeks": 89, "quote": 41, "delta": 159},
        {"control": 2, "rows": 135},
        36,
        0,
    ),
}

URL = "wss://www.deribit.com/ws/api/v2"
API = "https://www.deribit.com/api/v2/public"


def decode(frames: Frames, **options: Any) -> tuple[Tables, dict[str, Any]]:
    return venues.decode("deribit", frames, **options)


def reference(frames: Frames) -> Deribit:
    return venues.reference(Deribit(), frames)


def same(frames: Frames) -> Deribit:
    return venues.same("deribit", Deribit(), frames)


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
    assert report["unknown_keys"] == {}
    assert [reject["code"] for reject in report["rejects"]] == ["missing_key"] * items.get("rejected", 0)


@needs_frames
def test_real_candles_under_their_url(tmp_path: Path) -> None:
    body = json.dumps(json.loads((SINGLE / "http_get_tradingview_chart_data.json").read_bytes())).encode()
    url = f"{API}/get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=1&start_timestamp=1"
    path = recorded(tmp_path / "answers.txt", (url, [body]))
    batches, report = tickwright.decode_file(path)
    assert kinds(shaped(batches)) == {"bar": 5}
    (table,) = shaped(batches).values()
    # In dollars, as trades of the instrument are.
    assert [row["volume"] for row in table] == [257_490, 250_000, 20_200, 8_370, 8_910]
    assert table[0]["ts_event"] == 1_766_483_520_000 * 10**6
    slow = Deribit()
    slow.push(body, table[0]["ts_init"], url)
    equal(shaped(batches), report, slow)


@needs_frames
@pytest.mark.parametrize("name", RECORDED)
def test_real_recordings(name: str) -> None:
    """Whole connections, row by row: each change follows the one before it."""
    slow = Deribit()
    rows, report, changes = proven(CONNECTIONS / name, "deribit", slow, b"prev_change_id")
    counts, of_frames, of_books, definitions = RECORDED[name]
    assert kinds(rows) == counts
    assert ends(report["accounting"]["frames"]) == of_frames
    assert (changes, len(slow.definitions)) == (of_books, definitions)
    assert all(not book.waiting and book.stands for book in slow.books.values())


@needs_frames
def test_real_books_after_every_change() -> None:
    """The ten best levels of each side after every message that changed them."""
    slow, tops = Deribit(), {}
    decoder = tickwright.Decoder("deribit", types=["depth10"])
    for item in read(CONNECTIONS / "DERIBIT.ws.1.0.gz").items:
        if item.kind != "received":
            continue
        decoder.push(item.body, item.ts)
        slow.push(item.body, item.ts)
        for name, book in slow.books.items():
            bids, asks = (side[:10] for side in book.best_first())
            told = tops.setdefault(f"{name}.DERIBIT", [])
            if (bids or asks) and told[-1:] != [(bids, asks)]:
                told.append((bids, asks))
    tables = {name: table for (_, name), table in shaped(decoder.flush()).items()}
    assert tables.keys() == {name for name, told in tops.items() if told} and len(tables) == 9
    for name, table in tables.items():
        assert [(row["bids"], row["asks"]) for row in table] == tops[name]
    assert sum(map(len, tables.values())) > 30


@needs_frames
def test_real_definitions(tmp_path: Path) -> None:
    """Every instrument of 2021 and 2022, and those of 2024 to 2026."""
    files = [SINGLE / f"http_get_instruments{more}.json" for more in ("", "_future_combo", "_option_combo")]
    files += [SINGLE / "http_get_instrument_option.json"]
    slow = Deribit()
    answers = [file.read_bytes().replace(b"\n", b" ") for file in files]
    answers += [item.body for item in read(CONNECTIONS / "DERIBIT.0.gz").items if item.kind == "rest"]
    for body in answers:
        slow.push(body, TS)
    check_definitions(tmp_path, answers, slow, 1_017 + 4 + 4)


def check_definitions(tmp_path: Path, answers: list[bytes], slow: Deribit, least: int) -> dict[str, Any]:
    """Definitions of answers, as the reference has them; each instrument has traded."""
    traded = []
    for at, wanted in enumerate(slow.definitions.values()):
        name, tick, step = (wanted[key] for key in ("raw_symbol", "price_increment", "size_increment"))
        item = deribit.trade(at + 1, name=name, price=deribit.Plain(tick), amount=deribit.Plain(step))
        traded.append(deribit.trades(item, channel=f"trades.{name}.raw"))
    path = recorded(tmp_path / "definitions.txt", (f"{API}/get_instruments?currency=any", answers), (URL, traded))
    report = tickwright.convert(path, tmp_path / "catalog")
    found = {item["instrument_id"]: item for item in report.instruments}
    assert found.keys() == slow.definitions.keys() and len(found) >= least
    for name, wanted in slow.definitions.items():
        for key, value in wanted.items():
            assert found[name][key] == value, (name, key)
    return found


@pytest.mark.parametrize("name", deribit.SESSIONS)
def test_sessions(name: str) -> None:
    slow = same(deribit.SESSIONS[name]())
    assert slow.rows and bool(slow.gaps) == (name == "books")


@pytest.mark.parametrize("how", [{"shuffle"}, {"space"}, {"escape"}, {"shuffle", "space", "escape", "unknown"}])
@pytest.mark.parametrize("name", deribit.SESSIONS)
def test_forms_of_frames_read_alike(name: str, how: set[str]) -> None:
    frames = deribit.SESSIONS[name]()
    wanted = decode(frames)[0]
    for seed in range(5):
        chance = random.Random(seed)
        spelled = [(spell(parse(frame), chance, frozenset(how)).encode(), ts) for frame, ts in frames]
        rows, report = decode(spelled)
        assert rows == wanted, seed
        assert bool(report["unknown_keys"]) == ("unknown" in how)


def test_numbers_are_read_as_they_are_written() -> None:
    """Exponents, and digits that no double holds."""
    for price, amount, wanted in (
        ("7.69175e4", "8.45E+3", ("76917.5", "8450")),
        ("1e-5", "5.0e-6", ("0.00001", "0.000005")),
        ("76917.1234567890123456", "0.1000000000000000", ("76917.1234567890123456", "0.1")),
        ("10.0", "12345678901234", ("10", "12345678901234")),
    ):
        item = deribit.trade(1, price=deribit.Plain(price), amount=deribit.Plain(amount))
        rows, _ = decode([(deribit.trades(item), TS)])
        (row,) = rows[("trade", f"{PERPETUAL}.DERIBIT")]
        assert (row["price"], row["size"]) == tuple(map(Decimal, wanted))


def damaged() -> list[tuple[bytes, str]]:
    """A frame, the code of its reject."""
    good = deribit.trades(deribit.trade(1, liquidation="T"))
    book = deribit.book("snapshot", 5, None, deribit.BIDS, [])
    ticker = deribit.ticker(deribit.option())
    quote = deribit.quote((76917.0, 30.0), (76917.5, 10.0))
    top = deribit.grouped(5, [[1.5, 2.0]], [])
    chart = deribit.chart(T0, 0.5)
    swaps = [
        (good, b'"direction":"buy"', b'"direction":"Buy"', "unknown_value"),
        (good, b'"price":76917.5', b'"price":0.0', "price_not_positive"),
        (good, b'"price":76917.5', b'"price":-1', "price_not_positive"),
        (good, b'"price":76917.5', b'"price":1.00000000000000001', "decimal_scale"),
        (good, b'"price":76917.5', b'"price":1e14', "decimal_range"),
        (good, b'"price":76917.5', b'"price":null', "wrong_type"),
        (good, b'"price":76917.5', b'"price":"x"', "decimal_syntax"),
        (good, b'"price":76917.5', b'"price":01', "json_syntax"),
        (good, b'"price":76917.5', b'"price":1.', "json_syntax"),
        (good, b'"amount":8450.0', b'"amount":0.0', "size_not_positive"),
        (good, b'"amount":8450.0', b'"amount":-1.0', "size_not_positive"),
        (good, b'"timestamp":1780000000000', b'"timestamp":17', "time_out_of_range"),
        (good, b'"timestamp":1780000000000', b'"timestamp":"1780000000000"', "wrong_type"),
        (good, b'"timestamp":1780000000000', b'"timestamp":1780000000000.5', "wrong_type"),
        (good, b'"trade_id":"1"', b'"trade_id":""', "unknown_value"),
        (good, b'"trade_id":"1"', b'"trade_id":1', "wrong_type"),
        (good, b'"trade_id"', b'"trade_no"', "missing_key"),
        (good, b'"liquidation":"T"', b'"liquidation":"X"', "unknown_value"),
        (good, b'"contracts"', b'"price"', "duplicate_key"),
        (good, b'"instrument_name":"BTC-PERPETUAL"', b'"instrument_name":"../BTC"', "unknown_value"),
        (good, b'"instrument_name":"BTC-PERPETUAL"', b'"instrument_name":"\xff"', "invalid_utf8"),
        (good, b'"data":[', b'"data":[[', "json_syntax"),
        (good, b'"data":[', b'"dates":[', "missing_key"),
        (good, b'"channel":"trades', b'"canal":"trades', "missing_key"),
        (good, b'"channel":"trades.BTC-PERPETUAL.100ms"', b'"channel":7', "wrong_type"),
        (good, b'"method":"subscription"', b'"method":7', "wrong_type"),
        (good, b'"params"', b'"parameters"', "missing_key"),
        (book, b'"type":"snapshot"', b'"type":"partial"', "unknown_value"),
        (book, b'"change_id":5', b'"change_id":"5"', "wrong_type"),
        (book, b'"change_id":5', b'"change_id":-5', "integer_range"),
        (book, b'"change_id"', b'"changes_id"', "missing_key"),
        (book, b'["new",76899.5,10.0]', b'["new",76899.5,0.0]', "size_not_positive"),
        (book, b'["new",76899.5,10.0]', b'["delete",76899.5,10.0]', "size_not_positive"),
        (book, b'["new",76899.5,10.0]', b'["move",76899.5,10.0]', "unknown_value"),
        (book, b'["new",76899.5,10.0]', b'["new",-76899.5,10.0]', "price_not_positive"),
        (book, b'["new",76899.5,10.0]', b'["new",76899.5]', "wrong_type"),
        (book, b'["new",76899.5,10.0]', b'[76899.5,10.0]', "wrong_type"),
        (book, b'["new",76899.5,10.0]', b'["new",76899.5,10.0', "json_syntax"),
        (book, b'"instrument_name":"BTC-PERPETUAL"', b'"instrument_name":"ETH-PERPETUAL"', "unknown_value"),
        (book, b'"timestamp":1780000000000', b'"timestamp":null', "missing_key"),
        (book, b'"bids"', b'"bid"', "missing_key"),
        (book, b'"data":{', b'"data":[{', "json_syntax"),
        (top, b"[1.5,2.0]", b'["new",1.5,2.0]', "decimal_syntax"),
        (top, b"[1.5,2.0]", b"[1.5,-2.0]", "size_not_positive"),
        (top, b'"change_id"', b'"changes_id"', "missing_key"),
        (ticker, b'"mark_price":0.00690385', b'"mark_price":-0.1', "price_not_positive"),
        (ticker, b'"index_price":76900.24', b'"index_price":-1', "price_not_positive"),
        (ticker, b'"best_bid_price":0.0065', b'"best_bid_price":-0.0065', "price_not_positive"),
        (ticker, b'"best_bid_amount":10.0', b'"best_bid_amount":-10.0', "size_not_positive"),
        (ticker, b'"mark_iv":31.2', b'"mark_iv":"inf"', "decimal_syntax"),
        (ticker, b'"delta":0.47736', b'"delta":true', "wrong_type"),
        (ticker, b'"delta":0.47736', b'"gamma":0.47736', "duplicate_key"),
        (ticker, b'"instrument_name":"BTC-25DEC26-100000-C"', b'"instrument_name":"X"', "unknown_value"),
        (ticker, b'"open_interest":61.7', b'"open_interest":"many"', "decimal_syntax"),
        (quote, b'"best_ask_amount":10.0', b'"ask_amount":10.0', "missing_key"),
        (quote, b'"best_ask_price":76917.5', b'"best_ask_price":-76917.5', "price_not_positive"),
        (chart, b'"close":76917.5', b'"close":0.0', "price_not_positive"),
        (chart, b"PERPETUAL.1\"", b"PERPETUAL.7\"", "unknown_value"),
        (chart, b'"cost"', b'"costs"', "missing_key"),
    ]  # fmt: skip
    cases = [(frame.replace(old, new), code) for frame, old, new, code in swaps]
    assert all(frame != case[0] for frame, case in zip((swap[0] for swap in swaps), cases, strict=True))
    index = {"timestamp": T0, "price": 1.5, "index_name": "eth_usd"}
    return cases + [
        (book[:-1], "json_syntax"),
        (book + b"x", "json_syntax"),
        (deribit.push("deribit_price_index.btc_usd", index), "unknown_value"),
        (deribit.push("deribit_price_index.eth_usd", index | {"price": 0.0}), "price_not_positive"),
        (deribit.push("markprice.options.btc_usd", [{"timestamp": T0, "instrument_name": OPTION}]), "missing_key"),
        (deribit.push("perpetual.BTC-PERPETUAL.raw", {"timestamp": T0, "interest": "x"}), "decimal_syntax"),
        (deribit.push("instrument.state.any.any", {"timestamp": T0, "state": "", "instrument_name": OPTION}), "unknown_value"),
        (deribit.answer(deribit.charts(T0)), "missing_key"),
        (deribit.answer({"trades": [deribit.trade(1, price=0.0)]}), "price_not_positive"),
        (b"[]", "wrong_type"),
        (b"", "json_syntax"),
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(damaged())))
def test_damage_is_a_reject_with_its_reason(number: int) -> None:
    frame, code = damaged()[number]
    rows, report = decode([(frame, TS)])
    assert rows == {}, frame
    assert [reject["code"] for reject in report["rejects"]] == [code], frame
    assert ends(report["accounting"]["frames"]) == {"rejected": 1}
    assert reference([(frame, TS)]).ends()[0] == {"rejected": 1}


def test_items_stand_or_fall_alone() -> None:
    frames = [(deribit.trades(deribit.trade(1), deribit.trade(2, price=0), deribit.trade(3)), TS)]
    rows, report = decode(frames)
    assert [len(table) for table in rows.values()] == [2]
    assert ends(report["accounting"]["items"]) == {"rows": 2, "rejected": 1}
    same(frames)


@pytest.mark.parametrize("name", deribit.SESSIONS)
def test_any_byte_lost_or_changed_is_counted(name: str) -> None:
    chance = random.Random(7)
    for frame, ts in deribit.SESSIONS[name]():
        for _ in range(20):
            at = chance.randrange(len(frame))
            changed = frame[:at] + bytes([chance.randrange(256)]) * chance.randrange(3) + frame[at + 1 :]
            _, report = decode([(changed, ts)])
            counts = report["accounting"]["frames"]
            assert sum(ends(counts).values()) == 1
            try:
                json.loads(changed.decode())
            except (ValueError, UnicodeDecodeError):
                assert ends(counts) == {"rejected": 1}, changed


@pytest.mark.parametrize("name", deribit.SESSIONS)
def test_damage_is_read_as_the_reference_reads_it(name: str) -> None:
    """The corpus over every frame, each alone: the same rows and the same ends."""
    refused = 0
    for number, (frame, ts) in enumerate(deribit.SESSIONS[name]()):
        if b'"tick_size"' in frame:
            continue  # definitions are compared where they are whole
        for kind, bad in corpus([frame], seed=number, times=4):
            # How deep a reader goes, and half a surrogate, are its own affair.
            if kind == "nest" or b"\\ud8" in bad or len(bad) > 100_000:
                continue
            if b"greeks" in bad and (kind == "huge_number" or b"400" in bad):
                continue  # and so is how many digits they take of a double
            rows, report = decode([(bad, ts)])
            slow = reference([(bad, ts)])
            equal(rows, report, slow)
            refused += report["accounting"]["frames"]["rejected"]
    assert refused > 500


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


def test_a_gap_withholds_until_the_snapshot() -> None:
    frames = deribit.books()[1:3] + deribit.books()[10:12]  # a snapshot, a change, two after a hole
    rows, report = decode(frames)
    (gap,) = report["gaps"]
    assert (gap["cause"], gap["from_sequence"], gap["to_sequence"], gap["withheld"]) == ("sequence", 107, 140, 2)
    assert report["accounting"]["frames"]["withheld"] == 2
    assert len(rows[("delta", f"{PERPETUAL}.DERIBIT")]) == 5 + 3


def test_two_connections_are_one_stream(tmp_path: Path) -> None:
    """Books by their numbers, whatever the parcels; quotes, which have none, from one connection until it ends."""
    snapshot = deribit.book("snapshot", 100, None, deribit.BIDS, deribit.ASKS)

    def change(previous: int, number: int) -> bytes:
        price = deribit.bid(76800.5 + number, 10.0)
        return deribit.book("change", number, previous, [price], [], time=T0 + number)

    def quote(at: int, amount: float) -> bytes:
        return deribit.quote((76917.0, amount), (76917.5, 10.0), time=T0 + at)

    quotes = [quote(1, 1.0), quote(1, 2.0), quote(1, 1.0), quote(2, 3.0), quote(4, 4.0)]
    one = [snapshot, *(change(at, at + 10) for at in range(100, 150, 10)), *quotes]
    # The other connection is ahead by 50 ms; it cuts the changes elsewhere, and ends early.
    two = [snapshot, change(100, 105), change(105, 115), change(115, 150), *[quote(0, 9.0)] * 2, *quotes[:4]]
    first = recorded(tmp_path / "one.txt", (URL, one))
    other = recorded(tmp_path / "two.txt", (URL, two))
    other.write_bytes(other.read_bytes().replace(b".25:", b".20:").replace(b".5\n", b".4\n"))
    report = tickwright.convert([first, other], tmp_path / "catalog")
    assert (report.gaps, report.rejects) == (0, 0)
    rows = {table.type: table.rows for table in report.tables}
    # Every change of both once: those up to 115, 120, 150; quotes of the first to come, then of the one that goes on.
    assert rows["delta"] == 5 + 5
    assert rows["quote"] == 1 + 4 + 1
    assert report.accounting.frames.duplicate == 1 + 3 + 1 + 4


def test_a_later_recording_goes_on_with_the_book(tmp_path: Path) -> None:
    parts = [
        [deribit.book("snapshot", 100, None, deribit.BIDS, deribit.ASKS), deribit.book("change", 107, 100, deribit.BIDS[:1], [])],
        [deribit.book("change", 110, 107, deribit.BIDS[:1], [], time=T0 + 1)],
        [deribit.book("change", 120, 113, deribit.BIDS[:1], [], time=T0 + 2)],
    ]  # fmt: skip
    for number, (frames, rows, gaps) in enumerate(zip(parts, (6, 1, 0), (0, 0, 1), strict=True)):
        path = recorded(tmp_path / f"{number}.txt", (URL, frames))
        path.write_bytes(path.read_bytes().replace(b"17800001", b"1780%04d" % (1 + number)))
        report = tickwright.convert(path, tmp_path / "catalog")
        assert (report.rows, report.gaps) == (rows, gaps), number


def test_an_incremental_ticker_begins_anew_on_each_connection(tmp_path: Path) -> None:
    whole = deribit.changed("snapshot", **{key: value for key, value in deribit.option().items() if key in KEPT})
    change = deribit.changed("change", timestamp=T0 + 5, best_bid_price=0.007)
    path = recorded(
        tmp_path / "c.txt",
        (URL, [whole, change]),
        (URL, [deribit.changed("change", timestamp=T0 + 9, best_bid_price=0.0071)]),
    )
    batches, _ = tickwright.decode_file(path)
    rows = shaped(batches)[("quote", f"{OPTION}.DERIBIT")]
    assert [row["bid_price"] for row in rows] == [Decimal("0.0065"), Decimal("0.007")]


KEPT = {"timestamp", "best_bid_price", "best_ask_price", "best_bid_amount", "best_ask_amount"}


def test_a_capture_tells_its_feed(tmp_path: Path) -> None:
    """By its frames alone."""
    capture = tmp_path / "capture.ndjson"
    capture.write_bytes(b"".join(b"%d %b\n" % (ts, frame) for frame, ts in deribit.session()))
    report = tickwright.convert(capture, tmp_path / "catalog")
    assert report.rows > 40
    assert (tmp_path / f"catalog/data/trade_tick/{PERPETUAL}.DERIBIT").is_dir()
    assert (tmp_path / "catalog/data/custom_volatility_index/btc_usd.DERIBIT").is_dir()


@pytest.mark.parametrize(
    ("channels", "wanted"),
    [
        (["raw", "100ms", "agg2", "none.20.100ms"], "raw"),
        (["agg2", "none.20.100ms", "100ms"], "100ms"),
        (["5.10.100ms", "none.10.100ms", "none.20.100ms"], "none.20.100ms"),
    ],
)
def test_one_book_of_an_instrument(tmp_path: Path, channels: list[str], wanted: str) -> None:
    """The fastest that has every level; prices that stand for several never, unless asked for."""
    frames = []
    for at, channel in enumerate(channels):
        price = 70_000.0 + channels.index(channel)
        if "." in channel:
            frames.append(deribit.grouped(100 + at, [[price, 1.0]], [[price + 9, 1.0]], of=channel))
        else:
            frames.append(deribit.book("snapshot", 100 + at, None, [deribit.bid(price, 1.0)], [], interval=channel))
    path = recorded(tmp_path / "c.txt", (URL, frames))
    tickwright.convert(path, tmp_path / "catalog", types=["delta"])
    asked = channels[0] if "5.10" in channels[0] else wanted
    tickwright.convert(path, tmp_path / "asked", types=["delta"], book=f"book.{asked}")
    from tests.parity.support import catalog_rows

    for folder, channel in (("catalog", wanted), ("asked", asked)):
        rows = catalog_rows(tmp_path / folder, "delta", f"{PERPETUAL}.DERIBIT")
        assert rows[1]["price"] == 70_000 + channels.index(channel), channel


def test_answers_under_their_urls(tmp_path: Path) -> None:
    start, minute = T0 - T0 % 60_000, 60_000
    whole = deribit.tick(change_id=8, bids=deribit.TOP[0], asks=deribit.TOP[1])
    candles = deribit.charts(start - minute, start - 2 * minute, start)
    path = recorded(
        tmp_path / "answers.txt",
        (f"{API}/get_tradingview_chart_data?instrument_name={PERPETUAL}&resolution=1", [
            deribit.answer(candles, answered=(start + 30_000) * 1_000), deribit.answer(deribit.charts(status="no_data")),
        ]),
        (f"{API}/get_tradingview_chart_data?instrument_name={LINEAR}&resolution=1D", [deribit.answer(deribit.charts(start - 10**8))]),
        (f"{API}/get_order_book?instrument_name={PERPETUAL}&depth=10000", [deribit.answer(whole), deribit.answer(whole)]),
        (f"{API}/get_last_trades_by_instrument?instrument_name={PERPETUAL}", [
            deribit.answer({"trades": [deribit.trade(9, time=T0 + 1), deribit.trade(8)], "has_more": False}),
        ]),
        (f"{API}/get_instruments?currency=BTC", [deribit.answer([deribit.definition()])]),
        (f"{API}/get_time", [deribit.answer(1_733_338_800_000)]),
    )  # fmt: skip
    batches, report = tickwright.decode_file(path)
    tables = {key: batch_rows(batch) for key, batch in batches.items()}
    bars = tables[("bar", f"{PERPETUAL}.DERIBIT-1-MINUTE-LAST-EXTERNAL")]
    assert [row["ts_event"] for row in bars] == [(start - minute) * 10**6, start * 10**6]
    assert [row["volume"] for row in bars] == [38_450] * 2
    assert [row["volume"] for row in tables[("bar", f"{LINEAR}.DERIBIT-1-DAY-LAST-EXTERNAL")]] == [Decimal("0.5")]
    assert [row["sequence"] for row in tables[("delta", f"{PERPETUAL}.DERIBIT")]] == [8] * 5
    assert [row["trade_id"] for row in tables[("trade", f"{PERPETUAL}.DERIBIT")]] == ["8", "9"]
    assert report["rejects"] == []
    slow = Deribit()
    for item in read(path).items:
        slow.push(item.body, item.ts, item.url)
    equal(shaped(batches), report, slow)


def test_definitions(tmp_path: Path) -> None:
    """Each class, from what the venue sends; the reference makes the same of every object."""
    answers = [
        deribit.answer(deribit.DEFINITIONS),
        deribit.answer([deribit.definition(kind="lottery", instrument_name="X")]),
    ]
    slow = Deribit()
    slow.push(answers[0], TS)
    found = check_definitions(tmp_path, answers, slow, 11)
    assert found[f"{SPREAD}.DERIBIT"]["strategy"] == "FS"
