"""Makes `binance-usdm/`: a simulated capture and the rows it must become, the same ones at every run."""

from pathlib import Path

import tickwright


def main() -> None:
    """Write both files beside this one."""
    output = Path(__file__).parent / "binance-usdm" / "capture.ndjson.gz"
    report = tickwright.simulate("binance-usdm", output, seed=7, minutes=1.25, symbols=4, rate=8, force=True)
    print(f"{report.output}: {report.frames:,} frames, {sum(report.rows.values()):,} rows")


if __name__ == "__main__":
    main()
