"""Kraken Futures to rows: one obvious reader of the socket's feeds and of the REST answers.

Comes in: frames in the order of arrival, with receive times, answers with their URLs. Goes out: rows (dicts with the field
names of Nautilus, prices and sizes as ``Decimal``), the end of every item and frame, gaps, books. Refused, by ``Reject``:
what ``wire.py`` refuses. The venue's page and the catalog's rules are the source; the Rust code is not.
"""

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.reference import wire
from tests.reference.kraken import listed, moment
from tests.reference.reader import UNSHAPED, Reader, Row
from tests.reference.wire import Obj, Reject

QUIET = {
    "ticker_lite", "heartbeat", "open_orders", "open_orders_snapshot", "open_orders_verbose",
    "open_orders_verbose_snapshot", "fills", "fills_snapshot", "open_positions", "balances", "balances_snapshot",
    "account_log", "account_log_snapshot", "notifications_auth", "account_balances_and_margins", "deposits_withdrawals",
}  # fmt: skip
MINUTE = 60 * 10**9
SPECS = {
    "1m": (1, "1-MINUTE"), "5m": (5, "5-MINUTE"), "15m": (15, "15-MINUTE"), "30m": (30, "30-MINUTE"),
    "1h": (60, "1-HOUR"), "4h": (240, "4-HOUR"), "12h": (720, "12-HOUR"), "1d": (1440, "1-DAY"), "1w": (10080, "1-WEEK"),
}  # fmt: skip
KNOWN = {
    "serverTime", "orderBook", "tickers", "ticker", "history", "elements", "candles", "rates", "instruments", "result",
    "error", "errors", "instrumentStatus", "more_candles", "len", "continuationToken", "event", "version", "feed",
    "product_ids", "message",
}  # fmt: skip


@dataclass
class Message:
    """A message of a book and the end it found."""

    whole: bool
    seq: int
    time: int  # 0: none
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    ts: int
    end: str = "withheld"


