"""Kraken spot: every row, every end, every gap and every book equal what the slow reference gives, on real frames and on ours."""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import kraken
from tests.parity import venues
from tests.parity.support import CONNECTIONS, SHARED, batch_rows, catalog_rows
from tests.parity.venues import Frames, Tables, ends, equal, holes, kinds, proven
from tests.property.test_wire_forms import parse, spell
from tests.reference.captures import read
from tests.reference.kraken import Kraken

SINGLE = SHARED / "frames/single/kraken"
needs_frames = pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
TS = 1_780_000_000_000_000_000

# Real files of spot: rows by type, ends of items.
COUNTS: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "http_asset_pairs": ({}, {"control": 1}),
    "http_asset_pairs_tokenized": ({}, {"control": 1}),
    "http_ohlc": ({"bar": 720}, {"rows": 720, "control": 1}),
    "http_system_status": ({}, {"control": 1}),
    "http_ticker": ({}, {"control": 1}),
    "http_trades": ({"trade": 1000}, {"rows": 1000}),
    # Their checksums are invented.
    "ws_book_snapshot": ({}, {"withheld": 1}),
    "ws_book_update": ({}, {"withheld": 1}),
    "ws_l3_snapshot": ({}, {"unselected": 1}),
    "ws_l3_update_add": ({}, {"unselected": 1}),
    "ws_l3_update_delete": ({}, {"unselected": 1}),
    "ws_l3_update_modify_price": ({}, {"unselected": 1}),
    "ws_l3_update_modify_qty": ({}, {"unselected": 1}),
    "ws_ohlc_update": ({}, {"control": 1}),
    "ws_pong": ({}, {"control": 1}),
    "ws_subscribe_response": ({}, {"control": 1}),
    "ws_ticker_snapshot": ({"quote": 1}, {"rows": 1}),
    "ws_trade_update": ({"trade": 2}, {"rows": 2}),
}

# Connections of protocol v1 recorded in 2021: rows by type, ends of frames.
RECORDED: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "KRAKEN.0.gz": ({}, {"control": 1}),
    "KRAKEN.ws.48.0.gz": ({"trade": 10}, {"control": 42, "rows": 8}),
    "KRAKEN.ws.49.0.gz": ({"quote": 18}, {"control": 43, "rows": 18}),
    "KRAKEN.ws.50.0.gz": ({"delta": 11755}, {"control": 43, "rows": 4279}),
}


def decode(frames: Frames, **options: Any) -> tuple[Tables, dict[str, Any]]:
    return venues.decode("kraken-spot", frames, **options)


def reference(frames: Frames) -> Kraken:
    return venues.reference(Kraken(), frames)


def same(frames: Frames) -> Kraken:
    return venues.same("kraken-spot", Kraken(), frames)


@needs_frames
def test_every_real_file_is_in_the_table() -> None:
    assert {path.stem for path in SINGLE.iterdir() if "futures" not in path.stem} == COUNTS.keys()


@needs_frames
@pytest.mark.parametrize("name", COUNTS)
def test_real_frames(name: str) -> None:
    rows, items = COUNTS[name]
    frames = [((SINGLE / f"{name}.json").read_bytes(), TS)]
    same(frames)
    got, report = decode(frames)
    assert kinds(got) == rows
    assert ends(report["accounting"]["items"]) == items
    assert (report["rejects"], report["unknown_keys"]) == ([], {})


@needs_frames
@pytest.mark.parametrize("name", RECORDED)
def test_real_recordings(name: str) -> None:
    """Whole connections, row by row; thousands of checksums over texts as the venue sent them."""
    slow = Kraken()
    rows, report, checked = proven(CONNECTIONS / name, "kraken-spot", slow, b'"c":"')
    counts, of_frames = RECORDED[name]
    assert kinds(rows) == counts
    assert ends(report["accounting"]["frames"]) == of_frames
    # Every update was proven by its checksum: none is withheld, none is a gap. Ten snapshots have none.
    books = sum(1 for parts in slow.frames for part in parts if not isinstance(part, str))
    assert (checked, books) in [(4_269, 4_279), (0, 0)]


