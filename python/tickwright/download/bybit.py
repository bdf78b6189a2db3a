"""Bybit's public files: what there is, and which files cover a span.

Layout (public.bybit.com and quote-saver.bycsi.com, read 2026-08), no checksums, a listing in HTML per folder:

- ``trading/{SYM}/{SYM}{day}.csv.gz``: trades of contracts;
- ``spot/{SYM}/{SYM}_{day}.csv.gz`` and ``{SYM}-{month}.csv.gz``: trades of spot;
- ``kline_for_metatrader4/{SYM}/{year}/{SYM}_{minutes}_{first day}_{last day}.csv.gz``: bars, by month;
- ``orderbook/{market}/{SYM}/{day}_{SYM}_ob{depth}.data.zip``, on the other host: frames of the book.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from tickwright import _core
from tickwright.download.fetch import DownloadReport, Fetcher, FileReport, Item, Settings, fetch_all
from tickwright.download.span import days, months, span

BASE_URL = "https://public.bybit.com"
BOOK_URL = "https://quote-saver.bycsi.com"

TYPES = {
    "linear": ("klines", "orderbook", "trades"),
    "inverse": ("klines", "orderbook", "trades"),
    "spot": ("orderbook", "trades"),
}
INTERVALS = ("1", "5", "15", "30", "60")
_SYMBOL = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*")
_LINK = re.compile(r"""href\s*=\s*["']?([^"'>\s?#]+)""", re.IGNORECASE)
#: From this day on books of contracts have 200 levels, before it 500.
_SHALLOW = date(2025, 8, 21)


def bybit(
    output: str | os.PathLike[str],
    *,
    market: str,
    types: Iterable[str],
    symbols: Iterable[str],
    start: str,
    end: str,
    interval: str = "1",
    period: str = "auto",
    base_url: str = BASE_URL,
    book_url: str = BOOK_URL,
    listing: bool = True,
    settings: Settings | None = None,
    dry_run: bool = False,
    on_plan: Callable[[list[Item]], None] = lambda _: None,
    on_bytes: Callable[[int], None] = lambda _: None,
    on_file: Callable[[FileReport], None] = lambda _: None,
) -> DownloadReport:
    """Fetch the files that cover a span.

    Bybit publishes no checksums: a file is whole when its own compression says so.

    Parameters
    ----------
    output
        Folder that the published paths are kept under.
    market
        ``"linear"``, ``"inverse"`` or ``"spot"``.
    types
        ``"trades"``, ``"orderbook"``, and of contracts ``"klines"``.
    symbols
        Such as ``"BTCUSDT"`` or ``"BTC-14MAR25"``.
    start, end
        First and last day or month, UTC: ``2024-01-31`` or ``2024-01``.
    interval
        Of klines, minutes: ``"1"``, ``"5"``, ``"15"``, ``"30"`` or ``"60"``.
    period
        Of spot trades: ``"monthly"`` or ``"daily"`` files, or ``"auto"``: a monthly file where the whole month is
        wanted and there is one, daily files for the rest.
    base_url, book_url
        Where files are, and where those of order books are.
    listing
        Whether to ask first what there is; if not, every file that could be is asked for.
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
        A market, type, symbol, interval or date that cannot be.
    tickwright.InputError
        A listing cannot be had.

    """
    settings = settings or Settings()
    kinds, names = list(dict.fromkeys(types)), list(dict.fromkeys(symbols))
    _check(market, kinds, names, interval, period)
    first, last = span(start, end)
    notes: list[str] = []
    items: list[Item] = []
    with Fetcher(settings) as fetcher:
        for kind in kinds:
            root = (book_url if kind == "orderbook" else base_url).rstrip("/")
            for symbol in names:
                there = _Listings(fetcher, root) if listing else None
                found = list(_cover(_Wanted(market, kind, symbol, interval, period), first, last, there))
                if not found:
                    notes.append(f"{kind} of {symbol}: nothing is published from {start} to {end}")
                items += [Item(f"{root}/{key}", Path(output) / key) for key in found]
    on_plan(items)
    if dry_run:
        return DownloadReport.planned(items, notes)
    return DownloadReport(fetch_all(items, settings, on_bytes=on_bytes, on_file=on_file), notes)


class _Listings:
    """Names of the files in a folder, asked for once."""

    def __init__(self, fetcher: Fetcher, root: str) -> None:
        self._fetcher = fetcher
        self._root = root
        self._names: dict[str, set[str]] = {}

    def has(self, folder: str, name: str) -> bool:
        """Whether a folder has a file."""
        if folder not in self._names:
            text = self._fetcher.page(f"{self._root}/{folder}/")
            # Only names are looked up in it: none of them leads anywhere.
            self._names[folder] = {unquote(link).rpartition("/")[2] for link in _LINK.findall(text or "")}
        return name in self._names[folder]


class _Wanted:
    """The files of one type and symbol."""

    def __init__(self, market: str, kind: str, symbol: str, interval: str, period: str) -> None:
        self.market, self.kind, self.symbol, self.interval, self.period = market, kind, symbol, interval, period


def _cover(wanted: _Wanted, first: date, last: date, there: _Listings | None) -> Iterator[str]:
    """Keys of the files that cover the days from `first` to `last`, in order of time."""
    symbol = wanted.symbol

    def known(folder: str, *names: str) -> Iterator[str]:
        """The first of these names that exists; without a listing the first that could be."""
        for name in names:
            if there is None or there.has(folder, name):
                yield f"{folder}/{name}"
                return

    if wanted.kind == "klines":
        for begin, end in months(first, last):
            name = f"{symbol}_{wanted.interval}_{begin}_{end}.csv.gz"
            yield from known(f"kline_for_metatrader4/{symbol}/{begin.year}", name)
    elif wanted.kind == "orderbook":
        for day in days(first, last):
            deep = wanted.market != "spot" and day < _SHALLOW
            depths = (500, 200) if deep else (200, 500)
            names = [f"{day}_{symbol}_ob{depth}.data.zip" for depth in depths]
            yield from known(f"orderbook/{wanted.market}/{symbol}", *names)
    elif wanted.market == "spot":
        folder = f"spot/{symbol}"
        for begin, end in months(first, last):
            is_whole = first <= begin and end <= last
            if wanted.period == "monthly" or (wanted.period == "auto" and is_whole):
                monthly = list(known(folder, f"{symbol}-{begin:%Y-%m}.csv.gz"))
                # Without a listing a month may not be published yet, and its days are.
                if monthly and (there is not None or wanted.period == "monthly"):
                    yield from monthly
                    continue
            if wanted.period != "monthly":
                for day in days(max(first, begin), min(last, end)):
                    yield from known(folder, f"{symbol}_{day}.csv.gz")
    else:
        for day in days(first, last):
            yield from known(f"trading/{symbol}", f"{symbol}{day}.csv.gz")


def _check(market: str, kinds: list[str], symbols: list[str], interval: str, period: str) -> None:
    if market not in TYPES:
        raise _core.UsageError(f"market {market}: there are {', '.join(TYPES)}")
    for kind in kinds:
        if kind not in TYPES[market]:
            raise _core.UsageError(f"type {kind}: {market} has {', '.join(TYPES[market])}")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise _core.UsageError(f"symbol {symbol!r}: upper case letters and digits, such as BTCUSDT or BTC-14MAR25")
    if not kinds or not symbols:
        raise _core.UsageError("name at least one type and one symbol")
    if interval not in INTERVALS:
        raise _core.UsageError(f"interval {interval!r}: minutes, {', '.join(INTERVALS)}")
    if period not in ("auto", "daily", "monthly"):
        raise _core.UsageError(f"period {period}: auto, daily or monthly")
