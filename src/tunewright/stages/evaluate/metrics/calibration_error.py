"""How far stated confidence is from being right: the expected calibration error over equal-width bins.

Guo et al. 2017 (arXiv 1706.04599): rows in 15 bins by confidence, the gap between mean confidence and accuracy of each
weighted by its rows. Systems that state no confidence have no such score.

Chance alone makes the error of a perfectly calibrated system positive, and resampling adds the same bias again, so the
percentiles of the resamples may miss the truth altogether. The interval is the basic one, and it reaches down to zero
where labels drawn at the stated confidences would give as large an error (consistency resampling: Bröcker and Smith
2007, Wea. Forecasting 22:651). Its measured coverage is in docs/decisions/030.
"""

import numpy as np
import numpy.typing as npt
from pydantic import Field

from tunewright.core.dataset import Task
from tunewright.core.frozen import Frozen
from tunewright.core.score import Score
from tunewright.stages.evaluate.answers import Classified, Truth
from tunewright.stats.intervals import Floats, Sampling

TASKS: tuple[Task, ...] = ("classify",)


class Options(Frozen):
    """How finely confidence is binned."""

    bins: int = Field(15, ge=2, le=100, description="Equal-width bins of confidence.")


def measure(truth: Truth, answers: Classified, sampling: Sampling, options: Options) -> Score | None:
    """Expected calibration error, 0 is perfect; None when `answers` has no probabilities."""
    if answers.probabilities is None:
        return None
    confidence = answers.probabilities.max(axis=1).astype(np.float64)
    right = truth.labels == answers.predicted
    n, bins = len(right), np.minimum((confidence * options.bins).astype(np.int64), options.bins - 1)
    gap = confidence - right
    value = float(_error(bins[None], gap[None], options.bins)[0])
    draws = sampling.of_rows(n, lambda rows: _error(bins[rows], gap[rows], options.bins))
    score = sampling.score("calibration_error", value, draws, n, kind="basic")
    assert score.low is not None
    by_chance = value <= _largest_by_chance(confidence, bins, sampling, options.bins)
    return score.model_copy(update={"low": 0.0 if by_chance else max(score.low, 0.0)})


def _largest_by_chance(confidence: Floats, bins: npt.NDArray[np.int64], sampling: Sampling, size: int) -> float:
    """The error that a perfectly calibrated system would seldom exceed on rows of these confidences."""
    rng = np.random.default_rng(sampling.seed)
    draws = []
    for samples in sampling.sizes(len(bins)):
        gap = confidence - (rng.random((samples, len(bins))) < confidence)
        draws.append(_error(np.broadcast_to(bins, gap.shape), gap, size))
    return float(np.percentile(np.concatenate(draws), 50 * (1 + sampling.level)))


def _error(bins: npt.NDArray[np.int64], gap: Floats, size: int) -> Floats:
    """Calibration error of each sample: |Σ gap| of a bin over n is the bin's share times its mean gap."""
    place = bins + size * np.arange(len(bins))[:, None]
    summed = np.bincount(place.ravel(), gap.ravel(), minlength=size * len(bins))
    return np.asarray(np.abs(summed.reshape(len(bins), size)).sum(axis=1) / bins.shape[1])
