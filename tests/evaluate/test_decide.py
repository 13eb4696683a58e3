"""The verdict in words, for each place an interval can lie in."""

import pytest

from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, SystemScores
from tunewright.evaluate.decide import decide, rows_needed


def judged(low: float, value: float, high: float, n: int = 400) -> tuple[str, str]:
    def system(name: str, accuracy: float) -> SystemScores:
        return SystemScores(system=name, about="", scores=(Score(metric="accuracy", value=accuracy, n=n),))

    gain = Score(metric="gain", value=value, n=n, low=low, high=high)
    comparison = Comparison(baseline="k_nearest", difference=gain, wins=0, losses=0, ties=n)
    return decide(system("tuned", 0.9 + value), system("k_nearest", 0.9), comparison, "accuracy")


@pytest.mark.parametrize(
    ("low", "value", "high", "decision"),
    [
        (0.01, 0.04, 0.07, "ship"),
        (-0.06, -0.03, -0.01, "do not fine-tune"),
        (-0.01, 0.005, 0.015, "do not fine-tune"),  # whatever it is, it is not worth having
        (-0.01, 0.02, 0.05, "inconclusive"),
        (-0.001, 0.01, 0.021, "inconclusive"),
    ],
)
def test_where_the_interval_lies_decides(low: float, value: float, high: float, decision: str) -> None:
    assert judged(low, value, high)[0] == decision


def test_the_words_carry_the_figures_and_the_alternative() -> None:
    words = judged(-0.01, 0.005, 0.015)[1]
    assert "90.5%" in words
    assert "+0.5 points (-1.0 to +1.5)" in words
    assert "use k nearest" in words


def test_inconclusive_says_how_many_rows_would_settle_it() -> None:
    # Half-width 0.04 at 400 rows has to shrink to 0.02: a quarter of the width, four times the rows.
    assert rows_needed(Score(metric="gain", value=0.02, n=400, low=-0.02, high=0.06)) == 1601
    assert "1,601 test rows" in judged(-0.02, 0.02, 0.06)[1]
