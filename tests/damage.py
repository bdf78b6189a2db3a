"""The corpus of damage: one place that knows how frames and files go wrong.

`KINDS` are the ways a JSON frame is damaged, `FILE_KINDS` those of any bytes. Everything comes from a seed:
``corpus(frames, seed)`` gives each frame in every way, the same on every machine.
"""

import json
import random
import re
from collections.abc import Callable, Iterator

type Damage = Callable[[bytes, random.Random], bytes]

# Strings (with their quotes), numbers, words.
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null')
KEY = re.compile(rb'"(?:[^"\\]|\\.)*"(?=\s*:)')

ODD_VALUES = (
    b'null true false {} [] [[]] [{}] [null] "" "x" 0 -0 -1 1.5 1e5 1E+400 1e-400 00 01 1. .5 +1 -- 0x1f NaN Infinity '
    b'-Infinity "NaN" "1e5" "-1" "0" "00.5" ".5" "1." "0x10" "1,5" [["1"]] [["1","2","3"]] [["1",2]] {"e":"aggTrade"}'
).split()
HUGE_NUMBERS = (
    b"9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775809 "
    b"170141183460469231731687303715884105727 170141183460469231731687303715884105728 4102444800000 1230767999999 "
    b'"17014118346046" "17014118346047" "0.0000000000000001" "0.00000000000000001" "1e400" '
    b'"99999999999999999999999999999999999999.9"'
).split() + [b"9" * 400, b'"' + b"9" * 5_000 + b'"', b"0." + b"0" * 3_000 + b"1", b"1" + b"0" * 400]
STRANGE_TEXTS = (
    b'"\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\udc00\\ud800"',
    b'"\\u0000"',
    b'"\\x41"',
    b'"\\u12"',
    '"\u0661\u0662"'.encode(),
    '"\uff11"'.encode(),
    '"\u202eUSDT"'.encode(),
    '"e\u0301"'.encode(),
    '"\U0010ffff"'.encode(),
    b'"\xff\xfe"',
    b'"\xc0\x80"',
    b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\x00"',
    b'"\x1b[31m"',
    b'"\n"',
    b'"../../etc/x"',
    b'"CON"',
    b'"a/b"',
)


def _replace(frame: bytes, chance: random.Random, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]) -> bytes:
    found = list(pattern.finditer(frame))
    if not found:
        return frame + new(b"")
    token = chance.choice(found)
    return frame[: token.start()] + new(token[0]) + frame[token.end() :]


def _place(raw: bytes, chance: random.Random) -> int:
    return chance.randrange(len(raw) + 1)


def flip_bits(raw: bytes, chance: random.Random) -> bytes:
    """One to three bits turned."""
    out = bytearray(raw)
    for _ in range(chance.randint(1, 3) if out else 0):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def cut(raw: bytes, chance: random.Random) -> bytes:
    """The end is missing, or the beginning."""
    at = _place(raw, chance)
    return raw[:at] if chance.random() < 0.7 else raw[at:]


def drop(raw: bytes, chance: random.Random) -> bytes:
    """Some bytes are missing."""
    at = _place(raw, chance)
    return raw[:at] + raw[at + chance.randint(1, 12) :]


def splice(raw: bytes, chance: random.Random) -> bytes:
    """The beginning of it, then the rest of it from elsewhere."""
    return raw[: _place(raw, chance)] + raw[_place(raw, chance) :]


def repeat(raw: bytes, chance: random.Random) -> bytes:
    """A piece of it twice, or all of it."""
    if chance.random() < 0.2:
        return raw + raw
    first, last = sorted((_place(raw, chance), _place(raw, chance)))
    return raw[:last] + raw[first:]


def noise(raw: bytes, chance: random.Random) -> bytes:
    """Bytes that nobody sent."""
    at = _place(raw, chance)
    return raw[:at] + chance.randbytes(chance.randint(1, 8)) + raw[at:]


def swap_type(frame: bytes, chance: random.Random) -> bytes:
    """A value becomes one of another type."""
    return _replace(frame, chance, TOKEN, lambda _: chance.choice(ODD_VALUES))


def swap_values(frame: bytes, chance: random.Random) -> bytes:
    """A token takes the place of another."""
    other = chance.choice([m[0] for m in TOKEN.finditer(frame)] or [b"0"])
    return _replace(frame, chance, TOKEN, lambda _: other)


