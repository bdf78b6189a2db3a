"""What commands are given: times, durations, and inputs through a pipe."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tickwright import _core

_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9}
# Other units of times since 1970, by the digits that they have from 2001 to 2286.
_DIGITS = {10: "s", 13: "ms", 16: "us"}


def time_ns(text: str | None, option: str) -> int | None:
    """Read an ISO 8601 time (UTC where it names no zone), or ns since 1970; 10 digits are s, 13 ms, 16 us."""
    if text is None:
        return None
    # Eight digits are a day: 20240131.
    if re.fullmatch(r"[0-9]{1,19}", text) and len(text) != 8:
        return int(text) * _NS[_DIGITS.get(len(text), "ns")]
    found = re.fullmatch(r"(.*?T?[0-9]{2}:[0-9]{2}:[0-9]{2})[.,]([0-9]{1,9})(.*)", text)
    base, fraction = (found[1] + found[3], found[2]) if found else (text, "")
    try:
        parsed = datetime.fromisoformat(base)
    except ValueError as error:
        raise _core.UsageError(f"{option} {text}: an ISO 8601 time or nanoseconds") from error
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    delta = parsed - datetime(1970, 1, 1, tzinfo=UTC)
    ns = (delta.days * 86_400 + delta.seconds) * _NS["s"] + delta.microseconds * _NS["us"]
    if not 0 <= ns < 1 << 63:
        raise _core.UsageError(f"{option} {text}: a time from 1970 to 2262")
    return ns + int((fraction + "0" * 9)[:9])


def duration_ns(text: str | None, option: str) -> int:
    """Read a duration such as ``100ms``, ``1s`` or ``5m``; 0 where there is none."""
    if text is None:
        return 0
    found = re.fullmatch(r"([0-9]{1,9})(ns|us|ms|s|m|h)", text)
    ns = int(found[1]) * _NS[found[2]] if found else 0
    if not 0 < ns <= 24 * _NS["h"]:
        raise _core.UsageError(f"{option} {text}: a duration such as 100ms, 1s or 5m, up to 24h")
    return ns


@contextmanager
def spooled(inputs: list[str]) -> Iterator[dict[str, Any]]:
    """Inputs as the core takes them: what comes through standard input, where `-` is one, is a file meanwhile."""
    if "-" not in inputs:
        yield {"inputs": inputs}
        return
    import shutil
    import tempfile

    if sys.stdin is None:
        raise _core.InputError("-: standard input is closed")
    with tempfile.NamedTemporaryFile(prefix="tickwright-stdin-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        yield {"inputs": inputs, "stdin": file.name}
