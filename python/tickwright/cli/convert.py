"""`tickwright convert`: captures and dumps into a catalog."""

import json
import re
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from tickwright import _core
from tickwright._options import packed
from tickwright.cli.inputs import duration_ns, spooled, time_ns
from tickwright.report import ConvertReport, Ends

_UNITS = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="convert")(convert)


def memory_bytes(text: str, option: str = "--memory") -> int:
    """Read a size such as ``512MiB``, ``2G`` or ``1000000``."""
    found = re.fullmatch(r"\s*([0-9]{1,19})(\.[0-9]{1,9})?\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    unit = _UNITS[found[3].upper()] if found else 0
    size = int(found[1]) * unit + int(float(found[2] or 0) * unit) if found else 0
    if not 0 < size < 1 << 63:
        raise _core.UsageError(f"{option} {text}: a size such as 512MiB")
    return size


def convert(
    inputs: Annotated[list[str], typer.Argument(help="Files, folders (looked through), patterns, or -.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The catalog's folder.")],
    feed: Annotated[str | None, typer.Option(help="Feed of all inputs, instead of recognising it.")] = None,
    format: Annotated[str | None, typer.Option(help="Dump format of all inputs, instead of recognising it.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Symbol of all dumps, where no name or column says it.")] = None,
    instruments: Annotated[
        list[str] | None, typer.Option(help="Files with instrument definitions (exchangeInfo).")
    ] = None,
    flavour: Annotated[str, typer.Option(help="v1-high, v1-standard or v2.")] = "v1-high",
    layout: Annotated[str, typer.Option(help="Folder names of Nautilus 1.231 or 1.220.")] = "1.231",
    types: Annotated[str | None, typer.Option(help="Row types to keep, comma-separated.")] = None,
    trades: Annotated[str | None, typer.Option(help="raw or aggregate.")] = None,
    book: Annotated[str | None, typer.Option(help="Channel of books, such as depth@100ms.")] = None,
    derive_every: Annotated[
        str | None, typer.Option(help="Depths and quotes derived from books: every 100ms, 1s …; on change without.")
    ] = None,
    on_gap: Annotated[str, typer.Option(help="withhold, rebuild or continue.")] = "withhold",
    conflicts: Annotated[str, typer.Option(help="Rows of one id that differ: error, first or keep.")] = "error",
    partition: Annotated[str, typer.Option(help="One file per UTC day or hour.")] = "day",
    from_: Annotated[str | None, typer.Option("--from", help="First receive time wanted.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="First receive time not wanted.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="New rows in place of old ones.")] = False,
    append_after: Annotated[bool, typer.Option("--append-after", help="Keep only rows after those there.")] = False,
    allow_truncated: Annotated[bool, typer.Option("--allow-truncated", help="Keep what came before a cut.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Threads; 0 = as many as cores.")] = 0,
    memory: Annotated[str, typer.Option(help="Bound of memory for rows.")] = "512MiB",
    max_ratio: Annotated[int, typer.Option(min=1, help="How many times its size a dump may inflate to.")] = 500,
    max_member: Annotated[str, typer.Option(help="Most that a dump may inflate to.")] = "1TiB",
    max_rejects: Annotated[int | None, typer.Option(min=0, help="Exit with 1 beyond this many rejects.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Everything but the commit.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable report.")] = False,
) -> int:
    """Convert captures and dumps into a Nautilus catalog, once and exactly."""
    if replace and append_after:
        raise _core.UsageError("--replace and --append-after exclude each other")
    with spooled(inputs) as given:
        options = given | {
            "output": str(output),
            "feed": feed,
            "format": format,
            "symbol": symbol,
            "instruments": instruments or [],
            "flavour": flavour,
            "layout": layout,
            "types": None if types is None else [name.strip() for name in types.split(",") if name.strip()],
            "trades": trades,
            "book": book,
            "derive_every": duration_ns(derive_every, "--derive-every"),
            "on_gap": on_gap,
            "conflicts": conflicts,
            "partition": partition,
            "from": time_ns(from_, "--from"),
            "to": time_ns(to, "--to"),
            "mode": "replace" if replace else "append-after" if append_after else "add",
            "allow_truncated": allow_truncated,
            "jobs": jobs,
            "memory": memory_bytes(memory),
            "max_ratio": max_ratio,
            "max_member": memory_bytes(max_member, "--max-member"),
            "max_rejects": max_rejects,
            "dry_run": dry_run,
        }
        report = _watch(_core.Conversion(packed(options)), is_shown=not as_json)
    if as_json:
        sys.stdout.write(report.to_json() + "\n")
    else:
        _summary(report)
    return 1 if report.too_many_rejects else 0


def _watch(job: _core.Conversion, *, is_shown: bool) -> ConvertReport:
    """Wait for a conversion, showing how far it is; SIGINT and SIGTERM stop it. `is_shown`: its report will be."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        job.cancel()

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        if is_shown:
            # What shows the report is loaded while the rows are read.
            import_module("tickwright.cli.show")
            import_module("rich.console")
            import_module("rich.table")
        if sys.stderr.isatty():
            _live(job)
        else:
            while not job.done(0.1):
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return ConvertReport.from_json(job.result())


def _live(job: _core.Conversion) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from tickwright.cli.app import plain

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[rate]} rows/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[file]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("plan", total=None, rate="0", file="")
        while not job.done(0.1):
            now = json.loads(job.poll())
            rate = now["rows"] / now["elapsed_s"] if now["elapsed_s"] else 0
            progress.update(
                task,
                description=now["phase"],
                completed=min(now["bytes_done"], now["bytes_total"]),
                total=now["bytes_total"] or None,
                rate=f"{rate:,.0f}",
                file=plain(Path(now["file"]).name),
            )


def _summary(report: ConvertReport) -> None:
    from tickwright.cli.app import plain
    from tickwright.cli.show import moment, number, size, table

    out = sys.stdout.write
    if report.headline:
        out(f"warning: {plain(report.headline)}\n\n")
    if report.tables:
        rows = [
            [
                t.type,
                t.instrument_id,
                number(t.rows),
                moment(t.start_ns),
                moment(t.end_ns),
                number(t.files),
                f"{t.bytes / max(t.rows, 1):.1f}",
                f"{t.price_precision}/{t.size_precision}",
            ]
            for t in report.tables
        ]
        head = ["type", "instrument", "rows", "from", "to", "files", "bytes/row", "precision"]
        table(None, head, rows, right=(2, 5, 6))
    accounting = report.accounting
    if accounting.bytes.total or accounting.container_bytes:
        ends = ("total", "rows", "control", "duplicate", "stale", "withheld", "unselected", "rejected")

        def line(name: str, counts: Ends) -> list[str]:
            return [name, *(number(getattr(counts, end)) for end in ends)]

        lines = [line(n, getattr(accounting, n)) for n in ("bytes", "frames", "items")]
        table("Every byte", ["", *ends], lines, right=tuple(range(1, 9)))
        total = accounting.bytes.total + accounting.container_bytes
        out(f"{size(total)} read, {number(accounting.container_bytes)} bytes of them the containers' own\n")
    for skipped in report.skipped:
        out(f"skipped: {plain(skipped['path'])}: {plain(skipped['reason'])}\n")
    for note in report.notes:
        out(f"note: {plain(note)}\n")
    for what, names in (("keys", report.unknown_keys), ("topics", report.unknown_topics)):
        if names:
            listed = ", ".join(f"{plain(name)} ({count:,})" for name, count in sorted(names.items())[:20])
            out(f"unknown {what}: {listed}\n")
    if report.undefined_symbols:
        out(f"without a definition: {plain(', '.join(report.undefined_symbols[:20]))}\n")
    if report.rejects:
        out(f"{report.rejects:,} rejects: {report.rejects_file}\n")
    if report.gaps:
        out(f"{report.gaps:,} gaps: {report.gaps_file}\n")
    out(f"{report.status.replace('_', ' ')}: {plain(report.catalog)}, version {report.version}, ")
    out(f"{number(report.rows)} rows in {report.elapsed_s:.2f} s\n")
    if report.status == "committed" and report.tables:
        out(f"Next:\n{snippet(report)}")


_CLASSES = {
    "trade": "TradeTick",
    "quote": "QuoteTick",
    "delta": "OrderBookDelta",
    "depth10": "OrderBookDepth10",
    "bar": "Bar",
    "mark_price": "MarkPriceUpdate",
    "funding_rate": "FundingRateUpdate",
}


def snippet(report: ConvertReport) -> str:
    """Five lines that read the catalog with Nautilus."""
    first = next((t for t in report.tables if t.type in _CLASSES), None)
    name = _CLASSES[first.type] if first else "TradeTick"
    id_ = first.instrument_id if first else "BTCUSDT-PERP.BINANCE"
    asked = f"bar_types=[{id_!r}]" if name == "Bar" else f"identifiers=[{id_!r}]"
    return (
        "    from nautilus_trader.model.data import " + name + "\n"
        "    from nautilus_trader.persistence.catalog import ParquetDataCatalog\n"
        f"    catalog = ParquetDataCatalog({report.catalog!r})\n"
        f"    rows = catalog.query({name}, {asked})\n"
        "    print(len(rows), rows[0], rows[-1])\n"
    )
