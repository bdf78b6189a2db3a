"""A capture, or the files of a dump, from a seed, and the truth beside them."""

import json
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from tickwright import _core

type PathLike = str | os.PathLike[str]

_SUFFIXES = (".gz", ".zst", ".tkw", ".ndjson")


@dataclass(frozen=True, slots=True)
class SimulateReport:
    """What was simulated. Times are ns UTC, `bytes` are those of the frames.

    Of a dump `frames` are its lines, `output` is the folder and `files` are all that lie there but the truth.

    `rows` counts the truth's rows by type; `gaps` are the holes that a decoder sees, each with ``instrument_id``,
    ``from_sequence``, ``to_ns``, ``resolved_ns`` (0 while open) and ``resolution``.
    """

    feed: str
    seed: int
    output: str
    truth: str | None
    files: list[str]
    frames: int
    bytes: int
    start_ns: int
    end_ns: int
    lost: int
    reconnects: int
    rows: dict[str, int]
    gaps: list[dict[str, Any]]
    instruments: list[str]
    elapsed_s: float

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a report from JSON text."""
        value = json.loads(text)
        return cls(**{f.name: value[f.name] for f in fields(cls)})

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(asdict(self))


def truth_path(output: PathLike) -> Path:
    """Where the truth of a capture lies: ``capture.gz`` has ``capture.truth.ndjson.gz`` beside it.

    Examples
    --------
    >>> import tickwright
    >>> tickwright.truth_path("day/capture.gz").name
    'capture.truth.ndjson.gz'

    """
    path = Path(output)
    stem = path.name
    while Path(stem).suffix in _SUFFIXES:
        stem = Path(stem).stem
    return path.with_name(f"{stem}.truth.ndjson.gz")


def simulate(
    feed: str,
    output: PathLike,
    *,
    seed: int,
    minutes: float = 5.0,
    symbols: int = 20,
    start: datetime | None = None,
    rate: int = 50,
    channels: Iterable[str] | None = None,
    faults: str = "none",
    lost: float | None = None,
    reconnect_s: float | None = None,
    connections: int | None = None,
    equal: float | None = None,
    backward: float | None = None,
    late: float | None = None,
    truth: bool = True,
    force: bool = False,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> SimulateReport:
    """Write a capture of an invented market in a venue's true wire format, and every row it must become.

    The same arguments give the same frames and the same truth on every machine. The truth comes from the market, not
    from decoding: one JSON object a line with ``type``, ``instrument_id``, the fields of Nautilus's class (numbers as
    decimal text, times as integers of ns UTC), ordered by ``ts_init`` within each type and instrument; the last line
    is a summary with ``"type": "summary"``.

    Parameters
    ----------
    feed
        ``"binance-spot"``, ``"binance-usdm"``, ``"binance-coinm"``, ``"bybit-spot"``, ``"bybit-linear"``,
        ``"bybit-inverse"``, ``"okx"``, ``"kraken-spot"``, ``"kraken-futures"`` or ``"deribit"``.
    output
        The capture: tickwright's own container where the name ends in ``.tkw``, else lines of ``<ns> <frame>``,
        compressed where it ends in ``.gz`` or ``.zst``. Both files appear only when they are whole.
    seed
        Any integer of 0 to 2^64 - 1.
    minutes
        How long, in the market's own time.
    symbols
        Instruments, 1 to 2,000.
    start
        When it starts; 2026-09-07T12:00Z without.
    rate
        Changes a second of the busiest book, 1 to 1,000; the others have fewer.
    channels
        Some of ``trade``, ``aggregate``, ``quote``, ``book``, ``partial``, ``bar``, ``mark``, ``liquidation``; all of
        them without. ``level3`` has to be named: Kraken's book by order, in place of ``book``.
    faults
        ``"none"``, ``"some"`` or ``"many"``: where the next six start from.
    lost
        Share of the book's updates that are lost, 0 to 1.
    reconnect_s
        Mean seconds between two restarts of a connection; 0 = none.
    connections
        Connections that carry the same streams, 1 to 8.
    equal, backward
        Share of the frames whose receive time equals the one before, or goes back by up to 50 ms.
    late
        Share of the snapshots that arrive after the updates that join them.
    truth
        Whether to write the truth, as `truth_path` of the output.
    force
        Replace files that are there.
    on_progress
        Called about ten times a second with ``done_ns``, ``total_ns``, ``frames``, ``bytes`` and ``elapsed_s``.

    Returns
    -------
    SimulateReport

    Raises
    ------
    UsageError
        An unknown feed, an option that cannot be, a file that is there already.
    InputError
        A file that cannot be written, with its ``path``.

    Examples
    --------
    >>> import tempfile, tickwright
    >>> folder = tempfile.TemporaryDirectory()
    >>> report = tickwright.simulate("binance-usdm", f"{folder.name}/capture.gz", seed=7, minutes=0.1, symbols=2)
    >>> report.instruments
    ['BTCUSDT-PERP.BINANCE', 'ETHUSDT-PERP.BINANCE']
    >>> batches, decoded = tickwright.decode_file(report.output)
    >>> sum(batch.num_rows for batch in batches.values()) == sum(report.rows.values())
    True
    >>> folder.cleanup()

    """
    options = {
        "feed": feed,
        "output": os.fspath(output),
        "truth": os.fspath(truth_path(output)) if truth else None,
        "force": force,
        "seed": _seed(seed),
        "symbols": _count("symbols", symbols),
        "duration_ns": _span_ns("minutes", minutes, 60_000_000_000),
        "start_ns": None if start is None else _ns(start),
        "rate": _count("rate", rate),
        "channels": None if channels is None else list(channels),
        "faults": faults,
        "lost": _share("lost", lost),
        "reconnect_ns": None if reconnect_s is None else _span_ns("reconnect_s", reconnect_s, 1_000_000_000),
        "connections": None if connections is None else _count("connections", connections),
        "equal": _share("equal", equal),
        "backward": _share("backward", backward),
        "late": _share("late", late),
    }
    return SimulateReport.from_json(_core.simulate(json.dumps(options), _told(on_progress)))


def simulate_dump(
    target: str,
    output: PathLike,
    *,
    seed: int,
    days: float = 1.0,
    symbols: int = 3,
    start: datetime | None = None,
    rate: int = 1,
    period: str = "auto",
    truth: bool = True,
    force: bool = False,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> SimulateReport:
    """Write the files of history that a vendor publishes of an invented market, and every row they must become.

    Files lie, are named and are packed as the vendor's, Binance's with their ``.CHECKSUM``. The same arguments give
    the same files on every machine, and one seed, start and rate is one market for every target of a product: the
    klines are those of the trades. The truth, ``<target>.truth.ndjson.gz`` in the folder, is as that of `simulate`.

    Parameters
    ----------
    target
        The name of a dump format with the product after the venue, such as ``"binance-um-trades"``,
        ``"binance-spot-klines"``, ``"tardis-incremental-book-l2"``; an unknown one is answered with all there are.
    output
        The folder, made where it is not there; several targets may share one. Files appear when all of them are whole.
    seed
        Any integer of 0 to 2^64 - 1.
    days
        How long, in the market's own time; parts of a day are fine.
    symbols
        Instruments, 1 to 2,000.
    start
        When it starts; 2026-09-07 without.
    rate
        Changes a second of the busiest book, 1 to 1,000; the others have fewer.
    period
        ``"daily"`` or ``"monthly"`` files, ``"both"``, or ``"auto"``: daily ones where the vendor has them.
    truth
        Whether to write the truth.
    force
        Replace files that are there.
    on_progress
        Called about ten times a second with ``done_ns``, ``total_ns``, ``frames``, ``bytes`` and ``elapsed_s``.

    Returns
    -------
    SimulateReport

    Raises
    ------
    UsageError
        An unknown target, an option that cannot be, a file that is there already.
    InputError
        A folder that cannot be written to, with its ``path``.

    Examples
    --------
    >>> import tempfile, tickwright
    >>> folder = tempfile.TemporaryDirectory()
    >>> made = tickwright.simulate_dump("binance-um-trades", folder.name, seed=7, days=0.01, symbols=1)
    >>> [file.rpartition("/")[2] for file in made.files]
    ['BTCUSDT-trades-2026-09-07.zip', 'BTCUSDT-trades-2026-09-07.zip.CHECKSUM']
    >>> tickwright.convert(folder.name, f"{folder.name}/catalog").rows == made.rows["trade"]
    True
    >>> folder.cleanup()

    """
    options = {
        "feed": target,
        "output": os.fspath(output),
        "truth": truth,
        "force": force,
        "seed": _seed(seed),
        "symbols": _count("symbols", symbols),
        "duration_ns": _span_ns("days", days, 86_400_000_000_000),
        "start_ns": _ns(start or datetime(2026, 9, 7)),
        "rate": _count("rate", rate),
        "period": period,
    }
    return SimulateReport.from_json(_core.simulate_dump(json.dumps(options), _told(on_progress)))


def _told(on_progress: Callable[[dict[str, Any]], None] | None) -> Callable[[str], None]:
    def told(text: str) -> None:
        if on_progress is not None:
            on_progress(json.loads(text))

    return told


def _seed(seed: int) -> int:
    if not 0 <= seed < 1 << 64:
        raise _core.UsageError(f"seed {seed}: an integer of 0 to 2^64 - 1")
    return seed


def _ns(moment: datetime) -> int:
    """Ns UTC of a time, which is UTC where it says nothing."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment.year < 1970:
        raise _core.UsageError(f"start {moment}: a time of 2010 to 2090")
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000


def _span_ns(name: str, span: float, unit_ns: int) -> int:
    if not math.isfinite(span):
        raise _core.UsageError(f"{name} {span}: not a number that can be used")
    return _count(name, round(span * unit_ns))


def _share(name: str, share: float | None) -> float | None:
    if share is not None and not 0 <= share <= 1:
        raise _core.UsageError(f"{name} {share}: a share, 0 to 1")
    return share


def _count(name: str, value: int) -> int:
    if not 0 <= value < 1 << 63:
        raise _core.UsageError(f"{name} {value}: not a number that can be used")
    return value
