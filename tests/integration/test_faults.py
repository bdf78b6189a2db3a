"""Bad input, bad places, bad luck: each gets a clear error or a reject, nothing is lost, nothing panics.

Commands are real processes. `processes.tickwright` checks of each: exit code documented, no panic, nothing for the
terminal on stderr; `processes.convert` that the accounting adds up.
"""

import gzip
import json
import os
import random
import signal
import subprocess
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tickwright import _core

from tests.container import blocks, container, header
from tests.frames import usdm
from tests.processes import (
    COMMAND,
    consistent,
    convert,
    data,
    gz,
    log,
    rejects,
    sane,
    text,
    tickwright,
    trade,
    trade_ids,
    trades,
    whole,
    zstd,
)

USDM = ("--feed", "binance-usdm")
TRADES = "data/trade_tick/BTCUSDT-PERP.BINANCE"


def write(path: Path, raw: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


# --- Frames: one bad one between two good ones


def agg(**more: str) -> bytes:
    """An aggTrade whose values are raw JSON text; `None` leaves a key out, `key_` adds one again."""
    values = {"e": '"aggTrade"', "E": "1700000000001", "a": "2", "s": '"BTCUSDT"', "p": '"100.5"', "q": '"0.25"'}
    values |= {"f": "2", "l": "2", "T": "1700000000001", "m": "true"} | more
    return ("{" + ",".join(f'"{k.rstrip("_")}":{v}' for k, v in values.items() if v) + "}").encode()


def depth(bids: str, **more: str) -> bytes:
    values = {"e": '"depthUpdate"', "E": "1700000000001", "T": "1700000000001", "s": '"BTCUSDT"', "U": "1", "u": "2"}
    values |= {"pu": "0", "b": bids, "a": "[]"} | more
    return ("{" + ",".join(f'"{k}":{v}' for k, v in values.items()) + "}").encode()


def test_the_frames_below_are_good_but_for_what_is_changed(tmp_path: Path) -> None:
    source = write(tmp_path / "c.ndjson", text([(1_700_000_000_000_000_000, agg())]))
    assert convert(source, *USDM, into=tmp_path / "catalog").body["rejects"] == 0
    assert trade_ids(tmp_path / "catalog") == ["2"]


BAD = {
    # Half a message, or none.
    "half": (agg()[:60], "json_syntax"),
    "half in a string": (agg()[:13], "json_syntax"),
    "two in a line": (agg() + agg(), "json_syntax"),
    "trailing comma": (agg()[:-1] + b",}", "json_syntax"),
    "no json": (b"<html>502 Bad Gateway</html>", "json_syntax"),
    "nothing": (b"", "json_syntax"),
    "control character in a string": (agg(s='"BTC\tUSDT"'), "json_syntax"),
    "deep": (b'{"e":"aggTrade","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", "json_depth"),
    # UTF-8.
    "utf-8 in a value": (agg().replace(b"BTCUSDT", b"BTC\xff\xfeUSDT"), "invalid_utf8"),
    "utf-8 in a key nobody reads": (agg(zz='"?"').replace(b"?", b"\xc3"), "invalid_utf8"),
    "utf-8 overlong": (agg(zz='"?"').replace(b"?", b"\xc0\xaf"), "invalid_utf8"),
    # Types.
    "price is a list": (agg(p='["1"]'), "wrong_type"),
    "price is null": (agg(p="null"), "wrong_type"),
    "size is a bool": (agg(q="true"), "wrong_type"),
    "time is text": (agg(T='"soon"'), "wrong_type"),
    "side is a number": (agg(m="1"), "wrong_type"),
    "symbol is a number": (agg(s="5"), "wrong_type"),
    "levels are an object": (depth("{}"), "wrong_type"),
    "a level is text": (depth('["1.0"]'), "wrong_type"),
    # Keys.
    "no price": (agg(p=""), "missing_key"),
    "no symbol": (agg(s=""), "missing_key"),
    "no time": (agg(T=""), "missing_key"),
    "price twice": (agg(p_='"100.5"'), "duplicate_key"),
    "price twice, not equal": (agg(p_='"1"'), "duplicate_key"),
    # Numbers that are none.
    "NaN": (agg(p="NaN"), "json_syntax"),
    "Infinity": (agg(p="Infinity"), "json_syntax"),
    "-Infinity": (agg(q="-Infinity"), "json_syntax"),
    "NaN as text": (agg(p='"NaN"'), "decimal_syntax"),
    "Infinity as text": (agg(q='"Infinity"'), "decimal_syntax"),
    "two points": (agg(p='"1.2.3"'), "decimal_syntax"),
    "empty price": (agg(p='""'), "decimal_syntax"),
    "blank before": (agg(p='" 1"'), "decimal_syntax"),
    "hexadecimal": (agg(p='"0x10"'), "decimal_syntax"),
    # Numbers that do not fit.
    "1e400": (agg(p="1e400"), "decimal_range"),
    "1e400 as text": (agg(p='"1e400"'), "decimal_range"),
    "1e99999999999999999999": (agg(p='"1e99999999999999999999"'), "decimal_range"),
    "40 digits": (agg(p=f'"{"9" * 40}"'), "decimal_range"),
    "40 digits of size": (agg(q=f'"{"9" * 40}"'), "decimal_range"),
    "40 decimals": (agg(p=f'"0.{"1" * 40}"'), "decimal_scale"),
    "1e-400": (agg(p='"1e-400"'), "decimal_scale"),
    "40 digits of id": (agg(a="9" * 40), "integer_range"),
    "negative id": (agg(a="-1"), "integer_range"),
    "fraction of an id": (agg(a="1.5"), "wrong_type"),
    # Prices and sizes that cannot be.
    "price 0": (agg(p='"0"'), "price_not_positive"),
    "price 0.000": (agg(p='"0.000"'), "price_not_positive"),
    "price -0": (agg(p='"-0"'), "price_not_positive"),
    "negative price": (agg(p='"-100.5"'), "price_not_positive"),
    "negative size": (agg(q='"-0.25"'), "size_not_positive"),
    "size 0": (agg(q='"0"'), "size_not_positive"),
    "level at 0": (depth('[["0","1"]]'), "price_not_positive"),
    "level of a negative size": (depth('[["1","-1"]]'), "size_not_positive"),
    # Times: seconds, nanoseconds, before 2009, in 2100 and after.
    "time in s": (agg(T="1700000000"), "time_out_of_range"),
    "time in ns": (agg(T="1700000000001000000"), "time_out_of_range"),
    "time 0": (agg(T="0"), "time_out_of_range"),
    "2008-12-31": (agg(T="1230767999999"), "time_out_of_range"),
    "2100-01-01": (agg(T="4102444800000"), "time_out_of_range"),
    "2100-01-01 in us": (agg(T="4102444800000000"), "time_out_of_range"),
    "negative time": (agg(T="-1"), "integer_range"),
    # Symbols that would leave the catalog, or speak to a terminal.
    "parent folder": (agg(s='"../../../etc"'), "unknown_value"),
    "parent folder alone": (agg(s='".."'), "unknown_value"),
    "slash": (agg(s='"BTC/USDT"'), "unknown_value"),
    "escaped slash": (agg(s='"\\u002e\\u002e\\u002fx"'), "unknown_value"),
    "backslash": (agg(s='"a\\\\b"'), "unknown_value"),
    "NUL": (agg(s='"BTC\\u0000USDT"'), "unknown_value"),
    "terminal escape": (agg(s='"\\u001b[31mBTC"'), "unknown_value"),
    "right to left": (agg(s='"\\u202eTDSU"'), "unknown_value"),
    "drive": (agg(s='"C:"'), "unknown_value"),
    "no text": (agg(s='""'), "unknown_value"),
    "long": (agg(s=f'"{"X" * 300}"'), "unknown_value"),
}


def test_every_bad_frame_is_one_reject_with_its_place_reason_and_bytes(tmp_path: Path) -> None:
    """One capture of all of them, each between two good trades, so that a process is not started for each."""
    lines = []
    for number, (frame, _) in enumerate(BAD.values()):
        lines += [trade(10 * number + 1), frame, trade(10 * number + 3)]
    lines = [b"%d %s\n" % (1_700_000_000_000_000_000 + n, line) for n, line in enumerate(lines)]
    source = write(tmp_path / "c.ndjson", b"".join(lines))
    done = convert(source, *USDM, into=tmp_path / "catalog")
    assert (done.code, done.body["status"]) == (0, "committed")
    found = {reject["line"]: reject for reject in rejects(tmp_path / "catalog", done.body)}
    wrong = {}
    for number, (name, (frame, code)) in enumerate(BAD.items()):
        reject = found.pop(3 * number + 2, None)
        if reject is None or reject["code"] != code:
            wrong[name] = (code, reject and reject["code"])
            continue
        kept = reject["body"].encode() if reject["encoding"] == "utf-8" else bytes.fromhex(reject["body"])
        assert kept == frame, name
        assert reject["offset"] == sum(map(len, lines[: 3 * number + 1])) + 20, name
        assert reject["reason"].startswith("binance-usdm at byte "), name
        assert reject["ts"] == 1_700_000_000_000_000_001 + 3 * number
        assert all(c.isprintable() for c in reject["reason"]), name
    assert wrong == {}
    assert found == {}
    # The good ones on both sides of each are there, and nothing else is.
    assert trade_ids(tmp_path / "catalog") == [str(10 * n + k) for n in range(len(BAD)) for k in (1, 3)]
    assert done.body["accounting"]["frames"] | {"total": 0, "rows": 0} == dict.fromkeys(
        done.body["accounting"]["frames"], 0
    ) | {"rejected": len(BAD)}
    (only,) = done.body["sources"]
    assert only["bytes"] == source.stat().st_size
    assert {p.split("/")[2] for p in data(tmp_path / "catalog")} == {"BTCUSDT-PERP.BINANCE"}


def test_max_rejects_is_told_by_the_exit_code_and_the_commit_stands(tmp_path: Path) -> None:
    source = write(tmp_path / "c.ndjson", text(trades(2)) + b"1700000000000000009 {\n")
    done = convert(source, *USDM, "--max-rejects", 0, into=tmp_path / "catalog")
    assert (done.code, done.body["status"], done.body["rejects"]) == (1, "committed", 1)
    assert trade_ids(tmp_path / "catalog") == ["1", "2"]


def definitions(*symbols: str) -> bytes:
    """An ``exchangeInfo`` of spot."""
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "9000", "stepSize": "0.001"},
    ]
    common = {"status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": filters}
    return json.dumps({"timezone": "UTC", "symbols": [{"symbol": symbol, **common} for symbol in symbols]}).encode()


