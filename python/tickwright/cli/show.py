"""How results are shown: tables on stdout, colours only where a terminal takes them."""

import sys
from collections.abc import Sequence

from tickwright.cli.app import plain


def table(title: str | None, head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print a table; columns named in `right` are aligned to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=None if title is None else Text(plain(title)), title_justify="left", box=None, pad_edge=False)
    for at, name in enumerate(head):
        shown.add_column(name, justify="right" if at in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(plain(cell)) for cell in row))
    # Piped output is data: it is not cut to a terminal that is not there.
    width = None if sys.stdout.isatty() else 200
    Console(highlight=False, width=width).print(shown, "")


def number(value: int) -> str:
    """An integer with thousands apart."""
    return f"{value:,}"


def size(value: float) -> str:
    """Bytes in the unit that reads best."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TiB"


def moment(ns: int) -> str:
    """A time as ISO 8601 with nanoseconds."""
    if ns == 0:
        return "unknown"
    from datetime import UTC, datetime

    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
