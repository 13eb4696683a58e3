"""The verdict in words, for each place an interval can lie in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.core.score import Score
from tunewright.core.scorecard import Comparison, SystemScores
from tunewright.stages.evaluate.decide import decide, rows_needed


def judged(low: float, value: float, high: float, n: int = 400, objection: str = "") -> tuple[str, str]:
    def system(name: str, accuracy: float) -> SystemScores:
        return SystemScores(system=name, about="", scores=(Score(metric="accuracy", value=accuracy, n=n),))

    gain = Score(metric="gain", value=value, n=n, low=low, high=high)
    comparison = Comparison(baseline="k_nearest", difference=gain, wins=0, losses=0, ties=n)
    return decide(system("tuned", 0.9 + value), system("k_nearest", 0.9), comparison, "accuracy", objection)


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
    # Half-width 0.04 at 400 rows has to shrink to 0.02: half the width, four times the rows.
    assert rows_needed(Score(metric="gain", value=0.02, n=400, low=-0.02, high=0.06)) == 1601
    words = judged(-0.02, 0.02, 0.06)[1]
    assert "about 1,601 test rows would settle it, 1,201 more than there are" in words


@given(st.floats(-0.019, 0.3), st.floats(0.001, 0.4), st.integers(10, 10_000))
def test_the_rows_it_asks_for_do_settle_it(value: float, half: float, n: int) -> None:
    low, high = value - half, value + half
    if judged(low, value, high, n)[0] != "inconclusive":
        return
    needed = rows_needed(Score(metric="gain", value=value, n=n, low=low, high=high))
    assert needed > n
    half *= (n / needed) ** 0.5
    assert judged(value - half, value, value + half, needed)[0] != "inconclusive"
    half *= (needed / (0.9 * needed - 1)) ** 0.5 if needed > 20 else 2
    assert judged(value - half, value, value + half, needed)[0] == "inconclusive", "and far fewer would not"


def test_a_gain_that_something_speaks_against_is_not_shipped() -> None:
    decision, told = judged(0.01, 0.04, 0.07, objection="the rare classes pay for it.")
    assert decision == "do not ship"
    assert told.endswith("But the rare classes pay for it.")
    assert judged(-0.06, -0.03, -0.01, objection="x")[0] == "do not fine-tune", "there is no gain to object to"


def test_fewer_than_ten_rows_settle_nothing() -> None:
    assert judged(0.2, 0.5, 0.7, n=9)[0] == "inconclusive"
    assert judged(0.2, 0.5, 0.7, n=10)[0] == "ship"


def test_a_figure_in_nats_is_not_told_in_points() -> None:
    gain = Score(metric="gain", value=0.31, n=50, low=0.2, high=0.4, unit="nats a token")
    own, base = (
        SystemScores(system=name, about="", scores=(Score(metric="log_likelihood", value=value, n=50, unit="nats"),))
        for name, value in (("tuned", -1.2), ("base", -1.51))
    )
    comparison = Comparison(baseline="base", difference=gain, wins=40, losses=10, ties=0)
    decision, words = decide(own, base, comparison, "log_likelihood")
    assert decision == "ship"
    assert "+0.310 nats a token (+0.200 to +0.400)" in words
