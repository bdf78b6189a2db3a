"""What needs NautilusTrader itself: `ObjectDecoder`, custom data classes and the writer of instrument definitions.

Importing this package imports `nautilus_trader` (the extra `tickwright[nautilus]`) and registers `Liquidation`,
`OpenInterest` and `VolatilityIndex`, so that `ParquetDataCatalog.query` returns them.
"""

from tickwright.nautilus.data import Liquidation, OpenInterest, VolatilityIndex
from tickwright.nautilus.objects import Gap, ObjectDecoder

__all__ = ["Gap", "Liquidation", "ObjectDecoder", "OpenInterest", "VolatilityIndex"]
