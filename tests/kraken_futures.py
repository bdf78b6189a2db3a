"""Kraken Futures frames written by hand from the documented layouts: every feed, and the answers."""

from typing import Any

from tests.kraken import NS, Number, moment, wire

T0 = 1_780_000_000_000  # ms, 2026-05
INVERSE, LINEAR, DATED, OLD = "PI_XBTUSD", "PF_ETHUSD", "FI_XBTUSD_261225", "PV_XRPXBT"
URL = "wss://futures.kraken.com/ws/v1"
API = "https://futures.kraken.com"

type Side = list[tuple[str, str]]
BIDS: Side = [("62807.0", "1500.0"), ("62806.5", "10.0")]
ASKS: Side = [("62807.5", "250.0"), ("62810.0", "3000.0")]


def uid(number: int) -> str:
    """The id of a trade."""
    return f"896cb851-8322-4946-a123-{number:012x}"


def book(
    seq: int, side: str, price: str, qty: str, *, time: int | None = T0, product: str = INVERSE, **more: Any
) -> bytes:
    """A change of one level."""
    message = {
        "feed": "book", "product_id": product, "side": side, "seq": seq, "price": Number(price), "qty": Number(qty),
    }  # fmt: skip
    return wire(message | ({} if time is None else {"timestamp": time}) | more)


def snapshot(
    seq: int, bids: Side = BIDS, asks: Side = ASKS, *, time: int | None = T0, product: str = INVERSE, **more: Any
) -> bytes:
    """A whole book."""

    def side(levels: Side) -> list[Any]:
        return [{"price": Number(price), "qty": Number(qty)} for price, qty in levels]

    head = {"feed": "book_snapshot", "product_id": product} | ({} if time is None else {"timestamp": time})
    return wire(head | {"seq": seq, "tickSize": None, "bids": side(bids), "asks": side(asks)} | more)


def trade(number: int, *, time: int = T0, product: str = INVERSE, **more: Any) -> dict[str, Any]:
    """A trade, keys in the order of 2026."""
    return {
        "product_id": product, "feed": "trade", "uid": uid(number), "side": "buy" if number % 2 else "sell",
        "type": "fill", "time": time, "qty": Number("320.0"), "price": Number("64401.5"), "seq": number,
    } | more  # fmt: skip


def old_trade(number: int, **more: Any) -> dict[str, Any]:
    """The same in the order of 2021."""
    now = trade(number, **more)
    return {key: now[key] for key in "feed product_id uid side type seq time qty price".split() if key in now}


def history(*trades: dict[str, Any], product: str = INVERSE) -> bytes:
    """`trade_snapshot`: newest first."""
    return wire({"feed": "trade_snapshot", "product_id": product, "trades": list(trades)})


def ticker(time: int = T0, *, product: str = INVERSE, without: str = "", **more: Any) -> bytes:
    """A message of `ticker`, keys in the order of 2026."""
    message = {
        "time": time, "product_id": product, "funding_rate": Number("-6.2604214e-11"),
        "funding_rate_prediction": Number("-3.65989977e-10"), "relative_funding_rate": Number("-1.380384722222e-6"),
        "relative_funding_rate_prediction": Number("-8.047629166667e-6"),
        "next_funding_rate_time": T0 - T0 % 3_600_000 + 3_600_000, "leverage": "50x", "premium": Number("-0.0"),
        "feed": "ticker", "bid": Number("62807.0"), "ask": Number("62807.5"), "bid_size": Number("2536.0"),
        "ask_size": Number("13948.0"), "volume": Number("31403908.0"), "dtm": 0, "index": Number("62806.54"),
        "last": Number("62807.5"), "change": Number("1.9974017538161748"), "suspended": False, "tag": "perpetual",
        "pair": "XBT:USD", "openInterest": Number("30072580.0"), "markPrice": Number("62806.68641534714"),
        "maturityTime": 0, "post_only": False, "volumeQuote": Number("31403908.0"), "open": Number("62000.5"),
        "high": Number("63000.0"), "low": Number("61000.5"),
    }  # fmt: skip
    message |= more
    return wire({key: value for key, value in message.items() if key not in without.split()})


FUNDING = "funding_rate funding_rate_prediction relative_funding_rate relative_funding_rate_prediction"
DATED_KEYS = f"{FUNDING} next_funding_rate_time"