@needs_frames
def test_every_recording_is_in_the_table() -> None:
    assert {path.name for path in CONNECTIONS.glob("KRAKEN.*.gz")} == RECORDED.keys()


@pytest.mark.parametrize("name", kraken.SESSIONS)
def test_sessions(name: str) -> None:
    slow = same(kraken.SESSIONS[name]())
    assert slow.rows and slow.gaps


@pytest.mark.parametrize("by_order", [False, True])
def test_books_by_order(by_order: bool) -> None:
    """Where they are asked for; else they are read to the end and unselected."""
    frames = kraken.by_order()
    options = {"book": "level3"} if by_order else {}
    rows, report = decode(frames, **options)
    slow = Kraken(by_order=by_order)
    for frame, ts in frames:
        slow.push(frame, ts)
    equal(rows, report, slow)
    assert holes(report) == sorted(slow.gaps)
    assert bool(slow.gaps) == by_order
    deltas = [row for table in rows.values() for row in table]
    assert any(row["order_id"] > 2**63 for row in deltas) == by_order
    assert {row["action"] for row in deltas} == ({"CLEAR", "ADD", "UPDATE", "DELETE"} if by_order else {"CLEAR", "ADD"})
    # Every spelling of a message is the same message.
    for seed in range(5):
        chance = random.Random(seed)
        how = frozenset({"shuffle", "space", "escape"})
        spelled = [(spell(parse(frame), chance, how).encode(), ts) for frame, ts in frames]
        assert decode(spelled, **options)[0] == rows


