"""The bar on what the audit measures."""

from tunewright.core.audit_report import AuditReport
from tunewright.core.gate import Gate
from tunewright.core.score import Score


def quality(report: AuditReport) -> Score:
    """The share of rows without a defect, of 100."""
    return report.quality


#: The bar of 85 is the playbook's; people's reviews correct what is measured.
QUALITY = Gate(
    name="audit.quality_score",
    bar=">= 85",
    title="data quality",
    measure=quality,
    advice="See `tunewright report` for the rows to mend, correct them, and run again",
)
