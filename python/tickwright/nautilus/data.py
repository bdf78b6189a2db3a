"""Custom data classes for what NautilusTrader has no core type for: liquidations, open interest, volatility indices.

Comes in: nothing; importing this module registers the classes with NautilusTrader's serializers.
Goes out: `Liquidation`, `OpenInterest`, `VolatilityIndex`; `ParquetDataCatalog.query(Liquidation)` returns `CustomData`
wrappers whose `.data` is an instance. Prices and sizes are decimal text exactly as the venue sent them, times are
nanoseconds UTC.

The order of the fields and the names of the classes are the layout of files on disk (columns, and the folders
`custom_liquidation`, `custom_open_interest`, `custom_volatility_index`): they never change. This module must not import
`annotations` from `__future__`: the decorator reads the annotations as classes, not as text.
"""

from nautilus_trader.core.data import Data
from nautilus_trader.model.custom import customdataclass
from nautilus_trader.model.identifiers import InstrumentId


@customdataclass
class Liquidation(Data):  # type: ignore[misc,unused-ignore]
    """A forced order of the venue against a position.

    Attributes
    ----------
    instrument_id : InstrumentId
        The instrument of the position.
    side : str
        Side of the liquidation *order*: "SELL" closes a long, "BUY" closes a short.
    price : str
        The price as ordered (the bankruptcy price where only that is sent); "" where not sent.
    average_price : str
        Average fill price; "" where not sent.
    size : str
        The size filled where sent, else the size ordered, in the venue's unit.
    trade_id : str
        The venue's id of the trade or order; "" where not sent.
    ts_event, ts_init : int
        Nanoseconds UTC.

    Examples
    --------
    >>> from nautilus_trader.model.identifiers import InstrumentId
    >>> row = Liquidation(
    ...     instrument_id=InstrumentId.from_str("BTCUSDT-PERP.BINANCE"),
    ...     side="SELL", price="63000.1", average_price="63001.0", size="0.010", trade_id="",
    ...     ts_event=1, ts_init=2,
    ... )
    >>> row.side, row.price, row.ts_init
    ('SELL', '63000.1', 2)
    """

    instrument_id: InstrumentId
    side: str
    price: str
    average_price: str
    size: str
    trade_id: str


@customdataclass
class OpenInterest(Data):  # type: ignore[misc,unused-ignore]
    """The open interest of an instrument as the venue published it.

    Attributes
    ----------
    instrument_id : InstrumentId
        The instrument.
    value : str
        The amount, decimal text, in `unit`.
    unit : str
        "base", "contracts" or "quote".
    value_quote : str
        The same in quote currency where the venue sends it, else "".
    ts_event, ts_init : int
        Nanoseconds UTC.

    Examples
    --------
    >>> from nautilus_trader.model.identifiers import InstrumentId
    >>> OpenInterest(
    ...     instrument_id=InstrumentId.from_str("BTCUSDT-PERP.BINANCE"),
    ...     value="80123.456", unit="base", value_quote="", ts_event=1, ts_init=2,
    ... ).value
    '80123.456'
    """

    instrument_id: InstrumentId
    value: str
    unit: str
    value_quote: str


@customdataclass
class VolatilityIndex(Data):  # type: ignore[misc,unused-ignore]
    """The value of a volatility index (Deribit's DVOL).

    Attributes
    ----------
    instrument_id : InstrumentId
        The index.
    value : str
        Decimal text (percent a year).
    ts_event, ts_init : int
        Nanoseconds UTC.

    Examples
    --------
    >>> VolatilityIndex(
    ...     instrument_id=InstrumentId.from_str("btc_usd.DERIBIT"), value="51.53", ts_event=1, ts_init=2,
    ... ).value
    '51.53'
    """

    instrument_id: InstrumentId
    value: str
