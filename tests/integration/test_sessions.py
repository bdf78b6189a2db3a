"""A recording that goes on tomorrow: two files, one conversion after the other, are the rows of both at once."""

import gzip
from pathlib import Path

import pytest
import tickwright

from tests.integration.test_simulator import FEEDS, Tables, same_tables
from tests.parity.support import catalog_rows, catalog_tables
from tests.processes import text

BINANCE = ("trade", "quote", "delta", "depth10", "bar")
LINKED = ("mark_price", "index_price", "funding_rate", "liquidation")
# What the simulated recording of each feed gives.
RECEIVED = {
    "binance-spot": BINANCE,
    "binance-usdm": (*BINANCE, *LINKED),
    "binance-coinm": (*BINANCE, *LINKED),
    "bybit-spot": ("trade", "quote", "delta", "bar"),
    "bybit-linear": ("trade", "quote", "delta", "bar", *LINKED),
    "bybit-inverse": ("trade", "quote", "delta", "bar", *LINKED),
    "bybit-option": ("trade", "quote", "delta", "mark_price", "index_price", "option_greeks", "open_interest"),
    "okx": (*BINANCE, *LINKED),
    "kraken-spot": ("trade", "quote", "delta", "bar"),
    "kraken-futures": ("trade", "quote", "delta", *LINKED, "open_interest", "status"),
    "deribit": (*BINANCE, *LINKED, "open_interest", "volatility_index"),
}


def split(folder: Path, feed: str, share: float, **options: object) -> list[Path]:
    """A simulated capture as two files, cut after `share` of its lines where no two receive times are equal."""
    options = {"minutes": 2.6, "symbols": 4, "rate": 15, **options}
    made = tickwright.simulate(feed, folder / "whole.ndjson.gz", seed=11, **options)
    lines = gzip.decompress(Path(made.output).read_bytes()).splitlines(keepends=True)
    at = int(len(lines) * share)
    while lines[at - 1].split(b" ", 1)[0] == lines[at].split(b" ", 1)[0]:
        at += 1
    parts = [folder / "first.ndjson", folder / "second.ndjson"]
    for path, part in zip(parts, (lines[:at], lines[at:]), strict=True):
        path.write_bytes(b"".join(part))
    return parts


def tables(catalog: Path) -> Tables:
    return {(kind, name): catalog_rows(catalog, kind, name) for kind, name in catalog_tables(catalog)}


@pytest.mark.parametrize("connections", [1, 2])
@pytest.mark.parametrize("share", [0.2, 0.55])
@pytest.mark.parametrize("feed", FEEDS)
def test_sessions_apart_are_both_at_once(tmp_path: Path, feed: str, share: float, connections: int) -> None:
    """Whatever keeps a last value goes on: ids, times, quotes, states, candles, books."""
    parts = split(tmp_path, feed, share, connections=connections)
    options = {"feed": feed, "trades": "raw", "write_instruments": False}
    tickwright.convert(parts, tmp_path / "at once", **options)
    for part in parts:
        tickwright.convert(part, tmp_path / "apart", **options)
    wanted = tables(tmp_path / "at once")
    same_tables(tables(tmp_path / "apart"), wanted, feed)
    assert {kind for kind, _ in wanted} == {*RECEIVED[feed]}


@pytest.mark.parametrize("feed", ["binance-usdm", "bybit-linear", "okx", "kraken-spot", "deribit"])
def test_instruments_in_files_of_their_own_go_on_each(tmp_path: Path, feed: str) -> None:
    """One instrument's two files, then the next one's: what a later one has told already is no end for an earlier one."""
    parts = split(tmp_path, feed, 0.5, symbols=3, channels=["book"])
    made: dict[str, list[Path]] = {}
    for part in parts:
        lines = part.read_bytes().splitlines(keepends=True)
        for name in ("BTC", "ETH", "SOL"):
            path = tmp_path / f"{name}-{part.name}"
            spelt = name.encode(), f'"{name.lower()}us'.encode()  # Binance's streams
            path.write_bytes(b"".join(line for line in lines if any(text in line for text in spelt)))
            made.setdefault(name, []).append(path)
    options = {"feed": feed, "write_instruments": False}
    for files in made.values():
        for path in files:
            tickwright.convert(path, tmp_path / "apart", **options)
        tickwright.convert(files, tmp_path / "at once", **options)
    wanted = tables(tmp_path / "at once")
    assert len({name for kind, name in wanted if kind == "delta"}) == 3
    same_tables(tables(tmp_path / "apart"), wanted, feed)


def both_ways(tmp_path: Path, feed: str, first: list[tuple[int, bytes]], second: list[tuple[int, bytes]]) -> Tables:
    """The rows of two sessions of frames written by hand, which are the same at once and apart."""
    parts = [tmp_path / "first.ndjson", tmp_path / "second.ndjson"]
    for path, frames in zip(parts, (first, second), strict=True):
        path.write_bytes(text(frames))
    tickwright.convert(parts, tmp_path / "at once", feed=feed, write_instruments=False)
    for part in parts:
        tickwright.convert(part, tmp_path / "apart", feed=feed, write_instruments=False)
    wanted = tables(tmp_path / "at once")
    same_tables(tables(tmp_path / "apart"), wanted, feed)
    return wanted


