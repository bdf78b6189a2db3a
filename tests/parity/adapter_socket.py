"""NautilusTrader's compiled clients of Bybit, OKX, Kraken and Deribit fed frames over a WebSocket of our own, on the loopback."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import capsule_to_data

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """One masked client frame: opcode and payload."""
    head = await reader.readexactly(2)
    length = head[1] & 127
    if length >= 126:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8))
    mask = await reader.readexactly(4)
    body = await reader.readexactly(length)
    return head[0] & 15, bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))


def _text(body: bytes) -> bytes:
    length = len(body)
    size = bytes([length]) if length < 126 else b"\x7e" + length.to_bytes(2)
    if length >= 65_536:
        size = b"\x7f" + length.to_bytes(8)
    return b"\x81" + size + body


class Server:
    """Acknowledges every subscription, then sends the frames once `ready` is set."""

    def __init__(self, frames: Iterable[bytes], acknowledge: Callable[[bytes], list[bytes]]) -> None:
        self.frames, self.ready, self.acknowledge = list(frames), asyncio.Event(), acknowledge

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        request = await reader.readuntil(b"\r\n\r\n")
        key = next(
            line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n",
        )
        sender = asyncio.create_task(self._send(writer))
        try:
            while True:
                opcode, body = await _frame(reader)
                if opcode == 8:
                    break
                if opcode == 1 and (b'"subscribe"' in body or b'"jsonrpc"' in body):
                    writer.write(b"".join(map(_text, self.acknowledge(body))))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        sender.cancel()
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        await self.ready.wait()
        for frame in self.frames:
            writer.write(_text(frame))
            await writer.drain()


def _bybit_answers(_: bytes) -> list[bytes]:
    return [b'{"success":true,"ret_msg":"","conn_id":"c","req_id":"","op":"subscribe"}']


def _okx_answers(request: bytes) -> list[bytes]:
    args = json.loads(request)["args"]
    return [json.dumps({"event": "subscribe", "arg": arg, "connId": "c"}).encode() for arg in args]


def _kraken_answers(request: bytes) -> list[bytes]:
    params = json.loads(request)["params"]
    more = {key: params[key] for key in ("channel", "depth", "interval", "snapshot") if key in params}
    answer = {"method": "subscribe", "success": True, "time_in": "2026-08-16T23:37:04.849274Z"}
    answer["time_out"] = answer["time_in"]
    return [json.dumps(answer | {"result": more | {"symbol": symbol}}).encode() for symbol in params["symbol"]]


def _kraken_futures_answers(request: bytes) -> list[bytes]:
    asked = json.loads(request)
    answer = {"event": "subscribed", "feed": asked["feed"]}
    return [json.dumps(answer | {"product_ids": [product]}).encode() for product in asked["product_ids"]]


def _deribit_answers(request: bytes) -> list[bytes]:
    asked = json.loads(request)
    times = {"usIn": 1_780_000_000_000_000, "usOut": 1_780_000_000_000_200, "usDiff": 200, "testnet": False}
    result = asked.get("params", {}).get("channels", "ok")
    return [json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result} | times).encode()]


async def _run(
    client_of: Callable[[str], Any],
    subscribe: Callable[[Any, Callable[[Any], None]], Awaitable[None]],
    server: Server,
    wanted: int,
) -> list[Any]:
    """Connects a client to a server of ours and gives what its callback gets."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = client_of(f"ws://127.0.0.1:{port}")
    found: list[Any] = []

    def take(message: Any) -> None:
        if type(message).__name__ == "PyCapsule":
            data: Data = capsule_to_data(message)
            found.append(data)
        else:
            found.append(message)

    await subscribe(client, take)
    await asyncio.sleep(0.3)
    server.ready.set()
    for _ in range(100):
        await asyncio.sleep(0.05)
        if len(found) >= wanted:
            break
    await asyncio.sleep(0.2)
    await client.close()
    listener.close()
    return found


