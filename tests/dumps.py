"""Dumps written from the documented layouts: an invented market, one text a format, and files of them."""

import gzip
import hashlib
import io
import random
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from tests.reference import dumps as reference

DAY_MS = 86_400_000
START_MS = 1_704_067_200_000  # 2024-01-01
SPOT_START_US = 1_735_689_600_000_000  # 2025-01-01: spot is in microseconds from here on


def walk(seed: int, count: int) -> list[Decimal]:
    """A price that walks."""
    chance = random.Random(seed)
    price, out = 420_000, []
    for _ in range(count):
        price += chance.choice([-3, -1, 0, 0, 1, 3])
        out.append(Decimal(price).scaleb(-1))
    return out


def trades(
    product: str,
    *,
    seed: int = 1,
    count: int = 500,
    header: bool = False,
    first_id: int = 1_000,
    start: int = START_MS,
    step: int = 37,
) -> str:
    """``trades``: several a millisecond, now and then an id that is not there."""
    chance = random.Random(seed)
    lines = []
    if header:
        size = "base_qty" if product == "cm" else "quote_qty"
        lines.append(f"id,price,qty,{size},time,is_buyer_maker")
    id_, ts = first_id, start
    for price in walk(seed, count):
        id_ += chance.choice([1] * 30 + [3])
        ts += chance.choice([0, 0, 1, step])
        qty = Decimal(chance.randint(1, 5_000)).scaleb(-3)
        maker = chance.random() < 0.5
        if product == "spot":
            lines.append(f"{id_},{price}0000000,{qty}00000,{price * qty:.8f},{ts},{maker},True")
        else:
            lines.append(f"{id_},{price},{qty},{price * qty},{ts},{str(maker).lower()}")
    return "\n".join(lines) + "\n"


def agg_trades(product: str, *, seed: int = 2, count: int = 300, header: bool = False) -> str:
    """``aggTrades``."""
    chance = random.Random(seed)
    lines = ["agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"] if header else []
    id_, trade, ts = 70, 500, START_MS
    for price in walk(seed, count):
        id_ += 1
        ts += chance.choice([0, 1, 50])
        last = trade + chance.randint(0, 3)
        qty = Decimal(chance.randint(1, 5_000)).scaleb(-3)
        maker = chance.random() < 0.5
        tail = f"{maker},True" if product == "spot" else str(maker).lower()
        lines.append(f"{id_},{price},{qty},{trade},{last},{ts},{tail}")
        trade = last + 1
    return "\n".join(lines) + "\n"


KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def klines(
    length_ms: int, *, seed: int = 3, count: int = 100, header: bool = False, micros: bool = False, dead: bool = False
) -> str:
    """``klines`` of a fixed length; ``dead``: volumes are zero, as those of mark and index prices."""
    chance = random.Random(seed)
    lines = [KLINES_HEADER] if header else []
    unit = 1_000 if micros else 1
    start = SPOT_START_US if micros else START_MS
    for at, price in enumerate(walk(seed, count)):
        opened = start + at * length_ms * unit
        closed = opened + length_ms * unit - 1
        high, low = price + chance.randint(0, 9), price - chance.randint(0, 9)
        volume = Decimal(0 if dead else chance.randint(0, 10**6)).scaleb(-3)
        lines.append(f"{opened},{price},{high},{low},{price},{volume},{closed},{volume * 2},{60},{volume},{volume},0")
    return "\n".join(lines) + "\n"


def book_ticker(*, seed: int = 4, count: int = 300) -> str:
    """``bookTicker``; one side is empty at times."""
    chance = random.Random(seed)
    lines = ["update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"]
    id_, ts = 10**12, START_MS
    for price in walk(seed, count):
        id_ += chance.randint(1, 900)
        ts += chance.choice([0, 0, 1, 7])
        bid = Decimal(chance.randint(0, 40)).scaleb(-1)
        lines.append(f"{id_},{price},{bid},{price + 1},{chance.randint(1, 9)}.5,{ts},{ts + 3}")
    return "\n".join(lines) + "\n"


