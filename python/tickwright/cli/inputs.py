"""What commands are given: times, durations, and inputs through a pipe."""

import re
import sys
from datetime import UTC, datetime
from typing import Any

from tickwright import _core


def time_ns(text: str | None, option: str) -> int | None:
    """Read an ISO 8601 time (UTC where it names no zone) or an integer of nanoseconds."""
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    found = re.fullmatch(r"(.*?T?\d\d:\d\d:\d\d)\.(\d{1,9})(.*)", text)
    base, fraction = (found[1] + found[3], found[2]) if found else (text, "")
    try:
        parsed = datetime.fromisoformat(base)
    except ValueError as error:
        raise _core.UsageError(f"{option} {text}: an ISO 8601 time or nanoseconds") from error
    parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    delta = parsed - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + int((fraction + "0" * 9)[:9])


_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9}


def duration_ns(text: str | None, option: str) -> int:
    """Read a duration such as ``100ms``, ``1s`` or ``5m``; 0 where there is none."""
    if text is None:
        return 0
    found = re.fullmatch(r"(\d{1,9})(ns|us|ms|s|m|h)", text)
    ns = int(found[1]) * _NS[found[2]] if found else 0
    if not 0 < ns <= 24 * _NS["h"]:
        raise _core.UsageError(f"{option} {text}: a duration such as 100ms, 1s or 5m, up to 24h")
    return ns


class Spool:
    """Standard input, where `-` is an input, as a file for the time of a command."""

    def __init__(self, inputs: list[str]) -> None:
        self._inputs = inputs
        self._file: Any = None

    def __enter__(self) -> list[str]:
        """The inputs as files; what comes through the pipe is read to its end."""
        if "-" not in self._inputs:
            return self._inputs
        import shutil
        import tempfile

        self._file = tempfile.NamedTemporaryFile(prefix="tickwright-stdin-")
        shutil.copyfileobj(sys.stdin.buffer, self._file)
        self._file.flush()
        return [self._file.name if name == "-" else name for name in self._inputs]

    def __exit__(self, *_: object) -> None:
        """The file goes."""
        if self._file is not None:
            self._file.close()
