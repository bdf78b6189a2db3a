"""`tickwright download`: files that exchanges publish, resumed, retried and checked."""

import json
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

group = typer.Typer(help="Fetch files that exchanges publish.", no_args_is_help=True, rich_markup_mode=None)


# Options of every publisher.
From = Annotated[str, typer.Option("--from", help="First month or day: 2024-01 or 2024-01-15.")]
To = Annotated[str, typer.Option("--to", help="Last month or day.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")]
Into = Annotated[Path | None, typer.Option(help="Convert what was fetched into this catalog.")]
Jobs = Annotated[int, typer.Option(min=1, max=32, help="Files at the same time.")]
Retries = Annotated[int, typer.Option(min=0, help="Attempts beyond the first.")]
Timeout = Annotated[float, typer.Option(help="Seconds without a byte before another attempt.")]
Pause = Annotated[float, typer.Option(help="Least seconds between two requests.")]
BaseUrl = Annotated[str | None, typer.Option(help="Where the files are.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan, fetch nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable report.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(group, name="download")


@group.command(name="binance")
def binance(
    market: Annotated[str, typer.Option(help="spot, um or cm.")],
    types: Annotated[str, typer.Option("--type", help="Types, comma-separated, such as trades,klines.")],
    symbols: Annotated[str, typer.Option(help="Symbols, comma-separated, such as BTCUSDT,ETHUSDT.")],
    start: From,
    end: To,
    output: Output,
    interval: Annotated[str, typer.Option(help="Interval of klines.")] = "1m",
    period: Annotated[str, typer.Option(help="auto, daily or monthly files.")] = "auto",
    convert: Into = None,
    jobs: Jobs = 4,
    retries: Retries = 6,
    timeout: Timeout = 30.0,
    pause: Pause = 0.0,
    base_url: BaseUrl = None,
    list_url: Annotated[str | None, typer.Option(help="Where their listing is; '' for none.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Fetch Binance's public data (data.binance.vision)."""
    from tickwright.download import Settings
    from tickwright.download import binance as run
    from tickwright.download.binance import BASE_URL

    with _Bar(quiet=as_json) as bar:
        report = run(
            output,
            market=market,
            types=_names(types),
            symbols=_names(symbols),
            start=start,
            end=end,
            interval=interval,
            period=period,
            base_url=base_url or BASE_URL,
            list_url="auto" if list_url is None else list_url or None,
            settings=Settings(jobs=jobs, retries=retries, timeout_s=timeout, pause_s=pause),
            dry_run=dry_run,
            on_plan=bar.plan,
            on_bytes=bar.bytes,
            on_file=bar.file,
        )
    return _done(report, convert, dry_run=dry_run, as_json=as_json)


@group.command(name="bybit")
def bybit(
    market: Annotated[str, typer.Option(help="linear, inverse or spot.")],
    types: Annotated[str, typer.Option("--type", help="Types, comma-separated: trades, orderbook, klines.")],
    symbols: Annotated[str, typer.Option(help="Symbols, comma-separated, such as BTCUSDT,BTC-14MAR25.")],
    start: From,
    end: To,
    output: Output,
    interval: Annotated[str, typer.Option(help="Interval of klines, minutes.")] = "1",
    period: Annotated[str, typer.Option(help="Of spot trades: auto, daily or monthly files.")] = "auto",
    convert: Into = None,
    jobs: Jobs = 4,
    retries: Retries = 6,
    timeout: Timeout = 30.0,
    pause: Pause = 0.0,
    base_url: BaseUrl = None,
    book_url: Annotated[str | None, typer.Option(help="Where those of order books are.")] = None,
    listing: Annotated[bool, typer.Option("--listing/--no-listing", help="Ask first what there is.")] = True,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Fetch Bybit's public files (public.bybit.com, quote-saver.bycsi.com)."""
    from tickwright.download import Settings
    from tickwright.download import bybit as run
    from tickwright.download.bybit import BASE_URL, BOOK_URL

    with _Bar(quiet=as_json) as bar:
        report = run(
            output,
            market=market,
            types=_names(types),
            symbols=_names(symbols),
            start=start,
            end=end,
            interval=interval,
            period=period,
            base_url=base_url or BASE_URL,
            book_url=book_url or BOOK_URL,
            listing=listing,
            settings=Settings(jobs=jobs, retries=retries, timeout_s=timeout, pause_s=pause),
            dry_run=dry_run,
            on_plan=bar.plan,
            on_bytes=bar.bytes,
            on_file=bar.file,
        )
    return _done(report, convert, dry_run=dry_run, as_json=as_json)


@group.command(name="okx")
def okx(
    types: Annotated[
        str,
        typer.Option(
            "--type", help="Types, comma-separated: trades, aggtrades, candlesticks, fundingrates, orderbook."
        ),
    ],
    start: From,
    end: To,
    output: Output,
    symbols: Annotated[
        str, typer.Option(help="Symbols, comma-separated, such as BTC-USDT-SWAP,BTC-USD-futureschain.")
    ] = "",
    period: Annotated[str, typer.Option(help="daily or monthly files.")] = "daily",
    depth: Annotated[int, typer.Option(help="Levels of order books: 400 or 5000.")] = 400,
    convert: Into = None,
    jobs: Jobs = 4,
    retries: Retries = 6,
    timeout: Timeout = 30.0,
    pause: Pause = 0.0,
    base_url: BaseUrl = None,
    book_url: Annotated[str | None, typer.Option(help="Where those of order books are.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Fetch OKX's published files (static.okx.com)."""
    from tickwright.download import Settings
    from tickwright.download import okx as run
    from tickwright.download.okx import BASE_URL, BOOK_URL

    with _Bar(quiet=as_json) as bar:
        report = run(
            output,
            types=_names(types),
            symbols=_names(symbols),
            start=start,
            end=end,
            period=period,
            depth=depth,
            base_url=base_url or BASE_URL,
            book_url=book_url or BOOK_URL,
            settings=Settings(jobs=jobs, retries=retries, timeout_s=timeout, pause_s=pause),
            dry_run=dry_run,
            on_plan=bar.plan,
            on_bytes=bar.bytes,
            on_file=bar.file,
        )
    return _done(report, convert, dry_run=dry_run, as_json=as_json)


def _done(report: Any, convert: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Convert what came where that is wanted, and say what became of it all; the exit code."""
    failed = report.count("failed")
    had = [file.path for file in report.files if file.status in ("fetched", "present")]
    converted: dict[str, Any] | None = None
    if convert is not None and had and not failed and not dry_run:
        from tickwright import convert as into

        converted = json.loads(into(had, convert).to_json())
    if as_json:
        body = report.to_json() | ({"convert": converted} if converted is not None else {})
        sys.stdout.write(json.dumps(body) + "\n")
    else:
        _summary(report, converted)
    # Nothing at all where something was asked for is no success.
    return 3 if failed or not (had or dry_run) else 0


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


class _Bar:
    """The plan, then how far it is, on a terminal; the plan alone elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._progress: Any = None
        self._task: Any = None
        self._lock = threading.Lock()

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def plan(self, items: list[Any]) -> None:
        """Show what will be fetched."""
        from tickwright.cli.show import size

        sizes = [item.size or 0 for item in items]
        if not self._quiet:
            sys.stderr.write(f"{len(items):,} files, {size(sum(sizes)) if any(sizes) else 'sizes unknown'}\n")
        if self._quiet or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("download", total=sum(sizes) or None)
        self._progress.start()

    def bytes(self, count: int) -> None:
        """Bytes came."""
        if self._progress is not None:
            with self._lock:
                self._progress.advance(self._task, count)

    def file(self, report: Any) -> None:
        """A file is done."""
        from tickwright.cli.app import plain

        if report.status == "failed" and not self._quiet:
            sys.stderr.write(f"error: {plain(report.url)}: {plain(report.error or '')}\n")


def _summary(report: Any, converted: dict[str, Any] | None) -> None:
    from tickwright.cli.app import plain
    from tickwright.cli.show import number, size, table

    rows = []
    for status in ("planned", "fetched", "present", "missing", "failed"):
        files = [file for file in report.files if file.status == status]
        if files:
            rows.append([status, number(len(files)), size(sum(file.bytes for file in files))])
    table(None, ["files", "count", "bytes"], rows, right=(1, 2))
    for file in report.files:
        if file.status in ("planned", "missing"):
            sys.stdout.write(f"{file.status}: {plain(file.url)}\n")
    for note in report.notes:
        sys.stdout.write(f"note: {plain(note)}\n")
    if converted is not None:
        sys.stdout.write(f"{converted['status']}: {plain(converted['catalog'])}, version {converted['version']}\n")
