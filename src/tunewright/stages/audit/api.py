"""Every check over every row, and the score they leave."""

import time
from collections.abc import Mapping
from typing import Any

import polars as pl

from tunewright.core.audit_report import AuditReport, CheckRun
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest
from tunewright.core.errors import UserError
from tunewright.core.finding import Finding, NotChecked
from tunewright.core.interrupts import PartialResult, interruptible
from tunewright.core.progress import tracked
from tunewright.stages.audit.plugins import CHECKS
from tunewright.stages.audit.score import quality_score
from tunewright.stages.audit.settings import AuditSettings

#: Checks that judge each row by itself, so that a sample tells their rate.
PER_ROW = ("missing", "chat_format", "pii")
#: The checks of the structural tier, with the options that keep each from running a model.
STRUCTURAL: Mapping[str, Mapping[str, Any]] = {
    "chat_format": {},
    "class_imbalance": {},
    "conflicts": {},
    "exact_duplicates": {},
    "formats": {},
    "leakage": {},
    "missing": {},
    "near_duplicates": {},
    "pii": {"names": False},
}
#: A first look is taken at so many rows of a set with more than so many.
LOOK_AT, LOOK_ABOVE, LISTED = 5_000, 100_000, 4
INTERRUPTED = "interrupted before it ran"


def audit(corpus: Corpus, settings: AuditSettings) -> AuditReport:
    """What the chosen checks find in `corpus`.

    A check that cannot have its evidence is listed as not run, with the reason; one that crashes is a fault of ours
    and is not hidden.

    Raises:
        UserError: E-CFG-002 for an unknown check, E-ENV-001 when a check that was named needs a missing package.
        PartialResult: on Ctrl-C, with the report of the checks before it.
    """
    findings: list[Finding] = []
    runs: list[CheckRun] = []
    names = list(chosen(settings))
    try:
        interruptible(lambda: first_look(corpus, settings))
        for name in tracked(names, corpus.progress, "audit", len(names), "checks"):
            started = time.monotonic()
            check_findings, skipped = _run(name, corpus, settings)
            findings += check_findings
            runs.append(_check_run(name, round(time.monotonic() - started, 3), skipped))
    except KeyboardInterrupt:
        runs += [_check_run(name, 0.0, INTERRUPTED) for name in names[len(runs) :]]
        raise PartialResult(_report(corpus, runs, findings)) from None
    return _report(corpus, runs, findings)


def first_look(corpus: Corpus, settings: AuditSettings) -> None:
    """Tell the listener what a sample of a large set holds, long before every row is judged.

    Only checks that judge each row by itself take part: how many copies a sample holds says nothing about the whole.
    """
    if len(corpus) <= LOOK_ABOVE:
        return
    looked_at = pl.int_range(len(corpus), eager=True).sample(LOOK_AT, seed=0)
    rows = corpus.scan().filter(pl.col("row").is_in(looked_at.implode())).collect()
    sample = Corpus(
        corpus.dataset.model_copy(update={"rows": LOOK_AT, "root": digest([corpus.dataset.root, "first look"])}),
        rows.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64)).lazy(),
        context=corpus.context,
    )
    sampled = [
        finding
        for name in PER_ROW
        if name in chosen(settings)
        for finding in _run(name, sample, settings)[0]
        if finding.rows
    ]
    rates = [
        f"{finding.name} in {finding.rows / LOOK_AT:.1%}"
        for finding in sorted(sampled, key=lambda finding: -finding.rows)
        if finding.severity != "info"
    ]
    corpus.progress.say(
        f"First look, at {LOOK_AT:,} of {len(corpus):,} rows: {', '.join(rates[:LISTED]) or 'nothing found yet'}."
    )


def _check_run(name: str, seconds: float, skipped: str | None) -> CheckRun:
    return CheckRun(check=name, about=CHECKS.about(name), seconds=seconds, skipped=skipped)


def _report(corpus: Corpus, runs: list[CheckRun], findings: list[Finding]) -> AuditReport:
    return AuditReport(
        dataset=corpus.dataset,
        quality=quality_score(_defective(findings), len(corpus)),
        checks=tuple(runs),
        findings=tuple(findings),
    )


def chosen(settings: AuditSettings) -> dict[str, Mapping[str, Any]]:
    """The checks to run with their options: the named ones, or the tier's but those left out with ``false``."""
    on = {name: options for name, options in settings.checks.items() if options is not False}
    tier = STRUCTURAL if settings.tier == "structural" else {name: {} for name in CHECKS.names()}
    wanted = on or {name: options for name, options in tier.items() if settings.checks.get(name) is not False}
    return {name: options if isinstance(options, Mapping) else {} for name, options in sorted(wanted.items())}


def _run(name: str, corpus: Corpus, settings: AuditSettings) -> tuple[tuple[Finding, ...], str | None]:
    try:
        module = CHECKS.load(name)
        options = module.Options.model_validate(chosen(settings)[name])
        return interruptible(lambda: module.check(corpus, options)), None
    except NotChecked as why:
        return (), str(why)
    except UserError as missing:
        if name in settings.checks or missing.code != "E-ENV-001":
            raise
        return (), f"{missing.what} {missing.fix}"


def _defective(findings: list[Finding]) -> int:
    rows = [finding.frame["row"] for finding in findings if finding.severity == "blocking" and finding.rows]
    return pl.concat(rows).n_unique() if rows else 0
