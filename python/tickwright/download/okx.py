"""OKX's published files: which cover a span.

Layout (static.okx.com, as of 2026), no checksums, no listing by folder; a file that is not there is a 404:

- ``traderecords/{trades,aggtrades,candlesticks}/daily/{YYYYMMDD}/{instId}-{kind}-{day}.zip``, by month
  ``…/monthly/{YYYYMM}/{instId}-{kind}-{month}.zip``; of dated futures and options all expiries of an underlying are one
  file, ``{uly}-futureschain-…``, ``{uly}-optionchain-…``;
- ``traderecords/swaprates/daily/{YYYYMMDD}/allswap-fundingrates-{day}.zip``: the fundings of all swaps;
- ``match/orderbook/L2/{400,5000}lv/daily/{YYYYMMDD}/{instId}-L2orderbook-{depth}lv-{day}.tar.gz``, under another root:
  frames of the book. They moved to ``match/orderbook/pro/L2/…``: days up to 2026-08-04 are in the old place, those from
  mid-June 2026 on in the new one, and days that are in both are the same bytes.

A day's file is that of UTC+8, so that a day UTC lies in two of them, its own and the next; of books it is that of UTC.
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

BOOK_URL = "https://static.okx.com/cdn/okx"

TYPES = ("aggtrades", "candlesticks", "fundingrates", "orderbook", "trades")
DEPTHS = (400, 5000)
_SYMBOL = re.compile(r"[A-Z0-9_]+(-[A-Z0-9_]+)*(-(futures|option)chain)?")
#: From this day on books are looked for in their new place.
_PRO = date(2026, 7, 1)
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
    depth: int = 400,
    base_url: str = BASE_URL,
    book_url: str = BOOK_URL,
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
        ``"trades"``, ``"aggtrades"``, ``"candlesticks"`` (of one minute), ``"fundingrates"``, ``"orderbook"``.
    symbols
        Such as ``"BTC-USDT-SWAP"``, ``"BTC-USDT"``, or ``"BTC-USD-futureschain"`` for all expiries; fundings are of all
        swaps and need none.
    start, end
        First and last day or month, UTC: ``2024-01-31`` or ``2024-01``. The file of the day after is fetched too, since
        a file's day ends at 16:00 UTC; but not of books, whose days are those of UTC.
    period
        ``"daily"``, or ``"monthly"`` for files of months of UTC+8 (fundings and books have days alone).
    depth
        Levels of books: 400, or 5000 (from November 2025).
    base_url, book_url
        Where files are, and where those of order books are.
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
        A type, symbol, period, depth or date that cannot be.

    """
    settings = settings or Settings()
    kinds, names = list(dict.fromkeys(types)), list(dict.fromkeys(symbols))
    _check(kinds, names, period, depth)
    first, last = span(start, end)
    items: list[Item] = []
    for kind in kinds:
        root = (book_url if kind == "orderbook" else base_url).rstrip("/")
        for symbol in [_ALL] if kind == "fundingrates" else names:
            cover = (
                _books(symbol, depth, first, last) if kind == "orderbook" else _cover(kind, symbol, period, first, last)
            )
            items += [Item(f"{root}/{key}", Path(output) / key) for key in cover]
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


def _books(symbol: str, depth: int, first: date, last: date) -> Iterator[str]:
    """Keys of the files of books of the days from `first` to `last`."""
    for day in days(first, last):
        place = "pro/L2" if day >= _PRO else "L2"
        name = f"{symbol}-L2orderbook-{depth}lv-{day}.tar.gz"
        yield f"match/orderbook/{place}/{depth}lv/daily/{day:%Y%m%d}/{name}"


def _check(kinds: list[str], symbols: list[str], period: str, depth: int) -> None:
    for kind in kinds:
        if kind not in TYPES:
            raise _core.UsageError(f"type {kind}: there are {', '.join(TYPES)}")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise _core.UsageError(f"symbol {symbol!r}: as OKX names it, such as BTC-USDT-SWAP or BTC-USD-futureschain")
    if not kinds or not (symbols or kinds == ["fundingrates"]):
        raise _core.UsageError("name at least one type, and of all but fundings at least one symbol")
    if period not in ("daily", "monthly"):
        raise _core.UsageError(f"period {period}: daily or monthly")
    if depth not in DEPTHS:
        raise _core.UsageError(f"depth {depth}: {' or '.join(map(str, DEPTHS))}")
