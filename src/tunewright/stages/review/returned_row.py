"""What came back from reviewers, as it was written, before anything is believed."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReturnedRow:
    """One row of a file that came back; empty texts are what was not said.

    Attributes:
        where: how a person finds it in the file, such as ``row 12``.
        review_set: the sample that it says it is of.
        example_id: the row it is about.
        content_digest: digest of what that row said.
        reviewer: who filled it in.
        verdict: ``ok`` or ``defective``, if it was spelled so.
        right_label: the right label.
        right_answer: the right answer.
        note: anything else.
    """

    where: str
    review_set: str
    example_id: str
    content_digest: str
    reviewer: str
    verdict: str
    right_label: str
    right_answer: str
    note: str


def text(value: Any) -> str:
    """A cell as text without white space around it."""
    return "" if value is None else str(value).strip()
