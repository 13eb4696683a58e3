"""One version of the project's data: a table version, its columns and the digest of its content."""

from typing import ClassVar, Literal

import polars as pl

from tunewright.core.frozen import Frozen

Task = Literal["classify", "reply", "extract"]
Origin = Literal["domain", "general", "synthetic"]
Split = Literal["train", "validation", "test"]

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String, "weight": pl.Float64}))
ENTITIES = pl.List(pl.Struct({"label": pl.String, "start": pl.Int64, "end": pl.Int64, "text": pl.String}))

#: The columns of every dataset, in order. `row` is the position in one version and joins findings to it;
#: `example_id` is given once at intake and survives edits; `content_digest` is equal for exact copies, so it is
#: never a key; `line` is the line (or sheet row, or record number) of the user's own file.
COLUMNS: dict[str, pl.DataType] = {
    "row": pl.Int64(),
    "example_id": pl.String(),
    "line": pl.Int64(),
    "task": pl.String(),
    "prompt": pl.String(),
    "answer": pl.String(),
    "label": pl.String(),
    "messages": MESSAGES,
    "entities": ENTITIES,
    "origin": pl.String(),
    "weight": pl.Float64(),
    "split": pl.String(),
    "source_id": pl.String(),
    "subject_token": pl.String(),
    "content_digest": pl.String(),
    "meta": pl.String(),
}


class Dataset(Frozen):
    """A header over one version of a table; its digest is that of the rows, never of paths or versions.

    Attributes:
        table: name of the Delta table in the project, or the file's name when no project is open.
        version: table version, counted by the table; None for a file that was never stored.
        rows: number of rows.
        task: what the rows are for.
        root: digest over every column of every row in `row` order (:func:`frame_digest`).
    """

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"table", "version"})

    table: str
    version: int | None
    rows: int
    task: Task
    root: str
