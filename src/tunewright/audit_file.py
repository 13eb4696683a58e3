"""An audit of any file, without a project."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tunewright import summaries
from tunewright.audit.room import audit
from tunewright.config.load import resolve
from tunewright.config.source import Source
from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.dataset import Dataset
from tunewright.core.digest import file_digest, frame_digest
from tunewright.core.errors import GateFailed, UserError
from tunewright.core.files import publish, publish_text
from tunewright.core.progress import SILENT, Progress
from tunewright.core.score import Score
from tunewright.core.version import __version__
from tunewright.evidence.cpu import machine
from tunewright.flow import Walk
from tunewright.intake.references import read_references
from tunewright.intake.room import read
from tunewright.report.material import Audited, ReportMaterial
from tunewright.results import AuditResult


def audit_file(
    path: Path,
    *,
    mapping: Sequence[str] = (),
    sets: Sequence[str] = (),
    findings: Path | None = None,
    report: Path | None = None,
    fail_under: float | None = None,
    progress: Progress = SILENT,
) -> AuditResult:
    """The audit of the file at `path`; arguments as in :meth:`Project.audit`, `mapping` as ``role=column``.

    Raises:
        UserError: E-DATA-… when the file cannot be read.
        GateFailed: E-GATE-001, only when `fail_under` is given.
    """
    config = resolve(Source(), sets=(*sets, *(f"data.columns.{pair}" for pair in mapping))).config
    intake = read(path, config.data, progress=progress)
    dataset = Dataset(
        table=path.name,
        version=None,
        rows=intake.frame.height,
        task=intake.detection.task,
        root=frame_digest(intake.frame),
    )
    references = read_references(Path(config.data.references)) if config.data.references else ()
    corpus = Corpus(dataset, intake.frame.lazy(), references=references, progress=progress)
    found = audit(corpus, config.audit)
    walk = Walk(ingested=intake.account(dataset, path.name, file_digest(path)), raw_report=found)
    result = summaries.audit(walk, intake.frame.select("row", "line"), found, None)
    material = ReportMaterial(
        project=path.name,
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        settings=config.report,
        ingested=walk.ingested,
        before=Audited.of(found, corpus, config.report),
        machine=machine(),
    )
    result = write_outputs(result, found, corpus, findings, report, material)
    require_score(result.quality, fail_under)
    return result


def write_outputs(
    result: AuditResult,
    found: AuditReport,
    corpus: Corpus,
    findings: Path | None,
    report: Path | None,
    material: ReportMaterial,
) -> AuditResult:
    """`result`, with every finding written to `findings` and a report to `report` where they are named.

    Raises:
        UserError: E-CLI-005 when one of them exists, E-CLI-007 for a suffix we do not write.
    """
    changes = {}
    if findings is not None:
        _refuse_to_overwrite(findings)
        frame = finding_rows(found, corpus)
        if findings.suffix == ".parquet":
            publish(findings, frame.write_parquet)
        elif findings.suffix == ".csv":
            publish(findings, _harmless(frame).write_csv)
        else:
            raise UserError("E-CLI-007", f"Findings are written as .csv or .parquet, not {findings.suffix!r}.")
        changes["findings_file"] = str(findings)
    if report is not None:
        from tunewright.report.room import render

        _refuse_to_overwrite(report)
        publish_text(report, render(material))
        changes["report"] = str(report)
    return result.model_copy(update=changes)


def finding_rows(report: AuditReport, corpus: Corpus) -> pl.DataFrame:
    """Every finding of every row: the user's own line, check, severity, score, evidence, suggested fix."""
    lines = corpus.scan("row", "line").collect()
    parts = []
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
    if not parts:
        names = {"line": pl.Int64, "row": pl.Int64, "score": pl.Float64}
        columns = ("line", "row", "check", "kind", "severity", "score", "evidence", "fix")
        return pl.DataFrame(schema={name: names.get(name, pl.String) for name in columns})
    return pl.concat(parts).sort("line", "check", "kind")


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


def _refuse_to_overwrite(path: Path) -> None:
    if path.exists():
        raise UserError(
            "E-CLI-005", f"{path} exists.", why="Nothing you made is overwritten.", fix="Name another file."
        )
