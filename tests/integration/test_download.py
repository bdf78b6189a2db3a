"""`tickwright download` against a server on loopback that does what servers do."""

import hashlib
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
import tickwright
from tickwright.download import Settings, binance

from tests.dumps import archive

FAST = Settings(jobs=4, retries=4, backoff_s=0.01, max_backoff_s=0.05, timeout_s=0.6)
MONTH = "data/futures/um/monthly/trades/BTCUSDT/BTCUSDT-trades-2024-01.zip"


class Server:
    """Files by key; `faults` are told by key and taken one by one."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[str]] = {}
        self.asked: Counter[str] = Counter()
        self.ranges: list[str] = []
        self.checksums: dict[str, str] = {}
        self.page = 1_000
        self.delay_s = 0.0
        self.listing = True
        self.has_checksums = True
        self.coding: dict[str, str] = {}
        self.busy = self.most = 0
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                with outer.lock:
                    outer.busy += 1
                    outer.most = max(outer.most, outer.busy)
                try:
                    self.get()
                except (BrokenPipeError, ConnectionResetError):
                    pass
                finally:
                    with outer.lock:
                        outer.busy -= 1

            def get(self) -> None:
                parts = urlsplit(self.path)
                if parts.query:
                    return self.list(parse_qs(parts.query))
                key = unquote(parts.path.lstrip("/"))
                outer.asked[key] += 1
                if key.endswith("/"):
                    return self.folder(key)
                if key.endswith(".CHECKSUM"):
                    name = key.removesuffix(".CHECKSUM")
                    if name not in outer.files or not outer.has_checksums:
                        return self.answer(404)
                    text = outer.checksums.get(name) or hashlib.sha256(outer.files[name]).hexdigest()
                    return self.answer(200, f"{text}  {name.rsplit('/', 1)[-1]}\n".encode(), **outer.coding)
                time.sleep(outer.delay_s)
                fault = outer.faults.get(key, [])[:1]
                outer.faults[key] = outer.faults.get(key, [])[1:]
                return self.file(key, fault[0] if fault else "")

            def file(self, key: str, fault: str) -> None:
                body = outer.files.get(key)
                if body is None:
                    return self.answer(404)
                if fault.isdigit():
                    return self.answer(int(fault), b"no", Retry_After="0")
                if fault.startswith("after "):
                    return self.answer(429, b"no", Retry_After=fault.removeprefix("after "))
                if fault == "loop":
                    return self.answer(302, Location=self.path)
                tag = f'"{hashlib.md5(body).hexdigest()}"'
                if fault == "odd tag":
                    tag = '"\xe9"'
                start = 0
                wanted = self.headers.get("Range")
                if wanted is not None:
                    outer.ranges.append(wanted)
                    if self.headers.get("If-Range") == tag and fault != "no range":
                        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                if fault == "spoilt":
                    body = body[:10] + b"?" + body[11:]
                rest = body[start:]
                self.send_response(206 if start else 200)
                self.send_header("ETag", tag)
                if fault == "unmeasured":
                    rest = rest[: len(rest) // 2]
                    self.close_connection = True
                else:
                    self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                half = rest[: len(rest) // 2]
                if fault in ("cut", "odd tag"):
                    self.wfile.write(half)
                    self.wfile.flush()
                    self.connection.close()
                elif fault == "slow":
                    self.wfile.write(half)
                    self.wfile.flush()
                    time.sleep(1.5)
                else:
                    self.wfile.write(rest)

            def folder(self, prefix: str) -> None:
                names = sorted({k[len(prefix) :].split("/")[0] for k in outer.files if k.startswith(prefix)})
                if not names:
                    return self.answer(404)
                links = "".join(f'<li><a href="{name}">{name}</a></li>' for name in ["../", *names])
                self.answer(200, f"<html><body><ul>{links}</ul></body></html>".encode())

            def list(self, query: dict[str, list[str]]) -> None:
                if not outer.listing:
                    return self.answer(403)
                prefix, marker = query["prefix"][0], query.get("marker", [""])[0]
                keys = sorted(k for k in outer.files if k.startswith(prefix) and k > marker)
                shown = keys[: outer.page]
                entries = "".join(
                    f"<Contents><Key>{escape(k)}</Key><Size>{len(outer.files[k])}</Size></Contents>" for k in shown
                )
                more = len(keys) > len(shown)
                following = f"<NextMarker>{shown[-1]}</NextMarker>" if more else ""
                text = (
                    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/'
                    f'2006-03-01/"><Name>x</Name><IsTruncated>{str(more).lower()}</IsTruncated>{following}{entries}'
                    "</ListBucketResult>"
                )
                self.answer(200, text.encode(), **outer.coding)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def add(self, key: str, size: int = 200_000) -> bytes:
        self.files[key] = hashlib.shake_256(key.encode()).digest(size)
        return self.files[key]


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def get(server: Server, folder: Path, start: str = "2024-01", end: str = "2024-01", **more: Any) -> Any:
    options: dict[str, Any] = {"market": "um", "types": ["trades"], "symbols": ["BTCUSDT"], "settings": FAST} | more
    return binance(folder, start=start, end=end, base_url=server.url, **options)


def test_a_file_is_fetched_once_and_checked(server: Server, tmp_path: Path) -> None:
    body = server.add(MONTH)
    (file,) = get(server, tmp_path).files
    assert (file.status, file.bytes, file.received, file.checked) == ("fetched", len(body), len(body), True)
    assert (tmp_path / MONTH).read_bytes() == body
    assert (tmp_path / f"{MONTH}.CHECKSUM").read_text().split()[1] == "BTCUSDT-trades-2024-01.zip"
    (again,) = get(server, tmp_path).files
    assert again.status == "present"
    assert server.asked[MONTH] == 1
    # A file that was spoilt on the disk is not what was published.
    (tmp_path / MONTH).write_bytes(body[:-1])
    assert get(server, tmp_path).files[0].status == "fetched"
    assert (tmp_path / MONTH).read_bytes() == body


@pytest.mark.parametrize("faults", [["cut"], ["cut", "cut", "cut"], ["slow"], ["503", "429"], ["cut", "500", "slow"]])
def test_what_breaks_goes_on_where_it_stopped(server: Server, tmp_path: Path, faults: list[str]) -> None:
    body = server.add(MONTH)
    server.faults[MONTH] = list(faults)
    (file,) = get(server, tmp_path).files
    assert (file.status, (tmp_path / MONTH).read_bytes()) == ("fetched", body)
    broken = [fault for fault in faults if not fault.isdigit()]
    assert len(server.ranges) >= len(broken)
    assert not list(tmp_path.rglob("*.part*"))


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    body = server.add(MONTH)
    server.faults[MONTH] = ["cut", "no range"]
    assert get(server, tmp_path).files[0].status == "fetched"
    assert (tmp_path / MONTH).read_bytes() == body


def test_a_part_is_kept_and_taken_up_by_the_next_command(server: Server, tmp_path: Path) -> None:
    body = server.add(MONTH)
    server.faults[MONTH] = ["cut", *["500"] * 20]
    (file,) = get(server, tmp_path).files
    assert file.status == "failed"
    assert "500" in (file.error or "") and f"{len(body) // 2} bytes are kept" in (file.error or "")
    assert not (tmp_path / MONTH).exists()
    server.faults[MONTH] = []
    (file,) = get(server, tmp_path).files
    assert (file.status, file.received) == ("fetched", len(body) - len(body) // 2)
    assert (tmp_path / MONTH).read_bytes() == body


def test_a_part_of_an_older_version_is_not_joined_to_the_new_one(server: Server, tmp_path: Path) -> None:
    server.add(MONTH)
    server.faults[MONTH] = ["cut", *["500"] * 20]
    get(server, tmp_path)
    server.files[MONTH] = new = hashlib.shake_256(b"another").digest(150_000)
    server.faults[MONTH] = []
    assert get(server, tmp_path).files[0].status == "fetched"
    assert (tmp_path / MONTH).read_bytes() == new


def test_wrong_checksums(server: Server, tmp_path: Path) -> None:
    body = server.add(MONTH)
    server.faults[MONTH] = ["spoilt"]
    assert get(server, tmp_path).files[0].status == "fetched"
    assert (tmp_path / MONTH).read_bytes() == body
    (tmp_path / MONTH).unlink()
    server.checksums[MONTH] = "0" * 64
    (file,) = get(server, tmp_path).files
    assert file.status == "failed" and "SHA-256" in (file.error or "")
    assert not list(tmp_path.rglob("*.zip")) and not list(tmp_path.rglob("*.part"))


def test_without_a_checksum_the_archive_says_whether_it_is_whole(server: Server, tmp_path: Path) -> None:
    """Bodies of no told length end anywhere, and look whole."""
    server.has_checksums = False
    body = server.files[MONTH] = archive("BTCUSDT-trades-2024-01.csv", b"1,2.5,3,7.5,1704067200000,true\n" * 5_000)
    place = tmp_path / MONTH
    place.parent.mkdir(parents=True)
    place.write_bytes(body[:-10])
    server.faults[MONTH] = ["unmeasured"]
    (file,) = get(server, tmp_path).files
    assert (file.status, file.checked, file.attempts) == ("fetched", True, 2)
    assert place.read_bytes() == body
    assert get(server, tmp_path).files[0].status == "present"
    place.unlink()
    server.files[MONTH] = b"<html>Are you human?</html>"
    (file,) = get(server, tmp_path).files
    assert file.status == "failed" and "compression is damaged" in (file.error or "")
    assert not place.exists()


def test_a_tag_that_no_header_carries_is_not_sent_back(server: Server, tmp_path: Path) -> None:
    body = server.add(MONTH)
    server.faults[MONTH] = ["odd tag"]
    assert get(server, tmp_path).count("fetched") == 1
    assert ((tmp_path / MONTH).read_bytes(), server.ranges) == (body, [])
    for spoilt in (b"\xff\x00", b'"a"\r\nX: 1', b""):
        (tmp_path / MONTH).rename(tmp_path / f"{MONTH}.part")
        (tmp_path / f"{MONTH}.part.etag").write_bytes(spoilt)
        assert get(server, tmp_path).count("fetched") == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [("loop", "TooManyRedirects"), ("after 86400", "the server asks to wait 86400 seconds")],
)
def test_what_cannot_end_well_is_told_at_once(server: Server, tmp_path: Path, fault: str, said: str) -> None:
    server.add(MONTH)
    server.faults[MONTH] = [fault] * 30
    (file,) = get(server, tmp_path).files
    assert file.status == "failed" and said in (file.error or "")
    assert server.asked[MONTH] < 25, "no second attempt"


def test_the_time_that_a_server_names_is_waited_for(server: Server, tmp_path: Path) -> None:
    server.add(MONTH)
    when = time.time() + 2
    server.faults[MONTH] = [f"after {formatdate(when, usegmt=True)}", "after \xb2", "after soon"]
    assert get(server, tmp_path).count("fetched") == 1
    assert time.time() > int(when)


def test_answers_that_cannot_be_unpacked(server: Server, tmp_path: Path) -> None:
    server.add(MONTH)
    server.coding = {"Content_Encoding": "gzip"}
    report = get(server, tmp_path)
    assert [file.status for file in report.files] == ["failed"]
    assert "DecodingError" in (report.files[0].error or "") and "no listing" in report.notes[0]
    with pytest.raises(tickwright.InputError):
        get(server, tmp_path, list_url=server.url)


@pytest.mark.parametrize("times", [{"timeout_s": 0}, {"timeout_s": -1}, {"timeout_s": math.nan}, {"pause_s": -1}])
def test_times_that_nothing_can_wait_for(times: dict[str, float]) -> None:
    with pytest.raises(tickwright.UsageError, match="seconds"):
        Settings(**times)  # type: ignore[arg-type]


@pytest.mark.parametrize("base_url", ["http://[::1", "nope"])
def test_an_address_that_is_none(tmp_path: Path, base_url: str) -> None:
    span = {"start": "2024-01-01", "end": "2024-01-01"}
    report = binance(tmp_path, market="um", types=["trades"], symbols=["BTCUSDT"], base_url=base_url, **span)  # type: ignore[arg-type]
    (file,) = report.files
    assert (file.status, file.attempts) == ("failed", 0)


def test_months_and_days_cover_the_span(server: Server, tmp_path: Path) -> None:
    days = "data/futures/um/daily/trades/BTCUSDT/BTCUSDT-trades-{}.zip"
    for key in (MONTH, days.format("2024-01-31"), *(days.format(f"2024-02-{day:02}") for day in range(1, 30))):
        server.add(key, 1_000)
    server.page = 7
    report = get(server, tmp_path, "2024-01", "2024-02-10", dry_run=True)
    stamps = [Path(file.url).stem.split("trades-")[1] for file in report.files]
    assert stamps == ["2024-01", *(f"2024-02-{day:02}" for day in range(1, 11))]
    assert {file.status for file in report.files} == {"planned"} and not list(tmp_path.rglob("*.zip"))
    report = get(server, tmp_path, "2024-01-31", "2024-02-02")
    assert [Path(file.url).stem[-10:] for file in report.files] == ["2024-01-31", "2024-02-01", "2024-02-02"]
    report = get(server, tmp_path, "2023-05", "2023-06")
    assert report.files == [] and "nothing is published" in report.notes[0]


@pytest.mark.parametrize("interval", ["3d", "1w", "1mo"])
@pytest.mark.parametrize("listed", [True, False])
def test_long_klines_come_by_month_alone(server: Server, tmp_path: Path, interval: str, listed: bool) -> None:
    """Binance's own downloader has these among INTERVALS and not among DAILY_INTERVALS."""
    key = f"data/futures/um/monthly/klines/BTCUSDT/{interval}/BTCUSDT-{interval}-2024-0{{}}.zip"
    for month in (1, 2):
        server.add(key.format(month), 1_000)
    server.listing = listed
    report = get(server, tmp_path, "2024-01-15", "2024-02-10", types=["klines"], interval=interval)
    assert [(file.status, Path(file.path).name) for file in report.files] == [
        ("fetched", f"BTCUSDT-{interval}-2024-0{month}.zip") for month in (1, 2)
    ]


