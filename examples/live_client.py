"""A data client for NautilusTrader 1.231 whose hot path is `tickwright.nautilus.ObjectDecoder`.

Everything that touches the network is the `Venue` given to it: `frames()` yields messages as they come and ends with an
exception when the connection drops, `fetch(path)` answers a REST request. The client owns the rest: instruments before
data, reconnection with backoff and jitter, and a fresh book wherever the decoder finds a hole.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, Protocol

from nautilus_trader.common.config import InstrumentProviderConfig
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.config import LiveDataClientConfig
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.live.factories import LiveDataClientFactory
from nautilus_trader.model.identifiers import ClientId, Venue
from tickwright.nautilus import Gap, ObjectDecoder


class Source(Protocol):
    """What the client needs of a venue."""

    instruments: list[Any]

    def frames(self) -> AsyncIterator[bytes]:
        """Messages of one connection, as received."""

    async def fetch(self, path: str) -> bytes:
        """The answer of a REST request."""


class Provider(InstrumentProvider):
    """The instruments of a source."""

    def __init__(self, source: Source) -> None:
        super().__init__(InstrumentProviderConfig(load_all=True))
        self._source = source

    async def load_all_async(self, filters: dict[str, Any] | None = None) -> None:
        """Take all of them."""
        for instrument in self._source.instruments:
            self.add_currency(instrument.quote_currency)
            self.add(instrument)


class Config(LiveDataClientConfig, frozen=True):
    """Feed and pace of reconnection."""

    feed: str = "binance-usdm"
    venue: str = "BINANCE"
    reconnect_base_s: float = 0.05
    reconnect_max_s: float = 30.0


class DataClient(LiveMarketDataClient):
    """Frames in, objects to the engine."""

    def __init__(self, source: Source, config: Config, name: str, loop: Any, **engine: Any) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=Venue(config.venue),
            **engine,
            instrument_provider=Provider(source),
            config=config,
        )
        self._source = source
        self._settings = config
        self._decoder = ObjectDecoder(config.feed, source.instruments)
        self._reader: asyncio.Task[None] | None = None
        self._fetching: set[str] = set()
        self.reconnects = 0
        self.gaps: list[Gap] = []

    async def _connect(self) -> None:
        await self._instrument_provider.initialize()
        for instrument in self._instrument_provider.get_all().values():
            self._handle_data(instrument)
        self._reader = self.create_task(self._read())

    async def _disconnect(self) -> None:
        if self._reader is not None:
            self._reader.cancel()

    async def _read(self) -> None:
        attempt = 0
        while True:
            try:
                async for frame in self._source.frames():
                    attempt = 0
                    self._give(self._decoder.push(frame, self._clock.timestamp_ns()))
            except ConnectionError as error:
                self.reconnects += 1
                longest = min(self._settings.reconnect_max_s, self._settings.reconnect_base_s * 2**attempt)
                attempt += 1
                delay = random.uniform(0, longest)
                self._log.warning(f"{error}: connecting again in {delay:.3f} s")
                await asyncio.sleep(delay)

    def _give(self, objects: list[Any]) -> None:
        for item in objects:
            if isinstance(item, Gap):
                self.gaps.append(item)
                if item.symbol not in self._fetching:
                    self._fetching.add(item.symbol)
                    self.create_task(self._resync(item))
            else:
                self._handle_data(item)

    async def _resync(self, gap: Gap) -> None:
        body = await self._source.fetch(gap.fetch)
        self._fetching.discard(gap.symbol)
        # A book that is too old comes back as the same gap, and is fetched again.
        self._give(self._decoder.snapshot(gap.symbol, body, self._clock.timestamp_ns()))

    # The source sends what it sends: subscriptions only decide what the engine hands on.
    async def _subscribe(self, command: Any) -> None: ...
    async def _subscribe_instrument(self, command: Any) -> None: ...
    async def _subscribe_order_book_deltas(self, command: Any) -> None: ...
    async def _subscribe_quote_ticks(self, command: Any) -> None: ...
    async def _subscribe_trade_ticks(self, command: Any) -> None: ...
    async def _unsubscribe(self, command: Any) -> None: ...
    async def _unsubscribe_instrument(self, command: Any) -> None: ...
    async def _unsubscribe_order_book_deltas(self, command: Any) -> None: ...
    async def _unsubscribe_quote_ticks(self, command: Any) -> None: ...
    async def _unsubscribe_trade_ticks(self, command: Any) -> None: ...


def factory(source: Source) -> type[LiveDataClientFactory]:
    """The factory that a `TradingNode` wants, for one source."""

    class Factory(LiveDataClientFactory):
        made: DataClient | None = None

        @classmethod
        def create(cls, loop: Any, name: str, config: Config, msgbus: Any, cache: Any, clock: Any) -> DataClient:
            cls.made = DataClient(source, config, name, loop, msgbus=msgbus, cache=cache, clock=clock)
            return cls.made

    return Factory
