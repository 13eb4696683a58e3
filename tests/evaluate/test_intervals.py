"""Intervals, against references that are not ours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.core.score import wilson_score
from tunewright.evaluate.intervals import bootstrap_score, in_batches, resample


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(85, 100, 0.76716, 0.90694), (0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (1, 2, 0.09453, 0.90547)],
)
def test_wilsons_interval_is_that_of_the_tables(hits: int, n: int, low: float, high: float) -> None:
    score = wilson_score("x", hits, n)
    assert (score.low, score.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilsons_interval_holds_its_estimate_and_narrows(hits: int, extra: int) -> None:
    n = hits + extra
    few, many = wilson_score("x", hits, n), wilson_score("x", hits * 10, n * 10)
    assert 0 <= few.low <= few.value <= few.high <= 1
    assert many.high - many.low < few.high - few.low


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for trial in range(200):
        gap = np.random.default_rng(trial).normal(0.1, 1, size=120)
        draws = in_batches(resample(120, 400, trial), lambda rows, gap=gap: gap[rows].mean(axis=1))
        score = bootstrap_score("gain", float(gap.mean()), draws, 120, 0.95)
        covered += score.low <= 0.1 <= score.high
    assert 0.90 <= covered / 200 <= 0.99


def test_resampling_is_the_same_for_one_seed() -> None:
    assert np.array_equal(resample(10, 300, 4), resample(10, 300, 4))
    assert not np.array_equal(resample(10, 300, 4), resample(10, 300, 5))
