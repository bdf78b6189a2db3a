"""Writes the hand-made recording as a v2 catalog, and a simulated capture with the catalog of it."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tickwright import convert, simulate

from tests import deribit
from tests.frames import capture, usdm

out = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    source = capture(Path(folder) / "capture.ndjson", usdm())
    report = convert(source, out / "catalog", flavour="v2", write_instruments=False)
print({(t.type, t.instrument_id): t.rows for t in report.tables})
# Spreads of Deribit have prices at zero and below.
frames = b"".join(b"%d %b\n" % (ts, frame) for frame, ts in deribit.books() + deribit.session())
(out / "deribit.ndjson").write_bytes(frames)
convert(out / "deribit.ndjson", out / "deribit", flavour="v2", write_instruments=False)
simulated = simulate("binance-usdm", out / "capture.gz", seed=8, minutes=1, symbols=3, truth=False)
options = {"trades": "aggregate", "book": "depth@100ms", "write_instruments": False}
convert(simulated.output, out / "simulated", flavour="v2", **options)
