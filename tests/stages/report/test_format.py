"""Figures in words."""

import pytest

from tunewright.core.score import Score
from tunewright.stages.report import format as fmt


@pytest.mark.parametrize(
    ("number", "unit", "words"),
    [
        (0.9314, "share", "93.1\u202f%"),
        (-0.021, "share", "\u22122.1\u202f%"),
        (100.0, "points", "100.0"),
        (99.98, "points", "99.98"),
        (99.9999, "points", "99.99"),
        (0.99999, "share", "99.99\u202f%"),
        (11.84, "ms", "11.8\u202fms"),
        (1184.0, "ms", "1184\u202fms"),
        (192.4, "s", "3\u202fmin 12\u202fs"),
        (1234.5, "1/s", "1,234 rows a second"),
    ],
)
def test_a_figure_has_its_unit_and_is_never_rounded_up_to_perfect(number: float, unit: str, words: str) -> None:
    assert fmt.figure(number, unit) == words


def test_a_small_share_is_not_said_to_be_none() -> None:
    assert fmt.share(1, 100_000) == "< 0.1\u202f%"
    assert fmt.share(0, 100_000) == "0.0\u202f%"
    assert fmt.share(1, 0) == "–"


def test_a_difference_of_shares_is_in_points_with_a_sign() -> None:
    score = Score(metric="accuracy", value=0.086, n=602, low=-0.0004, high=0.111)
    assert fmt.difference(score.value, score.unit) == "+8.6"
    assert fmt.difference_interval(score) == "0.0 to +11.1"


def test_an_interval_says_its_unit_once() -> None:
    score = Score(metric="accuracy", value=0.93, n=602, low=0.908, high=0.949)
    assert fmt.interval(score) == "90.8 to 94.9\u202f%"
