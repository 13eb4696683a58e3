"""What `audit` gives back."""

from tunewright.core.audit_report import CheckRun
from tunewright.core.dataset import Dataset
from tunewright.core.finding import Severity
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
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