UNSAFE = ["CON", "nul", "LPT1", "../../x", "..", "a/b", "\u001b[31mX", "X\u202e", ".hidden", "x" * 200, "a:b", "A ", ""]


@pytest.mark.parametrize("defined", [False, True])
def test_one_name_that_cannot_be_a_folder_spoils_nothing_else(tmp_path: Path, defined: bool) -> None:
    """Reserved names among them, which only the id of a spot pair has before its point; defined or not."""
    frames = [(1_699_999_999_000_000_000, definitions("BTCUSDT", *UNSAFE))] if defined else []
    for number, symbol in enumerate(["BTCUSDT", *UNSAFE]):
        told = json.loads(trade(number + 1)) | {"s": symbol}
        frames.append((1_700_000_000_000_000_000 + number, json.dumps(told).encode()))
    source = write(tmp_path / "c.ndjson", text(frames))
    done = convert(source, "--feed", "binance-spot", into=tmp_path / "catalog")
    assert (done.code, done.body["rejects"]) == (0, len(UNSAFE) * (2 if defined else 1)), done
    assert {Path(name).parts[2] for name in data(tmp_path / "catalog")} == {"BTCUSDT.BINANCE"}
    assert [each["instrument_id"] for each in done.body["instruments"]] == ["BTCUSDT.BINANCE"] * defined


# --- Lines


def test_half_a_line_at_the_end(tmp_path: Path) -> None:
    raw = text(trades(5))
    source = write(tmp_path / "c.ndjson", raw[:-40])
    done = convert(source, *USDM, into=tmp_path / "catalog")
    (reject,) = rejects(tmp_path / "catalog", done.body)
    assert (done.code, reject["line"], reject["code"]) == (0, 5, "json_syntax")
    assert trade_ids(tmp_path / "catalog") == ["1", "2", "3", "4"]
    assert done.body["sources"][0]["bytes"] == len(raw) - 40


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        (b"1700000000", "line_without_prefix"),
        (b"9999999999999999999", "bad_receive_time"),
        (b"1230767999999999999", "bad_receive_time"),
        (b"170000000000000000x", "bad_receive_time"),
        (b"-170000000000000000", "bad_receive_time"),
        (b"\xff\xfe", "line_without_prefix"),
    ],
)
def test_receive_times_that_are_none(tmp_path: Path, stamp: bytes, code: str) -> None:
    """A line whose receive time cannot be read is a reject: a row without its place in time would be a guess."""
    good = text(trades(3)).splitlines(keepends=True)
    source = write(tmp_path / "c.ndjson", good[0] + stamp + b" " + trade(99) + b"\n" + good[2])
    done = convert(source, *USDM, into=tmp_path / "catalog")
    (reject,) = rejects(tmp_path / "catalog", done.body)
    assert (reject["line"], reject["code"]) == (2, code)
    assert trade_ids(tmp_path / "catalog") == ["1", "3"]


