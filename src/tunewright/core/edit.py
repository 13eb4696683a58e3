"""What cleaning changed and why, row by row."""

from pathlib import Path
from typing import Self

import polars as pl
from pydantic import PrivateAttr

from tunewright.core.dataset import Dataset
from tunewright.core.digest import frame_digest
from tunewright.core.frozen import VALUE_FILE, Frozen

#: What a fix asks for. `column` and `value` go with replace, `weight` (a factor) with reweight, `reason` is a sentence
#: a clerk can read. A replace with `start` and `end` (characters, end excluded) concerns that part of the text only.
#: `column` is ``prompt``, ``answer``, ``label``, or a turn of the conversation such as ``messages[2]``.
CHANGE_COLUMNS = {
    "row": pl.Int64,
    "action": pl.String,
    "column": pl.String,
    "value": pl.String,
    "weight": pl.Float64,
    "reason": pl.String,
    "start": pl.Int64,
    "end": pl.Int64,
}


class Edit(Frozen):
    """The changes one fix made for one finding.

    Attributes:
        fix: the plugin that made it.
        finding: ``check.kind`` of the finding it answers.
        who: who ran it.
        rows: number of rows changed.
        frame_digest: digest of the columns.

    The columns are those of ``CHANGE_COLUMNS``; once applied, also `example_id`, `line`, `before_digest` and
    `after_digest` (content digests of the row; `after_digest` is null for a dropped row).
    """

    fix: str
    finding: str
    who: str
    rows: int
    frame_digest: str = ""
    _frame: pl.DataFrame = PrivateAttr(default_factory=lambda: pl.DataFrame(schema=CHANGE_COLUMNS))

    @classmethod
    def of(cls, changes: pl.DataFrame, *, fix: str, finding: str, who: str) -> Self:
        """An edit over `changes` (some or all of ``CHANGE_COLUMNS``; missing ones become null)."""
        missing = [pl.lit(None, kind).alias(n) for n, kind in CHANGE_COLUMNS.items() if n not in changes.columns]
        extra = [name for name in changes.columns if name not in CHANGE_COLUMNS]
        frame = changes.with_columns(missing).select(
            *[pl.col(name).cast(kind) for name, kind in CHANGE_COLUMNS.items()], *extra
        )
        frame = frame.sort("row", "column", maintain_order=True)
        edit = cls(fix=fix, finding=finding, who=who, rows=frame["row"].n_unique(), frame_digest=frame_digest(frame))
        edit._frame = frame
        return edit

    @property
    def frame(self) -> pl.DataFrame:
        """The changes, sorted by row."""
        return self._frame


class Cleaned(Frozen):
    """A new dataset version and the edits that made it from the one before."""

    before: Dataset
    after: Dataset
    edits: tuple[Edit, ...]

    @property
    def dataset(self) -> Dataset:
        """The data after cleaning."""
        return self.after

    def write(self, folder: Path) -> None:
        """Keep the header as JSON and each edit's columns as Parquet."""
        super().write(folder)
        frames = folder / "edits"
        frames.mkdir(exist_ok=True)
        for index, edit in enumerate(self.edits):
            edit.frame.write_parquet(frames / f"{index:03d}.{edit.fix}.parquet")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The result kept in `folder`, columns included."""
        cleaned = cls.model_validate_json((folder / VALUE_FILE).read_text(encoding="utf-8"))
        for index, edit in enumerate(cleaned.edits):
            edit._frame = pl.read_parquet(folder / "edits" / f"{index:03d}.{edit.fix}.parquet")
        return cleaned
