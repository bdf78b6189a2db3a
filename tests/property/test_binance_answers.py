"""Binance's REST answers under their URLs: what is no answer of the endpoint is a reject, unless it says that the request was refused."""

from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
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


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_symbol_is_escaped_in_a_url(tmp_path: Path, endpoint: str) -> None:
    """As HTTP clients write one that is not ASCII."""
    escaped = endpoint.replace("BTCUSDT", quote("币安人生USDT"))
    assert answered(tmp_path, escaped, ENDPOINTS[endpoint]) == ({"rows": 1}, [])


@pytest.mark.parametrize("zone", ["+08:00", "%2B08:00", "%2B08%3A00", "%2b8"])
def test_bars_of_a_zone_are_not_mixed_however_it_is_escaped(tmp_path: Path, zone: str) -> None:
    day = 86_400_000
    start = binance.T0 // day * day
    path = tmp_path / "answers.txt"
    path.write_text(
        "".join(
            f"{API}/klines?symbol=BTCUSDT&interval=1d&timeZone={name} -> {start // 1_000 + 3 * 86_400}.5: "
            f'[[{open_},"1","2","0.5","1.5","7",{open_ + day - 1},"8",3,"1","1","0"]]\n'
            for name, open_ in (("0", start), (zone, start + day // 3))
        )
    )
    _, report = tickwright.decode_file(path, feed="binance-spot")
    items = report["accounting"]["items"]
    assert (items["rows"], items["unselected"]) == (1, 1)


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, "exchangeInfo"])
def test_empty_answers_are_control(tmp_path: Path, endpoint: str) -> None:
    body = {"e": b'{"symbols":[]}', "d": b'{"lastUpdateId":7,"bids":[],"asks":[]}'}.get(endpoint[0], b"[]")
    ends, codes = answered(tmp_path, endpoint, body)
    assert codes == [] and ends.keys() <= {"control", "rows"}


def test_answers_over_the_socket_are_named() -> None:
    """They do not say what they are of: books and trades among them are lost, which the summary tells."""
    decoder = tickwright.Decoder("binance-spot")
    for body in (
        b'{"id":"a","status":200,"result":' + BOOK + b',"rateLimits":[]}',
        b'{"id":"b","status":200,"result":' + TRADES + b"}",
        b'{"id":"c","status":400,"error":{"code":-1121,"msg":"Invalid symbol."}}',
        b'{"result":null,"id":1}',
        b'{"result":["btcusdt@depth"],"id":2}',
    ):
        decoder.push(body, binance.T0 * binance.NS)
    report = decoder.report()
    assert (report["accounting"]["items"]["control"], report["rejects"]) == (5, [])
    assert report["unknown_topics"] == {"(answer over the socket)": 2}


PREMIUM = (
    b'{"symbol":"BTCUSDT","markPrice":"63000.10000000","indexPrice":"63001.5","estimatedSettlePrice":"63002",'
    b'"lastFundingRate":"0.00012000","interestRate":"0.0001","nextFundingTime":1780012800000,"time":1780000000000}'
)
DELIVERED = (
    b'{"symbol":"BTCUSD_261225","pair":"BTCUSD","markPrice":"64000","indexPrice":"63001.5","estimatedSettlePrice":"63002",'
    b'"lastFundingRate":"","interestRate":"","nextFundingTime":0,"time":1780000000000}'
)
RATE = b'{"symbol":"BTCUSDT","fundingTime":1780012800003,"fundingRate":"-0.00012000","markPrice":"63000.1"}'


@pytest.mark.parametrize(
    ("feed", "body", "rows"),
    [
        ("binance-usdm", PREMIUM, {"mark_price": 1, "index_price": 1, "funding_rate": 1}),
        ("binance-usdm", b"[" + PREMIUM + b"]", {"mark_price": 1, "index_price": 1, "funding_rate": 1}),
        ("binance-coinm", b"[" + DELIVERED + b"]", {"mark_price": 1, "index_price": 1}),
        ("binance-usdm", b"[" + RATE + b"]", {"funding_rate": 1}),
        ("binance-usdm", b"[]", {}),
    ],
)
def test_premiums_and_rates(tmp_path: Path, feed: str, body: bytes, rows: dict[str, int]) -> None:
    """Under their URL, and without one."""
    api = "dapi" if feed == "binance-coinm" else "fapi"
    endpoint = "fundingRate" if body in (b"[" + RATE + b"]", b"[]") else "premiumIndex"
    path = tmp_path / "answers.txt"
    for line in (f"https://{api}.binance.com/{api}/v1/{endpoint} -> 1780000600.5: ".encode(), b"1780000600500 "):
        path.write_bytes(line + body + b"\n")
        batches, report = tickwright.decode_file(path, feed=feed)
        assert {kind: batch.num_rows for (kind, _), batch in batches.items()} == rows
        assert report["rejects"] == [] and report["unknown_topics"] == {}


def test_a_rate_is_what_was_paid() -> None:
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(b"[" + RATE + b"]", 1_780_020_000_000_000_000)
    decoder.push(b"[" + RATE.replace(b'"-0.00012000"', b'""') + b"]", 1_780_020_000_000_000_000)
    (batch,) = decoder.flush().values()
    (row,) = pa.record_batch(batch).to_pylist()
    assert (row["rate"], row["next_funding_ns"]) == (b'"-0.00012"', None)
    assert row["ts_event"] == 1_780_012_800_003_000_000
    assert [reject["code"] for reject in decoder.report()["rejects"]] == ["unknown_value"]