def double_key(frame: bytes, chance: random.Random) -> bytes:
    """A key comes twice, with another value or none, perhaps escaped."""

    def new(key: bytes) -> bytes:
        if not key:
            return b""
        again = key
        if chance.random() < 0.5 and len(key) > 2:
            again = b'"\\u%04x' % key[1] + key[2:]
        return again + b":" + chance.choice(ODD_VALUES) + b"," + key

    return _replace(frame, chance, KEY, new)


def huge_number(frame: bytes, chance: random.Random) -> bytes:
    """A number at, or beyond, the edge of what can be held."""
    return _replace(frame, chance, TOKEN, lambda _: chance.choice(HUGE_NUMBERS))


def odd_number(frame: bytes, chance: random.Random) -> bytes:
    """A digit, a point, a sign or an exponent where there was none."""

    def new(token: bytes) -> bytes:
        at = _place(token, chance)
        return (
            token[:at] + chance.choice([b"0", b"9", b".", b"-", b"+", b"e", b"E5", b"00000000000000000"]) + token[at:]
        )

    return _replace(frame, chance, TOKEN, new)


def strange_text(frame: bytes, chance: random.Random) -> bytes:
    """Unicode at its edges, bytes that are none, controls, names that lead elsewhere."""
    return _replace(frame, chance, TOKEN, lambda _: chance.choice(STRANGE_TEXTS))


def nest(frame: bytes, chance: random.Random) -> bytes:
    """A value goes down, a hundred levels or a hundred thousand; or all of the frame does."""
    deep = chance.choice([1, 2, 31, 32, 33, 64, 127, 128, 129, 1_000, 100_000])
    first, last = chance.choice([(b"[", b"]"), (b'{"a":', b"}"), (b"[", b""), (b'{"data":', b"}")])
    if chance.random() < 0.3:
        return first * deep + frame + last * deep
    return _replace(frame, chance, TOKEN, lambda token: first * deep + token + last * deep)


def long_text(frame: bytes, chance: random.Random) -> bytes:
    """A text of a few hundred bytes, or of a megabyte."""
    length = chance.choice([200, 256, 4_096, 65_536, 1 << 20])
    filling = chance.choice([b"x", b"9", b"\\\\", b"\\u0041", "\u20ac".encode(), b" "])
    text = b'"' + filling * (length // len(filling)) + b'"'
    return _replace(frame, chance, chance.choice([TOKEN, KEY]), lambda _: text)


def lose_member(frame: bytes, chance: random.Random) -> bytes:
    """A key is missing with its value, or has another name."""
    try:
        value = json.loads(frame)
    except ValueError:
        return drop(frame, chance)
    objects = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            objects += [item] if item else []
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    if not objects:
        return b"{}"
    inside = chance.choice(objects)
    key = chance.choice(list(inside))
    taken = inside.pop(key)
    if chance.random() < 0.5:
        inside[key + "x"] = taken
    return json.dumps(value, separators=(",", ":")).encode()


# What may happen to any bytes.
FILE_KINDS: dict[str, Damage] = {f.__name__: f for f in (flip_bits, cut, drop, splice, repeat, noise)}
# What may happen to a frame.
KINDS: dict[str, Damage] = FILE_KINDS | {
    f.__name__: f
    for f in (
        swap_type,
        swap_values,
        double_key,
        huge_number,
        odd_number,
        strange_text,
        nest,
        long_text,
        lose_member,
    )
}


def corpus(frames: list[bytes], seed: int, times: int = 1) -> Iterator[tuple[str, bytes]]:
    """Each frame in every way, `times` over: the name of the damage, and what is left of the frame."""
    for number, frame in enumerate(frames):
        for name, damage in KINDS.items():
            chance = random.Random(f"{seed} {number} {name}")
            for _ in range(times):
                yield name, damage(frame, chance)


def some(frames: list[tuple[int, bytes]], seed: int, share: float = 0.3) -> list[tuple[int, bytes]]:
    """A recording of which a share of the frames is damaged, one way or another, on one line each."""
    chance, out = random.Random(seed), []
    # A line may not be broken by what is on it: that is another damage, of the file.
    for ts, frame in frames:
        if chance.random() < share:
            name = chance.choice([name for name in KINDS if name not in ("nest", "long_text")])
            frame = KINDS[name](frame, chance).replace(b"\n", b" ").replace(b"\r", b" ")
        out.append((ts, frame))
    return out
