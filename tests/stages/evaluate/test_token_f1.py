"""Words in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics import token_f1
from tunewright.stages.evaluate.metrics.token_f1 import Options
from tunewright.stats.intervals import Sampling


@pytest.mark.parametrize(
    ("reference", "answer", "value"),
    [
        ("Your card is blocked.", "your CARD, is blocked", 1),
        ("a b c d", "a b", 2 * 2 / 6),
        ("a a b", "a b b", 2 * 2 / 6),  # a word counts as often as both have it
        ("yes", "no", 0),
        ("yes", "", 0),
        ("", "", 1),
    ],
)
def test_it_is_twice_the_shared_words_over_all(reference: str, answer: str, value: float) -> None:
    score = token_f1.measure([reference], written([answer]), Sampling(200), Options())
    assert score is not None
    assert score.value == pytest.approx(value)


@given(st.text(max_size=30), st.text(max_size=30))
def test_it_is_a_share_and_does_not_care_which_side_is_which(one: str, other: str) -> None:
    there, back = (
        token_f1.measure([a], written([b]), Sampling(200), Options()) for a, b in ((one, other), (other, one))
    )
    assert there is not None
    assert back is not None
    assert 0 <= there.value == back.value <= 1


def test_rows_that_were_not_written_do_not_count() -> None:
    score = token_f1.measure(["a", "b", "c"], written(["a", "x"]), Sampling(200), Options())
    assert score is not None
    assert (score.value, score.n) == (0.5, 2)
    assert token_f1.measure(["a"], written(nats=[1.0]), Sampling(200), Options()) is None
