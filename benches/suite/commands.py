"""Whole commands: beside their stages, beside NautilusTrader's way, over threads, and what memory they take."""

import gzip
import shutil
from pathlib import Path
from typing import Any

import polars as pl

from suite import inputs
from suite.measure import Fresh, best, child, command, peak, rust

#: Kind of a dump: what it is called, its file, its feed.
DUMPS = {
    "tardis_book": ("Tardis incremental_book_L2", "tardis.csv.gz", ()),
    "trades": ("Binance trades", "BTCUSDT-trades-2024-01.zip", ("--feed", "binance-usdm")),
    "agg_trades": ("Binance aggTrades", "BTCUSDT-aggTrades-2024-01.zip", ("--feed", "binance-usdm")),
    "klines": ("Binance klines of 1 s", "BTCUSDT-1s-2024-01.zip", ("--feed", "binance-spot")),
}
#: NautilusTrader's ways from each, by the name of the function in `nautilus.py`.
WAYS = {
    "tardis_book": {
        "tardis_book": "TardisCSVDataLoader",
        "tardis_book_pyo3": "TardisCSVDataLoader (as_legacy_cython=False)",
    },
    **{kind: {kind: "pandas + wrangler"} for kind in ("trades", "agg_trades", "klines")},
}
#: Rows that NautilusTrader's way is measured on, unless all are asked for.
PEER_ROWS = 2_000_000


def _make(kind: str) -> inputs.Make:
    return getattr(inputs, kind)


def _text(kind: str, rows: range) -> inputs.Text:
    blocks = inputs.text(_make(kind), rows)
    if kind == "klines":
        # Those of spot have no header.
        first = next(blocks)
        yield first[first.index(b"\n") + 1 :]
    yield from blocks


def dump(folder: Path, kind: str, rows: int) -> Path:
    """A dump of so many rows, packed as its vendor does; made once."""
    place = folder / f"{kind}-{rows}"
    path = place / DUMPS[kind][1]
    if not path.exists():
        place.mkdir()
        inputs.packed(path, _text(kind, range(rows)))
    return path


def _size(catalog: Path) -> int:
    return sum(file.stat().st_size for file in (catalog / "data").rglob("*.parquet"))


def dumps(folder: Path, rows: int, rounds: int, whole_peers: bool) -> dict[str, float | str]:
    """Published dumps to a catalog, beside NautilusTrader's own loader or wrangler and `write_data`."""
    found: dict[str, float | str] = {}
    for kind, (name, _, options) in DUMPS.items():
        # A month of seconds; in one file of years would be a file a day.
        of_kind = min(rows, 2_592_000) if kind == "klines" else rows
        path = dump(folder, kind, of_kind)
        fresh = Fresh(path.parent)
        ours = best({"ours": lambda p=path, o=options, f=fresh: command("convert", p, "-o", f(), *o)}, rounds)["ours"]
        measured = of_kind if whole_peers else min(of_kind, PEER_ROWS)
        for way, reader in WAYS[kind].items():
            theirs = child("nautilus.py", way, path, path.parent / way, str(measured)) * of_kind / measured
            found[f"{name}: {reader} + write_data / ours"] = theirs / ours
        if measured < of_kind:
            found[f"{name}: how"] = f"the other way was given the first {measured:,} rows, its time scaled by rows"
        if kind == "tardis_book":
            alone = best({"polars": lambda p=path: pl.read_csv(p)}, rounds)["polars"]
            found[f"{name}: polars.read_csv alone / ours"] = alone / ours
        found[f"{name}: rows per second, ours"] = of_kind / ours
        found[f"{name}: bytes per row, ours"] = _size(path.parent / f"catalog-{fresh.given}") / of_kind
        found[f"{name}: rows in the file"] = of_kind
    return found


def rows(folder: Path, count: int, rounds: int) -> dict[str, float | str]:
    """Rows of a plain CSV to columns on one core, beside other readers."""
    path = inputs.plain(folder / "rows.csv", _text("tardis_book", range(count)))
    seconds: dict[str, float] = {}
    for _ in range(rounds):
        both = rust("rows", path, "1", one_core=True)
        both.pop("rows")
        both |= child("readers.py", path, one_core=True, POLARS_MAX_THREADS="1")
        seconds = {name: min(took, seconds.get(name, took)) for name, took in both.items()}
    path.unlink()
    ours = seconds.pop("tickwright")
    return {
        "the best of the others / ours": min(seconds.values()) / ours,
        **{f"{name} / ours": took / ours for name, took in seconds.items()},
        "how": "polars (POLARS_MAX_THREADS=1) and pyarrow (use_threads=False) make doubles, csv-core has our decimals",
        "rows per second, ours": count / ours,
    }


def _beside_stages(
    folder: Path, path: Path, plain: Path, options: tuple[str, ...], rounds: int
) -> dict[str, float | str]:
    """The whole command beside each of its stages alone."""
    fresh = Fresh(folder / "whole")
    whole: float | None = None
    stages: dict[str, float] | None = None
    for turn in range(rounds):
        took = command("convert", path, "-o", fresh(), *options)
        whole = min(took, whole or took)
        pages = folder / f"pages-{turn}"
        pages.mkdir()
        alone = rust("alone", path, plain, pages, one_core=True)
        names = ("scan", "inflate", "rows", "pages", "disk")
        stages = alone | {name: min(alone[name], (stages or alone)[name]) for name in names}
        shutil.rmtree(pages)
    slowest = max(("inflate", "rows", "pages"), key=stages.__getitem__)
    return {
        "whole_s": whole,
        "start_up_s": min(command("feeds", "--json") for _ in range(3)),
        "whole/slowest": whole / stages[slowest],
        "slowest stage": slowest,
        **{f"whole/{stage}": whole / stages[stage] for stage in ("inflate", "rows", "pages")},
        **{
            f"{stage} bytes_per_second": stages["text_bytes"] / stages[stage]
            for stage in ("scan", "inflate", "rows", "pages", "disk")
        },
        "whole bytes_per_second": stages["text_bytes"] / whole,
    }


