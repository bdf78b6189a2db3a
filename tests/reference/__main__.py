"""``python -m tests.reference [--feed FEED] [--counts] FILE...``: rows as NDJSON, then the counts as one object."""

import argparse
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.reference.decode import Decoded, decode_files
from tests.reference.wire import plain


def show(value: Any) -> Any:
    """Decimals as canonical text."""
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(type(value))


def counts(decoded: Decoded) -> dict[str, Any]:
    """Accounting per source and in all, rows per table, gaps, tops of the books."""
    session = decoded.session
    sources = []
    for source in decoded.sources:
        account = session.account(str(source.path))
        sources.append(
            {
                "path": source.path.name,
                "container": source.container,
                "total": source.total,
                "container_bytes": source.container_bytes,
                **account,
            }
        )
    return {
        "feed": session.feed,
        "sources": sources,
        "all": session.account(),
        "tables": {
            f"{kind} {name}": {
                "rows": len(rows),
                "start_ns": rows[0]["ts_init"],
                "end_ns": rows[-1]["ts_init"],
            }
            for (kind, name), rows in sorted(decoded.rows.items())
        },
        "rejects": [
            {"source": Path(frame.item.source).name, "line": frame.item.line, "reason": part.reason}
            for frame in session.frames
            for part in frame.parts
            if part.end == "rejected"
        ],
        "gaps": [gap for book in session.books.values() for gap in book.gaps],
        "clamped": sum(book.clamped for book in session.books.values()),
        "definitions": len(session.definitions),
        "unknown": dict(session.unknown),
        "books": {
            name: {"id": book.id, "bids": len(book.bids), "asks": len(book.asks), "top": book.top()}
            for (name, _), book in sorted(session.books.items())
        },
    }


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--feed")
    parser.add_argument("--trades", choices=["auto", "raw", "aggregate"], default="auto")
    parser.add_argument("--counts", action="store_true", help="print only the counts")
    options = parser.parse_args()
    decoded = decode_files(options.files, options.feed, trades=options.trades)
    if not options.counts:
        for rows in decoded.rows.values():
            for row in rows:
                print(json.dumps(row, default=show))
    print(
        json.dumps(counts(decoded), default=show, indent=1),
        file=sys.stderr if not options.counts else sys.stdout,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
