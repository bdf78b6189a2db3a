"""Deribit frames written by hand from the documented layouts; every channel and answer."""

import json
import re
from dataclasses import dataclass
from typing import Any

T0 = 1_780_000_000_000  # ms, 2026-05
NS = 1_000_000
PERPETUAL, LINEAR, OPTION = "BTC-PERPETUAL", "SOL_USDC-PERPETUAL", "BTC-25DEC26-100000-C"
SPREAD, STRADDLE, SPOT = "BTC-FS-25DEC26_PERP", "BTC-STRD-25DEC26-100000", "BTC_USDC"

type Level = list[Any]


@dataclass(frozen=True)
class Plain:
    """A number with the text it is sent as: `Plain("3.0e6")`."""

    text: str


def wire(message: Any) -> bytes:
    """Compact JSON; numbers as their texts say."""
    marked = json.dumps(message, separators=(",", ":"), ensure_ascii=False, default=lambda number: f"={number.text}=")
    return re.sub('"=([^"]*)="', r"\1", marked).encode()


def push(channel: str, data: Any, **more: Any) -> bytes:
    """A notification of a channel."""
    return wire({"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data, **more}})


def answer(result: Any, *, answered: int = T0 * 1_000 + 90_000_000, **more: Any) -> bytes:
    """An answer, as of a time in µs."""
    times = {"usIn": answered - 200, "usOut": answered, "usDiff": 200, "testnet": False}
    return wire({"jsonrpc": "2.0", "id": 7, "result": result} | times | more)


def bid(price: Any, amount: Any, action: str = "new") -> Level:
    """A level of a book that says what is to be done."""
    return [action, price, amount]


def book(
    kind: str | None,
    number: int,
    previous: int | None,
    bids: list[Level],
    asks: list[Level],
    *,
    time: int = T0,
    interval: str = "100ms",
    name: str = PERPETUAL,
) -> bytes:
    """A message of a book's channel; of before 2020 without a kind."""
    item: dict[str, Any] = {"timestamp": time, "type": kind, "change_id": number, "instrument_name": name}
    item |= {"bids": bids, "asks": asks, "prev_change_id": previous}
    left = {key: value for key, value in item.items() if value is not None}
    return push(f"book.{name}.{interval}", left)


def grouped(
    number: int,
    bids: list[Level],
    asks: list[Level],
    *,
    time: int | None = T0,
    of: str = "none.10.100ms",
    name: str = PERPETUAL,
) -> bytes:
    """A message of the best levels."""
    item = {"instrument_name": name, "timestamp": time, "change_id": number, "bids": bids, "asks": asks}
    return push(f"book.{name}.{of}", {key: value for key, value in item.items() if value is not None})


def trade(number: int, *, name: str = PERPETUAL, time: int = T0, **more: Any) -> dict[str, Any]:
    """One trade; keys as in 2026."""
    item = {
        "timestamp": time, "price": 76917.5, "amount": 8450.0, "direction": "buy" if number % 2 else "sell",
        "index_price": 76906.67, "instrument_name": name, "trade_seq": number, "mark_price": 76917.12,
        "tick_direction": 0, "starbase_match_id": 225046781992378368, "trade_id": str(number), "contracts": 845.0,
        "starbase_timestamp": 1789344933994718924,
    }  # fmt: skip
    return {key: value for key, value in (item | more).items() if value is not None}


def trades(*items: dict[str, Any], channel: str = f"trades.{PERPETUAL}.100ms") -> bytes:
    """A message of trades."""
    return push(channel, list(items))


STATS = {"high": 78000.0, "low": None, "price_change": -0.5, "volume": 4000.0, "volume_usd": 3.0e8}


def tick(*, name: str = PERPETUAL, time: int = T0, **more: Any) -> dict[str, Any]:
    """A ticker of a contract without an expiry."""
    item = {
        "timestamp": time, "state": "open", "stats": STATS, "index_price": 76900.24, "instrument_name": name,
        "last_price": 76917.5, "settlement_price": 76800.01, "min_price": 75000.5, "max_price": 79000.0,
        "open_interest": Plain("1.0002e9"), "mark_price": 76917.12, "interest_value": 0.0028213400122472977,
        "best_ask_price": 76917.5, "best_bid_price": 76917.0, "estimated_delivery_price": 76900.24,
        "best_ask_amount": 10.0, "best_bid_amount": Plain("3.0e4"), "current_funding": Plain("1.0e-5"),
        "funding_8h": Plain("1.742e-05"),
    }  # fmt: skip
    return {key: value for key, value in (item | more).items() if value is not ...}


def option(*, name: str = OPTION, time: int = T0, **more: Any) -> dict[str, Any]:
    """A ticker of an option."""
    item = {
        "timestamp": time, "state": "open", "stats": STATS,
        "greeks": {"delta": 0.47736, "gamma": Plain("2.8e-4"), "vega": 18.43602, "theta": -217.49347, "rho": 1.31068},
        "index_price": 76900.24, "instrument_name": name, "last_price": 0.0065, "settlement_price": 0.0061,
        "min_price": 0.0001, "max_price": 0.03, "open_interest": 61.7, "mark_price": 0.00690385, "interest_rate": 0.0,
        "best_ask_price": 0.0075, "best_bid_price": 0.0065, "mark_iv": 31.2, "bid_iv": 29.57, "ask_iv": 33.74,
        "underlying_price": 76904.4, "underlying_index": "BTC-25DEC26", "estimated_delivery_price": 76900.24,
        "best_ask_amount": 10.0, "best_bid_amount": 10.0,
    }  # fmt: skip
    return {key: value for key, value in (item | more).items() if value is not ...}


def ticker(item: dict[str, Any], interval: str = "100ms") -> bytes:
    """A message of a ticker's channel."""
    return push(f"ticker.{item['instrument_name']}.{interval}", item)


def changed(kind: str, name: str = OPTION, **item: Any) -> bytes:
    """A message of an incremental ticker."""
    return push(f"incremental_ticker.{name}", {"type": kind, "instrument_name": name, **item})


def quote(bid: tuple[Any, Any], ask: tuple[Any, Any], *, time: int = T0, name: str = PERPETUAL) -> bytes:
    """A message of quotes."""
    item = {"timestamp": time, "instrument_name": name, "best_ask_price": ask[0], "best_bid_price": bid[0]}
    return push(f"quote.{name}", item | {"best_ask_amount": ask[1], "best_bid_amount": bid[1]})


def chart(tick: int, volume: float, *, name: str = PERPETUAL, resolution: str = "1", **more: Any) -> bytes:
    """A running candle."""
    item = {"tick": tick, "open": 76910.0, "high": 76920.5, "low": 76900.0, "close": 76917.5, "volume": volume}
    return push(f"chart.trades.{name}.{resolution}", item | {"cost": volume * 76_910, **more})


def charts(*ticks: int, **more: Any) -> dict[str, Any]:
    """The result of an answer with candles."""
    columns: dict[str, Any] = {
        key: [76910.0 + at for at in range(len(ticks))] for key in ("open", "high", "low", "close")
    }
    columns |= {"volume": [0.5] * len(ticks), "cost": [38450.0] * len(ticks)}
    return columns | {"status": "ok", "ticks": list(ticks)} | more


def definition(**more: Any) -> dict[str, Any]:
    """One object of `get_instruments`: the perpetual."""
    item = {
        "price_index": "btc_usd", "kind": "future", "instrument_name": PERPETUAL, "max_leverage": 50,
        "maker_commission": 0.0, "taker_commission": 0.0005, "instrument_type": "reversed",
        "expiration_timestamp": 32503708800000, "creation_timestamp": 1534167754000, "is_active": True,
        "tick_size": 0.5, "contract_size": 10.0, "instrument_id": 124972, "min_trade_amount": 10.0,
        "future_type": "reversed", "max_liquidation_commission": 0.0075, "block_trade_commission": 0.00025,
        "block_trade_min_trade_amount": 200000, "block_trade_tick_size": 0.01, "settlement_currency": "BTC",
        "settlement_period": "perpetual", "base_currency": "BTC", "counter_currency": "USD", "quote_currency": "USD",
        "tick_size_steps": [],
    }  # fmt: skip
    return {key: value for key, value in (item | more).items() if value is not ...}


DATED = {"expiration_timestamp": 1798185600000, "creation_timestamp": 1719561600000, "settlement_period": "month"}
DEFINITIONS = [
    definition(),
    definition(instrument_name=LINEAR, instrument_type="linear", future_type="linear", base_currency="SOL",
               quote_currency="USDC", settlement_currency="USDC", tick_size=Plain("1.0e-3"), min_trade_amount=0.1),
    definition(instrument_name="BTC-25DEC26", tick_size=2.5, **DATED),
    definition(instrument_name=OPTION, kind="option", option_type="call", strike=100000.0, quote_currency="BTC",
               tick_size=0.0001, min_trade_amount=0.1, tick_size_steps=[{"above_price": 0.005, "tick_size": 0.0005}],
               contract_size=1.0, future_type=..., **DATED),
    definition(instrument_name="XRP_USDC-25DEC26-0d625-P", kind="option", option_type="put", strike=0.625,
               base_currency="XRP", quote_currency="USDC", settlement_currency="USDC", instrument_type="linear",
               tick_size=Plain("1.0e-4"), min_trade_amount=1, **DATED),
    definition(instrument_name=SPOT, kind="spot", quote_currency="USDC", settlement_currency=..., instrument_type="linear",
               tick_size=1.0, min_trade_amount=Plain("1.0e-4"), settlement_period=..., expiration_timestamp=32503708800000),
    definition(instrument_name=SPREAD, kind="future_combo", state="open", **DATED),
    definition(instrument_name=STRADDLE, kind="option_combo", quote_currency="BTC", tick_size=0.0001,
               min_trade_amount=0.1, state="open", **DATED),
    # Of 2021.
    definition(instrument_name="ETH-31DEC21", base_currency="ETH", instrument_type=..., future_type=...,
               settlement_currency=..., tick_size=0.05, min_trade_amount=1, **DATED),
    definition(instrument_name="ETH-31DEC21-4000-P", kind="option", option_type="put", strike=4000.0, base_currency="ETH",
               quote_currency="ETH", instrument_type=..., future_type=..., settlement_currency=..., tick_size=0.0005,
               min_trade_amount=1, is_active=False, **DATED),
    # Of 2020: an option said USD, and was priced in the coin.
    definition(instrument_name="ETH-13MAR20-300-C", kind="option", option_type="call", strike=300.0, base_currency="ETH",
               instrument_type=..., future_type=..., settlement_currency=..., tick_size=0.0005, min_trade_amount=1, **DATED),
]  # fmt: skip


def _stamped(*messages: bytes) -> list[tuple[bytes, int]]:
    return [(message, (T0 + 10_000_000 + 10 * index) * NS) for index, message in enumerate(messages)]


BIDS = [bid(76914.0, Plain("1.0002e6")), bid(76899.5, 10.0)]
ASKS = [bid(77023.0, 10.0), bid(77027.5, Plain("3.0e6"))]
TOP = [[76914.0, 1000200.0], [76899.5, 10.0]], [[77023.0, 10.0], [77027.5, 3000000.0]]


def books() -> list[tuple[bytes, int]]:
    """Books: a hole, parcels of another connection, a count that begins anew, old forms, spreads below zero."""
    return _stamped(
        book("change", 95, 90, BIDS, [], time=T0 - 20),  # before any snapshot
        book("snapshot", 100, None, BIDS, ASKS),
        book(
            "change",
            107,
            100,
            [bid(76914.0, 950.0, "change"), bid(76900.0, 10.0)],
            [bid(77023.0, 0.0, "delete")],
            time=T0 + 1,
        ),
        book("change", 107, 100, [bid(76914.0, 950.0, "change"), bid(76900.0, 10.0)], [], time=T0 + 1),  # again
        book("change", 99, 98, [bid(76914.0, 1.0)], [], time=T0 - 1),  # the snapshot has it
        book("change", 110, 107, [], [], time=T0 + 2),  # it happened elsewhere
        book("change", 120, 105, [bid(76900.0, 0.0, "delete")], [bid(77023.5, 4.0)], time=T0 + 3),  # 105 to 120
        book("change", 130, 125, [bid(76901.0, 1.0)], [], time=T0 + 5),  # 125 is lost
        book("change", 133, 130, [bid(76902.0, 1.0)], [], time=T0 + 6),
        book("change", 125, 120, [bid(76903.0, 1.0)], [], time=T0 + 4),  # and comes late
        book("change", 140, 136, [bid(76904.0, 1.0)], [], time=T0 + 7),  # 136 is lost
        book("change", 150, 140, [bid(76905.0, 1.0)], [], time=T0 + 8),
        book("snapshot", 145, 20, BIDS, ASKS, time=T0 + 8),
        book("snapshot", 150, None, BIDS, ASKS, time=T0 + 9),  # nothing changed
        book("snapshot", 144, None, BIDS, [], time=T0 + 7),  # late
        book("change", 155, 150, [bid(76899.5, 0.0, "delete")], [], time=T0 + 10),
        book("change", 30, 0, BIDS[:1], ASKS, time=T0 + 11),  # a book begins anew
        book("change", 32, 30, [], [bid(77023.0, 3.0, "change")], time=T0 + 12),
        book("change", 34, 32, [], [], time=T0 + 12, interval="raw"),  # another book of it
        book(None, 1000, None, BIDS, ASKS, name="ETH-PERPETUAL", interval="raw"),  # of 2019
        book(None, 1003, 1000, [bid(76914.0, 5.0, "change")], [], name="ETH-PERPETUAL", interval="raw"),
        book(None, 1009, 0, [], ASKS, name="ETH-PERPETUAL", interval="raw", time=T0 + 1),
        book("snapshot", 5, None, [], [], name=OPTION),
        book("change", 8, 5, [bid(0.0065, 4.5)], [], name=OPTION, time=T0 + 1),
        book("change", 9, 8, [bid(0.0065, 0.0, "delete")], [], name=OPTION, time=T0 + 2),
        book("snapshot", 20, None, [], [], name=OPTION, time=T0 + 3),  # empty and was
        book("snapshot", 3, None, [bid(-15.5, 10.0), bid(-20.0, 10.0)], [bid(0.0, 20.0), bid(3.5, 10.0)], name=SPREAD),
        book("change", 4, 3, [], [bid(0.0, 0.0, "delete"), bid(-2.5, 10.0)], name=SPREAD, time=T0 + 1),
        grouped(501, *TOP),
        grouped(501, *TOP),
        grouped(505, TOP[0][:1], [], time=T0 + 100, name=LINEAR),
        grouped(503, *TOP, time=T0 + 50, name=LINEAR),  # late
        grouped(509, [], [], time=T0 + 150, name=LINEAR),
        grouped(520, *TOP, time=None, name=SPOT, of="none.1.agg2"),
        grouped(530, [[76910.0, 5.0]], [], of="5.10.100ms"),  # prices together
        grouped(6, [[-5.5, 10.0]], [[0.0, 10.0]], name=SPREAD, of="none.20.100ms"),
    )


def session() -> list[tuple[bytes, int]]:
    """Trades, tickers, quotes, candles, indices, statuses and what is no row; repeats of each."""
    start = T0 - T0 % 60_000
    legs = [trade(244365195, name=OPTION, price=0.0174, amount=0.1, iv=41.01, combo_id=STRADDLE)]
    return _stamped(
        answer([f"trades.{PERPETUAL}.100ms", f"book.{PERPETUAL}.100ms"]),
        trades(trade(267258393), trade(267258394, time=T0 + 1)),
        trades(trade(267258394, time=T0 + 1), trade(267258395, time=T0 + 1), channel="trades.future.BTC.raw"),
        trades(trade(3, name="ETH-PERPETUAL", trade_id="ETH-284830839", amount=Plain("1.0e0")), channel="trades.ETH-PERPETUAL.raw"),
        trades(trade(8, liquidation="T"), trade(9, liquidation="M"), trade(10, liquidation="MT"), trade(11, liquidation=None)),
        trades(trade(10, liquidation="MT"), channel=f"trades.{PERPETUAL}.raw"),
        trades(
            trade(12, block_trade_id="BLOCK-1", block_trade_leg_count=2, mark_price=None),
            trade(13, block_rfq_id=77, combo_id=SPREAD, combo_trade_id="43"),
        ),
        trades(trade(244365193, name=STRADDLE, price=0.0639, amount=0.1, legs=legs), channel=f"trades.{STRADDLE}.raw"),
        trades(trade(1, name=SPREAD, price=-12.5), trade(2, name=SPREAD, price=0.0), channel=f"trades.{SPREAD}.100ms"),
        trades(),
        ticker(tick()),
        ticker(tick(time=T0 + 1)),  # the same quote
        ticker(tick(time=T0 + 1, mark_price=76917.13, best_bid_amount=1.0), "raw"),  # another of the same time
        ticker(tick(time=T0 + 1, mark_price=76917.13, best_bid_amount=1.0)),
        ticker(tick(time=T0, mark_price=1.5)),  # late
        ticker(tick(time=T0 + 2, best_bid_price=0.0, best_bid_amount=0.0)),
        ticker(tick(time=T0 + 3, best_bid_price=None, best_bid_amount=None, last_price=None, mark_price=0.0, index_price=None)),
        ticker(tick(name=LINEAR, mark_price=Plain("0.12345678901234565"), current_funding=..., open_interest=5.5)),
        ticker(tick(name=SPOT, mark_price=..., open_interest=..., current_funding=..., funding_8h=..., interest_value=...)),
        ticker(option()),
        ticker(option(time=T0 + 1, bid_iv=0.0, best_bid_price=0.0, best_bid_amount=0.0, mark_price=0.000001, underlying_price=0.0)),
        ticker(option(time=T0 + 2, greeks=None)),
        ticker(option(time=T0 + 3, state="closed", delivery_price=76900.24, estimated_delivery_price="expired", greeks=...)),
        ticker(
            tick(name=SPREAD, mark_price=-3.25, best_bid_price=-4.0, best_ask_price=0.0, combo_state="active",
                 implied_bid=-5.0, implied_ask=-1.0, current_funding=..., open_interest=...),
        ),
        ticker(tick(name=SPREAD, time=T0 + 1, mark_price=0.0, best_bid_amount=0.0, current_funding=..., open_interest=...)),
        push(f"perpetual.{PERPETUAL}.100ms", {"timestamp": T0 + 5, "interest": Plain("-5.0e-6"), "index_price": 76900.1}),
        push(f"perpetual.{PERPETUAL}.raw", {"timestamp": T0 + 5, "interest": -0.000005, "index_price": 76900.1}),
        ticker(tick(time=T0 + 10)),  # funding comes by its own channel now
        changed("snapshot", timestamp=T0 + 20, greeks=option()["greeks"], mark_iv=31.2, bid_iv=30.0, ask_iv=33.0,
                best_bid_price=0.0065, best_ask_price=0.0075, best_bid_amount=1.0, best_ask_amount=2.0, open_interest=62.0),
        changed("change", timestamp=T0 + 21, greeks={"delta": 0.5}),
        changed("change", timestamp=T0 + 22, best_bid_price=0.007),
        changed("change", timestamp=T0 + 23, mark_price=0.007),
        changed("change", timestamp=T0 + 24, underlying_price=76905.0, bid_iv=0.0),
        changed("change", timestamp=T0 + 25, state="open"),
        changed("change", LINEAR, timestamp=T0 + 25, best_bid_price=140.0),  # the rest is not known
        changed("snapshot", timestamp=T0 + 26, mark_iv=35.0, best_bid_price=0.0065),
        quote((76917.0, 30.0), (76917.5, 10.0)),
        quote((76916.5, 30.0), (76917.5, 10.0)),  # of the same time
        quote((76917.0, 30.0), (76917.5, 10.0)),
        quote((76917.0, 30.0), (76917.5, 10.0)),  # again
        quote((0.0, 0.0), (76917.5, 10.0), time=T0 + 1),
        quote((76917.0, 30.0), (76917.5, 10.0), time=T0 - 1),  # late
        quote((76917.0, 30.0), (76917.5, 10.0), time=T0),  # late, and the same
        quote((None, None), (76917.5, 10.0), time=T0 + 1),
        quote((0.0, 10.0), (0.0, 20.0), time=T0 + 1, name=SPREAD),
        ticker(tick(time=T0 + 20, best_bid_price=76910.0)),  # quotes come by their own channel now
        chart(start, 0.5),
        chart(start, 0.9),
        chart(start, 0.7),  # late
        chart(start + 60_000, 0.1),
        chart(start, 0.9),  # it was told
        chart(start + 180_000, 0.1, cost=0.0),
        chart(T0 - T0 % 86_400_000, 2.5, resolution="1D", name=LINEAR),
        chart(T0 - T0 % 86_400_000 + 86_400_000, 0.5, resolution="1D", name=LINEAR),
        chart(start, 1.5, name=SPREAD, low=-5.0, open=0.0),
        chart(start + 60_000, 1.5, name=SPREAD),
        push("deribit_price_index.btc_usd", {"timestamp": T0, "price": 76900.24, "index_name": "btc_usd"}),
        push("deribit_price_index.btc_usd", {"timestamp": T0, "price": 76900.24, "index_name": "btc_usd"}),
        push("deribit_volatility_index.btc_usd", {"volatility": 129.36, "timestamp": T0, "index_name": "btc_usd", "estimated_delivery": 129.36}),
        push("deribit_volatility_index.eth_usd", {"timestamp": T0, "volatility": Plain("7.05e1"), "index_name": "eth_usd"}),
        push(
            "markprice.options.btc_usd",
            [{"timestamp": T0 + 30, "iv": 0.3706, "instrument_name": OPTION, "mark_price": 0.005},
             {"timestamp": T0 + 30, "iv": 0.4, "instrument_name": "BTC-25DEC26-90000-P", "mark_price": Plain("1.1403e-4")}],
        ),
        push("instrument.state.any.any", {"timestamp": T0, "state": "created", "instrument_name": OPTION}),
        push("instrument.state.option.BTC", {"timestamp": T0 + 1, "state": "started", "instrument_name": OPTION}),
        push("instrument.state.option.BTC", {"timestamp": T0 + 1, "state": "started", "instrument_name": OPTION}),
        push("instrument.state.future.BTC", {"timestamp": T0 + 2, "state": "halted", "instrument_name": PERPETUAL}),
        push("instrument.state.future.BTC", {"timestamp": T0 + 3, "state": "archivized", "instrument_name": PERPETUAL}),
        push("platform_state", {"price_index": "btc_usd", "locked": True}),
        push("estimated_expiration_price.btc_usd", {"seconds": 5, "price": 1.5, "is_estimated": False}),
        push("deribit_price_ranking.btc_usd", [{"weight": 1.0, "timestamp": T0, "price": 1.5}]),
        push("user.orders.BTC-PERPETUAL.raw", {"order_id": "1"}),
        push("great.news", {"timestamp": T0}),
        push("great.things", []),
        wire({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}),
        wire({"jsonrpc": "2.0", "id": 9, "method": "public/test", "params": {}}),
        wire({"jsonrpc": "2.0", "id": 9, "result": "ok", "usIn": 1, "usOut": 2, "usDiff": 1, "testnet": False}),
        wire({"jsonrpc": "2.0", "id": 1, "error": {"code": 10028, "message": "too_many_requests", "data": None}}),
        wire({"jsonrpc": "2.0"}),
        answer({"access_token": "x", "expires_in": 900, "scope": "connection", "token_type": "bearer"}),
        answer({"trades": [trade(202, time=T0 + 5), trade(201, time=T0 + 5), trade(200, time=T0 + 4)], "has_more": True}),
        answer(tick(time=T0 + 40, change_id=900, bids=TOP[0], asks=TOP[1])),
        answer(tick(time=T0 + 41, change_id=905, bids=TOP[0][:1], asks=[], mark_price=76918.0)),
        answer(option(time=T0 + 42)),
        answer(DEFINITIONS),
        answer(definition(instrument_name="ETH-PERPETUAL", base_currency="ETH")),
    )  # fmt: skip


SESSIONS = {"session": session, "books": books}
