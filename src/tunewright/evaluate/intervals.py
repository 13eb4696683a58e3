"""Bootstrap intervals, paired where two systems share the rows; shares of rows have Wilson's (`core/score.py`)."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tunewright.core.score import Score

Statistic = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]
BATCH = 100


def resample(n: int, resamples: int, seed: int) -> npt.NDArray[np.int64]:
    """Row numbers of `resamples` samples with replacement, ``(resamples, n)``; the same for every statistic."""
    return np.random.default_rng(seed).integers(0, n, size=(resamples, n), dtype=np.int64)


def bootstrap_score(
    metric: str, value: float, draws: npt.NDArray[np.float64], n: int, level: float, unit: str = "share"
) -> Score:
    """`value` with the percentile interval of its bootstrap `draws` (Efron and Tibshirani 1993)."""
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    return Score(
        metric=metric, value=value, n=n, low=float(min(low, value)), high=float(max(high, value)), level=level,
        method=f"bootstrap-{len(draws)}", unit=unit,
    )  # fmt: skip


def in_batches(samples: npt.NDArray[np.int64], statistic: Statistic) -> npt.NDArray[np.float64]:
    """`statistic` of every sample, a few samples at a time so that memory stays small."""
    return np.concatenate([statistic(samples[i : i + BATCH]) for i in range(0, len(samples), BATCH)])
