"""One message, many spellings: the same rows. Damaged messages: no row, no exception, every one counted.

The oracle is Python's own `json`: what it reads as the same value must give the same rows, what it refuses must be
a reject. Forms are made by `spell`, a writer of JSON that may shuffle keys, put space between tokens, escape
letters and add keys that no page names.
"""

import json
import random
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
import tickwright
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import binance as parity
from tests.frames import SHARED, at, ms, usdm

SINGLE = SHARED / "frames/single/binance"
PACE = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def spot() -> list[tuple[int, bytes]]:
    """A short spot recording."""
    return [
        (
            at(0),
            b'{"stream":"btcusdt@depthSnapshot","generated":true,"data":{"lastUpdateId":100,'
            b'"bids":[["100.00","1.000"],["99.90","3"]],"asks":[["100.20","4"]]}}',
        ),
        (
            at(1),
            b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,"s":"BTCUSDT","U":99,"u":103,'
            b'"b":[["100.00","0.00000000"]],"a":[["100.20000000","7.5"]]}}' % ms(1),
        ),
        (
            at(2),
            b'{"stream":"btcusdt@trade","data":{"e":"trade","E":%d,"s":"BTCUSDT","t":9007199254740993,"p":"100.10",'
            b'"q":"0.5","T":%d,"m":false,"M":true}}' % (ms(2), ms(2)),
        ),
        (at(3), b'{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21","a":"25.36520000","A":"40.66"}'),
        (
            at(4),
            b'{"stream":"btcusdt@depth5","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}}',
        ),
        (
            at(5),
            b'{"e":"aggTrade","E":%d,"s":"ETHBTC","a":12,"p":"0.001","q":"100","f":1,"l":2,"T":%d,"m":true,"M":true}'
            % (ms(5), ms(5)),
        ),
        (
            at(6),
            b'{"stream":"!contractInfo","data":{"e":"unheardOf","E":%d,"s":"BTCUSDT","text":"a\\u00e9b","n":[1.5e3,null]}}'
            % ms(6),
        ),
    ]


def coinm() -> list[tuple[int, bytes]]:
    """A few COIN-M frames."""
    return [
        (
            at(0),
            b'{"u":1,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"100.1","B":"2","a":"100.2","A":"4","T":%d,"E":%d}'
            % (ms(0), ms(0)),
        ),
        (
            at(1),
            b'{"stream":"btcusd@indexPrice","data":{"e":"indexPriceUpdate","E":%d,"i":"BTCUSD","p":"9636.57860000"}}'
            % ms(1),
        ),
        (
            at(2),
            b'{"e":"markPriceUpdate","E":%d,"s":"BTCUSD_210924","p":"11185.87","P":"11784.2","r":"","T":0}' % ms(2),
        ),
    ]


RECORDINGS: dict[str, tuple[str, list[tuple[int, bytes]]]] = {
    "usdm": ("binance-usdm", usdm()),
    "usdm-parity": ("binance-usdm", [(ts, frame) for frame, ts in parity.session()]),
    "spot": ("binance-spot", spot()),
    "coinm": ("binance-coinm", coinm()),
}


class Literal(str):
    """A number as it was written."""


