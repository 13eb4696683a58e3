"""The exponential of the loss."""

import math

import numpy as np
import pytest
from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics import log_likelihood, perplexity
from tunewright.stats.intervals import Sampling


def test_it_is_the_exponential_of_the_loss_ends_included() -> None:
    rng = np.random.default_rng(0)
    answers = written(nats=list(rng.gamma(2, 1, 60)), tokens=list(rng.integers(1, 30, 60).astype(float)))
    ours = perplexity.measure([], answers, Sampling(400), perplexity.Options())
    likely = log_likelihood.measure([], answers, Sampling(400), log_likelihood.Options())
    assert ours is not None
    assert likely is not None
    assert ours.value == pytest.approx(math.exp(-likely.value))
    assert (ours.low, ours.high) == (
        pytest.approx(math.exp(-likely.high), rel=0.01), pytest.approx(math.exp(-likely.low), rel=0.01),
    )  # fmt: skip


def test_a_hopeless_model_has_a_number_still() -> None:
    score = perplexity.measure([], written(nats=[1e6, 1e6]), Sampling(200), perplexity.Options())
    assert score is not None
    assert math.isfinite(score.value)
    assert math.isfinite(score.high)