def test_a_line_over_the_limit(tmp_path: Path) -> None:
    """64 MiB and more without a new line: its head is kept as a reject, its bytes count, the next line is read."""
    good = text(trades(2)).splitlines(keepends=True)
    source = tmp_path / "c.ndjson"
    with source.open("wb") as out:
        out.write(good[0] + b'1700000000001500000 {"e":"aggTrade","x":"')
        for _ in range(65):
            out.write(b"y" * (1 << 20))
        out.write(b'"}\n' + good[1])
    done = convert(source, *USDM, into=tmp_path / "catalog")
    (reject,) = rejects(tmp_path / "catalog", done.body)
    assert (done.code, reject["code"], reject["line"], reject["offset"]) == (0, "line_too_long", 2, len(good[0]))
    assert trade_ids(tmp_path / "catalog") == ["1", "2"]
    assert done.body["sources"][0]["bytes"] == source.stat().st_size


# --- Compression: cut, flipped


def members(raw: bytes) -> bytes:
    """Two gzip members, cut in the middle of a line."""
    half = len(raw) // 2 + 7
    return gz(raw[:half]) + gz(raw[half:])


@pytest.mark.parametrize("pack", [gz, zstd, members])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.97])
def test_cut_input(tmp_path: Path, pack, keep: float) -> None:
    frames = trades(20_000)
    packed = pack(text(frames))
    source = write(tmp_path / "cut.bin", packed[: int(len(packed) * keep)])
    done = convert(source, *USDM, into=tmp_path / "catalog")
    assert done.error == (3, "truncated")
    assert str(source) in done.message
    assert "is cut short after" in done.message and "--allow-truncated" in done.message
    assert data(tmp_path / "catalog") == {} and log(tmp_path / "catalog") == []

    done = convert(source, *USDM, "--allow-truncated", into=tmp_path / "catalog")
    assert (done.code, done.body["rejects"]) == (0, 0)
    (only,) = done.body["sources"]
    assert only["truncated"]
    ids = trade_ids(tmp_path / "catalog")
    assert 0 < len(ids) < len(frames)
    assert ids == [str(n + 1) for n in range(len(ids))], "a prefix, whole lines only"
    # Every decompressed byte is there: those of the lines, and less than a line after them.
    lines = len(text(frames[: len(ids)]))
    assert lines <= only["bytes"] < lines + len(text(frames[len(ids) : len(ids) + 1]))
    if pack is gz:
        inflated = zlib.decompressobj(wbits=31).decompress(source.read_bytes())
        assert only["bytes"] == len(inflated)
        assert len(ids) == inflated.count(b"\n")
    consistent(tmp_path / "catalog")


def test_cut_before_anything_could_be_read(tmp_path: Path) -> None:
    for number, packed in enumerate((gz(text(trades(9)))[:12], zstd(text(trades(9)))[:8])):
        source = write(tmp_path / f"{number}.bin", packed)
        assert convert(source, *USDM, into=tmp_path / "catalog").error == (3, "truncated")
        # Nothing is there to be kept.
        done = convert(source, *USDM, "--allow-truncated", into=tmp_path / "catalog")
        assert done.code == 3, done
        assert str(source) in done.message
    assert data(tmp_path / "catalog") == {}


