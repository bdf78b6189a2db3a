"""Seconds that other readers of CSV take for a plain file, one thread each: ``readers.py FILE``."""

import json
import sys
import time

import polars as pl
import pyarrow.csv as csv


def main() -> None:
    """Reads the file by each, clocked."""
    (file,) = sys.argv[1:]
    start = time.perf_counter()
    pl.read_csv(file)
    polars = time.perf_counter() - start
    start = time.perf_counter()
    csv.read_csv(file, read_options=csv.ReadOptions(use_threads=False))
    print(json.dumps({"polars": polars, "pyarrow": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
