"""Writes the hand-made recording as a v2 catalog."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tickwright import convert

from tests.frames import capture, usdm

with tempfile.TemporaryDirectory() as folder:
    source = capture(Path(folder) / "capture.ndjson", usdm())
    report = convert(source, sys.argv[1], flavour="v2", write_instruments=False)
print({(t.type, t.instrument_id): t.rows for t in report.tables})
