"""The slow reference: captures and Binance frames decoded with ``json`` and ``Decimal`` only.

It is written from the pages on wire formats and the catalog's rules, never from the Rust code, and it favours
the obvious over the fast: one dict per row, one dict per book, every id remembered. ``python -m tests.reference
FILE...`` prints its rows as NDJSON.

What comes in: capture files. What goes out: rows (plain dicts with the field names of Nautilus, prices and sizes as
``Decimal``), the end of every frame and item, gaps, instrument definitions, the books at the end.
"""

from tests.reference.decode import Decoded, decode_files, decode_items
from tests.reference.session import Session

__all__ = ["Decoded", "Session", "decode_files", "decode_items"]
