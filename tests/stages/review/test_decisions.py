"""Several reviewers, one decision."""

import polars as pl
import pytest

from tunewright.stages.review.decisions import agreement, decisions
from tunewright.stages.review.store import ANSWER_COLUMNS


def answers(*rows: tuple[str, str, str, str | None]) -> pl.DataFrame:
    """Of `(row, reviewer, verdict, right label)`."""
    values = {
        "example_id": [row[0] for row in rows],
        "content_digest": ["d" + row[0] for row in rows],
        "reviewer": [row[1] for row in rows],
        "verdict": [row[2] for row in rows],
        "right_label": [row[3] for row in rows],
        "right_answer": [None] * len(rows),
        "note": [None] * len(rows),
        "at": ["2026"] * len(rows),
    }
    return pl.DataFrame(values, schema=ANSWER_COLUMNS)


def test_most_decide_and_of_a_tie_the_row_is_defective() -> None:
    decided = decisions(
        answers(
            ("a", "x", "ok", None), ("a", "y", "ok", None), ("a", "z", "defective", "l"),
            ("b", "x", "ok", None), ("b", "y", "defective", None),
        )
    )  # fmt: skip
    assert decided.select("example_id", "verdict", "new_label", "reviewer").rows() == [
        ("a", "ok", None, "x, y, z"),
        ("b", "defective", None, "x, y"),
    ]


def test_a_correction_holds_where_most_write_the_same_and_of_a_tie_there_is_none() -> None:
    decided = decisions(
        answers(
            ("a", "x", "defective", "l"), ("a", "y", "defective", "l"), ("a", "z", "defective", "m"),
            ("b", "x", "defective", "l"), ("b", "y", "defective", "m"),
            ("c", "x", "defective", "l"), ("c", "y", "defective", None),
        )
    )  # fmt: skip
    assert decided["new_label"].to_list() == ["l", None, "l"]


def test_nobody_said_anything() -> None:
    assert decisions(pl.DataFrame(schema=ANSWER_COLUMNS)).is_empty()
    assert agreement(pl.DataFrame(schema=ANSWER_COLUMNS)) is None


def test_agreement_needs_two_reviewers_of_a_row() -> None:
    assert agreement(answers(("a", "x", "ok", None), ("b", "y", "ok", None))) is None
    both = answers(*[(str(i), who, "ok" if i % 2 else "defective", None) for i in range(20) for who in "xy"])
    assert agreement(both).value == pytest.approx(1.0)
    assert agreement(both).n == 20
