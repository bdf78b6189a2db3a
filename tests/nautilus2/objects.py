"""`ObjectDecoder` with NautilusTrader 2.0.0rc: its objects equal those its own catalog reads of the same frames."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from nautilus_trader import model
from nautilus_trader.persistence import ParquetDataCatalog
from tickwright.nautilus import Gap, ObjectDecoder

from tests.frames import lines

capture, folder = sys.argv[1:]
frames, times = lines(capture)
definitions = next(frame for frame in frames if b'"symbols"' in frame[:2_000] and b'"filters"' in frame)
decoder = ObjectDecoder("binance-usdm", definitions, trades="aggregate", book="depth@100ms")
objects = decoder.push_many(frames, times)
by_kind: dict[type, list] = {}
for item in objects:
    by_kind.setdefault(type(item), []).append(item)
deltas = [delta for event in by_kind[model.OrderBookDeltas] for delta in event.deltas]
catalog = ParquetDataCatalog(folder)


def same(name: str, ours: list, theirs: list) -> None:
    def key(item: object) -> tuple[int, str]:
        return (item.ts_init, str(item.instrument_id))

    ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    assert ours and len(ours) == len(theirs), (name, len(ours), len(theirs))
    for one, other in zip(ours, theirs, strict=True):
        assert one == other, (name, one, other)
    print(f"{name}: {len(ours)} equal")


same("trades", by_kind[model.TradeTick], catalog.query_trade_ticks())
same("quotes", by_kind[model.QuoteTick], catalog.query_quote_ticks())
same("deltas", deltas, catalog.query_order_book_deltas())
same("marks", by_kind[model.MarkPriceUpdate], catalog.query_mark_price_updates())
same("indices", by_kind[model.IndexPriceUpdate], catalog.query_index_price_updates())
assert all(event.flags & 128 for event in by_kind[model.OrderBookDeltas])
assert by_kind[model.FundingRateUpdate] and by_kind[model.OrderBookDepth]
print("kinds:", sorted(kind.__name__ for kind in by_kind if kind is not Gap))
