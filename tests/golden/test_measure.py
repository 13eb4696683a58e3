"""The measure itself: figures that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.measure import average_precision, false_flag_rate, measure


def test_precision_recall_and_f1_of_a_case_worked_out_by_hand() -> None:
    result = measure(found=[1, 2, 3, 4], planted=[2, 3, 4, 5, 6])
    assert (result.hits, result.false, result.missed) == (3, 1, 2)
    assert result.precision.value == pytest.approx(3 / 4)
    assert result.recall.value == pytest.approx(3 / 5)
    assert result.f1.value == pytest.approx(2 * 3 / (2 * 3 + 1 + 2))


def test_ignored_rows_count_neither_for_nor_against() -> None:
    result = measure(found=[1, 2, 9], planted=[1, 2, 8], ignore=[8, 9])
    assert (result.hits, result.false, result.missed) == (2, 0, 0)


def test_finding_nothing_where_nothing_is_planted_is_right() -> None:
    assert measure([], []).f1.value == 1.0
    assert measure([1], []).precision.value == 0.0
    assert measure([], [1]).recall.value == 0.0


def test_the_interval_narrows_with_more_rows() -> None:
    small = measure(range(90), range(10, 100)).recall
    large = measure(range(9000), range(1000, 10_000)).recall
    assert small.value == pytest.approx(large.value)
    assert large.high - large.low < (small.high - small.low) / 5


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_every_interval_holds_its_value_and_stays_within_0_and_1(found: set[int], planted: set[int]) -> None:
    result = measure(found, planted)
    for figure in (result.precision, result.recall, result.f1):
        assert 0 <= figure.low <= figure.high <= 1
        assert figure.low - 0.15 <= figure.value <= figure.high + 0.15


def test_average_precision_of_a_ranking_worked_out_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    wrong = np.array([True, False, True, False])
    assert average_precision(scores, wrong) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(np.ones(4), wrong) == pytest.approx((1 / 3 + 2 / 4) / 2), "ties count as the worst order"


def test_the_false_flag_rate_counts_a_row_once() -> None:
    assert false_flag_rate([1, 1, 2], 100) == 0.02
