"""The quality of the data as people's reviews correct it."""

import polars as pl

from tunewright.core.audit_report import AuditReport
from tunewright.core.edit import Cleaned
from tunewright.core.outputs import Outputs
from tunewright.core.score import Score
from tunewright.workflow.workspace import Workspace

#: The gate whose figure people's reviews correct.
GATE = "audit.quality_score"


def corrected_quality(workspace: Workspace, outputs: Outputs) -> Score | None:
    """The quality score of the cleaned rows as people's reviews correct it; None while there are none."""
    cleaned, report = outputs[Cleaned], outputs[AuditReport]
    corpus = workspace.corpus(cleaned.after)
    decided = corpus.context.reviews
    if decided is None:
        return None
    from tunewright.stages.review.corrected_score import corrected_score

    rows = corpus.scan("row", "example_id", "content_digest", "label", "answer").collect()
    # Only what a review dropped speaks of rows like it; what another fix dropped is no longer asked about.
    dropped = [
        edit.frame.filter(pl.col("action") == "drop")["example_id"]
        for edit in cleaned.edits
        if edit.finding.startswith("reviewed.")
    ]
    gone = pl.concat([pl.Series("example_id", [], pl.String), *dropped])
    return corrected_score(report, rows, decided, gone, workspace.reviews.samples())
