"""Frames in memory to record batches."""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from tickwright import _core


class Decoder:
    """Decode frames of one feed into record batches.

    Parameters
    ----------
    feed
        Such as ``"binance-usdm"``; see `feeds`.
    instruments
        An answer of the venue's instrument endpoint, for exact precision; the most decimals seen without.
    flavour
        ``"v1-high"``, ``"v1-standard"`` or ``"v2"``.
    types
        Row types to keep; everything received without.
    trades
        ``"raw"``, ``"aggregate"`` or ``"auto"`` (aggregates until the first raw trade of an instrument).
    book
        Channel of books; the first of each instrument without.
    on_gap
        ``"withhold"``, ``"rebuild"`` or ``"continue"``.
    precision
        Decimals of prices and of sizes where there is no definition.
    derive_every_ns
        Depths and quotes that are derived from books (``types`` names them): at the ends of intervals of so many ns
        instead of whenever they change.

    Raises
    ------
    UsageError
        An unknown feed or option.

    Examples
    --------
    >>> from tickwright import Decoder
    >>> decoder = Decoder("binance-usdm")
    >>> decoder.push(
    ...     b'{"e":"aggTrade","E":1700000000001,"a":7,"s":"BTCUSDT","p":"63113.20","q":"0.001",'
    ...     b'"f":1,"l":1,"T":1700000000000,"m":false}',
    ...     1700000000002000000,
    ... )
    >>> batches = decoder.flush()
    >>> list(batches)
    [('trade', 'BTCUSDT-PERP.BINANCE')]
    >>> batches['trade', 'BTCUSDT-PERP.BINANCE'].num_rows
    1
    >>> decoder.report()["accounting"]["frames"]["rows"]
    1

    """

    def __init__(
        self,
        feed: str,
        instruments: bytes | None = None,
        *,
        flavour: str = "v1-high",
        types: Iterable[str] | None = None,
        trades: str = "auto",
        book: str | None = None,
        on_gap: str = "withhold",
        precision: tuple[int, int] | None = None,
        derive_every_ns: int = 0,
    ) -> None:
        options = {
            "flavour": flavour,
            "types": None if types is None else list(types),
            "trades": trades,
            "book": book,
            "on_gap": on_gap,
            "precision": None if precision is None else list(precision),
            "derive_every": derive_every_ns,
        }
        self._core = _core.Decoder(feed, instruments, json.dumps(options))

    def push(self, frame: bytes, ts_init: int) -> None:
        """Decode one frame received at `ts_init` ns UTC. A bad frame never raises: it is counted."""
        self._core.push(frame, ts_init)

    def push_many(self, buffers: Sequence[bytes], ts_inits: Sequence[int]) -> None:
        """Decode frames in order, with the GIL released; `ts_inits` (ns UTC) are as many as `buffers`."""
        self._core.push_many(buffers, ts_inits)

    def snapshot(self, symbol: str, body: bytes, ts_init: int) -> None:
        """Give a REST book answer, which names no symbol itself, received at `ts_init` ns UTC."""
        self._core.snapshot(symbol, body, ts_init)

    def finish(self) -> None:
        """Say that the input is over: what still waits for a snapshot is withheld."""
        self._core.finish()

    def flush(self) -> dict[tuple[str, str], Any]:
        """Take the rows since the last flush.

        Returns
        -------
        dict
            By (type name, instrument id; the bar type for bars): a record batch with ``num_rows``, ``schema`` and
            ``__arrow_c_array__``, in Nautilus's schema of that type. Prices and sizes are
            ``FixedSizeBinary(16)`` (v1) or ``Decimal128(38, 16)`` (v2), times ns UTC. Rows are in the order of
            ``ts_init``, as in a catalog; those of one time in the order they came.

        """
        return self._core.flush()

    def report(self) -> dict[str, Any]:
        """Accounting, gaps, rejects, unknown keys and topics, definitions."""
        value: dict[str, Any] = json.loads(self._core.report())
        return value


def decode_file(
    path: str | os.PathLike[str],
    *,
    feed: str | None = None,
    flavour: str = "v1-high",
    types: Iterable[str] | None = None,
    trades: str = "auto",
    book: str | None = None,
    on_gap: str = "withhold",
    precision: tuple[int, int] | None = None,
    derive_every_ns: int = 0,
) -> tuple[dict[tuple[str, str], Any], dict[str, Any]]:
    """Decode a whole capture in memory: batches as of `Decoder.flush`, and a report as of `Decoder.report`.

    The captures in a zip archive are one recording, merged by receive time as `tickwright.convert` merges them; those
    of a tar archive are read one after another. A reject names its file in ``source``; files in an archive that are no
    captures are listed in ``skipped``.

    Raises
    ------
    InputError
        A file that cannot be read, is no capture, or of no clear feed; an archive of several feeds (``several_feeds``).
        A dump is one of the code ``only_captures``: `tickwright.convert` tells its repeats and its order, which need
        more than one reading.
    UsageError
        An unknown option.

    Examples
    --------
    >>> import tickwright
    >>> batches, report = tickwright.decode_file("examples/binance-usdm/capture.ndjson.gz", types=["trade"])
    >>> {kind for kind, instrument_id in batches}
    {'trade'}
    >>> frames = report["accounting"]["frames"]
    >>> frames["total"] == frames["rows"] + frames["control"] + frames["unselected"]
    True

    """
    options = {
        "feed": feed,
        "flavour": flavour,
        "types": None if types is None else list(types),
        "trades": trades,
        "book": book,
        "on_gap": on_gap,
        "precision": None if precision is None else list(precision),
        "derive_every": derive_every_ns,
    }
    batches, report = _core.decode_file(os.fspath(path), json.dumps(options))
    return batches, json.loads(report)
