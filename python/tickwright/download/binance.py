"""Binance's public data: what there is, and which files cover a span.

Layout (data.binance.vision, read 2026-08): ``data/spot/{daily|monthly}/{type}/{SYMBOL}/[{interval}/]{stem}.zip`` and
the same under ``data/futures/{um|cm}``; ``stem`` is ``SYMBOL-{type or interval}-{YYYY-MM-DD or YYYY-MM}``. Beside each
file lies ``.zip.CHECKSUM``. What exists is told by an S3 listing. Daily files come a day later, monthly ones in the
month after.
"""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tickwright import _core
from tickwright.download.fetch import DownloadReport, Fetcher, FileReport, Item, Settings, fetch_all
from tickwright.download.span import days, month_end, span

BASE_URL = "https://data.binance.vision"
LIST_URL = "https://s3-ap-northeast-1.amazonaws.com/data.binance.vision"

FOLDERS = {"spot": "data/spot", "um": "data/futures/um", "cm": "data/futures/cm"}
TYPES = {
    "spot": ("aggTrades", "klines", "trades"),
    "um": (
        "aggTrades",
        "bookDepth",
        "bookTicker",
        "fundingRate",
        "indexPriceKlines",
        "klines",
        "markPriceKlines",
        "metrics",
        "premiumIndexKlines",
        "trades",
    ),
    "cm": (
        "aggTrades",
        "bookDepth",
        "bookTicker",
        "fundingRate",
        "indexPriceKlines",
        "klines",
        "liquidationSnapshot",
        "markPriceKlines",
        "metrics",
        "premiumIndexKlines",
        "trades",
    ),
}
_BY_DAY_ONLY = {"bookDepth", "liquidationSnapshot", "metrics"}
_BY_MONTH_ONLY = {"fundingRate"}
#: Of intervals longer than a day there are no files of days.
_LONG_INTERVALS = {"3d", "1w", "1mo"}
#: Letters of any script: some are Chinese. None that could lead elsewhere.
_SYMBOL = re.compile(r"[^\W_a-z]+(_[A-Z0-9]+)?")
_INTERVAL = re.compile(r"[1-9][0-9]?(s|m|h|d|w|mo)")


def binance(
    output: str | os.PathLike[str],
    *,
    market: str,
    types: Iterable[str],
    symbols: Iterable[str],
    start: str,
    end: str,
    interval: str = "1m",
    period: str = "auto",
    base_url: str = BASE_URL,
    list_url: str | None = "auto",
    settings: Settings | None = None,
    dry_run: bool = False,
    on_plan: Callable[[list[Item]], None] = lambda _: None,
    on_bytes: Callable[[int], None] = lambda _: None,
    on_file: Callable[[FileReport], None] = lambda _: None,
) -> DownloadReport:
    """Fetch the files that cover a span.

    Parameters
    ----------
    output
        Folder that the published paths are kept under.
    market
        ``"spot"``, ``"um"`` or ``"cm"``.
    types
        Such as ``"trades"``; `TYPES` has those of each market.
    symbols
        Such as ``"BTCUSDT"``.
    start, end
        First and last day or month, UTC: ``2024-01-31`` or ``2024-01``.
    interval
        Of klines.
    period
        ``"monthly"`` or ``"daily"`` files, or ``"auto"``: a monthly file where the whole month is wanted and there is
        one, daily files for the rest.
    base_url, list_url
        Where files and their listing are. ``"auto"``: the publisher's own listing, or one under another `base_url` if
        there is one. `None`: every file that could be is asked for, daily ones where a month is not published.
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
        The listing cannot be had.

    """
    settings = settings or Settings()
    kinds, names = list(dict.fromkeys(types)), list(dict.fromkeys(symbols))
    first, last = _checked(market, kinds, names, interval, period, start, end)
    must_list = list_url != "auto" or base_url == BASE_URL
    if list_url == "auto":
        list_url = LIST_URL if base_url == BASE_URL else base_url
    notes: list[str] = []
    items: list[Item] = []
    guessed: list[tuple[_Folder, str]] = []
    with Fetcher(settings) as fetcher:
        for kind in kinds:
            for symbol in names:
                folder = _Folder(market, kind, symbol, interval)
                there = None
                if list_url is not None:
                    try:
                        there = folder.listed(fetcher, list_url, period)
                    except _core.InputError as error:
                        if must_list:
                            raise
                        notes.append(f"no listing: {error}")
                        list_url = None
                found = list(folder.cover(first, last, period, there))
                if not found:
                    notes.append(f"{kind} of {symbol}: nothing is published from {start} to {end}")
                items += [folder.item(key, Path(output), base_url, there) for key in found]
                guessed += [(folder, key) for key in found if there is None]
    on_plan(items)
    if dry_run:
        return DownloadReport.planned(items, notes)
    reports = fetch_all(items, settings, on_bytes=on_bytes, on_file=on_file)
    if period == "auto" and guessed:
        missing = {report.url for report in reports if report.status == "missing"}
        days: list[Item] = []
        for folder, key in guessed:
            if f"{base_url.rstrip('/')}/{key}" in missing and "/monthly/" in key:
                days += [folder.item(day, Path(output), base_url, None) for day in folder.days(key)]
        reports += fetch_all(days, settings, on_bytes=on_bytes, on_file=on_file)
    return DownloadReport(reports, notes)