def objects(product: Any, instruments: list[Any], frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    """What Bybit's client makes of `frames`, at least `wanted` objects where it makes as many within five seconds."""

    def client_of(url: str) -> Any:
        return nautilus_pyo3.BybitWebSocketClient.new_public(
            product_type=product,
            environment=nautilus_pyo3.BybitEnvironment.MAINNET,
            url=url,
        )

    async def subscribe(client: Any, take: Callable[[Any], None]) -> None:
        for instrument in instruments:
            client.cache_instrument(instrument)
        await client.connect(asyncio.get_running_loop(), take)
        await client.wait_until_active(timeout_secs=10.0)
        for instrument in instruments:
            if "book" in topics:
                await client.subscribe_orderbook(instrument.id, 50)
            if "quote" in topics:
                await client.subscribe_orderbook(instrument.id, 1)
            if "trade" in topics:
                await client.subscribe_trades(instrument.id)
            if "ticker" in topics:
                await client.subscribe_ticker(instrument.id)
            if "bar" in topics:
                spec = nautilus_pyo3.BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
                await client.subscribe_bars(spec)

    return asyncio.run(_run(client_of, subscribe, Server(frames, _bybit_answers), wanted))


def okx_objects(instruments: list[Any], frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    """The same of OKX's client; a topic is the name of one of its `subscribe_` methods."""

    def client_of(url: str) -> Any:
        return nautilus_pyo3.OKXWebSocketClient(url=url)

    async def subscribe(client: Any, take: Callable[[Any], None]) -> None:
        await client.connect(asyncio.get_running_loop(), instruments, take)
        await client.wait_until_active(timeout_secs=10.0)
        for instrument in instruments:
            for topic in topics:
                if topic == "trades":
                    await client.subscribe_trades(instrument.id, False)
                elif topic == "bars":
                    spec = nautilus_pyo3.BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
                    await client.subscribe_bars(spec)
                else:
                    await getattr(client, f"subscribe_{topic}")(instrument.id)

    return asyncio.run(_run(client_of, subscribe, Server(frames, _okx_answers), wanted))


def kraken_objects(instruments: list[Any], frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    """The same of Kraken's client for spot; a topic is the name of one of its `subscribe_` methods."""

    def client_of(url: str) -> Any:
        return nautilus_pyo3.KrakenSpotWebSocketClient(base_url=url)

    async def subscribe(client: Any, take: Callable[[Any], None]) -> None:
        await client.connect(asyncio.get_running_loop(), instruments, take)
        await client.wait_until_active(timeout_secs=10.0)
        for instrument in instruments:
            for topic in topics:
                if topic == "book":
                    await client.subscribe_book(instrument.id, 10)
                elif topic == "bars":
                    spec = nautilus_pyo3.BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
                    await client.subscribe_bars(spec)
                else:
                    await getattr(client, f"subscribe_{topic}")(instrument.id)

    return asyncio.run(_run(client_of, subscribe, Server(frames, _kraken_answers), wanted))


def kraken_futures_objects(instruments: list[Any], frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    """The same of Kraken's client for futures."""

    def client_of(url: str) -> Any:
        return nautilus_pyo3.KrakenFuturesWebSocketClient(base_url=url)

    async def subscribe(client: Any, take: Callable[[Any], None]) -> None:
        await client.connect(asyncio.get_running_loop(), instruments, take)
        await client.wait_until_active(timeout_secs=10.0)
        for instrument in instruments:
            for topic in topics:
                await getattr(client, f"subscribe_{topic}")(instrument.id)

    return asyncio.run(_run(client_of, subscribe, Server(frames, _kraken_futures_answers), wanted))


def deribit_objects(instruments: list[Any], frames: list[bytes], topics: list[str], wanted: int) -> list[Any]:
    """The same of Deribit's client; a topic is the name of one of its `subscribe_` methods."""

    def client_of(url: str) -> Any:
        environment = nautilus_pyo3.DeribitEnvironment.MAINNET
        return nautilus_pyo3.DeribitWebSocketClient(url=url, environment=environment)

    async def subscribe(client: Any, take: Callable[[Any], None]) -> None:
        await client.connect(asyncio.get_running_loop(), instruments, take)
        await client.wait_until_active(timeout_secs=10.0)
        for instrument in instruments:
            for topic in topics:
                if topic == "bars":
                    spec = nautilus_pyo3.BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
                    await client.subscribe_bars(spec)
                elif topic == "grouped":
                    await client.subscribe_book_grouped(instrument.id, "none", 10)
                elif topic == "volatility":
                    await client.subscribe_volatility_index("btc_usd")
                else:
                    await getattr(client, f"subscribe_{topic}")(instrument.id)

    return asyncio.run(_run(client_of, subscribe, Server(frames, _deribit_answers), wanted))
