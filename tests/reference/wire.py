"""Values of a frame, read without a float: JSON, decimals, times.

Comes in: bytes and parsed values. Goes out: Python ints, ``Decimal`` and str. Refused, by ``Reject``: broken syntax
or UTF-8, NaN and Infinity, a key given twice, a missing key, a wrong type, a value outside the range that Nautilus
can hold, a time outside 2009 to 2100.
"""

import json
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from typing import Any

MAX_PRICE = Decimal(17_014_118_346_046)
MAX_SIZE = Decimal(34_028_236_692_093)
SCALE = 16
FIRST_NS = 1_230_768_000 * 10**9  # 2009-01-01
LAST_NS = 4_102_444_800 * 10**9  # 2100-01-01, not included
WIDE = Context(prec=400)
MISSING = object()


class Reject(Exception):
    """A frame or an item that gives no row: the reason, and the text it is about."""

    def __init__(self, reason: str, text: object = "") -> None:
        super().__init__(f"{reason}: {text}" if text != "" else reason)
        self.reason = reason
        self.text = str(text)


class Obj(dict[str, Any]):
    """A JSON object that remembers whether a key came twice."""

    twice: str | None = None


def _pairs(pairs: list[tuple[str, Any]]) -> Obj:
    obj = Obj()
    for key, value in pairs:
        if key in obj:
            obj.twice = key
        obj[key] = value
    return obj


def _constant(text: str) -> Any:
    raise Reject("syntax", text)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except DecimalException as error:
        raise Reject("number", text) from error


def _integer(text: str) -> Any:
    # Python refuses to read thousands of digits as an int: such a number is a Decimal, and no id.
    return int(text) if len(text) <= 100 else _number(text)


def parse(body: bytes) -> Any:
    """One JSON document of ``body``; objects are ``Obj``, fractions ``Decimal``."""
    try:
        text = body.decode("utf-8")
        return json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise Reject("utf8", error.reason) from error
    except (ValueError, RecursionError) as error:
        raise Reject("syntax", error) from error


def checked(value: Any) -> Obj:
    """``value`` if it is an object without a key given twice."""
    if not isinstance(value, Obj):
        raise Reject("type", "not an object")
    if value.twice is not None:
        raise Reject("duplicate_key", value.twice)
    return value


def need(obj: Obj, key: str) -> Any:
    """The value of ``key``, which must be there."""
    value = obj.get(key, MISSING)
    if value is MISSING:
        raise Reject("missing", key)
    return value


def text(obj: Obj, key: str) -> str:
    """A string that is not empty."""
    value = need(obj, key)
    if not isinstance(value, str) or not value:
        raise Reject("type", f"{key} is not a text")
    return value


def boolean(obj: Obj, key: str) -> bool:
    """``true`` or ``false``."""
    value = need(obj, key)
    if not isinstance(value, bool):
        raise Reject("type", f"{key} is not a boolean")
    return value


def integer(obj: Obj, key: str) -> int:
    """A JSON integer that fits 64 bits."""
    value = need(obj, key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Reject("type", f"{key} is not an integer")
    if not -(2**63) <= value < 2**64:
        raise Reject("range", value)
    return value


def unsigned(obj: Obj, key: str) -> int:
    """A JSON integer from 0 to 2^64 - 1."""
    value = integer(obj, key)
    if value < 0:
        raise Reject("range", value)
    return value


def decimal(value: Any) -> Decimal:
    """A decimal written as a string or as a JSON number."""
    if isinstance(value, bool):
        raise Reject("type", value)
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if not isinstance(value, str):
        raise Reject("type", value)
    # Decimal() takes more than a venue may send: blanks, underscores, NaN, digits of other scripts.
    if not value or not set(value) <= set("0123456789+-.eE"):
        raise Reject("decimal", value)
    return _number(value)


def kept(value: Any) -> Decimal:
    """A decimal that is kept as text: of at most 200 digits, before the point and in all."""
    number = decimal(value)
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    significant = "".join(map(str, digits)).strip("0")
    if significant and (abs(len(digits) + exponent) > 200 or len(significant) > 201):
        raise Reject("range", value)
    return number


def places(value: Decimal) -> int:
    """How many decimals are not zero at the end: 0.0100 has 2."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise Reject("decimal", value)
    for digit in reversed(digits):
        if digit != 0:
            break
        exponent += 1
    return max(0, -exponent) if any(digits) else 0


def _bounded(value: Decimal, limit: Decimal) -> Decimal:
    if value.copy_abs() > limit:
        raise Reject("range", value)
    if places(value) > SCALE:
        raise Reject("range", value)
    return value


def price(value: Any) -> Decimal:
    """A traded price: above zero, inside the range, at most 16 decimals."""
    number = decimal(value)
    if number <= 0:
        raise Reject("price", number)
    return _bounded(number, MAX_PRICE)


def size(value: Any) -> Decimal:
    """A size: zero or more, inside the range, at most 16 decimals."""
    number = decimal(value)
    if number < 0:
        raise Reject("size", number)
    return _bounded(number, MAX_SIZE)


def traded(value: Any) -> Decimal:
    """A traded size: above zero."""
    number = size(value)
    if number == 0:
        raise Reject("size", number)
    return number


def mark(value: Any) -> Decimal:
    """A mark or index price: above zero; decimals beyond 16 are rounded half-even."""
    number = decimal(value)
    if number <= 0:
        raise Reject("price", number)
    if number > MAX_PRICE:
        raise Reject("range", number)
    if places(number) > SCALE:
        number = number.quantize(Decimal(1).scaleb(-SCALE), ROUND_HALF_EVEN, WIDE)
    return number


def plain(value: Decimal) -> str:
    """Canonical text: no exponent, no trailing zeros, no sign of zero."""
    if value == 0:
        return "0"
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def time_ns(value: Any) -> int:
    """A Unix time in ms, or in µs when it is 1e14 or more, as ns UTC."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Reject("type", f"time {value!r}")
    ns = value * (1_000 if value >= 10**14 else 1_000_000)
    if not FIRST_NS <= ns < LAST_NS:
        raise Reject("time", value)
    return ns


def event_ns(obj: Obj, *keys: str, otherwise: int = 0) -> int:
    """The first of ``keys`` that is there, as ns; else ``otherwise`` (the receive time)."""
    for key in keys:
        if key in obj:
            return time_ns(obj[key])
    if otherwise == 0:
        raise Reject("missing", keys[0] if keys else "time")
    return otherwise


def side_price(value: Any) -> Decimal:
    """The price of a quote's side; zero or "" = the side is empty."""
    if value == "" or decimal(value) == 0:
        return Decimal(0)
    return price(value)


def side_size(value: Any) -> Decimal:
    """The size of a quote's side; "" = the side is empty."""
    return Decimal(0) if value == "" else size(value)
