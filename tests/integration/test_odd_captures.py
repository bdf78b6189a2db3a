"""Captures as recorders really leave them, in every odd form, against the slow reference on the plain one."""

import json
import lzma
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import tickwright

from tests.integration.test_sessions import tables
from tests.parity.support import reference_rows, same_rows
from tests.processes import gz, text, zstd
from tests.reference.decode import decode_files

type Frames = list[tuple[int, bytes]]

FEED = "binance-usdm"
START = 1_700_000_000_000  # ms


def depth(symbol: str, first: int, last: int, previous: int, ms: int, bid: int, size: int) -> bytes:
    name = symbol.lower()
    said = (
        f'{{"stream":"{name}@depth@100ms","data":{{"e":"depthUpdate","E":{ms},"T":{ms},"s":"{symbol}","U":{first},'
        f'"u":{last},"pu":{previous},"b":[["{bid}.5","{size}"]],"a":[["{bid + 7}.25","{size % 3}"]]}}}}'
    )
    return said.encode()


def snapshot(symbol: str, last: int, ms: int) -> bytes:
    said = (
        f'{{"stream":"{symbol.lower()}@depthSnapshot","generated":true,"data":{{"lastUpdateId":{last},"E":{ms},'
        f'"T":{ms},"bids":[["90.5","3"]],"asks":[["120.25","4.5"]]}}}}'
    )
    return said.encode()


def trade(symbol: str, number: int, ms: int) -> bytes:
    said = (
        f'{{"stream":"{symbol.lower()}@aggTrade","data":{{"e":"aggTrade","E":{ms},"a":{number},"s":"{symbol}",'
        f'"p":"10{number % 7}.1","q":"0.00{number % 9 + 1}","f":{number},"l":{number},"T":{ms},"m":true}}}}'
    )
    return said.encode()


