"""`tickwright simulate`: a capture or the files of a dump from a seed, and the truth beside them."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from tickwright import _core
from tickwright.simulate import SimulateReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="simulate")(simulate)


def simulate(
    target: Annotated[str, typer.Argument(help="Feed, such as binance-usdm, or dump, such as binance-um-trades.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The capture: .gz, .zst, .ndjson or .tkw; of a dump the folder.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")],
    minutes: Annotated[float | None, typer.Option(help="How long, in the market's own time; 5 without.")] = None,
    days: Annotated[float | None, typer.Option(help="The same in days; of a dump 1 without.")] = None,
    symbols: Annotated[int | None, typer.Option(help="Instruments, 1 to 2,000; 20 without, of a dump 3.")] = None,
    start: Annotated[str | None, typer.Option(help="When it starts, ISO 8601.")] = None,
    rate: Annotated[
        int | None, typer.Option(help="Changes a second of the busiest book; 50 without, of a dump 1.")
    ] = None,
    period: Annotated[str | None, typer.Option(help="Of a dump: auto, daily, monthly or both.")] = None,
    channels: Annotated[str | None, typer.Option(help="Channels, comma-separated; all without.")] = None,
    faults: Annotated[
        str | None, typer.Option(help="none, some or many, none without; the next six change single ones.")
    ] = None,
    lost: Annotated[float | None, typer.Option(help="Share of book updates lost, 0 to 1.")] = None,
    reconnect: Annotated[float | None, typer.Option(help="Mean seconds between two restarts; 0 = none.")] = None,
    connections: Annotated[int | None, typer.Option(help="Connections with the same streams, 1 to 8.")] = None,
    equal: Annotated[float | None, typer.Option(help="Share of receive times equal to the one before.")] = None,
    backward: Annotated[float | None, typer.Option(help="Share of receive times that go back.")] = None,
    late: Annotated[float | None, typer.Option(help="Share of snapshots after the updates they join.")] = None,
    truth: Annotated[bool, typer.Option("--truth/--no-truth", help="Write the rows it must become.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> int:
    """Write a capture, or the files of a dump, of an invented market as its venue does, and the truth beside it."""
    from tickwright import simulate as run
    from tickwright import simulate_dump

    if minutes is not None and days is not None:
        raise _core.UsageError("--minutes and --days: give one of them")
    # What was not given is left to the function, which knows what is usual.
    common = {"seed": seed, "symbols": symbols, "start": _moment(start), "rate": rate, "truth": truth, "force": force}
    of_captures = {
        "channels": None if channels is None else [name.strip() for name in channels.split(",") if name.strip()],
        "faults": faults,
        "lost": lost,
        "reconnect_s": reconnect,
        "connections": connections,
        "equal": equal,
        "backward": backward,
        "late": late,
    }
    is_dump = target in _core.simulated()[1]
    strange = {"period": period} if not is_dump else of_captures
    for name, value in strange.items():
        if value is not None:
            what, other = ("dump", "captures") if is_dump else ("capture", "dumps")
            raise _core.UsageError(f"--{name.removesuffix('_s')}: {target} is a {what}, and this is of {other}")
    with _Bar() as bar:
        if is_dump:
            span = {"days": days if minutes is None else minutes / 1_440, "period": period}
            report = simulate_dump(target, output, **_given(common | span), on_progress=bar.show)
        else:
            span = {"minutes": minutes if days is None else days * 1_440}
            report = run(target, output, **_given(common | span | of_captures), on_progress=bar.show)
    if as_json:
        sys.stdout.write(report.to_json() + "\n")
    else:
        _summary(report, "lines" if is_dump else "frames")
    return 0


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _core.UsageError(f"--start {text}: an ISO 8601 time, such as 2026-09-07T12:00:00Z") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class _Bar:
    """How far it is, on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> "_Bar":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("simulate"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._progress.add_task("simulate", total=None, rate="")
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, now: dict[str, Any]) -> None:
        """Move it on."""
        if self._progress is None:
            return
        from tickwright.cli.show import size

        rate = f"{size(now['bytes'] / now['elapsed_s'])}/s" if now["elapsed_s"] else ""
        self._progress.update(self._task, completed=now["done_ns"], total=now["total_ns"], rate=rate)


def _summary(report: SimulateReport, what: str) -> None:
    from tickwright.cli.app import plain
    from tickwright.cli.show import moment, number, size, table

    out = sys.stdout.write
    table(None, ["type", "rows"], [[name, number(count)] for name, count in report.rows.items()], right=(1,))
    out(f"{moment(report.start_ns)} to {moment(report.end_ns)}, {len(report.instruments):,} instruments\n")
    if report.lost or report.reconnects or report.gaps:
        lost, restarts, gaps = number(report.lost), number(report.reconnects), number(len(report.gaps))
        out(f"{lost} updates lost, {restarts} restarts of a connection, {gaps} gaps to be seen\n")
    if report.truth is not None:
        out(f"truth: {plain(report.truth)}\n")
    out(f"written: {plain(report.output)}, {number(report.frames)} {what}, {size(report.bytes)} ")
    out(f"in {report.elapsed_s:.2f} s\nNext:\n    tickwright convert {plain(report.output)} -o catalog\n")
