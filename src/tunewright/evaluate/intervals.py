"""Intervals: Wilson for shares of rows, bootstrap for everything else, paired where two systems share the rows."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tunewright.core.score import Score

Statistic = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]
BATCH = 100


def wilson_score(metric: str, hits: int, n: int, level: float) -> Score:
    """`hits` of `n` as a share with its Wilson interval (Wilson 1927); NaN-free: no rows gives 0 to 1."""
    if n == 0:
        return Score(metric=metric, value=0.0, n=0, low=0.0, high=1.0, level=level, method="wilson")
    z = quantile(level)
    share = hits / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
    # Rounding must not put the estimate outside of its own interval at 0 or n hits.
    return Score(
        metric=metric, value=share, n=n, low=min(low, share), high=max(high, share), level=level, method="wilson"
    )


def quantile(level: float) -> float:
    """The normal quantile of a two-sided interval, 1.96 for 0.95."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2)


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
