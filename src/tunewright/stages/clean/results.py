"""What `clean` gives back."""

from collections.abc import Sequence

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.dataset import Dataset
from tunewright.core.edit import Cleaned, Edit
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.outlook import Outlook
from tunewright.core.outputs import Outputs
from tunewright.core.score import Score


class EditLine(Frozen):
    """One fix in a line: what it changed, for which finding, how many rows."""

    fix: str
    finding: str
    rows: int
    drops: int
    replaces: int
    reweights: int
    example: str


class CleanResult(Frozen):
    """What `clean` did, or would do."""

    preview: bool
    before: Dataset
    after: Dataset | None
    rows_after: int
    edits: tuple[EditLine, ...]
    quality_before: Score
    quality_after: Score | None
    verdict: Verdict | None
    outlook: Outlook | None = None


def preview_result(report: AuditReport, rows_after: int, edits: Sequence[Edit]) -> CleanResult:
    """What cleaning the audited rows would do."""
    return CleanResult(
        preview=True,
        before=report.dataset,
        after=None,
        rows_after=rows_after,
        edits=tuple(_edit_line(edit) for edit in edits),
        quality_before=report.quality,
        quality_after=None,
        verdict=None,
    )


def clean_result(outputs: Outputs) -> CleanResult:
    """What cleaning did, and what the gate on the data says of the rows that are left."""
    cleaned, before = outputs[Cleaned], outputs.first(AuditReport)
    assert before is not None
    return CleanResult(
        preview=False,
        before=cleaned.before,
        after=cleaned.after,
        rows_after=cleaned.after.rows,
        edits=tuple(_edit_line(edit) for edit in cleaned.edits),
        quality_before=before.quality,
        quality_after=outputs[AuditReport].quality,
        verdict=next(iter(outputs.verdicts.values())),
        outlook=outputs.get(Outlook),
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
