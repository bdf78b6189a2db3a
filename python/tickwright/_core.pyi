"""The compiled core. Use the typed functions of `tickwright` instead: this module may change."""

from collections.abc import Callable, Sequence
from typing import Any

__version__: str
DEBUG_BUILD: bool

class TickwrightError(Exception):
    """Anything tickwright refuses."""

    code: str
    path: str | None

class UsageError(TickwrightError):
    """Options that cannot be (exit code 2)."""

class InputError(TickwrightError):
    """An input that cannot be read (exit code 3)."""

class CatalogError(TickwrightError):
    """The catalog refuses (exit code 4)."""

class Cancelled(TickwrightError):
    """Stopped on request (exit code 130)."""

class Conversion:
    """A conversion on threads of its own, to be watched and stopped."""

    def __init__(self, options: str) -> None: ...
    def poll(self) -> str:
        """Progress as JSON."""

    def done(self, timeout: float = 0.0) -> bool:
        """Wait up to `timeout` seconds (at most 0.2); whether it is over."""

    def cancel(self) -> None:
        """Ask it to stop."""

    def result(self) -> str:
        """The report as JSON; waits for the end."""

class Decoder:
    """Decodes frames of one feed."""

    def __init__(self, feed: str, instruments: bytes | None = None, options: str = "{}") -> None: ...
    def push(self, frame: bytes, ts_init: int) -> None: ...
    def push_many(self, buffers: Sequence[bytes], ts_inits: Sequence[int]) -> None: ...
    def snapshot(self, symbol: str, body: bytes, ts_init: int) -> None: ...
    def flush(self) -> dict[tuple[str, str], Any]: ...
    def finish(self) -> None: ...
    def report(self) -> str: ...

class ObjectDecoder:
    """Decodes frames of one feed into objects that the makers make."""

    def __init__(
        self,
        feed: str,
        definitions: bytes | None,
        precisions: dict[str, tuple[int, int]],
        options: str,
        makers: dict[str, Callable[..., Any]],
        classes: dict[str, Any],
    ) -> None: ...
    def push(self, frame: bytes, ts_init: int) -> list[Any]: ...
    def push_many(self, frames: Sequence[bytes], ts_inits: Sequence[int]) -> list[Any]: ...
    def snapshot(self, symbol: str, body: bytes, ts_init: int) -> list[Any]: ...
    def report(self) -> str: ...
    def made_from_memory(self) -> list[str]: ...

def decode_file(path: str, options: str = "{}") -> tuple[dict[tuple[str, str], Any], str]: ...
def feeds() -> str: ...
def dumps() -> str: ...
def inspect(options: str) -> str: ...
def books(options: str) -> str: ...
def write_instruments(catalog: str, definitions: str, layout: str) -> tuple[int, list[str]]: ...
def simulate(options: str, on_progress: Callable[[str], None] | None = None) -> str: ...
def simulate_dump(options: str, on_progress: Callable[[str], None] | None = None) -> str: ...
def simulated() -> tuple[list[str], list[str]]: ...
