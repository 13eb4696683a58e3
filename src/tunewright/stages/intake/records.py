"""What a reader gives: records with the user's own line numbers, and those it could not read."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tunewright.core.ingested import QUARANTINE_COLUMNS

RAW_SHOWN = 500


@dataclass(frozen=True)
class BadRecord:
    """A record that was set aside."""

    line: int
    reason: str
    raw: str


@dataclass(frozen=True)
class FileFormat:
    """How a file turned out to be written, told to the user and never computed with.

    Attributes:
        format: what it turned out to be.
        packing: gzip, bzip2, xz or zip; empty when it was not packed.
        encoding: of a text file.
        delimiter: of a CSV.
        sheet: of a workbook.
        notes: what was found out on the way, in words.
        doubts: what could as well have been meant, in words; one is enough to ask a person.
    """

    format: str
    packing: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordTable:
    """Records that share columns.

    Attributes:
        frame: one row a record, the user's own columns.
        lines: Int64, line, sheet row or record number of each, ``(n,)``.
        bad: records set aside.
        file_format: how the file was written.
    """

    frame: pl.DataFrame
    lines: pl.Series
    bad: list[BadRecord]
    file_format: FileFormat


@dataclass(frozen=True)
class RecordObjects:
    """Records that are JSON values, each with its line or number, as they stood in the file."""

    values: list[tuple[int, Any]]
    bad: list[BadRecord]
    file_format: FileFormat = field(default_factory=lambda: FileFormat("json"))


def spread(rows: int, most: int) -> list[int]:
    """Up to `most` of `rows` positions, from everywhere and in no period: exports are sorted, or alternate."""
    if rows <= most:
        return list(range(rows))
    # Knuth's multiplicative hashing (The Art of Computer Programming 3, 6.4); a prime beyond any number of rows.
    return sorted({place * 2_654_435_761 % rows for place in range(most)})


def as_json(value: Any) -> str:
    """The JSON of `value`, times and the like as their text; infinity, which is no JSON, as null."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=str)


def _finite(value: Any) -> Any:
    """`value` with null in place of every number that is infinite or none, at any depth."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def quarantine(bad: list[BadRecord]) -> pl.DataFrame:
    """The records set aside as a frame: `line`, `reason`, `raw` (the first 500 characters)."""
    ordered = sorted(bad, key=lambda record: record.line)
    return pl.DataFrame(
        {
            "line": [record.line for record in ordered],
            "reason": [record.reason for record in ordered],
            # Half a surrogate pair is what some of them are set aside for, and no column can hold it.
            "raw": [record.raw[:RAW_SHOWN].encode("utf-8", "replace").decode() for record in ordered],
        },
        schema=QUARANTINE_COLUMNS,
    )
