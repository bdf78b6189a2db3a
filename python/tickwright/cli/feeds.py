"""`tickwright feeds`: what is supported."""

import sys
from typing import Annotated

import typer

from tickwright import _core


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="feeds")(feeds)


def feeds(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """List the feeds and the dump formats that are supported."""
    import json

    feeds, dumps = json.loads(_core.feeds()), json.loads(_core.dumps())
    if as_json:
        sys.stdout.write(json.dumps({"feeds": feeds, "dumps": dumps}) + "\n")
        return
    from tickwright.cli.show import table

    rows = [[f["name"], f["title"], f["venue"], ", ".join(f["channels"])] for f in feeds]
    table(None, ["feed", "what", "venue", "channels"], rows)
    rows = [[d["name"], d["title"], ", ".join(d["types"]) or "no Nautilus type: skipped by name"] for d in dumps]
    table(None, ["dump", "what", "rows"], rows)
