"""Forms that venues sent for a while, or in corners, and those that recorders made in their place.

What each becomes is written here; where the slow reference reads the venue's frames one by one it must agree.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import binance, bybit, kraken, kraken_futures, okx
from tests.parity import venues
from tests.parity.support import batch_rows
from tests.parity.test_bybit import recorded
from tests.reference.bybit import Bybit
from tests.reference.kraken import Kraken
from tests.reference.okx import Okx

TS = 1_780_000_000_500_000_000
Frames = list[tuple[bytes, int]]


def frames(*messages: bytes) -> Frames:
    return [(message, TS + number) for number, message in enumerate(messages)]


def decode(feed: str, *messages: bytes) -> tuple[dict[tuple[str, str], list[Any]], dict[str, int], list[str]]:
    """Rows, ends of frames and codes of rejects."""
    decoder = tickwright.Decoder(feed)
    for frame, ts in frames(*messages):
        decoder.push(frame, ts)
    decoder.finish()
    rows = {key: batch_rows(batch) for key, batch in decoder.flush().items()}
    report = decoder.report()
    return rows, venues.ends(report["accounting"]["frames"]), [reject["code"] for reject in report["rejects"]]


@pytest.mark.parametrize("origin", ["INSURANCE_FUND", "ADL", "NA"])
@pytest.mark.parametrize("price", ["63000.10", "0"])
@pytest.mark.parametrize("reverse", [False, True])
def test_trades_that_met_no_order_of_the_book(origin: str, price: str, reverse: bool) -> None:
    """Binance's own answers and files of trades leave them out; some have a price and a size of 0."""
    size = "0" if price == "0" else "0.5"
    message = binance.trade(7, price, size, X=origin)
    message = dict(reversed(message.items())) if reverse else message
    rows, ends, rejects = decode("binance-usdm", binance.wire(message), binance.wire(binance.trade(8)))
    ((_, table),) = rows.items()
    assert ([row["trade_id"] for row in table], ends, rejects) == (["8"], {"rows": 1, "control": 1}, [])


@pytest.mark.parametrize(("more", "code"), [({"p": "0"}, "price_not_positive"), ({"q": "0"}, "size_not_positive")])
def test_a_trade_of_the_book_has_a_price_and_a_size(more: dict[str, str], code: str) -> None:
    _, ends, rejects = decode("binance-usdm", binance.wire(binance.trade(7, **{}) | more))
    assert (ends, rejects) == ({"rejected": 1}, [code])


def test_an_update_of_a_book_with_none_before_it() -> None:
    """`pu` is -1 where nothing was sent before: of contracts hardly traded, or just listed."""
    bids, asks = [["63000.10", "1"]], [["63000.20", "2"]]
    partial = binance.wire(binance.depth(90, 90, -1, bids, asks), "btcusdt@depth5")
    rows, ends, rejects = decode("binance-usdm", partial)
    assert (ends, rejects) == ({"rows": 1}, [])
    assert len(rows["depth10", "BTCUSDT-PERP.BINANCE"]) == 1

    held = binance.wire({"stream": "btcusdt@depthSnapshot", "data": binance.snapshot(95, bids, asks)})
    rows, ends, rejects = decode(
        "binance-usdm",
        held,
        binance.wire(binance.depth(90, 100, -1, [["63000.00", "3"]], []), "btcusdt@depth@100ms"),
        binance.wire(binance.depth(101, 110, -1, [["62999.00", "3"]], []), "btcusdt@depth@100ms"),
    )
    # The snapshot is inside the first one; nothing says that the second follows.
    assert (ends, rejects) == ({"rows": 2, "withheld": 1}, [])
    deltas = rows["delta", "BTCUSDT-PERP.BINANCE"]
    assert [(row["action"], row["sequence"]) for row in deltas] == [
        ("CLEAR", 95), ("ADD", 95), ("ADD", 95), ("ADD", 100),
    ]  # fmt: skip