def test_a_book_by_order_goes_on_in_the_next_file(tmp_path: Path) -> None:
    """A rotated file goes on from the orders of the one before it, queues and all."""
    frames = kraken.by_order()
    first, rest = frames[:5], frames[7:10]
    whole, split = tmp_path / "whole", tmp_path / "split"
    for folder, parts in ((whole, [first + rest]), (split, [first, rest])):
        for number, part in enumerate(parts):
            lines = [f"{ts} ".encode() + frame for frame, ts in part]
            path = tmp_path / f"{folder.name}{number}.ndjson"
            path.write_bytes(b"\n".join(lines) + b"\n")
            report = tickwright.convert(path, folder, feed="kraken-spot", book="level3", precision=(1, 8))
            # The first update comes before any snapshot.
            assert (report.rejects, report.gaps) == (0, 1 - number)
    rows = [catalog_rows(folder, "delta", "BTC/USD.KRAKEN") for folder in (whole, split)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("depth", [10, 100])
def test_a_book_whose_numbers_were_written_anew_goes_on_in_the_next_file(tmp_path: Path, depth: int) -> None:
    """Neither how deep it is nor how many decimals the pair has is said again: the book that was left tells."""
    bids, asks = kraken.deep(depth, -1), kraken.deep(depth, 1)
    changes = [("62806.0", "0.50000000"), ("62806.0", "0.25000000"), ("62807.0", "1.00000000")]

    def short(side: kraken.Side) -> kraken.Side:
        return [(price.removesuffix(".0"), size.rstrip("0").rstrip(".")) for price, size in side]

    # As the first update of a file has them, no number has all its decimals.
    frames = [kraken.book("snapshot", short(bids), short(asks), kraken.crc(bids, asks))]
    standing = dict(bids)
    for at, change in enumerate(changes, 1):
        standing = dict(
            sorted((standing | dict([change])).items(), key=lambda level: Decimal(level[0]), reverse=True)[:depth]
        )
        checksum = kraken.crc(list(standing.items()), asks)
        frames.append(kraken.book("update", short([change]), [], checksum, time=kraken.T0 + at))
    # A level of the snapshot has all decimals, of prices and of sizes.
    frames[0] = frames[0].replace(b'"price":62805', b'"price":62805.0', 1)
    assert b"00000001" in frames[0]
    assert b"62805.0" in frames[0]
    stamped = list(zip(frames, range(TS, TS + len(frames)), strict=True))
    whole, split = tmp_path / "whole", tmp_path / "split"
    for folder, parts in ((whole, [stamped]), (split, [stamped[:1], stamped[1:2], stamped[2:]])):
        for number, part in enumerate(parts):
            path = tmp_path / f"{folder.name}{number}.ndjson"
            path.write_bytes(b"".join(f"{ts} ".encode() + frame + b"\n" for frame, ts in part))
            report = tickwright.convert(path, folder, feed="kraken-spot", precision=(1, 8))
            assert (report.rejects, report.gaps) == (0, 0), (folder.name, number)
    rows = [catalog_rows(folder, "delta", "BTC/USD.KRAKEN") for folder in (whole, split)]
    assert len(rows[0]) == 1 + 2 * depth + 2 + 2  # the last change pushes the worst bid out
    assert rows[0] == rows[1]
    # Two files of one conversion are one recording too.
    paths = []
    for number, part in enumerate([stamped[:1], stamped[1:]]):
        paths.append(tmp_path / f"{number}.ndjson")
        paths[-1].write_bytes(b"".join(f"{ts} ".encode() + frame + b"\n" for frame, ts in part))
    report = tickwright.convert(paths, tmp_path / "both", feed="kraken-spot", precision=(1, 8))
    assert (report.rejects, report.gaps) == (0, 0)
    assert catalog_rows(tmp_path / "both", "delta", "BTC/USD.KRAKEN") == rows[0]


def test_a_book_by_order_is_as_deep_in_the_next_file(tmp_path: Path) -> None:
    """What stands beyond the tenth level still stands there; an order that comes before it pushes the hundredth out."""
    bids, asks = (
        [(f"O{side}{at}", price, size) for at, (price, size) in enumerate(kraken.deep(100, side))] for side in (-1, 1)
    )
    better = ("N", "62806.5", "1.00000000")
    frames = [
        kraken.orders("snapshot", bids, asks, kraken.order_crc(bids, asks)),
        kraken.orders("update", [("add", *better)], [], kraken.order_crc([better, *bids], asks), time=kraken.T0 + 1),
        kraken.orders(
            "update", [("delete", *bids[50])], [], kraken.order_crc([better, *bids], asks), time=kraken.T0 + 2
        ),
    ]
    tables = []
    for name, parts in (("whole", [frames]), ("split", [frames[:1], frames[1:]])):
        at = TS
        for number, part in enumerate(parts):
            path = tmp_path / f"{name}{number}.ndjson"
            path.write_bytes(b"".join(f"{(at := at + 1)} ".encode() + frame + b"\n" for frame in part))
            report = tickwright.convert(path, tmp_path / name, feed="kraken-spot", book="level3", precision=(1, 8))
            assert (report.rejects, report.gaps) == (0, 0), (name, number)
        tables.append(catalog_rows(tmp_path / name, "delta", "BTC/USD.KRAKEN"))
    assert [row["action"] for row in tables[0][-3:]] == ["ADD", "DELETE", "DELETE"]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("how", [{"shuffle"}, {"space"}, {"escape"}, {"shuffle", "space", "escape", "unknown"}])
@pytest.mark.parametrize("name", kraken.SESSIONS)
def test_forms_of_frames_read_alike(name: str, how: set[str]) -> None:
    frames = kraken.SESSIONS[name]()
    wanted = decode(frames)[0]
    for seed in range(5):
        chance = random.Random(seed)
        spelled = [(spell(parse(frame), chance, frozenset(how)).encode(), ts) for frame, ts in frames]
        rows, report = decode(spelled)
        assert rows == wanted, seed
        assert bool(report["unknown_keys"]) == ("unknown" in how)


def damaged() -> list[tuple[bytes, str]]:
    """A frame, the code of its reject."""
    good = kraken.push("trade", "update", kraken.trade(1))
    swap = [
        (b'"side":"buy"', b'"side":"Buy"', "unknown_value"),
        (b'"price":78568.6', b'"price":0', "price_not_positive"),
        (b'"price":78568.6', b'"price":-1', "price_not_positive"),
        (b'"price":78568.6', b'"price":1.00000000000000001', "decimal_scale"),
        (b'"price":78568.6', b'"price":null', "wrong_type"),
        (b'"price":78568.6', b'"price":078568.6', "json_syntax"),
        (b'"qty":0.04244195', b'"qty":0', "size_not_positive"),
        (b'"trade_id":1', b'"trade_id":"1"', "wrong_type"),
        (b'"trade_id":1', b'"trade_no":1', "missing_key"),
        (b'"timestamp":"2026', b'"timestamp":"1986', "time_out_of_range"),
        (b'"timestamp":"2026', b'"timestamp":"x', "time_out_of_range"),
        (b'"symbol":"BTC/USD"', b'"symbol":"BTCUSD"', "unknown_value"),
        (b'"symbol":"BTC/USD"', b'"symbol":"../USD"', "unknown_value"),
        (b'"symbol":"BTC/USD"', b'"symbol":"A/B/C"', "unknown_value"),
        (b'"symbol":"BTC/USD"', b'"symbol":""', "unknown_value"),
        (b'"symbol":"BTC/USD"', b'"symbol":"\xff"', "invalid_utf8"),
        (b'"ord_type":"limit"', b'"price":1', "duplicate_key"),
        (b'"data":[', b'"data":[[', "json_syntax"),
        (b'"data":[', b'"dates":[', "missing_key"),
        (b'"channel":"trade"', b'"channel":7', "wrong_type"),
    ]
    cases = [(good.replace(old, new), code) for old, new, code in swap]
    assert all(frame != good for frame, _ in cases)
    book = kraken.book("snapshot", kraken.BIDS, kraken.ASKS, kraken.crc(kraken.BIDS, kraken.ASKS))
    added = kraken.orders("update", [("add", "A", "1.5", "2.5")], [], 1)
    sides = {"as": kraken.levels(("2", "1")), "bs": kraken.levels(("1", "1"))}
    start = kraken.T0 - kraken.T0 % 60_000_000
    return cases + [
        (book.replace(b'"type":"snapshot"', b'"type":"partial"'), "unknown_value"),
        (book.replace(b'"type":"snapshot",', b""), "missing_key"),
        (book.replace(b'"checksum":', b'"checksum":4294967296'), "integer_range"),
        (book.replace(b'"checksum":', b'"check":'), "missing_key"),
        (book.replace(b'"price":62807.0', b'"price":0.0'), "price_not_positive"),
        (book.replace(b'"price":62807.0', b'"price":62807.'), "json_syntax"),
        (book.replace(b'"qty":1.50000000', b'"qty":-1.5'), "size_not_positive"),
        (book.replace(b',"qty":1.50000000', b""), "missing_key"),
        (book.replace(b'"qty":1.50000000', b'"price":1.5'), "duplicate_key"),
        (book[:-1], "json_syntax"),
        (book + b"x", "json_syntax"),
        (kraken.push("ohlc", "update", kraken.candle(start, 1, open=kraken.Number("0"))), "price_not_positive"),
        (kraken.push("ohlc", "update", kraken.candle(start, 1, interval=7)), "unknown_value"),
        (kraken.ticker(bid="-1"), "price_not_positive"),
        (added.replace(b'"event":"add"', b'"event":"new"'), "unknown_value"),
        (added.replace(b'"order_id":"A"', b'"order_id":""'), "unknown_value"),
        (added.replace(b'"order_id":"A",', b""), "missing_key"),
        (added.replace(b'"limit_price":1.5', b'"limit_price":0'), "price_not_positive"),
        (added.replace(b',"order_qty":2.5', b""), "missing_key"),
        (added.replace(b'"order_qty":2.5', b'"order_qty":0.0'), "size_not_positive"),
        (added.replace(b'"order_qty":2.5', b'"order_qty":-1'), "size_not_positive"),
        (added.replace(b'"checksum":1', b'"checksum":"1"'), "wrong_type"),
        (added.replace(b'"type":"update"', b'"type":"partial"'), "unknown_value"),
        (added.replace(b'"bids":[', b'"bids":[['), "json_syntax"),
        (kraken.array("book-10", {"a": [["1", "2"]], "c": "1"}), "missing_key"),
        (kraken.array("book-10", {"a": kraken.levels(("1", "2")), "c": "x"}), "integer_range"),
        (kraken.array("book-10", sides | {"a": []}), "missing_key"),
        (kraken.array("book-10", {"a": []}, {"a": []}), "duplicate_key"),
        (kraken.array("book-10"), "missing_key"),
        (kraken.array("book-10", sides, pair="XBTUSD"), "unknown_value"),
        (kraken.array("trade", [["1", "2", "x", "b", "l", ""]]), "time_out_of_range"),
        (kraken.array("trade", [["1", "2", kraken.seconds(kraken.T0), "buy", "l", ""]]), "unknown_value"),
        (kraken.array("spread", ["1", "2", kraken.seconds(kraken.T0)]), "missing_key"),
        (b"[]", "missing_key"),
        (b'["trade"]', "missing_key"),
        (b"[1,2,3]", "wrong_type"),
        (b"7", "wrong_type"),
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
    depth = {"asks": [["30384.1", "2.05", 1779999440]], "bids": []}
    frames = [
        (kraken.push("trade", "update", kraken.trade(1), kraken.trade(2, side="both"), kraken.trade(3)), TS),
        (kraken.wire({"error": [], "result": {"what": depth, "DOTUSD": depth}}), TS),
    ]
    rows, report = decode(frames)
    assert {kind: len(table) for (kind, _), table in rows.items()} == {"trade": 2, "delta": 2}
    assert ends(report["accounting"]["items"]) == {"rows": 3, "rejected": 2}
    same(frames)


@pytest.mark.parametrize("name", kraken.SESSIONS)
def test_any_byte_lost_or_changed_is_counted(name: str) -> None:
    chance = random.Random(7)
    for frame, ts in kraken.SESSIONS[name]():
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


@pytest.mark.parametrize("depth", [10, 25, 100, 500, 1000])
def test_what_falls_out_of_the_depth_is_deleted(depth: int) -> None:
    bids, asks = kraken.deep(depth, -1), kraken.deep(depth, 1)
    better = ("62806.5", "1.00000000")
    frames = [
        (kraken.acknowledged(depth), TS),
        (kraken.book("snapshot", bids, asks, kraken.crc(bids, asks)), TS + 1),
        (kraken.book("update", [better], [], kraken.crc([better, *bids], asks), time=kraken.T0 + 1), TS + 2),
    ]
    for given in (frames, frames[1:]):
        rows, report = decode(given)
        assert report["gaps"] == []
        last = [(row["action"], row["side"], row["price"]) for row in rows[("delta", "BTC/USD.KRAKEN")][-2:]]
        assert last == [("ADD", "BUY", Decimal("62806.5")), ("DELETE", "BUY", Decimal(bids[-1][0]))]
    # What the subscription was acknowledged with counts, however few levels there are.
    shallow = kraken.book("snapshot", bids[:3], asks[:3], kraken.crc(bids[:3], asks[:3]))
    rows, _ = decode([frames[0], (shallow, TS), (kraken.book("update", bids[3:], [], kraken.crc(bids, asks[:3])), TS)])
    assert len(rows[("delta", "BTC/USD.KRAKEN")]) == 1 + 6 + depth - 3


@pytest.mark.parametrize(("on_gap", "withheld"), [("withhold", 4), ("rebuild", 0), ("continue", 0)])
def test_what_is_done_about_a_wrong_checksum(on_gap: str, withheld: int) -> None:
    bids, asks = kraken.deep(10, -1), kraken.deep(10, 1)
    good = kraken.crc(bids, asks)
    frames = [
        (kraken.book("snapshot", bids, asks, good), TS),
        *((kraken.book("update", bids[:1], [], 7, time=kraken.T0 + at), TS + at) for at in range(1, 5)),
        (kraken.book("snapshot", bids, asks, good, time=kraken.T0 + 9), TS + 9),
        (kraken.book("update", bids[:1], [], good, time=kraken.T0 + 10), TS + 10),
    ]
    _, report = decode(frames, on_gap=on_gap)
    assert report["accounting"]["frames"]["withheld"] == withheld
    gap = report["gaps"][0]
    assert (gap["cause"], gap["resolution"]) == ("checksum", "snapshot" if on_gap == "withhold" else on_gap)


def recorded(path: Path, *parts: tuple[str, list[bytes]], start: int = 1_780_000_100) -> Path:
    """A cryptofeed file: connections and answers under their URLs, frames received."""
    lines, second = [], start
    for url, frames in parts:
        if url.startswith("wss:"):
            lines.append(f"{url} <-> {second}.5".encode())
        for frame in frames:
            second += 1
            head = f"{url} -> {second}.25: " if url.startswith("https:") else f"{second}.25: "
            lines.append(head.encode() + frame)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


URL = "wss://ws.kraken.com/v2"


def test_a_quiet_book_is_asked_for_anew(tmp_path: Path) -> None:
    """The first connection loses a message and ends; the snapshot of the next has the time of the last change."""
    bids, asks = kraken.deep(10, -1), kraken.deep(10, 1)
    changed = [(bids[0][0], "5.00000000"), *bids[1:]]
    frames = [
        kraken.book("snapshot", bids, asks, kraken.crc(bids, asks)),
        kraken.book("update", [], [], kraken.crc(changed, asks), time=kraken.T0 + 2),
    ]
    again = kraken.book("snapshot", changed, asks, kraken.crc(changed, asks), time=kraken.T0 + 2)
    path = recorded(tmp_path / "c.txt", (URL, frames), (URL, [again]))
    batches, report = tickwright.decode_file(path, feed="kraken-spot")
    assert [(gap["cause"], gap["resolution"]) for gap in report["gaps"]] == [("checksum", "snapshot")]
    rows = batch_rows(batches[("delta", "BTC/USD.KRAKEN")])
    assert sum(row["action"] == "CLEAR" for row in rows) == 2


def test_definitions(tmp_path: Path) -> None:
    """Of the channel and of the answer, in one catalog; the reference makes the same of every pair."""
    asset = {
        "altname": "XBTEUR", "wsname": "XBT/EUR", "base": "XXBT", "quote": "ZEUR", "pair_decimals": 1, "lot_decimals": 8,
        "ordermin": "0.0001", "costmin": "0.5", "tick_size": "0.1", "status": "online",
    }  # fmt: skip
    dark = {"altname": "ETHXBT.d", "base": "XETH", "quote": "XXBT", "pair_decimals": 5, "lot_decimals": 8}
    old = {
        "altname": "ADAXBT",
        "wsname": "ADA/XBT",
        "base": "ADA",
        "quote": "XXBT",
        "pair_decimals": 8,
        "lot_decimals": 8,
    }
    answer = kraken.wire({"error": [], "result": {"XXBTZEUR": asset, "XETHXXBT.d": dark, "ADAXBT": old}})
    pushed = kraken.instruments(kraken.definition(), kraken.definition(symbol="BAD", base="A", quote="B"))
    trades = [kraken.push("trade", "update", kraken.trade(1, pair=pair)) for pair in ("BTC/USD", "BTC/EUR", "ADA/BTC")]
    path = recorded(
        tmp_path / "c.txt", ("https://api.kraken.com/0/public/AssetPairs", [answer]), (URL, [pushed, *trades])
    )
    report = tickwright.convert(path, tmp_path / "catalog")
    slow = Kraken()
    for item in read(path).items:
        slow.push(item.body, item.ts, item.url)
    found = {item["instrument_id"]: item for item in report.instruments}
    assert found.keys() == slow.definitions.keys() and len(found) == 3
    for name, wanted in slow.definitions.items():
        got = found[name]
        renamed = {"class": "type"} if "class" not in got else {}
        for key, value in wanted.items():
            assert got[renamed.get(key, key)] == value, (name, key)
    assert {path.name for path in (tmp_path / "catalog/data/trade_tick").iterdir()} == {
        "BTCUSD.KRAKEN", "BTCEUR.KRAKEN", "ADABTC.KRAKEN"
    }  # fmt: skip


def test_a_book_message_of_several_items_is_a_reject() -> None:
    """What waits for a snapshot is accounted for by its frame, which cannot be two things."""
    message = json.loads(kraken.book("update", [("78568.4", "1.0")], [("78568.5", "2.0")], 1))
    message["data"] *= 2
    frame = json.dumps(message).encode()
    decoder = tickwright.Decoder("kraken-spot")
    decoder.push(frame, 1_700_000_000_000_000_000)
    decoder.flush()
    accounting = decoder.report()["accounting"]
    assert (accounting["frames"]["total"], accounting["frames"]["rejected"]) == (1, 1)
    assert accounting["bytes"]["total"] == len(frame)
