"""What a report may show: values that the stages gave, and the few rows it quotes.

Every part may be absent: a report also exists for the audit of one file, and for a walk that a gate stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.candidate import Plan, Run
from tunewright.core.corpus import VIEW_LIMIT, Corpus
from tunewright.core.divided import Divided
from tunewright.core.edit import Cleaned
from tunewright.core.figure import Figure
from tunewright.core.gate import Gate, Verdict
from tunewright.core.ingested import Ingested
from tunewright.core.release import Release
from tunewright.core.score import Score
from tunewright.core.scorecard import Scorecard
from tunewright.stages.report.settings import ReportSettings

QUOTED = ("row", "line", "prompt", "answer", "label")


@dataclass(frozen=True)
class Audited:
    """An audit and the rows it gives as examples (columns ``QUOTED``)."""

    report: AuditReport
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    @classmethod
    def of(cls, report: AuditReport, corpus: Corpus, settings: ReportSettings) -> Self:
        """`report` with the first rows of each of its findings, read from `corpus`."""
        rows_by_finding = [example_rows(finding.frame, settings.examples) for finding in report.findings]
        return cls(report, _quote(corpus, rows_by_finding))


@dataclass(frozen=True)
class Evaluated:
    """A scorecard and the rows that were answered wrong (columns ``QUOTED``)."""

    scorecard: Scorecard
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    @classmethod
    def of(cls, scorecard: Scorecard, corpus: Corpus, settings: ReportSettings) -> Self:
        """`scorecard` with its worst errors, read from `corpus`, the dataset it was measured on."""
        return cls(scorecard, _quote(corpus, [worst_errors(scorecard.predictions, settings.errors)["row"]]))


@dataclass(frozen=True)
class SweptRank:
    """One rank of a sweep, or every weight tuned; `claimed` is what the playbook says of it, in words."""

    name: str
    quality: Score
    forgetting: Score
    memory_gb: float | None
    minutes: float
    claimed: str
    share: float
    chosen: bool


@dataclass(frozen=True)
class Swept:
    """A rank sweep on the very rows and base that are trained: its ranks, the winner, why, and its cost in runs."""

    ranks: tuple[SweptRank, ...]
    untuned: Score
    winner: int | None
    why: str
    cost: float


@dataclass(frozen=True)
class StepCost:
    """Time one step took when it was done; `hit` when this walk found it done already."""

    step: str
    seconds: float
    hit: bool = False


@dataclass(frozen=True)
class ReportMaterial:
    """Everything one report may show.

    Attributes:
        project: the project's name, or the file's where there is no project.
        generated: when, as ISO 8601 UTC; given, so that the same material gives the same bytes.
        version: Tunewright's version.
        settings: how much of the data may be shown.
        ingested: what came in.
        before: the audit of the raw rows.
        cleaned: what cleaning changed.
        after: the audit of the cleaned rows.
        divided: the split.
        plan: how training was decided.
        swept: a sweep that was made before.
        run: how training went.
        candidate: digest of what training made.
        evaluated: the scorecard.
        verdicts: every gate that was judged, in order.
        gates: the gates that stages declare, by every name that they have or had.
        quality_gate: name of the gate on the quality of the data.
        release: the bundle.
        figures: what further stages say of themselves, by stage.
        costs: time by step.
        usd: money spent on the machine, when a price per hour is known.
        machine: what it ran on, in words.
        stopped: why the walk ended early, in words.
    """

    project: str
    generated: str
    version: str
    settings: ReportSettings = field(default_factory=ReportSettings)
    ingested: Ingested | None = None
    before: Audited | None = None
    cleaned: Cleaned | None = None
    after: Audited | None = None
    divided: Divided | None = None
    plan: Plan | None = None
    swept: Swept | None = None
    run: Run | None = None
    candidate: str | None = None
    evaluated: Evaluated | None = None
    verdicts: tuple[Verdict, ...] = ()
    gates: Mapping[str, Gate] = field(default_factory=dict)
    quality_gate: str = ""
    release: Release | None = None
    figures: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)
    costs: tuple[StepCost, ...] = ()
    usd: float | None = None
    machine: str = ""
    stopped: str = ""

    @property
    def quality_verdict(self) -> Verdict | None:
        """The verdict on the quality of the data; None where it was not judged."""
        return next((verdict for verdict in self.verdicts if verdict.gate == self.quality_gate), None)

    @property
    def audited(self) -> Audited | None:
        """The audit of the rows that would be trained on: the cleaned ones where there are any."""
        return self.after or self.before


def example_rows(frame: pl.DataFrame, limit: int) -> pl.Series:
    """The rows a finding is illustrated with: highest score first, then first in the file."""
    return (
        frame.unique("row", keep="first", maintain_order=True)
        .sort("score", "row", descending=[True, False])["row"]
        .head(limit)
    )


def worst_errors(predictions: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Wrong predictions, the most confident first; where no confidence is known, in row order."""
    # A row for which nothing was written is not answered wrong.
    wrong = predictions.filter(pl.col("predicted").is_not_null() & pl.col("truth").ne_missing(pl.col("predicted")))
    if "confidence" not in wrong.columns:
        return wrong.sort("row").head(limit)
    return wrong.sort("confidence", "row", descending=[True, False], nulls_last=True).head(limit)


def _quote(corpus: Corpus, rows_by_part: list[pl.Series]) -> pl.DataFrame:
    """The first ``VIEW_LIMIT`` of the rows that any part asks for, once each and in order, in columns ``QUOTED``."""
    rows = sorted({row for series in rows_by_part for row in series.to_list()})[:VIEW_LIMIT]
    return corpus.view(rows).select(QUOTED)