def lite(product: str = INVERSE) -> bytes:
    """A message of `ticker_lite`."""
    return wire({
        "premium": Number("0.0"), "feed": "ticker_lite", "product_id": product, "bid": Number("439.3"),
        "ask": Number("439.6"), "change": Number("2.640803926150981"), "volume": Number("3413476.0"), "tag": "month",
        "pair": "BCH:USD", "dtm": 7, "maturityTime": 1627657200000, "volumeQuote": Number("1.5"),
    })  # fmt: skip


def subscribed(feed: str, product: str = INVERSE) -> bytes:
    """The answer to a subscription."""
    return wire({"event": "subscribed", "feed": feed, "product_ids": [product]})


def answer(**more: Any) -> bytes:
    """A REST answer."""
    return wire({"result": "success", **more, "serverTime": moment(T0 * 1_000)[:-4] + "Z"})


def definition(symbol: str = INVERSE, **more: Any) -> dict[str, Any]:
    """One product of `instruments`."""
    kinds = {"I": "futures_inverse", "F": "flexible_futures", "V": "futures_vanilla"}
    item = {
        "symbol": symbol, "type": kinds[symbol[1].upper()], "underlying": "rr_xbtusd", "tickSize": Number("0.5"),
        "contractSize": 1, "tradeable": True, "impactMidSize": Number("1000.0"), "maxPositionSize": Number("75000000.0"),
        "openingDate": "2018-08-31T00:00:00Z",
        "marginLevels": [
            {"contracts": 0, "initialMargin": Number("0.02"), "maintenanceMargin": Number("0.01")},
            {"contracts": 500000, "initialMargin": Number("0.04"), "maintenanceMargin": Number("0.02")},
        ],
        "fundingRateCoefficient": 24, "maxRelativeFundingRate": Number("0.0025"), "isin": "GB00J62YGL67",
        "contractValueTradePrecision": 0, "postOnly": False, "mtf": True, "base": "BTC", "quote": "USD", "pair": "BTC:USD",
    }  # fmt: skip
    return item | more


def execution(number: int, *, time: int = T0, kind: str = "Limit", side: str = "Sell") -> dict[str, Any]:
    """One element of `executions`."""
    order = {
        "uid": uid(number + 500), "tradeable": LINEAR, "direction": side, "quantity": "0.0113", "timestamp": time,
        "limitPrice": "90685", "orderType": kind, "reduceOnly": False, "lastUpdateTimestamp": time,
    }  # fmt: skip
    made = {
        "uid": uid(number), "makerOrder": order | {"direction": "Buy", "orderType": "Post"}, "takerOrder": order,
        "timestamp": time, "quantity": "0.0113", "price": "3771.5", "markPrice": "3771.11752545156", "limitFilled": True,
        "usdValue": "42.71",
    }  # fmt: skip
    event = {"Execution": {"execution": made, "takerReducedQuantity": ""}}
    return {"uid": uid(number + 900), "timestamp": time, "event": event}


def elements(*items: Any) -> bytes:
    """The answer `executions`."""
    return wire({"elements": list(items), "len": len(items), "continuationToken": "c3Rh"})


def _stamped(*messages: bytes | tuple[bytes, str]) -> list[tuple[bytes, int, str]]:
    pairs = [message if isinstance(message, tuple) else (message, "") for message in messages]
    return [(body, (T0 + 10_000 + 10 * at) * 1_000 * NS, url) for at, (body, url) in enumerate(pairs)]


