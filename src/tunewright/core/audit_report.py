"""What an audit says: findings, one quality score with an interval, and what could not be checked."""

from pathlib import Path
from typing import ClassVar, Self

import polars as pl

from tunewright.core.dataset import Dataset
from tunewright.core.finding import Finding
from tunewright.core.frozen import VALUE_FILE, Frozen
from tunewright.core.score import Score


class CheckRun(Frozen):
    """How one check went: what it is, how long it took, or why it did not run."""

    EXCLUDED_FROM_DIGEST: ClassVar[frozenset[str]] = frozenset({"seconds"})

    check: str
    about: str
    seconds: float
    skipped: str | None = None


class AuditReport(Frozen):
    """Findings over one dataset version and the score they leave.

    The quality score is 100 × clean rows / rows; a row with any number of blocking defects counts once.
    """

    dataset: Dataset
    quality: Score
    checks: tuple[CheckRun, ...]
    findings: tuple[Finding, ...]

    def defective_rows(self) -> pl.Series:
        """Rows with at least one blocking finding, each once, in order."""
        frames = [f.frame.select("row") for f in self.findings if f.severity == "blocking" and f.rows]
        if not frames:
            return pl.Series("row", [], dtype=pl.Int64)
        return pl.concat(frames).to_series().unique().sort()

    def write(self, folder: Path) -> None:
        """Keep the header as JSON and each finding's columns as Parquet."""
        super().write(folder)
        frames = folder / "findings"
        frames.mkdir(exist_ok=True)
        for finding in self.findings:
            finding.write_frame(frames)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The report kept in `folder`, columns included."""
        report = cls.model_validate_json((folder / VALUE_FILE).read_text(encoding="utf-8"))
        for finding in report.findings:
            finding.with_frame(folder / "findings")
        return report
