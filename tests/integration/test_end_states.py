"""What a recording leaves behind for the next: the newest range's end states are in force, whatever is made again."""

from pathlib import Path
from typing import Any

import pytest

from tests.processes import consistent, convert, text

DAY = 86_400_000
START = 1_699_920_000_000  # 2023-11-14T00:00:00Z, ms


def day(number: int, *, snapshot: bool = False, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")) -> bytes:
    """Ten book updates and trades of a day, which follow those of the day before; a snapshot only where asked for."""
    frames = []
    for symbol in symbols:
        name, first = symbol.lower(), number * 10
        begin = START + number * DAY
        if snapshot:
            book = f'"lastUpdateId":{first},"E":{begin},"T":{begin},"bids":[["99.5","1"]],"asks":[["100.5","1"]]'
            frames.append((begin, f'{{"stream":"{name}@depthSnapshot","generated":true,"data":{{{book}}}}}'))
        for n in range(first + 1, first + 11):
            now = begin + (n - first) * 1_000
            frames += [
                (
                    now,
                    f'{{"stream":"{name}@depth@100ms","data":{{"e":"depthUpdate","E":{now},"T":{now},"s":"{symbol}",'
                    f'"U":{n},"u":{n},"pu":{n - 1},"b":[["99.{n % 10}","1"]],"a":[]}}}}',
                ),
                (
                    now,
                    f'{{"stream":"{name}@aggTrade","data":{{"e":"aggTrade","E":{now},"a":{n},"s":"{symbol}","p":"100",'
                    f'"q":"1","f":{n},"l":{n},"T":{now},"m":true}}}}',
                ),
            ]
    frames.sort(key=lambda frame: frame[0])
    return text([(ms * 1_000_000, frame.encode()) for ms, frame in frames])


@pytest.fixture
def days(tmp_path: Path) -> Any:
    """Converts a day, as a file of its own."""

    def run(number: int, *options: str, **how: Any) -> dict[str, Any]:
        path = tmp_path / f"{number}-{'-'.join(options)}.ndjson"
        path.write_bytes(day(number, **how))
        done = convert(path, "--feed", "binance-usdm", *options, into=tmp_path / "catalog")
        assert done.code == 0, done
        consistent(tmp_path / "catalog")
        return done.body

    return run


def goes_on(report: dict[str, Any], items: int = 40) -> None:
    """Every update and trade gave rows: no book waited for a snapshot."""
    assert report["gaps"] == 0
    assert report["accounting"]["items"]["rows"] == items
    assert report["accounting"]["items"]["total"] == items


def test_the_next_day_goes_on_after_an_older_one_is_replaced(days: Any) -> None:
    days(0, snapshot=True)
    goes_on(days(1))
    days(0, "--replace", snapshot=True)
    goes_on(days(2))


def test_the_next_day_goes_on_after_an_older_one_is_added(days: Any) -> None:
    days(1, snapshot=True)
    days(0, snapshot=True)
    goes_on(days(2))


def test_the_newest_day_replaced_is_gone_on_from(days: Any) -> None:
    days(0, snapshot=True)
    days(1)
    days(1, "--replace", snapshot=True)
    goes_on(days(2))


def test_one_instrument_replaced_leaves_the_others_alone(days: Any) -> None:
    days(0, snapshot=True)
    days(1)
    days(1, "--replace", snapshot=True, symbols=("BTCUSDT",))
    goes_on(days(2))
