"""Frames straight to NautilusTrader's objects: what a live data client puts into its engine.

Comes in: frames as received, and books as fetched. Goes out: lists of objects in the order the engine needs, made from
integers at scale 16; a hole in a book comes out as a `Gap`, in its place among them. Sequencing is that of the
converter: no delta leaves here whose place in the stream is not proven, and every event ends with F_LAST.

Works with NautilusTrader 1.231 (its Cython classes) and 2.0.0rc (its PyO3 classes), whichever is installed.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tickwright import _core

if version("nautilus_trader").startswith("1."):
    from tickwright.nautilus import bridge_v1 as bridge
else:
    from tickwright.nautilus import bridge_v2 as bridge  # type: ignore[no-redef]


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
        ``"sequence"``: updates are missing; ``"checksum"``: the book is not what the venue's checksum says;
        ``"no_snapshot"``: the stream has begun and there is no book yet.
    from_sequence, to_sequence : int
        The last id before the hole (0 where there was none) and the first after it.
    from_ns, to_ns : int
        Receive times of the two, ns UTC.
    fetch : str
        Path and query of the REST request that answers with the book, from the venue's REST root; empty where no
        answer joins the channel: the stream brings a book to those who subscribe anew.

    """

    instrument_id: Any
    symbol: str
    channel: str
    cause: str
    from_sequence: int
    to_sequence: int
    from_ns: int
    to_ns: int
    fetch: str


def _makers() -> dict[str, Callable[..., Any]]:
    makers = bridge.makers()
    instrument_id = makers["instrument_id"]

    def gap(name: str, *rest: Any) -> Gap:
        return Gap(instrument_id(name), *rest)

    return {**makers, "gap": gap}


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
    derive_every_ns : int
        Depths and quotes that are derived from the book: at the ends of intervals of so many ns, each told by the first
        frame after it, instead of whenever they change.

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
        derive_every_ns: int = 0,
    ) -> None:
        definitions: bytes | None = None
        given: Iterable[Any] = ()
        if isinstance(instruments, bytes):
            definitions = instruments
        elif instruments is not None:
            given = instruments
        options = {
            "types": None if types is None else list(types),
            "trades": trades,
            "book": book,
            "on_gap": on_gap,
            "derive_every": derive_every_ns,
        }
        self._core = _core.ObjectDecoder(
            feed,
            definitions,
            {str(item.id): (item.price_precision, item.size_precision) for item in given},
            json.dumps(options),
            _makers(),
            bridge.in_memory(),
        )
        # One call of Python less for every frame.
        self.push = self._core.push  # type: ignore[method-assign]

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
        """Take a REST book answer of `symbol`, received at `ts_init` (ns UTC), as `Gap.fetch` asks for it.

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
