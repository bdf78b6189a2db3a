"""NautilusTrader 1.231's constructors, as `tickwright._core.ObjectDecoder` calls them: integers at scale 16 in."""

from collections.abc import Callable
from typing import Any

from nautilus_trader.model import data as model
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import Price

from tickwright.nautilus.data import Liquidation, OpenInterest, VolatilityIndex
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


def _wrap(instrument_id: InstrumentId, item: Any) -> Any:
    return model.CustomData(model.DataType(type(item), metadata={"instrument_id": instrument_id}), item)


def makers() -> dict[str, Callable[..., Any]]:
    """Constructors by the names that the core asks for."""
    return {
        "instrument_id": InstrumentId.from_str,
        "bar_type": model.BarType.from_str,
        "trade_id": TradeId,
        "trade": model.TradeTick.from_raw,
        "quote": model.QuoteTick.from_raw,
        "delta": model.OrderBookDelta.from_raw,
        "deltas": model.OrderBookDeltas,
        "level": model.BookOrder.from_raw,
        "depth10": model.OrderBookDepth10,
        "bar": model.Bar.from_raw,
        "mark_price": price_update(model.MarkPriceUpdate, Price.from_raw),
        "index_price": price_update(model.IndexPriceUpdate, Price.from_raw),
        "funding_rate": funding_rate(model.FundingRateUpdate),
        "status": status(model.InstrumentStatus, MarketStatusAction),
        "option_greeks": option_greeks(model.OptionGreeks),
        "liquidation": custom(Liquidation, LIQUIDATION, _wrap),
        "open_interest": custom(OpenInterest, OPEN_INTEREST, _wrap),
        "volatility_index": custom(VolatilityIndex, VOLATILITY_INDEX, _wrap),
    }


def in_memory() -> dict[str, Any]:
    """Classes whose objects hold a C struct each and take many of them in a capsule."""
    return {
        "trade": model.TradeTick,
        "quote": model.QuoteTick,
        "delta": model.OrderBookDelta,
        "depth10": model.OrderBookDepth10,
    }
