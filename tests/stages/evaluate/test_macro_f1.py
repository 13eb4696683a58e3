"""The mean over classes, against scikit-learn and against rows resampled one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from tunewright.stages.evaluate.answers import Classified, Truth
from tunewright.stages.evaluate.metrics import macro_f1
from tunewright.stats.intervals import Sampling

QUICK = Sampling(resamples=200)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60))
def test_the_value_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    score = macro_f1.measure(Truth(truth, 5), Classified(predicted), QUICK, macro_f1.Options())
    assert score is not None
    assert score.value == pytest.approx(f1_score(truth, predicted, average="macro", zero_division=0))
    assert score.low <= score.value <= score.high


def test_drawing_counts_is_resampling_rows() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, 300)
    predicted = np.where(rng.random(300) < 0.8, truth, rng.integers(0, 6, 300))
    score = macro_f1.measure(Truth(truth, 6), Classified(predicted), Sampling(4000, 1), macro_f1.Options())
    rows = rng.integers(0, 300, (1500, 300))
    peers = [f1_score(truth[sample], predicted[sample], average="macro", zero_division=0) for sample in rows]
    low, high = np.percentile(peers, [2.5, 97.5])
    assert score is not None
    assert (score.low, score.high) == (pytest.approx(low, abs=0.006), pytest.approx(high, abs=0.006))


def test_a_class_that_is_nowhere_does_not_count() -> None:
    answers = Classified(np.array([0, 1, 1]))
    few, many = (macro_f1.measure(Truth(np.array([0, 1, 0]), k), answers, QUICK, macro_f1.Options()) for k in (2, 99))
    assert few == many


def test_a_system_is_no_better_than_itself() -> None:
    rng = np.random.default_rng(2)
    truth, own = rng.integers(0, 3, 80), rng.integers(0, 3, 80)
    same = macro_f1.difference(Truth(truth, 3), own, own, QUICK)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = macro_f1.difference(Truth(truth, 3), truth, own, QUICK)
    assert better.low > 0.3