class _Folder:
    """The files of one type and symbol."""

    def __init__(self, market: str, kind: str, symbol: str, interval: str) -> None:
        self._root = FOLDERS[market]
        self._kind = kind
        self._symbol = symbol
        self._interval = interval if kind.lower().endswith("klines") else None

    def _prefix(self, period: str) -> str:
        parts = [self._root, period, self._kind, self._symbol, *([self._interval] if self._interval else [])]
        return "/".join(parts) + "/"

    def _periods(self, period: str) -> list[str]:
        if period != "auto":
            return [period]
        if self._kind in _BY_DAY_ONLY:
            return ["daily"]
        by_month_only = self._kind in _BY_MONTH_ONLY or self._interval in _LONG_INTERVALS
        return ["monthly"] if by_month_only else ["monthly", "daily"]

    def listed(self, fetcher: Fetcher, list_url: str, period: str) -> dict[str, int]:
        """Keys of the files that exist, and their sizes."""
        found: dict[str, int] = {}
        for name in self._periods(period):
            found |= listing(fetcher, list_url, self._prefix(name))
        return found

    def _key(self, period: str, stamp: str) -> str:
        return f"{self._prefix(period)}{self._symbol}-{self._interval or self._kind}-{stamp}.zip"

    def cover(self, first: date, last: date, period: str, there: dict[str, int] | None) -> Iterable[str]:
        """Keys of the files that cover the days from `first` to `last`, in order of time."""
        periods = self._periods(period)
        day = first
        while day <= last:
            last_of_month = month_end(day)
            monthly = self._key("monthly", f"{day:%Y-%m}")
            whole = day.day == 1 and last_of_month <= last
            has = monthly in there if there is not None else True
            if "monthly" in periods and has and (whole or periods == ["monthly"]):
                yield monthly
                day = last_of_month + timedelta(days=1)
                continue
            until = min(last, last_of_month)
            while day <= until:
                key = self._key("daily", f"{day:%Y-%m-%d}")
                if "daily" in periods and (there is None or key in there):
                    yield key
                day += timedelta(days=1)

    def days(self, key: str) -> list[str]:
        """Keys of the daily files of a monthly one's month; none where the type has none."""
        if "daily" not in self._periods("auto"):
            return []
        first = date.fromisoformat(f"{key[-11:-4]}-01")
        return [self._key("daily", f"{day:%Y-%m-%d}") for day in days(first, month_end(first))]

    def item(self, key: str, output: Path, base_url: str, there: dict[str, int] | None) -> Item:
        """What to fetch for a key."""
        url = f"{base_url.rstrip('/')}/{key}"
        item = Item(url, output / key, f"{url}.CHECKSUM")
        return item if there is None else replace(item, size=there.get(key))


def listing(fetcher: Fetcher, list_url: str, prefix: str) -> dict[str, int]:
    """Keys under a prefix of an S3 listing, page by page, and their sizes.

    Raises
    ------
    tickwright.InputError
        It cannot be had, or is none.

    """
    found: dict[str, int] = {}
    marker = ""
    while True:
        text = fetcher.text(list_url, {"delimiter": "/", "prefix": prefix, **({"marker": marker} if marker else {})})
        page = _page(text, list_url)
        space = page.tag.removesuffix("ListBucketResult")
        for entry in page.iter(f"{space}Contents"):
            key, size = entry.findtext(f"{space}Key", ""), entry.findtext(f"{space}Size", "0")
            # Names come from outside: nothing but the prefix asked for, and no way out of it.
            if key.startswith(prefix) and key.endswith(".zip") and ".." not in key:
                found[key] = int(size) if size.isdecimal() else 0
        if page.findtext(f"{space}IsTruncated") != "true":
            return found
        last = max((entry.findtext(f"{space}Key", "") for entry in page.iter(f"{space}Contents")), default="")
        following = page.findtext(f"{space}NextMarker") or last
        if following <= marker:
            raise _core.InputError(f"{list_url}: the listing of {prefix} does not go on after {marker}")
        marker = following


def _page(text: str, url: str) -> Any:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _core.InputError(f"{url}: a listing has no document type")
    try:
        page = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise _core.InputError(f"{url}: no S3 listing: {error}") from error
    if not page.tag.endswith("ListBucketResult"):
        raise _core.InputError(f"{url}: no S3 listing but <{page.tag}>")
    return page


def _checked(
    market: str, kinds: list[str], symbols: list[str], interval: str, period: str, start: str, end: str
) -> tuple[date, date]:
    if market not in FOLDERS:
        raise _core.UsageError(f"market {market}: there are {', '.join(FOLDERS)}")
    for kind in kinds:
        if kind not in TYPES[market]:
            raise _core.UsageError(f"type {kind}: {market} has {', '.join(TYPES[market])}")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise _core.UsageError(f"symbol {symbol!r}: upper case letters and digits, such as BTCUSDT or BTCUSD_PERP")
    if not kinds or not symbols:
        raise _core.UsageError("name at least one type and one symbol")
    if not _INTERVAL.fullmatch(interval):
        raise _core.UsageError(f"interval {interval!r}: such as 1m, 4h, 1d, 1mo")
    if period not in ("auto", "daily", "monthly"):
        raise _core.UsageError(f"period {period}: auto, daily or monthly")
    return span(start, end)
