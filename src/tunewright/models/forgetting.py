"""What a tuned model has forgotten of what its base knew: two figures of the retention suite, paired by item."""

import numpy as np

from tunewright.core.score import Score
from tunewright.models.retention_suite import Recall
from tunewright.stats.intervals import Sampling, ratio

FORGETTING, RETENTION = "forgetting", "retention"


def forgetting(base: Recall, tuned: Recall, sampling: Sampling) -> Score:
    """Nats a token that the right answers became less likely by; below 0 they became likelier."""
    gap = (tuned.nats - base.nats) * base.tokens
    return ratio(FORGETTING, gap, base.tokens, sampling, unit="nats a token")[0]


def retention(base: Recall, tuned: Recall, sampling: Sampling) -> Score | None:
    """Of the items that the base answers exactly right, the share that the tuned model does too; None of nothing.

    `n` counts those items.
    """
    if not base.exact.any():
        return None
    known = base.exact.astype(np.float64)
    share = ratio(RETENTION, known * tuned.exact, known, sampling)[0]
    return share.model_copy(update={"n": int(base.exact.sum())})
