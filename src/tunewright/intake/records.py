"""What a reader gives: records with the user's own line numbers, and those it could not read."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

RAW_SHOWN = 500


@dataclass
class Bad:
    """A record that was set aside."""

    line: int
    reason: str
    raw: str


@dataclass
class Table:
    """Records that share columns.

    Attributes:
        frame: one row a record, the user's own columns.
        lines: line, sheet row or record number of each, ``(n,)``.
        bad: records set aside.
        format: what the file turned out to be.
        notes: what was found out on the way, for the user.
        choices: what could as well have been meant, such as other sheets.
    """

    frame: pl.DataFrame
    lines: list[int]
    bad: list[Bad]
    format: str
    notes: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)


@dataclass
class Objects:
    """Records that are JSON values, as they stood in the file."""

    values: list[tuple[int, Any]]
    bad: list[Bad]
    format: str
    notes: list[str] = field(default_factory=list)


def quarantine(bad: list[Bad]) -> pl.DataFrame:
    """The records set aside as a frame: `line`, `reason`, `raw` (the first 500 characters)."""
    ordered = sorted(bad, key=lambda one: one.line)
    return pl.DataFrame(
        {
            "line": [one.line for one in ordered],
            "reason": [one.reason for one in ordered],
            "raw": [one.raw[:RAW_SHOWN] for one in ordered],
        },
        schema={"line": pl.Int64, "reason": pl.String, "raw": pl.String},
    )
