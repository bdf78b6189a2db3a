"""`tickwright feeds`: what is supported."""

import sys
from typing import Annotated

import typer

from tickwright import _core


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="feeds")(feeds)


def feeds(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """List the feeds that are supported."""
    import json

    text = _core.feeds()
    if as_json:
        sys.stdout.write(text + "\n")
        return
    from tickwright.cli.show import table

    rows = [[f["name"], f["title"], f["venue"], ", ".join(f["channels"])] for f in json.loads(text)]
    table(None, ["feed", "what", "venue", "channels"], rows)