def test_symbols_that_are_no_latin_letters(server: Server, tmp_path: Path) -> None:
    """USD-M and spot list some since 2025: their names are in paths, listings and archives as they are."""
    symbol = "\u5e01\u5b89\u4eba\u751fUSDT"
    key = f"data/futures/um/monthly/trades/{symbol}/{symbol}-trades-2025-11.zip"
    text = "id,price,qty,quote_qty,time,is_buyer_maker\n1,0.25,10,2.5,1762000000000,true\n"
    server.files[key] = archive(f"{symbol}-trades-2025-11.csv", text.encode())
    (file,) = get(server, tmp_path / "dumps", "2025-11", "2025-11", symbols=[symbol]).files
    assert (file.status, file.checked) == ("fetched", True)
    report = tickwright.convert(tmp_path / "dumps", tmp_path / "catalog")
    assert [(table.instrument_id, table.rows) for table in report.tables] == [(f"{symbol}-PERP.BINANCE", 1)]


def test_without_a_listing_days_stand_in_for_a_month(server: Server, tmp_path: Path) -> None:
    server.listing = False
    server.add("data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02-03.zip", 1_000)
    report = get(server, tmp_path, "2024-02", "2024-02", market="spot", types=["klines"])
    assert report.count("fetched") == 1 and report.count("missing") == 29
    assert "no listing" in report.notes[0]


