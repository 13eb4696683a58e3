"""Nats of the desk's own answers."""

import numpy as np
import pytest
from tests.stages.evaluate.written import written

from tunewright.stages.evaluate.metrics import log_likelihood
from tunewright.stages.evaluate.metrics.log_likelihood import Options
from tunewright.stats.intervals import Sampling


def test_every_token_counts_alike_whatever_its_answer() -> None:
    answers = written(nats=[1.0, 3.0], tokens=[9.0, 1.0])
    score = log_likelihood.measure(["a", "b"], answers, Sampling(200), Options())
    assert score is not None
    assert score.value == pytest.approx(-(1 * 9 + 3 * 1) / 10)
    assert (score.n, score.unit) == (2, "nats a token")


def test_the_gain_is_paired_row_by_row() -> None:
    """Rows differ a lot from each other and hardly from the other system, which only a pairing sees."""
    rng = np.random.default_rng(0)
    theirs = rng.gamma(2, 2, 200)
    own = theirs - 0.05 - rng.normal(0, 0.01, 200)
    tokens = rng.integers(1, 40, 200).astype(float)
    ours, others = (written(nats=list(nats), tokens=list(tokens)) for nats in (own, theirs))
    gain = log_likelihood.difference(ours, others, Sampling(500))
    assert 0.045 < gain.low < 0.05 < gain.high < 0.055
    spread = log_likelihood.measure([""] * 200, ours, Sampling(500), Options())
    assert spread is not None
    assert spread.high - spread.low > 50 * (gain.high - gain.low)
