"""The `tickwright` command: one file a command, imported only when it is called.

Exit codes: 0 done, 1 done with more rejects than `--max-rejects`, 2 usage, 3 an input cannot be read, 4 the catalog
refuses, 130 stopped. Data goes to stdout, everything else to stderr.
"""

import sys


def main() -> None:
    """Run the command line."""
    from tickwright.cli.app import run

    sys.exit(run(sys.argv[1:]))
