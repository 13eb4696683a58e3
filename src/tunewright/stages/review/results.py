"""What the verbs `review …` give back."""

from collections.abc import Mapping

from tunewright.core.frozen import Frozen
from tunewright.core.gate import Verdict
from tunewright.core.outlook import Outlook
from tunewright.core.score import Score
from tunewright.stages.review.reconcile import Reconciled


class ReviewSampleResult(Frozen):
    """The sample that `review sample` drew, and where it was written."""

    set: str
    rows: int
    population: int
    strata: int
    stratified: int
    random: int
    files: tuple[str, ...]


class ReviewedFile(Frozen):
    """One file that came back, and how its rows fared; `already` when it had been imported before."""

    file: str
    file_digest: str
    already: bool
    account: Reconciled


class ReviewImportResult(Frozen):
    """What `review import` took in, and what it does to the score."""

    files: tuple[ReviewedFile, ...]
    reviewed: int
    defective: int
    corrected: int
    agreement: Score | None
    before: Score
    verdict: Verdict
    outlook: Outlook | None


class ReviewNextResult(Frozen):
    """How far one sitting of `review next` came."""

    reviewer: str
    answered: int
    skipped: int
    left: int


class ReviewSetLine(Frozen):
    """One sample and how much of it was reviewed."""

    set: str
    when: str
    rows: int
    reviewed: int


class FindingReviewed(Frozen):
    """Of the reviewed rows with a finding, how many people called defective; ``nothing found``: what checks missed."""

    name: str
    reviewed: int
    defective: int


class ReviewStatusResult(Frozen):
    """How far the review is, and what it says about all rows."""

    sets: tuple[ReviewSetLine, ...]
    reviewed: int
    reviewers: Mapping[str, int]
    agreement: Score | None
    findings: tuple[FindingReviewed, ...]
    automatic: Score
    corrected: Score | None
    verdict: Verdict
    outlook: Outlook | None
