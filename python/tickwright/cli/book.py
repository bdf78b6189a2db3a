"""`tickwright book`: order books as they stood at a time."""

import json
import sys
from typing import Annotated, Any

import typer

from tickwright import _core
from tickwright._options import packed
from tickwright.cli.inputs import spooled, time_ns


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="book")(book)


def book(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders (looked through), patterns, or -.")],
    at: Annotated[str, typer.Option(help="The time: ISO 8601 or ns; what was received at it is in the book.")],
    instrument: Annotated[str | None, typer.Option(help="Only the book of this id.")] = None,
    depth: Annotated[int, typer.Option(min=0, help="Levels of a side; 0 = all.")] = 10,
    feed: Annotated[str | None, typer.Option(help="Feed of all inputs, instead of recognising it.")] = None,
    format: Annotated[str | None, typer.Option(help="Dump format of all inputs, instead of recognising it.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Symbol of all dumps, where no name or column says it.")] = None,
    channel: Annotated[str | None, typer.Option("--book", help="Channel of books, such as depth@100ms.")] = None,
    allow_truncated: Annotated[bool, typer.Option("--allow-truncated", help="Take what came before a cut.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Print the book of each instrument as it stood at a time."""
    with spooled(inputs) as given:
        options = given | {
            "at": time_ns(at, "--at"),
            "instrument": instrument,
            "depth": depth,
            "feed": feed,
            "format": format,
            "symbol": symbol,
            "book": channel,
            "allow_truncated": allow_truncated,
        }
        text = _core.books(packed(options))
    if as_json:
        sys.stdout.write(text + "\n")
        return
    for found in json.loads(text):
        _show(found)


def _show(book: dict[str, Any]) -> None:
    from itertools import zip_longest

    from tickwright.cli.app import plain
    from tickwright.cli.show import moment, number, table

    out = sys.stdout.write
    out(f"{plain(book['instrument_id'])} at {moment(book['at'])} ({book['feed']}, {plain(book['channel'])})\n")
    if book["standing"] != "waiting":
        sequence = f", sequence {book['sequence']}" if book["sequence"] else ""
        out(f"last event {moment(book['ts_event'])}, received {moment(book['ts_init'])}{sequence}\n")
    for line in _words(book):
        out(line + "\n")
    if book["other_channels"]:
        out(f"other books of it: {plain(', '.join(book['other_channels']))} (--book)\n")
    if book["standing"] != "waiting":
        head = ["bid size", "bid", "ask", "ask size"]
        pairs = zip_longest(book["bids"], book["asks"], fillvalue=("", ""))
        rows = [[bid[1], bid[0], ask[0], ask[1]] for bid, ask in pairs]
        table(None, head, rows, right=(0, 1, 2, 3))
        out(f"{number(book['bid_levels'])} bids, {number(book['ask_levels'])} asks in the book\n")
    out("\n")


_STANDING = {
    "proven": "proven: a whole book, and every update since by the venue's rule",
    "whole": "whole: each message is a whole top of the book",
    "published": "as published: the file does not say whether anything is missing",
    "gap": "after a gap: this is the book of before it",
    "waiting": "no book yet: its updates wait for a whole book",
}


def _words(book: dict[str, Any]) -> list[str]:
    """How far the book can be trusted."""
    from tickwright.cli.show import moment, number

    lines = [_STANDING[book["standing"]]]
    missing = book["missing"]
    if missing:
        what = {
            "sequence": f"the updates between {missing['from_sequence']} and {missing['to_sequence']} are missing",
            "checksum": "the venue's checksum says that the book is another",
            "no_snapshot": "no snapshot joins the updates",
        }[missing["cause"]]
        waiting = f"{number(missing['withheld'])} updates wait or were withheld"
        lines.append(f"since {moment(missing['to_ns'])}: {what}; {waiting}")
    if book["holes"]:
        last = book["holes"][-1]
        how = last["resolution"].replace("_", " ")
        lines.append(
            f"gaps before it: {number(len(book['holes']))}, the last closed by a {how} at {moment(last['resolved_ns'])}"
        )
    if book["recorded_to"] and book["at"] - book["recorded_to"] > 1_000_000_000:
        lines.append(f"nothing was received after {moment(book['recorded_to'])}: the recording may end there")
    return lines
