"""Decimals: raws of our columns equal ``Price.from_str(...).raw`` and ``Quantity.from_str(...).raw`` where defined.

The search space: signs, leading zeros, no leading digit, exponents, up to 16 decimals, numbers inside and outside
Nautilus's range. Left out: what only one side defines (17 decimals of which the last are zero: ours takes them). Beyond 28 digits
Nautilus's ``from_str`` rounds half to even, silently; ours stays exact, and the test holds each to its own.
"""

from decimal import Context, Decimal

import pyarrow as pa
import tickwright
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nautilus_trader.model.objects import Price, Quantity

from tests import binance as frames
from tests.parity.support import flush_rows
from tests.reference import wire
from tests.reference.wire import Reject


@st.composite
def decimal_text(draw: st.DrawFn) -> str:
    """A decimal as a venue may write it."""
    whole = draw(st.integers(0, 10 ** draw(st.integers(0, 15))))
    text = draw(st.sampled_from(["", "0", "00"])) + str(whole)
    if draw(st.booleans()):
        text = text.lstrip("0") if whole == 0 and draw(st.booleans()) else text
        text += "." + draw(st.text("0123456789", min_size=1, max_size=16))
    if draw(st.integers(0, 9)) == 0:
        text += draw(st.sampled_from(["e", "E"])) + str(draw(st.integers(-8, 4)))
    return text


def nautilus_raw(kind: type, text: str) -> int | None:
    """The raw that Nautilus gives, None where it refuses or reads a fraction with an exponent short (1.1e-1 as 0.1)."""
    if "." in text and "e" in text.lower():
        return None
    try:
        return int(kind.from_str(text).raw)  # type: ignore[attr-defined]
    except (ValueError, ArithmeticError):
        return None


def rounded_as_nautilus(raw: int) -> int:
    """The same raw, unless it has more than 28 digits: ``from_str`` rounds there (half to even), ours does not."""
    return int(Context(prec=28).create_decimal(raw))


def ours(pairs: list[tuple[str, str]]) -> dict[int, tuple[int, int]]:
    """Raws of price and size by trade id, of the trades that became rows."""
    decoder = tickwright.Decoder("binance-usdm")
    for number, (price, size) in enumerate(pairs):
        decoder.push(frames.wire(frames.agg_trade(number, price, size)), (frames.T0 + number) * frames.NS)
    out: dict[int, tuple[int, int]] = {}
    for batch in decoder.flush().values():
        for row in pa.table(pa.record_batch(batch)).to_pylist():
            raws = (int.from_bytes(row[name], "little", signed=True) for name in ("price", "size"))
            out[int(row["trade_id"])] = tuple(raws)  # type: ignore[assignment]
    return out


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(decimal_text(), decimal_text()), min_size=1, max_size=40))
@example([("1e-7", ".5"), ("01.50", "+2"), ("17014118346046", "34028236692093"), ("0.0000000000000001", "1E3")])
@example(
    [("1000000000000.0000000000000001", "9999999999999.9999999999999999"), ("1", "1234567890123.1234567890123455")]
)
@example([("17014118346046.0000000000000001", "34028236692093.1"), ("99999999999999", "1")])
def test_raws_equal_nautilus(pairs: list[tuple[str, str]]) -> None:
    got = ours(pairs)
    for number, (price, size) in enumerate(pairs):
        wanted = (nautilus_raw(Price, price), nautilus_raw(Quantity, size))
        try:
            expected = bool(wire.price(price) and wire.traded(size))
        except Reject:
            expected = False
        assert (number in got) == expected, (price, size)
        if expected:
            for have, want, text in zip(got[number], wanted, (price, size), strict=True):
                assert have == int(wire.WIDE.scaleb(wire.decimal(text), 16))
                # Price and Quantity stop reading at 16 decimals even if the last are zero: not defined there.
                assert want is None or rounded_as_nautilus(have) == want, text


def test_refused_texts() -> None:
    bad = [
        "",
        " 1",
        "1 ",
        "1_000",
        "0x10",
        "NaN",
        "Infinity",
        "1e400",
        "--1",
        "1.2.3",
        "1e",
        "１",
        "9" * 40,
        "-1",
        "0",
    ]
    bad += ["0.00000000000000001", "1e-17"]
    for text in bad:
        assert ours([(text, "1")]) == {}, text
        assert ours([("1", text)]) == {}, text


def test_trailing_zeros_beyond_the_scale_are_kept() -> None:
    (raws,) = ours([("1." + "0" * 30, "2.5" + "0" * 20)]).values()
    assert raws == (10**16, 25 * 10**15)


def test_label_is_the_widest_decimal_without_trailing_zeros() -> None:
    decoder = tickwright.Decoder("binance-usdm")
    for number, price in enumerate(["63000.10000000", "63000.125", "63000"]):
        decoder.push(frames.wire(frames.agg_trade(number, price, "1.00")), frames.T0 * frames.NS + number)
    (batch,) = decoder.flush().values()
    metadata = pa.record_batch(batch).schema.metadata
    assert (metadata[b"price_precision"], metadata[b"size_precision"]) == (b"3", b"0")
    assert [row["price"] for row in _rows(batch)] == [
        Decimal("63000.1"),
        Decimal("63000.125"),
        Decimal(63000),
    ]


def _rows(batch: object) -> list[dict[str, Decimal]]:
    class One:
        def flush(self) -> dict[str, object]:
            return {"": batch}

    return flush_rows(One())[""]  # type: ignore[index]
