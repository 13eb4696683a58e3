"""Words in common and in order."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics import rouge_l
from tunewright.stats.intervals import Sampling

WORDS = st.lists(st.sampled_from("abcd"), max_size=9)


@given(WORDS, WORDS)
def test_the_longest_common_subsequence_is_that_of_the_definition(one: list[str], other: list[str]) -> None:
    @cache
    def longest(i: int, j: int) -> int:
        if i == len(one) or j == len(other):
            return 0
        if one[i] == other[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    total = len(one) + len(other)
    assert rouge_l.rouge_l(one, other) == (2 * longest(0, 0) / total if total else 1.0)


def test_order_counts() -> None:
    """Lin 2004: "police killed the gunman" against two answers of the same words."""
    reference = ["police killed the gunman"] * 2
    answers = written(["police kill the gunman", "the gunman kill police"])
    score = rouge_l.measure(reference, answers, Sampling(200), rouge_l.Options())
    assert score is not None
    assert score.value == pytest.approx((0.75 + 0.5) / 2)