START = 1_700_000_000_000  # ms


def at(ms: int) -> int:
    return (START + ms) * 1_000_000


def test_a_value_of_the_last_moment_that_says_something_else(tmp_path: Path) -> None:
    def mark(price: str) -> bytes:
        return b'{"e":"markPriceUpdate","E":%d,"s":"BTCUSDT","p":"%s","i":"9","r":"0.1","T":%d}' % (
            START,
            price.encode(),
            START,
        )

    rows = both_ways(tmp_path, "binance-usdm", [(at(1), mark("10"))], [(at(2), mark("10")), (at(3), mark("11"))])
    assert [row["ts_init"] for row in rows["mark_price", "BTCUSDT-PERP.BINANCE"]] == [at(1), at(3)]
    assert [row["ts_init"] for row in rows["index_price", "BTCUSDT-PERP.BINANCE"]] == [at(1)]


def test_a_state_that_did_not_change(tmp_path: Path) -> None:
    def swap(state: str) -> bytes:
        said = (
            '{"arg":{"channel":"instruments","instType":"SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USD-SWAP",'
            '"instFamily":"BTC-USD","settleCcy":"BTC","ctVal":"100","ctMult":"1","ctValCcy":"USD","ctType":"inverse",'
            f'"tickSz":"0.1","lotSz":"1","minSz":"1","state":"{state}"}}]}}'
        )
        return said.encode()

    first, second = [(at(1), swap("live"))], [(at(2), swap("live")), (at(3), swap("suspend"))]
    rows = both_ways(tmp_path, "okx", first, second)
    assert [(row["ts_init"], row["reason"]) for row in rows["status", "BTC-USD-SWAP.OKX"]] == [
        (at(1), "live"),
        (at(3), "suspend"),
    ]


def test_a_candle_that_was_running(tmp_path: Path) -> None:
    """The last minute of a session is a bar of the next one, not lost between them."""

    def chart(minute: int, volume: float) -> bytes:
        tick = (START // 60_000 + minute) * 60_000
        said = (
            '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"chart.trades.BTC-PERPETUAL.1","data":'
            f'{{"tick":{tick},"open":100.5,"high":101,"low":100,"close":100.5,"volume":{volume},"cost":10.0}}}}}}'
        )
        return said.encode()

    first, second = [(at(1), chart(0, 0.5)), (at(2), chart(0, 1.5))], [(at(60_000), chart(1, 0.1))]
    rows = both_ways(tmp_path, "deribit", first, second)
    ((_, (bar,)),) = rows.items()
    assert (bar["ts_init"], bar["ts_event"]) == (at(60_000), (START // 60_000 + 1) * 60_000_000_000)


def test_funding_that_comes_by_its_own_channel(tmp_path: Path) -> None:
    """A ticker's funding is not taken up again by the next session."""

    def message(channel: str, data: str, ms: int) -> tuple[int, bytes]:
        said = (
            f'{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"{channel}.BTC-PERPETUAL.raw",'
            f'"data":{{"timestamp":{START + ms},{data}}}}}}}'
        )
        return at(ms), said.encode()

    perpetual = message("perpetual", '"interest":0.001,"index_price":100.0', 1)
    ticker = message(
        "ticker",
        '"type":"change","instrument_name":"BTC-PERPETUAL","current_funding":0.5,"mark_price":100.0',
        2,
    )
    ticker = (
        ticker[0],
        ticker[1].replace(b'"channel":"ticker.', b'"channel":"incremental_ticker.').replace(b".raw", b""),
    )
    rows = both_ways(tmp_path, "deribit", [perpetual], [ticker])
    assert [row["ts_init"] for row in rows["funding_rate", "BTC-PERPETUAL.DERIBIT"]] == [at(1)]


def test_a_top_of_the_book_that_is_told_in_changes(tmp_path: Path) -> None:
    def top(u: int, kind: str, bids: str, asks: str) -> bytes:
        said = (
            f'{{"topic":"orderbook.1.BTCUSDT","type":"{kind}","ts":{START + u},"data":'
            f'{{"s":"BTCUSDT","b":[{bids}],"a":[{asks}],"u":{u},"seq":{u}}},"cts":{START + u}}}'
        )
        return said.encode()

    first = [(at(1), top(1, "snapshot", '["100.5","1"]', '["101","2"]'))]
    rows = both_ways(tmp_path, "bybit-linear", first, [(at(2), top(2, "delta", '["100.5","3"]', ""))])
    assert len(rows["quote", "BTCUSDT-LINEAR.BYBIT"]) == 2
