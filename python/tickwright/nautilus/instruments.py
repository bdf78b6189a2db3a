"""Instrument definitions as Nautilus objects."""

import json
import os
from decimal import Decimal
from typing import Any

from nautilus_trader.model import instruments as classes
from nautilus_trader.model.currencies import Currency
from nautilus_trader.model.enums import CurrencyType, OptionKind
from nautilus_trader.model.identifiers import InstrumentId, Symbol
from nautilus_trader.model.instruments import CryptoFuture, CryptoOption, CryptoPerpetual, CurrencyPair, Instrument
from nautilus_trader.model.objects import Money, Price, Quantity

from tickwright import _core

# Limits of Nautilus's 16-byte build; what a venue allows beyond them is no limit to us.
_PRICE_MAX = Decimal(17_014_118_346_046)
_QUANTITY_MAX = Decimal(34_028_236_692_093)


def _currency(code: str) -> Currency:
    known = Currency.from_internal_map(code) if hasattr(Currency, "from_internal_map") else None
    if known is not None:
        return known
    return Currency(code=code, precision=8, iso4217=0, name=code, currency_type=CurrencyType.CRYPTO)


def _fixed(text: str, precision: int) -> str:
    return f"{Decimal(text):.{precision}f}"


def _price(text: str | None, precision: int) -> Price | None:
    if text is None or Decimal(text) > _PRICE_MAX:
        return None
    return Price.from_str(_fixed(text, precision))


def _quantity(text: str | None, precision: int) -> Quantity | None:
    if text is None or Decimal(text) > _QUANTITY_MAX:
        return None
    return Quantity.from_str(_fixed(text, precision))


def build(definition: dict[str, Any]) -> Instrument:
    """Build the Nautilus instrument of a definition (as in `ConvertReport.instruments`).

    Raises
    ------
    ValueError
        A class that is not known here.

    """
    price, size = definition["price_precision"], definition["size_precision"]
    quote = _currency(definition["quote"])
    notional_currency = quote
    common: dict[str, Any] = {
        "instrument_id": InstrumentId.from_str(definition["instrument_id"]),
        "raw_symbol": Symbol(definition["raw_symbol"]),
        "price_precision": price,
        "size_precision": size,
        "price_increment": Price.from_str(_fixed(definition["price_increment"], price)),
        "size_increment": Quantity.from_str(_fixed(definition["size_increment"], size)),
        "max_quantity": _quantity(definition["max_quantity"], size),
        "min_quantity": _quantity(definition["min_quantity"], size),
        "max_price": _price(definition["max_price"], price),
        "min_price": _price(definition["min_price"], price),
        "margin_init": Decimal(definition["margin_init"] or 0),
        "margin_maint": Decimal(definition["margin_maint"] or 0),
        "maker_fee": Decimal(0),
        "taker_fee": Decimal(0),
        "ts_event": definition["ts_ns"],
        "ts_init": definition["ts_ns"],
        "info": {"status": definition["status"]},
    }
    minimum = definition["min_notional"]
    if minimum is not None and not definition["is_inverse"]:
        common["min_notional"] = Money(Decimal(minimum), notional_currency)
    if definition["class"] == "CurrencyPair":
        return CurrencyPair(base_currency=_currency(definition["base"]), quote_currency=quote, **common)
    settlement = _currency(definition["settlement"])
    common["is_inverse"] = definition["is_inverse"]
    common["multiplier"] = Quantity.from_str(definition["multiplier"])
    if definition["class"] == "CryptoPerpetual":
        return CryptoPerpetual(
            base_currency=_currency(definition["base"]),
            quote_currency=quote,
            settlement_currency=settlement,
            **common,
        )
    if definition["class"] == "CryptoFuture":
        return CryptoFuture(
            underlying=_currency(definition["underlying"] or definition["base"]),
            quote_currency=quote,
            settlement_currency=settlement,
            activation_ns=definition["activation_ns"] or 0,
            expiration_ns=definition["expiration_ns"] or 0,
            **common,
        )
    if definition["class"] == "CryptoOption":
        strike = definition["strike"]
        return CryptoOption(
            underlying=_currency(definition["underlying"] or definition["base"]),
            quote_currency=quote,
            settlement_currency=settlement,
            option_kind=OptionKind[definition["option_kind"]],
            strike_price=Price.from_str(_fixed(strike, max(price, len(strike.partition(".")[2])))),
            activation_ns=definition["activation_ns"] or 0,
            expiration_ns=definition["expiration_ns"] or 0,
            **common,
        )
    if definition["class"] in ("CryptoFuturesSpread", "CryptoOptionSpread"):
        return getattr(classes, definition["class"])(
            underlying=_currency(definition["underlying"] or definition["base"]),
            quote_currency=quote,
            settlement_currency=settlement,
            strategy_type=definition["strategy"] or "SPREAD",
            activation_ns=definition["activation_ns"] or 0,
            expiration_ns=definition["expiration_ns"] or 0,
            **common,
        )
    raise ValueError(f"{definition['instrument_id']}: no instrument class {definition['class']}")


def write(catalog: str | os.PathLike[str], definitions: list[dict[str, Any]], *, layout: str = "1.231") -> int:
    """Write definitions into a catalog as `convert` does; how many files are new. An equal instrument is passed over.

    Raises
    ------
    CatalogError
        The catalog cannot be written to.
    UsageError
        What is no definition.

    """
    written, _ = _core.write_instruments(os.fspath(catalog), json.dumps(definitions), layout)
    return written