def recorded(seed: int, *, symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT"), step: int = 1_000) -> Frames:
    """Books that lose updates, come to a snapshot again, begin their numbers anew; trades, some of them twice. Receive
    times are whole seconds times `step` ms, so that every unit holds them."""
    chance = random.Random(seed)
    frames: Frames = []
    ids = dict.fromkeys(symbols, 1_000)
    for event in range(400):
        ms, symbol = START + event * step, chance.choice(symbols)
        what, last = chance.random(), ids[symbol]
        if event < 2 * len(symbols) or what < 0.03:
            frames.append((ms, snapshot(symbol, last, ms)))
        elif what < 0.05:
            ids[symbol] += 10  # lost
        elif what < 0.06:
            ids[symbol] = chance.randint(1, 50)  # began anew
            frames.append((ms, snapshot(symbol, ids[symbol], ms)))
        elif what < 0.6:
            ids[symbol] += chance.randint(1, 4)
            frames.append(
                (ms, depth(symbol, last + 1, ids[symbol], last, ms, chance.randint(90, 99), chance.randint(0, 5)))
            )
        else:
            frames.append((ms, trade(symbol, event // 2, ms)))
    return [(ms * 1_000_000, frame) for ms, frame in frames]


def check(
    tmp_path: Path, odd: dict[str, bytes], plain: dict[str, bytes], **options: object
) -> tickwright.ConvertReport:
    """Files in an odd form give the rows that the reference makes of the plain ones."""
    paths: dict[str, list[Path]] = {}
    for folder, files in (("odd", odd), ("plain", plain)):
        (tmp_path / folder).mkdir(exist_ok=True)
        paths[folder] = [tmp_path / folder / name for name in files]
        for path, raw in zip(paths[folder], files.values(), strict=True):
            path.write_bytes(raw)
    report = tickwright.convert(paths["odd"], tmp_path / "catalog", feed=FEED, write_instruments=False, **options)
    wanted = decode_files(paths["plain"], FEED).rows
    found = tables(tmp_path / "catalog")
    assert found.keys() == wanted.keys()
    for key in wanted:
        same_rows(found[key], reference_rows(wanted[key]), key)
    assert sum(map(len, wanted.values())) > 5
    return report


def halves(pack: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Three members, each cut in the middle of a line."""
    return lambda raw: pack(raw[:1_001]) + pack(b"") + pack(raw[1_001:9_999]) + pack(raw[9_999:])


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "crlf": lambda raw: raw.replace(b"\n", b"\r\n"),
    "bom": lambda raw: b"\xef\xbb\xbf" + raw,
    "bom and crlf": lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"),
    "blank lines": lambda raw: b"\n\n" + raw.replace(b"\n", b"\n\n  \n", 20),
    "no newline at the end": lambda raw: raw.rstrip(b"\n"),
    "gzip members": halves(gz),
    "zstd frames": halves(zstd),
    "gzip, bom": lambda raw: gz(b"\xef\xbb\xbf" + raw),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_packings(tmp_path: Path, packing: str) -> None:
    raw = text(recorded(1))
    report = check(tmp_path, {"c.ndjson": PACKINGS[packing](raw)}, {"c.ndjson": raw})
    assert report.rejects == 0


@pytest.mark.parametrize("count", [3, 200])
def test_books_that_are_only_asked_for(tmp_path: Path, count: int) -> None:
    """Without a stream of changes each answer is the book at its time; one that says no more is told once."""
    frames = []
    for number in range(count):
        ms = START + number * 1_000
        frames.append((ms * 1_000_000, snapshot("BTCUSDT", 1_000 + number // 2 * 2, ms)))
        frames.append((ms * 1_000_000, trade("BTCUSDT", number, ms)))
    raw = text(frames)
    check(tmp_path, {"c.ndjson": raw}, {"c.ndjson": raw})
    rows = tables(tmp_path / "catalog")["delta", "BTCUSDT-PERP.BINANCE"]
    assert len({row["ts_init"] for row in rows}) == (count + 1) // 2


def stamped(frames: Frames, unit: int, form: str) -> bytes:
    """Lines with their receive times in a unit of so many ns."""
    forms = {
        "space": "{ts} {body}",
        "tab": "{ts}\t{body}",
        "comma": "{ts},{body}",
        "envelope": '{{"ts":{ts},"msg":{body}}}',
        "envelope, last": '{{ "msg" : {body} , "other": [1], "ts" : {ts} }}',
        "envelope, text": '{{"recv_ts":"{ts}","data":{text}}}',
        "envelope, local": '{{"local_ts":{ts},"raw":{text}}}',
    }
    lines = [
        forms[form].format(ts=ts // unit, body=body.decode(), text=json.dumps(body.decode())) for ts, body in frames
    ]
    return "\n".join(lines).encode() + b"\n"


@pytest.mark.parametrize(
    "form", ["space", "tab", "comma", "envelope", "envelope, last", "envelope, text", "envelope, local"]
)
@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_receive_times(tmp_path: Path, unit: int, form: str) -> None:
    frames = recorded(2)
    report = check(tmp_path, {"c.ndjson": stamped(frames, unit, form)}, {"c.ndjson": text(frames)})
    assert (report.rejects, report.unknown_topics) == (0, {})


def iso(ts: int) -> str:
    moment = datetime.fromtimestamp(ts // 10**9, UTC).replace(microsecond=ts % 10**9 // 1_000)
    return moment.isoformat(sep=" ", timespec="microseconds")


def quoted(value: object) -> str:
    return '"' + str(value).replace('"', '""') + '"'


def crawled(ts: int, body: str) -> str:
    head = {"exchange": "binance", "market_type": "linear_swap", "msg_type": "l2_event", "received_at": ts // 10**6}
    return json.dumps(head | {"json": body}, separators=(",", ":"))


def apart(ts: int, body: str) -> str:
    return f'{{"kind":"stream","recv_wall_ns":{ts},{body[1:]}'


def in_columns(ts: int, body: str) -> str:
    message = json.loads(body)
    data = json.dumps(message["data"], separators=(",", ":"))
    return f"{ts},{message['stream']},{quoted(data)}"


# A line of each recorder, and what stands before and after all of them. From the code that writes them:
# crypto-crawler/carbonbot; the others are plain scripts of several repositories.
RECORDERS: dict[str, tuple[Callable[[int, str], str], str, str, str]] = {
    "carbonbot": (crawled, "", "\n", "\n"),
    "message under its ns": (lambda ts, body: f'{{"recv_ns": {ts}, "msg": {body}}}', "", "\n", "\n"),
    "stream beside its data": (apart, "", "\n", "\n"),
    "time in the message": (lambda ts, body: f'{body[:-1]},"local_ts":{ts // 1_000}}}', "", "\n", "\n"),
    "seconds as a float": (
        lambda ts, body: json.dumps({"venue_ts": 1, "recv_ts": ts / 1e9, "raw": json.loads(body)}),
        "",
        "\n",
        "\n",
    ),
    "iso": (lambda ts, body: f'{{"local_recv_ts":"{iso(ts)}","payload":{body}}}', "", "\n", "\n"),
    "iso in front": (lambda ts, body: f"{iso(ts)}\t{body}", "", "\n", "\n"),
    "array": (lambda ts, body: f'{{"recv_ts":{ts // 10**6},"msg":{body}}}', "[", ",\n ", "]"),
    "csv": (lambda ts, body: f"{ts},{quoted(body)}", "received_ns,raw_json\r\n", "\r\n", "\r\n"),
    "csv without a header": (lambda ts, body: f"{ts / 1e9},{quoted(body)}", "", "\n", "\n"),
}


@pytest.mark.parametrize("recorder", RECORDERS)
def test_files_of_other_recorders(tmp_path: Path, recorder: str) -> None:
    # Received after they happened, so that a time of the exchange's is not taken for one of receipt.
    frames = [(ts + 7_000_000, body) for ts, body in recorded(7)]
    line, before, between, after = RECORDERS[recorder]
    raw = before + between.join(line(ts, body.decode()) for ts, body in frames) + after
    report = check(tmp_path, {"c.txt": raw.encode()}, {"c.ndjson": text(frames)})
    assert (report.rejects, report.accounting.frames.total) == (0, len(frames))
    assert report.accounting.bytes.total + report.accounting.container_bytes == len(raw)


def test_streams_in_a_column_of_their_own(tmp_path: Path) -> None:
    """Partial books are told by their stream alone."""
    frames = []
    for number in range(20):
        levels = f'"bids":[["{90 + number}.5","1"]],"asks":[["{120 + number}.5","2"]]'
        body = f'{{"stream":"btcusdt@depth5@100ms","data":{{"lastUpdateId":{number + 1},{levels}}}}}'
        frames.append(((START + number) * 1_000_000, body.encode()))
    path = tmp_path / "c.csv"
    rows = "".join(in_columns(ts, body.decode()) + "\r\n" for ts, body in frames)
    path.write_text("received_ns,stream,payload_json\r\n" + rows, newline="")
    [found] = tickwright.inspect(path)
    assert (found["feed"], found["container"], found["start_ns"]) == ("binance-spot", "csv", frames[0][0])
    batches, report = tickwright.decode_file(path)
    assert report["accounting"]["frames"]["rejected"] == 0
    [depths] = [batch for (kind, _), batch in batches.items() if kind == "depth10"]
    assert depths.num_rows == len(frames)


@pytest.mark.parametrize("symbol", ["", "BTCUSDT"])
def test_a_symbol_beside_rest_books(tmp_path: Path, symbol: str) -> None:
    body = '{"lastUpdateId":5,"bids":[["1.5","1"]],"asks":[["2.5","1"]]}'
    head = {"exchange": "binance", "market_type": "spot", "msg_type": "l2_snapshot"}
    named = head | ({"symbol": symbol} if symbol else {})
    path = tmp_path / "c.json"
    path.write_text(json.dumps(named | {"received_at": START, "json": body}) + "\n")
    batches, report = tickwright.decode_file(path, feed="binance-spot")
    assert report["accounting"]["frames"]["rejected"] == (0 if symbol else 1)
    assert [name for _, name in batches] == (["BTCUSDT.BINANCE"] if symbol else [])


NORMALIZED = {
    "type": "trade",
    "symbol": "BTCUSDT",
    "exchange": "binance-futures",
    "id": "1",
    "price": 1.5,
    "amount": 2,
    "side": "buy",
    "timestamp": "2023-11-14T22:13:20.000Z",
    "localTimestamp": "2023-11-14T22:13:20.010Z",
}
FOREIGN = {
    "normalized": (json.dumps(NORMALIZED).encode() + b"\n") * 2,
    "compression": lzma.compress(text(recorded(1))),
}


@pytest.mark.parametrize("code", FOREIGN)
def test_what_holds_no_frames_says_what_it_is(tmp_path: Path, code: str) -> None:
    path = tmp_path / "foreign.txt"
    path.write_bytes(FOREIGN[code])
    with pytest.raises(tickwright.InputError) as refused:
        tickwright.convert(path, tmp_path / "catalog")
    assert refused.value.code == code
    (tmp_path / "c.ndjson").write_bytes(text(recorded(1)))
    report = tickwright.convert(tmp_path, tmp_path / "catalog", write_instruments=False)
    assert [skipped["path"] for skipped in json.loads(report.to_json())["skipped"]] == [str(path)]


@pytest.mark.parametrize("seed", range(6))
def test_clocks_that_stand_and_go_back(tmp_path: Path, seed: int) -> None:
    chance, frames, ts = random.Random(seed), [], START * 1_000_000
    for _, body in recorded(seed):
        ts += chance.choice([0, 0, 1, 10**6, 10**9, -5 * 10**9, -(10**6)])
        frames.append((ts, body))
    raw = text(frames)
    check(tmp_path, {"c.ndjson": raw}, {"c.ndjson": raw}, jobs=2)


@pytest.mark.parametrize("seed", range(6))
def test_several_connections_in_files_of_their_own(tmp_path: Path, seed: int) -> None:
    """Each event is in one, two or three of them, later by a little; some of them go back in time."""
    chance = random.Random(seed)
    parts: list[Frames] = [[], [], []]
    for ts, body in recorded(seed, step=50):
        for part in chance.sample(parts, chance.randint(1, 3)):
            part.append((ts + chance.randint(0, 40_000_000), body))
    files = {f"{number}.ndjson": text(part) for number, part in enumerate(parts)}
    shuffled = list(files.items())
    chance.shuffle(shuffled)
    check(tmp_path, dict(shuffled), files)


def test_names_that_differ_in_case_alone_are_told(tmp_path: Path) -> None:
    """They are two instruments with a folder each; one query of both would give one of them. Across commits too."""
    catalog, notes = tmp_path / "catalog", []
    for number, symbol in enumerate(("kPEPEUSDT", "KPEPEUSDT", "BTCUSDT")):
        path = tmp_path / f"{number}.ndjson"
        path.write_bytes(text([(START * 1_000_000 + number, trade(symbol, number, START))]))
        report = tickwright.convert(path, catalog, feed=FEED, write_instruments=False)
        notes.append([note for note in report.notes if "case alone" in note])
    assert len(list((catalog / "data/trade_tick").iterdir())) == 3
    assert [len(found) for found in notes] == [0, 1, 0]
    assert "KPEPEUSDT-PERP.BINANCE and kPEPEUSDT-PERP.BINANCE" in notes[1][0]


def test_options_among_futures_are_no_futures(tmp_path: Path) -> None:
    """They come over the same hosts in the same messages; an option is no perpetual, whatever the message."""
    ms, option = START, "BTC-251219-89000-C"
    trade_ = (
        f'{{"stream":"{option.lower()}@optionTrade","data":{{"e":"trade","E":{ms},"T":{ms},"s":"{option}","t":200,'
        f'"p":"1420.000","q":"1.54","X":"MARKET","S":"BUY","m":false}}}}'
    )
    old = f'{{"e":"trade","E":{ms},"s":"{option}","t":"144","p":"5","q":"0.1","b":"4","a":"4","T":{ms},"S":"1"}}'
    ticker = f'{{"e":"bookTicker","u":7,"s":"{option}","b":"5.8","B":"38.47","a":"6.4","A":"96.37","T":{ms},"E":{ms}}}'
    frames = [said.encode() for said in (trade_, old, ticker)]
    frames += [depth(option, 1, 2, 0, ms, 90, 1), depth(option, 1, 2, 0, ms, 90, 1).replace(b"@depth@", b"@depth20@")]
    path = tmp_path / "options.ndjson"
    path.write_bytes(text([(ms * 1_000_000, frame) for frame in frames]))
    with pytest.raises(tickwright.InputError) as refused:
        tickwright.convert(path, tmp_path / "catalog")
    assert refused.value.code == "unknown_feed"
    path.write_bytes(text([(ms * 1_000_000, frame) for frame in [*frames, trade("BTCUSDT", 1, ms)]]))
    batches, report = tickwright.decode_file(path)
    assert list(batches) == [("trade", "BTCUSDT-PERP.BINANCE")]
    items = report["accounting"]["items"]
    assert (items["rows"], items["control"], report["rejects"]) == (1, len(frames), [])
    assert report["unknown_topics"] == {"(option)": len(frames)}


def test_frames_of_another_feed_in_between(tmp_path: Path) -> None:
    """What cannot be of the feed gives no row of it and is not lost from the accounting."""
    frames = recorded(4)
    strange = [
        (frames[100][0], b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[]}'),
        (frames[200][0], b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD"}]}'),
    ]
    mixed = sorted([*frames, *strange], key=lambda frame: frame[0])
    report = check(tmp_path, {"c.ndjson": text(mixed)}, {"c.ndjson": text(frames)})
    assert report.accounting.frames.total == len(mixed)
    assert report.accounting.frames.control + report.accounting.frames.rejected >= 2
