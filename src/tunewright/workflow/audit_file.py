"""An audit of any file, without a project."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tunewright.config.load import resolve
from tunewright.config.source import Source
from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.digest import file_digest, frame_digest
from tunewright.core.errors import GateFailed, UserError
from tunewright.core.files import publish, publish_text, require_absent
from tunewright.core.ingested import Ingested
from tunewright.core.interrupts import PartialResult
from tunewright.core.machine import machine
from tunewright.core.progress import SILENT, Progress
from tunewright.core.score import Score
from tunewright.core.version import __version__
from tunewright.stages.audit.api import audit
from tunewright.stages.audit.results import AuditResult, audit_result
from tunewright.stages.audit.settings import AuditSettings
from tunewright.stages.intake.api import read
from tunewright.stages.intake.detect import require_sure
from tunewright.stages.intake.references import read_beside
from tunewright.stages.intake.settings import DataSettings
from tunewright.stages.report.material import Audited, ReportMaterial
from tunewright.stages.report.settings import ReportSettings
from tunewright.stages.train.settings import TrainSettings
from tunewright.workflow.method import target


def audit_file(
    path: Path,
    *,
    mapping: Sequence[str] = (),
    sets: Sequence[str] = (),
    findings: Path | None = None,
    report: Path | None = None,
    fail_under: float | None = None,
    confirmed: bool = False,
    progress: Progress = SILENT,
) -> AuditResult:
    """The audit of the file at `path`; arguments as in :meth:`Project.audit`, `mapping` as ``role=column``.

    Raises:
        UserError: E-DATA-… when the file cannot be read.
        GateFailed: E-GATE-001, only when `fail_under` is given.
    """
    require_writable(findings, report)
    config = resolve(Source(), sets=(*sets, *(f"data.columns.{pair}" for pair in mapping))).config
    data = config.section(DataSettings)
    intake = read(path, data, progress=progress)
    require_sure(intake.detection, path.name, confirmed=data.confirmed or confirmed)
    dataset = Dataset(
        table=path.name,
        version=None,
        rows=intake.frame.height,
        task=intake.detection.task,
        root=frame_digest(intake.frame),
    )
    context = replace(read_beside(data, Path()), target=target(config.section(TrainSettings), dataset.task))
    corpus = Corpus(dataset, intake.frame.lazy(), context=context, progress=progress)
    ingested = intake.account(dataset, path.name, file_digest(path))

    def result_of(audited: AuditReport) -> AuditResult:
        return _result(audited, corpus, ingested, config.section(ReportSettings), findings, report)

    with partial_on_interrupt(result_of):
        result = result_of(audit(corpus, config.section(AuditSettings)))
    require_score(result.quality, fail_under)
    return result


@contextmanager
def partial_on_interrupt(result_of: Callable[[AuditReport], AuditResult]) -> Iterator[None]:
    """What the checks before Ctrl-C found goes with the interrupt, as the result it is."""
    try:
        yield
    except PartialResult as interrupted:
        raise PartialResult(result_of(interrupted.result)) from None


def _result(
    audited: AuditReport,
    corpus: Corpus,
    ingested: Ingested,
    settings: ReportSettings,
    findings: Path | None,
    report: Path | None,
) -> AuditResult:
    result = audit_result(ingested, audited, corpus.scan("row", "line").collect(), None)
    material = ReportMaterial(
        project=ingested.file,
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings=settings,
        ingested=ingested,
        before=Audited.of(audited, corpus, settings),
        machine=machine(),
    )
    return write_outputs(result, audited, corpus, findings, report, material)


def require_writable(findings: Path | None, report: Path | None) -> None:
    """Refuse what could not be written at the end, before the work is done.

    Raises:
        UserError: E-CLI-005 when a file exists, E-CLI-007 for a suffix we do not write.
    """
    for path in (findings, report):
        if path is not None:
            require_absent(path)
    if findings is not None and findings.suffix not in (".csv", ".parquet"):
        raise UserError(
            "E-CLI-007",
            f"Findings are written as .csv or .parquet, not {findings.suffix!r}.",
            fix="End its name in one of those.",
        )


def write_outputs(
    result: AuditResult,
    audited: AuditReport,
    corpus: Corpus,
    findings: Path | None,
    report: Path | None,
    material: ReportMaterial,
) -> AuditResult:
    """`result`, with every finding written to `findings` and a report to `report` where they are named."""
    assert material.ingested
    changes = {}
    if findings is not None:
        frame = finding_rows(audited, corpus, material.ingested)
        publish(findings, frame.write_parquet if findings.suffix == ".parquet" else _harmless(frame).write_csv)
        changes["findings_file"] = str(findings)
    if report is not None:
        from tunewright.stages.report.api import render

        publish_text(report, render(material))
        changes["report"] = str(report)
    return result.model_copy(update=changes)


def finding_rows(report: AuditReport, corpus: Corpus, ingested: Ingested) -> pl.DataFrame:
    """Every finding of every row: the user's own line, check, severity, score, evidence, suggested fix.

    A record that could not be read has no row; it stands there under the check ``intake``.
    """
    lines = corpus.scan("row", "line").collect()
    parts = [_set_aside(ingested.quarantine)]
    for finding in report.findings:
        evidence = [name for name in finding.frame.columns if name not in ("row", "score")]
        parts.append(
            finding.frame.join(lines, on="row", how="left", maintain_order="left").select(
                "line",
                "row",
                check=pl.lit(finding.check),
                kind=pl.lit(finding.kind),
                severity=pl.lit(finding.severity),
                score=pl.col("score"),
                evidence=pl.struct(evidence).struct.json_encode() if evidence else pl.lit("{}"),
                fix=pl.lit(finding.fix, pl.String),
            )
        )
    return pl.concat(parts).sort("line", "check", "kind")


def _set_aside(quarantine: pl.DataFrame) -> pl.DataFrame:
    return quarantine.select(
        "line",
        row=pl.lit(None, pl.Int64),
        check=pl.lit("intake"),
        kind=pl.lit("set_aside"),
        severity=pl.lit("blocking"),
        score=pl.lit(1.0),
        evidence=pl.struct("reason", "raw").struct.json_encode(),
        fix=pl.lit(None, pl.String),
    )


def require_score(quality: Score, fail_under: float | None) -> None:
    """Raise unless the lower end of the score reaches `fail_under`."""
    if fail_under is None:
        return
    end = quality.value if quality.low is None else quality.low
    if not end >= fail_under:
        raise GateFailed(
            "E-GATE-001",
            f"The quality score is {quality.value:.1f} (at least {end:.1f}); --fail-under asks for {fail_under:g}.",
            why="A gate judges the pessimistic end of the interval.",
            fix="Mend the blocking findings, or clean them in a project: tunewright init DIR --data FILE",
        )


def _harmless(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that a spreadsheet would run as a formula, defused by a leading apostrophe (OWASP: CSV injection)."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    formula = {name: pl.col(name).str.contains(r"^[=+\-@\t\r]") for name in texts}
    return frame.with_columns(
        pl.when(formula[name]).then(pl.format("'{}", name)).otherwise(name).alias(name) for name in texts
    )
