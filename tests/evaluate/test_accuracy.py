"""The share that was labelled right."""

import numpy as np

from tunewright.evaluate.answers import Classified
from tunewright.evaluate.metrics import accuracy


def test_accuracy_counts() -> None:
    score = accuracy.measure(
        np.array([0, 1, 1, 2]), Classified(np.array([0, 1, 2, 2])), 3, np.zeros((1, 4), int), 0.95, accuracy.Options()
    )
    assert (score.value, score.n) == (0.75, 4)
