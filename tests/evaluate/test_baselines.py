"""What needs no tuning, on worlds small enough to judge by eye."""

import numpy as np

from tunewright.evaluate.answers import Lesson
from tunewright.evaluate.baselines import k_nearest, majority, nearest_label_name

AXES = {"card": (1, 0), "login": (0, 1), "card lost": (1, 0), "log in": (0, 1)}


def embed(texts):
    return np.array([AXES.get(text, (0.7, 0.7)) for text in texts], np.float32)


TEXTS = ["a", "b", "c", "d", "e"]
LESSON = Lesson(TEXTS, np.array([0, 0, 1, 1, 1]), ["card", "login"], embed, np.array([(1, 0), (1, 0.1), (0, 1), (0.1, 1), (0.2, 1)], np.float32))
NEW = np.array([(1, 0), (0, 1), (0.9, 0.2)], np.float32)


def test_the_majority_is_one_answer_for_all() -> None:
    assert majority.predict(LESSON, ["x", "y", "z"], NEW, majority.Options()).predicted.tolist() == [1, 1, 1]


def test_neighbors_vote_by_similarity() -> None:
    assert k_nearest.predict(LESSON, ["x", "y", "z"], NEW, k_nearest.Options(k=2)).predicted.tolist() == [0, 1, 0]
    # With all five voting, two close neighbors still outweigh three far ones.
    assert k_nearest.predict(LESSON, ["x"], NEW[:1], k_nearest.Options(k=100)).predicted.tolist() == [0]


def test_a_label_is_read_as_words() -> None:
    assert nearest_label_name.predict(LESSON, ["x", "y", "z"], NEW, nearest_label_name.Options()).predicted.tolist() == [0, 1, 0]
    assert [nearest_label_name.in_words(name) for name in ("card_lost", "CardLost", "card-lost", "__")] == ["card lost"] * 3 + ["__"]
