"""Several reviewers, one decision."""

import polars as pl
import pytest

from tunewright.stages.review.decisions import agreement, decisions
from tunewright.stages.review.store import ANSWER_COLUMNS


def answers(*said: tuple[str, str, str, str | None]) -> pl.DataFrame:
    """Of `(row, reviewer, verdict, right label)`."""
    values = {
        "example_id": [one[0] for one in said],
        "content_digest": ["d" + one[0] for one in said],
        "reviewer": [one[1] for one in said],
        "verdict": [one[2] for one in said],
        "right_label": [one[3] for one in said],
        "right_answer": [None] * len(said),
        "note": [None] * len(said),
        "at": ["2026"] * len(said),
    }
    return pl.DataFrame(values, schema=ANSWER_COLUMNS)


def test_most_decide_and_of_a_tie_the_row_is_defective() -> None:
    told = decisions(
        answers(
            ("a", "x", "ok", None), ("a", "y", "ok", None), ("a", "z", "defective", "l"),
            ("b", "x", "ok", None), ("b", "y", "defective", None),
        )
    )  # fmt: skip
    assert told.select("example_id", "verdict", "new_label", "reviewer").rows() == [
        ("a", "ok", None, "x, y, z"),
        ("b", "defective", None, "x, y"),
    ]


def test_a_correction_holds_where_most_write_the_same_and_of_a_tie_there_is_none() -> None:
    told = decisions(
        answers(
            ("a", "x", "defective", "l"), ("a", "y", "defective", "l"), ("a", "z", "defective", "m"),
            ("b", "x", "defective", "l"), ("b", "y", "defective", "m"),
            ("c", "x", "defective", "l"), ("c", "y", "defective", None),
        )
    )  # fmt: skip
    assert told["new_label"].to_list() == ["l", None, "l"]


def test_nobody_said_anything() -> None:
    assert decisions(pl.DataFrame(schema=ANSWER_COLUMNS)).is_empty()
    assert agreement(pl.DataFrame(schema=ANSWER_COLUMNS)) is None


def test_agreement_needs_two_reviewers_of_a_row() -> None:
    assert agreement(answers(("a", "x", "ok", None), ("b", "y", "ok", None))) is None
    both = answers(*[(str(i), who, "ok" if i % 2 else "defective", None) for i in range(20) for who in "xy"])
    assert agreement(both).value == pytest.approx(1.0)
    assert agreement(both).n == 20
