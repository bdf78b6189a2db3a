"""Runs the example client in a real TradingNode, offline; prints what came of it as JSON. Started by its test."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.common.actor import Actor
from nautilus_trader.common.config import ActorConfig
from nautilus_trader.config import LoggingConfig, TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import ClientId, InstrumentId
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from tickwright.nautilus import Liquidation

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import live_client

from tests.frames import lines


class FakeVenue:
    """A recorded stream of one symbol, with updates lost on the way and one dropped connection; and its true book."""

    def __init__(self, capture: str, catalog: str, instrument_id: InstrumentId, symbol: str) -> None:
        self.instruments = [i for i in ParquetDataCatalog(catalog).instruments() if i.id == instrument_id]
        self.book: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
        self.last = 0
        self.started = self.done = False
        self.fetches = self.lost = 0
        self._frames: list[bytes] = []
        first: dict[str, Any] | None = None
        for frame in lines(capture)[0]:
            message = json.loads(frame)
            data = message.get("data", message)
            if "lastUpdateId" in data and first is None and message["stream"].startswith(symbol.lower() + "@"):
                first = data
            elif data.get("s", data.get("o", {}).get("s")) == symbol:
                self._frames.append(frame)
        assert first is not None
        self.last = first["lastUpdateId"]
        for side, levels in (("b", first["bids"]), ("a", first["asks"])):
            self.book[side] = {Decimal(price): Decimal(size) for price, size in levels}

    async def frames(self) -> AsyncIterator[bytes]:
        at, self._frames = self._frames, []
        for number, frame in enumerate(at):
            data = json.loads(frame)["data"]
            is_depth = data["e"] == "depthUpdate" and b"@depth@" in frame[:60]
            if is_depth and data["u"] > self.last:
                for side in "ba":
                    for price, size in data[side]:
                        if Decimal(size):
                            self.book[side][Decimal(price)] = Decimal(size)
                        else:
                            self.book[side].pop(Decimal(price), None)
                self.last = data["u"]
            if is_depth and number % 97 == 50:
                self.lost += 1
            else:
                yield frame
            await asyncio.sleep(0)
            if number == len(at) // 2 and not self.started:
                self.started = True
                self._frames = at[number + 1 :]
                raise ConnectionError("dropped")
        self.done = True
        await asyncio.sleep(3_600)

    async def fetch(self, path: str) -> bytes:
        assert path.startswith("/depth?symbol="), path
        self.fetches += 1
        last = self.last
        sides = {
            name: [[str(price), str(size)] for price, size in self.book[side].items()]
            for side, name in (("b", "bids"), ("a", "asks"))
        }
        await asyncio.sleep(0.001)
        return json.dumps({"lastUpdateId": last, **sides}).encode()


class Sink(Actor):
    """Counts what the engine hands on, and keeps the book."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(ActorConfig(component_id="SINK-001"))
        self.instrument_id = instrument_id
        self.got: Counter[str] = Counter()
        self.book = OrderBook(instrument_id, BookType.L2_MBP)
        self.events_without_end = 0

    def on_start(self) -> None:
        assert self.cache.instrument(self.instrument_id) is not None
        self.subscribe_order_book_deltas(self.instrument_id, BookType.L2_MBP)
        self.subscribe_quote_ticks(self.instrument_id)
        self.subscribe_trade_ticks(self.instrument_id)
        kind = DataType(Liquidation, metadata={"instrument_id": self.instrument_id})
        self.subscribe_data(kind, client_id=ClientId("BINANCE"))

    def on_order_book_deltas(self, deltas: Any) -> None:
        self.got["deltas"] += 1
        self.events_without_end += not deltas.flags & 128
        self.book.apply_deltas(deltas)

    def on_quote_tick(self, tick: Any) -> None:
        self.got["quote"] += 1

    def on_trade_tick(self, tick: Any) -> None:
        self.got["trade"] += 1

    def on_data(self, data: Any) -> None:
        self.got[type(data).__name__] += 1


def main(capture: str, catalog: str, name: str, symbol: str) -> None:
    instrument_id = InstrumentId.from_str(name)
    venue = FakeVenue(capture, catalog, instrument_id, symbol)
    made = live_client.factory(venue)
    node = TradingNode(
        TradingNodeConfig(
            trader_id="TESTER-001",
            logging=LoggingConfig(log_level="ERROR"),
            data_clients={"BINANCE": live_client.Config()},
            timeout_connection=10.0,
            timeout_disconnection=2.0,
            timeout_post_stop=0.2,
        )
    )
    node.add_data_client_factory("BINANCE", made)
    sink = Sink(instrument_id)
    node.trader.add_actor(sink)
    node.build()

    async def watch() -> None:
        for _ in range(600):
            await asyncio.sleep(0.05)
            if venue.done and sink.book.sequence == venue.last:
                break
        await node.stop_async()

    node.get_event_loop().create_task(watch())
    try:
        node.run()
    finally:
        node.dispose()
    client = made.made  # type: ignore[attr-defined]
    books = {
        "b": {str(level.price.as_decimal().normalize()): level.size() for level in sink.book.bids()},
        "a": {str(level.price.as_decimal().normalize()): level.size() for level in sink.book.asks()},
    }
    true = {
        side: {str(price.normalize()): float(size) for price, size in levels.items()}
        for side, levels in venue.book.items()
    }
    print(
        json.dumps(
            {
                "got": sink.got,
                "gaps": [gap.cause for gap in client.gaps],
                "reconnects": client.reconnects,
                "lost": venue.lost,
                "fetches": venue.fetches,
                "without_end": sink.events_without_end,
                "equal": books == true,
                "levels": len(books["b"]) + len(books["a"]),
                "sequence": [sink.book.sequence, venue.last],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