def session() -> list[tuple[bytes, int, str]]:
    """Every feed: a hole, a snapshot that is late, one whose count began anew, trades of all kinds."""
    return _stamped(
        wire({"event": "info", "version": 1}),
        subscribed("book"),
        wire({"event": "subscribed_failed", "feed": "book", "product_ids": ["PF_NO"]}),
        wire({"event": "alert", "message": "Couldn't subscribe to invalid product `PF_NOTAREALTHING`"}),
        wire({"event": "error", "message": "Invalid feed"}),
        wire({"feed": "heartbeat", "time": T0}),
        book(99, "buy", "62807.0", "1.0"),  # before any snapshot
        book(101, "buy", "62807.0", "1400.0", time=T0 + 1),
        snapshot(100, time=T0),
        book(101, "buy", "62807.0", "1400.0", time=T0 + 1),
        book(102, "sell", "62807.5", "0.0", time=T0 + 2),
        book(103, "sell", "62808", "7", time=T0 + 2),  # as frames of 2021 are not written, but answers are
        book(103, "sell", "62808", "7", time=T0 + 2),  # again
        book(104, "sell", "62900.5", "0", time=T0 + 2),  # not held
        snapshot(102, time=T0 + 2),  # late
        snapshot(104, time=T0 + 2),  # there already
        book(105, "sell", "62810.0", "-5.0", time=T0 + 3),
        book(107, "buy", "62806.0", "2.0", time=T0 + 4),  # one is missing
        book(108, "buy", "62806.0", "3.0", time=T0 + 4),
        snapshot(108, [("62806.0", "3.0"), ("62805.0", "0.0")], ASKS, time=T0 + 4),
        book(109, "buy", "5.494e-6", "1e3", time=T0 + 5),
        snapshot(7, BIDS[:1], [("62808.0", "-1.0")], time=T0 + 6),  # the count began anew
        book(8, "sell", "62808.0", "1.0", time=T0 + 7),
        snapshot(50, product=LINEAR, bids=[("3100.1", "0.25")], asks=[], time=None),
        book(51, "sell", "3100.2", "12.125", product=LINEAR, time=None),
        wire(trade(1)),
        wire(trade(1)),
        wire(old_trade(2)),
        wire(trade(3, type="liquidation", side="sell")),
        wire(trade(3, type="liquidation", side="sell")),
        wire(trade(4, type="termination", product=LINEAR, qty=Number("0.0046"))),
        wire(trade(5, type="block", price=Number("5.494e-6"), product=LINEAR)),
        wire({key: value for key, value in trade(6, product=DATED).items() if key != "uid"}),
        wire({key: value for key, value in trade(6, product=DATED).items() if key != "uid"}),
        history(trade(9, time=T0 + 2), trade(8, time=T0 + 2, type="liquidation"), trade(2)),
        history(),
        ticker(),
        ticker(),
        ticker(T0 + 1),
        ticker(T0 + 2, bid=Number("62806.5"), post_only=True),
        ticker(T0 + 3, suspended=True, without="bid bid_size relative_funding_rate funding_rate"),
        ticker(T0 + 4, without="relative_funding_rate", next_funding_rate_time=0, bid=Number("0.0")),
        ticker(T0 + 5, without="openInterest markPrice index suspended bid ask bid_size ask_size " + DATED_KEYS),
        ticker(product=LINEAR, openInterest=Number("2055.214"), markPrice=Number("3100.123456789012345678")),
        ticker(product=DATED, without=DATED_KEYS, maturityTime=1798185600000, tag="quarter"),
        ticker(product=OLD, index=None, markPrice=Number("0.0")),
        lite(),
        wire({"feed": "fills_snapshot", "account": "a", "fills": []}),
        wire({"feed": "great_news", "product_id": INVERSE}),
        wire({}),
    )  # fmt: skip


V3 = f"{API}/derivatives/api/v3"
CHARTS = f"{API}/api/charts/v1"
EXECUTIONS = f"{API}/api/history/v3/market/PF_ETHUSD/executions"


