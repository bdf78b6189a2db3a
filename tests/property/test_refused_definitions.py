"""Definitions that cannot be read: each is told, by name and reason, and the others of its answer stand.

An answer has two instruments; the second is damaged. In a recording it is a reject of its own, beside the recording
(`instruments=`) it stands in the report.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import tickwright

from tests import binance, bybit, deribit, kraken, kraken_futures, okx

TS = 1_788_782_400_000_000_000

type Change = dict[str, Any]


def binance_answer(change: Change) -> bytes:
    def symbol(name: str) -> dict[str, Any]:
        filters = [
            {"filterType": "PRICE_FILTER", "tickSize": "0.10"},
            {"filterType": "LOT_SIZE", "stepSize": "0.001"},
        ]
        return {
            "symbol": name,
            "contractType": "PERPETUAL",
            "baseAsset": name[:3],
            "quoteAsset": "USDT",
            "filters": filters,
        }

    return binance.wire({"symbols": [symbol("BTCUSDT"), symbol("ETHUSDT") | change]})


def bybit_answer(change: Change) -> bytes:
    def symbol(name: str) -> dict[str, Any]:
        item = {"symbol": name, "contractType": "LinearPerpetual", "baseCoin": name[:3], "quoteCoin": "USDT"}
        return item | {"priceFilter": {"tickSize": "0.10"}, "lotSizeFilter": {"qtyStep": "0.001"}}

    listed = {"category": "linear", "list": [symbol("BTCUSDT"), symbol("ETHUSDT") | change]}
    return bybit.wire({"retCode": 0, "retMsg": "OK", "result": listed, "time": bybit.T0})


def okx_message(change: Change) -> bytes:
    return okx.instruments(okx.definition(), okx.definition(instId="ETH-USDT-SWAP", uly="ETH-USDT") | change)


def kraken_message(change: Change) -> bytes:
    return kraken.instruments(kraken.definition(), kraken.definition(symbol="ETH/USD", base="ETH") | change)


def kraken_answer(change: Change) -> bytes:
    def pair(base: str) -> dict[str, Any]:
        item = {"altname": f"{base}USD", "wsname": f"{base}/USD", "pair_decimals": 1, "lot_decimals": 8}
        return item | {"tick_size": "0.1", "ordermin": "0.0001", "costmin": "0.5", "status": "online"}

    return kraken.wire({"error": [], "result": {"XXBTZUSD": pair("XBT"), "XETHZUSD": pair("ETH") | change}})


def futures_answer(change: Change) -> bytes:
    items = [kraken_futures.definition(), kraken_futures.definition(kraken_futures.LINEAR) | change]
    return kraken_futures.answer(instruments=items)


def deribit_answer(change: Change) -> bytes:
    return deribit.answer([deribit.definition(), deribit.definition(instrument_name="ETH-PERPETUAL") | change])


ANSWERS: dict[str, tuple[str, Callable[[Change], bytes], str]] = {
    "binance": ("binance-usdm", binance_answer, "ETHUSDT"),
    "bybit": ("bybit-linear", bybit_answer, "ETHUSDT"),
    "okx": ("okx", okx_message, "ETH-USDT-SWAP"),
    "kraken channel": ("kraken-spot", kraken_message, "ETH/USD"),
    "kraken answer": ("kraken-spot", kraken_answer, "XETHZUSD"),
    "kraken futures": ("kraken-futures", futures_answer, kraken_futures.LINEAR),
    "deribit": ("deribit", deribit_answer, "ETH-PERPETUAL"),
}
DAMAGE: dict[str, list[tuple[Change, str]]] = {
    "binance": [
        ({"contractType": "FOREVER"}, "unknown_value"),
        ({"filters": []}, "missing_key"),
        ({"filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}, {"filterType": "LOT_SIZE", "stepSize": "1"}]}, "unknown_value"),
        ({"baseAsset": 7}, "wrong_type"),
        ({"quoteAsset": ""}, "missing_key"),
        ({"contractType": "CURRENT_QUARTER"}, "time_out_of_range"),
    ],
    "bybit": [
        ({"contractType": "LinearForever"}, "unknown_value"),
        ({"priceFilter": {"tickSize": "x"}}, "unknown_value"),
        ({"lotSizeFilter": {}}, "unknown_value"),
        ({"priceFilter": []}, "unknown_value"),
        ({"priceFilter": 7}, "wrong_type"),
        ({"baseCoin": ""}, "missing_key"),
        ({"contractType": "LinearFutures", "deliveryTime": "0"}, "time_out_of_range"),
    ],
    "okx": [
        ({"instType": "FOREVER"}, "unknown_value"),
        ({"tickSz": ""}, "unknown_value"),
        ({"ctVal": "x"}, "unknown_value"),
        ({"uly": "", "instFamily": ""}, "unknown_value"),
        ({"lotSz": 1}, "wrong_type"),
        ({"instType": "FUTURES", "expTime": ""}, "time_out_of_range"),
    ],
    "kraken channel": [
        ({"qty_increment": 0}, "unknown_value"),
        ({"price_increment": 1e-20, "tick_size": 1e-20}, "unknown_value"),
        ({"base": ""}, "unknown_value"),
        ({"status": 7}, "wrong_type"),
    ],
    "kraken answer": [
        ({"lot_decimals": "8"}, "wrong_type"),
        ({"lot_decimals": 20}, "unknown_value"),
        ({"tick_size": "0"}, "unknown_value"),
        ({"wsname": "ETHUSD"}, "unknown_value"),
    ],
    "kraken futures": [
        ({"tickSize": None}, "unknown_value"),
        ({"contractValueTradePrecision": 17}, "unknown_value"),
        ({"marginLevels": 7}, "wrong_type"),
        ({"symbol": "FF_ETHUSD_261225", "lastTradingTime": "soon"}, "time_out_of_range"),
    ],
    "deribit": [
        ({"kind": "forever"}, "unknown_value"),
        ({"tick_size": "0.5"}, "unknown_value"),
        ({"base_currency": ""}, "unknown_value"),
        ({"kind": "option", "option_type": "call", "strike": None}, "missing_key"),
        ({"creation_timestamp": "then"}, "wrong_type"),
        ({"settlement_period": "month", "expiration_timestamp": None}, "time_out_of_range"),
    ],
}  # fmt: skip
CASES = [(name, change, code) for name, cases in DAMAGE.items() for change, code in cases]
# What is listed and no instrument of ours.
SILENT: dict[str, Change] = {
    "binance": {"contractType": ""},
    "bybit": {"contractType": "InversePerpetual"},
    "okx": {"state": "preopen", "tickSz": "", "lotSz": "", "minSz": "", "ctVal": "", "uly": "", "instFamily": ""},
    "kraken answer": {"wsname": ""},
    "kraken futures": {"symbol": "in_xbtusd", "tickSize": None},
}


@pytest.mark.parametrize(("name", "change", "code"), CASES)
def test_one_is_refused_and_the_other_stands(name: str, change: Change, code: str) -> None:
    feed, answer, symbol = ANSWERS[name]
    symbol = change.get("symbol", symbol)
    body = answer(change)
    decoder = tickwright.Decoder(feed)
    decoder.push(body, TS)
    report = decoder.report()
    assert [(reject["symbol"], reject["code"]) for reject in report["rejects"]] == [(symbol, code)]
    assert symbol in report["rejects"][0]["reason"]
    assert len(report["instruments"]) == 1
    accounting = report["accounting"]
    assert (accounting["frames"]["total"], accounting["frames"]["rejected"]) == (1, 1)
    assert accounting["items"]["rejected"] == 1
    given = tickwright.Decoder(feed, instruments=body).report()
    refused = [(entry["symbol"], entry["code"]) for entry in given["refused_definitions"]]
    assert (refused, len(given["instruments"]), given["rejects"]) == ([(symbol, code)], 1, [])


@pytest.mark.parametrize("name", ANSWERS)
def test_both_stand(name: str) -> None:
    feed, answer, _ = ANSWERS[name]
    decoder = tickwright.Decoder(feed, instruments=answer({}))
    decoder.push(answer({}), TS)
    report = decoder.report()
    assert (len(report["instruments"]), report["rejects"], report["refused_definitions"]) == (2, [], [])


@pytest.mark.parametrize("name", SILENT)
def test_what_is_no_instrument_is_left_out(name: str) -> None:
    feed, answer, _ = ANSWERS[name]
    decoder = tickwright.Decoder(feed)
    decoder.push(answer(SILENT[name]), TS)
    report = decoder.report()
    assert (len(report["instruments"]), report["rejects"]) == (1, [])


def test_a_conversion_notes_what_was_given(tmp_path: Any) -> None:
    definitions, capture = tmp_path / "instruments.json", tmp_path / "capture.ndjson"
    definitions.write_bytes(bybit_answer({"priceFilter": {"tickSize": "x"}}))
    capture.write_bytes(b"%d %s\n" % (TS, bybit.trades(bybit.trade(1))))
    report = tickwright.convert(capture, tmp_path / "catalog", feed="bybit-linear", instruments=[definitions])
    assert any("1 definitions cannot be taken: ETHUSDT (unknown value)" in note for note in report.notes), report.notes
    assert json.loads(capture.read_bytes().partition(b" ")[2])
