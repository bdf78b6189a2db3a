"""Frames straight to NautilusTrader's objects: what a live data client puts into its engine.

Comes in: frames as received, and books as fetched. Goes out: lists of objects in the order the engine needs, made from
integers at scale 16; a hole in a book comes out as a `Gap`, in its place among them. Sequencing is that of the
converter: no delta leaves here whose place in the stream is not proven, and every event ends with F_LAST.

Works with NautilusTrader 1.231 (its Cython classes) and 2.0.0rc (its PyO3 classes), whichever is installed.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nautilus_trader.model import data as model
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId, TradeId
from nautilus_trader.model.objects import Price

from tickwright import _core
from tickwright.nautilus.data import Liquidation, OpenInterest


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in an instrument's book: deltas are withheld until a snapshot joins the stream.

    Attributes
    ----------
    instrument_id : InstrumentId
        The book's instrument.
    symbol : str
        The venue's symbol, as `ObjectDecoder.snapshot` wants it.
    channel : str
        The channel of the book.
    cause : str
        ``"sequence"``: updates are missing; ``"no_snapshot"``: the stream has begun and there is no book yet.
    from_sequence, to_sequence : int
        The last id before the hole (0 where there was none) and the first after it.
    from_ns, to_ns : int
        Receive times of the two, ns UTC.
    fetch : str
        Path and query of the REST request that answers with the book, from the venue's REST root.

    """

    instrument_id: InstrumentId
    symbol: str
    channel: str
    cause: str
    from_sequence: int
    to_sequence: int
    from_ns: int
    to_ns: int
    fetch: str


def _gap(instrument_id: str, *rest: Any) -> Gap:
    return Gap(InstrumentId.from_str(instrument_id), *rest)


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


def _makers() -> dict[str, Callable[..., Any]]:
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
        "gap": _gap,
    }


class ObjectDecoder:
    """Turns frames of one feed into NautilusTrader objects.

    Parameters
    ----------
    feed : str
        Such as ``"binance-usdm"``; `tickwright.feeds` lists them.
    instruments : bytes or iterable of Instrument, optional
        An answer of the venue's instrument endpoint, or NautilusTrader's instruments: they give prices and sizes their
        precision. Without, it is the most decimals met so far of each instrument.
    types : iterable of str, optional
        Row types wanted; everything received without. Naming ``"depth10"`` or ``"quote"`` derives them from the book
        where the venue does not send them.
    trades : str
        ``"auto"`` (aggregates until the first raw trade), ``"raw"`` or ``"aggregate"``.
    book : str, optional
        The channel of books; the first that comes without.
    on_gap : str
        ``"withhold"``, ``"rebuild"`` or ``"continue"``.

    Raises
    ------
    tickwright.UsageError
        An unknown feed or option, instruments that define nothing.

    Notes
    -----
    Not a bad frame raises: it is counted and kept in `report`. An instance may be used from several threads; calls take
    turns.

    Examples
    --------
    >>> decoder = ObjectDecoder("binance-usdm")
    >>> decoder.push(
    ...     b'{"e":"aggTrade","E":1700000000003,"a":7,"s":"BTCUSDT","p":"63113.20","q":"0.005","f":1,"l":1,'
    ...     b'"T":1700000000001,"m":true}',
    ...     1_700_000_000_004_000_000,
    ... )
    [TradeTick(BTCUSDT-PERP.BINANCE,63113.2,0.005,SELLER,7,1700000000001000000)]

    """

    def __init__(
        self,
        feed: str,
        instruments: bytes | Iterable[Any] | None = None,
        *,
        types: Iterable[str] | None = None,
        trades: str = "auto",
        book: str | None = None,
        on_gap: str = "withhold",
    ) -> None:
        definitions = instruments if isinstance(instruments, bytes) else None
        given = () if instruments is None or isinstance(instruments, bytes) else instruments
        options = {
            "types": None if types is None else list(types),
            "trades": trades,
            "book": book,
            "on_gap": on_gap,
        }
        self._core = _core.ObjectDecoder(
            feed,
            definitions,
            {str(item.id): (item.price_precision, item.size_precision) for item in given},
            json.dumps(options),
            _makers(),
        )

    def push(self, frame: bytes, ts_init: int) -> list[Any]:
        """Decode a frame received at `ts_init` (ns UTC); the objects it gives, and a `Gap` where it shows one."""
        return self._core.push(frame, ts_init)

    def push_many(self, frames: Sequence[bytes], ts_inits: Sequence[int]) -> list[Any]:
        """Decode frames in order, as `push` does one by one; all their objects.

        Raises
        ------
        tickwright.UsageError
            Not as many times as frames.

        """
        return self._core.push_many(frames, ts_inits)

    def snapshot(self, symbol: str, body: bytes, ts_init: int) -> list[Any]:
        """Take a REST book answer of `symbol`, received at `ts_init` (ns UTC).

        Returns
        -------
        list
            The book and the updates that had waited for it; or the `Gap` again where it does not join them: fetch
            another, later one.

        """
        return self._core.snapshot(symbol, body, ts_init)

    def report(self) -> dict[str, Any]:
        """Accounting, gaps, rejects, unknown keys and topics: as `tickwright.Decoder.report`."""
        value: dict[str, Any] = json.loads(self._core.report())
        return value
