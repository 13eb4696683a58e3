"""A constant answer."""

from tests.evaluate.lessons import LESSON, NEW
from tunewright.evaluate.baselines import majority


def test_the_majority_is_one_answer_for_all() -> None:
    assert majority.predict(LESSON, ["x", "y", "z"], NEW, majority.Options()).predicted.tolist() == [1, 1, 1]