def named() -> list[tuple[bytes, int, str]]:
    """Answers that say what they are of, each under its URL."""
    of_index = {"symbol": "in_xbtusd", "last": Number("9997.5"), "lastTime": moment(T0 * 1_000)}
    answered = {
        "symbol": "PI_XBTUSD", "last": Number("91415.0"), "lastTime": moment(T0 * 1_000), "tag": "perpetual",
        "pair": "BTC:USD", "markPrice": Number("91506.6009839176"), "bid": Number("91415.0"), "bidSize": Number("4960.0"),
        "ask": Number("91490.5"), "askSize": Number("5020.0"), "vol24h": Number("21118140.0"),
        "volumeQuote": Number("260138.8647"), "openInterest": Number("21279580.0"), "open24h": Number("90000.0"),
        "high24h": Number("92000.0"), "low24h": Number("89000.0"), "lastSize": Number("3240.0"),
        "fundingRate": Number("-3.995839963e-09"), "fundingRatePrediction": Number("6.272058425e-08"),
        "suspended": False, "indexPrice": Number("91468.38"), "postOnly": False, "change24h": Number("1.57"),
    }  # fmt: skip
    return _stamped(
        (answer(instruments=[definition(), definition(LINEAR, tickSize=Number("1e-10"), contractValueTradePrecision=-3, base="ETH"),
                             definition(DATED.lower(), lastTradingTime="2026-12-25T15:00:00.000Z", base="", quote="", tradeable=False),
                             definition(OLD, postOnly=True), {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False}]),
         f"{V3}/instruments"),
        (answer(tickers=[answered, answered | {"symbol": "pf_ethusd", "suspended": True, "bid": None}, of_index, {"symbol": "rr_xbtusd"}]), f"{V3}/tickers"),
        (answer(ticker=answered | {"symbol": "FI_XBTUSD_261225"}), f"{V3}/tickers/FI_XBTUSD_261225"),
        (elements(execution(83, time=T0 + 2), execution(82, kind="Liquidation"), execution(81)), EXECUTIONS),
        (elements(execution(84, side="Buy"), execution(85, time=T0 + 3), {"uid": "a", "timestamp": T0, "event": {"OrderPlaced": {"order": {}}}}), f"{EXECUTIONS}?sort=asc"),
        (elements(), EXECUTIONS),
        (answer(instrumentStatus=[{"tradeable": "PI_XBTUSD", "experiencingDislocation": False}]), f"{V3}/instruments/status"),
        (wire({"result": "error", "error": "apiLimitExceeded", "serverTime": moment(T0 * 1_000)}), f"{V3}/tickers"),
    )  # fmt: skip


def unnamed() -> list[tuple[bytes, int, str]]:
    """Answers of which the URL alone says what they are of."""
    hour = T0 - T0 % 3_600_000
    sides = {"bids": [[Number("105900.0"), Number("0.5")]], "asks": [[105950, Number("0.3")], [Number("106000.0"), 1]]}
    candles = [
        {"time": hour - 3_600_000 * ago, "open": "91069", "high": "91373.5", "low": "90956", "close": f"9104{ago}.5", "volume": "319499"}
        for ago in (2, 1, 0)
    ]  # fmt: skip
    last = {
        "time": moment((T0 - 5) * 1_000), "trade_id": 100, "price": Number("91415.0"), "size": 10, "side": "buy",
        "type": "liquidation", "uid": uid(71),
    }  # fmt: skip
    rates = [
        {"timestamp": moment((hour - 3_600_000 * ago) * 1_000), "fundingRate": Number("0.5"), "relativeFundingRate": Number(f"{ago}.5e-05")}
        for ago in (0, 1)
    ]  # fmt: skip
    return _stamped(
        (answer(orderBook=sides), f"{V3}/orderbook?symbol=pi_xbtusd"),
        (answer(orderBook=sides), f"{V3}/orderbook?symbol=PI_XBTUSD"),
        (answer(history=[last, last | {"uid": uid(70), "side": "sell", "type": "fill", "time": moment((T0 - 9) * 1_000)}]), f"{V3}/history?symbol=PI_XBTUSD"),
        (wire({"candles": candles, "more_candles": False}), f"{CHARTS}/trade/PI_XBTUSD/1h?from=1"),
        (wire({"candles": candles, "more_candles": False}), f"{CHARTS}/mark/PI_XBTUSD/1h"),
        (wire({"candles": candles, "more_candles": False}), f"{CHARTS}/spot/PI_XBTUSD/1h"),
        (wire({"candles": candles[:1], "more_candles": True}), f"{CHARTS}/trade/PI_XBTUSD/1h"),
        (wire({"candles": candles[:1], "more_candles": True}), f"{CHARTS}/trade/PI_XBTUSD/2h"),  # no such resolution
        (answer(rates=rates), f"{API}/derivatives/api/v4/historicalfundingrates?symbol=PI_XBTUSD"),
        (answer(rates=[]), f"{API}/derivatives/api/v4/historicalfundingrates?symbol=PI_XBTUSD"),
        (answer(rates=rates), ""),  # nobody knows of what
    )  # fmt: skip


def answers() -> list[tuple[bytes, int, str]]:
    """All of them, one after another."""
    return _stamped(*((body, url) for body, _, url in named() + unnamed()))


SESSIONS = {"session": session, "answers": answers}
