"""The table of feeds in the README and in the pages, from the registry: ``uv run python docs/feeds.py``.

A feed's line stands in the registry (``FeedSpec``); what else it needs is found by its name: frames written by hand in
``tests/<venue>.py``, a simulator in ``rust/sim``, a page in ``docs/venues``, and a line of its books in the newest
results of ``benches/run.py``. ``tests/unit/test_feeds_table.py`` fails where one is missing, or where the pages hold
another table.
"""

import json
import sys
from pathlib import Path
from typing import Any

import tickwright
from tickwright import _core

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/index.md")
BEGIN, END = "<!-- feeds: made by docs/feeds.py -->\n", "<!-- /feeds -->\n"


def benchmark(name: str) -> dict[str, Any] | None:
    """The newest figures of a feed's book frames."""
    results = [json.loads(file.read_text()) for file in (ROOT / "benches/results").glob("*.json")]
    newest = max(results, key=lambda result: (result["machine"]["date"], result["machine"].get("time", "")))
    lines = newest["peers"]
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


def filled(page: str, text: str) -> str:
    """A page's text with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page}: no place for the table: {BEGIN.strip()} … {END.strip()}")
    return before + BEGIN + "\n" + table(page) + "\n" + END + after


def main() -> int:
    """Writes the table into the pages."""
    for page in PAGES:
        path = ROOT / page
        path.write_text(filled(page, path.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
