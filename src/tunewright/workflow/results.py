"""What the verbs that cross stages give back."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from tunewright.core.dataset import Dataset
from tunewright.core.events import Event
from tunewright.core.frozen import Frozen
from tunewright.core.outputs import Outputs
from tunewright.core.store import Step
from tunewright.core.table import Commit
from tunewright.stages.audit.results import AuditResult
from tunewright.stages.evaluate.results import EvaluateResult, evaluate_result
from tunewright.stages.release.results import ReleaseResult, release_result
from tunewright.stages.report.results import ReportResult


class StepLine(Frozen):
    """One step of a walk."""

    step: str
    key: str
    hit: bool
    seconds: float
    value: str


class RunResult(Frozen):
    """What `run` did from end to end."""

    steps: tuple[StepLine, ...]
    audit: AuditResult
    evaluation: EvaluateResult
    release: ReleaseResult
    report: ReportResult
    seconds: float


class StatusLine(Frozen):
    """Whether a step's output is there for the present file, settings and inputs."""

    step: str
    key: str | None
    state: str


class StatusResult(Frozen):
    """How far the project is."""

    project: str
    steps: tuple[StatusLine, ...]


class WhyResult(Frozen):
    """Why a step would be done again, or not."""

    step: str
    hit: bool
    now: Step | None
    before: Step | None
    differences: tuple[str, ...]


class EventsResult(Frozen):
    """The project's events."""

    events: tuple[Event, ...]


class VersionsResult(Frozen):
    """Versions of the project's data."""

    versions: tuple[Commit, ...]


class DiffResult(Frozen):
    """What differs between two versions of the data."""

    before: int
    after: int
    added: int
    removed: int
    changed: int
    rows: tuple[Mapping[str, Any], ...]


class UndoResult(Frozen):
    """The cleaning that was undone."""

    step: str
    dataset: Dataset
    reason: str


class PredictResult(Frozen):
    """Predictions that were written or returned."""

    release: str
    rows: int
    output: str | None
    predictions: tuple[Mapping[str, Any], ...]


class InitResult(Frozen):
    """What `init` wrote, and the guess it made."""

    folder: str
    config: str
    file: str
    format: str
    task: str
    confidence: float
    mapping: Mapping[str, str]
    reasons: tuple[str, ...]
    preview: tuple[Mapping[str, str], ...]


def run_result(outputs: Outputs, audit: AuditResult, report: ReportResult, seconds: float) -> RunResult:
    """The whole walk: `audit` is that of the rows that were trained on."""
    return RunResult(
        steps=tuple(
            StepLine(
                step=outcome.step.name,
                key=outcome.step.key,
                hit=outcome.hit,
                seconds=round(outcome.seconds, 3),
                value=outcome.value.digest,
            )
            for outcome in outputs.outcomes
        ),
        audit=audit,
        evaluation=evaluate_result(outputs),
        release=release_result(outputs),
        report=report,
        seconds=round(seconds, 3),
    )


def diff_result(before: int, after: int, frame: pl.DataFrame, limit: int) -> DiffResult:
    """Two versions' difference, the first `limit` rows of it in full."""
    count = dict(frame.group_by("change").agg(pl.col("example_id").n_unique()).iter_rows())
    return DiffResult(
        before=before,
        after=after,
        added=count.get("added", 0),
        removed=count.get("removed", 0),
        changed=count.get("changed", 0),
        rows=tuple(frame.head(limit).to_dicts()),
    )
