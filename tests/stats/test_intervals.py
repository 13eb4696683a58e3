"""Intervals: they hold their value, narrow with rows, and cover the truth about as often as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.stats import intervals
from tunewright.stats.intervals import Sampling, gain_in_shares, ratio


@settings(max_examples=60)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 300), st.integers(0, 9))
def test_a_gain_lies_in_its_interval(wins: int, losses: int, ties: int, seed: int) -> None:
    n = max(wins + losses + ties, 1)
    score = gain_in_shares(wins, losses, n, Sampling(400, seed))
    assert -1 <= score.low <= score.value <= score.high <= 1
    assert score.low < score.high, "no number of rows proves a difference exactly"
    assert score.value == (wins - losses) / n
    wider = gain_in_shares(wins, losses, n, Sampling(400, seed, level=0.99))
    assert wider.low <= score.low
    assert wider.high >= score.high


def test_the_interval_of_a_gain_narrows_with_the_root_of_the_rows() -> None:
    few, many = (gain_in_shares(12 * k, 4 * k, 200 * k, Sampling()) for k in (1, 25))
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(5, rel=0.15)


def test_a_few_ties_prove_no_equality() -> None:
    few, many = gain_in_shares(0, 0, 20, Sampling()), gain_in_shares(0, 0, 5000, Sampling())
    assert few.low < -0.05
    assert few.high > 0.05
    assert many.high < 0.001


@pytest.mark.parametrize(
    ("win", "lose", "n"), [(0.05, 0.01, 20), (0.005, 0.0, 60), (0.15, 0.1, 60), (0.05, 0.01, 1000), (0.3, 0.05, 200)]
)
def test_a_gain_is_covered_as_often_as_promised(win: float, lose: float, n: int) -> None:
    """Simulated pairs of systems; the plain bootstrap covers 61 % and 28 % of the first two."""
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(500):
        wins, losses, _ = rng.multinomial(n, [win, lose, 1 - win - lose])
        score = gain_in_shares(int(wins), int(losses), n, Sampling(300, trial))
        covered += score.low <= win - lose <= score.high
    assert covered / 500 >= 0.93


@pytest.mark.parametrize(("n", "least"), [(6, 0.88), (15, 0.91), (120, 0.91)])
def test_a_mean_is_covered_nearly_as_often_as_promised(n: int, least: float) -> None:
    """Of rows that weigh differently; six leave a little to be desired, and plain percentiles far more (82 %)."""
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(400):
        values, weights = rng.normal(0.1, 1, size=n), rng.integers(5, 200, size=n).astype(float)
        score, _ = ratio("mean", values * weights, weights, Sampling(400, trial))
        covered += score.low <= 0.1 <= score.high
    assert least <= covered / 400 <= 0.99


def test_one_row_is_its_own_mean() -> None:
    score, _ = ratio("mean", np.array([3.0]), np.array([2.0]), Sampling(200))
    assert (score.low, score.value, score.high) == (1.5, 1.5, 1.5)


def test_a_ratio_weighs_its_rows_and_nothing_of_nothing_is_nothing() -> None:
    score, draws = ratio("nats", np.array([2.0, 30.0]), np.array([1.0, 10.0]), Sampling(200))
    assert score.value == pytest.approx(32 / 11)
    assert set(np.unique(draws.round(6))) == {2.0, round(32 / 11, 6), 3.0}
    assert ratio("none", np.zeros(3), np.zeros(3), Sampling(200))[0].value == 0


def test_the_basic_interval_turns_the_percentiles_around_the_value() -> None:
    draws = np.linspace(0.1, 0.3, 2001)
    score = Sampling().score("x", 0.12, draws, 10, kind="basic")
    assert (score.low, score.high) == (pytest.approx(2 * 0.12 - 0.295), pytest.approx(2 * 0.12 - 0.105))


def test_draws_are_the_same_for_one_seed_and_do_not_depend_on_the_memory_they_get(monkeypatch) -> None:
    values, kinds = np.random.default_rng(1).random(50), np.array([3, 0, 9, 1])

    def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
        sampling = Sampling(300, seed)
        rows = sampling.of_rows(50, lambda rows: values[rows].mean(axis=1))
        return rows, sampling.of_counts(kinds, lambda counts: counts[:, 2].astype(float))

    once = drawn(4)
    assert not np.array_equal(once[0], drawn(5)[0])
    monkeypatch.setattr(intervals, "CELLS", 400)
    again = drawn(4)
    assert np.array_equal(once[0], again[0])
    assert np.array_equal(once[1], again[1])
    assert once[1].mean() == pytest.approx(9, abs=0.5)
