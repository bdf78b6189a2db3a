"""Answers that come without their URL, damaged: what they hold is guessed from them, and no guess loses one in silence.

Every answer has one item or more of a known type. Whatever the damage, as long as its envelope says that it answers and its
list still has items, it is told: rows, a reject with its reason, definitions, or a shape that is counted as not known.
"""

import json
from typing import Any

import pytest
import tickwright

from tests import bybit, kraken, kraken_futures, okx
from tests.damage import corpus

TS = 1_788_782_400_000_000_000


def okx_answers() -> list[bytes]:
    """One of each type, two items each."""

    def of(message: bytes) -> Any:
        return json.loads(message)["data"][0]

    rate = {"instType": "SWAP", "instId": okx.SWAP, "fundingRate": "0.0002", "realizedRate": "0.0001"}
    items = [
        [okx.trade(9, instrument=okx.SPOT), okx.trade(8, instrument=okx.SPOT, time=okx.T0 - 1)],
        [of(okx.ticker())] * 2,
        [of(okx.greeks())] * 2,
        [rate | {"fundingTime": str(okx.T0 - ago)} for ago in (0, 28_800_000)],
        [{"instId": okx.SWAP, "instType": "SWAP", "oi": "5000.1", "oiCcy": "555.55", "ts": str(okx.T0)}] * 2,
        [{"instId": okx.SWAP, "instType": "SWAP", "markPx": "84660.1", "ts": str(okx.T0)}] * 2,
        [{"instId": okx.SPOT, "idxPx": "103895", "high24h": "104985.1", "ts": str(okx.T0)}] * 2,
    ]
    return [okx.wire({"code": "0", "msg": "", "data": data}) for data in items]


def bybit_answers() -> list[bytes]:
    """The same of Bybit."""
    trades = [
        {"execId": f"a90-{at}", "symbol": "BTCUSDT", "price": "27450.5", "size": "0.005", "side": "Buy",
         "time": str(bybit.T0 - at), "isBlockTrade": False}
        for at in range(2)
    ]  # fmt: skip
    rates = [
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": str(bybit.T0 - ago)}
        for ago in (0, 28_800_000)
    ]
    interest = [{"openInterest": "461134384.0", "timestamp": str(bybit.T0 - ago)} for ago in (0, 300_000)]
    book = {
        "s": "BTCUSDT",
        "b": [["10.5", "1"]],
        "a": [["10.6", "2"]],
        "u": 8,
        "seq": 99,
        "ts": bybit.T0,
        "cts": bybit.T0,
    }
    results = [
        {"category": "linear", "list": trades},
        {"category": "linear", "list": rates, "nextPageCursor": ""},
        {"category": "linear", "symbol": "BTCUSDT", "list": interest, "nextPageCursor": ""},
        book,
    ]
    return [bybit.wire({"retCode": 0, "retMsg": "OK", "result": result, "time": bybit.T0}) for result in results]


def kraken_answers() -> list[bytes]:
    """The same of Kraken spot."""
    trades = [["105433.6", "0.00027", 1_762_795_433.971, "b", "l", "", 10_218_208 + at] for at in range(2)]
    candles = [[1_762_795_440 + 60 * at, "1.0", "1.5", "0.5", "1.2", "1.1", "7.5", 3] for at in range(3)]
    book = {"asks": [["105433.6", "0.5", 1_762_795_433]], "bids": [["105433.5", "0.5", 1_762_795_433]]}
    return [
        kraken.wire({"error": [], "result": {"XXBTZUSD": trades, "last": "1762795457846737347"}}),
        kraken.wire({"error": [], "result": {"XXBTZUSD": candles, "last": 1_762_795_500}}),
        kraken.wire({"error": [], "result": {"XXBTZUSD": book}}),
    ]


def futures_answers() -> list[bytes]:
    """The same of Kraken Futures, those that say of what they are."""
    return [
        kraken_futures.elements(kraken_futures.execution(1), kraken_futures.execution(2)),
        *(frame for frame, _, url in kraken_futures.named() if not url and b'"tickers"' in frame),
    ]


ANSWERS = {
    "okx": (okx_answers, "data", {"code"}, {"event", "arg", "op"}),
    "bybit-linear": (bybit_answers, "result", {"retCode"}, {"topic", "op"}),
    "kraken-spot": (kraken_answers, "result", {"error"}, {"channel", "method"}),
    "kraken-futures": (futures_answers, "", set[str](), {"feed", "event", "error", "errors", "instrumentStatus"}),
}


def has_items(value: Any) -> bool:
    """Whether there are items in the lists (or levels) of what an answer holds."""
    if isinstance(value, list):
        return bool(value)
    return isinstance(value, dict) and any(has_items(inner) for inner in value.values())


def is_told(feed: str, frame: bytes) -> bool:
    """Whether the answer must be told: its envelope is whole, and there is something in it."""
    _, key, needed, strange = ANSWERS[feed]
    try:
        answer = json.loads(frame)
    except (ValueError, RecursionError):
        return False
    if not isinstance(answer, dict) or not needed <= answer.keys() or strange & answer.keys():
        return False
    held = answer.get(key, []) if key else answer
    of_another = isinstance(held, dict) and held.get("category", "linear") != "linear"
    return answer.get("retCode", 0) == 0 and not of_another and has_items(held)


@pytest.mark.parametrize("feed", ANSWERS)
def test_no_damaged_answer_is_control_in_silence(feed: str) -> None:
    make, *_ = ANSWERS[feed]
    refused = told = 0
    for number, whole in enumerate(make()):
        calm = tickwright.Decoder(feed)
        calm.push(whole, TS)
        calm.finish()
        assert calm.report()["accounting"]["frames"]["rows"] == 1, whole
        for kind, bad in corpus([whole], seed=number, times=30):
            if not is_told(feed, bad):
                continue
            decoder = tickwright.Decoder(feed)
            decoder.push(bad, TS)
            decoder.finish()
            report = decoder.report()
            frames = report["accounting"]["frames"]
            told += 1
            refused += frames["rejected"]
            assert not frames["control"] or report["unknown_topics"], (kind, bad[:2_000])
            assert frames["rejected"] == (report["rejects"] != [])
    assert refused > told / 5
    assert told > 200


@pytest.mark.parametrize("feed", ANSWERS)
def test_a_key_that_comes_twice_is_a_reject(feed: str) -> None:
    """In the first item, by which an answer is known, as in any other."""
    make, *_ = ANSWERS[feed]
    for whole in make():
        if b"[{" not in whole.replace(b'"bids":[{', b""):
            continue
        at = whole.index(b"[{") + 2
        end = whole.index(b",", at)
        for bad in (
            whole[:at] + whole[at:end] + b"," + whole[at:],
            whole[:at] + b'"strange":1,"strange":1,' + whole[at:],
        ):
            decoder = tickwright.Decoder(feed)
            decoder.push(bad, TS)
            decoder.finish()
            report = decoder.report()
            if report["accounting"]["frames"]["rejected"]:
                assert report["rejects"][0]["code"] == "duplicate_key"
            else:
                assert b"strange" in bad
