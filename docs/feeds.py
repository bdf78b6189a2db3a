"""The tables of feeds and of figures in the README and in the pages: ``uv run python docs/feeds.py``.

A feed's line stands in the registry (``FeedSpec``); what else it needs is found by its name: frames written by hand in
``tests/<venue>.py``, a simulator in ``rust/sim``, a page in ``docs/venues``, and a line of its books in the newest
results of ``benches/run.py``. ``tests/unit/test_feeds_table.py`` fails where one is missing, or where the pages hold
another table. The figures are those of these results.
"""

import json
import sys
from functools import cache, reduce
from pathlib import Path
from typing import Any

import tickwright
from tickwright import _core

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/index.md")
BEGIN, END = "<!-- feeds: made by docs/feeds.py -->\n", "<!-- /feeds -->\n"
FIGURES_BEGIN, FIGURES_END = "<!-- figures: made by docs/feeds.py -->\n", "<!-- /figures -->\n"

#: Figures of the README: what is done, beside what, and where the results have it: the part, and the names in it.
FIGURES = (
    (
        "a frame of 20 levels to objects, p50",
        "NautilusTrader's Binance adapter",
        "objects",
        "depth",
        "adapter / ours p50",
    ),
    ("depth frames to record batches, from Python", "`orjson.loads` of them", "python", "depth", "orjson"),
    (
        "Tardis incremental_book_L2 to a catalog",
        "`TardisCSVDataLoader` and `write_data`",
        "dumps",
        "Tardis incremental_book_L2: TardisCSVDataLoader + write_data / ours",
    ),
    (
        "Binance trades to a catalog",
        "pandas, wrangler and `write_data`",
        "dumps",
        "Binance trades: pandas + wrangler + write_data / ours",
    ),
    (
        "rows of CSV to columns, one core",
        "the best of csv-core, polars, pyarrow",
        "rows",
        "the best of the others / ours",
    ),
)


@cache
def results() -> dict[str, Any]:
    """The newest results of the benchmarks."""
    found = [json.loads(file.read_text()) for file in (ROOT / "benches/results").glob("*.json")]
    newest: dict[str, Any] = max(found, key=lambda one: (one["machine"]["date"], one["machine"].get("time", "")))
    return newest


def figures() -> str:
    """The table of figures, each with the day and the commit it was measured at."""
    newest = results()
    frames = {
        line["reader"]: line for line in newest["peers"] if (line["feed"], line["frames"]) == ("binance-usdm", "depth")
    }
    alone = frames["tickwright (decode alone)"]["jiter (value)"]
    rows = [("depth frames to columns, decoding alone", "jiter's value parser", alone, "peers")]
    for work, peer, part, *names in FIGURES:
        rows.append((work, peer, reduce(dict.__getitem__, names, newest[part]), part))
    lines = ["| work | beside | times as fast | measured |", "|---|---|---|---|"]
    for work, peer, value, part in rows:
        measured = newest["measured"][part]
        lines.append(f"| {work} | {peer} | {value:.3g} | {measured['date']}, {measured['commit']} |")
    return "\n".join(lines) + "\n"


def benchmark(name: str) -> dict[str, Any] | None:
    """The newest figures of a feed's book frames."""
    lines = results()["peers"]
    return next((line for line in lines if line.get("feed") == name and line["frames"] == "book"), None)


def parts(feed: dict[str, Any]) -> dict[str, bool]:
    """What a feed has, by name of the part."""
    venue = feed["venue"].lower()
    return {
        "rows": bool(feed["rows"]),
        "sequence rule": bool(feed["continuity"]),
        "fixtures": (ROOT / f"tests/{venue}.py").is_file(),
        "simulator": feed["name"] in _core.simulated()[0],
        "docs page": (ROOT / f"docs/venues/{venue}.md").is_file(),
        "benchmark": benchmark(feed["name"]) is not None,
    }


def table(page: str) -> str:
    """The table, with links that work from a page."""
    base = "docs/venues" if page == "README.md" else "venues"
    lines = [
        "| feed | what | rows | a book is proven by | simulated | book frames / jiter, / memchr |",
        "|---|---|---|---|---|---|",
    ]
    for feed in tickwright.feeds():
        link = f"[`{feed['name']}`]({base}/{feed['venue'].lower()}.md)"
        figures = benchmark(feed["name"])
        speed = f"{figures['jiter (value)']:.2f}, {figures['memchr']:.3f}" if figures else "not measured"
        simulated = "yes" if parts(feed)["simulator"] else "no"
        cells = [link, feed["title"], ", ".join(feed["rows"]), feed["continuity"], simulated, speed]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def put(page: str, text: str, marks: tuple[str, str], made: str) -> str:
    """A page's text with a table between its marks."""
    begin, end = marks
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page}: no place for the table: {begin.strip()} … {end.strip()}")
    return before + begin + "\n" + made + "\n" + end + after


def filled(page: str, text: str) -> str:
    """A page's text with the tables of today."""
    text = put(page, text, (BEGIN, END), table(page))
    return put(page, text, (FIGURES_BEGIN, FIGURES_END), figures()) if page == "README.md" else text


def main() -> int:
    """Writes the table into the pages."""
    for page in PAGES:
        path = ROOT / page
        path.write_text(filled(page, path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
