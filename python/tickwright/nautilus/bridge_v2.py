"""NautilusTrader 2.0.0rc's constructors, as `tickwright._core.ObjectDecoder` calls them: integers at scale 16 in.

Enums are classes of their own there and a depth holds only the levels there are. Liquidations, open interest and
volatility indices are `CustomData` around plain objects.
"""

# mypy: ignore-errors
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nautilus_trader import model

from tickwright.nautilus.makers import (
    LIQUIDATION,
    OPEN_INTEREST,
    VOLATILITY_INDEX,
    custom,
    funding_rate,
    option_greeks,
    price_update,
    status,
)


@dataclass(frozen=True, slots=True)
class Liquidation:
    """A forced order of the venue against a position: fields as of the class of 1.231."""

    instrument_id: Any
    side: str
    price: str
    average_price: str
    size: str
    trade_id: str
    ts_event: int
    ts_init: int


@dataclass(frozen=True, slots=True)
class OpenInterest:
    """Open interest: fields as of the class of 1.231."""

    instrument_id: Any
    value: str
    unit: str
    value_quote: str
    ts_event: int
    ts_init: int


@dataclass(frozen=True, slots=True)
class VolatilityIndex:
    """A volatility index: fields as of the class of 1.231."""

    instrument_id: Any
    value: str
    ts_event: int
    ts_init: int


_ACTIONS = (None, model.BookAction.ADD, model.BookAction.UPDATE, model.BookAction.DELETE, model.BookAction.CLEAR)
_SIDES = (model.OrderSide.NO_ORDER_SIDE, model.OrderSide.BUY, model.OrderSide.SELL)
_AGGRESSORS = (model.AggressorSide.NO_AGGRESSOR, model.AggressorSide.BUY, model.AggressorSide.SELL)


def _trade(instrument_id, price, price_precision, size, size_precision, aggressor, *rest):
    return model.TradeTick.from_raw(
        instrument_id, price, price_precision, size, size_precision, _AGGRESSORS[aggressor], *rest
    )


def _level(side, price, price_precision, size, size_precision, order_id):
    return model.BookOrder(
        _SIDES[side],
        model.Price.from_raw(price, price_precision),
        model.Quantity.from_raw(size, size_precision),
        order_id,
    )


def _delta(instrument_id, action, side, price, price_precision, size, size_precision, order_id, *rest):
    order = _level(side, price, price_precision, size, size_precision, order_id)
    return model.OrderBookDelta(instrument_id, _ACTIONS[action], order, *rest)


def _depth(instrument_id, bids, asks, bid_counts, ask_counts, *rest):
    bid_counts, ask_counts = ([count for count in counts if count] for counts in (bid_counts, ask_counts))
    bids, asks = bids[: len(bid_counts)], asks[: len(ask_counts)]
    return model.OrderBookDepth(instrument_id, bids, asks, bid_counts, ask_counts, *rest)


def _bar(bar_type, open_, high, low, close, price_precision, volume, size_precision, ts_event, ts_init):
    price = model.Price.from_raw
    return model.Bar(
        bar_type,
        price(open_, price_precision),
        price(high, price_precision),
        price(low, price_precision),
        price(close, price_precision),
        model.Quantity.from_raw(volume, size_precision),
        ts_event,
        ts_init,
    )


def _wrap(instrument_id, item):
    data_type = model.DataType(type(item).__name__, {"instrument_id": str(instrument_id)})
    return model.CustomData(data_type, item)


def makers() -> dict[str, Callable[..., Any]]:
    """Constructors by the names that the core asks for."""
    return {
        "instrument_id": model.InstrumentId.from_str,
        "bar_type": model.BarType.from_str,
        "trade_id": model.TradeId,
        "trade": _trade,
        "quote": model.QuoteTick.from_raw,
        "delta": _delta,
        "deltas": model.OrderBookDeltas,
        "level": _level,
        "depth10": _depth,
        "bar": _bar,
        "mark_price": price_update(model.MarkPriceUpdate, model.Price.from_raw),
        "index_price": price_update(model.IndexPriceUpdate, model.Price.from_raw),
        "funding_rate": funding_rate(model.FundingRateUpdate),
        "status": status(model.InstrumentStatus, model.MarketStatusAction),
        "option_greeks": option_greeks(model.OptionGreeks),
        "liquidation": custom(Liquidation, LIQUIDATION, _wrap),
        "open_interest": custom(OpenInterest, OPEN_INTEREST, _wrap),
        "volatility_index": custom(VolatilityIndex, VOLATILITY_INDEX, _wrap),
    }


def in_memory() -> dict[str, Any]:
    """Classes whose objects take C structs in a capsule: here there are none."""
    return {}