FUNDING_RATE = "calc_time,funding_interval_hours,last_funding_rate\n" + "".join(
    f"{START_MS + n * 8 * 3_600_000 + n % 3},8,{rate}\n"
    for n, rate in enumerate(["0.00010000", "-0.00003211", "0", "1E-8"] * 5)
)
METRICS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
    "2024-01-01 00:05:00,{symbol},74123.1230000000000000,3139102839.1230000000000000,1.1,1.2,1.3,0.9\n"
    "2024-01-01 00:10:00,{symbol},74124.5000000000000000,3139102840.0000000000000000,,,,\n"
)
LIQUIDATIONS = (
    "time,side,order_type,time_in_force,original_quantity,price,average_price,order_status,last_fill_quantity,"
    "accumulated_fill_quantity\n"
    f"{START_MS + 5},SELL,LIMIT,IOC,10,29000.1,29100.5,FILLED,3,7\n"
    f"{START_MS + 5},SELL,LIMIT,IOC,10,29000.1,29100.5,FILLED,3,7\n"
    f"{START_MS + 5},SELL,LIMIT,IOC,10,29000.1,29100.5,FILLED,4,8\n"
    f"{START_MS + 9},BUY,LIMIT,IOC,4,31000,30900,NEW,0,0\n"
)
BOOK_DEPTH = "timestamp,percentage,depth,notional\n2024-01-01 00:00:09,-5,4219.8,164.5\n"


def tardis_trades(
    *, seed: int = 5, count: int = 300, exchange: str = "binance-futures", ids: bool = True, start: int = START_MS
) -> str:
    """Tardis ``trades``; several of one message, some of them alike where there are no ids."""
    chance = random.Random(seed)
    lines = ["exchange,symbol,timestamp,local_timestamp,id,side,price,amount"]
    local = start * 1_000
    for n, price in enumerate(walk(seed, count)):
        local += chance.choice([0, 0, 5, 1_234])
        id_ = f"{seed}-{n}" if ids else ""
        side = chance.choice(["buy", "sell", "unknown"])
        lines.append(f"{exchange},BTCUSDT,{local - 1_500},{local},{id_},{side},{price},{chance.randint(1, 3)}")
    return "\n".join(lines) + "\n"


