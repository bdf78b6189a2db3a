"""Every container, written from its documented layout: frames with receive times in, the bytes of a file out."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from tests.container import container

type Frames = list[tuple[int, bytes]]


def _hftbacktest(frames: Frames, feed: str) -> bytes:
    return b"".join(b"%019d %s\n" % frame for frame in frames)


def _tardis(frames: Frames, feed: str) -> bytes:
    def stamp(ts: int) -> bytes:
        moment = datetime.fromtimestamp(ts // 10**9, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{ts % 10**9 // 100:07}Z ".encode()

    return b"".join(stamp(ts) + body + b"\n" for ts, body in frames)


def _cryptofeed(frames: Frames, feed: str) -> bytes:
    def stamp(ts: int) -> bytes:
        return f"{ts // 10**9}.{ts % 10**9:09}: ".encode()

    opened = f"wss://example.invalid/stream <-> {frames[0][0] // 10**9}.0\n".encode()
    return opened + b"".join(stamp(ts) + body + b"\n" for ts, body in frames)


def _ndjson(frames: Frames, feed: str) -> bytes:
    """Envelopes, the frame as a text inside; what is no text is put in as it is."""

    def line(ts: int, body: bytes) -> bytes:
        try:
            return json.dumps({"ts": ts, "msg": body.decode()}).encode()
        except UnicodeDecodeError:
            return b'{"ts":%d,"msg":%s}' % (ts, body)

    return b"".join(line(*frame) + b"\n" for frame in frames)


def _csv(frames: Frames, feed: str) -> bytes:
    rows = (b'%d,"%s"\r\n' % (ts, body.replace(b'"', b'""')) for ts, body in frames)
    return b"received_ns,raw_json\r\n" + b"".join(rows)


def _json(frames: Frames, feed: str) -> bytes:
    # Broken over lines, or they would be lines.
    return b"\n\n".join(body[:1] + b"\n" + body[1:] for _, body in frames)


# By the container's name, as reports call it.
CONTAINERS: dict[str, Callable[[Frames, str], bytes]] = {
    "hftbacktest": _hftbacktest,
    "tardis-raw": _tardis,
    "cryptofeed": _cryptofeed,
    "ndjson": _ndjson,
    "csv": _csv,
    "json": _json,
    "tickwright": lambda frames, feed: container(frames, feed),
}
