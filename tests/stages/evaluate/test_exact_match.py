"""The same words."""

from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics import exact_match
from tunewright.stats.intervals import Sampling


def test_case_and_punctuation_are_no_difference_and_a_word_is() -> None:
    references = ["Yes, we do.", "42", "Blocked", "not asked"]
    score = exact_match.measure(
        references, written(["yes we do", "42 ", "unblocked"]), Sampling(), exact_match.Options()
    )
    assert score is not None
    assert (score.value, score.n, score.method) == (2 / 3, 3, "wilson")


def test_nothing_written_is_no_score() -> None:
    assert exact_match.measure(["a"], written(nats=[1.0]), Sampling(), exact_match.Options()) is None
