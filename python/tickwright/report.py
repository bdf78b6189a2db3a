"""What a conversion tells: plain frozen dataclasses, readable from and written to JSON.

Times are nanoseconds UTC, sizes are bytes.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Ends:
    """One count per end of a frame (or of an item); `total` is their sum."""

    total: int = 0
    rows: int = 0
    control: int = 0
    duplicate: int = 0
    stale: int = 0
    withheld: int = 0
    unselected: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Accounting:
    """Bytes, frames and items by their ends, and the container's own bytes.

    `bytes.total + container_bytes` is what the decompressed source holds.
    """

    bytes: Ends = field(default_factory=Ends)
    frames: Ends = field(default_factory=Ends)
    items: Ends = field(default_factory=Ends)
    container_bytes: int = 0

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Self:
        """Read it from the core's JSON object."""
        return cls(
            bytes=Ends(**value["bytes"]),
            frames=Ends(**value["frames"]),
            items=Ends(**value["items"]),
            container_bytes=value["container_bytes"],
        )


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One input: what it is, and how its bytes are accounted for."""

    path: str
    sha256: str
    container: str
    compression: str
    feed: str
    known: bool
    truncated: bool
    bytes_file: int
    bytes: int
    frames: int
    accounting: Accounting


@dataclass(frozen=True, slots=True)
class TableReport:
    """One stream of rows: a type and an instrument id (a bar type for bars)."""

    type: str
    instrument_id: str
    rows: int
    start_ns: int
    end_ns: int
    files: int
    bytes: int
    price_precision: int
    size_precision: int


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What a conversion did. `status` is "committed", "nothing_new" or "dry_run"."""

    status: str
    catalog: str
    version: int | None
    flavour: str
    layout: str
    headline: str | None
    sources: list[SourceReport]
    skipped: list[dict[str, str]]
    tables: list[TableReport]
    accounting: Accounting
    gaps: int
    rejects: int
    max_rejects: int | None
    notes: list[str]
    unknown_keys: dict[str, int]
    unknown_topics: dict[str, int]
    undefined_symbols: list[str]
    instruments: list[dict[str, Any]]
    instruments_written: int
    rejects_file: str | None
    gaps_file: str | None
    elapsed_s: float

    @property
    def too_many_rejects(self) -> bool:
        """Whether there are more rejects than were allowed (exit code 1)."""
        return self.max_rejects is not None and self.rejects > self.max_rejects

    @property
    def rows(self) -> int:
        """Rows written."""
        return sum(table.rows for table in self.tables)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a report from JSON text."""
        value = json.loads(text)
        known = {f.name for f in fields(cls)}
        value = {key: item for key, item in value.items() if key in known}
        value["accounting"] = Accounting.from_dict(value["accounting"])
        value["sources"] = [
            SourceReport(**{**source, "accounting": Accounting.from_dict(source["accounting"])})
            for source in value["sources"]
        ]
        value["tables"] = [TableReport(**table) for table in value["tables"]]
        return cls(**value)

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(asdict(self))
