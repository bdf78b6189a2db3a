"""The downloader: files over HTTP, each resumed, retried, checked and put in place whole.

A file is written to ``<name>.part`` and renamed when its SHA-256 is the published one, or, where none is published,
when its own compression says that it is whole, so a name without ``.part`` is a whole file. What is there and right is
not fetched again. A connection that breaks goes on where it stopped (``Range`` with ``If-Range``, RFC 9110 sections
13.1.5 and 14.2); answers 408, 429 and 5xx are tried again after a pause that doubles with full jitter (Brooker,
"Exponential Backoff And Jitter", 2015) or that the server names (``Retry-After``).
"""

import gzip
import hashlib
import os
import random
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self

import httpx

from tickwright import _core

_DAY_S = 86_400
#: A server that wants more patience than this is told of, not waited for.
_LONGEST_S = 3_600


@dataclass(frozen=True, slots=True)
class Settings:
    """How hard and how politely to try.

    Attributes
    ----------
    jobs : int
        Files fetched at the same time.
    retries : int
        Attempts beyond the first, for each request.
    backoff_s, max_backoff_s : float
        Longest pause before the first retry, and before any.
    timeout_s : float
        Longest wait for a connection, and for the next bytes of a body.
    pause_s : float
        Least time between the starts of two requests, over all jobs.

    """

    jobs: int = 4
    retries: int = 6
    backoff_s: float = 0.5
    max_backoff_s: float = 60.0
    timeout_s: float = 30.0
    pause_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse times that nothing can wait for.

        Raises
        ------
        tickwright.UsageError
            A timeout or pause that cannot be.

        """
        if not 0 < self.timeout_s <= _DAY_S:
            raise _core.UsageError(f"timeout {self.timeout_s}: seconds, more than 0, at most {_DAY_S}")
        if not 0 <= self.pause_s <= _DAY_S:
            raise _core.UsageError(f"pause {self.pause_s}: seconds, 0 to {_DAY_S}")


@dataclass(frozen=True, slots=True)
class Item:
    """One file to fetch.

    Attributes
    ----------
    url : str
        Where it is.
    path : Path
        Where it goes.
    checksum_url : str or None
        Where its SHA-256 is published, as ``<hex>  <name>``. Where it is not, the file's own compression, gzip or zip,
        has to say that it is whole.
    size : int or None
        Bytes, where a listing says so.

    """

    url: str
    path: Path
    checksum_url: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """How one file ended.

    Attributes
    ----------
    url, path : str
        From where, to where.
    status : str
        ``"fetched"``, ``"present"`` (there and right already), ``"missing"`` (not published), ``"failed"``,
        ``"planned"``.
    bytes : int
        Bytes of the file.
    received : int
        Bytes that came over the network for it.
    attempts : int
        Requests for it.
    checked : bool
        Whether its SHA-256 was the published one, or its compression is whole.
    error : str or None
        What went wrong.

    """

    url: str
    path: str
    status: str
    bytes: int = 0
    received: int = 0
    attempts: int = 0
    checked: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DownloadReport:
    """What became of a plan: one `FileReport` a file, in the plan's order, and notes."""

    files: list[FileReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def planned(cls, items: Sequence[Item], notes: list[str]) -> Self:
        """Of a dry run: every file is planned, with its size where the publisher tells it."""
        return cls([FileReport(item.url, os.fspath(item.path), "planned", item.size or 0) for item in items], notes)

    def count(self, status: str) -> int:
        """How many files ended so."""
        return sum(file.status == status for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


class _Broken(Exception):
    """Worth another attempt; the server may have said after how many seconds."""

    def __init__(self, text: str, after_s: float | None = None) -> None:
        super().__init__(text)
        self.after_s = after_s


class _Missing(Exception):
    """404 or 410: there is no such file."""


class _Refused(Exception):
    """The server will not give it, however often it is asked."""


_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Of what no other attempt makes anything else.
_HOPELESS = (httpx.InvalidURL, httpx.TooManyRedirects, httpx.UnsupportedProtocol)


class Fetcher:
    """Requests of one download: a client, a pace, and when to give up."""

    def __init__(self, settings: Settings, *, sleep: Callable[[float], None] | None = None) -> None:
        limits = httpx.Limits(max_connections=max(1, settings.jobs))
        self._settings = settings
        self._client = httpx.Client(timeout=settings.timeout_s, limits=limits, follow_redirects=True)
        self._stop = threading.Event()
        self._sleep = sleep or self._stop.wait
        self._pace = threading.Lock()
        self._next = 0.0

    def __enter__(self) -> "Fetcher":
        """Itself: the client closes at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the client."""
        self._client.close()

    def stop(self) -> None:
        """End what runs, at the next chunk."""
        self._stop.set()

    def text(self, url: str, params: dict[str, str] | None = None) -> str:
        """A small body as text.

        Raises
        ------
        tickwright.InputError
            There is none, or it cannot be had.

        """
        try:
            body, _ = self._retry(lambda: self._small(url, params))
        except (_Missing, _Refused, _Broken) as error:
            raise _failed(f"{url}: {error}", url) from error
        return body

    def page(self, url: str) -> str | None:
        """A small body as text; `None` where there is none.

        Raises
        ------
        tickwright.InputError
            It cannot be had.

        """
        try:
            return self._retry(lambda: self._small(url, None))[0]
        except _Missing:
            return None
        except (_Refused, _Broken) as error:
            raise _failed(f"{url}: {error}", url) from error

    def file(self, item: Item, on_bytes: Callable[[int], None] = lambda _: None) -> FileReport:
        """Fetch one file; errors are in the report."""
        url, path = item.url, item.path
        attempts = received = 0

        def report(status: str, **more: Any) -> FileReport:
            size = path.stat().st_size if path.exists() else 0
            return FileReport(url, os.fspath(path), status, size, received, attempts, **more)

        try:
            wanted = self._checksum(item)
            if path.exists() and _wrong(path, path.name, wanted) is None:
                return report("present", checked=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            # The first whole body that is not what was published may have been spoilt on the way; a second was not.
            for last in (False, True):
                (size, tries), more = self._retry(lambda: self._body(item, on_bytes))
                received += size
                attempts += tries + more
                part = _part(path)
                wrong = _wrong(part, path.name, wanted)
                if wrong is None:
                    with part.open("rb+") as file:
                        os.fsync(file.fileno())
                    part.replace(path)
                    _mark(path).unlink(missing_ok=True)
                    return report("fetched", checked=True)
                _forget(path)
                if last:
                    return report("failed", error=f"{wrong}, twice")
        except _Missing:
            return report("missing", error="not published")
        except (_Broken, _Refused) as error:
            kept = _part(path).stat().st_size if _part(path).exists() else 0
            hint = f"; {kept} bytes are kept, the same command goes on from there" if kept else ""
            return report("failed", error=f"{error}{hint}")
        except OSError as error:
            return report("failed", error=f"{error.filename or path}: {error.strerror or error}")
        raise AssertionError("unreachable")

    def _checksum(self, item: Item) -> str | None:
        """The published SHA-256, kept beside the file; `None` where none is published."""
        if item.checksum_url is None:
            return None
        kept = item.path.with_name(item.path.name + ".CHECKSUM")
        try:
            text, _ = self._retry(lambda: self._small(item.checksum_url or "", None))
        except _Missing:
            return None
        words = text.split()
        if not words or len(words[0]) != 64 or not set(words[0].lower()) <= set("0123456789abcdef"):
            raise _Refused(f"{item.checksum_url}: no SHA-256 in it")
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(text)
        return words[0].lower()

    def _retry[T](self, work: Callable[[], T]) -> tuple[T, int]:
        """What `work` gives, and how many attempts failed before."""
        for attempt in range(self._settings.retries + 1):
            if self._stop.is_set():
                raise _Refused("stopped")
            try:
                return work(), attempt
            except _HOPELESS as error:
                raise _Refused(f"{type(error).__name__}: {error}") from error
            except (_Broken, httpx.TransportError, httpx.DecodingError) as error:
                broken = error if isinstance(error, _Broken) else _Broken(f"{type(error).__name__}: {error}")
                if attempt == self._settings.retries:
                    raise _Broken(f"{broken}, {attempt + 1} times") from error
                longest = min(self._settings.max_backoff_s, self._settings.backoff_s * 2**attempt)
                self._sleep(random.uniform(0, longest) if broken.after_s is None else broken.after_s)
        raise AssertionError("unreachable")

    def _begin(self) -> None:
        """Wait for this request's turn."""
        with self._pace:
            now = time.monotonic()
            wait = max(0.0, self._next - now)
            self._next = max(now, self._next) + self._settings.pause_s
        if wait:
            self._sleep(wait)

    def _small(self, url: str, params: dict[str, str] | None) -> str:
        self._begin()
        answer = self._client.get(url, params=params)
        _check(answer)
        return answer.text

    def _body(self, item: Item, on_bytes: Callable[[int], None]) -> tuple[int, int]:
        """Append what is missing to the part; bytes received, and 1."""
        self._begin()
        part, mark = _part(item.path), _mark(item.path)
        tag = mark.read_text(errors="replace") if mark.exists() else ""
        have = part.stat().st_size if part.exists() and _is_told_apart(tag) else 0
        # Bodies as they are: what is checked is the file, not a coding of it.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag}
        received = 0
        with self._client.stream("GET", item.url, headers=headers) as answer:
            if answer.status_code == 416:
                _forget(item.path)
                raise _Broken("416: the file has changed", 0.0)
            _check(answer)
            if answer.status_code != 206:
                have = 0
            tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            if _is_told_apart(tag):
                mark.write_text(tag)
            else:
                mark.unlink(missing_ok=True)
            with part.open("r+b" if have else "wb") as file:
                file.seek(have)
                file.truncate()
                for chunk in answer.iter_raw():
                    if self._stop.is_set():
                        raise _Refused("stopped")
                    file.write(chunk)
                    received += len(chunk)
                    on_bytes(len(chunk))
            length = answer.headers.get("Content-Length")
            if length is not None and int(length) != received:
                raise _Broken(f"the body ended after {received} of {length} bytes")
        return received, 1


def fetch_all(
    items: Sequence[Item],
    settings: Settings,
    *,
    on_bytes: Callable[[int], None] = lambda _: None,
    on_file: Callable[[FileReport], None] = lambda _: None,
) -> list[FileReport]:
    """Fetch every file, several at a time; reports in the order of `items`."""
    with Fetcher(settings) as fetcher, ThreadPoolExecutor(max(1, settings.jobs)) as pool:

        def one(item: Item) -> FileReport:
            report = fetcher.file(item, on_bytes)
            on_file(report)
            return report

        running = [pool.submit(one, item) for item in items]
        try:
            return [task.result() for task in running]
        except BaseException:
            # Ctrl-C among them: what has come stays in the parts.
            fetcher.stop()
            for task in running:
                task.cancel()
            raise


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wrong(path: Path, name: str, wanted: str | None) -> str | None:
    """Why a file is not what is published; `None` where it is, as far as that can be told."""
    if wanted is None:
        return _damage(path, name)
    return None if digest(path) == wanted else f"SHA-256 is not the published {wanted}"


def _damage(path: Path, name: str) -> str | None:
    """What a file's compression says is wrong with it."""
    try:
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                return None if archive.testzip() is None else "the CRC of its member is not what the archive says"
        with gzip.open(path) as stream:
            while stream.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        return f"its compression is damaged ({error})"
    return None


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _mark(path: Path) -> Path:
    """Which version of the file the part is of."""
    return path.with_name(path.name + ".part.etag")


def _is_told_apart(tag: str) -> bool:
    """Whether a version's tag can be asked for again: a strong one, and nothing that a header cannot carry."""
    return bool(tag) and tag.isascii() and tag.isprintable() and not tag.startswith("W/")


def _forget(path: Path) -> None:
    _part(path).unlink(missing_ok=True)
    _mark(path).unlink(missing_ok=True)


def _check(answer: httpx.Response) -> None:
    code = answer.status_code
    if code in (404, 410):
        raise _Missing(f"{code}: not published")
    if code in _AGAIN:
        after_s = _seconds(answer.headers.get("Retry-After", ""))
        if after_s is not None and after_s > _LONGEST_S:
            raise _Refused(f"{code} {answer.reason_phrase}: the server asks to wait {after_s:.0f} seconds")
        raise _Broken(f"{code} {answer.reason_phrase}", after_s)
    if code not in (200, 206):
        raise _Refused(f"{code} {answer.reason_phrase}")


def _seconds(after: str) -> float | None:
    """How long a ``Retry-After`` says, in seconds or as a date."""
    if after.isascii() and after.isdigit():
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _failed(text: str, path: str) -> Exception:
    error = _core.InputError(text)
    error.path = path
    return error
