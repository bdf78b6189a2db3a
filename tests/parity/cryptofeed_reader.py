"""cryptofeed's own parsers over frames: what its callbacks are told.

Comes in: frames with their receive times, and the REST books that were recorded beside them. Goes out: trades, tickers and every
state of every book, under the venue's symbols. Nothing is sent and nothing is fetched: an exchange class gets its frames from
here, a connection that has no more than an address, and answers that were recorded.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptofeed.defines import L2_BOOK, TICKER, TRADES
from cryptofeed.exchanges import EXCHANGE_MAP
from cryptofeed.symbols import Symbols

logging.getLogger("feedhandler").setLevel(logging.CRITICAL)

type Side = Mapping[Decimal, Decimal]
type Best = tuple[tuple[tuple[Decimal, Decimal], ...], ...]


@dataclass(frozen=True)
class State:
    """A book as a message left it: a hash of all its levels, and the best few, to be shown."""

    number: int | None
    time: int | None  # µs
    levels: int
    best: Best

    @classmethod
    def of(cls, number: int | None, time: int | None, bids: Side, asks: Side) -> "State":
        best = (tuple(sorted(bids.items(), reverse=True)[:3]), tuple(sorted(asks.items())[:3]))
        return cls(number, time, hash((frozenset(bids.items()), frozenset(asks.items()))), best)


@dataclass
class Heard:
    """What was told of each instrument, in the order told, and what a message failed with."""

    trades: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    tickers: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    books: dict[str, list[State]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)


class Everything(dict[str, Any]):
    """A subscription to all channels of all symbols."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> "Everything":
        return self


class Itself(dict[str, str]):
    """Symbols that stand for themselves: what cryptofeed calls them is not compared."""

    def __missing__(self, key: str) -> str:
        return key


@dataclass
class Connection:
    """What a message handler may ask of its connection."""

    address: str
    uuid: str = "recorded"
    subscription: Everything = field(default_factory=Everything)

    async def write(self, message: str) -> None:
        """Nobody listens."""


@dataclass
class Answers:
    """REST books by symbol: each is given out once, the last one again and again."""

    books: Mapping[str, list[bytes]]

    async def read(self, url: str, **_: Any) -> str:
        (symbol,) = parse_qs(urlsplit(url).query)["symbol"]
        recorded = self.books[symbol]
        return (recorded.pop(0) if len(recorded) > 1 else recorded[0]).decode()


def micros(seconds: float | None) -> int | None:
    """Its times are doubles of seconds, which are exact to a microsecond."""
    return None if seconds is None else round(seconds * 1_000_000)


def hear(
    exchange: str,
    frames: Iterable[tuple[bytes, int]],
    *,
    address: str = "",
    books: Mapping[str, list[bytes]] | None = None,
    **options: Any,
) -> Heard:
    """What an exchange class tells of frames; after one that it fails on it subscribes anew, as its connection would."""
    heard = Heard()

    async def trade(told: Any, _: float) -> None:
        row = {"trade_id": told.id, "price": told.price, "size": told.amount}
        heard.trades[told.symbol].append(row | {"side": told.side, "time": micros(told.timestamp)})

    async def ticker(told: Any, _: float) -> None:
        row = {"bid_price": told.bid, "ask_price": told.ask, "time": micros(told.timestamp)}
        heard.tickers[told.symbol].append(row)

    async def book(told: Any, _: float) -> None:
        sides = (told.book.bids.to_dict(), told.book.asks.to_dict())
        heard.books[told.symbol].append(State.of(told.sequence_number, micros(told.timestamp), *sides))

    async def replay() -> None:
        Symbols.set(exchange, Itself(), {})
        feed = EXCHANGE_MAP[exchange](callbacks={TRADES: trade, TICKER: ticker, L2_BOOK: book}, **options)
        feed.exchange_symbol_mapping = Itself()
        feed.http_conn = Answers({symbol: list(recorded) for symbol, recorded in (books or {}).items()})
        # Bybit's class keeps the tickers of all its objects.
        feed.tickers = {}
        connection = Connection(address)
        await feed.subscribe(connection)
        for frame, ts_init in frames:
            try:
                await feed.message_handler(frame.decode(), connection, ts_init / 1e9)
            except Exception as error:
                heard.failures.append(f"{type(error).__name__}: {error}")
                await feed.subscribe(connection)

    asyncio.run(replay())
    return heard
