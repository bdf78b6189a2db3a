"""tickwright's own container, written from its documented layout: a second implementation, in Python."""

import json
import struct
import zlib

from tests.processes import zstd

MAGIC = b"TWCAP\x01\r\n"
RECEIVED = 0


def varint(value: int) -> bytes:
    """Seven bits a byte, the low ones first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value: int) -> int:
    """Signed to unsigned, small staying small."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def header(feed: str) -> bytes:
    """A part's header."""
    text = json.dumps({"feed": feed, "recorder": "tests"}).encode()
    return MAGIC + struct.pack("<II", len(text), zlib.crc32(text)) + text


def block(frames: list[tuple[int, bytes]], ordinal: int) -> bytes:
    """One block of received frames on connection 0, without contexts."""
    raw, last = bytearray(), frames[0][0]
    for ts, body in frames:
        raw += bytes([RECEIVED]) + varint(zigzag(ts - last)) + varint(0) + varint(0) + varint(len(body)) + body
        last = ts
    payload = zstd(bytes(raw))
    times = [ts for ts, _ in frames]
    head = b"TWBL" + struct.pack("<III", len(raw), len(payload), len(frames))
    head += struct.pack("<QQQQ", times[0], min(times), max(times), ordinal) + struct.pack("<I", zlib.crc32(payload))
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def blocks(frames: list[tuple[int, bytes]], size: int) -> list[bytes]:
    """Frames in blocks of `size`."""
    return [block(frames[at : at + size], at) for at in range(0, len(frames), size)]


def container(frames: list[tuple[int, bytes]], feed: str, size: int = 100) -> bytes:
    """A whole file of one part."""
    return header(feed) + b"".join(blocks(frames, size))
