"""Answers in words made up for tests."""

from collections.abc import Sequence

import numpy as np

from tunewright.stages.evaluate.answers import Generations


def written(texts: Sequence[str] = (), nats: Sequence[float] = (), tokens: Sequence[float] = ()) -> Generations:
    """Some texts, or some likelihoods."""
    n = max(len(texts), len(nats))
    return Generations(np.array(nats or [1.0] * n), np.array(tokens or [1.0] * n), list(texts))