def convert(folder: Path, minutes: float, count: int, rounds: int) -> dict[str, dict[str, float | str]]:
    """A capture and two dumps by the command, beside its stages, which know of no definitions: there are none."""
    folder = folder / "stages"
    folder.mkdir()
    found = {}
    simulated = inputs.capture(folder / "simulated.gz", seed=1, minutes=minutes, symbols=20)
    path, plain = folder / "frames.gz", folder / "frames.ndjson"
    with gzip.open(path, "wb", compresslevel=6) as out, plain.open("wb") as text:
        for frame, ts in zip(*inputs.lines(simulated), strict=True):
            if not frame.startswith(b'{"timezone"'):
                line = b"%d %s\n" % (ts, frame)
                out.write(line)
                text.write(line)
    work = folder / "capture"
    work.mkdir()
    found["capture of Binance USD-M"] = _beside_stages(work, path, plain, (), rounds)
    for kind in ("tardis_book", "trades"):
        name, _, options = DUMPS[kind]
        path = dump(folder, kind, count)
        plain = inputs.plain(
            path.parent / f"{path.name.removesuffix('.csv.gz').removesuffix('.zip')}.csv", _text(kind, range(count))
        )
        found[name] = _beside_stages(path.parent, path, plain, options, rounds)
        plain.unlink()
    return found


def threads(folder: Path, count: int, rounds: int) -> dict[str, float]:
    """One thread against two, over two files and over one."""
    folder = folder / "threads"
    folder.mkdir()
    found = {}
    for kind in ("tardis_book", "trades"):
        name, file, options = DUMPS[kind]
        stem, _, suffix = file.partition(".")
        halves = [
            inputs.packed(folder / f"{stem}-{number}.{suffix}", _text(kind, part))
            for number, part in enumerate((range(count // 2), range(count // 2, count)))
        ]
        one = inputs.packed(folder / file, _text(kind, range(count)))
        for what, paths in (("two files", halves), ("one file", [one])):
            fresh = Fresh(folder / f"{kind}-{len(paths)}")
            works = {
                jobs: lambda j=jobs, p=paths, f=fresh, o=options: command("convert", *p, "-o", f(), *o, "--jobs", j)
                for jobs in ("1", "2")
            }
            seconds = best(works, rounds)
            found[f"{name}, {what}: 1 thread / 2 threads"] = seconds["1"] / seconds["2"]
    return found


def memory(folder: Path, symbols: int) -> dict[str, float]:
    """Peak memory of the command over a capture, and over one ten times as long."""
    found = {}
    for name, minutes in (("1x", 0.2), ("10x", 2.0)):
        path = inputs.capture(folder / f"memory-{name}.gz", seed=3, minutes=minutes, symbols=symbols)
        found[f"{name} MiB of input"] = path.stat().st_size / (1 << 20)
        found[f"{name} peak MiB"] = peak("convert", path, "-o", folder / f"memory-{name}")
        path.unlink()
    return found


def dump_memory(folder: Path, counts: list[int]) -> dict[str, float]:
    """Peak memory of the command over dumps of so many rows."""
    found = {}
    for kind in ("tardis_book", "trades"):
        name, _, options = DUMPS[kind]
        for count in counts:
            is_made = not (folder / f"{kind}-{count}").exists()
            path = dump(folder, kind, count)
            found[f"{name}, {count:,} rows: MiB of input"] = path.stat().st_size / (1 << 20)
            catalog = path.parent / "memory"
            found[f"{name}, {count:,} rows: peak MiB"] = peak("convert", path, "-o", catalog, *options)
            if is_made:
                path.unlink()
            shutil.rmtree(catalog)
    return found


def query(path: Path, folder: Path, rounds: int) -> dict[str, float]:
    """`catalog.query` on our files, beside the same on the files that Nautilus writes of the same data."""
    from nautilus_trader.model.data import OrderBookDelta, QuoteTick, TradeTick
    from nautilus_trader.persistence.catalog import ParquetDataCatalog

    command("convert", path, "-o", folder / "ours")
    ours, theirs = ParquetDataCatalog(folder / "ours"), ParquetDataCatalog(folder / "theirs")
    found = {}
    for kind in (TradeTick, QuoteTick, OrderBookDelta):
        by_id: dict[str, list[Any]] = {}
        for item in ours.query(kind):
            by_id.setdefault(item.instrument_id.value, []).append(item)
        for items in by_id.values():
            theirs.write_data(items)
        seconds = best({"ours": lambda k=kind: ours.query(k), "theirs": lambda k=kind: theirs.query(k)}, rounds)
        found[f"{kind.__name__} whole"] = seconds["theirs"] / seconds["ours"]
        first = next(iter(by_id))
        stamps = [item.ts_init for item in by_id[first]]
        middle = stamps[len(stamps) // 2]
        span = {"identifiers": [first], "start": middle, "end": middle + 1_000_000_000}
        works = {
            "ours": lambda k=kind, s=span: ours.query(k, **s),
            "theirs": lambda k=kind, s=span: theirs.query(k, **s),
        }
        seconds = best(works, rounds)
        found[f"{kind.__name__} one second of one instrument"] = seconds["theirs"] / seconds["ours"]
    found["bytes on disk, theirs / ours"] = _size(folder / "theirs") / _size(folder / "ours")
    return found
