"""What needs NautilusTrader itself: `ObjectDecoder`, custom data classes and the writer of instrument definitions.

Importing this package imports `nautilus_trader` (the extra `tickwright[nautilus]`). With 1.231 it registers
`Liquidation`, `OpenInterest` and `VolatilityIndex`, so that `ParquetDataCatalog.query` returns them; with 2.0.0rc there
are `ObjectDecoder` and `Gap`.
"""

from tickwright.nautilus.objects import Gap, ObjectDecoder

__all__ = ["Gap", "ObjectDecoder"]

try:
    from tickwright.nautilus.data import Liquidation, OpenInterest, VolatilityIndex
except ModuleNotFoundError as error:
    # 2.0 has no such module; anything else that is missing is an error.
    if not (error.name or "").startswith("nautilus_trader."):
        raise
else:
    __all__ += ["Liquidation", "OpenInterest", "VolatilityIndex"]
