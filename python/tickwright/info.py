"""What there is: feeds, dump formats, and what a file holds."""

import json
import os
from collections.abc import Iterable
from typing import Any

from tickwright import _core
from tickwright._options import packed


def feeds() -> list[dict[str, Any]]:
    """List the feeds: name, venue, title and the channels that give rows.

    Examples
    --------
    >>> import tickwright
    >>> [feed["name"] for feed in tickwright.feeds() if feed["venue"] == "BYBIT"]
    ['bybit-spot', 'bybit-linear', 'bybit-inverse', 'bybit-option']

    """
    value: list[dict[str, Any]] = json.loads(_core.feeds())
    return value


def dumps() -> list[dict[str, Any]]:
    """List the dump formats: name, title and the types of rows they give (none: NautilusTrader has no type).

    Examples
    --------
    >>> import tickwright
    >>> [dump["types"] for dump in tickwright.dumps() if dump["name"] == "binance-trades"]
    [['trade']]

    """
    value: list[dict[str, Any]] = json.loads(_core.dumps())
    return value


def inspect(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    feed: str | None = None,
    format: str | None = None,
    symbol: str | None = None,
) -> list[dict[str, Any]]:
    """Say what inputs are: container, feed, instruments, channels, span (ns UTC) and counts.

    Raises
    ------
    InputError
        A named input that cannot be read, is empty, or of no clear feed; inputs of which none can be converted, with
        what each is.

    Examples
    --------
    >>> import tickwright
    >>> [found] = tickwright.inspect("examples/binance-usdm/capture.ndjson.gz")
    >>> found["feed"], found["compression"]
    ('binance-usdm', 'gzip')

    """
    paths = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    options = {"inputs": [os.fspath(path) for path in paths], "feed": feed, "format": format, "symbol": symbol}
    value: list[dict[str, Any]] = json.loads(_core.inspect(packed(options)))
    return value