def flips(raw: bytes, count: int, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(count):
        at, bit = chance.randrange(len(raw)), 1 << chance.randrange(8)
        yield raw[:at] + bytes([raw[at] ^ bit]) + raw[at + 1 :]


def attempt(source: Path, catalog: Path, **options: object) -> dict:
    """A conversion in this process: the report, or the error as `{"code", "message"}`."""
    asked = {"inputs": [str(source)], "output": str(catalog), "feed": "binance-usdm", **options}
    try:
        return json.loads(_core.Conversion(json.dumps(asked)).result())
    except _core.TickwrightError as error:
        return {"code": error.code, "message": str(error), "path": error.path}


@pytest.mark.parametrize("pack", [gz, zstd, members])
def test_flipped_bits_in_compressed_input(tmp_path: Path, pack) -> None:
    """Either the damage is told and nothing is committed, or it changed nothing: gzip's header has bytes to spare,
    and zstd frames need no checksum, so there a changed row can be met; never a lost one."""
    frames = trades(3_000)
    raw = text(frames)
    outcomes: dict[str, int] = {}
    for number, damaged in enumerate(flips(pack(raw), 60, seed=number_of(pack))):
        source, catalog = write(tmp_path / f"{number}.bin", damaged), tmp_path / f"catalog{number}"
        done = attempt(source, catalog)
        if "status" not in done:
            assert done["code"] in ("corrupt", "truncated", "unknown_container"), done
            assert str(source) in done["message"]
            assert not (catalog / "data").exists()
            assert not log(catalog)
            outcomes[done["code"]] = outcomes.get(done["code"], 0) + 1
            continue
        outcomes["read"] = outcomes.get("read", 0) + 1
        (only,) = done["sources"]
        if only["truncated"]:
            # The second member's header, which may be what a restarted collector leaves behind.
            assert pack is members and any("ends early" in note for note in done["notes"])
            continue
        assert only["bytes"] == len(raw), "not a byte is missing"
        if pack is not zstd:
            assert trade_ids(catalog) == [str(n + 1) for n in range(3_000)]
    assert outcomes.get("corrupt", 0) > 10, outcomes


def number_of(pack) -> int:
    return [gz, zstd, members].index(pack)


def broken_member(first: bytes, second: bytes) -> bytes:
    """Two gzip members, the second's magic damaged."""
    return gz(first) + b"\x1f\x8a" + gz(second)[2:]


def test_a_damaged_header_of_a_later_member_is_found(tmp_path: Path) -> None:
    """Not the end of the file: half of it would be lost without a word."""
    stamped = [(ts // 1_000, body) for ts, body in trades(100)]  # in us: plain NDJSON
    source = write(tmp_path / "c.gz", broken_member(text(stamped[:50]), text(stamped[50:])))
    for more in ([], ["--allow-truncated"]):
        done = convert(source, *USDM, *more, into=tmp_path / "catalog")
        assert done.error == (3, "corrupt"), done
        assert str(source) in done.message and "gzip header" in done.message
    assert data(tmp_path / "catalog") == {}


def test_old_bytes_that_a_restarted_collector_leaves_behind_are_told(tmp_path: Path) -> None:
    """hftbacktest's collector writes over its file from byte 0: what follows the new member is not its own."""
    first = text(trades(50))
    source = write(tmp_path / "btcusdt_20231114.gz", gz(first) + gz(text(trades(500)))[90:])
    done = convert(source, *USDM, into=tmp_path / "catalog")
    (only,) = done.body["sources"]
    assert (done.code, only["container"], only["truncated"], only["bytes"]) == (0, "hftbacktest", True, len(first))
    assert f"{source} ends early: nothing could be read after {len(first)} decompressed bytes" in done.body["notes"]
    assert len(trade_ids(tmp_path / "catalog")) == 50


def test_flipped_bits_in_plain_input(tmp_path: Path) -> None:
    """Plain text has no checksum: a line is good, or a reject, or (a digit) another good one; the others stand."""
    frames = trades(200)
    raw = text(frames)
    for number, damaged in enumerate(flips(raw, 60, seed=5)):
        source, catalog = write(tmp_path / f"{number}.ndjson", damaged), tmp_path / f"catalog{number}"
        done = attempt(source, catalog)
        if "status" not in done:
            assert done["code"] == "unknown_container", done
            continue
        (only,) = done["sources"]
        assert only["bytes"] == len(raw)
        ends = only["accounting"]["frames"]
        assert ends["total"] == ends["rows"] + ends["rejected"] + ends["duplicate"] + ends["control"]
        assert 198 <= ends["total"] <= 201 and ends["rows"] >= 198, ends
        untouched = {str(n + 1) for n in range(200)} & set(trade_ids(catalog))
        assert len(untouched) >= 198


# --- Our own container


@pytest.fixture(scope="module")
def recorded() -> list[tuple[int, bytes]]:
    return trades(1_000)


def test_our_container(tmp_path: Path, recorded: list[tuple[int, bytes]]) -> None:
    """Written here from the documented layout, read there."""
    source = write(tmp_path / "c.tkw", container(recorded, "binance-usdm"))
    done = convert(source, into=tmp_path / "catalog")
    (only,) = done.body["sources"]
    assert (only["container"], only["feed"], only["frames"]) == ("tickwright", "binance-usdm", 1_000)
    assert trade_ids(tmp_path / "catalog") == [str(n + 1) for n in range(1_000)]
    # The same frames in another container make the same files.
    other = write(tmp_path / "c.ndjson", text(recorded))
    convert(other, *USDM, into=tmp_path / "other")
    assert data(tmp_path / "other") == data(tmp_path / "catalog")


def test_every_flipped_bit_of_our_container_is_found(tmp_path: Path, recorded: list[tuple[int, bytes]]) -> None:
    raw = container(recorded, "binance-usdm")
    for number, damaged in enumerate(flips(raw, 120, seed=11)):
        source, catalog = write(tmp_path / f"{number}.tkw", damaged), tmp_path / "catalog"
        done = attempt(source, catalog)
        assert "status" not in done, f"flip {number} was not noticed"
        assert done["code"] in ("corrupt", "unknown_container", "truncated"), done
        assert str(source) in done["message"]
        if done["code"] == "corrupt":
            assert "is damaged after" in done["message"]
    assert not (tmp_path / "catalog/data").exists()


def test_our_container_cut(tmp_path: Path, recorded: list[tuple[int, bytes]]) -> None:
    raw = container(recorded, "binance-usdm")
    source = write(tmp_path / "cut.tkw", raw[: len(raw) * 2 // 3])
    done = convert(source, into=tmp_path / "catalog")
    assert done.error == (3, "truncated") and "--allow-truncated" in done.message
    done = convert(source, "--allow-truncated", into=tmp_path / "catalog")
    assert done.code == 0 and done.body["sources"][0]["truncated"]
    ids = trade_ids(tmp_path / "catalog")
    assert ids == [str(n + 1) for n in range(len(ids))]
    assert len(ids) % 100 == 0 and 500 <= len(ids) < 700, "all whole blocks before the cut"


@pytest.mark.parametrize("change", ["lost", "repeated", "moved"])
def test_a_block_lost_repeated_or_moved_is_found(
    tmp_path: Path, recorded: list[tuple[int, bytes]], change: str
) -> None:
    """Each block is sound by itself; its ordinal says that its neighbour is not the one it was written beside."""
    parts = blocks(recorded, 100)
    if change == "lost":
        del parts[4]
    elif change == "repeated":
        parts.insert(4, parts[4])
    else:
        parts[4], parts[5] = parts[5], parts[4]
    source = write(tmp_path / "c.tkw", header("binance-usdm") + b"".join(parts))
    done = convert(source, into=tmp_path / "catalog")
    assert done.error == (3, "corrupt"), done
    assert "block" in done.message


# --- Files that are none


def test_empty_files(tmp_path: Path) -> None:
    for name, raw in {
        "empty": b"",
        "blank": b"\n  \n",
        "bom": b"\xef\xbb\xbf",
        "empty.gz": gz(b""),
        "z": zstd(b""),
    }.items():
        source = write(tmp_path / name, raw)
        done = convert(source, into=tmp_path / "catalog")
        assert done.error == (3, "empty"), name
        assert done.message == f"{source} is empty"
    assert not (tmp_path / "catalog").exists()


def test_a_folder_of_nothing(tmp_path: Path) -> None:
    write(tmp_path / "in/empty", b"")
    write(tmp_path / "in/deep/notes.txt", b"hello, world\n")
    done = convert(tmp_path / "in", into=tmp_path / "catalog")
    assert done.error == (3, "no_input")
    assert "notes.txt (no capture and no dump that is known)" in done.message and "empty (empty)" in done.message
    (tmp_path / "bare").mkdir()
    assert convert(tmp_path / "bare", into=tmp_path / "catalog").error == (3, "no_input")
    assert convert(tmp_path / "*.none", into=tmp_path / "catalog").error == (3, "no_input")


def test_unknown_files_and_feeds(tmp_path: Path) -> None:
    strange = write(tmp_path / "strange.bin", os.urandom(1_000).replace(b"\x1f", b"\x00"))
    done = convert(strange, into=tmp_path / "catalog")
    assert done.error == (3, "unknown_container")
    assert str(strange) in done.message and "tickwright feeds" in done.message

    foreign = write(tmp_path / "foreign.ndjson", text([(1_700_000_000_000_000_000, b'{"hello":"world"}')] * 3))
    done = convert(foreign, into=tmp_path / "catalog")
    assert done.error == (3, "unknown_feed")
    assert str(foreign) in done.message and "--feed" in done.message and "binance-usdm" in done.message

    # Bars of spot and of USD-M are the same text: only these feeds are named.
    bar = (
        b'{"e":"kline","E":1700000060001,"s":"BTCUSDT","k":{"t":1700000000000,"T":1700000059999,"s":"BTCUSDT","i":"1m",'
        b'"f":100,"L":200,"o":"30000.0","c":"30001.0","h":"30002.0","l":"29999.0","v":"12.5","n":100,"x":true,'
        b'"q":"375000.0","V":"6.0","Q":"180000.0","B":"0"}}'
    )
    bars = write(tmp_path / "bars.ndjson", text([(1_700_000_060_002_000_000, bar)] * 3))
    done = convert(bars, into=tmp_path / "catalog")
    assert done.error == (3, "unknown_feed")
    assert "binance-spot" in done.message and "binance-usdm" in done.message
    assert "okx" not in done.message and "kraken" not in done.message, done.message

    done = convert(foreign, "--feed", "binance-mars", into=tmp_path / "catalog")
    assert done.error == (2, "usage")
    assert "binance-mars" in done.message and "binance-coinm" in done.message
    assert not (tmp_path / "catalog").exists()

    # Told what it is, it is read: what says nothing to that feed is counted and named, not lost.
    done = convert(foreign, *USDM, into=tmp_path / "catalog")
    ends = done.body["accounting"]["frames"]
    assert (done.code, ends["total"], ends["rows"]) == (0, 3, 0)


def test_unknown_symbols_give_rows_and_are_named(tmp_path: Path) -> None:
    definitions = {
        "symbols": [
            {
                "symbol": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING", "baseAsset": "BTC",
                "quoteAsset": "USDT", "marginAsset": "USDT",
                "filters": [
                    {"filterType": "PRICE_FILTER", "tickSize": "0.1"}, {"filterType": "LOT_SIZE", "stepSize": "0.001"},
                ],
            }
        ]
    }  # fmt: skip
    info = write(tmp_path / "info.json", json.dumps(definitions).encode())
    source = write(tmp_path / "c.ndjson", text(trades(3) + trades(2, first=50, symbol="NEWUSDT")))
    done = convert(source, *USDM, "--instruments", info, into=tmp_path / "catalog")
    assert (done.code, done.body["rejects"]) == (0, 0)
    assert done.body["undefined_symbols"] == ["NEWUSDT"]
    assert trade_ids(tmp_path / "catalog", "NEWUSDT-PERP.BINANCE") == ["50", "51"]


def test_mixed_feeds_in_one_folder_are_each_converted_by_their_own(tmp_path: Path) -> None:
    now = 1_700_000_000_000
    spot = (
        b'{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"s":"BTCUSDT","t":7,"p":"100.5","q":"2","T":%d,'
        b'"m":false,"M":true}}' % (now, now)
    )
    coinm = (
        b'{"stream":"btcusd_perp@aggTrade","data":{"e":"aggTrade","E":%d,"a":8,"s":"BTCUSD_PERP","p":"100.5","q":"3",'
        b'"f":8,"l":8,"T":%d,"m":false}}' % (now, now)
    )
    write(tmp_path / "in/spot.ndjson", text([(now * 1_000_000, spot)] * 2))
    write(tmp_path / "in/coinm.gz", gz(text([(now * 1_000_000, coinm)])))
    write(tmp_path / "in/deep/usdm.tkw", container(trades(5), "binance-usdm"))
    write(tmp_path / "in/deep/readme.md", b"# not a capture\n")
    done = convert(tmp_path / "in", into=tmp_path / "catalog")
    assert done.code == 0
    assert {Path(s["path"]).name: s["feed"] for s in done.body["sources"]} == {
        "spot.ndjson": "binance-spot",
        "coinm.gz": "binance-coinm",
        "usdm.tkw": "binance-usdm",
    }
    assert {t["instrument_id"]: t["rows"] for t in done.body["tables"]} == {
        "BTCUSDT.BINANCE": 1,
        "BTCUSD-PERP.BINANCE": 1,
        "BTCUSDT-PERP.BINANCE": 5,
    }
    assert [Path(s["path"]).name for s in done.body["skipped"]] == ["readme.md"]
    consistent(tmp_path / "catalog")


# --- Where it goes


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "c.ndjson", text(usdm()))


def test_an_output_that_is_no_catalog(tmp_path: Path, source: Path) -> None:
    write(tmp_path / "photos/one.jpg", b"x")
    write(tmp_path / "file", b"x")
    for place in ("photos", "file", "file/inside"):
        done = convert(source, into=tmp_path / place)
        assert done.code == 4, done
        assert str(tmp_path / place) in done.message
        assert "give a new folder" in done.message, done.message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.ndjson", "file", "photos"]
    assert [p.name for p in (tmp_path / "photos").iterdir()] == ["one.jpg"]


def test_another_flavour_or_layout(tmp_path: Path, source: Path) -> None:
    catalog = tmp_path / "catalog"
    convert(source, into=catalog)
    before = data(catalog)
    later = write(tmp_path / "later.ndjson", text(trades(3, first=5_000)))
    for options in (["--flavour", "v2"], ["--flavour", "v1-standard"], ["--layout", "1.220"]):
        done = convert(later, *USDM, *options, into=catalog)
        assert done.error == (4, "other_flavour")
        assert "v1-high in the layout of 1.231" in done.message and "--flavour" in done.message
    assert data(catalog) == before
    # A catalog that others wrote has no log: its files tell.
    for folder in ("_tickwright",):
        for path in sorted((catalog / folder).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (catalog / folder).rmdir()
    done = convert(later, *USDM, "--flavour", "v2", into=catalog)
    assert done.error == (4, "other_flavour") and "holds v1-high" in done.message
    assert data(catalog) == before
    assert convert(later, *USDM, into=catalog).code == 0


root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, to be filled."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def noisy(count: int, first: int = 1) -> list[tuple[int, bytes]]:
    """Trades that do not compress to nothing."""
    chance = random.Random(first)
    return [
        (
            ts,
            body.replace(b'"100.5"', b'"%d.5"' % chance.randrange(1, 10**9)).replace(
                b"0.25", b"0.%09d1" % chance.randrange(10**9)
            ),
        )
        for ts, body in trades(count, first)
    ]


def used(place: Path) -> int:
    found = os.statvfs(place)
    return (found.f_blocks - found.f_bfree) * found.f_bsize


@root
def test_no_space_left(tmp_path: Path, small: Path) -> None:
    """At every size up to what is needed: refused with the catalog as it was, or done."""
    first = write(tmp_path / "a.ndjson", text(noisy(2_000)))
    second = write(tmp_path / "b.ndjson", text(noisy(10_000, first=2_001)))
    convert(first, *USDM, into=tmp_path / "calm")
    begun = data(tmp_path / "calm")
    convert(second, *USDM, into=tmp_path / "calm")
    catalog = small / "catalog"
    remount(small, "size=2m")
    assert convert(first, *USDM, into=catalog).code == 0
    refused, size = 0, used(small)
    while True:
        size += 16 << 10
        assert size < 2 << 20, "never enough"
        remount(small, f"size={size}")
        done = convert(second, *USDM, into=catalog)
        whole(catalog)
        if done.code == 0:
            break
        refused += 1
        assert done.error == (4, "no_space"), done
        assert str(catalog) in done.message
        assert "make room" in done.message
        if data(catalog) != begun:
            # The log entry was written and stands: the next opener finishes it.
            assert len(log(catalog)) == 2
    assert refused > 5
    assert data(catalog) == data(tmp_path / "calm")
    assert convert(second, *USDM, into=catalog).body["status"] == "nothing_new"
    consistent(catalog)


@root
def test_no_space_for_the_first_commit_or_for_spilling(tmp_path: Path, small: Path) -> None:
    source = write(tmp_path / "a.ndjson", text(noisy(250_000)))
    remount(small, "size=256k")
    for memory in ("32MiB", "512MiB"):
        done = convert(source, *USDM, "--memory", memory, into=small / "catalog")
        assert done.error == (4, "no_space"), done
        assert data(small / "catalog") == {} and log(small / "catalog") == []
        assert list((small / "catalog/_tickwright/staging").iterdir()) == []
    remount(small, "size=200m")
    convert(source, *USDM, into=tmp_path / "calm")
    assert convert(source, *USDM, "--memory", "32MiB", into=small / "catalog").code == 0
    assert data(small / "catalog") == data(tmp_path / "calm")


@root
def test_a_read_only_target(tmp_path: Path, small: Path, source: Path) -> None:
    remount(small, "size=4m")
    convert(source, into=small / "catalog")
    before = data(small / "catalog")
    remount(small, "ro")
    later = write(tmp_path / "later.ndjson", text(trades(3, first=5_000)))
    for place in (small / "catalog", small / "new"):
        done = convert(later, *USDM, into=place)
        assert done.error == (4, "read_only"), done
        assert str(place) in done.message
        assert done.message.endswith("give a catalog in a folder that can be written")
    remount(small, "rw")
    assert data(small / "catalog") == before


def test_two_converters_of_one_source(tmp_path: Path) -> None:
    source = write(tmp_path / "c.ndjson", text(trades(20_000)))
    convert(source, *USDM, into=tmp_path / "calm")
    for attempt in range(3):
        catalog = tmp_path / f"catalog{attempt}"
        together([source], [source], catalog=catalog)
        assert len(log(catalog)) == 1
        assert data(catalog) == data(tmp_path / "calm")
        consistent(catalog)


def test_two_converters_of_two_sources(tmp_path: Path) -> None:
    """Of other instruments, and of the same one at other times and with another precision."""
    one = write(tmp_path / "one.ndjson", text(trades(20_000)))
    other = write(tmp_path / "other.ndjson", text(trades(20_000, symbol="ETHUSDT")))
    late = [(ts + 86_400_000_000_000, body.replace(b'"100.5"', b'"100.525"')) for ts, body in trades(20_000, 50_000)]
    later = write(tmp_path / "later.ndjson", text(late))
    for number, pair in enumerate([(one, other), (one, later), (later, one)]):
        catalog = tmp_path / f"catalog{number}"
        together([pair[0]], [pair[1]], catalog=catalog)
        consistent(catalog)
        labels(catalog)
        # Whoever was refused has only to come again.
        for source in pair:
            done = convert(source, *USDM, into=catalog)
            assert done.code == 0 or done.error == (4, "overlap"), done
        consistent(catalog)
        labels(catalog)


def labels(catalog: Path) -> None:
    """Every file of a folder has the same metadata: NautilusTrader cannot read them else."""
    import pyarrow.parquet as pq

    for folder in (catalog / "data").glob("*/*"):
        found = {tuple(sorted(pq.read_metadata(p).metadata.items())) for p in folder.glob("*.parquet")}
        assert len(found) == 1, folder


def together(*inputs: list[Path], catalog: Path) -> list[int]:
    """Converters started at the same time: each is done, or is refused in words; one at least is done."""
    command = [*COMMAND, "convert", *USDM, "-o", str(catalog), "--json"]
    running = [
        subprocess.Popen([*command, *map(str, files)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for files in inputs
    ]
    codes = []
    while any(process.poll() is None for process in running):
        whole(catalog)
        time.sleep(0.01)
    for process in running:
        out, err = process.communicate(timeout=120)
        sane(process.returncode, err.decode())
        codes.append(process.returncode)
        if process.returncode != 0:
            error = json.loads(out)["error"]
            assert (process.returncode, error["code"]) in ((4, "overlap"), (4, "busy")), error
    assert 0 in codes
    return codes


def resized(count: int) -> list[tuple[int, bytes]]:
    """The same trades of another size: the same names and lengths everywhere."""
    return [(ts, body.replace(b'"q":"0.25"', b'"q":"0.75"')) for ts, body in trades(count)]


def test_replacing_by_files_of_the_same_name_and_size(tmp_path: Path) -> None:
    source = write(tmp_path / "c.ndjson", text(trades(5_000)))
    again = write(tmp_path / "d.ndjson", text(resized(5_000)))
    catalog = tmp_path / "catalog"
    convert(source, *USDM, into=catalog)
    before = data(catalog)
    assert convert(again, *USDM, "--replace", into=catalog).body["status"] == "committed"
    after = data(catalog)
    assert {n: len(b) for n, b in after.items()} == {n: len(b) for n, b in before.items()}, "or this shows nothing"
    convert(again, *USDM, into=tmp_path / "fresh")
    assert after == data(tmp_path / "fresh") != before
    consistent(catalog)


@root
def test_many_openers_of_one_unfinished_commit(tmp_path: Path) -> None:
    """A commit was logged and could not be applied: everyone who comes finishes it, all at once, and only once.

    Two who each exchange the old folder for the new one would bring back the old one.
    """
    source = write(tmp_path / "c.ndjson", text(trades(5_000)))
    again = write(tmp_path / "d.ndjson", text(resized(5_000)))
    convert(again, *USDM, into=tmp_path / "calm")
    for attempt in range(3):
        catalog = tmp_path / f"catalog{attempt}"
        convert(source, *USDM, into=catalog)
        busy = str(catalog / TRADES)
        if subprocess.run(["mount", "--bind", busy, busy], capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting is not allowed here")
        try:
            done = convert(again, *USDM, "--replace", into=catalog)
        finally:
            subprocess.run(["umount", busy], check=True)
        assert done.code == 4 and busy in done.message, done
        assert len(log(catalog)) == 2, "it is committed"
        together(*[[source]] * 4, catalog=catalog)
        assert len(log(catalog)) == 2
        assert data(catalog) == data(tmp_path / "calm")
        consistent(catalog)


def test_foreign_files_are_never_touched(tmp_path: Path) -> None:
    """A file in the catalog that the log does not know counts as rows that are there, whatever is asked for."""
    catalog = tmp_path / "catalog"
    convert(write(tmp_path / "a.ndjson", text(trades(10))), *USDM, into=tmp_path / "other")
    ((name, foreign),) = data(tmp_path / "other").items()
    convert(write(tmp_path / "b.ndjson", text(trades(10, first=1_000))), *USDM, into=catalog)
    write(catalog / name, foreign)
    before = data(catalog)
    overlapping = write(tmp_path / "c.ndjson", text(trades(20, first=5)))
    for more in ([], ["--replace"]):
        done = convert(overlapping, *USDM, *more, into=catalog)
        assert done.error == (4, "overlap"), done
        assert name in done.message and "never touched" in done.message
        assert data(catalog) == before
    # Beside it there is room, and where a folder is exchanged it goes along.
    again = [(ts, body.replace(b"0.25", b"0.75")) for ts, body in trades(10, first=1_000)]
    assert convert(write(tmp_path / "d.ndjson", text(again)), *USDM, "--replace", into=catalog).code == 0
    after = data(catalog)
    assert after.keys() == before.keys() and after[name] == foreign
    whole(catalog)


@pytest.fixture(scope="module")
def long_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds of work: three million rows, of 100 symbols by turns, so that none fills a row group before all are there."""
    path = tmp_path_factory.mktemp("long") / "long.ndjson"
    with path.open("wb") as out:
        for first in range(1, 3_000_001, 50_000):
            frames = [
                (ts, frame.replace(b'"s":"BTCUSDT"', b'"s":"S%02dUSDT"' % (number % 100)) if number % 100 else frame)
                for number, (ts, frame) in enumerate(trades(50_000, first))
            ]
            out.write(text(frames))
    return path


def in_between(long_source: Path, catalog: Path, small: Path) -> dict:
    """A small conversion begins and ends while a long one is decoding: the report or the error of the long one."""
    asked = {"inputs": [str(long_source)], "output": str(catalog), "feed": "binance-usdm", "jobs": 1}
    job = _core.Conversion(json.dumps(asked))
    while json.loads(job.poll())["phase"] != "decode":
        assert not job.done(0.001)
    done = attempt(small, catalog)
    assert done["status"] == "committed", done
    assert json.loads(job.poll())["phase"] in ("decode", "encode"), "the long one was done too soon"
    try:
        return json.loads(job.result())
    except _core.TickwrightError as error:
        return {"code": error.code, "message": str(error)}


def test_a_commit_that_came_in_between_is_joined(tmp_path: Path, long_source: Path) -> None:
    """Of another instrument: both are there, and both books go on tomorrow."""
    catalog = tmp_path / "catalog"
    book = [(ts, body.replace(b"btcusdt", b"ethusdt").replace(b"BTCUSDT", b"ETHUSDT")) for ts, body in usdm()[:4]]
    done = in_between(long_source, catalog, write(tmp_path / "eth.ndjson", text(book)))
    assert (done["status"], done["version"]) == ("committed", 2)
    consistent(catalog)
    tomorrow = depth(
        "[]", s='"ETHUSDT"', E="1700086400000", T="1700086400000", U="116", u="116", pu="115", a='[["101","1"]]'
    )
    known = trade(1, ms=1_700_086_400_001)
    later = [(1_700_086_400_000_000_000, b'{"stream":"ethusdt@depth@100ms","data":' + tomorrow + b"}")]
    later += [(1_700_086_400_001_000_000, known)]
    done = convert(write(tmp_path / "later.ndjson", text(later)), *USDM, into=catalog)
    assert (done.code, done.body["gaps"]) == (0, 0), done.body
    ends = done.body["accounting"]["frames"]
    assert (ends["rows"], ends["duplicate"]) == (1, 1), "the book of one and the trade ids of the other are known"
    consistent(catalog)


def test_a_commit_that_came_in_between_is_not_spoiled(tmp_path: Path, long_source: Path) -> None:
    """Of the same instrument, with more decimals: the long one is refused in words, and done when it comes again."""
    catalog = tmp_path / "catalog"
    fine = [(ts + 86_400_000_000_000, body.replace(b"100.5", b"100.525")) for ts, body in trades(10, 9_000_000)]
    done = in_between(long_source, catalog, write(tmp_path / "fine.ndjson", text(fine)))
    assert done["code"] == "busy", done
    assert "with more decimals of BTCUSDT-PERP.BINANCE trade; run the same command again" in done["message"]
    consistent(catalog)
    assert attempt(long_source, catalog)["status"] == "committed"
    labels(catalog)
    consistent(catalog)


def test_the_same_source_committed_in_between(tmp_path: Path, long_source: Path) -> None:
    catalog = tmp_path / "catalog"
    few = write(tmp_path / "few.ndjson", text(trades(10, symbol="ETHUSDT")))
    asked = {"inputs": [str(long_source), str(few)], "output": str(catalog), "feed": "binance-usdm", "jobs": 1}
    job = _core.Conversion(json.dumps(asked))
    while json.loads(job.poll())["phase"] != "decode":
        assert not job.done(0.001)
    assert attempt(few, catalog)["status"] == "committed"
    with pytest.raises(_core.CatalogError, match="from the same source few.ndjson; run the same command again"):
        job.result()
    consistent(catalog)


# --- Signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.0, 0.2])
def test_a_signal_stops_it_and_leaves_the_catalog_as_it_was(
    tmp_path: Path, long_source: Path, number: signal.Signals, after: float
) -> None:
    catalog = tmp_path / "catalog"
    convert(write(tmp_path / "c.ndjson", text(trades(10, symbol="ETHUSDT"))), *USDM, into=catalog)
    before = data(catalog)
    command = [*COMMAND, "convert", str(long_source), *USDM, "-o", str(catalog), "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # Before that there is nothing to stop: Python is importing, and a signal ends it.
        while not list((catalog / "_tickwright/staging").iterdir()):
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(after)
        assert process.poll() is None, "it was done too soon to be stopped"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    sane(process.returncode, err.decode())
    assert process.returncode == 130
    assert err.decode() == "error: stopped; the catalog is as it was\n"
    assert out == b""
    assert data(catalog) == before
    consistent(catalog)


@pytest.mark.parametrize("phase", ["plan", "decode", "encode"])
def test_stopping_takes_less_than_a_second_in_every_phase(tmp_path: Path, long_source: Path, phase: str) -> None:
    """The best of three, so that a busy machine does not tell for us; the whole takes much longer."""
    source = long_source
    if phase == "plan":
        # Hashing is what takes long before decoding: eight gigabytes, which take no room on the disk.
        source = write(tmp_path / "huge.ndjson", text(trades(10)))
        os.truncate(source, 8 << 30)
    took = []
    for attempt in range(3):
        asked = {"inputs": [str(source)], "output": str(tmp_path / f"{attempt}"), "feed": "binance-usdm", "jobs": 1}
        job = _core.Conversion(json.dumps(asked))
        deadline = time.monotonic() + 60
        while json.loads(job.poll())["phase"] != phase and time.monotonic() < deadline:
            assert not job.done(0.001), f"it was never in {phase}"
        time.sleep(0.05)
        start = time.monotonic()
        job.cancel()
        with pytest.raises(_core.Cancelled):
            job.result()
        took.append(time.monotonic() - start)
        assert not (tmp_path / f"{attempt}/data").exists()
    assert min(took) < 1, took


# --- Names, links, things that are no files


def test_links_in_a_folder_are_listed_and_not_followed(tmp_path: Path, source: Path) -> None:
    outside = write(tmp_path / "outside/secret.ndjson", text(trades(5)))
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "c.ndjson").write_bytes(source.read_bytes())
    (inside / "file-link.ndjson").symlink_to(outside)
    (inside / "folder-link").symlink_to(outside.parent)
    (inside / "loop").symlink_to(inside)
    (inside / "dangling").symlink_to(tmp_path / "nowhere")
    done = convert(inside, into=tmp_path / "catalog")
    assert done.code == 0
    assert [Path(s["path"]).name for s in done.body["sources"]] == ["c.ndjson"]
    assert {Path(s["path"]).name: s["reason"] for s in done.body["skipped"]} == {
        name: "a link; name it to have it followed" for name in ("dangling", "file-link.ndjson", "folder-link", "loop")
    }
    # Named, a link is what it leads to.
    done = convert(inside / "file-link.ndjson", *USDM, into=tmp_path / "named")
    assert (done.code, len(trade_ids(tmp_path / "named"))) == (0, 5)


def test_pipes_and_devices_do_not_hang_it(tmp_path: Path, source: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "c.ndjson").write_bytes(source.read_bytes())
    os.mkfifo(inside / "pipe")
    done = convert(inside, into=tmp_path / "catalog")
    assert done.code == 0
    assert [(Path(s["path"]).name, s["reason"]) for s in done.body["skipped"]] == [("pipe", "no regular file")]
    done = convert(inside / "pipe", into=tmp_path / "catalog")
    assert done.code == 3
    assert "no regular file" in done.message and "`-`" in done.message
    assert convert("/dev/null", into=tmp_path / "catalog").code == 3


def test_links_in_the_catalog_are_not_followed_outside(tmp_path: Path, source: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in ("data", "data/trade_tick", TRADES, "_tickwright", "_tickwright/staging"):
        catalog = tmp_path / place.replace("/", "-")
        (catalog / place).parent.mkdir(parents=True)
        (catalog / "data").mkdir(exist_ok=True) if place.startswith("_") else None
        (catalog / place).symlink_to(outside)
        done = convert(source, into=catalog)
        assert done.error == (4, "link"), (place, done)
        assert str(catalog / place) in done.message
        assert list(outside.iterdir()) == [], place
    # The catalog itself may be a link: its owner put it there.
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    assert convert(source, into=tmp_path / "alias").code == 0
    consistent(tmp_path / "real")


NAMES = [
    "evil\x1b[31m.ndjson",
    "new\nline.ndjson",
    "bell\x07.ndjson",
    "\u202egnp.ndjson",
    "[bold]x[/bold].ndjson",
    "-o.ndjson",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_cannot_speak_to_the_terminal(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in"
    write(folder / name, text(usdm()))
    write(folder / f"skipped-{name}.txt", b"no capture\n")
    for command in (["convert", str(folder), "-o", str(tmp_path / "catalog")], ["inspect", str(folder)]):
        done = subprocess.run([*COMMAND, *command], capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        shown = (done.stdout + done.stderr).decode()
        assert all(c.isprintable() or c == "\n" for c in shown)
        if "[bold]" in name:
            assert command[0] == "convert" or "[bold]" in shown, "shown as it is, not as markup"
    done = subprocess.run(
        [*COMMAND, "convert", str(folder / ("no" + name)), "-o", "x"], capture_output=True, check=False
    )
    assert done.returncode == 3
    assert all(c.isprintable() or c == "\n" for c in done.stderr.decode())


def test_symbols_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    raw = text([(1_700_000_000_000_000_000, agg(s='"\\u001b]0;x\\u0007"')), (1_700_000_000_000_000_001, agg(zz_="1"))])
    source = write(tmp_path / "c.ndjson", raw.replace(b'"zz"', b'"\\u001b[31mkey"'))
    for command in (["convert", str(source), *USDM, "-o", str(tmp_path / "catalog")], ["inspect", str(source), *USDM]):
        done = subprocess.run([*COMMAND, *command], capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        assert all(c.isprintable() or c == "\n" for c in (done.stdout + done.stderr).decode())


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/caf\xe9.ndjson", "wb") as out:
        out.write(text(trades(4)))
    done = convert(folder, *USDM, into=tmp_path / "catalog")
    assert (done.code, trade_ids(tmp_path / "catalog")) == (0, ["1", "2", "3", "4"])
    assert tickwright("inspect", folder, *USDM).body[0]["frames"] == 4  # type: ignore[index]


def test_a_truncated_gzip_without_its_trailer_reads_as_cut(tmp_path: Path) -> None:
    """All data are there and only the checksum is missing: still not whole, and it says so."""
    source = write(tmp_path / "c.gz", gz(text(trades(100)))[:-8])
    assert gzip  # the module's own reader refuses it as well
    with pytest.raises(EOFError):
        gzip.decompress(source.read_bytes())
    assert convert(source, *USDM, into=tmp_path / "catalog").error == (3, "truncated")
    done = convert(source, *USDM, "--allow-truncated", into=tmp_path / "catalog")
    assert (done.code, len(trade_ids(tmp_path / "catalog"))) == (0, 100)