def test_open_interest_that_a_recorder_asked_for_without_a_time() -> None:
    answer = {"symbol": "BTCUSDT", "openInterest": "26286.181"}
    message = binance.wire({"stream": "btcusdt@openInterest", "generated": True, "data": answer})
    rows, ends, rejects = decode("binance-usdm", message)
    assert (ends, rejects) == ({"rows": 1}, [])
    (row,) = rows["open_interest", "BTCUSDT-PERP.BINANCE"]
    assert (row["value"], row["ts_event"]) == (Decimal("26286.181"), TS)


@pytest.mark.parametrize("kind", ["PERPETUAL DELIVERING", "PERPETUAL_DELIVERING", "CURRENT_QUARTER DELIVERING"])
def test_contracts_that_are_delivered(kind: str) -> None:
    is_future = "QUARTER" in kind
    symbol = {
        "symbol": "GALAUSD_210625" if is_future else "GALAUSD_PERP", "pair": "GALAUSD", "contractType": kind,
        "contractStatus": "DELIVERING", "contractSize": 10, "baseAsset": "GALA", "quoteAsset": "USD",
        "marginAsset": "GALA", "onboardDate": 1638342000000, "deliveryDate": 1643356800000,
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.00001"}, {"filterType": "LOT_SIZE", "stepSize": "1"}],
    }  # fmt: skip
    decoder = tickwright.Decoder("binance-coinm")
    decoder.push(binance.wire({"symbols": [symbol]}), TS)
    report = decoder.report()
    assert report["rejects"] == []
    (defined,) = report["instruments"]
    assert defined["class"] == ("CryptoFuture" if is_future else "CryptoPerpetual")
    assert (defined["price_increment"], defined["multiplier"]) == ("0.00001", "10")


def test_a_snapshot_of_kraken_with_a_payload_of_null() -> None:
    """As of 2019, before there were checksums."""
    whole = {"as": kraken.levels(*kraken.ASKS), "bs": kraken.levels(*kraken.BIDS)}
    change = {"b": kraken.levels(("62807.0", "0.00000000"), time=kraken.T0 + 1)}
    messages = [kraken.array("book-1000", whole, None), kraken.array("book-1000", change)]
    rows, report = venues.decode("kraken-spot", frames(*messages))
    venues.same("kraken-spot", Kraken(), frames(*messages))
    assert [row["action"] for row in rows["delta", "BTC/USD.KRAKEN"]] == ["CLEAR", *["ADD"] * 4, "DELETE"]
    assert (report["rejects"], report["gaps"]) == ([], [])


def test_a_spread_of_kraken_of_nothing() -> None:
    """A pair that nobody quotes has zeros, the time among them."""
    nothing = kraken.array("spread", ["0.000000000", "0.000000000", "0.000000", "0.00000000", "0.00000000"])
    rows, report = venues.decode("kraken-spot", frames(nothing))
    venues.same("kraken-spot", Kraken(), frames(nothing))
    assert (rows, report["rejects"]) == ({}, [])


def test_liquidations_of_bybit_of_before_v5() -> None:
    order = {"symbol": "BTCUSD", "side": "Sell", "price": "45171.00", "qty": "2329", "time": 1632123949005}
    asked = [
        {"id": 10759329, "qty": 1257079, "side": "Buy", "time": 1632123292903, "symbol": "BTCUSD", "price": 44662.5},
        {"id": 10759323, "qty": 2314, "side": "Buy", "time": 1632123294901, "symbol": "BTCUSD", "price": 44593},
    ]
    messages = [
        bybit.wire({"topic": "liquidation.BTCUSD", "data": order}),
        bybit.wire({"topic": "liquidation.BTCUSD", "generated": True, "data": asked}),
    ]
    rows, report = venues.decode("bybit-inverse", frames(*messages))
    venues.same("bybit-inverse", Bybit("bybit-inverse"), frames(*messages))
    # The side is that of the position, which an order of the other side closed.
    got = [(row["side"], row["price"], row["size"]) for row in rows["liquidation", "BTCUSD-INVERSE.BYBIT"]]
    assert got == [("BUY", Decimal(45171), 2329), ("SELL", Decimal("44662.5"), 1257079), ("SELL", Decimal(44593), 2314)]
    assert report["rejects"] == []


