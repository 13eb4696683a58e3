"""What `audit` gives back."""

from collections.abc import Sequence

import polars as pl

from tunewright.core.audit_report import AuditReport, CheckRun
from tunewright.core.dataset import Dataset
from tunewright.core.finding import Finding, Severity
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.ingested import Ingested
from tunewright.core.score import Score


class FindingLine(Frozen):
    """One finding in a line: what, how many rows, the first of them by the user's own line numbers."""

    name: str
    severity: Severity
    rows: int
    lines: tuple[int, ...]
    sentence: str
    fix: str | None


class SetAside(Frozen):
    """Records that could not be used, for one reason, the first of them by the user's own line numbers."""

    reason: str
    records: int
    lines: tuple[int, ...]


class AuditResult(Frozen):
    """What `audit` says."""

    file: str
    dataset: Dataset
    records: int
    quarantined: int
    set_aside: tuple[SetAside, ...]
    quality: Score
    verdict: Verdict | None
    findings: tuple[FindingLine, ...]
    checks: tuple[CheckRun, ...]
    report: str | None = None
    findings_file: str | None = None


LINES_SHOWN = 5


def audit_result(ingested: Ingested, report: AuditReport, lines: pl.DataFrame, verdict: Verdict | None) -> AuditResult:
    """The audit in lines; `lines` has `row` and the user's own `line`."""
    return AuditResult(
        file=ingested.file,
        dataset=report.dataset,
        records=ingested.records,
        quarantined=ingested.quarantined,
        set_aside=_set_aside(ingested.quarantine),
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
