"""From what a walk holds to what a verb says: no decisions are made here."""

from collections.abc import Sequence

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.edit import Edit
from tunewright.core.finding import Finding
from tunewright.core.gate import Verdict
from tunewright.stages.audit.results import AuditResult, FindingLine, SetAside
from tunewright.stages.clean.results import CleanResult, EditLine
from tunewright.stages.evaluate.results import EvaluateResult, SystemLine
from tunewright.stages.release.results import ReleaseResult
from tunewright.stages.report.results import ReportResult
from tunewright.stages.train.results import TrainResult
from tunewright.workflow.flow import Walk, gain
from tunewright.workflow.results import DiffResult, RunResult, StepLine

LINES_SHOWN = 5


def audit(walk: Walk, lines: pl.DataFrame, report: AuditReport, verdict: Verdict | None) -> AuditResult:
    """The audit in lines; `lines` has `row` and the user's own `line`."""
    assert walk.ingested
    return AuditResult(
        file=walk.ingested.file,
        dataset=report.dataset,
        records=walk.ingested.records,
        quarantined=walk.ingested.quarantined,
        set_aside=_set_aside(walk.ingested.quarantine),
        quality=report.quality,
        verdict=verdict,
        findings=finding_lines(report.findings, lines),
        checks=report.checks,
    )


def _set_aside(quarantine: pl.DataFrame) -> tuple[SetAside, ...]:
    """Each reason in a line, the most frequent first."""
    grouped = quarantine.sort("line").group_by("reason").agg(pl.len(), lines=pl.col("line").head(LINES_SHOWN))
    ordered = grouped.sort("len", "reason", descending=[True, False])
    return tuple(SetAside(reason=why, records=n, lines=tuple(lines)) for why, n, lines in ordered.rows())


def finding_lines(findings: Sequence[Finding], lines: pl.DataFrame) -> tuple[FindingLine, ...]:
    """Each finding in a line, blocking ones and larger ones first."""
    rank = {"blocking": 0, "warning": 1, "info": 2}
    ordered = sorted(findings, key=lambda f: (rank[f.severity], -f.rows, f.name))
    return tuple(_finding_line(finding, lines) for finding in ordered)


def _finding_line(finding: Finding, lines: pl.DataFrame) -> FindingLine:
    first = finding.frame.head(LINES_SHOWN).join(lines, on="row", how="left", maintain_order="left")
    values = first.row(0, named=True) if first.height else {}
    return FindingLine(
        name=finding.name,
        severity=finding.severity,
        rows=finding.rows,
        lines=tuple(dict.fromkeys(first["line"].drop_nulls().to_list())),
        sentence=finding.sentence(values),
        fix=finding.fix,
    )


def clean_preview(walk: Walk, rows_after: int, edits: Sequence[Edit]) -> CleanResult:
    """What cleaning would do."""
    assert walk.ingested and walk.raw_report
    return CleanResult(
        preview=True,
        before=walk.ingested.dataset,
        after=None,
        rows_after=rows_after,
        edits=tuple(_edit_line(edit) for edit in edits),
        quality_before=walk.raw_report.quality,
        quality_after=None,
        verdict=None,
    )


def clean(walk: Walk) -> CleanResult:
    """What cleaning did."""
    assert walk.cleaned and walk.raw_report and walk.report
    return CleanResult(
        preview=False,
        before=walk.cleaned.before,
        after=walk.cleaned.after,
        rows_after=walk.cleaned.after.rows,
        edits=tuple(_edit_line(edit) for edit in walk.cleaned.edits),
        quality_before=walk.raw_report.quality,
        quality_after=walk.report.quality,
        verdict=walk.verdicts["audit.quality_score"],
        outlook=walk.outlook,
    )


def _edit_line(edit: Edit) -> EditLine:
    count = dict(edit.frame.group_by("action").agg(pl.col("row").n_unique()).iter_rows())
    return EditLine(
        fix=edit.fix,
        finding=edit.finding,
        rows=edit.rows,
        drops=count.get("drop", 0),
        replaces=count.get("replace", 0),
        reweights=count.get("reweight", 0),
        example=edit.frame["reason"][0] or "" if edit.frame.height else "",
    )


def train(walk: Walk) -> TrainResult:
    """What training made."""
    assert walk.candidate
    run = walk.candidate.run
    best = next((p.validation_metric for p in run.curve if p.step == run.best_step and p.validation_metric), None)
    return TrainResult(
        candidate=walk.candidate.digest,
        folder=str(walk.candidate.folder),
        metric=run.metric,
        best_step=run.best_step,
        best_value=best,
        stopped=run.stopped,
        precision=run.precision,
        seconds=run.seconds,
    )


def evaluate(walk: Walk) -> EvaluateResult:
    """What the evaluation found."""
    assert walk.candidate and walk.scorecard
    card = walk.scorecard
    return EvaluateResult(
        candidate=walk.candidate.digest,
        scorecard=card.digest,
        rows=card.rows,
        metric=card.metric,
        systems=tuple(SystemLine(system=s.system, scores=s.scores) for s in card.systems),
        best_baseline=card.best_baseline.system,
        gain=gain(card),
        decision=card.decision,
        words=card.words,
        verdict=walk.verdicts.get("evaluate.gain"),
    )


def release(walk: Walk) -> ReleaseResult:
    """What was packaged."""
    assert walk.release
    return ReleaseResult(
        name=walk.release.name,
        release=walk.release.digest,
        folder=str(walk.release.folder),
        verdicts=walk.release.verdicts,
        parity_rows=walk.release.parity_rows,
    )


def run(walk: Walk, lines: pl.DataFrame, report: ReportResult, seconds: float) -> RunResult:
    """The whole walk."""
    assert walk.report
    return RunResult(
        steps=tuple(
            StepLine(
                step=outcome.step.name,
                key=outcome.step.key,
                hit=outcome.hit,
                seconds=round(outcome.seconds, 3),
                value=outcome.value.digest,
            )
            for outcome in walk.outcomes
        ),
        audit=audit(walk, lines, walk.report, walk.verdicts["audit.quality_score"]),
        evaluation=evaluate(walk),
        release=release(walk),
        report=report,
        seconds=round(seconds, 3),
    )


def diff(before: int, after: int, frame: pl.DataFrame, limit: int) -> DiffResult:
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
