"""Spans of days, as a user says them."""

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta

from tickwright import _core


def span(start: str, end: str) -> tuple[date, date]:
    """First and last day of a span that begins and ends with a month or a day."""
    first, last = _day(start, last=False), _day(end, last=True)
    if last < first:
        raise _core.UsageError(f"from {start} to {end}: the end is before the start")
    return first, last


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last."""
    while first <= last:
        yield first
        first += timedelta(days=1)


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of every month that has a day of the span."""
    day = first.replace(day=1)
    while day <= last:
        yield day, month_end(day)
        day = month_end(day) + timedelta(days=1)


def _day(text: str, *, last: bool) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}", text):
            day = date.fromisoformat(f"{text}-01")
            return month_end(day) if last else day
        return date.fromisoformat(text)
    except ValueError as error:
        raise _core.UsageError(f"date {text!r}: a month such as 2024-01, or a day such as 2024-01-31") from error
