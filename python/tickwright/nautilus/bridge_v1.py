"""NautilusTrader 1.231's constructors, as `tickwright._core.ObjectDecoder` calls them: integers at scale 16 in."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from nautilus_trader.model import data as model
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import Price

from tickwright.nautilus.data import Liquidation, OpenInterest


def _price_update(kind: type) -> Callable[..., Any]:
    from_raw = Price.from_raw

    def make(instrument_id: InstrumentId, raw: int, precision: int, ts_event: int, ts_init: int) -> Any:
        return kind(instrument_id, from_raw(raw, precision), ts_event, ts_init)

    return make


def _funding_rate(
    instrument_id: InstrumentId, rate: str, interval: int | None, next_ns: int | None, ts_event: int, ts_init: int
) -> Any:
    return model.FundingRateUpdate(
        instrument_id, Decimal(rate), ts_event, ts_init, interval=interval, next_funding_ns=next_ns
    )


def _status(
    instrument_id: InstrumentId, action: str, reason: str, is_trading: bool | None, ts_event: int, ts_init: int
) -> Any:
    return model.InstrumentStatus(
        instrument_id,
        getattr(MarketStatusAction, action),
        ts_event,
        ts_init,
        reason=reason or None,
        is_trading=is_trading,
    )


def _custom(kind: type, names: Sequence[str]) -> Callable[..., Any]:
    def make(instrument_id: InstrumentId, *values: Any) -> Any:
        item = kind(instrument_id=instrument_id, **dict(zip(names, values, strict=True)))
        return model.CustomData(model.DataType(kind, metadata={"instrument_id": instrument_id}), item)

    return make


_LIQUIDATION = ("side", "price", "average_price", "size", "trade_id", "ts_event", "ts_init")
_OPEN_INTEREST = ("value", "unit", "value_quote", "ts_event", "ts_init")


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
        "mark_price": _price_update(model.MarkPriceUpdate),
        "index_price": _price_update(model.IndexPriceUpdate),
        "funding_rate": _funding_rate,
        "status": _status,
        "liquidation": _custom(Liquidation, _LIQUIDATION),
        "open_interest": _custom(OpenInterest, _OPEN_INTEREST),
    }
