"""What a check found: a header in words over columns of rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import polars as pl
from pydantic import PrivateAttr

from tunewright.core.digest import frame_digest
from tunewright.core.frozen import Frozen

Severity = Literal["blocking", "warning", "info"]
ROW_COLUMNS = {"row": pl.Int64, "score": pl.Float64}


class NotChecked(Exception):
    """A check that cannot have its evidence; the message says what is missing and how to give it."""


class Finding(Frozen):
    """One kind of defect that one check found.

    Attributes:
        check: the plugin that found it.
        kind: which of the check's findings this is, such as ``prompt`` or ``both``; unique within the check.
        severity: ``blocking`` rows count against the quality score; ``warning`` and ``info`` do not.
        message: a sentence template over the evidence columns, such as ``"repeats row {other}"``.
        fix: the fix in ``clean/fixes`` that mends it, None when only a person can.
        rows: number of rows concerned; 0 is a statement about the whole dataset.
        facts: figures behind a statement, such as the share of the largest class.
        frame_digest: digest of the columns.
    """

    check: str
    kind: str
    severity: Severity
    message: str
    fix: str | None = None
    rows: int = 0
    facts: Mapping[str, Any] = {}
    frame_digest: str = ""
    _frame: pl.DataFrame = PrivateAttr(default_factory=lambda: pl.DataFrame(schema=ROW_COLUMNS))

    @classmethod
    def of(
        cls,
        hits: pl.DataFrame | pl.LazyFrame,
        *,
        check: str,
        kind: str,
        message: str,
        severity: Severity = "blocking",
        fix: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Self:
        """A finding over rows.

        Args:
            hits: `row` (int64), optionally `score` (0 to 1, default 1.0), then the check's own evidence columns.
            check: the check's name.
            kind: which of its findings.
            message: sentence template over the columns.
            severity: whether the rows count against the score.
            fix: the fix that mends it.
            facts: figures about the whole.
        """
        frame = hits.lazy().collect().with_columns(pl.col("row").cast(pl.Int64))
        if "score" not in frame.columns:
            frame = frame.with_columns(score=pl.lit(1.0))
        evidence = [name for name in frame.columns if name not in ROW_COLUMNS]
        frame = frame.select("row", pl.col("score").cast(pl.Float64), *evidence).sort("row")
        finding = cls(
            check=check,
            kind=kind,
            severity=severity,
            message=message,
            fix=fix,
            rows=frame["row"].n_unique(),
            facts=dict(facts or {}),
            frame_digest=frame_digest(frame),
        )
        finding._frame = frame
        return finding

    @classmethod
    def about(
        cls, *, check: str, kind: str, message: str, severity: Severity = "warning", facts: Mapping[str, Any]
    ) -> Self:
        """A statement about the whole dataset; `message` is a template over `facts`."""
        return cls(check=check, kind=kind, severity=severity, message=message, facts=dict(facts))

    @property
    def name(self) -> str:
        """``check.kind``: how reports, fixes and gates speak of this finding."""
        return f"{self.check}.{self.kind}"

    @property
    def frame(self) -> pl.DataFrame:
        """`row`, `score` and the evidence columns, sorted by row."""
        return self._frame

    def sentence(self, values: Mapping[str, Any] | None = None) -> str:
        """The message with `values` (a row of the frame) or, for a statement, the facts filled in."""
        return self.message.format_map({**self.facts, **(values or {})})

    def write_frame(self, folder: Path) -> None:
        """Keep the columns as ``<check>.<kind>.parquet`` in `folder`."""
        self._frame.write_parquet(folder / f"{self.name}.parquet")

    def with_frame(self, folder: Path) -> Self:
        """This finding with the columns kept in `folder`."""
        self._frame = pl.read_parquet(folder / f"{self.name}.parquet")
        return self