def test_many_files_at_once_but_not_too_many(server: Server, tmp_path: Path) -> None:
    for day in range(1, 29):
        server.add(f"data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-02-{day:02}.zip", 5_000)
    server.delay_s = 0.1
    report = get(server, tmp_path, "2024-02", "2024-02", types=["metrics"], settings=Settings(jobs=3, timeout_s=5))
    assert report.count("fetched") == 28
    assert 1 < server.most <= 3


@pytest.mark.parametrize(
    "bad",
    [
        {"market": "moon"},
        {"types": ["candles"]},
        {"symbols": ["../BTC"]},
        {"symbols": ["btcusdt"]},
        {"symbols": ["\u5e01/USDT"]},
        {"interval": "7"},
        {"start": "2024-13"},
        {"start": "2024-02", "end": "2024-01"},
        {"symbols": []},
    ],
    ids=str,
)
def test_what_cannot_be_is_said(server: Server, tmp_path: Path, bad: dict[str, Any]) -> None:
    with pytest.raises(tickwright.UsageError):
        get(server, tmp_path, **({"start": "2024-01", "end": "2024-01"} | bad))


def test_a_listing_cannot_lead_outside(server: Server, tmp_path: Path) -> None:
    server.add(MONTH)
    server.add("data/futures/um/monthly/trades/BTCUSDT/../../../../../../evil.zip")
    report = get(server, tmp_path / "in")
    assert [file.status for file in report.files] == ["fetched"]
    assert not list(tmp_path.glob("*.zip"))


def command(server: Server, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    options = ["--market", "um", "--type", "trades", "--symbols", "BTCUSDT", "--from", "2024-01", "--to", "2024-01"]
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from tickwright.cli import main; main()",
            "download",
            "binance",
            *options,
            "--base-url",
            server.url,
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
    )


def test_the_command(server: Server, tmp_path: Path) -> None:
    server.add(MONTH)
    plan = command(server, "-o", "dumps", "--dry-run", cwd=tmp_path)
    assert plan.returncode == 0 and MONTH in plan.stdout and "1 files" in plan.stderr
    done = command(server, "-o", "dumps", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"][0]["status"] == "fetched"
    server.files.clear()
    gone = command(server, "-o", "other", cwd=tmp_path)
    assert gone.returncode == 3
    wrong = command(server, "-o", "dumps", "--market", "moon", cwd=tmp_path)
    assert wrong.returncode == 2 and "moon" in wrong.stderr
