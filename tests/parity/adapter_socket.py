"""NautilusTrader's compiled Bybit client fed frames over a WebSocket of our own, on the loopback."""

import asyncio
import base64
import hashlib
from collections.abc import Iterable
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

    def __init__(self, frames: Iterable[bytes]) -> None:
        self.frames, self.ready = list(frames), asyncio.Event()

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
                if opcode == 1 and b'"subscribe"' in body:
                    writer.write(_text(b'{"success":true,"ret_msg":"","conn_id":"c","req_id":"","op":"subscribe"}'))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        sender.cancel()
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        await self.ready.wait()
        for frame in self.frames:
            writer.write(_text(frame))
            await writer.drain()


async def _objects(
    product: Any, instruments: list[Any], frames: list[bytes], topics: list[str], wanted: int
) -> list[Any]:
    server = Server(frames)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = nautilus_pyo3.BybitWebSocketClient.new_public(
        product_type=product,
        environment=nautilus_pyo3.BybitEnvironment.MAINNET,
        url=f"ws://127.0.0.1:{port}",
    )
    found: list[Any] = []

    def take(message: Any) -> None:
        if type(message).__name__ == "PyCapsule":
            data: Data = capsule_to_data(message)
            found.append(data)
        else:
            found.append(message)

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
    """What the client makes of `frames`, at least `wanted` objects where it makes as many within five seconds."""
    return asyncio.run(_objects(product, instruments, frames, topics, wanted))
