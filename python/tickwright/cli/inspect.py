"""`tickwright inspect`: what inputs are, without converting them."""

import json
import sys
from typing import Annotated

import typer

from tickwright import _core
from tickwright._options import packed
from tickwright.cli.inputs import spooled


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="inspect")(inspect)


def inspect(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders, patterns, or -.")],
    feed: Annotated[str | None, typer.Option(help="Feed of all inputs.")] = None,
    format: Annotated[str | None, typer.Option(help="Dump format of all inputs.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Symbol of all dumps, where no name or column says it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Say what each input is: container, feed, symbols, channels, span, counts."""
    with spooled(inputs) as given:
        text = _core.inspect(packed(given | {"feed": feed, "format": format, "symbol": symbol}))
    if as_json:
        sys.stdout.write(text + "\n")
        return
    from tickwright.cli.show import moment, number, size, table

    for found in json.loads(text):
        ids = found["instruments"]
        shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
        channels = ", ".join(f"{name} {count:,}" for name, count in found["channels"].items())
        rows = [
            ["container", f"{found['container']} ({found['compression']})"],
            ["feed", found["feed"]],
            ["bytes", f"{size(found['bytes_file'])} in the file, {size(found['bytes'])} decompressed"],
            ["frames", f"{number(found['frames'])} on {found['connections']} connections"],
            ["span", f"{moment(found['start_ns'])} to {moment(found['end_ns'])}"],
            ["rows by channel", channels or "none"],
            ["instruments", shown or "none"],
            ["definitions", number(found["definitions"])],
            ["rejected", number(found["rejected"])],
        ]
        if found["error"]:
            rows.append(["stopped", found["error"]])
        table(found["path"], ["", ""], rows)
