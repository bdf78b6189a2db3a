"""cryptofeed as a second opinion: its parsers, fed the same frames, tell the trades, tickers and books that we do.

Theirs come from its exchange classes, without a network; ours are the rows of a `Decoder`. What is compared of a book is every state
it was in and since when, of a ticker every change of its best prices. Where the two differ on purpose the difference is in
`DIFFERENCES`: a frame shows each of them, the venue's page lists them, and everything else must be equal.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import tickwright

from tests import binance, bybit, deribit, kraken, kraken_futures, okx
from tests.frames import ROOT, lines
from tests.parity.support import CONNECTIONS, SHARED, batch_rows
from tests.reference.captures import read

pytest.importorskip("cryptofeed", reason="cryptofeed needs Python 3.13")

from tests.parity.cryptofeed_reader import Heard, State, hear

RECORDINGS = (CONNECTIONS, Path(os.environ.get("TICKWRIGHT_RECORDINGS", CONNECTIONS)))
SINGLE = SHARED / "frames/single"
SIDES = {"BUYER": "buy", "SELLER": "sell"}
F_LAST = 128

type Frames = list[tuple[bytes, int]]
type Answer = tuple[str, bytes, int]
"""A REST book: its symbol, body and receive time."""


@dataclass(frozen=True)
class Feed:
    """A feed of ours, the exchange class that parses it, and what of a simulated market both read."""

    exchange: str
    """cryptofeed's name of it."""
    instrument: Callable[[str], str]
    """Our instrument id of its symbol."""
    address: str = ""
    """Of the socket, where the class tells products by it."""
    trades: str = "trade"
    quotes: str = ""
    """The simulator's channels: the one of trades, and the one of tickers that have prices."""
    numbered: bool = True
    """Whether books have numbers."""
    same_book_times: bool = True
    same_quote_times: bool = True
    """Whether both take the same time of the message; a difference tells the others."""


def binance_feed(exchange: str, contract: str, **differing: bool) -> Feed:
    def name(symbol: str) -> str:
        is_dated = symbol.rpartition("_")[2].isdigit()
        return symbol if is_dated else symbol.removesuffix("_PERP") + contract

    return Feed(exchange, lambda s: f"{name(s)}.BINANCE", trades="aggregate", quotes="quote", **differing)


def bybit_feed(product: str) -> Feed:
    # Symbols of spot are cut in two there, so that they are none of the contracts'.
    def name(symbol: str) -> str:
        return f"{symbol.replace('/', '')}-{product.upper()}.BYBIT"

    return Feed("BYBIT", name, address=f"wss://stream.bybit.com/v5/public/{product}", same_book_times=False)


FEEDS = {
    "binance-spot": binance_feed("BINANCE", "", same_book_times=False, same_quote_times=False),
    "binance-usdm": binance_feed("BINANCE_FUTURES", "-PERP", same_book_times=False, same_quote_times=False),
    "binance-coinm": binance_feed("BINANCE_DELIVERY", "-PERP", same_book_times=False, same_quote_times=False),
    "bybit-spot": bybit_feed("spot"),
    "bybit-linear": bybit_feed("linear"),
    "bybit-inverse": bybit_feed("inverse"),
    "okx": Feed("OKX", lambda s: f"{s}.OKX"),
    "kraken-spot": Feed("KRAKEN", lambda s: f"{s}.KRAKEN", quotes="quote", numbered=False),
    "kraken-futures": Feed("KRAKEN_FUTURES", lambda s: f"{s}.KRAKEN", same_book_times=False),
    "deribit": Feed("DERIBIT", lambda s: f"{s}.DERIBIT"),
}


def ours(feed: str, frames: Frames, books: Iterable[Answer] = ()) -> Heard:
    """Our rows in the form of theirs, by instrument id."""
    decoder = tickwright.Decoder(feed)
    answers = sorted(books, key=lambda answer: answer[2])
    for frame, ts_init in frames:
        while answers and answers[0][2] <= ts_init:
            decoder.snapshot(*answers.pop(0))
        decoder.push(frame, ts_init)
    decoder.finish()
    heard = Heard()
    for (kind, name), batch in decoder.flush().items():
        rows = batch_rows(batch)
        for row in rows:
            row["time"] = row["ts_event"] // 1000
            row["side"] = SIDES.get(row.get("aggressor_side"), row.get("side"))
        if kind == "trade":
            heard.trades[name] = [picked(row, "trade_id", "price", "size", "side", "time") for row in rows]
        if kind == "quote":
            heard.tickers[name] = [picked(row, "bid_price", "ask_price", "time") for row in rows]
        if kind == "delta":
            heard.books[name] = list(states(rows))
    return heard


