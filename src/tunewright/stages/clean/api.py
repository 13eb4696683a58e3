"""The safe fixes for what an audit found, as new rows and the edits that made them.

Fixes run in the order of their ``STAGE``: rows that go, parts of texts, whole texts, labels, weights. A finding
points at rows and characters of the data that was audited, so parts of texts change while every character still
stands where it stood, all at once; from then on each fix reads what the one before it left. Row numbers stay until
the end. Why it is done this way: docs/decisions/003-how-fixes-compose.md.
"""

from itertools import groupby
from types import ModuleType

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.corpus import Corpus
from tunewright.core.digest import digest
from tunewright.core.edit import CHANGE_COLUMNS, Edit
from tunewright.core.errors import GateFailed, UserError, did_you_mean
from tunewright.core.finding import Finding
from tunewright.core.progress import tracked
from tunewright.stages.clean.apply import apply_changes, effective, finished, with_digests
from tunewright.stages.clean.plugins import FIXES
from tunewright.stages.clean.settings import CleanSettings
from tunewright.text.placeholders import is_placeholder

#: The stage whose fixes change parts of texts: they are found first and made together.
PARTS = 1
#: Below this many rows a share of a class says nothing.
SMALLEST_CLASS = 10


def clean(
    corpus: Corpus, report: AuditReport, settings: CleanSettings, *, who: str
) -> tuple[pl.DataFrame, tuple[Edit, ...]]:
    """The cleaned rows and the edits, nothing stored.

    Raises:
        GateFailed: E-CLEAN-001 when the fixes would remove more of a class, a source or the whole than
            ``max_removed``.
        UserError: E-CLEAN-002 and on, when a fix lacks what it needs.
    """
    assert report.dataset.root == corpus.dataset.root, "a finding's rows are those of the data that was audited"
    before = corpus.scan().collect()
    rows, edits = before, list[Edit]()
    wanted = tracked(chosen := _chosen(report, settings), corpus.progress, "clean", len(chosen), "fixes")
    for stage, group in groupby(wanted, key=lambda pair: _stage(FIXES.load(pair[1]))):
        stage_changes = []
        for finding, fix in group:
            changes = _changes(_view(corpus, rows, edits), finding, fix, settings)
            changes = effective(rows, changes)
            if changes.is_empty():
                continue
            stage_changes.append(changes)
            edits.append(Edit.of(changes, fix=fix, finding=finding.name, who=who))
            if stage != PARTS:
                rows = apply_changes(rows, changes)
        if stage == PARTS and stage_changes:
            rows = apply_changes(rows, pl.concat(stage_changes))
    _refuse_to_gut(before, rows, edits, settings)
    after = finished(rows) if edits else before
    return after, tuple(with_digests(edit, before, after) for edit in edits)


def _changes(corpus: Corpus, finding: Finding, fix: str, settings: CleanSettings) -> pl.DataFrame:
    module = FIXES.load(fix)
    chosen = settings.fixes.get(fix)
    options = module.Options.model_validate({} if chosen in (None, True) else chosen)
    changes: pl.DataFrame = module.fix(corpus, finding, options)
    missing = [pl.lit(None, kind).alias(name) for name, kind in CHANGE_COLUMNS.items() if name not in changes.columns]
    return changes.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in CHANGE_COLUMNS.items())


def _view(corpus: Corpus, rows: pl.DataFrame, edits: list[Edit]) -> Corpus:
    """The rows as they are now, under a digest of their own: evidence of other texts is not taken for theirs."""
    if not edits:
        return corpus
    root = digest([corpus.dataset.root, [[edit.fix, edit.frame_digest] for edit in edits]])
    dataset = corpus.dataset.model_copy(update={"version": None, "rows": rows.height, "root": root})
    return Corpus(dataset, rows.lazy(), context=corpus.context, progress=corpus.progress, secret=corpus.secret)


def _chosen(report: AuditReport, settings: CleanSettings) -> list[tuple[Finding, str]]:
    """Findings with the fix that each one gets, in the order in which they run."""
    chosen = []
    for finding in report.findings:
        preferred = settings.use.get(finding.name) or settings.use.get(finding.check)
        fix = preferred or finding.fix
        if not fix or not finding.rows or {finding.name, finding.check} & set(settings.leave):
            continue
        if preferred and preferred not in FIXES.names():
            raise UserError(
                "E-CFG-002", f"There is no fix named {preferred!r}.", fix=did_you_mean(preferred, FIXES.names())
            )
        if settings.fixes.get(fix) is not False and (preferred or _unasked(finding, fix) or fix in settings.fixes):
            chosen.append((finding, fix))
    return sorted(chosen, key=lambda pair: (_stage(FIXES.load(pair[1])), pair[1], pair[0].name))


def _unasked(finding: Finding, fix: str) -> bool:
    """Whether a fix runs without being named: the safe ones, and any for what would otherwise block."""
    return bool(getattr(FIXES.load(fix), "SAFE", True)) or finding.severity == "blocking"


def _stage(fix: ModuleType) -> float:
    return float(fix.STAGE)


def _refuse_to_gut(before: pl.DataFrame, after: pl.DataFrame, edits: list[Edit], settings: CleanSettings) -> None:
    """Stop when a class, a source or the whole would lose more than the settings allow."""
    gone = before.join(after.select("row"), on="row", how="anti")
    for column, noun in (("label", "class"), ("source_id", "source")):
        lost = (
            before.drop_nulls(column)
            .filter(~is_placeholder(column))  # a class called TBD is no class, and may go whole
            .group_by(column)
            .agg(had=pl.len())
            .join(gone.group_by(column).agg(lost=pl.len()), on=column)
            .filter((pl.col("had") >= SMALLEST_CLASS) & (pl.col("lost") > settings.max_removed * pl.col("had")))
            .sort("lost", column, descending=[True, False])
        )
        if lost.height:
            name, had, rows = lost.row(0)
            others = f"; and too much of {lost.height - 1} more" if lost.height > 1 else ""
            concerned = gone.filter(pl.col(column) == name)["row"]
            raise _too_much(rows, had, f"{noun} {name!r}", _by_finding(edits, concerned) + others, settings)
    if before.height >= SMALLEST_CLASS and gone.height > settings.max_removed * before.height:
        raise _too_much(gone.height, before.height, "the data", _by_finding(edits, gone["row"]), settings)


def _too_much(lost: int, had: int, what: str, why: str, settings: CleanSettings) -> GateFailed:
    return GateFailed(
        "E-CLEAN-001",
        f"Cleaning would remove {lost:,} of the {had:,} rows of {what} ({lost / had:.0%}): {why}.",
        why=f"More than {settings.max_removed:.0%} is rarely dirt; a rule may be too broad.",
        fix="Look with `tunewright clean --preview`; set clean.leave, or raise clean.max_removed.",
    )


def _by_finding(edits: list[Edit], rows: pl.Series) -> str:
    """Which findings the `rows` were dropped for, most first."""
    counts = [
        (edit.frame.filter((pl.col("action") == "drop") & pl.col("row").is_in(rows.implode())).height, edit)
        for edit in edits
    ]
    most_first = sorted(((count, edit.finding, edit.fix) for count, edit in counts if count), reverse=True)
    return ", ".join(f"{count:,} for {finding} ({fix})" for count, finding, fix in most_first)