def tardis_book(
    *,
    seed: int = 6,
    count: int = 400,
    symbols: tuple[str, ...] = ("BTC-PERPETUAL", "ETH-PERPETUAL"),
    start: int = START_MS,
) -> str:
    """Tardis ``incremental_book_L2`` of several symbols: updates first, snapshots in between, exponents."""
    chance = random.Random(seed)
    lines = ["exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"]
    local = start * 1_000
    prices = walk(seed, count)
    for n, price in enumerate(prices):
        symbol = chance.choice(symbols)
        local += chance.choice([0, 900, 5_000])
        snapshot = n in (20, 21, 22, count // 2) or chance.random() < 0.02
        for level in range(chance.randint(3, 6) if snapshot else chance.randint(1, 4)):
            side = chance.choice(["bid", "ask"])
            amount = chance.choice(["0", "0.0", "10", "18640", "1e-7", "2.5E+3"])
            lines.append(
                f"deribit,{symbol},{local - 800},{local},{str(snapshot).lower()},{side},{price + level},{amount}"
            )
    return "\n".join(lines) + "\n"


def tardis_snapshots(levels: int, *, seed: int = 7, count: int = 60) -> str:
    """Tardis ``book_snapshot_<levels>``; deep levels are missing at times."""
    chance = random.Random(seed)
    names = [f"{side}[{n}].{what}" for n in range(levels) for side in ("asks", "bids") for what in ("price", "amount")]
    lines = [",".join(["exchange", "symbol", "timestamp", "local_timestamp", *names])]
    local = START_MS * 1_000
    for price in walk(seed, count):
        local += chance.choice([0, 100, 4_000])
        there = chance.randint(1, levels)
        row = ["okex-swap", "BTC-USDT-SWAP", str(local - 90), str(local)]
        for n in range(levels):
            row += [f"{price + n + 1}", f"{chance.randint(1, 90)}"] if n < there else ["", ""]
            row += [f"{price - n}", f"{chance.randint(1, 90)}"] if n < there else ["", ""]
        lines.append(",".join(row))
    return "\n".join(lines) + "\n"


def tardis_quotes(*, seed: int = 8, count: int = 200) -> str:
    """Tardis ``quotes``; a side is missing at times."""
    chance = random.Random(seed)
    lines = ["exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"]
    local = START_MS * 1_000
    for price in walk(seed, count):
        local += chance.choice([0, 700])
        ask = f"{chance.randint(1, 9)},{price + 1}" if chance.random() < 0.9 else ","
        lines.append(f"bitmex,XBTUSD,{local - 5},{local},{ask},{price},{chance.randint(1, 9)}")
    return "\n".join(lines) + "\n"


def tardis_ticker(*, seed: int = 9, count: int = 80) -> str:
    """Tardis ``derivative_ticker``; values are missing at times."""
    chance = random.Random(seed)
    lines = [
        "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,"
        "open_interest,last_price,index_price,mark_price"
    ]
    local = START_MS * 1_000
    for n, price in enumerate(walk(seed, count)):
        local += chance.choice([0, 700])
        funding = f"{START_MS * 1_000 + 28_800_000_000},0.000{n % 7}123,0.0001" if n % 5 else ",,"
        values = [str(1_000_000 + n), str(price), str(price + Decimal("0.25")), str(price - Decimal("0.5"))]
        values = [value if chance.random() < 0.8 else "" for value in values]
        lines.append(f"bitmex,XBTUSD,{local - 5},{local},{funding},{','.join(values)}")
    return "\n".join(lines) + "\n"


TARDIS_LIQUIDATIONS = (
    "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
    f"bybit,BTCUSDT,{START_MS}000,{START_MS}500,,buy,42000.5,0.25\n"
    f"bybit,BTCUSDT,{START_MS}000,{START_MS}500,,buy,42000.5,0.25\n"
    f"bybit,BTCUSDT,{START_MS}000,{START_MS}501,abc,sell,42001,3\n"
)
TARDIS_OPTIONS = (
    "exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,open_interest,last_price,bid_price,"
    "bid_amount,bid_iv,ask_price,ask_amount,ask_iv,mark_price,mark_iv,underlying_index,underlying_price,delta,gamma,"
    "vega,theta,rho\n"
    f"deribit,BTC-9JUN20-9875-P,{START_MS}000,{START_MS}500,put,9875,1591689600000000,0.1,0.0295,0.0205,15.1,55.91,"
    "0.0235,15.2,68.94,0.02210436,62.89,SYN.BTC-9JUN20,9756.36,-0.61752,0.00103,2.24964,-53.05655,-0.22796\n"
    f"deribit,BTC-9JUN20-9875-P,{START_MS}000,{START_MS}600,put,9875,1591689600000000,,,,,,,,,,62.89,"
    "SYN.BTC-9JUN20,,-0.61752,1e-5,2.24964,-53.05655,-0.22796\n"
    f"deribit,BTC-9JUN20-9875-P,{START_MS}000,{START_MS}700,put,9875,1591689600000000,,,,,,,,,,,SYN.BTC-9JUN20,,,,,,\n"
)

# Of others the volatilities are fractions (Huobi's are percent), no rho is sent, and what is zero is left out.
TARDIS_OTHER_OPTIONS = (
    TARDIS_OPTIONS.split("\n", 1)[0]
    + "\n"
    + "".join(
        f"{exchange},{symbol},{START_MS}000,{START_MS}{500 + n},call,40000,1709884800000000,12,,0.01,3,{iv},0.02,4,,0.015,"
        f"{iv},BTC-USD,42000.5,{greeks},\n"
        for n, (exchange, symbol, iv, greeks) in enumerate(
            [
                ("okex-options", "BTC-USD-240308-40000-C", "0.7637", "0.5512,0.0000412,21.4,-3.1"),
                ("okex-options", "BTC-USD-240308-40000-C", "1.5e0", ",,0.2,"),
                ("okex-options", "BTC-USD-240308-40000-C", "0.7", ",,,"),
                ("binance-european-options", "BTC-240308-40000-C", "0.38032115", "-0.34,0.00003214,99.3,-5.86"),
                ("bybit-options", "BTC-8MAR24-40000-C", "1.4674", "0.9,1E-5,1.5,-0.25"),
                ("huobi-dm-options", "BTC-USDT-240308-C-40000", "118.63", "0.5,0.00006528,15.7,-327.8"),
            ]
        )
    )
)

BYBIT_TRADES = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional"


def bybit_trades(symbol: str, *, seed: int = 10, count: int = 300, rpi: bool = False, fraction: int = 4) -> str:
    """``trading``: seconds with a fraction or none, several a time, newest first in part."""
    chance = random.Random(seed)
    lines = [BYBIT_TRADES + (",RPI" if rpi else "")]
    at = START_MS * 10
    rows = []
    for n, price in enumerate(walk(seed, count)):
        at += chance.choice([0, 0, 1, 5_000])
        stamp = f"{Decimal(at).scaleb(-4):.{fraction}f}" if fraction else str(at // 10_000)
        size = Decimal(chance.randint(1, 5_000)).scaleb(-3)
        id_ = f"{chance.getrandbits(32):08x}-0000-5000-8000-{n:012x}"
        gross = f"{price * size * 10**8:.6e}"
        tail = f",{chance.randint(0, 1)}" if rpi else ""
        side = chance.choice(["Buy", "Sell"])
        rows.append(f"{stamp},{symbol},{side},{size},{price},PlusTick,{id_},{gross},{size},{price * size}{tail}")
    if not fraction:
        rows.reverse()
    return "\n".join([*lines, *rows]) + "\n"


def okx_trades(
    symbol: str, *, seed: int = 20, count: int = 300, old: bool = False, bare: bool = False, chain: bool = False
) -> str:
    """``trades``: sizes in any spelling; ``old``: names in two languages, no instrument; ``bare``: and no names, as in 2021;
    ``chain``: two expiries."""
    chance = random.Random(seed)
    header = "trade_id/交易id,side/交易方向,size/数量,price/价格,created_time/成交时间"
    lines = [header if old else "instrument_name,trade_id,side,price,size,created_time,source"]
    at, id_ = START_MS, 750_000_000
    if bare:
        lines.clear()
    for price in walk(seed, count):
        at, id_ = at + chance.choice([0, 0, 1, 900]), id_ + chance.choice([1, 1, 1, 2])
        size = chance.choice(["1.772e-05", "9.0", "0.25", "3", "1E2"])
        side = chance.choice(["BUY", "SELL"] if old else ["buy", "sell"])
        name = chance.choice([f"{symbol}-240628", f"{symbol}-240329"]) if chain else symbol
        lines.append(f"{id_},{side},{size},{price},{at}" if old else f"{name},{id_},{side},{price},{size},{at},0")
    return "\n".join(lines) + "\n"


OKX_FUNDING_RATES = "instrument_name,funding_rate,funding_time\n" + "".join(
    f"{name}-SWAP,{rate},{START_MS + hour * 3_600_000}\n"
    for hour in (0, 8, 16)
    for name, rate in (
        ("BTC-USDT", "0.0000541230129"),
        ("BTC-USD", "-0.00015"),
        ("ETH-USDT", "0"),
        ("SOL-USDT", "1E-8"),
    )
)


def okx_candlesticks(symbol: str, *, seed: int = 22, count: int = 90, chain: bool = False, confirm: bool = True) -> str:
    """``candlesticks``: minutes, some left out; turnovers that are not there; ``chain``: two expiries."""
    chance = random.Random(seed)
    lines = ["instrument_name,open,high,low,close,vol,vol_ccy,vol_quote,open_time" + (",confirm" if confirm else "")]
    for n, price in enumerate(walk(seed, count)):
        if chance.random() < 0.1:
            continue
        high, low = price + chance.randint(0, 9), price - chance.randint(0, 9)
        volume = chance.choice(["0", "23503.2", "1.5E-05", "9.0"])
        turnover = chance.choice(["None,None", f"{volume},{volume}"])
        name = chance.choice([f"{symbol}-240628", f"{symbol}-240329"]) if chain else symbol
        row = f"{name},{price},{high},{low},{price},{volume},{turnover},{START_MS + 60_000 * n}"
        lines.append(row + (",1" if confirm else ""))
    return "\n".join(lines) + "\n"


def okx_swap_rates(name: str = "", *, header: bool = True) -> str:
    """``swaprate``, of before: the rate that was expected next and the one that was paid, names in two languages; in 2021
    none."""
    first = "" if name else "instrument_name/交易币对名,"
    lines = [
        f"{first}contract_type/合约类型,funding_rate/预测下一周期费率,real_funding_rate/本周期真实费率,funding_time/下一周期时间戳"
    ]
    for hour, expected, paid in ((16, "0.0002076", "0.0004659"), (8, "0.0010839", "-0.0008055"), (0, "", "2.5E-6")):
        for symbol in [""] if name else ["BTC-USDT-SWAP,", "ETH-USD-SWAP,"]:
            lines.append(f"{symbol}SWAP,{expected},{paid},{START_MS + hour * 3_600_000}")
    return "\n".join(lines if header else lines[1:]) + "\n"


def bybit_spot_trades(*, seed: int = 11, count: int = 300, rpi: bool = True) -> str:
    """``spot``: ids from 1, some trades of a millisecond alike."""
    chance = random.Random(seed)
    lines = ["id,timestamp,price,volume,side" + (",rpi" if rpi else "")]
    at = START_MS
    for n, price in enumerate(walk(seed, count), 1):
        at += chance.choice([0, 0, 0, 1, 900])
        volume = chance.choice(["0.0005", "0.25", "3"])
        lines.append(f"{n},{at},{price},{volume},{chance.choice(['buy', 'sell'])}" + (",0" if rpi else ""))
    return "\n".join(lines) + "\n"


def bybit_klines(minutes: int, *, seed: int = 12, count: int = 50) -> str:
    """``kline_for_metatrader4``: the first bar of a month of UTC is of three o'clock."""
    chance = random.Random(seed)
    lines = []
    for n, price in enumerate(walk(seed, count)):
        at = datetime(2021, 7, 1, 3) + timedelta(minutes=n * minutes)
        high, low = price + chance.randint(0, 9), price - chance.randint(0, 9)
        volume = Decimal(chance.randint(0, 10**6)).scaleb(-3)
        lines.append(f"{at:%Y.%m.%d %H:%M},{price},{high},{low},{price},{volume}")
    return "\n".join(lines) + "\n"


BYBIT_INDEX = "start_at,symbol,period,open,high,low,close\n" + "".join(
    f"{1_577_836_800 + 60 * n},BTCUSD,1,{price},{price + 2},{price - 1},{price + 1}\n"
    for n, price in enumerate(walk(13, 40))
)


def kraken_trades(*, seed: int = 14, count: int = 300, header: bool = True) -> str:
    """Time and sales since 2026: seven columns, six names."""
    chance = random.Random(seed)
    lines = ["Price,Volume,Timestamp,Type,OrderType,Misc"] if header else []
    at = START_MS * 10_000
    for n, value in enumerate(walk(seed, count), 90_000_000):
        at += chance.choice([0, 1, 12_345, 90_000_007])
        time = Decimal(at).scaleb(-7).normalize()
        volume = chance.choice(["0.00027625", "0.25000000", "3"])
        lines.append(f"{value}000,{volume},{time:f},{chance.choice('bs')},{chance.choice('lm')},,{n}")
    return "\n".join(lines) + "\n"


def kraken_time_and_sales(*, seed: int = 15, count: int = 300) -> str:
    """Time and sales before: whole seconds, some trades of one alike."""
    chance = random.Random(seed)
    lines, at = [], START_MS // 1_000
    for value in walk(seed, count):
        at += chance.choice([0, 0, 0, 1, 40])
        lines.append(f"{at},{value},{chance.choice(['0.25000000', '1'])}")
    return "\n".join(lines) + "\n"


def kraken_ohlcvt(minutes: int, *, seed: int = 16, count: int = 50) -> str:
    """OHLCVT: intervals without a trade are left out."""
    chance = random.Random(seed)
    lines, at = [], 1_700_006_400
    for value in walk(seed, count):
        at += 60 * minutes * chance.choice([1, 1, 3])
        high, low = value + chance.randint(0, 9), value - chance.randint(0, 9)
        volume = Decimal(chance.randint(1, 10**6)).scaleb(-8)
        lines.append(f"{at},{value},{high},{low},{value},{volume:f},{chance.randint(1, 99)}")
    return "\n".join(lines) + "\n"


Reader = Callable[[list[str]], reference.Rows]
SPOT_KLINES = klines(60_000, micros=True)
#: Every format: the file's name without extension, its text, the reference.
FORMATS: dict[str, tuple[str, str, Reader]] = {
    "spot trades": (
        "spot/BTCUSDT-trades-2024-01-01",
        trades("spot"),
        lambda t: reference.binance_trades(t, "spot", "BTCUSDT"),
    ),
    "spot trades in microseconds": (
        "BTCUSDT-trades-2025-01-01",
        trades("spot", start=SPOT_START_US, step=900_000),
        lambda t: reference.binance_trades(t, "spot", "BTCUSDT"),
    ),
    "um trades": (
        "BTCUSDT-trades-2024-01",
        trades("um", header=True),
        lambda t: reference.binance_trades(t, "um", "BTCUSDT"),
    ),
    "um trades without a header": (
        "BTCUSDT-trades-2021-01",
        trades("um"),
        lambda t: reference.binance_trades(t, "um", "BTCUSDT"),
    ),
    "cm trades": (
        "BTCUSD_PERP-trades-2024-01",
        trades("cm", header=True),
        lambda t: reference.binance_trades(t, "cm", "BTCUSD_PERP"),
    ),
    "cm trades of a future": (
        "BTCUSD_240329-trades-2024-01",
        trades("cm", header=True),
        lambda t: reference.binance_trades(t, "cm", "BTCUSD_240329"),
    ),
    "spot aggTrades": (
        "ETHUSDT-aggTrades-2024-01-01",
        agg_trades("spot"),
        lambda t: reference.binance_trades(t, "spot", "ETHUSDT", reference.AGG_TRADES),
    ),
    "um aggTrades": (
        "ETHUSDT-aggTrades-2024-01-01",
        agg_trades("um", header=True),
        lambda t: reference.binance_trades(t, "um", "ETHUSDT", reference.AGG_TRADES),
    ),
    "spot klines": (
        "BTCUSDT-1m-2025-01-01",
        SPOT_KLINES,
        lambda t: reference.binance_klines(t, "spot", "BTCUSDT"),
    ),
    "um klines": (
        "um/klines/BTCUSDT-4h-2024-01",
        klines(4 * 3_600_000, header=True),
        lambda t: reference.binance_klines(t, "um", "BTCUSDT"),
    ),
    "um klines without a header": (
        "um/klines/BTCUSDT-1d-2024-01",
        klines(DAY_MS, count=20),
        lambda t: reference.binance_klines(t, "um", "BTCUSDT"),
    ),
    "um monthly klines": (
        "um/klines/BTCUSDT-1mo-2024",
        f"{KLINES_HEADER}\n{START_MS},1,3,1,2,9,{START_MS + 31 * DAY_MS - 1},0,3,0,0,0\n"
        f"{START_MS + 31 * DAY_MS},2,3,1,2,9,{START_MS + 60 * DAY_MS - 1},0,3,0,0,0\n",
        lambda t: reference.binance_klines(t, "um", "BTCUSDT"),
    ),
    "mark price klines": (
        "um/markPriceKlines/BTCUSDT-1m-2024-01-01",
        klines(60_000, header=True, dead=True),
        lambda t: reference.binance_klines(t, "um", "BTCUSDT", "MARK"),
    ),
    "index price klines": (
        "cm/indexPriceKlines/BTCUSD-1m-2024-01-01",
        klines(60_000, header=True, dead=True),
        lambda t: reference.binance_index_klines(t, "BTCUSD"),
    ),
    "bookTicker": (
        "BTCUSDT-bookTicker-2024-01-01",
        book_ticker(),
        lambda t: reference.binance_book_ticker(t, "um", "BTCUSDT"),
    ),
    "fundingRate": (
        "BTCUSDT-fundingRate-2024-01",
        FUNDING_RATE,
        lambda t: reference.binance_funding_rate(t, "um", "BTCUSDT"),
    ),
    "um metrics": (
        "BTCUSDT-metrics-2024-01-01",
        METRICS.format(symbol="BTCUSDT"),
        lambda t: reference.binance_metrics(t, "um"),
    ),
    "cm metrics": (
        "BTCUSD_PERP-metrics-2024-01-01",
        METRICS.format(symbol="BTCUSD_PERP"),
        lambda t: reference.binance_metrics(t, "cm"),
    ),
    "liquidationSnapshot": (
        "BTCUSD_PERP-liquidationSnapshot-2024-01-01",
        LIQUIDATIONS,
        lambda t: reference.binance_liquidations(t, "cm", "BTCUSD_PERP"),
    ),
    "tardis trades": ("trades_BTCUSDT", tardis_trades(), reference.tardis_trades),
    "tardis trades without ids": ("trades_dydx", tardis_trades(ids=False), reference.tardis_trades),
    "tardis book": ("incremental_book_L2_PERPETUALS", tardis_book(), reference.tardis_book),
    "tardis snapshots of 5": ("book_snapshot_5", tardis_snapshots(5), reference.tardis_snapshots),
    "tardis snapshots of 25": ("book_snapshot_25", tardis_snapshots(25), reference.tardis_snapshots),
    "tardis quotes": ("quotes", tardis_quotes(), reference.tardis_quotes),
    "tardis derivative ticker": ("derivative_ticker", tardis_ticker(), reference.tardis_ticker),
    "tardis liquidations": ("liquidations", TARDIS_LIQUIDATIONS, reference.tardis_liquidations),
    "tardis options": ("options_chain", TARDIS_OPTIONS, reference.tardis_options),
    "tardis options of other venues": ("options_chain", TARDIS_OTHER_OPTIONS, reference.tardis_options),
    "bybit linear trades": (
        "trading/BTCUSDT/BTCUSDT2024-01-01",
        bybit_trades("BTCUSDT", rpi=True),
        reference.bybit_trades,
    ),
    "bybit trades of a dated contract": (
        "BTC-29MAR242024-01-01",
        bybit_trades("BTC-29MAR24", fraction=1),
        reference.bybit_trades,
    ),
    "bybit inverse trades in whole seconds": (
        "BTCUSD2019-10-01",
        bybit_trades("BTCUSD", fraction=0),
        reference.bybit_trades,
    ),
    "bybit inverse trades of a quarter": (
        "BTCUSDH242024-01-01",
        bybit_trades("BTCUSDH24"),
        reference.bybit_trades,
    ),
    "bybit spot trades": (
        "spot/BTCUSDT/BTCUSDT_2024-01-01",
        bybit_spot_trades(),
        lambda t: reference.bybit_spot_trades(t, "BTCUSDT"),
    ),
    "bybit spot trades of a month": (
        "BTCUSDT-2024-01",
        bybit_spot_trades(rpi=False),
        lambda t: reference.bybit_spot_trades(t, "BTCUSDT"),
    ),
    "bybit klines": (
        "BTCUSDT_15_2021-07-01_2021-07-31",
        bybit_klines(15),
        lambda t: reference.bybit_klines(t, "BTCUSDT", 15),
    ),
    "bybit inverse klines": (
        "BTCUSD_60_2021-07-01_2021-07-31",
        bybit_klines(60),
        lambda t: reference.bybit_klines(t, "BTCUSD", 60),
    ),
    "okx trades": (
        "traderecords/trades/daily/20240101/BTC-USDT-SWAP-trades-2024-01-01",
        okx_trades("BTC-USDT-SWAP"),
        lambda t: reference.okx_trades(t),
    ),
    "okx trades of a chain of futures": (
        "BTC-USD-futureschain-trades-2024-01-01",
        okx_trades("BTC-USD", chain=True),
        lambda t: reference.okx_trades(t),
    ),
    "okx trades of before 2024": (
        "BTC-USDT-trades-2024-01-01",
        okx_trades("BTC-USDT", old=True),
        lambda t: reference.okx_trades(t, "BTC-USDT"),
    ),
    "okx trades of 2021, without a header": (
        "BTC-USDT-SWAP-trades-2021-10-05",
        okx_trades("BTC-USDT-SWAP", seed=24, old=True, bare=True),
        lambda t: reference.okx_trades(t, "BTC-USDT-SWAP"),
    ),
    "okx aggtrades of 2021, without a header": (
        "traderecords/aggtrades/monthly/202111/ETH-USDT-aggtrades-2021-11-05",
        okx_trades("ETH-USDT", seed=25, old=True, bare=True),
        lambda t: reference.okx_trades(t, "ETH-USDT"),
    ),
    "okx aggtrades": (
        "ETH-USDT-aggtrades-2024-01-01",
        okx_trades("ETH-USDT", seed=21),
        lambda t: reference.okx_trades(t),
    ),
    "okx candlesticks": (
        "traderecords/candlesticks/daily/20240101/BTC-USDT-SWAP-candlesticks-2024-01-01",
        okx_candlesticks("BTC-USDT-SWAP"),
        lambda t: reference.okx_candlesticks(t),
    ),
    "okx candlesticks of a chain of futures": (
        "BTC-USD-futureschain-candlesticks-2024-01",
        okx_candlesticks("BTC-USD", seed=23, chain=True, confirm=False),
        lambda t: reference.okx_candlesticks(t),
    ),
    "okx funding rates": (
        "allswap-fundingrates-2024-01-01",
        OKX_FUNDING_RATES,
        reference.okx_funding_rates,
    ),
    "okx swap rates": (
        "traderecords/swaprate/monthly/202401/allswaprate-swaprate-2024-01-01",
        okx_swap_rates(),
        reference.okx_funding_rates,
    ),
    "okx swap rates without a header": (
        "traderecords/swaprate/monthly/202112/allswaprate-swaprate-2021-12-01",
        okx_swap_rates(header=False),
        reference.okx_funding_rates,
    ),
    "okx swap rates of one": (
        "SOL-USDT-SWAP-swaprate-2024-01-01",
        okx_swap_rates("SOL-USDT-SWAP"),
        lambda t: reference.okx_funding_rates(t, "SOL-USDT-SWAP"),
    ),
    "bybit spot index": (
        "spot_index/BTCUSD/BTCUSD2020-01-01_index_price",
        BYBIT_INDEX,
        reference.bybit_spot_index,
    ),
    "kraken trades": ("XBTEUR", kraken_trades(), lambda t: reference.kraken_trades(t, "BTC/EUR")),
    "kraken trades without a header": (
        "Kraken_Trading_History_Q1_2026/XDGUSD",
        kraken_trades(header=False),
        lambda t: reference.kraken_trades(t, "DOGE/USD"),
    ),
    "kraken time and sales": (
        "TimeAndSales_Combined/ETHXBT",
        kraken_time_and_sales(),
        lambda t: reference.kraken_time_and_sales(t, "ETH/BTC"),
    ),
    "kraken bars": ("XBTUSD_5", kraken_ohlcvt(5), lambda t: reference.kraken_ohlcvt(t, "BTC/USD", 5)),
    "kraken bars of twelve hours": (
        "SOLEUR_720",
        kraken_ohlcvt(720),
        lambda t: reference.kraken_ohlcvt(t, "SOL/EUR", 720),
    ),
}


def archive(name: str, text: bytes, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of one file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        made.writestr(name, text)
    return out.getvalue()


def write(folder: Path, stem: str, text: str | bytes, kind: str = "csv") -> Path:
    """A dump as a file: ``csv``, ``csv.gz``, ``csv.zst`` or ``zip``."""
    body = text.encode() if isinstance(text, str) else text
    path = folder / f"{stem}.{kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "zip":
        body = archive(f"{path.stem}.csv", body)
    elif kind == "csv.gz":
        body = gzip.compress(body)
    elif kind == "csv.zst":
        body = pa.compress(body, codec="zstd", asbytes=True)
    path.write_bytes(body)
    return path


def checksum(path: Path) -> Path:
    """The ``.CHECKSUM`` file that Binance puts beside an archive."""
    beside = path.with_name(path.name + ".CHECKSUM")
    beside.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    return beside
