"""Bulk conversion: captures into a Nautilus catalog."""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from tickwright import _core
from tickwright._options import packed
from tickwright.report import ConvertReport

type PathLike = str | os.PathLike[str]

Progress = dict[str, Any]


def start(options: dict[str, Any]) -> _core.Conversion:
    """Start a conversion on threads of its own; `options` as the core takes them."""
    return _core.Conversion(packed(options))


def convert(
    inputs: PathLike | Iterable[PathLike],
    output: PathLike,
    *,
    feed: str | None = None,
    format: str | None = None,
    symbol: str | None = None,
    instruments: Iterable[PathLike] = (),
    flavour: str = "v1-high",
    layout: str = "1.231",
    types: Iterable[str] | None = None,
    trades: str | None = None,
    book: str | None = None,
    on_gap: str = "withhold",
    conflicts: str = "error",
    partition: str = "day",
    from_ns: int | None = None,
    to_ns: int | None = None,
    mode: str = "add",
    allow_truncated: bool = False,
    jobs: int = 0,
    memory: int = 512 << 20,
    max_ratio: int = 500,
    max_member: int = 1 << 40,
    max_rejects: int | None = None,
    dry_run: bool = False,
    precision: tuple[int, int] | None = None,
    derive_every_ns: int = 0,
    write_instruments: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
) -> ConvertReport:
    """Convert captures and dumps into a catalog, once: the same source again is a no-op.

    Parameters
    ----------
    inputs
        Files, folders (looked through) or patterns.
    output
        The catalog's folder; made if absent.
    feed
        Feed of all inputs, such as ``"binance-usdm"``, instead of recognising it.
    format
        Dump format of all inputs, such as ``"tardis-trades"``, instead of recognising it.
    symbol
        The venue's symbol of all dumps, where neither a column nor the file's name says it.
    instruments
        Files with answers of the venue's instrument endpoint (``exchangeInfo``).
    flavour
        ``"v1-high"`` (16-byte), ``"v1-standard"`` (8-byte) or ``"v2"``.
    layout
        Folder names of Nautilus ``"1.231"`` or ``"1.220"``.
    types
        Row types to keep; everything received without.
    trades
        ``"raw"`` or ``"aggregate"``; raw where there are any without.
    book
        Channel of books, such as ``"depth@100ms"``; the venue's deepest plain diff without.
    on_gap
        ``"withhold"``, ``"rebuild"`` or ``"continue"``.
    conflicts
        What to do about rows of dumps that have one id and differ: ``"error"`` stops and shows both, ``"first"`` keeps
        the earlier one and makes the others rejects, ``"keep"`` keeps all of them. None of them is silent.
    partition
        One file per UTC ``"day"`` or ``"hour"``.
    from_ns, to_ns
        Receive times wanted, ns UTC, ``from_ns <= ts_init < to_ns``.
    mode
        ``"add"``, ``"replace"`` or ``"append-after"``.
    allow_truncated
        Keep what came before the cut of a truncated input.
    jobs
        Threads; 0 = as many as there are cores.
    memory
        Bound of memory for rows, bytes.
    max_ratio, max_member
        How many times its size, and how many bytes, a dump may inflate to.
    max_rejects
        More than this makes `ConvertReport.too_many_rejects` true; the commit stands.
    dry_run
        Everything but the commit.
    precision
        Decimals of prices and of sizes where there is no definition.
    derive_every_ns
        Depths and quotes that are derived from books (``types`` names them): at the ends of intervals of so many ns
        instead of whenever they change.
    write_instruments
        Write the definitions found in the input as Nautilus instruments, after the commit.
    on_progress
        Called about ten times a second with bytes, rows and the file at hand.

    Returns
    -------
    ConvertReport

    Raises
    ------
    UsageError
        Options that cannot be.
    InputError
        An input that cannot be read, with its ``path``.
    CatalogError
        The catalog refuses: an overlap, another flavour, no space.

    Examples
    --------
    >>> import tempfile, tickwright
    >>> folder = tempfile.TemporaryDirectory()
    >>> catalog = f"{folder.name}/catalog"
    >>> report = tickwright.convert("examples/binance-usdm", catalog, types=["trade"], write_instruments=False)
    >>> report.status, report.version, {table.type for table in report.tables}
    ('committed', 1, {'trade'})
    >>> tickwright.convert("examples/binance-usdm", catalog, types=["trade"], write_instruments=False).status
    'nothing_new'
    >>> folder.cleanup()

    """
    paths = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    options: dict[str, Any] = {
        "inputs": [os.fspath(path) for path in paths],
        "output": os.fspath(output),
        "feed": feed,
        "format": format,
        "symbol": symbol,
        "instruments": [os.fspath(path) for path in instruments],
        "flavour": flavour,
        "layout": layout,
        "types": None if types is None else list(types),
        "trades": trades,
        "book": book,
        "on_gap": on_gap,
        "conflicts": conflicts,
        "partition": partition,
        "from": from_ns,
        "to": to_ns,
        "mode": mode,
        "allow_truncated": allow_truncated,
        "jobs": jobs,
        "memory": memory,
        "max_ratio": max_ratio,
        "max_member": max_member,
        "max_rejects": max_rejects,
        "dry_run": dry_run,
        "precision": None if precision is None else list(precision),
        "derive_every": derive_every_ns,
        "write_instruments": write_instruments,
    }
    job = start(options)
    try:
        while not job.done(0.1):
            if on_progress is not None:
                on_progress(json.loads(job.poll()))
    except BaseException:
        # Ctrl-C among them: the conversion stops within a block and leaves the catalog as it was.
        job.cancel()
        raise
    return ConvertReport.from_json(job.result())
