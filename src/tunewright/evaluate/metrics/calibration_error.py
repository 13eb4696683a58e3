"""How far stated confidence is from being right: the expected calibration error over equal-width bins.

Guo et al. 2017 (arXiv 1706.04599): rows in 15 bins by confidence, the gap between mean confidence and accuracy of each
weighted by its rows. Systems that state no confidence have no such score.
"""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.evaluate.answers import Classified
from tunewright.evaluate.intervals import bootstrap_score, in_batches


class Options(Frozen):
    """How finely confidence is binned."""

    bins: int = Field(15, ge=2, le=100, description="Equal-width bins of confidence.")


def measure(
    truth: npt.NDArray[np.int64], answers: Classified, classes: int, samples: npt.NDArray[np.int64], level: float,
    options: Options,
) -> Score | None:  # fmt: skip
    """Expected calibration error, 0 is perfect; None when `answers` has no probabilities."""
    if answers.probabilities is None:
        return None
    confidence = answers.probabilities.max(axis=1).astype(np.float64)
    bins = np.minimum((confidence * options.bins).astype(np.int64), options.bins - 1)
    gap = confidence - (truth == answers.predicted)

    def of(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        offset = np.arange(len(rows))[:, None] * options.bins
        size = len(rows) * options.bins
        summed = np.bincount((bins[rows] + offset).ravel(), gap[rows].ravel(), minlength=size)
        # |Σ gap| per bin over n is the bin's share times its mean gap.
        return np.asarray(np.abs(summed.reshape(len(rows), -1)).sum(axis=1) / rows.shape[1])

    value = float(of(np.arange(len(truth))[None, :])[0])
    return bootstrap_score("calibration_error", value, in_batches(samples, of), len(truth), level)