@pytest.mark.parametrize("key", ["time", "qty", "price"])
def test_a_liquidation_of_bybit_without_a_key_is_a_reject(key: str) -> None:
    order = {"symbol": "BTCUSD", "side": "Sell", "price": "45171.00", "qty": "2329", "time": 1632123949005}
    del order[key]
    _, ends, rejects = decode("bybit-inverse", bybit.wire({"topic": "liquidation.BTCUSD", "data": order}))
    assert (ends, rejects) == ({"rejected": 1}, ["missing_key"])


def test_answers_of_bybit_that_are_of_no_type(tmp_path: Path) -> None:
    """Limits of prices have a time as text; spreads have answers like those of the market."""
    limits = {"symbol": "BTCUSDT", "buyLmt": "105878.10", "sellLmt": "103781.60", "ts": "1750302284491"}
    spread = "SOLUSDT_SOL/USDT"
    trade = {
        "execId": "c8512970",
        "symbol": spread,
        "price": "20.2805",
        "size": "3.3",
        "side": "Sell",
        "time": "1744078324035",
    }
    book = {"s": spread, "b": [["20.1", "1"]], "a": [], "u": 46977, "ts": 1744077242177, "seq": 213110}

    def answer(result: dict[str, Any]) -> bytes:
        return bybit.wire({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": bybit.T0})

    api = "https://api.bybit.com/v5"
    path = recorded(
        tmp_path / "answers.txt",
        (f"{api}/market/price-limit?category=linear&symbol=BTCUSDT", [answer(limits)]),
        (f"{api}/spread/recent-trade?symbol={spread}", [answer({"list": [trade]})]),
        (f"{api}/spread/orderbook?symbol={spread}", [answer(book)]),
    )
    batches, report = tickwright.decode_file(path, feed="bybit-linear")
    assert (batches, report["rejects"]) == ({}, [])
    assert report["accounting"]["frames"]["control"] == 3


def test_candles_of_okx_that_do_not_say_whether_they_are_over() -> None:
    """As until 2022: a candle is over when a later one comes; of two values of one the one of more volume counts."""
    minute = 60_000
    start = okx.T0 - okx.T0 % (7 * 24 * 60 * minute)
    running = okx.candle(start, confirm=None)
    messages = [
        running,
        running.replace(b'"2.16787395"', b'"3.5"'),
        running,
        okx.candle(start + 2 * minute, confirm=None),
        okx.candle(start, bar="1D", confirm=None),
        okx.candle(start, bar="1M", confirm=None),
        okx.candle(start + 3 * minute, confirm=None, instrument=okx.SPOT),
    ]
    rows, report = venues.decode("okx", frames(*messages))
    venues.same("okx", Okx(), frames(*messages))
    ((key, table),) = rows.items()
    assert key == ("bar", f"{okx.SWAP}.OKX-1-MINUTE-LAST-EXTERNAL")
    assert [(row["volume"], row["ts_event"]) for row in table] == [(Decimal("3.5"), (start + minute) * 10**6)]
    assert (report["rejects"], venues.ends(report["accounting"]["frames"])) == ([], {"rows": 1, "control": 6})


def test_liquidations_of_okx_that_a_recorder_asked_for() -> None:
    item = {
        "bkLoss": "0",
        "bkPx": "49674.2",
        "ccy": "",
        "posSide": "short",
        "side": "buy",
        "sz": "40",
        "ts": str(okx.T0),
    }
    arg = {"channel": "liquidations", "instId": okx.SWAP, "generated": True}
    message = okx.wire({"arg": arg, "data": [item]})
    rows, report = venues.decode("okx", frames(message))
    venues.same("okx", Okx(), frames(message))
    (row,) = rows["liquidation", f"{okx.SWAP}.OKX"]
    assert (row["side"], row["price"], row["size"], row["ts_event"]) == ("BUY", Decimal("49674.2"), 40, okx.T0 * 10**6)
    assert (report["unknown_topics"], report["unknown_keys"], report["rejects"]) == ({}, {}, [])


@pytest.mark.parametrize("name", ["XBT", "BTC"])
def test_currencies_of_kraken_futures_have_one_name(name: str) -> None:
    """Answers have called the coin by both names."""
    defined = kraken_futures.definition("PI_XBTUSD", base=name, pair=f"{name}:USD")
    decoder = tickwright.Decoder("kraken-futures")
    decoder.push(kraken_futures.answer(instruments=[defined]), TS)
    (instrument,) = decoder.report()["instruments"]
    assert (instrument["base"], instrument["settlement"]) == ("BTC", "BTC")


@pytest.mark.parametrize(
    "message",
    [
        {"rcv": 1, "body": {"stream": "btcusdt@aggTrade", "data": binance.agg_trade(1)}},
        [{"stream": "btcusdt@aggTrade", "data": binance.agg_trade(1)}],
        [{"id": 1, "price": "1", "qty": "2", "quoteQty": "2", "time": binance.T0, "isBuyerMaker": True}],
    ],
)
def test_what_binance_does_not_send_is_named(message: Any) -> None:
    """An envelope of another recorder, or an answer without its URL: counted, and told in the summary."""
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(binance.wire(message), TS)
    report = decoder.report()
    assert (report["accounting"]["frames"]["control"], report["unknown_topics"]) == (1, {"(no event name)": 1})


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1},
        {"result": None, "id": 1},
        {"code": -1121, "msg": "Invalid symbol."},
    ],
)
def test_what_binance_is_asked_and_acknowledges_is_control(message: Any) -> None:
    decoder = tickwright.Decoder("binance-usdm")
    decoder.push(binance.wire(message), TS)
    report = decoder.report()
    assert (report["accounting"]["frames"]["control"], report["unknown_topics"]) == (1, {})


