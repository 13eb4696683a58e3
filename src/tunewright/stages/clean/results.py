"""What `clean` gives back."""

from tunewright.core.dataset import Dataset
from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.outlook import Outlook
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
