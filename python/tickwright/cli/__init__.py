"""The `tickwright` command: one file a command, imported only when it is called.

Exit codes: 0 done, 1 done with more rejects than `--max-rejects`, 2 usage, 3 an input cannot be read, 4 the catalog
refuses, 130 stopped. Data goes to stdout, everything else to stderr.
"""

import gc
import os
import signal
import sys
from io import TextIOWrapper
from pathlib import Path


def main() -> None:
    """Run the command line. SIGTERM stops it as SIGINT does."""
    # Modules stay: looking for garbage among them took a seventh of a command's start and end.
    gc.set_threshold(100_000)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Closed by whoever started it.
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that has no such sign is shown its number.
            stream.reconfigure(errors="backslashreplace")
    try:
        from tickwright.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    gc.freeze()
    sys.exit(code)