@dataclass
class Book:
    """A dict per side, and where it stands."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)
    seq: int | None = None
    base: int = 0
    time: int = 0
    stands: bool = False
    waiting: list[Message] = field(default_factory=list)
    emitted: int = 0


class KrakenFutures(Reader):
    """The state of one recording."""

    def __init__(self) -> None:
        super().__init__()
        self.books: dict[tuple[str, str], Book] = {}
        self.bound: dict[str, str] = {}
        self.trades: set[tuple[str, str]] = set()
        self.last: dict[tuple[str, str], int] = {}
        self.quotes: dict[str, tuple[int, list[Decimal]]] = {}
        self.states: dict[str, tuple[int, str]] = {}
        self.definitions: dict[str, Row] = {}
        self.gaps: list[tuple[str, str, int, int]] = []

    # --- frames -------------------------------------------------------------------------------------------------

    def push(self, body: bytes, ts: int, url: str = "") -> None:
        """Takes the next frame; ``url`` of an answer."""
        self.ts = ts
        self.begin()
        try:
            frame = wire.checked(wire.parse(body))
            if "feed" in frame and ("product_id" in frame or "event" not in frame):
                self._feed(frame)
            else:
                self._answer(frame, url)
        except Reject:
            self.parts[:] = ["rejected"]

    def id(self, symbol: str) -> str:
        """Nautilus's id of a product, which becomes the name of a folder."""
        if not symbol or set(symbol) & set('/\\<>:"|?*%') or symbol.startswith(".") or symbol != symbol.strip():
            raise Reject("symbol", symbol)
        return f"{symbol}.KRAKEN"

    def _once(self, kind: str, name: str, ts_event: int, **values: Any) -> None:
        if ts_event <= self.last.get((kind, name), 0):
            self.parts.append("duplicate")
            return
        self.last[(kind, name)] = ts_event
        self._row(kind, name, ts_event, **values)

    def _feed(self, frame: Obj) -> None:
        feed = wire.text(frame, "feed")
        if feed == "trade":
            self._trade(self._traded(frame))
        elif feed == "trade_snapshot":
            self._trades(wire.need(frame, "trades"), lambda item: self._traded(wire.checked(item)))
        elif feed == "ticker":
            self._ticker(frame)
        elif feed == "book":
            level = (wire.price(wire.need(frame, "price")), _standing(wire.need(frame, "qty")))
            side = _side(wire.need(frame, "side"))
            sides = ([level], []) if side == "BUYER" else ([], [level])
            self._book(frame, False, *sides)
        elif feed == "book_snapshot":
            sides = []
            for key in ("bids", "asks"):
                levels = [wire.checked(level) for level in listed(wire.need(frame, key), 0)]
                sides.append([(wire.price(wire.need(x, "price")), _standing(wire.need(x, "qty"))) for x in levels])
            self._book(frame, True, *sides)
        else:
            self.parts.append("control")
            if feed not in QUIET:
                self.unknown[feed] += 1

    # --- trades -------------------------------------------------------------------------------------------------

    def _traded(self, item: Obj) -> Row:
        price, size = wire.price(wire.need(item, "price")), wire.traded(wire.need(item, "qty"))
        uid = item.get("uid", "") or str(wire.unsigned(item, "seq"))
        return {
            "symbol": wire.text(item, "product_id").upper(), "side": _side(wire.need(item, "side")), "price": price, "size": size,
            "uid": uid, "forced": item.get("type") == "liquidation", "ts": wire.time_ns(wire.need(item, "time")),
        }  # fmt: skip

    def _trades(self, items: Any, read: Any) -> None:
        """Told oldest first, however they are listed."""
        found: list[Row | None] = []
        for item in listed(items, 0):
            try:
                found.append(read(item))
            except Reject:
                found.append(None)
        times = [trade["ts"] for trade in found if trade]
        if not times or times[0] >= times[-1]:
            found.reverse()
            found.sort(key=lambda trade: trade["ts"] if trade else 0)
        if not found:
            self.parts.append("control")
        for trade in found:
            if trade is None:
                self.parts.append("rejected")
            else:
                try:
                    self._trade(trade)
                except Reject:
                    self.parts.append("rejected")

    def _trade(self, trade: Row) -> None:
        name = self.id(trade["symbol"])
        if (name, trade["uid"]) in self.trades:
            self.parts.append("duplicate")
            return
        self.trades.add((name, trade["uid"]))
        values = {"price": trade["price"], "size": trade["size"]}
        self._row("trade", name, trade["ts"], **values, aggressor_side=trade["side"], trade_id=trade["uid"])
        if trade["forced"]:
            side = "BUY" if trade["side"] == "BUYER" else "SELL"
            self._row("liquidation", name, trade["ts"], side=side, **values, average_price="", trade_id=trade["uid"])

    # --- tickers ------------------------------------------------------------------------------------------------

    def _ticker(self, frame: Obj) -> None:
        values = {
            "mark": _computed(frame.get("markPrice")), "index": _computed(frame.get("index")),
            "interest": _number(frame.get("openInterest")), "suspended": _flag(frame, "suspended"),
            "post_only": _flag(frame, "post_only"),
        }  # fmt: skip
        four = [frame.get(key) for key in ("bid", "ask", "bid_size", "ask_size")]
        rate, absolute = _number(frame.get("relative_funding_rate")), _number(frame.get("funding_rate"))
        following = frame.get("next_funding_rate_time")
        following = wire.time_ns(following) if following else None
        if rate is None and absolute is None and following is not None:
            rate = Decimal(0)
        ts, name = wire.time_ns(wire.need(frame, "time")), self.id(wire.text(frame, "product_id").upper())
        self._tell_ticker(name, ts, values, four, rate, following)

    def _tell_ticker(
        self, name: str, ts: int, values: Row, four: list[Any], rate: Decimal | None, following: int | None
    ) -> None:
        prices = [Decimal(0) if value is None else wire.side_price(value) for value in four[:2]]
        sizes = [Decimal(0) if value is None else wire.size(value) for value in four[2:]]
        if values["interest"] is not None and values["interest"] < 0:
            raise Reject("size", values["interest"])
        if values["mark"] is not None:
            self._once("mark_price", name, ts, value=values["mark"])
        if values["index"] is not None:
            self._once("index_price", name, ts, value=values["index"])
        if rate is not None:
            self._once("funding_rate", name, ts, rate=rate, interval=None, next_funding_ns=following)
        if values["interest"] is not None:
            unit = {"PI_": "quote", "FI_": "quote", "PF_": "base", "FF_": "base"}.get(name[:3], "contracts")
            quote = values["interest"] if unit == "quote" else ""
            self._once("open_interest", name, ts, value=values["interest"], unit=unit, value_quote=quote)
        if values["suspended"] is not None:
            state = "suspended" if values["suspended"] else "post_only" if values["post_only"] else "trading"
            newest, held = self.states.get(name, (0, ""))
            if ts > newest:
                self.states[name] = (ts, state)
            if ts > newest and state != held:
                action = {"suspended": "SUSPEND", "post_only": "PAUSE", "trading": "TRADING"}[state]
                self._once("status", name, ts, action=action, reason=state, is_trading=state == "trading")
        self._quote(name, ts, prices + sizes)

    def _quote(self, name: str, ts: int, values: list[Decimal]) -> None:
        if not all(values):
            self.parts.append("control")
            return
        last_ts, last = self.quotes.get(name, (0, []))
        if ts <= last_ts:
            self.parts.append("duplicate")
            return
        self.quotes[name] = (ts, values)
        if values == last:
            self.parts.append("control")
            return
        keys = ("bid_price", "ask_price", "bid_size", "ask_size")
        self._row("quote", name, ts, **dict(zip(keys, values, strict=True)))

    # --- books --------------------------------------------------------------------------------------------------

    def _book(self, frame: Obj, whole: bool, bids: list[Any], asks: list[Any]) -> None:
        symbol, seq = wire.text(frame, "product_id").upper(), wire.unsigned(frame, "seq")
        time = wire.time_ns(frame["timestamp"]) if "timestamp" in frame else 0
        self._take(symbol, "book", Message(whole, seq, time, bids, asks, self.ts))

    def _take(self, symbol: str, channel: str, message: Message) -> None:
        name = self.id(symbol)
        if self.bound.setdefault(symbol, channel) != channel:
            self.parts.append("unselected")
            return
        self.parts.append(message)
        book = self.books.setdefault((symbol, channel), Book())
        if message.whole:
            timed = message.time > 0 and book.time > 0
            if (
                book.seq is not None
                and message.seq == book.seq
                and (message.seq or (timed and message.time == book.time))
            ):
                message.end = "duplicate"
            elif book.seq is not None and message.seq <= book.seq and timed and message.time <= book.time:
                message.end = "stale"
            else:
                self._replace(name, book, message)
        elif book.seq is not None and message.seq <= book.seq:
            message.end = "stale" if message.seq <= book.base else "duplicate"
        elif book.seq is None or message.seq > book.seq + 1:
            if book.stands and book.seq is not None:
                self.gaps.append((name, "sequence", book.seq, message.seq))
            book.stands = False
            same = [held for held in book.waiting if (held.seq, held.time) == (message.seq, message.time)]
            if same:
                message.end = "duplicate"
            else:
                book.waiting.append(message)
        else:
            self._apply(name, book, message)

    def _replace(self, name: str, book: Book, message: Message) -> None:
        was_empty = book.stands and not (book.bids or book.asks or message.bids or message.asks)
        book.seq = book.base = message.seq
        book.time, book.stands = message.time, True
        if was_empty:
            message.end = "control"
            return
        book.bids, book.asks = {}, {}
        rows = [("CLEAR", "NO_ORDER_SIDE", Decimal(0), Decimal(0))]
        for side, levels, into in (("BUY", message.bids, book.bids), ("SELL", message.asks, book.asks)):
            for price, size in levels:
                if size:
                    rows.append(("UPDATE" if price in into else "ADD", side, price, size))
                    into[price] = size
        self._deltas(name, book, message, rows, 32)
        waiting, book.waiting = book.waiting, []
        for late in waiting:
            if late.seq == book.seq + 1:
                self._apply(name, book, late)
            elif late.seq <= book.seq:
                late.end = "stale" if late.seq <= book.base else "duplicate"

    def _apply(self, name: str, book: Book, message: Message) -> None:
        book.seq, book.time, book.stands = message.seq, message.time, True
        rows = []
        for side, levels, into in (("BUY", message.bids, book.bids), ("SELL", message.asks, book.asks)):
            for price, size in levels:
                action = "UPDATE" if price in into else "ADD"
                if size:
                    into[price] = size
                else:
                    action = "DELETE"
                    into.pop(price, None)
                rows.append((action, side, price, size))
        self._deltas(name, book, message, rows, 0)

    def _deltas(self, name: str, book: Book, message: Message, rows: list[tuple[Any, ...]], flags: int) -> None:
        book.emitted = max(book.emitted, self.ts if flags else message.ts)
        for number, (action, side, price, size) in enumerate(rows):
            row = {"action": action, "side": side, "price": price, "size": size, "order_id": 0}
            row |= {"flags": flags | (128 if number == len(rows) - 1 else 0), "sequence": message.seq}
            row |= {"ts_event": message.time or message.ts, "ts_init": book.emitted}
            self.rows.append(("delta", name, row))
        message.end = "rows"

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, frame: Obj, url: str) -> None:
        server = moment(frame["serverTime"]) if "serverTime" in frame else 0
        readers = {
            "orderBook": lambda value: self._answered_book(value, server, url),
            "tickers": lambda value: self._each(value, lambda item: self._answered_ticker(wire.checked(item), server)),
            "ticker": lambda value: self._each([value], lambda item: self._answered_ticker(wire.checked(item), server)),
            "history": lambda value: self._last_trades(value, url),
            "elements": self._executions,
            "candles": lambda value: self._candles(value, url),
            "rates": lambda value: self._rates(value, url),
            "instruments": self._instruments,
        }
        found = [key for key in readers if key in frame]
        for key in found:
            readers[key](frame[key])
        if not found:
            self.parts.append("control")
            if not KNOWN & frame.keys():
                self.unknown["(no feed)"] += 1
            elif not {"error", "errors", "instrumentStatus", "event", "feed"} & frame.keys():
                self.unknown[UNSHAPED] += 1

    @staticmethod
    def _asked(url: str) -> str:
        asked = parse_qs(urlsplit(url).query).get("symbol")
        path = re.search(r"/charts/\w+/\w+/(\w+)/|/market/(\w+)/", urlsplit(url).path)
        symbol = asked[0] if asked else next((part for part in path.groups() if part), "") if path else ""
        if not symbol:
            raise Reject("missing", "symbol")
        return symbol.upper()

    def _answered_book(self, value: Any, server: int, url: str) -> None:
        sides = []
        for key in ("bids", "asks"):
            levels = [listed(level, 2) for level in listed(wire.need(wire.checked(value), key), 0)]
            sides.append([(wire.price(level[0]), wire.size(level[1])) for level in levels])
        self._take(self._asked(url), "snapshot", Message(True, 0, server, sides[0], sides[1], self.ts))

    def _answered_ticker(self, item: Obj, server: int) -> None:
        symbol = wire.text(item, "symbol").upper()
        if symbol[:3] in ("IN_", "RR_"):
            value = _computed(item.get("last"))
            if value is None or "lastTime" not in item:
                self.parts.append("control")
            else:
                self._once("index_price", self.id(symbol), moment(item["lastTime"]), value=value)
            return
        values = {
            "mark": _computed(item.get("markPrice")), "index": _computed(item.get("indexPrice")),
            "interest": _number(item.get("openInterest")), "suspended": _flag(item, "suspended"),
            "post_only": _flag(item, "postOnly"),
        }  # fmt: skip
        four = [item.get(key) for key in ("bid", "ask", "bidSize", "askSize")]
        self._tell_ticker(self.id(symbol), server or self.ts, values, four, None, None)

    def _last_trades(self, value: Any, url: str) -> None:
        symbol = self._asked(url)

        def read(item: Any) -> Row:
            item = wire.checked(item)
            price, size = wire.price(wire.need(item, "price")), wire.traded(wire.need(item, "size"))
            return {
                "symbol": symbol, "side": _side(wire.need(item, "side")), "price": price, "size": size,
                "uid": wire.text(item, "uid"), "forced": item.get("type") == "liquidation",
                "ts": moment(wire.need(item, "time")),
            }  # fmt: skip

        self._trades(value, read)

    def _executions(self, value: Any) -> None:
        items = listed(value, 0)
        known = [item for item in items if "Execution" in wire.checked(item).get("event", {})]
        self.parts += ["control"] * (len(items) - len(known))
        self.unknown[UNSHAPED] += len(items) - len(known)

        def read(item: Any) -> Row:
            made = wire.checked(item["event"]["Execution"]["execution"])
            taker = wire.checked(wire.need(made, "takerOrder"))
            return {
                "symbol": wire.text(taker, "tradeable").upper(), "side": _side(wire.need(taker, "direction").lower()),
                "price": wire.price(wire.need(made, "price")), "size": wire.traded(wire.need(made, "quantity")),
                "uid": wire.text(made, "uid"), "forced": taker.get("orderType", "").endswith("Liquidation"),
                "ts": wire.time_ns(wire.need(made, "timestamp")),
            }  # fmt: skip

        if known or not items:
            self._trades(known, read)

    def _candles(self, value: Any, url: str) -> None:
        symbol = self._asked(url)
        kind, _, resolution = urlsplit(url).path.rstrip("/").split("/")[-3:]
        if resolution not in SPECS or kind not in ("trade", "mark", "spot"):
            raise Reject("resolution", url)
        minutes, spec = SPECS[resolution]
        items = sorted(listed(value, 0), key=lambda item: item["time"])

        def read(item: Any) -> None:
            prices = [wire.price(wire.need(item, key)) for key in ("open", "high", "low", "close")]
            row = dict(zip(("open", "high", "low", "close"), prices, strict=True))
            row["volume"] = wire.size(wire.need(item, "volume"))
            end = wire.time_ns(wire.need(item, "time")) + minutes * MINUTE
            if end > (self.ts or wire.time_ns(items[-1]["time"])):
                self.parts.append("control")
            elif kind == "spot":
                self._once("index_price", self.id(symbol), end, value=prices[3])
            else:
                price_type = "LAST" if kind == "trade" else "MARK"
                self._of_the_past("bar", f"{self.id(symbol)}-{spec}-{price_type}-EXTERNAL", end, **row)

        self._each(items, read)

    def _rates(self, value: Any, url: str) -> None:
        symbol = self._asked(url)
        items = sorted(listed(value, 0), key=lambda item: str(item.get("timestamp")))

        def read(item: Any) -> None:
            rate = wire.decimal(wire.need(wire.checked(item), "relativeFundingRate"))
            ts = moment(wire.need(item, "timestamp"))
            row = {"rate": rate, "interval": None, "next_funding_ns": None}
            self._of_the_past("funding_rate", self.id(symbol), ts, **row)

        self._each(items, read)

    def _instruments(self, value: Any) -> None:
        for item in value:
            symbol = item["symbol"].upper()
            kinds = {"PI_": "CryptoPerpetual", "PF_": "CryptoPerpetual", "PV_": "CryptoPerpetual"}
            kinds |= {"FI_": "CryptoFuture", "FF_": "CryptoFuture", "FV_": "CryptoFuture"}
            if symbol[:3] in kinds:
                self.definitions[self.id(symbol)] = self._definition(symbol, kinds[symbol[:3]], item)
        self.parts.append("control")

    def _definition(self, symbol: str, kind: str, item: Obj) -> Row:
        tick, places = wire.decimal(item["tickSize"]), item.get("contractValueTradePrecision", 0)
        pair = symbol.split("_")[1]
        quote = item.get("quote") or ("USD" if pair.endswith("USD") else "XBT")
        base = item.get("base") or pair.removesuffix(quote)
        base, quote = ({"XBT": "BTC", "XDG": "DOGE"}.get(name, name) for name in (base, quote))
        inverse, step = item.get("type") == "futures_inverse", Decimal(1).scaleb(-places)
        margin = (item.get("marginLevels") or [{}])[0]
        return {
            "class": kind, "instrument_id": self.id(symbol), "raw_symbol": symbol, "base": base, "quote": quote,
            "settlement": base if inverse else quote, "is_inverse": inverse, "price_precision": wire.places(tick),
            "size_precision": max(0, places), "price_increment": wire.plain(tick), "size_increment": wire.plain(step),
            "multiplier": wire.plain(wire.decimal(item.get("contractSize", 1))),
            "activation_ns": moment(item["openingDate"]) if "openingDate" in item else None,
            "expiration_ns": moment(item["lastTradingTime"]) if kind == "CryptoFuture" and "lastTradingTime" in item else None,
            "margin_init": wire.plain(wire.decimal(margin["initialMargin"])) if margin else None,
            "margin_maint": wire.plain(wire.decimal(margin["maintenanceMargin"])) if margin else None,
        }  # fmt: skip


def _side(value: Any) -> str:
    """Who took."""
    if value not in ("buy", "sell"):
        raise Reject("side", value)
    return "BUYER" if value == "buy" else "SELLER"


def _standing(value: Any) -> Decimal:
    """A size in a book; what is below 0 says that nothing stands there."""
    return Decimal(0) if wire.decimal(value) < 0 else wire.size(value)


def _computed(value: Any) -> Decimal | None:
    """A price the venue computes; 0 is none."""
    return None if value is None or wire.decimal(value) == 0 else wire.mark(value)


def _flag(item: Obj, key: str) -> bool | None:
    return wire.boolean(item, key) if key in item else None


def _number(value: Any) -> Decimal | None:
    return None if value is None else wire.decimal(value)
