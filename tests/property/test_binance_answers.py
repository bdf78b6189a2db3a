"""Binance's REST answers under their URLs: what is no answer of the endpoint is a reject, unless it says that the request was refused."""

from pathlib import Path

import pytest
import tickwright

from tests import binance

API = "https://api.binance.com/api/v3"
BOOK = b'{"lastUpdateId":7,"bids":[["1.5","2"]],"asks":[["1.6","3"]]}'
TRADES = b'[{"id":7,"price":"1.5","qty":"2","quoteQty":"3","time":1780000000000,"isBuyerMaker":true}]'
AGGREGATES = b'[{"a":7,"p":"1.5","q":"2","f":1,"l":2,"T":1780000000000,"m":true}]'
CANDLES = b'[[1780000000000,"1","2","0.5","1.5","7",1780000059999,"8",3,"1","1","0"]]'
REFUSAL = b'{"code":-1121,"msg":"Invalid symbol."}'
ENDPOINTS = {
    "depth?symbol=BTCUSDT": BOOK,
    "trades?symbol=BTCUSDT": TRADES,
    "historicalTrades?symbol=BTCUSDT": TRADES,
    "aggTrades?symbol=BTCUSDT": AGGREGATES,
    "klines?symbol=BTCUSDT&interval=1m": CANDLES,
}


def answered(folder: Path, endpoint: str, body: bytes) -> tuple[dict[str, int], list[str]]:
    """Ends of the items of an answer, and the codes of its rejects."""
    path = folder / "answers.txt"
    seconds = f"{binance.T0 // 1000 + 600}.5"
    path.write_bytes(f"{API}/{endpoint} -> {seconds}: ".encode() + body + b"\n")
    _, report = tickwright.decode_file(path, feed="binance-spot")
    items = report["accounting"]["items"]
    ends = {end: count for end, count in items.items() if count and end != "total"}
    return ends, [reject["code"] for reject in report["rejects"]]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_answers(tmp_path: Path, endpoint: str) -> None:
    assert answered(tmp_path, endpoint, ENDPOINTS[endpoint]) == ({"rows": 1}, [])


@pytest.mark.parametrize("refusal", [REFUSAL, b' {"msg": "Too many requests", "code": -1003}'])
@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "exchangeInfo", "ticker/24hr"])
def test_refused_requests_are_control(tmp_path: Path, endpoint: str, refusal: bytes) -> None:
    assert answered(tmp_path, endpoint, refusal) == ({"control": 1}, [])


@pytest.mark.parametrize(
    ("endpoint", "body", "code"),
    [
        *((endpoint, b"[]" if body[:1] == b"{" else b"{}", "wrong_type") for endpoint, body in ENDPOINTS.items() if body != BOOK),
        *((endpoint, b"null", "wrong_type") for endpoint, body in ENDPOINTS.items() if body != BOOK),
        ("depth?symbol=BTCUSDT", b"[]", "wrong_type"),
        ("depth?symbol=BTCUSDT", b"{}", "missing_key"),
        ("depth?symbol=BTCUSDT", b'{"bids":[["1.5","2"]],"asks":[]}', "missing_key"),
        ("trades?symbol=BTCUSDT", BOOK, "wrong_type"),
        ("klines?symbol=BTCUSDT&interval=1m", TRADES, "wrong_type"),
        ("exchangeInfo", b"[]", "wrong_type"),
        ("exchangeInfo", b'{"timezone":"UTC"}', "wrong_type"),
        ("trades?symbol=BTCUSDT", REFUSAL[:-1], "json_syntax"),
        ("depth?symbol=BTCUSDT", b"", "json_syntax"),
    ],
)  # fmt: skip
def test_another_shape_is_a_reject(tmp_path: Path, endpoint: str, body: bytes, code: str) -> None:
    assert answered(tmp_path, endpoint, body) == ({"rejected": 1}, [code])


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "exchangeInfo"])
def test_empty_answers_are_control(tmp_path: Path, endpoint: str) -> None:
    body = {"e": b'{"symbols":[]}', "d": b'{"lastUpdateId":7,"bids":[],"asks":[]}'}.get(endpoint[0], b"[]")
    ends, codes = answered(tmp_path, endpoint, body)
    assert codes == [] and ends.keys() <= {"control", "rows"}
