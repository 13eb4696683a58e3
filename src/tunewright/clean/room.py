"""The safe fixes for what an audit found, as new rows and the edits that made them.

Fixes run in one order: drops first, since what is gone needs no mending, then changes of text, then weights. Each fix
reads the rows as they came, and a row that an earlier fix dropped is out of the reach of later ones; so two fixes
never see each other's half-made text, and cleaning a clean set changes nothing.
"""

import polars as pl

from tunewright.clean.apply import apply_changes, with_digests
from tunewright.clean.settings import CleanSettings
from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.edit import Edit
from tunewright.core.errors import GateFailed
from tunewright.core.finding import Finding
from tunewright.core.shelf import Shelf

FIXES = Shelf("tunewright.clean.fixes", "fix", "fix")


def clean(
    corpus: Corpus, report: AuditReport, settings: CleanSettings, *, who: str
) -> tuple[pl.DataFrame, tuple[Edit, ...]]:
    """The cleaned rows and the edits, nothing stored.

    Raises:
        GateFailed: E-CLEAN-001 when a fix would remove more of a class or source than ``max_removed``.
    """
    before = corpus.scan().collect()
    dropped = pl.Series("row", [], dtype=pl.Int64)
    edits = []
    for finding, fix in _in_order(report, settings):
        module = FIXES.load(fix)
        options = module.Options.model_validate(settings.fixes.get(fix) or {})
        changes = module.fix(corpus, finding, options).filter(~pl.col("row").is_in(dropped.implode()))
        if changes.is_empty():
            continue
        edits.append(Edit.of(changes, fix=fix, finding=finding.name, who=who))
        gone = changes.filter(pl.col("action") == "drop")["row"]
        dropped = pl.concat([dropped, gone.cast(pl.Int64)])
    _refuse_to_gut(before, dropped, settings)
    after = apply_changes(before, [edit.frame for edit in edits])
    return after, tuple(with_digests(edit, before, after) for edit in edits)


def _in_order(report: AuditReport, settings: CleanSettings) -> list[tuple[Finding, str]]:
    """Findings with the fix each asks for, drops first."""
    wanted = [
        (finding, finding.fix)
        for finding in report.findings
        if finding.fix
        and finding.rows
        and finding.name not in settings.leave
        and finding.check not in settings.leave
        and settings.fixes.get(finding.fix) is not False
    ]
    return sorted(wanted, key=lambda pair: (FIXES.load(pair[1]).STAGE, pair[1], pair[0].name))


def _refuse_to_gut(before: pl.DataFrame, dropped: pl.Series, settings: CleanSettings) -> None:
    """Stop when one class or source would lose more than the settings allow."""
    gone = before.filter(pl.col("row").is_in(dropped.implode()))
    for column, noun in (("label", "class"), ("source_id", "source")):
        lost = (
            before.drop_nulls(column)
            .group_by(column)
            .agg(had=pl.len())
            .join(gone.group_by(column).agg(lost=pl.len()), on=column)
            .filter((pl.col("had") >= 10) & (pl.col("lost") > settings.max_removed * pl.col("had")))
            .sort("lost", column, descending=[True, False])
        )
        if lost.height:
            name, had, rows = lost.row(0)
            raise GateFailed(
                "E-CLEAN-001",
                f"Cleaning would remove {rows:,} of the {had:,} rows of {noun} {name!r} ({rows / had:.0%}).",
                why=f"More than {settings.max_removed:.0%} of one {noun} is rarely dirt; a rule may be too broad.",
                fix="Look with `tunewright clean --preview`; set clean.leave, or raise clean.max_removed.",
            )
