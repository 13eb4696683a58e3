"""The share that is right."""

import numpy as np
import pytest

from tunewright.stages.evaluate.answers import Classified, Truth
from tunewright.stages.evaluate.metrics import accuracy
from tunewright.stats.intervals import Sampling


def test_accuracy_counts_with_wilsons_interval() -> None:
    truth = Truth(np.arange(100) % 4, 4)
    predicted = np.where(np.arange(100) < 85, truth.labels, (truth.labels + 1) % 4)
    score = accuracy.measure(truth, Classified(predicted), Sampling(), accuracy.Options())
    assert score is not None
    assert (score.value, score.n, score.method) == (0.85, 100, "wilson")
    # Brown, Cai and DasGupta 2001 give the same interval for 85 of 100.
    assert (score.low, score.high) == (pytest.approx(0.76716, abs=1e-5), pytest.approx(0.90694, abs=1e-5))
