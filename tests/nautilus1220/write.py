"""Writes a hand-made recording in the layouts of 1.220 and of 1.231, and what a reader has to find in it.

In the folder given: ``1.220`` and ``1.231`` (catalogs), ``wanted.json``: rows of the slow reference, by type.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tickwright import convert

from tests import binance as frames
from tests.frames import capture
from tests.reference import decode_files
from tests.reference.__main__ import show

DEFINITIONS = {
    "timezone": "UTC",
    "symbols": [
        {
            "symbol": "BTCUSDT", "pair": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING",
            "deliveryDate": 4133404800000, "onboardDate": 1569398400000, "maintMarginPercent": "2.5000",
            "requiredMarginPercent": "5.0000", "baseAsset": "BTC", "quoteAsset": "USDT", "marginAsset": "USDT",
            "pricePrecision": 2, "quantityPrecision": 3,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "stepSize": "0.001", "maxQty": "1000", "minQty": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "100"},
            ],
        }
    ],
}  # fmt: skip


def main(folder: Path) -> None:
    """Write both catalogs and the rows wanted."""
    recording = [(ts, frame) for frame, ts in frames.session()]
    source = capture(folder / "capture.ndjson", recording)
    definitions = folder / "exchangeInfo.json"
    definitions.write_text(json.dumps(DEFINITIONS))
    for layout in ("1.220", "1.231"):
        report = convert(source, folder / layout, layout=layout, feed="binance-usdm", instruments=[definitions])
        assert report.rejects == 0, report
        assert report.instruments_written == 1, report
        print(layout, {(t.type, t.instrument_id): t.rows for t in report.tables})
    wanted: dict[str, list[dict]] = {}
    for (kind, _), rows in decode_files([source], "binance-usdm").rows.items():
        wanted.setdefault(kind, []).extend(rows)
    (folder / "wanted.json").write_text(json.dumps(wanted, default=show))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
