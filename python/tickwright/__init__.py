"""tickwright turns raw crypto-exchange bytes into Arrow and Parquet in NautilusTrader's own schemas.

`convert` makes a catalog from captures and dumps; `Decoder` turns frames in memory into record batches; `inspect`
says what a file is, `book` how the books in it stood at a time; `simulate` makes a capture from a seed, with the rows
it must become. Prices and sizes are exact (integers at scale 16), times are integers of nanoseconds UTC.

Nothing heavy is imported here: pyarrow and nautilus_trader are only needed by what uses them.
"""

from tickwright._core import (
    Cancelled,
    CatalogError,
    InputError,
    TickwrightError,
    UsageError,
    __version__,
)
from tickwright.book import BookAt, Hole, book
from tickwright.convert import convert
from tickwright.decoder import Decoder, decode_file
from tickwright.info import dumps, feeds, inspect
from tickwright.report import Accounting, ConvertReport, Ends, SourceReport, TableReport
from tickwright.simulate import SimulateReport, simulate, simulate_dump, truth_path

__all__ = [
    "Accounting",
    "BookAt",
    "Cancelled",
    "CatalogError",
    "ConvertReport",
    "Decoder",
    "Ends",
    "Hole",
    "InputError",
    "SimulateReport",
    "SourceReport",
    "TableReport",
    "TickwrightError",
    "UsageError",
    "__version__",
    "book",
    "convert",
    "decode_file",
    "dumps",
    "feeds",
    "inspect",
    "simulate",
    "simulate_dump",
    "truth_path",
]