def picked(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def states(rows: list[dict[str, Any]]) -> Iterable[State]:
    """A book after each of its events."""
    sides: dict[str, dict[Decimal, Decimal]] = {"BUY": {}, "SELL": {}}
    for row in rows:
        if row["action"] == "CLEAR":
            sides = {"BUY": {}, "SELL": {}}
        elif row["action"] == "DELETE":
            sides[row["side"]].pop(row["price"], None)
        else:
            sides[row["side"]][row["price"]] = row["size"]
        if row["flags"] & F_LAST:
            yield State.of(row["sequence"], row["time"], sides["BUY"], sides["SELL"])


def theirs(name: str, frames: Frames, books: Iterable[Answer] = ()) -> Heard:
    """What cryptofeed tells, by our instrument ids."""
    feed = FEEDS[name]
    recorded: dict[str, list[bytes]] = defaultdict(list)
    for symbol, body, _ in books:
        recorded[symbol].append(body)
    parts = by_depth(frames) if name == "kraken-spot" else {0: frames}
    heard = Heard()
    for depth, part in parts.items():
        told = hear(feed.exchange, part, address=feed.address, books=recorded, max_depth=depth)
        heard.failures += told.failures
        for kind in ("trades", "tickers", "books"):
            for symbol, items in getattr(told, kind).items():
                getattr(heard, kind)[feed.instrument(symbol)] += items
    return heard


def by_depth(frames: Frames) -> dict[int, Frames]:
    """Kraken's frames by the depth of their pair's book: an exchange object of cryptofeed's has one for all pairs."""
    depths: dict[str, int] = {}
    parts: dict[int, Frames] = defaultdict(list)
    for frame, ts_init in frames:
        message = json.loads(frame)
        channel = message.get("channel") if isinstance(message, dict) else ""
        item = message["data"][0] if channel in ("book", "trade", "ticker") else {}
        symbol = item.get("symbol", "")
        if channel == "book" and message["type"] == "snapshot":
            deepest = max(len(item["bids"]), len(item["asks"]))
            depths[symbol] = next(depth for depth in (10, 25, 100, 500, 1000) if depth >= deepest)
        parts[depths.get(symbol, 1000)].append((frame, ts_init))
    return parts


def changes[T](told: Iterable[T], what: Callable[[T], Any]) -> list[T]:
    """Those that say something else than the one before."""
    out: list[T] = []
    for item in told:
        if not out or what(out[-1]) != what(item):
            out.append(item)
    return out


def shown(kind: str, told: list[Any], feed: Feed) -> list[Any]:
    """What is compared of trades, tickers or books."""
    if kind == "trades":
        return told
    if kind == "tickers":
        two_sided = [quote for quote in told if quote["bid_price"] and quote["ask_price"]]  # "empty side"
        quotes = changes(two_sided, lambda quote: (quote["bid_price"], quote["ask_price"]))
        return [
            picked(quote, "bid_price", "ask_price", *(["time"] if feed.same_quote_times else [])) for quote in quotes
        ]
    return [
        (
            state.number or 0 if feed.numbered else 0,
            state.time if feed.same_book_times else None,
            state.levels,
            state.best,
        )
        for state in changes(told, lambda state: (state.levels, state.best))
    ]


def compare(name: str, mine: Heard, other: Heard) -> Counter[str]:
    """Equal in all that was told, one by one; answers how much that was."""
    compared: Counter[str] = Counter()
    for kind in ("trades", "tickers", "books"):
        left, right = (
            {instrument: items for instrument in told if (items := shown(kind, told[instrument], FEEDS[name]))}
            for told in (getattr(mine, kind), getattr(other, kind))
        )
        assert left.keys() == right.keys(), (name, kind)
        for instrument, items in left.items():
            for number, (one, two) in enumerate(zip(items, right[instrument], strict=False)):
                assert one == two, (name, kind, instrument, number)
            assert len(items) == len(right[instrument]), (name, kind, instrument)
            compared[kind] += len(items)
    return compared


def without_books(frames: Frames) -> tuple[Frames, list[Answer]]:
    """Frames of a simulated capture; of Binance the REST books apart, which stand among them."""
    mark, kept, books = b'@depthSnapshot","generated":true', [], []
    for frame, ts_init in frames:
        if mark in frame:
            message = json.loads(frame)
            symbol = message["stream"].partition("@")[0].upper()
            books.append((symbol, json.dumps(message["data"]).encode(), ts_init))
        else:
            kept.append((frame, ts_init))
    return kept, books


def simulated(folder: Path, feed: str, *channels: str) -> tuple[Frames, list[Answer]]:
    path = folder / "capture.gz"
    tickwright.simulate(feed, path, seed=11, minutes=0.3, symbols=5, channels=channels)
    return without_books(list(zip(*lines(path), strict=True)))


@pytest.mark.parametrize("name", FEEDS)
def test_simulated_trades_and_books(tmp_path: Path, name: str) -> None:
    frames, books = simulated(tmp_path, name, FEEDS[name].trades, "book")
    other = theirs(name, frames, books)
    # Definitions and acknowledgements are no messages of a socket's to some of its classes.
    assert len(other.failures) <= 2
    compared = compare(name, ours(name, frames, books), other)
    assert compared["trades"] > 500 and compared["books"] > 800, compared


@pytest.mark.parametrize("name", [name for name, feed in FEEDS.items() if feed.quotes])
def test_simulated_tickers(tmp_path: Path, name: str) -> None:
    frames, _ = simulated(tmp_path, name, FEEDS[name].quotes)
    compared = compare(name, ours(name, frames), theirs(name, frames))
    assert compared["tickers"] > 500, compared


@pytest.mark.parametrize(("name", "ended"), [("okx", 5), ("deribit", 1), ("kraken-futures", 1)])
def test_both_notice_what_is_lost(tmp_path: Path, name: str, ended: int) -> None:
    """Up to a hole both have the same books. Then we have one less; two of the classes start anew with all."""
    frames, _ = simulated(tmp_path, name, "book")
    updates = [number for number, (frame, _) in enumerate(frames) if any(mark in frame for mark in UPDATES)]
    assert len(updates) > 800
    del frames[updates[len(updates) // 2]]
    mine, other = ours(name, frames), theirs(name, frames)
    assert "MissingSequenceNumber" in other.failures[-1]
    told = {instrument: shown("books", states, FEEDS[name]) for instrument, states in other.books.items()}
    wanted = {instrument: shown("books", states, FEEDS[name]) for instrument, states in mine.books.items()}
    assert len(told) == 5 and min(map(len, told.values())) > 50
    assert {instrument: wanted[instrument][: len(states)] for instrument, states in told.items()} == told
    assert [len(wanted[instrument]) == len(states) for instrument, states in told.items()].count(True) == ended


UPDATES = (b'"action":"update"', b'"type":"change"', b'"feed":"book"')

# Real connections: our feed, and what was compared of trades, tickers and books. The last four are of cryptofeed's
# sample_data, whose files are not ours to keep.
RECORDED: dict[str, tuple[str, Counter[str]]] = {
    "BINANCE": ("binance-spot", Counter(trades=2, tickers=27, books=172)),
    "BINANCE_DELIVERY": ("binance-coinm", Counter(trades=51, tickers=682, books=1728)),
    "DERIBIT": ("deribit", Counter(tickers=38, books=46)),
    "BINANCE_FUTURES": ("binance-usdm", Counter(trades=91, tickers=141, books=740)),
    "BINANCE_US": ("binance-spot", Counter(trades=11, tickers=104, books=335)),
    "KRAKEN_FUTURES": ("kraken-futures", Counter(trades=3, books=7024)),
    "OKX": ("okx", Counter(trades=74, tickers=7, books=287)),
}
# What one of the two leaves out: "trade_snapshot", "ticker_lite".
LEFT_OUT = (b'"feed":"trade_snapshot"', b'"feed":"ticker_lite"')


def recording(prefix: str) -> tuple[Frames, list[Answer]]:
    """The frames of a recording and the REST books beside them."""
    paths = sorted({path for folder in RECORDINGS for path in folder.glob(f"{prefix}.*") if path.is_file()})
    if not paths:
        pytest.skip(f"{prefix} is one of cryptofeed's sample_data: name its folder in TICKWRIGHT_RECORDINGS")
    frames: Frames = []
    books: list[Answer] = []
    for item in (item for path in paths for item in read(path).items):
        if item.kind == "received" and not any(mark in item.body for mark in LEFT_OUT):
            frames.append((item.body, item.ts))
        elif item.kind == "rest" and "/depth?symbol=" in item.url:
            symbol = item.url.partition("symbol=")[2].partition("&")[0]
            books.append((symbol, item.body, item.ts))
    return frames, books


@pytest.mark.parametrize("prefix", RECORDED)
def test_recordings(prefix: str) -> None:
    name, wanted = RECORDED[prefix]
    frames, books = recording(prefix)
    other = theirs(name, frames, books)
    assert other.failures == []
    assert compare(name, ours(name, frames, books), other) == wanted


# Real single messages that both parse: what is compared of them.
SINGLE_FRAMES: dict[str, tuple[list[str], Counter[str]]] = {
    "bybit-linear": (["bybit/ws_ticker_linear"], Counter(tickers=1)),
    "okx": (["okx/ws_trades", "okx/ws_tickers"], Counter(trades=1, tickers=1)),
    "kraken-spot": (["kraken/ws_trade_update", "kraken/ws_ticker_snapshot"], Counter(trades=2, tickers=1)),
    "kraken-futures": (["kraken/ws_futures_trade", "kraken/ws_futures_book_snapshot"], Counter(trades=1, books=1)),
    "deribit": (["deribit/ws_trades", "deribit/ws_ticker"], Counter(trades=2, tickers=1)),
}


@pytest.mark.skipif(not SINGLE.is_dir(), reason="needs ../shared/frames")
@pytest.mark.parametrize("name", SINGLE_FRAMES)
def test_single_frames(name: str) -> None:
    files, wanted = SINGLE_FRAMES[name]
    frames = stamped(*((SINGLE / f"{file}.json").read_bytes() for file in files))
    other = theirs(name, frames)
    assert other.failures == []
    assert compare(name, ours(name, frames), other) == wanted


def stamped(*frames: bytes) -> Frames:
    """Frames received one microsecond after another."""
    return [(frame, (binance.T0 + 60_000) * 10**6 + number * 1000) for number, frame in enumerate(frames)]


@dataclass(frozen=True)
class Difference:
    """What the two make of the same frames, in the words of the venue's page, and how it shows."""

    what: str
    cryptofeed: str
    here: str
    right: str
    feed: str
    frames: list[bytes]
    shows: Callable[[Heard, Heard], bool]
    """Of theirs and ours."""


def prices(told: Heard, instrument: str) -> list[tuple[Decimal, Decimal]]:
    return [(quote["bid_price"], quote["ask_price"]) for quote in told.tickers[instrument]]


def failed(other: Heard, reason: str) -> bool:
    return len(other.failures) == 1 and reason in other.failures[0]


def after_a_hole(other: Heard, mine: Heard) -> bool:
    """cryptofeed goes on with the wrong book; ours ends at the hole."""
    (wrong,), (right,) = other.books.values(), mine.books.values()
    return not other.failures and len(wrong) == len(right) + 1


USDM, LINEAR, SWAP = "BTCUSDT-PERP.BINANCE", "BTCUSDT-LINEAR.BYBIT", f"{okx.SWAP}.OKX"
PERPETUAL, PAIR, INVERSE = f"{deribit.PERPETUAL}.DERIBIT", f"{kraken.PAIR}.KRAKEN", f"{kraken_futures.INVERSE}.KRAKEN"
SPOT_TICKER = {"u": 1, "s": "BTCUSDT", "b": "63000.10", "B": "1", "a": "63000.20", "A": "2"}
WITHOUT_BID = {**bybit.WHOLE_TICKER, "bid1Price": "", "bid1Size": ""}
LEFT_BOOK = {key: value for key, value in bybit.WHOLE_TICKER.items() if not key.startswith("bid1")}
LEVEL = [["63000.10", "1"]], [["63000.20", "2"]]

# By page of docs/venues, in its order.
DIFFERENCES: dict[str, list[Difference]] = {
    "binance": [
        Difference(
            "time of books and quotes (USD-M, COIN-M)", "`E`", "`T`", "it was so since `T`; `E` is when the message was made",
            "binance-usdm", [binance.wire(binance.book_ticker(1), "btcusdt@bookTicker")],
            lambda other, mine: [told.tickers[USDM][0]["time"] for told in (other, mine)]
            == [(binance.T0 + 2) * 1000, binance.T0 * 1000],
        ),
        Difference(
            "time of quotes and REST books (spot)", "the receive time as a double; none", "the receive time",
            "no digit is lost, and every row has a time",
            "binance-spot", [binance.wire(SPOT_TICKER, "btcusdt@bookTicker")],
            lambda other, mine: abs(
                other.tickers["BTCUSDT.BINANCE"][0]["time"] - mine.tickers["BTCUSDT.BINANCE"][0]["time"]) <= 1,
        ),
        Difference(
            "`trade`", "left out", "trade", "it is sent, and aggregates hide its ids",
            "binance-usdm", [binance.wire(binance.trade(1), "btcusdt@trade")],
            lambda other, mine: not other.trades and mine.trades[USDM][0]["trade_id"] == "1",
        ),
        Difference(
            "a frame without the wrapper of combined streams", "fails", "read as any", "single streams have none",
            "binance-usdm", [binance.wire(binance.agg_trade(1))],
            lambda other, mine: failed(other, "stream") and len(mine.trades[USDM]) == 1,
        ),
    ],
    "bybit": [
        Difference(
            "time of a book", "`ts`", "`cts`", "the matching engine made the change at `cts`; `ts` is when it was sent",
            "bybit-linear", [bybit.book("snapshot", 7, *LEVEL)],
            lambda other, mine: [told.books[LINEAR][0].time for told in (other, mine)]
            == [(bybit.T0 + 2) * 1000, bybit.T0 * 1000],
        ),
        Difference(
            "a hole in `u`", "not noticed", "a gap", "rows after a hole are a wrong book",
            "bybit-linear", [bybit.book("snapshot", 7, *LEVEL), bybit.book("delta", 9, [["63000.00", "1"]], [])],
            after_a_hole,
        ),
        Difference(
            "`orderbook.1` beside a deeper one", "both in one book", "quotes, and a book of the deeper one",
            "a level that left the best would stay",
            "bybit-linear", [bybit.book("snapshot", 7, *LEVEL), bybit.book("snapshot", 90, *LEVEL, depth=1)],
            lambda other, mine: [len(told.books[LINEAR]) for told in (other, mine)] == [2, 1]
            and prices(mine, LINEAR) == [(Decimal("63000.10"), Decimal("63000.20"))],
        ),
        Difference(
            "an empty side of a ticker", "fails on `\"\"`; a price of 0 where the key is absent", "no quote",
            "nobody bids 0",
            "bybit-linear", [bybit.ticker("snapshot", **LEFT_BOOK), bybit.ticker("snapshot", **WITHOUT_BID)],
            lambda other, mine: prices(other, LINEAR) == [(Decimal(0), Decimal("17216"))]
            and failed(other, "Syntax") and not mine.tickers,
        ),
    ],
    "okx": [
        Difference(
            "`books5`", "fails", "depth10", "it has no `action`: each message is whole",
            "okx", [okx.top("books5", 601, okx.BIDS, okx.ASKS)],
            lambda other, mine: failed(other, "action"),
        ),
        Difference(
            "`index-tickers`", "fails: taken for `tickers`", "index_price", "its name only ends alike",
            "okx", [okx.push("index-tickers", {"instId": okx.SPOT, "idxPx": "1", "ts": str(okx.T0)}, instrument=okx.SPOT)],
            lambda other, mine: failed(other, "bidPx"),
        ),
        Difference(
            "`checksum`", "not looked at", "proven where it is not 0", "captures of before `seqId` have no other proof",
            "okx", [okx.book("snapshot", 100, -1, okx.BIDS, okx.ASKS, checksum=7)],
            lambda other, mine: len(other.books[SWAP]) == 1 and not mine.books,
        ),
        Difference(
            "an empty side of a ticker", "a price of 0", "no quote", "nobody bids 0",
            "okx", [okx.ticker(bid="", bid_size="")],
            lambda other, mine: prices(other, SWAP) == [(Decimal(0), Decimal("63913.4"))] and not mine.tickers,
        ),
    ],
    "kraken": [
        Difference(
            "protocol v1", "fails", "read", "captures of before 2026 speak it",
            "kraken-spot", [kraken.array("trade", [["1.5", "2.5", "1780000000.1", "b", "l", ""]])],
            lambda other, mine: bool(other.failures) and len(mine.trades) == 1,
        ),
        Difference(
            "time of a futures book", "none: it is read, then overwritten", "`timestamp`", "it is sent",
            "kraken-futures", [kraken_futures.snapshot(7)],
            lambda other, mine: [told.books[INVERSE][0].time for told in (other, mine)]
            == [None, kraken_futures.T0 * 1000],
        ),
        Difference(
            "a futures update that does not follow the snapshot", "not noticed", "a gap",
            "rows after a hole are a wrong book",
            "kraken-futures", [kraken_futures.snapshot(7), kraken_futures.book(9, "buy", "64000.5", "1.0")],
            after_a_hole,
        ),
        Difference(
            "a DELETE of a futures level not held", "fails, and starts anew", "a row, counted",
            "the book is what both say after it",
            "kraken-futures", [kraken_futures.snapshot(7), kraken_futures.book(8, "buy", "1.5", "0.0")],
            lambda other, mine: failed(other, "1.5") and len(mine.books[INVERSE]) == 2,
        ),
        Difference(
            "`trade_snapshot`", "left out", "rows, known ids once", "what was traded before the subscription is known",
            "kraken-futures", [kraken_futures.history(kraken_futures.trade(1))],
            lambda other, mine: not other.trades and len(mine.trades[INVERSE]) == 1,
        ),
        Difference(
            "quotes of futures", "`ticker_lite`, without a time", "`ticker`", "a quote has sizes and a time",
            "kraken-futures", [kraken_futures.lite(), kraken_futures.ticker()],
            lambda other, mine: [len(told.tickers[INVERSE]) for told in (other, mine)] == [1, 1]
            and other.tickers[INVERSE][0]["time"] is None and mine.tickers[INVERSE][0]["time"] is not None,
        ),
    ],
    "deribit": [
        Difference(
            "a snapshot with `prev_change_id` `null`", "no snapshot: its book never begins", "a snapshot",
            "`type` says what it is",
            "deribit", [deribit.push(f"book.{deribit.PERPETUAL}.100ms", {
                "type": "snapshot", "timestamp": deribit.T0, "change_id": 1, "prev_change_id": None,
                "instrument_name": deribit.PERPETUAL, "bids": [["new", 1.5, 2.5]], "asks": [],
            })],
            lambda other, mine: not other.books and len(mine.books[PERPETUAL]) == 1,
        ),
        Difference(
            "grouped books", "fails", "depth10", "they are sent",
            "deribit", [deribit.grouped(501, *deribit.TOP)],
            lambda other, mine: failed(other, "unpack"),
        ),
        Difference(
            "`raw` beside `100ms`", "both in one book: a hole in each", "a book of each channel",
            "their numbers do not follow one another",
            "deribit", [
                deribit.book("snapshot", 100, None, deribit.BIDS, deribit.ASKS),
                deribit.book("snapshot", 103, None, deribit.BIDS, deribit.ASKS, interval="raw"),
                deribit.book("change", 105, 100, [deribit.bid(76901.0, 1.0)], []),
            ],
            lambda other, mine: failed(other, "MissingSequenceNumber") and len(mine.books[PERPETUAL]) >= 2,
        ),
        Difference(
            "an empty side of a ticker", "a price of 0", "no quote", "nobody bids 0",
            "deribit", [deribit.ticker(deribit.tick(best_bid_price=0.0, best_bid_amount=0.0))],
            lambda other, mine: prices(other, PERPETUAL) == [(Decimal(0), Decimal("76917.5"))] and not mine.tickers,
        ),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "difference",
    [pytest.param(found, id=f"{page}-{found.what}") for page, table in DIFFERENCES.items() for found in table],
)
def test_differences(difference: Difference) -> None:
    frames = stamped(*difference.frames)
    assert difference.shows(theirs(difference.feed, frames), ours(difference.feed, frames))


@pytest.mark.parametrize("page", DIFFERENCES)
def test_pages_list_the_differences(page: str) -> None:
    listed, heading = [], ""
    for line in (ROOT / f"docs/venues/{page}.md").read_text().splitlines():
        heading = line if line.startswith("#") else heading
        if heading == "## Where cryptofeed differs" and line.startswith("| ") and not line.startswith("| | "):
            listed.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    assert listed == [(row.what, row.cryptofeed, row.here, row.right) for row in DIFFERENCES[page]]