def test_aggregates_of_binance_without_a_number() -> None:
    """As USD-M sent them in 2019: the number of the last fill stands for that of the aggregate."""
    first, second = binance.agg_trade(181349), binance.agg_trade(181351)
    for message in (first, second):
        del message["a"]
    turned = dict(reversed(binance.agg_trade(9, l=181400).items()))
    _, ends, rejects = decode("binance-usdm", *(binance.wire(message) for message in (first, second, first)))
    assert (ends, rejects) == ({"rows": 2, "duplicate": 1}, [])
    rows, _, _ = decode("binance-usdm", *(binance.wire(message) for message in (turned, first, second)))
    assert [row["trade_id"] for row in rows["trade", "BTCUSDT-PERP.BINANCE"]] == ["9", "181349", "181351"]
    # Elsewhere each had its number from the first day on.
    for feed in ("binance-spot", "binance-coinm"):
        assert decode(feed, binance.wire(first))[1:] == ({"rejected": 1}, ["missing_key"])
    del first["l"]
    assert decode("binance-usdm", binance.wire(first))[1:] == ({"rejected": 1}, ["missing_key"])


FILTERS = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "100000", "tickSize": "0.01"},
    {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
]


def defined(feed: str, message: Any) -> dict[str, Any]:
    """The one definition of an answer."""
    decoder = tickwright.Decoder(feed)
    decoder.push(binance.wire(message), TS)
    report = decoder.report()
    assert (report["rejects"], venues.ends(report["accounting"]["frames"])) == ([], {"control": 1})
    (instrument,) = report["instruments"]
    found: dict[str, Any] = instrument
    return found


def test_contracts_of_binance_of_before_there_were_kinds() -> None:
    """As of 2019 and 2020: USD-M had perpetuals alone, and named neither their kind nor what they settle in."""
    symbol = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": FILTERS}
    instrument = defined("binance-usdm", {"timezone": "UTC", "symbols": [symbol]})
    assert (instrument["instrument_id"], instrument["class"]) == ("BTCUSDT-PERP.BINANCE", "CryptoPerpetual")
    assert (instrument["settlement"], instrument["price_increment"]) == ("USDT", "0.01")


