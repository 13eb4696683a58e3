"""Every check over every row, and the score they leave."""

import time

import polars as pl

from tunewright.audit.score import quality_score
from tunewright.audit.settings import AuditSettings
from tunewright.core.audit_report import AuditReport, CheckRun
from tunewright.core.corpus import Corpus
from tunewright.core.errors import UserError
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.progress import tracked
from tunewright.core.shelf import Shelf

CHECKS = Shelf("tunewright.audit.checks", "check", "check")


def audit(corpus: Corpus, settings: AuditSettings) -> AuditReport:
    """What the chosen checks find in `corpus`.

    A check that cannot have its evidence is listed as not run, with the reason; one that crashes is a fault of ours
    and is not hidden.

    Raises:
        UserError: E-CFG-002 for an unknown check, E-ENV-001 when a check that was named needs a missing package.
    """
    findings: list[Finding] = []
    runs: list[CheckRun] = []
    names = chosen(settings)
    for name in tracked(names, corpus.progress, "audit", len(names), "checks"):
        started = time.monotonic()
        found, skipped = _run(name, corpus, settings)
        findings += found
        runs.append(
            CheckRun(
                check=name,
                about=CHECKS.about(name),
                seconds=round(time.monotonic() - started, 3),
                skipped=skipped,
            )
        )
    return AuditReport(
        dataset=corpus.dataset,
        quality=quality_score(_defective(findings), len(corpus)),
        checks=tuple(runs),
        findings=tuple(findings),
    )


def chosen(settings: AuditSettings) -> list[str]:
    """The checks to run: the named ones, or all but those left out with ``false``."""
    on = [name for name, options in settings.checks.items() if options is not False]
    if on:
        return sorted(on)
    return [name for name in CHECKS.names() if settings.checks.get(name) is not False]


def _run(name: str, corpus: Corpus, settings: AuditSettings) -> tuple[tuple[Finding, ...], str | None]:
    given = settings.checks.get(name)
    try:
        module = CHECKS.load(name)
        options = module.Options.model_validate({} if given in (None, True) else given)
        return module.check(corpus, options), None
    except NotChecked as why:
        return (), str(why)
    except UserError as missing:
        if name in settings.checks or missing.code != "E-ENV-001":
            raise
        return (), f"{missing.what} {missing.fix}"


def _defective(findings: list[Finding]) -> int:
    rows = [finding.frame["row"] for finding in findings if finding.severity == "blocking" and finding.rows]
    return pl.concat(rows).n_unique() if rows else 0
