"""OKX's published files: which cover a span.

Layout (static.okx.com, as of 2026), no checksums, no listing by folder; a file that is not there is a 404:

- ``traderecords/{trades,aggtrades}/daily/{YYYYMMDD}/{instId}-{kind}-{day}.zip``, by month
  ``…/monthly/{YYYYMM}/{instId}-{kind}-{month}.zip``; of dated futures and options all expiries of an underlying are one
  file, ``{uly}-futureschain-…``, ``{uly}-optionchain-…``;
- ``traderecords/swaprates/daily/{YYYYMMDD}/allswap-fundingrates-{day}.zip``: the fundings of all swaps.

A day's file is that of UTC+8: a day UTC lies in two of them, its own and the next.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from tickwright import _core
from tickwright.download.fetch import DownloadReport, FileReport, Item, Settings, fetch_all
from tickwright.download.span import days, months, span

BASE_URL = "https://static.okx.com/cdn/okex"

TYPES = ("aggtrades", "fundingrates", "trades")
_SYMBOL = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*(-(futures|option)chain)?")
#: All fundings are in one file, whatever the symbols.
_ALL = "allswap"


def okx(
    output: str | os.PathLike[str],
    *,
    types: Iterable[str],
    symbols: Iterable[str] = (),
    start: str,
    end: str,
    period: str = "daily",
    base_url: str = BASE_URL,
    settings: Settings | None = None,
    dry_run: bool = False,
    on_plan: Callable[[list[Item]], None] = lambda _: None,
    on_bytes: Callable[[int], None] = lambda _: None,
    on_file: Callable[[FileReport], None] = lambda _: None,
) -> DownloadReport:
    """Fetch the files that cover a span.

    OKX publishes no checksums and no listing: every file that could be is asked for, those that are not published are
    told as missing, and a file is whole when its archive says so.

    Parameters
    ----------
    output
        Folder that the published paths are kept under.
    types
        ``"trades"``, ``"aggtrades"``, ``"fundingrates"``.
    symbols
        Such as ``"BTC-USDT-SWAP"``, ``"BTC-USDT"``, or ``"BTC-USD-futureschain"`` for all expiries; fundings are of all
        swaps and need none.
    start, end
        First and last day or month, UTC: ``2024-01-31`` or ``2024-01``. The file of the day after is fetched too, since
        a file's day ends at 16:00 UTC.
    period
        ``"daily"``, or ``"monthly"`` for files of months of UTC+8 (fundings have days alone).
    base_url
        Where files are.
    settings
        How hard and how politely to try.
    dry_run
        Only plan.
    on_plan, on_bytes, on_file
        Called with the plan, with bytes as they come, and with each file that is done (from any thread).

    Returns
    -------
    DownloadReport

    Raises
    ------
    tickwright.UsageError
        A type, symbol, period or date that cannot be.

    """
    settings = settings or Settings()
    kinds, names = list(dict.fromkeys(types)), list(dict.fromkeys(symbols))
    _check(kinds, names, period)
    first, last = span(start, end)
    items: list[Item] = []
    for kind in kinds:
        for symbol in [_ALL] if kind == "fundingrates" else names:
            for key in _cover(kind, symbol, period, first, last):
                items.append(Item(f"{base_url.rstrip('/')}/{key}", Path(output) / key, is_packed=True))
    on_plan(items)
    if dry_run:
        return DownloadReport.planned(items, [])
    return DownloadReport(fetch_all(items, settings, on_bytes=on_bytes, on_file=on_file), [])


def _cover(kind: str, symbol: str, period: str, first: date, last: date) -> Iterator[str]:
    """Keys of the files that cover the days from `first` to `last`, in order of time."""
    folder = "swaprates" if kind == "fundingrates" else kind
    after = last + timedelta(days=1)
    if period == "monthly" and kind != "fundingrates":
        for begin, _ in months(first, after):
            yield f"traderecords/{folder}/monthly/{begin:%Y%m}/{symbol}-{kind}-{begin:%Y-%m}.zip"
        return
    for day in days(first, after):
        yield f"traderecords/{folder}/daily/{day:%Y%m%d}/{symbol}-{kind}-{day}.zip"


def _check(kinds: list[str], symbols: list[str], period: str) -> None:
    for kind in kinds:
        if kind not in TYPES:
            raise _core.UsageError(f"type {kind}: there are {', '.join(TYPES)}")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise _core.UsageError(f"symbol {symbol!r}: as OKX names it, such as BTC-USDT-SWAP or BTC-USD-futureschain")
    if not kinds or not (symbols or kinds == ["fundingrates"]):
        raise _core.UsageError("name at least one type, and of trades at least one symbol")
    if period not in ("daily", "monthly"):
        raise _core.UsageError(f"period {period}: daily or monthly")
