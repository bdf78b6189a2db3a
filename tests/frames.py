"""Frames written by hand from the documented layouts, with what they must become."""

import gzip
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
TS = 1_700_000_000_000_000_000


def ms(offset: int) -> int:
    """A venue time in milliseconds."""
    return 1_700_000_000_000 + offset


def at(offset: int) -> int:
    """A receive time in ns, `offset` ms after the start."""
    return TS + offset * 1_000_000


def usdm() -> list[tuple[int, bytes]]:
    """A short USD-M recording: snapshot bridged, every type of row, a stale and a duplicate update."""
    depth = (
        '{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate","E":{e},"T":{t},"s":"BTCUSDT",'
        '"U":{first},"u":{last},"pu":{previous},"b":{bids},"a":{asks}}}}}'
    )

    def diff(t: int, first: int, last: int, previous: int, bids: str, asks: str) -> bytes:
        text = depth.format(e=ms(t), t=ms(t), first=first, last=last, previous=previous, bids=bids, asks=asks)
        return text.encode()

    frames = [
        (0, diff(0, 90, 95, 80, '[["1.00","1"]]', "[]")),
        (1, diff(1, 99, 103, 95, '[["100.10","2.5"],["99.90","0"]]', '[["100.30","1"]]')),
        (
            2,
            b'{"stream":"btcusdt@depthSnapshot","generated":true,"data":{"lastUpdateId":100,"E":1700000000002,'
            b'"T":1700000000002,"bids":[["100.00","1.000"],["99.90","3"]],"asks":[["100.20","4"]]}}',
        ),
        (3, diff(3, 110, 115, 103, '[["100.00","0"]]', '[["100.20","4.5"],["100.30","0"]]')),
        (4, diff(3, 110, 115, 103, '[["100.00","0"]]', '[["100.20","4.5"],["100.30","0"]]')),
        (
            5,
            b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000005,"a":7,"s":"BTCUSDT",'
            b'"p":"100.10","q":"0.001","nq":"0.001","f":1,"l":2,"T":1700000000004,"m":true,"st":1}}',
        ),
        (
            6,
            b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":115,"s":"BTCUSDT","b":"100.10",'
            b'"B":"2.500","a":"100.20","A":"4.500","T":1700000000005,"E":1700000000006}}',
        ),
        (
            7,
            b'{"stream":"!markPrice@arr","data":[{"e":"markPriceUpdate","E":1700000000007,"s":"BTCUSDT",'
            b'"p":"100.12345678","i":"100.11000000","P":"100.0","r":"0.00010000","T":1700006400000},'
            b'{"e":"markPriceUpdate","E":1700000000007,"s":"ETHUSDT","p":"0","i":"1","P":"1","r":"","T":0}]}',
        ),
        (
            8,
            b'{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":1700000000008,"o":{"s":"BTCUSDT",'
            b'"S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"99.50","ap":"99.75","X":"FILLED","l":"0.014",'
            b'"z":"0.014","T":1700000000007}}}',
        ),
        (
            9,
            b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1700000040001,"s":"BTCUSDT",'
            b'"k":{"t":1699999980000, "T":1700000039999, "s":"BTCUSDT", "i":"1m", "f":1, "L":2, "o":"100.0",'
            b' "c":"100.1", "h":"100.2", "l":"99.9", "v":"12.345", "n":2, "x":true, "q":"1", "V":"1", "Q":"1",'
            b' "B":"0"}}}',
        ),
        (10, b'{"result":null,"id":1}'),
        (11, b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","a":8'),
    ]
    return [(at(offset), frame) for offset, frame in frames]


def capture(path: Path, frames: list[tuple[int, bytes]]) -> Path:
    """Write frames as lines with their receive times."""
    path.write_bytes(b"".join(b"%d %s\n" % (ts, frame) for ts, frame in frames))
    return path


def lines(path: str | Path) -> tuple[list[bytes], list[int]]:
    """Frames and receive times of a gzipped capture in lines of ``<ns> <frame>``."""
    frames, times = [], []
    with gzip.open(path, "rb") as file:
        for line in file:
            stamp, frame = line.rstrip(b"\n").split(b" ", 1)
            frames.append(frame)
            times.append(int(stamp))
    return frames, times
