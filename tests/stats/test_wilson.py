"""Wilson's interval is the published one, holds its estimate and narrows with rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.stats.wilson import wilson_interval, wilson_score

#: Newcombe 1998, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17:857, table I,
#: method 3 (score, without continuity correction).
NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
#: By hand, to five digits.
TABLES = [(85, 100, 0.76716, 0.90694), (0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (1, 2, 0.09453, 0.90547)]


@pytest.mark.parametrize(("hits", "n", "low", "high"), TABLES)
def test_wilsons_interval_is_that_of_the_tables(hits: int, n: int, low: float, high: float) -> None:
    score = wilson_score("x", hits, n)
    assert (score.low, score.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.6, 0.999))
def test_wilsons_interval_is_scipys(hits: int, misses: int, level: float) -> None:
    from scipy.stats import binomtest

    n = max(hits + misses, 1)
    hits = min(hits, n)
    ours, theirs = wilson_score("x", hits, n, level=level), binomtest(hits, n).proportion_ci(level, method="wilson")
    assert (ours.low, ours.high) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilsons_interval_holds_its_estimate_and_narrows(hits: int, extra: int) -> None:
    n = hits + extra
    few, many = wilson_score("x", hits, n), wilson_score("x", hits * 10, n * 10)
    assert 0 <= few.low <= few.value <= few.high <= 1
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(("hits", "n", "low", "high"), NEWCOMBE)
def test_the_interval_is_the_published_one(hits: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(hits / n, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_half_of_ten_effective_rows_reaches_as_far_as_half_of_ten_rows_and_further_than_of_twenty() -> None:
    low, high = wilson_interval(0.5, 10.0)
    assert (low, high) == (pytest.approx(0.23659, abs=1e-5), pytest.approx(0.76341, abs=1e-5))
    wider = wilson_interval(0.5, 9.5)
    assert wider[0] < low < high < wider[1], "an effective sample size need not be a whole number"


@pytest.mark.parametrize("n", [1, 3, 7, 1000])
def test_nothing_and_everything_reach_their_ends_exactly(n: int) -> None:
    assert wilson_interval(0.0, n)[0] == 0.0
    assert wilson_interval(1.0, n)[1] == 1.0
    assert wilson_interval(0.0, n)[1] == pytest.approx(1 - wilson_interval(1.0, n)[0])


def test_a_share_of_no_rows_may_be_anything() -> None:
    score = wilson_score("x", 0, 0, scale=100, unit="points")
    assert (score.value, score.n, score.low, score.high, score.unit) == (0.0, 0, 0.0, 100.0, "points")


def test_a_score_in_points_is_the_share_times_a_hundred() -> None:
    share, points = wilson_score("x", 17, 20, level=0.9), wilson_score("x", 17, 20, level=0.9, scale=100)
    assert (points.value, points.low, points.high) == (100 * share.value, 100 * share.low, 100 * share.high)
    assert (points.level, points.method) == (0.9, "wilson")
