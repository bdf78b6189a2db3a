"""Reads a v2 catalog with NautilusTrader 2.0.0rc; values are those of the hand-made recording."""

import sys

from nautilus_trader.persistence import ParquetDataCatalog

catalog = ParquetDataCatalog(sys.argv[1])
trades = catalog.query_trade_ticks()
assert [(str(t.price), str(t.size), t.ts_event, t.ts_init) for t in trades] == [
    ("100.1", "0.001", 1_700_000_000_004_000_000, 1_700_000_000_005_000_000)
], trades
quotes = catalog.query_quote_ticks()
assert [(str(q.bid_price), str(q.ask_size)) for q in quotes] == [("100.1", "4.5")], quotes
deltas = catalog.query_order_book_deltas()
assert [d.flags for d in deltas] == [32, 32, 32, 160, 0, 0, 128, 0, 0, 128], [d.flags for d in deltas]
assert [d.sequence for d in deltas][-1] == 115
bars = catalog.query_bars()
assert [(str(b.close), b.ts_event) for b in bars] == [("100.1", 1_700_000_040_000_000_000)], bars
assert len(catalog.query_mark_price_updates()) == 1
assert len(catalog.query_index_price_updates()) == 1

deribit = ParquetDataCatalog(sys.argv[2])
spread = ["BTC-FS-25DEC26_PERP.DERIBIT"]
trades = deribit.query_trade_ticks(identifiers=spread)
assert [str(t.price) for t in trades] == ["-12.5", "0.0"], trades
deltas = [d for d in deribit.query_order_book_deltas(identifiers=spread) if d.flags & 32 == 0]
assert [str(d.order.price) for d in deltas] == ["0.0", "-2.5"], deltas
quotes = deribit.query_quote_ticks(identifiers=spread)
assert [(str(q.bid_price), str(q.ask_price)) for q in quotes] == [("0.0", "0.0")], quotes
greeks = deribit.query_option_greeks(identifiers=["BTC-25DEC26-100000-C.DERIBIT"])
assert [(g.delta, g.mark_iv, g.open_interest) for g in greeks][0] == (0.47736, 0.312, 61.7), greeks
print("read back by NautilusTrader 2.0.0rc: 2 passed, 0 failed")
