"""Answers about the past, asked for page by page: newest first, as several venues make one ask, and what comes twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tickwright

MINUTE, HOUR = 60_000, 3_600_000
START = 1_780_000_200_000 // (8 * HOUR) * (8 * HOUR)
Page = Callable[[range], Any]


def okx(item: Callable[[int], Any]) -> Page:
    return lambda numbers: {"code": "0", "msg": "", "data": [item(number) for number in reversed(numbers)]}


def bybit(item: Callable[[int], Any]) -> Page:
    def page(numbers: range) -> Any:
        result = {"category": "linear", "symbol": "BTCUSDT", "list": [item(number) for number in reversed(numbers)]}
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": START + 9_000 * HOUR}

    return page


def binance(item: Callable[[int], Any]) -> Page:
    return lambda numbers: [item(number) for number in numbers]


def kraken_rates(numbers: range) -> Any:
    def stamp(number: int) -> str:
        return f"2026-05-{1 + number // 24:02}T{number % 24:02}:00:00Z"

    rates = [{"timestamp": stamp(n), "fundingRate": 0.5, "relativeFundingRate": 0.00001 * n} for n in numbers]
    return {"result": "success", "rates": rates, "serverTime": "2026-08-01T00:00:00.000Z"}


def candle(step: int) -> Callable[[int], list[Any]]:
    return lambda n: [
        START + n * step,
        "10.5",
        "12",
        "9.5",
        "11",
        "3",
        START + (n + 1) * step - 1,
        "33",
        5,
        "1",
        "11",
        "0",
    ]


HISTORY: dict[str, tuple[str, str, Page]] = {
    "okx bars": (
        "https://www.okx.com/api/v5/market/history-candles?instId=BTC-USDT&bar=1m",
        "bar",
        okx(lambda n: [str(START + n * MINUTE), "10.5", "12", "9.5", "11", "3", "33", "33", "1"]),
    ),
    "okx rates": (
        "https://www.okx.com/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP",
        "funding_rate",
        okx(
            lambda n: {
                "fundingRate": "0.0001", "fundingTime": str(START + n * 8 * HOUR), "instId": "BTC-USDT-SWAP",
                "instType": "SWAP", "method": "current_period", "realizedRate": f"0.0000{n + 1}",
            }
        ),
    ),
    "bybit bars": (
        "https://api.bybit.com/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1",
        "bar",
        bybit(lambda n: [str(START + n * MINUTE), "10.5", "12", "9.5", "11", "3", "33"]),
    ),
    "bybit rates": (
        "https://api.bybit.com/v5/market/funding/history?category=linear&symbol=BTCUSDT",
        "funding_rate",
        bybit(
            lambda n: {
                "symbol": "BTCUSDT", "fundingRate": f"0.0000{n + 1}", "fundingRateTimestamp": str(START + n * 8 * HOUR),
            }
        ),
    ),
    "bybit open interest": (
        "https://api.bybit.com/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min",
        "open_interest",
        bybit(lambda n: {"openInterest": f"4611{n}.5", "timestamp": str(START + n * 5 * MINUTE)}),
    ),
    "binance bars": ("https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1m", "bar", binance(candle(MINUTE))),
    "binance rates": (
        "https://fapi.binance.com/fapi/v1/fundingRate?symbol=BTCUSDT",
        "funding_rate",
        binance(
            lambda n: {
                "symbol": "BTCUSDT", "fundingTime": START + n * 8 * HOUR + n % 3, "fundingRate": f"0.0000{n + 1}",
                "markPrice": "63000.10000000",
            }
        ),
    ),
    "kraken futures rates": (
        "https://futures.kraken.com/derivatives/api/v4/historicalfundingrates?symbol=PF_XBTUSD",
        "funding_rate",
        kraken_rates,
    ),
}  # fmt: skip


def decoded(folder: Path, url: str, pages: list[Any]) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Times of rows by type, and ends of items."""
    path = folder / "answers.txt"
    lines = [f"{url} -> {START // 1000 + 90_000_000 + at}.5: {json.dumps(page)}\n" for at, page in enumerate(pages)]
    path.write_text("".join(lines))
    batches, report = tickwright.decode_file(path)
    times = {kind: batch_times(batch) for (kind, _), batch in batches.items()}
    items = report["accounting"]["items"]
    return times, {end: count for end, count in items.items() if count and end != "total"}


def batch_times(batch: Any) -> list[int]:
    return sorted(pa.record_batch(batch).column("ts_event").cast(pa.int64()).to_pylist())


@pytest.mark.parametrize("name", HISTORY)
def test_pages_may_come_newest_first(tmp_path: Path, name: str) -> None:
    url, kind, page = HISTORY[name]
    forward = decoded(tmp_path, url, [page(range(5)), page(range(5, 10))])
    assert len(forward[0][kind]) == 10 and forward[1] == {"rows": 10}
    assert decoded(tmp_path, url, [page(range(5, 10)), page(range(5))]) == forward
    # What two pages hold is one.
    times, ends = decoded(tmp_path, url, [page(range(4, 10)), page(range(7)), page(range(10))])
    assert times == forward[0] and ends == {"rows": 10, "duplicate": 13}


def test_bars_of_another_clock_are_not_among_the_others(tmp_path: Path) -> None:
    """`1d@+08:00` has the bar type of `1d`; shorter bars are the same on both clocks."""
    day = 24 * HOUR

    def frame(interval: str, step: int, zone: str, opened: int) -> bytes:
        kline = {
            "t": opened, "T": opened + step - 1, "s": "BTCUSDT", "i": interval, "f": 1, "L": 2, "o": "10", "c": "11",
            "h": "12", "l": "9", "v": "3", "n": 2, "x": True, "q": "33", "V": "1", "Q": "11", "B": "0",
        }  # fmt: skip
        data = {"e": "kline", "E": opened + step, "s": "BTCUSDT", "k": kline}
        return json.dumps({"stream": f"btcusdt@kline_{interval}{zone}", "data": data}).encode()

    def ends(*messages: bytes) -> dict[str, int]:
        decoder = tickwright.Decoder("binance-spot")
        for message in messages:
            decoder.push(message, 1_800_000_000_000_000_000)
        items = decoder.report()["accounting"]["items"]
        return {end: count for end, count in items.items() if count and end != "total"}

    utc, ahead = START // day * day, START // day * day - 8 * HOUR
    assert ends(frame("1d", day, "", utc), frame("1d", day, "@+08:00", ahead + day)) == {"rows": 1, "unselected": 1}
    assert ends(frame("1d", day, "@+08:00", ahead), frame("1d", day, "@+08:00", ahead + day)) == {"rows": 2}
    assert ends(frame("4h", 4 * HOUR, "", utc), frame("4h", 4 * HOUR, "@+08:00", utc + 4 * HOUR)) == {"rows": 2}
    assert ends(frame("1h", HOUR, "", utc), frame("1h", HOUR, "@+08:00", utc)) == {"rows": 1, "duplicate": 1}
