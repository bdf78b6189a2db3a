"""The results as a page of Markdown."""

import operator
import re
from typing import Any

TITLES = {
    "peers": "Frames to columns, in Rust",
    "python": "Frames to record batches, from Python",
    "objects": "Frames to NautilusTrader objects",
    "dumps": "Published dumps to a catalog, whole commands",
    "rows": "Rows of a plain CSV to columns, one core",
    "convert": "The whole command beside each of its stages alone",
    "threads": "One thread against two, whole commands",
    "query": "`catalog.query` on our files against NautilusTrader's own",
    "memory": "Peak memory over captures",
    "dump_memory": "Peak memory over dumps",
    "stages": "Stages of a dump alone (criterion)",
    "calls": "Calls from Python (pytest-benchmark)",
}
EXPLAINED = {
    "peers": (
        "tickwright's bytes per second, and how many times those of each other reader they are. To reach: 4 times "
        "jiter and 0.2 of memchr for depth frames decoded alone, 4 times jiter for aggTrade and bookTicker."
    ),
    "python": "How many times longer parsing the same frames takes than `push_many` and `flush`.",
    "objects": "`ObjectDecoder.push` beside NautilusTrader's own Binance adapter (Python), frame by frame; "
    "depth frames of 20 levels.",
    "dumps": (
        "How many times longer the other way takes: NautilusTrader's loader, or pandas and its wrangler, and "
        "`write_data`."
    ),
    "rows": "How many times longer the others take for the same `incremental_book_L2`, pinned to one core.",
    "convert": (
        "Seconds of the whole command (all processors) over those of each stage alone on one core; less is better. "
        "Bytes per second are those of the inflated text."
    ),
    "threads": "How many times faster `--jobs 2` is than `--jobs 1`.",
    "query": "How many times longer NautilusTrader takes for the files that it wrote itself of the same rows.",
    "memory": "Most that the command had resident, its input ten times as long; definitions written.",
    "dump_memory": "Most that the command had resident.",
    "stages": "Bytes of text per second, one row group of `incremental_book_L2`, one core.",
    "calls": "Best seconds of one call over a minute of frames (`benches/test_python.py`).",
}
#: What figures are to reach, by part and name.
TARGETS = (
    ("python", r"^depth orjson", ">=", 4),
    ("python", r"^depth jiter", ">=", 3),
    ("objects", r"^depth ns p50", "<=", 8_000),
    ("objects", r"^depth adapter / ours p50", ">=", 15),
    ("objects", r"^(aggTrade|bookTicker) adapter / ours p50", ">=", 6),
    ("dumps", r"write_data / ours", ">=", 50),
    ("dumps", r"polars.read_csv alone", ">=", 1),
    ("dumps", r"^Binance trades: bytes per row", "<=", 8),
    ("rows", r"^the best of the others", ">=", 3),
    ("convert", r"whole/slowest", "<=", 1.3),
    ("threads", r"two files", ">=", 1.8),
    ("threads", r"one file", ">=", 1.5),
    ("query", r"^(TradeTick|QuoteTick|OrderBookDelta)", ">=", 3),
    ("memory", r"peak MiB", "<=", 512),
    ("dump_memory", r"peak MiB", "<=", 512),
)
MEETS = {">=": operator.ge, "<=": operator.le}


def to_reach(part: str, name: str, value: Any) -> str:
    """What a figure is to reach, and whether it does."""
    for of_part, pattern, sign, bound in TARGETS:
        if part == of_part and re.search(pattern, name) and not isinstance(value, str):
            word = "reached" if MEETS[sign](value, bound) else "missed"
            return f"{sign} {bound:,}: {word}"
    return ""


def cell(value: Any) -> str:
    """A figure of three digits, or of a whole number all of them."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if value >= 1e6:
        return f"{value / 1e6:,.0f} M" if value >= 1e9 else f"{value / 1e6:.3g} M"
    return f"{value:,.0f}" if value >= 1e3 else f"{value:.3g}"


def _table(part: str, figures: Any, *, judged: bool) -> list[str]:
    if isinstance(figures, list):
        columns = list(dict.fromkeys(name for row in figures for name in row))
        out = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        return out + ["| " + " | ".join(cell(row.get(name, "")) for name in columns) + " |" for row in figures]
    out = ["| | | to reach |", "|---|---|---|"]
    for name, value in figures.items():
        values = value.items() if isinstance(value, dict) else [("", value)]
        for inner, v in values:
            whole = " ".join(filter(None, (name, inner)))
            out.append(f"| {whole} | {cell(v)} | {to_reach(part, whole, v) if judged else ''} |")
    return out


def page(results: dict[str, Any], plot: str | None) -> str:
    """The page of one result; `plot` is the name of the picture beside it."""
    machine = results["machine"]
    out = [
        "# Results",
        "",
        "Made by `uv run --group bench python benches/run.py`; see [the method](../README.md). Earlier results are the",
        "other files of this folder, compared by `benches/compare.py`.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in machine.items()),
    ]
    if results.get("quick"):
        out += ["", "**Made with `--quick`: whether it runs, not how fast.**"]
    for part, title in TITLES.items():
        if part not in results:
            continue
        out += ["", f"## {title}", "", EXPLAINED[part]]
        measured = results["measured"][part]
        if measured["commit"] != machine["commit"]:
            out += ["", f"Measured on {measured['date']} at commit {measured['commit']}."]
        if part == "convert" and plot:
            out += ["", f"![Throughput of each stage]({plot})"]
        out += ["", *_table(part, results[part], judged=not results.get("quick"))]
    return "\n".join(out) + "\n"
