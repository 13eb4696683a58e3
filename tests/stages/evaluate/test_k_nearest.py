"""The vote of the neighbors."""

from dataclasses import replace

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from tests.stages.evaluate.lessons import LESSON, NEW

from tunewright.stages.evaluate import neighbors
from tunewright.stages.evaluate.answers import BaselineInput
from tunewright.stages.evaluate.baselines import k_nearest
from tunewright.stages.evaluate.baselines.k_nearest import Options


def unit(shape: tuple[int, int], seed: int) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_neighbors_vote_by_similarity() -> None:
    assert k_nearest.predict(LESSON, ["x", "y", "z"], NEW, Options(k=2)).predicted.tolist() == [0, 1, 0]
    # With all five voting, two close neighbors still outweigh three far ones.
    assert k_nearest.predict(LESSON, ["x"], NEW[:1], Options(k=100)).predicted.tolist() == [0]


def test_votes_are_scikit_learns() -> None:
    known, asked = unit((800, 24), 1), unit((90, 24), 2)
    labels = np.random.default_rng(3).integers(0, 4, 800)
    lesson = BaselineInput(["t"] * 800, labels, list("abcd"), lambda texts: asked, known)
    peer = KNeighborsClassifier(
        7, metric="cosine", algorithm="brute", weights=lambda far: np.maximum(1 - far, 1e-6)
    ).fit(known.astype(np.float64), labels)
    ours = k_nearest.predict(lesson, ["t"] * 90, asked, Options(k=7)).predicted
    assert np.array_equal(ours, peer.predict(asked.astype(np.float64)))


def test_what_else_is_asked_and_the_batch_do_not_change_a_vote(monkeypatch) -> None:
    known, asked = np.repeat(unit((60, 24), 4), 5, axis=0), unit((40, 24), 5)  # five copies of each: ties everywhere
    labels = np.random.default_rng(6).integers(0, 3, 300)
    lesson = BaselineInput(["t"] * 300, labels, list("abc"), lambda texts: asked, known)
    whole = k_nearest.predict(lesson, ["t"] * 40, asked, Options(k=3)).predicted
    monkeypatch.setattr(neighbors, "CELLS", 1)
    assert np.array_equal(k_nearest.predict(lesson, ["t"] * 40, asked, Options(k=3)).predicted, whole)
    turned = k_nearest.predict(lesson, ["t"] * 40, asked[::-1].copy(), Options(k=3)).predicted[::-1]
    assert np.array_equal(turned, whole)


def test_of_equally_near_rows_the_earlier_votes() -> None:
    same = replace(LESSON, vectors=np.tile(np.array([(1, 0)], np.float32), (5, 1)), labels=np.array([1, 0, 0, 0, 0]))
    assert k_nearest.predict(same, ["x"], NEW[:1], Options(k=1)).predicted.tolist() == [1]


def test_no_test_row_is_no_answer() -> None:
    assert k_nearest.predict(LESSON, [], NEW[:0], Options()).predicted.shape == (0,)
