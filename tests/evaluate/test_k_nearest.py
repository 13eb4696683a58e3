"""The vote of the nearest training rows."""

from tests.evaluate.lessons import LESSON, NEW
from tunewright.evaluate.baselines import k_nearest


def test_neighbors_vote_by_similarity() -> None:
    assert k_nearest.predict(LESSON, ["x", "y", "z"], NEW, k_nearest.Options(k=2)).predicted.tolist() == [0, 1, 0]
    # With all five voting, two close neighbors still outweigh three far ones.
    assert k_nearest.predict(LESSON, ["x"], NEW[:1], k_nearest.Options(k=100)).predicted.tolist() == [0]
