"""What the constructors of both NautilusTraders have in common, given the classes: integers at scale 16 in."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

LIQUIDATION = ("side", "price", "average_price", "size", "trade_id", "ts_event", "ts_init")
OPEN_INTEREST = ("value", "unit", "value_quote", "ts_event", "ts_init")
VOLATILITY_INDEX = ("value", "ts_event", "ts_init")


def price_update(kind: Any, from_raw: Callable[[int, int], Any]) -> Callable[..., Any]:
    """Of a mark or index price."""

    def make(instrument_id: Any, raw: int, precision: int, ts_event: int, ts_init: int) -> Any:
        return kind(instrument_id, from_raw(raw, precision), ts_event, ts_init)

    return make


def funding_rate(kind: Any) -> Callable[..., Any]:
    """Of a funding rate; the interval in minutes."""

    def make(
        instrument_id: Any, rate: str, interval: int | None, next_ns: int | None, ts_event: int, ts_init: int
    ) -> Any:
        return kind(instrument_id, Decimal(rate), ts_event, ts_init, interval=interval, next_funding_ns=next_ns)

    return make


def status(kind: Any, actions: Any) -> Callable[..., Any]:
    """Of a trading status; `actions` is the enum of them."""

    def make(instrument_id: Any, action: str, reason: str, is_trading: bool | None, ts_event: int, ts_init: int) -> Any:
        code = getattr(actions, action)
        return kind(instrument_id, code, ts_event, ts_init, reason=reason or None, is_trading=is_trading)

    return make


def option_greeks(kind: Any) -> Callable[..., Any]:
    """Of greeks (delta, gamma, vega, theta, rho), and volatilities (mark, bid, ask), underlying and open interest."""

    def make(
        instrument_id: Any, greeks: Sequence[float], rest: Sequence[float | None], ts_event: int, ts_init: int
    ) -> Any:
        return kind(instrument_id, *greeks, *rest, ts_event, ts_init)

    return make


def custom(kind: Any, names: Sequence[str], wrap: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Of a class of custom data; `wrap` puts an item of an instrument into its `CustomData`."""

    def make(instrument_id: Any, *values: Any) -> Any:
        return wrap(instrument_id, kind(instrument_id=instrument_id, **dict(zip(names, values, strict=True))))

    return make
