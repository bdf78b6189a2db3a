"""`ObjectDecoder` against the converter: NautilusTrader reads from our files what the decoder made of the same frames."""

import gc
import pickle
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tickwright
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.data import (
    Bar,
    CustomData,
    FundingRateUpdate,
    IndexPriceUpdate,
    MarkPriceUpdate,
    OptionGreeks,
    OrderBookDelta,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.objects import Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from tickwright.nautilus import Gap, Liquidation, ObjectDecoder

from tests import bybit, okx
from tests.bybit import SESSIONS
from tests.frames import lines

F_LAST = 128
SAMPLE_SIZE = 1_234_567 * 10**13


@pytest.fixture(scope="module", params=["binance-spot", "binance-usdm", "binance-coinm"])
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    folder = tmp_path_factory.mktemp("objects")
    report = tickwright.simulate(request.param, folder / "capture.gz", seed=21, minutes=1.2, symbols=3, truth=False)
    tickwright.convert(report.output, folder / "catalog", trades="aggregate", book="depth@100ms")
    return request.param, Path(report.output), folder / "catalog"


def test_objects_are_those_nautilus_reads(recorded: tuple[str, Path, Path]) -> None:
    feed, capture, folder = recorded
    catalog = ParquetDataCatalog(folder)
    frames, times = lines(capture)
    decoder = ObjectDecoder(feed, catalog.instruments(), trades="aggregate", book="depth@100ms")
    made: dict[type, list[Any]] = defaultdict(list)
    for item in decoder.push_many(frames, times):
        made[type(item)].append(item)
    assert all(event.flags & F_LAST for event in made[OrderBookDeltas])
    made[OrderBookDelta] = [delta for event in made.pop(OrderBookDeltas) for delta in event.deltas]
    checked = 0
    for kind in (TradeTick, QuoteTick, OrderBookDelta, OrderBookDepth10, Bar, MarkPriceUpdate):
        by_id: dict[str, list[Any]] = defaultdict(list)
        for item in made[kind]:
            by_id[str(item.bar_type if kind is Bar else item.instrument_id)].append(item)
        read: dict[str, list[Any]] = defaultdict(list)
        for item in catalog.query(kind):
            read[str(item.bar_type if kind is Bar else item.instrument_id)].append(item)
        assert by_id.keys() == read.keys(), kind
        for name in by_id:
            assert [type(x).to_dict(x) for x in by_id[name]] == [type(x).to_dict(x) for x in read[name]], (kind, name)
            checked += len(by_id[name])
    assert checked > 1_000
    if feed != "binance-spot":
        assert made[FundingRateUpdate] and made[IndexPriceUpdate]
        liquidations = [item.data for item in made[CustomData] if isinstance(item.data, Liquidation)]
        read_back = [item.data for item in catalog.query(Liquidation)]
        order = lambda item: (item.ts_init, str(item.instrument_id), item.price)  # noqa: E731
        assert [item.to_dict() for item in sorted(liquidations, key=order)] == [
            item.to_dict() for item in sorted(read_back, key=order)
        ]
    assert decoder.report()["accounting"]["frames"]["rejected"] == 0


def test_one_by_one_is_as_many_at_once(recorded: tuple[str, Path, Path]) -> None:
    feed, capture, _ = recorded
    frames, times = lines(capture)
    one, many = ObjectDecoder(feed), ObjectDecoder(feed)
    single = [item for frame, time in zip(frames[:3_000], times, strict=False) for item in one.push(frame, time)]
    assert [repr(item) for item in single] == [repr(item) for item in many.push_many(frames[:3_000], times[:3_000])]


def facts(items: list[Any]) -> list[Any]:
    """What objects say, to the last field; of events their deltas."""
    told: list[Any] = []
    for item in items:
        if isinstance(item, OrderBookDeltas):
            told.append([OrderBookDelta.to_dict(delta) for delta in item.deltas])
        else:
            told.append(type(item).to_dict(item) if hasattr(type(item), "to_dict") else repr(item))
    return told


def by_constructors(monkeypatch: pytest.MonkeyPatch, feed: str, **options: Any) -> ObjectDecoder:
    """A decoder that calls NautilusTrader's constructors for every object."""
    with monkeypatch.context() as patched:
        patched.setattr("tickwright.nautilus.objects.bridge.in_memory", dict)
        return ObjectDecoder(feed, **options)


def test_objects_from_memory_are_those_of_the_constructors(
    recorded: tuple[str, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    feed, capture, _ = recorded
    frames, times = lines(capture)
    options: dict[str, Any] = {"types": ["trade", "quote", "delta", "depth10"], "book": "depth@100ms"}
    memory, slow = ObjectDecoder(feed, **options), by_constructors(monkeypatch, feed, **options)
    made = [item for frame, time in zip(frames, times, strict=True) for item in memory.push(frame, time)]
    many = ObjectDecoder(feed, **options).push_many(frames, times)
    assert set(memory._core.made_from_memory()) == {"trade", "quote", "delta", "depth10"}
    del memory
    gc.collect()
    want = slow.push_many(frames, times)
    assert slow._core.made_from_memory() == []
    assert facts(made) == facts(many) == facts(want)
    assert {TradeTick, QuoteTick, OrderBookDeltas, OrderBookDepth10} <= {type(item) for item in made}
    again = pickle.loads(pickle.dumps([item for item in made if isinstance(item, TradeTick | QuoteTick)]))
    assert again == [item for item in made if isinstance(item, TradeTick | QuoteTick)]


@pytest.mark.parametrize("feed", SESSIONS)
def test_ids_that_are_texts_are_made_from_memory_too(feed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, slow = ObjectDecoder(feed), by_constructors(monkeypatch, feed)
    for frame, time in SESSIONS[feed]():
        assert facts(memory.push(frame, time)) == facts(slow.push(frame, time))


@given(
    price=st.decimals(min_value="0.00000001", max_value=10**12, places=8),
    size=st.decimals(min_value="0.00000001", max_value=10**12, places=8),
    trade=st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=40),
    side=st.sampled_from(["Buy", "Sell"]),
    time=st.integers(1_300_000_000_000, 4_000_000_000_000),
)
def test_any_trade_from_memory_is_that_of_the_constructor(
    price: Decimal, size: Decimal, trade: str, side: str, time: int
) -> None:
    data = {"T": time, "s": "BTCUSDT", "S": side, "v": f"{size:f}", "p": f"{price:f}", "i": trade, "BT": False}
    frame = bybit.wire({"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": time, "data": [data]})
    with pytest.MonkeyPatch.context() as patch:
        memory, slow = ObjectDecoder("bybit-spot"), by_constructors(patch, "bybit-spot")

    def told(decoder: ObjectDecoder) -> Any:
        try:
            return facts(decoder.push(frame, time * 1_000_000 + 1)), decoder.report()["accounting"]
        except ValueError as error:
            return str(error)

    assert told(memory) == told(slow)


def test_another_layout_of_the_structs_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = (
        b'{"e":"aggTrade","E":1700000000003,"a":7,"s":"BTCUSDT","p":"63113.20","q":"0.005","f":1,"l":1,'
        b'"T":1700000000001,"m":true}'
    )
    (want,) = ObjectDecoder("binance-usdm").push(frame, 1_700_000_000_004_000_000)
    size = Quantity.from_raw(SAMPLE_SIZE, 3)
    others = [
        TradeTick.from_raw(want.instrument_id, 1, 2, SAMPLE_SIZE, 3, 2, TradeId("7"), 1, 2),
        QuoteTick(want.instrument_id, want.price, want.price, size, size, 1, 2),
    ]
    for other in others:

        class Another:
            list_from_capsule = TradeTick.list_from_capsule

            @staticmethod
            def capsule_from_list(items: list[Any], other: Any = other) -> Any:
                return type(other).capsule_from_list([other] * len(items))

        monkeypatch.setattr("tickwright.nautilus.objects.bridge.in_memory", lambda: {"trade": Another})  # noqa: B023
        decoder = ObjectDecoder("binance-usdm")
        assert facts(decoder.push(frame, 1_700_000_000_004_000_000)) == facts([want])
        assert decoder._core.made_from_memory() == []


def depth(first: int, last: int, previous: int, price: str) -> bytes:
    return (
        f'{{"e":"depthUpdate","E":1700000000002,"T":1700000000001,"s":"BTCUSDT","U":{first},"u":{last},"pu":{previous},'
        f'"b":[["{price}","1.5"]],"a":[]}}'
    ).encode()


def test_a_gap_says_which_request_answers_with_its_book() -> None:
    """The one whose answers count the ids of the channel; none where only the stream brings a book."""
    ts, level = bybit.T0 * 10**6, [["1.5", "2"]]
    asked = {
        "orderbook.full": "/v5/market/full_orderbook?category=linear&symbol=BTCUSDT",
        "orderbook.rpi": "/v5/market/rpi_orderbook?category=linear&symbol=BTCUSDT&limit=50",
        "orderbook.1000": "/v5/market/orderbook?category=linear&symbol=BTCUSDT&limit=1000",
        "orderbook.200": "",
    }
    for channel, fetch in asked.items():
        frame = bybit.book("delta", 7, level, [], depth=channel.partition(".")[2])
        if channel == "orderbook.full":
            frame = bybit.full(7, level, [])
        if channel == "orderbook.rpi":
            frame = bybit.rpi("delta", 7, [["1.5", "2", "0"]], [])
        (gap,) = ObjectDecoder("bybit-linear", book=channel).push(frame, ts)
        assert (gap.channel, gap.cause, gap.fetch) == (channel, "no_snapshot", fetch)
    (gap,) = ObjectDecoder("okx").push(okx.book("update", 107, 100, okx.BIDS, []), ts)
    assert (gap.cause, gap.fetch) == ("no_snapshot", "")


def test_the_whole_book_of_bybit_is_healed_by_its_own_answer() -> None:
    decoder = ObjectDecoder("bybit-linear", book="orderbook.full")
    ts = bybit.T0 * 10**6
    (gap,) = decoder.push(bybit.full(50, [["19", "1"]], [], seq=900), ts)
    whole = {
        "s": "BTCUSDT",
        "b": [["18", "1"]],
        "a": [["30", "2"]],
        "u": 49,
        "seq": 900,
        "ts": bybit.T0,
        "cts": bybit.T0,
    }
    answer = bybit.wire({"retCode": 0, "retMsg": "OK", "result": whole | {"u": 50}, "time": bybit.T0})
    told = decoder.snapshot(gap.symbol, answer, ts + 1)
    assert told and not any(isinstance(item, Gap) for item in told)
    assert decoder.push(bybit.full(51, [["17", "1"]], [], seq=910), ts + 2)


def test_a_hole_is_told_at_once_and_healed_by_a_snapshot() -> None:
    decoder = ObjectDecoder("binance-usdm")
    ts = 1_700_000_000_100_000_000
    (gap,) = decoder.push(depth(5, 10, 4, "100.1"), ts)
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.symbol, str(gap.instrument_id)) == ("no_snapshot", "BTCUSDT", "BTCUSDT-PERP.BINANCE")
    assert gap.fetch == "/depth?symbol=BTCUSDT"
    body = b'{"lastUpdateId":%d,"bids":[["100.0","2"]],"asks":[["100.2","3"]]}'
    # Too old for what has come: told again.
    (again,) = decoder.snapshot("BTCUSDT", body % 3, ts + 1)
    assert again == gap
    snapshot, update = decoder.snapshot("BTCUSDT", body % 7, ts + 2)
    assert snapshot.is_snapshot and [d.flags for d in snapshot.deltas] == [32, 32, 32 | F_LAST][: len(snapshot.deltas)]
    assert update.sequence == 10
    assert [type(item) for item in decoder.push(depth(11, 12, 10, "100.3"), ts + 3)] == [OrderBookDeltas]
    (gap,) = decoder.push(depth(20, 21, 19, "100.4"), ts + 4)
    assert (gap.cause, gap.from_sequence, gap.to_sequence) == ("sequence", 12, 20)
    assert (gap.from_ns, gap.to_ns) == (ts + 3, ts + 4)
    assert decoder.push(depth(22, 23, 21, "100.5"), ts + 5) == []
    objects = decoder.snapshot("BTCUSDT", body % 20, ts + 6)
    assert [item.sequence for item in objects] == [20, 21, 23]
    assert decoder.report()["gaps"][-1]["resolution"] == "snapshot"


def test_a_bad_frame_gives_nothing_and_is_counted() -> None:
    decoder = ObjectDecoder("binance-usdm")
    assert decoder.push(b'{"e":"aggTrade","p":"nan"', 1_700_000_000_100_000_000) == []
    assert decoder.report()["accounting"]["frames"]["rejected"] == 1
    with pytest.raises(tickwright.UsageError):
        decoder.push_many([b"{}"], [])
    with pytest.raises(tickwright.UsageError):
        ObjectDecoder("nowhere")


def test_greeks_come_out_too() -> None:
    decoder, batches = ObjectDecoder("bybit-option"), tickwright.Decoder("bybit-option")
    made = []
    for frame, ts in SESSIONS["bybit-option"]():
        made += [item for item in decoder.push(frame, ts) if isinstance(item, OptionGreeks)]
        batches.push(frame, ts)
    (rows,) = [pa.record_batch(batch) for (kind, _), batch in batches.flush().items() if kind == "option_greeks"]
    names = [name for name in rows.schema.names if name not in ("instrument_id", "convention")]
    assert [{name: getattr(item, name) for name in names} for item in made] == rows.select(names).to_pylist()
    assert {str(item.instrument_id) for item in made} == set(rows["instrument_id"].to_pylist())
    assert len(made) == 2