def parse(frame: bytes) -> Any:
    """The value of a frame, object by object as pairs; raises ValueError for what is no JSON."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(
        frame.decode("utf-8"),
        parse_int=Literal,
        parse_float=Literal,
        parse_constant=refuse,
    )


def spell(value: Any, chance: random.Random, how: frozenset[str]) -> str:
    """JSON text of a value, in one of its many forms."""

    def gap() -> str:
        return "".join(chance.choice(" \t\r\n") for _ in range(chance.randint(0, 2))) if "space" in how else ""

    def text(plain: str) -> str:
        if "escape" not in how:
            return json.dumps(plain, ensure_ascii=False)
        out = []
        for char in plain:
            if ord(char) < 0x10000 and (char.isalnum() or char in "._-/@!") and chance.random() < 0.5:
                digits = f"{ord(char):04x}"
                out.append("\\u" + (digits.upper() if chance.random() < 0.5 else digits))
            else:
                out.append(json.dumps(char, ensure_ascii=False)[1:-1])
        return '"' + "".join(out) + '"'

    def write(value: Any) -> str:
        if isinstance(value, Literal):
            return str(value)
        if isinstance(value, dict):
            pairs = list(value.items())
            if "unknown" in how:
                for number in range(chance.randint(0, 2)):
                    strange = chance.choice([None, True, "x", [], {}, [{"p": "1"}, [["9", "9"]]], {"s": "Z", "e": {}}])
                    pairs.insert(chance.randint(0, len(pairs)), (f"zz{number}", strange))
            if "shuffle" in how:
                chance.shuffle(pairs)
            inside = ",".join(f"{gap()}{text(key)}{gap()}:{gap()}{write(item)}{gap()}" for key, item in pairs)
            return "{" + (inside or gap()) + "}"
        if isinstance(value, list):
            return "[" + (",".join(f"{gap()}{write(item)}{gap()}" for item in value) or gap()) + "]"
        if isinstance(value, str):
            return text(value)
        return json.dumps(value)

    return gap() + write(value) + gap()


def outcome(feed: str, frames: list[tuple[int, bytes]], **options: Any) -> dict[str, Any]:
    """All that frames become: rows as plain values, ends, codes of rejects."""
    decoder = tickwright.Decoder(feed, **options)
    for ts, frame in frames:
        decoder.push(frame, ts)
    decoder.finish()
    report = decoder.report()
    return {
        "rows": {key: pa.table(batch).to_pylist() for key, batch in decoder.flush().items()},
        "frames": report["accounting"]["frames"],
        "items": report["accounting"]["items"],
        "rejects": [reject["code"] for reject in report["rejects"]],
        "gaps": [(gap["cause"], gap["from_sequence"], gap["to_sequence"]) for gap in report["gaps"]],
    }


def is_json(frame: bytes) -> bool:
    try:
        parse(frame)
    except ValueError:
        return False
    return True


HOW = st.frozensets(st.sampled_from(["shuffle", "space", "escape", "unknown"]), min_size=1)


def test_the_recordings_have_rows_of_every_type() -> None:
    """Without rows the properties below would say nothing."""
    kinds = {key[0] for feed, frames in RECORDINGS.values() for key in outcome(feed, frames)["rows"]}
    assert kinds >= {"trade", "quote", "delta", "depth10", "bar", "mark_price", "index_price", "funding_rate"}
    assert kinds >= {"liquidation", "open_interest"}


def test_the_writer_keeps_values() -> None:
    escaped = 0
    for number in range(200):
        chance = random.Random(number)
        for _, frames in RECORDINGS.values():
            for _, frame in frames:
                if is_json(frame):
                    again = spell(parse(frame), chance, frozenset({"shuffle", "space", "escape"}))
                    assert parse(again.encode()) == parse(frame)
                    escaped += again.count("\\u")
    assert escaped > 10_000


@pytest.mark.parametrize("name", RECORDINGS)
@pytest.mark.parametrize("how", ["shuffle", "space", "escape", "unknown"])
def test_each_form_alone(name: str, how: str) -> None:
    feed, frames = RECORDINGS[name]
    wanted = outcome(feed, frames)
    for seed in range(20):
        chance = random.Random(seed)
        other = [
            (ts, spell(parse(frame), chance, frozenset({how})).encode() if is_json(frame) else frame)
            for ts, frame in frames
        ]
        assert outcome(feed, other) == wanted, (seed, other)


@pytest.mark.parametrize("name", RECORDINGS)
@PACE
@given(seed=st.integers(0, 2**32), how=HOW)
def test_forms_together(name: str, seed: int, how: frozenset[str]) -> None:
    """Each frame in a form of its own, so that keys are predicted wrongly too."""
    feed, frames = RECORDINGS[name]
    chance = random.Random(seed)
    other = []
    for ts, frame in frames:
        form = frozenset(h for h in how if chance.random() < 0.7)
        other.append((ts, spell(parse(frame), chance, form).encode() if is_json(frame) else frame))
    assert outcome(feed, other) == outcome(feed, frames)


@pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames/single")
@pytest.mark.parametrize("part", ["futures", "spot"])
def test_forms_of_real_frames(part: str) -> None:
    feed = {"futures": "binance-usdm", "spot": "binance-spot"}[part]
    files = sorted(SINGLE.glob(f"{part}__*.json"))
    assert len(files) >= 8
    kinds = set()
    for path in files:
        frame = path.read_bytes()
        wanted = outcome(feed, [(at(0), frame)])
        kinds |= {key[0] for key in wanted["rows"]}
        for seed in range(10):
            chance = random.Random(seed)
            for how in ({"shuffle"}, {"space"}, {"escape"}, {"unknown"}, {"shuffle", "space", "escape", "unknown"}):
                form = spell(parse(frame), chance, frozenset(how)).encode()
                assert outcome(feed, [(at(0), form)]) == wanted, (path.name, form)
    if part == "futures":
        assert kinds >= {"quote", "mark_price", "liquidation"}


def test_unknown_keys_are_named() -> None:
    decoder = tickwright.Decoder("binance-usdm")
    frame = usdm()[5][1]
    assert b'"st":1' in frame
    decoder.push(frame.replace(b'"st":1', b'"st":1,"brandNew":{"a":[1]}'), at(0))
    decoder.push(frame.replace(b'"a":7', b'"brand\\u004eew":null,"a":8'), at(0))
    report = decoder.report()
    assert sum(count for key, count in report["unknown_keys"].items() if key.endswith("brandNew")) == 2
    assert report["accounting"]["frames"]["rows"] == 2


# --- Damage


def adds_up(report: dict[str, Any], frames: list[bytes]) -> None:
    accounting = report["accounting"]
    for name in ("frames", "bytes", "items"):
        ends = dict(accounting[name])
        total = ends.pop("total")
        assert total == sum(ends.values()), name
    assert accounting["frames"]["total"] == len(frames)
    assert accounting["bytes"]["total"] == sum(map(len, frames))


def test_every_cut_of_every_frame() -> None:
    for feed, frames in RECORDINGS.values():
        for ts, frame in frames:
            decoder = tickwright.Decoder(feed)
            cuts = [frame[:length] for length in range(len(frame))]
            decoder.push_many(cuts, [ts] * len(cuts))
            decoder.finish()
            assert decoder.flush() == {}, frame
            report = decoder.report()
            adds_up(report, cuts)
            assert report["accounting"]["frames"]["rejected"] == len(cuts)


DAMAGE = st.lists(
    st.one_of(
        st.tuples(st.just("cut"), st.integers(0, 2_000), st.just(0)),
        st.tuples(st.just("flip"), st.integers(0, 2_000), st.integers(1, 255)),
        st.tuples(st.just("drop"), st.integers(0, 2_000), st.just(0)),
        st.tuples(st.just("insert"), st.integers(0, 2_000), st.integers(0, 255)),
        st.tuples(st.just("digit"), st.integers(0, 2_000), st.integers(0, 9)),
    ),
    min_size=1,
    max_size=3,
)


def damaged(frame: bytes, damage: list[tuple[str, int, int]]) -> bytes:
    out = bytearray(frame)
    for kind, where, value in damage:
        where %= max(len(out), 1)
        if kind == "cut":
            del out[where:]
        elif kind == "insert":
            out.insert(where, value)
        elif not out:
            continue
        elif kind == "flip":
            out[where] ^= value
        elif kind == "drop":
            del out[where]
        elif out[where] in b"0123456789":
            out[where] = ord("0") + value
    return bytes(out)


@pytest.mark.parametrize("name", RECORDINGS)
@PACE
@given(data=st.data())
def test_damaged_frames_are_counted(name: str, data: st.DataObject) -> None:
    feed, frames = RECORDINGS[name]
    broken = [damaged(frame, data.draw(DAMAGE)) if data.draw(st.booleans()) else frame for _, frame in frames]
    decoder = tickwright.Decoder(feed)
    decoder.push_many(broken, [ts for ts, _ in frames])
    decoder.finish()
    report = decoder.report()
    adds_up(report, broken)
    for batch in decoder.flush().values():
        pa.table(batch).validate(full=True)


@pytest.mark.parametrize("name", RECORDINGS)
@PACE
@given(data=st.data())
def test_what_json_refuses_is_a_reject_and_gives_no_row(name: str, data: st.DataObject) -> None:
    feed, frames = RECORDINGS[name]
    ts, frame = data.draw(st.sampled_from(frames))
    bad = damaged(frame, data.draw(DAMAGE))
    decoder = tickwright.Decoder(feed)
    decoder.push(bad, ts)
    decoder.finish()
    report = decoder.report()
    adds_up(report, [bad])
    if not is_json(bad):
        assert report["accounting"]["frames"]["rejected"] == 1, bad
        assert decoder.flush() == {}, bad


@pytest.mark.parametrize("sign", ["", "-"])
@PACE
@given(digits=st.text("0123456789", min_size=1, max_size=45), places=st.integers(0, 45))
def test_prices_are_exact_or_a_reject(sign: str, digits: str, places: int) -> None:
    """Any decimal text: the raw is exactly it, or there is a reject with its text."""
    places = min(places, len(digits) - 1)
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    price = sign + whole + ("." + fraction if fraction else "")
    frame = (
        f'{{"e":"aggTrade","E":{ms(0)},"a":1,"s":"BTCUSDT","p":"{price}","q":"1","f":1,"l":1,"T":{ms(0)},"m":true}}'
    ).encode()
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(frame, at(0))
    report = decoder.report()
    found = decoder.flush()
    exact = Fraction(price)
    if not found:
        (reject,) = report["rejects"]
        fits = len(fraction.rstrip("0")) <= 16 and 0 < exact <= 17_014_118_346_046
        plain = whole == "0" or not whole.startswith("0")
        assert not (fits and plain), (price, reject)
        return
    (row,) = pa.table(found["trade", "BTCUSDT-PERP.BINANCE"]).to_pylist()
    assert exact > 0
    assert Fraction(int.from_bytes(row["price"], "little", signed=True), 10**16) == exact
