"""Forgetting and retention against numbers computed by hand."""

import numpy as np
import pytest

from tunewright.models.forgetting import forgetting, retention
from tunewright.models.retention_suite import Recall
from tunewright.stats.intervals import Sampling

#: Four items of 1, 2, 3 and 4 tokens.
TOKENS = np.array([1.0, 2.0, 3.0, 4.0])
BASE = Recall(np.array([0.5, 1.0, 2.0, 0.1]), TOKENS, np.array([True, True, False, True]))
TUNED = Recall(np.array([0.7, 1.5, 1.0, 0.1]), TOKENS, np.array([True, False, True, True]))


def test_forgetting_is_the_mean_loss_a_token_and_what_became_likelier_counts_against_it() -> None:
    # (0.2 · 1 + 0.5 · 2 - 1.0 · 3 + 0.0 · 4) / 10
    found = forgetting(BASE, TUNED, Sampling())
    assert found.value == pytest.approx(-0.18)
    assert found.n == 4
    assert found.unit == "nats a token"
    assert found.low < found.value < found.high


def test_retention_is_of_what_the_base_answers_right_and_counts_only_that() -> None:
    found = retention(BASE, TUNED, Sampling())
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 3
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_a_model_has_forgotten_nothing_against_itself() -> None:
    assert forgetting(BASE, BASE, Sampling()).value == 0
    assert retention(BASE, BASE, Sampling()).value == 1


def test_of_a_base_that_answers_nothing_right_nothing_can_be_retained() -> None:
    blank = Recall(BASE.nats, TOKENS, np.zeros(4, dtype=bool))
    assert retention(blank, TUNED, Sampling()) is None


def test_items_are_paired() -> None:
    """A loss that is the same on every item is known exactly, however the items differ among themselves."""
    worse = Recall(BASE.nats + 0.25, TOKENS, BASE.exact)
    found = forgetting(BASE, worse, Sampling())
    assert (found.low, found.value, found.high) == (pytest.approx(0.25),) * 3