def test_definitions_of_binance_that_were_asked_for_over_the_socket() -> None:
    symbol = {"symbol": "BNBBTC", "status": "TRADING", "baseAsset": "BNB", "quoteAsset": "BTC", "filters": FILTERS}
    answer = {"id": "5494febb", "status": 200, "result": {"timezone": "UTC", "symbols": [symbol]}, "rateLimits": []}
    assert defined("binance-spot", answer)["instrument_id"] == "BNBBTC.BINANCE"


@pytest.mark.parametrize(
    ("key", "pair"),
    [
        ("USDTZUSD", "USDT/USD"),
        ("ZEURZUSD", "EUR/USD"),
        ("ZUSDZCAD", "USD/CAD"),
        ("USDTEUR", "USDT/EUR"),
        ("XZECXXBT", "ZEC/BTC"),
    ],
)
def test_keys_of_kraken_that_no_answer_explained(key: str, pair: str) -> None:
    trade = ["0.99990", "100.00000000", 1_780_000_000.1234567, "b", "m", "", 5]
    answer = kraken.wire({"error": [], "result": {key: [trade], "last": "1780000000123456700"}})
    rows, report = venues.decode("kraken-spot", frames(answer))
    venues.same("kraken-spot", Kraken(), frames(answer))
    assert ([*rows], report["rejects"]) == ([("trade", f"{pair}.KRAKEN")], [])


@pytest.mark.parametrize("spread", ["SOLUSDT_SOL/USDT", "BTCUSDT-27MAR26_BTCUSDT"])
def test_spreads_of_bybit_are_control(spread: str) -> None:
    """They have the topics, answers and keys of all products, are none of ours, and may trade at less than zero."""
    levels = {"s": spread, "b": [["-1.5", "2"]], "a": [["22.3755", "0.3"]]}
    trade = {"T": bybit.T0, "s": spread, "S": "Sell", "v": "1.7", "p": "-19.5", "L": "MinusTick", "i": "e32b"}
    ticker = {"symbol": spread, "bidPrice": "20.3359", "bidSize": "1.7", "askPrice": "", "askSize": ""}
    envelope = {"ts": bybit.T0, "type": "snapshot"}
    messages = [
        bybit.wire({"topic": f"orderbook.25.{spread}", **envelope, "data": {**levels, "u": 64, "seq": 5}}),
        bybit.wire({"topic": f"publicTrade.{spread}", **envelope, "data": [trade]}),
        bybit.wire({"topic": f"tickers.{spread}", **envelope, "data": ticker}),
    ]
    rows, report = venues.decode("bybit-linear", frames(*messages))
    venues.same("bybit-linear", Bybit("bybit-linear"), frames(*messages))
    assert (rows, report["rejects"], report["unknown_topics"]) == ({}, [], {})

    asked = {"execId": "c8", "symbol": spread, "price": "20.2", "size": "3.3", "side": "Sell", "time": str(bybit.T0)}
    book = {**levels, "b": [["20.1", "1"]], "u": 46977, "ts": bybit.T0, "seq": 213110}
    answers = [
        bybit.wire({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": bybit.T0})
        for result in ({"list": [asked]}, book)
    ]
    rows, report = venues.decode("bybit-linear", frames(*answers))
    assert (rows, report["rejects"], venues.ends(report["accounting"]["frames"])) == ({}, [], {"control": 2})


@pytest.mark.parametrize("unit", [1, 1_000])
def test_months_of_binance_end_where_the_next_begins(unit: int) -> None:
    """Spot sends microseconds where it is asked for them: the last of a candle is then nearer to its end."""
    opened, end = 1_704_067_200_000, 1_706_745_600_000
    message = binance.kline(opened * unit, interval="1M", step=(end - opened) * unit)
    rows, _, rejects = decode("binance-spot", binance.wire(message))
    (row,) = rows["bar", "BTCUSDT.BINANCE-1-MONTH-LAST-EXTERNAL"]
    assert (row["ts_event"], rejects) == (end * 1_000_000, [])
