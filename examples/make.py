"""Makes `binance-usdm/capture.ndjson.gz`: invented frames in the documented wire format, always the same ones."""

import gzip
import json
import random
from pathlib import Path

START = 1_700_000_000_000


def main() -> None:
    """Write the capture beside this file."""
    chance = random.Random(7)
    lines: list[tuple[int, str]] = []
    update = 1_000_000
    for symbol, middle in (("BTCUSDT", 350_000), ("ETHUSDT", 20_000), ("SOLUSDT", 5_500)):
        stream = symbol.lower()
        levels = [[f"{(middle - 1 - i) / 10:.1f}", f"{chance.randint(1, 9999) / 1000:.3f}"] for i in range(50)]
        asks = [[f"{(middle + 1 + i) / 10:.1f}", f"{chance.randint(1, 9999) / 1000:.3f}"] for i in range(50)]
        last = update
        book = {"lastUpdateId": last, "E": START, "T": START, "bids": levels, "asks": asks}
        lines.append((START, json.dumps({"stream": f"{stream}@depthSnapshot", "generated": True, "data": book})))
        for step in range(1, 401):
            now = START + step * 100 + chance.randint(0, 9)
            first, final = last + chance.randint(1, 9), last + chance.randint(10, 30)
            side = [
                [
                    [
                        f"{(middle + sign * chance.randint(1, 60)) / 10:.1f}",
                        f"{chance.choice((0, chance.randint(1, 9999))) / 1000:.3f}",
                    ]
                ]
                for sign in (-1, 1)
            ]
            data = {
                "e": "depthUpdate",
                "E": now,
                "T": now - 2,
                "s": symbol,
                "U": first,
                "u": final,
                "pu": last,
                "b": side[0],
                "a": side[1],
            }
            lines.append((now, json.dumps({"stream": f"{stream}@depth@100ms", "data": data}, separators=(",", ":"))))
            last = final
            if step % 3 == 0:
                price = f"{(middle + chance.choice((-1, 1))) / 10:.2f}"
                data = {
                    "e": "aggTrade",
                    "E": now,
                    "a": step,
                    "s": symbol,
                    "p": price,
                    "q": "0.010",
                    "f": step,
                    "l": step,
                    "T": now - 1,
                    "m": chance.random() < 0.5,
                }
                lines.append((now, json.dumps({"stream": f"{stream}@aggTrade", "data": data}, separators=(",", ":"))))
        update += 1_000_000
    lines.sort(key=lambda line: line[0])
    text = "".join(f"{ms * 1_000_000} {frame}\n" for ms, frame in lines).encode()
    path = Path(__file__).parent / "binance-usdm" / "capture.ndjson.gz"
    path.write_bytes(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    main()
